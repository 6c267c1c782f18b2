// PathWatch: tells who waits for a file (a socket, a pid file) that it has appeared, so that a switch that is started
// again is found in a millisecond instead of after a back-off. One inotify descriptor serves the whole loop, since a
// host allows each user few of them (fs.inotify.max_user_instances, commonly 128).
// A hint only: where inotify or the directory is missing, the back-off alone finds the file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "core/io/fd.h"

namespace sluice::io {

// Lives on the I/O thread.
class PathWatch {
 public:
  PathWatch();

  [[nodiscard]] int fd() const { return fd_.get(); }  // -1: the system has none left
  // Calls `appeared` whenever `path` is created, moved there or written. One watch a key; a new one replaces it.
  void watch(const void* key, const std::string& path, std::function<void()> appeared);
  void forget(const void* key);
  // Reads what has happened since; fd() was readable.
  void read();

 private:
  struct Waiter {
    int directory;  // inotify's watch descriptor; the same directory has the same one
    std::string name;
    std::function<void()> appeared;
  };

  Fd fd_;
  std::map<const void*, Waiter> waiters_;
};

}  // namespace sluice::io
