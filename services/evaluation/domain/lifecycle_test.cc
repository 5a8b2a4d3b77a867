#include "services/evaluation/domain/lifecycle.h"

#include <string>

#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/domain/facts.h"
#include "services/evaluation/domain/measures_for_test.h"

namespace bangfu::evaluation {
namespace {

const absl::CivilDay kToday(2026, 11, 24);

ArgumentRecord Argument(ArgumentConclusion conclusion,
                        FourClass four_class = FourClass::kUnspecified) {
  ArgumentRecord a;
  a.id = "argument-1";
  a.subject_id = "subject-1";
  a.panel_person_ids = {"p1", "p2", "p3"};
  a.date = kToday - 3;
  a.conclusion = conclusion;
  a.four_class = four_class;
  a.opinion = "经现场核查和论证，意见一致。";
  a.attachments = 1;
  a.state = ArgumentState::kSigned;
  return a;
}

Computed Of(Result result, std::string rule) { return {"subject-1", result, std::move(rule)}; }

Override To(FourClass four_class) {
  Override o;
  o.to_class = four_class;
  o.reason_code = "DATA_OUTDATED";
  o.reason_text = "该项目本季度已恢复生产，台账数据尚未更新，附现场照片和销售合同为证。";
  o.evidence_ids = {"evidence-1"};
  o.proposer_person_id = "operator";
  o.approver_person_id = "approver";
  o.approver_level = AdminLevel::kCounty;
  return o;
}

TEST(Lifecycle, R034_ArgumentNeedsAPanelConclusionAndAttachment) {
  ArgumentRecord a = Argument(ArgumentConclusion::kFeasible);
  EXPECT_TRUE(Validate(a, kToday, 3).ok());
  EXPECT_FALSE(Validate(a, kToday, 4).ok());
  a.panel_person_ids = {"p1", "p2", "p2"};
  EXPECT_FALSE(Validate(a, kToday, 3).ok());
  EXPECT_TRUE(Validate(a, kToday, 2).ok());
  a.panel_person_ids = {"", ""};
  EXPECT_FALSE(Validate(a, kToday, 0).ok());  // somebody at least
  a = Argument(ArgumentConclusion::kFeasible);
  a.date = kToday + 1;
  EXPECT_FALSE(Validate(a, kToday).ok());
  a = Argument(ArgumentConclusion::kFeasible);
  a.attachments = 0;
  EXPECT_FALSE(Validate(a, kToday).ok());
  EXPECT_FALSE(Validate(Argument(ArgumentConclusion::kClass), kToday).ok());
  EXPECT_FALSE(Validate(Argument(ArgumentConclusion::kFeasible, FourClass::kUpgrade), kToday).ok());
}

TEST(Lifecycle, ManualReviewIsDecidedByAnArgumentThatNamesTheClass) {
  Computed manual = Of(Result::kManualReview, "G5");
  EXPECT_EQ(ReasonOf(CheckAccept(manual, nullptr, kToday).status()), "ARGUMENT_REQUIRED");
  ArgumentRecord feasible = Argument(ArgumentConclusion::kFeasible);
  EXPECT_EQ(ReasonOf(CheckAccept(manual, &feasible, kToday).status()), "ARGUMENT_REQUIRED");
  ArgumentRecord named = Argument(ArgumentConclusion::kClass, FourClass::kRevitalize);
  EXPECT_EQ(*CheckAccept(manual, &named, kToday), FourClass::kRevitalize);
  named.subject_id = "another";
  EXPECT_EQ(ReasonOf(CheckAccept(manual, &named, kToday).status()), "ARGUMENT_SUBJECT");
  EXPECT_EQ(ReasonOf(CheckOverride(manual, To(FourClass::kUpgrade), nullptr, kToday).status()),
            "OVERRIDE_NOT_ALLOWED");
}

TEST(Lifecycle, R044_AdjustIsNeverEffectiveWithoutAnArgument) {
  Computed adjust = Of(Result::kAdjust, "H1");
  EXPECT_EQ(ReasonOf(CheckAccept(adjust, nullptr, kToday).status()), "ARGUMENT_REQUIRED");
  ArgumentRecord named = Argument(ArgumentConclusion::kClass, FourClass::kAdjust);
  EXPECT_EQ(*CheckAccept(adjust, &named, kToday), FourClass::kAdjust);
  EffectiveCheck check;
  check.subject_id = "subject-1";
  check.final_class = FourClass::kAdjust;
  check.result = Result::kAdjust;
  check.publicity_passed = true;
  EXPECT_EQ(ReasonOf(CheckEffective(check, kToday)), "ARGUMENT_REQUIRED");
  ArgumentRecord against = Argument(ArgumentConclusion::kFeasible);
  check.argument = &against;
  EXPECT_EQ(ReasonOf(CheckEffective(check, kToday)), "ARGUMENT_CONTRADICTS");
  check.argument = &named;
  EXPECT_TRUE(CheckEffective(check, kToday).ok());
  named.panel_person_ids.pop_back();  // as many as were asked for when it was recorded
  EXPECT_TRUE(CheckEffective(check, kToday).ok());
  named.panel_person_ids.clear();
  EXPECT_FALSE(CheckEffective(check, kToday).ok());
}

TEST(Lifecycle, EffectiveNeedsPublicityObjectionsSettledAndFiling) {
  EffectiveCheck check;
  check.subject_id = "subject-1";
  check.final_class = FourClass::kConsolidate;
  check.result = Result::kUpgrade;
  check.needs_city_filing = true;
  EXPECT_EQ(ReasonOf(CheckEffective(check, kToday)), "PUBLICITY_NOT_PASSED");
  check.publicity_passed = true;
  check.open_objections = true;
  EXPECT_EQ(ReasonOf(CheckEffective(check, kToday)), "OBJECTION_OPEN");
  check.open_objections = false;
  EXPECT_EQ(ReasonOf(CheckEffective(check, kToday)), "CITY_FILING_REQUIRED");
  check.city_filed = true;
  EXPECT_TRUE(CheckEffective(check, kToday).ok());
}

TEST(Lifecycle, TheReasonOfAnOverrideIsAsLongAsAsked) {
  EXPECT_TRUE(CheckOverrideReason("  五个字的理由  ", 6).ok());
  EXPECT_FALSE(CheckOverrideReason("  五个字的理由  ", 7).ok());
  EXPECT_FALSE(CheckOverrideReason("\xff\xfe", 1).ok());
  EXPECT_FALSE(CheckOverrideReason("", 0).ok());
}

TEST(Lifecycle, OverrideNeedsReasonEvidenceAndTwoPersons) {
  Computed g4 = Of(Result::kRevitalize, "G4");
  auto decision = CheckOverride(g4, To(FourClass::kUpgrade), nullptr, kToday);
  ASSERT_TRUE(decision.ok()) << decision.status();
  EXPECT_TRUE(decision->needs_city_filing);

  Override o = To(FourClass::kUpgrade);
  o.reason_text = " ";
  EXPECT_FALSE(CheckOverride(g4, o, nullptr, kToday).ok());
  o = To(FourClass::kUpgrade);
  o.evidence_ids.clear();
  EXPECT_FALSE(CheckOverride(g4, o, nullptr, kToday).ok());
  o = To(FourClass::kUpgrade);
  o.approver_person_id = o.proposer_person_id;
  EXPECT_EQ(ReasonOf(CheckOverride(g4, o, nullptr, kToday).status()), "OVERRIDE_SAME_PERSON");
  o = To(FourClass::kUpgrade);
  o.approver_level = AdminLevel::kTownship;
  EXPECT_EQ(ReasonOf(CheckOverride(g4, o, nullptr, kToday).status()), "OVERRIDE_LEVEL");
  // Nor by the province: this one is the county's.
  o.approver_level = AdminLevel::kProvince;
  EXPECT_EQ(ReasonOf(CheckOverride(g4, o, nullptr, kToday).status()), "OVERRIDE_LEVEL");
  EXPECT_FALSE(CheckOverride(g4, To(FourClass::kRevitalize), nullptr, kToday).ok());
}

TEST(Lifecycle, AnOverrideEndsOnTheSameDayMonthsLater) {
  EXPECT_EQ(OverrideExpiry(kToday, 12), absl::CivilDay(2027, 11, 24));
  EXPECT_EQ(OverrideExpiry(absl::CivilDay(2027, 8, 31), 6), absl::CivilDay(2028, 2, 29));
}

TEST(Lifecycle, WorseClassIsTheCountysAlone) {
  auto decision =
      CheckOverride(Of(Result::kConsolidate, "G1"), To(FourClass::kRevitalize), nullptr, kToday);
  ASSERT_TRUE(decision.ok());
  EXPECT_FALSE(decision->needs_city_filing);
}

TEST(Lifecycle, OnlyTheProvinceOverridesHardRulesAndMissingData) {
  for (const Computed& c : {Of(Result::kAdjust, "H1"), Of(Result::kAdjust, "H2"),
                            Of(Result::kAdjust, "H3"), Of(Result::kInsufficientData, "P1")}) {
    Override o = To(FourClass::kUpgrade);
    o.approver_level = AdminLevel::kCity;
    EXPECT_EQ(ReasonOf(CheckOverride(c, o, nullptr, kToday).status()), "OVERRIDE_LOCKED");
    o.approver_level = AdminLevel::kProvince;
    EXPECT_TRUE(CheckOverride(c, o, nullptr, kToday).ok());
  }
  // H4 rests on scores: the county may see it differently.
  EXPECT_TRUE(
      CheckOverride(Of(Result::kAdjust, "H4"), To(FourClass::kRevitalize), nullptr, kToday).ok());
  Override o = To(FourClass::kUpgrade);
  o.approver_level = AdminLevel::kProvince;
  EXPECT_EQ(ReasonOf(CheckOverride(Of(Result::kNotApplicable, "E1"), o, nullptr, kToday).status()),
            "OVERRIDE_NOT_ALLOWED");
}

TEST(Lifecycle, OverrideToAdjustNeedsAnArgument) {
  Computed g4 = Of(Result::kRevitalize, "G4");
  EXPECT_EQ(ReasonOf(CheckOverride(g4, To(FourClass::kAdjust), nullptr, kToday).status()),
            "ARGUMENT_REQUIRED");
  ArgumentRecord not_feasible = Argument(ArgumentConclusion::kNotFeasible);
  EXPECT_TRUE(CheckOverride(g4, To(FourClass::kAdjust), &not_feasible, kToday).ok());
}

MeasurePlan Plan(FourClass four_class, std::string cause, std::vector<PlannedMeasure> measures) {
  MeasurePlan plan;
  plan.subject_id = "subject-1";
  plan.four_class = four_class;
  plan.cause = std::move(cause);
  plan.measures = std::move(measures);
  plan.responsible = "县农业农村局";
  plan.deadline = kToday + 180;
  return plan;
}

// What one of them computed or proposed, the other does not settle.
TEST(Lifecycle, APrincipalAndTheirDeputyAreOnePerson) {
  EvaluationSubject s;
  s.phase = Phase::kComputed;
  s.computed = Of(Result::kConsolidate, "G3");
  s.today = kToday;
  s.computed_by = {"zhang", "li"};
  const auto reason = [&](std::string_view action, const workflow::Actor& actor) {
    return ReasonOf(EvaluationTable().Execute(s, action, actor).status());
  };
  const workflow::Actor li{"li", {kCountyApprover}};
  const workflow::Actor deputy{"wang", {kCountyApprover}, {}, {{kCountyApprover, "li"}}};
  EXPECT_EQ(reason("accept", li), "SAME_PERSON");
  EXPECT_EQ(reason("accept", deputy), "SAME_PERSON");
  EXPECT_EQ(reason("accept", {"wang", {kCountyApprover}}), "");

  s.phase = Phase::kOverrideProposed;
  s.override = To(FourClass::kUpgrade);
  s.override_by = {"operator", "zhao"};
  EXPECT_EQ(reason("approve_override", {"zhao", {kCountyApprover}}), "SAME_PERSON");
  EXPECT_EQ(
      reason("approve_override", {"qian", {kCountyApprover}, {}, {{kCountyApprover, "zhao"}}}),
      "SAME_PERSON");
  EXPECT_EQ(reason("approve_override", {"qian", {kCountyApprover}}), "");
}

TEST(MeasurePlans, R034_RevitalizePlanRestsOnAnArgument) {
  MeasurePlan plan =
      Plan(FourClass::kRevitalize, "CASHFLOW_MARKET", {{"RENT_RELIEF", ""}, {"CREDIT", ""}});
  EXPECT_EQ(ReasonOf(CheckMeasurePlan(plan, ShippedCatalogue(), nullptr, kToday)),
            "ARGUMENT_REQUIRED");
  ArgumentRecord no = Argument(ArgumentConclusion::kNotFeasible);
  EXPECT_EQ(ReasonOf(CheckMeasurePlan(plan, ShippedCatalogue(), &no, kToday)),
            "ARGUMENT_CONTRADICTS");
  ArgumentRecord yes = Argument(ArgumentConclusion::kFeasible);
  EXPECT_TRUE(CheckMeasurePlan(plan, ShippedCatalogue(), &yes, kToday).ok());
}

TEST(MeasurePlans, R037_AFacilityPlanSaysWhatIsBuilt) {
  const ArgumentRecord yes = Argument(ArgumentConclusion::kFeasible);
  const auto check = [&](std::vector<std::string> parts, std::string code = "FACILITY_BUILD") {
    const std::string cause = code == "FACILITY_BUILD" ? "FACILITY_LACK" : "CASHFLOW_MARKET";
    return CheckMeasurePlan(Plan(FourClass::kRevitalize, cause, {{code, "", std::move(parts)}}),
                            ShippedCatalogue(), &yes, kToday);
  };
  EXPECT_TRUE(check({"WATER", "POWER", "ROAD", "MACHINERY", "MARKETING"}).ok());
  EXPECT_EQ(GetErrorDetail(check({})).violations[0].field, "measures[0].parts");
  EXPECT_EQ(GetErrorDetail(check({"WATER", "SHELTER"})).violations[0].field,
            "measures[0].parts[1]");
  EXPECT_EQ(GetErrorDetail(check({"WATER", "WATER"})).violations[0].field, "measures[0].parts[1]");
  EXPECT_TRUE(check({}, "CREDIT").ok());
  EXPECT_FALSE(check({"WATER"}, "CREDIT").ok());
}

TEST(MeasurePlans, R035_R043_MeasuresFitTheCause) {
  ArgumentRecord yes = Argument(ArgumentConclusion::kFeasible);
  EXPECT_FALSE(CheckMeasurePlan(Plan(FourClass::kRevitalize, "CASHFLOW_MARKET", {{"BUNDLE", ""}}),
                                ShippedCatalogue(), &yes, kToday)
                   .ok());
  EXPECT_FALSE(CheckMeasurePlan(Plan(FourClass::kRevitalize, "", {{"CREDIT", ""}}),
                                ShippedCatalogue(), &yes, kToday)
                   .ok());
  EXPECT_FALSE(CheckMeasurePlan(Plan(FourClass::kRevitalize, "CASHFLOW_MARKET", {{"OTHER", " "}}),
                                ShippedCatalogue(), &yes, kToday)
                   .ok());
  EXPECT_TRUE(CheckMeasurePlan(Plan(FourClass::kRevitalize, "CASHFLOW_MARKET",
                                    {{"OTHER", "村企共建直播基地带动销售"}}),
                               ShippedCatalogue(), &yes, kToday)
                  .ok());
}

TEST(MeasurePlans, R030_R032_CodesBelongToTheClass) {
  EXPECT_TRUE(CheckMeasurePlan(Plan(FourClass::kUpgrade, "", {{"COLD_STORAGE", ""}}),
                               ShippedCatalogue(), nullptr, kToday)
                  .ok());
  EXPECT_FALSE(CheckMeasurePlan(Plan(FourClass::kUpgrade, "", {{"CREDIT", ""}}), ShippedCatalogue(),
                                nullptr, kToday)
                   .ok());
  EXPECT_FALSE(
      CheckMeasurePlan(Plan(FourClass::kConsolidate, "", {}), ShippedCatalogue(), nullptr, kToday)
          .ok());
  EXPECT_FALSE(CheckMeasurePlan(Plan(FourClass::kConsolidate, "",
                                     {{"REGIONAL_BRAND", ""}, {"REGIONAL_BRAND", ""}}),
                                ShippedCatalogue(), nullptr, kToday)
                   .ok());
}

TEST(Facts, OperatingStatusIsDerived) {
  UseFacts use;
  EXPECT_EQ(OperatingStatus(Stage::kOperating, use), "NOT_STARTED");
  use.ever_produced = true;
  use.in_use = true;
  EXPECT_EQ(OperatingStatus(Stage::kOperating, use), "NORMAL");
  EXPECT_EQ(OperatingStatus(Stage::kCompleted, use), "NOT_STARTED");
  use.in_use = false;
  use.stopped_months = 5;
  EXPECT_EQ(OperatingStatus(Stage::kIdle, use), "SUSPENDED");
  use.stopped_months = 6;
  EXPECT_EQ(OperatingStatus(Stage::kIdle, use), "IDLE");
  use.declared_off_season = true;
  EXPECT_EQ(OperatingStatus(Stage::kIdle, use), "SEASONAL");
  use.declared_off_season = false;
  use.partly_in_use = true;
  EXPECT_EQ(OperatingStatus(Stage::kOperating, use), "PARTIAL");
}

}  // namespace
}  // namespace bangfu::evaluation
