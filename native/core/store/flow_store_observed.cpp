// FlowStore: what the switch turns out to hold, by a dump or because somebody else has changed it.
#include <utility>

#include "core/openflow/multipart.h"
#include "core/store/flow_store.h"

namespace sluice {

namespace {

constexpr std::uint32_t kLastMeter = 0xffff0000;  // OFPM_MAX

[[nodiscard]] std::uint32_t load_id(const KeyView& key) {
  std::uint32_t id;
  std::memcpy(&id, key.tail.data(), sizeof id);
  return id;
}

// Learned and temporary flows of others come and go by themselves.
[[nodiscard]] bool times_out(const BodyView& body) {
  return body.head.idle_timeout_sec != 0 || body.head.hard_timeout_sec != 0;
}

[[nodiscard]] bool covers(const ReadScope& scope, const KeyHead& key) {
  return key.kind == EntryKind::flow ? scope.tables[key.table] : scope.groups;
}

}  // namespace

void FlowStore::learn(Index entry, Handle body, DifferenceSink* sink) {
  const Handle was = entries_[entry].confirmed;
  if (sink != nullptr && was != body) sink->on_difference(entry, was, body);
  set_confirmed(entry, body);
}

// --- by a dump -------------------------------------------------------------------------------------------------------

void FlowStore::begin_dump(const ReadScope& scope, DifferenceSink* sink) {
  scope_ = scope;
  sink_ = sink;
  for (Index i = 1; i < entries_.end(); ++i) entries_[i].seen = false;
}

void FlowStore::observe(const KeyView& key, const BodyView& body) {
  // Meters that the datapath keeps for itself (slow path, controller).
  if (key.head.kind == EntryKind::meter && load_id(key) > kLastMeter) return;
  Index entry = entries_.find(key);
  if (times_out(body) && (entry == 0 || entries_[entry].desired == 0)) {
    if (sink_ != nullptr) sink_->on_left_alone(key.head.table);
    return;
  }
  if (entry == 0) entry = entries_.find_or_create(key);
  Entry& e = entries_[entry];
  e.seen = true;
  if (!bodies_.equal(e.confirmed, body)) {
    learn(entry, bodies_.equal(e.desired, body) ? bodies_.share(e.desired) : bodies_.make(body), sink_);
  }
  // What an earlier run of ours left is what a refusal must leave in place; what this one has sent of a change is not.
  const Index owner = owners_.find(owner_of_cookie(body.head.cookie));
  if (owner == 0 || owners_[owner].settled_once || owners_[owner].sent) return;
  Index w = find_want(entry, owner);
  if (w == 0) w = add_want(entry, owner);
  if (wants_[w].prior == 0) wants_[w].prior = bodies_.share(entries_[entry].confirmed);
  owners_[owner].changed = true;
}

std::uint64_t FlowStore::end_dump() {
  DifferenceSink* sink = std::exchange(sink_, nullptr);
  std::uint64_t foreign = 0;
  for (Index i = 1; i < entries_.end(); ++i) {
    Entry& e = entries_[i];
    if (e.key == 0 || !covers(scope_, entries_.key(i))) continue;
    if (!e.seen && e.confirmed != 0) {
      learn(i, 0, sink);
      // The flows that pointed to it went with it, and this dump may not have been about them.
      const EntryKind kind = entries_.key(i).kind;
      if (kind != EntryKind::flow && !scope_.tables.all()) drop_dependents(kind, entries_.id(i), sink);
    }
    if (e.desired == 0 && e.confirmed != 0) ++foreign;
    refresh(i);
  }
  return foreign;
}

// --- by somebody else's change ---------------------------------------------------------------------------------------

Index FlowStore::suspect(const KeyView& key) {
  const Index entry = entries_.find_or_create(key);
  entries_[entry].suspect = true;
  entries_[entry].asked = false;
  return entry;
}

void FlowStore::acquit(Index entry) {
  entries_[entry].suspect = false;
  entries_[entry].asked = false;
  free_if_unused(entry);
}

void FlowStore::correct(Index entry, const BodyView* body, DifferenceSink& sink) {
  const bool left_alone = body != nullptr && times_out(*body) && entries_[entry].desired == 0;
  if (left_alone) sink.on_left_alone(entries_.key(entry).table);
  const Handle is = body == nullptr || left_alone ? 0 : bodies_.make(*body);
  if (is != 0 || entries_[entry].confirmed != 0) learn(entry, is, &sink);
  refresh(entry);
}

bool FlowStore::alike(Handle body, const BodyView& told) const {
  if (body == 0) return false;
  BodyView known = told;
  known.head.flags = bodies_.head(body).flags;
  known.head.importance = bodies_.head(body).importance;
  return bodies_.equal(body, known);
}

}  // namespace sluice
