#include "addon/json_rpc_object.h"

#include <exception>
#include <string>
#include <utility>

#include "addon/errors.h"
#include "addon/values.h"
#include "core/io/remote.h"

namespace sluice::addon {
namespace {

constexpr const char* kClosed = "the stream is closed";

}  // namespace

Napi::Function JsonRpcObject::define(Napi::Env env) {
  return DefineClass(
      env, "JsonRpc",
      {InstanceMethod<&JsonRpcObject::connect>("connect"), InstanceMethod<&JsonRpcObject::request>("request"),
       InstanceMethod<&JsonRpcObject::close>("close")});
}

JsonRpcObject::JsonRpcObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<JsonRpcObject>(info) {
  bool good = info[0].IsFunction();
  const auto probe = whole_number(info[1], good);
  if (!good) {
    throw_coded(info.Env(), "invalid_argument", "JsonRpc needs a function that takes events, and milliseconds");
    return;
  }
  const Millis probe_interval = probe ? static_cast<Millis>(*probe) : kNever;
  try {
    handle_.emplace(info.Env(), "sluice.JsonRpc", info[0].As<Napi::Function>(), desk_, probe_interval);
  } catch (const std::exception& fault) {
    throw_coded(info.Env(), "internal", std::string("the I/O thread cannot start: ") + fault.what());
    return;
  }
  Ref();
}

Napi::Value JsonRpcObject::connect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  io::Remote remote;
  const std::string text = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string();
  if (const Status status = io::Remote::parse(text, remote); !status.ok()) {
    throw_coded(env, "invalid_remote", status.message());
  } else if (!handle_->is_open()) {
    throw_coded(env, "closed", kClosed);
  } else {
    handle_->post([remote = std::move(remote)](JsonRpcHost& host) { host.connect(remote); });
  }
  return env.Undefined();
}

Napi::Value JsonRpcObject::request(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsString()) {
    return rejected(env, "invalid_argument", "method and params are JSON texts");
  }
  if (!handle_->is_open()) return rejected(env, "closed", kClosed);
  const auto [ticket, promise] = desk_.open(env);
  handle_->post(
      [ticket = ticket, method = info[0].As<Napi::String>().Utf8Value(),
       params = info[1].As<Napi::String>().Utf8Value()](JsonRpcHost& host) { host.request(ticket, method, params); });
  return promise;
}

Napi::Value JsonRpcObject::close(const Napi::CallbackInfo& info) {
  if (!handle_->is_open()) return info.Env().Undefined();
  handle_->close([this](Napi::Env env) {
    desk_.refuse_all(env, "closed", "the stream was closed first");
    Unref();
  });
  return info.Env().Undefined();
}

}  // namespace sluice::addon
