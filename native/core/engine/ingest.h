// Ingest: a batch on its way into the store. Small ones go in at once. A large one that brings new owners goes in by
// slices, so that the switch is at work on the first while we take in the next; otherwise everything would be taken in
// before the first byte is sent, some 7 % of the time the switch needs for it. So does the first full batch, if the
// switch turns out to be empty; if it holds anything, the batch is taken in while the rest is read.
// The order keeps make-before-break: groups first, then new owners (nothing leads to their flows yet but themselves),
// then owners that change. Deletions wait for the end.
#pragma once

#include <optional>
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
  void begin(Ledger::Commit commit, std::uint32_t epoch, CommitOptions options, std::vector<std::uint8_t> batch,
             std::vector<OwnerSet> sets);
  // Puts the sets in order; returns how many messages of new owners could go in by slices.
  std::uint64_t arrange(const FlowStore& store);

  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] Ledger::Commit commit() const { return commit_; }
  [[nodiscard]] std::uint32_t epoch() const { return epoch_; }
  [[nodiscard]] const CommitOptions& options() const { return options_; }
  // Messages that are not taken in yet; at least 1 while it runs.
  [[nodiscard]] std::uint64_t coming() const { return running_ ? left_ + 1 : 0; }
  [[nodiscard]] std::span<const OwnerSet> next_slice();
  [[nodiscard]] std::span<const OwnerSet> rest();
  // The owner's set, if it is still to come, before its turn: a later batch names the same owner.
  [[nodiscard]] std::optional<OwnerSet> take_out(OwnerKey owner);
  [[nodiscard]] std::size_t size() const { return sets_.size(); }
  [[nodiscard]] bool at_end() const { return next_ == sets_.size(); }
  void end();

 private:
  void index_rest();

  std::vector<std::uint8_t> batch_;
  std::vector<OwnerSet> sets_;
  HashIndex places_;  // of the sets still to come, from 1; made when the first is taken out
  bool indexed_ = false;
  std::size_t next_ = 0;
  std::size_t groups_end_ = 0;  // sets before it go in together
  std::uint64_t left_ = 0;
  Ledger::Commit commit_ = 0;
  std::uint32_t epoch_ = 0;
  CommitOptions options_;
  bool running_ = false;
};

}  // namespace sluice
