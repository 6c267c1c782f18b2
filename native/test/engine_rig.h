// Rig: an engine and a fake switch on one table, with everything the engine says written down.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/engine.h"
#include "fake_switch.h"

namespace sluice::test {

struct Recorder final : EngineListener {
  void on_up(std::uint64_t datapath_id) override { up.push_back(datapath_id); }
  void on_down(std::string_view reason) override { down.emplace_back(reason); }
  void on_resynced(const ResyncReport& report) override { resynced.push_back(report); }
  void on_drift(const DriftReport& report) override { drift.push_back(report); }
  void on_mended(std::uint64_t entries, std::int64_t) override { mended += entries; }
  void on_commit_done(CommitResult result) override { done.push_back(std::move(result)); }
  void on_quarantined(const Quarantine& q) override { quarantined.push_back(q); }
  void on_conflict(const Conflict& c) override { conflicts.push_back(c); }
  void on_progress(const Progress& p) override { progress.push_back(p); }
  void on_switch_read(std::uint64_t, const Status& status, std::vector<std::uint8_t> flows) override {
    reads.emplace_back(status, std::move(flows));
  }
  void on_log(LogLevel, std::string_view message, std::string_view) override { log.emplace_back(message); }

  std::vector<std::uint64_t> up;
  std::vector<std::string> down;
  std::vector<ResyncReport> resynced;
  std::vector<DriftReport> drift;
  std::uint64_t mended = 0;
  std::vector<CommitResult> done;
  std::vector<Quarantine> quarantined;
  std::vector<Conflict> conflicts;
  std::vector<Progress> progress;
  std::vector<std::pair<Status, std::vector<std::uint8_t>>> reads;
  std::vector<std::string> log;
};

struct Rig {
  virtual ~Rig() = default;
  Recorder heard;
  FakeSwitch fake;
  SwitchEngine engine{heard, [this] { return now * 1000; }};
  Millis now = 1000;
  std::size_t split = 0;    // bytes per call of received(); 0: all at once
  bool takes_lanes = true;  // the switch accepts more connections than the main one
  std::uint64_t commits = 0;
  std::vector<Session*> wires = all_sessions();
  std::vector<bool> open = std::vector<bool>(wires.size());

  void connect() {
    wires[0]->connected(now);
    open[0] = true;
    run();
  }
  void disconnect(std::size_t wire = 0) {
    fake.disconnect(wire);
    open[wire] = false;
    wires[wire]->output().clear();
    wires[wire]->closed("test", now);
  }
  [[nodiscard]] std::size_t open_lanes() const {
    return static_cast<std::size_t>(std::count(open.begin() + 1, open.end(), true));
  }

  // One exchange in each direction on every connection; false when there was nothing to say.
  virtual bool step() {
    bool any = false;
    for (std::size_t w = 0; w < wires.size(); ++w) {
      dial(w);
      if (w == 0 || open[w]) any = exchange(w) || any;
    }
    return any;
  }
  void run() {
    while (step() && !engine.session().wants_close()) {
    }
  }

  // What the I/O layer does: lanes are dialled when they are wanted and hung up when they are not.
  void dial(std::size_t wire) {
    if (wire == 0 || open[wire] == wires[wire]->wanted()) return;
    if (open[wire]) return disconnect(wire);
    if (!takes_lanes) return;
    open[wire] = true;
    wires[wire]->connected(now);
  }
  bool exchange(std::size_t wire) {
    Session& session = *wires[wire];
    const Bytes out = session.output().data();
    const ByteVector copy(out.begin(), out.end());
    session.output().consume(copy.size());
    if (!copy.empty()) session.drained(now);
    fake.feed(copy, wire);
    const ByteVector in = std::exchange(fake.to_engine[wire], {});
    const std::size_t piece = split == 0 ? in.size() : split;
    for (std::size_t at = 0; at < in.size() && !session.wants_close(); at += piece) {
      session.received(Bytes(in).subspan(at, std::min(piece, in.size() - at)), now);
    }
    return !copy.empty() || !in.empty();
  }
  std::vector<Session*> all_sessions() {
    std::vector<Session*> all = engine.lanes();
    all.insert(all.begin(), &engine.session());
    return all;
  }

  Status submit(const Batch& batch, CommitOptions options = {}) {
    return engine.submit(++commits, batch.bytes(), options, now);
  }
  // Submits, lets both talk until they are quiet, and gives the result of the last commit.
  CommitResult commit(const Batch& batch, CommitOptions options = {}) {
    const std::size_t before = heard.done.size();
    const Status status = submit(batch, options);
    run();
    if (!status.ok() || heard.done.size() == before) return {};
    return heard.done.back();
  }
};

}  // namespace sluice::test
