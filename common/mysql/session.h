// Database sessions and transactions over MySQL Connector/C++.
//
// A worker owns one session for life. Every session runs READ COMMITTED at time zone '+00:00' with
// utf8mb4; an error that leaves its state unknown breaks it, and the next use connects anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "common/mysql/value.h"

namespace bangfu::mysql {

struct Options {
  std::string host = "127.0.0.1";  // or a unix socket: "/path/mysqld.sock"
  int port = 3306;
  std::string user;
  std::string password;
  std::string schema;
  absl::Duration connect_timeout = absl::Seconds(5);
  // No statement runs longer; below the shutdown grace, so that a drain can end.
  absl::Duration io_timeout = absl::Seconds(20);
  // A wait for another transaction's row lock ends after this (1205, whole seconds); the
  // transaction runs again.
  absl::Duration lock_wait_timeout = absl::Seconds(5);
  // A session that was idle longer is pinged before its next use: the server may have closed it.
  absl::Duration idle_before_ping = absl::Seconds(30);
  size_t statement_cache = 256;  // prepared statements that a session keeps on the server
  int max_attempts = 8;          // runs of one transaction's body
  // No further run begins when this is over since the first began: the next wait for a lock would
  // outlast a drain's grace (25 s). What was refused as TRANSACTION_CONFLICT can be sent again.
  absl::Duration retry_within = absl::Seconds(15);
  std::function<absl::Time()> now = absl::Now;
  Random random = SystemRandom;               // jitter of the wait between two runs
  std::function<void(absl::Duration)> sleep;  // empty: sleeps
};

// Makes the driver, whose first call is not thread safe. Once is enough; main calls it before
// threads, Session::Create calls it again.
void InitDriver();

// A statement with more parameters is not prepared.
inline constexpr size_t kMaxPreparedParams = 64;

// What both a session (autocommit reads) and a transaction can do. `sql` uses ? placeholders and is
// prepared once per session (bounded cache): keep the number of distinct texts small. A text with
// more than 64 parameters is not prepared: values are written into it, correctly escaped.
//
// A session's autocommit Query runs again on a new connection when the old one turns out to be
// lost; Execute does not, since its outcome is unknown: UNAVAILABLE.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual absl::StatusOr<Rows> Query(std::string_view sql, const Params& params = {}) = 0;
  // As Query, for a few rows of a list that is short enough to be sent whole: only those are made
  // whose first column `wanted` takes (its text, "" for NULL). The others cost their way here.
  virtual absl::StatusOr<Rows> QuerySome(std::string_view sql, const Params& params,
                                         const std::function<bool(const std::string&)>& wanted) = 0;
  // Rows matched (not merely changed).
  virtual absl::StatusOr<int64_t> Execute(std::string_view sql, const Params& params = {}) = 0;
  // Calls `row` for each row without holding the result in memory; stops at its first error.
  // No other statement may run on this session until it returns (refused with INTERNAL).
  virtual absl::Status Stream(std::string_view sql, const Params& params,
                              const std::function<absl::Status(const Row&)>& row) = 0;
  // As Execute, with the values written into the text: one round trip and nothing kept on the
  // server. For texts that will not come again: bulk statements and DDL.
  virtual absl::StatusOr<int64_t> ExecuteOnce(std::string_view sql, const Params& params = {}) = 0;
  // Longest statement that bulk work should send, in bytes.
  virtual size_t max_statement_bytes() const = 0;
};

// INSERT of many rows in as few statements as fit: columns "(a, b, c)" or "a, b, c", each row as
// many params. `suffix` is appended: "ON DUPLICATE KEY UPDATE …". Returns rows affected as the
// server counts. Outside a transaction the statements commit one by one. A single short row is a
// prepared statement: the server need not read it as text each time.
absl::StatusOr<int64_t> BulkInsert(Executor& db, std::string_view table, std::string_view columns,
                                   const std::vector<Params>& rows, std::string_view suffix = "",
                                   std::string_view verb = "INSERT INTO");

// The literal of a value as it may stand in a statement; what ExecuteOnce writes for each "?".
std::string Literal(const Param& value);

// The statement with each ? outside quotes and comments replaced by its literal. INTERNAL when
// their numbers differ. No params: the text as it is.
absl::StatusOr<std::string> Interpolate(std::string_view sql, const Params& params);

// The statements of a script: each ends with ";" at the end of a line (a -- comment may follow).
// Comments before a statement are dropped.
std::vector<std::string> SplitStatements(std::string_view sql);

// "?, ?, ?" for an IN list of `n` values.
std::string Placeholders(size_t n);

// The condition that `column` lies in one of the regions: "(c >= ? AND c < ?) OR …" in
// parentheses, ranges that an index serves, adding to `params`. Empty scope: "FALSE".
std::string RegionClause(const std::vector<std::string>& prefixes, std::string_view column,
                         Params* params);

// A unit of work under way. Never outlives the function that Transact called.
class Tx : public Executor {};

// What plain reads of a transaction see: what is committed when each statement begins, or all of
// them what was committed when the transaction began. Writes act on what is there in both.
enum class Reads { kLatest, kOneMoment };

class Session : public Executor {
 public:
  static std::unique_ptr<Session> Create(Options options);  // connects on first use

  virtual absl::Status Ping() = 0;
  // Drops the connection; the next use connects anew.
  virtual void Reset() = 0;

 protected:
  friend absl::Status TransactRaw(Session&, const std::function<absl::Status(Tx&)>&, Reads);
  virtual absl::Status RunTransaction(const std::function<absl::Status(Tx&)>& body,
                                      Reads reads) = 0;
};

// Runs `body` in one transaction and commits when it returns OK, else rolls back. On a deadlock
// (1213), lock wait timeout (1205), a certification failure or a lost connection before COMMIT the
// whole body runs again (bounded, with backoff), so it keeps no state outside itself. An unknown
// outcome of COMMIT (connection lost) is UNAVAILABLE with reason COMMIT_UNKNOWN: the caller's
// idempotency row decides. When the runs are used up: ABORTED TRANSACTION_CONFLICT. After such an
// error every further statement of the same run fails alike, so a body that overlooks one cannot
// commit a half.
absl::Status TransactRaw(Session& session, const std::function<absl::Status(Tx&)>& body,
                         Reads reads = Reads::kLatest);

template <typename F>
auto Transact(Session& session, F&& body, Reads reads = Reads::kLatest)
    -> decltype(body(std::declval<Tx&>())) {
  using Result = decltype(body(std::declval<Tx&>()));
  if constexpr (std::is_same_v<Result, absl::Status>) {
    return TransactRaw(session, body, reads);
  } else {
    Result result = absl::UnknownError("transaction did not run");
    absl::Status status = TransactRaw(
        session,
        [&](Tx& tx) -> absl::Status {
          result = body(tx);
          return result.status();
        },
        reads);
    if (!status.ok()) return status;
    return result;
  }
}

// A body returns this when it lost a race that the database does not report (a conditional UPDATE
// that matched no row): Transact runs it again like after a deadlock.
absl::Status Conflict();

// Error mapping (metadata "mysql_code" on each):
//   duplicate key                ALREADY_EXISTS DUPLICATE_KEY, metadata "key": the index name
//   CHECK violation              FAILED_PRECONDITION CHECK_VIOLATION, metadata "constraint"
//   deadlock, lock wait, certification failure   ABORTED TRANSACTION_CONFLICT
//   server gone, restarting, full, read only     UNAVAILABLE DATABASE_UNAVAILABLE
//   statement ran too long       DEADLINE_EXCEEDED DATABASE_TIMEOUT
//   anything else                INTERNAL DATABASE_ERROR
bool IsDuplicateKey(const absl::Status& status, std::string_view key = "");

}  // namespace bangfu::mysql
