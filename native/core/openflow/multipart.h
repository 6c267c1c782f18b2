// OFPT_MULTIPART_REQUEST / REPLY (OpenFlow 1.5 §7.3.5). A reply comes in parts; parts of several requests may be mixed,
// and the one without the MORE flag is a request's last.
#pragma once

#include <cstdint>
#include <optional>

#include "core/openflow/header.h"
#include "core/out_buffer.h"

namespace sluice::openflow {

enum class MultipartType : std::uint16_t {
  flow_desc = 1,
  table = 3,
  group_desc = 7,
  meter_desc = 10,
  port_desc = 13,
  flow_monitor = 16
};

struct MultipartPart {
  MultipartType type = MultipartType::flow_desc;
  bool more = false;
  Bytes body;

  // Of flows, groups or meters.
  [[nodiscard]] bool is_description() const {
    return type == MultipartType::flow_desc || type == MultipartType::group_desc || type == MultipartType::meter_desc;
  }
};

[[nodiscard]] std::optional<MultipartPart> decode_multipart_reply(Bytes message);

// A zero mask is any cookie.
struct CookieFilter {
  std::uint64_t cookie = 0;
  std::uint64_t mask = 0;
};

void encode_flow_desc_request(OutBuffer& out, std::uint8_t table, std::uint32_t xid, CookieFilter cookies = {});
void encode_group_desc_request(OutBuffer& out, std::uint32_t xid);  // all groups
void encode_meter_desc_request(OutBuffer& out, std::uint32_t xid);  // all meters
void encode_port_desc_request(OutBuffer& out, std::uint32_t xid);   // all ports

// How many ports the body of one part describes.
[[nodiscard]] std::size_t count_ports(Bytes body);

// OFPMP_TABLE: how many flows each table holds.
void encode_table_stats_request(OutBuffer& out, std::uint32_t xid);

struct TableStats {
  std::uint8_t table = 0;
  std::uint32_t flows = 0;
};

// Takes one table off the front of a part's body. False: the rest does not parse.
[[nodiscard]] bool next_table_stats(Bytes& body, TableStats& out);

// The table that Open vSwitch fills and empties by itself; it is in no count and in no dump of ours.
inline constexpr std::uint8_t kHiddenTable = 254;

}  // namespace sluice::openflow
