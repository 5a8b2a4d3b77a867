// bangfu-probe: what a test needs of a client that an honest client never does: broken bytes,
// forged tokens, a hundred callers at once, every rpc that a server serves. It prints what came
// back, and ends with 1 when an answer was not what the command asks for.
#include "tests/chaos/probe.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "bangfu/asset/v1/asset_service.pb.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/options/v1/access.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/contract/access.h"
#include "common/rpc/client.h"
#include "common/status/error.h"
#include "common/status/wire.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/status.pb.h"
#include "grpc_reflection_v1alpha/reflection.pb.h"
#include "tests/chaos/matrix.h"
#include "tests/chaos/revocation.h"

namespace bangfu::probe {

using google::protobuf::DescriptorPool;

std::string Describe(const absl::Status& status) {
  if (status.ok()) return "OK";
  const std::string reason = ReasonOf(status);
  return Cat(absl::StatusCodeToString(status.code()), "/", reason.empty() ? "-" : reason);
}

bool IsServersFault(const absl::Status& status) {
  return absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDataLoss(status);
}

std::string MintFor(const std::string& directory, auth::Role role, const std::string& region,
                    const std::string& subject) {
  auto key = auth::DevKey::LoadOrCreate(directory);
  if (!key.ok()) return "";
  auth::Caller caller;
  caller.subject = subject;
  caller.name = subject;
  auth::Grant grant;
  grant.role = role;
  grant.region_path = region;
  caller.grants.push_back(grant);
  auto token = key->Mint(caller, SystemClock().Now());
  return token.ok() ? *token : "";
}

absl::StatusOr<std::vector<std::string>> MethodsByReflection(const std::string& address) {
  using grpc::reflection::v1alpha::ServerReflectionRequest;
  using grpc::reflection::v1alpha::ServerReflectionResponse;
  auto client = rpc::Client::Create({.target = address});
  if (!client.ok()) return client.status();
  ServerReflectionRequest list;
  list.set_list_services("");
  std::vector<std::string> answers;
  constexpr char kPath[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  absl::Status status = (*client)->Exchange(kPath, {list.SerializeAsString()}, &answers);
  if (!status.ok()) return status;
  ServerReflectionResponse response;
  std::vector<std::string> methods;
  if (answers.size() != 1 || !response.ParseFromString(answers[0]))
    return absl::DataLossError("reflection");
  for (const auto& service : response.list_services_response().service()) {
    if (service.name().rfind("bangfu.", 0) != 0) continue;
    const auto* descriptor = DescriptorPool::generated_pool()->FindServiceByName(service.name());
    if (descriptor == nullptr) return absl::NotFoundError(Cat("unknown service ", service.name()));
    for (int i = 0; i < descriptor->method_count(); ++i)
      methods.push_back(descriptor->method(i)->full_name());
  }
  return methods;
}

namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using Json = nlohmann::json;

struct World {
  std::string endpoints_file, dev_key, ca;
  std::map<std::string, std::string> endpoints;

  void Load() {
    std::ifstream in(endpoints_file);
    const Json json = Json::parse(in, nullptr, false);
    if (!json.is_object()) return;
    for (const auto& [name, address] : json.items()) endpoints[name] = address.get<std::string>();
  }
  // "bangfu.registry.v1.X.Y" -> registry, unless another is named.
  std::string Address(const std::string& method, const std::string& service) const {
    std::string name = service;
    if (name.empty()) {
      const size_t from = method.find('.') + 1;
      name = method.substr(from, method.find('.', from) - from);
    }
    auto it = endpoints.find(name);
    return it == endpoints.end() ? "" : it->second;
  }
};

// ---- raw bytes -------------------------------------------------------------------------------

// One unary call with exactly these bytes.
absl::Status RawCall(const std::string& address, const std::string& method,
                     const std::string& bytes, const std::string& token, int seconds = 20) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
  if (!token.empty()) context.AddMetadata("authorization", Cat("Bearer ", token));
  const size_t dot = method.rfind('.');
  const std::string path = Cat("/", method.substr(0, dot), "/", method.substr(dot + 1));
  grpc::Slice slice(bytes);
  grpc::ByteBuffer request(&slice, 1), response;
  std::mutex mu;
  std::condition_variable done;
  bool finished = false;
  grpc::Status answer;
  stub.UnaryCall(&context, path, grpc::StubOptions(), &request, &response,
                 [&](grpc::Status status) {
                   std::lock_guard lock(mu);
                   answer = std::move(status);
                   finished = true;
                   done.notify_one();
                 });
  std::unique_lock lock(mu);
  done.wait(lock, [&] { return finished; });
  if (answer.ok()) return absl::OkStatus();
  google::rpc::Status detail;
  if (!answer.error_details().empty() && detail.ParseFromString(answer.error_details())) {
    return FromRpcStatus(detail);
  }
  return absl::Status(static_cast<absl::StatusCode>(answer.error_code()), answer.error_message());
}

// ---- every rpc -------------------------------------------------------------------------------

absl::Status CallEmpty(rpc::Client& client, const MethodDescriptor& method,
                       const std::string& token) {
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  std::unique_ptr<Message> request(factory->GetPrototype(method.input_type())->New());
  std::unique_ptr<Message> response(factory->GetPrototype(method.output_type())->New());
  rpc::CallOptions options;
  options.token = token;
  // A subscription that has nothing to tell goes on until its caller has had enough.
  options.timeout = method.name() == "Watch" ? absl::Seconds(1) : absl::Seconds(10);
  if (!method.server_streaming()) {
    return client.CallInto(method.full_name(), *request, response.get(), options);
  }
  return client.ReadInto(
      method.full_name(), *request, *response,
      [](const Message&) { return absl::CancelledError("enough"); }, options);
}

// Without a token: UNAUTHENTICATED; with each role that the contract does not name:
// PERMISSION_DENIED ROLE_REQUIRED; with a fitting role: anything but those two and the server's
// fault.
int EveryRpc(const World& world, const std::string& what) {
  int wrong = 0, calls = 0;
  std::set<std::string> methods_seen;
  for (const auto& [service, address] : world.endpoints) {
    auto methods = MethodsByReflection(address);
    if (!methods.ok()) {
      std::printf("%s: reflection: %s\n", service.c_str(), Describe(methods.status()).c_str());
      return 1;
    }
    auto client = rpc::Client::Create({.target = address, .read_attempts = 1});
    if (!client.ok()) return 1;
    std::map<int, std::string> tokens;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      tokens[role] =
          MintFor(world.dev_key, static_cast<auth::Role>(role), "36", Cat("probe-", role));
    }
    for (const std::string& name : *methods) {
      const MethodDescriptor& method = *DescriptorPool::generated_pool()->FindMethodByName(name);
      methods_seen.insert(Cat(service, " ", name));
      const auto access = contract::AccessOf(method);
      if (!access.ok()) {
        std::printf("%s: no access rule\n", name.c_str());
        ++wrong;
        continue;
      }
      auto expect = [&](bool right, std::string_view caller, const absl::Status& status) {
        ++calls;
        if (right) return;
        ++wrong;
        std::printf("%s %s as %s: %s\n", service.c_str(), name.c_str(), std::string(caller).c_str(),
                    Describe(status).c_str());
      };
      if (what == "no-token") {
        absl::Status status = CallEmpty(**client, method, "");
        expect(absl::IsUnauthenticated(status) && ReasonOf(status) == "TOKEN_MISSING", "nobody",
               status);
        continue;
      }
      for (const auto& [role, token] : tokens) {
        bool named = access->any_role();
        for (int one : access->roles()) named = named || one == role;
        if (what == "wrong-role" && !named) {
          absl::Status status = CallEmpty(**client, method, token);
          expect(absl::IsPermissionDenied(status) && ReasonOf(status) == "ROLE_REQUIRED",
                 options::v1::Role_Name(static_cast<auth::Role>(role)), status);
        }
        if (what == "empty-request" && named) {
          absl::Status status = CallEmpty(**client, method, token);
          expect(!IsServersFault(status) && !absl::IsUnauthenticated(status) &&
                     !(absl::IsUnimplemented(status)) &&
                     (status.ok() || !ReasonOf(status).empty() ||
                      (method.server_streaming() &&
                       (absl::IsCancelled(status) || absl::IsDeadlineExceeded(status)))),
                 options::v1::Role_Name(static_cast<auth::Role>(role)), status);
          break;  // one role is enough here
        }
      }
    }
  }
  std::printf("%zu rpcs, %d calls, %d wrong\n", methods_seen.size(), calls, wrong);
  return wrong == 0 && methods_seen.size() >= 100 ? 0 : 1;
}

// ---- forged tokens ---------------------------------------------------------------------------

std::string Base64(std::string_view text) {
  std::string out;
  absl::WebSafeBase64Escape(AbslView(text), &out);
  return out;
}

// A token of the wanted kind of wrongness, for a province's administrator.
std::string ForgedToken(const World& world, const std::string& kind) {
  auto key = auth::DevKey::LoadOrCreate(world.dev_key);
  if (!key.ok()) return "";
  const int64_t now = absl::ToUnixSeconds(SystemClock().Now());
  Json header = {{"alg", "ES256"}, {"typ", "JWT"}, {"kid", key->kid()}};
  Json claims = {{"iss", "bangfu"},
                 {"aud", "bangfu"},
                 {"sub", "mallory"},
                 {"iat", now - 10},
                 {"exp", now + 3600},
                 {"grants", Json::array({{{"role", "ROLE_PROV_ADMIN"}, {"region", "36"}}})}};
  auto sign = [&] { return key->Sign(header.dump(), claims.dump()).value_or(""); };
  if (kind == "good") return sign();
  if (kind == "expired") {
    claims["iat"] = now - 7200;
    claims["exp"] = now - 3600;
    return sign();
  }
  if (kind == "not-yet") {
    claims["iat"] = now + 3600;
    claims["exp"] = now + 7200;
    return sign();
  }
  if (kind == "other-issuer") return claims["iss"] = "someone", sign();
  if (kind == "other-audience") return claims["aud"] = "someone", sign();
  if (kind == "no-expiry") return claims.erase("exp"), sign();
  if (kind == "no-subject") return claims.erase("sub"), sign();
  if (kind == "unknown-kid") return header["kid"] = "dev-0000000000000000", sign();
  if (kind == "no-kid") return header.erase("kid"), sign();
  if (kind == "critical-header")
    return header["crit"] = Json::array({"b64"}), header["b64"] = false, sign();
  if (kind == "foreign-key") {
    // Another's key under our key's name.
    auto foreign = auth::DevKey::LoadOrCreate(Cat(world.dev_key, "-foreign"));
    return foreign.ok() ? foreign->Sign(header.dump(), claims.dump()).value_or("") : "";
  }
  const std::string body = Base64(claims.dump());
  if (kind == "none") {
    header["alg"] = "none";
    return Cat(Base64(header.dump()), ".", body, ".");
  }
  if (kind == "none-with-signature") {
    const std::string good = sign();
    header["alg"] = "none";
    return Cat(Base64(header.dump()), ".", body, good.substr(good.rfind('.')));
  }
  if (kind == "hs256") {
    // The classic: our public key set as the secret of a symmetric signature.
    std::ifstream in(key->jwks_file(), std::ios::binary);
    const std::string secret((std::istreambuf_iterator<char>(in)),
                             std::istreambuf_iterator<char>());
    header["alg"] = "HS256";
    const std::string text = Cat(Base64(header.dump()), ".", body);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
    return Cat(text, ".", Base64(std::string(reinterpret_cast<char*>(mac), size)));
  }
  if (kind == "rs256-name") return header["alg"] = "RS256", sign();
  if (kind == "changed-claims") {
    const std::string good = sign();
    claims["sub"] = "alice";
    return Cat(good.substr(0, good.find('.')), ".", Base64(claims.dump()),
               good.substr(good.rfind('.')));
  }
  if (kind == "zero-signature") {
    const std::string good = sign();
    return Cat(good.substr(0, good.rfind('.') + 1), Base64(std::string(64, '\0')));
  }
  if (kind == "short") {
    const std::string good = sign();
    return good.substr(0, good.size() / 2);
  }
  if (kind == "garbage") return "not-a-token";
  if (kind == "huge") return std::string(7000, 'a');
  return "";
}

int Forged(const World& world, const std::string& kind, const std::string& reason) {
  const std::string token = ForgedToken(world, kind);
  if (token.empty()) {
    std::printf("no such kind: %s\n", kind.c_str());
    return 1;
  }
  int wrong = 0;
  for (const auto& [service, address] : world.endpoints) {
    for (const char* method : {"bangfu.feed.v1.ChangeFeed.GetFeedStatus",
                               "bangfu.feed.v1.ChangeFeed.RedriveParkedEvents"}) {
      const absl::Status status = RawCall(address, method, "", token);
      const bool right = kind == "good"
                             ? !absl::IsUnauthenticated(status) && !IsServersFault(status)
                             : absl::IsUnauthenticated(status) && ReasonOf(status) == reason;
      std::printf("%s %s: %s\n", service.c_str(), method, Describe(status).c_str());
      if (!right) ++wrong;
    }
  }
  return wrong == 0 ? 0 : 1;
}

// ---- broken bytes ----------------------------------------------------------------------------

std::string Varint(uint64_t value) {
  std::string out;
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
  return out;
}

// Nested far deeper than any contract: field 1 in field 1 in …
std::string Nested(int field, int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) {
    out = Cat(Varint(static_cast<uint64_t>(field) << 3 | 2), Varint(out.size()), out);
  }
  return out;
}

int Broken(const World& world, const std::string& method, const std::string& service,
           const std::string& kind, const std::string& expected, const std::string& token) {
  std::string bytes;
  if (kind == "truncated")
    bytes = std::string(
        "\x0a\x7f"
        "abc",
        5);
  else if (kind == "garbage")
    bytes = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
  else if (kind == "bad-utf8")
    bytes = std::string("\x0a\x04\xff\xfe\xc3\x28", 6);
  else if (kind == "wrong-wire-type")
    bytes = std::string("\x08\x96\x01", 3);
  else if (kind == "deep")
    bytes = Nested(2, 5000);
  else if (kind == "empty")
    bytes = "";
  else if (kind == "oversized")
    bytes = Cat("\x0a", Varint(5u << 20), std::string(5u << 20, 'x'));
  else if (kind == "large")
    bytes = Cat("\x0a", Varint(3u << 20), std::string(3u << 20, 'x'));
  else {
    std::printf("no such kind: %s\n", kind.c_str());
    return 1;
  }
  const absl::Status status = RawCall(world.Address(method, service), method, bytes, token);
  const std::string got = Describe(status);
  std::printf("%s %s: %s\n", method.c_str(), kind.c_str(), got.c_str());
  return got.rfind(expected, 0) == 0 ? 0 : 1;
}

// ---- many at once ----------------------------------------------------------------------------

struct Storm {
  std::string method, service, role, region, data, acknowledged, subject = "storm", expect;
  int callers = 2;
  double seconds = 0;  // 0: one call a caller; else: again and again for so long
  bool same_person = false;
};

std::string Upper(std::string text) { return absl::AsciiStrToUpper(text); }

// `{i}` is the caller's number, `{n}` the call's, `{rid}` an id that no other call has.
int RunStorm(const World& world, const Storm& storm) {
  const MethodDescriptor* method = DescriptorPool::generated_pool()->FindMethodByName(storm.method);
  auth::Role role;
  if (method == nullptr || !options::v1::Role_Parse(Cat("ROLE_", Upper(storm.role)), &role)) {
    std::printf("no such method or role\n");
    return 2;
  }
  std::mutex mu;
  std::map<std::string, int64_t> outcomes;
  std::ofstream acknowledged;
  if (!storm.acknowledged.empty()) acknowledged.open(storm.acknowledged, std::ios::app);
  std::atomic<int64_t> number{0};
  std::atomic<bool> bad{false};
  // All begin at the same moment.
  std::condition_variable gate;
  int ready = 0;
  const std::string nonce = Cat(absl::ToUnixMicros(SystemClock().Now()));
  auto call = [&](int caller) {
    auto client = rpc::Client::Create({.target = world.Address(storm.method, storm.service),
                                       .ca = world.ca,
                                       .headers = {{"x-bangfu-service", storm.service}},
                                       .read_attempts = 1});
    const std::string token =
        MintFor(world.dev_key, role, storm.region,
                storm.same_person ? storm.subject : Cat(storm.subject, "-", caller));
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    {
      std::unique_lock lock(mu);
      ++ready;
      gate.notify_all();
      gate.wait(lock, [&] { return ready == storm.callers; });
    }
    const absl::Time end = absl::Now() + absl::Seconds(storm.seconds);
    do {
      const int64_t n = ++number;
      const std::string rid = Cat("storm-", nonce, "-", n);
      const std::string text =
          absl::StrReplaceAll(storm.data, {{"{i}", Cat(caller)}, {"{n}", Cat(n)}, {"{rid}", rid}});
      std::unique_ptr<Message> request(factory->GetPrototype(method->input_type())->New());
      std::unique_ptr<Message> response(factory->GetPrototype(method->output_type())->New());
      auto parsed = google::protobuf::util::JsonStringToMessage(text, request.get());
      absl::Status status;
      if (!parsed.ok()) {
        status = absl::InvalidArgumentError(Cat("JSON: ", std::string(parsed.message())));
      } else {
        rpc::CallOptions options;
        options.token = token;
        options.timeout = absl::Seconds(30);
        status = (*client)->CallInto(storm.method, *request, response.get(), options);
      }
      std::string id;
      if (status.ok()) {
        if (const auto* field = response->GetDescriptor()->FindFieldByName("id");
            field != nullptr) {
          id = response->GetReflection()->GetString(*response, field);
        }
      }
      std::lock_guard lock(mu);
      ++outcomes[Describe(status)];
      if (!parsed.ok() || IsServersFault(status) ||
          (!status.ok() && ReasonOf(status).empty() && !absl::IsUnavailable(status))) {
        bad = true;
        std::fprintf(stderr, "%s\n", status.ToString().c_str());
      }
      if (!id.empty() && acknowledged.is_open()) acknowledged << id << std::endl;
    } while (absl::Now() < end);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < storm.callers; ++i) threads.emplace_back(call, i + 1);
  for (auto& thread : threads) thread.join();
  std::string line;
  for (const auto& [outcome, count] : outcomes)
    line += Cat(line.empty() ? "" : " ", outcome, "=", count);
  std::printf("%s\n", line.c_str());
  if (bad) return 1;
  if (!storm.expect.empty() && line != storm.expect) {
    std::printf("expected: %s\n", storm.expect.c_str());
    return 1;
  }
  return 0;
}

}  // namespace

int Main(int argc, char** argv) {
  // One name of each contract library, so that the linker keeps them all.
  for (const auto* linked : {registry::v1::Project::descriptor(), asset::v1::Asset::descriptor(),
                             evaluation::v1::Evaluation::descriptor()}) {
    if (linked == nullptr) return 2;
  }
  CLI::App app{"bangfu-probe: a client that misbehaves, for tests"};
  app.require_subcommand(1);
  World world;
  int code = 0;
  app.add_option("--endpoints", world.endpoints_file, "endpoints file")->required();
  app.add_option("--dev-key", world.dev_key, "directory of the development key")->required();
  app.add_option("--ca", world.ca, "CA certificate: storms go over TLS, as the edge wants it");
  app.parse_complete_callback([&] { world.Load(); });

  std::string what, kind, reason, method, service, expected, token;
  auto* every = app.add_subcommand("every-rpc", "calls every rpc that reflection names");
  every->add_option("what", what)
      ->required()
      ->check(CLI::IsMember({"no-token", "wrong-role", "empty-request"}));
  every->callback([&] { code = EveryRpc(world, what); });

  MatrixOptions matrix;
  auto* all = app.add_subcommand("matrix", "every rpc, every role, inside and outside of a region");
  all->add_option("--inside", matrix.inside, "a county with records")->required();
  all->add_option("--outside", matrix.outside, "another county")->required();
  all->callback([&] {
    matrix.endpoints = world.endpoints;
    matrix.dev_key = world.dev_key;
    code = RunMatrix(matrix) == 0 ? 0 : 1;
  });

  RevocationOptions revocation;
  auto* taken =
      app.add_subcommand("revocation", "how long a grant that was taken back still works");
  taken->add_option("--admin", revocation.admin, "who administers the region")->required();
  taken->add_option("--region", revocation.region, "a county")->required();
  taken->add_option("--rounds", revocation.rounds);
  taken->add_option("--limit", revocation.limit_seconds, "in seconds");
  taken->callback([&] {
    revocation.endpoints = world.endpoints;
    revocation.dev_key = world.dev_key;
    code = MeasureRevocation(revocation);
  });

  auto* forged = app.add_subcommand("token", "calls with a token that is wrong in one way");
  forged->add_option("kind", kind)->required();
  forged->add_option("reason", reason)->required();
  forged->callback([&] { code = Forged(world, kind, reason); });

  auto* broken = app.add_subcommand("bytes", "sends bytes that are no request");
  broken->add_option("method", method)->required();
  broken->add_option("kind", kind)->required();
  broken->add_option("expected", expected, "CODE/REASON or its beginning")->required();
  broken->add_option("--token", token)->required();
  broken->add_option("--service", service);
  broken->callback([&] { code = Broken(world, method, service, kind, expected, token); });

  Storm storm;
  auto* many = app.add_subcommand("storm", "many callers at once");
  many->add_option("method", storm.method)->required();
  many->add_option("--data", storm.data)->required();
  many->add_option("--role", storm.role)->required();
  many->add_option("--region", storm.region)->required();
  many->add_option("--service", storm.service);
  many->add_option("--callers", storm.callers)->check(CLI::Range(1, 200));
  many->add_option("--seconds", storm.seconds);
  many->add_option("--subject", storm.subject);
  many->add_flag("--same-person", storm.same_person);
  many->add_option("--acknowledged", storm.acknowledged,
                   "file for the ids of acknowledged records");
  many->add_option("--expect", storm.expect, "the outcomes, as printed");
  many->callback([&] { code = RunStorm(world, storm); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return code;
}

}  // namespace bangfu::probe

int main(int argc, char** argv) { return bangfu::probe::Main(argc, argv); }
