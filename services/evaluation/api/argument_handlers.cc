// What a panel of experts argued on a subject.
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/inbox/service.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/actors.h"
#include "services/evaluation/api/grant_scope.h"
#include "services/evaluation/api/lifecycle_handlers.h"
#include "services/evaluation/api/lifecycle_step.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/evaluation_work.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

using rpc::CallContext;
using rpc::Mutation;

absl::StatusOr<v1::ArgumentRecord> RecordArgument(CallContext& context,
                                                  const v1::RecordArgumentRequest& request) {
  ASSIGN_OR_RETURN(const Ulid subject_id, Ulid::Parse(request.argument().subject_id()));
  const std::optional<absl::CivilDay> day = ToDay(request.argument().argued_on());
  if (!day) return InvalidField("argument.argued_on", "没有此日期").Build();
  ASSIGN_OR_RETURN(const MeasureCatalogue catalogue, LoadMeasures(context.db, Today(context)));
  const CauseDef* cause = catalogue.FindCause(request.argument().cause());
  if (!request.argument().cause().empty() && (cause == nullptr || !cause->in_force)) {
    return InvalidField("argument.cause", "没有此困难原因").Build();
  }
  return rpc::Mutate<v1::ArgumentRecord>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ArgumentRecord> {
        ASSIGN_OR_RETURN(SubjectMap subjects, LoadSubjects(m.tx(), {subject_id}, context.scope));
        auto subject = subjects.find(subject_id);
        if (subject == subjects.end()) {
          return NotFound("subject", request.argument().subject_id());
        }
        ASSIGN_OR_RETURN(const GrantScope scope,
                         GrantScope::Load(m.tx(), context.caller, {subject_id}, Today(context)));
        RETURN_IF_ERROR(
            SubjectTable()
                .Execute(subject->second.is_void ? SubjectPhase::kVoid : SubjectPhase::kLive,
                         "record_argument",
                         workflow::ActorAt(context.caller, subject->second.region_path,
                                           scope.Of(subject_id)))
                .status());
        const rpc::Covering covering(m, scope.Of(subject_id));
        v1::ArgumentRecord message = request.argument();
        ArgumentRow row;
        row.id = context.ids.Next();
        row.subject_id = subject_id;
        row.region_path = subject->second.region_path;
        row.conclusion = message.conclusion();
        row.named_class = message.named_class();
        row.cause = message.cause();
        row.argued_on = *day;
        row.recorded_at = context.now;
        message.set_id(row.id.ToString());
        *message.mutable_recorded_by() = ToMessage(covering.mutation().ActorAt(row.region_path));
        SetTime(context.now, message.mutable_recorded_at());
        row.payload = message.SerializeAsString();
        ASSIGN_OR_RETURN(ArgumentRecord record, ToDomain(row));
        ASSIGN_OR_RETURN(const int64_t panel, ReadParameter(m.tx(), kArgumentPanelMinimum));
        if (absl::Status status = Validate(record, Today(context), panel); !status.ok()) {
          // The domain's field in the words of the contract.
          static const std::map<std::string, std::string> kFields = {{"panel_person_ids", "panel"},
                                                                     {"date", "argued_on"},
                                                                     {"four_class", "named_class"},
                                                                     {"opinion", "opinions"},
                                                                     {"attachments", "evidence"}};
          for (const FieldViolation& v : GetErrorDetail(status).violations) {
            auto name = kFields.find(v.field);
            return InvalidField(Cat("argument.", name == kFields.end() ? v.field : name->second),
                                v.description)
                .Build();
          }
          return status;
        }
        RETURN_IF_ERROR(
            blob::UseEvidence(m, message.mutable_evidence(),
                              {"argument", row.id, "RecordArgument", "argument.evidence",
                               SubjectTable().EvidenceKinds("record_argument")}));
        row.payload = message.SerializeAsString();
        RETURN_IF_ERROR(InsertArgument(m.tx(), row));
        // An argument is a fact: the next batch judges the subject again.
        RETURN_IF_ERROR(BumpFactsVersion(m.tx(), {subject_id}, context.now));
        RETURN_IF_ERROR(
            covering.mutation().Audit("argument", row.id, row.region_path, nullptr, message));
        RETURN_IF_ERROR(
            SyncEvaluationsOf(m.tx(), subjects, inbox::ActOf(m, "record_argument", WorkCalendar)));
        RETURN_IF_ERROR(
            SyncEntriesOf(m.tx(), {subject_id}, inbox::ActOf(m, "record_argument", WorkCalendar)));
        return message;
      });
}

absl::StatusOr<v1::ListArgumentsResponse> ListArguments(CallContext& context,
                                                        const v1::ListArgumentsRequest& request) {
  ASSIGN_OR_RETURN(const Ulid subject_id, Ulid::Parse(request.subject_id()));
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> rows,
                   LoadArguments(context.db, {subject_id}, context.scope));
  v1::ListArgumentsResponse response;
  for (const ArgumentRow& row : rows) {
    if (!response.add_arguments()->ParseFromString(row.payload)) {
      return absl::DataLossError("a stored argument cannot be read");
    }
  }
  return response;
}

}  // namespace bangfu::evaluation
