#include "addon/values.h"

#include <cmath>
#include <cstring>
#include <string>

namespace sluice::addon {

Napi::Value to_js(Napi::Env env, std::string_view text) { return Napi::String::New(env, text.data(), text.size()); }

Napi::Value number(Napi::Env env, std::uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

Napi::Value to_js(Napi::Env env, const std::vector<std::uint8_t>& bytes) {
  // Copied: bytes owned by JavaScript cannot dangle, and one memcpy a batch is not what costs.
  auto array = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(array.Data(), bytes.data(), bytes.size());
  return array;
}

Napi::Array to_js(Napi::Env env, const std::vector<OwnerKey>& owners) {
  const Napi::Array array = Napi::Array::New(env, owners.size());
  for (std::uint32_t i = 0; i < owners.size(); ++i) array.Set(i, number(env, owners[i]));
  return array;
}

Napi::Object to_js(Napi::Env env, const Quarantine& quarantine) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("owner", number(env, quarantine.owner));
  object.Set("error", to_js(env, std::string_view(quarantine.error)));
  object.Set("type", number(env, quarantine.type));
  object.Set("code", number(env, quarantine.code));
  object.Set("flow", to_js(env, quarantine.flow));
  return object;
}

Napi::Object to_js(Napi::Env env, const DriftSample& sample) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("what", Napi::String::New(env, sample.what));
  if (sample.owner != 0) object.Set("owner", number(env, sample.owner));
  object.Set("flow", to_js(env, sample.flow));
  return object;
}

Napi::Value to_js(Napi::Env env, const CommitResult& result) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("added", number(env, result.added));
  object.Set("modified", number(env, result.modified));
  object.Set("deleted", number(env, result.deleted));
  object.Set("unchanged", number(env, result.unchanged));
  object.Set("messages", number(env, result.messages));
  object.Set("bundles", number(env, result.bundles));
  object.Set("elapsedUs", number(env, static_cast<std::uint64_t>(result.elapsed_us)));
  const Napi::Array quarantined = Napi::Array::New(env, result.quarantined.size());
  for (std::uint32_t i = 0; i < result.quarantined.size(); ++i) quarantined.Set(i, to_js(env, result.quarantined[i]));
  object.Set("quarantined", quarantined);
  return object;
}

Napi::Value to_js(Napi::Env env, const EngineStats& stats) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("state", Napi::String::New(env, stats.state));
  object.Set("flows", number(env, stats.flows));
  object.Set("groups", number(env, stats.groups));
  object.Set("meters", number(env, stats.meters));
  object.Set("confirmed", number(env, stats.confirmed));
  object.Set("unsettled", number(env, stats.unsettled));
  object.Set("owners", number(env, stats.owners));
  object.Set("sharedSets", number(env, stats.shared_sets));
  object.Set("quarantined", number(env, stats.quarantined));
  object.Set("arenaBytes", number(env, stats.arena_bytes));
  object.Set("memoryBytes", number(env, stats.memory_bytes));
  object.Set("pendingCommits", number(env, stats.pending_commits));
  object.Set("bundlesInFlight", number(env, stats.bundles_in_flight));
  object.Set("lanes", number(env, stats.lanes));
  object.Set("ports", number(env, stats.ports));
  object.Set("messagesSent", number(env, stats.messages_sent));
  object.Set("bundlesSent", number(env, stats.bundles_sent));
  object.Set("resyncs", number(env, stats.resyncs));
  object.Set("monitor", Napi::String::New(env, stats.monitor));
  object.Set("drifted", number(env, stats.drifted));
  object.Set("unmended", number(env, stats.unmended));
  return object;
}

Napi::Object event(Napi::Env env, const char* type) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("type", Napi::String::New(env, type));
  return object;
}

void append(Napi::Array events, Napi::Object event) { events.Set(events.Length(), event); }

std::optional<std::uint64_t> whole_number(Napi::Value value, bool& good) {
  if (value.IsUndefined()) return std::nullopt;
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    if (number >= 0 && number <= 9007199254740992.0 && std::floor(number) == number) {
      return static_cast<std::uint64_t>(number);
    }
  }
  good = false;
  return std::nullopt;
}

std::optional<std::vector<std::uint8_t>> bytes_of(Napi::Value value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return std::nullopt;
  const auto array = value.As<Napi::Uint8Array>();
  const std::uint8_t* data = array.Data();
  return std::vector<std::uint8_t>(data, data + array.ElementLength());
}

}  // namespace sluice::addon
