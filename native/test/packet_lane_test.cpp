// The packet lane: what it asks for, what it bounds and counts, and how its requests end.
#include "core/packets/packet_lane.h"

#include <doctest/doctest.h>

#include "fake_switch.h"

namespace sluice::test {

using namespace openflow;

namespace {

struct Heard final : PacketListener {
  void on_lane_up() override { ++ups; }
  void on_lane_down(std::string_view reason) override { downs.emplace_back(reason); }
  void on_packet_in(const PacketIn& packet) override { sizes.push_back(packet.packet.size()); }
  void on_flushed(std::uint64_t id, const Status& status, std::size_t refused, std::string_view error) override {
    flushed.push_back({id, status.ok(), refused, std::string(error)});
  }
  struct Flushed {
    std::uint64_t id;
    bool ok;
    std::size_t refused;
    std::string error;
    bool operator==(const Flushed&) const = default;
  };
  int ups = 0;
  std::vector<std::string> downs;
  std::vector<std::size_t> sizes;
  std::vector<Flushed> flushed;
};

struct LaneRig {
  Heard heard;
  PacketLane lane{heard};
  FakeSwitch fake;
  Millis now = 1000;
  ByteVector sent;  // what the fake switch has read since the last look

  void connect() {
    lane.session().connected(now);
    talk();
  }
  void talk() {
    for (;;) {
      const Bytes out = lane.session().output().data();
      const ByteVector copy(out.begin(), out.end());
      lane.session().output().consume(copy.size());
      sent.insert(sent.end(), copy.begin(), copy.end());
      fake.feed(copy);
      const ByteVector in = std::exchange(fake.to_engine[0], {});
      if (!in.empty()) lane.session().received(in, now);
      if (copy.empty() && in.empty()) return;
    }
  }
  void packet_in(std::size_t size) {
    ByteVector m{6, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0x23, 0x20, 0, 0, 0, 30};
    push<std::uint16_t>(m, 0);
    push(m, static_cast<std::uint16_t>(size + 4));
    m.resize(padded8(m.size() + size));
    store_big_endian(m.data() + 2, static_cast<std::uint16_t>(m.size()));
    lane.session().received(m, now);
  }
};

const std::vector<ConnectionTuple> kTwo(2);

}  // namespace

TEST_CASE("the lane asks for packets whenever a session stands") {
  LaneRig rig;
  rig.connect();
  CHECK(rig.heard.ups == 1);
  OutBuffer expected;
  encode_packet_in_request(expected, 3, 4);
  const Bytes tail = Bytes(rig.sent).last(expected.size());
  CHECK(ByteVector(tail.begin(), tail.end()) == ByteVector(expected.data().begin(), expected.data().end()));
  rig.lane.session().closed("gone", rig.now);
  CHECK(rig.heard.downs == std::vector<std::string>{"gone"});
  rig.connect();
  CHECK(rig.heard.ups == 2);
}

TEST_CASE("packets that JavaScript has not taken yet are bounded, the rest is counted") {
  LaneRig rig;
  rig.connect();
  for (std::size_t i = 0; i < PacketLane::kMaxUndelivered + 10; ++i) rig.packet_in(60);
  CHECK(rig.heard.sizes.size() == PacketLane::kMaxUndelivered);
  CHECK(rig.lane.counts().received_dropped == 10);
  rig.lane.undelivered()->fetch_sub(1);
  rig.packet_in(60);
  rig.packet_in(60);
  CHECK(rig.heard.sizes.size() == PacketLane::kMaxUndelivered + 1);
  CHECK(rig.lane.counts().received_dropped == 11);
}

TEST_CASE("a packet of almost 64 KiB is cut and does not trouble the connection") {
  LaneRig rig;
  rig.connect();
  rig.packet_in(65500);
  rig.packet_in(60);
  CHECK(rig.heard.sizes == std::vector<std::size_t>{PacketLane::kMaxPacket, 60});
  CHECK_FALSE(rig.lane.session().wants_close());
}

TEST_CASE("a packet-in that does not parse is counted and skipped") {
  LaneRig rig;
  rig.connect();
  rig.lane.session().received(ByteVector{6, 4, 0, 20, 0, 0, 0, 0, 0, 0, 0x23, 0x20, 0, 0, 0, 30, 0, 0, 0, 9}, rig.now);
  rig.packet_in(60);
  CHECK(rig.lane.counts().malformed == 1);
  CHECK(rig.heard.sizes.size() == 1);
}

TEST_CASE(
    "packets of ours are dropped and counted without a switch, when they are too long, and when it does not read") {
  LaneRig rig;
  const ByteVector frame(1000);
  CHECK_FALSE(rig.lane.send({{}, {}, frame}));
  rig.connect();
  CHECK_FALSE(rig.lane.send({{}, {}, ByteVector(65520)}));
  std::size_t sent = 0;
  while (rig.lane.send({{}, {}, frame})) ++sent;
  CHECK(rig.lane.session().output().size() <= PacketLane::kMaxOutput);
  CHECK(rig.lane.counts().sent == sent);
  CHECK(rig.lane.counts().sent_dropped == 3);
  rig.talk();
  CHECK(rig.lane.send({{}, {}, frame}));
}

TEST_CASE("a flush ends when its barrier is answered, with what the switch refused") {
  LaneRig rig;
  rig.connect();
  CHECK(rig.lane.flush(7, kTwo, rig.now).ok());
  CHECK(rig.heard.flushed.empty());
  const std::uint32_t first = 5;  // hello, features, format and config came before
  ByteVector error{6, 1, 0, 12, 0, 0, 0, first + 1, 0, 1, 0, 3};
  rig.lane.session().received(error, rig.now);
  rig.talk();
  CHECK(rig.heard.flushed == std::vector<Heard::Flushed>{{7, true, 1, "OFPBRC_BAD_VENDOR"}});
  CHECK(rig.lane.counts().refused == 0);
  CHECK(rig.lane.counts().flushed == 2);
}

TEST_CASE("a flush ends as unavailable when the connection goes, and is refused without one") {
  LaneRig rig;
  CHECK(rig.lane.flush(1, kTwo, rig.now).code() == StatusCode::unavailable);
  rig.connect();
  CHECK(rig.lane.flush(2, std::vector<ConnectionTuple>(PacketLane::kMaxFlush + 1), rig.now).code() ==
        StatusCode::refused);
  CHECK(rig.lane.flush(3, kTwo, rig.now).ok());
  rig.lane.session().closed("gone", rig.now);
  CHECK(rig.heard.flushed == std::vector<Heard::Flushed>{{3, false, 0, ""}});
}

TEST_CASE("a switch that answers echoes but not the barrier of a flush is left") {
  LaneRig rig;
  rig.connect();
  CHECK(rig.lane.flush(1, kTwo, rig.now).ok());
  rig.lane.session().output().clear();
  const ByteVector echo_reply{6, 3, 0, 8, 0, 0, 0, 9};
  while (!rig.lane.session().wants_close() && rig.now < 100'000) {
    rig.now = rig.lane.session().deadline();
    rig.lane.session().tick(rig.now);
    rig.lane.session().received(echo_reply, rig.now);
  }
  CHECK(rig.now == 61'000);
}

}  // namespace sluice::test
