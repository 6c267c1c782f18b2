// IoHandle: what the JavaScript object holds of its other half, the Host that lives on the I/O thread. It is the one
// place that knows how the two come up and go down together: by close(), by the end of the environment (a worker or a
// test that never closed), or by the end of the process.
// Neighbours: outbox.h; engine.cpp and json_rpc.cpp each have a Host.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <utility>

#include "addon/outbox.h"
#include "core/io/loop.h"

namespace sluice::addon {

// Lives on the JavaScript thread and stays where it is. Host is made there as Host(io::Loop&, Outbox&, args…), and from
// then on used and destroyed on the I/O thread only.
template <class Host>
class IoHandle {
 public:
  // Throws std::system_error when the I/O thread cannot be started.
  template <class... Args>
  IoHandle(Napi::Env env, const char* name, Napi::Function callback, Args&&... args)
      : env_(env), loop_(io::Loop::shared()), outbox_(Outbox::open(env, name, callback)) {
    host_ = new Host(*loop_, *outbox_, std::forward<Args>(args)...);
    // Added after the thread-safe function's own hook and therefore run before it: when Node takes that down, nobody
    // on the I/O thread can be calling it.
    napi_add_env_cleanup_hook(env, &IoHandle::environment_ends, this);
  }
  IoHandle(const IoHandle&) = delete;
  IoHandle& operator=(const IoHandle&) = delete;
  ~IoHandle() {
    if (host_ == nullptr) return;
    napi_remove_env_cleanup_hook(env_, &IoHandle::environment_ends, this);
    environment_ends(this);
  }

  [[nodiscard]] bool is_open() const { return host_ != nullptr; }

  // Runs task(host) on the I/O thread; is_open() must hold.
  template <class Task>
  void post(Task task) {
    loop_->post([host = host_, task = std::move(task)]() mutable { task(*host); });
  }

  // Destroys the host; when that is done and everything it said is delivered, `closed` runs on the JavaScript thread
  // and Node's process is no longer kept alive. `closed` may let go of the object that holds this handle.
  void close(std::function<void(Napi::Env)> closed) {
    // The hook stays until the delivery: until then the I/O thread may still call the thread-safe function.
    loop_->post([this, host = std::exchange(host_, nullptr), outbox = outbox_.get(), closed = std::move(closed)] {
      delete host;
      outbox->push([this, closed](Napi::Env env, Napi::Array) {
        napi_remove_env_cleanup_hook(env, &IoHandle::environment_ends, this);
        outbox_->close();
        loop_.reset();  // may join the I/O thread, which has nothing left to wait for
        closed(env);
      });
    });
  }

 private:
  static void environment_ends(void* self) {
    auto* handle = static_cast<IoHandle*>(self);
    Host* host = std::exchange(handle->host_, nullptr);
    handle->loop_->run_and_wait([host] { delete host; });
    handle->loop_.reset();
  }

  Napi::Env env_;
  std::shared_ptr<io::Loop> loop_;
  std::shared_ptr<Outbox> outbox_;
  Host* host_ = nullptr;  // owned; a raw pointer because it must be destroyed on the other thread
};

}  // namespace sluice::addon
