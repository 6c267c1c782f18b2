// Connection: a session's socket: dials the remote, dials again for ever when it is lost, reads whenever there is
// something (also in the middle of a bulk write, since vswitchd stops reading a client that does not read its replies),
// writes what the session has composed. Neighbours: remote.h, back_off.h, loop.h; the session knows none of them.
// Invariant: the session hears connected() and closed() strictly in turn, and bytes only between them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/io/back_off.h"
#include "core/io/fd.h"
#include "core/io/loop.h"
#include "core/io/remote.h"
#include "core/session.h"

namespace sluice::io {

// Hears of attempts that fail, which a session never does.
class DialListener {
 public:
  virtual ~DialListener() = default;
  virtual void dial_failed(std::string_view reason) = 0;
};

// Lives on the I/O thread, from constructor to destructor; loop, session and listener outlive it. The destructor closes
// the socket without telling the session.
class Connection final : public Source {
 public:
  Connection(Loop& loop, Remote remote, Session& session, DialListener* listener = nullptr);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void ready(std::uint32_t events, Millis now) override;
  void tick(Millis now) override;
  bool pump(Millis now) override;
  [[nodiscard]] Millis deadline() const override;
  [[nodiscard]] bool brisk() const override { return state_ == State::open && session_.brisk(); }

  // Closes the stream, tells the session why, and does not dial again.
  void hang_up(std::string_view reason, Millis now);

 private:
  enum class State : std::uint8_t { waiting, connecting, open, ended };

  void dial(Millis now);
  void opened(Millis now);
  void failed(std::string_view reason, Millis now);
  void lost(std::string_view reason, Millis now);
  void wait(Millis now);
  void rest(Millis now);  // nobody wants the stream: closed, and dialled again only when somebody does
  void arm(std::uint32_t events);
  void drop_socket();
  void read_some(Millis now);
  bool write_some(Millis now);

  Loop& loop_;
  Remote remote_;
  Session& session_;
  DialListener* listener_;
  BackOff back_off_;
  State state_ = State::waiting;
  Millis due_ = 0;  // when to dial (waiting) or to give an attempt up (connecting)
  Millis opened_at_ = 0;
  Fd fd_;
  Loop::WatchId watch_ = 0;
  std::uint32_t armed_ = 0;
};

}  // namespace sluice::io
