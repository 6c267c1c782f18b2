// libFuzzer target: updates of a flow monitor are refused or become flow mods that encode and decode to the same.
#include "core/openflow/flow_monitor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::openflow;
  if (size > 65519) return 0;  // what is left of a message for a part's body
  sluice::Bytes body(data, size);
  FlowUpdate update;
  for (std::size_t left = size; next_flow_update(body, update); left = body.size()) {
    check(body.size() < left);
    std::vector<std::uint8_t> bytes(flow_mod_size(update.flow));
    if (bytes.size() > kMaxMessage) continue;
    sluice::Writer w(bytes);
    encode_flow_mod(w, update.flow, 0);
    check(w.ok() && w.position() == bytes.size());
    FlowMod back;
    // Instructions are not walked by the update's decoder, as with dumps.
    if (!decode_flow_mod(bytes, back).ok()) continue;
    check(back.table == update.flow.table && back.priority == update.flow.priority);
    check(std::ranges::equal(back.oxm, update.flow.oxm));
    check(std::ranges::equal(back.instructions, update.flow.instructions));
  }
  return 0;
}
