// JsonRpcSession: JSON-RPC 1.0 as ovsdb-server (RFC 7047) and Open vSwitch's control sockets (unixctl) speak it.
// It frames, answers the peer's echo, matches replies with requests and notices a silent peer; what the values mean is
// JavaScript's. Neighbours: framer.h, scan.h; native/core/io feeds it, native/addon is its listener.
// Invariant: every request that was taken ends in exactly one on_reply() or on_rejected().
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "core/jsonrpc/framer.h"
#include "core/jsonrpc/scan.h"
#include "core/session.h"

namespace sluice::jsonrpc {

using RequestId = std::uint64_t;

// Called on the I/O thread from inside session calls; views are valid during the call. Must not call back.
class JsonRpcListener {
 public:
  virtual ~JsonRpcListener() = default;
  virtual void on_up() = 0;
  virtual void on_down(std::string_view reason) = 0;
  // `value` is raw JSON: the result, or the error member when `good` is false.
  virtual void on_reply(RequestId id, bool good, std::string_view value) = 0;
  // The stream was or went down before the answer came; whether the request was carried out is unknown.
  virtual void on_rejected(RequestId id, std::string_view reason) = 0;
  // `method` is a raw JSON string with its quotes, `params` raw JSON.
  virtual void on_notify(std::string_view method, std::string_view params) = 0;
};

// Lives on the I/O thread; the listener outlives it.
class JsonRpcSession final : public Session {
 public:
  // A peer that is silent for `probe_interval` is sent an echo, and given up after the same time again. kNever: never,
  // which is right for a control socket, where a command may take long and nothing else is read meanwhile.
  JsonRpcSession(JsonRpcListener& listener, Millis probe_interval)
      : listener_(listener), probe_interval_(probe_interval) {}

  // `id` is not in use; `method` a raw JSON string with its quotes; `params` a raw JSON array. Rejected at once when
  // the stream is down.
  void request(RequestId id, std::string_view method, std::string_view params);

  void connected(Millis now) override;
  void closed(std::string_view reason, Millis now) override;
  void received(std::span<const std::uint8_t> bytes, Millis now) override;
  void tick(Millis now) override;
  [[nodiscard]] Millis deadline() const override;
  [[nodiscard]] OutBuffer& output() override { return output_; }
  void drained(Millis) override {}
  [[nodiscard]] bool wants_close() const override { return fault_ != nullptr; }

 private:
  void take(std::string_view frame);
  void take_call(const Message& message);
  void take_reply(const Message& message);
  void write(std::string_view text);

  JsonRpcListener& listener_;
  Millis probe_interval_;
  Framer framer_;
  OutBuffer output_;
  std::unordered_set<RequestId> outstanding_;
  bool up_ = false;
  bool probing_ = false;
  Millis heard_at_ = 0;
  Millis probed_at_ = 0;
  const char* fault_ = nullptr;  // why the stream must go
};

}  // namespace sluice::jsonrpc
