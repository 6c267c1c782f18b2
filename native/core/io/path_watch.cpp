#include "core/io/path_watch.h"

#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

namespace sluice::io {

PathWatch::PathWatch() : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

void PathWatch::watch(const void* key, const std::string& path, std::function<void()> appeared) {
  forget(key);
  if (!fd_.valid()) return;
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const int wd =
      ::inotify_add_watch(fd_.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR);
  if (wd < 0) return;
  waiters_.insert_or_assign(key, Waiter{wd, path.substr(slash + 1), std::move(appeared)});
}

void PathWatch::forget(const void* key) {
  const auto found = waiters_.find(key);
  if (found == waiters_.end()) return;
  const int directory = found->second.directory;
  waiters_.erase(found);
  const bool shared = std::ranges::any_of(waiters_, [&](const auto& w) { return w.second.directory == directory; });
  if (!shared) ::inotify_rm_watch(fd_.get(), directory);
}

void PathWatch::read() {
  alignas(inotify_event) std::array<char, 4096> bytes;
  std::vector<const void*> due;
  for (;;) {
    const ssize_t n = ::read(fd_.get(), bytes.data(), bytes.size());
    if (n <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(n);) {
      inotify_event event;
      std::memcpy(&event, bytes.data() + at, sizeof event);
      const char* name = bytes.data() + at + sizeof event;
      const std::string_view file(name, event.len == 0 ? 0 : ::strnlen(name, event.len));
      for (const auto& [key, waiter] : waiters_) {
        // After an overflow of the queue anything may have appeared.
        if ((event.mask & IN_Q_OVERFLOW) != 0 || (waiter.directory == event.wd && waiter.name == file))
          due.push_back(key);
      }
      at += sizeof event + event.len;
    }
  }
  // Calling back may change the waiters: look each one up again.
  for (const void* key : due) {
    const auto found = waiters_.find(key);
    if (found == waiters_.end()) continue;
    const auto appeared = found->second.appeared;
    appeared();
  }
}

}  // namespace sluice::io
