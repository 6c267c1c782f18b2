// The packet lane's messages. The packet-in is what ovs-vswitchd 3.1 sent, the flushes what ovs-ofctl 3.1 sends.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "core/openflow/ct_flush.h"
#include "core/openflow/packet_in.h"
#include "core/openflow/packet_out.h"
#include "messages.h"

namespace sluice::test {

using namespace openflow;

namespace {

ByteVector hex(std::string_view text) {
  ByteVector bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

bool same(Bytes a, const ByteVector& b) { return std::ranges::equal(a, b); }

// cookie=0x1234,actions=set_field:0xabcd->reg0,set_field:7->tun_id,controller(max_len=60,userdata=01.02)
const ByteVector kPacketIn =
    hex("060400e800000000000023200000001e0000007a02000000000202000000000108004500006800000000400666"
        "8e0a0000010a0000020008000a000000000000000050100000b77c0000000102030405060708090a0b0c0d0e0f"
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c"
        "3d3e3f00000000000000030005000000000004001000000000000000000000123400050005010000000006002c"
        "800000040000000180004c080000000000000007800101100000abcd00000000ffffffff000000000000000000"
        "07000601020000");

ConnectionTuple tuple(std::uint8_t protocol, std::string_view source, std::string_view destination) {
  ConnectionTuple t;
  t.zone = 5;
  t.protocol = protocol;
  std::ranges::copy(hex(source), t.source.begin());
  std::ranges::copy(hex(destination), t.destination.begin());
  return t;
}

}  // namespace

TEST_CASE("a packet-in is decoded with its registers, cookie and userdata") {
  REQUIRE(is_packet_in(*decode_header(kPacketIn), kPacketIn));
  PacketIn in;
  REQUIRE(decode_packet_in(kPacketIn, in).ok());
  CHECK(in.table == 0);
  CHECK(in.reason == 1);
  CHECK(in.cookie == 0x1234);
  CHECK(in.in_port == 1);
  CHECK(in.registers[0] == 0xabcd);
  CHECK(in.registers[1] == 0);
  CHECK(same(in.userdata, {1, 2}));
  CHECK(in.packet.size() == 118);
  CHECK(in.full_length == 118);
  CHECK(in.tunnel_source.empty());
}

TEST_CASE("registers come one by one, in pairs and in fours, and strange fields are skipped by their length") {
  ByteVector message =
      hex("06040000000000000000"
          "23200000001e");
  ByteVector oxm =
      hex("00010604"
          "00000033"  // reg3
          "8001ff03"
          "010203"  // a register there is not
          "00013e04"
          "ac1f0001"  // tun_src
          "80010810"
          "0000004400000055"
          "ffffffffffffffff"  // an unmasked pair 4 of 16 bytes: not ours
          "80010a08"
          "0000006600000077"  // pair 5: reg10, reg11
          "0001e610"
          "00000001"
          "00000002"
          "00000003"
          "00000004"  // xxreg4: not there
          "0001de10"
          "00000001"
          "00000002"
          "00000003"
          "00000004"  // xxreg0
          "ffff0206"
          "005ad650"
          "0001");  // an experimenter's
  push<std::uint16_t>(message, 6);
  push(message, static_cast<std::uint16_t>(oxm.size() + 4));
  message.insert(message.end(), oxm.begin(), oxm.end());
  PacketIn in;
  REQUIRE(decode_packet_in(message, in).ok());
  CHECK(in.registers[0] == 1);
  CHECK(in.registers[3] == 4);
  CHECK(in.registers[8] == 0);
  CHECK(in.registers[10] == 0x66);
  CHECK(in.registers[11] == 0x77);
  CHECK(same(in.tunnel_source, {172, 31, 0, 1}));
}

TEST_CASE("a packet-in that is cut short or lies about a length is refused") {
  PacketIn in;
  for (const std::size_t n : {30u, 160u, 190u}) CHECK_FALSE(decode_packet_in(Bytes(kPacketIn).first(n), in).ok());
  ByteVector lies = kPacketIn;
  lies[19] = 3;
  CHECK_FALSE(decode_packet_in(lies, in).ok());
  CHECK_FALSE(is_packet_in(*decode_header(kPacketIn), Bytes(kPacketIn).first(12)));
}

TEST_CASE("packets are asked for in the format of packet-in 2, and only then at all") {
  OutBuffer out;
  encode_packet_in_request(out, 7, 8);
  CHECK(same(out.data(), hex("0604001400000007000023200000001000000002"
                             "0609000c000000080000ffff")));
}

TEST_CASE("a packet-out carries fields, actions and packet") {
  OutBuffer out;
  const ByteVector oxm = in_port(3);
  const ByteVector actions = hex("00000010fffffff80000000000000000");
  const ByteVector packet = hex("ffffffffffff020000000001");
  encode_packet_out(out, {oxm, actions, packet}, 9);
  CHECK(same(out.data(), hex("060d003c00000009"
                             "ffffffff"
                             "0010"
                             "0000"
                             "0001000c8000000400000003"
                             "00000000"
                             "00000010fffffff80000000000000000"
                             "ffffffffffff020000000001")));
}

TEST_CASE("a connection is forgotten by its original tuple and zone, as ovs-ofctl says it") {
  OutBuffer out;
  ConnectionTuple t = tuple(6, "00000000000000000000ffff0a000001", "00000000000000000000ffff0a000002");
  t.source_port = 40000;
  t.destination_port = 80;
  encode_ct_flush(out, t, 2);
  CHECK(same(out.data(), hex("060400680000000200002320000000200600000000000000000000480000000000000014000000"
                             "00000000000000ffff0a000001000000000001001400000000000000000000ffff0a0000020000"
                             "0000000200089c40000000030008005000000002000800050000")));
  out.clear();
  t.protocol = 1;
  t.source_port = 7;
  t.destination_port = 8 << 8;
  encode_ct_flush(out, t, 2);
  CHECK(out.size() == 0x70);
  CHECK(same(out.data().subspan(80), hex("000400080007000000050005080000000006000500000000"
                                         "0002000800050000")));
}

TEST_CASE("a tuple crosses the border as 40 bytes and no other number") {
  ByteVector bytes =
      hex("0005"
          "06"
          "00"
          "00000000000000000000ffff0a000001"
          "00000000000000000000ffff0a000002"
          "9c40"
          "0050");
  const auto t = decode_connection_tuple(bytes);
  REQUIRE(t);
  CHECK(t->zone == 5);
  CHECK(t->protocol == 6);
  CHECK(t->source[15] == 1);
  CHECK(t->destination_port == 80);
  bytes.push_back(0);
  CHECK_FALSE(decode_connection_tuple(bytes));
  CHECK_FALSE(decode_connection_tuple(Bytes(bytes).first(39)));
}

}  // namespace sluice::test
