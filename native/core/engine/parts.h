// SwitchEngine::Parts: the wiring between session, store, streams, resync and ledger, and the few decisions that are
// nobody's else: when to send, when to read back, whom to quarantine. parts.cpp is about the connections and what comes
// over them, parts_batches.cpp about what is wanted.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "core/batch/batch_reader.h"
#include "core/engine.h"
#include "core/engine/drift.h"
#include "core/engine/ingest.h"
#include "core/engine/ledger.h"
#include "core/engine/progress.h"
#include "core/engine/quarantine.h"
#include "core/engine/resync.h"
#include "core/engine/streams.h"
#include "core/engine/switch_reads.h"
#include "core/openflow/session.h"
#include "core/store/flow_store.h"

namespace sluice {

// Lives on the I/O thread. Order of members is order of construction: each borrows from those above it.
struct SwitchEngine::Parts final : openflow::MessageSink, LaneEvents, CommitEvents, DriftEvents {
  Parts(EngineListener& events, MicrosClock clock);

  // A batch that waits because an atomic commit must not be mixed with what is under way. What need not wait is merged
  // into the store at once, which holds each owner's latest set only; so this is all that could grow without end.
  struct Waiting {
    std::uint64_t commit_id = 0;
    std::vector<std::uint8_t> batch;
    CommitOptions options;
  };
  static constexpr std::size_t kMostWaitingBytes = std::size_t{256} << 20;  // but one batch of any size may wait

  // openflow::MessageSink
  void on_session_up(const openflow::Features& features, Millis now) override;
  void on_message(const openflow::Header& header, Bytes message, Millis now) override;
  void on_session_down(std::string_view reason, Millis now) override;
  void on_writable(Millis now) override { pump(now); }
  void on_tick(Millis now) override;
  [[nodiscard]] Millis sink_deadline() const override;
  [[nodiscard]] bool sink_brisk() const override { return streams.brisk(); }

  // LaneEvents
  void on_lane_up(Millis now) override { pump(now); }
  void on_lane_message(openflow::OpenFlowSession& lane, const openflow::Header& header, Bytes message,
                       Millis now) override;
  void on_lane_down(openflow::OpenFlowSession& lane, std::string_view reason, Millis now) override;
  void on_lane_writable(Millis now) override { pump(now); }

  // CommitEvents
  void on_confirmed(Index entry) override;
  [[nodiscard]] bool on_refused(Index entry, const openflow::Error& error) override;
  void on_trouble(std::string_view message, std::string_view detail) override;

  // DriftEvents
  void on_drift(const DriftReport& report) override { listener.on_drift(report); }
  void on_mended(std::uint64_t entries, std::int64_t us) override { listener.on_mended(entries, us); }
  void on_drift_trouble(std::string_view message, std::string_view detail) override { on_trouble(message, detail); }
  void go_on(Millis now) override { pump(now); }

  void accept(std::uint64_t commit_id, std::vector<std::uint8_t> batch, std::vector<OwnerSet> sets,
              CommitOptions options);
  [[nodiscard]] Status wait(Waiting next);
  // A small batch while a large one is being taken in.
  void accept_beside(std::uint64_t commit_id, std::vector<OwnerSet> sets);
  void take_in(std::span<const OwnerSet> sets);
  void finish_ingest();
  // False: the set is known to be refused and not tried.
  [[nodiscard]] bool accept_set(Ledger::Commit commit, const OwnerSet& set);
  void clear_others(Ledger::Commit commit);
  void retry_quarantined();
  // Everything that may go on now: resync, plan, output, finished commits. Safe to call at any time.
  void pump(Millis now);
  void compose(Millis now);
  // True: the switch is being read back, or about to be.
  [[nodiscard]] bool read_back(Millis now);
  void watch_drift(Millis now);
  void finish_settled();
  void report_progress();
  void report_done();
  void report_conflicts();
  void lift_quarantine(OwnerKey owner);
  void on_bundle_control(const openflow::OpenFlowSession& lane, std::uint32_t xid, Bytes message, Millis now);
  void on_error(std::uint32_t xid, Bytes message, Millis now);
  void on_part(std::uint32_t xid, Bytes message, Millis now);
  void on_read_done(std::optional<SwitchReads::Done> done);

  // Whether the store's `confirmed` may be believed. Before the first full commit nobody said what else should be
  // there, so there is nothing to read back for.
  [[nodiscard]] bool may_send() const { return session.up() && (!full_given || synced); }
  // Whether a batch has to wait for its turn.
  [[nodiscard]] bool must_wait(const CommitOptions& options) const;
  // Whether it may go in although a large one is being taken in.
  [[nodiscard]] bool may_pass(const CommitOptions& options, std::span<const OwnerSet> sets) const;
  [[nodiscard]] StreamPolicy policy() const;
  // How much of a batch that is being taken in should wait to be sent.
  [[nodiscard]] std::size_t feed() const;
  [[nodiscard]] Ledger::Totals totals() const;

  EngineListener& listener;
  MicrosClock clock;
  openflow::OpenFlowSession session{*this};
  FlowStore store;
  Streams streams{store, session, *this, *this};
  Resync resync{store, session};
  Drift drift{store, *this};
  SwitchReads reads{session};
  Ledger ledger;
  Ingest ingest;
  Quarantines quarantines;
  ProgressMeter meter;
  std::deque<Waiting> waiting;
  std::size_t waiting_bytes = 0;
  std::uint32_t epoch = 0;
  bool full_given = false;
  bool synced = false;  // a resync has succeeded on this connection
  bool resync_wanted = false;
  ReadScope drift_scope;  // what drift wants read
  std::uint64_t resyncs = 0;
  std::uint64_t datapath_id = 0;
};

}  // namespace sluice
