#include "core/store/arena.h"

#include <cstring>

namespace sluice {

Arena::Class Arena::class_of(std::size_t n) {
  if (n == 0) n = 1;
  if (n <= kFineLimit) {
    const std::size_t units = (n + kUnit - 1) / kUnit;
    return {units - 1, units * kUnit};
  }
  const std::size_t steps = (n + kCoarse - 1) / kCoarse;
  return {kFineLimit / kUnit + steps - 1, steps * kCoarse};
}

Handle Arena::allocate(std::size_t n) {
  const Class c = class_of(n);
  used_ += c.bytes;
  if (const Handle handle = free_[c.index]; handle != 0) {
    std::memcpy(&free_[c.index], at(handle), sizeof(Handle));
    return handle;
  }
  if (kChunk - tail_ < c.bytes) {
    // What is left of the old chunk is lost: at most one block in a mebibyte.
    chunks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(kChunk));
    tail_ = chunks_.size() == 1 ? kUnit : 0;  // handle 0 stays unused
  }
  const std::size_t unit = (chunks_.size() - 1) * kUnitsPerChunk + tail_ / kUnit;
  tail_ += c.bytes;
  return static_cast<Handle>(unit);
}

void Arena::release(Handle handle, std::size_t n) {
  const Class c = class_of(n);
  used_ -= c.bytes;
  std::memcpy(at(handle), &free_[c.index], sizeof(Handle));
  free_[c.index] = handle;
}

}  // namespace sluice
