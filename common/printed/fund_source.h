// 资金来源 as officials write it, turned into one declared source per item with its FUND_SOURCE
// code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/printed/amount.h"

namespace bangfu::printed {

// Every word must occur. The first synonym that fits decides. `code` may be empty: the words are
// known to name no single code (财政资金), `proposals` are then offered to the person who is asked.
struct SourceSynonym {
  std::vector<std::string> words;
  std::string code;
  std::vector<std::string> proposals;
};
const std::vector<SourceSynonym>& DefaultSourceSynonyms();

struct DeclaredSource {
  std::string raw;                     // the item as it came
  std::string source_code;             // FUND_SOURCE; empty = asked
  std::vector<std::string> proposals;  // codes to choose from when empty
  std::string task_code;  // ETHNIC, WORK_RELIEF, STATE_FARM, STATE_FOREST; empty = none named
  Amount amount;          // ABSENT where the text names the source only
  bool this_allocation = false;  // 本次安排: not the whole of the source
};

struct DeclaredSources {
  std::vector<DeclaredSource> items;
  bool incomplete = false;  // 等: there are more than are named
};

// One cell. `header` is the column's, for the unit and for what it says of the source.
DeclaredSources ParseFundSources(
    std::string_view cell, const UnitContext& context = {},
    const std::vector<SourceSynonym>& synonyms = DefaultSourceSynonyms());

// A wide table's column: the header names the source, the cell holds the amount.
DeclaredSource ParseFundColumn(
    std::string_view header, std::string_view cell, std::string_view title,
    const std::vector<SourceSynonym>& synonyms = DefaultSourceSynonyms());

}  // namespace bangfu::printed
