// Dispatch reports in the inbox: what is missing of a month that has ended waits for the county.
#include <string>
#include <vector>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/contract/time.h"
#include "common/inbox/recount.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/inbox_for_test.h"
#include "services/evaluation/jobs/dispatch_work.h"

namespace bangfu::evaluation {
namespace {

using auth::Role;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr char kFacts[] = "bangfu.evaluation.v1.FactService.";

class DispatchInbox : public EvaluationInbox {
 protected:
  DispatchInbox() {
    industry_ = w_.world().AddIndustry();
    w_.world().Sync();
  }
  std::vector<std::string> Months(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) {
      if (item.kind() == "DISPATCH_REPORT") out.push_back(item.slot());
    }
    return out;
  }
  void On(int year, int month, int day) {
    w_.server().clock().Set(StartOfShanghaiDay(absl::CivilDay(year, month, day)) + absl::Hours(9));
  }
  void Nightly() {
    ASSERT_OK(inbox::Recount(w_.db(), {DispatchSource()}, w_.server().ids(),
                             w_.server().clock().Now(),
                             {.every = absl::ZeroDuration(), .calendar = WorkCalendar}));
  }
  absl::StatusOr<v1::DispatchReport> Report(const std::string& period, const std::string& token,
                                            bool validate_only = false) {
    v1::SubmitDispatchReportRequest request;
    request.set_validate_only(validate_only);
    v1::DispatchReport* report = request.mutable_report();
    report->set_industry_id(industry_);
    report->set_period(period);
    v1::DispatchFigure* figure = report->add_figures();
    figure->set_group("MARKET");
    figure->set_code("L2-01");
    figure->set_value(9000);
    figure->set_unit("bp");
    return w_.Call<v1::DispatchReport>(Cat(kFacts, "SubmitDispatchReport"), request, token);
  }
  std::vector<type::v1::AllowedAction> Told(const std::string& token) {
    v1::ListDispatchReportsRequest request;
    request.set_industry_id(industry_);
    auto list = w_.Call<v1::ListDispatchReportsResponse>(Cat(kFacts, "ListDispatchReports"),
                                                         request, token);
    EXPECT_OK(list);
    if (!list.ok()) return {};
    return {list->allowed_actions().begin(), list->allowed_actions().end()};
  }
  registry::v1::Industry Industry() { return sample::Industry(industry_, sample::kCounty); }

  std::string industry_;
};

TEST_F(DispatchInbox, R002_AMonthThatEndedWithoutItsReportWaits) {
  const absl::CivilMonth entered(ShanghaiDay(w_.server().clock().Now()));
  const std::string month = MonthText(entered);
  const std::string county = w_.Operator();
  Nightly();
  EXPECT_THAT(Months(county), IsEmpty());  // it was not there yet last month
  const absl::CivilMonth next = entered + 1;
  On(static_cast<int>(next.year()), next.month(), 2);
  EXPECT_THAT(Months(w_.Operator()), IsEmpty());
  Nightly();
  ASSERT_THAT(Months(w_.Operator()), ElementsAre(month));
  const inbox::v1::WorkItem item = Mine(w_.Operator())[0];
  EXPECT_EQ(item.kind_zh(), "报送产业调度");
  EXPECT_EQ(item.subject_type(), "dispatch_reports");
  EXPECT_EQ(item.subject_id(), industry_);
  EXPECT_EQ(item.title(),
            Cat(Industry().name(), entered.year(), "年", entered.month(), "月产业调度"));
  EXPECT_EQ(DayOf(item.due_on()), absl::CivilDay(next.year(), next.month(), 10));
  // For those who may report, in their county only; and its record tells the step as allowed.
  for (const std::string& token : {w_.Approver(), w_.Operator("next door", "360734"), w_.City()}) {
    EXPECT_THAT(Months(token), IsEmpty());
  }
  ASSERT_THAT(Told(w_.Operator()), SizeIs(1));
  EXPECT_EQ(Told(w_.Operator())[0].action(), item.action());
  EXPECT_TRUE(Told(w_.Operator())[0].allowed());
  EXPECT_THAT(Told(w_.Approver()), IsEmpty());
  const std::string narrowed =
      w_.Narrowed(Role::ROLE_COUNTY_OPERATOR, "narrow", {{.industries = {"NOT-THIS"}}});
  ASSERT_THAT(Told(narrowed), SizeIs(1));
  EXPECT_EQ(Told(narrowed)[0].refusal_reason(), "SCOPE_EXCLUDES");

  // A try leaves it, the report takes it away with the step.
  ASSERT_OK(Report(month, w_.Operator(), /*validate_only=*/true));
  EXPECT_THAT(Months(w_.Operator()), ElementsAre(month));
  ASSERT_OK(Report(MonthText(next), w_.Operator()));  // of the month under way
  EXPECT_THAT(Months(w_.Operator()), ElementsAre(month));
  EXPECT_THAT(Report(month, narrowed),
              StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  ASSERT_OK(Report(month, w_.Operator()));
  EXPECT_THAT(Months(w_.Operator()), IsEmpty());
  Nightly();
  EXPECT_THAT(Months(w_.Operator()), IsEmpty());
  inbox::v1::ListMyDoneRequest done;
  ASSERT_OK_AND_ASSIGN(const auto theirs,
                       w_.Call<inbox::v1::ListMyDoneResponse>(
                           "bangfu.inbox.v1.InboxService.ListMyDone", done, w_.Operator()));
  ASSERT_EQ(theirs.items_size(), 1);
  EXPECT_EQ(theirs.items(0).outcome(), "report");
}

TEST_F(DispatchInbox, R002_EarlierMonthsStayUntilTheyAreReported) {
  const absl::CivilMonth entered(ShanghaiDay(w_.server().clock().Now()));
  w_.world().Parameter("DISPATCH_REPORT_DAY", 5);
  w_.world().Sync();
  for (int later = 1; later <= 2; ++later) {
    const absl::CivilMonth month = entered + later;
    On(static_cast<int>(month.year()), month.month(), 3);
    Nightly();
  }
  const std::string first = MonthText(entered), second = MonthText(entered + 1);
  EXPECT_THAT(Months(w_.Operator()), ElementsAre(first, second));
  EXPECT_EQ(Mine(w_.Operator())[0].due_state(), inbox::v1::DUE_STATE_OVERDUE);
  EXPECT_EQ(Mine(w_.Operator())[1].due_on().day(), 5);
  ASSERT_OK(Report(second, w_.Operator()));
  EXPECT_THAT(Months(w_.Operator()), ElementsAre(first));
  ASSERT_OK(Report(first, w_.Operator()));
  EXPECT_THAT(Months(w_.Operator()), IsEmpty());
}

TEST_F(DispatchInbox, R002_FollowsItsIndustryByTheFeed) {
  const absl::CivilMonth next = absl::CivilMonth(ShanghaiDay(w_.server().clock().Now())) + 1;
  On(static_cast<int>(next.year()), next.month(), 3);
  Nightly();
  ASSERT_THAT(Months(w_.Operator()), SizeIs(1));
  // Another name is shown, another county has it.
  registry::v1::Industry moved = Industry();
  moved.set_name("寻乌脐橙");
  moved.set_region_code("360734");
  moved.set_region_path("360734");
  w_.world().Tell(moved);
  w_.world().Sync();
  EXPECT_THAT(Months(w_.Operator()), IsEmpty());
  const std::string there = w_.Operator("operator", "360734");
  ASSERT_THAT(Mine(there), SizeIs(1));
  EXPECT_THAT(Mine(there)[0].title(), ::testing::StartsWith("寻乌脐橙"));
}

}  // namespace
}  // namespace bangfu::evaluation
