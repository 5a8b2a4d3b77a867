#include "services/evaluation/facts/departments.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/project.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/contract/time.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

namespace {

using DepartmentTable = std::vector<registry::v1::FundSourceDepartment>;

absl::StatusOr<DepartmentTable> LoadDepartments(mysql::Executor& db, absl::CivilDay day) {
  ASSIGN_OR_RETURN(std::vector<ReferenceRow> rows, LoadReferences(db, kDepartmentRef));
  DepartmentTable table;
  for (const ReferenceRow& row : rows) {
    registry::v1::FundSourceDepartment d;
    if (!d.ParseFromString(row.payload)) continue;
    std::optional<absl::CivilDay> from = DayOf(d.valid_from());
    std::optional<absl::CivilDay> to = DayOf(d.valid_to());
    if ((from && *from > day) || (to && *to < day)) continue;
    table.push_back(std::move(d));
  }
  return table;
}

// The money of one subject while it is added up.
struct Money {
  std::set<std::string> all;
  std::map<std::string, std::set<std::string>> of_department;

  void Add(const registry::v1::Project& project, const DepartmentTable& table) {
    for (const registry::v1::DeclaredFunding& funding : project.declared_funding()) {
      all.insert(funding.source_code());
      for (const registry::v1::FundSourceDepartment& d : table) {
        if (d.source_code() != funding.source_code()) continue;
        if (!d.task_code().empty() && d.task_code() != funding.task_code()) continue;
        if (d.department_code() != kLeadDepartment) {
          of_department[d.department_code()].insert(funding.source_code());
        }
      }
    }
  }
};

}  // namespace

absl::StatusOr<absl::flat_hash_map<Ulid, SubjectSources>> SourcesOfSubjects(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids, absl::CivilDay day) {
  absl::flat_hash_map<Ulid, Money> money;
  ASSIGN_OR_RETURN(const DepartmentTable table, LoadDepartments(db, day));
  registry::v1::Project project;
  const auto add = [&](const Ulid& id, const std::string& payload) {
    if (project.ParseFromString(payload)) money[id].Add(project, table);
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(const std::vector<FactSourceRow> projects,
                   LoadFactSources(db, subject_ids, {kProjectFacts}));
  for (const FactSourceRow& row : projects) RETURN_IF_ERROR(add(row.subject_id, row.payload));
  // No project is the industry of another, so that the ids need not be told apart.
  RETURN_IF_ERROR(StreamMemberFacts(db, subject_ids, kProjectFacts, add));

  absl::flat_hash_map<Ulid, SubjectSources> out;
  for (auto& [id, sums] : money) {
    sums.of_department[std::string(kLeadDepartment)] = sums.all;
    SubjectSources& sources = out[id];
    sources.all.assign(sums.all.begin(), sums.all.end());
    for (const auto& [department, codes] : sums.of_department) {
      sources.of_department[department].assign(codes.begin(), codes.end());
    }
  }
  return out;
}

absl::StatusOr<absl::flat_hash_map<Ulid, std::vector<std::string>>> RequiredDepartments(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids, absl::CivilDay day) {
  absl::flat_hash_map<Ulid, std::vector<std::string>> out;
  ASSIGN_OR_RETURN(const auto sources, SourcesOfSubjects(db, subject_ids, day));
  for (const Ulid& id : subject_ids) {
    std::vector<std::string>& list = out[id];
    list = {std::string(kLeadDepartment)};
    const auto found = sources.find(id);
    if (found == sources.end()) continue;
    for (const auto& [department, codes] : found->second.of_department) {
      if (department != kLeadDepartment) list.push_back(department);
    }
  }
  return out;
}

}  // namespace bangfu::evaluation
