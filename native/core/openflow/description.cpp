#include "core/openflow/description.h"

namespace sluice::openflow {

namespace {

// OXS statistics fields (OpenFlow 1.5 §7.2.4): class 0x8002, field number in the upper 7 bits of the third byte.
constexpr std::uint16_t kOxsBasic = 0x8002;
constexpr std::uint8_t kOxsPackets = 4;
constexpr std::uint8_t kOxsBytes = 5;

void decode_stats(Bytes fields, FlowDescription& out) {
  Reader r(fields);
  while (r.ok() && r.left() >= 4) {
    const std::uint16_t oxs_class = r.u16();
    const std::uint8_t field = static_cast<std::uint8_t>(r.u8() >> 1);
    Reader value(r.take(r.u8()));
    if (oxs_class != kOxsBasic || value.left() != 8) continue;
    if (field == kOxsPackets) out.packets = value.u64();
    if (field == kOxsBytes) out.bytes = value.u64();
  }
}

// Entries of all three kinds start with their own length.
[[nodiscard]] bool cut(Bytes& body, std::size_t length, Bytes& entry) {
  if (length > body.size()) return false;
  entry = body.first(length);
  body = body.subspan(length);
  return true;
}

}  // namespace

bool next_flow_description(Bytes& body, FlowDescription& out) {
  constexpr std::size_t kFixed = 24;
  if (body.size() < kFixed) return false;
  Bytes entry;
  const std::uint16_t length = load_big_endian<std::uint16_t>(body.data());
  if (length < kFixed || !cut(body, length, entry)) return false;
  Reader r(entry);
  r.skip(4);
  out.flow = {};
  out.packets = 0;
  out.bytes = 0;
  out.flow.table = r.u8();
  r.skip(1);
  out.flow.priority = r.u16();
  out.flow.idle_timeout_sec = r.u16();
  out.flow.hard_timeout_sec = r.u16();
  out.flow.flags = r.u16();
  out.flow.importance = r.u16();
  out.flow.cookie = r.u64();
  if (!decode_match(r, out.flow.oxm).ok()) return false;
  r.skip(2);
  const std::uint16_t stats = r.u16();
  if (!r.ok() || stats < 4) return false;
  decode_stats(r.take(stats - 4u), out);
  r.skip(padded8(stats) - stats);
  if (!r.ok()) return false;
  out.flow.instructions = r.rest();
  return true;
}

bool next_group_description(Bytes& body, GroupMod& out) {
  constexpr std::size_t kFixed = 16;
  if (body.size() < kFixed) return false;
  Bytes entry;
  const std::uint16_t length = load_big_endian<std::uint16_t>(body.data());
  if (length < kFixed || !cut(body, length, entry)) return false;
  Reader r(entry);
  r.skip(2);
  out = {};
  out.type = r.u8();
  r.skip(1);
  out.group_id = r.u32();
  const std::uint16_t bucket_bytes = r.u16();
  r.skip(6);
  out.buckets = r.take(bucket_bytes);
  if (!r.ok() || !buckets_fit(out.buckets)) return false;
  out.properties = r.rest();
  return true;
}

bool next_meter_description(Bytes& body, MeterMod& out) {
  constexpr std::size_t kFixed = 8;
  if (body.size() < kFixed) return false;
  Bytes entry;
  const std::uint16_t length = load_big_endian<std::uint16_t>(body.data());
  if (length < kFixed || !cut(body, length, entry)) return false;
  Reader r(entry);
  r.skip(2);
  out = {};
  out.flags = r.u16();
  out.meter_id = r.u32();
  out.bands = r.rest();
  return true;
}

}  // namespace sluice::openflow
