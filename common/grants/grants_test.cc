#include <atomic>
#include <cstdio>
#include <thread>

#include "common/grants/book.h"
#include "common/grants/copies.h"
#include "common/grants/schema.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::grants {
namespace {

using ::bangfu::testing::IsOk;

class GrantsTest : public ::testing::Test {
 protected:
  type::v1::Grant Make(const std::string& person, const std::string& region = "360733",
                       int version = 1) {
    type::v1::Grant grant;
    grant.set_id(ids_.Next().ToString());
    grant.set_person(person);
    grant.set_person_name("张三");
    grant.set_role(options::v1::ROLE_COUNTY_OPERATOR);
    type::v1::GrantRegion& where = *grant.add_regions();
    where.set_code(region);
    where.set_region_path(region);
    SetTime(clock_.Now(), grant.mutable_valid_from());
    grant.set_state(type::v1::GRANT_STATE_ACTIVE);
    grant.set_etag(std::to_string(version));
    return grant;
  }
  void Store(const std::vector<type::v1::Grant>& grants) {
    ASSERT_THAT(mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return Write(tx, grants); }),
                IsOk());
  }
  size_t Held(const std::string& person, bool is_client = false) {
    EXPECT_THAT(book_.Refresh(database_.db(), clock_.Now()), IsOk());
    const auto held = book_.Of(person, is_client);
    return held == nullptr ? 0 : held->grants.size();
  }
  static feed::v1::Event EventOf(const type::v1::Grant& grant) {
    feed::v1::Event event;
    event.set_aggregate_type(kAggregate);
    event.set_aggregate_id(grant.id());
    event.mutable_payload()->PackFrom(grant);
    return event;
  }
  absl::Status Apply(const std::vector<feed::v1::Event>& events, bool snapshot = false,
                     int64_t generation = 0) {
    feed::Batch batch;
    batch.source = kOwner;
    batch.snapshot = snapshot;
    batch.generation = generation;
    for (const feed::v1::Event& event : events) batch.events.push_back(&event);
    return mysql::Transact(database_.db(),
                           [&](mysql::Tx& tx) { return copies_->Apply(tx, batch); });
  }

  testing::TestDatabase database_{Schema()};
  testing::FakeClock clock_;
  UlidGenerator ids_{clock_};
  GrantBook book_;
  const std::shared_ptr<feed::EffectHandler> copies_ = NewCopies();
};

TEST_F(GrantsTest, TheBookFollowsTheRows) {
  EXPECT_EQ(book_.version(), 0);
  EXPECT_EQ(Held("li"), 0u);
  EXPECT_GT(book_.version(), 0);
  type::v1::Grant grant = Make("li");
  type::v1::GrantRegion& second = *grant.add_regions();
  second.set_code("360783");
  second.set_region_path("360783");
  Store({grant, Make("wang")});
  EXPECT_EQ(Held("li"), 2u);  // one per region
  EXPECT_EQ(book_.Of("li", false)->name, "张三");
  grant.set_etag("2");
  grant.set_state(type::v1::GRANT_STATE_REVOKED);
  SetTime(clock_.Now(), grant.mutable_revoked_at());
  Store({grant});
  EXPECT_EQ(Held("li"), 0u);
  EXPECT_EQ(book_.Of("li", false)->revoked.size(), 2u);
  EXPECT_EQ(Held("wang"), 1u);
  // A new process reads the same.
  GrantBook other;
  ASSERT_THAT(other.Refresh(database_.db(), clock_.Now()), IsOk());
  EXPECT_EQ(other.Of("li", false)->revoked.size(), 2u);
  EXPECT_EQ(other.Of("wang", false)->grants.size(), 1u);
  EXPECT_EQ(other.Of("wang", true), nullptr);
  // What has been over for long is nobody's concern.
  GrantBook later;
  ASSERT_THAT(later.Refresh(database_.db(), clock_.Now() + absl::Hours(24 * 40)), IsOk());
  EXPECT_EQ(later.Of("li", false), nullptr);
}

// One organisation for many, each with its own; none where the grant names none.
TEST_F(GrantsTest, TheBookKeepsTheOrganisations) {
  std::vector<type::v1::Grant> grants = {Make("li"), Make("wang"), Make("zhao")};
  for (int i = 0; i < 2; ++i) {
    grants[i].set_org_code("COUNTY_BUREAU_360733");
    grants[i].set_org_name("会昌县农业农村局");
  }
  Store(grants);
  EXPECT_EQ(Held("li"), 1u);
  for (const char* person : {"li", "wang"}) {
    EXPECT_EQ(book_.Of(person, false)->grants[0].org_code, "COUNTY_BUREAU_360733");
    EXPECT_EQ(book_.Of(person, false)->grants[0].org_name, "会昌县农业农村局");
  }
  EXPECT_EQ(book_.Of("zhao", false)->grants[0].org_code, "");
  // Long work finds it by the grant that its row keeps.
  audit::Actor actor;
  actor.grant_id = grants[0].id();
  ASSERT_THAT(NameOrganisation(database_.db(), &actor), IsOk());
  EXPECT_EQ(actor.org_name, "会昌县农业农村局");
  audit::Actor by_token;
  ASSERT_THAT(NameOrganisation(database_.db(), &by_token), IsOk());
  EXPECT_EQ(by_token.org_code, "");
}

// A client that was once cut off stays so: were it forgotten, its token would count again.
TEST_F(GrantsTest, WhatAClientWasGrantedIsNeverForgotten) {
  type::v1::Grant grant = Make("finance");
  grant.set_is_client(true);
  grant.set_role(options::v1::ROLE_SYSTEM_INTEGRATOR);
  grant.set_state(type::v1::GRANT_STATE_REVOKED);
  SetTime(clock_.Now(), grant.mutable_revoked_at());
  Store({grant});
  GrantBook later;
  ASSERT_THAT(later.Refresh(database_.db(), clock_.Now() + absl::Hours(24 * 400)), IsOk());
  ASSERT_NE(later.Of("finance", true), nullptr);
  EXPECT_EQ(later.Of("finance", true)->revoked.size(), 1u);
  // As every row says when its grant ends, whoever wrote it.
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM access_grant WHERE until_at > '2900-01-01'"), 0);
}

TEST_F(GrantsTest, NothingIsMissedWhoeverCommitsFirst) {
  EXPECT_EQ(Held("nobody"), 0u);
  constexpr int kWriters = 4, kEach = 40;
  std::atomic<int> running = kWriters;
  std::vector<std::thread> writers;
  std::vector<std::vector<type::v1::Grant>> grants(kWriters);
  for (int w = 0; w < kWriters; ++w) {
    for (int i = 0; i < kEach; ++i) grants[w].push_back(Make("p" + std::to_string(w * kEach + i)));
  }
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      auto session = mysql::Session::Create(database_.options());
      for (const auto& grant : grants[w]) {
        EXPECT_THAT(mysql::Transact(*session, [&](mysql::Tx& tx) { return Write(tx, {grant}); }),
                    IsOk());
      }
      --running;
    });
  }
  while (running > 0) ASSERT_THAT(book_.Refresh(database_.db(), clock_.Now()), IsOk());
  for (auto& writer : writers) writer.join();
  for (int i = 0; i < kWriters * kEach; ++i) EXPECT_EQ(Held("p" + std::to_string(i)), 1u) << i;
}

TEST_F(GrantsTest, CopiesFollowTheFeed) {
  type::v1::Grant grant = Make("li");
  ASSERT_THAT(Apply({EventOf(grant)}), IsOk());
  EXPECT_EQ(Held("li"), 1u);
  type::v1::Grant revoked = grant;
  revoked.set_etag("2");
  revoked.set_state(type::v1::GRANT_STATE_REVOKED);
  SetTime(clock_.Now(), revoked.mutable_revoked_at());
  ASSERT_THAT(Apply({EventOf(grant), EventOf(revoked)}), IsOk());
  EXPECT_EQ(Held("li"), 0u);
  // An older state that comes again gives nothing back.
  ASSERT_THAT(Apply({EventOf(grant)}), IsOk());
  EXPECT_EQ(Held("li"), 0u);
  feed::v1::Event broken = EventOf(grant);
  broken.mutable_payload()->set_value("\xff\xff");
  EXPECT_FALSE(Apply({broken}).ok());
}

TEST_F(GrantsTest, ASnapshotIsTheWholeTruth) {
  const type::v1::Grant kept = Make("li", "360733", 7), gone = Make("wang");
  ASSERT_THAT(Apply({EventOf(kept), EventOf(gone)}), IsOk());
  EXPECT_EQ(Held("wang"), 1u);
  // The source was restored: an earlier state of one, and the other was never made.
  type::v1::Grant earlier = kept;
  earlier.set_etag("3");
  earlier.mutable_regions(0)->set_region_path("360783");
  ASSERT_THAT(Apply({EventOf(earlier)}, /*snapshot=*/true, /*generation=*/1), IsOk());
  ASSERT_THAT(
      mysql::Transact(database_.db(),
                      [&](mysql::Tx& tx) { return copies_->FinishSnapshot(tx, kOwner, 1); }),
      IsOk());
  EXPECT_EQ(Held("wang"), 0u);
  EXPECT_EQ(Held("li"), 1u);
  EXPECT_EQ(book_.Of("li", false)->grants[0].region_path, "360783");
}

TEST_F(GrantsTest, ThirtyThousandAccountsAreReadAtOnce) {
  constexpr int kPersons = 30000;
  std::vector<type::v1::Grant> grants;
  for (int i = 0; i < kPersons; ++i) {
    grants.push_back(Make("sample-village_reporter-" + std::to_string(i), "360733105201"));
    if (grants.size() == 1000) {
      Store(grants);
      grants.clear();
    }
  }
  const absl::Time begin = absl::Now();
  ASSERT_THAT(book_.Refresh(database_.db(), clock_.Now()), IsOk());
  std::printf("%d accounts read in %s\n", kPersons,
              absl::FormatDuration(absl::Now() - begin).c_str());
  EXPECT_EQ(book_.Of("sample-village_reporter-29999", false)->grants.size(), 1u);
}

}  // namespace
}  // namespace bangfu::grants
