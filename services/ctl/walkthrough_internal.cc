#include "services/ctl/walkthrough_internal.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/departments.h"
#include "services/ctl/services.h"
#include "services/ctl/terminal.h"
#include "services/ctl/upload.h"

namespace bangfu::ctl {
namespace {

using namespace evaluation::v1;
using options::v1::ROLE_APPRAISER;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_FINANCE_OFFICER;
using options::v1::ROLE_SECTOR_VERIFIER;
using options::v1::ROLE_SYSTEM_INTEGRATOR;

}  // namespace

void Title(std::string_view text) {
  std::printf("\n━━ %s\n", std::string(text).c_str()), std::fflush(stdout);
}

google::type::Date DateOf(absl::CivilDay day) {
  google::type::Date date;
  date.set_year(static_cast<int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

Walk::Walk(const Context& context, const WalkthroughOptions& given)
    : base(context),
      options(given),
      people(base),
      city(RegionAncestor(given.county, bangfu::RegionLevel::kCity)) {}

absl::Time Walk::Now() const { return SystemClock().Now() + base.clock_offset; }

absl::CivilDay Walk::Today() const { return ShanghaiDay(Now()); }

absl::StatusOr<Context*> Walk::Signer(const std::string& department, int number) {
  if (department == workflow::kFinanceDepartment) {
    return people.Get(ROLE_FINANCE_OFFICER, options.county);
  }
  return people.Get(ROLE_SECTOR_VERIFIER, options.county, number);
}

absl::Status Walk::WaitForFeeds() {
  ASSIGN_OR_RETURN(Context * system, people.Get(ROLE_SYSTEM_INTEGRATOR, kProvince));
  ProgressLine progress("等待各服务的副本跟上");
  absl::Time give_up = SystemClock().Now() + absl::Minutes(5);
  while (SystemClock().Now() < give_up) {
    bool level = true;
    std::map<std::string, feed::v1::FeedStatus> statuses;
    for (const std::string& service : ServiceNames()) {
      ASSIGN_OR_RETURN(statuses[service], system->CallOn<feed::v1::FeedStatus>(
                                              service, "bangfu.feed.v1.ChangeFeed.GetFeedStatus",
                                              feed::v1::GetFeedStatusRequest()));
    }
    int64_t behind = 0;
    for (const auto& [reader, status] : statuses) {
      for (const auto& consumer : status.consumers()) {
        auto source = statuses.find(consumer.source());
        if (source == statuses.end()) continue;
        if (source->second.unsequenced() > 0) level = false;
        behind += std::max<int64_t>(0, source->second.last_sequence() - consumer.cursor());
      }
    }
    if (level && behind == 0) {
      progress.Done("已跟上");
      return absl::OkStatus();
    }
    progress.Update(0, behind, "条待跟");
    PauseBriefly(50);
  }
  return Error(absl::StatusCode::kUnavailable, "SOURCE_LAGGING")
      .Zh("五分钟内副本没有跟上，请用 bangfuctl doctor 查看");
}

absl::StatusOr<std::vector<Evaluation>> Walk::Evaluations(EvaluationState state) {
  ASSIGN_OR_RETURN(Context * county, people.Get(ROLE_COUNTY_OPERATOR, options.county));
  std::vector<Evaluation> out;
  ListEvaluationsRequest request;
  request.set_region_code(options.county);
  request.set_state(state);
  request.set_page_size(200);
  do {
    ASSIGN_OR_RETURN(auto page, county->Call<ListEvaluationsResponse>(
                                    Cat(kEvaluation, "ListEvaluations"), request));
    out.insert(out.end(), page.evaluations().begin(), page.evaluations().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return out;
}

absl::Status Walk::SignArgument(const ArgumentRecord& argument) {
  for (int expert = 1; expert <= argument.panel_size(); ++expert) {
    ASSIGN_OR_RETURN(Context * appraiser, people.Get(ROLE_APPRAISER, options.county, expert));
    SignArgumentRequest request;
    request.set_request_id(Context::NewRequestId());
    request.set_id(argument.id());
    request.set_opinion(PANEL_OPINION_AGREES);
    RETURN_IF_ERROR(
        appraiser->Call<ArgumentRecord>(Cat(kEvaluation, "SignArgument"), request).status());
  }
  return absl::OkStatus();
}

absl::Status Walk::Advance(Context& context, AdvanceStep step,
                           const std::vector<Evaluation>& evaluations, std::string_view title,
                           const std::string& department) {
  ProgressLine progress{std::string(title)};
  int64_t done = 0, refused = 0;
  std::string first;
  for (size_t i = 0; i < evaluations.size(); i += 100) {
    BatchAdvanceRequest request;
    request.set_request_id(Context::NewRequestId());
    request.set_step(step);
    request.set_department(department);
    if (step == ADVANCE_STEP_PUBLICISE) request.add_channels("村务公开栏");
    for (size_t k = i; k < evaluations.size() && k < i + 100; ++k)
      request.add_items()->set_id(evaluations[k].id());
    Context patient = context;
    patient.timeout = absl::Minutes(2);
    ASSIGN_OR_RETURN(auto response,
                     patient.Call<BatchAdvanceResponse>(Cat(kEvaluation, "BatchAdvance"), request));
    for (const auto& result : response.results()) {
      if (result.done()) {
        ++done;
      } else {
        if (refused++ == 0) first = result.refusal().message_zh();
      }
    }
    progress.Update(static_cast<int64_t>(std::min(i + 100, evaluations.size())),
                    static_cast<int64_t>(evaluations.size()));
  }
  progress.Done(Cat(done, " 个", refused > 0 ? Cat("，未办 ", refused, "（", first, "）") : ""));
  return absl::OkStatus();
}

}  // namespace bangfu::ctl
