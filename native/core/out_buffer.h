// OutBuffer: bytes on their way out, contiguous so that one write(2) takes all of them. A session appends at the back,
// the I/O layer consumes from the front. Consumed space is reclaimed lazily: bytes move only when the dead front is
// larger than what is alive, so a steady stream costs amortised O(1) a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace sluice {

// Lives wherever its session lives (the I/O thread); not synchronised.
class OutBuffer {
 public:
  [[nodiscard]] std::size_t size() const { return bytes_.size() - head_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::span<const std::uint8_t> data() const { return {bytes_.data() + head_, size()}; }

  // Room for n more bytes, zeroed; the span is valid until the next call that changes the buffer.
  [[nodiscard]] std::span<std::uint8_t> extend(std::size_t n) {
    reclaim();
    const std::size_t at = bytes_.size();
    bytes_.resize(at + n);
    return {bytes_.data() + at, n};
  }

  void append(std::span<const std::uint8_t> more) {
    reclaim();
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }

  void consume(std::size_t n) {
    head_ += n < size() ? n : size();
    if (head_ != bytes_.size()) return;
    bytes_.clear();
    head_ = 0;
    // A bulk load may have grown the buffer to megabytes; do not keep them for a session that is idle.
    if (bytes_.capacity() > kKeep) bytes_.shrink_to_fit();
  }

  void clear() { consume(size()); }

 private:
  static constexpr std::size_t kKeep = std::size_t{4} << 20;

  void reclaim() {
    if (head_ == 0 || head_ < bytes_.size() - head_) return;
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }

  std::vector<std::uint8_t> bytes_;
  std::size_t head_ = 0;
};

}  // namespace sluice
