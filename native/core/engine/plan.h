// Plan: what is to be sent, in the one order that never breaks a packet half-way: make before break.
// Neighbours: the store's dirty entries come in, the committer takes slices out. A plan is lazy: an entry's place is
// decided again when it is taken, because what is desired may have changed since.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/store/flow_store.h"

namespace sluice {

// The dependency order, in this list only: what is referred to comes before what refers to it, and goes after it.
enum class Stage : std::uint8_t { meters_add, groups_add, flows_add, flows_delete, groups_delete, meters_delete };
inline constexpr std::size_t kStages = 6;

// Open vSwitch refuses METER_MOD inside bundles.
[[nodiscard]] constexpr bool is_meters(Stage s) { return s == Stage::meters_add || s == Stage::meters_delete; }

struct Slice {
  Stage stage = Stage::flows_add;  // of the first entry
  bool whole = false;              // everything there was, in one piece
  std::uint8_t first_step = 0;     // the steps of the stage that its entries come from
  std::uint8_t last_step = 0;
  std::vector<Index> entries;  // in stage order; already unqueued
};

// Lives on the I/O thread; borrows the store.
class Plan {
 public:
  static constexpr std::size_t kSliceEntries = 1000;  // a bundle of 1,000 stalls the switch for 4 ms at most
  static constexpr std::size_t kSliceBytes = std::size_t{256} << 10;

  explicit Plan(FlowStore& store) : store_(store) {}

  // The entry is marked as queued already.
  void put(Index entry);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t additions() const;  // of these
  [[nodiscard]] std::size_t size(Stage stage) const { return queues_[static_cast<std::size_t>(stage)].size; }

  struct Front {
    Stage stage = Stage::flows_add;
    std::uint8_t step = 0;
    std::size_t entries = 0;  // in this step
  };
  // Where the next slice would begin; nothing when the plan is empty.
  [[nodiscard]] std::optional<Front> front();
  struct Limits {
    std::size_t entries = kSliceEntries;
    bool one_step = false;
  };
  // Up to a slice of the first stage. May come out empty when what was queued has settled meanwhile.
  [[nodiscard]] Slice take_slice(const Limits& limits);
  // All stages but the meters' in one slice; call only when no meters are due before.
  [[nodiscard]] Slice take_whole();

 private:
  // Steps: flows go in by table, the last table first, so that no flow leads into a table that is not ready, and out
  // the other way round. Groups and meters have one step.
  struct Queue {
    std::array<std::vector<Index>, 256> steps;
    std::array<std::size_t, 256> head{};
    std::size_t first = 0;  // no step before it has anything
    std::size_t size = 0;
  };

  [[nodiscard]] static std::size_t seek(Queue& queue);  // the first step that has something; the queue is not empty
  [[nodiscard]] Index pop(Stage stage);                 // 0: empty
  void take_from(Stage stage, Slice& slice, const Limits& limits);

  FlowStore& store_;
  std::array<Queue, kStages> queues_;
  std::size_t size_ = 0;
};

[[nodiscard]] Stage stage_of(const FlowStore& store, Index entry);

}  // namespace sluice
