#include "services/registry/domain/project.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "common/base/bp.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/domain/inventory.h"

namespace bangfu::registry {
namespace {

int Digits(std::string_view text) {
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

absl::CivilMonth MonthOf(std::string_view period) {
  return absl::CivilMonth(Digits(period.substr(0, 4)), Digits(period.substr(5, 2)));
}

}  // namespace

bool IsLegacyEntryState(ProjectState state) {
  switch (state) {
    case ProjectState::kUnderConstruction:
    case ProjectState::kPaused:
    case ProjectState::kCompleted:
    case ProjectState::kAccepted:
    case ProjectState::kOperating:
    case ProjectState::kIdle:
    case ProjectState::kTerminated:
      return true;
    default:
      return false;
  }
}

bool IsProducingState(ProjectState state) {
  return state == ProjectState::kOperating || state == ProjectState::kIdle;
}

bool MayReportOperation(ProjectState state) {
  return state == ProjectState::kCompleted || state == ProjectState::kAccepted ||
         IsProducingState(state);
}

absl::Status CheckScope(const std::vector<FundingFact>& funding) {
  const bool any_public =
      std::any_of(funding.begin(), funding.end(), [](const FundingFact& f) { return f.is_public; });
  if (any_public) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "OUT_OF_SCOPE")
      .Zh("没有财政性资金来源，不在帮扶产业摸排范围")
      .Field("project.declared_funding", "至少填写一项财政性资金来源");
}

absl::StatusOr<FundingSums> SumFunding(const std::vector<FundingFact>& funding) {
  FundingSums sums;
  for (const FundingFact& f : funding) {
    if (!f.exact_fen) continue;
    absl::StatusOr<int64_t> all = AddFen(sums.declared_fen, *f.exact_fen);
    if (!all.ok()) return InvalidField("project.declared_funding", "资金合计超出范围");
    sums.declared_fen = *all;
    // A part of a sum that fits fits too.
    if (f.is_public) sums.public_fen += *f.exact_fen;
  }
  return sums;
}

std::string FormatProjectCode(std::string_view county6, int year, int64_t sequence) {
  return Cat("PJ", county6, "-", absl::StrFormat("%04d-%06d", year, sequence));
}

absl::Status CheckShares(const std::vector<int32_t>& shares_bp) {
  int64_t sum = 0;
  for (const int32_t share : shares_bp) sum += share;
  if (sum > kBpOne) return InvalidField("project.covered_regions", "份额合计超过100%");
  return absl::OkStatus();
}

bool IsVerifiedField(std::string_view field) {
  static constexpr std::array<std::string_view, 13> kFree = {
      "note",           "filler_name",    "filler_phone",        "evidence",    "external_ids",
      "raw_texts",      "programmes",     "responsible_clauses", "latitude_e7", "longitude_e7",
      "helper_org_ids", "short_board_id", "claimed_class"};
  return std::find(kFree.begin(), kFree.end(), field) == kFree.end();
}

bool IsImmutableField(std::string_view field) {
  static constexpr std::array<std::string_view, 26> kFixed = {"id",
                                                              "project_code",
                                                              "revision",
                                                              "region_code",
                                                              "region_path",
                                                              "industry_id",
                                                              "state",
                                                              "origin",
                                                              "verification_state",
                                                              "data_quality",
                                                              "taxonomy_version",
                                                              "campaign_id",
                                                              "is_sample",
                                                              "is_void",
                                                              "void_reason",
                                                              "etag",
                                                              "created_by",
                                                              "created_at",
                                                              "updated_by",
                                                              "updated_at",
                                                              "year",
                                                              "declared_total_fen",
                                                              "public_total_fen",
                                                              "allowed_actions",
                                                              "state_text",
                                                              "region_text"};
  return std::find(kFixed.begin(), kFixed.end(), field) != kFixed.end();
}

absl::Status CheckEditWindow(const EditWindow& window, int editor_level) {
  if (!window.has_report || editor_level <= kCountyLevel) return absl::OkStatus();
  const auto locked = [](std::string_view zh) {
    return FailedPrecondition("REPORT_LOCKED", zh).Build();
  };
  const UnitReportState state = static_cast<UnitReportState>(window.report_state);
  if (window.past_deadline && !window.lock_exception) {
    return locked("已过上报时限，须先取得解锁授权");
  }
  switch (state) {
    case UnitReportState::kUnspecified:
    case UnitReportState::kNotStarted:
    case UnitReportState::kDraft:
    case UnitReportState::kReturned:
      return absl::OkStatus();
    case UnitReportState::kSubmitted:
      if (editor_level <= kTownshipLevel) return absl::OkStatus();
      return locked("本村报告已上报，须由乡镇退回后修改");
    default:
      return locked("乡镇已审核，须退回后修改");
  }
}

absl::Status CheckDates(const ProjectDates& dates, absl::CivilDay today) {
  const auto after = [](const std::optional<absl::CivilDay>& first,
                        const std::optional<absl::CivilDay>& second) {
    return first && second && *second < *first;
  };
  if (after(dates.planned_start, dates.planned_end)) {
    return InvalidField("project.planned_end", "计划完工不能早于计划开工");
  }
  if (after(dates.actual_start, dates.actual_end)) {
    return InvalidField("project.actual_end", "实际完工不能早于实际开工");
  }
  if (after(dates.production_start, dates.design_capacity)) {
    return InvalidField("project.design_capacity_date", "达产时间不能早于投产时间");
  }
  const auto future = [&](const std::optional<absl::CivilDay>& day) { return day && *day > today; };
  if (future(dates.actual_start))
    return InvalidField("project.actual_start", "实际开工不能晚于今天");
  if (future(dates.actual_end)) return InvalidField("project.actual_end", "实际完工不能晚于今天");
  if (future(dates.planting)) return InvalidField("project.planting_date", "定植时间不能晚于今天");
  if (future(dates.production_start)) {
    return InvalidField("project.production_start_date", "投产时间不能晚于今天");
  }
  return absl::OkStatus();
}

absl::Status CheckReport(const ReportFigures& figures, absl::CivilDay today,
                         int64_t scope_start_year) {
  if (figures.poor_workers && figures.poor_workers > figures.workers.value_or(0)) {
    return InvalidField("report.poor_workers", "脱贫(监测)人数不能超过务工人数");
  }
  if (figures.poor_person_days && figures.poor_person_days > figures.person_days.value_or(0)) {
    return InvalidField("report.poor_person_days", "脱贫(监测)人日不能超过务工人日");
  }
  const absl::CivilMonth month = MonthOf(figures.period);
  const int64_t days = absl::CivilDay(month + 1) - absl::CivilDay(month);
  if (figures.stop_days > days) return InvalidField("report.stop_days", "停产天数超过当月天数");
  if (month.year() < scope_start_year) return InvalidField("report.period", "月份过早");
  if (absl::CivilDay(month) > today) {
    return FailedPrecondition("PERIOD_IN_FUTURE", "月份尚未开始");
  }
  return absl::OkStatus();
}

bool IsLateReport(std::string_view period, absl::CivilDay today, int64_t deadline_day) {
  return today > absl::CivilDay(MonthOf(period) + 1) + (deadline_day - 1);
}

absl::Status CheckPlanPeriod(std::string_view period) {
  if (period.size() == 9 && period[4] == '-' &&
      Digits(period.substr(5)) == Digits(period.substr(0, 4)) + 4) {
    return absl::OkStatus();
  }
  return InvalidField("plan_period", "规划期为五年，如2026-2030");
}

}  // namespace bangfu::registry
