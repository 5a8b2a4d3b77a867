#include "services/registry/domain/intake/folding.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/amount.h"
#include "services/registry/domain/intake/rows.h"

namespace bangfu::registry::intake {
namespace {

using F = ProjectField;
using printed::Amount;
using printed::ParseState;

}  // namespace

void FoldLongRows(std::vector<ParsedProjectRow>* rows) {
  absl::flat_hash_map<std::string, size_t> first;
  absl::flat_hash_map<size_t, std::vector<Amount>> totals;        // of the rows of a folded project
  absl::flat_hash_map<size_t, std::set<std::string>> sources_of;  // by their keys
  std::vector<ParsedProjectRow> out;
  out.reserve(rows->size());
  for (ParsedProjectRow& row : *rows) {
    if (row.key.empty() || row.Text(F::kProjectName).empty()) {
      out.push_back(std::move(row));
      continue;
    }
    const auto [it, inserted] = first.emplace(row.key, out.size());
    if (inserted) {
      out.push_back(std::move(row));
      continue;
    }
    ParsedProjectRow& lead = out[it->second];
    std::set<std::string>& sources = sources_of[it->second];
    if (sources.empty()) sources.insert(MatchKey(lead.Text(F::kFundSource)));
    const bool same_source = sources.contains(MatchKey(row.Text(F::kFundSource)));
    const bool one_each = row.sources.items.size() == 1 && !lead.sources.items.empty();
    if (same_source || !one_each) {
      row.report.Add({"name", "DUPLICATE_ROW", std::string(row.Text(F::kProjectName)),
                      Cat("与第", lead.row_no, "行相同"), "同一项目重复出现，请确认",
                      IssueSeverity::kHold});
      out.push_back(std::move(row));
      continue;
    }
    sources.insert(MatchKey(row.Text(F::kFundSource)));
    std::vector<Amount>& printed = totals[it->second];
    if (printed.empty()) printed.push_back(lead.planned_total);
    printed.push_back(row.planned_total);
    lead.sources.items.push_back(std::move(row.sources.items[0]));
    lead.folded_rows.push_back(row.row_no);
    // Amounts of one source are no shares of the whole.
    if (!row.village_shares_bp.empty() && lead.village_shares_bp != row.village_shares_bp &&
        !lead.village_shares_bp.empty()) {
      lead.village_shares_bp.clear();
      lead.report.Add({"village", "SHARES_UNCLEAR", std::string(row.Text(F::kVillage)), "",
                       "各行的份额不同，请填写整个项目的份额", IssueSeverity::kWarn});
    }
    for (ParsedProjectRow::OtherCell& other : row.others) {
      const auto same = std::find_if(lead.others.begin(), lead.others.end(),
                                     [&](const auto& o) { return o.column == other.column; });
      if (same == lead.others.end()) {
        lead.others.push_back(std::move(other));
      } else if (const std::string more = Cat("；", other.text);
                 same->text != other.text && !HasSuffix(same->text, more)) {
        same->text += more;
      }
    }
    // What was said of a whole column is said nowhere else; what holds a row holds the project that
    // it is part of.
    for (RowIssue& issue : row.report.issues) {
      const auto same = [&](const RowIssue& known) {
        return known.field == issue.field && known.reason == issue.reason;
      };
      const bool known = issue.field != "fund_source" &&
                         std::any_of(lead.report.issues.begin(), lead.report.issues.end(), same);
      if (known) continue;
      if (issue.field == "fund_source" || issue.severity == IssueSeverity::kHold ||
          issue.reason == "FILLED_DOWN" || issue.reason.starts_with("COLUMN_")) {
        lead.report.Add(std::move(issue));
      }
    }
  }
  // One row per source. The amount beside a source is the source's; only where every row repeats
  // the same figure and no source has its own is it the project's total.
  for (auto& [at, printed] : totals) {
    if (std::all_of(printed.begin(), printed.end(),
                    [&](const Amount& total) { return total.fen == printed[0].fen; })) {
      continue;
    }
    ParsedProjectRow& lead = out[at];
    const size_t of_lead = lead.sources.items.size() - (printed.size() - 1);
    for (size_t i = 0; i < printed.size(); ++i) {
      Amount& amount = lead.sources.items[i == 0 ? 0 : of_lead + i - 1].amount;
      if (amount.state == ParseState::kAbsent) amount = printed[i];
      if (i == 0 || !lead.planned_total.exact() || !printed[i].exact()) continue;
      if (auto sum = AddFen(*lead.planned_total.fen, *printed[i].fen); sum.ok())
        lead.planned_total.fen = *sum;
    }
  }
  *rows = std::move(out);
}

void MarkProgrammeSources(std::vector<ParsedProjectRow>* rows) {
  struct Group {
    std::vector<size_t> rows;
    int64_t sum = 0;
    bool exact = true;
  };
  absl::flat_hash_map<std::string, Group> groups;
  for (size_t i = 0; i < rows->size(); ++i) {
    const ParsedProjectRow& row = (*rows)[i];
    if (row.kind != RowKind::kItem || row.sources.items.size() != 1 ||
        !row.sources.items[0].amount.exact())
      continue;
    Group& group = groups[Cat(row.Text(F::kSourceId), "|", MatchKey(row.sources.items[0].raw))];
    group.rows.push_back(i);
    group.exact = group.exact && row.planned_total.exact() &&
                  !__builtin_add_overflow(group.sum, *row.planned_total.fen, &group.sum);
  }
  for (auto& [key, group] : groups) {
    if (group.rows.size() < 2 || !group.exact) continue;
    const int64_t programme = *(*rows)[group.rows[0]].sources.items[0].amount.fen;
    const int64_t difference = group.sum - programme;
    if (std::abs(difference) > kSumToleranceFen * static_cast<int64_t>(group.rows.size())) continue;
    for (size_t i : group.rows) {
      ParsedProjectRow& row = (*rows)[i];
      Amount& amount = row.sources.items[0].amount;
      amount.state = ParseState::kSplitUnknown;
      amount.programme_fen = programme;
      amount.fen.reset();
      amount.note_zh = "原文是整个项目（批次）的金额，本行份额未写明";
      row.report.Withdraw("SUM_MISMATCH");
      row.report.Add(
          {"fund_source", "AMOUNT_SPLIT_UNKNOWN", row.sources.items[0].raw,
           Cat(group.rows.size(), "行合计", FormatWanYuan(group.sum), "万元，与资金总额相符"),
           Cat("建议本行取", FormatWanYuan(*row.planned_total.fen), "万元，请确认"),
           IssueSeverity::kWarn});
    }
  }
}

}  // namespace bangfu::registry::intake
