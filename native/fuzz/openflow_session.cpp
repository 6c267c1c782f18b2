// libFuzzer target: whatever a switch sends, in whatever pieces, the session and the engine behind it survive it.
// The first byte is the size of the pieces.
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/batch/batch_reader.h"
#include "core/engine.h"
#include "core/openflow/flow_mod.h"

namespace {

struct Deaf final : sluice::EngineListener {
  void on_up(std::uint64_t) override {}
  void on_down(std::string_view) override {}
  void on_resynced(const sluice::ResyncReport&) override {}
  void on_drift(const sluice::DriftReport&) override {}
  void on_mended(std::uint64_t, std::int64_t) override {}
  void on_commit_done(sluice::CommitResult) override {}
  void on_quarantined(const sluice::Quarantine&) override {}
  void on_conflict(const sluice::Conflict&) override {}
  void on_progress(const sluice::Progress&) override {}
  void on_switch_read(std::uint64_t, const sluice::Status&, std::vector<std::uint8_t>) override {}
  void on_log(sluice::LogLevel, std::string_view, std::string_view) override {}
};

// Hello with OpenFlow 1.5 and a features reply: what the fuzzer would spend its day to find.
constexpr std::uint8_t kHandshake[] = {6, 0, 0, 16, 0,   0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 0x40,  //
                                       6, 6, 0, 32, 0,   0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7,
                                       0, 0, 0, 0,  254, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

std::vector<std::uint8_t> one_flow() {
  std::vector<std::uint8_t> batch;
  const sluice::OwnerKey owner = (std::uint64_t{7} << 32) | 1;
  sluice::append_marker(batch, owner);
  sluice::openflow::FlowMod flow;
  flow.cookie = sluice::cookie_of_owner(owner);
  const std::size_t size = flow_mod_size(flow);
  batch.resize(batch.size() + size);
  sluice::Writer w{std::span(batch).last(size)};
  encode_flow_mod(w, flow, 0);
  return batch;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = data[0] % 64 + 1u;
  std::span<const std::uint8_t> bytes(data + 1, size - 1);
  Deaf deaf;
  sluice::Millis now = 1;
  sluice::SwitchEngine engine(deaf, [&] { return now; });
  sluice::Session& session = engine.session();
  (void)engine.submit(1, one_flow(), {sluice::CommitMode::automatic, (data[0] & 0x80) != 0}, now);
  session.connected(now);
  session.received(kHandshake, now);
  (void)engine.read_switch(2, std::nullopt, now);
  while (!bytes.empty() && !session.wants_close()) {
    const std::size_t n = piece < bytes.size() ? piece : bytes.size();
    session.received(bytes.first(n), ++now);
    bytes = bytes.subspan(n);
    session.output().consume(session.output().size());
    session.drained(now);
  }
  session.closed("end", now);
  return 0;
}
