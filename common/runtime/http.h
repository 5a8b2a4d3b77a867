// The operators' port: liveness, readiness and metrics over HTTP, apart from the service itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace bangfu::runtime {

struct HttpAnswer {
  int code = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

class HttpServer {
 public:
  // Answers GET and HEAD of exactly these paths; called from the server's threads. `port` 0: the
  // system chooses. UNAVAILABLE when the port cannot be had.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const std::string& host, int port, std::map<std::string, std::function<HttpAnswer()>> pages);
  ~HttpServer();

  int port() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bangfu::runtime
