// What the steps of an asset and its contract take as evidence, and what they refuse.
#include "common/blob/blob_for_test.h"
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {
namespace {

class AssetEvidenceTest : public ServiceTest {
 protected:
  type::v1::Evidence Paper(const std::string& kind, const std::string& region = kVillage) {
    auto evidence =
        ::bangfu::testing::CompleteEvidence(*session_, ids_, clock_.Now(), kind, region);
    EXPECT_OK(evidence);
    return evidence.ok() ? *evidence : type::v1::Evidence();
  }
  v1::DisputeTitleRequest Dispute(const v1::Asset& asset) {
    v1::DisputeTitleRequest r;
    r.set_request_id(RequestId());
    r.set_id(asset.id());
    r.set_etag(asset.etag());
    r.set_reason("邻村主张共有");
    return r;
  }
  std::string CaseOf(const type::v1::Evidence& evidence) {
    auto blob = blob::Get(*session_, *Ulid::Parse(evidence.blob_id()), "", {"36"});
    EXPECT_OK(blob);
    return blob.ok()
               ? Cat(blob->use().case_type(), "/", blob->use().case_id(), "/", blob->use().step())
               : "";
  }
};

TEST_F(AssetEvidenceTest, ADisputeTakesItsPapers) {
  const v1::Asset asset = Registered(Shed());
  v1::DisputeTitleRequest r = Dispute(asset);
  EXPECT_THAT(Call<v1::Asset>("AssetService.DisputeTitle", r), HasViolation("evidence"));
  *r.add_evidence() = Paper("BOOKS");
  const absl::Status unwanted = Call<v1::Asset>("AssetService.DisputeTitle", r).status();
  EXPECT_THAT(unwanted,
              StatusIs(absl::StatusCode::kFailedPrecondition, "EVIDENCE_KIND_NOT_WANTED"));
  EXPECT_THAT(unwanted, HasViolation("evidence[0].kind"));
  r = Dispute(asset);
  type::v1::Evidence nameless = Paper("TITLE");
  nameless.clear_blob_id();
  *r.add_evidence() = nameless;
  EXPECT_THAT(Call<v1::Asset>("AssetService.DisputeTitle", r), HasViolation("evidence[0].blob_id"));
  r = Dispute(asset);
  *r.add_evidence() = Paper("TITLE", kOtherCounty);
  EXPECT_THAT(Call<v1::Asset>("AssetService.DisputeTitle", r),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EVIDENCE_UNKNOWN"));
  EXPECT_EQ(Get(asset.id()).etag(), asset.etag());  // nothing has changed

  r = Dispute(asset);
  *r.add_evidence() = Paper("TITLE");
  *r.add_evidence() = Paper("MINUTES");
  ASSERT_OK_AND_ASSIGN(const v1::Asset disputed, Call<v1::Asset>("AssetService.DisputeTitle", r));
  EXPECT_EQ(disputed.title_status(), v1::TITLE_STATUS_DISPUTED);
  for (const type::v1::Evidence& evidence : r.evidence()) {
    EXPECT_EQ(CaseOf(evidence), Cat("asset/", asset.id(), "/DisputeTitle"));
  }
  // The same paper for another asset.
  v1::DisputeTitleRequest other = Dispute(Registered(Shed()));
  *other.add_evidence() = r.evidence(0);
  EXPECT_THAT(Call<v1::Asset>("AssetService.DisputeTitle", other),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EVIDENCE_USED_ELSEWHERE"));
}

// The kinds that a step takes are told with the actions, and are the ones that it checks.
TEST_F(AssetEvidenceTest, EachStepTellsTheKindsThatItTakes) {
  const v1::Asset asset = Get(Registered(Shed()).id());
  std::map<std::string, std::vector<std::string>> told, required;
  for (const auto& action : asset.allowed_actions()) {
    told[action.action()].assign(action.evidence_kinds().begin(), action.evidence_kinds().end());
    required[action.action()].assign(action.evidence_required().begin(),
                                     action.evidence_required().end());
  }
  EXPECT_THAT(required["dispute_title"], ::testing::ElementsAre("ANY"));
  EXPECT_THAT(required["hand_over"], ::testing::IsEmpty());
  for (const char* takes : {"register_title", "dispute_title", "hand_over", "report_use",
                            "record_inspection", "sign_contract", "declare_dividend"}) {
    EXPECT_THAT(told[takes], ::testing::Contains("OTHER")) << takes;
  }
  for (const char* takes_none : {"update", "return_custody", "void"}) {
    EXPECT_THAT(told[takes_none], ::testing::IsEmpty()) << takes_none;
  }
  v1::DisputeTitleRequest dispute = Dispute(asset);
  dispute.clear_evidence();
  EXPECT_THAT(Call<v1::Asset>("AssetService.DisputeTitle", dispute),
              StatusIs(absl::StatusCode::kInvalidArgument));
  *dispute.add_evidence() = Paper("BOOKS");
  const absl::Status unwanted = Call<v1::Asset>("AssetService.DisputeTitle", dispute).status();
  EXPECT_EQ(GetErrorDetail(unwanted).metadata["wanted"], absl::StrJoin(told["dispute_title"], ","));
  dispute = Dispute(asset);
  for (const std::string& kind : told["dispute_title"]) *dispute.add_evidence() = Paper(kind);
  EXPECT_OK(Call<v1::Asset>("AssetService.DisputeTitle", dispute));

  v1::GetContractRequest get;
  get.set_id(Signed(Lease(Registered(Shed()).id(), 6500000)).id());
  ASSERT_OK_AND_ASSIGN(const auto contract,
                       Call<v1::OperatingContract>("ContractService.GetContract", get));
  bool named = false;
  for (const auto& action : contract.allowed_actions()) {
    if (action.action() != "state_base") continue;
    named = true;
    EXPECT_THAT(action.evidence_kinds(), ::testing::ElementsAre("BOOKS", "VOUCHER", "OTHER"));
  }
  EXPECT_TRUE(named);
}

TEST_F(AssetEvidenceTest, ACheckedFormTakesNothingYet) {
  v1::SignContractRequest r = Lease(Registered(Shed()).id(), 6500000);
  *r.add_evidence() = Paper("CONTRACT");
  r.set_validate_only(true);
  ASSERT_OK(Call<v1::OperatingContract>("ContractService.SignContract", r));
  EXPECT_EQ(CaseOf(r.evidence(0)), "//");
  r.set_validate_only(false);
  r.set_request_id(RequestId());
  ASSERT_OK_AND_ASSIGN(const v1::OperatingContract contract,
                       Call<v1::OperatingContract>("ContractService.SignContract", r));
  EXPECT_EQ(CaseOf(r.evidence(0)), Cat("contract/", contract.id(), "/SignContract"));
  // A retried request is the same case; its answer is the stored one.
  ASSERT_OK(Call<v1::OperatingContract>("ContractService.SignContract", r));
}

TEST_F(AssetEvidenceTest, TheRegistrySaysWhatAKindMayBe) {
  registry::v1::CodesChanged codes;
  registry::v1::Code& code = *codes.add_codes();
  code.set_list("EVIDENCE_KIND");
  code.set_code("PHOTO");
  code.set_name_zh("照片");
  for (const auto& [name, value] : {std::pair{"formats", "png,tiff"}, std::pair{"max_mib", "5"}}) {
    registry::v1::CodeAttribute& attribute = *code.add_attributes();
    attribute.set_name(name);
    attribute.set_value(value);
  }
  registry::v1::ParameterChanged keep;
  keep.mutable_parameter()->set_code("EVIDENCE_KEEP_HOURS");
  keep.mutable_parameter()->set_value(48);
  Apply({{"code_batch", &codes}, {"parameter", &keep}});
  ASSERT_OK_AND_ASSIGN(const auto kind, blob::FindKind(*session_, "PHOTO"));
  ASSERT_TRUE(kind.has_value());
  EXPECT_EQ(kind->formats, "png");  // what no build can check is left out
  EXPECT_EQ(kind->max_bytes, 5 << 20);
  ASSERT_OK_AND_ASSIGN(const int64_t hours, blob::Setting(*session_, blob::kKeepHours));
  EXPECT_EQ(hours, 48);
}

}  // namespace
}  // namespace bangfu::asset
