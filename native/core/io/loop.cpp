#include "core/io/loop.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <future>
#include <system_error>

namespace sluice::io {
namespace {

constexpr Loop::WatchId kWakeId = 0;
constexpr Loop::WatchId kPathsId = 1;
constexpr Loop::WatchId kFirstWatchId = 2;
// Streams of one engine feed each other; this many rounds a turn, then the sockets are asked again first.
constexpr int kPumpRounds = 4;
// What a small bundle takes the switch, in full.
constexpr std::chrono::microseconds kBrisk{150};

void check(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

void control(int epoll, int operation, int fd, std::uint32_t events, Loop::WatchId id) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  check(::epoll_ctl(epoll, operation, fd, &event) == 0, "epoll_ctl");
}

// Has the scheduler let the calling thread go as soon as it has something to do, for a short turn, where other threads
// have all processors; without it, it waits for the end of their turns of 3 ms while vswitchd has nothing to do. Its
// share stays what it is. Linux before 6.12 takes no notice.
void ask_for_short_turns() {
  // sched_attr of linux/sched/types.h, which cannot be had beside <sched.h> before glibc 2.41.
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime_ns, deadline_ns, period_ns;
  } attributes{};
  attributes.size = sizeof attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.policy != SCHED_OTHER) return;
  attributes.runtime_ns = 100'000;  // the least there is
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

Millis monotonic_millis() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

std::shared_ptr<Loop> Loop::shared() {
  static std::mutex mutex;
  static std::weak_ptr<Loop> current;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Loop> loop = current.lock();
  if (loop == nullptr) current = loop = std::make_shared<Loop>();
  return loop;
}

Loop::Loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(monotonic_millis()),
      random_(std::random_device{}()),
      next_watch_(kFirstWatchId) {
  check(epoll_.valid(), "epoll_create1");
  check(wake_.valid(), "eventfd");
  control(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), EPOLLIN, kWakeId);
  if (paths_.fd() >= 0) control(epoll_.get(), EPOLL_CTL_ADD, paths_.fd(), EPOLLIN, kPathsId);
  // Signals are the main thread's: a new thread inherits the mask in force when it is made.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "sluice-io");
}

Loop::~Loop() {
  stopping_ = true;
  wake();
  thread_.join();
}

void Loop::wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake already.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void Loop::post(std::function<void()> task) {
  bool first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (first) wake();
}

void Loop::run_and_wait(const std::function<void()>& task) {
  std::promise<void> done;
  post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

void Loop::add(Source& source) { sources_.push_back(&source); }

void Loop::remove(Source& source) { std::ranges::replace(sources_, &source, nullptr); }

Loop::WatchId Loop::watch(int fd, std::uint32_t events, Source& source) {
  const WatchId id = next_watch_++;
  control(epoll_.get(), EPOLL_CTL_ADD, fd, events, id);
  watches_.emplace(id, &source);
  return id;
}

void Loop::rewatch(WatchId id, int fd, std::uint32_t events) { control(epoll_.get(), EPOLL_CTL_MOD, fd, events, id); }

void Loop::unwatch(WatchId id, int fd) {
  watches_.erase(id);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::run() {
  ask_for_short_turns();
  for (;;) {
    turn();
    if (!stopping_) continue;
    const std::lock_guard lock(posted_mutex_);
    if (posted_.empty()) return;
  }
}

void Loop::turn() {
  std::array<epoll_event, 64> events;
  const int n = wait(events);
  now_ = monotonic_millis();
  for (int i = 0; i < n; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kWakeId) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t drained = ::read(wake_.get(), &count, sizeof count);
    } else if (event.data.u64 == kPathsId) {
      paths_.read();
    } else if (const auto found = watches_.find(event.data.u64); found != watches_.end()) {
      found->second->ready(event.events, now_);
    }
  }
  run_posted();
  // By index: a source's work may add others, and a removed one is null.
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i] != nullptr && sources_[i]->deadline() <= now_) sources_[i]->tick(now_);
  }
  pump_all();
  std::erase(sources_, nullptr);
}

void Loop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
  }
  for (const auto& task : tasks) task();
}

void Loop::pump_all() {
  for (int round = 0; round < kPumpRounds; ++round) {
    unfinished_ = false;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (sources_[i] != nullptr && sources_[i]->pump(now_)) unfinished_ = true;
    }
    if (!unfinished_) return;
  }
}

int Loop::wait(std::span<epoll_event> events) const {
  const int millis = wait_millis();
  const auto ask = [&](int until) {
    return ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), until);
  };
  if (millis != 0 && std::ranges::any_of(sources_, &Source::brisk)) {
    const auto until = std::chrono::steady_clock::now() + kBrisk;
    do {
      if (const int n = ask(0); n != 0) return n;
    } while (std::chrono::steady_clock::now() < until);
  }
  return ask(millis);
}

int Loop::wait_millis() const {
  if (unfinished_) return 0;
  Millis first = kNever;
  for (const Source* source : sources_) first = std::min(first, source->deadline());
  if (first == kNever) return -1;
  return static_cast<int>(std::clamp<Millis>(first - monotonic_millis(), 0, 60'000));
}

}  // namespace sluice::io
