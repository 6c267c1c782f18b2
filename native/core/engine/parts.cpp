#include "core/engine/parts.h"

#include <algorithm>
#include <utility>

#include "core/engine/compose.h"
#include "core/openflow/bundle.h"
#include "core/openflow/error.h"

namespace sluice {

SwitchEngine::Parts::Parts(EngineListener& events, MicrosClock micros) : listener(events), clock(std::move(micros)) {}

// --- the connection --------------------------------------------------------------------------------------------------

void SwitchEngine::Parts::on_session_up(const openflow::Features& features, Millis now) {
  datapath_id = features.datapath_id;
  synced = false;
  listener.on_up(datapath_id);
  pump(now);
}

void SwitchEngine::Parts::on_session_down(std::string_view reason, Millis) {
  synced = false;
  finish_ingest();
  resync.abandon();
  committer.connection_lost();
  listener.on_down(reason);  // before the reads fail for it
  for (SwitchReads::Done& done : reads.abandon_all()) on_read_done(std::move(done));
}

void SwitchEngine::Parts::on_message(const openflow::Header& header, Bytes message, Millis now) {
  switch (header.type) {
    case openflow::Type::error:
      on_error(header.xid, message, now);
      break;
    case openflow::Type::barrier_reply:
      committer.on_barrier_reply(header.xid, now);
      break;
    case openflow::Type::multipart_reply:
      on_part(header.xid, message, now);
      break;
    case openflow::Type::bundle_control: {
      const auto reply = openflow::decode_bundle_control(message);
      if (reply && reply->control == openflow::BundleControl::commit_reply) committer.on_commit_reply(header.xid, now);
      break;
    }
    default:
      return;  // not ours to understand
  }
  pump(now);
}

void SwitchEngine::Parts::on_error(std::uint32_t xid, Bytes message, Millis now) {
  const auto error = openflow::decode_error(message);
  if (!error) return;
  if (committer.on_error(xid, *error, now)) return;
  const std::string name = openflow::error_name(*error);
  std::optional<SwitchReads::Done> done;
  if (reads.on_error(xid, name, done)) return on_read_done(std::move(done));
  if (resync.on_error(xid, name)) return;
  // Late news of a bundle that is already dealt with, such as its expiry.
  listener.on_log(LogLevel::debug, "the switch sent an error for nothing that is under way", name);
}

void SwitchEngine::Parts::on_part(std::uint32_t xid, Bytes message, Millis now) {
  const auto part = openflow::decode_multipart_reply(message);
  if (!part) return;
  std::optional<SwitchReads::Done> done;
  if (reads.on_part(xid, *part, done)) return on_read_done(std::move(done));
  resync.on_part(xid, *part, now);
}

void SwitchEngine::Parts::on_read_done(std::optional<SwitchReads::Done> done) {
  if (done) listener.on_switch_read(done->request_id, done->status, std::move(done->flows));
}

void SwitchEngine::Parts::on_tick(Millis now) {
  committer.tick(now);
  resync.tick(now);
  pump(now);
}

Millis SwitchEngine::Parts::sink_deadline() const { return std::min(committer.deadline(), resync.deadline()); }

// --- going on --------------------------------------------------------------------------------------------------------

void SwitchEngine::Parts::pump(Millis now) {
  if (!session.up() || session.wants_close()) return;
  if (const auto report = resync.take_report(clock())) {
    synced = true;
    ++resyncs;
    listener.on_resynced(*report);
  }
  for (;;) {
    if (resync.running()) return;
    if ((full_given && !synced) || resync_wanted) {
      finish_ingest();
      // `confirmed` is about to be replaced; nothing may be under way that would change it meanwhile. What was to be
      // tried again would wait for compose(), which is not reached from here: it is planned anew after the dump.
      committer.yield();
      if (!committer.idle()) return;
      resync_wanted = false;
      synced = false;
      resync.begin(clock(), now);
      return;
    }
    plan.take_dirty();
    while (ingest.running() && plan.additions() < Ingest::kSlice) {
      take_in(ingest.next_slice());
      plan.take_dirty();
    }
    const bool atomic = ledger.any_atomic();
    committer.compose({.atomic = atomic, .staged = !atomic && ledger.any_staged(), .adds_only = ingest.running()}, now);
    if (session.wants_close()) return;
    finish_settled();
    if (ingest.running()) {
      // With bundles under way or output to be written something leads back here; without, go on at once.
      if (committer.idle() && plan.additions() < Ingest::kSlice) continue;
      return;
    }
    if (waiting.empty() || must_wait(waiting.front().options)) return;
    Waiting next = std::move(waiting.front());
    waiting.pop_front();
    std::vector<OwnerSet> sets;
    // Read once before when it was submitted; the bytes have not changed.
    if (!read_batch(next.batch, sets).ok()) continue;
    accept(next.commit_id, std::move(next.batch), std::move(sets), next.options);
  }
}

void SwitchEngine::Parts::finish_settled() {
  if (!may_send()) return;
  // Settling an owner can settle no other, so the list does not grow under our feet.
  for (const Index owner : store.settled()) {
    Owner& record = store.owners()[owner];
    if (record.pending == 0) ledger.owner_settled(record);
    store.settle(owner);
  }
  clear_bulk(store.settled());
  ledger.release_fresh(store.counts().unsettled == 0);
  report_done();
}

void SwitchEngine::Parts::report_done() {
  for (CommitResult& result : ledger.take_done(totals())) listener.on_commit_done(std::move(result));
}

void SwitchEngine::Parts::report_conflicts() {
  for (StoreConflict& c : std::exchange(store.conflicts(), {})) {
    Conflict conflict{std::move(c.winners), std::move(c.losers), {}};
    if (const Handle body = store.entries()[c.entry].desired; body != 0)
      append_mod(conflict.flow, store, c.entry, body);
    listener.on_conflict(conflict);
  }
}

Ledger::Totals SwitchEngine::Parts::totals() const {
  return {committer.totals().messages, committer.totals().bundles, clock()};
}

// --- batches ---------------------------------------------------------------------------------------------------------

bool SwitchEngine::Parts::must_wait(const CommitOptions& options) const {
  if (ingest.running()) return true;
  // Without a connection nothing is under way: what is desired when it comes back is what gets sent.
  if (!may_send()) return false;
  return store.counts().unsettled > 0 && (options.mode == CommitMode::atomic || ledger.any_atomic());
}

void SwitchEngine::Parts::accept(std::uint64_t commit_id, std::vector<std::uint8_t> batch, std::vector<OwnerSet> sets,
                                 CommitOptions options) {
  ++epoch;
  std::uint64_t wanted = 0;
  for (const OwnerSet& set : sets) wanted += set.count;
  const Ledger::Commit commit = ledger.open(commit_id, options.mode, wanted, totals());
  store.expect(wanted);
  std::erase_if(sets, [&](const OwnerSet& set) { return !accept_set(commit, set); });
  ingest.begin(commit, options.full, std::move(batch), std::move(sets));
  const bool may_slice = wanted > 2 * Ingest::kSlice && options.mode != CommitMode::atomic && may_send() &&
                         (full_given || !options.full) && !resync_wanted;
  if (!may_slice || ingest.arrange(store) < Ingest::kSlice) finish_ingest();
}

void SwitchEngine::Parts::take_in(std::span<const OwnerSet> sets) {
  for (const Index owner : store.apply(sets, epoch)) ledger.wait_for(ingest.commit(), store.owners()[owner]);
  if (ingest.at_end()) {
    if (ingest.full()) {
      clear_others(ingest.commit());
      full_given = true;
    }
    ledger.seal(ingest.commit(), ingest.full());
    ingest.end();
  }
  store.resolve_touched();
  report_conflicts();
}

void SwitchEngine::Parts::finish_ingest() {
  if (ingest.running()) take_in(ingest.rest());
}

bool SwitchEngine::Parts::accept_set(Ledger::Commit commit, const OwnerSet& set) {
  if (const auto* refused = quarantines.find_same(set.owner, set.messages)) {
    store.owners()[store.owners().find_or_create(set.owner)].epoch = epoch;
    ledger.note_refused(commit, refused->why, set.count);
    return false;
  }
  if (!set.oversized.empty()) {
    Owner& owner = store.owners()[store.owners().find_or_create(set.owner)];
    owner.epoch = epoch;
    owner.quarantined = true;
    Quarantine why{set.owner,
                   openflow::kErrorBadRequest,
                   openflow::kBadRequestLength,
                   "OFPBRC_BAD_LEN",
                   {set.oversized.begin(), set.oversized.end()}};
    quarantines.lift(set.owner);
    quarantines.put(why, {set.messages.begin(), set.messages.end()});
    ledger.note_refused(commit, why, set.count);
    listener.on_quarantined(why);
    return false;
  }
  lift_quarantine(set.owner);
  return true;
}

void SwitchEngine::Parts::clear_others(Ledger::Commit commit) {
  for (const OwnerKey key : quarantines.owners()) {
    const Index owner = store.owners().find(key);
    if (owner != 0 && store.owners()[owner].epoch != epoch) lift_quarantine(key);
  }
  for (const Index owner : store.clear_all_but(epoch)) ledger.wait_for(commit, store.owners()[owner]);
}

void SwitchEngine::Parts::lift_quarantine(OwnerKey key) {
  if (quarantines.find(key) == nullptr) return;
  quarantines.lift(key);
  if (const Index owner = store.owners().find(key); owner != 0) store.owners()[owner].quarantined = false;
}

void SwitchEngine::Parts::retry_quarantined() {
  finish_ingest();  // which goes by the epoch
  ++epoch;
  for (auto& [key, record] : quarantines.take_all()) {
    store.owners()[store.owners().find_or_create(key)].quarantined = false;
    if (record.why.flow.size() > openflow::kMaxBundled) {
      quarantines.put(record.why, std::move(record.wanted));  // it cannot have become shorter
      store.owners()[store.owners().find_or_create(key)].quarantined = true;
      continue;
    }
    const OwnerSet set{.owner = key, .messages = record.wanted, .count = record.count, .oversized = {}};
    store.apply({&set, 1}, epoch);
  }
  store.resolve_touched();
  report_conflicts();
}

// --- what became of them ---------------------------------------------------------------------------------------------

void SwitchEngine::Parts::on_confirmed(Index entry) {
  const Index changer = store.changer(entry);
  if (changer == 0) return;
  const Entry& e = store.entries()[entry];
  const Outcome outcome = e.sent == 0 ? Outcome::deleted : e.confirmed == 0 ? Outcome::added : Outcome::modified;
  ledger.count(store.owners()[changer], outcome);
}

bool SwitchEngine::Parts::on_refused(Index entry, const openflow::Error& error) {
  const Entry& refused = store.entries()[entry];
  // An owner with several refused messages was withdrawn with the first of them.
  if (!store.bodies().equal(refused.desired, refused.sent)) return true;
  const std::vector<Index> owners = store.blame(entry);
  const std::string name = openflow::error_name(error);
  std::vector<std::uint8_t> message;
  append_mod(message, store, entry, refused.sent);
  if (owners.empty()) {
    listener.on_log(LogLevel::error, "the switch refuses to delete what nobody wants", name);
    return false;
  }
  for (const Index index : owners) {
    Owner& owner = store.owners()[index];
    const Quarantine why{owner.key, error.type, error.code, name, message};
    std::vector<std::uint8_t> wanted = desired_set(store, index);
    quarantines.put(why, std::move(wanted));
    const bool first = !owner.quarantined;
    owner.quarantined = true;
    ledger.owner_refused(owner, why, quarantines.find(owner.key)->count);
    if (first) listener.on_quarantined(why);
    store.revert(index, entry);
  }
  return true;
}

void SwitchEngine::Parts::on_trouble(std::string_view message, std::string_view detail) {
  listener.on_log(LogLevel::warn, message, detail);
}

}  // namespace sluice
