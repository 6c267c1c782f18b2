#include "addon/engine_object.h"

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "addon/errors.h"
#include "addon/values.h"
#include "core/io/remote.h"

namespace sluice::addon {
namespace {

constexpr const char* kClosed = "the engine is closed";

std::optional<CommitMode> mode_of(Napi::Value value) {
  if (!value.IsString()) return std::nullopt;
  const std::string text = value.As<Napi::String>();
  if (text == "auto") return CommitMode::automatic;
  if (text == "atomic") return CommitMode::atomic;
  if (text == "staged") return CommitMode::staged;
  return std::nullopt;
}

// A table number; `good` turns false for what is none.
std::optional<std::uint8_t> table_of(Napi::Value value, bool& good) {
  const auto number = whole_number(value, good);
  if (!number) return std::nullopt;
  if (*number > 254) good = false;
  return static_cast<std::uint8_t>(*number);
}

}  // namespace

Napi::Function EngineObject::define(Napi::Env env) {
  return DefineClass(
      env, "Engine",
      {InstanceMethod<&EngineObject::connect>("connect"), InstanceMethod<&EngineObject::commit>("commit"),
       InstanceMethod<&EngineObject::flows>("flows"), InstanceMethod<&EngineObject::read_switch>("readSwitch"),
       InstanceMethod<&EngineObject::owners>("owners"), InstanceMethod<&EngineObject::stats>("stats"),
       InstanceMethod<&EngineObject::resync>("resync"),
       InstanceMethod<&EngineObject::retry_quarantined>("retryQuarantined"),
       InstanceMethod<&EngineObject::close>("close")});
}

EngineObject::EngineObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EngineObject>(info) {
  if (!info[0].IsFunction()) {
    throw_coded(info.Env(), "invalid_argument", "Engine needs a function that takes events");
    return;
  }
  try {
    handle_.emplace(info.Env(), "sluice.Engine", info[0].As<Napi::Function>(), desk_);
  } catch (const std::exception& fault) {
    throw_coded(info.Env(), "internal", std::string("the I/O thread cannot start: ") + fault.what());
    return;
  }
  Ref();
}

template <class Task>
Napi::Value EngineObject::ask(Napi::Env env, Task task) {
  if (!handle_->is_open()) return rejected(env, "closed", kClosed);
  const auto [ticket, promise] = desk_.open(env);
  handle_->post([ticket = ticket, task = std::move(task)](EngineHost& host) mutable { task(host, ticket); });
  return promise;
}

Napi::Value EngineObject::connect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  io::Remote remote;
  const std::string text = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string();
  if (const Status status = io::Remote::parse(text, remote); !status.ok()) {
    throw_coded(env, "invalid_remote", status.message());
  } else if (!handle_->is_open()) {
    throw_coded(env, "closed", kClosed);
  } else {
    handle_->post([remote = std::move(remote)](EngineHost& host) { host.connect(remote); });
  }
  return env.Undefined();
}

Napi::Value EngineObject::commit(const Napi::CallbackInfo& info) {
  auto batch = bytes_of(info[0]);
  const auto mode = mode_of(info[1]);
  if (!batch) return rejected(info.Env(), "invalid_argument", "a batch is a Uint8Array");
  if (!mode) return rejected(info.Env(), "invalid_argument", "a commit's mode is auto, atomic or staged");
  const CommitOptions options{*mode, info[2].ToBoolean().Value()};
  return ask(info.Env(), [bytes = std::move(*batch), options](EngineHost& host, Ticket ticket) mutable {
    host.commit(ticket, std::move(bytes), options);
  });
}

Napi::Value EngineObject::flows(const Napi::CallbackInfo& info) {
  bool good = true;
  const auto owner = whole_number(info[0], good);
  const auto table = table_of(info[1], good);
  if (!good) return rejected(info.Env(), "invalid_argument", "an owner is an owner key, a table 0..254");
  return ask(info.Env(), [owner, table](EngineHost& host, Ticket ticket) { host.flows(ticket, owner, table); });
}

Napi::Value EngineObject::read_switch(const Napi::CallbackInfo& info) {
  bool good = true;
  const auto owner = whole_number(info[0], good);
  const auto table = table_of(info[1], good);
  if (!good) return rejected(info.Env(), "invalid_argument", "an owner is an owner key, a table 0..254");
  return ask(info.Env(), [owner, table](EngineHost& host, Ticket ticket) { host.read_switch(ticket, owner, table); });
}

Napi::Value EngineObject::owners(const Napi::CallbackInfo& info) {
  bool good = true;
  const auto id = whole_number(info[0], good);
  if (!good || !id || *id > UINT32_MAX) {
    return rejected(info.Env(), "invalid_argument", "a shared cookie's id has 32 bits");
  }
  return ask(info.Env(),
             [id = static_cast<std::uint32_t>(*id)](EngineHost& host, Ticket ticket) { host.owners(ticket, id); });
}

Napi::Value EngineObject::stats(const Napi::CallbackInfo& info) {
  return ask(info.Env(), [](EngineHost& host, Ticket ticket) { host.stats(ticket); });
}

Napi::Value EngineObject::resync(const Napi::CallbackInfo& info) {
  if (handle_->is_open()) handle_->post([](EngineHost& host) { host.resync(); });
  return info.Env().Undefined();
}

Napi::Value EngineObject::retry_quarantined(const Napi::CallbackInfo& info) {
  if (handle_->is_open()) handle_->post([](EngineHost& host) { host.retry_quarantined(); });
  return info.Env().Undefined();
}

Napi::Value EngineObject::close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!handle_->is_open()) return rejected(env, "closed", kClosed);
  const auto [ticket, promise] = desk_.open(env);
  handle_->close([this, ticket = ticket](Napi::Env then) {
    desk_.settle(ticket, then.Undefined());
    desk_.refuse_all(then, "closed", "the engine was closed first");
    Unref();
  });
  return promise;
}

}  // namespace sluice::addon
