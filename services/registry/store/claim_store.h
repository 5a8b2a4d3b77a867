// What an open campaign holds of a county and of each of its villages: no other campaign can open
// there, and what is done there waits for its closing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {

// Claims every county with a village in use under the path; gives how many.
// FAILED_PRECONDITION CAMPAIGN_OVERLAP when another campaign has one of them.
absl::StatusOr<int64_t> ClaimCounties(mysql::Tx& tx, const Ulid& campaign_id,
                                      const std::string& region_path);
// Makes an act for a region of the campaign and the campaign's closing wait for each other. Gives
// false when it has been closed, or has nothing there.
absl::StatusOr<bool> TouchOpenCounties(mysql::Tx& tx, const Ulid& campaign_id,
                                       const std::string& region_path);
// Bulk. FAILED_PRECONDITION CAMPAIGN_OVERLAP when a village stands in another open campaign.
absl::Status OpenUnits(mysql::Tx& tx, const std::vector<UnitReportRow>& units);
// Makes registering a project in these villages and submitting their reports wait for each other.
// Gives true when one of them stands in an open campaign.
absl::StatusOr<bool> TouchOpenUnits(mysql::Tx& tx, const std::vector<std::string>& village_paths);
// The claims on counties and villages.
absl::Status ReleaseClaims(mysql::Tx& tx, const Ulid& campaign_id);

}  // namespace bangfu::registry
