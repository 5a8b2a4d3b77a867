// bangfuctl ledger t2 | t14 | status | sign | list | rollup | verify | progress
#include "services/ctl/ledger.h"

#include <cstdio>
#include <fstream>

#include "absl/strings/match.h"
#include "common/base/decimal.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/evaluate.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace evaluation::v1;  // the contract of this file's commands
constexpr char kService[] = "bangfu.evaluation.v1.LedgerService.";
std::string M(std::string_view method) { return Cat(kService, method); }

const ClassFigure* FigureOf(const google::protobuf::RepeatedPtrField<ClassFigure>& figures,
                            int value) {
  for (const auto& figure : figures) {
    if (figure.class_() == value) return &figure;
  }
  return nullptr;
}

std::string RenderRows(const T14& t14, bool with_rows) {
  TextTable table(
      {"区划",   "名称",   "应摸排村", "已摸排", "零报告",       "项目",     "投入(万元)",
       "巩固",   "升级",   "盘活",     "调整",   "数据不足",     "人工研判", "暂不分类",
       "待认定", "未评估", "产业",     "处置数", "处置额(万元)", "签字"},
      {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18});
  auto add = [&](const T14Row& row) {
    std::vector<std::string> cells = {row.region_code(),       row.region_name(),
                                      Cat(row.villages_due()), Cat(row.villages_reported()),
                                      Cat(row.villages_nil()), Cat(row.projects()),
                                      Wan(row.invested_fen())};
    for (int value = type::v1::FOUR_CLASS_CONSOLIDATE; value <= type::v1::FOUR_CLASS_ADJUST;
         ++value) {
      const ClassFigure* figure = FigureOf(row.project_classes(), value);
      cells.push_back(figure == nullptr ? "0" : Cat(figure->count()));
    }
    // Each project stands in one of the columns from 巩固 to 未评估.
    for (int64_t value : {row.insufficient_data(), row.manual_review(), row.not_applicable()}) {
      cells.push_back(Cat(value));
    }
    // What was never counted is no zero.
    for (int64_t value : {row.under_way(), row.not_evaluated()}) {
      cells.push_back(row.counts_every_project() ? Cat(value) : "");
    }
    cells.push_back(Cat(row.industries()));
    // Nor is what is not known of disposals.
    cells.push_back(row.has_disposal_count() ? Cat(row.disposal_count()) : "—");
    cells.push_back(row.has_disposal_amount_fen() ? Wan(row.disposal_amount_fen()) : "—");
    cells.push_back(row.projects() + row.industries() == 0 ? "无台账"
                    : row.signed_()                        ? "已签"
                                                           : "未签");
    table.Row(std::move(cells));
  };
  if (with_rows) {
    for (const auto& row : t14.rows()) add(row);
  }
  add(t14.sum());
  std::string out = table.Render();
  if (!t14.meta().filters().empty()) out += Cat(t14.meta().filters(), "\n");
  if (!t14.meta().draft_note().empty()) out += Cat(t14.meta().draft_note(), "\n");
  return out;
}

// What a row adds to its parent: counts and amounts, no shares. Of disposals where the parent has
// them: it lacks what one of its rows does.
std::vector<int64_t> Addends(const T14Row& row, bool with_disposals) {
  std::vector<int64_t> out = {row.villages_due(),
                              row.villages_reported(),
                              row.villages_nil(),
                              row.projects(),
                              row.invested_fen(),
                              row.asset_value_fen(),
                              row.insufficient_data(),
                              row.manual_review(),
                              row.not_applicable(),
                              row.industries(),
                              row.overridden(),
                              row.reevaluation_due(),
                              row.reclassified(),
                              row.close_out_due(),
                              row.closed_out_consolidate(),
                              row.closed_out_upgrade(),
                              row.closed_out_exit(),
                              row.under_way(),
                              row.not_evaluated(),
                              row.pending()};
  if (with_disposals) {
    out.push_back(row.disposal_count());
    out.push_back(row.disposal_amount_fen());
  }
  for (int value = type::v1::FOUR_CLASS_CONSOLIDATE; value <= type::v1::FOUR_CLASS_ADJUST;
       ++value) {
    const ClassFigure* project = FigureOf(row.project_classes(), value);
    const ClassFigure* industry = FigureOf(row.industry_classes(), value);
    out.push_back(project == nullptr ? 0 : project->count());
    out.push_back(project == nullptr ? 0 : project->invested_fen());
    out.push_back(industry == nullptr ? 0 : industry->count());
  }
  return out;
}

}  // namespace

std::string RenderT14(const T14& t14) { return RenderRows(t14, true); }
std::string RenderT14Sum(const T14& t14) { return RenderRows(t14, false); }

absl::Status CheckT14Sum(const T14& t14) {
  const bool with_disposals = t14.sum().has_disposal_count();
  const std::vector<int64_t> sum = Addends(t14.sum(), with_disposals);
  std::vector<int64_t> added(sum.size(), 0);
  for (const T14Row& row : t14.rows()) {
    const std::vector<int64_t> values = Addends(row, with_disposals);
    for (size_t i = 0; i < values.size(); ++i) added[i] += values[i];
  }
  if (added == sum) return absl::OkStatus();
  return Error(absl::StatusCode::kDataLoss, "T14_SUM_DIFFERS")
      .Zh(Cat("T14 合计与各下级之和不一致：", t14.sum().region_code()));
}

std::string RenderProgress(const Progress& progress) {
  TextTable table({"指标", "数值", "目标", "期限", "", "口径"}, {1, 2});
  auto value = [](int64_t number, const std::string& unit) {
    if (unit == "bp") return Percent(number);
    if (unit == "分") return Cat(FormatScaledDecimal(number, 2), " 元");
    return Cat(number, " ", unit);
  };
  for (const auto& figure : progress.figures()) {
    table.Row({figure.name_zh(), value(figure.value(), figure.unit()),
               figure.has_target() ? value(figure.target(), figure.unit()) : "",
               FormatDate(figure.target_date()), figure.overdue() ? "逾期" : "",
               figure.basis_zh()});
  }
  return table.Render();
}

absl::StatusOr<type::v1::TableMeta> SaveExport(Context& context, std::string_view method,
                                               const google::protobuf::Message& request,
                                               const std::string& file) {
  return SaveExport(context, "evaluation", method, request, file);
}

absl::StatusOr<type::v1::TableMeta> SaveExport(Context& context, std::string_view service,
                                               std::string_view method,
                                               const google::protobuf::Message& request,
                                               const std::string& file) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!out)
    return Error(absl::StatusCode::kFailedPrecondition, "FILE_NOT_WRITABLE")
        .Zh(Cat("无法写入 ", file));
  type::v1::TableMeta meta;
  RETURN_IF_ERROR(context.StreamOn<type::v1::FileChunk>(
      service, method, request, [&](const type::v1::FileChunk& chunk) -> absl::Status {
        out.write(chunk.data().data(), static_cast<std::streamsize>(chunk.data().size()));
        if (chunk.has_meta()) meta = chunk.meta();
        return absl::OkStatus();
      }));
  out.close();
  if (!out)
    return Error(absl::StatusCode::kDataLoss, "FILE_NOT_WRITTEN").Zh(Cat("写入失败 ", file));
  return meta;
}

void PrintSaved(const Context& context, const std::string& file, const type::v1::TableMeta& meta) {
  if (context.PrintJson(nlohmann::ordered_json{{"file", file},
                                               {"rows", meta.row_count()},
                                               {"rows_sha256", meta.rows_sha256()},
                                               {"draft_note", meta.draft_note()}})) {
    return;
  }
  std::printf("%s：%lld 行%s%s%s%s\n", file.c_str(), static_cast<long long>(meta.row_count()),
              meta.rows_sha256().empty() ? "" : "，SHA-256 ", meta.rows_sha256().c_str(),
              meta.draft_note().empty() ? "" : "，", meta.draft_note().c_str());
}

void AddLedgerCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("ledger", "四个一批台账：T2、T14、签字、汇总、进度");
  group->require_subcommand(1);
  struct Arguments {
    std::string region, klass, subject = "PROJECT", output, preparer, reviewer, hash, period;
    int32_t revision = 0;
    bool no_bom = false, left = false, due = false;
    int months = 12;
  };
  auto add = [&](const char* name, const char* help, const char* example, auto configure,
                 auto run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl ledger ", example));
    command->add_option("--region", arguments->region, "行政区划代码")->required();
    configure(command, arguments.get());
    command->callback([&context, &exit_code, arguments, run] {
      absl::Status status = run(context, *arguments);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  auto file_options = [](CLI::App* command, Arguments* a) {
    command->add_option("--output,-o", a->output, "输出文件，按后缀定 csv 或 xlsx");
    command->add_option("--preparer", a->preparer, "填报人");
    command->add_option("--reviewer", a->reviewer, "审核人");
    command->add_flag("--no-bom", a->no_bom, "CSV 不带 BOM（供程序读取）");
    command->add_option("--period", a->period, "冻结的报表期，如 2026-10；不写则实时");
    command->add_option("--revision", a->revision, "版次；不写则最新一版")->needs("--period");
  };
  auto format_of = [](const std::string& file) {
    return absl::EndsWithIgnoreCase(file, ".xlsx") ? type::v1::FILE_FORMAT_XLSX
                                                   : type::v1::FILE_FORMAT_CSV;
  };

  add(
      "t2", "T2 四个一批台账（一类一表）", "t2 --region 360733 --class REVITALIZE -o t2.xlsx",
      [file_options](CLI::App* command, Arguments* a) {
        command->add_option("--class", a->klass, "CONSOLIDATE, UPGRADE, REVITALIZE, ADJUST")
            ->required();
        command->add_option("--subject", a->subject, "PROJECT 或 INDUSTRY")->capture_default_str();
        file_options(command, a);
        command->get_option("--output")->required();
      },
      [format_of](Context& context, const Arguments& a) -> absl::Status {
        ExportT2Request request;
        request.set_region_code(a.region);
        type::v1::FourClass value;
        if (!type::v1::FourClass_Parse(Cat("FOUR_CLASS_", a.klass), &value))
          return InvalidField("class", "没有这个类别");
        request.set_class_(value);
        type::v1::SubjectType subject;
        if (!type::v1::SubjectType_Parse(Cat("SUBJECT_TYPE_", a.subject), &subject)) {
          return InvalidField("subject", "应为 PROJECT 或 INDUSTRY");
        }
        request.set_subject_type(subject);
        request.set_format(format_of(a.output));
        request.set_no_bom(a.no_bom);
        request.set_preparer(a.preparer);
        request.set_reviewer(a.reviewer);
        request.set_period(a.period);
        request.set_revision(a.revision);
        ASSIGN_OR_RETURN(auto meta, SaveExport(context, M("ExportT2"), request, a.output));
        PrintSaved(context, a.output, meta);
        return absl::OkStatus();
      });
  add("t14", "T14 四个一批汇总表", "t14 --region 36 -o t14.xlsx", file_options,
      [format_of](Context& context, const Arguments& a) -> absl::Status {
        if (a.output.empty()) {
          GetT14Request request;
          request.set_region_code(a.region);
          request.set_period(a.period);
          request.set_revision(a.revision);
          ASSIGN_OR_RETURN(T14 table, context.Call<T14>(M("GetT14"), request));
          if (!context.PrintJson(table)) std::printf("%s", RenderT14(table).c_str());
          return absl::OkStatus();
        }
        ExportT14Request request;
        request.set_region_code(a.region);
        request.set_format(format_of(a.output));
        request.set_no_bom(a.no_bom);
        request.set_preparer(a.preparer);
        request.set_reviewer(a.reviewer);
        request.set_period(a.period);
        request.set_revision(a.revision);
        ASSIGN_OR_RETURN(auto meta, SaveExport(context, M("ExportT14"), request, a.output));
        PrintSaved(context, a.output, meta);
        return absl::OkStatus();
      });
  auto nothing = [](CLI::App*, Arguments*) {};
  auto print_status = [](Context& context, const LedgerStatus& status) {
    if (context.PrintJson(status)) return;
    std::printf("%s %s：%lld 行，SHA-256 %s\n", status.region_code().c_str(),
                status.region_name().c_str(), static_cast<long long>(status.rows()),
                status.rows_sha256().c_str());
    if (status.has_signature()) {
      std::printf("已签字：%s\n", status.signature().signed_by().name().c_str());
    } else if (status.has_outdated_signature()) {
      std::printf("签后有变：%s 所签与现行不符\n",
                  status.outdated_signature().signed_by().name().c_str());
    }
    if (!status.draft_note().empty()) std::printf("%s\n", status.draft_note().c_str());
  };
  add("status", "一级台账的行数、摘要与签字", "status --region 360733105", nothing,
      [print_status](Context& context, const Arguments& a) -> absl::Status {
        GetLedgerStatusRequest request;
        request.set_region_code(a.region);
        ASSIGN_OR_RETURN(auto status, context.Call<LedgerStatus>(M("GetLedgerStatus"), request));
        print_status(context, status);
        return absl::OkStatus();
      });
  add(
      "sign", "签字：按现行行的摘要", "sign --region 360733105201",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--hash", a->hash, "所核对台账的 SHA-256；不写则取现行");
      },
      [print_status](Context& context, const Arguments& a) -> absl::Status {
        SignLedgerRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_region_code(a.region);
        request.set_rows_sha256(a.hash);
        if (a.hash.empty()) {
          GetLedgerStatusRequest get;
          get.set_region_code(a.region);
          ASSIGN_OR_RETURN(auto status, context.Call<LedgerStatus>(M("GetLedgerStatus"), get));
          request.set_rows_sha256(status.rows_sha256());
        }
        ASSIGN_OR_RETURN(auto status, context.Call<LedgerStatus>(M("SignLedger"), request));
        print_status(context, status);
        return absl::OkStatus();
      });
  add(
      "list", "在册对象", "list --region 360733 --class ADJUST",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--class", a->klass, "类别");
        command->add_flag("--left", a->left, "含已出册");
        command->add_flag("--due", a->due, "只列人工调整到期、应重新评估的");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        ListLedgerEntriesRequest request;
        request.set_region_code(a.region);
        request.set_include_left(a.left);
        request.set_reevaluation_due(a.due);
        request.set_page_size(200);
        if (!a.klass.empty()) {
          type::v1::FourClass value;
          if (!type::v1::FourClass_Parse(Cat("FOUR_CLASS_", a.klass), &value))
            return InvalidField("class", "没有这个类别");
          request.set_class_(value);
        }
        TextTable table({"编码", "名称", "区划", "类别", "总分", "投入(万元)"}, {4, 5});
        RETURN_IF_ERROR(context.ShowPages<ListLedgerEntriesResponse>(
            "evaluation", M("ListLedgerEntries"), request,
            [&](const ListLedgerEntriesResponse& page) {
              for (const auto& entry : page.entries()) {
                table.Row({entry.subject_code(), entry.subject_name(), entry.region_code(),
                           ClassText(entry.class_()),
                           entry.has_total_bp() ? FormatScaledDecimal(entry.total_bp(), 2) : "–",
                           Wan(entry.invested_fen())});
              }
            }));
        if (!context.json) std::printf("%s共 %zu\n", table.Render().c_str(), table.rows());
        return absl::OkStatus();
      });
  add("rollup", "实时汇总：数量与金额", "rollup --region 36", nothing,
      [](Context& context, const Arguments& a) -> absl::Status {
        GetRollupRequest request;
        request.set_region_code(a.region);
        ASSIGN_OR_RETURN(auto rollup, context.Call<Rollup>(M("GetRollup"), request));
        if (context.PrintJson(rollup)) return absl::OkStatus();
        TextTable table({"类别", "项目", "投入(万元)", "资产(万元)", "产业", ""}, {1, 2, 3, 4});
        int64_t total = 0;
        for (const auto& cell : rollup.cells()) {
          if (cell.subject_type() == type::v1::SUBJECT_TYPE_PROJECT) total += cell.count();
        }
        for (int value = type::v1::FOUR_CLASS_CONSOLIDATE; value <= type::v1::FOUR_CLASS_ADJUST;
             ++value) {
          int64_t projects = 0, invested = 0, assets = 0, industries = 0;
          for (const auto& cell : rollup.cells()) {
            if (cell.class_() != value) continue;
            if (cell.subject_type() == type::v1::SUBJECT_TYPE_PROJECT) {
              projects += cell.count();
              invested += cell.invested_fen();
              assets += cell.asset_value_fen();
            } else {
              industries += cell.count();
            }
          }
          table.Row({ClassText(static_cast<type::v1::FourClass>(value)), Cat(projects),
                     Wan(invested), Wan(assets), Cat(industries), Bar(projects, total, 20)});
        }
        std::printf("%s %s 实时\n%s", rollup.region_code().c_str(), rollup.region_name().c_str(),
                    table.Render().c_str());
        return absl::OkStatus();
      });
  add("verify", "汇总与逐行重数是否相等", "verify --region 36", nothing,
      [](Context& context, const Arguments& a) -> absl::Status {
        VerifyRollupsRequest request;
        request.set_region_code(a.region);
        ASSIGN_OR_RETURN(auto response,
                         context.Call<VerifyRollupsResponse>(M("VerifyRollups"), request));
        if (context.PrintJson(response)) return absl::OkStatus();
        std::printf("核对 %lld 格：%s\n", static_cast<long long>(response.cells()),
                    response.equal() ? "相等" : "不等");
        for (const auto& difference : response.differences_zh())
          std::printf("  %s\n", difference.c_str());
        if (!response.equal())
          return Error(absl::StatusCode::kDataLoss, "ROLLUP_DIFFERS").Zh("汇总与重数不等");
        return absl::OkStatus();
      });
  add("progress", "进度与目标", "progress --region 36", nothing,
      [](Context& context, const Arguments& a) -> absl::Status {
        GetProgressRequest request;
        request.set_region_code(a.region);
        ASSIGN_OR_RETURN(auto progress, context.Call<Progress>(M("GetProgress"), request));
        if (!context.PrintJson(progress)) std::printf("%s", RenderProgress(progress).c_str());
        return absl::OkStatus();
      });
  const auto months = [](CLI::App* command, Arguments* a) {
    command->add_option("--months", a->months, "截至本月的月数，至多60")->capture_default_str();
  };
  add("chain", "产业链环节覆盖与短板走势", "chain --region 360733 --months 24", months,
      [](Context& context, const Arguments& a) -> absl::Status {
        ListChainTrendRequest request;
        request.set_region_code(a.region);
        request.set_months(a.months);
        ASSIGN_OR_RETURN(auto trend, context.Call<ChainTrend>(M("ListChainTrend"), request));
        if (context.PrintJson(trend)) return absl::OkStatus();
        TextTable table({"月份", "应有环节", "已有环节", "覆盖率", "未补短板", "已补短板"},
                        {1, 2, 3, 4, 5});
        for (const auto& m : trend.months()) {
          table.Row({m.month(), Cat(m.links_applicable()), Cat(m.links_present()),
                     Percent(m.coverage_bp()), Cat(m.short_boards_open()),
                     Cat(m.short_boards_completed())});
        }
        std::printf("%s", table.Render().c_str());
        return absl::OkStatus();
      });
  add("income", "联结农户增收走势", "income --region 360733 --months 24", months,
      [](Context& context, const Arguments& a) -> absl::Status {
        ListIncomeSeriesRequest request;
        request.set_region_code(a.region);
        request.set_months(a.months);
        ASSIGN_OR_RETURN(auto series, context.Call<IncomeSeries>(M("ListIncomeSeries"), request));
        if (context.PrintJson(series)) return absl::OkStatus();
        TextTable table({"月份", "收入(万元)", "联结农户", "户均(元)"}, {1, 2, 3});
        for (const auto& m : series.months()) {
          table.Row({m.month(), Wan(m.income_fen()), Cat(m.households()),
                     FormatScaledDecimal(m.income_per_household_fen(), 2)});
        }
        std::printf("%s", table.Render().c_str());
        return absl::OkStatus();
      });
}

}  // namespace bangfu::ctl
