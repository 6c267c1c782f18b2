// Outbox: the way from the I/O thread to JavaScript. What is put in while JavaScript is busy waits in one queue. Events
// are delivered many in one call, as an array; a settled promise ends the call, so that JavaScript sees all in order.
// Neighbours: io_handle.h owns one; engine.cpp and json_rpc.cpp fill it.
#pragma once

#include <napi.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace sluice::addon {

// push() belongs to any thread, all else to the JavaScript thread. Lives until its owner and the thread-safe function
// have both let go. While it is open, Node's process stays alive.
class Outbox {
 public:
  // Runs on the JavaScript thread: appends to `events`, or settles promises. It must hold no JavaScript value, since it
  // may be destroyed on any thread.
  using Delivery = std::function<void(Napi::Env env, Napi::Array events)>;

  // `callback` is called with an array of at least one event.
  static std::shared_ptr<Outbox> open(Napi::Env env, const char* name, Napi::Function callback);

  void push(Delivery delivery);
  // No push() comes after this.
  void close();

 private:
  explicit Outbox(Napi::Function callback) : callback_(Napi::Persistent(callback)) {}

  static void deliver(Napi::Env env, Napi::Function unused, Outbox* outbox, void* data);
  void deliver_all(Napi::Env env);
  [[nodiscard]] bool take(Delivery& delivery);
  [[nodiscard]] std::size_t waiting();
  using Wake = Napi::TypedThreadSafeFunction<Outbox, void, &Outbox::deliver>;

  Napi::FunctionReference callback_;
  Wake wake_;
  std::mutex mutex_;
  std::deque<Delivery> queue_;  // guarded by mutex_
};

}  // namespace sluice::addon
