#include "services/evaluation/store/outstanding_store.h"

#include <algorithm>
#include <set>

#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::evaluation {

namespace {

constexpr size_t kCountyDigits = 6;
constexpr size_t kTownshipDigits = 9;

// Verified subjects of some counties: index by_outstanding. An industry is verified with the first
// of its projects.
constexpr char kVerified[] =
    "s.is_void = 0 AND ((s.subject_type = 1 AND s.is_verified = 1) OR (s.subject_type = 2 AND "
    "EXISTS (SELECT 1 FROM subject m WHERE m.industry_id = s.subject_id AND m.subject_type = 1 AND "
    "m.is_verified = 1 AND m.is_void = 0)))";

std::string InCounties(const std::vector<std::string>& counties, mysql::Params* params) {
  for (const std::string& county : counties) params->emplace_back(county);
  return Cat("s.county IN (", mysql::Placeholders(counties.size()), ")");
}

}  // namespace

Outstanding OutstandingOf(const SubjectRow& subject) {
  if (subject.is_void || IsUnverified(subject)) return Outstanding::kNothing;
  if (subject.latest_result == kInsufficientData) {
    return subject.supplied ? Outstanding::kEvaluation : Outstanding::kData;
  }
  return subject.latest_result == 0 && subject.effective_class == 0 ? Outstanding::kEvaluation
                                                                    : Outstanding::kNothing;
}

absl::StatusOr<std::vector<Ulid>> IndustriesLackingData(mysql::Executor& db,
                                                        const std::set<std::string>& regions) {
  std::set<std::string> prefixes;
  for (const std::string& region : regions) prefixes.insert(region.substr(0, kCountyDigits));
  std::vector<Ulid> out;
  if (prefixes.empty()) return out;
  mysql::Params params;
  const std::string there =
      mysql::RegionClause({prefixes.begin(), prefixes.end()}, "county", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT subject_id FROM subject WHERE ", there,
                                " AND latest_result = ", kInsufficientData,
                                " AND is_supplied = 0 AND subject_type = ", kIndustrySubject,
                                " AND is_void = 0 ORDER BY subject_id"),
                            params));
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

std::string DataRegionOf(const SubjectRow& subject) {
  return subject.region_path.substr(0, kTownshipDigits);
}

absl::StatusOr<std::map<std::string, int64_t>> CountToEvaluate(
    mysql::Executor& db, const std::vector<std::string>& counties) {
  std::map<std::string, int64_t> out;
  if (counties.empty()) return out;
  mysql::Params params;
  const std::string there = InCounties(counties, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT s.county, COUNT(*) FROM subject s FORCE INDEX (by_outstanding) WHERE ", there,
              " AND ((s.latest_result = 0 AND s.effective_class = 0) OR (s.latest_result = ",
              kInsufficientData, " AND s.is_supplied = 1)) AND ", kVerified, " GROUP BY s.county"),
          params));
  for (const mysql::Row& row : rows) out[row.String(0)] = row.Int(1);
  return out;
}

absl::StatusOr<std::map<std::string, int64_t>> CountLackingData(
    mysql::Executor& db, const std::vector<std::string>& regions) {
  std::map<std::string, int64_t> out;
  if (regions.empty()) return out;
  std::set<std::string> counties;
  for (const std::string& region : regions) counties.insert(region.substr(0, kCountyDigits));
  mysql::Params params;
  const std::string there = InCounties({counties.begin(), counties.end()}, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT LEFT(s.region_path, 9), COUNT(*) FROM subject s FORCE INDEX "
                   "(by_outstanding) WHERE ",
                   there, " AND s.latest_result = ", kInsufficientData,
                   " AND s.is_supplied = 0 AND ", kVerified, " GROUP BY LEFT(s.region_path, 9)"),
               params));
  for (const mysql::Row& row : rows) {
    if (std::find(regions.begin(), regions.end(), row.String(0)) == regions.end()) continue;
    out[row.String(0)] = row.Int(1);
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> CountiesAfter(mysql::Executor& db,
                                                       const std::string& after, int limit) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT county FROM subject WHERE county > ? GROUP BY county ORDER BY "
                            "county LIMIT ?",
                            {after, limit}));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::StatusOr<std::vector<std::string>> DataRegionsAfter(mysql::Executor& db,
                                                          const std::string& after, int limit) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT LEFT(region_path, 9) FROM subject WHERE county >= ? AND "
                            "latest_result = ? AND LEFT(region_path, 9) > ? GROUP BY "
                            "LEFT(region_path, 9) ORDER BY LEFT(region_path, 9) LIMIT ?",
                            {after.substr(0, kCountyDigits), kInsufficientData, after, limit}));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

}  // namespace bangfu::evaluation
