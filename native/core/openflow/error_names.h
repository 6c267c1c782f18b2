// Names of error numbers; nullptr for a number that has none. See error.h for the public way in.
#pragma once

#include <cstdint>

namespace sluice::openflow {

[[nodiscard]] const char* standard_error_name(std::uint16_t type, std::uint16_t code);
[[nodiscard]] const char* nicira_error_name(std::uint16_t type);

}  // namespace sluice::openflow
