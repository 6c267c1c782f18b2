#include "core/io/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

namespace sluice::io {
namespace {

constexpr Millis kConnectTimeout = 5'000;
// A stream that lasted this long was a good one: the next loss starts again with the shortest wait.
constexpr Millis kStable = 5'000;
constexpr std::size_t kReadBytes = std::size_t{64} << 10;
// The most one stream takes of a turn before the others have theirs.
constexpr int kReadsPerTurn = 16;
constexpr int kWritesPerTurn = 16;
constexpr std::size_t kWriteBytes = std::size_t{1} << 20;

}  // namespace

Connection::Connection(Loop& loop, Remote remote, Session& session, DialListener* listener)
    : loop_(loop), remote_(std::move(remote)), session_(session), listener_(listener), due_(loop.now()) {
  loop_.add(*this);
}

Connection::~Connection() {
  loop_.paths().forget(this);
  drop_socket();
  loop_.remove(*this);
}

Millis Connection::deadline() const {
  if (state_ == State::open) return session_.deadline();
  return state_ == State::waiting && !session_.wanted() ? kNever : due_;
}

void Connection::hang_up(std::string_view reason, Millis now) {
  if (state_ == State::open) lost(reason, now);
  loop_.paths().forget(this);
  drop_socket();
  state_ = State::ended;
  due_ = kNever;
}

void Connection::tick(Millis now) {
  if (state_ == State::open) {
    session_.tick(now);
  } else if (state_ == State::connecting) {
    failed(error_text(ETIMEDOUT), now);
  } else {
    dial(now);
  }
}

void Connection::dial(Millis now) {
  Dialled dialled = remote_.dial();
  if (!dialled.fd.valid()) return failed(dialled.error, now);
  loop_.paths().forget(this);
  fd_ = std::move(dialled.fd);
  armed_ = dialled.in_progress ? EPOLLOUT : EPOLLIN;
  watch_ = loop_.watch(fd_.get(), armed_, *this);
  if (!dialled.in_progress) return opened(now);
  state_ = State::connecting;
  due_ = now + kConnectTimeout;
}

void Connection::opened(Millis now) {
  state_ = State::open;
  opened_at_ = now;
  session_.connected(now);
}

void Connection::failed(std::string_view reason, Millis now) {
  drop_socket();
  wait(now);
  if (listener_ != nullptr) listener_->dial_failed(reason);
}

void Connection::lost(std::string_view reason, Millis now) {
  // The reason may point into the session or the socket layer; both change below.
  const std::string kept(reason);
  drop_socket();
  if (now - opened_at_ >= kStable) back_off_.reset();
  wait(now);
  session_.output().clear();
  session_.closed(kept, now);
}

void Connection::wait(Millis now) {
  state_ = State::waiting;
  due_ = now + back_off_.next(loop_.random());
  const auto path = remote_.watched_path();
  if (!path) return;
  loop_.paths().watch(this, *path, [this] {
    // It may not listen yet: from here the shortest waits again.
    back_off_.reset();
    due_ = std::min(due_, loop_.now());
  });
}

void Connection::arm(std::uint32_t events) {
  if (events == armed_) return;
  armed_ = events;
  loop_.rewatch(watch_, fd_.get(), events);
}

void Connection::drop_socket() {
  if (!fd_.valid()) return;
  loop_.unwatch(watch_, fd_.get());
  fd_.reset();
}

void Connection::ready(std::uint32_t events, Millis now) {
  if (state_ == State::connecting) {
    const int error = socket_error(fd_.get());
    if (error != 0) return failed(error_text(error), now);
    return opened(now);
  }
  if (state_ == State::open && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some(now);
}

void Connection::read_some(Millis now) {
  static thread_local std::array<std::uint8_t, kReadBytes> buffer;
  for (int i = 0; i < kReadsPerTurn && !session_.wants_close(); ++i) {
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n > 0) {
      session_.received(std::span(buffer).first(static_cast<std::size_t>(n)), now);
      if (static_cast<std::size_t>(n) < buffer.size()) return;
    } else if (n == 0) {
      return lost("closed by the peer", now);
    } else if (errno != EINTR) {
      if (errno != EAGAIN) lost(error_text(errno), now);
      return;
    }
  }
}

bool Connection::pump(Millis now) {
  if (state_ == State::connecting && !session_.wanted()) rest(now);
  if (state_ != State::open) return false;
  const bool progress = write_some(now);
  // Asked after writing: what a session says before it hangs up (an error, a goodbye) still goes out.
  if (state_ == State::open && session_.wants_close()) lost("closed by the session", now);
  if (!session_.wanted()) rest(now);
  return progress;
}

void Connection::rest(Millis now) {
  if (state_ == State::open) lost("not wanted any more", now);
  loop_.paths().forget(this);
  drop_socket();
  back_off_.reset();
  state_ = State::waiting;
  due_ = now;
}

bool Connection::write_some(Millis now) {
  bool progress = false;
  for (int i = 0; i < kWritesPerTurn; ++i) {
    OutBuffer& output = session_.output();
    if (output.empty()) {
      arm(EPOLLIN);
      return progress;
    }
    const std::span<const std::uint8_t> bytes = output.data().first(std::min(output.size(), kWriteBytes));
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      arm(EPOLLIN | EPOLLOUT);
      return progress;
    }
    if (n < 0) {
      lost(error_text(errno), now);
      return false;
    }
    progress = true;
    output.consume(static_cast<std::size_t>(n));
    if (output.size() < kLowWater) session_.drained(now);
  }
  arm(EPOLLIN | EPOLLOUT);
  return progress;
}

}  // namespace sluice::io
