// EngineHost: the half of an EngineObject that lives on the I/O thread: the engine, its connection, and the listener
// that turns what the engine says into deliveries for JavaScript.
// Neighbours: core/engine.h, core/io/connection.h; engine_object.h is the other half.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "addon/dial_reporter.h"
#include "addon/outbox.h"
#include "addon/promise_desk.h"
#include "core/engine.h"
#include "core/io/connection.h"
#include "core/io/loop.h"

namespace sluice::addon {

// Made on the JavaScript thread, used and destroyed on the I/O thread. `desk` is touched by deliveries only, which run
// on the JavaScript thread; loop, outbox and desk outlive the host.
class EngineHost final : public EngineListener {
 public:
  EngineHost(io::Loop& loop, Outbox& outbox, PromiseDesk& desk);

  void connect(const io::Remote& remote);
  void commit(Ticket ticket, std::vector<std::uint8_t> batch, CommitOptions options);
  void flows(Ticket ticket, std::optional<OwnerKey> owner, std::optional<std::uint8_t> table);
  void read_switch(Ticket ticket, std::optional<OwnerKey> owner, std::optional<std::uint8_t> table);
  void owners(Ticket ticket, std::uint32_t shared_id);
  void stats(Ticket ticket);
  void resync() { engine_.resync(loop_.now()); }
  void retry_quarantined() { engine_.retry_quarantined(loop_.now()); }

  void on_up(std::uint64_t datapath_id) override;
  void on_down(std::string_view reason) override;
  void on_resynced(const ResyncReport& report) override;
  void on_drift(const DriftReport& report) override;
  void on_mended(std::uint64_t entries, std::int64_t elapsed_us) override;
  void on_commit_done(CommitResult result) override;
  void on_quarantined(const Quarantine& quarantine) override;
  void on_conflict(const Conflict& conflict) override;
  void on_progress(const Progress& progress) override;
  void on_switch_read(std::uint64_t request_id, const Status& status, std::vector<std::uint8_t> flows) override;
  void on_log(LogLevel level, std::string_view message, std::string_view detail) override;

 private:
  void down(std::string_view reason);
  void refuse(Ticket ticket, const Status& status);

  io::Loop& loop_;
  Outbox& outbox_;
  PromiseDesk& desk_;
  SwitchEngine engine_;
  DialReporter dial_reporter_;
  std::vector<std::unique_ptr<io::Connection>>
      connections_;  // last: they use the engine's sessions; the main one first
};

}  // namespace sluice::addon
