// On which days an asset operated (运营时段), as its reports of use tell it one after the other.
#pragma once

#include <optional>
#include <vector>

#include "absl/time/civil_time.h"
#include "services/asset/domain/rules.h"

namespace bangfu::asset {

// The periods of a report that follows `previous` (nullptr: it is the first): what operates goes on
// or begins, what stopped ends on the day before it stood idle. One is all that a first report of
// something that stopped or is off season tells of the time before: it had operated up to then.
std::vector<UsePeriod> OperatedWith(const Use* previous, const Use& use);

// Of a report as it is stored: one of an older release keeps no periods, but what operates does so
// since a day that it knows.
std::vector<UsePeriod> OperatedOf(const Use& use);

// The same without the days before the asset was formed.
std::vector<UsePeriod> OperatedSince(std::vector<UsePeriod> periods,
                                     const std::optional<absl::CivilDay>& formed);

}  // namespace bangfu::asset
