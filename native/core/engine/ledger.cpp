#include "core/engine/ledger.h"

#include <utility>

namespace sluice {

Ledger::Commit Ledger::open(std::uint64_t commit_id, CommitMode mode, std::uint64_t wanted, const Totals& start) {
  const Commit commit = records_.allocate();
  Record& record = records_[commit];
  record.waiting = 1;
  record.mode = mode;
  if (results_.size() <= commit) results_.resize(commit + 1u);
  CommitResult& result = results_[commit];
  result = {};
  result.commit_id = commit_id;
  // Until the end these hold what it was at the start.
  result.unchanged = wanted;
  result.messages = start.messages;
  result.bundles = start.bundles;
  result.elapsed_us = start.now_us;
  atomic_ += mode == CommitMode::atomic ? 1u : 0u;
  staged_ += mode == CommitMode::staged ? 1u : 0u;
  return commit;
}

void Ledger::seal(Commit commit, bool full) { (full ? fresh_full_ : fresh_).push_back(commit); }

void Ledger::wait_for(Commit commit, Owner& owner) {
  const Index ticket = tickets_.allocate();
  tickets_[ticket] = {commit, std::exchange(owner.ticket, ticket)};
  ++records_[commit].waiting;
}

void Ledger::release_fresh(bool quiet) {
  for (const Commit commit : std::exchange(fresh_, {})) release(commit);
  if (!quiet) return;
  for (const Commit commit : std::exchange(fresh_full_, {})) release(commit);
}

void Ledger::count(const Owner& owner, Outcome outcome) {
  if (owner.ticket == 0) return;
  CommitResult& result = results_[tickets_[owner.ticket].commit];
  switch (outcome) {
    case Outcome::added:
      ++result.added;
      return;
    case Outcome::modified:
      ++result.modified;
      return;
    case Outcome::deleted:
      ++result.deleted;
      return;
  }
}

void Ledger::owner_settled(Owner& owner) {
  for (Index t = std::exchange(owner.ticket, 0); t != 0;) {
    const Ticket ticket = tickets_[t];
    tickets_.release(std::exchange(t, ticket.next));
    release(ticket.commit);
  }
}

void Ledger::owner_refused(Owner& owner, const Quarantine& quarantine, std::uint64_t flows) {
  for (Index t = owner.ticket; t != 0; t = tickets_[t].next) note_refused(tickets_[t].commit, quarantine, flows);
  owner_settled(owner);
}

void Ledger::note_refused(Commit commit, const Quarantine& quarantine, std::uint64_t flows) {
  CommitResult& result = results_[commit];
  result.quarantined.push_back(quarantine);
  result.unchanged -= flows < result.unchanged ? flows : result.unchanged;
}

void Ledger::release(Commit commit) {
  Record& record = records_[commit];
  if (--record.waiting > 0) return;
  atomic_ -= record.mode == CommitMode::atomic ? 1u : 0u;
  staged_ -= record.mode == CommitMode::staged ? 1u : 0u;
  done_.push_back(std::move(results_[commit]));
  records_.release(commit);
}

std::vector<CommitResult> Ledger::take_done(const Totals& end) {
  for (CommitResult& result : done_) {
    result.messages = end.messages - result.messages;
    result.bundles = end.bundles - result.bundles;
    result.elapsed_us = end.now_us - result.elapsed_us;
    const std::uint64_t changed = result.added + result.modified;
    result.unchanged -= changed < result.unchanged ? changed : result.unchanged;
  }
  return std::exchange(done_, {});
}

}  // namespace sluice
