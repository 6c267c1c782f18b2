#include "addon/outbox.h"

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

void Outbox::deliver_all(Napi::Env env) {
  const Napi::HandleScope scope(env);
  std::vector<Delivery> queue;
  {
    const std::lock_guard lock(mutex_);
    queue.swap(queue_);
  }
  const Napi::Array events = Napi::Array::New(env);
  for (const Delivery& delivery : queue) {
    const Napi::HandleScope inner(env);
    delivery(env, events);
    report_exception(env);
  }
  if (events.Length() == 0) return;
  callback_.Call({events});
  report_exception(env);
}

}  // namespace sluice::addon
