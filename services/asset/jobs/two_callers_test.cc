// Two callers at one moment on every guard of the asset ledger: one wins, the other gets the
// reason, and no fen is there twice.
#include "services/asset/jobs/two_callers_for_test.h"

namespace bangfu::asset {
namespace {

using absl::StatusCode;
using testing::AtOnce;
using testing::Outcomes;
using testing::Tally;

class TwoCallers : public TwoCallersTest {
 protected:
  absl::StatusOr<v1::IncomeRecord> Reverse(const std::string& income) {
    v1::ReverseIncomeRequest r;
    r.set_request_id(RequestId());
    r.set_id(income);
    r.set_reason("重复登记");
    return Call<v1::IncomeRecord>("ContractService.ReverseIncome", r);
  }
  absl::StatusOr<v1::Asset> Void(const v1::Asset& asset) {
    v1::VoidAssetRequest r;
    r.set_request_id(RequestId());
    r.set_id(asset.id());
    r.set_etag(asset.etag());
    r.set_reason("重复建档");
    return Call<v1::Asset>("AssetService.VoidAsset", r, Token(ROLE_COUNTY_APPROVER));
  }
};

TEST_F(TwoCallers, NoMoreIncomeThanIsDue) {
  const v1::OperatingContract contract = Signed(Lease(Registered(Shed()).id(), 1000000));
  const auto results = AtOnce(3, [&](int) {
    v1::RecordIncomeRequest r;
    r.set_request_id(RequestId());
    r.set_contract_id(contract.id());
    r.set_due_no(2);
    r.set_received_fen(1000000);
    *r.mutable_received_on() = Date(2026, 7, 1);
    return Call<v1::IncomeRecord>("ContractService.RecordIncome", r);
  });
  EXPECT_EQ(Outcomes(results), (Tally{{"OK", 1}, {"FAILED_PRECONDITION/INCOME_EXCEEDS_DUE", 2}}));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM income_record"), 1);
  EXPECT_EQ(Int("SELECT SUM(received_fen) FROM income_due"), 1000000);
  EXPECT_EQ(Int("SELECT SUM(received_fen) FROM asset"), 1000000);
}

TEST_F(TwoCallers, AnIncomeIsReversedOnce) {
  const v1::Asset asset = Registered(Shed());
  ASSERT_OK_AND_ASSIGN(const v1::IncomeRecord income, Income(asset.id(), 500000));
  EXPECT_EQ(Outcomes(AtOnce(3, [&](int) { return Reverse(income.id()); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/ALREADY_REVERSED", 2}}));
  EXPECT_EQ(Int("SELECT SUM(received_fen) FROM income_record"), 0);
  EXPECT_EQ(Int("SELECT received_fen FROM asset"), 0);
}

TEST_F(TwoCallers, NoMoreIsDeclaredThanWasReceivedAndNoneThatIsTakenBack) {
  const v1::Asset asset = Registered(Shed());
  ASSERT_OK_AND_ASSIGN(const v1::IncomeRecord income, Income(asset.id(), 500000));
  // Two who declare it all, and one who takes the income back.
  const auto results = AtOnce(3, [&](int i) {
    return i == 2 ? Reverse(income.id()).status() : Declare(asset.id(), 500000).status();
  });
  EXPECT_EQ(Outcomes(results),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/DIVIDEND_EXCEEDS_INCOME", 2}}));
  EXPECT_EQ(Int("SELECT received_fen >= declared_fen FROM asset"), 1);
  EXPECT_EQ(Int("SELECT CAST(COALESCE(SUM(declared_fen), 0) AS SIGNED) FROM dividend"),
            Int("SELECT declared_fen FROM asset"));
}

TEST_F(TwoCallers, NoMoreIsPaidThanWasDeclared) {
  const v1::Asset asset = Registered(Shed());
  ASSERT_OK(Income(asset.id(), 500000));
  ASSERT_OK_AND_ASSIGN(const v1::Dividend dividend, Declare(asset.id(), 500000));
  const auto pay = [&](const std::string& etag, int64_t fen) {
    v1::PayDividendRequest r;
    r.set_request_id(RequestId());
    r.set_id(dividend.id());
    r.set_etag(etag);
    r.set_paid_fen(fen);
    *r.mutable_paid_on() = Date(2026, 8, 10);
    return Call<v1::Dividend>("ContractService.PayDividend", r);
  };
  auto results = AtOnce(3, [&](int) { return pay(dividend.etag(), 300000); });
  EXPECT_EQ(Outcomes(results), (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 2}}));
  std::string etag;
  for (const auto& result : results) {
    if (result.ok()) etag = result->etag();
  }
  EXPECT_THAT(pay(etag, 300000), StatusIs(StatusCode::kFailedPrecondition, "DIVIDEND_OVERPAID"));
  EXPECT_EQ(Int("SELECT paid_fen FROM dividend"), 300000);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM dividend_payment"), 1);
}

TEST_F(TwoCallers, AnAssetIsVoidOrReferredTo) {
  // Each time a new reference to an asset meets its voiding.
  for (int kind = 0; kind < 3; ++kind) {
    const v1::Asset asset = Registered(Shed());
    const auto results = AtOnce(2, [&](int i) -> absl::Status {
      if (i == 0) return Void(asset).status();
      if (kind == 0) return Income(asset.id(), 100).status();
      if (kind == 1) {
        v1::SignContractRequest sign = Lease(asset.id(), 1000000);
        return Call<v1::OperatingContract>("ContractService.SignContract", sign).status();
      }
      return Void(asset).status();
    });
    EXPECT_EQ(results[0].ok() + results[1].ok(), 1) << kind << results[0] << results[1];
    if (results[0].ok() && kind < 2) {
      EXPECT_THAT(results[1], StatusIs(StatusCode::kFailedPrecondition)) << kind;
    }
  }
  EXPECT_EQ(Int("SELECT COUNT(*) FROM asset a WHERE a.state = 7 AND (EXISTS (SELECT 1 FROM "
                "income_record i WHERE i.asset_id = a.id) OR EXISTS (SELECT 1 FROM contract_asset "
                "c WHERE c.asset_id = a.id))"),
            0);
}

TEST_F(TwoCallers, ATitleIsRegisteredAndAnAssetHandedOverOnce) {
  const auto title = [&](const v1::Asset& asset, int i) {
    v1::RegisterTitleRequest r;
    r.set_request_id(RequestId());
    r.set_id(asset.id());
    r.set_etag(asset.etag());
    r.set_cert_no(Cat("赣(2026)会昌县不动产权第000", i, "号"));
    *r.mutable_title_date() = Date(2026, 6, 1);
    return Call<v1::Asset>("AssetService.RegisterTitle", r);
  };
  const auto hand_over = [&](const v1::Asset& asset, int i) {
    v1::HandOverRequest r;
    r.set_request_id(RequestId());
    r.set_id(asset.id());
    r.set_etag(asset.etag());
    r.set_custodian(Cat("接收单位", i));
    *r.mutable_transferred_date() = Date(2026, 6, 2);
    r.set_accepted_by("张三");
    return Call<v1::Asset>("AssetService.HandOver", r);
  };
  const auto with_basis = [&] {
    v1::RegisterAssetRequest shed = Shed();
    shed.mutable_details()->add_ownership_basis("FUND_SOURCE");
    return Registered(shed);
  };
  const Tally one_of_two = {{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}};
  const v1::Asset asset = with_basis();
  EXPECT_EQ(Outcomes(AtOnce(2, [&](int i) { return title(asset, i); })), one_of_two);
  const v1::Asset titled = Get(asset.id());
  EXPECT_EQ(Outcomes(AtOnce(2, [&](int i) { return hand_over(titled, i); })), one_of_two);
  // Title and custody at the same moment: whoever comes second looks again.
  const v1::Asset other = with_basis();
  EXPECT_EQ(
      Outcomes(AtOnce(2, [&](int i) { return i == 0 ? title(other, 7) : hand_over(other, 7); })),
      one_of_two);
}

TEST_F(TwoCallers, AContractIsEndedOrVoid) {
  const v1::OperatingContract contract = Signed(Lease(Registered(Shed()).id(), 1000));
  const auto results = AtOnce(2, [&](int i) {
    if (i == 0) {
      v1::TerminateContractRequest r;
      r.set_request_id(RequestId());
      r.set_id(contract.id());
      r.set_etag(contract.etag());
      *r.mutable_ended_on() = Date(2026, 3, 31);
      r.set_reason("停产");
      return Call<v1::OperatingContract>("ContractService.TerminateContract", r);
    }
    v1::VoidContractRequest r;
    r.set_request_id(RequestId());
    r.set_id(contract.id());
    r.set_etag(contract.etag());
    r.set_reason("错登");
    return Call<v1::OperatingContract>("ContractService.VoidContract", r,
                                       Token(ROLE_COUNTY_APPROVER));
  });
  EXPECT_EQ(Outcomes(results), (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
}

}  // namespace
}  // namespace bangfu::asset
