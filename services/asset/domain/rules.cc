#include "services/asset/domain/rules.h"

#include <algorithm>

#include "common/base/bp.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "services/asset/domain/operated.h"

namespace bangfu::asset {

bool UsesSomething(UseState state) {
  return state == UseState::kInUse || state == UseState::kPartial || state == UseState::kOffSeason;
}

bool IsStopped(UseState state) {
  return state == UseState::kSuspended || state == UseState::kIdle || state == UseState::kDamaged;
}

absl::CivilDay AddMonths(absl::CivilDay day, int months) {
  const absl::CivilMonth month = absl::CivilMonth(day) + months;
  const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
  const absl::CivilDay same(month.year(), month.month(), 1);
  return std::min(same + (day.day() - 1), last);
}

int MonthsBetween(absl::CivilDay from, absl::CivilDay to) {
  if (to <= from) return 0;
  int months = static_cast<int>(absl::CivilMonth(to) - absl::CivilMonth(from));
  if (AddMonths(from, months) > to) --months;
  return std::max(months, 0);
}

int32_t InUseShareBp(const Use& use) {
  switch (use.state) {
    case UseState::kInUse:
    case UseState::kOffSeason:
      return kBpOne;
    case UseState::kPartial: {
      int32_t sum = 0;
      for (const UsePart& part : use.parts) {
        if (part.state == UseState::kInUse || part.state == UseState::kOffSeason)
          sum += part.share_bp;
      }
      return std::min(sum, kBpOne);
    }
    default:
      return 0;
  }
}

absl::Status ToStatus(std::vector<FieldViolation> violations) {
  if (violations.empty()) return absl::OkStatus();
  Error error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID");
  for (const FieldViolation& v : violations) error.Field(v.field, v.description);
  return error.Zh(violations.front().description).Build();
}

void CheckShares(const std::vector<int32_t>& shares, bool may_be_unknown, std::string_view path,
                 std::vector<FieldViolation>* violations) {
  if (shares.empty()) return;
  int64_t sum = 0;
  bool all_zero = true;
  for (const int32_t share : shares) {
    sum += share;
    if (share != 0) all_zero = false;
  }
  if (all_zero && may_be_unknown) return;
  if (sum != kBpOne) {
    violations->push_back({std::string(path), Cat("份额合计应为10000基点(100%)，现为", sum)});
  }
}

void CheckConservation(int64_t original_value_fen, const std::vector<int64_t>& amounts,
                       std::string_view path, std::vector<FieldViolation>* violations) {
  int64_t sum = 0;
  for (const int64_t amount : amounts) {
    auto added = AddFen(sum, amount);
    if (!added.ok()) {
      violations->push_back({std::string(path), "金额合计超出范围"});
      return;
    }
    sum = *added;
  }
  if (sum != original_value_fen) {
    violations->push_back(
        {std::string(path), Cat("各资金来源合计", FormatYuan(sum), "元，不等于原值",
                                FormatYuan(original_value_fen), "元")});
  }
}

std::optional<int32_t> VillageShareBp(const std::vector<std::pair<OwnerLevel, int32_t>>& shares) {
  int64_t sum = 0;
  int64_t village = 0;
  for (const auto& [level, share] : shares) {
    sum += share;
    if (level == OwnerLevel::kVillageCollective || level == OwnerLevel::kMultiVillage ||
        level == OwnerLevel::kHousehold) {
      village += share;
    }
  }
  if (sum != kBpOne) return std::nullopt;
  return static_cast<int32_t>(village);
}

absl::Status CheckUse(const UseContext& context, std::string_view path, Use* use) {
  std::vector<FieldViolation> violations;
  const auto add = [&](std::string_view field, std::string_view text) {
    violations.push_back({Cat(path, ".", field), std::string(text)});
  };
  if (use->state == UseState::kUnspecified) add("use_state", "请填写使用状态");
  if (use->since > context.today) add("since", "起始日期不能晚于今天");
  if (context.formed && use->since < *context.formed) add("since", "起始日期不能早于建成时间");
  if (IsStopped(use->state)) {
    if (!use->idle_since) use->idle_since = use->since;
    if (*use->idle_since > use->since) add("idle_since", "闲置起始不能晚于状态起始日期");
    if (use->idle_reason.empty()) add("idle_reason", "停用、闲置、损毁须说明原因");
  } else if (use->state == UseState::kPartial) {
    if (use->parts.size() < 2) {
      add("use_parts", "部分使用须分列各部分");
    } else {
      std::vector<int32_t> shares;
      bool used = false;
      bool unused = false;
      for (size_t i = 0; i < use->parts.size(); ++i) {
        const UsePart& part = use->parts[i];
        shares.push_back(part.share_bp);
        if (part.state == UseState::kPartial || part.state == UseState::kUnspecified) {
          add(Cat("use_parts[", i, "].use_state"), "分部须为单一使用状态");
        }
        (UsesSomething(part.state) ? used : unused) = true;
      }
      CheckShares(shares, false, Cat(path, ".use_parts"), &violations);
      if (!used || !unused) add("use_parts", "部分使用须既有在用部分又有未用部分");
    }
    if (!use->idle_since) use->idle_since = use->since;
    if (*use->idle_since > context.today) add("idle_since", "闲置起始不能晚于今天");
  } else {
    if (use->idle_since) add("idle_since", "在用或未投用的资产没有闲置起始");
  }
  if (use->state != UseState::kPartial && !use->parts.empty()) {
    add("use_parts", "仅部分使用时分列各部分");
  }
  if (use->irreparable && use->state != UseState::kDamaged)
    add("irreparable", "仅损毁时可填无法修复");
  if (absl::Status bad = ToStatus(std::move(violations)); !bad.ok()) return bad;

  // SUSPENDED and IDLE are one state that the six months tell apart.
  if (use->state == UseState::kSuspended || use->state == UseState::kIdle) {
    use->state = MonthsBetween(*use->idle_since, context.today) >= kIdleMonths
                     ? UseState::kIdle
                     : UseState::kSuspended;
  }
  const Use* previous = context.previous;
  if (previous != nullptr && use->since < previous->since) {
    return Error(absl::StatusCode::kFailedPrecondition, "REPORT_OUT_OF_ORDER")
        .Domain(kErrorDomain)
        .Zh("起始日期早于上次上报的状态起始日期")
        .With("last_since", Cat(absl::FormatCivilTime(previous->since)))
        .Build();
  }
  const auto wrong = [](std::string_view zh) {
    return Error(absl::StatusCode::kFailedPrecondition, "USE_STATE_WRONG")
        .Domain(kErrorDomain)
        .Zh(zh)
        .Build();
  };
  if (use->state == UseState::kCultivating) {
    if (!context.cultivation_ends) return wrong("没有栽植时间和培育期，不能填培育期");
    if (*context.cultivation_ends < use->since) return wrong("培育期已满");
  }
  const bool used_before = previous != nullptr && previous->ever_used;
  if (used_before &&
      (use->state == UseState::kNotStarted || use->state == UseState::kCultivating)) {
    return wrong("已投用的资产不能改为未投用或培育期");
  }
  if (previous != nullptr && previous->state == UseState::kDamaged && previous->irreparable &&
      use->state != UseState::kDamaged) {
    return wrong("已认定损毁无法修复，不能改报其他状态");
  }
  use->ever_used = used_before || UsesSomething(use->state) ||
                   // An asset that stopped had been running, unless it is entered as never used.
                   use->state == UseState::kSuspended || use->state == UseState::kIdle;
  use->operated = OperatedWith(previous, *use);
  return absl::OkStatus();
}

}  // namespace bangfu::asset
