#include "services/registry/api/project_checks.h"

#include <algorithm>

#include "bangfu/registry/v1/inventory.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/contract/time.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/project_villages.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/store/parameter_store.h"

namespace bangfu::registry {
namespace {

std::string NormalCode(const std::string& code) {
  const absl::StatusOr<std::string> normal = NormalizeRegionCode(code);
  return normal.ok() ? *normal : std::string();
}

// Each code of a project with its list and field, in one place for lookup and check.
template <typename F>
void ForEachCode(const v1::Project& p, F f) {
  f("PROJECT_TYPE", p.project_type(), "project.project_type");
  f("PROJECT_CATEGORY", p.category(), "project.category");
  f("SHORTBOARD_SORT", p.shortboard_sort(), "project.shortboard_sort");
  f("PROJECT_NATURE", p.nature(), "project.nature");
  for (int i = 0; i < p.declared_funding_size(); ++i) {
    f("FUND_SOURCE", p.declared_funding(i).source_code(),
      absl::StrCat("project.declared_funding[", i, "].source_code"));
    f("FUND_TASK", p.declared_funding(i).task_code(),
      absl::StrCat("project.declared_funding[", i, "].task_code"));
  }
  for (int i = 0; i < p.content_items_size(); ++i) {
    f("CONTENT_CATEGORY", p.content_items(i).category_code(),
      absl::StrCat("project.content_items[", i, "].category_code"));
  }
  for (int i = 0; i < p.linkage().modes_size(); ++i) {
    f("LINKAGE_MODE", p.linkage().modes(i), absl::StrCat("project.linkage.modes[", i, "]"));
  }
  for (int i = 0; i < p.programmes_size(); ++i) {
    f("PROGRAMME", p.programmes(i), absl::StrCat("project.programmes[", i, "]"));
  }
  for (int i = 0; i < p.evidence_size(); ++i) {
    f("EVIDENCE_KIND", p.evidence(i).kind(), absl::StrCat("project.evidence[", i, "].kind"));
  }
}

absl::StatusOr<std::set<std::string>> ExistingIds(mysql::Executor& db, const RecordTable& table,
                                                  const std::set<std::string>& texts) {
  std::set<Ulid> ids;
  for (const std::string& text : texts) {
    if (const std::optional<Ulid> id = OptionalId(text)) ids.insert(*id);
  }
  ASSIGN_OR_RETURN(const std::set<Ulid> found, table.Existing(db, ids));
  std::set<std::string> out;
  for (const Ulid& id : found) out.insert(id.ToString());
  return out;
}

absl::Status CheckFields(const v1::Project& p, const ProjectReferences& references,
                         const ProjectCheckOptions& options) {
  Error error = Error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID").Zh("填报内容有误");
  bool bad = false;
  const auto wrong = [&](std::string_view field, std::string_view zh) {
    error.Field(field, zh);
    bad = true;
  };
  if (p.name().empty()) wrong("project.name", "必填");
  if (p.region_code().empty()) wrong("project.region_code", "必填");
  if (p.project_type().empty()) wrong("project.project_type", "必填");
  // A table that was handed in may lack it: imported with a warning, asked for before the next
  // change.
  if (p.implementing_org().empty() && options.data_quality != v1::DATA_QUALITY_IMPORTED)
    wrong("project.implementing_org", "必填");
  if (p.declared_funding().empty()) wrong("project.declared_funding", "必填");
  const int64_t from = references.scope_start_year;
  if (p.year() < from) wrong("project.year", Cat("实施年度应为", from, "年及以后"));
  if (p.approved_year() != 0 && p.approved_year() < from) {
    wrong("project.approved_year", Cat("批复年度应为", from, "年及以后"));
  }
  const int this_year = static_cast<int>(ShanghaiDay(references.now).year());
  if (options.registering && p.year() > this_year)
    wrong("project.year", "存量项目的年度不能晚于今年");
  if (options.registering && p.state() == v1::PROJECT_STATE_UNSPECIFIED)
    wrong("project.state", "必填");
  const v1::LinkageMechanism& l = p.linkage();
  // Against a whole that is known; 约20户 leaves it unknown.
  const bool counted = l.has_beneficiary_households();
  if (counted && l.beneficiary_poor_households() > l.beneficiary_households()) {
    wrong("project.linkage.beneficiary_poor_households", "脱贫户数不能超过带动户数");
  }
  if (counted && l.beneficiary_monitored_households() > l.beneficiary_households()) {
    wrong("project.linkage.beneficiary_monitored_households", "监测户数不能超过带动户数");
  }
  if (p.category() == "SHORTBOARD") {
    if (p.shortboard_sort().empty())
      wrong("project.shortboard_sort", "补短板项目须选择设施、技术或营销");
    if (p.short_board_id().empty()) wrong("project.short_board_id", "补短板项目须对应一项短板");
  }
  if (p.category() == "ADD_INVEST" && p.remedies_subject_id().empty()) {
    wrong("project.remedies_subject_id", "盘活追加投入须说明补强对象");
  }
  // Reports are of villages: what lies in none is verified by nobody.
  if (const RegionHit* lead = HitOf(references, p.region_code());
      lead != nullptr && lead->level < kVillageLevel &&
      std::none_of(p.covered_regions().begin(), p.covered_regions().end(),
                   [&](const v1::CoveredRegion& c) {
                     const RegionHit* hit = HitOf(references, c.region_code());
                     return hit != nullptr && hit->level == kVillageLevel;
                   })) {
    wrong("project.covered_regions", "所在区域不是村的项目，至少填写一个覆盖的村，由该村报告核实");
  }
  if (p.regional_full_chain() && p.covered_regions_size() < 2) {
    wrong("project.covered_regions", "区域性全产业链项目须覆盖两个以上区域");
  }
  for (int i = 0; i < p.declared_funding_size(); ++i) {
    const v1::PrintedAmount& a = p.declared_funding(i).amount();
    if (a.parse_state() == type::v1::AMOUNT_PARSE_STATE_RANGE && a.upper_fen() < a.fen()) {
      wrong(absl::StrCat("project.declared_funding[", i, "].amount.upper_fen"), "区间上限小于下限");
    }
  }
  if (!p.operator_id().empty() && references.operators.count(p.operator_id()) == 0) {
    wrong("project.operator_id", "运营主体不存在");
  }
  for (int i = 0; i < p.helper_org_ids_size(); ++i) {
    if (references.helpers.count(p.helper_org_ids(i)) == 0) {
      wrong(absl::StrCat("project.helper_org_ids[", i, "]"), "定点帮扶单位不存在");
    }
  }
  if (!p.short_board_id().empty() && references.short_boards.count(p.short_board_id()) == 0) {
    wrong("project.short_board_id", "短板不存在");
  }
  if (bad) return error;

  std::vector<int32_t> shares;
  for (const v1::CoveredRegion& c : p.covered_regions()) shares.push_back(c.share_bp());
  RETURN_IF_ERROR(CheckShares(shares));
  ProjectDates dates;
  const auto day = [](bool has, const google::type::Date& d) {
    return has ? DayOf(d) : std::optional<absl::CivilDay>();
  };
  dates.planned_start = day(p.has_planned_start(), p.planned_start());
  dates.planned_end = day(p.has_planned_end(), p.planned_end());
  dates.actual_start = day(p.has_actual_start(), p.actual_start());
  dates.actual_end = day(p.has_actual_end(), p.actual_end());
  dates.planting = day(p.has_planting_date(), p.planting_date());
  dates.production_start = day(p.has_production_start_date(), p.production_start_date());
  dates.design_capacity = day(p.has_design_capacity_date(), p.design_capacity_date());
  return CheckDates(dates, ShanghaiDay(references.now));
}

absl::StatusOr<RegionHit> Region(const ProjectReferences& references, const std::string& code,
                                 std::string_view field) {
  const auto found = references.regions.find(NormalCode(code));
  if (found == references.regions.end()) return RegionUnknown(field, code);
  if (found->second.path.empty()) return RegionAmbiguous(field, found->second.candidates);
  return found->second;
}

absl::Status CheckCodes(const v1::Project& p, const ProjectReferences& references) {
  std::vector<std::pair<std::string, std::string>> bad;
  const absl::CivilDay today = ShanghaiDay(references.now);
  ForEachCode(p, [&](std::string_view list, const std::string& code, std::string_view field) {
    if (code.empty()) return;
    const auto found = references.codes.find({std::string(list), code});
    if (found == references.codes.end() || !found->second.ValidOn(today)) {
      bad.emplace_back(std::string(field), code);
    }
  });
  if (!p.industry_code().empty()) {
    const auto found = references.categories.find(p.industry_code());
    if (found == references.categories.end() ||
        found->second.level == v1::INDUSTRY_LEVEL_CHAIN_LINK) {
      bad.emplace_back("project.industry_code", p.industry_code());
    }
  }
  for (int i = 0; i < p.chain_links_size(); ++i) {
    const auto found = references.categories.find(p.chain_links(i));
    if (found == references.categories.end() ||
        found->second.level != v1::INDUSTRY_LEVEL_CHAIN_LINK) {
      bad.emplace_back(absl::StrCat("project.chain_links[", i, "]"), p.chain_links(i));
    }
  }
  return CodesUnknown(bad);
}

// The campaign of a registration: the one named, or the open one of the village.
absl::Status CheckCampaign(const ProjectReferences& references, const ProjectCheckOptions& options,
                           v1::Project* p) {
  const OpenUnit* unit = LeadUnit(references.open_units, *p);
  if (options.registering && p->campaign_id().empty() && unit != nullptr) {
    const auto campaign = references.campaigns.find(unit->campaign_id);
    if (campaign != references.campaigns.end() &&
        RegionContains(campaign->second.region_path, p->region_path())) {
      p->set_campaign_id(unit->campaign_id.ToString());
    }
  }
  if (options.registering) {
    const auto not_open = [](std::string_view zh) {
      return FailedPrecondition("CAMPAIGN_NOT_OPEN", zh).Build();
    };
    if (p->campaign_id().empty()) {
      // Outside a campaign the county registers (§3.1: "or county opens").
      if (options.editor_level > kCountyLevel) return not_open("本村没有进行中的摸排批次");
    } else {
      const std::optional<Ulid> id = OptionalId(p->campaign_id());
      const auto campaign = id ? references.campaigns.find(*id) : references.campaigns.end();
      if (campaign == references.campaigns.end() ||
          !RegionContains(campaign->second.region_path, p->region_path())) {
        return not_open("摸排批次不存在，或不含本区域");
      }
      if (campaign->second.state != v1::CAMPAIGN_STATE_OPEN) return not_open("摸排批次未开放");
    }
  }
  if (unit == nullptr) return absl::OkStatus();
  return CheckEditWindow(unit->window, options.editor_level);
}

// An amount that comes as a number alone is exact; one that says nothing is absent, never zero.
void SettleAmount(v1::PrintedAmount* amount) {
  if (amount->parse_state() != type::v1::AMOUNT_PARSE_STATE_UNSPECIFIED) return;
  if (amount->fen() > 0) {
    amount->set_parse_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
  } else if (amount->text().empty()) {
    amount->set_parse_state(type::v1::AMOUNT_PARSE_STATE_ABSENT);
  }
}

}  // namespace

const RegionHit* HitOf(const ProjectReferences& references, const std::string& code) {
  const auto found = references.regions.find(NormalCode(code));
  return found == references.regions.end() ? nullptr : &found->second;
}

std::vector<FundingFact> FundingFacts(const ProjectReferences& references, const v1::Project& p) {
  std::vector<FundingFact> facts;
  for (const v1::DeclaredFunding& f : p.declared_funding()) {
    FundingFact fact;
    const auto code = references.codes.find({"FUND_SOURCE", f.source_code()});
    fact.is_public = code != references.codes.end() && code->second.Attribute("is_public") == "1";
    if (f.amount().parse_state() == type::v1::AMOUNT_PARSE_STATE_EXACT)
      fact.exact_fen = f.amount().fen();
    facts.push_back(fact);
  }
  return facts;
}

absl::StatusOr<ProjectReferences> LoadProjectReferences(
    mysql::Executor& db, const std::vector<const v1::Project*>& projects, absl::Time now) {
  ProjectReferences r;
  r.now = now;
  ASSIGN_OR_RETURN(r.scope_start_year, ScopeStartYear(db));
  std::set<std::string> codes_of_regions, categories, operators, helpers, boards;
  std::set<CodeKey> codes = {
      {"PROJECT_CATEGORY", "NORMAL"}};  // the default, wherever none is named
  std::set<Ulid> campaigns;
  std::vector<external::Number> numbers;
  for (const v1::Project* p : projects) {
    codes_of_regions.insert(NormalCode(p->region_code()));
    for (const v1::CoveredRegion& c : p->covered_regions())
      codes_of_regions.insert(NormalCode(c.region_code()));
    for (const v1::ContentItem& c : p->content_items()) {
      if (!c.site_region_code().empty()) codes_of_regions.insert(NormalCode(c.site_region_code()));
    }
    ForEachCode(*p, [&](std::string_view list, const std::string& code, std::string_view) {
      if (!code.empty()) codes.insert({std::string(list), code});
    });
    categories.insert(p->industry_code());
    categories.insert(p->chain_links().begin(), p->chain_links().end());
    if (!p->operator_id().empty()) operators.insert(p->operator_id());
    for (const std::string& id : p->helper_org_ids()) helpers.insert(id);
    if (!p->short_board_id().empty()) boards.insert(p->short_board_id());
    if (const std::optional<Ulid> id = OptionalId(p->campaign_id())) campaigns.insert(*id);
    for (external::Number& number : external::NumbersOf(p->external_ids())) {
      numbers.push_back(std::move(number));
    }
  }
  ASSIGN_OR_RETURN(r.regions,
                   LookupRegions(db, {codes_of_regions.begin(), codes_of_regions.end()}));
  ASSIGN_OR_RETURN(r.codes, LookupCodes(db, {codes.begin(), codes.end()}));
  ASSIGN_OR_RETURN(r.taxonomy_version, CurrentTaxonomy(db));
  ASSIGN_OR_RETURN(r.categories, LookupCategories(db, r.taxonomy_version, categories));
  ASSIGN_OR_RETURN(r.operators, ExistingIds(db, OperatorTable(), operators));
  ASSIGN_OR_RETURN(r.helpers, ExistingIds(db, HelperTable(), helpers));
  ASSIGN_OR_RETURN(r.short_boards, ExistingIds(db, ShortBoardTable(), boards));
  std::set<std::string> villages;
  const auto village = [&](const std::string& code) {
    const RegionHit* hit = HitOf(r, code);
    if (hit != nullptr && hit->level == kVillageLevel && !hit->path.empty()) {
      villages.insert(hit->path);
    }
  };
  for (const v1::Project* p : projects) {
    village(p->region_code());
    for (const v1::CoveredRegion& c : p->covered_regions()) village(c.region_code());
  }
  ASSIGN_OR_RETURN(r.open_units, FindOpenUnits(db, villages, now));
  for (const auto& [path, unit] : r.open_units) campaigns.insert(unit.campaign_id);
  ASSIGN_OR_RETURN(r.campaigns, FindCampaigns(db, campaigns));
  ASSIGN_OR_RETURN(r.external_ids, external::FindExternalIds(db, kProjectExternal, numbers));
  return r;
}

absl::Status ExternalIdTaken() {
  return Error(absl::StatusCode::kAlreadyExists, "EXTERNAL_ID_TAKEN")
      .Zh("外部编号已被其他项目使用");
}

absl::Status CheckProject(const ProjectReferences& references, const ProjectCheckOptions& options,
                          UlidGenerator& ids, v1::Project* p) {
  for (v1::DeclaredFunding& f : *p->mutable_declared_funding()) SettleAmount(f.mutable_amount());
  for (auto [has, amount] :
       {std::pair(p->has_planned_total(), &v1::Project::mutable_planned_total),
        std::pair(p->has_annual_output_value(), &v1::Project::mutable_annual_output_value),
        std::pair(p->has_annual_income(), &v1::Project::mutable_annual_income)}) {
    if (has) SettleAmount((p->*amount)());
  }
  RETURN_IF_ERROR(CheckFields(*p, references, options));
  if (options.registering) {
    ASSIGN_OR_RETURN(const RegionHit lead,
                     Region(references, p->region_code(), "project.region_code"));
    if (lead.path.size() < 6) {
      return InvalidField("project.region_code", "所在区域应为村、乡镇或县").Build();
    }
    p->set_region_path(lead.path);
  }
  for (int i = 0; i < p->covered_regions_size(); ++i) {
    v1::CoveredRegion& c = *p->mutable_covered_regions(i);
    ASSIGN_OR_RETURN(const RegionHit hit,
                     Region(references, c.region_code(),
                            absl::StrCat("project.covered_regions[", i, "].region_code")));
    c.set_region_path(hit.path);
  }
  for (int i = 0; i < p->content_items_size(); ++i) {
    const std::string& site = p->content_items(i).site_region_code();
    if (site.empty()) continue;
    RETURN_IF_ERROR(
        Region(references, site, absl::StrCat("project.content_items[", i, "].site_region_code"))
            .status());
  }
  if (!auth::InScope(options.scope, p->region_path())) return NotFound("region", p->region_code());
  RETURN_IF_ERROR(CheckCodes(*p, references));
  if (p->category().empty()) p->set_category("NORMAL");
  if (options.registering && !IsLegacyEntryState(static_cast<ProjectState>(p->state()))) {
    return FailedPrecondition("LEGACY_STATE_NOT_ALLOWED",
                              "存量项目只能登记为在建、停工、已竣工、已验收、运营、停产闲置或终止")
        .Field("project.state", "存量项目不能登记为该状态");
  }
  const std::vector<FundingFact> funding = FundingFacts(references, *p);
  RETURN_IF_ERROR(CheckScope(funding));
  ASSIGN_OR_RETURN(const FundingSums sums, SumFunding(funding));
  RETURN_IF_ERROR(CheckCampaign(references, options, p));
  std::set<external::Number> own;
  for (const external::Number& number : external::NumbersOf(p->external_ids())) {
    const auto taken = references.external_ids.find(number);
    if (taken != references.external_ids.end() && taken->second != options.own_id)
      return ExternalIdTaken();
    if (!own.insert(number).second) {
      return InvalidField("project.external_ids", "外部编号重复").Build();
    }
  }

  p->set_declared_total_fen(sums.declared_fen);
  p->set_public_total_fen(sums.public_fen);
  p->set_taxonomy_version(p->industry_code().empty() ? "" : references.taxonomy_version);
  int seq = 0;
  std::set<std::string> items;
  for (v1::ContentItem& item : *p->mutable_content_items()) {
    item.set_seq(++seq);
    // An id is kept only when it was this project's before.
    if (options.own_items.count(item.item_id()) == 0 || !items.insert(item.item_id()).second) {
      item.set_item_id(ids.Next().ToString());
    }
  }
  if (options.registering) {
    p->set_revision(1);
    p->set_origin(v1::PROJECT_ORIGIN_LEGACY);
    p->set_verification_state(v1::VERIFICATION_STATE_UNVERIFIED);
    p->set_data_quality(options.data_quality);
    p->clear_project_code();
    p->clear_industry_id();
    p->clear_is_void();
    p->clear_void_reason();
    p->clear_allowed_actions();
  }
  return absl::OkStatus();
}

}  // namespace bangfu::registry
