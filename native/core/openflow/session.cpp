#include "core/openflow/session.h"

#include <algorithm>
#include <utility>

#include "core/openflow/echo.h"
#include "core/openflow/error.h"
#include "core/openflow/hello.h"

namespace sluice::openflow {

namespace {

// What a person has to do, in the sentence that says what is wrong.
std::string version_refused(const std::string& theirs) {
  std::string text = "the bridge does not speak OpenFlow 1.5";
  if (!theirs.empty()) text += " (it speaks " + theirs + ")";
  return text +
         "; add OpenFlow15 to the bridge's `protocols` column: ovs-vsctl add bridge <bridge> protocols OpenFlow15";
}

}  // namespace

std::uint32_t OpenFlowSession::take_xids(std::uint32_t n) {
  if (xid_ == 0 || xid_ + n < xid_) xid_ = 1;
  const std::uint32_t first = xid_;
  xid_ += n;
  return first;
}

void OpenFlowSession::connected(Millis now) {
  out_.clear();
  partial_.clear();
  failure_.clear();
  probing_ = false;
  began_ = heard_ = now;
  phase_ = Phase::hello;
  encode_hello(out_, next_xid());
}

void OpenFlowSession::closed(std::string_view reason, Millis now) {
  const std::string why = failure_.empty() ? std::string(reason) : failure_;
  out_.clear();
  partial_.clear();
  failure_.clear();
  phase_ = Phase::closed;
  sink_.on_session_down(why, now);
}

void OpenFlowSession::fail(std::string reason) {
  if (failure_.empty()) failure_ = std::move(reason);
}

void OpenFlowSession::received(Bytes bytes, Millis now) {
  heard_ = now;
  probing_ = false;
  if (partial_.empty()) {
    const std::size_t used = parse(bytes, now);
    if (!wants_close()) partial_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
    return;
  }
  partial_.insert(partial_.end(), bytes.begin(), bytes.end());
  // The sink may not touch partial_: messages are parsed from a local, so that a closing session cannot pull it away.
  std::vector<std::uint8_t> all = std::exchange(partial_, {});
  const std::size_t used = parse(all, now);
  if (wants_close()) return;
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(used));
  partial_ = std::move(all);
}

std::size_t OpenFlowSession::parse(Bytes bytes, Millis now) {
  std::size_t at = 0;
  while (!wants_close()) {
    const auto header = decode_header(bytes.subspan(at));
    if (!header) break;
    if (header->length < kHeaderSize) {
      fail("the switch sent a message of length " + std::to_string(header->length) + ", less than its own header");
      break;
    }
    if (header->length > bytes.size() - at) break;
    dispatch(*header, bytes.subspan(at, header->length), now);
    at += header->length;
  }
  return at;
}

void OpenFlowSession::dispatch(const Header& header, Bytes message, Millis now) {
  if (header.type == Type::hello) {
    if (phase_ == Phase::hello) on_hello(message);
    return;
  }
  if (header.type == Type::error && phase_ != Phase::up) return on_error_before_up(message);
  // Before the hello only hello and error have a meaning, and another version's numbers mean other things.
  if (phase_ == Phase::hello || header.version != kVersion) return;
  if (header.type == Type::echo_request) return encode_echo_reply(out_, header, message);
  if (header.type == Type::echo_reply) return;
  if (phase_ == Phase::features) {
    if (header.type == Type::features_reply) on_features(message, now);
    return;
  }
  sink_.on_message(header, message, now);
}

void OpenFlowSession::on_hello(Bytes message) {
  const Hello hello = decode_hello(message);
  if (!speaks_our_version(hello)) return fail(version_refused(version_list(hello)));
  phase_ = Phase::features;
  encode_features_request(out_, next_xid());
}

void OpenFlowSession::on_error_before_up(Bytes message) {
  const auto error = decode_error(message);
  if (!error) return fail("the switch sent an error that does not parse before its hello");
  if (error->type == kErrorHelloFailed) return fail(version_refused({}));
  fail("the switch refused the connection: " + error_name(*error));
}

void OpenFlowSession::on_features(Bytes message, Millis now) {
  const auto features = decode_features_reply(message);
  if (!features) return fail("the switch sent a features reply that does not parse");
  phase_ = Phase::up;
  sink_.on_session_up(*features, now);
}

void OpenFlowSession::drained(Millis now) {
  if (up() && !wants_close()) sink_.on_writable(now);
}

Millis OpenFlowSession::deadline() const {
  if (!open() || wants_close()) return kNever;
  const Millis liveness = heard_ + kProbeAfter + (probing_ ? kGiveUpAfter : 0);
  return std::min(liveness, up() ? sink_.sink_deadline() : began_ + kProbeAfter + kGiveUpAfter);
}

void OpenFlowSession::tick(Millis now) {
  if (!open() || wants_close()) return;
  if (probing_ && now - heard_ >= kProbeAfter + kGiveUpAfter) {
    return fail("the switch did not answer for " + std::to_string((now - heard_) / 1000) + " s");
  }
  // One that answers echoes, but never what it is.
  if (!up() && now - began_ >= kProbeAfter + kGiveUpAfter) {
    return fail("the switch did not finish the handshake in " + std::to_string((now - began_) / 1000) + " s");
  }
  if (!probing_ && now - heard_ >= kProbeAfter) {
    probing_ = true;
    // Before the handshake is done there is nothing to probe with, but the same patience applies.
    if (phase_ != Phase::hello) encode_echo_request(out_, next_xid());
  }
  if (up() && now >= sink_.sink_deadline()) sink_.on_tick(now);
}

}  // namespace sluice::openflow
