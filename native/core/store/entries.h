// Entries: what the switch has or should have: a flow, group or meter each, found by its canonical key. An entry
// carries the three words of the engine (desired, sent, confirmed), each a body or 0 for "not there".
#pragma once

#include "core/store/arena.h"
#include "core/store/block.h"
#include "core/store/hash_index.h"
#include "core/store/pool.h"

namespace sluice {

struct Entry {
  Handle key = 0;  // 0: the record is free
  Handle desired = 0;
  Handle sent = 0;  // meaningful while in_flight; 0 then means a deletion is under way
  Handle confirmed = 0;
  Index first_want = 0;
  bool touched : 1 = false;    // its wants changed; desired is to be computed again
  bool unsettled : 1 = false;  // desired is not confirmed
  bool queued : 1 = false;     // in the planner's queues
  bool in_flight : 1 = false;
  bool seen : 1 = false;  // by the dump under way
  bool conflict : 1 = false;
  bool urgent : 1 = false;   // which of the two streams it goes by (engine/streams.h)
  bool suspect : 1 = false;  // somebody else may have changed it (engine/suspects.h); keeps the record alive
  bool asked : 1 = false;    // nothing has been sent for it since the switch was asked to say all it has to say
  bool drifted : 1 = false;  // somebody else has changed it, and it is not mended yet
};

// Borrows the arena, owns the records and the keys' blocks. Lives with the store.
class Entries {
 public:
  explicit Entries(Arena& arena) : arena_(arena) {}

  [[nodiscard]] static std::uint64_t hash(const KeyView& key);
  void prefetch(std::uint64_t hash) const { index_.prefetch(hash); }
  [[nodiscard]] Index find(const KeyView& key) const { return find(key, hash(key)); }
  [[nodiscard]] Index find_or_create(const KeyView& key) { return find_or_create(key, hash(key)); }
  [[nodiscard]] Index find_or_create(const KeyView& key, std::uint64_t hash);
  // Room for so many entries in all: a bulk load need not grow the index step by step.
  void reserve(std::size_t entries) { index_.reserve(entries); }
  void free(Index entry);  // all handles but the key must be 0

  [[nodiscard]] Entry& operator[](Index entry) { return records_[entry]; }
  [[nodiscard]] const Entry& operator[](Index entry) const { return records_[entry]; }
  [[nodiscard]] Index end() const { return records_.end(); }

  [[nodiscard]] const KeyHead& key(Index entry) const {
    return *reinterpret_cast<const KeyHead*>(arena_.at(records_[entry].key));
  }
  [[nodiscard]] Bytes key_tail(Index entry) const {
    return {arena_.at(records_[entry].key) + sizeof(KeyHead), key(entry).length};
  }
  [[nodiscard]] std::uint32_t id(Index entry) const;  // of a group or meter

  [[nodiscard]] std::size_t reserved() const { return records_.reserved() + index_.reserved(); }

 private:
  [[nodiscard]] Index find(const KeyView& key, std::uint64_t hash) const;

  Arena& arena_;
  Pool<Entry> records_;
  HashIndex index_;
};

}  // namespace sluice
