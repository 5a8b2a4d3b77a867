#include "services/registry/api/report_work.h"

#include <algorithm>
#include <map>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/roles.h"
#include "services/registry/store/operation_report_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {
namespace {

constexpr char kSubjectType[] = "monthly_reports";
constexpr size_t kRegionBytes = 12;
constexpr size_t kRegionsPerSync = 500;

using Month = std::pair<std::string, std::string>;  // region_path, "2026-10"

const std::vector<int>& RunningStates() {
  static const auto* states =
      new std::vector<int>{v1::PROJECT_STATE_OPERATING, v1::PROJECT_STATE_IDLE};
  return *states;
}

// Region and month fill an id exactly: 12 digits, then year and month in two digits each.
Ulid IdOf(const Month& month) {
  std::string bytes = month.first;
  bytes.resize(kRegionBytes, '\0');
  bytes += Cat(month.second.substr(2, 2), month.second.substr(5, 2));
  return Ulid::FromBytes(bytes).value_or(Ulid());
}

Month MonthOf(const Ulid& id) {
  const std::string bytes = id.bytes();
  std::string region = bytes.substr(0, kRegionBytes);
  region.resize(std::min(region.size(), region.find('\0')));
  return {region, Cat("20", bytes.substr(12, 2), "-", bytes.substr(14, 2))};
}

std::string LastMonth(absl::Time now) {
  return absl::FormatCivilTime(absl::CivilMonth(ShanghaiDay(now)) - 1);
}

bool Runs(const v1::Project& project) {
  return !project.is_void() && IsProducingState(static_cast<ProjectState>(project.state()));
}

// `carried`: of the months those that open whichever month they are, since they were open where
// their projects come from.
absl::Status SyncMonths(mysql::Tx& tx, const std::set<Month>& months,
                        const std::set<Month>& carried, const inbox::Act& act) {
  if (months.empty()) return absl::OkStatus();
  std::vector<Ulid> claims;
  std::map<std::string, std::vector<std::string>> by_period;
  std::vector<std::string> regions;
  for (const Month& month : months) {
    claims.push_back(IdOf(month));
    by_period[month.second].push_back(month.first);
    regions.push_back(month.first);
  }
  // Two projects of a village that report at once wait for each other.
  RETURN_IF_ERROR(inbox::Claim(tx, claims));
  ASSIGN_OR_RETURN(const int64_t deadline_day, ParameterValue(tx, "OPERATION_REPORT_DAY", 10));
  ASSIGN_OR_RETURN(const auto names, RegionNames(tx, regions));
  const std::string last = LastMonth(act.now);
  std::vector<std::string> of_earlier;
  for (const auto& [period, paths] : by_period) {
    if (period != last) of_earlier.insert(of_earlier.end(), paths.begin(), paths.end());
  }
  std::set<Ulid> open;
  if (!of_earlier.empty()) {
    ASSIGN_OR_RETURN(open, inbox::OpenSubjects(tx, kSubjectType, of_earlier));
  }
  std::vector<inbox::Subject> subjects;
  for (const auto& [period, paths] : by_period) {
    ASSIGN_OR_RETURN(const auto missing, CountMissingReports(tx, paths, RunningStates(), period));
    ASSIGN_OR_RETURN(const auto codes,
                     FacetCodesOfMissingReports(tx, paths, RunningStates(), period));
    ASSIGN_OR_RETURN(const auto facets, WorkFacets(tx, codes));
    for (const std::string& path : paths) {
      inbox::Subject subject{kSubjectType, IdOf({path, period}), {}, {}};
      if (const auto count = missing.find(path); count != missing.end()) {
        if (period != last && open.count(subject.id) == 0 && carried.count({path, period}) == 0) {
          continue;
        }
        const auto name = names.find(path);
        int year = 0, month = 0;
        ParseInt(period.substr(0, 4), &year);
        ParseInt(period.substr(5, 2), &month);
        inbox::Wanted w;
        w.kind = "OPERATION_REPORT";
        w.action = "submit_operation_report";
        w.slot = period;
        w.title = Cat(name == names.end() ? path : name->second, year, "年", month, "月运营月报，",
                      count->second, "个项目未报");
        w.region_path = path;
        // Whoever may report one of the projects finds it.
        if (const auto of = facets.find(path); of != facets.end()) w.facets = of->second;
        w.roles = {kVillageReporter, kTownshipReviewer, kCountyOperator};
        const absl::CivilMonth next = absl::CivilMonth(year, month) + 1;
        w.due_on = absl::CivilDay(next.year(), next.month(), static_cast<int>(deadline_day));
        subject.wanted.push_back(std::move(w));
      }
      subjects.push_back(std::move(subject));
    }
  }
  return inbox::Sync(tx, subjects, act);
}

}  // namespace

std::vector<inbox::Kind> ReportKinds() {
  return {{"OPERATION_REPORT", "填报运营月报", kSubjectType,
           "bangfu.registry.v1.OperationReportService.SubmitOperationReport"}};
}

absl::Status SyncMonthlyReports(mysql::Tx& tx, const std::set<Month>& months,
                                const inbox::Act& act) {
  return SyncMonths(tx, months, {}, act);
}

void AddRegionsOfRunning(const v1::Project* before, const v1::Project& after,
                         std::set<std::string>* region_paths) {
  const bool ran = before != nullptr && Runs(*before);
  const bool runs = Runs(after);
  if (ran && runs && before->region_path() == after.region_path() && !OtherFacets(*before, after)) {
    return;
  }
  if (ran) region_paths->insert(before->region_path());
  if (runs) region_paths->insert(after.region_path());
}

absl::Status SyncMonthlyReportsAt(mysql::Tx& tx, const std::set<std::string>& region_paths,
                                  const inbox::Act& act) {
  if (region_paths.empty()) return absl::OkStatus();
  const std::vector<std::string> paths(region_paths.begin(), region_paths.end());
  const std::string last = LastMonth(act.now);
  std::set<Month> months;
  for (const std::string& path : paths) months.emplace(path, last);
  ASSIGN_OR_RETURN(const std::set<Ulid> open, inbox::OpenSubjects(tx, kSubjectType, paths));
  for (const Ulid& id : open) months.insert(MonthOf(id));
  return SyncMonthlyReports(tx, months, act);
}

absl::Status SyncMovedMonthlyReports(mysql::Tx& tx, const std::string& from, const std::string& to,
                                     const inbox::Act& act) {
  ASSIGN_OR_RETURN(const std::vector<std::string> there,
                   PathsWithProjectsBelow(tx, RunningStates(), to));
  const std::string last = LastMonth(act.now);
  std::map<std::string, std::string> moves;  // where they were, where they are
  const auto sync = [&]() -> absl::Status {
    std::vector<std::string> paths;
    std::set<Month> months, carried;
    for (const auto& [old_path, path] : moves) {
      for (const std::string& one : {old_path, path}) {
        paths.push_back(one);
        months.emplace(one, last);
      }
    }
    ASSIGN_OR_RETURN(const std::set<Ulid> open, inbox::OpenSubjects(tx, kSubjectType, paths));
    for (const Ulid& id : open) {
      const Month month = MonthOf(id);
      months.insert(month);
      // What is missing still is missing where the projects are now, whether or not the projects
      // that were there already have reported.
      const auto moved = moves.find(month.first);
      if (moved != moves.end()) carried.emplace(moved->second, month.second);
    }
    months.insert(carried.begin(), carried.end());
    moves.clear();
    return SyncMonths(tx, months, carried, act);
  };
  for (const std::string& path : there) {
    moves.emplace(Cat(from, path.substr(to.size())), path);
    if (2 * moves.size() < kRegionsPerSync) continue;
    RETURN_IF_ERROR(sync());
  }
  return moves.empty() ? absl::OkStatus() : sync();
}

inbox::Source MonthlyReportSource(const Clock& clock) {
  return {kSubjectType,
          [&clock](mysql::Executor& db, const Ulid& after,
                   int limit) -> absl::StatusOr<std::vector<Ulid>> {
            const std::string period = LastMonth(clock.Now());
            const std::string from = after.is_zero() ? "" : MonthOf(after).first;
            ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                             PathsWithProjects(db, RunningStates(), from, limit));
            std::vector<Ulid> ids;
            for (const std::string& path : paths) ids.push_back(IdOf({path, period}));
            return ids;
          },
          [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
            std::set<Month> months;
            for (const Ulid& id : ids) months.insert(MonthOf(id));
            return SyncMonthlyReports(tx, months, act);
          }};
}

}  // namespace bangfu::registry
