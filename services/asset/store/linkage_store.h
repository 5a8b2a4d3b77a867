// Rows of links with households and of employment.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/asset/domain/types.h"
#include "services/asset/store/page_key.h"

namespace bangfu::asset::store {

struct LinkageRow {
  Ulid id;
  int64_t version = 1;
  Ulid project_id;
  std::string region_path;
  std::string mode_code;
  std::string operator_uscc;
  std::string operator_name;
  int64_t households = 0;
  int64_t poor_households = 0;
  int64_t monitored_households = 0;
  absl::CivilDay start_date;
  std::optional<absl::CivilDay> end_date;
  std::string end_reason;
  int64_t income_paid_fen = 0;  // Σ of its months; not written here
};
// With their households, which hold from the start of each.
absl::Status InsertLinkages(mysql::Tx& tx, const std::vector<LinkageRow>& rows);
absl::Status UpdateLinkage(mysql::Tx& tx, LinkageRow* row);  // ABORTED ETAG_MISMATCH
// The row's households hold from that day on, in place of what was told of later days; what held
// before stays known.
absl::Status PutLinkageCount(mysql::Tx& tx, const LinkageRow& row, absl::CivilDay since);
absl::Status PutLinkageIncome(mysql::Tx& tx, const LinkageRow& row, const std::string& month,
                              int64_t paid_fen);
struct LinkageIncome {
  Ulid linkage_id;
  Ulid project_id;
  std::string month;
  int64_t paid_fen = 0;
};
absl::Status InsertLinkageIncome(mysql::Tx& tx, const std::vector<LinkageIncome>& rows);
absl::StatusOr<std::optional<LinkageRow>> FindLinkage(mysql::Executor& db, const Ulid& id,
                                                      const std::vector<std::string>& scope);
// Codes of the modes in which links of the project run on that day.
absl::StatusOr<std::set<std::string>> LinkedModes(mysql::Executor& db, const Ulid& project_id,
                                                  absl::CivilDay day);
absl::StatusOr<std::vector<LinkageRow>> ListLinkages(mysql::Executor& db,
                                                     const std::vector<std::string>& scope,
                                                     const std::string& region_prefix,
                                                     const std::optional<Ulid>& project_id,
                                                     const PageKey& after, int limit);

struct EmploymentRow {
  Ulid id;
  int64_t version = 1;
  Ulid project_id;
  std::string region_path;
  std::string month;
  EmploymentKind kind = EmploymentKind::kUnspecified;
  int64_t workers = 0;
  int64_t poor_workers = 0;
  int64_t monitored_workers = 0;
  int64_t person_days = 0;
  int64_t poor_person_days = 0;
  int64_t wages_fen = 0;
  int64_t poor_wages_fen = 0;
  EmploymentSource source = EmploymentSource::kEntered;
  std::optional<Ulid> operation_report_id;
};
absl::Status InsertEmployment(mysql::Tx& tx, const EmploymentRow& row);
absl::Status UpdateEmployment(mysql::Tx& tx, EmploymentRow* row);  // ABORTED ETAG_MISMATCH
absl::StatusOr<std::optional<EmploymentRow>> FindEmployment(mysql::Executor& db,
                                                            const Ulid& project_id,
                                                            const std::string& month,
                                                            EmploymentKind kind);
absl::StatusOr<std::vector<EmploymentRow>> ListEmployment(mysql::Executor& db,
                                                          const std::vector<std::string>& scope,
                                                          const std::string& region_prefix,
                                                          const std::optional<Ulid>& project_id,
                                                          const PageKey& after, int limit);

}  // namespace bangfu::asset::store
