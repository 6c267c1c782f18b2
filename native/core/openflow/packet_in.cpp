#include "core/openflow/packet_in.h"

namespace sluice::openflow {

namespace {

constexpr std::uint32_t kNicira = 0x00002320;
constexpr std::uint32_t kSetPacketInFormat = 16;  // NXT_SET_PACKET_IN_FORMAT
constexpr std::uint32_t kFormatPacketIn2 = 2;     // NXPIF_NXT_PACKET_IN2
constexpr std::uint32_t kPacketIn2 = 30;          // NXT_PACKET_IN2
constexpr std::size_t kExperimenterHeader = kHeaderSize + 8;

enum class Property : std::uint16_t {
  packet = 0,
  full_length = 1,
  table = 3,
  cookie = 4,
  reason = 5,
  metadata = 6,
  userdata = 7
};

constexpr std::uint16_t kNxm1 = 0x0001;
constexpr std::uint16_t kBasic = 0x8000;
constexpr std::uint16_t kPacketRegisters = 0x8001;

std::uint32_t word(Bytes bytes, std::size_t n) { return load_big_endian<std::uint32_t>(bytes.data() + 4 * n); }

// One field of the pipeline. Registers come one by one, in pairs or in fours, with a mask that says nothing here.
void take_field(std::uint16_t oxm_class, unsigned field, Bytes value, PacketIn& out) {
  if (oxm_class == kBasic && field == 0 && value.size() == 4) out.in_port = word(value, 0);
  if (oxm_class == kNxm1 && field == 31 && value.size() == 4) out.tunnel_source = value;
  if (oxm_class == kNxm1 && field == 109 && value.size() == 16) out.tunnel_source = value;
  std::size_t first = out.registers.size();
  if (oxm_class == kNxm1 && field < 16 && value.size() == 4) first = field;
  if (oxm_class == kPacketRegisters && field < 8 && value.size() == 8) first = 2 * field;
  if (oxm_class == kNxm1 && field >= 111 && field < 115 && value.size() == 16) first = 4 * (field - 111);
  if (first == out.registers.size()) return;
  for (std::size_t n = 0; n < value.size() / 4; ++n) out.registers[first + n] = word(value, n);
}

bool take_metadata(Bytes oxm, PacketIn& out) {
  Reader r(oxm);
  while (r.left() > 0) {
    const std::uint16_t oxm_class = r.u16();
    const std::uint8_t field = r.u8();
    const std::size_t length = r.u8();
    const Bytes payload = r.take(length);
    if (!r.ok()) return false;
    const bool masked = (field & 1) != 0;
    take_field(oxm_class, field >> 1u, payload.first(masked ? length / 2 : length), out);
  }
  return true;
}

bool take_property(Property type, Bytes value, PacketIn& out) {
  Reader r(value);
  switch (type) {
    case Property::packet:
      out.packet = value;
      return true;
    case Property::full_length:
      out.full_length = r.u32();
      return r.ok();
    case Property::table:
      out.table = r.u8();
      return r.ok();
    case Property::cookie:
      r.skip(4);
      out.cookie = r.u64();
      return r.ok();
    case Property::reason:
      out.reason = r.u8();
      return r.ok();
    case Property::metadata:
      return take_metadata(value, out);
    case Property::userdata:
      out.userdata = value;
      return true;
  }
  return true;
}

}  // namespace

bool is_packet_in(const Header& header, Bytes message) {
  if (header.type != Type::experimenter || message.size() < kExperimenterHeader) return false;
  return load_big_endian<std::uint32_t>(message.data() + kHeaderSize) == kNicira &&
         load_big_endian<std::uint32_t>(message.data() + kHeaderSize + 4) == kPacketIn2;
}

Status decode_packet_in(Bytes message, PacketIn& out) {
  out = {};
  Reader r(message);
  r.skip(kExperimenterHeader);
  // The switch pads the last property, too; a peer that does not is understood as well.
  while (r.ok() && r.left() >= 4) {
    const auto type = static_cast<Property>(r.u16());
    const std::size_t length = r.u16();
    if (length < 4) return {StatusCode::malformed, "a packet-in property is shorter than its header"};
    const Bytes value = r.take(length - 4);
    if (!r.ok()) return {StatusCode::malformed, "a packet-in property is longer than its message"};
    if (!take_property(type, value, out)) return {StatusCode::malformed, "a packet-in property does not parse"};
    const std::size_t pad = padded8(length) - length;
    r.skip(pad < r.left() ? pad : r.left());
  }
  if (out.full_length < out.packet.size()) out.full_length = out.packet.size();
  return {};
}

void encode_packet_in_request(OutBuffer& out, std::uint32_t format_xid, std::uint32_t config_xid) {
  Writer format(out.extend(kExperimenterHeader + 4));
  encode_header(format, Type::experimenter, kExperimenterHeader + 4, format_xid);
  format.u32(kNicira);
  format.u32(kSetPacketInFormat);
  format.u32(kFormatPacketIn2);
  Writer config(out.extend(kHeaderSize + 4));
  encode_header(config, Type::set_config, kHeaderSize + 4, config_xid);
  config.u16(0);       // fragments as they come
  config.u16(0xffff);  // miss_send_len
}

}  // namespace sluice::openflow
