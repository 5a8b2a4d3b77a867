// A schema on a real database for each test.
//
// The server is a private mariadbd that the process starts on first use, in a directory of its own,
// and takes along when it ends; or the running one that BANGFU_TEST_MYSQL=host:port:user:password
// names.
#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/migrate/migration.h"
#include "common/mysql/session.h"

namespace bangfu::testing {

class TestServer {
 public:
  // The process's server, started on first use. Aborts the process when it cannot be started:
  // a test without a database proves nothing.
  static TestServer& Shared();

  // `durable`: every commit is on disk before it is answered, so that Kill loses nothing.
  explicit TestServer(bool durable = false);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  absl::Status Start();
  // Ends the server with SIGKILL, as a crash would. FAILED_PRECONDITION when it is not ours.
  absl::Status Kill();

  // For a session without a schema.
  mysql::Options options() const { return options_; }
  bool ours() const { return ours_; }

 private:
  absl::Status Spawn();

  bool ours_ = true;
  bool durable_ = false;
  std::string directory_;
  int lock_fd_ = -1;
  pid_t pid_ = -1;
  mysql::Options options_;
};

// One schema with the tables and seed rows of `migrations` and nothing else; gone (or emptied for
// the next test with the same list) when the object dies. Tests may change rows as they like; one
// that changes tables says so with `own_schema`.
class TestDatabase {
 public:
  explicit TestDatabase(const migrate::Migrations& migrations = {}, bool own_schema = false,
                        TestServer& server = TestServer::Shared());
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  // For a further session on the schema.
  mysql::Options options() const;
  std::unique_ptr<mysql::Session> Connect() const { return mysql::Session::Create(options()); }
  // A session that the fixture keeps.
  mysql::Session& db() { return *session_; }
  const std::string& schema() const { return schema_; }
  TestServer& server() { return server_; }

  // Runs a script of statements; test failure when one fails.
  void Run(std::string_view script);
  // The first column of the first row; 0 when there is none.
  int64_t Int(std::string_view sql, const mysql::Params& params = {});

 private:
  TestServer& server_;
  std::string key_;  // of the list of migrations; empty: not shared
  std::string schema_;
  std::unique_ptr<mysql::Session> session_;
};

}  // namespace bangfu::testing
