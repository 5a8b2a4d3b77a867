// The first screen, and what the evaluation's forms are offered.
#include "bangfu/evaluation/v1/dashboard.pb.h"
#include "bangfu/registry/v1/inventory.pb.h"
#include "common/dictionary/coverage_for_test.h"
#include "google/protobuf/util/json_util.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/jobs/board.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::StatusIs;

constexpr char kMethod[] = "bangfu.evaluation.v1.DashboardService.GetDashboard";

class DashboardTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::Dashboard> Get(const std::string& region, const std::string& token = "") {
    v1::GetDashboardRequest request;
    request.set_region_code(region);
    return w_.server().Call<v1::Dashboard>(kMethod, request, token.empty() ? w_.Province() : token);
  }
  void InForce(v1::EvaluationResult result, const LifecycleWorld::SubjectOptions& options) {
    w_.BringInForce(w_.Compute(w_.AddSubject(options), result, "G4"));
  }
  // A campaign with these deadlines, and a village's report in it.
  void Report(const std::string& village, registry::v1::UnitReportState state, bool nil = false) {
    if (campaign_.is_zero()) {
      campaign_ = *Ulid::Parse(w_.world().NewId());
      registry::v1::InventoryCampaign campaign;
      campaign.set_id(campaign_.ToString());
      const absl::CivilDay today = ShanghaiDay(w_.server().clock().Now());
      SetDay(today - 1, campaign.mutable_village_deadline());
      SetDay(today + 10, campaign.mutable_township_deadline());
      SetDay(today + 20, campaign.mutable_county_deadline());
      ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
        return PutReferences(tx, {{std::string(kCampaignRef), campaign.id(), "36",
                                   campaign.SerializeAsString(), 1}});
      }));
    }
    ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
      return PutUnitReports(tx, {{campaign_, village, state, nil, 1}});
    }));
  }
  void Refresh() { ASSERT_OK(RefreshBoards(w_.db(), w_.server().clock().Now())); }
  static int64_t CountOf(const v1::DashboardUnit& unit, type::v1::FourClass four_class) {
    for (const v1::RollupCell& cell : unit.cells()) {
      if (cell.class_() == four_class) return cell.count();
    }
    return 0;
  }
  // What one call costs the database: statements, and rows that they read.
  struct Cost {
    int64_t statements = 0;
    int64_t rows = 0;
  };
  int64_t Counter(mysql::Session& session, const std::string& like) {
    auto rows = session.Query("SHOW SESSION STATUS LIKE '" + like + "'", {});
    EXPECT_OK(rows);
    int64_t sum = 0;
    if (rows.ok()) {
      for (const mysql::Row& row : *rows) sum += std::stoll(row.String(1));
    }
    return sum;
  }
  Cost Measure(const std::string& region) {
    rpc::Router router;
    RegisterDashboardHandlers(router);
    auth::Caller caller;
    caller.grants.push_back({auth::Role::ROLE_PROV_ADMIN, "36"});
    testing::FakeClock clock;
    clock.Set(w_.server().clock().Now());
    auto session = w_.database().Connect();
    rpc::CallContext context{
        caller, *session, clock, w_.server().ids(),   clock.Now(), absl::InfiniteFuture(), kMethod,
        "",     {"36"},   {},    [] { return false; }};
    v1::GetDashboardRequest request;
    request.set_region_code(region);
    v1::Dashboard answer;
    const int64_t selects = Counter(*session, "Com_select");
    const int64_t reads = Counter(*session, "Handler_read%");
    EXPECT_OK(router.handlers().find(kMethod)->second.unary(context, request, &answer));
    // The reading of the first counter itself reads rows of the status.
    Cost cost;
    cost.rows = Counter(*session, "Handler_read%") - reads;
    cost.statements = Counter(*session, "Com_select") - selects;
    return cost;
  }

  LifecycleWorld w_;
  Ulid campaign_;
};

TEST_F(DashboardTest, R001_R003_OneCallShowsARegionAndItsChildren) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = "360733101201", .invested_fen = 100});
  InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = "360733102201", .asset_value_fen = 50});
  Report("360733101201", registry::v1::UNIT_REPORT_STATE_COUNTY_VERIFIED);
  Report("360733101202", registry::v1::UNIT_REPORT_STATE_SUBMITTED, true);
  Report("360733102201", registry::v1::UNIT_REPORT_STATE_DRAFT);
  Report("360734101201", registry::v1::UNIT_REPORT_STATE_RETURNED);
  Refresh();

  ASSERT_OK_AND_ASSIGN(const v1::Dashboard city, Get("3607"));
  EXPECT_EQ(city.region_name(), "赣州市");
  EXPECT_TRUE(city.has_counted_at());
  ASSERT_EQ(city.children_size(), 2);
  const v1::DashboardUnit& county = city.children(0);
  EXPECT_EQ(county.region_name(), "会昌县");
  EXPECT_EQ(county.villages().units(), 3);
  EXPECT_EQ(county.villages().county_verified(), 1);
  EXPECT_EQ(county.villages().submitted(), 1);
  EXPECT_EQ(county.villages().draft(), 1);
  EXPECT_EQ(county.villages().nil(), 1);
  EXPECT_EQ(county.villages().overdue(), 1);  // the draft: the village's day was yesterday
  EXPECT_EQ(county.villages().reported_bp(), 6667);
  EXPECT_EQ(county.villages().verified_bp(), 3333);
  EXPECT_EQ(CountOf(county, type::v1::FOUR_CLASS_UPGRADE), 1);
  EXPECT_EQ(CountOf(county, type::v1::FOUR_CLASS_REVITALIZE), 1);
  // Two villages, two townships and the county, none signed.
  EXPECT_EQ(county.ledgers(), 5);
  EXPECT_EQ(county.ledgers_unsigned(), 5);
  EXPECT_EQ(county.close_outs().revitalize_due(), 1);
  EXPECT_EQ(county.close_outs().revitalize_value_fen(), 50);
  EXPECT_EQ(city.children(1).villages().returned(), 1);
  EXPECT_EQ(city.total().villages().units(), 4);
  EXPECT_EQ(city.total().villages().reported_bp(), 5000);
  EXPECT_EQ(CountOf(city.total(), type::v1::FOUR_CLASS_UPGRADE), 1);

  // The province is the sum, and a county, counted now, is what its city shows of it.
  ASSERT_OK_AND_ASSIGN(const v1::Dashboard province, Get("36"));
  ASSERT_EQ(province.children_size(), 1);
  EXPECT_EQ(province.total().villages().SerializeAsString(),
            city.total().villages().SerializeAsString());
  EXPECT_EQ(province.total().ledgers_unsigned(), 5);
  ASSERT_OK_AND_ASSIGN(const v1::Dashboard live, Get("360733"));
  EXPECT_FALSE(live.has_counted_at());
  ASSERT_EQ(live.children_size(), 3);
  EXPECT_EQ(live.children(0).region_name(), "会昌县（本级）");
  EXPECT_EQ(live.total().villages().SerializeAsString(), county.villages().SerializeAsString());
  EXPECT_EQ(live.total().close_outs().SerializeAsString(), county.close_outs().SerializeAsString());
  EXPECT_EQ(live.total().ledgers(), 5);
  EXPECT_EQ(live.children(0).ledgers(), 1);
  ASSERT_OK_AND_ASSIGN(const v1::Dashboard township, Get("360733101"));
  EXPECT_EQ(township.total().villages().units(), 2);

  // The progress figures are those of GetProgress.
  v1::GetProgressRequest request;
  request.set_region_code("36");
  ASSERT_OK_AND_ASSIGN(
      const auto progress,
      w_.Call<v1::Progress>(Cat(kLedgerService, "GetProgress"), request, w_.Province()));
  ASSERT_EQ(province.progress_size(), progress.figures_size());
  for (int i = 0; i < progress.figures_size(); ++i) {
    EXPECT_EQ(province.progress(i).SerializeAsString(), progress.figures(i).SerializeAsString());
  }
}

TEST_F(DashboardTest, OutsideTheCallersRegionsThereIsNone) {
  EXPECT_THAT(Get("360734", w_.Approver("360733")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Get("36", w_.Approver("360733")), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(Get("360733", w_.Approver("360733")));
  EXPECT_THAT(Get("999999"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Get("36a"), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(DashboardTest, TheProvinceCostsUnderTenQueriesAndNoRowOfTheLedger) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {});
  InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = "360733102201"});
  Report("360733101201", registry::v1::UNIT_REPORT_STATE_COUNTY_VERIFIED);
  Refresh();
  const Cost before = Measure("36");
  EXPECT_LT(before.statements, 10);
  // A hundred times the rows: not one more is read.
  for (int i = 0; i < 100; ++i) {
    const std::string id = Cat("UNHEX('", HexEncode(Sha256(Cat(i))).substr(0, 32), "')");
    ASSERT_OK(w_.db().Execute(
        Cat("INSERT INTO ledger_entry (id, evaluation_id, subject_type, subject_id, region_path, "
            "class, state, is_open, entered_at, invested_fen, asset_value_fen, row_hash, details, "
            "version) SELECT ",
            id, ", evaluation_id, subject_type, ", id,
            ", region_path, class, state, is_open, entered_at, invested_fen, asset_value_fen, "
            "row_hash, details, version FROM ledger_entry ORDER BY id LIMIT 1"),
        {}));
  }
  const Cost after = Measure("36");
  EXPECT_EQ(after.statements, before.statements);
  EXPECT_EQ(after.rows, before.rows);
}

TEST_F(DashboardTest, R129_EveryFormIsOfferedWhatIsHeld) {
  using ::testing::IsEmpty;
  dictionary::OfferedForms forms(
      {"bangfu.evaluation.v1.EvaluationService", "bangfu.evaluation.v1.LedgerService",
       "bangfu.evaluation.v1.FactService", "bangfu.evaluation.v1.CriteriaService"});
  const auto prefill = [&](const std::string& rpc, const std::string& subject,
                           const std::string& token, const std::string& period = "") {
    dictionary::v1::PrefillFormRequest request;
    request.set_form("bangfu.evaluation.v1." + rpc);
    request.set_subject_id(subject);
    request.set_period(period);
    auto answer = w_.server().Call<dictionary::v1::Prefill>(
        "bangfu.dictionary.v1.DictionaryService.PrefillForm", request, token);
    EXPECT_OK(answer);
    return answer.ok() ? *answer : dictionary::v1::Prefill();
  };

  const Ulid subject = w_.AddSubject();
  const Ulid evaluation = w_.Compute(subject, v1::EVALUATION_RESULT_REVITALIZE, "G4");
  v1::RecordArgumentRequest argue = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  argue.mutable_argument()->set_cause("MANAGEMENT_IDLE");
  const auto recorded =
      w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "RecordArgument"), argue, w_.Operator());
  ASSERT_OK(recorded);
  w_.SignAll(*recorded);
  const std::string& argument = recorded->id();
  for (const char* rpc :
       {"EvaluationService.AcceptEvaluation", "EvaluationService.ProposeOverride"}) {
    EXPECT_THAT(forms.Prove(prefill(rpc, evaluation.ToString(), w_.Approver()),
                            {{"argument_id", {argument, argument}}}),
                IsEmpty());
  }
  const Ulid funded = w_.AddSubject();
  w_.NeedDepartments(funded, {"FINANCE"});
  const Ulid confirmed = w_.Compute(funded, v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_OK(w_.Accept(confirmed));
  EXPECT_THAT(
      forms.Prove(prefill("EvaluationService.SignJointly", confirmed.ToString(), w_.Finance()),
                  {{"department", {"FINANCE", confirmed.ToString()}}}),
      IsEmpty());
  w_.BringInForce(evaluation);
  ASSERT_OK_AND_ASSIGN(const v1::LedgerEntry entry, w_.OpenEntry(subject));
  EXPECT_THAT(forms.Prove(prefill("LedgerService.PlanMeasures", entry.id(), w_.Operator()),
                          {{"plan.cause", {"MANAGEMENT_IDLE", argument}},
                           {"plan.argument_id", {argument, argument}}}),
              IsEmpty());

  const std::string expert = w_.Token(auth::Role::ROLE_APPRAISER, "360733", "zhang");
  v1::SubmitExpertScoresRequest said;
  v1::ExpertScore* score = said.add_scores();
  score->set_subject_id(subject.ToString());
  score->set_market_outlook(60);
  score->set_resource_basis(72);
  score->set_tech_backward(true);
  score->set_cause("MANAGEMENT_IDLE");
  score->set_opinion("设备老化");
  ASSERT_OK(w_.Call<v1::SubmitExpertScoresResponse>(
      "bangfu.evaluation.v1.FactService.SubmitExpertScores", said, expert));
  const std::string of = subject.ToString();
  EXPECT_THAT(forms.Prove(prefill("FactService.SubmitExpertScores", of, expert),
                          {{"scores[0].market_outlook", {"60", of}},
                           {"scores[0].resource_basis", {"72", of}},
                           {"scores[0].tech_backward", {"true", of}},
                           {"scores[0].cause", {"MANAGEMENT_IDLE", of}},
                           {"scores[0].opinion", {"设备老化", of}}}),
              IsEmpty());

  const Ulid industry = w_.AddSubject({.type = kIndustrySubject, .village = "360733"});
  v1::SubmitDispatchReportRequest dispatch;
  dispatch.mutable_report()->set_industry_id(industry.ToString());
  dispatch.mutable_report()->set_period("2026-02");
  v1::DispatchFigure* figure = dispatch.mutable_report()->add_figures();
  figure->set_group("MARKET");
  figure->set_code("L2-01");
  figure->set_value(9000);
  figure->set_unit("bp");
  const auto reported = w_.Call<v1::DispatchReport>(
      "bangfu.evaluation.v1.FactService.SubmitDispatchReport", dispatch, w_.Operator());
  ASSERT_OK(reported);
  EXPECT_THAT(forms.Prove(prefill("FactService.SubmitDispatchReport", industry.ToString(),
                                  w_.Operator(), "2026-03"),
                          {{"report.figures[0].group", {"MARKET", reported->id()}},
                           {"report.figures[0].code", {"L2-01", reported->id()}},
                           {"report.figures[0].unit", {"bp", reported->id()}}}),
              IsEmpty());
  EXPECT_THAT(forms.Unproved(), IsEmpty());
}

TEST_F(DashboardTest, R129_APlanIsOfferedTheArgumentThatItRestsOn) {
  const Ulid subject = w_.AddSubject();
  const Ulid evaluation = w_.Compute(subject, v1::EVALUATION_RESULT_REVITALIZE, "G4");
  w_.BringInForce(evaluation);
  v1::RecordArgumentRequest argue = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  argue.mutable_argument()->set_cause("MANAGEMENT_IDLE");
  const auto recorded =
      w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "RecordArgument"), argue, w_.Operator());
  ASSERT_OK(recorded);
  w_.SignAll(*recorded);
  ASSERT_OK_AND_ASSIGN(const v1::LedgerEntry entry, w_.OpenEntry(subject));
  dictionary::v1::PrefillFormRequest request;
  request.set_form(Cat(kLedgerService, "PlanMeasures"));
  request.set_subject_id(entry.id());
  ASSERT_OK_AND_ASSIGN(const auto prefill, w_.server().Call<dictionary::v1::Prefill>(
                                               "bangfu.dictionary.v1.DictionaryService.PrefillForm",
                                               request, w_.Operator()));
  v1::PlanMeasuresRequest form;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(prefill.request_json(), &form).ok());
  EXPECT_EQ(form.id(), entry.id());
  EXPECT_EQ(form.etag(), entry.etag());
  EXPECT_EQ(form.plan().argument_id(), recorded->id());
  EXPECT_EQ(form.plan().cause(), recorded->cause());
  EXPECT_THAT(w_.server().Call<dictionary::v1::Prefill>(
                  "bangfu.dictionary.v1.DictionaryService.PrefillForm", request,
                  w_.Operator("operator", "360734")),
              StatusIs(StatusCode::kNotFound));
}

// Who signs is offered the department that they can sign for: by role and money, and one that has
// not signed.
TEST_F(DashboardTest, R129_WhoSignsIsOfferedTheirDepartment) {
  const Ulid subject = w_.AddSubject();
  w_.NeedDepartments(subject, {"ETHNIC", "FINANCE"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_OK(w_.Accept(id));
  dictionary::v1::PrefillFormRequest request;
  request.set_form("bangfu.evaluation.v1.EvaluationService.SignJointly");
  request.set_subject_id(id.ToString());
  const auto offered = [&](const std::string& token) {
    v1::SignJointlyRequest form;
    const auto prefill = w_.server().Call<dictionary::v1::Prefill>(
        "bangfu.dictionary.v1.DictionaryService.PrefillForm", request, token);
    EXPECT_OK(prefill);
    if (prefill.ok()) {
      EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(prefill->request_json(), &form).ok());
    }
    return form;
  };
  const auto narrowed = [&](const std::string& source) {
    return w_.Narrowed(auth::Role::ROLE_SECTOR_VERIFIER, Cat("of ", source), {{{source}, {}}});
  };
  EXPECT_EQ(offered(w_.Finance()).department(), "FINANCE");
  EXPECT_EQ(offered(narrowed("SOURCE_ETHNIC")).department(), "ETHNIC");
  EXPECT_EQ(offered(narrowed("SOURCE_FORESTRY")).department(), "");
  EXPECT_EQ(offered(w_.Operator()).department(), "");
  v1::SignJointlyRequest form = offered(w_.Verifier());
  EXPECT_EQ(form.department(), "ETHNIC");
  // As it is offered it is taken; then the other one is left, and then none.
  ASSERT_OK(w_.Step("SignJointly", form, id, w_.Verifier()));
  EXPECT_EQ(offered(w_.Verifier("another")).department(), "FINANCE");
  EXPECT_EQ(offered(narrowed("SOURCE_ETHNIC")).department(), "");
  EXPECT_THAT(w_.server().Call<dictionary::v1::Prefill>(
                  "bangfu.dictionary.v1.DictionaryService.PrefillForm", request,
                  w_.Operator("operator", "360734")),
              StatusIs(StatusCode::kNotFound));
}

TEST_F(DashboardTest, R129_AnExpertIsOfferedTheOwnEarlierScoreAndNobodyElses) {
  const Ulid subject = w_.AddSubject();
  const auto expert = [&](const std::string& person) {
    return w_.server().Token(auth::Role::ROLE_APPRAISER, "360733", person);
  };
  v1::SubmitExpertScoresRequest said;
  v1::ExpertScore* score = said.add_scores();
  score->set_subject_id(subject.ToString());
  score->set_market_outlook(0);
  score->set_resource_basis(72);
  score->set_tech_backward(true);
  score->set_opinion("设备老化");
  ASSERT_OK(w_.Call<v1::SubmitExpertScoresResponse>(
      "bangfu.evaluation.v1.FactService.SubmitExpertScores", said, expert("zhang")));
  dictionary::v1::PrefillFormRequest request;
  request.set_form("bangfu.evaluation.v1.FactService.SubmitExpertScores");
  request.set_subject_id(subject.ToString());
  const auto prefill = [&](const std::string& token) {
    return w_.server().Call<dictionary::v1::Prefill>(
        "bangfu.dictionary.v1.DictionaryService.PrefillForm", request, token);
  };
  ASSERT_OK_AND_ASSIGN(const auto own, prefill(expert("zhang")));
  v1::SubmitExpertScoresRequest form;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(own.request_json(), &form).ok());
  ASSERT_EQ(form.scores_size(), 1);
  EXPECT_EQ(form.scores(0).SerializeAsString(), score->SerializeAsString());
  std::map<std::string, std::string> sources;
  for (const auto& field : own.fields()) sources[field.path()] = field.source_zh();
  EXPECT_EQ(sources["scores[0].market_outlook"], "本人上次评分");
  EXPECT_EQ(sources.size(), 4u);

  ASSERT_OK_AND_ASSIGN(const auto other, prefill(expert("li")));
  form.Clear();
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(other.request_json(), &form).ok());
  ASSERT_EQ(form.scores_size(), 1);
  EXPECT_EQ(form.scores(0).subject_id(), subject.ToString());
  EXPECT_FALSE(form.scores(0).has_market_outlook());
  EXPECT_EQ(other.fields_size(), 0);
  EXPECT_THAT(prefill(w_.server().Token(auth::Role::ROLE_APPRAISER, "360734", "zhang")),
              StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace bangfu::evaluation
