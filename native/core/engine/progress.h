// ProgressMeter: when there is something to be said about a long operation, and what. Neighbour: parts.h asks it in
// every pump. Invariant: whatever was begun is ended with done = total.
#pragma once

#include <optional>

#include "core/engine.h"

namespace sluice {

// Lives on the I/O thread.
class ProgressMeter {
 public:
  static constexpr std::uint64_t kLong = 5'000;  // less is over before anybody could look
  static constexpr std::int64_t kEveryUs = 200'000;

  void count() { ++done_; }

  // `left`: what is not confirmed yet.
  [[nodiscard]] std::optional<Progress> commits(std::uint64_t left, std::int64_t now_us) {
    if (!running_) {
      if (left < kLong) return std::nullopt;
      running_ = true;
      done_ = 0;
      began_us_ = said_us_ = now_us;
      return std::nullopt;
    }
    if (left > 0 && now_us - said_us_ < kEveryUs) return std::nullopt;
    said_us_ = now_us;
    running_ = left > 0;
    return Progress{Progress::Phase::commit, done_, done_ + left, now_us - began_us_};
  }

 private:
  bool running_ = false;
  std::uint64_t done_ = 0;
  std::int64_t began_us_ = 0;
  std::int64_t said_us_ = 0;
};

}  // namespace sluice
