// What somebody else changes in the switch: told over the monitor's connection or found by counting and reading, put
// right, and never mistaken for a change of our own.
#include "core/engine/drift.h"

#include <doctest/doctest.h>

#include "engine_rig.h"
#include "fake_monitor.h"

namespace sluice::test {

namespace {

constexpr CommitOptions kFull{CommitMode::automatic, true};

Batch some(std::uint32_t count, std::uint32_t port = 1) {
  Batch batch;
  for (std::uint32_t i = 1; i <= count; ++i) {
    batch.owner(owner(i)).flow(i, output(port), static_cast<std::uint8_t>(i % 3));
  }
  return batch;
}

ByteVector flow_of(std::uint32_t i, std::uint32_t port = 1) {
  return flow_message({owner(i), static_cast<std::uint8_t>(i % 3), 100, i, output(port), 0});
}
ByteVector deletion_of(std::uint32_t i) {
  ByteVector bytes = flow_of(i);
  bytes[25] = static_cast<std::uint8_t>(openflow::FlowCommand::remove_strict);
  return bytes;
}
ByteVector stranger(std::uint32_t port, std::uint16_t idle_timeout_sec = 0, std::uint8_t table = 0) {
  return flow_message({owner(9, 200), table, 7, port, output(1), idle_timeout_sec});
}

struct WatchedRig : Rig {
  FakeMonitor monitor{fake};

  bool step() override {
    bool any = Rig::step();
    Session& session = engine.monitor_session();
    const ByteVector out(session.output().data().begin(), session.output().data().end());
    session.output().consume(out.size());
    monitor.feed(out);
    const ByteVector in = std::exchange(monitor.to_engine, {});
    const std::size_t piece = split == 0 ? in.size() : split;
    for (std::size_t at = 0; at < in.size() && !session.wants_close(); at += piece) {
      session.received(Bytes(in).subspan(at, std::min(piece, in.size() - at)), now);
    }
    if (session.wants_close()) {
      lose_monitor();
      any = true;
    }
    return any || !out.empty() || !in.empty();
  }
  void watch(const Batch& batch) {
    connect();
    engine.monitor_session().connected(now);
    commit(batch, kFull);
    run();
  }
  void lose_monitor() {
    monitor.disconnect();
    engine.monitor_session().closed("test", now);
  }
  void pass(Millis time) {
    now += time;
    if (engine.session().deadline() <= now) engine.session().tick(now);
    if (engine.monitor_session().deadline() <= now) engine.monitor_session().tick(now);
    run();
  }
  [[nodiscard]] bool armed() const { return std::string(engine.stats().monitor) == "armed"; }
  [[nodiscard]] std::size_t settled() const { return engine.stats().unsettled == 0 ? fake.flows.size() : 0; }
};

}  // namespace

TEST_CASE("a flow that somebody deletes, changes or adds is reported and put right") {
  for (const std::size_t split : {0u, 1u, 9u}) {
    WatchedRig rig;
    rig.split = split;
    rig.watch(some(30));
    REQUIRE(rig.armed());
    const auto before = rig.fake.flows;
    rig.fake.by_hand(deletion_of(3));
    rig.fake.by_hand(flow_of(4, 99));
    rig.fake.by_hand(stranger(77));
    rig.run();
    DriftReport drift;  // of one or several
    for (const DriftReport& each : rig.heard.drift) {
      drift.removed += each.removed;
      drift.modified += each.modified;
      drift.added += each.added;
      drift.samples.insert(drift.samples.end(), each.samples.begin(), each.samples.end());
      CHECK_FALSE(each.by_reading);
    }
    CHECK(drift.removed == 1);
    CHECK(drift.modified == 1);
    CHECK(drift.added == 1);
    REQUIRE(drift.samples.size() == 3);
    for (const DriftSample& sample : drift.samples) {
      const std::string what = sample.what;
      CHECK(sample.owner == (what == "removed" ? owner(3) : what == "modified" ? owner(4) : 0));
      CHECK(sample.flow == (what == "removed" ? flow_of(3) : what == "modified" ? flow_of(4, 99) : stranger(77)));
    }
    CHECK(rig.heard.mended == 3);
    CHECK(rig.engine.stats().unmended == 0);
    CHECK(rig.heard.resynced.size() == 1);  // nothing had to be read for it
    REQUIRE(rig.settled() == 30);
    for (const auto& [key, flow] : before) CHECK(rig.fake.flows.at(key).instructions == flow.instructions);
  }
}

TEST_CASE("changes of our own are no drift, however late the news of them comes") {
  WatchedRig rig;
  rig.watch(some(40));
  rig.monitor.late = true;
  for (std::uint32_t round = 0; round < 30; ++round) {
    REQUIRE(rig.submit(some(40 - round % 7, 1 + round % 3)).ok());
    for (std::uint32_t i = 0; i < round % 5; ++i) rig.step();
    if (round % 3 == 0) rig.monitor.release();
    if (round % 4 == 0) REQUIRE(rig.submit(Batch().owner(owner(40)).owner(owner(39)).flow(39, output(5))).ok());
  }
  rig.monitor.release();
  rig.run();
  CHECK(rig.monitor.told > 300);
  CHECK(rig.heard.drift.empty());
  CHECK(rig.heard.resynced.size() == 1);
  CHECK(rig.engine.stats().unsettled == 0);
}

TEST_CASE("somebody else's change among late news of our own is still found") {
  WatchedRig rig;
  rig.watch(some(40));
  rig.monitor.late = true;
  REQUIRE(rig.submit(some(40, 2)).ok());
  for (int i = 0; i < 3; ++i) rig.step();
  rig.run();
  rig.fake.by_hand(flow_of(7, 1));  // what it was before
  REQUIRE(rig.submit(some(40, 3)).ok());
  rig.run();
  rig.fake.by_hand(flow_of(8, 2));
  rig.monitor.release();
  rig.run();
  REQUIRE(rig.heard.drift.size() == 1);
  CHECK(rig.heard.drift[0].modified == 1);
  CHECK(rig.settled() == 40);
  for (const auto& [key, flow] : rig.fake.flows) CHECK(flow.instructions == output(3));
}

TEST_CASE("others' flows that time out by themselves are left alone") {
  WatchedRig rig;
  rig.watch(some(5));
  rig.fake.by_hand(stranger(77, 30));
  rig.run();
  CHECK(rig.heard.drift.empty());
  CHECK(rig.settled() == 6);
  rig.commit(some(2500));  // and nobody reads a table for them when it is counted
  CHECK(rig.armed());
  CHECK(rig.heard.resynced.size() == 1);
}

TEST_CASE("the monitor is cancelled before a large commit and armed again after it, with a count") {
  WatchedRig rig;
  rig.watch(some(10));
  CHECK(rig.monitor.count("counts") == 1);
  rig.commit(some(6000));
  rig.run();
  CHECK(rig.monitor.count("cancel") == 1);
  CHECK(rig.monitor.count("arm") == 2);
  CHECK(rig.monitor.count("counts") == 2);
  CHECK(rig.monitor.told < 5000);
  CHECK(rig.armed());
  CHECK(rig.heard.drift.empty());
  CHECK(rig.heard.resynced.size() == 1);
}

TEST_CASE("what happened while nobody was told is found by counting, and only that table is read") {
  WatchedRig rig;
  rig.watch(some(10));
  REQUIRE(rig.submit(some(6000)).ok());
  while (rig.monitor.count("cancel") == 0) rig.step();
  rig.fake.by_hand(stranger(77, 0, 2));
  rig.run();
  rig.pass(500);
  REQUIRE(rig.heard.drift.size() == 1);
  CHECK(rig.heard.drift[0].by_reading);
  CHECK(rig.heard.drift[0].added == 1);
  REQUIRE(rig.heard.resynced.size() == 2);
  CHECK_FALSE(rig.heard.resynced[1].whole);
  CHECK(rig.heard.resynced[1].flows_read == 2001);
  CHECK(rig.settled() == 6000);
  CHECK(rig.heard.mended == 1);
  CHECK(rig.armed());
}

TEST_CASE("a group that somebody deletes comes back before the flows that need it") {
  WatchedRig rig;
  Batch batch;
  for (std::uint32_t i = 1; i <= 20; ++i) batch.owner(owner(i)).flow(i, to_group(i)).group(i);
  rig.watch(batch);
  ByteVector deletion = group_message(5);
  deletion[9] = static_cast<std::uint8_t>(openflow::GroupCommand::remove);
  rig.fake.by_hand(deletion);
  rig.fake.by_hand(group_message(6, 1));  // and one that nobody's flow is lost by
  rig.run();
  rig.pass(500);
  CHECK(rig.heard.quarantined.empty());
  CHECK(rig.fake.groups.size() == 20);
  CHECK(rig.settled() == 20);
  CHECK(rig.heard.mended >= 3);
  CHECK(rig.engine.stats().drifted >= 3);
  // Groups of our own are not read for.
  const std::size_t readings = rig.heard.resynced.size();
  rig.commit(Batch().owner(owner(30)).flow(30, to_group(30)).group(30));
  rig.commit(Batch().owner(owner(30)).flow(30, to_group(30)).group(30, 1));
  rig.commit(Batch().owner(owner(30)));
  rig.pass(500);
  CHECK(rig.heard.resynced.size() == readings);
  CHECK(rig.fake.groups.size() == 20);
}

TEST_CASE("a storm of changes, and a monitor that pauses, end in a read-back") {
  WatchedRig rig;
  rig.watch(some(6000));
  rig.monitor.late = true;
  for (std::uint32_t i = 1; i <= 5500; ++i) rig.fake.by_hand(deletion_of(i));
  rig.monitor.release();
  rig.run();
  rig.pass(500);
  rig.pass(500);
  CHECK(rig.settled() == 6000);
  CHECK(rig.engine.stats().drifted >= 5500);
  CHECK(rig.engine.stats().unmended == 0);
  const std::size_t readings = rig.heard.resynced.size();
  rig.monitor.late = false;
  rig.monitor.pause();
  rig.run();
  rig.fake.flows.clear();  // and tells nothing
  rig.monitor.resume();
  rig.run();
  rig.pass(500);
  CHECK(rig.heard.resynced.size() > readings);
  CHECK(rig.settled() == 6000);
}

TEST_CASE("a monitor that never resumes is left and watched anew") {
  WatchedRig rig;
  rig.watch(some(6));
  rig.monitor.pause();
  rig.run();
  rig.fake.flows.clear();
  rig.pass(Drift::kMostPaused + 1);
  CHECK(std::string(rig.engine.stats().monitor) == "off");
  rig.engine.monitor_session().connected(rig.now);
  rig.run();
  rig.pass(2'000);
  rig.pass(500);
  CHECK(rig.armed());
  CHECK(rig.settled() == 6);
}

TEST_CASE("news that does not parse costs the connection and a read-back, not the engine") {
  for (const ByteVector& garbage :
       {ByteVector{0, 8, 0, 99, 0, 0, 0, 0}, ByteVector{0, 3, 0, 1}, ByteVector(40, 0xff)}) {
    WatchedRig rig;
    rig.watch(some(6));
    rig.monitor.update(garbage);
    rig.fake.flows.erase(rig.fake.flows.begin());
    rig.run();
    CHECK(std::string(rig.engine.stats().monitor) == "off");
    CHECK(rig.heard.down.empty());
    rig.engine.monitor_session().connected(rig.now);
    rig.pass(1'500);
    rig.pass(500);
    CHECK(rig.armed());
    CHECK(rig.settled() == 6);
  }
}

TEST_CASE("a switch without flow monitors is read back now and then") {
  WatchedRig rig;
  rig.monitor.refuses = true;
  rig.watch(some(6));
  CHECK(std::string(rig.engine.stats().monitor) == "refused");
  CHECK(rig.monitor.count("cancel") == 0);
  CHECK(rig.heard.log.size() == 1);
  rig.fake.flows.erase(rig.fake.flows.begin());
  rig.pass(Drift::kReadEveryBlind + 1);
  CHECK(rig.settled() == 6);
  REQUIRE(rig.heard.drift.size() == 1);
  CHECK(rig.heard.drift[0].by_reading);
  CHECK(rig.heard.drift[0].removed == 1);
  CHECK(rig.heard.mended == 1);
  CHECK(rig.monitor.count("arm") == 1);
}

TEST_CASE("a switch that does not count its flows is believed, one that does not answer is read") {
  {
    WatchedRig rig;
    rig.monitor.knows_counts = false;
    rig.watch(some(6));
    CHECK(rig.armed());
    CHECK(rig.heard.resynced.size() == 1);
  }
  WatchedRig rig;
  rig.monitor.answers_counts = false;
  rig.watch(some(6));
  REQUIRE(rig.submit(some(6, 2)).ok());
  rig.run();
  CHECK(rig.heard.done.size() == 1);  // held for the count
  rig.pass(Drift::kMostHeld + 1);
  rig.pass(500);
  CHECK(rig.heard.done.size() == 2);
  CHECK(rig.heard.resynced.size() == 2);
  CHECK(rig.settled() == 6);
}

TEST_CASE("two who keep changing one flow do not keep the engine from anything else") {
  WatchedRig rig;
  rig.watch(some(6));
  for (int i = 0; i < 200; ++i) {
    rig.fake.by_hand(flow_of(3, 50));
    rig.run();
    rig.pass(10);
  }
  CHECK(rig.heard.drift.size() < 40);
  rig.pass(1'000);
  CHECK(rig.settled() == 6);
  for (const auto& [key, flow] : rig.fake.flows) CHECK(flow.instructions == output(1));
}

TEST_CASE("either connection lost at any moment ends watched and in the right state") {
  for (int steps = 0; steps < 14; ++steps) {
    for (const bool both : {false, true}) {
      WatchedRig rig;
      rig.watch(some(6));
      REQUIRE(rig.submit(some(2500, 2)).ok());
      rig.fake.by_hand(deletion_of(1));
      for (int i = 0; i < steps; ++i) rig.step();
      rig.lose_monitor();
      if (both) rig.disconnect();
      rig.engine.monitor_session().connected(rig.now);
      if (both) rig.connect();
      rig.run();
      rig.pass(1'500);
      rig.pass(500);
      CHECK(rig.armed());
      CHECK(rig.settled() == 2500);
      CHECK(rig.engine.stats().unmended == 0);
    }
  }
}

TEST_CASE("a refused bundle that is to be tried again does not keep the flows from being counted, nor the count it") {
  for (const bool at_commit : {false, true}) {
    for (int steps = 0; steps < 12; ++steps) {
      WatchedRig rig;
      rig.connect();
      rig.commit(Batch(), kFull);
      (at_commit ? rig.fake.at_commit : rig.fake.at_add) = [](const openflow::FlowMod& m) -> std::optional<Refused> {
        return owner_of_cookie(m.cookie) % 7 == 0 ? std::optional(Refused{2, 4}) : std::nullopt;
      };
      REQUIRE(rig.submit(some(60)).ok());
      for (int i = 0; i < steps; ++i) rig.step();
      rig.engine.monitor_session().connected(rig.now);
      rig.run();  // no time passes
      CHECK(rig.heard.done.size() == 2);
      CHECK(rig.armed());
      CHECK(rig.heard.resynced.size() == 1);
      CHECK(rig.settled() == 60 - rig.heard.quarantined.size());
    }
  }
}

TEST_CASE("with many flows the tables are read one after another") {
  Rig rig;
  rig.connect();
  rig.commit(some(6000), kFull);
  rig.fake.log.clear();
  rig.engine.resync(rig.now);
  rig.run();
  REQUIRE(rig.heard.resynced.size() == 2);
  CHECK(rig.heard.resynced[1].flows_read == 6000);
  CHECK(rig.heard.resynced[1].sent == 0);
  CHECK(rig.fake.log.size() == 6);  // groups, meters, counts, three tables
  REQUIRE(rig.engine.read_switch(1, std::nullopt, rig.now).ok());
  rig.run();
  REQUIRE(rig.heard.reads.size() == 1);
  CHECK(rig.heard.reads[0].second.size() == 6000 * (16 + 88));
}

}  // namespace sluice::test
