#include <map>
#include <optional>
#include <string>

#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {
namespace {

using AssetServiceTest = ServiceTest;

TEST_F(AssetServiceTest, R027_R109_LinksWithHouseholdsCountThemOnce) {
  Registered(Shed());
  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(30);
  link.set_poor_households(20);
  link.set_monitored_households(2);
  *link.mutable_start_date() = Date(2024, 1, 1);
  ASSERT_OK_AND_ASSIGN(const auto first,
                       Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  link.set_request_id(RequestId());
  link.set_mode_code("EMPLOYMENT");
  link.set_households(12);
  link.set_poor_households(12);
  ASSERT_OK(Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  v1::ProjectAssetFacts facts = Facts();
  EXPECT_EQ(facts.linked_households(), 30);
  EXPECT_EQ(facts.linked_poor_households(), 20);
  EXPECT_EQ(facts.linkage_mode_count(), 2);

  v1::RecordLinkageIncomeRequest income;
  income.set_request_id(RequestId());
  income.set_id(first.id());
  income.set_etag(first.etag());
  income.set_month("2026-10");
  income.set_paid_fen(900000);
  ASSERT_OK_AND_ASSIGN(auto changed,
                       Call<v1::LinkageContract>("ContractService.RecordLinkageIncome", income));
  income.set_request_id(RequestId());
  income.set_etag(changed.etag());
  income.set_paid_fen(800000);  // corrected: counts once
  ASSERT_OK_AND_ASSIGN(changed,
                       Call<v1::LinkageContract>("ContractService.RecordLinkageIncome", income));
  EXPECT_EQ(changed.income_paid_fen(), 800000);
  EXPECT_EQ(Month(Facts(), "2026-10").household_income_fen(), 800000);
  income.set_month("2026-12");
  income.set_request_id(RequestId());
  income.set_etag(changed.etag());
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.RecordLinkageIncome", income),
              HasViolation("month"));

  v1::EndLinkageRequest end;
  end.set_request_id(RequestId());
  end.set_id(first.id());
  end.set_etag(changed.etag());
  *end.mutable_ended_on() = Date(2026, 11, 1);
  end.set_reason("合同到期未续");
  ASSERT_OK(Call<v1::LinkageContract>("ContractService.EndLinkage", end));
  EXPECT_EQ(Facts().linked_households(), 12);

  // Another county's project is none, as everywhere.
  link.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.RecordLinkage", link,
                                        Token(ROLE_COUNTY_OPERATOR, kOtherCounty)),
              StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  link.set_request_id(RequestId());
  link.set_poor_households(13);
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.RecordLinkage", link),
              HasViolation("poor_households"));
  link.set_poor_households(1);
  link.set_mode_code("NOT_A_MODE");
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.RecordLinkage", link),
              HasViolation("mode_code"));
}

TEST_F(AssetServiceTest, R109_ALinkSaysWhatMayBeDoneWithIt) {
  Registered(Shed());
  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(30);
  *link.mutable_start_date() = Date(2024, 1, 1);
  ASSERT_OK_AND_ASSIGN(const auto made,
                       Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  EXPECT_EQ(made.allowed_actions_size(), 0);
  v1::GetLinkageRequest get;
  get.set_id(made.id());
  const auto told = [&](const std::string& token) {
    std::map<std::string, std::string> out;  // action -> why not
    auto seen = Call<v1::LinkageContract>("ContractService.GetLinkage", get, token);
    EXPECT_OK(seen);
    if (!seen.ok()) return out;
    for (const auto& action : seen->allowed_actions()) {
      EXPECT_EQ(action.allowed(), action.refusal_zh().empty());
      out[action.action()] = action.refusal_reason();
    }
    return out;
  };
  const std::string county = Token(ROLE_COUNTY_OPERATOR);
  using Told = std::map<std::string, std::string>;
  EXPECT_EQ(told(county), (Told{{"update_counts", ""}, {"record_income", ""}, {"end", ""}}));
  // Who may only read is offered nothing; another county sees none.
  EXPECT_EQ(told(Token(options::v1::ROLE_AUDITOR)), Told());
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.GetLinkage", get,
                                        Token(ROLE_COUNTY_OPERATOR, kOtherCounty)),
              StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));

  v1::EndLinkageRequest end;
  end.set_request_id(RequestId());
  end.set_id(made.id());
  end.set_etag(made.etag());
  *end.mutable_ended_on() = Date(2026, 11, 1);
  end.set_reason("合同到期未续");
  ASSERT_OK_AND_ASSIGN(const auto ended,
                       Call<v1::LinkageContract>("ContractService.EndLinkage", end));
  EXPECT_EQ(
      told(county),
      (Told{{"update_counts", "LINKAGE_ENDED"}, {"record_income", ""}, {"end", "LINKAGE_ENDED"}}));
  // As told.
  end.set_request_id(RequestId());
  end.set_etag(ended.etag());
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.EndLinkage", end),
              StatusIs(absl::StatusCode::kFailedPrecondition, "LINKAGE_ENDED"));
  v1::UpdateLinkageCountsRequest update;
  update.set_request_id(RequestId());
  update.set_id(made.id());
  update.set_etag(ended.etag());
  update.set_households(3);
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.UpdateLinkageCounts", update),
              StatusIs(absl::StatusCode::kFailedPrecondition, "LINKAGE_ENDED"));
}

TEST_F(AssetServiceTest, R007_R109_ANewCountLeavesTheHouseholdsOfEarlierMonths) {
  Registered(Shed());
  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(100);
  *link.mutable_start_date() = Date(2025, 1, 1);
  ASSERT_OK_AND_ASSIGN(const auto recorded,
                       Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  ASSERT_EQ(Facts().households_by_month_size(), 1);
  EXPECT_EQ(Facts().households_by_month(0).month(), "2025-01");
  EXPECT_EQ(Facts().households_by_month(0).households(), 100);

  SetDay(2026, 12, 10);
  v1::UpdateLinkageCountsRequest update;
  update.set_request_id(RequestId());
  update.set_id(recorded.id());
  update.set_etag(recorded.etag());
  update.set_households(200);
  ASSERT_OK_AND_ASSIGN(auto changed,
                       Call<v1::LinkageContract>("ContractService.UpdateLinkageCounts", update));
  // Put right on the same day: one number for that day.
  update.set_request_id(RequestId());
  update.set_etag(changed.etag());
  update.set_households(210);
  ASSERT_OK_AND_ASSIGN(changed,
                       Call<v1::LinkageContract>("ContractService.UpdateLinkageCounts", update));
  const v1::ProjectAssetFacts facts = Facts();
  EXPECT_EQ(facts.linked_households(), 210);
  ASSERT_EQ(facts.households_by_month_size(), 2);
  EXPECT_EQ(facts.households_by_month(0).month(), "2025-01");
  EXPECT_EQ(facts.households_by_month(0).households(), 100);
  EXPECT_EQ(facts.households_by_month(1).month(), "2026-12");
  EXPECT_EQ(facts.households_by_month(1).households(), 210);
}

TEST_F(AssetServiceTest, R007_R109_ACorrectedCountHoldsFromTheDayThatItNames) {
  Registered(Shed());
  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(100);
  *link.mutable_start_date() = Date(2025, 1, 1);
  ASSERT_OK_AND_ASSIGN(v1::LinkageContract linkage,
                       Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  const auto update = [&](int households, const std::optional<google::type::Date>& since) {
    v1::UpdateLinkageCountsRequest r;
    r.set_request_id(RequestId());
    r.set_id(linkage.id());
    r.set_etag(linkage.etag());
    r.set_households(households);
    if (since) *r.mutable_since() = *since;
    auto changed = Call<v1::LinkageContract>("ContractService.UpdateLinkageCounts", r);
    if (changed.ok()) linkage = *changed;
    return changed.status();
  };
  using ByMonth = std::map<std::string, int>;
  const auto by_month = [&] {
    const v1::ProjectAssetFacts facts = Facts();
    ByMonth out;
    for (const v1::LinkedHouseholds& l : facts.households_by_month()) {
      out[l.month()] = l.households();
    }
    return out;
  };
  SetDay(2026, 12, 10);
  ASSERT_OK(update(200, std::nullopt));
  ASSERT_EQ(by_month(), (ByMonth{{"2025-01", 100}, {"2026-12", 200}}));

  // Not before the link, nor ahead.
  EXPECT_THAT(update(80, Date(2024, 12, 31)), HasViolation("since"));
  EXPECT_THAT(update(80, Date(2026, 12, 11)), HasViolation("since"));
  EXPECT_THAT(update(80, Date(2026, 2, 30)), HasViolation("since"));
  ASSERT_EQ(by_month(), (ByMonth{{"2025-01", 100}, {"2026-12", 200}}));

  // Since March: what was told of December gives way, what held before stays.
  const int64_t told = Events("project_asset_facts");
  ASSERT_OK(update(90, Date(2025, 3, 1)));
  EXPECT_EQ(by_month(), (ByMonth{{"2025-01", 100}, {"2025-03", 90}}));
  EXPECT_EQ(Facts().linked_households(), 90);
  EXPECT_EQ(Events("project_asset_facts"), told + 1);
  // Wrong from the beginning; the present number is the same, the months are not.
  ASSERT_OK(update(90, Date(2025, 1, 1)));
  EXPECT_EQ(by_month(), (ByMonth{{"2025-01", 90}}));
  EXPECT_EQ(Events("project_asset_facts"), told + 2);
  // The trail says from when each of them holds.
  EXPECT_EQ(server_.database().Int(
                "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'linkage' AND action = "
                "'ContractService.UpdateLinkageCounts' AND reason IN (?, ?)",
                {"自2025-03-01起", "自2025-01-01起"}),
            2);
}

TEST_F(AssetServiceTest, R112_PublicPostsAndWorkByMonth) {
  v1::RecordEmploymentRequest work;
  work.set_request_id(RequestId());
  work.set_project_id(project_);
  work.set_month("2026-09");
  work.set_kind(v1::EMPLOYMENT_KIND_PUBLIC_POST);
  work.set_workers(5);
  work.set_poor_workers(5);
  work.set_person_days(110);
  work.set_poor_person_days(110);
  work.set_wages_fen(775000);
  work.set_poor_wages_fen(775000);
  ASSERT_OK_AND_ASSIGN(const auto record,
                       Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work));
  work.set_request_id(RequestId());
  const auto again = Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work);
  EXPECT_THAT(again, StatusIs(absl::StatusCode::kAlreadyExists, "EMPLOYMENT_EXISTS"));
  work.set_etag(record.etag());
  work.set_person_days(100);
  work.set_poor_person_days(100);
  ASSERT_OK(Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work));
  const v1::MonthlyFacts month = Month(Facts(), "2026-09");
  EXPECT_EQ(month.person_days(), 100);
  EXPECT_EQ(month.public_post_wages_fen(), 775000);
  EXPECT_EQ(month.household_income_fen(), 775000);
  work.set_request_id(RequestId());
  work.set_month("2026-12");
  EXPECT_THAT(Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work),
              HasViolation("month"));
}

TEST_F(AssetServiceTest, R092_UpkeepHasPersonRulesAndMoney) {
  v1::RegisterAssetRequest r = Shed();
  r.mutable_details()->mutable_maintenance()->set_person("李四");
  r.mutable_details()->mutable_maintenance()->set_rules("冷库管护办法");
  const v1::Asset asset = Registered(r);
  EXPECT_TRUE(Facts().maintenance_person());
  EXPECT_TRUE(Facts().maintenance_rules());
  EXPECT_FALSE(Facts().maintenance_money());
  v1::UpdateAssetRequest update;
  update.set_request_id(RequestId());
  update.set_id(asset.id());
  update.set_etag(asset.etag());
  update.mutable_details()->mutable_maintenance()->set_fund_source("经营收益5%");
  update.mutable_update_mask()->add_paths("maintenance.fund_source");
  ASSERT_OK(Call<v1::Asset>("AssetService.UpdateAsset", update));
  EXPECT_TRUE(Facts().maintenance_money());
  EXPECT_TRUE(Facts().maintenance_person());
}

}  // namespace
}  // namespace bangfu::asset
