// The batch: how a whole change crosses the language border in one piece of memory. A stream of OpenFlow 1.5 messages
// with a marker of 16 bytes before each owner's set:
//   u8 0 (no OpenFlow version), u8 1 ("owner set"), u16 16, u32 0, u64 owner key; all big endian.
// What follows up to the next marker is the owner's whole set; nothing means that it wants nothing. The messages are
// FLOW_MOD, GROUP_MOD and METER_MOD with command ADD, in canonical form, and flow mods carry their owner's cookie.
#pragma once

#include <vector>

#include "core/batch/owner_set.h"
#include "core/status.h"

namespace sluice {

inline constexpr std::size_t kMarkerSize = 16;

// All of it or nothing: the first thing that does not fit makes the whole batch malformed, and `sets` is then empty.
Status read_batch(Bytes batch, std::vector<OwnerSet>& sets);

void append_marker(std::vector<std::uint8_t>& batch, OwnerKey owner);

}  // namespace sluice
