// The desired half of FlowStore: owner sets in, `desired` bodies and dirty entries out.
#include <utility>

#include "core/store/flow_store.h"

namespace sluice {

// One message of a set, parsed. The spans point into the batch.
struct FlowStore::Parsed {
  KeyHead key_head;
  Bytes oxm;             // of a flow
  std::uint32_t id = 0;  // of a group or meter
  std::uint64_t hash = 0;
  BodyView body;

  [[nodiscard]] KeyView key() const {
    return key_head.kind == EntryKind::flow ? KeyView{key_head, oxm} : key_of(key_head.kind, id);
  }
};

// Takes one message off the front; it has been validated by read_batch.
bool FlowStore::parse_next(Bytes& messages, Parsed& out) {
  const auto header = openflow::decode_header(messages);
  if (!header || header->length < openflow::kHeaderSize || header->length > messages.size()) return false;
  const Bytes message = messages.first(header->length);
  messages = messages.subspan(header->length);
  if (header->type == openflow::Type::flow_mod) {
    const openflow::FlowMod flow = openflow::view_flow_mod(message);
    out.key_head = key_of(flow).head;
    out.oxm = flow.oxm;
    out.body = body_of(flow);
  } else if (header->type == openflow::Type::group_mod) {
    openflow::GroupMod group;
    if (!decode_group_mod(message, group).ok()) return false;
    out.id = group.group_id;
    out.key_head = key_of(EntryKind::group, out.id).head;
    out.body = body_of(group);
  } else {
    openflow::MeterMod meter;
    if (!decode_meter_mod(message, meter).ok()) return false;
    out.id = meter.meter_id;
    out.key_head = key_of(EntryKind::meter, out.id).head;
    out.body = body_of(meter);
  }
  out.hash = Entries::hash(out.key());
  return true;
}

std::vector<Index> FlowStore::apply(std::span<const OwnerSet> sets, std::uint32_t epoch) {
  // A window at a time, over the borders of sets: while its messages are parsed, their places in the index come from
  // memory.
  constexpr std::size_t kWindow = 64;
  std::vector<Parsed> window;
  window.reserve(kWindow);
  std::vector<Index> applied;
  applied.reserve(sets.size());
  std::size_t parsed = 0;     // sets taken up by the parser; the last of them may have messages left
  std::uint32_t missing = 0;  // messages of the set being applied that have not been applied
  Bytes left;
  const auto next_set = [&] {
    if (!applied.empty()) end_set(applied.back());
    const OwnerSet& set = sets[applied.size()];
    missing = set.count;
    applied.push_back(begin_set(set.owner, epoch));
  };
  while (parsed < sets.size() || !left.empty()) {
    window.clear();
    while (window.size() < kWindow && (parsed < sets.size() || !left.empty())) {
      if (left.empty()) {
        owners_.prefetch(sets[parsed].owner);
        left = sets[parsed++].messages;
      } else if (parse_next(left, window.emplace_back())) {
        entries_.prefetch(window.back().hash);
      } else {
        return applied;  // cannot be: read_batch would have refused it
      }
    }
    for (const Parsed& m : window) {
      while (missing == 0) next_set();
      --missing;
      wish(applied.back(), entries_.find_or_create(m.key(), m.hash), m.body);
    }
  }
  while (applied.size() < sets.size()) next_set();
  if (!applied.empty()) end_set(applied.back());
  return applied;
}

Index FlowStore::begin_set(OwnerKey key, std::uint32_t epoch) {
  const Index owner = owners_.find_or_create(key);
  owners_[owner].epoch = epoch;
  return owner;
}

// What the set did not name is wanted no more.
void FlowStore::end_set(Index owner) {
  for (Index w = owners_[owner].first_want; w != 0; w = wants_[w].next_of_owner) {
    Want& want = wants_[w];
    if (want.marked == 0 && want.body != 0) set_body(want, 0);
    want.marked = 0;
  }
  report_owner(owner);
}

std::vector<Index> FlowStore::clear_all_but(std::uint32_t epoch) {
  std::vector<Index> cleared;
  for (Index o = 1; o < owners_.end(); ++o) {
    if (owners_[o].key == 0 || !is_before(owners_[o].epoch, epoch)) continue;
    cleared.push_back(begin_set(owners_[o].key, epoch));
    end_set(o);
  }
  return cleared;
}

void FlowStore::wish(Index owner, Index entry, const BodyView& body) {
  Index w = find_want(entry, owner);
  if (w == 0) w = add_want(entry, owner);
  Want& want = wants_[w];
  if (want.marked != 0) return wish_twice(want, body);
  want.marked = 1;
  if (bodies_.equal(want.body, body)) return;
  set_body(want, bodies_.equal(want.prior, body) ? bodies_.share(want.prior) : bodies_.make(body));
}

// One set names one match twice: the same rules as between owners, so that the order inside the set does not matter.
void FlowStore::wish_twice(Want& want, const BodyView& body) {
  if (bodies_.equal(want.body, body)) return;
  Handle other = bodies_.make(body);
  const OwnerKey key = owners_[want.owner].key;
  Decision decision = resolve({{key, want.body}, {key, other}}, bodies_);
  if (!decision.union_payload.empty()) {
    BodyView merged;
    merged.head = bodies_.head(decision.like);
    merged.head.names_set = 0;
    merged.payload = decision.union_payload;
    set_body(want, bodies_.make(merged));
  } else {
    conflicts_.push_back({want.entry, {key}, {key}});
    if (decision.like == other) set_body(want, bodies_.share(other));
  }
  bodies_.drop(other);
}

void FlowStore::set_body(Want& want, Handle body) {
  bodies_.drop(want.body);
  want.body = body;
  owners_[want.owner].changed = true;
  touch(want.entry);
}

void FlowStore::touch(Index entry) {
  if (entries_[entry].touched) return;
  entries_[entry].touched = true;
  touched_.push_back(entry);
}

void FlowStore::resolve_touched() {
  for (const Index entry : touched_) {
    entries_[entry].touched = false;
    resolve_entry(entry);
  }
  clear_bulk(touched_);
}

void FlowStore::resolve_entry(Index entry) {
  set_desired(entry, decide(entry));
  refresh(entry);
}

// The body the entry should have, with a reference for the caller.
Handle FlowStore::decide(Index entry) {
  Index only = 0;
  std::size_t living = 0;
  for (Index w = entries_[entry].first_want; w != 0; w = wants_[w].next_of_entry) {
    if (wants_[w].body == 0) continue;
    only = w;
    ++living;
  }
  const bool was_conflict = entries_[entry].conflict;
  entries_[entry].conflict = false;
  if (living == 0) return 0;
  if (living == 1) return bodies_.share(wants_[only].body);

  std::vector<Wish> wishes;
  wishes.reserve(living);
  for (Index w = entries_[entry].first_want; w != 0; w = wants_[w].next_of_entry) {
    if (wants_[w].body != 0) wishes.push_back({owners_[wants_[w].owner].key, wants_[w].body});
  }
  Decision decision = resolve(std::move(wishes), bodies_);
  if (!decision.losers.empty()) {
    entries_[entry].conflict = true;
    if (!was_conflict) conflicts_.push_back({entry, decision.winners, decision.losers});
  }
  // Groups and meters have no cookie on the wire, so there is nothing that could name a set.
  const bool named = decision.winners.size() > 1 && entries_.key(entry).kind == EntryKind::flow;
  if (!named) return bodies_.share(decision.like);
  const bool merged = !decision.union_payload.empty();
  const Bytes payload = merged ? Bytes(decision.union_payload) : bodies_.payload(decision.like);
  return bodies_.make_shared(decision.like, payload, decision.winners);
}

void FlowStore::set_desired(Index entry, Handle body) {
  Entry& e = entries_[entry];
  const auto kind = static_cast<std::size_t>(entries_.key(entry).kind);
  counts_.desired[kind] += static_cast<std::uint64_t>(body != 0) - static_cast<std::uint64_t>(e.desired != 0);
  bodies_.drop(e.desired);
  e.desired = body;
  unify(e);
}

Index FlowStore::find_want(Index entry, Index owner) const {
  Index w = entries_[entry].first_want;
  while (w != 0 && wants_[w].owner != owner) w = wants_[w].next_of_entry;
  return w;
}

Index FlowStore::add_want(Index entry, Index owner) {
  const Index w = wants_.allocate();
  Want& want = wants_[w];
  want.entry = entry;
  want.owner = owner & 0x7fffffffu;
  want.next_of_entry = std::exchange(entries_[entry].first_want, w);
  want.next_of_owner = std::exchange(owners_[owner].first_want, w);
  if (entries_[entry].unsettled) ++owners_[owner].pending;
  return w;
}

void FlowStore::unlink_from_entry(Index w) {
  const Want& want = wants_[w];
  Entry& e = entries_[want.entry];
  Index* link = &e.first_want;
  while (*link != w) link = &wants_[*link].next_of_entry;
  *link = want.next_of_entry;
  if (e.unsettled) --owners_[want.owner].pending;
}

void FlowStore::report_owner(Index owner) {
  if (owners_[owner].reported) return;
  owners_[owner].reported = true;
  settled_.push_back(owner);
}

std::size_t FlowStore::reserved_bytes() const {
  return arena_.reserved() + entries_.reserved() + owners_.reserved() + wants_.reserved() + sets_.reserved() +
         (touched_.capacity() + dirty_.capacity() + settled_.capacity()) * sizeof(Index);
}

}  // namespace sluice
