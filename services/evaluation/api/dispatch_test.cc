// Dispatch reports as facts: shown with their record and day, and taken by indicators that name
// them as their source.
#include <string>

#include "bangfu/dictionary/v1/dictionary_service.pb.h"
#include "common/contract/time.h"
#include "common/dictionary/service.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/prefill.h"
#include "services/evaluation/api/world_for_test.h"
#include "services/evaluation/domain/baseline.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::StatusIs;

constexpr char kFacts[] = "bangfu.evaluation.v1.FactService.";
constexpr char kCriteria[] = "bangfu.evaluation.v1.CriteriaService.";

class EvaluationDispatch : public ::testing::Test {
 protected:
  EvaluationDispatch() {
    industry_ = world_.AddIndustry();
    project_ = world_.AddProject(industry_);
    world_.Sync();
    world_.Score({industry_, project_}, 85, 85);
  }
  // Of the county, for this industry only.
  std::string Narrowed(auth::Role role, const std::string& industry) {
    auth::Caller caller;
    caller.subject = "narrowed";
    auth::Grant& grant = caller.grants.emplace_back();
    grant.role = role;
    grant.region_path = "360733";
    grant.industries = {industry};
    return world_.server().Token(caller);
  }
  absl::StatusOr<v1::DispatchReport> Report(const std::string& period, int64_t sales_bp,
                                            const std::string& etag = "",
                                            const std::string& token = "") {
    v1::SubmitDispatchReportRequest request;
    request.set_request_id(world_.RequestId());
    v1::DispatchReport* report = request.mutable_report();
    report->set_industry_id(industry_);
    report->set_period(period);
    report->set_etag(etag);
    v1::DispatchFigure* f = report->add_figures();
    f->set_group("MARKET");
    f->set_code("L2-01");
    f->set_value(sales_bp);
    f->set_unit("bp");
    return world_.server().Call<v1::DispatchReport>(Cat(kFacts, "SubmitDispatchReport"), request,
                                                    token.empty() ? world_.County() : token);
  }
  v1::DispatchReport Prefilled(const std::string& period) {
    dictionary::v1::PrefillFormRequest request;
    request.set_form(Cat(kFacts, "SubmitDispatchReport"));
    request.set_subject_id(industry_);
    request.set_period(period);
    v1::SubmitDispatchReportRequest form;
    auto answer = world_.server().Call<dictionary::v1::Prefill>(
        "bangfu.dictionary.v1.DictionaryService.PrefillForm", request, world_.County());
    EXPECT_OK(answer);
    if (answer.ok()) {
      EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(answer->request_json(), &form).ok());
    }
    return form.report();
  }
  std::optional<v1::Fact> Fact(const std::string& code) {
    v1::ListFactsRequest request;
    request.set_subject_id(industry_);
    auto facts = world_.server().Call<v1::ListFactsResponse>(Cat(kFacts, "ListFacts"), request,
                                                             world_.County());
    EXPECT_OK(facts);
    if (!facts.ok()) return std::nullopt;
    for (const v1::Fact& f : facts->facts()) {
      if (f.code() == code) return f;
    }
    return std::nullopt;
  }
  // The criteria with an indicator of D1 that takes the share of sales out of dispatch reports.
  void UseSales() {
    CriteriaSet set = DefaultCriteria();
    IndicatorDef sales = set.indicators.front();
    sales.code = "L2-01";
    sales.dimension = "D1";
    sales.name_zh = "产销率";
    sales.unit = "bp";
    sales.breakpoints = {{0, 0}, {10000, 10000}};
    sales.source = FactSource::kDispatch;
    sales.missing_policy = MissingPolicy::kExclude;
    set.indicators.push_back(sales);
    set.needed_sources.push_back(FactSource::kDispatch);
    v1::CreateCriteriaDraftRequest draft;
    draft.set_request_id(world_.RequestId());
    draft.set_region_code("36");
    draft.set_content_json(CanonicalJson(set));
    draft.set_note_zh("待省厅确认");
    auto drafted = world_.server().Call<v1::CriteriaSet>(Cat(kCriteria, "CreateCriteriaDraft"),
                                                         draft, world_.Admin("wang"));
    ASSERT_OK(drafted);
    v1::ActivateCriteriaRequest activate;
    activate.set_request_id(world_.RequestId());
    activate.set_id(drafted->id());
    SetDay(absl::CivilDay(2026, 3, 1), activate.mutable_effective_from());
    ASSERT_OK(world_.server().Call<v1::CriteriaSet>(Cat(kCriteria, "ActivateCriteria"), activate,
                                                    world_.Admin("li")));
  }
  std::string ScoreIn(const v1::Explanation& x) {
    for (const v1::IndicatorLine& line : x.indicators()) {
      if (line.code() == "L2-01") return Cat(line.raw(), " ", line.source_record());
    }
    return "";
  }

  World world_{{"bangfu.dictionary.v1.DictionaryService"},
               [](rpc::Router& router, const Deps& deps) {
                 dictionary::Options forms;
                 forms.prefills = Prefills(*deps.evaluator);
                 dictionary::RegisterDictionaryService(router, std::move(forms));
               }};
  std::string industry_, project_;
};

TEST_F(EvaluationDispatch, AFigureIsAFactWithItsRecordAndTheLastDayOfItsMonth) {
  EXPECT_FALSE(Fact("L2-01"));
  ASSERT_OK_AND_ASSIGN(const v1::DispatchReport older, Report("2026-01", 8000));
  ASSERT_OK_AND_ASSIGN(const v1::DispatchReport newer, Report("2026-02", 9000));
  std::optional<v1::Fact> fact = Fact("L2-01");
  ASSERT_TRUE(fact);
  EXPECT_EQ(fact->value(), 9000);
  EXPECT_EQ(fact->unit(), "bp");
  EXPECT_EQ(fact->source(), "evaluation");
  EXPECT_EQ(fact->source_record(), Cat("dispatch_report/", newer.id()));
  EXPECT_EQ(DayOf(fact->as_of()), absl::CivilDay(2026, 2, 28));
  // A correction replaces the month; a year later it is old.
  ASSERT_OK(Report("2026-02", 9500, newer.etag()));
  EXPECT_EQ(Fact("L2-01")->value(), 9500);
  EXPECT_THAT(Report("2026-02", 1), StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  world_.server().clock().Advance(absl::Hours(24 * 400));
  EXPECT_FALSE(Fact("L2-01"));
  // Unless the province lets figures stand longer: a report of February 2026 in April 2027.
  world_.Parameter("DISPATCH_REPORT_MONTHS", 14);
  world_.Sync();
  EXPECT_FALSE(Fact("L2-01"));
  world_.Parameter("DISPATCH_REPORT_MONTHS", 15);
  world_.Sync();
  EXPECT_TRUE(Fact("L2-01"));
}

TEST_F(EvaluationDispatch, AnIndicatorThatNamesTheSourceTakesTheFigure) {
  UseSales();
  ASSERT_OK(Report("2026-03", 7000));
  ASSERT_OK_AND_ASSIGN(auto first,
                       world_.Evaluate({project_, industry_}, world_.County(), "2026-03"));
  const v1::Evaluation& before = first.outcomes(1).evaluation();
  ASSERT_EQ(before.subject_id(), industry_);
  EXPECT_THAT(ScoreIn(world_.Explain(before.id())), ::testing::StartsWith("7000 dispatch_report/"));
  // A corrected report is another fact: evaluated anew.
  ASSERT_OK(Report("2026-03", 9000, "1"));
  ASSERT_OK_AND_ASSIGN(auto second, world_.Evaluate({industry_}, world_.County(), "2026-03"));
  EXPECT_NE(second.outcomes(0).evaluation().id(), before.id());
  EXPECT_THAT(ScoreIn(world_.Explain(second.outcomes(0).evaluation().id())),
              ::testing::StartsWith("9000 dispatch_report/"));
}

TEST_F(EvaluationDispatch, RefusalsOfAReport) {
  v1::SubmitDispatchReportRequest request;
  request.set_request_id(world_.RequestId());
  request.mutable_report()->set_industry_id(project_);
  request.mutable_report()->set_period("2026-02");
  v1::DispatchFigure* f = request.mutable_report()->add_figures();
  f->set_group("MARKET");
  f->set_code("L2-01");
  f->set_value(9000);
  f->set_unit("bp");
  const auto call = [&](const std::string& token) {
    request.set_request_id(world_.RequestId());
    return world_.server().Call<v1::DispatchReport>(Cat(kFacts, "SubmitDispatchReport"), request,
                                                    token);
  };
  EXPECT_THAT(call(world_.County()), HasViolation("report.industry_id"));
  request.mutable_report()->set_industry_id(industry_);
  EXPECT_THAT(call(world_.County("360734")), StatusIs(StatusCode::kNotFound));
  *request.mutable_report()->add_figures() = *f;
  request.mutable_report()->mutable_figures(1)->set_group("BRAND");
  EXPECT_THAT(call(world_.County()), HasViolation("report.figures[1].code"));
  request.mutable_report()->mutable_figures()->RemoveLast();
  request.mutable_report()->mutable_figures(0)->set_group("WEATHER");
  EXPECT_THAT(call(world_.County()), HasViolation("report.figures[0].group"));
}

// Every indicator of the criteria in force follows from other records, whatever is known of it
// today; L1-01 is D1-01 under the code of the development index.
TEST_F(EvaluationDispatch, R129_WhatRecordsSayIsNotReportedAgain) {
  ASSERT_TRUE(Fact("D1-01"));
  std::vector<std::string> codes = {"L1-01"};
  for (const IndicatorDef& indicator : DefaultCriteria().indicators) {
    codes.push_back(indicator.code);
  }
  ASSERT_GT(codes.size(), 20u);
  for (const std::string& code : codes) {
    SCOPED_TRACE(code);
    v1::SubmitDispatchReportRequest request;
    request.set_request_id(world_.RequestId());
    request.mutable_report()->set_industry_id(industry_);
    request.mutable_report()->set_period("2026-02");
    for (const std::string& one : {std::string("L2-02"), code}) {
      v1::DispatchFigure* f = request.mutable_report()->add_figures();
      f->set_group("STRUCTURE");
      f->set_code(one);
      f->set_value(1);
      f->set_unit("bp");
    }
    const auto refused = world_.server().Call<v1::DispatchReport>(
        Cat(kFacts, "SubmitDispatchReport"), request, world_.County());
    EXPECT_THAT(refused, StatusIs(StatusCode::kInvalidArgument, "DISPATCH_FIGURE_HELD"));
    EXPECT_THAT(refused.status(), HasViolation("report.figures[1].code"));
  }
  EXPECT_EQ(Fact("D1-01")->source(), "registry");
}

TEST_F(EvaluationDispatch, AGrantOfAnIndustryReportsAndScoresThatIndustry) {
  const auto excluded = StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES");
  const auth::Role reporter = auth::Role::ROLE_COUNTY_OPERATOR;
  EXPECT_THAT(Report("2026-02", 9000, "", Narrowed(reporter, "NONE")), excluded);
  EXPECT_OK(Report("2026-02", 9000, "", Narrowed(reporter, sample::kIndustryCode)));
  v1::SubmitExpertScoresRequest request;
  v1::ExpertScore* score = request.add_scores();
  score->set_subject_id(project_);
  score->set_market_outlook(80);
  const auto submit = [&](const std::string& industry) {
    request.set_request_id(world_.RequestId());
    return world_.server().Call<v1::SubmitExpertScoresResponse>(
        Cat(kFacts, "SubmitExpertScores"), request, Narrowed(auth::Role::ROLE_APPRAISER, industry));
  };
  EXPECT_THAT(submit("NONE"), excluded);
  EXPECT_OK(submit(sample::kIndustryCode));
}

// The criteria say what they take from these reports: offered in the first month already, with its
// group and unit and without a value.
TEST_F(EvaluationDispatch, R129_TheFirstReportIsOfferedWhatTheCriteriaTake) {
  UseSales();
  const v1::DispatchReport form = Prefilled("2026-03");
  ASSERT_EQ(form.figures_size(), 1);
  EXPECT_EQ(form.figures(0).group(), "MARKET");
  EXPECT_EQ(form.figures(0).code(), "L2-01");
  EXPECT_EQ(form.figures(0).unit(), "bp");
  EXPECT_FALSE(form.figures(0).has_value());
  // Offered once, also when the last report has it.
  ASSERT_OK(Report("2026-03", 7000));
  EXPECT_EQ(Prefilled("2026-04").figures_size(), 1);
}

TEST_F(EvaluationDispatch, R129_AReportIsOfferedTheFiguresOfTheLastOneAndItsOwn) {
  v1::DispatchReport form = Prefilled("2026-03");
  EXPECT_EQ(form.industry_id(), industry_);
  EXPECT_EQ(form.figures_size(), 0);
  ASSERT_OK_AND_ASSIGN(const v1::DispatchReport march, Report("2026-03", 0));

  // The next month: what is reported on, and no value of another month.
  form = Prefilled("2026-04");
  EXPECT_EQ(form.period(), "2026-04");
  EXPECT_TRUE(form.etag().empty());
  ASSERT_EQ(form.figures_size(), march.figures_size());
  for (int i = 0; i < form.figures_size(); ++i) {
    EXPECT_EQ(form.figures(i).group(), march.figures(i).group());
    EXPECT_EQ(form.figures(i).code(), march.figures(i).code());
    EXPECT_EQ(form.figures(i).unit(), march.figures(i).unit());
    EXPECT_FALSE(form.figures(i).has_value());
  }
  // A form sent as offered has not been filled.
  v1::SubmitDispatchReportRequest unfilled;
  unfilled.set_request_id(world_.RequestId());
  *unfilled.mutable_report() = form;
  EXPECT_THAT(world_.server().Call<v1::DispatchReport>(Cat(kFacts, "SubmitDispatchReport"),
                                                       unfilled, world_.County()),
              HasViolation("report.figures[0].value"));

  // The month itself, to be corrected: its etag and its values, a zero among them.
  form = Prefilled("2026-03");
  EXPECT_EQ(form.etag(), march.etag());
  ASSERT_EQ(form.figures_size(), march.figures_size());
  EXPECT_TRUE(form.figures(0).has_value());
  EXPECT_EQ(form.figures(0).value(), 0);
  EXPECT_OK(Report("2026-03", 4200, form.etag()));
}

}  // namespace
}  // namespace bangfu::evaluation
