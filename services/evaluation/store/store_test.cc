#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/testing/database.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"
#include "services/evaluation/schema/migrations.h"
#include "services/evaluation/store/criteria_store.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/run_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::StatusIs;

const absl::Time kNow =
    absl::FromCivil(absl::CivilSecond(2026, 3, 1, 1, 0, 0), absl::UTCTimeZone());

class EvaluationStore : public ::testing::Test {
 protected:
  mysql::Session& db() { return database_.db(); }

  SubjectRow Subject(const std::string& path, int type = kProjectSubject) {
    SubjectRow s;
    s.id = ids_.Next();
    s.type = type;
    s.code = Cat("code-", s.id.ToString());
    s.name = "脐橙基地";
    s.region_code = path;
    s.region_path = path;
    s.county = path.substr(0, 6);
    s.stage = "OPERATING";
    s.verified = true;
    s.invested_fen = 100;
    s.asset_value_fen = 40;
    s.updated_at = kNow;
    return s;
  }
  void Put(const std::vector<SubjectRow>& rows) {
    std::vector<Ulid> ids;
    for (const SubjectRow& s : rows) ids.push_back(s.id);
    ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) -> absl::Status {
      absl::StatusOr<SubjectMap> before = LockSubjects(tx, ids);
      if (!before.ok()) return before.status();
      return PutSubjects(tx, rows, *before);
    }));
  }
  EvaluationRow Evaluation(const SubjectRow& s, int result = 1, int state = 1) {
    EvaluationRow e;
    e.id = ids_.Next();
    e.subject_type = s.type;
    e.subject_id = s.id;
    e.region_path = s.region_path;
    e.period = "2026-02";
    e.criteria_id = criteria_;
    e.snapshot_sha256 = std::string(64, 'a');
    e.result = result;
    e.state = state;
    e.total_bp = 8000;
    e.details = std::string("\0\x01\xff'\\", 5);
    e.computed_at = kNow;
    e.computed_by = "wang";
    return e;
  }
  void Insert(const std::vector<EvaluationRow>& rows) {
    ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return InsertEvaluations(tx, rows); }));
  }
  SubjectRow Load(const Ulid& id) {
    absl::StatusOr<SubjectMap> found = LoadSubjects(db(), {id}, std::nullopt);
    EXPECT_OK(found);
    return found->at(id);
  }
  void ExpectRollupEqualsRecount() {
    EXPECT_EQ(
        database_.Int(
            Cat("SELECT COUNT(*) FROM (SELECT county, subject_type, ", ResultCellSql(),
                " AS result, COUNT(*) AS n, SUM(invested_fen) AS v, SUM(asset_value_fen) AS a FROM "
                "subject WHERE is_void = 0 GROUP BY county, subject_type, result) r LEFT JOIN "
                "(SELECT county, subject_type, result, SUM(subjects) AS n, SUM(invested_fen) AS v, "
                "SUM(asset_value_fen) AS a FROM result_rollup GROUP BY county, subject_type, "
                "result) k USING (county, subject_type, result) WHERE k.n IS NULL OR k.n <> r.n OR "
                "k.v <> r.v OR k.a <> r.a")),
        0);
    EXPECT_EQ(database_.Int("SELECT COALESCE(SUM(subjects), 0) FROM result_rollup"),
              database_.Int("SELECT COUNT(*) FROM subject WHERE is_void = 0"));
    EXPECT_EQ(
        database_.Int("SELECT COALESCE(SUM(invested_fen), 0) FROM result_rollup"),
        database_.Int("SELECT COALESCE(SUM(invested_fen), 0) FROM subject WHERE is_void = 0"));
  }

  testing::TestDatabase database_{EvaluationMigrations()};
  UlidGenerator ids_{SystemClock()};
  Ulid criteria_ = ids_.Next();
};

TEST_F(EvaluationStore, SubjectsKeepWhatIsNotTold) {
  SubjectRow s = Subject("360733101201");
  s.chain_links = {"PLANT_BREED", "SALES"};
  s.industry_id = ids_.Next();
  Put({s});
  EXPECT_EQ(Load(s.id).facts_version, 1);
  const Ulid evaluation = ids_.Next();
  ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) -> absl::Status {
    absl::StatusOr<SubjectMap> before = LockSubjects(tx, {s.id});
    if (!before.ok()) return before.status();
    if (absl::Status status = SetLatestEvaluations(tx, {{s.id, evaluation, 3}}, *before, kNow);
        !status.ok()) {
      return status;
    }
    absl::StatusOr<SubjectMap> evaluated = LockSubjects(tx, {s.id});
    if (!evaluated.ok()) return evaluated.status();
    return SetEffectives(tx, {{s.id, evaluation, 3}}, *evaluated, kNow);
  }));
  s.name = "新名称";
  Put({s});
  SubjectRow back = Load(s.id);
  EXPECT_EQ(back.name, "新名称");
  EXPECT_EQ(back.facts_version, 2);
  EXPECT_EQ(back.latest_result, 3);
  EXPECT_EQ(back.latest_evaluation_id, evaluation);
  EXPECT_EQ(back.effective_class, 3);
  EXPECT_THAT(back.chain_links, ElementsAre("PLANT_BREED", "SALES"));
  EXPECT_EQ(back.industry_id, s.industry_id);
  // Out of scope is not there.
  ASSERT_OK_AND_ASSIGN(SubjectMap foreign,
                       LoadSubjects(db(), {s.id}, std::vector<std::string>{"3601"}));
  EXPECT_TRUE(foreign.empty());
}

TEST_F(EvaluationStore, RollupEqualsRecountAfterManyChanges) {
  testing::SeededRandom random(testing::PropertySeed(1));
  std::vector<SubjectRow> all;
  const int steps = testing::Runs(300, 10'000);
  for (int step = 0; step < steps; ++step) {
    if (all.empty() || random.Below(3) == 0) {
      SubjectRow s = Subject(random.Below(2) == 0 ? "360733101201" : "360102101201",
                             random.Below(5) == 0 ? kIndustrySubject : kProjectSubject);
      all.push_back(s);
      Put({s});
      continue;
    }
    SubjectRow& s = all[random.Below(all.size())];
    switch (random.Below(4)) {
      case 0:
        s.invested_fen = random.Between(0, 1'000'000);
        s.asset_value_fen = random.Between(0, 1'000'000);
        Put({s});
        break;
      case 1:
        s.is_void = !s.is_void;
        Put({s});
        break;
      case 2:  // the county was split
        s.region_path = s.region_path == "360733101201" ? "360783101201" : "360733101201";
        s.county = s.region_path.substr(0, 6);
        Put({s});
        break;
      default: {
        const int result = static_cast<int>(random.Between(0, 7));  // 0: declared void
        ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) -> absl::Status {
          absl::StatusOr<SubjectMap> before = LockSubjects(tx, {s.id});
          if (!before.ok()) return before.status();
          return SetLatestEvaluations(tx, {{s.id, ids_.Next(), result}}, *before, kNow);
        }));
      }
    }
  }
  ExpectRollupEqualsRecount();
}

TEST_F(EvaluationStore, TwoEvaluatorsOfOneSubjectKeepTheRollup) {
  SubjectRow s = Subject("360733101201");
  Put({s});
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      auto session = database_.Connect();
      for (int i = 0; i < 20; ++i) {
        EXPECT_OK(mysql::Transact(*session, [&](mysql::Tx& tx) -> absl::Status {
          absl::StatusOr<SubjectMap> before = LockSubjects(tx, {s.id});
          if (!before.ok()) return before.status();
          return SetLatestEvaluations(tx, {{s.id, ids_.Next(), 1 + (i + t) % 4}}, *before, kNow);
        }));
      }
    });
  }
  for (std::thread& t : threads) t.join();
  ExpectRollupEqualsRecount();
}

TEST_F(EvaluationStore, EvaluationsComeBackByteForByteAndGuardTheirVersion) {
  SubjectRow s = Subject("360733101201");
  EvaluationRow e = Evaluation(s);
  e.total_bp.reset();
  Insert({e});
  ASSERT_OK_AND_ASSIGN(EvaluationRow back, GetEvaluation(db(), e.id, std::nullopt));
  EXPECT_EQ(back.details, e.details);
  EXPECT_EQ(back.total_bp, std::nullopt);
  EXPECT_EQ(back.run_id, std::nullopt);
  EXPECT_THAT(GetEvaluation(db(), e.id, std::vector<std::string>{"360102"}),
              StatusIs(absl::StatusCode::kNotFound));
  EvaluationRow other = back;
  back.state = 3;
  back.final_class = 2;
  ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) {
    EvaluationRow mine = back;
    return UpdateEvaluation(tx, mine);
  }));
  EXPECT_THAT(mysql::Transact(db(), [&](mysql::Tx& tx) { return UpdateEvaluation(tx, other); }),
              StatusIs(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
  ASSERT_OK_AND_ASSIGN(back, GetEvaluation(db(), e.id, std::nullopt));
  EXPECT_EQ(back.version, 2);
  EXPECT_EQ(back.final_class, 2);
}

TEST_F(EvaluationStore, ListsGoNewestFirstWithinAVillageAndPageByKey) {
  std::vector<EvaluationRow> rows;
  for (const char* village : {"360733101201", "360733102200", "360102101201"}) {
    SubjectRow s = Subject(village);
    for (int i = 0; i < 5; ++i) rows.push_back(Evaluation(s));
  }
  Insert(rows);
  EvaluationQuery query;
  query.region = "360733";
  query.limit = 3;
  std::vector<Ulid> seen;
  while (true) {
    ASSERT_OK_AND_ASSIGN(std::vector<EvaluationRow> page,
                         ListEvaluations(db(), query, std::vector<std::string>{"36"}));
    for (const EvaluationRow& e : page) seen.push_back(e.id);
    if (page.size() < 3) break;
    query.after = {page.back().region_path, page.back().id};
  }
  ASSERT_THAT(seen, SizeIs(10));
  EXPECT_EQ(seen[0], rows[9].id);  // the second village's newest
  EXPECT_EQ(seen[9], rows[0].id);
  EXPECT_THAT(ListEvaluations(db(), query, std::vector<std::string>{}),
              testing::IsOkAndHolds(SizeIs(0)));
}

TEST_F(EvaluationStore, RecordsAreStoredPackedAndReadPlain) {
  EvaluationRecord r;
  r.evaluation_id = ids_.Next();
  r.snapshot = std::string(3000, 's');
  r.explanation = std::string(9000, 'e');
  r.explanation_sha256 = std::string(64, 'b');
  ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return InsertEvaluationRecords(tx, {r}); }));
  EXPECT_LT(database_.Int("SELECT LENGTH(explanation) FROM evaluation_record"), 1000);
  ASSERT_OK_AND_ASSIGN(EvaluationRecord back, GetEvaluationRecord(db(), r.evaluation_id));
  EXPECT_EQ(back.snapshot, r.snapshot);
  EXPECT_EQ(back.explanation, r.explanation);
}

TEST_F(EvaluationStore, CriteriaInForceAreOfTheNearestRegion) {
  auto add = [&](const std::string& region, int version, absl::CivilDay from,
                 std::optional<absl::CivilDay> to) {
    CriteriaRow c;
    c.id = ids_.Next();
    c.region_code = region;
    c.version_no = version;
    c.state = kCriteriaActive;
    c.effective_from = from;
    c.effective_to = to;
    c.content = "{}";
    c.content_sha256 = std::string(64, 'c');
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return InsertCriteria(tx, c); }));
    return c.id;
  };
  const Ulid first = add("36", 1, absl::CivilDay(2025, 1, 1), absl::CivilDay(2026, 1, 1));
  const Ulid second = add("36", 2, absl::CivilDay(2026, 1, 1), std::nullopt);
  const Ulid county = add("360733", 1, absl::CivilDay(2026, 1, 1), std::nullopt);
  auto in_force = [&](const std::string& region, absl::CivilDay on) -> std::optional<Ulid> {
    absl::StatusOr<std::optional<CriteriaRow>> row = FindCriteriaInForce(db(), region, on);
    EXPECT_OK(row);
    if (!row.ok() || !*row) return std::nullopt;
    return (*row)->id;
  };
  EXPECT_EQ(in_force("36", absl::CivilDay(2025, 12, 31)), first);
  EXPECT_EQ(in_force("36", absl::CivilDay(2026, 1, 1)), second);
  EXPECT_EQ(in_force("360733", absl::CivilDay(2026, 1, 1)), county);
  EXPECT_EQ(in_force("360733", absl::CivilDay(2025, 6, 1)), first);
  EXPECT_EQ(in_force("360102", absl::CivilDay(2026, 6, 1)), second);
  EXPECT_EQ(in_force("36", absl::CivilDay(2024, 12, 31)), std::nullopt);
}

TEST_F(EvaluationStore, LinksOfAnIndustryComeFromProjectsThatOperate) {
  const Ulid industry = ids_.Next();
  SubjectRow running = Subject("360733101201");
  running.industry_id = industry;
  running.chain_links = {"SALES", "COLD_STORAGE"};
  SubjectRow idle = Subject("360733101201");
  idle.industry_id = industry;
  idle.chain_links = {"DEEP_PROC"};
  idle.stage = "IDLE";
  Put({running, idle});
  ASSERT_OK_AND_ASSIGN(LinksOfIndustry links, ListOperatingLinks(db(), {industry}));
  EXPECT_THAT(links[industry], SizeIs(2));
  EXPECT_EQ(links[industry]["SALES"], running.id.ToString());
}

TEST_F(EvaluationStore, ExpertScoresStandByDayAndTheLastUpToADayCounts) {
  const Ulid subject = ids_.Next();
  const absl::CivilDay first(2026, 2, 10);
  const absl::CivilDay second(2026, 3, 1);
  auto put = [&](const char* expert, absl::CivilDay day, const char* payload) {
    ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) {
      return PutExpertScores(tx, {{subject, expert, day, payload, kNow}});
    }));
  };
  put("zhang", second, "later");
  put("zhang", first, "1");
  put("zhang", first, "2");  // of the same day: instead of "1"
  put("li", first, "3");
  auto at = [&](absl::CivilDay day) {
    std::vector<std::string> out;
    absl::StatusOr<std::vector<ExpertScoreRow>> scores = LoadExpertScores(db(), {subject}, day);
    EXPECT_OK(scores);
    if (!scores.ok()) return out;
    for (const ExpertScoreRow& row : *scores) out.push_back(Cat(row.expert, " ", row.payload));
    return out;
  };
  EXPECT_THAT(at(first - 1), ElementsAre());
  EXPECT_THAT(at(first), ElementsAre("li 3", "zhang 2"));
  EXPECT_THAT(at(second - 1), ElementsAre("li 3", "zhang 2"));
  EXPECT_THAT(at(second), ElementsAre("li 3", "zhang later"));
  ASSERT_OK_AND_ASSIGN(auto all, ListExpertScores(db(), subject));
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[1].payload, "later");
  EXPECT_EQ(all[2].scored_on, first);
  // What a release that knows no day of scoring writes counts from the day it was entered.
  ASSERT_OK(db().Execute(
      "INSERT INTO expert_score (subject_id, expert, payload, scored_at) VALUES (?, ?, ?, ?)",
      {subject, "wang", "4", StartOfShanghaiDay(second)}));
  EXPECT_THAT(at(second - 1), ElementsAre("li 3", "zhang 2"));
  EXPECT_THAT(at(second), ElementsAre("li 3", "wang 4", "zhang later"));
}

TEST_F(EvaluationStore, ARunKnowsHowFarEachCountyIs) {
  RunRow run;
  run.id = ids_.Next();
  run.region_code = "36";
  run.period = "2026-02";
  run.criteria_id = criteria_;
  run.started_by = "wang";
  run.started_at = kNow;
  for (int i = 0; i < 2; ++i) {  // twice is once
    ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) {
      return InsertRun(tx, run, {"360733", "360102"});
    }));
  }
  ASSERT_OK_AND_ASSIGN(auto counties, ListRunCounties(db(), run.id));
  ASSERT_THAT(counties, SizeIs(2));
  EXPECT_EQ(counties[0].county, "360102");
  counties[0].cursor_type = kProjectSubject;
  counties[0].cursor_id = ids_.Next();
  counties[0].state = CountyState::kDone;
  ASSERT_OK(UpdateRunCounty(db(), run.id, counties[0]));
  ASSERT_OK_AND_ASSIGN(auto again, ListRunCounties(db(), run.id));
  EXPECT_EQ(again[0].cursor_id, counties[0].cursor_id);
  EXPECT_EQ(again[1].state, CountyState::kWaiting);
}

TEST(RollupSlots, ThoseOfEightSlotsAreAddedToTheFour) {
  migrate::Migrations before;
  std::string step;
  for (const migrate::Migration& m : EvaluationMigrations()) {
    if (m.stream == "evaluation" && m.version == 12) step = m.sql;
    if (m.stream != "evaluation" || m.version < 12) before.push_back(m);
  }
  testing::TestDatabase database(before, /*own_schema=*/true);
  std::string rows;
  for (int slot = 0; slot < 8; ++slot) {
    // Of one county all slots; of the other those alone that go.
    for (const char* county : {"360733", "360734"}) {
      if (slot < 4 && county[5] == '4') continue;
      const int n = 1 << slot;
      absl::StrAppend(&rows, "INSERT INTO class_rollup VALUES ('", county, "', 1, 3, ", slot, ", ",
                      n, ", ", 2 * n, ", ", 3 * n, ", ", 4 * n, ");\n",
                      "INSERT INTO result_rollup VALUES ('", county, "', 1, 3, ", slot, ", ", n,
                      ", ", 2 * n, ", ", 3 * n, ");\n", "INSERT INTO close_out_rollup VALUES ('",
                      county, "', ", slot);
      for (int k = 1; k <= 9; ++k) absl::StrAppend(&rows, ", ", k * n);
      rows += ");\n";
    }
  }
  database.Run(rows);
  database.Run(step);
  struct Table {
    const char* name;
    std::vector<const char*> columns;  // the k-th of slot s held k * 2^s
  };
  const std::vector<Table> tables = {
      {"class_rollup", {"entries", "overridden", "invested_fen", "asset_value_fen"}},
      {"result_rollup", {"subjects", "invested_fen", "asset_value_fen"}},
      {"close_out_rollup",
       {"revitalize_due", "revitalized", "revitalize_value_fen", "revitalized_value_fen", "due",
        "to_consolidate", "to_upgrade", "exited", "reclassified"}}};
  for (const Table& table : tables) {
    SCOPED_TRACE(table.name);
    EXPECT_EQ(database.Int(Cat("SELECT COUNT(*) FROM ", table.name)), 8);
    for (int slot = 0; slot < 4; ++slot) {
      for (size_t k = 0; k < table.columns.size(); ++k) {
        const auto value = [&](std::string_view county) {
          return database.Int(Cat("SELECT ", table.columns[k], " FROM ", table.name,
                                  " WHERE county = ? AND slot = ?"),
                              {county, slot});
        };
        const auto times = static_cast<int64_t>(k + 1);
        EXPECT_EQ(value("360733"), times * ((1 << slot) + (16 << slot))) << table.columns[k];
        EXPECT_EQ(value("360734"), times * (16 << slot)) << table.columns[k];
      }
    }
  }
}

}  // namespace
}  // namespace bangfu::evaluation
