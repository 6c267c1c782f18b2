#include "core/io/remote.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

namespace sluice::io {
namespace {

constexpr int kSocketFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;

Dialled failed(std::string error) { return {Fd(), false, std::move(error)}; }

Dialled connect_to(Fd fd, const sockaddr* address, socklen_t length) {
  if (::connect(fd.get(), address, length) == 0) return {std::move(fd), false, {}};
  // EAGAIN on a unix socket means that the listener's backlog is full: an ordinary failure, tried again later.
  if (errno == EINPROGRESS) return {std::move(fd), true, {}};
  return failed(error_text(errno));
}

Dialled dial_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string name = path;
  Fd directory;
  if (name.size() >= sizeof address.sun_path) {
    // A path longer than sun_path is reached through its directory's descriptor, as Open vSwitch's own tools do.
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return failed(error_text(ENAMETOOLONG));
    directory = Fd(::open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) return failed(error_text(errno));
    name = "/proc/self/fd/" + std::to_string(directory.get()) + path.substr(slash);
    if (name.size() >= sizeof address.sun_path) return failed(error_text(ENAMETOOLONG));
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | kSocketFlags, 0));
  if (!fd.valid()) return failed(error_text(errno));
  return connect_to(std::move(fd), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

Dialled dial_tcp(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  Fd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | kSocketFlags, 0));
  if (!fd.valid()) return failed(error_text(errno));
  const int on = 1;
  // Requests are composed whole; waiting for more to fill a segment would only add latency.
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (v6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    ::inet_pton(AF_INET6, host.c_str(), &address.sin6_addr);
    return connect_to(std::move(fd), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return connect_to(std::move(fd), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// The number in a pid file; 0 with errno set when it cannot be read.
long read_pid(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return 0;
  std::array<char, 32> text{};
  const ssize_t n = ::read(fd.get(), text.data(), text.size());
  long pid = 0;
  if (n > 0) std::from_chars(text.data(), text.data() + n, pid);
  if (pid <= 0) errno = ESRCH;  // vswitchd creates the file before it writes the number
  return pid > 0 ? pid : 0;
}

bool parse_tcp(std::string_view text, std::string& host, std::uint16_t& port) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view address = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (bracketed) address = address.substr(1, address.size() - 2);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (fault != std::errc() || end != digits.data() + digits.size() || port == 0) return false;
  host = address;
  std::array<unsigned char, sizeof(in6_addr)> scratch{};
  return ::inet_pton(bracketed ? AF_INET6 : AF_INET, host.c_str(), scratch.data()) == 1;
}

}  // namespace

std::string error_text(int error) { return std::generic_category().message(error); }

int socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

Status Remote::parse(std::string_view text, Remote& remote) {
  const auto colon = text.find(':');
  const std::string_view method = text.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  Remote parsed;
  parsed.text_ = text;
  parsed.host_ = rest;
  if (method == "tcp") {
    parsed.kind_ = Kind::tcp;
    if (!parse_tcp(rest, parsed.host_, parsed.port_)) {
      return {StatusCode::malformed, "'" + parsed.text_ + "' is not tcp:<IPv4>:<port> or tcp:[<IPv6>]:<port>"};
    }
  } else if (method == "unix" || method == "unixctl") {
    parsed.kind_ = method == "unix" ? Kind::unix_socket : Kind::unixctl;
    if (rest.empty() || rest.find('\0') != std::string_view::npos) {
      return {StatusCode::malformed, "'" + parsed.text_ + "' names no path after '" + std::string(method) + ":'"};
    }
  } else {
    return {StatusCode::malformed, "'" + parsed.text_ + "' is not a remote: unix:<path> or tcp:<address>:<port>"};
  }
  remote = std::move(parsed);
  return {};
}

Dialled Remote::dial() const {
  if (kind_ == Kind::tcp) return dial_tcp(host_, port_);
  if (kind_ == Kind::unix_socket) return dial_unix(host_);
  const long pid = read_pid(host_ + ".pid");
  if (pid == 0) return failed(host_ + ".pid: " + error_text(errno));
  return dial_unix(host_ + "." + std::to_string(pid) + ".ctl");
}

std::optional<std::string> Remote::watched_path() const {
  if (kind_ == Kind::tcp) return std::nullopt;
  return kind_ == Kind::unixctl ? host_ + ".pid" : host_;
}

}  // namespace sluice::io
