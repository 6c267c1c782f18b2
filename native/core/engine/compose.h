// From an entry of the store to the message that makes the switch agree with it. A body of 0 is a deletion.
// MODIFY is never used: it cannot change a cookie (OpenFlow 1.5 §6.4) and is a silent no-op on a missing flow; ADD
// replaces in place and keeps the counters.
#pragma once

#include <vector>

#include "core/store/flow_store.h"

namespace sluice {

[[nodiscard]] std::size_t mod_size(const FlowStore& store, Index entry, Handle body);
void write_mod(Writer& w, const FlowStore& store, Index entry, Handle body, std::uint32_t xid);
void append_mod(std::vector<std::uint8_t>& out, const FlowStore& store, Index entry, Handle body);

// The owner's desired set as batch bytes, without the marker.
[[nodiscard]] std::vector<std::uint8_t> desired_set(const FlowStore& store, Index owner);

// Equal for equal sets of messages in any order.
[[nodiscard]] std::uint64_t set_digest(Bytes messages);

}  // namespace sluice
