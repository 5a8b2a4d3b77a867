#include "common/inbox/query.h"

#include <algorithm>
#include <map>

#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/inbox/inbox.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::inbox {
namespace {

// A role at a region of the caller's, narrowed to what is asked for; and the grants that give it to
// the caller there.
using Desk = std::pair<workflow::RoleId, std::string>;
using Desks = std::map<Desk, std::vector<const auth::Grant*>>;

Desks DesksOf(const auth::Caller& caller, const std::string& region) {
  Desks out;
  for (const auth::Grant& grant : caller.grants) {
    if (grant.region_path.empty()) continue;
    Desk desk;
    if (RegionContains(grant.region_path, region)) {
      desk = {grant.role, region};
    } else if (RegionContains(region, grant.region_path)) {
      desk = {grant.role, grant.region_path};
    } else {
      continue;
    }
    out[std::move(desk)].push_back(&grant);
  }
  return out;
}

void AddFacet(const std::vector<std::string>& granted, std::string_view column, std::string* sql,
              mysql::Params* params) {
  if (granted.empty()) return;
  *sql += Cat(sql->empty() ? "(" : " AND (", column, " = ''");
  for (const std::string& code : granted) {
    *sql += Cat(" OR LOCATE(?, ", column, ") > 0");
    params->emplace_back(Cat("|", code, "|"));
  }
  *sql += ")";
}

// What the scope of the grant lets through of the rows of table alias `t`, as Grant::Covers and
// Serves; empty: everything.
std::string Covering(const auth::Grant& grant, const KindClauses& clauses, std::string_view t,
                     mysql::Params* params) {
  std::string sql;
  AddFacet(grant.fund_sources, Cat(t, ".fund_sources"), &sql, params);
  AddFacet(grant.industries, Cat(t, ".industries"), &sql, params);
  std::vector<std::string> others;
  for (const auto& [kind, of] : clauses) {
    if (!grant.Serves(of)) others.push_back(kind);
  }
  if (!others.empty()) {
    sql += Cat(sql.empty() ? "" : " AND ", t, ".kind NOT IN (", mysql::Placeholders(others.size()),
               ")");
    for (const std::string& kind : others) params->emplace_back(kind);
  }
  return sql;
}

// The same of any of the grants.
std::string CoveringOne(const std::vector<const auth::Grant*>& grants, const KindClauses& clauses,
                        std::string_view t, mysql::Params* params) {
  mysql::Params added;
  std::string sql;
  for (const auth::Grant* grant : grants) {
    const std::string one = Covering(*grant, clauses, t, &added);
    if (one.empty()) return "";
    sql += Cat(sql.empty() ? "(" : " OR ", "(", one, ")");
  }
  params->insert(params->end(), added.begin(), added.end());
  return sql + ")";
}

// On a desk that was lent: not what anybody on whose behalf the caller would act is kept out of, as
// GrantFor. What a role of their own lets the caller do lies on that role's desk besides.
std::string ForNoneOfTheLenders(const Desk& desk, const auth::Caller& caller,
                                const KindClauses& clauses, mysql::Params* params) {
  std::string sql;
  for (const auth::Grant& lent : caller.grants) {
    if (lent.delegated_by.empty() || lent.region_path.empty()) continue;
    const bool all_of_desk = RegionContains(lent.region_path, desk.second);
    if (!all_of_desk && !RegionContains(desk.second, lent.region_path)) continue;
    sql += Cat(sql.empty() ? "" : " AND ", "(d.excluded = '' OR LOCATE(?, d.excluded) = 0");
    params->emplace_back(Cat("|", lent.delegated_by, "|"));
    if (!all_of_desk) {
      sql +=
          Cat(" OR NOT (", mysql::RegionClause({lent.region_path}, "d.region_path", params), ")");
    }
    // Nobody acts by a right that does not cover the item.
    const std::string covering = Covering(lent, clauses, "d", params);
    if (!covering.empty()) sql += Cat(" OR NOT (", covering, ")");
    if (static_cast<workflow::RoleId>(lent.role) != desk.first) {
      // Of a step that this role, too, could take.
      sql +=
          " OR NOT EXISTS (SELECT 1 FROM work_desk x WHERE x.role = ? AND x.desk_path = "
          "LEFT(d.region_path, ?) AND x.due_on = d.due_on AND x.item_id = d.item_id AND "
          "x.escalated = 0)";
      params->emplace_back(static_cast<int>(lent.role));
      params->emplace_back(RegionLevelDigits(static_cast<RegionLevel>(LevelOfRole(lent.role))));
    }
    sql += ")";
  }
  return sql;
}

// Of the rows of a desk those that one of the grants to it covers; by lent ones alone only what no
// lender is kept out of. Begins with " AND ", or is empty.
std::string ByGrants(const Desk& desk, const std::vector<const auth::Grant*>& grants,
                     const auth::Caller& caller, const KindClauses& clauses,
                     mysql::Params* params) {
  std::vector<const auth::Grant*> own, lent;
  for (const auth::Grant* grant : grants) {
    (grant->delegated_by.empty() ? own : lent).push_back(grant);
  }
  std::string by_own;
  mysql::Params added;
  if (!own.empty()) {
    by_own = CoveringOne(own, clauses, "d", &added);
    if (by_own.empty()) return "";
  }
  std::string by_lent;
  if (!lent.empty()) {
    by_lent = CoveringOne(lent, clauses, "d", &added);
    by_lent +=
        Cat(by_lent.empty() ? "" : " AND ", ForNoneOfTheLenders(desk, caller, clauses, &added));
  }
  params->insert(params->end(), added.begin(), added.end());
  if (by_own.empty()) return Cat(" AND ", by_lent);
  if (by_lent.empty()) return Cat(" AND ", by_own);
  return Cat(" AND (", by_own, " OR (", by_lent, "))");
}

// The condition on a desk's rows that are the caller's work now: what every query of the inbox
// stands on. Where the grant is at its role's own level, or below it, the desk is one value and the
// index gives the rows in the order of a page.
std::string OnDesk(const Desk& desk, const std::vector<const auth::Grant*>& grants,
                   const auth::Caller& caller, const MyQuery& query, mysql::Params* params) {
  const auto& [role, region] = desk;
  const std::string path = DeskOf(role, region);
  std::string sql = "d.role = ? AND ";
  params->emplace_back(role);
  const size_t own =
      static_cast<size_t>(RegionLevelDigits(static_cast<RegionLevel>(LevelOfRole(role))));
  if (path.size() == own) {
    sql += "d.desk_path = ?";
    params->emplace_back(path);
    if (region.size() > own) {
      sql += Cat(" AND ", mysql::RegionClause({region}, "d.region_path", params));
    }
  } else {
    sql += mysql::RegionClause({path}, "d.desk_path", params);
  }
  sql +=
      " AND d.starts_on <= ? AND (d.assignee = '' OR d.assignee = ?) AND (d.excluded = '' OR "
      "LOCATE(?, d.excluded) = 0)";
  params->emplace_back(query.today);
  params->emplace_back(caller.subject);
  params->emplace_back(Cat("|", caller.subject, "|"));
  static const KindClauses& none = *new KindClauses;
  sql += ByGrants(desk, grants, caller, query.clauses == nullptr ? none : *query.clauses, params);
  if (!query.kinds.empty()) {
    sql += Cat(" AND d.kind IN (", mysql::Placeholders(query.kinds.size()), ")");
    for (const std::string& kind : query.kinds) params->emplace_back(kind);
  }
  if (query.overdue_only) {
    sql += " AND d.due_on < ?";
    params->emplace_back(query.today);
  }
  if (query.escalated_only) sql += " AND d.escalated = 1";
  if (query.after) {
    sql += " AND d.due_on >= ? AND (d.due_on > ? OR d.item_id > ?)";
    params->emplace_back(query.after->first);
    params->emplace_back(query.after->first);
    params->emplace_back(query.after->second);
  }
  return sql;
}

std::string KindClause(const std::vector<std::string>& kinds, mysql::Params* params) {
  if (kinds.empty()) return "";
  for (const std::string& kind : kinds) params->emplace_back(kind);
  return Cat(" AND w.kind IN (", mysql::Placeholders(kinds.size()), ")");
}

// The rows of work_item in whose region some grant of the caller covers them.
std::string InSight(const auth::Caller& caller, const KindClauses& clauses, mysql::Params* params) {
  auth::Caller wide;  // of the grants that nothing narrows
  mysql::Params added;
  std::string narrowed;
  for (const auth::Grant& grant : caller.grants) {
    if (grant.region_path.empty()) continue;
    mysql::Params one;
    const std::string region = mysql::RegionClause({grant.region_path}, "w.region_path", &one);
    const std::string covering = Covering(grant, clauses, "w", &one);
    if (covering.empty()) {
      wide.grants.push_back(grant);
      continue;
    }
    narrowed += Cat(" OR (", region, " AND ", covering, ")");
    added.insert(added.end(), one.begin(), one.end());
  }
  const std::string all = mysql::RegionClause(wide.Scope(), "w.region_path", params);
  if (narrowed.empty()) return all;
  params->insert(params->end(), added.begin(), added.end());
  return Cat("(", all, narrowed, ")");
}

std::vector<Item> ItemsFrom(const mysql::Rows& rows) {
  std::vector<Item> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(ItemFrom(row));
  return out;
}

}  // namespace

absl::StatusOr<std::vector<MyItem>> ListMine(mysql::Executor& db, const auth::Caller& caller,
                                             const MyQuery& query) {
  const Desks desks = DesksOf(caller, query.region);
  if (desks.empty()) return std::vector<MyItem>();
  const bool minds_facets = caller.MindsFacets();
  // The first of each desk, in its own order; an item that lies on two is told once.
  mysql::Params params;
  std::string sql;
  for (const auto& [desk, grants] : desks) {
    sql += Cat(
        sql.empty() ? "(" : " UNION ALL (",
        "SELECT d.due_on, d.item_id, d.escalated, d.shown, r.read_at",
        minds_facets ? ", d.fund_sources, d.industries" : "",
        " FROM work_desk d LEFT JOIN work_read r ON r.person = ? AND r.item_id = d.item_id WHERE ");
    params.emplace_back(caller.subject);
    sql +=
        Cat(OnDesk(desk, grants, caller, query, &params), " ORDER BY d.due_on, d.item_id LIMIT ?)");
    params.emplace_back(query.limit);
  }
  if (desks.size() > 1) sql += " ORDER BY 1, 2";
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<MyItem> out;
  out.reserve(rows.size());
  std::vector<Ulid> ids, not_shown;
  for (const mysql::Row& row : rows) {
    const Ulid id = row.Id(1);
    const bool mine = row.Int(2) == 0;
    if (!ids.empty() && ids.back() == id) {
      out.back().mine |= mine;
      continue;
    }
    if (out.size() == static_cast<size_t>(query.limit)) break;
    MyItem& item = out.emplace_back();
    ids.push_back(id);
    item.mine = mine;
    item.unread = row.IsNull(4);
    if (minds_facets) item.facets = {SplitFacets(row.String(5)), SplitFacets(row.String(6))};
    const std::string shown = row.String(3);
    if (shown.empty()) not_shown.push_back(id);
    if (!item.shown.ParseFromString(shown)) {
      return absl::DataLossError("what a desk shows of an item cannot be read");
    }
  }
  ASSIGN_OR_RETURN(const std::vector<Item> looked_up, OpenItemsById(db, not_shown, {""}));
  for (const Item& item : looked_up) {
    const auto place = std::find(ids.begin(), ids.end(), item.id) - ids.begin();
    out[static_cast<size_t>(place)].shown = ShownOf(item);
  }
  // What was done between the two is gone.
  if (!not_shown.empty()) {
    std::erase_if(out, [](const MyItem& item) { return item.shown.id().empty(); });
  }
  return out;
}

absl::StatusOr<std::vector<KindCount>> CountMine(mysql::Executor& db, const auth::Caller& caller,
                                                 const MyQuery& query, absl::CivilDay soon) {
  const Desks desks = DesksOf(caller, query.region);
  if (desks.empty()) return std::vector<KindCount>();
  mysql::Params params = {query.today, query.today, query.today, soon};
  std::string rows_of_desks;
  for (const auto& [desk, grants] : desks) {
    rows_of_desks += Cat(rows_of_desks.empty() ? "(" : " UNION (",
                         "SELECT d.kind, d.due_on, d.item_id, d.escalated FROM work_desk d WHERE ",
                         OnDesk(desk, grants, caller, query, &params), ")");
  }
  params.emplace_back(caller.subject);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT q.kind, COUNT(*), CAST(SUM(q.due_on < ?) AS SIGNED), "
              "CAST(SUM(q.due_on = ?) AS SIGNED), CAST(SUM(q.due_on > ? AND q.due_on <= ?) AS "
              "SIGNED), CAST(SUM(r.read_at IS NULL) AS SIGNED), CAST(SUM(q.escalated) AS "
              "SIGNED) FROM (SELECT u.kind, u.due_on, u.item_id, MIN(u.escalated) AS escalated "
              "FROM (",
              rows_of_desks,
              ") u GROUP BY u.kind, u.due_on, u.item_id) q LEFT JOIN work_read r ON r.person = ? "
              "AND r.item_id = q.item_id GROUP BY "
              "q.kind ORDER BY q.kind"),
          params));
  std::vector<KindCount> out;
  for (const mysql::Row& row : rows) {
    KindCount c;
    c.kind = row.String(0);
    c.open = row.Int(1);
    c.overdue = row.Int(2);
    c.today = row.Int(3);
    c.soon = row.Int(4);
    c.unread = row.Int(5);
    c.escalated = row.Int(6);
    out.push_back(std::move(c));
  }
  return out;
}

absl::StatusOr<std::vector<Item>> ListDone(mysql::Executor& db, const auth::Caller& caller,
                                           const KindClauses& clauses,
                                           const std::optional<std::pair<absl::Time, Ulid>>& before,
                                           int limit) {
  mysql::Params params = {caller.subject};
  std::string sql = Cat("SELECT ", ItemColumns(), " FROM work_item w WHERE w.closed_by = ?");
  if (before) {
    sql += " AND w.closed_at <= ? AND (w.closed_at < ? OR w.id < ?)";
    params.emplace_back(before->first);
    params.emplace_back(before->first);
    params.emplace_back(before->second);
  }
  sql += " AND w.state = ? AND ";
  params.emplace_back(static_cast<int>(ItemState::kDone));
  sql += Cat(InSight(caller, clauses, &params), " ORDER BY w.closed_at DESC, w.id DESC LIMIT ?");
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return ItemsFrom(rows);
}

absl::StatusOr<std::vector<Item>> ListBelow(mysql::Executor& db, const BelowQuery& query) {
  mysql::Params params;
  std::string sql = Cat("SELECT ", ItemColumns(), " FROM work_item w WHERE w.open_mark = 1 AND ",
                        mysql::RegionClause(query.scope, "w.region_path", &params));
  if (!query.after_region.empty()) {
    sql +=
        " AND w.region_path >= ? AND (w.region_path > ? OR (w.due_on >= ? AND (w.due_on > ? OR "
        "w.id > ?)))";
    params.emplace_back(query.after_region);
    params.emplace_back(query.after_region);
    params.emplace_back(query.after_due);
    params.emplace_back(query.after_due);
    params.emplace_back(query.after_id);
  }
  if (query.due_before) {
    sql += " AND w.due_on < ?";
    params.emplace_back(*query.due_before);
  }
  sql += KindClause(query.kinds, &params);
  sql += " ORDER BY w.region_path, w.due_on, w.id LIMIT ?";
  params.emplace_back(query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return ItemsFrom(rows);
}

absl::StatusOr<Item> GetItem(mysql::Executor& db, const Ulid& id,
                             const std::vector<std::string>& scope) {
  mysql::Params params = {id};
  const std::string clause = mysql::RegionClause(scope, "w.region_path", &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", ItemColumns(), " FROM work_item w WHERE w.id = ? AND ", clause),
               params));
  if (rows.empty()) return NotFound("work_item", id.ToString()).Build();
  return ItemFrom(rows[0]);
}

absl::StatusOr<std::vector<Item>> OpenItemsById(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                const std::vector<std::string>& scope) {
  if (ids.empty()) return std::vector<Item>();
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  const std::string clause = mysql::RegionClause(scope, "w.region_path", &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", ItemColumns(), " FROM work_item w WHERE w.id IN (",
                   mysql::Placeholders(ids.size()), ") AND w.open_mark = 1 AND ", clause),
               params));
  return ItemsFrom(rows);
}

absl::StatusOr<bool> IsRead(mysql::Executor& db, const std::string& person, const Ulid& id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT 1 FROM work_read WHERE person = ? AND item_id = ?", {person, id}));
  return !rows.empty();
}

absl::Status MarkRead(mysql::Tx& tx, const std::string& person, const std::vector<Item>& items,
                      absl::Time now) {
  if (items.empty()) return absl::OkStatus();
  std::vector<mysql::Params> rows;
  for (const Item& item : items) rows.push_back({person, item.id, now});
  return mysql::BulkInsert(tx, "work_read", "person, item_id, read_at", rows,
                           "ON DUPLICATE KEY UPDATE read_at = VALUES(read_at)")
      .status();
}

absl::Status StoreUrge(mysql::Tx& tx, const Item& before, const Item& after) {
  RETURN_IF_ERROR(ClearDesks(tx, {before}));
  RETURN_IF_ERROR(
      tx.Execute("UPDATE work_item SET urges = ?, urged_at = ?, urged_by = ?, urged_name = ?, "
                 "urged_role = ?, urged_region = ?, urged_note = ?, urged_due_on = ?, due_on = ?, "
                 "version = version + 1 WHERE id = ?",
                 {after.urges, after.urged_at, after.urged_by.subject, after.urged_by.name,
                  after.urged_by.role, after.urged_by.region_path, after.urged_note,
                  after.urged_due_on, after.due_on, after.id})
          .status());
  RETURN_IF_ERROR(LayOnDesks(tx, {after}));
  return tx.Execute("DELETE FROM work_read WHERE item_id = ?", {after.id}).status();
}

absl::Status InsertUrge(mysql::Tx& tx, const UrgeRow& row) {
  return tx
      .Execute(
          "INSERT INTO work_urge (id, item_id, region_path, payload, urged_at) VALUES (?, ?, "
          "?, ?, ?)",
          {row.id, row.item_id, row.region_path, row.payload, row.urged_at})
      .status();
}

absl::StatusOr<std::vector<UrgeRow>> PageUrges(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  mysql::Params params = {after};
  std::string sql =
      "SELECT id, item_id, region_path, payload, urged_at FROM work_urge WHERE id > ?";
  if (scope) sql += Cat(" AND ", mysql::RegionClause(*scope, "region_path", &params));
  sql += " ORDER BY id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<UrgeRow> out;
  for (const mysql::Row& row : rows) {
    out.push_back({row.Id(0), row.Id(1), row.String(2), row.String(3), row.Time(4)});
  }
  return out;
}

absl::StatusOr<int64_t> SweepReadMarks(mysql::Session& session) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   session.Query("SELECT DISTINCT r.item_id FROM work_read r JOIN work_item w ON "
                                 "w.id = r.item_id WHERE w.open_mark IS NULL LIMIT 500"));
  if (rows.empty()) return 0;
  mysql::Params params;
  for (const mysql::Row& row : rows) params.emplace_back(row.Id(0));
  return session.Execute(
      Cat("DELETE FROM work_read WHERE item_id IN (", mysql::Placeholders(params.size()), ")"),
      params);
}

absl::StatusOr<std::vector<KindCount>> CountAll(mysql::Executor& db, absl::CivilDay today) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT w.kind, COUNT(*), CAST(SUM(w.due_on < ?) AS SIGNED) FROM "
                            "work_item w WHERE w.open_mark = 1 GROUP BY w.kind ORDER BY w.kind",
                            {today}));
  std::vector<KindCount> out;
  for (const mysql::Row& row : rows) {
    KindCount c;
    c.kind = row.String(0);
    c.open = row.Int(1);
    c.overdue = row.Int(2);
    out.push_back(std::move(c));
  }
  return out;
}

}  // namespace bangfu::inbox
