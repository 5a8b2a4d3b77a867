#include "services/ctl/people.h"

#include "absl/strings/ascii.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::ctl {
namespace {

const char* TitleOf(auth::Role role) {
  switch (role) {
    case options::v1::ROLE_VILLAGE_REPORTER:
      return "村级填报员";
    case options::v1::ROLE_TOWNSHIP_REVIEWER:
      return "乡镇审核员";
    case options::v1::ROLE_TOWNSHIP_APPROVER:
      return "乡镇审批";
    case options::v1::ROLE_COUNTY_OPERATOR:
      return "县级经办";
    case options::v1::ROLE_COUNTY_APPROVER:
      return "县级审批";
    case options::v1::ROLE_SECTOR_VERIFIER:
      return "行业部门核查员";
    case options::v1::ROLE_FINANCE_OFFICER:
      return "财政";
    case options::v1::ROLE_APPRAISER:
      return "论证专家";
    case options::v1::ROLE_CITY_SUPERVISOR:
      return "市级督导";
    case options::v1::ROLE_PROV_ADMIN:
      return "省级管理";
    default:
      return "系统";
  }
}

}  // namespace

absl::StatusOr<Context*> People::Get(auth::Role role, const std::string& region, int number) {
  std::string name = absl::AsciiStrToLower(options::v1::Role_Name(role).substr(5));
  std::string subject = Cat("sample-", name, "-", region, "-", number);
  auto known = contexts_.find(subject);
  if (known == contexts_.end()) {
    auth::Grant grant;
    grant.role = role;
    grant.region_path = region;
    ASSIGN_OR_RETURN(Context context,
                     base_.As(subject, Cat("样例", TitleOf(role), number), {grant}));
    known = contexts_.emplace(subject, std::move(context)).first;
  }
  return &known->second;
}

}  // namespace bangfu::ctl
