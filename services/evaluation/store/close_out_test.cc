#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/testing/database.h"
#include "common/testing/deep.h"
#include "common/testing/explain.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"
#include "services/evaluation/schema/migrations.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/move_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {
namespace {

using ::testing::Each;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const absl::Time kNow =
    absl::FromCivil(absl::CivilSecond(2026, 3, 1, 1, 0, 0), absl::UTCTimeZone());

// Villages of three counties in two cities, and a township, a county and a city themselves.
const std::vector<std::string> kPlaces = {"360733101201", "360733101202", "360733102201",
                                          "360734101201", "360102101201", "360733101",
                                          "360733",       "3607"};

constexpr int kConsolidate = 1, kUpgrade = 2, kRevitalize = 3, kAdjust = 4;  // type.v1.FourClass

using Numbers = std::map<std::string, std::vector<int64_t>>;

Numbers NumbersOf(const std::map<std::string, CloseOuts>& sums) {
  Numbers out;
  for (const auto& [unit, c] : sums) {
    out[unit] = {c.revitalize_due,
                 c.revitalized,
                 c.revitalize_value_fen,
                 c.revitalized_value_fen,
                 c.due,
                 c.to_consolidate,
                 c.to_upgrade,
                 c.exited,
                 c.reclassified};
  }
  return out;
}

class CloseOutTest : public ::testing::Test {
 protected:
  struct Subject {
    Ulid id;
    int type = kProjectSubject;
    std::string path;
  };
  // What one transaction writes.
  struct Changes {
    std::vector<Ulid> subjects;
    std::vector<LedgerRow> updates, inserts;
  };

  mysql::Session& db() { return database_.db(); }
  Subject NewSubject(const std::string& path, int type = kProjectSubject) {
    return {ids_.Next(), type, path};
  }
  bool IsOpen(const Subject& s) const { return open_.contains(s.id); }
  int ClassOf(const Subject& s) const { return rows_.at(open_.at(s.id)).four_class; }

  void Enter(const Subject& s, int four_class, int64_t asset_value_fen, Changes* changes) {
    LedgerRow e;
    e.id = ids_.Next();
    e.evaluation_id = ids_.Next();
    e.subject_type = s.type;
    e.subject_id = s.id;
    e.region_path = s.path;
    e.four_class = four_class;
    e.state = 1;
    e.entered_at = kNow;
    e.asset_value_fen = asset_value_fen;
    e.signed_content = e.id.ToString();
    changes->subjects.push_back(s.id);
    changes->inserts.push_back(std::move(e));
  }
  void Leave(const Subject& s, const std::string& reason, int left_to, Changes* changes) {
    LedgerRow e = rows_.at(open_.at(s.id));
    e.open = false;
    e.left_at = kNow;
    e.leave_reason = reason;
    e.left_to = left_to;
    changes->subjects.push_back(s.id);
    changes->updates.push_back(std::move(e));
  }
  void SetValue(const Subject& s, int64_t asset_value_fen, Changes* changes) {
    LedgerRow e = rows_.at(open_.at(s.id));
    e.asset_value_fen = asset_value_fen;
    changes->subjects.push_back(s.id);
    changes->updates.push_back(std::move(e));
  }
  // As the service does it: entries locked, rows written, roll-up written.
  void Write(Changes changes) {
    std::vector<LedgerRow*> updates;
    for (LedgerRow& row : changes.updates) updates.push_back(&row);
    ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) -> absl::Status {
      CloseOutRollup rollup;
      absl::Status status = rollup.Lock(tx, changes.subjects);
      if (status.ok()) status = UpdateEntries(tx, updates);
      if (status.ok()) status = InsertEntries(tx, changes.inserts);
      if (!status.ok()) return status;
      for (const LedgerRow& row : changes.updates) rollup.Put(row);
      for (const LedgerRow& row : changes.inserts) rollup.Put(row);
      return rollup.Write(tx);
    }));
    for (const LedgerRow& row : changes.updates) {
      if (!row.open) open_.erase(row.subject_id);
      rows_.insert_or_assign(row.id, row);
    }
    for (const LedgerRow& row : changes.inserts) {
      if (row.open) open_.insert_or_assign(row.subject_id, row.id);
      rows_.insert_or_assign(row.id, row);
    }
  }
  void Move(Subject* s, const std::string& path) {
    ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) {
      return MoveSubjects(tx, {{s->id, path}});
    }));
    s->path = path;
    for (auto& [id, row] : rows_) {
      if (row.subject_id == s->id) row.region_path = path;
    }
  }

  // Entries, re-entries, better and worse classes, close-outs, voided entries, other values and
  // other places, of some subjects at a time.
  void ChangeAtRandom(const testing::SeededRandom& random, int steps) {
    const auto place = [&] { return kPlaces[random.Below(kPlaces.size())]; };
    const auto value = [&] { return random.Between(0, 1'000'000'000); };
    const auto any_class = [&] { return static_cast<int>(random.Between(1, 4)); };
    while (subjects_.size() < 40) {
      const bool is_industry = subjects_.size() % 8 == 7;
      subjects_.push_back(NewSubject(place(), is_industry ? kIndustrySubject : kProjectSubject));
    }
    for (int step = 0; step < steps; ++step) {
      std::set<size_t> some;
      for (uint64_t n = random.Below(3) + 1; n > 0; --n) {
        some.insert(random.Below(subjects_.size()));
      }
      Changes changes;
      for (const size_t at : some) {
        Subject& s = subjects_[at];
        if (!IsOpen(s)) {
          Enter(s, any_class(), value(), &changes);
          continue;
        }
        switch (random.Below(6)) {
          case 0:
            SetValue(s, value(), &changes);
            break;
          case 1:
          case 2: {
            int to = any_class();
            if (to == ClassOf(s)) to = to % 4 + 1;
            Leave(s, kReclassified, to, &changes);
            Enter(s, to, value(), &changes);
            break;
          }
          case 3: {
            const int to = static_cast<int>(random.Between(0, 2));
            Leave(s, kClosedOut, to, &changes);
            if (to != 0) Enter(s, to, value(), &changes);
            break;
          }
          case 4:
            Leave(s, kEntryVoid, 0, &changes);
            break;
          default:
            Move(&s, place());
        }
      }
      Write(std::move(changes));
      if (step % 100 == 99) ExpectEqualToTheEntries();
    }
    ExpectEqualToTheEntries();
  }

  // Out of what was written, without SQL.
  std::map<std::string, CloseOuts> ByHand(int digits) const {
    std::map<Ulid, const LedgerRow*> last, last_to_revitalize;
    for (const auto& [id, row] : rows_) {
      if (row.subject_type != kProjectSubject || row.leave_reason == kEntryVoid) continue;
      if (row.four_class == kRevitalize) last_to_revitalize[row.subject_id] = &row;
      if (row.four_class >= kRevitalize) last[row.subject_id] = &row;
    }
    const auto became_better = [](const LedgerRow& row) {
      return !row.open && (row.left_to == kConsolidate || row.left_to == kUpgrade);
    };
    std::map<std::string, CloseOuts> out;
    for (const auto& [subject, row] : last_to_revitalize) {
      CloseOuts& c = out[row->region_path.substr(0, static_cast<size_t>(digits))];
      ++c.revitalize_due;
      c.revitalize_value_fen += row->asset_value_fen;
      if (!became_better(*row) && row->leave_reason != kClosedOut) continue;
      ++c.revitalized;
      c.revitalized_value_fen += row->asset_value_fen;
    }
    for (const auto& [subject, row] : last) {
      CloseOuts& c = out[row->region_path.substr(0, static_cast<size_t>(digits))];
      ++c.due;
      if (row->leave_reason != kClosedOut) {
        if (became_better(*row)) ++c.reclassified;
      } else if (row->left_to == kConsolidate) {
        ++c.to_consolidate;
      } else if (row->left_to == kUpgrade) {
        ++c.to_upgrade;
      } else {
        ++c.exited;
      }
    }
    return out;
  }
  std::map<std::string, CloseOuts> Sums(const std::string& region, int digits) {
    const auto sums = SumCloseOuts(db(), region, digits);
    EXPECT_OK(sums);
    return sums.ok() ? *sums : std::map<std::string, CloseOuts>();
  }
  // Of the whole province.
  CloseOuts Sum() { return Sums("36", 2)["36"]; }
  void ExpectEqualToTheEntries() {
    const auto recount = RecountCloseOuts(db(), "36");
    ASSERT_OK(recount);
    for (const CloseOutDifference& d : recount->differences) {
      ADD_FAILURE() << d.county << ": " << d.kept.due << " kept, " << d.counted.due << " counted";
    }
    // Province, cities and counties out of the roll-up, townships and villages out of the entries.
    for (const int digits : {2, 4, 6, 9, 12}) {
      EXPECT_EQ(NumbersOf(Sums("36", digits)), NumbersOf(ByHand(digits))) << digits;
    }
    seen_ += ByHand(2)["36"];
  }
  // Rows that count something, by county and slot.
  Numbers Kept() {
    const auto rows = db().Query(
        "SELECT county, slot, revitalize_due, revitalized, revitalize_value_fen, "
        "revitalized_value_fen, due, to_consolidate, to_upgrade, exited, reclassified "
        "FROM close_out_rollup WHERE revitalize_due <> 0 OR due <> 0");
    EXPECT_OK(rows);
    Numbers out;
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) {
      std::vector<int64_t>& numbers = out[Cat(row.String(0), "/", row.Int(1))];
      for (size_t i = 2; i < row.size(); ++i) numbers.push_back(row.Int(i));
    }
    return out;
  }

  testing::TestDatabase database_{EvaluationMigrations()};
  UlidGenerator ids_{SystemClock()};
  std::vector<Subject> subjects_;
  std::map<Ulid, LedgerRow> rows_;  // by id
  std::map<Ulid, Ulid> open_;       // subject -> its open entry
  CloseOuts seen_;                  // of all comparisons together
};

TEST_F(CloseOutTest, R004_R005_SumsEqualTheEntriesAfterManyRandomChanges) {
  testing::SeededRandom random(testing::PropertySeed(1));
  ChangeAtRandom(random, testing::Runs(600, 10'000));
  // Each figure was there to be compared.
  EXPECT_THAT(NumbersOf({{"36", seen_}})["36"], Each(Gt(0)));
}

TEST_F(CloseOutTest, R005_TheLastEntryCountsAndAVoidedOneGivesWayToTheOneBefore) {
  const Subject s = NewSubject(kPlaces[0]);
  Changes first;
  Enter(s, kRevitalize, 700, &first);
  Write(std::move(first));
  CloseOuts expected;
  expected.due = expected.revitalize_due = 1;
  expected.revitalize_value_fen = 700;
  EXPECT_EQ(Sum(), expected);
  Changes better;
  Leave(s, kReclassified, kUpgrade, &better);
  Enter(s, kUpgrade, 700, &better);
  Write(std::move(better));
  const CloseOuts fallen_back = expected;
  expected.revitalized = expected.reclassified = 1;
  expected.revitalized_value_fen = 700;
  EXPECT_EQ(Sum(), expected);
  // It falls back: one subject, not two, and no longer through.
  Changes worse;
  Leave(s, kReclassified, kRevitalize, &worse);
  Enter(s, kRevitalize, 700, &worse);
  Write(std::move(worse));
  EXPECT_EQ(Sum(), fallen_back);
  // That was a mistake.
  Changes undone;
  Leave(s, kEntryVoid, 0, &undone);
  Write(std::move(undone));
  EXPECT_EQ(Sum(), expected);
  // 调整类 next, closed out by an exit: the last of the two classes is another one than the last of
  // 盘活类.
  Changes adjusted;
  Enter(s, kAdjust, 900, &adjusted);
  Write(std::move(adjusted));
  Changes exited;
  Leave(s, kClosedOut, 0, &exited);
  Write(std::move(exited));
  expected.reclassified = 0;
  expected.exited = 1;
  EXPECT_EQ(Sum(), expected);
  ExpectEqualToTheEntries();
}

TEST_F(CloseOutTest, AForgottenChangeIsFoundByTheRecount) {
  const Subject s = NewSubject(kPlaces[0]);
  Changes first;
  Enter(s, kRevitalize, 700, &first);
  Write(std::move(first));
  Changes forgotten;
  Leave(s, kClosedOut, kUpgrade, &forgotten);
  ASSERT_OK(
      mysql::Transact(db(), [&](mysql::Tx& tx) { return UpdateEntry(tx, forgotten.updates[0]); }));
  ASSERT_OK_AND_ASSIGN(const CloseOutRecount recount, RecountCloseOuts(db(), "360733101"));
  ASSERT_THAT(recount.differences, SizeIs(1));
  const CloseOutDifference& d = recount.differences[0];
  EXPECT_EQ(d.county, "360733");
  EXPECT_EQ(d.kept.revitalize_due, 1);
  EXPECT_EQ(d.kept.done(), 0);
  EXPECT_EQ(d.counted.to_upgrade, 1);
  EXPECT_EQ(d.counted.revitalized_value_fen, 700);
  ASSERT_OK_AND_ASSIGN(const CloseOutRecount elsewhere, RecountCloseOuts(db(), "360734"));
  EXPECT_THAT(elsewhere.differences, IsEmpty());
}

TEST_F(CloseOutTest, WhoAsksForCountiesReadsNoEntry) {
  const auto fill = [&](int entries) {
    Changes changes;
    for (int i = 0; i < entries; ++i) {
      for (const std::string& path : kPlaces) {
        Enter(NewSubject(path), i % 2 == 0 ? kRevitalize : kAdjust, 1, &changes);
      }
    }
    Write(std::move(changes));
  };
  const auto cost = [&] {
    EXPECT_OK(db().Query("ANALYZE TABLE close_out_rollup"));  // both times the same plan
    return testing::RowsRead(db(), [&] {
      for (const std::string region : {"36", "3607", "360733"}) {
        EXPECT_OK(SumCloseOuts(db(), region, 6));
      }
    });
  };
  fill(200);
  // At most one row of every slot of the counties, whatever is read of it.
  const int64_t entries = database_.Int("SELECT COUNT(*) FROM ledger_entry");
  EXPECT_LT(cost(), entries / 4);
  const int64_t kept = database_.Int("SELECT COUNT(*) FROM close_out_rollup");
  const int64_t before = cost();
  fill(200);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM ledger_entry"), 2 * entries);
  const int64_t more = database_.Int("SELECT COUNT(*) FROM close_out_rollup") - kept;
  EXPECT_LE(cost(), before + 6 * more);
  ExpectEqualToTheEntries();
}

TEST_F(CloseOutTest, TheMigrationFillsWhatIsThere) {
  testing::SeededRandom random(testing::PropertySeed(2));
  ChangeAtRandom(random, 200);
  const Numbers built = Kept();
  EXPECT_THAT(built, Not(IsEmpty()));
  database_.Run("DROP TABLE close_out_rollup;");
  for (const migrate::Migration& m : EvaluationMigrations()) {
    if (m.name != "close_out_rollup" && m.name != "four_slots") continue;
    for (const std::string& statement : mysql::SplitStatements(m.sql)) {
      ASSERT_OK(db().ExecuteOnce(statement));
    }
  }
  EXPECT_EQ(Kept(), built);
  ExpectEqualToTheEntries();
}

}  // namespace
}  // namespace bangfu::evaluation
