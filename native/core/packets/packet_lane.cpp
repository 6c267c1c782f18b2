#include "core/packets/packet_lane.h"

#include <algorithm>
#include <utility>

#include "core/openflow/barrier.h"
#include "core/openflow/error.h"

namespace sluice {

bool PacketLane::send(const openflow::PacketOut& packet) {
  const bool fits = packet_out_size(packet) <= openflow::kMaxMessage;
  if (!session_.up() || !fits || session_.output().size() + packet_out_size(packet) > kMaxOutput) {
    ++counts_.sent_dropped;
    return false;
  }
  encode_packet_out(session_.output(), packet, session_.next_xid());
  ++counts_.sent;
  return true;
}

Status PacketLane::flush(std::uint64_t request_id, const std::vector<openflow::ConnectionTuple>& tuples, Millis now) {
  if (!session_.up()) return {StatusCode::unavailable, "the switch is not connected"};
  if (tuples.size() > kMaxFlush) {
    return {StatusCode::refused, "more than " + std::to_string(kMaxFlush) + " connections in one request"};
  }
  const auto n = static_cast<std::uint32_t>(tuples.size());
  const std::uint32_t first = session_.take_xids(n + 1);
  for (std::uint32_t i = 0; i < n; ++i) encode_ct_flush(session_.output(), tuples[i], first + i);
  openflow::encode_barrier_request(session_.output(), first + n);
  counts_.flushed += n;
  flushes_.push_back({request_id, first, first + n, 0, {}, now});
  return {};
}

void PacketLane::on_session_up(const openflow::Features&, Millis) {
  const std::uint32_t xid = session_.take_xids(2);
  openflow::encode_packet_in_request(session_.output(), xid, xid + 1);
  listener_.on_lane_up();
}

void PacketLane::on_session_down(std::string_view reason, Millis) {
  for (const Flush& lost : std::exchange(flushes_, {})) {
    listener_.on_flushed(lost.request_id, {StatusCode::unavailable, std::string(reason)}, 0, {});
  }
  listener_.on_lane_down(reason);
}

void PacketLane::on_message(const openflow::Header& header, Bytes message, Millis) {
  if (is_packet_in(header, message)) return on_packet_in(message);
  if (header.type == openflow::Type::error) return on_error(header.xid, message);
  if (header.type == openflow::Type::barrier_reply) return on_barrier_reply(header.xid);
  // Port states and removed flows come unasked with SET_CONFIG; other lanes and the database tell those.
}

void PacketLane::on_packet_in(Bytes message) {
  openflow::PacketIn packet;
  if (!decode_packet_in(message, packet).ok()) {
    ++counts_.malformed;
    return;
  }
  if (undelivered_->load(std::memory_order_relaxed) >= kMaxUndelivered) {
    ++counts_.received_dropped;
    return;
  }
  packet.packet = packet.packet.first(std::min(packet.packet.size(), kMaxPacket));
  undelivered_->fetch_add(1, std::memory_order_relaxed);
  ++counts_.received;
  listener_.on_packet_in(packet);
}

void PacketLane::on_error(std::uint32_t xid, Bytes message) {
  const auto error = openflow::decode_error(message);
  if (!error) return;
  for (Flush& flush : flushes_) {
    if (xid - flush.first_xid >= flush.barrier_xid - flush.first_xid) continue;
    if (flush.refused++ == 0) flush.error = error_name(*error);
    return;
  }
  ++counts_.refused;
}

void PacketLane::on_barrier_reply(std::uint32_t xid) {
  if (flushes_.empty() || flushes_.front().barrier_xid != xid) return;
  const Flush done = std::move(flushes_.front());
  flushes_.pop_front();
  listener_.on_flushed(done.request_id, {}, done.refused, done.error);
}

Millis PacketLane::sink_deadline() const { return flushes_.empty() ? kNever : flushes_.front().since + kPatience; }

void PacketLane::on_tick(Millis now) {
  if (now >= sink_deadline()) session_.fail("the switch did not answer a barrier in 60 s");
}

}  // namespace sluice
