// Whether chain links on record still have what they rest on (环节依据) on a day: a project that
// operates, a brand in force, an asset in use, a contract that runs, each of the industry's county.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/link_store.h"

namespace bangfu::evaluation {

// Of the asset service's; none for what the registry tells of.
std::optional<BasisKind> BasisKindOf(registry::v1::LinkEvidenceKind kind);

class LinkBasis {
 public:
  // Reads nothing where no link of the industry is on record.
  static absl::StatusOr<LinkBasis> Load(mysql::Executor& db, const registry::v1::Industry& industry,
                                        absl::CivilDay as_of);
  bool Holds(const registry::v1::PresentLink& link) const;
  // Why not, for the reader of an explanation: "资产不存在", "合同未在履行" …
  std::string WhyNot(const registry::v1::PresentLink& link) const;

 private:
  std::set<std::string> projects_;      // codes and ids of those in operation
  std::set<std::string> certificates_;  // numbers of brands in force
  // Of the asset service, by kind and by code or id: whether it stands on the day.
  std::map<std::pair<int, std::string>, bool> bases_;
};

}  // namespace bangfu::evaluation
