// FakeSwitch: an Open vSwitch as seen through an OpenFlow 1.5 connection, with the traps of its bundles: a message that
// fails to decode is left out of the bundle, an expired bundle is begun anew by the next ADD, a commit error undoes
// all. Several
// connections share the tables, each has its own bundles. Answers are kept in `to_engine`; faults are functions and
// flags set by the test.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/openflow/bundle.h"
#include "core/openflow/flow_mod.h"
#include "core/openflow/flow_monitor.h"
#include "core/openflow/group_mod.h"
#include "messages.h"

namespace sluice::test {

struct Refused {
  std::uint16_t type;
  std::uint16_t code;
};

class FakeSwitch {
 public:
  using Judge = std::function<std::optional<Refused>(const openflow::FlowMod&)>;

  // Takes whole messages off the front of what the engine has written on a connection; 0 is the main one.
  void feed(Bytes bytes, std::size_t wire = 0);
  // The connection is gone; tables stay.
  void disconnect(std::size_t wire = 0);
  void wipe() {
    flows.clear();
    groups.clear();
  }

  // What a monitor of it would tell: the flow mod that made the change, and why it went (`removed`).
  struct Change {
    openflow::FlowEvent event;
    std::uint8_t reason;
    ByteVector flow;
  };
  std::function<void(const Change&)> told;
  std::function<void(const ByteVector&)> forwarded;  // group mods

  // Somebody else's message, outside bundles.
  void by_hand(const ByteVector& message);

  Judge at_add;                    // decode errors
  Judge at_commit;                 // errors that show when the bundle commits
  bool lose_commit_reply = false;  // commits, says nothing
  int expire_before_commit = 0;    // bundles to lose between barrier and COMMIT
  int expire_while_adding = 0;     // bundles to lose half-way through their ADDs
  std::size_t flows_per_part = 7;  // of a dump
  std::uint32_t versions = 1u << 6;

  struct Flow {
    std::uint64_t cookie = 0;
    std::uint16_t idle_timeout_sec = 0;
    ByteVector oxm;
    ByteVector instructions;
  };
  using Key = std::pair<std::pair<std::uint8_t, std::uint16_t>, ByteVector>;  // table, priority, match
  std::map<Key, Flow> flows;
  std::map<std::uint32_t, ByteVector> groups;   // whole messages
  std::map<std::size_t, ByteVector> to_engine;  // by connection
  std::size_t ports = 4;
  std::vector<std::string> log;  // "open", "add", "barrier", "commit", "discard", "dump"
  std::size_t mods = 0;          // flow, group and meter mods applied or tried

 private:
  using Message = std::pair<openflow::Header, ByteVector>;
  void on_message(const openflow::Header& header, Bytes message);
  void on_bundle_control(const openflow::Header& header, Bytes message);
  void on_bundle_add(const openflow::Header& header, Bytes message);
  void on_multipart(const openflow::Header& header, Bytes message);
  [[nodiscard]] std::optional<Refused> apply(const openflow::Header& header, Bytes message);
  void commit(const openflow::Header& header, std::uint32_t id);
  void reply(openflow::Type type, std::uint32_t xid, const ByteVector& body);
  void error(std::uint32_t xid, Refused why);
  void dump_flows(std::uint32_t xid, std::uint8_t table);
  void dump_groups(std::uint32_t xid);
  void remember(openflow::FlowEvent event, std::uint8_t reason, const Key& key, const Flow& flow);
  void tell();

  void describe_ports(std::uint32_t xid);
  [[nodiscard]] ByteVector table_stats() const;  // the body of an OFPMP_TABLE part
  friend class FakeMonitor;

  struct Wire {
    std::map<std::uint32_t, std::vector<Message>> bundles;
    std::map<std::uint32_t, std::uint32_t> open_xids;
  };
  std::map<std::size_t, Wire> wires_;
  std::vector<std::pair<Key, std::optional<Flow>>> undo_;  // what the commit under way has replaced
  std::size_t wire_ = 0;                                   // the one that is being served
  std::vector<Change> changes_;
  std::vector<ByteVector> group_mods_;
};

}  // namespace sluice::test
