#include "services/evaluation/store/region_part.h"

#include <algorithm>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/store/criteria_store.h"

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

// Drafts of a region, newest first, get the numbers after those of the sets that come there.
absl::Status NumberAfter(mysql::Tx& tx, const mysql::Rows& drafts, const std::string& from) {
  ASSIGN_OR_RETURN(
      const mysql::Rows last,
      tx.Query("SELECT COALESCE(MAX(version_no), 0) FROM criteria_set WHERE region_code = ?",
               {from}));
  for (const mysql::Row& draft : drafts) {
    ASSIGN_OR_RETURN(CriteriaSet set, ParseCriteria(draft.String(3)));
    set.version_no = static_cast<int32_t>(draft.Int(2) + last[0].Int(0));
    RETURN_IF_ERROR(tx.Execute("UPDATE criteria_set SET version_no = ?, content = ?, "
                               "content_sha256 = ?, version = version + 1 WHERE id = ?",
                               {set.version_no, CanonicalJson(set), ContentHash(set), draft.Id(0)})
                        .status());
  }
  return absl::OkStatus();
}

// A region that has criteria of its own, in force now or once, keeps to them: only what finds none
// under its new code comes there. Version by version the two would mix, and the highest number
// would be in force.
absl::StatusOr<int64_t> MoveCriteria(mysql::Tx& tx, const recode::Move& move) {
  mysql::Params params;
  std::string where = mysql::RegionClause({move.from}, "region_code", &params);
  mysql::Params twice = params;
  twice.insert(twice.end(), params.begin(), params.end());
  ASSIGN_OR_RETURN(const mysql::Rows regions,
                   tx.Query(Cat("SELECT region_code FROM criteria_set WHERE ", where,
                                " UNION SELECT region_code FROM criteria_scope WHERE ", where),
                            twice));
  int64_t total = 0;
  for (const mysql::Row& region : regions) {
    const std::string from = region.String(0);
    const std::string to = move.NewPath(from);
    ASSIGN_OR_RETURN(
        const mysql::Rows own,
        tx.Query("SELECT id, state, version_no, content FROM criteria_set WHERE region_code = ? "
                 "ORDER BY version_no DESC FOR UPDATE",
                 {to}));
    if (std::any_of(own.begin(), own.end(),
                    [](const mysql::Row& set) { return set.Int(1) != kCriteriaDraft; })) {
      continue;
    }
    RETURN_IF_ERROR(NumberAfter(tx, own, from));
    // What the sets are claimed by goes where they go.
    RETURN_IF_ERROR(tx.Execute("DELETE FROM criteria_scope WHERE region_code = ?", {to}).status());
    for (const char* table : {"criteria_scope", "criteria_set"}) {
      ASSIGN_OR_RETURN(
          const int64_t rows,
          tx.Execute(Cat("UPDATE ", table, " SET region_code = ? WHERE region_code = ?"),
                     {to, from}));
      total += rows;
    }
  }
  return total;
}

absl::StatusOr<int64_t> Rekey(mysql::Tx& tx, const recode::Move& move) {
  RETURN_IF_ERROR(DropBoards(tx, move).status());
  return MoveCriteria(tx, move);
}

}  // namespace

recode::Part RegionPart() {
  recode::Part part;
  part.moving = {{"unit_report_copy", "region_path", recode::Collision::kDrop},
                 {"chain_trend", "county"},
                 {"link_basis", "region_path"},
                 {"asset_disposal", "region_path"}};
  part.rekey = Rekey;
  part.rekeyed = {{"county_board", "county"},
                  {"criteria_set", "region_code"},
                  {"criteria_scope", "region_code"}};
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
