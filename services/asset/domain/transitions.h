// The transitions of title, custody and record state (domain §3.4), declared once: the handlers
// execute them, Get shows them as allowed actions, a test tries every triple.
#pragma once

#include <vector>

#include "common/workflow/work.h"
#include "common/workflow/workflow.h"
#include "services/asset/domain/types.h"

namespace bangfu::asset {

// What the guards look at.
struct AssetSubject {
  AssetState state = AssetState::kActive;
  TitleStatus title = TitleStatus::kUnregistered;
  CustodyStatus custody = CustodyStatus::kNotHandedOver;
  bool has_ownership_basis = false;
  bool owner_shares_complete = false;  // Σ = 10000
  bool referenced = false;             // by a contract, income or a dividend
  bool settles_with_certificate = false;
  workflow::Person disputed_by;  // who raised the dispute about the title; empty: nobody knows
};

using TitleTable = workflow::Table<TitleStatus, AssetSubject>;
using CustodyTable = workflow::Table<CustodyStatus, AssetSubject>;
using StateTable = workflow::Table<AssetState, AssetSubject>;

struct ContractSubject {
  ContractState state = ContractState::kActive;
  bool has_income = false;
  // Of its dues, as far as a step does not name the one that it looks at itself: one of a time that
  // has begun takes a base; one whose sum is known is not received in full; one has no sum, because
  // nobody has stated its base.
  bool base_wanted = true;
  bool income_wanted = true;
  bool base_unknown = false;
};
using ContractTable = workflow::Table<ContractState, ContractSubject>;

// register_title, dispute_title, settle_title.
const TitleTable& Titles();
// hand_over, return_custody.
const CustodyTable& Custodies();
// The actions that are somebody's work.
const std::vector<workflow::Work>& TitleWorks();
const std::vector<workflow::Work>& CustodyWorks();
const std::vector<workflow::Work>& ContractWorks();
// report_use, update, record_inspection, sign_contract, declare_dividend (which leave the state as
// it is), void.
const StateTable& States();
// Of operating contracts: terminate, state_base and record_income (which leave the state as it is),
// void (CONTRACT_HAS_INCOME). What evidence a step takes stands in these tables alone.
const ContractTable& Contracts();

using DividendTable = workflow::Table<DividendState, DividendState>;
// pay, in one payment or in more.
const DividendTable& Dividends();
const std::vector<workflow::Work>& DividendWorks();

// What a reversal (冲销) asks of a receipt.
struct IncomeSubject {
  IncomeState state = IncomeState::kStands;
  // Taken back, it leaves of every asset at least as much as has been declared of it.
  bool covered = true;
};
using IncomeTable = workflow::Table<IncomeState, IncomeSubject>;
// reverse, once, of what is no reversal itself (ALREADY_REVERSED) and is not distributed
// (DIVIDEND_EXCEEDS_INCOME).
const IncomeTable& Incomes();

}  // namespace bangfu::asset
