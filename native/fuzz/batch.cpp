// libFuzzer target: a batch of any bytes is refused or ends up in the store, and nothing else happens.
#include <cstddef>
#include <cstdint>

#include "core/batch/batch_reader.h"
#include "core/store/flow_store.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<sluice::OwnerSet> sets;
  if (!sluice::read_batch({data, size}, sets).ok()) return 0;
  sluice::FlowStore store;
  for (std::uint32_t epoch = 1; epoch <= 2; ++epoch) {
    store.apply(sets, epoch);
    store.resolve_touched();
    std::vector<sluice::Index> dirty;
    dirty.swap(store.dirty());
    for (const sluice::Index entry : dirty) {
      if (!store.unqueue(entry)) continue;
      store.mark_sent(entry);
      store.confirm(entry);
    }
  }
  return 0;
}
