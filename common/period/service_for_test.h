// A service with one table (T8) of things by county and city, its tokens and its steps.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/audit/schema.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/feed/schema.h"
#include "common/grants/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/mine_for_test.h"
#include "common/inbox/schema.h"
#include "common/inbox/service.h"
#include "common/operation/schema.h"
#include "common/period/schema.h"
#include "common/period/service.h"
#include "common/period/work.h"
#include "common/recode/recode.h"
#include "common/recode/schema.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/held_grants.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::period {

using auth::Role;
using ::bangfu::testing::RpcServer;

inline constexpr char kService[] = "bangfu.period.v1.PeriodService";
inline constexpr char kCounty[] = "360733";
inline constexpr char kTownship[] = "360733101";
inline constexpr char kVillage1[] = "360733101201";
inline constexpr char kVillage2[] = "360733101202";
inline constexpr char kPeriod[] = "2026-02";

inline constexpr char kThings[] = R"sql(CREATE TABLE thing (
  region_path VARCHAR(12) NOT NULL,
  name VARCHAR(32) NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (region_path, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql";

// A table of things by county, and of the counties' sums by city.
class Things : public Table {
 public:
  std::string table_no() const override { return "T8"; }
  std::string name_zh() const override { return "项目调度表"; }
  bool ReportedBy(std::string_view region) const override { return region.size() <= 6; }
  absl::StatusOr<std::vector<std::string>> ComponentRegions(
      mysql::Executor&, const std::string& region) const override {
    if (region.size() == 6) return std::vector<std::string>();
    return std::vector<std::string>{kCounty, "360734"};
  }
  absl::Status Rows(mysql::Executor& db, const std::string& region,
                    const std::vector<Component>& components, const RowSink& sink) const override {
    if (!components.empty()) {
      for (const Component& c : components) {
        type::v1::Quantity sum;
        sum.set_text(c.region_path);
        if (!c.id.is_zero()) {
          RETURN_IF_ERROR(ReadRows(db, c.id, {c.region_path}, [&](Row row) -> absl::Status {
            type::v1::Quantity q;
            if (!q.ParseFromString(row.payload)) return absl::DataLossError("row");
            sum.set_value_milli(sum.value_milli() + q.value_milli());
            return absl::OkStatus();
          }));
        }
        RETURN_IF_ERROR(sink({c.region_path, c.region_path, sum.SerializeAsString()}));
      }
      return absl::OkStatus();
    }
    mysql::Params params;
    const std::string where = mysql::RegionClause({region}, "region_path", &params);
    ASSIGN_OR_RETURN(mysql::Rows rows,
                     db.Query(Cat("SELECT region_path, name, amount FROM thing WHERE ", where,
                                  " ORDER BY region_path, name"),
                              params));
    for (const mysql::Row& row : rows) {
      type::v1::Quantity q;
      q.set_text(row.String(1));
      q.set_value_milli(row.Int(2));
      RETURN_IF_ERROR(sink({row.String(1), row.String(0), q.SerializeAsString()}));
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<type::v1::Watermark>> Watermarks(mysql::Executor&) const override {
    type::v1::Watermark w;
    w.set_source("registry");
    w.set_sequence(42);
    return std::vector<type::v1::Watermark>{w};
  }
  absl::StatusOr<int64_t> CutOffDays(mysql::Executor&) const override { return 5; }
  absl::StatusOr<int64_t> StepDays(mysql::Executor&) const override { return 5; }
  const google::protobuf::Message& row_type() const override {
    return type::v1::Quantity::default_instance();
  }
  std::string TitleOf(const google::protobuf::Message& row) const override {
    return static_cast<const type::v1::Quantity&>(row).text();
  }
};

inline ServiceOptions Options() {
  ServiceOptions options;
  options.tables = {std::make_shared<Things>()};
  options.region_path = [](mysql::Executor&,
                           const std::string& code) -> absl::StatusOr<std::optional<std::string>> {
    return code;
  };
  options.names = [](mysql::Executor&, const std::vector<std::string>& codes)
      -> absl::StatusOr<std::map<std::string, std::string>> {
    std::map<std::string, std::string> names;
    for (const std::string& code : codes) names[code] = Cat("单位", code);
    return names;
  };
  return options;
}

class PeriodServiceTest : public ::testing::Test {
 protected:
  PeriodServiceTest()
      : server_({.services = {kService, "bangfu.inbox.v1.InboxService"},
                 .migrations = migrate::Concat(
                     Schema(), feed::Schema(), idempotency::Schema(), audit::Schema(),
                     operation::Schema(), inbox::Schema(), recode::Schema(), grants::Schema(),
                     migrate::Migrations{{"thing", 1, "create", kThings}}),
                 .server = grants_.ServerOptions()},
                [](rpc::Router& router) {
                  RegisterPeriodService(router, Options());
                  inbox::RegisterInboxService(router, {WorkKinds(), {}});
                }),
        session_(server_.database().Connect()),
        runner_(NewRunner({})) {
    MintTokens();
    Put(kVillage1, "橘园", 100);
    Put(kVillage2, "茶园", 200);
  }

  void MintTokens() {
    operator_ = server_.Token(Role::ROLE_COUNTY_OPERATOR, kCounty, "operator");
    approver_ = server_.Token(Role::ROLE_COUNTY_APPROVER, kCounty, "approver");
    city_ = server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "city");
  }
  std::unique_ptr<operation::OperationRunner> NewRunner(FreezeOptions freeze) {
    operation::RunnerOptions options;
    options.holder = Cat("runner-", ++runners_);
    auto runner = std::make_unique<operation::OperationRunner>(server_.clock(), options);
    RegisterFreeze(*runner, Options(), std::move(freeze));
    return runner;
  }
  void Put(const std::string& region, const std::string& name, int64_t amount) {
    EXPECT_OK(server_.database().db().Execute(
        "INSERT INTO thing (region_path, name, amount) VALUES (?, ?, ?) "
        "ON DUPLICATE KEY UPDATE amount = VALUES(amount)",
        {region, name, amount}));
  }

  template <typename Response = v1::Period, typename Request>
  absl::StatusOr<Response> Call(const std::string& rpc, Request request, const std::string& token) {
    if constexpr (requires { request.set_request_id(std::string()); }) {
      if (request.request_id().empty()) request.set_request_id(Cat("request-", ++requests_));
    }
    return server_.Call<Response>(Cat(kService, ".", rpc), request, token);
  }
  absl::StatusOr<v1::Period> Open(const std::string& region, const std::string& token,
                                  const std::string& period = kPeriod) {
    v1::OpenPeriodRequest request;
    request.set_table_no("T8");
    request.set_region_code(region);
    request.set_period(period);
    return Call("OpenPeriod", request, token);
  }
  template <typename Request>
  absl::StatusOr<v1::Period> Step(const std::string& rpc, const std::string& id,
                                  const std::string& token, Request request = Request()) {
    request.set_id(id);
    return Call(rpc, request, token);
  }
  absl::StatusOr<v1::Period> Freeze(const std::string& id, const std::string& token) {
    return Step<v1::FreezePeriodRequest>("FreezePeriod", id, token);
  }
  void RunOperations() {
    while (true) {
      absl::StatusOr<bool> worked = runner_->StepOnce(*session_);
      ASSERT_OK(worked);
      if (!*worked) return;
    }
  }
  v1::Period Get(const std::string& id, const std::string& token) {
    v1::GetPeriodRequest request;
    request.set_id(id);
    auto period = Call("GetPeriod", request, token);
    EXPECT_OK(period);
    return period.ok() ? *period : v1::Period();
  }
  v1::Period Get(const std::string& id) { return Get(id, operator_); }
  // A county's table, frozen.
  v1::Period Frozen() {
    auto opened = Open(kCounty, operator_);
    EXPECT_OK(opened);
    EXPECT_OK(Freeze(opened->id(), operator_));
    RunOperations();
    return Get(opened->id());
  }
  std::string HashOf(const std::string& id, const std::string& unit) {
    v1::ListPeriodUnitsRequest request;
    request.set_id(id);
    request.set_region_code(unit);
    auto units = Call<v1::ListPeriodUnitsResponse>("ListPeriodUnits", request, city_);
    EXPECT_OK(units);
    for (const v1::PeriodUnit& u : units->units()) {
      if (u.region_code() == unit) return u.rows_sha256();
    }
    return std::string(64, '0');
  }
  absl::StatusOr<v1::Period> SignWith(const std::string& id, const std::string& unit,
                                      const std::string& sha, const std::string& person) {
    v1::SignPeriodRequest request;
    request.set_region_code(unit);
    request.set_rows_sha256(sha);
    return Step("SignPeriod", id, server_.Token(SignerOf(unit), unit, person), request);
  }
  absl::StatusOr<v1::Period> Sign(const std::string& id, const std::string& unit,
                                  const std::string& person) {
    return SignWith(id, unit, HashOf(id, unit), person);
  }
  void SignAll(const std::string& id) {
    ASSERT_OK(Sign(id, kVillage1, "cadre-1"));
    ASSERT_OK(Sign(id, kVillage2, "cadre-2"));
    ASSERT_OK(Sign(id, kTownship, "township"));
    ASSERT_OK(Sign(id, kCounty, "approver"));
  }
  absl::StatusOr<v1::Period> Return(const std::string& id, const std::string& token) {
    v1::ReturnPeriodRequest request;
    type::v1::ReturnReason* reason = request.add_reasons();
    reason->set_subject_id("橘园");
    reason->set_field("value_milli");
    reason->set_text("数量与实地不符");
    return Step("ReturnPeriod", id, token, request);
  }
  v1::DiffPeriodResponse Diff(const std::string& id, const std::string& other = "") {
    v1::DiffPeriodRequest request;
    request.set_id(id);
    request.set_other_id(other);
    auto diff = Call<v1::DiffPeriodResponse>("DiffPeriod", request, operator_);
    EXPECT_OK(diff);
    return diff.ok() ? *diff : v1::DiffPeriodResponse();
  }

  // What lies in the inbox of the caller: "PERIOD_SIGN 360733101201".
  std::vector<inbox::v1::WorkItem> Mine(const std::string& token) {
    return inbox::MyWork(server_, token);
  }
  std::vector<std::string> Work(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) {
      out.push_back(item.slot().empty() ? item.kind() : Cat(item.kind(), " ", item.slot()));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  std::string Signer(const std::string& unit, const std::string& person) {
    return server_.Token(SignerOf(unit), unit, person);
  }

  int runners_ = 0;
  std::atomic<int> requests_ = 0;
  ::bangfu::testing::HeldGrants grants_;
  RpcServer server_;
  std::unique_ptr<mysql::Session> session_;
  std::unique_ptr<operation::OperationRunner> runner_;
  std::string operator_, approver_, city_;
};

}  // namespace bangfu::period
