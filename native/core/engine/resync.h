// Resync: reads the switch back into the store, so that the plan starts from the truth and not from what we remember.
// Groups, meters and flows are read at once (the flows table by table, see table_walk.h); their parts may come mixed,
// and each is decoded as it comes. What differs afterwards is dirty in the store.
// Neighbour: switch_reads.h, the same reading for somebody who asked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/engine.h"
#include "core/engine/table_walk.h"
#include "core/openflow/multipart.h"
#include "core/openflow/session.h"
#include "core/store/flow_store.h"

namespace sluice {

// Lives on the I/O thread; borrows store and session.
class Resync {
 public:
  static constexpr Millis kPatience = 60'000;  // between two parts

  Resync(FlowStore& store, openflow::OpenFlowSession& session) : store_(store), session_(session), walk_(session) {}

  // `sink` hears of what is not as believed; none: nothing is believed.
  void begin(const ReadScope& scope, DifferenceSink* sink, std::int64_t now_us, Millis now);
  void abandon() { left_ = 0; }
  [[nodiscard]] bool running() const { return left_ > 0; }

  // True when the part belongs to this resync.
  bool on_part(std::uint32_t xid, openflow::MultipartPart part, Millis now);
  bool on_error(std::uint32_t xid, const std::string& name);
  [[nodiscard]] std::uint64_t flows_read() const { return report_.flows_read; }
  [[nodiscard]] std::uint64_t flows_left() const {
    return walk_.flows() > report_.flows_read ? walk_.flows() - report_.flows_read : 0;
  }
  // Once, when the last part has come. The differences are in store.dirty().
  [[nodiscard]] std::optional<ResyncReport> take_report(std::int64_t now_us);

  [[nodiscard]] Millis deadline() const { return running() ? heard_ + kPatience : kNever; }
  void tick(Millis now);

 private:
  [[nodiscard]] bool read(openflow::MultipartType type, Bytes body);
  void finish_one();
  [[nodiscard]] bool take_xid(std::uint32_t xid, bool last);

  FlowStore& store_;
  openflow::OpenFlowSession& session_;
  TableWalk walk_;
  std::array<std::uint32_t, 2> xids_{};  // of groups and meters; 0: answered, or not asked
  unsigned left_ = 0;
  bool complete_ = false;
  Millis heard_ = 0;
  std::int64_t began_us_ = 0;
  ResyncReport report_;
};

}  // namespace sluice
