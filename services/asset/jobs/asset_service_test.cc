#include <map>
#include <optional>
#include <string>
#include <thread>

#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {
namespace {

using AssetServiceTest = ServiceTest;

TEST_F(AssetServiceTest, R026_RegistersAnAssetAndPublishesTheFactsOfItsProject) {
  const v1::Asset asset = Registered(Shed());
  EXPECT_EQ(asset.asset_code(), "AS360733101201J0001");
  EXPECT_EQ(asset.region_path(), kVillage);
  EXPECT_EQ(asset.state(), v1::ASSET_STATE_ACTIVE);
  EXPECT_EQ(asset.title_status(), v1::TITLE_STATUS_UNREGISTERED);
  EXPECT_EQ(Registered(Shed()).asset_code(), "AS360733101201J0002");

  const v1::ProjectAssetFacts facts = Facts();
  EXPECT_TRUE(facts.has_operating_assets());
  EXPECT_EQ(facts.operating_original_value_fen(), 200000000);
  EXPECT_EQ(facts.in_use_value_fen(), 200000000);
  EXPECT_EQ(facts.operating_status(), v1::OPERATING_STATUS_NORMAL);
  EXPECT_FALSE(facts.income_reported());  // missing, not zero
  EXPECT_EQ(Events("project_asset_facts"), 2);
  EXPECT_EQ(Events("asset"), 2);

  // Nothing that a fact rests on: no new facts.
  v1::UpdateAssetRequest update;
  update.set_request_id(RequestId());
  update.set_id(asset.id());
  update.set_etag(asset.etag());
  update.mutable_details()->set_note("夏季检修");
  update.mutable_update_mask()->add_paths("note");
  ASSERT_OK(Call<v1::Asset>("AssetService.UpdateAsset", update));
  EXPECT_EQ(Events("asset"), 3);
  EXPECT_EQ(Events("project_asset_facts"), 2);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'asset'"),
            3);
}

TEST_F(AssetServiceTest, R026_RefusesWhatIsOutsideTheSurveyOrDoesNotAddUp) {
  const auto refused = [&](const v1::RegisterAssetRequest& r) {
    return Call<v1::Asset>("AssetService.RegisterAsset", r);
  };
  v1::RegisterAssetRequest r = Shed();
  r.mutable_details()->mutable_fund_sources(0)->set_source_code("SELF_RAISED");
  EXPECT_THAT(refused(r), StatusIs(absl::StatusCode::kFailedPrecondition, "OUT_OF_SCOPE"));
  r = Shed();
  r.mutable_details()->mutable_fund_sources(0)->set_amount_fen(1);
  EXPECT_THAT(refused(r), HasViolation("details.fund_sources"));
  r = Shed();
  r.mutable_details()->mutable_owners(0)->set_share_bp(9999);
  EXPECT_THAT(refused(r), HasViolation("details.owners"));
  r = Shed();
  r.mutable_details()->mutable_source_projects(0)->set_project_id(ids_.Next().ToString());
  EXPECT_THAT(refused(r), StatusIs(absl::StatusCode::kFailedPrecondition, "PROJECT_UNKNOWN"));
  r = Shed();
  r.mutable_details()->mutable_source_projects(0)->set_project_id(Project("V", kVillage, true));
  EXPECT_THAT(refused(r), StatusIs(absl::StatusCode::kFailedPrecondition, "PROJECT_VOID"));
  r = Shed();
  r.mutable_details()->mutable_source_projects(0)->set_project_id(Project("F", kOtherCounty));
  EXPECT_THAT(refused(r), StatusIs(absl::StatusCode::kFailedPrecondition, "PROJECT_UNKNOWN"));
  r = Shed();
  r.mutable_details()->set_region_code(kOtherCounty);
  EXPECT_THAT(refused(r), StatusIs(absl::StatusCode::kNotFound));
  r = Shed();
  r.mutable_details()->set_region_code("360799");
  EXPECT_THAT(refused(r), HasViolation("details.region_code"));
  r = Shed();
  r.mutable_details()->clear_formed_date();
  r.mutable_details()->mutable_source_projects(0)->set_project_id(Project("B", kVillage, false, 7));
  EXPECT_THAT(refused(r), StatusIs(absl::StatusCode::kFailedPrecondition, "ASSET_NOT_FORMED"));
  r = Shed();
  *r.mutable_details()->mutable_formed_date() = Date(2027, 1, 1);
  EXPECT_THAT(refused(r), HasViolation("details.formed_date"));
  EXPECT_THAT(
      Call<v1::Asset>("AssetService.RegisterAsset", Shed(), Token(ROLE_VILLAGE_REPORTER, kVillage)),
      StatusIs(absl::StatusCode::kPermissionDenied));
  r = Shed();
  r.set_validate_only(true);
  EXPECT_OK(refused(r));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM asset"), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM feed_outbox"), 0);
}

TEST_F(AssetServiceTest, ARepeatedRequestRegistersOnce) {
  const v1::RegisterAssetRequest r = Shed();
  const v1::Asset first = Registered(r);
  EXPECT_EQ(Registered(r).id(), first.id());
  v1::RegisterAssetRequest other = r;
  other.mutable_details()->set_name("另一座");
  EXPECT_THAT(Call<v1::Asset>("AssetService.RegisterAsset", other),
              StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM asset"), 1);
}

TEST_F(AssetServiceTest, R026_PartialUseCountsTheSharesThatAreInUse) {
  const v1::Asset asset = Registered(Shed(40000000));
  v1::ReportUseStateRequest r;
  r.set_request_id(RequestId());
  r.set_id(asset.id());
  r.set_etag(asset.etag());
  r.mutable_use()->set_use_state(v1::USE_STATE_PARTIAL);
  *r.mutable_use()->mutable_since() = Date(2026, 9, 1);
  v1::UsePart* part = r.mutable_use()->add_use_parts();
  part->set_description("三处已出租");
  part->set_value_share_bp(7500);
  part->set_use_state(v1::USE_STATE_IN_USE);
  part = r.mutable_use()->add_use_parts();
  part->set_description("一处待租");
  part->set_value_share_bp(2500);
  part->set_use_state(v1::USE_STATE_IDLE);
  ASSERT_OK(
      Call<v1::Asset>("AssetService.ReportUseState", r, Token(ROLE_VILLAGE_REPORTER, kVillage)));
  const v1::ProjectAssetFacts facts = Facts();
  EXPECT_EQ(facts.operating_status(), v1::OPERATING_STATUS_PARTIAL);
  EXPECT_EQ(facts.in_use_value_fen(), 30000000);
  EXPECT_EQ(facts.idle_since().month(), 9);

  r.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::Asset>("AssetService.ReportUseState", r),
              StatusIs(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
  r.set_etag(Get(asset.id()).etag());
  r.set_request_id(RequestId());
  *r.mutable_use()->mutable_since() = Date(2026, 8, 1);
  EXPECT_THAT(Call<v1::Asset>("AssetService.ReportUseState", r),
              StatusIs(absl::StatusCode::kFailedPrecondition, "REPORT_OUT_OF_ORDER"));
}

TEST_F(AssetServiceTest, TitleAndCustodyMoveByThemselves) {
  v1::Asset asset = Registered(Shed());
  v1::RegisterTitleRequest title;
  title.set_request_id(RequestId());
  title.set_id(asset.id());
  title.set_etag(asset.etag());
  title.set_cert_no("赣(2021)第1234号");
  *title.mutable_title_date() = Date(2021, 5, 1);
  EXPECT_THAT(Call<v1::Asset>("AssetService.RegisterTitle", title),
              StatusIs(absl::StatusCode::kFailedPrecondition, "OWNERSHIP_BASIS_MISSING"));
  v1::UpdateAssetRequest basis;
  basis.set_request_id(RequestId());
  basis.set_id(asset.id());
  basis.set_etag(asset.etag());
  basis.mutable_details()->add_ownership_basis("FUND_SOURCE");
  basis.mutable_update_mask()->add_paths("ownership_basis");
  ASSERT_OK_AND_ASSIGN(asset, Call<v1::Asset>("AssetService.UpdateAsset", basis));
  title.set_request_id(RequestId());
  title.set_etag(asset.etag());
  ASSERT_OK_AND_ASSIGN(asset, Call<v1::Asset>("AssetService.RegisterTitle", title));
  EXPECT_EQ(asset.title_status(), v1::TITLE_STATUS_REGISTERED);

  // A registered owner changes by settlement only.
  v1::UpdateAssetRequest owners;
  owners.set_request_id(RequestId());
  owners.set_id(asset.id());
  owners.set_etag(asset.etag());
  owners.mutable_update_mask()->add_paths("owners");
  EXPECT_THAT(Call<v1::Asset>("AssetService.UpdateAsset", owners),
              StatusIs(absl::StatusCode::kFailedPrecondition, "TITLE_REGISTERED"));

  v1::HandOverRequest hand;
  hand.set_request_id(RequestId());
  hand.set_id(asset.id());
  hand.set_etag(asset.etag());
  hand.set_custodian("水东村委会");
  hand.set_accepted_by("张三");
  *hand.mutable_transferred_date() = Date(2021, 6, 1);
  ASSERT_OK_AND_ASSIGN(asset, Call<v1::Asset>("AssetService.HandOver", hand));
  EXPECT_EQ(asset.custody_status(), v1::CUSTODY_STATUS_HANDED_OVER);
  EXPECT_EQ(asset.title_status(), v1::TITLE_STATUS_REGISTERED);
  hand.set_request_id(RequestId());
  hand.set_etag(asset.etag());
  EXPECT_THAT(Call<v1::Asset>("AssetService.HandOver", hand),
              StatusIs(absl::StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  v1::ReturnCustodyRequest back;
  back.set_request_id(RequestId());
  back.set_id(asset.id());
  back.set_etag(asset.etag());
  back.set_reason("收回统一管理");
  *back.mutable_returned_date() = Date(2026, 1, 1);
  ASSERT_OK_AND_ASSIGN(asset, Call<v1::Asset>("AssetService.ReturnCustody", back));
  EXPECT_TRUE(asset.custodian().empty());

  std::map<std::string, bool> allowed;
  const v1::Asset now = Get(asset.id());
  for (const auto& action : now.allowed_actions()) allowed[action.action()] = action.allowed();
  EXPECT_FALSE(allowed.at("register_title"));
  EXPECT_TRUE(allowed.at("hand_over"));
  EXPECT_TRUE(allowed.at("dispute_title"));
}

TEST_F(AssetServiceTest, ManyAssetsAreHandedOverInspectedAndTakenBackAtOnce) {
  std::vector<v1::Asset> assets;
  for (int i = 0; i < 3; ++i) assets.push_back(Registered(Shed()));
  v1::BatchHandOverRequest hand;
  hand.set_request_id(RequestId());
  hand.set_custodian("水东村委会");
  hand.set_accepted_by("张三");
  *hand.mutable_transferred_date() = Date(2026, 6, 1);
  for (const v1::Asset& asset : assets) hand.add_items()->set_id(asset.id());
  hand.mutable_items(0)->set_etag(assets[0].etag());
  hand.mutable_items(1)->set_etag("77");
  hand.add_items()->set_id(ids_.Next().ToString());
  // Only looked at: what would become of each asset, under the same request id too.
  const int64_t audited = server_.database().Int("SELECT COUNT(*) FROM audit_log");
  hand.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto looked_at,
                       Call<v1::BatchHandOverResponse>("AssetService.BatchHandOver", hand));
  EXPECT_EQ(Get(assets[0].id()).custody_status(), v1::CUSTODY_STATUS_NOT_HANDED_OVER);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log"), audited);
  hand.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const auto handed,
                       Call<v1::BatchHandOverResponse>("AssetService.BatchHandOver", hand));
  EXPECT_EQ(handed.SerializeAsString(), looked_at.SerializeAsString());
  ASSERT_EQ(handed.results_size(), 4);
  EXPECT_TRUE(handed.results(0).done());
  EXPECT_EQ(handed.results(1).refusal().reason(), "ETAG_MISMATCH");
  EXPECT_TRUE(handed.results(2).done());
  EXPECT_EQ(handed.results(3).refusal().code(), static_cast<int>(absl::StatusCode::kNotFound));
  EXPECT_EQ(Get(assets[0].id()).custodian(), "水东村委会");
  EXPECT_EQ(Get(assets[0].id()).etag(), handed.results(0).etag());
  EXPECT_EQ(Get(assets[1].id()).custody_status(), v1::CUSTODY_STATUS_NOT_HANDED_OVER);
  // The same call again does nothing twice.
  ASSERT_OK_AND_ASSIGN(const auto again,
                       Call<v1::BatchHandOverResponse>("AssetService.BatchHandOver", hand));
  EXPECT_EQ(again.SerializeAsString(), handed.SerializeAsString());

  v1::BatchRecordInspectionRequest inspect;
  inspect.set_request_id(RequestId());
  *inspect.mutable_inspected_on() = Date(2026, 7, 1);
  inspect.set_result(v1::INSPECTION_RESULT_FAILED);
  for (const v1::Asset& asset : assets) inspect.add_items()->set_id(asset.id());
  ASSERT_OK_AND_ASSIGN(const auto silent, Call<v1::BatchRecordInspectionResponse>(
                                              "AssetService.BatchRecordInspection", inspect));
  for (const auto& result : silent.results()) {
    ASSERT_EQ(result.refusal().fields_size(), 1);
    EXPECT_EQ(result.refusal().fields(0).field(), "findings");
  }
  inspect.set_request_id(RequestId());
  inspect.set_findings("茅草丛生");
  inspect.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto could_be, Call<v1::BatchRecordInspectionResponse>(
                                                "AssetService.BatchRecordInspection", inspect));
  EXPECT_TRUE(could_be.results(0).done());
  EXPECT_EQ(Get(assets[0].id()).etag(), handed.results(0).etag());
  inspect.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const auto inspected, Call<v1::BatchRecordInspectionResponse>(
                                                 "AssetService.BatchRecordInspection", inspect));
  for (const auto& result : inspected.results()) EXPECT_TRUE(result.done());

  v1::BatchReturnCustodyRequest back;
  back.set_request_id(RequestId());
  back.set_reason("收回统一管理");
  *back.mutable_returned_date() = Date(2026, 8, 1);
  for (const v1::Asset& asset : assets) back.add_items()->set_id(asset.id());
  back.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto would_return, Call<v1::BatchReturnCustodyResponse>(
                                                    "AssetService.BatchReturnCustody", back));
  EXPECT_FALSE(Get(assets[2].id()).custodian().empty());
  back.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const auto returned, Call<v1::BatchReturnCustodyResponse>(
                                                "AssetService.BatchReturnCustody", back));
  EXPECT_EQ(returned.SerializeAsString(), would_return.SerializeAsString());
  EXPECT_TRUE(returned.results(0).done());
  EXPECT_EQ(returned.results(1).refusal().reason(), "STATE_NOT_ALLOWED");
  EXPECT_TRUE(Get(assets[2].id()).custodian().empty());
}

TEST_F(AssetServiceTest, R110_IncomeFallsDueComesInAndIsReversed) {
  const v1::Asset asset = Registered(Shed());
  const v1::OperatingContract contract = Signed(Lease(asset.id(), 6500000));
  v1::ListIncomeDuesRequest list;
  list.set_contract_id(contract.id());
  ASSERT_OK_AND_ASSIGN(const auto dues,
                       Call<v1::ListIncomeDuesResponse>("ContractService.ListIncomeDues", list));
  ASSERT_EQ(dues.dues_size(), 3);
  EXPECT_EQ(dues.dues(1).due_fen(), 6500000);
  EXPECT_EQ(dues.dues(1).arrears_days(), 147);  // since 2026-06-30
  EXPECT_EQ(contract.arrears_fen(), 13000000);

  ASSERT_OK_AND_ASSIGN(const auto income, Receive(contract.id(), 2, 5200000, Date(2026, 8, 15)));
  v1::ProjectAssetFacts facts = Facts();
  EXPECT_TRUE(facts.income_reported());
  EXPECT_EQ(Month(facts, "2026-08").received_fen(), 5200000);
  EXPECT_EQ(Month(facts, "2026-06").due_fen(), 6500000);
  EXPECT_EQ(Month(facts, "2026-06").received_of_due_fen(), 5200000);
  const auto too_much = Receive(contract.id(), 2, 1300001, Date(2026, 8, 16));
  EXPECT_THAT(too_much, StatusIs(absl::StatusCode::kFailedPrecondition, "INCOME_EXCEEDS_DUE"));
  EXPECT_EQ(GetErrorDetail(too_much.status()).metadata["open_fen"], "1300000");
  EXPECT_THAT(Receive(contract.id(), 3, 100, Date(2027, 6, 30)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "INCOME_NOT_RECEIVED"));
  EXPECT_THAT(Receive(contract.id(), 9, 100, Date(2026, 6, 30)),
              StatusIs(absl::StatusCode::kNotFound));

  v1::ReverseIncomeRequest reverse;
  reverse.set_request_id(RequestId());
  reverse.set_id(income.id());
  reverse.set_reason("重复登记");
  ASSERT_OK_AND_ASSIGN(const auto back,
                       Call<v1::IncomeRecord>("ContractService.ReverseIncome", reverse));
  EXPECT_EQ(back.received_fen(), -5200000);
  EXPECT_EQ(Month(Facts(), "2026-06").received_of_due_fen(), 0);
  reverse.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::IncomeRecord>("ContractService.ReverseIncome", reverse),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_REVERSED"));
}

// A tenant has paid ahead for a period that begins after the contract's end.
TEST_F(AssetServiceTest, NothingIsOwedOfPeriodsThatNeverBegin) {
  const v1::Asset asset = Registered(Shed());
  v1::OperatingContract contract = Signed(Lease(asset.id(), 6000000));
  ASSERT_OK(Receive(contract.id(), 2, 6000000, Date(2026, 6, 30)));
  v1::ListIncomeDuesRequest list;
  list.set_contract_id(contract.id());
  ASSERT_OK_AND_ASSIGN(const auto planned,
                       Call<v1::ListIncomeDuesResponse>("ContractService.ListIncomeDues", list));
  ASSERT_EQ(planned.dues_size(), 3);
  ASSERT_OK_AND_ASSIGN(const auto ahead, Receive(contract.id(), 3, 1000000, Date(2026, 6, 1)));
  v1::GetContractRequest get;
  get.set_id(contract.id());
  ASSERT_OK_AND_ASSIGN(contract, Call<v1::OperatingContract>("ContractService.GetContract", get));
  v1::TerminateContractRequest end;
  end.set_request_id(RequestId());
  end.set_id(contract.id());
  end.set_etag(contract.etag());
  *end.mutable_ended_on() = Date(2026, 6, 30);
  end.set_reason("经营主体退出");
  ASSERT_OK(Call<v1::OperatingContract>("ContractService.TerminateContract", end));
  const auto third = [&]() -> v1::IncomeDue {
    const auto dues = Call<v1::ListIncomeDuesResponse>("ContractService.ListIncomeDues", list);
    EXPECT_OK(dues);
    if (!dues.ok() || dues->dues_size() != 3) {
      ADD_FAILURE() << "the due that was paid ahead is gone";
      return {};
    }
    return dues->dues(2);
  };
  EXPECT_EQ(third().due_fen(), 1000000);
  EXPECT_EQ(third().received_fen(), 1000000);
  // What is paid back is not owed either.
  v1::ReverseIncomeRequest reverse;
  reverse.set_request_id(RequestId());
  reverse.set_id(ahead.id());
  reverse.set_reason("合同解除，退回预付款");
  ASSERT_OK(Call<v1::IncomeRecord>("ContractService.ReverseIncome", reverse));
  EXPECT_EQ(third().due_fen(), 0);
  EXPECT_EQ(third().received_fen(), 0);
  // What was typed wrongly is told again, as of the day on which it came; later nothing comes.
  ASSERT_OK(Receive(contract.id(), 3, 800000, Date(2026, 6, 30)));
  EXPECT_EQ(third().due_fen(), 800000);
  EXPECT_EQ(third().received_fen(), 800000);
  EXPECT_THAT(Receive(contract.id(), 3, 100, Date(2026, 7, 1)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "INCOME_EXCEEDS_DUE"));
}

TEST_F(AssetServiceTest, ARateOfSalesWaitsForItsBase) {
  const v1::Asset asset = Registered(Shed());
  v1::SignContractRequest sign = Lease(asset.id(), 1000000);
  sign.mutable_terms()->mutable_schedule(0)->set_rate_bp(1000);
  sign.mutable_terms()->mutable_schedule(0)->set_rate_base(v1::RATE_BASE_SALES);
  const v1::OperatingContract contract = Signed(sign);
  EXPECT_EQ(Month(Facts(), "2026-06").dues_unknown(), 1);
  EXPECT_THAT(Receive(contract.id(), 2, 100, Date(2026, 8, 1)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "DUE_BASE_UNKNOWN"));
  v1::StateDueBaseRequest base;
  base.set_request_id(RequestId());
  base.set_contract_id(contract.id());
  base.set_etag(contract.etag());
  base.set_due_no(2);
  base.set_base_fen(33333335);
  ASSERT_OK_AND_ASSIGN(const auto due, Call<v1::IncomeDue>("ContractService.StateDueBase", base));
  EXPECT_EQ(due.due_fen(), 1000000 + 3333334);  // 3333333.5 rounds up
  EXPECT_EQ(Month(Facts(), "2026-06").due_fen(), 4333334);
}

TEST_F(AssetServiceTest, R038_ANewOperatorComesByItsContract) {
  const v1::Asset asset = Registered(Shed());
  EXPECT_FALSE(Facts().compliance().has_contract());
  const v1::OperatingContract first = Signed(Lease(asset.id(), 100));
  v1::ProjectAssetFacts facts = Facts();
  EXPECT_TRUE(facts.compliance().has_contract());
  EXPECT_TRUE(facts.compliance().operator_known());
  EXPECT_TRUE(facts.compliance().in_good_standing());
  EXPECT_EQ(Get(asset.id()).details().operator_uscc(), kOperator);
  v1::SignContractRequest second = Lease(asset.id(), 200);
  second.mutable_terms()->set_operator_uscc(kOperator2);
  EXPECT_THAT(Call<v1::OperatingContract>("ContractService.SignContract", second),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ASSET_UNDER_CONTRACT"));

  v1::TerminateContractRequest end;
  end.set_request_id(RequestId());
  end.set_id(first.id());
  end.set_etag(first.etag());
  *end.mutable_ended_on() = Date(2026, 3, 31);
  end.set_reason("停产闲置，另行委托经营");
  ASSERT_OK_AND_ASSIGN(const auto ended,
                       Call<v1::OperatingContract>("ContractService.TerminateContract", end));
  EXPECT_EQ(ended.state(), v1::CONTRACT_STATE_TERMINATED);
  EXPECT_EQ(Get(asset.id()).details().operate_mode(), v1::OPERATE_MODE_NONE);
  EXPECT_EQ(Month(Facts(), "2026-03").due_fen(), 25);  // 90 of 365 days of 100 fen
  EXPECT_EQ(Month(Facts(), "2026-06").due_fen(), 0);
  second.mutable_terms()->set_mode(v1::OPERATE_MODE_ENTRUST);
  second.set_request_id(RequestId());
  Signed(second);
  EXPECT_EQ(Get(asset.id()).details().operate_mode(), v1::OPERATE_MODE_ENTRUST);
  EXPECT_FALSE(Facts().compliance().operator_known());  // the registry has no such operator

  // What references an asset keeps it.
  v1::VoidAssetRequest destroy;
  destroy.set_request_id(RequestId());
  destroy.set_id(asset.id());
  destroy.set_etag(Get(asset.id()).etag());
  destroy.set_reason("错登");
  EXPECT_THAT(Call<v1::Asset>("AssetService.VoidAsset", destroy, Token(ROLE_COUNTY_APPROVER)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ASSET_REFERENCED"));
}

TEST_F(AssetServiceTest, OfTwoContractsAtOnceOneIsSigned) {
  const v1::Asset asset = Registered(Shed());
  std::vector<absl::StatusOr<v1::OperatingContract>> results(2, absl::UnknownError(""));
  std::vector<v1::SignContractRequest> requests = {Lease(asset.id(), 100), Lease(asset.id(), 200)};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      results[i] = server_.Call<v1::OperatingContract>(
          "bangfu.asset.v1.ContractService.SignContract", requests[i],
          Token(ROLE_COUNTY_OPERATOR, "360733", Cat("p", i)));
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_NE(results[0].ok(), results[1].ok());
  EXPECT_THAT(results[0].ok() ? results[1] : results[0],
              StatusIs(absl::StatusCode::kFailedPrecondition, "ASSET_UNDER_CONTRACT"));
}

TEST_F(AssetServiceTest, R110_DividendsRestOnIncomeAndArePaidOnce) {
  const v1::Asset asset = Registered(Shed());
  const v1::OperatingContract contract = Signed(Lease(asset.id(), 6000000));
  ASSERT_OK(Receive(contract.id(), 2, 6000000, Date(2026, 6, 30)));
  v1::DeclareDividendRequest declare;
  declare.set_request_id(RequestId());
  declare.set_asset_id(asset.id());
  declare.set_use(v1::DIVIDEND_USE_HOUSEHOLD_DIVIDEND);
  declare.set_period("2026年上半年");
  *declare.mutable_declared_on() = Date(2026, 7, 10);
  declare.set_declared_fen(4000000);
  // Of two at once, whose sum is more than came in, one stands.
  std::vector<absl::StatusOr<v1::Dividend>> results(2, absl::UnknownError(""));
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      v1::DeclareDividendRequest mine = declare;
      mine.set_request_id(Cat("declare-", i, "-x"));
      results[i] =
          server_.Call<v1::Dividend>("bangfu.asset.v1.ContractService.DeclareDividend", mine,
                                     Token(ROLE_COUNTY_OPERATOR, "360733", Cat("p", i)));
    });
  }
  for (std::thread& t : threads) t.join();
  ASSERT_NE(results[0].ok(), results[1].ok());
  const v1::Dividend dividend = results[0].ok() ? *results[0] : *results[1];
  EXPECT_THAT(results[0].ok() ? results[1] : results[0],
              StatusIs(absl::StatusCode::kFailedPrecondition, "DIVIDEND_EXCEEDS_INCOME"));

  v1::PayDividendRequest pay;
  pay.set_request_id(RequestId());
  pay.set_id(dividend.id());
  pay.set_etag(dividend.etag());
  pay.set_paid_fen(3000000);
  *pay.mutable_paid_on() = Date(2026, 8, 1);
  ASSERT_OK_AND_ASSIGN(const auto paid, Call<v1::Dividend>("ContractService.PayDividend", pay));
  pay.set_request_id(RequestId());
  pay.set_etag(paid.etag());
  pay.set_paid_fen(1000001);
  EXPECT_THAT(Call<v1::Dividend>("ContractService.PayDividend", pay),
              StatusIs(absl::StatusCode::kFailedPrecondition, "DIVIDEND_OVERPAID"));
  const v1::ProjectAssetFacts facts = Facts();
  EXPECT_TRUE(facts.dividend_declared());
  EXPECT_EQ(Month(facts, "2026-07").dividend_declared_fen(), 4000000);
  EXPECT_EQ(Month(facts, "2026-07").dividend_paid_fen(), 3000000);
  EXPECT_EQ(Month(facts, "2026-08").household_income_fen(), 3000000);
}

TEST_F(AssetServiceTest, R027_R109_LinksWithHouseholdsCountThemOnce) {
  Registered(Shed());
  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(30);
  link.set_poor_households(20);
  link.set_monitored_households(2);
  *link.mutable_start_date() = Date(2024, 1, 1);
  ASSERT_OK_AND_ASSIGN(const auto first,
                       Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  link.set_request_id(RequestId());
  link.set_mode_code("EMPLOYMENT");
  link.set_households(12);
  link.set_poor_households(12);
  ASSERT_OK(Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  v1::ProjectAssetFacts facts = Facts();
  EXPECT_EQ(facts.linked_households(), 30);
  EXPECT_EQ(facts.linked_poor_households(), 20);
  EXPECT_EQ(facts.linkage_mode_count(), 2);

  v1::RecordLinkageIncomeRequest income;
  income.set_request_id(RequestId());
  income.set_id(first.id());
  income.set_etag(first.etag());
  income.set_month("2026-10");
  income.set_paid_fen(900000);
  ASSERT_OK_AND_ASSIGN(auto changed,
                       Call<v1::LinkageContract>("ContractService.RecordLinkageIncome", income));
  income.set_request_id(RequestId());
  income.set_etag(changed.etag());
  income.set_paid_fen(800000);  // corrected: counts once
  ASSERT_OK_AND_ASSIGN(changed,
                       Call<v1::LinkageContract>("ContractService.RecordLinkageIncome", income));
  EXPECT_EQ(changed.income_paid_fen(), 800000);
  EXPECT_EQ(Month(Facts(), "2026-10").household_income_fen(), 800000);
  income.set_month("2026-12");
  income.set_request_id(RequestId());
  income.set_etag(changed.etag());
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.RecordLinkageIncome", income),
              HasViolation("month"));

  v1::EndLinkageRequest end;
  end.set_request_id(RequestId());
  end.set_id(first.id());
  end.set_etag(changed.etag());
  *end.mutable_ended_on() = Date(2026, 11, 1);
  end.set_reason("合同到期未续");
  ASSERT_OK(Call<v1::LinkageContract>("ContractService.EndLinkage", end));
  EXPECT_EQ(Facts().linked_households(), 12);

  // Another county's project is none, as everywhere.
  link.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.RecordLinkage", link,
                                        Token(ROLE_COUNTY_OPERATOR, kOtherCounty)),
              StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  link.set_request_id(RequestId());
  link.set_poor_households(13);
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.RecordLinkage", link),
              HasViolation("poor_households"));
  link.set_poor_households(1);
  link.set_mode_code("NOT_A_MODE");
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.RecordLinkage", link),
              HasViolation("mode_code"));
}

TEST_F(AssetServiceTest, R007_R109_ANewCountLeavesTheHouseholdsOfEarlierMonths) {
  Registered(Shed());
  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(100);
  *link.mutable_start_date() = Date(2025, 1, 1);
  ASSERT_OK_AND_ASSIGN(const auto recorded,
                       Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  ASSERT_EQ(Facts().households_by_month_size(), 1);
  EXPECT_EQ(Facts().households_by_month(0).month(), "2025-01");
  EXPECT_EQ(Facts().households_by_month(0).households(), 100);

  SetDay(2026, 12, 10);
  v1::UpdateLinkageCountsRequest update;
  update.set_request_id(RequestId());
  update.set_id(recorded.id());
  update.set_etag(recorded.etag());
  update.set_households(200);
  ASSERT_OK_AND_ASSIGN(auto changed,
                       Call<v1::LinkageContract>("ContractService.UpdateLinkageCounts", update));
  // Put right on the same day: one number for that day.
  update.set_request_id(RequestId());
  update.set_etag(changed.etag());
  update.set_households(210);
  ASSERT_OK_AND_ASSIGN(changed,
                       Call<v1::LinkageContract>("ContractService.UpdateLinkageCounts", update));
  const v1::ProjectAssetFacts facts = Facts();
  EXPECT_EQ(facts.linked_households(), 210);
  ASSERT_EQ(facts.households_by_month_size(), 2);
  EXPECT_EQ(facts.households_by_month(0).month(), "2025-01");
  EXPECT_EQ(facts.households_by_month(0).households(), 100);
  EXPECT_EQ(facts.households_by_month(1).month(), "2026-12");
  EXPECT_EQ(facts.households_by_month(1).households(), 210);
}

TEST_F(AssetServiceTest, R007_R109_ACorrectedCountHoldsFromTheDayThatItNames) {
  Registered(Shed());
  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(100);
  *link.mutable_start_date() = Date(2025, 1, 1);
  ASSERT_OK_AND_ASSIGN(v1::LinkageContract linkage,
                       Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  const auto update = [&](int households, const std::optional<google::type::Date>& since) {
    v1::UpdateLinkageCountsRequest r;
    r.set_request_id(RequestId());
    r.set_id(linkage.id());
    r.set_etag(linkage.etag());
    r.set_households(households);
    if (since) *r.mutable_since() = *since;
    auto changed = Call<v1::LinkageContract>("ContractService.UpdateLinkageCounts", r);
    if (changed.ok()) linkage = *changed;
    return changed.status();
  };
  using ByMonth = std::map<std::string, int>;
  const auto by_month = [&] {
    const v1::ProjectAssetFacts facts = Facts();
    ByMonth out;
    for (const v1::LinkedHouseholds& l : facts.households_by_month()) {
      out[l.month()] = l.households();
    }
    return out;
  };
  SetDay(2026, 12, 10);
  ASSERT_OK(update(200, std::nullopt));
  ASSERT_EQ(by_month(), (ByMonth{{"2025-01", 100}, {"2026-12", 200}}));

  // Not before the link, nor ahead.
  EXPECT_THAT(update(80, Date(2024, 12, 31)), HasViolation("since"));
  EXPECT_THAT(update(80, Date(2026, 12, 11)), HasViolation("since"));
  EXPECT_THAT(update(80, Date(2026, 2, 30)), HasViolation("since"));
  ASSERT_EQ(by_month(), (ByMonth{{"2025-01", 100}, {"2026-12", 200}}));

  // Since March: what was told of December gives way, what held before stays.
  const int64_t told = Events("project_asset_facts");
  ASSERT_OK(update(90, Date(2025, 3, 1)));
  EXPECT_EQ(by_month(), (ByMonth{{"2025-01", 100}, {"2025-03", 90}}));
  EXPECT_EQ(Facts().linked_households(), 90);
  EXPECT_EQ(Events("project_asset_facts"), told + 1);
  // Wrong from the beginning; the present number is the same, the months are not.
  ASSERT_OK(update(90, Date(2025, 1, 1)));
  EXPECT_EQ(by_month(), (ByMonth{{"2025-01", 90}}));
  EXPECT_EQ(Events("project_asset_facts"), told + 2);
  // The trail says from when each of them holds.
  EXPECT_EQ(server_.database().Int(
                "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'linkage' AND action = "
                "'ContractService.UpdateLinkageCounts' AND reason IN (?, ?)",
                {"自2025-03-01起", "自2025-01-01起"}),
            2);
}

TEST_F(AssetServiceTest, R112_PublicPostsAndWorkByMonth) {
  v1::RecordEmploymentRequest work;
  work.set_request_id(RequestId());
  work.set_project_id(project_);
  work.set_month("2026-09");
  work.set_kind(v1::EMPLOYMENT_KIND_PUBLIC_POST);
  work.set_workers(5);
  work.set_poor_workers(5);
  work.set_person_days(110);
  work.set_poor_person_days(110);
  work.set_wages_fen(775000);
  work.set_poor_wages_fen(775000);
  ASSERT_OK_AND_ASSIGN(const auto record,
                       Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work));
  work.set_request_id(RequestId());
  const auto again = Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work);
  EXPECT_THAT(again, StatusIs(absl::StatusCode::kAlreadyExists, "EMPLOYMENT_EXISTS"));
  work.set_etag(record.etag());
  work.set_person_days(100);
  work.set_poor_person_days(100);
  ASSERT_OK(Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work));
  const v1::MonthlyFacts month = Month(Facts(), "2026-09");
  EXPECT_EQ(month.person_days(), 100);
  EXPECT_EQ(month.public_post_wages_fen(), 775000);
  EXPECT_EQ(month.household_income_fen(), 775000);
  work.set_request_id(RequestId());
  work.set_month("2026-12");
  EXPECT_THAT(Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work),
              HasViolation("month"));
}

TEST_F(AssetServiceTest, R092_UpkeepHasPersonRulesAndMoney) {
  v1::RegisterAssetRequest r = Shed();
  r.mutable_details()->mutable_maintenance()->set_person("李四");
  r.mutable_details()->mutable_maintenance()->set_rules("冷库管护办法");
  const v1::Asset asset = Registered(r);
  EXPECT_TRUE(Facts().maintenance_person());
  EXPECT_TRUE(Facts().maintenance_rules());
  EXPECT_FALSE(Facts().maintenance_money());
  v1::UpdateAssetRequest update;
  update.set_request_id(RequestId());
  update.set_id(asset.id());
  update.set_etag(asset.etag());
  update.mutable_details()->mutable_maintenance()->set_fund_source("经营收益5%");
  update.mutable_update_mask()->add_paths("maintenance.fund_source");
  ASSERT_OK(Call<v1::Asset>("AssetService.UpdateAsset", update));
  EXPECT_TRUE(Facts().maintenance_money());
  EXPECT_TRUE(Facts().maintenance_person());
}

TEST_F(AssetServiceTest, AnAssetOfTwoProjectsCountsInEachByItsShare) {
  const std::string other = Project("PJ360733-2022-000002", kVillage);
  v1::RegisterAssetRequest r = Shed(100000001);
  r.mutable_details()->mutable_source_projects(0)->set_value_share_bp(6000);
  v1::SourceProject* second = r.mutable_details()->add_source_projects();
  second->set_project_id(other);
  second->set_value_share_bp(4000);
  const v1::Asset asset = Registered(r);
  EXPECT_EQ(Facts().operating_original_value_fen() + Facts(other).operating_original_value_fen(),
            100000001);
  EXPECT_EQ(Facts(other).operating_original_value_fen(), 40000000);
  const v1::OperatingContract contract = Signed(Lease(asset.id(), 101));
  ASSERT_OK(Receive(contract.id(), 2, 101, Date(2026, 7, 1)));
  const int64_t mine = Month(Facts(), "2026-07").received_fen();
  const int64_t theirs = Month(Facts(other), "2026-07").received_fen();
  EXPECT_EQ(mine + theirs, 101);
  EXPECT_EQ(theirs, 40);
}

TEST_F(AssetServiceTest, CultivationEndsByTimeOrByAFailedInspection) {
  v1::RegisterAssetRequest r = Shed();
  r.clear_use();
  r.mutable_details()->set_asset_form(v1::ASSET_FORM_BIOLOGICAL);
  *r.mutable_details()->mutable_planting_date() = Date(2022, 3, 1);  // 60 months by its industry
  *r.mutable_details()->mutable_formed_date() = Date(2022, 3, 1);
  v1::Asset asset = Registered(r);
  EXPECT_EQ(asset.use().use_state(), v1::USE_STATE_CULTIVATING);
  EXPECT_EQ(asset.cultivation_ends_on().year(), 2027);
  EXPECT_EQ(Facts().cultivation_ends_on().year(), 2027);

  v1::RecordInspectionRequest inspect;
  inspect.set_request_id(RequestId());
  inspect.set_id(asset.id());
  inspect.set_etag(asset.etag());
  *inspect.mutable_inspected_on() = Date(2026, 10, 1);
  inspect.set_result(v1::INSPECTION_RESULT_FAILED);
  EXPECT_THAT(Call<v1::Asset>("AssetService.RecordInspection", inspect), HasViolation("findings"));
  inspect.set_findings("茅草丛生");
  ASSERT_OK(Call<v1::Asset>("AssetService.RecordInspection", inspect));
  EXPECT_TRUE(Facts().maintenance_inspection_failed());

  SetDay(2027, 3, 1);
  ASSERT_OK(SweepAll(*session_, clock_.Now()));
  EXPECT_EQ(Get(asset.id()).use().use_state(), v1::USE_STATE_NOT_STARTED);
  EXPECT_FALSE(Facts().has_cultivation_ends_on());
  EXPECT_FALSE(Facts().maintenance_inspection_failed());
}

TEST_F(AssetServiceTest, TimeEndsContractsAndTurnsStoppedIntoIdle) {
  v1::Asset asset = Registered(Shed());
  Signed(Lease(asset.id(), 100));
  v1::ReportUseStateRequest stop;
  stop.set_request_id(RequestId());
  stop.set_id(asset.id());
  stop.set_etag(Get(asset.id()).etag());
  stop.mutable_use()->set_use_state(v1::USE_STATE_SUSPENDED);
  *stop.mutable_use()->mutable_since() = Date(2026, 9, 1);
  EXPECT_THAT(Call<v1::Asset>("AssetService.ReportUseState", stop),
              HasViolation("use.idle_reason"));
  stop.mutable_use()->set_idle_reason("资金周转困难");
  ASSERT_OK(Call<v1::Asset>("AssetService.ReportUseState", stop));
  EXPECT_EQ(Facts().operating_status(), v1::OPERATING_STATUS_SUSPENDED);
  SetDay(2027, 3, 1);
  ASSERT_OK(SweepAll(*session_, clock_.Now()));
  EXPECT_EQ(Get(asset.id()).use().use_state(), v1::USE_STATE_IDLE);
  EXPECT_EQ(Facts().operating_status(), v1::OPERATING_STATUS_IDLE);
  EXPECT_TRUE(Facts().compliance().has_contract());
  SetDay(2028, 1, 1);
  ASSERT_OK(SweepAll(*session_, clock_.Now()));
  EXPECT_FALSE(Facts().compliance().has_contract());
  EXPECT_TRUE(Get(asset.id()).contract_id().empty());
  const int64_t events = Events("project_asset_facts");
  ASSERT_OK(SweepAll(*session_, clock_.Now()));
  EXPECT_EQ(Events("project_asset_facts"), events);
}

TEST_F(AssetServiceTest, AnOperatorThatFallsOutChangesTheFacts) {
  const v1::Asset asset = Registered(Shed());
  Signed(Lease(asset.id(), 100));
  const int64_t events = Events("project_asset_facts");
  registry::v1::OperatorChanged op;
  op.mutable_operator_()->set_id(ids_.Next().ToString());
  op.mutable_operator_()->set_uscc(kOperator);
  op.mutable_operator_()->set_name("众兴合作社");
  op.mutable_operator_()->set_dishonest(true);
  Apply({{"operator", &op}});
  EXPECT_FALSE(Facts().compliance().in_good_standing());
  EXPECT_EQ(Events("project_asset_facts"), events + 1);
  Apply({{"operator", &op}});  // an event again changes nothing
  EXPECT_EQ(Events("project_asset_facts"), events + 1);
}

TEST_F(AssetServiceTest, R113_OwnershipDescent) {
  Registered(Shed(60000000));
  v1::RegisterAssetRequest county = Shed(40000000);
  county.mutable_details()->mutable_owners(0)->set_level(v1::OWNER_LEVEL_STATE_COUNTY);
  v1::IncomeRightHolder* holder = county.mutable_details()->add_income_right_holders();
  holder->set_name("水东村");
  holder->set_level(v1::OWNER_LEVEL_VILLAGE_COLLECTIVE);
  holder->set_share_bp(10000);
  Registered(county);
  v1::GetOwnershipDescentRequest r;
  r.set_region_code("360733");
  ASSERT_OK_AND_ASSIGN(const auto descent, Call<v1::GetOwnershipDescentResponse>(
                                               "AssetService.GetOwnershipDescent", r));
  ASSERT_EQ(descent.counties_size(), 1);
  EXPECT_EQ(descent.counties(0).ownership_bp(), 6000);
  EXPECT_EQ(descent.counties(0).income_bp(), 10000);
  EXPECT_EQ(descent.counties(0).income_known_fen(), 40000000);
}

TEST_F(AssetServiceTest, ListsByRegionAndSeesNothingElsewhere) {
  for (int i = 0; i < 5; ++i) Registered(Shed());
  v1::ListAssetsRequest list;
  list.set_region_code("360733");
  list.set_page_size(2);
  std::set<std::string> seen;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const auto page,
                         Call<v1::ListAssetsResponse>("AssetService.ListAssets", list));
    for (const v1::Asset& asset : page.assets()) seen.insert(asset.id());
    if (page.next_page_token().empty()) break;
    list.set_page_token(page.next_page_token());
  }
  EXPECT_EQ(seen.size(), 5u);
  list.set_use_state(v1::USE_STATE_IDLE);
  EXPECT_THAT(Call<v1::ListAssetsResponse>("AssetService.ListAssets", list),
              HasViolation("page_token"));
  v1::GetAssetRequest get;
  get.set_id(*seen.begin());
  EXPECT_THAT(Call<v1::Asset>("AssetService.GetAsset", get,
                              Token(ROLE_COUNTY_OPERATOR, kOtherCounty, "p9")),
              StatusIs(absl::StatusCode::kNotFound));
  v1::BatchGetAssetsRequest batch;
  batch.add_ids(ids_.Next().ToString());
  batch.add_ids(*seen.begin());
  ASSERT_OK_AND_ASSIGN(const auto found,
                       Call<v1::BatchGetAssetsResponse>("AssetService.BatchGetAssets", batch));
  EXPECT_EQ(found.assets_size(), 1);
  EXPECT_EQ(found.not_found_size(), 1);
}

TEST_F(AssetServiceTest, CheckProjectAssetsAnswersWithASnapshot) {
  v1::CheckProjectAssetsRequest r;
  r.set_project_id(project_);
  ASSERT_OK_AND_ASSIGN(auto check,
                       Call<v1::CheckProjectAssetsResponse>("AssetService.CheckProjectAssets", r));
  EXPECT_FALSE(check.registered());
  Registered(Shed());
  ASSERT_OK_AND_ASSIGN(check,
                       Call<v1::CheckProjectAssetsResponse>("AssetService.CheckProjectAssets", r));
  EXPECT_TRUE(check.registered());
  EXPECT_EQ(check.original_value_fen(), 100000000);
}

}  // namespace
}  // namespace bangfu::asset
