// Reader: bounds-checked big-endian reads over a span. A read past the end returns zeros and makes ok() false for good,
// so a decoder reads a whole structure and asks once.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sluice {

using Bytes = std::span<const std::uint8_t>;

template <typename T>
[[nodiscard]] inline T load_big_endian(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(value));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(value));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(value));
  return value;
}
static_assert(std::endian::native == std::endian::little, "loads and stores swap unconditionally");

// Does not own the bytes; valid as long as they are.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t position() const { return at_; }

  [[nodiscard]] std::uint8_t u8() { return read<std::uint8_t>(); }
  [[nodiscard]] std::uint16_t u16() { return read<std::uint16_t>(); }
  [[nodiscard]] std::uint32_t u32() { return read<std::uint32_t>(); }
  [[nodiscard]] std::uint64_t u64() { return read<std::uint64_t>(); }

  [[nodiscard]] Bytes take(std::size_t n) {
    if (!claim(n)) return {};
    return bytes_.subspan(at_ - n, n);
  }
  [[nodiscard]] Bytes rest() { return take(left()); }
  void skip(std::size_t n) { (void)claim(n); }

 private:
  [[nodiscard]] bool claim(std::size_t n) {
    if (!ok_ || n > left()) {
      ok_ = false;
      at_ = bytes_.size();
      return false;
    }
    at_ += n;
    return true;
  }

  template <typename T>
  [[nodiscard]] T read() {
    if (!claim(sizeof(T))) return 0;
    return load_big_endian<T>(bytes_.data() + at_ - sizeof(T));
  }

  Bytes bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

// OpenFlow pads to 8 everywhere but in few places that say so.
[[nodiscard]] constexpr std::size_t padded8(std::size_t n) { return (n + 7) & ~std::size_t{7}; }

}  // namespace sluice
