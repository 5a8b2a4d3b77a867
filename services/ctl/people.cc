#include "services/ctl/people.h"

#include <chrono>
#include <thread>

#include "absl/strings/ascii.h"
#include "bangfu/identity/v1/identity_service.pb.h"
#include "bangfu/registry/v1/grant_service.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::ctl {
namespace {

constexpr char kGrants[] = "bangfu.registry.v1.GrantService.";
constexpr int kAtOnce = 500;

std::string SubjectOf(const People::Person& person) {
  return Cat("sample-", absl::AsciiStrToLower(options::v1::Role_Name(person.role).substr(5)), "-",
             person.region, "-", person.number);
}

std::string NameOf(const People::Person& person) {
  return Cat("样例", contract::EnumText(person.role), person.number);
}

}  // namespace

absl::Status People::LoadGranted(Context& admin) {
  if (loaded_) return absl::OkStatus();
  registry::v1::ListGrantsRequest list;
  list.set_state(type::v1::GRANT_STATE_ACTIVE);
  list.set_page_size(kAtOnce);
  do {
    ASSIGN_OR_RETURN(const auto page, admin.Call<registry::v1::ListGrantsResponse>(
                                          Cat(kGrants, "ListGrants"), list));
    for (const auto& grant : page.grants()) granted_.insert(grant.person());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  loaded_ = true;
  return absl::OkStatus();
}

absl::Status People::WaitUntilKnown(const std::string& subject, const std::string& name) {
  ASSIGN_OR_RETURN(Context person, base_.As(subject, name));
  const absl::Time give_up = SystemClock().Now() + absl::Minutes(1);
  for (const auto& [service, address] : base_.endpoints) {
    while (true) {
      ASSIGN_OR_RETURN(const auto me, person.CallOn<identity::v1::WhoAmIResponse>(
                                          service, "bangfu.identity.v1.IdentityService.WhoAmI",
                                          identity::v1::WhoAmIRequest()));
      if (me.grants_size() > 0) break;
      if (SystemClock().Now() > give_up) {
        return Error(absl::StatusCode::kUnavailable, "GRANT_NOT_CARRIED")
            .Zh(Cat("授权一分钟内没有传到 ", service));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  return absl::OkStatus();
}

absl::Status People::Grant(const std::vector<Person>& persons) {
  ASSIGN_OR_RETURN(Context admin, base_.As(kAdmin, "样例机构管理1"));
  RETURN_IF_ERROR(LoadGranted(admin));
  registry::v1::CreateGrantsRequest request;
  std::string last, last_name;
  const auto flush = [&]() -> absl::Status {
    if (request.grants().empty()) return absl::OkStatus();
    request.set_request_id(Context::NewRequestId());
    request.set_reason("样例人员");
    RETURN_IF_ERROR(
        admin.Call<registry::v1::CreateGrantsResponse>(Cat(kGrants, "CreateGrants"), request)
            .status());
    request.clear_grants();
    return absl::OkStatus();
  };
  for (const Person& person : persons) {
    const std::string subject = SubjectOf(person);
    if (!granted_.insert(subject).second) continue;
    auto* grant = request.add_grants();
    grant->set_person(subject);
    grant->set_person_name(NameOf(person));
    grant->set_role(person.role);
    grant->add_regions()->set_code(person.region);
    last = subject;
    last_name = NameOf(person);
    if (request.grants_size() == kAtOnce) RETURN_IF_ERROR(flush());
  }
  RETURN_IF_ERROR(flush());
  // Grants come to the services in the order in which they were made: the last one is enough.
  return last.empty() ? absl::OkStatus() : WaitUntilKnown(last, last_name);
}

absl::StatusOr<Context*> People::Get(auth::Role role, const std::string& region, int number) {
  const Person person{role, region, number};
  const std::string subject = SubjectOf(person);
  auto known = contexts_.find(subject);
  if (known == contexts_.end()) {
    absl::StatusOr<Context> context;
    if (role == options::v1::ROLE_SYSTEM_INTEGRATOR) {
      // A machine client's rights are in its token.
      auth::Grant grant;
      grant.role = role;
      grant.region_path = region;
      context = base_.As(subject, NameOf(person), {grant}, /*is_client=*/true);
    } else {
      RETURN_IF_ERROR(Grant({person}));
      context = base_.As(subject, NameOf(person));
    }
    RETURN_IF_ERROR(context.status());
    known = contexts_.emplace(subject, *std::move(context)).first;
  }
  return &known->second;
}

}  // namespace bangfu::ctl
