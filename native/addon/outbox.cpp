#include "addon/outbox.h"

#include <cstdint>
#include <utility>

namespace sluice::addon {
namespace {

// An exception of the callback is nobody's to catch: it becomes Node's `uncaughtException`, as one from an event
// emitter would, instead of the deprecation warning that a thread-safe function makes of it.
void report_exception(Napi::Env env) {
  if (!env.IsExceptionPending()) return;
  const Napi::Error error = env.GetAndClearPendingException();
  napi_fatal_exception(env, error.Value());
}

}  // namespace

std::shared_ptr<Outbox> Outbox::open(Napi::Env env, const char* name, Napi::Function callback) {
  std::shared_ptr<Outbox> outbox(new Outbox(callback));
  auto* held_by_wake = new std::shared_ptr<Outbox>(outbox);
  outbox->wake_ = Wake::New(
      env, name, 0, 1, outbox.get(), [](Napi::Env, std::shared_ptr<Outbox>* held, Outbox*) { delete held; },
      held_by_wake);
  return outbox;
}

void Outbox::push(Delivery delivery) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = queue_.empty();
    queue_.push_back(std::move(delivery));
  }
  if (first) wake_.NonBlockingCall();
}

void Outbox::close() { wake_.Release(); }

void Outbox::deliver(Napi::Env env, Napi::Function, Outbox* outbox, void*) {
  // Without an environment Node is emptying the queue after the finaliser ran: `outbox` may be gone.
  if (static_cast<napi_env>(env) == nullptr) return;
  outbox->deliver_all(env);
}

bool Outbox::take(Delivery& delivery) {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return false;
  delivery = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

std::size_t Outbox::waiting() {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

// Who awaits a promise goes on only when this call has returned. So the call ends with the promise, and what came after
// it is delivered by the next: the answer to a monitor is seen before the update that follows it.
void Outbox::deliver_all(Napi::Env env) {
  const Napi::HandleScope scope(env);
  const Napi::Array events = Napi::Array::New(env);
  bool settled = false;
  Delivery delivery;
  for (std::size_t left = waiting(); left > 0 && !settled && take(delivery); --left) {
    const Napi::HandleScope inner(env);
    const std::uint32_t before = events.Length();
    delivery(env, events);
    report_exception(env);
    settled = events.Length() == before;
  }
  if (waiting() > 0) wake_.NonBlockingCall();
  if (events.Length() == 0) return;
  callback_.Call({events});
  report_exception(env);
}

}  // namespace sluice::addon
