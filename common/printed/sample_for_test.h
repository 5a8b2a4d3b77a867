// The sample files of deploy/sample, read for tests.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/printed/region_matcher.h"
#include "common/table/csv.h"

namespace bangfu::printed {

inline std::vector<std::vector<std::string>> SampleTable(const std::string& name) {
  std::ifstream file(std::string(BANGFU_SAMPLE_DIR) + "/" + name, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  std::vector<std::vector<std::string>> rows;
  const absl::Status status = table::ReadCsv(bytes.str(), {}, [&](const table::InputRow& row) {
    std::vector<std::string> cells;
    for (const table::InputCell& cell : row.cells) cells.push_back(cell.text);
    rows.push_back(std::move(cells));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GT(rows.size(), 1U) << name;
  return rows;
}

inline RegionLevel LevelNamed(std::string_view name) {
  if (name == "PROVINCE" || name == "province") return RegionLevel::kProvince;
  if (name == "CITY" || name == "city") return RegionLevel::kCity;
  if (name == "COUNTY" || name == "county") return RegionLevel::kCounty;
  if (name == "TOWNSHIP" || name == "township") return RegionLevel::kTownship;
  return RegionLevel::kVillage;
}

inline std::vector<RegionRow> SampleRegions() {
  std::vector<RegionRow> out;
  for (auto& r : SampleTable("regions-36.csv")) {
    if (r[0] == "code") continue;
    out.push_back({r[0], r[1], LevelNamed(r[2]), r[3]});
  }
  return out;
}

inline std::vector<RegionHistoryRow> SampleHistory() {
  std::vector<RegionHistoryRow> out;
  for (auto& r : SampleTable("region-history-36.csv")) {
    if (r[0] == "code") continue;
    RegionHistoryRow row;
    row.code = NormalizeRegionCode(r[0]).value_or(r[0]);
    row.name = r[1];
    row.level = LevelNamed(r[2]);
    row.city = r[4];
    if (!ParseInt(r[5], &row.start_year)) row.start_year = 0;
    if (!ParseInt(r[6], &row.end_year)) row.end_year = 0;
    row.successors = ParseSuccessors(r[7]);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace bangfu::printed
