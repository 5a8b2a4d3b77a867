// What an importer says of each row, and the checks that concern several values or rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/printed/amount.h"
#include "common/printed/fund_source.h"

namespace bangfu::registry::intake {

enum class RowOutcome { kCreated, kUpdated, kUnchanged, kWarned, kHeld, kRefused };
std::string_view RowOutcomeName(RowOutcome outcome);  // "CREATED" …

enum class IssueSeverity { kWarn, kHold, kRefuse };

struct RowIssue {
  std::string field;        // column key: "planned_total"
  std::string reason;       // UPPER_SNAKE_CASE
  std::string raw;          // as it came
  std::string understood;   // what was made of it; empty = nothing
  std::string proposal_zh;  // what is asked or proposed
  IssueSeverity severity = IssueSeverity::kWarn;
};

// One line of the import's report. The parser says CREATED, WARNED, HELD or REFUSED; whoever stores
// the row turns CREATED into UPDATED or UNCHANGED where it finds the key.
struct RowReport {
  int64_t row_no = 0;
  std::string key;
  RowOutcome outcome = RowOutcome::kCreated;
  std::vector<RowIssue> issues;

  void Add(RowIssue issue);
  // Takes back the issues of a reason and computes the outcome anew.
  void Withdraw(std::string_view reason);
  bool Has(std::string_view reason) const;
};

// ---- sums ----

enum class SumVerdict {
  kNotComparable,  // an item or the total is not one exact number
  kEqual,
  kRounding,  // off by at most 0.01万元 × items: a warning, neither figure is changed
  kMismatch,  // beyond: held for correction
};
struct SumResult {
  SumVerdict verdict = SumVerdict::kNotComparable;
  int64_t items_fen = 0;
  int64_t difference_fen = 0;  // items − total
};
inline constexpr int64_t kSumToleranceFen = 10'000;  // 0.01万元, per item

SumResult SumCheck(const std::vector<int64_t>& items_fen, int64_t total_fen);
// Declared sources against the total; not comparable when a source has no exact amount, is this
// allocation only, or the list is incomplete.
SumResult SumCheck(const printed::DeclaredSources& sources, const printed::Amount& total);

// ---- 小计, 合计 and category roll-ups ----

enum class RowKind {
  kItem,
  kSubtotal,  // 小计
  kTotal,     // 合计, 总计, 共计
  kRollUp,    // a category or a lump sum (资金切块, 100家新型经营主体): summary only
  kSuspectedRollUp,  // looks like one: asked
};

struct RowFacts {
  std::vector<std::string_view> label_cells;  // serial number, region and name cells, as printed
  std::string_view name, type_text, notes;
  std::vector<std::string_view> places;  // province … village, the ones that are filled
  bool has_township_or_village = false;
  bool has_details = false;  // content, implementing unit, operator, beneficiaries or a code
};
RowKind ClassifyRow(const RowFacts& facts);

// A row without a name whose amount equals the sum of the rows above it is their subtotal.
bool IsSubtotalBySum(const RowFacts& facts, std::optional<int64_t> fen, int64_t sum_above_fen,
                     int rows_above);

}  // namespace bangfu::registry::intake
