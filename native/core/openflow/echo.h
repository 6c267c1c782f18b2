// OFPT_ECHO_REQUEST / OFPT_ECHO_REPLY: both sides probe. A reply carries the request's xid and data back.
#pragma once

#include "core/openflow/header.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

inline void encode_echo_request(OutBuffer& out, std::uint32_t xid) {
  Writer w(out.extend(kHeaderSize));
  encode_header(w, Type::echo_request, kHeaderSize, xid);
}

inline void encode_echo_reply(OutBuffer& out, const Header& request, Bytes message) {
  Writer w(out.extend(message.size()));
  encode_header(w, Type::echo_reply, message.size(), request.xid);
  w.bytes(message.subspan(kHeaderSize));
}

}  // namespace sluice::openflow
