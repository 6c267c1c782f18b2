#include "core/engine/table_walk.h"

#include <algorithm>

namespace sluice {

using openflow::MultipartPart;

void TableWalk::begin(const std::bitset<256>& tables) {
  tables_ = tables;
  left_.clear();
  flows_ = 0;
  dump_xid_ = 0;
  counts_xid_ = session_->next_xid();
  openflow::encode_table_stats_request(session_->output(), counts_xid_);
}

void TableWalk::begin(std::uint64_t cookie, std::uint8_t table) {
  left_.clear();
  flows_ = 0;
  counts_xid_ = 0;
  dump_xid_ = session_->next_xid();
  openflow::encode_flow_desc_request(session_->output(), table, dump_xid_, {cookie, ~std::uint64_t{0}});
}

TableWalk::Step TableWalk::on_part(std::uint32_t xid, MultipartPart& part) {
  if (xid == 0) return Step::foreign;
  if (xid == dump_xid_) {
    if (part.more) return Step::flows;
    dump_xid_ = 0;
    // The last part's flows are the caller's before the next table's.
    if (left_.empty()) return Step::done;
    ask_next();
    return Step::flows;
  }
  if (xid != counts_xid_) return Step::foreign;
  if (part.type != openflow::MultipartType::table || !read_counts(part.body)) return on_error(xid);
  part.body = {};
  if (part.more) return Step::going;
  counts_xid_ = 0;
  std::ranges::reverse(left_);
  if (tables_.all() && flows_ > 0 && flows_ <= kAtOnce) left_.assign(1, openflow::kTableAll);
  return next();
}

TableWalk::Step TableWalk::on_error(std::uint32_t xid) {
  if (xid != 0 && xid == dump_xid_) return Step::refused;
  if (xid == 0 || xid != counts_xid_) return Step::foreign;
  // A switch that does not say how much there is, is read at once, or table by table if not all are meant.
  counts_xid_ = 0;
  left_.clear();
  if (tables_.all()) left_.push_back(openflow::kTableAll);
  for (unsigned t = openflow::kHiddenTable; t-- > 0 && !tables_.all();) {
    if (tables_[t]) left_.push_back(static_cast<std::uint8_t>(t));
  }
  return next();
}

bool TableWalk::read_counts(Bytes body) {
  openflow::TableStats stats;
  while (!body.empty()) {
    if (!next_table_stats(body, stats)) return false;
    if (stats.flows == 0 || stats.table >= openflow::kHiddenTable || !tables_[stats.table]) continue;
    flows_ += stats.flows;
    left_.push_back(stats.table);
  }
  return true;
}

TableWalk::Step TableWalk::next() {
  if (left_.empty()) return Step::done;
  ask_next();
  return Step::going;
}

void TableWalk::ask_next() {
  dump_xid_ = session_->next_xid();
  openflow::encode_flow_desc_request(session_->output(), left_.back(), dump_xid_);
  left_.pop_back();
}

}  // namespace sluice
