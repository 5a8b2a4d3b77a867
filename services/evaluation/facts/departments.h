// Who confirms a class jointly (联合确认): the departments of the funding sources, agriculture
// leading (clause 二, R017).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/workflow/departments.h"

namespace bangfu::evaluation {

using workflow::kLeadDepartment;

// Department codes by subject: the lead first, then the others in alphabetical order, out of the
// money (below) and the departments of its sources on `day`. The lead alone where no source of it
// has another department: then one person's review is the whole confirmation.
absl::StatusOr<absl::flat_hash_map<Ulid, std::vector<std::string>>> RequiredDepartments(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids, absl::CivilDay day);

// Codes of the sources of the subjects' money: all, and those by which each department has to sign
// on `day`; of the lead: all. A project's money is what it declares; an industry's is that of its
// verified projects which are not void. The same number of statements however many subjects.
struct SubjectSources {
  std::vector<std::string> all;
  std::map<std::string, std::vector<std::string>> of_department;
};
absl::StatusOr<absl::flat_hash_map<Ulid, SubjectSources>> SourcesOfSubjects(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids, absl::CivilDay day);

}  // namespace bangfu::evaluation
