// Whatever a peer sends must neither crash the JSON-RPC session nor depend on how the bytes are split.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/jsonrpc/session.h"

namespace {

struct Recorder final : sluice::jsonrpc::JsonRpcListener {
  std::string heard;
  void on_up() override { heard += "u;"; }
  void on_down(std::string_view reason) override { heard.append("d").append(reason).append(";"); }
  void on_reply(sluice::jsonrpc::RequestId id, bool good, std::string_view value) override {
    heard.append(good ? "r" : "e").append(std::to_string(id)).append(value).append(";");
  }
  void on_rejected(sluice::jsonrpc::RequestId id, std::string_view) override {
    heard.append("x").append(std::to_string(id)).append(";");
  }
  void on_notify(std::string_view method, std::string_view params) override {
    heard.append("n").append(method).append(params).append(";");
  }
};

std::string run(std::span<const std::uint8_t> bytes, std::size_t piece) {
  Recorder recorder;
  sluice::jsonrpc::JsonRpcSession session(recorder, 5'000);
  session.connected(0);
  session.request(1, R"("echo")", "[]");
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    session.received(bytes.subspan(at, std::min(piece, bytes.size() - at)), 1);
  }
  recorder.heard += session.wants_close() ? "close;" : "stay;";
  session.closed("end", 2);
  return recorder.heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> bytes(data, size);
  if (run(bytes, size) != run(bytes, 1 + data[0] % 7)) std::abort();
  return 0;
}
