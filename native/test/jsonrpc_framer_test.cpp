// Framing and scanning: what a JSON-RPC stream is cut into, in whatever pieces it arrives.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/jsonrpc/framer.h"
#include "core/jsonrpc/scan.h"

using sluice::jsonrpc::Framer;
using sluice::jsonrpc::Message;
using sluice::jsonrpc::scan;

namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Feeds `text` in pieces of `size` bytes.
std::vector<std::string> frames(std::string_view text, std::size_t size) {
  Framer framer;
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size(); at += size) {
    const auto status = framer.feed(bytes(text.substr(at, size)), [&](std::string_view f) { out.emplace_back(f); });
    CHECK(status.ok());
  }
  return out;
}

bool refused(std::string_view text, std::size_t longest = Framer::kLongestFrame) {
  Framer framer(longest);
  return !framer.feed(bytes(text), [](std::string_view) {}).ok();
}

}  // namespace

TEST_CASE("a stream gives the same objects in any split") {
  const std::vector<std::string> objects = {
      R"({})",
      R"({"a":{"b":[1,{"c":2}]}})",
      R"({"text":"brackets } ] { [ inside"})",
      R"({"text":"an escaped quote \" and } and a backslash \\"})",
      R"({"\"}":"\\\\"})",
      "{\"utf8\":\"\xc3\xa4\xe2\x82\xac\"}",
  };
  std::string stream;
  for (const auto& object : objects) stream += object + " \r\n\t";
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    CAPTURE(size);
    CHECK(frames(stream, size) == objects);
  }
}

TEST_CASE("what is no stream of objects is refused") {
  for (const char* text : {"[1]", "null", "\"a\"", "}", "x{}", "{} garbage", "\x06\x00"}) {
    CAPTURE(text);
    CHECK(refused(text));
  }
  CHECK(refused(std::string(2'000, '[').insert(0, "{\"a\":")));
}

TEST_CASE("an object longer than the limit is refused, whole or not") {
  CHECK(refused(R"({"a":"0123456789"})", 10));
  CHECK(refused(R"({"a":"0123456789)", 10));
  CHECK_FALSE(refused(R"({"a":1}{"b":2}{"c":3})", 10));
}

TEST_CASE("scan finds the top-level members and only those") {
  const auto m =
      scan(R"( {"result" : {"id":1,"error":"x"}, "error":null, "id" : "a\"b", "other":[{"method":"no"}] } )");
  REQUIRE(m.has_value());
  CHECK(m->id == R"("a\"b")");
  CHECK(m->result == R"({"id":1,"error":"x"})");
  CHECK(m->is_reply());
  CHECK(m->has_id());
  CHECK_FALSE(m->has_error());
  CHECK(scan(R"({"id":null,"method":"update","params":[null,{}]})")->params == "[null,{}]");
  CHECK_FALSE(scan(R"({"id":null,"method":"update"})")->has_id());
  CHECK(scan("{}")->is_reply());
}

TEST_CASE("scan refuses what is no object of members") {
  for (const char* text : {"", "{", R"({"a"})", R"({"a":})", R"({a:1})", R"({"a":1,})", R"({"a":1 "b":2})",
                           R"({"a":[1})", R"({"a":"\)", R"({"a":1}})", R"({"id":1]})"}) {
    CAPTURE(text);
    CHECK_FALSE(scan(text).has_value());
  }
}
