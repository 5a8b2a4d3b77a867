// The statements that a service was seen to send, sent again by the bare connector.
#include <mysql_driver.h>

#include <algorithm>
#include <atomic>

#include "tests/bench/connector.h"

namespace bangfu::bench {

std::unique_ptr<sql::Connection> BareConnect(const Flags& flags, const std::string& schema,
                                             absl::Duration patience) {
  sql::ConnectOptionsMap map;
  map["hostName"] = "unix://" + flags.Text("socket");
  map["userName"] = flags.Text("user", "root");
  map["password"] = std::string();
  map["schema"] = schema;
  map["CLIENT_FOUND_ROWS"] = true;
  map["OPT_CHARSET_NAME"] = std::string("utf8mb4");
  map["OPT_SET_CHARSET_NAME"] = std::string("utf8mb4");
  const auto timeout = static_cast<int>(absl::ToInt64Seconds(patience));
  map["OPT_READ_TIMEOUT"] = timeout;
  map["OPT_WRITE_TIMEOUT"] = timeout;
  std::unique_ptr<sql::Connection> connection(sql::mysql::get_driver_instance()->connect(map));
  std::unique_ptr<sql::Statement> statement(connection->createStatement());
  statement->execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  statement->execute("SET NAMES utf8mb4 COLLATE utf8mb4_bin");
  statement->execute("SET SESSION time_zone = '+00:00'");
  return connection;
}

namespace {

struct Value {
  enum { kNull, kNumber, kText } kind = kNull;
  int64_t number = 0;
  std::string text;
};
struct Step {
  size_t statement = 0;
  std::vector<Value> values;
};

std::string FromHex(const std::string& hex) {
  std::string out;
  out.reserve(hex.size() / 2);
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return out;
}

// Every column of every row is read.
void Drain(sql::ResultSet& result) {
  const unsigned columns = result.getMetaData()->getColumnCount();
  size_t bytes = 0;
  while (result.next()) {
    for (unsigned i = 1; i <= columns; ++i) bytes += result.getString(i).length();
  }
  volatile size_t sink = bytes;
  (void)sink;
}

struct Line {
  std::unique_ptr<sql::Connection> connection;
  std::unique_ptr<sql::Statement> text;
  std::vector<std::unique_ptr<sql::PreparedStatement>> prepared;
};

}  // namespace

// --statements FILE (made by tests/bench/run from the server's log): {"statements": [{"sql",
// "query", "prepared"}], "units": [[[statement, [value …]] …] …]}; values are null, numbers, or
// texts in hex, as the statements are. Each unit is run once, in order of its begin, or round and
// round with --cycle 1.
Json Replay(const Flags& flags) {
  const Json input = Json::parse(ReadWhole(flags.Text("statements")));
  struct Statement {
    std::string sql;
    bool query = false;
    bool prepared = false;
  };
  std::vector<Statement> statements;
  for (const auto& s : input["statements"]) {
    statements.push_back(
        {FromHex(s["sql"].get<std::string>()), s["query"].get<bool>(), s["prepared"].get<bool>()});
  }
  std::vector<std::vector<Step>> units;
  for (const auto& unit : input["units"]) {
    std::vector<Step> steps;
    for (const auto& one : unit) {
      Step step;
      step.statement = one[0].get<size_t>();
      for (const auto& v : one[1]) {
        Value value;
        if (v.is_number()) {
          value.kind = Value::kNumber;
          value.number = v.get<int64_t>();
        } else if (v.is_string()) {
          value.kind = Value::kText;
          value.text = FromHex(v.get<std::string>());
        }
        step.values.push_back(std::move(value));
      }
      steps.push_back(std::move(step));
    }
    units.push_back(std::move(steps));
  }
  if (units.empty()) Die("nothing to send");
  const int workers = static_cast<int>(flags.Number("workers", 8));
  const bool cycle = flags.Number("cycle", 0) != 0;
  std::vector<Line> lines(static_cast<size_t>(workers));
  const auto send = [&statements](Line& line, const Step& step) {
    const Statement& s = statements[step.statement];
    if (!s.prepared) {
      if (line.text->execute(s.sql)) {
        std::unique_ptr<sql::ResultSet> result(line.text->getResultSet());
        Drain(*result);
      }
      return;
    }
    sql::PreparedStatement& statement = *line.prepared[step.statement];
    unsigned i = 0;
    for (const Value& value : step.values) {
      ++i;
      if (value.kind == Value::kNumber) {
        statement.setInt64(i, value.number);
      } else if (value.kind == Value::kText) {
        statement.setString(i, value.text);
      } else {
        statement.setNull(i, 0);
      }
    }
    if (s.query) {
      std::unique_ptr<sql::ResultSet> result(statement.executeQuery());
      Drain(*result);
    } else {
      statement.executeUpdate();
    }
  };
  try {
    for (size_t l = 0; l < lines.size(); ++l) {
      Line& line = lines[l];
      line.connection = BareConnect(flags, flags.Text("schema"));
      line.text.reset(line.connection->createStatement());
      for (const Statement& s : statements) {
        line.prepared.emplace_back(s.prepared ? line.connection->prepareStatement(s.sql) : nullptr);
      }
      // As warm as a service's session that has been at work: one unit that is undone again.
      for (const Step& step : units[l % units.size()]) {
        if (statements[step.statement].sql != "COMMIT") send(line, step);
      }
      line.text->execute("ROLLBACK");
    }
  } catch (const sql::SQLException& e) {
    Die(std::string("baseline: ") + e.what());
  }
  CpuClock cpu(flags.Text("pids", ""));
  std::atomic<int64_t> again{0};
  const auto work = [&](int worker, int64_t n) {
    if (!cycle && n >= static_cast<int64_t>(units.size())) return false;
    Line& line = lines[static_cast<size_t>(worker)];
    const auto& unit = units[static_cast<size_t>(n) % units.size()];
    for (int attempt = 0; attempt < 10; ++attempt) {
      try {
        for (const Step& step : unit) send(line, step);
        return true;
      } catch (const sql::SQLException& e) {
        if (e.getErrorCode() != 1213 && e.getErrorCode() != 1205) {
          Die(std::string("baseline: ") + e.what());
        }
        again.fetch_add(1);
        line.text->execute("ROLLBACK");
      }
    }
    Die("baseline: ten deadlocks in a row");
  };
  Json json = Report(RunLoad(workers, cycle ? flags.Real("seconds", 3) : 600, 0, cpu, work));
  json["repeated"] = again.load();
  return json;
}

// Milliseconds of --sql, the median of --rounds.
Json TimeQuery(const Flags& flags) {
  std::vector<double> times;
  try {
    auto connection = BareConnect(flags, flags.Text("schema"), kWholeTables);
    std::unique_ptr<sql::Statement> statement(connection->createStatement());
    for (int64_t i = 0; i < flags.Number("rounds", 20); ++i) {
      const double before = Now();
      std::unique_ptr<sql::ResultSet> result(statement->executeQuery(flags.Text("sql")));
      Drain(*result);
      times.push_back(Now() - before);
    }
  } catch (const sql::SQLException& e) {
    Die(std::string("baseline: ") + e.what());
  }
  std::sort(times.begin(), times.end());
  Json json;
  json["p50_ms"] = times[times.size() / 2] * 1e3;
  return json;
}

}  // namespace bangfu::bench
