#include "fake_monitor.h"

#include <algorithm>

#include "core/openflow/multipart.h"

namespace sluice::test {

using openflow::Header;
using openflow::Type;

FakeMonitor::FakeMonitor(FakeSwitch& owner) : switch_(owner) {
  owner.told = [this](const FakeSwitch::Change& change) { tell(change); };
  owner.forwarded = [this](const ByteVector& mod) {
    if (forwarding_) reply(Type::request_forward, 0, mod);
  };
}

std::size_t FakeMonitor::count(const std::string& what) const {
  return static_cast<std::size_t>(std::ranges::count(log, what));
}

void FakeMonitor::reply(Type type, std::uint32_t xid, const ByteVector& body, bool part) {
  ByteVector message(openflow::kHeaderSize + (part ? 8 : 0) + body.size());
  Writer w(message);
  encode_header(w, type, message.size(), xid);
  if (part) {
    w.u16(16);
    w.zeros(6);
  }
  w.bytes(body);
  ByteVector& to = late && xid == 0 ? held_ : to_engine;
  to.insert(to.end(), message.begin(), message.end());
}

void FakeMonitor::release() {
  send(held_);
  held_.clear();
}

void FakeMonitor::error(std::uint32_t xid) {
  ByteVector body;
  push<std::uint32_t>(body, 0x00010002);
  body.resize(68);
  reply(Type::error, xid, body);
}

void FakeMonitor::event(std::uint16_t kind) {
  ByteVector body;
  push<std::uint16_t>(body, 8);
  push(body, kind);
  push<std::uint32_t>(body, 0);
  update(body);
}

void FakeMonitor::tell(const FakeSwitch::Change& change) {
  if (!armed_) return;
  ++told;
  openflow::FlowMod m;
  if (!decode_flow_mod(change.flow, m).ok()) return;
  ByteVector body(24 + openflow::match_size(m.oxm.size()) + m.instructions.size());
  Writer w(body);
  w.u16(static_cast<std::uint16_t>(body.size()));
  w.u16(static_cast<std::uint16_t>(change.event));
  w.u8(m.table);
  w.u8(change.reason);
  w.u16(m.idle_timeout_sec);
  w.u16(m.hard_timeout_sec);
  w.u16(m.priority);
  w.u32(0);
  w.u64(m.cookie);
  openflow::encode_match(w, m.oxm);
  w.bytes(m.instructions);
  update(body);
}

void FakeMonitor::disconnect() {
  armed_ = forwarding_ = false;
  to_engine.clear();
  held_.clear();
}

void FakeMonitor::feed(Bytes bytes) {
  while (const auto header = openflow::decode_header(bytes)) {
    on_message(*header, bytes.first(header->length));
    bytes = bytes.subspan(header->length);
  }
}

void FakeMonitor::on_message(const Header& header, Bytes message) {
  switch (header.type) {
    case Type::hello: {
      ByteVector body;
      push<std::uint32_t>(body, 0x00010008);
      push<std::uint32_t>(body, 1u << 6);
      return reply(Type::hello, header.xid, body);
    }
    case Type::features_request:
      return reply(Type::features_reply, header.xid, ByteVector(24));
    case Type::set_async:
      forwarding_ = load_big_endian<std::uint32_t>(message.data() + 12) != 0;
      return;
    case Type::barrier_request:
      log.emplace_back("barrier");
      release();
      return reply(Type::barrier_reply, header.xid, {});
    case Type::multipart_request:
      return on_multipart(header, message);
    default:
      return;
  }
}

void FakeMonitor::on_multipart(const Header& header, Bytes message) {
  if (load_big_endian<std::uint16_t>(message.data() + 8) == 3) {
    log.emplace_back("counts");
    if (!answers_counts) return;
    return knows_counts ? reply(Type::multipart_reply, header.xid, switch_.table_stats()) : error(header.xid);
  }
  const bool cancel = message[31] == 2;
  log.emplace_back(cancel ? "cancel" : "arm");
  if (refuses || (cancel && !armed_)) return error(0x5eed);
  armed_ = !cancel;
  reply(Type::multipart_reply, header.xid, {}, true);
}

}  // namespace sluice::test
