// scan(): finds the members of a JSON-RPC 1.0 message (RFC 7047 §4) without parsing them. The views are raw JSON, so
// that an id is echoed exactly as it came and a result goes to V8 untouched.
#pragma once

#include <optional>
#include <string_view>

namespace sluice::jsonrpc {

// Raw JSON values inside the scanned text; empty when the member is absent.
struct Message {
  std::string_view id;
  std::string_view method;
  std::string_view params;
  std::string_view result;
  std::string_view error;

  [[nodiscard]] bool is_reply() const { return method.empty(); }
  [[nodiscard]] bool has_id() const { return !id.empty() && id != "null"; }
  [[nodiscard]] bool has_error() const { return !error.empty() && error != "null"; }
};

// `object` is one frame of the Framer. Nothing when its top level is not `{"name": value, …}`.
[[nodiscard]] std::optional<Message> scan(std::string_view object);

}  // namespace sluice::jsonrpc
