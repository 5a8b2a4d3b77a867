// Two callers at one moment on every guard of inventory and reference data: one wins, the other
// gets the reason, and nothing is there twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {
namespace {

using testing::AtOnce;
using testing::Outcomes;
using testing::Tally;

class TwoCallers : public RegistryFixture {
 protected:
  int64_t Count(const std::string& from) {
    return server_.database().Int("SELECT COUNT(*) FROM " + from);
  }
  // Passed by the township, ready for the county.
  v1::InventoryUnitReport Passed(const std::string& campaign, const std::string& village) {
    v1::InventoryUnitReport unit = Unit(campaign, village);
    auto submitted = Submit(unit, unit.project_count() == 0);
    EXPECT_OK(submitted);
    auto passed = Pass(*submitted);
    EXPECT_OK(passed);
    return *passed;
  }
  absl::StatusOr<v1::Sample> Draw(const std::string& campaign, const std::string& region,
                                  const std::string& token) {
    v1::DrawSampleRequest request;
    request.set_request_id(RequestId());
    request.set_campaign_id(campaign);
    request.set_region_code(region);
    request.set_rate_bp(10000);
    return Inventory<v1::Sample>("DrawSample", request, token);
  }
  absl::StatusOr<v1::InventoryCampaign> Close(const v1::InventoryCampaign& campaign) {
    v1::CloseCampaignRequest request;
    request.set_request_id(RequestId());
    request.set_id(campaign.id());
    request.set_etag(campaign.etag());
    request.set_force(true);
    request.set_reason("提前结束");
    return Inventory<v1::InventoryCampaign>("CloseCampaign", request, Approver());
  }
  absl::StatusOr<v1::LockException> Except(const std::string& campaign) {
    v1::GrantLockExceptionRequest request;
    request.set_request_id(RequestId());
    request.set_campaign_id(campaign);
    request.set_region_code(kCounty);
    request.mutable_expires_at()->set_seconds(
        absl::ToUnixSeconds(server_.clock().Now() + absl::Hours(48)));
    request.set_reason("受灾");
    return Inventory<v1::LockException>("GrantLockException", request, Approver());
  }
};

TEST_F(TwoCallers, R017_ADepartmentSignsOnce) {
  const v1::InventoryUnitReport unit = Passed(OpenCampaign().id(), kVillage);
  const v1::VerificationTask task = Task(unit.id());
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int i) {
                              return Sign(unit.id(), task.etag(), "AGRICULTURE",
                                          County(Cat("lead-", i)));
                            })),
            (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
  EXPECT_EQ(Count("verification_signature"), 1);
}

TEST_F(TwoCallers, TwoReportsTakenBackLeaveNothingVerified) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project wide = NewProject("两村冷链");
  wide.add_covered_regions()->set_region_code(kVillage2);
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(wide));
  const std::vector<std::string> villages = {kVillage, kVillage2};
  std::vector<v1::InventoryUnitReport> units;
  for (const std::string& village : villages) {
    Verify(campaign.id(), village);
    units.push_back(Unit(campaign.id(), village));
  }
  // Each alone would leave it to the other.
  EXPECT_EQ(Outcomes(AtOnce(2, [&](int i) { return Recall(units[static_cast<size_t>(i)]); })),
            (Tally{{"OK", 2}}));
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
}

TEST_F(TwoCallers, R017_AVerificationIsCompletedOnce) {
  const v1::InventoryUnitReport unit = Passed(OpenCampaign().id(), kVillage);
  v1::VerificationTask task = Task(unit.id());
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "AGRICULTURE", County("lead")));
  EXPECT_EQ(Outcomes(AtOnce(2, [&](int) { return Complete(unit.id(), task.etag()); })),
            (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
  EXPECT_EQ(Count("unit_report_step WHERE action = 'complete'"), 1);
}

TEST_F(TwoCallers, R009_ACoveredVillageIsNeverNilBesideItsProject) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  for (const char* village : {kVillage2, kVillage3, kVillage4}) {
    const v1::InventoryUnitReport unit = Unit(campaign.id(), village);
    v1::Project wide = NewProject(Cat("到", village));
    wide.add_covered_regions()->set_region_code(village);
    const Tally tally = Outcomes(AtOnce(2, [&](int i) {
      return i == 0 ? Submit(unit, /*is_nil=*/true).status() : Register(wide).status();
    }));
    // The project is registered in any case; the report went before it and is open again, or was
    // refused.
    EXPECT_GE(tally.at("OK"), 1);
    const v1::InventoryUnitReport now = Unit(campaign.id(), village);
    EXPECT_FALSE(now.is_nil()) << village;
    EXPECT_EQ(now.state(), v1::UNIT_REPORT_STATE_DRAFT);
    EXPECT_EQ(now.project_count(), 1);
  }
}

TEST_F(TwoCallers, ProjectsThatCoverTheSameVillagesAreRegisteredAtOnce) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Verify(campaign.id(), kVillage2);
  Verify(campaign.id(), kVillage3);
  EXPECT_EQ(
      Outcomes(AtOnce(4,
                      [&](int i) {
                        const bool turned = i % 2 == 0;
                        v1::Project p =
                            NewProject(absl::StrCat("联村", i), turned ? kVillage2 : kVillage3);
                        p.add_covered_regions()->set_region_code(turned ? kVillage3 : kVillage2);
                        return Register(p);
                      })),
      (Tally{{"OK", 4}}));
  for (const char* village : {kVillage2, kVillage3}) {
    const v1::InventoryUnitReport unit = Unit(campaign.id(), village);
    EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_DRAFT);
    EXPECT_EQ(unit.reopened(), 1);
    EXPECT_EQ(unit.project_count(), 4);
  }
}

TEST_F(TwoCallers, R018_ARegionIsSampledOnce) {
  const std::string campaign = OpenCampaign().id();
  Verify(campaign, kVillage);
  Verify(campaign, kVillage2);
  EXPECT_EQ(Outcomes(AtOnce(4, [&](int) { return Draw(campaign, "3607", City()); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/SAMPLE_EXISTS", 3}}));
  EXPECT_EQ(Count("sample"), 1);
  EXPECT_EQ(Count("sample_unit"), 2);
  // So is what is verified later.
  Verify(campaign, kVillage3);
  EXPECT_EQ(Outcomes(AtOnce(4, [&](int) { return Draw(campaign, "3607", City()); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/SAMPLE_EXISTS", 3}}));
  EXPECT_EQ(Count("sample_unit"), 3);
  EXPECT_EQ(Count("sample_population"), 3);
}

TEST_F(TwoCallers, R018_AReportIsConfirmedOnce) {
  const std::string campaign = OpenCampaign().id();
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4}) Verify(campaign, village);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign, "3607", City()));
  for (const v1::SampleUnit& unit : sample.units()) {
    v1::RecordSampleResultRequest record;
    record.set_id(sample.id());
    record.set_unit_report_id(unit.unit_report_id());
    // The result of one report, given twice at once.
    EXPECT_EQ(Outcomes(AtOnce(2,
                              [&](int) {
                                v1::RecordSampleResultRequest mine = record;
                                mine.set_request_id(RequestId());
                                return Inventory<v1::Sample>("RecordSampleResult", mine, City());
                              })),
              (Tally{{"OK", 1}, {"FAILED_PRECONDITION/RESULT_RECORDED", 1}}));
  }
  std::atomic<int64_t> confirmed = 0;
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int) {
                              v1::ConfirmProvinceRequest confirm;
                              confirm.set_request_id(RequestId());
                              confirm.set_campaign_id(campaign);
                              confirm.set_region_code(kCounty);
                              auto answer = Inventory<v1::ConfirmProvinceResponse>(
                                  "ConfirmProvince", confirm, Province());
                              if (answer.ok()) confirmed += answer->confirmed();
                              return answer;
                            })),
            (Tally{{"OK", 2}}));
  // Both may ask; each report is confirmed by one of them.
  EXPECT_EQ(confirmed, 4);
  EXPECT_EQ(Count("unit_report_step WHERE action = 'confirm'"), 4);
}

TEST_F(TwoCallers, R016_AReportIsTakenBackOrCheckedAndNeverBoth) {
  const std::string campaign = OpenCampaign().id();
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4}) Verify(campaign, village);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign, "36", Province()));
  for (const v1::SampleUnit& drawn : sample.units()) {
    const v1::InventoryUnitReport unit = Unit(campaign, drawn.region_path());
    const auto results = AtOnce(2, [&](int i) -> absl::Status {
      if (i == 0) {
        v1::RecallUnitReportRequest recall;
        recall.set_request_id(RequestId());
        recall.set_id(unit.id());
        recall.set_etag(unit.etag());
        recall.set_reason("更正已核实内容");
        return Inventory<v1::InventoryUnitReport>("RecallUnitReport", recall, County()).status();
      }
      v1::RecordSampleResultRequest record;
      record.set_request_id(RequestId());
      record.set_id(sample.id());
      record.set_unit_report_id(unit.id());
      record.set_note("核对无误");
      return Inventory<v1::Sample>("RecordSampleResult", record, Province()).status();
    });
    // A good result of the province leaves the report's etag: only what was recorded tells.
    if (results[0].ok()) {
      EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
    } else {
      EXPECT_THAT(results[0], StatusIs(absl::StatusCode::kFailedPrecondition, "APPROVED_ABOVE"));
      EXPECT_OK(results[1]);
    }
  }
}

TEST_F(TwoCallers, R016_AReportThatIsTakenBackWhileASampleIsDrawnIsInNoPopulation) {
  for (int i = 0; i < 40; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const std::string campaign = OpenCampaign().id();
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  // One is drawn of all, and of all but another one the same: that other one is taken back.
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample,
                       RegistryFixture::Draw(campaign, "3607", City(), "seed", 1));
  ASSERT_EQ(sample.units_size(), 1);
  const std::string village = sample.units(0).region_path() == kVillage ? kVillage2 : kVillage;
  for (int round = 0; round < 16; ++round) {
    ASSERT_OK(Recall(Unit(campaign, village)));
    server_.database().Run("UPDATE unit_report SET state = 5;\n");
    const v1::InventoryUnitReport unit = Unit(campaign, village);
    const auto results = AtOnce(2, [&](int i) -> absl::Status {
      if (i == 0) return Recall(unit).status();
      return RegistryFixture::Draw(campaign, "3607", City()).status();
    });
    EXPECT_OK(results[0]);
    // Whoever came first: with the report taken back nothing was verified since.
    if (!results[1].ok()) {
      EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kFailedPrecondition, "SAMPLE_EXISTS"));
    }
    ASSERT_EQ(Count("sample_population p JOIN unit_report u ON u.id = p.unit_report_id WHERE "
                    "u.state = 9"),
              0)
        << round;
    server_.database().Run("UPDATE unit_report SET state = 5;\n");
  }
  EXPECT_EQ(Count("sample_unit"), 1);
}

TEST_F(TwoCallers, R016_TheDemandToEnlargeGoesWithTheLastTwoThatAreTakenBackAtOnce) {
  // Four counties of one village each: two villages are drawn.
  const std::vector<std::string> counties = {"360741", "360742", "360743", "360744"};
  for (const std::string& county : counties) {
    AddRegion(county, Cat(county, "县"));
    AddRegion(Cat(county, "101"), Cat(county, "镇"));
    AddRegion(Cat(county, "101201"), Cat(county, "村"));
  }
  StoreRegions();
  const std::string campaign = OpenCampaign("36", Province()).id();
  server_.database().Run("UPDATE unit_report SET state = 5 WHERE region_path LIKE '36074%';\n");
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample,
                       RegistryFixture::Draw(campaign, "3607", City(), "seed", 5000));
  ASSERT_EQ(sample.units_size(), 2);
  std::set<std::string> undrawn(counties.begin(), counties.end());
  for (int i = 0; i < 2; ++i) {
    undrawn.erase(sample.units(i).region_path().substr(0, 6));
    ASSERT_OK(Result(sample.id(), sample.units(i).unit_report_id(), /*issue=*/i == 0));
  }
  const std::vector<std::string> left(undrawn.begin(), undrawn.end());
  ASSERT_EQ(left.size(), 2U);
  const std::string open = "work_item WHERE open_mark = 1 AND action = ";
  for (int round = 0; round < 8; ++round) {
    ASSERT_EQ(Count(open + "'draw_sample'"), 3) << round;
    std::vector<v1::InventoryUnitReport> units;
    for (const std::string& county : left) units.push_back(Unit(campaign, Cat(county, "101201")));
    EXPECT_EQ(Outcomes(AtOnce(2,
                              [&](int i) {
                                const size_t at = static_cast<size_t>(i);
                                return Recall(units[at], County("operator", left[at]));
                              })),
              (Tally{{"OK", 2}}));
    // The county whose village is in order waits for the province, and for no larger sample.
    ASSERT_EQ(Count(open + "'draw_sample'"), 0) << round;
    EXPECT_EQ(Count(open + "'confirm'"), 1);
    server_.database().Run("UPDATE unit_report SET state = 5 WHERE state = 9;\n");
    ASSERT_OK(RegistryFixture::Draw(campaign, "3607", City()));
  }
}

TEST_F(TwoCallers, R016_AnIssueHoldsAConfirmationUpOrFindsNothingToEnlarge) {
  const std::string first = "360741", second = "360742";
  for (const std::string& county : {first, second}) {
    AddRegion(county, Cat(county, "县"));
    AddRegion(Cat(county, "101"), Cat(county, "镇"));
    AddRegion(Cat(county, "101201"), Cat(county, "村"));
  }
  AddRegion("360742101202", "又一村");
  StoreRegions();
  const std::string campaign = OpenCampaign("36", Province()).id();
  server_.database().Run("UPDATE unit_report SET state = 5 WHERE region_path LIKE '36074%';\n");
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample,
                       RegistryFixture::Draw(campaign, "3607", City(), "seed", 9999));
  ASSERT_EQ(sample.units_size(), 3);
  // As if the first county's had not been drawn: the last that an enlargement could draw.
  server_.database().Run(
      "DELETE FROM sample_unit WHERE region_path LIKE '360741%';\n"
      "UPDATE sample SET drawn = 2;\n");
  ASSERT_OK(Result(sample.id(), Unit(campaign, "360742101201").id(), /*issue=*/false));
  const std::string checked = Unit(campaign, "360742101202").id();
  v1::GetSampleRequest get;
  get.set_id(sample.id());
  for (int round = 0; round < 8; ++round) {
    const auto results = AtOnce(2, [&](int i) -> absl::Status {
      if (i == 1) return Result(sample.id(), checked, /*issue=*/true).status();
      v1::ConfirmProvinceRequest confirm;
      confirm.set_request_id(RequestId());
      confirm.set_campaign_id(campaign);
      confirm.set_region_code(first);
      return Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province())
          .status();
    });
    EXPECT_OK(results[1]);
    if (!results[0].ok()) {
      EXPECT_THAT(results[0],
                  StatusIs(absl::StatusCode::kFailedPrecondition, "ENLARGEMENT_REQUIRED"));
    }
    // Nobody is asked to enlarge a sample that is drawn from nothing more.
    ASSERT_OK_AND_ASSIGN(const v1::Sample now, Inventory<v1::Sample>("GetSample", get, City()));
    EXPECT_EQ(now.enlargement_required(), !results[0].ok()) << round;
    ASSERT_EQ(Count("work_item WHERE open_mark = 1 AND action = 'draw_sample'") > 0,
              now.enlargement_required())
        << round;
    server_.database().Run(
        "UPDATE unit_report SET state = 5 WHERE region_path LIKE '36074%';\n"
        "UPDATE sample_unit SET has_result = 0, issue = 0 WHERE region_path = '360742101202';\n"
        "UPDATE sample SET results_recorded = 1, issues = 0;\n");
  }
}

TEST_F(TwoCallers, R016_NoExceptionIsGrantedInACampaignThatCloses) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const auto results = AtOnce(
      2, [&](int i) { return i == 0 ? Close(campaign).status() : Except(campaign.id()).status(); });
  // Whoever came first: an exception stands only if it was granted before the end.
  EXPECT_OK(results[0]);
  if (!results[1].ok()) {
    EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kFailedPrecondition, "CAMPAIGN_NOT_OPEN"));
  }
  EXPECT_EQ(Count("lock_exception"), results[1].ok() ? 1 : 0);
  EXPECT_THAT(Except(campaign.id()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "CAMPAIGN_NOT_OPEN"));
  EXPECT_EQ(Count("open_county"), 0);
}

TEST_F(TwoCallers, ACampaignIsClosedOnce) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  EXPECT_EQ(Outcomes(AtOnce(2, [&](int) { return Close(campaign); })),
            (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
}

TEST_F(TwoCallers, R066_AnOperatorsCodeIsTakenOnce) {
  EXPECT_EQ(Outcomes(AtOnce(4,
                            [&](int i) {
                              v1::CreateOperatorRequest request;
                              request.set_request_id(RequestId());
                              v1::Operator* o = request.mutable_operator_();
                              o->set_uscc("91360100MA300015X0");
                              o->set_name(Cat("众兴合作社", i));
                              o->set_kind("COOPERATIVE");
                              o->set_region_code(kCounty);
                              return Call<v1::Operator>("OperatorService", "CreateOperator",
                                                        request, County());
                            })),
            (Tally{{"OK", 1}, {"ALREADY_EXISTS/USCC_TAKEN", 3}}));
  EXPECT_EQ(Count("operator"), 1);
}

TEST_F(TwoCallers, R002_AShortBoardThatComesWhileItsProjectIsVoidedWaitsForNobody) {
  for (int round = 0; round < 8; ++round) {
    ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject(Cat("油茶", round))));
    const auto results = AtOnce(2, [&](int i) -> absl::Status {
      if (i == 0) {
        v1::CreateShortBoardRequest create;
        create.set_request_id(RequestId());
        v1::ShortBoard& board = *create.mutable_short_board();
        board.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
        board.set_subject_id(project.id());
        board.set_kind("FACILITY");
        board.set_description("缺冷藏设施");
        return Call<v1::ShortBoard>("IndustryService", "CreateShortBoard", create, County())
            .status();
      }
      v1::VoidProjectRequest request;
      request.set_request_id(RequestId());
      request.set_id(project.id());
      request.set_etag(project.etag());
      request.set_reason("重复登记");
      return Call<v1::Project>("ProjectService", "VoidProject", request, County()).status();
    });
    EXPECT_OK(results[1]);
    if (!results[0].ok()) {
      EXPECT_THAT(results[0], StatusIs(absl::StatusCode::kFailedPrecondition, "PROJECT_VOID"));
    }
    EXPECT_EQ(Count("work_item WHERE open_mark = 1 AND kind = 'SHORT_BOARD_COMPLETE'"), 0);
  }
}

TEST_F(TwoCallers, AShortBoardIsCompletedOnce) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  v1::CreateShortBoardRequest create;
  create.set_request_id(RequestId());
  v1::ShortBoard* board = create.mutable_short_board();
  board->set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
  board->set_subject_id(project.id());
  board->set_kind("FACILITY");
  board->set_description("缺冷藏设施");
  ASSERT_OK_AND_ASSIGN(
      const v1::ShortBoard made,
      Call<v1::ShortBoard>("IndustryService", "CreateShortBoard", create, County()));
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int) {
                              v1::CompleteShortBoardRequest request;
                              request.set_request_id(RequestId());
                              request.set_id(made.id());
                              request.set_etag(made.etag());
                              SetDay(2026, 2, 1, request.mutable_completed_on());
                              request.set_note("已建成");
                              return Call<v1::ShortBoard>("IndustryService", "CompleteShortBoard",
                                                          request, County());
                            })),
            (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
}

TEST_F(TwoCallers, AParameterIsSetOnce) {
  ASSERT_OK_AND_ASSIGN(const v1::ListParametersResponse all,
                       Call<v1::ListParametersResponse>("CodeListService", "ListParameters",
                                                        v1::ListParametersRequest(), Admin()));
  const v1::Parameter& parameter = all.parameters(0);
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int i) {
                              v1::SetParameterRequest request;
                              request.set_request_id(RequestId());
                              request.set_code(parameter.code());
                              request.set_value(3 + i);
                              request.set_etag(parameter.etag());
                              request.set_reason("省厅确认");
                              return Call<v1::Parameter>("CodeListService", "SetParameter", request,
                                                         Admin());
                            })),
            (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
  EXPECT_EQ(Count("feed_outbox WHERE aggregate_type = 'parameter'"), 1);
}

TEST_F(TwoCallers, OneTaxonomyIsCurrentHoweverManyAreActivated) {
  server_.database().Run(
      "INSERT INTO taxonomy (taxonomy_version, name, valid_from, is_current) VALUES "
      "('a', '甲', NULL, 0), ('b', '乙', NULL, 0);\n");
  EXPECT_EQ(Outcomes(AtOnce(4,
                            [&](int i) {
                              v1::ActivateTaxonomyRequest request;
                              request.set_request_id(RequestId());
                              request.set_taxonomy_version(i % 2 == 0 ? "a" : "b");
                              return Call<v1::Taxonomy>("TaxonomyService", "ActivateTaxonomy",
                                                        request, Admin());
                            })),
            (Tally{{"OK", 4}}));
  EXPECT_EQ(Count("taxonomy WHERE is_current = 1"), 1);
  // The trail tells what each was before.
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'taxonomy' AND "
                  "before_json LIKE '%taxonomyVersion%'"),
            4);
}

TEST_F(TwoCallers, ARegionsRecordsMoveOnce) {
  // 石背村 has gone over into 小密村, which knows nothing of it yet.
  ASSERT_OK(Register(NewProject("茶园", kVillage3)));
  ASSERT_OK(Register(NewProject("果园", kVillage3)));
  server_.database().Run(Cat("UPDATE region SET end_year = 2025, successors = '", kVillage2,
                             "', region_path = '", kVillage2, "' WHERE code = '", kVillage3,
                             "';\n"));
  std::atomic<int64_t> moved = 0;
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int) {
                              v1::RecodeRegionRequest request;
                              request.set_request_id(RequestId());
                              request.set_from_code(kVillage3);
                              request.set_to_code(kVillage2);
                              request.set_reason("并村");
                              auto answer = Call<v1::RecodeRegionResponse>(
                                  "RegionService", "RecodeRegion", request, Admin());
                              if (answer.ok()) moved += answer->records();
                              return answer;
                            })),
            (Tally{{"OK", 2}}));
  EXPECT_EQ(Count(Cat("project WHERE region_path = '", kVillage2, "'")), 2);
  EXPECT_EQ(Count(Cat("project WHERE region_path = '", kVillage3, "'")), 0);
  // What the one had moved the other found gone.
  const int64_t in_all = moved;
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'region_recode'"), 2);
  v1::RecodeRegionRequest again;
  again.set_request_id(RequestId());
  again.set_from_code(kVillage3);
  again.set_to_code(kVillage2);
  again.set_reason("并村");
  ASSERT_OK_AND_ASSIGN(
      const v1::RecodeRegionResponse none,
      Call<v1::RecodeRegionResponse>("RegionService", "RecodeRegion", again, Admin()));
  EXPECT_EQ(none.records(), 0);
  EXPECT_GT(in_all, 0);
}

}  // namespace
}  // namespace bangfu::registry
