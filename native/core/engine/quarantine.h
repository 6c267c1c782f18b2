// Quarantines: owners whose change the switch refused, with what they wanted, so that it can be tried again when it
// changes or when somebody says so; the same set once more is not a change.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/engine.h"
#include "core/wire/reader.h"

namespace sluice {

// Lives on the I/O thread. Few, so a plain map.
class Quarantines {
 public:
  struct Record {
    Quarantine why;
    std::vector<std::uint8_t> wanted;  // the refused set: messages, without a marker
    std::uint64_t digest = 0;
    std::uint32_t count = 0;
  };

  void put(Quarantine why, std::vector<std::uint8_t> wanted);
  void lift(OwnerKey owner) { records_.erase(owner); }
  [[nodiscard]] const Record* find(OwnerKey owner) const;
  // The owner's refusal, if this set is the one that was refused.
  [[nodiscard]] const Record* find_same(OwnerKey owner, Bytes messages) const;
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] std::unordered_map<OwnerKey, Record> take_all();
  [[nodiscard]] std::vector<OwnerKey> owners() const;

 private:
  std::unordered_map<OwnerKey, Record> records_;
};

}  // namespace sluice
