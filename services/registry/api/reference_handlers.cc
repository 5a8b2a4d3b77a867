#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/uscc.h"
#include "common/blob/blob.h"
#include "common/feed/outbox.h"
#include "common/inbox/service.h"
#include "common/printed/region_matcher.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grants.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/api/region_index.h"
#include "services/registry/api/report_work.h"
#include "services/registry/domain/calendar.h"
#include "services/registry/store/reference_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

constexpr size_t kEventRegions = 500;

// --- Regions

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

// Regions go into the feed in events of five hundred states: the province has twenty thousand.
absl::Status PublishRegions(Mutation& m, const std::vector<RegionRow>& rows) {
  for (size_t begin = 0; begin < rows.size(); begin += kEventRegions) {
    v1::RegionsChanged event;
    const size_t end = std::min(rows.size(), begin + kEventRegions);
    for (size_t i = begin; i < end; ++i) *event.add_regions() = RegionMessage(rows[i]);
    RETURN_IF_ERROR(m.Publish("region_batch", rows[begin].id, "", event));
  }
  return absl::OkStatus();
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

// What subscribers hold under the old path: every state again, under the new one.
absl::Status PublishMoved(mysql::Tx& tx, const std::string& path, absl::Time now) {
  const auto source = MakeSnapshotSource();
  for (const char* type :
       {"industry", "short_board", "leading_industry", "brand_certification", "tech_pairing",
        "training_record", "unit_report", "project", "operation_report"}) {
    Ulid after;
    while (true) {
      ASSIGN_OR_RETURN(std::vector<feed::OutboxEvent> events,
                       source->Page(tx, type, after, kEventRegions, feed::RegionPrefixes{path}));
      if (events.empty()) break;
      after = events.back().aggregate_id;
      for (feed::OutboxEvent& event : events) event.occurred_at = now;
      RETURN_IF_ERROR(feed::PublishBatch(tx, events));
      if (events.size() < kEventRegions) break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::RecodeRegionResponse> RecodeRegion(Context& context,
                                                      const v1::RecodeRegionRequest& request) {
  return rpc::Mutate<v1::RecodeRegionResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::RecodeRegionResponse> {
        const absl::StatusOr<std::string> from = NormalizeRegionCode(request.from_code());
        const absl::StatusOr<std::string> to = NormalizeRegionCode(request.to_code());
        if (!from.ok()) return RegionUnknown("from_code", request.from_code());
        if (!to.ok()) return RegionUnknown("to_code", request.to_code());
        if (from->size() != to->size() || *from == *to || from->size() < 6) {
          return InvalidField("to_code", "新旧区划须为同级且不同的县以下区划").Build();
        }
        ASSIGN_OR_RETURN(const auto old_row, FindRegion(m.tx(), *from));
        ASSIGN_OR_RETURN(const auto new_row, FindRegion(m.tx(), *to));
        if (!new_row || new_row->end_year != 0) return RegionUnknown("to_code", request.to_code());
        if (old_row && old_row->end_year == 0) {
          return FailedPrecondition("REGION_IN_USE", "原区划仍在使用").Build();
        }
        v1::RecodeRegionResponse response;
        const absl::StatusOr<int64_t> records = RewriteRegionPath(m.tx(), *from, *to);
        if (mysql::IsDuplicateKey(records.status())) {
          return FailedPrecondition("REGION_NOT_EMPTY",
                                    "新区划已有同一产业或同一批次的记录，须先合并")
              .Build();
        }
        RETURN_IF_ERROR(records.status());
        response.set_records(*records);
        RETURN_IF_ERROR(PublishMoved(m.tx(), *to, context.now));
        RETURN_IF_ERROR(RecodeGrants(m.tx(), *from, *to, context.now));
        RETURN_IF_ERROR(SyncMovedMonthlyReports(m.tx(), *from, *to, inbox::ActOf(m, "recode", {})));
        RETURN_IF_ERROR(
            m.Audit("region_recode", context.ids.Next(), "36", nullptr, request, request.reason()));
        if (old_row) RETURN_IF_ERROR(PublishRegions(m, {*old_row, *new_row}));
        return response;
      });
}

// --- Organisations

absl::StatusOr<v1::Organisation> GetOrganisation(Context& context,
                                                 const v1::GetOrganisationRequest& request) {
  ASSIGN_OR_RETURN(const auto row, FindOrganisation(context.db, request.org_code()));
  if (!row) return NotFound("organisation", request.org_code()).Build();
  return OrganisationMessage(*row);
}

absl::StatusOr<v1::ListOrganisationsResponse> ListOrganisationsRpc(
    Context& context, const v1::ListOrganisationsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  OrganisationQuery query;
  ASSIGN_OR_RETURN(query.region_path,
                   ResolvePath(context.db, request.region_code(), "region_code"));
  query.org_type = request.org_type();
  query.clause = request.clause();
  query.limit = page.size + 1;
  if (page.key.size() == 2) {
    query.after_path = page.key[0];
    query.after_code = page.key[1];
  }
  ASSIGN_OR_RETURN(std::vector<OrganisationRow> rows, ListOrganisations(context.db, query));
  v1::ListOrganisationsResponse response;
  ClosePage(page, &rows, &response, [](const OrganisationRow& row) -> std::vector<std::string> {
    return {row.region_path, row.org_code};
  });
  for (const OrganisationRow& row : rows) *response.add_organisations() = OrganisationMessage(row);
  return response;
}

absl::StatusOr<v1::UpsertOrganisationsResponse> UpsertOrganisationsRpc(
    Context& context, const v1::UpsertOrganisationsRequest& request) {
  return rpc::Mutate<v1::UpsertOrganisationsResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::UpsertOrganisationsResponse> {
        std::vector<OrganisationRow> rows;
        v1::UpsertOrganisationsResponse response;
        v1::OrganisationsChanged event;
        CodeCheck codes;
        for (int i = 0; i < request.organisations_size(); ++i) {
          const v1::Organisation& o = request.organisations(i);
          const std::string field = absl::StrCat("organisations[", i, "]");
          OrganisationRow row;
          row.org_code = o.org_code();
          row.id = IdOfKey("organisation", o.org_code());
          row.name = o.name();
          row.org_type = o.org_type();
          ASSIGN_OR_RETURN(row.region_path,
                           ResolvePath(m.tx(), o.region_code(), Cat(field, ".region_code")));
          row.region_code = o.region_code();
          row.uscc = o.uscc();
          row.clauses = {o.clauses().begin(), o.clauses().end()};
          row.department_code = o.department_code();
          codes.Want("DEPARTMENT", o.department_code(), Cat(field, ".department_code"));
          row.is_active = o.is_active();
          rows.push_back(std::move(row));
        }
        RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
        RETURN_IF_ERROR(UpsertOrganisations(m.tx(), rows));
        for (const OrganisationRow& row : rows) {
          ASSIGN_OR_RETURN(const auto written, FindOrganisation(m.tx(), row.org_code));
          const v1::Organisation message = OrganisationMessage(*written);
          RETURN_IF_ERROR(
              m.Audit("organisation", written->id, written->region_path, nullptr, message));
          *response.add_organisations() = message;
          *event.add_organisations() = message;
        }
        RETURN_IF_ERROR(m.Publish("organisation_batch", rows[0].id, "", event));
        return response;
      });
}

constexpr const char* kClauses[] = {"四",   "五",   "六",   "七",   "八",   "九",   "十",
                                    "十一", "十二", "十三", "十四", "十五", "十六", "十七"};

absl::StatusOr<v1::GetClauseMatrixResponse> GetClauseMatrix(
    Context& context, const v1::GetClauseMatrixRequest& request) {
  OrganisationQuery query;
  query.region_path = "36";
  query.org_type = v1::ORG_TYPE_PROV_OFFICE;
  query.limit = 500;
  ASSIGN_OR_RETURN(const std::vector<OrganisationRow> offices,
                   ListOrganisations(context.db, query));
  v1::GetClauseMatrixResponse response;
  for (const std::string clause : kClauses) {
    if (!request.clause().empty() && request.clause() != clause) continue;
    v1::ClauseResponsibility& row = *response.add_rows();
    row.set_clause(clause);
    row.set_binds_city_and_county_bureaus(true);
    for (const OrganisationRow& office : offices) {
      if (std::find(office.clauses.begin(), office.clauses.end(), clause) != office.clauses.end()) {
        *row.add_offices() = OrganisationMessage(office);
      }
    }
  }
  return response;
}

// --- Codes

absl::StatusOr<v1::ListCodeListsResponse> ListCodeListsRpc(Context& context,
                                                           const v1::ListCodeListsRequest&) {
  ASSIGN_OR_RETURN(const std::vector<CodeListRow> rows, ListCodeLists(context.db));
  v1::ListCodeListsResponse response;
  for (const CodeListRow& row : rows) {
    v1::CodeList& out = *response.add_lists();
    out.set_list(row.list);
    out.set_name_zh(row.name_zh);
    out.set_version(row.version);
    out.set_code_count(static_cast<int32_t>(row.codes));
  }
  return response;
}

absl::StatusOr<v1::ListCodesResponse> ListCodesRpc(Context& context,
                                                   const v1::ListCodesRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<CodeRow> rows, ListCodes(context.db, request.list()));
  if (rows.empty()) return NotFound("code_list", request.list()).Build();
  const absl::CivilDay on = request.has_on()
                                ? DayOf(request.on()).value_or(ShanghaiDay(context.now))
                                : ShanghaiDay(context.now);
  v1::ListCodesResponse response;
  for (const CodeRow& row : rows) {
    response.set_version(std::max(response.version(), row.version));
    if (request.include_ended() || row.ValidOn(on)) *response.add_codes() = CodeMessage(row);
  }
  return response;
}

// A measure that belongs to no class could be taken by no plan.
absl::Status CheckAttributes(const CodeRow& row, std::string_view field) {
  if (row.list != "MEASURE") return absl::OkStatus();
  for (const auto& [name, value] : row.attributes) {
    if (name == "class" && (value == "CONSOLIDATE" || value == "UPGRADE" || value == "REVITALIZE" ||
                            value == "ADJUST")) {
      return absl::OkStatus();
    }
  }
  return InvalidField(Cat(field, ".attributes"),
                      "措施须有属性 class：CONSOLIDATE、UPGRADE、REVITALIZE 或 ADJUST");
}

absl::StatusOr<v1::CreateCodesResponse> CreateCodes(Context& context,
                                                    const v1::CreateCodesRequest& request) {
  return rpc::Mutate<v1::CreateCodesResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::CreateCodesResponse> {
        std::vector<CodeRow> rows;
        std::vector<CodeKey> keys;
        std::set<CodeKey> seen;
        for (int i = 0; i < request.codes_size(); ++i) {
          const v1::Code& c = request.codes(i);
          const std::string field = absl::StrCat("codes[", i, "]");
          CodeRow row;
          row.list = c.list();
          row.code = c.code();
          row.name_zh = c.name_zh();
          row.description_zh = c.description_zh();
          for (const v1::CodeAttribute& a : c.attributes()) {
            if (a.name().find_first_of(";=") != std::string::npos ||
                a.value().find(';') != std::string::npos) {
              return InvalidField(Cat(field, ".attributes"), "属性不能含分号或等号").Build();
            }
            row.attributes.emplace_back(a.name(), a.value());
          }
          RETURN_IF_ERROR(CheckAttributes(row, field));
          row.sort = c.sort();
          if (c.has_valid_from()) row.valid_from = DayOf(c.valid_from());
          if (c.has_valid_to()) row.valid_to = DayOf(c.valid_to());
          if (row.valid_from && row.valid_to && *row.valid_to < *row.valid_from) {
            return InvalidField(Cat(field, ".valid_to"), "停用日期不能早于启用日期").Build();
          }
          row.unconfirmed = c.unconfirmed();
          if (!seen.insert({row.list, row.code}).second) {
            return InvalidField(Cat(field, ".code"), "代码重复").Build();
          }
          keys.emplace_back(row.list, row.code);
          rows.push_back(std::move(row));
        }
        ASSIGN_OR_RETURN(const auto before, LookupCodes(m.tx(), keys));
        RETURN_IF_ERROR(UpsertCodes(m.tx(), &rows));
        for (const CodeRow& row : rows) {
          if (row.list != "EVIDENCE_KIND") continue;
          int64_t max_mib = 0;
          ParseInt(row.Attribute("max_mib"), &max_mib);
          RETURN_IF_ERROR(blob::PutKind(m.tx(), row.code, row.name_zh, row.Attribute("formats"),
                                        max_mib, row.ValidOn(ShanghaiDay(context.now))));
        }
        v1::CreateCodesResponse response;
        v1::CodesChanged event;
        for (const CodeRow& row : rows) {
          const v1::Code message = CodeMessage(row);
          *response.add_codes() = message;
          *event.add_codes() = message;
          const auto old = before.find({row.list, row.code});
          const v1::Code old_message = old == before.end() ? v1::Code() : CodeMessage(old->second);
          RETURN_IF_ERROR(m.Audit("code", IdOfKey("code", Cat(row.list, "/", row.code)), "36",
                                  old == before.end() ? nullptr : &old_message, message));
        }
        RETURN_IF_ERROR(m.Publish(
            "code_batch", IdOfKey("code", Cat(rows[0].list, "/", rows[0].code)), "", event));
        return response;
      });
}

absl::StatusOr<v1::ListParametersResponse> ListParametersRpc(Context& context,
                                                             const v1::ListParametersRequest&) {
  ASSIGN_OR_RETURN(const std::vector<ParameterRow> rows, ListParameters(context.db));
  v1::ListParametersResponse response;
  for (const ParameterRow& row : rows) *response.add_parameters() = ParameterMessage(row);
  return response;
}

// 20251031.
bool IsDay(int64_t ymd) {
  const absl::CivilDay day(ymd / 10000, ymd / 100 % 100, ymd % 100);
  return day.year() >= 1000 && day.year() * 10000 + day.month() * 100 + day.day() == ymd;
}

absl::StatusOr<v1::Parameter> SetParameter(Context& context,
                                           const v1::SetParameterRequest& request) {
  return rpc::Mutate<v1::Parameter>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Parameter> {
        ASSIGN_OR_RETURN(const auto found, FindParameter(m.tx(), request.code()));
        if (!found) return NotFound("parameter", request.code()).Build();
        RETURN_IF_ERROR(CheckEtag(request.etag(), found->version));
        ParameterRow row = *found;
        row.value = request.value();
        if (request.value() < 0 || (row.unit == "BP" && request.value() > 10000)) {
          return InvalidField("value", "数值超出范围").Build();
        }
        if (row.unit == "DATE" && !IsDay(request.value())) {
          return InvalidField("value", "日期应为八位数字，如20251031").Build();
        }
        if (request.day_kind() != v1::DAY_KIND_UNSPECIFIED) row.day_kind = request.day_kind();
        row.unconfirmed = !request.confirmed();
        ++row.version;
        RETURN_IF_ERROR(UpdateParameter(m.tx(), row));
        RETURN_IF_ERROR(blob::PutSetting(m.tx(), row.code, row.value));
        const v1::Parameter before = ParameterMessage(*found);
        const v1::Parameter after = ParameterMessage(row);
        const Ulid id = IdOfKey("parameter", row.code);
        RETURN_IF_ERROR(m.Audit("parameter", id, "36", &before, after, request.reason()));
        v1::ParameterChanged event;
        *event.mutable_parameter() = after;
        RETURN_IF_ERROR(m.Publish("parameter", id, "", event));
        return after;
      });
}

absl::StatusOr<v1::ListFundSourceDepartmentsResponse> ListFsd(
    Context& context, const v1::ListFundSourceDepartmentsRequest& request) {
  ASSIGN_OR_RETURN(const auto rows, ListFundSourceDepartments(context.db));
  const absl::CivilDay on = request.has_on()
                                ? DayOf(request.on()).value_or(ShanghaiDay(context.now))
                                : ShanghaiDay(context.now);
  v1::ListFundSourceDepartmentsResponse response;
  for (const FundSourceDepartmentRow& row : rows) {
    if (row.rule.valid_from > on || (row.rule.valid_to && *row.rule.valid_to < on)) continue;
    *response.add_rows() = FundSourceDepartmentMessage(row);
  }
  return response;
}

absl::StatusOr<v1::FundSourceDepartment> SetFsd(Context& context,
                                                const v1::SetFundSourceDepartmentRequest& request) {
  return rpc::Mutate<v1::FundSourceDepartment>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::FundSourceDepartment> {
        const v1::FundSourceDepartment& r = request.row();
        CodeCheck codes;
        codes.Want("FUND_SOURCE", r.source_code(), "row.source_code");
        codes.Want("FUND_TASK", r.task_code(), "row.task_code");
        codes.Want("DEPARTMENT", r.department_code(), "row.department_code");
        RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
        FundSourceDepartmentRow row;
        row.rule = {r.source_code(), r.task_code(), r.department_code(), ShanghaiDay(context.now),
                    std::nullopt};
        if (r.has_valid_from())
          row.rule.valid_from = DayOf(r.valid_from()).value_or(row.rule.valid_from);
        if (r.has_valid_to()) row.rule.valid_to = DayOf(r.valid_to());
        if (row.rule.valid_to && *row.rule.valid_to < row.rule.valid_from) {
          return InvalidField("row.valid_to", "停用日期不能早于启用日期").Build();
        }
        row.unconfirmed = r.unconfirmed();
        v1::FundSourceDepartment before;
        bool changed = false;
        if (r.id().empty()) {
          row.id = context.ids.Next();
          const absl::Status inserted = InsertFundSourceDepartment(m.tx(), row);
          if (mysql::IsDuplicateKey(inserted)) {
            return Error(absl::StatusCode::kAlreadyExists, "ROW_EXISTS")
                .Zh("该对应关系已存在")
                .Build();
          }
          RETURN_IF_ERROR(inserted);
        } else {
          ASSIGN_OR_RETURN(const Ulid id, ParseId(r.id(), "row.id"));
          ASSIGN_OR_RETURN(const auto all, ListFundSourceDepartments(m.tx()));
          const auto found = std::find_if(
              all.begin(), all.end(), [&](const FundSourceDepartmentRow& f) { return f.id == id; });
          if (found == all.end()) return NotFound("fund_source_department", r.id()).Build();
          RETURN_IF_ERROR(CheckEtag(r.etag(), found->version));
          before = FundSourceDepartmentMessage(*found);
          changed = true;
          // What it says stays; it can end, and be confirmed.
          row.id = id;
          const auto valid_to = row.rule.valid_to;
          row.rule = found->rule;
          row.rule.valid_to = valid_to;
          row.version = found->version + 1;
          RETURN_IF_ERROR(UpdateFundSourceDepartment(m.tx(), row));
        }
        const v1::FundSourceDepartment after = FundSourceDepartmentMessage(row);
        RETURN_IF_ERROR(
            m.Audit("fund_source_department", row.id, "36", changed ? &before : nullptr, after));
        v1::FundSourceDepartmentChanged event;
        *event.mutable_row() = after;
        RETURN_IF_ERROR(m.Publish("fund_source_department", row.id, "", event));
        return after;
      });
}

// --- Calendar

absl::StatusOr<v1::ListWorkDaysResponse> ListDays(Context& context,
                                                  const v1::ListWorkDaysRequest& request) {
  const auto from = DayOf(request.from());
  const auto to = DayOf(request.to());
  if (!from || !to || *to < *from || *to - *from > 400) {
    return InvalidField("to", "起止日期应在400天以内").Build();
  }
  ASSIGN_OR_RETURN(const std::vector<WorkDayRow> rows, ListWorkDays(context.db, *from, *to));
  v1::ListWorkDaysResponse response;
  for (const WorkDayRow& row : rows) *response.add_days() = WorkDayMessage(row);
  return response;
}

absl::StatusOr<v1::ImportWorkDaysResponse> ImportDays(Context& context,
                                                      const v1::ImportWorkDaysRequest& request) {
  return rpc::Mutate<v1::ImportWorkDaysResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ImportWorkDaysResponse> {
        std::vector<WorkDayRow> rows;
        v1::WorkDaysChanged event;
        for (int i = 0; i < request.days_size(); ++i) {
          const auto day = DayOf(request.days(i).date());
          if (!day) return InvalidField(absl::StrCat("days[", i, "].date"), "日期无效").Build();
          rows.push_back({*day, request.days(i).is_working(), request.days(i).source()});
          *event.add_days() = request.days(i);
        }
        RETURN_IF_ERROR(UpsertWorkDays(m.tx(), rows));
        const Ulid id = IdOfKey("work_day", absl::StrCat(absl::FormatCivilTime(rows[0].day)));
        v1::ImportWorkDaysResponse response;
        response.set_days(static_cast<int32_t>(rows.size()));
        RETURN_IF_ERROR(m.Audit("work_day_import", context.ids.Next(), "36", nullptr, event));
        RETURN_IF_ERROR(m.Publish("work_day_batch", id, "", event));
        return response;
      });
}

absl::StatusOr<v1::ComputeDeadlineResponse> Deadlines(Context& context,
                                                      const v1::ComputeDeadlineRequest& request) {
  const auto from = DayOf(request.from());
  if (!from) return InvalidField("from", "日期无效").Build();
  Deadline deadline = AddNaturalDays(*from, request.days());
  if (request.day_kind() == v1::DAY_KIND_WORKING) {
    ASSIGN_OR_RETURN(const WorkCalendar calendar, LoadCalendar(context.db, *from));
    deadline = AddWorkingDays(*from, request.days(), calendar);
  }
  v1::ComputeDeadlineResponse response;
  SetDate(deadline.day, response.mutable_deadline());
  response.set_provisional(deadline.provisional);
  return response;
}

// --- Taxonomy

absl::StatusOr<v1::ListTaxonomiesResponse> ListTaxonomiesRpc(Context& context,
                                                             const v1::ListTaxonomiesRequest&) {
  ASSIGN_OR_RETURN(const std::vector<TaxonomyRow> rows, ListTaxonomies(context.db));
  v1::ListTaxonomiesResponse response;
  for (const TaxonomyRow& row : rows) *response.add_taxonomies() = TaxonomyMessage(row);
  return response;
}

absl::StatusOr<v1::ListIndustryCategoriesResponse> ListCategories(
    Context& context, const v1::ListIndustryCategoriesRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  std::string version = request.taxonomy_version();
  if (version.empty()) {
    ASSIGN_OR_RETURN(version, CurrentTaxonomy(context.db));
  }
  // A version is a few hundred rows.
  ASSIGN_OR_RETURN(std::vector<CategoryRow> rows, LoadCategories(context.db, version));
  const std::string after = page.key.empty() ? "" : page.key[0];
  rows.erase(std::remove_if(rows.begin(), rows.end(),
                            [&](const CategoryRow& c) {
                              return (request.level() != 0 && c.level != request.level()) ||
                                     (!request.parent_code().empty() &&
                                      c.parent_code != request.parent_code()) ||
                                     (!page.key.empty() && c.code <= after);
                            }),
             rows.end());
  v1::ListIndustryCategoriesResponse response;
  ClosePage(page, &rows, &response,
            [](const CategoryRow& c) -> std::vector<std::string> { return {c.code}; });
  for (const CategoryRow& row : rows) *response.add_categories() = CategoryMessage(row);
  return response;
}

absl::Status PublishCategories(Mutation& m, const std::vector<CategoryRow>& rows) {
  v1::IndustryCategoriesChanged event;
  ASSIGN_OR_RETURN(const std::string current, CurrentTaxonomy(m.tx()));
  event.set_current_taxonomy_version(current);
  for (const CategoryRow& row : rows) *event.add_categories() = CategoryMessage(row);
  return m.Publish("industry_category_batch",
                   IdOfKey("taxonomy", rows.empty() ? current : rows[0].taxonomy_version), "",
                   event);
}

absl::StatusOr<v1::ImportIndustryCategoriesResponse> ImportCategories(
    Context& context, const v1::ImportIndustryCategoriesRequest& request) {
  return rpc::Mutate<v1::ImportIndustryCategoriesResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ImportIndustryCategoriesResponse> {
        ASSIGN_OR_RETURN(const std::vector<CategoryRow> standing, LoadCategories(m.tx(), ""));
        std::map<std::pair<std::string, std::string>, CategoryRow> known;
        for (const CategoryRow& row : standing) known[{row.taxonomy_version, row.code}] = row;
        std::vector<CategoryRow> rows;
        for (const v1::IndustryCategory& c : request.categories()) {
          rows.push_back({c.taxonomy_version(),
                          c.code(),
                          c.name(),
                          c.level(),
                          c.parent_code(),
                          {c.applicable_links().begin(), c.applicable_links().end()},
                          c.cultivation_months(),
                          {c.maps_from().begin(), c.maps_from().end()},
                          c.unconfirmed()});
        }
        auto after = known;
        for (const CategoryRow& row : rows) after[{row.taxonomy_version, row.code}] = row;
        Error parent =
            Error(absl::StatusCode::kInvalidArgument, "PARENT_UNKNOWN").Zh("上级产业不存在");
        bool orphan = false;
        std::vector<std::pair<std::string, std::string>> bad;
        for (size_t i = 0; i < rows.size(); ++i) {
          const std::string field = absl::StrCat("categories[", i, "]");
          if (rows[i].level == v1::INDUSTRY_LEVEL_SPECIALITY) {
            const auto found = after.find({rows[i].taxonomy_version, rows[i].parent_code});
            if (found == after.end() || found->second.level != v1::INDUSTRY_LEVEL_MAJOR) {
              parent.Field(Cat(field, ".parent_code"), "上级产业不存在");
              orphan = true;
            }
          }
          for (const std::string& link : rows[i].applicable_links) {
            const auto found = after.find({rows[i].taxonomy_version, link});
            if (found == after.end() || found->second.level != v1::INDUSTRY_LEVEL_CHAIN_LINK) {
              bad.emplace_back(Cat(field, ".applicable_links"), link);
            }
          }
        }
        if (orphan) return parent.Build();
        RETURN_IF_ERROR(CodesUnknown(bad));
        v1::ImportIndustryCategoriesResponse response;
        std::vector<CategoryRow> writes;
        std::set<std::string> versions;
        for (const CategoryRow& row : rows) {
          const auto old = known.find({row.taxonomy_version, row.code});
          if (old == known.end()) {
            response.set_created(response.created() + 1);
          } else if (old->second == row) {
            response.set_unchanged(response.unchanged() + 1);
            continue;
          } else {
            response.set_updated(response.updated() + 1);
          }
          versions.insert(row.taxonomy_version);
          writes.push_back(row);
        }
        if (writes.empty()) return response;
        for (const std::string& version : versions) {
          RETURN_IF_ERROR(AddTaxonomy(m.tx(), version, Cat("产业目录", version)));
        }
        RETURN_IF_ERROR(UpsertCategories(m.tx(), writes));
        RETURN_IF_ERROR(
            m.Audit("industry_category_import", context.ids.Next(), "36", nullptr, request));
        RETURN_IF_ERROR(PublishCategories(m, writes));
        return response;
      });
}

absl::StatusOr<v1::Taxonomy> Activate(Context& context,
                                      const v1::ActivateTaxonomyRequest& request) {
  return rpc::Mutate<v1::Taxonomy>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Taxonomy> {
        ASSIGN_OR_RETURN(std::vector<TaxonomyRow> rows, ListTaxonomies(m.tx()));
        const auto found = std::find_if(rows.begin(), rows.end(), [&](const TaxonomyRow& row) {
          return row.taxonomy_version == request.taxonomy_version();
        });
        if (found == rows.end()) return NotFound("taxonomy", request.taxonomy_version()).Build();
        RETURN_IF_ERROR(SetCurrentTaxonomy(m.tx(), request.taxonomy_version()));
        found->is_current = true;
        const v1::Taxonomy after = TaxonomyMessage(*found);
        RETURN_IF_ERROR(m.Audit("taxonomy", IdOfKey("taxonomy", request.taxonomy_version()), "36",
                                nullptr, after));
        ASSIGN_OR_RETURN(const auto categories, LoadCategories(m.tx(), request.taxonomy_version()));
        RETURN_IF_ERROR(PublishCategories(m, categories));
        return after;
      });
}

}  // namespace

void RegisterReferenceHandlers(rpc::Router& router) {
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
  router.Unary<v1::RecodeRegionRequest, v1::RecodeRegionResponse>(regions + "RecodeRegion",
                                                                  RecodeRegion);

  const std::string organisations = "bangfu.registry.v1.OrganisationService.";
  router.Unary<v1::GetOrganisationRequest, v1::Organisation>(organisations + "GetOrganisation",
                                                             GetOrganisation);
  router.Unary<v1::ListOrganisationsRequest, v1::ListOrganisationsResponse>(
      organisations + "ListOrganisations", ListOrganisationsRpc);
  router.Unary<v1::UpsertOrganisationsRequest, v1::UpsertOrganisationsResponse>(
      organisations + "UpsertOrganisations", UpsertOrganisationsRpc);
  router.Unary<v1::GetClauseMatrixRequest, v1::GetClauseMatrixResponse>(
      organisations + "GetClauseMatrix", GetClauseMatrix);

  const std::string codes = "bangfu.registry.v1.CodeListService.";
  router.Unary<v1::ListCodeListsRequest, v1::ListCodeListsResponse>(codes + "ListCodeLists",
                                                                    ListCodeListsRpc);
  router.Unary<v1::ListCodesRequest, v1::ListCodesResponse>(codes + "ListCodes", ListCodesRpc);
  router.Unary<v1::CreateCodesRequest, v1::CreateCodesResponse>(codes + "CreateCodes", CreateCodes);
  router.Unary<v1::ListParametersRequest, v1::ListParametersResponse>(codes + "ListParameters",
                                                                      ListParametersRpc);
  router.Unary<v1::SetParameterRequest, v1::Parameter>(codes + "SetParameter", SetParameter);
  router.Unary<v1::ListFundSourceDepartmentsRequest, v1::ListFundSourceDepartmentsResponse>(
      codes + "ListFundSourceDepartments", ListFsd);
  router.Unary<v1::SetFundSourceDepartmentRequest, v1::FundSourceDepartment>(
      codes + "SetFundSourceDepartment", SetFsd);

  const std::string calendar = "bangfu.registry.v1.CalendarService.";
  router.Unary<v1::ListWorkDaysRequest, v1::ListWorkDaysResponse>(calendar + "ListWorkDays",
                                                                  ListDays);
  router.Unary<v1::ImportWorkDaysRequest, v1::ImportWorkDaysResponse>(calendar + "ImportWorkDays",
                                                                      ImportDays);
  router.Unary<v1::ComputeDeadlineRequest, v1::ComputeDeadlineResponse>(
      calendar + "ComputeDeadline", Deadlines);

  const std::string taxonomy = "bangfu.registry.v1.TaxonomyService.";
  router.Unary<v1::ListTaxonomiesRequest, v1::ListTaxonomiesResponse>(taxonomy + "ListTaxonomies",
                                                                      ListTaxonomiesRpc);
  router.Unary<v1::ListIndustryCategoriesRequest, v1::ListIndustryCategoriesResponse>(
      taxonomy + "ListIndustryCategories", ListCategories);
  router.Unary<v1::ImportIndustryCategoriesRequest, v1::ImportIndustryCategoriesResponse>(
      taxonomy + "ImportIndustryCategories", ImportCategories);
  router.Unary<v1::ActivateTaxonomyRequest, v1::Taxonomy>(taxonomy + "ActivateTaxonomy", Activate);
}

}  // namespace bangfu::registry
