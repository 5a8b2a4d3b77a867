#include "tests/chaos/matrix_granted.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "bangfu/identity/v1/identity_service.pb.h"
#include "bangfu/options/v1/access.pb.h"
#include "bangfu/registry/v1/grant_service.pb.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/status/macros.h"

namespace bangfu::probe {

int LevelOf(int role) {
  constexpr int kCounty = 3;
  const auto* value = options::v1::Role_descriptor()->FindValueByNumber(role);
  if (value == nullptr) return 0;
  const options::v1::RoleRule& rule = value->options().GetExtension(options::v1::role_rule);
  if (rule.machine() || rule.levels().empty()) return 0;
  const auto& levels = rule.levels();
  return std::find(levels.begin(), levels.end(), kCounty) != levels.end() ? kCounty : levels[0];
}

absl::Status GrantedPersons::Grant(const std::vector<std::pair<int, std::string>>& roles) {
  const std::string nonce = UlidGenerator(SystemClock()).Next().ToString();
  registry::v1::CreateGrantsRequest request;
  request.set_request_id(Cat("matrix-", nonce));
  ASSIGN_OR_RETURN(const auth::DevKey key, auth::DevKey::LoadOrCreate(dev_key_));
  for (const auto& [role, region] : roles) {
    auth::Caller caller;
    caller.subject = Cat("granted-", nonce, "-", role, "-", region);
    ASSIGN_OR_RETURN(tokens_[std::make_pair(role, region)], key.Mint(caller, SystemClock().Now()));
    type::v1::Grant& grant = *request.add_grants();
    grant.set_person(caller.subject);
    grant.set_role(static_cast<auth::Role>(role));
    grant.add_regions()->set_code(region);
  }
  RETURN_IF_ERROR(
      clients_.at("registry")
          ->Call<registry::v1::CreateGrantsResponse>("bangfu.registry.v1.GrantService.CreateGrants",
                                                     request, {.token = admin_})
          .status());
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  for (const auto& [service, client] : clients_) {
    for (const auto& [place, token] : tokens_) {
      while (true) {
        ASSIGN_OR_RETURN(const identity::v1::WhoAmIResponse self,
                         client->Call<identity::v1::WhoAmIResponse>(
                             "bangfu.identity.v1.IdentityService.WhoAmI",
                             identity::v1::WhoAmIRequest(), {.token = token}));
        if (self.grants_size() == 1 && self.grants(0).role() == place.first) break;
        if (absl::Now() > give_up) {
          return absl::DeadlineExceededError(Cat(service, " does not know of ", self.person()));
        }
      }
    }
  }
  return absl::OkStatus();
}

std::string GrantedPersons::Token(int role, const std::string& region) const {
  const auto it = tokens_.find({role, region});
  return it == tokens_.end() ? "" : it->second;
}

}  // namespace bangfu::probe
