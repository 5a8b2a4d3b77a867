// Words of published tables and what they mean here: proposals for a person, kept beside the raw
// text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/printed/amount.h"

namespace bangfu::printed {

// Another name of a class, and its code: 另起炉灶类, ADJUST.
struct ClassSynonym {
  std::string word;
  std::string code;
};
// 调整类, 调整, 拟列入调整类 and the synonyms, with 一批, 类产业, 类项目, 类, 型 or nothing behind
// them -> CONSOLIDATE, UPGRADE, REVITALIZE, ADJUST; empty when the word is not known (it is kept
// and asked for). A class in an imported table is a claim of its source.
std::string ClassFromWord(std::string_view word, const std::vector<ClassSynonym>& synonyms);

struct StageProposal {
  std::string stage;       // UNDER_CONSTRUCTION, PAUSED, COMPLETED, ACCEPTED, OPERATING, IDLE,
                           // TERMINATED; empty: unknown, or not begun yet
  bool not_begun = false;  // 计划, 审核符合: belongs to the library, not to the stock
  std::string note_zh;
};
// 已完成, 在用, 闲置, 在建 … as the stage of a legacy project.
StageProposal StageFromStatus(std::string_view status);

// The PROJECT_TYPE code by the words of a type's cell; empty when they say none. Of a project's
// name it is no more than a proposal.
std::string ProjectTypeFrom(std::string_view text);
// NEW 新建, EXPAND 扩建, REBUILD 改建, CONTINUED 续建; empty when unknown.
std::string NatureFrom(std::string_view text);
// The major industry of the seed taxonomy (RICE … TCM) by the words of an industry's cell; empty
// when unknown. Of a project's name it is no more than a proposal.
std::string MajorIndustryFrom(std::string_view text);

// 2021, 2021年, 2021年度, ２０２１; nothing for a range or anything else. 1978 … 2100.
std::optional<int> ParseYear(std::string_view text);

struct ParsedDay {
  absl::CivilDay day;
  bool day_stated = true;  // 2021年9月 is the 1st with day_stated false
};
// 2021-09-24, 2021/9/24, 2021.9, 2021年9月24日, 20210924.
std::optional<ParsedDay> ParseDay(std::string_view text);
// What a cell says of a day, as far as it says it: 2021-09-24, 2021-09, 2021; empty: nothing.
std::string DayText(std::string_view text);

// A number of persons, households or things as a cell prints it. Never guessed, never zero.
struct Count {
  ParseState state = ParseState::kAbsent;
  std::optional<int64_t> value;      // EXACT, and APPROXIMATE of 约 one number
  std::optional<int64_t> low, high;  // 20余人: low; 近20人: high; 20-30人: both
  std::string note_zh;               // what is asked; empty for a plain exact count
};
// 12, 1,546户, 共62户, 28.1万人, 约20人, 二十余人, 20人左右, 20-30人, *户. ABSENT for several
// numbers and for what is no number.
Count ParsePrintedCount(std::string_view text);
// 20, 约20, 20以上, 20以下, 20—30; empty where nothing was understood.
std::string CountText(const Count& count);

// 12, 1,546户, 136户; nothing for approximations or several numbers.
std::optional<int64_t> ParseCount(std::string_view text);

// True for what a spreadsheet has made of a long code: 3.6E+11, 3.60733E11, 360733101201.0.
bool IsDamagedCode(std::string_view text);

// Figures that cannot be meant: 道路长2950千米, 20万兆瓦. Both the text and the warning are kept.
std::vector<std::string> ImplausibleFigures(std::string_view text);

}  // namespace bangfu::printed
