#include "common/audit/access.h"

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/audit/canonical.h"
#include "common/audit/search.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/status/macros.h"

namespace bangfu::audit {

namespace {

constexpr char kColumns[] =
    "id, action, actor_subject, actor_name, actor_role, actor_region, actor_delegated_by, "
    "actor_grant_id, aggregate_type, aggregate_id, region_path, fields, reason, request_id, "
    "client_ip, occurred_at, actor_org_code, actor_org_name";

}  // namespace

absl::Status RecordAccess(mysql::Executor& db, const Access& a) {
  const auto fit = [](std::string_view text, size_t max) {
    return text.size() > max ? Utf8Truncate(text, max) : std::string(text);
  };
  return db
      .Execute(
          Cat("INSERT INTO access_log (", kColumns, ") VALUES (", mysql::Placeholders(18), ")"),
          {a.id, fit(a.action, 160), fit(a.actor.subject, 128), fit(a.actor.name, 128),
           fit(a.actor.role, 64), fit(a.actor.region_path, 12), fit(a.actor.delegated_by, 128),
           fit(a.actor.grant_id, 26), a.aggregate_type, a.aggregate_id, a.region_path,
           absl::StrJoin(a.fields, "\n"), fit(a.reason, 2000), fit(a.request_id, 64),
           fit(a.client_ip, 64), a.occurred_at, fit(a.actor.org_code, 64),
           fit(a.actor.org_name, 200)})
      .status();
}

absl::StatusOr<int64_t> AnchorAccesses(mysql::Tx& tx, int64_t anchor_no, int limit) {
  return tx.Execute(
      "UPDATE access_log SET anchor_no = ? WHERE anchor_no = 0 ORDER BY anchor_no, id LIMIT ?",
      {anchor_no, limit});
}

absl::StatusOr<AccessSum> HashAccesses(mysql::Executor& db, int64_t anchor_no) {
  constexpr size_t kOccurredAt = 15;  // in kColumns, before the organisation
  AccessSum sum;
  Sha256Stream hash;
  Canonical fields;
  fields.Text("bangfu.audit.access.v1");
  RETURN_IF_ERROR(db.Stream(
      Cat("SELECT ", kColumns, " FROM access_log WHERE anchor_no = ? ORDER BY id"), {anchor_no},
      [&](const mysql::Row& row) {
        for (size_t i = 0; i < kOccurredAt; ++i) fields.Text(row.String(i));
        fields.Number(absl::ToUnixMicros(row.Time(kOccurredAt)));
        // Looks from before it was recorded have none, and keep the hash that they had:
        // the next begins with its id, whose length is 16.
        if (!row.String(kOccurredAt + 1).empty() || !row.String(kOccurredAt + 2).empty()) {
          fields.Text(Cat("actor_organisation:", row.String(kOccurredAt + 1)));
          fields.Text(row.String(kOccurredAt + 2));
        }
        fields.MoveTo(&hash);
        ++sum.count;
        return absl::OkStatus();
      }));
  sum.hash = hash.Finish();
  return sum;
}

absl::StatusOr<std::vector<Access>> ListAccesses(mysql::Executor& db, const AccessQuery& q) {
  ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(db));
  // Newest first in the order of one index: a record's, a person's, a county's, or of all.
  std::vector<std::string> counties;
  if (const std::string county = OneCounty(q.scope, q.region); !county.empty()) {
    counties = FormerCounties(q.scope, q.region, moves);
    counties.push_back(county);
  }
  std::string index = counties.empty() ? "PRIMARY" : "access_log_by_county";
  if (!q.subject.empty()) index = "access_log_by_actor";
  if (q.aggregate_id) index = "access_log_by_record";
  mysql::Params params;
  const auto newest = [&](const std::vector<std::string>& in) {
    std::string where = Within(q.scope, moves, "region_path", "occurred_at", &params);
    const auto add = [&](std::string_view condition, mysql::Param value) {
      where += Cat(" AND ", condition);
      params.push_back(std::move(value));
    };
    if (q.region) {
      where += Cat(" AND ", Within({*q.region}, moves, "region_path", "occurred_at", &params));
    }
    if (!in.empty()) {
      where += in.size() == 1 ? std::string(" AND county = ?")
                              : Cat(" AND county IN (", mysql::Placeholders(in.size()), ")");
      params.insert(params.end(), in.begin(), in.end());
    }
    if (!q.subject.empty()) add("actor_subject = ?", q.subject);
    if (!q.aggregate_type.empty()) add("aggregate_type = ?", q.aggregate_type);
    if (q.aggregate_id) add("aggregate_id = ?", *q.aggregate_id);
    if (q.from) add("occurred_at >= ?", *q.from);
    if (q.to) add("occurred_at < ?", *q.to);
    if (q.before) add("id < ?", *q.before);
    params.emplace_back(q.limit);
    return Cat("SELECT ", kColumns, " FROM access_log FORCE INDEX (", index, ") WHERE ", where,
               " ORDER BY id DESC LIMIT ?");
  };
  std::string sql;
  if (index != "access_log_by_county" || counties.size() == 1) {
    sql = newest(counties);
  } else {
    // The newest of each county, from its own index, and of those the newest.
    for (const std::string& county : counties) {
      sql += Cat(sql.empty() ? "(" : " UNION ALL (", newest({county}), ")");
    }
    sql = Cat("SELECT * FROM (", sql, ") u ORDER BY id DESC LIMIT ?");
    params.emplace_back(q.limit);
  }
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(sql, params));
  std::vector<Access> out;
  for (const mysql::Row& row : rows) {
    Access& a = out.emplace_back();
    a.id = row.Id(0);
    a.action = row.String(1);
    a.actor = {row.String(2), row.String(3), row.String(4),  row.String(5),
               row.String(6), row.String(7), row.String(16), row.String(17)};
    a.aggregate_type = row.String(8);
    a.aggregate_id = row.Id(9);
    a.region_path = row.String(10);
    a.fields = absl::StrSplit(row.String(11), '\n', absl::SkipEmpty());
    a.reason = row.String(12);
    a.request_id = row.String(13);
    a.client_ip = row.String(14);
    a.occurred_at = row.Time(15);
  }
  return out;
}

}  // namespace bangfu::audit
