#include "core/openflow/flow_monitor.h"

#include "core/openflow/multipart.h"

namespace sluice::openflow {

namespace {

enum class Command : std::uint8_t { add = 0, remove = 2 };

// OFPFMF_ADD | OFPFMF_REMOVED | OFPFMF_MODIFY | OFPFMF_INSTRUCTIONS. Open vSwitch 3.1 refuses OFPFMF_NO_ABBREV; nothing
// of ours changes flows over a connection with a monitor, so there is nothing to abbreviate.
constexpr std::uint16_t kWanted = 0x001e;

void encode(OutBuffer& out, std::uint32_t monitor_id, std::uint16_t flags, Command command, std::uint32_t xid) {
  const std::size_t size = kHeaderSize + 8 + 16 + match_size(0);
  Writer w(out.extend(size));
  encode_header(w, Type::multipart_request, size, xid);
  w.u16(static_cast<std::uint16_t>(MultipartType::flow_monitor));
  w.zeros(6);
  w.u32(monitor_id);
  w.u32(kPortAny);
  w.u32(kGroupAny);
  w.u16(flags);
  w.u8(kTableAll);
  w.u8(static_cast<std::uint8_t>(command));
  encode_match(w, {});
}

}  // namespace

void encode_flow_monitor_request(OutBuffer& out, std::uint32_t monitor_id, std::uint32_t xid) {
  encode(out, monitor_id, kWanted, Command::add, xid);
}

void encode_flow_monitor_cancel(OutBuffer& out, std::uint32_t monitor_id, std::uint32_t xid) {
  encode(out, monitor_id, 0, Command::remove, xid);
}

bool next_flow_update(Bytes& body, FlowUpdate& out) {
  constexpr std::size_t kShortest = 8;
  if (body.size() < kShortest) return false;
  const std::size_t length = load_big_endian<std::uint16_t>(body.data());
  if (length < kShortest || length > body.size()) return false;
  Reader r(body.first(length));
  r.skip(2);
  out = {};
  out.event = static_cast<FlowEvent>(r.u16());
  switch (out.event) {
    case FlowEvent::abbreviated:
      out.xid = r.u32();
      break;
    case FlowEvent::paused:
    case FlowEvent::resumed:
      break;
    case FlowEvent::initial:
    case FlowEvent::added:
    case FlowEvent::removed:
    case FlowEvent::modified:
      out.flow.table = r.u8();
      out.reason = r.u8();
      out.flow.idle_timeout_sec = r.u16();
      out.flow.hard_timeout_sec = r.u16();
      out.flow.priority = r.u16();
      r.skip(4);
      out.flow.cookie = r.u64();
      if (!decode_match(r, out.flow.oxm).ok()) return false;
      out.flow.instructions = r.rest();
      break;
    default:
      return false;  // an event we do not know may have changed anything
  }
  if (!r.ok()) return false;
  body = body.subspan(length);
  return true;
}

}  // namespace sluice::openflow
