// The OpenFlow codec: what is encoded decodes to the same, and what is cut short or lies about its length is refused.
#include <doctest/doctest.h>

#include "core/openflow/bundle.h"
#include "core/openflow/description.h"
#include "core/openflow/error.h"
#include "core/openflow/hello.h"
#include "core/openflow/multipart.h"
#include "messages.h"

namespace sluice::test {

using namespace openflow;

TEST_CASE("a flow mod decodes to what was encoded") {
  const ByteVector oxm = in_port(7);
  const ByteVector instructions = output(9);
  FlowMod m;
  m.cookie = 0x0102030405060708;
  m.table = 12;
  m.command = FlowCommand::remove_strict;
  m.idle_timeout_sec = 3;
  m.hard_timeout_sec = 4;
  m.priority = 0x1234;
  m.flags = 1;
  m.importance = 9;
  m.oxm = oxm;
  m.instructions = instructions;
  ByteVector bytes(flow_mod_size(m));
  Writer w(bytes);
  encode_flow_mod(w, m, 77);
  REQUIRE(w.ok());
  CHECK(w.position() == bytes.size());

  const auto header = decode_header(bytes);
  REQUIRE(header);
  CHECK(header->type == Type::flow_mod);
  CHECK(header->length == bytes.size());
  CHECK(header->xid == 77);
  FlowMod back;
  REQUIRE(decode_flow_mod(bytes, back).ok());
  CHECK(back.cookie == m.cookie);
  CHECK(back.table == 12);
  CHECK(back.command == FlowCommand::remove_strict);
  CHECK(back.idle_timeout_sec == 3);
  CHECK(back.hard_timeout_sec == 4);
  CHECK(back.priority == 0x1234);
  CHECK(back.out_port == kPortAny);
  CHECK(back.importance == 9);
  CHECK(ByteVector(back.oxm.begin(), back.oxm.end()) == oxm);
  CHECK(ByteVector(back.instructions.begin(), back.instructions.end()) == instructions);
}

TEST_CASE("a flow mod cut anywhere is refused or has fewer instructions") {
  const ByteVector whole = flow_message({owner(1), 0, 100, 1, output(2), 0});
  FlowMod m;
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const bool only_instructions_missing = n == whole.size() - 24;
    CHECK(decode_flow_mod(Bytes(whole).first(n), m).ok() == only_instructions_missing);
  }
}

TEST_CASE("lengths inside a flow mod that do not fit are refused") {
  FlowMod m;
  ByteVector oxm_too_long = flow_message({owner(1), 0, 100, 1, output(2), 0});
  oxm_too_long[48 + 4 + 3] = 200;
  CHECK_FALSE(decode_flow_mod(oxm_too_long, m).ok());
  ByteVector instruction_too_long = flow_message({owner(1), 0, 100, 1, output(2), 0});
  instruction_too_long[64 + 3] = 32;
  CHECK_FALSE(decode_flow_mod(instruction_too_long, m).ok());
  ByteVector instruction_of_zero = flow_message({owner(1), 0, 100, 1, output(2), 0});
  instruction_of_zero[64 + 3] = 0;
  CHECK_FALSE(decode_flow_mod(instruction_of_zero, m).ok());
}

TEST_CASE("a group mod decodes to what was encoded") {
  const ByteVector bytes = group_message(5, 1, 3);
  GroupMod m;
  REQUIRE(decode_group_mod(bytes, m).ok());
  CHECK(m.group_id == 5);
  CHECK(m.type == 1);
  CHECK(m.buckets.size() == 24);
  CHECK(m.properties.empty());
  for (std::size_t n = 0; n < bytes.size(); ++n) CHECK_FALSE(decode_group_mod(Bytes(bytes).first(n), m).ok());
}

TEST_CASE("the version bitmap decides, and without one the version itself") {
  const auto hello = [](std::uint8_t version, std::uint32_t bitmap) {
    ByteVector b{version, 0, 0, 8, 0, 0, 0, 1};
    if (bitmap != 0) {
      push<std::uint32_t>(b, 0x00010008);
      push(b, bitmap);
    }
    return decode_hello(b);
  };
  CHECK(speaks_our_version(hello(6, 1u << 6)));
  CHECK(speaks_our_version(hello(6, 0)));
  CHECK_FALSE(speaks_our_version(hello(6, 1u << 4)));
  CHECK_FALSE(speaks_our_version(hello(5, 0)));
  CHECK(version_list(hello(5, 1u << 1 | 1u << 4)) == "OpenFlow10, OpenFlow13");
}

TEST_CASE("errors are named as ovs-ofctl names them") {
  const auto name = [](std::uint16_t type, std::uint16_t code, std::uint32_t experimenter = 0) {
    return error_name({type, code, experimenter, {}});
  };
  CHECK(name(2, 4) == "OFPBAC_BAD_OUT_PORT");
  CHECK(name(2, 9) == "OFPBAC_BAD_OUT_GROUP");
  CHECK(name(4, 9) == "OFPBMC_BAD_PREREQ");
  CHECK(name(17, 14) == "OFPBFC_TIMEOUT");
  CHECK(name(17, 18) == "OFPBFC_SCHED_PAST");
  CHECK(name(17, 99) == "error type 17 code 99");
  CHECK(name(99, 3) == "error type 99 code 3");
  CHECK(name(0xffff, 15, 0x2320) == "NXBAC_BAD_CONJUNCTION");
  CHECK(name(0xffff, 15, 0x9999) == "error type 65535 code 15 experimenter 39321");
}

TEST_CASE("a flow description as vswitchd 3.1 sends it becomes the flow mod that makes it") {
  // cookie=0x5, table=3, priority=100, in_port=1 actions=goto_table:4, with its statistics
  const std::uint8_t desc[] = {
      0, 88, 0, 0, 3, 0, 0, 100, 0, 0, 0, 0, 0, 0,  0,    0,    0,    0, 0, 0, 0, 0, 0, 5, 0, 1, 0,    12,   0x80, 0,
      0, 4,  0, 0, 0, 1, 0, 0,   0, 0, 0, 0, 0, 28, 0x80, 0x02, 0x08, 8, 0, 0, 0, 0, 0, 0, 0, 3, 0x80, 0x02, 0x0a, 8,
      0, 0,  0, 0, 0, 0, 1, 0,   0, 0, 0, 0, 0, 1,  0,    8,    4,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0};
  ByteVector bytes(desc, desc + 80);
  bytes[1] = 80;
  Bytes body = bytes;
  FlowDescription d;
  REQUIRE(next_flow_description(body, d));
  CHECK(body.empty());
  CHECK(d.flow.table == 3);
  CHECK(d.flow.cookie == 5);
  CHECK(d.packets == 3);
  CHECK(d.bytes == 256);
  CHECK(d.flow.oxm.size() == 8);
  CHECK(d.flow.instructions.size() == 8);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    Bytes cut = Bytes(bytes).first(n);
    CHECK_FALSE(next_flow_description(cut, d));
  }
}

}  // namespace sluice::test
