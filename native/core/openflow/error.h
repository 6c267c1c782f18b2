// OFPT_ERROR (OpenFlow 1.5 §7.5.4): who failed is in the xid, why in type and code; the data is the start of the
// offending message (at least 64 bytes), which we do not need because the xid leads to our own copy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/openflow/header.h"

namespace sluice::openflow {

inline constexpr std::uint16_t kErrorHelloFailed = 0;
inline constexpr std::uint16_t kErrorBadRequest = 1;
inline constexpr std::uint16_t kBadRequestLength = 6;
inline constexpr std::uint16_t kErrorBundleFailed = 17;
inline constexpr std::uint16_t kBundleMessageFailed = 13;
inline constexpr std::uint16_t kErrorExperimenter = 0xffff;

struct Error {
  std::uint16_t type = 0;
  std::uint16_t code = 0;          // for kErrorExperimenter: exp_type
  std::uint32_t experimenter = 0;  // for kErrorExperimenter only
  Bytes data;                      // points into the message
};

[[nodiscard]] std::optional<Error> decode_error(Bytes message);

// "OFPBAC_BAD_OUT_PORT"; a number pair ("error type 99 code 3") for what we cannot name.
[[nodiscard]] std::string error_name(const Error& error);

}  // namespace sluice::openflow
