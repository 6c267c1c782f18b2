// Streams: the two ways into the switch. Small changes are urgent: one bundle on the main connection, at once. Whatever
// is larger is bulk: slices over lanes of its own. Each stream has its own plan and committer and so its own order of
// stages; between the two only what one needs of the other is kept in order (groups and meters before flows that refer
// to them, and after them when they go).
// Neighbours: parts.h feeds it and asks it to compose; bulk_lanes.h has the connections.
#pragma once

#include <cstdint>
#include <span>

#include "core/engine/bulk_lanes.h"
#include "core/engine/committer.h"

namespace sluice {

enum class Size : std::uint8_t { any, small, large };

struct StreamPolicy {
  bool atomic = false;
  bool staged = false;
  std::uint64_t coming = 0;  // messages of a batch that is still being taken in
};

// Lives on the I/O thread; borrows the store and the main session.
class Streams {
 public:
  static constexpr std::size_t kSmall = Plan::kSliceEntries;  // what one bundle may hold
  static constexpr std::size_t kLoad = 2 * kSmall;            // from here on it is worth counting the ports again
  static constexpr std::size_t kSmallSlice = 100;
  static constexpr Millis kUrgentLasts = 50;

  Streams(FlowStore& store, openflow::OpenFlowSession& main, CommitEvents& events, LaneEvents& lanes)
      : store_(store),
        main_(&main),
        urgent_(store, urgent_plan_, events),
        bulk_(store, bulk_plan_, events),
        lanes_(lanes, main) {}

  // Gives every entry in the store's dirty list its place. `any`: by how many there are, or where it was before.
  void take_dirty(Size size, const StreamPolicy& policy);
  // What small changes of these owners wait for is small, too.
  void promote(std::span<const Index> owners);
  void compose(const StreamPolicy& policy, Millis now);

  bool on_error(const Committer::Lane& lane, std::uint32_t xid, const openflow::Error& error, Millis now);
  void on_barrier_reply(const Committer::Lane& lane, std::uint32_t xid, Millis now);
  void on_commit_reply(const Committer::Lane& lane, std::uint32_t xid, Millis now);
  bool lane_lost(const Committer::Lane& lane, Millis now);
  void yield();  // before the switch is read back

  [[nodiscard]] bool idle() const { return urgent_.idle() && bulk_.idle(); }
  [[nodiscard]] bool busy() const { return urgent_.busy() || bulk_.busy(); }
  [[nodiscard]] bool bulk_busy() const { return bulk_.busy(); }
  [[nodiscard]] bool bulk_idle() const { return bulk_.idle(); }
  // A small change is under way, and nothing but small changes: a load keeps both sides busy anyway.
  [[nodiscard]] bool brisk() const { return urgent_.bundles_in_flight() > 0 && !bulk_.busy(); }
  [[nodiscard]] std::size_t bulk_additions() const { return bulk_plan_.additions(); }
  [[nodiscard]] std::size_t bundles_in_flight() const;
  [[nodiscard]] CommitterTotals totals() const;
  [[nodiscard]] BulkLanes& lanes() { return lanes_; }
  [[nodiscard]] const BulkLanes& lanes() const { return lanes_; }
  [[nodiscard]] Millis deadline() const;
  void tick(Millis now);

 private:
  void put(Index entry);
  void sort_out();

  FlowStore& store_;
  openflow::OpenFlowSession* main_;
  Plan urgent_plan_{store_};
  Plan bulk_plan_{store_};
  Committer urgent_;
  Committer bulk_;
  BulkLanes lanes_;
  Millis urgent_at_ = -kUrgentLasts;
  bool loading_ = false;
};

}  // namespace sluice
