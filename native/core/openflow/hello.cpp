#include "core/openflow/hello.h"

namespace sluice::openflow {

namespace {
constexpr std::uint16_t kVersionBitmap = 1;  // OFPHET_VERSIONBITMAP
}

Hello decode_hello(Bytes message) {
  Hello hello;
  Reader r(message);
  hello.highest = r.u8();
  r.skip(kHeaderSize - 1);
  while (r.ok() && r.left() >= 4) {
    const std::uint16_t type = r.u16();
    const std::uint16_t length = r.u16();
    if (length < 4) break;
    Reader body(r.take(length - 4u));
    if (!r.ok()) break;
    // Later words of the bitmap stand for versions from 32 on; nobody has such.
    if (type == kVersionBitmap && body.left() >= 4) hello.versions = body.u32();
    const std::size_t pad = padded8(length) - length;
    r.skip(pad < r.left() ? pad : r.left());
  }
  return hello;
}

bool speaks_our_version(const Hello& hello) {
  if (hello.versions != 0) return (hello.versions >> kVersion & 1u) != 0;
  return hello.highest >= kVersion;
}

std::string version_list(const Hello& hello) {
  static constexpr const char* kNames[] = {"",           "OpenFlow10", "OpenFlow11", "OpenFlow12",
                                           "OpenFlow13", "OpenFlow14", "OpenFlow15"};
  const std::uint32_t versions = hello.versions != 0 ? hello.versions : (2u << (hello.highest & 15u)) - 1u;
  std::string list;
  for (std::uint32_t v = 1; v < 7; ++v) {
    if ((versions >> v & 1u) == 0) continue;
    if (!list.empty()) list += ", ";
    list += kNames[v];
  }
  return list;
}

void encode_hello(OutBuffer& out, std::uint32_t xid) {
  Writer w(out.extend(16));
  encode_header(w, Type::hello, 16, xid);
  w.u16(kVersionBitmap);
  w.u16(8);
  w.u32(1u << kVersion);
}

}  // namespace sluice::openflow
