// That no table with a region in it is forgotten when a region gets another code.
#pragma once

#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::testing {

// Every column of the schema that can hold a region is declared by one of the parts, to be moved or
// with the reason why it stays; what they declare is there; and a row of each table that moves
// does.
void ExpectRegionColumnsDeclared(const migrate::Migrations& migrations, const recode::Parts& parts);

}  // namespace bangfu::testing
