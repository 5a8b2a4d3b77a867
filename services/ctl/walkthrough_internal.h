// The acts of the walkthrough, a file each, and what they share; for the walkthrough's files only.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "google/type/date.pb.h"
#include "services/ctl/context.h"
#include "services/ctl/people.h"
#include "services/ctl/walkthrough.h"

namespace bangfu::ctl {

inline constexpr char kInventory[] = "bangfu.registry.v1.InventoryService.";
inline constexpr char kVerification[] = "bangfu.registry.v1.VerificationService.";
inline constexpr char kEvaluation[] = "bangfu.evaluation.v1.EvaluationService.";
inline constexpr char kLedger[] = "bangfu.evaluation.v1.LedgerService.";
inline constexpr char kPublicity[] = "bangfu.publicity.v1.PublicityService.";
inline constexpr char kProvince[] = "36";

// Begins a step on the screen.
void Title(std::string_view text);
google::type::Date DateOf(absl::CivilDay day);

// One walk through the policy: who takes part, and what one act leaves for the next.
struct Walk {
  Walk(const Context& context, const WalkthroughOptions& given);
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  // By the services' clocks.
  absl::Time Now() const;
  absl::CivilDay Today() const;
  // Who signs for a department other than the lead.
  absl::StatusOr<Context*> Signer(const std::string& department, int number);
  // Every consumer has what its source has committed so far.
  absl::Status WaitForFeeds();
  absl::StatusOr<std::vector<evaluation::v1::Evaluation>> Evaluations(
      evaluation::v1::EvaluationState state);
  // Each of the argument's panel, the sample's experts, signs in agreement.
  absl::Status SignArgument(const evaluation::v1::ArgumentRecord& argument);
  // One step for many evaluations; tells how many took it, and why the first other one did not.
  absl::Status Advance(Context& context, evaluation::v1::AdvanceStep step,
                       const std::vector<evaluation::v1::Evaluation>& evaluations,
                       std::string_view title, const std::string& department = "");

  const Context base;
  const WalkthroughOptions options;
  People people;
  const std::string city;
  std::string campaign;             // id; Prepare and Resume find it
  absl::CivilDay village_deadline;  // of the campaign, beside it
  std::set<std::string> late;       // villages that do not report in time, by Prepare
};

// walkthrough_preparation.cc: the plan of the sample, regions, persons, the campaign.
absl::Status Prepare(Walk& walk);
// What Prepare has left behind, for a walk that goes on later.
absl::Status Resume(Walk& walk);
// walkthrough_registry.cc: leading industries, operators, the tables that are imported, the chain.
absl::Status FillRegistry(Walk& walk);
// walkthrough_inventory.cc: villages report, townships pass, the county verifies, samples.
absl::Status TakeInventory(Walk& walk);
// walkthrough_evaluation.cc: experts score, all is evaluated, the county reviews and confirms.
absl::Status EvaluateAndReview(Walk& walk);
// walkthrough_publicity.cc: an objection is raised; once the days are over, results take effect.
absl::Status Publicise(Walk& walk);
absl::Status MakeEffective(Walk& walk);
// walkthrough_ledger.cc: measures for what is to be revitalised, signatures level by level.
absl::Status KeepLedgers(Walk& walk);
// walkthrough_period.cc: the report period, frozen, signed and submitted.
absl::Status FreezeAndReport(Walk& walk);
// walkthrough_show.cc: what has come of it, and that it can be trusted.
absl::Status Show(Walk& walk);

}  // namespace bangfu::ctl
