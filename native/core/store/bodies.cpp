#include "core/store/bodies.h"

#include <new>

namespace sluice {

namespace {

[[nodiscard]] bool same_settings(const BodyHead& a, const BodyHead& b) {
  return a.length == b.length && a.flags == b.flags && a.idle_timeout_sec == b.idle_timeout_sec &&
         a.hard_timeout_sec == b.hard_timeout_sec && a.importance == b.importance;
}

[[nodiscard]] bool starts_with(const std::uint8_t* at, Bytes bytes) {
  return bytes.empty() || std::memcmp(at, bytes.data(), bytes.size()) == 0;
}

}  // namespace

Handle Bodies::make(const BodyView& body) {
  const Handle handle = arena_.allocate(sizeof(BodyHead) + body.payload_size());
  std::uint8_t* at = arena_.at(handle);
  auto* head = new (at) BodyHead(body.head);
  head->length = static_cast<std::uint16_t>(body.payload_size());
  head->references = 1;
  at += sizeof(BodyHead);
  if (body.has_prefix) {
    std::memcpy(at, body.prefix, sizeof body.prefix);
    at += sizeof body.prefix;
  }
  if (!body.payload.empty()) std::memcpy(at, body.payload.data(), body.payload.size());
  if (!body.payload2.empty()) std::memcpy(at + body.payload.size(), body.payload2.data(), body.payload2.size());
  return handle;
}

Handle Bodies::make_shared(Handle like, Bytes payload, std::span<const OwnerKey> owners) {
  BodyView body;
  body.head = head(like);
  const std::uint32_t set = sets_.acquire(owners);
  body.head.cookie = cookie_of_owner(kSharedKind << 32 | set);
  body.head.names_set = 1;
  body.payload = payload;
  return make(body);
}

void Bodies::drop(Handle& body) {
  if (body == 0) return;
  BodyHead& head = head_of(body);
  if (--head.references == 0) {
    if (head.names_set != 0) sets_.release(static_cast<std::uint32_t>(owner_of_cookie(head.cookie)));
    arena_.release(body, sizeof(BodyHead) + head.length);
  }
  body = 0;
}

bool Bodies::equal_but_cookie(Handle a, Handle b) const {
  if (a == b) return true;
  if (a == 0 || b == 0 || !same_settings(head(a), head(b))) return false;
  return starts_with(payload(a).data(), payload(b));
}

bool Bodies::equal(Handle a, Handle b) const {
  return a == b || (equal_but_cookie(a, b) && head(a).cookie == head(b).cookie);
}

bool Bodies::equal(Handle a, const BodyView& b) const {
  if (a == 0) return false;
  const BodyHead& mine = head(a);
  if (!same_settings(mine, b.head) || mine.cookie != b.head.cookie) return false;
  const std::uint8_t* at = payload(a).data();
  if (b.has_prefix) {
    if (!starts_with(at, b.prefix)) return false;
    at += sizeof b.prefix;
  }
  return starts_with(at, b.payload) && starts_with(at + b.payload.size(), b.payload2);
}

}  // namespace sluice
