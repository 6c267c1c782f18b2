// What the switch says it holds: entries of OFPMP_FLOW_DESC, OFPMP_GROUP_DESC and OFPMP_METER_DESC replies, given back
// as the mods that would make them. Each `next_…` takes one entry off the front of a part's body; false: the rest does
// not parse.
#pragma once

#include "core/openflow/flow_mod.h"
#include "core/openflow/group_mod.h"
#include "core/openflow/meter_mod.h"

namespace sluice::openflow {

struct FlowDescription {
  FlowMod flow;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

[[nodiscard]] bool next_flow_description(Bytes& body, FlowDescription& out);
[[nodiscard]] bool next_group_description(Bytes& body, GroupMod& out);
[[nodiscard]] bool next_meter_description(Bytes& body, MeterMod& out);

}  // namespace sluice::openflow
