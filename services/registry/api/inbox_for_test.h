// The inbox of a registry's people through the rpcs, on a real database.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/inbox/v1/inbox.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/mysql/session.h"
#include "common/rpc/router.h"
#include "common/testing/status_matchers.h"
#include "google/type/date.pb.h"
#include "services/registry/api/inventory_fixture.h"
#include "services/registry/store/calendar_store.h"

namespace bangfu::registry {

class InboxTest : public RegistryFixture {
 protected:
  InboxTest() : InboxTest({}, {}) {}
  InboxTest(std::vector<std::string> more_services, std::function<void(rpc::Router&)> more)
      : RegistryFixture(std::move(more_services), std::move(more)) {
    On(2026, 3, 2);
  }

  // Accepted, but not running: no monthly report waits beside what the test is about.
  v1::Project NewProject(const std::string& name, const std::string& village = kVillage,
                         const std::string& source = "BRIDGE_CENTRAL") {
    v1::Project project = RegistryFixture::NewProject(name, village, source);
    project.set_state(v1::PROJECT_STATE_ACCEPTED);
    return project;
  }
  v1::Project NewRunning(const std::string& name, const std::string& village = kVillage) {
    return RegistryFixture::NewProject(name, village);
  }
  absl::StatusOr<v1::Project> Void(const v1::Project& project) {
    v1::VoidProjectRequest request;
    request.set_request_id(RequestId());
    request.set_id(project.id());
    request.set_etag(project.etag());
    request.set_reason("重复登记");
    return Call<v1::Project>("ProjectService", "VoidProject", request, County());
  }
  absl::Status ReportMonth(const std::string& project, const std::string& period,
                           std::string_view village = kVillage) {
    v1::SubmitOperationReportRequest request;
    request.set_request_id(RequestId());
    request.mutable_report()->set_project_id(project);
    request.mutable_report()->set_period(period);
    return Call<v1::OperationReport>("OperationReportService", "SubmitOperationReport", request,
                                     Village(village))
        .status();
  }
  // 并村: the first village is retired and goes into this one.
  absl::Status MergeInto(const std::string& village) {
    server_.database().Run(Cat("UPDATE region SET end_year = 2026 WHERE code = '", kVillage, "';"));
    v1::RecodeRegionRequest request;
    request.set_request_id(RequestId());
    request.set_from_code(kVillage);
    request.set_to_code(village);
    request.set_reason("并村");
    return Call<v1::RecodeRegionResponse>("RegionService", "RecodeRegion", request, Admin())
        .status();
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Inbox(std::string_view method, const Request& request,
                                 const std::string& token) {
    return server_.Call<Response>(Cat("bangfu.inbox.v1.InboxService.", method), request, token);
  }
  std::vector<inbox::v1::WorkItem> Mine(const std::string& token,
                                        const inbox::v1::ListMyWorkRequest& request = {}) {
    auto page = Inbox<inbox::v1::ListMyWorkResponse>("ListMyWork", request, token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  // "kind region slot" of what waits for the caller.
  std::vector<std::string> Kinds(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) {
      out.push_back(
          Cat(item.kind(), " ", item.region_path(), item.slot().empty() ? "" : " ", item.slot()));
    }
    return out;
  }
  std::vector<inbox::v1::WorkItem> Done(const std::string& token) {
    auto page =
        Inbox<inbox::v1::ListMyDoneResponse>("ListMyDone", inbox::v1::ListMyDoneRequest(), token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  absl::StatusOr<inbox::v1::WorkItem> Urge(const std::string& id, const std::string& token,
                                           absl::CivilDay due = {}) {
    inbox::v1::UrgeWorkRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    request.set_note("请抓紧上报");
    if (due != absl::CivilDay()) {
      SetDay(static_cast<int>(due.year()), due.month(), due.day(), request.mutable_due_on());
    }
    return Inbox<inbox::v1::WorkItem>("UrgeWork", request, token);
  }
  inbox::v1::WorkCount Count(const std::string& token) {
    auto count = Inbox<inbox::v1::CountMyWorkResponse>("CountMyWork",
                                                       inbox::v1::CountMyWorkRequest(), token);
    EXPECT_OK(count);
    return count.ok() ? count->total() : inbox::v1::WorkCount();
  }
  void ImportHoliday(absl::CivilDay day) {
    ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) {
      return UpsertWorkDays(tx, {{day, false, "国办通知"}});
    }));
  }
};

}  // namespace bangfu::registry
