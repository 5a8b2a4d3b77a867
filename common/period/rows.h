// Frozen rows as they are stored: packed chunks of bounded size, and the hash over them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/period/signing.h"
#include "common/period/table.h"

namespace bangfu::period {

struct Chunk {
  std::string first_path, last_path;
  int row_count = 0;
  std::string body;  // packed
};

struct FrozenRows {
  std::vector<Chunk> chunks;
  std::map<std::string, UnitHash> units;  // with the region itself, also when it has no rows
  int64_t rows = 0;
};

// SHA-256 over key, region path and payload, with their lengths.
std::string RowHash(const Row& row);

// Takes rows in order and packs them.
class RowPacker {
 public:
  // `region`: whose table it is. `with_units`: units inside it sign, else only its own hash is
  // made.
  RowPacker(std::string_view region, bool with_units);
  // INTERNAL when the row does not come after the one before, or lies outside of the region.
  absl::Status Add(Row row);
  FrozenRows Finish();

 private:
  void Flush();

  const std::string region_;
  const bool with_units_;
  UnitHasher hasher_;
  FrozenRows out_;
  std::string last_path_, last_key_;
  std::string raw_;
  Chunk chunk_;
};

// FAILED_PRECONDITION PERIOD_ROWS_DAMAGED: what is stored is not what was frozen.
absl::Status RowsDamaged(std::string_view what);

// The rows of a chunk, in order. PERIOD_ROWS_DAMAGED when it is none.
absl::StatusOr<std::vector<Row>> UnpackRows(std::string_view body);

}  // namespace bangfu::period
