#include "core/engine/committer.h"

#include <algorithm>
#include <utility>

#include "core/engine/compose.h"
#include "core/openflow/barrier.h"
#include "core/openflow/bundle.h"

namespace sluice {

namespace {

using openflow::BundleControl;

// A bundle that gets lost this often is no accident.
constexpr unsigned kMaxLost = 8;

// Of the bundle errors, those that are about one message: OFPBFC_MSG_BAD_LEN, _BAD_XID, _UNSUP and _CONFLICT.
[[nodiscard]] bool is_about_bundle(const openflow::Error& e) {
  return e.type == openflow::kErrorBundleFailed && (e.code < 8 || e.code > 11);
}

}  // namespace

// --- sending ---------------------------------------------------------------------------------------------------------

void Committer::compose(const CommitPolicy& policy, std::span<Lane* const> lanes, Millis now) {
  // Small slices over many lanes: with fewer under way some lanes would have nothing for the switch's next turn.
  most_in_flight_ = lanes.size() > 1 ? kInFlight + 1 : kInFlight;
  for (;;) {
    Retry work;
    Lane* lane = nullptr;
    if (!retries_.empty()) {
      // After a failure one at a time, in order, with nothing else under way: it must be clear who is to blame.
      lane = in_flight_.empty() ? free_lane(lanes) : nullptr;
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

bool Committer::has_room(Lane& lane) const {
  if (!lane.up() || lane.wants_close() || lane.output().size() >= kLowWater) return false;
  return static_cast<std::size_t>(std::ranges::count(in_flight_, &lane, &Transaction::lane)) < most_in_flight_;
}

// The one with the least under way.
Committer::Lane* Committer::free_lane(std::span<Lane* const> lanes) const {
  Lane* best = nullptr;
  std::ptrdiff_t least = 0;
  for (Lane* lane : lanes) {
    if (!has_room(*lane)) continue;
    const auto under_way = std::ranges::count(in_flight_, lane, &Transaction::lane);
    if (best != nullptr && under_way >= least) continue;
    best = lane;
    least = under_way;
  }
  return best;
}

// Any lane while all that is under way belongs to this one step; otherwise the lane that has all of it, since one lane
// keeps its order.
Committer::Lane* Committer::lane_for(const Plan::Front& at, std::span<Lane* const> lanes) const {
  const auto of_this_step = [&](const Transaction& t) {
    return t.slice.first_step == at.step && t.slice.last_step == at.step;
  };
  if (std::ranges::all_of(in_flight_, of_this_step)) return free_lane(lanes);
  Lane* only = in_flight_.front().lane;
  const bool has_all = std::ranges::all_of(in_flight_, [&](const Transaction& t) { return t.lane == only; });
  return has_all && std::ranges::find(lanes, only) != lanes.end() && has_room(*only) ? only : nullptr;
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
  Lane* lane = lane_for(*at, lanes);
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
  const bool shared = std::ranges::any_of(in_flight_, [&](const Transaction& t) { return t.lane != lane; });
  work.slice = plan_.take_slice({policy.slice, shared || (lanes.size() > 1 && at->entries > 2 * policy.slice)});
  return lane;
}

void Committer::send(Lane& lane, Retry work, Millis now) {
  Transaction& t = in_flight_.emplace_back();
  t.slice = std::move(work.slice);
  t.lane = &lane;
  t.attempt = work.attempt;
  t.since = now;
  const std::size_t count = t.slice.entries.size();
  t.first_xid = lane.take_xids(static_cast<std::uint32_t>(count) + 2);
  const bool meters = is_meters(stage_of(store_, t.slice.entries.front()));
  if (!meters) {
    t.bundle_id = ++last_bundle_id_ != 0 ? last_bundle_id_ : ++last_bundle_id_;
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
  const bool refused = t->lost || !t->refusals.empty();
  if (t->bundle_id == 0) {
    refused ? fail(t, false) : succeed(t);
  } else if (refused) {
    encode_bundle_control(t->lane->output(), t->bundle_id, BundleControl::discard_request, t->lane->next_xid());
    fail(t, false);
  } else {
    t->commit_xid = t->lane->next_xid();
    encode_bundle_control(t->lane->output(), t->bundle_id, BundleControl::commit_request, t->commit_xid);
  }
  return true;
}

bool Committer::on_commit_reply(const Lane& lane, std::uint32_t xid, Millis now) {
  const auto t = std::ranges::find_if(
      in_flight_, [&](const Transaction& x) { return x.lane == &lane && x.commit_xid != 0 && x.commit_xid == xid; });
  if (t == in_flight_.end()) return false;
  progress(lane, now);
  // Expired between barrier and COMMIT and begun anew: cannot be, since nothing is added after the barrier; but an
  // error that says so outweighs a reply.
  t->lost ? fail(t, true) : succeed(t);
  return true;
}

void Committer::succeed(Position t) {
  const std::vector<Index> entries = std::move(t->slice.entries);
  in_flight_.erase(t);
  for (const Index entry : entries) {
    events_.on_confirmed(entry);
    store_.confirm(entry);
  }
}

// --- failure ---------------------------------------------------------------------------------------------------------

void Committer::fail(Position position, bool at_commit) {
  Transaction t = std::move(*position);
  in_flight_.erase(position);

  if (t.lost) {
    const std::string why = openflow::error_name(t.why_lost);
    events_.on_trouble("the switch lost a bundle; sending it again",
                       "bundle " + std::to_string(t.bundle_id) + ": " + why);
    if (t.attempt >= kMaxLost) t.lane->fail("the switch loses every bundle: " + why);
    // Whether these messages were refused for themselves or for want of their bundle cannot be told. They go again, and
    // those that are bad are refused again.
    t.refusals.clear();
  }
  const std::size_t count = t.slice.entries.size();
  const bool guilty_alone = at_commit && !t.lost && t.refusals.empty() && count == 1;
  if (guilty_alone) {
    t.refusals.push_back({0, {openflow::kErrorBundleFailed, openflow::kBundleMessageFailed, 0, {}}});
  }
  std::vector<Index> forgotten;
  for (const Refusal& refusal : t.refusals) {
    const Index entry = t.slice.entries[refusal.position];
    if (!events_.on_refused(entry, refusal.error)) forgotten.push_back(entry);
  }
  // A METER_MOD outside bundles that was not refused has taken effect.
  std::vector<std::size_t> refused;
  for (const Refusal& refusal : t.refusals) refused.push_back(refusal.position);
  std::vector<Index> left;
  for (std::size_t i = 0; i < count; ++i) {
    const Index entry = t.slice.entries[i];
    if (t.bundle_id == 0 && !t.lost && std::ranges::find(refused, i) == refused.end()) {
      events_.on_confirmed(entry);
      store_.confirm(entry);
    } else if (store_.mark_unsent(entry)) {
      left.push_back(entry);
    }
  }
  for (const Index entry : forgotten) store_.forget(entry);
  t.slice.entries = std::move(left);
  // The first time the rest goes again in one piece; an unknown or a second culprit is closed in on.
  const bool unknown = at_commit && !t.lost && t.refusals.empty();
  const bool halve = at_commit && (unknown || (t.attempt > 0 && !t.slice.whole));
  again(std::move(t.slice), t.attempt + 1, halve && !t.lost);
}

void Committer::again(Slice slice, unsigned attempt, bool halve) {
  if (slice.entries.empty()) return;
  if (!halve || slice.entries.size() == 1) {
    retries_.push_back({std::move(slice), attempt});
    return;
  }
  const auto middle = slice.entries.begin() + static_cast<std::ptrdiff_t>(slice.entries.size() / 2);
  Slice second{slice.stage, slice.whole, slice.first_step, slice.last_step, {middle, slice.entries.end()}};
  slice.entries.erase(middle, slice.entries.end());
  retries_.push_back({std::move(slice), attempt});
  retries_.push_back({std::move(second), attempt});
}

bool Committer::lane_lost(const Lane& lane) {
  bool had_some = false;
  for (auto t = in_flight_.begin(); t != in_flight_.end();) {
    if (t->lane != &lane) {
      ++t;
      continue;
    }
    had_some = true;
    const std::vector<Index> entries = std::move(t->slice.entries);
    t = in_flight_.erase(t);
    for (const Index entry : entries) {
      if (store_.mark_unsent(entry)) plan_.put(entry);
    }
  }
  return had_some;
}

void Committer::yield() {
  for (const Retry& r : std::exchange(retries_, {})) {
    for (const Index entry : r.slice.entries) plan_.put(entry);
  }
}

bool Committer::adds_referents() const {
  const auto adds = [](Stage s) { return s == Stage::groups_add || s == Stage::meters_add; };
  // A whole bundle is in the order of stages and begins with its groups, if it has any.
  return plan_.size(Stage::groups_add) + plan_.size(Stage::meters_add) > 0 ||
         std::ranges::any_of(in_flight_, [&](const Transaction& t) { return adds(t.slice.stage); }) ||
         std::ranges::any_of(retries_, [&](const Retry& r) { return adds(r.slice.stage); });
}

// --- time ------------------------------------------------------------------------------------------------------------

// The switch answers a lane in order: any answer shows that the ones behind are still being worked at.
void Committer::progress(const Lane& lane, Millis now) {
  for (Transaction& t : in_flight_) {
    if (t.lane == &lane) t.since = now;
  }
}

Millis Committer::deadline() const {
  Millis first = kNever;
  for (const Transaction& t : in_flight_) first = std::min(first, t.since + kPatience);
  return first;
}

void Committer::tick(Millis now) {
  for (const Transaction& t : in_flight_) {
    if (now < t.since + kPatience) continue;
    t.lane->fail("the switch did not answer a bundle for " + std::to_string(kPatience / 1000) + " s");
  }
}

}  // namespace sluice
