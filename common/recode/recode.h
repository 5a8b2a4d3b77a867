// Regions that got another code (区划调整): what lies under the old path moves under the new one.
//
// The registry makes a move in the transaction of RecodeRegion, the others when its feed tells of
// it, each once: a service remembers the moves that it has made, so that an event that comes again
// changes nothing, and so that what may not move (the audit trail) is found under the codes that
// its region had before.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/mysql/session.h"
#include "common/recode/tables.h"
#include "common/status/macros.h"

namespace bangfu::recode {

// Moves every row of the parts, and remembers that and when it was done; gives the rows. Nothing
// when the move was made before. A move that comes after those that followed it (a snapshot keeps
// no order) takes its rows along them, too.
absl::StatusOr<int64_t> Apply(mysql::Tx& tx, const Parts& parts, const Move& move,
                              const Clock& clock);
// In the order of their times, whatever the order given.
absl::Status ApplyAll(mysql::Tx& tx, const Parts& parts, std::vector<Move> moves,
                      const Clock& clock);

// A move as the registry's events tell it (registry.v1.RegionMove).
template <typename Message>
absl::StatusOr<Move> MoveFrom(const Message& message) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(message.id()));
  return Move{id, message.from_path(), message.to_path(),
              absl::FromUnixSeconds(message.moved_at().seconds()) +
                  absl::Nanoseconds(message.moved_at().nanos())};
}

// Rows that were written under an old path by steps that began before the move and ended after it:
// the moves of the last days once more, a transaction each. In that transaction, last, `swept` gets
// the move and how many rows came along: it tells those who hold copies, and sees to what no part
// moves.
using Swept = std::function<absl::Status(mysql::Tx& tx, const Move& move, int64_t rows)>;
// Whether a region bears the old path of a move now: a code may come back for another region within
// those days, and what is filed under it is that one's. Asked before and after its rows moved.
using Borne = std::function<absl::StatusOr<bool>(mysql::Tx& tx, const std::string& path)>;
// By what gives the path in today's codes of a code as filed; INVALID_ARGUMENT when there is none,
// or several.
using PathOf =
    std::function<absl::StatusOr<std::string>(mysql::Executor& db, std::string_view code)>;
Borne BorneBy(PathOf path_of);
absl::Status SweepStragglers(mysql::Session& session, const Parts& parts, absl::Time now,
                             const Swept& swept = nullptr, const Borne& borne = nullptr);

// All that were made here, the oldest first.
absl::StatusOr<std::vector<Move>> ListMoves(mysql::Executor& db);

// A path under which records of a region were kept until it got another code. What came under it
// after is another region's, and so is what had left it before: codes come back.
struct FormerPath {
  std::string path;
  absl::Time until;
  Ulid before;  // ids of those records come before this one
  absl::Time since = absl::InfinitePast();
  Ulid after{};  // and after this one
  // The same stretch for what is told apart by when it was written here (Move::WrittenUntil).
  absl::Time written_since = absl::InfinitePast();
  absl::Time written_until = absl::InfiniteFuture();

  bool Had(const Ulid& id) const { return after < id && id < before; }
};
// Of each region, or of what lies in it now; of none twice.
std::vector<FormerPath> FormerPaths(const std::vector<Move>& moves,
                                    const std::vector<std::string>& regions);
// The regions' own paths, in their order, from when they bear them, and then the former ones: for
// what stays under the code of its day whoever bears that today. Where a code has come back for
// another region, what its bearers before have left there is not found; a region that came back to
// its own code has all of it. A path that no region has left is borne for all times.
std::vector<FormerPath> BornePaths(const std::vector<Move>& moves,
                                   const std::vector<std::string>& regions);

// For what keeps the path under which it was signed. The regions, with the former paths under which
// a record of this id may lie.
absl::StatusOr<std::vector<std::string>> WithFormerPaths(mysql::Executor& db,
                                                         std::vector<std::string> regions,
                                                         const Ulid& id);
// A condition on where rows lie: that they do in the regions, or in what lies above them, too.
using Clause = std::function<std::string(const std::vector<std::string>&, mysql::Params*)>;
// The condition for rows that keep the path that their region had when they were made: by that path
// (`column`) and their id, it holds of where the region is today.
absl::StatusOr<std::string> ClauseWithFormer(mysql::Executor& db,
                                             const std::vector<std::string>& regions,
                                             std::string_view column, std::string_view id_column,
                                             const Clause& clause, mysql::Params* params);

// Where a path that was in use at a time leads today.
std::string TodaysPath(const std::vector<Move>& moves, std::string path, absl::Time since);

}  // namespace bangfu::recode
