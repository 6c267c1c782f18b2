#include "core/store/references.h"

namespace sluice {

namespace {

constexpr std::uint16_t kWriteActions = 3;
constexpr std::uint16_t kApplyActions = 4;
constexpr std::uint16_t kMeterInstruction = 6;
constexpr std::uint16_t kGroupAction = 22;
constexpr std::uint16_t kMeterAction = 29;
constexpr std::uint16_t kExperimenterAction = 0xffff;
constexpr std::uint16_t kClone = 42;  // NXAST_CLONE: actions from byte 16 on
constexpr unsigned kMaxNesting = 8;

void walk_actions(Bytes actions, unsigned nesting, std::vector<Reference>& found) {
  while (actions.size() >= 8) {
    const auto type = load_big_endian<std::uint16_t>(actions.data());
    const std::size_t length = load_big_endian<std::uint16_t>(actions.data() + 2);
    if (length < 8 || length > actions.size()) return;
    const auto argument = load_big_endian<std::uint32_t>(actions.data() + 4);
    if (type == kGroupAction) found.push_back({EntryKind::group, argument});
    if (type == kMeterAction) found.push_back({EntryKind::meter, argument});
    const bool clone = type == kExperimenterAction && length > 16 && argument == 0x00002320 &&
                       load_big_endian<std::uint16_t>(actions.data() + 8) == kClone;
    if (clone && nesting < kMaxNesting) walk_actions(actions.subspan(16, length - 16), nesting + 1, found);
    actions = actions.subspan(length);
  }
}

}  // namespace

std::vector<Reference> references_of(Bytes instructions) {
  std::vector<Reference> found;
  while (instructions.size() >= 8) {
    const auto type = load_big_endian<std::uint16_t>(instructions.data());
    const std::size_t length = load_big_endian<std::uint16_t>(instructions.data() + 2);
    if (length < 8 || length > instructions.size()) break;
    if (type == kMeterInstruction) {
      found.push_back({EntryKind::meter, load_big_endian<std::uint32_t>(instructions.data() + 4)});
    }
    if (type == kWriteActions || type == kApplyActions) walk_actions(instructions.subspan(8, length - 8), 0, found);
    instructions = instructions.subspan(length);
  }
  return found;
}

void References::add(Index entry, Bytes instructions) {
  for (const Reference& r : references_of(instructions)) entries_[key(r.kind, r.id)].insert(entry);
}

void References::remove(Index entry, Bytes instructions) {
  for (const Reference& r : references_of(instructions)) {
    const auto there = entries_.find(key(r.kind, r.id));
    if (there == entries_.end()) continue;
    there->second.erase(entry);
    if (there->second.empty()) entries_.erase(there);
  }
}

std::vector<Index> References::find(EntryKind kind, std::uint32_t id) const {
  const auto there = entries_.find(key(kind, id));
  if (there == entries_.end()) return {};
  return {there->second.begin(), there->second.end()};
}

}  // namespace sluice
