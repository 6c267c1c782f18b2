// SharedSets: names for sets of owners. A flow that several owners want alike is one flow, and its cookie's id is the
// hash of the sorted set, so that every host and every run gives the same set the same name; only two sets with the
// same hash are told apart by probing, in order of arrival. A set lives as long as a body refers to it.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/store/owner_key.h"

namespace sluice {

// Lives with the store on the I/O thread.
class SharedSets {
 public:
  // `owners` sorted, without duplicates. The caller holds one reference until it calls release().
  [[nodiscard]] std::uint32_t acquire(std::span<const OwnerKey> owners);
  void release(std::uint32_t id);

  // nullptr when there is no such set.
  [[nodiscard]] const std::vector<OwnerKey>* find(std::uint32_t id) const;
  [[nodiscard]] std::size_t size() const { return sets_.size(); }
  [[nodiscard]] std::size_t reserved() const { return reserved_; }

 private:
  struct Set {
    std::vector<OwnerKey> owners;
    std::uint32_t references = 0;
  };
  std::unordered_map<std::uint32_t, Set> sets_;
  std::size_t reserved_ = 0;
};

}  // namespace sluice
