#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/bp.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/region_matcher.h"
#include "common/printed/villages.h"
#include "common/printed/vocabulary.h"
#include "common/recode/recode.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/convert.h"
#include "services/asset/jobs/asset_import_internal.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::imports {
namespace {

// Of what the row means: the same row with more of its cells kept as text says nothing new. Digests
// that are stored may be older than that, and `with_texts`.
std::string DigestOf(const Draft& d, const Draft::Known& known, bool with_texts) {
  v1::ImportedAsset said = d.asset;
  v1::Asset& asset = *said.mutable_asset();
  v1::AssetDetails& details = *asset.mutable_details();
  if (!with_texts) details.clear_raw_texts();
  if (details.region_code() == asset.region_path()) details.set_region_code(known.region_path);
  asset.set_region_path(known.region_path);
  said.set_natural_key(known.natural_key);
  return Sha256(said.SerializeAsString());
}

// Whether the asset that a row with less was taken for can be that of the row as it is now: its
// project, its year are not known yet, or are these.
bool MayBe(const store::AssetRow& there, const v1::AssetDetails& said) {
  const int year = said.formed_date().year();
  if (year != 0 && there.formed_date && there.formed_date->year() != year) return false;
  if (said.source_projects().empty()) return true;
  const v1::AssetDetails details = api::DetailsOf(there);
  return details.source_projects().empty() ||
         std::any_of(details.source_projects().begin(), details.source_projects().end(),
                     [&](const v1::SourceProject& one) {
                       return one.project_id() == said.source_projects(0).project_id();
                     });
}

constexpr std::string_view kOpen[] = {"source_projects", "fund_sources", "owners", "formed_date"};

}  // namespace

absl::Status Checker::Resolve(std::vector<Draft>* drafts) {
  std::set<std::string> keys;
  for (const Draft& d : *drafts) {
    if (!d.decided()) keys.insert(d.project_keys.begin(), d.project_keys.end());
  }
  ASSIGN_OR_RETURN(const auto found, store::FindProjectsByKey(
                                         db_, std::vector<std::string>(keys.begin(), keys.end())));
  std::multimap<std::string, const store::ProjectCopy*> projects;
  for (const auto& [key, project] : found) projects.emplace(key, &project);
  NewAssetScope scope(db_);
  for (Draft& d : *drafts) {
    if (d.decided()) continue;
    RETURN_IF_ERROR(ResolveOne(&d, projects, &scope));
  }
  std::vector<std::string> natural;
  for (const Draft& d : *drafts) {
    if (d.decided()) continue;
    for (const Draft::Known& known : d.known) natural.push_back(known.natural_key);
  }
  ASSIGN_OR_RETURN(const std::vector<store::AssetRow> there,
                   store::FindByNaturalKeys(db_, natural));
  std::map<std::string, const store::AssetRow*> by_key;
  for (const store::AssetRow& row : there) by_key[*row.natural_key] = &row;
  for (Draft& d : *drafts) {
    if (d.decided()) continue;
    if (FirstOf(d.known.front().natural_key, &d)) {
      RETURN_IF_ERROR(Decide(by_key, &scope, &d));
    }
  }
  return absl::OkStatus();
}

bool Checker::FirstOf(const std::string& natural_key, Draft* d) {
  uint64_t key = 0;
  std::memcpy(&key, natural_key.data(), sizeof(key));
  if (seen_.insert(key).second) return true;
  d->Hold(Field::kName, "DUPLICATE_ROW", "本表中已有同一资产的行；如是另一项资产请改名区分");
  return false;
}

absl::Status Checker::Decide(const std::map<std::string, const store::AssetRow*>& by_key,
                             NewAssetScope* scope, Draft* d) {
  const Draft::Known* known = &d->known.front();
  const store::AssetRow* there = nullptr;
  bool unchanged = false;
  for (const Draft::Known& one : d->known) {
    const auto it = by_key.find(one.natural_key);
    if (it == by_key.end()) continue;
    if (!d->Has(Field::kCode) && it->second->region_path != d->asset.asset().region_path()) {
      // Codes come back: that asset went with the region that had this one before.
      if (&one != &d->known.front()) continue;
      d->Hold(Field::kName, "NAME_TAKEN", "该区划代码以前所属的地区已有同名资产，请改名区分");
      return absl::OkStatus();
    }
    if (one.less && (there != nullptr || !MayBe(*it->second, d->asset.asset().details()))) continue;
    const std::optional<std::string>& digest = it->second->import_digest;
    unchanged = digest == DigestOf(*d, one, /*with_texts=*/false) ||
                digest == DigestOf(*d, one, /*with_texts=*/true);
    if (there != nullptr && !unchanged) continue;
    known = &one;
    there = it->second;
    if (unchanged) break;
  }
  // Known by what another row of this file may be: of two such rows the second is asked about.
  if (known != &d->known.front() && known->natural_key != d->known.front().natural_key &&
      !FirstOf(known->natural_key, d)) {
    return absl::OkStatus();
  }
  if (there != nullptr && !auth::InScope(job_.scope, there->region_path)) {
    d->Refuse(tables::FieldName(Field::kCode), "REGION_FOREIGN", d->Text(Field::kCode),
              kForeignAssetZh);
    return absl::OkStatus();
  }
  const std::string digest = DigestOf(*d, *known, /*with_texts=*/false);
  d->asset.set_natural_key(known->natural_key);
  d->asset.set_content_digest(digest);
  if (there == nullptr) {
    if (d->excluded_if_new) {
      const auto& [field, why] = *d->excluded_if_new;
      d->Refuse(tables::FieldName(field), ReasonOf(why), d->Text(field),
                GetErrorDetail(why).message_zh);
      return absl::OkStatus();
    }
    d->staged.record_id = ids_.Next();
    d->staged.outcome = d->warned ? ROW_OUTCOME_WARNED : ROW_OUTCOME_CREATED;
  } else {
    d->staged.record_id = there->id;
    if (unchanged) {
      d->staged.outcome = ROW_OUTCOME_UNCHANGED;
      return absl::OkStatus();  // nothing to commit
    }
    if (job_.caller.MindsFacets()) {
      const v1::Asset stored = api::ToAsset(*there);
      ASSIGN_OR_RETURN(const std::vector<auth::Facets> things,
                       scope->ThingsOf(job_, stored.details(), Merge(stored, d->asset.asset())));
      if (const auto left_out = LeftOut(job_, there->region_path, things)) {
        d->Refuse(tables::FieldName(left_out->field), ReasonOf(left_out->why),
                  d->Text(left_out->field), GetErrorDetail(left_out->why).message_zh);
        return absl::OkStatus();
      }
    }
    d->staged.outcome = ROW_OUTCOME_UPDATED;
    d->staged.issues.push_back(MakeIssue("", "MONEY_NOT_UPDATED", "", "",
                                         "更新资产信息；合同、收益、分红的变更请在系统内登记"));
  }
  d->staged.payload = d->asset.SerializeAsString();
  return absl::OkStatus();
}

absl::Status Checker::ResolveOne(
    Draft* d, const std::multimap<std::string, const store::ProjectCopy*>& projects,
    NewAssetScope* new_assets) {
  v1::Asset& asset = *d->asset.mutable_asset();
  v1::AssetDetails& details = *asset.mutable_details();
  const store::ProjectCopy* project = nullptr;
  if (d->project_keys.empty()) {
    d->Warn(Field::kProject, "PROJECT_MISSING", "未写明来源项目，登记后请关联项目");
    d->Ask("source_projects");
  } else {
    const auto [first, last] = projects.equal_range(d->project_keys.front());
    if (first == last) {
      d->Hold(Field::kProject, "PROJECT_UNKNOWN", "没有这个项目编码或编号；请先登记项目或更正");
      return absl::OkStatus();
    }
    if (std::distance(first, last) > 1) {
      d->Hold(Field::kProject, "PROJECT_AMBIGUOUS", "该编号对应多个项目，请填项目编码");
      return absl::OkStatus();
    }
    project = first->second;
    if (!auth::InScope(job_.scope, project->region_path)) {
      d->Refuse("source_projects", "REGION_FOREIGN", d->Text(Field::kProject),
                "来源项目不在您的管辖范围内");
      return absl::OkStatus();
    }
    if (project->is_void) {
      d->Refuse("source_projects", "PROJECT_VOID", d->Text(Field::kProject), "来源项目已作废");
      return absl::OkStatus();
    }
    v1::SourceProject* source = details.add_source_projects();
    source->set_project_id(project->id.ToString());
    source->set_value_share_bp(kBpOne);
    if (const absl::Status formed = api::CheckProjects(details, {*project}, job_.scope);
        !formed.ok()) {
      d->Refuse("formed_date", ReasonOf(formed), d->Text(Field::kFormed),
                GetErrorDetail(formed).message_zh);
      return absl::OkStatus();
    }
  }
  RETURN_IF_ERROR(ResolveRegion(d, project));
  if (d->decided()) return absl::OkStatus();
  if (!auth::InScope(job_.scope, asset.region_path())) {
    d->Refuse("region_code", "REGION_FOREIGN", details.region_code(), "坐落不在您的管辖范围内");
    return absl::OkStatus();
  }
  if (const absl::Status scope = ScopeOf(job_, asset.region_path(), details); !scope.ok()) {
    d->Refuse("fund_sources", ReasonOf(scope), "", GetErrorDetail(scope).message_zh);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(d->excluded_if_new, new_assets->Of(job_, d->asset, project));
  for (const std::string_view question : kOpen) {
    if (d->open.contains(std::string(question))) asset.add_open_questions(std::string(question));
  }
  if (d->open.contains("original_value")) asset.add_open_questions("original_value");
  // A region that got another code: its assets keep the key that they came with.
  if (!moves_) {
    ASSIGN_OR_RETURN(moves_, recode::ListMoves(db_));
  }
  std::vector<std::string> paths = {asset.region_path()};
  for (const recode::FormerPath& former : recode::FormerPaths(*moves_, {asset.region_path()})) {
    paths.push_back(former.path);
  }
  const std::string of = project != nullptr ? project->id.ToString() : "";
  const int year = details.formed_date().year();
  // So does an asset whose row names its project, or its year, only by now.
  std::vector<std::pair<std::string, int>> told = {{of, year}};
  if (!of.empty()) told.emplace_back("", year);
  if (year != 0) told.emplace_back(of, 0);
  if (!of.empty() && year != 0) told.emplace_back("", 0);
  if (d->Has(Field::kCode)) told.resize(1);
  const std::string name = MatchKey(details.name());
  for (const auto& [id, formed] : told) {
    for (const std::string& path : paths) {
      d->known.push_back(
          {Sha256(d->Has(Field::kCode) ? Cat("code\n", d->Text(Field::kCode))
                                       : Cat("name\n", id, "\n", path, "\n", name, "\n", formed)),
           path, id != of || formed != year});
    }
  }
  return absl::OkStatus();
}

absl::Status Checker::ResolveRegion(Draft* d, const store::ProjectCopy* project) {
  v1::Asset& asset = *d->asset.mutable_asset();
  v1::AssetDetails& details = *asset.mutable_details();
  if (!d->region_code.empty()) {
    const auto it = region_paths_.find(d->region_code);
    std::optional<std::string> path;
    if (it != region_paths_.end()) {
      path = it->second;
    } else {
      const auto code = NormalizeRegionCode(d->region_code);
      if (code.ok()) {
        ASSIGN_OR_RETURN(path, store::RegionPath(db_, *code));
      }
      region_paths_[d->region_code] = path;
    }
    if (!path || path->empty()) {
      d->Hold(Field::kRegionCode, "REGION_UNKNOWN", "未知的区划代码，请更正");
      return absl::OkStatus();
    }
    details.set_region_code(*NormalizeRegionCode(d->region_code));
    asset.set_region_path(*path);
    return absl::OkStatus();
  }
  const bool named = d->Has(Field::kCounty) || d->Has(Field::kTownship) ||
                     d->Has(Field::kVillage) || d->Has(Field::kCity) || d->Has(Field::kProvince);
  if (!named) {
    if (project == nullptr) {
      d->Hold(Field::kRegionCode, "REGION_MISSING", "请填写坐落的区划代码或县、乡镇、村名");
      return absl::OkStatus();
    }
    details.set_region_code(project->region_path);
    asset.set_region_path(project->region_path);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(LoadMatcher());
  printed::RegionQuery query;
  query.province = d->Text(Field::kProvince);
  query.city = d->Text(Field::kCity);
  query.county = d->Text(Field::kCounty);
  query.township = d->Text(Field::kTownship);
  const printed::PlaceList villages = printed::SplitVillages(d->Text(Field::kVillage));
  // An asset of several villages lies in their township.
  const bool several = villages.names.size() > 1 || villages.incomplete || villages.all;
  if (!several && villages.names.size() == 1) query.village = villages.names.front().name;
  if (const auto year = printed::ParseYear(d->Text(Field::kFormed))) query.year = *year;
  const printed::RegionMatch match = matcher_->Match(query);
  if (match.reason == "OTHER_PROVINCE") {
    d->Refuse("region_code", "REGION_FOREIGN", query.province, "不是本省的资产");
    return absl::OkStatus();
  }
  if (match.code.empty() || !match.complete) {
    std::string candidates;
    for (const printed::RegionCandidate& c : match.candidates) {
      candidates += Cat(candidates.empty() ? "" : "；", c.code, " ", c.path_zh);
    }
    d->Hold(Field::kVillage, match.reason.empty() ? "REGION_UNKNOWN" : match.reason,
            Cat(match.explanation_zh, candidates.empty() ? "" : "；候选：", candidates));
    return absl::OkStatus();
  }
  if (match.ask)
    d->Warn(Field::kVillage, "REGION_MATCHED", "区划按名称匹配，请确认", match.explanation_zh);
  if (several) {
    d->Warn(Field::kVillage, "REGION_SEVERAL", "跨村资产登记在乡镇，各村份额请补填",
            match.explanation_zh);
  }
  details.set_region_code(match.code);
  asset.set_region_path(match.code);
  return absl::OkStatus();
}

absl::Status Checker::LoadMatcher() {
  if (matcher_ != nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<store::RegionCopy> all, store::AllRegions(db_));
  std::map<std::string, std::string> cities;
  for (const store::RegionCopy& r : all) {
    if (r.code.size() == 4) cities[r.code] = r.name;
  }
  std::vector<printed::RegionRow> rows;
  rows.reserve(all.size());
  std::vector<printed::RegionHistoryRow> history;
  for (store::RegionCopy& r : all) {
    const auto level = static_cast<RegionLevel>(std::clamp(r.level, 1, 5));
    if (r.end_year == 0) {
      rows.push_back(
          {std::move(r.code), std::move(r.name), level, std::move(r.parent_code), r.is_extension});
    } else {
      printed::RegionHistoryRow row;
      if (level == RegionLevel::kCounty) row.city = cities[r.code.substr(0, 4)];
      row.code = std::move(r.code);
      row.name = std::move(r.name);
      row.level = level;
      row.start_year = r.start_year;
      row.end_year = r.end_year;
      row.successors = printed::ParseSuccessors(r.successors);
      history.push_back(std::move(row));
    }
  }
  all = {};
  matcher_ = std::make_unique<printed::RegionMatcher>(std::move(rows), std::move(history));
  return absl::OkStatus();
}

}  // namespace bangfu::asset::imports
