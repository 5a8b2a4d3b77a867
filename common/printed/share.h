// A part of a whole, as tables print it behind a name: 团山村(60%), 苏家堡村30万元.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bangfu::printed {

// 60% -> 6000 bp, 12.5% -> 1250. Nothing for what is no percentage, is 0 or more than 100 %, or is
// stated more exactly than a basis point.
std::optional<int32_t> ParsePercent(std::string_view text);

// A percentage or an amount with its unit, and nothing else: 60%, 30万元.
bool IsShare(std::string_view text);

// Takes what is printed of its share off the end of a name and gives it back: 团山村(60%),
// 团山村:30万元, 团山村投入30万元, 村集体占股51%. Empty, and the name as it was, when there is
// none: brackets that say something else belong to the name, and 团山村约30万元 states no share.
// The text is Normalize()d.
std::string TakeShare(std::string_view* name);

// Whether all parts of a whole, in bp, are the whole. What rounding took or gave (33.33% three
// times), at most a basis point a part, is made good by the largest remainder.
bool MakeWhole(std::vector<int64_t>* parts_bp);

}  // namespace bangfu::printed
