// The operation that freezes: the rows are taken at one moment, then stored together with the
// state, the trail and the event, so that a crash leaves nothing of a table or all of it.
#include <memory>
#include <utility>
#include <vector>

#include "common/audit/actor.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/feed/outbox.h"
#include "common/grants/copies.h"
#include "common/operation/request.h"
#include "common/operation/stopped.h"
#include "common/period/service.h"
#include "common/period/service_message.h"
#include "common/period/work.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::period {

namespace {

using operation::OperationContext;
using Result = absl::StatusOr<std::unique_ptr<google::protobuf::Message>>;

bool SameComponents(const std::vector<Component>& a, const std::vector<Component>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].region_path != b[i].region_path || a[i].id != b[i].id) return false;
  }
  return true;
}

// Another operation, or none, freezes the revision now.
absl::Status Superseded() {
  return FailedPrecondition("FREEZE_SUPERSEDED", "该报表期已由另一操作冻结");
}

absl::Status StillOurs(const OperationContext& context, const PeriodRow& row) {
  return row.message.state() == v1::PERIOD_STATE_FREEZING &&
                 row.message.operation_id() == context.id().ToString()
             ? absl::OkStatus()
             : Superseded();
}

absl::Status Record(mysql::Tx& tx, const OperationContext& context, const v1::Period& before,
                    const PeriodRow& after) {
  const std::string& region = after.message.region_code();
  audit::Entry entry;
  entry.aggregate_type = kAggregate;
  entry.aggregate_id = after.id;
  entry.region_path = region;
  entry.action = kFreezeKind;
  entry.actor = audit::ActorOf(context.created_by());
  RETURN_IF_ERROR(grants::NameOrganisation(tx, &entry.actor));
  entry.before_json = audit::ToJson(before);
  entry.after_json = audit::ToJson(after.message);
  entry.request_id = context.id().ToString();
  entry.occurred_at = context.now();
  RETURN_IF_ERROR(audit::Append(tx, entry));
  v1::PeriodChanged event;
  *event.mutable_period() = after.message;
  return feed::Publish(tx, feed::MakeEvent(kAggregate, after.id, region, event, context.now()));
}

Result Freeze(OperationContext& context, const ServiceOptions& options,
              const FreezeOptions& freeze) {
  v1::FreezeWork work;
  RETURN_IF_ERROR(context.Request(&work));
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(work.period_id()));
  const RegionScope scope = {context.region_path()};
  ASSIGN_OR_RETURN(const PeriodRow waiting, GetPeriod(context.db(), id, scope));
  RETURN_IF_ERROR(StillOurs(context, waiting));
  const Table* table = FindTable(options.tables, waiting.message.table_no());
  if (table == nullptr) return absl::InternalError("a period of a table that is not served");
  const std::string& region = waiting.message.region_code();
  const absl::Time moment = context.now();
  ASSIGN_OR_RETURN(const Taken taken,
                   TakeRows(context.db(), *table, region, waiting.message.period()));
  RETURN_IF_ERROR(context.Progress(taken.rows.rows, taken.rows.rows,
                                   Cat("已取", taken.rows.rows, "行，正在保存")));
  std::vector<std::string> regions;
  for (const Component& c : taken.components) regions.push_back(c.region_path);
  auto result = std::make_unique<v1::Period>();
  RETURN_IF_ERROR(mysql::Transact(context.db(), [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(PeriodRow row, LockPeriod(tx, id, scope));
    RETURN_IF_ERROR(StillOurs(context, row));
    ASSIGN_OR_RETURN(
        std::vector<Component> standing,
        StandingComponents(tx, table->table_no(), row.message.period(), regions, true));
    if (!SameComponents(standing, taken.components)) {
      // A table below was issued anew while this one was taken: taken again.
      return Error(absl::StatusCode::kAborted, "COMPONENT_CHANGED").Zh("下级报表刚刚变化");
    }
    RETURN_IF_ERROR(PutFrozen(tx, id, taken.rows, taken.components));
    const v1::Period before = row.message;
    v1::Period& p = row.message;
    ASSIGN_OR_RETURN(
        v1::PeriodState next,
        Transitions().Execute({.state = p.state()}, "freeze_done", workflow::Actor::System()));
    p.set_state(next);
    p.set_needs_update(false);
    p.set_rows(taken.rows.rows);
    p.set_rows_sha256(taken.rows.units.at(region).sha256);
    p.mutable_watermarks()->Assign(taken.watermarks.begin(), taken.watermarks.end());
    SetTime(moment, p.mutable_frozen_at());
    RETURN_IF_ERROR(UpdatePeriod(tx, row));
    RETURN_IF_ERROR(MarkAbove(tx, p.table_no(), p.period(), region,
                              [&](const v1::Period& above, const PeriodRow& marked) {
                                return Record(tx, context, above, marked);
                              }));
    RETURN_IF_ERROR(Record(tx, context, before, row));
    UlidGenerator ids(context.clock());
    const inbox::Act act{ids, context.now(), nullptr, "freeze_done", options.calendar, false};
    RETURN_IF_ERROR(SyncWork(tx, options, row, act));
    RETURN_IF_ERROR(SyncWorkAbove(tx, options, p, act));
    if (freeze.before_commit) RETURN_IF_ERROR(freeze.before_commit(tx));
    RETURN_IF_ERROR(context.SaveCursor(tx, "", taken.rows.rows));
    *result = p;
    return absl::OkStatus();
  }));
  return Result(std::move(result));
}

}  // namespace

void RegisterFreeze(operation::OperationRunner& runner, ServiceOptions options,
                    FreezeOptions freeze) {
  // A freezing that stopped leaves its table to be frozen anew (or itself to be resumed).
  auto stand = [options](mysql::Tx& tx, const operation::v1::Operation& freezing,
                         absl::Time now) -> absl::Status {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(freezing.id()));
    v1::FreezeWork work;
    RETURN_IF_ERROR(operation::ReadRequest(tx, id, &work));
    ASSIGN_OR_RETURN(const Ulid period, Ulid::Parse(work.period_id()));
    ASSIGN_OR_RETURN(const std::vector<PeriodRow> rows, LockPeriods(tx, {period}));
    UlidGenerator ids(SystemClock());
    const char* const outcome = operation::HasStopped(freezing) ? "freeze_stopped" : "resume";
    for (const PeriodRow& row : rows) {
      RETURN_IF_ERROR(
          SyncWork(tx, options, row, {ids, now, nullptr, outcome, options.calendar, false}));
    }
    return absl::OkStatus();
  };
  runner.Register(
      kFreezeKind,
      [options = std::move(options), freeze = std::move(freeze)](OperationContext& context) {
        return Freeze(context, options, freeze);
      },
      std::move(stand));
}

}  // namespace bangfu::period
