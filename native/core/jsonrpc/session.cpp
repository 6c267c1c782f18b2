#include "core/jsonrpc/session.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace sluice::jsonrpc {
namespace {

// A string, so that it can never be one of the numbers that requests have.
constexpr std::string_view kProbeId = R"("probe")";

}  // namespace

void JsonRpcSession::write(std::string_view text) {
  output_.append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void JsonRpcSession::request(RequestId id, std::string_view method, std::string_view params) {
  if (!up_) return listener_.on_rejected(id, "not connected");
  outstanding_.insert(id);
  write(R"({"id":)");
  write(std::to_string(id));
  write(R"(,"method":)");
  write(method);
  write(R"(,"params":)");
  write(params);
  write("}");
}

void JsonRpcSession::connected(Millis now) {
  framer_.reset();
  output_.clear();
  fault_ = nullptr;
  up_ = true;
  probing_ = false;
  heard_at_ = now;
  listener_.on_up();
}

void JsonRpcSession::closed(std::string_view reason, Millis) {
  const std::string_view why = fault_ != nullptr ? fault_ : reason;
  up_ = false;
  output_.clear();
  // Whoever is rejected finds the stream known to be down.
  listener_.on_down(why);
  // In the order of asking, whatever order the set has.
  std::vector<RequestId> ids(outstanding_.begin(), outstanding_.end());
  std::ranges::sort(ids);
  outstanding_.clear();
  for (const RequestId id : ids) listener_.on_rejected(id, why);
  fault_ = nullptr;
}

void JsonRpcSession::received(std::span<const std::uint8_t> bytes, Millis now) {
  if (fault_ != nullptr) return;
  heard_at_ = now;
  probing_ = false;
  const Status status = framer_.feed(bytes, [this](std::string_view frame) {
    if (fault_ == nullptr) take(frame);
  });
  if (!status.ok() && fault_ == nullptr) fault_ = "the peer does not speak JSON-RPC";
}

Millis JsonRpcSession::deadline() const {
  if (!up_ || fault_ != nullptr || probe_interval_ == kNever) return kNever;
  return (probing_ ? probed_at_ : heard_at_) + probe_interval_;
}

void JsonRpcSession::tick(Millis now) {
  if (now < deadline()) return;
  if (probing_) {
    fault_ = "the peer does not answer";
    return;
  }
  probing_ = true;
  probed_at_ = now;
  write(R"({"id":)");
  write(kProbeId);
  write(R"(,"method":"echo","params":[]})");
}

void JsonRpcSession::take(std::string_view frame) {
  const auto message = scan(frame);
  if (!message) {
    fault_ = "the peer does not speak JSON-RPC";
  } else if (message->is_reply()) {
    take_reply(*message);
  } else {
    take_call(*message);
  }
}

void JsonRpcSession::take_call(const Message& message) {
  const std::string_view params = message.params.empty() ? "[]" : message.params;
  if (!message.has_id()) return listener_.on_notify(message.method, params);
  write(R"({"id":)");
  write(message.id);
  if (message.method == R"("echo")") {
    // RFC 7047 §4.1.11: the answer carries the params of the question. Never left to JavaScript, which may be busy.
    write(R"(,"result":)");
    write(params);
    write(R"(,"error":null})");
  } else {
    write(R"(,"result":null,"error":"unknown method"})");
  }
}

void JsonRpcSession::take_reply(const Message& message) {
  RequestId id = 0;
  const auto [end, fault] = std::from_chars(message.id.data(), message.id.data() + message.id.size(), id);
  if (fault != std::errc() || end != message.id.data() + message.id.size()) return;  // our probe's, or nobody's
  if (outstanding_.erase(id) == 0) return;
  if (message.has_error()) return listener_.on_reply(id, false, message.error);
  listener_.on_reply(id, true, message.result.empty() ? std::string_view("null") : message.result);
}

}  // namespace sluice::jsonrpc
