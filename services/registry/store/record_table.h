// Tables that hold a record as the contract's bytes beside the columns that queries and guards need
// (schema/V0002__projects.sql): one way to insert, change, read and list them all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

struct Record {
  Ulid id;
  std::string region_path;
  int64_t version = 1;
  std::string bytes;  // the contract's message
};

// Where a page begins: after this record in (region_path, id).
struct After {
  std::string region_path;
  Ulid id;
};

// A condition beyond the region, with its parameters: "kind = ?".
struct Condition {
  std::string sql;
  mysql::Params params;
  bool narrow = false;  // holds for the records of one other: few, and found by its id
};

// What callers ask for; no statement text outside the store.
Condition Equals(std::string_view column, mysql::Param value);
// Of `values`, which are some.
Condition OneOf(std::string_view column, const std::set<Ulid>& values);
Condition Both(Condition a, const Condition& b);
Condition StartsWith(std::string_view column, const std::string& text);
// Of columns valid_from and valid_to, where NULL is open.
Condition ValidOn(absl::CivilDay day);

class RecordTable {
 public:
  // `columns`: those beside id, region_path, version and record, in the order of `extra` below.
  // With one called is_void, void records exist for nobody who refers to them anew. `resource`:
  // what NOT_FOUND names; `key`: the index over (region_path, id).
  RecordTable(std::string table, std::vector<std::string> columns, std::string resource,
              std::string key = "")
      : table_(std::move(table)),
        columns_(std::move(columns)),
        resource_(std::move(resource)),
        voids_(std::find(columns_.begin(), columns_.end(), "is_void") != columns_.end()),
        key_(key.empty() ? table_ + "_by_region" : std::move(key)) {}

  absl::Status Insert(mysql::Tx& tx, const Record& record, const mysql::Params& extra) const;
  // Writes `record` where the stored version is record.version - 1. ABORTED ETAG_MISMATCH
  // otherwise.
  absl::Status Update(mysql::Tx& tx, const Record& record, const mysql::Params& extra) const;
  // NOT_FOUND also outside the scope.
  absl::StatusOr<Record> Get(mysql::Executor& db, const Ulid& id, const RegionScope& scope) const;
  // Without a scope: for references from other records.
  absl::StatusOr<std::optional<Record>> Find(mysql::Executor& db, const Condition& where) const;
  // By (region_path, id), at most `limit`.
  absl::StatusOr<std::vector<Record>> List(mysql::Executor& db, const RegionScope& scope,
                                           const std::vector<Condition>& where,
                                           const std::optional<After>& after, int limit) const;
  // By id, for snapshots of the feed; no scope: all.
  absl::StatusOr<std::vector<Record>> ListById(mysql::Executor& db,
                                               const std::optional<RegionScope>& scope,
                                               const Ulid& after, int limit) const;
  // Those of the ids that exist, locked until the transaction ends, by id.
  absl::StatusOr<std::vector<Record>> Lock(mysql::Tx& tx, const std::set<Ulid>& ids) const;
  // Those for which the condition holds, locked until the transaction ends, by id.
  absl::StatusOr<std::vector<Record>> LockWhere(mysql::Tx& tx, const Condition& where) const;
  // Those of the ids that exist and are not void.
  absl::StatusOr<std::set<Ulid>> Existing(mysql::Executor& db, const std::set<Ulid>& ids) const;
  // The same, held until the transaction ends by writing that they are named: none of them becomes
  // void meanwhile, on whichever node. Of tables with a column `named`.
  absl::StatusOr<std::set<Ulid>> Hold(mysql::Tx& tx, const std::set<Ulid>& ids) const;
  // Whether any project ever came to name it, on such a table: where none did, none names it now.
  absl::StatusOr<bool> EverNamed(mysql::Executor& db, const Ulid& id) const;
  absl::StatusOr<int64_t> Count(mysql::Executor& db, const Condition& where) const;

 private:
  std::string table_;
  std::vector<std::string> columns_;
  std::string resource_;
  bool voids_ = false;
  std::string key_;
};

// The tables of this service.
const RecordTable& OperatorTable();
const RecordTable& HelperTable();
const RecordTable& IndustryTable();
const RecordTable& ShortBoardTable();
const RecordTable& LeadingIndustryTable();
const RecordTable& BrandTable();
const RecordTable& TechPairingTable();
const RecordTable& TrainingTable();
const RecordTable& CampaignTable();

}  // namespace bangfu::registry
