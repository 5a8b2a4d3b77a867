#include <cstdio>
#include <string>

#include "bangfu/period/v1/period.pb.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/period.h"
#include "services/ctl/walkthrough_internal.h"

namespace bangfu::ctl {
namespace {

using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_TOWNSHIP_APPROVER;

}  // namespace

absl::Status FreezeAndReport(Walk& walk) {
  Title("报表期：冻结、签字、上报，签了的不再变");
  ASSIGN_OR_RETURN(Context * prepares, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  ASSIGN_OR_RETURN(Context * approves, walk.people.Get(ROLE_COUNTY_APPROVER, walk.options.county));
  ASSIGN_OR_RETURN(Context * city, walk.people.Get(ROLE_CITY_SUPERVISOR, walk.city));
  const std::string service = "evaluation";
  ASSIGN_OR_RETURN(auto period, OpenOrFindPeriod(*prepares, service, "T14", walk.options.county,
                                                 walk.options.period));
  if (period.state() >= period::v1::PERIOD_STATE_SUBMITTED) {
    std::printf("%s 已上报，跳过\n", period.period().c_str());
    return absl::OkStatus();
  }
  if (period.state() < period::v1::PERIOD_STATE_FROZEN) {
    ASSIGN_OR_RETURN(period, FreezeAndWait(*prepares, service, period.id()));
  }
  const auto early = SignUnit(*approves, service, period.id(), walk.options.county);
  if (!early.ok()) {
    std::printf("县级抢先签字：%s\n", GetErrorDetail(early.status()).message_zh.c_str());
  }
  period::v1::ListPeriodUnitsRequest list;
  list.set_id(period.id());
  list.set_unsigned_only(true);
  list.set_page_size(500);
  ASSIGN_OR_RETURN(auto units,
                   prepares->CallOn<period::v1::ListPeriodUnitsResponse>(
                       service, "bangfu.period.v1.PeriodService.ListPeriodUnits", list));
  int64_t townships = 0;
  for (const auto& unit : units.units()) {
    if (unit.region_code().size() != 9) continue;
    ASSIGN_OR_RETURN(Context * who, walk.people.Get(ROLE_TOWNSHIP_APPROVER, unit.region_code()));
    RETURN_IF_ERROR(SignUnit(*who, service, period.id(), unit.region_code()).status());
    ++townships;
  }
  RETURN_IF_ERROR(SignUnit(*approves, service, period.id(), walk.options.county).status());
  period::v1::SubmitPeriodRequest submit;
  submit.set_request_id(Context::NewRequestId());
  submit.set_id(period.id());
  ASSIGN_OR_RETURN(period, prepares->CallOn<period::v1::Period>(
                               service, "bangfu.period.v1.PeriodService.SubmitPeriod", submit));
  period::v1::AcceptPeriodRequest accept;
  accept.set_request_id(Context::NewRequestId());
  accept.set_id(period.id());
  ASSIGN_OR_RETURN(period, city->CallOn<period::v1::Period>(
                               service, "bangfu.period.v1.PeriodService.AcceptPeriod", accept));
  std::printf("%lld 个乡镇签字后县级签字、上报，市级接收：\n%s", static_cast<long long>(townships),
              RenderPeriod(period).c_str());
  return absl::OkStatus();
}

}  // namespace bangfu::ctl
