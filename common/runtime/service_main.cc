#include "common/runtime/service_main.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/ascii.h"
#include "common/auth/authenticator.h"
#include "common/auth/dev_key.h"
#include "common/base/random.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/blob/s3_store.h"
#include "common/feed/feed.h"
#include "common/log/log.h"
#include "common/memory/memory.h"
#include "common/migrate/migrator.h"
#include "common/rpc/server.h"
#include "common/seal/seal.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::runtime {
namespace {

struct Settings {
  std::string mode = "dev";
  std::string http_host = "127.0.0.1";
  int http_port = 0;
  std::string port_file;
  std::string data_dir;
  std::string evidence_store = "directory";
  std::string evidence_dir;
  blob::S3Options evidence_s3;
  std::string log_level = "info";
  std::string freeze_file;
  std::string dev_key_dir;
  std::string seal_key_file;
  std::string system_region = kProvinceCode;
  std::string peer_token_file;
  std::string peer_ca, peer_certificate, peer_key;
  std::string plain_text = "no";
  absl::Duration drain_delay = absl::ZeroDuration();
  absl::Duration drain_grace = absl::Seconds(25);
  absl::Duration check_interval = absl::Seconds(2);
  absl::Duration migrate_lease = absl::Minutes(10);
  auth::AuthenticatorOptions authentication;
  rpc::ServerOptions server;
  mysql::Options database;
  std::map<std::string, std::string> peer_addresses;
  std::string clock_offset;
};

// The machine's clock, set off by a constant: for showing, in dev mode, what takes days.
class OffsetClock final : public Clock {
 public:
  explicit OffsetClock(absl::Duration offset) : offset_(offset) {}
  absl::Time Now() const override { return SystemClock().Now() + offset_; }

 private:
  const absl::Duration offset_;
};

void DeclareLane(config::Loader& loader, const std::string& name, rpc::LaneOptions* lane,
                 std::vector<std::unique_ptr<int>>& queues) {
  loader.Number(name + "-workers", &lane->workers,
                "threads and database sessions of the " + name + " lane", 1, 256);
  queues.push_back(std::make_unique<int>(static_cast<int>(lane->queue)));
  loader.Number(name + "-queue", queues.back().get(),
                "calls that may wait in the " + name + " lane", 1, 100000);
  loader.Number(name + "-run-of-kind", &lane->run_of_kind,
                "calls of one method that a worker of the " + name +
                    " lane answers together, where the method can",
                1, 256);
}

void Declare(config::Loader& loader, const ServiceDefinition& definition, Settings& s,
             std::vector<std::unique_ptr<int>>& queues) {
  loader.Choice("mode", &s.mode, "production refuses development keys and plain text",
                {"dev", "production"});
  loader.Text("host", &s.server.host, "address that the gRPC server binds");
  loader.Port("port", &s.server.port, "port of the gRPC server");
  loader.Text("http-host", &s.http_host, "address of /livez, /readyz and /metrics");
  loader.Port("http-port", &s.http_port, "port of /livez, /readyz and /metrics");
  loader.Text("port-file", &s.port_file, "file that is told both ports, as JSON");
  loader.Text("data-dir", &s.data_dir, "directory for files of this service");
  loader.Text("evidence-dir", &s.evidence_dir,
              "directory of evidence files; default: evidence below data-dir");
  loader.Choice("evidence-store", &s.evidence_store, "where evidence files lie",
                {"directory", "s3"});
  loader.Text("evidence-s3-endpoint", &s.evidence_s3.endpoint,
              "S3-compatible store, https://host or http://host:port");
  loader.Text("evidence-s3-bucket", &s.evidence_s3.bucket, "bucket; it must be there");
  loader.Text("evidence-s3-region", &s.evidence_s3.region, "region that requests are signed for");
  loader.Text("evidence-s3-prefix", &s.evidence_s3.prefix, "of the keys of all objects");
  loader.Text("evidence-s3-ca", &s.evidence_s3.ca, "PEM file that proves the store");
  loader.Secret("evidence-s3-access-key", &s.evidence_s3.access_key, "name of the store's key");
  loader.Secret("evidence-s3-secret-key", &s.evidence_s3.secret_key, "the store's key");
  loader.Choice("log-level", &s.log_level, "what lies below is not logged",
                {"debug", "info", "warning", "error", "off"});

  loader.Text("db-host", &s.database.host, "database host, or the path of its unix socket");
  loader.Port("db-port", &s.database.port, "database port");
  loader.Text("db-user", &s.database.user, "database user").Required();
  loader.Secret("db-password", &s.database.password, "password of the database user");
  loader.Text("db-schema", &s.database.schema, "database schema").Required();
  loader.Duration("db-connect-timeout", &s.database.connect_timeout, "for one connection");
  loader.Duration("db-io-timeout", &s.database.io_timeout,
                  "for one statement; shorter than drain-grace");

  loader.Text("jwks-file", &s.authentication.jwks_file, "key set (RFC 7517) that signs tokens");
  loader.Text("jwks-url", &s.authentication.jwks_url,
              "the same as its issuer publishes it, instead of the file or beside it; read every 5 "
              "min; production mode: https only");
  loader.Text("jwks-url-ca", &s.authentication.jwks_url_ca, "PEM file that proves its server");
  loader.Text("token-issuer", &s.authentication.issuer, "iss that tokens must name");
  loader.Text("token-audience", &s.authentication.audience, "aud that tokens must name");
  loader.Duration("client-token-lifetime", &s.authentication.max_client_lifetime,
                  "machine clients' tokens that are valid for longer are refused");
  loader.Text("dev-key-dir", &s.dev_key_dir,
              "dev mode: directory of the local key, made when it is not there");

  loader.Text("seal-key-file", &s.seal_key_file,
              "keys (JSON) that seal personal data at rest; dev mode: made in dev-key-dir");

  loader.Text("tls-certificate", &s.server.tls.certificate,
              "PEM file; empty: plain text, which production mode refuses (plain-text)");
  loader.Text("tls-key", &s.server.tls.key, "PEM file");
  loader.Text("tls-client-ca", &s.server.tls.client_ca,
              "PEM file; set: clients show a certificate that it signed, which names a system");
  loader.Switch("tls-client-optional", &s.server.tls.client_certificate_optional,
                "clients without a certificate may come too, with a token");
  loader.Choice("plain-text", &s.plain_text,
                "inside-pod: in production mode, too, speak plain text where no certificate is "
                "given, since a sidecar in the same pod ends TLS",
                {"no", "inside-pod"});
  loader.Switch("reflection", &s.server.reflection, "serve gRPC reflection");
  loader.Switch("trust-forwarded-for", &s.server.trust_forwarded_for,
                "take the client's address from x-forwarded-for (behind the edge only)");
  loader.Duration("max-connection-age", &s.server.max_connection_age,
                  "after which clients are asked to connect anew");
  DeclareLane(loader, "read", &s.server.lanes.read, queues);
  DeclareLane(loader, "write", &s.server.lanes.write, queues);
  DeclareLane(loader, "long", &s.server.lanes.long_running, queues);
  DeclareLane(loader, "outbound", &s.server.lanes.outbound, queues);

  loader.Text("freeze-file", &s.freeze_file,
              "while this file exists writes are refused; its text is the reason shown");
  // The edge asks an instance for its health every second, so that two seconds after NOT_SERVING no
  // call comes any more; without them each restart breaks some. Elsewhere nobody waits for it.
  loader
      .Duration("drain-delay", &s.drain_delay,
                "between NOT_SERVING and the end of accepting, for clients to learn it")
      .DefaultWhere("mode", "production", "2s");
  loader.Duration("drain-grace", &s.drain_grace, "for calls under way to end");
  loader.Duration("check-interval", &s.check_interval, "between readiness checks");
  loader.Text(
      "clock-offset", &s.clock_offset,
      "dev mode: added to the machine's clock, such as -192h; the tokens must be of that time");
  loader.Duration("migrate-lease", &s.migrate_lease, "longer than the longest migration statement");

  if (!definition.peers.empty()) {
    loader.Text("peer-token-file", &s.peer_token_file,
                "bearer token for calls to peers, a client's: of 24 h at most; read again when it "
                "changes");
    loader.Text("system-region", &s.system_region, "dev mode: region of the token for peers");
    loader.Text("peer-ca", &s.peer_ca, "PEM file; set: calls to peers use TLS");
    loader.Text("peer-certificate", &s.peer_certificate, "PEM file, for mutual TLS");
    loader.Text("peer-key", &s.peer_key, "PEM file, for mutual TLS");
  }
  for (const std::string& peer : definition.peers) {
    loader.Text(peer + "-address", &s.peer_addresses[peer], "address of the " + peer + " service");
  }
}

// In production nothing goes over the network in plain text: not by an option that was forgotten.
// Empty: nothing is missing.
std::string MissingForTls(const ServiceDefinition& definition, const Settings& s) {
  if (s.mode != "production" || s.plain_text != "no") return "";
  std::string missing;
  const auto want = [&](const char* name, const std::string& value) {
    if (value.empty()) missing += Cat(missing.empty() ? "" : ", ", name);
  };
  want("tls-certificate", s.server.tls.certificate);
  want("tls-key", s.server.tls.key);
  if (!definition.peers.empty()) want("peer-ca", s.peer_ca);
  return missing;
}

// The bearer token of calls to peers: from a file that may be replaced, or minted by the dev key.
class PeerToken {
 public:
  PeerToken(std::string file, std::shared_ptr<const auth::DevKey> key, auth::Caller self,
            const auth::AuthenticatorOptions& names, const Clock& clock)
      : file_(std::move(file)),
        key_(std::move(key)),
        self_(std::move(self)),
        issuer_(names.issuer),
        audience_(names.audience),
        clock_(clock) {}

  absl::StatusOr<std::string> Get() {
    const absl::Time now = clock_.Now();
    std::lock_guard lock(mu_);
    if (now < fresh_until_) return token_;
    if (!file_.empty()) {
      std::ifstream in(file_, std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      std::string token = text.str();
      absl::StripAsciiWhitespace(&token);
      if (!in || token.empty()) {
        // The last one may still do while the file is being replaced.
        if (!token_.empty()) return token_;
        return absl::UnavailableError("no token for calls to peers");
      }
      token_ = std::move(token);
      fresh_until_ = now + absl::Seconds(30);
      return token_;
    }
    if (key_ == nullptr) return std::string();
    ASSIGN_OR_RETURN(token_, key_->Mint(self_, now, absl::Hours(2), issuer_, audience_));
    fresh_until_ = now + absl::Hours(1);
    return token_;
  }

 private:
  const std::string file_;
  const std::shared_ptr<const auth::DevKey> key_;
  const auth::Caller self_;
  const std::string issuer_, audience_;
  const Clock& clock_;
  std::mutex mu_;
  std::string token_;
  absl::Time fresh_until_ = absl::InfinitePast();
};

absl::Status FrozenBy(const std::string& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return absl::OkStatus();
  std::ifstream in(file, std::ios::binary);
  std::string reason(1024, '\0');
  in.read(reason.data(), static_cast<std::streamsize>(reason.size()));
  reason.resize(static_cast<size_t>(in.gcount()));
  absl::StripAsciiWhitespace(&reason);
  if (reason.empty() || !IsValidUtf8(reason)) reason = "系统维护中，暂停写入，查询不受影响";
  return Error(absl::StatusCode::kFailedPrecondition, "SERVICE_FROZEN")
      .Message("writes are frozen")
      .Zh(Utf8Truncate(reason, 200));
}

absl::Status WritePortFile(const std::string& path, const std::string& text) {
  const std::string part = Cat(path, ".", getpid());
  {
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    out << text << "\n";
    out.flush();
    if (!out) return absl::UnavailableError(Cat("cannot write ", part));
  }
  if (rename(part.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(Cat("cannot write ", path));
  }
  return absl::OkStatus();
}

std::string InstanceName() {
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  return Cat(Utf8Truncate(host, 40), ":", getpid(), ":", absl::Hex(SystemRandom() & 0xffff));
}

class Process final : public App {
 public:
  Process(const ServiceDefinition& definition, Settings settings, absl::Duration clock_offset)
      : definition_(definition),
        settings_(std::move(settings)),
        clock_(clock_offset),
        instance_(InstanceName()),
        ids_(clock_),
        jobs_(sessions(), metrics_),
        readiness_(sessions(), settings_.check_interval, [this](bool ready) { OnReady(ready); }) {}

  const std::string& service() const override { return definition_.name; }
  const std::string& instance() const override { return instance_; }
  bool production() const override { return settings_.mode == "production"; }
  const Clock& clock() override { return clock_; }
  UlidGenerator& ids() override { return ids_; }
  metrics::Registry& metrics() override { return metrics_; }
  const mysql::Options& database() const override { return settings_.database; }
  rpc::SessionFactory sessions() override {
    return [options = settings_.database] { return mysql::Session::Create(options); };
  }
  rpc::Client& peer(std::string_view name) override { return *clients_.at(std::string(name)); }
  bool has_peer(std::string_view name) const override {
    return settings_.peer_addresses.contains(std::string(name));
  }
  const rpc::ServerOptions& server_options() const override { return settings_.server; }
  std::function<absl::Status()> frozen_by_operator() const override {
    if (settings_.freeze_file.empty()) return nullptr;
    return [file = settings_.freeze_file] { return FrozenBy(file); };
  }
  void GuardCalls(const auth::GrantSource* grants,
                  std::function<absl::Status()> takes_writes) override {
    grants_ = grants;
    takes_writes_ = std::move(takes_writes);
  }
  const auth::GrantSource* grants() const override { return grants_; }
  const std::string& data_dir() const override { return settings_.data_dir; }
  blob::Store& evidence() override { return *evidence_; }
  rpc::Router& router() override { return router_; }
  Jobs& jobs() override { return jobs_; }
  Readiness& readiness() override { return readiness_; }
  void WakeSubscriptions(std::string_view method) override {
    if (rpc::Server* server = serving_.load()) server->Wake(method);
  }
  void Keep(std::shared_ptr<void> object) override { kept_.push_back(std::move(object)); }

  absl::Status Migrate() {
    auto session = mysql::Session::Create(settings_.database);
    migrate::Migrator migrator(*session, clock_,
                               {.owner = instance_, .lease = settings_.migrate_lease});
    return migrator.Apply(definition_.migrations);
  }

  absl::StatusOr<std::string> NewEpoch() {
    auto session = mysql::Session::Create(settings_.database);
    RETURN_IF_ERROR(migrate::VerifyVersion(*session, definition_.migrations));
    return feed::StartNewEpoch(*session, ids_);
  }

  absl::Status Serve(const sigset_t& signals) {
    absl::Status status = Up();
    if (status.ok()) {
      int signal = 0;
      sigwait(&signals, &signal);
      log::Info("stopping", {{"signal", signal}});
      if (readiness_.ready()) Pause(signals);
    }
    Down();
    return status;
  }

 private:
  absl::Status Up() {
    std::shared_ptr<const auth::DevKey> dev_key;
    auth::AuthenticatorOptions authentication = settings_.authentication;
    authentication.production = production();
    if (!settings_.dev_key_dir.empty()) {
      if (production()) {
        return absl::FailedPreconditionError("dev-key-dir is for dev mode only");
      }
      ASSIGN_OR_RETURN(auth::DevKey key, auth::DevKey::LoadOrCreate(settings_.dev_key_dir));
      if (authentication.jwks_file.empty()) authentication.jwks_file = key.jwks_file();
      dev_key = std::make_shared<const auth::DevKey>(std::move(key));
    }
    if (authentication.jwks_file.empty() && authentication.jwks_url.empty()) {
      return absl::FailedPreconditionError(
          "jwks-file and jwks-url are missing (dev mode: dev-key-dir will do)");
    }
    ASSIGN_OR_RETURN(authenticator_,
                     auth::Authenticator::Create(authentication, clock_, &metrics_));
    readiness_.Add("token_keys", [this](mysql::Session&) { return authenticator_->KeysReady(); });
    RETURN_IF_ERROR(UseSealKeys());
    RETURN_IF_ERROR(Connect(dev_key, authentication));

    ASSIGN_OR_RETURN(
        http_,
        HttpServer::Start(
            settings_.http_host, settings_.http_port,
            {{"/livez",
              [] {
                return HttpAnswer{200, "alive\n"};
              }},
             {"/readyz",
              [this] {
                return HttpAnswer{readiness_.ready() ? 200 : 503, readiness_.reason() + "\n"};
              }},
             {"/metrics", [this] {
                return HttpAnswer{200, metrics_.Expose(), "text/plain; version=0.0.4"};
              }}}));

    readiness_.Add("database", [](mysql::Session& session) { return session.Ping(); });
    readiness_.Add("schema", [this, verified = false](mysql::Session& session) mutable {
      // Once it is right it stays right: migrations only go forward.
      if (verified) return absl::OkStatus();
      absl::Status status = migrate::VerifyVersion(session, definition_.migrations);
      verified = status.ok();
      return status;
    });
    RETURN_IF_ERROR(OpenEvidence());
    RETURN_IF_ERROR(definition_.compose(*this));

    rpc::ServerOptions options = settings_.server;
    options.pipeline.grants = grants_;
    options.pipeline.takes_writes = takes_writes_ ? takes_writes_ : frozen_by_operator();
    ASSIGN_OR_RETURN(server_, rpc::Server::Start(std::move(options),
                                                 {.clock = clock_,
                                                  .ids = ids_,
                                                  .authenticator = *authenticator_,
                                                  .metrics = metrics_,
                                                  .sessions = sessions()},
                                                 router_, definition_.services));
    serving_ = server_.get();
    ports_ =
        nlohmann::json{
            {"ready", definition_.name}, {"port", server_->port()}, {"http_port", http_->port()}}
            .dump();
    if (!settings_.port_file.empty()) {
      RETURN_IF_ERROR(WritePortFile(settings_.port_file, ports_));
    }
    log::Info("listening", {{"service", definition_.name},
                            {"port", server_->port()},
                            {"http_port", http_->port()},
                            {"mode", settings_.mode},
                            {"instance", instance_}});
    readiness_.Start();
    return absl::OkStatus();
  }

  // Before the first record is touched.
  absl::Status UseSealKeys() {
    std::shared_ptr<const seal::Keyring> ring;
    if (!settings_.seal_key_file.empty()) {
      std::ifstream in(settings_.seal_key_file, std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      if (!in) return absl::UnavailableError("cannot read seal-key-file");
      ASSIGN_OR_RETURN(ring, seal::Keyring::Parse(text.str()));
    } else if (!settings_.dev_key_dir.empty()) {
      ASSIGN_OR_RETURN(ring,
                       seal::Keyring::LoadOrCreate(settings_.dev_key_dir + "/seal-keys.json"));
    } else {
      return absl::FailedPreconditionError(
          "seal-key-file is missing (dev mode: dev-key-dir will do)");
    }
    seal::Use(std::move(ring));
    return absl::OkStatus();
  }

  absl::Status Connect(const std::shared_ptr<const auth::DevKey>& dev_key,
                       const auth::AuthenticatorOptions& names) {
    if (definition_.peers.empty()) return absl::OkStatus();
    auth::Caller self;
    self.subject = "service-" + definition_.name;
    self.name = definition_.name;
    self.is_system = true;
    ASSIGN_OR_RETURN(std::string region, NormalizeRegionCode(settings_.system_region));
    auth::Grant grant;
    grant.role = auth::Role::ROLE_SYSTEM_INTEGRATOR;
    grant.region_path = region;
    self.grants.push_back(std::move(grant));
    auto token = std::make_shared<PeerToken>(settings_.peer_token_file, dev_key, std::move(self),
                                             names, clock_);
    for (const auto& [name, address] : settings_.peer_addresses) {
      if (address.empty()) {
        return absl::FailedPreconditionError(Cat(name, "-address is missing"));
      }
      ASSIGN_OR_RETURN(clients_[name],
                       rpc::Client::Create({.target = address,
                                            .ca = settings_.peer_ca,
                                            .certificate = settings_.peer_certificate,
                                            .key = settings_.peer_key,
                                            .token = [token] { return token->Get(); }}));
    }
    return absl::OkStatus();
  }

  absl::Status OpenEvidence() {
    if (settings_.evidence_store == "s3") {
      ASSIGN_OR_RETURN(evidence_, blob::OpenS3(settings_.evidence_s3, SystemClock()));
      return absl::OkStatus();
    }
    std::string directory = settings_.evidence_dir;
    if (directory.empty() && !settings_.data_dir.empty()) {
      directory = Cat(settings_.data_dir, "/evidence");
    }
    if (directory.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(evidence_, blob::OpenDirectory(directory));
    return absl::OkStatus();
  }

  void OnReady(bool ready) {
    server_->SetServing(ready);
    if (!ready) return;
    std::call_once(first_ready_, [this] {
      jobs_.Start();
      std::printf("%s\n", ports_.c_str());
      std::fflush(stdout);
      // The start has read contracts and configuration that nobody asks for again, with text that
      // nobody runs again.
      memory::Trim();
      memory::ReleaseProgramText();
    });
  }

  // Clients and load balancers learn that we go; a second signal cuts it short.
  void Pause(const sigset_t& signals) {
    readiness_.StartDraining();
    if (settings_.drain_delay <= absl::ZeroDuration()) return;
    const timespec wait = absl::ToTimespec(settings_.drain_delay);
    sigtimedwait(&signals, nullptr, &wait);
  }

  void Down() {
    readiness_.Stop();
    if (server_ != nullptr) server_->Shutdown(settings_.drain_grace);
    // Jobs may wait on peers.
    for (auto& [name, client] : clients_) client->CancelAll();
    jobs_.Stop();
    serving_ = nullptr;
    server_.reset();
    while (!kept_.empty()) kept_.pop_back();
    clients_.clear();
    http_.reset();
    if (!settings_.port_file.empty()) unlink(settings_.port_file.c_str());
    log::Info("stopped", {{"service", definition_.name}});
  }

  const ServiceDefinition& definition_;
  const Settings settings_;
  const OffsetClock clock_;
  const std::string instance_;
  std::string ports_;
  UlidGenerator ids_;
  metrics::Registry metrics_;
  rpc::Router router_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::map<std::string, std::unique_ptr<rpc::Client>> clients_;
  std::unique_ptr<blob::Store> evidence_ = blob::NoStore();
  std::vector<std::shared_ptr<void>> kept_;
  const auth::GrantSource* grants_ = nullptr;
  std::function<absl::Status()> takes_writes_;
  Jobs jobs_;
  std::unique_ptr<rpc::Server> server_;
  std::atomic<rpc::Server*> serving_{nullptr};
  std::unique_ptr<HttpServer> http_;
  std::once_flag first_ready_;
  Readiness readiness_;  // last: its thread uses everything above
};

int Failed(const ServiceDefinition& definition, const absl::Status& status) {
  log::Error("failed", {{"service", definition.name}, {"status", status}});
  return 1;
}

}  // namespace

int ServiceMain(int argc, char** argv, const ServiceDefinition& definition) {
  memory::Configure();
  // Before any thread: signals come to sigwait only, and a broken pipe is an error code.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  Settings settings;
  std::vector<std::unique_ptr<int>> queues;
  config::Loader loader("bangfu-" + definition.name, definition.summary);
  loader.AllowArguments("[serve|migrate]");
  Declare(loader, definition, settings, queues);
  if (definition.options) definition.options(loader);
  if (absl::Status status = loader.Load(argc, argv); !status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(StdView(status.message())).c_str());
    return 2;
  }
  if (loader.help_requested()) {
    std::printf("%s", loader.Help().c_str());
    return 0;
  }
  const std::string command = loader.arguments().empty() ? "serve" : loader.arguments()[0];
  if (loader.arguments().size() > 1 ||
      (command != "serve" && command != "migrate" && command != "new-epoch")) {
    std::fprintf(stderr, "what to do is serve, migrate or new-epoch\n");
    return 2;
  }
  rpc::LanesOptions& lanes = settings.server.lanes;
  rpc::LaneOptions* in_order[] = {&lanes.read, &lanes.write, &lanes.long_running, &lanes.outbound};
  for (size_t i = 0; i < queues.size(); ++i) in_order[i]->queue = static_cast<size_t>(*queues[i]);
  if (command == "serve" && settings.database.io_timeout >= settings.drain_grace) {
    std::fprintf(stderr, "db-io-timeout must be shorter than drain-grace, or a drain cannot end\n");
    return 2;
  }
  if (const std::string missing = MissingForTls(definition, settings);
      command == "serve" && !missing.empty()) {
    std::fprintf(stderr,
                 "production mode refuses plain text, and there is no %s; where a sidecar ends TLS "
                 "say --plain-text=inside-pod\n",
                 missing.c_str());
    return 2;
  }
  log::SetLevel(*log::ParseLevel(settings.log_level));
  for (const auto& setting : loader.Settings()) {
    log::Debug("setting",
               {{"name", setting.name}, {"value", setting.value}, {"source", setting.source}});
  }
  absl::Duration clock_offset = absl::ZeroDuration();
  if (!settings.clock_offset.empty() &&
      (settings.mode == "production" ||
       !absl::ParseDuration(settings.clock_offset, &clock_offset))) {
    std::fprintf(stderr, "clock-offset is a duration such as -192h, and for dev mode only\n");
    return 2;
  }
  mysql::InitDriver();

  Process process(definition, std::move(settings), clock_offset);
  if (command == "migrate") {
    if (absl::Status status = process.Migrate(); !status.ok()) return Failed(definition, status);
    log::Info("migrated", {{"service", definition.name}});
    return 0;
  }
  if (command == "new-epoch") {
    const absl::StatusOr<std::string> epoch = process.NewEpoch();
    if (!epoch.ok()) return Failed(definition, epoch.status());
    log::Info("new epoch", {{"service", definition.name}, {"epoch", *epoch}});
    std::printf("%s\n", epoch->c_str());
    return 0;
  }
  if (absl::Status status = process.Serve(signals); !status.ok()) return Failed(definition, status);
  return 0;
}

}  // namespace bangfu::runtime
