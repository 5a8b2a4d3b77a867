// Months of chain coverage and short boards (R006).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

struct ChainMonth {
  Ulid industry_id;
  std::string month;  // "2026-10"
  std::string county;
  int64_t links_applicable = 0;
  int64_t links_present = 0;
  int64_t short_boards_open = 0;
  int64_t short_boards_completed = 0;
};
// Writes these months over what stood for them.
absl::Status PutChainMonths(mysql::Tx& tx, const std::vector<ChainMonth>& rows, absl::Time now);
// Of one industry, or summed over the industries inside a region (no id then), oldest first.
absl::StatusOr<std::vector<ChainMonth>> ListChainMonths(mysql::Executor& db,
                                                        const std::string& region,
                                                        const std::optional<Ulid>& industry_id,
                                                        const std::string& from_month,
                                                        const std::string& to_month);

// Industries of a county that are not void.
absl::StatusOr<std::vector<Ulid>> ListCountyIndustries(mysql::Executor& db,
                                                       const std::string& county);
// The payloads of kind short_boards of a county's industries and projects that are not void, each
// with the industry that it counts for.
absl::Status StreamShortBoards(
    mysql::Executor& db, const std::string& county,
    const std::function<void(const Ulid& industry_id, std::string_view payload)>& take);

}  // namespace bangfu::evaluation
