#include "services/registry/api/stopped_work.h"

#include <string>

#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/base/strings.h"
#include "common/operation/request.h"
#include "common/status/macros.h"
#include "services/registry/api/campaigns.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {
namespace {

constexpr int kResumeDays = 2;  // 待省厅确认

absl::StatusOr<std::string> RegionNameOf(mysql::Executor& db, const std::string& region_path) {
  ASSIGN_OR_RETURN(const auto names, RegionNames(db, {region_path}));
  const auto name = names.find(region_path);
  return name == names.end() ? region_path : name->second;
}

}  // namespace

absl::StatusOr<int64_t> ResumeDays(mysql::Executor& db) {
  return ParameterValue(db, "OPERATION_RESUME_DAYS", kResumeDays);
}

inbox::StoppedKind StoppedOpening() {
  return {.operation = inventory::kOpenCampaignKind,
          .code = "CAMPAIGN_OPENING_RESUME",
          .label_zh = "继续开放摸排批次",
          .title = [](mysql::Executor& db,
                      const operation::v1::Operation& opening) -> absl::StatusOr<std::string> {
            ASSIGN_OR_RETURN(const std::string region, RegionNameOf(db, opening.region_path()));
            return Cat(region, "摸排批次尚未开放完毕，部分村未生成报告");
          },
          .is_wanted = [](mysql::Executor& db,
                          const operation::v1::Operation& opening) -> absl::StatusOr<bool> {
            ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(opening.id()));
            v1::OpenCampaignRequest request;
            RETURN_IF_ERROR(operation::ReadRequest(db, id, &request));
            ASSIGN_OR_RETURN(const Ulid campaign, Ulid::Parse(request.id()));
            ASSIGN_OR_RETURN(const auto found, FindCampaigns(db, {campaign}));
            const auto at = found.find(campaign);
            return at != found.end() && at->second.state == kCampaignOpening;
          },
          .days = ResumeDays};
}

inbox::StoppedKind StoppedClosing() {
  return {.operation = inventory::kCloseCampaignKind,
          .code = "CAMPAIGN_CLOSING_RESUME",
          .label_zh = "继续清理已结束批次的待办",
          .title = [](mysql::Executor& db,
                      const operation::v1::Operation& clearing) -> absl::StatusOr<std::string> {
            ASSIGN_OR_RETURN(const std::string region, RegionNameOf(db, clearing.region_path()));
            return Cat(region, "摸排批次已结束，各村待办尚未清理完");
          },
          .days = ResumeDays};
}

}  // namespace bangfu::registry
