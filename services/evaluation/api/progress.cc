#include "services/evaluation/api/progress.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/types.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/jobs/household_income.h"
#include "services/evaluation/store/override_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {
namespace {

// Target days as numbers (20251031) and target shares; 待省厅确认.
constexpr ParameterDef kClassifiedTargetDay{"CLASSIFIED_TARGET_DATE", 20251031};
constexpr ParameterDef kClassifiedTarget{"CLASSIFIED_TARGET_BP", 10000};
constexpr ParameterDef kTwoYearTargetDay{"TWO_YEAR_TARGET_DATE", 20271031};
constexpr ParameterDef kTwoYearTarget{"TWO_YEAR_TARGET_BP", 10000};

using ProgressFigures = google::protobuf::RepeatedPtrField<v1::ProgressFigure>;

struct Target {
  absl::CivilDay day;
  int64_t value = 0;
};

Target TargetOf(int64_t ymd, int64_t value) {
  return {absl::CivilDay(ymd / 10000, ymd / 100 % 100, ymd % 100), value};
}

v1::ProgressFigure* AddFigure(ProgressFigures& progress, std::string_view code,
                              std::string_view name, int64_t value, std::string_view unit,
                              std::string basis) {
  v1::ProgressFigure* figure = progress.Add();
  figure->set_code(std::string(code));
  figure->set_name_zh(std::string(name));
  figure->set_value(value);
  figure->set_unit(std::string(unit));
  figure->set_basis_zh(std::move(basis));
  return figure;
}

// Income of households in twelve months.
struct IncomeSpan {
  std::string from, to;
  int64_t income_fen = 0;
  // Of the months the most. As many as now, where the number of a month was not kept.
  int64_t households = 0;
  bool known = true;

  bool empty() const { return income_fen == 0 && households == 0; }
};

IncomeSpan SpanOf(const std::vector<IncomeMonth>& months, absl::CivilDay today, int years_ago) {
  const std::vector<absl::CivilMonth> year = YearBefore(today);
  IncomeSpan span;
  span.from = MonthText(year.front() - 12 * years_ago);
  span.to = MonthText(year.back() - 12 * years_ago);
  for (const IncomeMonth& m : months) {
    if (m.month < span.from || m.month > span.to) continue;
    span.income_fen += m.income_fen;
    span.households = std::max(span.households, m.households);
    span.known = span.known && m.households_known;
  }
  return span;
}

void AddIncome(const IncomeSpan& span, std::string_view note_zh, ProgressFigures& progress) {
  std::string basis = "没有联结农户收入数据";
  int64_t each = 0;
  if (span.households > 0) {
    each = MulDivHalfUp(span.income_fen, 1, span.households);
    basis = Cat("联结农户收入", span.income_fen, "分 ÷ 联结农户", span.households, "户");
    if (!span.known) basis += "（当期户数不全，按现有户数计）";
  } else if (!span.empty()) {
    basis = Cat("联结农户收入", span.income_fen, "分，联结农户数不详");
  }
  AddFigure(progress, "INCOME_PER_HOUSEHOLD", "联结农户户均增收", each, "分", Cat(basis, note_zh))
      ->set_period(Cat(span.from, "/", span.to));
}

// R007: the last two spans of twelve months that are over, each by its own households. The two make
// a growth, of the projects whose households are known in both; without any there is none to show.
void AddIncomes(const RegionIncome& income, absl::CivilDay today, ProgressFigures& progress) {
  const ComparedIncome& compared = income.compared;
  IncomeSpan before = SpanOf(compared.months, today, 1);
  IncomeSpan latest = SpanOf(compared.months, today, 0);
  // Where all that are known have ended their links, those left out are the ones to tell of.
  if (before.households > 0 && (latest.households > 0 || compared.left_out == 0)) {
    std::string note_zh;
    if (compared.left_out > 0) {
      note_zh = Cat("；另有", compared.left_out, "个项目户数未逐月留存，两期均未计入");
    }
    AddIncome(before, note_zh, progress);
    AddIncome(latest, note_zh, progress);
    return;
  }
  before = SpanOf(income.months, today, 1);
  latest = SpanOf(income.months, today, 0);
  std::string note_zh;
  if (before.empty()) {
    if (!latest.empty()) note_zh = "；上一期没有数据，不作比较";
  } else if (compared.left_out > 0) {
    note_zh = Cat("；", compared.left_out, "个项目户数未逐月留存，不与上一期比较");
  } else {
    note_zh = "；户数未逐月留存，不与上一期比较";
  }
  AddIncome(latest, note_zh, progress);
}

void SetTarget(const Target& target, absl::CivilDay today, v1::ProgressFigure* figure) {
  SetDay(target.day, figure->mutable_target_date());
  figure->set_target(target.value);
  figure->set_overdue(today > target.day && figure->value() < target.value);
}

}  // namespace

Unclassified UnclassifiedOf(const UnitFigures& figures, int subject_type) {
  Unclassified out;
  for (const auto& [key, f] : figures.results) {
    if (key.first != subject_type) continue;
    if (key.second > kInForceCell) out.pending += f.count;
    if (key.second >= kInForceCell) continue;
    switch (static_cast<Result>(key.second)) {
      case Result::kInsufficientData:
        out.insufficient_data += f.count;
        break;
      case Result::kManualReview:
        out.manual_review += f.count;
        break;
      case Result::kNotApplicable:
        out.not_applicable += f.count;
        break;
      case Result::kUnspecified:
        out.not_evaluated += f.count;
        break;
      default:
        out.under_way += f.count;
    }
  }
  return out;
}

absl::Status FillProgress(mysql::Executor& db, const std::string& region, absl::CivilDay today,
                          const ProgressInput& input, ProgressFigures* out) {
  ProgressFigures& progress = *out;
  ASSIGN_OR_RETURN(const std::vector<int64_t> targets,
                   ReadParameters(db, {kClassifiedTargetDay, kClassifiedTarget, kTwoYearTargetDay,
                                       kTwoYearTarget, kOverrideShareLimit}));

  // R003: who has a class in force, of all that were inventoried; the rest by why it has none. Each
  // subject counts once, so that the share's two numbers and the counts after it add up.
  std::map<int, int64_t> classified, all;
  for (const auto& [key, f] : input.figures.classes) classified[key.first] += f.count;
  for (const auto& [key, f] : input.figures.results) all[key.first] += f.count;
  const Target by = TargetOf(targets[0], targets[1]);
  for (int type : {kProjectSubject, kIndustrySubject}) {
    const bool project = type == kProjectSubject;
    const std::string_view what = project ? "项目" : "产业";
    const std::string_view prefix = project ? "" : "INDUSTRY_";
    v1::ProgressFigure* share =
        AddFigure(progress, Cat(prefix, "CLASSIFIED_SHARE"), Cat(what, "分类完成率"),
                  RatioBp(classified[type], all[type]), "bp",
                  Cat("已生效分类", classified[type], "个 ÷ 摸排", what, all[type], "个"));
    SetTarget(by, today, share);
    const Unclassified rest = UnclassifiedOf(input.figures, type);
    struct Kind {
      std::string_view code, name;
      int64_t count;
    };
    for (const Kind& kind : {
             Kind{"INSUFFICIENT_DATA", EnumZh(Result::kInsufficientData), rest.insufficient_data},
             Kind{"MANUAL_REVIEW", EnumZh(Result::kManualReview), rest.manual_review},
             Kind{"NOT_APPLICABLE", EnumZh(Result::kNotApplicable), rest.not_applicable},
             Kind{"UNDER_WAY", "待认定", rest.under_way},
             Kind{"NOT_EVALUATED", "未评估", rest.not_evaluated},
         }) {
      AddFigure(progress, Cat(prefix, kind.code), Cat(what, kind.name), kind.count, "个",
                Cat("没有生效分类的", what, "，按最近一次评估结果"));
    }
    AddFigure(progress, Cat(prefix, "PENDING"), Cat(what, "在册待处理"), rest.pending, "个",
              Cat("已生效分类的", what,
                  "，最近一次评估为数据不足、人工研判或暂不分类且尚未认定；计在原类别，不另计"));
  }

  // R004, R005.
  const CloseOuts& sums = input.close_outs;
  AddFigure(progress, "REVITALIZATION_RATE", "盘活率", RevitalizationRateBp(sums), "bp",
            "（盘活资产金额÷需盘活总金额＋盘活数量÷需盘活总数量）÷2；盘活：已重新认定为巩固类、升级"
            "类或已销号");
  AddFigure(
      progress, "REVITALIZED_VALUE_SHARE", "盘活资产金额占比",
      RatioBp(sums.revitalized_value_fen, sums.revitalize_value_fen), "bp",
      Cat("盘活资产", sums.revitalized_value_fen, "分 ÷ 需盘活", sums.revitalize_value_fen, "分"));
  AddFigure(progress, "REVITALIZED_COUNT_SHARE", "盘活数量占比",
            RatioBp(sums.revitalized, sums.revitalize_due), "bp",
            Cat("盘活", sums.revitalized, "个 ÷ 需盘活", sums.revitalize_due, "个"));
  AddFigure(progress, "CLOSE_OUT_RATE", "销号率", RatioBp(sums.done(), sums.due), "bp",
            Cat("已销号", sums.done(), "个（巩固", sums.to_consolidate, "、升级", sums.to_upgrade,
                "、退出", sums.exited, "）÷ 应销号", sums.due, "个"));
  const Target two_years = TargetOf(targets[2], targets[3]);
  SetTarget(two_years, today,
            AddFigure(progress, "TWO_YEAR_TARGET", "低效闲置、落后停滞项目盘活调整完成率",
                      RatioBp(sums.done() + sums.reclassified, sums.due), "bp",
                      Cat("已重新认定为巩固类、升级类", sums.reclassified, "个、已销号",
                          sums.done(), "个 ÷ 盘活类和调整类", sums.due, "个")));

  // §4.7: what persons set against the computed class.
  Figures in_force;
  for (const auto& [key, f] : input.figures.classes) in_force += f;
  AddFigure(progress, "OVERRIDE_SHARE", "人工调整率", RatioBp(in_force.overridden, in_force.count),
            "bp",
            Cat("人工调整", in_force.overridden, "个 ÷ 已生效分类", in_force.count,
                "个；超过上限提示市级"))
      ->set_target(targets[4]);
  ASSIGN_OR_RETURN(const auto due, CountDue(db, region, static_cast<int>(region.size())));
  int64_t due_sum = 0;
  for (const auto& [unit, count] : due) due_sum += count;
  AddFigure(progress, "REEVALUATION_DUE", "人工调整到期应重新评估", due_sum, "个",
            "人工调整有效期已过、尚无新的评估生效");

  const std::vector<absl::CivilMonth> year = YearBefore(today);
  RegionIncome income;
  if (region.size() >= 6) {
    ASSIGN_OR_RETURN(income, CompareHouseholdIncome(db, region, year.back()));
  } else {
    ASSIGN_OR_RETURN(income.months, ListIncome(db, region, MonthText(year.front() - 12)));
    if (!income.months.empty()) {
      ASSIGN_OR_RETURN(income.compared, ListComparedIncome(db, region, MonthText(year.back())));
    }
  }
  AddIncomes(income, today, progress);
  return absl::OkStatus();
}

}  // namespace bangfu::evaluation
