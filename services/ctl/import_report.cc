#include "services/ctl/import_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "absl/strings/match.h"
#include "bangfu/options/v1/labels.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/table/csv.h"
#include "common/table/xlsx_writer.h"
#include "nlohmann/json.hpp"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace intake::v1;  // the contract of this file's reports

constexpr int kPage = 1000;  // as many rows as the service gives at once
constexpr auto kForAPerson =
    std::to_array({ROW_OUTCOME_REFUSED, ROW_OUTCOME_HELD, ROW_OUTCOME_WARNED, ROW_OUTCOME_UPDATED,
                   ROW_OUTCOME_UNCHANGED});

// What is said of every file like it, whatever its rows hold: nothing to correct in the record.
constexpr auto kOnlyTold = std::to_array<std::string_view>({
    "FOLDED",             // merged into another row, which says what is to be said
    "MONEY_NOT_UPDATED",  // stands on each asset that a file changed
    // Of the table: with its columns named otherwise it is another file.
    "COLUMN_IGNORED",
    "COLUMN_REPEATED",
    "COLUMN_PERSONAL",
});

std::string OutcomeText(RowOutcome outcome) {
  const auto* value = RowOutcome_descriptor()->FindValueByNumber(outcome);
  return value == nullptr ? Cat(static_cast<int>(outcome))
                          : value->options().GetExtension(options::v1::value_label).zh();
}

int64_t CountOf(const Import& import, RowOutcome outcome) {
  switch (outcome) {
    case ROW_OUTCOME_REFUSED:
      return import.rows_refused();
    case ROW_OUTCOME_HELD:
      return import.rows_held();
    case ROW_OUTCOME_WARNED:
      return import.rows_warned();
    case ROW_OUTCOME_UPDATED:
      return import.rows_updated();
    case ROW_OUTCOME_UNCHANGED:
      return import.rows_unchanged();
    default:
      return import.rows_total();
  }
}

// Rows of this outcome (unspecified: all) in the order of the file.
template <typename F>
absl::Status EachRow(Context& context, const std::string& service, const Import& import,
                     RowOutcome outcome, F each, int page_size = kPage) {
  if (CountOf(import, outcome) == 0) return absl::OkStatus();
  ListImportRowsRequest request;
  request.set_id(import.id());
  request.set_outcome(outcome);
  request.set_page_size(page_size);
  return context.EachPage<ListImportRowsResponse>(
      service, "bangfu.intake.v1.ImportService.ListImportRows", request,
      [&](const ListImportRowsResponse& page) -> absl::Status {
        for (const ImportRow& row : page.rows()) RETURN_IF_ERROR(each(row));
        return absl::OkStatus();
      });
}

table::TableSpec ReportTable() {
  using table::ColumnKind;
  table::TableSpec spec;
  spec.title_zh = "导入结果";
  spec.columns = {{.key = "row_no", .header_zh = "行号", .kind = ColumnKind::kInt},
                  {.key = "key", .header_zh = "记录"},
                  {.key = "outcome", .header_zh = "结果"},
                  {.key = "field", .header_zh = "字段"},
                  {.key = "reason", .header_zh = "原因代码"},
                  {.key = "raw_text", .header_zh = "原文"},
                  {.key = "understood", .header_zh = "理解为"},
                  {.key = "proposal", .header_zh = "说明与建议"},
                  {.key = "record_id", .header_zh = "记录编号", .kind = ColumnKind::kCode}};
  return spec;
}

void PrintIssues(const ImportRow& row) {
  for (const RowIssue& issue : row.issues()) {
    std::printf("  第 %lld 行 [%s] %s：%s%s%s\n", static_cast<long long>(row.row_no()),
                OutcomeText(row.outcome()).c_str(), issue.field().c_str(),
                issue.proposal_zh().c_str(), issue.raw_text().empty() ? "" : "，原文：",
                issue.raw_text().c_str());
  }
}

}  // namespace

bool WantsAPerson(const ImportRow& row) {
  switch (row.outcome()) {
    case ROW_OUTCOME_REFUSED:
    case ROW_OUTCOME_HELD:
    case ROW_OUTCOME_WARNED:
      return true;
    case ROW_OUTCOME_UPDATED:
    case ROW_OUTCOME_UNCHANGED:
      return std::any_of(row.issues().begin(), row.issues().end(), [](const RowIssue& issue) {
        return std::find(kOnlyTold.begin(), kOnlyTold.end(), issue.reason()) == kOnlyTold.end();
      });
    default:
      return false;
  }
}

absl::Status PrintImportReport(Context& context, const std::string& service, const Import& import,
                               int max_rows) {
  TextTable summary({"结果", "行数"}, {1});
  summary.Row({"新增", Cat(import.rows_created())});
  summary.Row({"更新", Cat(import.rows_updated())});
  summary.Row({"无变化", Cat(import.rows_unchanged())});
  summary.Row({"有提示", Cat(import.rows_warned())});
  summary.Row({"待补正", Cat(import.rows_held())});
  summary.Row({"拒绝", Cat(import.rows_refused())});
  summary.Row({"合计", Cat(import.rows_total())});
  std::printf("导入 %s（%s）\n%s", import.file_name().c_str(), import.id().c_str(),
              summary.Render().c_str());
  if (max_rows <= 0) return absl::OkStatus();
  for (const RowOutcome outcome : kForAPerson) {
    // Of these, most have nothing to say: the rows are looked through.
    const bool looked_through = outcome == ROW_OUTCOME_UPDATED || outcome == ROW_OUTCOME_UNCHANGED;
    int listed = 0;
    const absl::Status printed = EachRow(
        context, service, import, outcome,
        [&](const ImportRow& row) -> absl::Status {
          if (!WantsAPerson(row)) return absl::OkStatus();
          if (++listed > max_rows) return absl::CancelledError();
          PrintIssues(row);
          return absl::OkStatus();
        },
        looked_through || max_rows >= kPage ? kPage : max_rows + 1);
    if (listed <= max_rows) {
      RETURN_IF_ERROR(printed);
    } else if (looked_through) {
      // How many of these want a person is not counted.
      std::printf("  [%s] 还有更多行，只列出 %d 行\n", OutcomeText(outcome).c_str(), max_rows);
    } else {
      std::printf("  [%s] 共 %lld 行，只列出 %d 行\n", OutcomeText(outcome).c_str(),
                  static_cast<long long>(CountOf(import, outcome)), max_rows);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<nlohmann::ordered_json> ImportReportJson(Context& context,
                                                        const std::string& service,
                                                        const Import& import) {
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(ToJson(import));
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const RowOutcome outcome : kForAPerson) {
    RETURN_IF_ERROR(
        EachRow(context, service, import, outcome, [&](const ImportRow& row) -> absl::Status {
          if (WantsAPerson(row)) rows.push_back(nlohmann::ordered_json::parse(ToJson(row)));
          return absl::OkStatus();
        }));
  }
  json["rows"] = std::move(rows);
  return json;
}

absl::StatusOr<int64_t> SaveImportReport(Context& context, const std::string& service,
                                         const Import& import, const std::string& file) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!out) {
    return Error(absl::StatusCode::kFailedPrecondition, "FILE_NOT_WRITABLE")
        .Zh(Cat("无法写入 ", file));
  }
  const table::ByteSink sink = [&](std::string_view bytes) -> absl::Status {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return absl::OkStatus();
  };
  std::unique_ptr<table::TableWriter> writer;
  if (absl::EndsWithIgnoreCase(file, ".xlsx")) {
    writer = std::make_unique<table::XlsxWriter>(table::XlsxWriter::Options{}, sink);
  } else {
    writer = std::make_unique<table::CsvWriter>(table::CsvWriter::Options{}, sink);
  }
  RETURN_IF_ERROR(writer->Begin(ReportTable(), {}));
  RETURN_IF_ERROR(EachRow(
      context, service, import, ROW_OUTCOME_UNSPECIFIED, [&](const ImportRow& row) -> absl::Status {
        const auto line = [&](const RowIssue& issue) {
          return writer->WriteRow({row.row_no(), row.key(), OutcomeText(row.outcome()),
                                   issue.field(), issue.reason(), issue.raw_text(),
                                   issue.understood(), issue.proposal_zh(), row.record_id()});
        };
        if (row.issues().empty()) return line(RowIssue());
        for (const RowIssue& issue : row.issues()) RETURN_IF_ERROR(line(issue));
        return absl::OkStatus();
      }));
  ASSIGN_OR_RETURN(const table::TableSummary summary, writer->Finish());
  out.close();
  if (!out) {
    return Error(absl::StatusCode::kDataLoss, "FILE_NOT_WRITTEN").Zh(Cat("写入失败 ", file));
  }
  return summary.row_count;
}

}  // namespace bangfu::ctl
