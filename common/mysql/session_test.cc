#include "common/mysql/session.h"

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/mysql/value.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/database.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::mysql {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::IsOkAndHolds;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::TestDatabase;
using ::bangfu::testing::TestServer;

const migrate::Migrations& Schema() {
  static const auto* steps =
      new migrate::Migrations{{.stream = "test", .version = 1, .name = "t", .sql = R"sql(
CREATE TABLE thing (
  id BINARY(16) NOT NULL,
  name VARCHAR(200) NULL,
  amount DECIMAL(30, 8) NULL,
  at DATETIME(6) NULL,
  day DATE NULL,
  n BIGINT NULL,
  flag TINYINT(1) NULL,
  doc LONGBLOB NULL,
  region_path VARCHAR(12) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  UNIQUE KEY uk_name (name),
  KEY k_region (region_path, id),
  CONSTRAINT n_not_negative CHECK (n >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE counter (
  id INT NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO counter (id, value) VALUES (1, 0), (2, 0);
)sql"}};
  return *steps;
}

Ulid Id(int n) {
  std::string bytes(16, '\0');
  bytes[0] = '\xff';  // never well-formed text
  bytes[14] = static_cast<char>(n >> 8);
  bytes[15] = static_cast<char>(n);
  return *Ulid::FromBytes(bytes);
}

class SessionTest : public ::testing::Test {
 protected:
  TestDatabase database_{Schema()};
  Session& db_ = database_.db();
};

TEST_F(SessionTest, SessionStateIsSetOnEveryConnect) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(Rows rows,
                         db_.Query("SELECT @@tx_isolation, @@time_zone, @@character_set_client, "
                                   "@@collation_connection, @@innodb_lock_wait_timeout, "
                                   "@@in_predicate_conversion_threshold"));
    EXPECT_EQ(rows[0].String(0), "READ-COMMITTED");
    EXPECT_EQ(rows[0].String(1), "+00:00");
    EXPECT_EQ(rows[0].String(2), "utf8mb4");
    EXPECT_EQ(rows[0].String(3), "utf8mb4_bin");
    EXPECT_EQ(rows[0].Int(4), 5);
    EXPECT_EQ(rows[0].Int(5), 0);
    db_.Reset();
  }
}

TEST_F(SessionTest, ValuesComeBackAsTheyWentIn) {
  const absl::Time at = absl::FromUnixMicros(1774000000123456);
  const std::string doc = std::string("\0\1'\\\"\n\x1a\xff?", 9) + std::string(400000, 'z');
  const std::string name = "帮扶 '冷库' \\ 𠮷?";
  for (bool once : {false, true}) {
    const Params row = {Id(once),
                        absl::StrCat(name, once),
                        "12345678901234567890.12345678",
                        at,
                        absl::CivilDay(2026, 2, 28),
                        int64_t{9007199254740993},
                        true,
                        doc,
                        "3607"};
    const char* sql =
        "INSERT INTO thing (id, name, amount, at, day, n, flag, doc, region_path) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    EXPECT_THAT(once ? db_.ExecuteOnce(sql, row) : db_.Execute(sql, row), IsOkAndHolds(1));
  }
  const char* sql = "SELECT id, name, amount, at, day, n, flag, doc FROM thing WHERE id = ?";
  for (bool once : {false, true}) {
    ASSERT_OK_AND_ASSIGN(Rows rows, db_.Query(sql, {Id(once)}));
    Rows streamed;
    ASSERT_OK(db_.Stream(sql, {Id(once)}, [&](const Row& row) {
      streamed.push_back(row);
      return absl::OkStatus();
    }));
    for (const Rows& found : {rows, streamed}) {
      ASSERT_EQ(found.size(), 1u);
      const Row& r = found[0];
      EXPECT_EQ(r.Id(0), Id(once));
      EXPECT_EQ(r.String(1), absl::StrCat(name, once));
      EXPECT_EQ(r.String(2), "12345678901234567890.12345678");
      EXPECT_EQ(r.Time(3), at);
      EXPECT_EQ(r.Day(4), absl::CivilDay(2026, 2, 28));
      EXPECT_EQ(r.Int(5), 9007199254740993);
      EXPECT_TRUE(r.Bool(6));
      EXPECT_EQ(r.String(7), doc);
    }
  }
}

TEST_F(SessionTest, NullIsNotZero) {
  ASSERT_OK(db_.Execute("INSERT INTO thing (id, n, at) VALUES (?, ?, ?)",
                        {Id(1), std::optional<int64_t>(), absl::InfinitePast()}));
  ASSERT_OK(db_.Execute("INSERT INTO thing (id, n) VALUES (?, ?)", {Id(2), 0}));
  ASSERT_OK_AND_ASSIGN(Rows rows, db_.Query("SELECT n, at, name FROM thing ORDER BY id"));
  EXPECT_TRUE(rows[0].IsNull(0));
  EXPECT_EQ(rows[0].OptInt(0), std::nullopt);
  EXPECT_EQ(rows[0].Int(0), 0);
  EXPECT_EQ(rows[0].Time(1), absl::InfinitePast());
  EXPECT_EQ(rows[0].OptString(2), std::nullopt);
  EXPECT_EQ(rows[1].OptInt(0), 0);
  // The same statement again: a bound NULL must not stick.
  ASSERT_OK(
      db_.Execute("INSERT INTO thing (id, n, at) VALUES (?, ?, ?)", {Id(3), 7, absl::UnixEpoch()}));
  ASSERT_OK_AND_ASSIGN(rows, db_.Query("SELECT n, at FROM thing WHERE id = ?", {Id(3)}));
  EXPECT_EQ(rows[0].OptInt(0), 7);
  EXPECT_EQ(rows[0].OptTime(1), absl::UnixEpoch());
}

TEST_F(SessionTest, NullIsToldFromWhatIsEmptyInEveryWayOfReading) {
  ASSERT_OK(db_.Execute("INSERT INTO thing (id) VALUES (?)", {Id(1)}));
  ASSERT_OK(
      db_.Execute("INSERT INTO thing (id, name, amount, at, day, n, flag, doc) VALUES "
                  "(?, '', 0, '0001-01-01', '0001-01-01', 0, 0, '')",
                  {Id(2)}));
  Params many = {Id(1), Id(2)};
  many.resize(kMaxPreparedParams + 1, Id(2));
  for (const Params& ids : {Params{Id(1), Id(2)}, many}) {
    const std::string sql = absl::StrCat(
        "SELECT name, amount, at, day, n, flag, doc, (SELECT SUM(n) FROM thing t WHERE ",
        "t.id = thing.id) FROM thing WHERE id IN (", Placeholders(ids.size()), ") ORDER BY id");
    Rows streamed;
    ASSERT_OK(db_.Stream(sql, ids, [&](const Row& row) {
      streamed.push_back(row);
      return absl::OkStatus();
    }));
    ASSERT_OK_AND_ASSIGN(const Rows queried, db_.Query(sql, ids));
    for (const Rows& rows : {queried, streamed}) {
      ASSERT_EQ(rows.size(), 2u);
      for (size_t i = 0; i < rows[0].size(); ++i) {
        EXPECT_TRUE(rows[0].IsNull(i)) << i;
        EXPECT_FALSE(rows[1].IsNull(i)) << i;
      }
    }
  }
}

TEST_F(SessionTest, SumsOfIntegersReadAsIntegers) {
  ASSERT_OK_AND_ASSIGN(Rows rows, db_.Query("SELECT SUM(value + 5), COUNT(*) FROM counter"));
  EXPECT_EQ(rows[0].Int(0), 10);
  EXPECT_EQ(rows[0].Int(1), 2);
}

TEST_F(SessionTest, NoOpUpdateCountsTheRowsItMatched) {
  EXPECT_THAT(db_.Execute("UPDATE counter SET value = ? WHERE id = ?", {0, 1}), IsOkAndHolds(1));
  EXPECT_THAT(db_.Execute("UPDATE counter SET value = ? WHERE id = ?", {0, 99}), IsOkAndHolds(0));
}

TEST_F(SessionTest, ErrorsAreNamed) {
  ASSERT_OK(db_.Execute("INSERT INTO thing (id, name) VALUES (?, ?)", {Id(1), "身份证号"}));
  absl::Status duplicate =
      db_.Execute("INSERT INTO thing (id, name) VALUES (?, ?)", {Id(2), "身份证号"}).status();
  EXPECT_THAT(duplicate, StatusIs(absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY"));
  EXPECT_TRUE(IsDuplicateKey(duplicate, "uk_name"));
  EXPECT_FALSE(IsDuplicateKey(duplicate, "PRIMARY"));
  EXPECT_THAT(std::string(duplicate.message()), ::testing::Not(::testing::HasSubstr("身份证号")));

  absl::Status check = db_.Execute("INSERT INTO thing (id, n) VALUES (?, ?)", {Id(3), -1}).status();
  EXPECT_THAT(check, StatusIs(absl::StatusCode::kFailedPrecondition, "CHECK_VIOLATION"));
  EXPECT_EQ(GetErrorDetail(check).metadata["constraint"], "n_not_negative");

  absl::Status syntax = db_.Query("SELECT nothing FROM nowhere").status();
  EXPECT_THAT(syntax, StatusIs(absl::StatusCode::kInternal, "DATABASE_ERROR"));
  EXPECT_EQ(GetErrorDetail(syntax).metadata["mysql_code"], "1146");
  EXPECT_THAT(db_.Query("SELECT ? + 1 FROM counter", {}), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(SessionTest, StatementCacheIsBoundedOnTheServer) {
  Options options = database_.options();
  options.statement_cache = 4;
  auto session = Session::Create(options);
  const int64_t before = database_.Int(
      "SELECT variable_value FROM information_schema.global_status WHERE variable_name = "
      "'PREPARED_STMT_COUNT'");
  for (int i = 0; i < 50; ++i) {
    ASSERT_OK(session->Query(absl::StrCat("SELECT ", i, " FROM counter WHERE id = ?"), {1}));
  }
  const char* count =
      "SELECT variable_value FROM information_schema.global_status WHERE variable_name = "
      "'PREPARED_STMT_COUNT'";
  // At most: the server may only now notice the end of a session that was before this test.
  EXPECT_LE(database_.Int(count) - before, 4);
  session.reset();
  // The server notices the end of a session a moment later.
  while (database_.Int(count) > before) std::this_thread::yield();
}

TEST_F(SessionTest, ManyParametersAreNotPrepared) {
  Params ids;
  for (int i = 0; i < 3000; ++i) ids.emplace_back(i);
  ASSERT_OK_AND_ASSIGN(Rows rows, db_.Query(absl::StrCat("SELECT id FROM counter WHERE id IN (",
                                                         Placeholders(ids.size()), ") ORDER BY id"),
                                            ids));
  EXPECT_EQ(rows.size(), 2u);
}

TEST_F(SessionTest, BulkInsertFitsThePacket) {
  std::vector<Params> rows;
  for (int i = 0; i < 3000; ++i) {
    rows.push_back(
        {Id(i), absl::StrCat("名'称\\", i), std::string(3000, static_cast<char>('a' + i % 26))});
  }
  EXPECT_THAT(BulkInsert(db_, "thing", "(id, name, doc)", rows), IsOkAndHolds(3000));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM thing WHERE LENGTH(doc) = 3000"), 3000);
  ASSERT_OK_AND_ASSIGN(Rows found, db_.Query("SELECT name FROM thing WHERE id = ?", {Id(2999)}));
  EXPECT_EQ(found[0].String(0), "名'称\\2999");
  // With FOUND_ROWS a row that is there already counts 1 when unchanged, 2 when updated.
  rows.resize(2);
  rows[1][2] = "changed";
  EXPECT_THAT(
      BulkInsert(db_, "thing", "id, name, doc", rows, "ON DUPLICATE KEY UPDATE doc = VALUES(doc)"),
      IsOkAndHolds(3));
  EXPECT_THAT(BulkInsert(db_, "thing", "id, name, doc", rows, "", "INSERT IGNORE INTO"),
              IsOkAndHolds(0));
  EXPECT_THAT(BulkInsert(db_, "thing", "id", {}), IsOkAndHolds(0));
  EXPECT_THAT(BulkInsert(db_, "thing", "id", {{1}, {1, 2}}), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(SessionTest, OneRowIsWrittenAsManyAre) {
  // The short one is prepared, the long one is not.
  const std::string texts[] = {std::string("\0?'\\\"\n\x1a\xff", 8), std::string(100'000, '\xfe')};
  const absl::Time at = absl::FromUnixMicros(-1);  // the last microsecond of 1969
  for (int i = 0; i < 2; ++i) {
    const Params row = {Id(i), nullptr, at, absl::CivilDay(1987, 1, 2), 0, "", texts[i]};
    constexpr char kColumns[] = "id, name, at, day, n, region_path, doc";
    constexpr char kUpdate[] = "ON DUPLICATE KEY UPDATE n = VALUES(n)";
    EXPECT_THAT(BulkInsert(db_, "thing", kColumns, {row}, kUpdate), IsOkAndHolds(1));
    EXPECT_THAT(BulkInsert(db_, "thing", kColumns, {row}, kUpdate), IsOkAndHolds(1));
    Params other = row;
    other[4] = 7;
    EXPECT_THAT(BulkInsert(db_, "thing", kColumns, {other}, kUpdate), IsOkAndHolds(2));
    EXPECT_TRUE(IsDuplicateKey(BulkInsert(db_, "thing", kColumns, {row}).status(), "PRIMARY"));
    EXPECT_THAT(BulkInsert(db_, "thing", kColumns, {row}, "", "INSERT IGNORE INTO"),
                IsOkAndHolds(0));
    ASSERT_OK_AND_ASSIGN(Rows found, db_.Query("SELECT name, at, day, n, region_path, doc FROM "
                                               "thing WHERE id = ?",
                                               {Id(i)}));
    EXPECT_TRUE(found[0].IsNull(0));
    EXPECT_EQ(found[0].Time(1), at);
    EXPECT_EQ(found[0].Day(2), absl::CivilDay(1987, 1, 2));
    EXPECT_EQ(found[0].Int(3), 7);
    EXPECT_EQ(found[0].OptString(4), "");
    EXPECT_EQ(found[0].String(5), texts[i]);
  }
}

TEST_F(SessionTest, SomeRowsOfAListAreMade) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_OK(BulkInsert(db_, "thing", "id, name, n",
                         {{Id(i), i == 0 ? Param(nullptr) : Param(absl::StrCat("名", i)), i}}));
  }
  std::vector<std::string> asked;
  const auto wanted = [&](const std::string& name) {
    asked.push_back(name);
    return name.empty() || name == "名2";
  };
  Params many = {Id(0), Id(1), Id(2)};
  many.resize(kMaxPreparedParams + 1, Id(3));
  for (const Params& ids : {Params{Id(0), Id(1), Id(2), Id(3)}, many}) {
    asked.clear();
    ASSERT_OK_AND_ASSIGN(const Rows rows,
                         db_.QuerySome(absl::StrCat("SELECT name, n FROM thing WHERE id IN (",
                                                    Placeholders(ids.size()), ") ORDER BY id"),
                                       ids, wanted));
    EXPECT_THAT(asked, ::testing::ElementsAre("", "名1", "名2", "名3"));
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_TRUE(rows[0].IsNull(0));
    EXPECT_EQ(rows[0].Int(1), 0);
    EXPECT_EQ(rows[1].String(0), "名2");
    EXPECT_EQ(rows[1].Int(1), 2);
  }
}

TEST_F(SessionTest, StreamStopsAtTheFirstErrorAndRefusesStatementsInside) {
  std::vector<Params> rows;
  for (int i = 0; i < 100; ++i) rows.push_back({Id(i)});
  ASSERT_OK(BulkInsert(db_, "thing", "id", rows));
  int seen = 0;
  EXPECT_THAT(db_.Stream("SELECT id FROM thing", {},
                         [&](const Row&) -> absl::Status {
                           if (++seen == 10) return absl::CancelledError("enough");
                           return absl::OkStatus();
                         }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(seen, 10);
  EXPECT_THAT(db_.Stream("SELECT id FROM thing", {},
                         [&](const Row&) { return db_.Query("SELECT 1").status(); }),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM thing"), 100);  // the session is still good
}

TEST_F(SessionTest, RegionClauseUsesTheIndexAndFindsNothingOutside) {
  std::vector<Params> rows;
  const std::vector<std::string> paths = {"36",   "3607",   "360733", "360733101",
                                          "3608", "360821", "37"};
  for (int i = 0; i < 700; ++i) rows.push_back({Id(i), paths[i % paths.size()]});
  ASSERT_OK(BulkInsert(db_, "thing", "id, region_path", rows));
  auto count = [&](const std::vector<std::string>& scope) {
    Params params;
    const std::string where = RegionClause(scope, "region_path", &params);
    return database_.Int(absl::StrCat("SELECT COUNT(*) FROM thing WHERE ", where), params);
  };
  EXPECT_EQ(count({"36"}), 600);
  EXPECT_EQ(count({"3607"}), 300);
  EXPECT_EQ(count({"360733", "3608"}), 400);
  EXPECT_EQ(count({}), 0);
  EXPECT_EQ(count({""}), 700);
  Params params;
  const std::string where = RegionClause({"360733"}, "region_path", &params);
  ASSERT_OK_AND_ASSIGN(
      Rows plan, db_.Query(absl::StrCat("EXPLAIN SELECT id FROM thing WHERE ", where), params));
  EXPECT_EQ(plan[0].String(3), "range");
  EXPECT_EQ(plan[0].String(5), "k_region");
}

TEST_F(SessionTest, OneMomentSeesNothingThatIsCommittedMeanwhile) {
  auto other = database_.Connect();
  const auto value = [](Executor& db) {
    absl::StatusOr<Rows> rows = db.Query("SELECT value FROM counter WHERE id = 1");
    EXPECT_OK(rows);
    return rows.ok() ? (*rows)[0].Int(0) : -1;
  };
  for (const auto& [reads, seen] :
       {std::pair{Reads::kOneMoment, 0}, std::pair{Reads::kLatest, 1}}) {
    ASSERT_OK(db_.Execute("UPDATE counter SET value = 0 WHERE id = 1"));
    ASSERT_OK(Transact(
        db_,
        [&](Tx& tx) -> absl::Status {
          EXPECT_OK(other->Execute("UPDATE counter SET value = 1 WHERE id = 1"));
          EXPECT_EQ(value(tx), seen);
          return absl::OkStatus();
        },
        reads));
    EXPECT_EQ(value(db_), 1);  // the session itself is as it was
  }
}

TEST_F(SessionTest, TransactionCommitsOrRollsBack) {
  EXPECT_THAT(Transact(db_,
                       [&](Tx& tx) -> absl::StatusOr<int64_t> {
                         return tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?",
                                           {1});
                       }),
              IsOkAndHolds(1));
  EXPECT_THAT(
      Transact(db_,
               [&](Tx& tx) -> absl::Status {
                 RETURN_IF_ERROR(
                     tx.Execute("UPDATE counter SET value = 100 WHERE id = ?", {1}).status());
                 return FailedPrecondition("NO", "不行");
               }),
      StatusIs(absl::StatusCode::kFailedPrecondition, "NO"));
  EXPECT_EQ(database_.Int("SELECT value FROM counter WHERE id = 1"), 1);
  EXPECT_THAT(
      Transact(db_, [&](Tx&) { return Transact(db_, [](Tx&) { return absl::OkStatus(); }); }),
      StatusIs(absl::StatusCode::kInternal));
}

TEST_F(SessionTest, ABodyThatSaysConflictRunsAgain) {
  int runs = 0;
  EXPECT_THAT(Transact(db_, [&](Tx&) { return ++runs < 3 ? Conflict() : absl::OkStatus(); }),
              IsOk());
  EXPECT_EQ(runs, 3);
}

// Two transactions take two rows in opposite order; each waits until the other holds its first.
TEST_F(SessionTest, DeadlockRunsTheBodyAgain) {
  std::atomic<int> holding{0}, runs{0};
  auto work = [&](int first, int second) {
    auto session = database_.Connect();
    return Transact(*session, [&](Tx& tx) -> absl::Status {
      ++runs;
      RETURN_IF_ERROR(
          tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {first}).status());
      ++holding;
      while (holding < 2) std::this_thread::yield();
      return tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {second}).status();
    });
  };
  absl::Status other;
  std::thread thread([&] { other = work(2, 1); });
  absl::Status mine = work(1, 2);
  thread.join();
  EXPECT_THAT(mine, IsOk());
  EXPECT_THAT(other, IsOk());
  EXPECT_GE(runs, 3);
  EXPECT_EQ(database_.Int("SELECT SUM(value) FROM counter"), 4);
}

// After 1213 the server has no transaction any more: what follows would commit by itself.
TEST_F(SessionTest, ABodyThatOverlooksADeadlockCommitsNothing) {
  std::atomic<int> holding{0}, runs{0};
  auto work = [&](int first, int second) {
    auto session = database_.Connect();
    return Transact(*session, [&](Tx& tx) -> absl::Status {
      ++runs;
      (void)tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {first});
      ++holding;
      while (holding < 2) std::this_thread::yield();
      (void)tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {second});
      (void)tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {first});
      return absl::OkStatus();
    });
  };
  absl::Status other;
  std::thread thread([&] { other = work(2, 1); });
  absl::Status mine = work(1, 2);
  thread.join();
  EXPECT_THAT(mine, IsOk());
  EXPECT_THAT(other, IsOk());
  EXPECT_GE(runs, 3);
  EXPECT_EQ(database_.Int("SELECT SUM(value) FROM counter"), 6);
}

TEST_F(SessionTest, LockWaitTimeoutUndoesTheWholeTransactionAndRunsAgain) {
  Options options = database_.options();
  options.lock_wait_timeout = absl::Seconds(1);
  options.max_attempts = 2;
  int waits = 0;
  options.sleep = [&](absl::Duration) { ++waits; };
  auto waiter = Session::Create(options);
  absl::Status result;
  EXPECT_THAT(
      Transact(db_,
               [&](Tx& tx) -> absl::Status {
                 RETURN_IF_ERROR(
                     tx.Execute("UPDATE counter SET value = 1 WHERE id = ?", {2}).status());
                 result = Transact(*waiter, [&](Tx& inner) -> absl::Status {
                   RETURN_IF_ERROR(
                       inner.Execute("UPDATE counter SET value = 1 WHERE id = ?", {1}).status());
                   return inner.Execute("UPDATE counter SET value = 2 WHERE id = ?", {2}).status();
                 });
                 return absl::CancelledError("only to hold the lock");
               }),
      StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kAborted, "TRANSACTION_CONFLICT"));
  EXPECT_EQ(waits, 1);
  EXPECT_EQ(database_.Int("SELECT SUM(value) FROM counter"), 0);
}

// Eight waits for a lock are longer than a drain.
TEST_F(SessionTest, NoRunBeginsWhenTheTimeForRunsIsOver) {
  Options options = database_.options();
  options.retry_within = absl::Seconds(15);
  absl::Time now = absl::UnixEpoch();
  options.now = [&] { return now; };
  options.sleep = [](absl::Duration) {};
  auto session = Session::Create(options);
  int runs = 0;
  const absl::Status result = Transact(*session, [&](Tx& tx) -> absl::Status {
    ++runs;
    now += absl::Seconds(5);  // as long as a lock is waited for
    return tx.ExecuteOnce("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213", {}).status();
  });
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kAborted, "TRANSACTION_CONFLICT"));
  EXPECT_EQ(runs, 3);
}

int64_t ConnectionId(Executor& db) {
  absl::StatusOr<Rows> rows = db.Query("SELECT CONNECTION_ID()");
  return rows.ok() ? rows->front().Int(0) : 0;
}

TEST_F(SessionTest, KilledConnectionIsReplacedWithItsState) {
  auto session = database_.Connect();
  const int64_t first = ConnectionId(*session);
  ASSERT_OK(db_.ExecuteOnce(absl::StrCat("KILL CONNECTION ", first)));
  // An autocommit read runs again; a write's outcome would be unknown.
  ASSERT_OK_AND_ASSIGN(Rows rows, session->Query("SELECT CONNECTION_ID(), @@tx_isolation"));
  EXPECT_NE(rows[0].Int(0), first);
  EXPECT_EQ(rows[0].String(1), "READ-COMMITTED");
  ASSERT_OK(db_.ExecuteOnce(absl::StrCat("KILL CONNECTION ", rows[0].Int(0))));
  EXPECT_THAT(session->Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {1}),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  EXPECT_THAT(session->Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {1}),
              IsOkAndHolds(1));
}

TEST_F(SessionTest, AnIdleSessionIsPingedBeforeAWrite) {
  Options options = database_.options();
  options.idle_before_ping = absl::ZeroDuration();
  auto session = Session::Create(options);
  ASSERT_OK(db_.ExecuteOnce(absl::StrCat("KILL CONNECTION ", ConnectionId(*session))));
  EXPECT_THAT(session->Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {1}),
              IsOkAndHolds(1));
}

TEST_F(SessionTest, ConnectionLostInATransactionRunsTheBodyAgainFromTheStart) {
  auto session = database_.Connect();
  int runs = 0;
  EXPECT_THAT(
      Transact(
          *session,
          [&](Tx& tx) -> absl::Status {
            RETURN_IF_ERROR(
                tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {1}).status());
            if (++runs == 1) {
              RETURN_IF_ERROR(
                  db_.ExecuteOnce(absl::StrCat("KILL CONNECTION ", ConnectionId(tx))).status());
            }
            return tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {2}).status();
          }),
      IsOk());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(database_.Int("SELECT SUM(value) FROM counter"), 2);
}

TEST_F(SessionTest, ConnectionLostAtCommitIsAnUnknownOutcome) {
  auto session = database_.Connect();
  int runs = 0;
  EXPECT_THAT(
      Transact(
          *session,
          [&](Tx& tx) -> absl::Status {
            ++runs;
            RETURN_IF_ERROR(
                tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {1}).status());
            return db_.ExecuteOnce(absl::StrCat("KILL CONNECTION ", ConnectionId(tx))).status();
          }),
      StatusIs(absl::StatusCode::kUnavailable, "COMMIT_UNKNOWN"));
  EXPECT_EQ(runs, 1);
}

TEST_F(SessionTest, ConnectionLostInALongTransactionIsNoSuccess) {
  // Idle for longer than a session may be without being pinged, and lost meanwhile: a new
  // connection would commit nothing.
  Options options = database_.options();
  options.idle_before_ping = absl::ZeroDuration();
  auto session = Session::Create(options);
  EXPECT_THAT(
      Transact(
          *session,
          [&](Tx& tx) -> absl::Status {
            RETURN_IF_ERROR(
                tx.Execute("UPDATE counter SET value = value + 1 WHERE id = ?", {1}).status());
            return db_.ExecuteOnce(absl::StrCat("KILL CONNECTION ", ConnectionId(tx))).status();
          }),
      StatusIs(absl::StatusCode::kUnavailable, "COMMIT_UNKNOWN"));
  EXPECT_EQ(database_.Int("SELECT SUM(value) FROM counter"), 0);
}

TEST_F(SessionTest, AStatementThatTakesTooLongEndsUnavailable) {
  Options options = database_.options();
  options.io_timeout = absl::Seconds(1);
  auto session = Session::Create(options);
  EXPECT_THAT(session->Execute("DO SLEEP(30)"),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  EXPECT_OK(session->Ping());
}

TEST(ServerTest, CrashAndRestartLoseNoCommit) {
  TestServer server(/*durable=*/true);
  TestDatabase database(Schema(), /*own_schema=*/true, server);
  ASSERT_OK(Transact(database.db(), [](Tx& tx) {
    return tx.Execute("UPDATE counter SET value = 42 WHERE id = ?", {1}).status();
  }));
  ASSERT_OK(server.Kill());
  EXPECT_THAT(database.db().Query("SELECT 1"),
              StatusIs(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"));
  EXPECT_THAT(Transact(database.db(), [](Tx&) { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK(server.Start());
  EXPECT_EQ(database.Int("SELECT value FROM counter WHERE id = 1"), 42);
}

TEST(ServerTest, FixtureHandsOutTheSchemaAsMigrated) {
  std::string first;
  {
    TestDatabase database(Schema());
    first = database.schema();
    database.Run("INSERT INTO counter VALUES (3, 3);\nDELETE FROM counter WHERE id = 1;\n");
  }
  TestDatabase database(Schema());
  EXPECT_EQ(database.schema(), first);
  EXPECT_EQ(database.Int("SELECT SUM(id) FROM counter"), 3);
}

}  // namespace
}  // namespace bangfu::mysql
