#include "services/evaluation/jobs/argument_work.h"

#include <algorithm>
#include <map>
#include <utility>

#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "common/workflow/calendar.h"
#include "common/workflow/work.h"
#include "services/evaluation/convert/argument_message.h"
#include "services/evaluation/domain/argument_actions.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"

namespace bangfu::evaluation {

namespace {

constexpr char kArgumentSubject[] = "argument";
constexpr char kSign[] = "sign_argument";
constexpr char kToSign[] = "ARGUMENT_TO_SIGN";

// Of arguments, newest first: the newest about each subject that was not withdrawn.
std::map<Ulid, const ArgumentRow*> NewestOf(const std::vector<ArgumentRow>& arguments) {
  std::map<Ulid, const ArgumentRow*> out;
  for (const ArgumentRow& row : arguments) {
    if (row.state != v1::ARGUMENT_STATE_WITHDRAWN) out.emplace(row.subject_id, &row);
  }
  return out;
}

}  // namespace

std::vector<inbox::Kind> ArgumentKinds() { return {{kToSign, "论证待签字", kArgumentSubject}}; }

absl::StatusOr<std::set<Ulid>> Awaited(mysql::Executor& db,
                                       const std::vector<ArgumentRow>& arguments, absl::Time now) {
  std::vector<const ArgumentRow*> signing;
  for (const auto& [subject, row] : NewestOf(arguments)) {
    if (row->state == v1::ARGUMENT_STATE_SIGNING) signing.push_back(row);
  }
  std::set<Ulid> out;
  if (signing.empty()) return out;
  ASSIGN_OR_RETURN(const int64_t days, ReadParameter(db, kStepDays));
  const absl::CivilDay today = ShanghaiDay(now);
  absl::civil_year_t first = today.year();
  for (const ArgumentRow* row : signing) {
    first = std::min(first, ShanghaiDay(row->recorded_at).year());
  }
  ASSIGN_OR_RETURN(const workflow::Calendar calendar, WorkCalendar(db, first, today.year() + 1));
  for (const ArgumentRow* row : signing) {
    const workflow::Deadline due =
        workflow::AddDays(ShanghaiDay(row->recorded_at), static_cast<int>(days),
                          workflow::DayKind::kWorking, calendar);
    if (today <= due.day) out.insert(row->id);
  }
  return out;
}

absl::Status SyncArguments(mysql::Tx& tx, const std::vector<ArgumentRow>& arguments,
                           const SubjectMap& subjects, const inbox::Act& act) {
  if (arguments.empty()) return absl::OkStatus();
  std::vector<Ulid> ids, subject_ids;
  for (const ArgumentRow& row : arguments) {
    ids.push_back(row.id);
    subject_ids.push_back(row.subject_id);
  }
  ASSIGN_OR_RETURN(const std::vector<ArgumentRow> all, LoadArguments(tx, subject_ids));
  const std::map<Ulid, const ArgumentRow*> newest = NewestOf(all);
  ASSIGN_OR_RETURN(const std::vector<ArgumentSignatureRow> signatures,
                   LoadArgumentSignatures(tx, ids));
  ASSIGN_OR_RETURN(const int64_t days, ReadParameter(tx, kStepDays));
  ASSIGN_OR_RETURN(const GrantScope scope, GrantScope::Load(tx, subject_ids, ShanghaiDay(act.now)));
  std::vector<inbox::Subject> waiting;
  for (const ArgumentRow& row : arguments) {
    inbox::Subject& out = waiting.emplace_back();
    out.type = kArgumentSubject;
    out.id = row.id;
    const auto subject = subjects.find(row.subject_id);
    if (subject == subjects.end()) continue;
    if (const auto n = newest.find(row.subject_id); n != newest.end() && n->second->id != row.id) {
      continue;
    }
    ASSIGN_OR_RETURN(const v1::ArgumentRecord message, ToMessage(row, signatures));
    ArgumentSubject view = SubjectOf(message);
    view.subject_void = subject->second.is_void;
    for (size_t seat = 0; seat < view.panel.size(); ++seat) {
      const std::string& person = view.panel[seat].person;
      inbox::Wanted w;
      w.roles = ArgumentTable().RolesFor(view, kSign, person);
      if (w.roles.empty()) continue;
      w.kind = kToSign;
      w.action = kSign;
      w.slot = Cat(seat);
      w.region_path = row.region_path;
      w.facets = scope.Of(row.subject_id);
      w.title = subject->second.name;
      w.assignee = person;
      w.term_days = static_cast<int>(days);
      out.wanted.push_back(std::move(w));
    }
  }
  return inbox::Sync(tx, waiting, act);
}

absl::Status SyncArgumentsOf(mysql::Tx& tx, const SubjectMap& subjects, const inbox::Act& act) {
  std::vector<Ulid> ids;
  for (const auto& [id, subject] : subjects) ids.push_back(id);
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> rows, LoadArguments(tx, ids));
  std::erase_if(rows,
                [](const ArgumentRow& row) { return row.state != v1::ARGUMENT_STATE_SIGNING; });
  return SyncArguments(tx, rows, subjects, act);
}

inbox::Source ArgumentSource() {
  return {
      kArgumentSubject, PageUnsignedArguments,
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        // Subjects first, as every step does it; which one an argument is of never changes.
        ASSIGN_OR_RETURN(const std::vector<ArgumentRow> read, GetArguments(tx, ids, std::nullopt));
        std::vector<Ulid> subject_ids;
        for (const ArgumentRow& row : read) subject_ids.push_back(row.subject_id);
        ASSIGN_OR_RETURN(const SubjectMap subjects, LockSubjects(tx, subject_ids));
        ASSIGN_OR_RETURN(const std::vector<ArgumentRow> rows, GetArguments(tx, ids, std::nullopt));
        return SyncArguments(tx, rows, subjects, act);
      }};
}

}  // namespace bangfu::evaluation
