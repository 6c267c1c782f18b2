// JsonRpcHost: the half of a JsonRpcObject that lives on the I/O thread: session, connection, and the listener that
// turns what the session says into deliveries for JavaScript.
// Neighbours: core/jsonrpc/session.h, core/io/connection.h; json_rpc_object.h is the other half.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "addon/dial_reporter.h"
#include "addon/outbox.h"
#include "addon/promise_desk.h"
#include "core/io/connection.h"
#include "core/io/loop.h"
#include "core/jsonrpc/session.h"

namespace sluice::addon {

// Made on the JavaScript thread, used and destroyed on the I/O thread. `desk` is touched by deliveries only, which run
// on the JavaScript thread; loop, outbox and desk outlive the host.
class JsonRpcHost final : public jsonrpc::JsonRpcListener {
 public:
  JsonRpcHost(io::Loop& loop, Outbox& outbox, PromiseDesk& desk, Millis probe_interval);

  void connect(const io::Remote& remote);
  // The ticket is the request's id: unique for the life of the object, also across reconnects.
  void request(Ticket ticket, const std::string& method, const std::string& params);

  void on_up() override;
  void on_down(std::string_view reason) override;
  void on_reply(jsonrpc::RequestId id, bool good, std::string_view value) override;
  void on_rejected(jsonrpc::RequestId id, std::string_view reason) override;
  void on_notify(std::string_view method, std::string_view params) override;

 private:
  io::Loop& loop_;
  Outbox& outbox_;
  PromiseDesk& desk_;
  jsonrpc::JsonRpcSession session_;
  DialReporter dial_reporter_;
  std::optional<io::Connection> connection_;  // last: it uses the session
};

}  // namespace sluice::addon
