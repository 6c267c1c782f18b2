// What a dump covers, and who hears where the switch turns out to be other than was believed.
// Neighbours: flow_store.h reports, engine/resync.h reads, engine/drift.h makes a report of it.
#pragma once

#include <bitset>
#include <cstdint>

#include "core/store/arena.h"
#include "core/store/pool.h"

namespace sluice {

// Flows of some tables, or groups and meters, or all of it. What it does not cover keeps what is believed of it.
struct ReadScope {
  std::bitset<256> tables;
  bool groups = false;

  [[nodiscard]] static ReadScope everything() {
    ReadScope scope;
    scope.tables.set();
    scope.groups = true;
    return scope;
  }
  [[nodiscard]] bool any() const { return groups || tables.any(); }
  void add(const ReadScope& other) {
    tables |= other.tables;
    groups = groups || other.groups;
  }
};

class DifferenceSink {
 public:
  virtual ~DifferenceSink() = default;
  // `was`: what was believed to be there; `is`: what is there; 0 stands for nothing. Called before the store believes
  // it.
  virtual void on_difference(Index entry, Handle was, Handle is) = 0;
  // A flow of somebody else that times out by itself: the table holds more than the store knows of.
  virtual void on_left_alone(std::uint8_t table) = 0;
};

}  // namespace sluice
