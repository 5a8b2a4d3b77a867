#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/domain/engine.h"
#include "services/evaluation/domain/vectors_for_test.h"

namespace bangfu::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Engine& FullEngine() {
  static const Engine& engine = *new Engine(*Engine::Create(BaselineV1()));
  return engine;
}

Outcome RunVector(const std::string& name) {
  auto outcome = FullEngine().Evaluate(SnapshotOf(VectorNamed(name)));
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  return outcome.ok() ? *outcome : Outcome();
}

std::string Scores(const Explanation& e) {
  if (e.dimensions.empty()) return "– – – – –";
  return absl::StrJoin(e.dimensions, " ", [](std::string* out, const DimensionTrace& d) {
    out->append(d.score_bp ? Cat(*d.score_bp) : d.state == FactState::kNotApplicable ? "n/a" : "–");
  });
}

std::string Boards(const Explanation& e) {
  return absl::StrJoin(e.short_boards, " ", [](std::string* out, const ShortBoard& b) {
    *out += Cat(EnumName(b.kind), b.link.empty() ? "" : ":", b.link);
  });
}

std::string MeasureCodes(const Explanation& e) {
  return absl::StrJoin(e.suggested_measures, " ",
                       [](std::string* out, const SuggestedMeasure& m) { out->append(m.code); });
}

std::vector<std::string> Rules(const Explanation& e) {
  std::vector<std::string> rules;
  for (const RuleTrace& line : e.rules) rules.push_back(line.rule_id);
  return rules;
}

class PublishedVector : public ::testing::TestWithParam<Vector> {};

TEST_P(PublishedVector, R024_R028_ScoresTotalRuleAndResultAsPrinted) {
  const Vector& v = GetParam();
  auto outcome = FullEngine().Evaluate(SnapshotOf(v));
  if (v.rule == "P0") {
    EXPECT_EQ(outcome.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(outcome.status()), "SUBJECT_NOT_VERIFIED");
    return;
  }
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const Explanation& e = outcome->explanation;
  EXPECT_EQ(Scores(e), v.scores);
  EXPECT_EQ(e.total_bp ? Cat(*e.total_bp) : "–", v.total);
  EXPECT_EQ(e.rule_id, v.rule);
  EXPECT_EQ(EnumName(e.result), EnumName(v.result));
  EXPECT_EQ(Boards(e), v.short_boards);
  EXPECT_EQ(MeasureCodes(e), v.measures);
  EXPECT_EQ(EnumName(e.suggestion), EnumName(v.suggestion));
  EXPECT_EQ(e.review_required, v.rule == "G3");
  EXPECT_EQ(e.rules.back().rule_id, v.rule);
  EXPECT_TRUE(e.rules.back().fired);
  EXPECT_FALSE(e.summary_zh.empty());
  EXPECT_EQ(outcome->explanation_json, CanonicalJson(e));
}

INSTANTIATE_TEST_SUITE_P(AToZ, PublishedVector, ::testing::ValuesIn(AllVectors()),
                         [](const auto& info) { return info.param.name; });

TEST(EngineVectors, AllTwentySixAreThere) { EXPECT_EQ(AllVectors().size(), 26u); }

TEST(EngineVectors, EveryRuleIsHitByAVector) {
  std::vector<std::string> hit;
  for (const Vector& v : AllVectors()) hit.push_back(v.rule);
  for (const char* rule :
       {"P0", "E1", "H1", "H2", "H3", "P1", "H4", "G1", "G2", "G3", "G4", "G5", "G6"}) {
    EXPECT_THAT(hit, ::testing::Contains(rule));
  }
}

TEST(EngineVectors, VectorEInAnotherOrderGivesTheBytesOfC) {
  Outcome c = RunVector("c");
  Snapshot e = SnapshotOf(VectorNamed("e"));
  std::reverse(e.values.begin(), e.values.end());
  auto outcome = FullEngine().Evaluate(e);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->explanation_json, c.explanation_json);
  EXPECT_EQ(outcome->snapshot_json, c.snapshot_json);

  ValueOf(e, "D3-01").number = 651;
  outcome = FullEngine().Evaluate(e);
  ASSERT_TRUE(outcome.ok());
  EXPECT_NE(outcome->explanation.snapshot_hash, c.explanation.snapshot_hash);
  EXPECT_EQ(outcome->explanation.result, c.explanation.result);
  EXPECT_EQ(outcome->explanation.rule_id, c.explanation.rule_id);
}

TEST(EngineVectors, TheScoreRanksButDoesNotDecide) {
  Explanation b = RunVector("b").explanation;
  Explanation h = RunVector("h").explanation;
  EXPECT_GT(*b.total_bp, *h.total_bp);
  EXPECT_EQ(b.result, Result::kAdjust);
  EXPECT_EQ(h.result, Result::kUpgrade);
}

TEST(EngineVectors, RulesAreAskedInTheirOrder) {
  EXPECT_THAT(Rules(RunVector("f").explanation),
              ElementsAre("P0", "E1", "H1", "H2", "H3", "P1", "G0", "H4", "G1"));
  EXPECT_THAT(Rules(RunVector("j").explanation),
              ElementsAre("P0", "E1", "H1", "H2", "H3", "P1", "G0", "H4", "G1", "G2", "G3"));
  EXPECT_THAT(Rules(RunVector("n").explanation),
              ElementsAre("P0", "E1", "H1", "H2", "H3", "P1", "G0", "H4", "G4", "G5", "G6"));
  EXPECT_THAT(Rules(RunVector("r").explanation), ElementsAre("P0", "E1"));
}

TEST(EngineVectors, R029_ConsolidateNeedsMarketChainAndProspect) {
  Snapshot f = SnapshotOf(VectorNamed("f"));
  auto result = [](const Snapshot& s) { return FullEngine().Evaluate(s)->explanation.result; };
  EXPECT_EQ(result(f), Result::kConsolidate);
  Snapshot market = f;
  ValueOf(market, "D2-03").number = 499;
  EXPECT_EQ(result(market), Result::kUpgrade);
  Snapshot chain = f;
  ValueOf(chain, "D1-01").number = 7999;
  EXPECT_EQ(result(chain), Result::kUpgrade);
  Snapshot prospect = f;
  ValueOf(prospect, "D5-01").number = 30;
  EXPECT_EQ(result(prospect), Result::kUpgrade);
  Snapshot red = f;
  red.facts.open_red = true;
  EXPECT_EQ(result(red), Result::kUpgrade);
}

TEST(EngineVectors, R031_UpgradeAlwaysNamesAShortBoard) {
  for (const Vector& v : AllVectors()) {
    if (v.result != Result::kUpgrade) continue;
    EXPECT_FALSE(RunVector(v.name).explanation.short_boards.empty()) << v.name;
  }
}

TEST(EngineVectors, R031_OpenShortBoardIsReferredToNotDoubled) {
  Snapshot c = SnapshotOf(VectorNamed("c"));
  c.facts.open_short_boards = {{"board-7", ShortBoardKind::kChain, "COLD_STORAGE"}};
  Explanation e = FullEngine().Evaluate(c)->explanation;
  ASSERT_EQ(e.short_boards.size(), 2u);
  EXPECT_EQ(e.short_boards[0].existing_id, "board-7");
  EXPECT_EQ(e.short_boards[1].existing_id, "");
}

TEST(EngineVectors, R031_WeakDevelopmentLevelNamesItsWeakestIndicator) {
  Snapshot s = SnapshotOf(VectorNamed("f"));
  ValueOf(s, "D1-02").number = 1000;
  ValueOf(s, "D1-03").number = 5000;
  ValueOf(s, "D1-05").number = 0;
  EXPECT_EQ(Boards(FullEngine().Evaluate(s)->explanation), "FACILITY");
  ValueOf(s, "D1-02").number = 4000;
  ValueOf(s, "D1-04").number = 3;
  EXPECT_EQ(Boards(FullEngine().Evaluate(s)->explanation), "MARKETING");
  ValueOf(s, "D1-04").number = 5;
  s.facts.open_short_boards = {{"board-1", ShortBoardKind::kTech, ""}};
  Explanation e = FullEngine().Evaluate(s)->explanation;
  EXPECT_EQ(Boards(e), "TECH");
  EXPECT_EQ(e.short_boards[0].existing_id, "board-1");
}

TEST(EngineVectors, R033_RevitalizeNeedsProspectAndIsNeverSaidOfWhatRuns) {
  Snapshot a = SnapshotOf(VectorNamed("a"));
  auto explain = [](const Snapshot& s) { return FullEngine().Evaluate(s)->explanation; };
  EXPECT_EQ(explain(a).result, Result::kRevitalize);
  ValueOf(a, "D5-01").number = 10;
  ValueOf(a, "D5-03").number = 10;
  EXPECT_EQ(explain(a).result, Result::kManualReview);
}

struct CauseCase {
  const char* cause;
  const char* measures;
};
TEST(EngineVectors, R035_R038_MeasuresFollowTheCause) {
  for (const CauseCase& c :
       std::vector<CauseCase>{{"CASHFLOW_MARKET", "RENT_RELIEF CREDIT"},
                              {"TECH_SUPPORT_LACK", "TECH_SERVICE TALENT"},
                              {"FACILITY_LACK", "FACILITY_BUILD"},
                              {"MANAGEMENT_IDLE", "ENTRUST COOPERATE EQUITY_POOL PACKAGE_LEASE"},
                              {"REGIONAL_SIMILAR_INEFFICIENT", "BUNDLE"},
                              {"OVER_INVESTED_IDLE", "SPLIT"},
                              {"UNDER_INVESTED", "ADD_INVEST REDESIGN"},
                              {"POOR_PLANNING", "REDIRECT CHANGE_USE"},
                              {"OTHER", "OTHER"},
                              {"", ""}}) {
    Snapshot a = SnapshotOf(VectorNamed("a"));
    a.facts.cause = c.cause;
    a.measures = MeasureOptions(ShippedCatalogue(), a.facts);
    EXPECT_EQ(MeasureCodes(FullEngine().Evaluate(a)->explanation), c.measures);
  }
}

TEST(EngineVectors, R044_EveryPartOfTheConjunctionIsNeeded) {
  Snapshot m = SnapshotOf(VectorNamed("m"));
  auto explain = [](const Snapshot& s) { return FullEngine().Evaluate(s)->explanation; };
  EXPECT_EQ(explain(m).rule_id, "H4");
  Snapshot modern = m;
  modern.facts.tech_backward = false;
  EXPECT_EQ(explain(modern).rule_id, "G6");
  Snapshot leads = m;
  ValueOf(leads, "D4-01").number = 3000;
  EXPECT_EQ(explain(leads).rule_id, "G6");
  Snapshot hopeful = m;
  ValueOf(hopeful, "D5-01").number = 60;
  EXPECT_EQ(explain(hopeful).result, Result::kManualReview);
  Snapshot runs = m;
  ValueOf(runs, "D2-01").category = "NORMAL";
  ValueOf(runs, "D2-02").number = 0;
  ValueOf(runs, "D1-02").state = FactState::kPresent;
  ValueOf(runs, "D1-02").number = 6000;
  ValueOf(runs, "D3-01").number = 600;
  ValueOf(runs, "D3-02").number = 9000;
  EXPECT_EQ(explain(runs).rule_id, "G3");
}

TEST(EngineVectors, MissingRequiredNamesExactlyTheFields) {
  Explanation d = RunVector("d").explanation;
  ASSERT_EQ(d.missing.size(), 1u);
  EXPECT_EQ(d.missing[0].code, "D3-01");
  EXPECT_THAT(d.summary_zh, HasSubstr("D3-01 年资产收益率"));
  EXPECT_EQ(d.confidence, Confidence::kLow);
  EXPECT_FALSE(d.nearest_better.has_value());
}

TEST(EngineVectors, PenalisedReportCountsZeroAndSaysSo) {
  Snapshot f = SnapshotOf(VectorNamed("f"));
  ValueOf(f, "D3-02").state = FactState::kMissing;
  Explanation e = FullEngine().Evaluate(f)->explanation;
  EXPECT_EQ(*e.dimensions[2].score_bp, 6700);  // 9700 − 30 % of 10000
  EXPECT_EQ(e.dimensions[2].coverage_bp, 7000);
  for (const IndicatorTrace& x : e.indicators) {
    if (x.code != "D3-02") continue;
    EXPECT_EQ(x.missing_policy_applied, "PENALISE");
    EXPECT_EQ(x.score_bp, 0);
    EXPECT_EQ(x.state, FactState::kMissing);
    EXPECT_EQ(x.raw, "");
  }
}

TEST(EngineVectors, ExcludedBelowSixtyPercentIsInsufficient) {
  CriteriaSet set = BaselineV1();
  for (IndicatorDef& d : set.indicators) {
    if (d.code == "D4-01") d.missing_policy = MissingPolicy::kExclude;
  }
  Snapshot f = SnapshotOf(VectorNamed("f"));
  ValueOf(f, "D4-01").state = FactState::kMissing;
  EXPECT_EQ(Evaluate(set, f)->explanation.result, Result::kConsolidate);  // 70 of 100 remain
  ValueOf(f, "D4-03").state = FactState::kMissing;
  Explanation e = Evaluate(set, f)->explanation;  // 50 of 100
  EXPECT_EQ(e.result, Result::kInsufficientData);
  ASSERT_EQ(e.missing.size(), 2u);
  EXPECT_EQ(e.missing[0].code, "D4-01");
  EXPECT_EQ(e.missing[1].code, "D4-03");
  // Not applicable is not missing: 50 of 80 applicable remain.
  ValueOf(f, "D4-03").state = FactState::kNotApplicable;
  EXPECT_NE(Evaluate(set, f)->explanation.result, Result::kInsufficientData);
}

TEST(EngineVectors, NotApplicableByWordAloneIsMissing) {
  Snapshot f = SnapshotOf(VectorNamed("f"));
  ValueOf(f, "D3-01").state = FactState::kNotApplicable;  // it has operating assets
  EXPECT_EQ(FullEngine().Evaluate(f)->explanation.result, Result::kInsufficientData);
}

TEST(EngineVectors, CarriedForwardValueCountsUntilItsAge) {
  CriteriaSet set = BaselineV1();
  for (IndicatorDef& d : set.indicators) {
    if (d.code != "D2-03") continue;
    d.missing_policy = MissingPolicy::kCarryForward;
    d.max_age_days = 180;
  }
  Snapshot f = SnapshotOf(VectorNamed("f"));
  ValueOf(f, "D2-03").as_of = f.period_end - 180;
  Explanation e = Evaluate(set, f)->explanation;
  EXPECT_EQ(*e.dimensions[1].score_bp, 9820);
  ValueOf(f, "D2-03").as_of = f.period_end - 181;
  EXPECT_EQ(*Evaluate(set, f)->explanation.dimensions[1].score_bp, 10000);
}

// Nobody asks an asset for the public good what it returns: the other dimensions carry its weight,
// as where nothing operates (vector w), whatever its income says.
TEST(EngineVectors, PublicWelfareAssetsAreNotAskedForReturns) {
  Snapshot f = SnapshotOf(VectorNamed("f"));
  f.facts.is_public_welfare_only = true;
  ValueOf(f, "D3-01").number = 0;
  const Explanation e = FullEngine().Evaluate(f)->explanation;
  EXPECT_EQ(e.dimensions[2].state, FactState::kNotApplicable);
  EXPECT_EQ(e.dimensions[2].note_zh, "仅有公益性资产，不评价资产收益");
  EXPECT_EQ(e.dimensions[2].score_bp, std::nullopt);
  EXPECT_EQ(e.result, Result::kConsolidate);
  const Explanation w = FullEngine().Evaluate(SnapshotOf(VectorNamed("w")))->explanation;
  EXPECT_EQ(e.total_bp, w.total_bp);
  EXPECT_EQ(e.rule_id, w.rule_id);
  // The same income where it should return.
  f.facts.is_public_welfare_only = false;
  EXPECT_EQ(FullEngine().Evaluate(f)->explanation.result, Result::kUpgrade);
}

TEST(EngineVectors, RampUpLeavesOutAssetReturn) {
  Snapshot z = SnapshotOf(VectorNamed("z"));
  z.facts.production_start = absl::CivilDay(2025, 10, 1);
  Explanation e = FullEngine().Evaluate(z)->explanation;
  EXPECT_EQ(e.dimensions[2].state, FactState::kNotApplicable);
  EXPECT_EQ(e.result, Result::kUpgrade);
  z.facts.production_start = absl::CivilDay(2025, 9, 30);
  EXPECT_EQ(FullEngine().Evaluate(z)->explanation.result, Result::kRevitalize);
}

TEST(EngineVectors, CultivationSheltersUntilItEndsOrAnInspectionFails) {
  Snapshot s = SnapshotOf(VectorNamed("f"));
  s.facts.planting_date = absl::CivilDay(2018, 3, 15);
  s.facts.cultivation_months = 60;
  auto at = [&](absl::CivilDay day) {
    s.period_end = day;
    return FullEngine().Evaluate(s)->explanation;
  };
  EXPECT_EQ(at(absl::CivilDay(2023, 3, 14)).result, Result::kNotApplicable);
  EXPECT_EQ(at(absl::CivilDay(2023, 3, 14)).reason, "CULTIVATING");
  EXPECT_EQ(at(absl::CivilDay(2023, 3, 15)).result, Result::kConsolidate);
  s.facts.maintenance_inspection_failed = true;
  EXPECT_EQ(at(absl::CivilDay(2020, 6, 30)).result, Result::kConsolidate);
}

TEST(EngineVectors, WorksAreOverdueThirtyDaysAfterThePlannedEnd) {
  Snapshot q = SnapshotOf(VectorNamed("q"));
  q.planned_end = q.period_end - 30;
  EXPECT_EQ(FullEngine().Evaluate(q)->explanation.result, Result::kNotApplicable);
  q.planned_end = q.period_end - 31;
  EXPECT_EQ(FullEngine().Evaluate(q)->explanation.result, Result::kRevitalize);
}

TEST(EngineVectors, ExpiredAppraisalIsNotBelieved) {
  Snapshot k = SnapshotOf(VectorNamed("k"));
  k.facts.appraisal_valid_until = k.period_end - 1;
  EXPECT_NE(FullEngine().Evaluate(k)->explanation.rule_id, "H2");
  k.facts.appraisal_valid_until.reset();
  EXPECT_EQ(FullEngine().Evaluate(k)->explanation.rule_id, "H2");
  k.facts.appraisal_id.clear();
  EXPECT_NE(FullEngine().Evaluate(k)->explanation.rule_id, "H2");
}

TEST(EngineVectors, SaysWhatWouldHaveToChange) {
  Explanation z = RunVector("z").explanation;
  ASSERT_TRUE(z.nearest_better.has_value());
  EXPECT_EQ(z.nearest_better->target, FourClass::kUpgrade);
  ASSERT_EQ(z.nearest_better->conditions.size(), 1u);
  EXPECT_EQ(z.nearest_better->conditions[0].code, "viable_d3_min");
  EXPECT_EQ(z.nearest_better->conditions[0].text_zh, "资产收益得分由29.50分提高到40.00分以上");

  Explanation u = RunVector("u").explanation;
  ASSERT_EQ(u.nearest_better->conditions.size(), 1u);
  EXPECT_EQ(u.nearest_better->conditions[0].text_zh, "连续闲置月数由3个月降到3个月以下");

  Explanation y = RunVector("y").explanation;
  EXPECT_EQ(y.nearest_better->target, FourClass::kConsolidate);
  ASSERT_EQ(y.nearest_better->conditions.size(), 1u);
  EXPECT_EQ(y.nearest_better->conditions[0].code, "open_fund_case");

  EXPECT_FALSE(RunVector("f").explanation.nearest_better.has_value());
  // Every class below the best says what would have to change.
  for (const Vector& v : AllVectors()) {
    if (!ClassOf(v.result) || v.result == Result::kConsolidate) continue;
    Explanation e = RunVector(v.name).explanation;
    ASSERT_TRUE(e.nearest_better.has_value()) << v.name;
    EXPECT_THAT(e.nearest_better->conditions, ::testing::Not(IsEmpty())) << v.name;
  }
}

TEST(EngineVectors, ContributionsAddUpToTheTotal) {
  for (const char* name : {"a", "f", "h", "q", "w", "x"}) {
    Explanation e = RunVector(name).explanation;
    int64_t sum = 0;
    int64_t weights = 0;
    for (const IndicatorTrace& x : e.indicators) {
      sum += x.contribution_bp;
      weights += x.effective_weight_bp;
    }
    EXPECT_NEAR(sum, *e.total_bp, 15) << name;  // each contribution is rounded by itself
    EXPECT_NEAR(weights, 10000, 15) << name;
  }
}

TEST(EngineVectors, LevelAndConfidence) {
  Explanation f = RunVector("f").explanation;
  EXPECT_EQ(f.level, Level::kExcellent);
  EXPECT_EQ(f.coverage_bp, 10000);
  EXPECT_EQ(f.margin_bp, 700);  // the margin of 1200 bp over 500 bp
  EXPECT_EQ(f.confidence, Confidence::kMid);
  EXPECT_EQ(RunVector("m").explanation.level, Level::kPoor);
  EXPECT_EQ(RunVector("o").explanation.confidence,
            Confidence::kLow);  // D5 4850 is 150 bp from 盘活类
}

TEST(EngineVectors, VoidSubjectIsRefused) {
  Snapshot f = SnapshotOf(VectorNamed("f"));
  f.is_void = true;
  EXPECT_EQ(ReasonOf(FullEngine().Evaluate(f).status()), "SUBJECT_VOID");
}

TEST(EngineVectors, AmbiguousSnapshotIsRefused) {
  Snapshot f = SnapshotOf(VectorNamed("f"));
  f.values.push_back(f.values[0]);
  EXPECT_EQ(ReasonOf(FullEngine().Evaluate(f).status()), "SNAPSHOT_INVALID");
  Snapshot g = SnapshotOf(VectorNamed("f"));
  ValueOf(g, "D4-02").unit = "yuan";
  EXPECT_EQ(ReasonOf(FullEngine().Evaluate(g).status()), "SNAPSHOT_INVALID");
}

TEST(EngineVectors, DefaultSetLeavesOutTheWarningLevel) {
  auto engine = Engine::Create(DefaultCriteria());
  ASSERT_TRUE(engine.ok()) << engine.status();
  Snapshot f = SnapshotOf(VectorNamed("f"));
  std::erase_if(f.values, [](const FactValue& v) { return v.code == "D5-04"; });
  Explanation e = engine->Evaluate(f)->explanation;
  EXPECT_EQ(e.result, Result::kConsolidate);
  EXPECT_EQ(*e.dimensions[4].score_bp, 8781);  // (40·8500 + 15·10000 + 25·8500) ÷ 80
  EXPECT_EQ(e.coverage_bp, 10000);
}

TEST(EngineVectors, SummaryReadsAsASentence) {
  EXPECT_THAT(RunVector("f").explanation.summary_zh,
              HasSubstr("建议列入巩固类（依据规则G1）。综合得分93.75分，等次为优"));
  EXPECT_THAT(RunVector("c").explanation.summary_zh, HasSubstr("产业链缺少冷藏保鲜环节"));
  EXPECT_THAT(RunVector("m").explanation.summary_zh, HasSubstr("四项同时具备"));
  EXPECT_THAT(RunVector("r").explanation.summary_zh, HasSubstr("在建暂不分类"));
}

}  // namespace
}  // namespace bangfu::evaluation
