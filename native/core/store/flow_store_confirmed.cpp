// FlowStore: what was sent, and what the switch confirmed or refused.
#include <algorithm>
#include <utility>

#include "core/store/flow_store.h"

namespace sluice {

// --- what differs ----------------------------------------------------------------------------------------------------

// Equal bytes become one block, so that "settled" is a comparison of two handles and costs no memory twice.
void FlowStore::unify(Entry& e) {
  if (e.desired == e.confirmed || !bodies_.equal(e.desired, e.confirmed)) return;
  bodies_.drop(e.confirmed);
  e.confirmed = bodies_.share(e.desired);
}

// After any change of desired, confirmed or in_flight.
void FlowStore::refresh(Index entry) {
  Entry& e = entries_[entry];
  const bool unsettled = e.in_flight || e.desired != e.confirmed;
  if (unsettled != e.unsettled) {
    e.unsettled = unsettled;
    counts_.unsettled += unsettled ? 1u : ~std::uint64_t{0};
    for (Index w = e.first_want; w != 0; w = wants_[w].next_of_entry) {
      Owner& owner = owners_[wants_[w].owner];
      if (unsettled) {
        ++owner.pending;
      } else if (--owner.pending == 0) {
        report_owner(wants_[w].owner);
      }
    }
  }
  if (unsettled && !e.in_flight && !e.queued) {
    e.queued = true;
    dirty_.push_back(entry);
  }
  if (!unsettled) free_if_unused(entry);
}

void FlowStore::free_if_unused(Index entry) {
  const Entry& e = entries_[entry];
  const bool unused = e.first_want == 0 && e.desired == 0 && e.confirmed == 0 && !e.in_flight && !e.queued;
  if (unused && !e.touched && !e.suspect && e.key != 0) entries_.free(entry);
}

bool FlowStore::unqueue(Index entry) {
  Entry& e = entries_[entry];
  if (!e.queued) return false;  // it was taken from another place already
  e.queued = false;
  if (e.unsettled && !e.in_flight) return true;
  free_if_unused(entry);
  return false;
}

void FlowStore::requeue(Index entry) { entries_[entry].queued = true; }

bool FlowStore::depends_on_bulk(Index entry) const {
  const EntryKind kind = entries_.key(entry).kind;
  const Handle desired = entries_[entry].desired;
  if (kind != EntryKind::flow) {
    if (desired != 0) return false;
    return std::ranges::any_of(references_.find(kind, entries_.id(entry)),
                               [&](Index f) { return !entries_[f].urgent; });
  }
  if (desired == 0) return false;
  return std::ranges::any_of(references_of(bodies_.payload(desired)), [&](const Reference& r) {
    const Index there = entries_.find(key_of(r.kind, r.id));
    if (there == 0 || entries_[there].urgent) return false;
    const Entry& e = entries_[there];
    const bool goes = e.in_flight && e.sent == 0;
    return e.unsettled && e.desired != 0 && (e.confirmed == 0 || goes);
  });
}

// --- sent → confirmed ------------------------------------------------------------------------------------------------

void FlowStore::mark_sent(Index entry) {
  Entry& e = entries_[entry];
  e.sent = bodies_.share(e.desired);
  e.in_flight = true;
  e.asked = false;
  for (Index w = e.first_want; w != 0; w = wants_[w].next_of_entry) owners_[wants_[w].owner].sent = true;
}

Outcome FlowStore::confirm(Index entry) {
  Entry& e = entries_[entry];
  const Outcome outcome = e.sent == 0 ? Outcome::deleted : e.confirmed == 0 ? Outcome::added : Outcome::modified;
  e.in_flight = false;
  set_confirmed(entry, std::exchange(e.sent, 0));
  const EntryKind kind = entries_.key(entry).kind;
  if (outcome == Outcome::deleted && kind != EntryKind::flow) drop_dependents(kind, entries_.id(entry), nullptr);
  refresh(entry);
  return outcome;
}

// The switch deletes the flows that point to a group or meter along with it. Those that are still wanted become dirty,
// are refused for what they point to, and so their owner hears of it.
void FlowStore::drop_dependents(EntryKind kind, std::uint32_t id, DifferenceSink* sink) {
  for (const Index flow : references_.find(kind, id)) {
    learn(flow, 0, sink);
    refresh(flow);
  }
}

bool FlowStore::mark_unsent(Index entry) {
  Entry& e = entries_[entry];
  bodies_.drop(e.sent);
  e.in_flight = false;
  // Queued first: refresh() would put it into dirty(), but the caller has a place of its own for it.
  e.queued = true;
  refresh(entry);
  if (!unqueue(entry)) return false;
  requeue(entry);
  return true;
}

void FlowStore::set_confirmed(Index entry, Handle body) {
  Entry& e = entries_[entry];
  counts_.confirmed += static_cast<std::uint64_t>(body != 0) - static_cast<std::uint64_t>(e.confirmed != 0);
  if (entries_.key(entry).kind == EntryKind::flow) {
    counts_.in_table[entries_.key(entry).table] +=
        static_cast<std::uint32_t>(body != 0) - static_cast<std::uint32_t>(e.confirmed != 0);
    if (e.confirmed != 0) references_.remove(entry, bodies_.payload(e.confirmed));
    if (body != 0) references_.add(entry, bodies_.payload(body));
  }
  bodies_.drop(e.confirmed);
  e.confirmed = body;
  unify(e);
}

Index FlowStore::changer(Index entry) const {
  Index any = 0;
  for (Index w = entries_[entry].first_want; w != 0; w = wants_[w].next_of_entry) {
    if (owners_[wants_[w].owner].ticket == 0) continue;
    any = wants_[w].owner;
    if (wants_[w].body != wants_[w].prior) break;
  }
  return any;
}

OwnerKey FlowStore::wanting_owner(Index entry) const {
  for (Index w = entries_[entry].first_want; w != 0; w = wants_[w].next_of_entry) {
    if (wants_[w].body != 0) return owners_[wants_[w].owner].key;
  }
  return 0;
}

void FlowStore::settle(Index o) {
  owners_[o].reported = false;
  if (owners_[o].pending != 0) return;
  if (owners_[o].changed) {
    owners_[o].changed = false;
    sweep_wants(o, [&](Want& want) {
      if (want.body == want.prior) return want.body == 0;
      bodies_.drop(want.prior);
      want.prior = bodies_.share(want.body);
      return want.body == 0;
    });
  }
  owners_[o].settled_once = true;
  const Owner& owner = owners_[o];
  if (owner.first_want == 0 && owner.ticket == 0 && !owner.quarantined) owners_.free(o);
}

template <typename Dead>
void FlowStore::sweep_wants(Index o, Dead dead) {
  // By index, not by pointer into the list: removing a want may free its entry, never another want.
  Index before = 0;
  for (Index w = owners_[o].first_want; w != 0;) {
    const Index next = wants_[w].next_of_owner;
    if (!dead(wants_[w])) {
      before = std::exchange(w, next);
      continue;
    }
    const Index entry = wants_[w].entry;
    unlink_from_entry(w);
    (before == 0 ? owners_[o].first_want : wants_[before].next_of_owner) = next;
    wants_.release(w);
    free_if_unused(entry);
    w = next;
  }
}

// --- refusal ---------------------------------------------------------------------------------------------------------

std::vector<Index> FlowStore::blame(Index entry) const {
  std::vector<Index> changed;
  std::vector<Index> all;
  for (Index w = entries_[entry].first_want; w != 0; w = wants_[w].next_of_entry) {
    const Want& want = wants_[w];
    if (want.body != want.prior) changed.push_back(want.owner);
    if (want.body != 0) all.push_back(want.owner);
  }
  return changed.empty() ? all : changed;
}

void FlowStore::revert(Index o, Index refused) {
  for (Index w = owners_[o].first_want; w != 0; w = wants_[w].next_of_owner) {
    Want& want = wants_[w];
    const bool was_so_before = want.entry == refused && bodies_.equal(want.prior, want.body);
    // The switch refuses what it once took (a group is gone, a limit was lowered): trying it again would never end.
    if (was_so_before) bodies_.drop(want.prior);
    if (want.body != want.prior) set_body(want, bodies_.share(want.prior));
  }
  resolve_touched();
  // Whatever is left to be done now leads back to `prior`; the dead wants go when it is done.
  owners_[o].changed = true;
  report_owner(o);
}

void FlowStore::forget(Index entry) {
  set_confirmed(entry, 0);
  refresh(entry);
}

}  // namespace sluice
