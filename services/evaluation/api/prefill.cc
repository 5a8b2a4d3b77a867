#include "services/evaluation/api/prefill.h"

#include <memory>
#include <optional>
#include <utility>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/ledger_store.h"

namespace bangfu::evaluation {
namespace {

using dictionary::Prefilled;
using dictionary::v1::PrefillFormRequest;
using rpc::CallContext;

absl::StatusOr<Ulid> SubjectId(const PrefillFormRequest& request) {
  if (request.subject_id().empty()) return InvalidField("subject_id", "必填").Build();
  return Ulid::Parse(request.subject_id());
}

// The newest argument of a subject, named as the source of what is offered.
absl::StatusOr<std::optional<ArgumentRow>> NewestArgument(CallContext& context, const Ulid& subject,
                                                          Prefilled* out) {
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> rows,
                   LoadArguments(context.db, {subject}, context.scope));
  if (rows.empty()) return std::nullopt;
  out->records["evaluation.v1.ArgumentRecord"] = {rows[0].id.ToString(), "论证记录"};
  return std::move(rows[0]);
}

absl::StatusOr<Prefilled> PrefillPlan(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request));
  ASSIGN_OR_RETURN(const LedgerRow row, GetEntry(context.db, id, context.scope));
  ASSIGN_OR_RETURN(const v1::LedgerEntry entry, ToMessage(row));
  auto form = std::make_shared<v1::PlanMeasuresRequest>();
  form->set_id(entry.id());
  form->set_etag(entry.etag());
  Prefilled out{form, {}};
  // A plan that stands is changed, not written anew.
  if (entry.has_plan()) *form->mutable_plan() = entry.plan();
  ASSIGN_OR_RETURN(const auto argument, NewestArgument(context, row.subject_id, &out));
  if (argument) {
    form->mutable_plan()->set_cause(argument->cause);
    form->mutable_plan()->set_argument_id(argument->id.ToString());
  }
  return out;
}

// The forms of one evaluation that may name an argument.
template <typename Request>
absl::StatusOr<Prefilled> PrefillStep(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request));
  ASSIGN_OR_RETURN(const EvaluationRow row, GetEvaluation(context.db, id, context.scope));
  ASSIGN_OR_RETURN(const v1::Evaluation evaluation, ToMessage(row));
  auto form = std::make_shared<Request>();
  form->set_id(evaluation.id());
  form->set_etag(evaluation.etag());
  Prefilled out{form, {}};
  ASSIGN_OR_RETURN(const auto argument, NewestArgument(context, row.subject_id, &out));
  if (argument) form->set_argument_id(argument->id.ToString());
  return out;
}

}  // namespace

std::map<std::string, dictionary::Prefiller, std::less<>> Prefills() {
  return {
      {"bangfu.evaluation.v1.LedgerService.PlanMeasures", PrefillPlan},
      {"bangfu.evaluation.v1.EvaluationService.AcceptEvaluation",
       PrefillStep<v1::AcceptEvaluationRequest>},
      {"bangfu.evaluation.v1.EvaluationService.ProposeOverride",
       PrefillStep<v1::ProposeOverrideRequest>},
  };
}

}  // namespace bangfu::evaluation
