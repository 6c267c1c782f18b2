// The JSON-RPC session without a socket: echo, matching, rejection, probing.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/jsonrpc/session.h"

using sluice::kNever;
using sluice::Millis;
using sluice::jsonrpc::JsonRpcListener;
using sluice::jsonrpc::JsonRpcSession;
using sluice::jsonrpc::RequestId;

namespace {

struct Recorder final : JsonRpcListener {
  std::vector<std::string> heard;
  void on_up() override { heard.emplace_back("up"); }
  void on_down(std::string_view reason) override { heard.push_back("down: " + std::string(reason)); }
  void on_reply(RequestId id, bool good, std::string_view value) override {
    heard.push_back((good ? "result " : "error ") + std::to_string(id) + " " + std::string(value));
  }
  void on_rejected(RequestId id, std::string_view reason) override {
    heard.push_back("rejected " + std::to_string(id) + " " + std::string(reason));
  }
  void on_notify(std::string_view method, std::string_view params) override {
    heard.push_back("notify " + std::string(method) + " " + std::string(params));
  }
};

struct Fixture {
  Recorder recorder;
  JsonRpcSession session{recorder, 5'000};

  void receive(std::string_view text, Millis now = 0) {
    session.received({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, now);
  }
  std::string sent() {
    const auto data = session.output().data();
    std::string text(data.begin(), data.end());
    session.output().clear();
    return text;
  }
};

using Heard = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "replies find their requests, in any order") {
  session.connected(0);
  session.request(1, R"("transact")", R"(["db"])");
  session.request(2, R"("list_dbs")", "[]");
  CHECK(sent() == R"({"id":1,"method":"transact","params":["db"]}{"id":2,"method":"list_dbs","params":[]})");
  receive(
      R"({"id":2,"result":["a"],"error":null}{"error":"oops","id":1,"result":null}{"id":1,"result":0,"error":null})");
  CHECK(recorder.heard == Heard{"up", R"(result 2 ["a"])", R"(error 1 "oops")"});
}

TEST_CASE_FIXTURE(Fixture, "the peer's echo is answered with its own id and params") {
  session.connected(0);
  receive(R"({"method":"echo","params":["x",{}],"id":"echo"}{"id":[1],"method":"echo"})");
  CHECK(sent() == R"({"id":"echo","result":["x",{}],"error":null}{"id":[1],"result":[],"error":null})");
  CHECK(recorder.heard == Heard{"up"});
}

TEST_CASE_FIXTURE(Fixture, "notifications are handed on, unknown calls are answered with an error") {
  session.connected(0);
  receive(R"({"id":null,"method":"update3","params":[1]}{"method":"locked","params":["l"]}{"id":7,"method":"steal"})");
  CHECK(recorder.heard == Heard{"up", R"(notify "update3" [1])", R"(notify "locked" ["l"])"});
  CHECK(sent() == R"({"id":7,"result":null,"error":"unknown method"})");
}

TEST_CASE_FIXTURE(Fixture, "what is outstanding is rejected when the stream goes, what comes later at once") {
  session.connected(0);
  session.request(1, R"("a")", "[]");
  session.request(2, R"("b")", "[]");
  session.closed("gone", 1);
  session.request(3, R"("c")", "[]");
  CHECK(recorder.heard == Heard{"up", "down: gone", "rejected 1 gone", "rejected 2 gone", "rejected 3 not connected"});
  session.connected(2);
  CHECK(sent().empty());
  receive(R"({"id":1,"result":"late","error":null})");
  CHECK(recorder.heard.back() == "up");
}

TEST_CASE_FIXTURE(Fixture, "a stream that turns to garbage is closed and starts afresh") {
  session.connected(0);
  receive(R"({"id":1,"result":0)");
  CHECK_FALSE(session.wants_close());
  receive("}]");
  CHECK(session.wants_close());
  session.closed("closed by the session", 1);
  CHECK(recorder.heard.back() == "down: the peer does not speak JSON-RPC");
  session.connected(2);
  CHECK_FALSE(session.wants_close());
  receive(R"({"method":"n","params":[]})");
  CHECK(recorder.heard.back() == R"(notify "n" [])");
}

TEST_CASE_FIXTURE(Fixture, "a silent peer is probed, then given up; any sign of life is enough") {
  CHECK(session.deadline() == kNever);
  session.connected(1'000);
  CHECK(session.deadline() == 6'000);
  session.tick(6'000);
  CHECK(sent() == R"({"id":"probe","method":"echo","params":[]})");
  receive(R"({"id":"probe","result":[],"error":null})", 6'001);
  CHECK(session.deadline() == 11'001);
  session.tick(11'001);
  session.tick(11'002);
  CHECK_FALSE(session.wants_close());
  session.tick(16'001);
  CHECK(session.wants_close());
  CHECK(recorder.heard == Heard{"up"});
}

TEST_CASE("a control socket is never probed") {
  Recorder recorder;
  JsonRpcSession session(recorder, kNever);
  session.connected(0);
  CHECK(session.deadline() == kNever);
}
