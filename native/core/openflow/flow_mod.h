// OFPT_FLOW_MOD (OpenFlow 1.5 §7.3.4.2). `oxm` is the match without ofp_match's own header and padding; both spans
// point into the decoded message.
#pragma once

#include <cstdint>

#include "core/openflow/header.h"
#include "core/status.h"

namespace sluice::openflow {

inline constexpr std::uint32_t kNoBuffer = 0xffffffff;
inline constexpr std::uint32_t kPortAny = 0xffffffff;
inline constexpr std::uint32_t kGroupAny = 0xffffffff;
inline constexpr std::uint8_t kTableAll = 0xff;

enum class FlowCommand : std::uint8_t { add = 0, modify = 1, modify_strict = 2, remove = 3, remove_strict = 4 };

struct FlowMod {
  std::uint64_t cookie = 0;
  std::uint64_t cookie_mask = 0;
  std::uint8_t table = 0;
  FlowCommand command = FlowCommand::add;
  std::uint16_t idle_timeout_sec = 0;
  std::uint16_t hard_timeout_sec = 0;
  std::uint16_t priority = 0;
  std::uint32_t buffer_id = kNoBuffer;
  std::uint32_t out_port = kPortAny;
  std::uint32_t out_group = kGroupAny;
  std::uint16_t flags = 0;
  std::uint16_t importance = 0;
  Bytes oxm;
  Bytes instructions;
};

inline constexpr std::size_t kFlowModFixed = 48;  // up to the match, header included
inline constexpr std::size_t kMatchHeader = 4;

[[nodiscard]] inline std::size_t match_size(std::size_t oxm) { return padded8(kMatchHeader + oxm); }
[[nodiscard]] inline std::size_t flow_mod_size(const FlowMod& m) {
  return kFlowModFixed + match_size(m.oxm.size()) + m.instructions.size();
}

// `message` is exactly one message, header included. The instructions' own lengths are walked, their content is not.
Status decode_flow_mod(Bytes message, FlowMod& out);
// The same without a check, only for bytes that decode_flow_mod has accepted before.
[[nodiscard]] FlowMod view_flow_mod(Bytes valid);
void encode_flow_mod(Writer& w, const FlowMod& m, std::uint32_t xid);

// ofp_match as it stands in flow mods and flow descriptions: type OXM, length, TLVs, zero padding to 8.
Status decode_match(Reader& r, Bytes& oxm);
void encode_match(Writer& w, Bytes oxm);

}  // namespace sluice::openflow
