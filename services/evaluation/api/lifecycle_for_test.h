// What the tests of an evaluation's way from review to effect stand on.
#pragma once

#include <string>

#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {

class EvaluationLifecycle : public ::testing::Test {
 protected:
  std::string RefusalOf(const v1::Evaluation& e, const std::string& action) {
    for (const auto& a : e.allowed_actions()) {
      if (a.action() == action) return a.allowed() ? "allowed" : a.refusal_reason();
    }
    return "not offered";
  }
  v1::Evaluation GetAs(const Ulid& id, const std::string& token) {
    v1::GetEvaluationRequest request;
    request.set_id(id.ToString());
    auto got = w_.Call<v1::Evaluation>(Cat(kEvaluationService, "GetEvaluation"), request, token);
    EXPECT_OK(got);
    return got.ok() ? *got : v1::Evaluation();
  }
  LifecycleWorld w_;
};

}  // namespace bangfu::evaluation
