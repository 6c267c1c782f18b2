// OFPT_PACKET_OUT (OpenFlow 1.5 §7.3.6): a packet of ours and what the switch shall do with it. The match carries the
// pipeline fields it starts with: in_port and registers.
#pragma once

#include <cstdint>

#include "core/openflow/flow_mod.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

inline constexpr std::uint32_t kPortController = 0xfffffffd;

struct PacketOut {
  Bytes oxm;      // without ofp_match's own header and padding
  Bytes actions;  // an action list
  Bytes packet;   // a whole Ethernet frame without its checksum
};

inline constexpr std::size_t kPacketOutFixed = 16;  // up to the match, header included

[[nodiscard]] inline std::size_t packet_out_size(const PacketOut& p) {
  return kPacketOutFixed + match_size(p.oxm.size()) + p.actions.size() + p.packet.size();
}

// packet_out_size(p) is at most kMaxMessage.
inline void encode_packet_out(OutBuffer& out, const PacketOut& p, std::uint32_t xid) {
  Writer w(out.extend(packet_out_size(p)));
  encode_header(w, Type::packet_out, packet_out_size(p), xid);
  w.u32(kNoBuffer);
  w.u16(static_cast<std::uint16_t>(p.actions.size()));
  w.zeros(2);
  encode_match(w, p.oxm);
  w.bytes(p.actions);
  w.bytes(p.packet);
}

}  // namespace sluice::openflow
