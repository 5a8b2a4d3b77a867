// What the import commands do, for the walkthrough as well.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/strings.h"
#include "services/ctl/context.h"
#include "services/ctl/import_rows.h"

namespace bangfu::ctl {

struct RegionTotals {
  int64_t created = 0, updated = 0, unchanged = 0;
};
// A row that cannot be read or is refused does not keep the others out.
struct ReportTotals {
  int64_t created = 0, updated = 0, unchanged = 0, refused = 0;
  std::vector<RefusedRow> problems;  // a line for each fault of a refused row, by row
  nlohmann::ordered_json Json() const;
  std::string Text() const {
    return Cat("运营月报：新增 ", created, "，更新 ", updated, "，无变化 ", unchanged, "，拒绝 ",
               refused);
  }
};
struct ScoreTotals {
  int64_t accepted = 0, complete = 0, refused = 0;
  std::vector<RefusedRow> problems;
  nlohmann::ordered_json Json() const;
  std::string Text() const {
    return Cat("专家评分：收下 ", accepted, "，已满三人的对象 ", complete, "，拒绝 ", refused);
  }
};

// Columns code, name, level, parent_code; the history's code, name, level, start_year, end_year,
// successor_codes ("360111[2004];360113[2019]"). A row that cannot be read ends it, with its
// number: regions with gaps are worse than none.
absl::StatusOr<RegionTotals> ImportRegionFiles(Context& context, const std::string& current_file,
                                               const std::string& history_file, bool quiet);
absl::StatusOr<ReportTotals> ImportReportFile(Context& context, const std::string& file,
                                              const std::string& region_code, bool quiet);
absl::StatusOr<ScoreTotals> ImportScoreFile(Context& context, const std::string& file,
                                            const std::string& region_code, bool quiet);
// A line each, at most max_rows, and how many there are when those are fewer.
void PrintRefused(const std::vector<RefusedRow>& problems, int max_rows);

}  // namespace bangfu::ctl
