#include "services/evaluation/facts/snapshot_builder.h"

#include <algorithm>

#include "common/testing/status_matchers.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/engine.h"
#include "services/evaluation/domain/measures_for_test.h"
#include "services/evaluation/facts/sample_for_test.h"

namespace bangfu::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kProject[] = "01JPRJ00000000000000000001";
constexpr char kIndustry[] = "01JXDSTRY00000000000000001";

class ProjectSnapshot : public ::testing::Test {
 protected:
  ProjectSnapshot() {
    context_.known = true;
    context_.taxonomy_record = "industry_category/2025/FRUIT_VEG";
    context_.applicable_links = {"PLANT_BREED", "PRIMARY_PROC", "COLD_STORAGE", "SALES"};
    context_.present_links = {{"PRIMARY_PROC", "industry/I#1"},
                              {"COLD_STORAGE", "industry/I#2"},
                              {"SALES", "industry/I#3"}};
    context_.leading_record = "leading_industry/L";
    facts_.project = sample::Project(kProject, kIndustry);
    facts_.assets = sample::Assets(kProject);
    facts_.reports = sample::Reports(kProject);
    facts_.brands = {sample::Brand("B1", kProject), sample::Brand("B2", kProject)};
    for (const char* expert : {"zhang", "li", "wang"}) {
      facts_.entered.scores.push_back(sample::Score(kProject, expert, 85, 85));
    }
    facts_.industry = &context_;
  }

  asset::v1::ProjectAssetFacts& assets() { return *facts_.assets; }

  Snapshot Build() { return BuildProjectSnapshot(facts_, *MomentOf(sample::kPeriod, today_)); }
  FactValue Value(const std::string& code) {
    Snapshot s = Build();
    for (const FactValue& v : s.values) {
      if (v.code == code) return v;
    }
    return {};
  }
  std::optional<int64_t> Number(const std::string& code) {
    FactValue v = Value(code);
    return v.state == FactState::kPresent ? std::optional<int64_t>(v.number) : std::nullopt;
  }
  FactState State(const std::string& code) { return Value(code).state; }
  Explanation Judge() {
    absl::StatusOr<Outcome> outcome = Evaluate(DefaultCriteria(), Build());
    EXPECT_OK(outcome);
    return outcome.ok() ? outcome->explanation : Explanation();
  }
  // All experts alike.
  void Outlook(int outlook, int resource) {
    for (v1::ExpertScore& s : facts_.entered.scores) {
      s.set_market_outlook(outlook);
      s.set_resource_basis(resource);
    }
  }
  void Stopped(absl::CivilDay since) {
    assets().set_operating_status(asset::v1::OPERATING_STATUS_SUSPENDED);
    SetDay(since, assets().mutable_idle_since());
    assets().set_in_use_value_fen(0);
    facts_.project.set_state(registry::v1::PROJECT_STATE_IDLE);
  }

  absl::CivilDay today_{2026, 3, 1};
  IndustryContext context_;
  ProjectFacts facts_;
};

TEST_F(ProjectSnapshot, R024_DevelopmentComesFromChainReportsAndBrands) {
  EXPECT_EQ(Number("D1-01"), 10000);
  EXPECT_EQ(Number("D1-02"), 8500);
  EXPECT_EQ(Number("D1-03"), 12000);
  EXPECT_EQ(Number("D1-04"), 0);
  EXPECT_EQ(Number("D1-05"), 2);
  EXPECT_THAT(Value("D1-01").source_record, HasSubstr("industry/I#2"));
  EXPECT_EQ(Value("D1-02").source_record,
            "operation_report/01JPRJ00000000000000000001/2025-03..2026-02");
  EXPECT_EQ(Value("D1-02").as_of, absl::CivilDay(2026, 2, 28));
  EXPECT_EQ(Value("D1-05").source_record, "brand_certification/B1,B2");
}

TEST_F(ProjectSnapshot, R024_ALinkOfTheCountyCountsForItsProjects) {
  context_.present_links.erase("COLD_STORAGE");
  EXPECT_EQ(Number("D1-01"), 7500);
  EXPECT_THAT(Build().facts.missing_links, ElementsAre("COLD_STORAGE"));
  // The project's own link closes the gap.
  facts_.project.add_chain_links("COLD_STORAGE");
  EXPECT_EQ(Number("D1-01"), 10000);
  EXPECT_THAT(Build().facts.missing_links, IsEmpty());
}

TEST_F(ProjectSnapshot, R025_OperationComesFromUseReportsAndCompliance) {
  EXPECT_EQ(Value("D2-01").category, "NORMAL");
  EXPECT_EQ(Value("D2-01").source_record, "asset/01JASSET000000000000000001");
  EXPECT_EQ(Number("D2-02"), 0);
  EXPECT_EQ(Number("D2-03"), 1200);
  EXPECT_EQ(Number("D2-04"), 3);
  EXPECT_EQ(Number("D2-05"), 3);
}

TEST_F(ProjectSnapshot, R025_IdleMonthsAreThoseOfTheDayOfTheEvaluation) {
  Stopped(absl::CivilDay(2025, 9, 1));
  EXPECT_EQ(Value("D2-01").category, "SUSPENDED");  // 28 February: five months and 27 days
  EXPECT_EQ(Number("D2-02"), 5);
  Stopped(absl::CivilDay(2025, 8, 28));
  EXPECT_EQ(Value("D2-01").category, "IDLE");
  EXPECT_EQ(Number("D2-02"), 6);
  // What stopped after the period was running in it.
  Stopped(absl::CivilDay(2026, 3, 1));
  EXPECT_EQ(Value("D2-01").category, "NORMAL");
  EXPECT_EQ(Number("D2-02"), 0);
}

TEST_F(ProjectSnapshot, R025_OffSeasonIsNotStandstill) {
  Stopped(absl::CivilDay(2025, 11, 1));
  facts_.reports.back().set_off_season(true);
  EXPECT_EQ(Value("D2-01").category, "SEASONAL");
  // An old declaration does not shelter for ever.
  facts_.reports.back().set_off_season(false);
  facts_.reports[5].set_off_season(true);
  EXPECT_EQ(Value("D2-01").category, "SUSPENDED");
}

TEST_F(ProjectSnapshot, R025_ContractAndQualificationCountWhileTheyRun) {
  SetDay(absl::CivilDay(2026, 2, 1), assets().mutable_compliance()->mutable_contract_ends_on());
  EXPECT_EQ(Number("D2-04"), 2);
  SetDay(absl::CivilDay(2026, 2, 28),
         assets().mutable_compliance()->mutable_qualification_ends_on());
  EXPECT_EQ(Number("D2-04"), 1);
  // An operator whom the registry does not know is a gap, not a fault.
  assets().mutable_compliance()->set_operator_known(false);
  EXPECT_EQ(State("D2-04"), FactState::kMissing);
}

TEST_F(ProjectSnapshot, R026_ReturnsComeFromTheAssetsAndTheirIncome) {
  EXPECT_EQ(Number("D3-01"), 650);
  EXPECT_EQ(Number("D3-02"), 10000);
  EXPECT_EQ(Number("D3-03"), 10000);
  EXPECT_THAT(Value("D3-01").source_record,
              StartsWith("contract/01JCNTRCT00000000000000001;asset/"));
  // Income before the year does not count.
  assets().mutable_months(9)->set_month("2025-01");
  EXPECT_EQ(Number("D3-01"), 0);
}

TEST_F(ProjectSnapshot, R026_IncomeThatIsNotReportedIsMissingNotZero) {
  assets().set_income_reported(false);
  EXPECT_EQ(State("D3-01"), FactState::kMissing);
  EXPECT_EQ(State("D3-02"), FactState::kMissing);
  Explanation e = Judge();
  EXPECT_EQ(e.result, Result::kInsufficientData);
  ASSERT_EQ(e.missing.size(), 1u);
  EXPECT_EQ(e.missing[0].code, "D3-01");
}

TEST_F(ProjectSnapshot, R026_AssetsThatAreNotRegisteredAreAGap) {
  facts_.assets.reset();
  EXPECT_EQ(State("D3-01"), FactState::kMissing);
  EXPECT_EQ(Judge().result, Result::kInsufficientData);
  // Training forms no assets: the dimension does not apply.
  facts_.project.set_project_type("TRAINING");
  EXPECT_EQ(State("D3-01"), FactState::kNotApplicable);
}

TEST_F(ProjectSnapshot, R026_PublicWelfareAssetsOweNoReturn) {
  assets().set_public_welfare_only(true);
  assets().set_has_operating_assets(false);
  // The project's own: assets for the public good have no contract.
  facts_.operator_record.emplace();
  for (const char* code : {"D3-01", "D3-02", "D3-03"}) {
    EXPECT_EQ(State(code), FactState::kNotApplicable) << code;
  }
  const Explanation e = Judge();
  EXPECT_NE(e.result, Result::kInsufficientData);
  EXPECT_EQ(e.dimensions[2].note_zh, "仅有公益性资产，不评价资产收益");
}

TEST_F(ProjectSnapshot, R027_LinkageComesFromContractsDividendsAndWork) {
  EXPECT_EQ(Number("D4-01"), 3000);
  EXPECT_EQ(Number("D4-02"), 300000);
  EXPECT_EQ(Number("D4-03"), 10000);
  EXPECT_EQ(Number("D4-04"), 1500);
  EXPECT_EQ(Number("D4-05"), 3);
  // No dividend was declared: does not apply.
  assets().mutable_months(9)->set_dividend_declared_fen(0);
  EXPECT_EQ(State("D4-03"), FactState::kNotApplicable);
}

TEST_F(ProjectSnapshot, R027_R129_WorkOfAMonthCountsOnceWhoeverTellsIt) {
  // The same work of every month, told by the report and recorded with the assets too.
  for (asset::v1::MonthlyFacts& m : *assets().mutable_months()) {
    m.set_poor_person_days(m.poor_post_days() + 100);
  }
  EXPECT_EQ(Number("D4-04"), 1500);
  // The report wins where they differ.
  assets().mutable_months(0)->set_poor_person_days(70);
  EXPECT_EQ(Number("D4-04"), 1500);
  // A month that no report tells of: what was recorded, if anything was.
  facts_.reports[0].clear_poor_person_days();
  EXPECT_EQ(Number("D4-04"), 1470);
  EXPECT_THAT(Value("D4-04").source_record, HasSubstr(";asset/"));
  assets().mutable_months(0)->set_poor_person_days(0);
  EXPECT_EQ(Number("D4-04"), 1500);  // eleven months, as of twelve
  // Too few reports to tell of a year: the months that are known, each once, without a guess.
  facts_.reports.erase(facts_.reports.begin() + 2, facts_.reports.end());
  EXPECT_EQ(Number("D4-04"), 100 + 1000 + 300);
  EXPECT_EQ(Value("D4-04").source, FactSource::kAsset);
  // Nothing recorded with the assets: missing, not zero.
  assets().set_employment_reported(false);
  EXPECT_EQ(State("D4-04"), FactState::kMissing);
}

TEST_F(ProjectSnapshot, R027_IncomeIsDividedByTheHouseholdsOfItsYear) {
  // Thirty are linked now; in the year of the income it was twenty.
  asset::v1::LinkedHouseholds* before = assets().add_households_by_month();
  before->set_month("2024-01");
  before->set_households(20);
  asset::v1::LinkedHouseholds* after = assets().add_households_by_month();
  after->set_month("2026-03");
  after->set_households(30);
  EXPECT_EQ(Number("D4-02"), 450000);
  // The link has ended since: the income of the year is what it was.
  after->set_households(0);
  assets().set_linked_households(0);
  EXPECT_EQ(Number("D4-02"), 450000);
  // What the year had was not kept: as many as are linked now, if any.
  before->clear_households();
  EXPECT_EQ(State("D4-02"), FactState::kMissing);
  after->set_households(30);
  assets().set_linked_households(30);
  EXPECT_EQ(Number("D4-02"), 300000);
}

TEST_F(ProjectSnapshot, R028_ProspectIsTheMedianOfThreeExpertsOrMore) {
  facts_.entered.scores[0].set_market_outlook(20);
  facts_.entered.scores[1].set_market_outlook(60);
  EXPECT_EQ(Number("D5-01"), 60);
  EXPECT_EQ(Value("D5-02").category, "LEADING");
  EXPECT_EQ(Number("D5-03"), 85);
  // Four: the mean of the two in the middle, rounded half up.
  facts_.entered.scores.push_back(sample::Score(kProject, "zhao", 61, 85));
  EXPECT_EQ(Number("D5-01"), 61);
  facts_.entered.scores.resize(2);
  EXPECT_EQ(State("D5-01"), FactState::kMissing);
  EXPECT_EQ(Judge().result, Result::kInsufficientData);
}

TEST_F(ProjectSnapshot, R028_OneExpertCountsOnce) {
  facts_.entered.scores = {sample::Score(kProject, "zhang", 80, 80),
                           sample::Score(kProject, "zhang", 80, 80),
                           sample::Score(kProject, "li", 80, 80)};
  EXPECT_EQ(State("D5-01"), FactState::kMissing);
}

TEST_F(ProjectSnapshot, MissingMonthsAreMissingNotZero) {
  // Six of twelve: enough, and the mean is that of the months that were reported.
  facts_.reports.erase(facts_.reports.begin(), facts_.reports.begin() + 6);
  EXPECT_EQ(Number("D1-02"), 8500);
  EXPECT_EQ(Number("D1-03"), 12000);
  facts_.reports.erase(facts_.reports.begin());
  EXPECT_EQ(State("D1-02"), FactState::kMissing);
  EXPECT_EQ(State("D1-03"), FactState::kMissing);
  EXPECT_EQ(State("D2-03"), FactState::kMissing);
}

TEST_F(ProjectSnapshot, SeasonalMonthsAreNotExpectedToUseCapacity) {
  for (int i = 0; i < 8; ++i) {
    facts_.reports[i].set_off_season(true);
    facts_.reports[i].clear_capacity_used();
  }
  EXPECT_EQ(Number("D1-02"), 8500);
}

TEST_F(ProjectSnapshot, R029_GoodMarketCompleteChainAndProspectIsConsolidate) {
  Explanation e = Judge();
  EXPECT_EQ(e.result, Result::kConsolidate) << e.summary_zh;
  EXPECT_EQ(e.rule_id, "G1");
}

TEST_F(ProjectSnapshot, R031_AMissingLinkIsUpgradeAndNamed) {
  context_.present_links.erase("COLD_STORAGE");
  Explanation e = Judge();
  EXPECT_EQ(e.result, Result::kUpgrade);
  ASSERT_FALSE(e.short_boards.empty());
  EXPECT_EQ(e.short_boards[0].link, "COLD_STORAGE");
}

TEST_F(ProjectSnapshot, R033_StoppedForCashFlowWithGoodProspectIsRevitalize) {
  Stopped(absl::CivilDay(2025, 12, 20));
  v1::ArgumentRecord argument;
  argument.set_id("01JARGVMENT000000000000001");
  SetDay(absl::CivilDay(2026, 2, 1), argument.mutable_argued_on());
  argument.set_conclusion(v1::ARGUMENT_CONCLUSION_FEASIBLE);
  argument.set_cause("CASHFLOW_MARKET");
  facts_.entered.arguments.push_back(argument);
  const MeasureCatalogue catalogue = ShippedCatalogue();
  facts_.measures = &catalogue;
  Explanation e = Judge();
  EXPECT_EQ(e.result, Result::kRevitalize);
  ASSERT_FALSE(e.suggested_measures.empty());
  EXPECT_EQ(e.suggested_measures[0].code, "RENT_RELIEF");
}

TEST_F(ProjectSnapshot, R027_HouseholdsThatNobodyCountedExactlyAreMissingNotZero) {
  assets().set_linkage_reported(false);
  registry::v1::LinkageMechanism& linkage = *facts_.project.mutable_linkage();
  linkage.Clear();
  // 带动20户，其中脱贫户约8户: the whole is known, the part that counts is not.
  linkage.set_beneficiary_households(20);
  EXPECT_EQ(State("D4-01"), FactState::kMissing);
  linkage.set_beneficiary_poor_households(8);
  EXPECT_GT(Number("D4-01").value_or(0), 0);
  linkage.set_beneficiary_poor_households(0);
  EXPECT_EQ(Number("D4-01"), 0);

  // 脱贫户5户, 监测户约20户: half of the sum is not the sum. The other way round, too.
  linkage.set_beneficiary_poor_households(5);
  const std::optional<int64_t> of_five = Number("D4-01");
  ASSERT_TRUE(of_five.has_value());
  registry::v1::RawText& raw = *facts_.project.add_raw_texts();
  raw.set_field("monitored_households");
  raw.set_text("约20户");
  raw.set_parse_state(type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
  EXPECT_EQ(State("D4-01"), FactState::kMissing);
  linkage.clear_beneficiary_poor_households();
  linkage.set_beneficiary_monitored_households(5);
  EXPECT_EQ(Number("D4-01"), of_five);
  raw.set_field("poor_households");
  EXPECT_EQ(State("D4-01"), FactState::kMissing);
  // Counted since.
  linkage.set_beneficiary_poor_households(0);
  EXPECT_EQ(Number("D4-01"), of_five);
  // What another column tells, and what was just not given, leaves what was counted.
  linkage.clear_beneficiary_poor_households();
  raw.set_field("households");
  EXPECT_EQ(Number("D4-01"), of_five);
  raw.set_field("poor_households");
  raw.set_text("—");
  raw.set_parse_state(type::v1::AMOUNT_PARSE_STATE_ABSENT);
  EXPECT_EQ(Number("D4-01"), of_five);
}

TEST_F(ProjectSnapshot, R044_FourPartConjunctionIsAdjustAndThreePartsAreNot) {
  Stopped(absl::CivilDay(2024, 6, 1));
  assets().mutable_months(9)->Clear();
  assets().set_linked_households(2);
  assets().set_linked_poor_households(1);
  assets().set_linked_monitored_households(0);
  assets().set_linkage_mode_count(1);
  facts_.brands.clear();
  context_.leading_record.clear();
  Outlook(20, 30);
  for (int i : {0, 1}) facts_.entered.scores[i].set_tech_backward(true);
  Explanation e = Judge();
  EXPECT_EQ(e.result, Result::kAdjust) << e.summary_zh;
  EXPECT_EQ(e.rule_id, "H4");
  // One expert of three is no majority: a person decides.
  facts_.entered.scores[1].set_tech_backward(false);
  EXPECT_EQ(Judge().result, Result::kManualReview);
}

TEST_F(ProjectSnapshot, AnAppraisalCountsForTwelveMonths) {
  v1::Appraisal appraisal;
  appraisal.set_id("01JAPPRA1SA100000000000001");
  appraisal.set_no_revital_value(true);
  SetDay(absl::CivilDay(2025, 3, 1), appraisal.mutable_appraised_on());
  facts_.entered.appraisals.push_back(appraisal);
  Stopped(absl::CivilDay(2024, 6, 1));
  EXPECT_EQ(Judge().rule_id, "H2");
  SetDay(absl::CivilDay(2025, 2, 27), facts_.entered.appraisals[0].mutable_appraised_on());
  EXPECT_NE(Judge().rule_id, "H2");
}

TEST_F(ProjectSnapshot, ExpiredLifeAndDamageComeFromTheAssets) {
  auto* expiring = assets().add_expiring_values();
  SetDay(absl::CivilDay(2026, 2, 28), expiring->mutable_date());
  expiring->set_value_fen(85'000'000);
  EXPECT_EQ(Build().facts.life_expired_share_bp, 8500);
  SetDay(absl::CivilDay(2026, 3, 1), assets().mutable_expiring_values(0)->mutable_date());
  EXPECT_EQ(Build().facts.life_expired_share_bp, 0);
  assets().set_damaged_irreparable(true);
  Stopped(absl::CivilDay(2026, 2, 1));
  EXPECT_EQ(Judge().rule_id, "H1");
}

TEST_F(ProjectSnapshot, UnderConstructionOnScheduleIsNotJudged) {
  facts_.project.set_state(registry::v1::PROJECT_STATE_UNDER_CONSTRUCTION);
  SetDay(absl::CivilDay(2026, 6, 30), facts_.project.mutable_planned_end());
  facts_.assets.reset();
  facts_.reports.clear();
  EXPECT_EQ(Judge().result, Result::kNotApplicable);
  // 建而不成: long past its planned end it is judged, as never started.
  SetDay(absl::CivilDay(2025, 11, 30), facts_.project.mutable_planned_end());
  EXPECT_EQ(Value("D2-01").category, "NOT_STARTED");
  EXPECT_EQ(State("D3-01"), FactState::kNotApplicable);
  EXPECT_NE(Judge().result, Result::kNotApplicable);
}

TEST_F(ProjectSnapshot, CultivationSheltersUntilAnInspectionFails) {
  context_.cultivation_months = 60;
  SetDay(absl::CivilDay(2023, 3, 1), facts_.project.mutable_planting_date());
  EXPECT_EQ(Judge().result, Result::kNotApplicable);
  assets().set_maintenance_inspection_failed(true);
  EXPECT_NE(Judge().result, Result::kNotApplicable);
}

TEST_F(ProjectSnapshot, APeriodThatStillRunsIsTakenAtToday) {
  today_ = absl::CivilDay(2026, 2, 10);
  Snapshot s = Build();
  EXPECT_EQ(s.period_end, today_);
  EXPECT_EQ(MomentOf("2026-03", today_), std::nullopt);
}

TEST_F(ProjectSnapshot, OrderOfTheRecordsDoesNotMatter) {
  const std::string before = CanonicalJson(Build());
  std::reverse(facts_.reports.begin(), facts_.reports.end());
  std::reverse(facts_.brands.begin(), facts_.brands.end());
  std::reverse(context_.applicable_links.begin(), context_.applicable_links.end());
  std::reverse(facts_.entered.scores.begin(), facts_.entered.scores.end());
  EXPECT_EQ(CanonicalJson(Build()), before);
}

TEST_F(ProjectSnapshot, EveryPresentValueNamesItsRecordAndDay) {
  for (const FactValue& v : Build().values) {
    if (v.state != FactState::kPresent) continue;
    EXPECT_FALSE(v.source_record.empty()) << v.code;
    EXPECT_TRUE(v.as_of.has_value()) << v.code;
    EXPECT_NE(v.source, FactSource::kUnspecified) << v.code;
  }
}

TEST(Months, WholeMonthsAndTheirEnds) {
  EXPECT_EQ(WholeMonths(absl::CivilDay(2026, 1, 15), absl::CivilDay(2026, 3, 14)), 1);
  EXPECT_EQ(WholeMonths(absl::CivilDay(2026, 1, 15), absl::CivilDay(2026, 3, 15)), 2);
  EXPECT_EQ(WholeMonths(absl::CivilDay(2026, 1, 31), absl::CivilDay(2026, 2, 28)), 1);
  EXPECT_EQ(WholeMonths(absl::CivilDay(2026, 3, 15), absl::CivilDay(2026, 1, 15)), 0);
  EXPECT_EQ(AddMonths(absl::CivilDay(2024, 2, 29), 12), absl::CivilDay(2025, 2, 28));
  EXPECT_EQ(MonthText(YearBefore(absl::CivilDay(2026, 2, 27)).back()), "2026-01");
  EXPECT_EQ(MonthText(YearBefore(absl::CivilDay(2026, 2, 28)).front()), "2025-03");
  EXPECT_EQ(ParseMonth("2026-13"), std::nullopt);
}

TEST(IndustrySnapshot, R079_AddsUpItsProjectsByValue) {
  IndustryFacts facts;
  facts.industry = sample::Industry(kIndustry);
  facts.has_verified_project = true;
  facts.context.known = true;
  facts.context.taxonomy_record = "industry_category/2025/FRUIT_VEG";
  facts.context.applicable_links = {"PLANT_BREED", "SALES"};
  facts.context.present_links = {{"PLANT_BREED", "project/P"}};
  for (const char* expert : {"zhang", "li", "wang"}) {
    facts.entered.scores.push_back(sample::Score(kIndustry, expert, 70, 60));
  }
  for (int i = 0; i < 2; ++i) {
    IndustryProject& p = facts.projects.emplace_back();
    p.contribution.value_fen = i == 0 ? 30'000 : 10'000;
    p.contribution.result = i == 0 ? Result::kConsolidate : Result::kRevitalize;
    p.contribution.status = i == 0 ? "NORMAL" : "IDLE";
    p.utilisation_bp = i == 0 ? 8000 : 4000;
    for (const char* code : {"D2", "D3", "D4"}) {
      DimensionTrace& d = p.contribution.dimensions.emplace_back();
      d.code = code;
      d.state = FactState::kPresent;
      d.score_bp = i == 0 ? 9000 : 5000;
      d.coverage_bp = 10000;
    }
  }
  Snapshot s = BuildIndustrySnapshot(DefaultCriteria(), facts,
                                     *MomentOf("2026-02", absl::CivilDay(2026, 3, 1)));
  auto value = [&](const std::string& code) {
    for (const FactValue& v : s.values) {
      if (v.code == code) return v;
    }
    return FactValue();
  };
  EXPECT_EQ(value("D1-01").number, 5000);
  EXPECT_EQ(value("D1-02").number, 7000);
  EXPECT_EQ(value("D2-01").category, "PARTIAL");
  EXPECT_EQ(value("D5-01").number, 70);
  ASSERT_EQ(s.aggregated.size(), 3u);
  EXPECT_EQ(s.aggregated[0].score_bp, 8000);
  EXPECT_EQ(s.distribution.size(), 2u);
}

}  // namespace
}  // namespace bangfu::evaluation
