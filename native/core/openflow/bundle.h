// OFPT_BUNDLE_CONTROL and OFPT_BUNDLE_ADD_MESSAGE (OpenFlow 1.5 §7.3.9). An Open vSwitch bundle promises less than the
// standard does: see engine/committer.h for the sequence that makes it safe.
#pragma once

#include <cstdint>
#include <optional>

#include "core/openflow/header.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

enum class BundleControl : std::uint16_t {
  open_request = 0,
  open_reply = 1,
  close_request = 2,
  close_reply = 3,
  commit_request = 4,
  commit_reply = 5,
  discard_request = 6,
  discard_reply = 7,
};

// Every message of a bundle must carry the same flags or the switch destroys it; we use one pair always.
inline constexpr std::uint16_t kBundleFlags = 3;   // OFPBF_ATOMIC | OFPBF_ORDERED
inline constexpr std::size_t kBundleAddSize = 16;  // what wrapping costs a message
inline constexpr std::size_t kMaxBundled = kMaxMessage - kBundleAddSize;

struct BundleReply {
  std::uint32_t bundle_id = 0;
  BundleControl control = BundleControl::open_reply;
};

inline void encode_bundle_control(OutBuffer& out, std::uint32_t bundle_id, BundleControl control, std::uint32_t xid) {
  Writer w(out.extend(16));
  encode_header(w, Type::bundle_control, 16, xid);
  w.u32(bundle_id);
  w.u16(static_cast<std::uint16_t>(control));
  w.u16(kBundleFlags);
}

// The head only; exactly `inner_size` bytes of the message with the same xid must follow.
inline void encode_bundle_add_head(Writer& w, std::uint32_t bundle_id, std::size_t inner_size, std::uint32_t xid) {
  encode_header(w, Type::bundle_add_message, kBundleAddSize + inner_size, xid);
  w.u32(bundle_id);
  w.zeros(2);
  w.u16(kBundleFlags);
}

[[nodiscard]] inline std::optional<BundleReply> decode_bundle_control(Bytes message) {
  Reader r(message);
  r.skip(kHeaderSize);
  BundleReply reply;
  reply.bundle_id = r.u32();
  reply.control = static_cast<BundleControl>(r.u16());
  if (!r.ok()) return std::nullopt;
  return reply;
}

}  // namespace sluice::openflow
