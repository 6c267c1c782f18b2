// The two kinds of arena block. A key names an entry of the switch: (table, priority, match) of a flow, the id of a
// group or meter. A body is everything else of it: what the switch is to do. Both are canonical, so equality is memcmp.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/openflow/flow_mod.h"
#include "core/openflow/group_mod.h"
#include "core/openflow/meter_mod.h"
#include "core/wire/reader.h"

namespace sluice {

enum class EntryKind : std::uint8_t { flow = 1, group = 2, meter = 3 };

// Followed by the OXM TLVs of a flow, or by the 4 bytes of an id in host order.
struct KeyHead {
  std::uint16_t length = 0;  // of what follows
  EntryKind kind = EntryKind::flow;
  std::uint8_t table = 0;
  std::uint16_t priority = 0;
};
static_assert(sizeof(KeyHead) == 6);

// Followed by the payload: a flow's instructions; a group's {type, 0, u16 length of buckets}, buckets and properties; a
// meter's bands. Bodies are shared between desired, sent and confirmed by counting references.
struct BodyHead {
  std::uint16_t length = 0;  // of the payload
  std::uint16_t references = 0;
  std::uint32_t names_set = 0;  // 1: holds a reference to the owner set that its cookie names
  std::uint64_t cookie = 0;     // 0 for groups and meters, which have none on the wire
  std::uint16_t flags = 0;
  std::uint16_t idle_timeout_sec = 0;
  std::uint16_t hard_timeout_sec = 0;
  std::uint16_t importance = 0;
};
static_assert(sizeof(BodyHead) == 24);

// A key or body not (yet) in the arena; spans point into a message.
struct KeyView {
  KeyHead head;
  Bytes tail;
};

struct BodyView {
  BodyHead head;
  std::uint8_t prefix[4] = {};  // of a group: type, 0, length of buckets
  bool has_prefix = false;
  Bytes payload;
  Bytes payload2;  // of a group: its properties

  [[nodiscard]] std::size_t payload_size() const {
    return (has_prefix ? sizeof prefix : 0) + payload.size() + payload2.size();
  }
};

[[nodiscard]] inline KeyView key_of(const openflow::FlowMod& m) {
  return {{static_cast<std::uint16_t>(m.oxm.size()), EntryKind::flow, m.table, m.priority}, m.oxm};
}

// `id` must outlive the view.
[[nodiscard]] inline KeyView key_of(EntryKind kind, const std::uint32_t& id) {
  return {{sizeof id, kind, 0, 0}, {reinterpret_cast<const std::uint8_t*>(&id), sizeof id}};
}

[[nodiscard]] inline BodyView body_of(const openflow::FlowMod& m) {
  BodyView body;
  body.head.length = static_cast<std::uint16_t>(m.instructions.size());
  body.head.cookie = m.cookie;
  body.head.flags = m.flags;
  body.head.idle_timeout_sec = m.idle_timeout_sec;
  body.head.hard_timeout_sec = m.hard_timeout_sec;
  body.head.importance = m.importance;
  body.payload = m.instructions;
  return body;
}

[[nodiscard]] inline BodyView body_of(const openflow::GroupMod& m) {
  BodyView body;
  body.has_prefix = true;
  body.prefix[0] = m.type;
  const auto buckets = static_cast<std::uint16_t>(m.buckets.size());
  std::memcpy(body.prefix + 2, &buckets, sizeof buckets);
  body.payload = m.buckets;
  body.payload2 = m.properties;
  body.head.length = static_cast<std::uint16_t>(body.payload_size());
  return body;
}

[[nodiscard]] inline BodyView body_of(const openflow::MeterMod& m) {
  BodyView body;
  body.head.length = static_cast<std::uint16_t>(m.bands.size());
  body.head.flags = m.flags;
  body.payload = m.bands;
  return body;
}

}  // namespace sluice
