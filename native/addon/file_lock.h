// flock(2) for JavaScript, which has no lock that dies with the process.
// Neighbours: src/native/file-lock.ts; src/store/lock.ts locks the state directory with it.
#pragma once

#include <napi.h>

namespace sluice::addon {

// tryLock(fd): boolean. Exclusive, without waiting; false when another open file description holds it.
Napi::Value try_lock(const Napi::CallbackInfo& info);

}  // namespace sluice::addon
