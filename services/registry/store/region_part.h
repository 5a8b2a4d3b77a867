// What of the registry's tables follows a region that gets another code.
#pragma once

#include "common/recode/tables.h"

namespace bangfu::registry {

// Where two records of the new region would be one (an industry of a county, a report of a
// village), the re-code fails: they are merged first.
recode::Part RegionPart();

}  // namespace bangfu::registry
