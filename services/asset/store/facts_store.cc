#include "services/asset/store/facts_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::asset::store {
namespace {

using mysql::Params;
using mysql::Row;

Params Ids(const std::vector<Ulid>& ids, Params params = {}) {
  for (const Ulid& id : ids) params.push_back(id);
  return params;
}

void Earlier(absl::CivilDay day, std::optional<absl::CivilDay>* out) {
  if (!*out || day < **out) *out = day;
}

}  // namespace

absl::Status LockFacts(mysql::Tx& tx, std::vector<Ulid> projects) {
  std::sort(projects.begin(), projects.end());
  projects.erase(std::unique(projects.begin(), projects.end()), projects.end());
  if (projects.empty()) return absl::OkStatus();
  std::vector<Params> rows;
  for (const Ulid& id : projects) rows.push_back({id, 1, "", "", nullptr, "", nullptr});
  return mysql::BulkInsert(
             tx, "project_facts",
             "(project_id, version, region_path, digest, facts, computed_month, refresh_on)", rows,
             "ON DUPLICATE KEY UPDATE version = version + 1")
      .status();
}

absl::StatusOr<std::vector<FactsRow>> ReadLocked(mysql::Executor& db,
                                                 const std::vector<Ulid>& projects) {
  std::vector<FactsRow> out(projects.size());
  if (projects.empty()) return out;
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT project_id, version, region_path, digest FROM project_facts "
                   "WHERE project_id IN (",
                   mysql::Placeholders(projects.size()), ")"),
               Ids(projects)));
  std::map<Ulid, FactsRow> by_id;
  for (const Row& r : rows) by_id[r.Id(0)] = {r.Id(0), r.Int(1), r.String(2), r.String(3), ""};
  for (size_t i = 0; i < projects.size(); ++i) {
    out[i] = by_id[projects[i]];
    out[i].project_id = projects[i];
  }
  return out;
}

absl::StatusOr<std::optional<FactsRow>> FindFacts(mysql::Executor& db, const Ulid& project_id,
                                                  const std::vector<std::string>& scope) {
  Params params = {project_id};
  std::string sql =
      "SELECT project_id, version, region_path, digest, facts FROM project_facts WHERE project_id "
      "= ? "
      "AND facts IS NOT NULL AND ";
  sql += mysql::RegionClause(scope, "region_path", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return std::nullopt;
  const Row& r = rows.front();
  return FactsRow{r.Id(0), r.Int(1), r.String(2), r.String(3), r.String(4)};
}

absl::Status SaveFacts(mysql::Tx& tx, const std::vector<SavedFacts>& facts) {
  if (facts.empty()) return absl::OkStatus();
  std::vector<Params> rows;
  for (const SavedFacts& f : facts) {
    rows.push_back({f.project_id, 1, f.region_path, f.digest, f.facts, f.month, f.refresh_on});
  }
  return mysql::BulkInsert(
             tx, "project_facts",
             "(project_id, version, region_path, digest, facts, computed_month, refresh_on)", rows,
             "ON DUPLICATE KEY UPDATE region_path = VALUES(region_path), digest = VALUES(digest), "
             "facts = VALUES(facts), computed_month = VALUES(computed_month), "
             "refresh_on = VALUES(refresh_on)")
      .status();
}

absl::Status TouchFacts(mysql::Tx& tx, const std::vector<SavedFacts>& facts) {
  if (facts.empty()) return absl::OkStatus();
  std::vector<Params> rows;
  for (const SavedFacts& f : facts) {
    rows.push_back({f.project_id, 1, f.region_path, f.digest, f.facts, f.month, f.refresh_on});
  }
  return mysql::BulkInsert(
             tx, "project_facts",
             "(project_id, version, region_path, digest, facts, computed_month, refresh_on)", rows,
             "ON DUPLICATE KEY UPDATE computed_month = VALUES(computed_month), "
             "refresh_on = VALUES(refresh_on)")
      .status();
}

absl::StatusOr<std::vector<Ulid>> FactsToRefresh(mysql::Executor& db, absl::CivilDay today,
                                                 const std::string& month, int limit) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("(SELECT project_id FROM project_facts WHERE computed_month < ? "
                            "ORDER BY computed_month, project_id LIMIT ?) UNION "
                            "(SELECT project_id FROM project_facts WHERE refresh_on <= ? "
                            "ORDER BY refresh_on, project_id LIMIT ?)",
                            {month, limit, today, limit}));
  std::vector<Ulid> ids;
  for (const Row& r : rows) ids.push_back(r.Id(0));
  if (ids.size() > static_cast<size_t>(limit)) ids.resize(static_cast<size_t>(limit));
  return ids;
}

absl::StatusOr<std::vector<Ulid>> ProjectsOfOperators(mysql::Executor& db,
                                                      const std::vector<std::string>& usccs) {
  std::vector<Ulid> ids;
  if (usccs.empty()) return ids;
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT DISTINCT ap.project_id FROM asset a JOIN asset_project ap ON "
                   "ap.asset_id = a.id WHERE a.operator_uscc IN (",
                   mysql::Placeholders(usccs.size()), ") ORDER BY ap.project_id"),
               Params(usccs.begin(), usccs.end())));
  for (const Row& r : rows) ids.push_back(r.Id(0));
  return ids;
}

absl::StatusOr<std::vector<FactsRow>> FactsAfter(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  Params params = {after};
  std::string sql =
      "SELECT project_id, version, region_path, digest, facts FROM project_facts WHERE project_id "
      "> ? "
      "AND facts IS NOT NULL";
  if (scope) sql += " AND " + mysql::RegionClause(*scope, "region_path", &params);
  sql += " ORDER BY project_id LIMIT ?";
  params.push_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<FactsRow> out;
  for (const Row& r : rows)
    out.push_back({r.Id(0), r.Int(1), r.String(2), r.String(3), r.String(4)});
  return out;
}

absl::StatusOr<std::vector<FactInput>> LoadInputs(
    mysql::Executor& db, const std::vector<Ulid>& projects, absl::CivilDay today,
    std::vector<std::optional<absl::CivilDay>>* refresh) {
  std::vector<FactInput> out(projects.size());
  refresh->assign(projects.size(), std::nullopt);
  if (projects.empty()) return out;
  std::map<Ulid, size_t> index;
  for (size_t i = 0; i < projects.size(); ++i) {
    out[i].project_id = projects[i];
    index[projects[i]] = i;
  }
  const std::string in = Cat("(", mysql::Placeholders(projects.size()), ")");
  const std::string first = absl::FormatCivilTime(absl::CivilMonth(today) - (kFactMonths - 1));
  const absl::CivilDay from = absl::CivilDay(absl::CivilMonth(today) - (kFactMonths - 1));
  const absl::CivilDay upto = absl::CivilDay(absl::CivilMonth(today) + 1) - 1;

  // Where the projects lie.
  {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(Cat("SELECT id, region_path FROM project_copy WHERE id IN ", in), Ids(projects)));
    for (const Row& r : rows) out[index[r.Id(0)]].region_path = r.String(1);
  }
  // Assets in force, with their running contract.
  std::map<std::string, FactOperator> operators;
  {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(
            Cat("SELECT ap.project_id, a.id, a.asset_class, ap.value_fen, a.value_exact, "
                "a.use_state, a.use_since, a.idle_since, a.in_use_share_bp, a.irreparable, "
                "a.ever_used, a.expire_date, a.cultivation_ends, a.planting_date, "
                "a.last_inspection, a.om_parts, a.operate_mode, a.operator_uscc, c.state, "
                "c.start_date, c.end_date FROM asset_project ap JOIN asset a ON a.id = ap.asset_id "
                "LEFT JOIN operating_contract c ON c.id = a.contract_id WHERE a.state IN (1, 2) "
                "AND ap.project_id IN ",
                in, " ORDER BY ap.project_id, a.id"),
            Ids(projects)));
    for (const Row& r : rows) {
      const size_t i = index[r.Id(0)];
      FactAsset a;
      a.id = r.Id(1);
      a.asset_class = static_cast<AssetClass>(r.Int(2));
      a.value_fen = r.Int(3);
      a.value_exact = r.Bool(4);
      a.use = static_cast<UseState>(r.Int(5));
      a.use_since = r.Day(6);
      a.idle_since = r.OptDay(7);
      a.in_use_share_bp = static_cast<int32_t>(r.Int(8));
      a.irreparable = r.Bool(9);
      a.ever_used = r.Bool(10);
      a.expires = r.OptDay(11);
      a.cultivation_ends = r.OptDay(12);
      a.planted = r.OptDay(13);
      a.last_inspection = static_cast<Inspection>(r.Int(14));
      a.om_person = (r.Int(15) & 1) != 0;
      a.om_rules = (r.Int(15) & 2) != 0;
      a.om_money = (r.Int(15) & 4) != 0;
      a.mode = static_cast<OperateMode>(r.Int(16));
      a.operator_uscc = r.String(17);
      if (!r.IsNull(18) && static_cast<ContractState>(r.Int(18)) == ContractState::kActive) {
        const absl::CivilDay start = r.Day(19);
        const absl::CivilDay end = r.Day(20);
        a.has_contract = start <= today && end >= today;
        if (a.has_contract) a.contract_ends = end;
        if (start > today) Earlier(start, &(*refresh)[i]);
        if (end >= today) Earlier(end + 1, &(*refresh)[i]);
      }
      if (a.cultivation_ends && *a.cultivation_ends >= today) {
        Earlier(*a.cultivation_ends + 1, &(*refresh)[i]);
      }
      if (!a.operator_uscc.empty()) operators[a.operator_uscc];
      out[i].assets.push_back(std::move(a));
    }
  }
  if (!operators.empty()) {
    Params usccs;
    for (const auto& [uscc, unused] : operators) usccs.push_back(uscc);
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(
            Cat("SELECT uscc, in_good_standing, qualified, qualification_ends FROM operator_copy "
                "WHERE uscc IN (",
                mysql::Placeholders(usccs.size()), ")"),
            usccs));
    std::map<std::string, FactOperator> known;
    for (const Row& r : rows) known[r.String(0)] = {r.Bool(1), r.Bool(2), r.OptDay(3)};
    for (FactInput& input : out) {
      for (const FactAsset& a : input.assets) {
        if (const auto it = known.find(a.operator_uscc); it != known.end()) {
          input.operators.insert(*it);
        }
      }
    }
  }
  // Contracts, even those that are over: their ids, dues and receipts.
  {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(Cat("SELECT cp.project_id, cp.contract_id FROM contract_project cp JOIN "
                     "operating_contract c ON c.id = cp.contract_id WHERE c.state <> 4 AND "
                     "cp.project_id IN ",
                     in),
                 Ids(projects)));
    for (const Row& r : rows) {
      FactInput& input = out[index[r.Id(0)]];
      input.contract_ids.push_back(r.Id(1));
    }
  }
  {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(
            Cat("SELECT cp.project_id, cp.weight_before, cp.weight, cp.weight_total, "
                "DATE_FORMAT(d.due_date, '%Y-%m') AS m, "
                "CAST(SUM(COALESCE(d.due_fen, 0)) AS SIGNED), "
                "CAST(SUM(CASE WHEN d.due_fen IS NULL THEN 0 ELSE d.received_fen END) AS SIGNED), "
                "CAST(SUM(d.due_fen IS NULL) AS SIGNED), "
                "CAST(SUM(d.due_fen IS NOT NULL AND d.due_date <= ?) AS SIGNED) "
                "FROM contract_project cp JOIN operating_contract c ON c.id = cp.contract_id "
                "JOIN income_due d ON d.contract_id = cp.contract_id WHERE c.state <> 4 AND "
                "d.due_date BETWEEN ? AND ? AND cp.project_id IN ",
                in,
                " GROUP BY cp.project_id, cp.contract_id, cp.weight_before, cp.weight, "
                "cp.weight_total, m"),
            Ids(projects, {today, from, upto})));
    for (const Row& r : rows) {
      const Part part{r.Int(1), r.Int(2), r.Int(3)};
      FactMonth& month = out[index[r.Id(0)]].months[r.String(4)];
      month.due_fen += PartOf(r.Int(5), part);
      month.received_of_due_fen += PartOf(r.Int(6), part);
      month.dues_unknown += r.Int(7);
      // What fell due by now and did not come in is an arrear: known, not missing.
      if (r.Int(8) > 0) out[index[r.Id(0)]].income_reported = true;
    }
  }
  {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(
            Cat("SELECT cp.project_id, cp.weight_before, cp.weight, cp.weight_total, "
                "DATE_FORMAT(i.received_on, '%Y-%m') AS m, "
                "CAST(SUM(i.received_fen) AS SIGNED) FROM contract_project cp JOIN "
                "income_record i ON i.contract_id = cp.contract_id WHERE i.received_on >= ? AND "
                "cp.project_id IN ",
                in,
                " GROUP BY cp.project_id, cp.contract_id, cp.weight_before, cp.weight, "
                "cp.weight_total, m"),
            Ids(projects, {from})));
    for (const Row& r : rows) {
      FactInput& input = out[index[r.Id(0)]];
      input.income_reported = true;
      input.months[r.String(4)].received_fen += PartOf(r.Int(5), {r.Int(1), r.Int(2), r.Int(3)});
    }
  }
  // Income of assets without a contract.
  {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(
            Cat("SELECT ap.project_id, ap.share_before_bp, ap.value_share_bp, "
                "DATE_FORMAT(i.received_on, '%Y-%m') AS m, CAST(SUM(i.received_fen) AS SIGNED) "
                "FROM asset_project ap JOIN income_record i ON i.asset_id = ap.asset_id "
                "WHERE i.contract_id IS NULL AND ap.project_id IN ",
                in,
                " GROUP BY ap.project_id, ap.asset_id, ap.share_before_bp, "
                "ap.value_share_bp, m"),
            Ids(projects)));
    for (const Row& r : rows) {
      FactInput& input = out[index[r.Id(0)]];
      input.income_reported = true;
      input.months[r.String(3)].received_fen += PartOf(r.Int(4), {r.Int(1), r.Int(2), 10000});
    }
  }
  // Dividends by the month of declaration, payments to households by the month of payment.
  {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(
            Cat("SELECT ap.project_id, ap.share_before_bp, ap.value_share_bp, "
                "DATE_FORMAT(d.declared_on, '%Y-%m') AS m, CAST(SUM(d.declared_fen) AS SIGNED), "
                "CAST(SUM(d.paid_fen) AS SIGNED) FROM asset_project ap JOIN dividend d ON "
                "d.asset_id = ap.asset_id WHERE d.declared_on >= ? AND d.void_reason = '' AND "
                "ap.project_id IN ",
                in,
                " GROUP BY ap.project_id, ap.asset_id, ap.share_before_bp, "
                "ap.value_share_bp, m"),
            Ids(projects, {from})));
    for (const Row& r : rows) {
      const Part part{r.Int(1), r.Int(2), 10000};
      FactMonth& month = out[index[r.Id(0)]].months[r.String(3)];
      month.dividend_declared_fen += PartOf(r.Int(4), part);
      month.dividend_paid_fen += PartOf(r.Int(5), part);
    }
  }
  {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(Cat("SELECT ap.project_id, ap.share_before_bp, ap.value_share_bp, "
                     "DATE_FORMAT(p.paid_on, '%Y-%m') AS m, CAST(SUM(p.paid_fen) AS SIGNED) "
                     "FROM asset_project ap JOIN dividend d ON d.asset_id = ap.asset_id JOIN "
                     "dividend_payment p ON p.dividend_id = d.id WHERE d.dividend_use = 1 AND "
                     "p.paid_on >= ? AND ap.project_id IN ",
                     in,
                     " GROUP BY ap.project_id, ap.asset_id, ap.share_before_bp, "
                     "ap.value_share_bp, m"),
                 Ids(projects, {from})));
    for (const Row& r : rows) {
      FactInput& input = out[index[r.Id(0)]];
      input.household_income_reported = true;
      input.months[r.String(3)].household_income_fen +=
          PartOf(r.Int(4), {r.Int(1), r.Int(2), 10000});
    }
  }
  // Links with households.
  {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(
            Cat("SELECT project_id, mode_code, households, poor_households, monitored_households, "
                "start_date, end_date, id FROM linkage WHERE project_id IN ",
                in),
            Ids(projects)));
    ASSIGN_OR_RETURN(const mysql::Rows counts,
                     db.Query(Cat("SELECT linkage_id, since, households FROM linkage_count WHERE "
                                  "project_id IN ",
                                  in),
                              Ids(projects)));
    std::map<Ulid, std::map<absl::CivilDay, int64_t>> counts_of;
    for (const Row& r : counts) counts_of[r.Id(0)][r.Day(1)] = r.Int(2);
    for (const Row& r : rows) {
      const size_t i = index[r.Id(0)];
      out[i].linkage_reported = true;
      const absl::CivilDay start = r.Day(5);
      const std::optional<absl::CivilDay> end = r.OptDay(6);
      if (start > today) {
        Earlier(start, &(*refresh)[i]);
        continue;
      }
      out[i].links.push_back({r.String(1), start, end, std::move(counts_of[r.Id(7)])});
      if (end && *end < today) continue;
      if (end) Earlier(*end + 1, &(*refresh)[i]);
      out[i].linkages.push_back({r.String(1), r.Int(2), r.Int(3), r.Int(4)});
    }
  }
  {
    ASSIGN_OR_RETURN(const mysql::Rows rows,
                     db.Query(Cat("SELECT project_id, month, CAST(SUM(paid_fen) AS SIGNED) FROM "
                                  "linkage_income WHERE month >= ? AND project_id IN ",
                                  in, " GROUP BY project_id, month"),
                              Ids(projects, {first})));
    for (const Row& r : rows) {
      FactInput& input = out[index[r.Id(0)]];
      input.household_income_reported = true;
      input.months[r.String(1)].household_income_fen += r.Int(2);
    }
  }
  // Work.
  {
    ASSIGN_OR_RETURN(const mysql::Rows rows,
                     db.Query(Cat("SELECT project_id, month, kind, person_days, poor_person_days, "
                                  "wages_fen, poor_wages_fen FROM employment WHERE month >= ? AND "
                                  "project_id IN ",
                                  in),
                              Ids(projects, {first})));
    for (const Row& r : rows) {
      FactInput& input = out[index[r.Id(0)]];
      input.employment_reported = true;
      FactMonth& month = input.months[r.String(1)];
      month.person_days += r.Int(3);
      month.poor_person_days += r.Int(4);
      month.wages_fen += r.Int(5);
      if (static_cast<EmploymentKind>(r.Int(2)) == EmploymentKind::kPublicPost) {
        month.public_post_wages_fen += r.Int(5);
        month.poor_post_days += r.Int(4);
      }
      if (r.Int(6) > 0) {
        input.household_income_reported = true;
        month.household_income_fen += r.Int(6);
      }
    }
  }
  return out;
}

}  // namespace bangfu::asset::store
