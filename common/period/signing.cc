#include "common/period/signing.h"

#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::period {

namespace {

constexpr std::array<size_t, 5> kDigits = {2, 4, 6, 9, 12};
constexpr size_t kCountyDigits = 6;
constexpr size_t kMaxNamed = 200;

}  // namespace

UnitHasher::UnitHasher(std::string_view region) : region_digits_(region.size()) {
  for (size_t i = 0; i < levels_.size(); ++i) levels_[i].digits = kDigits[i];
}

void UnitHasher::Close(Level& level) {
  if (!level.stream) return;
  level.hash.sha256 = HexEncode(level.stream->Finish());
  units_[level.unit] = std::move(level.hash);
  level.hash = UnitHash();
  level.stream.reset();
}

void UnitHasher::Add(std::string_view region_path, std::string_view row_hash) {
  // Rows of a unit stand together in this order, so one open hash a level is enough.
  for (Level& level : levels_) {
    if (level.digits < region_digits_) continue;
    if (region_path.size() < level.digits) {
      Close(level);
      continue;
    }
    const std::string_view unit = region_path.substr(0, level.digits);
    if (!level.stream || level.unit != unit) {
      Close(level);
      level.unit = unit;
      level.stream = std::make_unique<Sha256Stream>();
    }
    level.stream->Update(row_hash);
    ++level.hash.rows;
  }
}

std::map<std::string, UnitHash> UnitHasher::Finish() {
  for (Level& level : levels_) Close(level);
  return std::move(units_);
}

const UnitState* SignBoard::Find(std::string_view unit) const {
  auto it = units_.find(std::string(unit));
  return it == units_.end() ? nullptr : &it->second;
}

bool SignBoard::Stands(std::string_view unit) const {
  const UnitState* state = Find(unit);
  return state != nullptr && !state->signed_sha256.empty() && state->signed_sha256 == state->sha256;
}

std::vector<std::string> SignBoard::Unsigned(std::string_view unit, bool with_self) const {
  std::vector<std::string> out;
  // Units are sorted by path: those inside `unit` follow it.
  for (auto it = units_.lower_bound(std::string(unit));
       it != units_.end() && it->first.starts_with(unit); ++it) {
    const std::string& path = it->first;
    if (path.size() < kCountyDigits || (path == unit && !with_self)) continue;
    if (!Stands(path)) out.push_back(path);
  }
  return out;
}

bool SignBoard::Complete(std::string_view unit) const {
  if (unit.size() >= kCountyDigits) return Find(unit) == nullptr || Stands(unit);
  for (auto it = units_.lower_bound(std::string(unit));
       it != units_.end() && it->first.starts_with(unit); ++it) {
    if (it->first.size() == kCountyDigits && !Stands(it->first)) return false;
  }
  return true;
}

SignRefusal SignBoard::Judge(std::string_view unit, std::string_view shown_sha256,
                             const workflow::Person& person) const {
  const UnitState* state = Find(unit);
  if (state == nullptr) return SignRefusal::kEmpty;
  if (state->sha256 != shown_sha256) return SignRefusal::kChanged;
  if (Stands(unit)) return SignRefusal::kAlready;
  if (!Unsigned(unit, false).empty()) return SignRefusal::kLowerUnsigned;
  for (auto it = units_.upper_bound(std::string(unit));
       it != units_.end() && it->first.starts_with(unit); ++it) {
    if (workflow::OnePerson(it->second.signed_by, person)) return SignRefusal::kSamePerson;
  }
  return SignRefusal::kNone;
}

options::v1::Role SignerOf(std::string_view unit) {
  return unit.size() <= 6   ? options::v1::ROLE_COUNTY_APPROVER
         : unit.size() == 9 ? options::v1::ROLE_TOWNSHIP_APPROVER
                            : options::v1::ROLE_VILLAGE_REPORTER;
}

std::string_view LevelZh(std::string_view region) {
  switch (region.size()) {
    case 2:
      return "省级";
    case 4:
      return "市级";
    case 6:
      return "县级";
    case 9:
      return "乡级";
    default:
      return "村级";
  }
}

absl::StatusOr<std::string> DraftNote(mysql::Executor& db, std::vector<std::string> missing,
                                      size_t count, const NamesLookup& lookup) {
  if (missing.empty()) return std::string();
  constexpr size_t kNamed = 10;
  // The highest levels first: they are the fewest and say the most.
  std::stable_sort(missing.begin(), missing.end(),
                   [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
  if (missing.size() > kNamed) missing.resize(kNamed);
  ASSIGN_OR_RETURN(auto names, lookup(db, missing));
  std::string out = "未定稿：";
  for (size_t i = 0; i < missing.size(); ++i) {
    if (i > 0) out += "、";
    auto name = names.find(missing[i]);
    out += Cat(name == names.end() ? missing[i] : name->second, "（", LevelZh(missing[i]), "）");
  }
  if (count > kNamed) out += Cat("等", count, "个单位");
  return out + "尚未签字";
}

absl::Status LowerLevelUnsigned(const std::vector<std::string>& missing, std::string_view note) {
  std::string codes;
  for (size_t i = 0; i < missing.size() && i < kMaxNamed; ++i) {
    codes += Cat(i > 0 ? "," : "", missing[i]);
  }
  return FailedPrecondition("LOWER_LEVEL_UNSIGNED", note)
      .With("regions", codes)
      .With("count", Cat(missing.size()));
}

}  // namespace bangfu::period
