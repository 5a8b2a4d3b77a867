#include <algorithm>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/audit/audit.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/blob/service.h"
#include "common/feed/outbox.h"
#include "common/inbox/service.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/chain_links.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/industries.h"
#include "services/registry/api/short_board_work.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/short_board.h"
#include "services/registry/store/industry_store.h"
#include "services/registry/store/project_list_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

// The record of a message: its bytes without what the row decides.
template <typename T>
Record RecordOf(const Ulid& id, int64_t version, T message) {
  message.clear_etag();
  return {id, message.region_path(), version, ToBytes(message)};
}
template <typename T>
T MessageOf(const Record& record) {
  T message = FromBytes<T>(record.bytes);
  message.set_id(record.id.ToString());
  message.set_region_path(record.region_path);
  message.set_etag(EtagOf(record.version));
  return message;
}

absl::Status PublishIndustry(Mutation& m, const Ulid& id, const v1::Industry* before,
                             const v1::Industry& after) {
  RETURN_IF_ERROR(m.Audit("industry", id, after.region_path(), before, after));
  v1::IndustryChanged event;
  *event.mutable_industry() = after;
  return m.Publish("industry", id, after.region_path(), event);
}

// The applicable links of an industry: its own, or its major's.
std::vector<std::string> ApplicableLinks(const std::vector<CategoryRow>& categories,
                                         const std::string& code) {
  std::string wanted = code;
  for (int depth = 0; depth < 2; ++depth) {
    const auto found = std::find_if(categories.begin(), categories.end(),
                                    [&](const CategoryRow& c) { return c.code == wanted; });
    if (found == categories.end()) return {};
    if (!found->applicable_links.empty()) return found->applicable_links;
    wanted = found->parent_code;
  }
  return {};
}

absl::StatusOr<std::string> CountyPath(Context& context, mysql::Executor& db,
                                       const std::string& code) {
  ASSIGN_OR_RETURN(const std::string path, ResolvePath(db, code, "region_code"));
  if (path.size() < 6 && path != "3699")
    return InvalidField("region_code", "应为县（市、区）").Build();
  const std::string county = path.substr(0, 6);
  RETURN_IF_ERROR(CheckInScope(context, county, code));
  return county;
}

// Checks an industry code against the current taxonomy.
absl::StatusOr<CategoryRow> IndustryCategoryOf(mysql::Executor& db, const std::string& code,
                                               std::string* version) {
  ASSIGN_OR_RETURN(*version, CurrentTaxonomy(db));
  ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories, LoadCategories(db, *version));
  for (const CategoryRow& c : categories) {
    if (c.code == code && c.level != v1::INDUSTRY_LEVEL_CHAIN_LINK) return c;
  }
  return CodesUnknown({{"industry_code", code}});
}

// A write about this industry is one of the scope of the caller's grants.
absl::Status CheckIndustryScope(const Context& context, mysql::Executor& db,
                                std::string_view region_path, const std::string& industry_code) {
  ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(db, context.caller));
  return workflow::CheckScope(context.caller, context.roles, region_path,
                              FacetsOfIndustry(industry_code, categories), "办理该产业的事项");
}

// Gets or makes; the winner of two callers at once is the one row that the unique key lets in.
absl::StatusOr<v1::Industry> EnsureOne(Context& context, Mutation& m, const std::string& county,
                                       const std::string& code, bool emerging, bool sample) {
  std::string version;
  ASSIGN_OR_RETURN(const CategoryRow category, IndustryCategoryOf(m.tx(), code, &version));
  const Condition key = Both(Equals("region_path", county), Equals("industry_code", code));
  ASSIGN_OR_RETURN(auto found, IndustryTable().Find(m.tx(), key));
  if (!found) {
    v1::Industry industry;
    const Ulid id = context.ids.Next();
    industry.set_id(id.ToString());
    industry.set_region_code(county);
    industry.set_region_path(county);
    industry.set_industry_code(code);
    industry.set_taxonomy_version(version);
    industry.set_name(category.name);
    industry.set_is_emerging(emerging);
    industry.set_is_sample(sample);
    const absl::Status inserted = IndustryTable().Insert(m.tx(), RecordOf(id, 1, industry), {code});
    if (inserted.ok()) {
      industry.set_etag(EtagOf(1));
      RETURN_IF_ERROR(PublishIndustry(m, id, nullptr, industry));
      return industry;
    }
    if (!mysql::IsDuplicateKey(inserted)) return inserted;
    ASSIGN_OR_RETURN(found, IndustryTable().Find(m.tx(), key));
    if (!found) return EtagMismatch().Build();
  }
  return MessageOf<v1::Industry>(*found);
}

absl::StatusOr<v1::Industry> Ensure(Context& context, const v1::EnsureIndustryRequest& request) {
  return rpc::Mutate<v1::Industry>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Industry> {
        ASSIGN_OR_RETURN(const std::string county,
                         CountyPath(context, m.tx(), request.region_code()));
        RETURN_IF_ERROR(CheckIndustryScope(context, m.tx(), county, request.industry_code()));
        return EnsureOne(context, m, county, request.industry_code(), request.is_emerging(),
                         request.is_sample());
      });
}

absl::StatusOr<v1::Industry> Get(Context& context, const v1::GetIndustryRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Record record, IndustryTable().Get(context.db, id, context.scope));
  v1::Industry industry = MessageOf<v1::Industry>(record);
  ASSIGN_OR_RETURN(const int64_t projects, CountIndustryProjects(context.db, id));
  industry.set_project_count(projects);
  ASSIGN_OR_RETURN(const int64_t boards,
                   ShortBoardTable().Count(
                       context.db, Both(Equals("subject_id", id), Equals("completed", false))));
  industry.set_open_short_boards(boards);
  ASSIGN_OR_RETURN(const int64_t leading,
                   LeadingIndustryTable().Count(
                       context.db, Both(Equals("industry_id", id), Equals("is_active", true))));
  industry.set_is_leading(leading > 0);
  ASSIGN_OR_RETURN(const std::string version, CurrentTaxonomy(context.db));
  ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories, LoadCategories(context.db, version));
  const std::vector<std::string> applicable = ApplicableLinks(categories, industry.industry_code());
  for (const std::string& link : applicable) industry.add_applicable_links(link);
  // Links on record that stand, and those of its projects that operate.
  ASSIGN_OR_RETURN(std::vector<std::string> present,
                   StandingLinks(context.db, industry, ShanghaiDay(context.now)));
  ProjectQuery query;
  query.scope = {record.region_path};
  query.industry_id = id;
  query.states = {v1::PROJECT_STATE_OPERATING};
  query.limit = 500;
  ASSIGN_OR_RETURN(const std::vector<ProjectRow> operating, ListProjects(context.db, query));
  for (const ProjectRow& row : operating) {
    const v1::Project project = FromBytes<v1::Project>(row.record);
    present.insert(present.end(), project.chain_links().begin(), project.chain_links().end());
  }
  const ChainCoverage coverage = CoverChain(applicable, present);
  industry.set_chain_coverage_bp(coverage.coverage_bp);
  for (const std::string& link : coverage.missing) industry.add_missing_links(link);
  return industry;
}

absl::StatusOr<v1::ListIndustriesResponse> List(Context& context,
                                                const v1::ListIndustriesRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (!request.industry_code().empty())
    where.push_back(Equals("industry_code", request.industry_code()));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   IndustryTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListIndustriesResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_industries() = MessageOf<v1::Industry>(row);
  return response;
}

absl::StatusOr<v1::Industry> SetChainLink(Context& context,
                                          const v1::SetChainLinkRequest& request) {
  return rpc::Mutate<v1::Industry>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Industry> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record, IndustryTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::Industry before = MessageOf<v1::Industry>(record);
        RETURN_IF_ERROR(
            CheckIndustryScope(context, m.tx(), record.region_path, before.industry_code()));
        ASSIGN_OR_RETURN(const std::string version, CurrentTaxonomy(m.tx()));
        ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories,
                         LoadCategories(m.tx(), version));
        const std::vector<std::string> applicable =
            ApplicableLinks(categories, before.industry_code());
        const v1::PresentLink& link = request.link();
        if (std::find(applicable.begin(), applicable.end(), link.link_code()) == applicable.end()) {
          return FailedPrecondition("LINK_NOT_APPLICABLE", "该产业不适用此环节")
              .With("link", link.link_code())
              .Build();
        }
        if (!request.remove()) {
          RETURN_IF_ERROR(CheckLinkReference(m.tx(), before, link, ShanghaiDay(context.now)));
        }
        v1::Industry industry = before;
        industry.clear_links();
        for (const v1::PresentLink& old : before.links()) {
          if (old.link_code() != link.link_code() || old.reference() != link.reference()) {
            *industry.add_links() = old;
          }
        }
        if (!request.remove()) *industry.add_links() = link;
        industry.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(IndustryTable().Update(m.tx(), RecordOf(id, record.version + 1, industry),
                                               {industry.industry_code()}));
        RETURN_IF_ERROR(PublishIndustry(m, id, &before, industry));
        return industry;
      });
}

// --- Short boards

absl::Status PublishBoard(Mutation& m, const Ulid& id, const v1::ShortBoard* before,
                          const v1::ShortBoard& after) {
  RETURN_IF_ERROR(m.Audit("short_board", id, after.region_path(), before, after));
  v1::ShortBoardChanged event;
  *event.mutable_short_board() = after;
  return m.Publish("short_board", id, after.region_path(), event);
}

mysql::Params BoardColumns(const v1::ShortBoard& b) {
  return {OptionalId(b.subject_id()).value_or(Ulid()), b.kind(), b.has_completed_on()};
}

// What of a board's subject grants are narrowed by; nothing is read where none is.
absl::StatusOr<auth::Facets> FacetsOfBoard(const Context& context, mysql::Executor& db,
                                           const v1::ShortBoard& board) {
  ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(db, context.caller));
  const std::optional<Ulid> subject = OptionalId(board.subject_id());
  if (!context.caller.MindsFacets() || !subject) return auth::Facets();
  if (board.subject_type() == type::v1::SUBJECT_TYPE_INDUSTRY) {
    ASSIGN_OR_RETURN(const Record record, IndustryTable().Get(db, *subject, context.scope));
    return FacetsOfIndustry(MessageOf<v1::Industry>(record).industry_code(), categories);
  }
  ASSIGN_OR_RETURN(const ProjectRow project, GetProject(db, *subject, context.scope, false));
  return FacetsOf(FromBytes<v1::Project>(project.record), categories);
}

absl::StatusOr<v1::ShortBoard> CreateBoard(Context& context,
                                           const v1::CreateShortBoardRequest& request) {
  return rpc::Mutate<v1::ShortBoard>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ShortBoard> {
        v1::ShortBoard b = request.short_board();
        CodeCheck codes;
        codes.Want("SHORT_BOARD_KIND", b.kind(), "short_board.kind");
        RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
        ASSIGN_OR_RETURN(const Ulid subject, ParseId(b.subject_id(), "short_board.subject_id"));
        if (b.subject_type() == type::v1::SUBJECT_TYPE_INDUSTRY) {
          ASSIGN_OR_RETURN(const Record industry,
                           IndustryTable().Get(m.tx(), subject, context.scope));
          b.set_region_path(industry.region_path);
        } else {
          // Held, so that the project is not voided while a board of it comes.
          ASSIGN_OR_RETURN(const auto rows, LockProjects(m.tx(), {subject}));
          const auto project = rows.find(subject);
          if (project == rows.end() || !auth::InScope(context.scope, project->second.region_path)) {
            return NotFound("project", b.subject_id()).Build();
          }
          if (project->second.is_void) {
            return FailedPrecondition("PROJECT_VOID", "项目已作废").Build();
          }
          b.set_region_path(project->second.region_path);
        }
        ASSIGN_OR_RETURN(const auth::Facets thing, FacetsOfBoard(context, m.tx(), b));
        RETURN_IF_ERROR(workflow::CheckScope(context.caller, context.roles, b.region_path(), thing,
                                             "登记该对象的短板"));
        const rpc::Covering covering(m, thing);
        if (!b.link_code().empty()) {
          ASSIGN_OR_RETURN(const std::string version, CurrentTaxonomy(m.tx()));
          ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories,
                           LoadCategories(m.tx(), version));
          const bool known =
              std::any_of(categories.begin(), categories.end(), [&](const CategoryRow& c) {
                return c.code == b.link_code() && c.level == v1::INDUSTRY_LEVEL_CHAIN_LINK;
              });
          if (!known) return CodesUnknown({{"short_board.link_code", b.link_code()}});
        }
        b.clear_completed_on();
        b.clear_completion_note();
        const Ulid id = context.ids.Next();
        b.set_id(id.ToString());
        RETURN_IF_ERROR(blob::UseEvidence(m, b.mutable_evidence(),
                                          {"short_board",
                                           id,
                                           "CreateShortBoard",
                                           "short_board.evidence",
                                           {std::string(workflow::kAnyEvidence)}}));
        RETURN_IF_ERROR(ShortBoardTable().Insert(m.tx(), RecordOf(id, 1, b), BoardColumns(b)));
        b.set_etag(EtagOf(1));
        RETURN_IF_ERROR(PublishBoard(covering.mutation(), id, nullptr, b));
        inbox::Act act = inbox::ActOf(m, "create", {});
        act.fresh = true;
        RETURN_IF_ERROR(SyncShortBoards(m.tx(), {b}, act));
        return b;
      });
}

absl::StatusOr<v1::ShortBoard> GetBoard(Context& context, const v1::GetShortBoardRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Record record, ShortBoardTable().Get(context.db, id, context.scope));
  v1::ShortBoard board = MessageOf<v1::ShortBoard>(record);
  ASSIGN_OR_RETURN(const auth::Facets thing, FacetsOfBoard(context, context.db, board));
  ASSIGN_OR_RETURN(const std::vector<ShortBoardState> states, StatesOf(context.db, {board}));
  workflow::FillAllowedActions(
      ShortBoardTransitions().Allowed(
          states[0], workflow::ActorAt(context.caller, board.region_path(), thing)),
      board.mutable_allowed_actions());
  return board;
}

absl::StatusOr<v1::ShortBoard> CompleteBoard(Context& context,
                                             const v1::CompleteShortBoardRequest& request) {
  return rpc::Mutate<v1::ShortBoard>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ShortBoard> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record, ShortBoardTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::ShortBoard before = MessageOf<v1::ShortBoard>(record);
        ASSIGN_OR_RETURN(const auth::Facets thing, FacetsOfBoard(context, m.tx(), before));
        ASSIGN_OR_RETURN(const std::vector<ShortBoardState> states, StatesOf(m.tx(), {before}));
        RETURN_IF_ERROR(ShortBoardTransitions()
                            .Execute(states[0], "complete",
                                     workflow::ActorAt(context.caller, before.region_path(), thing))
                            .status());
        const rpc::Covering covering(m, thing);
        const auto day = DayOf(request.completed_on());
        if (!day || *day > ShanghaiDay(context.now)) {
          return InvalidField("completed_on", "完成日期不能晚于今天").Build();
        }
        v1::ShortBoard b = before;
        SetDate(*day, b.mutable_completed_on());
        b.set_completion_note(request.note());
        google::protobuf::RepeatedPtrField<type::v1::Evidence> evidence = request.evidence();
        RETURN_IF_ERROR(blob::UseEvidence(m, &evidence,
                                          {"short_board", id, "CompleteShortBoard", "evidence",
                                           ShortBoardTransitions().EvidenceKinds("complete")}));
        b.mutable_evidence()->MergeFrom(evidence);
        b.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(
            ShortBoardTable().Update(m.tx(), RecordOf(id, record.version + 1, b), BoardColumns(b)));
        RETURN_IF_ERROR(PublishBoard(covering.mutation(), id, &before, b));
        RETURN_IF_ERROR(SyncShortBoards(m.tx(), {b}, inbox::ActOf(m, "complete", {})));
        return b;
      });
}

absl::StatusOr<v1::ListShortBoardsResponse> ListBoards(Context& context,
                                                       const v1::ListShortBoardsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (const auto subject = OptionalId(request.subject_id()))
    where.push_back(Equals("subject_id", *subject));
  if (!request.kind().empty()) where.push_back(Equals("kind", request.kind()));
  if (request.open_only()) where.push_back(Equals("completed", false));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   ShortBoardTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListShortBoardsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_short_boards() = MessageOf<v1::ShortBoard>(row);
  return response;
}

// --- Leading industries

absl::Status PublishLeading(Mutation& m, const Ulid& id, const v1::LeadingIndustry* before,
                            const v1::LeadingIndustry& after, std::string_view reason) {
  RETURN_IF_ERROR(m.Audit("leading_industry", id, after.region_path(), before, after, reason));
  v1::LeadingIndustryChanged event;
  *event.mutable_leading_industry() = after;
  return m.Publish("leading_industry", id, after.region_path(), event);
}

mysql::Params LeadingColumns(const v1::LeadingIndustry& l) {
  return {l.plan_period(), OptionalId(l.industry_id()).value_or(Ulid()), l.is_active()};
}

absl::StatusOr<v1::LeadingIndustry> SelectLeading(Context& context,
                                                  const v1::SelectLeadingIndustryRequest& request) {
  return rpc::Mutate<v1::LeadingIndustry>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::LeadingIndustry> {
        RETURN_IF_ERROR(CheckPlanPeriod(request.plan_period()));
        ASSIGN_OR_RETURN(const std::string county,
                         CountyPath(context, m.tx(), request.region_code()));
        RETURN_IF_ERROR(CheckIndustryScope(context, m.tx(), county, request.industry_code()));
        ASSIGN_OR_RETURN(const v1::Industry industry,
                         EnsureOne(context, m, county, request.industry_code(), false, false));
        const Ulid id = context.ids.Next();
        const Ulid industry_id = OptionalId(industry.id()).value_or(Ulid());
        ASSIGN_OR_RETURN(const int place, ClaimLeadingPlace(m.tx(), county, request.plan_period(),
                                                            industry_id, id, kLeadingPlaces));
        if (place == 0) {
          return FailedPrecondition("LEADING_INDUSTRY_LIMIT", "每县每规划期至多两个主导产业")
              .Build();
        }
        v1::LeadingIndustry l;
        l.set_id(id.ToString());
        l.set_region_code(county);
        l.set_region_path(county);
        l.set_plan_period(request.plan_period());
        l.set_industry_id(industry.id());
        l.set_industry_code(industry.industry_code());
        l.set_rank(place);
        l.set_is_active(true);
        RETURN_IF_ERROR(
            LeadingIndustryTable().Insert(m.tx(), RecordOf(id, 1, l), LeadingColumns(l)));
        l.set_etag(EtagOf(1));
        RETURN_IF_ERROR(PublishLeading(m, id, nullptr, l, ""));
        return l;
      });
}

absl::StatusOr<v1::LeadingIndustry> WithdrawLeading(
    Context& context, const v1::WithdrawLeadingIndustryRequest& request) {
  return rpc::Mutate<v1::LeadingIndustry>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::LeadingIndustry> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record,
                         LeadingIndustryTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::LeadingIndustry before = MessageOf<v1::LeadingIndustry>(record);
        RETURN_IF_ERROR(
            CheckIndustryScope(context, m.tx(), record.region_path, before.industry_code()));
        if (!before.is_active()) return FailedPrecondition("STATE_NOT_ALLOWED", "已撤回").Build();
        v1::LeadingIndustry l = before;
        l.set_is_active(false);
        l.set_withdraw_reason(request.reason());
        l.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(LeadingIndustryTable().Update(m.tx(), RecordOf(id, record.version + 1, l),
                                                      LeadingColumns(l)));
        RETURN_IF_ERROR(ReleaseLeadingPlace(m.tx(), id, l.region_path(), l.plan_period()));
        RETURN_IF_ERROR(PublishLeading(m, id, &before, l, request.reason()));
        return l;
      });
}

absl::StatusOr<v1::ListLeadingIndustriesResponse> ListLeading(
    Context& context, const v1::ListLeadingIndustriesRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (!request.plan_period().empty()) where.push_back(Equals("plan_period", request.plan_period()));
  if (!request.include_withdrawn()) where.push_back(Equals("is_active", true));
  ASSIGN_OR_RETURN(
      std::vector<Record> rows,
      LeadingIndustryTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListLeadingIndustriesResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows)
    *response.add_leading_industries() = MessageOf<v1::LeadingIndustry>(row);
  return response;
}

absl::StatusOr<v1::ListLeadingIndustryGapsResponse> ListGaps(
    Context& context, const v1::ListLeadingIndustryGapsRequest& request) {
  RETURN_IF_ERROR(CheckPlanPeriod(request.plan_period()));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  ASSIGN_OR_RETURN(const auto counts, CountLeading(context.db, request.plan_period(), scope));
  v1::ListLeadingIndustryGapsResponse response;
  for (const std::string& prefix : scope) {
    RegionQuery query;
    query.parent_code = prefix.substr(0, std::min<size_t>(prefix.size(), 6));
    query.level = v1::REGION_LEVEL_COUNTY;
    query.limit = 500;
    ASSIGN_OR_RETURN(const std::vector<RegionRow> counties, ListRegions(context.db, query));
    for (const RegionRow& county : counties) {
      response.set_counties(response.counties() + 1);
      const auto found = counts.find(county.code);
      const int64_t selected = found == counts.end() ? 0 : found->second;
      if (selected >= 1 && selected <= kLeadingPlaces) continue;
      v1::LeadingIndustryGap& gap = *response.add_gaps();
      gap.set_region_code(county.code);
      gap.set_name(county.name);
      gap.set_selected(static_cast<int32_t>(selected));
    }
  }
  return response;
}

// --- Brands, pairings, training

// The subject of a record, when it names one: it must be visible and lie in the record's region or
// the other way round.
absl::Status CheckSubjects(Context& context, mysql::Executor& db, const std::string& industry_id,
                           const std::string& project_id, std::string_view prefix) {
  if (const auto id = OptionalId(industry_id)) {
    const absl::StatusOr<Record> industry = IndustryTable().Get(db, *id, context.scope);
    if (!industry.ok()) return InvalidField(Cat(prefix, ".industry_id"), "产业不存在");
    RETURN_IF_ERROR(CheckIndustryScope(context, db, industry->region_path,
                                       MessageOf<v1::Industry>(*industry).industry_code()));
  }
  if (const auto id = OptionalId(project_id)) {
    const absl::StatusOr<ProjectRow> project = GetProject(db, *id, context.scope);
    if (!project.ok()) return InvalidField(Cat(prefix, ".project_id"), "项目不存在");
    ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(db, context.caller));
    RETURN_IF_ERROR(workflow::CheckScope(
        context.caller, context.roles, project->region_path,
        FacetsOf(FromBytes<v1::Project>(project->record), categories), "办理该项目的事项"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> OwnRegion(Context& context, mysql::Executor& db,
                                      const std::string& code, std::string_view field) {
  ASSIGN_OR_RETURN(const std::string path, ResolvePath(db, code, field));
  RETURN_IF_ERROR(CheckInScope(context, path, code));
  return path;
}

absl::Status PublishBrand(Mutation& m, const Ulid& id, const v1::BrandCertification* before,
                          const v1::BrandCertification& after, std::string_view reason) {
  RETURN_IF_ERROR(m.Audit("brand_certification", id, after.region_path(), before, after, reason));
  v1::BrandCertificationChanged event;
  *event.mutable_brand() = after;
  return m.Publish("brand_certification", id, after.region_path(), event);
}

mysql::Params BrandColumns(const v1::BrandCertification& b) {
  std::optional<absl::CivilDay> to = b.has_expires_on() ? DayOf(b.expires_on()) : std::nullopt;
  if (b.has_ended_on()) {
    const auto ended = DayOf(b.ended_on());
    if (!to || (ended && *ended < *to)) to = ended;
  }
  return {OptionalId(b.industry_id()),
          OptionalId(b.project_id()),
          b.brand_type(),
          b.certificate_no(),
          b.has_valid_from() ? DayOf(b.valid_from()) : std::optional<absl::CivilDay>(),
          to};
}

absl::StatusOr<v1::BrandCertification> CreateBrand(
    Context& context, const v1::CreateBrandCertificationRequest& request) {
  return rpc::Mutate<v1::BrandCertification>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::BrandCertification> {
        v1::BrandCertification b = request.brand();
        if (b.industry_id().empty() && b.project_id().empty()) {
          return InvalidField("brand.industry_id", "须对应产业或项目").Build();
        }
        if (b.has_valid_from() && b.has_expires_on() &&
            DayOf(b.expires_on()) < DayOf(b.valid_from())) {
          return InvalidField("brand.expires_on", "有效期止不能早于有效期起").Build();
        }
        CodeCheck codes;
        codes.Want("BRAND_TYPE", b.brand_type(), "brand.brand_type");
        RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
        ASSIGN_OR_RETURN(const std::string path,
                         OwnRegion(context, m.tx(), b.region_code(), "brand.region_code"));
        b.set_region_path(path);
        RETURN_IF_ERROR(CheckSubjects(context, m.tx(), b.industry_id(), b.project_id(), "brand"));
        b.clear_ended_on();
        b.clear_end_reason();
        const Ulid id = context.ids.Next();
        b.set_id(id.ToString());
        const absl::Status inserted =
            BrandTable().Insert(m.tx(), RecordOf(id, 1, b), BrandColumns(b));
        if (mysql::IsDuplicateKey(inserted)) {
          return Error(absl::StatusCode::kAlreadyExists, "BRAND_TAKEN")
              .Zh("该认证编号已登记")
              .Build();
        }
        RETURN_IF_ERROR(inserted);
        b.set_etag(EtagOf(1));
        RETURN_IF_ERROR(PublishBrand(m, id, nullptr, b, ""));
        return b;
      });
}

absl::StatusOr<v1::BrandCertification> EndBrand(Context& context,
                                                const v1::EndBrandCertificationRequest& request) {
  return rpc::Mutate<v1::BrandCertification>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::BrandCertification> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record, BrandTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::BrandCertification before = MessageOf<v1::BrandCertification>(record);
        if (before.has_ended_on())
          return FailedPrecondition("STATE_NOT_ALLOWED", "认证已注销").Build();
        RETURN_IF_ERROR(
            CheckSubjects(context, m.tx(), before.industry_id(), before.project_id(), "brand"));
        v1::BrandCertification b = before;
        *b.mutable_ended_on() = request.ended_on();
        b.set_end_reason(request.reason());
        b.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(
            BrandTable().Update(m.tx(), RecordOf(id, record.version + 1, b), BrandColumns(b)));
        RETURN_IF_ERROR(PublishBrand(m, id, &before, b, request.reason()));
        return b;
      });
}

absl::StatusOr<v1::ListBrandCertificationsResponse> ListBrands(
    Context& context, const v1::ListBrandCertificationsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (const auto id = OptionalId(request.industry_id()))
    where.push_back(Equals("industry_id", *id));
  if (const auto id = OptionalId(request.project_id())) where.push_back(Equals("project_id", *id));
  if (request.has_valid_on()) {
    if (const auto day = DayOf(request.valid_on())) {
      where.push_back(ValidOn(*day));
    }
  }
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   BrandTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListBrandCertificationsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_brands() = MessageOf<v1::BrandCertification>(row);
  return response;
}

absl::StatusOr<v1::TechPairing> CreatePairing(Context& context,
                                              const v1::CreateTechPairingRequest& request) {
  return rpc::Mutate<v1::TechPairing>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::TechPairing> {
        v1::TechPairing t = request.pairing();
        const auto from = t.period().has_from() ? DayOf(t.period().from()) : std::nullopt;
        const auto to = t.period().has_to() ? DayOf(t.period().to()) : std::nullopt;
        if (from && to && *to < *from)
          return InvalidField("pairing.period.to", "结束不能早于开始").Build();
        CodeCheck codes;
        codes.Want("PAIRING_KIND", t.kind(), "pairing.kind");
        RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
        ASSIGN_OR_RETURN(const std::string path,
                         OwnRegion(context, m.tx(), t.region_code(), "pairing.region_code"));
        t.set_region_path(path);
        RETURN_IF_ERROR(CheckSubjects(context, m.tx(), t.industry_id(), t.project_id(), "pairing"));
        const Ulid id = context.ids.Next();
        t.set_id(id.ToString());
        RETURN_IF_ERROR(TechPairingTable().Insert(
            m.tx(), RecordOf(id, 1, t),
            {OptionalId(t.industry_id()), t.team_name(), from, to, t.visits()}));
        t.set_etag(EtagOf(1));
        RETURN_IF_ERROR(m.Audit("tech_pairing", id, path, nullptr, t));
        v1::TechPairingChanged event;
        *event.mutable_pairing() = t;
        RETURN_IF_ERROR(m.Publish("tech_pairing", id, path, event));
        return t;
      });
}

absl::StatusOr<v1::ListTechPairingsResponse> ListPairings(
    Context& context, const v1::ListTechPairingsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (const auto id = OptionalId(request.industry_id()))
    where.push_back(Equals("industry_id", *id));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   TechPairingTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListTechPairingsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_pairings() = MessageOf<v1::TechPairing>(row);
  return response;
}

absl::StatusOr<v1::TrainingRecord> CreateTraining(Context& context,
                                                  const v1::CreateTrainingRecordRequest& request) {
  return rpc::Mutate<
      v1::TrainingRecord>(context, request, [&](Mutation& m) -> absl::StatusOr<v1::TrainingRecord> {
    v1::TrainingRecord t = request.training();
    const auto day = DayOf(t.held_on());
    if (!day || *day > ShanghaiDay(context.now)) {
      return InvalidField("training.held_on", "培训日期不能晚于今天").Build();
    }
    if (t.poor_labour_persons() > t.persons()) {
      return InvalidField("training.poor_labour_persons", "脱贫劳动力人数不能超过培训人数").Build();
    }
    CodeCheck codes;
    codes.Want("TRAINING_PROGRAMME", t.programme(), "training.programme");
    RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
    ASSIGN_OR_RETURN(const std::string path,
                     OwnRegion(context, m.tx(), t.region_code(), "training.region_code"));
    t.set_region_path(path);
    RETURN_IF_ERROR(CheckSubjects(context, m.tx(), t.industry_id(), t.project_id(), "training"));
    const Ulid id = context.ids.Next();
    t.set_id(id.ToString());
    RETURN_IF_ERROR(TrainingTable().Insert(
        m.tx(), RecordOf(id, 1, t), {t.programme(), *day, t.persons(), t.poor_labour_persons()}));
    t.set_etag(EtagOf(1));
    RETURN_IF_ERROR(m.Audit("training_record", id, path, nullptr, t));
    v1::TrainingRecordChanged event;
    *event.mutable_training() = t;
    RETURN_IF_ERROR(m.Publish("training_record", id, path, event));
    return t;
  });
}

absl::StatusOr<v1::ListTrainingRecordsResponse> ListTrainings(
    Context& context, const v1::ListTrainingRecordsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (!request.programme().empty()) where.push_back(Equals("programme", request.programme()));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   TrainingTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListTrainingRecordsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_trainings() = MessageOf<v1::TrainingRecord>(row);
  return response;
}

absl::StatusOr<v1::ServiceSummary> Summary(Context& context,
                                           const v1::GetServiceSummaryRequest& request) {
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  const auto from = DayOf(request.period().from());
  const auto to = DayOf(request.period().to());
  if (!from || !to || *to < *from) return InvalidField("period", "须填写起止日期").Build();
  ASSIGN_OR_RETURN(const ServiceFigures f, SumServices(context.db, scope, *from, *to));
  v1::ServiceSummary s;
  s.set_pairings(f.pairings);
  s.set_teams(f.teams);
  s.set_visits(f.visits);
  s.set_trainings(f.trainings);
  s.set_persons(f.persons);
  s.set_poor_labour_persons(f.poor_labour_persons);
  s.set_valid_brands(f.valid_brands);
  return s;
}

}  // namespace

v1::Industry IndustryOf(const Record& record) { return MessageOf<v1::Industry>(record); }

absl::StatusOr<std::map<std::pair<std::string, std::string>, Ulid>> EnsureIndustries(
    mysql::Tx& tx, const Author& author, const ProjectReferences& references,
    const std::set<std::pair<std::string, std::string>>& wanted) {
  std::map<std::pair<std::string, std::string>, Ulid> out;
  if (wanted.empty()) return out;
  ASSIGN_OR_RETURN(out, FindIndustries(tx, wanted));
  std::vector<audit::Entry> audits;
  std::vector<feed::OutboxEvent> events;
  for (const auto& [county, code] : wanted) {
    if (out.count({county, code}) > 0) continue;
    v1::Industry industry;
    const Ulid id = author.ids.Next();
    industry.set_id(id.ToString());
    industry.set_region_code(county);
    industry.set_region_path(county);
    industry.set_industry_code(code);
    industry.set_taxonomy_version(references.taxonomy_version);
    if (const auto c = references.categories.find(code); c != references.categories.end()) {
      industry.set_name(c->second.name);
    }
    const absl::Status inserted = IndustryTable().Insert(tx, RecordOf(id, 1, industry), {code});
    if (mysql::IsDuplicateKey(inserted)) {  // another transaction was first
      ASSIGN_OR_RETURN(const auto found, FindIndustries(tx, {{county, code}}));
      if (found.empty()) return EtagMismatch().Build();
      out[{county, code}] = found.begin()->second;
      continue;
    }
    RETURN_IF_ERROR(inserted);
    industry.set_etag(EtagOf(1));
    out[{county, code}] = id;
    audit::Entry entry;
    entry.aggregate_type = "industry";
    entry.aggregate_id = id;
    entry.region_path = county;
    entry.action = author.action;
    entry.actor.subject = author.caller.subject;
    entry.actor.name = author.caller.name;
    entry.after_json = audit::ToJson(industry);
    entry.reason = "项目登记时建立县级产业";
    entry.request_id = author.request_id;
    entry.source_system = author.caller.source_system;
    entry.client_ip = author.caller.client_ip;
    entry.occurred_at = author.now;
    audits.push_back(std::move(entry));
    v1::IndustryChanged event;
    *event.mutable_industry() = industry;
    events.push_back(feed::MakeEvent("industry", id, county, event, author.now));
  }
  RETURN_IF_ERROR(audit::AppendBatch(tx, audits));
  RETURN_IF_ERROR(feed::PublishBatch(tx, events));
  return out;
}

void RegisterIndustryHandlers(rpc::Router& router) {
  const std::string service = "bangfu.registry.v1.IndustryService.";
  router.Unary<v1::EnsureIndustryRequest, v1::Industry>(service + "EnsureIndustry", Ensure);
  router.Unary<v1::GetIndustryRequest, v1::Industry>(service + "GetIndustry", Get);
  router.Unary<v1::ListIndustriesRequest, v1::ListIndustriesResponse>(service + "ListIndustries",
                                                                      List);
  router.Unary<v1::SetChainLinkRequest, v1::Industry>(service + "SetChainLink", SetChainLink);
  router.Unary<v1::CreateShortBoardRequest, v1::ShortBoard>(service + "CreateShortBoard",
                                                            CreateBoard);
  router.Unary<v1::CompleteShortBoardRequest, v1::ShortBoard>(service + "CompleteShortBoard",
                                                              CompleteBoard);
  router.Unary<v1::GetShortBoardRequest, v1::ShortBoard>(service + "GetShortBoard", GetBoard);
  router.Unary<v1::ListShortBoardsRequest, v1::ListShortBoardsResponse>(service + "ListShortBoards",
                                                                        ListBoards);
  router.Unary<v1::SelectLeadingIndustryRequest, v1::LeadingIndustry>(
      service + "SelectLeadingIndustry", SelectLeading);
  router.Unary<v1::WithdrawLeadingIndustryRequest, v1::LeadingIndustry>(
      service + "WithdrawLeadingIndustry", WithdrawLeading);
  router.Unary<v1::ListLeadingIndustriesRequest, v1::ListLeadingIndustriesResponse>(
      service + "ListLeadingIndustries", ListLeading);
  router.Unary<v1::ListLeadingIndustryGapsRequest, v1::ListLeadingIndustryGapsResponse>(
      service + "ListLeadingIndustryGaps", ListGaps);
  router.Unary<v1::CreateBrandCertificationRequest, v1::BrandCertification>(
      service + "CreateBrandCertification", CreateBrand);
  router.Unary<v1::EndBrandCertificationRequest, v1::BrandCertification>(
      service + "EndBrandCertification", EndBrand);
  router.Unary<v1::ListBrandCertificationsRequest, v1::ListBrandCertificationsResponse>(
      service + "ListBrandCertifications", ListBrands);
  router.Unary<v1::CreateTechPairingRequest, v1::TechPairing>(service + "CreateTechPairing",
                                                              CreatePairing);
  router.Unary<v1::ListTechPairingsRequest, v1::ListTechPairingsResponse>(
      service + "ListTechPairings", ListPairings);
  router.Unary<v1::CreateTrainingRecordRequest, v1::TrainingRecord>(
      service + "CreateTrainingRecord", CreateTraining);
  router.Unary<v1::ListTrainingRecordsRequest, v1::ListTrainingRecordsResponse>(
      service + "ListTrainingRecords", ListTrainings);
  router.Unary<v1::GetServiceSummaryRequest, v1::ServiceSummary>(service + "GetServiceSummary",
                                                                 Summary);
}

}  // namespace bangfu::registry
