#include "core/batch/batch_reader.h"

#include <string>
#include <utility>

#include "core/openflow/bundle.h"
#include "core/openflow/flow_mod.h"
#include "core/openflow/group_mod.h"
#include "core/openflow/meter_mod.h"
#include "core/store/hash_index.h"
#include "core/wire/writer.h"

namespace sluice {

namespace {

using openflow::Header;
using openflow::Type;

constexpr std::uint8_t kOwnerSet = 1;
// CHECK_OVERLAP costs a scan of the table for each flow, and neither it nor RESET_COUNTS comes back in a dump.
constexpr std::uint16_t kUnusableFlags = 2 | 4;
constexpr std::uint32_t kLastGroup = 0xffffff00;
constexpr std::uint32_t kLastMeter = 0xffff0000;

[[nodiscard]] Status bad(std::string what) { return {StatusCode::malformed, std::move(what)}; }

[[nodiscard]] Status check_flow(Bytes message, OwnerKey owner) {
  openflow::FlowMod flow;
  if (Status s = decode_flow_mod(message, flow); !s.ok()) return s;
  if (flow.command != openflow::FlowCommand::add) return bad("flow mod is not an ADD");
  if (owner_of_cookie(flow.cookie) != owner) return bad("flow mod's cookie names another owner than its marker");
  if (flow.cookie_mask != 0) return bad("flow mod has a cookie mask");
  if (flow.table == openflow::kTableAll) return bad("flow mod has no table");
  if (flow.buffer_id != openflow::kNoBuffer) return bad("flow mod names a buffer");
  if (flow.out_port != openflow::kPortAny || flow.out_group != openflow::kGroupAny) {
    return bad("flow mod filters by output");
  }
  if ((flow.flags & kUnusableFlags) != 0) return bad("flow mod has check_overlap or reset_counts");
  return {};
}

[[nodiscard]] Status check_group(Bytes message) {
  openflow::GroupMod group;
  if (Status s = decode_group_mod(message, group); !s.ok()) return s;
  if (group.command != openflow::GroupCommand::add) return bad("group mod is not an ADD");
  if (group.group_id > kLastGroup) return bad("group mod has a reserved group id");
  return {};
}

[[nodiscard]] Status check_meter(Bytes message) {
  openflow::MeterMod meter;
  if (Status s = decode_meter_mod(message, meter); !s.ok()) return s;
  if (meter.command != openflow::MeterCommand::add) return bad("meter mod is not an ADD");
  if (meter.meter_id == 0 || meter.meter_id > kLastMeter) return bad("meter mod has a reserved meter id");
  return {};
}

[[nodiscard]] Status check_message(const Header& header, Bytes message, OwnerKey owner) {
  if (header.version != openflow::kVersion) return bad("message is not OpenFlow 1.5");
  switch (header.type) {
    case Type::flow_mod:
      return check_flow(message, owner);
    case Type::group_mod:
      return check_group(message);
    case Type::meter_mod:
      return check_meter(message);
    default:
      return bad("message type " + std::to_string(static_cast<int>(header.type)) + " has no place in a batch");
  }
}

[[nodiscard]] Status read_marker(Bytes marker, OwnerKey& owner) {
  Reader r(marker);
  r.skip(1);
  const std::uint8_t kind = r.u8();
  const std::uint16_t length = r.u16();
  const std::uint32_t zero = r.u32();
  owner = r.u64();
  if (!r.ok() || length != kMarkerSize || zero != 0) return bad("marker does not have its 16 bytes");
  if (kind != kOwnerSet) return bad("marker of unknown kind " + std::to_string(kind));
  if (!valid_owner(owner)) return bad("marker has no valid owner key");
  return {};
}

[[nodiscard]] Status read_sets(Bytes batch, std::vector<OwnerSet>& sets, std::size_t& at) {
  HashIndex seen;  // positions in `sets`, from 1
  const auto add = [&](OwnerKey owner) {
    const std::uint64_t hash = hash_bytes({reinterpret_cast<const std::uint8_t*>(&owner), sizeof owner});
    if (seen.find(hash, [&](Index i) { return sets[i - 1].owner == owner; }) != 0) return false;
    sets.emplace_back().owner = owner;
    seen.insert(hash, static_cast<Index>(sets.size()));
    return true;
  };
  std::size_t start = 0;
  const auto finish = [&] {
    if (!sets.empty()) sets.back().messages = batch.subspan(start, at - start);
  };
  while (at < batch.size()) {
    const auto header = openflow::decode_header(batch.subspan(at));
    if (!header) return bad("less than a header is left");
    if (header->length < openflow::kHeaderSize) return bad("length is less than a header");
    if (header->length > batch.size() - at) return bad("message is cut off");
    const Bytes message = batch.subspan(at, header->length);
    if (header->version == 0) {
      finish();
      OwnerKey owner = 0;
      if (Status s = read_marker(message, owner); !s.ok()) return s;
      if (!add(owner)) return bad("owner is named twice");
      start = at + header->length;
    } else {
      if (sets.empty()) return bad("message before the first marker");
      OwnerSet& set = sets.back();
      if (Status s = check_message(*header, message, set.owner); !s.ok()) return s;
      ++set.count;
      set.only_flows = set.only_flows && header->type == Type::flow_mod;
      if (message.size() > openflow::kMaxBundled && set.oversized.empty()) set.oversized = message;
    }
    at += header->length;
  }
  finish();
  return {};
}

}  // namespace

Status read_batch(Bytes batch, std::vector<OwnerSet>& sets) {
  sets.clear();
  std::size_t at = 0;
  Status status = read_sets(batch, sets, at);
  if (status.ok()) return status;
  sets.clear();
  return {StatusCode::malformed, "batch refused at byte " + std::to_string(at) + ": " + status.message()};
}

void append_marker(std::vector<std::uint8_t>& batch, OwnerKey owner) {
  batch.resize(batch.size() + kMarkerSize);
  Writer w{std::span(batch).last(kMarkerSize)};
  w.u8(0);
  w.u8(kOwnerSet);
  w.u16(kMarkerSize);
  w.u32(0);
  w.u64(owner);
}

}  // namespace sluice
