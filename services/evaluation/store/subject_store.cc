#include "services/evaluation/store/subject_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

constexpr char kColumns[] =
    "subject_id, subject_type, code, name, region_code, region_path, county, industry_id, "
    "industry_code, chain_links, project_type, stage, is_verified, is_void, is_sample, "
    "invested_fen, asset_value_fen, operating_value_fen, facts_version, "
    "latest_evaluation_id, latest_result, effective_evaluation_id, effective_class, updated_at, "
    "is_supplied";

// Results up to it are the four classes.
constexpr int kLastClass = 4;

std::vector<std::string> SplitList(const std::string& text) {
  return absl::StrSplit(text, ',', absl::SkipEmpty());
}

SubjectRow FromRow(const mysql::Row& row) {
  SubjectRow s;
  s.id = row.Id(0);
  s.type = static_cast<int>(row.Int(1));
  s.code = row.String(2);
  s.name = row.String(3);
  s.region_code = row.String(4);
  s.region_path = row.String(5);
  s.county = row.String(6);
  s.industry_id = OptId(row, 7);
  s.industry_code = row.String(8);
  s.chain_links = SplitList(row.String(9));
  s.project_type = row.String(10);
  s.stage = row.String(11);
  s.verified = row.Bool(12);
  s.is_void = row.Bool(13);
  s.sample = row.Bool(14);
  s.invested_fen = row.Int(15);
  s.asset_value_fen = row.Int(16);
  s.operating_value_fen = row.Int(17);
  s.facts_version = row.Int(18);
  s.latest_evaluation_id = OptId(row, 19);
  s.latest_result = static_cast<int>(row.Int(20));
  s.effective_evaluation_id = OptId(row, 21);
  s.effective_class = static_cast<int>(row.Int(22));
  s.updated_at = row.Time(23);
  s.supplied = row.Bool(24);
  return s;
}

SubjectMap ToMap(const mysql::Rows& rows) {
  SubjectMap out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) {
    SubjectRow s = FromRow(row);
    Ulid id = s.id;
    out.emplace(id, std::move(s));
  }
  return out;
}

}  // namespace

absl::StatusOr<SubjectMap> LoadSubjects(mysql::Executor& db, const std::vector<Ulid>& ids,
                                        const std::optional<std::vector<std::string>>& scope) {
  if (ids.empty()) return SubjectMap();
  mysql::Params params;
  std::string where = InClause("subject_id", ids, &params);
  where += AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM subject WHERE ", where), params));
  return ToMap(rows);
}

absl::StatusOr<SubjectMap> LockSubjects(mysql::Tx& tx, const std::vector<Ulid>& ids) {
  if (ids.empty()) return SubjectMap();
  mysql::Params params;
  std::vector<Ulid> sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::string where = InClause("subject_id", sorted, &params);
  ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query(Cat("SELECT ", kColumns, " FROM subject WHERE ",
                                                  where, " ORDER BY subject_id FOR UPDATE"),
                                              params));
  return ToMap(rows);
}

absl::StatusOr<std::vector<SubjectRow>> ListCountySubjects(mysql::Executor& db,
                                                           const std::string& county, int type,
                                                           const std::optional<Ulid>& after,
                                                           int limit) {
  mysql::Params params{county, type};
  std::string more;
  if (after) {
    more = " AND subject_id > ?";
    params.emplace_back(*after);
  }
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns,
                                // Else a long page tempts the optimizer to walk the primary key.
                                " FROM subject FORCE INDEX (by_county_type) WHERE county = ? AND "
                                "subject_type = ?",
                                more, " AND is_void = 0 ORDER BY subject_id LIMIT ?"),
                            params));
  std::vector<SubjectRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

absl::StatusOr<std::vector<Ulid>> IndustriesAfter(mysql::Executor& db, const Ulid& after,
                                                  int limit) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT subject_id FROM subject WHERE subject_id > ? AND subject_type "
                            "= ? AND is_void = 0 ORDER BY subject_id LIMIT ?",
                            {after, kIndustrySubject, limit}));
  std::vector<Ulid> out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::StatusOr<std::vector<std::pair<std::string, int64_t>>> ListCounties(
    mysql::Executor& db, const std::string& region) {
  mysql::Params params;
  // Index by_county_type: counties of a region are one range.
  std::string where = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(Cat("SELECT county, COUNT(*) FROM subject WHERE ",
                                                  where, " GROUP BY county ORDER BY county"),
                                              params));
  std::vector<std::pair<std::string, int64_t>> out;
  for (const mysql::Row& row : rows) out.emplace_back(row.String(0), row.Int(1));
  return out;
}

SubjectRow AsPut(SubjectRow row, const SubjectMap& before) {
  const auto old = before.find(row.id);
  if (old == before.end()) {
    row.latest_result = 0;
    row.effective_class = 0;
    return row;
  }
  // What was evaluated and what is in force stays, whatever the row given says.
  row.latest_evaluation_id = old->second.latest_evaluation_id;
  row.latest_result = old->second.latest_result;
  row.effective_evaluation_id = old->second.effective_evaluation_id;
  row.effective_class = old->second.effective_class;
  row.supplied = row.latest_result == kInsufficientData;
  return row;
}

absl::Status PutSubjects(mysql::Tx& tx, const std::vector<SubjectRow>& rows,
                         const SubjectMap& before) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  ResultRollup rollup;
  for (const SubjectRow& s : rows) {
    values.push_back({s.id,
                      s.type,
                      s.code,
                      s.name,
                      s.region_code,
                      s.region_path,
                      s.county,
                      s.industry_id,
                      s.industry_code,
                      absl::StrJoin(s.chain_links, ","),
                      s.project_type,
                      s.stage,
                      s.verified,
                      s.is_void,
                      s.sample,
                      s.invested_fen,
                      s.asset_value_fen,
                      s.operating_value_fen,
                      1,
                      s.updated_at});
    if (const auto old = before.find(s.id); old != before.end() && !old->second.is_void) {
      rollup.Add(old->second, -1);
    }
    const SubjectRow after = AsPut(s, before);
    if (!after.is_void) rollup.Add(after, +1);
  }
  RETURN_IF_ERROR(
      mysql::BulkInsert(
          tx, "subject",
          "subject_id, subject_type, code, name, region_code, region_path, county, industry_id, "
          "industry_code, chain_links, project_type, stage, is_verified, is_void, is_sample, "
          "invested_fen, asset_value_fen, operating_value_fen, facts_version, updated_at",
          values,
          Cat("ON DUPLICATE KEY UPDATE code = VALUES(code), name = VALUES(name), "
              "region_code = VALUES(region_code), region_path = VALUES(region_path), "
              "county = VALUES(county), industry_id = VALUES(industry_id), "
              "industry_code = VALUES(industry_code), chain_links = VALUES(chain_links), "
              "project_type = VALUES(project_type), stage = VALUES(stage), "
              "is_verified = VALUES(is_verified), is_void = VALUES(is_void), "
              "is_sample = VALUES(is_sample), invested_fen = VALUES(invested_fen), "
              "asset_value_fen = VALUES(asset_value_fen), "
              "operating_value_fen = VALUES(operating_value_fen), "
              "facts_version = facts_version + 1, is_supplied = (latest_result = ",
              kInsufficientData, "), updated_at = VALUES(updated_at)"))
          .status());
  return rollup.Write(tx);
}

absl::Status BumpFactsVersion(mysql::Tx& tx, const std::vector<Ulid>& ids, absl::Time now) {
  if (ids.empty()) return absl::OkStatus();
  mysql::Params params{now};
  std::string where = InClause("subject_id", ids, &params);
  return tx
      .Execute(Cat("UPDATE subject SET facts_version = facts_version + 1, is_supplied = "
                   "(latest_result = ",
                   kInsufficientData, "), updated_at = ? WHERE ", where),
               params)
      .status();
}

absl::StatusOr<std::vector<SubjectRow>> SupplyIndustries(mysql::Tx& tx,
                                                         const std::vector<Ulid>& ids) {
  std::vector<SubjectRow> out;
  if (ids.empty()) return out;
  // Few lack data: the others are not locked, or the evaluations of a county's projects would wait
  // for each other.
  mysql::Params params;
  const std::string where = InClause("subject_id", ids, &params);
  ASSIGN_OR_RETURN(const mysql::Rows lacking,
                   tx.Query(Cat("SELECT subject_id FROM subject WHERE ", where,
                                " AND latest_result = ", kInsufficientData,
                                " AND is_supplied = 0 ORDER BY subject_id"),
                            params));
  std::vector<Ulid> lack;
  for (const mysql::Row& row : lacking) lack.push_back(row.Id(0));
  ASSIGN_OR_RETURN(const SubjectMap locked, LockSubjects(tx, lack));
  mysql::Params supplied;
  std::vector<Ulid> still;
  for (const auto& [id, row] : locked) {
    if (row.latest_result != kInsufficientData || row.supplied) continue;
    out.push_back(row);
    still.push_back(id);
  }
  if (still.empty()) return out;
  const std::string those = InClause("subject_id", still, &supplied);
  RETURN_IF_ERROR(
      tx.Execute(Cat("UPDATE subject SET is_supplied = 1 WHERE ", those), supplied).status());
  return out;
}

absl::Status ClearSupplied(mysql::Tx& tx, const std::vector<Ulid>& ids) {
  if (ids.empty()) return absl::OkStatus();
  mysql::Params params;
  const std::string where = InClause("subject_id", ids, &params);
  return tx.Execute(Cat("UPDATE subject SET is_supplied = 0 WHERE ", where), params).status();
}

absl::Status SetLatestEvaluations(mysql::Tx& tx, const std::vector<LatestEvaluation>& latest,
                                  const SubjectMap& before, absl::Time now) {
  if (latest.empty()) return absl::OkStatus();
  ResultRollup rollup;
  // One statement for all: an upsert whose insert half never happens, since the rows are locked.
  std::vector<mysql::Params> values;
  values.reserve(latest.size());
  for (const LatestEvaluation& l : latest) {
    auto old = before.find(l.subject_id);
    if (old == before.end()) continue;
    const SubjectRow& s = old->second;
    if (!s.is_void) {
      SubjectRow after = s;
      after.latest_evaluation_id = l.evaluation_id;
      after.latest_result = l.result;
      rollup.Add(s, -1);
      rollup.Add(after, +1);
    }
    values.push_back({s.id, s.type, "", "", "", "", "", l.evaluation_id, l.result, now});
  }
  if (values.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "subject",
                                    "subject_id, subject_type, code, name, region_code, "
                                    "region_path, county, latest_evaluation_id, latest_result, "
                                    "updated_at",
                                    values,
                                    "ON DUPLICATE KEY UPDATE "
                                    "latest_evaluation_id = VALUES(latest_evaluation_id), "
                                    "latest_result = VALUES(latest_result), is_supplied = 0, "
                                    "updated_at = VALUES(updated_at)")
                      .status());
  return rollup.Write(tx);
}

absl::Status SetEffectives(mysql::Tx& tx, const std::vector<EffectiveChange>& changes,
                           const SubjectMap& before, absl::Time now) {
  ResultRollup rollup;
  // An upsert whose insert half never happens, since the rows are locked.
  std::vector<mysql::Params> values;
  values.reserve(changes.size());
  for (const EffectiveChange& c : changes) {
    const auto old = before.find(c.subject_id);
    if (old == before.end()) continue;
    if (!old->second.is_void) {
      SubjectRow after = old->second;
      after.effective_evaluation_id = c.evaluation_id;
      after.effective_class = c.effective_class;
      rollup.Add(old->second, -1);
      rollup.Add(after, +1);
    }
    values.push_back(
        {c.subject_id, 0, "", "", "", "", "", c.evaluation_id, c.effective_class, now});
  }
  if (values.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "subject",
                                    "subject_id, subject_type, code, name, region_code, "
                                    "region_path, county, effective_evaluation_id, "
                                    "effective_class, updated_at",
                                    values,
                                    "ON DUPLICATE KEY UPDATE "
                                    "effective_evaluation_id = VALUES(effective_evaluation_id), "
                                    "effective_class = VALUES(effective_class), "
                                    "updated_at = VALUES(updated_at)")
                      .status());
  return rollup.Write(tx);
}

int RollupSlot(const Ulid& subject_id) {
  // The last bytes of a ULID are random.
  return static_cast<uint8_t>(subject_id.bytes().back()) % kRollupSlots;
}

absl::Status AddToResults(mysql::Tx& tx, const std::vector<mysql::Params>& values) {
  return mysql::BulkInsert(tx, "result_rollup",
                           "county, subject_type, result, slot, subjects, invested_fen, "
                           "asset_value_fen",
                           values,
                           "ON DUPLICATE KEY UPDATE subjects = subjects + VALUES(subjects), "
                           "invested_fen = invested_fen + VALUES(invested_fen), "
                           "asset_value_fen = asset_value_fen + VALUES(asset_value_fen)")
      .status();
}

int ResultCell(const SubjectRow& subject) {
  if (subject.effective_class == 0) return subject.latest_result;
  const bool undecided = subject.latest_result > kLastClass &&
                         subject.latest_evaluation_id != subject.effective_evaluation_id;
  return kInForceCell + (undecided ? subject.latest_result : 0);
}

std::string ResultCellSql() {
  return Cat("IF(effective_class = 0, latest_result, ", kInForceCell, " + IF(latest_result > ",
             kLastClass,
             " AND NOT (latest_evaluation_id <=> effective_evaluation_id), latest_result, 0))");
}

void ResultRollup::Add(const SubjectRow& row, int sign) {
  Sum& sum = sums_[{row.county, row.type, ResultCell(row), RollupSlot(row.id)}];
  sum.subjects += sign;
  sum.invested_fen += sign * row.invested_fen;
  sum.asset_value_fen += sign * row.asset_value_fen;
}

absl::Status ResultRollup::Write(mysql::Tx& tx) const {
  std::vector<mysql::Params> values;
  for (const auto& [key, sum] : sums_) {
    if (sum.subjects == 0 && sum.invested_fen == 0 && sum.asset_value_fen == 0) continue;
    const auto& [county, type, cell, slot] = key;
    values.push_back(
        {county, type, cell, slot, sum.subjects, sum.invested_fen, sum.asset_value_fen});
  }
  if (values.empty()) return absl::OkStatus();
  return AddToResults(tx, values);
}

absl::StatusOr<LinksOfIndustry> ListOperatingLinks(mysql::Executor& db,
                                                   const std::vector<Ulid>& industry_ids) {
  LinksOfIndustry out;
  if (industry_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("industry_id", industry_ids, &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT industry_id, chain_links, MIN(subject_id) FROM subject WHERE ", where,
                   " AND stage = 'OPERATING' AND is_void = 0 AND chain_links <> '' "
                   "GROUP BY industry_id, chain_links ORDER BY industry_id, MIN(subject_id)"),
               params));
  for (const mysql::Row& row : rows) {
    auto& links = out[row.Id(0)];
    for (const std::string& link : SplitList(row.String(1))) {
      links.try_emplace(link, row.Id(2).ToString());
    }
  }
  return out;
}

absl::StatusOr<std::vector<IndustryMember>> ListIndustryMembers(
    mysql::Executor& db, const std::vector<Ulid>& industry_ids) {
  std::vector<IndustryMember> out;
  if (industry_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("s.industry_id", industry_ids, &params);
  // Streamed: an industry may have thousands of projects.
  RETURN_IF_ERROR(db.Stream(
      Cat("SELECT s.industry_id, s.subject_id, s.is_verified, s.operating_value_fen, e.details "
          "FROM subject s LEFT JOIN evaluation e ON e.id = s.latest_evaluation_id WHERE ",
          where, " AND s.subject_type = 1 AND s.is_void = 0 ORDER BY s.industry_id, s.subject_id"),
      params, [&out](const mysql::Row& row) {
        IndustryMember& m = out.emplace_back();
        m.industry_id = row.Id(0);
        m.subject_id = row.Id(1);
        m.verified = row.Bool(2);
        m.operating_value_fen = row.Int(3);
        m.details = row.String(4);
        return absl::OkStatus();
      }));
  return out;
}

}  // namespace bangfu::evaluation
