// What a service reports in periods: its tables. The room keeps their rows, hashes and signatures;
// what a row holds is the service's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "google/protobuf/message.h"

namespace bangfu::period {

// A row of a table: a message of the table's row type, as deterministic bytes.
struct Row {
  std::string key;          // of what it is, the same in every revision; unique in its region path
  std::string region_path;  // whose it is: the unit that signs it
  std::string payload;
};
using RowSink = std::function<absl::Status(Row row)>;

// A frozen table below, of which a city's or province's table is made.
struct Component {
  std::string region_path;
  Ulid id;  // zero: none is frozen; the region has an empty row
  int revision = 0;
  std::string rows_sha256;
};

class Table {
 public:
  virtual ~Table() = default;
  virtual std::string table_no() const = 0;
  virtual std::string name_zh() const = 0;
  virtual bool ReportedBy(std::string_view region_path) const = 0;
  // Regions whose tables of the same number and period one of this region is made of; empty: it is
  // made of records.
  virtual absl::StatusOr<std::vector<std::string>> ComponentRegions(
      mysql::Executor& db, const std::string& region_path) const = 0;
  // The rows, by region path and key in ascending order. Every statement sees the same moment.
  virtual absl::Status Rows(mysql::Executor& db, const std::string& region_path,
                            const std::vector<Component>& components,
                            const RowSink& sink) const = 0;
  // How far the feed of each source of the rows has come.
  virtual absl::StatusOr<std::vector<type::v1::Watermark>> Watermarks(
      mysql::Executor& db) const = 0;
  // Days from the period's end to the cut-off (reference data).
  virtual absl::StatusOr<int64_t> CutOffDays(mysql::Executor& db) const = 0;
  // Working days to accept a submitted table, and to issue a returned one anew (reference data).
  virtual absl::StatusOr<int64_t> StepDays(mysql::Executor& db) const = 0;
  virtual const google::protobuf::Message& row_type() const = 0;
  virtual std::string TitleOf(const google::protobuf::Message& row) const = 0;
  // The live row as it is compared with the frozen one of its key and place (payloads): without
  // what the frozen one never counted and the live one has none of, which is no change of what was
  // signed.
  virtual absl::StatusOr<std::string> LiveBeside(const std::string& frozen,
                                                 std::string live) const {
    (void)frozen;
    return live;
  }
};

using Tables = std::vector<std::shared_ptr<const Table>>;

}  // namespace bangfu::period
