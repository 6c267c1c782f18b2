// FakeMonitor: the connection over which the fake switch tells what changes in it, with Open vSwitch's habits: a
// refused request's error has a wrong xid, news of a change may come long after the answer to it, but before that to a
// barrier.
#pragma once

#include <string>
#include <vector>

#include "fake_switch.h"

namespace sluice::test {

// Tells of the switch as long as both live.
class FakeMonitor {
 public:
  explicit FakeMonitor(FakeSwitch& owner);
  void feed(Bytes bytes);
  void disconnect();
  void send(const ByteVector& message) { to_engine.insert(to_engine.end(), message.begin(), message.end()); }
  void update(const ByteVector& body) { reply(openflow::Type::multipart_reply, 0, body, true); }
  void pause() { event(5); }
  void resume() { event(6); }
  void release();  // what was held back

  bool refuses = false;        // has no monitors
  bool knows_counts = true;    // answers OFPMP_TABLE
  bool answers_counts = true;  // says anything to it
  bool late = false;           // holds news back until it has to tell it
  std::size_t told = 0;        // updates
  ByteVector to_engine;
  std::vector<std::string> log;  // "arm", "cancel", "barrier", "counts"
  [[nodiscard]] std::size_t count(const std::string& what) const;

 private:
  void on_message(const openflow::Header& header, Bytes message);
  void on_multipart(const openflow::Header& header, Bytes message);
  void reply(openflow::Type type, std::uint32_t xid, const ByteVector& body, bool part = false);
  void error(std::uint32_t xid);
  void event(std::uint16_t kind);
  void tell(const FakeSwitch::Change& change);

  FakeSwitch& switch_;
  bool armed_ = false;
  bool forwarding_ = false;
  ByteVector held_;
};

}  // namespace sluice::test
