// Columns of a printed table that no field takes: what each is called where its cells are kept, and
// whether they may be kept at all.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace bangfu::printed {

// 第9列, from 1.
std::string ColumnNumber(size_t column);

// Names, telephones and papers of people, by the header: they are no raw text of a record, for raw
// texts are read by all.
bool IsPersonalHeader(std::string_view header);

// The columns' names of one table, in their order.
class ColumnNames {
 public:
  // The header as it is given, cut to 100 characters, else the column's number: the same for no two
  // columns, and never what the key of a field could be (planned_total, maintenance.person).
  std::string Next(size_t column, std::string_view header);

 private:
  std::set<std::string, std::less<>> used_;
};

}  // namespace bangfu::printed
