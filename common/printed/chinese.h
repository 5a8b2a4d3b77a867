// Small helpers for text as officials type it. Parsing works on Normalize()d copies; what is stored
// is always the text as it came.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace bangfu::printed {

// NFKC, the traditional characters of amounts and units in their simplified form, no outer blanks.
std::string Normalize(std::string_view text);

bool ContainsAny(std::string_view text, std::initializer_list<std::string_view> words);

// Splits at any of the separators outside of brackets; pieces trimmed, empty ones left out.
std::vector<std::string> SplitOutsideBrackets(std::string_view text,
                                              const std::vector<std::string_view>& separators);

// The text without what stands in (), [], 〔〕, 【】.
std::string WithoutBrackets(std::string_view text);

// The text without the apostrophe that exports put before what looks like a formula.
std::string_view WithoutFormulaGuard(std::string_view text);

// 十五 -> 15, 三 -> 3, 一百二十 -> 120, 两 -> 2; -1 when it is no such number. Up to 9999.
int ChineseNumber(std::string_view text);

}  // namespace bangfu::printed
