// Committer: gets a plan into the switch, by bundles that are safe although Open vSwitch's are not:
//
//   OPEN, ADD…, BARRIER in one write → any error? DISCARD, name the owners, again without them → COMMIT → COMMIT_REPLY
//
// because a message that fails at ADD is merely left out and COMMIT then succeeds with the rest, and a bundle that
// idled out is silently begun anew by the next ADD. An error at COMMIT undoes the whole bundle; the culprit is named by
// the xid of its ADD, or found by halving. Whatever happens to a bundle itself (expired, unknown id) leads to a new
// bundle under a new id. Lost connection: unknown outcome; the engine reads the switch back.
//
// Over several lanes the switch keeps no order. Bundles of one step of the plan (one table) need none; one of a later
// step is sent ahead, so that no lane stands idle at the end of a step, but its COMMIT is held until all that it builds
// on is confirmed. Order inside a match needs nothing: an entry has one message under way at most.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "core/engine/plan.h"
#include "core/openflow/error.h"
#include "core/openflow/session.h"

namespace sluice {

class CommitEvents {
 public:
  virtual ~CommitEvents() = default;
  virtual void on_confirmed(Index entry) = 0;  // just before the store is told
  // The switch refuses what was sent for this entry. The receiver withdraws the owners' changes from the store;
  // false: there is nobody to withdraw anything from.
  [[nodiscard]] virtual bool on_refused(Index entry, const openflow::Error& error) = 0;
  virtual void on_trouble(std::string_view message, std::string_view detail) = 0;
};

struct CommitPolicy {
  bool atomic = false;      // one bundle if it can be
  bool staged = false;      // never more than a slice at once
  bool adds_only = false;   // there is more to come before anything may be deleted
  bool hold_flows = false;  // what they refer to is on its way by somebody else
  std::size_t slice = Plan::kSliceEntries;
  std::size_t under_way = 3 * Plan::kSliceEntries;  // messages on one lane
};

struct CommitterTotals {
  std::uint64_t messages = 0;
  std::uint64_t bundles = 0;
};

// Lives on the I/O thread; borrows store, plan and the lanes' sessions, which outlive it.
class Committer {
 public:
  using Lane = openflow::OpenFlowSession;
  static constexpr std::size_t kMostBundles = 16;      // under way on one lane
  static constexpr std::ptrdiff_t kCommits = 4;        // of them, to be answered next
  static constexpr std::size_t kAtomicEntries = 5000;  // ≤ 10 ms of the switch's main thread
  static constexpr Millis kPatience = 60'000;          // for one answer, while echoes still come

  Committer(FlowStore& store, Plan& plan, CommitEvents& events) : store_(store), plan_(plan), events_(events) {}

  // Sends what may be sent now over these lanes. Nothing is composed for one whose output is above the low-water mark.
  void compose(const CommitPolicy& policy, std::span<Lane* const> lanes, Millis now);

  // True when the message was the answer to something of ours on that lane.
  bool on_error(const Lane& lane, std::uint32_t xid, const openflow::Error& error, Millis now);
  bool on_barrier_reply(const Lane& lane, std::uint32_t xid, Millis now);
  bool on_commit_reply(const Lane& lane, std::uint32_t xid, Millis now);

  // Nothing is known about what was under way there; it is in the plan again. True when there was something.
  bool lane_lost(const Lane& lane, Millis now);
  // The same for what waits to be tried again: the switch is about to be read back.
  void yield();
  [[nodiscard]] bool idle() const { return in_flight_.empty() && retries_.empty(); }
  [[nodiscard]] bool busy() const { return !idle() || plan_.size() > 0; }
  // Something that flows may refer to is to be added.
  [[nodiscard]] bool adds_referents() const;
  [[nodiscard]] std::size_t bundles_in_flight() const { return in_flight_.size(); }
  [[nodiscard]] Millis deadline() const;
  void tick(Millis now);
  [[nodiscard]] const CommitterTotals& totals() const { return totals_; }

 private:
  struct Refusal {
    std::size_t position = 0;
    openflow::Error error;
  };
  // A bundle, or (for meters) the same sequence without one. Its xids are a run: OPEN, each message, BARRIER.
  struct Transaction {
    Slice slice;
    Lane* lane = nullptr;
    std::uint32_t bundle_id = 0;  // 0: not a bundle
    std::uint32_t first_xid = 0;
    std::uint32_t commit_xid = 0;  // 0: not sent yet
    unsigned attempt = 0;          // how often this slice has failed before
    bool ready = false;            // the switch has taken in all of it
    bool held = false;             // its COMMIT had to wait for others
    bool withdrawn = false;        // what it builds on has failed
    bool lost = false;             // the switch no longer has this bundle as we made it
    openflow::Error why_lost;
    std::vector<Refusal> refusals;
    Millis since = 0;

    [[nodiscard]] std::uint32_t barrier_xid() const {
      return first_xid + static_cast<std::uint32_t>(slice.entries.size()) + 1;
    }
    // The next move is not the switch's.
    [[nodiscard]] bool ours() const { return ready && commit_xid == 0; }
  };
  struct Load {
    const Lane* lane = nullptr;
    std::size_t bundles = 0;
    std::size_t entries = 0;
  };
  struct Retry {
    Slice slice;
    unsigned attempt = 0;
  };
  using Position = std::deque<Transaction>::iterator;

  [[nodiscard]] bool may_start(Stage stage) const;
  [[nodiscard]] bool has_room(Lane& lane, std::size_t most);
  [[nodiscard]] Load& load_of(const Lane& lane);
  Transaction take(Position t);
  [[nodiscard]] Lane* free_lane(std::span<Lane* const> lanes, std::size_t most);
  [[nodiscard]] Lane* lane_for(const Plan::Front& at, std::size_t most, std::span<Lane* const> lanes);
  [[nodiscard]] Lane* next(const CommitPolicy& policy, std::span<Lane* const> lanes, Retry& work);
  void next_retry(Retry& work);
  void send(Lane& lane, Retry work, Millis now);
  void send_message(const Transaction& t, std::size_t position);
  static void lose(Transaction& t, const openflow::Error& error);
  void release(Millis now);
  [[nodiscard]] bool may_end(Position t);
  [[nodiscard]] static bool is_built_on(const Transaction& earlier, const Transaction& later);
  void withdraw_dependents(Position failed);
  void put_back(Position t);
  void succeed(Position t);
  void fail(Position t, bool at_commit);
  void again(Slice slice, unsigned attempt, bool halve);
  void progress(const Lane& lane, Millis now);

  FlowStore& store_;
  Plan& plan_;
  CommitEvents& events_;
  std::deque<Transaction> in_flight_;
  std::deque<Retry> retries_;
  std::vector<Load> loads_;
  CommitterTotals totals_;
};

}  // namespace sluice
