#include "core/engine/drift.h"

#include <algorithm>
#include <utility>

#include "core/engine/compose.h"
#include "core/openflow/group_mod.h"
#include "core/openflow/meter_mod.h"

namespace sluice {

using openflow::FlowEvent;

namespace {

constexpr std::uint32_t kReserved = 0xffff0000;  // ids from here on: "all", and what the datapath keeps for itself

}  // namespace

// --- what to do next -------------------------------------------------------------------------------------------------

void Drift::pump(const Surroundings& engine, Millis now) {
  now_ = now;
  synced_ = engine.synced;
  if (synced_) monitor_.session().want(true);  // from now on there is something to watch
  report(engine.now_us);
  if (phase_ == Phase::counting || phase_ == Phase::watching) {
    // A read-back's own end is waited for: what is told meanwhile is judged by it.
    if (engine.backlog > kMostArmed || (!synced_ && !reading_)) leave(now);
  }
  switch (phase_) {
    case Phase::off:
      if (monitor_.state() != Monitor::State::idle || !synced_ || engine.backlog > kCalm || now < not_before_) return;
      phase_ = Phase::arming;
      return monitor_.arm(now);
    case Phase::arming:
      return;
    case Phase::counting:
      if (now >= since_ + kMostHeld) {
        phase_ = Phase::watching;
        wanted_ = ReadScope::everything();
        return;
      }
      if (!suspects_.empty()) return verify(now);
      if (engine.idle && !monitor_.asking()) monitor_.ask_counts(now);
      return;
    case Phase::watching:
      if (now >= drifted_at_ + 10 * kSlowest) faults_ = 0;
      if (paused_ != 0 && now >= paused_ + kMostPaused) return monitor_.fail("the switch does not go on with its news");
      if (now >= verify_at_ && !reading_) verify(now);
      return;
    case Phase::leaving:
      if (monitor_.asking()) return;
      if (!suspects_.empty() && synced_ && now < since_ + kMostLeaving) {
        verify(now);
        if (monitor_.asking()) return;
      }
      // What is left is being written anew by the commit for which we leave.
      suspects_.forget();
      return monitor_.disarm(now);
  }
}

void Drift::leave(Millis now) {
  phase_ = Phase::leaving;
  since_ = now;
  paused_ = 0;
}

// Not while the switch holds news back; and a flow that went with its group is mended after the group, or it would be
// refused for it.
void Drift::verify(Millis now) {
  if (suspects_.empty() || monitor_.asking() || paused_ != 0 || wanted_.groups) return;
  if (suspects_.ask()) monitor_.ask_barrier(now);
}

Millis Drift::monitor_deadline() const {
  switch (phase_) {
    case Phase::off:
      return later(not_before_);
    case Phase::counting:
      return later(since_ + kMostHeld);
    case Phase::watching:
      return std::min(suspects_.empty() ? kNever : later(verify_at_),
                      paused_ == 0 ? kNever : later(paused_ + kMostPaused));
    case Phase::leaving:
      return later(since_ + kMostLeaving);
    case Phase::arming:
      break;
  }
  return kNever;
}

const char* Drift::state() const {
  switch (phase_) {
    case Phase::off:
      return monitor_.state() == Monitor::State::refused ? "refused" : "off";
    case Phase::arming:
    case Phase::counting:
      return "arming";
    case Phase::watching:
      return "armed";
    case Phase::leaving:
      break;
  }
  return "off";
}

// --- what the monitor says -------------------------------------------------------------------------------------------

void Drift::on_monitor_up(Millis now) { now_ = now; }

void Drift::on_monitor_lost(std::string_view reason, Millis now) {
  suspects_.forget();
  paused_ = 0;
  if (std::exchange(phase_, Phase::off) == Phase::off) return;
  gap_ = gap_ || monitor_.state() == Monitor::State::armed;
  // Each return costs a read-back; a switch that does this again and again is to have some peace.
  constexpr unsigned kMostFaults = 8;
  faults_ = std::min(faults_ + 1, kMostFaults);
  not_before_ = now + (Millis{500} << faults_);
  events_.on_drift_trouble("the connection over which others' changes are told was lost", reason);
}

void Drift::on_armed(Millis now) {
  since_ = now;
  phase_ = std::exchange(gap_, false) ? Phase::watching : Phase::counting;
  if (phase_ == Phase::watching) wanted_ = ReadScope::everything();
}

void Drift::on_refused(const std::string& error, Millis) {
  phase_ = Phase::off;
  events_.on_drift_trouble("the switch does not tell of others' changes; it is read back now and then instead", error);
}

void Drift::on_disarmed(Millis) { phase_ = Phase::off; }

void Drift::on_update(const openflow::FlowUpdate& update, Millis now) {
  if (phase_ == Phase::arming || phase_ == Phase::off) return;
  switch (update.event) {
    case FlowEvent::paused:
      paused_ = now;
      return;
    case FlowEvent::resumed:
      // Open vSwitch tells afterwards what it held back; nothing but a reading proves it.
      paused_ = 0;
      if (phase_ != Phase::leaving) wanted_ = ReadScope::everything();
      return;
    case FlowEvent::abbreviated:
      return;
    case FlowEvent::removed:
      if (update.reason == openflow::kRemovedWithGroup || update.reason == openflow::kRemovedWithMeter) {
        // Our own deletion is known by then, or is under way.
        const Index entry = store_.find(key_of(update.flow));
        if (entry != 0 && store_.entries()[entry].desired != 0) wanted_.groups = true;
      }
      break;
    default:
      break;
  }
  if (suspects_.hear(update, *this)) return;
  suspects_.forget();
  // The flows are counted when it is armed again.
  if (phase_ != Phase::leaving) wanted_ = ReadScope::everything();
}

void Drift::on_forwarded(openflow::Type type, Bytes request) {
  if (phase_ == Phase::arming || phase_ == Phase::off) return;
  bool plain = false;  // one group or meter, told whole; and there was room to remember it
  openflow::GroupMod group;
  openflow::MeterMod meter;
  if (type == openflow::Type::group_mod && decode_group_mod(request, group).ok()) {
    using openflow::GroupCommand;
    const BodyView body = body_of(group);
    const bool removed = group.command == GroupCommand::remove;
    const bool made = group.command == GroupCommand::add || group.command == GroupCommand::modify ||
                      group.command == GroupCommand::add_or_modify;
    plain = (made || removed) && group.group_id < kReserved &&
            suspects_.hear(key_of(EntryKind::group, group.group_id), removed ? nullptr : &body);
  } else if (type == openflow::Type::meter_mod && decode_meter_mod(request, meter).ok()) {
    const BodyView body = body_of(meter);
    const bool removed = meter.command == openflow::MeterCommand::remove;
    plain = meter.meter_id < kReserved &&
            suspects_.hear(key_of(EntryKind::meter, meter.meter_id), removed ? nullptr : &body);
  }
  if (!plain) wanted_.groups = true;
}

void Drift::on_all_told(Millis now) {
  // What is believed is being replaced, or about to be; asked again when that is done.
  if (reading_ || wanted_.groups) return;
  const std::uint64_t removed = report_.removed;
  if (suspects_.judge(*this)) wanted_.groups = true;
  // Whoever flushes the flows (set-controller, fail-mode) flushes the groups with them and does not say so, and a flow
  // is refused for a group that is not there.
  const auto& wanted = store_.counts().desired;
  const auto number = [&](EntryKind kind) { return wanted[static_cast<std::size_t>(kind)]; };
  if (report_.removed > removed && number(EntryKind::group) + number(EntryKind::meter) > 0) wanted_.groups = true;
  if (report_.empty()) return;
  // Two who keep changing one flow would otherwise do nothing else.
  pace_ = now - drifted_at_ < 2 * kSlowest ? std::clamp<Millis>(2 * pace_, 8, kSlowest) : 0;
  drifted_at_ = now;
  verify_at_ = now + pace_;
}

void Drift::on_counts(const std::vector<openflow::TableStats>& tables, Millis) {
  if (phase_ != Phase::counting || !suspects_.empty()) return;  // counted again when they have been judged
  phase_ = Phase::watching;
  for (const openflow::TableStats& counted : tables) {
    if (counted.table >= openflow::kHiddenTable) continue;
    const std::uint32_t believed = store_.counts().in_table[counted.table];
    const bool fits = shared_tables_[counted.table] ? counted.flows >= believed : counted.flows == believed;
    if (!fits) wanted_.tables.set(counted.table);
  }
}

// --- reading back ----------------------------------------------------------------------------------------------------

Millis Drift::read_due() const {
  const bool blind = monitor_.state() == Monitor::State::down || monitor_.state() == Monitor::State::refused;
  // However large the tables are, reading them is to be a small part of what the switch does.
  return last_read_ +
         (blind ? std::max(kReadEveryBlind, 100 * last_read_took_) : std::max(kReadEvery, 1'000 * last_read_took_));
}

ReadScope Drift::take_wanted(Millis now) {
  if (now >= read_due()) wanted_ = ReadScope::everything();
  if (now >= read_not_before_) {
    wanted_.groups = wanted_.groups || wanted_.tables.all();
    return std::exchange(wanted_, {});
  }
  ReadScope groups;
  groups.groups = now >= groups_not_before_ && std::exchange(wanted_.groups, false);
  return groups;
}

void Drift::reading(const ReadScope& scope, Millis now) {
  reading_ = true;
  whole_ = scope.groups && scope.tables.all();
  flows_ = scope.tables.any();
  read_began_ = now;
  if (!whole_) return;
  wanted_ = {};
  shared_tables_.reset();
}

void Drift::read(Millis now) {
  reading_ = false;
  report_.by_reading = true;
  const Millis took = now - read_began_;
  (flows_ ? read_not_before_ : groups_not_before_) = now + std::max<Millis>(20, 10 * took);
  if (!whole_) return;
  last_read_ = now;
  last_read_took_ = took;
}

void Drift::engine_lost() {
  reading_ = false;
  synced_ = false;
  gap_ = false;
  faults_ = 0;
  not_before_ = 0;
  wanted_ = {};
  report_ = {};
  for (const Index entry : std::exchange(open_, {})) store_.mark_drifted(entry, false);
  opened_ = 0;
  suspects_.forget();
}

Millis Drift::deadline() const {
  if (!synced_) return kNever;
  const Millis wanted = wanted_.tables.any() ? later(read_not_before_) : kNever;
  return std::min({later(read_due()), wanted, wanted_.groups ? later(groups_not_before_) : kNever});
}

// --- what somebody else did ------------------------------------------------------------------------------------------

void Drift::on_difference(Index entry, Handle was, Handle is) {
  const EntryKind kind = store_.entries().key(entry).kind;
  if (kind != EntryKind::flow) {
    ++report_.groups;
  } else {
    ++(was == 0 ? report_.added : is == 0 ? report_.removed : report_.modified);
  }
  ++total_;
  if (report_.samples.size() < kSamples) {
    DriftSample& sample = report_.samples.emplace_back();
    sample.what = was == 0 ? "added" : is == 0 ? "removed" : "modified";
    sample.owner = store_.wanting_owner(entry);
    append_mod(sample.flow, store_, entry, is != 0 ? is : was);
  }
  if (store_.entries()[entry].drifted) return;
  store_.mark_drifted(entry, true);
  open_.push_back(entry);
}

// A freed record may have been used again, but not as a drifted one.
bool Drift::is_mended(Index entry) const {
  const Entry& e = store_.entries()[entry];
  return e.key == 0 || !e.drifted || !e.unsettled;
}

void Drift::report(std::int64_t now_us) {
  if (reading_) return;  // all of it in one
  if (!report_.empty()) {
    if (opened_ == 0) opened_us_ = now_us;
    opened_ += report_.added + report_.modified + report_.removed + report_.groups;
    events_.on_drift(report_);
  }
  report_ = {};
  // From the back only: a long list is not walked at every turn.
  while (!open_.empty() && is_mended(open_.back())) {
    store_.mark_drifted(open_.back(), false);
    open_.pop_back();
  }
  if (opened_ == 0 || !open_.empty()) return;
  events_.on_mended(std::exchange(opened_, 0), now_us - opened_us_);
}

}  // namespace sluice
