// Loop: the process's one I/O thread: epoll, an eventfd to wake it, and the deadlines of its sources. Everything with
// protocol state lives here, so that echo replies, time-outs and reconnects never wait for JavaScript.
// Neighbours: connection.h is the source there is; native/addon posts to it.
// Invariant: a source is called on the I/O thread only, and never again after remove().
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/io/fd.h"
#include "core/io/path_watch.h"
#include "core/session.h"

namespace sluice::io {

// Something the loop drives. Lives on the I/O thread; its owner removes it before it goes.
class Source {
 public:
  virtual ~Source() = default;
  virtual void ready(std::uint32_t events, Millis now) = 0;  // what epoll said of a watched descriptor
  virtual void tick(Millis now) = 0;                         // deadline() has passed
  // Comes after everything else in a turn: write what has been composed. True when that made progress, since draining
  // one stream may have made the session's owner compose for another.
  virtual bool pump(Millis now) = 0;
  [[nodiscard]] virtual Millis deadline() const = 0;
  [[nodiscard]] virtual bool brisk() const { return false; }  // see Session::brisk()
};

// post() and run_and_wait() belong to any thread, all else to the I/O thread. The thread starts with the object and is
// joined by its destructor, which therefore must run on another thread: tasks hold no shared_ptr to their loop.
class Loop {
 public:
  // The loop of this process: started for the first who asks, ended when the last lets go. Throws std::system_error
  // when the system is out of descriptors or threads.
  static std::shared_ptr<Loop> shared();

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs on the I/O thread, in the order of posting. What was posted before the destructor runs still runs.
  void post(std::function<void()> task);
  // Posts and returns when the task has run; for the few calls that must not leave anything behind.
  void run_and_wait(const std::function<void()>& task);

  [[nodiscard]] Millis now() const { return now_; }
  [[nodiscard]] PathWatch& paths() { return paths_; }
  [[nodiscard]] double random() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }

  void add(Source& source);
  void remove(Source& source);
  using WatchId = std::uint64_t;
  // Level-triggered. The id, not the descriptor, names a watch: a late event of a closed descriptor finds nobody.
  [[nodiscard]] WatchId watch(int fd, std::uint32_t events, Source& source);
  void rewatch(WatchId id, int fd, std::uint32_t events);
  void unwatch(WatchId id, int fd);

 private:
  void run();
  void turn();
  void run_posted();
  void pump_all();
  void wake();
  [[nodiscard]] int wait_millis() const;
  // Waits for events and returns how many there are. Where an answer is due at once it asks for a while before it
  // sleeps.
  [[nodiscard]] int wait(std::span<epoll_event> events) const;

  Fd epoll_;
  Fd wake_;
  PathWatch paths_;
  Millis now_ = 0;
  bool unfinished_ = false;  // the last turn ended with more to pump
  std::minstd_rand random_;
  std::vector<Source*> sources_;  // a removed one is nulled and swept at the end of the turn
  std::unordered_map<WatchId, Source*> watches_;
  WatchId next_watch_;

  std::atomic<bool> stopping_{false};
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by posted_mutex_
  std::thread thread_;                         // last: it uses all of the above
};

// Monotonic milliseconds; not stopped by a changed wall clock.
[[nodiscard]] Millis monotonic_millis();

}  // namespace sluice::io
