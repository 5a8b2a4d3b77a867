#include "services/registry/store/import_store.h"

#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::registry {

absl::StatusOr<std::map<std::string, Ulid>> FindOperatorsByUscc(
    mysql::Executor& db, const std::vector<std::string>& usccs) {
  std::map<std::string, Ulid> out;
  if (usccs.empty()) return out;
  mysql::Params params;
  for (const std::string& uscc : usccs) params.emplace_back(uscc);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT uscc, id FROM operator WHERE uscc IN (",
                                mysql::Placeholders(usccs.size()), ")"),
                            params));
  for (const mysql::Row& row : rows) out[row.String(0)] = row.Id(1);
  return out;
}

}  // namespace bangfu::registry
