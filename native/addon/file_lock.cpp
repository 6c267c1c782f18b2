#include "addon/file_lock.h"

#include <sys/file.h>

#include <cerrno>

namespace sluice::addon {

Napi::Value try_lock(const Napi::CallbackInfo& info) {
  const int fd = info[0].ToNumber().Int32Value();
  // A file system without locks (ENOLCK) cannot say that another holds one, either.
  const bool taken = ::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  return Napi::Boolean::New(info.Env(), !taken);
}

}  // namespace sluice::addon
