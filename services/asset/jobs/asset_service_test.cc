#include <map>
#include <string>

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

// What others ask for on a day of their own: a chain link that rests on the asset.
TEST_F(AssetServiceTest, R062_TheDaysOnWhichItOperatedAreTold) {
  v1::Asset asset = Registered(Shed());  // in use since March 2021
  const auto report = [&](v1::UseState state, const google::type::Date& since) {
    v1::ReportUseStateRequest r;
    r.set_request_id(RequestId());
    r.set_id(asset.id());
    r.set_etag(asset.etag());
    r.mutable_use()->set_use_state(state);
    *r.mutable_use()->mutable_since() = since;
    if (state == v1::USE_STATE_SUSPENDED) r.mutable_use()->set_idle_reason("停产");
    ASSERT_OK_AND_ASSIGN(asset, Call<v1::Asset>("AssetService.ReportUseState", r));
  };
  const auto periods = [&] {
    std::vector<std::string> out;
    const v1::UseReport use = Get(asset.id()).use();
    const auto text = [](const google::type::Date& d) {
      return d.year() == 0 ? ""
                           : absl::FormatCivilTime(absl::CivilDay(d.year(), d.month(), d.day()));
    };
    for (const v1::UsePeriod& p : use.operated()) {
      out.push_back(Cat(text(p.from()), "/", text(p.to())));
    }
    return out;
  };
  EXPECT_THAT(periods(), ::testing::ElementsAre("2021-03-01/"));
  report(v1::USE_STATE_OFF_SEASON, Date(2025, 11, 1));
  report(v1::USE_STATE_IN_USE, Date(2026, 3, 1));
  EXPECT_THAT(periods(), ::testing::ElementsAre("2021-03-01/"));
  report(v1::USE_STATE_SUSPENDED, Date(2026, 8, 10));
  EXPECT_THAT(periods(), ::testing::ElementsAre("2021-03-01/2026-08-09"));
  report(v1::USE_STATE_IN_USE, Date(2026, 10, 1));
  EXPECT_THAT(periods(), ::testing::ElementsAre("2021-03-01/2026-08-09", "2026-10-01/"));
  // What stands idle becomes so by time, and has not operated for it.
  report(v1::USE_STATE_SUSPENDED, Date(2026, 11, 1));
  SetDay(2027, 5, 2);
  ASSERT_OK(SweepAll(*session_, clock_.Now()));
  ASSERT_EQ(Get(asset.id()).use().use_state(), v1::USE_STATE_IDLE);
  EXPECT_THAT(periods(), ::testing::ElementsAre("2021-03-01/2026-08-09", "2026-10-01/2026-10-31"));

  // Entered when it was off season: since it was formed, for all that is known.
  v1::RegisterAssetRequest seasonal = Shed();
  seasonal.mutable_use()->set_use_state(v1::USE_STATE_OFF_SEASON);
  asset = Registered(seasonal);
  EXPECT_THAT(periods(), ::testing::ElementsAre("2020-11-30/"));
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
  *back.mutable_returned_date() = Date(2026, 11, 25);
  EXPECT_THAT(Call<v1::Asset>("AssetService.ReturnCustody", back),
              StatusIs(absl::StatusCode::kInvalidArgument));  // tomorrow
  back.set_request_id(RequestId());
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

// What the form offers from a list is of that list, each wrong code by its own name.
TEST_F(ServiceTest, CodesOfAnAssetAreThoseOfTheirLists) {
  v1::RegisterAssetRequest r = Shed();
  r.mutable_details()->set_cold_chain_kind("COUNTY");
  r.mutable_details()->add_ownership_basis("FUND_SOURCE");
  const v1::Asset asset = Registered(r);
  v1::UpdateAssetRequest update;
  update.set_request_id(RequestId());
  update.set_id(asset.id());
  update.set_etag(asset.etag());
  update.mutable_details()->set_cold_chain_kind("NO_SUCH");
  update.mutable_details()->add_ownership_basis("FUND_SOURCE");
  update.mutable_details()->add_ownership_basis("MANAGEMENT_NEED");
  update.mutable_update_mask()->add_paths("cold_chain_kind");
  update.mutable_update_mask()->add_paths("ownership_basis");
  const auto refused = Call<v1::Asset>("AssetService.UpdateAsset", update);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "CODE_UNKNOWN"));
  EXPECT_THAT(refused.status(), HasViolation("details.cold_chain_kind"));
  EXPECT_THAT(refused.status(), HasViolation("details.ownership_basis[1]"));
  v1::RegisterAssetRequest other = Shed();
  other.mutable_details()->set_cold_chain_kind("TOWNSHIP");
  EXPECT_THAT(Call<v1::Asset>("AssetService.RegisterAsset", other),
              StatusIs(absl::StatusCode::kInvalidArgument, "CODE_UNKNOWN"));
}

TEST_F(AssetServiceTest, WhatAnAssetSaysIsAllowedIsToldForManyAsForOne) {
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
