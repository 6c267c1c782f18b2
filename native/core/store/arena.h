// Arena: the bytes of keys and bodies, in chunks that never move, named by 32-bit handles (units of 8 bytes: 32 GiB).
// Freed blocks go to a free list of their size class and are used again, so that churn of equal shapes needs no new
// memory. Handle 0 means "none".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice {

using Handle = std::uint32_t;

// Owns all blocks. Not synchronised; lives with the store on the I/O thread.
class Arena {
 public:
  static constexpr std::size_t kMaxBlock = 128 * 1024;  // above any OpenFlow message

  // The block is not zeroed. n must not exceed kMaxBlock, and release must be told the same n.
  [[nodiscard]] Handle allocate(std::size_t n);
  void release(Handle handle, std::size_t n);

  [[nodiscard]] std::uint8_t* at(Handle handle) {
    return chunks_[handle / kUnitsPerChunk].get() + std::size_t{handle % kUnitsPerChunk} * kUnit;
  }
  [[nodiscard]] const std::uint8_t* at(Handle handle) const {
    return chunks_[handle / kUnitsPerChunk].get() + std::size_t{handle % kUnitsPerChunk} * kUnit;
  }

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t reserved() const { return chunks_.size() * kChunk; }

 private:
  static constexpr std::size_t kUnit = 8;
  static constexpr std::size_t kChunk = std::size_t{1} << 20;
  static constexpr std::uint32_t kUnitsPerChunk = kChunk / kUnit;
  // Fine classes (8 bytes apart) for what flows are, coarse ones (1 KiB apart) for the rare long action list.
  static constexpr std::size_t kFineLimit = 1024;
  static constexpr std::size_t kCoarse = 1024;
  static constexpr std::size_t kClasses = kFineLimit / kUnit + kMaxBlock / kCoarse + 1;

  struct Class {
    std::size_t index;
    std::size_t bytes;
  };
  [[nodiscard]] static Class class_of(std::size_t n);

  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;
  std::array<Handle, kClasses> free_{};
  std::size_t tail_ = kChunk;  // first unused byte of the last chunk
  std::size_t used_ = 0;
};

}  // namespace sluice
