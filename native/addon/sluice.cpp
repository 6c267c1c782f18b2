// The addon's entry point: three classes, a function, no state. Node may load it into any number of environments
// (worker threads) of one process; they share the I/O thread of core/io/loop.h and nothing else.
#include <napi.h>

#include "addon/engine_object.h"
#include "addon/file_lock.h"
#include "addon/json_rpc_object.h"
#include "addon/packet_lane_object.h"

namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("Engine", sluice::addon::EngineObject::define(env));
  exports.Set("JsonRpc", sluice::addon::JsonRpcObject::define(env));
  exports.Set("PacketLane", sluice::addon::PacketLaneObject::define(env));
  exports.Set("tryLock", Napi::Function::New(env, sluice::addon::try_lock, "tryLock"));
  return exports;
}

}  // namespace

NODE_API_MODULE(sluice, initialise)
