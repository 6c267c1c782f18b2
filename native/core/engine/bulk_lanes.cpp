#include "core/engine/bulk_lanes.h"

namespace sluice {

BulkLanes::BulkLanes(LaneEvents& events, openflow::OpenFlowSession& main) : events_(events), main_(main) {
  for (auto& lane : lanes_) lane = std::make_unique<Lane>(*this);
}

void BulkLanes::need(Millis now) {
  needed_ = now;
  if (wanted_ > 0 || asked_xid_ != 0) return;
  asked_xid_ = main_.next_xid();
  counted_ = 0;
  openflow::encode_port_desc_request(main_.output(), asked_xid_);
}

bool BulkLanes::on_part(std::uint32_t xid, const openflow::MultipartPart& part) {
  if (xid != asked_xid_ || asked_xid_ == 0) return false;
  counted_ += openflow::count_ports(part.body);
  if (part.more) return true;
  asked_xid_ = 0;
  ports_ = counted_;
  want(lanes_for(ports_));
  return true;
}

bool BulkLanes::on_error(std::uint32_t xid) {
  if (xid != asked_xid_ || asked_xid_ == 0) return false;
  asked_xid_ = 0;
  want(lanes_for(0));
  return true;
}

void BulkLanes::tick(Millis now, bool busy) {
  if (now < deadline()) return;
  // A switch that stands still for a while is not the end of a load.
  busy ? void(needed_ = now) : want(0);
}

void BulkLanes::want(std::size_t count) {
  wanted_ = count;
  for (std::size_t i = 0; i < kMost; ++i) lanes_[i]->session.want(i < count);
}

std::vector<Session*> BulkLanes::sessions() {
  std::vector<Session*> all;
  for (const auto& lane : lanes_) all.push_back(&lane->session);
  return all;
}

void BulkLanes::Lane::on_session_up(const openflow::Features&, Millis now) {
  lanes.standing_.push_back(&session);
  lanes.events_.on_lane_up(now);
}

void BulkLanes::Lane::on_message(const openflow::Header& header, Bytes message, Millis now) {
  lanes.events_.on_lane_message(session, header, message, now);
}

void BulkLanes::Lane::on_session_down(std::string_view reason, Millis now) {
  std::erase(lanes.standing_, &session);
  lanes.events_.on_lane_down(session, reason, now);
}

}  // namespace sluice
