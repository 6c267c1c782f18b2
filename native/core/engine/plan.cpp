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

void Plan::put(Index entry) {
  const Stage stage = stage_of(store_, entry);
  const std::uint8_t table = store_.entries().key(entry).table;
  Queue& queue = queues_[static_cast<std::size_t>(stage)];
  const std::size_t step = stage == Stage::flows_add ? 255u - table : table;
  queue.steps[step].push_back(entry);
  queue.first = std::min(queue.first, step);
  ++queue.size;
  ++size_;
}

std::size_t Plan::seek(Queue& queue) {
  while (queue.head[queue.first] == queue.steps[queue.first].size()) ++queue.first;
  return queue.first;
}

Index Plan::pop(Stage stage) {
  Queue& queue = queues_[static_cast<std::size_t>(stage)];
  if (queue.size == 0) return 0;
  const std::size_t step = seek(queue);
  const Index entry = queue.steps[step][queue.head[step]++];
  if (queue.head[step] == queue.steps[step].size()) {
    clear_bulk(queue.steps[step]);
    queue.head[step] = 0;
  }
  --queue.size;
  --size_;
  return entry;
}

std::size_t Plan::additions() const {
  return size(Stage::meters_add) + size(Stage::groups_add) + size(Stage::flows_add);
}

std::optional<Plan::Front> Plan::front() {
  for (std::size_t s = 0; s < kStages; ++s) {
    Queue& queue = queues_[s];
    if (queue.size == 0) continue;
    const std::size_t step = seek(queue);
    return Front{static_cast<Stage>(s), static_cast<std::uint8_t>(step), queue.steps[step].size() - queue.head[step]};
  }
  return std::nullopt;
}

void Plan::take_from(Stage stage, Slice& slice, const Limits& limits) {
  Queue& queue = queues_[static_cast<std::size_t>(stage)];
  std::size_t bytes = kSliceBytes;
  // Counted down from what is there now: an entry that changed its stage goes back to a queue, perhaps to this one.
  for (std::size_t left = queue.size; left > 0; --left) {
    if (slice.entries.size() >= limits.entries || bytes == 0) return;
    const std::size_t step = seek(queue);
    if (!slice.entries.empty() && limits.one_step && step != slice.first_step) return;
    const Index entry = pop(stage);
    if (!store_.unqueue(entry)) continue;
    if (stage_of(store_, entry) != stage) {
      store_.requeue(entry);
      put(entry);
      continue;
    }
    if (slice.entries.empty()) slice.first_step = static_cast<std::uint8_t>(step);
    slice.last_step = static_cast<std::uint8_t>(step);
    const std::size_t size = mod_size(store_, entry, store_.entries()[entry].desired);
    bytes -= size < bytes ? size : bytes;
    slice.entries.push_back(entry);
  }
}

Slice Plan::take_slice(const Limits& limits) {
  Slice slice;
  const auto at = front();
  if (!at) return slice;
  slice.stage = at->stage;
  slice.entries.reserve(limits.entries);
  take_from(at->stage, slice, limits);
  return slice;
}

Slice Plan::take_whole() {
  Slice slice;
  slice.whole = true;
  bool in_order = true;
  for (const Stage s : {Stage::groups_add, Stage::flows_add, Stage::flows_delete, Stage::groups_delete}) {
    while (const Index entry = pop(s)) {
      if (!store_.unqueue(entry)) continue;
      in_order = in_order && stage_of(store_, entry) == s;
      slice.entries.push_back(entry);
    }
  }
  if (!in_order) std::ranges::stable_sort(slice.entries, {}, [&](Index e) { return stage_of(store_, e); });
  if (!slice.entries.empty()) slice.stage = stage_of(store_, slice.entries.front());
  return slice;
}

}  // namespace sluice
