// Builders of small valid flows, groups and batches for the tests.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/batch/batch_reader.h"
#include "core/openflow/flow_mod.h"
#include "core/openflow/group_mod.h"
#include "core/openflow/meter_mod.h"
#include "core/store/owner_key.h"

namespace sluice::test {

using ByteVector = std::vector<std::uint8_t>;

inline OwnerKey owner(std::uint32_t id, std::uint64_t kind = 7) { return kind << 32 | id; }

template <typename T>
void push(ByteVector& to, T value) {
  to.resize(to.size() + sizeof value);
  store_big_endian(to.data() + to.size() - sizeof value, value);
}

// in_port=n
inline ByteVector in_port(std::uint32_t n) {
  ByteVector oxm;
  push<std::uint32_t>(oxm, 0x80000004);
  push(oxm, n);
  return oxm;
}

// apply_actions(output:port); the port is what the fake switch looks at to refuse a flow.
inline ByteVector output(std::uint32_t port) {
  ByteVector b;
  push<std::uint16_t>(b, 4);
  push<std::uint16_t>(b, 24);
  push<std::uint32_t>(b, 0);
  push<std::uint32_t>(b, 0x00000010);
  push(b, port);
  b.resize(b.size() + 8);
  return b;
}

// apply_actions(group:id)
inline ByteVector to_group(std::uint32_t id) {
  ByteVector b;
  push<std::uint16_t>(b, 4);
  push<std::uint16_t>(b, 16);
  push<std::uint32_t>(b, 0);
  push<std::uint32_t>(b, 0x00160008);
  push(b, id);
  return b;
}

inline ByteVector conjunctions(std::initializer_list<std::uint32_t> ids) {
  ByteVector b;
  push<std::uint16_t>(b, 4);
  push(b, static_cast<std::uint16_t>(8 + 16 * ids.size()));
  push<std::uint32_t>(b, 0);
  for (const std::uint32_t id : ids) {
    push<std::uint32_t>(b, 0xffff0010);
    push<std::uint32_t>(b, 0x00002320);
    push<std::uint16_t>(b, 34);
    push<std::uint16_t>(b, 0x0002);  // clause 1 of 2
    push(b, id);
  }
  return b;
}

struct Flow {
  OwnerKey owner = 0;
  std::uint8_t table = 0;
  std::uint16_t priority = 100;
  std::uint32_t port = 1;
  ByteVector instructions;
  std::uint16_t idle_timeout_sec = 0;
};

inline ByteVector flow_message(const Flow& f) {
  const ByteVector oxm = in_port(f.port);
  openflow::FlowMod m;
  m.cookie = cookie_of_owner(f.owner);
  m.table = f.table;
  m.priority = f.priority;
  m.idle_timeout_sec = f.idle_timeout_sec;
  m.oxm = oxm;
  m.instructions = f.instructions;
  ByteVector bytes(flow_mod_size(m));
  Writer w(bytes);
  encode_flow_mod(w, m, 0);
  return bytes;
}

inline ByteVector group_message(std::uint32_t id, std::uint8_t type = 0, std::size_t buckets = 1) {
  ByteVector b;
  for (std::size_t i = 0; i < buckets; ++i) {
    push<std::uint16_t>(b, 8);
    push<std::uint16_t>(b, 0);
    push(b, static_cast<std::uint32_t>(i + 1));
  }
  openflow::GroupMod m;
  m.type = type;
  m.group_id = id;
  m.buckets = b;
  ByteVector bytes(group_mod_size(m));
  Writer w(bytes);
  encode_group_mod(w, m, 0);
  return bytes;
}

// Batches read like what they say: Batch().owner(a).add(flow).owner(b)…
class Batch {
 public:
  Batch& owner(OwnerKey key) {
    append_marker(bytes_, key);
    last_ = key;
    return *this;
  }
  Batch& flow(std::uint32_t port, const ByteVector& instructions, std::uint8_t table = 0,
              std::uint16_t priority = 100) {
    return raw(flow_message({last_, table, priority, port, instructions, 0}));
  }
  Batch& group(std::uint32_t id, std::uint8_t type = 0) { return raw(group_message(id, type)); }
  Batch& raw(const ByteVector& message) {
    bytes_.insert(bytes_.end(), message.begin(), message.end());
    return *this;
  }
  [[nodiscard]] ByteVector bytes() const { return bytes_; }

 private:
  ByteVector bytes_;
  OwnerKey last_ = 0;
};

}  // namespace sluice::test
