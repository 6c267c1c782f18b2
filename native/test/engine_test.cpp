// The engine's commits against a switch that objects, forgets and falls silent.
#include <doctest/doctest.h>

#include "core/store/references.h"
#include "engine_rig.h"

namespace sluice::test {

namespace {

const OwnerKey a = owner(1);
const OwnerKey b = owner(2);

// Flows to this port are what the switch objects to.
constexpr std::uint32_t kBadPort = 666;

std::optional<Refused> bad_port(const openflow::FlowMod& m) {
  if (m.instructions.size() < 24) return std::nullopt;
  if (load_big_endian<std::uint32_t>(m.instructions.data() + 12) != kBadPort) return std::nullopt;
  return Refused{2, 4};
}

// `count` owners from 1 on, one flow each; owner `bad` gets the objectionable one.
Batch many(std::uint32_t count, std::uint32_t bad = 0, std::uint32_t port = 1) {
  Batch batch;
  for (std::uint32_t i = 1; i <= count; ++i) {
    batch.owner(owner(i)).flow(i, output(i == bad ? kBadPort : port), static_cast<std::uint8_t>(i % 5));
  }
  return batch;
}

struct ConnectedRig : Rig {
  ConnectedRig() { connect(); }
};

}  // namespace

TEST_CASE("a small change is one bundle by the safe sequence") {
  ConnectedRig rig;
  const CommitResult result = rig.commit(Batch().owner(a).flow(1, output(1)).group(3).owner(b).flow(2, output(2)));
  CHECK(result.added == 3);
  CHECK(result.bundles == 1);
  CHECK(result.messages == 3);
  CHECK(result.unchanged == 0);
  CHECK(rig.fake.log == std::vector<std::string>{"open", "add", "add", "add", "barrier", "commit"});
  CHECK(rig.fake.flows.size() == 2);
  CHECK(rig.fake.groups.size() == 1);

  const CommitResult again = rig.commit(Batch().owner(a).flow(1, output(1)).group(3));
  CHECK(again.messages == 0);
  CHECK(again.unchanged == 2);

  const CommitResult changed = rig.commit(Batch().owner(a).flow(1, output(5)));
  CHECK(changed.modified == 1);
  CHECK(changed.deleted == 1);
  CHECK(rig.fake.groups.empty());
}

TEST_CASE("a read-back that is wanted while a refused bundle is being tried again holds nothing up") {
  for (const bool at_commit : {false, true}) {
    for (int steps = 0; steps < 12; ++steps) {
      ConnectedRig rig;
      rig.commit(many(0), {CommitMode::automatic, true});
      (at_commit ? rig.fake.at_commit : rig.fake.at_add) = bad_port;
      REQUIRE(rig.submit(many(1000, 500)).ok());
      for (int i = 0; i < steps; ++i) rig.step();
      rig.engine.resync(rig.now);
      rig.run();
      CHECK(rig.heard.done.size() == 2);
      CHECK(rig.fake.flows.size() == 999);
      CHECK(rig.heard.resynced.size() == 2);
      CHECK(rig.heard.quarantined.size() == 1);
      CHECK(rig.engine.stats().unsettled == 0);
    }
  }
}

TEST_CASE("a malformed batch changes nothing") {
  ConnectedRig rig;
  ByteVector batch = many(3).bytes();
  batch.pop_back();
  CHECK_FALSE(rig.engine.submit(1, batch, {}, rig.now).ok());
  rig.run();
  CHECK(rig.heard.done.empty());
  CHECK(rig.engine.stats().owners == 0);
}

TEST_CASE("one bad flow among a thousand costs its owner and nobody else") {
  for (const bool at_commit : {false, true}) {
    for (const CommitMode mode : {CommitMode::automatic, CommitMode::atomic, CommitMode::staged}) {
      ConnectedRig rig;
      (at_commit ? rig.fake.at_commit : rig.fake.at_add) = bad_port;
      const CommitResult result = rig.commit(many(1000, 500), {mode, false});
      CHECK(rig.fake.flows.size() == 999);
      CHECK(result.added == 999);
      REQUIRE(result.quarantined.size() == 1);
      CHECK(result.quarantined[0].owner == owner(500));
      CHECK(result.quarantined[0].error == "OFPBAC_BAD_OUT_PORT");
      CHECK(result.quarantined[0].flow.size() == 88);
      CHECK(rig.engine.stats().quarantined == 1);
      CHECK(rig.engine.stats().unsettled == 0);
    }
  }
}

TEST_CASE("a refused change leaves the owner's earlier flows in place, and a better one is tried") {
  ConnectedRig rig;
  rig.fake.at_commit = bad_port;
  rig.commit(Batch().owner(a).flow(1, output(1)).flow(2, output(2)));
  const auto before = rig.fake.flows;
  const CommitResult bad =
      rig.commit(Batch().owner(a).flow(2, output(kBadPort)).flow(3, output(3)).owner(b).flow(9, {}));
  CHECK(bad.quarantined.size() == 1);
  CHECK(rig.fake.flows.size() == before.size() + 1);
  for (const auto& [key, flow] : before) CHECK(rig.fake.flows.at(key).instructions == flow.instructions);

  SUBCASE("the same set again is not sent but still reported") {
    const std::size_t mods = rig.fake.mods;
    const CommitResult same = rig.commit(Batch().owner(a).flow(2, output(kBadPort)).flow(3, output(3)));
    CHECK(same.quarantined.size() == 1);
    CHECK(rig.fake.mods == mods);
  }
  SUBCASE("a changed set is tried") {
    const CommitResult good = rig.commit(Batch().owner(a).flow(2, output(4)).flow(3, output(3)));
    CHECK(good.quarantined.empty());
    CHECK(good.added == 1);
    CHECK(good.modified == 1);
    CHECK(good.deleted == 1);
    CHECK(rig.engine.stats().quarantined == 0);
  }
  SUBCASE("so is the refused one, on retry") {
    rig.fake.at_commit = nullptr;
    rig.engine.retry_quarantined(rig.now);
    rig.run();
    CHECK(rig.engine.stats().quarantined == 0);
    CHECK(rig.fake.flows.size() == 3);
  }
}

TEST_CASE("many refused owners are all found, wherever the switch notices") {
  for (const bool at_commit : {false, true}) {
    ConnectedRig rig;
    (at_commit ? rig.fake.at_commit : rig.fake.at_add) = bad_port;
    Batch batch;
    for (std::uint32_t i = 1; i <= 3000; ++i) batch.owner(owner(i)).flow(i, output(i % 10 == 0 ? kBadPort : 1));
    const CommitResult result = rig.commit(batch);
    CHECK(result.quarantined.size() == 300);
    CHECK(rig.fake.flows.size() == 2700);
    CHECK(rig.engine.stats().unsettled == 0);
  }
}

TEST_CASE("a large change goes in stages, additions before deletions") {
  ConnectedRig rig;
  CHECK(rig.commit(many(3500)).bundles == 14);
  rig.fake.log.clear();
  Batch next;
  for (std::uint32_t i = 1; i <= 3500; ++i) next.owner(owner(i)).flow(100'000 + i, output(2));
  std::size_t most = 0;
  REQUIRE(rig.submit(next).ok());
  do {
    most = std::max(most, rig.fake.flows.size());
  } while (rig.step());
  CHECK(most == 7000);
  CHECK(rig.fake.flows.size() == 3500);
  CHECK(rig.heard.done.back().added == 3500);
  CHECK(rig.heard.done.back().deleted == 3500);
}

TEST_CASE("an atomic change is one bundle and does not mix with what is under way") {
  ConnectedRig rig;
  REQUIRE(rig.submit(many(2500)).ok());
  REQUIRE(rig.submit(many(4000, 0, 2), {CommitMode::atomic, false}).ok());
  rig.run();
  REQUIRE(rig.heard.done.size() == 2);
  CHECK(rig.heard.done[0].added == 2500);
  CHECK(rig.heard.done[1].added == 1500);
  CHECK(rig.heard.done[1].modified == 2500);
  CHECK(rig.heard.done[1].bundles == 1);
}

TEST_CASE("bundles that the switch loses are sent again, under another id") {
  for (const int way : {0, 1}) {
    ConnectedRig rig;
    (way == 0 ? rig.fake.expire_before_commit : rig.fake.expire_while_adding) = 2;
    const CommitResult result = rig.commit(many(10));
    CHECK(result.added == 10);
    CHECK(rig.fake.flows.size() == 10);
    CHECK(rig.heard.log.size() == (way == 0 ? 2 : 1));  // while adding, both hit one bundle
  }
}

TEST_CASE("nothing is composed while the output is full") {
  ConnectedRig rig;
  REQUIRE(rig.submit(many(50'000)).ok());
  CHECK(rig.engine.session().output().size() < 2 * kLowWater);
  rig.run();
  CHECK(rig.heard.done.size() == 1);
  CHECK(rig.fake.flows.size() == 50'000);
}

TEST_CASE("a large batch of new owners is on its way before all of it has been taken in") {
  ConnectedRig rig;
  rig.commit(Batch().owner(b).flow(70'000, output(1)).flow(70'001, output(1)), {CommitMode::automatic, true});
  Batch batch = many(30'000);
  batch.owner(owner(40'000)).group(8).owner(owner(40'001)).flow(80'000, to_group(8));
  REQUIRE(rig.submit(batch, {CommitMode::automatic, true}).ok());
  CHECK(rig.engine.stats().flows < 20'000);
  SUBCASE("it is confirmed as any other") {
    rig.run();
    REQUIRE(rig.heard.done.size() == 2);
    CHECK(rig.heard.done[1].added == 30'002);
    CHECK(rig.heard.done[1].deleted == 2);
    CHECK(rig.heard.quarantined.empty());
    CHECK(rig.fake.flows.size() == 30'001);
  }
  SUBCASE("what comes meanwhile waits for its end") {
    REQUIRE(rig.submit(Batch().owner(owner(29'000))).ok());
    rig.engine.retry_quarantined(rig.now);
    rig.run();
    CHECK(rig.heard.done.size() == 3);
    CHECK(rig.fake.flows.size() == 30'000);
  }
  SUBCASE("a lost connection loses nothing of it") {
    rig.step();
    rig.disconnect();
    rig.connect();
    CHECK(rig.heard.done.size() == 2);
    CHECK(rig.fake.flows.size() == 30'001);
  }
  CHECK(rig.engine.stats().unsettled == 0);
}

TEST_CASE("batches that come during a commit are merged, and each is answered") {
  ConnectedRig rig;
  REQUIRE(rig.submit(many(2000)).ok());
  REQUIRE(rig.submit(many(2000, 0, 2)).ok());
  REQUIRE(rig.submit(many(2000, 0, 3)).ok());
  REQUIRE(rig.submit(Batch().owner(owner(2000))).ok());
  rig.run();
  CHECK(rig.heard.done.size() == 4);
  CHECK(rig.fake.flows.size() == 1999);
  CHECK(rig.engine.stats().unsettled == 0);
  CHECK(rig.engine.stats().pending_commits == 0);
  CHECK(rig.engine.stats().messages_sent < 6000);
}

TEST_CASE("what is added and deleted again while something else is under way never gets to the switch") {
  ConnectedRig rig;
  REQUIRE(rig.submit(many(2000)).ok());
  const std::size_t under_way = rig.engine.stats().bundles_in_flight;
  REQUIRE(under_way > 0);
  REQUIRE(rig.submit(Batch().owner(owner(9000)).flow(9000, output(1), 0).group(77), {CommitMode::staged, false}).ok());
  REQUIRE(rig.submit(Batch().owner(owner(9000))).ok());
  rig.run();
  CHECK(rig.heard.done.size() == 3);
  CHECK(rig.engine.stats().messages_sent == 2000);
  CHECK(rig.fake.flows.size() == 2000);
}

TEST_CASE("a caller who never waits is refused before it costs memory without end") {
  ConnectedRig rig;
  REQUIRE(rig.submit(many(2000)).ok());
  const Batch large = many(100'000);  // 10 MB
  std::size_t taken = 0;
  while (taken < 100 && rig.submit(large, {CommitMode::atomic, false}).ok()) ++taken;
  CHECK(taken > 2);
  CHECK(taken < 40);
  CHECK(rig.engine.stats().pending_commits == taken + 1);
  rig.run();
  CHECK(rig.heard.done.size() == taken + 1);
  CHECK(rig.commit(large, {CommitMode::atomic, false}).unchanged == 100'000);
}

TEST_CASE("a message too long for a bundle quarantines its owner before anything is sent") {
  ConnectedRig rig;
  ByteVector huge(65520 - 64);
  Writer w(huge);
  w.u16(4);
  w.u16(static_cast<std::uint16_t>(huge.size()));
  const CommitResult result = rig.commit(Batch().owner(a).flow(1, huge).flow(2, output(1)).owner(b).flow(3, output(1)));
  REQUIRE(result.quarantined.size() == 1);
  CHECK(result.quarantined[0].owner == a);
  CHECK(rig.fake.flows.size() == 1);
}

TEST_CASE("a flow that vanished with its group is noticed, and its owner told when it cannot come back") {
  ConnectedRig rig;
  rig.commit(Batch().owner(a).group(5).owner(b).flow(1, to_group(5)).flow(2, output(1)));
  CHECK(rig.fake.flows.size() == 2);
  rig.commit(Batch().owner(a));
  CHECK(rig.fake.groups.empty());
  CHECK(rig.fake.flows.size() == 1);
  REQUIRE(rig.heard.quarantined.size() == 1);
  CHECK(rig.heard.quarantined[0].owner == b);
  CHECK(rig.heard.quarantined[0].error == "OFPBAC_BAD_OUT_GROUP");
  CHECK(rig.engine.flows(b, std::nullopt).size() == 88);
  CHECK(rig.engine.stats().unsettled == 0);
  rig.commit(Batch().owner(a).group(5));
  rig.engine.retry_quarantined(rig.now);
  rig.run();
  CHECK(rig.fake.flows.size() == 2);
}

TEST_CASE("references are found in apply, write and clone, and nothing is read past a length that lies") {
  CHECK(references_of(to_group(7)).size() == 1);
  ByteVector cloned;
  push<std::uint16_t>(cloned, 3);
  push<std::uint16_t>(cloned, 8 + 24);
  push<std::uint32_t>(cloned, 0);
  push<std::uint32_t>(cloned, 0xffff0018);
  push<std::uint32_t>(cloned, 0x00002320);
  push<std::uint64_t>(cloned, 0x002a000000000000);
  push<std::uint64_t>(cloned, 0x001d000800000009);
  REQUIRE(references_of(cloned).size() == 1);
  CHECK(references_of(cloned)[0].kind == EntryKind::meter);
  CHECK(references_of(cloned)[0].id == 9);
  cloned[27] = 200;
  CHECK(references_of(cloned).empty());
}

TEST_CASE("the owners behind a shared flow can be asked for") {
  ConnectedRig rig;
  rig.commit(Batch().owner(a).flow(1, output(1)).owner(b).flow(1, output(1)).flow(2, output(1)));
  const ByteVector flows = rig.engine.flows(a, std::nullopt);
  openflow::FlowMod m;
  REQUIRE(decode_flow_mod(flows, m).ok());
  CHECK(is_shared(owner_of_cookie(m.cookie)));
  CHECK(rig.engine.owners_of_shared(static_cast<std::uint32_t>(owner_of_cookie(m.cookie))) ==
        std::vector<OwnerKey>{a, b});
  CHECK(rig.engine.flows(b, std::nullopt).size() == 2 * flows.size());
  CHECK(rig.engine.flows(owner_of_cookie(m.cookie), std::nullopt) == flows);
  CHECK(rig.engine.flows(std::nullopt, 1).empty());
}

TEST_CASE("a switch that answers nothing to a bundle is left") {
  ConnectedRig rig;
  REQUIRE(rig.submit(many(5)).ok());
  Session& session = rig.engine.session();
  session.output().clear();
  for (int i = 0; i < 20 && !session.wants_close(); ++i) {
    rig.now = session.deadline();
    session.tick(rig.now);
    rig.run();  // echoes are answered
  }
  CHECK(session.wants_close());
  rig.disconnect();
  rig.connect();
  CHECK(rig.heard.done.size() == 1);
  CHECK(rig.fake.flows.size() == 5);
}

}  // namespace sluice::test
