// What chain links on record of a county industry rest on (registry.v1.PresentLink).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Those of these codes and ids that are projects of the county in operation and not void.
absl::StatusOr<std::set<std::string>> OperatingProjects(mysql::Executor& db,
                                                        const std::string& county,
                                                        const std::vector<std::string>& references);
// Payloads of brands (registry.v1.ListBrandCertificationsResponse) of the county's industries and
// projects.
absl::StatusOr<std::vector<std::string>> BrandsOfCounty(mysql::Executor& db,
                                                        const std::string& county);

// Of the asset service, from its feed.
enum class BasisKind { kAsset = 1, kContract = 2 };
// Both days included; unset: open.
struct StandingPeriod {
  std::optional<absl::CivilDay> from, to;
  bool operator==(const StandingPeriod&) const = default;
};
struct LinkBasisRow {
  BasisKind kind = BasisKind::kAsset;
  Ulid id;
  std::string code;  // of an asset
  std::string region_path;
  std::vector<StandingPeriod> periods;  // on which it operates or runs, oldest first
  int64_t generation = 0;
  bool StandsOn(absl::CivilDay day) const;
};
// Inserts or replaces.
absl::Status PutLinkBases(mysql::Tx& tx, const std::vector<LinkBasisRow>& rows);
// Those of the kind with one of these codes or ids, wherever they lie.
absl::StatusOr<std::vector<LinkBasisRow>> FindLinkBases(mysql::Executor& db, BasisKind kind,
                                                        const std::vector<std::string>& references);
// After a snapshot: those that an older one brought are gone at the source. At most `limit`, which
// are told as they were, without their days.
absl::StatusOr<std::vector<LinkBasisRow>> DeleteOldLinkBases(mysql::Tx& tx, BasisKind kind,
                                                             int64_t generation, int limit);

}  // namespace bangfu::evaluation
