// Frozen rows that are no longer those that were frozen and signed are served to nobody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/period/service_for_test.h"
#include "common/period/store.h"

namespace bangfu::period {
namespace {

using absl::StatusCode;
using ::bangfu::testing::StatusIs;

class DamagedPeriods : public PeriodServiceTest {
 protected:
  absl::Status Read(const std::string& id, const std::string& region = kCounty) {
    return ReadRows(*session_, *Ulid::Parse(id), {region}, [](Row) { return absl::OkStatus(); });
  }
  absl::StatusOr<v1::DiffPeriodResponse> Differ(const std::string& id, const std::string& other) {
    v1::DiffPeriodRequest request;
    request.set_id(id);
    request.set_other_id(other);
    return Call<v1::DiffPeriodResponse>("DiffPeriod", request, operator_);
  }
  // What somebody who may write in the database could put in place of the rows.
  FrozenRows Forged(int64_t amount) {
    RowPacker packer(kCounty, true);
    for (const auto& [village, name] :
         {std::pair(kVillage1, "橘园"), std::pair(kVillage2, "茶园")}) {
      type::v1::Quantity q;
      q.set_text(name);
      q.set_value_milli(amount);
      EXPECT_OK(packer.Add({name, village, q.SerializeAsString()}));
    }
    return packer.Finish();
  }
  void PutBody(const std::string& id, const std::string& body) {
    ASSERT_OK(server_.database().db().Execute("UPDATE period_rows SET body = ? WHERE period_id = ?",
                                              {body, *Ulid::Parse(id)}));
  }
};

TEST_F(DamagedPeriods, RowsThatWereRewrittenAreRefusedByName) {
  const std::string id = Frozen().id();
  ASSERT_OK(Read(id));
  PutBody(id, Forged(999).chunks[0].body);
  EXPECT_THAT(Read(id), StatusIs(StatusCode::kFailedPrecondition, "PERIOD_ROWS_DAMAGED"));
  // A village's part as well: it is not known which rows are others.
  EXPECT_THAT(Read(id, kVillage1),
              StatusIs(StatusCode::kFailedPrecondition, "PERIOD_ROWS_DAMAGED"));
  EXPECT_THAT(Differ(id, ""), StatusIs(StatusCode::kFailedPrecondition, "PERIOD_ROWS_DAMAGED"));
  // Neither is another table made of it.
  const auto above = Open("3607", city_);
  ASSERT_OK(above);
  ASSERT_OK(Freeze(above->id(), city_));
  RunOperations();
  EXPECT_EQ(Get(above->id(), city_).state(), v1::PERIOD_STATE_FREEZING);
}

TEST_F(DamagedPeriods, RowsThatAreNoneOrMissingAreRefused) {
  const std::string id = Frozen().id();
  PutBody(id, "no pack");
  EXPECT_THAT(Read(id), StatusIs(StatusCode::kFailedPrecondition, "PERIOD_ROWS_DAMAGED"));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM period_rows"));
  EXPECT_THAT(Read(id), StatusIs(StatusCode::kFailedPrecondition, "PERIOD_ROWS_DAMAGED"));
}

// A new hash in one place is not enough: each unit's, the table's and those signed have to agree.
TEST_F(DamagedPeriods, AHashThatWasRewrittenWithTheRowsIsFound) {
  const std::string id = Frozen().id();
  ASSERT_OK(Sign(id, kVillage1, "cadre-1"));
  const FrozenRows forged = Forged(999);
  PutBody(id, forged.chunks[0].body);
  for (const auto& [unit, hash] : forged.units) {
    ASSERT_OK(server_.database().db().Execute(
        "UPDATE period_unit SET rows_sha256 = ? WHERE region_path = ?", {hash.sha256, unit}));
  }
  EXPECT_THAT(Read(id), StatusIs(StatusCode::kFailedPrecondition, "PERIOD_ROWS_DAMAGED"));
  // With the table's own hash, too, the signature still says what was signed.
  ASSERT_OK(mysql::Transact(*session_, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(PeriodRow row, LockPeriod(tx, *Ulid::Parse(id), {kCounty}));
    row.message.set_rows_sha256(forged.units.at(kCounty).sha256);
    return UpdatePeriod(tx, row);
  }));
  EXPECT_THAT(Read(id), StatusIs(StatusCode::kFailedPrecondition, "PERIOD_ROWS_DAMAGED"));
  ASSERT_OK(server_.database().db().Execute("UPDATE period_unit SET signed_by = ''"));
  EXPECT_OK(Read(id));
}

// A table without rows was frozen so.
TEST_F(DamagedPeriods, AnEmptyTableIsNotDamaged) {
  ASSERT_OK(server_.database().db().Execute("DELETE FROM thing"));
  const std::string id = Frozen().id();
  EXPECT_OK(Read(id));
  EXPECT_OK(Differ(id, ""));
}

}  // namespace
}  // namespace bangfu::period
