#include "core/engine/compose.h"

namespace sluice {

namespace {

using namespace openflow;

FlowMod flow_mod(const FlowStore& store, Index entry, Handle body) {
  const KeyHead& key = store.entries().key(entry);
  FlowMod m;
  m.table = key.table;
  m.priority = key.priority;
  m.oxm = store.entries().key_tail(entry);
  if (body == 0) {
    m.command = FlowCommand::remove_strict;
    return m;
  }
  const BodyHead& head = store.bodies().head(body);
  m.cookie = head.cookie;
  m.flags = head.flags;
  m.idle_timeout_sec = head.idle_timeout_sec;
  m.hard_timeout_sec = head.hard_timeout_sec;
  m.importance = head.importance;
  m.instructions = store.bodies().payload(body);
  return m;
}

GroupMod group_mod(const FlowStore& store, Index entry, Handle body) {
  GroupMod m;
  m.group_id = store.entries().id(entry);
  m.command = body == 0 ? GroupCommand::remove : GroupCommand::add_or_modify;
  if (body == 0) return m;
  const Bytes payload = store.bodies().payload(body);
  std::uint16_t buckets;
  std::memcpy(&buckets, payload.data() + 2, sizeof buckets);
  m.type = payload[0];
  m.buckets = payload.subspan(4, buckets);
  m.properties = payload.subspan(4u + buckets);
  return m;
}

MeterMod meter_mod(const FlowStore& store, Index entry, Handle body) {
  MeterMod m;
  m.meter_id = store.entries().id(entry);
  m.command = body == 0 ? MeterCommand::remove : MeterCommand::add;
  if (body == 0) return m;
  // Open vSwitch knows no upsert for meters.
  if (store.entries()[entry].confirmed != 0) m.command = MeterCommand::modify;
  m.flags = store.bodies().head(body).flags;
  m.bands = store.bodies().payload(body);
  return m;
}

}  // namespace

std::size_t mod_size(const FlowStore& store, Index entry, Handle body) {
  switch (store.entries().key(entry).kind) {
    case EntryKind::flow:
      return flow_mod_size(flow_mod(store, entry, body));
    case EntryKind::group:
      return group_mod_size(group_mod(store, entry, body));
    case EntryKind::meter:
      break;
  }
  return meter_mod_size(meter_mod(store, entry, body));
}

void write_mod(Writer& w, const FlowStore& store, Index entry, Handle body, std::uint32_t xid) {
  switch (store.entries().key(entry).kind) {
    case EntryKind::flow:
      return encode_flow_mod(w, flow_mod(store, entry, body), xid);
    case EntryKind::group:
      return encode_group_mod(w, group_mod(store, entry, body), xid);
    case EntryKind::meter:
      return encode_meter_mod(w, meter_mod(store, entry, body), xid);
  }
}

void append_mod(std::vector<std::uint8_t>& out, const FlowStore& store, Index entry, Handle body) {
  const std::size_t size = mod_size(store, entry, body);
  out.resize(out.size() + size);
  Writer w{std::span(out).last(size)};
  write_mod(w, store, entry, body, 0);
}

std::vector<std::uint8_t> desired_set(const FlowStore& store, Index owner) {
  std::vector<std::uint8_t> bytes;
  store.each_want(owner, [&](const Want& want) {
    if (want.body == 0) return;
    const std::size_t at = bytes.size();
    append_mod(bytes, store, want.entry, want.body);
    // A batch knows ADD only; the upsert commands are ours.
    const EntryKind kind = store.entries().key(want.entry).kind;
    if (kind != EntryKind::flow) std::memset(bytes.data() + at + kHeaderSize, 0, 2);
  });
  return bytes;
}

std::uint64_t set_digest(Bytes messages) {
  std::uint64_t sum = 0;
  while (const auto header = decode_header(messages)) {
    if (header->length < kHeaderSize || header->length > messages.size()) break;
    sum += hash_bytes(messages.first(header->length));
    messages = messages.subspan(header->length);
  }
  return sum;
}

}  // namespace sluice
