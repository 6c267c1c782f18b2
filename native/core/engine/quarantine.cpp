#include "core/engine/quarantine.h"

#include <utility>

#include "core/engine/compose.h"

namespace sluice {

namespace {

[[nodiscard]] std::uint32_t count_messages(Bytes messages) {
  std::uint32_t n = 0;
  while (const auto header = openflow::decode_header(messages)) {
    if (header->length < openflow::kHeaderSize || header->length > messages.size()) break;
    messages = messages.subspan(header->length);
    ++n;
  }
  return n;
}

}  // namespace

void Quarantines::put(Quarantine why, std::vector<std::uint8_t> wanted) {
  const OwnerKey owner = why.owner;
  const auto [it, fresh] = records_.try_emplace(owner);
  it->second.why = std::move(why);
  // A second refusal of the same attempt: the first one's set is the whole; this one is what had been left of it.
  if (!fresh) return;
  it->second.digest = set_digest(wanted);
  it->second.count = count_messages(wanted);
  it->second.wanted = std::move(wanted);
}

const Quarantines::Record* Quarantines::find(OwnerKey owner) const {
  if (records_.empty()) return nullptr;  // as nearly always, and a batch asks for each of its owners
  const auto it = records_.find(owner);
  return it == records_.end() ? nullptr : &it->second;
}

const Quarantines::Record* Quarantines::find_same(OwnerKey owner, Bytes messages) const {
  const Record* record = find(owner);
  if (record == nullptr || messages.size() != record->wanted.size()) return nullptr;
  return record->digest == set_digest(messages) ? record : nullptr;
}

std::unordered_map<OwnerKey, Quarantines::Record> Quarantines::take_all() { return std::exchange(records_, {}); }

std::vector<OwnerKey> Quarantines::owners() const {
  std::vector<OwnerKey> keys;
  keys.reserve(records_.size());
  for (const auto& [key, record] : records_) keys.push_back(key);
  return keys;
}

}  // namespace sluice
