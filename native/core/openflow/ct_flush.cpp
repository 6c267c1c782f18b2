#include "core/openflow/ct_flush.h"

#include <algorithm>

namespace sluice::openflow {

namespace {

constexpr std::uint32_t kNicira = 0x00002320;
constexpr std::uint32_t kCtFlush = 32;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIcmp6 = 58;

enum class Outer : std::uint16_t { original = 0, zone = 2 };
enum class Inner : std::uint16_t {
  source = 0,
  destination = 1,
  source_port = 2,
  destination_port = 3,
  icmp_id = 4,
  icmp_type = 5,
  icmp_code = 6
};

constexpr std::size_t kAddress = 24;  // 4 + 16, padded
constexpr std::size_t kSmall = 8;

template <typename Type>
void address(Writer& w, Type type, const std::array<std::uint8_t, 16>& value) {
  w.u16(static_cast<std::uint16_t>(type));
  w.u16(20);
  w.bytes(value);
  w.zeros(4);
}

// Open vSwitch gives a 16-bit value its padding as part of the length.
template <typename Type>
void half(Writer& w, Type type, std::uint16_t value) {
  w.u16(static_cast<std::uint16_t>(type));
  w.u16(8);
  w.u16(value);
  w.zeros(2);
}

void byte(Writer& w, Inner type, std::uint8_t value) {
  w.u16(static_cast<std::uint16_t>(type));
  w.u16(5);
  w.u8(value);
  w.zeros(3);
}

}  // namespace

std::optional<ConnectionTuple> decode_connection_tuple(Bytes bytes) {
  Reader r(bytes);
  ConnectionTuple tuple;
  tuple.zone = r.u16();
  tuple.protocol = r.u8();
  r.skip(1);
  std::ranges::copy(r.take(16), tuple.source.begin());
  std::ranges::copy(r.take(16), tuple.destination.begin());
  tuple.source_port = r.u16();
  tuple.destination_port = r.u16();
  if (!r.ok() || r.left() != 0) return std::nullopt;
  return tuple;
}

void encode_ct_flush(OutBuffer& out, const ConnectionTuple& t, std::uint32_t xid) {
  const bool icmp = t.protocol == kIcmp || t.protocol == kIcmp6;
  const std::size_t inner = 2 * kAddress + (icmp ? 3 : 2) * kSmall;
  const std::size_t size = kHeaderSize + 16 + kSmall + inner + kSmall;
  Writer w(out.extend(size));
  encode_header(w, Type::experimenter, size, xid);
  w.u32(kNicira);
  w.u32(kCtFlush);
  w.u8(t.protocol);
  w.zeros(7);
  w.u16(static_cast<std::uint16_t>(Outer::original));
  w.u16(static_cast<std::uint16_t>(kSmall + inner));
  w.zeros(4);
  address(w, Inner::source, t.source);
  address(w, Inner::destination, t.destination);
  if (icmp) {
    half(w, Inner::icmp_id, t.source_port);
    byte(w, Inner::icmp_type, static_cast<std::uint8_t>(t.destination_port >> 8));
    byte(w, Inner::icmp_code, static_cast<std::uint8_t>(t.destination_port));
  } else {
    half(w, Inner::source_port, t.source_port);
    half(w, Inner::destination_port, t.destination_port);
  }
  half(w, Outer::zone, t.zone);
}

}  // namespace sluice::openflow
