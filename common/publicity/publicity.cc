#include "common/publicity/publicity.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/contract/sensitive.h"
#include "common/seal/seal.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::publicity {
namespace {

using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_TOWNSHIP_REVIEWER;
using options::v1::ROLE_VILLAGE_REPORTER;
using v1::OBJECTION_STATE_OPEN;
using v1::OBJECTION_STATE_REJECTED;
using v1::OBJECTION_STATE_UPHELD;
using v1::OBJECTION_STATE_WITHDRAWN;
using v1::PUBLICITY_STATE_CANCELLED;
using v1::PUBLICITY_STATE_OBJECTED;
using v1::PUBLICITY_STATE_PASSED;
using v1::PUBLICITY_STATE_RUNNING;
using v1::PUBLICITY_STATE_UPHELD;

constexpr char kRaisedBy[] = "objection.raised_by";

constexpr char kColumns[] =
    "id, version, region_path, subject_type, subject_id, kind, channels, url, content_sha256, "
    "from_day, to_day, days_required, day_kind, provisional, state, started_subject, started_name, "
    "started_role, started_region_path, started_delegated_by, started_grant_id";

void SetDate(absl::CivilDay day, google::type::Date* out) {
  out->set_year(static_cast<int32_t>(day.year()));
  out->set_month(day.month());
  out->set_day(day.day());
}
absl::CivilDay DayFrom(const google::type::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

std::string DayZh(absl::CivilDay day) {
  return absl::StrCat(day.year(), "年", day.month(), "月", day.day(), "日");
}

std::string StateLabel(v1::PublicityState state) {
  const auto* value = v1::PublicityState_descriptor()->FindValueByNumber(state);
  return value == nullptr ? "" : value->options().GetExtension(options::v1::value_label).zh();
}

v1::Publicity FromRow(const mysql::Row& row) {
  v1::Publicity out;
  out.set_id(row.Id(0).ToString());
  out.set_etag(absl::StrCat(row.Int(1)));
  out.set_region_path(row.String(2));
  out.set_subject_type(row.String(3));
  out.set_subject_id(row.Id(4).ToString());
  out.set_kind(row.String(5));
  for (const auto& channel : absl::StrSplit(row.String(6), '\n', absl::SkipEmpty())) {
    out.add_channels(std::string(channel));
  }
  out.set_url(row.String(7));
  out.set_content_sha256(row.String(8));
  SetDate(row.Day(9), out.mutable_from());
  SetDate(row.Day(10), out.mutable_to());
  out.set_days_required(static_cast<int32_t>(row.Int(11)));
  out.set_day_kind(static_cast<v1::DayKind>(row.Int(12)));
  out.set_provisional(row.Bool(13));
  out.set_state(static_cast<v1::PublicityState>(row.Int(14)));
  out.mutable_started_by()->set_subject(row.String(15));
  out.mutable_started_by()->set_name(row.String(16));
  out.mutable_started_by()->set_role(row.String(17));
  out.mutable_started_by()->set_region_path(row.String(18));
  out.mutable_started_by()->set_delegated_by(row.String(19));
  out.mutable_started_by()->set_grant_id(row.String(20));
  return out;
}

// The objections of all of them in one statement.
absl::Status AddObjections(mysql::Executor& db, std::vector<v1::Publicity>& publicities,
                           bool masked = true) {
  if (publicities.empty()) return absl::OkStatus();
  std::map<std::string, v1::Publicity*> by_id;
  mysql::Params params;
  for (v1::Publicity& publicity : publicities) {
    by_id[publicity.id()] = &publicity;
    ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(publicity.id()));
    params.emplace_back(id);
  }
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(absl::StrCat(
                   "SELECT id, publicity_id, raised_at, raised_by, text, state, answer_due, "
                   "handled_subject, handled_name, handled_role, handled_region_path, reply, "
                   "handled_delegated_by, handled_grant_id FROM objection WHERE publicity_id IN (",
                   mysql::Placeholders(params.size()), ") ORDER BY publicity_id, id"),
               params));
  for (const mysql::Row& row : rows) {
    v1::Objection* objection = by_id.at(row.Id(1).ToString())->add_objections();
    objection->set_id(row.Id(0).ToString());
    const int64_t micros = absl::ToUnixMicros(row.Time(2));
    objection->mutable_raised_at()->set_seconds(micros / 1000000);
    objection->mutable_raised_at()->set_nanos(static_cast<int32_t>(micros % 1000000 * 1000));
    ASSIGN_OR_RETURN(std::string raised_by, seal::OpenText(row.String(3), kRaisedBy));
    objection->set_raised_by(masked ? contract::MaskText(raised_by) : std::move(raised_by));
    objection->set_text(row.String(4));
    objection->set_state(static_cast<v1::ObjectionState>(row.Int(5)));
    SetDate(row.Day(6), objection->mutable_answer_due());
    if (!row.String(7).empty()) {
      objection->mutable_handled_by()->set_subject(row.String(7));
      objection->mutable_handled_by()->set_name(row.String(8));
      objection->mutable_handled_by()->set_role(row.String(9));
      objection->mutable_handled_by()->set_region_path(row.String(10));
      objection->mutable_handled_by()->set_delegated_by(row.String(12));
      objection->mutable_handled_by()->set_grant_id(row.String(13));
    }
    objection->set_reply(row.String(11));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Publicity> One(mysql::Executor& db, const absl::StatusOr<mysql::Rows>& rows,
                                  const Ulid& id, bool masked = true) {
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return NotFound("publicity", id.ToString()).Build();
  std::vector<v1::Publicity> one = {FromRow(rows->front())};
  RETURN_IF_ERROR(AddObjections(db, one, masked));
  return std::move(one[0]);
}

int OpenObjections(const v1::Publicity& publicity) {
  return static_cast<int>(std::count_if(
      publicity.objections().begin(), publicity.objections().end(),
      [](const v1::Objection& objection) { return objection.state() == OBJECTION_STATE_OPEN; }));
}

Subject SubjectOf(const v1::Publicity& publicity, absl::Time now) {
  Subject subject;
  subject.state = publicity.state();
  subject.today = ShanghaiDay(now);
  subject.to = DayFrom(publicity.to());
  subject.open_objections = OpenObjections(publicity);
  return subject;
}

absl::StatusOr<Deadline> Count(mysql::Executor& db, const CalendarLookup& calendar,
                               absl::CivilDay from, int days, DayKind kind) {
  Calendar loaded;
  if (kind == DayKind::kWorking) {
    // A year has far more working days than any period here asks for.
    ASSIGN_OR_RETURN(loaded, calendar(db, from.year(), from.year() + 1 + days / 200));
  }
  return AddDays(from, days, kind, loaded);
}

// Writes the new state under the version that was read.
absl::StatusOr<v1::Publicity> Save(mysql::Tx& tx, v1::Publicity publicity, v1::PublicityState state,
                                   absl::Time now) {
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(publicity.id()));
  const bool active = state == PUBLICITY_STATE_RUNNING || state == PUBLICITY_STATE_OBJECTED;
  ASSIGN_OR_RETURN(
      int64_t matched,
      tx.Execute(active ? "UPDATE publicity SET state = ?, to_day = ?, provisional = ?, "
                          "version = version + 1 WHERE id = ? AND version = ?"
                        : "UPDATE publicity SET state = ?, to_day = ?, provisional = ?, "
                          "version = version + 1, active_subject_id = NULL, active_kind = NULL, "
                          "ended_at = ? WHERE id = ? AND version = ?",
                 active ? mysql::Params{static_cast<int>(state), DayFrom(publicity.to()),
                                        publicity.provisional(), id, publicity.etag()}
                        : mysql::Params{static_cast<int>(state), DayFrom(publicity.to()),
                                        publicity.provisional(), now, id, publicity.etag()}));
  if (matched != 1) return EtagMismatch().Build();
  return Get(tx, id, {publicity.region_path()});
}

}  // namespace

const workflow::Table<v1::PublicityState, Subject>& Transitions() {
  using Table = workflow::Table<v1::PublicityState, Subject>;
  using Guard = workflow::Guard<Subject>;
  static const Table* const table = [] {
    const Guard in_period = {
        "in_period", [](const Subject& s, const workflow::Actor&) -> absl::Status {
          if (s.today <= s.to) return absl::OkStatus();
          return FailedPrecondition("PUBLICITY_NOT_RUNNING",
                                    absl::StrCat("公示期已于", DayZh(s.to), "结束"));
        }};
    const Guard period_over = {
        "period_over", [](const Subject& s, const workflow::Actor&) -> absl::Status {
          if (s.today > s.to) return absl::OkStatus();
          return FailedPrecondition("PUBLICITY_PERIOD_RUNNING",
                                    absl::StrCat("公示期至", DayZh(s.to), "，尚未届满"))
              .With("to", absl::FormatCivilTime(s.to));
        }};
    const Guard none_open = {"none_open",
                             [](const Subject& s, const workflow::Actor&) -> absl::Status {
                               if (s.open_objections == 0) return absl::OkStatus();
                               return FailedPrecondition("OBJECTION_OPEN", "还有未答复的异议");
                             }};
    const Guard other_person = {
        "other_person", [](const Subject& s, const workflow::Actor& a) -> absl::Status {
          for (const workflow::Person& recorder : s.recorders) {
            if (!a.Is(recorder)) return absl::OkStatus();
          }
          return FailedPrecondition("SAME_PERSON", "提出异议的人不能答复该异议");
        }};
    const Guard upheld = {"upheld", [](const Subject& s, const workflow::Actor&) -> absl::Status {
                            if (s.decision == OBJECTION_STATE_UPHELD) return absl::OkStatus();
                            return FailedPrecondition("NOT_UPHELD", "异议不成立");
                          }};
    const Guard more_open = {"more_open",
                             [](const Subject& s, const workflow::Actor&) -> absl::Status {
                               if (s.open_objections > 1) return absl::OkStatus();
                               return FailedPrecondition("LAST_OBJECTION", "没有其他异议");
                             }};
    const std::vector<workflow::RoleId> decides = {ROLE_COUNTY_APPROVER};
    return new Table(
        [](const Subject& s) { return s.state; }, StateLabel,
        {
            {.from = {PUBLICITY_STATE_RUNNING, PUBLICITY_STATE_OBJECTED},
             .action = "raise_objection",
             .label_zh = "提出异议",
             .roles = {ROLE_VILLAGE_REPORTER, ROLE_TOWNSHIP_REVIEWER, ROLE_COUNTY_OPERATOR},
             .guards = {in_period},
             .to = PUBLICITY_STATE_OBJECTED},
            // The first that fits: upheld ends it, another open one keeps it objected.
            {.from = {PUBLICITY_STATE_OBJECTED},
             .action = "decide_objection",
             .label_zh = "答复异议",
             .roles = decides,
             .guards = {other_person, upheld},
             .to = PUBLICITY_STATE_UPHELD},
            {.from = {PUBLICITY_STATE_OBJECTED},
             .action = "decide_objection",
             .label_zh = "答复异议",
             .roles = decides,
             .guards = {other_person, more_open},
             .to = PUBLICITY_STATE_OBJECTED},
            {.from = {PUBLICITY_STATE_OBJECTED},
             .action = "decide_objection",
             .label_zh = "答复异议",
             .roles = decides,
             .guards = {other_person},
             .to = PUBLICITY_STATE_RUNNING},
            {.from = {PUBLICITY_STATE_RUNNING, PUBLICITY_STATE_OBJECTED},
             .action = "conclude",
             .label_zh = "结束公示",
             .roles = {ROLE_COUNTY_OPERATOR, ROLE_COUNTY_APPROVER, workflow::kSystem},
             .guards = {period_over, none_open},
             .to = PUBLICITY_STATE_PASSED},
            {.from = {PUBLICITY_STATE_RUNNING, PUBLICITY_STATE_OBJECTED},
             .action = "cancel",
             .label_zh = "撤销公示",
             .roles = {workflow::kSystem},
             .to = PUBLICITY_STATE_CANCELLED},
        });
  }();
  return *table;
}

absl::StatusOr<v1::Publicity> Start(mysql::Tx& tx, const NewPublicity& publicity,
                                    const CalendarLookup& calendar, absl::Time now) {
  if (publicity.days_required <= 0) {
    return InvalidField("days_required", "公示天数必须大于零").Build();
  }
  if (publicity.channels.empty()) return InvalidField("channels", "请填写公示渠道").Build();
  if (publicity.content_sha256.size() != 64) {
    return InvalidField("content_sha256", "请填写公示内容的SHA-256").Build();
  }
  const absl::CivilDay from = ShanghaiDay(now);
  ASSIGN_OR_RETURN(const Deadline to,
                   Count(tx, calendar, from, publicity.days_required, publicity.day_kind));
  absl::Status inserted =
      tx.Execute(
            "INSERT INTO publicity (id, version, region_path, subject_type, subject_id, kind, "
            "channels, url, content_sha256, from_day, to_day, days_required, day_kind, "
            "provisional, state, active_subject_id, active_kind, started_subject, started_name, "
            "started_role, started_region_path, started_delegated_by, started_grant_id, "
            "started_at, ended_at) "
            "VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            {publicity.id,
             publicity.region_path,
             publicity.subject_type,
             publicity.subject_id,
             publicity.kind,
             absl::StrJoin(publicity.channels, "\n"),
             publicity.url,
             publicity.content_sha256,
             from,
             to.day,
             publicity.days_required,
             static_cast<int>(publicity.day_kind),
             to.provisional,
             static_cast<int>(PUBLICITY_STATE_RUNNING),
             publicity.subject_id,
             publicity.kind,
             publicity.started_by.subject(),
             publicity.started_by.name(),
             publicity.started_by.role(),
             publicity.started_by.region_path(),
             publicity.started_by.delegated_by(),
             publicity.started_by.grant_id(),
             now})
          .status();
  if (mysql::IsDuplicateKey(inserted, "publicity_active")) {
    return Error(absl::StatusCode::kAlreadyExists, "PUBLICITY_RUNNING")
        .Zh("该事项正在公示")
        .With("subject_id", publicity.subject_id.ToString())
        .Build();
  }
  RETURN_IF_ERROR(inserted);
  return Get(tx, publicity.id, {publicity.region_path});
}

absl::StatusOr<v1::Publicity> Get(mysql::Executor& db, const Ulid& id,
                                  const std::vector<std::string>& scope) {
  mysql::Params params = {id};
  const std::string sql = absl::StrCat("SELECT ", kColumns, " FROM publicity WHERE id = ? AND ",
                                       mysql::RegionClause(scope, "region_path", &params));
  return One(db, db.Query(sql, params), id);
}

absl::StatusOr<std::vector<v1::Publicity>> GetMany(mysql::Executor& db,
                                                   const std::vector<Ulid>& ids,
                                                   const std::vector<std::string>& scope) {
  std::vector<v1::Publicity> out;
  if (ids.empty()) return out;
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  std::string sql = absl::StrCat("SELECT ", kColumns, " FROM publicity WHERE id IN (",
                                 mysql::Placeholders(ids.size()), ") AND ");
  sql += mysql::RegionClause(scope, "region_path", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(sql, params));
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  RETURN_IF_ERROR(AddObjections(db, out));
  return out;
}

absl::StatusOr<v1::Publicity> GetUnmasked(mysql::Executor& db, const Ulid& id,
                                          const std::vector<std::string>& scope) {
  mysql::Params params = {id};
  const std::string sql = absl::StrCat("SELECT ", kColumns, " FROM publicity WHERE id = ? AND ",
                                       mysql::RegionClause(scope, "region_path", &params));
  return One(db, db.Query(sql, params), id, false);
}

absl::StatusOr<v1::Publicity> GetForUpdate(mysql::Tx& tx, const Ulid& id,
                                           const std::vector<std::string>& scope,
                                           std::string_view etag) {
  mysql::Params params = {id};
  const std::string sql =
      absl::StrCat("SELECT ", kColumns, " FROM publicity WHERE id = ? AND ",
                   mysql::RegionClause(scope, "region_path", &params), " FOR UPDATE");
  ASSIGN_OR_RETURN(v1::Publicity publicity, One(tx, tx.Query(sql, params), id));
  if (!etag.empty() && etag != publicity.etag()) return EtagMismatch().Build();
  return publicity;
}

absl::StatusOr<std::optional<v1::Publicity>> Latest(mysql::Executor& db, const Ulid& subject_id,
                                                    std::string_view kind) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(absl::StrCat("SELECT ", kColumns,
                                         " FROM publicity WHERE subject_id = ? AND kind = ? "
                                         "ORDER BY id DESC LIMIT 1"),
                            {subject_id, kind}));
  if (rows.empty()) return std::nullopt;
  std::vector<v1::Publicity> one = {FromRow(rows[0])};
  RETURN_IF_ERROR(AddObjections(db, one));
  return std::optional<v1::Publicity>(std::move(one[0]));
}

absl::StatusOr<std::vector<v1::Publicity>> List(mysql::Executor& db, const ListQuery& query) {
  mysql::Params params;
  std::string sql =
      absl::StrCat("SELECT ", kColumns, " FROM publicity FORCE INDEX (",
                   query.subject_id ? "publicity_by_subject" : "publicity_by_region", ") WHERE ",
                   mysql::RegionClause(query.scope, "region_path", &params));
  if (!query.region.empty()) {
    absl::StrAppend(&sql, " AND ", mysql::RegionClause({query.region}, "region_path", &params));
  }
  if (query.subject_id) {
    sql += " AND subject_id = ?";
    params.emplace_back(*query.subject_id);
  }
  if (query.state != v1::PUBLICITY_STATE_UNSPECIFIED) {
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
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(sql, params));
  std::vector<v1::Publicity> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  RETURN_IF_ERROR(AddObjections(db, out));
  return out;
}

absl::StatusOr<std::vector<v1::Publicity>> ListById(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  mysql::Params params = {after};
  std::string sql = absl::StrCat("SELECT ", kColumns, " FROM publicity WHERE id > ?");
  if (scope) absl::StrAppend(&sql, " AND ", mysql::RegionClause(*scope, "region_path", &params));
  sql += " ORDER BY id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(sql, params));
  std::vector<v1::Publicity> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  RETURN_IF_ERROR(AddObjections(db, out));
  return out;
}

namespace {

absl::Status NotRunning(v1::PublicityState state) {
  return FailedPrecondition("PUBLICITY_NOT_RUNNING",
                            absl::StrCat("公示状态为「", StateLabel(state), "」，不能提出异议"))
      .Build();
}

}  // namespace

absl::StatusOr<v1::Publicity> RaiseObjection(mysql::Tx& tx, const v1::Publicity& publicity,
                                             const Ulid& objection_id, std::string_view raised_by,
                                             std::string_view text, const workflow::Actor& actor,
                                             const workflow::Person& recorded_by,
                                             const CalendarLookup& calendar, absl::Time now,
                                             AnswerPeriod answer) {
  absl::StatusOr<v1::PublicityState> to =
      Transitions().Execute(SubjectOf(publicity, now), "raise_objection", actor);
  if (!to.ok()) {
    if (ReasonOf(to.status()) != "STATE_NOT_ALLOWED") return to.status();
    return NotRunning(publicity.state());
  }
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(publicity.id()));
  ASSIGN_OR_RETURN(const Deadline due,
                   Count(tx, calendar, ShanghaiDay(now), answer.days, answer.kind));
  RETURN_IF_ERROR(
      tx.Execute("INSERT INTO objection (id, publicity_id, raised_at, raised_by, recorded_subject, "
                 "recorded_delegated_by, text, state, answer_due, handled_subject, handled_name, "
                 "handled_role, handled_region_path, handled_at, reply) "
                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', '', NULL, '')",
                 {objection_id, id, now, seal::SealText(raised_by, kRaisedBy), recorded_by.subject,
                  recorded_by.delegated_by, text, static_cast<int>(OBJECTION_STATE_OPEN), due.day})
          .status());
  return Save(tx, publicity, *to, now);
}

absl::StatusOr<v1::Publicity> DecideObjection(mysql::Tx& tx, const v1::Publicity& publicity,
                                              const Ulid& objection_id, v1::ObjectionState decision,
                                              std::string_view reply, const workflow::Actor& actor,
                                              const type::v1::Actor& handled_by, absl::Time now) {
  if (decision != OBJECTION_STATE_UPHELD && decision != OBJECTION_STATE_REJECTED &&
      decision != OBJECTION_STATE_WITHDRAWN) {
    return InvalidField("decision", "请选择成立、不成立或已撤回").Build();
  }
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(publicity.id()));
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      tx.Query("SELECT state, recorded_subject, "
               "recorded_delegated_by FROM objection WHERE id = ? AND publicity_id = ? FOR UPDATE",
               {objection_id, id}));
  if (rows.empty()) return NotFound("objection", objection_id.ToString()).Build();
  if (rows[0].Int(0) != OBJECTION_STATE_OPEN) {
    return FailedPrecondition("OBJECTION_DECIDED", "该异议已有答复").Build();
  }
  Subject subject = SubjectOf(publicity, now);
  subject.decision = decision;
  subject.recorders = {workflow::Person(rows[0].String(1), rows[0].String(2))};
  ASSIGN_OR_RETURN(const v1::PublicityState to,
                   Transitions().Execute(subject, "decide_objection", actor));
  RETURN_IF_ERROR(
      tx.Execute("UPDATE objection SET state = ?, handled_subject = ?, handled_name = ?, "
                 "handled_role = ?, handled_region_path = ?, handled_delegated_by = ?, "
                 "handled_grant_id = ?, handled_at = ?, reply = ? WHERE id = ?",
                 {static_cast<int>(decision), handled_by.subject(), handled_by.name(),
                  handled_by.role(), handled_by.region_path(), handled_by.delegated_by(),
                  handled_by.grant_id(), now, reply, objection_id})
          .status());
  return Save(tx, publicity, to, now);
}

absl::StatusOr<v1::Publicity> Conclude(mysql::Tx& tx, const v1::Publicity& publicity,
                                       const workflow::Actor& actor, const CalendarLookup& calendar,
                                       absl::Time now) {
  v1::Publicity current = publicity;
  if (current.provisional()) {
    ASSIGN_OR_RETURN(const Deadline to,
                     Count(tx, calendar, DayFrom(current.from()), current.days_required(),
                           static_cast<DayKind>(current.day_kind())));
    SetDate(to.day, current.mutable_to());
    current.set_provisional(to.provisional);
  }
  ASSIGN_OR_RETURN(const v1::PublicityState to,
                   Transitions().Execute(SubjectOf(current, now), "conclude", actor));
  return Save(tx, std::move(current), to, now);
}

absl::StatusOr<v1::Publicity> Cancel(mysql::Tx& tx, const v1::Publicity& publicity,
                                     absl::Time now) {
  ASSIGN_OR_RETURN(
      const v1::PublicityState to,
      Transitions().Execute(SubjectOf(publicity, now), "cancel", workflow::Actor::System()));
  return Save(tx, publicity, to, now);
}

std::vector<workflow::AllowedAction> Allowed(const v1::Publicity& publicity,
                                             const workflow::Actor& actor,
                                             const std::vector<workflow::Person>& open_recorders,
                                             absl::Time now) {
  Subject subject = SubjectOf(publicity, now);
  subject.recorders = open_recorders;
  std::vector<workflow::AllowedAction> actions = Transitions().Allowed(subject, actor);
  for (workflow::AllowedAction& action : actions) {
    if (action.action != "raise_objection" || action.refusal_reason != "STATE_NOT_ALLOWED")
      continue;
    const ErrorDetail refusal = GetErrorDetail(NotRunning(publicity.state()));
    action.refusal_reason = refusal.reason;
    action.refusal_zh = refusal.message_zh;
  }
  return actions;
}

absl::StatusOr<std::map<Ulid, std::vector<workflow::Person>>> OpenRecorders(
    mysql::Executor& db, const std::vector<Ulid>& publicity_ids) {
  std::map<Ulid, std::vector<workflow::Person>> out;
  if (publicity_ids.empty()) return out;
  mysql::Params params;
  for (const Ulid& id : publicity_ids) params.emplace_back(id);
  params.emplace_back(static_cast<int>(OBJECTION_STATE_OPEN));
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(absl::StrCat("SELECT publicity_id, recorded_subject, recorded_delegated_by "
                            "FROM objection WHERE publicity_id IN (",
                            mysql::Placeholders(publicity_ids.size()), ") AND state = ?"),
               params));
  for (const mysql::Row& row : rows) {
    out[row.Id(0)].emplace_back(row.String(1), row.String(2));
  }
  return out;
}

}  // namespace bangfu::publicity
