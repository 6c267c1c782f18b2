#include "core/store/shared_sets.h"

#include <algorithm>

#include "core/store/hash_index.h"

namespace sluice {

namespace {
// What a map node costs beside the owners themselves; for the memory figure only.
constexpr std::size_t kNodeBytes = 80;
}  // namespace

std::uint32_t SharedSets::acquire(std::span<const OwnerKey> owners) {
  const Bytes bytes(reinterpret_cast<const std::uint8_t*>(owners.data()), owners.size_bytes());
  const std::uint64_t hash = hash_bytes(bytes);
  auto id = static_cast<std::uint32_t>(hash ^ hash >> 32);
  for (;; ++id) {
    if (id == 0) continue;
    const auto [it, fresh] = sets_.try_emplace(id);
    Set& set = it->second;
    if (fresh) {
      set.owners.assign(owners.begin(), owners.end());
      reserved_ += kNodeBytes + owners.size_bytes();
    } else if (!std::ranges::equal(set.owners, owners)) {
      continue;
    }
    ++set.references;
    return id;
  }
}

void SharedSets::release(std::uint32_t id) {
  const auto it = sets_.find(id);
  if (it == sets_.end() || --it->second.references > 0) return;
  reserved_ -= kNodeBytes + it->second.owners.size() * sizeof(OwnerKey);
  sets_.erase(it);
}

const std::vector<OwnerKey>* SharedSets::find(std::uint32_t id) const {
  const auto it = sets_.find(id);
  return it == sets_.end() ? nullptr : &it->second.owners;
}

}  // namespace sluice
