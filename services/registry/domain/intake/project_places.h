// The places of a row: its townships and villages, the share of each village, and their codes.
#pragma once

#include <string>

#include "common/printed/region_matcher.h"
#include "services/registry/domain/intake/project_row.h"

namespace bangfu::registry::intake {

// Splits the cells of townships and villages into names and the villages' shares.
void ReadPlaces(ParsedProjectRow* row);

// The cell of the villages as a key of the project has it: without the shares, which another table
// may not state.
std::string VillagesWithoutShares(const ParsedProjectRow& row);

// Matches the row's place (and each of its villages) and writes what is asked into its report.
void MatchRegion(const printed::RegionMatcher& matcher, ParsedProjectRow* row);

}  // namespace bangfu::registry::intake
