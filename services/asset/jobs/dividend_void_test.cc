// A dividend that was declared in error: what becomes of it, and of what it had taken.
#include "services/asset/jobs/asset_inbox_for_test.h"

namespace bangfu::asset {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DividendVoid : public AssetInboxTest {
 protected:
  absl::StatusOr<v1::Dividend> Void(const v1::Dividend& dividend, const std::string& token,
                                    bool validate_only = false) {
    v1::VoidDividendRequest r;
    r.set_request_id(RequestId());
    r.set_id(dividend.id());
    r.set_etag(dividend.etag());
    r.set_reason("户数登记有误，重新宣告");
    r.set_validate_only(validate_only);
    return Call<v1::Dividend>("ContractService.VoidDividend", r, token);
  }
  int Listed(bool unpaid) {
    v1::ListDividendsRequest list;
    list.set_unpaid(unpaid);
    auto page = Call<v1::ListDividendsResponse>("ContractService.ListDividends", list);
    EXPECT_OK(page);
    return page.ok() ? page->dividends_size() : -1;
  }
  std::string Refusal(const std::string& id, const std::string& action) {
    const v1::Dividend dividend = Dividend(id, approver_);
    for (const auto& one : dividend.allowed_actions()) {
      if (one.action() == action) return one.allowed() ? "allowed" : one.refusal_reason();
    }
    return "not told";
  }

  const std::string village_ = Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter");
  const std::string approver_ = Token(ROLE_COUNTY_APPROVER);
};

TEST_F(DividendVoid, R110_LeavesTheInboxTheFactsAndWhatItTook) {
  const std::string asset = Earning(100000);
  ASSERT_OK_AND_ASSIGN(const v1::Dividend dividend, Declare(asset, 150000));
  ASSERT_THAT(Kinds(village_), ElementsAre("DIVIDEND_PAY"));
  EXPECT_TRUE(Facts().dividend_declared());
  EXPECT_EQ(Month(Facts(), "2026-01").dividend_declared_fen(), 150000);
  EXPECT_EQ(Listed(/*unpaid=*/true), 1);
  EXPECT_EQ(Refusal(dividend.id(), "void"), "allowed");

  // Only looked at: nothing is changed.
  ASSERT_OK_AND_ASSIGN(v1::Dividend voided, Void(dividend, approver_, /*validate_only=*/true));
  EXPECT_EQ(Dividend(dividend.id()).void_reason(), "");
  ASSERT_OK_AND_ASSIGN(voided, Void(dividend, approver_));
  EXPECT_EQ(voided.void_reason(), "户数登记有误，重新宣告");
  EXPECT_NE(voided.etag(), dividend.etag());
  EXPECT_EQ(Dividend(dividend.id()).void_reason(), voided.void_reason());
  EXPECT_THAT(Kinds(village_), IsEmpty());
  EXPECT_FALSE(Facts().dividend_declared());
  EXPECT_EQ(Month(Facts(), "2026-01").dividend_declared_fen(), 0);
  EXPECT_EQ(Listed(/*unpaid=*/true), 0);
  EXPECT_EQ(Listed(/*unpaid=*/false), 1);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = "
                                   "'dividend' AND reason <> ''"),
            1);
  // The recount brings nothing back, and all of the income can be declared again.
  ASSERT_OK(Recount());
  EXPECT_THAT(Kinds(village_), IsEmpty());
  EXPECT_OK(Declare(asset, 200000));
}

TEST_F(DividendVoid, RefusesWhatIsPaidOrVoid) {
  const std::string asset = Earning(100000);
  ASSERT_OK_AND_ASSIGN(v1::Dividend dividend, Declare(asset, 60000));
  EXPECT_THAT(Void(dividend, ""), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(Void(dividend, Token(ROLE_COUNTY_APPROVER, "360734", "elsewhere")),
              StatusIs(StatusCode::kNotFound));
  v1::Dividend stale = dividend;
  stale.set_etag("0");
  EXPECT_THAT(Void(stale, approver_), StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  ASSERT_OK_AND_ASSIGN(dividend, Pay(dividend, 100, village_));
  EXPECT_EQ(Refusal(dividend.id(), "void"), "DIVIDEND_PAID");
  EXPECT_THAT(Void(dividend, approver_),
              StatusIs(StatusCode::kFailedPrecondition, "DIVIDEND_PAID"));

  ASSERT_OK_AND_ASSIGN(dividend, Declare(asset, 1000));
  ASSERT_OK_AND_ASSIGN(dividend, Void(dividend, approver_));
  EXPECT_EQ(Refusal(dividend.id(), "void"), "DIVIDEND_VOID");
  EXPECT_THAT(Void(dividend, approver_),
              StatusIs(StatusCode::kFailedPrecondition, "DIVIDEND_VOID"));
  EXPECT_THAT(Pay(dividend, 100, village_),
              StatusIs(StatusCode::kFailedPrecondition, "DIVIDEND_VOID"));
}

}  // namespace
}  // namespace bangfu::asset
