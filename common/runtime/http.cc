#include "common/runtime/http.h"

#include <civetweb.h>

#include <mutex>
#include <string_view>

#include "common/base/strings.h"

namespace bangfu::runtime {

struct HttpServer::Impl {
  std::map<std::string, std::function<HttpAnswer()>> pages;
  mg_context* context = nullptr;
  int port = 0;

  static int Handle(mg_connection* connection) {
    const mg_request_info* request = mg_get_request_info(connection);
    const auto* self = static_cast<const Impl*>(request->user_data);
    const std::string_view method = request->request_method;
    HttpAnswer answer;
    auto page = self->pages.find(request->local_uri == nullptr ? "" : request->local_uri);
    if (method != "GET" && method != "HEAD") {
      answer = {405, "method not allowed\n"};
    } else if (page == self->pages.end()) {
      answer = {404, "not found\n"};
    } else {
      answer = page->second();
    }
    const std::string head =
        Cat("HTTP/1.1 ", answer.code, " ", mg_get_response_code_text(connection, answer.code),
            "\r\nContent-Type: ", answer.content_type, "\r\nContent-Length: ", answer.body.size(),
            "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close"
            "\r\n\r\n");
    mg_write(connection, head.data(), head.size());
    if (method != "HEAD") mg_write(connection, answer.body.data(), answer.body.size());
    return answer.code;
  }
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  if (impl_->context != nullptr) mg_stop(impl_->context);
}

int HttpServer::port() const { return impl_->port; }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const std::string& host, int port, std::map<std::string, std::function<HttpAnswer()>> pages) {
  static std::once_flag once;
  std::call_once(once, [] { mg_init_library(0); });
  auto impl = std::make_unique<Impl>();
  impl->pages = std::move(pages);
  const std::string listen = Cat(host, ":", port);
  const char* options[] = {"listening_ports",
                           listen.c_str(),
                           "num_threads",
                           "2",
                           "request_timeout_ms",
                           "5000",
                           "enable_keep_alive",
                           "no",
                           "max_request_size",
                           "8192",
                           nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &Impl::Handle;
  impl->context = mg_start(&callbacks, impl.get(), options);
  mg_server_port bound[1] = {};
  if (impl->context == nullptr || mg_get_server_ports(impl->context, 1, bound) < 1) {
    if (impl->context != nullptr) mg_stop(impl->context);
    impl->context = nullptr;
    return absl::UnavailableError(Cat("cannot listen on ", listen, " for HTTP"));
  }
  impl->port = bound[0].port;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace bangfu::runtime
