// Import of asset tables (T4 资产台账, and tables as governments publish them): kind "assets".
//
// A row becomes one asset, its running contract, the income and dividends of the last full year,
// and the links with households that the row states. What a table does not say is asked for, never
// guessed: such a row is HELD, or taken with the open question kept on the record.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/ulid.h"
#include "common/intake/kind.h"
#include "services/asset/api/asset_handlers.h"

namespace bangfu::asset {

std::unique_ptr<intake::Kind> NewAssetImport(UlidGenerator& ids, api::HandlerOptions options);

// Today's path of a region code, from the registry's copy. INVALID_ARGUMENT when it is unknown.
absl::StatusOr<std::string> RegionPathOf(mysql::Executor& db, std::string_view code);

}  // namespace bangfu::asset
