#include "core/engine/switch_reads.h"

#include <utility>

#include "core/openflow/description.h"

namespace sluice {

void SwitchReads::begin(std::uint64_t request_id, std::optional<std::uint8_t> table, std::optional<OwnerKey> owner) {
  Request& request = requests_.emplace_back(Request{TableWalk(session_), {}});
  request.done.request_id = request_id;
  if (owner) return request.walk.begin(cookie_of_owner(*owner), table.value_or(openflow::kTableAll));
  std::bitset<256> tables;
  table ? tables.set(*table) : tables.set();
  request.walk.begin(tables);
}

bool SwitchReads::on_part(std::uint32_t xid, openflow::MultipartPart part, std::optional<Done>& done) {
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const TableWalk::Step step = requests_[i].walk.on_part(xid, part);
    if (step == TableWalk::Step::foreign) continue;
    append(part.body, requests_[i].done);
    if (step == TableWalk::Step::done) done = take(i);
    return true;
  }
  return false;
}

void SwitchReads::append(Bytes body, Done& done) {
  openflow::FlowDescription flow;
  while (!body.empty()) {
    if (!next_flow_description(body, flow)) {
      done.status = {StatusCode::malformed, "the switch sent a dump that does not parse"};
      return;
    }
    constexpr std::size_t kCounters = 16;
    const std::size_t size = kCounters + flow_mod_size(flow.flow);
    done.flows.resize(done.flows.size() + size);
    Writer w{std::span(done.flows).last(size)};
    w.u64(flow.packets);
    w.u64(flow.bytes);
    encode_flow_mod(w, flow.flow, 0);
  }
}

bool SwitchReads::on_error(std::uint32_t xid, const std::string& name, std::optional<Done>& done) {
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const TableWalk::Step step = requests_[i].walk.on_error(xid);
    if (step == TableWalk::Step::foreign) continue;
    if (step == TableWalk::Step::going) return true;
    done = take(i);
    if (step == TableWalk::Step::done) return true;
    done->flows.clear();
    done->status = {StatusCode::refused, "the switch refused the dump: " + name};
    return true;
  }
  return false;
}

SwitchReads::Done SwitchReads::take(std::size_t request) {
  Done done = std::move(requests_[request].done);
  requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(request));
  return done;
}

std::vector<SwitchReads::Done> SwitchReads::abandon_all() {
  std::vector<Done> all;
  for (Request& request : std::exchange(requests_, {})) {
    all.push_back({request.done.request_id, {StatusCode::unavailable, "the connection was lost"}, {}});
  }
  return all;
}

}  // namespace sluice
