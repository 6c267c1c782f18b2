// Session: one byte stream without its socket. The I/O layer (native/core/io) feeds bytes, time and connection events;
// the session answers through output() and deadline(). Nothing here blocks, reads a clock or knows a file descriptor,
// which is what makes protocol code testable and fuzzable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/out_buffer.h"

namespace sluice {

using Millis = std::int64_t;  // monotonic clock
inline constexpr Millis kNever = INT64_MAX;

// drained() is due whenever output() holds fewer bytes than this: enough to keep a 208 KiB socket buffer from running
// dry, little enough that an urgent message does not wait behind megabytes.
inline constexpr std::size_t kLowWater = std::size_t{256} << 10;

// Lives on the I/O thread. After any call (and after any call to the session's owner) the I/O layer writes output(),
// re-arms its timer from deadline() and asks wants_close().
class Session {
 public:
  virtual ~Session() = default;
  virtual void connected(Millis now) = 0;                                      // a stream is up: queue the hello
  virtual void closed(std::string_view reason, Millis now) = 0;                // it is gone; output is dropped
  virtual void received(std::span<const std::uint8_t> bytes, Millis now) = 0;  // any split
  virtual void tick(Millis now) = 0;                                           // deadline() has passed
  [[nodiscard]] virtual Millis deadline() const = 0;                           // kNever: no timer
  [[nodiscard]] virtual OutBuffer& output() = 0;                               // consumed from the front
  virtual void drained(Millis now) = 0;                                        // below kLowWater: compose more
  [[nodiscard]] virtual bool wants_close() const = 0;                          // close and reconnect
  // Whether a stream should stand at all: it is dialled when this turns true and closed when it turns false.
  [[nodiscard]] virtual bool wanted() const { return true; }
  // Whether somebody waits for an answer that is due within microseconds: waking up from sleep takes as long.
  [[nodiscard]] virtual bool brisk() const { return false; }
};

}  // namespace sluice
