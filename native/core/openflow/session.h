// OpenFlowSession: handshake, framing, liveness of one OpenFlow 1.5 connection, without its socket. Whatever is not
// about the connection itself goes to the MessageSink (the engine). Invariants: an unknown message is skipped by its
// length; a length that cannot be ends the connection, never the process; echoes are answered here, on the I/O thread.
#pragma once

#include <string>
#include <vector>

#include "core/openflow/features.h"
#include "core/openflow/header.h"
#include "core/session.h"

namespace sluice::openflow {

class MessageSink {
 public:
  virtual ~MessageSink() = default;
  virtual void on_session_up(const Features& features, Millis now) = 0;
  // `message` is one whole message, header included, and dies with the call.
  virtual void on_message(const Header& header, Bytes message, Millis now) = 0;
  virtual void on_session_down(std::string_view reason, Millis now) = 0;  // also when it never was up
  virtual void on_writable(Millis now) = 0;                               // output() is below the low-water mark
  virtual void on_tick(Millis now) = 0;
  [[nodiscard]] virtual Millis sink_deadline() const = 0;
  [[nodiscard]] virtual bool sink_brisk() const { return false; }  // see Session::brisk()
};

// Lives on the I/O thread. Does not own the sink, which outlives it.
class OpenFlowSession final : public Session {
 public:
  // A switch that says nothing for kProbeAfter is asked; one that says nothing for kGiveUpAfter more is left. The sum
  // is above the 15 s a stopped or swapping vswitchd may take and still come back with its state.
  static constexpr Millis kProbeAfter = 5'000;
  static constexpr Millis kGiveUpAfter = 25'000;

  explicit OpenFlowSession(MessageSink& sink) : sink_(sink) {}

  void connected(Millis now) override;
  void closed(std::string_view reason, Millis now) override;
  void received(Bytes bytes, Millis now) override;
  void tick(Millis now) override;
  [[nodiscard]] Millis deadline() const override;
  [[nodiscard]] OutBuffer& output() override { return out_; }
  void drained(Millis now) override;
  [[nodiscard]] bool wants_close() const override { return !failure_.empty(); }
  [[nodiscard]] bool wanted() const override { return wanted_; }
  void want(bool wanted) { wanted_ = wanted; }
  [[nodiscard]] bool brisk() const override { return up() && sink_.sink_brisk(); }

  [[nodiscard]] bool up() const { return phase_ == Phase::up; }
  [[nodiscard]] bool open() const { return phase_ != Phase::closed; }

  // Never 0: some messages of the switch's own accord carry that.
  [[nodiscard]] std::uint32_t next_xid() { return take_xids(1); }
  // A run of n xids that does not wrap inside; the first is returned.
  [[nodiscard]] std::uint32_t take_xids(std::uint32_t n);

  // Gives the connection up; the reason goes to on_session_down once the I/O layer has closed it.
  void fail(std::string reason);

 private:
  enum class Phase { closed, hello, features, up };

  [[nodiscard]] std::size_t parse(Bytes bytes, Millis now);
  void dispatch(const Header& header, Bytes message, Millis now);
  void on_hello(Bytes message);
  void on_error_before_up(Bytes message);
  void on_features(Bytes message, Millis now);

  MessageSink& sink_;
  Phase phase_ = Phase::closed;
  OutBuffer out_;
  std::vector<std::uint8_t> partial_;  // the start of a message whose rest has not come yet
  std::string failure_;
  std::uint32_t xid_ = 1;
  Millis began_ = 0;      // when the stream was opened
  Millis heard_ = 0;      // when the last bytes came
  bool probing_ = false;  // an echo request of ours is unanswered
  bool wanted_ = true;
};

}  // namespace sluice::openflow
