#include "common/external/external_ids.h"

#include <set>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::external {
namespace {

absl::Status Taken(const std::string& zh, std::string_view field) {
  return Error(absl::StatusCode::kAlreadyExists, "EXTERNAL_ID_TAKEN")
      .Zh(zh)
      .Field(field, "外部编号已被使用")
      .Build();
}

}  // namespace

std::vector<Number> NumbersOf(const Ids& ids) {
  std::vector<Number> out;
  for (const type::v1::ExternalId& id : ids) out.emplace_back(id.system(), id.id());
  return out;
}

absl::Status PutExternalIds(mysql::Tx& tx, std::string_view kind, const Ulid& record,
                            const Ids& ids, std::string_view field) {
  const std::vector<Number> numbers = NumbersOf(ids);
  if (std::set<Number>(numbers.begin(), numbers.end()).size() < numbers.size()) {
    return InvalidField(field, "外部编号重复").Build();
  }
  // Whose it is may lie outside the caller's regions, and is not told. Two who give it at once are
  // told by the key below.
  ASSIGN_OR_RETURN(const auto borne, FindExternalIds(tx, kind, numbers));
  std::vector<std::pair<Ulid, Number>> rows;
  for (const Number& number : numbers) {
    if (const auto found = borne.find(number); found != borne.end() && found->second != record) {
      return Taken(Cat("外部编号", number.first, " ", number.second, "已属于另一条记录"), field);
    }
    rows.emplace_back(record, number);
  }
  RETURN_IF_ERROR(DeleteExternalIds(tx, kind, {record}));
  const absl::Status put = InsertExternalIds(tx, kind, rows);
  return mysql::IsDuplicateKey(put) ? Taken("外部编号已属于另一条记录", field) : put;
}

absl::StatusOr<std::optional<Ulid>> FindByExternalId(mysql::Executor& db, std::string_view kind,
                                                     std::string_view system, std::string_view id) {
  ASSIGN_OR_RETURN(const auto found,
                   FindExternalIds(db, kind, {{std::string(system), std::string(id)}}));
  if (found.empty()) return std::optional<Ulid>();
  return std::optional<Ulid>(found.begin()->second);
}

absl::StatusOr<std::map<Number, Ulid>> FindExternalIds(mysql::Executor& db, std::string_view kind,
                                                       const std::vector<Number>& numbers) {
  std::map<std::string, mysql::Params> by_system;
  for (const auto& [system, id] : numbers) by_system[system].push_back(id);
  std::map<Number, Ulid> out;
  for (const auto& [system, ids] : by_system) {
    mysql::Params params = {std::string(kind), system};
    params.insert(params.end(), ids.begin(), ids.end());
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(Cat("SELECT external_id, record_id FROM external_id WHERE kind = ? AND "
                     "system_name = ? AND external_id IN (",
                     mysql::Placeholders(ids.size()), ")"),
                 params));
    for (const mysql::Row& row : rows) out.emplace(Number(system, row.String(0)), row.Id(1));
  }
  return out;
}

absl::Status InsertExternalIds(mysql::Tx& tx, std::string_view kind,
                               const std::vector<std::pair<Ulid, Number>>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  for (const auto& [record, number] : rows) {
    values.push_back({std::string(kind), number.first, number.second, record});
  }
  return mysql::BulkInsert(tx, "external_id", "kind, system_name, external_id, record_id", values)
      .status();
}

absl::Status DeleteExternalIds(mysql::Tx& tx, std::string_view kind,
                               const std::vector<Ulid>& records) {
  if (records.empty()) return absl::OkStatus();
  mysql::Params params = {std::string(kind)};
  params.insert(params.end(), records.begin(), records.end());
  return tx
      .Execute(Cat("DELETE FROM external_id WHERE kind = ? AND record_id IN (",
                   mysql::Placeholders(records.size()), ")"),
               params)
      .status();
}

}  // namespace bangfu::external
