#include "common/external/external_ids.h"

#include "common/external/schema.h"
#include "common/testing/at_once.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::external {
namespace {

using ::absl::StatusCode;
using ::bangfu::testing::AtOnce;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::IsOkAndHolds;
using ::bangfu::testing::Outcomes;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::Tally;
using ::bangfu::testing::TestDatabase;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;

Ids Numbers(const std::vector<std::pair<std::string, std::string>>& list) {
  Ids out;
  for (const auto& [system, number] : list) {
    type::v1::ExternalId* id = out.Add();
    id->set_system(system);
    id->set_id(number);
  }
  return out;
}

class ExternalIds : public ::testing::Test {
 protected:
  static absl::Status Put(mysql::Session& db, const Ulid& record, const Ids& ids,
                          std::string_view kind = "operator") {
    return mysql::Transact(db, [&](mysql::Tx& tx) {
      return PutExternalIds(tx, kind, record, ids, "operator.external_ids");
    });
  }
  absl::StatusOr<std::optional<Ulid>> Find(const std::string& system, const std::string& id,
                                           std::string_view kind = "operator") {
    return FindByExternalId(database_.db(), kind, system, id);
  }
  TestDatabase database_{Schema()};
  const Ulid one_ = *Ulid::Parse("01JEXT00000000000000000001");
  const Ulid two_ = *Ulid::Parse("01JEXT00000000000000000002");
};

TEST_F(ExternalIds, NameOneRecordOfAKind) {
  ASSERT_OK(Put(database_.db(), one_, Numbers({{"sanzi", "7"}, {"market", "7"}})));
  EXPECT_THAT(Find("sanzi", "7"), IsOkAndHolds(Optional(Eq(one_))));
  EXPECT_THAT(Find("sanzi", "8"), IsOkAndHolds(Eq(std::nullopt)));
  const absl::Status taken = Put(database_.db(), two_, Numbers({{"sanzi", "7"}}));
  EXPECT_THAT(taken, StatusIs(StatusCode::kAlreadyExists, "EXTERNAL_ID_TAKEN"));
  EXPECT_THAT(taken, HasViolation("operator.external_ids"));
  // Of another kind it is another thing's number.
  ASSERT_OK(Put(database_.db(), two_, Numbers({{"sanzi", "7"}}), "contract"));
  EXPECT_THAT(Find("sanzi", "7", "contract"), IsOkAndHolds(Optional(Eq(two_))));
  EXPECT_THAT(Find("sanzi", "7"), IsOkAndHolds(Optional(Eq(one_))));
}

TEST_F(ExternalIds, AreReplacedAsAWhole) {
  ASSERT_OK(Put(database_.db(), one_, Numbers({{"sanzi", "7"}, {"market", "9"}})));
  ASSERT_OK(Put(database_.db(), one_, Numbers({{"market", "9"}, {"market", "10"}})));
  EXPECT_THAT(Find("sanzi", "7"), IsOkAndHolds(Eq(std::nullopt)));
  ASSERT_OK(Put(database_.db(), two_, Numbers({{"sanzi", "7"}})));
  ASSERT_OK(Put(database_.db(), one_, Numbers({})));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM external_id"), 1);
}

TEST_F(ExternalIds, ANumberThatComesTwiceIsRefused) {
  EXPECT_THAT(Put(database_.db(), one_, Numbers({{"sanzi", "7"}, {"sanzi", "7"}})),
              HasViolation("operator.external_ids"));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM external_id"), 0);
}

TEST_F(ExternalIds, OfManyRecordsAreWrittenFoundAndTakenTogether) {
  const auto write = [&](const std::vector<std::pair<Ulid, Number>>& rows) {
    return mysql::Transact(database_.db(),
                           [&](mysql::Tx& tx) { return InsertExternalIds(tx, "project", rows); });
  };
  const Number a{"sanzi", "7"}, b{"sanzi", "8"}, c{"market", "7"};
  ASSERT_OK(write({{one_, a}, {two_, b}, {two_, c}}));
  EXPECT_THAT(FindExternalIds(database_.db(), "project", {a, b, c, {"market", "8"}}),
              IsOkAndHolds(std::map<Number, Ulid>{{a, one_}, {b, two_}, {c, two_}}));
  EXPECT_THAT(FindExternalIds(database_.db(), "operator", {a}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(FindExternalIds(database_.db(), "project", {}), IsOkAndHolds(IsEmpty()));
  EXPECT_TRUE(mysql::IsDuplicateKey(write({{one_, b}})));
  EXPECT_TRUE(mysql::IsDuplicateKey(write({{one_, {"x", "1"}}, {one_, {"x", "1"}}})));
  // Of another kind the record's numbers stay.
  ASSERT_OK(Put(database_.db(), two_, Numbers({{"sanzi", "9"}})));
  ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) {
    return DeleteExternalIds(tx, "project", {one_, two_});
  }));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM external_id"), 1);
}

TEST_F(ExternalIds, OfTwoWhoGiveItAtOnceOneGetsIt) {
  const std::vector<absl::Status> results = AtOnce(2, [&](int i) {
    auto session = database_.Connect();
    return Put(*session, i == 0 ? one_ : two_, Numbers({{"sanzi", "7"}}));
  });
  EXPECT_EQ(Outcomes(results), (Tally{{"OK", 1}, {"ALREADY_EXISTS/EXTERNAL_ID_TAKEN", 1}}));
}

}  // namespace
}  // namespace bangfu::external
