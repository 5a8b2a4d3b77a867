#include "services/ctl/ledger.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace bangfu::ctl {
namespace {

using evaluation::v1::T14;
using evaluation::v1::T14Row;

// Every kind of project once, and one more for each after it.
T14Row Row(const std::string& code) {
  T14Row row;
  row.set_region_code(code);
  row.set_region_name("龙南市");
  int count = 0;
  for (int value = type::v1::FOUR_CLASS_CONSOLIDATE; value <= type::v1::FOUR_CLASS_ADJUST;
       ++value) {
    evaluation::v1::ClassFigure* figure = row.add_project_classes();
    figure->set_class_(static_cast<type::v1::FourClass>(value));
    figure->set_count(++count);
  }
  row.set_insufficient_data(++count);
  row.set_manual_review(++count);
  row.set_not_applicable(++count);
  row.set_under_way(++count);
  row.set_not_evaluated(++count);
  row.set_projects(count * (count + 1) / 2);
  row.set_counts_every_project(true);
  return row;
}

// The cells of each line of the rendered table but the rule below the header.
std::vector<std::vector<std::string>> Cells(const T14& table) {
  std::istringstream lines(RenderT14(table));
  std::vector<std::vector<std::string>> out;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    std::vector<std::string>& cells = out.emplace_back();
    for (std::string cell; in >> cell;) cells.push_back(cell);
  }
  if (out.size() > 1) out.erase(out.begin() + 1);
  return out;
}

TEST(LedgerTest, ARowOfT14SumsToItsProjects) {
  T14 table;
  *table.add_rows() = Row("360783");
  *table.mutable_sum() = Row("3607");
  const std::vector<std::vector<std::string>> lines = Cells(table);
  ASSERT_EQ(lines.size(), 3u);
  const std::vector<std::string>&names = lines[0], &values = lines[1];
  ASSERT_EQ(names.size(), values.size());
  int64_t projects = 0, sum = 0;
  bool counted = false;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "项目") projects = std::stoll(values[i]);
    if (names[i] == "巩固") counted = true;
    if (counted) sum += std::stoll(values[i]);
    if (names[i] == "未评估") counted = false;
  }
  EXPECT_EQ(projects, 45);
  EXPECT_EQ(sum, projects);
  EXPECT_FALSE(counted);
}

TEST(LedgerTest, WhatAnOlderFrozenRowNeverCountedIsBlank) {
  T14 table;
  *table.mutable_sum() = Row("3607");
  table.mutable_sum()->set_under_way(0);
  const std::string counted = RenderT14(table);
  table.mutable_sum()->set_counts_every_project(false);
  const std::string older = RenderT14(table);
  const auto digits = [](const std::string& text) {
    return std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  EXPECT_EQ(digits(counted) - digits(older), 2);  // 待认定 0, 未评估 9
}

// None known is no zero.
TEST(LedgerTest, T14ShowsDisposalsWhereTheyAreKnown) {
  T14 table;
  *table.add_rows() = Row("360783");
  *table.add_rows() = Row("360733");
  *table.mutable_sum() = Row("3607");
  table.mutable_rows(0)->set_disposal_count(2);
  table.mutable_rows(0)->set_disposal_amount_fen(123'456'700);
  table.mutable_rows(1)->set_disposal_count(0);
  table.mutable_rows(1)->set_disposal_amount_fen(0);
  const std::vector<std::vector<std::string>> lines = Cells(table);
  ASSERT_EQ(lines.size(), 4u);
  const auto column = [&](const std::string& name) {
    const std::vector<std::string>& header = lines[0];
    const size_t at =
        static_cast<size_t>(std::find(header.begin(), header.end(), name) - header.begin());
    std::vector<std::string> out;
    for (size_t i = 1; i < lines.size(); ++i) {
      out.push_back(at < lines[i].size() ? lines[i][at] : "no such column");
    }
    return out;
  };
  EXPECT_EQ(column("处置数"), (std::vector<std::string>{"2", "0", "—"}));
  EXPECT_EQ(column("处置额(万元)"), (std::vector<std::string>{"123.4567", "0", "—"}));
}

TEST(LedgerTest, EveryKindOfProjectAddsUpToTheSum) {
  T14 table;
  *table.add_rows() = Row("360783");
  *table.mutable_sum() = Row("3607");
  EXPECT_TRUE(CheckT14Sum(table).ok());
  table.mutable_sum()->set_not_evaluated(8);
  EXPECT_FALSE(CheckT14Sum(table).ok());
  table.mutable_sum()->set_not_evaluated(9);
  table.mutable_sum()->set_under_way(7);
  EXPECT_FALSE(CheckT14Sum(table).ok());
}

TEST(LedgerTest, DisposalsAddUpToTheSumWhereItHasThem) {
  T14 table;
  *table.add_rows() = Row("360783");
  *table.mutable_sum() = Row("3607");
  table.mutable_rows(0)->set_disposal_count(2);
  table.mutable_rows(0)->set_disposal_amount_fen(300);
  EXPECT_TRUE(CheckT14Sum(table).ok());  // another county's are not known
  table.mutable_sum()->set_disposal_count(2);
  table.mutable_sum()->set_disposal_amount_fen(300);
  EXPECT_TRUE(CheckT14Sum(table).ok());
  table.mutable_sum()->set_disposal_amount_fen(299);
  EXPECT_FALSE(CheckT14Sum(table).ok());
}

}  // namespace
}  // namespace bangfu::ctl
