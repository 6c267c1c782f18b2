// PacketLaneObject: the skin of core/packets/packet_lane.h as a JavaScript class.
// Neighbours: packet_lane_host.h, its half on the I/O thread; src/native/packet-lane.ts, which types and documents it.
#pragma once

#include <napi.h>

#include <optional>

#include "addon/io_handle.h"
#include "addon/packet_lane_host.h"
#include "addon/promise_desk.h"

namespace sluice::addon {

// Lives on the JavaScript thread of the environment that made it. From construction to the end of close() it holds
// itself alive, since deliveries from the I/O thread name its desk; V8 frees it after that.
class PacketLaneObject : public Napi::ObjectWrap<PacketLaneObject> {
 public:
  [[nodiscard]] static Napi::Function define(Napi::Env env);
  explicit PacketLaneObject(const Napi::CallbackInfo& info);  // (onEvents: function)

 private:
  Napi::Value connect(const Napi::CallbackInfo& info);  // (remote: string)
  Napi::Value send(const Napi::CallbackInfo& info);     // (oxm, actions, packet: Uint8Array)
  Napi::Value flush(const Napi::CallbackInfo& info);    // (tuples: Uint8Array, 40 bytes each)
  Napi::Value counts(const Napi::CallbackInfo& info);   // ()
  Napi::Value close(const Napi::CallbackInfo& info);    // ()

  template <class Task>
  Napi::Value ask(Napi::Env env, Task task);

  PromiseDesk desk_;
  std::optional<IoHandle<PacketLaneHost>> handle_;  // after desk_, which it uses
};

}  // namespace sluice::addon
