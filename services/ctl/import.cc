// bangfuctl import regions | projects | assets | reports | scores
#include "services/ctl/import.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/str_split.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/money.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/import_report.h"
#include "services/ctl/subjects.h"
#include "services/ctl/terminal.h"
#include "services/ctl/upload.h"

namespace bangfu::ctl {
namespace {

using registry::v1::ImportRegionsRequest;
using registry::v1::ImportRegionsResponse;

constexpr int kRegionBatch = 1000;
constexpr size_t kRowBatch = 500;  // as many as the contract takes at once

// An error that names the row of the file.
absl::Status AtRow(const std::string& file, int64_t row_no, const absl::Status& status) {
  if (status.ok()) return status;
  return Error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID")
      .Zh(Cat(file, " ", RefusalOf(row_no, status)[0].Text()));
}

absl::StatusOr<registry::v1::RegionLevel> LevelOf(std::string_view word) {
  if (word == "PROVINCE" || word == "province") return registry::v1::REGION_LEVEL_PROVINCE;
  if (word == "CITY" || word == "city") return registry::v1::REGION_LEVEL_CITY;
  if (word == "COUNTY" || word == "county") return registry::v1::REGION_LEVEL_COUNTY;
  if (word == "TOWNSHIP" || word == "township") return registry::v1::REGION_LEVEL_TOWNSHIP;
  if (word == "VILLAGE" || word == "village") return registry::v1::REGION_LEVEL_VILLAGE;
  return InvalidField("level", Cat("“", word, "”不是区划级别"));
}

// What the two files of regions have in common.
absl::StatusOr<registry::v1::Region> RegionOf(const NamedRow& row) {
  registry::v1::Region region;
  absl::StatusOr<std::string> code = NormalizeRegionCode(row.at("code"));
  if (!code.ok()) return InvalidField("code", Cat("“", row.at("code"), "”不是区划代码"));
  region.set_code(*code);
  region.set_name(row.at("name"));
  ASSIGN_OR_RETURN(const auto level, LevelOf(row.at("level")));
  region.set_level(level);
  return region;
}

absl::StatusOr<registry::v1::Region> HistoryOf(const NamedRow& row) {
  ASSIGN_OR_RETURN(registry::v1::Region region, RegionOf(row));
  region.set_parent_code(RegionParent(region.code()));
  ASSIGN_OR_RETURN(const int32_t start, YearOfCell(row.at("start_year")));
  ASSIGN_OR_RETURN(const int32_t end, YearOfCell(row.at("end_year")));
  region.set_start_year(start);
  region.set_end_year(end);
  // "360111[2004];360113[2019]"
  for (std::string_view item : std::vector<std::string>(
           absl::StrSplit(row.at("successor_codes"), ';', absl::SkipEmpty()))) {
    auto* successor = region.add_successors();
    size_t bracket = item.find('[');
    successor->set_code(std::string(item.substr(0, bracket)));
    if (bracket != std::string_view::npos) {
      ASSIGN_OR_RETURN(const int32_t year, YearOfCell(item.substr(bracket + 1, 4)));
      successor->set_year(year);
    }
  }
  return region;
}

// Rows of a file on their way to an rpc that takes many of them at once. A batch that the service
// refuses for some of its rows goes again without those.
template <typename Request, typename Message>
class RowBatch {
 public:
  // With the rows' numbers in the file.
  using Rows = std::vector<std::pair<int64_t, Message>>;
  using Send = std::function<absl::Status(Request&, const Rows&)>;
  using Refuse = std::function<void(int64_t row_no, const absl::Status&)>;

  // `list`: the field of the request that holds the rows.
  RowBatch(const char* list, Send send, Refuse refuse)
      : list_(list), send_(std::move(send)), refuse_(std::move(refuse)) {}

  absl::Status Add(int64_t row_no, Message message) {
    rows_.emplace_back(row_no, std::move(message));
    return rows_.size() >= kRowBatch ? Flush() : absl::OkStatus();
  }
  absl::Status Flush() {
    while (!rows_.empty()) {
      Request request;
      request.set_request_id(Context::NewRequestId());
      for (const auto& [row_no, message] : rows_) {
        request.GetReflection()
            ->AddMessage(&request, Request::descriptor()->FindFieldByName(list_))
            ->CopyFrom(message);
      }
      const absl::Status sent = send_(request, rows_);
      if (sent.ok()) break;
      const std::map<int, absl::Status> faults =
          FaultsOfBatch(sent, list_, *Message::descriptor(), static_cast<int>(rows_.size()));
      if (faults.empty()) return sent;
      Rows left;
      for (size_t i = 0; i < rows_.size(); ++i) {
        const auto fault = faults.find(static_cast<int>(i));
        if (fault == faults.end()) {
          left.push_back(std::move(rows_[i]));
        } else {
          refuse_(rows_[i].first, fault->second);
        }
      }
      rows_ = std::move(left);
    }
    rows_.clear();
    return absl::OkStatus();
  }

 private:
  const char* list_;
  Send send_;
  Refuse refuse_;
  Rows rows_;
};

// What stands in the column of codes of a table with these columns.
absl::StatusOr<std::set<std::string>> CodesOf(const std::string& file,
                                              const std::vector<std::string>& required,
                                              const std::string& column) {
  std::set<std::string> codes;
  RETURN_IF_ERROR(ReadCsv(file, required, [&](int64_t, const NamedRow& row) {
    codes.insert(row.at(column));
    return absl::OkStatus();
  }));
  return codes;
}

// Counts a row as refused and keeps why.
template <typename Totals>
auto RefuseInto(Totals& totals) {
  return [&totals](int64_t row_no, const absl::Status& status) {
    ++totals.refused;
    for (RefusedRow& line : RefusalOf(row_no, status)) totals.problems.push_back(std::move(line));
  };
}

// Rows that the service refused come after those that could not be read.
void SortByRow(std::vector<RefusedRow>& problems) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const RefusedRow& a, const RefusedRow& b) { return a.row_no < b.row_no; });
}

nlohmann::ordered_json JsonOf(const std::vector<RefusedRow>& problems) {
  auto out = nlohmann::ordered_json::array();
  for (const RefusedRow& problem : problems) {
    out.push_back(
        {{"row", problem.row_no}, {"column", problem.column}, {"reason", problem.reason}});
  }
  return out;
}

}  // namespace

absl::StatusOr<RegionTotals> ImportRegionFiles(Context& context, const std::string& current_file,
                                               const std::string& history_file, bool quiet) {
  std::vector<registry::v1::Region> regions;
  std::map<std::string, size_t> by_code;
  const auto current = [&](const NamedRow& row) -> absl::Status {
    ASSIGN_OR_RETURN(registry::v1::Region region, RegionOf(row));
    region.set_parent_code(row.at("parent_code"));
    by_code[region.code()] = regions.size();
    regions.push_back(std::move(region));
    return absl::OkStatus();
  };
  const auto history = [&](const NamedRow& row) -> absl::Status {
    ASSIGN_OR_RETURN(registry::v1::Region region, HistoryOf(row));
    auto known = by_code.find(region.code());
    if (known != by_code.end() && region.end_year() == 0) {
      // A code in use: the history adds its years and its offspring.
      auto& in_use = regions[known->second];
      in_use.set_start_year(region.start_year());
      *in_use.mutable_successors() = region.successors();
    } else {
      regions.push_back(std::move(region));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ReadCsv(current_file, {"code", "name", "level", "parent_code"},
                          [&](int64_t row_no, const NamedRow& row) {
                            return AtRow(current_file, row_no, current(row));
                          }));
  if (!history_file.empty()) {
    RETURN_IF_ERROR(ReadCsv(history_file,
                            {"code", "name", "level", "start_year", "end_year", "successor_codes"},
                            [&](int64_t row_no, const NamedRow& row) {
                              return AtRow(history_file, row_no, history(row));
                            }));
  }
  RegionTotals totals;
  ProgressLine progress("导入行政区划");
  for (size_t i = 0; i < regions.size(); i += kRegionBatch) {
    ImportRegionsRequest request;
    request.set_request_id(Context::NewRequestId());
    for (size_t k = i; k < regions.size() && k < i + kRegionBatch; ++k)
      *request.add_regions() = regions[k];
    ASSIGN_OR_RETURN(auto response, context.Call<ImportRegionsResponse>(
                                        "bangfu.registry.v1.RegionService.ImportRegions", request));
    totals.created += response.created();
    totals.updated += response.updated();
    totals.unchanged += response.unchanged();
    if (!quiet)
      progress.Update(static_cast<int64_t>(std::min(i + kRegionBatch, regions.size())),
                      static_cast<int64_t>(regions.size()));
  }
  return totals;
}

absl::StatusOr<ReportTotals> ImportReportFile(Context& context, const std::string& file,
                                              const std::string& region_code, bool quiet) {
  using registry::v1::BatchSubmitOperationReportsRequest;
  ASSIGN_OR_RETURN(const auto codes, CodesOf(file, {"项目编码", "月份"}, "项目编码"));
  ASSIGN_OR_RETURN(const SubjectMap subjects, FindSubjects(context, region_code, codes, false));
  ReportTotals totals;
  const auto refuse = RefuseInto(totals);
  ProgressLine progress("导入运营月报");
  using Batch = RowBatch<BatchSubmitOperationReportsRequest, registry::v1::OperationReport>;
  Batch batch(
      "reports",
      [&](BatchSubmitOperationReportsRequest& request, const Batch::Rows& rows) -> absl::Status {
        request.set_overwrite(true);
        ASSIGN_OR_RETURN(const auto response,
                         context.Call<registry::v1::BatchSubmitOperationReportsResponse>(
                             "bangfu.registry.v1.OperationReportService."
                             "BatchSubmitOperationReports",
                             request));
        totals.created += response.created();
        totals.updated += response.updated();
        totals.unchanged += response.unchanged();
        for (const auto& result : response.results()) {
          if (result.reason().empty()) continue;
          refuse(rows.at(static_cast<size_t>(result.index())).first,
                 FailedPrecondition(result.reason(), result.message_zh()));
        }
        if (!quiet) {
          progress.Update(totals.created + totals.updated + totals.unchanged + totals.refused, 0,
                          "行");
        }
        return absl::OkStatus();
      },
      refuse);
  RETURN_IF_ERROR(
      ReadCsv(file, {"项目编码", "月份"}, [&](int64_t row_no, const NamedRow& row) -> absl::Status {
        const auto subject = subjects.find(row.at("项目编码"));
        absl::StatusOr<registry::v1::OperationReport> report =
            subject == subjects.end()
                ? InvalidField("项目编码", Cat("没有项目 ", row.at("项目编码"))).Build()
                : ReportOfRow(row, subject->second.id);
        if (report.ok()) return batch.Add(row_no, *std::move(report));
        refuse(row_no, report.status());
        return absl::OkStatus();
      }));
  RETURN_IF_ERROR(batch.Flush());
  SortByRow(totals.problems);
  return totals;
}

absl::StatusOr<ScoreTotals> ImportScoreFile(Context& context, const std::string& file,
                                            const std::string& region_code, bool quiet) {
  using evaluation::v1::SubmitExpertScoresRequest;
  ASSIGN_OR_RETURN(const auto codes, CodesOf(file, {"编码", "市场前景", "资源支撑"}, "编码"));
  ASSIGN_OR_RETURN(const SubjectMap subjects, FindSubjects(context, region_code, codes, true));
  ScoreTotals totals;
  const auto refuse = RefuseInto(totals);
  ProgressLine progress("导入专家评分");
  using Batch = RowBatch<SubmitExpertScoresRequest, evaluation::v1::ExpertScore>;
  Batch batch(
      "scores",
      [&](SubmitExpertScoresRequest& request, const Batch::Rows&) -> absl::Status {
        ASSIGN_OR_RETURN(const auto response,
                         context.Call<evaluation::v1::SubmitExpertScoresResponse>(
                             "bangfu.evaluation.v1.FactService.SubmitExpertScores", request));
        totals.accepted += response.accepted();
        totals.complete += response.complete();
        if (!quiet) progress.Update(totals.accepted, 0, "条");
        return absl::OkStatus();
      },
      refuse);
  RETURN_IF_ERROR(ReadCsv(file, {"编码", "市场前景", "资源支撑"},
                          [&](int64_t row_no, const NamedRow& row) -> absl::Status {
                            const auto subject = subjects.find(row.at("编码"));
                            absl::StatusOr<evaluation::v1::ExpertScore> score =
                                subject == subjects.end()
                                    ? InvalidField("编码", Cat("没有对象 ", row.at("编码"))).Build()
                                    : ScoreOfRow(row, subject->second.id);
                            if (score.ok()) return batch.Add(row_no, *std::move(score));
                            refuse(row_no, score.status());
                            return absl::OkStatus();
                          }));
  RETURN_IF_ERROR(batch.Flush());
  SortByRow(totals.problems);
  return totals;
}

nlohmann::ordered_json ReportTotals::Json() const {
  return {{"created", created},
          {"updated", updated},
          {"unchanged", unchanged},
          {"refused", refused},
          {"problems", JsonOf(problems)}};
}

nlohmann::ordered_json ScoreTotals::Json() const {
  return {{"accepted", accepted},
          {"complete", complete},
          {"refused", refused},
          {"problems", JsonOf(problems)}};
}

void PrintRefused(const std::vector<RefusedRow>& problems, int max_rows) {
  int printed = 0;
  for (const RefusedRow& problem : problems) {
    if (++printed > max_rows) break;
    std::printf("  %s\n", problem.Text().c_str());
  }
  if (printed > max_rows) {
    std::printf("  共 %zu 条，只列出 %d 条\n", problems.size(), max_rows);
  }
}

namespace {

struct Arguments {
  UploadOptions upload;
  std::string history;
  std::string region = "36";
  std::string report;
  int max_rows = 20;
};

absl::StatusOr<int> RunUpload(Context& context, const Arguments& a) {
  const std::string& service = a.upload.service;
  ASSIGN_OR_RETURN(const Uploaded uploaded, UploadFile(context, a.upload));
  const intake::v1::Import& import = uploaded.import;
  int64_t lines = 0;
  if (!a.report.empty()) {
    ASSIGN_OR_RETURN(lines, SaveImportReport(context, service, import, a.report));
  }
  if (context.json) {
    ASSIGN_OR_RETURN(nlohmann::ordered_json json, ImportReportJson(context, service, import));
    json["was_there"] = uploaded.was_there;
    if (!a.report.empty()) json["report"] = {{"file", a.report}, {"rows", lines}};
    context.PrintJson(json);
  } else {
    if (uploaded.was_there) {
      // A batch that was named is imported once, whatever else is asked.
      std::printf("该文件已于 %s 导入，未重复导入；要再导入一次请%s\n",
                  TimeText(import.created_at()).c_str(),
                  a.upload.batch_id.empty() ? "加 --again" : "换一个批次号");
    }
    // Looked through already, the rows are not fetched once more.
    RETURN_IF_ERROR(
        PrintImportReport(context, service, import, uploaded.nothing_to_correct ? 0 : a.max_rows));
    if (!a.report.empty()) {
      std::printf("%s：%lld 行\n", a.report.c_str(), static_cast<long long>(lines));
    }
  }
  if (import.state() == intake::v1::IMPORT_STATE_REFUSED) return kExitFailed;
  return import.rows_held() + import.rows_refused() > 0 ? kExitPartial : kExitOk;
}

template <typename Totals>
int PrintTotals(const Context& context, const absl::StatusOr<Totals>& totals, int max_rows) {
  if (!totals.ok()) return context.Fail(totals.status());
  if (!context.PrintJson(totals->Json())) {
    std::printf("%s\n", totals->Text().c_str());
    PrintRefused(totals->problems, max_rows);
  }
  return totals->refused > 0 ? kExitPartial : kExitOk;
}

}  // namespace

void AddImportCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("import", "导入表格：先校验，后入库，逐行报告");
  group->require_subcommand(1);

  auto regions = std::make_shared<Arguments>();
  CLI::App* command = group->add_subcommand("regions", "行政区划与沿革");
  command->footer(
      "例: bangfuctl import regions deploy/sample/regions-36.csv --history "
      "deploy/sample/region-history-36.csv");
  command->add_option("file", regions->upload.file, "现行区划 CSV")->required();
  command->add_option("--history", regions->history, "沿革 CSV");
  command->callback([&context, &exit_code, regions] {
    auto totals = ImportRegionFiles(context, regions->upload.file, regions->history, context.json);
    if (!totals.ok()) {
      exit_code = context.Fail(totals.status());
      return;
    }
    if (context.PrintJson(nlohmann::ordered_json{{"created", totals->created},
                                                 {"updated", totals->updated},
                                                 {"unchanged", totals->unchanged}})) {
      return;
    }
    std::printf("行政区划：新增 %lld，更新 %lld，无变化 %lld\n",
                static_cast<long long>(totals->created), static_cast<long long>(totals->updated),
                static_cast<long long>(totals->unchanged));
  });

  for (const auto& [name, service, kind, help] :
       {std::tuple{"projects", "registry", "projects", "项目摸排登记表 T1 (CSV 或 xlsx)"},
        std::tuple{"assets", "asset", "assets", "项目资产台账 T4 (CSV 或 xlsx)"}}) {
    auto arguments = std::make_shared<Arguments>();
    arguments->upload.service = service;
    arguments->upload.kind = kind;
    command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl import ", name, " 表.xlsx --dry-run --report 结果.csv\n",
                        "更正或补登后以同一命令再导入；已全部入库的文件不会重复导入。"));
    command->add_option("file", arguments->upload.file, "文件")->required();
    command->add_option("--region", arguments->upload.region_code, "只收此区域内的行");
    command->add_option("--batch", arguments->upload.batch_id, "批次号，同一批次只入库一次");
    command->add_option("--unit", arguments->upload.default_money_unit,
                        "金额列未写单位时的单位：元、万元、亿元");
    if (arguments->upload.kind == "projects") {
      command->add_option("--campaign", arguments->upload.campaign_id, "摸排批次");
      // One column each time: the file may stand after it.
      command
          ->add_option("--fill-down", arguments->upload.fill_down,
                       "只在每块首行填写的列（写列名，可重复）：其空格沿用上一行")
          ->allow_extra_args(false);
    }
    command->add_option("--rows", arguments->max_rows, "每种结果最多列出多少行")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command->add_option("--report", arguments->report, "逐行结果存为文件，按后缀定 csv 或 xlsx");
    command->add_flag("--again", arguments->upload.again, "已全部入库的文件也再导入一次")
        ->excludes("--batch");
    command->add_flag("--dry-run", arguments->upload.dry_run, "只校验，不入库");
    command->add_flag("--all-or-nothing", arguments->upload.all_or_nothing,
                      "有一行不合格即全部不入库");
    command->add_flag("--sample", arguments->upload.sample, "标为样例数据");
    command->callback([&context, &exit_code, arguments] {
      arguments->upload.quiet = context.json;
      const absl::StatusOr<int> code = RunUpload(context, *arguments);
      exit_code = code.ok() ? *code : context.Fail(code.status());
    });
  }

  auto reports = std::make_shared<Arguments>();
  command = group->add_subcommand("reports", "运营月报");
  command->footer("例: bangfuctl import reports 月报.csv --region 360733");
  command->add_option("file", reports->upload.file, "CSV：项目编码, 月份, 产量, 产值（万元） …")
      ->required();
  command->add_option("--region", reports->region, "项目所在区域")->capture_default_str();
  command->add_option("--rows", reports->max_rows, "最多列出多少条拒绝原因")->capture_default_str();
  command->callback([&context, &exit_code, reports] {
    exit_code = PrintTotals(
        context, ImportReportFile(context, reports->upload.file, reports->region, context.json),
        reports->max_rows);
  });

  auto scores = std::make_shared<Arguments>();
  command = group->add_subcommand("scores", "专家评分（以本人令牌提交）");
  command->footer("例: bangfuctl import scores 评分.csv --region 360733");
  command
      ->add_option("file", scores->upload.file,
                   "CSV：编码, 市场前景, 资源支撑, 技术落后, 困难原因, 意见")
      ->required();
  command->add_option("--region", scores->region, "对象所在区域")->capture_default_str();
  command->add_option("--rows", scores->max_rows, "最多列出多少条拒绝原因")->capture_default_str();
  command->callback([&context, &exit_code, scores] {
    exit_code = PrintTotals(
        context, ImportScoreFile(context, scores->upload.file, scores->region, context.json),
        scores->max_rows);
  });
}

}  // namespace bangfu::ctl
