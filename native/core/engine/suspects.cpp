#include "core/engine/suspects.h"

#include <iterator>
#include <utility>

#include "core/openflow/multipart.h"

namespace sluice {

using openflow::FlowEvent;

bool Suspects::hear(const openflow::FlowUpdate& update, DifferenceSink& sink) {
  if (update.flow.table >= openflow::kHiddenTable) return true;
  const KeyView key = key_of(update.flow);
  const BodyView body = body_of(update.flow);
  const bool there = update.event != FlowEvent::removed;
  const Index entry = store_.find(key);
  const bool times_out = body.head.idle_timeout_sec != 0 || body.head.hard_timeout_sec != 0;
  if (entry == 0 && there && times_out) {
    sink.on_left_alone(key.head.table);
    return true;
  }
  return keep(entry, key, there, body);
}

bool Suspects::hear(const KeyView& key, const BodyView* body) {
  return keep(store_.find(key), key, body != nullptr, body == nullptr ? BodyView{} : *body);
}

bool Suspects::keep(Index entry, const KeyView& key, bool there, const BodyView& body) {
  if (entry != 0 && store_.entries()[entry].suspect) {
    told_[entry] = copy(there, body);
    return true;
  }
  if (as_believed(entry, there, body)) return true;
  if (told_.size() >= kMost) return false;
  told_.emplace(store_.suspect(key), copy(there, body));
  return true;
}

// What is under way will be; what is not, is as it was confirmed.
bool Suspects::as_believed(Index entry, bool there, const BodyView& body) const {
  if (entry == 0) return !there;
  const Entry& e = store_.entries()[entry];
  const Handle believed = e.in_flight ? e.sent : e.confirmed;
  return there ? store_.alike(believed, body) : believed == 0;
}

Suspects::Told Suspects::copy(bool there, const BodyView& body) {
  Told told{there, body.head, {}};
  if (body.has_prefix) told.payload.assign(std::begin(body.prefix), std::end(body.prefix));
  told.payload.insert(told.payload.end(), body.payload.begin(), body.payload.end());
  told.payload.insert(told.payload.end(), body.payload2.begin(), body.payload2.end());
  return told;
}

bool Suspects::ask() {
  bool any = false;
  for (const auto& [entry, told] : told_) {
    if (store_.entries()[entry].in_flight) continue;
    store_.mark_asked(entry);
    any = true;
  }
  return any;
}

bool Suspects::judge(DifferenceSink& sink) {
  bool groups = false;
  for (auto it = told_.begin(); it != told_.end();) {
    const auto& [entry, told] = *it;
    const Entry& e = store_.entries()[entry];
    if (!e.asked || e.in_flight) {
      ++it;
      continue;
    }
    BodyView body;
    body.head = told.head;
    body.payload = told.payload;
    if (!as_believed(entry, told.there, body)) {
      if (store_.entries().key(entry).kind == EntryKind::flow) {
        store_.correct(entry, told.there ? &body : nullptr, sink);
      } else {
        groups = true;
      }
    }
    store_.acquit(entry);
    it = told_.erase(it);
  }
  return groups;
}

void Suspects::forget() {
  for (const auto& [entry, told] : std::exchange(told_, {})) store_.acquit(entry);
}

}  // namespace sluice
