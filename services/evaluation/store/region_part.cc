#include "services/evaluation/store/region_part.h"

#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::evaluation {
namespace {

constexpr char kWithSubject[] = "with its subject, by MoveSubjects";
constexpr char kOfRegistry[] = "the registry's, by its feed";

// A board is counted anew within minutes, under the codes of today.
absl::StatusOr<int64_t> DropBoards(mysql::Tx& tx, const recode::Move& move) {
  mysql::Params params;
  const std::string there = mysql::RegionClause({move.from}, "county", &params);
  RETURN_IF_ERROR(tx.Execute(Cat("DELETE FROM county_board WHERE ", there), params).status());
  return 0;
}

}  // namespace

recode::Part RegionPart() {
  recode::Part part;
  // A region that has criteria of its own keeps to them.
  part.moving = {{"criteria_set", "region_code", recode::Collision::kStays},
                 {"criteria_scope", "region_code", recode::Collision::kDrop},
                 {"unit_report_copy", "region_path", recode::Collision::kDrop},
                 {"chain_trend", "county"}};
  part.rekey = DropBoards;
  part.rekeyed = {{"county_board", "county"}};
  part.staying = {
      {"subject", "region_code", "as filed"},
      {"subject", "region_path", "by the events of projects and industries"},
      {"subject", "county", "by the events of projects and industries"},
      {"evaluation", "region_path", kWithSubject},
      {"argument_record", "region_path", kWithSubject},
      {"appraisal", "region_path", kWithSubject},
      {"dispatch_report", "region_path", kWithSubject},
      {"ledger_entry", "region_path", kWithSubject},
      {"class_rollup", "county", kWithSubject},
      {"result_rollup", "county", kWithSubject},
      {"close_out_rollup", "county", kWithSubject},
      {"ledger_unit", "unit", "made anew of the entries, by SyncSigning"},
      {"household_income", "county", "by MoveIncome, with the last project"},
      {"household_income_compared", "county", "by MoveIncome, with the last project"},
      {"override_notice", "county", "judged each night of the counties as they are"},
      {"ledger_signature", "region_code", "signed of a unit as it was; the new one signs anew"},
      {"evaluation_run", "region_code", "what was asked for then"},
      {"evaluation_run_county", "county", "what was asked for then"},
      {"region_copy", "region_path", kOfRegistry},
      {"reference_copy", "region_path", kOfRegistry}};
  return part;
}

}  // namespace bangfu::evaluation
