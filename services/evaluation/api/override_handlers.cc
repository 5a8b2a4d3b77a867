// Overrides of the computed class: proposed, approved or rejected, filed with the city.
#include <optional>
#include <utility>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/blob/service.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/api/lifecycle_handlers.h"
#include "services/evaluation/api/lifecycle_step.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/domain/lifecycle.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/store/argument_store.h"

namespace bangfu::evaluation {

using rpc::CallContext;

absl::StatusOr<v1::Evaluation> ProposeOverride(CallContext& context,
                                               const v1::ProposeOverrideRequest& request) {
  ASSIGN_OR_RETURN(std::optional<Ulid> argument, OptionalId(request.argument_id()));
  ASSIGN_OR_RETURN(const MeasureCatalogue catalogue, LoadMeasures(context.db, Today(context)));
  const OverrideReasonDef* reason = catalogue.FindOverrideReason(request.reason_code());
  if (reason == nullptr || !reason->in_force) {
    return InvalidField("reason_code", "没有此调整理由").Build();
  }
  return One(
      context, request, request.etag(), {.arguments = true, .argument_id = argument},
      [&](Step& step, Item& item) -> absl::Status {
        v1::Override proposed;
        proposed.set_from_class(static_cast<type::v1::FourClass>(
            ClassOf(item.view.computed.result).value_or(FourClass::kUnspecified)));
        proposed.set_to_class(request.to_class());
        proposed.set_reason_code(request.reason_code());
        proposed.set_reason_text(request.reason_text());
        *proposed.mutable_evidence() = request.evidence();
        *proposed.mutable_proposed_by() = step.ActorFor(item);
        item.view.override = ToDomain(proposed);
        if (!step.May(item, "propose_override")) return absl::OkStatus();
        ASSIGN_OR_RETURN(const int64_t chars,
                         ReadParameter(step.mutation().tx(), kOverrideReasonChars));
        RETURN_IF_ERROR(CheckOverrideReason(request.reason_text(), chars));
        RETURN_IF_ERROR(blob::UseEvidence(step.mutation(), proposed.mutable_evidence(),
                                          {"evaluation", item.row.id, "ProposeOverride", "evidence",
                                           EvaluationTable().EvidenceKinds("propose_override")}));
        proposed.set_needs_city_filing(proposed.from_class() == type::v1::FOUR_CLASS_UNSPECIFIED ||
                                       proposed.to_class() < proposed.from_class());
        *item.message.mutable_override() = std::move(proposed);
        item.message.clear_argument_id();
        if (item.view.argument && (argument || request.to_class() == type::v1::FOUR_CLASS_ADJUST)) {
          item.message.set_argument_id(item.view.argument->id);
        }
        return absl::OkStatus();
      },
      request.reason_text());
}

absl::StatusOr<v1::Evaluation> ApproveOverride(CallContext& context,
                                               const v1::ApproveOverrideRequest& request) {
  return One(context, request, request.etag(), {.arguments = true},
             [&](Step& step, Item& item) -> absl::Status {
               // The argument that the proposal names, not just any.
               ASSIGN_OR_RETURN(std::optional<Ulid> named, OptionalId(item.message.argument_id()));
               item.view.argument.reset();
               if (named) {
                 ASSIGN_OR_RETURN(ArgumentRow row,
                                  GetArgument(step.mutation().tx(), *named, std::nullopt));
                 ASSIGN_OR_RETURN(item.view.argument, ToDomain(row));
               }
               if (!step.May(item, "approve_override")) return absl::OkStatus();
               const workflow::Actor actor = step.ActorOn(item);
               Override override = *item.view.override;
               override.approver_person_id = actor.subject;
               override.approver_level = ApproverLevel(item.view, actor);
               ASSIGN_OR_RETURN(OverrideDecision decision,
                                CheckOverride(item.view.computed, override,
                                              item.view.argument ? &*item.view.argument : nullptr,
                                              step.today()));
               v1::Override* stored = item.message.mutable_override();
               *stored->mutable_approved_by() = step.ActorFor(item);
               stored->set_needs_city_filing(decision.needs_city_filing);
               ASSIGN_OR_RETURN(const int64_t months,
                                ReadParameter(step.mutation().tx(), kOverrideMonths));
               SetDay(OverrideExpiry(step.today(), months), stored->mutable_expires_on());
               item.message.set_final_class(static_cast<type::v1::FourClass>(decision.four_class));
               return BeginJoint(step, {&item});
             });
}

absl::StatusOr<v1::Evaluation> RejectOverride(CallContext& context,
                                              const v1::RejectOverrideRequest& request) {
  return One(
      context, request, request.etag(), {},
      [](Step& step, Item& item) -> absl::Status {
        if (!step.May(item, "reject_override")) return absl::OkStatus();
        item.message.clear_override();
        item.message.clear_argument_id();
        return absl::OkStatus();
      },
      request.reason());
}

absl::StatusOr<v1::Evaluation> FileOverride(CallContext& context,
                                            const v1::FileOverrideRequest& request) {
  return One(context, request, request.etag(), {}, [](Step& step, Item& item) -> absl::Status {
    if (step.May(item, "file_override")) item.message.mutable_override()->set_city_filed(true);
    return absl::OkStatus();
  });
}

}  // namespace bangfu::evaluation
