#include "tests/chaos/matrix.h"

#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/scope.pb.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/access.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/chaos/matrix_exemptions.h"
#include "tests/chaos/matrix_granted.h"
#include "tests/chaos/matrix_request.h"
#include "tests/chaos/matrix_tally.h"
#include "tests/chaos/matrix_world.h"
#include "tests/chaos/probe.h"

namespace bangfu::probe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

class Matrix : private MatrixWorld {
 public:
  explicit Matrix(const MatrixOptions& options) : MatrixWorld(options) {}

  int Run() {
    if (!Open()) return 1;
    for (const auto& [service, methods] : methods_) {
      for (const std::string& name : methods) {
        Try(service, *DescriptorPool::generated_pool()->FindMethodByName(name));
      }
    }
    for (const auto& [name, needed] : exempt_) {
      if (needed) continue;
      ++wrong_;
      std::printf("%s: let through with a narrowed grant, in vain\n", name.c_str());
    }
    const int tried = calls_;
    for (const auto& [service, methods] : methods_) {
      for (const std::string& name : methods) {
        TryToDo(service, *DescriptorPool::generated_pool()->FindMethodByName(name));
      }
    }
    wrong_ += tally_.Report();
    std::printf("%d calls to see them done\n", calls_ - tried);
    TryGranted();
    std::printf(
        "%d rpcs, %d calls; %d of them of a region, %d of none; %d of money and industries, %d of "
        "clauses\n",
        rpcs_, calls_, regional_, rpcs_ - regional_, narrowed_, of_clauses_);
    for (const std::string& line : unmade_) std::printf("no request: %s\n", line.c_str());
    std::printf("%d wrong, %zu without a request\n", wrong_, unmade_.size());
    return wrong_ + static_cast<int>(unmade_.size());
  }

 private:
  // Grants that are narrowed to what nothing is of.
  std::string NarrowedToken(int role, const std::string& region) {
    auth::Grant grant;
    grant.fund_sources = grant.industries = {"NONE"};
    return ScopedToken(role, region, grant, &narrowed_tokens_);
  }
  std::string ClauseToken(int role, const std::string& region) {
    auth::Grant grant;
    grant.clauses = {"NONE"};
    return ScopedToken(role, region, grant, &clause_tokens_);
  }
  std::string ScopedToken(int role, const std::string& region, auth::Grant grant, Tokens* tokens) {
    std::string& token = (*tokens)[{role, region}];
    if (!token.empty()) return token;
    auto key = auth::DevKey::LoadOrCreate(options_.dev_key);
    if (!key.ok()) return token;
    auth::Caller caller;
    caller.subject = Cat("narrowed-", role, "-", region);
    grant.role = static_cast<auth::Role>(role);
    grant.region_path = region;
    caller.grants.push_back(std::move(grant));
    token = key->Mint(caller, SystemClock().Now()).value_or("");
    return token;
  }

  static std::string DetailOf(const absl::Status& status) {
    const ErrorDetail detail = GetErrorDetail(status);
    std::string what = detail.message_zh;
    for (const FieldViolation& violation : detail.violations) {
      what += Cat("; ", violation.field, ": ", violation.description);
    }
    return what;
  }

  void Wrong(const std::string& service, const MethodDescriptor& method, int role,
             std::string_view where, const absl::Status& status) {
    ++wrong_;
    const std::string what = DetailOf(status);
    std::printf("%s %s as %s %s: %s %s\n", service.c_str(), method.full_name().c_str(),
                options::v1::Role_Name(static_cast<auth::Role>(role)).c_str(),
                std::string(where).c_str(), Describe(status).c_str(), what.c_str());
  }

  // Of what was asked for: as if it were not there, or not the caller's business.
  static bool TellsNothing(const Answer& answer) {
    if (answer.status.ok()) return answer.empty;
    return absl::IsNotFound(answer.status) || absl::IsPermissionDenied(answer.status);
  }

  void Try(const std::string& service, const MethodDescriptor& method) {
    ++rpcs_;
    const auto access = contract::AccessOf(method);
    if (!access.ok()) return Wrong(service, method, 0, "", access.status());
    RequestBuilder builder(pools_, codes_, service, options_.inside);
    auto sample = New(method);
    const bool regional =
        builder.Fill(method, sample.get()) && !NotRegional().contains(method.full_name());
    if (regional) ++regional_;
    if (!builder.missing().empty()) {
      unmade_.push_back(Cat(service, " ", method.full_name(), ": no ", builder.missing()));
    }
    const std::string home = builder.of_the_city() ? options_.inside.substr(0, 4) : options_.inside;
    std::set<std::string> seen_inside, seen_outside;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      bool named = access->any_role();
      for (const int one : access->roles()) named = named || one == role;
      for (const std::string& region : {options_.outside, home}) {
        const bool inside = region == home;
        auto request = New(method);
        RequestBuilder fresh(pools_, codes_, service, options_.inside);
        fresh.Fill(method, request.get());
        const Answer answer = Call(service, method, *request, Token(role, region));
        const std::string reason = ReasonOf(answer.status);
        const bool role_required = reason == "ROLE_REQUIRED";
        const std::string_view where = inside ? "inside" : "outside";
        if (IsServersFault(answer.status)) {
          Wrong(service, method, role, where, answer.status);
        } else if (!named) {
          if (!role_required || !absl::IsPermissionDenied(answer.status)) {
            Wrong(service, method, role, where, answer.status);
          }
        } else if (role_required || absl::IsUnauthenticated(answer.status)) {
          Wrong(service, method, role, where, answer.status);
        } else if (regional && builder.missing().empty()) {
          // Whatever else is answered outside tells of the record, or was judged before it was
          // looked for, so that nothing was tried.
          if (!inside && !TellsNothing(answer)) Wrong(service, method, role, where, answer.status);
          if (inside && absl::IsNotFound(answer.status)) {
            Wrong(service, method, role, where, answer.status);
          }
          (inside ? seen_inside : seen_outside)
              .insert(Cat(Describe(answer.status), answer.empty ? "" : " with contents"));
        }
      }
    }
    if (!OfTheClausesOfItsStep().contains(method.full_name())) {
      TryOtherClauses(service, method, *access, home);
    }
    if (regional && builder.missing().empty() && access->mode() == options::v1::ACCESS_MODE_WRITE) {
      TryNarrowed(service, method, *access, home);
    }
    // What is the same wherever one stands was not tried.
    if (regional && builder.missing().empty() && seen_inside == seen_outside &&
        !AlikeEverywhere().contains(method.full_name())) {
      ++wrong_;
      std::printf("%s %s: the same inside and outside: %s\n", service.c_str(),
                  method.full_name().c_str(), seen_inside.begin()->c_str());
    }
  }

  // By a grant for other clauses of the policy, which opens what serves no clause and nothing else:
  // where any role will do, nothing is seen by it.
  void TryOtherClauses(const std::string& service, const MethodDescriptor& method,
                       const options::v1::Access& access, const std::string& home) {
    const int role =
        access.any_role() ? options::v1::ROLE_COUNTY_OPERATOR : static_cast<int>(access.roles(0));
    auto request = New(method);
    RequestBuilder(pools_, codes_, service, options_.inside).Fill(method, request.get());
    const Answer answer = Call(service, method, *request, ClauseToken(role, home));
    const bool serves = method.options().ExtensionSize(options::v1::rpc_clauses) > 0 ||
                        method.service()->options().ExtensionSize(options::v1::clauses) > 0;
    if (serves) ++of_clauses_;
    const bool excluded = ReasonOf(answer.status) == "SCOPE_EXCLUDES";
    const bool right = serves ? excluded || (access.any_role() && TellsNothing(answer)) : !excluded;
    if (!right) Wrong(service, method, role, "of other clauses", answer.status);
  }

  // In the region, but by a grant for other money and other industries.
  void TryNarrowed(const std::string& service, const MethodDescriptor& method,
                   const options::v1::Access& access, const std::string& home) {
    const bool exempt = NotNarrowed().contains(method.full_name());
    bool by_scope = false;
    std::vector<std::pair<int, absl::Status>> open;  // roles that it is open to
    absl::Status last;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      bool named = access.any_role();
      for (const int one : access.roles()) named = named || one == role;
      if (!named) continue;
      auto request = New(method);
      // The record's etag: what follows the comparison is what is tried.
      RequestBuilder(pools_, codes_, service, options_.inside, /*true_etags=*/true)
          .Fill(method, request.get());
      const Answer answer = Call(service, method, *request, NarrowedToken(role, home));
      by_scope = by_scope || ReasonOf(answer.status) == "SCOPE_EXCLUDES" || answer.excluded;
      last = answer.status;
      if (!absl::IsPermissionDenied(answer.status) && !answer.denied) {
        open.emplace_back(role, answer.status);
      }
    }
    if (exempt) {
      bool& needed = exempt_[method.full_name()];
      needed = needed || !by_scope || !open.empty();
      return;
    }
    ++narrowed_;
    for (const auto& [role, status] : open) Wrong(service, method, role, "narrowed", status);
    if (!by_scope) Wrong(service, method, 0, "narrowed", last);
  }

  // A region that is asked for, and the region of who asks.
  struct Place {
    std::string asked, held;
  };
  // The county's own first; then what lies below it and above it.
  std::vector<Place> Places() {
    const std::string& county = options_.inside;
    const std::string city = county.substr(0, 4);
    std::vector<Place> places = {{county, county}};
    const std::string village = VillageOf(county);
    if (!village.empty()) {
      places.push_back({village, county});
      places.push_back({village.substr(0, 9), county});
    }
    places.insert(places.end(), {{county, city}, {city, city}, {county, "36"}, {"36", "36"}});
    return places;
  }

  // Whatever it takes: the records that there are, their etags, the levels above, and of what is
  // one's own its owner. Nothing is stored where that can be asked for.
  void TryToDo(const std::string& service, const MethodDescriptor& method) {
    const std::string rpc(method.full_name());
    // Calls after the first of each role; less for what is known not to come to it.
    const int most = RefusedToAll().contains(rpc) ? 48 : 160;
    const auto access = contract::AccessOf(method);
    if (!access.ok()) return;
    std::vector<int> roles;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      bool named = access->any_role();
      for (const int one : access->roles()) named = named || one == role;
      if (named) roles.push_back(role);
    }
    size_t picks = 1;
    const auto attempt = [&](int role, const Place& place, size_t pick, bool by_owner) {
      auto request = New(method);
      RequestBuilder builder(pools_, codes_, service, place.asked, /*true_etags=*/true, pick);
      builder.Fill(method, request.get());
      picks = std::max(picks, builder.picks());
      const Answer answer = Call(service, method, *request,
                                 by_owner ? MintFor(options_.dev_key, static_cast<auth::Role>(role),
                                                    place.held, "matrix-maker")
                                          : Token(role, place.held));
      if (IsServersFault(answer.status)) Wrong(service, method, role, "done", answer.status);
      const std::string outcome = answer.Outcome();
      tally_.Add(service, rpc, role, outcome,
                 Cat("(", options::v1::Role_Name(static_cast<auth::Role>(role)), " of ", place.held,
                     " for ", place.asked, ") ", DetailOf(answer.status)));
      return outcome == "OK";
    };
    std::vector<Place> places = Places();
    RequestBuilder first(pools_, codes_, service, options_.inside);
    first.Fill(method, New(method).get());
    if (first.of_the_city()) {
      places.insert(places.begin(), {options_.inside, options_.inside.substr(0, 4)});
    }
    for (const int role : roles) attempt(role, places[0], 0, false);
    const int before = calls_;
    for (const Place& place : places) {
      for (size_t pick = 0; pick < picks; ++pick) {
        for (const bool by_owner : {false, true}) {
          for (const int role : roles) {
            if (tally_.Done(service, rpc) || calls_ - before >= most) return;
            attempt(role, place, pick, by_owner);
            // Reads are the same for all.
            if (access->any_role() && role >= options::v1::ROLE_COUNTY_OPERATOR) break;
          }
        }
      }
    }
  }

  // The region of the role's level that the county lies in, or that lies in the county.
  std::string HomeOf(int role, const std::string& county) {
    switch (LevelOf(role)) {
      case 1:
        return "36";
      case 2:
        return county.substr(0, 4);
      case 4:
        return VillageOf(county).substr(0, 9);
      case 5:
        return VillageOf(county);
      default:
        return county;
    }
  }

  // By persons whose roles stand in the registry and not in their tokens, each where such a role is
  // granted: of every rpc one role that may, inside and outside, and one that may not. What they
  // are answered is what the role itself is answered.
  void TryGranted() {
    std::vector<std::pair<int, std::string>> places;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      if (LevelOf(role) == 0) continue;
      for (const std::string& county : {options_.inside, options_.outside}) {
        const std::pair<int, std::string> place{role, HomeOf(role, county)};
        if (places.empty() || places.back() != place) places.push_back(place);
      }
    }
    GrantedPersons persons(
        options_.dev_key,
        MintFor(options_.dev_key, options::v1::ROLE_ORG_ADMIN, "36", "matrix-grants"), clients_);
    if (const absl::Status granted = persons.Grant(places); !granted.ok()) {
      ++wrong_;
      std::printf("no grants: %s %s\n", granted.ToString().c_str(), DetailOf(granted).c_str());
      return;
    }
    const int before = calls_;
    size_t turn = 0;
    int inside = 0, outside = 0, refused = 0;
    std::set<int> roles;
    for (const auto& [service, methods] : methods_) {
      for (const std::string& name : methods) {
        const auto& method = *DescriptorPool::generated_pool()->FindMethodByName(name);
        const auto access = contract::AccessOf(method);
        if (!access.ok()) continue;
        std::vector<int> may, may_not;
        for (int role = 1; role <= options::v1::Role_MAX; ++role) {
          if (LevelOf(role) == 0) continue;
          bool named = access->any_role();
          for (const int one : access->roles()) named = named || one == role;
          (named ? may : may_not).push_back(role);
        }
        ++turn;
        if (!may_not.empty()) {
          const int role = may_not[turn % may_not.size()];
          ++refused;
          const Answer answer = AskGranted(service, method, persons, role, options_.inside);
          if (ReasonOf(answer.status) != "ROLE_REQUIRED") {
            Wrong(service, method, role, "granted", answer.status);
          }
        }
        if (may.empty()) continue;  // for machines
        for (const std::string& county : {options_.inside, options_.outside}) {
          const int role = may[turn % may.size()];
          roles.insert(role);
          ++(county == options_.inside ? inside : outside);
          const Answer answer = AskGranted(service, method, persons, role, county);
          const absl::Status& status = answer.status;
          if (IsServersFault(status) || absl::IsUnauthenticated(status) ||
              ReasonOf(status) == "ROLE_REQUIRED") {
            Wrong(service, method, role, "granted", status);
            continue;
          }
          // What is not only checked may be answered otherwise the second time.
          if (access->mode() == options::v1::ACCESS_MODE_WRITE &&
              method.input_type()->FindFieldByName("validate_only") == nullptr) {
            continue;
          }
          auto request = New(method);
          RequestBuilder(pools_, codes_, service, options_.inside).Fill(method, request.get());
          const Answer same = Call(service, method, *request, Token(role, HomeOf(role, county)));
          if (same.Outcome() == answer.Outcome()) continue;
          std::printf("by its role: %s; ", same.Outcome().c_str());
          Wrong(service, method, role, county == options_.inside ? "granted" : "granted elsewhere",
                status);
        }
      }
    }
    std::printf("by %zu grants of %zu roles: %d inside, %d outside, %d refused by role; %d calls\n",
                places.size(), roles.size(), inside, outside, refused, calls_ - before);
  }

  Answer AskGranted(const std::string& service, const MethodDescriptor& method,
                    const GrantedPersons& persons, int role, const std::string& county) {
    auto request = New(method);
    RequestBuilder(pools_, codes_, service, options_.inside).Fill(method, request.get());
    return Call(service, method, *request, persons.Token(role, HomeOf(role, county)));
  }

  Tokens narrowed_tokens_, clause_tokens_;
  // What NotNarrowed() lets through, and whether it has to, for some service that has it.
  std::map<std::string, bool> exempt_;
  MatrixTally tally_;
  std::vector<std::string> unmade_;
  int rpcs_ = 0, regional_ = 0, wrong_ = 0, narrowed_ = 0, of_clauses_ = 0;
};

}  // namespace

int RunMatrix(const MatrixOptions& options) { return Matrix(options).Run(); }

}  // namespace bangfu::probe
