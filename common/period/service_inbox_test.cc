#include <iostream>
#include <set>
#include <thread>

#include "common/period/service_for_test.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"

namespace bangfu::period {
namespace {

using absl::StatusCode;
using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(PeriodServiceTest, R002_ATableWalksThroughTheInboxesFromFreezingToAcceptance) {
  auto opened = Open(kCounty, operator_);
  ASSERT_OK(opened);
  EXPECT_THAT(Work(operator_), ElementsAre("PERIOD_FREEZE"));
  EXPECT_EQ(Mine(operator_)[0].title(), "项目调度表 2026-02 第1版");
  EXPECT_EQ(Mine(operator_)[0].due_on().month(), 3);
  EXPECT_EQ(Mine(operator_)[0].due_on().day(), 5);
  ASSERT_OK(Freeze(opened->id(), operator_));
  EXPECT_THAT(Work(operator_), IsEmpty());
  RunOperations();
  const std::string id = opened->id();
  // From the village up; who signed below, or prepared it, is not asked above.
  EXPECT_THAT(Work(Signer(kVillage1, "cadre-1")), ElementsAre(Cat("PERIOD_SIGN ", kVillage1)));
  EXPECT_THAT(Work(Signer(kTownship, "township")), IsEmpty());
  EXPECT_THAT(Work(Signer(kVillage1, "operator")), IsEmpty());
  ASSERT_OK(Sign(id, kVillage1, "cadre-1"));
  EXPECT_THAT(Work(Signer(kVillage1, "cadre-1")), IsEmpty());
  EXPECT_THAT(Work(Signer(kTownship, "township")), IsEmpty());
  ASSERT_OK(Sign(id, kVillage2, "cadre-2"));
  EXPECT_THAT(Work(Signer(kTownship, "cadre-1")), IsEmpty());
  EXPECT_THAT(Work(Signer(kTownship, "township")), ElementsAre(Cat("PERIOD_SIGN ", kTownship)));
  ASSERT_OK(Sign(id, kTownship, "township"));
  EXPECT_THAT(Work(approver_), ElementsAre(Cat("PERIOD_SIGN ", kCounty)));
  EXPECT_THAT(Work(operator_), IsEmpty());
  ASSERT_OK(Sign(id, kCounty, "approver"));
  EXPECT_THAT(Work(operator_), ElementsAre("PERIOD_SUBMIT"));
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, operator_));
  EXPECT_THAT(Work(operator_), IsEmpty());
  EXPECT_THAT(Work(city_), ElementsAre("PERIOD_ACCEPT"));
  // Not on the desk of everybody who could.
  EXPECT_THAT(Work(server_.Token(Role::ROLE_PROV_OFFICE, "36", "office")), IsEmpty());
  ASSERT_OK(Return(id, city_));
  EXPECT_THAT(Work(city_), IsEmpty());
  EXPECT_THAT(Work(operator_), ElementsAre("PERIOD_REISSUE"));
  auto again = Step<v1::ReissuePeriodRequest>("ReissuePeriod", id, operator_);
  ASSERT_OK(again);
  RunOperations();
  SignAll(again->id());
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", again->id(), operator_));
  ASSERT_OK(Step<v1::AcceptPeriodRequest>("AcceptPeriod", again->id(), city_));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 0);
  inbox::v1::ListMyDoneRequest done;
  ASSERT_OK_AND_ASSIGN(const auto mine,
                       server_.Call<inbox::v1::ListMyDoneResponse>(
                           "bangfu.inbox.v1.InboxService.ListMyDone", done, city_));
  ASSERT_EQ(mine.items_size(), 2);
  EXPECT_EQ(mine.items(0).outcome(), "accept");
  EXPECT_EQ(mine.items(1).outcome(), "return");
}

TEST_F(PeriodServiceTest, R002_WhatPassesTheCutOffUnsignedIsOverdueAndUrgedFromAbove) {
  const v1::Period frozen = Frozen();
  EXPECT_NE(Mine(Signer(kVillage1, "cadre-1"))[0].due_state(), inbox::v1::DUE_STATE_OVERDUE);
  server_.clock().Advance(absl::Hours(24 * 400));
  MintTokens();
  EXPECT_TRUE(Get(frozen.id()).late());
  const std::vector<inbox::v1::WorkItem> late = Mine(Signer(kVillage1, "cadre-1"));
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].due_state(), inbox::v1::DUE_STATE_OVERDUE);
  inbox::v1::UrgeWorkRequest urge;
  urge.set_request_id("urge-late-1");
  urge.set_id(late[0].id());
  urge.set_note("已过截止日，请尽快签字");
  const std::string rpc = "bangfu.inbox.v1.InboxService.UrgeWork";
  EXPECT_THAT(server_.Call<inbox::v1::WorkItem>(
                  rpc, urge, server_.Token(Role::ROLE_CITY_SUPERVISOR, "3601", "elsewhere")),
              StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto urged, server_.Call<inbox::v1::WorkItem>(rpc, urge, approver_));
  EXPECT_EQ(urged.urge_count(), 1);
  EXPECT_EQ(Mine(Signer(kVillage1, "cadre-1"))[0].last_urge().note(), "已过截止日，请尽快签字");
  ASSERT_OK(Sign(frozen.id(), kVillage1, "cadre-1"));
  urge.set_request_id("urge-late-2");
  EXPECT_THAT(server_.Call<inbox::v1::WorkItem>(rpc, urge, approver_),
              StatusIs(StatusCode::kFailedPrecondition, "WORK_CLOSED"));
}

TEST_F(PeriodServiceTest, R002_TwoVillagesThatSignAtOncePassTheTableOn) {
  const v1::Period frozen = Frozen();
  std::vector<v1::SignPeriodRequest> requests(2);
  const std::vector<std::string> villages = {kVillage1, kVillage2};
  std::vector<std::string> tokens;
  for (size_t i = 0; i < 2; ++i) {
    requests[i].set_request_id(Cat("sign-at-once-", i));
    requests[i].set_id(frozen.id());
    requests[i].set_region_code(villages[i]);
    requests[i].set_rows_sha256(HashOf(frozen.id(), villages[i]));
    tokens.push_back(Signer(villages[i], Cat("cadre-", i)));
  }
  std::vector<absl::Status> outcomes(2);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      outcomes[i] =
          server_.Call<v1::Period>(Cat(kService, ".SignPeriod"), requests[i], tokens[i]).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_OK(outcomes[0]);
  EXPECT_OK(outcomes[1]);
  EXPECT_THAT(Work(Signer(kTownship, "township")), ElementsAre(Cat("PERIOD_SIGN ", kTownship)));
}

class PeriodInboxProperty : public PeriodServiceTest {
 protected:
  std::vector<v1::Period> All() {
    v1::ListPeriodsRequest list;
    list.set_page_size(200);
    list.set_all_revisions(true);
    auto page = Call<v1::ListPeriodsResponse>("ListPeriods", list, province_);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->periods().begin(), page->periods().end()};
  }
  // What the contract says waits, out of what the rpcs show.
  std::set<std::string> Expected() {
    std::set<std::string> out;
    for (const v1::Period& listed : All()) {
      const v1::Period p = Get(listed.id(), province_);
      if (!p.newest()) continue;
      const auto add = [&](std::string_view action, std::string_view slot = "") {
        out.insert(Cat(p.id(), " ", action, " ", slot));
      };
      const bool county = p.region_code().size() == 6;
      switch (p.state()) {
        case v1::PERIOD_STATE_OPEN:
          add("freeze");
          break;
        case v1::PERIOD_STATE_FROZEN:
        case v1::PERIOD_STATE_VILLAGE_SIGNED:
        case v1::PERIOD_STATE_TOWNSHIP_SIGNED:
        case v1::PERIOD_STATE_COUNTY_SIGNED: {
          if (county) {
            if (p.unsigned_count() == 0) add("submit");
          } else {
            bool ready = !p.needs_update();
            for (const v1::PeriodComponent& c : p.components()) {
              ready &=
                  c.state() == v1::PERIOD_STATE_SUBMITTED || c.state() == v1::PERIOD_STATE_ACCEPTED;
            }
            if (ready) add("submit");
          }
          if (p.needs_update() && p.state() == v1::PERIOD_STATE_FROZEN) add("reissue");
          const std::set<std::string> missing(p.unsigned_regions().begin(),
                                              p.unsigned_regions().end());
          for (const std::string& unit : missing) {
            if (!county) break;
            bool below = false;
            for (const std::string& other : missing) {
              below |= other != unit && other.starts_with(unit);
            }
            if (!below) add("sign", unit);
          }
          break;
        }
        case v1::PERIOD_STATE_SUBMITTED:
          add("accept");
          if (p.needs_update()) add("reissue");
          break;
        case v1::PERIOD_STATE_ACCEPTED:
          if (p.needs_update()) add("reissue");
          break;
        case v1::PERIOD_STATE_RETURNED:
          add("reissue");
          break;
        default:
          break;
      }
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = server_.database().db().Query(
        "SELECT subject_id, action, slot FROM work_item WHERE open_mark = 1");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2)));
    }
    return out;
  }
  std::string province_;
};

TEST_F(PeriodInboxProperty, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = ::bangfu::testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const ::bangfu::testing::SeededRandom random(seed);
  province_ = server_.Token(Role::ROLE_PROV_OFFICE, "36", "office");
  const std::string second = server_.Token(Role::ROLE_COUNTY_OPERATOR, "360734", "operator-2");
  Put("360734101201", "果园", 50);
  const int steps = ::bangfu::testing::Runs(300, 1500);
  int done = 0;
  for (int i = 0; i < steps; ++i) {
    const bool other = random.Below(3) == 0;
    const std::string county = other ? "360734" : kCounty;
    const std::string keeper = other ? second : operator_;
    const std::vector<v1::Period> all = All();
    const v1::Period p = all.empty() ? v1::Period() : all[random.Below(all.size())];
    const bool of_city = p.region_code().size() == 4;
    const std::string own = of_city ? city_ : p.region_code() == "360734" ? second : operator_;
    absl::Status status;
    switch (all.empty() ? 0 : random.Below(12)) {
      case 0:
        status =
            random.Below(3) == 0 ? Open("3607", city_).status() : Open(county, keeper).status();
        break;
      case 1:
      case 2:
        status = Freeze(p.id(), own).status();
        RunOperations();
        break;
      case 3:
      case 4:
      case 5:
      case 6: {
        if (of_city) break;
        // The unit whose turn it is, or now and then any.
        const v1::Period shown = Get(p.id(), province_);
        std::string unit = p.region_code();
        for (const std::string& missing : shown.unsigned_regions()) {
          if (missing.size() > unit.size() || random.Below(4) == 0) unit = missing;
        }
        status = Sign(p.id(), unit, Cat("signer-", unit)).status();
        break;
      }
      case 7:
      case 8:
        status = Step<v1::SubmitPeriodRequest>("SubmitPeriod", p.id(), own).status();
        break;
      case 9:
        status = Step<v1::AcceptPeriodRequest>("AcceptPeriod", p.id(), of_city ? province_ : city_)
                     .status();
        break;
      case 10:
        if (random.Below(2) == 0) {
          status = Return(p.id(), of_city || random.Below(2) == 0 ? province_ : city_).status();
        }
        break;
      default:
        status = Step<v1::ReissuePeriodRequest>("ReissuePeriod", p.id(), own).status();
        RunOperations();
    }
    ASSERT_NE(status.code(), StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << done << " of them taken" << std::endl;
  EXPECT_GT(done, steps / 10);
  // The recount agrees.
  const int64_t version = server_.database().Int("SELECT SUM(version) FROM work_item");
  const int64_t items = server_.database().Int("SELECT COUNT(*) FROM work_item");
  ASSERT_OK(inbox::Recount(server_.database().db(), {WorkSource(Options())}, server_.ids(),
                           server_.clock().Now(), {}));
  EXPECT_EQ(server_.database().Int("SELECT SUM(version) FROM work_item"), version);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item"), items);
  // And fills an empty inbox.
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_item", {}));
  ASSERT_OK(inbox::Recount(server_.database().db(), {WorkSource(Options())}, server_.ids(),
                           server_.clock().Now() + absl::Hours(48), {}));
  EXPECT_EQ(Stored(), Expected());
}

}  // namespace
}  // namespace bangfu::period
