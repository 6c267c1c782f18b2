// Owners and their wants. A want says that an owner wants an entry with a body; it keeps the body the owner had when it
// was last confirmed as a whole, so that a refused change can be withdrawn as a whole.
#pragma once

#include "core/store/arena.h"
#include "core/store/hash_index.h"
#include "core/store/owner_key.h"
#include "core/store/pool.h"

namespace sluice {

struct Want {
  Index entry = 0;
  Index owner : 31 = 0;
  Index marked : 1 = 0;  // named by the set being applied
  Handle body = 0;       // desired; 0: wanted no more, kept until that is confirmed
  Handle prior = 0;      // as last confirmed; 0: new
  Index next_of_owner = 0;
  Index next_of_entry = 0;
};

struct Owner {
  OwnerKey key = 0;  // 0: the record is free
  Index first_want = 0;
  std::uint32_t pending = 0;  // wants whose entry is unsettled
  std::uint32_t ticket = 0;   // newest of the commits that wait for this owner (engine/ledger.h); 0: none
  std::uint32_t epoch = 0;    // the last batch that named it
  bool changed : 1 = false;   // some want's body differs from its prior
  bool settled_once : 1 = false;
  bool sent : 1 = false;      // something of it, in this run, whatever became of it
  bool reported : 1 = false;  // in the store's list of owners to settle
  bool quarantined : 1 = false;
};

// Epochs count batches, and wrap.
[[nodiscard]] constexpr bool is_before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

// Owns the records. Lives with the store.
class Owners {
 public:
  [[nodiscard]] Index find(OwnerKey key) const {
    return index_.find(hash(key), [&](Index i) { return records_[i].key == key; });
  }
  [[nodiscard]] Index find_or_create(OwnerKey key) {
    if (const Index there = find(key); there != 0) return there;
    const Index owner = records_.allocate();
    records_[owner].key = key;
    index_.insert(hash(key), owner);
    return owner;
  }
  void prefetch(OwnerKey key) const { index_.prefetch(hash(key)); }
  void free(Index owner) {
    index_.erase(hash(records_[owner].key), owner);
    records_.release(owner);
  }

  [[nodiscard]] Owner& operator[](Index owner) { return records_[owner]; }
  [[nodiscard]] const Owner& operator[](Index owner) const { return records_[owner]; }
  [[nodiscard]] Index end() const { return records_.end(); }
  [[nodiscard]] std::size_t size() const { return records_.live(); }
  [[nodiscard]] std::size_t reserved() const { return records_.reserved() + index_.reserved(); }

 private:
  [[nodiscard]] static std::uint64_t hash(OwnerKey key) {
    return hash_bytes({reinterpret_cast<const std::uint8_t*>(&key), sizeof key});
  }
  Pool<Owner> records_;
  HashIndex index_;
};

}  // namespace sluice
