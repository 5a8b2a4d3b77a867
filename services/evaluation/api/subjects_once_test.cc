// R003, T14: every subject counts once, in its class or apart.
#include "common/migrate/migrator.h"
#include "common/testing/clock.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/schema/migrations.h"

namespace bangfu::evaluation {
namespace {

class SubjectsOnce : public ::testing::Test {
 protected:
  v1::T14Row Sum() {
    v1::GetT14Request request;
    request.set_region_code(region_);
    auto t14 = w_.Call<v1::T14>(Cat(kLedgerService, "GetT14"), request, w_.Province());
    EXPECT_OK(t14);
    if (!t14.ok()) return {};
    int64_t in_force = 0;
    const v1::T14Row& row = t14->sum();
    for (const v1::ClassFigure& f : row.project_classes()) in_force += f.count();
    EXPECT_EQ(in_force + row.insufficient_data() + row.manual_review() + row.not_applicable() +
                  row.under_way() + row.not_evaluated(),
              row.projects())
        << row.DebugString();
    return row;
  }
  std::map<std::string, int64_t> Progress() {
    v1::GetProgressRequest request;
    request.set_region_code(region_);
    auto progress =
        w_.Call<v1::Progress>(Cat(kLedgerService, "GetProgress"), request, w_.Province());
    EXPECT_OK(progress);
    std::map<std::string, int64_t> out;
    if (progress.ok()) {
      for (const v1::ProgressFigure& f : progress->figures()) out[f.code()] = f.value();
    }
    return out;
  }
  // Of a roll-up, and of the rows below a county.
  template <typename Check>
  void EachWay(const Check& check) {
    for (const char* region : {"36", "360733", "360733101"}) {
      SCOPED_TRACE(region);
      region_ = region;
      check();
    }
    w_.ExpectRollupsEqualRecount();
  }
  // The county panel's class of a 人工研判, into force.
  void Decide(const Ulid& subject, const Ulid& id) {
    w_.BringInForce(
        id, w_.Argue(subject, v1::ARGUMENT_CONCLUSION_CLASS, type::v1::FOUR_CLASS_REVITALIZE));
  }
  LifecycleWorld w_;
  std::string region_ = "36";
};

TEST_F(SubjectsOnce, R003_AManualReviewThatAnArgumentDecidedStandsInItsClassAlone) {
  const Ulid subject = w_.AddSubject();
  EachWay([&] {
    EXPECT_EQ(Sum().not_evaluated(), 1);
    EXPECT_EQ(Progress()["NOT_EVALUATED"], 1);
  });
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_MANUAL_REVIEW, "G5");
  EachWay([&] {
    EXPECT_EQ(Sum().manual_review(), 1);
    EXPECT_EQ(Progress()["MANUAL_REVIEW"], 1);
  });
  Decide(subject, id);
  EachWay([&] {
    const v1::T14Row row = Sum();
    EXPECT_EQ(row.project_classes(2).count(), 1);
    EXPECT_EQ(row.manual_review(), 0);
    EXPECT_EQ(row.pending(), 0);
    auto figures = Progress();
    EXPECT_EQ(figures["CLASSIFIED_SHARE"], 10000);
    EXPECT_EQ(figures["MANUAL_REVIEW"], 0);
    EXPECT_EQ(figures["PENDING"], 0);
  });
  // Declared void: nobody can decide it any more, so that it waits to be evaluated anew.
  v1::VoidEvaluationRequest request;
  request.set_reason("登记有误");
  ASSERT_OK(w_.Step("VoidEvaluation", request, id, w_.Approver()));
  EachWay([&] {
    EXPECT_EQ(Sum().not_evaluated(), 1);
    EXPECT_EQ(Sum().manual_review(), 0);
    EXPECT_EQ(Progress()["NOT_EVALUATED"], 1);
  });
}

TEST_F(SubjectsOnce, R003_WhatIsVoidIsNotOnItsWay) {
  v1::VoidEvaluationRequest request;
  request.set_reason("登记有误");
  const Ulid subject = w_.AddSubject();
  const Ulid first = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  w_.BringInForce(first);
  // A later result that is void leaves the class in force, and nothing to decide beside it.
  const Ulid later = w_.Compute(subject, v1::EVALUATION_RESULT_MANUAL_REVIEW, "G5");
  EachWay([&] { EXPECT_EQ(Sum().pending(), 1); });
  ASSERT_OK(w_.Step("VoidEvaluation", request, later, w_.Approver()));
  EachWay([&] {
    EXPECT_EQ(Sum().project_classes(1).count(), 1);
    EXPECT_EQ(Sum().pending(), 0);
  });
  // The latest of all is in force and goes.
  const Ulid latest = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE);
  w_.BringInForce(latest);
  ASSERT_OK(w_.Step("VoidEvaluation", request, latest, w_.Approver()));
  EachWay([&] {
    EXPECT_EQ(Sum().under_way(), 0);
    EXPECT_EQ(Sum().not_evaluated(), 1);
    EXPECT_EQ(Progress()["UNDER_WAY"], 0);
  });
  // Void, but not the latest: what came after it stands.
  const Ulid before = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  w_.BringInForce(before);
  w_.Compute(subject, v1::EVALUATION_RESULT_MANUAL_REVIEW, "G5");
  ASSERT_OK(w_.Step("VoidEvaluation", request, before, w_.Approver()));
  EachWay([&] { EXPECT_EQ(Sum().manual_review(), 1); });
}

TEST_F(SubjectsOnce, R003_AGapThatTheProvinceOverrodeStandsInItsClassAlone) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_INSUFFICIENT_DATA, "P1");
  const auto office = [&](const std::string& person) {
    return w_.Token(auth::Role::ROLE_PROV_OFFICE, "36", person);
  };
  ASSERT_OK(
      w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_UPGRADE), id, office("one")));
  ASSERT_OK(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, office("another")));
  ASSERT_OK(w_.Step("FileOverride", v1::FileOverrideRequest(), id, w_.City()));
  EachWay([&] { EXPECT_EQ(Sum().insufficient_data(), 1); });  // not in force before its publicity
  w_.PassPublicity(id);
  ASSERT_OK(w_.MakeEffective(id));
  EachWay([&] {
    const v1::T14Row row = Sum();
    EXPECT_EQ(row.project_classes(1).count(), 1);
    EXPECT_EQ(row.insufficient_data(), 0);
    EXPECT_EQ(Progress()["INSUFFICIENT_DATA"], 0);
  });
}

// §4.6: a later result never takes a class out of force by itself.
TEST_F(SubjectsOnce, R003_EvaluatedAnewToNoClassItStandsInItsClassAndWaits) {
  const Ulid subject = w_.AddSubject();
  w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2"));
  const Ulid later = w_.Compute(subject, v1::EVALUATION_RESULT_MANUAL_REVIEW, "G5");
  EachWay([&] {
    const v1::T14Row row = Sum();
    EXPECT_EQ(row.project_classes(1).count(), 1);
    EXPECT_EQ(row.manual_review(), 0);
    EXPECT_EQ(row.pending(), 1);
    auto figures = Progress();
    EXPECT_EQ(figures["CLASSIFIED_SHARE"], 10000);
    EXPECT_EQ(figures["MANUAL_REVIEW"], 0);
    EXPECT_EQ(figures["PENDING"], 1);
  });
  Decide(subject, later);
  EachWay([&] {
    EXPECT_EQ(Sum().project_classes(2).count(), 1);
    EXPECT_EQ(Sum().pending(), 0);
  });
  // To another class: it is on its way, but the one in force is not in question for want of one.
  w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE);
  EachWay([&] {
    EXPECT_EQ(Sum().pending(), 0);
    EXPECT_EQ(Sum().under_way(), 0);
  });
}

TEST_F(SubjectsOnce, R003_AClassNotYetInForceIsOnItsWay) {
  const Ulid industry = w_.AddSubject({.type = kIndustrySubject});
  w_.Compute(industry, v1::EVALUATION_RESULT_UPGRADE, "G2");
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  EachWay([&] {
    EXPECT_EQ(Sum().under_way(), 1);
    auto figures = Progress();
    EXPECT_EQ(figures["UNDER_WAY"], 1);
    EXPECT_EQ(figures["INDUSTRY_UNDER_WAY"], 1);
    EXPECT_EQ(figures["CLASSIFIED_SHARE"], 0);
  });
  w_.BringInForce(id);
  EachWay([&] { EXPECT_EQ(Sum().under_way(), 0); });
}

// T14 shows the two parts of 盘活率 beside it, in the message and in the files.
TEST_F(SubjectsOnce, R004_T14ShowsBothPartsOfTheRate) {
  const Ulid one = w_.AddSubject({.asset_value_fen = 300});
  w_.BringInForce(w_.Compute(one, v1::EVALUATION_RESULT_REVITALIZE, "G4"));
  w_.BringInForce(w_.Compute(one, v1::EVALUATION_RESULT_UPGRADE, "G2"));
  w_.BringInForce(
      w_.Compute(w_.AddSubject({.asset_value_fen = 100}), v1::EVALUATION_RESULT_REVITALIZE, "G4"));
  const v1::T14Row row = Sum();
  EXPECT_EQ(row.revitalized_value_fen(), 300);
  EXPECT_EQ(row.revitalize_value_fen(), 400);
  EXPECT_EQ(row.revitalized_value_share_bp(), 7500);
  EXPECT_EQ(row.revitalized(), 1);
  EXPECT_EQ(row.revitalize_due(), 2);
  EXPECT_EQ(row.revitalized_count_share_bp(), 5000);
  EXPECT_EQ(row.revitalization_rate_bp(), 6250);
  auto figures = Progress();
  EXPECT_EQ(figures["REVITALIZED_VALUE_SHARE"], 7500);
  EXPECT_EQ(figures["REVITALIZED_COUNT_SHARE"], 5000);

  v1::ExportT14Request request;
  request.set_region_code("36");
  request.set_format(type::v1::FILE_FORMAT_CSV);
  request.set_no_bom(true);
  auto chunks = w_.server().Read<type::v1::FileChunk>(Cat(kLedgerService, "ExportT14"), request,
                                                      w_.Province());
  ASSERT_OK(chunks);
  std::string bytes;
  for (const type::v1::FileChunk& chunk : *chunks) bytes += chunk.data();
  EXPECT_THAT(bytes,
              ::testing::HasSubstr("盘活率（%）,盘活金额/盘活资产（万元）,盘活金额/需盘活（万元）,"
                                   "盘活金额/占比（%）,盘活数量/盘活,盘活数量/需盘活,"
                                   "盘活数量/占比（%）"));
  EXPECT_THAT(bytes, ::testing::HasSubstr(",62.5,0.0003,0.0004,75,1,2,50,"));
}

// What was stored before subjects counted once is counted anew.
TEST(ResultRollupMigration, SubjectsAreCountedOnce) {
  migrate::Migrations before;
  std::string step;
  for (const migrate::Migration& m : EvaluationMigrations()) {
    if (m.stream == "evaluation" && m.version == 13) step = m.sql;
    if (m.stream != "evaluation" || m.version < 13) before.push_back(m);
  }
  testing::TestDatabase database(before, /*own_schema=*/true);
  struct One {
    int latest, in_force, cell;
    bool same;
  };
  std::string rows = "INSERT INTO result_rollup VALUES ('360733', 1, 7, 0, 9, 9, 9);\n";
  const std::vector<One> all = {{0, 0, 0, false}, {2, 0, 2, false},  {7, 0, 7, false},
                                {7, 3, 16, true}, {5, 2, 21, false}, {1, 2, 16, false}};
  for (size_t i = 0; i < all.size(); ++i) {
    rows +=
        Cat("INSERT INTO subject (subject_id, subject_type, code, name, region_code, "
            "region_path, county, invested_fen, latest_evaluation_id, latest_result, "
            "effective_evaluation_id, effective_class, updated_at) VALUES (UNHEX('",
            i + 10, std::string(30, '0'), "'), 1, '', '', '', '360733101', '360733', 5, ",
            all[i].latest ? "UNHEX(REPEAT('A', 32))" : "NULL", ", ", all[i].latest, ", ",
            all[i].same       ? "UNHEX(REPEAT('A', 32))"
            : all[i].in_force ? "UNHEX(REPEAT('B', 32))"
                              : "NULL",
            ", ", all[i].in_force, ", '2026-02-01');\n");
  }
  database.Run(rows);
  // A migrator that died before its mark takes up the last statement again.
  database.Run(step);
  database.Run(step.substr(step.find("INSERT INTO result_rollup")));
  std::map<int, int64_t> cells;
  for (const One& one : all) ++cells[one.cell];
  for (const auto& [cell, count] : cells) {
    EXPECT_EQ(database.Int("SELECT COALESCE(SUM(subjects), 0) FROM result_rollup WHERE result = ?",
                           {cell}),
              count)
        << cell;
  }
  EXPECT_EQ(database.Int("SELECT SUM(invested_fen) FROM result_rollup"), 30);
}

// As a migrator of the first text of the step left it: dead after its second statement, before the
// mark of that.
TEST(ResultRollupMigration, ACountThatWasBegunByItsFirstTextIsBegunAnew) {
  migrate::Migrations before, all;
  for (const migrate::Migration& m : EvaluationMigrations()) {
    all.push_back(m);
    if (m.stream != "evaluation" || m.version < 13) before.push_back(m);
  }
  testing::TestDatabase database(before, /*own_schema=*/true);
  database.Run(
      "INSERT INTO subject (subject_id, subject_type, code, name, region_code, region_path, "
      "county, "
      "invested_fen, updated_at) VALUES (UNHEX(REPEAT('A', 32)), 1, '', '', '', '360733101', "
      "'360733', 5, '2026-02-01');\n"
      "INSERT INTO result_rollup VALUES ('360733', 1, 0, 1, 1, 5, 0);\n"
      "INSERT INTO schema_migration (stream, version, name, checksum, statements_done, complete, "
      "applied_at) VALUES ('evaluation', 13, 'results_once', "
      "'217707e8bdec7eaecab47ba666a9efa4a9e68da972d13cbd82906335b7a4ba8c', 1, 0, '2026-02-01');\n");
  testing::FakeClock clock;
  migrate::Migrator migrator(database.db(), clock, {.owner = "test"});
  ASSERT_OK(migrator.Apply(all));
  EXPECT_EQ(database.Int("SELECT SUM(subjects) FROM result_rollup"), 1);
  EXPECT_THAT(migrate::VerifyVersion(database.db(), all), ::bangfu::testing::IsOk());
}

// What was declared void before a subject let go of such a result is no class on its way.
TEST(ResultRollupMigration, WhatWasVoidBeforeIsYetToBeEvaluated) {
  migrate::Migrations before;
  std::string step;
  for (const migrate::Migration& m : EvaluationMigrations()) {
    if (m.stream == "evaluation" && m.version == 16) step = m.sql;
    if (m.stream != "evaluation" || m.version < 16) before.push_back(m);
  }
  testing::TestDatabase database(before, /*own_schema=*/true);
  struct One {
    int latest, state, in_force, cell;
  };
  constexpr int kComputed = 1, kVoid = 8;
  const std::vector<One> all = {{2, kVoid, 0, 0},
                                {7, kVoid, 0, 0},
                                {5, kVoid, 3, 16},
                                {2, kComputed, 0, 2},
                                {6, kComputed, 3, 22}};
  std::string rows = "INSERT INTO result_rollup VALUES ('360733', 1, 7, 0, 9, 9, 9);\n";
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string id = Cat("UNHEX('", i + 10, std::string(30, '0'), "')");
    rows +=
        Cat("INSERT INTO evaluation (id, subject_type, subject_id, region_path, period, "
            "criteria_id, snapshot_sha256, result, state, details, computed_at, computed_by, "
            "version) VALUES (",
            id, ", 1, ", id, ", '360733101', '2026-02', ", id, ", '', ", all[i].latest, ", ",
            all[i].state, ", '', '2026-02-01', '', 1);\n",
            "INSERT INTO subject (subject_id, subject_type, code, name, region_code, "
            "region_path, county, invested_fen, latest_evaluation_id, latest_result, "
            "effective_evaluation_id, effective_class, updated_at) VALUES (",
            id, ", 1, '', '', '', '360733101', '360733', 5, ", id, ", ", all[i].latest, ", ",
            all[i].in_force ? "UNHEX(REPEAT('B', 32))" : "NULL", ", ", all[i].in_force,
            ", '2026-02-01');\n");
  }
  database.Run(rows);
  // Each statement may be taken up again by a migrator that died before its mark.
  database.Run(step);
  database.Run(step.substr(step.find("INSERT INTO result_rollup")));
  database.Run(step);
  std::map<int, int64_t> cells;
  for (const One& one : all) ++cells[one.cell];
  for (const auto& [cell, count] : cells) {
    EXPECT_EQ(database.Int("SELECT COALESCE(SUM(subjects), 0) FROM result_rollup WHERE result = ?",
                           {cell}),
              count)
        << cell;
  }
  EXPECT_EQ(database.Int("SELECT SUM(subjects) FROM result_rollup"), 5);
  EXPECT_EQ(database.Int("SELECT SUM(invested_fen) FROM result_rollup"), 25);
}

}  // namespace
}  // namespace bangfu::evaluation
