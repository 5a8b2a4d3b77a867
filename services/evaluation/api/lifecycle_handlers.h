// The rpcs of the lifecycle, in files by what they decide. api/lifecycle_api.cc registers them, and
// runs them for many at once (BatchAdvance).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/rpc/call_context.h"
#include "services/evaluation/api/lifecycle_step.h"

namespace bangfu::evaluation {

// The county's review and the departments' signatures (api/review_handlers.cc).
absl::StatusOr<v1::Evaluation> AcceptEvaluation(rpc::CallContext& context,
                                                const v1::AcceptEvaluationRequest& request);
absl::StatusOr<v1::Evaluation> SignJointly(rpc::CallContext& context,
                                           const v1::SignJointlyRequest& request);
// The departments that have to confirm; the reviewer's signature is the lead's.
absl::Status BeginJoint(Step& step, const std::vector<Item*>& items);

// Overrides of the computed class (api/override_handlers.cc).
absl::StatusOr<v1::Evaluation> ProposeOverride(rpc::CallContext& context,
                                               const v1::ProposeOverrideRequest& request);
absl::StatusOr<v1::Evaluation> ApproveOverride(rpc::CallContext& context,
                                               const v1::ApproveOverrideRequest& request);
absl::StatusOr<v1::Evaluation> RejectOverride(rpc::CallContext& context,
                                              const v1::RejectOverrideRequest& request);
absl::StatusOr<v1::Evaluation> FileOverride(rpc::CallContext& context,
                                            const v1::FileOverrideRequest& request);

// The publicity of the class (api/class_publicity.cc).
absl::StatusOr<v1::Evaluation> StartClassPublicity(rpc::CallContext& context,
                                                   const v1::StartClassPublicityRequest& request);

// Into force and out of it (api/effective_handlers.cc).
absl::StatusOr<v1::Evaluation> MakeOneEffective(rpc::CallContext& context,
                                                const v1::MakeEffectiveRequest& request);
absl::StatusOr<v1::Evaluation> VoidEvaluation(rpc::CallContext& context,
                                              const v1::VoidEvaluationRequest& request);

// Arguments of the experts' panel and its signatures (api/argument_handlers.cc).
absl::StatusOr<v1::ArgumentRecord> RecordArgument(rpc::CallContext& context,
                                                  const v1::RecordArgumentRequest& request);
absl::StatusOr<v1::ArgumentRecord> SignArgument(rpc::CallContext& context,
                                                const v1::SignArgumentRequest& request);
absl::StatusOr<v1::ArgumentRecord> WithdrawArgument(rpc::CallContext& context,
                                                    const v1::WithdrawArgumentRequest& request);
absl::StatusOr<v1::ArgumentRecord> GetOneArgument(rpc::CallContext& context,
                                                  const v1::GetArgumentRequest& request);
absl::StatusOr<v1::BatchGetArgumentsResponse> BatchGetArguments(
    rpc::CallContext& context, const v1::BatchGetArgumentsRequest& request);
absl::StatusOr<v1::ListArgumentsResponse> ListArguments(rpc::CallContext& context,
                                                        const v1::ListArgumentsRequest& request);

}  // namespace bangfu::evaluation
