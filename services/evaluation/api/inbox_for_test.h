// What the tests of evaluations and the ledger in the inbox share: who finds what among their work,
// and the steps that they take.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/domain/measures.h"
#include "services/evaluation/facts/measure_codes.h"

namespace bangfu::evaluation {

inline constexpr char kInboxService[] = "bangfu.inbox.v1.InboxService.";
inline constexpr char kCriteriaService[] = "bangfu.evaluation.v1.CriteriaService.";

class EvaluationInbox : public ::testing::Test {
 protected:
  std::vector<inbox::v1::WorkItem> Mine(const std::string& token) {
    inbox::v1::ListMyWorkRequest request;
    request.set_page_size(500);
    auto page =
        w_.Call<inbox::v1::ListMyWorkResponse>(Cat(kInboxService, "ListMyWork"), request, token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  std::vector<std::string> Kinds(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) {
      out.push_back(item.slot().empty() || item.kind() == "OBJECTION_ANSWER"
                        ? item.kind()
                        : Cat(item.kind(), " ", item.slot()));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  absl::StatusOr<publicity::v1::Publicity> Object(const std::string& publicity_id,
                                                  const std::string& token) {
    publicity::v1::RaiseObjectionRequest raise;
    raise.set_id(publicity_id);
    raise.set_raised_by("王小明");
    raise.set_text("投入金额与公示不符");
    return w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "RaiseObjection"), raise,
                                             token);
  }
  v1::LedgerStatus Status(const std::string& region) {
    v1::GetLedgerStatusRequest request;
    request.set_region_code(region);
    auto status =
        w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), request, w_.Province());
    EXPECT_OK(status);
    return status.ok() ? *status : v1::LedgerStatus();
  }
  std::string SignerOf(const std::string& region, const std::string& person) {
    return w_.Token(region.size() == 6   ? auth::Role::ROLE_COUNTY_APPROVER
                    : region.size() == 9 ? auth::Role::ROLE_TOWNSHIP_APPROVER
                                         : auth::Role::ROLE_VILLAGE_REPORTER,
                    region, person);
  }
  absl::Status SignLedger(const std::string& region, const std::string& person) {
    v1::SignLedgerRequest request;
    request.set_region_code(region);
    request.set_rows_sha256(Status(region).rows_sha256());
    if (request.rows_sha256().empty()) return absl::FailedPreconditionError("no rows");
    return w_
        .Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request,
                                SignerOf(region, person))
        .status();
  }
  // A token of one who has this role on another's behalf, until the person is lent another.
  std::string Lent(const std::string& person, const std::string& by, auth::Role role,
                   const std::string& region) {
    w_.world().held().Lend(person, by, role, region, w_.server().ids().Next());
    return testing::PersonToken(w_.server(), person);
  }
  // A plan of the first measure that the class, and for 盘活类 the cause, allows.
  absl::Status PlanIt(const v1::LedgerEntry& entry, const std::string& argument) {
    v1::PlanMeasuresRequest request;
    request.set_id(entry.id());
    v1::MeasurePlan* plan = request.mutable_plan();
    if (entry.class_() == type::v1::FOUR_CLASS_REVITALIZE) plan->set_cause("CASHFLOW_MARKET");
    ASSIGN_OR_RETURN(const MeasureCatalogue catalogue,
                     LoadMeasures(w_.db(), ShanghaiDay(w_.server().clock().Now())));
    for (const MeasureDef& def : catalogue.measures) {
      if (static_cast<int>(def.four_class) != entry.class_() || def.description_required) continue;
      if (!plan->cause().empty() && !IsAllowed(*catalogue.FindCause(plan->cause()), def)) continue;
      plan->add_measures()->set_code(def.code);
      break;
    }
    plan->set_responsible_unit("麻州镇人民政府");
    plan->set_responsible_person("李明");
    SetDay(absl::CivilDay(2027, 6, 30), plan->mutable_due());
    plan->set_argument_id(argument);
    return w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), request, w_.Operator())
        .status();
  }
  absl::Status ReportProgress(const v1::LedgerEntry& entry, int32_t bp) {
    if (entry.plan().measures().empty()) return absl::FailedPreconditionError("no plan");
    v1::ReportMeasureProgressRequest request;
    request.set_id(entry.id());
    request.set_code(entry.plan().measures(0).code());
    request.set_progress_bp(bp);
    return w_
        .Call<v1::LedgerEntry>(Cat(kLedgerService, "ReportMeasureProgress"), request, w_.Operator())
        .status();
  }

  LifecycleWorld w_;
};

}  // namespace bangfu::evaluation
