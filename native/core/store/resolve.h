// Which body an entry gets when several owners want it. The decision depends on the wishes only, never on the order in
// which they came:
//   1. All bodies consist of conjunction() actions: their union. (A match that is part of several conjunctions is
//   normal.)
//      A union too long for one flow mod is treated as case 3.
//   2. All equal but for the cookie: that one.
//   3. Otherwise the least body in this order wins: no instructions at all (drop) first, then the canonical bytes of
//      instructions compared as by memcmp, then the settings (timeouts, flags). Whoever wants another body lost, and
//      both sides hear of it.
// One winner keeps its own cookie; several share one of kind `shared`.
#pragma once

#include <span>
#include <vector>

#include "core/store/bodies.h"

namespace sluice {

struct Wish {
  OwnerKey owner = 0;
  Handle body = 0;
};

struct Decision {
  std::vector<OwnerKey> winners;            // sorted
  std::vector<OwnerKey> losers;             // sorted; not empty: a conflict
  Handle like = 0;                          // a winner's body: settings, and the payload unless there is a union
  std::vector<std::uint8_t> union_payload;  // of case 1
};

// `wishes`: two or more, no body 0.
[[nodiscard]] Decision resolve(std::vector<Wish> wishes, const Bodies& bodies);

// APPLY_ACTIONS with nothing but conjunction() inside.
[[nodiscard]] bool is_conjunctive(Bytes instructions);
// Only for such; sorted, without duplicates; empty when it would not fit in a flow mod.
[[nodiscard]] std::vector<std::uint8_t> union_of_conjunctions(std::span<const Bytes> instructions);

}  // namespace sluice
