// What the ledger of every unit holds, what it hashes to and who signed it: ledger_unit, kept with
// the entries, so that nothing that asks about signatures reads entries.
//
// The hash is a tree. A place's own entries hash to SHA-256 over their row hashes (32 bytes each,
// by id); a unit with others inside hashes to SHA-256 over the text
//   ledger-unit/1 LF, its own entries' hash in hex (or nothing) LF,
//   and for each unit inside that has entries, by code: code SPACE hash in hex LF
// where a city's units are its counties, a county's its townships, a township's its villages. So a
// changed entry costs its village's entries and one text at each level above, and a signature of
// any level still binds every row: two ledgers of one hash are a collision of SHA-256. A sum of row
// hashes (AdHash) would cost less yet at a change, but to be as strong it needs a modulus of
// thousands of bits (generalised birthdays find collisions of a 256-bit one), and nobody could
// verify it with sha256sum.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/mysql/session.h"
#include "common/workflow/workflow.h"

namespace bangfu::evaluation {

struct LedgerUnit {
  std::string unit;
  int64_t own_rows = 0;
  std::string own_sha256;  // 32 bytes; empty: no rows
  int64_t rows = 0;        // with those of the units inside
  std::string sha256;      // 32 bytes; empty: no rows
  std::string signed_sha256;
  std::string signed_by;
  std::string signed_delegated_by;  // on whose behalf; empty: in their own right
  int64_t units = 0;                // county and below: units with rows, itself included
  int64_t units_unsigned = 0;
  bool is_unsigned() const { return rows > 0 && unit.size() >= 6 && signed_sha256 != sha256; }
  friend bool operator==(const LedgerUnit&, const LedgerUnit&) = default;
};

// Levels above: 12 -> 9 -> 6 -> 4 -> 2 -> none (0).
size_t DigitsAbove(size_t digits);
// The hash of a unit out of its own rows' and those of the units right inside that have rows, by
// code, each of 32 bytes. Empty when there is nothing.
std::string UnitSha256(std::string_view own_sha256,
                       const std::vector<std::pair<std::string, std::string>>& inside);

// Brings the units of these paths, and those that they lie in, up to their open entries and
// signatures; their claims are held (ClaimUnits). Returns every county, township and village that a
// path names or lies in. A few statements, however many paths.
absl::StatusOr<std::map<std::string, LedgerUnit>> RefreshUnits(mysql::Tx& tx,
                                                               const std::set<std::string>& paths);
// The newest signature of a unit, over rows of that hash (64 digits). RefreshUnits follows.
absl::Status SetUnitSigned(mysql::Tx& tx, const std::string& unit, const std::string& sha256,
                           const workflow::Person& signed_by);

// Whether the villages and townships of cities and counties are asked for.
enum class UnitDepth {
  kCounties,  // of a city or the province only counties; all of a county or below
  kVillages,  // all
};
// Units with rows inside `region` (itself included), by path. Cities and the province are added up
// out of counties.
absl::StatusOr<std::map<std::string, LedgerUnit>> LoadUnits(mysql::Executor& db,
                                                            const std::string& region,
                                                            UnitDepth depth);
// Who signed last for each unit with rows inside `regions`, those left out, by unit.
absl::StatusOr<std::map<std::string, workflow::Person>> SignersInside(
    mysql::Executor& db, const std::vector<std::string>& regions);
// Unsigned counties, townships and villages inside `region`: the first `limit` of each level, by
// path.
absl::StatusOr<std::vector<std::string>> UnsignedInside(mysql::Executor& db,
                                                        const std::string& region, int limit);

struct LedgerCounts {
  int64_t ledgers = 0;  // units that have something to sign
  int64_t unsigned_ones = 0;
};
// Of units of `digits` (6 or more) digits inside `region`, by their path; what lies higher stands
// under its own.
absl::StatusOr<std::map<std::string, LedgerCounts>> CountLedgers(mysql::Executor& db,
                                                                 const std::string& region,
                                                                 int digits);

// A unit that is kept otherwise than its entries and the units inside make it.
struct UnitDifference {
  LedgerUnit kept;
  LedgerUnit counted;
};
struct UnitRecount {
  int64_t units = 0;
  std::vector<UnitDifference> differences;
};
// All entries of the county of `region` (or of the city or the province), at one moment.
absl::StatusOr<UnitRecount> RecountUnits(mysql::Executor& db, const std::string& region);

}  // namespace bangfu::evaluation
