// Ingest: a batch on its way into the store. Small ones go in at once. A large one that brings new owners goes in by
// slices, so that the switch is at work on the first while we take in the next; otherwise everything would be taken in
// before the first byte is sent, some 7 % of the time the switch needs for it.
// The order keeps make-before-break: groups first, then new owners (nothing leads to their flows yet but themselves),
// then owners that change. Deletions wait for the end.
#pragma once

#include <span>
#include <vector>

#include "core/engine.h"
#include "core/engine/ledger.h"
#include "core/store/flow_store.h"

namespace sluice {

// Lives on the I/O thread; owns the batch whose bytes the sets point into.
class Ingest {
 public:
  static constexpr std::size_t kSlice = 4000;  // messages; about 2 ms

  // `sets` may lack some of the batch's: those that are not to be tried.
  void begin(Ledger::Commit commit, bool full, std::vector<std::uint8_t> batch, std::vector<OwnerSet> sets);
  // Puts the sets in order; returns how many messages of new owners could go in by slices.
  std::uint64_t arrange(const FlowStore& store);

  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] Ledger::Commit commit() const { return commit_; }
  [[nodiscard]] bool full() const { return full_; }
  [[nodiscard]] std::span<const OwnerSet> next_slice();
  [[nodiscard]] std::span<const OwnerSet> rest();
  [[nodiscard]] bool at_end() const { return next_ == sets_.size(); }
  void end();

 private:
  std::vector<std::uint8_t> batch_;
  std::vector<OwnerSet> sets_;
  std::size_t next_ = 0;
  std::size_t groups_end_ = 0;  // sets before it go in together
  Ledger::Commit commit_ = 0;
  bool full_ = false;
  bool running_ = false;
};

}  // namespace sluice
