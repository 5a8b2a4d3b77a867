// The dictionary and the forms as the registry serves them: of every area, with the code lists.
#include "services/registry/api/dictionary.h"

#include <algorithm>
#include <set>

#include "bangfu/contracts.h"
#include "bangfu/dictionary/v1/dictionary_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/blob/blob_for_test.h"
#include "common/contract/access.h"
#include "common/dictionary/coverage_for_test.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

namespace dict = ::bangfu::dictionary::v1;

class DictionaryTest : public RegistryTest {
 protected:
  absl::StatusOr<dict::Dictionary> Get(const std::vector<std::string>& names,
                                       const std::string& etag = "") {
    dict::GetDictionaryRequest request;
    for (const std::string& name : names) request.add_names(name);
    request.set_if_none_match(etag);
    return Call<dict::Dictionary>(kDictionary, "GetDictionary", request, village_);
  }
  absl::StatusOr<dict::Form> GetForm(const std::string& name) {
    dict::GetFormRequest request;
    request.set_name(name);
    return Call<dict::Form>(kDictionary, "GetForm", request, village_);
  }
  // As the village is offered it.
  dict::Prefill Prefill(const char* service, const char* rpc, const std::string& subject,
                        const std::string& period = "", const std::string& region = "",
                        const std::string& token = "") {
    dict::PrefillFormRequest request;
    request.set_form(absl::StrCat(service, rpc));
    request.set_subject_id(subject);
    request.set_period(period);
    request.set_region_code(region);
    auto prefill =
        Call<dict::Prefill>(kDictionary, "PrefillForm", request, token.empty() ? village_ : token);
    EXPECT_THAT(prefill, IsOk()) << request.form();
    return prefill.ok() ? *prefill : dict::Prefill();
  }
  // The village's report in the campaign.
  v1::InventoryUnitReport Unit(const std::string& campaign) {
    v1::ListUnitReportsRequest list;
    list.set_campaign_id(campaign);
    list.set_page_size(10);
    const auto units =
        Call<v1::ListUnitReportsResponse>(kInventory, "ListUnitReports", list, village_);
    EXPECT_THAT(units, IsOk());
    return units.ok() && units->unit_reports_size() == 1 ? units->unit_reports(0)
                                                         : v1::InventoryUnitReport();
  }
};

TEST_F(DictionaryTest, TellsEveryEnumOfEveryAreaAndEveryCodeList) {
  const auto all = Get({});
  ASSERT_THAT(all, IsOk());
  std::map<std::string, dict::DictionaryList> lists;
  for (const auto& list : all->lists()) lists[list.name()] = list;
  for (const char* name : {"bangfu.registry.v1.ProjectState", "bangfu.asset.v1.UseState",
                           "bangfu.evaluation.v1.EvaluationState", "bangfu.type.v1.FourClass",
                           "bangfu.publicity.v1.PublicityState", "bangfu.intake.v1.ImportState",
                           "bangfu.operation.v1.OperationState", "FUND_SOURCE", "EVIDENCE_KIND",
                           "MEASURE", "INDUSTRY_CATEGORY", "CHAIN_LINK"}) {
    ASSERT_EQ(lists.count(name), 1u) << name;
    EXPECT_GT(lists[name].items_size(), 0) << name;
    EXPECT_FALSE(lists[name].version().empty()) << name;
    for (const auto& item : lists[name].items()) EXPECT_FALSE(item.label_zh().empty()) << name;
  }
  EXPECT_EQ(lists["bangfu.registry.v1.ProjectState"].items(7).label_zh(), "在建");
  const dict::DictionaryList& sources = lists["FUND_SOURCE"];
  EXPECT_EQ(sources.name_zh(), "资金来源");
  // In the order that the province has set.
  EXPECT_EQ(sources.items(0).code(), "BRIDGE_CENTRAL");
  EXPECT_FALSE(sources.items(0).attributes().empty());
}

TEST_F(DictionaryTest, AChangedCodeIsANewVersionAndANewEtag) {
  const auto before = Get({"PROJECT_TYPE"});
  ASSERT_THAT(before, IsOk());
  const auto same = Get({"PROJECT_TYPE"}, before->etag());
  ASSERT_THAT(same, IsOk());
  EXPECT_TRUE(same->not_modified());
  EXPECT_EQ(same->lists_size(), 0);

  v1::CreateCodesRequest create;
  v1::Code& code = *create.add_codes();
  code.set_list("PROJECT_TYPE");
  code.set_code("NEW_TYPE");
  code.set_name_zh("新类型");
  code.set_sort(1);
  code.mutable_valid_from()->set_year(2025);
  code.mutable_valid_from()->set_month(1);
  code.mutable_valid_from()->set_day(1);
  code.mutable_valid_to()->set_year(2026);
  code.mutable_valid_to()->set_month(12);
  code.mutable_valid_to()->set_day(31);
  ASSERT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_), IsOk());
  const auto after = Get({"PROJECT_TYPE"}, before->etag());
  ASSERT_THAT(after, IsOk());
  ASSERT_FALSE(after->not_modified());
  EXPECT_NE(after->lists(0).version(), before->lists(0).version());
  // Sorted before the others, with its validity.
  EXPECT_EQ(after->lists(0).items(0).code(), "NEW_TYPE");
  EXPECT_EQ(after->lists(0).items(0).valid_to().year(), 2026);
  EXPECT_THAT(Get({"PROJECT_TYPE", "NO_SUCH_LIST"}), StatusIs(Code::kNotFound));
}

TEST_F(DictionaryTest, R129_EveryFormIsOfferedWhatIsHeld) {
  using ::testing::IsEmpty;
  dictionary::OfferedForms forms(OwnServices());

  const std::string campaign = OpenCampaign();
  EXPECT_THAT(forms.Prove(Prefill(kP, "RegisterProject", "", "", kVillage),
                          {{"project.region_text", {"赣州市会昌县文武坝镇水东村", kVillage}},
                           {"project.campaign_id", {campaign, campaign}},
                           {"project.filler_name", {"village-1", "village-1"}}}),
              IsEmpty());

  const v1::InventoryUnitReport unit = Unit(campaign);
  v1::SaveUnitReportDraftRequest draft;
  draft.set_id(unit.id());
  draft.set_etag(unit.etag());
  draft.set_signatory("李四");
  draft.set_note("本村无项目");
  ASSERT_OK_AND_ASSIGN(
      *draft.add_evidence(),
      ::bangfu::testing::CompleteEvidence(server_.database().db(), server_.ids(),
                                          server_.clock().Now(), "PHOTO", kVillage, "village-1"));
  ASSERT_OK_AND_ASSIGN(const auto saved, Call<v1::InventoryUnitReport>(
                                             kInventory, "SaveUnitReportDraft", draft, village_));
  const std::string photo = dictionary::JsonOf(saved.evidence(0));
  EXPECT_THAT(forms.Prove(Prefill(kInventory, "SaveUnitReportDraft", unit.id()),
                          {{"signatory", {"李四", unit.id()}},
                           {"note", {"本村无项目", unit.id()}},
                           {"evidence", {photo, unit.id()}}}),
              IsEmpty());
  EXPECT_THAT(forms.Prove(Prefill(kInventory, "SubmitUnitReport", unit.id()),
                          {{"is_nil", {"true", unit.id()}},
                           {"signatory", {"李四", unit.id()}},
                           {"note", {"本村无项目", unit.id()}},
                           {"evidence", {photo, unit.id()}}}),
              IsEmpty());

  constexpr char kVerification[] = "bangfu.registry.v1.VerificationService.";
  EXPECT_THAT(forms.Prove(Prefill(kVerification, "SignVerification", unit.id(), "", "", county_),
                          {{"department_code", {"AGRICULTURE", unit.id()}}}),
              IsEmpty());

  v1::CreateOperatorRequest create;
  create.mutable_operator_()->set_name("会昌县脐橙合作社");
  create.mutable_operator_()->set_kind("COOPERATIVE");
  create.mutable_operator_()->set_region_code("360733");
  create.mutable_operator_()->set_uscc("91350100M000100Y43");
  ASSERT_OK_AND_ASSIGN(const auto runs, Call<v1::Operator>(kO, "CreateOperator", create, county_));
  v1::Project some = SomeProject();
  some.set_operator_id(runs.id());
  some.set_workers(8);
  ASSERT_OK_AND_ASSIGN(const auto project, Register(some, county_));
  // No report yet: what the project itself says is told as the project's.
  const dict::Prefill first = Prefill(kR, "SubmitOperationReport", project.id(), "2026-02");
  EXPECT_THAT(
      forms.Prove(first, {{"report.workers", {"8", project.id(), "registry.v1.Project.workers"}}},
                  {{"report.poor_workers", "a project does not say it"},
                   {"report.off_season", "a project does not say it"}}),
      IsEmpty());
  ASSERT_EQ(first.fields_size(), 1);
  EXPECT_EQ(first.fields(0).source_zh(), "项目");
  v1::SubmitOperationReportRequest submit;
  submit.mutable_report()->set_project_id(project.id());
  submit.mutable_report()->set_period("2026-02");
  submit.mutable_report()->set_workers(5);
  submit.mutable_report()->set_poor_workers(3);
  submit.mutable_report()->set_off_season(true);
  ASSERT_OK_AND_ASSIGN(const auto report,
                       Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_));
  EXPECT_THAT(forms.Prove(Prefill(kR, "SubmitOperationReport", project.id(), "2026-03"),
                          {{"report.workers", {"5", report.id()}},
                           {"report.poor_workers", {"3", report.id()}},
                           {"report.off_season", {"true", report.id()}}}),
              IsEmpty());

  // Records of one project lie where it does; a pairing is its county's.
  constexpr char kIndustry[] = "bangfu.registry.v1.IndustryService.";
  EXPECT_THAT(forms.Prove(Prefill(kIndustry, "CreateBrandCertification", project.id()),
                          {{"brand.region_code", {kVillage, project.id()}},
                           {"brand.holder", {"会昌县脐橙合作社", runs.id()}}}),
              IsEmpty());
  EXPECT_THAT(
      forms.Prove(Prefill(kIndustry, "CreateTechPairing", project.id()),
                  {{"pairing.region_code", {std::string(kVillage).substr(0, 6), project.id()}}}),
      IsEmpty());
  EXPECT_THAT(forms.Prove(Prefill(kIndustry, "CreateTrainingRecord", project.id()),
                          {{"training.region_code", {kVillage, project.id()}}}),
              IsEmpty());
  const dict::Prefill missing =
      Prefill(kIndustry, "CreateShortBoard", project.industry_id(), "", "", county_);
  v1::CreateShortBoardRequest board;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(missing.request_json(), &board).ok());
  EXPECT_THAT(forms.Prove(missing, {{"short_board.link_code",
                                     {board.short_board().link_code(), project.industry_code()}}}),
              IsEmpty());
  EXPECT_THAT(forms.Unproved(), IsEmpty());
}

// Who signs is offered the department that they can sign for, among those that the village's money
// calls for.
TEST_F(DictionaryTest, R129_WhoSignsIsOfferedTheirDepartment) {
  const std::string campaign = OpenCampaign();
  v1::Project some = SomeProject();
  some.clear_declared_funding();
  Fund(&some, "INTEGRATED_AGRI", 40'000'000, "40万元");
  ASSERT_OK(Register(some, county_));
  const std::string unit = Unit(campaign).id();
  const auto offered = [&](const std::string& token) {
    v1::SignVerificationRequest form;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(
                    Prefill("bangfu.registry.v1.VerificationService.", "SignVerification", unit, "",
                            "", token)
                        .request_json(),
                    &form)
                    .ok());
    EXPECT_EQ(form.unit_report_id(), unit);
    EXPECT_FALSE(form.etag().empty());
    return form.department_code();
  };
  EXPECT_EQ(offered(county_), "AGRICULTURE");
  EXPECT_EQ(offered(server_.Token(role::ROLE_FINANCE_OFFICER, "360733", "purse")), "FINANCE");
  EXPECT_EQ(offered(village_), "");
  dict::PrefillFormRequest elsewhere;
  elsewhere.set_form("bangfu.registry.v1.VerificationService.SignVerification");
  elsewhere.set_subject_id(unit);
  EXPECT_THAT(
      Call<dict::Prefill>("bangfu.dictionary.v1.DictionaryService.", "PrefillForm", elsewhere,
                          server_.Token(role::ROLE_COUNTY_OPERATOR, "360734", "other")),
      StatusIs(Code::kNotFound));
}

// A short board of a county industry is offered the links that its chain misses, one after the
// other: not those of the industry, of its projects, or of a short board that stands.
TEST_F(DictionaryTest, R129_AShortBoardIsOfferedTheLinkThatTheChainMisses) {
  constexpr char kIndustry[] = "bangfu.registry.v1.IndustryService.";
  ASSERT_OK_AND_ASSIGN(const auto project, Register(SomeProject(), county_));
  const auto offered = [&](const std::string& subject) {
    v1::CreateShortBoardRequest form;
    EXPECT_TRUE(
        google::protobuf::util::JsonStringToMessage(
            Prefill(kIndustry, "CreateShortBoard", subject, "", "", county_).request_json(), &form)
            .ok());
    return form;
  };
  v1::GetIndustryRequest get;
  get.set_id(project.industry_id());
  ASSERT_OK_AND_ASSIGN(const auto industry,
                       Call<v1::Industry>(kIndustry, "GetIndustry", get, county_));
  std::set<std::string> misses(industry.applicable_links().begin(),
                               industry.applicable_links().end());
  for (const std::string& link : project.chain_links()) misses.erase(link);
  ASSERT_LT(misses.size(), static_cast<size_t>(industry.applicable_links_size()));
  std::set<std::string> made;
  while (made.size() < misses.size()) {
    v1::CreateShortBoardRequest form = offered(project.industry_id());
    EXPECT_EQ(form.short_board().subject_type(), type::v1::SUBJECT_TYPE_INDUSTRY);
    EXPECT_EQ(form.short_board().kind(), "CHAIN");
    ASSERT_TRUE(made.insert(form.short_board().link_code()).second);
    form.mutable_short_board()->set_description("缺少该环节");
    ASSERT_OK(Call<v1::ShortBoard>(kIndustry, "CreateShortBoard", form, county_));
  }
  EXPECT_EQ(made, misses);
  EXPECT_EQ(offered(project.industry_id()).short_board().link_code(), "");
  // Of a project it is said which it is, and nothing is held.
  const auto own = offered(project.id());
  EXPECT_EQ(own.short_board().subject_type(), type::v1::SUBJECT_TYPE_PROJECT);
  EXPECT_EQ(own.short_board().subject_id(), project.id());
  EXPECT_EQ(own.short_board().kind(), "");
  dict::PrefillFormRequest elsewhere;
  elsewhere.set_form(Cat(kIndustry, "CreateShortBoard"));
  elsewhere.set_subject_id(project.industry_id());
  EXPECT_THAT(
      Call<dict::Prefill>("bangfu.dictionary.v1.DictionaryService.", "PrefillForm", elsewhere,
                          server_.Token(role::ROLE_COUNTY_OPERATOR, "360734", "other")),
      StatusIs(Code::kNotFound));
}

TEST_F(DictionaryTest, R129_AnOfferedTrainingIsTakenOnceAPersonHasAddedWhatIsNew) {
  ASSERT_OK_AND_ASSIGN(const auto project, Register(SomeProject(), county_));
  const dict::Prefill offered =
      Prefill("bangfu.registry.v1.IndustryService.", "CreateTrainingRecord", project.id());
  v1::CreateTrainingRecordRequest request;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(offered.request_json(), &request).ok());
  EXPECT_EQ(request.training().project_id(), project.id());
  request.mutable_training()->set_programme("HEAD_GOOSE");
  request.mutable_training()->set_title("油茶管护");
  request.mutable_training()->set_persons(20);
  request.mutable_training()->mutable_held_on()->set_year(2026);
  request.mutable_training()->mutable_held_on()->set_month(1);
  request.mutable_training()->mutable_held_on()->set_day(5);
  ASSERT_OK_AND_ASSIGN(const auto made,
                       Call<v1::TrainingRecord>("bangfu.registry.v1.IndustryService.",
                                                "CreateTrainingRecord", request, county_));
  EXPECT_EQ(made.region_path(), kVillage);
  // Another county is offered nothing.
  dict::PrefillFormRequest elsewhere;
  elsewhere.set_form("bangfu.registry.v1.IndustryService.CreateTrainingRecord");
  elsewhere.set_subject_id(project.id());
  EXPECT_THAT(
      Call<dict::Prefill>("bangfu.dictionary.v1.DictionaryService.", "PrefillForm", elsewhere,
                          server_.Token(role::ROLE_COUNTY_OPERATOR, "360734", "other")),
      StatusIs(Code::kNotFound));
}

// What an official reads beside an input, of another area's form too.
TEST_F(DictionaryTest, AFormHandsOutLabelUnitRuleAndHelpOfAField) {
  const auto form = GetForm("bangfu.asset.v1.ContractService.RecordIncome");
  ASSERT_THAT(form, IsOk());
  const auto field =
      std::find_if(form->fields().begin(), form->fields().end(),
                   [](const dict::FormField& f) { return f.path() == "received_fen"; });
  ASSERT_NE(field, form->fields().end());
  EXPECT_EQ(field->label_zh(), "实收金额");
  EXPECT_EQ(field->unit(), "分");
  EXPECT_TRUE(field->rules().required());
  EXPECT_EQ(field->help_zh(),
            "实际到账的金额，单位为分（1元填100），不得超过该期应收；未到账的不登记");
}

// What a form names can be looked up: every enum and code list of every form of every area.
TEST_F(DictionaryTest, EveryFormIsServedAndItsListsAreInTheDictionary) {
  const auto all = Get({});
  ASSERT_THAT(all, IsOk());
  std::set<std::string> lists;
  for (const auto& list : all->lists()) lists.insert(list.name());
  int forms = 0;
  for (const std::string& file_name : ContractFiles()) {
    const auto* file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(file_name);
    ASSERT_NE(file, nullptr) << file_name;
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const auto* method = file->service(i)->method(j);
        if (contract::AccessOf(*method)->mode() != options::v1::ACCESS_MODE_WRITE) continue;
        const auto form = GetForm(method->full_name());
        ASSERT_THAT(form, IsOk()) << method->full_name();
        ++forms;
        for (const auto& field : form->fields()) {
          if (!field.enum_type().empty()) {
            EXPECT_EQ(lists.count(field.enum_type()), 1u) << form->name() << ": " << field.path();
          }
          if (!field.code_list().empty()) {
            EXPECT_EQ(lists.count(field.code_list()), 1u) << form->name() << ": " << field.path();
          }
        }
      }
    }
  }
  EXPECT_GT(forms, 75);
}

}  // namespace
}  // namespace bangfu::registry
