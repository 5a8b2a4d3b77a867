#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/base/clock.h"
#include "common/blob/service.h"
#include "common/contract/time.h"
#include "common/inbox/service.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/record_message.h"
#include "services/registry/api/short_board_work.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/short_board.h"
#include "services/registry/store/industry_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

absl::Status PublishBoard(Mutation& m, const Ulid& id, const v1::ShortBoard* before,
                          const v1::ShortBoard& after, std::string_view reason = "") {
  RETURN_IF_ERROR(m.Audit("short_board", id, after.region_path(), before, after, reason));
  v1::ShortBoardChanged event;
  *event.mutable_short_board() = after;
  return m.Publish("short_board", id, after.region_path(), event);
}

mysql::Params BoardColumns(const v1::ShortBoard& b) {
  return {OptionalId(b.subject_id()).value_or(Ulid()), b.kind(), b.has_completed_on(), b.is_void()};
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

// `user`: the code of a project that remedies the board; empty: none does.
absl::Status CheckUnused(const std::string& user) {
  if (user.empty()) return absl::OkStatus();
  return FailedPrecondition("SHORT_BOARD_IN_USE", Cat("补短板项目", user, "对应该短板，不能作废"))
      .With("project_code", user);
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
        b.clear_is_void();
        b.clear_void_reason();
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
  std::vector<workflow::AllowedAction> told = ShortBoardTransitions().Allowed(
      states[0], workflow::ActorAt(context.caller, board.region_path(), thing));
  for (workflow::AllowedAction& action : told) {
    if (action.action != "void" || !action.allowed) continue;
    // Who remedies it is looked for only where its void hangs on that.
    ASSIGN_OR_RETURN(const std::string user,
                     FindProjectNaming(context.db, ShortBoardTable(), id, board.region_path()));
    if (user.empty()) continue;
    action = workflow::ActionOf(action.action, action.label_zh, CheckUnused(user));
  }
  workflow::FillAllowedActions(told, board.mutable_allowed_actions());
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
        SetDay(*day, b.mutable_completed_on());
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

absl::StatusOr<v1::ShortBoard> VoidBoard(Context& context,
                                         const v1::VoidShortBoardRequest& request) {
  return rpc::Mutate<v1::ShortBoard>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ShortBoard> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        RETURN_IF_ERROR(ShortBoardTable().Get(m.tx(), id, context.scope).status());
        // Held, so that no project comes that remedies it.
        ASSIGN_OR_RETURN(const std::vector<Record> locked, ShortBoardTable().Lock(m.tx(), {id}));
        if (locked.empty()) return NotFound("short_board", request.id()).Build();
        const Record& record = locked.front();
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::ShortBoard before = MessageOf<v1::ShortBoard>(record);
        ASSIGN_OR_RETURN(const auth::Facets thing, FacetsOfBoard(context, m.tx(), before));
        ASSIGN_OR_RETURN(const std::vector<ShortBoardState> states, StatesOf(m.tx(), {before}));
        RETURN_IF_ERROR(ShortBoardTransitions()
                            .Execute(states[0], "void",
                                     workflow::ActorAt(context.caller, before.region_path(), thing))
                            .status());
        const rpc::Covering covering(m, thing);
        ASSIGN_OR_RETURN(const std::string user,
                         FindProjectNaming(m.tx(), ShortBoardTable(), id, before.region_path()));
        RETURN_IF_ERROR(CheckUnused(user));
        v1::ShortBoard b = before;
        b.set_is_void(true);
        b.set_void_reason(request.reason());
        b.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(
            ShortBoardTable().Update(m.tx(), RecordOf(id, record.version + 1, b), BoardColumns(b)));
        RETURN_IF_ERROR(PublishBoard(covering.mutation(), id, &before, b, request.reason()));
        RETURN_IF_ERROR(SyncShortBoards(m.tx(), {b}, inbox::ActOf(m, "void", {})));
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
  if (!request.include_void()) where.push_back(Equals("is_void", false));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   ShortBoardTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListShortBoardsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_short_boards() = MessageOf<v1::ShortBoard>(row);
  return response;
}

}  // namespace

void RegisterShortBoardHandlers(rpc::Router& router) {
  const std::string service = "bangfu.registry.v1.IndustryService.";
  router.Unary<v1::CreateShortBoardRequest, v1::ShortBoard>(service + "CreateShortBoard",
                                                            CreateBoard);
  router.Unary<v1::CompleteShortBoardRequest, v1::ShortBoard>(service + "CompleteShortBoard",
                                                              CompleteBoard);
  router.Unary<v1::VoidShortBoardRequest, v1::ShortBoard>(service + "VoidShortBoard", VoidBoard);
  router.Unary<v1::GetShortBoardRequest, v1::ShortBoard>(service + "GetShortBoard", GetBoard);
  router.Unary<v1::ListShortBoardsRequest, v1::ListShortBoardsResponse>(service + "ListShortBoards",
                                                                        ListBoards);
}

}  // namespace bangfu::registry
