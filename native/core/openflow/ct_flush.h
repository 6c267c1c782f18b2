// NXT_CT_FLUSH (Open vSwitch 3.1, nicira-ext.h): forgets one tracked connection, named by its original tuple and zone.
// The message is not answered and tells no count; a barrier after it says that it is done.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/openflow/header.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

// The original direction of a connection. Addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d.
struct ConnectionTuple {
  std::uint16_t zone = 0;
  std::uint8_t protocol = 0;
  std::array<std::uint8_t, 16> source{};
  std::array<std::uint8_t, 16> destination{};
  // Ports; of ICMP and ICMPv6 the identifier, and type and code in one: type << 8 | code.
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
};

inline constexpr std::size_t kConnectionTupleSize = 40;

// As they cross the language border: zone, protocol, a zero byte, both addresses, both ports, all big endian.
[[nodiscard]] std::optional<ConnectionTuple> decode_connection_tuple(Bytes bytes);
void encode_ct_flush(OutBuffer& out, const ConnectionTuple& tuple, std::uint32_t xid);

}  // namespace sluice::openflow
