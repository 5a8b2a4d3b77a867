// What several rows say together: of one project, one row per source, or of one programme.
#pragma once

#include <vector>

#include "services/registry/domain/intake/project_row.h"

namespace bangfu::registry::intake {

// Long form: rows of one project, one per source, become one row. Rows of different villages are
// different projects. A row that repeats another in everything is held as a duplicate.
void FoldLongRows(std::vector<ParsedProjectRow>* rows);

// Rows that repeat one source with the money of the whole programme (68 villages of 10万元 and the
// words 发展基金680万元): the source is SPLIT_UNKNOWN in each of them, a warning instead of a wrong
// sum.
void MarkProgrammeSources(std::vector<ParsedProjectRow>* rows);

}  // namespace bangfu::registry::intake
