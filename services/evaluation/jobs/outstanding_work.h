// What is outstanding of evaluations in the inbox: one item per county while verified subjects of
// it are to be evaluated (待评价), and one per township, or county, while subjects there lack data
// (待补数据).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

std::vector<inbox::Kind> OutstandingKinds();

// Subjects (locked) as they were and as they are: the regions in which something else is
// outstanding by that.
class OutstandingChanges {
 public:
  // `before` null: a new subject.
  void Add(const SubjectRow* before, const SubjectRow& after);
  // Facts of these subjects changed: who lacked data is to be evaluated. Unknown ids do nothing.
  void AddNewFacts(const SubjectMap& locked, const std::vector<Ulid>& ids);
  // Counts there and makes the items equal to it. Nothing, when nothing is outstanding otherwise
  // than before. Late in a transaction: whoever counts a county has the others wait.
  absl::Status Sync(mysql::Tx& tx, const inbox::Act& act) const;

 private:
  std::set<std::string> counties_;  // of subjects to be evaluated
  std::set<std::string> regions_;   // of those that lack data
};

// Facts of these subjects (locked) changed, and nothing else of them.
absl::Status NoteNewFacts(mysql::Tx& tx, const SubjectMap& locked, const std::vector<Ulid>& ids,
                          absl::Time now, const inbox::Act& act);

// Every county, and every region in which a subject lacks data, for the recount.
inbox::Source ToEvaluateSource();
inbox::Source LackingDataSource();

}  // namespace bangfu::evaluation
