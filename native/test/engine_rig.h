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
  void on_commit_done(CommitResult result) override { done.push_back(std::move(result)); }
  void on_quarantined(const Quarantine& q) override { quarantined.push_back(q); }
  void on_conflict(const Conflict& c) override { conflicts.push_back(c); }
  void on_switch_read(std::uint64_t, const Status& status, std::vector<std::uint8_t> flows) override {
    reads.emplace_back(status, std::move(flows));
  }
  void on_log(LogLevel, std::string_view message, std::string_view) override { log.emplace_back(message); }

  std::vector<std::uint64_t> up;
  std::vector<std::string> down;
  std::vector<ResyncReport> resynced;
  std::vector<CommitResult> done;
  std::vector<Quarantine> quarantined;
  std::vector<Conflict> conflicts;
  std::vector<std::pair<Status, std::vector<std::uint8_t>>> reads;
  std::vector<std::string> log;
};

struct Rig {
  Recorder heard;
  FakeSwitch fake;
  SwitchEngine engine{heard, [this] { return now * 1000; }};
  Millis now = 1000;
  std::size_t split = 0;  // bytes per call of received(); 0: all at once
  std::uint64_t commits = 0;

  void connect() {
    engine.session().connected(now);
    run();
  }
  void disconnect() {
    fake.disconnect();
    engine.session().closed("test", now);
  }

  // One exchange in each direction; false when there was nothing to say.
  bool step() {
    Session& session = engine.session();
    const Bytes out = session.output().data();
    const ByteVector copy(out.begin(), out.end());
    session.output().consume(copy.size());
    if (!copy.empty()) session.drained(now);
    fake.feed(copy);
    const ByteVector in = std::exchange(fake.to_engine, {});
    const std::size_t piece = split == 0 ? in.size() : split;
    for (std::size_t at = 0; at < in.size() && !session.wants_close(); at += piece) {
      session.received(Bytes(in).subspan(at, std::min(piece, in.size() - at)), now);
    }
    return !copy.empty() || !in.empty();
  }
  void run() {
    while (step() && !engine.session().wants_close()) {
    }
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
