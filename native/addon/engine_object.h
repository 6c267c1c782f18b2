// EngineObject: the skin of core/engine.h as a JavaScript class. It copies arguments in, posts them to the I/O thread
// and gives promises for what comes back; it knows nothing of OpenFlow.
// Neighbours: engine_host.h, its half on the I/O thread; src/native/engine.ts, which types and documents it.
#pragma once

#include <napi.h>

#include <optional>

#include "addon/engine_host.h"
#include "addon/io_handle.h"
#include "addon/promise_desk.h"

namespace sluice::addon {

// Lives on the JavaScript thread of the environment that made it. From construction to the end of close() it holds
// itself alive, since deliveries from the I/O thread name its desk; V8 frees it after that.
class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  [[nodiscard]] static Napi::Function define(Napi::Env env);
  explicit EngineObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value connect(const Napi::CallbackInfo& info);            // (remote: string)
  Napi::Value commit(const Napi::CallbackInfo& info);             // (batch: Uint8Array, mode: string, full: boolean)
  Napi::Value flows(const Napi::CallbackInfo& info);              // (owner?: number, table?: number)
  Napi::Value read_switch(const Napi::CallbackInfo& info);        // (owner?: number, table?: number)
  Napi::Value owners(const Napi::CallbackInfo& info);             // (id: number)
  Napi::Value stats(const Napi::CallbackInfo& info);              // ()
  Napi::Value resync(const Napi::CallbackInfo& info);             // ()
  Napi::Value retry_quarantined(const Napi::CallbackInfo& info);  // ()
  Napi::Value close(const Napi::CallbackInfo& info);              // ()

  // Posts task(host, ticket) and returns the promise that the ticket stands for.
  template <class Task>
  Napi::Value ask(Napi::Env env, Task task);

  PromiseDesk desk_;
  std::optional<IoHandle<EngineHost>> handle_;  // after desk_, which it uses
};

}  // namespace sluice::addon
