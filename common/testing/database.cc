#include "common/testing/database.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/digest.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "common/migrate/migrator.h"
#include "common/status/macros.h"
#include "gtest/gtest.h"

namespace bangfu::testing {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "bangfu-test-db-";
constexpr char kServer[] = "/usr/sbin/mariadbd";

[[noreturn]] void Die(std::string_view text) {
  absl::FPrintF(stderr, "test database: %s\n", text);
  std::abort();
}

fs::path TempRoot() {
  const char* dir = std::getenv("TMPDIR");
  return dir == nullptr || *dir == '\0' ? fs::path("/tmp") : fs::path(dir);
}

// Directories of processes that died without cleaning up: their lock is free.
void SweepLeftovers() {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(TempRoot(), ignored)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    // A young one may be between its making and its lock.
    const auto age = fs::file_time_type::clock::now() - fs::last_write_time(entry.path(), ignored);
    if (age < std::chrono::minutes(5)) continue;
    const int fd = open((entry.path() / "lock").c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry.path(), ignored);
    close(fd);
  }
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  int port = 0;
  if (fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    port = ntohs(address.sin_port);
  }
  if (fd >= 0) close(fd);
  return port;
}

// Starts a program with its output in `log`; dies with this process.
pid_t Launch(const std::vector<std::string>& arguments, const std::string& log) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid != 0) return pid;
  // Only calls that are safe after a fork of a process with threads.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd >= 0) {
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
  }
  execv(argv[0], argv.data());
  _exit(127);
}

std::string Quote(std::string_view name) { return absl::StrCat("`", AbslView(name), "`"); }

// Schemas that a fixture gave back, to be used again by the next with the same migrations.
struct Pool {
  std::mutex mu;
  std::map<std::string, std::vector<std::string>> free;  // by key of the migrations
  std::map<std::string, std::string> pristine;           // key -> migrated, never used schema
  int next = 0;
  std::set<std::string> all;
};
Pool& ThePool() {
  static Pool* pool = new Pool;
  return *pool;
}

absl::StatusOr<std::vector<std::string>> Tables(mysql::Session& db, const std::string& schema) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = ? "
               "ORDER BY table_name",
               {schema}));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

// Makes the rows of `schema` those of `pristine`. False when the tables differ.
absl::StatusOr<bool> ResetRows(mysql::Session& db, const std::string& schema,
                               const std::string& pristine) {
  ASSIGN_OR_RETURN(std::vector<std::string> tables, Tables(db, schema));
  ASSIGN_OR_RETURN(std::vector<std::string> wanted, Tables(db, pristine));
  if (tables != wanted) return false;
  for (const std::string& table : tables) {
    const std::string ours = absl::StrCat(Quote(schema), ".", Quote(table));
    const std::string theirs = absl::StrCat(Quote(pristine), ".", Quote(table));
    RETURN_IF_ERROR(db.ExecuteOnce(absl::StrCat("DELETE FROM ", ours)).status());
    ASSIGN_OR_RETURN(mysql::Rows seeded,
                     db.Query(absl::StrCat("SELECT 1 FROM ", theirs, " LIMIT 1")));
    if (seeded.empty()) continue;
    RETURN_IF_ERROR(
        db.ExecuteOnce(absl::StrCat("INSERT INTO ", ours, " SELECT * FROM ", theirs)).status());
  }
  return true;
}

absl::Status Migrated(const mysql::Options& options, const std::string& schema,
                      const migrate::Migrations& migrations) {
  auto root = mysql::Session::Create(options);
  RETURN_IF_ERROR(root->ExecuteOnce(absl::StrCat("CREATE DATABASE ", Quote(schema),
                                                 " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"))
                      .status());
  if (migrations.empty()) return absl::OkStatus();
  mysql::Options inside = options;
  inside.schema = schema;
  auto session = mysql::Session::Create(inside);
  migrate::Migrator migrator(*session, SystemClock(), {.owner = "test"});
  return migrator.Apply(migrations);
}

std::string KeyOf(const migrate::Migrations& migrations) {
  std::string text;
  for (const migrate::Migration& m : migrations) {
    absl::StrAppend(&text, m.stream, "\n", m.version, "\n", m.sql, "\n");
  }
  return Sha256Hex(text);
}

// A TestServer that the process shares drops what is left in a foreign server at the end.
void DropAll(const mysql::Options& options) {
  Pool& pool = ThePool();
  std::lock_guard<std::mutex> lock(pool.mu);
  auto db = mysql::Session::Create(options);
  for (const std::string& schema : pool.all) {
    (void)db->ExecuteOnce(absl::StrCat("DROP DATABASE IF EXISTS ", Quote(schema)));
  }
}

}  // namespace

TestServer& TestServer::Shared() {
  static TestServer server;
  return server;
}

TestServer::TestServer(bool durable) : durable_(durable) {
  mysql::InitDriver();
  ThePool();
  const char* running = std::getenv("BANGFU_TEST_MYSQL");
  if (running != nullptr && *running != '\0' && !durable) {
    ours_ = false;
    const std::vector<std::string> parts = absl::StrSplit(running, absl::MaxSplits(':', 3));
    if (parts.size() < 3) Die("BANGFU_TEST_MYSQL wants host:port:user:password");
    options_.host = parts[0];
    options_.port = std::atoi(parts[1].c_str());
    options_.user = parts[2];
    if (parts.size() > 3) options_.password = parts[3];
    return;
  }
  SweepLeftovers();
  std::string pattern = (TempRoot() / absl::StrCat(kPrefix, getpid(), "-XXXXXX")).string();
  if (mkdtemp(pattern.data()) == nullptr) Die(absl::StrCat("mkdtemp: ", std::strerror(errno)));
  directory_ = pattern;
  lock_fd_ = open((directory_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0 || flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) Die("cannot lock the directory");
  std::vector<std::string> install = {
      "/usr/bin/mariadb-install-db", "--no-defaults", "--datadir=" + directory_ + "/data",
      // Not /tmp: a server that starts there sweeps what lies there.
      "--tmpdir=" + directory_, "--skip-test-db",
      // The machine's own name need not resolve.
      "--skip-name-resolve", "--force", "--auth-root-authentication-method=normal",
      "--innodb-log-file-size=16M"};
  if (geteuid() == 0) install.push_back("--user=root");
  const pid_t pid = Launch(install, directory_ + "/install.log");
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
    Die(absl::StrCat("mariadb-install-db failed; see ", directory_, "/install.log"));
  }
  options_.host = directory_ + "/server.sock";
  options_.user = "root";
  if (absl::Status started = Start(); !started.ok()) Die(started.ToString());
}

TestServer::~TestServer() {
  if (!ours_) {
    DropAll(options_);
    return;
  }
  (void)Kill();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
  if (lock_fd_ >= 0) close(lock_fd_);
}

absl::Status TestServer::Start() {
  if (!ours_ || pid_ > 0) return absl::FailedPreconditionError("server is running");
  absl::Status status;
  // Another process may take the port between choosing and binding it.
  for (int attempt = 0; attempt < 3; ++attempt) {
    status = Spawn();
    if (status.ok()) return status;
  }
  return status;
}

absl::Status TestServer::Spawn() {
  options_.port = FreePort();
  std::vector<std::string> arguments = {
      kServer,
      "--no-defaults",
      "--datadir=" + directory_ + "/data",
      "--tmpdir=" + directory_,
      "--socket=" + options_.host,
      absl::StrCat("--port=", options_.port),
      "--bind-address=127.0.0.1",
      "--skip-networking=0",
      "--skip-log-bin",
      "--skip-name-resolve",
      "--pid-file=" + directory_ + "/server.pid",
      absl::StrCat("--innodb-flush-log-at-trx-commit=", durable_ ? 1 : 0),
      "--innodb-log-file-size=16M",
      "--innodb-buffer-pool-size=128M",
      "--performance-schema=OFF",
      "--max-connections=200",
      "--loose-innodb-use-native-aio=0"};
  if (geteuid() == 0) arguments.push_back("--user=root");
  const std::string log = directory_ + "/server.log";
  pid_ = Launch(arguments, log);
  if (pid_ < 0) return absl::InternalError("fork failed");
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  auto session = mysql::Session::Create(options_);
  while (absl::Now() < deadline) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return absl::InternalError(absl::StrCat("mariadbd ended at once; see ", log));
    }
    if (access(options_.host.c_str(), F_OK) == 0 && session->Ping().ok()) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(10));  // the server tells nobody when it is ready
  }
  return absl::DeadlineExceededError("mariadbd is not ready after 60 s");
}

absl::Status TestServer::Kill() {
  if (!ours_ || pid_ <= 0) return absl::FailedPreconditionError("no server of ours is running");
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  unlink(options_.host.c_str());
  return absl::OkStatus();
}

TestDatabase::TestDatabase(const migrate::Migrations& migrations, bool own_schema,
                           TestServer& server)
    : server_(server) {
  const bool shared = !own_schema && !migrations.empty() && &server == &TestServer::Shared();
  if (shared) key_ = KeyOf(migrations);
  Pool& pool = ThePool();
  std::lock_guard<std::mutex> lock(pool.mu);
  auto fresh_name = [&] {
    static const uint64_t run = SystemRandom();
    std::string name =
        absl::StrCat("bangfu_test_", absl::Hex(run & 0xffffffffff), "_", ++pool.next);
    if (&server == &TestServer::Shared()) pool.all.insert(name);
    return name;
  };
  if (shared) {
    if (!pool.pristine.contains(key_)) {
      const std::string pristine = fresh_name();
      absl::Status status = Migrated(server_.options(), pristine, migrations);
      if (!status.ok()) Die(status.ToString());
      pool.pristine[key_] = pristine;
    }
    std::vector<std::string>& free = pool.free[key_];
    while (schema_.empty() && !free.empty()) {
      const std::string candidate = free.back();
      free.pop_back();
      auto root = mysql::Session::Create(server_.options());
      absl::StatusOr<bool> same = ResetRows(*root, candidate, pool.pristine[key_]);
      if (same.ok() && *same) {
        schema_ = candidate;
      } else {
        (void)root->ExecuteOnce(absl::StrCat("DROP DATABASE IF EXISTS ", Quote(candidate)));
      }
    }
  }
  if (schema_.empty()) {
    schema_ = fresh_name();
    absl::Status status = Migrated(server_.options(), schema_, migrations);
    if (!status.ok()) Die(status.ToString());
  }
  session_ = Connect();
}

TestDatabase::~TestDatabase() {
  session_.reset();
  Pool& pool = ThePool();
  std::lock_guard<std::mutex> lock(pool.mu);
  if (!key_.empty()) {
    pool.free[key_].push_back(schema_);
    return;
  }
  auto root = mysql::Session::Create(server_.options());
  if (root->ExecuteOnce(absl::StrCat("DROP DATABASE IF EXISTS ", Quote(schema_))).ok()) {
    pool.all.erase(schema_);
  }
}

mysql::Options TestDatabase::options() const {
  mysql::Options options = server_.options();
  options.schema = schema_;
  return options;
}

void TestDatabase::Run(std::string_view script) {
  for (const std::string& statement : mysql::SplitStatements(script)) {
    absl::Status status = db().ExecuteOnce(statement).status();
    EXPECT_TRUE(status.ok()) << status << "\n" << statement;
  }
}

int64_t TestDatabase::Int(std::string_view sql, const mysql::Params& params) {
  absl::StatusOr<mysql::Rows> rows = db().Query(sql, params);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() && !rows->empty() ? rows->front().Int(0) : 0;
}

}  // namespace bangfu::testing
