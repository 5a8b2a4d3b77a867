#include "services/evaluation/facts/link_basis.h"

#include <utility>
#include <vector>

#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/snapshot_values.h"
#include "services/evaluation/store/link_store.h"

namespace bangfu::evaluation {

namespace reg = registry::v1;

absl::StatusOr<LinkBasis> LinkBasis::Load(mysql::Executor& db, const reg::Industry& industry,
                                          absl::CivilDay as_of) {
  LinkBasis basis;
  const std::string county = industry.region_path().substr(0, 6);
  std::vector<std::string> projects;
  bool brands = false;
  for (const reg::PresentLink& link : industry.links()) {
    if (link.kind() == reg::LINK_EVIDENCE_KIND_PROJECT) projects.push_back(link.reference());
    brands |= link.kind() == reg::LINK_EVIDENCE_KIND_BRAND;
  }
  ASSIGN_OR_RETURN(basis.projects_, OperatingProjects(db, county, projects));
  if (!brands) return basis;
  ASSIGN_OR_RETURN(const std::vector<std::string> payloads, BrandsOfCounty(db, county));
  for (const std::string& payload : payloads) {
    reg::ListBrandCertificationsResponse list;
    if (!list.ParseFromString(payload)) {
      return Error(absl::StatusCode::kDataLoss, "FACT_MALFORMED")
          .Message(Cat("stored facts cannot be read: brands of ", county))
          .Build();
    }
    for (const reg::BrandCertification& brand : list.brands()) {
      if (BrandValid(brand, as_of)) basis.certificates_.insert(brand.certificate_no());
    }
  }
  return basis;
}

bool LinkBasis::Holds(const reg::PresentLink& link) const {
  switch (link.kind()) {
    case reg::LINK_EVIDENCE_KIND_PROJECT:
      return projects_.contains(link.reference());
    case reg::LINK_EVIDENCE_KIND_BRAND:
      return certificates_.contains(link.reference());
    default:
      return true;
  }
}

}  // namespace bangfu::evaluation
