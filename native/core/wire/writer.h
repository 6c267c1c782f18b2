// Writer: big-endian stores into a span that is already zeroed and has the exact size (OutBuffer::extend gives such a
// one). A store past the end is dropped and makes ok() false; the encoders know their sizes, so that is a bug of ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sluice {

template <typename T>
inline void store_big_endian(std::uint8_t* at, T value) {
  if constexpr (sizeof(T) == 2) value = static_cast<T>(__builtin_bswap16(value));
  if constexpr (sizeof(T) == 4) value = static_cast<T>(__builtin_bswap32(value));
  if constexpr (sizeof(T) == 8) value = static_cast<T>(__builtin_bswap64(value));
  std::memcpy(at, &value, sizeof value);
}

// Does not own the bytes.
class Writer {
 public:
  explicit Writer(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t position() const { return at_; }

  void u8(std::uint8_t v) { write(v); }
  void u16(std::uint16_t v) { write(v); }
  void u32(std::uint32_t v) { write(v); }
  void u64(std::uint64_t v) { write(v); }
  void zeros(std::size_t n) { (void)claim(n); }

  void bytes(std::span<const std::uint8_t> more) {
    if (claim(more.size()) && !more.empty()) std::memcpy(bytes_.data() + at_ - more.size(), more.data(), more.size());
  }

 private:
  [[nodiscard]] bool claim(std::size_t n) {
    if (!ok_ || n > bytes_.size() - at_) {
      ok_ = false;
      return false;
    }
    at_ += n;
    return true;
  }

  template <typename T>
  void write(T v) {
    if (claim(sizeof v)) store_big_endian(bytes_.data() + at_ - sizeof v, v);
  }

  std::span<std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace sluice
