// County industries: leading ones, chain links, brands, pairings and trainings; and the operators.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/at_once.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::SizeIs;

TEST_F(RegistryTest, R061_AtMostTwoLeadingIndustriesWhoeverComesFirst) {
  const std::vector<std::string> codes = {"RICE", "OIL", "FRUIT_VEG", "TEA", "TCM", "AQUATIC"};
  const auto results = ::bangfu::testing::AtOnce(static_cast<int>(codes.size()), [&](int i) {
    v1::SelectLeadingIndustryRequest request;
    request.set_region_code("360733");
    request.set_plan_period("2026-2030");
    request.set_industry_code(codes[i]);
    return Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", request, county_);
  });
  std::vector<v1::LeadingIndustry> won;
  std::set<int> ranks;
  for (const auto& r : results) {
    if (r.ok()) {
      won.push_back(*r);
      ranks.insert(r->rank());
    } else {
      EXPECT_THAT(r, StatusIs(Code::kFailedPrecondition, "LEADING_INDUSTRY_LIMIT"));
    }
  }
  ASSERT_THAT(won, SizeIs(2));
  EXPECT_EQ(ranks, (std::set<int>{1, 2}));

  v1::SelectLeadingIndustryRequest again;
  again.set_region_code("360733");
  again.set_plan_period("2026-2030");
  again.set_industry_code(won[0].industry_code());
  EXPECT_THAT(Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", again, county_),
              StatusIs(Code::kAlreadyExists, "LEADING_INDUSTRY_SELECTED"));
  again.set_plan_period("2026-2029");
  EXPECT_THAT(Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", again, county_),
              StatusIs(Code::kInvalidArgument));
  again.set_plan_period("2021-2025");  // another period has places of its own
  EXPECT_THAT(Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", again, county_), IsOk());

  // A place that is given back can be taken.
  v1::WithdrawLeadingIndustryRequest withdraw;
  withdraw.set_id(won[0].id());
  withdraw.set_reason("规划调整");
  withdraw.set_etag(won[0].etag());
  EXPECT_THAT(Call<v1::LeadingIndustry>(kI, "WithdrawLeadingIndustry", withdraw, county_),
              StatusIs(Code::kPermissionDenied));
  const std::string approver = server_.Token(role::ROLE_COUNTY_APPROVER, "360733", "approver");
  ASSERT_THAT(Call<v1::LeadingIndustry>(kI, "WithdrawLeadingIndustry", withdraw, approver), IsOk());
  again.set_plan_period("2026-2030");
  again.set_industry_code("LIVESTOCK");
  const auto taken = Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", again, county_);
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(taken->rank(), won[0].rank());

  // Counties without one are reported.
  v1::ListLeadingIndustryGapsRequest gaps;
  gaps.set_plan_period("2026-2030");
  const auto report =
      Call<v1::ListLeadingIndustryGapsResponse>(kI, "ListLeadingIndustryGaps", gaps, admin_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->counties(), 4);
  std::set<std::string> missing;
  for (const auto& g : report->gaps()) missing.insert(g.region_code());
  EXPECT_EQ(missing, (std::set<std::string>{"360402", "360483", "360783"}));
}

TEST_F(RegistryTest, R062_R066_ChainLinksOfACountyIndustry) {
  const auto project = Register(SomeProject(), county_);  // operates, COLD_STORAGE
  ASSERT_THAT(project, IsOk());
  v1::GetIndustryRequest get;
  get.set_id(project->industry_id());
  auto industry = Call<v1::Industry>(kI, "GetIndustry", get, county_);
  ASSERT_THAT(industry, IsOk());
  EXPECT_EQ(industry->applicable_links_size(), 10);
  EXPECT_EQ(industry->links_size(), 0);  // its project's are the project's
  v1::SetChainLinkRequest set;
  set.set_id(industry->id());
  set.mutable_link()->set_link_code("DEEP_PROC");
  set.mutable_link()->set_kind(v1::LINK_EVIDENCE_KIND_ASSET);
  set.mutable_link()->set_reference("AS360733100001F0001");
  set.set_etag(industry->etag());
  ASSERT_THAT(Call<v1::Industry>(kI, "SetChainLink", set, county_), IsOk());
  industry = Call<v1::Industry>(kI, "GetIndustry", get, county_);
  ASSERT_EQ(industry->links_size(), 1);
  EXPECT_EQ(industry->links(0).link_code(), "DEEP_PROC");
  // 稻米 has no cold storage link.
  v1::EnsureIndustryRequest ensure;
  ensure.set_region_code("360733");
  ensure.set_industry_code("RICE");
  const auto rice = Call<v1::Industry>(kI, "EnsureIndustry", ensure, county_);
  ASSERT_THAT(rice, IsOk());
  set.set_request_id("");
  set.set_id(rice->id());
  set.set_etag(rice->etag());
  set.mutable_link()->set_link_code("COLD_STORAGE");
  EXPECT_THAT(Call<v1::Industry>(kI, "SetChainLink", set, county_),
              StatusIs(Code::kFailedPrecondition, "LINK_NOT_APPLICABLE"));
  const auto same = Call<v1::Industry>(kI, "EnsureIndustry", ensure, county_);
  EXPECT_EQ(same->id(), rice->id());
}

// A link that stands for a project or a brand is looked up when it is recorded.
TEST_F(RegistryTest, R062_AChainLinkRestsOnAProjectThatOperatesOrABrandInForce) {
  const auto project = Register(SomeProject(), county_);  // operates, COLD_STORAGE
  ASSERT_THAT(project, IsOk());
  v1::Project other = SomeProject("水东村脐橙分拣线项目");
  other.set_state(v1::PROJECT_STATE_IDLE);
  other.clear_chain_links();
  const auto idle = Register(other, county_);
  ASSERT_THAT(idle, IsOk());
  const auto industry = [&] {
    v1::GetIndustryRequest get;
    get.set_id(project->industry_id());
    const auto got = Call<v1::Industry>(kI, "GetIndustry", get, county_);
    EXPECT_THAT(got, IsOk());
    return got.ok() ? *got : v1::Industry();
  };
  const auto set = [&](const std::string& code, v1::LinkEvidenceKind kind,
                       const std::string& reference, bool remove = false) {
    v1::SetChainLinkRequest request;
    request.set_id(project->industry_id());
    request.set_etag(industry().etag());
    request.mutable_link()->set_link_code(code);
    request.mutable_link()->set_kind(kind);
    request.mutable_link()->set_reference(reference);
    request.set_remove(remove);
    return Call<v1::Industry>(kI, "SetChainLink", request, county_);
  };
  const auto unknown = StatusIs(Code::kNotFound, "RESOURCE_NOT_FOUND");
  const auto stopped = StatusIs(Code::kFailedPrecondition, "LINK_NOT_OPERATING");
  const auto by_project = v1::LINK_EVIDENCE_KIND_PROJECT;
  const auto by_brand = v1::LINK_EVIDENCE_KIND_BRAND;
  EXPECT_THAT(set("SALES", by_project, "PJ360733-2019-999999"), unknown);
  EXPECT_THAT(set("SALES", by_project, "某项目"), unknown);
  // Of another county.
  const auto elsewhere = Register(SomeProject("新都村脐橙冷库项目", "360783100001"), other_county_);
  ASSERT_THAT(elsewhere, IsOk());
  EXPECT_THAT(set("SALES", by_project, elsewhere->project_code()), unknown);
  EXPECT_THAT(set("SALES", by_project, idle->project_code()), stopped);
  ASSERT_THAT(set("SALES", by_project, project->project_code()), IsOk());
  // As somebody typed it: kept as it is compared, by other services, too.
  ASSERT_THAT(
      set("PRIMARY_PROC", by_project, absl::StrCat(" ", absl::AsciiStrToLower(project->id()))),
      IsOk());
  EXPECT_EQ(industry().links(1).reference(), project->id());

  EXPECT_THAT(set("BRAND", by_brand, "GF360733"), unknown);
  v1::CreateBrandCertificationRequest create;
  v1::BrandCertification& b = *create.mutable_brand();
  b.set_region_code("360733");
  b.set_industry_id(project->industry_id());
  b.set_brand_type("GREEN");
  b.set_name("会昌脐橙");
  b.set_certificate_no("GF360733");
  const auto brand = Call<v1::BrandCertification>(kI, "CreateBrandCertification", create, county_);
  ASSERT_THAT(brand, IsOk());
  ASSERT_THAT(set("BRAND", by_brand, "GF360733"), IsOk());
  v1::EndBrandCertificationRequest end;
  end.set_id(brand->id());
  end.set_etag(brand->etag());
  end.set_reason("证书撤销");
  end.mutable_ended_on()->set_year(2026);
  end.mutable_ended_on()->set_month(1);
  end.mutable_ended_on()->set_day(1);
  ASSERT_THAT(Call<v1::BrandCertification>(kI, "EndBrandCertification", end, county_), IsOk());
  EXPECT_THAT(set("DEEP_PROC", by_brand, "GF360733"), stopped);
  // What has gone stays on record, and can be taken off it.
  EXPECT_EQ(industry().links_size(), 3);
  EXPECT_THAT(set("BRAND", by_brand, "GF360733", /*remove=*/true), IsOk());
  EXPECT_EQ(industry().links_size(), 2);
}

TEST_F(RegistryTest, R066_OperatorsAreCheckedAndUnique) {
  v1::CreateOperatorRequest create;
  v1::Operator& o = *create.mutable_operator_();
  o.set_name("会昌县脐橙龙头企业有限公司");
  o.set_kind("LEADING_ENTERPRISE");
  o.set_region_code("360733");
  o.set_uscc("91350100M000100Y44");
  EXPECT_THAT(Call<v1::Operator>(kO, "CreateOperator", create, county_),
              StatusIs(Code::kInvalidArgument));
  o.set_uscc("91350100M000100Y43");
  const auto made = Call<v1::Operator>(kO, "CreateOperator", create, county_);
  ASSERT_THAT(made, IsOk());
  const auto twice = Call<v1::Operator>(kO, "CreateOperator", create, other_county_);
  EXPECT_THAT(twice, StatusIs(Code::kAlreadyExists, "USCC_TAKEN"));
  EXPECT_EQ(GetErrorDetail(twice.status()).metadata["operator_id"], made->id());
  v1::LookupOperatorRequest lookup;
  lookup.set_uscc("91350100M000100Y43");
  EXPECT_EQ(Call<v1::Operator>(kO, "LookupOperator", lookup, other_county_)->id(), made->id());
  v1::Project p = SomeProject();
  p.set_operator_id(made->id());
  EXPECT_THAT(Register(p, county_), IsOk());
  p.set_operator_id(server_.ids().Next().ToString());
  EXPECT_THAT(Register(p, county_), HasViolation("project.operator_id"));
}

TEST_F(RegistryTest, R070_BrandsCountWhileTheyAreValid) {
  const auto project = Register(SomeProject(), county_);
  ASSERT_THAT(project, IsOk());
  v1::CreateBrandCertificationRequest create;
  v1::BrandCertification& b = *create.mutable_brand();
  b.set_region_code("360733");
  b.set_industry_id(project->industry_id());
  b.set_brand_type("GREEN");
  b.set_name("会昌脐橙");
  b.set_certificate_no("GF360733");
  b.set_traceable(true);
  b.mutable_valid_from()->set_year(2024);
  b.mutable_valid_from()->set_month(1);
  b.mutable_valid_from()->set_day(1);
  b.mutable_expires_on()->set_year(2026);
  b.mutable_expires_on()->set_month(12);
  b.mutable_expires_on()->set_day(31);
  const auto made = Call<v1::BrandCertification>(kI, "CreateBrandCertification", create, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(Call<v1::BrandCertification>(kI, "CreateBrandCertification", create, county_),
              StatusIs(Code::kAlreadyExists, "BRAND_TAKEN"));
  const auto valid_on = [&](int year) {
    v1::ListBrandCertificationsRequest list;
    list.set_industry_id(project->industry_id());
    list.mutable_valid_on()->set_year(year);
    list.mutable_valid_on()->set_month(6);
    list.mutable_valid_on()->set_day(30);
    return Call<v1::ListBrandCertificationsResponse>(kI, "ListBrandCertifications", list, county_)
        ->brands_size();
  };
  EXPECT_EQ(valid_on(2023), 0);
  EXPECT_EQ(valid_on(2026), 1);
  EXPECT_EQ(valid_on(2027), 0);
  v1::EndBrandCertificationRequest end;
  end.set_id(made->id());
  end.set_etag(made->etag());
  end.set_reason("证书撤销");
  end.mutable_ended_on()->set_year(2026);
  end.mutable_ended_on()->set_month(1);
  end.mutable_ended_on()->set_day(1);
  ASSERT_THAT(Call<v1::BrandCertification>(kI, "EndBrandCertification", end, county_), IsOk());
  EXPECT_EQ(valid_on(2026), 0);
}

TEST_F(RegistryTest, R076_R077_PairingsAndTrainingsAreCounted) {
  v1::CreateTechPairingRequest pairing;
  v1::TechPairing& t = *pairing.mutable_pairing();
  t.set_region_code("360733");
  t.set_kind("SCIENCE_COURTYARD");
  t.set_team_name("脐橙科技小院");
  t.set_institution("江西农业大学");
  t.set_visits(12);
  t.mutable_period()->mutable_from()->set_year(2025);
  t.mutable_period()->mutable_from()->set_month(1);
  t.mutable_period()->mutable_from()->set_day(1);
  ASSERT_THAT(Call<v1::TechPairing>(kI, "CreateTechPairing", pairing, county_), IsOk());
  EXPECT_THAT(Call<v1::TechPairing>(kI, "CreateTechPairing", pairing, other_county_),
              StatusIs(Code::kNotFound));

  v1::CreateTrainingRecordRequest training;
  v1::TrainingRecord& r = *training.mutable_training();
  r.set_region_code("360733100");
  r.set_programme("HEAD_GOOSE");
  r.set_title("头雁培育班");
  r.set_persons(40);
  r.set_poor_labour_persons(41);
  r.mutable_held_on()->set_year(2026);
  r.mutable_held_on()->set_month(2);
  r.mutable_held_on()->set_day(10);
  EXPECT_THAT(Call<v1::TrainingRecord>(kI, "CreateTrainingRecord", training, county_),
              HasViolation("training.poor_labour_persons"));
  r.set_poor_labour_persons(25);
  ASSERT_THAT(Call<v1::TrainingRecord>(kI, "CreateTrainingRecord", training, county_), IsOk());
  v1::GetServiceSummaryRequest summary;
  summary.set_region_code("360733");
  summary.mutable_period()->mutable_from()->set_year(2026);
  summary.mutable_period()->mutable_from()->set_month(1);
  summary.mutable_period()->mutable_from()->set_day(1);
  summary.mutable_period()->mutable_to()->set_year(2026);
  summary.mutable_period()->mutable_to()->set_month(12);
  summary.mutable_period()->mutable_to()->set_day(31);
  const auto figures = Call<v1::ServiceSummary>(kI, "GetServiceSummary", summary, county_);
  ASSERT_THAT(figures, IsOk());
  EXPECT_EQ(figures->pairings(), 1);
  EXPECT_EQ(figures->visits(), 12);
  EXPECT_EQ(figures->persons(), 40);
  EXPECT_EQ(figures->poor_labour_persons(), 25);
}

}  // namespace
}  // namespace bangfu::registry
