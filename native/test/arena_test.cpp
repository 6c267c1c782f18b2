// The memory under the store: arena, pool and index.
#include "core/store/arena.h"

#include <doctest/doctest.h>

#include <random>
#include <unordered_map>

#include "core/store/hash_index.h"
#include "core/store/pool.h"

namespace sluice::test {

namespace {
std::uint32_t below(std::mt19937& random, std::uint32_t n) { return static_cast<std::uint32_t>(random()) % n; }
}  // namespace

TEST_CASE("churn of equal shapes needs no new memory") {
  Arena arena;
  std::mt19937 random(1);
  std::vector<std::pair<Handle, std::size_t>> live;
  const auto size = [&] { return 40 + below(random, 200); };
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t n = size();
    live.emplace_back(arena.allocate(n), n);
  }
  // The classes' shares wander a little, so the first rounds may still reserve some.
  const auto churn = [&] {
    for (auto& [handle, n] : live) {
      arena.release(handle, n);
      n = size();
      handle = arena.allocate(n);
    }
  };
  for (int round = 0; round < 5; ++round) churn();
  const std::size_t reserved = arena.reserved();
  for (int round = 0; round < 20; ++round) churn();
  CHECK(arena.reserved() <= reserved + (std::size_t{1} << 20));
  for (const auto& [handle, n] : live) arena.release(handle, n);
  CHECK(arena.used() == 0);
}

TEST_CASE("blocks do not overlap, from one byte to the largest") {
  Arena arena;
  std::vector<std::pair<Handle, std::size_t>> blocks;
  for (std::size_t n = 1; n <= Arena::kMaxBlock; n = n * 2 + 7) {
    blocks.emplace_back(arena.allocate(n), n);
    std::memset(arena.at(blocks.back().first), static_cast<int>(blocks.size()), n);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::uint8_t* at = arena.at(blocks[i].first);
    CHECK(at[0] == i + 1);
    CHECK(at[blocks[i].second - 1] == i + 1);
  }
}

TEST_CASE("the index finds what a map finds") {
  struct Key {
    std::uint32_t value;
  };
  Pool<Key> records;
  HashIndex index;
  std::unordered_map<std::uint32_t, Index> model;
  std::mt19937 random(2);
  const auto hash = [](std::uint32_t v) { return hash_bytes({reinterpret_cast<const std::uint8_t*>(&v), sizeof v}); };
  for (int i = 0; i < 200'000; ++i) {
    const std::uint32_t value = below(random, 5000);
    const Index found = index.find(hash(value), [&](Index r) { return records[r].value == value; });
    const auto expected = model.find(value);
    REQUIRE(found == (expected == model.end() ? 0 : expected->second));
    if (found == 0) {
      const Index record = records.allocate();
      records[record].value = value;
      index.insert(hash(value), record);
      model[value] = record;
    } else if (below(random, 2) == 0) {
      index.erase(hash(value), found);
      records.release(found);
      model.erase(value);
    }
  }
  CHECK(records.live() == model.size());
}

}  // namespace sluice::test
