#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "bangfu/registry/v1/project_service.pb.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"
#include "common/blob/service.h"
#include "common/contract/sensitive.h"
#include "common/inbox/service.h"
#include "common/rpc/actor.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/api/short_board_work.h"
#include "services/registry/domain/project_actions.h"
#include "services/registry/store/project_list_store.h"
#include "services/registry/store/project_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

std::string ActionOf(const Context& context) {
  const size_t at = context.method.rfind('.', context.method.rfind('.') - 1);
  return at == std::string::npos ? context.method : context.method.substr(at + 1);
}

// The roles of the rpc that the caller holds at the region by grants that cover the thing: only
// they count for what it does.
workflow::Actor ActorFor(const Context& context, std::string_view region_path,
                         const auth::Facets& thing) {
  workflow::Actor all = workflow::ActorAt(context.caller, region_path, thing);
  const auto of_another_rpc = [&](workflow::RoleId role) {
    return std::none_of(context.roles.begin(), context.roles.end(),
                        [&](auth::Role r) { return static_cast<int>(r) == role; });
  };
  std::erase_if(all.roles, of_another_rpc);
  std::erase_if(all.narrowed, of_another_rpc);
  return all;
}

// The project as it is to be lies in the scope of a grant that lets the caller write it.
absl::Status CheckProjectScope(const Context& context, const v1::Project& project,
                               std::string_view region_path, const Categories& categories) {
  return workflow::CheckScope(context.caller, context.roles, region_path,
                              FacetsOf(project, categories), "写入该资金来源或产业的项目");
}

const std::vector<std::string_view>& FixedFields() {
  static const auto* fields = [] {
    auto* out = new std::vector<std::string_view>();
    const auto* type = v1::Project::descriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      if (IsImmutableField(type->field(i)->name())) out->push_back(type->field(i)->name());
    }
    return out;
  }();
  return *fields;
}

absl::StatusOr<v1::Project> Register(Context& context, const v1::RegisterProjectRequest& request) {
  return rpc::Mutate<v1::Project>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Project> {
        ProjectChange change;
        change.project = request.project();
        v1::Project& p = change.project;
        p.clear_id();
        ASSIGN_OR_RETURN(const ProjectReferences references,
                         LoadProjectReferences(m.tx(), {&p}, context.now));
        ProjectCheckOptions options;
        options.scope = context.scope;
        const std::string path = PathOf(references, p.region_code());
        RETURN_IF_ERROR(CheckProjectScope(context, p, path, references.categories));
        options.editor_level =
            EditorLevel(ActorFor(context, path, FacetsOf(p, references.categories)));
        change.editor_level = options.editor_level;
        RETURN_IF_ERROR(CheckProject(references, options, context.ids, &p));
        const Ulid id = context.ids.Next();
        p.set_id(id.ToString());
        RETURN_IF_ERROR(blob::UseEvidence(m, p.mutable_evidence(),
                                          {"project", id, "RegisterProject", "project.evidence",
                                           ProjectTable().EvidenceKinds("update")}));
        const Author author{context.caller, context.roles, ActionOf(context),
                            m.request_id(), context.now,   context.ids};
        std::vector<ProjectChange> changes;
        changes.push_back(std::move(change));
        RETURN_IF_ERROR(WriteProjects(m.tx(), author, references, &changes));
        return Masked(std::move(changes[0].project));
      });
}

// The project of a change, locked and with the caller's right to act checked.
struct Locked {
  v1::Project before;
  v1::Project after;             // as `change` made it; without one as before
  ProjectReferences references;  // of both
  workflow::Actor actor;
};
absl::StatusOr<Locked> LockForChange(
    Context& context, Mutation& m, const std::string& id_text, const std::string& etag,
    std::string_view action, const std::function<absl::Status(v1::Project*)>& change = nullptr) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(id_text, "id"));
  ASSIGN_OR_RETURN(const auto rows, LockProjects(m.tx(), {id}));
  const auto found = rows.find(id);
  // Only the lead region writes (architecture §3); who merely sees it gets the same answer.
  if (found == rows.end() || !auth::InScope(context.scope, found->second.region_path)) {
    return NotFound("project", id_text).Build();
  }
  Locked out;
  out.before = ProjectOf(found->second);
  RETURN_IF_ERROR(CheckEtag(etag, found->second.version));
  out.after = out.before;
  // Told only after it is known that the caller may act.
  const absl::Status changed = change ? change(&out.after) : absl::OkStatus();
  if (!changed.ok()) out.after = out.before;
  ASSIGN_OR_RETURN(out.references,
                   LoadProjectReferences(m.tx(), {&out.before, &out.after}, context.now));
  out.actor =
      ActorFor(context, out.before.region_path(), FacetsOf(out.before, out.references.categories));
  ProjectSubject subject;
  subject.state = static_cast<ProjectState>(found->second.state);
  subject.is_void = found->second.is_void;
  if (const OpenUnit* unit = LeadUnit(out.references.open_units, out.before)) {
    subject.window = unit->window;
  }
  RETURN_IF_ERROR(ProjectTable().Execute(subject, action, out.actor).status());
  RETURN_IF_ERROR(changed);
  RETURN_IF_ERROR(
      CheckProjectScope(context, out.after, out.before.region_path(), out.references.categories));
  return out;
}

absl::StatusOr<v1::Project> Update(Context& context, const v1::UpdateProjectRequest& request) {
  return rpc::Mutate<v1::Project>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Project> {
        ASSIGN_OR_RETURN(Locked locked, LockForChange(context, m, request.id(), request.etag(),
                                                      "update", [&](v1::Project* project) {
                                                        return ApplyMask(request.update_mask(),
                                                                         request.project(),
                                                                         FixedFields(), project);
                                                      }));
        const ProjectReferences& references = locked.references;
        ProjectChange change;
        change.project = std::move(locked.after);
        contract::RestoreMasked(locked.before, &change.project);
        ProjectCheckOptions options;
        options.scope = context.scope;
        options.editor_level = EditorLevel(locked.actor);
        options.registering = false;
        options.own_id = OptionalId(request.id());
        for (const v1::ContentItem& item : locked.before.content_items()) {
          options.own_items.insert(item.item_id());
        }
        change.editor_level = options.editor_level;
        RETURN_IF_ERROR(CheckProject(references, options, context.ids, &change.project));
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        RETURN_IF_ERROR(blob::UseEvidence(m, change.project.mutable_evidence(),
                                          {"project", id, "UpdateProject", "project.evidence",
                                           ProjectTable().EvidenceKinds("update")}));
        if (SameContent(change.project, locked.before)) return Masked(std::move(change.project));
        if (locked.before.verification_state() == v1::VERIFICATION_STATE_COUNTY_VERIFIED &&
            VerifiedFieldChanged(locked.before, change.project)) {
          if (request.reason().empty()) {
            return FailedPrecondition("AMEND_REASON_REQUIRED", "更正已核实内容须说明原因")
                .Field("reason", "请填写更正原因")
                .Build();
          }
          change.project.set_verification_state(v1::VERIFICATION_STATE_UNVERIFIED);
        }
        change.before = std::move(locked.before);
        change.reason = request.reason();
        const Author author{context.caller, context.roles, ActionOf(context),
                            m.request_id(), context.now,   context.ids};
        std::vector<ProjectChange> changes;
        changes.push_back(std::move(change));
        RETURN_IF_ERROR(WriteProjects(m.tx(), author, references, &changes));
        return Masked(std::move(changes[0].project));
      });
}

absl::StatusOr<v1::Project> Void(Context& context, const v1::VoidProjectRequest& request) {
  return rpc::Mutate<v1::Project>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Project> {
        ASSIGN_OR_RETURN(Locked locked,
                         LockForChange(context, m, request.id(), request.etag(), "void"));
        ProjectChange change;
        change.project = locked.before;
        change.project.set_is_void(true);
        change.project.set_void_reason(request.reason());
        // Another project may take its numbers in other systems.
        change.project.clear_external_ids();
        change.before = std::move(locked.before);
        change.editor_level = EditorLevel(locked.actor);
        change.reason = request.reason();
        const Author author{context.caller, context.roles, ActionOf(context),
                            m.request_id(), context.now,   context.ids};
        std::vector<ProjectChange> changes;
        changes.push_back(std::move(change));
        RETURN_IF_ERROR(WriteProjects(m.tx(), author, locked.references, &changes));
        // Nobody makes up what the project lacked.
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        RETURN_IF_ERROR(SyncShortBoardsOfProjects(m.tx(), {id}, inbox::ActOf(m, "void", {})));
        return Masked(std::move(changes[0].project));
      });
}

v1::Project Shown(const ProjectRow& row) { return Masked(ProjectOf(row)); }

// A project and who looks at it.
struct Seen {
  Context& by;
  const ProjectRow& row;
};

// The projects as each of their callers sees them, with what it could do; one query for the edit
// windows of those whose window tells their caller anything. All calls share one session.
absl::StatusOr<std::vector<v1::Project>> WithActions(const std::vector<Seen>& seen) {
  std::vector<v1::Project> projects;
  if (seen.empty()) return projects;
  Context& first = seen[0].by;
  std::set<std::string> villages;
  const Seen* minds_facets = nullptr;
  projects.reserve(seen.size());
  for (const Seen& one : seen) {
    projects.push_back(Shown(one.row));
    const std::string& path = one.row.region_path;
    if (MindsEditWindow(workflow::ActorAt(one.by.caller, path))) {
      if (path.size() == 12) {
        villages.insert(path);
      } else {
        villages.merge(RegionsOf(projects.back()));
      }
    }
    if (one.by.caller.MindsFacets()) minds_facets = &one;
  }
  ASSIGN_OR_RETURN(const auto units, FindOpenUnits(first.db, villages, first.now));
  Categories categories;
  if (minds_facets != nullptr) {
    ASSIGN_OR_RETURN(categories, CategoriesFor(first.db, minds_facets->by.caller));
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    const auto& [by, row] = seen[i];
    v1::Project& project = projects[i];
    ProjectSubject subject;
    subject.state = static_cast<ProjectState>(row.state);
    subject.is_void = row.is_void;
    if (const OpenUnit* unit = LeadUnit(units, project)) subject.window = unit->window;
    const workflow::Actor actor =
        by.caller.MindsFacets()
            ? workflow::ActorAt(by.caller, row.region_path, FacetsOf(project, categories))
            : workflow::ActorAt(by.caller, row.region_path);
    workflow::FillAllowedActions(ProjectTable().Allowed(subject, actor),
                                 project.mutable_allowed_actions());
  }
  return projects;
}

absl::StatusOr<std::vector<absl::StatusOr<v1::Project>>> Get(
    const std::vector<rpc::Asked<v1::GetProjectRequest>>& calls) {
  std::vector<absl::StatusOr<v1::Project>> answers(calls.size());
  std::vector<ProjectKey> keys;
  std::vector<size_t> places;  // of the keys, among the calls
  for (size_t i = 0; i < calls.size(); ++i) {
    const absl::StatusOr<Ulid> id = ParseId(calls[i].request.id(), "id");
    if (id.ok()) {
      keys.push_back({*id, calls[i].context.scope});
      places.push_back(i);
    } else {
      answers[i] = id.status();
    }
  }
  ASSIGN_OR_RETURN(const auto rows, FindProjects(calls[0].context.db, keys));
  std::vector<Seen> seen;
  std::vector<size_t> found;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) {
      answers[places[i]] = NotFound("project", calls[places[i]].request.id()).Build();
      continue;
    }
    found.push_back(places[i]);
    seen.push_back({calls[places[i]].context, *rows[i]});
  }
  ASSIGN_OR_RETURN(std::vector<v1::Project> projects, WithActions(seen));
  for (size_t i = 0; i < projects.size(); ++i) answers[found[i]] = std::move(projects[i]);
  return answers;
}

absl::StatusOr<v1::BatchGetProjectsResponse> BatchGet(Context& context,
                                                      const v1::BatchGetProjectsRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(request.ids()));
  ASSIGN_OR_RETURN(const std::vector<ProjectRow> rows, GetProjects(context.db, ids, context.scope));
  std::vector<Seen> seen;
  for (const ProjectRow& row : rows) seen.push_back({context, row});
  ASSIGN_OR_RETURN(const std::vector<v1::Project> projects, WithActions(seen));
  v1::BatchGetProjectsResponse response;
  rpc::AnswerInOrder(ids, projects, response.mutable_projects(), response.mutable_missing_ids());
  return response;
}

absl::StatusOr<v1::ListProjectsResponse> List(Context& context,
                                              const v1::ListProjectsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  v1::ListProjectsResponse response;
  // The two keys that name one project.
  std::optional<Ulid> one;
  if (!request.project_code().empty()) {
    ASSIGN_OR_RETURN(one, FindProjectByCode(context.db, request.project_code()));
    if (!one) return response;
  } else if (!request.external_id().empty()) {
    ASSIGN_OR_RETURN(
        one, external::FindByExternalId(context.db, kProjectExternal, request.external_system(),
                                        request.external_id()));
    if (!one) return response;
  }
  if (one) {
    ASSIGN_OR_RETURN(const auto rows, GetProjects(context.db, {*one}, context.scope));
    for (const ProjectRow& row : rows) *response.add_projects() = Shown(row);
    return response;
  }
  ASSIGN_OR_RETURN(const std::string path,
                   ResolvePath(context.db, request.region_code(), "region_code"));
  ProjectQuery query;
  query.scope = Narrow(context.scope, path);
  if (query.scope.empty()) return response;
  query.include_covering = request.include_covering();
  if (query.include_covering && path.empty()) {
    return InvalidField("region_code", "查询覆盖项目须指定区域").Build();
  }
  for (const int state : request.states()) query.states.push_back(state);
  query.project_types = {request.project_types().begin(), request.project_types().end()};
  query.industry_code = request.industry_code();
  query.category = request.category();
  query.fund_source_code = request.fund_source_code();
  query.industry_id = OptionalId(request.industry_id());
  query.operator_id = OptionalId(request.operator_id());
  query.campaign_id = OptionalId(request.campaign_id());
  query.verification_state = request.verification_state();
  query.year_from = request.year_from();
  query.year_to = request.year_to();
  query.include_void = request.include_void();
  query.limit = page.size + 1;
  query.after = page.after();
  const bool by_update = request.order() == v1::PROJECT_ORDER_UPDATED_DESC;
  if (by_update) {
    if (path.size() < 6)
      return InvalidField("region_code", "按更新时间排序须指定县或县以下区域").Build();
    query.updated_in_county = path.substr(0, 6);
    if (page.key.size() == 2) {
      int64_t micros = 0;
      const std::optional<Ulid> id = OptionalId(page.key[1]);
      if (!absl::SimpleAtoi(page.key[0], &micros) || !id) {
        return InvalidField("page_token", "分页标记无效").Build();
      }
      query.after = After{"", *id};
      query.after_updated = absl::FromUnixMicros(micros);
    }
  }
  ASSIGN_OR_RETURN(std::vector<ProjectRow> rows, ListProjects(context.db, query));
  ClosePage(page, &rows, &response, [&](const ProjectRow& row) -> std::vector<std::string> {
    if (by_update) return {absl::StrCat(absl::ToUnixMicros(row.updated_at)), row.id.ToString()};
    return {row.region_path, row.id.ToString()};
  });
  for (const ProjectRow& row : rows) *response.add_projects() = Shown(row);
  return response;
}

absl::StatusOr<v1::SearchProjectsResponse> Search(Context& context,
                                                  const v1::SearchProjectsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request, 100));
  std::vector<std::string> grams = Bigrams(request.query());
  if (grams.empty() || Utf8Length(grams[0]) < 2) {
    return InvalidField("query", "请输入至少两个字").Build();
  }
  if (grams.size() > 12) grams.resize(12);  // more narrow nothing that twelve do not
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  v1::SearchProjectsResponse response;
  if (scope.empty()) return response;
  ASSIGN_OR_RETURN(std::vector<ProjectRow> rows,
                   SearchProjects(context.db, grams, scope, page.after(), page.size + 1));
  ClosePage(page, &rows, &response, [](const ProjectRow& row) -> std::vector<std::string> {
    return {row.region_path, row.id.ToString()};
  });
  for (const ProjectRow& row : rows) *response.add_projects() = Shown(row);
  return response;
}

absl::StatusOr<audit::v1::ListHistoryResponse> History(
    Context& context, const v1::ListProjectHistoryRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request, 200));
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  RETURN_IF_ERROR(GetProject(context.db, id, context.scope).status());
  int64_t before = 0;
  if (page.key.size() == 1) (void)absl::SimpleAtoi(page.key[0], &before);
  ASSIGN_OR_RETURN(std::vector<audit::Record> records,
                   audit::History(context.db, "project", id, {""}, before, page.size + 1));
  audit::v1::ListHistoryResponse response;
  ClosePage(page, &records, &response, [](const audit::Record& r) -> std::vector<std::string> {
    return {absl::StrCat(r.chain_no)};
  });
  for (const audit::Record& r : records) {
    audit::v1::AuditEntry& e = *response.add_entries();
    e.set_aggregate_type(r.entry.aggregate_type);
    e.set_aggregate_id(r.entry.aggregate_id.ToString());
    e.set_chain_no(r.chain_no);
    e.set_action(r.entry.action);
    *e.mutable_actor() = rpc::ActorMessage(r.entry.actor);
    e.set_before_json(r.entry.before_json);
    e.set_after_json(r.entry.after_json);
    e.set_reason(r.entry.reason);
    e.set_request_id(r.entry.request_id);
    e.set_source_system(r.entry.source_system);
    e.set_client_ip(r.entry.client_ip);
    SetTime(r.entry.occurred_at, e.mutable_occurred_at());
    e.set_previous_hash(HexEncode(r.prev_hash));
    e.set_hash(HexEncode(r.hash));
    e.set_region_path(r.entry.region_path);
  }
  return response;
}

}  // namespace

void RegisterProjectHandlers(rpc::Router& router) {
  const std::string service = "bangfu.registry.v1.ProjectService.";
  router.Unary<v1::RegisterProjectRequest, v1::Project>(service + "RegisterProject", Register);
  router.Unary<v1::UpdateProjectRequest, v1::Project>(service + "UpdateProject", Update);
  router.Unary<v1::VoidProjectRequest, v1::Project>(service + "VoidProject", Void);
  router.UnaryTogether<v1::GetProjectRequest, v1::Project>(service + "GetProject", Get);
  router.Unary<v1::BatchGetProjectsRequest, v1::BatchGetProjectsResponse>(
      service + "BatchGetProjects", BatchGet);
  router.Unary<v1::ListProjectsRequest, v1::ListProjectsResponse>(service + "ListProjects", List);
  router.Unary<v1::SearchProjectsRequest, v1::SearchProjectsResponse>(service + "SearchProjects",
                                                                      Search);
  router.Unary<v1::ListProjectHistoryRequest, audit::v1::ListHistoryResponse>(
      service + "ListProjectHistory", History);
}

}  // namespace bangfu::registry
