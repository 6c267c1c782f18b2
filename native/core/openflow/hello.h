// OFPT_HELLO with the version bitmap (OpenFlow 1.5 §7.5.1). We speak exactly one version; the peer's bitmap decides.
#pragma once

#include <cstdint>
#include <string>

#include "core/openflow/header.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

struct Hello {
  std::uint32_t versions = 0;  // bit n: version n; 0 when the peer sent no bitmap
  std::uint8_t highest = 0;    // ofp_header.version, which stands for "and every lower one" without a bitmap
};

[[nodiscard]] Hello decode_hello(Bytes message);
[[nodiscard]] bool speaks_our_version(const Hello& hello);
// "OpenFlow10, OpenFlow13": for the person who has to change the bridge's `protocols`.
[[nodiscard]] std::string version_list(const Hello& hello);
void encode_hello(OutBuffer& out, std::uint32_t xid);

}  // namespace sluice::openflow
