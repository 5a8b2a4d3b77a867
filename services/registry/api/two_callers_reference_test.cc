// Two callers at one moment on the guards of what others only refer to: helpers, offices, codes and
// rules, and on the versions that a step may name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {
namespace {

using testing::AtOnce;
using testing::Outcomes;
using testing::Tally;

class TwoCallersReference : public RegistryFixture {
 protected:
  int64_t Count(const std::string& from) {
    return server_.database().Int("SELECT COUNT(*) FROM " + from);
  }
  v1::HelperOrganisation Helper() {
    v1::CreateHelperOrganisationRequest create;
    create.set_request_id(RequestId());
    v1::HelperOrganisation& h = *create.mutable_helper();
    h.set_name("省农科院驻村工作队");
    h.set_region_code(kVillage);
    auto made = Call<v1::HelperOrganisation>("OperatorService", "CreateHelperOrganisation", create,
                                             County());
    EXPECT_OK(made);
    return made.ok() ? *made : v1::HelperOrganisation();
  }

  const Tally one_by_its_version_ = {{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 2}};
};

TEST_F(TwoCallersReference, OfTwoChangesOfAHelperOneStands) {
  const v1::HelperOrganisation helper = Helper();
  const auto results = AtOnce(3, [&](int i) {
    v1::UpdateHelperOrganisationRequest request;
    request.set_request_id(RequestId());
    request.set_id(helper.id());
    request.set_etag(helper.etag());
    request.mutable_helper()->set_name(Cat("驻村工作队", i));
    request.mutable_update_mask()->add_paths("name");
    return Call<v1::HelperOrganisation>("OperatorService", "UpdateHelperOrganisation", request,
                                        County());
  });
  EXPECT_EQ(Outcomes(results), one_by_its_version_);
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'helper_organisation'"), 2);
  EXPECT_EQ(Count("feed_outbox WHERE aggregate_type = 'helper_organisation'"), 2);
  // What stands is what its writer was told.
  v1::ListHelperOrganisationsRequest list;
  list.set_region_code(kVillage);
  ASSERT_OK_AND_ASSIGN(const auto all,
                       Call<v1::ListHelperOrganisationsResponse>(
                           "OperatorService", "ListHelperOrganisations", list, County()));
  ASSERT_EQ(all.helpers_size(), 1);
  for (const auto& result : results) {
    if (!result.ok()) continue;
    EXPECT_EQ(all.helpers(0).name(), result->name());
  }
}

TEST_F(TwoCallersReference, AnOfficeIsOneHoweverManyBringIt) {
  const auto bring = [&](int i) {
    v1::UpsertOrganisationsRequest request;
    request.set_request_id(RequestId());
    // In the order of each one's list.
    for (const int which : {i % 2, 1 - i % 2}) {
      v1::Organisation& o = *request.add_organisations();
      o.set_org_code(Cat("360733-NY-", which));
      o.set_name(Cat("会昌县农业农村局", i));
      o.set_org_type(v1::ORG_TYPE_COUNTY_BUREAU);
      o.set_region_code(kCounty);
      o.set_is_active(true);
    }
    return Call<v1::UpsertOrganisationsResponse>("OrganisationService", "UpsertOrganisations",
                                                 request, Admin());
  };
  EXPECT_EQ(Outcomes(AtOnce(4, bring)), (Tally{{"OK", 4}}));
  EXPECT_EQ(Count("organisation WHERE org_code LIKE '360733-NY-%'"), 2);
  // Each of the four is counted in the version, in the trail and in the feed.
  EXPECT_EQ(Count("organisation WHERE org_code LIKE '360733-NY-%' AND version = 4"), 2);
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'organisation'"), 8);
  EXPECT_EQ(Count("feed_outbox WHERE aggregate_type = 'organisation_batch'"), 4);
}

TEST_F(TwoCallersReference, ACodeIsNewOnce) {
  for (int round = 0; round < 4; ++round) {
    const std::string code = Cat("TWIN_", round);
    const auto create = [&](int i) {
      v1::CreateCodesRequest request;
      request.set_request_id(RequestId());
      v1::Code& c = *request.add_codes();
      c.set_list("CONTRIBUTION_KIND");
      c.set_code(code);
      c.set_name_zh(Cat("物资", i));
      return Call<v1::CreateCodesResponse>("CodeListService", "CreateCodes", request, Admin());
    };
    EXPECT_EQ(Outcomes(AtOnce(3, create)), (Tally{{"OK", 3}}));
    EXPECT_EQ(Count(Cat("code WHERE code = '", code, "'")), 1);
  }
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'code'"), 12);
  // The trail knows one who made it; the others changed what they found.
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'code' AND (before_json IS NULL OR "
                  "before_json = '')"),
            4);
}

TEST_F(TwoCallersReference, ARuleOfAFundSourceIsOpenedAndEndedOnce) {
  v1::FundSourceDepartment row;
  row.set_source_code("LOTTERY");
  row.set_department_code("FINANCE");
  const auto set = [&](const v1::FundSourceDepartment& wanted) {
    v1::SetFundSourceDepartmentRequest request;
    request.set_request_id(RequestId());
    *request.mutable_row() = wanted;
    return Call<v1::FundSourceDepartment>("CodeListService", "SetFundSourceDepartment", request,
                                          Admin());
  };
  const auto opened = AtOnce(3, [&](int) { return set(row); });
  EXPECT_EQ(Outcomes(opened), (Tally{{"OK", 1}, {"ALREADY_EXISTS/ROW_EXISTS", 2}}));
  for (const auto& result : opened) {
    if (result.ok()) row = *result;
  }
  EXPECT_EQ(Outcomes(AtOnce(3,
                            [&](int i) {
                              v1::FundSourceDepartment ending = row;
                              SetDay(2027, 1, 1 + i, ending.mutable_valid_to());
                              return set(ending);
                            })),
            one_by_its_version_);
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'fund_source_department'"), 2);
}

TEST_F(TwoCallersReference, R018_AResultNamesTheSampleAsItWasSeen) {
  const std::string campaign = OpenCampaign().id();
  Verify(campaign, kVillage);
  Verify(campaign, kVillage2);
  v1::DrawSampleRequest draw;
  draw.set_request_id(RequestId());
  draw.set_campaign_id(campaign);
  draw.set_region_code("3607");
  draw.set_rate_bp(10000);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Inventory<v1::Sample>("DrawSample", draw, City()));
  ASSERT_EQ(sample.units_size(), 2);
  const auto record = [&](int unit, const std::string& etag) {
    v1::RecordSampleResultRequest request;
    request.set_request_id(RequestId());
    request.set_id(sample.id());
    request.set_unit_report_id(sample.units(unit).unit_report_id());
    request.set_etag(etag);
    return Inventory<v1::Sample>("RecordSampleResult", request, City());
  };
  // Of two results by one version one is taken; the other is looked at again.
  const auto results = AtOnce(2, [&](int i) { return record(i, sample.etag()); });
  EXPECT_EQ(Outcomes(results), (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
  const int left = results[0].ok() ? 1 : 0;
  const v1::Sample& now = *results[1 - left];
  EXPECT_EQ(now.results_recorded(), 1);
  EXPECT_NE(now.etag(), sample.etag());
  ASSERT_OK_AND_ASSIGN(const v1::Sample all, record(left, now.etag()));
  EXPECT_EQ(all.results_recorded(), 2);
  EXPECT_EQ(Count("sample_unit WHERE has_result = 1"), 2);
}

}  // namespace
}  // namespace bangfu::registry
