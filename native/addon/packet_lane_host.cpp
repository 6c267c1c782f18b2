#include "addon/packet_lane_host.h"

#include <memory>
#include <string>
#include <utility>

#include "addon/status_code.h"
#include "addon/values.h"

namespace sluice::addon {
namespace {

// What is left of a packet-in when its message is gone.
struct KeptPacket {
  openflow::PacketIn in;
  std::vector<std::uint8_t> userdata;
  std::vector<std::uint8_t> packet;
  std::vector<std::uint8_t> tunnel_source;
};

std::vector<std::uint8_t> copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

Napi::Object packet_event(Napi::Env env, const KeptPacket& kept) {
  Napi::Object object = event(env, "packet");
  object.Set("table", number(env, kept.in.table));
  object.Set("owner", number(env, kept.in.cookie >> 24));
  object.Set("inPort", number(env, kept.in.in_port));
  const Napi::Array registers = Napi::Array::New(env, kept.in.registers.size());
  for (std::uint32_t i = 0; i < kept.in.registers.size(); ++i) registers.Set(i, number(env, kept.in.registers[i]));
  object.Set("registers", registers);
  if (!kept.tunnel_source.empty()) object.Set("tunnelSource", to_js(env, kept.tunnel_source));
  object.Set("userdata", to_js(env, kept.userdata));
  object.Set("packet", to_js(env, kept.packet));
  object.Set("fullLength", number(env, kept.in.full_length));
  return object;
}

}  // namespace

PacketLaneHost::PacketLaneHost(io::Loop& loop, Outbox& outbox, PromiseDesk& desk)
    : loop_(loop), outbox_(outbox), desk_(desk), lane_(*this), dial_reporter_([this](std::string_view reason) {
        down(reason);
      }) {}

void PacketLaneHost::connect(const io::Remote& remote) {
  if (connection_) connection_->hang_up("another remote was chosen", loop_.now());
  dial_reporter_.reset();
  connection_.emplace(loop_, remote, lane_.session(), &dial_reporter_);
}

void PacketLaneHost::send(const std::vector<std::uint8_t>& oxm, const std::vector<std::uint8_t>& actions,
                          const std::vector<std::uint8_t>& packet) {
  (void)lane_.send({oxm, actions, packet});  // what is dropped is counted
}

void PacketLaneHost::flush(Ticket ticket, const std::vector<openflow::ConnectionTuple>& tuples) {
  if (const Status status = lane_.flush(ticket, tuples, loop_.now()); !status.ok()) refuse(ticket, status);
}

void PacketLaneHost::counts(Ticket ticket) {
  outbox_.push([this, ticket, counts = lane_.counts()](Napi::Env env, Napi::Array) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("received", number(env, counts.received));
    object.Set("receivedDropped", number(env, counts.received_dropped));
    object.Set("malformed", number(env, counts.malformed));
    object.Set("sent", number(env, counts.sent));
    object.Set("sentDropped", number(env, counts.sent_dropped));
    object.Set("refused", number(env, counts.refused));
    object.Set("flushed", number(env, counts.flushed));
    desk_.settle(ticket, object);
  });
}

void PacketLaneHost::refuse(Ticket ticket, const Status& status) {
  outbox_.push([this, ticket, status](Napi::Env env, Napi::Array) {
    desk_.refuse(env, ticket, code_of(status), status.message());
  });
}

void PacketLaneHost::on_lane_up() {
  dial_reporter_.reset();
  outbox_.push([](Napi::Env env, Napi::Array events) { append(events, event(env, "up")); });
}

void PacketLaneHost::on_lane_down(std::string_view reason) { dial_reporter_.dial_failed(reason); }

void PacketLaneHost::down(std::string_view reason) {
  outbox_.push([reason = std::string(reason)](Napi::Env env, Napi::Array events) {
    Napi::Object gone = event(env, "down");
    gone.Set("reason", to_js(env, std::string_view(reason)));
    append(events, gone);
  });
}

void PacketLaneHost::on_packet_in(const openflow::PacketIn& packet) {
  // Shared, since a std::function is copyable and a packet need not be.
  auto kept =
      std::make_shared<KeptPacket>(packet, copy(packet.userdata), copy(packet.packet), copy(packet.tunnel_source));
  outbox_.push([kept, undelivered = lane_.undelivered()](Napi::Env env, Napi::Array events) {
    undelivered->fetch_sub(1, std::memory_order_relaxed);
    append(events, packet_event(env, *kept));
  });
}

void PacketLaneHost::on_flushed(std::uint64_t request_id, const Status& status, std::size_t refused,
                                std::string_view error) {
  if (!status.ok()) return refuse(request_id, status);
  outbox_.push([this, request_id, refused, error = std::string(error)](Napi::Env env, Napi::Array) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("refused", number(env, refused));
    if (!error.empty()) object.Set("error", to_js(env, std::string_view(error)));
    desk_.settle(request_id, object);
  });
}

}  // namespace sluice::addon
