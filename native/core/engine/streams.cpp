#include "core/engine/streams.h"

#include <algorithm>
#include <array>

namespace sluice {

void Streams::take_dirty(Size size, const StreamPolicy& policy) {
  std::vector<Index>& dirty = store_.dirty();
  if (dirty.empty()) return;
  if (size == Size::any) {
    const std::size_t most = policy.atomic ? Committer::kAtomicEntries : policy.staged ? 0 : kSmall;
    if (dirty.size() > most) size = Size::large;
    if (dirty.size() <= most && !busy() && policy.coming == 0) size = Size::small;
  }
  if (size != Size::any) {
    for (const Index entry : dirty) store_.set_urgent(entry, size == Size::small);
  }
  if (bulk_.busy() || policy.coming > 0) sort_out();
  for (const Index entry : dirty) put(entry);
  clear_bulk(dirty);
}

// Beside a load: whatever needs something of the load has to go with it. Flows before groups and meters, whose deletion
// must wait for those flows.
void Streams::sort_out() {
  const auto pass = [&](bool flows) {
    for (const Index entry : store_.dirty()) {
      const bool is_flow = store_.entries().key(entry).kind == EntryKind::flow;
      if (is_flow != flows || !store_.entries()[entry].urgent) continue;
      if (store_.depends_on_bulk(entry)) store_.set_urgent(entry, false);
    }
  };
  pass(true);
  pass(false);
}

void Streams::put(Index entry) { (store_.entries()[entry].urgent ? urgent_plan_ : bulk_plan_).put(entry); }

void Streams::promote(std::span<const Index> owners) {
  if (!bulk_.busy()) return;
  for (const Index owner : owners) {
    store_.each_want(owner, [&](const Want& want) {
      const Entry& e = store_.entries()[want.entry];
      if (!e.queued || e.urgent || store_.depends_on_bulk(want.entry)) return;
      // Its place in the other plan stays behind and is passed over.
      store_.set_urgent(want.entry, true);
      urgent_plan_.put(want.entry);
    });
  }
}

void Streams::compose(const StreamPolicy& policy, Millis now) {
  if (urgent_.busy()) urgent_at_ = now;
  const std::array<Committer::Lane*, 1> main{main_};
  CommitPolicy small;
  small.atomic = policy.atomic;
  urgent_.compose(small, main, now);

  const bool load = bulk_.busy() && bulk_plan_.size() + policy.coming >= kLoad;
  if (load && !loading_) lanes_.ask();
  if (loading_ && !bulk_.busy()) lanes_.fit();
  loading_ = load || (loading_ && bulk_.busy());
  if (!bulk_.busy()) return;
  const std::vector<Committer::Lane*>& standing = lanes_.standing();
  CommitPolicy large;
  large.atomic = policy.atomic;
  large.staged = policy.staged;
  large.adds_only = policy.coming > 0;
  large.hold_flows = urgent_.adds_referents();
  large.slice = slice_for(lanes_.wanted());
  // Little for the main connection while lanes are on their way: with many ports it would be the last to finish.
  const bool beside_urgent = now < urgent_at_ + kUrgentLasts;
  if (beside_urgent || (standing.empty() && lanes_.awaited())) large.slice = std::min(large.slice, kSmallSlice);
  // With less over many lanes some would have nothing for the switch's next turn.
  large.under_way = (standing.size() > 1 ? 4 : 3) * large.slice;
  bulk_.compose(large, standing.empty() ? std::span<Committer::Lane* const>(main) : standing, now);
}

bool Streams::on_error(const Committer::Lane& lane, std::uint32_t xid, const openflow::Error& error, Millis now) {
  return urgent_.on_error(lane, xid, error, now) || bulk_.on_error(lane, xid, error, now);
}

void Streams::on_barrier_reply(const Committer::Lane& lane, std::uint32_t xid, Millis now) {
  if (!urgent_.on_barrier_reply(lane, xid, now)) bulk_.on_barrier_reply(lane, xid, now);
}

void Streams::on_commit_reply(const Committer::Lane& lane, std::uint32_t xid, Millis now) {
  if (!urgent_.on_commit_reply(lane, xid, now)) bulk_.on_commit_reply(lane, xid, now);
}

bool Streams::lane_lost(const Committer::Lane& lane, Millis now) {
  const bool small = urgent_.lane_lost(lane, now);
  return bulk_.lane_lost(lane, now) || small;
}

void Streams::yield() {
  urgent_.yield();
  bulk_.yield();
}

std::size_t Streams::bundles_in_flight() const { return urgent_.bundles_in_flight() + bulk_.bundles_in_flight(); }

CommitterTotals Streams::totals() const {
  const CommitterTotals& a = urgent_.totals();
  const CommitterTotals& b = bulk_.totals();
  return {a.messages + b.messages, a.bundles + b.bundles};
}

Millis Streams::deadline() const { return std::min(urgent_.deadline(), bulk_.deadline()); }

void Streams::tick(Millis now) {
  urgent_.tick(now);
  bulk_.tick(now);
}

}  // namespace sluice
