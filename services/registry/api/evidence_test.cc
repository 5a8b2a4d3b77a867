// Evidence of the registry's records, and the kinds that its code list rules.
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/blob/blob_for_test.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {
namespace {

class RegistryEvidence : public RegistryFixture {
 protected:
  type::v1::Evidence Paper(const std::string& kind, const std::string& region = kVillage) {
    auto evidence = ::bangfu::testing::CompleteEvidence(server_.database().db(), server_.ids(),
                                                        server_.clock().Now(), kind, region);
    EXPECT_OK(evidence);
    return evidence.ok() ? *evidence : type::v1::Evidence();
  }
  std::vector<std::string> KindsTold(const std::string& project, const std::string& action) {
    v1::GetProjectRequest get;
    get.set_id(project);
    const auto seen = Call<v1::Project>("ProjectService", "GetProject", get, County());
    EXPECT_OK(seen);
    if (!seen.ok()) return {};
    for (const auto& told : seen->allowed_actions()) {
      if (told.action() == action) {
        return {told.evidence_kinds().begin(), told.evidence_kinds().end()};
      }
    }
    return {};
  }
  absl::StatusOr<v1::Project> Update(const v1::Project& project, const std::string& path,
                                     const std::string& token) {
    v1::UpdateProjectRequest request;
    request.set_request_id(RequestId());
    request.set_id(project.id());
    request.set_etag(project.etag());
    *request.mutable_project() = project;
    request.mutable_update_mask()->add_paths(path);
    return Call<v1::Project>("ProjectService", "UpdateProject", request, token);
  }
};

TEST_F(RegistryEvidence, AProjectKeepsItsEvidenceWhoeverChangesIt) {
  const auto refused =
      ::bangfu::testing::StatusIs(absl::StatusCode::kFailedPrecondition, "EVIDENCE_USED_ELSEWHERE");
  v1::Project project = NewProject("油茶基地");
  // The county's paper: a village does not see it among the files.
  *project.add_evidence() = Paper("FUND_DOC", kCounty);
  ASSERT_OK_AND_ASSIGN(project, Register(project));
  ASSERT_EQ(project.evidence_size(), 1);
  // What is told is what is taken, with the registration too.
  const std::vector<std::string> kinds = KindsTold(project.id(), "update");
  EXPECT_THAT(kinds, ::testing::Contains("FUND_DOC"));
  EXPECT_THAT(kinds, ::testing::Not(::testing::Contains("OVERRIDE_BASIS")));
  const auto unwanted = ::bangfu::testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                                                    "EVIDENCE_KIND_NOT_WANTED");
  for (const char* kind : {"TITLE", "HAND_OVER", "OVERRIDE_BASIS"}) {
    v1::Project with = NewProject("油茶育苗");
    *with.add_evidence() = Paper(kind);
    const auto registered = Register(with);
    EXPECT_THAT(registered, unwanted);
    EXPECT_EQ(GetErrorDetail(registered.status()).metadata["wanted"], absl::StrJoin(kinds, ","));
    with = project;
    *with.add_evidence() = Paper(kind);
    EXPECT_THAT(Update(with, "evidence", County()), unwanted);
  }
  v1::Project every = NewProject("油茶仓库");
  for (const std::string& kind : kinds) *every.add_evidence() = Paper(kind);
  EXPECT_OK(Register(every));
  v1::Project other = NewProject("油茶加工厂");
  *other.add_evidence() = project.evidence(0);
  EXPECT_THAT(Register(other), refused);

  project.set_note("补充说明");
  ASSERT_OK_AND_ASSIGN(project, Update(project, "note", County("another")));
  *project.add_evidence() = Paper("PHOTO");
  ASSERT_OK_AND_ASSIGN(project, Update(project, "evidence", County()));
  EXPECT_EQ(project.evidence_size(), 2);
  // Another county's file, and one that is not what the upload was.
  v1::Project wrong = project;
  *wrong.add_evidence() = Paper("PHOTO", kOtherVillage);
  EXPECT_THAT(Update(wrong, "evidence", County()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EVIDENCE_UNKNOWN"));
  wrong = project;
  wrong.mutable_evidence(1)->set_kind("MINUTES");
  const absl::Status kind = Update(wrong, "evidence", County()).status();
  EXPECT_THAT(kind, StatusIs(absl::StatusCode::kFailedPrecondition, "EVIDENCE_KIND_MISMATCH"));
  EXPECT_THAT(kind, HasViolation("project.evidence[1].kind"));
}

TEST_F(RegistryEvidence, AShortBoardTellsTheKindsThatItsCompletionTakes) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  v1::CreateShortBoardRequest create;
  create.set_request_id(RequestId());
  v1::ShortBoard* board = create.mutable_short_board();
  board->set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
  board->set_subject_id(project.id());
  board->set_kind("TECH");
  board->set_description("缺少榨油设备");
  *board->add_evidence() = Paper("TITLE");
  ASSERT_OK_AND_ASSIGN(
      const v1::ShortBoard open,
      Call<v1::ShortBoard>("IndustryService", "CreateShortBoard", create, County()));
  v1::GetShortBoardRequest get;
  get.set_id(open.id());
  ASSERT_OK_AND_ASSIGN(const v1::ShortBoard told,
                       Call<v1::ShortBoard>("IndustryService", "GetShortBoard", get, County()));
  const type::v1::AllowedAction completes = ToldOf(told, "complete");
  const auto& kinds = completes.evidence_kinds();
  EXPECT_THAT(kinds, ::testing::Contains("ACCEPTANCE"));
  v1::CompleteShortBoardRequest complete;
  complete.set_request_id(RequestId());
  complete.set_id(open.id());
  complete.set_etag(open.etag());
  complete.mutable_completed_on()->set_year(2026);
  complete.mutable_completed_on()->set_month(1);
  complete.mutable_completed_on()->set_day(5);
  complete.set_note("设备已到位");
  *complete.add_evidence() = Paper("TITLE");
  const auto refused =
      Call<v1::ShortBoard>("IndustryService", "CompleteShortBoard", complete, County());
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "EVIDENCE_KIND_NOT_WANTED"));
  // What is checked is what is told.
  EXPECT_EQ(GetErrorDetail(refused.status()).metadata["wanted"], absl::StrJoin(kinds, ","));
  complete.clear_evidence();
  for (const std::string& kind : kinds) *complete.add_evidence() = Paper(kind);
  complete.set_request_id(RequestId());
  EXPECT_OK(Call<v1::ShortBoard>("IndustryService", "CompleteShortBoard", complete, County()));
}

TEST_F(RegistryEvidence, AVillagesDraftTakesItsPhotos) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::SaveUnitReportDraftRequest draft;
  const v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  draft.set_request_id(RequestId());
  draft.set_id(unit.id());
  draft.set_etag(unit.etag());
  // Papers of an asset or an evaluation show no village's report.
  const auto unwanted = ::bangfu::testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                                                    "EVIDENCE_KIND_NOT_WANTED");
  *draft.add_evidence() = Paper("HAND_OVER");
  EXPECT_THAT(Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", draft, Village()),
              unwanted);
  v1::SubmitUnitReportRequest submit;
  submit.set_request_id(RequestId());
  submit.set_id(unit.id());
  submit.set_etag(unit.etag());
  submit.set_is_nil(true);
  submit.set_signatory("李四");
  *submit.add_evidence() = Paper("OVERRIDE_BASIS");
  EXPECT_THAT(Inventory<v1::InventoryUnitReport>("SubmitUnitReport", submit, Village()), unwanted);
  draft.set_request_id(RequestId());
  *draft.mutable_evidence(0) = Paper("PHOTO");
  ASSERT_OK_AND_ASSIGN(const auto saved,
                       Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", draft, Village()));
  EXPECT_EQ(saved.evidence(0).blob_id(), draft.evidence(0).blob_id());
  const v1::InventoryUnitReport second = Unit(campaign.id(), kVillage2);
  draft.set_request_id(RequestId());
  draft.set_id(second.id());
  draft.set_etag(second.etag());
  // Another village's photo: not this village's to name.
  EXPECT_THAT(Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", draft, Village(kVillage2)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EVIDENCE_UNKNOWN"));
}

TEST_F(RegistryEvidence, R129_OneCallSubmitsAFormWithAllThatItHolds) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  v1::SubmitUnitReportRequest submit;
  submit.set_request_id(RequestId());
  submit.set_id(unit.id());
  submit.set_etag(unit.etag());
  submit.set_is_nil(true);
  submit.set_signatory("李四");
  submit.set_note("本村无项目");
  *submit.add_evidence() = Paper("PHOTO", kOtherVillage);
  // A file that the village does not see: nothing is submitted.
  EXPECT_THAT(Inventory<v1::InventoryUnitReport>("SubmitUnitReport", submit, Village()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EVIDENCE_UNKNOWN"));
  EXPECT_EQ(Unit(campaign.id(), kVillage).etag(), unit.etag());
  submit.set_request_id(RequestId());
  *submit.mutable_evidence(0) = Paper("PHOTO");
  ASSERT_OK_AND_ASSIGN(const auto submitted,
                       Inventory<v1::InventoryUnitReport>("SubmitUnitReport", submit, Village()));
  EXPECT_EQ(submitted.state(), v1::UNIT_REPORT_STATE_SUBMITTED);
  EXPECT_EQ(submitted.signatory(), "李四");
  EXPECT_EQ(submitted.note(), "本村无项目");
  ASSERT_EQ(submitted.evidence_size(), 1);

  // What a submit leaves unset stays as the draft has it.
  v1::SaveUnitReportDraftRequest draft;
  const v1::InventoryUnitReport second = Unit(campaign.id(), kVillage2);
  draft.set_request_id(RequestId());
  draft.set_id(second.id());
  draft.set_etag(second.etag());
  draft.set_signatory("王五");
  draft.set_note("草稿");
  *draft.add_evidence() = Paper("PHOTO", kVillage2);
  ASSERT_OK_AND_ASSIGN(const auto saved, Inventory<v1::InventoryUnitReport>(
                                             "SaveUnitReportDraft", draft, Village(kVillage2)));
  v1::SubmitUnitReportRequest blank;
  blank.set_request_id(RequestId());
  blank.set_id(second.id());
  blank.set_etag(saved.etag());
  blank.set_is_nil(true);
  blank.set_signatory("");  // taken out in the form
  EXPECT_THAT(Inventory<v1::InventoryUnitReport>("SubmitUnitReport", blank, Village(kVillage2)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SIGNATORY_REQUIRED"));
  v1::SubmitUnitReportRequest bare;
  bare.set_request_id(RequestId());
  bare.set_id(second.id());
  bare.set_etag(saved.etag());
  bare.set_is_nil(true);
  ASSERT_OK_AND_ASSIGN(const auto kept, Inventory<v1::InventoryUnitReport>("SubmitUnitReport", bare,
                                                                           Village(kVillage2)));
  EXPECT_EQ(kept.note(), "草稿");
  EXPECT_EQ(kept.signatory(), "王五");
  EXPECT_EQ(kept.evidence_size(), 1);
}

// What every service begins with is what the registry's list says.
TEST_F(RegistryEvidence, TheKindsOfTheListAreThoseOfUploads) {
  EXPECT_EQ(server_.database().Int(R"sql(
SELECT COUNT(*) FROM code c JOIN blob_kind k ON k.code = c.code AND k.name_zh = c.name_zh AND
  c.attributes = CONCAT('formats=', k.formats, ';max_mib=', k.max_bytes DIV 1048576)
WHERE c.list = 'EVIDENCE_KIND')sql"),
            server_.database().Int("SELECT COUNT(*) FROM blob_kind"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM code WHERE list = 'EVIDENCE_KIND'"),
            server_.database().Int("SELECT COUNT(*) FROM blob_kind"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM parameter p JOIN blob_setting s "
                                   "ON s.code = p.code AND s.value = p.value"),
            server_.database().Int("SELECT COUNT(*) FROM blob_setting"));
}

TEST_F(RegistryEvidence, TheCodeListRulesTheKinds) {
  v1::CreateCodesRequest create;
  create.set_request_id(RequestId());
  v1::Code& code = *create.add_codes();
  code.set_list("EVIDENCE_KIND");
  code.set_code("DRONE_PHOTO");
  code.set_name_zh("航拍照片");
  for (const auto& [name, value] : {std::pair{"formats", "jpeg"}, std::pair{"max_mib", "60"}}) {
    v1::CodeAttribute& attribute = *code.add_attributes();
    attribute.set_name(name);
    attribute.set_value(value);
  }
  ASSERT_OK(Call<v1::CreateCodesResponse>("CodeListService", "CreateCodes", create, Admin()));
  ASSERT_OK_AND_ASSIGN(const auto kind, blob::FindKind(server_.database().db(), "DRONE_PHOTO"));
  ASSERT_TRUE(kind.has_value());
  EXPECT_EQ(kind->formats, "jpeg");
  EXPECT_EQ(kind->max_bytes, 60 << 20);

  v1::SetParameterRequest set;
  set.set_request_id(RequestId());
  set.set_code("EVIDENCE_QUOTA_MIB");
  set.set_value(64);
  set.set_reason("省厅确认");
  set.set_etag("1");
  ASSERT_OK(Call<v1::Parameter>("CodeListService", "SetParameter", set, Admin()));
  ASSERT_OK_AND_ASSIGN(const int64_t quota,
                       blob::Setting(server_.database().db(), blob::kQuotaMib));
  EXPECT_EQ(quota, 64);
}

}  // namespace
}  // namespace bangfu::registry
