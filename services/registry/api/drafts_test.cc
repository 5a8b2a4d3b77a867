// Drafts of the registry's forms: of its own rpcs, within the limits that the province sets.
#include "bangfu/draft/v1/draft_service.pb.h"
#include "google/protobuf/util/json_util.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

namespace drafts = ::bangfu::draft::v1;

constexpr char kDrafts[] = "bangfu.draft.v1.DraftService.";
constexpr char kForm[] = "bangfu.registry.v1.ProjectService.RegisterProject";

std::string Json(const google::protobuf::Message& message) {
  std::string out;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &out).ok());
  return out;
}

class RegistryDrafts : public RegistryTest {
 protected:
  absl::StatusOr<drafts::Draft> Save(const std::string& json, const std::string& token,
                                     const std::string& form = kForm) {
    drafts::SaveDraftRequest request;
    request.set_form(form);
    request.set_title("冷库项目登记");
    request.set_request_json(json);
    return Call<drafts::Draft>(kDrafts, "SaveDraft", request, token);
  }
  void SetParameter(const std::string& code, int64_t value) {
    v1::SetParameterRequest request;
    request.set_code(code);
    request.set_value(value);
    request.set_reason("省厅确认");
    request.set_etag("1");
    ASSERT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", request, admin_), IsOk());
  }
};

TEST_F(RegistryDrafts, R129_WhatWasFilledInIsNotAskedForAgain) {
  v1::RegisterProjectRequest form;
  *form.mutable_project() = SomeProject();
  form.mutable_project()->set_region_code("36073");  // on the way to the village's
  ASSERT_OK_AND_ASSIGN(const drafts::Draft saved, Save(Json(form), county_));
  ASSERT_EQ(saved.problems_size(), 1);
  EXPECT_EQ(saved.problems(0).path(), "project.region_code");
  EXPECT_EQ(saved.problems(0).label_zh(), "所在区域");

  // Another day: everything is there, and the form is submitted.
  drafts::GetDraftRequest get;
  get.set_id(saved.id());
  ASSERT_OK_AND_ASSIGN(const drafts::Draft held,
                       Call<drafts::Draft>(kDrafts, "GetDraft", get, county_));
  v1::RegisterProjectRequest again;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(held.request_json(), &again).ok());
  EXPECT_EQ(again.SerializeAsString(), form.SerializeAsString());
  again.mutable_project()->set_region_code(kVillage);
  EXPECT_THAT(Call<v1::Project>(kP, "RegisterProject", again, county_), IsOk());
  drafts::DeleteDraftRequest remove;
  remove.set_id(saved.id());
  remove.set_etag(saved.etag());
  EXPECT_THAT(Call<drafts::DeleteDraftResponse>(kDrafts, "DeleteDraft", remove, county_), IsOk());

  // A draft is no record.
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM draft"), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'draft'"),
            0);
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'draft'"), 0);
}

TEST_F(RegistryDrafts, AreOfItsOwnFormsAndOfTheirFields) {
  ASSERT_THAT(Save("{}", county_), IsOk());
  ASSERT_THAT(Save("{}", village_), IsOk());
  // Its contract is known here, its service is another.
  EXPECT_THAT(Save("{}", county_, "bangfu.evaluation.v1.EvaluationService.RecordArgument").status(),
              StatusIs(Code::kNotFound, "DRAFT_FORM_UNKNOWN"));
  EXPECT_THAT(Save("{}", county_, "bangfu.registry.v1.ProjectService.NoSuch").status(),
              StatusIs(Code::kNotFound, "DRAFT_FORM_UNKNOWN"));
  EXPECT_THAT(Save("{}", county_, "bangfu.registry.v1.ProjectService.GetProject").status(),
              StatusIs(Code::kInvalidArgument, "DRAFT_FORM_READS"));
  EXPECT_THAT(Save("{}", admin_).status(), StatusIs(Code::kPermissionDenied, "ROLE_REQUIRED"));
  const absl::Status wrong =
      Save(R"({"project": {"declared_funding": [{}, {"amount": {"fen": "四十万"}}], "owner": 1}})",
           county_)
          .status();
  EXPECT_THAT(wrong, StatusIs(Code::kInvalidArgument, "DRAFT_CONTENT_INVALID"));
  EXPECT_THAT(wrong, HasViolation("project.declared_funding[1].amount.fen"));
  EXPECT_THAT(wrong, HasViolation("project.owner"));
}

TEST_F(RegistryDrafts, TheProvinceSetsTheirLimits) {
  SetParameter("DRAFTS_PER_PERSON", 1);
  SetParameter("DRAFT_MAX_KIB", 1);
  SetParameter("DRAFT_KEEP_DAYS", 3);
  ASSERT_OK_AND_ASSIGN(const drafts::Draft saved, Save("{}", county_));
  EXPECT_EQ(saved.expires_at().seconds() - saved.updated_at().seconds(), 3 * 24 * 3600);
  EXPECT_THAT(Save("{}", county_).status(), StatusIs(Code::kResourceExhausted, "DRAFT_LIMIT"));
  EXPECT_THAT(
      Save(absl::StrCat(R"({"project": {"name": ")", std::string(1024, 'x'), "\"}}"), village_)
          .status(),
      StatusIs(Code::kInvalidArgument, "DRAFT_TOO_LARGE"));
}

}  // namespace
}  // namespace bangfu::registry
