// Remote: where a stream leads, in Open vSwitch's connection-method notation, and how to open it without waiting.
// Neighbours: connection.h dials one again and again; path_watch.h watches what watched_path() names.
// Invariant: dialling never blocks and never resolves host names (a resolver may take seconds on the I/O thread).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/io/fd.h"
#include "core/status.h"

namespace sluice::io {

// The outcome of one attempt: a non-blocking descriptor, perhaps still connecting, or why there is none.
struct Dialled {
  Fd fd;
  bool in_progress = false;  // wait until it is writable, then ask socket_error()
  std::string error;         // set when fd is not valid
};

// A value; any thread. Every dial() looks the path up anew, so a re-created socket or another pid is found.
class Remote {
 public:
  // `unix:<path>`, `tcp:<IPv4>:<port>`, `tcp:[<IPv6>]:<port>`, or `unixctl:<rundir>/<target>`: the control socket
  // <rundir>/<target>.<pid>.ctl whose pid stands in <rundir>/<target>.pid (ovs-appctl(8)).
  static Status parse(std::string_view text, Remote& remote);

  [[nodiscard]] Dialled dial() const;
  // The file whose appearance makes another attempt worthwhile; nothing for TCP.
  [[nodiscard]] std::optional<std::string> watched_path() const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  enum class Kind : std::uint8_t { unix_socket, tcp, unixctl };

  Kind kind_ = Kind::unix_socket;
  std::string text_;
  std::string host_;  // path or IP address
  std::uint16_t port_ = 0;
};

// errno of a connect() that was in progress; 0 when it succeeded.
[[nodiscard]] int socket_error(int fd);
// "No such file or directory"; thread-safe, unlike strerror.
[[nodiscard]] std::string error_text(int error);

}  // namespace sluice::io
