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
    if (!confirming_.running) done_ = 0;
    return say(confirming_, Progress::Phase::commit, done_, left, now_us);
  }

  [[nodiscard]] std::optional<Progress> reads(std::uint64_t done, std::uint64_t left, std::int64_t now_us) {
    return say(reading_, Progress::Phase::read, done, left, now_us);
  }

 private:
  struct Run {
    bool running = false;
    std::int64_t began_us = 0;
    std::int64_t said_us = 0;
  };

  [[nodiscard]] static std::optional<Progress> say(Run& run, Progress::Phase phase, std::uint64_t done,
                                                   std::uint64_t left, std::int64_t now_us) {
    if (!run.running) {
      if (left >= kLong) run = {true, now_us, now_us};
      return std::nullopt;
    }
    if (left > 0 && now_us - run.said_us < kEveryUs) return std::nullopt;
    run.said_us = now_us;
    run.running = left > 0;
    return Progress{phase, done, done + left, now_us - run.began_us};
  }

  Run confirming_;
  Run reading_;
  std::uint64_t done_ = 0;  // confirmed
};

}  // namespace sluice
