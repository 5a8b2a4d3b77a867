// What the registry says is allowed is what its rpcs do, and many reports take a step at once.
#include <set>

#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "common/grants/copies.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::testing::AnyOf;
using ::testing::Not;
using type::v1::AllowedAction;
using type::v1::BulkResult;

class ActionsTest : public RegistryFixture {
 protected:
  // An action that is told as allowed is not refused for its role or state; one that is told as
  // refused is refused with the very reason.
  static void ExpectAsTold(const AllowedAction& told, const absl::Status& status,
                           const std::string& where) {
    if (told.allowed()) {
      EXPECT_THAT(ReasonOf(status),
                  Not(AnyOf("ROLE_NOT_ALLOWED", "STATE_NOT_ALLOWED", "ROLE_REQUIRED")))
          << where << " " << told.action() << ": " << status;
    } else {
      EXPECT_EQ(ReasonOf(status), told.refusal_reason())
          << where << " " << told.action() << ": " << status;
    }
  }
  // The step of a report, checked only.
  absl::Status Try(const v1::InventoryUnitReport& unit, const std::string& action,
                   const std::string& token) {
    const auto call = [&](auto request, const char* method) {
      request.set_request_id(RequestId());
      request.set_id(unit.id());
      request.set_etag(unit.etag());
      request.set_validate_only(true);
      return Inventory<v1::InventoryUnitReport>(method, request, token).status();
    };
    if (action == "save_draft")
      return call(v1::SaveUnitReportDraftRequest(), "SaveUnitReportDraft");
    if (action == "submit") {
      v1::SubmitUnitReportRequest request;
      request.set_is_nil(unit.project_count() == 0);
      request.set_signatory("村支书");
      return call(request, "SubmitUnitReport");
    }
    if (action == "pass") return call(v1::PassUnitReportRequest(), "PassUnitReport");
    if (action == "return") {
      v1::ReturnUnitReportRequest request;
      request.add_reasons()->set_text("金额与账册不符");
      return call(request, "ReturnUnitReport");
    }
    if (action == "recall") {
      v1::RecallUnitReportRequest request;
      request.set_reason("更正已核实内容");
      return call(request, "RecallUnitReport");
    }
    if (action == "sign") {
      v1::SignVerificationRequest request;
      request.set_request_id(RequestId());
      request.set_unit_report_id(unit.id());
      request.set_etag(unit.etag());
      request.set_department_code("AGRICULTURE");
      request.set_validate_only(true);
      return Verification<v1::VerificationTask>("SignVerification", request, token).status();
    }
    if (action == "complete") {
      v1::CompleteVerificationRequest request;
      request.set_request_id(RequestId());
      request.set_unit_report_id(unit.id());
      request.set_etag(unit.etag());
      request.set_validate_only(true);
      return Verification<v1::VerificationTask>("CompleteVerification", request, token).status();
    }
    return absl::UnimplementedError(action);
  }
  v1::InventoryUnitReport Get(const std::string& id, const std::string& token) {
    v1::GetUnitReportRequest request;
    request.set_id(id);
    auto report = Inventory<v1::InventoryUnitReport>("GetUnitReport", request, token);
    EXPECT_OK(report);
    return report.ok() ? *report : v1::InventoryUnitReport();
  }
  static v1::BatchPassUnitReportsRequest PassOf(const std::vector<v1::InventoryUnitReport>& units) {
    v1::BatchPassUnitReportsRequest request;
    request.set_request_id("bulk-pass-1");
    for (const v1::InventoryUnitReport& unit : units) {
      type::v1::BulkItem& item = *request.add_items();
      item.set_id(unit.id());
      item.set_etag(unit.etag());
    }
    return request;
  }
};

TEST_F(ActionsTest, R002_WhatAReportSaysIsAllowedIsWhatItsStepsDo) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("油茶")));
  const std::vector<std::string> tokens = {
      Village(),
      Township(),
      County(),
      Approver(),
      Sector(),
      City(),
      Province(),
      Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, Cat("reporter-", kVillage))};
  std::set<std::string> tried;
  const auto try_all = [&](const std::string& state) {
    const std::string id = Unit(campaign.id(), kVillage).id();
    for (const std::string& token : tokens) {
      const v1::InventoryUnitReport seen = Get(id, token);
      for (const AllowedAction& told : seen.allowed_actions()) {
        EXPECT_FALSE(told.label_zh().empty());
        EXPECT_EQ(told.allowed(), told.refusal_reason().empty()) << told.action();
        EXPECT_EQ(told.allowed(), told.refusal_zh().empty()) << told.action();
        // What a sector signs for depends on the money; here there is agriculture alone.
        if (told.action() == "sign" && token == tokens[4] && state == "signed") continue;
        const absl::Status status = Try(seen, told.action(), token);
        if (absl::IsUnimplemented(status)) {  // rpcs of samples, which ask for more than a report
          EXPECT_THAT(told.action(), ::testing::AnyOf("record_sample_result", "confirm"));
          continue;
        }
        tried.insert(told.action());
        ExpectAsTold(told, status, state);
      }
    }
    // Checked only: nothing has moved.
    EXPECT_EQ(Unit(campaign.id(), kVillage).etag(), Get(id, Province()).etag());
  };
  try_all("draft");
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  try_all("submitted");
  ASSERT_OK_AND_ASSIGN(unit, Return(unit, Township()));
  try_all("returned to the village");
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  try_all("passed");
  ASSERT_OK_AND_ASSIGN(unit, Return(unit, County()));
  try_all("returned to the township");
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  v1::VerificationTask task = Task(unit.id());
  ASSERT_EQ(task.departments_size(), 1);
  EXPECT_EQ(task.allowed_actions_size(), 2);
  for (const AllowedAction& told : task.allowed_actions()) {
    EXPECT_EQ(told.allowed(), told.action() == "sign") << told.action();
    EXPECT_EQ(told.refusal_reason(), told.action() == "sign" ? "" : "SIGNATURES_MISSING");
  }
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "AGRICULTURE", County("lead")));
  try_all("signed");
  ASSERT_OK(Complete(unit.id(), task.etag()));
  try_all("verified");
  On(2026, 4, 20);
  try_all("verified, after the deadlines");
  EXPECT_THAT(tried, ::testing::UnorderedElementsAre("save_draft", "submit", "pass", "return",
                                                     "recall", "sign", "complete"));
}

TEST_F(ActionsTest, ManyReportsAreReadWithTheSameActionsAsOne) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("油茶")));
  On(2026, 3, 12);  // the village's day has passed
  const std::string token = Township();
  v1::BatchGetUnitReportsRequest request;
  const auto units = Units(campaign.id(), token);
  ASSERT_GE(units.size(), 3u);
  for (const auto& unit : units) request.add_ids(unit.id());
  request.add_ids(Unit(campaign.id(), kVillage4).id());  // of another township
  const auto batch =
      Inventory<v1::BatchGetUnitReportsResponse>("BatchGetUnitReports", request, token);
  ASSERT_THAT(batch, IsOk());
  ASSERT_EQ(batch->unit_reports_size(), static_cast<int>(units.size()));
  EXPECT_EQ(batch->missing_ids_size(), 1);
  for (const v1::InventoryUnitReport& one : batch->unit_reports()) {
    EXPECT_EQ(one.SerializeAsString(), Get(one.id(), token).SerializeAsString());
    EXPECT_GT(one.allowed_actions_size(), 0);
  }
}

TEST_F(ActionsTest, ABulkPassJudgesEachReportAlone) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const auto first, Submit(Unit(campaign.id(), kVillage), true));
  const v1::InventoryUnitReport stale = Unit(campaign.id(), kVillage2);
  ASSERT_OK(Submit(stale, true));
  const v1::InventoryUnitReport open = Unit(campaign.id(), kVillage3);
  ASSERT_OK_AND_ASSIGN(const auto elsewhere, Submit(Unit(campaign.id(), kVillage4), true));
  auto request = PassOf({first, stale, open, elsewhere});
  // Only looked at: what would become of each report, under the same request id too.
  request.set_validate_only(true);
  const auto looked_at =
      Inventory<v1::BatchPassUnitReportsResponse>("BatchPassUnitReports", request, Township());
  ASSERT_THAT(looked_at, IsOk());
  EXPECT_EQ(Unit(campaign.id(), kVillage).etag(), first.etag());
  request.set_validate_only(false);
  const auto answer =
      Inventory<v1::BatchPassUnitReportsResponse>("BatchPassUnitReports", request, Township());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->SerializeAsString(), looked_at->SerializeAsString());
  ASSERT_EQ(answer->results_size(), 4);
  const BulkResult& done = answer->results(0);
  EXPECT_TRUE(done.done());
  EXPECT_EQ(done.id(), first.id());
  EXPECT_EQ(done.state(), "UNIT_REPORT_STATE_TOWNSHIP_PASSED");
  EXPECT_EQ(done.state_zh(), "乡镇已审");
  EXPECT_EQ(done.etag(), Unit(campaign.id(), kVillage).etag());
  EXPECT_EQ(answer->results(1).refusal().reason(), "ETAG_MISMATCH");
  EXPECT_EQ(answer->results(2).refusal().reason(), "STATE_NOT_ALLOWED");
  EXPECT_FALSE(answer->results(2).refusal().message_zh().empty());
  EXPECT_EQ(answer->results(3).refusal().code(), static_cast<int>(StatusCode::kNotFound));
  // Audited as the step itself, once.
  const char* const kAudited =
      "SELECT COUNT(*) FROM audit_log WHERE action = 'InventoryService.PassUnitReport'";
  EXPECT_EQ(server_.database().Int(kAudited), 1);

  // The same call again: the same answers, and nothing twice.
  const auto again =
      Inventory<v1::BatchPassUnitReportsResponse>("BatchPassUnitReports", request, Township());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->SerializeAsString(), answer->SerializeAsString());
  EXPECT_EQ(server_.database().Int(kAudited), 1);
}

TEST_F(ActionsTest, TwoBulkCallsAtOncePassEachReportOnce) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  std::vector<v1::InventoryUnitReport> units;
  for (const char* village : {kVillage, kVillage2, kVillage3}) {
    ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), village), true));
    units.push_back(std::move(unit));
  }
  std::vector<v1::BatchPassUnitReportsRequest> requests(2, PassOf(units));
  std::vector<std::string> tokens;
  for (int i = 0; i < 2; ++i) {
    requests[i].set_request_id(Cat("bulk-pass-", i));
    tokens.push_back(Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, Cat("reviewer-", i)));
  }
  const auto answers = ::bangfu::testing::AtOnce(2, [&](int i) {
    return Inventory<v1::BatchPassUnitReportsResponse>("BatchPassUnitReports", requests[i],
                                                       tokens[i]);
  });
  ASSERT_THAT(answers[0], IsOk());
  ASSERT_THAT(answers[1], IsOk());
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(answers[0]->results(i).done(), answers[1]->results(i).done());
    const BulkResult& lost =
        answers[0]->results(i).done() ? answers[1]->results(i) : answers[0]->results(i);
    EXPECT_EQ(lost.refusal().reason(), "ETAG_MISMATCH");
  }
}

TEST_F(ActionsTest, R016_ABulkReturnGivesEachReportItsReasonsAndItsDay) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::BatchReturnUnitReportsRequest request;
  request.set_request_id("bulk-return-1");
  request.add_reasons()->set_text("缺少资金文件");
  for (const char* village : {kVillage, kVillage2}) {
    ASSERT_OK_AND_ASSIGN(const auto unit, Submit(Unit(campaign.id(), village), true));
    type::v1::BulkItem& item = *request.add_items();
    item.set_id(unit.id());
    item.set_etag(unit.etag());
  }
  request.set_validate_only(true);
  const auto looked_at =
      Inventory<v1::BatchReturnUnitReportsResponse>("BatchReturnUnitReports", request, Township());
  ASSERT_THAT(looked_at, IsOk());
  ASSERT_EQ(looked_at->results_size(), 2);
  EXPECT_EQ(looked_at->results(0).state(), "UNIT_REPORT_STATE_RETURNED");
  EXPECT_EQ(Unit(campaign.id(), kVillage).etag(), request.items(0).etag());
  request.set_validate_only(false);
  const auto answer =
      Inventory<v1::BatchReturnUnitReportsResponse>("BatchReturnUnitReports", request, Township());
  ASSERT_THAT(answer, IsOk());
  for (const BulkResult& result : answer->results()) {
    EXPECT_TRUE(result.done()) << result.refusal().message_zh();
    const v1::InventoryUnitReport unit = Get(result.id(), Village("360733101"));
    EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_RETURNED);
    EXPECT_EQ(unit.current_return().reasons(0).text(), "缺少资金文件");
    EXPECT_TRUE(unit.current_return().has_due_on());
  }
  request.clear_reasons();
  EXPECT_THAT(
      Inventory<v1::BatchReturnUnitReportsResponse>("BatchReturnUnitReports", request, Township()),
      HasViolation("reasons"));
  // A bulk call is bounded.
  v1::BatchPassUnitReportsRequest many;
  many.set_request_id("bulk-pass-many");
  for (int i = 0; i < 501; ++i) many.add_items()->set_id(request.items(0).id());
  EXPECT_THAT(Inventory<v1::BatchPassUnitReportsResponse>("BatchPassUnitReports", many, Township()),
              HasViolation("items"));
}

TEST_F(ActionsTest, R009_WhatACampaignSaysIsAllowedIsWhatItsStepsDo) {
  const auto get = [&](const std::string& id, const std::string& token) {
    v1::GetCampaignRequest request;
    request.set_id(id);
    auto campaign = Inventory<v1::InventoryCampaign>("GetCampaign", request, token);
    EXPECT_OK(campaign);
    return campaign.ok() ? *campaign : v1::InventoryCampaign();
  };
  const auto try_all = [&](const std::string& id, const std::string& state, int expected) {
    int told = 0;
    const std::string city = City();
    for (const std::string& token : {Approver(), County(), city, Province(), Village()}) {
      const v1::InventoryCampaign campaign = get(id, token);
      for (const AllowedAction& action : campaign.allowed_actions()) {
        ++told;
        absl::Status status;
        if (action.action() == "open") {
          v1::OpenCampaignRequest open;
          open.set_request_id(RequestId());
          open.set_id(id);
          open.set_etag(campaign.etag());
          open.set_validate_only(true);
          status = Inventory<operation::v1::Operation>("OpenCampaign", open, token).status();
        } else if (action.action() == "draw_sample") {
          v1::DrawSampleRequest draw;
          draw.set_request_id(RequestId());
          draw.set_campaign_id(id);
          draw.set_region_code(token == city ? "3607" : "36");
          draw.set_validate_only(true);
          status = Inventory<v1::Sample>("DrawSample", draw, token).status();
        } else if (action.action() == "confirm") {
          // The rest is a matter of the county that is named.
          v1::ConfirmProvinceRequest confirm;
          confirm.set_request_id(RequestId());
          confirm.set_campaign_id(id);
          confirm.set_region_code(kCounty);
          confirm.set_validate_only(true);
          status =
              Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, token).status();
          ExpectAsTold(action, status, state);
          EXPECT_EQ(action.allowed(), ReasonOf(status) != "CAMPAIGN_CLOSED") << status;
          continue;
        } else {
          v1::CloseCampaignRequest close;
          close.set_request_id(RequestId());
          close.set_id(id);
          close.set_etag(campaign.etag());
          close.set_validate_only(true);
          status = Inventory<v1::InventoryCampaign>("CloseCampaign", close, token).status();
        }
        EXPECT_EQ(status.ok(), action.allowed()) << state << ": " << status;
        ExpectAsTold(action, status, state);
      }
    }
    EXPECT_EQ(told, expected) << state;
  };
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign campaign, CreateCampaign(kCounty));
  // Open and close, of two who may; a sample, of two; and the confirmation.
  try_all(campaign.id(), "planned", 7);
  ASSERT_OK(Open(campaign));
  try_all(campaign.id(), "opening", 7);
  RunOperations();
  try_all(campaign.id(), "open, reports pending", 7);
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4}) {
    Verify(campaign.id(), village);
  }
  try_all(campaign.id(), "open, nothing pending", 7);
}

TEST_F(ActionsTest, R016_ACityIsToldOfItsSampleInACampaignOfTheProvince) {
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  const auto told = [&](const std::string& token) -> AllowedAction {
    v1::GetCampaignRequest request;
    request.set_id(campaign.id());
    auto read = Inventory<v1::InventoryCampaign>("GetCampaign", request, token);
    EXPECT_OK(read);
    if (!read.ok()) return {};
    for (const AllowedAction& action : read->allowed_actions()) {
      if (action.action() == "draw_sample") return action;
    }
    return {};
  };
  EXPECT_EQ(told(City()).refusal_reason(), "NOTHING_TO_SAMPLE");
  Verify(campaign.id(), kVillage);
  EXPECT_TRUE(told(City()).allowed());
  EXPECT_TRUE(told(Province()).allowed());
  EXPECT_EQ(told(City("3608")).refusal_reason(), "NOTHING_TO_SAMPLE");
  EXPECT_EQ(told(County()).action(), "");
}

TEST_F(ActionsTest, AShortBoardTellsWhetherItCanBeCompleted) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  v1::CreateShortBoardRequest create;
  create.set_request_id(RequestId());
  v1::ShortBoard& board = *create.mutable_short_board();
  board.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
  board.set_subject_id(project.id());
  board.set_kind("TECH");
  board.set_description("缺技术");
  ASSERT_OK_AND_ASSIGN(
      const v1::ShortBoard made,
      Call<v1::ShortBoard>("IndustryService", "CreateShortBoard", create, County()));
  v1::GetShortBoardRequest get;
  get.set_id(made.id());
  ASSERT_OK_AND_ASSIGN(v1::ShortBoard seen,
                       Call<v1::ShortBoard>("IndustryService", "GetShortBoard", get, County()));
  EXPECT_TRUE(ToldOf(seen, "complete").allowed());
  v1::CompleteShortBoardRequest complete;
  complete.set_request_id(RequestId());
  complete.set_id(made.id());
  complete.set_etag(made.etag());
  SetDay(2026, 3, 1, complete.mutable_completed_on());
  complete.set_note("已请技术员驻点");
  On(2026, 3, 5);
  ASSERT_OK(Call<v1::ShortBoard>("IndustryService", "CompleteShortBoard", complete, County()));
  ASSERT_OK_AND_ASSIGN(seen,
                       Call<v1::ShortBoard>("IndustryService", "GetShortBoard", get, County()));
  EXPECT_EQ(ToldOf(seen, "complete").refusal_reason(), "SHORT_BOARD_CLOSED");
  complete.set_request_id(RequestId());
  complete.set_etag(seen.etag());
  EXPECT_THAT(Call<v1::ShortBoard>("IndustryService", "CompleteShortBoard", complete, County()),
              StatusIs(StatusCode::kFailedPrecondition, "SHORT_BOARD_CLOSED"));
  ASSERT_OK_AND_ASSIGN(seen,
                       Call<v1::ShortBoard>("IndustryService", "GetShortBoard", get, Village()));
  EXPECT_EQ(seen.allowed_actions_size(), 0);
}

TEST_F(ActionsTest, R118_WhatAProjectSaysIsAllowedIsWhatItsStepsDo) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  const auto try_all = [&](const std::string& state) {
    for (const std::string& token : {Village(), Township(), County(), Approver(), City()}) {
      v1::BatchGetProjectsRequest get;
      get.add_ids(project.id());
      auto seen =
          Call<v1::BatchGetProjectsResponse>("ProjectService", "BatchGetProjects", get, token);
      ASSERT_THAT(seen, IsOk());
      ASSERT_EQ(seen->projects_size(), 1);
      const v1::Project& p = seen->projects(0);
      for (const AllowedAction& action : p.allowed_actions()) {
        absl::Status status;
        if (action.action() == "submit_operation_report") {
          v1::SubmitOperationReportRequest request;
          request.set_request_id(RequestId());
          request.mutable_report()->set_project_id(p.id());
          request.mutable_report()->set_period("2026-01");
          request.set_validate_only(true);
          status = Call<v1::OperationReport>("OperationReportService", "SubmitOperationReport",
                                             request, token)
                       .status();
        } else if (action.action() == "void") {
          v1::VoidProjectRequest request;
          request.set_request_id(RequestId());
          request.set_id(p.id());
          request.set_etag(p.etag());
          request.set_reason("重复登记");
          request.set_validate_only(true);
          status = Call<v1::Project>("ProjectService", "VoidProject", request, token).status();
        } else {
          v1::UpdateProjectRequest request;
          request.set_request_id(RequestId());
          request.set_id(p.id());
          request.set_etag(p.etag());
          request.mutable_project()->set_note("更正");
          request.mutable_update_mask()->add_paths("note");
          request.set_reason("更正");
          request.set_validate_only(true);
          status = Call<v1::Project>("ProjectService", "UpdateProject", request, token).status();
        }
        ExpectAsTold(action, status, state);
        EXPECT_EQ(status.ok(), action.allowed())
            << state << " " << action.action() << ": " << status;
      }
    }
  };
  try_all("open report");
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  try_all("submitted report");
  ASSERT_OK(Pass(unit));
  try_all("passed report");
  On(2026, 4, 20);
  try_all("after the deadlines");
}

TEST_F(ActionsTest, AnOpeningThatADeputyStartedIsAuditedOnThePrincipalsBehalf) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign created, CreateCampaign(kCounty));
  ASSERT_OK(Open(created));
  const std::string grant = server_.ids().Next().ToString();
  mysql::Session& db = server_.database().db();
  type::v1::Grant held;
  held.set_id(grant);
  held.set_org_code("COUNTY_BUREAU_360733");
  held.set_org_name("会昌县农业农村局");
  ASSERT_OK(mysql::Transact(db, [&](mysql::Tx& tx) { return grants::Write(tx, {held}); }));
  ASSERT_OK(
      db.Execute("UPDATE operation SET created_subject = 'zhang', created_delegated_by = 'li', "
                 "created_grant_id = ?",
                 {grant}));
  RunOperations();
  EXPECT_EQ(Campaign(created.id()).state(), v1::CAMPAIGN_STATE_OPEN);
  EXPECT_EQ(server_.database().Int(
                Cat("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'campaign' AND "
                    "actor_subject = 'zhang' AND actor_delegated_by = 'li' AND "
                    "actor_org_code = 'COUNTY_BUREAU_360733' AND actor_grant_id = '",
                    grant, "'")),
            1);
}

}  // namespace
}  // namespace bangfu::registry
