// Pool<T>: fixed-size records in chunks that never move, named by 32-bit indices from 1; 0 means "none". A vector would
// double, and at a million flows the doubling alone would cost more than the memory budget allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace sluice {

using Index = std::uint32_t;

// Empties a work list. One that a bulk load made large gives its memory back: it would be the load's lasting cost.
template <typename T>
void clear_bulk(std::vector<T>& list) {
  constexpr std::size_t kKeep = 16'384;
  if (list.capacity() > kKeep) {
    std::vector<T>().swap(list);
  } else {
    list.clear();
  }
}

// Owns its records; not synchronised. A freed record's index is the next one to be given out.
template <typename T>
class Pool {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  [[nodiscard]] Index allocate() {
    ++live_;
    if (!free_.empty()) {
      const Index index = free_.back();
      free_.pop_back();
      (*this)[index] = T{};
      return index;
    }
    if (end_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique_for_overwrite<T[]>(kChunk));
    const Index index = end_++;
    (*this)[index] = T{};
    return index;
  }

  void release(Index index) {
    --live_;
    (*this)[index] = T{};
    free_.push_back(index);
  }

  [[nodiscard]] T& operator[](Index index) { return chunks_[index / kChunk][index % kChunk]; }
  [[nodiscard]] const T& operator[](Index index) const { return chunks_[index / kChunk][index % kChunk]; }

  // Indices 1 … end()-1 have existed; freed ones among them are T{}.
  [[nodiscard]] Index end() const { return end_; }
  [[nodiscard]] std::size_t live() const { return live_; }
  [[nodiscard]] std::size_t reserved() const {
    return chunks_.size() * kChunk * sizeof(T) + free_.capacity() * sizeof(Index);
  }

 private:
  static constexpr Index kChunk = 4096;
  std::vector<std::unique_ptr<T[]>> chunks_ = first_chunk();
  std::vector<Index> free_;
  Index end_ = 1;
  std::size_t live_ = 0;

  [[nodiscard]] static std::vector<std::unique_ptr<T[]>> first_chunk() {
    std::vector<std::unique_ptr<T[]>> chunks;
    chunks.push_back(std::make_unique_for_overwrite<T[]>(kChunk));
    return chunks;
  }
};

}  // namespace sluice
