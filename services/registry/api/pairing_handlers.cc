// 技术结对: teams that serve a county, an industry or a project, and their visits.
#include <optional>
#include <utility>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/base/clock.h"
#include "common/contract/time.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/record_message.h"
#include "services/registry/api/record_subjects.h"
#include "services/registry/domain/record_actions.h"
#include "services/registry/store/industry_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

std::pair<std::optional<absl::CivilDay>, std::optional<absl::CivilDay>> TermOf(
    const v1::TechPairing& t) {
  return {t.period().has_from() ? DayOf(t.period().from()) : std::nullopt,
          t.period().has_to() ? DayOf(t.period().to()) : std::nullopt};
}

// `undated`: the visits that were counted when it was made.
mysql::Params PairingColumns(const v1::TechPairing& t, int32_t undated) {
  const auto [from, to] = TermOf(t);
  return {OptionalId(t.industry_id()), t.team_name(), from, to, undated, t.is_void()};
}

absl::Status PublishPairing(Mutation& m, const Ulid& id, const v1::TechPairing* before,
                            const v1::TechPairing& after, std::string_view reason) {
  RETURN_IF_ERROR(m.Audit("tech_pairing", id, after.region_path(), before, after, reason));
  v1::TechPairingChanged event;
  *event.mutable_pairing() = after;
  return m.Publish("tech_pairing", id, after.region_path(), event);
}

absl::StatusOr<v1::TechPairing> CreatePairing(Context& context,
                                              const v1::CreateTechPairingRequest& request) {
  return rpc::Mutate<v1::TechPairing>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::TechPairing> {
        v1::TechPairing t = request.pairing();
        t.clear_is_void();
        t.clear_void_reason();
        const auto [from, to] = TermOf(t);
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
        RETURN_IF_ERROR(
            TechPairingTable().Insert(m.tx(), RecordOf(id, 1, t), PairingColumns(t, t.visits())));
        t.set_etag(EtagOf(1));
        RETURN_IF_ERROR(PublishPairing(m, id, nullptr, t, ""));
        return t;
      });
}

// The pairing of a step, held: visits that come at once are each counted.
absl::StatusOr<Record> HoldPairing(Context& context, mysql::Tx& tx, const Ulid& id) {
  RETURN_IF_ERROR(TechPairingTable().Get(tx, id, context.scope).status());
  ASSIGN_OR_RETURN(std::vector<Record> locked, TechPairingTable().Lock(tx, {id}));
  if (locked.empty()) return NotFound("tech_pairing", id.ToString()).Build();
  return std::move(locked.front());
}

// Written with one more version; `dated`: its visits that have a day.
absl::StatusOr<v1::TechPairing> SavePairing(Mutation& m, const Record& record,
                                            const v1::TechPairing& before, v1::TechPairing t,
                                            int64_t dated, std::string_view reason) {
  t.set_etag(EtagOf(record.version + 1));
  RETURN_IF_ERROR(
      TechPairingTable().Update(m.tx(), RecordOf(record.id, record.version + 1, t),
                                PairingColumns(t, static_cast<int32_t>(t.visits() - dated))));
  RETURN_IF_ERROR(PublishPairing(m, record.id, &before, t, reason));
  return t;
}

absl::StatusOr<v1::TechPairing> AddVisit(Context& context,
                                         const v1::AddPairingVisitRequest& request) {
  return rpc::Mutate<v1::TechPairing>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::TechPairing> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record, HoldPairing(context, m.tx(), id));
        const v1::TechPairing before = MessageOf<v1::TechPairing>(record);
        RETURN_IF_ERROR(
            CheckSubjects(context, m.tx(), before.industry_id(), before.project_id(), "pairing"));
        RETURN_IF_ERROR(CheckStep(context, PairingTransitions(), before, "add_visit"));
        const auto day = DayOf(request.visit().visited_on());
        if (!day || *day > ShanghaiDay(context.now)) {
          return InvalidField("visit.visited_on", "服务日期不能晚于今天").Build();
        }
        const auto [from, to] = TermOf(before);
        if ((from && *day < *from) || (to && *day > *to)) {
          return InvalidField("visit.visited_on", "服务日期须在结对期限内").Build();
        }
        ASSIGN_OR_RETURN(const int64_t dated, CountPairingVisits(m.tx(), id));
        RETURN_IF_ERROR(
            InsertPairingVisit(m.tx(), {context.ids.Next(), id, *day, ToBytes(request.visit())}));
        v1::TechPairing t = before;
        t.set_visits(before.visits() + 1);
        return SavePairing(
            m, record, before, std::move(t), dated + 1,
            Cat(absl::FormatCivilTime(*day), " ", request.visit().visitor(), " 服务"));
      });
}

absl::StatusOr<v1::TechPairing> VoidPairing(Context& context,
                                            const v1::VoidTechPairingRequest& request) {
  return rpc::Mutate<v1::TechPairing>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::TechPairing> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record, HoldPairing(context, m.tx(), id));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::TechPairing before = MessageOf<v1::TechPairing>(record);
        RETURN_IF_ERROR(
            CheckSubjects(context, m.tx(), before.industry_id(), before.project_id(), "pairing"));
        RETURN_IF_ERROR(CheckStep(context, PairingTransitions(), before, "void"));
        ASSIGN_OR_RETURN(const int64_t dated, CountPairingVisits(m.tx(), id));
        v1::TechPairing t = before;
        t.set_is_void(true);
        t.set_void_reason(request.reason());
        return SavePairing(m, record, before, std::move(t), dated, request.reason());
      });
}

absl::StatusOr<v1::TechPairing> GetPairing(Context& context,
                                           const v1::GetTechPairingRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Record record, TechPairingTable().Get(context.db, id, context.scope));
  v1::TechPairing t = MessageOf<v1::TechPairing>(record);
  ASSIGN_OR_RETURN(
      const std::vector<workflow::AllowedAction> told,
      AllowedWithSubjects(context, PairingTransitions(), SubjectOf(t), record.region_path,
                          t.industry_id(), t.project_id(), "pairing"));
  workflow::FillAllowedActions(told, t.mutable_allowed_actions());
  return t;
}

absl::StatusOr<v1::ListPairingVisitsResponse> ListVisits(
    Context& context, const v1::ListPairingVisitsRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  RETURN_IF_ERROR(TechPairingTable().Get(context.db, id, context.scope).status());
  std::optional<std::pair<absl::CivilDay, Ulid>> after;
  if (page.key.size() == 2) {
    absl::CivilDay day;
    const auto last = OptionalId(page.key[1]);
    if (absl::ParseCivilTime(AbslView(page.key[0]), &day) && last) after.emplace(day, *last);
  }
  ASSIGN_OR_RETURN(std::vector<PairingVisitRow> rows,
                   ListPairingVisits(context.db, id, after, page.size + 1));
  v1::ListPairingVisitsResponse response;
  ClosePage(page, &rows, &response, [](const PairingVisitRow& row) -> std::vector<std::string> {
    return {absl::FormatCivilTime(row.visited_on), row.id.ToString()};
  });
  for (const PairingVisitRow& row : rows) {
    *response.add_visits() = FromBytes<v1::PairingVisit>(row.record);
  }
  return response;
}

absl::StatusOr<v1::ListTechPairingsResponse> ListPairings(
    Context& context, const v1::ListTechPairingsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (const auto id = OptionalId(request.industry_id()))
    where.push_back(Equals("industry_id", *id));
  if (!request.include_void()) where.push_back(Equals("is_void", false));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   TechPairingTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListTechPairingsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_pairings() = MessageOf<v1::TechPairing>(row);
  return response;
}

}  // namespace

void RegisterPairingHandlers(rpc::Router& router) {
  const std::string service = "bangfu.registry.v1.IndustryService.";
  router.Unary<v1::CreateTechPairingRequest, v1::TechPairing>(service + "CreateTechPairing",
                                                              CreatePairing);
  router.Unary<v1::AddPairingVisitRequest, v1::TechPairing>(service + "AddPairingVisit", AddVisit);
  router.Unary<v1::VoidTechPairingRequest, v1::TechPairing>(service + "VoidTechPairing",
                                                            VoidPairing);
  router.Unary<v1::GetTechPairingRequest, v1::TechPairing>(service + "GetTechPairing", GetPairing);
  router.Unary<v1::ListPairingVisitsRequest, v1::ListPairingVisitsResponse>(
      service + "ListPairingVisits", ListVisits);
  router.Unary<v1::ListTechPairingsRequest, v1::ListTechPairingsResponse>(
      service + "ListTechPairings", ListPairings);
}

}  // namespace bangfu::registry
