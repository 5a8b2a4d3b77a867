#include "common/testing/region_columns.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/recode/recode.h"
#include "common/testing/database.h"

namespace bangfu::testing {

void ExpectRegionColumnsDeclared(const migrate::Migrations& migrations,
                                 const recode::Parts& parts) {
  TestDatabase database(migrations);
  // By their names, as they are given to regions throughout.
  const auto rows = database.db().Query(
      "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ? AND "
      "character_maximum_length BETWEEN 6 AND 12 AND column_name REGEXP "
      "'region|county|township|village|_path$|^path$|^unit$' ORDER BY 1, 2",
      {database.schema()});
  ASSERT_TRUE(rows.ok()) << rows.status();
  std::map<std::pair<std::string, std::string>, int> declared;  // times
  for (const recode::Part& part : parts) {
    for (const recode::Table& t : part.moving) ++declared[{t.name, t.column}];
    for (const recode::Table& t : part.rekeyed) ++declared[{t.name, t.column}];
    for (const recode::Staying& s : part.staying) {
      ++declared[{s.table, s.column}];
      EXPECT_FALSE(s.why.empty()) << s.table << "." << s.column;
    }
  }
  for (const mysql::Row& row : *rows) {
    const auto found = declared.find({row.String(0), row.String(1)});
    if (found == declared.end()) {
      ADD_FAILURE() << row.String(0) << "." << row.String(1)
                    << ": say beside its schema (RegionPart) whether it follows a region to "
                       "another code, or why not";
      continue;
    }
    EXPECT_EQ(found->second, 1) << row.String(0) << "." << row.String(1) << ": declared twice";
    declared.erase(found);
  }
  for (const auto& [column, times] : declared) {
    ADD_FAILURE() << column.first << "." << column.second << " is declared and not there";
  }
  if (::testing::Test::HasFailure()) return;

  // A row of each table that moves, with nothing in it but its regions.
  constexpr char kOld[] = "360727100001", kNew[] = "360783100001";
  std::map<std::string, std::vector<std::string>> columns;  // of each table
  for (const recode::Part& part : parts) {
    for (const recode::Table& t : part.moving) columns[t.name].push_back(t.column);
  }
  for (const auto& [table, of_table] : columns) {
    std::vector<std::string> values;
    for (const std::string& column : of_table) {
      values.push_back(
          Cat("LEFT('", kOld,
              "', (SELECT character_maximum_length FROM information_schema.columns WHERE "
              "table_schema = '",
              database.schema(), "' AND table_name = '", table, "' AND column_name = '", column,
              "'))"));
    }
    database.Run(Cat("INSERT IGNORE INTO ", table, " (", absl::StrJoin(of_table, ", "),
                     ") VALUES (", absl::StrJoin(values, ", "), ");"));
  }
  const auto count = [&](const recode::Table& t, const char* county) {
    return database.Int(Cat("SELECT COUNT(*) FROM ", t.name, " WHERE ", t.column, " LIKE '",
                            std::string_view(county).substr(0, 6), "%'"));
  };
  UlidGenerator ids(SystemClock());
  const recode::Move move{ids.Next(), std::string(kOld).substr(0, 6),
                          std::string(kNew).substr(0, 6), SystemClock().Now()};
  const absl::Status moved = mysql::Transact(database.db(), [&](mysql::Tx& tx) {
    return recode::Apply(tx, parts, move, SystemClock()).status();
  });
  ASSERT_TRUE(moved.ok()) << moved;
  for (const recode::Part& part : parts) {
    for (const recode::Table& t : part.moving) {
      EXPECT_EQ(count(t, kOld), 0) << t.name;
      EXPECT_EQ(count(t, kNew), 1) << t.name;
    }
  }
}

}  // namespace bangfu::testing
