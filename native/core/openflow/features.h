// OFPT_FEATURES_REQUEST / REPLY: the only thing we want is which bridge this is.
#pragma once

#include <optional>

#include "core/openflow/header.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

struct Features {
  std::uint64_t datapath_id = 0;
  std::uint8_t tables = 0;
};

inline void encode_features_request(OutBuffer& out, std::uint32_t xid) {
  Writer w(out.extend(kHeaderSize));
  encode_header(w, Type::features_request, kHeaderSize, xid);
}

[[nodiscard]] inline std::optional<Features> decode_features_reply(Bytes message) {
  Reader r(message);
  r.skip(kHeaderSize);
  Features features;
  features.datapath_id = r.u64();
  r.skip(4);  // n_buffers
  features.tables = r.u8();
  if (!r.ok()) return std::nullopt;
  return features;
}

}  // namespace sluice::openflow
