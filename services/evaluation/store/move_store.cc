#include "services/evaluation/store/move_store.h"

#include "common/status/macros.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/income_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/rollup_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

absl::Status MoveSubjects(mysql::Tx& tx,
                          const std::vector<std::pair<Ulid, std::string>>& subjects_to_paths) {
  if (subjects_to_paths.empty()) return absl::OkStatus();
  std::vector<Ulid> ids;
  for (const auto& [id, path] : subjects_to_paths) ids.push_back(id);
  ASSIGN_OR_RETURN(auto open, LockOpenEntries(tx, ids));
  ClassRollup rollup;
  CloseOutRollup close_outs;
  RETURN_IF_ERROR(close_outs.Lock(tx, ids));
  for (const auto& [id, path] : subjects_to_paths) {
    for (const char* sql : {"UPDATE evaluation SET region_path = ? WHERE subject_id = ?",
                            "UPDATE argument_record SET region_path = ? WHERE subject_id = ?",
                            "UPDATE appraisal SET region_path = ? WHERE subject_id = ?",
                            "UPDATE dispatch_report SET region_path = ? WHERE industry_id = ?",
                            "UPDATE ledger_entry SET region_path = ? WHERE subject_id = ?"}) {
      RETURN_IF_ERROR(tx.Execute(sql, {path, id}).status());
    }
    if (auto entry = open.find(id); entry != open.end()) {
      rollup.Add(entry->second, -1);
      entry->second.region_path = path;
      rollup.Add(entry->second, +1);
    }
    close_outs.Move(id, path);
  }
  RETURN_IF_ERROR(rollup.Write(tx));
  return close_outs.Write(tx);
}

absl::Status MoveIncome(mysql::Tx& tx, const std::map<std::string, std::string>& counties,
                        absl::Time now) {
  for (const auto& [from, to] : counties) {
    if (from.empty() || to.empty() || from == to) continue;
    ASSIGN_OR_RETURN(
        const mysql::Rows left,
        tx.Query("SELECT 1 FROM subject WHERE county = ? AND subject_type = ? AND is_void = 0 "
                 "LIMIT 1",
                 {from, kProjectSubject}));
    if (!left.empty()) continue;
    RETURN_IF_ERROR(GiveIncome(tx, from, to, now));
  }
  return absl::OkStatus();
}

}  // namespace bangfu::evaluation
