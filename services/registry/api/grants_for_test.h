// Grants through gRPC over a real database, as tests ask for them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/grant_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/audit/service.h"
#include "common/external/schema.h"
#include "common/grants/book.h"
#include "common/grants/copies.h"
#include "common/intake/schema.h"
#include "common/notice/schema.h"
#include "common/runtime/standard_parts.h"
#include "common/status/error.h"
#include "common/testing/at_once.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"
#include "services/registry/api/grants.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/long_work_for_test.h"
#include "services/registry/app.h"

namespace bangfu::registry {

using testing::IsOk;
using testing::RpcServer;
using testing::StatusIs;
using type::v1::Grant;
using Code = absl::StatusCode;
namespace role = options::v1;

inline constexpr char kS[] = "bangfu.registry.v1.GrantService.";
inline constexpr char kAdmin[] = "org-admin";

class GrantsTest : protected LongWork, public ::testing::Test {
 protected:
  GrantsTest() {
    RpcServer::Options options;
    options.services = OwnServices();
    options.services.emplace_back("bangfu.audit.v1.AuditService");
    options.migrations = migrate::Concat(runtime::StandardMigrations(), ::bangfu::intake::Schema(),
                                         external::Schema(), notice::Schema(), OwnMigrations());
    options.server.pipeline.grants = &book_;
    server_ = std::make_unique<RpcServer>(options, [this](rpc::Router& router) {
      RegisterHandlers(router, operations_, operation_ids_);
      audit::RegisterAuditService(router);
    });
    EXPECT_THAT(EnsureFirstAdmin(db(), Now(), kAdmin, "王管理"), IsOk());
    Look();
    ImportRegions();
  }
  mysql::Session& db() { return server_->database().db(); }
  absl::Time Now() { return server_->clock().Now(); }
  void Look() { ASSERT_THAT(book_.Refresh(db(), Now()), IsOk()); }

  void ImportRegions() {
    v1::ImportRegionsRequest request;
    for (const auto& [code, name, start, end, successor] :
         std::vector<std::tuple<const char*, const char*, int, int, const char*>>{
             {"36", "江西省", 0, 0, ""},
             {"3607", "赣州市", 0, 0, ""},
             {"3604", "九江市", 0, 0, ""},
             {"360733", "会昌县", 0, 0, ""},
             {"360733100", "文武坝镇", 0, 0, ""},
             {"360733100001", "水东村", 0, 0, ""},
             {"360783", "龙南市", 2020, 0, ""},
             {"360783100", "龙南镇", 0, 0, ""},
             {"360727", "龙南县", 1998, 2020, "360783"}}) {
      v1::Region& region = *request.add_regions();
      region.set_code(code);
      region.set_name(name);
      region.set_start_year(start);
      region.set_end_year(end);
      if (*successor != 0) region.add_successors()->set_code(successor);
    }
    request.set_request_id(NextRequestId());
    ASSERT_THAT(server_->Call<v1::ImportRegionsResponse>(
                    "bangfu.registry.v1.RegionService.ImportRegions", request,
                    server_->Token(role::ROLE_PROV_ADMIN, "36", "prov")),
                IsOk());
  }
  std::string NextRequestId() { return "request-" + std::to_string(++requests_); }
  // A token that says who it is and nothing else.
  std::string Me(const std::string& subject) {
    auth::Caller caller;
    caller.subject = subject;
    caller.name = subject;
    return server_->Token(caller);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& who, const char* method, Request request) {
    if constexpr (requires { request.set_request_id(std::string()); }) {
      if (request.request_id().empty()) request.set_request_id(NextRequestId());
    }
    auto response = server_->Call<Response>(std::string(kS) + method, request, Me(who));
    Look();
    return response;
  }
  static Grant Wanted(const std::string& person, auth::Role what, const std::string& region) {
    Grant grant;
    grant.set_person(person);
    grant.set_person_name(person);
    grant.set_role(what);
    grant.add_regions()->set_code(region);
    return grant;
  }
  absl::StatusOr<v1::CreateGrantsResponse> Create(const std::string& who,
                                                  const std::vector<Grant>& wanted,
                                                  bool validate_only = false) {
    v1::CreateGrantsRequest request;
    for (const Grant& grant : wanted) *request.add_grants() = grant;
    request.set_validate_only(validate_only);
    return Call<v1::CreateGrantsResponse>(who, "CreateGrants", request);
  }
  Grant MustCreate(const std::string& who, const Grant& wanted) {
    auto created = Create(who, {wanted});
    EXPECT_THAT(created, IsOk());
    return created.ok() ? created->grants(0) : Grant();
  }
  absl::StatusOr<Grant> Revoke(const std::string& who, const std::string& id) {
    v1::RevokeGrantRequest request;
    request.set_id(id);
    request.set_reason("调离");
    return Call<Grant>(who, "RevokeGrant", request);
  }
  v1::DelegateGrantRequest Delegation(const Grant& grant, const std::string& to,
                                      absl::Duration length = absl::Hours(24 * 7)) {
    v1::DelegateGrantRequest request;
    request.set_id(grant.id());
    request.set_person(to);
    request.set_person_name(to);
    grants::SetTime(Now() + length, request.mutable_valid_to());
    request.set_reason("年休假");
    return request;
  }
  absl::StatusOr<Grant> Delegate(const std::string& who, const v1::DelegateGrantRequest& request) {
    return Call<Grant>(who, "DelegateGrant", request);
  }
  absl::StatusOr<Grant> Get(const std::string& who, const std::string& id) {
    v1::GetGrantRequest request;
    request.set_id(id);
    return Call<Grant>(who, "GetGrant", request);
  }
  static std::string AllowedText(const Grant& grant) {
    std::string out;
    for (const auto& action : grant.allowed_actions()) {
      out += action.action() + (action.allowed() ? "+ " : "-" + action.refusal_reason() + " ");
    }
    return out;
  }
  // Runs both at the same moment; how many came through, and the reasons of the others.
  template <typename A, typename B>
  std::pair<int, std::string> AtOnce(A a, B b) {
    const std::vector<absl::Status> results = testing::AtOnce(
        2, [&](int i) -> absl::Status { return i == 0 ? absl::Status(a()) : absl::Status(b()); });
    std::pair<int, std::string> out;
    for (const absl::Status& result : results) {
      if (result.ok()) {
        ++out.first;
      } else {
        out.second += ReasonOf(result);
      }
    }
    return out;
  }
  template <typename Response, typename Request>
  absl::Status Raw(const std::string& who, const char* method, Request request) {
    if (request.request_id().empty()) request.set_request_id(NextRequestId());
    return server_->Call<Response>(std::string(kS) + method, request, Me(who)).status();
  }

  grants::GrantBook book_;
  std::unique_ptr<RpcServer> server_;
  std::atomic<int> requests_{0};
};

}  // namespace bangfu::registry
