// Amounts as published tables print them. A value that cannot be parsed is kept as text and asked
// for: never guessed, never zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bangfu::printed {

enum class ParseState {
  kExact,
  kApproximate,   // 约600万元: fen; 200余万元: low_fen only; 近13万元: high_fen only
  kRange,         // 800至1000元: low_fen and high_fen
  kMasked,        // *元
  kAbsent,        // nothing, digits lost, unit unknown, refused
  kSplitUnknown,  // a figure of the whole programme or per unit; this row's share is not stated
};
std::string_view ParseStateName(ParseState state);  // "EXACT" …

// Where the unit was found: in the cell, else in the column's header, else in the table's title.
enum class UnitSource { kNone, kCell, kHeader, kTitle, kAsk };
std::string_view UnitSourceName(UnitSource source);

struct UnitContext {
  std::string_view header;  // 总投资（万元）
  std::string_view title;   // 单位：万元
};

struct Amount {
  ParseState state = ParseState::kAbsent;
  std::optional<int64_t> fen;            // EXACT, and APPROXIMATE of 约 one number
  std::optional<int64_t> low_fen;        // at least
  std::optional<int64_t> high_fen;       // at most
  std::optional<int64_t> programme_fen;  // SPLIT_UNKNOWN: the figure stated for the whole, if one
  UnitSource unit_source = UnitSource::kNone;
  bool refused =
      false;        // it is a number, but not one that money can have (more than a fen, 3.6E+07)
  std::string raw;  // as it came
  std::string note_zh;  // what was understood or is asked; empty for a plain exact amount

  bool exact() const { return state == ParseState::kExact && fen.has_value(); }
};

Amount ParseAmount(std::string_view raw, const UnitContext& context = {});
// What was understood, for who is asked: 30万元, 30—50万元, 不少于30万元. Empty: nothing was.
std::string AmountText(const Amount& amount);

// 总投资340万元，本次安排310万元: two fields that are never added. Empty when the text has no such
// pair of words; `allocation` alone when only 本次安排 is there.
struct AllocationFigures {
  std::optional<Amount> planned_total;
  std::optional<Amount> allocation;
};
AllocationFigures ParseAllocation(std::string_view raw);

}  // namespace bangfu::printed
