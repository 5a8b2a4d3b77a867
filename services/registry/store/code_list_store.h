// Code lists and their codes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

struct CodeRow {
  std::string list, code, name_zh, description_zh;
  std::vector<std::pair<std::string, std::string>> attributes;
  int sort = 0;
  std::optional<absl::CivilDay> valid_from, valid_to;
  int64_t version = 0;
  bool unconfirmed = false;

  std::string Attribute(std::string_view name) const;
  bool ValidOn(absl::CivilDay day) const {
    return (!valid_from || *valid_from <= day) && (!valid_to || day <= *valid_to);
  }
};
using CodeKey = std::pair<std::string, std::string>;  // list, code
// Those of the keys that exist.
absl::StatusOr<std::map<CodeKey, CodeRow>> LookupCodes(mysql::Executor& db,
                                                       const std::vector<CodeKey>& keys);
absl::StatusOr<std::vector<CodeRow>> ListCodes(mysql::Executor& db, const std::string& list);
absl::StatusOr<std::vector<CodeRow>> LoadCodes(mysql::Executor& db);
struct CodeListRow {
  std::string list, name_zh;
  int64_t version = 0;
  int64_t codes = 0;
};
absl::StatusOr<std::vector<CodeListRow>> ListCodeLists(mysql::Executor& db);
// Raises the version of each list (made when new) under its row lock and writes the rows with it.
// `before`: what there was of them at that moment.
absl::Status UpsertCodes(mysql::Tx& tx, std::vector<CodeRow>* rows,
                         std::map<CodeKey, CodeRow>* before);

}  // namespace bangfu::registry
