// The OpenFlow session: handshake, framing at any split, garbage, liveness.
#include <doctest/doctest.h>

#include "engine_rig.h"

namespace sluice::test {

TEST_CASE("the handshake reports the datapath id, whatever way the bytes are split") {
  for (const std::size_t split : {0u, 1u, 3u, 7u}) {
    Rig rig;
    rig.split = split;
    rig.connect();
    REQUIRE(rig.heard.up.size() == 1);
    CHECK(rig.heard.up[0] == 0x0000abcdef012345);
    CHECK(std::string(rig.engine.stats().state) == "up");
  }
}

TEST_CASE("a bridge without OpenFlow 1.5 is told apart and says what to do") {
  Rig rig;
  rig.fake.versions = 1u << 1 | 1u << 4;
  rig.connect();
  CHECK(rig.engine.session().wants_close());
  rig.engine.session().closed("closed", rig.now);
  REQUIRE(rig.heard.down.size() == 1);
  CHECK(rig.heard.down[0].find("protocols") != std::string::npos);
  CHECK(rig.heard.down[0].find("OpenFlow10, OpenFlow13") != std::string::npos);
}

TEST_CASE("an echo request is answered with its data, in the middle of anything") {
  Rig rig;
  rig.connect();
  const ByteVector echo{6, 2, 0, 11, 0, 0, 0, 9, 'a', 'b', 'c'};
  for (const std::uint8_t byte : echo) rig.engine.session().received({&byte, 1}, rig.now);
  const Bytes out = rig.engine.session().output().data();
  CHECK(ByteVector(out.begin(), out.end()) == ByteVector{6, 3, 0, 11, 0, 0, 0, 9, 'a', 'b', 'c'});
}

TEST_CASE("unknown messages are skipped by their length") {
  Rig rig;
  rig.connect();
  const ByteVector strange{6, 99, 0, 10, 0, 0, 0, 1, 1, 2, 3, 12, 0, 8, 0, 0, 0, 0, 6, 2, 0, 8, 0, 0, 0, 5};
  rig.engine.session().received(strange, rig.now);
  CHECK_FALSE(rig.engine.session().wants_close());
  CHECK(rig.engine.session().output().size() == 8);
}

TEST_CASE("a length below the header ends the connection, not the process") {
  Rig rig;
  rig.connect();
  const ByteVector garbage{6, 10, 0, 3, 0, 0, 0, 0, 0, 0};
  rig.engine.session().received(garbage, rig.now);
  CHECK(rig.engine.session().wants_close());
  rig.engine.session().received(garbage, rig.now);
  rig.engine.session().closed("closed", rig.now);
  CHECK(rig.heard.down.size() == 1);
  rig.connect();
  CHECK(rig.heard.up.size() == 2);
}

TEST_CASE("a silent switch is probed and then left") {
  Rig rig;
  rig.connect();
  Session& session = rig.engine.session();
  rig.now = session.deadline();
  session.tick(rig.now);
  CHECK(session.output().size() == 8);
  rig.run();  // answers
  CHECK(session.deadline() > rig.now);
  rig.now = session.deadline();
  session.tick(rig.now);
  session.output().clear();  // the switch never sees it
  rig.now = session.deadline();
  session.tick(rig.now);
  CHECK(session.wants_close());
}

TEST_CASE("a switch that answers echoes but never the features is left, too") {
  Rig rig;
  Session& session = rig.engine.session();
  const Millis began = rig.now;
  session.connected(rig.now);
  session.received(ByteVector{6, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 64}, rig.now);
  const ByteVector echo_reply{6, 3, 0, 8, 0, 0, 0, 9};
  while (!session.wants_close() && rig.now < began + 60'000) {
    rig.now = session.deadline();
    session.tick(rig.now);
    session.received(echo_reply, rig.now);
  }
  CHECK(rig.now - began == 30'000);
  session.closed("closed", rig.now);
  CHECK(rig.heard.down == std::vector<std::string>{"the switch did not finish the handshake in 30 s"});
}

}  // namespace sluice::test
