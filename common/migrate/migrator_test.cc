#include "common/migrate/migrator.h"

#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::migrate {
namespace {

using ::bangfu::testing::FakeClock;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::TestDatabase;

class MigratorTest : public ::testing::Test {
 protected:
  absl::Status Apply(const Migrations& steps, const std::string& owner = "a") {
    Migrator migrator(database_.db(), clock_, {.owner = owner, .lease = absl::Minutes(10)});
    return migrator.Apply(steps);
  }

  FakeClock clock_;
  TestDatabase database_;
  const Migration one_{"x", 1, "one",
                       "CREATE TABLE one (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\n"
                       "INSERT INTO one VALUES (1), (2);\n"};
  const Migration two_{"x", 2, "two", "ALTER TABLE one ADD COLUMN n INT NULL;\n"};
  const Migration other_{"y", 1, "other",
                         "CREATE TABLE other (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\n"};
};

TEST_F(MigratorTest, AppliesWhatIsMissingAndNothingTwice) {
  EXPECT_THAT(VerifyVersion(database_.db(), {one_}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_BEHIND"));
  ASSERT_OK(Apply({one_}));
  ASSERT_OK(Apply({one_, two_, other_}));
  ASSERT_OK(Apply({one_, two_, other_}));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM one WHERE n IS NULL"), 2);
  EXPECT_THAT(VerifyVersion(database_.db(), {one_, two_, other_}), IsOk());
}

TEST_F(MigratorTest, StreamsAreVersionedApart) {
  ASSERT_OK(Apply({one_, two_}));
  EXPECT_THAT(VerifyVersion(database_.db(), {one_, other_}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_BEHIND"));
  EXPECT_THAT(Apply({one_, two_, other_}), IsOk());
}

TEST_F(MigratorTest, RefusesAStepWhoseTextChanged) {
  ASSERT_OK(Apply({one_}));
  Migration changed = one_;
  changed.sql += "INSERT INTO one VALUES (3);\n";
  EXPECT_THAT(Apply({changed, two_}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED"));
  EXPECT_THAT(VerifyVersion(database_.db(), {changed}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED"));
  EXPECT_THAT(VerifyVersion(database_.db(), {one_, two_}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_BEHIND"));
  // Line ends of another editor are no change.
  Migration crlf = one_;
  crlf.sql =
      "CREATE TABLE one (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\r\n"
      "INSERT INTO one VALUES (1), (2);  \r\n";
  EXPECT_THAT(Apply({crlf}), IsOk());
}

TEST_F(MigratorTest, AStepMayBeWrittenOtherwiseOnceItNamesTheTextOfBefore) {
  ASSERT_OK(Apply({one_}));
  Migration rewritten = one_;
  rewritten.sql = "-- supersedes " + Checksum(one_) + "\n" +
                  "CREATE TABLE one (id INT PRIMARY KEY NOT NULL) ENGINE=InnoDB;\n"
                  "INSERT INTO one VALUES (2), (1);\n";
  EXPECT_THAT(Apply({rewritten, two_}), IsOk());
  EXPECT_THAT(VerifyVersion(database_.db(), {rewritten, two_}), IsOk());
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM one"), 2);
  // What was begun with another text has other statements to go on from.
  database_.Run("UPDATE schema_migration SET complete = 0 WHERE version = 1;\n");
  EXPECT_THAT(Apply({rewritten, two_}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED"));
}

TEST_F(MigratorTest, WhatWasBegunWithAFaultyTextIsBegunAnewByOneThatNamesIt) {
  ASSERT_OK(Apply({one_}));
  // Died after its first statement and again at its second, which finds its own row.
  const Migration faulty{"x", 2, "two", "DELETE FROM one;\nINSERT INTO one VALUES (7), (7);\n"};
  EXPECT_FALSE(Apply({one_, faulty}).ok());
  EXPECT_EQ(database_.Int("SELECT statements_done FROM schema_migration WHERE version = 2"), 1);
  database_.Run("INSERT INTO one VALUES (7);\n");
  Migration mended = faulty;
  const std::string statements = "DELETE FROM one;\nINSERT INTO one VALUES (7), (8);\n";
  mended.sql = "-- supersedes " + Checksum(faulty) + "\n" + statements;
  EXPECT_THAT(Apply({one_, mended}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED"));
  mended.sql = "-- restarts " + Checksum(faulty) + "\n" + mended.sql;
  EXPECT_THAT(VerifyVersion(database_.db(), {one_, mended}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SCHEMA_BEHIND"));
  ASSERT_OK(Apply({one_, mended}));
  EXPECT_EQ(database_.Int("SELECT SUM(id) FROM one"), 15);
  EXPECT_THAT(VerifyVersion(database_.db(), {one_, mended}), IsOk());
  EXPECT_THAT(Apply({one_, mended}), IsOk());
  // Only what was begun: another text that was carried out whole is another schema.
  Migration restarts = faulty;
  restarts.sql = "-- restarts " + Checksum(mended) + "\n" + statements;
  EXPECT_THAT(Apply({one_, restarts}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED"));
}

// A migrator that died within the mend goes on by the mend's own statements.
TEST_F(MigratorTest, WhatWasBegunAnewGoesOnWhereItDied) {
  const Migration faulty{"x", 1, "one", "CREATE TABLE a (id INT PRIMARY KEY);\nNO SUCH;\n"};
  EXPECT_FALSE(Apply({faulty}).ok());
  Migration mended = faulty;
  mended.sql = "-- restarts " + Checksum(faulty) +
               "\nCREATE TABLE a (id INT PRIMARY KEY);\nINSERT INTO a VALUES (1);\n"
               "INSERT INTO a SELECT id FROM comes_later;\n";
  EXPECT_FALSE(Apply({mended}).ok());
  EXPECT_EQ(database_.Int("SELECT statements_done FROM schema_migration"), 2);
  database_.Run(
      "CREATE TABLE comes_later (id INT PRIMARY KEY);\nINSERT INTO comes_later VALUES (3);\n");
  ASSERT_OK(Apply({mended}));
  EXPECT_EQ(database_.Int("SELECT SUM(id) FROM a"), 4);
}

TEST_F(MigratorTest, WhoGoesOnSetsTheSessionAgain) {
  const Migration step{"w", 1, "w",
                       "CREATE TABLE w (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\n"
                       "SET SESSION group_concat_max_len = 77777;\n"
                       "INSERT INTO w SELECT id FROM comes_later;\n"
                       "INSERT INTO w SELECT @@SESSION.group_concat_max_len;\n"};
  EXPECT_THAT(Apply({step}), StatusIs(absl::StatusCode::kInternal));
  database_.Run("CREATE TABLE comes_later (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\n");
  database_.db().Reset();
  ASSERT_OK(Apply({step}));
  EXPECT_EQ(database_.Int("SELECT SUM(id) FROM w"), 77777);
}

TEST_F(MigratorTest, RefusesAStepBehindTheLast) {
  ASSERT_OK(Apply({two_.version == 2 ? Migration{"x", 2, "two", one_.sql} : two_}));
  EXPECT_THAT(Apply({one_, {"x", 2, "two", one_.sql}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_OUT_OF_ORDER"));
  EXPECT_THAT(Apply({{"z", 2, "b", ""}, {"z", 1, "a", ""}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "MIGRATION_OUT_OF_ORDER"));
}

TEST_F(MigratorTest, OneMigratorAtATime) {
  ASSERT_OK(Apply({one_}));
  database_.Run(
      "UPDATE schema_migration_lease SET owner = 'b', expires_at = '2026-03-01 01:05:00';\n");
  EXPECT_THAT(Apply({one_, two_}), StatusIs(absl::StatusCode::kAborted, "MIGRATION_RUNNING"));
  EXPECT_THAT(VerifyVersion(database_.db(), {two_}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  clock_.Advance(absl::Minutes(5));  // the other died: its lease ends
  EXPECT_THAT(Apply({one_, two_}), IsOk());
  EXPECT_THAT(Apply({one_, two_}, "c"), IsOk());  // the lease was given back
}

TEST_F(MigratorTest, GoesOnAfterTheStatementThatFailed) {
  const Migration broken{"w", 1, "w",
                         "CREATE TABLE w (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\n"
                         "INSERT INTO w SELECT id FROM comes_later;\n"
                         "INSERT INTO w VALUES (9);\n"};
  EXPECT_THAT(Apply({broken}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(VerifyVersion(database_.db(), {broken}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  database_.Run(
      "CREATE TABLE comes_later (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\n"
      "INSERT INTO comes_later VALUES (1);\n");
  ASSERT_OK(Apply({broken}));
  EXPECT_EQ(database_.Int("SELECT SUM(id) FROM w"), 10);
  // Died between a statement and its mark.
  database_.Run(
      "UPDATE schema_migration SET complete = 0, statements_done = 0 WHERE stream = 'x';\n");
  const Migration table{"v", 1, "v",
                        "CREATE TABLE v (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\n"};
  ASSERT_OK(Apply({broken, table}));
  database_.Run(
      "UPDATE schema_migration SET complete = 0, statements_done = 0 WHERE stream = 'v';\n");
  EXPECT_THAT(Apply({broken, table}), IsOk());
}

}  // namespace
}  // namespace bangfu::migrate
