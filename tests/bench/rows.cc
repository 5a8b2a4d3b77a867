// Rows that are there, inserted again into empty tables of the same shape: multi-row INSERTs by the
// bare connector. Only the inserting is timed, not the reading nor the writing of the statements.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/base/strings.h"
#include "common/mysql/session.h"
#include "tests/bench/connector.h"

namespace bangfu::bench {

// --tables FILE: lines "table<TAB>columns<TAB>rest of the SELECT" (WHERE …, ORDER BY …); the
// columns are those that are written, not those that the database derives. --from and --into are
// schemas.
Json CopyRows(const Flags& flags) {
  const auto rows_per_statement = static_cast<size_t>(flags.Number("rows-per-statement", 1000));
  const int64_t rows_per_commit = flags.Number("rows-per-commit", 10000);
  constexpr size_t kMaxText = 1 << 20;
  CpuClock cpu(flags.Text("pids", ""));
  double seconds = 0;
  int64_t rows = 0;
  Json json;
  try {
    auto reader = BareConnect(flags, flags.Text("from"), kWholeTables);
    auto writer = BareConnect(flags, flags.Text("into"), kWholeTables);
    std::unique_ptr<sql::Statement> read(reader->createStatement());
    std::unique_ptr<sql::Statement> write(writer->createStatement());
    for (const std::string& line : ReadLines(flags.Text("tables"))) {
      const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits('\t', 2));
      if (parts.size() != 3) Die(Cat("no table, columns and rest: ", line));
      const std::string& table = parts[0];
      const std::string& written = parts[1];
      const std::string& rest = parts[2];
      write->execute(Cat("DROP TABLE IF EXISTS ", table));
      write->execute(Cat("CREATE TABLE ", table, " LIKE ", flags.Text("from"), ".", table));
      read->setResultSetType(sql::ResultSet::TYPE_FORWARD_ONLY);
      std::unique_ptr<sql::ResultSet> result(
          read->executeQuery(Cat("SELECT ", written, " FROM ", table, " ", rest)));
      auto* meta = result->getMetaData();
      const unsigned columns = meta->getColumnCount();
      std::vector<bool> number;
      for (unsigned i = 1; i <= columns; ++i) {
        const std::string type = meta->getColumnTypeName(i);
        number.push_back(type.find("INT") != std::string::npos || type == "YEAR");
      }
      std::string text;
      size_t in_text = 0;
      int64_t uncommitted = 0;
      int64_t of_table = 0;
      double of_table_seconds = 0;
      const auto flush = [&](bool last) {
        const double before = Now();
        if (in_text > 0) {
          if (uncommitted == 0) write->execute("START TRANSACTION");
          write->executeUpdate(text);
          uncommitted += static_cast<int64_t>(in_text);
        }
        if (uncommitted > 0 && (last || uncommitted >= rows_per_commit)) {
          write->execute("COMMIT");
          uncommitted = 0;
        }
        of_table_seconds += Now() - before;
        text.clear();
        in_text = 0;
      };
      while (result->next()) {
        text += in_text == 0 ? Cat("INSERT INTO ", table, " (", written, ") VALUES (") : ",(";
        for (unsigned i = 1; i <= columns; ++i) {
          if (i > 1) text += ',';
          const sql::SQLString cell = result->getString(i);
          if (result->wasNull()) {
            text += "NULL";
          } else if (number[i - 1]) {
            text += cell.asStdString();
          } else {
            text += mysql::Literal(cell.asStdString());
          }
        }
        text += ')';
        ++of_table;
        if (++in_text >= rows_per_statement || text.size() >= kMaxText) flush(false);
      }
      flush(true);
      seconds += of_table_seconds;
      rows += of_table;
      json["tables"][table] = {{"rows", of_table}, {"seconds", of_table_seconds}};
    }
  } catch (const sql::SQLException& e) {
    Die(std::string("copy: ") + e.what());
  }
  json["rows"] = rows;
  json["seconds"] = seconds;
  return json;
}

}  // namespace bangfu::bench
