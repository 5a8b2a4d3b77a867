#include "services/evaluation/jobs/link_supply.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "bangfu/registry/v1/industry.pb.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/link_basis.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/outstanding_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

absl::Status SupplyByBases(mysql::Tx& tx, const std::vector<LinkBasisRow>& changed,
                           OutstandingChanges* outstanding) {
  std::set<std::string> regions;
  std::set<std::pair<BasisKind, std::string>> named;
  for (const LinkBasisRow& row : changed) {
    regions.insert(row.region_path);
    named.emplace(row.kind, row.id.ToString());
    if (!row.code.empty()) named.emplace(row.kind, row.code);
  }
  ASSIGN_OR_RETURN(const std::vector<Ulid> lacking, IndustriesLackingData(tx, regions));
  if (lacking.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<FactSourceRow> facts,
                   LoadFactSources(tx, lacking, {kIndustryFacts}));
  std::vector<Ulid> supplied;
  for (const FactSourceRow& fact : facts) {
    registry::v1::Industry industry;
    if (!industry.ParseFromString(fact.payload)) {
      return Error(absl::StatusCode::kDataLoss, "FACT_MALFORMED")
          .Message(Cat("stored facts cannot be read: industry ", fact.subject_id.ToString()))
          .Build();
    }
    const bool rests = std::any_of(industry.links().begin(), industry.links().end(),
                                   [&](const registry::v1::PresentLink& l) {
                                     const auto kind = BasisKindOf(l.kind());
                                     return kind && named.contains({*kind, l.reference()});
                                   });
    if (rests) supplied.push_back(fact.subject_id);
  }
  ASSIGN_OR_RETURN(const std::vector<SubjectRow> were, SupplyIndustries(tx, supplied));
  for (const SubjectRow& before : were) {
    SubjectRow after = before;
    after.supplied = true;
    outstanding->Add(&before, after);
  }
  return absl::OkStatus();
}

}  // namespace bangfu::evaluation
