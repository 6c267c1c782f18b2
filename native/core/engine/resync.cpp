#include "core/engine/resync.h"

#include <algorithm>
#include <utility>

#include "core/openflow/description.h"

namespace sluice {

using openflow::MultipartPart;
using openflow::MultipartType;

void Resync::begin(std::int64_t now_us, Millis now) {
  store_.begin_dump();
  report_ = {};
  began_us_ = now_us;
  heard_ = now;
  complete_ = false;
  for (std::uint32_t& xid : xids_) xid = session_.next_xid();
  left_ = static_cast<unsigned>(xids_.size());
  openflow::encode_group_desc_request(session_.output(), xids_[0]);
  openflow::encode_meter_desc_request(session_.output(), xids_[1]);
  openflow::encode_flow_desc_request(session_.output(), openflow::kTableAll, xids_[2]);
}

// A finished dump's place in the list is 0, which is no xid of ours.
bool Resync::is_ours(std::uint32_t xid) const { return xid != 0 && std::ranges::find(xids_, xid) != xids_.end(); }

bool Resync::on_part(std::uint32_t xid, const MultipartPart& part, Millis now) {
  if (!running() || !is_ours(xid)) return false;
  heard_ = now;
  // A dump that does not parse cannot be the base of deletions.
  if (!read(part.type, part.body)) session_.fail("the switch sent a dump that does not parse");
  if (!part.more) finish_one(xid);
  return true;
}

bool Resync::read(MultipartType type, Bytes body) {
  openflow::FlowDescription flow;
  openflow::GroupMod group;
  openflow::MeterMod meter;
  while (!body.empty()) {
    switch (type) {
      case MultipartType::flow_desc:
        if (!next_flow_description(body, flow)) return false;
        ++report_.flows_read;
        store_.observe(key_of(flow.flow), body_of(flow.flow));
        break;
      case MultipartType::group_desc:
        if (!next_group_description(body, group)) return false;
        ++report_.groups_read;
        store_.observe(key_of(EntryKind::group, group.group_id), body_of(group));
        break;
      case MultipartType::meter_desc:
        if (!next_meter_description(body, meter)) return false;
        store_.observe(key_of(EntryKind::meter, meter.meter_id), body_of(meter));
        break;
      default:
        return true;
    }
  }
  return true;
}

void Resync::finish_one(std::uint32_t xid) {
  *std::ranges::find(xids_, xid) = 0;
  if (--left_ > 0) return;
  complete_ = true;
}

bool Resync::on_error(std::uint32_t xid, const std::string& name) {
  if (!running() || !is_ours(xid)) return false;
  // Without meters (or groups) in this datapath there are none to be read; without flows there is nothing to go by.
  if (xid == xids_[2]) session_.fail("the switch refused to dump its flows: " + name);
  finish_one(xid);
  return true;
}

std::optional<ResyncReport> Resync::take_report(std::int64_t now_us) {
  if (!std::exchange(complete_, false) || session_.wants_close()) return std::nullopt;
  report_.foreign = store_.end_dump();
  report_.sent = store_.counts().unsettled;
  report_.elapsed_us = now_us - began_us_;
  return report_;
}

void Resync::tick(Millis now) {
  if (now >= deadline()) session_.fail("the switch did not go on with a dump");
}

// --- reads for a caller ----------------------------------------------------------------------------------------------

void SwitchReads::begin(std::uint64_t request_id, std::uint8_t table, std::optional<OwnerKey> owner) {
  Request& request = requests_.emplace_back();
  request.xid = session_.next_xid();
  request.done.request_id = request_id;
  openflow::CookieFilter cookies;
  if (owner) cookies = {cookie_of_owner(*owner), ~kSpareCookieBits};
  openflow::encode_flow_desc_request(session_.output(), table, request.xid, cookies);
}

bool SwitchReads::on_part(std::uint32_t xid, const MultipartPart& part, std::optional<Done>& done) {
  const auto request = std::ranges::find(requests_, xid, &Request::xid);
  if (request == requests_.end()) return false;
  Bytes body = part.body;
  std::vector<std::uint8_t>& out = request->done.flows;
  openflow::FlowDescription flow;
  while (!body.empty()) {
    if (!next_flow_description(body, flow)) {
      request->done.status = {StatusCode::malformed, "the switch sent a dump that does not parse"};
      break;
    }
    constexpr std::size_t kCounters = 16;
    const std::size_t size = kCounters + flow_mod_size(flow.flow);
    out.resize(out.size() + size);
    Writer w{std::span(out).last(size)};
    w.u64(flow.packets);
    w.u64(flow.bytes);
    encode_flow_mod(w, flow.flow, 0);
  }
  if (part.more) return true;
  done = std::move(request->done);
  requests_.erase(request);
  return true;
}

bool SwitchReads::on_error(std::uint32_t xid, const std::string& name, std::optional<Done>& done) {
  const auto request = std::ranges::find(requests_, xid, &Request::xid);
  if (request == requests_.end()) return false;
  done = std::move(request->done);
  done->flows.clear();
  done->status = {StatusCode::refused, "the switch refused the dump: " + name};
  requests_.erase(request);
  return true;
}

std::vector<SwitchReads::Done> SwitchReads::abandon_all() {
  std::vector<Done> all;
  for (Request& request : std::exchange(requests_, {})) {
    all.push_back({request.done.request_id, {StatusCode::unavailable, "the connection was lost"}, {}});
  }
  return all;
}

}  // namespace sluice
