// NXT_PACKET_IN2 (nicira-ext.h): a packet that a `controller` action hands over, with the userdata of that action, the
// flow's cookie and the packet's registers. Neighbours: packets/packet_lane.h asks for this format.
// Invariant: properties and OXM fields that are not known are skipped by their length; one that cannot be skipped makes
// the message malformed, never the connection.
#pragma once

#include <array>
#include <cstdint>

#include "core/openflow/header.h"
#include "core/out_buffer.h"
#include "core/status.h"

namespace sluice::openflow {

// Spans point into the decoded message.
struct PacketIn {
  std::uint8_t table = 0;
  std::uint8_t reason = 0;  // OFPR_*
  std::uint64_t cookie = 0;
  std::uint32_t in_port = 0;  // 0: not told
  std::array<std::uint32_t, 16> registers{};
  Bytes tunnel_source;  // 4 or 16 bytes; empty: not from a tunnel
  Bytes userdata;
  Bytes packet;                 // perhaps cut
  std::size_t full_length = 0;  // before it was cut
};

[[nodiscard]] bool is_packet_in(const Header& header, Bytes message);
Status decode_packet_in(Bytes message, PacketIn& out);

// A management connection is sent nothing of the switch's own accord until it asks: SET_CONFIG with a miss_send_len
// that is not 0 (ovs topics/design.rst), after the format, so that no packet comes in another one.
void encode_packet_in_request(OutBuffer& out, std::uint32_t format_xid, std::uint32_t config_xid);

}  // namespace sluice::openflow
