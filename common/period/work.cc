#include "common/period/work.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "bangfu/options/v1/access.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/period/calendar.h"
#include "common/period/service_message.h"
#include "common/period/workflow.h"
#include "common/recode/recode.h"
#include "common/status/macros.h"

namespace bangfu::period {

namespace {

using namespace options::v1;  // the roles

// Who is expected to accept a table: the level right above. Those further up may, too.
workflow::RoleId AcceptorOf(std::string_view region) {
  return region.size() >= 6 ? ROLE_CITY_SUPERVISOR : ROLE_PROV_OFFICE;
}

bool IsBeingSigned(v1::PeriodState state) {
  return state == v1::PERIOD_STATE_FROZEN || state == v1::PERIOD_STATE_VILLAGE_SIGNED ||
         state == v1::PERIOD_STATE_TOWNSHIP_SIGNED;
}

// Units whose turn it is: all inside have signed, they have not.
void AddSignatures(const Whole& whole, const inbox::Wanted& like, inbox::Subject* out) {
  const v1::Period& p = whole.row.message;
  if (!HasSigners(p.region_code()) || !IsBeingSigned(p.state())) return;
  for (const auto& [unit, state] : whole.board.units()) {
    if (unit.size() < p.region_code().size() || whole.board.Stands(unit) ||
        !whole.board.Unsigned(unit, false).empty()) {
      continue;
    }
    inbox::Wanted w = like;
    w.kind = "PERIOD_SIGN";
    w.action = "sign";
    w.slot = unit;
    w.region_path = unit;
    w.roles = {SignerOf(unit)};
    // Who prepared the table or signed below does not sign here.
    std::set<std::string> excluded = {p.prepared_by().subject(), p.prepared_by().delegated_by()};
    const auto& units = whole.board.units();
    for (auto it = units.upper_bound(unit); it != units.end() && it->first.starts_with(unit);
         ++it) {
      excluded.insert(it->second.signed_by.subject);
      excluded.insert(it->second.signed_by.delegated_by);
    }
    excluded.erase("");
    w.excluded.assign(excluded.begin(), excluded.end());
    out->wanted.push_back(std::move(w));
  }
}

absl::StatusOr<inbox::Subject> Waiting(mysql::Executor& db, const ServiceOptions& options,
                                       const PeriodRow& row) {
  inbox::Subject out{kAggregate, row.id, {}, {}};
  const v1::Period& p = row.message;
  const Table* table = FindTable(options.tables, p.table_no());
  if (!p.newest() || table == nullptr) return out;
  ASSIGN_OR_RETURN(const Whole whole, LoadWhole(db, row));
  const std::string title = Cat(table->name_zh(), " ", RevisionZh(p));
  Subject subject = SubjectOf(whole);
  // Only whether there are any: nobody is named here.
  for (const ComponentState& c : whole.components) {
    if (!IsUp(c.state)) subject.components_unsigned.push_back(c.component.region_path);
  }
  std::optional<int64_t> step_days;
  for (const workflow::WaitingStep& step : workflow::WaitingSteps(
           Transitions(), Works(), subject, {subject.prepared_by, subject.submitted_by})) {
    inbox::Wanted w = inbox::WantedOf(step, p.region_code(), title);
    if (step.action == "accept" || step.action == "reissue") {
      if (!step_days) {
        ASSIGN_OR_RETURN(step_days, table->StepDays(db));
      }
      w.term_days = static_cast<int>(*step_days);
      if (step.action == "accept") w.roles = {AcceptorOf(p.region_code())};
    } else {
      w.due_on = DayFrom(p.cut_off());
    }
    if (step.action == "freeze") {
      // A table may be frozen while its period runs; it is work when the period has ended.
      if (const std::optional<Span> span = ParseSpan(p.period())) w.starts_on = span->last + 1;
    }
    out.wanted.push_back(std::move(w));
  }
  inbox::Wanted sign;
  sign.title = title;
  sign.due_on = DayFrom(p.cut_off());
  AddSignatures(whole, sign, &out);
  // A frozen table names its units by the codes of its day; its work lies on today's desks.
  ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(db));
  for (inbox::Wanted& w : out.wanted) {
    w.facets = auth::Everything();  // a table is its region's as a whole
    w.region_path = recode::TodaysPath(moves, std::move(w.region_path), row.id.time());
  }
  return out;
}

}  // namespace

std::vector<inbox::Kind> WorkKinds() {
  return {{"PERIOD_FREEZE", "冻结报表", kAggregate},
          {"PERIOD_SIGN", "报表签字", kAggregate},
          {"PERIOD_SUBMIT", "上报报表", kAggregate},
          {"PERIOD_ACCEPT", "接收报表", kAggregate},
          {"PERIOD_REISSUE", "重报报表", kAggregate}};
}

const std::vector<workflow::Work>& Works() {
  static const auto* works = new std::vector<workflow::Work>{{"freeze", "PERIOD_FREEZE"},
                                                             {"submit", "PERIOD_SUBMIT"},
                                                             {"accept", "PERIOD_ACCEPT"},
                                                             {"reissue", "PERIOD_REISSUE"}};
  return *works;
}

absl::Status SyncWork(mysql::Tx& tx, const ServiceOptions& options, const PeriodRow& row,
                      const inbox::Act& act) {
  ASSIGN_OR_RETURN(inbox::Subject subject, Waiting(tx, options, row));
  return inbox::Sync(tx, {std::move(subject)}, act);
}

absl::Status SyncWorkAbove(mysql::Tx& tx, const ServiceOptions& options, const v1::Period& below,
                           const inbox::Act& act) {
  ASSIGN_OR_RETURN(const std::vector<PeriodRow> above,
                   LockAbove(tx, below.table_no(), below.period(), below.region_code()));
  std::vector<inbox::Subject> subjects;
  for (const PeriodRow& row : above) {
    ASSIGN_OR_RETURN(subjects.emplace_back(), Waiting(tx, options, row));
  }
  return inbox::Sync(tx, subjects, act);
}

inbox::Source WorkSource(ServiceOptions options) {
  return {
      kAggregate,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<PeriodRow> rows,
                         PagePeriodsById(db, after, limit, std::nullopt));
        std::vector<Ulid> ids;
        for (const PeriodRow& row : rows) ids.push_back(row.id);
        return ids;
      },
      [options = std::move(options)](mysql::Tx& tx, const std::vector<Ulid>& ids,
                                     const inbox::Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<PeriodRow> rows, LockPeriods(tx, ids));
        std::vector<inbox::Subject> subjects;
        for (const PeriodRow& row : rows) {
          ASSIGN_OR_RETURN(subjects.emplace_back(), Waiting(tx, options, row));
        }
        return inbox::Sync(tx, subjects, act);
      }};
}

}  // namespace bangfu::period
