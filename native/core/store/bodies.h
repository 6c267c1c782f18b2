// Bodies: what entries are to do, encoded in the arena and counted by reference, so that the desired, sent and
// confirmed body of a settled flow is one block. Neighbours: entries.h (keys), shared_sets.h (cookies of kind
// `shared`).
#pragma once

#include "core/store/arena.h"
#include "core/store/block.h"
#include "core/store/owner_key.h"
#include "core/store/shared_sets.h"

namespace sluice {

// Borrows the arena and the sets. Whoever gets a Handle from make, share or a shared body owns one reference to it.
class Bodies {
 public:
  Bodies(Arena& arena, SharedSets& sets) : arena_(arena), sets_(sets) {}

  [[nodiscard]] Handle make(const BodyView& body);
  // As `like`, but with these payload bytes and a cookie that names `owners` (sorted, two or more).
  [[nodiscard]] Handle make_shared(Handle like, Bytes payload, std::span<const OwnerKey> owners);

  [[nodiscard]] Handle share(Handle body) {
    if (body != 0) ++head_of(body).references;
    return body;
  }
  void drop(Handle& body);  // gives the reference back and sets the handle to 0

  [[nodiscard]] const BodyHead& head(Handle body) const { return *reinterpret_cast<const BodyHead*>(arena_.at(body)); }
  [[nodiscard]] Bytes payload(Handle body) const { return {arena_.at(body) + sizeof(BodyHead), head(body).length}; }

  [[nodiscard]] bool equal(Handle a, Handle b) const;
  [[nodiscard]] bool equal(Handle a, const BodyView& b) const;
  [[nodiscard]] bool equal_but_cookie(Handle a, Handle b) const;

 private:
  [[nodiscard]] BodyHead& head_of(Handle body) { return *reinterpret_cast<BodyHead*>(arena_.at(body)); }

  Arena& arena_;
  SharedSets& sets_;
};

}  // namespace sluice
