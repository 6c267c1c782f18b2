// PacketLaneHost: the half of a PacketLaneObject that lives on the I/O thread: the lane, its connection, and the
// listener that turns what the lane says into deliveries for JavaScript.
// Neighbours: core/packets/packet_lane.h, core/io/connection.h; packet_lane_object.h is the other half.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "addon/dial_reporter.h"
#include "addon/outbox.h"
#include "addon/promise_desk.h"
#include "core/io/connection.h"
#include "core/io/loop.h"
#include "core/packets/packet_lane.h"

namespace sluice::addon {

// Made on the JavaScript thread, used and destroyed on the I/O thread. `desk` is touched by deliveries only, which run
// on the JavaScript thread; loop, outbox and desk outlive the host.
class PacketLaneHost final : public PacketListener {
 public:
  PacketLaneHost(io::Loop& loop, Outbox& outbox, PromiseDesk& desk);

  void connect(const io::Remote& remote);
  void send(const std::vector<std::uint8_t>& oxm, const std::vector<std::uint8_t>& actions,
            const std::vector<std::uint8_t>& packet);
  void flush(Ticket ticket, const std::vector<openflow::ConnectionTuple>& tuples);
  void counts(Ticket ticket);

  void on_lane_up() override;
  void on_lane_down(std::string_view reason) override;
  void on_packet_in(const openflow::PacketIn& packet) override;
  void on_flushed(std::uint64_t request_id, const Status& status, std::size_t refused, std::string_view error) override;

 private:
  void down(std::string_view reason);
  void refuse(Ticket ticket, const Status& status);

  io::Loop& loop_;
  Outbox& outbox_;
  PromiseDesk& desk_;
  PacketLane lane_;
  DialReporter dial_reporter_;
  std::optional<io::Connection> connection_;  // last: it uses the lane's session
};

}  // namespace sluice::addon
