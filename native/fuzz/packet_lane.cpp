// libFuzzer target: whatever a switch sends on the packet lane, in whatever pieces, is delivered, counted or skipped,
// and what is delivered lies inside the message. The first byte is the size of the pieces.
#include "core/packets/packet_lane.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

struct Reader final : sluice::PacketListener {
  void on_lane_up() override {}
  void on_lane_down(std::string_view) override {}
  void on_packet_in(const sluice::openflow::PacketIn& packet) override {
    unsigned sum = 0;
    for (const auto part : {packet.packet, packet.userdata, packet.tunnel_source}) {
      for (const std::uint8_t byte : part) sum += byte;
    }
    check(sum != ~0u && packet.packet.size() <= sluice::PacketLane::kMaxPacket);
    check(packet.full_length >= packet.packet.size());
    ++waiting;
  }
  void on_flushed(std::uint64_t, const sluice::Status&, std::size_t refused, std::string_view) override {
    check(refused <= 3);
    ++flushed;
  }
  std::size_t waiting = 0;
  std::size_t flushed = 0;
};

// Hello with OpenFlow 1.5 and a features reply: what the fuzzer would spend its day to find.
constexpr std::uint8_t kHandshake[] = {6, 0, 0, 16, 0,   0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 0x40,  //
                                       6, 6, 0, 32, 0,   0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7,
                                       0, 0, 0, 0,  254, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = data[0] % 64 + 1u;
  std::span<const std::uint8_t> bytes(data + 1, size - 1);
  Reader reader;
  sluice::PacketLane lane(reader);
  sluice::Session& session = lane.session();
  sluice::Millis now = 1;
  session.connected(now);
  session.received(kHandshake, now);
  check(lane.flush(1, std::vector<sluice::openflow::ConnectionTuple>(3), now).ok());
  while (!bytes.empty() && !session.wants_close()) {
    const std::size_t n = piece < bytes.size() ? piece : bytes.size();
    session.received(bytes.first(n), ++now);
    bytes = bytes.subspan(n);
    check(reader.waiting <= sluice::PacketLane::kMaxUndelivered);
    session.output().consume(session.output().size());
    session.drained(now);
  }
  session.closed("end", now);
  check(reader.flushed == 1);
  return 0;
}
