// What chain links on record of a county industry rest on (registry.v1.PresentLink).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
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

}  // namespace bangfu::evaluation
