// BackOff: how long to wait before the next attempt: 50 ms, doubling up to 5 s, less up to half of it at random so that
// many lanes that lost the same switch do not come back in one moment. There is no last attempt.
#pragma once

#include <algorithm>

#include "core/session.h"

namespace sluice::io {

class BackOff {
 public:
  static constexpr Millis kFirst = 50;
  static constexpr Millis kLongest = 5'000;

  // `unit` is a random number in [0, 1).
  [[nodiscard]] Millis next(double unit) {
    const Millis whole = delay_;
    delay_ = std::min(delay_ * 2, kLongest);
    return whole - static_cast<Millis>(static_cast<double>(whole / 2) * unit);
  }

  void reset() { delay_ = kFirst; }

 private:
  Millis delay_ = kFirst;
};

}  // namespace sluice::io
