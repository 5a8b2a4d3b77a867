// What subscribers of the registry get: changes and snapshot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "bangfu/registry/v1/events.pb.h"
#include "common/base/ulid.h"
#include "common/feed/feed.h"
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

}  // namespace
}  // namespace bangfu::registry
