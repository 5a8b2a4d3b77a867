// What the asset service's forms are offered.
#include "common/dictionary/coverage_for_test.h"
#include "google/protobuf/util/json_util.h"
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {
namespace {

using ::testing::IsEmpty;
using Code = absl::StatusCode;

class AssetFormsTest : public ServiceTest {
 protected:
  absl::StatusOr<dictionary::v1::Prefill> Prefill(const std::string& rpc,
                                                  const std::string& subject,
                                                  const std::string& token = "",
                                                  const std::string& period = "") {
    dictionary::v1::PrefillFormRequest request;
    request.set_period(period);
    request.set_form("bangfu.asset.v1." + rpc);
    request.set_subject_id(subject);
    return server_.Call<dictionary::v1::Prefill>(
        "bangfu.dictionary.v1.DictionaryService.PrefillForm", request,
        token.empty() ? Token(ROLE_COUNTY_OPERATOR) : token);
  }
  // What the registry's monthly report is offered from here.
  absl::StatusOr<dictionary::v1::Prefill> PrefillReport(const std::string& project,
                                                        const std::string& period,
                                                        const std::string& token = "") {
    dictionary::v1::PrefillFormRequest request;
    request.set_form("bangfu.registry.v1.OperationReportService.SubmitOperationReport");
    request.set_subject_id(project);
    request.set_period(period);
    return server_.Call<dictionary::v1::Prefill>(
        "bangfu.dictionary.v1.DictionaryService.PrefillForm", request,
        token.empty() ? Token(ROLE_COUNTY_OPERATOR) : token);
  }
  // Of 14 workers 4 are 脱贫 and 1 is 监测.
  v1::RecordEmploymentRequest Work(const std::string& project, const std::string& month,
                                   v1::EmploymentKind kind = v1::EMPLOYMENT_KIND_ASSET_WORK) {
    v1::RecordEmploymentRequest r;
    r.set_request_id(RequestId());
    r.set_project_id(project);
    r.set_month(month);
    r.set_kind(kind);
    r.set_workers(14);
    r.set_poor_workers(4);
    r.set_monitored_workers(1);
    r.set_person_days(220);
    r.set_poor_person_days(90);
    r.set_wages_fen(3300000);
    r.set_poor_wages_fen(1400000);
    return r;
  }
  std::string Recorded(const v1::RecordEmploymentRequest& work) {
    const auto made = Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work);
    EXPECT_OK(made);
    return made.ok() ? made->id() : "";
  }
  template <typename Request>
  absl::StatusOr<Request> Prefilled(const std::string& rpc, const std::string& subject,
                                    const std::string& period = "") {
    auto answer = Prefill(rpc, subject, "", period);
    if (!answer.ok()) return answer.status();
    Request filled;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(answer->request_json(), &filled).ok());
    return filled;
  }
  // The monthly report of a project as the registry publishes it: 12 workers, 5 of them 脱贫 or
  // 监测.
  registry::v1::OperationReport Reported(const std::string& project, const std::string& period) {
    registry::v1::OperationReportChanged changed;
    registry::v1::OperationReport& r = *changed.mutable_report();
    r.set_id(ids_.Next().ToString());
    r.set_project_id(project);
    r.set_period(period);
    r.set_workers(12);
    r.set_poor_workers(5);
    r.set_person_days(200);
    r.set_poor_person_days(100);
    r.set_wages_fen(3000000);
    Tell(changed);
    return r;
  }
  void Tell(const registry::v1::OperationReportChanged& changed) {
    ReportCopies copies;
    ApplyBy(copies, {{ReportAggregates()[0], &changed}});
  }
  // A dividend of what the asset has received.
  v1::Dividend Declared(const std::string& asset, int64_t fen) {
    auto form = Prefilled<v1::DeclareDividendRequest>("ContractService.DeclareDividend", asset);
    EXPECT_OK(form);
    if (!form.ok()) return v1::Dividend();
    form->set_request_id(RequestId());
    form->set_use(v1::DIVIDEND_USE_HOUSEHOLD_DIVIDEND);
    form->set_period("2025年度");
    *form->mutable_declared_on() = Date(2025, 12, 31);
    form->set_declared_fen(fen);
    auto made = Call<v1::Dividend>("ContractService.DeclareDividend", *form);
    EXPECT_OK(made);
    return made.ok() ? *made : v1::Dividend();
  }
  // A share in a company: at 6 % of the principal, for five years.
  v1::RegisterAssetRequest Share() {
    v1::RegisterAssetRequest r = Shed();
    v1::AssetDetails& d = *r.mutable_details();
    d.set_asset_form(v1::ASSET_FORM_EQUITY);
    d.set_operate_mode(v1::OPERATE_MODE_EQUITY);
    v1::EquityTerms& equity = *d.mutable_equity();
    equity.set_investee_name("绿源公司");
    equity.set_investee_uscc(kOperator2);
    *equity.mutable_start_date() = Date(2024, 1, 1);
    *equity.mutable_maturity_date() = Date(2028, 12, 31);
    equity.set_agreed_return_bp(600);
    return r;
  }
  // A plantation of an operator's, with all that an asset's form can take from it.
  struct Plantation {
    registry::v1::Project project;
    registry::v1::Operator owner;
  };
  Plantation Planted() {
    registry::v1::OperatorChanged op;
    op.mutable_operator_()->set_id(ids_.Next().ToString());
    op.mutable_operator_()->set_uscc(kOperator2);
    op.mutable_operator_()->set_name("绿源公司");
    registry::v1::ProjectChanged changed;
    registry::v1::Project& p = *changed.mutable_project();
    p.set_id(ids_.Next().ToString());
    p.set_project_code("PJ360733-2022-000009");
    p.set_name("油茶基地");
    p.set_region_path(kVillage);
    p.set_state(registry::v1::PROJECT_STATE_OPERATING);
    p.set_industry_code("CAMELLIA");
    p.set_operator_id(op.operator_().id());
    p.set_latitude_e7(255000000);
    p.set_longitude_e7(1157000000);
    *p.mutable_planting_date() = Date(2022, 3, 12);
    auto* exact = p.add_declared_funding();
    exact->set_source_code("BRIDGE_CENTRAL");
    exact->mutable_amount()->set_fen(50000000);
    exact->mutable_amount()->set_parse_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
    auto* about = p.add_declared_funding();
    about->set_source_code("SELF_RAISED");
    about->mutable_amount()->set_fen(1000000);
    about->mutable_amount()->set_parse_state(type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
    p.set_planned_owner("水东村股份经济合作社");
    p.mutable_linkage()->add_modes("DIVIDEND");
    p.mutable_linkage()->add_modes("EMPLOYMENT");
    p.mutable_linkage()->set_beneficiary_households(30);
    p.mutable_linkage()->set_beneficiary_poor_households(20);
    p.mutable_linkage()->set_beneficiary_monitored_households(2);
    Apply({{"operator", &op}, {"project", &changed}});
    return {p, op.operator_()};
  }
};

TEST_F(AssetFormsTest, R129_EveryFormIsOfferedWhatIsHeld) {
  dictionary::OfferedForms forms(
      {"bangfu.asset.v1.AssetService", "bangfu.asset.v1.ContractService"});
  forms.AddFormsOf("bangfu.registry.v1.OperationReportService", "asset.v1.");
  const Plantation from = Planted();
  const std::string& project = from.project.id();
  const std::string& owner = from.owner.id();
  v1::SourceProject source;
  source.set_project_id(project);
  v1::AssetOwner planned;
  planned.set_name("水东村股份经济合作社");
  v1::AssetFunding money;
  money.set_source_code("BRIDGE_CENTRAL");
  money.set_amount_fen(50000000);
  ASSERT_OK_AND_ASSIGN(auto prefill, Prefill("AssetService.RegisterAsset", project));
  EXPECT_THAT(
      forms.Prove(prefill,
                  {{"details.source_projects", {dictionary::JsonOf(source), project}},
                   {"details.fund_sources", {dictionary::JsonOf(money), project}},
                   {"details.owners", {dictionary::JsonOf(planned), project}},
                   {"details.region_code", {kVillage, project}},
                   {"details.latitude_e7", {"255000000", project}},
                   {"details.longitude_e7", {"1157000000", project}},
                   {"details.planting_date", {dictionary::JsonOf(Date(2022, 3, 12)), project}},
                   {"details.cultivation_months", {"60", "CAMELLIA"}},
                   {"details.operator_uscc", {kOperator2, owner}},
                   {"details.operator_name", {"绿源公司", owner}}}),
      IsEmpty());
  ASSERT_OK_AND_ASSIGN(prefill, Prefill("ContractService.RecordLinkage", project));
  EXPECT_THAT(forms.Prove(prefill, {{"mode_code", {"DIVIDEND", project}},
                                    {"operator_uscc", {kOperator2, owner}},
                                    {"operator_name", {"绿源公司", owner}},
                                    {"households", {"30", project}},
                                    {"poor_households", {"20", project}},
                                    {"monitored_households", {"2", project}}}),
              IsEmpty());
  const std::string report = Reported(project, "2026-10").id();
  ASSERT_OK_AND_ASSIGN(prefill,
                       Prefill("ContractService.RecordEmployment", project, "", "2026-10"));
  EXPECT_THAT(forms.Prove(prefill, {{"workers", {"12", report}},
                                    {"person_days", {"200", report}},
                                    {"poor_person_days", {"100", report}},
                                    {"wages_fen", {"3000000", report}}}),
              IsEmpty());
  const std::string work = Recorded(Work(project, "2026-09"));
  ASSERT_OK_AND_ASSIGN(prefill, PrefillReport(project, "2026-09"));
  EXPECT_THAT(forms.Prove(prefill, {{"report.workers", {"14", work}},
                                    {"report.poor_workers", {"5", work}},
                                    {"report.person_days", {"220", work}},
                                    {"report.poor_person_days", {"90", work}},
                                    {"report.wages_fen", {"3300000", work}}}),
              IsEmpty());

  v1::RegisterAssetRequest share = Share();
  share.mutable_details()->set_operator_uscc(kOperator);
  share.mutable_details()->set_operator_name("众兴合作社");
  v1::IncomeRightHolder* village = share.mutable_details()->add_income_right_holders();
  village->set_name("水东村股份经济合作社");
  village->set_level(v1::OWNER_LEVEL_VILLAGE_COLLECTIVE);
  village->set_share_bp(10000);
  v1::PayeeShare payee;
  payee.set_name(village->name());
  payee.set_share_bp(village->share_bp());
  v1::ScheduleStep agreed;
  *agreed.mutable_from() = Date(2024, 1, 1);
  *agreed.mutable_to() = Date(2028, 12, 31);
  agreed.set_rate_bp(600);
  agreed.set_rate_base(v1::RATE_BASE_ORIGINAL_VALUE);
  const std::string asset = Registered(share).id();
  ASSERT_OK_AND_ASSIGN(prefill, Prefill("ContractService.SignContract", asset));
  EXPECT_THAT(
      forms.Prove(prefill, {{"terms.asset_ids", {asset, asset}},
                            {"terms.mode", {"OPERATE_MODE_EQUITY", asset}},
                            {"terms.owner_party", {"水东村股份经济合作社", asset}},
                            {"terms.operator_uscc", {kOperator, asset}},
                            {"terms.operator_name", {"众兴合作社", asset}},
                            {"terms.start_date", {dictionary::JsonOf(agreed.from()), asset}},
                            {"terms.end_date", {dictionary::JsonOf(agreed.to()), asset}},
                            {"terms.schedule", {dictionary::JsonOf(agreed), asset}},
                            {"terms.payees", {dictionary::JsonOf(payee), asset}}}),
      IsEmpty());
  const std::string contract = Signed(Lease(asset, 120000)).id();
  ASSERT_OK_AND_ASSIGN(prefill, Prefill("ContractService.RecordIncome", contract));
  EXPECT_THAT(
      forms.Prove(prefill, {{"due_no", {"1", contract}}, {"received_fen", {"120000", contract}}}),
      IsEmpty());

  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(30);
  link.set_poor_households(20);
  link.set_monitored_households(2);
  *link.mutable_start_date() = Date(2024, 1, 1);
  ASSERT_OK_AND_ASSIGN(const auto linkage,
                       Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  ASSERT_OK_AND_ASSIGN(prefill, Prefill("ContractService.UpdateLinkageCounts", linkage.id()));
  EXPECT_THAT(forms.Prove(prefill, {{"households", {"30", linkage.id()}},
                                    {"poor_households", {"20", linkage.id()}},
                                    {"monitored_households", {"2", linkage.id()}}}),
              IsEmpty());
  ASSERT_OK(Receive(contract, 1, 20000, Date(2025, 7, 1)));
  ASSERT_OK_AND_ASSIGN(prefill, Prefill("ContractService.DeclareDividend", asset));
  EXPECT_THAT(forms.Prove(prefill, {{"declared_fen", {"20000", asset}},
                                    {"households", {"30", linkage.id()}},
                                    {"poor_households", {"20", linkage.id()}}}),
              IsEmpty());
  const std::string dividend = Declared(asset, 20000).id();
  ASSERT_OK_AND_ASSIGN(prefill, Prefill("ContractService.PayDividend", dividend));
  EXPECT_THAT(forms.Prove(prefill, {{"paid_fen", {"20000", dividend}}}), IsEmpty());
  EXPECT_THAT(forms.Unproved(), IsEmpty());
}

// The rest of it, each time; nothing of one that is void, and nothing to another county.
TEST_F(AssetFormsTest, R129_APaymentIsOfferedWhatOfTheDividendIsNotPaid) {
  const std::string kForm = "ContractService.PayDividend";
  const v1::Asset asset = Registered(Shed());
  ASSERT_OK(Receive(Signed(Lease(asset.id(), 120000)).id(), 1, 100000, Date(2025, 7, 1)));
  const v1::Dividend dividend = Declared(asset.id(), 60000);
  ASSERT_OK_AND_ASSIGN(auto form, Prefilled<v1::PayDividendRequest>(kForm, dividend.id()));
  EXPECT_EQ(form.paid_fen(), 60000);
  form.set_request_id(RequestId());
  form.set_paid_fen(25000);
  *form.mutable_paid_on() = Date(2025, 12, 31);
  ASSERT_OK(Call<v1::Dividend>(kForm, form));
  ASSERT_OK_AND_ASSIGN(form, Prefilled<v1::PayDividendRequest>(kForm, dividend.id()));
  EXPECT_EQ(form.paid_fen(), 35000);
  // As it is offered it is taken, once the day is said.
  form.set_request_id(RequestId());
  *form.mutable_paid_on() = Date(2026, 1, 31);
  ASSERT_OK(Call<v1::Dividend>(kForm, form));
  EXPECT_THAT(Prefill(kForm, dividend.id(), Token(ROLE_COUNTY_OPERATOR, kOtherCounty)),
              StatusIs(Code::kNotFound));
  v1::VoidDividendRequest mistaken;
  mistaken.set_request_id(RequestId());
  mistaken.set_id(Declared(asset.id(), 1000).id());
  ASSERT_OK_AND_ASSIGN(form, Prefilled<v1::PayDividendRequest>(kForm, mistaken.id()));
  EXPECT_EQ(form.paid_fen(), 1000);
  mistaken.set_etag(form.etag());
  mistaken.set_reason("户数登记有误，重新宣告");
  ASSERT_OK(
      Call<v1::Dividend>("ContractService.VoidDividend", mistaken, Token(ROLE_COUNTY_APPROVER)));
  ASSERT_OK_AND_ASSIGN(form, Prefilled<v1::PayDividendRequest>(kForm, mistaken.id()));
  EXPECT_EQ(form.paid_fen(), 0);
}

// With whom a share was taken is known where no operator is named; half of an agreement is no
// schedule.
TEST_F(AssetFormsTest, R129_AContractIsOfferedWhatTheShareWasAgreedOn) {
  v1::RegisterAssetRequest share = Share();
  const std::string asset = Registered(share).id();
  ASSERT_OK_AND_ASSIGN(const auto prefill, Prefill("ContractService.SignContract", asset));
  std::map<std::string, std::string> held_by;
  for (const auto& field : prefill.fields()) held_by[field.path()] = field.held_by();
  EXPECT_EQ(held_by["terms.operator_uscc"], "asset.v1.EquityTerms.investee_uscc");
  EXPECT_EQ(held_by["terms.operator_name"], "asset.v1.EquityTerms.investee_name");
  ASSERT_OK_AND_ASSIGN(auto form,
                       Prefilled<v1::SignContractRequest>("ContractService.SignContract", asset));
  EXPECT_EQ(form.terms().operator_uscc(), kOperator2);
  EXPECT_EQ(form.terms().operator_name(), "绿源公司");
  // As it is offered it is taken.
  form.set_request_id(RequestId());
  ASSERT_OK(Call<v1::OperatingContract>("ContractService.SignContract", form));

  // The money comes back on the first day after three full years: no due of one day is offered.
  share = Share();
  *share.mutable_details()->mutable_equity()->mutable_maturity_date() = Date(2027, 1, 1);
  ASSERT_OK_AND_ASSIGN(form, Prefilled<v1::SignContractRequest>("ContractService.SignContract",
                                                                Registered(share).id()));
  EXPECT_EQ(form.terms().end_date().year(), 2026);
  ASSERT_EQ(form.terms().schedule_size(), 1);
  EXPECT_EQ(form.terms().schedule(0).to().year(), 2026);
  // It came back on the day on which it was put in: not before.
  share = Share();
  *share.mutable_details()->mutable_equity()->mutable_maturity_date() = Date(2024, 1, 1);
  ASSERT_OK_AND_ASSIGN(form, Prefilled<v1::SignContractRequest>("ContractService.SignContract",
                                                                Registered(share).id()));
  EXPECT_EQ(form.terms().end_date().year(), 2024);

  share = Share();
  share.mutable_details()->mutable_equity()->clear_maturity_date();
  ASSERT_OK_AND_ASSIGN(form, Prefilled<v1::SignContractRequest>("ContractService.SignContract",
                                                                Registered(share).id()));
  EXPECT_EQ(form.terms().start_date().year(), 2024);
  EXPECT_FALSE(form.terms().has_end_date());
  EXPECT_EQ(form.terms().schedule_size(), 0);
}

// Who is paid is who has the income right; parts that are not settled are not offered as if they
// were.
TEST_F(AssetFormsTest, R129_AContractIsOfferedWhoHasTheIncomeRight) {
  const auto payees = [&](int share_bp, int valid_from = 0, int valid_to = 0) {
    v1::RegisterAssetRequest shed = Shed();
    for (const char* name : {"水东村股份经济合作社", "半迳村股份经济合作社"}) {
      v1::IncomeRightHolder* holder = shed.mutable_details()->add_income_right_holders();
      holder->set_name(name);
      holder->set_level(v1::OWNER_LEVEL_VILLAGE_COLLECTIVE);
      holder->set_share_bp(share_bp);
      if (valid_from > 0) *holder->mutable_valid()->mutable_from() = Date(valid_from, 1, 1);
      if (valid_to > 0) *holder->mutable_valid()->mutable_to() = Date(valid_to, 12, 31);
      valid_from = valid_to = 0;  // of one of them
    }
    auto form =
        Prefilled<v1::SignContractRequest>("ContractService.SignContract", Registered(shed).id());
    EXPECT_OK(form);
    return form.ok() ? form->terms().payees_size() : -1;
  };
  EXPECT_EQ(payees(5000), 2);
  EXPECT_EQ(payees(0), 0);
  // Nor is a right that has ended, or is still to begin, offered as if it were in force.
  const int year = static_cast<int>(ShanghaiDay(server_.clock().Now()).year());
  EXPECT_EQ(payees(5000, year, year), 2);
  EXPECT_EQ(payees(5000, 0, year - 1), 0);
  EXPECT_EQ(payees(5000, year + 1), 0);
}

// What is left to distribute, and the households of the dividends' own link where there is one.
TEST_F(AssetFormsTest, R129_ADividendIsOfferedWhatIsLeftAndForWhom) {
  const std::string kForm = "ContractService.DeclareDividend";
  const v1::Asset asset = Registered(Shed());
  ASSERT_OK_AND_ASSIGN(auto form, Prefilled<v1::DeclareDividendRequest>(kForm, asset.id()));
  EXPECT_EQ(form.asset_id(), asset.id());
  EXPECT_EQ(form.declared_fen(), 0);
  EXPECT_EQ(form.households(), 0);
  const v1::OperatingContract made = Signed(Lease(asset.id(), 120000));
  ASSERT_OK(Receive(made.id(), 1, 100000, Date(2025, 7, 1)));
  const auto link = [&](const char* mode, int households, bool ended = false) {
    v1::RecordLinkageRequest r;
    r.set_request_id(RequestId());
    r.set_project_id(project_);
    r.set_mode_code(mode);
    r.set_households(households);
    r.set_poor_households(households - 1);
    *r.mutable_start_date() = Date(2024, 1, 1);
    if (ended) *r.mutable_end_date() = Date(2025, 1, 1);
    EXPECT_OK(Call<v1::LinkageContract>("ContractService.RecordLinkage", r));
  };
  link("DIVIDEND", 50, true);
  link("EMPLOYMENT", 9);
  ASSERT_OK_AND_ASSIGN(form, Prefilled<v1::DeclareDividendRequest>(kForm, asset.id()));
  EXPECT_EQ(form.households(), 9);
  link("DIVIDEND", 30);
  ASSERT_OK_AND_ASSIGN(form, Prefilled<v1::DeclareDividendRequest>(kForm, asset.id()));
  EXPECT_EQ(form.declared_fen(), 100000);
  EXPECT_EQ(form.households(), 30);
  EXPECT_EQ(form.poor_households(), 29);
  // Offered, it is declared once the rest is said; the next is offered what is left then.
  form.set_request_id(RequestId());
  form.set_use(v1::DIVIDEND_USE_HOUSEHOLD_DIVIDEND);
  form.set_period("2025年度");
  *form.mutable_declared_on() = Date(2025, 12, 31);
  form.set_declared_fen(60000);
  ASSERT_OK(Call<v1::Dividend>(kForm, form));
  ASSERT_OK_AND_ASSIGN(form, Prefilled<v1::DeclareDividendRequest>(kForm, asset.id()));
  EXPECT_EQ(form.declared_fen(), 40000);
  // Another county is offered nothing.
  EXPECT_THAT(Prefill(kForm, asset.id(), Token(ROLE_COUNTY_OPERATOR, kOtherCounty)),
              StatusIs(Code::kNotFound));
}

TEST_F(AssetFormsTest, R129_AnAssetIsOfferedWhatItsProjectHolds) {
  const registry::v1::Project p = Planted().project;
  ASSERT_OK_AND_ASSIGN(const auto filled,
                       Prefilled<v1::RegisterAssetRequest>("AssetService.RegisterAsset", p.id()));
  // Money that the document does not state exactly is not offered as if it did.
  ASSERT_EQ(filled.details().fund_sources_size(), 1);
  EXPECT_EQ(filled.details().fund_sources(0).amount_fen(), 50000000);

  // The offered form is one that the rpc takes once a person has added what is new.
  v1::RegisterAssetRequest request = filled;
  request.set_request_id(RequestId());
  request.set_validate_only(true);
  v1::AssetDetails& added = *request.mutable_details();
  added.set_name("油茶基地");
  added.mutable_owners(0)->set_level(v1::OWNER_LEVEL_VILLAGE_COLLECTIVE);
  added.set_asset_class(v1::ASSET_CLASS_OPERATING);
  added.set_asset_form(v1::ASSET_FORM_BIOLOGICAL);
  added.set_original_value_fen(50000000);
  EXPECT_OK(Call<v1::Asset>("AssetService.RegisterAsset", request));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM asset"), 0);

  // Another county is offered nothing.
  EXPECT_THAT(
      Prefill("AssetService.RegisterAsset", p.id(), Token(ROLE_COUNTY_OPERATOR, kOtherCounty)),
      StatusIs(Code::kNotFound));
}

TEST_F(AssetFormsTest, R129_ALinkIsOfferedTheNextModeThatItsProjectNames) {
  const std::string project = Planted().project.id();
  const auto next = [&] {
    auto filled = Prefilled<v1::RecordLinkageRequest>("ContractService.RecordLinkage", project);
    EXPECT_OK(filled);
    return filled.ok() ? *filled : v1::RecordLinkageRequest();
  };
  v1::RecordLinkageRequest link = next();
  EXPECT_EQ(link.mode_code(), "DIVIDEND");
  link.set_request_id(RequestId());
  *link.mutable_start_date() = Date(2026, 1, 1);
  ASSERT_OK(Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  link = next();
  EXPECT_EQ(link.mode_code(), "EMPLOYMENT");
  link.set_request_id(RequestId());
  *link.mutable_start_date() = Date(2026, 1, 1);
  *link.mutable_end_date() = Date(2026, 11, 23);  // ended yesterday
  ASSERT_OK(Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  EXPECT_EQ(next().mode_code(), "EMPLOYMENT");
  link.set_request_id(RequestId());
  *link.mutable_start_date() = Date(2026, 11, 24);
  link.clear_end_date();
  ASSERT_OK(Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  EXPECT_EQ(next().mode_code(), "");
  EXPECT_EQ(next().households(), 30);
}

TEST_F(AssetFormsTest, R129_WorkIsOfferedFromTheMonthlyReportAndTellsWhereItComesFrom) {
  const registry::v1::OperationReport report = Reported(project_, "2026-10");
  const std::string kForm = "ContractService.RecordEmployment";
  ASSERT_OK_AND_ASSIGN(auto form,
                       Prefilled<v1::RecordEmploymentRequest>(kForm, project_, "2026-10"));
  EXPECT_EQ(form.kind(), v1::EMPLOYMENT_KIND_ASSET_WORK);
  EXPECT_EQ(form.month(), "2026-10");
  const auto record = [&] {
    form.set_request_id(RequestId());
    auto made = Call<v1::EmploymentRecord>(kForm, form);
    EXPECT_OK(made);
    if (made.ok()) form.set_etag(made->etag());
    return made.ok() ? *made : v1::EmploymentRecord();
  };
  // What the report does not tell apart is added: of its five workers four are 脱贫, one 监测.
  form.set_poor_workers(4);
  form.set_monitored_workers(1);
  form.set_poor_wages_fen(1200000);
  v1::EmploymentRecord made = record();
  EXPECT_EQ(made.source(), v1::EMPLOYMENT_SOURCE_OPERATION_REPORT);
  EXPECT_EQ(made.operation_report_id(), report.id());
  EXPECT_EQ(made.person_days(), 200);
  // Work in the project is no public post.
  EXPECT_EQ(Month(Facts(), "2026-10").poor_person_days(), 100);
  EXPECT_EQ(Month(Facts(), "2026-10").poor_post_days(), 0);
  // Who departs from the report has entered figures of their own; what the list shows too.
  form.set_monitored_workers(2);
  made = record();
  EXPECT_EQ(made.source(), v1::EMPLOYMENT_SOURCE_ENTERED);
  EXPECT_EQ(made.operation_report_id(), "");
  v1::ListEmploymentRequest list;
  list.set_project_id(project_);
  ASSERT_OK_AND_ASSIGN(const auto page,
                       Call<v1::ListEmploymentResponse>("ContractService.ListEmployment", list));
  ASSERT_EQ(page.records_size(), 1);
  EXPECT_EQ(page.records(0).source(), v1::EMPLOYMENT_SOURCE_ENTERED);
  // Back to the report, which has been corrected meanwhile: its new figures are the offered ones.
  registry::v1::OperationReportChanged corrected;
  *corrected.mutable_report() = report;
  corrected.mutable_report()->set_person_days(210);
  corrected.mutable_report()->clear_wages_fen();
  Tell(corrected);
  ASSERT_OK_AND_ASSIGN(const auto anew,
                       Prefilled<v1::RecordEmploymentRequest>(kForm, project_, "2026-10"));
  EXPECT_EQ(anew.person_days(), 210);
  EXPECT_EQ(anew.wages_fen(), 0);
  form.set_monitored_workers(1);
  form.set_person_days(210);
  EXPECT_EQ(record().source(), v1::EMPLOYMENT_SOURCE_OPERATION_REPORT);

  // A public post is beside the project's work, whatever its figures.
  form.set_kind(v1::EMPLOYMENT_KIND_PUBLIC_POST);
  form.clear_etag();
  EXPECT_EQ(record().source(), v1::EMPLOYMENT_SOURCE_ENTERED);
  EXPECT_EQ(Month(Facts(), "2026-10").poor_person_days(), 200);
  EXPECT_EQ(Month(Facts(), "2026-10").poor_post_days(), 100);

  // A month without a report is asked for; nothing is offered to another county, nor without a
  // month.
  ASSERT_OK_AND_ASSIGN(const auto bare, Prefill(kForm, project_, "", "2026-09"));
  EXPECT_EQ(bare.fields_size(), 0);
  EXPECT_THAT(Prefill(kForm, project_, Token(ROLE_COUNTY_OPERATOR, kOtherCounty), "2026-10"),
              StatusIs(Code::kNotFound));
  EXPECT_THAT(Prefill(kForm, project_), HasViolation("period"));
}

TEST_F(AssetFormsTest, R129_AMonthlyReportIsOfferedTheWorkThatWasRecordedFirst) {
  const std::string other = Project("PJ360733-2022-000007", kVillage);
  const std::string record = Recorded(Work(project_, "2026-10"));
  // Public posts are no work in the project, and other months and projects are others.
  v1::RecordEmploymentRequest more = Work(project_, "2026-10", v1::EMPLOYMENT_KIND_PUBLIC_POST);
  more.set_workers(30);
  Recorded(more);
  Recorded(Work(project_, "2026-08", v1::EMPLOYMENT_KIND_PUBLIC_POST));
  more = Work(project_, "2026-09");
  more.set_workers(31);
  Recorded(more);
  more = Work(other, "2026-10");
  more.set_workers(32);
  Recorded(more);
  ASSERT_OK_AND_ASSIGN(const auto offered, PrefillReport(project_, "2026-10"));
  EXPECT_EQ(offered.form(), "bangfu.registry.v1.OperationReportService.SubmitOperationReport");
  registry::v1::SubmitOperationReportRequest form;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(offered.request_json(), &form).ok());
  registry::v1::OperationReport expected;
  expected.set_project_id(project_);
  expected.set_period("2026-10");
  expected.set_workers(14);
  expected.set_poor_workers(5);
  expected.set_person_days(220);
  expected.set_poor_person_days(90);
  expected.set_wages_fen(3300000);
  EXPECT_EQ(form.report().SerializeAsString(), expected.SerializeAsString());
  ASSERT_EQ(offered.fields_size(), 5);
  for (const auto& field : offered.fields()) {
    EXPECT_EQ(field.record_id(), record);
    EXPECT_EQ(field.source_zh(), "2026-10务工记录");
    EXPECT_TRUE(field.held_by().rfind("asset.v1.EmploymentRecord.", 0) == 0) << field.held_by();
  }

  // A month without work in the project is asked for, one of public posts alone too.
  for (const char* month : {"2026-07", "2026-08"}) {
    ASSERT_OK_AND_ASSIGN(const auto bare, PrefillReport(project_, month));
    EXPECT_EQ(bare.fields_size(), 0) << month;
    registry::v1::SubmitOperationReportRequest asked;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(bare.request_json(), &asked).ok());
    EXPECT_FALSE(asked.report().has_workers()) << month;
    EXPECT_FALSE(asked.report().has_wages_fen()) << month;
  }
  EXPECT_THAT(PrefillReport(project_, ""), HasViolation("period"));
  EXPECT_THAT(PrefillReport("", "2026-10"), HasViolation("subject_id"));
}

// A record says zero where nobody said anything; to a report that is another thing.
TEST_F(AssetFormsTest, R129_AMonthlyReportIsOfferedNoFigureThatMayNotHaveBeenGiven) {
  v1::RecordEmploymentRequest work = Work(project_, "2026-10");
  work.clear_poor_workers();
  work.clear_monitored_workers();
  work.clear_poor_person_days();
  work.clear_wages_fen();
  work.clear_poor_wages_fen();
  Recorded(work);
  ASSERT_OK_AND_ASSIGN(const auto offered, PrefillReport(project_, "2026-10"));
  std::vector<std::string> paths;
  for (const auto& field : offered.fields()) paths.push_back(field.path());
  EXPECT_THAT(paths, ::testing::ElementsAre("report.workers", "report.person_days"));
}

// Of 10 workers that the report tells 12 can not be poor, whatever the record says of its own 14.
TEST_F(AssetFormsTest, R129_AMonthlyReportIsOfferedNoPartOfAnotherWhole) {
  registry::v1::OperationReportChanged changed;
  *changed.mutable_report() = Reported(project_, "2026-10");
  changed.mutable_report()->clear_poor_workers();
  changed.mutable_report()->clear_poor_person_days();
  Tell(changed);
  Recorded(Work(project_, "2026-10"));
  ASSERT_OK_AND_ASSIGN(const auto offered, PrefillReport(project_, "2026-10"));
  EXPECT_EQ(offered.fields_size(), 0);
}

TEST_F(AssetFormsTest, R129_AMonthlyReportIsNotOfferedWhatItSaysItself) {
  // 12 workers; nothing of pay.
  registry::v1::OperationReportChanged changed;
  *changed.mutable_report() = Reported(project_, "2026-10");
  changed.mutable_report()->clear_wages_fen();
  Tell(changed);
  const std::string record = Recorded(Work(project_, "2026-10"));
  ASSERT_OK_AND_ASSIGN(const auto offered, PrefillReport(project_, "2026-10"));
  ASSERT_EQ(offered.fields_size(), 1);
  EXPECT_EQ(offered.fields(0).path(), "report.wages_fen");
  EXPECT_EQ(offered.fields(0).record_id(), record);
}

// As the forms here: within the caller's regions, whatever money or industry the grant is for.
TEST_F(AssetFormsTest, R129_AMonthlyReportIsOfferedWorkWithinTheCallersRegions) {
  Recorded(Work(project_, "2026-10"));
  EXPECT_THAT(PrefillReport(project_, "2026-10", Token(ROLE_COUNTY_OPERATOR, kOtherCounty)),
              StatusIs(Code::kNotFound));
  auth::Caller narrowed;
  narrowed.subject = "person-narrow";
  auth::Grant& grant = narrowed.grants.emplace_back();
  grant.role = ROLE_COUNTY_OPERATOR;
  grant.region_path = "360733";
  grant.fund_sources = {"SELF_RAISED"};
  ASSERT_OK_AND_ASSIGN(const auto offered,
                       PrefillReport(project_, "2026-10", server_.Token(narrowed)));
  EXPECT_EQ(offered.fields_size(), 5);
  grant.region_path = kOtherCounty;
  EXPECT_THAT(PrefillReport(project_, "2026-10", server_.Token(narrowed)),
              StatusIs(Code::kNotFound));
  const std::string wrong = Project("PJ360733-2022-000008", kVillage);
  Recorded(Work(wrong, "2026-10"));
  Project("PJ360733-2022-000008", kVillage, true, 11, wrong);
  EXPECT_THAT(PrefillReport(wrong, "2026-10"), StatusIs(Code::kNotFound));
}

TEST_F(AssetFormsTest, R129_IncomeIsOfferedWhatOfTheDuePaymentIsOpen) {
  const v1::OperatingContract made = Signed(Lease(Registered(Shed()).id(), 120000));
  ASSERT_OK(Receive(made.id(), 1, 20000, Date(2025, 7, 1)));
  ASSERT_OK_AND_ASSIGN(const auto income, Prefilled<v1::RecordIncomeRequest>(
                                              "ContractService.RecordIncome", made.id()));
  EXPECT_EQ(income.due_no(), 1);
  EXPECT_EQ(income.received_fen(), 100000);
}

}  // namespace
}  // namespace bangfu::asset
