// The county accepts what was computed, and the departments sign.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/rpc/mutation.h"
#include "common/status/macros.h"
#include "services/evaluation/api/lifecycle_handlers.h"
#include "services/evaluation/api/lifecycle_step.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/lifecycle.h"
#include "services/evaluation/facts/departments.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;

absl::Status Accept(Step& step, const std::vector<Item*>& asked) {
  std::vector<Item*> done;
  for (Item* item : asked) {
    if (!step.May(*item, "accept")) continue;
    const ArgumentRecord* argument = item->view.argument ? &*item->view.argument : nullptr;
    ASSIGN_OR_RETURN(FourClass decided, CheckAccept(item->view.computed, argument, step.today()));
    item->message.set_final_class(static_cast<type::v1::FourClass>(decided));
    // The argument that the class rests on; the others only stand by.
    if (argument != nullptr &&
        (item->view.computed.result == Result::kManualReview || decided == FourClass::kAdjust)) {
      item->message.set_argument_id(argument->id);
    }
    done.push_back(item);
  }
  return BeginJoint(step, done);
}

absl::Status Sign(Step& step, const std::vector<Item*>& asked, const std::string& department) {
  for (Item* item : asked) {
    item->view.department = department;
    if (!step.May(*item, "sign")) continue;
    bool missing = false;
    for (v1::JointSignature& j : *item->message.mutable_joint_signatures()) {
      if (j.department() == department) {
        *j.mutable_signed_by() = step.ActorFor(*item);
        SetTime(step.mutation().context().now, j.mutable_signed_at());
      }
      missing = missing || !j.has_signed_by();
    }
    if (!missing) item->message.set_state(v1::EVALUATION_STATE_JOINT_CONFIRMED);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BeginJoint(Step& step, const std::vector<Item*>& items) {
  std::vector<Ulid> subjects;
  for (Item* item : items) subjects.push_back(item->row.subject_id);
  ASSIGN_OR_RETURN(auto required,
                   RequiredDepartments(step.mutation().tx(), subjects, step.today()));
  for (Item* item : items) {
    item->message.clear_joint_signatures();
    const type::v1::Actor actor = step.ActorFor(*item);
    bool missing = false;
    for (const std::string& department : required[item->row.subject_id]) {
      v1::JointSignature* j = item->message.add_joint_signatures();
      j->set_department(department);
      if (department == kLeadDepartment) {
        *j->mutable_signed_by() = actor;
        SetTime(step.mutation().context().now, j->mutable_signed_at());
      } else {
        missing = true;
      }
    }
    *item->message.mutable_reviewed_by() = actor;
    item->message.set_state(missing ? v1::EVALUATION_STATE_COUNTY_REVIEWED
                                    : v1::EVALUATION_STATE_JOINT_CONFIRMED);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Evaluation> AcceptEvaluation(CallContext& context,
                                                const v1::AcceptEvaluationRequest& request) {
  ASSIGN_OR_RETURN(std::optional<Ulid> argument, OptionalId(request.argument_id()));
  return One(context, request, request.etag(), {.arguments = true, .argument_id = argument},
             [](Step& step, Item& item) { return Accept(step, {&item}); });
}

absl::StatusOr<v1::Evaluation> SignJointly(CallContext& context,
                                           const v1::SignJointlyRequest& request) {
  return One(context, request, request.etag(), {},
             [&](Step& step, Item& item) { return Sign(step, {&item}, request.department()); });
}

}  // namespace bangfu::evaluation
