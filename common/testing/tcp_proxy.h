// What stands between a client and a server of a test: counts connections, and can change what goes
// over them. Tests only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bangfu::testing {

class TcpProxy {
 public:
  // Of one connection: takes bytes from one side, gives what goes to the other. On the proxy's
  // thread.
  class Tap {
   public:
    virtual ~Tap() = default;
    virtual std::string FromClient(std::string bytes) { return bytes; }
    virtual std::string FromServer(std::string bytes) { return bytes; }
  };

  // `server`: "127.0.0.1:port", or a unix socket's path. A process without sockets is no place for
  // a test: ends it.
  explicit TcpProxy(std::string server, std::function<std::unique_ptr<Tap>()> tap = nullptr)
      : server_(std::move(server)), tap_(std::move(tap)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = Local(0);
    socklen_t size = sizeof(address);
    if (listener_ < 0 || bind(listener_, Generic(&address), size) != 0 ||
        listen(listener_, 64) != 0 || getsockname(listener_, Generic(&address), &size) != 0 ||
        pipe(stop_) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~TcpProxy() {
    (void)!write(stop_[1], "x", 1);
    thread_.join();
    for (const int fd : {listener_, stop_[0], stop_[1]}) close(fd);
  }
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    std::unique_ptr<Tap> tap;
  };

  template <typename Address>
  static sockaddr* Generic(Address* address) {
    return reinterpret_cast<sockaddr*>(address);
  }
  static sockaddr_in Local(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int Connect() const {
    if (server_.front() == '/') {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::strncpy(address.sun_path, server_.c_str(), sizeof(address.sun_path) - 1);
      const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connect(fd, Generic(&address), sizeof(address)) == 0) return fd;
      close(fd);
      return -1;
    }
    sockaddr_in address = Local(std::atoi(server_.c_str() + server_.rfind(':') + 1));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, Generic(&address), sizeof(address)) == 0) return fd;
    close(fd);
    return -1;
  }

  static bool SendAll(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // What is there now goes to the other side; false at the end of the connection.
  static bool Pass(Pair& pair, bool from_client) {
    std::string bytes(1 << 16, '\0');
    const ssize_t n = recv(from_client ? pair.client : pair.server, bytes.data(), bytes.size(), 0);
    if (n <= 0) return false;
    bytes.resize(static_cast<size_t>(n));
    if (pair.tap != nullptr) {
      bytes = from_client ? pair.tap->FromClient(std::move(bytes))
                          : pair.tap->FromServer(std::move(bytes));
    }
    return SendAll(from_client ? pair.server : pair.client, bytes);
  }

  void Run() {
    std::vector<Pair> pairs;
    for (;;) {
      std::vector<pollfd> fds = {{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const Pair& pair : pairs) {
        fds.push_back({pair.client, POLLIN, 0});
        fds.push_back({pair.server, POLLIN, 0});
      }
      poll(fds.data(), fds.size(), -1);
      if (fds[0].revents != 0) break;
      std::vector<Pair> left;
      for (size_t i = 0; i < pairs.size(); ++i) {
        const bool goes_on = (fds[2 + 2 * i].revents == 0 || Pass(pairs[i], true)) &&
                             (fds[3 + 2 * i].revents == 0 || Pass(pairs[i], false));
        if (goes_on) {
          left.push_back(std::move(pairs[i]));
        } else {
          close(pairs[i].client);
          close(pairs[i].server);
        }
      }
      pairs = std::move(left);
      if (fds[1].revents == 0) continue;
      Pair pair{accept(listener_, nullptr, nullptr), Connect(), tap_ ? tap_() : nullptr};
      if (pair.client < 0 || pair.server < 0) std::abort();
      ++accepted_;
      pairs.push_back(std::move(pair));
    }
    for (const Pair& pair : pairs) {
      close(pair.client);
      close(pair.server);
    }
  }

  const std::string server_;
  const std::function<std::unique_ptr<Tap>()> tap_;
  int listener_ = -1;
  int port_ = 0;
  int stop_[2] = {-1, -1};
  std::atomic<int> accepted_{0};
  std::thread thread_;
};

}  // namespace bangfu::testing
