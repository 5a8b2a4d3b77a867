#include "common/mysql/session.h"

#include <cppconn/connection.h>
#include <cppconn/datatype.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>
#include <mysql_driver.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <list>
#include <mutex>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/backoff.h"
#include "common/mysql/errors.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::mysql {
namespace {

// Same on MariaDB and MySQL 8; without NO_BACKSLASH_ESCAPES and ANSI_QUOTES (literal.cc).
constexpr char kSqlMode[] =
    "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION";
// From 1,000 values on MariaDB makes a table of an IN list and may read the other one whole, under
// locks where the statement takes them. A comment for MySQL, which does not.
constexpr char kLongLists[] = "/*M!100318 , in_predicate_conversion_threshold = 0 */";
// Longer statements are not faster, and each is held three times: as text, by the driver, by the
// server.
constexpr size_t kMaxBulkBytes = 1 << 20;

std::once_flag driver_once;
sql::mysql::MySQL_Driver* driver = nullptr;

int Seconds(absl::Duration d) {
  return static_cast<int>(
      std::max<int64_t>(1, absl::ToInt64Seconds(absl::Ceil(d, absl::Seconds(1)))));
}

absl::Status StreamOpen() {
  return Error(absl::StatusCode::kInternal, "DATABASE_ERROR")
      .Message("a statement was run inside the callback of a stream on the same session");
}

using Wanted = std::function<bool(const std::string&)>;

class SessionImpl final : public Session {
 public:
  explicit SessionImpl(Options options) : options_(std::move(options)), tx_(*this) {}
  ~SessionImpl() override { Reset(); }

  absl::StatusOr<Rows> Query(std::string_view sql, const Params& params) override {
    return QuerySome(sql, params, nullptr);
  }

  absl::StatusOr<Rows> QuerySome(std::string_view sql, const Params& params,
                                 const Wanted& wanted) override {
    Rows rows;
    absl::Status status = WithRerun([&] {
      rows.clear();
      return params.size() > kMaxPreparedParams ? QueryText(sql, params, wanted, &rows)
                                                : QueryPrepared(sql, params, wanted, &rows);
    });
    if (!status.ok()) return status;
    return rows;
  }

  absl::StatusOr<int64_t> Execute(std::string_view sql, const Params& params) override {
    if (params.size() > kMaxPreparedParams) return ExecuteOnce(sql, params);
    int64_t affected = 0;
    RETURN_IF_ERROR(Run(
        [&] {
          sql::PreparedStatement* statement = Prepare(sql);
          Bind(*statement, params);
          affected = statement->executeUpdate();
        },
        sql));
    return affected;
  }

  absl::StatusOr<int64_t> ExecuteOnce(std::string_view sql, const Params& params) override {
    // Bulk statements are long and have no params: written into the driver's string at once.
    std::string filled;
    if (!params.empty()) {
      ASSIGN_OR_RETURN(filled, Interpolate(sql, params));
      sql = filled;
    }
    const sql::SQLString text(sql.data(), sql.size());
    int64_t affected = 0;
    RETURN_IF_ERROR(Run([&] { affected = Text().executeUpdate(text); }));
    return affected;
  }

  absl::Status Stream(std::string_view sql, const Params& params,
                      const std::function<absl::Status(const Row&)>& row) override {
    ASSIGN_OR_RETURN(std::string text, Interpolate(sql, params));
    bool delivered = false;
    const bool had_connection = connection_ != nullptr;
    absl::Status stopped;
    auto attempt = [&] {
      return Run([&] {
        std::unique_ptr<sql::Statement> statement(connection_->createStatement());
        // Forward only: rows stay on the wire until they are read (mysql_use_result).
        statement->setResultSetType(sql::ResultSet::TYPE_FORWARD_ONLY);
        std::unique_ptr<sql::ResultSet> result(statement->executeQuery(text));
        streaming_ = true;
        struct Done {
          bool& flag;
          ~Done() { flag = false; }
        } done{streaming_};
        ReadRows(*result, nullptr, [&](Row r) {
          delivered = true;
          stopped = row(r);
          return stopped.ok();
        });
      });
    };
    absl::Status status = attempt();
    if (Lost(status) && had_connection && !delivered && !in_transaction_) status = attempt();
    return stopped.ok() ? status : stopped;
  }

  size_t max_statement_bytes() const override { return max_statement_bytes_; }

  absl::Status Ping() override {
    return WithRerun([&] { return Run([&] { ExecuteText("DO 0"); }); });
  }

  void Reset() override {
    by_text_.clear();
    statements_.clear();
    text_.reset();
    if (connection_ == nullptr) return;
    try {
      connection_->close();
    } catch (const std::exception&) {  // it is being thrown away
    }
    connection_.reset();
  }

 protected:
  absl::Status RunTransaction(const std::function<absl::Status(Tx&)>& body, Reads reads) override {
    if (in_transaction_) {
      return Error(absl::StatusCode::kInternal, "DATABASE_ERROR").Message("nested transaction");
    }
    Backoff backoff({.initial = absl::Milliseconds(5), .max = absl::Milliseconds(500)},
                    options_.random);
    absl::Status status;
    const absl::Time last_begin = options_.now() + options_.retry_within;
    for (int attempt = 1; attempt <= options_.max_attempts; ++attempt) {
      if (attempt > 1) {
        if (options_.now() >= last_begin) break;
        Sleep(backoff.Next());
      }
      bool again = false;
      status = RunOnce(body, reads, &again);
      if (!again) return status;
    }
    return status;
  }

 private:
  class TxImpl final : public Tx {
   public:
    explicit TxImpl(SessionImpl& session) : session_(session) {}
    absl::StatusOr<Rows> Query(std::string_view sql, const Params& params) override {
      return session_.Query(sql, params);
    }
    absl::StatusOr<Rows> QuerySome(std::string_view sql, const Params& params,
                                   const Wanted& wanted) override {
      return session_.QuerySome(sql, params, wanted);
    }
    absl::StatusOr<int64_t> Execute(std::string_view sql, const Params& params) override {
      return session_.Execute(sql, params);
    }
    absl::Status Stream(std::string_view sql, const Params& params,
                        const std::function<absl::Status(const Row&)>& row) override {
      return session_.Stream(sql, params, row);
    }
    absl::StatusOr<int64_t> ExecuteOnce(std::string_view sql, const Params& params) override {
      return session_.ExecuteOnce(sql, params);
    }
    size_t max_statement_bytes() const override { return session_.max_statement_bytes(); }

   private:
    SessionImpl& session_;
  };

  struct Cached {
    std::string text;
    std::unique_ptr<sql::PreparedStatement> statement;
  };

  void Sleep(absl::Duration d) {
    if (options_.sleep) {
      options_.sleep(d);
    } else {
      absl::SleepFor(d);
    }
  }

  // One run of a transaction's body. `again`: nothing is committed and another run may succeed.
  absl::Status RunOnce(const std::function<absl::Status(Tx&)>& body, Reads reads, bool* again) {
    poison_ = absl::OkStatus();
    absl::Status status = WithRerun([&] {
      return Run([&] {
        if (reads == Reads::kOneMoment) {
          // For this one transaction: the session stays READ COMMITTED.
          ExecuteText("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
          ExecuteText("START TRANSACTION WITH CONSISTENT SNAPSHOT");
        } else {
          ExecuteText("START TRANSACTION");
        }
      });
    });
    if (!status.ok()) return status;
    in_transaction_ = true;
    status = body(tx_);
    if (status.ok() && poison_.ok()) {
      // Still inside: on a new connection COMMIT would find nothing to commit, and succeed.
      status = Run([&] { ExecuteText("COMMIT"); });
      in_transaction_ = false;
      if (status.ok()) return status;
      if (IsConflict(status)) {  // certification failure: rolled back by the server
        Rollback();
        *again = true;
        return status;
      }
      Reset();
      return Error(absl::StatusCode::kUnavailable, "COMMIT_UNKNOWN")
          .Message(absl::StrCat("outcome of COMMIT is unknown: ", status.message()))
          .Zh("提交结果未知，请用同一请求编号重试")
          .RetryAfter(absl::Seconds(1));
    }
    in_transaction_ = false;
    Rollback();
    *again = !poison_.ok() || IsConflict(status);
    return poison_.ok() ? status : poison_;
  }

  void Rollback() {
    if (connection_ == nullptr) return;
    if (!Run([&] { ExecuteText("ROLLBACK"); }).ok()) Reset();
  }

  // One for all texts without a result that is kept: to make and to end one costs as much as what
  // it sends.
  sql::Statement& Text() {
    if (text_ == nullptr) text_.reset(connection_->createStatement());
    return *text_;
  }

  void ExecuteText(const char* text) { Text().execute(text); }

  static bool Lost(const absl::Status& status) {
    return absl::IsUnavailable(status) && ReasonOf(status) == kUnavailableReason;
  }

  // Outside a transaction a lost connection is replaced once and the work done again.
  absl::Status WithRerun(const std::function<absl::Status()>& work) {
    const bool had_connection = connection_ != nullptr;
    absl::Status status = work();
    if (Lost(status) && had_connection && connection_ == nullptr && !in_transaction_) {
      status = work();
    }
    return status;
  }

  // Connects when needed, runs `work`, maps what it throws. A connection whose state is unknown is
  // dropped; in a transaction an error that undid it sticks to every statement until its end.
  template <typename F>
  absl::Status Run(F work, std::string_view prepared = "") {
    if (streaming_) return StreamOpen();
    if (in_transaction_ && !poison_.ok()) return poison_;
    if (!in_transaction_) {
      RETURN_IF_ERROR(Connect());
    }
    absl::Status status;
    bool broken = false;
    try {
      work();
      last_used_ = std::chrono::steady_clock::now();
      return absl::OkStatus();
    } catch (const sql::SQLException& e) {
      status = MapError(e.getErrorCode(), e.getSQLState(), e.what());
      broken = IsBroken(e.getErrorCode());
    } catch (const std::exception& e) {
      status = MapError(0, "", e.what());
      broken = true;
    }
    if (!prepared.empty() && absl::IsInternal(status)) Forget(prepared);
    if (broken) Reset();
    if (in_transaction_ && (broken || IsConflict(status))) poison_ = status;
    return status;
  }

  absl::Status Connect() {
    if (connection_ != nullptr) {
      const auto idle = std::chrono::steady_clock::now() - last_used_;
      if (absl::FromChrono(idle) < options_.idle_before_ping) return absl::OkStatus();
      try {
        ExecuteText("DO 0");
        return absl::OkStatus();
      } catch (const std::exception&) {
        Reset();
      }
    }
    try {
      sql::ConnectOptionsMap map;
      if (options_.host.starts_with('/')) {
        map["hostName"] = "unix://" + options_.host;
      } else {
        map["hostName"] = absl::StrCat("tcp://", options_.host, ":", options_.port);
      }
      map["userName"] = options_.user;
      map["password"] = options_.password;
      if (!options_.schema.empty()) map["schema"] = options_.schema;
      map["CLIENT_FOUND_ROWS"] = true;  // a no-op UPDATE counts the rows that it matched
      map["OPT_CHARSET_NAME"] = std::string("utf8mb4");
      map["OPT_SET_CHARSET_NAME"] = std::string("utf8mb4");
      map["OPT_CONNECT_TIMEOUT"] = Seconds(options_.connect_timeout);
      map["OPT_READ_TIMEOUT"] = Seconds(options_.io_timeout);
      map["OPT_WRITE_TIMEOUT"] = Seconds(options_.io_timeout);
      connection_.reset(driver->connect(map));
      // The driver has just forced REPEATABLE READ.
      ExecuteText("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
      ExecuteText("SET NAMES utf8mb4 COLLATE utf8mb4_bin");
      ExecuteText(absl::StrCat("SET SESSION time_zone = '+00:00', sql_mode = '", kSqlMode,
                               "', innodb_lock_wait_timeout = ",
                               Seconds(options_.lock_wait_timeout), kLongLists)
                      .c_str());
      std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      std::unique_ptr<sql::ResultSet> result(
          statement->executeQuery("SELECT @@max_allowed_packet"));
      if (result->next()) {
        const int64_t packet = result->getInt64(1);
        max_statement_bytes_ =
            std::min<size_t>(kMaxBulkBytes, static_cast<size_t>(packet) * 9 / 10);
      }
      last_used_ = std::chrono::steady_clock::now();
      return absl::OkStatus();
    } catch (const sql::SQLException& e) {
      Reset();
      return MapConnectError(e.getErrorCode(), e.what());
    } catch (const std::exception& e) {
      Reset();
      return MapConnectError(0, e.what());
    }
  }

  sql::PreparedStatement* Prepare(std::string_view sql) {
    if (auto it = by_text_.find(sql); it != by_text_.end()) {
      statements_.splice(statements_.begin(), statements_, it->second);
      return it->second->statement.get();
    }
    while (!statements_.empty() && statements_.size() >= options_.statement_cache) {
      by_text_.erase(statements_.back().text);
      statements_.pop_back();  // closes it on the server
    }
    std::string text(sql);
    std::unique_ptr<sql::PreparedStatement> statement(connection_->prepareStatement(text));
    statements_.push_front({std::move(text), std::move(statement)});
    by_text_.emplace(statements_.front().text, statements_.begin());
    return statements_.front().statement.get();
  }

  void Forget(std::string_view sql) {
    auto it = by_text_.find(sql);
    if (it == by_text_.end()) return;
    auto node = it->second;
    by_text_.erase(it);
    statements_.erase(node);
  }

  static void Bind(sql::PreparedStatement& statement, const Params& params) {
    unsigned i = 1;
    for (const Param& p : params) {
      if (const int64_t* n = std::get_if<int64_t>(&p.storage())) {
        statement.setInt64(i, *n);
      } else if (const std::string* s = std::get_if<std::string>(&p.storage())) {
        statement.setString(i, *s);
      } else {
        statement.setNull(i, sql::DataType::SQLNULL);
      }
      ++i;
    }
  }

  absl::Status QueryPrepared(std::string_view sql, const Params& params, const Wanted& wanted,
                             Rows* rows) {
    return Run(
        [&] {
          sql::PreparedStatement* statement = Prepare(sql);
          Bind(*statement, params);
          std::unique_ptr<sql::ResultSet> result(statement->executeQuery());
          ReadRows(*result, wanted, [&](Row row) {
            rows->push_back(std::move(row));
            return true;
          });
        },
        sql);
  }

  absl::Status QueryText(std::string_view sql, const Params& params, const Wanted& wanted,
                         Rows* rows) {
    ASSIGN_OR_RETURN(std::string text, Interpolate(sql, params));
    return Run([&] {
      std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      std::unique_ptr<sql::ResultSet> result(statement->executeQuery(text));
      ReadRows(*result, wanted, [&](Row row) {
        rows->push_back(std::move(row));
        return true;
      });
    });
  }

  template <typename Take>
  static void ReadRows(sql::ResultSet& result, const Wanted& wanted, const Take& take) {
    sql::ResultSetMetaData* meta = result.getMetaData();
    const unsigned columns = meta->getColumnCount();
    std::vector<bool> integer(columns);
    for (unsigned i = 0; i < columns; ++i) {
      switch (meta->getColumnType(i + 1)) {
        case sql::DataType::BIT:
        case sql::DataType::TINYINT:
        case sql::DataType::SMALLINT:
        case sql::DataType::MEDIUMINT:
        case sql::DataType::INTEGER:
        case sql::DataType::BIGINT:
        case sql::DataType::YEAR:
          integer[i] = true;
          break;
        default:  // text, binary, instants; decimals as digits, a double would lose some
          integer[i] = false;
      }
    }
    while (result.next()) {
      if (wanted && !wanted(result.getString(1).asStdString())) continue;
      std::vector<Row::Cell> cells;
      cells.reserve(columns);
      for (unsigned i = 1; i <= columns; ++i) {
        // NULL reads as 0 or "": only then is it asked for.
        if (integer[i - 1]) {
          const int64_t number = result.getInt64(i);
          if (number == 0 && result.wasNull()) {
            cells.emplace_back(nullptr);
          } else {
            cells.emplace_back(number);
          }
        } else {
          // Its own text, taken instead of copied: the driver's string has no other way out.
          sql::SQLString text = result.getString(i);
          if (text.length() == 0 && result.wasNull()) {
            cells.emplace_back(nullptr);
          } else {
            cells.emplace_back(std::move(const_cast<std::string&>(text.asStdString())));
          }
        }
      }
      if (!take(Row(std::move(cells)))) return;
    }
  }

  const Options options_;
  std::unique_ptr<sql::Connection> connection_;
  std::unique_ptr<sql::Statement> text_;
  // Most recently used first; the map's keys view the list's texts.
  std::list<Cached> statements_;
  std::unordered_map<std::string_view, std::list<Cached>::iterator> by_text_;
  std::chrono::steady_clock::time_point last_used_;
  size_t max_statement_bytes_ = 1 << 20;
  bool in_transaction_ = false;
  bool streaming_ = false;
  absl::Status poison_;
  TxImpl tx_;
};

}  // namespace

void InitDriver() {
  std::call_once(driver_once, [] { driver = sql::mysql::get_mysql_driver_instance(); });
}

std::unique_ptr<Session> Session::Create(Options options) {
  InitDriver();
  return std::make_unique<SessionImpl>(std::move(options));
}

absl::Status TransactRaw(Session& session, const std::function<absl::Status(Tx&)>& body,
                         Reads reads) {
  return session.RunTransaction(body, reads);
}

}  // namespace bangfu::mysql
