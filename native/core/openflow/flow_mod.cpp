#include "core/openflow/flow_mod.h"

namespace sluice::openflow {

namespace {

constexpr std::uint16_t kMatchOxm = 1;

Status malformed(const char* what) { return {StatusCode::malformed, what}; }

// Every TLV inside, nothing left over: 4 bytes of header whose last is the payload's length.
bool tlvs_fit(Bytes oxm) {
  std::size_t at = 0;
  while (at < oxm.size()) {
    if (oxm.size() - at < 4) return false;
    const std::size_t size = 4u + oxm[at + 3];
    if (size > oxm.size() - at) return false;
    at += size;
  }
  return true;
}

// Instructions: u16 type, u16 length (a multiple of 8), …
bool instructions_fit(Bytes bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (bytes.size() - at < 8) return false;
    const std::size_t size = load_big_endian<std::uint16_t>(bytes.data() + at + 2);
    if (size < 8 || size % 8 != 0 || size > bytes.size() - at) return false;
    at += size;
  }
  return true;
}

}  // namespace

Status decode_match(Reader& r, Bytes& oxm) {
  const std::uint16_t type = r.u16();
  const std::uint16_t length = r.u16();
  if (!r.ok() || type != kMatchOxm || length < kMatchHeader) return malformed("match is not an OXM match");
  oxm = r.take(length - kMatchHeader);
  r.skip(padded8(length) - length);
  if (!r.ok()) return malformed("match is longer than its message");
  if (!tlvs_fit(oxm)) return malformed("an OXM field is longer than its match");
  return {};
}

void encode_match(Writer& w, Bytes oxm) {
  const std::size_t length = kMatchHeader + oxm.size();
  w.u16(kMatchOxm);
  w.u16(static_cast<std::uint16_t>(length));
  w.bytes(oxm);
  w.zeros(padded8(length) - length);
}

Status decode_flow_mod(Bytes message, FlowMod& out) {
  Reader r(message);
  r.skip(kHeaderSize);
  out.cookie = r.u64();
  out.cookie_mask = r.u64();
  out.table = r.u8();
  out.command = static_cast<FlowCommand>(r.u8());
  out.idle_timeout_sec = r.u16();
  out.hard_timeout_sec = r.u16();
  out.priority = r.u16();
  out.buffer_id = r.u32();
  out.out_port = r.u32();
  out.out_group = r.u32();
  out.flags = r.u16();
  out.importance = r.u16();
  if (!r.ok()) return malformed("flow mod is shorter than its fixed part");
  if (Status s = decode_match(r, out.oxm); !s.ok()) return s;
  out.instructions = r.rest();
  if (!instructions_fit(out.instructions)) return malformed("an instruction is longer than its flow mod");
  return {};
}

FlowMod view_flow_mod(Bytes valid) {
  const std::uint8_t* at = valid.data();
  FlowMod m;
  m.cookie = load_big_endian<std::uint64_t>(at + 8);
  m.cookie_mask = load_big_endian<std::uint64_t>(at + 16);
  m.table = at[24];
  m.command = static_cast<FlowCommand>(at[25]);
  m.idle_timeout_sec = load_big_endian<std::uint16_t>(at + 26);
  m.hard_timeout_sec = load_big_endian<std::uint16_t>(at + 28);
  m.priority = load_big_endian<std::uint16_t>(at + 30);
  m.buffer_id = load_big_endian<std::uint32_t>(at + 32);
  m.out_port = load_big_endian<std::uint32_t>(at + 36);
  m.out_group = load_big_endian<std::uint32_t>(at + 40);
  m.flags = load_big_endian<std::uint16_t>(at + 44);
  m.importance = load_big_endian<std::uint16_t>(at + 46);
  const std::size_t oxm = load_big_endian<std::uint16_t>(at + kFlowModFixed + 2) - kMatchHeader;
  m.oxm = valid.subspan(kFlowModFixed + kMatchHeader, oxm);
  m.instructions = valid.subspan(kFlowModFixed + match_size(oxm));
  return m;
}

void encode_flow_mod(Writer& w, const FlowMod& m, std::uint32_t xid) {
  encode_header(w, Type::flow_mod, flow_mod_size(m), xid);
  w.u64(m.cookie);
  w.u64(m.cookie_mask);
  w.u8(m.table);
  w.u8(static_cast<std::uint8_t>(m.command));
  w.u16(m.idle_timeout_sec);
  w.u16(m.hard_timeout_sec);
  w.u16(m.priority);
  w.u32(m.buffer_id);
  w.u32(m.out_port);
  w.u32(m.out_group);
  w.u16(m.flags);
  w.u16(m.importance);
  encode_match(w, m.oxm);
  w.bytes(m.instructions);
}

}  // namespace sluice::openflow
