#include "services/asset/domain/schedule.h"

#include <algorithm>
#include <string>

#include "common/base/bp.h"
#include "common/base/strings.h"
#include "services/asset/domain/rules.h"

namespace bangfu::asset {
namespace {

absl::CivilDay AddYears(absl::CivilDay day, int years) { return AddMonths(day, years * 12); }

absl::CivilDay OnDueDay(int64_t year, const DueDay& due_day) {
  const absl::CivilMonth month(year, due_day.month);
  const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
  return std::min(absl::CivilDay(month) + (due_day.day - 1), last);
}

// Days of [from, to] on which a part is due; at least one.
std::vector<absl::CivilDay> DueDates(absl::CivilDay from, absl::CivilDay to,
                                     const std::vector<DueDay>& due_days) {
  std::vector<absl::CivilDay> dates;
  for (int64_t year = from.year(); year <= to.year(); ++year) {
    for (const DueDay& due_day : due_days) {
      const absl::CivilDay date = OnDueDay(year, due_day);
      if (date >= from && date <= to) dates.push_back(date);
    }
  }
  std::sort(dates.begin(), dates.end());
  dates.erase(std::unique(dates.begin(), dates.end()), dates.end());
  if (dates.empty()) dates.push_back(to);
  return dates;
}

bool OfOwnBase(RateBase base) {
  return base == RateBase::kOutput || base == RateBase::kSales || base == RateBase::kProfit;
}

}  // namespace

bool NeedsBase(const Due& due) { return due.rate_bp > 0 && OfOwnBase(due.base); }

Due WithBase(Due due, int64_t base_fen) {
  due.base_fen = base_fen;
  due.due_fen = due.fixed_fen + MulDivHalfUp(std::max<int64_t>(base_fen, 0), due.rate_bp, kBpOne);
  return due;
}

absl::StatusOr<std::vector<Due>> ComputeDues(const std::vector<ScheduleStep>& steps,
                                             const std::vector<DueDay>& due_days,
                                             absl::CivilDay contract_from,
                                             absl::CivilDay contract_to,
                                             int64_t original_value_fen) {
  std::vector<FieldViolation> violations;
  if (contract_to < contract_from) violations.push_back({"terms.end_date", "合同止期早于起期"});
  for (size_t i = 0; i < steps.size(); ++i) {
    const ScheduleStep& step = steps[i];
    const std::string path = Cat("terms.schedule[", i, "]");
    if (step.to < step.from) violations.push_back({Cat(path, ".to"), "止期早于起期"});
    if (step.from < contract_from || step.to > contract_to) {
      violations.push_back({path, "收益约定须在合同期内"});
    }
    if (i > 0 && step.from <= steps[i - 1].to)
      violations.push_back({Cat(path, ".from"), "与上一段重叠"});
    if (step.fixed_fen_per_year == 0 && step.rate_bp == 0) {
      violations.push_back({path, "须有固定金额或比例"});
    }
    if (step.rate_bp > 0 && step.base == RateBase::kUnspecified) {
      violations.push_back({Cat(path, ".rate_base"), "按比例计收须说明基数"});
    }
    if (step.rate_bp > 0 && step.base == RateBase::kOriginalValue && original_value_fen <= 0) {
      violations.push_back({Cat(path, ".rate_base"), "资产原值未知，不能按原值计收"});
    }
    if ((step.escalation_bp > 0) != (step.escalation_years > 0)) {
      violations.push_back({Cat(path, ".escalation_years"), "递增须同时填写幅度和年数"});
    }
  }
  if (absl::Status bad = ToStatus(std::move(violations)); !bad.ok()) return bad;

  std::vector<Due> dues;
  for (const ScheduleStep& step : steps) {
    int64_t fixed = step.fixed_fen_per_year;
    for (int k = 0;; ++k) {
      const absl::CivilDay from = AddYears(step.from, k);
      if (from > step.to) break;
      if (k > 0 && step.escalation_years > 0 && k % step.escalation_years == 0) {
        fixed = MulDivHalfUp(fixed, kBpOne + step.escalation_bp, kBpOne);
      }
      const absl::CivilDay full_to = AddYears(step.from, k + 1) - 1;
      const absl::CivilDay to = std::min(full_to, step.to);
      int64_t sum = fixed;
      if (step.rate_bp > 0 && step.base == RateBase::kOriginalValue) {
        sum += MulDivHalfUp(original_value_fen, step.rate_bp, kBpOne);
      }
      if (to < full_to) sum = MulDivHalfUp(sum, to - from + 1, full_to - from + 1);

      const std::vector<absl::CivilDay> dates = DueDates(from, to, due_days);
      const std::vector<int64_t> parts =
          SplitLargestRemainder(sum, std::vector<int64_t>(dates.size(), 1));
      absl::CivilDay part_from = from;
      for (size_t i = 0; i < dates.size(); ++i) {
        if (dues.size() >= kMaxDues) {
          return InvalidField("terms.schedule", "应收期数过多").Build();
        }
        Due due;
        due.no = static_cast<int32_t>(dues.size()) + 1;
        due.from = part_from;
        due.to = i + 1 == dates.size() ? to : dates[i];
        due.due_date = dates[i];
        due.fixed_fen = parts[i];
        due.rate_bp = step.rate_bp;
        due.base = step.base;
        if (OfOwnBase(step.base) && step.rate_bp > 0) {
          // due_fen stays open until the base is stated.
        } else {
          due.due_fen = parts[i];
          if (step.base == RateBase::kOriginalValue) due.base_fen = original_value_fen;
        }
        part_from = dates[i] + 1;
        dues.push_back(std::move(due));
      }
    }
  }
  return dues;
}

}  // namespace bangfu::asset
