#include "common/recode/recode.h"

#include "common/recode/schema.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::recode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kOld[] = "360727";
constexpr char kNew[] = "360783";

migrate::Migrations Tables() {
  return migrate::Concat(Schema(), migrate::Migrations{{"test", 1, "create", R"sql(
CREATE TABLE note (
  id BIGINT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  PRIMARY KEY (id),
  KEY note_by_region (region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE place (
  region_path VARCHAR(12) NOT NULL,
  filled_by BIGINT NOT NULL,
  PRIMARY KEY (region_path)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}});
}

class RecodeTest : public ::testing::Test {
 protected:
  RecodeTest() { clock_ = absl::FromUnixSeconds(1772000000); }

  Move NewMove(const std::string& from, const std::string& to) {
    clock_ += absl::Hours(1);
    return {ids_.Next(), from, to, clock_};
  }
  absl::StatusOr<int64_t> Make(const Parts& parts, const Move& move) {
    return mysql::Transact(database_.db(),
                           [&](mysql::Tx& tx) { return Apply(tx, parts, move, told_); });
  }
  int64_t Under(const std::string& path, const std::string& table = "note") {
    return database_.Int(
        Cat("SELECT COUNT(*) FROM ", table, " WHERE region_path LIKE CONCAT(?, '%')"), {path});
  }
  static Parts Notes() { return {{.moving = {{"note"}}}}; }
  static Parts Places(Collision collision) {
    return {{.moving = {{"place", "region_path", collision}}}};
  }

  testing::TestDatabase database_{Tables()};
  UlidGenerator ids_{SystemClock()};
  absl::Time clock_;
  testing::FakeClock told_{absl::FromUnixSeconds(1772000000)};  // of the service that is told
};

TEST_F(RecodeTest, EveryRowBelowMovesAndNoOther) {
  // More than one statement takes; and codes that only begin alike in fewer digits.
  database_.Run(
      "INSERT INTO note SELECT seq, CONCAT('360727100', LPAD(MOD(seq, 7), 3, '0')) FROM "
      "seq_1_to_12001;\n"
      "INSERT INTO note VALUES (20001, '360727'), (20002, '360728100001'), (20003, '3607'), "
      "(20004, '36072');");
  const Move move = NewMove(kOld, kNew);
  EXPECT_THAT(Make(Notes(), move), ::bangfu::testing::IsOkAndHolds(12002));
  EXPECT_EQ(Under(kOld), 0);
  EXPECT_EQ(Under(kNew), 12002);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM note WHERE region_path = '360783100003'"), 1715);
  EXPECT_EQ(Under("36072"), 2);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM note WHERE region_path = '3607'"), 1);
}

TEST_F(RecodeTest, AMoveThatIsToldAgainChangesNothing) {
  database_.Run("INSERT INTO note VALUES (1, '360727100001');");
  const Move move = NewMove(kOld, kNew);
  ASSERT_OK(Make(Notes(), move));
  // The code has come back for another region since.
  database_.Run("INSERT INTO note VALUES (2, '360727100001');");
  EXPECT_THAT(Make(Notes(), move), ::bangfu::testing::IsOkAndHolds(0));
  EXPECT_EQ(Under(kOld), 1);
}

TEST_F(RecodeTest, AMoveThatFailsHalfwayLeavesNothing) {
  database_.Run("INSERT INTO note VALUES (1, '360727100001');");
  Parts parts = Notes();
  parts.push_back({.rekey = [](mysql::Tx&, const Move&) -> absl::StatusOr<int64_t> {
    return absl::UnavailableError("killed");
  }});
  const Move move = NewMove(kOld, kNew);
  EXPECT_FALSE(Make(parts, move).ok());
  EXPECT_EQ(Under(kOld), 1);
  EXPECT_THAT(Make(Notes(), move), ::bangfu::testing::IsOkAndHolds(1));
  EXPECT_EQ(Under(kNew), 1);
}

TEST_F(RecodeTest, RowsGoAlongMovesThatWereMadeBefore) {
  database_.Run("INSERT INTO note VALUES (1, '360727100001'), (2, '360111100001');");
  const Move first = NewMove(kOld, kNew);
  const Move second = NewMove(kNew, "360704");
  // A snapshot tells them in any order, over several batches.
  ASSERT_OK(Make(Notes(), second));
  ASSERT_OK(Make(Notes(), first));
  EXPECT_EQ(Under("360704100001"), 1);
  EXPECT_EQ(Under("360111"), 1);
  database_.Run("INSERT INTO note VALUES (3, '360802100001');");
  const Move third = NewMove("360802", "360803"), fourth = NewMove("360803", "360804");
  ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) {
    return ApplyAll(tx, Notes(), {fourth, third}, told_);
  }));
  EXPECT_EQ(Under("360804100001"), 1);
}

TEST_F(RecodeTest, WhatCollidesIsRefusedOrStaysOrGoes) {
  const auto fill = [&] {
    database_.Run(
        "DELETE FROM place;\nINSERT INTO place VALUES ('360727100', 1), ('360783100', 2), "
        "('360727200', 3);");
  };
  fill();
  EXPECT_TRUE(mysql::IsDuplicateKey(Make(Places(Collision::kFail), NewMove(kOld, kNew)).status()));
  EXPECT_EQ(Under(kOld, "place"), 2);
  EXPECT_THAT(Make(Places(Collision::kStays), NewMove(kOld, kNew)),
              ::bangfu::testing::IsOkAndHolds(1));
  EXPECT_EQ(Under("360727100", "place"), 1);
  EXPECT_EQ(Under("360783200", "place"), 1);
  fill();
  EXPECT_THAT(Make(Places(Collision::kDrop), NewMove(kOld, kNew)),
              ::bangfu::testing::IsOkAndHolds(1));
  EXPECT_EQ(Under(kOld, "place"), 0);
  EXPECT_EQ(database_.Int("SELECT filled_by FROM place WHERE region_path = '360783100'"), 2);
}

TEST_F(RecodeTest, RowsOfStepsThatWereUnderWayAreFound) {
  const Move move = NewMove(kOld, kNew);
  ASSERT_OK(Make(Notes(), move));
  database_.Run("INSERT INTO note VALUES (1, '360727100001');");
  std::vector<int64_t> told;
  const Swept tell = [&](mysql::Tx&, const Move& of, int64_t rows) {
    EXPECT_EQ(of.id, move.id);
    told.push_back(rows);
    return absl::OkStatus();
  };
  ASSERT_OK(SweepStragglers(database_.db(), Notes(), move.at + absl::Hours(1), tell));
  EXPECT_EQ(Under(kNew), 1);
  ASSERT_OK(SweepStragglers(database_.db(), Notes(), move.at + absl::Hours(2), tell));
  EXPECT_THAT(told, ElementsAre(1, 0));
  // Not for ever, and not when the code has come back.
  database_.Run("INSERT INTO note VALUES (2, '360727100001');");
  ASSERT_OK(SweepStragglers(database_.db(), Notes(), move.at + absl::Hours(24 * 30)));
  EXPECT_EQ(Under(kOld), 1);
  ASSERT_OK(Make(Notes(), NewMove("360111", kOld)));
  ASSERT_OK(SweepStragglers(database_.db(), Notes(), clock_ + absl::Hours(1)));
  EXPECT_EQ(Under(kOld), 1);
}

TEST_F(RecodeTest, WhatAnotherRegionFiledUnderACodeThatCameBackStaysThere) {
  const Move move = NewMove(kOld, kNew);
  ASSERT_OK(Make(Notes(), move));
  database_.Run("INSERT INTO note VALUES (1, '360727100001');");
  int told = 0;
  const Swept tell = [&](mysql::Tx&, const Move&, int64_t) {
    ++told;
    return absl::OkStatus();
  };
  const auto sweep = [&](const Borne& borne) {
    return SweepStragglers(database_.db(), Notes(), move.at + absl::Hours(1), tell, borne);
  };
  ASSERT_OK(sweep([](mysql::Tx&, const std::string& path) { return path == kOld; }));
  EXPECT_EQ(Under(kOld), 1);
  EXPECT_EQ(told, 0);
  // It came back while the rows were moved: they are left where they were.
  int asked = 0;
  ASSERT_OK(sweep([&](mysql::Tx&, const std::string&) { return ++asked > 1; }));
  EXPECT_EQ(Under(kOld), 1);
  EXPECT_THAT(sweep([](mysql::Tx&, const std::string&) -> absl::StatusOr<bool> {
                return absl::InternalError("no answer");
              }),
              ::bangfu::testing::StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(Under(kOld), 1);
  ASSERT_OK(sweep([](mysql::Tx&, const std::string&) { return false; }));
  EXPECT_EQ(Under(kNew), 1);
}

std::vector<std::string> Paths(const std::vector<FormerPath>& former) {
  std::vector<std::string> out;
  for (const FormerPath& one : former) out.push_back(one.path);
  return out;
}

TEST_F(RecodeTest, FormerPathsAreThoseOfTheRegionAndOfWhatLiesInIt) {
  const std::vector<Move> moves = {NewMove(kOld, kNew), NewMove(kNew, "360704"),
                                   NewMove("360822105", "360704105")};
  EXPECT_THAT(Paths(FormerPaths(moves, {"360704100001"})),
              ElementsAre("360783100001", "360727100001"));
  EXPECT_THAT(Paths(FormerPaths(moves, {"360704"})), ElementsAre("360822105", kNew, kOld));
  // The city had them all along, but for the township that came from another.
  EXPECT_THAT(Paths(FormerPaths(moves, {"3607"})), ElementsAre("360822105"));
  EXPECT_THAT(Paths(FormerPaths(moves, {"36"})), IsEmpty());
  EXPECT_THAT(Paths(FormerPaths(moves, {"360111"})), IsEmpty());
  EXPECT_EQ(FormerPaths(moves, {"360704100"})[1].until, moves[0].at);
}

TEST_F(RecodeTest, AFormerPathThatWasAnothersBeforeBeginsWhenThatOneLeft) {
  // 360727 became 360783, the code came back for another county, and that became 360704.
  const Move came = NewMove("360702", kOld);
  const Move first = NewMove(kOld, kNew);
  const Ulid between = ids_.Next();
  const Move second = NewMove(kOld, "360704");
  const std::vector<Move> moves = {came, first, second};
  const std::vector<FormerPath> later = FormerPaths(moves, {"360704100"});
  // What had come to the code before left it with the first.
  EXPECT_THAT(Paths(later), ElementsAre("360727100"));
  EXPECT_EQ(later[0].since, first.at);
  EXPECT_FALSE(later[0].Had(came.id));
  EXPECT_TRUE(later[0].Had(between));
  const std::vector<FormerPath> earlier = FormerPaths(moves, {kNew});
  EXPECT_THAT(Paths(earlier), ElementsAre(kOld, "360702"));
  EXPECT_EQ(earlier[0].since, absl::InfinitePast());
  EXPECT_FALSE(earlier[0].Had(between));
  for (const Move& move : moves) ASSERT_OK(Make({}, move));
  EXPECT_THAT(WithFormerPaths(database_.db(), {"360704"}, came.id),
              ::bangfu::testing::IsOkAndHolds(ElementsAre("360704")));
  EXPECT_THAT(WithFormerPaths(database_.db(), {"360704"}, between),
              ::bangfu::testing::IsOkAndHolds(ElementsAre("360704", kOld)));
  // A county that comes back to its own code has it for all times.
  EXPECT_THAT(Paths(FormerPaths({first, NewMove(kNew, kOld)}, {kOld})), ElementsAre(kNew));
}

TEST_F(RecodeTest, ARegionBearsItsCodeFromWhenTheBearerBeforeHadLeft) {
  const Move left = NewMove(kOld, kNew);
  // Told two hours late: until then what was written under the code was still of the one that left.
  told_.Set(left.at + absl::Hours(2));
  ASSERT_OK(Make({}, left));
  ASSERT_OK_AND_ASSIGN(std::vector<Move> moves, ListMoves(database_.db()));
  EXPECT_EQ(moves[0].made, left.at + absl::Hours(2));
  std::vector<FormerPath> borne = BornePaths(moves, {"360727100"});
  ASSERT_THAT(Paths(borne), ElementsAre("360727100"));
  EXPECT_EQ(borne[0].since, left.at);
  EXPECT_EQ(borne[0].written_since, left.at + absl::Hours(2));
  EXPECT_EQ(borne[0].written_until, absl::InfiniteFuture());
  borne = BornePaths(moves, {kNew});
  ASSERT_THAT(Paths(borne), ElementsAre(kNew, kOld));
  EXPECT_EQ(borne[0].written_since, absl::InfinitePast());
  EXPECT_EQ(borne[1].written_since, absl::InfinitePast());
  EXPECT_EQ(borne[1].written_until, left.at + absl::Hours(2));
  // Those above have it all, and those that no move touches.
  for (const char* region : {"3607", "360733"}) {
    borne = BornePaths(moves, {region});
    ASSERT_THAT(Paths(borne), ElementsAre(region));
    EXPECT_EQ(borne[0].written_since, absl::InfinitePast());
    EXPECT_EQ(borne[0].written_until, absl::InfiniteFuture());
  }
  // Told again it was made when it was made.
  told_.Advance(absl::Hours(5));
  ASSERT_OK(Make({}, left));
  ASSERT_OK_AND_ASSIGN(moves, ListMoves(database_.db()));
  EXPECT_EQ(moves[0].made, left.at + absl::Hours(2));
}

TEST_F(RecodeTest, ACountyThatComesBackToItsCodeBearsBothStretches) {
  const Move left = NewMove(kOld, kNew);
  const Move back = NewMove(kNew, kOld);
  const std::vector<FormerPath> borne = BornePaths({left, back}, {kOld});
  ASSERT_THAT(Paths(borne), ElementsAre(kOld, kNew, kOld));
  EXPECT_EQ(borne[0].since, left.at);
  EXPECT_EQ(borne[1].until, back.at);
  EXPECT_EQ(borne[2].until, left.at);
  EXPECT_EQ(borne[2].since, absl::InfinitePast());
  // Another one that took the other code has none of it.
  EXPECT_EQ(BornePaths({left, back}, {kNew})[0].since, back.at);
}

TEST_F(RecodeTest, TodaysPathFollowsTheMovesSince) {
  const std::vector<Move> moves = {NewMove(kOld, kNew), NewMove(kNew, "360704")};
  EXPECT_EQ(TodaysPath(moves, "360727100001", absl::InfinitePast()), "360704100001");
  EXPECT_EQ(TodaysPath(moves, "360727100001", clock_), "360727100001");
  EXPECT_EQ(TodaysPath(moves, "36", absl::InfinitePast()), "36");
}

}  // namespace
}  // namespace bangfu::recode
