// The one translation unit that carries doctest's main(); every *_test.cpp beside it is one subject.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
