#include "core/store/entries.h"

#include <new>

namespace sluice {

std::uint64_t Entries::hash(const KeyView& key) {
  std::uint64_t word = 0;
  std::memcpy(&word, &key.head, sizeof key.head);
  return hash_bytes(key.tail) ^ (word * 0x9e3779b97f4a7c15ull);
}

Index Entries::find(const KeyView& wanted, std::uint64_t hash) const {
  return index_.find(hash, [&](Index i) {
    const KeyHead& head = key(i);
    return std::memcmp(&head, &wanted.head, sizeof head) == 0 &&
           (wanted.tail.empty() || std::memcmp(&head + 1, wanted.tail.data(), wanted.tail.size()) == 0);
  });
}

Index Entries::find_or_create(const KeyView& key, std::uint64_t hash) {
  if (const Index there = find(key, hash); there != 0) return there;
  const Index entry = records_.allocate();
  const Handle block = arena_.allocate(sizeof(KeyHead) + key.tail.size());
  std::uint8_t* at = arena_.at(block);
  new (at) KeyHead(key.head);
  if (!key.tail.empty()) std::memcpy(at + sizeof(KeyHead), key.tail.data(), key.tail.size());
  records_[entry].key = block;
  index_.insert(hash, entry);
  return entry;
}

void Entries::free(Index entry) {
  const KeyHead head = key(entry);
  index_.erase(hash({head, key_tail(entry)}), entry);
  arena_.release(records_[entry].key, sizeof(KeyHead) + head.length);
  records_.release(entry);
}

std::uint32_t Entries::id(Index entry) const {
  std::uint32_t id;
  std::memcpy(&id, key_tail(entry).data(), sizeof id);
  return id;
}

}  // namespace sluice
