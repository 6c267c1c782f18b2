#include "fake_switch.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "core/openflow/multipart.h"
#include "core/store/references.h"

namespace sluice::test {

using openflow::BundleControl;
using openflow::Header;
using openflow::Type;

namespace {
bool points_to(const FakeSwitch::Flow& flow, std::uint32_t group) {
  return std::ranges::any_of(references_of(flow.instructions), [&](const Reference& r) { return r.id == group; });
}
}  // namespace

void FakeSwitch::reply(Type type, std::uint32_t xid, const ByteVector& body) {
  ByteVector& out = to_engine[wire_];
  const std::size_t at = out.size();
  out.resize(at + openflow::kHeaderSize + body.size());
  Writer w{std::span(out).subspan(at)};
  encode_header(w, type, openflow::kHeaderSize + body.size(), xid);
  w.bytes(body);
}

void FakeSwitch::error(std::uint32_t xid, Refused why) {
  ByteVector body;
  push(body, why.type);
  push(body, why.code);
  body.resize(body.size() + 64);
  reply(Type::error, xid, body);
}

void FakeSwitch::disconnect(std::size_t wire) {
  wires_.erase(wire);
  to_engine.erase(wire);
}

void FakeSwitch::feed(Bytes bytes, std::size_t wire) {
  wire_ = wire;
  while (const auto header = openflow::decode_header(bytes)) {
    on_message(*header, bytes.first(header->length));
    bytes = bytes.subspan(header->length);
  }
}

void FakeSwitch::on_message(const Header& header, Bytes message) {
  switch (header.type) {
    case Type::hello: {
      ByteVector body;
      push<std::uint32_t>(body, 0x00010008);
      push(body, versions);
      return reply(Type::hello, header.xid, body);
    }
    case Type::features_request: {
      ByteVector body;
      push<std::uint64_t>(body, 0x0000abcdef012345);
      push<std::uint32_t>(body, 0);
      push<std::uint32_t>(body, 0xfe000000);
      body.resize(24);
      return reply(Type::features_reply, header.xid, body);
    }
    case Type::echo_request:
      return reply(Type::echo_reply, header.xid, {});
    case Type::barrier_request:
      log.emplace_back("barrier");
      return reply(Type::barrier_reply, header.xid, {});
    case Type::bundle_control:
      return on_bundle_control(header, message);
    case Type::bundle_add_message:
      return on_bundle_add(header, message);
    case Type::multipart_request:
      return on_multipart(header, message);
    case Type::experimenter:
    case Type::set_config:
    case Type::packet_out:
      return;  // never answered
    default:
      if (const auto why = apply(header, message)) error(header.xid, *why);
      tell();
  }
}

void FakeSwitch::by_hand(const ByteVector& message) {
  if (const auto header = openflow::decode_header(message)) (void)apply(*header, message);
  tell();
}

void FakeSwitch::remember(openflow::FlowEvent event, std::uint8_t reason, const Key& key, const Flow& flow) {
  openflow::FlowMod m;
  m.table = key.first.first;
  m.priority = key.first.second;
  m.cookie = flow.cookie;
  m.idle_timeout_sec = flow.idle_timeout_sec;
  m.oxm = flow.oxm;
  m.instructions = flow.instructions;
  Change& change = changes_.emplace_back(Change{event, reason, ByteVector(flow_mod_size(m))});
  Writer w(change.flow);
  encode_flow_mod(w, m, 0);
}

void FakeSwitch::tell() {
  for (const ByteVector& mod : std::exchange(group_mods_, {})) {
    if (forwarded) forwarded(mod);
  }
  for (const Change& change : std::exchange(changes_, {})) {
    if (told) told(change);
  }
}

void FakeSwitch::on_bundle_add(const Header& header, Bytes message) {
  Reader r(message);
  r.skip(openflow::kHeaderSize);
  const std::uint32_t id = r.u32();
  r.skip(4);
  const Bytes inner = r.rest();
  auto& messages = wires_[wire_].bundles[id];  // an unknown id opens a bundle silently
  if (expire_while_adding > 0 && messages.size() == 2) {
    --expire_while_adding;
    error(wires_[wire_].open_xids[id], {17, 14});
    messages.clear();
  }
  const auto inner_header = openflow::decode_header(inner);
  openflow::FlowMod flow;
  if (inner_header->type == Type::flow_mod && decode_flow_mod(inner, flow).ok() && at_add) {
    if (const auto why = at_add(flow)) return error(header.xid, *why);
  }
  log.emplace_back("add");
  messages.emplace_back(*inner_header, ByteVector(inner.begin(), inner.end()));
}

void FakeSwitch::on_bundle_control(const Header& header, Bytes message) {
  Reader r(message);
  r.skip(openflow::kHeaderSize);
  const std::uint32_t id = r.u32();
  const auto control = static_cast<BundleControl>(r.u16());
  ByteVector body;
  push(body, id);
  push(body, static_cast<std::uint16_t>(static_cast<std::uint16_t>(control) + 1));
  push<std::uint16_t>(body, 3);
  switch (control) {
    case BundleControl::open_request:
      log.emplace_back("open");
      // What is in it goes, and the next ADD begins it anew.
      if (wires_[wire_].bundles.erase(id) != 0) return error(header.xid, {17, 2});
      wires_[wire_].bundles[id];
      wires_[wire_].open_xids[id] = header.xid;
      return reply(Type::bundle_control, header.xid, body);
    case BundleControl::discard_request:
      log.emplace_back("discard");
      if (wires_[wire_].bundles.erase(id) == 0) return error(header.xid, {17, 2});
      return reply(Type::bundle_control, header.xid, body);
    case BundleControl::commit_request:
      log.emplace_back("commit");
      if (expire_before_commit > 0) {
        --expire_before_commit;
        wires_[wire_].bundles.erase(id);
        error(wires_[wire_].open_xids[id], {17, 14});
      }
      return commit(header, id);
    default:
      return;
  }
}

void FakeSwitch::commit(const Header& header, std::uint32_t id) {
  const auto bundle = wires_[wire_].bundles.find(id);
  if (bundle == wires_[wire_].bundles.end()) return error(header.xid, {17, 2});
  undo_.clear();
  const bool has_groups =
      std::ranges::any_of(bundle->second, [](const Message& m) { return m.first.type == Type::group_mod; });
  const auto groups_before = has_groups ? groups : std::map<std::uint32_t, ByteVector>{};
  const std::vector<Message> messages = std::move(bundle->second);
  wires_[wire_].bundles.erase(bundle);
  for (const auto& [inner, bytes] : messages) {
    const auto why = apply(inner, bytes);
    if (!why) continue;
    for (auto& [key, flow] : std::views::reverse(undo_)) {
      flow ? void(flows[key] = std::move(*flow)) : void(flows.erase(key));
    }
    if (has_groups) groups = groups_before;
    changes_.clear();
    group_mods_.clear();
    error(inner.xid, *why);
    return error(header.xid, {17, 13});
  }
  tell();
  if (lose_commit_reply) return;
  ByteVector body;
  push(body, id);
  push(body, static_cast<std::uint16_t>(BundleControl::commit_reply));
  push<std::uint16_t>(body, 3);
  reply(Type::bundle_control, header.xid, body);
}

std::optional<Refused> FakeSwitch::apply(const Header& header, Bytes message) {
  ++mods;
  openflow::GroupMod group;
  using openflow::FlowEvent;
  if (header.type == Type::group_mod && decode_group_mod(message, group).ok()) {
    group_mods_.emplace_back(message.begin(), message.end());
    if (group.command == openflow::GroupCommand::remove) {
      groups.erase(group.group_id);
      std::erase_if(flows, [&](const auto& f) {
        if (!points_to(f.second, group.group_id)) return false;
        undo_.emplace_back(f.first, f.second);
        remember(FlowEvent::removed, openflow::kRemovedWithGroup, f.first, f.second);
        return true;
      });
    } else {
      groups[group.group_id] = ByteVector(message.begin(), message.end());
    }
    return std::nullopt;
  }
  openflow::FlowMod flow;
  if (header.type != Type::flow_mod || !decode_flow_mod(message, flow).ok()) return Refused{1, 1};
  const Key key{{flow.table, flow.priority}, {flow.oxm.begin(), flow.oxm.end()}};
  const auto there = flows.find(key);
  undo_.emplace_back(key, there == flows.end() ? std::nullopt : std::optional(there->second));
  if (flow.command == openflow::FlowCommand::remove_strict) {
    if (there != flows.end()) {
      remember(FlowEvent::removed, 2, key, there->second);
      flows.erase(there);
    }
    return std::nullopt;
  }
  for (const Reference& r : references_of(flow.instructions)) {
    if (r.kind == EntryKind::group && !groups.contains(r.id)) return Refused{2, 9};
  }
  if (at_commit) {
    if (const auto why = at_commit(flow)) return why;
  }
  flows[key] = {flow.cookie, flow.idle_timeout_sec, key.second, {flow.instructions.begin(), flow.instructions.end()}};
  remember(FlowEvent::added, 0, key, flows[key]);
  return std::nullopt;
}

void FakeSwitch::on_multipart(const Header& header, Bytes message) {
  Reader r(message);
  r.skip(openflow::kHeaderSize);
  const auto type = static_cast<openflow::MultipartType>(r.u16());
  r.skip(6);
  if (type != openflow::MultipartType::port_desc) log.emplace_back("dump");
  if (type == openflow::MultipartType::flow_desc) return dump_flows(header.xid, r.u8());
  if (type == openflow::MultipartType::group_desc) return dump_groups(header.xid);
  if (type == openflow::MultipartType::table) return reply(Type::multipart_reply, header.xid, table_stats());
  if (type == openflow::MultipartType::port_desc) return describe_ports(header.xid);
  error(header.xid, {1, 2});
}

ByteVector FakeSwitch::table_stats() const {
  std::array<std::uint32_t, 254> counts{};
  for (const auto& [key, flow] : flows) ++counts[key.first.first];
  ByteVector part;
  push<std::uint64_t>(part, 0x0003000000000000);
  for (std::size_t t = 0; t < counts.size(); ++t) {
    push(part, static_cast<std::uint32_t>(t << 24));
    push(part, counts[t]);
    part.resize(part.size() + 16);
  }
  return part;
}

void FakeSwitch::dump_flows(std::uint32_t xid, std::uint8_t table) {
  ByteVector part;
  const auto begin = [&](bool more) {
    part.clear();
    push<std::uint16_t>(part, 1);
    push<std::uint16_t>(part, more ? 1 : 0);
    push<std::uint32_t>(part, 0);
  };
  begin(true);
  std::size_t in_part = 0;
  for (const auto& [key, flow] : flows) {
    if (table != openflow::kTableAll && key.first.first != table) continue;
    const std::size_t match = openflow::match_size(flow.oxm.size());
    constexpr std::size_t kStats = 32;  // head, packet count, byte count, padded
    const std::size_t at = part.size();
    part.resize(at + 24 + match + kStats + flow.instructions.size());
    Writer w{std::span(part).subspan(at)};
    w.u16(static_cast<std::uint16_t>(part.size() - at));
    w.zeros(2);
    w.u8(key.first.first);
    w.zeros(1);
    w.u16(key.first.second);
    w.u16(flow.idle_timeout_sec);
    w.zeros(6);
    w.u64(flow.cookie);
    openflow::encode_match(w, flow.oxm);
    w.u16(0);
    w.u16(28);
    w.u32(0x80020808);
    w.u64(5);
    w.u32(0x80020a08);
    w.u64(500);
    w.zeros(4);
    w.bytes(flow.instructions);
    if (++in_part % flows_per_part == 0) {
      reply(Type::multipart_reply, xid, part);
      begin(true);
    }
  }
  part[3] = 0;  // the last part
  reply(Type::multipart_reply, xid, part);
}

void FakeSwitch::describe_ports(std::uint32_t xid) {
  ByteVector part;
  push<std::uint64_t>(part, 0x000d000000000000);
  for (std::size_t i = 0; i < ports; ++i) {
    push(part, static_cast<std::uint32_t>(i + 1));
    push<std::uint16_t>(part, 40);
    part.resize(part.size() + 34);
  }
  reply(Type::multipart_reply, xid, part);
}

void FakeSwitch::dump_groups(std::uint32_t xid) {
  ByteVector part;
  push<std::uint64_t>(part, 0x0007000000000000);
  for (const auto& [id, message] : groups) {
    openflow::GroupMod group;
    if (!decode_group_mod(message, group).ok()) continue;
    push(part, static_cast<std::uint16_t>(16 + group.buckets.size() + group.properties.size()));
    push(part, static_cast<std::uint16_t>(group.type << 8));
    push(part, id);
    push(part, static_cast<std::uint16_t>(group.buckets.size()));
    part.resize(part.size() + 6);
    part.insert(part.end(), group.buckets.begin(), group.buckets.end());
    part.insert(part.end(), group.properties.begin(), group.properties.end());
  }
  reply(Type::multipart_reply, xid, part);
}

}  // namespace sluice::test
