#include "tests/chaos/revocation.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <vector>

#include "bangfu/asset/v1/asset_service.pb.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/registry/v1/grant_service.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/rpc/client.h"
#include "common/status/error.h"
#include "tests/chaos/probe.h"

namespace bangfu::probe {
namespace {

// Something for which the service asks for the role. The request is empty: who may gets as far as
// its fields, who may not does not.
absl::Status Knock(const std::string& service, rpc::Client& client, const std::string& token) {
  const rpc::CallOptions options{.timeout = absl::Seconds(10), .token = token};
  absl::Status status;
  if (service == "registry") {
    status = client
                 .Call<registry::v1::Project>("bangfu.registry.v1.ProjectService.RegisterProject",
                                              registry::v1::RegisterProjectRequest(), options)
                 .status();
  } else if (service == "asset") {
    status = client
                 .Call<asset::v1::Asset>("bangfu.asset.v1.AssetService.RegisterAsset",
                                         asset::v1::RegisterAssetRequest(), options)
                 .status();
  } else {
    status = client
                 .Call<evaluation::v1::EvaluateSubjectsResponse>(
                     "bangfu.evaluation.v1.EvaluationService.EvaluateSubjects",
                     evaluation::v1::EvaluateSubjectsRequest(), options)
                 .status();
  }
  return absl::IsInvalidArgument(status) ? absl::OkStatus() : status;
}

std::string Identify(const std::string& directory, const std::string& subject) {
  auto key = auth::DevKey::LoadOrCreate(directory);
  if (!key.ok()) return "";
  auth::Caller caller;
  caller.subject = subject;
  return key->Mint(caller, SystemClock().Now()).value_or("");
}

}  // namespace

int MeasureRevocation(const RevocationOptions& options) {
  std::map<std::string, std::unique_ptr<rpc::Client>> clients;
  for (const auto& [service, address] : options.endpoints) {
    auto client = rpc::Client::Create({.target = address});
    if (!client.ok()) return 1;
    clients[service] = *std::move(client);
  }
  const std::string admin = Identify(options.dev_key, options.admin);
  const std::string nonce = Cat(absl::ToUnixMicros(absl::Now()));
  std::map<std::string, std::vector<absl::Duration>> begun, ended;
  constexpr char kGrants[] = "bangfu.registry.v1.GrantService.";
  for (int round = 0; round < options.rounds; ++round) {
    const std::string person = Cat("measured-", nonce, "-", round);
    const std::string token = Identify(options.dev_key, person);
    registry::v1::CreateGrantsRequest create;
    create.set_request_id(Cat("create-", nonce, "-", round));
    auto* grant = create.add_grants();
    grant->set_person(person);
    grant->set_role(options::v1::ROLE_COUNTY_OPERATOR);
    grant->add_regions()->set_code(options.region);
    auto created = clients["registry"]->Call<registry::v1::CreateGrantsResponse>(
        Cat(kGrants, "CreateGrants"), create, {.token = admin});
    if (!created.ok()) {
      std::printf("CreateGrants: %s\n", created.status().ToString().c_str());
      return 1;
    }
    // Until it is as wanted everywhere; nothing but yes and no may come.
    const auto wait = [&](bool wanted, auto* figures) {
      const absl::Time from = absl::Now();
      std::set<std::string> waiting;
      for (const auto& [service, client] : clients) waiting.insert(service);
      while (!waiting.empty() && absl::Now() - from < absl::Seconds(60)) {
        for (auto it = waiting.begin(); it != waiting.end();) {
          const absl::Status status = Knock(*it, *clients[*it], token);
          if (!status.ok() && !absl::IsPermissionDenied(status)) {
            std::printf("%s: %s\n", it->c_str(), status.ToString().c_str());
            return false;
          }
          if (status.ok() != wanted) {
            ++it;
            continue;
          }
          (*figures)[*it].push_back(absl::Now() - from);
          it = waiting.erase(it);
        }
      }
      return waiting.empty();
    };
    if (!wait(true, &begun)) return 1;
    registry::v1::RevokeGrantRequest revoke;
    revoke.set_request_id(Cat("revoke-", nonce, "-", round));
    revoke.set_id(created->grants(0).id());
    revoke.set_reason("测量");
    auto revoked = clients["registry"]->Call<type::v1::Grant>(Cat(kGrants, "RevokeGrant"), revoke,
                                                              {.token = admin});
    if (!revoked.ok() || !wait(false, &ended)) return 1;
  }
  bool good = true;
  for (auto& [service, figures] : ended) {
    std::sort(figures.begin(), figures.end());
    auto& first = begun[service];
    std::sort(first.begin(), first.end());
    std::printf("%-11s granted: median %s, worst %s; revoked: median %s, worst %s\n",
                service.c_str(), absl::FormatDuration(first[first.size() / 2]).c_str(),
                absl::FormatDuration(first.back()).c_str(),
                absl::FormatDuration(figures[figures.size() / 2]).c_str(),
                absl::FormatDuration(figures.back()).c_str());
    good = good && figures.back() <= absl::Seconds(options.limit_seconds);
  }
  return good ? 0 : 1;
}

}  // namespace bangfu::probe
