// What a room or a service has that lies in regions: which of its columns follow a region that gets
// another code, and which do not and why. Beside the schema, so that a new table is seen there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::recode {

// What lay under `from` lies under `to` since.
struct Move {
  Ulid id;  // of the re-code, the same in every service
  std::string from, to;
  absl::Time at;
  // When the rows of this service had moved: a feed tells of a move some time after it. As it is
  // read back (ListMoves).
  absl::Time made = absl::InfinitePast();

  // What was written here under the old path until then is the region's that left it.
  absl::Time WrittenUntil() const { return std::max(at, made); }
  bool Moves(std::string_view path) const { return RegionContains(from, path); }
  std::string NewPath(std::string_view path) const { return Cat(to, path.substr(from.size())); }
};

// A row that cannot move because another stands under its new path.
enum class Collision {
  kFail,   // the re-code is refused: DUPLICATE_KEY
  kStays,  // it stays where it is, for those above both regions to see
  kDrop,   // it goes: the row under the new path says the same
};

struct Table {
  std::string name;
  std::string column = "region_path";
  Collision collision = Collision::kFail;
};

// A column with a region in it whose values are left as they are.
struct Staying {
  std::string table;
  std::string column;
  std::string why;
};

struct Part {
  std::vector<Table> moving;
  // What has keys made of a path, and the columns that this takes care of.
  std::function<absl::StatusOr<int64_t>(mysql::Tx&, const Move&)> rekey;
  std::vector<Table> rekeyed;
  std::vector<Staying> staying;
};
using Parts = std::vector<Part>;

}  // namespace bangfu::recode
