#include "addon/packet_lane_object.h"

#include <exception>
#include <span>
#include <string>
#include <utility>

#include "addon/errors.h"
#include "addon/values.h"
#include "core/io/remote.h"

namespace sluice::addon {
namespace {

constexpr const char* kClosed = "the packet lane is closed";

}  // namespace

Napi::Function PacketLaneObject::define(Napi::Env env) {
  return DefineClass(
      env, "PacketLane",
      {InstanceMethod<&PacketLaneObject::connect>("connect"), InstanceMethod<&PacketLaneObject::send>("send"),
       InstanceMethod<&PacketLaneObject::flush>("flush"), InstanceMethod<&PacketLaneObject::counts>("counts"),
       InstanceMethod<&PacketLaneObject::close>("close")});
}

PacketLaneObject::PacketLaneObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PacketLaneObject>(info) {
  if (!info[0].IsFunction()) {
    throw_coded(info.Env(), "invalid_argument", "PacketLane needs a function that takes events");
    return;
  }
  try {
    handle_.emplace(info.Env(), "sluice.PacketLane", info[0].As<Napi::Function>(), desk_);
  } catch (const std::exception& fault) {
    throw_coded(info.Env(), "internal", std::string("the I/O thread cannot start: ") + fault.what());
    return;
  }
  Ref();
}

template <class Task>
Napi::Value PacketLaneObject::ask(Napi::Env env, Task task) {
  if (!handle_->is_open()) return rejected(env, "closed", kClosed);
  const auto [ticket, promise] = desk_.open(env);
  handle_->post([ticket = ticket, task = std::move(task)](PacketLaneHost& host) { task(host, ticket); });
  return promise;
}

Napi::Value PacketLaneObject::connect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  io::Remote remote;
  const std::string text = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string();
  if (const Status status = io::Remote::parse(text, remote); !status.ok()) {
    throw_coded(env, "invalid_remote", status.message());
  } else if (!handle_->is_open()) {
    throw_coded(env, "closed", kClosed);
  } else {
    handle_->post([remote = std::move(remote)](PacketLaneHost& host) { host.connect(remote); });
  }
  return env.Undefined();
}

Napi::Value PacketLaneObject::send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto oxm = bytes_of(info[0]);
  auto actions = bytes_of(info[1]);
  auto packet = bytes_of(info[2]);
  if (!oxm || !actions || !packet) {
    throw_coded(env, "invalid_argument", "fields, actions and packet are Uint8Arrays");
  } else if (handle_->is_open()) {
    handle_->post([oxm = std::move(*oxm), actions = std::move(*actions),
                   packet = std::move(*packet)](PacketLaneHost& host) { host.send(oxm, actions, packet); });
  }
  return env.Undefined();
}

Napi::Value PacketLaneObject::flush(const Napi::CallbackInfo& info) {
  const auto bytes = bytes_of(info[0]);
  if (!bytes || bytes->size() % openflow::kConnectionTupleSize != 0) {
    return rejected(info.Env(), "invalid_argument", "connections are a Uint8Array of 40 bytes each");
  }
  std::vector<openflow::ConnectionTuple> tuples;
  const std::span<const std::uint8_t> all(*bytes);
  for (std::size_t at = 0; at < all.size(); at += openflow::kConnectionTupleSize) {
    if (const auto tuple = openflow::decode_connection_tuple(all.subspan(at, openflow::kConnectionTupleSize))) {
      tuples.push_back(*tuple);
    }
  }
  return ask(info.Env(),
             [tuples = std::move(tuples)](PacketLaneHost& host, Ticket ticket) { host.flush(ticket, tuples); });
}

Napi::Value PacketLaneObject::counts(const Napi::CallbackInfo& info) {
  return ask(info.Env(), [](PacketLaneHost& host, Ticket ticket) { host.counts(ticket); });
}

Napi::Value PacketLaneObject::close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!handle_->is_open()) return rejected(env, "closed", kClosed);
  const auto [ticket, promise] = desk_.open(env);
  handle_->close([this, ticket = ticket](Napi::Env then) {
    desk_.settle(ticket, then.Undefined());
    desk_.refuse_all(then, "closed", "the packet lane was closed first");
    Unref();
  });
  return promise;
}

}  // namespace sluice::addon
