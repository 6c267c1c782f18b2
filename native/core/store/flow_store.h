// FlowStore: desired, sent and confirmed state of one bridge's flows, groups and meters, and who wants them. It decides
// what differs and what a refusal takes back; it sends nothing. Neighbours: batch/ gives owner sets, engine/committer.h
// turns dirty entries into messages and reports what became of them, engine/resync.h reports what the switch really
// holds. Invariants: equal desired and confirmed bodies are the same block; an owner's `prior` bodies are the last set
// of it that was confirmed as a whole; an entry without wants, bodies and queue is freed.
#pragma once

#include <vector>

#include "core/batch/owner_set.h"
#include "core/store/bodies.h"
#include "core/store/difference.h"
#include "core/store/entries.h"
#include "core/store/owners.h"
#include "core/store/references.h"
#include "core/store/resolve.h"

namespace sluice {

enum class Outcome : std::uint8_t { added, modified, deleted };

struct StoreConflict {
  Index entry = 0;
  std::vector<OwnerKey> winners;
  std::vector<OwnerKey> losers;
};

struct StoreCounts {
  std::uint64_t desired[4] = {};  // by EntryKind
  std::uint64_t confirmed = 0;
  std::uint64_t unsettled = 0;
  std::uint32_t in_table[256] = {};  // confirmed flows
};

// Lives on the I/O thread; not synchronised. About 210 bytes a flow with an 80-byte match and 40 bytes of instructions.
class FlowStore {
 public:
  FlowStore() : bodies_(arena_, sets_), entries_(arena_) {}
  FlowStore(const FlowStore&) = delete;
  FlowStore& operator=(const FlowStore&) = delete;

  // --- desired -------------------------------------------------------------------------------------------------------
  // Before a batch of so many messages.
  void expect(std::size_t messages) { entries_.reserve(messages); }
  // Each set becomes its owner's whole set; returns the owners in the same order. The sets come from read_batch. Takes
  // effect on `desired` with the next resolve_touched().
  std::vector<Index> apply(std::span<const OwnerSet> sets, std::uint32_t epoch);
  // Owners that no set of this epoch or a later one named want nothing; returns them.
  std::vector<Index> clear_all_but(std::uint32_t epoch);
  // Computes `desired` of every touched entry; entries that now differ from the switch appear in dirty().
  void resolve_touched();

  // --- what differs --------------------------------------------------------------------------------------------------
  // Entries to be sent, for the planner to take and to empty. An entry is there or in the planner's queues, once.
  [[nodiscard]] std::vector<Index>& dirty() { return dirty_; }
  // Owners for whom nothing is outstanding any more; the engine takes them and calls settle().
  [[nodiscard]] std::vector<Index>& settled() { return settled_; }
  [[nodiscard]] std::vector<StoreConflict>& conflicts() { return conflicts_; }

  // A planner takes an entry out of its queues. False: there is nothing to send, or it was taken from another queue
  // (the entry may be gone).
  [[nodiscard]] bool unqueue(Index entry);
  void requeue(Index entry);
  void set_urgent(Index entry, bool urgent) { entries_[entry].urgent = urgent; }
  // The group or meter that it adds, if it is on its way (or has to go) by the other stream; and the flows that a
  // deletion would take along although they are not this stream's.
  [[nodiscard]] bool depends_on_bulk(Index entry) const;

  // --- sent → confirmed ----------------------------------------------------------------------------------------------
  void mark_sent(Index entry);
  Outcome confirm(Index entry);
  // The attempt came to nothing. True: still to be sent; the caller queues it (it is not in dirty()).
  [[nodiscard]] bool mark_unsent(Index entry);
  // Takes over the owner's set as confirmed if nothing of it is outstanding; the record may be gone afterwards.
  void settle(Index owner);

  // --- refusal -------------------------------------------------------------------------------------------------------
  // The owners whose change an entry's refusal concerns: those that changed it, or all that want it.
  [[nodiscard]] std::vector<Index> blame(Index entry) const;
  // Withdraws the owner's whole unconfirmed change. The entry (0: none) is withdrawn even if it was so before.
  void revert(Index owner, Index refused);
  // A deletion that the switch refuses and nobody can be blamed for: believed gone until the next dump.
  void forget(Index entry);

  // --- what the switch holds -----------------------------------------------------------------------------------------
  // `sink` hears of differences until end_dump(); none: what is believed is not worth a comparison.
  void begin_dump(const ReadScope& scope, DifferenceSink* sink);
  void observe(const KeyView& key, const BodyView& body);
  // Returns how many entries are there that nobody wants.
  std::uint64_t end_dump();

  // --- what somebody else may have changed (engine/suspects.h) -------------------------------------------------------
  [[nodiscard]] Index find(const KeyView& key) const { return entries_.find(key); }
  Index suspect(const KeyView& key);  // the entry stays until acquit()
  void acquit(Index entry);
  void mark_asked(Index entry) { entries_[entry].asked = true; }
  void mark_drifted(Index entry, bool drifted) { entries_[entry].drifted = drifted; }
  // The switch holds this for the entry, or nothing; what differs from what is desired becomes dirty. A stranger's flow
  // that times out is left alone.
  void correct(Index entry, const BodyView* body, DifferenceSink& sink);
  // Same cookie, timeouts and payload: all that a flow update tells.
  [[nodiscard]] bool alike(Handle body, const BodyView& told) const;

  // --- reading -------------------------------------------------------------------------------------------------------
  [[nodiscard]] const Entries& entries() const { return entries_; }
  [[nodiscard]] const Bodies& bodies() const { return bodies_; }
  [[nodiscard]] Owners& owners() { return owners_; }
  [[nodiscard]] const Owners& owners() const { return owners_; }
  [[nodiscard]] const SharedSets& sets() const { return sets_; }
  [[nodiscard]] const StoreCounts& counts() const { return counts_; }
  template <typename Visit>  // visit(const Want&), in no particular order
  void each_want(Index owner, Visit visit) const {
    for (Index w = owners_[owner].first_want; w != 0; w = wants_[w].next_of_owner) visit(wants_[w]);
  }
  // An owner whose commit may count a change of the entry; 0 when nobody wants or wanted it.
  [[nodiscard]] Index changer(Index entry) const;
  // One that wants the entry; 0: nobody does.
  [[nodiscard]] OwnerKey wanting_owner(Index entry) const;
  [[nodiscard]] std::size_t used_bytes() const { return arena_.used(); }
  [[nodiscard]] std::size_t reserved_bytes() const;

 private:
  struct Parsed;
  [[nodiscard]] static bool parse_next(Bytes& messages, Parsed& out);
  [[nodiscard]] Index begin_set(OwnerKey owner, std::uint32_t epoch);
  void end_set(Index owner);
  void wish(Index owner, Index entry, const BodyView& body);
  void wish_twice(Want& want, const BodyView& body);
  void set_body(Want& want, Handle body);  // takes over the caller's reference
  void touch(Index entry);
  void resolve_entry(Index entry);
  [[nodiscard]] Handle decide(Index entry);
  void set_desired(Index entry, Handle body);    // takes over the caller's reference
  void set_confirmed(Index entry, Handle body);  // takes over the caller's reference
  void unify(Entry& entry);
  void refresh(Index entry);
  void free_if_unused(Index entry);
  void drop_dependents(EntryKind kind, std::uint32_t id, DifferenceSink* sink);
  // Takes over the caller's reference, and tells.
  void learn(Index entry, Handle body, DifferenceSink* sink);

  [[nodiscard]] Index find_want(Index entry, Index owner) const;
  [[nodiscard]] Index add_want(Index entry, Index owner);
  void unlink_from_entry(Index want);
  void report_owner(Index owner);
  template <typename Dead>  // dead(Want&): whether to remove it
  void sweep_wants(Index owner, Dead dead);

  Arena arena_;
  SharedSets sets_;
  Bodies bodies_;
  Entries entries_;
  Owners owners_;
  References references_;
  Pool<Want> wants_;
  std::vector<Index> touched_;
  std::vector<Index> dirty_;
  std::vector<Index> settled_;
  std::vector<StoreConflict> conflicts_;
  StoreCounts counts_;
  ReadScope scope_;  // of the dump under way
  DifferenceSink* sink_ = nullptr;
};

}  // namespace sluice
