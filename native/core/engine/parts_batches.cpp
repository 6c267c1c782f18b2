// What is wanted: batches on their way into the store, and the sets that are not tried.
#include <algorithm>
#include <utility>

#include "core/engine/parts.h"
#include "core/openflow/bundle.h"

namespace sluice {

namespace {

[[nodiscard]] std::uint64_t count_messages(std::span<const OwnerSet> sets) {
  std::uint64_t n = 0;
  for (const OwnerSet& set : sets) n += set.count;
  return n;
}

}  // namespace

bool SwitchEngine::Parts::must_wait(const CommitOptions& options) const {
  if (ingest.running()) return true;
  // Without a connection nothing is under way: what is desired when it comes back is what gets sent.
  if (!may_send()) return false;
  return store.counts().unsettled > 0 && (options.mode == CommitMode::atomic || ledger.any_atomic());
}

bool SwitchEngine::Parts::may_pass(const CommitOptions& options, std::span<const OwnerSet> sets) const {
  if (!ingest.running() || !waiting.empty() || ledger.any_atomic() || !may_send() || resync_wanted) return false;
  if (resync.running()) return false;
  return options.mode == CommitMode::automatic && !options.full && count_messages(sets) <= Streams::kSmall;
}

Status SwitchEngine::Parts::wait(Waiting next) {
  if (waiting_bytes > 0 && waiting_bytes + next.batch.size() > kMostWaitingBytes) {
    return {StatusCode::refused, "too much waits for the change that is under way"};
  }
  waiting_bytes += next.batch.size();
  waiting.push_back(std::move(next));
  return {};
}

void SwitchEngine::Parts::accept(std::uint64_t commit_id, std::vector<std::uint8_t> batch, std::vector<OwnerSet> sets,
                                 CommitOptions options) {
  ++epoch;
  const std::uint64_t wanted = count_messages(sets);
  const Ledger::Commit commit = ledger.open(commit_id, options.mode, wanted, totals());
  store.expect(wanted);
  std::erase_if(sets, [&](const OwnerSet& set) { return !accept_set(commit, set); });
  ingest.begin(commit, epoch, options, std::move(batch), std::move(sets));
  const bool reads_first = options.full && streams.idle() && store.counts().confirmed == 0;
  const bool may_slice = wanted > 2 * Ingest::kSlice && options.mode != CommitMode::atomic && may_send() &&
                         (full_given || !options.full || reads_first) && !resync_wanted;
  if (!may_slice || ingest.arrange(store) < Ingest::kSlice) finish_ingest();
}

// Small and large apart: it takes its place among the urgent ones, and what the large batch says of the same owners is
// older.
void SwitchEngine::Parts::accept_beside(std::uint64_t commit_id, std::vector<OwnerSet> sets) {
  ++epoch;
  const Ledger::Commit commit = ledger.open(commit_id, CommitMode::automatic, count_messages(sets), totals());
  std::erase_if(sets, [&](const OwnerSet& set) { return !accept_set(commit, set); });
  for (const OwnerSet& set : sets) {
    const auto older = ingest.take_out(set.owner);
    if (!older) continue;
    for (const Index owner : store.apply({&*older, 1}, ingest.epoch())) {
      ledger.wait_for(ingest.commit(), store.owners()[owner]);
    }
  }
  const std::vector<Index> owners = store.apply(sets, epoch);
  for (const Index owner : owners) ledger.wait_for(commit, store.owners()[owner]);
  ledger.seal(commit, false);
  store.resolve_touched();
  report_conflicts();
  streams.take_dirty(Size::small, policy());
  streams.promote(owners);
}

void SwitchEngine::Parts::take_in(std::span<const OwnerSet> sets) {
  const std::vector<Index> owners = store.apply(sets, ingest.epoch());
  for (const Index owner : owners) ledger.wait_for(ingest.commit(), store.owners()[owner]);
  const bool whole = sets.size() == ingest.size();
  const CommitMode mode = ingest.options().mode;
  if (ingest.at_end()) {
    if (ingest.options().full) {
      clear_others(ingest.commit());
      full_given = true;
    }
    ledger.seal(ingest.commit(), ingest.options().full);
    ingest.end();
  }
  store.resolve_touched();
  report_conflicts();
  if (!whole || !may_send() || resync.running()) return;
  if (mode == CommitMode::staged) return streams.take_dirty(Size::large, policy());
  if (mode == CommitMode::atomic || store.dirty().size() > Streams::kSmall) return;
  streams.take_dirty(Size::small, policy());
  streams.promote(owners);
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
    if (owner != 0 && is_before(store.owners()[owner].epoch, ingest.epoch())) lift_quarantine(key);
  }
  for (const Index owner : store.clear_all_but(ingest.epoch())) ledger.wait_for(commit, store.owners()[owner]);
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

}  // namespace sluice
