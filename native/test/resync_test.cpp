// Reading the switch back: after a restart of ours, of the switch, after strangers, after an answer that never came.
#include <doctest/doctest.h>

#include "engine_rig.h"

namespace sluice::test {

namespace {

Batch some(std::uint32_t count, std::uint32_t port = 1) {
  Batch batch;
  for (std::uint32_t i = 1; i <= count; ++i) batch.owner(owner(i)).flow(i, output(port)).group(i);
  return batch;
}
// As `some`, without groups: an owner a flow.
Batch flows(std::uint32_t count) {
  Batch batch;
  for (std::uint32_t i = 1; i <= count; ++i) batch.owner(owner(i)).flow(i, output(1));
  return batch;
}
constexpr CommitOptions kFull{CommitMode::automatic, true};

void plant(FakeSwitch& fake, std::uint32_t port, std::uint16_t idle_timeout_sec, std::uint64_t cookie = 0) {
  const ByteVector oxm = in_port(port);
  fake.flows[{{0, 100}, oxm}] = {cookie, idle_timeout_sec, oxm, output(1)};
}

// A new engine on a switch that has two flows of owner 1 from an earlier one, and refuses what has priority 7.
struct SecondLife : Rig {
  SecondLife() {
    Rig first;
    first.connect();
    first.commit(Batch().owner(owner(1)).flow(1, output(1)).flow(2, output(2)), kFull);
    fake.flows = earlier = first.fake.flows;
    fake.at_commit = [](const openflow::FlowMod& m) -> std::optional<Refused> {
      return m.priority == 7 ? std::optional(Refused{2, 9}) : std::nullopt;
    };
    connect();
  }
  decltype(FakeSwitch::flows) earlier;
};

}  // namespace

TEST_CASE("before the first full commit nothing is read and nothing of others is touched") {
  Rig rig;
  plant(rig.fake, 99, 0);
  rig.connect();
  rig.commit(some(3));
  CHECK(rig.heard.resynced.empty());
  CHECK(rig.fake.flows.size() == 4);
  rig.commit(some(3), kFull);
  REQUIRE(rig.heard.resynced.size() == 1);
  CHECK(rig.heard.resynced[0].foreign == 1);
  CHECK(rig.heard.done.back().commit_id == 2);  // not before the stranger is gone
  CHECK(rig.fake.flows.size() == 3);
}

TEST_CASE("the first whole set goes to an empty switch while it is being taken in") {
  Rig rig;
  rig.connect();
  rig.fake.log.clear();
  REQUIRE(rig.submit(flows(30'000), kFull).ok());
  while (rig.heard.resynced.empty() && rig.step()) {
  }
  CHECK(std::ranges::count(rig.fake.log, "dump") == 3);  // groups, meters, counts: there are no flows
  while (rig.fake.flows.empty() && rig.step()) {
  }
  CHECK(rig.engine.stats().flows < 30'000);
  REQUIRE(rig.heard.resynced.size() == 1);
  CHECK(rig.heard.resynced[0].sent == 30'000);
  rig.run();
  CHECK(rig.fake.flows.size() == 30'000);
  REQUIRE(rig.heard.done.size() == 1);
  CHECK(rig.heard.done[0].added == 30'000);
  CHECK(rig.heard.resynced.size() == 1);
}

TEST_CASE("the first whole set is compared with what the switch holds before anything is sent") {
  Rig rig;
  plant(rig.fake, 1, 0, cookie_of_owner(owner(1)));  // wanted, and right
  plant(rig.fake, 40'000, 0);                        // nobody's
  rig.connect();
  REQUIRE(rig.submit(flows(30'000), kFull).ok());
  while (rig.heard.resynced.empty() && rig.step()) CHECK(rig.fake.mods == 0);
  REQUIRE(rig.heard.resynced.size() == 1);
  CHECK(rig.heard.resynced[0].foreign == 1);
  CHECK(rig.heard.resynced[0].sent == 30'000);
  CHECK(rig.engine.stats().flows == 30'000);
  rig.run();
  CHECK(rig.fake.flows.size() == 30'000);
  CHECK(rig.fake.mods == 30'000);
  REQUIRE(rig.heard.done.size() == 1);
  CHECK(rig.heard.done[0].unchanged == 1);
}

TEST_CASE("a connection lost at any moment of the first whole set ends in the right state") {
  for (std::size_t lost_at = 0; lost_at < 12; ++lost_at) {
    Rig rig;
    rig.connect();
    REQUIRE(rig.submit(flows(12'000), kFull).ok());
    REQUIRE(rig.submit(Batch().owner(owner(3)).flow(3, output(7))).ok());
    for (std::size_t i = 0; i < lost_at; ++i) rig.step();
    rig.disconnect();
    rig.connect();
    CHECK(rig.fake.flows.size() == 12'000);
    CHECK(rig.heard.done.size() == 2);
    CHECK(rig.engine.stats().unsettled == 0);
  }
}

TEST_CASE("reading a large switch back says how far it is, and that it is over") {
  Rig rig;
  rig.connect();
  rig.commit(flows(12'000), kFull);
  rig.disconnect();
  rig.heard.progress.clear();
  rig.split = 4096;
  rig.engine.session().connected(rig.now);
  rig.open[0] = true;
  while (rig.step()) rig.now += 100;
  rig.engine.resync(rig.now);
  while (rig.step()) rig.now += 100;
  REQUIRE(!rig.heard.progress.empty());
  for (const Progress& p : rig.heard.progress) CHECK(p.phase == Progress::Phase::read);
  CHECK(rig.heard.progress.back().done == 12'000);
  CHECK(rig.heard.progress.back().total == 12'000);
}

TEST_CASE("a new engine on a switch that is right sends nothing, however the dump is cut") {
  for (const std::size_t split : {0u, 1u, 13u}) {
    Rig first;
    first.connect();
    first.commit(some(40), kFull);

    Rig second;
    second.split = split;
    second.fake.flows = first.fake.flows;
    second.fake.groups = first.fake.groups;
    REQUIRE(second.submit(some(40), kFull).ok());
    CHECK(second.heard.done.empty());
    second.connect();
    REQUIRE(second.heard.resynced.size() == 1);
    CHECK(second.heard.resynced[0].flows_read == 40);
    CHECK(second.heard.resynced[0].groups_read == 40);
    CHECK(second.heard.resynced[0].sent == 0);
    CHECK(second.fake.mods == 0);
    REQUIRE(second.heard.done.size() == 1);
    CHECK(second.heard.done[0].unchanged == 80);
    CHECK(std::string(second.engine.stats().state) == "synced");
  }
}

TEST_CASE("only the differences are sent: what is missing, what is wrong, what is nobody's") {
  Rig rig;
  rig.connect();
  rig.commit(some(20), kFull);
  rig.disconnect();
  const std::size_t mods = rig.fake.mods;
  rig.fake.flows.erase(rig.fake.flows.begin());
  rig.fake.flows.begin()->second.cookie = 7;
  rig.fake.groups.erase(4);
  plant(rig.fake, 500, 0);
  plant(rig.fake, 501, 30);  // times out by itself: left alone
  rig.connect();
  CHECK(rig.heard.resynced.back().sent == 4);
  CHECK(rig.fake.mods == mods + 4);
  CHECK(rig.fake.flows.size() == 21);
  CHECK(rig.fake.groups.size() == 20);
}

TEST_CASE("a switch that lost everything gets everything") {
  Rig rig;
  rig.connect();
  rig.commit(some(2000), kFull);
  rig.disconnect();
  rig.fake.wipe();
  rig.connect();
  CHECK(rig.fake.flows.size() == 2000);
  CHECK(rig.fake.groups.size() == 2000);
  CHECK(rig.engine.stats().unsettled == 0);
}

TEST_CASE("a commit whose reply was lost is found done, and answered once") {
  Rig rig;
  rig.connect();
  rig.commit(Batch(), kFull);
  rig.fake.lose_commit_reply = true;
  REQUIRE(rig.submit(some(5)).ok());
  rig.run();
  CHECK(rig.heard.done.size() == 1);
  const std::size_t mods = rig.fake.mods;
  rig.disconnect();
  rig.fake.lose_commit_reply = false;
  rig.connect();
  CHECK(rig.heard.done.size() == 2);
  CHECK(rig.fake.mods == mods);
  CHECK(rig.fake.flows.size() == 5);
}

TEST_CASE("a connection lost at any byte of a commit ends in the right state") {
  for (std::size_t lost_at = 1; lost_at < 40; ++lost_at) {
    Rig rig;
    rig.connect();
    rig.commit(some(10), kFull);
    REQUIRE(rig.submit(some(8, 2), kFull).ok());
    for (std::size_t i = 0; i < lost_at % 6; ++i) rig.step();
    rig.disconnect();
    REQUIRE(rig.submit(some(9, 3), kFull).ok());
    rig.connect();
    CHECK(rig.fake.flows.size() == 9);
    CHECK(rig.fake.groups.size() == 9);
    CHECK(rig.heard.done.size() == 3);
    CHECK(rig.engine.stats().unsettled == 0);
  }
}

TEST_CASE("batches that come while the dump runs only change what is desired") {
  Rig rig;
  rig.connect();
  rig.commit(some(30), kFull);
  rig.disconnect();
  rig.engine.session().connected(rig.now);
  rig.step();
  rig.step();
  REQUIRE(rig.submit(some(31), kFull).ok());
  CHECK(std::string(rig.engine.stats().state) == "resync");
  rig.run();
  CHECK(rig.fake.flows.size() == 31);
  CHECK(rig.heard.done.size() == 2);
}

TEST_CASE("after a restart of ours a refused owner keeps the flows of its earlier life") {
  SecondLife second;
  const CommitResult result = second.commit(Batch().owner(owner(1)).flow(2, output(5)).flow(3, output(3), 0, 7), kFull);
  REQUIRE(result.quarantined.size() == 1);
  CHECK(result.quarantined[0].error == "OFPBAC_BAD_OUT_GROUP");
  CHECK(second.fake.flows.size() == 2);
  for (const auto& [key, flow] : second.earlier) CHECK(second.fake.flows.at(key).instructions == flow.instructions);
}

TEST_CASE("what is sent before the first full commit does not cost others the flows of their earlier life") {
  SecondLife second;
  second.commit(Batch().owner(owner(5)).flow(5, output(1)));
  Batch all;
  all.owner(owner(5)).flow(5, output(1)).owner(owner(1)).flow(2, output(5)).flow(3, output(3), 0, 7);
  CHECK(second.commit(all, kFull).quarantined.size() == 1);
  CHECK(second.fake.flows.size() == 3);
}

TEST_CASE("a switch that refuses what it once took does not make us try for ever") {
  Rig rig;
  rig.connect();
  rig.commit(some(3), kFull);
  rig.disconnect();
  rig.fake.wipe();
  rig.fake.at_commit = [](const openflow::FlowMod& m) -> std::optional<Refused> {
    return m.cookie == cookie_of_owner(owner(2)) ? std::optional(Refused{5, 1}) : std::nullopt;
  };
  rig.connect();
  CHECK(rig.fake.flows.size() == 2);
  CHECK(rig.heard.quarantined.size() == 1);
  CHECK(rig.engine.stats().unsettled == 0);
}

TEST_CASE("the switch can be read for somebody, with counters") {
  Rig rig;
  CHECK_FALSE(rig.engine.read_switch(1, std::nullopt, rig.now).ok());
  rig.connect();
  rig.commit(some(9));
  REQUIRE(rig.engine.read_switch(2, std::nullopt, rig.now).ok());
  rig.run();
  REQUIRE(rig.heard.reads.size() == 1);
  const ByteVector& flows = rig.heard.reads[0].second;
  REQUIRE(flows.size() == 9 * (16 + 88));
  CHECK(load_big_endian<std::uint64_t>(flows.data()) == 5);
  CHECK(load_big_endian<std::uint64_t>(flows.data() + 8) == 500);
  const ByteVector confirmed = rig.engine.flows(owner(1), std::nullopt);
  CHECK(ByteVector(flows.begin() + 16, flows.begin() + 16 + 88) == confirmed);
  REQUIRE(rig.engine.read_switch(3, std::nullopt, rig.now, owner(1)).ok());
  rig.disconnect();
  REQUIRE(rig.heard.reads.size() == 2);
  CHECK(rig.heard.reads[1].first.code() == StatusCode::unavailable);
}

}  // namespace sluice::test
