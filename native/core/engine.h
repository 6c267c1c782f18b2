// SwitchEngine: keeps one bridge programmed. It owns the flow store (desired, sent, confirmed), plans commits, drives
// the OpenFlow session and reads the switch back after every connect. Neighbours: native/core/io feeds session();
// native/addon calls the methods and implements EngineListener. Invariant: nothing is `confirmed` until the switch said
// so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/session.h"
#include "core/status.h"

namespace sluice {

using OwnerKey = std::uint64_t;  // kind * 2^32 + id: the model object that wants a flow, group or meter

enum class CommitMode : std::uint8_t { automatic, atomic, staged };

struct CommitOptions {
  CommitMode mode = CommitMode::automatic;
  bool full = false;  // the batch is the whole desired set: owners it does not name want nothing
};

// One owner whose change the switch refused; its earlier confirmed flows stay.
struct Quarantine {
  OwnerKey owner = 0;
  std::uint16_t type = 0;
  std::uint16_t code = 0;
  std::string error;               // "OFPBAC_BAD_OUT_PORT"
  std::vector<std::uint8_t> flow;  // the refused message (FLOW_MOD, GROUP_MOD or METER_MOD)
};

struct CommitResult {
  std::uint64_t commit_id = 0;
  std::uint64_t added = 0;
  std::uint64_t modified = 0;
  std::uint64_t deleted = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t messages = 0;  // mods that went out while this commit was under way
  std::uint64_t bundles = 0;
  std::int64_t elapsed_us = 0;
  std::vector<Quarantine> quarantined;
};

struct ResyncReport {
  std::uint64_t flows_read = 0;
  std::uint64_t groups_read = 0;
  std::uint64_t sent = 0;     // differences that are now to be sent
  std::uint64_t foreign = 0;  // of those: deletions of what nobody here wants
  bool whole = true;          // everything was read, not only some tables or the groups
  std::int64_t elapsed_us = 0;
};

// What somebody else changed in the switch since the last report; it is being put right.
struct DriftSample {
  const char* what = "";           // "added" | "modified" | "removed", by them
  OwnerKey owner = 0;              // one that wants the entry; 0: nobody does
  std::vector<std::uint8_t> flow;  // as they left it, or as it was when they removed it
};

struct DriftReport {
  std::uint64_t added = 0;  // flows
  std::uint64_t modified = 0;
  std::uint64_t removed = 0;
  std::uint64_t groups = 0;          // groups and meters, whatever was done to them
  bool by_reading = false;           // found by a read-back: it may have happened any time since the last
  std::vector<DriftSample> samples;  // a few of them

  [[nodiscard]] bool empty() const { return added + modified + removed + groups == 0; }
};

// Several owners want one (table, priority, match) with different actions; see store/resolve.h for the order.
struct Conflict {
  std::vector<OwnerKey> winners;
  std::vector<OwnerKey> losers;
  std::vector<std::uint8_t> flow;  // what is in force, as a FLOW_MOD
};

struct EngineStats {
  std::uint64_t flows = 0;      // desired
  std::uint64_t groups = 0;     // desired
  std::uint64_t meters = 0;     // desired
  std::uint64_t confirmed = 0;  // flows, groups and meters the switch has confirmed
  std::uint64_t unsettled = 0;  // entries whose desired and confirmed differ
  std::uint64_t owners = 0;
  std::uint64_t shared_sets = 0;
  std::uint64_t quarantined = 0;   // owners
  std::uint64_t arena_bytes = 0;   // encoded bytes in use
  std::uint64_t memory_bytes = 0;  // everything the store holds, reserved space included
  std::uint64_t pending_commits = 0;
  std::uint64_t bundles_in_flight = 0;
  std::uint64_t lanes = 0;  // bulk connections that stand
  std::uint64_t ports = 0;  // of the bridge, as counted when the last load began
  std::uint64_t messages_sent = 0;
  std::uint64_t bundles_sent = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t datapath_id = 0;
  const char* state = "down";   // "down" | "connecting" | "up" (never synced) | "resync" | "synced"
  const char* monitor = "off";  // "off" | "arming" | "armed" | "refused"
  std::uint64_t drifted = 0;    // entries that somebody else changed, since the engine was made
  std::uint64_t unmended = 0;   // of those: not put right yet
};

enum class LogLevel : std::uint8_t { debug, info, warn, error };

// How far a long operation is; said a few times a second while it lasts, and once when it is over.
struct Progress {
  enum class Phase : std::uint8_t { read, commit };
  Phase phase = Phase::commit;
  std::uint64_t done = 0;   // flows, groups and meters read or confirmed
  std::uint64_t total = 0;  // as far as is known; at the end equal to done
  std::int64_t elapsed_us = 0;
};

// Called on the I/O thread, from inside engine or session calls. Implementations must not call back into the engine.
class EngineListener {
 public:
  virtual ~EngineListener() = default;
  virtual void on_up(std::uint64_t datapath_id) = 0;
  virtual void on_down(std::string_view reason) = 0;
  virtual void on_resynced(const ResyncReport& report) = 0;
  virtual void on_drift(const DriftReport& report) = 0;
  // Everything reported so far is as it should be, or its owner is in quarantine; so long after the first report.
  virtual void on_mended(std::uint64_t entries, std::int64_t elapsed_us) = 0;
  virtual void on_commit_done(CommitResult result) = 0;
  virtual void on_quarantined(const Quarantine& quarantine) = 0;
  virtual void on_conflict(const Conflict& conflict) = 0;
  virtual void on_progress(const Progress& progress) = 0;
  // Answer to read_switch(): per flow u64 packets, u64 bytes (big endian), then a canonical FLOW_MOD.
  virtual void on_switch_read(std::uint64_t request_id, const Status& status, std::vector<std::uint8_t> flows) = 0;
  virtual void on_log(LogLevel level, std::string_view message, std::string_view detail) = 0;
};

// Lives on the I/O thread; no method may be called from another. The caller owns the listener, which outlives the
// engine.
class SwitchEngine {
 public:
  using MicrosClock = std::function<std::int64_t()>;  // monotonic; used for elapsed times only

  SwitchEngine(EngineListener& listener, MicrosClock clock);
  ~SwitchEngine();
  SwitchEngine(const SwitchEngine&) = delete;
  SwitchEngine& operator=(const SwitchEngine&) = delete;

  // The main connection, which decides whether the switch is there, and the lanes beside it: streams to the same remote
  // that are dialled while they are wanted() and missed by nobody when they cannot be had.
  [[nodiscard]] Session& session();
  [[nodiscard]] std::vector<Session*> lanes();
  // Another one of these: it tells of drift. Wanted from the first on_resynced() on.
  [[nodiscard]] Session& monitor_session();

  // Takes a batch (see batch/batch_reader.h). Malformed: refused whole, the desired state is as before and no
  // on_commit_done follows. Otherwise exactly one on_commit_done(commit_id) follows, perhaps before this returns.
  Status submit(std::uint64_t commit_id, std::vector<std::uint8_t> batch, CommitOptions options, Millis now);

  // Confirmed flows as FLOW_MOD messages back to back.
  [[nodiscard]] std::vector<std::uint8_t> flows(std::optional<OwnerKey> owner, std::optional<std::uint8_t> table) const;

  // Asks the switch; the answer comes through on_switch_read, also when the connection is lost meanwhile.
  // `owner`: only its own flows, not those it shares.
  Status read_switch(std::uint64_t request_id, std::optional<std::uint8_t> table, Millis now,
                     std::optional<OwnerKey> owner = std::nullopt);

  // The owners behind a cookie of kind `shared`; empty when no such set is known.
  [[nodiscard]] std::vector<OwnerKey> owners_of_shared(std::uint32_t id) const;

  void retry_quarantined(Millis now);
  void resync(Millis now);  // read the switch back now instead of at the next connect
  [[nodiscard]] EngineStats stats() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice
