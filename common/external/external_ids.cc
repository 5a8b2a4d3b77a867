#include "common/external/external_ids.h"

#include <set>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::external {

absl::Status PutExternalIds(mysql::Tx& tx, std::string_view kind, const Ulid& record,
                            const Ids& ids, std::string_view field) {
  std::set<std::pair<std::string, std::string>> own;
  std::vector<mysql::Params> rows;
  for (const type::v1::ExternalId& id : ids) {
    if (!own.emplace(id.system(), id.id()).second) {
      return InvalidField(field, "外部编号重复").Build();
    }
    // Whose it is may lie outside the caller's regions, and is not told. Two who give it at once
    // are told by the key below.
    ASSIGN_OR_RETURN(const std::optional<Ulid> taken,
                     FindByExternalId(tx, kind, id.system(), id.id()));
    if (taken && *taken != record) {
      return Error(absl::StatusCode::kAlreadyExists, "EXTERNAL_ID_TAKEN")
          .Zh(Cat("外部编号", id.system(), " ", id.id(), "已属于另一条记录"))
          .Field(field, "外部编号已被使用")
          .Build();
    }
    rows.push_back({std::string(kind), id.system(), id.id(), record});
  }
  RETURN_IF_ERROR(tx.Execute("DELETE FROM external_id WHERE record_id = ? AND kind = ?",
                             {record, std::string(kind)})
                      .status());
  if (rows.empty()) return absl::OkStatus();
  const absl::Status put =
      mysql::BulkInsert(tx, "external_id", "kind, system_name, external_id, record_id", rows)
          .status();
  if (mysql::IsDuplicateKey(put)) {
    return Error(absl::StatusCode::kAlreadyExists, "EXTERNAL_ID_TAKEN")
        .Zh("外部编号已属于另一条记录")
        .Field(field, "外部编号已被使用")
        .Build();
  }
  return put;
}

absl::StatusOr<std::optional<Ulid>> FindByExternalId(mysql::Executor& db, std::string_view kind,
                                                     std::string_view system, std::string_view id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT record_id FROM external_id WHERE kind = ? AND system_name = ? AND "
               "external_id = ?",
               {std::string(kind), std::string(system), std::string(id)}));
  if (rows.empty()) return std::optional<Ulid>();
  return std::optional<Ulid>(rows.front().Id(0));
}

}  // namespace bangfu::external
