// What a wanted grant names of the reference data: whether it is there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/type/v1/grant.pb.h"
#include "common/mysql/session.h"
#include "services/registry/store/organisation_store.h"

namespace bangfu::registry {

struct NamedScope {
  std::string field;  // "grants[0].scope"
  const type::v1::GrantScope* scope = nullptr;
};
// Clauses are those that an office of the province answers for (the matrix of responsibilities),
// sources those of the list FUND_SOURCE on the day, industries those of the current taxonomy.
// INVALID_ARGUMENT CODE_UNKNOWN, with a violation for each that is not there.
absl::Status CheckScopeCodes(mysql::Executor& db, const std::vector<NamedScope>& scopes,
                             absl::CivilDay today);

struct NamedOrganisation {
  std::string field;  // "grants[0].org_code"
  std::string code;   // empty: none is named
};
// Those that are named, by code. INVALID_ARGUMENT CODE_UNKNOWN, with a violation for each that is
// not there or not active.
absl::StatusOr<std::map<std::string, OrganisationRow>> NamedOrganisations(
    mysql::Executor& db, const std::vector<NamedOrganisation>& named);
// INVALID_ARGUMENT ORG_OUTSIDE_REGION where the organisation's region does not hold all of these.
absl::Status CheckOrganisationRegion(const OrganisationRow& organisation,
                                     const std::vector<std::string>& regions,
                                     const std::string& field);

}  // namespace bangfu::registry
