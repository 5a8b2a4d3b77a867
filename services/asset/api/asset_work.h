// Assets and contracts in the inbox: titles to register, disputes to settle, hand-overs, bases of
// rents to state, income that is due, dividends to pay.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "common/inbox/service.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"
#include "services/asset/store/income_store.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::api {

// Terms are parameters of the registry, of which this service has copies (domain §3.9). Items that
// stand follow a changed one with the next step of their record, or with the nightly recount.
// Natural days from the day on which the asset was formed.
inline constexpr store::ParameterDef kTitleDays{"TITLE_REGISTRATION_DAYS", 60};
inline constexpr store::ParameterDef kHandOverDays{"HAND_OVER_DAYS", 90};
// Natural days to settle a disputed title, from the dispute.
inline constexpr store::ParameterDef kSettleDays{"TITLE_SETTLE_DAYS", 30};
// Natural days before its due date from which income to be recorded is shown, and the base that it
// is reckoned from.
inline constexpr store::ParameterDef kIncomeShownDays{"INCOME_SHOWN_DAYS", 7};
// Working days from the day on which a dividend was declared to its payment.
inline constexpr store::ParameterDef kDividendDays{"DIVIDEND_PAY_DAYS", 20};

std::vector<inbox::Kind> AssetKinds();
// These kinds, and days counted by the registry's work calendar.
inbox::ServiceOptions AssetInbox();

// Makes the open items of the records, which are locked or new, what their states ask for.
absl::Status SyncAssets(mysql::Tx& tx, const std::vector<store::AssetRow>& assets,
                        const inbox::Act& act);
absl::Status SyncContracts(mysql::Tx& tx, const std::vector<store::ContractRow>& contracts,
                           const inbox::Act& act);
absl::Status SyncDividends(mysql::Tx& tx, const std::vector<store::DividendRow>& dividends,
                           const inbox::Act& act);
// After these assets got other money: what waits on their contracts and dividends follows.
absl::Status FollowSources(mysql::Tx& tx, const std::vector<Ulid>& assets);
DividendState StateOf(const store::DividendRow& dividend);

inbox::Source AssetSource();
inbox::Source ContractSource();
inbox::Source DividendSource();

}  // namespace bangfu::asset::api
