#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/testing/database.h"
#include "common/testing/deep.h"
#include "common/testing/explain.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"
#include "services/evaluation/schema/migrations.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/ledger_unit_store.h"
#include "services/evaluation/store/move_store.h"

namespace bangfu::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow =
    absl::FromCivil(absl::CivilSecond(2026, 3, 1, 1, 0, 0), absl::UTCTimeZone());

// Places at which entries lie: villages of three counties in two cities, and a township, a county,
// a city and the province themselves.
const std::vector<std::string> kPlaces = {
    "360733101201", "360733101202", "360733102201", "360734101201", "360102101201",
    "360102101202", "360733101",    "360733",       "3607",         "36"};

class LedgerUnitTest : public ::testing::Test {
 protected:
  mysql::Session& db() { return database_.db(); }
  LedgerRow Entry(const std::string& path) {
    LedgerRow e;
    e.id = ids_.Next();
    e.evaluation_id = ids_.Next();
    e.subject_type = 1;
    e.subject_id = ids_.Next();
    e.region_path = path;
    e.four_class = 1;
    e.state = 1;
    e.entered_at = kNow;
    e.signed_content = e.id.ToString();
    return e;
  }
  // A change as the service makes it: rows first, then the units of the paths that it touched.
  void Change(const std::set<std::string>& paths,
              const std::function<absl::Status(mysql::Tx&)>& f) {
    ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) -> absl::Status {
      if (absl::Status status = f(tx); !status.ok()) return status;
      return RefreshUnits(tx, paths).status();
    }));
  }
  void Insert(const std::vector<LedgerRow>& rows) {
    std::set<std::string> paths;
    for (const LedgerRow& row : rows) paths.insert(row.region_path);
    Change(paths, [&](mysql::Tx& tx) { return InsertEntries(tx, rows); });
  }
  std::map<std::string, LedgerUnit> Load(const std::string& region) {
    auto units = LoadUnits(db(), region, UnitDepth::kVillages);
    EXPECT_OK(units);
    return units.ok() ? *units : std::map<std::string, LedgerUnit>();
  }
  void Sign(const std::string& unit, const workflow::Person& person) {
    const std::string sha256 = HexEncode(Load(unit)[unit].sha256);
    const absl::StatusOr<std::optional<SignatureRow>> last = NewestSignature(db(), unit);
    ASSERT_OK(last);
    Change({unit}, [&](mysql::Tx& tx) -> absl::Status {
      SignatureRow row;
      row.id = ids_.Next();
      row.region_code = unit;
      row.signature_no = *last ? (*last)->signature_no + 1 : 1;
      row.rows_sha256 = sha256;
      row.signed_by = person.subject;
      row.signed_at = kNow;
      if (absl::Status status = InsertSignature(tx, row); !status.ok()) return status;
      return SetUnitSigned(tx, unit, sha256, person);
    });
  }
  // The hash of a place as a signer would compute it out of the rows, without what is kept.
  std::string HashByHand(const std::string& unit) {
    const auto rows = db().Query(
        "SELECT row_hash FROM ledger_entry WHERE is_open = 1 AND region_path = ? ORDER BY id",
        {unit});
    EXPECT_OK(rows);
    std::string own;
    for (const mysql::Row& row : *rows) own += row.String(0);
    if (!own.empty()) own = Sha256(own);
    const std::map<size_t, size_t> next = {{2, 4}, {4, 6}, {6, 9}, {9, 12}, {12, 13}};
    const auto inside = db().Query(
        "SELECT DISTINCT LEFT(region_path, ?) AS unit FROM ledger_entry WHERE is_open = 1 AND "
        "LENGTH(region_path) >= ? AND LEFT(region_path, ?) = ? ORDER BY unit",
        {static_cast<int64_t>(next.at(unit.size())), static_cast<int64_t>(next.at(unit.size())),
         static_cast<int64_t>(unit.size()), unit});
    EXPECT_OK(inside);
    if (inside->empty()) return own;
    std::string text = Cat("ledger-unit/1\n", HexEncode(own), "\n");
    for (const mysql::Row& row : *inside) {
      text += Cat(row.String(0), " ", HexEncode(HashByHand(row.String(0))), "\n");
    }
    return Sha256(text);
  }
  void ExpectEqualToTheRows() {
    const auto recount = RecountUnits(db(), "36");
    ASSERT_OK(recount);
    for (const UnitDifference& d : recount->differences) {
      ADD_FAILURE() << d.counted.unit << ": " << d.kept.rows << " kept, " << d.counted.rows
                    << " counted, unsigned " << d.kept.units_unsigned << " and "
                    << d.counted.units_unsigned;
    }
    const auto units = Load("36");
    for (const auto& [path, unit] : units) {
      EXPECT_EQ(HexEncode(unit.sha256), HexEncode(HashByHand(path))) << path;
      EXPECT_EQ(unit.rows, database_.Int("SELECT COUNT(*) FROM ledger_entry WHERE is_open = 1 AND "
                                         "LEFT(region_path, LENGTH(?)) = ?",
                                         {path, path}))
          << path;
      // What stands is what the newest signature covers.
      if (path.size() < 6) continue;
      const auto newest = NewestSignature(db(), path);
      ASSERT_OK(newest);
      EXPECT_EQ(!unit.is_unsigned(), *newest && (*newest)->rows_sha256 == HexEncode(unit.sha256))
          << path;
    }
    constexpr char kSignable[] = "FROM ledger_unit WHERE digits >= 6 AND entry_rows > 0";
    int64_t ledgers = 0, unsigned_ones = 0;
    const auto counts = CountLedgers(db(), "36", 6);
    ASSERT_OK(counts);
    for (const auto& [county, c] : *counts) {
      ledgers += c.ledgers;
      unsigned_ones += c.unsigned_ones;
    }
    EXPECT_EQ(ledgers, database_.Int(Cat("SELECT COUNT(*) ", kSignable)));
    EXPECT_EQ(unsigned_ones, database_.Int(Cat("SELECT COUNT(is_unsigned) ", kSignable)));
  }

  testing::TestDatabase database_{EvaluationMigrations()};
  UlidGenerator ids_{SystemClock()};
};

TEST_F(LedgerUnitTest, AHashIsWhatTheContractSaysItIs) {
  const std::string row(32, '\x01');
  const std::string village = Sha256(row);
  EXPECT_EQ(UnitSha256(village, {}), village);
  EXPECT_EQ(UnitSha256("", {}), "");
  EXPECT_EQ(UnitSha256("", {{"360733101201", village}}),
            Sha256(Cat("ledger-unit/1\n\n360733101201 ", HexEncode(village), "\n")));
  // Rows of a township's own are not those of a village in it.
  EXPECT_NE(UnitSha256(village, {}), UnitSha256("", {{"360733101201", village}}));
}

TEST_F(LedgerUnitTest, R019_UnitsEqualTheirRowsAfterManyRandomChanges) {
  testing::SeededRandom random(testing::PropertySeed(1));
  std::vector<LedgerRow> open;
  const auto place = [&] { return kPlaces[random.Below(kPlaces.size())]; };
  const int steps = testing::Runs(400, 10'000);
  for (int step = 0; step < steps; ++step) {
    const uint64_t what = open.empty() ? 0 : random.Below(6);
    const size_t at = open.empty() ? 0 : random.Below(open.size());
    switch (what) {
      case 0: {
        std::vector<LedgerRow> some;
        for (uint64_t n = random.Below(3) + 1; n > 0; --n) some.push_back(Entry(place()));
        Insert(some);
        open.insert(open.end(), some.begin(), some.end());
        break;
      }
      case 1: {  // signed content changes, or only what is not signed
        LedgerRow& row = open[at];
        if (random.Below(2) == 0) row.signed_content += "+";
        row.details += "x";
        Change({row.region_path}, [&](mysql::Tx& tx) { return UpdateEntry(tx, row); });
        break;
      }
      case 2: {
        LedgerRow row = open[at];
        row.open = false;
        row.left_at = kNow;
        Change({row.region_path}, [&](mysql::Tx& tx) { return UpdateEntry(tx, row); });
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      }
      case 3: {
        LedgerRow& row = open[at];
        const std::string from = row.region_path, to = place();
        Change({from, to}, [&](mysql::Tx& tx) { return MoveSubjects(tx, {{row.subject_id, to}}); });
        row.region_path = to;
        break;
      }
      default: {
        const std::string unit = open[at].region_path;
        if (unit.size() < 6) break;
        Sign(unit.substr(0, unit.size() == 12 && random.Below(2) == 0 ? 9 : unit.size()),
             Cat("person-", random.Below(5)));
      }
    }
    if (step % 100 == 99) ExpectEqualToTheRows();
  }
  ExpectEqualToTheRows();
}

TEST_F(LedgerUnitTest, AChangeThatComesBackIsTheSameHashAndEveryOtherIsNot) {
  LedgerRow first = Entry(kPlaces[0]), second = Entry(kPlaces[0]);
  Insert({first, second});
  const std::string before = Load("36")["36"].sha256;
  const std::string content = first.signed_content;
  first.signed_content = "another plan";
  Change({first.region_path}, [&](mysql::Tx& tx) { return UpdateEntry(tx, first); });
  EXPECT_NE(Load("36")["36"].sha256, before);
  first.signed_content = content;
  Change({first.region_path}, [&](mysql::Tx& tx) { return UpdateEntry(tx, first); });
  EXPECT_EQ(Load("36")["36"].sha256, before);
  // The same rows, of which one lies next door.
  Change({kPlaces[0], kPlaces[1]}, [&](mysql::Tx& tx) {
    return MoveSubjects(tx, {{first.subject_id, kPlaces[1]}});
  });
  EXPECT_NE(Load("36")["36"].sha256, before);
}

TEST_F(LedgerUnitTest, AForgottenChangeIsFoundByTheRecount) {
  LedgerRow row = Entry(kPlaces[0]);
  Insert({row});
  row.signed_content = "another";
  ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return UpdateEntry(tx, row); }));
  ASSERT_OK_AND_ASSIGN(const UnitRecount recount, RecountUnits(db(), "360733"));
  ASSERT_THAT(recount.differences, SizeIs(3));  // village, township, county
  EXPECT_EQ(recount.differences[0].counted.unit, "360733");
  Change({row.region_path}, [](mysql::Tx&) { return absl::OkStatus(); });
  ExpectEqualToTheRows();
}

TEST_F(LedgerUnitTest, WhoAsksAboutSignaturesReadsNoEntry) {
  const auto fill = [&](int entries) {
    std::vector<LedgerRow> rows;
    for (int i = 0; i < entries; ++i) {
      for (const std::string& path : kPlaces) rows.push_back(Entry(path));
    }
    Insert(rows);
  };
  const auto cost = [&] {
    return testing::RowsRead(db(), [&] {
      for (const std::string region : {"36", "3607", "360733", "360733101", "360733101201"}) {
        EXPECT_OK(LoadUnits(db(), region, UnitDepth::kCounties));
        EXPECT_OK(CountLedgers(db(), region, 9));
        EXPECT_OK(UnsignedInside(db(), region, 10));
      }
      EXPECT_OK(SignersInside(db(), {"360733"}));
    });
  };
  fill(1);
  const int64_t before = cost();
  fill(100);
  EXPECT_EQ(cost(), before);
  // The province is made of its counties: villages are not read for it, however many.
  std::vector<LedgerRow> villages;
  const auto of_counties = [&] {
    return testing::RowsRead(db(), [&] { EXPECT_OK(LoadUnits(db(), "36", UnitDepth::kCounties)); });
  };
  const int64_t counties = of_counties();
  for (int i = 0; i < 400; ++i) villages.push_back(Entry(Cat("360733103", 201 + i)));
  Insert(villages);
  EXPECT_EQ(of_counties(), counties);
  ASSERT_OK_AND_ASSIGN(const auto named, UnsignedInside(db(), "36", 5));
  EXPECT_THAT(named, SizeIs(3 + 5 + 5));  // three counties, then five of each level
  // A change costs its village's entries, its township's villages and its county's townships.
  const int64_t change = testing::RowsRead(db(), [&] { Insert({Entry("360734101201")}); });
  EXPECT_LT(change, 200);
}

TEST_F(LedgerUnitTest, ASignatureIsKeptWithTheOneOnWhoseBehalfItWasGiven) {
  Insert({Entry("360733101201"), Entry("360733101202")});
  Sign("360733101201", workflow::Person("deputy", "principal"));
  Sign("360733101202", "cadre");
  auto units = Load("360733101");
  EXPECT_EQ(units["360733101201"].signed_by, "deputy");
  EXPECT_EQ(units["360733101201"].signed_delegated_by, "principal");
  EXPECT_EQ(units["360733101202"].signed_delegated_by, "");
  ASSERT_OK_AND_ASSIGN(auto signers, SignersInside(db(), {"360733101"}));
  EXPECT_THAT(signers, SizeIs(2));
  EXPECT_EQ(signers["360733101201"].subject, "deputy");
  EXPECT_EQ(signers["360733101201"].delegated_by, "principal");
  EXPECT_EQ(signers["360733101202"].delegated_by, "");
  // It stays with the signature when the rows change, and goes with the next one.
  Insert({Entry("360733101201")});
  EXPECT_EQ(Load("360733101201")["360733101201"].signed_delegated_by, "principal");
  Sign("360733101201", "deputy");
  EXPECT_EQ(Load("360733101201")["360733101201"].signed_delegated_by, "");
  ExpectEqualToTheRows();
}

TEST_F(LedgerUnitTest, TheMigrationFillsWhatIsThereAndKeepsSignatures) {
  for (const std::string& path : kPlaces) Insert({Entry(path), Entry(path), Entry(path)});
  LedgerRow left = Entry(kPlaces[0]);
  left.open = false;
  Insert({left});
  const auto built = Load("36");
  const auto& migrations = EvaluationMigrations();
  // As before the table: a unit signed all rows inside it as one text.
  const auto old_form = [&](const std::string& unit) {
    const auto rows = db().Query(
        "SELECT row_hash FROM ledger_entry WHERE is_open = 1 AND LEFT(region_path, ?) = ? ORDER BY "
        "region_path, id",
        {static_cast<int64_t>(unit.size()), unit});
    EXPECT_OK(rows);
    std::string all;
    for (const mysql::Row& row : *rows) all += row.String(0);
    return Sha256Hex(all);
  };
  ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) -> absl::Status {
    const std::pair<std::string, std::string> signatures[] = {
        {"360733101201", old_form("360733101201")},
        {"360733101", Sha256Hex("earlier rows")},
        {"360733", old_form("360733")}};
    for (const auto& [unit, sha256] : signatures) {
      SignatureRow row;
      row.id = ids_.Next();
      row.region_code = unit;
      row.signature_no = 1;
      row.rows_sha256 = sha256;
      row.signed_by = Cat("of-", unit);
      row.signed_at = kNow;
      if (absl::Status status = InsertSignature(tx, row); !status.ok()) return status;
    }
    return absl::OkStatus();
  }));
  database_.Run("DROP TABLE ledger_unit;");
  for (const migrate::Migration& m : migrations) {
    if (m.name != "ledger_units" && m.name != "ledger_deputies") continue;
    for (const std::string& statement : mysql::SplitStatements(m.sql)) {
      ASSERT_OK(db().ExecuteOnce(statement));
    }
  }
  ASSERT_OK_AND_ASSIGN(const UnitRecount recount, RecountUnits(db(), "36"));
  EXPECT_THAT(recount.differences, IsEmpty());
  auto filled = Load("36");
  ASSERT_THAT(filled, SizeIs(built.size()));
  for (const auto& [path, unit] : built) {
    EXPECT_EQ(HexEncode(filled[path].sha256), HexEncode(unit.sha256)) << path;
    EXPECT_EQ(filled[path].rows, unit.rows) << path;
  }
  EXPECT_FALSE(filled["360733101201"].is_unsigned());
  EXPECT_FALSE(filled["360733"].is_unsigned());
  EXPECT_TRUE(filled["360733101"].is_unsigned());
  EXPECT_EQ(filled["360733101"].signed_by, "of-360733101");
  EXPECT_TRUE(filled["360733101202"].is_unsigned());
  // The signature stands as long as the rows do.
  Insert({Entry("360733102201")});
  EXPECT_FALSE(Load("360733")["360733101201"].is_unsigned());
  EXPECT_TRUE(Load("360733")["360733"].is_unsigned());
}

}  // namespace
}  // namespace bangfu::evaluation
