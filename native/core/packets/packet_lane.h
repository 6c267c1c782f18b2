// PacketLane: the OpenFlow connection for what flows cannot do: packets handed to us, packets of ours, connections to
// be forgotten. It shares nothing with the lanes that commit, so no flood of packets delays a commit. Neighbours:
// openflow/session.h is its connection; native/addon is its listener. Invariant: both directions are bounded and what
// does not fit is counted: a packet-in is dropped while kMaxUndelivered wait for JavaScript, a packet-out while
// kMaxOutput bytes wait for the switch or there is no switch.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/openflow/ct_flush.h"
#include "core/openflow/packet_in.h"
#include "core/openflow/packet_out.h"
#include "core/openflow/session.h"

namespace sluice {

struct PacketCounts {
  std::uint64_t received = 0;          // handed to the listener
  std::uint64_t received_dropped = 0;  // no room
  std::uint64_t malformed = 0;
  std::uint64_t sent = 0;
  std::uint64_t sent_dropped = 0;  // no room or no switch
  std::uint64_t refused = 0;       // by the switch
  std::uint64_t flushed = 0;       // connections asked to be forgotten
};

// Called on the I/O thread from inside lane or session calls; views are valid during the call. Must not call back.
class PacketListener {
 public:
  virtual ~PacketListener() = default;
  virtual void on_lane_up() = 0;
  virtual void on_lane_down(std::string_view reason) = 0;
  // It counts among PacketLane::undelivered() from now until the receiver takes one off.
  virtual void on_packet_in(const openflow::PacketIn& packet) = 0;
  // Every flush() that was taken ends here once. `refused` of its messages the switch refused, for the reason `error`.
  virtual void on_flushed(std::uint64_t request_id, const Status& status, std::size_t refused,
                          std::string_view error) = 0;
};

// Lives on the I/O thread but for what undelivered() points to. The listener outlives it.
class PacketLane final : private openflow::MessageSink {
 public:
  static constexpr std::size_t kMaxUndelivered = 256;
  static constexpr std::size_t kMaxOutput = std::size_t{1} << 20;
  static constexpr std::size_t kMaxPacket = 2048;  // what more there is of a packet is left behind
  static constexpr std::size_t kMaxFlush = 4096;   // connections in one request
  static constexpr Millis kPatience = 60'000;      // for the answer to a flush, while echoes still come

  explicit PacketLane(PacketListener& listener) : listener_(listener), session_(*this) {}

  [[nodiscard]] Session& session() { return session_; }
  [[nodiscard]] bool up() const { return session_.up(); }

  // False: dropped and counted.
  bool send(const openflow::PacketOut& packet);
  Status flush(std::uint64_t request_id, const std::vector<openflow::ConnectionTuple>& tuples, Millis now);
  [[nodiscard]] const PacketCounts& counts() const { return counts_; }

  // Packets on their way to JavaScript; shared, since one may arrive there after the lane has gone. Any thread.
  [[nodiscard]] const std::shared_ptr<std::atomic<std::size_t>>& undelivered() const { return undelivered_; }

 private:
  struct Flush {
    std::uint64_t request_id = 0;
    std::uint32_t first_xid = 0;
    std::uint32_t barrier_xid = 0;
    std::size_t refused = 0;
    std::string error;
    Millis since = 0;
  };

  void on_session_up(const openflow::Features& features, Millis now) override;
  void on_message(const openflow::Header& header, Bytes message, Millis now) override;
  void on_session_down(std::string_view reason, Millis now) override;
  void on_writable(Millis) override {}
  void on_tick(Millis now) override;
  [[nodiscard]] Millis sink_deadline() const override;

  void on_packet_in(Bytes message);
  void on_error(std::uint32_t xid, Bytes message);
  void on_barrier_reply(std::uint32_t xid);

  PacketListener& listener_;
  openflow::OpenFlowSession session_;
  std::shared_ptr<std::atomic<std::size_t>> undelivered_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::deque<Flush> flushes_;  // in the order in which their barriers are answered
  PacketCounts counts_;
};

}  // namespace sluice
