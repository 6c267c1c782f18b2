// HashIndex: open addressing from a 64-bit hash to a record's index; the records hold the keys and the caller compares
// them. Eight bytes a slot: half of the hash (so that growing never touches a record) and the index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/store/pool.h"
#include "core/wire/reader.h"

namespace sluice {

// Multiply and fold, 8 bytes a step. Not for untrusted keys: who can write our batches can do worse than slow us down.
[[nodiscard]] inline std::uint64_t hash_bytes(Bytes bytes) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ull;
  const auto fold = [](std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;  // GCC's and Clang's own; one multiplication on x86-64 and arm64
    const auto product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  std::uint64_t h = bytes.size() * kOdd + 0x2545f4914f6cdd1dull;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    h = fold(h ^ word, kOdd);
  }
  std::uint64_t tail = 0;
  if (left > 0) std::memcpy(&tail, at, left);
  return fold(h ^ tail ^ (std::uint64_t{left} << 56), 0xd6e8feb86659fd93ull);
}

// Does not own the records. Linear probing with tombstone-free deletion (later members of a run move up).
class HashIndex {
 public:
  // `equal(index)` says whether the record has the key; 0 when there is none.
  template <typename Equal>
  [[nodiscard]] Index find(std::uint64_t hash, Equal equal) const {
    if (slots_.empty()) return 0;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t i = home(tag);; i = (i + 1) & mask()) {
      const Slot& slot = slots_[i];
      if (slot.index == 0) return 0;
      if (slot.tag == tag && equal(slot.index)) return slot.index;
    }
  }

  void prefetch(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home(static_cast<std::uint32_t>(hash >> 32))]);
  }

  void reserve(std::size_t count) {
    std::size_t slots = 64;
    while (count * 4 > slots * 3) slots *= 2;
    if (slots > slots_.size()) resize(slots);
  }

  void insert(std::uint64_t hash, Index index) {
    if ((count_ + 1) * 4 > slots_.size() * 3) resize(slots_.empty() ? 64 : slots_.size() * 2);
    place({static_cast<std::uint32_t>(hash >> 32), index});
    ++count_;
  }

  void erase(std::uint64_t hash, Index index) {
    if (slots_.empty()) return;
    std::size_t hole = home(static_cast<std::uint32_t>(hash >> 32));
    while (slots_[hole].index != index) {
      if (slots_[hole].index == 0) return;
      hole = (hole + 1) & mask();
    }
    for (std::size_t i = (hole + 1) & mask(); slots_[i].index != 0; i = (i + 1) & mask()) {
      // A slot may move into the hole unless its home lies behind the hole.
      if (((i - home(slots_[i].tag)) & mask()) < ((i - hole) & mask())) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = {};
    --count_;
  }

  [[nodiscard]] std::size_t reserved() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    Index index = 0;
  };

  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
  // The tag's low bits are as good as its high ones (the hash is folded), and growing needs nothing but the tag.
  [[nodiscard]] std::size_t home(std::uint32_t tag) const { return tag & mask(); }

  void place(Slot slot) {
    std::size_t i = home(slot.tag);
    while (slots_[i].index != 0) i = (i + 1) & mask();
    slots_[i] = slot;
  }

  void resize(std::size_t slots) {
    std::vector<Slot> old(slots);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.index != 0) place(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace sluice
