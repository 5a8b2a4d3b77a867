// bangfuctl dashboard: the first screen of a region.
#include <cstdio>

#include "bangfu/evaluation/v1/dashboard.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace evaluation::v1;  // the contract of this file's commands
constexpr char kMethod[] = "bangfu.evaluation.v1.DashboardService.GetDashboard";

// Projects of a class; industries are counted apart.
int64_t CountOf(const DashboardUnit& unit, int four_class) {
  for (const RollupCell& cell : unit.cells()) {
    if (cell.subject_type() == type::v1::SUBJECT_TYPE_PROJECT && cell.class_() == four_class) {
      return cell.count();
    }
  }
  return 0;
}

void AddRow(const DashboardUnit& unit, TextTable* table) {
  const VillageProgress& v = unit.villages();
  const int64_t reported = v.submitted() + v.township_passed() + v.county_verified();
  int64_t invested = 0;
  for (const RollupCell& cell : unit.cells()) invested += cell.invested_fen();
  std::vector<std::string> cells = {
      unit.region_code(),       unit.region_name(),
      Cat(v.units()),           Cat(Bar(reported, v.units(), 10), " ", Percent(v.reported_bp())),
      Percent(v.verified_bp()), Cat(v.overdue())};
  for (int value = type::v1::FOUR_CLASS_CONSOLIDATE; value <= type::v1::FOUR_CLASS_ADJUST;
       ++value) {
    cells.push_back(Cat(CountOf(unit, value)));
  }
  cells.push_back(Wan(invested));
  cells.push_back(unit.ledgers() == 0 ? "无台账"
                                      : Cat(unit.ledgers_unsigned(), "/", unit.ledgers()));
  table->Row(std::move(cells));
}

absl::Status Show(Context& context, const std::string& region) {
  GetDashboardRequest request;
  request.set_region_code(region);
  ASSIGN_OR_RETURN(const auto dashboard, context.Call<Dashboard>(kMethod, request));
  if (context.PrintJson(dashboard)) return absl::OkStatus();
  TextTable table({"区划", "名称", "村数", "上报率", "核实率", "逾期", "巩固", "升级", "盘活",
                   "调整", "投入(万元)", "未签台账"},
                  {2, 4, 5, 6, 7, 8, 9, 10, 11});
  for (const DashboardUnit& child : dashboard.children()) AddRow(child, &table);
  AddRow(dashboard.total(), &table);
  std::printf("%s", table.Render().c_str());
  TextTable progress({"指标", "数值", "目标", "时限", ""}, {1, 2});
  for (const ProgressFigure& figure : dashboard.progress()) {
    const auto text = [&](int64_t value) {
      return figure.unit() == "bp" ? Percent(value) : Cat(value, figure.unit());
    };
    const auto& day = figure.target_date();
    progress.Row({figure.name_zh(), text(figure.value()),
                  figure.has_target() ? text(figure.target()) : "",
                  day.year() == 0 ? "" : Cat(day.year(), "年", day.month(), "月"),
                  figure.overdue() ? "逾期" : ""});
  }
  std::printf("%s", progress.Render().c_str());
  for (const DashboardSource& source : dashboard.sources()) {
    std::string state = "尚未同步";
    if (source.has_level_at()) state = Cat("滞后 ", source.lag_seconds(), " 秒");
    if (source.parked() > 0) state += Cat("，搁置 ", source.parked(), " 条");
    std::printf("数据来源 %s：第 %lld 条，%s\n", source.watermark().source().c_str(),
                static_cast<long long>(source.watermark().sequence()), state.c_str());
  }
  return absl::OkStatus();
}

}  // namespace

void AddDashboardCommand(CLI::App& app, Context& context, int& exit_code) {
  auto region = std::make_shared<std::string>("36");
  CLI::App* command = app.add_subcommand("dashboard", "首屏：一个区域的摸排、四个一批与进度");
  command->footer("例: bangfuctl dashboard 3607");
  command->add_option("region", *region, "区划代码")->capture_default_str();
  command->callback([&context, &exit_code, region] {
    absl::Status status = Show(context, *region);
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });
}

}  // namespace bangfu::ctl
