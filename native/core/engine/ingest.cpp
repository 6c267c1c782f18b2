#include "core/engine/ingest.h"

#include <algorithm>
#include <utility>

namespace sluice {

void Ingest::begin(Ledger::Commit commit, bool full, std::vector<std::uint8_t> batch, std::vector<OwnerSet> sets) {
  batch_ = std::move(batch);  // a moved vector keeps its bytes where they are
  sets_ = std::move(sets);
  next_ = 0;
  groups_end_ = 0;
  commit_ = commit;
  full_ = full;
  running_ = true;
}

std::uint64_t Ingest::arrange(const FlowStore& store) {
  const auto is_new = [&](const OwnerSet& set) { return store.owners().find(set.owner) == 0; };
  const auto groups =
      std::stable_partition(sets_.begin(), sets_.end(), [](const OwnerSet& s) { return !s.only_flows; });
  const auto fresh = std::stable_partition(groups, sets_.end(), is_new);
  groups_end_ = static_cast<std::size_t>(groups - sets_.begin());
  std::uint64_t messages = 0;
  for (auto set = groups; set != fresh; ++set) messages += set->count;
  return messages;
}

std::span<const OwnerSet> Ingest::next_slice() {
  const std::size_t first = next_;
  std::size_t messages = 0;
  while (next_ < sets_.size() && (next_ < groups_end_ || messages < kSlice)) messages += sets_[next_++].count;
  return std::span(sets_).subspan(first, next_ - first);
}

std::span<const OwnerSet> Ingest::rest() {
  const std::size_t first = std::exchange(next_, sets_.size());
  return std::span(sets_).subspan(first);
}

void Ingest::end() {
  running_ = false;
  std::vector<OwnerSet>().swap(sets_);
  std::vector<std::uint8_t>().swap(batch_);
}

}  // namespace sluice
