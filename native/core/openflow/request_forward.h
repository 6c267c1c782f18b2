// OFPT_REQUESTFORWARD (OpenFlow 1.5 §7.4.5): the switch passes on the group and meter mods that other connections sent
// it, ours among them. A flow monitor says nothing of groups, so this is how a changed group is heard of.
// Neighbours: flow_monitor.h, with which it shares a connection.
#pragma once

#include "core/openflow/header.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

// OFPT_SET_ASYNC: whether this connection is told. Everything else that the switch sends of its own accord stays as
// it is.
inline void encode_set_forwarding(OutBuffer& out, bool wanted, std::uint32_t xid) {
  constexpr std::uint16_t kRequestForwardMaster = 11;  // OFPACPT_REQUESTFORWARD_MASTER; it holds for equals, too
  constexpr std::uint32_t kGroupsAndMeters = 3;
  constexpr std::size_t kSize = kHeaderSize + 8;
  Writer w(out.extend(kSize));
  encode_header(w, Type::set_async, kSize, xid);
  w.u16(kRequestForwardMaster);
  w.u16(8);
  w.u32(wanted ? kGroupsAndMeters : 0);
}

// The GROUP_MOD or METER_MOD inside; empty when there is none that fits.
[[nodiscard]] inline Bytes forwarded_request(Bytes message) {
  const Bytes inner = message.subspan(kHeaderSize);
  const auto header = decode_header(inner);
  if (!header || header->length < kHeaderSize || header->length > inner.size()) return {};
  return inner.first(header->length);
}

}  // namespace sluice::openflow
