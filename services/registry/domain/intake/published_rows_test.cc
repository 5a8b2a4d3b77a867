// Every row that was published goes through the importer's rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "common/printed/amount.h"
#include "common/printed/region_matcher.h"
#include "common/printed/sample_for_test.h"
#include "services/registry/domain/intake/project_table.h"

namespace bangfu::registry::intake {
namespace {

using ::testing::ElementsAre;
using F = ProjectField;
using printed::MatchGrade;
using printed::ParseState;

class PublishedRows : public ::testing::Test {
 protected:
  void SetUp() override {
    table_ = printed::SampleTable("published-projects.csv");
    int header_rows = 0;
    auto map = FindHeader({table_[0], table_[1], table_[2]}, &header_rows);
    ASSERT_TRUE(map.ok()) << map.status();
    ASSERT_EQ(header_rows, 1);
    for (size_t c = 0; c < map->columns.size(); ++c) {
      EXPECT_EQ(map->columns[c].field == F::kIgnored, table_[0][c] == "amount_fen") << table_[0][c];
    }
    ProjectTableParser parser(*map);
    for (size_t i = 1; i < table_.size(); ++i)
      rows_.push_back(parser.Parse(static_cast<int64_t>(i) + 1, table_[i]));
    ASSERT_EQ(rows_.size(), 184U);
    FoldLongRows(&rows_);
    MarkProgrammeSources(&rows_);
  }

  const ParsedProjectRow& Row(int64_t row_no) const {
    for (const ParsedProjectRow& row : rows_) {
      if (row.row_no == row_no) return row;
    }
    ADD_FAILURE() << row_no;
    return rows_[0];
  }
  const ParsedProjectRow& Named(std::string_view part) const {
    for (const ParsedProjectRow& row : rows_) {
      if (StrContains(row.Text(F::kProjectName), part)) return row;
    }
    ADD_FAILURE() << part;
    return rows_[0];
  }
  std::map<std::string, int> Outcomes() const {
    std::map<std::string, int> out;
    for (const ParsedProjectRow& row : rows_)
      ++out[std::string(RowOutcomeName(row.report.outcome))];
    return out;
  }

  std::vector<std::vector<std::string>> table_;
  std::vector<ParsedProjectRow> rows_;
};

TEST_F(PublishedRows, EveryAmountIsTheOneThatAPersonRead) {
  for (const ParsedProjectRow& row : rows_) {
    const std::string& fen = table_[static_cast<size_t>(row.row_no) - 1][12];
    const std::string& text = table_[static_cast<size_t>(row.row_no) - 1][11];
    if (fen.empty()) {
      EXPECT_FALSE(row.planned_total.fen.has_value()) << row.row_no << " " << text;
    } else {
      EXPECT_EQ(absl::StrCat(row.planned_total.fen.value_or(-1)), fen) << row.row_no << " " << text;
    }
    EXPECT_EQ(row.planned_total.raw, text);
  }
}

TEST_F(PublishedRows, NothingIsLostAndNothingIsFoldedAway) {
  EXPECT_EQ(rows_.size(), 184U);  // the 68 equal rows of 68 villages are 68 projects
  int equal = 0;
  std::set<std::string> keys;
  for (const ParsedProjectRow& row : rows_) {
    EXPECT_TRUE(row.folded_rows.empty());
    EXPECT_FALSE(row.report.Has("DUPLICATE_ROW")) << row.row_no;
    if (row.Text(F::kSourceId) != "S042") continue;
    ++equal;
    keys.insert(row.key);
    EXPECT_EQ(row.planned_total.fen, 10000000);
    // 发展基金680万元 is the money of all 68.
    EXPECT_EQ(row.sources.items[0].amount.state, ParseState::kSplitUnknown);
    EXPECT_EQ(row.sources.items[0].amount.programme_fen, 680000000);
    EXPECT_EQ(row.report.outcome, RowOutcome::kWarned);
  }
  EXPECT_EQ(equal, 68);
  EXPECT_EQ(keys.size(), 68U);
}

TEST_F(PublishedRows, Outcomes) {
  EXPECT_EQ(Outcomes(), (std::map<std::string, int>{
                            {"CREATED", 11}, {"WARNED", 133}, {"HELD", 11}, {"REFUSED", 29}}));
  std::map<std::string, int> states;
  for (const ParsedProjectRow& row : rows_)
    ++states[std::string(printed::ParseStateName(row.planned_total.state))];
  EXPECT_EQ(states["MASKED"], 3);
  EXPECT_EQ(states["APPROXIMATE"], 4);
  EXPECT_EQ(states["EXACT"] + states["ABSENT"], 177);
}

TEST_F(PublishedRows, OutcomesWithPlaces) {
  const printed::RegionMatcher matcher(printed::SampleRegions(), printed::SampleHistory());
  for (ParsedProjectRow& row : rows_) MatchRegion(matcher, &row);
  // 139 more rows are of other provinces; two have no province and no county of Jiangxi.
  EXPECT_EQ(Outcomes(), (std::map<std::string, int>{
                            {"CREATED", 1}, {"WARNED", 12}, {"HELD", 3}, {"REFUSED", 168}}));
  for (const ParsedProjectRow& row : rows_) {
    const std::string_view province = row.Text(F::kProvince);
    if (row.report.Has("SUMMARY_ONLY")) continue;
    EXPECT_EQ(row.report.Has("OTHER_PROVINCE"), !province.empty() && province != "江西省")
        << row.row_no;
  }
  EXPECT_EQ(Named("茶叶1000亩种植").region.code, "360323102207");
  EXPECT_EQ(Named("新港镇产业创新孵化园").region.code, "360402102208");    // no county written
  EXPECT_EQ(Named("光伏扩面工程").region.grade, MatchGrade::kShort);       // 新池 = 新池村
  const ParsedProjectRow& jiujiang = Named("2015年度农田水利项目县建设");  // 九江县 of 2015
  ASSERT_EQ(jiujiang.covered_regions.size(), 3U);
  EXPECT_EQ(jiujiang.covered_regions[0].code, "360404202");
  EXPECT_EQ(jiujiang.covered_regions[0].grade, MatchGrade::kAtYear);
  EXPECT_EQ(jiujiang.covered_regions[2].code, "360404002");  // 狮子镇 is 狮子街道 today
}

// Types and industries that only the names speak of are proposed for as many rows as their words
// reach; no value comes of them.
TEST_F(PublishedRows, WordsOfCellsAreReadAndWordsOfNamesProposed) {
  int types = 0, type_proposals = 0, industries = 0, industry_proposals = 0;
  for (const ParsedProjectRow& row : rows_) {
    types += row.project_type.empty() ? 0 : 1;
    type_proposals += row.type_proposal.empty() ? 0 : 1;
    industries += row.industry.empty() ? 0 : 1;
    industry_proposals += row.industry_proposal.empty() ? 0 : 1;
    EXPECT_TRUE(row.type_proposal.empty() || row.project_type.empty()) << row.row_no;
  }
  EXPECT_EQ(types, 14);
  EXPECT_EQ(type_proposals, 42);
  EXPECT_EQ(industries, 0);  // the tables have no such column
  EXPECT_EQ(industry_proposals, 17);
  EXPECT_EQ(Named("鹅湖村老街").industry_proposal, "");
  EXPECT_EQ(Named("高锶鱼产业").industry_proposal, "AQUATIC");
}

TEST_F(PublishedRows, UnitsAndDecimals) {
  EXPECT_EQ(Named("2018年产业扶贫项目").planned_total.fen, 724712484);
  EXPECT_EQ(Named("姜畈村高桥危桥").planned_total.fen, 15999326);
  EXPECT_EQ(Named("禾丰产业园").planned_total.fen, 60000000000);
  EXPECT_TRUE(Named("禾丰产业园").report.Has("IMPLAUSIBLE"));
  EXPECT_EQ(Named("茶叶1000亩种植").planned_total.state, ParseState::kApproximate);
  EXPECT_EQ(Named("2015年度农田水利项目县建设").planned_total.low_fen, 1500000000);
  EXPECT_EQ(Named("乌拉台乡二宫村休闲渔业").planned_total.state, ParseState::kMasked);
  EXPECT_EQ(Named("路下乡文创集镇").planned_total.state, ParseState::kMasked);
}

TEST_F(PublishedRows, SourcesAndSums) {
  EXPECT_TRUE(Named("西源乡禁捕退捕").report.Has("SUM_ROUNDING"));  // 313.2 + 134.72 against 447.91
  EXPECT_EQ(Named("西源乡禁捕退捕").report.outcome, RowOutcome::kWarned);
  EXPECT_EQ(Named("兴仁镇川裕村渠道").report.outcome, RowOutcome::kHeld);  // 173 of 206.7
  EXPECT_TRUE(Named("兴仁镇川裕村渠道").report.Has("SUM_MISMATCH"));
  EXPECT_TRUE(Named("黄泉至跑水道路").report.Has("IMPLAUSIBLE"));  // 2950千米
  EXPECT_FALSE(Named("城乡义务教育").report.Has("SUM_MISMATCH"));  // 125.5 + 91.2 + 24.6
  const ParsedProjectRow& both = Named("洛克乡种植业基地");
  EXPECT_EQ(both.planned_total.fen, 340000000);
  EXPECT_EQ(both.this_allocation->fen, 310000000);
  EXPECT_FALSE(both.report.Has("SUM_MISMATCH"));
  for (const printed::DeclaredSource& s : Named("2018年贫困人口医疗").sources.items) {
    EXPECT_EQ(s.amount.state, ParseState::kSplitUnknown);  // of the whole table
  }
  EXPECT_EQ(Named("茶叶1000亩种植").sources.items[0].amount.state,
            ParseState::kSplitUnknown);                           // 每年投入1000万元
  const ParsedProjectRow& three = Named("苍南县循环经济小微园");  // 348 = 300 + 48 or beside them?
  EXPECT_FALSE(three.planned_total.fen.has_value());
  ASSERT_EQ(three.sources.items.size(), 3U);
  EXPECT_EQ(three.sources.items[2].amount.fen, 348000000);
}

TEST_F(PublishedRows, RollUpsAreNoProjects) {
  for (std::string_view name :
       {"农业产业项目", "100家新型经营主体", "10个扶贫龙头企业", "产业发展项目1个", "6个深度贫困村",
        "2023年衔接资金安排—中央", "2023年度中央衔接补助资金小计", "国家农业综合开发项目54个",
        "一事一议财政奖补项目100个"}) {
    EXPECT_TRUE(Named(name).report.Has("SUMMARY_ONLY")) << name;
    EXPECT_EQ(Named(name).report.outcome, RowOutcome::kRefused);
  }
  EXPECT_EQ(Named("市派第一书记项目").report.outcome, RowOutcome::kHeld);  // perhaps one: asked
  EXPECT_EQ(Named("泽库县2个村发展新型农村集体经济项目").kind, RowKind::kItem);
}

TEST_F(PublishedRows, Villages) {
  const ParsedProjectRow& incubator = Named("新港镇产业创新孵化园");
  EXPECT_EQ(incubator.villages.names.size(), 6U);
  EXPECT_EQ(incubator.villages.stated_count, 7);
  EXPECT_TRUE(incubator.report.Has("LIST_INCOMPLETE"));
  EXPECT_EQ(Named("清水县三类户").townships.names.size(), 17U);
  EXPECT_EQ(Named("苍南县循环经济小微园").villages.stated_count, 15);
  const ParsedProjectRow& first = Row(2);
  ASSERT_EQ(first.villages.names.size(), 2U);
  EXPECT_EQ(first.villages.names[1].name, "邑等村");
  EXPECT_FALSE(first.villages.incomplete);
}

TEST_F(PublishedRows, TheSameFileGivesTheSameKeys) {
  int n = 0;
  auto map = FindHeader({table_[0]}, &n);
  ASSERT_TRUE(map.ok());
  ProjectTableParser parser(*map);
  for (size_t i = 1; i < table_.size(); ++i) {
    const ParsedProjectRow again = parser.Parse(static_cast<int64_t>(i) + 1, table_[i]);
    EXPECT_EQ(again.key, rows_[i - 1].key);
    EXPECT_EQ(again.kind, rows_[i - 1].kind);
  }
}

}  // namespace
}  // namespace bangfu::registry::intake
