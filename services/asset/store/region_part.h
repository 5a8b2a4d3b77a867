// What of the asset ledger's tables follows a region that gets another code.
#pragma once

#include "common/recode/tables.h"

namespace bangfu::asset::store {

recode::Part RegionPart();

}  // namespace bangfu::asset::store
