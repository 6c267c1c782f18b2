// Monitor: the connection over which the switch tells of every change of its flows, groups and meters, whoever made it.
// It arms and cancels the flow monitor and asks the two questions that give certainty: a barrier, whose answer says
// that everything before it has been told, and how many flows each table holds. What it all means is drift.h's to
// judge. Neighbours: openflow/flow_monitor.h and request_forward.h know the messages. Invariants: one question at a
// time, since an error may come without the xid it is about; a monitor is cancelled only after the switch has
// acknowledged it (see flow_monitor.h).
#pragma once

#include <string>
#include <vector>

#include "core/openflow/flow_monitor.h"
#include "core/openflow/multipart.h"
#include "core/openflow/session.h"

namespace sluice {

class MonitorEvents {
 public:
  virtual ~MonitorEvents() = default;
  virtual void on_monitor_up(Millis now) = 0;  // the connection stands
  // The connection is gone; `reason` says why.
  virtual void on_monitor_lost(std::string_view reason, Millis now) = 0;
  virtual void on_armed(Millis now) = 0;
  virtual void on_refused(const std::string& error, Millis now) = 0;  // this switch has no monitor for us
  virtual void on_disarmed(Millis now) = 0;
  virtual void on_update(const openflow::FlowUpdate& update, Millis now) = 0;
  virtual void on_forwarded(openflow::Type type, Bytes request) = 0;  // a GROUP_MOD or METER_MOD
  virtual void on_all_told(Millis now) = 0;                           // the answer to ask_barrier()
  // The answer to ask_counts(); empty when the switch does not say.
  virtual void on_counts(const std::vector<openflow::TableStats>& tables, Millis now) = 0;
  virtual void on_monitor_turn(Millis now) = 0;  // after each of these, and when time has passed
  [[nodiscard]] virtual Millis monitor_deadline() const = 0;
};

// Lives on the I/O thread. The events must outlive it.
class Monitor final : public openflow::MessageSink {
 public:
  enum class State : std::uint8_t { down, idle, arming, armed, leaving, refused };
  static constexpr Millis kPatience = 10'000;  // for one answer, while echoes still come

  explicit Monitor(MonitorEvents& events) : events_(events) { session_.want(false); }

  [[nodiscard]] openflow::OpenFlowSession& session() { return session_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool asking() const { return question_ != 0; }

  void arm(Millis now);          // from idle
  void disarm(Millis now);       // from armed, when nothing is being asked
  void ask_barrier(Millis now);  // when armed and nothing is being asked
  void ask_counts(Millis now);   // likewise
  // Gives the connection up; it is dialled again.
  void fail(std::string reason) { session_.fail(std::move(reason)); }

  // openflow::MessageSink
  void on_session_up(const openflow::Features& features, Millis now) override;
  void on_message(const openflow::Header& header, Bytes message, Millis now) override;
  void on_session_down(std::string_view reason, Millis now) override;
  void on_writable(Millis) override {}
  void on_tick(Millis now) override;
  [[nodiscard]] Millis sink_deadline() const override;

 private:
  void on_answer(Millis now);
  void on_error(std::uint32_t xid, Bytes message, Millis now);
  void on_part(std::uint32_t xid, Bytes message, Millis now);
  void on_count_part(const openflow::MultipartPart& part, Millis now);
  void ask(Millis now);

  MonitorEvents& events_;
  openflow::OpenFlowSession session_{*this};
  State state_ = State::down;
  std::uint32_t monitor_id_ = 0;
  std::uint32_t forwarding_xid_ = 0;
  std::uint32_t request_xid_ = 0;
  std::uint32_t question_ = 0;  // xid of the barrier or of the request for counts; 0: nothing is asked
  bool counting_ = false;       // it is the counts
  bool acknowledged_ = false;
  std::string refusal_;
  Millis asked_at_ = 0;
  std::vector<openflow::TableStats> counts_;
};

}  // namespace sluice
