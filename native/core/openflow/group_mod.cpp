#include "core/openflow/group_mod.h"

namespace sluice::openflow {

bool buckets_fit(Bytes buckets) {
  std::size_t at = 0;
  while (at < buckets.size()) {
    if (buckets.size() - at < 8) return false;
    const std::size_t size = load_big_endian<std::uint16_t>(buckets.data() + at);
    if (size < 8 || size % 8 != 0 || size > buckets.size() - at) return false;
    at += size;
  }
  return true;
}

Status decode_group_mod(Bytes message, GroupMod& out) {
  Reader r(message);
  r.skip(kHeaderSize);
  out.command = static_cast<GroupCommand>(r.u16());
  out.type = r.u8();
  r.skip(1);
  out.group_id = r.u32();
  const std::uint16_t bucket_bytes = r.u16();
  r.skip(2);
  out.command_bucket_id = r.u32();
  out.buckets = r.take(bucket_bytes);
  if (!r.ok()) return {StatusCode::malformed, "group mod is shorter than its buckets"};
  out.properties = r.rest();
  if (!buckets_fit(out.buckets)) return {StatusCode::malformed, "a bucket is longer than its group mod"};
  return {};
}

void encode_group_mod(Writer& w, const GroupMod& m, std::uint32_t xid) {
  encode_header(w, Type::group_mod, group_mod_size(m), xid);
  w.u16(static_cast<std::uint16_t>(m.command));
  w.u8(m.type);
  w.zeros(1);
  w.u32(m.group_id);
  w.u16(static_cast<std::uint16_t>(m.buckets.size()));
  w.zeros(2);
  w.u32(m.command_bucket_id);
  w.bytes(m.buckets);
  w.bytes(m.properties);
}

}  // namespace sluice::openflow
