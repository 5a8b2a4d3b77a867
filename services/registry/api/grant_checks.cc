#include "services/registry/api/grant_checks.h"

#include <algorithm>
#include <set>
#include <utility>

#include "bangfu/registry/v1/reference.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/api/convert.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

using FieldAndCode = std::vector<std::pair<std::string, std::string>>;

// The clauses for which an active office of the province stands in the matrix.
absl::StatusOr<std::set<std::string>> ClausesOfOffices(mysql::Executor& db) {
  OrganisationQuery query;
  query.region_path = kProvinceCode;
  query.org_type = v1::ORG_TYPE_PROV_OFFICE;
  query.limit = 500;
  ASSIGN_OR_RETURN(const std::vector<OrganisationRow> offices, ListOrganisations(db, query));
  std::set<std::string> clauses;
  for (const OrganisationRow& office : offices) {
    if (office.is_active) clauses.insert(office.clauses.begin(), office.clauses.end());
  }
  return clauses;
}

absl::StatusOr<std::set<std::string>> Industries(mysql::Executor& db) {
  ASSIGN_OR_RETURN(const std::vector<CategoryRow> rows, LoadCategories(db, ""));
  std::set<std::string> codes;
  for (const CategoryRow& row : rows) codes.insert(row.code);
  return codes;
}

// Those of one list of the scopes that are not known; nothing is read when none is named.
template <typename List, typename Known>
absl::Status Unknown(const std::vector<NamedScope>& scopes, std::string_view name, List list,
                     Known known, FieldAndCode* out) {
  if (std::all_of(scopes.begin(), scopes.end(),
                  [&](const NamedScope& one) { return list(*one.scope).empty(); })) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::set<std::string> codes, known());
  for (const NamedScope& one : scopes) {
    const auto& wanted = list(*one.scope);
    for (int i = 0; i < wanted.size(); ++i) {
      if (!codes.contains(wanted[i])) {
        out->emplace_back(Cat(one.field, ".", name, "[", i, "]"), wanted[i]);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckScopeCodes(mysql::Executor& db, const std::vector<NamedScope>& scopes,
                             absl::CivilDay today) {
  FieldAndCode unknown;
  RETURN_IF_ERROR(Unknown(
      scopes, "clauses", [](const type::v1::GrantScope& s) -> const auto& { return s.clauses(); },
      [&] { return ClausesOfOffices(db); }, &unknown));
  RETURN_IF_ERROR(Unknown(
      scopes, "industries",
      [](const type::v1::GrantScope& s) -> const auto& { return s.industries(); },
      [&] { return Industries(db); }, &unknown));
  CodeCheck sources;
  for (const NamedScope& one : scopes) {
    for (int i = 0; i < one.scope->fund_sources_size(); ++i) {
      sources.Want("FUND_SOURCE", one.scope->fund_sources(i),
                   Cat(one.field, ".fund_sources[", i, "]"));
    }
  }
  ASSIGN_OR_RETURN(FieldAndCode none, sources.Unknown(db, today));
  unknown.insert(unknown.end(), none.begin(), none.end());
  return CodesUnknown(unknown);
}

absl::StatusOr<std::map<std::string, OrganisationRow>> NamedOrganisations(
    mysql::Executor& db, const std::vector<NamedOrganisation>& named) {
  std::set<std::string> codes;
  for (const NamedOrganisation& one : named) {
    if (!one.code.empty()) codes.insert(one.code);
  }
  std::map<std::string, OrganisationRow> out;
  if (codes.empty()) return out;
  ASSIGN_OR_RETURN(std::vector<OrganisationRow> rows,
                   FindOrganisations(db, {codes.begin(), codes.end()}));
  for (OrganisationRow& row : rows) {
    if (row.is_active) out.emplace(row.org_code, std::move(row));
  }
  FieldAndCode unknown;
  for (const NamedOrganisation& one : named) {
    if (!one.code.empty() && !out.contains(one.code)) unknown.emplace_back(one.field, one.code);
  }
  RETURN_IF_ERROR(CodesUnknown(unknown));
  return out;
}

absl::Status CheckOrganisationRegion(const OrganisationRow& organisation,
                                     const std::vector<std::string>& regions,
                                     const std::string& field) {
  if (std::all_of(regions.begin(), regions.end(), [&](const std::string& region) {
        return RegionContains(organisation.region_path, region);
      })) {
    return absl::OkStatus();
  }
  const std::string text = Cat("「", organisation.name, "」所在区域不含授权区域");
  return Error(absl::StatusCode::kInvalidArgument, "ORG_OUTSIDE_REGION")
      .Zh(text)
      .Field(field, text)
      .Build();
}

}  // namespace bangfu::registry
