// What subscribers of the registry get: changes and snapshot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "bangfu/feed/v1/change_feed.pb.h"
#include "bangfu/registry/v1/events.pb.h"
#include "common/base/ulid.h"
#include "common/feed/consumer.h"
#include "common/feed/feed.h"
#include "common/feed/sequencer.h"
#include "common/testing/at_once.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/reference_feed.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(RegistryTest, ChangesArePublishedWithTheirStateAndWithoutContactData) {
  v1::Project p = SomeProject();
  p.set_filler_name("张三");
  p.set_filler_phone("13800000000");
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  auto rows = server_.database().db().Query(
      "SELECT payload FROM feed_outbox WHERE aggregate_type = 'project'");
  ASSERT_THAT(rows, IsOk());
  ASSERT_THAT(*rows, SizeIs(1));
  v1::ProjectChanged event;
  ASSERT_TRUE(event.ParseFromString((*rows)[0].String(0)));
  EXPECT_EQ(event.project().name(), made->name());
  EXPECT_EQ(event.project().project_code(), made->project_code());
  EXPECT_TRUE(event.project().filler_phone().empty());
  EXPECT_TRUE(event.project().filler_name().empty());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM audit_log WHERE after_json LIKE '%13800000000%'"), 0);
}

TEST_F(RegistryTest, TheSnapshotHoldsEveryKindOfRecord) {
  ASSERT_THAT(Register(SomeProject(), county_), IsOk());
  const auto source = MakeSnapshotSource();
  std::map<std::string, size_t> counts;
  for (const std::string& type : source->aggregate_types()) {
    Ulid after;
    while (true) {
      auto page = source->Page(server_.database().db(), type, after, 50, std::nullopt);
      ASSERT_THAT(page, IsOk()) << type;
      counts[type] += page->size();
      if (page->size() < 50) break;
      EXPECT_GT(page->back().aggregate_id, after);
      after = page->back().aggregate_id;
    }
  }
  EXPECT_EQ(counts["project"], 1u);
  EXPECT_EQ(counts["industry"], 1u);
  EXPECT_EQ(counts["region_batch"], 17u);
  EXPECT_GT(counts["code_batch"], 200u);
  // Another county's subscriber gets reference data and none of its projects.
  const auto foreign =
      source->Page(server_.database().db(), "project", Ulid(), 50, feed::RegionPrefixes{"360783"});
  ASSERT_THAT(foreign, IsOk());
  EXPECT_THAT(*foreign, IsEmpty());
}

// A migration has no event: its codes, parameters and departments are told at the next start.
TEST_F(RegistryTest, ReferenceDataThatAMigrationChangedIsPublishedOnce) {
  testing::TestDatabase& database = server_.database();
  const auto start = [&] {
    ASSERT_THAT(PublishChangedReferences(database.db(), server_.clock().Now()), IsOk());
  };
  const auto events = [&](const std::string& type) {
    return Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = '" + type + "'");
  };
  // The first start after the upgrade that brought this tells everything, once.
  start();
  EXPECT_EQ(events("code_batch"), Int("SELECT COUNT(DISTINCT list) FROM code"));
  EXPECT_EQ(events("fund_source_department"), Int("SELECT COUNT(*) FROM fund_source_department"));
  EXPECT_EQ(events("parameter"), Int("SELECT COUNT(*) FROM parameter"));
  EXPECT_EQ(events("industry_category_batch"),
            Int("SELECT COUNT(DISTINCT taxonomy_version) FROM industry_category"));
  EXPECT_EQ(events("work_day_batch"), Int("SELECT COUNT(DISTINCT YEAR(day)) FROM work_day"));
  database.Run("DELETE FROM feed_outbox;");
  start();
  EXPECT_EQ(Int("SELECT COUNT(*) FROM feed_outbox"), 0);

  database.Run(
      "UPDATE code_list SET version = version + 1 WHERE list = 'ASSET_CATEGORY';\n"
      "UPDATE code SET name_zh = '冷藏库', version = version + 1 WHERE list = 'ASSET_CATEGORY' AND "
      "code = 'COLD_STORE';\n"
      "INSERT INTO fund_source_department (id, source_code, task_code, department_code, "
      "valid_from, "
      "valid_to, unconfirmed, version) VALUES (UNHEX(MD5('new')), 'LEGACY_SPECIAL', 'STATE_FARM', "
      "'FORESTRY', '2012-01-01', NULL, 1, 1);\n"
      "UPDATE parameter SET value = 7, version = version + 1 WHERE code = 'DIVIDEND_PAY_DAYS';\n"
      "INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES "
      "('BRAND_NEW_DAYS', '新参数', 3, 'DAY', 1, 1, 1);");
  for (int times = 0; times < 2; ++times) {
    start();
    EXPECT_EQ(events("code_batch"), 1);
    EXPECT_EQ(events("fund_source_department"), 1);
    EXPECT_EQ(events("parameter"), 2);
  }
  const auto parameters =
      database.db().Query("SELECT payload FROM feed_outbox WHERE aggregate_type = 'parameter'");
  ASSERT_THAT(parameters, IsOk());
  std::map<std::string, int64_t> values;
  for (const mysql::Row& row : *parameters) {
    v1::ParameterChanged changed;
    ASSERT_TRUE(changed.ParseFromString(row.String(0)));
    values[changed.parameter().code()] = changed.parameter().value();
  }
  EXPECT_THAT(values, ::testing::UnorderedElementsAre(::testing::Pair("BRAND_NEW_DAYS", 3),
                                                      ::testing::Pair("DIVIDEND_PAY_DAYS", 7)));
  const auto rows = database.db().Query(
      "SELECT payload FROM feed_outbox WHERE aggregate_type <> 'parameter' ORDER BY "
      "aggregate_type = 'fund_source_department'");
  ASSERT_THAT(rows, IsOk());
  ASSERT_THAT(*rows, SizeIs(2));
  v1::CodesChanged codes;
  ASSERT_TRUE(codes.ParseFromString((*rows)[0].String(0)));
  EXPECT_EQ(codes.codes_size(), Int("SELECT COUNT(*) FROM code WHERE list = 'ASSET_CATEGORY'"));
  bool told = false;
  for (const v1::Code& code : codes.codes()) {
    told = told || (code.code() == "COLD_STORE" && code.name_zh() == "冷藏库");
  }
  EXPECT_TRUE(told);
  v1::FundSourceDepartmentChanged department;
  ASSERT_TRUE(department.ParseFromString((*rows)[1].String(0)));
  EXPECT_EQ(department.row().task_code(), "STATE_FARM");
  EXPECT_EQ(department.row().department_code(), "FORESTRY");
}

// The taxonomy and work days count no versions up: what they tell says whether it is another.
TEST_F(RegistryTest, TaxonomyAndWorkDaysThatAMigrationChangedArePublishedOnce) {
  testing::TestDatabase& database = server_.database();
  const auto start = [&] {
    ASSERT_THAT(PublishChangedReferences(database.db(), server_.clock().Now()), IsOk());
  };
  const auto told = [&](const std::string& type) {
    return database.db().Query("SELECT payload FROM feed_outbox WHERE aggregate_type = ?", {type});
  };
  start();
  database.Run(
      "DELETE FROM feed_outbox;\n"
      "INSERT INTO industry_category (taxonomy_version, code, name, level, parent_code, "
      "applicable_links, cultivation_months, maps_from, unconfirmed) SELECT taxonomy_version, "
      "'BRAND_NEW', '新产业', 1, '', '', 0, '', 1 FROM taxonomy WHERE is_current = 1;\n"
      "INSERT INTO work_day (day, is_working, source) VALUES ('2031-10-01', 0, 'migration');");
  for (int times = 0; times < 2; ++times) {
    start();
    EXPECT_EQ(Int("SELECT COUNT(*) FROM feed_outbox"), 2);
  }
  const auto categories = told("industry_category_batch");
  ASSERT_THAT(categories, IsOk());
  ASSERT_THAT(*categories, SizeIs(1));
  v1::IndustryCategoriesChanged changed;
  ASSERT_TRUE(changed.ParseFromString((*categories)[0].String(0)));
  EXPECT_FALSE(changed.current_taxonomy_version().empty());
  EXPECT_EQ(changed.categories_size(),
            Int("SELECT COUNT(*) FROM industry_category c JOIN taxonomy t ON t.taxonomy_version = "
                "c.taxonomy_version WHERE t.is_current = 1"));
  bool found = false;
  for (const v1::IndustryCategory& one : changed.categories()) {
    found = found || one.code() == "BRAND_NEW";
  }
  EXPECT_TRUE(found);
  const auto days = told("work_day_batch");
  ASSERT_THAT(days, IsOk());
  ASSERT_THAT(*days, SizeIs(1));
  v1::WorkDaysChanged year;
  ASSERT_TRUE(year.ParseFromString((*days)[0].String(0)));
  ASSERT_EQ(year.days_size(), 1);
  EXPECT_EQ(year.days(0).date().year(), 2031);
  EXPECT_FALSE(year.days(0).is_working());
  // Another version is in force: every copy is told.
  database.Run(
      "DELETE FROM feed_outbox;\n"
      "UPDATE taxonomy SET is_current = 0;");
  start();
  EXPECT_EQ(Int("SELECT COUNT(*) FROM feed_outbox"),
            Int("SELECT COUNT(DISTINCT taxonomy_version) FROM industry_category"));
}

// What a copy of parameters holds.
class ParameterCopy : public feed::EffectHandler {
 public:
  absl::Status Apply(mysql::Tx&, const feed::Batch& batch) override {
    for (const feed::v1::Event* event : batch.events) {
      v1::ParameterChanged changed;
      if (!event->payload().UnpackTo(&changed)) return absl::InvalidArgumentError("payload");
      values[changed.parameter().code()] = changed.parameter().value();
    }
    return absl::OkStatus();
  }
  std::map<std::string, int64_t> values;
};

// A copy that is level takes no snapshot any more: the upgrade's parameter comes as an event.
TEST_F(RegistryTest, ACopyThatIsLevelGetsWhatAMigrationAdded) {
  testing::TestDatabase& database = server_.database();
  const auto sequencer_session = database.Connect();
  const auto consumer_session = database.Connect();
  const auto reader = database.Connect();
  feed::SequencerOptions sequencing;
  sequencing.holder = "registry-1";
  feed::Sequencer sequencer(*sequencer_session, server_.clock(), sequencing);
  feed::ConsumerOptions following;
  following.consumer = "copy";
  following.source = "registry";
  following.holder = "copy-1";
  following.aggregate_types = {"parameter"};
  ParameterCopy copy;
  const auto states = MakeSnapshotSource();
  int snapshots = 0;
  feed::Consumer consumer(
      *consumer_session, server_.clock(), following,
      [&](const feed::v1::PullRequest& r) {
        return feed::Pull(
            *reader, "registry",
            {.epoch = r.epoch(),
             .after = r.after(),
             .limit = r.limit(),
             .aggregate_types = {r.aggregate_types().begin(), r.aggregate_types().end()}},
            server_.clock().Now());
      },
      copy,
      [&](const feed::v1::SnapshotRequest& r,
          const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& sink) {
        ++snapshots;
        return feed::Snapshot(*reader, "registry", *states,
                              {r.aggregate_types().begin(), r.aggregate_types().end()},
                              std::nullopt, sink);
      });
  const auto level = [&] {
    for (int i = 0; i < 1000; ++i) {
      const auto moved = sequencer.StepOnce();
      ASSERT_THAT(moved, IsOk());
      if (moved->moved == 0) break;
    }
    for (int i = 0; i < 1000; ++i) {
      const auto step = consumer.StepOnce();
      if (step.ok() && *step == feed::StepResult::kIdle) return;
    }
    FAIL() << "not level";
  };
  ASSERT_THAT(PublishChangedReferences(database.db(), server_.clock().Now()), IsOk());
  level();
  EXPECT_EQ(copy.values.size(), static_cast<size_t>(Int("SELECT COUNT(*) FROM parameter")));
  EXPECT_EQ(copy.values.count("BRAND_NEW_DAYS"), 0u);
  database.Run(
      "INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES "
      "('BRAND_NEW_DAYS', '新参数', 3, 'DAY', 1, 1, 1);");
  ASSERT_THAT(PublishChangedReferences(database.db(), server_.clock().Now()), IsOk());
  level();
  EXPECT_EQ(copy.values["BRAND_NEW_DAYS"], 3);
  EXPECT_EQ(snapshots, 1);
}

TEST_F(RegistryTest, OfReplicasThatStartAtOnceOnePublishes) {
  testing::TestDatabase& database = server_.database();
  database.Run(
      "INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES "
      "('BRAND_NEW_DAYS', '新参数', 3, 'DAY', 1, 1, 1);");
  const auto outcomes = testing::AtOnce(4, [&](int) {
    const auto session = database.Connect();
    return PublishChangedReferences(*session, server_.clock().Now());
  });
  for (const absl::Status& outcome : outcomes) EXPECT_THAT(outcome, IsOk());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'parameter'"),
            Int("SELECT COUNT(*) FROM parameter"));
}

}  // namespace
}  // namespace bangfu::registry
