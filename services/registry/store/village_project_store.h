// Projects of a village as the inventory needs them: those that lie in it or cover it, void ones
// left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/domain/inventory.h"

namespace bangfu::registry {

struct VillageCount {
  int64_t projects = 0, verified = 0;
};
absl::StatusOr<std::map<std::string, VillageCount>> CountProjects(
    mysql::Executor& db, const std::vector<std::string>& villages);
struct VillageProject {
  Ulid id;
  std::string region_path;
  int verification_state = 0;
  int64_t version = 0;
  std::string bytes;
};
absl::StatusOr<std::vector<VillageProject>> LockVillageProjects(mysql::Tx& tx,
                                                                const std::string& village);
absl::StatusOr<std::map<std::string, std::vector<Ulid>>> VillageProjectIds(
    mysql::Executor& db, const std::vector<std::string>& villages);
// Of the villages' projects those that are disputed and lie in other regions as well.
absl::StatusOr<std::map<std::string, std::vector<Ulid>>> SharedDisputes(
    mysql::Executor& db, const std::vector<std::string>& villages);
// New verification state, version and record of projects that LockVillageProjects gave; a few
// statements.
absl::Status UpdateVerification(mysql::Tx& tx, const std::vector<VillageProject>& projects,
                                absl::Time now);
absl::StatusOr<std::map<std::string, std::vector<FundingRef>>> FundingOfVillages(
    mysql::Executor& db, const std::vector<std::string>& villages);

}  // namespace bangfu::registry
