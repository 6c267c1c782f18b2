// TableWalk: reads the switch's flows table by table. vswitchd answers one request in one go, and does nothing else
// meanwhile; a request a table, each sent when the one before is answered, gives it air between them. Few flows are
// read at once, and where the switch counts none there is nothing to be read. Neighbours: resync.h and SwitchReads read
// through it. A table may change while it or another is read: what the flow monitor tells meanwhile is judged after the
// walk.
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

#include "core/openflow/flow_mod.h"
#include "core/openflow/multipart.h"
#include "core/openflow/session.h"

namespace sluice {

// Lives on the I/O thread; borrows the session.
class TableWalk {
 public:
  static constexpr std::uint64_t kAtOnce = 5'000;  // flows; some 6 ms of the switch's main thread

  explicit TableWalk(openflow::OpenFlowSession& session) : session_(&session) {}

  enum class Step : std::uint8_t { foreign, going, flows, done, refused };

  void begin(const std::bitset<256>& tables);
  // What has this cookie, whole: vswitchd has an index of those, so that one request finds it however many flows there
  // are. A mask of some bits would have it look at each of them.
  void begin(std::uint64_t cookie, std::uint8_t table = openflow::kTableAll);
  // `flows`: the part's body is flow descriptions, and so it is with `done` unless empty; `foreign`: not of this walk.
  [[nodiscard]] Step on_part(std::uint32_t xid, openflow::MultipartPart& part);
  [[nodiscard]] Step on_error(std::uint32_t xid);
  [[nodiscard]] std::uint64_t flows() const { return flows_; }  // in all, once the switch has said so

 private:
  [[nodiscard]] bool read_counts(Bytes body);
  [[nodiscard]] Step next();
  void ask_next();

  openflow::OpenFlowSession* session_;
  std::bitset<256> tables_;
  std::vector<std::uint8_t> left_;  // tables still to be read, the next one at the back
  std::uint64_t flows_ = 0;
  std::uint32_t counts_xid_ = 0;  // 0: not asked, or answered
  std::uint32_t dump_xid_ = 0;
};

}  // namespace sluice
