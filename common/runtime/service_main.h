// What main() of every service is:
//
//   int main(int argc, char** argv) {
//     return bangfu::runtime::ServiceMain(argc, argv, bangfu::registry::Definition());
//   }
//
// `bangfu-registry` serves until SIGTERM or SIGINT; `bangfu-registry migrate` brings the schema up
// to date and ends; `bangfu-registry new-epoch`, run after the schema was restored from a backup
// and before it serves again, tells the subscribers of its feed to copy anew. Once it is ready, a
// server prints one line on stdout:
//   {"ready":"registry","port":7001,"http_port":7002}
// and with --port-file the same object (without waiting to be ready) is in that file.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/blob/store.h"
#include "common/config/loader.h"
#include "common/metrics/metrics.h"
#include "common/migrate/migration.h"
#include "common/mysql/session.h"
#include "common/rpc/client.h"
#include "common/rpc/router.h"
#include "common/rpc/server.h"
#include "common/runtime/runtime.h"

namespace bangfu::runtime {

// What a service's composition root works with. Everything lives until the server has drained and
// the jobs have stopped.
class App {
 public:
  virtual ~App() = default;

  virtual const std::string& service() const = 0;  // "registry"
  // Names this process among replicas: "host:pid:nonce".
  virtual const std::string& instance() const = 0;
  virtual bool production() const = 0;
  virtual const Clock& clock() = 0;
  virtual UlidGenerator& ids() = 0;
  virtual metrics::Registry& metrics() = 0;
  virtual const mysql::Options& database() const = 0;
  virtual rpc::SessionFactory sessions() = 0;
  // The client of a peer that the definition names (--<peer>-address).
  virtual rpc::Client& peer(std::string_view name) = 0;
  virtual bool has_peer(std::string_view name) const = 0;
  // What the server will be started with: the limits that callers are held to.
  virtual const rpc::ServerOptions& server_options() const = 0;
  // The refusal of writes while the operators' --freeze-file exists.
  virtual std::function<absl::Status()> frozen_by_operator() const = 0;
  // Whom the server asks about each call: what people may do, and whether writes are taken (the
  // refusal if not). While composing; both live as long as what is kept.
  virtual void GuardCalls(const auth::GrantSource* grants,
                          std::function<absl::Status()> takes_writes) = 0;
  // What people may do, for work that goes on after its call; null before GuardCalls.
  virtual const auth::GrantSource* grants() const = 0;
  // Where the process may keep files (--data-dir); empty when not given.
  virtual const std::string& data_dir() const = 0;
  // Where evidence files lie (--evidence-store).
  virtual blob::Store& evidence() = 0;

  virtual rpc::Router& router() = 0;
  virtual Jobs& jobs() = 0;
  virtual Readiness& readiness() = 0;
  // Lets waiting watch streams of a method step now (empty: all).
  virtual void WakeSubscriptions(std::string_view method) = 0;
  // Keeps what handlers and jobs refer to; destroyed in reverse order after both have ended.
  virtual void Keep(std::shared_ptr<void> object) = 0;

  template <typename T, typename... Args>
  T& Make(Args&&... args) {
    auto made = std::make_shared<T>(std::forward<Args>(args)...);
    T& ref = *made;
    Keep(std::move(made));
    return ref;
  }
};

struct ServiceDefinition {
  std::string name;                   // "registry": the program is bangfu-registry
  std::string summary;                // one line for --help
  std::vector<std::string> services;  // full names of the rpc services
  migrate::Migrations migrations;
  std::vector<std::string> peers;  // services that this one calls
  // Options of its own; the variables must outlive main.
  std::function<void(config::Loader&)> options;
  // Builds handlers into app.router() and jobs into app.jobs().
  std::function<absl::Status(App&)> compose;
};

// The process's exit code: 0 after a clean end, 1 when it failed, 2 when its options are wrong.
int ServiceMain(int argc, char** argv, const ServiceDefinition& definition);

}  // namespace bangfu::runtime
