#include "common/publicity/service.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/blob/service.h"
#include "common/inbox/service.h"
#include "common/rpc/actor.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/bulk.h"
#include "common/rpc/covering.h"
#include "common/rpc/page.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::publicity {
namespace {

using rpc::CallContext;
using rpc::Mutation;

constexpr char kAggregate[] = "publicity";
// The case of an objector's files: they serve the objection, not the showing.
constexpr char kObjection[] = "objection";
constexpr char kConclude[] = "bangfu.publicity.v1.PublicityService.ConcludePublicity";

absl::Status Record(Mutation& mutation, const v1::Publicity* before, const v1::Publicity& after,
                    const std::string& title, const auth::Facets& facets, int64_t evidence_wanted,
                    inbox::Act act, std::string_view reason = "") {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(after.id()));
  RETURN_IF_ERROR(mutation.Audit(kAggregate, id, after.region_path(), before, after, reason));
  RETURN_IF_ERROR(mutation.Publish(kAggregate, id, after.region_path(), after));
  act.fresh = before == nullptr;
  return SyncWork(mutation.tx(), after, title, facets, evidence_wanted, act);
}

absl::StatusOr<int64_t> EvidenceWanted(const ServiceOptions& options, mysql::Executor& db,
                                       std::string_view kind) {
  if (!options.evidence_wanted) return 0;
  return options.evidence_wanted(db, kind);
}

// Of each publicity's subject what the scope of grants is asked about.
absl::StatusOr<std::vector<auth::Facets>> SubjectFacets(
    mysql::Executor& db, const CallContext& context, const ServiceOptions& options,
    const std::vector<const v1::Publicity*>& publicities) {
  if (!options.facets) return std::vector<auth::Facets>(publicities.size());
  return options.facets(db, publicities, context.now);
}

absl::Status AddAllowed(mysql::Executor& db, const CallContext& context,
                        const ServiceOptions& options,
                        const std::vector<v1::Publicity*>& publicities) {
  std::vector<Ulid> ids;
  for (const v1::Publicity* publicity : publicities) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity->id()));
    ids.push_back(id);
  }
  ASSIGN_OR_RETURN(auto recorders, OpenRecorders(db, ids));
  std::vector<auth::Facets> facets(publicities.size());
  if (context.caller.MindsFacets()) {
    ASSIGN_OR_RETURN(facets,
                     SubjectFacets(db, context, options, {publicities.begin(), publicities.end()}));
  }
  std::map<std::string, int64_t> wanted;  // by kind
  for (size_t i = 0; i < ids.size(); ++i) {
    v1::Publicity& publicity = *publicities[i];
    if (wanted.count(publicity.kind()) == 0) {
      ASSIGN_OR_RETURN(wanted[publicity.kind()], EvidenceWanted(options, db, publicity.kind()));
    }
    workflow::FillAllowedActions(
        Allowed(publicity, workflow::ActorAt(context.caller, publicity.region_path(), facets[i]),
                recorders[ids[i]], context.now, wanted[publicity.kind()]),
        publicity.mutable_allowed_actions());
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::BatchGetPublicitiesResponse> BatchGet(
    CallContext& context, const v1::BatchGetPublicitiesRequest& request,
    const ServiceOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(request.ids()));
  ASSIGN_OR_RETURN(std::vector<v1::Publicity> found, GetMany(context.db, ids, context.scope));
  std::vector<v1::Publicity*> shown;
  for (v1::Publicity& publicity : found) {
    publicity = AsOf(std::move(publicity), context.now);
    shown.push_back(&publicity);
  }
  RETURN_IF_ERROR(AddAllowed(context.db, context, options, shown));
  v1::BatchGetPublicitiesResponse response;
  rpc::AnswerInOrder(ids, found, response.mutable_publicities(), response.mutable_missing_ids());
  return response;
}

absl::StatusOr<v1::ListPublicitiesResponse> ListPublicities(
    CallContext& context, const v1::ListPublicitiesRequest& request) {
  ListQuery query;
  ASSIGN_OR_RETURN(query.limit, ResolvePageSize(request.page_size()));
  const std::string filter =
      absl::StrCat(request.region_code(), "/", request.subject_id(), "/", request.state());
  ASSIGN_OR_RETURN(const auto start, rpc::PageStartOf(request.page_token(), filter));
  if (start) {
    query.after_region_path = start->region_path;
    query.after_id = start->id;
  }
  query.scope = context.scope;
  if (!request.region_code().empty()) {
    ASSIGN_OR_RETURN(query.region, NormalizeRegionCode(request.region_code()));
  }
  if (!request.subject_id().empty()) {
    ASSIGN_OR_RETURN(query.subject_id, Ulid::Parse(request.subject_id()));
  }
  query.state = request.state();
  query.today = ShanghaiDay(context.now);
  ASSIGN_OR_RETURN(std::vector<v1::Publicity> page, List(context.db, query));
  v1::ListPublicitiesResponse response;
  if (page.size() == static_cast<size_t>(query.limit)) {
    response.set_next_page_token(
        EncodePageToken({page.back().region_path(), page.back().id()}, filter));
  }
  for (v1::Publicity& publicity : page) {
    *response.add_publicities() = AsOf(std::move(publicity), context.now);
  }
  return response;
}

// Files that become the case's, of the kinds that the action takes.
Brought Bring(Mutation& mutation, const EvidenceList& evidence, std::string case_type,
              const Ulid& case_id, std::string step, std::string_view action) {
  blob::EvidenceUse use = {std::move(case_type), case_id, std::move(step), "evidence",
                           Transitions().EvidenceKinds(action)};
  return {evidence, [&mutation, use = std::move(use)](EvidenceList* list) {
            return blob::UseEvidence(mutation, list, use);
          }};
}

// What the mutations share: lock, change, record, tell the owner; in the name of those of the
// caller's grants that cover the subject.
template <typename Request, typename Change>
absl::StatusOr<v1::Publicity> Move(CallContext& context, const Request& request,
                                   const std::string& etag, const ServiceOptions& options,
                                   std::string_view action, Change change) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  return rpc::Mutate<v1::Publicity>(
      context, request, [&](Mutation& mutation) -> absl::StatusOr<v1::Publicity> {
        ASSIGN_OR_RETURN(v1::Publicity left, GetForUpdate(mutation.tx(), id, context.scope, etag));
        const v1::Publicity before = AsOf(std::move(left), context.now);
        ASSIGN_OR_RETURN(const std::vector<auth::Facets> facets,
                         SubjectFacets(mutation.tx(), context, options, {&before}));
        const rpc::Covering covering(mutation, facets[0]);
        Mutation& covered = covering.mutation();
        ASSIGN_OR_RETURN(
            v1::Publicity after,
            change(covered, before, workflow::ActorAt(covering.caller(), before.region_path())));
        std::string title = after.subject_type();
        if (options.title) {
          ASSIGN_OR_RETURN(title, options.title(covered.tx(), after));
        }
        ASSIGN_OR_RETURN(const int64_t wanted, EvidenceWanted(options, covered.tx(), after.kind()));
        RETURN_IF_ERROR(Record(covered, &before, after, title, facets[0], wanted,
                               inbox::ActOf(covered, action, options.calendar)));
        if (after.state() == v1::PUBLICITY_STATE_PASSED && options.on_passed) {
          RETURN_IF_ERROR(options.on_passed(covered, after));
        }
        if (after.state() == v1::PUBLICITY_STATE_UPHELD && options.on_upheld) {
          RETURN_IF_ERROR(options.on_upheld(covered, after));
        }
        RETURN_IF_ERROR(AddAllowed(mutation.tx(), context, options, {&after}));
        return after;
      });
}

class States : public feed::SnapshotSource {
 public:
  std::vector<std::string> aggregate_types() const override { return {kAggregate}; }
  absl::StatusOr<std::vector<feed::OutboxEvent>> Page(
      mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
      const std::optional<feed::RegionPrefixes>& scope) override {
    ASSIGN_OR_RETURN(std::vector<v1::Publicity> page, ListById(db, after, limit, scope));
    std::vector<feed::OutboxEvent> events;
    events.reserve(page.size());
    for (const v1::Publicity& publicity : page) {
      ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity.id()));
      events.push_back(
          feed::MakeEvent(aggregate_type, id, publicity.region_path(), publicity, id.time()));
    }
    return events;
  }
};

}  // namespace

void RegisterPublicityService(rpc::Router& router, ServiceOptions options) {
  router.Unary<v1::GetPublicityRequest, v1::Publicity>(
      "bangfu.publicity.v1.PublicityService.GetPublicity",
      [options](CallContext& context,
                const v1::GetPublicityRequest& request) -> absl::StatusOr<v1::Publicity> {
        ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
        ASSIGN_OR_RETURN(v1::Publicity publicity, Get(context.db, id, context.scope));
        publicity = AsOf(std::move(publicity), context.now);
        RETURN_IF_ERROR(AddAllowed(context.db, context, options, {&publicity}));
        return publicity;
      });
  router.Unary<v1::ListPublicitiesRequest, v1::ListPublicitiesResponse>(
      "bangfu.publicity.v1.PublicityService.ListPublicities", ListPublicities);
  router.Unary<v1::BatchGetPublicitiesRequest, v1::BatchGetPublicitiesResponse>(
      "bangfu.publicity.v1.PublicityService.BatchGetPublicities",
      [options](CallContext& context, const v1::BatchGetPublicitiesRequest& request) {
        return BatchGet(context, request, options);
      });
  router.Unary<v1::AddPublicityEvidenceRequest, v1::Publicity>(
      "bangfu.publicity.v1.PublicityService.AddPublicityEvidence",
      [options](CallContext& context, const v1::AddPublicityEvidenceRequest& request) {
        return Move(context, request, request.etag(), options, "add_evidence",
                    [&](Mutation& mutation, const v1::Publicity& publicity,
                        const workflow::Actor& actor) -> absl::StatusOr<v1::Publicity> {
                      ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity.id()));
                      return AddEvidence(mutation.tx(), publicity,
                                         Bring(mutation, request.evidence(), kAggregate, id,
                                               "AddPublicityEvidence", "add_evidence"),
                                         actor, context.now);
                    });
      });
  router.Unary<v1::RaiseObjectionRequest, v1::Publicity>(
      "bangfu.publicity.v1.PublicityService.RaiseObjection",
      [options](CallContext& context, const v1::RaiseObjectionRequest& request) {
        const Ulid objection_id = context.ids.Next();
        return Move(
            context, request, request.etag(), options, "raise_objection",
            [&](Mutation& mutation, const v1::Publicity& publicity,
                const workflow::Actor& actor) -> absl::StatusOr<v1::Publicity> {
              AnswerPeriod answer;
              if (options.answer_period) {
                ASSIGN_OR_RETURN(answer, options.answer_period(mutation.tx()));
              }
              return RaiseObjection(
                  mutation.tx(), publicity, objection_id, request.raised_by(), request.text(),
                  actor,
                  workflow::PersonOf(rpc::ActorMessage(mutation.ActorAt(publicity.region_path()))),
                  options.calendar, context.now, answer,
                  Bring(mutation, request.evidence(), kObjection, objection_id, "RaiseObjection",
                        "raise_objection"));
            });
      });
  router.Unary<v1::DecideObjectionRequest, v1::Publicity>(
      "bangfu.publicity.v1.PublicityService.DecideObjection",
      [options](CallContext& context, const v1::DecideObjectionRequest& request) {
        return Move(
            context, request, request.etag(), options, "decide_objection",
            [&](Mutation& mutation, const v1::Publicity& publicity,
                const workflow::Actor& actor) -> absl::StatusOr<v1::Publicity> {
              ASSIGN_OR_RETURN(const Ulid objection_id, Ulid::Parse(request.objection_id()));
              return DecideObjection(
                  mutation.tx(), publicity, objection_id, request.decision(), request.reply(),
                  actor, rpc::ActorMessage(mutation.ActorAt(publicity.region_path())), context.now);
            });
      });
  const auto conclude = [options](CallContext& context,
                                  const v1::ConcludePublicityRequest& request) {
    return Move(context, request, request.etag(), options, "conclude",
                [&](Mutation& mutation, const v1::Publicity& publicity,
                    const workflow::Actor& actor) -> absl::StatusOr<v1::Publicity> {
                  ASSIGN_OR_RETURN(const int64_t wanted,
                                   EvidenceWanted(options, mutation.tx(), publicity.kind()));
                  return Conclude(mutation.tx(), publicity, actor, options.calendar, context.now,
                                  wanted);
                });
  };
  router.Unary<v1::ConcludePublicityRequest, v1::Publicity>(kConclude, conclude);
  router.Unary<v1::BatchConcludePublicitiesRequest, v1::BatchConcludePublicitiesResponse>(
      "bangfu.publicity.v1.PublicityService.BatchConcludePublicities",
      [conclude](CallContext& context, const v1::BatchConcludePublicitiesRequest& request)
          -> absl::StatusOr<v1::BatchConcludePublicitiesResponse> {
        v1::ConcludePublicityRequest one;
        one.set_validate_only(request.validate_only());
        v1::BatchConcludePublicitiesResponse response;
        RETURN_IF_ERROR(rpc::RunBulk(context, request, kConclude, std::move(one), conclude,
                                     response.mutable_results()));
        return response;
      });
}

absl::StatusOr<v1::Publicity> StartPublicity(Mutation& mutation, NewPublicity publicity,
                                             const CalendarLookup& calendar,
                                             const std::string& title, const auth::Facets& facets) {
  if (publicity.id.is_zero()) publicity.id = mutation.context().ids.Next();
  if (publicity.started_by.subject().empty()) {
    publicity.started_by = rpc::ActorMessage(mutation.ActorAt(publicity.region_path));
  }
  RETURN_IF_ERROR(Bring(mutation, {}, kAggregate, publicity.id, "StartPublicity", "add_evidence")
                      .take(&publicity.evidence));
  ASSIGN_OR_RETURN(v1::Publicity started,
                   Start(mutation.tx(), publicity, calendar, mutation.context().now));
  RETURN_IF_ERROR(Record(mutation, nullptr, started, title, facets, publicity.evidence_wanted,
                         inbox::ActOf(mutation, "start", calendar)));
  return started;
}

absl::Status CancelRunning(Mutation& mutation, const Ulid& subject_id, std::string_view kind,
                           std::string_view reason) {
  ASSIGN_OR_RETURN(std::optional<v1::Publicity> latest, Latest(mutation.tx(), subject_id, kind));
  if (!latest || (latest->state() != v1::PUBLICITY_STATE_RUNNING &&
                  latest->state() != v1::PUBLICITY_STATE_OBJECTED &&
                  latest->state() != v1::PUBLICITY_STATE_ENDED)) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(latest->id()));
  ASSIGN_OR_RETURN(v1::Publicity left,
                   GetForUpdate(mutation.tx(), id, {latest->region_path()}, ""));
  const v1::Publicity before = AsOf(std::move(left), mutation.context().now);
  ASSIGN_OR_RETURN(const v1::Publicity after,
                   Cancel(mutation.tx(), before, mutation.context().now));
  return Record(mutation, &before, after, "", {}, 0, inbox::ActOf(mutation, "cancel", {}), reason);
}

audit::SensitiveRecord SensitivePublicities() {
  audit::SensitiveRecord kind;
  kind.aggregate_type = kAggregate;
  kind.read =
      [](mysql::Executor& db, const Ulid& id,
         const std::vector<std::string>& regions) -> absl::StatusOr<audit::SensitiveRecord::Read> {
    ASSIGN_OR_RETURN(v1::Publicity publicity, GetUnmasked(db, id, regions));
    std::string region = publicity.region_path();
    return audit::SensitiveRecord::Read{std::move(region),
                                        std::make_unique<v1::Publicity>(std::move(publicity))};
  };
  return kind;
}

std::shared_ptr<feed::SnapshotSource> PublicityStates() { return std::make_shared<States>(); }

}  // namespace bangfu::publicity
