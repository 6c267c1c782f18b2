// The engine's plain C++ values as JavaScript objects, and arguments the other way. The shapes are those of
// src/native/types.ts; a change here is a change there.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/engine.h"

namespace sluice::addon {

[[nodiscard]] Napi::Value to_js(Napi::Env env, const CommitResult& result);
[[nodiscard]] Napi::Object to_js(Napi::Env env, const Quarantine& quarantine);
[[nodiscard]] Napi::Object to_js(Napi::Env env, const DriftSample& sample);
[[nodiscard]] Napi::Value to_js(Napi::Env env, const EngineStats& stats);
[[nodiscard]] Napi::Array to_js(Napi::Env env, const std::vector<OwnerKey>& owners);
[[nodiscard]] Napi::Value to_js(Napi::Env env, const std::vector<std::uint8_t>& bytes);

// Events carry their type; the rest is added by the caller.
[[nodiscard]] Napi::Object event(Napi::Env env, const char* type);
void append(Napi::Array events, Napi::Object event);

[[nodiscard]] Napi::Value to_js(Napi::Env env, std::string_view text);
[[nodiscard]] Napi::Value number(Napi::Env env, std::uint64_t value);

// A whole number of at most 2^53 in `value`, or nothing when it is undefined; sets `good` to false for anything else.
[[nodiscard]] std::optional<std::uint64_t> whole_number(Napi::Value value, bool& good);
// The bytes of a Uint8Array, copied once; nothing for any other value.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> bytes_of(Napi::Value value);

}  // namespace sluice::addon
