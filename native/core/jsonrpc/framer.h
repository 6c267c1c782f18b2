// Framer: cuts a JSON-RPC byte stream into its top-level objects. It matches brackets and knows strings and escapes, no
// more: V8 parses what JavaScript asked for, scan.h finds the few members that C++ needs.
// Neighbours: session.h. Invariant: feeding the same bytes in any split gives the same frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/status.h"

namespace sluice::jsonrpc {

// Lives wherever its session lives; not synchronised.
class Framer {
 public:
  // A 20,000-interface database is a monitor reply of 10 MB; what is larger than this is no reply to us.
  static constexpr std::size_t kLongestFrame = std::size_t{64} << 20;

  explicit Framer(std::size_t longest_frame = kLongestFrame) : longest_(longest_frame) {}

  // Calls `frame` for every object that is complete; the view is valid during the call only. After a failure the
  // stream cannot be followed any more: close it and reset().
  Status feed(std::span<const std::uint8_t> bytes, const std::function<void(std::string_view)>& frame);
  void reset();

 private:
  static constexpr std::uint32_t kDeepest = 1'000;  // as OVSDB's own parser

  enum class Step : std::uint8_t { more, complete, garbage };
  Step take(char c);

  std::size_t longest_;
  std::string partial_;  // the beginning of a frame whose end has not come
  std::uint32_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace sluice::jsonrpc
