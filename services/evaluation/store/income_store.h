// Income of the linked households (户均增收) by county and month, as it is refreshed from the
// facts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// The payloads of a kind of fact_source of the projects inside a region that are not void.
absl::Status StreamFacts(mysql::Executor& db, const std::string& region, std::string_view kind,
                         const std::function<void(std::string_view payload)>& take);

struct IncomeMonth {
  std::string month;  // "2026-10"
  int64_t income_fen = 0;
  // Linked in that month; where its number was not kept, those linked when the facts were taken.
  int64_t households = 0;
  bool households_known = true;  // of every project: the number is the month's own
};
// As refreshed, oldest first: of the counties inside the region (or the county that it lies in).
absl::StatusOr<std::vector<IncomeMonth>> ListIncome(mysql::Executor& db, const std::string& region,
                                                    const std::string& from_month);
// Two years of those projects alone whose households are known in each of their months.
struct ComparedIncome {
  std::string last_month;
  std::vector<IncomeMonth> months;  // all twenty-four, oldest first; empty: no project reports it
  int64_t left_out = 0;             // projects whose households are not known in each
};
// As refreshed, of the counties inside the region. Empty: not refreshed for years that end so.
absl::StatusOr<ComparedIncome> ListComparedIncome(mysql::Executor& db, const std::string& region,
                                                  const std::string& last_month);
// Counties (six digits) inside the region that rows are kept of, whether or not it has projects.
absl::StatusOr<std::vector<std::string>> ListIncomeCounties(mysql::Executor& db,
                                                            const std::string& region);
// Replaces what is compared of a county, and its months from `from_month` on; what lies before it
// stays, since the facts no longer reach back so far.
absl::Status PutIncome(mysql::Tx& tx, const std::string& county, const std::string& from_month,
                       const std::vector<IncomeMonth>& months,
                       const std::vector<ComparedIncome>& compared, absl::Time now);
// Gives the rows of a county to another one, on top of what that has.
absl::Status GiveIncome(mysql::Tx& tx, const std::string& from, const std::string& to,
                        absl::Time now);

}  // namespace bangfu::evaluation
