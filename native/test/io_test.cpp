// The I/O thread with real sockets: connecting, moving megabytes both ways, losing the peer and finding it again.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/io/back_off.h"
#include "core/io/connection.h"
#include "core/io/loop.h"
#include "core/io/remote.h"

using namespace sluice;
using namespace sluice::io;

namespace {

class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-io-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

Fd listen_on(const std::string& path) {
  ::unlink(path.c_str());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd.get(), 4) == 0);
  return fd;
}

Fd accept_on(const Fd& listener) {
  Fd fd(::accept(listener.get(), nullptr, nullptr));
  REQUIRE(fd.valid());
  return fd;
}

// A session that writes `to_send` bytes in portions from drained() and counts what it gets.
class Pipe final : public Session {
 public:
  explicit Pipe(std::size_t to_send) : left_(to_send), to_send_(to_send) {}

  void connected(Millis now) override {
    left_ = to_send_;
    say([&] { ++ups; });
    drained(now);
  }
  void closed(std::string_view reason, Millis) override {
    hang_up_ = false;
    say([&] {
      ++downs;
      last_reason = reason;
    });
  }
  void received(std::span<const std::uint8_t> bytes, Millis) override {
    say([&] { got += bytes.size(); });
  }
  void tick(Millis) override {
    due_ = kNever;
    say([&] { ++ticks; });
  }
  Millis deadline() const override { return due_; }
  OutBuffer& output() override { return output_; }
  void drained(Millis) override {
    const std::size_t n = std::min<std::size_t>(left_, 100'000);
    left_ -= n;
    const std::vector<std::uint8_t> portion(n, 7);
    output_.append(portion);
  }
  bool wants_close() const override { return hang_up_; }

  void hang_up() { hang_up_ = true; }
  void set_due(Millis due) { due_ = due; }

  bool wait(const std::function<bool()>& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), done);
  }

  int ups = 0;  // these are guarded by mutex_: read them inside wait()
  int downs = 0;
  int ticks = 0;
  std::size_t got = 0;
  std::string last_reason;

 private:
  void say(const std::function<void()>& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  std::size_t left_;
  std::size_t to_send_;
  bool hang_up_ = false;
  Millis due_ = kNever;
  OutBuffer output_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

// A loop with one connection, taken down on the I/O thread as an owner must.
class Host {
 public:
  Host(const std::string& remote, Session& session) {
    Remote parsed;
    REQUIRE(Remote::parse(remote, parsed).ok());
    loop.run_and_wait([&] { connection.emplace(loop, parsed, session); });
  }
  ~Host() {
    loop.run_and_wait([&] { connection.reset(); });
  }
  Loop loop;
  std::optional<Connection> connection;
};

std::size_t open_descriptors() {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++n;
  return n;
}

}  // namespace

TEST_CASE("remotes are understood or refused with what was meant") {
  Remote remote;
  for (const char* good : {"unix:/run/x.sock", "tcp:127.0.0.1:6640", "tcp:[::1]:6640", "unixctl:/run/ovs-vswitchd"}) {
    CAPTURE(good);
    CHECK(Remote::parse(good, remote).ok());
  }
  for (const char* bad :
       {"", "unix", "unix:", "/run/x.sock", "ssl:127.0.0.1:6640", "tcp:localhost:6640", "tcp:127.0.0.1",
        "tcp:127.0.0.1:0", "tcp:127.0.0.1:70000", "tcp:::1:6640", "tcp:[127.0.0.1]:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(Remote::parse(bad, remote).ok());
  }
}

TEST_CASE("the wait doubles up to five seconds, with jitter, and starts again") {
  BackOff back_off;
  CHECK(back_off.next(0.0) == 50);
  CHECK(back_off.next(0.999) == 51);
  for (int i = 0; i < 20; ++i) CHECK(back_off.next(0.5) <= BackOff::kLongest);
  CHECK(back_off.next(0.0) == BackOff::kLongest);
  back_off.reset();
  CHECK(back_off.next(0.0) == 50);
}

TEST_CASE("megabytes cross in both directions at once") {
  const TempDirectory directory;
  const Fd listener = listen_on(directory.file("s"));
  constexpr std::size_t kBytes = std::size_t{20} << 20;
  Pipe pipe(kBytes);
  const Host host("unix:" + directory.file("s"), pipe);
  const Fd peer = accept_on(listener);
  // The peer writes everything before it reads anything: only a client that reads while it writes survives that.
  std::thread writer([&] {
    const std::vector<std::uint8_t> chunk(std::size_t{1} << 20, 9);
    for (std::size_t sent = 0; sent < kBytes;) {
      const ssize_t n = ::send(peer.get(), chunk.data(), std::min(chunk.size(), kBytes - sent), MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  });
  CHECK(pipe.wait([&] { return pipe.got == kBytes; }));
  writer.join();
  std::vector<std::uint8_t> buffer(std::size_t{1} << 20);
  std::size_t received = 0;
  while (received < kBytes) {
    const ssize_t n = ::recv(peer.get(), buffer.data(), buffer.size(), 0);
    REQUIRE(n > 0);
    received += static_cast<std::size_t>(n);
  }
  CHECK(received == kBytes);
}

TEST_CASE("a lost peer is found again when its socket is re-created") {
  const TempDirectory directory;
  const std::string path = directory.file("s");
  Pipe pipe(0);
  const Host host("unix:" + path, pipe);
  for (int round = 1; round <= 3; ++round) {
    CAPTURE(round);
    const Fd listener = listen_on(path);
    {
      const Fd peer = accept_on(listener);
      CHECK(pipe.wait([&] { return pipe.ups == round; }));
    }
    CHECK(pipe.wait([&] { return pipe.downs == round; }));
    CHECK(pipe.last_reason == "closed by the peer");
    ::unlink(path.c_str());
  }
}

TEST_CASE("a session may hang up and is connected again") {
  const TempDirectory directory;
  const Fd listener = listen_on(directory.file("s"));
  Pipe pipe(0);
  Host host("unix:" + directory.file("s"), pipe);
  const Fd first = accept_on(listener);
  CHECK(pipe.wait([&] { return pipe.ups == 1; }));
  host.loop.post([&] { pipe.hang_up(); });
  CHECK(pipe.wait([&] { return pipe.downs == 1; }));
  const Fd second = accept_on(listener);
  CHECK(pipe.wait([&] { return pipe.ups == 2; }));
}

TEST_CASE("a session's deadline is kept") {
  const TempDirectory directory;
  const Fd listener = listen_on(directory.file("s"));
  Pipe pipe(0);
  Host host("unix:" + directory.file("s"), pipe);
  CHECK(pipe.wait([&] { return pipe.ups == 1; }));
  host.loop.post([&] { pipe.set_due(host.loop.now() + 20); });
  CHECK(pipe.wait([&] { return pipe.ticks == 1; }));
}

TEST_CASE("a control socket is found through its pid file, and a longer path than sun_path through its directory") {
  const TempDirectory directory;
  const Fd control = listen_on(directory.file("ovs-vswitchd.42.ctl"));
  Pipe pipe(0);
  const Host host("unixctl:" + directory.file("ovs-vswitchd"), pipe);
  Fd pid(::open(directory.file("ovs-vswitchd.pid").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  REQUIRE(::write(pid.get(), "42\n", 3) == 3);
  pid.reset();
  const Fd peer = accept_on(control);
  CHECK(pipe.wait([&] { return pipe.ups == 1; }));

  const std::string deep = directory.file(std::string(120, 'd'));
  std::filesystem::create_directory(deep);
  std::filesystem::create_symlink(directory.file("ovs-vswitchd.42.ctl"), deep + "/s");
  Pipe other(0);
  const Host far("unix:" + deep + "/s", other);
  CHECK(other.wait([&] { return other.ups == 1; }));
}

TEST_CASE("what is posted runs, in order, also while the loop ends; no descriptor stays open") {
  const std::size_t before = open_descriptors();
  std::vector<int> order;
  {
    Loop loop;
    for (int i = 0; i < 1000; ++i) loop.post([&order, i] { order.push_back(i); });
  }
  REQUIRE(order.size() == 1000);
  CHECK(std::ranges::is_sorted(order));
  {
    const TempDirectory directory;
    const Fd listener = listen_on(directory.file("s"));
    Pipe pipe(1'000'000);
    const Host host("unix:" + directory.file("s"), pipe);
    CHECK(pipe.wait([&] { return pipe.ups == 1; }));
  }
  CHECK(open_descriptors() == before);
}
