// BulkLanes: the connections that large changes go over, so that small ones, which use the main connection, never wait
// behind them. vswitchd takes 50 messages of a connection in a turn of its main loop and a turn costs O(ports), so how
// many there are follows the number of ports, which the switch is asked for when the main connection stands and when a
// load begins. They stand as long as the main one: vswitchd accepts one connection a turn, so that 32 of them would
// come too late for most loads. Neighbours: the committer sends over the lanes that stand; native/core/io dials those
// that are wanted. Invariant: a load never waits for a lane to stand; until one does it goes over the main connection.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/openflow/multipart.h"
#include "core/openflow/session.h"

namespace sluice {

// Measured with Open vSwitch 3.1: 4 connections are the fastest up to some 50 ports (one costs the switch 5 to 9 % more
// a flow, for it reads 50 messages a turn and a turn costs something even without ports), 8 at a few hundred, 32 at
// 1,000.
[[nodiscard]] constexpr std::size_t lanes_for(std::size_t ports) {
  return ports <= 50 ? 4 : ports <= 500 ? 8 : ports < 800 ? 16 : 32;
}

// All lanes may have a commit in one turn of the switch's main loop: together they may stall it as long as one would.
// With few ports a turn is nothing but these commits, so they are smaller; with many each turn should bring a lot. On
// one lane larger slices cost the switch more a flow: it holds what is under way, and that should stay in its caches.
[[nodiscard]] constexpr std::size_t slice_for(std::size_t lanes) {
  const std::size_t in_one_turn = lanes <= lanes_for(0) ? 1000 : 4000;
  constexpr std::size_t kLeast = 125;
  constexpr std::size_t kMost = 500;
  const std::size_t share = in_one_turn / (lanes == 0 ? 1 : lanes);
  return share < kLeast ? kLeast : share > kMost ? kMost : share;
}

class LaneEvents {
 public:
  virtual ~LaneEvents() = default;
  virtual void on_lane_up(Millis now) = 0;
  virtual void on_lane_message(openflow::OpenFlowSession& lane, const openflow::Header& header, Bytes message,
                               Millis now) = 0;
  virtual void on_lane_down(openflow::OpenFlowSession& lane, std::string_view reason, Millis now) = 0;
  virtual void on_lane_writable(Millis now) = 0;
};

// Lives on the I/O thread; owns the lanes' sessions, borrows the main one.
class BulkLanes {
 public:
  static constexpr std::size_t kMost = 32;

  BulkLanes(LaneEvents& events, openflow::OpenFlowSession& main);

  // Asks for the ports and wants as many lanes as they call for, or more until fit(): a load may be under way on them.
  void ask();
  void fit() { want(lanes_for(ports_)); }
  bool on_part(std::uint32_t xid, const openflow::MultipartPart& part);
  bool on_error(std::uint32_t xid);
  void main_lost() { asked_xid_ = 0; }  // no answer will come any more
  void rest() { want(0); }

  [[nodiscard]] const std::vector<openflow::OpenFlowSession*>& standing() const { return standing_; }
  [[nodiscard]] std::vector<Session*> sessions();
  [[nodiscard]] std::size_t ports() const { return ports_; }
  [[nodiscard]] std::size_t wanted() const { return wanted_; }
  [[nodiscard]] bool awaited() const { return asked_xid_ != 0 || wanted_ > standing_.size(); }

 private:
  struct Lane final : openflow::MessageSink {
    explicit Lane(BulkLanes& all) : lanes(all) { session.want(false); }
    void on_session_up(const openflow::Features& features, Millis now) override;
    void on_message(const openflow::Header& header, Bytes message, Millis now) override;
    void on_session_down(std::string_view reason, Millis now) override;
    void on_writable(Millis now) override { lanes.events_.on_lane_writable(now); }
    void on_tick(Millis) override {}
    [[nodiscard]] Millis sink_deadline() const override { return kNever; }

    BulkLanes& lanes;
    openflow::OpenFlowSession session{*this};
  };

  void want(std::size_t count);

  LaneEvents& events_;
  openflow::OpenFlowSession& main_;
  std::array<std::unique_ptr<Lane>, kMost> lanes_;
  std::vector<openflow::OpenFlowSession*> standing_;
  std::uint32_t asked_xid_ = 0;  // of the question for ports that is open; 0: none
  std::size_t counted_ = 0;      // of the answer that is coming in
  std::size_t ports_ = 0;
  std::size_t wanted_ = 0;
};

}  // namespace sluice
