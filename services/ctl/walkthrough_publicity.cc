#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/publicity/v1/publicity.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/walkthrough_internal.h"

namespace bangfu::ctl {
namespace {

using namespace evaluation::v1;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_TOWNSHIP_REVIEWER;
using options::v1::ROLE_VILLAGE_REPORTER;

}  // namespace

absl::Status Publicise(Walk& walk) {
  Title("公示，并收到一件异议");
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  ASSIGN_OR_RETURN(auto confirmed, walk.Evaluations(EVALUATION_STATE_JOINT_CONFIRMED));
  if (!confirmed.empty())
    RETURN_IF_ERROR(walk.Advance(*county, ADVANCE_STEP_PUBLICISE, confirmed, "公示"));
  publicity::v1::ListPublicitiesRequest list;
  list.set_region_code(walk.options.county);
  list.set_page_size(200);
  list.set_state(publicity::v1::PUBLICITY_STATE_RUNNING);
  ASSIGN_OR_RETURN(auto running, county->CallOn<publicity::v1::ListPublicitiesResponse>(
                                     "evaluation", Cat(kPublicity, "ListPublicities"), list));
  // A villager objects, so it is about a village's project.
  const auto found = std::find_if(
      running.publicities().begin(), running.publicities().end(),
      [](const publicity::v1::Publicity& one) { return one.region_path().size() == 12; });
  if (found == running.publicities().end()) return absl::OkStatus();
  const publicity::v1::Publicity& shown = *found;
  std::printf("公示期 %s 至 %s\n", FormatDate(shown.from()).c_str(),
              FormatDate(shown.to()).c_str());
  list.set_state(publicity::v1::PUBLICITY_STATE_OBJECTED);
  ASSIGN_OR_RETURN(auto objected, county->CallOn<publicity::v1::ListPublicitiesResponse>(
                                      "evaluation", Cat(kPublicity, "ListPublicities"), list));
  if (objected.publicities_size() > 0 || confirmed.empty()) return absl::OkStatus();
  // Whoever is nearest to it takes the objection down: a county industry has no village.
  const size_t digits = shown.region_path().size();
  ASSIGN_OR_RETURN(Context * recorder, walk.people.Get(digits == 12  ? ROLE_VILLAGE_REPORTER
                                                       : digits == 9 ? ROLE_TOWNSHIP_REVIEWER
                                                                     : ROLE_COUNTY_OPERATOR,
                                                       shown.region_path()));
  publicity::v1::RaiseObjectionRequest raise;
  raise.set_request_id(Context::NewRequestId());
  raise.set_id(shown.id());
  raise.set_raised_by("样例村民");
  raise.set_text("该项目带动户数与实际不符，请核实。");
  ASSIGN_OR_RETURN(auto with_objection,
                   recorder->CallOn<publicity::v1::Publicity>(
                       "evaluation", Cat(kPublicity, "RaiseObjection"), raise));
  std::printf("收到异议：%s，答复期限 %s\n", raise.text().c_str(),
              FormatDate(with_objection.objections(0).answer_due()).c_str());
  return absl::OkStatus();
}

absl::Status MakeEffective(Walk& walk) {
  Title("公示期满：答复异议，通过，生效入账");
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  ASSIGN_OR_RETURN(Context * approver, walk.people.Get(ROLE_COUNTY_APPROVER, walk.options.county));
  for (auto state : {publicity::v1::PUBLICITY_STATE_ENDED, publicity::v1::PUBLICITY_STATE_OBJECTED,
                     publicity::v1::PUBLICITY_STATE_RUNNING}) {
    publicity::v1::ListPublicitiesRequest list;
    list.set_region_code(walk.options.county);
    list.set_page_size(200);
    list.set_state(state);
    int64_t concluded = 0;
    std::vector<publicity::v1::Publicity> all;
    do {
      ASSIGN_OR_RETURN(auto page, county->CallOn<publicity::v1::ListPublicitiesResponse>(
                                      "evaluation", Cat(kPublicity, "ListPublicities"), list));
      all.insert(all.end(), page.publicities().begin(), page.publicities().end());
      list.set_page_token(page.next_page_token());
    } while (!list.page_token().empty());
    for (publicity::v1::Publicity shown : all) {
      for (const auto& objection : std::vector<publicity::v1::Objection>(
               shown.objections().begin(), shown.objections().end())) {
        if (objection.state() != publicity::v1::OBJECTION_STATE_OPEN) continue;
        publicity::v1::DecideObjectionRequest decide;
        decide.set_request_id(Context::NewRequestId());
        decide.set_id(shown.id());
        decide.set_etag(shown.etag());
        decide.set_objection_id(objection.id());
        decide.set_decision(publicity::v1::OBJECTION_STATE_REJECTED);
        decide.set_reply("经入户核对，带动户数与台账一致，已向提出人说明。");
        ASSIGN_OR_RETURN(shown, approver->CallOn<publicity::v1::Publicity>(
                                    "evaluation", Cat(kPublicity, "DecideObjection"), decide));
        std::printf("异议答复：%s\n", decide.reply().c_str());
      }
      if (shown.state() != publicity::v1::PUBLICITY_STATE_ENDED &&
          shown.state() != publicity::v1::PUBLICITY_STATE_RUNNING) {
        continue;
      }
      publicity::v1::ConcludePublicityRequest conclude;
      conclude.set_request_id(Context::NewRequestId());
      conclude.set_id(shown.id());
      conclude.set_etag(shown.etag());
      RETURN_IF_ERROR(county
                          ->CallOn<publicity::v1::Publicity>(
                              "evaluation", Cat(kPublicity, "ConcludePublicity"), conclude)
                          .status());
      ++concluded;
    }
    if (concluded > 0) std::printf("公示通过 %lld 件\n", static_cast<long long>(concluded));
  }
  ASSIGN_OR_RETURN(auto publicised, walk.Evaluations(EVALUATION_STATE_PUBLICISED));
  if (publicised.empty()) {
    std::printf("没有待生效的，跳过\n");
    return absl::OkStatus();
  }
  return walk.Advance(*approver, ADVANCE_STEP_MAKE_EFFECTIVE, publicised, "生效");
}

}  // namespace bangfu::ctl
