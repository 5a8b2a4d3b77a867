// Projects found again: pages, search, those that cover a region, and what a deep page costs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/registry/api/registry_for_test.h"
#include "services/registry/store/project_list_store.h"
#include "services/registry/store/record_table.h"

namespace bangfu::registry {
namespace {

TEST_F(RegistryTest, ListsPageWithoutGapOrDouble) {
  std::set<std::string> made;
  for (int i = 0; i < 7; ++i) {
    v1::Project p =
        SomeProject(absl::StrCat("分页项目", i), i % 2 == 0 ? kVillage : "360733101001");
    p.set_year(2015 + i);
    const auto one = Register(p, county_);
    ASSERT_THAT(one, IsOk());
    made.insert(one->id());
  }
  for (const v1::ProjectOrder order : {v1::PROJECT_ORDER_REGION, v1::PROJECT_ORDER_UPDATED_DESC}) {
    v1::ListProjectsRequest list;
    list.set_page_size(3);
    list.set_region_code("360733");
    list.set_order(order);
    std::set<std::string> seen;
    int pages = 0;
    do {
      const v1::ListProjectsResponse page = List(list, county_);
      for (const v1::Project& p : page.projects()) EXPECT_TRUE(seen.insert(p.id()).second);
      list.set_page_token(page.next_page_token());
      ASSERT_LT(++pages, 10);
    } while (!list.page_token().empty());
    EXPECT_EQ(seen, made);
    EXPECT_EQ(pages, 3);
  }
  v1::ListProjectsRequest filter;
  filter.set_region_code("360733101");
  filter.set_year_from(2016);
  filter.set_year_to(2018);
  EXPECT_EQ(List(filter, county_).projects_size(), 2);
  filter.add_states(v1::PROJECT_STATE_IDLE);
  EXPECT_EQ(List(filter, county_).projects_size(), 0);
  filter.clear_states();
  filter.set_fund_source_code("LEGACY_SPECIAL");
  EXPECT_EQ(List(filter, county_).projects_size(), 2);
  filter.set_page_token("garbage");
  EXPECT_THAT(Call<v1::ListProjectsResponse>(kP, "ListProjects", filter, county_),
              StatusIs(Code::kInvalidArgument));
}

TEST_F(RegistryTest, ChineseTextIsFoundByItsCharacters) {
  ASSERT_THAT(Register(SomeProject("水东村脐橙冷库建设项目"), county_), IsOk());
  ASSERT_THAT(Register(SomeProject("水东村蔬菜大棚"), county_), IsOk());
  const auto search = [&](const char* text, const std::string& token) {
    v1::SearchProjectsRequest request;
    request.set_query(text);
    const auto found = Call<v1::SearchProjectsResponse>(kP, "SearchProjects", request, token);
    EXPECT_THAT(found, IsOk());
    return found.ok() ? found->projects_size() : -1;
  };
  EXPECT_EQ(search("脐橙冷库", county_), 1);
  EXPECT_EQ(search("蔬菜", county_), 1);
  EXPECT_EQ(search("水东", county_), 2);
  EXPECT_EQ(search("ＬＥＮＧ冷庫", county_), 0);
  EXPECT_EQ(search("冷庫", county_),
            2);  // traditional characters match simplified ones (content of both)
  EXPECT_EQ(search("油茶", county_), 0);
  EXPECT_EQ(search("水东", other_county_), 0);
  v1::SearchProjectsRequest request;
  request.set_query("冷");
  EXPECT_THAT(Call<v1::SearchProjectsResponse>(kP, "SearchProjects", request, county_),
              StatusIs(Code::kInvalidArgument));
}

TEST_F(RegistryTest, R064_RegionalProjectsAreSeenFromEveryRegionTheyCover) {
  v1::Project p = SomeProject("两县脐橙全产业链", "360733");
  p.set_category("FULL_CHAIN");
  p.set_regional_full_chain(true);
  EXPECT_THAT(Register(p, county_), HasViolation("project.covered_regions"));
  for (const char* code : {"360733100", "360783", "360733100001"}) {
    v1::CoveredRegion& c = *p.add_covered_regions();
    c.set_region_code(code);
    c.set_share_bp(3000);
  }
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->covered_regions(1).region_path(), "360783");
  // The other county sees it and cannot write it.
  EXPECT_THAT(Get(made->id(), other_county_), IsOk());
  EXPECT_THAT(Update(*made, {"note"}, other_county_), StatusIs(Code::kNotFound));
  v1::ListProjectsRequest list;
  list.set_region_code("360783");
  EXPECT_EQ(List(list, other_county_).projects_size(), 0);
  list.set_include_covering(true);
  EXPECT_EQ(List(list, other_county_).projects_size(), 1);
}

TEST_F(RegistryTest, ADeepPageCostsNoMoreThanTheFirst) {
  ASSERT_THAT(Register(SomeProject("种子", "360783100001"), other_county_), IsOk());
  // Thousands in one village, all changed at one instant: the worst that a keyset can meet.
  server_.database().Run(
      "INSERT INTO project SELECT UNHEX(MD5(CONCAT(c.list, c.code, d.code))), "
      "LEFT(MD5(CONCAT(c.list, "
      "c.code, d.code)), 30), p.region_path, p.county_path, p.state, p.verification_state, "
      "p.origin, "
      "p.project_type, p.category, p.industry_code, NULL, NULL, NULL, p.year, 0, 0, 0, 0, 1, "
      "p.updated_at, p.record FROM project p JOIN code c JOIN (SELECT code FROM code WHERE list = "
      "'MEASURE') d;");
  ASSERT_GT(Int("SELECT COUNT(*) FROM project"), 5000);
  mysql::Session& db = server_.database().db();
  const auto rows_read = [&](const ProjectQuery& query) -> int64_t {
    const auto before = db.Query("SHOW SESSION STATUS LIKE 'Handler_read%'");
    const auto page = ListProjects(db, query);
    EXPECT_THAT(page, IsOk());
    EXPECT_EQ(page->size(), 51u);
    const auto after = db.Query("SHOW SESSION STATUS LIKE 'Handler_read%'");
    int64_t sum = 0;
    for (size_t i = 0; i < after->size(); ++i) {
      int64_t a = 0, b = 0;
      EXPECT_TRUE(absl::SimpleAtoi((*after)[i].String(1), &a));
      EXPECT_TRUE(absl::SimpleAtoi((*before)[i].String(1), &b));
      sum += a - b;
    }
    return sum;
  };
  const auto key_at = [&](int offset) {
    const auto rows = db.Query("SELECT id FROM project ORDER BY id LIMIT 1 OFFSET ?", {offset});
    return (*rows)[0].Id(0);
  };
  ProjectQuery query;
  query.scope = {"360783"};
  query.limit = 51;
  const int64_t first = rows_read(query);
  query.after = After{"360783100001", key_at(4000)};
  EXPECT_LE(rows_read(query), first + 20);
  query.updated_in_county = "360783";
  query.after_updated = server_.clock().Now();
  EXPECT_LE(rows_read(query), first + 20);
}

}  // namespace
}  // namespace bangfu::registry
