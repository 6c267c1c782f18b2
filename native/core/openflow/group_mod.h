// OFPT_GROUP_MOD (OpenFlow 1.5 §7.3.4.3). Buckets and properties stay encoded: the store compares bytes.
#pragma once

#include <cstdint>

#include "core/openflow/header.h"
#include "core/status.h"

namespace sluice::openflow {

inline constexpr std::uint32_t kBucketAll = 0xffffffff;

enum class GroupCommand : std::uint16_t {
  add = 0,
  modify = 1,
  remove = 2,
  // Open vSwitch extension: an upsert, so that a group left over from an unknown outcome is not GROUP_EXISTS for ever.
  add_or_modify = 0x8000,
};

struct GroupMod {
  GroupCommand command = GroupCommand::add;
  std::uint8_t type = 0;
  std::uint32_t group_id = 0;
  std::uint32_t command_bucket_id = kBucketAll;
  Bytes buckets;
  Bytes properties;
};

inline constexpr std::size_t kGroupModFixed = 24;

[[nodiscard]] inline std::size_t group_mod_size(const GroupMod& m) {
  return kGroupModFixed + m.buckets.size() + m.properties.size();
}

Status decode_group_mod(Bytes message, GroupMod& out);
void encode_group_mod(Writer& w, const GroupMod& m, std::uint32_t xid);

// Buckets: u16 length first, back to back. Shared with group descriptions.
[[nodiscard]] bool buckets_fit(Bytes buckets);

}  // namespace sluice::openflow
