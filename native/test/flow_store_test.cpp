// The flow store on its own: what differs after a change, what several owners of one flow get, what churn leaves
// behind.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "core/engine/compose.h"
#include "messages.h"

namespace sluice::test {

namespace {

std::uint32_t below(std::mt19937& random, std::uint32_t n) { return static_cast<std::uint32_t>(random()) % n; }

// Applies a batch and confirms everything that differs, as a switch without objections would.
struct Store {
  FlowStore store;
  std::uint32_t epoch = 0;

  void apply(const Batch& batch, bool full = false) {
    const ByteVector bytes = batch.bytes();
    std::vector<OwnerSet> sets;
    REQUIRE(read_batch(bytes, sets).ok());
    ++epoch;
    store.apply(sets, epoch);
    if (full) store.clear_all_but(epoch);
    store.resolve_touched();
  }
  std::size_t confirm_all() {
    std::size_t n = 0;
    while (!store.dirty().empty()) {
      for (const Index entry : std::exchange(store.dirty(), {})) {
        if (!store.unqueue(entry)) continue;
        store.mark_sent(entry);
        store.confirm(entry);
        ++n;
      }
    }
    for (const Index o : std::exchange(store.settled(), {})) store.settle(o);
    return n;
  }
  std::size_t change(const Batch& batch, bool full = false) {
    apply(batch, full);
    return confirm_all();
  }
  // (port of the match) → (cookie's owner, port of the output) of what is confirmed
  std::map<std::uint32_t, std::pair<OwnerKey, std::uint32_t>> confirmed() const {
    std::map<std::uint32_t, std::pair<OwnerKey, std::uint32_t>> all;
    for (Index e = 1; e < store.entries().end(); ++e) {
      if (store.entries()[e].key == 0 || store.entries()[e].confirmed == 0) continue;
      const Handle body = store.entries()[e].confirmed;
      const Bytes payload = store.bodies().payload(body);
      all[load_big_endian<std::uint32_t>(store.entries().key_tail(e).data() + 4)] = {
          owner_of_cookie(store.bodies().head(body).cookie),
          payload.size() < 24 ? 0 : load_big_endian<std::uint32_t>(payload.data() + 12)};
    }
    return all;
  }
};

const OwnerKey a = owner(1);
const OwnerKey b = owner(2);
const OwnerKey c = owner(3);

}  // namespace

TEST_CASE("only differences are dirty") {
  Store s;
  CHECK(s.change(Batch().owner(a).flow(1, output(1)).flow(2, output(2))) == 2);
  CHECK(s.change(Batch().owner(a).flow(1, output(1)).flow(2, output(2))) == 0);
  CHECK(s.change(Batch().owner(a).flow(2, output(2)).flow(1, output(9))) == 1);
  CHECK(s.change(Batch().owner(a).flow(2, output(2))) == 1);
  CHECK(s.change(Batch().owner(b).flow(5, output(5))) == 1);
  CHECK(s.change(Batch().owner(b).flow(5, output(5)), true) == 1);
  CHECK(s.confirmed().size() == 1);
}

TEST_CASE("an owner that wants nothing leaves nothing behind") {
  Store s;
  s.change(Batch().owner(a).flow(1, output(1)).group(4).owner(b).flow(1, output(1)));
  s.change(Batch().owner(a).owner(b));
  CHECK(s.store.used_bytes() == 0);
  CHECK(s.store.owners().size() == 0);
  CHECK(s.store.sets().size() == 0);
  CHECK(s.store.counts().confirmed == 0);
}

TEST_CASE("a flow that two owners want alike is one flow whose cookie names both") {
  Store s;
  s.change(Batch().owner(a).flow(1, output(1)));
  CHECK(s.change(Batch().owner(b).flow(1, output(1))) == 1);
  const auto [cookie_owner, port] = s.confirmed()[1];
  CHECK(is_shared(cookie_owner));
  CHECK(port == 1);
  const auto* owners = s.store.sets().find(static_cast<std::uint32_t>(cookie_owner));
  REQUIRE(owners != nullptr);
  CHECK(*owners == std::vector<OwnerKey>{a, b});
  CHECK(s.store.conflicts().empty());
  CHECK(s.change(Batch().owner(a)) == 1);
  CHECK(s.confirmed()[1].first == b);

  Store other;  // the name of a set does not depend on who came first
  other.change(Batch().owner(b).flow(1, output(1)).owner(a).flow(1, output(1)));
  CHECK(other.confirmed()[1].first == cookie_owner);
}

TEST_CASE("different actions on one match are decided by their bytes, not by arrival, and reported") {
  const auto winner = [](const Batch& first, const Batch& second) {
    Store s;
    s.change(first);
    s.change(second);
    REQUIRE(s.store.conflicts().size() == 1);
    return s.confirmed()[1];
  };
  const Batch low = Batch().owner(b).flow(1, output(3));
  const Batch high = Batch().owner(a).flow(1, output(4));
  CHECK(winner(low, high) == winner(high, low));
  CHECK(winner(low, high).first == b);
  const Batch drop = Batch().owner(c).flow(1, {});
  CHECK(winner(low, drop).first == c);
  CHECK(winner(drop, low).second == 0);
}

TEST_CASE("conjunctions of several owners on one match are merged") {
  Store s;
  s.change(Batch().owner(a).flow(1, conjunctions({10, 20})).owner(b).flow(1, conjunctions({20, 15})));
  CHECK(s.store.conflicts().empty());
  std::vector<std::uint8_t> out;
  const ByteVector expected = conjunctions({10, 15, 20});
  append_mod(out, s.store, 1, s.store.entries()[1].confirmed);
  REQUIRE(out.size() == 64 + expected.size());
  CHECK(ByteVector(out.begin() + 64, out.end()) == expected);
  s.change(Batch().owner(b));
  append_mod(out, s.store, 1, s.store.entries()[1].confirmed);
  CHECK(ByteVector(out.end() - 40, out.end()) == conjunctions({10, 20}));
}

TEST_CASE("withdrawing a refused change restores the owner's last confirmed set") {
  Store s;
  s.change(Batch().owner(a).flow(1, output(1)).flow(2, output(2)));
  const auto before = s.confirmed();
  s.apply(Batch().owner(a).flow(2, output(7)).flow(3, output(3)));
  // One of the changes is already in, another is refused.
  const std::vector<Index> dirty = std::exchange(s.store.dirty(), {});
  REQUIRE(dirty.size() == 3);
  REQUIRE(s.store.unqueue(dirty[0]));
  s.store.mark_sent(dirty[0]);
  s.store.confirm(dirty[0]);
  for (const Index e : {dirty[1], dirty[2]}) REQUIRE(s.store.unqueue(e));
  s.store.mark_sent(dirty[1]);
  REQUIRE(s.store.blame(dirty[1]).size() == 1);
  s.store.revert(s.store.blame(dirty[1])[0], dirty[1]);
  if (s.store.mark_unsent(dirty[1])) s.store.dirty().push_back(dirty[1]);
  s.confirm_all();
  CHECK(s.confirmed() == before);
  CHECK(s.store.counts().unsettled == 0);
}

TEST_CASE("random changes of random owners end where a simple model ends, and leak nothing") {
  std::mt19937 random(3);
  Store s;
  std::map<std::uint32_t, std::map<std::uint32_t, std::uint32_t>> model;  // owner → match → output
  for (int round = 0; round < 2000; ++round) {
    Batch batch;
    std::set<std::uint32_t> named;
    for (std::uint32_t k = below(random, 4); k <= 4; ++k) {
      const std::uint32_t o = 1 + below(random, 12);
      if (!named.insert(o).second) continue;
      batch.owner(owner(o));
      model[o].clear();
      for (std::uint32_t n = below(random, 6); n > 0; --n) {
        const std::uint32_t match = below(random, 30);
        if (!model[o].try_emplace(match, 1 + below(random, 2)).second) continue;
        batch.flow(match, output(model[o][match]));
      }
    }
    const bool full = below(random, 20) == 0;
    for (auto& [o, wants] : model) {
      if (full && !named.contains(o)) wants.clear();
    }
    s.apply(batch, full);
    if (below(random, 3) != 0) s.confirm_all();
  }
  s.confirm_all();
  std::map<std::uint32_t, std::uint32_t> expected;
  for (const auto& [o, wants] : model) {
    for (const auto& [match, port] : wants) {
      const auto [it, fresh] = expected.try_emplace(match, port);
      if (!fresh) it->second = std::min(it->second, port);
    }
  }
  const auto confirmed = s.confirmed();
  REQUIRE(confirmed.size() == expected.size());
  for (const auto& [match, port] : expected) CHECK(confirmed.at(match).second == port);
  CHECK(s.store.counts().unsettled == 0);
  s.change(Batch(), true);
  CHECK(s.store.used_bytes() == 0);
  CHECK(s.store.sets().size() == 0);
}

}  // namespace sluice::test
