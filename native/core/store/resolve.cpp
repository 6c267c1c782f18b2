#include "core/store/resolve.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "core/wire/writer.h"

namespace sluice {

namespace {

constexpr std::size_t kInstructionHead = 8;
constexpr std::size_t kConjunctionSize = 16;
constexpr std::size_t kLongestUnion = 60'000;  // leaves room for the longest match
using ConjunctionAction = std::array<std::uint8_t, kConjunctionSize>;

// Up to the subtype: experimenter action, length 16, Nicira, NXAST_CONJUNCTION (34).
constexpr std::uint8_t kConjunctionHead[] = {0xff, 0xff, 0, 16, 0, 0, 0x23, 0x20, 0, 34};

[[nodiscard]] int compare(Bytes a, Bytes b) {
  const std::size_t common = std::min(a.size(), b.size());
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  if (order != 0) return order;
  return a.size() < b.size() ? -1 : static_cast<int>(a.size() > b.size());
}

[[nodiscard]] bool less(const Bodies& bodies, Handle a, Handle b) {
  const int order = compare(bodies.payload(a), bodies.payload(b));
  if (order != 0) return order < 0;
  const auto settings = [&](Handle h) {
    const BodyHead& head = bodies.head(h);
    return std::tuple(head.idle_timeout_sec, head.hard_timeout_sec, head.importance, head.flags);
  };
  return settings(a) < settings(b);
}

}  // namespace

bool is_conjunctive(Bytes instructions) {
  if (instructions.size() <= kInstructionHead) return false;
  const auto type = load_big_endian<std::uint16_t>(instructions.data());
  const auto length = load_big_endian<std::uint16_t>(instructions.data() + 2);
  constexpr std::uint16_t kApplyActions = 4;
  if (type != kApplyActions || length != instructions.size()) return false;
  if ((length - kInstructionHead) % kConjunctionSize != 0) return false;
  for (std::size_t at = kInstructionHead; at < instructions.size(); at += kConjunctionSize) {
    if (std::memcmp(instructions.data() + at, kConjunctionHead, sizeof kConjunctionHead) != 0) return false;
  }
  return true;
}

std::vector<std::uint8_t> union_of_conjunctions(std::span<const Bytes> instructions) {
  std::vector<ConjunctionAction> actions;
  for (const Bytes one : instructions) {
    for (std::size_t at = kInstructionHead; at < one.size(); at += kConjunctionSize) {
      std::memcpy(actions.emplace_back().data(), one.data() + at, kConjunctionSize);
    }
  }
  std::ranges::sort(actions);
  // Not std::ranges::unique: clang 14 cannot compile its subrange with libstdc++ 12.
  actions.erase(std::unique(actions.begin(), actions.end()), actions.end());

  if (kInstructionHead + actions.size() * kConjunctionSize > kLongestUnion) return {};
  std::vector<std::uint8_t> bytes(kInstructionHead + actions.size() * kConjunctionSize);
  Writer w(bytes);
  w.u16(4);
  w.u16(static_cast<std::uint16_t>(bytes.size()));
  w.zeros(4);
  for (const ConjunctionAction& action : actions) w.bytes(action);
  return bytes;
}

Decision resolve(std::vector<Wish> wishes, const Bodies& bodies) {
  std::ranges::sort(wishes, {}, &Wish::owner);
  Decision decision;
  bool conjunctive = std::ranges::all_of(wishes, [&](const Wish& w) { return is_conjunctive(bodies.payload(w.body)); });
  if (conjunctive) {
    std::vector<Bytes> parts;
    for (const Wish& wish : wishes) parts.push_back(bodies.payload(wish.body));
    decision.union_payload = union_of_conjunctions(parts);
    conjunctive = !decision.union_payload.empty();
  }
  decision.like = wishes.front().body;
  for (const Wish& wish : wishes) {
    if (less(bodies, wish.body, decision.like)) decision.like = wish.body;
  }
  for (const Wish& wish : wishes) {
    const bool wins = conjunctive || bodies.equal_but_cookie(wish.body, decision.like);
    (wins ? decision.winners : decision.losers).push_back(wish.owner);
  }
  // A single winner keeps its own cookie, which is in its own body.
  if (decision.winners.size() == 1) {
    decision.like = std::ranges::find(wishes, decision.winners.front(), &Wish::owner)->body;
  }
  return decision;
}

}  // namespace sluice
