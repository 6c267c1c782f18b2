#include "core/jsonrpc/framer.h"

#include <utility>

namespace sluice::jsonrpc {

void Framer::reset() {
  partial_.clear();
  partial_.shrink_to_fit();
  depth_ = 0;
  in_string_ = false;
  escaped_ = false;
}

Framer::Step Framer::take(char c) {
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
    return Step::more;
  }
  switch (c) {
    case '"':
      in_string_ = true;
      return Step::more;
    case '{':
    case '[':
      return ++depth_ > kDeepest ? Step::garbage : Step::more;
    case '}':
    case ']':
      return --depth_ == 0 ? Step::complete : Step::more;
    default:
      return Step::more;
  }
}

Status Framer::feed(std::span<const std::uint8_t> bytes, const std::function<void(std::string_view)>& frame) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::size_t begin = 0;  // of the frame under way, in `text`
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (depth_ == 0) {
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
      if (c != '{') return {StatusCode::malformed, "the stream does not carry JSON objects"};
      begin = at;
    }
    const Step step = take(c);
    if (step == Step::garbage) return {StatusCode::malformed, "a JSON value is nested too deeply"};
    if (step == Step::more) continue;
    const std::string_view rest = text.substr(begin, at + 1 - begin);
    if (partial_.empty()) {
      if (rest.size() > longest_) return {StatusCode::malformed, "a JSON object is too long"};
      frame(rest);
    } else {
      partial_.append(rest);
      if (partial_.size() > longest_) return {StatusCode::malformed, "a JSON object is too long"};
      const std::string whole = std::exchange(partial_, {});
      frame(whole);
    }
  }
  if (depth_ == 0) return {};
  partial_.append(text.substr(begin));
  if (partial_.size() > longest_) return {StatusCode::malformed, "a JSON object is too long"};
  return {};
}

}  // namespace sluice::jsonrpc
