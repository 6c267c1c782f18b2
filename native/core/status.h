// Status: the one way the core says that something did not work. No exception leaves core code for data that came
// from a peer or from a caller; `message` is for a person and carries no secrets.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace sluice {

enum class StatusCode : std::uint8_t {
  ok,
  malformed,     // bytes that do not parse; nothing of them was used
  refused,       // well formed but not allowed (wrong owner, too long)
  unavailable,   // no switch connection at the moment
  incompatible,  // the peer speaks no version of ours
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] bool ok() const { return code_ == StatusCode::ok; }
  [[nodiscard]] StatusCode code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::ok;
  std::string message_;
};

}  // namespace sluice
