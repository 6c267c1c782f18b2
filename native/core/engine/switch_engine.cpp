// The public face of the engine; what it does is in parts.cpp.
#include <utility>

#include "core/engine.h"
#include "core/engine/compose.h"
#include "core/engine/parts.h"

namespace sluice {

SwitchEngine::SwitchEngine(EngineListener& listener, MicrosClock clock)
    : parts_(std::make_unique<Parts>(listener, std::move(clock))) {}

SwitchEngine::~SwitchEngine() = default;

Session& SwitchEngine::session() { return parts_->session; }

std::vector<Session*> SwitchEngine::lanes() { return parts_->streams.lanes().sessions(); }

Session& SwitchEngine::monitor_session() { return parts_->drift.monitor().session(); }

Status SwitchEngine::submit(std::uint64_t commit_id, std::vector<std::uint8_t> batch, CommitOptions options,
                            Millis now) {
  std::vector<OwnerSet> sets;
  if (Status status = read_batch(batch, sets); !status.ok()) return status;
  if (parts_->may_pass(options, sets)) {
    parts_->accept_beside(commit_id, std::move(sets));
  } else if (!parts_->waiting.empty() || parts_->must_wait(options)) {
    if (Status status = parts_->wait({commit_id, std::move(batch), options}); !status.ok()) return status;
  } else {
    parts_->accept(commit_id, std::move(batch), std::move(sets), options);
  }
  parts_->pump(now);
  return {};
}

std::vector<std::uint8_t> SwitchEngine::flows(std::optional<OwnerKey> owner, std::optional<std::uint8_t> table) const {
  const FlowStore& store = parts_->store;
  std::vector<std::uint8_t> out;
  const auto add = [&](Index entry) {
    const KeyHead& key = store.entries().key(entry);
    const Handle body = store.entries()[entry].confirmed;
    if (body == 0 || key.kind != EntryKind::flow || (table && key.table != *table)) return;
    append_mod(out, store, entry, body);
  };
  if (owner && !is_shared(*owner)) {
    const Index index = store.owners().find(*owner);
    if (index != 0) store.each_want(index, [&](const Want& want) { add(want.entry); });
    return out;
  }
  for (Index entry = 1; entry < store.entries().end(); ++entry) {
    if (store.entries()[entry].key == 0) continue;
    const Handle body = store.entries()[entry].confirmed;
    if (owner && (body == 0 || owner_of_cookie(store.bodies().head(body).cookie) != *owner)) continue;
    add(entry);
  }
  return out;
}

Status SwitchEngine::read_switch(std::uint64_t request_id, std::optional<std::uint8_t> table, Millis now,
                                 std::optional<OwnerKey> owner) {
  if (!parts_->session.up()) return {StatusCode::unavailable, "the switch is not connected"};
  parts_->reads.begin(request_id, table, owner);
  parts_->pump(now);
  return {};
}

std::vector<OwnerKey> SwitchEngine::owners_of_shared(std::uint32_t id) const {
  const std::vector<OwnerKey>* owners = parts_->store.sets().find(id);
  return owners == nullptr ? std::vector<OwnerKey>{} : *owners;
}

void SwitchEngine::retry_quarantined(Millis now) {
  parts_->retry_quarantined();
  parts_->pump(now);
}

void SwitchEngine::resync(Millis now) {
  parts_->resync_wanted = parts_->full_given;
  parts_->pump(now);
}

EngineStats SwitchEngine::stats() const {
  const Parts& p = *parts_;
  const StoreCounts& counts = p.store.counts();
  EngineStats s;
  s.flows = counts.desired[static_cast<std::size_t>(EntryKind::flow)];
  s.groups = counts.desired[static_cast<std::size_t>(EntryKind::group)];
  s.meters = counts.desired[static_cast<std::size_t>(EntryKind::meter)];
  s.confirmed = counts.confirmed;
  s.unsettled = counts.unsettled;
  s.owners = p.store.owners().size();
  s.shared_sets = p.store.sets().size();
  s.quarantined = p.quarantines.size();
  s.arena_bytes = p.store.used_bytes();
  s.memory_bytes = p.store.reserved_bytes();
  s.pending_commits = p.ledger.pending() + p.waiting.size();
  s.bundles_in_flight = p.streams.bundles_in_flight();
  s.lanes = p.streams.lanes().standing().size();
  s.ports = p.streams.lanes().ports();
  s.messages_sent = p.streams.totals().messages;
  s.bundles_sent = p.streams.totals().bundles;
  s.resyncs = p.resyncs;
  s.monitor = p.drift.state();
  s.drifted = p.drift.total();
  s.unmended = p.drift.open();
  s.datapath_id = p.datapath_id;
  if (p.session.up()) {
    s.state = p.resync.running() ? "resync" : p.synced ? "synced" : "up";
  } else {
    s.state = p.session.open() ? "connecting" : "down";
  }
  return s;
}

}  // namespace sluice
