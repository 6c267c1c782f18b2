// OFPT_BARRIER_REQUEST: the reply says that everything before it on this connection has been processed, errors
// included.
#pragma once

#include "core/openflow/header.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

inline void encode_barrier_request(OutBuffer& out, std::uint32_t xid) {
  Writer w(out.extend(kHeaderSize));
  encode_header(w, Type::barrier_request, kHeaderSize, xid);
}

}  // namespace sluice::openflow
