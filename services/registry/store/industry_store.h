// What is counted and claimed of county industries, beside their records (record_table.h): their
// projects, technical services, and the places of leading industries.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

// Projects of an industry that are not void.
absl::StatusOr<int64_t> CountIndustryProjects(mysql::Executor& db, const Ulid& industry_id);
// The industries of (county path, code) that exist.
absl::StatusOr<std::map<std::pair<std::string, std::string>, Ulid>> FindIndustries(
    mysql::Executor& db, const std::set<std::pair<std::string, std::string>>& keys);
// Technical service and training in a span of days; brands valid on its last day.
struct ServiceFigures {
  int64_t pairings = 0, teams = 0, visits = 0, trainings = 0, persons = 0, poor_labour_persons = 0,
          valid_brands = 0;
};
absl::StatusOr<ServiceFigures> SumServices(mysql::Executor& db, const RegionScope& scope,
                                           absl::CivilDay from, absl::CivilDay to);
// Takes a place of a county and plan period (leading_industry_place). The place taken; 0: both are
// taken; ALREADY_EXISTS LEADING_INDUSTRY_SELECTED when the industry holds one.
absl::StatusOr<int> ClaimLeadingPlace(mysql::Tx& tx, const std::string& region_path,
                                      const std::string& plan_period, const Ulid& industry_id,
                                      const Ulid& leading_id, int places);
absl::Status ReleaseLeadingPlace(mysql::Tx& tx, const Ulid& leading_id,
                                 const std::string& region_path, const std::string& plan_period);
// Places taken by county path in a plan period.
absl::StatusOr<std::map<std::string, int64_t>> CountLeading(mysql::Executor& db,
                                                            const std::string& plan_period,
                                                            const RegionScope& scope);

// 技术服务记录: the visits of a pairing that have a day.
struct PairingVisitRow {
  Ulid id;
  Ulid pairing_id;
  absl::CivilDay visited_on;
  std::string record;  // the contract's message
};
absl::Status InsertPairingVisit(mysql::Tx& tx, const PairingVisitRow& row);
absl::StatusOr<int64_t> CountPairingVisits(mysql::Executor& db, const Ulid& pairing_id);
// By (day, id), after the last one of the page before.
absl::StatusOr<std::vector<PairingVisitRow>> ListPairingVisits(
    mysql::Executor& db, const Ulid& pairing_id,
    const std::optional<std::pair<absl::CivilDay, Ulid>>& after, int limit);

}  // namespace bangfu::registry
