#include "core/engine/committer.h"

#include <algorithm>
#include <utility>

#include "core/engine/compose.h"
#include "core/openflow/barrier.h"
#include "core/openflow/bundle.h"

namespace sluice {

namespace {

using openflow::BundleControl;

// Of the bundle errors, those that are about one message: OFPBFC_MSG_BAD_LEN, _BAD_XID, _UNSUP and _CONFLICT.
[[nodiscard]] bool is_about_bundle(const openflow::Error& e) {
  return e.type == openflow::kErrorBundleFailed && (e.code < 8 || e.code > 11);
}

}  // namespace

// --- sending ---------------------------------------------------------------------------------------------------------

void Committer::compose(const CommitPolicy& policy, std::span<Lane* const> lanes, Millis now) {
  for (;;) {
    Retry work;
    Lane* lane = nullptr;
    if (!retries_.empty()) {
      // After a failure one at a time, in order, with nothing else under way: it must be clear who is to blame.
      lane = in_flight_.empty() ? free_lane(lanes, policy.under_way) : nullptr;
      if (lane != nullptr) next_retry(work);
    } else {
      lane = next(policy, lanes, work);
    }
    if (lane == nullptr) return;
    if (!work.slice.entries.empty()) send(*lane, std::move(work), now);
  }
}

// A stage starts when the one before has been confirmed: a flow must not be judged, and its owner blamed, by a group
// whose own bundle then fails.
bool Committer::may_start(Stage stage) const {
  return std::ranges::none_of(in_flight_, [&](const Transaction& t) {
    return t.slice.whole || t.slice.stage < stage || is_meters(t.slice.stage);
  });
}

bool Committer::has_room(Lane& lane, std::size_t most) {
  if (!lane.up() || lane.wants_close() || lane.output().size() >= kLowWater) return false;
  const Load& load = load_of(lane);
  return load.entries < most && load.bundles < kMostBundles;
}

Committer::Load& Committer::load_of(const Lane& lane) {
  const auto found = std::ranges::find(loads_, &lane, &Load::lane);
  return found != loads_.end() ? *found : loads_.emplace_back(Load{&lane});
}

// It is no longer under way.
Committer::Transaction Committer::take(Position t) {
  Load& load = load_of(*t->lane);
  --load.bundles;
  load.entries -= t->slice.entries.size();
  Transaction taken = std::move(*t);
  in_flight_.erase(t);
  return taken;
}

// The one with the least under way.
Committer::Lane* Committer::free_lane(std::span<Lane* const> lanes, std::size_t most) {
  Lane* best = nullptr;
  for (Lane* lane : lanes) {
    if (!has_room(*lane, most)) continue;
    best = lane;
    most = load_of(*lane).entries;
  }
  return best;
}

// Within a stage any lane. What belongs to a later step than something under way is sent ahead and its COMMIT held, and
// so little of it that small changes find few flows under way. Otherwise the lane that has all that is under way, since
// one lane keeps its order.
Committer::Lane* Committer::lane_for(const Plan::Front& at, std::size_t most, std::span<Lane* const> lanes) {
  const auto of_this_stage = [&](const Transaction& t) { return t.slice.stage == at.stage; };
  if (std::ranges::all_of(in_flight_, of_this_stage)) {
    const bool ahead =
        std::ranges::any_of(in_flight_, [&](const Transaction& t) { return t.slice.first_step < at.step; });
    return free_lane(lanes, ahead && lanes.size() > 1 ? most / 2 : most);
  }
  Lane* only = in_flight_.front().lane;
  const bool has_all = std::ranges::all_of(in_flight_, [&](const Transaction& t) { return t.lane == only; });
  return has_all && std::ranges::find(lanes, only) != lanes.end() && has_room(*only, most) ? only : nullptr;
}

void Committer::next_retry(Retry& work) {
  work = std::move(retries_.front());
  retries_.pop_front();
  std::erase_if(work.slice.entries, [&](Index e) { return !store_.unqueue(e); });
  // What was to be added may be to be deleted now, if its owner's change was withdrawn.
  std::ranges::stable_sort(work.slice.entries, {}, [&](Index e) { return stage_of(store_, e); });
}

// Takes the next slice for the lane that is returned.
Committer::Lane* Committer::next(const CommitPolicy& policy, std::span<Lane* const> lanes, Retry& work) {
  const auto at = plan_.front();
  if (!at || !may_start(at->stage)) return nullptr;
  if (policy.adds_only && at->stage >= Stage::flows_delete) return nullptr;
  if (policy.hold_flows && at->stage == Stage::flows_add) return nullptr;
  Lane* lane = lane_for(*at, policy.under_way, lanes);
  if (lane == nullptr) return nullptr;
  const std::size_t one_bundle = policy.atomic                       ? kAtomicEntries
                                 : policy.staged || policy.adds_only ? 0
                                                                     : Plan::kSliceEntries;
  if (!is_meters(at->stage) && in_flight_.empty() && plan_.size() <= one_bundle) {
    work.slice = plan_.take_whole();
    return lane;
  }
  if (policy.atomic && plan_.size() > kAtomicEntries && in_flight_.empty()) {
    events_.on_trouble("an atomic commit is too large for one bundle and goes in stages",
                       std::to_string(plan_.size()) + " messages");
  }
  // A step that gives work to several lanes is not mixed with another; small steps share a bundle.
  work.slice = plan_.take_slice({policy.slice, lanes.size() > 1 && at->entries > 2 * policy.slice});
  return lane;
}

void Committer::send(Lane& lane, Retry work, Millis now) {
  Transaction& t = in_flight_.emplace_back();
  t.slice = std::move(work.slice);
  t.lane = &lane;
  t.attempt = work.attempt;
  t.since = now;
  const std::size_t count = t.slice.entries.size();
  Load& load = load_of(lane);
  ++load.bundles;
  load.entries += count;
  t.first_xid = lane.take_xids(static_cast<std::uint32_t>(count) + 2);
  const bool meters = is_meters(stage_of(store_, t.slice.entries.front()));
  if (!meters) {
    // Unique on the connection, which two committers share: the switch drops a bundle whose id is opened again.
    t.bundle_id = t.first_xid;
    encode_bundle_control(lane.output(), t.bundle_id, BundleControl::open_request, t.first_xid);
    ++totals_.bundles;
  }
  for (std::size_t i = 0; i < count; ++i) send_message(t, i);
  totals_.messages += count;
  openflow::encode_barrier_request(lane.output(), t.barrier_xid());
}

void Committer::send_message(const Transaction& t, std::size_t position) {
  const Index entry = t.slice.entries[position];
  store_.mark_sent(entry);
  const Handle body = store_.entries()[entry].sent;
  const std::uint32_t xid = t.first_xid + 1 + static_cast<std::uint32_t>(position);
  const std::size_t size = mod_size(store_, entry, body);
  const bool bundled = t.bundle_id != 0;
  Writer w(t.lane->output().extend(size + (bundled ? openflow::kBundleAddSize : 0)));
  if (bundled) openflow::encode_bundle_add_head(w, t.bundle_id, size, xid);
  write_mod(w, store_, entry, body, xid);
}

// --- answers ---------------------------------------------------------------------------------------------------------

bool Committer::on_error(const Lane& lane, std::uint32_t xid, const openflow::Error& error, Millis now) {
  for (auto t = in_flight_.begin(); t != in_flight_.end(); ++t) {
    if (t->lane != &lane) continue;
    if (t->commit_xid != 0 && xid == t->commit_xid) {
      progress(lane, now);
      const bool undone = error.type == openflow::kErrorBundleFailed && error.code == openflow::kBundleMessageFailed;
      if (!undone) lose(*t, error);
      fail(t, true);
      release(now);
      return true;
    }
    const std::uint32_t offset = xid - t->first_xid;
    const auto count = static_cast<std::uint32_t>(t->slice.entries.size());
    if (offset > count + 1) continue;
    if (offset == 0 || offset == count + 1 || is_about_bundle(error)) {
      lose(*t, error);
    } else {
      t->refusals.push_back({offset - 1, {error.type, error.code, error.experimenter, {}}});
    }
    return true;
  }
  return false;
}

// The first reason is the cause; what follows are its consequences.
void Committer::lose(Transaction& t, const openflow::Error& error) {
  if (!t.lost) t.why_lost = {error.type, error.code, error.experimenter, {}};
  t.lost = true;
}

bool Committer::on_barrier_reply(const Lane& lane, std::uint32_t xid, Millis now) {
  const auto t =
      std::ranges::find_if(in_flight_, [&](const Transaction& x) { return x.lane == &lane && x.barrier_xid() == xid; });
  if (t == in_flight_.end() || t->commit_xid != 0) return false;
  progress(lane, now);
  if (t->bundle_id == 0) {
    t->lost || !t->refusals.empty() ? fail(t, false) : succeed(t);
  } else {
    t->ready = true;
    release(now);
  }
  return true;
}

// Settles what the switch has taken in and what nothing stands before any more, in the order it was sent.
void Committer::release(Millis now) {
  for (std::size_t i = 0; i < in_flight_.size();) {
    const Position t = in_flight_.begin() + static_cast<std::ptrdiff_t>(i);
    if (!t->ready || t->commit_xid != 0 || (!t->withdrawn && !may_end(t))) {
      ++i;
      continue;
    }
    const bool refused = t->lost || !t->refusals.empty();
    if (!refused && !t->withdrawn) {
      t->commit_xid = t->lane->next_xid();
      t->since = now;
      encode_bundle_control(t->lane->output(), t->bundle_id, BundleControl::commit_request, t->commit_xid);
      ++i;
      continue;
    }
    encode_bundle_control(t->lane->output(), t->bundle_id, BundleControl::discard_request, t->lane->next_xid());
    if (t->withdrawn) {
      put_back(t);
    } else {
      fail(t, false);
    }
    i = 0;
  }
}

// Nothing that it builds on is still under way, and the lane has few COMMITs: the switch would take a row of them
// without a pause. Those that had to wait would be such a row.
bool Committer::may_end(Position t) {
  const bool waits = std::any_of(in_flight_.begin(), t, [&](const Transaction& u) { return is_built_on(u, *t); });
  t->held = t->held || waits;
  if (waits) return false;
  const auto commits = std::ranges::count_if(
      in_flight_, [&](const Transaction& u) { return u.lane == t->lane && u.commit_xid != 0 && (u.held || !t->held); });
  return commits < (t->held ? 1 : kCommits);
}

// Whether the later one's flows may lead to the earlier one's.
bool Committer::is_built_on(const Transaction& earlier, const Transaction& later) {
  return std::pair(earlier.slice.stage, earlier.slice.first_step) < std::pair(later.slice.stage, later.slice.last_step);
}

bool Committer::on_commit_reply(const Lane& lane, std::uint32_t xid, Millis now) {
  const auto t = std::ranges::find_if(
      in_flight_, [&](const Transaction& x) { return x.lane == &lane && x.commit_xid != 0 && x.commit_xid == xid; });
  if (t == in_flight_.end()) return false;
  progress(lane, now);
  // Expired between barrier and COMMIT and begun anew: cannot be, since nothing is added after the barrier; but an
  // error that says so outweighs a reply.
  t->lost ? fail(t, true) : succeed(t);
  release(now);
  return true;
}

void Committer::succeed(Position t) {
  const Transaction taken = take(t);
  for (const Index entry : taken.slice.entries) {
    events_.on_confirmed(entry);
    store_.confirm(entry);
  }
}

}  // namespace sluice
