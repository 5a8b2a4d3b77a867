// What the asset service's forms are offered, and what it says is allowed.
#include "common/dictionary/coverage_for_test.h"
#include "google/protobuf/util/json_util.h"
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {
namespace {

using ::testing::IsEmpty;
using Code = absl::StatusCode;

class AssetFormsTest : public ServiceTest {
 protected:
  template <typename Request>
  absl::StatusOr<Request> Prefilled(const std::string& rpc, const std::string& subject,
                                    const std::string& token = "") {
    dictionary::v1::PrefillFormRequest request;
    request.set_form("bangfu.asset.v1." + rpc);
    request.set_subject_id(subject);
    auto answer = server_.Call<dictionary::v1::Prefill>(
        "bangfu.dictionary.v1.DictionaryService.PrefillForm", request,
        token.empty() ? Token(ROLE_COUNTY_OPERATOR) : token);
    if (!answer.ok()) return answer.status();
    sources_.clear();
    for (const auto& field : answer->fields()) sources_[field.path()] = field.record_id();
    Request filled;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(answer->request_json(), &filled).ok());
    return filled;
  }
  std::map<std::string, std::string> sources_;  // path -> record, of the last prefill
};

TEST_F(AssetFormsTest, R129_EveryFormIsOfferedWhatIsHeld) {
  EXPECT_THAT(
      dictionary::FormsWithoutPrefill(
          {"bangfu.asset.v1.AssetService", "bangfu.asset.v1.ContractService"}, api::Prefills()),
      IsEmpty());
}

TEST_F(AssetFormsTest, R129_AnAssetIsOfferedWhatItsProjectHolds) {
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
  *p.mutable_planting_date() = Date(2022, 3, 12);
  auto* exact = p.add_declared_funding();
  exact->set_source_code("BRIDGE_CENTRAL");
  exact->mutable_amount()->set_fen(50000000);
  exact->mutable_amount()->set_parse_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
  auto* about = p.add_declared_funding();
  about->set_source_code("SELF_RAISED");
  about->mutable_amount()->set_fen(1000000);
  about->mutable_amount()->set_parse_state(type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
  Apply({{"operator", &op}, {"project", &changed}});

  ASSERT_OK_AND_ASSIGN(const auto filled,
                       Prefilled<v1::RegisterAssetRequest>("AssetService.RegisterAsset", p.id()));
  const v1::AssetDetails& d = filled.details();
  EXPECT_EQ(d.source_projects(0).project_id(), p.id());
  EXPECT_EQ(d.region_code(), kVillage);
  EXPECT_EQ(d.latitude_e7(), 255000000);
  EXPECT_EQ(d.planting_date().year(), 2022);
  EXPECT_EQ(d.cultivation_months(), 60);
  EXPECT_EQ(d.operator_uscc(), kOperator2);
  EXPECT_EQ(d.operator_name(), "绿源公司");
  // Money that the document does not state exactly is not offered as if it did.
  ASSERT_EQ(d.fund_sources_size(), 1);
  EXPECT_EQ(d.fund_sources(0).amount_fen(), 50000000);
  EXPECT_EQ(sources_["details.planting_date"], p.id());
  EXPECT_EQ(sources_["details.operator_name"], op.operator_().id());

  // The offered form is one that the rpc takes once a person has added what is new.
  v1::RegisterAssetRequest request = filled;
  request.set_request_id(RequestId());
  request.set_validate_only(true);
  v1::AssetDetails& added = *request.mutable_details();
  added.set_name("油茶基地");
  added.set_asset_class(v1::ASSET_CLASS_OPERATING);
  added.set_asset_form(v1::ASSET_FORM_BIOLOGICAL);
  added.set_original_value_fen(50000000);
  EXPECT_OK(Call<v1::Asset>("AssetService.RegisterAsset", request));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM asset"), 0);

  // Another county is offered nothing.
  EXPECT_THAT(Prefilled<v1::RegisterAssetRequest>("AssetService.RegisterAsset", p.id(),
                                                  Token(ROLE_COUNTY_OPERATOR, kOtherCounty)),
              StatusIs(Code::kNotFound));
}

TEST_F(AssetFormsTest, R129_AContractIsOfferedTheAssetAndItsIncomeTheDuePayment) {
  const v1::Asset asset = Registered(Shed());
  ASSERT_OK_AND_ASSIGN(const auto contract, Prefilled<v1::SignContractRequest>(
                                                "ContractService.SignContract", asset.id()));
  EXPECT_EQ(contract.terms().asset_ids(0), asset.id());
  EXPECT_EQ(contract.terms().owner_party(), "水东村股份经济合作社");
  const v1::OperatingContract made = Signed(Lease(asset.id(), 120000));
  ASSERT_OK_AND_ASSIGN(
      auto income, Prefilled<v1::RecordIncomeRequest>("ContractService.RecordIncome", made.id()));
  EXPECT_EQ(income.due_no(), 1);
  EXPECT_EQ(income.received_fen(), 120000);
  ASSERT_OK(Receive(made.id(), 1, 20000, Date(2025, 7, 1)));
  ASSERT_OK_AND_ASSIGN(
      income, Prefilled<v1::RecordIncomeRequest>("ContractService.RecordIncome", made.id()));
  EXPECT_EQ(income.received_fen(), 100000);
}

TEST_F(AssetFormsTest, WhatAContractSaysIsAllowedIsWhatItsStepsDo) {
  const v1::Asset asset = Registered(Shed());
  const v1::OperatingContract made = Signed(Lease(asset.id(), 100));
  const auto try_all = [&](int expected) {
    int told = 0;
    for (const auto role : {ROLE_COUNTY_OPERATOR, ROLE_COUNTY_APPROVER, ROLE_VILLAGE_REPORTER}) {
      const std::string token = Token(role);
      v1::BatchGetContractsRequest get;
      get.add_ids(made.id());
      ASSERT_OK_AND_ASSIGN(const auto seen, Call<v1::BatchGetContractsResponse>(
                                                "ContractService.BatchGetContracts", get, token));
      ASSERT_EQ(seen.contracts_size(), 1);
      for (const auto& action : seen.contracts(0).allowed_actions()) {
        ++told;
        absl::Status status;
        if (action.action() == "terminate") {
          v1::TerminateContractRequest r;
          r.set_request_id(RequestId());
          r.set_id(made.id());
          r.set_etag(seen.contracts(0).etag());
          *r.mutable_ended_on() = Date(2026, 3, 31);
          r.set_reason("停产");
          r.set_validate_only(true);
          status =
              Call<v1::OperatingContract>("ContractService.TerminateContract", r, token).status();
        } else if (action.action() == "state_base") {
          v1::StateDueBaseRequest r;
          r.set_request_id(RequestId());
          r.set_contract_id(made.id());
          r.set_due_no(1);
          r.set_etag(seen.contracts(0).etag());
          r.set_base_fen(100);
          r.set_validate_only(true);
          status = Call<v1::IncomeDue>("ContractService.StateDueBase", r, token).status();
        } else if (action.action() == "record_income") {
          v1::RecordIncomeRequest r;
          r.set_request_id(RequestId());
          r.set_contract_id(made.id());
          r.set_due_no(2);
          r.set_received_fen(100);
          *r.mutable_received_on() = Date(2026, 7, 1);
          r.set_validate_only(true);
          status = Call<v1::IncomeRecord>("ContractService.RecordIncome", r, token).status();
        } else {
          v1::VoidContractRequest r;
          r.set_request_id(RequestId());
          r.set_id(made.id());
          r.set_etag(seen.contracts(0).etag());
          r.set_reason("错登");
          r.set_validate_only(true);
          status = Call<v1::OperatingContract>("ContractService.VoidContract", r, token).status();
        }
        EXPECT_EQ(status.ok(), action.allowed()) << action.action() << ": " << status;
        EXPECT_EQ(ReasonOf(status), action.refusal_reason());
      }
    }
    EXPECT_EQ(told, expected);
  };
  try_all(6);
  ASSERT_OK(Receive(made.id(), 1, 100, Date(2025, 7, 1)));
  try_all(6);  // income keeps the contract from being void
}

TEST_F(AssetFormsTest, WhatAnAssetSaysIsAllowedIsToldForManyAsForOne) {
  const v1::Asset free = Registered(Shed());
  const v1::Asset let = Registered(Shed());
  Signed(Lease(let.id(), 100));
  v1::BatchGetAssetsRequest get;
  get.add_ids(free.id());
  get.add_ids(let.id());
  const std::string token = Token(ROLE_COUNTY_APPROVER);
  ASSERT_OK_AND_ASSIGN(const auto seen,
                       Call<v1::BatchGetAssetsResponse>("AssetService.BatchGetAssets", get, token));
  ASSERT_EQ(seen.assets_size(), 2);
  for (const v1::Asset& asset : seen.assets()) {
    v1::GetAssetRequest one;
    one.set_id(asset.id());
    ASSERT_OK_AND_ASSIGN(const auto alone, Call<v1::Asset>("AssetService.GetAsset", one, token));
    EXPECT_EQ(alone.SerializeAsString(), asset.SerializeAsString());
    for (const auto& action : asset.allowed_actions()) {
      if (action.action() != "void") continue;
      v1::VoidAssetRequest request;
      request.set_request_id(RequestId());
      request.set_id(asset.id());
      request.set_etag(asset.etag());
      request.set_reason("错登");
      request.set_validate_only(true);
      const absl::Status status =
          Call<v1::Asset>("AssetService.VoidAsset", request, token).status();
      EXPECT_EQ(status.ok(), action.allowed()) << status;
      EXPECT_EQ(ReasonOf(status), action.refusal_reason());
      EXPECT_EQ(action.allowed(), asset.id() == free.id());
    }
  }
}

}  // namespace
}  // namespace bangfu::asset
