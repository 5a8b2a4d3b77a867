#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "common/status/error.h"
#include "common/workflow/triples.h"
#include "services/registry/domain/calendar.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/roles.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using State = UnitReportState;

TEST(ProjectTest, R011_WithoutPublicMoneyIsOutOfScope) {
  EXPECT_EQ(ReasonOf(CheckScope({})), "OUT_OF_SCOPE");
  EXPECT_EQ(ReasonOf(CheckScope({{false, 100}, {false, std::nullopt}})), "OUT_OF_SCOPE");
  // A public source counts though its amount is not known; self-raised money may stand beside it.
  EXPECT_TRUE(CheckScope({{false, 100}, {true, std::nullopt}}).ok());
}

TEST(ProjectTest, SumsTakeExactAmountsOnly) {
  const auto sums = SumFunding({{true, 700}, {true, std::nullopt}, {false, 50}});
  ASSERT_TRUE(sums.ok());
  EXPECT_EQ(sums->declared_fen, 750);
  EXPECT_EQ(sums->public_fen, 700);
  EXPECT_FALSE(SumFunding({{true, std::numeric_limits<int64_t>::max()}, {true, 1}}).ok());
}

TEST(ProjectTest, R010_LegacyStockEntersItsRealStage) {
  std::set<int> allowed;
  for (int s = 0; s <= 15; ++s) {
    if (IsLegacyEntryState(static_cast<ProjectState>(s))) allowed.insert(s);
  }
  EXPECT_EQ(allowed, (std::set<int>{7, 8, 9, 10, 11, 12, 14}));
}

TEST(ProjectTest, CodeIsPaddedByYearAndSequence) {
  EXPECT_EQ(FormatProjectCode("360733", 2021, 123), "PJ360733-2021-000123");
}

TEST(ProjectTest, SharesStayWithinTheWhole) {
  EXPECT_TRUE(CheckShares({5100, 4900, 0}).ok());
  EXPECT_FALSE(CheckShares({5100, 4901}).ok());
}

TEST(ProjectTest, VerifiedAndImmutableFields) {
  EXPECT_TRUE(IsVerifiedField("declared_funding"));
  EXPECT_FALSE(IsVerifiedField("note"));
  EXPECT_TRUE(IsImmutableField("state"));
  EXPECT_TRUE(IsImmutableField("region_code"));
  EXPECT_FALSE(IsImmutableField("name"));
}

TEST(ProjectTest, EditWindowFollowsTheReport) {
  EditWindow open{true, static_cast<int>(State::kDraft), false, false};
  EXPECT_TRUE(CheckEditWindow(open, kVillageLevel).ok());
  EditWindow submitted{true, static_cast<int>(State::kSubmitted), false, false};
  EXPECT_EQ(ReasonOf(CheckEditWindow(submitted, kVillageLevel)), "REPORT_LOCKED");
  EXPECT_TRUE(CheckEditWindow(submitted, kTownshipLevel).ok());
  EditWindow verified{true, static_cast<int>(State::kCountyVerified), false, false};
  EXPECT_EQ(ReasonOf(CheckEditWindow(verified, kTownshipLevel)), "REPORT_LOCKED");
  EXPECT_TRUE(CheckEditWindow(verified, kCountyLevel).ok());
  EditWindow late{true, static_cast<int>(State::kDraft), true, false};
  EXPECT_EQ(ReasonOf(CheckEditWindow(late, kVillageLevel)), "REPORT_LOCKED");
  late.lock_exception = true;
  EXPECT_TRUE(CheckEditWindow(late, kVillageLevel).ok());
}

TEST(ProjectTest, DatesStandInTheirOrder) {
  ProjectDates dates;
  const absl::CivilDay today(2026, 3, 1);
  dates.planned_start = absl::CivilDay(2020, 5, 1);
  dates.planned_end = absl::CivilDay(2020, 4, 30);
  EXPECT_FALSE(CheckDates(dates, today).ok());
  dates.planned_end = absl::CivilDay(2030, 1, 1);
  EXPECT_TRUE(CheckDates(dates, today).ok());
  dates.production_start = absl::CivilDay(2026, 3, 2);
  EXPECT_FALSE(CheckDates(dates, today).ok());
}

TEST(ReportTest, PartsNeverPassTheWhole) {
  const absl::CivilDay today(2026, 3, 1);
  ReportFigures f;
  f.period = "2026-02";
  f.workers = 10;
  f.poor_workers = 11;
  EXPECT_EQ(ReasonOf(CheckReport(f, today, 2012)), "FIELD_INVALID");
  f.poor_workers = 10;
  EXPECT_TRUE(CheckReport(f, today, 2012).ok());
  f.stop_days = 29;  // February 2026 has 28
  EXPECT_EQ(ReasonOf(CheckReport(f, today, 2012)), "FIELD_INVALID");
  f.stop_days = 0;
  f.period = "2026-04";
  EXPECT_EQ(ReasonOf(CheckReport(f, today, 2012)), "PERIOD_IN_FUTURE");
  EXPECT_FALSE(IsLateReport("2026-02", absl::CivilDay(2026, 3, 10), 10));
  EXPECT_TRUE(IsLateReport("2026-02", absl::CivilDay(2026, 3, 11), 10));
}

TEST(IndustryTest, R061_APlanPeriodIsFiveYears) {
  EXPECT_TRUE(CheckPlanPeriod("2026-2030").ok());
  EXPECT_FALSE(CheckPlanPeriod("2026-2031").ok());
}

// Every guard satisfied, so that the table alone decides.
UnitReportSubject Ready(State state, const workflow::Transition<State, UnitReportSubject>* row) {
  UnitReportSubject s;
  s.state = state;
  s.subjects = 2;
  s.signatory = "村支书";
  s.submitted_by = "somebody-else";
  s.samples = {{1, false}, {2, false}};
  (void)row;
  return s;
}

TEST(UnitReportTest, R015_R016_EveryStateActionAndRole) {
  std::vector<State> states;
  for (int s = 1; s <= 9; ++s) states.push_back(static_cast<State>(s));
  std::vector<int> roles = {workflow::kSystem};
  for (int r = 1; r <= 15; ++r) roles.push_back(r);
  const auto wrong = workflow::TryTriples<State, UnitReportSubject>(
      UnitReportTable(), states, roles,
      [](State state, const std::string& action, int role) -> absl::StatusOr<State> {
        UnitReportSubject s = Ready(state, nullptr);
        if (state == State::kReturned) {
          // The level that the action belongs to has the report.
          s.return_to_level = action == "pass" || (action == "return" && role == kTownshipReviewer)
                                  ? 4
                              : action == "sign" || action == "complete" || action == "return" ? 3
                                                                                               : 5;
        }
        return UnitReportTable().Execute(s, action, workflow::Actor{"me", {role}});
      });
  EXPECT_THAT(wrong, IsEmpty());
}

absl::Status Try(const UnitReportSubject& s, const std::string& action, int role,
                 const std::string& person = "me") {
  return UnitReportTable().Execute(s, action, workflow::Actor{person, {role}}).status();
}

TEST(UnitReportTest, R009_NilReturnMatchesWhatTheVillageHas) {
  UnitReportSubject s = Ready(State::kDraft, nullptr);
  s.is_nil = true;
  EXPECT_EQ(ReasonOf(Try(s, "submit", kVillageReporter)), "NIL_WITH_SUBJECTS");
  s.subjects = 0;
  EXPECT_TRUE(Try(s, "submit", kVillageReporter).ok());
  s.is_nil = false;
  EXPECT_EQ(ReasonOf(Try(s, "submit", kVillageReporter)), "NO_SUBJECTS");
}

TEST(UnitReportTest, NobodyPassesTheirOwnReport) {
  UnitReportSubject s = Ready(State::kSubmitted, nullptr);
  s.submitted_by = "me";
  EXPECT_EQ(ReasonOf(Try(s, "pass", kTownshipReviewer)), "SELF_APPROVAL");
  EXPECT_TRUE(Try(s, "pass", kTownshipReviewer, "another").ok());
}

TEST(UnitReportTest, R016_NobodyVerifiesChecksOrConfirmsTheirOwnReport) {
  struct Step {
    State state;
    const char* action;
    int role;
    int returned_to = 0;
  };
  const std::vector<Step> steps = {
      {State::kReturned, "pass", kTownshipReviewer, 4},
      {State::kTownshipPassed, "sign", kCountyOperator},
      {State::kReturned, "sign", kSectorVerifier, 3},
      {State::kTownshipPassed, "complete", kCountyOperator},
      {State::kReturned, "complete", kCountyApprover, 3},
      {State::kCountyVerified, "record_sample_result", kCitySupervisor},
      {State::kCitySampledOk, "record_sample_result", kProvOffice},
      {State::kCountyVerified, "sample_ok", kCitySupervisor},
      {State::kCountyVerified, "sample_issue", kCitySupervisor},
      {State::kCitySampledOk, "sample_issue", kProvOffice},
      {State::kCountyVerified, "confirm", kProvOffice},
      {State::kCitySampledOk, "confirm", kProvOffice},
  };
  for (const Step& step : steps) {
    UnitReportSubject s = Ready(step.state, nullptr);
    s.return_to_level = step.returned_to;
    EXPECT_TRUE(Try(s, step.action, step.role).ok()) << step.action;
    s.submitted_by = "me";
    EXPECT_EQ(ReasonOf(Try(s, step.action, step.role)), "SELF_APPROVAL") << step.action;
    EXPECT_TRUE(Try(s, step.action, step.role, "another").ok()) << step.action;
  }
}

TEST(UnitReportTest, R016_WhatStandsAboveIsNotTakenBackBelow) {
  for (const State state : {State::kTownshipPassed, State::kCountyVerified, State::kCitySampledOk,
                            State::kProvConfirmed}) {
    UnitReportSubject s = Ready(state, nullptr);
    s.approval_level = ApprovalLevel(state);
    EXPECT_EQ(ReasonOf(Try(s, "return", kTownshipReviewer)), "APPROVED_ABOVE");
  }
  UnitReportSubject s = Ready(State::kCitySampledOk, nullptr);
  s.approval_level = ApprovalLevel(s.state);
  EXPECT_EQ(ReasonOf(Try(s, "return", kCountyOperator)), "APPROVED_ABOVE");
  EXPECT_TRUE(Try(s, "return", kCitySupervisor).ok());
  s.state = State::kProvConfirmed;
  s.approval_level = ApprovalLevel(s.state);
  EXPECT_EQ(ReasonOf(Try(s, "return", kCitySupervisor)), "APPROVED_ABOVE");
  EXPECT_TRUE(Try(s, "return", kProvOffice).ok());
}

TEST(UnitReportTest, R016_TheCountyTakesBackWhatNobodyAboveHasChecked) {
  UnitReportSubject s = Ready(State::kCountyVerified, nullptr);
  s.approval_level = ApprovalLevel(s.state);
  EXPECT_TRUE(Try(s, "recall", kCountyOperator).ok());
  EXPECT_EQ(ReasonOf(Try(s, "recall", kTownshipReviewer)), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Try(s, "recall", kCitySupervisor)), "ROLE_NOT_ALLOWED");
  // A good result of the province leaves the state as it is, and stands on it all the same.
  s.checked_above = true;
  EXPECT_EQ(ReasonOf(Try(s, "recall", kCountyApprover)), "APPROVED_ABOVE");
  s.checked_above = false;
  s.campaign_open = false;
  EXPECT_EQ(ReasonOf(Try(s, "recall", kCountyApprover)), "CAMPAIGN_CLOSED");
  for (const State state :
       {State::kCitySampledOk, State::kCitySampledIssue, State::kProvConfirmed}) {
    UnitReportSubject above = Ready(state, nullptr);
    above.approval_level = ApprovalLevel(state);
    EXPECT_EQ(ReasonOf(Try(above, "recall", kCountyApprover)), "APPROVED_ABOVE");
  }
  EXPECT_EQ(ReasonOf(Try(Ready(State::kTownshipPassed, nullptr), "recall", kCountyApprover)),
            "STATE_NOT_ALLOWED");
}

TEST(UnitReportTest, R016_AResultIsTheDrawingLevelsOnce) {
  UnitReportSubject s = Ready(State::kCountyVerified, nullptr);
  s.samples = {{2, false}};
  EXPECT_TRUE(Try(s, "record_sample_result", kCitySupervisor).ok());
  EXPECT_EQ(ReasonOf(Try(s, "record_sample_result", kProvOffice)), "NOT_IN_SAMPLE");
  s.samples = {{2, true}, {1, false}};
  EXPECT_EQ(ReasonOf(Try(s, "record_sample_result", kCitySupervisor)), "RESULT_RECORDED");
  EXPECT_TRUE(Try(s, "record_sample_result", kProvOffice).ok());
}

TEST(UnitReportTest, AfterTheDeadlineOnlyWithAnException) {
  UnitReportSubject s = Ready(State::kDraft, nullptr);
  s.locked = true;
  EXPECT_EQ(ReasonOf(Try(s, "submit", kVillageReporter)), "REPORT_LOCKED");
  EXPECT_EQ(ReasonOf(Try(s, "save_draft", kVillageReporter)), "REPORT_LOCKED");
}

TEST(UnitReportTest, R017_VerificationNeedsEverySignature) {
  UnitReportSubject s = Ready(State::kTownshipPassed, nullptr);
  s.missing_departments = {"ETHNIC_AFFAIRS"};
  const absl::Status refused = Try(s, "complete", kCountyOperator);
  EXPECT_EQ(ReasonOf(refused), "SIGNATURES_MISSING");
  EXPECT_EQ(GetErrorDetail(refused).metadata.at("departments"), "ETHNIC_AFFAIRS");
  s.missing_departments.clear();
  EXPECT_TRUE(Try(s, "complete", kCountyOperator).ok());
}

TEST(VerificationTest, R017_DepartmentsFollowTheSources) {
  const absl::CivilDay day(2026, 3, 1);
  const std::vector<DepartmentRule> rules = {
      {"BRIDGE_CENTRAL", "ETHNIC", "ETHNIC_AFFAIRS", absl::CivilDay(2012, 1, 1), std::nullopt},
      {"BRIDGE_CENTRAL", "WORK_RELIEF", "DEVELOPMENT_REFORM", absl::CivilDay(2012, 1, 1),
       std::nullopt},
      {"INTEGRATED_AGRI", "", "FINANCE", absl::CivilDay(2012, 1, 1), absl::CivilDay(2025, 12, 31)},
      {"PAIRED_ASSIST", "", "HELPER_UNIT", absl::CivilDay(2012, 1, 1), std::nullopt}};
  const auto needed = ResolveDepartments({{"BRIDGE_CENTRAL", "ETHNIC"},
                                          {"BRIDGE_CENTRAL", ""},
                                          {"INTEGRATED_AGRI", ""},
                                          {"PAIRED_ASSIST", "X"}},
                                         rules, day);
  ASSERT_THAT(needed, SizeIs(3));
  EXPECT_EQ(needed[0].department_code, "AGRICULTURE");
  EXPECT_TRUE(needed[0].is_lead);
  EXPECT_EQ(needed[1].department_code, "ETHNIC_AFFAIRS");
  EXPECT_THAT(needed[1].source_codes, ElementsAre("BRIDGE_CENTRAL"));
  EXPECT_EQ(needed[2].department_code, "HELPER_UNIT");
  EXPECT_THAT(ResolveDepartments({}, rules, day), SizeIs(1));
}

TEST(SampleTest, R016_SameSeedSameSampleWhateverTheOrder) {
  std::vector<SampleCandidate> population;
  for (int i = 0; i < 500; ++i) population.push_back({"unit" + std::to_string(i), i % 5});
  auto shuffled = population;
  std::reverse(shuffled.begin(), shuffled.end());
  const auto first = DrawSample(population, "seed-1", 1000);
  EXPECT_EQ(first, DrawSample(shuffled, "seed-1", 1000));
  EXPECT_NE(first, DrawSample(population, "seed-2", 1000));
  EXPECT_EQ(PopulationDigest(population), PopulationDigest(shuffled));
  // Each stratum gives its share.
  EXPECT_THAT(first, SizeIs(50));
  std::map<int, int> by_stratum;
  for (const auto& id : first) ++by_stratum[std::stoi(id.substr(4)) % 5];
  for (const auto& [stratum, n] : by_stratum) EXPECT_EQ(n, 10) << stratum;
  // Enlarging keeps what was drawn.
  const auto larger = DrawSample(population, "seed-1", 2000);
  EXPECT_TRUE(std::includes(larger.begin(), larger.end(), first.begin(), first.end()));
  // A small stratum still gives one.
  EXPECT_THAT(DrawSample({{"only", 3}}, "s", 300), ElementsAre("only"));
  EXPECT_THAT(DrawSample({}, "s", 300), IsEmpty());
}

TEST(SampleTest, EnlargementIsAboveTheLimitOnly) {
  EXPECT_FALSE(EnlargementRequired(1, 20, 500));
  EXPECT_TRUE(EnlargementRequired(2, 20, 500));
  EXPECT_FALSE(EnlargementRequired(0, 0, 500));
  EXPECT_EQ(FundStratum(0, kDefaultStrata), 0);
  EXPECT_EQ(FundStratum(49'999'999, kDefaultStrata), 1);
  EXPECT_EQ(FundStratum(50'000'000, kDefaultStrata), 2);
  EXPECT_EQ(FundStratum(1'000'000'000, kDefaultStrata), 4);
  EXPECT_EQ(FundStratum(1'000'000'000, {2'000'000'000}), 1);
}

TEST(DeadlineTest, WhoWaitsAndUntilWhen) {
  const CampaignDeadlines d{absl::CivilDay(2025, 8, 31), absl::CivilDay(2025, 9, 30),
                            absl::CivilDay(2025, 10, 31)};
  EXPECT_EQ(DueOn(State::kDraft, 0, std::nullopt, d), d.village);
  EXPECT_EQ(DueOn(State::kSubmitted, 0, std::nullopt, d), d.township);
  EXPECT_EQ(DueOn(State::kTownshipPassed, 0, std::nullopt, d), d.county);
  EXPECT_EQ(DueOn(State::kReturned, 5, absl::CivilDay(2025, 9, 5), d), absl::CivilDay(2025, 9, 5));
  EXPECT_EQ(DueOn(State::kProvConfirmed, 0, std::nullopt, d), std::nullopt);
}

TEST(CalendarTest, WorkingDaysSkipWeekendsAndNoticedDays) {
  WorkCalendar calendar;
  // 2025-10-09 is a Thursday; nothing imported: provisional.
  EXPECT_EQ(AddWorkingDays(absl::CivilDay(2025, 10, 9), 5, calendar).day,
            absl::CivilDay(2025, 10, 16));
  EXPECT_TRUE(AddWorkingDays(absl::CivilDay(2025, 10, 9), 5, calendar).provisional);
  calendar.years = {2025};
  calendar.days[absl::CivilDay(2025, 10, 11)] = true;   // a working Saturday
  calendar.days[absl::CivilDay(2025, 10, 13)] = false;  // a free Monday
  const Deadline d = AddWorkingDays(absl::CivilDay(2025, 10, 9), 3, calendar);
  EXPECT_EQ(d.day, absl::CivilDay(2025, 10, 14));
  EXPECT_FALSE(d.provisional);
  EXPECT_TRUE(AddWorkingDays(absl::CivilDay(2025, 12, 31), 1, calendar).provisional);
}

}  // namespace
}  // namespace bangfu::registry
