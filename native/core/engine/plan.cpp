#include "core/engine/plan.h"

#include <algorithm>

#include "core/engine/compose.h"

namespace sluice {

Stage stage_of(const FlowStore& store, Index entry) {
  const bool adds = store.entries()[entry].desired != 0;
  switch (store.entries().key(entry).kind) {
    case EntryKind::meter:
      return adds ? Stage::meters_add : Stage::meters_delete;
    case EntryKind::group:
      return adds ? Stage::groups_add : Stage::groups_delete;
    case EntryKind::flow:
      break;
  }
  return adds ? Stage::flows_add : Stage::flows_delete;
}

void Plan::take_dirty() {
  for (const Index entry : store_.dirty()) push(entry);
  clear_bulk(store_.dirty());
}

void Plan::push(Index entry) {
  const Stage stage = stage_of(store_, entry);
  const std::uint8_t table = store_.entries().key(entry).table;
  Queue& queue = queues_[static_cast<std::size_t>(stage)];
  const std::size_t lane = stage == Stage::flows_add ? 255u - table : table;
  queue.lanes[lane].push_back(entry);
  queue.first = std::min(queue.first, lane);
  ++queue.size;
  ++size_;
}

Index Plan::pop(Stage stage) {
  Queue& queue = queues_[static_cast<std::size_t>(stage)];
  if (queue.size == 0) return 0;
  std::size_t& lane = queue.first;
  while (queue.head[lane] == queue.lanes[lane].size()) ++lane;
  const Index entry = queue.lanes[lane][queue.head[lane]++];
  if (queue.head[lane] == queue.lanes[lane].size()) {
    clear_bulk(queue.lanes[lane]);
    queue.head[lane] = 0;
  }
  --queue.size;
  --size_;
  return entry;
}

std::size_t Plan::additions() const {
  return queues_[static_cast<std::size_t>(Stage::meters_add)].size +
         queues_[static_cast<std::size_t>(Stage::groups_add)].size +
         queues_[static_cast<std::size_t>(Stage::flows_add)].size;
}

std::optional<Stage> Plan::first_stage() const {
  for (std::size_t s = 0; s < kStages; ++s) {
    if (queues_[s].size != 0) return static_cast<Stage>(s);
  }
  return std::nullopt;
}

void Plan::take_from(Stage stage, Slice& slice, std::size_t entries, std::size_t bytes) {
  // Counted down from what is there now: an entry that changed its stage goes back to a queue, perhaps to this one.
  for (std::size_t left = queues_[static_cast<std::size_t>(stage)].size; left > 0; --left) {
    if (slice.entries.size() >= entries || bytes == 0) return;
    const Index entry = pop(stage);
    if (!store_.unqueue(entry)) continue;
    if (stage_of(store_, entry) != stage) {
      store_.requeue(entry);
      push(entry);
      continue;
    }
    const std::size_t size = mod_size(store_, entry, store_.entries()[entry].desired);
    bytes -= size < bytes ? size : bytes;
    slice.entries.push_back(entry);
  }
}

Slice Plan::take_slice() {
  Slice slice;
  const auto stage = first_stage();
  if (!stage) return slice;
  slice.stage = *stage;
  slice.entries.reserve(kSliceEntries);
  take_from(*stage, slice, kSliceEntries, kSliceBytes);
  return slice;
}

Slice Plan::take_whole() {
  Slice slice;
  slice.whole = true;
  slice.stage = Stage::groups_add;
  bool in_order = true;
  for (const Stage s : {Stage::groups_add, Stage::flows_add, Stage::flows_delete, Stage::groups_delete}) {
    while (const Index entry = pop(s)) {
      if (!store_.unqueue(entry)) continue;
      in_order = in_order && stage_of(store_, entry) == s;
      slice.entries.push_back(entry);
    }
  }
  if (!in_order) std::ranges::stable_sort(slice.entries, {}, [&](Index e) { return stage_of(store_, e); });
  return slice;
}

}  // namespace sluice
