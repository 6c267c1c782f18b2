// The batch reader: all of a batch or nothing of it.
#include <doctest/doctest.h>

#include "messages.h"

namespace sluice::test {

namespace {
std::string refusal(const ByteVector& batch) {
  std::vector<OwnerSet> sets;
  const Status status = read_batch(batch, sets);
  CHECK(sets.empty());
  return status.message();
}
}  // namespace

TEST_CASE("owner sets come out as they went in") {
  const ByteVector batch =
      Batch().owner(owner(1)).flow(1, output(2)).flow(2, output(3)).owner(owner(2)).owner(owner(3)).group(9).bytes();
  std::vector<OwnerSet> sets;
  REQUIRE(read_batch(batch, sets).ok());
  REQUIRE(sets.size() == 3);
  CHECK(sets[0].owner == owner(1));
  CHECK(sets[0].count == 2);
  CHECK(sets[1].messages.empty());
  CHECK(sets[2].count == 1);
  REQUIRE(read_batch({}, sets).ok());
  CHECK(sets.empty());
}

TEST_CASE("a batch cut anywhere but between messages is refused whole") {
  const ByteVector batch = Batch().owner(owner(1)).flow(1, output(2)).bytes();
  std::vector<OwnerSet> sets;
  for (std::size_t n = 1; n < batch.size(); ++n) {
    CHECK(read_batch(Bytes(batch).first(n), sets).ok() == (n == kMarkerSize));
  }
}

TEST_CASE("what has no place in a batch is refused with the byte where it stands") {
  CHECK(refusal(flow_message({owner(1), 0, 1, 1, {}, 0})).find("byte 0: message before") != std::string::npos);
  CHECK(refusal(Batch().owner(owner(1)).raw(flow_message({owner(2), 0, 1, 1, {}, 0})).bytes())
            .find("byte 16: flow mod's cookie names another owner") != std::string::npos);
  CHECK(refusal(Batch().owner(owner(1)).owner(owner(1)).bytes()).find("named twice") != std::string::npos);
  CHECK(refusal(Batch().owner(owner(1, 15)).bytes()).find("owner key") != std::string::npos);
  CHECK(refusal(Batch().owner(0).bytes()).find("owner key") != std::string::npos);
  CHECK(refusal(Batch().owner(owner(1)).raw({6, 0, 0, 8, 0, 0, 0, 0}).bytes()).find("type 0") != std::string::npos);
  ByteVector deletion = flow_message({owner(1), 0, 1, 1, {}, 0});
  deletion[25] = 3;
  CHECK(refusal(Batch().owner(owner(1)).raw(deletion).bytes()).find("not an ADD") != std::string::npos);
}

TEST_CASE("a message too long for a bundle is marked, not refused") {
  ByteVector huge(65520 - 64);
  Writer w(huge);
  w.u16(4);
  w.u16(static_cast<std::uint16_t>(huge.size()));
  const ByteVector batch = Batch().owner(owner(1)).flow(1, huge).bytes();
  std::vector<OwnerSet> sets;
  REQUIRE(read_batch(batch, sets).ok());
  CHECK(sets[0].oversized.size() == 65520);
}

}  // namespace sluice::test
