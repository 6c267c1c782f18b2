// Bundles that wait for others: small and large changes on one connection, what builds on a bundle that fails, and the
// right end whatever happens at random.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "engine_rig.h"

namespace sluice::test {

namespace {

constexpr CommitOptions kFull{CommitMode::automatic, true};
constexpr CommitOptions kStaged{CommitMode::staged, false};

[[nodiscard]] Batch one_flow(std::uint32_t id, std::uint32_t port = 1) {
  return Batch().owner(owner(id)).flow(id, output(port));
}

// A switch that takes as many messages of a connection in a turn as vswitchd does, connections in any order.
struct UnevenRig : Rig {
  explicit UnevenRig(std::uint32_t seed) : random(seed) {}

  std::minstd_rand random;
  bool calm = false;
  std::size_t in_a_turn = 50;
  std::map<std::size_t, ByteVector> under_way;

  [[nodiscard]] std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); }

  void drop(std::size_t wire) {
    under_way.erase(wire);
    disconnect(wire);
  }

  void drop_main() {
    drop(0);
    wires[0]->connected(now);
    open[0] = true;
  }

  bool step() override {
    now += 3;
    bool any = false;
    for (std::size_t i = 0; i < wires.size(); ++i)
      any = turn(calm ? i : pick(static_cast<std::uint32_t>(wires.size()))) || any;
    for (std::size_t wire = 0; !any && wire < wires.size(); ++wire) any = turn(wire);
    return any;
  }

 private:
  bool turn(std::size_t wire) {
    if (wire != 0) {
      if (open[wire] && !wires[wire]->wanted()) under_way.erase(wire);
      dial(wire);
    }
    if (!open[wire]) return false;
    Session& session = *wires[wire];
    if (session.wants_close()) {
      if (wire != 0) drop(wire);
      return wire != 0;
    }
    ByteVector& there = under_way[wire];
    const Bytes out = session.output().data();
    const bool said = !out.empty();
    there.insert(there.end(), out.begin(), out.end());
    session.output().consume(out.size());
    if (said) session.drained(now);
    std::size_t taken = 0;
    for (std::size_t n = 0; n < in_a_turn; ++n) {
      const auto header = openflow::decode_header(Bytes(there).subspan(taken));
      if (!header || header->length > there.size() - taken) break;
      taken += header->length;
    }
    fake.feed(Bytes(there).first(taken), wire);
    there.erase(there.begin(), there.begin() + static_cast<std::ptrdiff_t>(taken));
    const ByteVector in = std::exchange(fake.to_engine[wire], {});
    if (!in.empty()) session.received(in, now);
    return said || taken > 0 || !in.empty();
  }
};

// Some of `owners` with another set each.
[[nodiscard]] Batch random_batch(UnevenRig& rig, std::uint32_t owners) {
  Batch batch;
  std::vector<bool> named(owners);
  const bool nothing = rig.pick(5) == 0;
  for (std::uint32_t n = rig.pick(3) == 0 ? 1 + rig.pick(30) : 1 + rig.pick(owners); n > 0; --n) {
    const std::uint32_t o = rig.pick(owners);
    if (named[o]) continue;
    named[o] = true;
    batch.owner(owner(10 + o));
    const bool group = rig.pick(10) == 0;
    if (group) batch.group(10 + o);
    for (std::uint32_t t = 0, tables = nothing ? 0 : rig.pick(6); t < tables; ++t) {
      const auto table = static_cast<std::uint8_t>(rig.pick(2) ? t : 2 * t);
      batch.flow(10 + o, group && t == 0 ? to_group(10 + o) : output(rig.pick(3)), table);
    }
  }
  return batch;
}

void mishap(UnevenRig& rig) {
  switch (rig.pick(60)) {
    case 0:
      rig.fake.expire_before_commit = 1 + static_cast<int>(rig.pick(3));
      break;
    case 1:
      rig.fake.expire_while_adding = 1 + static_cast<int>(rig.pick(3));
      break;
    case 2:
    case 3:
      if (const std::size_t wire = 1 + rig.pick(8); rig.open[wire]) rig.drop(wire);
      break;
    case 4:
      if (rig.pick(4) == 0) rig.drop_main();
      break;
    case 5:
      rig.engine.resync(rig.now);
      break;
    case 6:
      if (rig.pick(3) == 0) rig.engine.retry_quarantined(rig.now);
      break;
    default:
      break;
  }
  if (rig.engine.session().wants_close()) rig.drop_main();
}

}  // namespace

TEST_CASE("small changes beside a large one on one connection: what is confirmed is there") {
  for (std::size_t steps = 0; steps < 20; ++steps) {
    UnevenRig rig(1);
    rig.calm = true;
    rig.takes_lanes = false;
    rig.connect();
    REQUIRE(rig.submit(one_flow(1), kFull).ok());
    rig.run();
    rig.now += 1000;
    Batch large;
    for (std::uint32_t i = 10; i < 5'010; ++i) large.owner(owner(i)).flow(i, output(1));
    REQUIRE(rig.submit(large).ok());
    for (std::size_t i = 0; i < steps; ++i) rig.step();
    for (std::uint32_t i = 0; i < 12; ++i) {
      REQUIRE(rig.submit(one_flow(9'000 + i)).ok());
      for (int turns = 0; turns < 3; ++turns) rig.step();
    }
    rig.run();
    CHECK(rig.heard.done.size() == rig.commits);
    CHECK(rig.engine.stats().unsettled == 0);
    CHECK(rig.fake.flows.size() == 5'013);
  }
}

TEST_CASE("what builds on a bundle that was taken back is taken back, too") {
  Rig rig;
  rig.connect();
  rig.commit(one_flow(1), kFull);
  for (int i = 0; i < 4; ++i) rig.step();
  REQUIRE(rig.open_lanes() == 4);
  rig.now += 1000;
  const auto is_of = [](std::uint64_t cookie, std::uint32_t id) { return owner_of_cookie(cookie) == owner(id); };
  std::size_t early = 0;
  rig.fake.at_commit = [&](const openflow::FlowMod& m) -> std::optional<Refused> {
    if (is_of(m.cookie, 9000) && m.table == 5) {
      early += std::ranges::none_of(rig.fake.flows, [&](const auto& known) {
        return known.first.first.first == 6 && is_of(known.second.cookie, 9000);
      });
    }
    return is_of(m.cookie, 20) ? std::optional(Refused{5, 1}) : std::nullopt;
  };
  Batch refused;
  for (std::uint32_t i = 10; i < 1510; ++i) refused.owner(owner(i)).flow(i, output(1), 5);
  REQUIRE(rig.submit(refused).ok());
  // It waits for the former, and the next one for it alone.
  Batch mixed;
  mixed.owner(owner(9000)).flow(7000, output(1), 6);
  mixed.owner(owner(9001)).flow(7001, output(1), 4);
  REQUIRE(rig.submit(mixed, kStaged).ok());
  REQUIRE(rig.submit(Batch().owner(owner(9000)).flow(7000, output(1), 6).flow(7000, output(1), 5), kStaged).ok());
  CHECK(rig.engine.stats().bundles_in_flight == 8);
  rig.run();
  CHECK(early == 0);
  CHECK(rig.heard.quarantined.size() == 1);
  CHECK(rig.engine.stats().unsettled == 0);
}

TEST_CASE("whatever is refused, expires or is lost at random, the switch has in the end what is said to be confirmed") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    UnevenRig rig(seed);
    if (rig.pick(2) == 0) rig.in_a_turn = 100'000;
    rig.fake.ports = rig.pick(3) == 0 ? 1000 : rig.pick(2) == 0 ? 300 : 4;
    rig.takes_lanes = rig.pick(6) != 0;
    rig.connect();
    REQUIRE(rig.submit(one_flow(1), kFull).ok());
    rig.run();
    const bool late = rig.pick(2) == 0;
    const bool early = rig.pick(3) == 0;
    const std::uint32_t one_in = 200 + rig.pick(5000);
    const auto refused = [&](const openflow::FlowMod& m) {
      return !rig.calm && m.command == openflow::FlowCommand::add && rig.pick(one_in) == 0;
    };
    rig.fake.at_commit = [&](const openflow::FlowMod& m) -> std::optional<Refused> {
      return late && refused(m) ? std::optional(Refused{5, 1}) : std::nullopt;
    };
    rig.fake.at_add = [&](const openflow::FlowMod& m) -> std::optional<Refused> {
      return early && refused(m) ? std::optional(Refused{2, 4}) : std::nullopt;
    };
    const std::uint32_t owners = 200 + rig.pick(1500);
    for (std::uint32_t rounds = 3 + rig.pick(4); rounds > 0; --rounds) {
      const std::uint32_t mode = rig.pick(8);
      const CommitMode how = mode == 0 ? CommitMode::atomic : mode < 4 ? CommitMode::staged : CommitMode::automatic;
      (void)rig.submit(random_batch(rig, owners), {how, rig.pick(12) == 0});
      for (std::uint32_t steps = rig.pick(rig.pick(2) == 0 ? 40 : 4); steps > 0; --steps) {
        rig.step();
        mishap(rig);
      }
    }
    rig.run();
    rig.calm = true;
    rig.fake.expire_before_commit = rig.fake.expire_while_adding = 0;
    if (rig.engine.session().wants_close()) rig.drop_main();
    rig.run();
    const EngineStats stats = rig.engine.stats();
    CHECK(stats.unsettled == 0);
    CHECK(stats.bundles_in_flight == 0);
    CHECK(stats.pending_commits == 0);
    CHECK(rig.heard.done.size() == rig.commits);
    CHECK(stats.flows == rig.fake.flows.size());
    CHECK(stats.groups == rig.fake.groups.size());
  }
}

}  // namespace sluice::test
