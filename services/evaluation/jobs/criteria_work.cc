#include "services/evaluation/jobs/criteria_work.h"

#include <map>
#include <string>
#include <utility>

#include "bangfu/evaluation/v1/criteria.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

namespace {

constexpr char kCriteriaSubject[] = "criteria_set";

}  // namespace

std::vector<inbox::Kind> CriteriaKinds() {
  return {{"CRITERIA_ACTIVATE", "启用评价标准", kCriteriaSubject}};
}

absl::Status SyncCriteria(mysql::Tx& tx, const std::vector<CriteriaRow>& rows,
                          const inbox::Act& act) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<std::string> codes;
  for (const CriteriaRow& row : rows) {
    if (row.state == kCriteriaDraft) codes.push_back(row.region_code);
  }
  std::map<std::string, std::string> names;
  if (!codes.empty()) {
    ASSIGN_OR_RETURN(const std::vector<RegionRow> regions, GetRegions(tx, codes));
    for (const RegionRow& region : regions) names[region.code] = region.name;
  }
  std::vector<inbox::Subject> subjects;
  for (const CriteriaRow& row : rows) {
    inbox::Subject subject{kCriteriaSubject, row.id, {}, {}};
    if (row.state == kCriteriaDraft) {
      inbox::Wanted w;
      w.kind = "CRITERIA_ACTIVATE";
      w.action = "activate";
      w.region_path = row.region_code;
      const auto name = names.find(row.region_code);
      w.title = Cat(name == names.end() ? row.region_code : name->second, "评价标准第",
                    row.version_no, "版");
      w.roles = {kProvAdmin};
      w.facets = auth::Everything();
      // Who filed it does not put it in force, nor the one for whom they did.
      w.excluded = {row.created_by};
      v1::CriteriaSet drafted;
      if (!drafted.ParseFromString(row.payload)) {
        return absl::DataLossError("a stored criteria set cannot be read");
      }
      if (const std::string& by = drafted.created_by().delegated_by(); !by.empty()) {
        w.excluded.push_back(by);
      }
      subject.wanted.push_back(std::move(w));
    }
    subjects.push_back(std::move(subject));
  }
  return inbox::Sync(tx, subjects, act);
}

inbox::Source CriteriaSource() {
  return {
      kCriteriaSubject,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<CriteriaRow> rows,
                         PageCriteriaById(db, after, limit, std::nullopt));
        std::vector<Ulid> ids;
        for (const CriteriaRow& row : rows) ids.push_back(row.id);
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        std::vector<CriteriaRow> rows;
        for (const Ulid& id : ids) {
          absl::StatusOr<CriteriaRow> row = LockCriteria(tx, id);
          if (absl::IsNotFound(row.status())) continue;
          RETURN_IF_ERROR(row.status());
          rows.push_back(*std::move(row));
        }
        return SyncCriteria(tx, rows, act);
      }};
}

}  // namespace bangfu::evaluation
