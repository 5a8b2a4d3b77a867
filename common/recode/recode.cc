#include "common/recode/recode.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/status/macros.h"

namespace bangfu::recode {
namespace {

// Of one statement, so that none runs into the time that a statement has.
constexpr int64_t kChunk = 5000;
constexpr absl::Duration kStragglers = absl::Hours(72);

bool Overlap(std::string_view a, std::string_view b) {
  return RegionContains(a, b) || RegionContains(b, a);
}

bool Earlier(const Move& a, const Move& b) { return std::tie(a.at, a.id) < std::tie(b.at, b.id); }

absl::StatusOr<int64_t> CountUnder(mysql::Tx& tx, const Table& table, const std::string& path) {
  mysql::Params params;
  const std::string where = mysql::RegionClause({path}, table.column, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query(Cat("SELECT COUNT(*) FROM ", table.name, " WHERE ", where), params));
  return rows[0].Int(0);
}

absl::StatusOr<int64_t> MoveTable(mysql::Tx& tx, const Table& table, const Move& move) {
  mysql::Params params = {move.to, static_cast<int64_t>(move.from.size() + 1)};
  const std::string where = mysql::RegionClause({move.from}, table.column, &params);
  const std::string set = Cat(table.name, " SET ", table.column, " = CONCAT(?, SUBSTRING(",
                              table.column, ", ?)) WHERE ", where);
  int64_t total = 0;
  if (table.collision == Collision::kFail) {
    params.emplace_back(kChunk);
    int64_t moved = kChunk;
    while (moved == kChunk) {
      ASSIGN_OR_RETURN(moved, tx.Execute(Cat("UPDATE ", set, " LIMIT ?"), params));
      total += moved;
    }
    return total;
  }
  // What collides is matched and stays, so the rows that moved are told by those that are left.
  ASSIGN_OR_RETURN(total, CountUnder(tx, table, move.from));
  if (total == 0) return total;
  RETURN_IF_ERROR(tx.Execute(Cat("UPDATE IGNORE ", set), params).status());
  ASSIGN_OR_RETURN(const int64_t left, CountUnder(tx, table, move.from));
  if (left > 0 && table.collision == Collision::kDrop) {
    mysql::Params gone;
    const std::string there = mysql::RegionClause({move.from}, table.column, &gone);
    RETURN_IF_ERROR(tx.Execute(Cat("DELETE FROM ", table.name, " WHERE ", there), gone).status());
  }
  return total - left;
}

absl::StatusOr<int64_t> Carry(mysql::Tx& tx, const Parts& parts, const Move& move) {
  int64_t total = 0;
  for (const Part& part : parts) {
    // First what finds its rows by the old path.
    if (part.rekey) {
      ASSIGN_OR_RETURN(const int64_t rows, part.rekey(tx, move));
      total += rows;
    }
    for (const Table& table : part.moving) {
      ASSIGN_OR_RETURN(const int64_t rows, MoveTable(tx, table, move));
      total += rows;
    }
  }
  return total;
}

// Before it, what lay under the path was another region's that has left: the last move away from
// all of the path that was made before a time.
const Move* LastLeft(const std::vector<Move>& moves, std::string_view path, absl::Time before) {
  const Move* last = nullptr;
  for (const Move& move : moves) {
    if (move.at < before && move.Moves(path)) last = &move;
  }
  return last;
}

}  // namespace

absl::StatusOr<int64_t> Apply(mysql::Tx& tx, const Parts& parts, const Move& move,
                              const Clock& clock) {
  ASSIGN_OR_RETURN(
      const int64_t fresh,
      tx.Execute("INSERT IGNORE INTO region_move (id, from_path, to_path, moved_at) VALUES (?, ?, "
                 "?, ?)",
                 {move.id, move.from, move.to, move.at}));
  if (fresh == 0) return 0;
  ASSIGN_OR_RETURN(const int64_t total, Carry(tx, parts, move));
  ASSIGN_OR_RETURN(const std::vector<Move> known, ListMoves(tx));
  std::vector<std::string> reached = {move.to};
  for (const Move& later : known) {
    if (!Earlier(move, later)) continue;
    const bool on = std::any_of(reached.begin(), reached.end(),
                                [&](const std::string& path) { return Overlap(later.from, path); });
    if (!on) continue;
    RETURN_IF_ERROR(Carry(tx, parts, later).status());
    reached.push_back(later.to);
  }
  // Last: a county has many rows, and steps write under the old path until theirs is taken.
  RETURN_IF_ERROR(
      tx.Execute("UPDATE region_move SET made_at = ? WHERE id = ?", {clock.Now(), move.id})
          .status());
  return total;
}

absl::Status ApplyAll(mysql::Tx& tx, const Parts& parts, std::vector<Move> moves,
                      const Clock& clock) {
  std::sort(moves.begin(), moves.end(), Earlier);
  for (const Move& move : moves) RETURN_IF_ERROR(Apply(tx, parts, move, clock).status());
  return absl::OkStatus();
}

Borne BorneBy(PathOf path_of) {
  return [path_of = std::move(path_of)](mysql::Tx& tx,
                                        const std::string& path) -> absl::StatusOr<bool> {
    const absl::StatusOr<std::string> today = path_of(tx, path);
    if (absl::IsInvalidArgument(today.status())) return false;
    RETURN_IF_ERROR(today.status());
    return *today == path;
  };
}

absl::Status SweepStragglers(mysql::Session& session, const Parts& parts, absl::Time now,
                             const Swept& swept, const Borne& borne) {
  ASSIGN_OR_RETURN(const std::vector<Move> moves, ListMoves(session));
  for (size_t i = 0; i < moves.size(); ++i) {
    if (now - moves[i].at > kStragglers) continue;
    // What came under the code anew is not the old region's.
    const bool anew =
        std::any_of(moves.begin() + static_cast<std::ptrdiff_t>(i) + 1, moves.end(),
                    [&](const Move& later) { return Overlap(later.to, moves[i].from); });
    if (anew) continue;
    const auto is_borne = [&](mysql::Tx& tx) -> absl::StatusOr<bool> {
      return borne ? borne(tx, moves[i].from) : false;
    };
    RETURN_IF_ERROR(mysql::Transact(session, [&](mysql::Tx& tx) -> absl::Status {
      ASSIGN_OR_RETURN(const bool back, is_borne(tx));
      if (back) return absl::OkStatus();
      ASSIGN_OR_RETURN(const int64_t rows, Carry(tx, parts, moves[i]));
      if (swept) RETURN_IF_ERROR(swept(tx, moves[i], rows));
      // What came back meanwhile may have had its rows moved.
      ASSIGN_OR_RETURN(const bool meanwhile, is_borne(tx));
      return meanwhile ? mysql::Conflict() : absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Move>> ListMoves(mysql::Executor& db) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT id, from_path, to_path, moved_at, made_at FROM region_move "
                            "ORDER BY moved_at, id"));
  std::vector<Move> out;
  for (const mysql::Row& row : rows) {
    out.push_back({row.Id(0), row.String(1), row.String(2), row.Time(3), row.Time(4)});
  }
  return out;
}

namespace {

// The regions' own paths, and after them their former ones. `always`: the former ones are for
// those who look at the regions themselves for all times.
std::vector<FormerPath> Trace(const std::vector<Move>& moves,
                              const std::vector<std::string>& regions, bool always) {
  std::vector<FormerPath> now;
  const auto find = [&](std::string path, absl::Time until, const Ulid& before) {
    FormerPath one{std::move(path), until, before};
    if (const Move* left = LastLeft(moves, one.path, until)) {
      one.since = left->at;
      one.after = left->id;
      one.written_since = left->WrittenUntil();
    }
    return one;
  };
  for (const std::string& region : regions) {
    now.push_back(find(region, absl::InfiniteFuture(), Ulid()));
  }
  // From the newest back: what was found under a code may have had another before.
  for (auto move = moves.rbegin(); move != moves.rend(); ++move) {
    std::vector<FormerPath> found;
    for (const FormerPath& at : now) {
      if (move->at > at.until || move->at < at.since || !Overlap(move->to, at.path)) continue;
      std::string path = RegionContains(move->to, at.path)
                             ? Cat(move->from, at.path.substr(move->to.size()))
                             : move->from;
      FormerPath former = find(std::move(path), move->at, move->id);
      former.written_until = move->WrittenUntil();
      const bool known = std::any_of(now.begin(), now.end(), [&](const FormerPath& other) {
        const bool whole =
            (always && other.until == absl::InfiniteFuture()) || other.since <= former.since;
        return whole && other.until >= move->at && RegionContains(other.path, former.path);
      });
      if (!known) found.push_back(std::move(former));
    }
    now.insert(now.end(), found.begin(), found.end());
  }
  return now;
}

}  // namespace

std::vector<FormerPath> FormerPaths(const std::vector<Move>& moves,
                                    const std::vector<std::string>& regions) {
  std::vector<FormerPath> out = Trace(moves, regions, /*always=*/true);
  out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(regions.size()));
  return out;
}

std::vector<FormerPath> BornePaths(const std::vector<Move>& moves,
                                   const std::vector<std::string>& regions) {
  return Trace(moves, regions, /*always=*/false);
}

absl::StatusOr<std::vector<std::string>> WithFormerPaths(mysql::Executor& db,
                                                         std::vector<std::string> regions,
                                                         const Ulid& id) {
  ASSIGN_OR_RETURN(const std::vector<Move> moves, ListMoves(db));
  for (FormerPath& former : FormerPaths(moves, regions)) {
    if (former.Had(id)) regions.push_back(std::move(former.path));
  }
  return regions;
}

absl::StatusOr<std::string> ClauseWithFormer(mysql::Executor& db,
                                             const std::vector<std::string>& regions,
                                             std::string_view column, std::string_view id_column,
                                             const Clause& clause, mysql::Params* params) {
  ASSIGN_OR_RETURN(const std::vector<Move> moves, ListMoves(db));
  std::string out = clause(regions, params);
  if (moves.empty()) return out;
  // A code that has come back is not the region that left its records under it.
  for (const Move& move : moves) {
    const std::string today = TodaysPath(moves, move.from, move.at);
    const bool ours = std::any_of(regions.begin(), regions.end(), [&](const std::string& region) {
      return Overlap(region, today);
    });
    if (ours) continue;
    out += Cat(" AND NOT (", mysql::RegionClause({move.from}, column, params), " AND ", id_column,
               " < ?)");
    params->emplace_back(move.id);
  }
  for (const FormerPath& one : FormerPaths(moves, regions)) {
    out += Cat(" OR (", clause({one.path}, params), " AND ", id_column, " > ? AND ", id_column,
               " < ?)");
    params->emplace_back(one.after);
    params->emplace_back(one.before);
  }
  return Cat("(", out, ")");
}

std::string TodaysPath(const std::vector<Move>& moves, std::string path, absl::Time since) {
  for (const Move& move : moves) {
    if (move.at >= since && move.Moves(path)) path = move.NewPath(path);
  }
  return path;
}

}  // namespace bangfu::recode
