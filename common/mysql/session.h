// Database sessions and transactions over MySQL Connector/C++.
//
// A worker owns one session for life. Every session runs READ COMMITTED at time zone '+00:00' with
// utf8mb4; an error that leaves its state unknown breaks it, and the next use connects anew.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
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
};

// Must be called once in main, before threads (the driver's instance is not thread safe).
void InitDriver();

// What both a session (autocommit reads) and a transaction can do. `sql` uses ? placeholders and is
// prepared once per session (bounded cache): keep the number of distinct texts small.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual absl::StatusOr<Rows> Query(std::string_view sql, const Params& params = {}) = 0;
  // Rows matched (not merely changed).
  virtual absl::StatusOr<int64_t> Execute(std::string_view sql, const Params& params = {}) = 0;
  // Calls `row` for each row without holding the result in memory; stops at its first error.
  virtual absl::Status Stream(std::string_view sql, const Params& params,
                              const std::function<absl::Status(const Row&)>& row) = 0;
};

// INSERT of many rows in as few statements as fit: columns "(a, b, c)", each row as many params.
// `suffix` is appended: "ON DUPLICATE KEY UPDATE …". Returns rows affected as the server counts.
absl::StatusOr<int64_t> BulkInsert(Executor& db, std::string_view table, std::string_view columns,
                                   const std::vector<Params>& rows, std::string_view suffix = "",
                                   std::string_view verb = "INSERT INTO");

// A unit of work under way. Never outlives the function that Transact called.
class Tx : public Executor {};

class Session : public Executor {
 public:
  static std::unique_ptr<Session> Create(Options options);  // connects on first use

  virtual absl::Status Ping() = 0;
  // Drops the connection; the next use connects anew.
  virtual void Reset() = 0;

 protected:
  friend absl::Status TransactRaw(Session&, const std::function<absl::Status(Tx&)>&);
  virtual absl::Status RunTransaction(const std::function<absl::Status(Tx&)>& body) = 0;
};

// Runs `body` in one transaction and commits when it returns OK, else rolls back. On a deadlock
// (1213), lock wait timeout (1205), a certification failure or a lost connection before COMMIT the
// whole body runs again (bounded, with backoff), so it keeps no state outside itself. An unknown
// outcome of COMMIT (connection lost) is UNAVAILABLE with reason COMMIT_UNKNOWN: the caller's
// idempotency row decides.
absl::Status TransactRaw(Session& session, const std::function<absl::Status(Tx&)>& body);

template <typename F>
auto Transact(Session& session, F&& body) -> decltype(body(std::declval<Tx&>())) {
  using Result = decltype(body(std::declval<Tx&>()));
  if constexpr (std::is_same_v<Result, absl::Status>) {
    return TransactRaw(session, body);
  } else {
    Result result = absl::UnknownError("transaction did not run");
    absl::Status status = TransactRaw(session, [&](Tx& tx) -> absl::Status {
      result = body(tx);
      return result.status();
    });
    if (!status.ok()) return status;
    return result;
  }
}

// Error mapping: duplicate key -> ALREADY_EXISTS (reason DUPLICATE_KEY, metadata "key": the index name),
// CHECK violation -> FAILED_PRECONDITION, server gone -> UNAVAILABLE, timeout -> DEADLINE_EXCEEDED or
// UNAVAILABLE, anything else -> INTERNAL with the code kept for the log.
bool IsDuplicateKey(const absl::Status& status, std::string_view key = "");

}  // namespace bangfu::mysql
