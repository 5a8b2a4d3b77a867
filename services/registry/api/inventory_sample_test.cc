// Samples of city and province: what is drawn and why, their results and enlargement, and the
// province's confirmation of the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/migrate/migration.h"
#include "common/mysql/session.h"
#include "common/status/error.h"
#include "services/registry/api/inventory_for_test.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/schema/migrations.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

class InventorySampleTest : public InventoryTest {
 protected:
  void SetParameter(const std::string& code, int64_t value) {
    ASSERT_OK_AND_ASSIGN(const auto all, (Call<v1::ListParametersResponse>(
                                             "CodeListService", "ListParameters",
                                             v1::ListParametersRequest(), Province())));
    v1::SetParameterRequest request;
    request.set_request_id(RequestId());
    request.set_code(code);
    request.set_value(value);
    request.set_reason("省厅确认");
    for (const auto& p : all.parameters()) {
      if (p.code() == code) request.set_etag(p.etag());
    }
    ASSERT_OK(Call<v1::Parameter>("CodeListService", "SetParameter", request, Admin()));
  }
  static std::vector<int64_t> Floors(const v1::Sample& sample) {
    return {sample.stratum_floors_fen().begin(), sample.stratum_floors_fen().end()};
  }
  // Of the drawn units, by village.
  static std::map<std::string, int> Strata(const v1::Sample& sample) {
    std::map<std::string, int> out;
    for (const auto& unit : sample.units()) out[unit.region_path()] = unit.stratum();
    return out;
  }
  v1::Sample SampleOf(const std::string& id) {
    v1::GetSampleRequest request;
    request.set_id(id);
    auto sample = Inventory<v1::Sample>("GetSample", request, Province());
    EXPECT_OK(sample);
    return sample.ok() ? *sample : v1::Sample();
  }
  // All pages of the sample's villages, by path.
  std::vector<std::string> Drawn(v1::ListSampleUnitsRequest request, const std::string& token) {
    std::vector<std::string> out;
    do {
      auto page = Inventory<v1::ListSampleUnitsResponse>("ListSampleUnits", request, token);
      EXPECT_OK(page);
      if (!page.ok()) return out;
      EXPECT_LE(page->units_size(), request.page_size() > 0 ? request.page_size() : 50);
      for (const v1::SampleUnit& unit : page->units()) out.push_back(unit.region_path());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return out;
  }
};

TEST_F(InventorySampleTest, R016_TheSameSeedDrawsTheSameSampleStratifiedByMoney) {
  for (int i = 0; i < 30; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign();
  EXPECT_THAT(Draw(campaign.id(), "3607", City()),
              StatusIs(StatusCode::kFailedPrecondition, "NOTHING_TO_SAMPLE"));
  // Every village verified, the money of two of them large.
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK(Register(NewProject("大项目", kVillage, "BRIDGE_CENTRAL", 2'000'000'000)));
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  EXPECT_THAT(Draw(campaign.id(), kCounty, City()),
              StatusIs(StatusCode::kFailedPrecondition, "OUTSIDE_SAMPLE_LEVEL"));
  EXPECT_THAT(Draw(campaign.id(), kCounty, Province()),
              StatusIs(StatusCode::kFailedPrecondition, "OUTSIDE_SAMPLE_LEVEL"));
  EXPECT_THAT(Draw(campaign.id(), "3607", City("3608")), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "2026-赣州"));
  EXPECT_EQ(sample.algorithm(), "sha256-strata-v1");
  EXPECT_EQ(sample.rate_bp(), 1000);
  EXPECT_EQ(sample.population(), 34);
  // One of each stratum at least: 33 villages without money give four, the one with it is drawn.
  EXPECT_EQ(sample.drawn(), 5);
  std::vector<std::string> drawn;
  bool rich = false;
  std::vector<SampleCandidate> population;
  const std::vector<int64_t> floors(sample.stratum_floors_fen().begin(),
                                    sample.stratum_floors_fen().end());
  EXPECT_EQ(floors, kDefaultStrata);
  for (const auto& unit : Units(campaign.id())) {
    population.push_back(
        {unit.id(), unit.region_path() == kVillage ? FundStratum(2'000'000'000, floors) : 0});
  }
  for (const auto& unit : sample.units()) {
    drawn.push_back(unit.unit_report_id());
    rich |= unit.region_path() == kVillage;
  }
  EXPECT_TRUE(rich);
  // Anyone can draw it again from what is stored.
  std::sort(drawn.begin(), drawn.end());
  EXPECT_EQ(DrawSample(population, sample.seed(), sample.rate_bp()), drawn);
  EXPECT_EQ(PopulationDigest(population), sample.population_sha256());
  EXPECT_THAT(Draw(campaign.id(), "3607", City()),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_EXISTS"));
  // The sample of one city is not there for the other.
  v1::GetSampleRequest get;
  get.set_id(sample.id());
  EXPECT_OK(Inventory<v1::Sample>("GetSample", get, City()));
  EXPECT_THAT(Inventory<v1::Sample>("GetSample", get, City("3608")),
              StatusIs(StatusCode::kNotFound));
  // A seed of the server's own is stored.
  ASSERT_OK_AND_ASSIGN(const v1::Sample province, Draw(campaign.id(), "36", Province()));
  EXPECT_EQ(province.seed().size(), 32U);
  EXPECT_EQ(province.level(), v1::REGION_LEVEL_PROVINCE);
}

// What it waits for is told by the sample itself, as the step answers it.
TEST_F(InventorySampleTest, R016_ASampleTellsWhetherItsResultsAreTheCallersToRecord) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Verify(campaign.id(), kVillage);
  Verify(campaign.id(), kVillage2);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, DrawInCity(campaign));
  ASSERT_EQ(sample.units_size(), 2);
  const auto told = [&](const std::string& token) -> std::string {
    v1::GetSampleRequest get;
    get.set_id(sample.id());
    const auto seen = Inventory<v1::Sample>("GetSample", get, token);
    EXPECT_OK(seen);
    if (!seen.ok() || seen->allowed_actions_size() != 1) return "none";
    const auto& action = seen->allowed_actions(0);
    EXPECT_EQ(action.action(), "record_sample_result");
    EXPECT_FALSE(action.label_zh().empty());
    EXPECT_EQ(action.allowed(), action.refusal_zh().empty());
    return action.allowed() ? "allowed" : action.refusal_reason();
  };
  const auto answered = [&](const v1::SampleUnit& unit, const std::string& token) -> std::string {
    const absl::Status status = Result(sample.id(), unit.unit_report_id(), false, token).status();
    return status.ok() ? "allowed" : ReasonOf(status);
  };
  // The province looks at it and records nothing: the sample is the city's.
  EXPECT_EQ(told(Province()), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(answered(sample.units(0), Province()), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(told(City()), "allowed");
  EXPECT_EQ(answered(sample.units(0), City()), "allowed");
  EXPECT_EQ(told(City()), "allowed");
  EXPECT_EQ(answered(sample.units(1), City()), "allowed");
  EXPECT_EQ(told(City()), "RESULT_RECORDED");
  EXPECT_EQ(answered(sample.units(1), City()), "RESULT_RECORDED");
}

TEST_F(InventorySampleTest, R129_WhatASampleFindsHasWhatTheProjectReported) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  Verify(campaign.id(), kVillage);
  Verify(campaign.id(), kVillage2);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, DrawInCity(campaign));
  v1::RecordSampleResultRequest request;
  request.set_request_id(RequestId());
  request.set_id(sample.id());
  request.set_unit_report_id(Unit(campaign.id(), kVillage).id());
  v1::VerificationFinding* finding = request.add_findings();
  finding->set_project_id(project.id());
  finding->set_field("implementing_org");
  finding->set_reported_text("not asked for");
  finding->set_action(v1::FINDING_ACTION_CONFIRMED);
  ASSERT_OK(Inventory<v1::Sample>("RecordSampleResult", request, City()));
  const v1::VerificationTask task = Task(request.unit_report_id());
  ASSERT_EQ(task.findings_size(), 1);
  EXPECT_EQ(task.findings(0).reported_text(), "村民委员会");
}

TEST_F(InventorySampleTest, R016_ASampleKeepsTheStrataThatItWasDrawnBy) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("甲", kVillage, "BRIDGE_CENTRAL", 90'000'000)));
  ASSERT_OK(Register(NewProject("乙", kVillage2, "BRIDGE_CENTRAL", 3'000'000'000)));
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  SetParameter("SAMPLE_STRATUM_LOW", 100);
  SetParameter("SAMPLE_STRATUM_HIGH", 3000);
  const std::vector<int64_t> in_force = {100'000'000, 200'000'000, 3'000'000'000};
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 5000));
  EXPECT_EQ(Floors(sample), in_force);
  auto drawn = Strata(sample);
  EXPECT_EQ(drawn[kVillage], 1);  // 90万元 is below 100
  EXPECT_EQ(drawn[kVillage2], 4);
  // What is entered later moves no village of a sample that is there.
  SetParameter("SAMPLE_STRATUM_LOW", 50);
  const std::string digest = sample.population_sha256();
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 10000, true));
  EXPECT_EQ(Floors(sample), in_force);
  EXPECT_EQ(sample.population_sha256(), digest);
  EXPECT_EQ(Strata(sample)[kVillage], 1);
  ASSERT_OK_AND_ASSIGN(const v1::Sample province, Draw(campaign.id(), "36", Province()));
  EXPECT_EQ(province.stratum_floors_fen(0), 50'000'000);
}

TEST_F(InventorySampleTest, R016_ASampleThatWasDrawnWithoutStrataIsEnlargedWithoutThem) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("甲", kVillage, "BRIDGE_CENTRAL", 90'000'000)));
  ASSERT_OK(Register(NewProject("乙", kVillage2, "BRIDGE_CENTRAL", 3'000'000'000)));
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  const std::vector<std::string> parameters = {"SAMPLE_STRATUM_LOW", "SAMPLE_STRATUM_MIDDLE",
                                               "SAMPLE_STRATUM_HIGH"};
  for (const std::string& code : parameters) SetParameter(code, 0);
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 5000));
  EXPECT_EQ(Floors(sample), std::vector<int64_t>{1});
  const std::string digest = sample.population_sha256();
  SetParameter("SAMPLE_STRATUM_LOW", 50);
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 10000, true));
  EXPECT_EQ(Floors(sample), std::vector<int64_t>{1});
  EXPECT_EQ(sample.population_sha256(), digest);
  // All that hold money are one, whatever they hold; the others are none of them.
  std::map<std::string, int> drawn = Strata(sample);
  EXPECT_EQ(drawn[kVillage], drawn[kVillage2]);
  EXPECT_GT(drawn[kVillage], 0);
  ASSERT_EQ(drawn.count(kVillage3), 1U);
  EXPECT_EQ(drawn[kVillage3], 0);
}

TEST_F(InventorySampleTest, R016_IssuesEnlargeTheSampleAndTheProvinceConfirmsTheRest) {
  for (int i = 0; i < 16; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign();
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "UNITS_PENDING"));
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_INCOMPLETE"));
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed"));
  ASSERT_EQ(sample.drawn(), 2);
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_INCOMPLETE"));
  std::set<std::string> in_sample;
  for (const auto& unit : sample.units()) in_sample.insert(unit.unit_report_id());
  std::string outside;
  for (const auto& unit : Units(campaign.id())) {
    if (in_sample.count(unit.id()) == 0) outside = unit.id();
    EXPECT_EQ(unit.in_city_sample(), in_sample.count(unit.id()) > 0);
  }
  EXPECT_THAT(Result(sample.id(), outside, false, City()),
              StatusIs(StatusCode::kFailedPrecondition, "NOT_IN_SAMPLE"));
  const std::string bad = sample.units(0).unit_report_id(), good = sample.units(1).unit_report_id();
  ASSERT_OK(Result(sample.id(), bad, true, City()));
  EXPECT_THAT(Result(sample.id(), bad, false, City()),
              StatusIs(StatusCode::kFailedPrecondition, "RESULT_RECORDED"));
  ASSERT_OK_AND_ASSIGN(sample, Result(sample.id(), good, false, City()));
  EXPECT_EQ(sample.issue_rate_bp(), 5000);
  EXPECT_TRUE(sample.enlargement_required());
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "ENLARGEMENT_REQUIRED"));
  EXPECT_THAT(Draw(campaign.id(), "3607", City(), "", 500, true), HasViolation("rate_bp"));
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 10000, true));
  EXPECT_EQ(sample.drawn(), 20);
  EXPECT_EQ(sample.results_recorded(), 2);
  for (const auto& unit : sample.units()) {
    if (unit.has_result()) continue;
    ASSERT_OK(Result(sample.id(), unit.unit_report_id(), false, City()));
  }
  // Everything was checked: the province confirms all but the one with the issue.
  ASSERT_OK_AND_ASSIGN(const auto confirmed, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(confirmed.confirmed(), 19);
  EXPECT_EQ(confirmed.held_back(), 1);
  EXPECT_EQ(Total(campaign.id()).county_verified(), 20);
  ASSERT_OK_AND_ASSIGN(const auto again, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(again.confirmed(), 0);
}

TEST_F(InventorySampleTest, R016_AnEnlargementStaysRequiredWhenDrawnVillagesWereSentBack) {
  for (int i = 0; i < 16; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign();
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 5000));
  ASSERT_EQ(sample.drawn(), 10);
  const std::string digest = sample.population_sha256();
  for (int i = 0; i < sample.units_size(); ++i) {
    ASSERT_OK(Result(sample.id(), sample.units(i).unit_report_id(), i < 5, City()));
  }
  // The ten are with their villages while the sample is enlarged.
  server_.database().Run("UPDATE unit_report SET state = 9 WHERE in_city_sample = 1;\n");
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 6000, true));
  EXPECT_EQ(sample.population(), 20);
  EXPECT_EQ(sample.population_sha256(), digest);
  EXPECT_EQ(sample.drawn(), 12);
  EXPECT_TRUE(sample.enlargement_required());
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  const auto record = [&] {
    for (const v1::SampleUnit& unit : sample.units()) {
      if (unit.has_result()) continue;
      ASSERT_OK(Result(sample.id(), unit.unit_report_id(), false, City()));
    }
  };
  record();
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "ENLARGEMENT_REQUIRED"));
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 10000, true));
  EXPECT_EQ(sample.drawn(), 20);
  EXPECT_FALSE(sample.enlargement_required());
  record();
  ASSERT_OK_AND_ASSIGN(const auto confirmed, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(confirmed.confirmed(), 15);
  EXPECT_EQ(confirmed.held_back(), 5);
}

TEST_F(InventorySampleTest, R016_NoEnlargementIsDemandedWhereNothingIsLeftToDraw) {
  // A second county of the same city; its village holds money and is a stratum of its own.
  const std::string second = "360734", village = "360734101201";
  AddRegion(second, "寻乌县");
  AddRegion("360734101", "长宁镇");
  AddRegion(village, "三标村");
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  ASSERT_OK(Register(NewProject("茶园", village), County("operator", second)));
  const auto verify = [&](const std::string& county) {
    server_.database().Run(
        Cat("UPDATE unit_report SET state = 5 WHERE region_path LIKE '", county, "%';\n"));
  };
  verify(kCounty);
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 1));
  ASSERT_EQ(sample.drawn(), 1);
  ASSERT_OK(Result(sample.id(), sample.units(0).unit_report_id(), false, City()));
  ASSERT_OK_AND_ASSIGN(auto confirmed, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(confirmed.confirmed(), 4);

  verify(second);
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City()));
  ASSERT_EQ(sample.drawn(), 2);
  ASSERT_EQ(sample.population(), 5);
  ASSERT_OK_AND_ASSIGN(sample,
                       Result(sample.id(), Unit(campaign.id(), village).id(), true, City()));
  // Half of the results are issues; but what was not drawn is confirmed.
  EXPECT_EQ(sample.issue_rate_bp(), 5000);
  EXPECT_FALSE(sample.enlargement_required());
  for (const int rate : {0, 10000}) {
    const auto refused = Draw(campaign.id(), "3607", City(), "", rate, true);
    EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, "NOTHING_TO_SAMPLE"));
  }
  EXPECT_EQ(SampleOf(sample.id()).rate_bp(), 1);
  ASSERT_OK_AND_ASSIGN(confirmed, Confirm(campaign.id(), second));
  EXPECT_EQ(confirmed.confirmed(), 0);
  EXPECT_EQ(confirmed.held_back(), 1);
}

TEST_F(InventorySampleTest, R016_AnEnlargementThatDrawsNothingLeavesTheRate) {
  for (int i = 0; i < 16; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign();
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10));
  ASSERT_EQ(sample.drawn(), 1);
  // Five in a hundred of twenty are one.
  EXPECT_THAT(Draw(campaign.id(), "3607", City(), "", 500, true), HasViolation("rate_bp"));
  sample = SampleOf(sample.id());
  EXPECT_EQ(sample.rate_bp(), 10);
  EXPECT_EQ(sample.drawn(), 1);
  // Who names no rate gets the first of 20, 40, 80 … that draws one more.
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 0, true));
  EXPECT_EQ(sample.rate_bp(), 640);
  EXPECT_EQ(sample.drawn(), 2);
}

TEST_F(InventorySampleTest, R016_ASamplesVillagesAreListedInPages) {
  const std::string second = "360734", village = "360734101201";
  AddRegion(second, "寻乌县");
  AddRegion("360734101", "长宁镇");
  AddRegion(village, "三标村");
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  ASSERT_EQ(sample.drawn(), 5);
  EXPECT_EQ(sample.units_total(), 5);
  const auto report = [&](const char* path) { return Unit(campaign.id(), path).id(); };
  ASSERT_OK(Result(sample.id(), report(kVillage2), true, City()));
  ASSERT_OK(Result(sample.id(), report(kVillage3), false, City()));

  v1::ListSampleUnitsRequest list;
  list.set_sample_id(sample.id());
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage, kVillage2, kVillage3, kVillage4, village));
  list.set_page_size(2);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage, kVillage2, kVillage3, kVillage4, village));
  list.set_result(v1::SAMPLE_RESULT_PENDING);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage, kVillage4, village));
  list.set_result(v1::SAMPLE_RESULT_OK);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage3));
  list.set_result(v1::SAMPLE_RESULT_ISSUE);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage2));
  list.clear_result();
  list.set_region_code(kCounty);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage, kVillage2, kVillage3, kVillage4));
  list.set_region_code(second);
  EXPECT_THAT(Drawn(list, Province()), ElementsAre(village));

  // With what a result says, and for whom the sample is there.
  list.set_region_code(kCounty);
  list.set_result(v1::SAMPLE_RESULT_ISSUE);
  ASSERT_OK_AND_ASSIGN(const auto issues,
                       Inventory<v1::ListSampleUnitsResponse>("ListSampleUnits", list, Province()));
  ASSERT_EQ(issues.units_size(), 1);
  EXPECT_EQ(issues.units(0).unit_report_id(), report(kVillage2));
  EXPECT_FALSE(issues.units(0).region_name().empty());
  EXPECT_EQ(issues.units(0).note(), "入户核对");
  EXPECT_TRUE(issues.units(0).issue());
  for (const std::string& token : {City("3608"), County()}) {
    EXPECT_THAT(Inventory<v1::ListSampleUnitsResponse>("ListSampleUnits", list, token),
                StatusIs(StatusCode::kNotFound));
  }
}

TEST_F(InventorySampleTest, R016_AnAnswerCarriesAThousandVillagesOfASample) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  // As of a city of many villages.
  std::vector<mysql::Params> more;
  for (int i = 0; i < 1000; ++i) {
    more.push_back({*Ulid::Parse(sample.id()), server_.ids().Next(),
                    absl::StrCat(kOtherTownship, 300 + i % 600), 0, false, false, std::string()});
  }
  ASSERT_OK(mysql::BulkInsert(
      server_.database().db(), "sample_unit",
      "(sample_id, unit_report_id, region_path, stratum, has_result, issue, record)", more));
  ASSERT_OK(server_.database().db().Execute("UPDATE sample SET drawn = drawn + 1000"));
  sample = SampleOf(sample.id());
  EXPECT_EQ(sample.drawn(), 1004);
  EXPECT_EQ(sample.units_total(), 1004);
  EXPECT_EQ(sample.units_size(), 1000);
  ASSERT_OK_AND_ASSIGN(sample,
                       Result(sample.id(), Unit(campaign.id(), kVillage).id(), false, City()));
  EXPECT_EQ(sample.units_total(), 1004);
  EXPECT_EQ(sample.units_size(), 1000);
  v1::ListSampleUnitsRequest list;
  list.set_sample_id(sample.id());
  list.set_page_size(300);
  EXPECT_EQ(Drawn(list, City()).size(), 1004U);
}

TEST_F(InventorySampleTest, R016_WhatIsVerifiedAfterADrawIsDrawnFromBeforeItIsConfirmed) {
  // A second county of the same city.
  const std::string second = "360734";
  AddRegion(second, "寻乌县");
  AddRegion("360734101", "长宁镇");
  for (int i = 0; i < 12; ++i)
    AddRegion(absl::StrCat("360734101", 201 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  const auto verify = [&](const std::string& county) {
    server_.database().Run(
        Cat("UPDATE unit_report SET state = 5 WHERE region_path LIKE '", county, "%';\n"));
  };
  const auto record = [&](const v1::Sample& sample) {
    for (const v1::SampleUnit& unit : sample.units()) {
      if (unit.has_result()) continue;
      ASSERT_OK(Result(sample.id(), unit.unit_report_id(), false, Province()));
    }
  };
  verify(kCounty);
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "36", Province(), "seed", 3000));
  EXPECT_EQ(sample.population(), 4);
  EXPECT_EQ(sample.drawn(), 2);
  record(sample);
  EXPECT_THAT(Draw(campaign.id(), "36", Province()),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_EXISTS"));

  verify(second);
  for (const std::string& region : {second, std::string("3607")}) {
    const auto refused = Confirm(campaign.id(), region);
    EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_INCOMPLETE"));
    EXPECT_EQ(GetErrorDetail(refused.status()).metadata["not_covered"], "12");
  }
  // The first one is not held up by it, and what it had drawn still counts in the draws to come.
  ASSERT_OK_AND_ASSIGN(auto confirmed, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(confirmed.confirmed(), 4);

  std::set<std::string> expected;
  for (const v1::SampleUnit& unit : sample.units()) expected.insert(unit.unit_report_id());
  std::vector<SampleCandidate> population;
  std::map<std::string, std::string> villages;
  for (const auto& unit : Units(campaign.id())) {
    if (unit.region_path().substr(0, 4) != "3607") continue;
    population.push_back({unit.id(), 0});
    villages[unit.id()] = unit.region_path();
  }
  ASSERT_EQ(population.size(), 16U);
  int later = 0;
  for (const std::string& id : DrawSample(population, "seed", 3000)) {
    if (villages[id].substr(0, 6) != second) continue;
    expected.insert(id);
    ++later;
  }
  ASSERT_GT(later, 0);  // five are drawn of the sixteen, and four lie elsewhere
  EXPECT_THAT(Draw(campaign.id(), "36", Province(), "", 5000), HasViolation("rate_bp"));
  const std::string first = sample.id();
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "36", Province()));
  EXPECT_EQ(sample.id(), first);
  EXPECT_EQ(sample.seed(), "seed");
  EXPECT_EQ(sample.rate_bp(), 3000);
  EXPECT_EQ(sample.population(), 16);
  EXPECT_EQ(sample.population_sha256(), PopulationDigest(population));
  EXPECT_EQ(sample.drawn(), 2 + later);
  std::set<std::string> drawn;
  for (const v1::SampleUnit& unit : sample.units()) drawn.insert(unit.unit_report_id());
  EXPECT_EQ(drawn, expected);
  EXPECT_THAT(Draw(campaign.id(), "36", Province()),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_EXISTS"));

  // Drawn alone is no result.
  const auto missing = Confirm(campaign.id(), second);
  EXPECT_THAT(missing, StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_INCOMPLETE"));
  EXPECT_EQ(GetErrorDetail(missing.status()).metadata["missing"], absl::StrCat(later));
  record(sample);
  ASSERT_OK_AND_ASSIGN(confirmed, Confirm(campaign.id(), second));
  EXPECT_EQ(confirmed.confirmed(), 12);
}

TEST_F(InventorySampleTest, R016_SamplesFromBeforeHaveWhatStoodVerifiedWhenTheyWereDrawn) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  for (const char* village : {kVillage, kVillage2, kVillage4}) Verify(campaign.id(), village);
  ASSERT_OK(Return(Unit(campaign.id(), kVillage4), City()));
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 1));
  EXPECT_EQ(sample.drawn(), 1);
  server_.clock().Advance(absl::Hours(1));
  Verify(campaign.id(), kVillage3);
  const auto members = [&] {
    std::vector<std::string> out;
    auto rows = server_.database().db().Query(
        "SELECT u.region_path FROM sample_population p JOIN unit_report u ON u.id = "
        "p.unit_report_id ORDER BY u.region_path");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) out.push_back(row.String(0));
    return out;
  };
  EXPECT_THAT(members(), ElementsAre(kVillage, kVillage2));
  // As a schema that had no populations finds it.
  std::string fill;
  for (const migrate::Migration& step : RegistryMigrations()) {
    if (step.name == "sample_populations") {
      fill = step.sql.substr(step.sql.find("INSERT INTO sample_population"));
    }
  }
  ASSERT_FALSE(fill.empty());
  server_.database().Run("DELETE FROM sample_population;\n");
  server_.database().Run(fill);
  EXPECT_THAT(members(), ElementsAre(kVillage, kVillage2));
}

TEST_F(InventorySampleTest, R119_TheCitySamplesAndReturnsAndEditsNothing) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("油茶")));
  EXPECT_THAT(Register(NewProject("市里登记"), City()), StatusIs(StatusCode::kPermissionDenied));
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  v1::SaveUnitReportDraftRequest draft;
  draft.set_request_id(RequestId());
  draft.set_id(unit.id());
  draft.set_etag(unit.etag());
  EXPECT_THAT(Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", draft, City()),
              StatusIs(StatusCode::kPermissionDenied));
  // Below the county's verification there is nothing for the city to take back.
  EXPECT_THAT(Return(unit, City()), StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  Verify(campaign.id(), kVillage);
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "s", 10000));
  ASSERT_OK(Result(sample.id(), sample.units(0).unit_report_id(), true, City()));
  unit = Unit(campaign.id(), kVillage);
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE);
  EXPECT_THAT(Return(unit, City("3608")), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(unit, Return(unit, City()));
  EXPECT_EQ(unit.current_return().from_level(), v1::REGION_LEVEL_CITY);
  EXPECT_EQ(unit.current_return().to_level(), v1::REGION_LEVEL_COUNTY);
}

}  // namespace
}  // namespace bangfu::registry
