// The ofp_header and the message types of OpenFlow 1.5 (ONF TS-025 §7.1). Everything on the wire starts with it.
#pragma once

#include <cstdint>
#include <optional>

#include "core/wire/reader.h"
#include "core/wire/writer.h"

namespace sluice::openflow {

inline constexpr std::uint8_t kVersion = 6;  // OpenFlow 1.5
inline constexpr std::size_t kHeaderSize = 8;
inline constexpr std::size_t kMaxMessage = 65535;

enum class Type : std::uint8_t {
  hello = 0,
  error = 1,
  echo_request = 2,
  echo_reply = 3,
  experimenter = 4,
  features_request = 5,
  features_reply = 6,
  set_config = 9,
  packet_out = 13,
  flow_mod = 14,
  group_mod = 15,
  multipart_request = 18,
  multipart_reply = 19,
  barrier_request = 20,
  barrier_reply = 21,
  set_async = 28,
  meter_mod = 29,
  request_forward = 32,
  bundle_control = 33,
  bundle_add_message = 34,
};

struct Header {
  std::uint8_t version = 0;
  Type type = Type::hello;
  std::uint16_t length = 0;
  std::uint32_t xid = 0;
};

// Nothing when fewer than 8 bytes are there. The length is as claimed by the sender; the caller judges it.
[[nodiscard]] inline std::optional<Header> decode_header(Bytes bytes) {
  Reader r(bytes);
  Header h;
  h.version = r.u8();
  h.type = static_cast<Type>(r.u8());
  h.length = r.u16();
  h.xid = r.u32();
  if (!r.ok()) return std::nullopt;
  return h;
}

inline void encode_header(Writer& w, Type type, std::size_t length, std::uint32_t xid) {
  w.u8(kVersion);
  w.u8(static_cast<std::uint8_t>(type));
  w.u16(static_cast<std::uint16_t>(length));
  w.u32(xid);
}

}  // namespace sluice::openflow
