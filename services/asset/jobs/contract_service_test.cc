#include "common/testing/at_once.h"
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {
namespace {

using AssetServiceTest = ServiceTest;

TEST_F(AssetServiceTest, R110_IncomeFallsDueComesInAndIsReversed) {
  const v1::Asset asset = Registered(Shed());
  const v1::OperatingContract contract = Signed(Lease(asset.id(), 6500000));
  v1::ListIncomeDuesRequest list;
  list.set_contract_id(contract.id());
  ASSERT_OK_AND_ASSIGN(const auto dues,
                       Call<v1::ListIncomeDuesResponse>("ContractService.ListIncomeDues", list));
  ASSERT_EQ(dues.dues_size(), 3);
  EXPECT_EQ(dues.dues(1).due_fen(), 6500000);
  EXPECT_EQ(dues.dues(1).arrears_days(), 147);  // since 2026-06-30
  EXPECT_EQ(contract.arrears_fen(), 13000000);

  ASSERT_OK_AND_ASSIGN(const auto income, Receive(contract.id(), 2, 5200000, Date(2026, 8, 15)));
  v1::ProjectAssetFacts facts = Facts();
  EXPECT_TRUE(facts.income_reported());
  EXPECT_EQ(Month(facts, "2026-08").received_fen(), 5200000);
  EXPECT_EQ(Month(facts, "2026-06").due_fen(), 6500000);
  EXPECT_EQ(Month(facts, "2026-06").received_of_due_fen(), 5200000);
  const auto too_much = Receive(contract.id(), 2, 1300001, Date(2026, 8, 16));
  EXPECT_THAT(too_much, StatusIs(absl::StatusCode::kFailedPrecondition, "INCOME_EXCEEDS_DUE"));
  EXPECT_EQ(GetErrorDetail(too_much.status()).metadata["open_fen"], "1300000");
  EXPECT_THAT(Receive(contract.id(), 3, 100, Date(2027, 6, 30)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "INCOME_NOT_RECEIVED"));
  EXPECT_THAT(Receive(contract.id(), 9, 100, Date(2026, 6, 30)),
              StatusIs(absl::StatusCode::kNotFound));

  v1::ReverseIncomeRequest reverse;
  reverse.set_request_id(RequestId());
  reverse.set_id(income.id());
  reverse.set_reason("重复登记");
  ASSERT_OK_AND_ASSIGN(const auto back,
                       Call<v1::IncomeRecord>("ContractService.ReverseIncome", reverse));
  EXPECT_EQ(back.received_fen(), -5200000);
  EXPECT_EQ(Month(Facts(), "2026-06").received_of_due_fen(), 0);
  reverse.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::IncomeRecord>("ContractService.ReverseIncome", reverse),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_REVERSED"));
}

// A tenant has paid ahead for a period that begins after the contract's end.
TEST_F(AssetServiceTest, NothingIsOwedOfPeriodsThatNeverBegin) {
  const v1::Asset asset = Registered(Shed());
  v1::OperatingContract contract = Signed(Lease(asset.id(), 6000000));
  ASSERT_OK(Receive(contract.id(), 2, 6000000, Date(2026, 6, 30)));
  v1::ListIncomeDuesRequest list;
  list.set_contract_id(contract.id());
  ASSERT_OK_AND_ASSIGN(const auto planned,
                       Call<v1::ListIncomeDuesResponse>("ContractService.ListIncomeDues", list));
  ASSERT_EQ(planned.dues_size(), 3);
  ASSERT_OK_AND_ASSIGN(const auto ahead, Receive(contract.id(), 3, 1000000, Date(2026, 6, 1)));
  v1::GetContractRequest get;
  get.set_id(contract.id());
  ASSERT_OK_AND_ASSIGN(contract, Call<v1::OperatingContract>("ContractService.GetContract", get));
  v1::TerminateContractRequest end;
  end.set_request_id(RequestId());
  end.set_id(contract.id());
  end.set_etag(contract.etag());
  *end.mutable_ended_on() = Date(2026, 6, 30);
  end.set_reason("经营主体退出");
  ASSERT_OK(Call<v1::OperatingContract>("ContractService.TerminateContract", end));
  const auto third = [&]() -> v1::IncomeDue {
    const auto dues = Call<v1::ListIncomeDuesResponse>("ContractService.ListIncomeDues", list);
    EXPECT_OK(dues);
    if (!dues.ok() || dues->dues_size() != 3) {
      ADD_FAILURE() << "the due that was paid ahead is gone";
      return {};
    }
    return dues->dues(2);
  };
  EXPECT_EQ(third().due_fen(), 1000000);
  EXPECT_EQ(third().received_fen(), 1000000);
  // What is paid back is not owed either.
  v1::ReverseIncomeRequest reverse;
  reverse.set_request_id(RequestId());
  reverse.set_id(ahead.id());
  reverse.set_reason("合同解除，退回预付款");
  ASSERT_OK(Call<v1::IncomeRecord>("ContractService.ReverseIncome", reverse));
  EXPECT_EQ(third().due_fen(), 0);
  EXPECT_EQ(third().received_fen(), 0);
  // What was typed wrongly is told again, as of the day on which it came; later nothing comes.
  ASSERT_OK(Receive(contract.id(), 3, 800000, Date(2026, 6, 30)));
  EXPECT_EQ(third().due_fen(), 800000);
  EXPECT_EQ(third().received_fen(), 800000);
  EXPECT_THAT(Receive(contract.id(), 3, 100, Date(2026, 7, 1)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "INCOME_EXCEEDS_DUE"));
}

TEST_F(AssetServiceTest, ARateOfSalesWaitsForItsBase) {
  const v1::Asset asset = Registered(Shed());
  v1::SignContractRequest sign = Lease(asset.id(), 1000000);
  sign.mutable_terms()->mutable_schedule(0)->set_rate_bp(1000);
  sign.mutable_terms()->mutable_schedule(0)->set_rate_base(v1::RATE_BASE_SALES);
  const v1::OperatingContract contract = Signed(sign);
  EXPECT_EQ(Month(Facts(), "2026-06").dues_unknown(), 1);
  EXPECT_THAT(Receive(contract.id(), 2, 100, Date(2026, 8, 1)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "DUE_BASE_UNKNOWN"));
  v1::StateDueBaseRequest base;
  base.set_request_id(RequestId());
  base.set_contract_id(contract.id());
  base.set_etag(contract.etag());
  base.set_due_no(2);
  base.set_base_fen(33333335);
  ASSERT_OK_AND_ASSIGN(const auto due, Call<v1::IncomeDue>("ContractService.StateDueBase", base));
  EXPECT_EQ(due.due_fen(), 1000000 + 3333334);  // 3333333.5 rounds up
  EXPECT_EQ(Month(Facts(), "2026-06").due_fen(), 4333334);
}

TEST_F(AssetServiceTest, R038_ANewOperatorComesByItsContract) {
  const v1::Asset asset = Registered(Shed());
  EXPECT_FALSE(Facts().compliance().has_contract());
  const v1::OperatingContract first = Signed(Lease(asset.id(), 100));
  v1::ProjectAssetFacts facts = Facts();
  EXPECT_TRUE(facts.compliance().has_contract());
  EXPECT_TRUE(facts.compliance().operator_known());
  EXPECT_TRUE(facts.compliance().in_good_standing());
  EXPECT_EQ(Get(asset.id()).details().operator_uscc(), kOperator);
  v1::SignContractRequest second = Lease(asset.id(), 200);
  second.mutable_terms()->set_operator_uscc(kOperator2);
  EXPECT_THAT(Call<v1::OperatingContract>("ContractService.SignContract", second),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ASSET_UNDER_CONTRACT"));

  v1::TerminateContractRequest end;
  end.set_request_id(RequestId());
  end.set_id(first.id());
  end.set_etag(first.etag());
  *end.mutable_ended_on() = Date(2026, 3, 31);
  end.set_reason("停产闲置，另行委托经营");
  ASSERT_OK_AND_ASSIGN(const auto ended,
                       Call<v1::OperatingContract>("ContractService.TerminateContract", end));
  EXPECT_EQ(ended.state(), v1::CONTRACT_STATE_TERMINATED);
  EXPECT_EQ(Get(asset.id()).details().operate_mode(), v1::OPERATE_MODE_NONE);
  EXPECT_EQ(Month(Facts(), "2026-03").due_fen(), 25);  // 90 of 365 days of 100 fen
  EXPECT_EQ(Month(Facts(), "2026-06").due_fen(), 0);
  second.mutable_terms()->set_mode(v1::OPERATE_MODE_ENTRUST);
  second.set_request_id(RequestId());
  Signed(second);
  EXPECT_EQ(Get(asset.id()).details().operate_mode(), v1::OPERATE_MODE_ENTRUST);
  EXPECT_FALSE(Facts().compliance().operator_known());  // the registry has no such operator

  // What references an asset keeps it.
  v1::VoidAssetRequest destroy;
  destroy.set_request_id(RequestId());
  destroy.set_id(asset.id());
  destroy.set_etag(Get(asset.id()).etag());
  destroy.set_reason("错登");
  EXPECT_THAT(Call<v1::Asset>("AssetService.VoidAsset", destroy, Token(ROLE_COUNTY_APPROVER)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ASSET_REFERENCED"));
}

TEST_F(AssetServiceTest, OfTwoContractsAtOnceOneIsSigned) {
  const v1::Asset asset = Registered(Shed());
  std::vector<v1::SignContractRequest> requests = {Lease(asset.id(), 100), Lease(asset.id(), 200)};
  const auto results = ::bangfu::testing::AtOnce(2, [&](int i) {
    return Call<v1::OperatingContract>("ContractService.SignContract", requests[i],
                                       Token(ROLE_COUNTY_OPERATOR, "360733", Cat("p", i)));
  });
  EXPECT_EQ(::bangfu::testing::Outcomes(results),
            (::bangfu::testing::Tally{{"OK", 1}, {"FAILED_PRECONDITION/ASSET_UNDER_CONTRACT", 1}}));
}

TEST_F(AssetServiceTest, R110_DividendsRestOnIncomeAndArePaidOnce) {
  const v1::Asset asset = Registered(Shed());
  const v1::OperatingContract contract = Signed(Lease(asset.id(), 6000000));
  ASSERT_OK(Receive(contract.id(), 2, 6000000, Date(2026, 6, 30)));
  v1::DeclareDividendRequest declare;
  declare.set_request_id(RequestId());
  declare.set_asset_id(asset.id());
  declare.set_use(v1::DIVIDEND_USE_HOUSEHOLD_DIVIDEND);
  declare.set_period("2026年上半年");
  *declare.mutable_declared_on() = Date(2026, 7, 10);
  declare.set_declared_fen(4000000);
  // Of two at once, whose sum is more than came in, one stands.
  const auto results = ::bangfu::testing::AtOnce(2, [&](int i) {
    v1::DeclareDividendRequest mine = declare;
    mine.set_request_id(Cat("declare-", i, "-x"));
    return Call<v1::Dividend>("ContractService.DeclareDividend", mine,
                              Token(ROLE_COUNTY_OPERATOR, "360733", Cat("p", i)));
  });
  ASSERT_NE(results[0].ok(), results[1].ok());
  const v1::Dividend dividend = results[0].ok() ? *results[0] : *results[1];
  EXPECT_THAT(results[0].ok() ? results[1] : results[0],
              StatusIs(absl::StatusCode::kFailedPrecondition, "DIVIDEND_EXCEEDS_INCOME"));

  v1::PayDividendRequest pay;
  pay.set_request_id(RequestId());
  pay.set_id(dividend.id());
  pay.set_etag(dividend.etag());
  pay.set_paid_fen(3000000);
  *pay.mutable_paid_on() = Date(2026, 8, 1);
  ASSERT_OK_AND_ASSIGN(const auto paid, Call<v1::Dividend>("ContractService.PayDividend", pay));
  pay.set_request_id(RequestId());
  pay.set_etag(paid.etag());
  pay.set_paid_fen(1000001);
  EXPECT_THAT(Call<v1::Dividend>("ContractService.PayDividend", pay),
              StatusIs(absl::StatusCode::kFailedPrecondition, "DIVIDEND_OVERPAID"));
  const v1::ProjectAssetFacts facts = Facts();
  EXPECT_TRUE(facts.dividend_declared());
  EXPECT_EQ(Month(facts, "2026-07").dividend_declared_fen(), 4000000);
  EXPECT_EQ(Month(facts, "2026-07").dividend_paid_fen(), 3000000);
  EXPECT_EQ(Month(facts, "2026-08").household_income_fen(), 3000000);
}

TEST_F(AssetServiceTest, TimeEndsContractsAndTurnsStoppedIntoIdle) {
  v1::Asset asset = Registered(Shed());
  Signed(Lease(asset.id(), 100));
  v1::ReportUseStateRequest stop;
  stop.set_request_id(RequestId());
  stop.set_id(asset.id());
  stop.set_etag(Get(asset.id()).etag());
  stop.mutable_use()->set_use_state(v1::USE_STATE_SUSPENDED);
  *stop.mutable_use()->mutable_since() = Date(2026, 9, 1);
  EXPECT_THAT(Call<v1::Asset>("AssetService.ReportUseState", stop),
              HasViolation("use.idle_reason"));
  stop.mutable_use()->set_idle_reason("资金周转困难");
  ASSERT_OK(Call<v1::Asset>("AssetService.ReportUseState", stop));
  EXPECT_EQ(Facts().operating_status(), v1::OPERATING_STATUS_SUSPENDED);
  SetDay(2027, 3, 1);
  ASSERT_OK(SweepAll(*session_, clock_.Now()));
  EXPECT_EQ(Get(asset.id()).use().use_state(), v1::USE_STATE_IDLE);
  EXPECT_EQ(Facts().operating_status(), v1::OPERATING_STATUS_IDLE);
  EXPECT_TRUE(Facts().compliance().has_contract());
  SetDay(2028, 1, 1);
  ASSERT_OK(SweepAll(*session_, clock_.Now()));
  EXPECT_FALSE(Facts().compliance().has_contract());
  EXPECT_TRUE(Get(asset.id()).contract_id().empty());
  const int64_t events = Events("project_asset_facts");
  ASSERT_OK(SweepAll(*session_, clock_.Now()));
  EXPECT_EQ(Events("project_asset_facts"), events);
}

TEST_F(AssetServiceTest, AnOperatorThatFallsOutChangesTheFacts) {
  const v1::Asset asset = Registered(Shed());
  Signed(Lease(asset.id(), 100));
  const int64_t events = Events("project_asset_facts");
  registry::v1::OperatorChanged op;
  op.mutable_operator_()->set_id(ids_.Next().ToString());
  op.mutable_operator_()->set_uscc(kOperator);
  op.mutable_operator_()->set_name("众兴合作社");
  op.mutable_operator_()->set_dishonest(true);
  Apply({{"operator", &op}});
  EXPECT_FALSE(Facts().compliance().in_good_standing());
  EXPECT_EQ(Events("project_asset_facts"), events + 1);
  Apply({{"operator", &op}});  // an event again changes nothing
  EXPECT_EQ(Events("project_asset_facts"), events + 1);
}

TEST_F(AssetServiceTest, AContractIsFoundByItsNumberInAnotherSystem) {
  const auto numbered = [&](const std::string& number) {
    v1::SignContractRequest r = Lease(Registered(Shed()).id(), 1000);
    type::v1::ExternalId* id = r.mutable_terms()->add_external_ids();
    id->set_system("sanzi");
    id->set_id(number);
    return Call<v1::OperatingContract>("ContractService.SignContract", r);
  };
  const auto found = [&](const std::string& number) {
    v1::ListContractsRequest list;
    list.set_external_system("sanzi");
    list.set_external_id(number);
    const auto page = Call<v1::ListContractsResponse>("ContractService.ListContracts", list);
    EXPECT_OK(page);
    std::vector<std::string> ids;
    if (!page.ok()) return ids;
    for (const v1::OperatingContract& contract : page->contracts()) ids.push_back(contract.id());
    return ids;
  };
  ASSERT_OK_AND_ASSIGN(const v1::OperatingContract contract, numbered("HT-1"));
  EXPECT_THAT(found("HT-1"), ::testing::ElementsAre(contract.id()));
  EXPECT_THAT(found("HT-2"), ::testing::IsEmpty());
  EXPECT_THAT(numbered("HT-1"), StatusIs(absl::StatusCode::kAlreadyExists, "EXTERNAL_ID_TAKEN"));
  v1::ListContractsRequest half;
  half.set_external_system("sanzi");
  EXPECT_THAT(Call<v1::ListContractsResponse>("ContractService.ListContracts", half),
              HasViolation("external_id"));
  // Void, it gives its number to the one that is recorded in its place.
  v1::VoidContractRequest leave;
  leave.set_request_id(RequestId());
  leave.set_id(contract.id());
  leave.set_etag(contract.etag());
  leave.set_reason("录入有误");
  ASSERT_OK(Call<v1::OperatingContract>("ContractService.VoidContract", leave,
                                        Token(ROLE_COUNTY_APPROVER)));
  ASSERT_OK_AND_ASSIGN(const v1::OperatingContract anew, numbered("HT-1"));
  EXPECT_THAT(found("HT-1"), ::testing::ElementsAre(anew.id()));
}

TEST_F(AssetServiceTest, WhatAContractSaysIsAllowedIsWhatItsStepsDo) {
  const v1::Asset asset = Registered(Shed());
  const v1::OperatingContract made = Signed(Lease(asset.id(), 100));
  const auto try_all = [&](int expected) {
    int told = 0;
    for (const auto role : {ROLE_COUNTY_OPERATOR, ROLE_COUNTY_APPROVER, ROLE_VILLAGE_REPORTER}) {
      const std::string token = Token(role);
      v1::BatchGetContractsRequest get;
      get.add_ids(made.id());
      ASSERT_OK_AND_ASSIGN(const auto seen, Call<v1::BatchGetContractsResponse>(
                                                "ContractService.BatchGetContracts", get, token));
      ASSERT_EQ(seen.contracts_size(), 1);
      for (const auto& action : seen.contracts(0).allowed_actions()) {
        ++told;
        absl::Status status;
        if (action.action() == "terminate") {
          v1::TerminateContractRequest r;
          r.set_request_id(RequestId());
          r.set_id(made.id());
          r.set_etag(seen.contracts(0).etag());
          *r.mutable_ended_on() = Date(2026, 3, 31);
          r.set_reason("停产");
          r.set_validate_only(true);
          status =
              Call<v1::OperatingContract>("ContractService.TerminateContract", r, token).status();
        } else if (action.action() == "state_base") {
          v1::StateDueBaseRequest r;
          r.set_request_id(RequestId());
          r.set_contract_id(made.id());
          r.set_due_no(1);
          r.set_etag(seen.contracts(0).etag());
          r.set_base_fen(100);
          r.set_validate_only(true);
          status = Call<v1::IncomeDue>("ContractService.StateDueBase", r, token).status();
        } else if (action.action() == "record_income") {
          v1::RecordIncomeRequest r;
          r.set_request_id(RequestId());
          r.set_contract_id(made.id());
          r.set_due_no(2);
          r.set_received_fen(100);
          *r.mutable_received_on() = Date(2026, 7, 1);
          r.set_validate_only(true);
          status = Call<v1::IncomeRecord>("ContractService.RecordIncome", r, token).status();
        } else {
          v1::VoidContractRequest r;
          r.set_request_id(RequestId());
          r.set_id(made.id());
          r.set_etag(seen.contracts(0).etag());
          r.set_reason("错登");
          r.set_validate_only(true);
          status = Call<v1::OperatingContract>("ContractService.VoidContract", r, token).status();
        }
        EXPECT_EQ(status.ok(), action.allowed()) << action.action() << ": " << status;
        EXPECT_EQ(ReasonOf(status), action.refusal_reason());
      }
    }
    EXPECT_EQ(told, expected);
  };
  try_all(6);
  ASSERT_OK(Receive(made.id(), 1, 100, Date(2025, 7, 1)));
  try_all(6);  // income keeps the contract from being void
}

}  // namespace
}  // namespace bangfu::asset
