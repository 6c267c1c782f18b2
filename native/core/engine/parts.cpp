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
  streams.lanes().ask();
  drift.engine_lost();
  listener.on_up(datapath_id);
  pump(now);
}

void SwitchEngine::Parts::on_session_down(std::string_view reason, Millis now) {
  synced = false;
  finish_ingest();
  resync.abandon();
  streams.lane_lost(session, now);
  streams.lanes().main_lost();
  if (streams.bulk_idle()) streams.lanes().rest();
  drift.engine_lost();
  drift_scope = {};
  watch_drift(now);
  listener.on_down(reason);  // before the reads fail for it
  for (SwitchReads::Done& done : reads.abandon_all()) on_read_done(std::move(done));
}

void SwitchEngine::Parts::on_message(const openflow::Header& header, Bytes message, Millis now) {
  switch (header.type) {
    case openflow::Type::error:
      on_error(header.xid, message, now);
      break;
    case openflow::Type::barrier_reply:
      streams.on_barrier_reply(session, header.xid, now);
      break;
    case openflow::Type::multipart_reply:
      on_part(header.xid, message, now);
      break;
    case openflow::Type::bundle_control:
      on_bundle_control(session, header.xid, message, now);
      break;
    default:
      return;  // not ours to understand
  }
  pump(now);
}

void SwitchEngine::Parts::on_lane_message(openflow::OpenFlowSession& lane, const openflow::Header& header,
                                          Bytes message, Millis now) {
  switch (header.type) {
    case openflow::Type::error:
      if (const auto error = openflow::decode_error(message)) streams.on_error(lane, header.xid, *error, now);
      break;
    case openflow::Type::barrier_reply:
      streams.on_barrier_reply(lane, header.xid, now);
      break;
    case openflow::Type::bundle_control:
      on_bundle_control(lane, header.xid, message, now);
      break;
    default:
      return;
  }
  pump(now);
}

// What was under way on a lane may be in the switch or not, and may have been on its way to either: only a read-back
// knows. The other lanes finish what they have first.
void SwitchEngine::Parts::on_lane_down(openflow::OpenFlowSession& lane, std::string_view reason, Millis now) {
  if (!streams.lane_lost(lane, now)) return;
  on_trouble("a lane was lost in mid-commit; reading the switch back", reason);
  if (session.up()) resync_wanted = full_given;
  pump(now);
}

void SwitchEngine::Parts::on_bundle_control(const openflow::OpenFlowSession& lane, std::uint32_t xid, Bytes message,
                                            Millis now) {
  const auto reply = openflow::decode_bundle_control(message);
  if (reply && reply->control == openflow::BundleControl::commit_reply) streams.on_commit_reply(lane, xid, now);
}

void SwitchEngine::Parts::on_error(std::uint32_t xid, Bytes message, Millis now) {
  const auto error = openflow::decode_error(message);
  if (!error) return;
  if (streams.on_error(session, xid, *error, now) || streams.lanes().on_error(xid)) return;
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
  // It holds something: what changes there is no new owner's, and differences are counted from what is wanted.
  if (resync.running() && part->is_description() && !part->body.empty()) finish_ingest();
  if (resync.on_part(xid, *part, now)) return;
  streams.lanes().on_part(xid, *part);
}

void SwitchEngine::Parts::on_read_done(std::optional<SwitchReads::Done> done) {
  if (done) listener.on_switch_read(done->request_id, done->status, std::move(done->flows));
}

void SwitchEngine::Parts::on_tick(Millis now) {
  streams.tick(now);
  resync.tick(now);
  pump(now);
}

Millis SwitchEngine::Parts::sink_deadline() const {
  return std::min({streams.deadline(), resync.deadline(), drift.deadline()});
}

// --- going on --------------------------------------------------------------------------------------------------------

void SwitchEngine::Parts::pump(Millis now) {
  // What is under way on the lanes may still be answered.
  if (!session.up() && streams.bulk_idle()) streams.lanes().rest();
  if (!session.up() || session.wants_close()) return watch_drift(now);
  if (auto report = resync.take_report(clock())) {
    synced = true;
    ++resyncs;
    if (const auto all = meter.reads(report->flows_read, 0, clock())) listener.on_progress(*all);
    drift.read(now);
    if (ingest.running()) report->sent += ingest.coming() - 1;
    listener.on_resynced(*report);
  }
  for (;;) {
    watch_drift(now);
    if (read_back(now)) return;
    streams.take_dirty(Size::any, policy());
    // One slice at least, so that many lanes find enough of one table to share.
    for (bool more = streams.bulk_additions() < feed(); ingest.running() && more;) {
      take_in(ingest.next_slice());
      streams.take_dirty(Size::large, policy());
      more = streams.bulk_additions() < Ingest::kSlice;
    }
    if (drift.holds()) return finish_settled();
    compose(now);
    if (session.wants_close()) return;
    report_progress();
    finish_settled();
    if (ingest.running()) {
      // With bundles under way or output to be written something leads back here; without, go on at once. The same when
      // the lanes took all there was.
      if (streams.bulk_additions() < Ingest::kSlice) continue;
      return;
    }
    if (waiting.empty() || must_wait(waiting.front().options)) return;
    Waiting next = std::move(waiting.front());
    waiting.pop_front();
    waiting_bytes -= next.batch.size();
    std::vector<OwnerSet> sets;
    // Read once before when it was submitted; the bytes have not changed.
    if (!read_batch(next.batch, sets).ok()) continue;
    accept(next.commit_id, std::move(next.batch), std::move(sets), next.options);
  }
}

void SwitchEngine::Parts::compose(Millis now) { streams.compose(policy(), now); }

std::size_t SwitchEngine::Parts::feed() const {
  return Ingest::kSlice * std::max<std::size_t>(1, streams.lanes().wanted());
}

StreamPolicy SwitchEngine::Parts::policy() const {
  const bool atomic = ledger.any_atomic();
  return {atomic, !atomic && ledger.any_staged(), ingest.coming()};
}

void SwitchEngine::Parts::report_progress() {
  if (!may_send()) return;
  if (const auto progress = meter.commits(store.counts().unsettled + ingest.coming(), clock())) {
    listener.on_progress(*progress);
  }
}

bool SwitchEngine::Parts::read_back(Millis now) {
  if (resync.running()) {
    // A walk whose counts have not come has nothing left; that is not its end.
    if (resync.flows_left() > 0) {
      if (const auto so_far = meter.reads(resync.flows_read(), resync.flows_left(), clock())) {
        listener.on_progress(*so_far);
      }
    }
    return true;
  }
  if (synced) drift_scope.add(drift.take_wanted(now));
  // The first full batch is taken in by slices if the switch turns out to be empty.
  const bool first = ingest.running() && ingest.options().full && !full_given && !synced;
  const bool whole = first || (full_given && !synced) || resync_wanted;
  if (!whole && !drift_scope.any()) return false;
  if (!first) finish_ingest();
  // `confirmed` is about to be replaced; nothing may be under way that would change it meanwhile. What was to be
  // tried again would wait for compose(), which is not reached from here: it is planned anew after the dump.
  streams.yield();
  if (!streams.idle()) return true;
  const ReadScope scope = whole ? ReadScope::everything() : drift_scope;
  drift.reading(scope, now);
  // Only what was confirmed over this connection can differ because of somebody else.
  resync.begin(scope, synced ? &drift : nullptr, clock(), now);
  drift_scope = {};
  resync_wanted = false;
  synced = false;
  return true;
}

void SwitchEngine::Parts::watch_drift(Millis now) {
  const bool believed = session.up() && synced;
  const std::uint64_t backlog = store.counts().unsettled + ingest.coming();
  // What is to be tried again is not under way; it may be waiting for the count itself.
  const bool idle = streams.bundles_in_flight() == 0;
  drift.pump({.synced = believed, .idle = idle, .backlog = backlog, .now_us = clock()}, now);
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
  const CommitterTotals sent = streams.totals();
  return {sent.messages, sent.bundles, clock()};
}

// --- what became of them ---------------------------------------------------------------------------------------------

void SwitchEngine::Parts::on_confirmed(Index entry) {
  meter.count();
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
