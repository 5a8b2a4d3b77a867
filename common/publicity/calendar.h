// A publicity's term counts in the calendar of all deadlines.
#pragma once

#include "common/workflow/calendar.h"

namespace bangfu::publicity {

using workflow::AddDays;
using workflow::Calendar;
using workflow::DayKind;
using workflow::Deadline;

}  // namespace bangfu::publicity
