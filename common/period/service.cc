#include "common/period/service.h"

#include <utility>

#include "common/base/clock.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/inbox/service.h"
#include "common/period/calendar.h"
#include "common/period/service_message.h"
#include "common/period/work.h"
#include "common/recode/recode.h"
#include "common/rpc/actor.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/bulk.h"
#include "common/rpc/mutation.h"
#include "common/rpc/page.h"
#include "common/rpc/whole.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "common/workflow/return_reason.h"

namespace bangfu::period {

namespace {

using rpc::CallContext;
using rpc::Mutation;

constexpr char kService[] = "bangfu.period.v1.PeriodService.";

type::v1::Actor ActorOf(const Mutation& mutation, std::string_view region_path) {
  return rpc::ActorMessage(mutation.ActorAt(region_path));
}

// What a step has to say of itself in the trail.
struct Note {
  std::string reason;
  std::string unit;  // where the grant is held by which it was taken; empty: in the table's region
};

absl::Status Record(Mutation& m, const v1::Period* before, const PeriodRow& after,
                    const Note& note = {}) {
  const std::string& region = after.message.region_code();
  audit::Entry entry = m.EntryFor(kAggregate, after.id, region, before, after.message, note.reason);
  if (!note.unit.empty()) entry.actor = m.ActorAt(note.unit);
  RETURN_IF_ERROR(audit::Append(m.tx(), entry));
  v1::PeriodChanged event;
  *event.mutable_period() = after.message;
  return m.Publish(kAggregate, after.id, region, event);
}

// The unit that the caller signs for: of his own grant inside the table's region, else the region.
// Of a grant that does not let him he is told why.
std::string UnitOfCaller(const auth::Caller& caller, const Whole& whole) {
  const std::string& region = whole.row.message.region_code();
  for (const std::vector<auth::Grant>* grants : {&caller.grants, &caller.narrowed}) {
    // Who signs for the region itself is not told of a part of it that is not theirs.
    if (grants == &caller.narrowed && caller.May({SignerOf(region)}, region)) break;
    for (const auth::Grant& grant : *grants) {
      if (RegionContains(region, grant.region_path) && whole.board.Find(grant.region_path) &&
          SignerOf(grant.region_path) == grant.role) {
        return grant.region_path;
      }
    }
  }
  return region;
}

absl::Status FillActions(mysql::Executor& db, const ServiceOptions& options,
                         const CallContext& context, Whole& whole) {
  const std::string unit = UnitOfCaller(context.caller, whole);
  const UnitState* state = whole.board.Find(unit);
  ASSIGN_OR_RETURN(
      const Subject subject,
      SignSubject(db, options, whole, unit, state == nullptr ? "" : state->sha256, context.caller));
  workflow::FillAllowedActions(
      Transitions().Allowed(subject, workflow::ActorAt(context.caller, unit)),
      whole.row.message.mutable_allowed_actions());
  return absl::OkStatus();
}

absl::StatusOr<v1::Period> Show(mysql::Executor& db, const ServiceOptions& options,
                                const CallContext& context, PeriodRow row) {
  ASSIGN_OR_RETURN(Whole whole, LoadWhole(db, std::move(row)));
  RETURN_IF_ERROR(FillWhole(db, options, context.now, whole));
  RETURN_IF_ERROR(FillActions(db, options, context, whole));
  return std::move(whole.row.message);
}

// A region of the request in today's codes. NOT_FOUND when it is not known or outside of the scope.
absl::StatusOr<std::string> ResolveRegion(mysql::Executor& db, const ServiceOptions& options,
                                          const RegionScope& scope, const std::string& text) {
  absl::StatusOr<std::string> code = NormalizeRegionCode(text);
  if (!code.ok()) return InvalidField("region_code", "区划代码无效").Build();
  ASSIGN_OR_RETURN(std::optional<std::string> path, options.region_path(db, *code));
  if (!path || !auth::InScope(scope, *path)) return NotFound("region", *code);
  return *path;
}

absl::Status StartFreeze(Mutation& m, PeriodRow& row) {
  v1::Period& p = row.message;
  const Ulid operation_id = m.context().ids.Next();
  *p.mutable_prepared_by() = ActorOf(m, p.region_code());
  p.set_operation_id(operation_id.ToString());
  p.set_needs_update(false);
  v1::FreezeWork work;
  work.set_period_id(row.id.ToString());
  return operation::Start(m.tx(), {.id = operation_id,
                                   .kind = kFreezeKind,
                                   .region_path = p.region_code(),
                                   .created_by = p.prepared_by(),
                                   .request = work,
                                   .now = m.context().now})
      .status();
}

absl::StatusOr<v1::Period> OpenPeriod(const ServiceOptions& options, CallContext& context,
                                      const v1::OpenPeriodRequest& request) {
  const Table* table = FindTable(options.tables, request.table_no());
  if (table == nullptr) return InvalidField("table_no", "没有此报表");
  const std::optional<Span> span = ParseSpan(request.period());
  if (!span) return InvalidField("period", "报表期应为2026-10、2026-Q4或2026-H2");
  ASSIGN_OR_RETURN(const std::string region,
                   ResolveRegion(context.db, options, context.scope, request.region_code()));
  if (!table->ReportedBy(region)) return InvalidField("region_code", "该级不填报此表");
  // Who opens it is who prepares it.
  RETURN_IF_ERROR(Transitions()
                      .Execute({.state = v1::PERIOD_STATE_OPEN, .region_digits = region.size()},
                               "freeze", workflow::ActorAt(context.caller, region))
                      .status());
  if (span->first > ShanghaiDay(context.now)) {
    return FailedPrecondition("PERIOD_NOT_BEGUN", "该报表期尚未开始");
  }
  return rpc::Mutate<v1::Period>(context, request, [&](Mutation& m) -> absl::StatusOr<v1::Period> {
    PeriodRow row;
    row.id = context.ids.Next();
    v1::Period& p = row.message;
    p.set_id(row.id.ToString());
    p.set_etag(Cat(row.version));
    p.set_table_no(table->table_no());
    p.set_region_code(region);
    p.set_period(request.period());
    p.set_revision(1);
    p.set_newest(true);
    p.set_state(v1::PERIOD_STATE_OPEN);
    ASSIGN_OR_RETURN(const int64_t days, table->CutOffDays(m.tx()));
    SetDay(span->last + days, p.mutable_cut_off());
    if (absl::Status status = InsertPeriod(m.tx(), row); !status.ok()) {
      if (!mysql::IsDuplicateKey(status)) return status;
      return Error(absl::StatusCode::kAlreadyExists, "PERIOD_EXISTS").Zh("该报表期已开");
    }
    RETURN_IF_ERROR(Record(m, nullptr, row));
    RETURN_IF_ERROR(SyncWork(m.tx(), options, row, inbox::ActOf(m, "open", options.calendar)));
    return Show(m.tx(), options, context, std::move(row));
  });
}

// What the steps of a revision share: lock, judge, change, record.
template <typename Request, typename Change>
absl::StatusOr<v1::Period> Step(const ServiceOptions& options, CallContext& context,
                                const Request& request, const std::string& etag,
                                std::string_view action, Change change) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  return rpc::Mutate<v1::Period>(context, request, [&](Mutation& m) -> absl::StatusOr<v1::Period> {
    ASSIGN_OR_RETURN(PeriodRow row, LockPeriod(m.tx(), id, context.scope));
    if (!etag.empty() && etag != row.message.etag()) return EtagMismatch();
    const v1::Period before = row.message;
    ASSIGN_OR_RETURN(Whole whole, LoadWhole(m.tx(), row));
    RETURN_IF_ERROR(FillWhole(m.tx(), options, context.now, whole));
    Note note;
    RETURN_IF_ERROR(change(m, whole, row, &note));
    RETURN_IF_ERROR(UpdatePeriod(m.tx(), row));
    RETURN_IF_ERROR(Record(m, &before, row, note));
    const inbox::Act act = inbox::ActOf(m, action, options.calendar);
    RETURN_IF_ERROR(SyncWork(m.tx(), options, row, act));
    // What stands above can be submitted when all below is, and needs an update by a return.
    if (IsUp(before.state()) != IsUp(row.message.state()) ||
        row.message.state() == v1::PERIOD_STATE_RETURNED) {
      RETURN_IF_ERROR(SyncWorkAbove(m.tx(), options, row.message, act));
    }
    return Show(m.tx(), options, context, std::move(row));
  });
}

absl::StatusOr<v1::PeriodState> Move(const CallContext& context, const Whole& whole,
                                     std::string_view action) {
  return Transitions().Execute(SubjectOf(whole), action,
                               workflow::ActorAt(context.caller, whole.row.message.region_code()));
}

absl::StatusOr<v1::Period> FreezePeriod(const ServiceOptions& options, CallContext& context,
                                        const v1::FreezePeriodRequest& request) {
  absl::StatusOr<v1::Period> period =
      Step(options, context, request, request.etag(), "freeze",
           [&](Mutation& m, const Whole& whole, PeriodRow& row, Note*) -> absl::Status {
             ASSIGN_OR_RETURN(v1::PeriodState next, Move(context, whole, "freeze"));
             row.message.set_state(next);
             return StartFreeze(m, row);
           });
  if (period.ok() && !request.validate_only() && options.operations) options.operations->Wake();
  return period;
}

// The unit as the table names it: as shown, which is by the code of its day, or by today's path.
std::string UnitOfTable(const Whole& whole, const std::string& code, const std::string& today) {
  const absl::StatusOr<std::string> shown = NormalizeRegionCode(code);
  return shown.ok() && whole.board.Find(*shown) != nullptr ? *shown : today;
}

absl::StatusOr<v1::Period> SignPeriod(const ServiceOptions& options, CallContext& context,
                                      const v1::SignPeriodRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(const RegionScope scope, recode::WithFormerPaths(context.db, context.scope, id));
  ASSIGN_OR_RETURN(const std::string today,
                   ResolveRegion(context.db, options, scope, request.region_code()));
  return Step(
      options, context, request, "", "sign",
      [&](Mutation& m, const Whole& whole, PeriodRow& row, Note* note) -> absl::Status {
        const std::string unit = UnitOfTable(whole, request.region_code(), today);
        if (!RegionContains(row.message.region_code(), unit)) return NotFound("region", unit);
        ASSIGN_OR_RETURN(const Subject subject, SignSubject(m.tx(), options, whole, unit,
                                                            request.rows_sha256(), context.caller));
        ASSIGN_OR_RETURN(
            v1::PeriodState next,
            Transitions().Execute(subject, "sign", workflow::ActorAt(context.caller, unit)));
        note->unit = unit;
        type::v1::SignOff sign_off;
        sign_off.set_region_code(unit);
        *sign_off.mutable_signed_by() = ActorOf(m, unit);
        SetTime(context.now, sign_off.mutable_signed_at());
        sign_off.set_rows_sha256(request.rows_sha256());
        UnitRow signed_unit;
        signed_unit.region_path = unit;
        signed_unit.hash.sha256 = request.rows_sha256();
        signed_unit.signed_by = context.caller.subject;
        signed_unit.signature = sign_off.SerializeAsString();
        ASSIGN_OR_RETURN(const bool written, SignUnit(m.tx(), row.id, signed_unit));
        if (!written) return mysql::Conflict();
        row.message.set_state(next);
        return absl::OkStatus();
      });
}

absl::StatusOr<v1::Period> SubmitPeriod(const ServiceOptions& options, CallContext& context,
                                        const v1::SubmitPeriodRequest& request) {
  return Step(options, context, request, request.etag(), "submit",
              [&](Mutation& m, const Whole& whole, PeriodRow& row, Note*) -> absl::Status {
                ASSIGN_OR_RETURN(v1::PeriodState next, Move(context, whole, "submit"));
                v1::Period& p = row.message;
                p.set_state(next);
                *p.mutable_submitted_by() = ActorOf(m, p.region_code());
                SetTime(context.now, p.mutable_submitted_at());
                return absl::OkStatus();
              });
}

absl::StatusOr<v1::Period> AcceptPeriod(const ServiceOptions& options, CallContext& context,
                                        const v1::AcceptPeriodRequest& request) {
  return Step(options, context, request, request.etag(), "accept",
              [&](Mutation& m, const Whole& whole, PeriodRow& row, Note*) -> absl::Status {
                ASSIGN_OR_RETURN(v1::PeriodState next, Move(context, whole, "accept"));
                v1::Period& p = row.message;
                p.set_state(next);
                *p.mutable_decided_by() = ActorOf(m, p.region_code());
                SetTime(context.now, p.mutable_decided_at());
                return absl::OkStatus();
              });
}

absl::StatusOr<v1::Period> ReturnPeriod(const ServiceOptions& options, CallContext& context,
                                        const v1::ReturnPeriodRequest& request) {
  return Step(
      options, context, request, request.etag(), "return",
      [&](Mutation& m, const Whole& whole, PeriodRow& row, Note* note) -> absl::Status {
        ASSIGN_OR_RETURN(v1::PeriodState next, Move(context, whole, "return"));
        v1::Period& p = row.message;
        p.set_state(next);
        *p.mutable_decided_by() = ActorOf(m, p.region_code());
        SetTime(context.now, p.mutable_decided_at());
        *p.mutable_return_reasons() = request.reasons();
        if (const Table* table = FindTable(options.tables, p.table_no())) {
          const auto* rows = table->row_type().GetDescriptor();
          RETURN_IF_ERROR(workflow::LabelFields(*p.mutable_return_reasons(), {rows}, *rows));
        }
        for (const type::v1::ReturnReason& r : request.reasons()) {
          note->reason += Cat(note->reason.empty() ? "" : "；", r.text());
        }
        return MarkAbove(m.tx(), p.table_no(), p.period(), p.region_code(),
                         [&](const v1::Period& before, const PeriodRow& after) {
                           return Record(m, &before, after, {.reason = "下级报表退回"});
                         });
      });
}

// A step for many revisions. `step`: the single rpc, `one`: its request but for the item.
template <typename Response, typename BulkRequest, typename Request>
absl::StatusOr<Response> Bulk(const ServiceOptions& options, const CallContext& context,
                              const BulkRequest& request, std::string_view step, Request one,
                              absl::StatusOr<v1::Period> (*handler)(const ServiceOptions&,
                                                                    CallContext&, const Request&)) {
  one.set_validate_only(request.validate_only());
  Response response;
  RETURN_IF_ERROR(rpc::RunBulk(
      context, request, Cat(kService, step), std::move(one),
      [&](CallContext& item, const Request& r) { return handler(options, item, r); },
      response.mutable_results()));
  return response;
}

absl::StatusOr<v1::BatchAcceptPeriodsResponse> BatchAcceptPeriods(
    const ServiceOptions& options, CallContext& context,
    const v1::BatchAcceptPeriodsRequest& request) {
  return Bulk<v1::BatchAcceptPeriodsResponse>(options, context, request, "AcceptPeriod",
                                              v1::AcceptPeriodRequest(), AcceptPeriod);
}

absl::StatusOr<v1::BatchReturnPeriodsResponse> BatchReturnPeriods(
    const ServiceOptions& options, CallContext& context,
    const v1::BatchReturnPeriodsRequest& request) {
  v1::ReturnPeriodRequest one;
  *one.mutable_reasons() = request.reasons();
  return Bulk<v1::BatchReturnPeriodsResponse>(options, context, request, "ReturnPeriod",
                                              std::move(one), ReturnPeriod);
}

absl::StatusOr<v1::Period> ReissuePeriod(const ServiceOptions& options, CallContext& context,
                                         const v1::ReissuePeriodRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  absl::StatusOr<v1::Period> reissued =
      rpc::Mutate<v1::Period>(context, request, [&](Mutation& m) -> absl::StatusOr<v1::Period> {
        ASSIGN_OR_RETURN(PeriodRow old, LockPeriod(m.tx(), id, context.scope));
        if (!request.etag().empty() && request.etag() != old.message.etag()) return EtagMismatch();
        const v1::Period before = old.message;
        ASSIGN_OR_RETURN(Whole whole, LoadWhole(m.tx(), old));
        ASSIGN_OR_RETURN(v1::PeriodState next, Move(context, whole, "reissue"));
        old.message.set_state(next);
        old.message.set_newest(false);
        RETURN_IF_ERROR(UpdatePeriod(m.tx(), old));
        RETURN_IF_ERROR(Record(m, &before, old));
        PeriodRow row;
        row.id = context.ids.Next();
        v1::Period& p = row.message;
        p.set_id(row.id.ToString());
        p.set_etag(Cat(row.version));
        p.set_table_no(before.table_no());
        // The new revision is of the rows as they are, under today's code.
        ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(m.tx()));
        p.set_region_code(recode::TodaysPath(moves, before.region_code(), old.id.time()));
        p.set_period(before.period());
        p.set_revision(before.revision() + 1);
        p.set_newest(true);
        p.set_state(v1::PERIOD_STATE_FREEZING);
        *p.mutable_cut_off() = before.cut_off();
        RETURN_IF_ERROR(StartFreeze(m, row));
        RETURN_IF_ERROR(InsertPeriod(m.tx(), row));
        RETURN_IF_ERROR(Record(m, nullptr, row));
        const inbox::Act act = inbox::ActOf(m, "reissue", options.calendar);
        RETURN_IF_ERROR(SyncWork(m.tx(), options, old, act));
        RETURN_IF_ERROR(SyncWork(m.tx(), options, row, act));
        RETURN_IF_ERROR(SyncWorkAbove(m.tx(), options, before, act));
        return Show(m.tx(), options, context, std::move(row));
      });
  if (reissued.ok() && !request.validate_only() && options.operations) options.operations->Wake();
  return reissued;
}

absl::StatusOr<v1::BatchGetPeriodsResponse> BatchGetPeriods(
    const ServiceOptions& options, CallContext& context,
    const v1::BatchGetPeriodsRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(request.ids()));
  ASSIGN_OR_RETURN(std::vector<PeriodRow> rows, GetPeriods(context.db, ids, context.scope));
  std::vector<v1::Period> periods;
  for (PeriodRow& row : rows) {
    ASSIGN_OR_RETURN(periods.emplace_back(), Show(context.db, options, context, std::move(row)));
  }
  v1::BatchGetPeriodsResponse response;
  rpc::AnswerInOrder(ids, periods, response.mutable_periods(), response.mutable_missing_ids());
  return response;
}

absl::StatusOr<v1::ListPeriodsResponse> ListPeriods(const ServiceOptions& options,
                                                    CallContext& context,
                                                    const v1::ListPeriodsRequest& request) {
  PeriodQuery query;
  ASSIGN_OR_RETURN(const int limit, ResolvePageSize(request.page_size()));
  const std::string filter = Cat("period/", request.table_no(), "/", request.region_code(), "/",
                                 request.period(), "/", static_cast<int>(request.state()), "/",
                                 request.late_only() ? 1 : 0, request.all_revisions() ? 1 : 0);
  ASSIGN_OR_RETURN(const auto start, rpc::PageStartOf(request.page_token(), filter));
  if (start) query.after = {start->region_path, start->id};
  if (!request.region_code().empty()) {
    absl::StatusOr<std::string> region = NormalizeRegionCode(request.region_code());
    if (!region.ok()) return InvalidField("region_code", "区划代码无效").Build();
    query.region = *region;
  }
  query.table_no = request.table_no();
  query.period = request.period();
  query.state = request.state();
  if (request.late_only()) query.late_on = ShanghaiDay(context.now);
  query.all_revisions = request.all_revisions();
  query.limit = limit + 1;
  ASSIGN_OR_RETURN(std::vector<PeriodRow> rows, QueryPeriods(context.db, query, context.scope));
  v1::ListPeriodsResponse response;
  if (rows.size() > static_cast<size_t>(limit)) {
    rows.resize(limit);
    response.set_next_page_token(
        EncodePageToken({rows.back().message.region_code(), rows.back().id.ToString()}, filter));
  }
  std::vector<v1::Period*> shown;
  for (PeriodRow& row : rows) {
    *response.add_periods() = std::move(row.message);
    shown.push_back(response.mutable_periods(response.periods_size() - 1));
  }
  RETURN_IF_ERROR(FillPlain(context.db, options, context.now, shown));
  return response;
}

absl::StatusOr<v1::ListPeriodUnitsResponse> ListPeriodUnits(
    const ServiceOptions& options, CallContext& context,
    const v1::ListPeriodUnitsRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(const int limit, ResolvePageSize(request.page_size()));
  const std::string filter =
      Cat("unit/", request.id(), "/", request.region_code(), "/", request.unsigned_only() ? 1 : 0);
  ASSIGN_OR_RETURN(std::vector<std::string> key, DecodePageToken(request.page_token(), filter));
  if (key.size() > 1) return InvalidField("page_token", "分页标记无效");
  UnitQuery query;
  if (!key.empty()) query.after = key[0];
  if (!request.region_code().empty()) {
    absl::StatusOr<std::string> region = NormalizeRegionCode(request.region_code());
    if (!region.ok()) return InvalidField("region_code", "区划代码无效").Build();
    query.region = *region;
  }
  query.unsigned_only = request.unsigned_only();
  query.limit = limit + 1;
  ASSIGN_OR_RETURN(PeriodRow row, GetPeriod(context.db, id, context.scope));
  ASSIGN_OR_RETURN(Whole whole, LoadWhole(context.db, std::move(row)));
  ASSIGN_OR_RETURN(std::vector<UnitRow> units, ListUnits(context.db, id, query, context.scope));
  v1::ListPeriodUnitsResponse response;
  if (units.size() > static_cast<size_t>(limit)) {
    units.resize(limit);
    response.set_next_page_token(EncodePageToken({units.back().region_path}, filter));
  }
  std::vector<std::string> codes;
  for (const UnitRow& unit : units) codes.push_back(unit.region_path);
  std::map<std::string, std::string> names;
  if (!codes.empty()) {
    ASSIGN_OR_RETURN(names, options.names(context.db, codes));
  }
  for (const UnitRow& unit : units) {
    v1::PeriodUnit* out = response.add_units();
    out->set_region_code(unit.region_path);
    out->set_region_name(names[unit.region_path]);
    out->set_rows(unit.hash.rows);
    out->set_rows_sha256(unit.hash.sha256);
    if (!unit.signature.empty() && !out->mutable_signature()->ParseFromString(unit.signature)) {
      return absl::DataLossError("a stored signature cannot be read");
    }
    ASSIGN_OR_RETURN(const Subject subject,
                     SignSubject(context.db, options, whole, unit.region_path, unit.hash.sha256,
                                 context.caller));
    for (workflow::AllowedAction& action :
         Transitions().Allowed(subject, workflow::ActorAt(context.caller, unit.region_path))) {
      if (action.action != "sign") continue;
      workflow::FillAllowedActions({std::move(action)}, out->mutable_allowed_actions());
    }
  }
  return response;
}

class States : public feed::SnapshotSource {
 public:
  std::vector<std::string> aggregate_types() const override { return {kAggregate}; }
  absl::StatusOr<std::vector<feed::OutboxEvent>> Page(
      mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
      const std::optional<feed::RegionPrefixes>& scope) override {
    ASSIGN_OR_RETURN(std::vector<PeriodRow> rows, PagePeriodsById(db, after, limit, scope));
    std::vector<feed::OutboxEvent> events;
    for (const PeriodRow& row : rows) {
      v1::PeriodChanged event;
      *event.mutable_period() = row.message;
      events.push_back(
          feed::MakeEvent(aggregate_type, row.id, row.message.region_code(), event, row.id.time()));
    }
    return events;
  }
};

absl::StatusOr<v1::Period> GetOne(const ServiceOptions& options, CallContext& context,
                                  const v1::GetPeriodRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(PeriodRow row, GetPeriod(context.db, id, context.scope));
  return Show(context.db, options, context, std::move(row));
}

// What is frozen keeps the codes of its day (move.h): whoever holds a region today goes on with it
// under the codes that the region had before.
auth::Caller WithFormerGrants(auth::Caller caller, const std::vector<recode::Move>& moves) {
  for (std::vector<auth::Grant>* grants : {&caller.grants, &caller.narrowed}) {
    std::vector<auth::Grant> former;
    for (const auth::Grant& grant : *grants) {
      for (recode::FormerPath& path : recode::FormerPaths(moves, {grant.region_path})) {
        former.push_back(grant);
        former.back().region_path = std::move(path.path);
      }
    }
    grants->insert(grants->end(), former.begin(), former.end());
  }
  return caller;
}

}  // namespace

void RegisterPeriodService(rpc::Router& router, ServiceOptions given) {
  auto options = std::make_shared<const ServiceOptions>(std::move(given));
  const std::string service = kService;
  // What is read, too, tells of steps on the whole of a table.
  const auto with = [&options](auto handler) {
    const auto under_all_codes =
        [options, handler](CallContext& c,
                           const auto& request) -> decltype(handler(*options, c, request)) {
      ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(c.db));
      if (moves.empty()) return handler(*options, c, request);
      const auth::Caller caller = WithFormerGrants(c.caller, moves);
      CallContext context{caller,   c.db,       c.clock, c.ids,   c.now,      c.deadline,
                          c.method, c.trace_id, c.scope, c.roles, c.cancelled};
      return handler(*options, context, request);
    };
    return rpc::OfWhole(under_all_codes);
  };
  router.Unary<v1::OpenPeriodRequest, v1::Period>(service + "OpenPeriod", with(OpenPeriod));
  router.Unary<v1::FreezePeriodRequest, v1::Period>(service + "FreezePeriod", with(FreezePeriod));
  router.Unary<v1::SignPeriodRequest, v1::Period>(service + "SignPeriod", with(SignPeriod));
  router.Unary<v1::SubmitPeriodRequest, v1::Period>(service + "SubmitPeriod", with(SubmitPeriod));
  router.Unary<v1::AcceptPeriodRequest, v1::Period>(service + "AcceptPeriod", with(AcceptPeriod));
  router.Unary<v1::ReturnPeriodRequest, v1::Period>(service + "ReturnPeriod", with(ReturnPeriod));
  router.Unary<v1::BatchAcceptPeriodsRequest, v1::BatchAcceptPeriodsResponse>(
      service + "BatchAcceptPeriods", with(BatchAcceptPeriods));
  router.Unary<v1::BatchReturnPeriodsRequest, v1::BatchReturnPeriodsResponse>(
      service + "BatchReturnPeriods", with(BatchReturnPeriods));
  router.Unary<v1::ReissuePeriodRequest, v1::Period>(service + "ReissuePeriod",
                                                     with(ReissuePeriod));
  router.Unary<v1::GetPeriodRequest, v1::Period>(service + "GetPeriod", with(GetOne));
  router.Unary<v1::BatchGetPeriodsRequest, v1::BatchGetPeriodsResponse>(service + "BatchGetPeriods",
                                                                        with(BatchGetPeriods));
  router.Unary<v1::ListPeriodsRequest, v1::ListPeriodsResponse>(service + "ListPeriods",
                                                                with(ListPeriods));
  router.Unary<v1::ListPeriodUnitsRequest, v1::ListPeriodUnitsResponse>(service + "ListPeriodUnits",
                                                                        with(ListPeriodUnits));
  router.Unary<v1::DiffPeriodRequest, v1::DiffPeriodResponse>(service + "DiffPeriod",
                                                              with(DiffPeriod));
}

std::shared_ptr<feed::SnapshotSource> PeriodStates() { return std::make_shared<States>(); }

}  // namespace bangfu::period
