#include "common/notice/notice.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "bangfu/options/v1/access.pb.h"
#include "common/audit/actor_row.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::notice {
namespace {

using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_PROV_OFFICE;
using options::v1::ROLE_TOWNSHIP_APPROVER;

constexpr char kColumns[] =
    "id, version, dispatch_id, region_path, issuer_region_path, kind, matter, title, text, "
    "subject_type, subject_id, state, answer_due, provisional, needs_evidence, issued_subject, "
    "issued_name, issued_role, issued_region_path, issued_delegated_by, issued_grant_id, "
    "issued_at, "
    "answer, answered_subject, answered_name, answered_role, answered_region_path, "
    "answered_delegated_by, answered_grant_id, answered_at, return_reason, returned_subject, "
    "returned_name, returned_role, returned_region_path, returned_delegated_by, returned_grant_id, "
    "returned_at, returns, closing_note, closed_subject, closed_name, closed_role, "
    "closed_region_path, closed_delegated_by, closed_grant_id, closed_at, review_due";

v1::SupervisionNotice FromRow(const mysql::Row& row) {
  v1::SupervisionNotice out;
  out.set_id(row.Id(0).ToString());
  out.set_etag(Cat(row.Int(1)));
  out.set_dispatch_id(row.Id(2).ToString());
  out.set_region_path(row.String(3));
  out.set_issuer_region_path(row.String(4));
  out.set_kind(static_cast<v1::NoticeKind>(row.Int(5)));
  out.set_matter(static_cast<v1::NoticeMatter>(row.Int(6)));
  out.set_title(row.String(7));
  out.set_text(row.String(8));
  out.set_subject_type(row.String(9));
  if (!row.IsNull(10)) out.set_subject_id(row.Id(10).ToString());
  out.set_state(static_cast<v1::NoticeState>(row.Int(11)));
  SetDay(row.Day(12), out.mutable_answer_due());
  out.set_provisional(row.Bool(13));
  out.set_needs_evidence(row.Bool(14));
  *out.mutable_issued_by() = audit::ActorFromRow(row, 15);
  SetTime(row.Time(21), out.mutable_issued_at());
  out.set_answer(row.String(22));
  if (!row.IsNull(29)) {
    *out.mutable_answered_by() = audit::ActorFromRow(row, 23);
    SetTime(row.Time(29), out.mutable_answered_at());
  }
  out.set_return_reason(row.String(30));
  if (!row.IsNull(37)) {
    *out.mutable_returned_by() = audit::ActorFromRow(row, 31);
    SetTime(row.Time(37), out.mutable_returned_at());
  }
  out.set_returns(static_cast<int32_t>(row.Int(38)));
  out.set_closing_note(row.String(39));
  if (!row.IsNull(46)) {
    *out.mutable_closed_by() = audit::ActorFromRow(row, 40);
    SetTime(row.Time(46), out.mutable_closed_at());
  }
  if (!row.IsNull(47)) SetDay(row.Day(47), out.mutable_review_due());
  return out;
}

// The notices of the rows with their files.
absl::StatusOr<std::vector<v1::SupervisionNotice>> FromRows(mysql::Executor& db,
                                                            const mysql::Rows& rows) {
  std::vector<v1::SupervisionNotice> out;
  if (rows.empty()) return out;
  out.reserve(rows.size());
  mysql::Params ids;
  for (const mysql::Row& row : rows) {
    out.push_back(FromRow(row));
    ids.emplace_back(row.Id(0));
  }
  std::map<std::string, v1::SupervisionNotice*> by_id;
  for (v1::SupervisionNotice& notice : out) by_id[notice.id()] = &notice;
  ASSIGN_OR_RETURN(
      const mysql::Rows files,
      db.Query(
          Cat("SELECT notice_id, evidence FROM supervision_notice_evidence WHERE notice_id IN (",
              mysql::Placeholders(ids.size()), ") ORDER BY notice_id, position"),
          ids));
  for (const mysql::Row& file : files) {
    if (!by_id.at(file.Id(0).ToString())->add_evidence()->ParseFromString(file.String(1))) {
      return absl::DataLossError("evidence of a notice");
    }
  }
  return out;
}

absl::StatusOr<v1::SupervisionNotice> One(mysql::Executor& db,
                                          const absl::StatusOr<mysql::Rows>& rows, const Ulid& id) {
  RETURN_IF_ERROR(rows.status());
  ASSIGN_OR_RETURN(std::vector<v1::SupervisionNotice> notices, FromRows(db, *rows));
  if (notices.empty()) return NotFound(kAggregate, id.ToString()).Build();
  return std::move(notices.front());
}

// Sets columns of a notice that was read at this version, and gives it as it is then.
absl::StatusOr<v1::SupervisionNotice> Save(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                                           std::string_view columns, mysql::Params values) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(notice.id()));
  values.emplace_back(id);
  values.emplace_back(notice.etag());
  ASSIGN_OR_RETURN(const int64_t matched,
                   tx.Execute(Cat("UPDATE supervision_notice SET version = version + 1, ", columns,
                                  " WHERE id = ? AND version = ?"),
                              values));
  if (matched != 1) return EtagMismatch().Build();
  return Get(tx, id, {notice.region_path()});
}

absl::Status InsertFiles(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                         const EvidenceList& evidence) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(notice.id()));
  for (int i = 0; i < evidence.size(); ++i) {
    ASSIGN_OR_RETURN(const Ulid blob, Ulid::Parse(evidence[i].blob_id()));
    const absl::Status inserted =
        tx.Execute(
              "INSERT INTO supervision_notice_evidence (notice_id, position, blob_id, evidence) "
              "VALUES (?, ?, ?, ?)",
              {id, notice.evidence_size() + i, blob, evidence[i].SerializeAsString()})
            .status();
    if (mysql::IsDuplicateKey(inserted, "supervision_notice_evidence_blob")) {
      return FailedPrecondition("EVIDENCE_ALREADY_LISTED",
                                Cat("佐证材料“", evidence[i].title(), "”：该文件已在答复材料中"))
          .Field(Cat("evidence[", i, "].blob_id"), "该文件已在答复材料中");
    }
    RETURN_IF_ERROR(inserted);
  }
  return absl::OkStatus();
}

// The WHERE of a filter; its parameters are added.
std::string Where(const Filter& filter, mysql::Params* params) {
  std::string sql = mysql::RegionClause(filter.scope, "region_path", params);
  if (!filter.region.empty()) {
    sql += Cat(" AND ", mysql::RegionClause({filter.region}, "region_path", params));
  }
  if (filter.kind != v1::NOTICE_KIND_UNSPECIFIED) {
    sql += " AND kind = ?";
    params->emplace_back(static_cast<int>(filter.kind));
  }
  if (filter.matter != v1::NOTICE_MATTER_UNSPECIFIED) {
    sql += " AND matter = ?";
    params->emplace_back(static_cast<int>(filter.matter));
  }
  if (filter.side == v1::NOTICE_SIDE_UNSPECIFIED) return sql;
  if (filter.own_regions.empty()) return sql + " AND FALSE";
  sql += Cat(" AND ", filter.side == v1::NOTICE_SIDE_SENT ? "issuer_region_path" : "region_path",
             " IN (", mysql::Placeholders(filter.own_regions.size()), ")");
  for (const std::string& region : filter.own_regions) params->emplace_back(region);
  return sql;
}

absl::Status AnotherOffice(std::string_view zh) {
  return Error(absl::StatusCode::kPermissionDenied, "NOTICE_OF_ANOTHER_OFFICE").Zh(zh);
}

}  // namespace

const std::vector<OfficeRole>& IssuingRoles() {
  static const auto* const roles =
      new std::vector<OfficeRole>{{ROLE_COUNTY_APPROVER, RegionLevel::kCounty},
                                  {ROLE_CITY_SUPERVISOR, RegionLevel::kCity},
                                  {ROLE_PROV_OFFICE, RegionLevel::kProvince}};
  return *roles;
}

const std::vector<OfficeRole>& AnsweringRoles() {
  static const auto* const roles =
      new std::vector<OfficeRole>{{ROLE_TOWNSHIP_APPROVER, RegionLevel::kTownship},
                                  {ROLE_COUNTY_APPROVER, RegionLevel::kCounty},
                                  {ROLE_CITY_SUPERVISOR, RegionLevel::kCity}};
  return *roles;
}

std::vector<auth::Role> ActingRoles(const v1::SupervisionNotice& notice, std::string_view action) {
  const bool answers = action == "answer";
  const RegionLevel level =
      LevelOfRegion(answers ? notice.region_path() : notice.issuer_region_path());
  std::vector<auth::Role> out;
  for (const OfficeRole& office : answers ? AnsweringRoles() : IssuingRoles()) {
    if (office.level == level) out.push_back(office.role);
  }
  return out;
}

Subject SubjectOf(const v1::SupervisionNotice& notice) {
  Subject subject;
  subject.state = notice.state();
  subject.addressed = LevelOfRegion(notice.region_path());
  subject.issuer = LevelOfRegion(notice.issuer_region_path());
  subject.issued_by = {notice.issued_by().subject(), notice.issued_by().delegated_by()};
  subject.answered_by = {notice.answered_by().subject(), notice.answered_by().delegated_by()};
  return subject;
}

const workflow::Table<v1::NoticeState, Subject>& Transitions() {
  using Table = workflow::Table<v1::NoticeState, Subject>;
  using Row = workflow::Transition<v1::NoticeState, Subject>;
  using Guard = workflow::Guard<Subject>;
  using States = std::vector<v1::NoticeState>;
  static const Table* const table = [] {
    const Guard not_issuer = {
        "not_issuer", [](const Subject& s, const workflow::Actor& a) -> absl::Status {
          if (!a.Is(s.issued_by)) return absl::OkStatus();
          return FailedPrecondition("SAME_PERSON", "发出通知的人不能答复该通知");
        }};
    const Guard not_answerer = {
        "not_answerer", [](const Subject& s, const workflow::Actor& a) -> absl::Status {
          if (s.answered_by.empty() || !a.Is(s.answered_by)) return absl::OkStatus();
          return FailedPrecondition("SAME_PERSON", "答复通知的人不能退回或办结该通知");
        }};
    const auto answers = [](RegionLevel level) {
      return Guard{"its_office", [level](const Subject& s, const workflow::Actor&) -> absl::Status {
                     if (s.addressed == level) return absl::OkStatus();
                     return AnotherOffice("该通知由收文地区的主管部门答复");
                   }};
    };
    const auto asked = [](RegionLevel level) {
      return Guard{"its_issuer", [level](const Subject& s, const workflow::Actor&) -> absl::Status {
                     if (s.issuer == level) return absl::OkStatus();
                     return AnotherOffice("该通知由发文单位处理");
                   }};
    };
    std::vector<Row> rows;
    for (const auto& [role, level] : AnsweringRoles()) {
      rows.push_back(
          {.from = {v1::NOTICE_STATE_OPEN, v1::NOTICE_STATE_RETURNED},
           .action = "answer",
           .label_zh = "答复通知",
           .roles = {role},
           .guards = {not_issuer, answers(level)},
           .to = v1::NOTICE_STATE_ANSWERED,
           .takes = {"PHOTO", "MINUTES", "CONTRACT", "VOUCHER", "TITLE", "BOOKS", "OTHER"}});
    }
    const auto by_issuer = [&](const char* action, const char* label, const States& from,
                               const std::vector<Guard>& also, v1::NoticeState to) {
      for (const auto& [role, level] : IssuingRoles()) {
        // Duties first: who acts for both offices is told that, and not of another office.
        std::vector<Guard> guards = also;
        guards.push_back(asked(level));
        rows.push_back({.from = from,
                        .action = action,
                        .label_zh = label,
                        .roles = {role},
                        .guards = std::move(guards),
                        .to = to});
      }
    };
    by_issuer("return", "退回重答", {v1::NOTICE_STATE_ANSWERED}, {not_answerer},
              v1::NOTICE_STATE_RETURNED);
    by_issuer("close", "办结通知", {v1::NOTICE_STATE_ANSWERED}, {not_answerer},
              v1::NOTICE_STATE_CLOSED);
    by_issuer("withdraw", "撤回通知",
              {v1::NOTICE_STATE_OPEN, v1::NOTICE_STATE_RETURNED, v1::NOTICE_STATE_ANSWERED}, {},
              v1::NOTICE_STATE_WITHDRAWN);
    return new Table([](const Subject& s) { return s.state; },
                     [](v1::NoticeState state) {
                       const auto* value = v1::NoticeState_descriptor()->FindValueByNumber(state);
                       return value == nullptr ? std::string() : contract::LabelOf(*value).zh();
                     },
                     std::move(rows));
  }();
  return *table;
}

absl::StatusOr<v1::SupervisionNotice> Insert(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                                             absl::Time now) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(notice.id()));
  ASSIGN_OR_RETURN(const Ulid dispatch_id, Ulid::Parse(notice.dispatch_id()));
  mysql::Param subject_id = nullptr;
  if (!notice.subject_id().empty()) {
    ASSIGN_OR_RETURN(subject_id, Ulid::Parse(notice.subject_id()));
  }
  mysql::Params params = {id,
                          dispatch_id,
                          notice.region_path(),
                          notice.issuer_region_path(),
                          static_cast<int>(notice.kind()),
                          static_cast<int>(notice.matter()),
                          notice.title(),
                          notice.text(),
                          notice.subject_type(),
                          subject_id,
                          static_cast<int>(v1::NOTICE_STATE_OPEN),
                          DayFrom(notice.answer_due()),
                          notice.provisional(),
                          notice.needs_evidence()};
  audit::AddActor(notice.issued_by(), &params);
  params.emplace_back(now);
  RETURN_IF_ERROR(
      tx.Execute(
            "INSERT INTO supervision_notice (id, version, dispatch_id, region_path, "
            "issuer_region_path, kind, matter, title, text, subject_type, subject_id, state, "
            "answer_due, provisional, needs_evidence, issued_subject, issued_name, issued_role, "
            "issued_region_path, issued_delegated_by, issued_grant_id, issued_at, answer, "
            "answered_subject, answered_name, answered_role, answered_region_path, "
            "answered_delegated_by, answered_grant_id, return_reason, returned_subject, "
            "returned_name, returned_role, returned_region_path, returned_delegated_by, "
            "returned_grant_id, returns, closing_note, closed_subject, closed_name, closed_role, "
            "closed_region_path, closed_delegated_by, closed_grant_id) "
            "VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', "
            "'', '', '', '', '', '', '', '', '', '', '', 0, '', '', '', '', '', '', '')",
            params)
          .status());
  return Get(tx, id, {notice.region_path()});
}

absl::StatusOr<v1::SupervisionNotice> Get(mysql::Executor& db, const Ulid& id,
                                          const std::vector<std::string>& scope) {
  mysql::Params params = {id};
  const std::string sql = Cat("SELECT ", kColumns, " FROM supervision_notice WHERE id = ? AND ",
                              mysql::RegionClause(scope, "region_path", &params));
  return One(db, db.Query(sql, params), id);
}

absl::StatusOr<std::vector<v1::SupervisionNotice>> GetMany(mysql::Executor& db,
                                                           const std::vector<Ulid>& ids,
                                                           const std::vector<std::string>& scope) {
  if (ids.empty()) return std::vector<v1::SupervisionNotice>();
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  std::string sql = Cat("SELECT ", kColumns, " FROM supervision_notice WHERE id IN (",
                        mysql::Placeholders(ids.size()), ") AND ");
  sql += mysql::RegionClause(scope, "region_path", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return FromRows(db, rows);
}

absl::StatusOr<v1::SupervisionNotice> GetForUpdate(mysql::Tx& tx, const Ulid& id,
                                                   const std::vector<std::string>& scope,
                                                   std::string_view etag) {
  mysql::Params params = {id};
  const std::string sql = Cat("SELECT ", kColumns, " FROM supervision_notice WHERE id = ? AND ",
                              mysql::RegionClause(scope, "region_path", &params), " FOR UPDATE");
  ASSIGN_OR_RETURN(v1::SupervisionNotice notice, One(tx, tx.Query(sql, params), id));
  if (!etag.empty() && etag != notice.etag()) return EtagMismatch().Build();
  return notice;
}

absl::StatusOr<std::vector<v1::SupervisionNotice>> Lock(mysql::Tx& tx,
                                                        const std::vector<Ulid>& ids) {
  if (ids.empty()) return std::vector<v1::SupervisionNotice>();
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query(Cat("SELECT ", kColumns, " FROM supervision_notice WHERE id IN (",
                                mysql::Placeholders(ids.size()), ") ORDER BY id FOR UPDATE"),
                            mysql::Params(ids.begin(), ids.end())));
  return FromRows(tx, rows);
}

absl::StatusOr<std::vector<v1::SupervisionNotice>> ListById(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  mysql::Params params = {after};
  std::string sql = Cat("SELECT ", kColumns, " FROM supervision_notice WHERE id > ?");
  if (scope) sql += Cat(" AND ", mysql::RegionClause(*scope, "region_path", &params));
  sql += " ORDER BY id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return FromRows(db, rows);
}

absl::StatusOr<std::vector<v1::SupervisionNotice>> List(mysql::Executor& db,
                                                        const ListQuery& query) {
  const bool of_state = query.state != v1::NOTICE_STATE_UNSPECIFIED;
  const Filter& filter = query.filter;
  const char* index = "supervision_notice_by_region";
  if (of_state) index = "supervision_notice_by_state";
  // Of one office the rows lie in the order of the list.
  if (filter.side == v1::NOTICE_SIDE_SENT && filter.own_regions.size() == 1) {
    index = "supervision_notice_by_issuer";
  }
  if (query.subject_id) index = "supervision_notice_by_subject";
  if (query.dispatch_id) index = "supervision_notice_by_dispatch";
  mysql::Params params;
  std::string sql = Cat("SELECT ", kColumns, " FROM supervision_notice FORCE INDEX (", index,
                        ") WHERE ", Where(filter, &params));
  if (query.dispatch_id) {
    sql += " AND dispatch_id = ?";
    params.emplace_back(*query.dispatch_id);
  }
  if (query.subject_id) {
    sql += " AND subject_id = ?";
    params.emplace_back(*query.subject_id);
  }
  if (of_state) {
    sql += " AND state = ?";
    params.emplace_back(static_cast<int>(query.state));
  }
  if (query.due_before) {
    sql += " AND CASE WHEN state = ? THEN review_due ELSE answer_due END < ?";
    params.emplace_back(static_cast<int>(v1::NOTICE_STATE_ANSWERED));
    params.emplace_back(*query.due_before);
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
  return FromRows(db, rows);
}

absl::StatusOr<std::vector<v1::SupervisionNoticeCount>> Count(mysql::Executor& db,
                                                              const Filter& filter,
                                                              absl::CivilDay today) {
  mysql::Params params = {static_cast<int>(v1::NOTICE_STATE_OPEN),
                          static_cast<int>(v1::NOTICE_STATE_RETURNED), today,
                          static_cast<int>(v1::NOTICE_STATE_ANSWERED), today};
  const std::string where = Where(filter, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT state, COUNT(*), COUNT(CASE WHEN state IN (?, ?) AND answer_due < ? OR "
                   "state = ? AND review_due < ? THEN 1 END) FROM supervision_notice WHERE ",
                   where, " GROUP BY state ORDER BY state"),
               params));
  std::vector<v1::SupervisionNoticeCount> out;
  for (const mysql::Row& row : rows) {
    v1::SupervisionNoticeCount& count = out.emplace_back();
    count.set_state(static_cast<v1::NoticeState>(row.Int(0)));
    count.set_notices(row.Int(1));
    count.set_overdue(row.Int(2));
  }
  return out;
}

absl::StatusOr<v1::SupervisionNotice> Answer(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                                             std::string_view answer, EvidenceList evidence,
                                             const std::function<absl::Status(EvidenceList*)>& take,
                                             const workflow::Deadline& review_due,
                                             const workflow::Actor& actor,
                                             const type::v1::Actor& by, absl::Time now) {
  ASSIGN_OR_RETURN(const v1::NoticeState to,
                   Transitions().Execute(SubjectOf(notice), "answer", actor));
  // Anew after a return: what was there then did not do.
  if (notice.needs_evidence() && evidence.empty()) {
    return FailedPrecondition("EVIDENCE_MISSING", "该通知要求附佐证材料")
        .With("action", "answer")
        .Field("evidence", "至少附一份佐证材料")
        .Build();
  }
  if (notice.evidence_size() + evidence.size() > kMaxEvidence) {
    return FailedPrecondition("EVIDENCE_TOO_MANY", Cat("一份通知最多附", kMaxEvidence, "份材料"))
        .Field("evidence", "材料过多")
        .Build();
  }
  if (take) RETURN_IF_ERROR(take(&evidence));
  RETURN_IF_ERROR(InsertFiles(tx, notice, evidence));
  mysql::Params values = {static_cast<int>(to), review_due.day, review_due.provisional, answer};
  audit::AddActor(by, &values);
  values.emplace_back(now);
  return Save(tx, notice,
              "state = ?, review_due = ?, provisional = ?, answer = ?, answered_subject = ?, "
              "answered_name = ?, answered_role = ?, answered_region_path = ?, "
              "answered_delegated_by = ?, answered_grant_id = ?, answered_at = ?",
              std::move(values));
}

absl::StatusOr<v1::SupervisionNotice> Return(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                                             std::string_view reason,
                                             const workflow::Deadline& answer_due,
                                             const workflow::Actor& actor,
                                             const type::v1::Actor& by, absl::Time now) {
  ASSIGN_OR_RETURN(const v1::NoticeState to,
                   Transitions().Execute(SubjectOf(notice), "return", actor));
  mysql::Params values = {static_cast<int>(to), answer_due.day, answer_due.provisional, reason};
  audit::AddActor(by, &values);
  values.emplace_back(now);
  return Save(
      tx, notice,
      "state = ?, answer_due = ?, provisional = ?, review_due = NULL, returns = returns + 1, "
      "return_reason = ?, returned_subject = ?, returned_name = ?, returned_role = ?, "
      "returned_region_path "
      "= ?, returned_delegated_by = ?, returned_grant_id = ?, returned_at = ?",
      std::move(values));
}

absl::StatusOr<v1::SupervisionNotice> End(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                                          std::string_view action, std::string_view note,
                                          const workflow::Actor& actor, const type::v1::Actor& by,
                                          absl::Time now) {
  ASSIGN_OR_RETURN(const v1::NoticeState to,
                   Transitions().Execute(SubjectOf(notice), action, actor));
  mysql::Params values = {static_cast<int>(to), note};
  audit::AddActor(by, &values);
  values.emplace_back(now);
  return Save(tx, notice,
              "state = ?, closing_note = ?, closed_subject = ?, closed_name = ?, closed_role = ?, "
              "closed_region_path = ?, closed_delegated_by = ?, closed_grant_id = ?, closed_at = ?",
              std::move(values));
}

}  // namespace bangfu::notice
