#include "common/flag/service.h"

#include <utility>

#include "common/audit/audit.h"
#include "common/base/clock.h"
#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/inbox/service.h"
#include "common/rpc/acting_by.h"
#include "common/rpc/actor.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/bulk.h"
#include "common/rpc/mutation.h"
#include "common/rpc/page.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::flag {
namespace {

using rpc::CallContext;
using rpc::Mutation;

void AddAllowed(const CallContext& context, v1::RecordFlag* flag) {
  workflow::FillAllowedActions(
      Transitions().Allowed(SubjectOf(*flag),
                            workflow::ActorAt(context.caller, flag->region_path())),
      flag->mutable_allowed_actions());
}

absl::Status Record(Mutation& m, const v1::RecordFlag* before, const v1::RecordFlag& after,
                    std::string_view action, const inbox::CalendarLookup& calendar) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(after.id()));
  RETURN_IF_ERROR(m.Audit(kAggregate, id, after.region_path(), before, after));
  inbox::Act act = inbox::ActOf(m, action, calendar);
  act.fresh = before == nullptr;
  return SyncWork(m.tx(), after, act);
}

absl::StatusOr<v1::RecordFlag> FlagRecord(CallContext& context,
                                          const v1::FlagRecordRequest& request,
                                          const inbox::CalendarLookup& calendar) {
  ASSIGN_OR_RETURN(const Ulid subject_id, Ulid::Parse(request.subject_id()));
  if (request.subject_type() == kAggregate) {
    return Error(absl::StatusCode::kInvalidArgument, "FLAG_OF_A_FLAG")
        .Zh("标记本身不能再被标记")
        .Field("subject_type", "标记本身不能再被标记")
        .Build();
  }
  return rpc::Mutate<v1::RecordFlag>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::RecordFlag> {
        ASSIGN_OR_RETURN(const std::optional<std::string> region,
                         audit::RegionOfRecord(m.tx(), request.subject_type(), subject_id));
        if (!region || region->empty() || !auth::InScope(context.scope, *region)) {
          return NotFound(request.subject_type(), request.subject_id()).Build();
        }
        NewFlag flag;
        flag.id = context.ids.Next();
        flag.subject_type = request.subject_type();
        flag.subject_id = subject_id;
        flag.region_path = *region;
        flag.reason = request.reason();
        if (request.answer_days() > 0) {
          ASSIGN_OR_RETURN(flag.answer_due, inbox::TermFrom(m.tx(), ShanghaiDay(context.now),
                                                            request.answer_days(), calendar));
        }
        flag.flagged_by = rpc::ActorMessage(m.ActorAt(*region));
        ASSIGN_OR_RETURN(v1::RecordFlag after, Insert(m.tx(), flag, context.now));
        RETURN_IF_ERROR(Record(m, nullptr, after, "flag", calendar));
        AddAllowed(context, &after);
        return after;
      });
}

auth::Role OfficeOf(const v1::RecordFlag& flag) {
  switch (SubjectOf(flag).office) {
    case RegionLevel::kProvince:
      return options::v1::ROLE_PROV_OFFICE;
    case RegionLevel::kCity:
      return options::v1::ROLE_CITY_SUPERVISOR;
    default:
      return options::v1::ROLE_COUNTY_APPROVER;
  }
}

// What the two steps after it share: lock, change, record.
template <typename Request, typename Change>
absl::StatusOr<v1::RecordFlag> Move(CallContext& context, const Request& request,
                                    std::string_view action, const inbox::CalendarLookup& calendar,
                                    Change change) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  return rpc::Mutate<v1::RecordFlag>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::RecordFlag> {
        ASSIGN_OR_RETURN(const v1::RecordFlag before,
                         GetForUpdate(m.tx(), id, context.scope, request.etag()));
        // An answer is that of the office there, whatever else the caller is.
        std::vector<auth::Role> roles = context.roles;
        if (action == "answer") roles = {OfficeOf(before)};
        rpc::ActingBy acting(m, std::move(roles));
        Mutation& acted = acting.mutation();
        ASSIGN_OR_RETURN(
            v1::RecordFlag after,
            change(acted, before, workflow::ActorAt(context.caller, before.region_path()),
                   rpc::ActorMessage(acted.ActorAt(before.region_path()))));
        RETURN_IF_ERROR(Record(acted, &before, after, action, calendar));
        AddAllowed(context, &after);
        return after;
      });
}

absl::StatusOr<v1::RecordFlag> AnswerFlag(CallContext& context,
                                          const v1::AnswerRecordFlagRequest& request,
                                          const ServiceOptions& options) {
  return Move(context, request, "answer", options.calendar,
              [&](Mutation& m, const v1::RecordFlag& flag, const workflow::Actor& actor,
                  const type::v1::Actor& by) -> absl::StatusOr<v1::RecordFlag> {
                int64_t days = kDefaultCloseDays;
                if (options.parameter) {
                  ASSIGN_OR_RETURN(days, options.parameter(m.tx(), kCloseDays, days));
                }
                ASSIGN_OR_RETURN(
                    const workflow::Deadline close_due,
                    inbox::TermFrom(m.tx(), ShanghaiDay(context.now), days, options.calendar));
                return Answer(m.tx(), flag, request.answer(), close_due, actor, by, context.now);
              });
}

absl::StatusOr<v1::RecordFlag> CloseFlag(CallContext& context,
                                         const v1::CloseRecordFlagRequest& request,
                                         const ServiceOptions& options) {
  return Move(context, request, "close", options.calendar,
              [&](Mutation& m, const v1::RecordFlag& flag, const workflow::Actor& actor,
                  const type::v1::Actor& by) {
                return Close(m.tx(), flag, request.outcome(), request.outcome_note(), actor, by,
                             context.now);
              });
}

absl::StatusOr<v1::BatchCloseRecordFlagsResponse> BatchClose(
    const CallContext& context, const v1::BatchCloseRecordFlagsRequest& request,
    const ServiceOptions& options) {
  v1::CloseRecordFlagRequest one;
  one.set_outcome(request.outcome());
  one.set_outcome_note(request.outcome_note());
  one.set_validate_only(request.validate_only());
  v1::BatchCloseRecordFlagsResponse response;
  RETURN_IF_ERROR(rpc::RunBulk(
      context, request, "bangfu.audit.v1.RecordFlagService.CloseRecordFlag", std::move(one),
      [&](CallContext& item, const v1::CloseRecordFlagRequest& r) {
        return CloseFlag(item, r, options);
      },
      response.mutable_results()));
  return response;
}

absl::StatusOr<v1::BatchGetRecordFlagsResponse> BatchGet(
    CallContext& context, const v1::BatchGetRecordFlagsRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(request.ids()));
  ASSIGN_OR_RETURN(std::vector<v1::RecordFlag> found, GetMany(context.db, ids, context.scope));
  for (v1::RecordFlag& flag : found) AddAllowed(context, &flag);
  v1::BatchGetRecordFlagsResponse response;
  rpc::AnswerInOrder(ids, found, response.mutable_record_flags(), response.mutable_missing_ids());
  return response;
}

absl::StatusOr<v1::ListRecordFlagsResponse> ListFlags(CallContext& context,
                                                      const v1::ListRecordFlagsRequest& request) {
  ListQuery query;
  ASSIGN_OR_RETURN(query.limit, ResolvePageSize(request.page_size()));
  const std::string filter =
      Cat("flags/", request.region_code(), "/", request.subject_id(), "/", request.state());
  ASSIGN_OR_RETURN(const auto start, rpc::PageStartOf(request.page_token(), filter));
  if (start) {
    query.after_region_path = start->region_path;
    query.after_id = start->id;
  }
  query.scope = context.scope;
  if (!request.region_code().empty()) {
    absl::StatusOr<std::string> region = NormalizeRegionCode(request.region_code());
    if (!region.ok()) return InvalidField("region_code", "区划代码无效").Build();
    query.region = *std::move(region);
  }
  if (!request.subject_id().empty()) {
    ASSIGN_OR_RETURN(query.subject_id, Ulid::Parse(request.subject_id()));
  }
  query.state = request.state();
  ASSIGN_OR_RETURN(std::vector<v1::RecordFlag> page, List(context.db, query));
  v1::ListRecordFlagsResponse response;
  if (page.size() == static_cast<size_t>(query.limit)) {
    response.set_next_page_token(
        EncodePageToken({page.back().region_path(), page.back().id()}, filter));
  }
  for (v1::RecordFlag& flag : page) {
    AddAllowed(context, &flag);
    *response.add_record_flags() = std::move(flag);
  }
  return response;
}

}  // namespace

void RegisterRecordFlagService(rpc::Router& router, ServiceOptions options) {
  const std::string s = "bangfu.audit.v1.RecordFlagService.";
  router.Unary<v1::FlagRecordRequest, v1::RecordFlag>(
      s + "FlagRecord", [options](CallContext& context, const v1::FlagRecordRequest& request) {
        return FlagRecord(context, request, options.calendar);
      });
  router.Unary<v1::GetRecordFlagRequest, v1::RecordFlag>(
      s + "GetRecordFlag",
      [](CallContext& context,
         const v1::GetRecordFlagRequest& request) -> absl::StatusOr<v1::RecordFlag> {
        ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
        ASSIGN_OR_RETURN(v1::RecordFlag flag, Get(context.db, id, context.scope));
        AddAllowed(context, &flag);
        return flag;
      });
  router.Unary<v1::BatchGetRecordFlagsRequest, v1::BatchGetRecordFlagsResponse>(
      s + "BatchGetRecordFlags", BatchGet);
  router.Unary<v1::ListRecordFlagsRequest, v1::ListRecordFlagsResponse>(s + "ListRecordFlags",
                                                                        ListFlags);
  router.Unary<v1::AnswerRecordFlagRequest, v1::RecordFlag>(
      s + "AnswerRecordFlag",
      [options](CallContext& context, const v1::AnswerRecordFlagRequest& request) {
        return AnswerFlag(context, request, options);
      });
  router.Unary<v1::CloseRecordFlagRequest, v1::RecordFlag>(
      s + "CloseRecordFlag",
      [options](CallContext& context, const v1::CloseRecordFlagRequest& request) {
        return CloseFlag(context, request, options);
      });
  router.Unary<v1::BatchCloseRecordFlagsRequest, v1::BatchCloseRecordFlagsResponse>(
      s + "BatchCloseRecordFlags",
      [options](CallContext& context, const v1::BatchCloseRecordFlagsRequest& request) {
        return BatchClose(context, request, options);
      });
}

}  // namespace bangfu::flag
