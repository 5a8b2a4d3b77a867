// The ledger over its rpcs: subjects brought into a class, the signatures of the levels, and plans
// of measures. What only progress or only the tables ask for stands in their tests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {

inline constexpr char kVillage1[] = "360733101201";
inline constexpr char kVillage2[] = "360733101202";
inline constexpr char kOtherTownship[] = "360733102201";
inline constexpr char kOtherCounty[] = "360734101201";

class EvaluationLedger : public ::testing::Test {
 protected:
  // A subject with the class in force.
  Ulid InForce(v1::EvaluationResult result, LifecycleWorld::SubjectOptions options = {}) {
    const Ulid subject = w_.AddSubject(options);
    Classify(subject, result);
    return subject;
  }
  void Classify(const Ulid& subject, v1::EvaluationResult result) {
    std::string argument;
    if (result == v1::EVALUATION_RESULT_ADJUST) {
      argument = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
    }
    const Ulid id = w_.Compute(subject, result, "G4");
    // Steps of any county, by persons of the city's reach.
    v1::AcceptEvaluationRequest accept;
    accept.set_argument_id(argument);
    ASSERT_OK(w_.Step("AcceptEvaluation", accept, id,
                      w_.Token(auth::Role::ROLE_COUNTY_APPROVER, "3607", "approver")));
    v1::StartClassPublicityRequest publicise;
    publicise.add_channels("村务公开栏");
    auto started = w_.Step("StartClassPublicity", publicise, id,
                           w_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "3607", "operator"));
    ASSERT_OK(started);
    w_.PassDays(8);
    publicity::v1::ConcludePublicityRequest conclude;
    conclude.set_id(started->publicity_id());
    ASSERT_OK(w_.Call<publicity::v1::Publicity>(
        Cat(kPublicityService, "ConcludePublicity"), conclude,
        w_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "3607", "operator")));
    ASSERT_OK(w_.Step("MakeEffective", v1::MakeEffectiveRequest(), id,
                      w_.Token(auth::Role::ROLE_COUNTY_APPROVER, "3607", "approver")));
  }

  static auth::Role SignerOf(const std::string& region) {
    return region.size() == 6   ? auth::Role::ROLE_COUNTY_APPROVER
           : region.size() == 9 ? auth::Role::ROLE_TOWNSHIP_APPROVER
                                : auth::Role::ROLE_VILLAGE_REPORTER;
  }
  // What the ledger tells a person who signs for the region: "allowed", or why not.
  std::string MaySign(const std::string& region, const std::string& person) {
    v1::GetLedgerStatusRequest request;
    request.set_region_code(region);
    auto status = w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), request,
                                            w_.Token(SignerOf(region), region, person));
    if (!status.ok() || status->allowed_actions_size() != 1) return "not told";
    const type::v1::AllowedAction& action = status->allowed_actions(0);
    EXPECT_EQ(action.action(), "sign_ledger");
    EXPECT_EQ(action.refusal_zh().empty(), action.allowed());
    return action.allowed() ? "allowed" : action.refusal_reason();
  }
  v1::LedgerStatus Status(const std::string& region) {
    v1::GetLedgerStatusRequest request;
    request.set_region_code(region);
    auto status =
        w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), request, w_.Province());
    EXPECT_OK(status);
    return status.ok() ? *status : v1::LedgerStatus();
  }
  absl::StatusOr<v1::LedgerStatus> SignWith(const std::string& region, const std::string& sha,
                                            const std::string& person) {
    v1::SignLedgerRequest request;
    request.set_region_code(region);
    request.set_rows_sha256(sha);
    return w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request,
                                     w_.Token(SignerOf(region), region, person));
  }
  absl::StatusOr<v1::LedgerStatus> Sign(const std::string& region, const std::string& person) {
    return SignWith(region, Status(region).rows_sha256(), person);
  }

  v1::MeasurePlan Plan(const std::string& cause, const std::vector<std::string>& codes,
                       const std::string& argument = "") {
    v1::MeasurePlan plan;
    plan.set_cause(cause);
    for (const std::string& code : codes) {
      v1::PlannedMeasure* measure = plan.add_measures();
      measure->set_code(code);
      if (code == "FACILITY_BUILD") measure->add_parts("WATER");
    }
    plan.set_responsible_unit("麻州镇人民政府");
    plan.set_responsible_person("李明");
    SetDay(absl::CivilDay(2027, 6, 30), plan.mutable_due());
    plan.set_argument_id(argument);
    return plan;
  }
  absl::StatusOr<v1::LedgerEntry> PlanIt(const Ulid& subject, const v1::MeasurePlan& plan) {
    auto entry = w_.OpenEntry(subject);
    if (!entry.ok()) return entry.status();
    v1::PlanMeasuresRequest request;
    request.set_id(entry->id());
    *request.mutable_plan() = plan;
    return w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), request, w_.Operator());
  }

  v1::T14 T14(const std::string& region) {
    v1::GetT14Request request;
    request.set_region_code(region);
    auto t14 = w_.Call<v1::T14>(Cat(kLedgerService, "GetT14"), request, w_.Province());
    EXPECT_OK(t14);
    return t14.ok() ? *t14 : v1::T14();
  }

  LifecycleWorld w_;
};

}  // namespace bangfu::evaluation
