// References: which confirmed flows send to which group or meter. The switch deletes those flows together with the
// group or meter, without a word; this is how the store notices.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/store/block.h"
#include "core/store/pool.h"

namespace sluice {

// Lives with the store. Most flows refer to nothing and cost nothing here.
class References {
 public:
  void add(Index entry, Bytes instructions);
  void remove(Index entry, Bytes instructions);
  // The flows that refer to it; the caller removes them.
  [[nodiscard]] std::vector<Index> find(EntryKind kind, std::uint32_t id) const;

 private:
  [[nodiscard]] static std::uint64_t key(EntryKind kind, std::uint32_t id) {
    return std::uint64_t{static_cast<std::uint8_t>(kind)} << 32 | id;
  }
  std::unordered_map<std::uint64_t, std::unordered_set<Index>> entries_;
};

struct Reference {
  EntryKind kind = EntryKind::group;
  std::uint32_t id = 0;
};

// Of GROUP and METER actions and METER instructions, also inside clone().
[[nodiscard]] std::vector<Reference> references_of(Bytes instructions);

}  // namespace sluice
