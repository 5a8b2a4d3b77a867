#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/contract/time.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/domain/calendar.h"
#include "services/registry/store/calendar_store.h"
#include "services/registry/store/reference_id.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

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
  SetDay(deadline.day, response.mutable_deadline());
  response.set_provisional(deadline.provisional);
  return response;
}

}  // namespace

void RegisterCalendarHandlers(rpc::Router& router) {
  const std::string calendar = "bangfu.registry.v1.CalendarService.";
  router.Unary<v1::ListWorkDaysRequest, v1::ListWorkDaysResponse>(calendar + "ListWorkDays",
                                                                  ListDays);
  router.Unary<v1::ImportWorkDaysRequest, v1::ImportWorkDaysResponse>(calendar + "ImportWorkDays",
                                                                      ImportDays);
  router.Unary<v1::ComputeDeadlineRequest, v1::ComputeDeadlineResponse>(
      calendar + "ComputeDeadline", Deadlines);
}

}  // namespace bangfu::registry
