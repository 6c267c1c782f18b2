// Suspects: flows, groups and meters of which the switch told something that is not what we believe. Most are our own
// changes whose news came late: what a suspect really is, is known when the switch has said all it has to say (a
// barrier on the monitor's connection) and nothing of ours was sent for it since that was asked. What then still
// differs, somebody else did. Neighbours: monitor.h tells, flow_store.h believes, drift.h decides when to ask and when
// to judge.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/openflow/flow_monitor.h"
#include "core/store/flow_store.h"

namespace sluice {

// Lives on the I/O thread; borrows the store.
class Suspects {
 public:
  static constexpr std::size_t kMost = 4'000;

  explicit Suspects(FlowStore& store) : store_(store) {}

  // An added, modified or removed flow. False: there are too many to keep this one.
  [[nodiscard]] bool hear(const openflow::FlowUpdate& update, DifferenceSink& sink);
  // A group or meter that was made into this, or deleted (none).
  [[nodiscard]] bool hear(const KeyView& key, const BodyView* body);
  [[nodiscard]] bool empty() const { return told_.empty(); }
  [[nodiscard]] std::size_t size() const { return told_.size(); }

  // Right before the switch is asked. False: no answer could be judged, all are under way.
  [[nodiscard]] bool ask();
  // When it has answered: acquits, or corrects the store. What was sent meanwhile stays a suspect. True: a group or
  // meter is not as believed; since a mod is not what it makes of them, they are to be read.
  [[nodiscard]] bool judge(DifferenceSink& sink);
  void forget();

 private:
  // The last that was told of a flow.
  struct Told {
    bool there = false;
    BodyHead head;
    std::vector<std::uint8_t> payload;
  };
  [[nodiscard]] bool keep(Index entry, const KeyView& key, bool there, const BodyView& body);
  [[nodiscard]] bool as_believed(Index entry, bool there, const BodyView& body) const;
  [[nodiscard]] static Told copy(bool there, const BodyView& body);

  FlowStore& store_;
  std::unordered_map<Index, Told> told_;
};

}  // namespace sluice
