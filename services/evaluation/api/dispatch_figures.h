// What a county's dispatch report (产业调度) is asked for and what it is not: a figure that follows
// from the records of projects, assets and operators is never reported by hand (R129).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/mysql/session.h"
#include "services/evaluation/jobs/evaluator.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

// Codes of the list DISPATCH_GROUP: the six that clause (十五) names.
bool IsDispatchGroup(std::string_view group);

struct DispatchFigures {
  // An indicator of the criteria in force that takes its figure from these reports.
  struct Wanted {
    std::string group;  // empty: its code does not say
    std::string code;
    std::string unit;
  };
  std::vector<Wanted> wanted;
  std::string criteria_id;  // of the criteria in force
  // Code -> the code of the fact, or of the indicator with another source, that has the figure.
  std::map<std::string, std::string, std::less<>> held;
};
// For a county industry on a day. Without criteria in force nothing is wanted and nothing held.
absl::StatusOr<DispatchFigures> DispatchFiguresOf(mysql::Executor& db, Evaluator& evaluator,
                                                  const SubjectRow& industry, absl::CivilDay today);

}  // namespace bangfu::evaluation
