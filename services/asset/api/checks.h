// What must hold of an asset's details beyond the rules of its fields; the same for an rpc and for
// a row of a table.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/auth/caller.h"
#include "common/mysql/session.h"
#include "services/asset/api/convert.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::api {

// Name of the consumer of the registry's feed and of the registry in it.
inline constexpr char kReferenceConsumer[] = "asset.reference";
inline constexpr char kRegistry[] = "registry";

// For work that goes on after its call, as an import: it waits while the copies of the registry's
// records are older than REFERENCE_LAG_MINUTES, or than `limit` while the registry has not told of
// it (domain §3.8). Infinite: not checked. UNAVAILABLE REFERENCE_STALE.
absl::Status CheckReferenceFresh(mysql::Executor& db, absl::Time now, absl::Duration limit);

// An error of this service: domain "asset.bangfu".
Error Refusal(std::string_view reason, std::string_view zh);

using FundSources = std::map<std::string, store::CodeCopy>;

// Scope guard and value conservation (clause 一): known sources, at least one of them public, Σ =
// value. `may_be_unstated`: no source at all is allowed (a published table that names none).
// FAILED_PRECONDITION OUT_OF_SCOPE; else violations.
absl::Status CheckFunding(const v1::AssetDetails& details, const FundSources& sources,
                          bool may_be_unstated, std::vector<FieldViolation>* violations);

// The category, the kind of cold-chain centre and the bases of ownership are blank or valid codes
// of the registry's lists, or stand in `old`: a code that has ended since stays with the asset
// until another is chosen. INVALID_ARGUMENT CODE_UNKNOWN, naming each.
absl::Status CheckCodes(mysql::Executor& db, const v1::AssetDetails& details,
                        const v1::AssetDetails& old);

// The questions asked of the asset that are still open with these details, which the row has by
// now. `value_stated`: somebody has just said what the value is.
std::string StillOpen(const store::AssetRow& row, const v1::AssetDetails& details,
                      bool value_stated);

// Shares, days and what belongs together.
void CheckDetails(const v1::AssetDetails& details, absl::CivilDay today,
                  std::vector<FieldViolation>* violations);

// The source projects are there, in the caller's regions, not void, and can have formed an asset.
// FAILED_PRECONDITION PROJECT_UNKNOWN, PROJECT_VOID, ASSET_NOT_FORMED.
absl::Status CheckProjects(const v1::AssetDetails& details,
                           const std::vector<store::ProjectCopy>& found,
                           const auth::RegionScope& scope);

// AS + region + letter: the code without its number.
std::string CodePrefix(const std::string& region_path, AssetClass asset_class);
std::string CodeOf(const std::string& prefix, int64_t number);

}  // namespace bangfu::asset::api
