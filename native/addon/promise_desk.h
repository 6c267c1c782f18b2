// PromiseDesk: the promises a JavaScript object has given and not yet kept. A ticket, a plain number, stands for one on
// the I/O thread, so that no JavaScript value ever leaves its thread.
// Invariant: every promise is settled exactly once; those still open at the end by refuse_all().
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "addon/errors.h"

namespace sluice::addon {

using Ticket = std::uint64_t;

// Lives on the JavaScript thread, inside the object that gives the promises.
class PromiseDesk {
 public:
  [[nodiscard]] std::pair<Ticket, Napi::Promise> open(Napi::Env env) {
    const Ticket ticket = next_++;
    const auto deferred = Napi::Promise::Deferred::New(env);
    open_.emplace(ticket, deferred);
    return {ticket, deferred.Promise()};
  }

  void settle(Ticket ticket, Napi::Value value) {
    if (const auto node = open_.extract(ticket)) node.mapped().Resolve(value);
  }

  void refuse(Napi::Env env, Ticket ticket, const char* code, const std::string& message) {
    if (const auto node = open_.extract(ticket)) node.mapped().Reject(coded_error(env, code, message).Value());
  }

  void refuse_all(Napi::Env env, const char* code, const std::string& message) {
    for (const auto& [ticket, deferred] : std::exchange(open_, {})) {
      deferred.Reject(coded_error(env, code, message).Value());
    }
  }

 private:
  Ticket next_ = 1;
  std::unordered_map<Ticket, Napi::Promise::Deferred> open_;
};

}  // namespace sluice::addon
