// Small and large changes apart, large ones over several connections, and what happens when one of these is lost.
#include <doctest/doctest.h>

#include <random>

#include "core/engine/bulk_lanes.h"
#include "engine_rig.h"

namespace sluice::test {

namespace {

constexpr CommitOptions kFull{CommitMode::automatic, true};

// `count` owners from `first` on, one flow each.
Batch flows(std::uint32_t count, std::uint32_t port = 1, std::uint32_t first = 1) {
  Batch batch;
  for (std::uint32_t i = first; i < first + count; ++i) {
    batch.owner(owner(i)).flow(i, output(port), static_cast<std::uint8_t>(i % 3));
  }
  return batch;
}

struct SyncedRig : Rig {
  SyncedRig() {
    connect();
    commit(flows(3), kFull);
  }
  // Lets both talk until `there` holds; false when they fall silent first.
  template <typename There>
  bool run_until(There there) {
    while (!there()) {
      if (!step()) return false;
    }
    return true;
  }
};

[[nodiscard]] bool is_done(const Rig& rig, std::uint64_t commit_id) {
  return std::ranges::any_of(rig.heard.done, [&](const CommitResult& r) { return r.commit_id == commit_id; });
}

}  // namespace

TEST_CASE("the number of lanes follows the number of ports") {
  for (const auto& [ports, lanes] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 4}, {50, 4}, {51, 8}, {500, 8}, {501, 16}, {799, 16}, {800, 32}, {5000, 32}}) {
    CHECK(lanes_for(ports) == lanes);
  }
  for (const std::size_t ports : {4u, 300u, 1000u}) {
    SyncedRig rig;
    rig.fake.ports = ports;
    CHECK(rig.open_lanes() == lanes_for(4));
    const CommitResult result = rig.commit(flows(10'000));
    CHECK(result.added == 9'997);
    CHECK(rig.fake.flows.size() == 10'000);
    CHECK(rig.engine.stats().ports == ports);
    CHECK(rig.engine.stats().lanes == lanes_for(ports));
    CHECK(rig.open_lanes() == lanes_for(ports));
    // Fewer are kept when there are fewer ports, though not in the middle of a load.
    rig.fake.ports = 4;
    rig.commit(flows(10'000, 2));
    CHECK(rig.open_lanes() == lanes_for(4));
    CHECK(rig.heard.log.empty());
  }
}

TEST_CASE("without lanes a large change goes over the main connection") {
  Rig rig;
  rig.takes_lanes = false;
  rig.connect();
  rig.commit(flows(3), kFull);
  CHECK(rig.commit(flows(10'000)).added == 9'997);
  CHECK(rig.open_lanes() == 0);
}

TEST_CASE("a small change goes past a large one, at every point of it") {
  for (const std::size_t steps : {0u, 1u, 2u, 3u, 5u, 7u}) {
    SyncedRig rig;
    REQUIRE(rig.submit(flows(9'000, 1, 10)).ok());
    const std::uint64_t large = rig.commits;
    for (std::size_t i = 0; i < steps; ++i) rig.step();
    if (is_done(rig, large)) break;
    REQUIRE(rig.submit(flows(1, 7)).ok());
    const std::uint64_t small = rig.commits;
    REQUIRE(rig.run_until([&] { return is_done(rig, small); }));
    CHECK_FALSE(is_done(rig, large));
    rig.run();
    CHECK(is_done(rig, large));
    CHECK(rig.fake.flows.size() == 9'003);
  }
}

TEST_CASE("of a large and a later small batch about the same owner the later one counts") {
  for (const std::size_t steps : {0u, 1u, 3u}) {
    for (const std::uint32_t which : {10u, 4'000u, 9'009u}) {
      SyncedRig rig;
      REQUIRE(rig.submit(flows(9'000, 1, 10)).ok());
      for (std::size_t i = 0; i < steps; ++i) rig.step();
      REQUIRE(
          rig.submit(Batch().owner(owner(which)).flow(which, output(9), static_cast<std::uint8_t>(which % 3))).ok());
      REQUIRE(rig.submit(Batch().owner(owner(which + 1 > 9'009 ? 11 : which + 1))).ok());
      rig.run();
      CHECK(rig.heard.done.size() == 4);
      CHECK(rig.fake.flows.size() == 9'002);
      const auto nines =
          std::ranges::count_if(rig.fake.flows, [](const auto& f) { return f.second.instructions == output(9); });
      CHECK(nines == 1);
      CHECK(rig.engine.stats().unsettled == 0);
    }
  }
}

TEST_CASE("a full batch does not take back what a small one beside it brought") {
  SyncedRig rig;
  REQUIRE(rig.submit(flows(9'000, 1, 10), kFull).ok());
  rig.step();
  REQUIRE(rig.submit(flows(1, 7, 50'000)).ok());
  rig.run();
  CHECK(rig.heard.done.size() == 3);
  CHECK(rig.fake.flows.size() == 9'001);
}

TEST_CASE("a small change that needs a group of the large one waits for it, and nobody is blamed") {
  for (const std::size_t steps : {0u, 2u, 5u, 9u}) {
    SyncedRig rig;
    rig.fake.ports = 300;
    Batch large;
    for (std::uint32_t i = 10; i < 9'010; ++i) large.owner(owner(i)).flow(i, to_group(i)).group(i);
    REQUIRE(rig.submit(large).ok());
    for (std::size_t i = 0; i < steps; ++i) rig.step();
    REQUIRE(rig.submit(Batch().owner(owner(50'000)).flow(50'000, to_group(9'000))).ok());
    rig.run();
    CHECK(rig.heard.quarantined.empty());
    CHECK(rig.heard.done.size() == 3);
    CHECK(rig.fake.flows.size() == 9'004);
  }
}

TEST_CASE("a group that the large change still leads to is deleted after that") {
  for (const std::size_t steps : {0u, 2u, 5u}) {
    SyncedRig rig;
    Batch before;
    before.owner(owner(9)).group(77);
    for (std::uint32_t i = 10; i < 6'010; ++i) before.owner(owner(i)).flow(i, to_group(77));
    rig.commit(before);
    REQUIRE(rig.submit(flows(6'000, 2, 10)).ok());
    for (std::size_t i = 0; i < steps; ++i) rig.step();
    REQUIRE(rig.submit(Batch().owner(owner(9))).ok());
    std::size_t fewest = SIZE_MAX;
    while (rig.step()) fewest = std::min(fewest, rig.fake.flows.size());
    CHECK(rig.heard.quarantined.empty());
    CHECK(rig.fake.groups.empty());
    CHECK(rig.fake.flows.size() >= 6'000);
    CHECK(rig.heard.done.size() == 4);
  }
}

TEST_CASE("lanes keep the order of tables and stages") {
  SyncedRig rig;
  rig.fake.ports = 1000;
  // What a flow leads to is there before it, and goes after it.
  std::vector<std::uint8_t> order;
  rig.fake.at_commit = [&](const openflow::FlowMod& m) {
    if (order.empty() || order.back() != m.table) order.push_back(m.table);
    return std::nullopt;
  };
  rig.commit(flows(9'000, 1, 10));
  order.clear();
  rig.commit(flows(9'000, 2, 10), {CommitMode::staged, false});
  CHECK((order == std::vector<std::uint8_t>{2, 1, 0}));
}

// Connections that the switch gets round to in any order, each as often as it likes.
struct ShuffledRig : SyncedRig {
  explicit ShuffledRig(std::uint32_t seed) : random(seed) {}
  bool step() override {
    if (calm) return SyncedRig::step();
    bool any = false;
    for (std::size_t i = 0; i < wires.size(); ++i) {
      const std::size_t w = random() % wires.size();
      dial(w);
      if (w == 0 || open[w]) any = exchange(w) || any;
    }
    return any || SyncedRig::step();
  }
  std::minstd_rand random;
  bool calm = false;
};

TEST_CASE("no flow goes in before what its owner leads it to, whatever is refused, expires or is lost") {
  constexpr std::uint32_t kOwners = 4'000;
  constexpr std::uint8_t kTables = 5;
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    ShuffledRig rig(seed);
    rig.fake.ports = seed % 3 == 0 ? 1000 : 4;
    rig.takes_lanes = seed % 5 != 4;
    Batch batch;
    for (std::uint32_t i = 10; i < 10 + kOwners; ++i) {
      batch.owner(owner(i));
      for (std::uint8_t table = 0; table < kTables; ++table) batch.flow(i, output(1), table);
    }
    std::size_t early = 0;
    const auto judge = [&](const openflow::FlowMod& m) -> std::optional<Refused> {
      if (m.command != openflow::FlowCommand::add) return std::nullopt;
      const ByteVector match(m.oxm.begin(), m.oxm.end());
      const bool ours = (m.cookie >> 24 & 0xffffffff) >= 10;
      if (ours && m.table + 1 < kTables) {
        const FakeSwitch::Key next{{static_cast<std::uint8_t>(m.table + 1), m.priority}, match};
        if (!rig.fake.flows.contains(next)) ++early;
      }
      return ours && seed % 2 == 0 && m.table == kTables - 2 && rig.random() % 5'000 == 0 ? std::optional(Refused{5, 1})
                                                                                          : std::nullopt;
    };
    rig.fake.at_commit = judge;
    REQUIRE(rig.submit(batch).ok());
    if (seed % 4 == 1) rig.fake.expire_before_commit = 3;
    for (std::size_t i = 0; i < 6 + seed; ++i) rig.step();
    if (seed % 4 == 2) {
      const auto lane = std::find(rig.open.begin() + 1, rig.open.end(), true);
      if (lane != rig.open.end()) rig.disconnect(static_cast<std::size_t>(lane - rig.open.begin()));
    }
    rig.run();
    rig.calm = true;
    rig.run();
    CHECK(early == 0);
    CHECK(rig.engine.stats().unsettled == 0);
    // A refused owner is put back to what it had: nothing, whatever a read-back in between found of it.
    CHECK(rig.fake.flows.size() == 3 + kTables * (kOwners - rig.heard.quarantined.size()));
  }
}

TEST_CASE("a lane that is lost in mid-commit leads to a read-back and the right end") {
  for (std::size_t steps = 1; steps < 24; steps += 2) {
    SyncedRig rig;
    rig.fake.ports = 300;
    REQUIRE(rig.submit(flows(10'000, 1, 10)).ok());
    for (std::size_t i = 0; i < steps; ++i) rig.step();
    if (is_done(rig, rig.commits)) {
      CHECK(steps > 5);
      break;
    }
    if (rig.open[3]) rig.disconnect(3);
    rig.run();
    CHECK(is_done(rig, rig.commits));
    CHECK(rig.fake.flows.size() == 10'003);
    CHECK(rig.heard.done.back().added == 10'000);
    CHECK(rig.engine.stats().unsettled == 0);
    CHECK(rig.heard.down.empty());
    if (!rig.heard.log.empty()) CHECK(rig.heard.resynced.size() == 2);
  }
}

TEST_CASE("a lane whose commit took effect without a reply is not believed to have failed") {
  SyncedRig rig;
  rig.fake.ports = 300;
  REQUIRE(rig.submit(flows(10'000, 1, 10)).ok());
  REQUIRE(rig.run_until([&] { return rig.open_lanes() == 8 && rig.fake.flows.size() > 2000; }));
  rig.fake.lose_commit_reply = true;
  rig.step();
  rig.fake.lose_commit_reply = false;
  for (std::size_t wire = 1; wire <= 8; ++wire) rig.disconnect(wire);
  rig.run();
  CHECK(rig.heard.resynced.size() == 2);
  CHECK(rig.fake.flows.size() == 10'003);
  CHECK(is_done(rig, rig.commits));
}

TEST_CASE("the main connection is lost while lanes stand") {
  for (std::size_t steps = 1; steps < 10; steps += 2) {
    SyncedRig rig;
    rig.fake.ports = 300;
    REQUIRE(rig.submit(flows(10'000, 1, 10)).ok());
    for (std::size_t i = 0; i < steps; ++i) rig.step();
    rig.disconnect();
    rig.run();
    CHECK(rig.open_lanes() == 0);
    rig.connect();
    CHECK(is_done(rig, rig.commits));
    CHECK(rig.fake.flows.size() == 10'003);
    CHECK(rig.engine.stats().unsettled == 0);
  }
}

TEST_CASE("refused flows of a large change are all named, whatever lane they came over") {
  for (const bool at_commit : {false, true}) {
    SyncedRig rig;
    rig.fake.ports = 300;
    const auto refuse = [](const openflow::FlowMod& m) -> std::optional<Refused> {
      const auto id = static_cast<std::uint32_t>(m.cookie >> 24);
      if (id < 100 || id % 100 != 0) return std::nullopt;
      return Refused{2, 4};
    };
    (at_commit ? rig.fake.at_commit : rig.fake.at_add) = refuse;
    const CommitResult result = rig.commit(flows(10'000, 1, 10));
    CHECK(result.quarantined.size() == 100);
    CHECK(result.added == 9'900);
    CHECK(rig.fake.flows.size() == 9'903);
  }
}

TEST_CASE("long operations say how far they are, and that they are over") {
  SyncedRig rig;
  REQUIRE(rig.submit(flows(9'000, 1, 10)).ok());
  while (rig.step()) rig.now += 100;
  REQUIRE(rig.heard.progress.size() >= 3);
  std::uint64_t last = 0;
  for (const Progress& p : rig.heard.progress) {
    CHECK(p.done >= last);
    CHECK(p.total >= p.done);
    last = p.done;
  }
  CHECK(rig.heard.progress.back().done == rig.heard.progress.back().total);
  const std::size_t before = rig.heard.progress.size();
  rig.commit(flows(100, 2, 10));
  CHECK(rig.heard.progress.size() == before);
}

}  // namespace sluice::test
