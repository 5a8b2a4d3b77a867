#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/printed/region_matcher.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/api/region_events.h"
#include "services/registry/api/region_index.h"
#include "services/registry/store/organisation_store.h"
#include "services/registry/store/reference_id.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

std::string ShortName(const std::string& name) {
  for (const std::string_view ending :
       {"村民委员会", "社区居民委员会", "居民委员会", "村委会", "居委会", "自治县", "新区", "街道",
        "社区", "村", "镇", "乡", "县", "区", "市", "省"}) {
    // At least two characters of three bytes stay.
    if (name.size() >= ending.size() + 6 && absl::EndsWith(name, AbslView(ending))) {
      return name.substr(0, name.size() - ending.size());
    }
  }
  return name;
}

absl::StatusOr<v1::Region> GetRegion(Context& context, const v1::GetRegionRequest& request) {
  const absl::StatusOr<std::string> code = NormalizeRegionCode(request.code());
  if (!code.ok()) return InvalidField("code", "区划代码应为2、4、6、9或12位").Build();
  ASSIGN_OR_RETURN(const auto row, FindRegion(context.db, *code));
  if (!row) return NotFound("region", request.code()).Build();
  return RegionMessage(*row);
}

absl::StatusOr<v1::ListRegionsResponse> ListRegionsRpc(Context& context,
                                                       const v1::ListRegionsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request, 2000));
  RegionQuery query;
  query.parent_code = "36";
  if (!request.parent_code().empty()) {
    const absl::StatusOr<std::string> code = NormalizeRegionCode(request.parent_code());
    if (!code.ok()) return InvalidField("parent_code", "区划代码应为2、4、6、9或12位").Build();
    query.parent_code = *code;
  }
  query.level = request.level();
  query.retired = request.retired();
  query.limit = page.size + 1;
  if (page.key.size() == 2) {
    query.after_code = page.key[0];
    if (!absl::SimpleAtoi(page.key[1], &query.after_end_year)) query.after_end_year = 0;
  }
  ASSIGN_OR_RETURN(std::vector<RegionRow> rows, ListRegions(context.db, query));
  v1::ListRegionsResponse response;
  ClosePage(page, &rows, &response, [](const RegionRow& row) -> std::vector<std::string> {
    return {row.code, absl::StrCat(row.end_year)};
  });
  for (const RegionRow& row : rows) *response.add_regions() = RegionMessage(row);
  return response;
}

v1::MatchGrade GradeOf(printed::MatchGrade grade) {
  switch (grade) {
    case printed::MatchGrade::kCode:
      return v1::MATCH_GRADE_CODE;
    case printed::MatchGrade::kExact:
      return v1::MATCH_GRADE_EXACT;
    case printed::MatchGrade::kAtYear:
      return v1::MATCH_GRADE_AT_YEAR;
    case printed::MatchGrade::kSplitByTownship:
      return v1::MATCH_GRADE_SPLIT_BY_TOWNSHIP;
    case printed::MatchGrade::kShort:
      return v1::MATCH_GRADE_SHORT;
    case printed::MatchGrade::kMerged:
      return v1::MATCH_GRADE_MERGED;
    case printed::MatchGrade::kZone:
      return v1::MATCH_GRADE_ZONE;
    case printed::MatchGrade::kNone:
      return v1::MATCH_GRADE_NONE;
  }
  return v1::MATCH_GRADE_NONE;
}

absl::StatusOr<v1::ResolveRegionResponse> ResolveRegion(RegionIndex& index, Context& context,
                                                        const v1::ResolveRegionRequest& request) {
  ASSIGN_OR_RETURN(const auto matcher, index.Matcher(context.db));
  printed::RegionQuery query;
  query.code = request.code();
  query.city = request.city();
  query.county = request.county();
  query.township = request.township();
  query.village = request.village();
  if (request.year() != 0) query.year = request.year();
  const printed::RegionMatch match = matcher->Match(query);
  v1::ResolveRegionResponse response;
  response.set_explanation_zh(match.explanation_zh);
  std::vector<std::string> codes;
  if (!match.code.empty()) codes.push_back(match.code);
  for (const auto& c : match.candidates) codes.push_back(c.code);
  ASSIGN_OR_RETURN(const std::vector<RegionRow> rows, LoadRegionsByCode(context.db, codes));
  const auto find = [&](const std::string& code) -> const RegionRow* {
    for (const RegionRow& row : rows) {
      if (row.code == code && row.end_year == 0) return &row;
    }
    return nullptr;
  };
  // Only a match that names one region and asks nobody is an answer.
  const RegionRow* one = match.code.empty() || !match.complete ? nullptr : find(match.code);
  response.set_grade(one != nullptr ? GradeOf(match.grade) : v1::MATCH_GRADE_NONE);
  if (one != nullptr) *response.mutable_region() = RegionMessage(*one);
  for (const auto& c : match.candidates) {
    v1::RegionCandidate& out = *response.add_candidates();
    if (const RegionRow* row = find(c.code)) *out.mutable_region() = RegionMessage(*row);
    out.set_grade(GradeOf(c.grade));
    out.set_full_name(c.path_zh);
    out.set_explanation_zh(match.explanation_zh);
  }
  if (one == nullptr && !match.code.empty() && match.candidates.empty()) {
    v1::RegionCandidate& out = *response.add_candidates();
    if (const RegionRow* row = find(match.code)) *out.mutable_region() = RegionMessage(*row);
    out.set_grade(GradeOf(match.grade));
    out.set_full_name(matcher->PathName(match.code));
    out.set_explanation_zh(match.explanation_zh);
  }
  return response;
}

absl::StatusOr<RegionRow> RegionRowOf(const v1::Region& r, int i) {
  RegionRow row;
  const std::string field = absl::StrCat("regions[", i, "]");
  const absl::StatusOr<std::string> code = NormalizeRegionCode(r.code());
  if (!code.ok()) return InvalidField(Cat(field, ".code"), "区划代码应为2、4、6、9或12位").Build();
  row.code = *code;
  row.name = r.name();
  row.short_name = r.short_name().empty() ? ShortName(r.name()) : r.short_name();
  row.level = r.level() != 0 ? r.level() : static_cast<int>(LevelOfRegion(*code));
  row.start_year = r.start_year();
  row.end_year = r.end_year();
  if (row.end_year != 0 && row.start_year > row.end_year) {
    return InvalidField(Cat(field, ".end_year"), "停用年份不能早于启用年份").Build();
  }
  if (row.end_year == 0) row.region_path = *code;
  row.is_extension = r.is_extension();
  if (!row.is_extension && row.level != static_cast<int>(LevelOfRegion(*code))) {
    return InvalidField(Cat(field, ".level"), "级别与代码位数不符").Build();
  }
  if (r.parent_code().empty()) {
    row.parent_code = RegionParent(*code);
  } else {
    const absl::StatusOr<std::string> parent = NormalizeRegionCode(r.parent_code());
    if (!parent.ok())
      return InvalidField(Cat(field, ".parent_code"), "区划代码应为2、4、6、9或12位").Build();
    row.parent_code = *parent;
  }
  row.flags = {r.flags().begin(), r.flags().end()};
  for (const v1::RegionSuccessor& s : r.successors()) {
    const absl::StatusOr<std::string> successor = NormalizeRegionCode(s.code());
    if (!successor.ok()) return InvalidField(Cat(field, ".successors"), "后继区划代码有误").Build();
    row.successors.push_back({*successor, s.year()});
  }
  return row;
}

bool SameRegion(const RegionRow& a, const RegionRow& b) {
  return a.start_year == b.start_year && a.name == b.name && a.short_name == b.short_name &&
         a.level == b.level && a.parent_code == b.parent_code && a.is_extension == b.is_extension &&
         a.flags == b.flags && a.successors == b.successors;
}

// Every city and county has its bureau (R130).
std::vector<OrganisationRow> BureausOf(const std::vector<RegionRow>& regions) {
  std::vector<OrganisationRow> out;
  for (const RegionRow& r : regions) {
    if (r.end_year != 0 || (r.level != v1::REGION_LEVEL_CITY && r.level != v1::REGION_LEVEL_COUNTY))
      continue;
    OrganisationRow o;
    const bool city = r.level == v1::REGION_LEVEL_CITY;
    o.org_code = Cat(city ? "CITY_BUREAU_" : "COUNTY_BUREAU_", r.code);
    o.id = IdOfKey("organisation", o.org_code);
    o.name = Cat(r.name, "农业农村局");
    o.org_type = city ? v1::ORG_TYPE_CITY_BUREAU : v1::ORG_TYPE_COUNTY_BUREAU;
    o.region_code = r.code;
    o.region_path = r.region_path;
    o.department_code = "AGRICULTURE";
    out.push_back(std::move(o));
  }
  return out;
}

absl::StatusOr<v1::ImportRegionsResponse> ImportRegions(Context& context,
                                                        const v1::ImportRegionsRequest& request) {
  return rpc::Mutate<v1::ImportRegionsResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ImportRegionsResponse> {
        std::vector<RegionRow> rows;
        std::vector<std::string> codes;
        std::set<std::pair<std::string, int>> seen;
        bool above_township = false;
        for (int i = 0; i < request.regions_size(); ++i) {
          ASSIGN_OR_RETURN(RegionRow row, RegionRowOf(request.regions(i), i));
          if (!seen.insert({row.code, row.end_year}).second) {
            return InvalidField(absl::StrCat("regions[", i, "].code"), "同一代码同一年代重复")
                .Build();
          }
          above_township |= row.code.size() <= 6;
          codes.push_back(row.code);
          rows.push_back(std::move(row));
        }
        ASSIGN_OR_RETURN(const std::vector<RegionRow> standing, LoadRegionsByCode(m.tx(), codes));
        std::map<std::pair<std::string, int>, const RegionRow*> by_key;
        for (const RegionRow& row : standing) by_key[{row.code, row.end_year}] = &row;
        v1::ImportRegionsResponse response;
        std::vector<RegionRow> writes;
        for (RegionRow& row : rows) {
          const auto found = by_key.find({row.code, row.end_year});
          if (found == by_key.end()) {
            row.id = IdOfKey("region", absl::StrCat(row.code, ":", row.end_year));
            response.set_created(response.created() + 1);
            writes.push_back(std::move(row));
            continue;
          }
          const RegionRow& old = *found->second;
          // A list of today's codes does not know years, successors or flags: what stands stays.
          if (row.start_year == 0) row.start_year = old.start_year;
          if (row.successors.empty()) row.successors = old.successors;
          if (row.flags.empty()) row.flags = old.flags;
          row.is_extension |= old.is_extension;
          row.id = old.id;
          row.version = old.version;
          if (row.end_year != 0) row.region_path = old.region_path;
          if (SameRegion(row, old)) {
            response.set_unchanged(response.unchanged() + 1);
            continue;
          }
          ++row.version;
          response.set_updated(response.updated() + 1);
          writes.push_back(std::move(row));
        }
        if (!writes.empty()) RETURN_IF_ERROR(UpsertRegions(m.tx(), writes));
        if (above_township && !writes.empty()) {
          ASSIGN_OR_RETURN(const std::vector<RegionRow> moved, RefreshRetiredPaths(m.tx()));
          for (const RegionRow& row : moved) {
            const auto same = std::find_if(writes.begin(), writes.end(),
                                           [&](const RegionRow& w) { return w.id == row.id; });
            if (same != writes.end()) {
              *same = row;
            } else {
              writes.push_back(row);
            }
          }
          const std::vector<OrganisationRow> bureaus = BureausOf(writes);
          RETURN_IF_ERROR(AddOrganisations(m.tx(), bureaus));
          if (!bureaus.empty()) {
            v1::OrganisationsChanged event;
            for (const OrganisationRow& o : bureaus)
              *event.add_organisations() = OrganisationMessage(o);
            RETURN_IF_ERROR(m.Publish("organisation_batch", bureaus[0].id, "", event));
          }
        }
        if (!writes.empty()) {
          // One line of history for the call: what came in has its own file.
          RETURN_IF_ERROR(m.Audit("region_import", context.ids.Next(), "36", nullptr, response));
          RETURN_IF_ERROR(PublishRegions(m, writes));
        }
        return response;
      });
}

}  // namespace

void RegisterRegionHandlers(rpc::Router& router) {
  const std::string regions = "bangfu.registry.v1.RegionService.";
  const auto index = std::make_shared<RegionIndex>();
  router.Unary<v1::GetRegionRequest, v1::Region>(regions + "GetRegion", GetRegion);
  router.Unary<v1::ListRegionsRequest, v1::ListRegionsResponse>(regions + "ListRegions",
                                                                ListRegionsRpc);
  router.Unary<v1::ResolveRegionRequest, v1::ResolveRegionResponse>(
      regions + "ResolveRegion",
      [index](Context& context, const v1::ResolveRegionRequest& request) {
        return ResolveRegion(*index, context, request);
      });
  router.Unary<v1::ImportRegionsRequest, v1::ImportRegionsResponse>(regions + "ImportRegions",
                                                                    ImportRegions);
}

}  // namespace bangfu::registry
