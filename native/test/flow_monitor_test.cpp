// The flow monitor's codec. The updates are what ovs-vswitchd 3.1 sent for ovs-ofctl commands.
#include "core/openflow/flow_monitor.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "core/openflow/multipart.h"
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

// add-flow table=3,priority=7,cookie=0x11,send_flow_rem,in_port=4,actions=output:2
const ByteVector kAdded =
    hex("0040000103000000000000070000000000000000000000110001000c800000040000000400000000"
        "000400180000000000000010000000020000000000000000");
// del-flows table=3,in_port=4, after its cookie became 0x12 and its output 5
const ByteVector kRemoved =
    hex("0040000203020000000000070000000000000000000000120001000c800000040000000400000000"
        "000400180000000000000010000000050000000000000000");
// add-flow table=3,idle_timeout=1,in_port=9,actions=drop
const ByteVector kTemporary = hex("0028000103000001000080000000000000000000000000000001000c800000040000000900000000");

bool same(Bytes a, const ByteVector& b) { return std::ranges::equal(a, b); }

}  // namespace

TEST_CASE("a flow monitor is requested and cancelled in the switch's layout") {
  OutBuffer out;
  encode_flow_monitor_request(out, 5, 7);
  CHECK(same(out.data(), hex("0612002800000007001000000000000000000005ffffffffffffffff001eff000001000400000000")));
  out.clear();
  encode_flow_monitor_cancel(out, 5, 9);
  CHECK(same(out.data(), hex("0612002800000009001000000000000000000005ffffffffffffffff0000ff020001000400000000")));
}

TEST_CASE("the answer to a flow monitor request is an empty part") {
  const auto part = decode_multipart_reply(hex("06130010000000070010000000000000"));
  REQUIRE(part);
  CHECK(part->type == MultipartType::flow_monitor);
  CHECK(part->body.empty());
}

TEST_CASE("updates are taken off a part one by one") {
  ByteVector all = kAdded;
  for (const ByteVector& more :
       {kRemoved, kTemporary, hex("0008000500000000"), hex("0008000600000000"), hex("0008000412345678")}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  Bytes body = all;
  FlowUpdate update;
  REQUIRE(next_flow_update(body, update));
  CHECK(update.event == FlowEvent::added);
  CHECK(update.flow.table == 3);
  CHECK(update.flow.priority == 7);
  CHECK(update.flow.cookie == 0x11);
  CHECK(update.flow.flags == 0);  // the flow has send_flow_rem, the update does not say so
  CHECK(same(update.flow.oxm, in_port(4)));
  CHECK(same(update.flow.instructions, output(2)));
  REQUIRE(next_flow_update(body, update));
  CHECK(update.event == FlowEvent::removed);
  CHECK(update.reason == 2);
  CHECK(update.flow.cookie == 0x12);
  REQUIRE(next_flow_update(body, update));
  CHECK(update.flow.idle_timeout_sec == 1);
  CHECK(update.flow.priority == 0x8000);
  CHECK(update.flow.instructions.empty());
  REQUIRE(next_flow_update(body, update));
  CHECK(update.event == FlowEvent::paused);
  REQUIRE(next_flow_update(body, update));
  CHECK(update.event == FlowEvent::resumed);
  REQUIRE(next_flow_update(body, update));
  CHECK(update.event == FlowEvent::abbreviated);
  CHECK(update.xid == 0x12345678);
  CHECK(body.empty());
}

TEST_CASE("an update that is cut short, lies about its length or is of an unknown kind is refused") {
  FlowUpdate update;
  for (std::size_t n = 0; n < kAdded.size(); ++n) {
    Bytes cut = Bytes(kAdded).first(n);
    CHECK_FALSE(next_flow_update(cut, update));
    CHECK(cut.size() == n);
  }
  for (const char* text : {"0000000500000000", "0007000500000000", "0010000500000000", "0008000700000000"}) {
    const ByteVector bytes = hex(text);
    Bytes body = bytes;
    CHECK_FALSE(next_flow_update(body, update));
  }
  ByteVector bytes = kAdded;
  bytes[1] = 24;  // ends before its match
  Bytes body = bytes;
  CHECK_FALSE(next_flow_update(body, update));
}

}  // namespace sluice::test
