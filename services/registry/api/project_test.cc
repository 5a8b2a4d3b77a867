// Projects: registered, changed, declared void; inside the inventory and beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/audit/v1/audit_service.pb.h"
#include "common/testing/at_once.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::AllOf;

TEST_F(RegistryTest, R010_R011_R014_LegacyStockIsRegistered) {
  v1::Project p = SomeProject();
  p.set_approved_year(2012);
  Fund(&p, "SELF_RAISED", 8'000'000, "8万元");
  Fund(&p, "BRIDGE_COUNTY", 0, "约10万余元", type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->project_code(), "PJ360733-2019-000001");
  EXPECT_EQ(made->origin(), v1::PROJECT_ORIGIN_LEGACY);
  EXPECT_EQ(made->verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
  EXPECT_EQ(made->declared_total_fen(), 48'000'000);  // the approximate amount feeds no sum
  EXPECT_EQ(made->public_total_fen(), 40'000'000);
  EXPECT_EQ(made->region_path(), kVillage);
  EXPECT_EQ(made->taxonomy_version(), "2025-7");
  EXPECT_EQ(made->data_quality(), v1::DATA_QUALITY_SELF_REPORTED);
  EXPECT_FALSE(made->industry_id().empty());
  const auto read = Get(made->id(), township_);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->declared_funding(2).amount().text(), "约10万余元");

  // Another project of the same kind belongs to the same county industry (R014).
  const auto second = Register(SomeProject("勤建村冷库", "360733100002"), county_);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->industry_id(), made->industry_id());
  EXPECT_EQ(second->project_code(), "PJ360733-2019-000002");
  v1::GetIndustryRequest get;
  get.set_id(made->industry_id());
  const auto industry = Call<v1::Industry>(kI, "GetIndustry", get, county_);
  ASSERT_THAT(industry, IsOk());
  EXPECT_EQ(industry->project_count(), 2);
  EXPECT_EQ(industry->region_code(), "360733");
  v1::ListProjectsRequest list;
  list.set_industry_id(made->industry_id());
  EXPECT_EQ(List(list, county_).projects_size(), 2);
}

TEST_F(RegistryTest, R014_NoProjectAndNoCountyGetsAnIndustryThatIsNone) {
  v1::Project p = SomeProject();
  for (const char* code : {"UNHEARD_OF", "COLD_STORAGE"}) {  // the other one is a chain link
    p.set_industry_code(code);
    EXPECT_THAT(Register(p, county_), AllOf(StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"),
                                            HasViolation("project.industry_code")))
        << code;
    v1::EnsureIndustryRequest ensure;
    ensure.set_region_code("360733");
    ensure.set_industry_code(code);
    EXPECT_THAT(
        Call<v1::Industry>(kI, "EnsureIndustry", ensure, county_),
        AllOf(StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"), HasViolation("industry_code")))
        << code;
  }
  // Nor one of another county.
  v1::EnsureIndustryRequest foreign;
  foreign.set_region_code("360783");
  foreign.set_industry_code("FRUIT_VEG");
  EXPECT_THAT(Call<v1::Industry>(kI, "EnsureIndustry", foreign, county_),
              StatusIs(Code::kNotFound));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project"), 0);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM industry"), 0);
}

TEST_F(RegistryTest, R011_R012_WithoutPublicMoneyItIsOutOfScope) {
  v1::Project p = SomeProject();
  p.clear_declared_funding();
  Fund(&p, "SELF_RAISED", 100'000'000, "100万元");
  Fund(&p, "BANK_CREDIT", 50'000'000, "50万元");
  EXPECT_THAT(Register(p, county_), AllOf(StatusIs(Code::kFailedPrecondition, "OUT_OF_SCOPE"),
                                          HasViolation("project.declared_funding")));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project"), 0);
  Fund(&p, "INTEGRATED_AGRI", 0, "*元", type::v1::AMOUNT_PARSE_STATE_MASKED);
  EXPECT_THAT(Register(p, county_), IsOk());
}

TEST_F(RegistryTest, R010_ProjectsBefore2012AndFutureStockAreRefused) {
  v1::Project p = SomeProject();
  p.set_year(2011);
  EXPECT_THAT(Register(p, county_), HasViolation("project.year"));
  p.set_year(2027);
  EXPECT_THAT(Register(p, county_), HasViolation("project.year"));
  p.set_year(2012);
  p.set_state(v1::PROJECT_STATE_PLANNED);
  EXPECT_THAT(Register(p, county_),
              StatusIs(Code::kFailedPrecondition, "LEGACY_STATE_NOT_ALLOWED"));
  p.set_state(v1::PROJECT_STATE_TERMINATED);
  EXPECT_THAT(Register(p, county_), IsOk());
}

TEST_F(RegistryTest, EveryMissingFieldIsNamedAtOnce) {
  const auto refused = Register(v1::Project(), county_);
  for (const char* field :
       {"project.name", "project.region_code", "project.project_type", "project.year",
        "project.implementing_org", "project.declared_funding", "project.state"}) {
    EXPECT_THAT(refused,
                AllOf(StatusIs(Code::kInvalidArgument, "FIELD_INVALID"), HasViolation(field)));
  }
}

TEST_F(RegistryTest, AnAmountThatComesAsANumberIsExact) {
  v1::Project p = SomeProject();
  p.clear_declared_funding();
  v1::DeclaredFunding& f = *p.add_declared_funding();
  f.set_source_code("LOTTERY");
  f.mutable_amount()->set_fen(123);
  p.add_declared_funding()->set_source_code("EAST_WEST");
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->declared_total_fen(), 123);
  EXPECT_EQ(made->declared_funding(0).amount().parse_state(), type::v1::AMOUNT_PARSE_STATE_EXACT);
  EXPECT_EQ(made->declared_funding(1).amount().parse_state(), type::v1::AMOUNT_PARSE_STATE_ABSENT);
}

TEST_F(RegistryTest, ARequestSentTwiceIsDoneOnce) {
  v1::RegisterProjectRequest request;
  request.set_request_id("same-request");
  *request.mutable_project() = SomeProject();
  const auto first = Call<v1::Project>(kP, "RegisterProject", request, county_);
  const auto again = Call<v1::Project>(kP, "RegisterProject", request, county_);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(first->id(), again->id());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project"), 1);
  request.mutable_project()->set_name("另一个项目");
  EXPECT_THAT(Call<v1::Project>(kP, "RegisterProject", request, county_),
              StatusIs(Code::kInvalidArgument, "REQUEST_ID_REUSED"));
  // Checked only: nothing is stored, not even the number.
  request.set_request_id("dry-run-1");
  request.set_validate_only(true);
  EXPECT_THAT(Call<v1::Project>(kP, "RegisterProject", request, county_), IsOk());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project"), 1);
}

TEST_F(RegistryTest, UpdatesTakeTheMaskTheEtagAndNothingElse) {
  const auto made = Register(SomeProject(), county_);
  ASSERT_THAT(made, IsOk());
  v1::Project change = *made;
  change.set_note("补充说明");
  change.set_name("不在掩码内");
  auto updated = Update(change, {"note"}, county_);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->note(), "补充说明");
  EXPECT_EQ(updated->name(), made->name());
  EXPECT_NE(updated->etag(), made->etag());
  EXPECT_THAT(Update(change, {"note"}, county_), StatusIs(Code::kAborted, "ETAG_MISMATCH"));
  change.set_etag(updated->etag());
  EXPECT_THAT(Update(change, {"state"}, county_),
              StatusIs(Code::kInvalidArgument, "IMMUTABLE_FIELD"));
  EXPECT_THAT(Update(change, {"region_code"}, county_),
              StatusIs(Code::kInvalidArgument, "IMMUTABLE_FIELD"));
  // What the service tells of itself is no input.
  for (const char* told : {"taxonomy_version", "data_quality"}) {
    EXPECT_THAT(Update(change, {told}, county_),
                StatusIs(Code::kInvalidArgument, "IMMUTABLE_FIELD"))
        << told;
  }
  EXPECT_THAT(Update(change, {"no_such_field"}, county_),
              StatusIs(Code::kInvalidArgument, "FIELD_INVALID"));
  // Lists are replaced whole and checked as at registration.
  change.clear_declared_funding();
  Fund(&change, "SELF_RAISED", 1, "1分");
  EXPECT_THAT(Update(change, {"declared_funding"}, county_),
              StatusIs(Code::kFailedPrecondition, "OUT_OF_SCOPE"));
  Fund(&change, "GOV_BOND", 5'000'000, "5万元");
  updated = Update(change, {"declared_funding"}, county_);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->declared_total_fen(), 5'000'001);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project_funding"), 2);
  // The history tells who changed what.
  v1::ListProjectHistoryRequest history;
  history.set_id(made->id());
  const auto entries =
      Call<audit::v1::ListHistoryResponse>(kP, "ListProjectHistory", history, county_);
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->entries_size(), 3);
  EXPECT_EQ(entries->entries(0).action(), "ProjectService.UpdateProject");
  EXPECT_EQ(entries->entries(0).actor().subject(), "county-1");
  EXPECT_EQ(entries->entries(2).action(), "ProjectService.RegisterProject");
}

TEST_F(RegistryTest, AChangeWritesTheRowsThatItTouchesAndOnlyThose) {
  v1::Project p = SomeProject();
  type::v1::ExternalId& number = *p.add_external_ids();
  number.set_system("全国防返贫系统");
  number.set_id("A-1");
  auto stands = Register(p, county_);
  ASSERT_THAT(stands, IsOk());
  const std::vector<std::string> tables = {"project_region", "content_item", "external_id",
                                           "project_name", "project_gram"};
  // Rows are taken away behind the service's back: what comes back was written anew.
  const auto written = [&](v1::Project change, const std::string& field) {
    for (const std::string& table : tables)
      server_.database().Run(absl::StrCat("DELETE FROM ", table, ";"));
    change.set_etag(stands->etag());
    stands = Update(change, {field}, county_);
    EXPECT_THAT(stands, IsOk());
    std::vector<std::string> out;
    for (const std::string& table : tables) {
      if (Int(absl::StrCat("SELECT COUNT(*) FROM ", table)) > 0) out.push_back(table);
    }
    return out;
  };
  v1::Project change = *stands;
  change.set_problems("近期缺水");
  EXPECT_THAT(written(change, "problems"), ::testing::IsEmpty());
  change.set_name("水东村脐橙气调库建设项目");
  EXPECT_THAT(written(change, "name"), ::testing::ElementsAre("project_name", "project_gram"));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project_gram WHERE gram = '气调'"), 1);
  change.set_implementing_org("水东村股份经济合作社");
  EXPECT_THAT(written(change, "implementing_org"), ::testing::ElementsAre("project_gram"));
  change.mutable_content_items(0)->set_budget_fen(30'000'000);
  EXPECT_THAT(written(change, "content_items"), ::testing::ElementsAre("content_item"));
  change.mutable_content_items(0)->set_description("新建气调库一座");
  EXPECT_THAT(written(change, "content_items"),
              ::testing::ElementsAre("content_item", "project_gram"));
  change.add_covered_regions()->set_region_code("360733100002");
  EXPECT_THAT(written(change, "covered_regions"), ::testing::ElementsAre("project_region"));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project_region"), 2);
  change.mutable_external_ids(0)->set_id("A-2");
  EXPECT_THAT(written(change, "external_ids"), ::testing::ElementsAre("external_id"));
}

TEST_F(RegistryTest, TwoUpdatesAtOnceGiveOneWinner) {
  const auto made = Register(SomeProject(), county_);
  ASSERT_THAT(made, IsOk());
  for (int round = 0; round < 5; ++round) {
    const auto now = Get(made->id(), county_);
    ASSERT_THAT(now, IsOk());
    const auto results = ::bangfu::testing::AtOnce(2, [&](int i) {
      v1::Project change = *now;
      change.set_note(absl::StrCat("round ", round, " caller ", i));
      return Update(change, {"note"}, county_);
    });
    EXPECT_EQ(::bangfu::testing::Outcomes(results),
              (::bangfu::testing::Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
  }
}

TEST_F(RegistryTest, AmendingWhatIsVerifiedUndoesTheVerification) {
  const auto made = Register(SomeProject(), county_);
  ASSERT_THAT(made, IsOk());
  server_.database().Run(
      "UPDATE project SET verification_state = 2;");  // as the joint verification does
  v1::Project change = *made;
  change.set_note("备注可以改");
  auto updated = Update(change, {"note"}, county_);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  change = *updated;
  change.set_name("改名");
  EXPECT_THAT(Update(change, {"name"}, county_),
              StatusIs(Code::kFailedPrecondition, "AMEND_REASON_REQUIRED"));
  updated = Update(change, {"name"}, county_, "名称与批复不符");
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
  EXPECT_EQ(Int("SELECT verification_state FROM project"), 1);
}

TEST_F(RegistryTest, AVoidProjectStaysWithItsReason) {
  v1::Project p = SomeProject();
  type::v1::ExternalId& e = *p.add_external_ids();
  e.set_system("national-antipoverty");
  e.set_id("XM-1");
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(Register(p, county_), StatusIs(Code::kAlreadyExists, "EXTERNAL_ID_TAKEN"));
  v1::VoidProjectRequest request;
  request.set_id(made->id());
  request.set_etag(made->etag());
  request.set_reason("重复登记");
  EXPECT_THAT(Call<v1::Project>(kP, "VoidProject", request, village_),
              StatusIs(Code::kPermissionDenied));
  const auto gone = Call<v1::Project>(kP, "VoidProject", request, county_);
  ASSERT_THAT(gone, IsOk());
  EXPECT_TRUE(gone->is_void());
  EXPECT_THAT(Update(*gone, {"note"}, county_),
              StatusIs(Code::kFailedPrecondition, "PROJECT_VOID"));
  EXPECT_EQ(List(v1::ListProjectsRequest(), county_).projects_size(), 0);
  v1::ListProjectsRequest list;
  list.set_include_void(true);
  ASSERT_EQ(List(list, county_).projects_size(), 1);
  EXPECT_EQ(List(list, county_).projects(0).void_reason(), "重复登记");
  EXPECT_THAT(Register(p, county_), IsOk());  // its number is free again
  const auto read = Get(made->id(), county_);
  ASSERT_THAT(read, IsOk());
  for (const auto& action : read->allowed_actions()) {
    EXPECT_FALSE(action.allowed());
    EXPECT_EQ(action.refusal_reason(), "PROJECT_VOID");
  }
}

TEST_F(RegistryTest, TheSameExternalIdAtOnceGoesToOne) {
  const auto results = ::bangfu::testing::AtOnce(4, [&](int i) {
    v1::Project p = SomeProject(absl::StrCat("项目", i));
    type::v1::ExternalId& e = *p.add_external_ids();
    e.set_system("national-antipoverty");
    e.set_id("XM-2");
    return Register(p, county_);
  });
  EXPECT_EQ(::bangfu::testing::Outcomes(results),
            (::bangfu::testing::Tally{{"OK", 1}, {"ALREADY_EXISTS/EXTERNAL_ID_TAKEN", 3}}));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project"), 1);
}

TEST_F(RegistryTest, R063_ShortBoardProjectsAnswerAShortBoard) {
  const auto base = Register(SomeProject(), county_);
  ASSERT_THAT(base, IsOk());
  v1::Project p = SomeProject("补短板冷链设备");
  p.set_category("SHORTBOARD");
  EXPECT_THAT(Register(p, county_), AllOf(HasViolation("project.shortboard_sort"),
                                          HasViolation("project.short_board_id")));
  v1::CreateShortBoardRequest create;
  v1::ShortBoard& b = *create.mutable_short_board();
  b.set_subject_type(type::v1::SUBJECT_TYPE_INDUSTRY);
  b.set_subject_id(base->industry_id());
  b.set_kind("FACILITY");
  b.set_link_code("COLD_STORAGE");
  b.set_description("产地冷藏能力不足");
  EXPECT_THAT(Call<v1::ShortBoard>(kI, "CreateShortBoard", create, other_county_),
              StatusIs(Code::kNotFound));
  const auto board = Call<v1::ShortBoard>(kI, "CreateShortBoard", create, county_);
  ASSERT_THAT(board, IsOk());
  p.set_shortboard_sort("FACILITY");
  p.set_short_board_id(board->id());
  EXPECT_THAT(Register(p, county_), IsOk());
  v1::CompleteShortBoardRequest complete;
  complete.set_id(board->id());
  complete.mutable_completed_on()->set_year(2026);
  complete.mutable_completed_on()->set_month(2);
  complete.mutable_completed_on()->set_day(1);
  complete.set_note("冷库投用");
  complete.set_etag(board->etag());
  EXPECT_THAT(Call<v1::ShortBoard>(kI, "CompleteShortBoard", complete, county_), IsOk());
  complete.set_request_id("");
  complete.set_etag("2");
  EXPECT_THAT(Call<v1::ShortBoard>(kI, "CompleteShortBoard", complete, county_),
              StatusIs(Code::kFailedPrecondition, "SHORT_BOARD_CLOSED"));
  v1::ListShortBoardsRequest list;
  list.set_open_only(true);
  EXPECT_EQ(
      Call<v1::ListShortBoardsResponse>(kI, "ListShortBoards", list, county_)->short_boards_size(),
      0);
}

TEST_F(RegistryTest, R009_R015_RegistrationFollowsTheVillagesReport) {
  // Without an open campaign the village registers nothing; the county may (tests above).
  EXPECT_THAT(Register(SomeProject(), village_),
              StatusIs(Code::kFailedPrecondition, "CAMPAIGN_NOT_OPEN"));
  const std::string campaign = OpenCampaign();
  ASSERT_FALSE(campaign.empty());
  const auto first = Register(SomeProject(), village_);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->campaign_id(), campaign);

  v1::ListUnitReportsRequest list;
  list.set_campaign_id(campaign);
  list.set_region_code(kVillage);
  const auto reports =
      Call<v1::ListUnitReportsResponse>(kInventory, "ListUnitReports", list, village_);
  ASSERT_THAT(reports, IsOk());
  ASSERT_EQ(reports->unit_reports_size(), 1);
  EXPECT_EQ(reports->unit_reports(0).state(), v1::UNIT_REPORT_STATE_DRAFT);  // it has begun
  v1::SubmitUnitReportRequest submit;
  submit.set_id(reports->unit_reports(0).id());
  submit.set_etag(reports->unit_reports(0).etag());
  submit.set_signatory("村支书");
  submit.set_is_nil(true);
  EXPECT_THAT(Call<v1::InventoryUnitReport>(kInventory, "SubmitUnitReport", submit, village_),
              StatusIs(Code::kFailedPrecondition, "NIL_WITH_SUBJECTS"));
  submit.set_is_nil(false);
  auto report = Call<v1::InventoryUnitReport>(kInventory, "SubmitUnitReport", submit, village_);
  ASSERT_THAT(report, IsOk());
  // What is submitted is not changed below; the township may still correct.
  v1::Project change = *first;
  change.set_name("改名");
  EXPECT_THAT(Update(change, {"name"}, village_),
              StatusIs(Code::kFailedPrecondition, "REPORT_LOCKED"));
  EXPECT_THAT(Register(SomeProject("迟到的项目"), village_),
              StatusIs(Code::kFailedPrecondition, "REPORT_LOCKED"));
  // A subject that the township registers later opens the report again.
  ASSERT_THAT(Register(SomeProject("乡镇补登"), township_), IsOk());
  v1::GetUnitReportRequest get;
  get.set_id(report->id());
  report = Call<v1::InventoryUnitReport>(kInventory, "GetUnitReport", get, county_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->state(), v1::UNIT_REPORT_STATE_DRAFT);
  EXPECT_EQ(report->reopened(), 1);
  EXPECT_EQ(report->project_count(), 2);
  // After the deadline nobody below the county registers.
  server_.clock().Set(
      absl::FromCivil(absl::CivilSecond(2026, 3, 11, 1, 0, 0), absl::UTCTimeZone()));
  const std::string late_village =
      server_.Token(role::ROLE_VILLAGE_REPORTER, kVillage, "village-1");
  EXPECT_THAT(Register(SomeProject("逾期"), late_village),
              StatusIs(Code::kFailedPrecondition, "REPORT_LOCKED"));
}

}  // namespace
}  // namespace bangfu::registry
