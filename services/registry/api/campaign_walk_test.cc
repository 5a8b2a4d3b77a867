// Whatever happens to campaigns and to the long work that opens and clears them, the items of the
// inbox are equal to their states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/inbox/recount.h"
#include "common/inbox/walks_for_test.h"
#include "common/operation/operation.h"
#include "common/operation/service.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/stopped_work.h"
#include "services/registry/jobs/campaign_closing.h"
#include "services/registry/jobs/campaign_opening.h"

namespace bangfu::registry {
namespace {

const inbox::Walk kWalk({"CAMPAIGN_OPEN", "CAMPAIGN_CLOSE", "CAMPAIGN_OPENING_RESUME",
                         "CAMPAIGN_CLOSING_RESUME"});

class CampaignWalk : public InboxTest {
 protected:
  CampaignWalk()
      : InboxTest({"bangfu.operation.v1.OperationService"}, [this](rpc::Router& router) {
          operation::RegisterOperationService(
              router, {},
              [this](mysql::Tx& tx, const operation::v1::Operation& one, absl::Time at) {
                return operations_.TellStand(tx, one, at);
              });
        }) {}

  // Long work of a campaign.
  struct Work {
    std::string id, campaign;
    bool opens = false;
  };

  template <typename Response, typename Request>
  absl::StatusOr<Response> Operation(std::string_view method, const Request& request,
                                     const std::string& token) {
    return server_.Call<Response>(Cat("bangfu.operation.v1.OperationService.", method), request,
                                  token);
  }
  template <typename Request>
  absl::Status Steer(std::string_view method, const std::string& id, const std::string& token) {
    Request request;
    request.set_request_id(RequestId());
    request.set_id(id);
    return Operation<operation::v1::Operation>(method, request, token).status();
  }
  std::vector<operation::v1::Operation> Operations(const std::string& kind) {
    operation::v1::ListOperationsRequest list;
    list.set_kind(kind);
    list.set_page_size(500);
    auto all = Operation<operation::v1::ListOperationsResponse>("ListOperations", list, Province());
    EXPECT_OK(all);
    if (!all.ok()) return {};
    return {all->operations().begin(), all->operations().end()};
  }
  // With deadlines that the walk does not come to.
  absl::StatusOr<v1::InventoryCampaign> Create(const std::string& region) {
    v1::CreateCampaignRequest create;
    create.set_request_id(RequestId());
    v1::InventoryCampaign* c = create.mutable_campaign();
    c->set_name("摸排");
    c->set_region_code(region);
    SetDay(2013, 1, 1, c->mutable_scope_start());
    const int year = static_cast<int>(ShanghaiDay(server_.clock().Now()).year()) + 50;
    SetDay(year, 3, 10, c->mutable_village_deadline());
    SetDay(year, 3, 20, c->mutable_township_deadline());
    SetDay(year, 3, 31, c->mutable_county_deadline());
    return Inventory<v1::InventoryCampaign>("CreateCampaign", create, Keeper(region));
  }
  // Who opens and closes the campaigns of a region.
  std::string Keeper(const std::string& region) {
    return region.size() == 6 ? Approver(region) : Province();
  }
  absl::Status Close(const v1::InventoryCampaign& campaign, bool force) {
    v1::CloseCampaignRequest close;
    close.set_request_id(RequestId());
    close.set_id(campaign.id());
    close.set_etag(campaign.etag());
    close.set_force(force);
    close.set_reason("试点结束");
    std::set<std::string> before;
    for (const auto& one : Operations("close_campaign")) before.insert(one.id());
    const absl::Status closed =
        Inventory<v1::InventoryCampaign>("CloseCampaign", close, Keeper(campaign.region_path()))
            .status();
    for (const auto& one : Operations("close_campaign")) {
      if (before.count(one.id()) == 0) works_.push_back({one.id(), campaign.id(), false});
    }
    if (closed.ok()) std::erase(campaigns_, campaign.id());  // it stays closed
    return closed;
  }
  // One operation of those that can run breaks off after so many villages.
  void BreakOff(int64_t villages) {
    operation::OperationRunner runner(operation_clock_, {.holder = "fails"});
    const auto fail = [villages](int64_t done) -> absl::Status {
      return done < villages ? absl::OkStatus() : absl::InternalError("broken");
    };
    RegisterCampaignOpening(runner, operation_ids_, {.chunk = 1, .before_commit = fail});
    RegisterCampaignClosing(runner, operation_ids_, {.chunk = 1, .before_commit = fail});
    operation_clock_.Set(server_.clock().Now());
    ASSERT_OK(runner.StepOnce(server_.database().db()));
  }
  // All that is still to be done until every village is confirmed, as far as it can be now.
  void Finish(const v1::InventoryCampaign& campaign) {
    for (v1::InventoryUnitReport unit : Units(campaign.id())) {
      const std::string county = unit.region_path().substr(0, 6);
      const auto again = [&] { unit = Unit(campaign.id(), unit.region_path()); };
      (void)Submit(unit, unit.project_count() == 0);
      again();
      (void)Pass(unit);
      if (unit.state() == v1::UNIT_REPORT_STATE_PROV_CONFIRMED) continue;
      v1::VerificationTask task = Task(unit.id(), County("operator", county));
      const auto departments = task.departments();
      for (const auto& d : departments) {
        if (d.signed_()) continue;
        auto done = Sign(unit.id(), task.etag(), d.department_code(),
                         d.is_lead() ? County("leads", county)
                                     : Token(options::v1::ROLE_SECTOR_VERIFIER, county,
                                             Cat("of-", d.department_code())));
        if (done.ok()) task = *done;
      }
      (void)Complete(unit.id(), Task(unit.id(), County("operator", county)).etag(),
                     County("completes", county));
    }
    if (!Draw(campaign.id(), "36", Province(), "", 10000).ok()) {
      (void)Draw(campaign.id(), "36", Province());  // what was verified since
    }
    v1::ListSamplesRequest list;
    list.set_campaign_id(campaign.id());
    ASSERT_OK_AND_ASSIGN(const auto samples,
                         Inventory<v1::ListSamplesResponse>("ListSamples", list, Province()));
    for (const v1::InventoryUnitReport& unit : Units(campaign.id())) {
      for (const v1::Sample& sample : samples.samples()) {
        (void)Result(sample.id(), unit.id(), false, Province());
      }
    }
    for (const char* county : {kCounty, kOtherCounty}) {
      v1::ConfirmProvinceRequest confirm;
      confirm.set_request_id(RequestId());
      confirm.set_campaign_id(campaign.id());
      confirm.set_region_code(county);
      (void)Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province());
    }
  }

  std::set<std::string> Expected() {
    std::set<std::string> out;
    std::set<std::string> opening;
    for (const std::string& id : campaigns_) {
      const v1::InventoryCampaign campaign = Campaign(id);
      if (campaign.state() == v1::CAMPAIGN_STATE_OPENING) opening.insert(id);
      if (campaign.state() == v1::CAMPAIGN_STATE_PLANNED) {
        out.insert(Cat("CAMPAIGN_OPEN ", id, " open  ", campaign.region_path()));
      }
      if (campaign.state() != v1::CAMPAIGN_STATE_OPEN) continue;
      const std::vector<v1::InventoryUnitReport> units = Units(id);
      if (std::all_of(units.begin(), units.end(), [](const v1::InventoryUnitReport& unit) {
            return unit.state() == v1::UNIT_REPORT_STATE_PROV_CONFIRMED;
          })) {
        out.insert(Cat("CAMPAIGN_CLOSE ", id, " close  ", campaign.region_path()));
      }
    }
    for (const Work& work : works_) {
      operation::v1::GetOperationRequest get;
      get.set_id(work.id);
      auto one = Operation<operation::v1::Operation>("GetOperation", get, Province());
      if (absl::IsNotFound(one.status())) continue;  // ended long ago
      EXPECT_OK(one);
      if (one->state() != operation::v1::OPERATION_STATE_FAILED &&
          one->state() != operation::v1::OPERATION_STATE_CANCELLED) {
        continue;
      }
      // One that was closed has nothing left to be opened.
      if (work.opens && opening.count(work.campaign) == 0) continue;
      for (const char* slot : {"PROVINCE", "STARTER"}) {
        out.insert(Cat(work.opens ? "CAMPAIGN_OPENING_RESUME " : "CAMPAIGN_CLOSING_RESUME ",
                       work.id, " resume ", slot, " ", one->region_path(),
                       slot == std::string("STARTER") ? one->created_by().subject() : ""));
      }
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = server_.database().db().Query(
        Cat("SELECT kind, subject_id, action, slot, region_path, assignee FROM work_item WHERE "
            "open_mark = 1 AND kind IN (",
            kWalk.Quoted(), ")"));
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(row.String(0), " ", row.Id(1).ToString(), " ", row.String(2), " ",
                     row.String(3), " ", row.String(4), row.String(5)));
    }
    return out;
  }
  absl::Status Recounted() {
    return inbox::Recount(
        server_.database().db(),
        {CampaignSource(), inbox::StoppedSource({StoppedOpening(), StoppedClosing()})},
        server_.ids(), server_.clock().Now(),
        {.every = absl::ZeroDuration(), .calendar = InboxCalendar()});
  }

  std::vector<std::string> campaigns_;  // that are not closed
  std::vector<Work> works_;
};

TEST_F(CampaignWalk, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = ::bangfu::testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const ::bangfu::testing::SeededRandom random(seed);
  const int steps = ::bangfu::testing::Runs(100, 600);
  int done = 0, finished = 0, stopped = 0;
  // By every kind once, however few come by in the random steps.
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign first, Create(kOtherCounty));
  campaigns_.push_back(first.id());
  EXPECT_EQ(Stored(), Expected());
  ASSERT_OK_AND_ASSIGN(const operation::v1::Operation opened, Open(first, Keeper(kOtherCounty)));
  works_.push_back({opened.id(), first.id(), true});
  ASSERT_OK(Steer<operation::v1::CancelOperationRequest>("CancelOperation", opened.id(), Admin()));
  EXPECT_EQ(Stored(), Expected());
  ASSERT_OK(Steer<operation::v1::ResumeOperationRequest>("ResumeOperation", opened.id(), Admin()));
  RunOperations();
  Finish(Campaign(first.id()));
  EXPECT_EQ(Stored(), Expected());
  ASSERT_OK(Close(Campaign(first.id()), /*force=*/false));
  ASSERT_OK(
      Steer<operation::v1::CancelOperationRequest>("CancelOperation", works_.back().id, Admin()));
  ASSERT_EQ(Stored(), Expected());
  for (int i = 0; i < steps; ++i) {
    // A step that does not call anything is none that was taken.
    absl::Status status = absl::CancelledError("nothing was called");
    server_.clock().Advance(absl::Seconds(1));
    const auto in = [&](const std::set<int>& states) {
      std::vector<v1::InventoryCampaign> some;
      for (const std::string& id : campaigns_) {
        v1::InventoryCampaign campaign = Campaign(id);
        if (states.count(campaign.state()) > 0) some.push_back(std::move(campaign));
      }
      return some.empty() ? v1::InventoryCampaign() : some[random.Below(some.size())];
    };
    // Mostly one of the newest.
    const size_t known = works_.size();
    const Work work =
        known == 0
            ? Work()
            : works_[known - 1 -
                     random.Below(std::min<size_t>(known, random.Below(4) == 0 ? known : 3))];
    switch (campaigns_.empty() ? 0 : random.Below(16)) {
      case 0: {
        if (!in({v1::CAMPAIGN_STATE_PLANNED}).id().empty() && random.Below(3) != 0) break;
        static constexpr const char* kRegions[] = {kOtherCounty, kOtherCounty, kCounty, "36"};
        const std::string region = kRegions[random.Below(4)];
        auto created = Create(region);
        status = created.status();
        if (created.ok()) campaigns_.push_back(created->id());
        break;
      }
      case 1:
      case 2:
      case 3: {
        const v1::InventoryCampaign planned = in({v1::CAMPAIGN_STATE_PLANNED});
        if (planned.id().empty()) break;
        auto opening = Open(planned, Keeper(planned.region_path()));
        status = opening.status();
        if (!opening.ok()) break;
        works_.push_back({opening->id(), planned.id(), true});
        switch (random.Below(4)) {
          case 0:
          case 1:
            RunOperations();
            break;
          case 2:
            status = Steer<operation::v1::CancelOperationRequest>("CancelOperation", opening->id(),
                                                                  Admin());
            stopped += status.ok() ? 1 : 0;
            break;
          default:
            break;
        }
        break;
      }
      case 4:
      case 5:
        RunOperations();
        break;
      case 6:
        BreakOff(random.Between(1, 3));
        break;
      case 7:
      case 8:
        if (work.id.empty()) break;
        status = Steer<operation::v1::CancelOperationRequest>("CancelOperation", work.id, Admin());
        stopped += status.ok() ? 1 : 0;
        break;
      case 9:
      case 14:
        if (work.id.empty()) break;
        status = Steer<operation::v1::ResumeOperationRequest>("ResumeOperation", work.id, Admin());
        break;
      case 10: {
        const v1::InventoryCampaign campaign =
            in({v1::CAMPAIGN_STATE_OPENING, v1::CAMPAIGN_STATE_OPEN});
        if (campaign.id().empty()) break;
        if (campaign.state() == v1::CAMPAIGN_STATE_OPEN && random.Below(2) == 0) break;
        const size_t before = works_.size();
        status = Close(campaign, /*force=*/random.Below(4) != 0);
        if (works_.size() == before || random.Below(2) == 0) break;
        status = Steer<operation::v1::CancelOperationRequest>("CancelOperation", works_.back().id,
                                                              Admin());
        stopped += status.ok() ? 1 : 0;
        break;
      }
      case 11:
      case 12: {
        const v1::InventoryCampaign campaign = in({v1::CAMPAIGN_STATE_OPEN});
        if (campaign.id().empty()) break;
        Finish(campaign);
        if (HasFatalFailure()) return;
        ++finished;
        status = absl::OkStatus();
        break;
      }
      case 13: {
        const v1::InventoryCampaign campaign = in({v1::CAMPAIGN_STATE_OPEN});
        if (campaign.id().empty()) break;
        const std::vector<v1::InventoryUnitReport> units = Units(campaign.id());
        const v1::InventoryUnitReport& unit = units[random.Below(units.size())];
        if (random.Below(2) == 0) {
          status = Return(unit, Province()).status();
        } else {
          status = Register(NewProject(Cat("油茶", i), unit.region_path()),
                            County("operator", unit.region_path().substr(0, 6)))
                       .status();
        }
        break;
      }
      default:
        // Long work that ended long ago is swept; what of it waited goes with the comparison.
        server_.clock().Advance(absl::Hours(24 * random.Between(1, 60)));
        ASSERT_OK(operation::SweepRetention(server_.database().db(), server_.clock().Now()));
        ASSERT_OK(Recounted());
    }
    ASSERT_NE(status.code(), absl::StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << done << " of them taken, " << finished
            << " times all was confirmed, " << stopped << " times long work was stopped"
            << std::endl;
  // Most of a campaign's steps find nothing in the state that they need.
  EXPECT_GT(done, steps / 10);
  kWalk.ExpectSeen(server_.database().db());
  // The recount agrees, and fills an empty inbox.
  const std::set<std::string> expected = Expected();
  ASSERT_OK(Recounted());
  EXPECT_EQ(Stored(), expected);
  for (const char* table : {"work_item", "work_desk"}) {
    server_.database().Run(Cat("DELETE FROM ", table, ";"));
  }
  server_.clock().Advance(absl::Minutes(1));
  ASSERT_OK(Recounted());
  EXPECT_EQ(Stored(), expected);
}

}  // namespace
}  // namespace bangfu::registry
