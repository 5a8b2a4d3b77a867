#include "services/asset/domain/transitions.h"

#include "common/testing/status_matchers.h"
#include "common/workflow/triples.h"
#include "services/asset/domain/linkage_actions.h"

namespace bangfu::asset {
namespace {

using ::bangfu::testing::StatusIs;
using workflow::Actor;

const std::vector<int> kRoles = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

AssetSubject Complete() {
  AssetSubject s;
  s.has_ownership_basis = s.owner_shares_complete = true;
  return s;
}

TEST(Transitions, EveryTripleOfEveryTable) {
  using enum TitleStatus;
  EXPECT_THAT(workflow::TryTriples<TitleStatus>(
                  Titles(), std::vector<TitleStatus>{kUnregistered, kRegistered, kDisputed}, kRoles,
                  [](TitleStatus state, const std::string& action, int role) {
                    AssetSubject s = Complete();
                    s.title = state;
                    return Titles().Execute(s, action, Actor{"p", {role}});
                  }),
              ::testing::IsEmpty());
  EXPECT_THAT(workflow::TryTriples<CustodyStatus>(
                  Custodies(),
                  std::vector<CustodyStatus>{CustodyStatus::kNotHandedOver,
                                             CustodyStatus::kHandedOver, CustodyStatus::kReturned},
                  kRoles,
                  [](CustodyStatus state, const std::string& action, int role) {
                    AssetSubject s = Complete();
                    s.custody = state;
                    return Custodies().Execute(s, action, Actor{"p", {role}});
                  }),
              ::testing::IsEmpty());
  EXPECT_THAT(
      workflow::TryTriples<AssetState>(
          States(),
          std::vector<AssetState>{AssetState::kActive, AssetState::kLockedForDisposal,
                                  AssetState::kDisposed, AssetState::kSplit, AssetState::kVoid},
          kRoles,
          [](AssetState state, const std::string& action, int role) {
            AssetSubject s = Complete();
            s.state = state;
            return States().Execute(s, action, Actor{"p", {role}});
          }),
      ::testing::IsEmpty());
  // A void contract has a row for income only so that its refusal says so.
  EXPECT_THAT(workflow::TryTriples<ContractState>(
                  Contracts(),
                  std::vector<ContractState>{ContractState::kActive, ContractState::kEnded,
                                             ContractState::kTerminated},
                  kRoles,
                  [](ContractState state, const std::string& action, int role) {
                    return Contracts().Execute({.state = state}, action, Actor{"p", {role}});
                  }),
              ::testing::IsEmpty());
  EXPECT_THAT(workflow::TryTriples<DividendState>(
                  Dividends(), std::vector<DividendState>{DividendState::kDeclared}, kRoles,
                  [](DividendState state, const std::string& action, int role) {
                    return Dividends().Execute(state, action, Actor{"p", {role}});
                  }),
              ::testing::IsEmpty());
  // What is paid in full has a row only so that its refusal says so.
  EXPECT_THAT(Dividends().Execute(DividendState::kPaid, "pay", Actor{"p", {1}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "DIVIDEND_OVERPAID"));
  EXPECT_THAT(Dividends().Execute(DividendState::kVoid, "pay", Actor{"p", {1}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "DIVIDEND_VOID"));
  EXPECT_THAT(Dividends().Execute(DividendState::kPartlyPaid, "pay", Actor{"p", {1}}),
              ::bangfu::testing::IsOk());
  const Actor approver{"p", {5}};
  for (const DividendState paid : {DividendState::kPartlyPaid, DividendState::kPaid}) {
    EXPECT_THAT(Dividends().Execute(paid, "void", approver),
                StatusIs(absl::StatusCode::kFailedPrecondition, "DIVIDEND_PAID"));
  }
  EXPECT_THAT(Dividends().Execute(DividendState::kVoid, "void", approver),
              StatusIs(absl::StatusCode::kFailedPrecondition, "DIVIDEND_VOID"));
}

TEST(Transitions, EveryTripleOfIncome) {
  EXPECT_THAT(workflow::TryTriples<IncomeState>(
                  Incomes(), std::vector<IncomeState>{IncomeState::kStands}, kRoles,
                  [](IncomeState state, const std::string& action, int role) {
                    return Incomes().Execute({.state = state}, action, Actor{"p", {role}});
                  }),
              ::testing::IsEmpty());
  // What was reversed, and what reverses, has a row only so that its refusal says so.
  const Actor county{"p", {4}};
  for (const IncomeState over : {IncomeState::kReversed, IncomeState::kReversal}) {
    EXPECT_THAT(Incomes().Execute({.state = over, .covered = false}, "reverse", county),
                StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_REVERSED"));
  }
  EXPECT_THAT(Incomes().Execute({.covered = false}, "reverse", county),
              StatusIs(absl::StatusCode::kFailedPrecondition, "DIVIDEND_EXCEEDS_INCOME"));
}

TEST(Transitions, EveryTripleOfALinkWithHouseholds) {
  EXPECT_THAT(workflow::TryTriples<LinkageState>(
                  Linkages(), std::vector<LinkageState>{LinkageState::kRunning}, kRoles,
                  [](LinkageState state, const std::string& action, int role) {
                    return Linkages().Execute(state, action, Actor{"p", {role}});
                  }),
              ::testing::IsEmpty());
  // What is over has rows only so that their refusal says so.
  const Actor county{"p", {4}};
  for (const char* action : {"update_counts", "end"}) {
    EXPECT_THAT(Linkages().Execute(LinkageState::kEnded, action, county),
                StatusIs(absl::StatusCode::kFailedPrecondition, "LINKAGE_ENDED"));
  }
  EXPECT_OK(Linkages().Execute(LinkageState::kEnded, "record_income", county));
}

TEST(Transitions, IncomeWaitsForItsBaseAndEndsWithTheDue) {
  const Actor village{"p", {1}};
  ContractSubject s;
  EXPECT_OK(Contracts().Execute(s, "record_income", village));
  s.income_wanted = false;
  EXPECT_THAT(Contracts().Execute(s, "record_income", village),
              StatusIs(absl::StatusCode::kFailedPrecondition, "INCOME_EXCEEDS_DUE"));
  s.base_unknown = true;
  EXPECT_THAT(Contracts().Execute(s, "record_income", village),
              StatusIs(absl::StatusCode::kFailedPrecondition, "DUE_BASE_UNKNOWN"));
  s = {.state = ContractState::kVoid};
  EXPECT_THAT(Contracts().Execute(s, "record_income", village),
              StatusIs(absl::StatusCode::kFailedPrecondition, "CONTRACT_NOT_ACTIVE"));
}

TEST(Transitions, TitleNeedsBasisAndShares) {
  AssetSubject s;
  const Actor county{"p", {4}};
  EXPECT_THAT(Titles().Execute(s, "register_title", county),
              StatusIs(absl::StatusCode::kFailedPrecondition, "OWNERSHIP_BASIS_MISSING"));
  s.has_ownership_basis = true;
  EXPECT_THAT(Titles().Execute(s, "register_title", county),
              StatusIs(absl::StatusCode::kFailedPrecondition, "OWNER_SHARES_INCOMPLETE"));
  s.owner_shares_complete = true;
  EXPECT_OK(Titles().Execute(s, "register_title", county));
  s.state = AssetState::kLockedForDisposal;
  EXPECT_THAT(Titles().Execute(s, "register_title", county),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ASSET_LOCKED"));
}

TEST(Transitions, WhatIsReferencedStays) {
  AssetSubject s;
  s.referenced = true;
  EXPECT_THAT(States().Execute(s, "void", Actor{"p", {5}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ASSET_REFERENCED"));
}

}  // namespace
}  // namespace bangfu::asset
