// bangfuctl import regions | projects | assets | reports | scores
#include "services/ctl/import.h"

#include <cstdio>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/money.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/subjects.h"
#include "services/ctl/terminal.h"
#include "services/ctl/upload.h"

namespace bangfu::ctl {
namespace {

using registry::v1::ImportRegionsRequest;
using registry::v1::ImportRegionsResponse;

constexpr int kRegionBatch = 1000;
constexpr int kReportBatch = 500;

int Number(std::string_view text) {
  int value = 0;
  return absl::SimpleAtoi(AbslView(text), &value) ? value : 0;
}

registry::v1::RegionLevel LevelOf(std::string_view word) {
  if (word == "PROVINCE" || word == "province") return registry::v1::REGION_LEVEL_PROVINCE;
  if (word == "CITY" || word == "city") return registry::v1::REGION_LEVEL_CITY;
  if (word == "COUNTY" || word == "county") return registry::v1::REGION_LEVEL_COUNTY;
  if (word == "TOWNSHIP" || word == "township") return registry::v1::REGION_LEVEL_TOWNSHIP;
  if (word == "VILLAGE" || word == "village") return registry::v1::REGION_LEVEL_VILLAGE;
  return registry::v1::REGION_LEVEL_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<RegionTotals> ImportRegionFiles(Context& context, const std::string& current_file,
                                               const std::string& history_file, bool quiet) {
  std::vector<registry::v1::Region> regions;
  std::map<std::string, size_t> by_code;
  RETURN_IF_ERROR(ReadCsv(current_file, {"code", "name", "level", "parent_code"},
                          [&](int64_t, const NamedRow& row) -> absl::Status {
                            registry::v1::Region region;
                            ASSIGN_OR_RETURN(std::string code, NormalizeRegionCode(row.at("code")));
                            region.set_code(code);
                            region.set_name(row.at("name"));
                            region.set_level(LevelOf(row.at("level")));
                            region.set_parent_code(row.at("parent_code"));
                            by_code[code] = regions.size();
                            regions.push_back(std::move(region));
                            return absl::OkStatus();
                          }));
  if (!history_file.empty()) {
    RETURN_IF_ERROR(ReadCsv(
        history_file, {"code", "name", "level", "start_year", "end_year", "successor_codes"},
        [&](int64_t, const NamedRow& row) -> absl::Status {
          ASSIGN_OR_RETURN(std::string code, NormalizeRegionCode(row.at("code")));
          registry::v1::Region region;
          region.set_code(code);
          region.set_name(row.at("name"));
          region.set_level(LevelOf(row.at("level")));
          region.set_parent_code(RegionParent(code));
          region.set_start_year(Number(row.at("start_year")));
          region.set_end_year(Number(row.at("end_year")));
          // "360111[2004];360113[2019]"
          for (std::string_view item : std::vector<std::string>(
                   absl::StrSplit(row.at("successor_codes"), ';', absl::SkipEmpty()))) {
            auto* successor = region.add_successors();
            size_t bracket = item.find('[');
            successor->set_code(std::string(item.substr(0, bracket)));
            if (bracket != std::string_view::npos)
              successor->set_year(Number(item.substr(bracket + 1, 4)));
          }
          auto known = by_code.find(code);
          if (known != by_code.end() && region.end_year() == 0) {
            // A code in use: the history adds its years and its offspring.
            auto& current = regions[known->second];
            current.set_start_year(region.start_year());
            *current.mutable_successors() = region.successors();
          } else {
            regions.push_back(std::move(region));
          }
          return absl::OkStatus();
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
  ASSIGN_OR_RETURN(SubjectMap subjects, LoadSubjects(context, region_code, false));
  ReportTotals totals;
  ProgressLine progress("导入运营月报");
  registry::v1::BatchSubmitOperationReportsRequest batch;
  std::vector<int64_t> row_of;
  auto flush = [&]() -> absl::Status {
    if (batch.reports_size() == 0) return absl::OkStatus();
    batch.set_request_id(Context::NewRequestId());
    batch.set_overwrite(true);
    ASSIGN_OR_RETURN(
        auto response,
        context.Call<registry::v1::BatchSubmitOperationReportsResponse>(
            "bangfu.registry.v1.OperationReportService.BatchSubmitOperationReports", batch));
    totals.created += response.created();
    totals.updated += response.updated();
    totals.unchanged += response.unchanged();
    totals.refused += response.refused();
    for (const auto& result : response.results()) {
      if (!result.reason().empty() && totals.problems.size() < 20) {
        totals.problems.push_back(
            Cat("第 ", row_of[static_cast<size_t>(result.index())], " 行: ", result.message_zh()));
      }
    }
    if (!quiet)
      progress.Update(totals.created + totals.updated + totals.unchanged + totals.refused, 0, "行");
    batch.Clear();
    row_of.clear();
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(
      ReadCsv(file, {"项目编码", "月份"}, [&](int64_t row_no, const NamedRow& row) -> absl::Status {
        auto subject = subjects.find(row.at("项目编码"));
        if (subject == subjects.end()) {
          ++totals.refused;
          if (totals.problems.size() < 20)
            totals.problems.push_back(Cat("第 ", row_no, " 行: 没有项目 ", row.at("项目编码")));
          return absl::OkStatus();
        }
        auto* report = batch.add_reports();
        row_of.push_back(row_no);
        report->set_project_id(subject->second.id);
        report->set_period(row.at("月份"));
        auto text = [&](const char* column) -> std::string {
          auto cell = row.find(column);
          return cell == row.end() ? "" : cell->second;
        };
        auto wan = [&](const char* column, auto set) -> absl::Status {
          std::string cell = text(column);
          if (cell.empty()) return absl::OkStatus();  // not reported is not zero
          ASSIGN_OR_RETURN(int64_t fen, ParseFen(cell, MoneyUnit::kWanYuan));
          set(fen);
          return absl::OkStatus();
        };
        RETURN_IF_ERROR(wan("产值（万元）", [&](int64_t v) { report->set_output_value_fen(v); }));
        RETURN_IF_ERROR(wan("销售额（万元）", [&](int64_t v) { report->set_sales_fen(v); }));
        RETURN_IF_ERROR(wan("营业收入（万元）", [&](int64_t v) { report->set_revenue_fen(v); }));
        RETURN_IF_ERROR(wan("营业成本（万元）", [&](int64_t v) { report->set_cost_fen(v); }));
        RETURN_IF_ERROR(wan("工资（万元）", [&](int64_t v) { report->set_wages_fen(v); }));
        auto count = [&](const char* column, auto set) {
          std::string cell = text(column);
          if (!cell.empty()) set(Number(cell));
        };
        count("务工人数", [&](int v) { report->set_workers(v); });
        count("其中脱贫人数", [&](int v) { report->set_poor_workers(v); });
        count("务工人日", [&](int v) { report->set_person_days(v); });
        count("其中脱贫人日", [&](int v) { report->set_poor_person_days(v); });
        count("停产天数", [&](int v) { report->set_stop_days(v); });
        report->set_off_season(text("季节性停产") == "是");
        report->set_note(text("说明"));
        auto quantity = [&](const char* column, type::v1::Quantity* out) -> absl::Status {
          std::string cell = text(column);
          if (cell.empty()) return absl::OkStatus();
          ASSIGN_OR_RETURN(int64_t milli, ParseScaledDecimal(cell, 3));
          out->set_value_milli(milli);
          out->set_unit(text("单位"));
          out->set_text(cell);
          return absl::OkStatus();
        };
        if (!text("产量").empty()) RETURN_IF_ERROR(quantity("产量", report->mutable_output()));
        if (!text("使用产能").empty())
          RETURN_IF_ERROR(quantity("使用产能", report->mutable_capacity_used()));
        report->set_is_sample(text("样例") == "是");
        return batch.reports_size() >= kReportBatch ? flush() : absl::OkStatus();
      }));
  RETURN_IF_ERROR(flush());
  return totals;
}

absl::StatusOr<ScoreTotals> ImportScoreFile(Context& context, const std::string& file,
                                            const std::string& region_code, bool quiet) {
  ASSIGN_OR_RETURN(SubjectMap subjects, LoadSubjects(context, region_code, true));
  ScoreTotals totals;
  ProgressLine progress("导入专家评分");
  evaluation::v1::SubmitExpertScoresRequest batch;
  auto flush = [&]() -> absl::Status {
    if (batch.scores_size() == 0) return absl::OkStatus();
    batch.set_request_id(Context::NewRequestId());
    ASSIGN_OR_RETURN(auto response,
                     context.Call<evaluation::v1::SubmitExpertScoresResponse>(
                         "bangfu.evaluation.v1.FactService.SubmitExpertScores", batch));
    totals.accepted += response.accepted();
    totals.complete += response.complete();
    if (!quiet) progress.Update(totals.accepted, 0, "条");
    batch.Clear();
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ReadCsv(file, {"编码", "市场前景", "资源支撑"},
                          [&](int64_t row_no, const NamedRow& row) -> absl::Status {
                            auto subject = subjects.find(row.at("编码"));
                            if (subject == subjects.end()) {
                              if (totals.problems.size() < 20)
                                totals.problems.push_back(
                                    Cat("第 ", row_no, " 行: 没有对象 ", row.at("编码")));
                              ++totals.refused;
                              return absl::OkStatus();
                            }
                            auto* score = batch.add_scores();
                            score->set_subject_id(subject->second.id);
                            if (!row.at("市场前景").empty())
                              score->set_market_outlook(Number(row.at("市场前景")));
                            if (!row.at("资源支撑").empty())
                              score->set_resource_basis(Number(row.at("资源支撑")));
                            auto cell = [&](const char* column) {
                              auto found = row.find(column);
                              return found == row.end() ? std::string() : found->second;
                            };
                            score->set_tech_backward(cell("技术落后") == "是");
                            score->set_cause(cell("困难原因"));
                            score->set_opinion(cell("意见"));
                            return batch.scores_size() >= kReportBatch ? flush() : absl::OkStatus();
                          }));
  RETURN_IF_ERROR(flush());
  return totals;
}

absl::Status PrintImportReport(Context& context, const std::string& service,
                               const intake::v1::Import& import, int max_rows) {
  using intake::v1::RowOutcome_Name;
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
  for (auto outcome : {intake::v1::ROW_OUTCOME_REFUSED, intake::v1::ROW_OUTCOME_HELD,
                       intake::v1::ROW_OUTCOME_WARNED}) {
    intake::v1::ListImportRowsRequest request;
    request.set_id(import.id());
    request.set_outcome(outcome);
    request.set_page_size(max_rows);
    ASSIGN_OR_RETURN(auto page,
                     context.CallOn<intake::v1::ListImportRowsResponse>(
                         service, "bangfu.intake.v1.ImportService.ListImportRows", request));
    for (const auto& row : page.rows()) {
      for (const auto& issue : row.issues()) {
        std::printf("  第 %lld 行 [%s] %s：%s%s%s\n", static_cast<long long>(row.row_no()),
                    RowOutcome_Name(row.outcome()).substr(12).c_str(), issue.field().c_str(),
                    issue.proposal_zh().c_str(), issue.raw_text().empty() ? "" : "，原文：",
                    issue.raw_text().c_str());
      }
    }
  }
  return absl::OkStatus();
}

namespace {

int RunUpload(Context& context, const UploadOptions& options, int max_rows) {
  absl::StatusOr<intake::v1::Import> import = UploadFile(context, options);
  if (!import.ok()) return Fail(import.status());
  if (!context.PrintJson(*import)) {
    if (absl::Status status = PrintImportReport(context, options.service, *import, max_rows);
        !status.ok()) {
      return Fail(status);
    }
  }
  if (import->state() == intake::v1::IMPORT_STATE_REFUSED) return kExitFailed;
  return import->rows_held() + import->rows_refused() > 0 ? kExitPartial : kExitOk;
}

template <typename Totals>
int PrintTotals(const absl::StatusOr<Totals>& totals) {
  if (!totals.ok()) return Fail(totals.status());
  std::printf("%s\n", totals->Text().c_str());
  for (const auto& problem : totals->problems) std::printf("  %s\n", problem.c_str());
  return totals->refused > 0 ? kExitPartial : kExitOk;
}

}  // namespace

void AddImportCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("import", "导入表格：先校验，后入库，逐行报告");
  group->require_subcommand(1);

  struct Arguments {
    UploadOptions upload;
    std::string history;
    std::string region = "36";
    int max_rows = 20;
  };

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
      exit_code = Fail(totals.status());
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
    command->footer(Cat("例: bangfuctl import ", name, " 表.xlsx --dry-run"));
    command->add_option("file", arguments->upload.file, "文件")->required();
    command->add_option("--region", arguments->upload.region_code, "只收此区域内的行");
    command->add_option("--batch", arguments->upload.batch_id, "批次号，同一批次只入库一次");
    command->add_option("--campaign", arguments->upload.campaign_id, "摸排批次");
    command->add_option("--unit", arguments->upload.default_money_unit,
                        "金额列未写单位时的单位：元、万元、亿元");
    command->add_option("--rows", arguments->max_rows, "每种结果最多列出多少行")
        ->capture_default_str();
    command->add_flag("--dry-run", arguments->upload.dry_run, "只校验，不入库");
    command->add_flag("--all-or-nothing", arguments->upload.all_or_nothing,
                      "有一行不合格即全部不入库");
    command->add_flag("--sample", arguments->upload.sample, "标为样例数据");
    command->callback([&context, &exit_code, arguments] {
      arguments->upload.quiet = context.json;
      exit_code = RunUpload(context, arguments->upload, arguments->max_rows);
    });
  }

  auto reports = std::make_shared<Arguments>();
  command = group->add_subcommand("reports", "运营月报");
  command->footer("例: bangfuctl import reports 月报.csv --region 360733");
  command->add_option("file", reports->upload.file, "CSV：项目编码, 月份, 产量, 产值（万元） …")
      ->required();
  command->add_option("--region", reports->region, "项目所在区域")->capture_default_str();
  command->callback([&context, &exit_code, reports] {
    exit_code =
        PrintTotals(ImportReportFile(context, reports->upload.file, reports->region, context.json));
  });

  auto scores = std::make_shared<Arguments>();
  command = group->add_subcommand("scores", "专家评分（以本人令牌提交）");
  command->footer("例: bangfuctl import scores 评分.csv --region 360733");
  command
      ->add_option("file", scores->upload.file,
                   "CSV：编码, 市场前景, 资源支撑, 技术落后, 困难原因, 意见")
      ->required();
  command->add_option("--region", scores->region, "对象所在区域")->capture_default_str();
  command->callback([&context, &exit_code, scores] {
    exit_code =
        PrintTotals(ImportScoreFile(context, scores->upload.file, scores->region, context.json));
  });
}

}  // namespace bangfu::ctl
