// One record of income read alone: whom it tells that it can be reversed, and why not, as the
// reversal itself does.
#include "services/asset/jobs/asset_inbox_for_test.h"

namespace bangfu::asset {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kTown[] = "360733101";

class IncomeTest : public AssetInboxTest {
 protected:
  v1::IncomeRecord OfAsset(const std::string& asset, int64_t fen) {
    v1::RecordIncomeRequest r;
    r.set_request_id(RequestId());
    r.set_asset_id(asset);
    r.set_received_fen(fen);
    *r.mutable_received_on() = Date(2026, 7, 1);
    auto income = Call<v1::IncomeRecord>("ContractService.RecordIncome", r);
    EXPECT_OK(income);
    return income.ok() ? *income : v1::IncomeRecord();
  }
  v1::IncomeRecord OfContract(const std::string& contract, int due_no, int64_t fen) {
    auto income = Receive(contract, due_no, fen, Date(2026, 7, 1));
    EXPECT_OK(income);
    return income.ok() ? *income : v1::IncomeRecord();
  }
  absl::StatusOr<v1::IncomeRecord> Reverse(const std::string& id, const std::string& token = "",
                                           bool validate_only = false) {
    v1::ReverseIncomeRequest r;
    r.set_request_id(RequestId());
    r.set_id(id);
    r.set_reason("重复登记");
    r.set_validate_only(validate_only);
    return Call<v1::IncomeRecord>("ContractService.ReverseIncome", r, token);
  }
  absl::StatusOr<v1::IncomeRecord> GetIncome(const std::string& id, const std::string& token = "") {
    v1::GetIncomeRequest r;
    r.set_id(id);
    return Call<v1::IncomeRecord>("ContractService.GetIncome", r, token);
  }
  v1::BatchGetIncomeResponse Many(const std::vector<std::string>& ids,
                                  const std::string& token = "") {
    v1::BatchGetIncomeRequest r;
    for (const std::string& id : ids) r.add_ids(id);
    auto many = Call<v1::BatchGetIncomeResponse>("ContractService.BatchGetIncome", r, token);
    EXPECT_OK(many);
    return many.ok() ? *many : v1::BatchGetIncomeResponse();
  }
  // What its record tells of the reversal: "allowed", the reason against it, or that it is no step
  // of the caller's.
  static std::string Told(const v1::IncomeRecord& income) {
    if (income.allowed_actions().empty()) return "not told";
    EXPECT_EQ(income.allowed_actions_size(), 1);
    const type::v1::AllowedAction& action = income.allowed_actions(0);
    EXPECT_EQ(action.action(), "reverse");
    EXPECT_EQ(action.label_zh(), "冲销到账");
    EXPECT_EQ(action.allowed(), action.refusal_zh().empty());
    return action.allowed() ? "allowed" : action.refusal_reason();
  }
  // The same, of each as the caller sees it; held against what the reversal answers.
  std::vector<std::string> Told(const std::vector<std::string>& ids, const std::string& token) {
    std::vector<std::string> out;
    const v1::BatchGetIncomeResponse many = Many(ids, token);
    EXPECT_EQ(many.records_size(), static_cast<int>(ids.size()));
    for (const v1::IncomeRecord& income : many.records()) {
      out.push_back(Told(income));
      const absl::Status answer = Reverse(income.id(), token, /*validate_only=*/true).status();
      if (out.back() == "not told") {
        EXPECT_THAT(answer, StatusIs(StatusCode::kPermissionDenied));
      } else if (income.allowed_actions(0).allowed()) {
        EXPECT_OK(answer);
      } else {
        const ErrorDetail detail = GetErrorDetail(answer);
        EXPECT_EQ(detail.reason, income.allowed_actions(0).refusal_reason());
        EXPECT_EQ(detail.message_zh, income.allowed_actions(0).refusal_zh());
      }
      const auto alone = GetIncome(income.id(), token);
      EXPECT_OK(alone);
      EXPECT_EQ(alone.ok() ? alone->SerializeAsString() : "", income.SerializeAsString());
    }
    return out;
  }

  const std::string county_ = Token(ROLE_COUNTY_OPERATOR);
  const std::string town_ = Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTown, "township");
  const std::string village_ = Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter");
  const std::string approver_ = Token(ROLE_COUNTY_APPROVER, "360733", "approver");
  const std::string auditor_ = Token(options::v1::ROLE_AUDITOR, "360733", "auditor");
};

TEST_F(IncomeTest, TellsWhoMayReverseItAndTheReversalAnswersTheSame) {
  const std::string asset = Registered(Shed()).id();
  const std::string leased = Registered(Shed()).id();
  const v1::OperatingContract contract = Signed(Lease(leased, 1000000));
  const v1::IncomeRecord own = OfAsset(asset, 500000);
  const v1::IncomeRecord rent = OfContract(contract.id(), 1, 300000);
  const v1::IncomeRecord wrong = OfContract(contract.id(), 2, 200000);
  ASSERT_OK_AND_ASSIGN(const v1::IncomeRecord back, Reverse(wrong.id()));
  const std::vector<std::string> ids = {own.id(), rent.id(), wrong.id(), back.id()};
  for (const std::string& token : {county_, town_}) {
    EXPECT_THAT(Told(ids, token),
                ElementsAre("allowed", "allowed", "ALREADY_REVERSED", "ALREADY_REVERSED"));
  }
  for (const std::string& token : {village_, approver_, auditor_}) {
    EXPECT_THAT(Told(ids, token), ElementsAre("not told", "not told", "not told", "not told"));
  }
  // Which of the two it is that cannot be reversed, its text says.
  const v1::BatchGetIncomeResponse many = Many({wrong.id(), back.id()});
  ASSERT_EQ(many.records_size(), 2);
  EXPECT_EQ(many.records(0).allowed_actions(0).refusal_zh(), "该笔到账已冲销");
  EXPECT_EQ(many.records(1).allowed_actions(0).refusal_zh(), "该笔是冲销记录，不能再冲销");
  EXPECT_EQ(many.records(0).reversed_by_id(), back.id());
  EXPECT_NE(many.records(0).etag(), wrong.etag());
  EXPECT_EQ(many.records(1).reverses_id(), wrong.id());
  EXPECT_EQ(many.records(1).reason(), "重复登记");
}

TEST_F(IncomeTest, WhatIsDistributedIsNotTakenBack) {
  const std::string asset = Registered(Shed()).id();
  const v1::IncomeRecord first = OfAsset(asset, 500000);
  const v1::IncomeRecord second = OfAsset(asset, 100000);
  EXPECT_THAT(Told({first.id(), second.id()}, county_), ElementsAre("allowed", "allowed"));
  ASSERT_OK(Declare(asset, 450000));
  EXPECT_THAT(Told({first.id(), second.id()}, county_),
              ElementsAre("DIVIDEND_EXCEEDS_INCOME", "allowed"));
}

// The rent of a contract comes to each of its assets by its weight: one of them is enough.
TEST_F(IncomeTest, OfSeveralAssetsNoneGivesBackWhatItHasDistributed) {
  const std::string great = Registered(Shed(300000000)).id();
  const std::string small = Registered(Shed(100000000)).id();
  v1::SignContractRequest lease = Lease(great, 1000000);
  lease.mutable_terms()->add_asset_ids(small);
  const v1::OperatingContract contract = Signed(lease);
  const v1::IncomeRecord first = OfContract(contract.id(), 1, 800000);
  const v1::IncomeRecord second = OfContract(contract.id(), 2, 400000);
  // The small one has received 300000, of which 100000 by the second.
  ASSERT_OK(Declare(small, 150000));
  EXPECT_THAT(Told({first.id(), second.id()}, county_),
              ElementsAre("DIVIDEND_EXCEEDS_INCOME", "allowed"));
  ASSERT_OK(Declare(small, 50001));
  EXPECT_THAT(Told({first.id(), second.id()}, county_),
              ElementsAre("DIVIDEND_EXCEEDS_INCOME", "DIVIDEND_EXCEEDS_INCOME"));
}

TEST_F(IncomeTest, IsThereForThoseOfItsRegionOnly) {
  const std::string asset = Registered(Shed()).id();
  const v1::OperatingContract contract = Signed(Lease(Registered(Shed()).id(), 1000000));
  const v1::IncomeRecord own = OfAsset(asset, 500000);
  const v1::IncomeRecord rent = OfContract(contract.id(), 1, 300000);
  const std::string unknown = ids_.Next().ToString();

  v1::BatchGetIncomeResponse many = Many({rent.id(), unknown, own.id()});
  ASSERT_EQ(many.records_size(), 2);
  EXPECT_EQ(many.records(0).id(), rent.id());
  EXPECT_EQ(many.records(1).id(), own.id());
  EXPECT_THAT(many.missing_ids(), ElementsAre(unknown));
  EXPECT_THAT(GetIncome(unknown), StatusIs(StatusCode::kNotFound));

  for (const std::string& other :
       {Token(ROLE_COUNTY_OPERATOR, kOtherCounty, "elsewhere"),
        Token(options::v1::ROLE_TOWNSHIP_REVIEWER, "360733102", "other-town")}) {
    many = Many({rent.id(), own.id()}, other);
    EXPECT_THAT(many.records(), IsEmpty());
    EXPECT_THAT(many.missing_ids(), ElementsAre(rent.id(), own.id()));
    for (const std::string& id : {rent.id(), own.id()}) {
      EXPECT_THAT(GetIncome(id, other), StatusIs(StatusCode::kNotFound));
      EXPECT_THAT(Reverse(id, other), StatusIs(StatusCode::kNotFound));
    }
  }
}

// A township reviewer who audits the whole county sees another town's income, but not as a step.
TEST_F(IncomeTest, IsReversedWhereTheRoleIsHeld) {
  const v1::IncomeRecord own = OfAsset(Registered(Shed()).id(), 500000);
  const auto both = [&](const std::string& town) {
    auth::Caller caller;
    caller.subject = "two-roles";
    for (const auto& [role, region] : std::vector<std::pair<auth::Role, std::string>>{
             {options::v1::ROLE_TOWNSHIP_REVIEWER, town}, {options::v1::ROLE_AUDITOR, "360733"}}) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = role;
      grant.region_path = region;
    }
    return server_.Token(caller);
  };
  EXPECT_THAT(Told({own.id()}, both(kTown)), ElementsAre("allowed"));
  ASSERT_OK_AND_ASSIGN(const v1::IncomeRecord seen, GetIncome(own.id(), both("360733102")));
  EXPECT_EQ(Told(seen), "not told");
  EXPECT_THAT(Reverse(own.id(), both("360733102")), StatusIs(StatusCode::kNotFound));
}

TEST_F(IncomeTest, AListsRecordsSayHowTheyStandAndNotWhatMayBeDone) {
  const v1::IncomeRecord own = OfAsset(Registered(Shed()).id(), 500000);
  EXPECT_THAT(own.allowed_actions(), IsEmpty());
  v1::ListIncomeRequest list;
  list.set_asset_id(own.asset_id());
  ASSERT_OK_AND_ASSIGN(const auto all,
                       Call<v1::ListIncomeResponse>("ContractService.ListIncome", list));
  ASSERT_EQ(all.records_size(), 1);
  EXPECT_THAT(all.records(0).allowed_actions(), IsEmpty());
  ASSERT_OK_AND_ASSIGN(v1::IncomeRecord alone, GetIncome(own.id()));
  alone.clear_allowed_actions();
  EXPECT_EQ(alone.SerializeAsString(), all.records(0).SerializeAsString());
}

}  // namespace
}  // namespace bangfu::asset
