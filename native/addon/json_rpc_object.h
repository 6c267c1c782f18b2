// JsonRpcObject: the skin of core/jsonrpc/session.h as a JavaScript class. Text goes both ways; V8 parses it.
// Neighbours: json_rpc_host.h, its half on the I/O thread; src/native/json-rpc.ts, which parses, types and documents.
#pragma once

#include <napi.h>

#include <optional>

#include "addon/io_handle.h"
#include "addon/json_rpc_host.h"
#include "addon/promise_desk.h"

namespace sluice::addon {

// Lives on the JavaScript thread of the environment that made it. From construction to the end of close() it holds
// itself alive, since deliveries from the I/O thread name its desk; V8 frees it after that.
class JsonRpcObject : public Napi::ObjectWrap<JsonRpcObject> {
 public:
  [[nodiscard]] static Napi::Function define(Napi::Env env);
  explicit JsonRpcObject(const Napi::CallbackInfo& info);  // (onEvents: function, probeMs?: number; absent = never)

 private:
  Napi::Value connect(const Napi::CallbackInfo& info);  // (remote: string)
  Napi::Value request(const Napi::CallbackInfo& info);  // (method: JSON string, params: JSON array): {result|error}
  Napi::Value close(const Napi::CallbackInfo& info);    // ()

  PromiseDesk desk_;
  std::optional<IoHandle<JsonRpcHost>> handle_;  // after desk_, which it uses
};

}  // namespace sluice::addon
