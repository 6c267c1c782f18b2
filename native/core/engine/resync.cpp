#include "core/engine/resync.h"

#include <algorithm>
#include <utility>

#include "core/openflow/description.h"

namespace sluice {

using openflow::MultipartPart;
using openflow::MultipartType;

void Resync::begin(const ReadScope& scope, DifferenceSink* sink, std::int64_t now_us, Millis now) {
  store_.begin_dump(scope, sink);
  report_ = {};
  report_.whole = scope.groups && scope.tables.all();
  began_us_ = now_us;
  heard_ = now;
  complete_ = false;
  left_ = 0;
  xids_ = {};
  if (scope.groups) {
    left_ += 2;
    for (std::uint32_t& xid : xids_) xid = session_.next_xid();
    openflow::encode_group_desc_request(session_.output(), xids_[0]);
    openflow::encode_meter_desc_request(session_.output(), xids_[1]);
  }
  if (!scope.tables.any()) return;
  ++left_;
  walk_.begin(scope.tables);
}

bool Resync::take_xid(std::uint32_t xid, bool last) {
  const auto asked = std::ranges::find(xids_, xid);
  if (xid == 0 || asked == xids_.end()) return false;
  if (last) *asked = 0;
  return true;
}

bool Resync::on_part(std::uint32_t xid, MultipartPart part, Millis now) {
  if (!running()) return false;
  bool last = !part.more;
  if (!take_xid(xid, last)) {
    const TableWalk::Step step = walk_.on_part(xid, part);
    if (step == TableWalk::Step::foreign) return false;
    last = step == TableWalk::Step::done;
  }
  heard_ = now;
  // A dump that does not parse cannot be the base of deletions.
  if (!read(part.type, part.body)) session_.fail("the switch sent a dump that does not parse");
  if (last) finish_one();
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

void Resync::finish_one() {
  if (--left_ == 0) complete_ = true;
}

bool Resync::on_error(std::uint32_t xid, const std::string& name) {
  if (!running()) return false;
  // Without meters (or groups) in this datapath there are none to be read; without flows there is nothing to go by.
  if (take_xid(xid, true)) {
    finish_one();
    return true;
  }
  const TableWalk::Step step = walk_.on_error(xid);
  if (step == TableWalk::Step::foreign) return false;
  if (step == TableWalk::Step::refused) session_.fail("the switch refused to dump its flows: " + name);
  if (step != TableWalk::Step::going) finish_one();
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

}  // namespace sluice
