#include "core/engine/bulk_lanes.h"

namespace sluice {

BulkLanes::BulkLanes(LaneEvents& events, openflow::OpenFlowSession& main) : events_(events), main_(main) {
  for (auto& lane : lanes_) lane = std::make_unique<Lane>(*this);
}

void BulkLanes::ask() {
  if (asked_xid_ != 0) return;
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
  if (lanes_for(ports_) > wanted_) fit();
  return true;
}

bool BulkLanes::on_error(std::uint32_t xid) {
  if (xid != asked_xid_ || asked_xid_ == 0) return false;
  asked_xid_ = 0;
  if (wanted_ == 0) fit();
  return true;
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
