// OwnerSet: everything one owner wants, as it stands in a batch: complete OpenFlow messages back to back.
#pragma once

#include <cstdint>

#include "core/store/owner_key.h"
#include "core/wire/reader.h"

namespace sluice {

struct OwnerSet {
  OwnerKey owner = 0;
  Bytes messages;           // points into the batch; validated by read_batch
  std::uint32_t count = 0;  // messages
  bool only_flows = true;   // no groups, no meters
  Bytes oversized;          // the first message that is too long to be sent in a bundle, if any
};

}  // namespace sluice
