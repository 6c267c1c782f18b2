#include "core/openflow/multipart.h"

#include "core/openflow/flow_mod.h"

namespace sluice::openflow {

namespace {

constexpr std::size_t kMultipartFixed = 16;
constexpr std::uint16_t kMore = 1;
constexpr std::uint32_t kGroupAll = 0xfffffffc;
constexpr std::uint32_t kMeterAll = 0xffffffff;

Writer begin(OutBuffer& out, MultipartType type, std::size_t body, std::uint32_t xid) {
  Writer w(out.extend(kMultipartFixed + body));
  encode_header(w, Type::multipart_request, kMultipartFixed + body, xid);
  w.u16(static_cast<std::uint16_t>(type));
  w.zeros(6);
  return w;
}

}  // namespace

std::optional<MultipartPart> decode_multipart_reply(Bytes message) {
  Reader r(message);
  r.skip(kHeaderSize);
  MultipartPart part;
  part.type = static_cast<MultipartType>(r.u16());
  part.more = (r.u16() & kMore) != 0;
  r.skip(4);
  if (!r.ok()) return std::nullopt;
  part.body = r.rest();
  return part;
}

void encode_flow_desc_request(OutBuffer& out, std::uint8_t table, std::uint32_t xid, CookieFilter cookies) {
  Writer w = begin(out, MultipartType::flow_desc, 32 + match_size(0), xid);
  w.u8(table);
  w.zeros(3);
  w.u32(kPortAny);
  w.u32(kGroupAny);
  w.zeros(4);
  w.u64(cookies.cookie);
  w.u64(cookies.mask);
  encode_match(w, {});
}

void encode_group_desc_request(OutBuffer& out, std::uint32_t xid) {
  Writer w = begin(out, MultipartType::group_desc, 8, xid);
  w.u32(kGroupAll);
}

void encode_port_desc_request(OutBuffer& out, std::uint32_t xid) {
  Writer w = begin(out, MultipartType::port_desc, 8, xid);
  w.u32(kPortAny);
  w.zeros(4);
}

std::size_t count_ports(Bytes body) {
  std::size_t ports = 0;
  while (body.size() >= 8) {
    const std::size_t length = load_big_endian<std::uint16_t>(body.data() + 4);
    if (length < 8 || length > body.size()) break;
    body = body.subspan(length);
    ++ports;
  }
  return ports;
}

void encode_meter_desc_request(OutBuffer& out, std::uint32_t xid) {
  Writer w = begin(out, MultipartType::meter_desc, 8, xid);
  w.u32(kMeterAll);
}

void encode_table_stats_request(OutBuffer& out, std::uint32_t xid) { (void)begin(out, MultipartType::table, 0, xid); }

bool next_table_stats(Bytes& body, TableStats& out) {
  constexpr std::size_t kSize = 24;  // with the numbers of packets looked up and matched
  if (body.size() < kSize) return false;
  Reader r(body.first(kSize));
  out.table = r.u8();
  r.skip(3);
  out.flows = r.u32();
  body = body.subspan(kSize);
  return true;
}

}  // namespace sluice::openflow
