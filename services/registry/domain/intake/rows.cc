#include "services/registry/domain/intake/rows.h"

#include <algorithm>
#include <cstdlib>

#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"

namespace bangfu::registry::intake {
namespace {

using printed::ContainsAny;
using printed::Normalize;

RowOutcome OutcomeOf(const std::vector<RowIssue>& issues) {
  RowOutcome outcome = RowOutcome::kCreated;
  for (const RowIssue& issue : issues) {
    const RowOutcome o = issue.severity == IssueSeverity::kWarn   ? RowOutcome::kWarned
                         : issue.severity == IssueSeverity::kHold ? RowOutcome::kHeld
                                                                  : RowOutcome::kRefused;
    outcome = std::max(outcome, o);
  }
  return outcome;
}

// 6个深度贫困村, 100家新型经营主体, 产业发展项目1个, 15个拟脱贫村 …: a count of things as the name.
bool NamesACount(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] < '0' || name[i] > '9') continue;
    size_t end = i;
    while (end < name.size() && name[end] >= '0' && name[end] <= '9') ++end;
    const std::string_view rest = name.substr(end);
    for (std::string_view counter : {"个", "家", "处", "座"}) {
      if (HasPrefix(rest, counter)) return true;
    }
    i = end;
  }
  return false;
}

}  // namespace

std::string_view RowOutcomeName(RowOutcome outcome) {
  switch (outcome) {
    case RowOutcome::kCreated:
      return "CREATED";
    case RowOutcome::kUpdated:
      return "UPDATED";
    case RowOutcome::kUnchanged:
      return "UNCHANGED";
    case RowOutcome::kWarned:
      return "WARNED";
    case RowOutcome::kHeld:
      return "HELD";
    case RowOutcome::kRefused:
      return "REFUSED";
  }
  return "";
}

void RowReport::Add(RowIssue issue) {
  issues.push_back(std::move(issue));
  outcome = OutcomeOf(issues);
}

void RowReport::Withdraw(std::string_view reason) {
  std::erase_if(issues, [&](const RowIssue& issue) { return issue.reason == reason; });
  outcome = OutcomeOf(issues);
}

bool RowReport::Has(std::string_view reason) const {
  return std::any_of(issues.begin(), issues.end(),
                     [&](const RowIssue& issue) { return issue.reason == reason; });
}

SumResult SumCheck(const std::vector<int64_t>& items_fen, int64_t total_fen) {
  SumResult out;
  if (items_fen.empty()) return out;
  for (int64_t fen : items_fen) {
    if (__builtin_add_overflow(out.items_fen, fen, &out.items_fen)) return SumResult{};
  }
  if (__builtin_sub_overflow(out.items_fen, total_fen, &out.difference_fen)) return SumResult{};
  const int64_t tolerance = kSumToleranceFen * static_cast<int64_t>(items_fen.size());
  out.verdict = out.difference_fen == 0                     ? SumVerdict::kEqual
                : std::abs(out.difference_fen) <= tolerance ? SumVerdict::kRounding
                                                            : SumVerdict::kMismatch;
  return out;
}

SumResult SumCheck(const printed::DeclaredSources& sources, const printed::Amount& total) {
  if (!total.exact() || sources.incomplete) return {};
  std::vector<int64_t> items;
  for (const printed::DeclaredSource& source : sources.items) {
    if (!source.amount.exact() || source.this_allocation) return {};
    items.push_back(*source.amount.fen);
  }
  return SumCheck(items, *total.fen);
}

RowKind ClassifyRow(const RowFacts& facts) {
  for (std::string_view cell : facts.label_cells) {
    if (!StrContains(cell, "计") && !StrContains(cell, "計")) continue;
    const std::string key = MatchKey(cell);
    if (StrContains(key, "小计")) return RowKind::kSubtotal;
    for (std::string_view word : {"合计", "总计", "共计", "总合计", "全县合计", "累计"}) {
      if (key == word || (HasSuffix(key, word) && Utf8Length(key) <= 12) ||
          (HasPrefix(key, word) && Utf8Length(key) <= 6)) {
        return RowKind::kTotal;
      }
    }
  }
  if (facts.has_township_or_village) return RowKind::kItem;
  const std::string type = Normalize(facts.type_text), name = Normalize(facts.name),
                    notes = Normalize(facts.notes);
  if (ContainsAny(type, {"资金切块", "切块"}) || StrContains(name, "资金切块"))
    return RowKind::kRollUp;
  if (ContainsAny(notes, {"汇总行", "类别级", "汇总数", "五年汇总"})) return RowKind::kRollUp;
  bool own_place = false;
  for (std::string_view place : facts.places) {
    std::string short_name = Normalize(place);
    if (Utf8Length(short_name) > 2) {
      for (std::string_view ending : {"县", "市", "区", "镇", "乡", "村"}) {
        if (HasSuffix(short_name, ending)) {
          short_name.resize(short_name.size() - ending.size());
          break;
        }
      }
    }
    own_place = own_place || (!short_name.empty() && StrContains(name, short_name));
  }
  if (own_place) return RowKind::kItem;
  if (NamesACount(name)) return RowKind::kRollUp;
  if (!name.empty() && !facts.has_details) return RowKind::kSuspectedRollUp;
  return RowKind::kItem;
}

bool IsSubtotalBySum(const RowFacts& facts, std::optional<int64_t> fen, int64_t sum_above_fen,
                     int rows_above) {
  return Normalize(facts.name).empty() && !facts.has_details && fen.has_value() &&
         rows_above >= 2 && *fen == sum_above_fen;
}

}  // namespace bangfu::registry::intake
