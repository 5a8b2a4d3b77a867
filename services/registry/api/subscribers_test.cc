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

}  // namespace
}  // namespace bangfu::registry
