// libFuzzer target: what a switch says it holds is refused or becomes the mods that would make it, and those decode to
// the same again: a read-back never finds a difference of its own making. The first byte says flows, groups or meters.
#include "core/openflow/description.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using namespace sluice::openflow;

void check(bool holds) {
  if (!holds) std::abort();
}

template <class Mod>
std::vector<std::uint8_t> encoded(const Mod& mod, std::size_t size,
                                  void (*encode)(sluice::Writer&, const Mod&, std::uint32_t)) {
  std::vector<std::uint8_t> bytes(size);
  sluice::Writer w(bytes);
  encode(w, mod, 0);
  check(w.ok() && w.position() == bytes.size());
  return bytes;
}

void flows(sluice::Bytes body) {
  FlowDescription said;
  for (std::size_t left = body.size(); next_flow_description(body, said); left = body.size()) {
    check(body.size() < left);
    const std::size_t size = flow_mod_size(said.flow);
    if (size > kMaxMessage) continue;
    const std::vector<std::uint8_t> bytes = encoded(said.flow, size, encode_flow_mod);
    FlowMod back;
    // Instructions are walked by the mod's decoder alone; a switch may say what we would not write.
    if (!decode_flow_mod(bytes, back).ok()) continue;
    check(back.table == said.flow.table && back.priority == said.flow.priority && back.cookie == said.flow.cookie);
    check(std::ranges::equal(back.oxm, said.flow.oxm));
    check(std::ranges::equal(back.instructions, said.flow.instructions));
  }
}

void groups(sluice::Bytes body) {
  GroupMod said;
  for (std::size_t left = body.size(); next_group_description(body, said); left = body.size()) {
    check(body.size() < left);
    const std::size_t size = group_mod_size(said);
    if (size > kMaxMessage) continue;
    const std::vector<std::uint8_t> bytes = encoded(said, size, encode_group_mod);
    GroupMod back;
    if (!decode_group_mod(bytes, back).ok()) continue;
    check(back.group_id == said.group_id && back.type == said.type);
    check(std::ranges::equal(back.buckets, said.buckets));
    check(std::ranges::equal(back.properties, said.properties));
  }
}

void meters(sluice::Bytes body) {
  MeterMod said;
  for (std::size_t left = body.size(); next_meter_description(body, said); left = body.size()) {
    check(body.size() < left);
    const std::size_t size = meter_mod_size(said);
    if (size > kMaxMessage) continue;
    const std::vector<std::uint8_t> bytes = encoded(said, size, encode_meter_mod);
    MeterMod back;
    if (!decode_meter_mod(bytes, back).ok()) continue;
    check(back.meter_id == said.meter_id && back.flags == said.flags);
    check(std::ranges::equal(back.bands, said.bands));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 65520) return 0;  // one part of a multipart reply
  const sluice::Bytes body(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      flows(body);
      break;
    case 1:
      groups(body);
      break;
    default:
      meters(body);
  }
  return 0;
}
