// DialReporter: says once, not at every attempt, why there is no connection. Back-off dials for ever; a log that
// repeats "No such file or directory" for a night helps nobody.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "core/io/connection.h"

namespace sluice::addon {

// Lives on the I/O thread.
class DialReporter final : public io::DialListener {
 public:
  explicit DialReporter(std::function<void(std::string_view)> report) : report_(std::move(report)) {}

  void dial_failed(std::string_view reason) override {
    if (reason == said_) return;
    said_ = reason;
    report_(reason);
  }

  // The next failure is news again.
  void reset() { said_.clear(); }

 private:
  std::function<void(std::string_view)> report_;
  std::string said_;
};

}  // namespace sluice::addon
