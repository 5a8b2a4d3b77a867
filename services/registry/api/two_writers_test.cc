// Two callers at one moment on the guards of monthly reports, industries, brands and operators: one
// wins, the other gets the reason, and nothing is there twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {
namespace {

using testing::AtOnce;
using testing::Outcomes;
using testing::Tally;

class TwoWriters : public RegistryFixture {
 protected:
  int64_t Count(const std::string& from) {
    return server_.database().Int("SELECT COUNT(*) FROM " + from);
  }
  v1::Industry Industry() {
    v1::EnsureIndustryRequest request;
    request.set_request_id(RequestId());
    request.set_region_code(kCounty);
    request.set_industry_code("OIL");
    auto made = Call<v1::Industry>("IndustryService", "EnsureIndustry", request, County());
    EXPECT_OK(made);
    return made.ok() ? *made : v1::Industry();
  }
  v1::BrandCertification Brand(const std::string& industry) {
    v1::CreateBrandCertificationRequest request;
    request.set_request_id(RequestId());
    v1::BrandCertification& b = *request.mutable_brand();
    b.set_region_code(kCounty);
    b.set_industry_id(industry);
    b.set_brand_type("GREEN");
    b.set_name("会昌山茶油");
    b.set_certificate_no("LB-360733");
    auto made = Call<v1::BrandCertification>("IndustryService", "CreateBrandCertification", request,
                                             County());
    EXPECT_OK(made);
    return made.ok() ? *made : v1::BrandCertification();
  }
  const Tally one_by_its_version_ = {{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}};
};

TEST_F(TwoWriters, OfTwoFirstReportsOfAMonthOneIsTheReport) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  for (int round = 0; round < 5; ++round) {
    const std::string period = Cat("2025-0", round + 1);
    EXPECT_EQ(Outcomes(AtOnce(2,
                              [&](int i) {
                                v1::SubmitOperationReportRequest request;
                                request.set_request_id(RequestId());
                                v1::OperationReport& r = *request.mutable_report();
                                r.set_project_id(project.id());
                                r.set_period(period);
                                r.set_revenue_fen(1'000'000 + i);
                                return Call<v1::OperationReport>("OperationReportService",
                                                                 "SubmitOperationReport", request,
                                                                 County(Cat("writer-", i)));
                              })),
              one_by_its_version_);
  }
  EXPECT_EQ(Count("operation_report WHERE version = 1"), 5);
  // Audit and feed speak of the reports that are there, and of no others.
  const char* const kOthers = " AND NOT EXISTS (SELECT 1 FROM operation_report o WHERE o.id = ";
  EXPECT_EQ(Count(Cat("audit_log l WHERE l.aggregate_type = 'operation_report'", kOthers,
                      "l.aggregate_id)")),
            0);
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'operation_report'"), 5);
  EXPECT_EQ(Count("feed_outbox WHERE aggregate_type = 'operation_report'"), 5);
}

TEST_F(TwoWriters, AnIndustryOfACountyIsMadeOnce) {
  EXPECT_EQ(Outcomes(AtOnce(4,
                            [&](int) {
                              v1::EnsureIndustryRequest request;
                              request.set_request_id(RequestId());
                              request.set_region_code(kCounty);
                              request.set_industry_code("OIL");
                              return Call<v1::Industry>("IndustryService", "EnsureIndustry",
                                                        request, County());
                            })),
            (Tally{{"OK", 4}}));
  EXPECT_EQ(Count("industry WHERE industry_code = 'OIL'"), 1);
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'industry'"), 1);
}

TEST_F(TwoWriters, ABrandIsEndedOnce) {
  const v1::BrandCertification brand = Brand(Industry().id());
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int i) {
                              v1::EndBrandCertificationRequest request;
                              request.set_request_id(RequestId());
                              request.set_id(brand.id());
                              request.set_etag(brand.etag());
                              SetDay(2026, 2, 1 + i, request.mutable_ended_on());
                              request.set_reason("到期未续");
                              return Call<v1::BrandCertification>(
                                  "IndustryService", "EndBrandCertification", request, County());
                            })),
            one_by_its_version_);
}

TEST_F(TwoWriters, OfTwoChangesOfTheLinksOneStands) {
  const v1::Industry industry = Industry();
  const v1::BrandCertification brand = Brand(industry.id());
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int i) {
                              v1::SetChainLinkRequest request;
                              request.set_request_id(RequestId());
                              request.set_id(industry.id());
                              request.set_etag(industry.etag());
                              request.mutable_link()->set_link_code(i == 0 ? "BRAND" : "SALES");
                              request.mutable_link()->set_kind(v1::LINK_EVIDENCE_KIND_BRAND);
                              request.mutable_link()->set_reference(brand.certificate_no());
                              return Call<v1::Industry>("IndustryService", "SetChainLink", request,
                                                        County());
                            })),
            one_by_its_version_);
}

TEST_F(TwoWriters, ALeadingIndustryIsWithdrawnOnce) {
  v1::SelectLeadingIndustryRequest select;
  select.set_request_id(RequestId());
  select.set_region_code(kCounty);
  select.set_plan_period("2026-2030");
  select.set_industry_code("OIL");
  ASSERT_OK_AND_ASSIGN(
      const v1::LeadingIndustry leading,
      Call<v1::LeadingIndustry>("IndustryService", "SelectLeadingIndustry", select, Approver()));
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int) {
                              v1::WithdrawLeadingIndustryRequest request;
                              request.set_request_id(RequestId());
                              request.set_id(leading.id());
                              request.set_etag(leading.etag());
                              request.set_reason("产业调整");
                              return Call<v1::LeadingIndustry>("IndustryService",
                                                               "WithdrawLeadingIndustry", request,
                                                               Approver());
                            })),
            one_by_its_version_);
}

TEST_F(TwoWriters, OfTwoChangesOfAnOperatorOneStands) {
  v1::CreateOperatorRequest create;
  create.set_request_id(RequestId());
  v1::Operator* o = create.mutable_operator_();
  o->set_uscc("91360100MA300015X0");
  o->set_name("众兴合作社");
  o->set_kind("COOPERATIVE");
  o->set_region_code(kCounty);
  ASSERT_OK_AND_ASSIGN(const v1::Operator made,
                       Call<v1::Operator>("OperatorService", "CreateOperator", create, County()));
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int i) {
                              v1::UpdateOperatorRequest request;
                              request.set_request_id(RequestId());
                              request.set_id(made.id());
                              request.set_etag(made.etag());
                              request.mutable_operator_()->set_name(Cat("众兴合作社", i));
                              request.mutable_update_mask()->add_paths("name");
                              return Call<v1::Operator>("OperatorService", "UpdateOperator",
                                                        request, County());
                            })),
            one_by_its_version_);
}

}  // namespace
}  // namespace bangfu::registry
