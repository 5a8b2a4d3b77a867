#include "services/evaluation/api/ledger_units.h"

#include <algorithm>

#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::evaluation {

absl::StatusOr<RegionRow> ResolveRegion(const rpc::CallContext& context,
                                        const std::string& region_code) {
  absl::StatusOr<std::string> code = NormalizeRegionCode(region_code);
  if (!code.ok()) return InvalidField("region_code", "区划代码无效").Build();
  ASSIGN_OR_RETURN(std::optional<RegionRow> row, GetRegion(context.db, *code));
  if (!row) return NotFound("region", *code);
  if (row->region_path.empty()) row->region_path = row->code;
  if (!auth::InScope(context.scope, row->region_path)) return NotFound("region", *code);
  return *row;
}

int ChildDigits(const std::string& region) {
  switch (region.size()) {
    case 2:
      return 4;
    case 4:
      return 6;
    case 6:
      return 9;
    default:
      return 12;
  }
}

std::string_view LevelZh(const std::string& region) {
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

absl::Status RegionNames::Load(mysql::Executor& db, std::vector<std::string> codes) {
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  std::erase_if(codes, [this](const std::string& code) { return names_.contains(code); });
  if (codes.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<RegionRow> rows, GetRegions(db, codes));
  for (RegionRow& row : rows) names_[row.code] = std::move(row.name);
  return absl::OkStatus();
}

std::string RegionNames::Of(const std::string& code) const {
  auto it = names_.find(code);
  return it == names_.end() ? code : it->second;
}

std::string RegionNames::PlaceOf(const std::string& path) const {
  std::string out;
  for (size_t digits : {6, 9, 12}) {
    if (path.size() >= digits) out += Of(path.substr(0, digits));
  }
  return out.empty() ? Of(path) : out;
}

absl::StatusOr<std::string> DraftNote(mysql::Executor& db,
                                      const std::vector<std::string>& missing) {
  if (missing.empty()) return std::string();
  constexpr size_t kNamed = 10;
  // The highest levels first: they are the fewest and say the most.
  std::vector<std::string> ordered = missing;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
  if (ordered.size() > kNamed) ordered.resize(kNamed);
  RegionNames names;
  RETURN_IF_ERROR(names.Load(db, ordered));
  std::string out = "未定稿：";
  for (size_t i = 0; i < ordered.size(); ++i) {
    if (i > 0) out += "、";
    out += Cat(names.Of(ordered[i]), "（", LevelZh(ordered[i]), "）");
  }
  if (missing.size() > kNamed) out += Cat("等", missing.size(), "个单位");
  return out + "尚未签字";
}

}  // namespace bangfu::evaluation
