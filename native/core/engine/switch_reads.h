// SwitchReads: dumps of flows for a caller: counters and canonical flow mods, collected until the last part.
// Neighbours: table_walk.h asks, parts.h hands answers on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/table_walk.h"
#include "core/status.h"
#include "core/store/owner_key.h"

namespace sluice {

// Lives on the I/O thread; borrows the session.
class SwitchReads {
 public:
  explicit SwitchReads(openflow::OpenFlowSession& session) : session_(session) {}

  struct Done {
    std::uint64_t request_id = 0;
    Status status;
    std::vector<std::uint8_t> flows;
  };

  // Of one owner only when given, which may be a set of those that share; what it shares is not among an owner's.
  void begin(std::uint64_t request_id, std::optional<std::uint8_t> table, std::optional<OwnerKey> owner);
  // Answers when the part or error was a request's last.
  [[nodiscard]] bool on_part(std::uint32_t xid, openflow::MultipartPart part, std::optional<Done>& done);
  [[nodiscard]] bool on_error(std::uint32_t xid, const std::string& name, std::optional<Done>& done);
  [[nodiscard]] std::vector<Done> abandon_all();

 private:
  struct Request {
    TableWalk walk;
    Done done;
  };
  static void append(Bytes body, Done& done);
  [[nodiscard]] Done take(std::size_t request);

  openflow::OpenFlowSession& session_;
  std::vector<Request> requests_;
};

}  // namespace sluice
