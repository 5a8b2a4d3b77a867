// What every command has in hand: where the services are, who calls, how to print.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/auth/caller.h"
#include "common/rpc/client.h"
#include "google/protobuf/message.h"
#include "nlohmann/json_fwd.hpp"

namespace bangfu::ctl {

// Exit codes that scripts can use.
enum ExitCode {
  kExitOk = 0,
  kExitFailed = 1,       // refused by the service: the reason is printed
  kExitUsage = 2,        // wrong arguments
  kExitUnavailable = 3,  // no service reached, or it is too busy: trying again makes sense
  kExitDenied = 4,       // no token, or one that may not
  kExitNotFound = 5,
  kExitPartial = 6,  // done, but rows were held or refused, subjects left out
};

class Context {
 public:
  // Reads the endpoints file ({"registry": "127.0.0.1:1234", …}); an entry of the environment
  // (BANGFU_REGISTRY …) goes before it.
  absl::Status LoadEndpoints(const std::string& file);

  // The service is told by the method's package: bangfu.registry.v1.… goes to registry.
  template <typename Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    return CallOn<Response>(ServiceOf(method), method, request);
  }
  // For what every service serves: operations, feed, audit, imports, publicities.
  template <typename Response>
  absl::StatusOr<Response> CallOn(std::string_view service, std::string_view method,
                                  const google::protobuf::Message& request) {
    auto client = ClientOf(service);
    if (!client.ok()) return client.status();
    return (*client)->Call<Response>(method, request, Options());
  }
  // Calls `each` for every message of a server stream.
  template <typename Response, typename F>
  absl::Status StreamOn(std::string_view service, std::string_view method,
                        const google::protobuf::Message& request, F each) {
    auto client = ClientOf(service);
    if (!client.ok()) return client.status();
    rpc::CallOptions options = Options();
    options.timeout = stream_timeout;
    return (*client)->template Read<Response>(method, request, each, options);
  }

  // Calls `each` with every page of a list, until there is no next or `each` fails.
  template <typename Response, typename Request, typename F>
  absl::Status EachPage(std::string_view service, std::string_view method, Request request,
                        F each) {
    do {
      absl::StatusOr<Response> page = CallOn<Response>(service, method, request);
      if (!page.ok()) return page.status();
      if (absl::Status status = each(*page); !status.ok()) return status;
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return absl::OkStatus();
  }
  // A whole list for the caller to see: in JSON one document that holds the rows of all pages, else
  // `show` is called with each page as it comes.
  template <typename Response, typename Request, typename F>
  absl::Status ShowPages(std::string_view service, std::string_view method, Request request,
                         F show) {
    Response all;
    absl::Status status = EachPage<Response>(service, method, std::move(request),
                                             [&](const Response& page) -> absl::Status {
                                               if (json) {
                                                 all.MergeFrom(page);
                                               } else {
                                                 show(page);
                                               }
                                               return absl::OkStatus();
                                             });
    if (!status.ok()) return status;
    all.clear_next_page_token();
    PrintJson(all);
    return absl::OkStatus();
  }

  // The same context for another person: a token of the development key. Without grants the token
  // only says who it is.
  absl::StatusOr<Context> As(const std::string& subject, const std::string& name,
                             const std::vector<auth::Grant>& grants = {},
                             bool is_client = false) const;

  static std::string ServiceOf(std::string_view method);
  absl::StatusOr<std::shared_ptr<rpc::Client>> ClientOf(std::string_view service);
  rpc::CallOptions Options() const;

  // A request id that is new each time.
  static std::string NewRequestId();

  // JSON when asked for, else nothing: true when it printed.
  bool PrintJson(const google::protobuf::Message& message) const;
  // The same for what no message of the contracts holds: totals, files that were written.
  bool PrintJson(const nlohmann::ordered_json& value) const;

  // Prints a refusal with its reason, its fields and what to do, in JSON when that is asked for, to
  // the standard error; gives the exit code.
  int Fail(const absl::Status& status) const;
  // The same for arguments that do not go together.
  int FailUsage(std::string_view message) const;

  std::map<std::string, std::string> endpoints;
  std::string token;
  std::string dev_key_directory;
  // PEM files: the CA of the services or the edge (set: TLS), and the certificate and key that this
  // caller shows.
  std::string ca, certificate, key;
  bool json = false;
  absl::Duration timeout = absl::Seconds(30);
  absl::Duration stream_timeout = absl::Minutes(10);
  // Added to the machine's clock when tokens are minted: for services that run with the same
  // offset.
  absl::Duration clock_offset = absl::ZeroDuration();

 private:
  std::shared_ptr<std::map<std::string, std::shared_ptr<rpc::Client>>> clients_ =
      std::make_shared<std::map<std::string, std::shared_ptr<rpc::Client>>>();
};

// The exit code that tells a script what has become of a call.
int ExitCodeOf(const absl::Status& status);
// Of several, the one that a script must know of: nothing reached, then refused, and last of all
// done in part.
int WorseExitCode(int a, int b);

std::string ToJson(const google::protobuf::Message& message);
// On one line, for what comes one after the other.
std::string ToJsonLine(const google::protobuf::Message& message);

}  // namespace bangfu::ctl
