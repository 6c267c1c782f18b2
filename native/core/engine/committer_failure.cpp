// Committer: what becomes of bundles that fail, of lanes that are lost, and of answers that do not come.
#include <algorithm>
#include <utility>

#include "core/engine/committer.h"

namespace sluice {

namespace {

// A bundle that gets lost this often is no accident.
constexpr unsigned kMaxLost = 8;

}  // namespace

// --- failure ---------------------------------------------------------------------------------------------------------

void Committer::fail(Position position, bool at_commit) {
  withdraw_dependents(position);
  Transaction t = take(position);

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

// It is not what it was thought to be: what was sent ahead of it goes back into the plan, once the switch has taken it
// in.
void Committer::withdraw_dependents(Position failed) {
  for (Position t = std::next(failed); t != in_flight_.end(); ++t) {
    if (t->bundle_id != 0 && t->commit_xid == 0 && is_built_on(*failed, *t)) t->withdrawn = true;
  }
}

void Committer::put_back(Position t) {
  withdraw_dependents(t);
  const Transaction taken = take(t);
  for (const Index entry : taken.slice.entries) {
    if (store_.mark_unsent(entry)) plan_.put(entry);
  }
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

bool Committer::lane_lost(const Lane& lane, Millis now) {
  bool had_some = false;
  for (std::size_t i = 0; i < in_flight_.size();) {
    const Position t = in_flight_.begin() + static_cast<std::ptrdiff_t>(i);
    if (t->lane != &lane) {
      ++i;
      continue;
    }
    had_some = true;
    put_back(t);
  }
  release(now);
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
  for (const Transaction& t : in_flight_) {
    if (!t.ours()) first = std::min(first, t.since + kPatience);
  }
  return first;
}

void Committer::tick(Millis now) {
  for (const Transaction& t : in_flight_) {
    if (t.ours() || now < t.since + kPatience) continue;
    t.lane->fail("the switch did not answer a bundle for " + std::to_string(kPatience / 1000) + " s");
  }
}

}  // namespace sluice
