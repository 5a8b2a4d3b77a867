#include "common/period/service.h"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <set>
#include <thread>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/audit/schema.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/schema.h"
#include "common/inbox/service.h"
#include "common/operation/schema.h"
#include "common/period/schema.h"
#include "common/period/work.h"
#include "common/recode/recode.h"
#include "common/recode/schema.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/deep.h"
#include "common/testing/held_grants.h"
#include "common/testing/random.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::period {
namespace {

using absl::StatusCode;
using auth::Role;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kService[] = "bangfu.period.v1.PeriodService";
constexpr char kCounty[] = "360733";
constexpr char kTownship[] = "360733101";
constexpr char kVillage1[] = "360733101201";
constexpr char kVillage2[] = "360733101202";
constexpr char kPeriod[] = "2026-02";

constexpr char kThings[] = R"sql(CREATE TABLE thing (
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

ServiceOptions Options() {
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
                     operation::Schema(), inbox::Schema(), recode::Schema(),
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
    inbox::v1::ListMyWorkRequest request;
    request.set_page_size(200);
    auto page = server_.Call<inbox::v1::ListMyWorkResponse>(
        "bangfu.inbox.v1.InboxService.ListMyWork", request, token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
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

TEST_F(PeriodServiceTest, R019_FromOpenToAccepted) {
  auto opened = Open(kCounty, operator_);
  ASSERT_OK(opened);
  EXPECT_EQ(opened->state(), v1::PERIOD_STATE_OPEN);
  EXPECT_EQ(opened->revision(), 1);
  EXPECT_EQ(opened->cut_off().month(), 3);
  EXPECT_EQ(opened->cut_off().day(), 5);
  EXPECT_EQ(opened->table_name_zh(), "项目调度表");
  auto freezing = Freeze(opened->id(), operator_);
  ASSERT_OK(freezing);
  EXPECT_EQ(freezing->state(), v1::PERIOD_STATE_FREEZING);
  EXPECT_THAT(Freeze(opened->id(), operator_),
              StatusIs(StatusCode::kFailedPrecondition, "FREEZE_RUNNING"));
  RunOperations();
  const v1::Period frozen = Get(opened->id());
  EXPECT_EQ(frozen.state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_EQ(frozen.rows(), 2);
  EXPECT_EQ(frozen.rows_sha256(), HashOf(frozen.id(), kCounty));
  EXPECT_EQ(frozen.watermarks(0).sequence(), 42);
  EXPECT_EQ(frozen.prepared_by().subject(), "operator");
  EXPECT_THAT(frozen.unsigned_regions(), ElementsAre(kCounty, kTownship, kVillage1, kVillage2));
  EXPECT_THAT(frozen.draft_note(), HasSubstr("未定稿"));

  const std::string id = frozen.id();
  EXPECT_THAT(Sign(id, kTownship, "township"),
              StatusIs(StatusCode::kFailedPrecondition, "LOWER_LEVEL_UNSIGNED"));
  EXPECT_EQ(Sign(id, kVillage1, "cadre-1")->state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_THAT(Sign(id, kVillage1, "cadre-1"),
              StatusIs(StatusCode::kFailedPrecondition, "ALREADY_CURRENT"));
  EXPECT_EQ(Sign(id, kVillage2, "cadre-2")->state(), v1::PERIOD_STATE_VILLAGE_SIGNED);
  EXPECT_THAT(Sign(id, kTownship, "cadre-1"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_EQ(Sign(id, kTownship, "township")->state(), v1::PERIOD_STATE_TOWNSHIP_SIGNED);
  EXPECT_THAT(Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, operator_),
              StatusIs(StatusCode::kFailedPrecondition, "LOWER_LEVEL_UNSIGNED"));
  auto county = Sign(id, kCounty, "approver");
  ASSERT_OK(county);
  EXPECT_EQ(county->state(), v1::PERIOD_STATE_COUNTY_SIGNED);
  EXPECT_EQ(county->draft_note(), "");
  auto submitted = Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, operator_);
  ASSERT_OK(submitted);
  EXPECT_EQ(submitted->state(), v1::PERIOD_STATE_SUBMITTED);
  EXPECT_THAT(Step<v1::AcceptPeriodRequest>("AcceptPeriod", id, approver_),
              StatusIs(StatusCode::kPermissionDenied));
  auto accepted = Step<v1::AcceptPeriodRequest>("AcceptPeriod", id, city_);
  ASSERT_OK(accepted);
  EXPECT_EQ(accepted->state(), v1::PERIOD_STATE_ACCEPTED);
  EXPECT_EQ(accepted->decided_by().subject(), "city");
}

class ManyPeriods : public PeriodServiceTest {
 protected:
  // A county's table of a month, submitted.
  v1::Period Submitted(const std::string& period) {
    auto opened = Open(kCounty, operator_, period);
    EXPECT_OK(opened);
    if (!opened.ok()) return {};
    EXPECT_OK(Freeze(opened->id(), operator_));
    RunOperations();
    SignAll(opened->id());
    EXPECT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", opened->id(), operator_));
    return Get(opened->id());
  }
  template <typename Request>
  static void Add(const v1::Period& period, Request* request) {
    type::v1::BulkItem& item = *request->add_items();
    item.set_id(period.id());
    item.set_etag(period.etag());
  }
  int64_t Count(const std::string& table) {
    return server_.database().Int("SELECT COUNT(*) FROM " + table);
  }
};

TEST_F(ManyPeriods, R019_AreAcceptedWithAResultEach) {
  const v1::Period january = Submitted("2026-01");
  const v1::Period february = Submitted("2026-02");
  ASSERT_OK_AND_ASSIGN(const v1::Period open, Open(kCounty, operator_, "2025-12"));
  v1::BatchAcceptPeriodsRequest request;
  request.set_request_id("accept-many");
  Add(january, &request);
  Add(february, &request);
  request.mutable_items(1)->set_etag("99");
  Add(open, &request);
  request.add_items()->set_id(server_.ids().Next().ToString());
  EXPECT_THAT(Call<v1::BatchAcceptPeriodsResponse>("BatchAcceptPeriods", request, approver_),
              StatusIs(StatusCode::kPermissionDenied));

  // Looked at first: what would become of each, and nothing is stored.
  const int64_t told = Count("feed_outbox");
  request.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto looked,
                       Call<v1::BatchAcceptPeriodsResponse>("BatchAcceptPeriods", request, city_));
  EXPECT_TRUE(looked.results(0).done());
  EXPECT_EQ(looked.results(2).refusal().reason(), "STATE_NOT_ALLOWED");
  EXPECT_EQ(Get(january.id()).SerializeAsString(), january.SerializeAsString());
  EXPECT_EQ(Count("feed_outbox"), told);
  EXPECT_THAT(Work(city_), ElementsAre("PERIOD_ACCEPT", "PERIOD_ACCEPT"));

  request.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const auto first,
                       Call<v1::BatchAcceptPeriodsResponse>("BatchAcceptPeriods", request, city_));
  ASSERT_EQ(first.results_size(), 4);
  EXPECT_TRUE(first.results(0).done());
  EXPECT_EQ(first.results(0).id(), january.id());
  EXPECT_EQ(first.results(0).state(), "PERIOD_STATE_ACCEPTED");
  EXPECT_EQ(first.results(0).etag(), Get(january.id()).etag());
  EXPECT_EQ(first.results(1).refusal().reason(), "ETAG_MISMATCH");
  EXPECT_EQ(first.results(2).refusal().reason(), "STATE_NOT_ALLOWED");
  EXPECT_EQ(first.results(3).refusal().code(), static_cast<int>(StatusCode::kNotFound));
  EXPECT_EQ(Get(january.id()).decided_by().subject(), "city");
  EXPECT_EQ(Get(february.id()).state(), v1::PERIOD_STATE_SUBMITTED);
  EXPECT_THAT(Work(city_), ElementsAre("PERIOD_ACCEPT"));
  EXPECT_EQ(Count("audit_log WHERE action LIKE '%AcceptPeriod'"), 1);

  // Again, with the etag put right: what was done stays, what was refused is tried again.
  request.mutable_items(1)->set_etag(february.etag());
  ASSERT_OK_AND_ASSIGN(const auto second,
                       Call<v1::BatchAcceptPeriodsResponse>("BatchAcceptPeriods", request, city_));
  EXPECT_EQ(second.results(0).SerializeAsString(), first.results(0).SerializeAsString());
  EXPECT_TRUE(second.results(1).done());
  EXPECT_EQ(Count("audit_log WHERE action LIKE '%AcceptPeriod'"), 2);
  EXPECT_THAT(Work(city_), IsEmpty());
}

TEST_F(ManyPeriods, R019_AreReturnedForTheSameReasons) {
  const v1::Period january = Submitted("2026-01");
  const v1::Period february = Submitted("2026-02");
  v1::BatchReturnPeriodsRequest request;
  Add(january, &request);
  Add(february, &request);
  EXPECT_THAT(Call<v1::BatchReturnPeriodsResponse>("BatchReturnPeriods", request, city_),
              HasViolation("reasons"));
  request.add_reasons()->set_text("投入额与决算不符");
  // The county has submitted it: what stands above returns it now.
  ASSERT_OK_AND_ASSIGN(const auto below, Call<v1::BatchReturnPeriodsResponse>("BatchReturnPeriods",
                                                                              request, approver_));
  EXPECT_FALSE(below.results(0).done());
  ASSERT_OK_AND_ASSIGN(const auto returned,
                       Call<v1::BatchReturnPeriodsResponse>("BatchReturnPeriods", request, city_));
  ASSERT_EQ(returned.results_size(), 2);
  for (const auto& result : returned.results()) {
    EXPECT_TRUE(result.done());
    EXPECT_EQ(result.state(), "PERIOD_STATE_RETURNED");
    EXPECT_EQ(result.state_zh(), "已退回");
    const v1::Period period = Get(result.id());
    ASSERT_EQ(period.return_reasons_size(), 1);
    EXPECT_EQ(period.return_reasons(0).text(), "投入额与决算不符");
  }
  EXPECT_THAT(Work(operator_), ElementsAre("PERIOD_REISSUE", "PERIOD_REISSUE"));
}

TEST_F(PeriodServiceTest, OpeningIsCheckedAndOnlyOnce) {
  v1::OpenPeriodRequest request;
  request.set_table_no("T99");
  request.set_region_code(kCounty);
  request.set_period(kPeriod);
  EXPECT_THAT(Call("OpenPeriod", request, operator_), HasViolation("table_no"));
  EXPECT_THAT(Open(kCounty, operator_, "2026-13"), HasViolation("period"));
  EXPECT_THAT(Open(kCounty, operator_, "2099-01"),
              StatusIs(StatusCode::kFailedPrecondition, "PERIOD_NOT_BEGUN"));
  EXPECT_THAT(Open("360734", operator_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Open(kTownship, operator_), HasViolation("region_code"));
  EXPECT_THAT(Open(kCounty, city_), StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  request.set_table_no("T8");
  request.set_validate_only(true);
  ASSERT_OK(Call("OpenPeriod", request, operator_));
  ASSERT_OK(Open(kCounty, operator_));
  EXPECT_THAT(Open(kCounty, operator_), StatusIs(StatusCode::kAlreadyExists, "PERIOD_EXISTS"));
}

TEST_F(PeriodServiceTest, ASignatureBindsToTheRowsThatWereShown) {
  const v1::Period frozen = Frozen();
  EXPECT_THAT(SignWith(frozen.id(), kVillage1, std::string(64, 'a'), "cadre-1"),
              StatusIs(StatusCode::kAborted, "ROWS_CHANGED"));
  EXPECT_THAT(Sign(frozen.id(), "360733102", "cadre-1"),
              StatusIs(StatusCode::kFailedPrecondition, "UNIT_EMPTY"));
  EXPECT_THAT(Sign(frozen.id(), kVillage1, "operator"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  // Another level's signer does not sign.
  v1::SignPeriodRequest request;
  request.set_region_code(kVillage1);
  request.set_rows_sha256(HashOf(frozen.id(), kVillage1));
  EXPECT_THAT(Step("SignPeriod", frozen.id(), approver_, request),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  // The hash of revision 1 does not sign revision 2.
  const std::string shown = HashOf(frozen.id(), kVillage1);
  ASSERT_OK(Return(frozen.id(), approver_));
  Put(kVillage1, "橘园", 150);
  auto second = Step<v1::ReissuePeriodRequest>("ReissuePeriod", frozen.id(), operator_);
  ASSERT_OK(second);
  RunOperations();
  EXPECT_THAT(SignWith(second->id(), kVillage1, shown, "cadre-1"),
              StatusIs(StatusCode::kAborted, "ROWS_CHANGED"));
  EXPECT_THAT(SignWith(frozen.id(), kVillage1, shown, "cadre-1"),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
}

TEST_F(PeriodServiceTest, ReturnedIsReissuedAndBothStayReadable) {
  const v1::Period first = Frozen();
  SignAll(first.id());
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", first.id(), operator_));
  EXPECT_THAT(Step<v1::ReturnPeriodRequest>("ReturnPeriod", first.id(), city_),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Step<v1::ReissuePeriodRequest>("ReissuePeriod", first.id(), operator_),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  auto returned = Return(first.id(), city_);
  ASSERT_OK(returned);
  EXPECT_EQ(returned->return_reasons(0).field(), "value_milli");
  Put(kVillage1, "橘园", 150);
  Put(kVillage2, "新园", 7);
  auto second = Step<v1::ReissuePeriodRequest>("ReissuePeriod", first.id(), operator_);
  ASSERT_OK(second);
  EXPECT_EQ(second->revision(), 2);
  RunOperations();
  const v1::Period old = Get(first.id());
  EXPECT_EQ(old.state(), v1::PERIOD_STATE_REISSUED);
  EXPECT_FALSE(old.newest());
  EXPECT_EQ(old.rows_sha256(), first.rows_sha256());
  const v1::Period fresh = Get(second->id());
  EXPECT_EQ(fresh.state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_NE(fresh.rows_sha256(), first.rows_sha256());
  EXPECT_EQ(fresh.unsigned_count(), 4);  // signed anew

  const v1::DiffPeriodResponse diff = Diff(first.id(), second->id());
  EXPECT_EQ(diff.from_zh(), "2026-02 第1版");
  EXPECT_EQ(diff.to_zh(), "2026-02 第2版");
  ASSERT_EQ(diff.differences_size(), 2);
  EXPECT_EQ(diff.differences(0).key(), "橘园");
  EXPECT_EQ(diff.differences(0).change(), v1::ROW_CHANGE_CHANGED);
  ASSERT_EQ(diff.differences(0).fields_size(), 1);
  EXPECT_EQ(diff.differences(0).fields(0).field(), "value_milli");
  EXPECT_EQ(diff.differences(0).fields(0).before(), "100");
  EXPECT_EQ(diff.differences(0).fields(0).after(), "150");
  EXPECT_EQ(diff.differences(1).change(), v1::ROW_CHANGE_ADDED);
  EXPECT_EQ(diff.added(), 1);
  EXPECT_EQ(diff.changed(), 1);
  // One a page.
  v1::DiffPeriodRequest request;
  request.set_id(first.id());
  request.set_other_id(second->id());
  request.set_page_size(1);
  auto page = Call<v1::DiffPeriodResponse>("DiffPeriod", request, operator_);
  ASSERT_OK(page);
  request.set_page_token(page->next_page_token());
  page = Call<v1::DiffPeriodResponse>("DiffPeriod", request, operator_);
  ASSERT_OK(page);
  EXPECT_EQ(page->differences(0).key(), "新园");
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(PeriodServiceTest, AChangedRecordShowsAsTheDifferenceToTheSignedTable) {
  const v1::Period frozen = Frozen();
  SignAll(frozen.id());
  EXPECT_EQ(Diff(frozen.id()).differences_size(), 0);
  Put(kVillage1, "橘园", 999);
  const v1::DiffPeriodResponse diff = Diff(frozen.id());
  ASSERT_EQ(diff.differences_size(), 1);
  EXPECT_EQ(diff.differences(0).fields(0).after(), "999");
  EXPECT_THAT(diff.to_zh(), HasSubstr("实时"));
  EXPECT_THAT(diff.to_zh(), HasSubstr("registry 42"));
  EXPECT_EQ(Get(frozen.id()).rows_sha256(), frozen.rows_sha256());
}

TEST_F(PeriodServiceTest, AVillageSeesTheCountysTableAndItsOwnPart) {
  const v1::Period frozen = Frozen();
  const std::string village = server_.Token(Role::ROLE_VILLAGE_REPORTER, kVillage1, "cadre-1");
  const v1::Period seen = Get(frozen.id(), village);
  ASSERT_EQ(seen.allowed_actions_size(), 1);
  EXPECT_EQ(seen.allowed_actions(0).action(), "sign");
  EXPECT_TRUE(seen.allowed_actions(0).allowed());
  v1::ListPeriodUnitsRequest units;
  units.set_id(frozen.id());
  auto mine = Call<v1::ListPeriodUnitsResponse>("ListPeriodUnits", units, village);
  ASSERT_OK(mine);
  ASSERT_EQ(mine->units_size(), 1);
  EXPECT_EQ(mine->units(0).region_code(), kVillage1);
  v1::ListPeriodsRequest list;
  auto periods = Call<v1::ListPeriodsResponse>("ListPeriods", list, village);
  ASSERT_OK(periods);
  EXPECT_EQ(periods->periods_size(), 1);
  const std::string elsewhere = server_.Token(Role::ROLE_VILLAGE_REPORTER, "360734101201", "x");
  v1::GetPeriodRequest get;
  get.set_id(frozen.id());
  EXPECT_THAT(Call("GetPeriod", get, elsewhere), StatusIs(StatusCode::kNotFound));
  v1::BatchGetPeriodsRequest batch;
  batch.add_ids(frozen.id());
  const std::string unknown = server_.ids().Next().ToString();
  batch.add_ids(unknown);
  auto got = Call<v1::BatchGetPeriodsResponse>("BatchGetPeriods", batch, operator_);
  ASSERT_OK(got);
  EXPECT_EQ(got->periods_size(), 1);
  EXPECT_THAT(got->missing_ids(), ::testing::ElementsAre(unknown));
  got = Call<v1::BatchGetPeriodsResponse>("BatchGetPeriods", batch, elsewhere);
  ASSERT_OK(got);
  EXPECT_THAT(got->missing_ids(), ::testing::ElementsAre(frozen.id(), unknown));
}

TEST_F(PeriodServiceTest, WhatPassesTheCutOffUnsignedIsLate) {
  const v1::Period frozen = Frozen();
  v1::ListPeriodsRequest list;
  list.set_late_only(true);
  server_.clock().Advance(absl::Hours(24 * 400));
  MintTokens();
  EXPECT_TRUE(Get(frozen.id()).late());
  auto late = Call<v1::ListPeriodsResponse>("ListPeriods", list, operator_);
  ASSERT_OK(late);
  ASSERT_EQ(late->periods_size(), 1);
  SignAll(frozen.id());
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", frozen.id(), operator_));
  EXPECT_FALSE(Get(frozen.id()).late());
  late = Call<v1::ListPeriodsResponse>("ListPeriods", list, operator_);
  ASSERT_OK(late);
  EXPECT_EQ(late->periods_size(), 0);
}

TEST_F(PeriodServiceTest, ACitysTableIsMadeOfTheCountiesRevisions) {
  auto city = Open("3607", city_);
  ASSERT_OK(city);
  const v1::Period county = Frozen();
  ASSERT_OK(Freeze(city->id(), city_));
  RunOperations();
  v1::Period made = Get(city->id(), city_);
  EXPECT_EQ(made.state(), v1::PERIOD_STATE_FROZEN);
  ASSERT_EQ(made.components_size(), 2);
  EXPECT_EQ(made.components(0).period_id(), county.id());
  EXPECT_EQ(made.components(0).rows_sha256(), county.rows_sha256());
  EXPECT_EQ(made.components(1).period_id(), "");
  EXPECT_THAT(made.draft_note(), HasSubstr("单位360734"));
  EXPECT_FALSE(made.needs_update());
  EXPECT_THAT(Step<v1::SubmitPeriodRequest>("SubmitPeriod", city->id(), city_),
              StatusIs(StatusCode::kFailedPrecondition, "COMPONENT_UNSIGNED"));
  // The other county comes after: the city's table is no longer of what stands.
  const std::string other = server_.Token(Role::ROLE_COUNTY_OPERATOR, "360734", "operator-2");
  auto second = Open("360734", other);
  ASSERT_OK(second);
  ASSERT_OK(Freeze(second->id(), other));
  RunOperations();
  made = Get(city->id(), city_);
  EXPECT_TRUE(made.needs_update());
  EXPECT_THAT(made.draft_note(), HasSubstr("需更新"));
  EXPECT_THAT(Step<v1::SubmitPeriodRequest>("SubmitPeriod", city->id(), city_),
              StatusIs(StatusCode::kFailedPrecondition, "NEEDS_UPDATE"));
  auto again = Step<v1::ReissuePeriodRequest>("ReissuePeriod", city->id(), city_);
  ASSERT_OK(again);
  RunOperations();
  EXPECT_FALSE(Get(again->id(), city_).needs_update());
  // Both counties submit; then one is returned and issued anew.
  SignAll(county.id());
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", county.id(), operator_));
  ASSERT_OK(Sign(second->id(), "360734", "approver-2"));
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", second->id(), other));
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", again->id(), city_));
  EXPECT_EQ(Get(again->id(), city_).draft_note(), "");
  ASSERT_OK(Return(county.id(), city_));
  EXPECT_TRUE(Get(again->id(), city_).needs_update());
}

// --- two at once, and crashes ---

TEST_F(PeriodServiceTest, OfTwoCallersAtEachGuardOneWins) {
  const auto race = [&](auto first, auto second) {
    absl::StatusOr<v1::Period> results[2];
    std::thread other([&] { results[1] = second(); });
    results[0] = first();
    other.join();
    EXPECT_EQ((results[0].ok() ? 1 : 0) + (results[1].ok() ? 1 : 0), 1)
        << results[0].status() << " / " << results[1].status();
    return results[0].ok() ? results[1].status() : results[0].status();
  };
  const std::string operator2 = server_.Token(Role::ROLE_COUNTY_OPERATOR, kCounty, "operator-b");
  EXPECT_THAT(
      race([&] { return Open(kCounty, operator_); }, [&] { return Open(kCounty, operator2); }),
      StatusIs(StatusCode::kAlreadyExists, "PERIOD_EXISTS"));
  v1::ListPeriodsRequest list;
  auto listed = Call<v1::ListPeriodsResponse>("ListPeriods", list, operator_);
  ASSERT_OK(listed);
  ASSERT_EQ(listed->periods_size(), 1);
  const std::string id = listed->periods(0).id();
  EXPECT_THAT(race([&] { return Freeze(id, operator_); }, [&] { return Freeze(id, operator2); }),
              StatusIs(StatusCode::kFailedPrecondition, "FREEZE_RUNNING"));
  RunOperations();
  const std::string hash = HashOf(id, kVillage1);
  EXPECT_THAT(race([&] { return SignWith(id, kVillage1, hash, "cadre-1"); },
                   [&] { return SignWith(id, kVillage1, hash, "cadre-9"); }),
              StatusIs(StatusCode::kFailedPrecondition, "ALREADY_CURRENT"));
  ASSERT_OK(Sign(id, kVillage2, "cadre-2"));
  ASSERT_OK(Sign(id, kTownship, "township"));
  ASSERT_OK(Sign(id, kCounty, "approver"));
  const auto submit = [&](const std::string& token) {
    return Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, token);
  };
  EXPECT_THAT(race([&] { return submit(operator_); }, [&] { return submit(operator2); }),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  ASSERT_OK(Return(id, city_));
  const auto reissue = [&](const std::string& token) {
    return Step<v1::ReissuePeriodRequest>("ReissuePeriod", id, token);
  };
  EXPECT_THAT(race([&] { return reissue(operator_); }, [&] { return reissue(operator2); }),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM report_period"), 2);
}

TEST_F(PeriodServiceTest, ACrashWhileFreezingLeavesNothingHalfDoneAndTheNextGoesOn) {
  auto opened = Open(kCounty, operator_);
  ASSERT_OK(opened);
  ASSERT_OK(Freeze(opened->id(), operator_));
  // The connection dies with everything written and nothing committed; the process is gone.
  auto dying = NewRunner({.before_commit = [&](mysql::Tx& tx) -> absl::Status {
    EXPECT_EQ(tx.Query("SELECT COUNT(*) FROM period_rows")->at(0).Int(0), 1);
    return Error(StatusCode::kUnavailable, "CRASH").Build();
  }});
  auto session = server_.database().Connect();
  (void)dying->StepOnce(*session);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM period_rows"), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM period_unit"), 0);
  EXPECT_EQ(Get(opened->id()).state(), v1::PERIOD_STATE_FREEZING);
  server_.clock().Advance(absl::Minutes(5));  // its lease ends
  RunOperations();
  const v1::Period frozen = Get(opened->id());
  EXPECT_EQ(frozen.state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_EQ(frozen.rows(), 2);
}

TEST_F(PeriodServiceTest, AFailedFreezeIsFrozenAgain) {
  auto opened = Open(kCounty, operator_);
  ASSERT_OK(opened);
  ASSERT_OK(Freeze(opened->id(), operator_));
  auto failing = NewRunner(
      {.before_commit = [](mysql::Tx&) -> absl::Status { return absl::DataLossError("bad"); }});
  auto session = server_.database().Connect();
  ASSERT_OK(failing->StepOnce(*session));
  EXPECT_EQ(Get(opened->id()).state(), v1::PERIOD_STATE_FREEZING);
  ASSERT_OK(Freeze(opened->id(), operator_));
  RunOperations();
  EXPECT_EQ(Get(opened->id()).state(), v1::PERIOD_STATE_FROZEN);
}

TEST_F(PeriodServiceTest, ListsGoByTheRegionsIndex) {
  ASSERT_OK(Open(kCounty, operator_));
  auto explained = server_.database().db().Query(
      "EXPLAIN SELECT id FROM report_period FORCE INDEX (period_by_region) WHERE "
      "((region_path >= '360733' AND region_path < '360734') OR region_path IN ('36', '3607')) AND "
      "newest = 1 ORDER BY region_path, id LIMIT 51");
  ASSERT_OK(explained);
  EXPECT_EQ(explained->at(0).String(5), "period_by_region");
  EXPECT_THAT(explained->at(0).String(9), ::testing::Not(HasSubstr("filesort")));
}

TEST_F(PeriodServiceTest, EveryStepLeavesAnEventAndALineInTheTrail) {
  const v1::Period frozen = Frozen();
  SignAll(frozen.id());
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'period'"), 7);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM feed_outbox"), 7);
}

// The freezing is long work; who started it, on whose behalf and by which grant stands in its
// entries as in those of the calls.
TEST_F(PeriodServiceTest, WhatADeputyStartsIsAuditedOnThePrincipalsBehalf) {
  const Ulid grant = server_.ids().Next();
  grants_.Lend("zhang", "li", Role::ROLE_COUNTY_OPERATOR, kCounty, grant);
  const std::string deputy = ::bangfu::testing::PersonToken(server_, "zhang");
  auto opened = Open(kCounty, deputy);
  ASSERT_OK(opened);
  ASSERT_OK(Freeze(opened->id(), deputy));
  RunOperations();
  const v1::Period frozen = Get(opened->id());
  EXPECT_EQ(frozen.state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_EQ(frozen.prepared_by().delegated_by(), "li");
  EXPECT_EQ(frozen.prepared_by().grant_id(), grant.ToString());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log"), 3);
  EXPECT_EQ(
      server_.database().Int(Cat("SELECT COUNT(*) FROM audit_log WHERE actor_subject = 'zhang' AND "
                                 "actor_delegated_by = 'li' AND actor_grant_id = '",
                                 grant.ToString(), "'")),
      3);
}

TEST_F(PeriodServiceTest, APrincipalAndTheirDeputyAreOnePerson) {
  grants_.Lend("zhang", "li", Role::ROLE_COUNTY_OPERATOR, kCounty, server_.ids().Next());
  grants_.Lend("wang", "cadre-1", Role::ROLE_TOWNSHIP_APPROVER, kTownship, server_.ids().Next());
  const std::string deputy = ::bangfu::testing::PersonToken(server_, "zhang");
  auto opened = Open(kCounty, deputy);
  ASSERT_OK(opened);
  ASSERT_OK(Freeze(opened->id(), deputy));
  RunOperations();
  const std::string id = opened->id();
  // Who had it prepared does not sign it.
  EXPECT_THAT(Sign(id, kVillage1, "li"), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  ASSERT_OK(Sign(id, kVillage1, "cadre-1"));
  ASSERT_OK(Sign(id, kVillage2, "cadre-2"));
  // Who signed a village does not sign its township through another.
  v1::SignPeriodRequest request;
  request.set_region_code(kTownship);
  request.set_rows_sha256(HashOf(id, kTownship));
  EXPECT_THAT(Step("SignPeriod", id, ::bangfu::testing::PersonToken(server_, "wang"), request),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  // Nor the other way round.
  grants_.Lend("wang", "township", Role::ROLE_TOWNSHIP_APPROVER, kTownship, server_.ids().Next());
  ASSERT_OK(Step("SignPeriod", id, ::bangfu::testing::PersonToken(server_, "wang"), request));
  EXPECT_THAT(Sign(id, kCounty, "township"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  ASSERT_OK(Sign(id, kCounty, "approver"));
}

// --- the inbox: every waiting step of a table is an item

TEST_F(PeriodServiceTest, R002_ATableWalksThroughTheInboxesFromFreezingToAcceptance) {
  auto opened = Open(kCounty, operator_);
  ASSERT_OK(opened);
  EXPECT_THAT(Work(operator_), ElementsAre("PERIOD_FREEZE"));
  EXPECT_EQ(Mine(operator_)[0].title(), "项目调度表 2026-02 第1版");
  EXPECT_EQ(Mine(operator_)[0].due_on().month(), 3);
  EXPECT_EQ(Mine(operator_)[0].due_on().day(), 5);
  ASSERT_OK(Freeze(opened->id(), operator_));
  EXPECT_THAT(Work(operator_), IsEmpty());
  RunOperations();
  const std::string id = opened->id();
  // From the village up; who signed below, or prepared it, is not asked above.
  EXPECT_THAT(Work(Signer(kVillage1, "cadre-1")), ElementsAre(Cat("PERIOD_SIGN ", kVillage1)));
  EXPECT_THAT(Work(Signer(kTownship, "township")), IsEmpty());
  EXPECT_THAT(Work(Signer(kVillage1, "operator")), IsEmpty());
  ASSERT_OK(Sign(id, kVillage1, "cadre-1"));
  EXPECT_THAT(Work(Signer(kVillage1, "cadre-1")), IsEmpty());
  EXPECT_THAT(Work(Signer(kTownship, "township")), IsEmpty());
  ASSERT_OK(Sign(id, kVillage2, "cadre-2"));
  EXPECT_THAT(Work(Signer(kTownship, "cadre-1")), IsEmpty());
  EXPECT_THAT(Work(Signer(kTownship, "township")), ElementsAre(Cat("PERIOD_SIGN ", kTownship)));
  ASSERT_OK(Sign(id, kTownship, "township"));
  EXPECT_THAT(Work(approver_), ElementsAre(Cat("PERIOD_SIGN ", kCounty)));
  EXPECT_THAT(Work(operator_), IsEmpty());
  ASSERT_OK(Sign(id, kCounty, "approver"));
  EXPECT_THAT(Work(operator_), ElementsAre("PERIOD_SUBMIT"));
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, operator_));
  EXPECT_THAT(Work(operator_), IsEmpty());
  EXPECT_THAT(Work(city_), ElementsAre("PERIOD_ACCEPT"));
  // Not on the desk of everybody who could.
  EXPECT_THAT(Work(server_.Token(Role::ROLE_PROV_OFFICE, "36", "office")), IsEmpty());
  ASSERT_OK(Return(id, city_));
  EXPECT_THAT(Work(city_), IsEmpty());
  EXPECT_THAT(Work(operator_), ElementsAre("PERIOD_REISSUE"));
  auto again = Step<v1::ReissuePeriodRequest>("ReissuePeriod", id, operator_);
  ASSERT_OK(again);
  RunOperations();
  SignAll(again->id());
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", again->id(), operator_));
  ASSERT_OK(Step<v1::AcceptPeriodRequest>("AcceptPeriod", again->id(), city_));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 0);
  inbox::v1::ListMyDoneRequest done;
  ASSERT_OK_AND_ASSIGN(const auto mine,
                       server_.Call<inbox::v1::ListMyDoneResponse>(
                           "bangfu.inbox.v1.InboxService.ListMyDone", done, city_));
  ASSERT_EQ(mine.items_size(), 2);
  EXPECT_EQ(mine.items(0).outcome(), "accept");
  EXPECT_EQ(mine.items(1).outcome(), "return");
}

TEST_F(PeriodServiceTest, R002_WhatPassesTheCutOffUnsignedIsOverdueAndUrgedFromAbove) {
  const v1::Period frozen = Frozen();
  EXPECT_NE(Mine(Signer(kVillage1, "cadre-1"))[0].due_state(), inbox::v1::DUE_STATE_OVERDUE);
  server_.clock().Advance(absl::Hours(24 * 400));
  MintTokens();
  EXPECT_TRUE(Get(frozen.id()).late());
  const std::vector<inbox::v1::WorkItem> late = Mine(Signer(kVillage1, "cadre-1"));
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].due_state(), inbox::v1::DUE_STATE_OVERDUE);
  inbox::v1::UrgeWorkRequest urge;
  urge.set_request_id("urge-late-1");
  urge.set_id(late[0].id());
  urge.set_note("已过截止日，请尽快签字");
  const std::string rpc = "bangfu.inbox.v1.InboxService.UrgeWork";
  EXPECT_THAT(server_.Call<inbox::v1::WorkItem>(
                  rpc, urge, server_.Token(Role::ROLE_CITY_SUPERVISOR, "3601", "elsewhere")),
              StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto urged, server_.Call<inbox::v1::WorkItem>(rpc, urge, approver_));
  EXPECT_EQ(urged.urge_count(), 1);
  EXPECT_EQ(Mine(Signer(kVillage1, "cadre-1"))[0].last_urge().note(), "已过截止日，请尽快签字");
  ASSERT_OK(Sign(frozen.id(), kVillage1, "cadre-1"));
  urge.set_request_id("urge-late-2");
  EXPECT_THAT(server_.Call<inbox::v1::WorkItem>(rpc, urge, approver_),
              StatusIs(StatusCode::kFailedPrecondition, "WORK_CLOSED"));
}

TEST_F(PeriodServiceTest, R002_TwoVillagesThatSignAtOncePassTheTableOn) {
  const v1::Period frozen = Frozen();
  std::vector<v1::SignPeriodRequest> requests(2);
  const std::vector<std::string> villages = {kVillage1, kVillage2};
  std::vector<std::string> tokens;
  for (size_t i = 0; i < 2; ++i) {
    requests[i].set_request_id(Cat("sign-at-once-", i));
    requests[i].set_id(frozen.id());
    requests[i].set_region_code(villages[i]);
    requests[i].set_rows_sha256(HashOf(frozen.id(), villages[i]));
    tokens.push_back(Signer(villages[i], Cat("cadre-", i)));
  }
  std::vector<absl::Status> outcomes(2);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      outcomes[i] =
          server_.Call<v1::Period>(Cat(kService, ".SignPeriod"), requests[i], tokens[i]).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_OK(outcomes[0]);
  EXPECT_OK(outcomes[1]);
  EXPECT_THAT(Work(Signer(kTownship, "township")), ElementsAre(Cat("PERIOD_SIGN ", kTownship)));
}

class PeriodInboxProperty : public PeriodServiceTest {
 protected:
  std::vector<v1::Period> All() {
    v1::ListPeriodsRequest list;
    list.set_page_size(200);
    list.set_all_revisions(true);
    auto page = Call<v1::ListPeriodsResponse>("ListPeriods", list, province_);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->periods().begin(), page->periods().end()};
  }
  // What the contract says waits, out of what the rpcs show.
  std::set<std::string> Expected() {
    std::set<std::string> out;
    for (const v1::Period& listed : All()) {
      const v1::Period p = Get(listed.id(), province_);
      if (!p.newest()) continue;
      const auto add = [&](std::string_view action, std::string_view slot = "") {
        out.insert(Cat(p.id(), " ", action, " ", slot));
      };
      const bool county = p.region_code().size() == 6;
      switch (p.state()) {
        case v1::PERIOD_STATE_OPEN:
          add("freeze");
          break;
        case v1::PERIOD_STATE_FROZEN:
        case v1::PERIOD_STATE_VILLAGE_SIGNED:
        case v1::PERIOD_STATE_TOWNSHIP_SIGNED:
        case v1::PERIOD_STATE_COUNTY_SIGNED: {
          if (county) {
            if (p.unsigned_count() == 0) add("submit");
          } else {
            bool ready = !p.needs_update();
            for (const v1::PeriodComponent& c : p.components()) {
              ready &=
                  c.state() == v1::PERIOD_STATE_SUBMITTED || c.state() == v1::PERIOD_STATE_ACCEPTED;
            }
            if (ready) add("submit");
          }
          if (p.needs_update() && p.state() == v1::PERIOD_STATE_FROZEN) add("reissue");
          const std::set<std::string> missing(p.unsigned_regions().begin(),
                                              p.unsigned_regions().end());
          for (const std::string& unit : missing) {
            if (!county) break;
            bool below = false;
            for (const std::string& other : missing) {
              below |= other != unit && other.starts_with(unit);
            }
            if (!below) add("sign", unit);
          }
          break;
        }
        case v1::PERIOD_STATE_SUBMITTED:
          add("accept");
          if (p.needs_update()) add("reissue");
          break;
        case v1::PERIOD_STATE_ACCEPTED:
          if (p.needs_update()) add("reissue");
          break;
        case v1::PERIOD_STATE_RETURNED:
          add("reissue");
          break;
        default:
          break;
      }
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = server_.database().db().Query(
        "SELECT subject_id, action, slot FROM work_item WHERE open_mark = 1");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2)));
    }
    return out;
  }
  std::string province_;
};

TEST_F(PeriodInboxProperty, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = ::bangfu::testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const ::bangfu::testing::SeededRandom random(seed);
  province_ = server_.Token(Role::ROLE_PROV_OFFICE, "36", "office");
  const std::string second = server_.Token(Role::ROLE_COUNTY_OPERATOR, "360734", "operator-2");
  Put("360734101201", "果园", 50);
  const int steps = ::bangfu::testing::Runs(300, 1500);
  int done = 0;
  for (int i = 0; i < steps; ++i) {
    const bool other = random.Below(3) == 0;
    const std::string county = other ? "360734" : kCounty;
    const std::string keeper = other ? second : operator_;
    const std::vector<v1::Period> all = All();
    const v1::Period p = all.empty() ? v1::Period() : all[random.Below(all.size())];
    const bool of_city = p.region_code().size() == 4;
    const std::string own = of_city ? city_ : p.region_code() == "360734" ? second : operator_;
    absl::Status status;
    switch (all.empty() ? 0 : random.Below(12)) {
      case 0:
        status =
            random.Below(3) == 0 ? Open("3607", city_).status() : Open(county, keeper).status();
        break;
      case 1:
      case 2:
        status = Freeze(p.id(), own).status();
        RunOperations();
        break;
      case 3:
      case 4:
      case 5:
      case 6: {
        if (of_city) break;
        // The unit whose turn it is, or now and then any.
        const v1::Period shown = Get(p.id(), province_);
        std::string unit = p.region_code();
        for (const std::string& missing : shown.unsigned_regions()) {
          if (missing.size() > unit.size() || random.Below(4) == 0) unit = missing;
        }
        status = Sign(p.id(), unit, Cat("signer-", unit)).status();
        break;
      }
      case 7:
      case 8:
        status = Step<v1::SubmitPeriodRequest>("SubmitPeriod", p.id(), own).status();
        break;
      case 9:
        status = Step<v1::AcceptPeriodRequest>("AcceptPeriod", p.id(), of_city ? province_ : city_)
                     .status();
        break;
      case 10:
        if (random.Below(2) == 0) {
          status = Return(p.id(), of_city || random.Below(2) == 0 ? province_ : city_).status();
        }
        break;
      default:
        status = Step<v1::ReissuePeriodRequest>("ReissuePeriod", p.id(), own).status();
        RunOperations();
    }
    ASSERT_NE(status.code(), StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << done << " of them taken" << std::endl;
  EXPECT_GT(done, steps / 10);
  // The recount agrees.
  const int64_t version = server_.database().Int("SELECT SUM(version) FROM work_item");
  const int64_t items = server_.database().Int("SELECT COUNT(*) FROM work_item");
  ASSERT_OK(inbox::Recount(server_.database().db(), {WorkSource(Options())}, server_.ids(),
                           server_.clock().Now(), {}));
  EXPECT_EQ(server_.database().Int("SELECT SUM(version) FROM work_item"), version);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item"), items);
  // And fills an empty inbox.
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_item", {}));
  ASSERT_OK(inbox::Recount(server_.database().db(), {WorkSource(Options())}, server_.ids(),
                           server_.clock().Now() + absl::Hours(48), {}));
  EXPECT_EQ(Stored(), Expected());
}

TEST_F(PeriodServiceTest, WhatIsSignedKeepsTheCodesOfItsDayAndGoesOnUnderTodays) {
  constexpr char kRecoded[] = "360799", kRecodedVillage2[] = "360799101202";
  const v1::Period frozen = Frozen();
  const std::string id = frozen.id();
  ASSERT_OK(Sign(id, kVillage1, "cadre-1"));
  const auto open = Open(kCounty, operator_, "2026-01");
  ASSERT_OK(open);
  server_.clock().Advance(absl::Seconds(1));
  UlidGenerator ids(server_.clock());
  ASSERT_OK(mysql::Transact(*session_, [&](mysql::Tx& tx) {
    return recode::Apply(tx, {RegionPart(), inbox::RegionPart(), operation::RegionPart()},
                         {ids.Next(), kCounty, kRecoded, server_.clock().Now()})
        .status();
  }));
  server_.database().Run(
      "UPDATE thing SET region_path = CONCAT('360799', SUBSTRING(region_path, 7));");

  const std::string now = server_.Token(Role::ROLE_COUNTY_OPERATOR, kRecoded, "operator-2");
  const v1::Period seen = Get(id, now);
  EXPECT_EQ(seen.region_code(), kCounty);
  EXPECT_EQ(seen.rows_sha256(), frozen.rows_sha256());
  EXPECT_EQ(Get(open->id(), now).region_code(), kRecoded);
  // Nobody has the old code any more; who gets it anew is another county.
  for (const std::string& one : {id, open->id()}) {
    v1::GetPeriodRequest get;
    get.set_id(one);
    EXPECT_THAT(Call("GetPeriod", get, operator_), StatusIs(StatusCode::kNotFound));
  }
  v1::ListPeriodsRequest list;
  list.set_region_code(kRecoded);
  const auto listed = Call<v1::ListPeriodsResponse>("ListPeriods", list, now);
  ASSERT_OK(listed);
  EXPECT_EQ(listed->periods_size(), 2);
  const auto found =
      FindFrozen(*session_, Options(), "T8", kRecoded, kPeriod, 0, server_.clock().Now());
  ASSERT_OK(found);
  EXPECT_EQ(found->id.ToString(), id);
  int rows = 0;
  ASSERT_OK(ReadRows(*session_, found->id, {kRecoded}, [&](Row row) {
    EXPECT_EQ(row.region_path.substr(0, 6), kCounty);
    ++rows;
    return absl::OkStatus();
  }));
  EXPECT_EQ(rows, 2);

  // What waits lies on today's desks, and its steps are for those who have the region today.
  const std::string cadre = server_.Token(Role::ROLE_VILLAGE_REPORTER, kRecodedVillage2, "cadre-2");
  EXPECT_THAT(Work(cadre), ElementsAre(Cat("PERIOD_SIGN ", kVillage2)));
  const auto sign = [&](const std::string& unit, const std::string& token) {
    v1::SignPeriodRequest request;
    request.set_region_code(unit);
    request.set_rows_sha256(HashOf(id, unit));
    return Step("SignPeriod", id, token, request);
  };
  EXPECT_THAT(sign(kVillage2, Signer(kVillage2, "cadre-2")), StatusIs(StatusCode::kNotFound));
  ASSERT_OK(sign(kVillage2, cadre));
  const std::string township = server_.Token(Role::ROLE_TOWNSHIP_APPROVER, "360799101", "township");
  EXPECT_THAT(Work(township), ElementsAre(Cat("PERIOD_SIGN ", kTownship)));
  ASSERT_OK(sign(kTownship, township));
  ASSERT_OK(sign(kCounty, server_.Token(Role::ROLE_COUNTY_APPROVER, kRecoded, "approver")));
  EXPECT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, now));
  EXPECT_EQ(Get(id, now).rows_sha256(), frozen.rows_sha256());
  // A revision after that is of the rows as they are.
  ASSERT_OK(Return(id, city_));
  const auto again = Step<v1::ReissuePeriodRequest>("ReissuePeriod", id, now);
  ASSERT_OK(again);
  RunOperations();
  EXPECT_EQ(Get(again->id(), now).region_code(), kRecoded);
  EXPECT_EQ(Get(again->id(), now).rows(), 2);
}

}  // namespace
}  // namespace bangfu::period
