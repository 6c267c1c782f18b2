// Resync: reads the switch back into the store, so that the plan starts from the truth and not from what we remember.
// Three dumps run at once (groups, meters, flows); their parts may come mixed, and each is decoded as it comes. What
// differs afterwards is dirty in the store. Neighbour: SwitchReads, the same reading for somebody who asked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/engine.h"
#include "core/openflow/multipart.h"
#include "core/openflow/session.h"
#include "core/store/flow_store.h"

namespace sluice {

// Lives on the I/O thread; borrows store and session.
class Resync {
 public:
  static constexpr Millis kPatience = 60'000;  // between two parts

  Resync(FlowStore& store, openflow::OpenFlowSession& session) : store_(store), session_(session) {}

  void begin(std::int64_t now_us, Millis now);
  void abandon() { left_ = 0; }
  [[nodiscard]] bool running() const { return left_ > 0; }

  // True when the part belongs to this resync.
  bool on_part(std::uint32_t xid, const openflow::MultipartPart& part, Millis now);
  bool on_error(std::uint32_t xid, const std::string& name);
  // Once, when the last part has come. The differences are in store.dirty().
  [[nodiscard]] std::optional<ResyncReport> take_report(std::int64_t now_us);

  [[nodiscard]] Millis deadline() const { return running() ? heard_ + kPatience : kNever; }
  void tick(Millis now);

 private:
  [[nodiscard]] bool read(openflow::MultipartType type, Bytes body);
  void finish_one(std::uint32_t xid);
  [[nodiscard]] bool is_ours(std::uint32_t xid) const;

  FlowStore& store_;
  openflow::OpenFlowSession& session_;
  std::array<std::uint32_t, 3> xids_{};
  unsigned left_ = 0;
  bool complete_ = false;
  Millis heard_ = 0;
  std::int64_t began_us_ = 0;
  ResyncReport report_;
};

// Dumps for a caller: counters and canonical flow mods, collected until the last part.
class SwitchReads {
 public:
  explicit SwitchReads(openflow::OpenFlowSession& session) : session_(session) {}

  struct Done {
    std::uint64_t request_id = 0;
    Status status;
    std::vector<std::uint8_t> flows;
  };

  // Of one owner only when given; what it shares with others is not among it.
  void begin(std::uint64_t request_id, std::uint8_t table, std::optional<OwnerKey> owner);
  // Answers when the part or error was a request's last.
  [[nodiscard]] bool on_part(std::uint32_t xid, const openflow::MultipartPart& part, std::optional<Done>& done);
  [[nodiscard]] bool on_error(std::uint32_t xid, const std::string& name, std::optional<Done>& done);
  [[nodiscard]] std::vector<Done> abandon_all();

 private:
  struct Request {
    std::uint32_t xid = 0;
    Done done;
  };
  openflow::OpenFlowSession& session_;
  std::vector<Request> requests_;
};

}  // namespace sluice
