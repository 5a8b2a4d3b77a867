// What of a row the importer's grants leave out, by the rules of the rpcs that make its records one
// by one.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bangfu/asset/v1/asset_service.pb.h"
#include "bangfu/asset/v1/contract_service.pb.h"
#include "common/base/region.h"
#include "common/contract/access.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/jobs/asset_import_internal.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::imports {
namespace {

using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_SYSTEM_INTEGRATOR;
using options::v1::ROLE_TOWNSHIP_REVIEWER;

std::vector<std::string> ClausesOf(const google::protobuf::Descriptor& request, const char* service,
                                   const char* rpc) {
  return contract::ClausesOf(*request.file()->FindServiceByName(service)->FindMethodByName(rpc));
}

// Those of all rpcs of contracts, income, dividends and links, which are their service's.
const std::vector<std::string>& ContractClauses() {
  static const auto* clauses = new std::vector<std::string>(
      ClausesOf(*v1::SignContractRequest::descriptor(), "ContractService", "SignContract"));
  return *clauses;
}

// Whether ContractService would let the importer: grants that open no asset may do that.
bool MayByContract(const auth::Caller& caller, std::string_view region_path,
                   const auth::Facets& thing) {
  const std::vector<auth::Role> roles = Roles();
  const auto opens = [&](const auth::Grant& grant) {
    return !grant.region_path.empty() && RegionContains(grant.region_path, region_path) &&
           std::find(roles.begin(), roles.end(), grant.role) != roles.end() &&
           grant.Serves(ContractClauses()) && grant.Covers(thing);
  };
  return std::any_of(caller.grants.begin(), caller.grants.end(), opens) ||
         std::any_of(caller.narrowed.begin(), caller.narrowed.end(), opens);
}

// Whether a grant is for some clauses, sources or industries alone. With none that is, all of a
// job's scope is the importer's, contracts as well.
bool IsNarrowed(const auth::Caller& caller) {
  return !caller.narrowed.empty() ||
         std::any_of(caller.grants.begin(), caller.grants.end(), [](const auth::Grant& grant) {
           return !grant.clauses.empty() || !grant.fund_sources.empty() ||
                  !grant.industries.empty();
         });
}

std::optional<Excluded> Exclude(Field field, std::string_view label_zh) {
  return Excluded{field, workflow::ScopeExcludes(label_zh).Build()};
}

}  // namespace

std::vector<auth::Role> Roles() {
  return {ROLE_TOWNSHIP_REVIEWER, ROLE_COUNTY_OPERATOR, ROLE_SYSTEM_INTEGRATOR};
}

std::vector<std::string> Clauses() {
  return ClausesOf(*v1::RegisterAssetRequest::descriptor(), "AssetService", "RegisterAsset");
}

absl::Status ScopeOf(const Job& job, std::string_view region_path,
                     const v1::AssetDetails& details) {
  if (!job.caller.MindsFacets()) return absl::OkStatus();
  return workflow::CheckScope(job.caller, Roles(), region_path, api::FacetsOf(details),
                              "写入该资金来源的资产");
}

absl::StatusOr<std::optional<Excluded>> NewAssetScope::Of(const Job& job,
                                                          const v1::ImportedAsset& row,
                                                          const store::ProjectCopy* project) {
  if (!IsNarrowed(job.caller)) return std::optional<Excluded>();
  if (project != nullptr) {
    Know(*project);
    ASSIGN_OR_RETURN(const std::vector<auth::Facets> things,
                     ThingsOf(job, v1::AssetDetails(), row.asset().details()));
    if (auto of_project = LeftOut(job, row.asset().region_path(), things)) return of_project;
  }
  std::optional<Field> money;
  if (row.has_contract()) {
    money = Field::kContractFrom;
  } else if (row.has_income_fen()) {
    money = Field::kIncome;
  } else if (row.has_dividend_declared_fen()) {
    money = Field::kDividendDue;
  }
  if (money &&
      !MayByContract(job.caller, row.asset().region_path(), api::FacetsOf(row.asset().details()))) {
    return Exclude(*money, "登记该资产的合同、收益和分红");
  }
  if (project == nullptr || row.linkage_modes().empty()) return std::optional<Excluded>();
  auth::Facets whole;
  whole.fund_sources = project->fund_sources;
  ASSIGN_OR_RETURN(whole.industries, change_.WithParents(project->industry_code));
  if (MayByContract(job.caller, project->region_path, whole)) return std::optional<Excluded>();
  return Exclude(Field::kLinkModes, "登记该项目的利益联结");
}

absl::StatusOr<std::vector<auth::Facets>> NewAssetScope::ThingsOf(const Job& job,
                                                                  const v1::AssetDetails& before,
                                                                  const v1::AssetDetails& after) {
  if (!job.caller.MindsFacets()) return std::vector<auth::Facets>();
  return change_.Of(before, after);
}

std::optional<Excluded> LeftOut(const Job& job, std::string_view region_path,
                                const std::vector<auth::Facets>& things) {
  for (const auth::Facets& thing : things) {
    absl::Status scope =
        workflow::CheckScope(job.caller, Roles(), region_path, thing, api::kProjectsOfAssetZh);
    if (!scope.ok()) return Excluded{Field::kProject, std::move(scope)};
  }
  return std::nullopt;
}

}  // namespace bangfu::asset::imports
