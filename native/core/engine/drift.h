// Drift: what somebody else changed in the switch, found and put right. While the monitor is armed every change is told
// within milliseconds; what is not ours goes into the store as the truth, and the plan mends it like any other
// difference. Where telling is not to be had, or was interrupted, the switch is read back.
// Neighbours: monitor.h (the connection), suspects.h (whose change it was), parts.h asks pump() what to do.
// Our own large commits would cost the switch an event a flow, so the monitor is cancelled before them. When it is
// armed again nobody told of the time between: the flows of each table are counted, and a wrong count has its table
// read.
#pragma once

#include <bitset>
#include <vector>

#include "core/engine.h"
#include "core/engine/monitor.h"
#include "core/engine/suspects.h"

namespace sluice {

class DriftEvents {
 public:
  virtual ~DriftEvents() = default;
  virtual void on_drift(const DriftReport& report) = 0;
  virtual void on_mended(std::uint64_t entries, std::int64_t elapsed_us) = 0;
  virtual void on_drift_trouble(std::string_view message, std::string_view detail) = 0;
  virtual void go_on(Millis now) = 0;  // something may be sent or read now
};

// Lives on the I/O thread; borrows the store.
class Drift final : public MonitorEvents, public DifferenceSink {
 public:
  static constexpr std::uint64_t kMostArmed = 2'000;  // entries to be sent; 5,000 make the switch pause the monitor
  static constexpr std::uint64_t kCalm = 500;         // entries to be sent with which it is worth being armed again
  static constexpr std::size_t kSamples = 8;
  static constexpr Millis kReadEvery = 600'000;      // belt and braces
  static constexpr Millis kReadEveryBlind = 10'000;  // when nothing is told
  static constexpr Millis kMostHeld = 1'000;         // for counting
  static constexpr Millis kMostLeaving = 50;
  static constexpr Millis kMostPaused = 10'000;
  static constexpr Millis kSlowest = 500;  // between two rounds when somebody changes the same thing again and again

  Drift(FlowStore& store, DriftEvents& events) : store_(store), events_(events) {}

  struct Surroundings {
    bool synced = false;        // what the store believes may be believed
    bool idle = false;          // nothing is under way
    std::uint64_t backlog = 0;  // entries that are to be sent or under way
    std::int64_t now_us = 0;
  };
  void pump(const Surroundings& engine, Millis now);
  // Nothing is to be sent while the flows are being counted, or when a group may be missing that a flow needs.
  [[nodiscard]] bool holds() const { return phase_ == Phase::counting || wanted_.groups; }

  // What is to be read back now, if anything; it counts as taken.
  [[nodiscard]] ReadScope take_wanted(Millis now);
  void reading(const ReadScope& scope, Millis now);  // begins
  void read(Millis now);                             // and is done
  void engine_lost();                                // the engine's own connection is gone

  [[nodiscard]] Monitor& monitor() { return monitor_; }
  [[nodiscard]] const char* state() const;
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t open() const { return open_.size(); }
  [[nodiscard]] Millis deadline() const;

  // DifferenceSink
  void on_difference(Index entry, Handle was, Handle is) override;
  void on_left_alone(std::uint8_t table) override { shared_tables_.set(table); }

  // MonitorEvents
  void on_monitor_up(Millis now) override;
  void on_monitor_lost(std::string_view reason, Millis now) override;
  void on_armed(Millis now) override;
  void on_refused(const std::string& error, Millis now) override;
  void on_disarmed(Millis now) override;
  void on_update(const openflow::FlowUpdate& update, Millis now) override;
  void on_forwarded(openflow::Type type, Bytes request) override;
  void on_all_told(Millis now) override;
  void on_counts(const std::vector<openflow::TableStats>& tables, Millis now) override;
  void on_monitor_turn(Millis now) override { events_.go_on(now); }
  [[nodiscard]] Millis monitor_deadline() const override;

 private:
  enum class Phase : std::uint8_t { off, arming, counting, watching, leaving };

  void leave(Millis now);
  void verify(Millis now);
  void report(std::int64_t now_us);
  [[nodiscard]] bool is_mended(Index entry) const;
  [[nodiscard]] Millis read_due() const;
  [[nodiscard]] Millis later(Millis when) const { return when > now_ ? when : kNever; }

  FlowStore& store_;
  DriftEvents& events_;
  Monitor monitor_{*this};
  Suspects suspects_{store_};
  Phase phase_ = Phase::off;
  Millis since_ = 0;       // of the phase
  Millis not_before_ = 0;  // for arming: after a fault
  unsigned faults_ = 0;
  bool gap_ = false;   // the connection was lost while it was armed
  Millis paused_ = 0;  // since when the switch holds news back; 0: it does not
  Millis verify_at_ = 0;
  Millis pace_ = 0;
  Millis drifted_at_ = 0;
  Millis now_ = 0;

  bool synced_ = false;
  bool reading_ = false;
  bool whole_ = false;  // the read-back is of everything
  bool flows_ = false;  // of flows among others
  ReadScope wanted_;
  Millis read_began_ = 0;
  Millis read_not_before_ = 0;    // flows
  Millis groups_not_before_ = 0;  // groups and meters alone
  Millis last_read_ = 0;          // when everything was read, and how long it took
  Millis last_read_took_ = 0;
  std::bitset<256> shared_tables_;  // strangers' flows come and go in these

  DriftReport report_;
  std::vector<Index> open_;  // not mended yet
  std::uint64_t opened_ = 0;
  std::int64_t opened_us_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace sluice
