// Import of T1 摸排登记表 and of what is handed in instead: the kind "projects" of the import
// service.
#pragma once

#include <memory>

#include "common/base/ulid.h"
#include "common/intake/kind.h"

namespace bangfu::registry {

// `ids` outlives the kind. A row is found again by its number in another system, by its project
// code, or by place, year and name; the second import of a file changes nothing. What the county
// has verified is not overwritten by a table: such rows are held.
std::unique_ptr<::bangfu::intake::Kind> MakeProjectImport(UlidGenerator& ids);

}  // namespace bangfu::registry
