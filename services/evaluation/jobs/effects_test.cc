#include <thread>

#include "bangfu/registry/v1/events.pb.h"
#include "common/audit/schema.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/blob/schema.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/schema.h"
#include "common/recode/schema.h"
#include "common/status/macros.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/facts/departments.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/sample_for_test.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/asset_effects.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/jobs/registry_effects.h"
#include "services/evaluation/schema/migrations.h"
#include "services/evaluation/store/criteria_store.h"
#include "services/evaluation/store/disposal_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/region_part.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using testing::StatusIs;

class Effects : public ::testing::Test {
 protected:
  mysql::Session& db() { return database_.db(); }
  std::string NewId() { return ids_.Next().ToString(); }

  template <typename State>
  static feed::v1::Event Event(const std::string& type, const std::string& id, const State& state) {
    feed::v1::Event e;
    e.set_sequence(7);
    e.set_aggregate_type(type);
    e.set_aggregate_id(id);
    e.mutable_payload()->PackFrom(state);
    return e;
  }
  feed::v1::Event ProjectEvent(const registry::v1::Project& p) {
    registry::v1::ProjectChanged changed;
    *changed.mutable_project() = p;
    return Event("project", p.id(), changed);
  }
  feed::v1::Event ReportEvent(const registry::v1::OperationReport& r) {
    registry::v1::OperationReportChanged changed;
    *changed.mutable_report() = r;
    return Event("operation_report", NewId(), changed);
  }
  feed::v1::Event AssetEvent(const asset::v1::ProjectAssetFacts& a) {
    asset::v1::ProjectAssetFactsChanged changed;
    *changed.mutable_facts() = a;
    return Event("project_asset_facts", a.project_id(), changed);
  }
  absl::Status Apply(feed::EffectHandler& handler, const std::string& source,
                     const std::vector<feed::v1::Event>& events, int64_t generation = 0) {
    feed::Batch batch;
    batch.source = source;
    batch.generation = generation;
    batch.now = SystemClock().Now();
    for (const feed::v1::Event& e : events) batch.events.push_back(&e);
    return mysql::Transact(db(), [&](mysql::Tx& tx) { return handler.Apply(tx, batch); });
  }
  SubjectRow Subject(const std::string& id) {
    absl::StatusOr<SubjectMap> found = LoadSubjects(db(), {*Ulid::Parse(id)}, std::nullopt);
    EXPECT_OK(found);
    auto it = found->find(*Ulid::Parse(id));
    return it == found->end() ? SubjectRow() : it->second;
  }
  registry::v1::ListOperationReportsResponse Reports(const std::string& id) {
    registry::v1::ListOperationReportsResponse list;
    absl::StatusOr<std::vector<FactSourceRow>> rows =
        LoadFactSources(db(), {*Ulid::Parse(id)}, {kReportFacts});
    EXPECT_OK(rows);
    if (rows.ok() && !rows->empty()) {
      EXPECT_TRUE(list.ParseFromString(rows->at(0).payload));
    }
    return list;
  }

  testing::TestDatabase database_{migrate::Concat(idempotency::Schema(), inbox::Schema(),
                                                  audit::Schema(), blob::Schema(), feed::Schema(),
                                                  recode::Schema(), EvaluationMigrations())};
  UlidGenerator ids_{SystemClock()};
  RegistryEffects registry_{
      ids_, {RegionPart(), inbox::RegionPart(), blob::RegionPart()}, SystemClock()};
  AssetEffects asset_{ids_};
  const std::string industry_ = NewId();
};

TEST_F(Effects, AssetsMayComeBeforeTheirProject) {
  const std::string id = NewId();
  ASSERT_OK(Apply(asset_, "asset", {AssetEvent(sample::Assets(id))}));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM subject"), 0);
  ASSERT_OK(Apply(registry_, "registry", {ProjectEvent(sample::Project(id, industry_))}));
  EXPECT_EQ(Subject(id).asset_value_fen, 120'000'000);
  EXPECT_EQ(Subject(id).operating_value_fen, 100'000'000);
  // A later change of the project leaves the assets' figures alone.
  ASSERT_OK(Apply(registry_, "registry", {ProjectEvent(sample::Project(id, industry_))}));
  EXPECT_EQ(Subject(id).asset_value_fen, 120'000'000);
  EXPECT_EQ(Subject(id).facts_version, 2);
}

TEST_F(Effects, WhatWaitsForAReevaluationGoesWithTheVerification) {
  const std::string id = NewId();
  registry::v1::Project project = sample::Project(id, industry_);
  ASSERT_OK(Apply(registry_, "registry", {ProjectEvent(project)}));
  LedgerRow row;
  row.id = *Ulid::Parse(NewId());
  row.evaluation_id = *Ulid::Parse(NewId());
  row.subject_type = kProjectSubject;
  row.subject_id = *Ulid::Parse(id);
  row.region_path = Subject(id).region_path;
  row.four_class = type::v1::FOUR_CLASS_UPGRADE;
  row.entered_at = SystemClock().Now();
  v1::LedgerEntry entry;
  entry.set_id(row.id.ToString());
  entry.set_subject_id(id);
  entry.set_state(v1::LEDGER_ENTRY_STATE_MEASURE_PLANNED);
  entry.set_reevaluation_due(true);
  StoreMessage(entry, row);
  const inbox::Act act{ids_, SystemClock().Now(), nullptr, "test", WorkCalendar};
  ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) -> absl::Status {
    RETURN_IF_ERROR(InsertEntries(tx, {row}));
    return SyncEntriesOf(tx, {row.subject_id}, act);
  }));
  const auto waiting = [&] {
    return database_.Int(
        "SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = 'LEDGER_REEVALUATE'");
  };
  EXPECT_EQ(waiting(), 1);
  project.set_verification_state(registry::v1::VERIFICATION_STATE_UNVERIFIED);
  ASSERT_OK(Apply(registry_, "registry", {ProjectEvent(project)}));
  EXPECT_EQ(waiting(), 0);
  project.set_verification_state(registry::v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  ASSERT_OK(Apply(registry_, "registry", {ProjectEvent(project)}));
  EXPECT_EQ(waiting(), 1);
}

TEST_F(Effects, ReportsGatherByMonthAndTheLastWordStands) {
  const std::string id = NewId();
  registry::v1::OperationReport corrected = sample::Report(id, "2026-01");
  corrected.set_output_value_fen(1);
  ASSERT_OK(Apply(
      registry_, "registry",
      {ReportEvent(sample::Report(id, "2026-02")), ReportEvent(sample::Report(id, "2026-01"))}));
  ASSERT_OK(Apply(registry_, "registry", {ReportEvent(corrected)}));
  const registry::v1::ListOperationReportsResponse list = Reports(id);
  ASSERT_EQ(list.reports_size(), 2);
  EXPECT_EQ(list.reports(0).period(), "2026-01");
  EXPECT_EQ(list.reports(0).output_value_fen(), 1);
  // Not for ever.
  std::vector<feed::v1::Event> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back(ReportEvent(sample::Report(id, MonthText(absl::CivilMonth(2020, 1) + i))));
  }
  ASSERT_OK(Apply(registry_, "registry", many));
  EXPECT_EQ(Reports(id).reports_size(), kReportMonthsKept);
  EXPECT_EQ(Reports(id).reports(kReportMonthsKept - 1).period(), "2026-02");
}

TEST_F(Effects, PersonalDataOfTheFormDoesNotCome) {
  const std::string id = NewId();
  registry::v1::Project p = sample::Project(id, industry_);
  p.set_filler_name("张三");
  p.set_filler_phone("13800000000");
  const auto raw = [&](const std::string& field, const std::string& text) {
    registry::v1::RawText& one = *p.add_raw_texts();
    one.set_field(field);
    one.set_text(text);
  };
  raw("operator", "contact of the operator");
  raw("monitored_households", "about twenty");
  raw("note", "who was asked");
  ASSERT_OK(Apply(registry_, "registry", {ProjectEvent(p)}));
  const auto holding = [&](const std::string& text) {
    return database_.Int(
        Cat("SELECT COUNT(*) FROM fact_source WHERE INSTR(payload, '", text, "')"));
  };
  EXPECT_EQ(holding("13800000000"), 0);
  EXPECT_EQ(holding("contact of the operator"), 0);
  EXPECT_EQ(holding("who was asked"), 0);
  // A fact reads whether this was counted exactly.
  EXPECT_EQ(holding("about twenty"), 1);
}

TEST_F(Effects, WhatASnapshotNoLongerHoldsIsVoid) {
  const std::string stays = NewId();
  const std::string goes = NewId();
  ASSERT_OK(Apply(
      registry_, "registry",
      {ProjectEvent(sample::Project(stays, industry_)),
       ProjectEvent(sample::Project(goes, industry_)),
       ReportEvent(sample::Report(stays, "2026-01")), ReportEvent(sample::Report(stays, "2026-02")),
       ReportEvent(sample::Report(goes, "2026-01"))}));
  ASSERT_OK(Apply(registry_, "registry",
                  {ProjectEvent(sample::Project(stays, industry_)),
                   ReportEvent(sample::Report(stays, "2026-02"))},
                  /*generation=*/1));
  ASSERT_OK(mysql::Transact(
      db(), [&](mysql::Tx& tx) { return registry_.FinishSnapshot(tx, "registry", 1); }));
  EXPECT_FALSE(Subject(stays).is_void);
  EXPECT_TRUE(Subject(goes).is_void);
  EXPECT_EQ(Reports(stays).reports_size(), 1);
  EXPECT_EQ(Reports(goes).reports_size(), 0);
  EXPECT_EQ(database_.Int("SELECT SUM(subjects) FROM result_rollup"), 1);
}

// Whoever holds a project may ask for its industry then: more go than are taken at once.
TEST_F(Effects, TheLastProjectThatIsGoneIsLockedBeforeAnyIndustry) {
  ASSERT_OK(Apply(registry_, "registry",
                  {Event("industry", industry_,
                         [&] {
                           registry::v1::IndustryChanged changed;
                           *changed.mutable_industry() = sample::Industry(industry_);
                           return changed;
                         }())},
                  /*generation=*/1));
  std::vector<feed::v1::Event> projects;
  for (int i = 0; i <= 1000; ++i) {
    projects.push_back(ProjectEvent(sample::Project(NewId(), industry_)));
  }
  const Ulid last = *Ulid::Parse(projects.back().aggregate_id());
  ASSERT_OK(Apply(registry_, "registry", projects));
  const auto other = database_.Connect();
  const auto watcher = database_.Connect();
  absl::Status finished;
  std::thread thread;
  int tries = 0;
  EXPECT_OK(mysql::Transact(*other, [&](mysql::Tx& tx) -> absl::Status {
    RETURN_IF_ERROR(LockSubjects(tx, {last}).status());
    if (++tries > 1) return absl::OkStatus();
    thread = std::thread([&] {
      finished = mysql::Transact(
          db(), [&](mysql::Tx& gone) { return registry_.FinishSnapshot(gone, "registry", 1); });
    });
    while (true) {
      ASSIGN_OR_RETURN(const mysql::Rows waits,
                       watcher->Query("SELECT variable_value FROM information_schema.global_status "
                                      "WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'"));
      if (waits.at(0).Int(0) > 0) break;
      std::this_thread::yield();
    }
    return LockSubjects(tx, {*Ulid::Parse(industry_)}).status();
  }));
  thread.join();
  EXPECT_OK(finished);
  EXPECT_EQ(tries, 1);  // no deadlock
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM subject WHERE is_void = 1"), 1001);
  EXPECT_FALSE(Subject(industry_).is_void);
}

TEST_F(Effects, ADisposalThatASnapshotNoLongerHoldsIsNone) {
  const auto disposed = [&](const std::string& id, int64_t value_fen,
                            asset::v1::AssetState state = asset::v1::ASSET_STATE_DISPOSED) {
    asset::v1::AssetChanged changed;
    *changed.mutable_asset() = sample::LinkAsset(id, "AS", "360733101201");
    changed.mutable_asset()->set_state(state);
    changed.mutable_asset()->mutable_details()->set_original_value_fen(value_fen);
    return Event("asset", id, changed);
  };
  const std::string stays = NewId();
  const std::string goes = NewId();
  ASSERT_OK(Apply(asset_, "asset", {disposed(stays, 100), disposed(goes, 20)}));
  ASSERT_OK_AND_ASSIGN(auto sums, SumDisposals(db(), "36", 6));
  ASSERT_TRUE(sums.has_value());
  EXPECT_EQ(sums->at("360733").count, 2);
  EXPECT_EQ(sums->at("360733").amount_fen, 120);
  ASSERT_OK(Apply(asset_, "asset", {disposed(stays, 100)}, /*generation=*/1));
  ASSERT_OK(
      mysql::Transact(db(), [&](mysql::Tx& tx) { return asset_.FinishSnapshot(tx, "asset", 1); }));
  ASSERT_OK_AND_ASSIGN(sums, SumDisposals(db(), "36", 6));
  ASSERT_TRUE(sums.has_value());
  EXPECT_EQ(sums->at("360733").amount_fen, 100);
  // Elsewhere there are none, which is known as long as one is there at all.
  ASSERT_OK_AND_ASSIGN(sums, SumDisposals(db(), "360734", 9));
  EXPECT_TRUE(sums.has_value() && sums->empty());
  // A backfill has the generation that is there, and no end: the state itself takes away what was
  // reversed.
  ASSERT_OK(Apply(asset_, "asset", {disposed(goes, 20)}, /*generation=*/1));
  ASSERT_OK(Apply(asset_, "asset",
                  {disposed(stays, 100), disposed(goes, 20, asset::v1::ASSET_STATE_ACTIVE)},
                  /*generation=*/1));
  ASSERT_OK_AND_ASSIGN(sums, SumDisposals(db(), "36", 6));
  ASSERT_TRUE(sums.has_value());
  EXPECT_EQ(sums->at("360733").count, 1);
  ASSERT_OK(
      mysql::Transact(db(), [&](mysql::Tx& tx) { return asset_.FinishSnapshot(tx, "asset", 2); }));
  ASSERT_OK_AND_ASSIGN(sums, SumDisposals(db(), "36", 6));
  EXPECT_FALSE(sums.has_value());
}

TEST_F(Effects, AnEventThatMakesNoSenseIsAnErrorOfTheEvent) {
  feed::v1::Event wrong = ProjectEvent(sample::Project(NewId(), industry_));
  wrong.set_aggregate_type("industry");
  EXPECT_THAT(Apply(registry_, "registry", {wrong}),
              StatusIs(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED"));
  registry::v1::Project nowhere = sample::Project(NewId(), industry_);
  nowhere.clear_region_path();
  EXPECT_THAT(Apply(registry_, "registry", {ProjectEvent(nowhere)}),
              StatusIs(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED"));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM subject"), 0);
  // A type that this service does not know is none of its business.
  wrong.set_aggregate_type("promotion_event");
  EXPECT_OK(Apply(registry_, "registry", {wrong}));
}

TEST_F(Effects, R017_DepartmentsComeFromTheFundingSources) {
  const std::string id = NewId();
  registry::v1::FundSourceDepartmentChanged ethnic;
  ethnic.mutable_row()->set_id(NewId());
  ethnic.mutable_row()->set_source_code("BRIDGE_CENTRAL");
  ethnic.mutable_row()->set_task_code("ETHNIC");
  ethnic.mutable_row()->set_department_code("ETHNIC_AFFAIRS");
  registry::v1::FundSourceDepartmentChanged relief = ethnic;
  relief.mutable_row()->set_id(NewId());
  relief.mutable_row()->set_task_code("WORK_RELIEF");
  relief.mutable_row()->set_department_code("DEVELOPMENT_REFORM");
  ASSERT_OK(Apply(registry_, "registry",
                  {ProjectEvent(sample::Project(id, industry_)),
                   Event("fund_source_department", ethnic.row().id(), ethnic),
                   Event("fund_source_department", relief.row().id(), relief)}));
  ASSERT_OK_AND_ASSIGN(auto departments,
                       RequiredDepartments(db(), {*Ulid::Parse(id)}, absl::CivilDay(2026, 3, 1)));
  EXPECT_THAT(departments[*Ulid::Parse(id)], ElementsAre("AGRICULTURE", "ETHNIC_AFFAIRS"));
}

TEST_F(Effects, ReferenceDataIsCopied) {
  registry::v1::RegionsChanged regions;
  auto* county = regions.add_regions();
  county->set_code("360783");
  county->set_name("龙南市");
  county->set_region_path("360783");
  auto* old = regions.add_regions();
  old->set_code("360727");
  old->set_name("龙南县");
  old->set_region_path("360783");
  registry::v1::ParameterChanged parameter;
  parameter.mutable_parameter()->set_code("EVALUATION_SOURCE_LAG_MINUTES");
  parameter.mutable_parameter()->set_value(42);
  ASSERT_OK(
      Apply(registry_, "registry",
            {Event("region_batch", NewId(), regions), Event("parameter", NewId(), parameter)}));
  ASSERT_OK_AND_ASSIGN(auto region, GetRegion(db(), "360727"));
  ASSERT_TRUE(region.has_value());
  EXPECT_EQ(region->region_path, "360783");
  ASSERT_OK_AND_ASSIGN(auto children, ListChildRegions(db(), "3607"));
  ASSERT_THAT(children, SizeIs(1));  // a county that is no more has no place in a list
  EXPECT_EQ(children[0].name, "龙南市");
  EXPECT_THAT(ReadParameter(db(), kSourceLagMinutes), testing::IsOkAndHolds(42));
  EXPECT_THAT(ReadParameter(db(), kClassPublicityDays), testing::IsOkAndHolds(7));
}

TEST_F(Effects, CriteriaInForceFollowACodeUnderWhichThereAreOnlyDrafts) {
  const auto add = [&](const char* region, int version, int state) {
    CriteriaRow row;
    CriteriaSet set = DefaultCriteria();
    set.version_no = version;
    row.id = ids_.Next();
    row.region_code = region;
    row.version_no = version;
    row.state = state;
    row.content = CanonicalJson(set);
    row.content_sha256 = ContentHash(set);
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return InsertCriteria(tx, row); }));
  };
  add("360733", 1, kCriteriaRetired);
  add("360733", 2, kCriteriaActive);
  add("360799", 1, kCriteriaDraft);
  add("360799", 2, kCriteriaDraft);
  // What was in force once is the region's own.
  add("360733101", 1, kCriteriaActive);
  add("360799101", 1, kCriteriaRetired);
  registry::v1::RegionsChanged changed;
  registry::v1::RegionMove* move = changed.add_moves();
  move->set_id(NewId());
  move->set_from_path("360733");
  move->set_to_path("360799");
  move->mutable_moved_at()->set_seconds(1772000000);
  ASSERT_OK(Apply(registry_, "registry", {Event("region_batch", NewId(), changed)}));
  ASSERT_OK_AND_ASSIGN(const std::vector<CriteriaRow> active, ListActiveCriteria(db(), "360799"));
  ASSERT_THAT(active, SizeIs(1));
  EXPECT_EQ(active[0].version_no, 2);
  ASSERT_OK_AND_ASSIGN(const std::vector<CriteriaRow> all, ListCriteria(db(), std::nullopt, 100));
  std::vector<std::pair<int, int>> there;
  for (const CriteriaRow& row : all) {
    if (row.region_code != "360799") continue;
    there.emplace_back(row.version_no, row.state);
    ASSERT_OK_AND_ASSIGN(const CriteriaSet set, ParseCriteria(row.content));
    EXPECT_EQ(set.version_no, row.version_no);
    EXPECT_EQ(ContentHash(set), row.content_sha256);
  }
  EXPECT_THAT(
      there, ::testing::ElementsAre(std::pair(4, kCriteriaDraft), std::pair(3, kCriteriaDraft),
                                    std::pair(2, kCriteriaActive), std::pair(1, kCriteriaRetired)));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM criteria_set WHERE region_code = '360733101'"), 1);
}

TEST_F(Effects, WhatNamesTheRegionItselfFollowsItsCode) {
  database_.Run(
      "INSERT IGNORE INTO criteria_set (id, region_code, version_no) VALUES (1, '360733', 1), (2, "
      "'360733', 2), (3, '360799', 1), (4, '360733101', 1), (5, '360733101', 2);\n"
      "INSERT IGNORE INTO criteria_scope (region_code, version) VALUES ('360733', 9), ('360799', "
      "1), ('360733101', 5);\n"
      "INSERT IGNORE INTO unit_report_copy (campaign_id, region_path) VALUES (1, '360733101201'), "
      "(1, '360799101201'), (1, '360733101202');\n"
      "INSERT IGNORE INTO chain_trend (industry_id, month, county) VALUES (1, '2026-01', "
      "'360733');\n"
      "INSERT IGNORE INTO county_board (county) VALUES ('360733');\n"
      "INSERT IGNORE INTO blob_file (region_path) VALUES ('360733101201');");
  registry::v1::RegionsChanged changed;
  registry::v1::RegionMove* move = changed.add_moves();
  move->set_id(NewId());
  move->set_from_path("360733");
  move->set_to_path("360799");
  move->mutable_moved_at()->set_seconds(1772000000);
  const feed::v1::Event event = Event("region_batch", NewId(), changed);
  for (int times = 0; times < 2; ++times) {
    ASSERT_OK(Apply(registry_, "registry", {event}));
    // A region that has criteria of its own keeps to them, and no version of another joins them.
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM criteria_set WHERE region_code = '360799'"), 1);
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM criteria_set WHERE region_code = '360733'"), 2);
    EXPECT_EQ(database_.Int("SELECT version FROM criteria_scope WHERE region_code = '360799'"), 1);
    EXPECT_EQ(database_.Int("SELECT version FROM criteria_scope WHERE region_code = '360733'"), 9);
    // One that has none gets them all.
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM criteria_set WHERE region_code = '360799101'"),
              2);
    EXPECT_EQ(database_.Int("SELECT version FROM criteria_scope WHERE region_code = '360799101'"),
              5);
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM unit_report_copy"), 2);
    EXPECT_EQ(
        database_.Int("SELECT COUNT(*) FROM unit_report_copy WHERE region_path LIKE '360799%'"), 2);
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM chain_trend WHERE county = '360799'"), 1);
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM county_board"), 0);
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM blob_file WHERE region_path = '360799101201'"),
              1);
  }
}

// The registry tells of all bearers of a code, in one event or several, a snapshot in any order.
TEST_F(Effects, OfACodesBearersTheOneOfTodayIsKept) {
  const auto bearer = [](const char* name, int start, int end) {
    registry::v1::RegionsChanged changed;
    registry::v1::Region& region = *changed.add_regions();
    region.set_code("360402");
    region.set_name(name);
    region.set_level(registry::v1::REGION_LEVEL_COUNTY);
    region.set_region_path("360402");
    region.set_start_year(start);
    region.set_end_year(end);
    return changed;
  };
  const auto today = bearer("濂溪区", 2016, 0), before = bearer("庐山区", 1980, 2016),
             first = bearer("郊区", 1970, 1979);
  const auto name = [&]() -> std::string {
    const auto region = GetRegion(db(), "360402");
    return region.ok() && *region ? (*region)->name : "";
  };
  const auto tell = [&](const std::vector<registry::v1::RegionsChanged>& events) {
    std::vector<feed::v1::Event> told;
    for (const auto& event : events) told.push_back(Event("region_batch", NewId(), event));
    EXPECT_OK(Apply(registry_, "registry", told));
  };
  tell({first});
  EXPECT_EQ(name(), "郊区");
  tell({before, first});
  EXPECT_EQ(name(), "庐山区");
  tell({before, today, first});
  EXPECT_EQ(name(), "濂溪区");
  tell({before});
  EXPECT_EQ(name(), "濂溪区");
  tell({bearer("濂溪新区", 2016, 0)});
  EXPECT_EQ(name(), "濂溪新区");
  // It ends; its last name stands.
  tell({bearer("濂溪旧区", 2016, 2026), first});
  EXPECT_EQ(name(), "濂溪旧区");
}

}  // namespace
}  // namespace bangfu::evaluation
