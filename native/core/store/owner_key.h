// Owner keys and cookies: how a flow on the switch names the model object that wants it.
// Key: kind * 2^32 + id. Cookie: kind << 56 | id << 24 | 24 spare bits.
#pragma once

#include <cstdint>

namespace sluice {

using OwnerKey = std::uint64_t;

// The owner of flows that several owners want alike; its id names the set (see shared_sets.h).
inline constexpr std::uint64_t kSharedKind = 15;

[[nodiscard]] constexpr OwnerKey owner_of_cookie(std::uint64_t cookie) {
  return (cookie >> 56 << 32) | (cookie >> 24 & 0xffffffffu);
}
[[nodiscard]] constexpr std::uint64_t cookie_of_owner(OwnerKey owner) {
  return (owner >> 32 << 56) | ((owner & 0xffffffffu) << 24);
}
[[nodiscard]] constexpr bool is_shared(OwnerKey owner) { return owner >> 32 == kSharedKind; }
[[nodiscard]] constexpr bool valid_owner(OwnerKey owner) {
  const std::uint64_t kind = owner >> 32;
  return kind >= 1 && kind <= 255 && kind != kSharedKind;
}

}  // namespace sluice
