// Which rows of 摸排登记表 may go in: the grants of who imports, locked reports and verified
// records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "services/registry/jobs/project_import_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::HasSubstr;

TEST_F(ProjectImportTest, WhoMayNotRegisterProjectsMayNotImportThem) {
  iv1::BeginImportRequest begin;
  begin.set_request_id(RequestId());
  begin.set_kind("projects");
  begin.set_batch_id("a");
  begin.set_format(type::v1::FILE_FORMAT_CSV);
  EXPECT_THAT(Import<iv1::Import>("BeginImport", begin, Admin()),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  // Who may, from the county up, needs no campaign.
  EXPECT_EQ(Run("b", Cat(kHeader, Row(1)), County()).rows_created(), 1);
  const std::string system = Token(options::v1::ROLE_SYSTEM_INTEGRATOR, "36", "system");
  EXPECT_EQ(Run("c", Cat(kHeader, Row(2)), system).rows_created(), 1);
}

TEST_F(ProjectImportTest, WhatTheCountyHasVerifiedIsHeldNotOverwritten) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const std::string csv = Cat(kHeader, Row(1));
  ASSERT_EQ(Run("a", csv, County()).rows_created(), 1);
  Verify(campaign.id(), kVillage);
  // The same again is unchanged; a changed figure is asked for.
  EXPECT_EQ(Run("b", csv, County()).rows_unchanged(), 1);
  std::string changed = csv;
  changed.replace(changed.find("会昌县惠民合作社"), std::string("会昌县惠民合作社").size(),
                  "会昌县富民合作社");
  const iv1::Import held = Run("c", changed, County());
  EXPECT_EQ(held.rows_held(), 1);
  EXPECT_THAT(Reasons(Rows(held.id(), County()).begin()->second),
              ::testing::Contains("VERIFIED_RECORD"));
}

TEST_F(ProjectImportTest, WhatTheCountyHasNotVerifiedIsTakenIntoAVerifiedRecord) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const auto csv = [](std::string_view organisation, std::string_view word) {
    return Cat(
        "县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态,申报类别\n"
        "会昌县,小密乡,半迳村,油茶基地,种植,2021,50,",
        organisation, ",运营,", word, "\n");
  };
  iv1::Import import = Run("a", csv("村委会", ""), County());
  ASSERT_EQ(import.rows_total(), 1);
  const std::string id = Rows(import.id(), County()).begin()->second.record_id();
  Verify(campaign.id(), kVillage);
  ASSERT_EQ(GetProject(id).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  // A claim and the text that it was read from are no part of what was verified.
  EXPECT_EQ(Run("b", csv("村委会", "另起炉灶类"), County()).rows_updated(), 1);
  EXPECT_EQ(GetProject(id).claimed_class(), type::v1::FOUR_CLASS_ADJUST);
  EXPECT_EQ(GetProject(id).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(Unit(campaign.id(), kVillage).state(), v1::UNIT_REPORT_STATE_COUNTY_VERIFIED);
  // Together with what was, they wait.
  EXPECT_EQ(Run("c", csv("合作社", "盘活类"), County()).rows_held(), 1);
  EXPECT_EQ(GetProject(id).claimed_class(), type::v1::FOUR_CLASS_ADJUST);
  // A disputed record waits with all that differs.
  server_.database().Run("UPDATE project SET verification_state = 3;\n");
  import = Run("d", csv("村委会", "盘活类"), County());
  EXPECT_EQ(import.rows_held(), 1);
  EXPECT_THAT(Reasons(Rows(import.id(), County()).begin()->second),
              ::testing::Contains("VERIFIED_RECORD"));
}

TEST_F(ProjectImportTest, ARowThatCoversALockedVillageIsRefusedAlone) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage2), /*is_nil=*/true));
  const v1::InventoryUnitReport submitted = Unit(campaign.id(), kVillage2);
  const std::string csv =
      "县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态\n"
      "会昌县,小密乡,半迳村、小密村,两村冷链,冷链仓储,2021,50,村委会,运营\n"
      "会昌县,小密乡,半迳村、石背村,邻村冷链,冷链仓储,2021,50,村委会,运营\n";
  const iv1::Import import = Run("a", csv, Village());
  const auto rows = Rows(import.id(), Village());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.at(2).outcome(), iv1::ROW_OUTCOME_REFUSED) << rows.at(2).ShortDebugString();
  EXPECT_THAT(Reasons(rows.at(2)), ::testing::Contains("REPORT_LOCKED"));
  EXPECT_NE(rows.at(3).outcome(), iv1::ROW_OUTCOME_REFUSED) << rows.at(3).ShortDebugString();
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 1);
  EXPECT_EQ(Unit(campaign.id(), kVillage2).etag(), submitted.etag());
  EXPECT_EQ(Unit(campaign.id(), kVillage3).project_count(), 1);
}

TEST_F(ProjectImportTest, R015_AVillageImportsItsOwnUntilItsReportIsLocked) {
  OpenCampaign();
  const std::string csv = Cat(kHeader, Row(1), Row(2, "小密村"));
  const iv1::Import own = Run("a", csv, Village());
  EXPECT_EQ(own.rows_created(), 1);
  EXPECT_EQ(own.rows_refused(), 1);
  On(2026, 3, 11);
  clock_.Set(server_.clock().Now());
  const iv1::Import late = Run("b", Cat(kHeader, Row(3)), Village());
  EXPECT_EQ(late.rows_refused(), 1);
  EXPECT_THAT(Reasons(Rows(late.id(), Village()).begin()->second),
              ::testing::Contains("REPORT_LOCKED"));
}

TEST_F(ProjectImportTest, AnImportReopensTheReportsOfCoveredVillages) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Verify(campaign.id(), kVillage2);
  Verify(campaign.id(), kVillage3);
  const std::string csv =
      "县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态\n"
      "会昌县,小密乡,半迳村、小密村、石背村,三村冷链,冷链仓储,2021,50,乡政府,运营\n";
  EXPECT_EQ(Run("a", csv, County()).rows_total(), 1);
  for (const char* village : {kVillage, kVillage2, kVillage3}) {
    EXPECT_EQ(Unit(campaign.id(), village).state(), v1::UNIT_REPORT_STATE_DRAFT) << village;
    EXPECT_EQ(Unit(campaign.id(), village).project_count(), 1);
  }
}

TEST_F(ProjectImportTest, RowsOutsideTheScopeOfTheGrantAreRefused) {
  auth::Caller caller;
  caller.subject = "person-narrow";
  auth::Grant& grant = caller.grants.emplace_back();
  grant.role = options::v1::ROLE_COUNTY_OPERATOR;
  grant.region_path = kCounty;
  grant.fund_sources = {"LOTTERY"};
  const std::string narrow = server_.Token(caller);
  const iv1::Import import = Run("b", Cat(kHeader, Row(1), Row(2)), narrow);
  EXPECT_EQ(import.rows_refused(), 2);
  EXPECT_EQ(import.rows_created(), 0);
  for (const auto& [no, row] : Rows(import.id(), narrow)) {
    EXPECT_THAT(Reasons(row), ::testing::Contains("SCOPE_EXCLUDES")) << no;
  }
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 0);
}

// Good when they were checked, outside of what the importer holds when they are committed: nothing
// is refused for good.
TEST_F(ProjectImportTest, R118_RowsThatTheGrantsDoNotCoverAnyMoreStopTheCommit) {
  auth::Caller caller;
  caller.subject = "person-narrow";
  auth::Grant& grant = caller.grants.emplace_back();
  grant.role = options::v1::ROLE_COUNTY_OPERATOR;
  grant.region_path = kCounty;
  const std::string wide = server_.Token(caller);
  const auto narrowed = [&](const std::string& region, const std::vector<std::string>& sources,
                            const std::vector<std::string>& industries) {
    auth::Caller less = caller;
    less.grants[0].region_path = region;
    less.grants[0].fund_sources = sources;
    less.grants[0].industries = industries;
    return server_.Token(less);
  };
  const iv1::Import import = Validate("b", Cat(kHeader, Row(1), Row(2, "小密村")), wide);
  ASSERT_EQ(import.rows_created(), 2);
  for (const std::string& token :
       {narrowed(kCounty, {"LOTTERY"}, {}), narrowed(kCounty, {}, {"NO_SUCH_INDUSTRY"}),
        narrowed(kVillage, {}, {})}) {
    Start("CommitImport", import.id(), token);
    RunAll();
    const iv1::Import stopped = Get(import.id(), wide);
    EXPECT_EQ(stopped.state(), iv1::IMPORT_STATE_COMMITTING);
    EXPECT_EQ(stopped.rows_refused(), 0);
    EXPECT_EQ(stopped.rows_created(), 2);
    EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 0);
    const auto run = Ulid::Parse(stopped.operation_id());
    ASSERT_OK(run);
    const auto ended = operation::Get(*session_, *run, {kCounty});
    ASSERT_OK(ended);
    EXPECT_EQ(ended->state(), operation::v1::OPERATION_STATE_FAILED);
    EXPECT_THAT(ended->error().SerializeAsString(), HasSubstr("IMPORT_NOT_COVERED"));
  }
  const iv1::Import done = Commit(import, wide);
  EXPECT_EQ(done.state(), iv1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(done.rows_created(), 2);
}

}  // namespace
}  // namespace bangfu::registry
