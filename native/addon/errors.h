// Errors as JavaScript sees them: an Error with a `code` from a short, pinned list (src/native/errors.ts). No C++
// exception crosses Node-API.
#pragma once

#include <napi.h>

#include <string>

namespace sluice::addon {

[[nodiscard]] inline Napi::Error coded_error(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

// For methods that return undefined; the caller returns right after.
inline void throw_coded(Napi::Env env, const char* code, const std::string& message) {
  coded_error(env, code, message).ThrowAsJavaScriptException();
}

[[nodiscard]] inline Napi::Promise rejected(Napi::Env env, const char* code, const std::string& message) {
  const auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(coded_error(env, code, message).Value());
  return deferred.Promise();
}

}  // namespace sluice::addon
