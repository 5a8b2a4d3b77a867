#include "services/evaluation/facts/link_basis.h"

#include <utility>
#include <vector>

#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/snapshot_values.h"

namespace bangfu::evaluation {

namespace reg = registry::v1;

std::optional<BasisKind> BasisKindOf(reg::LinkEvidenceKind kind) {
  switch (kind) {
    case reg::LINK_EVIDENCE_KIND_ASSET:
      return BasisKind::kAsset;
    case reg::LINK_EVIDENCE_KIND_SERVICE_CONTRACT:
      return BasisKind::kContract;
    default:
      return std::nullopt;
  }
}

absl::StatusOr<LinkBasis> LinkBasis::Load(mysql::Executor& db, const reg::Industry& industry,
                                          absl::CivilDay as_of) {
  LinkBasis basis;
  const std::string county = industry.region_path().substr(0, 6);
  std::vector<std::string> projects;
  std::map<BasisKind, std::vector<std::string>> bases;
  bool brands = false;
  for (const reg::PresentLink& link : industry.links()) {
    if (link.kind() == reg::LINK_EVIDENCE_KIND_PROJECT) projects.push_back(link.reference());
    brands |= link.kind() == reg::LINK_EVIDENCE_KIND_BRAND;
    if (const auto kind = BasisKindOf(link.kind())) bases[*kind].push_back(link.reference());
  }
  for (const auto& [kind, references] : bases) {
    ASSIGN_OR_RETURN(const std::vector<LinkBasisRow> rows, FindLinkBases(db, kind, references));
    for (const LinkBasisRow& row : rows) {
      // A contract over assets of several counties lies where these have their common region.
      if (!RegionContains(county, row.region_path) && !RegionContains(row.region_path, county)) {
        continue;
      }
      const bool stands = row.StandsOn(as_of);
      basis.bases_[{static_cast<int>(kind), row.id.ToString()}] = stands;
      if (!row.code.empty()) basis.bases_[{static_cast<int>(kind), row.code}] = stands;
    }
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
      break;
  }
  const auto kind = BasisKindOf(link.kind());
  if (!kind) return false;
  const auto found = bases_.find({static_cast<int>(*kind), link.reference()});
  return found != bases_.end() && found->second;
}

std::string LinkBasis::WhyNot(const reg::PresentLink& link) const {
  switch (link.kind()) {
    case reg::LINK_EVIDENCE_KIND_PROJECT:
      return "项目未在运营";
    case reg::LINK_EVIDENCE_KIND_BRAND:
      return "品牌未在有效期";
    default:
      break;
  }
  const auto kind = BasisKindOf(link.kind());
  if (!kind) return "依据类型不明";
  const bool known = bases_.contains({static_cast<int>(*kind), link.reference()});
  if (*kind == BasisKind::kAsset) return known ? "资产未在运营" : "本县没有此资产";
  return known ? "合同未在履行" : "本县没有此合同";
}

}  // namespace bangfu::evaluation
