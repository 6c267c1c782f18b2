#include "core/jsonrpc/scan.h"

#include <cstddef>

namespace sluice::jsonrpc {
namespace {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  [[nodiscard]] bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // One value of any kind, raw; empty when there is none.
  [[nodiscard]] std::string_view value() {
    skip_space();
    const std::size_t begin = at_;
    if (at_ >= text_.size()) return {};
    if (text_[at_] == '"') {
      if (!string()) return {};
    } else if (text_[at_] == '{' || text_[at_] == '[') {
      if (!nested()) return {};
    } else {
      while (at_ < text_.size() && !is_space(text_[at_]) && !is_structure(text_[at_])) ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  [[nodiscard]] bool at_end() {
    skip_space();
    return at_ == text_.size();
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  static bool is_structure(char c) {
    return c == ',' || c == ':' || c == '}' || c == ']' || c == '{' || c == '[' || c == '"';
  }

  bool string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return true;
      }
    }
    return false;
  }

  bool nested() {
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!string()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string_view* member(Message& message, std::string_view quoted) {
  if (quoted == R"("id")") return &message.id;
  if (quoted == R"("method")") return &message.method;
  if (quoted == R"("params")") return &message.params;
  if (quoted == R"("result")") return &message.result;
  if (quoted == R"("error")") return &message.error;
  return nullptr;
}

}  // namespace

std::optional<Message> scan(std::string_view object) {
  Cursor cursor(object);
  Message message;
  if (!cursor.take('{')) return std::nullopt;
  if (cursor.take('}')) return cursor.at_end() ? std::optional(message) : std::nullopt;
  do {
    const std::string_view name = cursor.value();
    if (name.empty() || name.front() != '"' || !cursor.take(':')) return std::nullopt;
    const std::string_view value = cursor.value();
    if (value.empty()) return std::nullopt;
    if (std::string_view* slot = member(message, name)) *slot = value;
  } while (cursor.take(','));
  if (!cursor.take('}') || !cursor.at_end()) return std::nullopt;
  return message;
}

}  // namespace sluice::jsonrpc
