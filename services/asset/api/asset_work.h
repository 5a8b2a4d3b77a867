// Assets and contracts in the inbox: titles to register, disputes to settle, hand-overs, income
// that is due.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"

namespace bangfu::asset::api {

// Natural days from the day on which the asset was formed (domain §3.9); 待省厅确认.
inline constexpr int kTitleDays = 60;
inline constexpr int kHandOverDays = 90;
// Natural days to settle a disputed title; 待省厅确认.
inline constexpr int kSettleDays = 30;
// Days before its due date from which income to be recorded is shown.
inline constexpr int kIncomeShownDays = 7;

std::vector<inbox::Kind> AssetKinds();

// Makes the open items of the records, which are locked or new, what their states ask for.
absl::Status SyncAssets(mysql::Tx& tx, const std::vector<store::AssetRow>& assets,
                        const inbox::Act& act);
absl::Status SyncContracts(mysql::Tx& tx, const std::vector<store::ContractRow>& contracts,
                           const inbox::Act& act);

inbox::Source AssetSource();
inbox::Source ContractSource();

}  // namespace bangfu::asset::api
