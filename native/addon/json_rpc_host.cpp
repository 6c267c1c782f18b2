#include "addon/json_rpc_host.h"

#include "addon/values.h"

namespace sluice::addon {

JsonRpcHost::JsonRpcHost(io::Loop& loop, Outbox& outbox, PromiseDesk& desk, Millis probe_interval)
    : loop_(loop),
      outbox_(outbox),
      desk_(desk),
      session_(*this, probe_interval),
      dial_reporter_([this](std::string_view reason) { on_down(reason); }) {}

void JsonRpcHost::connect(const io::Remote& remote) {
  if (connection_) connection_->hang_up("another remote was chosen", loop_.now());
  dial_reporter_.reset();
  connection_.emplace(loop_, remote, session_, &dial_reporter_);
}

void JsonRpcHost::request(Ticket ticket, const std::string& method, const std::string& params) {
  session_.request(ticket, method, params);
}

void JsonRpcHost::on_up() {
  dial_reporter_.reset();
  outbox_.push([](Napi::Env env, Napi::Array events) { append(events, event(env, "up")); });
}

void JsonRpcHost::on_down(std::string_view reason) {
  outbox_.push([reason = std::string(reason)](Napi::Env env, Napi::Array events) {
    Napi::Object down = event(env, "down");
    down.Set("reason", to_js(env, std::string_view(reason)));
    append(events, down);
  });
}

void JsonRpcHost::on_reply(jsonrpc::RequestId id, bool good, std::string_view value) {
  outbox_.push([this, id, good, value = std::string(value)](Napi::Env env, Napi::Array) {
    Napi::Object reply = Napi::Object::New(env);
    reply.Set(good ? "result" : "error", to_js(env, std::string_view(value)));
    desk_.settle(id, reply);
  });
}

void JsonRpcHost::on_rejected(jsonrpc::RequestId id, std::string_view reason) {
  outbox_.push([this, id, reason = std::string(reason)](Napi::Env env, Napi::Array) {
    desk_.refuse(env, id, "unavailable", reason);
  });
}

void JsonRpcHost::on_notify(std::string_view method, std::string_view params) {
  outbox_.push([method = std::string(method), params = std::string(params)](Napi::Env env, Napi::Array events) {
    Napi::Object notify = event(env, "notify");
    notify.Set("method", to_js(env, std::string_view(method)));
    notify.Set("params", to_js(env, std::string_view(params)));
    append(events, notify);
  });
}

}  // namespace sluice::addon
