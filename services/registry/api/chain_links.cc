#include "services/registry/api/chain_links.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/base/ulid.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/api/convert.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/record_table.h"

namespace bangfu::registry {
namespace {

// Brands of one certificate number: the number is unique within a type only.
constexpr int kBrandsOfNumber = 20;

enum class Standing { kUnknown, kStopped, kStanding };

absl::StatusOr<Standing> StandingOfProject(mysql::Executor& db, const v1::Industry& industry,
                                           const std::string& reference) {
  ASSIGN_OR_RETURN(std::optional<Ulid> id, FindProjectByCode(db, reference));
  if (!id) id = OptionalId(reference);
  if (!id) return Standing::kUnknown;
  const absl::StatusOr<ProjectRow> project =
      GetProject(db, *id, {industry.region_path()}, /*covering=*/false);
  if (absl::IsNotFound(project.status())) return Standing::kUnknown;
  if (!project.ok()) return project.status();
  return project->state == v1::PROJECT_STATE_OPERATING && !project->is_void ? Standing::kStanding
                                                                            : Standing::kStopped;
}

bool InForce(const v1::BrandCertification& brand, absl::CivilDay day) {
  const auto after = [&](const google::type::Date& date) { return DayOf(date) > day; };
  return !(brand.has_valid_from() && after(brand.valid_from())) &&
         !(brand.has_expires_on() && DayOf(brand.expires_on()) < day) &&
         !(brand.has_ended_on() && !after(brand.ended_on()));
}

absl::StatusOr<Standing> StandingOfBrand(mysql::Executor& db, const v1::Industry& industry,
                                         const std::string& reference, absl::CivilDay today) {
  ASSIGN_OR_RETURN(
      const std::vector<Record> rows,
      BrandTable().List(db, {industry.region_path()}, {Equals("certificate_no", reference)},
                        std::nullopt, kBrandsOfNumber));
  Standing best = Standing::kUnknown;
  for (const Record& row : rows) {
    if (InForce(FromBytes<v1::BrandCertification>(row.bytes), today)) return Standing::kStanding;
    best = Standing::kStopped;
  }
  return best;
}

// "AS", a region, the letter of its kind and a number.
bool IsAssetCode(std::string_view text) {
  constexpr size_t kShortest = 8;
  return text.size() >= kShortest && text.starts_with("AS") &&
         std::all_of(text.begin() + 2, text.end(),
                     [](char c) { return absl::ascii_isdigit(c) || absl::ascii_isupper(c); });
}

// What is another service's has the form of one of its names at least.
absl::Status CheckForm(const v1::PresentLink& link) {
  const bool is_id = OptionalId(link.reference()).has_value();
  if (link.kind() == v1::LINK_EVIDENCE_KIND_ASSET && !is_id && !IsAssetCode(link.reference())) {
    return InvalidField("link.reference", "须填写资产编码或资产标识");
  }
  if (link.kind() == v1::LINK_EVIDENCE_KIND_SERVICE_CONTRACT && !is_id) {
    return InvalidField("link.reference", "须填写经营合同标识");
  }
  return absl::OkStatus();
}

absl::StatusOr<Standing> StandingOf(mysql::Executor& db, const v1::Industry& industry,
                                    const v1::PresentLink& link, absl::CivilDay today) {
  switch (link.kind()) {
    case v1::LINK_EVIDENCE_KIND_PROJECT:
      return StandingOfProject(db, industry, link.reference());
    case v1::LINK_EVIDENCE_KIND_BRAND:
      return StandingOfBrand(db, industry, link.reference(), today);
    default:
      return Standing::kStanding;
  }
}

}  // namespace

v1::PresentLink CanonicalLink(v1::PresentLink link) {
  std::string reference(absl::StripAsciiWhitespace(link.reference()));
  if (link.kind() != v1::LINK_EVIDENCE_KIND_BRAND) {
    if (const auto id = OptionalId(reference)) reference = id->ToString();
  }
  link.set_reference(std::move(reference));
  return link;
}

absl::Status CheckLinkReference(mysql::Executor& db, const v1::Industry& industry,
                                const v1::PresentLink& link, absl::CivilDay today) {
  RETURN_IF_ERROR(CheckForm(link));
  ASSIGN_OR_RETURN(const Standing standing, StandingOf(db, industry, link, today));
  const bool brand = link.kind() == v1::LINK_EVIDENCE_KIND_BRAND;
  switch (standing) {
    case Standing::kUnknown:
      return NotFound(brand ? "brand_certification" : "project", link.reference())
          .Field("link.reference", brand ? "本县没有此品牌证书" : "本县没有此项目");
    case Standing::kStopped:
      return FailedPrecondition("LINK_NOT_OPERATING", brand ? "该品牌已失效，不能作为环节依据"
                                                            : "该项目未在运营，不能作为环节依据")
          .With("reference", link.reference())
          .Field("link.reference", brand ? "品牌已失效" : "项目未在运营");
    case Standing::kStanding:
      break;
  }
  return absl::OkStatus();
}

}  // namespace bangfu::registry
