// What is outstanding of evaluations, counted: subjects that are to be evaluated, and those whose
// latest evaluation lacked data that nobody has supplied since.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

enum class Outstanding {
  kNothing,
  kEvaluation,  // 待评价
  kData,        // 待补数据
};
// Of one subject. That a county industry has a verified project is not in its row and taken for
// granted here; the counts below look at its projects.
Outstanding OutstandingOf(const SubjectRow& subject);
// County industries in these regions (prefixes of counties, or paths inside one) whose latest
// evaluation lacked data that nobody has supplied since.
absl::StatusOr<std::vector<Ulid>> IndustriesLackingData(mysql::Executor& db,
                                                        const std::set<std::string>& regions);
// The region in which a subject's missing data are waited for: its township, or its county.
std::string DataRegionOf(const SubjectRow& subject);

// Subjects to be evaluated in each of the counties; none where none is.
absl::StatusOr<std::map<std::string, int64_t>> CountToEvaluate(
    mysql::Executor& db, const std::vector<std::string>& counties);
// Subjects that lack data in each of the regions (as DataRegionOf gives them).
absl::StatusOr<std::map<std::string, int64_t>> CountLackingData(
    mysql::Executor& db, const std::vector<std::string>& regions);

// Counties with subjects, after one of them; regions with subjects that may lack data.
absl::StatusOr<std::vector<std::string>> CountiesAfter(mysql::Executor& db,
                                                       const std::string& after, int limit);
absl::StatusOr<std::vector<std::string>> DataRegionsAfter(mysql::Executor& db,
                                                          const std::string& after, int limit);

}  // namespace bangfu::evaluation
