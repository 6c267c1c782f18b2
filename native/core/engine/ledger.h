// Ledger: which commit still waits for which owner. A commit is done when every owner that its batch named has nothing
// outstanding any more, be it by its own messages, by those of a later batch that superseded it, or by quarantine.
#pragma once

#include <cstdint>
#include <vector>

#include "core/engine.h"
#include "core/store/flow_store.h"

namespace sluice {

// Lives on the I/O thread. Tickets hang on Owner::ticket, newest first; an owner with tickets is not freed.
class Ledger {
 public:
  struct Totals {  // of the engine, when asked
    std::uint64_t messages = 0;
    std::uint64_t bundles = 0;
    std::int64_t now_us = 0;
  };
  using Commit = Index;

  // The commit stays open until it is sealed and released, however few owners it waits for.
  [[nodiscard]] Commit open(std::uint64_t commit_id, CommitMode mode, std::uint64_t wanted, const Totals& start);
  void wait_for(Commit commit, Owner& owner);
  void seal(Commit commit, bool full);  // every owner of its batch has been named
  // `quiet`: the switch is as it should be. A full commit waits for that, since it also answers for what nobody wants
  // and no owner could be waited for.
  void release_fresh(bool quiet);

  void count(const Owner& owner, Outcome outcome);
  void owner_settled(Owner& owner);
  // `flows`: how many messages of the owner's set are not in the switch because of it.
  void owner_refused(Owner& owner, const Quarantine& quarantine, std::uint64_t flows);
  // For a set that is not even tried.
  void note_refused(Commit commit, const Quarantine& quarantine, std::uint64_t flows);

  // Commits that are done since the last call.
  [[nodiscard]] std::vector<CommitResult> take_done(const Totals& end);

  [[nodiscard]] std::size_t pending() const { return records_.live(); }
  [[nodiscard]] bool any_atomic() const { return atomic_ > 0; }
  [[nodiscard]] bool any_staged() const { return staged_ > 0; }

 private:
  struct Record {
    std::uint32_t waiting = 0;
    CommitMode mode = CommitMode::automatic;
  };
  struct Ticket {
    Commit commit = 0;
    Index next = 0;
  };

  void release(Commit commit);

  Pool<Record> records_;
  Pool<Ticket> tickets_;
  // Parallel to records_; results hold vectors, which the pool cannot.
  std::vector<CommitResult> results_;
  std::vector<Commit> fresh_;
  std::vector<Commit> fresh_full_;
  std::vector<CommitResult> done_;
  std::size_t atomic_ = 0;
  std::size_t staged_ = 0;
};

}  // namespace sluice
