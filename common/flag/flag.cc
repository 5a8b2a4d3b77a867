#include "common/flag/flag.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/labels.pb.h"
#include "common/audit/actor_row.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::flag {
namespace {

using options::v1::ROLE_AUDITOR;
using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_PROV_OFFICE;
using v1::RECORD_FLAG_STATE_ANSWERED;
using v1::RECORD_FLAG_STATE_CLOSED;
using v1::RECORD_FLAG_STATE_OPEN;

constexpr char kColumns[] =
    "id, version, region_path, subject_type, subject_id, state, reason, answer_due, provisional, "
    "flagged_subject, flagged_name, flagged_role, flagged_region_path, flagged_delegated_by, "
    "flagged_grant_id, flagged_at, answer, answered_subject, answered_name, answered_role, "
    "answered_region_path, answered_delegated_by, answered_grant_id, answered_at, outcome, "
    "outcome_note, closed_subject, closed_name, closed_role, closed_region_path, "
    "closed_delegated_by, closed_grant_id, closed_at, close_due";

v1::RecordFlag FromRow(const mysql::Row& row) {
  v1::RecordFlag out;
  out.set_id(row.Id(0).ToString());
  out.set_etag(Cat(row.Int(1)));
  out.set_region_path(row.String(2));
  out.set_subject_type(row.String(3));
  out.set_subject_id(row.Id(4).ToString());
  out.set_state(static_cast<v1::RecordFlagState>(row.Int(5)));
  out.set_reason(row.String(6));
  if (!row.IsNull(7)) SetDay(row.Day(7), out.mutable_answer_due());
  out.set_provisional(row.Bool(8));
  *out.mutable_flagged_by() = audit::ActorFromRow(row, 9);
  SetTime(row.Time(15), out.mutable_flagged_at());
  out.set_answer(row.String(16));
  if (!row.IsNull(23)) {
    *out.mutable_answered_by() = audit::ActorFromRow(row, 17);
    SetTime(row.Time(23), out.mutable_answered_at());
  }
  out.set_outcome(static_cast<v1::RecordFlagOutcome>(row.Int(24)));
  out.set_outcome_note(row.String(25));
  if (!row.IsNull(32)) {
    *out.mutable_closed_by() = audit::ActorFromRow(row, 26);
    SetTime(row.Time(32), out.mutable_closed_at());
  }
  if (!row.IsNull(33)) SetDay(row.Day(33), out.mutable_close_due());
  return out;
}

std::string StateLabel(v1::RecordFlagState state) {
  const auto* value = v1::RecordFlagState_descriptor()->FindValueByNumber(state);
  return value == nullptr ? "" : value->options().GetExtension(options::v1::value_label).zh();
}

absl::StatusOr<v1::RecordFlag> One(const absl::StatusOr<mysql::Rows>& rows, const Ulid& id) {
  RETURN_IF_ERROR(rows.status());
  if (rows->empty()) return NotFound(kAggregate, id.ToString()).Build();
  return FromRow(rows->front());
}

// Sets columns of a flag that was read at this version, and gives it as it is then.
absl::StatusOr<v1::RecordFlag> Save(mysql::Tx& tx, const v1::RecordFlag& flag,
                                    std::string_view columns, mysql::Params values) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(flag.id()));
  values.emplace_back(id);
  values.emplace_back(flag.etag());
  ASSIGN_OR_RETURN(const int64_t matched,
                   tx.Execute(Cat("UPDATE record_flag SET version = version + 1, ", columns,
                                  " WHERE id = ? AND version = ?"),
                              values));
  if (matched != 1) return EtagMismatch().Build();
  return Get(tx, id, {flag.region_path()});
}

}  // namespace

Subject SubjectOf(const v1::RecordFlag& flag) {
  Subject subject;
  subject.state = flag.state();
  subject.office = std::min(LevelOfRegion(flag.region_path()), RegionLevel::kCounty);
  subject.flagged_by = {flag.flagged_by().subject(), flag.flagged_by().delegated_by()};
  subject.answered_by = {flag.answered_by().subject(), flag.answered_by().delegated_by()};
  return subject;
}

const workflow::Table<v1::RecordFlagState, Subject>& Transitions() {
  using Table = workflow::Table<v1::RecordFlagState, Subject>;
  using Guard = workflow::Guard<Subject>;
  static const Table* const table = [] {
    const auto office = [](RegionLevel level) {
      return Guard{"its_office", [level](const Subject& s, const workflow::Actor&) -> absl::Status {
                     if (s.office == level) return absl::OkStatus();
                     return Error(absl::StatusCode::kPermissionDenied, "FLAG_OF_ANOTHER_OFFICE")
                         .Zh("该标记由记录所在层级的主管部门答复");
                   }};
    };
    const Guard not_flagger = {
        "not_flagger", [](const Subject& s, const workflow::Actor& a) -> absl::Status {
          if (!a.Is(s.flagged_by)) return absl::OkStatus();
          return FailedPrecondition("SAME_PERSON", "作出标记的人不能答复该标记");
        }};
    const Guard not_answerer = {
        "not_answerer", [](const Subject& s, const workflow::Actor& a) -> absl::Status {
          if (s.answered_by.empty() || !a.Is(s.answered_by)) return absl::OkStatus();
          return FailedPrecondition("SAME_PERSON", "答复标记的人不能办结该标记");
        }};
    const Guard flagger = {
        "flagger", [](const Subject& s, const workflow::Actor& a) -> absl::Status {
          if (a.Is(s.flagged_by)) return absl::OkStatus();
          return Error(absl::StatusCode::kPermissionDenied, "FLAG_OF_ANOTHER_PERSON")
              .Zh("只有作出标记的人可以撤回");
        }};
    const auto answer = [&](workflow::RoleId role, RegionLevel level) {
      return workflow::Transition<v1::RecordFlagState, Subject>{
          .from = {RECORD_FLAG_STATE_OPEN},
          .action = "answer",
          .label_zh = "答复标记",
          .roles = {role},
          .guards = {office(level), not_flagger},
          .to = RECORD_FLAG_STATE_ANSWERED};
    };
    return new Table([](const Subject& s) { return s.state; }, StateLabel,
                     {answer(ROLE_COUNTY_APPROVER, RegionLevel::kCounty),
                      answer(ROLE_CITY_SUPERVISOR, RegionLevel::kCity),
                      answer(ROLE_PROV_OFFICE, RegionLevel::kProvince),
                      {.from = {RECORD_FLAG_STATE_ANSWERED},
                       .action = "close",
                       .label_zh = "办结标记",
                       .roles = {ROLE_AUDITOR},
                       .guards = {not_answerer},
                       .to = RECORD_FLAG_STATE_CLOSED},
                      {.from = {RECORD_FLAG_STATE_OPEN},
                       .action = "withdraw",
                       .label_zh = "撤回标记",
                       .roles = {ROLE_AUDITOR},
                       .guards = {flagger},
                       .to = RECORD_FLAG_STATE_CLOSED}});
  }();
  return *table;
}

absl::StatusOr<v1::RecordFlag> Insert(mysql::Tx& tx, const NewFlag& flag, absl::Time now) {
  mysql::Params params = {flag.id,
                          flag.region_path,
                          flag.subject_type,
                          flag.subject_id,
                          static_cast<int>(RECORD_FLAG_STATE_OPEN),
                          flag.reason,
                          nullptr,
                          flag.answer_due && flag.answer_due->provisional};
  if (flag.answer_due) params[6] = flag.answer_due->day;
  audit::AddActor(flag.flagged_by, &params);
  params.emplace_back(now);
  RETURN_IF_ERROR(
      tx.Execute(
            "INSERT INTO record_flag (id, version, region_path, subject_type, subject_id, state, "
            "reason, answer_due, provisional, flagged_subject, flagged_name, flagged_role, "
            "flagged_region_path, flagged_delegated_by, flagged_grant_id, flagged_at, answer, "
            "answered_subject, answered_name, answered_role, answered_region_path, "
            "answered_delegated_by, answered_grant_id, outcome, outcome_note, closed_subject, "
            "closed_name, closed_role, closed_region_path, closed_delegated_by, closed_grant_id) "
            "VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', '', '', '', '', "
            "0, '', '', '', '', '', '', '')",
            params)
          .status());
  return Get(tx, flag.id, {flag.region_path});
}

absl::StatusOr<v1::RecordFlag> Get(mysql::Executor& db, const Ulid& id,
                                   const std::vector<std::string>& scope) {
  mysql::Params params = {id};
  const std::string sql = Cat("SELECT ", kColumns, " FROM record_flag WHERE id = ? AND ",
                              mysql::RegionClause(scope, "region_path", &params));
  return One(db.Query(sql, params), id);
}

absl::StatusOr<std::vector<v1::RecordFlag>> GetMany(mysql::Executor& db,
                                                    const std::vector<Ulid>& ids,
                                                    const std::vector<std::string>& scope) {
  std::vector<v1::RecordFlag> out;
  if (ids.empty()) return out;
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  std::string sql = Cat("SELECT ", kColumns, " FROM record_flag WHERE id IN (",
                        mysql::Placeholders(ids.size()), ") AND ");
  sql += mysql::RegionClause(scope, "region_path", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

absl::StatusOr<v1::RecordFlag> GetForUpdate(mysql::Tx& tx, const Ulid& id,
                                            const std::vector<std::string>& scope,
                                            std::string_view etag) {
  mysql::Params params = {id};
  const std::string sql = Cat("SELECT ", kColumns, " FROM record_flag WHERE id = ? AND ",
                              mysql::RegionClause(scope, "region_path", &params), " FOR UPDATE");
  ASSIGN_OR_RETURN(v1::RecordFlag flag, One(tx.Query(sql, params), id));
  if (!etag.empty() && etag != flag.etag()) return EtagMismatch().Build();
  return flag;
}

absl::StatusOr<std::vector<v1::RecordFlag>> List(mysql::Executor& db, const ListQuery& query) {
  const bool of_state = query.state != v1::RECORD_FLAG_STATE_UNSPECIFIED;
  const char* index = query.subject_id ? "record_flag_by_subject"
                      : of_state       ? "record_flag_by_state"
                                       : "record_flag_by_region";
  mysql::Params params;
  std::string sql = Cat("SELECT ", kColumns, " FROM record_flag FORCE INDEX (", index, ") WHERE ",
                        mysql::RegionClause(query.scope, "region_path", &params));
  if (!query.region.empty()) {
    sql += Cat(" AND ", mysql::RegionClause({query.region}, "region_path", &params));
  }
  if (query.subject_id) {
    sql += " AND subject_id = ?";
    params.emplace_back(*query.subject_id);
  }
  if (of_state) {
    sql += " AND state = ?";
    params.emplace_back(static_cast<int>(query.state));
  }
  if (!query.after_id.is_zero()) {
    sql += " AND region_path >= ? AND (region_path > ? OR id > ?)";
    params.emplace_back(query.after_region_path);
    params.emplace_back(query.after_region_path);
    params.emplace_back(query.after_id);
  }
  sql += " ORDER BY region_path, id LIMIT ?";
  params.emplace_back(query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<v1::RecordFlag> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

absl::StatusOr<v1::RecordFlag> Answer(mysql::Tx& tx, const v1::RecordFlag& flag,
                                      std::string_view answer, const workflow::Deadline& close_due,
                                      const workflow::Actor& actor,
                                      const type::v1::Actor& answered_by, absl::Time now) {
  ASSIGN_OR_RETURN(const v1::RecordFlagState to,
                   Transitions().Execute(SubjectOf(flag), "answer", actor));
  mysql::Params values = {static_cast<int>(to), close_due.day, close_due.provisional, answer};
  audit::AddActor(answered_by, &values);
  values.emplace_back(now);
  return Save(tx, flag,
              "state = ?, close_due = ?, provisional = ?, answer = ?, answered_subject = ?, "
              "answered_name = ?, answered_role = ?, answered_region_path = ?, "
              "answered_delegated_by = ?, answered_grant_id = ?, answered_at = ?",
              std::move(values));
}

absl::StatusOr<v1::RecordFlag> Close(mysql::Tx& tx, const v1::RecordFlag& flag,
                                     v1::RecordFlagOutcome outcome, std::string_view note,
                                     const workflow::Actor& actor, const type::v1::Actor& closed_by,
                                     absl::Time now) {
  const bool withdraw =
      outcome == v1::RECORD_FLAG_OUTCOME_WITHDRAWN && flag.state() == RECORD_FLAG_STATE_OPEN;
  ASSIGN_OR_RETURN(const v1::RecordFlagState to,
                   Transitions().Execute(SubjectOf(flag), withdraw ? "withdraw" : "close", actor));
  mysql::Params values = {static_cast<int>(to), static_cast<int>(outcome), note};
  audit::AddActor(closed_by, &values);
  values.emplace_back(now);
  return Save(tx, flag,
              "state = ?, outcome = ?, outcome_note = ?, closed_subject = ?, closed_name = ?, "
              "closed_role = ?, closed_region_path = ?, closed_delegated_by = ?, "
              "closed_grant_id = ?, closed_at = ?",
              std::move(values));
}

}  // namespace bangfu::flag
