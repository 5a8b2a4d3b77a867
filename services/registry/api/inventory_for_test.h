// InventoryService through its rpcs, on a real database: what several of its tests ask.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/testing/status_matchers.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {

class InventoryTest : public RegistryFixture {
 protected:
  v1::Completeness Total(const std::string& campaign, const std::string& region = "",
                         absl::CivilDay on = {}, const std::string& token = "") {
    return Counts(campaign, region, on, token).total();
  }
  v1::GetCompletenessResponse Counts(const std::string& campaign, const std::string& region,
                                     absl::CivilDay on, const std::string& token = "") {
    v1::GetCompletenessRequest request;
    request.set_campaign_id(campaign);
    request.set_region_code(region);
    if (on != absl::CivilDay())
      SetDay(static_cast<int>(on.year()), on.month(), on.day(), request.mutable_on());
    auto response = Inventory<v1::GetCompletenessResponse>("GetCompleteness", request,
                                                           token.empty() ? Province() : token);
    EXPECT_OK(response);
    return response.ok() ? *response : v1::GetCompletenessResponse();
  }
  absl::StatusOr<v1::ConfirmProvinceResponse> Confirm(const std::string& campaign,
                                                      const std::string& region) {
    v1::ConfirmProvinceRequest request;
    request.set_request_id(RequestId());
    request.set_campaign_id(campaign);
    request.set_region_code(region);
    return Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", request, Office());
  }
  struct Answer {
    bool allowed = false;
    std::string reason;
  };
  Answer Allowed(const std::string& unit, const std::string& action, const std::string& token) {
    v1::GetUnitReportRequest request;
    request.set_id(unit);
    auto report = Inventory<v1::InventoryUnitReport>("GetUnitReport", request, token);
    EXPECT_OK(report);
    if (report.ok()) {
      for (const auto& a : report->allowed_actions()) {
        if (a.action() == action) {
          Answer out;
          out.allowed = a.allowed();
          out.reason = a.refusal_reason();
          return out;
        }
      }
    }
    return {};
  }
};

}  // namespace bangfu::registry
