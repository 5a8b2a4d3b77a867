// The gRPC server: one generic callback service over a Router (deploy/adr/0001). gRPC's threads
// read bytes, admit the call and put it into a lane; workers run the handlers; nothing of a call
// waits on a gRPC thread, and no stream on a worker.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/auth/authenticator.h"
#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/metrics/metrics.h"
#include "common/rpc/lanes.h"
#include "common/rpc/pipeline.h"
#include "common/rpc/router.h"

namespace bangfu::rpc {

// PEM files. Without a certificate the server speaks plain text (inside one pod, tests); a service
// in production mode has to be told so by name.
struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string client_ca;  // set: clients show a certificate that it signed
  // With a client CA: a client without a certificate may come too, and needs a token then. One with
  // a certificate of another CA never gets in.
  bool client_certificate_optional = false;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: the system chooses; see Server::port()
  TlsFiles tls;
  bool reflection = false;
  // What a request may be; a larger one is refused as REQUEST_TOO_LARGE.
  int max_receive_bytes = 4 << 20;
  // New pods get their share of clients: a connection is asked to go after this time, its calls
  // have the grace to end.
  absl::Duration max_connection_age = absl::Minutes(30);
  absl::Duration max_connection_age_grace = absl::Minutes(5);
  // A stream that waits for its client costs no worker, but what is ready for him: one message
  // under way, one behind it, and what the source keeps, which may be a whole file. So there are so
  // many at most, and one whose client takes nothing for so long is given up.
  absl::Duration stream_idle_timeout = absl::Minutes(5);
  int max_streams = 200;
  int max_streams_per_caller = 16;
  int max_subscriptions = 1000;
  int max_subscriptions_per_caller = 50;
  // Take the client's address from the last entry of x-forwarded-for: only behind the edge.
  bool trust_forwarded_for = false;
  LanesOptions lanes;
  PipelineOptions pipeline;
};

// What the server is built on; all must outlive it.
struct ServerDependencies {
  const Clock& clock;
  UlidGenerator& ids;
  auth::Authenticator& authenticator;
  metrics::Registry& metrics;
  SessionFactory sessions;
};

class Server {
 public:
  // Checks that every rpc of `services` has handler, access rule and matching types, binds the port
  // and serves; health says NOT_SERVING until SetServing(true). FAILED_PRECONDITION
  // SERVER_INCOMPLETE names everything that is missing; UNAVAILABLE when the port is taken.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                                       ServerDependencies dependencies,
                                                       const Router& router,
                                                       const std::vector<std::string>& services);
  virtual ~Server() = default;  // Shutdown with no grace

  virtual int port() const = 0;
  // grpc.health.v1 for the server as a whole and for each service.
  virtual void SetServing(bool serving) = 0;
  // Lets waiting subscriptions of `method` step now; all of them when it is empty. Cheap; call it
  // after a commit that they may want to see.
  virtual void Wake(std::string_view method = "") = 0;
  // No new calls; subscriptions end with UNAVAILABLE so that their clients go elsewhere; calls
  // under way, streams that come to an end among them, have `grace` to end and are cancelled then;
  // returns when the last handler has. Once.
  virtual void Shutdown(absl::Duration grace) = 0;
};

}  // namespace bangfu::rpc
