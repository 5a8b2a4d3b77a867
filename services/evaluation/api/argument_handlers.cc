// What a panel of experts argued on a subject.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/contract/time.h"
#include "common/inbox/service.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/actors.h"
#include "services/evaluation/api/lifecycle_handlers.h"
#include "services/evaluation/api/lifecycle_step.h"
#include "services/evaluation/convert/argument_message.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/domain/argument_actions.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/argument_work.h"
#include "services/evaluation/jobs/evaluation_work.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

using rpc::CallContext;
using rpc::Mutation;

namespace {

// Who records an argument speaks for nobody of its panel, and nobody has two seats in it.
absl::Status CheckPanel(const v1::ArgumentRecord& argument, const workflow::Person& recorder) {
  std::set<std::string> seats;
  for (int i = 0; i < argument.panel_size(); ++i) {
    const std::string& person = argument.panel(i).person();
    const std::string field = Cat("argument.panel[", i, "].person");
    if (!seats.insert(person).second) return InvalidField(field, "专家重复").Build();
    if (recorder.Names(person)) {
      return FailedPrecondition("RECORDER_ON_PANEL", "登记人不能同时是论证专家")
          .Field(field, "登记人不能同时是论证专家")
          .Build();
    }
  }
  return absl::OkStatus();
}

// The messages of the rows, with signatures and with what the caller may do, in the rows' order.
absl::StatusOr<std::vector<v1::ArgumentRecord>> Shown(mysql::Executor& db,
                                                      const CallContext& context,
                                                      const std::vector<ArgumentRow>& rows) {
  std::vector<Ulid> ids, subject_ids;
  for (const ArgumentRow& row : rows) {
    ids.push_back(row.id);
    subject_ids.push_back(row.subject_id);
  }
  ASSIGN_OR_RETURN(const auto signatures, LoadArgumentSignatures(db, ids));
  ASSIGN_OR_RETURN(const SubjectMap subjects, LoadSubjects(db, subject_ids, std::nullopt));
  ASSIGN_OR_RETURN(const GrantScope scope,
                   GrantScope::Load(db, context.caller, subject_ids, Today(context)));
  std::vector<v1::ArgumentRecord> out;
  for (const ArgumentRow& row : rows) {
    ASSIGN_OR_RETURN(v1::ArgumentRecord message, ToMessage(row, signatures));
    ArgumentSubject view = SubjectOf(message);
    const auto subject = subjects.find(row.subject_id);
    view.subject_void = subject != subjects.end() && subject->second.is_void;
    workflow::FillAllowedActions(
        ArgumentTable().Allowed(
            view, workflow::ActorAt(context.caller, row.region_path, scope.Of(row.subject_id))),
        message.mutable_allowed_actions());
    out.push_back(std::move(message));
  }
  return out;
}

// An argument that a step of its own is about, locked behind its subject as every step does it.
struct LockedArgument {
  SubjectMap subjects;
  ArgumentRow row;
  std::vector<ArgumentSignatureRow> signatures;
  v1::ArgumentRecord before;
  GrantScope scope;
};

// The caller may take the step; ETAG_MISMATCH when it is no longer what they saw.
absl::StatusOr<LockedArgument> LockForStep(Mutation& m, const CallContext& context,
                                           const std::string& id_text, const std::string& etag,
                                           std::string_view action) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(id_text));
  ASSIGN_OR_RETURN(const ArgumentRow seen, GetArgument(m.tx(), id, context.scope));
  ASSIGN_OR_RETURN(SubjectMap subjects, LockSubjects(m.tx(), {seen.subject_id}));
  const auto subject = subjects.find(seen.subject_id);
  if (subject == subjects.end()) return NotFound("argument_record", id_text);
  ASSIGN_OR_RETURN(ArgumentRow row, LockArgument(m.tx(), id));
  ASSIGN_OR_RETURN(auto signatures, LoadArgumentSignatures(m.tx(), {id}));
  ASSIGN_OR_RETURN(v1::ArgumentRecord before, ToMessage(row, signatures));
  if (!etag.empty() && etag != before.etag()) return EtagMismatch();
  ASSIGN_OR_RETURN(GrantScope scope,
                   GrantScope::Load(m.tx(), context.caller, {row.subject_id}, Today(context)));
  ArgumentSubject view = SubjectOf(before);
  view.subject_void = subject->second.is_void;
  RETURN_IF_ERROR(
      ArgumentTable()
          .Execute(view, action,
                   workflow::ActorAt(context.caller, row.region_path, scope.Of(row.subject_id)))
          .status());
  return LockedArgument{std::move(subjects), std::move(row), std::move(signatures),
                        std::move(before), std::move(scope)};
}

absl::StatusOr<v1::ArgumentRecord> ShownOne(mysql::Executor& db, const CallContext& context,
                                            const ArgumentRow& row) {
  ASSIGN_OR_RETURN(std::vector<v1::ArgumentRecord> messages, Shown(db, context, {row}));
  return std::move(messages[0]);
}

}  // namespace

absl::StatusOr<v1::ArgumentRecord> RecordArgument(CallContext& context,
                                                  const v1::RecordArgumentRequest& request) {
  ASSIGN_OR_RETURN(const Ulid subject_id, Ulid::Parse(request.argument().subject_id()));
  const std::optional<absl::CivilDay> day = DayOf(request.argument().argued_on());
  if (!day) return InvalidField("argument.argued_on", "没有此日期").Build();
  ASSIGN_OR_RETURN(const MeasureCatalogue catalogue, LoadMeasures(context.db, Today(context)));
  const CauseDef* cause = catalogue.FindCause(request.argument().cause());
  if (!request.argument().cause().empty() && (cause == nullptr || !cause->in_force)) {
    return InvalidField("argument.cause", "没有此困难原因").Build();
  }
  return rpc::Mutate<v1::ArgumentRecord>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ArgumentRecord> {
        ASSIGN_OR_RETURN(const SubjectMap seen, LoadSubjects(m.tx(), {subject_id}, context.scope));
        if (seen.empty()) return NotFound("subject", request.argument().subject_id());
        // What waits on the argument goes when its subject becomes void: one after the other.
        ASSIGN_OR_RETURN(const SubjectMap subjects, LockSubjects(m.tx(), {subject_id}));
        const auto subject = subjects.find(subject_id);
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
        row.state = v1::ARGUMENT_STATE_SIGNING;
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
        RETURN_IF_ERROR(CheckPanel(message, record.recorded_by));
        RETURN_IF_ERROR(
            blob::UseEvidence(m, message.mutable_evidence(),
                              {"argument", row.id, "RecordArgument", "argument.evidence",
                               SubjectTable().EvidenceKinds("record_argument")}));
        row.payload = message.SerializeAsString();
        RETURN_IF_ERROR(InsertArgument(m.tx(), row));
        ASSIGN_OR_RETURN(const v1::ArgumentRecord after, ToMessage(row, {}));
        RETURN_IF_ERROR(
            covering.mutation().Audit("argument", row.id, row.region_path, nullptr, after));
        // It is no fact before it is signed; but who had to bring it about has done so, and nobody
        // waits for the signatures of the one before it.
        const inbox::Act act = inbox::ActOf(m, "record_argument", WorkCalendar);
        RETURN_IF_ERROR(SyncArgumentsOf(m.tx(), subjects, act));
        RETURN_IF_ERROR(SyncEvaluationsOf(m.tx(), subjects, act));
        RETURN_IF_ERROR(SyncEntriesOf(m.tx(), {subject_id}, act));
        return ShownOne(m.tx(), context, row);
      });
}

absl::StatusOr<v1::ArgumentRecord> SignArgument(CallContext& context,
                                                const v1::SignArgumentRequest& request) {
  const bool dissents = request.opinion() == v1::PANEL_OPINION_DISSENTS;
  if (dissents != !absl::StripAsciiWhitespace(request.dissent()).empty()) {
    return InvalidField("dissent", dissents ? "不同意须写明理由" : "同意时不填写").Build();
  }
  return rpc::Mutate<v1::ArgumentRecord>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ArgumentRecord> {
        ASSIGN_OR_RETURN(LockedArgument locked,
                         LockForStep(m, context, request.id(), request.etag(), "sign_argument"));
        ArgumentRow& row = locked.row;
        const rpc::Covering covering(m, locked.scope.Of(row.subject_id));
        locked.signatures.push_back({row.id, context.caller.subject,
                                     static_cast<int>(request.opinion()), request.dissent(),
                                     context.now});
        RETURN_IF_ERROR(InsertArgumentSignature(m.tx(), locked.signatures.back()));
        ASSIGN_OR_RETURN(const v1::ArgumentRecord signed_now, ToMessage(row, locked.signatures));
        row.state = static_cast<int>(StateOf(SubjectOf(signed_now).panel));
        RETURN_IF_ERROR(UpdateArgument(m.tx(), row));
        ASSIGN_OR_RETURN(const v1::ArgumentRecord after, ToMessage(row, locked.signatures));
        RETURN_IF_ERROR(
            covering.mutation().Audit("argument", row.id, row.region_path, &locked.before, after));
        const inbox::Act act = inbox::ActOf(m, "sign_argument", WorkCalendar);
        RETURN_IF_ERROR(SyncArguments(m.tx(), {row}, locked.subjects, act));
        // A signed argument is a fact: the next batch judges the subject again.
        if (row.state == v1::ARGUMENT_STATE_SIGNED) {
          RETURN_IF_ERROR(
              NoteNewFacts(m.tx(), locked.subjects, {row.subject_id}, context.now, act));
        }
        if (row.state != v1::ARGUMENT_STATE_SIGNING) {
          RETURN_IF_ERROR(SyncEvaluationsOf(m.tx(), locked.subjects, act));
          RETURN_IF_ERROR(SyncEntriesOf(m.tx(), {row.subject_id}, act));
        }
        return ShownOne(m.tx(), context, row);
      });
}

absl::StatusOr<v1::ArgumentRecord> WithdrawArgument(CallContext& context,
                                                    const v1::WithdrawArgumentRequest& request) {
  if (absl::StripAsciiWhitespace(request.reason()).empty()) {
    return InvalidField("reason", "须写明撤回原因").Build();
  }
  return rpc::Mutate<v1::ArgumentRecord>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ArgumentRecord> {
        ASSIGN_OR_RETURN(LockedArgument locked, LockForStep(m, context, request.id(),
                                                            request.etag(), "withdraw_argument"));
        ArgumentRow& row = locked.row;
        const rpc::Covering covering(m, locked.scope.Of(row.subject_id));
        v1::ArgumentWithdrawal withdrawal;
        *withdrawal.mutable_withdrawn_by() =
            ToMessage(covering.mutation().ActorAt(row.region_path));
        SetTime(context.now, withdrawal.mutable_withdrawn_at());
        withdrawal.set_reason(request.reason());
        row.withdrawal = withdrawal.SerializeAsString();
        row.state = v1::ARGUMENT_STATE_WITHDRAWN;
        RETURN_IF_ERROR(UpdateArgument(m.tx(), row));
        ASSIGN_OR_RETURN(const v1::ArgumentRecord after, ToMessage(row, locked.signatures));
        RETURN_IF_ERROR(covering.mutation().Audit("argument", row.id, row.region_path,
                                                  &locked.before, after, request.reason()));
        // Nobody of its panel signs it any more; what was argued before is waited for again, or
        // another argument is.
        const inbox::Act act = inbox::ActOf(m, "withdraw_argument", WorkCalendar);
        RETURN_IF_ERROR(SyncArguments(m.tx(), {row}, locked.subjects, act));
        RETURN_IF_ERROR(SyncArgumentsOf(m.tx(), locked.subjects, act));
        RETURN_IF_ERROR(SyncEvaluationsOf(m.tx(), locked.subjects, act));
        RETURN_IF_ERROR(SyncEntriesOf(m.tx(), {row.subject_id}, act));
        return ShownOne(m.tx(), context, row);
      });
}

absl::StatusOr<v1::ArgumentRecord> GetOneArgument(CallContext& context,
                                                  const v1::GetArgumentRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(const ArgumentRow row, GetArgument(context.db, id, context.scope));
  return ShownOne(context.db, context, row);
}

absl::StatusOr<v1::BatchGetArgumentsResponse> BatchGetArguments(
    CallContext& context, const v1::BatchGetArgumentsRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(request.ids()));
  ASSIGN_OR_RETURN(const std::vector<ArgumentRow> rows,
                   GetArguments(context.db, ids, context.scope));
  ASSIGN_OR_RETURN(const std::vector<v1::ArgumentRecord> messages,
                   Shown(context.db, context, rows));
  v1::BatchGetArgumentsResponse response;
  rpc::AnswerInOrder(ids, messages, response.mutable_arguments(), response.mutable_missing_ids());
  return response;
}

absl::StatusOr<v1::ListArgumentsResponse> ListArguments(CallContext& context,
                                                        const v1::ListArgumentsRequest& request) {
  ASSIGN_OR_RETURN(const Ulid subject_id, Ulid::Parse(request.subject_id()));
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> rows,
                   LoadArguments(context.db, {subject_id}, context.scope));
  ASSIGN_OR_RETURN(std::vector<v1::ArgumentRecord> messages, Shown(context.db, context, rows));
  v1::ListArgumentsResponse response;
  for (v1::ArgumentRecord& message : messages) *response.add_arguments() = std::move(message);
  return response;
}

}  // namespace bangfu::evaluation
