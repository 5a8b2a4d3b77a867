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
struct LinkBasisRow {
  BasisKind kind = BasisKind::kAsset;
  Ulid id;
  std::string code;  // of an asset
  std::string region_path;
  bool stands = false;  // it operates or runs, on the days from … to; unset: open
  std::optional<absl::CivilDay> from, to;
  int64_t generation = 0;
};
// Inserts or replaces.
absl::Status PutLinkBases(mysql::Tx& tx, const std::vector<LinkBasisRow>& rows);
// Those of the kind with one of these codes or ids, wherever they lie.
absl::StatusOr<std::vector<LinkBasisRow>> FindLinkBases(mysql::Executor& db, BasisKind kind,
                                                        const std::vector<std::string>& references);
// After a snapshot: those that an older one brought are gone at the source.
absl::Status DeleteOldLinkBases(mysql::Tx& tx, BasisKind kind, int64_t generation);

}  // namespace bangfu::evaluation
