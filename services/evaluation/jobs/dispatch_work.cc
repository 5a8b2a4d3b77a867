#include "services/evaluation/jobs/dispatch_work.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/store/fact_store.h"

namespace bangfu::evaluation {

namespace {

constexpr char kSubjectType[] = "dispatch_reports";

bool IsLive(const SubjectRow& s) { return s.type == kIndustrySubject && !s.is_void; }

}  // namespace

std::vector<inbox::Kind> DispatchKinds() {
  return {{"DISPATCH_REPORT", "报送产业调度", kSubjectType,
           "bangfu.evaluation.v1.FactService.SubmitDispatchReport"}};
}

absl::Status SyncDispatchReports(mysql::Tx& tx, const std::vector<SubjectRow>& subjects,
                                 const inbox::Act& act) {
  std::vector<Ulid> ids, live;
  for (const SubjectRow& s : subjects) {
    if (s.type != kIndustrySubject) continue;
    ids.push_back(s.id);
    if (IsLive(s)) live.push_back(s.id);
  }
  if (ids.empty()) return absl::OkStatus();
  const absl::CivilMonth last = absl::CivilMonth(ShanghaiDay(act.now)) - 1;
  const absl::Time ended = StartOfShanghaiDay(absl::CivilDay(last + 1));
  // What was open stays so until it is reported, however long ago the month was.
  ASSIGN_OR_RETURN(auto months, inbox::OpenSlots(tx, live, kSubmitDispatch));
  std::string first = MonthText(last);
  for (const Ulid& id : live) {
    if (id.time() < ended) months[id].insert(MonthText(last));
    if (const auto at = months.find(id); at != months.end() && !at->second.empty()) {
      first = std::min(first, *at->second.begin());
    }
  }
  ASSIGN_OR_RETURN(const auto reported, ReportedMonths(tx, live, first, MonthText(last)));
  ASSIGN_OR_RETURN(const int64_t due_day, ReadParameter(tx, kDispatchReportDay));
  ASSIGN_OR_RETURN(const GrantScope scope, GrantScope::Load(tx, live, ShanghaiDay(act.now)));
  std::vector<inbox::Subject> out;
  for (const SubjectRow& s : subjects) {
    if (s.type != kIndustrySubject) continue;
    inbox::Subject subject{kSubjectType, s.id, {}, {kSubmitDispatch}};
    for (const std::string& period : IsLive(s) ? months[s.id] : std::set<std::string>()) {
      const std::optional<absl::CivilMonth> month = ParseMonth(period);
      if (!month || reported.contains({s.id, period})) continue;
      inbox::Wanted w;
      w.kind = "DISPATCH_REPORT";
      w.action = kSubmitDispatch;
      w.slot = period;
      w.title = Cat(s.name, month->year(), "年", month->month(), "月产业调度");
      w.region_path = s.region_path;
      w.facets = scope.Of(s.id);
      w.roles = {kCountyOperator};
      const absl::CivilMonth next = *month + 1;
      w.due_on = absl::CivilDay(next.year(), next.month(), static_cast<int>(due_day));
      subject.wanted.push_back(std::move(w));
    }
    out.push_back(std::move(subject));
  }
  return inbox::Sync(tx, out, act);
}

inbox::Source DispatchSource() {
  return {kSubjectType, IndustriesAfter,
          [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
            ASSIGN_OR_RETURN(const SubjectMap locked, LockSubjects(tx, ids));
            std::vector<SubjectRow> rows;
            for (const auto& [id, row] : locked) rows.push_back(row);
            return SyncDispatchReports(tx, rows, act);
          }};
}

}  // namespace bangfu::evaluation
