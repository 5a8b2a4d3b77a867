// T1 帮扶产业项目摸排登记表 and what villages, townships and bureaus hand in instead: columns found
// by their headers, wide (one column per source) or long (one row per project and source), every
// raw text kept beside what was understood. An importer includes this alone; columns, filling down,
// rows, their places and folding have headers of their own beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/printed/fund_source.h"
#include "common/printed/vocabulary.h"
#include "services/registry/domain/intake/fill_down.h"
#include "services/registry/domain/intake/folding.h"
#include "services/registry/domain/intake/project_columns.h"
#include "services/registry/domain/intake/project_places.h"
#include "services/registry/domain/intake/project_row.h"

namespace bangfu::registry::intake {

class ProjectTableParser {
 public:
  struct Options {
    // CSV knows no merged cells: empty cells of these fields take the value above.
    std::vector<ProjectField> fill_down;
    // Other names of the four classes.
    std::vector<printed::ClassSynonym> class_synonyms;
  };
  ProjectTableParser(ColumnMap columns, Options options);
  explicit ProjectTableParser(ColumnMap columns)
      : ProjectTableParser(std::move(columns), Options()) {}

  // Rows in the order of the table: subtotals are checked against the rows above them.
  ParsedProjectRow Parse(int64_t row_no, const std::vector<std::string>& cells);

  // What a column is called where its cells are kept: its header, else 第9列 (from 1). The same for
  // no two columns, and never the key of a field.
  std::string ColumnName(size_t column) const;
  // Names, telephones and papers of people are no raw text of a project: those are read by
  // everybody.
  bool IsPersonal(size_t column) const;
  // Keeps a cell of the row that no field takes, and says so once for the column. `taken`: the
  // header of the column that was taken in its place; empty: the column is not known.
  void KeepOther(size_t column, std::string_view text, std::string_view taken,
                 ParsedProjectRow* row);

 private:
  // MatchKey(text), remembered for the field: places repeat from row to row.
  const std::string& KeyOf(ProjectField field, std::string_view text);

  ColumnMap columns_;
  std::vector<printed::ClassSynonym> class_synonyms_;
  std::vector<std::string> names_;  // of the columns
  std::set<size_t> told_;           // columns that were said to be left out
  FillDown fill_down_;
  std::map<ProjectField, std::pair<std::string, std::string>> keys_;
  std::string last_source_text_;  // so do sources
  printed::DeclaredSources last_sources_;
  int64_t block_fen_ = 0, table_fen_ = 0;  // exact totals since the last 小计 and in all
  int block_rows_ = 0, table_rows_ = 0;
  bool block_exact_ = true, table_exact_ = true;
};

}  // namespace bangfu::registry::intake
