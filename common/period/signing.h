// Who signs what, from the village to the county: the hashes of units and the rule of signatures,
// for a live ledger and for a frozen table alike. A unit is a village, township or county with rows
// of its own or below it; it signs the hash of them, after every unit inside it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/options/v1/access.pb.h"
#include "common/base/digest.h"
#include "common/mysql/session.h"
#include "common/workflow/workflow.h"

namespace bangfu::period {

struct UnitHash {
  int64_t rows = 0;
  std::string sha256;  // 64 digits
};

// Hashes of every unit inside `region`, by its path, the region itself included, out of the row
// hashes in the order of their region paths.
class UnitHasher {
 public:
  explicit UnitHasher(std::string_view region);
  void Add(std::string_view region_path, std::string_view row_hash);
  std::map<std::string, UnitHash> Finish();

 private:
  struct Level {
    size_t digits = 0;
    std::string unit;
    UnitHash hash;
    std::unique_ptr<Sha256Stream> stream;
  };
  void Close(Level& level);

  const size_t region_digits_;
  std::array<Level, 5> levels_;
  std::map<std::string, UnitHash> units_;
};

struct UnitState {
  int64_t rows = 0;
  std::string sha256;         // of its rows as they are
  std::string signed_sha256;  // what was signed last; empty: nothing
  workflow::Person signed_by;
};

// Why a unit cannot sign.
enum class SignRefusal {
  kNone,
  kEmpty,          // it has no rows
  kChanged,        // the rows are others than those shown
  kAlready,        // the rows are signed
  kLowerUnsigned,  // a unit inside it has not signed
  kSamePerson,     // the person has signed a unit inside it
};

class SignBoard {
 public:
  SignBoard() = default;
  explicit SignBoard(std::map<std::string, UnitState> units) : units_(std::move(units)) {}

  const std::map<std::string, UnitState>& units() const { return units_; }
  // nullptr: the unit has no rows, so nobody has to sign.
  const UnitState* Find(std::string_view unit) const;
  // The last signature covers the present rows.
  bool Stands(std::string_view unit) const;
  // Counties, townships and villages inside `unit` (and itself, when it signs and `with_self`) that
  // have not signed the present rows, by path.
  std::vector<std::string> Unsigned(std::string_view unit, bool with_self) const;
  // Nothing is missing: counties and below by their own signature, above by their counties'.
  bool Complete(std::string_view unit) const;
  SignRefusal Judge(std::string_view unit, std::string_view shown_sha256,
                    const workflow::Person& person) const;

 private:
  std::map<std::string, UnitState> units_;
};

// Who signs for a unit of a county.
options::v1::Role SignerOf(std::string_view unit);
// 县级, 乡级 …
std::string_view LevelZh(std::string_view region);

// Names of regions by code; a code that is not known may be left out.
using NamesLookup = std::function<absl::StatusOr<std::map<std::string, std::string>>(
    mysql::Executor&, const std::vector<std::string>& codes)>;

// 未定稿 with who of `count` units has not signed, of which the highest are among the named; empty
// when all have.
absl::StatusOr<std::string> DraftNote(mysql::Executor& db, std::vector<std::string> named,
                                      size_t count, const NamesLookup& names);
inline absl::StatusOr<std::string> DraftNote(mysql::Executor& db, std::vector<std::string> missing,
                                             const NamesLookup& names) {
  const size_t count = missing.size();
  return DraftNote(db, std::move(missing), count, names);
}

// FAILED_PRECONDITION LOWER_LEVEL_UNSIGNED naming who is missing.
absl::Status LowerLevelUnsigned(const std::vector<std::string>& missing, std::string_view note);

}  // namespace bangfu::period
