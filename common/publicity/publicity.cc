#include "common/publicity/publicity.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/contract/sensitive.h"
#include "common/contract/time.h"
#include "common/publicity/transitions.h"
#include "common/seal/seal.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::publicity {
namespace {

using v1::OBJECTION_STATE_OPEN;
using v1::OBJECTION_STATE_REJECTED;
using v1::OBJECTION_STATE_UPHELD;
using v1::OBJECTION_STATE_WITHDRAWN;
using v1::PUBLICITY_STATE_ENDED;
using v1::PUBLICITY_STATE_OBJECTED;
using v1::PUBLICITY_STATE_RUNNING;

constexpr char kRaisedBy[] = "objection.raised_by";

constexpr char kColumns[] =
    "id, version, region_path, subject_type, subject_id, kind, channels, url, content_sha256, "
    "from_day, to_day, days_required, day_kind, provisional, state, started_subject, started_name, "
    "started_role, started_region_path, started_delegated_by, started_grant_id";

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
  SetDay(row.Day(9), out.mutable_from());
  SetDay(row.Day(10), out.mutable_to());
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
    SetTime(row.Time(2), objection->mutable_raised_at());
    ASSIGN_OR_RETURN(std::string raised_by, seal::OpenText(row.String(3), kRaisedBy));
    objection->set_raised_by(masked ? contract::MaskText(raised_by) : std::move(raised_by));
    objection->set_text(row.String(4));
    objection->set_state(static_cast<v1::ObjectionState>(row.Int(5)));
    SetDay(row.Day(6), objection->mutable_answer_due());
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

// The files of all of them and of their objections, in one statement.
absl::Status AddFiles(mysql::Executor& db, std::vector<v1::Publicity>& publicities) {
  if (publicities.empty()) return absl::OkStatus();
  std::map<std::string, v1::Publicity*> by_id;
  std::map<std::string, v1::Objection*> objections;
  mysql::Params params;
  for (v1::Publicity& publicity : publicities) {
    by_id[publicity.id()] = &publicity;
    for (v1::Objection& objection : *publicity.mutable_objections()) {
      objections[objection.id()] = &objection;
    }
    ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(publicity.id()));
    params.emplace_back(id);
  }
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(
          absl::StrCat("SELECT publicity_id, objection_id, evidence FROM publicity_evidence "
                       "WHERE publicity_id IN (",
                       mysql::Placeholders(params.size()), ") ORDER BY publicity_id, position"),
          params));
  for (const mysql::Row& row : rows) {
    type::v1::Evidence evidence;
    if (!evidence.ParseFromString(row.String(2))) {
      return absl::DataLossError("evidence of a publicity");
    }
    if (row.IsNull(1)) {
      *by_id.at(row.Id(0).ToString())->add_evidence() = std::move(evidence);
    } else if (const auto it = objections.find(row.Id(1).ToString()); it != objections.end()) {
      *it->second->add_evidence() = std::move(evidence);
    }
  }
  return absl::OkStatus();
}

absl::Status AddParts(mysql::Executor& db, std::vector<v1::Publicity>& publicities,
                      bool masked = true) {
  RETURN_IF_ERROR(AddObjections(db, publicities, masked));
  return AddFiles(db, publicities);
}

// Behind those that are there; the publicity is locked, or new.
absl::Status InsertFiles(mysql::Tx& tx, const Ulid& publicity_id,
                         const std::optional<Ulid>& objection_id, int first,
                         const EvidenceList& evidence) {
  for (int i = 0; i < evidence.size(); ++i) {
    ASSIGN_OR_RETURN(const Ulid blob, Ulid::Parse(evidence[i].blob_id()));
    absl::Status inserted =
        tx.Execute(
              "INSERT INTO publicity_evidence (publicity_id, position, objection_id, blob_id, "
              "evidence) VALUES (?, ?, ?, ?, ?)",
              {publicity_id, first + i, objection_id, blob, evidence[i].SerializeAsString()})
            .status();
    if (mysql::IsDuplicateKey(inserted, "publicity_evidence_blob")) {
      return FailedPrecondition(
                 "EVIDENCE_ALREADY_LISTED",
                 absl::StrCat("佐证材料“", evidence[i].title(), "”：该文件已在公示材料中"))
          .Field(absl::StrCat("evidence[", i, "].blob_id"), "该文件已在公示材料中")
          .Build();
    }
    RETURN_IF_ERROR(inserted);
  }
  return absl::OkStatus();
}

// The next position: files of the showing and of the objections count in one row.
int NextFile(const v1::Publicity& publicity) {
  int files = publicity.evidence_size();
  for (const v1::Objection& objection : publicity.objections()) files += objection.evidence_size();
  return files;
}

absl::StatusOr<v1::Publicity> One(mysql::Executor& db, const absl::StatusOr<mysql::Rows>& rows,
                                  const Ulid& id, bool masked = true) {
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return NotFound("publicity", id.ToString()).Build();
  std::vector<v1::Publicity> one = {FromRow(rows->front())};
  RETURN_IF_ERROR(AddParts(db, one, masked));
  return std::move(one[0]);
}

int OpenObjections(const v1::Publicity& publicity) {
  return static_cast<int>(std::count_if(
      publicity.objections().begin(), publicity.objections().end(),
      [](const v1::Objection& objection) { return objection.state() == OBJECTION_STATE_OPEN; }));
}

// As it was left.
Subject LeftAs(const v1::Publicity& publicity, absl::Time now) {
  Subject subject;
  subject.state = publicity.state();
  subject.today = ShanghaiDay(now);
  subject.to = DayFrom(publicity.to());
  subject.open_objections = OpenObjections(publicity);
  subject.evidence = publicity.evidence_size();
  return subject;
}
// As it is now.
Subject SubjectOf(const v1::Publicity& publicity, absl::Time now) {
  Subject subject = LeftAs(publicity, now);
  subject.state = AsOf(publicity, now).state();
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
  const bool active = state == PUBLICITY_STATE_RUNNING || state == PUBLICITY_STATE_OBJECTED ||
                      state == PUBLICITY_STATE_ENDED;
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

v1::Publicity AsOf(v1::Publicity publicity, absl::Time now) {
  // Counted without the calendar of its year, the day may still move.
  if (publicity.provisional()) return publicity;
  const absl::StatusOr<v1::PublicityState> ended =
      Transitions().Execute(LeftAs(publicity, now), "end", workflow::Actor::System());
  if (ended.ok()) publicity.set_state(*ended);
  return publicity;
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
  RETURN_IF_ERROR(InsertFiles(tx, publicity.id, std::nullopt, 0, publicity.evidence));
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
  RETURN_IF_ERROR(AddParts(db, out));
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
  RETURN_IF_ERROR(AddParts(db, one));
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
    const bool in_period = query.state == PUBLICITY_STATE_RUNNING ||  //
                           query.state == PUBLICITY_STATE_OBJECTED;
    // What nobody has touched since its last day is left as it was: the clock has ended it (AsOf).
    sql += in_period ? " AND (state = ? AND (to_day >= ? OR provisional = 1))"
           : query.state == PUBLICITY_STATE_ENDED
               ? " AND (state = ? OR (to_day < ? AND provisional = 0 AND state IN (?, ?)))"
               : " AND state = ?";
    params.emplace_back(static_cast<int>(query.state));
    if (in_period || query.state == PUBLICITY_STATE_ENDED) params.emplace_back(query.today);
    if (query.state == PUBLICITY_STATE_ENDED) {
      params.emplace_back(static_cast<int>(PUBLICITY_STATE_RUNNING));
      params.emplace_back(static_cast<int>(PUBLICITY_STATE_OBJECTED));
    }
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
  RETURN_IF_ERROR(AddParts(db, out));
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
  RETURN_IF_ERROR(AddParts(db, out));
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
                                             AnswerPeriod answer, Brought brought) {
  absl::StatusOr<v1::PublicityState> to =
      Transitions().Execute(SubjectOf(publicity, now), "raise_objection", actor);
  if (!to.ok()) {
    if (ReasonOf(to.status()) != "STATE_NOT_ALLOWED") return to.status();
    return NotRunning(AsOf(publicity, now).state());
  }
  if (brought.take) RETURN_IF_ERROR(brought.take(&brought.evidence));
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
  RETURN_IF_ERROR(InsertFiles(tx, id, objection_id, NextFile(publicity), brought.evidence));
  return Save(tx, publicity, *to, now);
}

absl::StatusOr<v1::Publicity> AddEvidence(mysql::Tx& tx, const v1::Publicity& publicity,
                                          Brought brought, const workflow::Actor& actor,
                                          absl::Time now) {
  ASSIGN_OR_RETURN(const v1::PublicityState to,
                   Transitions().Execute(SubjectOf(publicity, now), "add_evidence", actor));
  if (publicity.evidence_size() + brought.evidence.size() > kMaxEvidence) {
    return FailedPrecondition("EVIDENCE_TOO_MANY",
                              absl::StrCat("一次公示最多", kMaxEvidence, "份公示材料"))
        .With("max", absl::StrCat(kMaxEvidence))
        .Build();
  }
  if (brought.take) RETURN_IF_ERROR(brought.take(&brought.evidence));
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity.id()));
  RETURN_IF_ERROR(InsertFiles(tx, id, std::nullopt, NextFile(publicity), brought.evidence));
  return Save(tx, publicity, to, now);
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
                                       absl::Time now, int64_t evidence_wanted) {
  v1::Publicity current = publicity;
  if (current.provisional()) {
    ASSIGN_OR_RETURN(const Deadline to,
                     Count(tx, calendar, DayFrom(current.from()), current.days_required(),
                           static_cast<DayKind>(current.day_kind())));
    SetDay(to.day, current.mutable_to());
    current.set_provisional(to.provisional);
  }
  Subject subject = SubjectOf(current, now);
  subject.evidence_wanted = evidence_wanted;
  ASSIGN_OR_RETURN(const v1::PublicityState to, Transitions().Execute(subject, "conclude", actor));
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
                                             absl::Time now, int64_t evidence_wanted) {
  Subject subject = SubjectOf(publicity, now);
  subject.evidence_wanted = evidence_wanted;
  subject.recorders = open_recorders;
  std::vector<workflow::AllowedAction> actions = Transitions().Allowed(subject, actor);
  for (workflow::AllowedAction& action : actions) {
    if (action.action != "raise_objection" || action.refusal_reason != "STATE_NOT_ALLOWED")
      continue;
    const ErrorDetail refusal = GetErrorDetail(NotRunning(subject.state));
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
