// The rpcs of publicities on a real database, with one publicity that runs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/audit/schema.h"
#include "common/base/clock.h"
#include "common/blob/blob_for_test.h"
#include "common/blob/schema.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/schema.h"
#include "common/publicity/schema.h"
#include "common/publicity/service.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/held_grants.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::publicity {

using auth::Role;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;

inline constexpr char kService[] = "bangfu.publicity.v1.PublicityService";

class PublicityServiceTest : public ::testing::Test {
 protected:
  PublicityServiceTest()
      : server_({.services = {kService},
                 .migrations = migrate::Concat(Schema(), feed::Schema(), idempotency::Schema(),
                                               inbox::Schema(), audit::Schema(), blob::Schema(),
                                               migrate::Migrations{{"told", 1, "create", R"sql(
CREATE TABLE told (
  id BINARY(16) NOT NULL,
  what VARCHAR(16) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}}),
                 .server = held_.ServerOptions()},
                [this](rpc::Router& router) {
                  RegisterPublicityService(
                      router, {.calendar = NoCalendar,
                               .evidence_wanted = [this](mysql::Executor&, std::string_view)
                                   -> absl::StatusOr<int64_t> { return wanted_.load(); },
                               .on_passed = Tell("passed"),
                               .on_upheld = Tell("upheld"),
                               .facets = [this](mysql::Executor&,
                                                const std::vector<const v1::Publicity*>& asked,
                                                absl::Time) { return FacetsOfSubjects(asked); }});
                }),
        village_(server_.Token(Role::ROLE_VILLAGE_REPORTER, "360733101", "v1")),
        operator_(server_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "o1")),
        approver_(server_.Token(Role::ROLE_COUNTY_APPROVER, "360733", "a1")) {
    NewPublicity publicity;
    publicity.id = server_.ids().Next();
    publicity.region_path = "360733101";
    publicity.subject_type = "evaluation";
    publicity.subject_id = server_.ids().Next();
    publicity.kind = "CLASS";
    publicity.channels = {"村务公开栏"};
    publicity.content_sha256 = std::string(64, 'a');
    publicity.days_required = 7;
    EXPECT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) {
      return Start(tx, publicity, NoCalendar, server_.clock().Now()).status();
    }));
    id_ = publicity.id.ToString();
  }

  static absl::StatusOr<Calendar> NoCalendar(mysql::Executor&, absl::civil_year_t,
                                             absl::civil_year_t) {
    return Calendar();
  }
  OwnerCallback Tell(std::string what) {
    return [this, what](rpc::Mutation& mutation, const v1::Publicity& publicity) -> absl::Status {
      if (owner_refuses_) return FailedPrecondition("OWNER_REFUSES", "不可以");
      return mutation.tx()
          .Execute("INSERT INTO told (id, what) VALUES (?, ?)",
                   {*Ulid::Parse(publicity.id()), what})
          .status();
    };
  }
  absl::StatusOr<v1::Publicity> Get(const std::string& token) {
    v1::GetPublicityRequest request;
    request.set_id(id_);
    return server_.Call<v1::Publicity>(absl::StrCat(kService, ".GetPublicity"), request, token);
  }
  // A token of one who has this role on another's behalf, until the person is lent another.
  std::string Lent(const std::string& person, const std::string& by, Role role,
                   const std::string& region, const Ulid& grant) {
    held_.Lend(person, by, role, region, grant);
    return ::bangfu::testing::PersonToken(server_, person);
  }
  absl::StatusOr<v1::Publicity> Raise(const std::string& request_id) {
    return Raise(request_id, village_);
  }
  absl::StatusOr<v1::Publicity> Raise(const std::string& request_id, const std::string& token) {
    v1::RaiseObjectionRequest request;
    request.set_request_id(request_id);
    request.set_id(id_);
    request.set_raised_by("王小明");
    request.set_text("面积不对");
    return server_.Call<v1::Publicity>(absl::StrCat(kService, ".RaiseObjection"), request, token);
  }
  absl::StatusOr<v1::Publicity> Reject(const std::string& objection, const std::string& token) {
    v1::DecideObjectionRequest request;
    request.set_request_id(absl::StrCat("reject-", ++decided_));
    request.set_id(id_);
    request.set_objection_id(objection);
    request.set_decision(v1::OBJECTION_STATE_REJECTED);
    request.set_reply("已复核，面积无误");
    return server_.Call<v1::Publicity>(absl::StrCat(kService, ".DecideObjection"), request, token);
  }
  absl::StatusOr<v1::Publicity> Conclude(const std::string& request_id) {
    v1::ConcludePublicityRequest request;
    request.set_request_id(request_id);
    request.set_id(id_);
    return server_.Call<v1::Publicity>(absl::StrCat(kService, ".ConcludePublicity"), request,
                                       operator_);
  }

  absl::StatusOr<std::vector<auth::Facets>> FacetsOfSubjects(
      const std::vector<const v1::Publicity*>& publicities) {
    ++facets_asked_;
    std::vector<auth::Facets> out;
    for (const v1::Publicity* publicity : publicities) {
      out.push_back(facets_[publicity->subject_id()]);
    }
    return out;
  }
  // Whose grants, one for each scope, are narrowed to these fund sources and industries.
  std::string Narrowed(Role role, const std::string& region, const std::string& person,
                       const std::vector<auth::Facets>& scopes) {
    auth::Caller caller;
    caller.subject = person;
    for (const auth::Facets& scope : scopes) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = role;
      grant.region_path = region;
      grant.fund_sources = scope.fund_sources;
      grant.industries = scope.industries;
    }
    return server_.Token(caller);
  }

  // A complete upload of this person's.
  type::v1::Evidence File(std::string_view kind, std::string_view person,
                          std::string_view region = "360733101") {
    auto evidence = ::bangfu::testing::CompleteEvidence(
        server_.database().db(), server_.ids(), server_.clock().Now(), kind, region, person);
    EXPECT_OK(evidence);
    return evidence.ok() ? *evidence : type::v1::Evidence();
  }
  absl::StatusOr<v1::Publicity> Add(const std::vector<type::v1::Evidence>& files,
                                    const std::string& token, const std::string& etag = "") {
    v1::AddPublicityEvidenceRequest request;
    request.set_request_id(absl::StrCat("add-files-", ++added_));
    request.set_id(id_);
    request.set_etag(etag);
    for (const auto& file : files) *request.add_evidence() = file;
    return server_.Call<v1::Publicity>(absl::StrCat(kService, ".AddPublicityEvidence"), request,
                                       token);
  }

  std::atomic<bool> owner_refuses_ = false;
  std::atomic<int64_t> wanted_ = 0;  // files that a conclusion asks for
  std::atomic<int> added_ = 1000;
  std::map<std::string, auth::Facets> facets_;  // by subject; set before the calls
  std::atomic<int> facets_asked_ = 0;
  int decided_ = 1000;
  ::bangfu::testing::HeldGrants held_;
  RpcServer server_;
  const std::string village_, operator_, approver_;
  std::string id_;
};

}  // namespace bangfu::publicity
