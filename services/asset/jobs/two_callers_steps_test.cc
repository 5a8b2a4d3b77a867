// Two callers at one moment on each step of a title, a use, a contract, a dividend, a link with
// households and a month's employment: one is taken, and trail, events and sums know of one.
#include "common/blob/blob_for_test.h"
#include "services/asset/jobs/two_callers_for_test.h"

namespace bangfu::asset {
namespace {

using absl::StatusCode;
using testing::AtOnce;
using testing::Outcomes;
using testing::Tally;

class TwoCallersSteps : public TwoCallersTest {
 protected:
  int64_t Steps(const std::string& type, const std::string& id) {
    return Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = ? AND aggregate_id = ?",
               {type, *Ulid::Parse(id)});
  }
  // Runs the step at once as often, and looks that one more step was kept of it.
  template <typename Step>
  void ExpectOne(const std::string& type, const std::string& id, const Tally& tally, Step step) {
    int callers = 0;
    for (const auto& [outcome, count] : tally) callers += count;
    const int64_t before = Steps(type, id);
    const int64_t events = Events(type);
    EXPECT_EQ(Outcomes(AtOnce(callers, step)), tally) << type;
    EXPECT_EQ(Steps(type, id), before + 1) << type;
    EXPECT_LE(Events(type), events + 1) << type;
  }
  template <typename Request>
  Request Of(const std::string& id, const std::string& etag) {
    Request r;
    r.set_request_id(RequestId());
    r.set_id(id);
    r.set_etag(etag);
    return r;
  }
  // Idle since that day of September.
  static v1::UseReportInput Idle(int day) {
    v1::UseReportInput use;
    use.set_use_state(v1::USE_STATE_IDLE);
    *use.mutable_since() = Date(2026, 9, day);
    *use.mutable_idle_since() = Date(2026, 9, day);
    use.set_idle_reason("无人承租");
    return use;
  }
  // A paper of the caller's; uploaded before the race: the world has one session.
  type::v1::Evidence Paper() {
    auto evidence = ::bangfu::testing::CompleteEvidence(*session_, ids_, server_.clock().Now(),
                                                        "TITLE", kVillage);
    EXPECT_OK(evidence);
    return evidence.ok() ? *evidence : type::v1::Evidence();
  }
  v1::Asset WithBasis() {
    v1::RegisterAssetRequest shed = Shed();
    shed.mutable_details()->add_ownership_basis("FUND_SOURCE");
    return Registered(shed);
  }
  absl::StatusOr<v1::Dividend> VoidOf(const v1::Dividend& dividend) {
    auto r = Of<v1::VoidDividendRequest>(dividend.id(), dividend.etag());
    r.set_reason("金额登记有误");
    return Call<v1::Dividend>("ContractService.VoidDividend", r, Token(ROLE_COUNTY_APPROVER));
  }
  absl::StatusOr<v1::Dividend> PayOf(const v1::Dividend& dividend, int64_t fen) {
    auto r = Of<v1::PayDividendRequest>(dividend.id(), dividend.etag());
    r.set_paid_fen(fen);
    *r.mutable_paid_on() = Date(2026, 8, 10);
    return Call<v1::Dividend>("ContractService.PayDividend", r);
  }

  const Tally one_by_its_version_ = {{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 2}};
};

TEST_F(TwoCallersSteps, ATitleIsDisputedAndSettledOnce) {
  v1::Asset asset = WithBasis();
  const std::vector<type::v1::Evidence> papers = {Paper(), Paper(), Paper()};
  ExpectOne("asset", asset.id(), one_by_its_version_, [&](int i) {
    auto r = Of<v1::DisputeTitleRequest>(asset.id(), asset.etag());
    r.set_reason(Cat("第", i, "组主张所有权"));
    *r.add_evidence() = papers[static_cast<size_t>(i)];
    return Call<v1::Asset>("AssetService.DisputeTitle", r);
  });
  asset = Get(asset.id());
  EXPECT_EQ(asset.title_status(), v1::TITLE_STATUS_DISPUTED);
  // The papers of those who were not taken serve no case.
  EXPECT_EQ(Int("SELECT COUNT(*) FROM blob_file WHERE case_id IS NOT NULL"), 1);
  ExpectOne("asset", asset.id(), one_by_its_version_, [&](int i) {
    auto r = Of<v1::SettleTitleRequest>(asset.id(), asset.etag());
    r.set_reason("调解一致");
    return Call<v1::Asset>("AssetService.SettleTitle", r,
                           Token(ROLE_COUNTY_APPROVER, "360733", Cat("approver-", i)));
  });
  EXPECT_EQ(Get(asset.id()).title_status(), v1::TITLE_STATUS_UNREGISTERED);
}

TEST_F(TwoCallersSteps, AnAssetIsTakenBackOnce) {
  v1::Asset asset = Registered(Shed());
  auto hand = Of<v1::HandOverRequest>(asset.id(), asset.etag());
  hand.set_custodian("水东村委会");
  hand.set_accepted_by("张三");
  *hand.mutable_transferred_date() = Date(2026, 6, 2);
  ASSERT_OK_AND_ASSIGN(asset, Call<v1::Asset>("AssetService.HandOver", hand));
  ExpectOne("asset", asset.id(), one_by_its_version_, [&](int i) {
    auto r = Of<v1::ReturnCustodyRequest>(asset.id(), asset.etag());
    *r.mutable_returned_date() = Date(2026, 7, 1 + i);
    r.set_reason("收回统一管理");
    return Call<v1::Asset>("AssetService.ReturnCustody", r);
  });
  asset = Get(asset.id());
  EXPECT_EQ(asset.custody_status(), v1::CUSTODY_STATUS_RETURNED);
  EXPECT_EQ(asset.custodian(), "");
}

TEST_F(TwoCallersSteps, OfTwoReportsOfAUseOneStands) {
  const v1::Asset asset = Registered(Shed());
  ExpectOne("asset", asset.id(), one_by_its_version_, [&](int i) {
    auto r = Of<v1::ReportUseStateRequest>(asset.id(), asset.etag());
    *r.mutable_use() = Idle(1 + i);
    return Call<v1::Asset>("AssetService.ReportUseState", r);
  });
  EXPECT_NE(Get(asset.id()).use().use_state(), v1::USE_STATE_IN_USE);
}

TEST_F(TwoCallersSteps, OfTwoChangesOfAnAssetOneStands) {
  const v1::Asset asset = Registered(Shed());
  ExpectOne("asset", asset.id(), one_by_its_version_, [&](int i) {
    auto r = Of<v1::UpdateAssetRequest>(asset.id(), asset.etag());
    r.mutable_details()->set_note(Cat("检修", i));
    r.mutable_update_mask()->add_paths("note");
    return Call<v1::Asset>("AssetService.UpdateAsset", r);
  });
  // A change and a report of its use are changes of one record, too.
  const v1::Asset now = Get(asset.id());
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int i) {
                              if (i == 0) {
                                auto r = Of<v1::UpdateAssetRequest>(now.id(), now.etag());
                                r.mutable_details()->set_note("已检修");
                                r.mutable_update_mask()->add_paths("note");
                                return Call<v1::Asset>("AssetService.UpdateAsset", r);
                              }
                              auto r = Of<v1::ReportUseStateRequest>(now.id(), now.etag());
                              *r.mutable_use() = Idle(1);
                              return Call<v1::Asset>("AssetService.ReportUseState", r);
                            })),
            (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
}

TEST_F(TwoCallersSteps, AnAssetIsLetOnce) {
  const v1::Asset asset = Registered(Shed());
  EXPECT_EQ(Outcomes(AtOnce(3,
                            [&](int i) {
                              return Call<v1::OperatingContract>("ContractService.SignContract",
                                                                 Lease(asset.id(), 1000000 + i));
                            })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/ASSET_UNDER_CONTRACT", 2}}));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM operating_contract"), 1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'contract'"), 1);
}

TEST_F(TwoCallersSteps, AContractIsTerminatedOnce) {
  const v1::OperatingContract contract = Signed(Lease(Registered(Shed()).id(), 1000000));
  ExpectOne("contract", contract.id(), one_by_its_version_, [&](int i) {
    auto r = Of<v1::TerminateContractRequest>(contract.id(), contract.etag());
    *r.mutable_ended_on() = Date(2026, 3, 10 + i);
    r.set_reason("停产");
    return Call<v1::OperatingContract>("ContractService.TerminateContract", r);
  });
}

TEST_F(TwoCallersSteps, ABaseIsStatedOnce) {
  v1::SignContractRequest sign = Lease(Registered(Shed()).id(), 1000000);
  sign.mutable_terms()->mutable_schedule(0)->set_rate_bp(1000);
  sign.mutable_terms()->mutable_schedule(0)->set_rate_base(v1::RATE_BASE_SALES);
  const v1::OperatingContract contract = Signed(sign);
  const auto results = AtOnce(3, [&](int i) {
    v1::StateDueBaseRequest r;
    r.set_request_id(RequestId());
    r.set_contract_id(contract.id());
    r.set_etag(contract.etag());
    r.set_due_no(2);
    r.set_base_fen(30000000 + i * 1000);
    return Call<v1::IncomeDue>("ContractService.StateDueBase", r);
  });
  EXPECT_EQ(Outcomes(results), one_by_its_version_);
  for (const auto& result : results) {
    if (!result.ok()) continue;
    EXPECT_EQ(Int("SELECT due_fen FROM income_due WHERE due_no = 2"), result->due_fen());
  }
}

TEST_F(TwoCallersSteps, AnIncomeIsReversedAsItWasRead) {
  const v1::Asset asset = Registered(Shed());
  const v1::OperatingContract contract = Signed(Lease(Registered(Shed()).id(), 1000000));
  ASSERT_OK_AND_ASSIGN(const v1::IncomeRecord own, Income(asset.id(), 500000));
  ASSERT_OK_AND_ASSIGN(const v1::IncomeRecord rent,
                       Receive(contract.id(), 2, 500000, Date(2026, 7, 1)));
  for (const v1::IncomeRecord& income : {own, rent}) {
    EXPECT_NE(income.etag(), "");
    auto stale = Of<v1::ReverseIncomeRequest>(income.id(), "0");
    stale.set_reason("重复登记");
    EXPECT_THAT(Call<v1::IncomeRecord>("ContractService.ReverseIncome", stale),
                StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
    EXPECT_EQ(Outcomes(AtOnce(3,
                              [&](int) {
                                auto r = Of<v1::ReverseIncomeRequest>(income.id(), income.etag());
                                r.set_reason("重复登记");
                                return Call<v1::IncomeRecord>("ContractService.ReverseIncome", r);
                              })),
              one_by_its_version_);
    v1::ListIncomeRequest list;
    list.set_contract_id(income.contract_id());
    list.set_asset_id(income.contract_id().empty() ? income.asset_id() : "");
    ASSERT_OK_AND_ASSIGN(const v1::ListIncomeResponse all,
                         Call<v1::ListIncomeResponse>("ContractService.ListIncome", list));
    ASSERT_EQ(all.records_size(), 2);
    EXPECT_EQ(all.records(0).reversed_by_id(), all.records(1).id());
    EXPECT_NE(all.records(0).etag(), income.etag());
    EXPECT_EQ(all.records(1).reversed_by_id(), "");
  }
  EXPECT_EQ(Int("SELECT SUM(received_fen) FROM income_record"), 0);
  EXPECT_EQ(Int("SELECT SUM(received_fen) FROM asset"), 0);
}

TEST_F(TwoCallersSteps, ADividendIsPaidOrVoid) {
  const v1::Asset asset = Registered(Shed());
  ASSERT_OK(Income(asset.id(), 500000));
  ASSERT_OK_AND_ASSIGN(const v1::Dividend dividend, Declare(asset.id(), 500000));
  ExpectOne("dividend", dividend.id(), one_by_its_version_,
            [&](int i) { return i == 0 ? PayOf(dividend, 100000) : VoidOf(dividend); });
  EXPECT_EQ(Int("SELECT (paid_fen > 0) <> (void_reason <> '') FROM dividend"), 1);
  EXPECT_EQ(Int("SELECT declared_fen FROM asset"),
            Int("SELECT IF(void_reason = '', declared_fen, 0) FROM dividend"));
}

TEST_F(TwoCallersSteps, WhatAVoidDividendTookIsDeclaredOnceAgain) {
  const v1::Asset asset = Registered(Shed());
  ASSERT_OK(Income(asset.id(), 500000));
  ASSERT_OK_AND_ASSIGN(const v1::Dividend dividend, Declare(asset.id(), 500000));
  ExpectOne("dividend", dividend.id(), one_by_its_version_, [&](int) { return VoidOf(dividend); });
  EXPECT_EQ(Outcomes(AtOnce(2, [&](int) { return Declare(asset.id(), 500000); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/DIVIDEND_EXCEEDS_INCOME", 1}}));
  EXPECT_EQ(Int("SELECT declared_fen FROM asset"), 500000);
}

TEST_F(TwoCallersSteps, OfTwoChangesOfALinkageOneStands) {
  v1::RecordLinkageRequest record;
  record.set_request_id(RequestId());
  record.set_project_id(project_);
  record.set_mode_code("EMPLOYMENT");
  record.set_operator_name("众兴合作社");
  record.set_households(10);
  record.set_poor_households(4);
  *record.mutable_start_date() = Date(2026, 1, 1);
  ASSERT_OK_AND_ASSIGN(const v1::LinkageContract linkage,
                       Call<v1::LinkageContract>("ContractService.RecordLinkage", record));
  const std::string id = linkage.id();
  ExpectOne("linkage", id, one_by_its_version_, [&](int i) {
    auto r = Of<v1::UpdateLinkageCountsRequest>(id, linkage.etag());
    r.set_households(12 + i);
    r.set_poor_households(4);
    return Call<v1::LinkageContract>("ContractService.UpdateLinkageCounts", r);
  });
  const auto version = [&] { return Cat(Int("SELECT version FROM linkage")); };
  std::string etag = version();
  ExpectOne("linkage", id, one_by_its_version_, [&](int i) {
    auto r = Of<v1::RecordLinkageIncomeRequest>(id, etag);
    r.set_month("2026-06");
    r.set_paid_fen(100000 + i);
    return Call<v1::LinkageContract>("ContractService.RecordLinkageIncome", r);
  });
  EXPECT_LT(Int("SELECT CAST(SUM(paid_fen) AS SIGNED) FROM linkage_income"), 200000);
  etag = version();
  ExpectOne("linkage", id, one_by_its_version_, [&](int i) {
    auto r = Of<v1::EndLinkageRequest>(id, etag);
    *r.mutable_ended_on() = Date(2026, 10, 1 + i);
    r.set_reason("合作期满");
    return Call<v1::LinkageContract>("ContractService.EndLinkage", r);
  });
}

TEST_F(TwoCallersSteps, AMonthsEmploymentIsRecordedOnce) {
  const auto record = [&](const std::string& etag, int workers) {
    v1::RecordEmploymentRequest r;
    r.set_request_id(RequestId());
    r.set_project_id(project_);
    r.set_month("2026-06");
    r.set_kind(v1::EMPLOYMENT_KIND_ASSET_WORK);
    r.set_workers(workers);
    r.set_person_days(20);
    r.set_wages_fen(200000);
    r.set_etag(etag);
    return Call<v1::EmploymentRecord>("ContractService.RecordEmployment", r);
  };
  const auto first = AtOnce(3, [&](int i) { return record("", 2 + i); });
  EXPECT_EQ(Outcomes(first), (Tally{{"OK", 1}, {"ALREADY_EXISTS/EMPLOYMENT_EXISTS", 2}}));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM employment"), 1);
  v1::EmploymentRecord made;
  for (const auto& result : first) {
    if (result.ok()) made = *result;
  }
  ExpectOne("employment", made.id(), one_by_its_version_,
            [&](int i) { return record(made.etag(), 6 + i); });
}

}  // namespace
}  // namespace bangfu::asset
