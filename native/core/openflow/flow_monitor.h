// OFPMP_FLOW_MONITOR (OpenFlow 1.5 §7.3.5.19): the switch tells of every change of its flows. The answer to the request
// is an empty part with its xid; what changes later comes in parts of the same type with xid 0.
// Neighbours: multipart.h takes a part off the wire, description.h does the same for dumps.
// An update has neither flags nor importance: a flow mod made from one is alike to what was sent but for those.
#pragma once

#include <cstdint>

#include "core/openflow/flow_mod.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

enum class FlowEvent : std::uint16_t {
  initial = 0,
  added = 1,
  removed = 2,
  modified = 3,
  abbreviated = 4,  // a change that came over this very connection: only its xid is told
  paused = 5,       // we do not read fast enough; what is added or modified from now on is not told
  resumed = 6,
};

// Why a flow was removed; other values say nothing we go by.
inline constexpr std::uint8_t kRemovedIdleTimeout = 0;
inline constexpr std::uint8_t kRemovedHardTimeout = 1;
inline constexpr std::uint8_t kRemovedWithGroup = 3;
inline constexpr std::uint8_t kRemovedWithMeter = 4;

struct FlowUpdate {
  FlowEvent event = FlowEvent::paused;
  std::uint8_t reason = 0;  // of `removed`
  std::uint32_t xid = 0;    // of `abbreviated`
  FlowMod flow;             // of initial, added, removed, modified; spans point into the part
};

// Additions, removals and modifications in all tables, with instructions, without what is there already.
void encode_flow_monitor_request(OutBuffer& out, std::uint32_t monitor_id, std::uint32_t xid);

// Only for a monitor that the switch has acknowledged: Open vSwitch 3.1 answers a request that it refuses with an error
// whose header is not the request's, and may append whatever its memory holds.
void encode_flow_monitor_cancel(OutBuffer& out, std::uint32_t monitor_id, std::uint32_t xid);

// Takes one update off the front of a part's body. False: the rest does not parse.
[[nodiscard]] bool next_flow_update(Bytes& body, FlowUpdate& out);

}  // namespace sluice::openflow
