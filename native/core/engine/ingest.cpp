#include "core/engine/ingest.h"

#include <algorithm>
#include <utility>

namespace sluice {

namespace {

[[nodiscard]] std::uint64_t hash_of(OwnerKey owner) {
  return hash_bytes({reinterpret_cast<const std::uint8_t*>(&owner), sizeof owner});
}

}  // namespace

void Ingest::begin(Ledger::Commit commit, std::uint32_t epoch, CommitOptions options, std::vector<std::uint8_t> batch,
                   std::vector<OwnerSet> sets) {
  batch_ = std::move(batch);  // a moved vector keeps its bytes where they are
  sets_ = std::move(sets);
  next_ = 0;
  groups_end_ = 0;
  left_ = 0;
  for (const OwnerSet& set : sets_) left_ += set.count;
  commit_ = commit;
  epoch_ = epoch;
  options_ = options;
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
  left_ -= messages;
  return std::span(sets_).subspan(first, next_ - first);
}

std::span<const OwnerSet> Ingest::rest() {
  const std::size_t first = std::exchange(next_, sets_.size());
  left_ = 0;
  return std::span(sets_).subspan(first);
}

std::optional<OwnerSet> Ingest::take_out(OwnerKey owner) {
  if (!indexed_) index_rest();
  const auto is_it = [&](Index place) { return place > next_ && sets_[place - 1].owner == owner; };
  const Index place = places_.find(hash_of(owner), is_it);
  if (place == 0) return std::nullopt;
  // It changes places with the next one, which is passed over from now on.
  const auto front = static_cast<Index>(next_ + 1);
  places_.erase(hash_of(owner), place);
  if (place != front) {
    const std::uint64_t other = hash_of(sets_[next_].owner);
    places_.erase(other, front);
    std::swap(sets_[next_], sets_[place - 1]);
    places_.insert(other, place);
  }
  left_ -= sets_[next_].count;
  return sets_[next_++];
}

void Ingest::index_rest() {
  places_ = {};
  places_.reserve(sets_.size() - next_);
  for (std::size_t i = next_; i < sets_.size(); ++i) places_.insert(hash_of(sets_[i].owner), static_cast<Index>(i + 1));
  indexed_ = true;
}

void Ingest::end() {
  running_ = false;
  indexed_ = false;
  places_ = {};
  std::vector<OwnerSet>().swap(sets_);
  std::vector<std::uint8_t>().swap(batch_);
}

}  // namespace sluice
