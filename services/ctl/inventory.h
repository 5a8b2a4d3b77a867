// What the inventory commands look up, for the walkthrough as well.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

// The open campaign that covers a region, else the newest.
absl::StatusOr<std::string> CurrentCampaign(Context& context, const std::string& region);
// The report of one village in a campaign.
absl::StatusOr<registry::v1::InventoryUnitReport> FindUnit(Context& context,
                                                           const std::string& campaign,
                                                           const std::string& village);
// One reason of a return as it is typed: "项目/字段=意见", "项目=意见", "/字段=意见" or "=意见".
// The project is left as typed, a code or an id; the field may be typed by its label:
// 资金来源/金额. INVALID_ARGUMENT when there is no "=" or nothing after it; when there is no such
// field, with a proposal.
absl::StatusOr<type::v1::ReturnReason> ReturnReasonOf(std::string_view item);
// Of the tasks the unit reports that a bulk step is about: those where `department` has still to
// sign, or, with none, those that every department has signed and nobody has completed.
std::vector<std::string> VerifiableReports(
    const google::protobuf::RepeatedPtrField<registry::v1::VerificationTask>& tasks,
    const std::string& department);
// One reason of a return on a line: the project it is about where there is one, as `project` says
// it, the field, what is to be put right.
std::string RenderReason(const type::v1::ReturnReason& reason, std::string_view project);
std::string RenderCompleteness(const registry::v1::GetCompletenessResponse& response);

}  // namespace bangfu::ctl
