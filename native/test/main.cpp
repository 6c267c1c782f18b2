// The test program of the core: every *_test.cpp beside this file, no Node, no sockets to a switch.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
