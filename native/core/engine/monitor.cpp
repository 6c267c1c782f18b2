#include "core/engine/monitor.h"

#include <algorithm>
#include <utility>

#include "core/openflow/barrier.h"
#include "core/openflow/error.h"
#include "core/openflow/request_forward.h"

namespace sluice {

using openflow::MultipartPart;
using openflow::MultipartType;
using openflow::Type;

// --- asking ----------------------------------------------------------------------------------------------------------

void Monitor::ask(Millis now) {
  question_ = session_.next_xid();
  asked_at_ = now;
}

void Monitor::arm(Millis now) {
  state_ = State::arming;
  acknowledged_ = false;
  refusal_.clear();
  forwarding_xid_ = session_.next_xid();
  openflow::encode_set_forwarding(session_.output(), true, forwarding_xid_);
  request_xid_ = session_.next_xid();
  openflow::encode_flow_monitor_request(session_.output(), ++monitor_id_, request_xid_);
  ask_barrier(now);
}

void Monitor::disarm(Millis now) {
  state_ = State::leaving;
  openflow::encode_flow_monitor_cancel(session_.output(), monitor_id_, session_.next_xid());
  openflow::encode_set_forwarding(session_.output(), false, session_.next_xid());
  ask_barrier(now);
}

void Monitor::ask_barrier(Millis now) {
  ask(now);
  counting_ = false;
  openflow::encode_barrier_request(session_.output(), question_);
}

void Monitor::ask_counts(Millis now) {
  ask(now);
  counting_ = true;
  counts_.clear();
  openflow::encode_table_stats_request(session_.output(), question_);
}

// --- answers ---------------------------------------------------------------------------------------------------------

void Monitor::on_session_up(const openflow::Features&, Millis now) {
  state_ = State::idle;
  question_ = 0;
  events_.on_monitor_up(now);
  events_.on_monitor_turn(now);
}

void Monitor::on_session_down(std::string_view reason, Millis now) {
  question_ = 0;
  events_.on_monitor_lost(reason, now);
  state_ = State::down;
  events_.on_monitor_turn(now);
}

void Monitor::on_message(const openflow::Header& header, Bytes message, Millis now) {
  switch (header.type) {
    case Type::error:
      on_error(header.xid, message, now);
      break;
    case Type::barrier_reply:
      if (header.xid == question_ && question_ != 0 && !counting_) on_answer(now);
      break;
    case Type::multipart_reply:
      on_part(header.xid, message, now);
      break;
    case Type::request_forward: {
      const Bytes request = openflow::forwarded_request(message);
      if (state_ != State::armed || request.empty()) return;
      events_.on_forwarded(openflow::decode_header(request)->type, request);
      break;
    }
    default:
      return;  // not ours to understand
  }
  events_.on_monitor_turn(now);
}

void Monitor::on_answer(Millis now) {
  question_ = 0;
  switch (state_) {
    case State::arming:
      if (acknowledged_) {
        state_ = State::armed;
        return events_.on_armed(now);
      }
      state_ = State::refused;
      return events_.on_refused(refusal_.empty() ? "no answer to the request" : refusal_, now);
    case State::leaving:
      state_ = State::idle;
      return events_.on_disarmed(now);
    case State::armed:
      return events_.on_all_told(now);
    default:
      return;
  }
}

// The error of a refused monitor may carry any xid; whatever else is asked while one is requested has its own.
void Monitor::on_error(std::uint32_t xid, Bytes message, Millis now) {
  const auto error = openflow::decode_error(message);
  if (!error || xid == forwarding_xid_) return;  // without it groups are watched by read-backs only
  if (state_ == State::arming && !acknowledged_) refusal_ = openflow::error_name(*error);
  if (state_ != State::armed || xid != question_ || !counting_) return;
  question_ = 0;
  events_.on_counts({}, now);
}

void Monitor::on_part(std::uint32_t xid, Bytes message, Millis now) {
  const auto part = openflow::decode_multipart_reply(message);
  if (!part) return fail("the switch sent a flow update that does not parse");
  if (part->type == MultipartType::table) {
    if (counting_ && xid == question_ && question_ != 0) on_count_part(*part, now);
    return;
  }
  if (part->type != MultipartType::flow_monitor) return;
  if (state_ == State::arming && xid == request_xid_ && part->body.empty()) acknowledged_ = true;
  openflow::FlowUpdate update;
  for (Bytes body = part->body; !body.empty();) {
    // It may have been about anything.
    if (!next_flow_update(body, update)) return fail("the switch sent a flow update that does not parse");
    events_.on_update(update, now);
  }
}

void Monitor::on_count_part(const MultipartPart& part, Millis now) {
  openflow::TableStats stats;
  for (Bytes body = part.body; !body.empty();) {
    if (!next_table_stats(body, stats)) return fail("the switch sent a count of its flows that does not parse");
    counts_.push_back(stats);
  }
  if (part.more) return;
  question_ = 0;
  events_.on_counts(counts_, now);
}

// --- time ------------------------------------------------------------------------------------------------------------

Millis Monitor::sink_deadline() const {
  return std::min(events_.monitor_deadline(), asking() ? asked_at_ + kPatience : kNever);
}

void Monitor::on_tick(Millis now) {
  if (asking() && now >= asked_at_ + kPatience) return fail("the switch did not answer on the monitor's connection");
  events_.on_monitor_turn(now);
}

}  // namespace sluice
