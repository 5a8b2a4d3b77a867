// What the feed was last told of reference data, beside what it is now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

inline constexpr char kCodeListKind[] = "code_list";
inline constexpr char kFundSourceDepartmentKind[] = "fund_source_department";
inline constexpr char kParameterKind[] = "parameter";
// These count no versions up: theirs are a digest of what the feed tells.
inline constexpr char kTaxonomyKind[] = "taxonomy";
inline constexpr char kWorkDayKind[] = "work_day";

struct UnpublishedReference {
  std::string kind;
  // The list, parameter or version of the taxonomy; the year of work days; a department's row: its
  // id in hexadecimal.
  std::string name;
  int64_t version = 0;
};

// Those whose version is not the one that was published.
absl::StatusOr<std::vector<UnpublishedReference>> ListUnpublished(mysql::Executor& db);
// The same of those whose version the caller knows.
absl::StatusOr<std::vector<UnpublishedReference>> KeepUnpublished(
    mysql::Executor& db, const std::vector<UnpublishedReference>& references);
// Nobody changes or publishes them until the transaction ends.
absl::Status LockReferences(mysql::Tx& tx);
absl::Status MarkPublished(mysql::Tx& tx, const std::vector<UnpublishedReference>& references);

}  // namespace bangfu::registry
