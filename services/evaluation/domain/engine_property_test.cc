#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/testing/deep.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/evaluation/domain/engine.h"
#include "services/evaluation/domain/vectors_for_test.h"

namespace bangfu::evaluation {
namespace {

const Engine& FullEngine() {
  static const Engine& engine = *new Engine(*Engine::Create(BaselineV1()));
  return engine;
}

// Any snapshot that the rules must be able to answer.
class RandomSnapshots {
 public:
  explicit RandomSnapshots(uint32_t seed) : random_(seed) {}

  Snapshot Next() {
    Snapshot s;
    s.subject_id = Cat("subject-", Pick(0, 1000));
    s.subject_type = Chance(10) ? SubjectType::kIndustry : SubjectType::kProject;
    s.period = "2026-Q3";
    s.period_end = absl::CivilDay(2026, 9, 30);
    s.county_verified = true;
    s.stage = Chance(70) ? Stage::kOperating : static_cast<Stage>(Pick(0, 15));
    if (Chance(50)) s.planned_end = s.period_end + Pick(-400, 400);
    RuleFacts& f = s.facts;
    f.damaged_irreparable = Chance(5);
    f.no_revital_value = Chance(10);
    if (Chance(50)) f.appraisal_id = "appraisal";
    if (Chance(20)) f.life_expired_share_bp = Pick(0, 10000);
    f.tech_backward = Chance(40);
    if (const int cause = Pick(0, 9); cause < 9) {
      f.cause = catalogue_.causes[static_cast<size_t>(cause)].code;
    }
    f.revitalise_feasible = static_cast<Feasibility>(Pick(0, 2));
    f.open_red = Chance(10);
    f.open_fund_case = Chance(10);
    f.has_operating_assets = Chance(85);
    f.is_public_welfare_only = Chance(5);
    for (const char* link : {"SEED", "PRIMARY_PROC", "COLD_STORAGE", "BRAND"}) {
      if (Chance(30)) f.missing_links.push_back(link);
    }
    if (Chance(30)) f.open_short_boards.push_back({"b2", ShortBoardKind::kChain, "BRAND"});
    if (Chance(30)) f.open_short_boards.push_back({"b1", ShortBoardKind::kTech, ""});
    if (Chance(10)) f.production_start = s.period_end - Pick(0, 700);
    if (Chance(10)) {
      f.planting_date = s.period_end - Pick(0, 3000);
      f.cultivation_months = Pick(0, 72);
      f.maintenance_inspection_failed = Chance(30);
    }
    f.evidence = {{"tech_backward", FactSource::kExpert, "opinion-2", s.period_end},
                  {"damaged_irreparable", FactSource::kAsset, "inspection-1", s.period_end}};
    bool sparse = Chance(30);
    bool thriving = Chance(30);  // else hardly any would come near 巩固类
    for (const IndicatorDef& d : set_.indicators) {
      if (sparse && Chance(10)) continue;
      FactValue v;
      v.code = d.code;
      v.unit = d.unit;
      v.source = d.source;
      v.source_record = Cat("record-", Pick(0, 99));
      v.as_of = s.period_end - Pick(0, 60);
      int roll = sparse ? Pick(0, 99) : 50;
      v.state = roll < 8    ? FactState::kMissing
                : roll < 14 ? FactState::kNotApplicable
                            : FactState::kPresent;
      if (v.state == FactState::kPresent) {
        if (d.value_type == ValueType::kCategory) {
          v.category =
              d.categories[static_cast<size_t>(Pick(0, static_cast<int>(d.categories.size()) - 1))]
                  .code;
          if (thriving) v.category = d.categories.front().code;
          if (Chance(1)) v.category = "UNHEARD_OF";
        } else {
          int64_t low = d.breakpoints.front().raw;
          int64_t high = d.breakpoints.back().raw;
          v.number = low - 1 + Pick(0, static_cast<int>(high - low) + 2);
          if (thriving && d.direction == Direction::kHigherBetter) {
            v.number = high - (v.number - low) / 4;
          } else if (thriving) {
            v.number = low + (v.number - low) / 4;
          }
        }
      }
      s.values.push_back(v);
    }
    if (s.subject_type == SubjectType::kIndustry) {
      for (const char* code : {"D2", "D3", "D4"}) {
        if (Chance(5)) continue;
        s.aggregated.push_back(
            {code, static_cast<FactState>(Pick(1, 3)), Pick(0, 10000), Pick(0, 10000)});
      }
      s.distribution = {{Result::kUpgrade, Pick(0, 9), Pick(0, 1000000)},
                        {Result::kConsolidate, Pick(0, 9), Pick(0, 1000000)}};
    }
    s.measures = MeasureOptions(catalogue_, f);
    return s;
  }

  void Shuffle(Snapshot& s) {
    auto shuffle = [this](auto& list) { std::shuffle(list.begin(), list.end(), random_); };
    shuffle(s.values);
    shuffle(s.measures);
    shuffle(s.aggregated);
    shuffle(s.distribution);
    shuffle(s.facts.evidence);
    shuffle(s.facts.missing_links);
    shuffle(s.facts.open_short_boards);
  }

  bool Chance(int percent) { return Pick(0, 99) < percent; }
  int Pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

 private:
  std::mt19937 random_;
  CriteriaSet set_ = BaselineV1();
  MeasureCatalogue catalogue_ = ShippedCatalogue();
};

TEST(EngineProperty, EveryInputGivesExactlyOneResult) {
  RandomSnapshots random(testing::PropertySeed(20250901));
  std::vector<int> seen(8, 0);
  for (int i = 0; i < testing::Runs(6000, 200000); ++i) {
    Snapshot s = random.Next();
    auto outcome = FullEngine().Evaluate(s);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    const Explanation& e = outcome->explanation;
    ASSERT_NE(e.result, Result::kUnspecified);
    ++seen[static_cast<size_t>(e.result)];
    // Exactly one deciding rule, the last one asked; G0 only says whether it is viable.
    int deciding = 0;
    for (const RuleTrace& line : e.rules) deciding += line.fired && line.rule_id != "G0";
    ASSERT_EQ(deciding, 1) << outcome->explanation_json;
    ASSERT_EQ(e.rules.back().rule_id, e.rule_id);
    // ADJUST is proposed by H1–H4 and by nothing else.
    ASSERT_EQ(e.result == Result::kAdjust, e.rule_id[0] == 'H') << e.rule_id;
    ASSERT_EQ(e.suggestion != Result::kUnspecified, e.result == Result::kManualReview);
    ASSERT_EQ(e.result == Result::kUpgrade, !e.short_boards.empty());
    if (e.result == Result::kInsufficientData) {
      ASSERT_FALSE(e.missing.empty());
    }
    for (const DimensionTrace& d : e.dimensions) {
      ASSERT_EQ(d.score_bp.has_value(), d.state == FactState::kPresent);
      ASSERT_TRUE(!d.score_bp || (*d.score_bp >= 0 && *d.score_bp <= 10000));
    }
    // No total that leaves out a dimension silently.
    bool complete = std::none_of(e.dimensions.begin(), e.dimensions.end(),
                                 [](const auto& d) { return d.state == FactState::kMissing; });
    ASSERT_EQ(e.total_bp.has_value(), complete && e.result != Result::kNotApplicable);
  }
  for (size_t r = 1; r < seen.size(); ++r) EXPECT_GT(seen[r], 0) << "never saw result " << r;
}

TEST(EngineProperty, OrderOfTheInputsNeverMatters) {
  RandomSnapshots random(testing::PropertySeed(7));
  for (int i = 0; i < testing::Runs(1000, 20000); ++i) {
    Snapshot s = random.Next();
    std::string bytes = FullEngine().Evaluate(s)->explanation_json;
    random.Shuffle(s);
    ASSERT_EQ(FullEngine().Evaluate(s)->explanation_json, bytes);
  }
}

TEST(EngineProperty, RecomputingFromTheStoredBlobGivesTheSameBytes) {
  RandomSnapshots random(testing::PropertySeed(8));
  std::string stored_set = CanonicalJson(BaselineV1());
  auto engine = Engine::Create(*ParseCriteria(stored_set));
  ASSERT_TRUE(engine.ok());
  for (int i = 0; i < testing::Runs(1000, 20000); ++i) {
    auto first = FullEngine().Evaluate(random.Next());
    auto stored = ParseSnapshot(first->snapshot_json);
    ASSERT_TRUE(stored.ok()) << stored.status();
    auto second = engine->Evaluate(*stored);
    ASSERT_EQ(second->explanation_json, first->explanation_json);
    ASSERT_EQ(second->snapshot_json, first->snapshot_json);
  }
}

TEST(EngineProperty, JsonIsCanonicalAndReadsBack) {
  RandomSnapshots random(testing::PropertySeed(9));
  for (int i = 0; i < testing::Runs(500, 10000); ++i) {
    auto outcome = FullEngine().Evaluate(random.Next());
    // An independent writer with sorted keys produces the same bytes.
    ASSERT_EQ(nlohmann::json::parse(outcome->explanation_json).dump(), outcome->explanation_json);
    ASSERT_EQ(nlohmann::json::parse(outcome->snapshot_json).dump(), outcome->snapshot_json);
    auto back = ParseExplanation(outcome->explanation_json);
    ASSERT_TRUE(back.ok()) << back.status();
    ASSERT_EQ(*back, outcome->explanation);
  }
}

TEST(EngineProperty, OrderOfTheCriteriaNeverMatters) {
  std::mt19937 order(3);
  CriteriaSet shuffled = BaselineV1();
  std::shuffle(shuffled.indicators.begin(), shuffled.indicators.end(), order);
  std::shuffle(shuffled.dimensions.begin(), shuffled.dimensions.end(), order);
  std::reverse(shuffled.needed_sources.begin(), shuffled.needed_sources.end());
  auto engine = Engine::Create(shuffled);
  ASSERT_TRUE(engine.ok());
  EXPECT_EQ(engine->criteria_hash(), FullEngine().criteria_hash());
  RandomSnapshots random(testing::PropertySeed(10));
  for (int i = 0; i < testing::Runs(200, 4000); ++i) {
    Snapshot s = random.Next();
    ASSERT_EQ(engine->Evaluate(s)->explanation_json, FullEngine().Evaluate(s)->explanation_json);
  }
}

TEST(EngineProperty, ABetterValueNeverLowersItsDimension) {
  RandomSnapshots random(testing::PropertySeed(11));
  const CriteriaSet set = BaselineV1();
  for (int i = 0; i < testing::Runs(2000, 50000); ++i) {
    Snapshot s = random.Next();
    auto before = FullEngine().Evaluate(s)->explanation;
    if (before.dimensions.empty() || s.values.empty()) continue;
    FactValue& v =
        s.values[static_cast<size_t>(random.Pick(0, static_cast<int>(s.values.size()) - 1))];
    if (v.state != FactState::kPresent || !v.category.empty()) continue;
    auto def = std::find_if(set.indicators.begin(), set.indicators.end(),
                            [&v](const IndicatorDef& d) { return d.code == v.code; });
    v.number += def->direction == Direction::kHigherBetter ? 1 : -1;
    auto after = FullEngine().Evaluate(s)->explanation;
    for (size_t k = 0; k < before.dimensions.size(); ++k) {
      if (!before.dimensions[k].score_bp) continue;
      ASSERT_GE(*after.dimensions[k].score_bp, *before.dimensions[k].score_bp);
    }
  }
}

TEST(EngineProperty, R044_MissingDataNeverMakesAdjustByScores) {
  // Leaving out reports must not lead into 调整类: H4 needs scores that are there.
  RandomSnapshots random(testing::PropertySeed(12));
  for (int i = 0; i < testing::Runs(3000, 100000); ++i) {
    Snapshot s = random.Next();
    if (s.subject_type != SubjectType::kProject) continue;
    s.values.clear();
    auto e = FullEngine().Evaluate(s)->explanation;
    ASSERT_TRUE(e.result != Result::kAdjust || e.rule_id == "H1" || e.rule_id == "H2");
  }
}

}  // namespace
}  // namespace bangfu::evaluation
