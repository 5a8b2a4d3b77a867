#include "services/evaluation/api/ledger_units.h"

#include <algorithm>
#include <utility>

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

absl::StatusOr<std::map<std::string, std::string>> RegionNamesOf(
    mysql::Executor& db, const std::vector<std::string>& codes) {
  std::map<std::string, std::string> names;
  if (codes.empty()) return names;
  ASSIGN_OR_RETURN(std::vector<RegionRow> rows, GetRegions(db, codes));
  for (RegionRow& row : rows) names[row.code] = std::move(row.name);
  return names;
}

absl::StatusOr<std::string> DraftNote(mysql::Executor& db,
                                      const std::vector<std::string>& missing) {
  return period::DraftNote(db, missing, RegionNamesOf);
}

absl::StatusOr<std::string> DraftNote(mysql::Executor& db, std::vector<std::string> named,
                                      int64_t count) {
  return period::DraftNote(db, std::move(named), static_cast<size_t>(count), RegionNamesOf);
}

}  // namespace bangfu::evaluation
