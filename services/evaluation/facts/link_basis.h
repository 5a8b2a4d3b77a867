// Whether chain links on record still have what they rest on (环节依据): a project that operates, a
// brand in force. Assets and contracts are the asset service's; they are taken as recorded.
#pragma once

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

class LinkBasis {
 public:
  // Reads nothing where no link of the industry rests on a project or a brand.
  static absl::StatusOr<LinkBasis> Load(mysql::Executor& db, const registry::v1::Industry& industry,
                                        absl::CivilDay as_of);
  bool Holds(const registry::v1::PresentLink& link) const;

 private:
  std::set<std::string> projects_;      // codes and ids of those in operation
  std::set<std::string> certificates_;  // numbers of brands in force
};

}  // namespace bangfu::evaluation
