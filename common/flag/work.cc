#include "common/flag/work.h"

#include <string>
#include <utility>

#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/contract/time.h"
#include "common/status/macros.h"

namespace bangfu::flag {
namespace {

constexpr size_t kTitleBytes = 120;

}  // namespace

std::vector<inbox::Kind> WorkKinds() {
  return {{"RECORD_FLAG_ANSWER", "答复审计标记", kAggregate},
          {"RECORD_FLAG_CLOSE", "办结审计标记", kAggregate}};
}

const std::vector<workflow::Work>& Works() {
  static const auto* works = new std::vector<workflow::Work>{{"answer", "RECORD_FLAG_ANSWER"},
                                                             {"close", "RECORD_FLAG_CLOSE"}};
  return *works;
}

absl::Status SyncWork(mysql::Tx& tx, const v1::RecordFlag& flag, const inbox::Act& act) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(flag.id()));
  inbox::Subject work{kAggregate, id, {}, {}};
  const Subject subject = SubjectOf(flag);
  const std::string title = Cat("审计标记：", Utf8Truncate(flag.reason(), kTitleBytes));
  for (const workflow::WaitingStep& step : workflow::WaitingSteps(
           Transitions(), Works(), subject, {subject.flagged_by, subject.answered_by})) {
    inbox::Wanted wanted = inbox::WantedOf(step, flag.region_path(), title);
    const bool answers = step.action == "answer";
    if (answers ? flag.has_answer_due() : flag.has_close_due()) {
      wanted.due_on = DayFrom(answers ? flag.answer_due() : flag.close_due());
      wanted.provisional = flag.provisional();
    }
    work.wanted.push_back(std::move(wanted));
  }
  return inbox::Sync(tx, {work}, act);
}

inbox::Source WorkSource() {
  return {
      kAggregate,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const mysql::Rows rows,
                         db.Query("SELECT id FROM record_flag WHERE id > ? AND state IN (?, ?) "
                                  "ORDER BY id LIMIT ?",
                                  {after, static_cast<int>(v1::RECORD_FLAG_STATE_OPEN),
                                   static_cast<int>(v1::RECORD_FLAG_STATE_ANSWERED), limit}));
        std::vector<Ulid> ids;
        for (const mysql::Row& row : rows) ids.push_back(row.Id(0));
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        for (const Ulid& id : ids) {
          ASSIGN_OR_RETURN(const mysql::Rows rows,
                           tx.Query("SELECT region_path FROM record_flag WHERE id = ?", {id}));
          if (rows.empty()) continue;
          ASSIGN_OR_RETURN(const v1::RecordFlag flag,
                           GetForUpdate(tx, id, {rows[0].String(0)}, ""));
          RETURN_IF_ERROR(SyncWork(tx, flag, act));
        }
        return absl::OkStatus();
      }};
}

}  // namespace bangfu::flag
