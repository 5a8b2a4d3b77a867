#include "services/evaluation/store/link_store.h"

#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/status/macros.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

absl::StatusOr<std::set<std::string>> OperatingProjects(
    mysql::Executor& db, const std::string& county, const std::vector<std::string>& references) {
  std::set<std::string> out;
  if (references.empty()) return out;
  std::vector<Ulid> ids;
  for (const std::string& reference : references) {
    if (const absl::StatusOr<Ulid> id = Ulid::Parse(reference); id.ok()) ids.push_back(*id);
  }
  mysql::Params params{county};
  std::string where = InClause("code", references, &params);
  if (!ids.empty()) where = Cat("(", where, " OR ", InClause("subject_id", ids, &params), ")");
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT code, subject_id FROM subject WHERE county = ? AND "
                                "subject_type = 1 AND stage = 'OPERATING' AND is_void = 0 AND ",
                                where),
                            params));
  for (const mysql::Row& row : rows) {
    out.insert(row.String(0));
    out.insert(row.Id(1).ToString());
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> BrandsOfCounty(mysql::Executor& db,
                                                        const std::string& county) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT f.payload FROM subject s JOIN fact_source f ON f.subject_id = s.subject_id "
               "AND f.kind = ? WHERE s.county = ? AND s.is_void = 0",
               {kBrandFacts, county}));
  std::vector<std::string> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

}  // namespace bangfu::evaluation
