// Reference data but for regions: offices, taxonomy, codes, parameters, fund sources, calendar.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::AllOf;
using ::testing::SizeIs;

TEST_F(RegistryTest, R065_ClauseMatrixNamesTheOffices) {
  const auto matrix = Call<v1::GetClauseMatrixResponse>(kOrganisations, "GetClauseMatrix",
                                                        v1::GetClauseMatrixRequest(), county_);
  ASSERT_THAT(matrix, IsOk());
  ASSERT_EQ(matrix->rows_size(), 14);
  std::map<std::string, std::set<std::string>> offices;
  for (const v1::ClauseResponsibility& row : matrix->rows()) {
    EXPECT_TRUE(row.binds_city_and_county_bureaus());
    for (const v1::Organisation& o : row.offices()) offices[row.clause()].insert(o.name());
  }
  EXPECT_THAT(offices["四"], SizeIs(11));
  EXPECT_EQ(offices["六"], (std::set<std::string>{"市场处", "监管处"}));
  EXPECT_THAT(offices["九"], SizeIs(10));
  EXPECT_THAT(offices["十五"], SizeIs(10));
  EXPECT_EQ(offices["十二"], offices["十四"]);
}

TEST_F(RegistryTest, R060_SpecialitiesAreImportedUnderTheirMajor) {
  v1::ListIndustryCategoriesRequest list;
  list.set_level(v1::INDUSTRY_LEVEL_MAJOR);
  const auto majors =
      Call<v1::ListIndustryCategoriesResponse>(kTaxonomy, "ListIndustryCategories", list, county_);
  ASSERT_THAT(majors, IsOk());
  EXPECT_EQ(majors->categories_size(), 7);

  v1::ImportIndustryCategoriesRequest import;
  v1::IndustryCategory& c = *import.add_categories();
  c.set_taxonomy_version("2025-7");
  c.set_code("CAMELLIA");
  c.set_name("油茶");
  c.set_level(v1::INDUSTRY_LEVEL_SPECIALITY);
  c.set_parent_code("NOBODY");
  c.set_cultivation_months(60);
  EXPECT_THAT(Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories",
                                                         import, admin_),
              StatusIs(Code::kInvalidArgument, "PARENT_UNKNOWN"));
  c.set_parent_code("OIL");
  EXPECT_THAT(Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories",
                                                         import, county_),
              StatusIs(Code::kPermissionDenied));
  auto imported = Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories",
                                                             import, admin_);
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->created(), 1);
  imported = Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories",
                                                        import, admin_);
  EXPECT_EQ(imported->unchanged(), 1);
  v1::Project p = SomeProject();
  p.set_industry_code("CAMELLIA");
  EXPECT_THAT(Register(p, county_), IsOk());
  p.set_industry_code("COLD_STORAGE");  // a chain link is no industry
  EXPECT_THAT(Register(p, county_), StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"));
}

// As many as the province names; the list itself is the province's.
TEST_F(RegistryTest, R060_The134SpecialitiesAreImportedInOneCall) {
  constexpr int kSpecialities = 134;
  v1::ListIndustryCategoriesRequest list;
  list.set_level(v1::INDUSTRY_LEVEL_MAJOR);
  const auto majors =
      Call<v1::ListIndustryCategoriesResponse>(kTaxonomy, "ListIndustryCategories", list, county_);
  ASSERT_THAT(majors, IsOk());
  ASSERT_EQ(majors->categories_size(), 7);
  list.set_level(v1::INDUSTRY_LEVEL_SPECIALITY);
  list.set_page_size(500);
  const auto specialities = [&] {
    std::set<std::string> codes;
    const auto there = Call<v1::ListIndustryCategoriesResponse>(kTaxonomy, "ListIndustryCategories",
                                                                list, county_);
    EXPECT_THAT(there, IsOk());
    for (const v1::IndustryCategory& c : there->categories()) codes.insert(c.code());
    return codes;
  };
  const size_t before = specialities().size();

  v1::ImportIndustryCategoriesRequest import;
  for (int i = 1; i <= kSpecialities; ++i) {
    v1::IndustryCategory& c = *import.add_categories();
    c.set_taxonomy_version("2025-7");
    c.set_code(absl::StrFormat("SPECIALITY_%03d", i));
    c.set_name(absl::StrCat("特色产业", i));
    c.set_level(v1::INDUSTRY_LEVEL_SPECIALITY);
    c.set_parent_code(majors->categories(i % majors->categories_size()).code());
    c.set_cultivation_months(12 + i);
  }
  // All or none: the last of them has no major.
  import.mutable_categories(kSpecialities - 1)->set_parent_code("NOBODY");
  EXPECT_THAT(Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories",
                                                         import, admin_),
              StatusIs(Code::kInvalidArgument, "PARENT_UNKNOWN"));
  EXPECT_EQ(specialities().size(), before);

  import.mutable_categories(kSpecialities - 1)->set_parent_code(majors->categories(0).code());
  const auto run = [&] {
    return Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories", import,
                                                      admin_);
  };
  auto imported = run();
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->created(), kSpecialities);
  const std::set<std::string> after = specialities();
  EXPECT_EQ(after.size(), before + kSpecialities);
  for (const v1::IndustryCategory& c : import.categories()) {
    EXPECT_TRUE(after.contains(c.code())) << c.code();
  }
  // Once more: one that was renamed, the others as they stand.
  import.mutable_categories(66)->set_name("改名的特色产业");
  imported = run();
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->created(), 0);
  EXPECT_EQ(imported->updated(), 1);
  EXPECT_EQ(imported->unchanged(), kSpecialities - 1);
  // A project is registered under the first and the last of them.
  for (const char* code : {"SPECIALITY_001", "SPECIALITY_134"}) {
    v1::Project p = SomeProject();
    p.set_name(absl::StrCat("项目", code));
    p.set_industry_code(code);
    EXPECT_THAT(Register(p, county_), IsOk());
  }
}

TEST_F(RegistryTest, R013_FurtherFundSourcesAreData) {
  v1::Project p = SomeProject();
  p.clear_declared_funding();
  Fund(&p, "EMERGENCY_FUND", 100, "1元");
  EXPECT_THAT(Register(p, county_), AllOf(StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"),
                                          HasViolation("project.declared_funding[0].source_code")));
  v1::CreateCodesRequest create;
  v1::Code& code = *create.add_codes();
  code.set_list("FUND_SOURCE");
  code.set_code("EMERGENCY_FUND");
  code.set_name_zh("应急资金");
  v1::CodeAttribute& a = *code.add_attributes();
  a.set_name("is_public");
  a.set_value("1");
  EXPECT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, county_),
              StatusIs(Code::kPermissionDenied));
  const auto created = Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->codes(0).version(), 2);
  EXPECT_THAT(Register(p, county_), IsOk());
  // A code that has ended is not taken any more.
  create.clear_request_id();
  create.mutable_codes(0)->mutable_valid_to()->set_year(2020);
  create.mutable_codes(0)->mutable_valid_to()->set_month(12);
  create.mutable_codes(0)->mutable_valid_to()->set_day(31);
  ASSERT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_), IsOk());
  EXPECT_THAT(Register(p, county_), StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"));
}

TEST_F(RegistryTest, ACodeOfAnotherListIsUnknown) {
  v1::Project p = SomeProject();
  p.set_project_type(p.declared_funding(0).source_code());  // both lists are read for this project
  EXPECT_THAT(Register(p, county_), AllOf(StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"),
                                          HasViolation("project.project_type")));
}

TEST_F(RegistryTest, R030_AMeasureNamesItsClass) {
  v1::CreateCodesRequest create;
  v1::Code* code = create.add_codes();
  code->set_list("MEASURE");
  code->set_code("LIVE_STREAMING");
  code->set_name_zh("直播带货");
  EXPECT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_),
              HasViolation("codes[0].attributes"));
  code->add_attributes()->set_name("class");
  code->mutable_attributes(0)->set_value("BEST");
  EXPECT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_),
              HasViolation("codes[0].attributes"));
  code->mutable_attributes(0)->set_value("UPGRADE");
  EXPECT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_), IsOk());
}

TEST_F(RegistryTest, ParametersAreServed) {
  const auto parameters = Call<v1::ListParametersResponse>(kCodes, "ListParameters",
                                                           v1::ListParametersRequest(), county_);
  ASSERT_THAT(parameters, IsOk());
  v1::SetParameterRequest set;
  set.set_code("CITY_SAMPLE_BP");
  set.set_value(1500);
  set.set_reason("省厅确认");
  set.set_etag("1");
  const auto changed = Call<v1::Parameter>(kCodes, "SetParameter", set, admin_);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->value(), 1500);
  EXPECT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", set, admin_),
              StatusIs(Code::kAborted, "ETAG_MISMATCH"));
}

TEST_F(RegistryTest, R010_HowFarTheSurveyReachesBackIsData) {
  v1::SetParameterRequest set;
  set.set_code("INVENTORY_SCOPE_START_YEAR");
  set.set_value(2014);
  set.set_reason("省厅确认");
  set.set_etag("1");
  ASSERT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", set, admin_), IsOk());
  v1::Project p = SomeProject();
  p.set_year(2013);
  EXPECT_THAT(Register(p, county_), HasViolation("project.year"));
  p.set_year(2014);
  EXPECT_THAT(Register(p, county_), IsOk());
}

TEST_F(RegistryTest, NoTermIsLongerThanTenYears) {
  v1::SetParameterRequest set;
  set.set_code("NOTICE_REVIEW_DAYS");
  set.set_reason("省厅确认");
  set.set_etag("1");
  for (const int64_t days : {int64_t{3661}, int64_t{1} << 32}) {
    set.set_value(days);
    EXPECT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", set, admin_), HasViolation("value"))
        << days;
  }
  set.set_value(3660);
  EXPECT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", set, admin_), IsOk());
}

TEST_F(RegistryTest, TheAuditIsNotKeptForLessThanItsLeastYears) {
  v1::SetParameterRequest set;
  set.set_code("AUDIT_KEEP_YEARS");
  set.set_reason("省厅确认");
  set.set_etag("2");  // V0031 renamed it
  for (const int64_t few : {0, 1, 9}) {
    set.set_value(few);
    EXPECT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", set, admin_), HasViolation("value"))
        << few;
  }
  set.set_value(10);
  const auto changed = Call<v1::Parameter>(kCodes, "SetParameter", set, admin_);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->value(), 10);
}

TEST_F(RegistryTest, R003_R005_TargetDaysAreParametersAndDays) {
  v1::SetParameterRequest set;
  set.set_code("TWO_YEAR_TARGET_DATE");
  set.set_reason("省厅确认");
  set.set_etag("1");
  for (const int64_t none : {0, 20271301, 20270230, 2027}) {
    set.set_value(none);
    EXPECT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", set, admin_), HasViolation("value"))
        << none;
  }
  set.set_value(20271231);
  const auto changed = Call<v1::Parameter>(kCodes, "SetParameter", set, admin_);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->value(), 20271231);
}

TEST_F(RegistryTest, R017_SourcesAndTheirDepartmentsAreVersionedData) {
  v1::ListFundSourceDepartmentsRequest list;
  const auto before = Call<v1::ListFundSourceDepartmentsResponse>(
      kCodes, "ListFundSourceDepartments", list, county_);
  ASSERT_THAT(before, IsOk());
  const auto ethnic =
      std::find_if(before->rows().begin(), before->rows().end(), [](const auto& row) {
        return row.source_code() == "BRIDGE_CENTRAL" && row.task_code() == "ETHNIC";
      });
  ASSERT_NE(ethnic, before->rows().end());
  EXPECT_EQ(ethnic->department_code(), "ETHNIC_AFFAIRS");
  EXPECT_TRUE(ethnic->unconfirmed());
  // The money before 衔接资金 had its tasks.
  for (const char* source : {"BRIDGE_CENTRAL", "BRIDGE_PROVINCE", "LEGACY_SPECIAL"}) {
    std::map<std::string, std::string> departments;
    for (const auto& row : before->rows()) {
      if (row.source_code() == source) departments[row.task_code()] = row.department_code();
    }
    EXPECT_EQ(departments,
              (std::map<std::string, std::string>{{"ETHNIC", "ETHNIC_AFFAIRS"},
                                                  {"STATE_FOREST", "FORESTRY"},
                                                  {"WORK_RELIEF", "DEVELOPMENT_REFORM"}}))
        << source;
  }
  v1::SetFundSourceDepartmentRequest set;
  v1::FundSourceDepartment& row = *set.mutable_row();
  row.set_source_code("LOTTERY");
  row.set_department_code("NO_SUCH");
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"));
  row.set_department_code("FINANCE");
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              IsOk());
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              StatusIs(Code::kAlreadyExists));
  // A row ends by its last day and is seen no more after it.
  set.clear_request_id();
  row = *ethnic;
  row.mutable_valid_to()->set_year(2025);
  row.mutable_valid_to()->set_month(12);
  row.mutable_valid_to()->set_day(31);
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              IsOk());
  const auto after = Call<v1::ListFundSourceDepartmentsResponse>(
      kCodes, "ListFundSourceDepartments", list, county_);
  EXPECT_EQ(after->rows_size(), before->rows_size());  // one more, one less
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              StatusIs(Code::kAborted, "ETAG_MISMATCH"));
}

TEST_F(RegistryTest, DeadlinesCountWorkingDaysOfTheCalendar) {
  const char kCalendar[] = "bangfu.registry.v1.CalendarService.";
  v1::ComputeDeadlineRequest compute;
  const auto day = [](google::type::Date* d, int year, int month, int date) {
    d->set_year(year);
    d->set_month(month);
    d->set_day(date);
  };
  day(compute.mutable_from(), 2026, 9, 30);
  compute.set_days(5);
  compute.set_day_kind(v1::DAY_KIND_WORKING);
  auto deadline = Call<v1::ComputeDeadlineResponse>(kCalendar, "ComputeDeadline", compute, county_);
  ASSERT_THAT(deadline, IsOk());
  EXPECT_EQ(deadline->deadline().day(), 7);
  EXPECT_TRUE(deadline->provisional());
  v1::ImportWorkDaysRequest import;
  for (int d = 1; d <= 7; ++d) {
    v1::WorkDay& w = *import.add_days();
    day(w.mutable_date(), 2026, 10, d);
    w.set_is_working(false);
    w.set_source("国务院办公厅通知");
  }
  ASSERT_THAT(Call<v1::ImportWorkDaysResponse>(kCalendar, "ImportWorkDays", import, admin_),
              IsOk());
  deadline = Call<v1::ComputeDeadlineResponse>(kCalendar, "ComputeDeadline", compute, county_);
  EXPECT_EQ(deadline->deadline().day(), 14);
  EXPECT_FALSE(deadline->provisional());
  compute.set_day_kind(v1::DAY_KIND_NATURAL);
  deadline = Call<v1::ComputeDeadlineResponse>(kCalendar, "ComputeDeadline", compute, county_);
  EXPECT_EQ(deadline->deadline().day(), 5);
}

TEST_F(RegistryTest, R065_TheTrailOfAnOrganisationTellsWhatItWasBefore) {
  const auto bring = [&](const std::vector<std::string>& names) {
    v1::UpsertOrganisationsRequest request;
    for (const std::string& name : names) {
      v1::Organisation& o = *request.add_organisations();
      o.set_org_code("COUNTY_FORMER_360733");
      o.set_name(name);
      o.set_org_type(v1::ORG_TYPE_COUNTY_BUREAU);
      o.set_region_code("360733");
      o.set_is_active(true);
    }
    return Call<v1::UpsertOrganisationsResponse>(kOrganisations, "UpsertOrganisations", request,
                                                 admin_);
  };
  // One code twice in one call: neither is stored.
  EXPECT_THAT(bring({"会昌县扶贫办", "会昌县乡村振兴局"}),
              HasViolation("organisations[1].org_code"));
  ASSERT_THAT(bring({"会昌县扶贫办"}), IsOk());
  const auto renamed = bring({"会昌县乡村振兴局"});
  ASSERT_THAT(renamed, IsOk());
  EXPECT_EQ(renamed->organisations(0).name(), "会昌县乡村振兴局");
  const auto rows = server_.database().db().Query(
      "SELECT before_json, after_json FROM audit_log WHERE aggregate_type = 'organisation' AND "
      "LOCATE('COUNTY_FORMER_360733', after_json) > 0 ORDER BY chain_no");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].String(0), "");
  // What it was is what had been stored.
  EXPECT_EQ((*rows)[1].String(0), (*rows)[0].String(1));
  EXPECT_NE((*rows)[1].String(1), (*rows)[0].String(1));
}

}  // namespace
}  // namespace bangfu::registry
