// The inbox of assets and contracts through the rpcs, on a real database: what waits for whom and
// until when, and that items are equal to states whatever happens.
#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "common/blob/blob_for_test.h"
#include "common/inbox/recount.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/domain/transitions.h"
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {
namespace {

using absl::StatusCode;
using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_TOWNSHIP_REVIEWER;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AssetInboxTest : public ServiceTest {
 protected:
  std::vector<inbox::v1::WorkItem> Mine(const std::string& token) {
    inbox::v1::ListMyWorkRequest request;
    request.set_page_size(500);
    auto page = server_.Call<inbox::v1::ListMyWorkResponse>(
        "bangfu.inbox.v1.InboxService.ListMyWork", request, token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  std::vector<std::string> Kinds(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) out.push_back(item.kind());
    std::sort(out.begin(), out.end());
    return out;
  }
  absl::CivilDay DueOf(const std::string& token, const std::string& kind) {
    for (const auto& item : Mine(token)) {
      if (item.kind() != kind) continue;
      return absl::CivilDay(item.due_on().year(), item.due_on().month(), item.due_on().day());
    }
    ADD_FAILURE() << "no item " << kind;
    return {};
  }
  v1::RegisterAssetRequest ShedWithBasis() {
    v1::RegisterAssetRequest r = Shed();
    r.mutable_details()->add_ownership_basis("FUND_SOURCE");
    return r;
  }
  type::v1::Evidence Paper() {
    auto evidence = ::bangfu::testing::CompleteEvidence(*session_, ids_, server_.clock().Now(),
                                                        "TITLE", kVillage);
    EXPECT_OK(evidence);
    return evidence.ok() ? *evidence : type::v1::Evidence();
  }
  template <typename Request>
  absl::StatusOr<v1::Asset> Step(const std::string& rpc, const v1::Asset& asset, Request r,
                                 const std::string& token = "") {
    r.set_request_id(RequestId());
    r.set_id(asset.id());
    r.set_etag(asset.etag());
    return Call<v1::Asset>("AssetService." + rpc, r, token);
  }
  absl::StatusOr<v1::Asset> RegisterTitle(const v1::Asset& asset) {
    v1::RegisterTitleRequest r;
    r.set_cert_no("赣(2021)第1234号");
    *r.mutable_title_date() = Date(2021, 5, 1);
    return Step("RegisterTitle", asset, r);
  }
  absl::StatusOr<v1::Asset> DisputeTitle(const v1::Asset& asset) {
    v1::DisputeTitleRequest r;
    r.set_reason("邻村主张共有");
    *r.add_evidence() = Paper();
    return Step("DisputeTitle", asset, r);
  }
  absl::StatusOr<v1::Asset> SettleTitle(const v1::Asset& asset, bool with_certificate) {
    v1::SettleTitleRequest r;
    r.set_reason("调解一致");
    if (with_certificate) {
      r.set_cert_no("赣(2022)第1号");
      *r.mutable_title_date() = Date(2022, 5, 1);
    }
    return Step("SettleTitle", asset, r, Token(ROLE_COUNTY_APPROVER));
  }
  absl::StatusOr<v1::Asset> HandOver(const v1::Asset& asset) {
    v1::HandOverRequest r;
    r.set_custodian("水东村委会");
    r.set_accepted_by("张三");
    *r.mutable_transferred_date() = Date(2021, 6, 1);
    return Step("HandOver", asset, r);
  }
  absl::StatusOr<v1::Asset> ReturnCustody(const v1::Asset& asset) {
    v1::ReturnCustodyRequest r;
    r.set_reason("收回统一管理");
    *r.mutable_returned_date() = Date(2026, 1, 1);
    return Step("ReturnCustody", asset, r);
  }
  void SetParameter(const std::string& code, int64_t value) {
    registry::v1::ParameterChanged changed;
    changed.mutable_parameter()->set_code(code);
    changed.mutable_parameter()->set_value(value);
    Apply({{"parameter", &changed}});
  }
  // As the registry publishes an import of a notice.
  void WorkDays(const std::vector<std::pair<google::type::Date, bool>>& days) {
    registry::v1::WorkDaysChanged changed;
    for (const auto& [date, is_working] : days) {
      registry::v1::WorkDay& day = *changed.add_days();
      *day.mutable_date() = date;
      day.set_is_working(is_working);
    }
    CalendarCopies copies;
    ApplyBy(copies, {{CalendarAggregates()[0], &changed}});
  }
  // Past the time for which a served inbox keeps the calendar that it has read.
  void LetTheCalendarBeReadAnew() { server_.clock().Advance(absl::Minutes(6)); }
  // A lease of one year, due on this day of it, with a share of the sales beside the fixed sum.
  v1::SignContractRequest LeaseDueOn(int year, int month, int day, int rate_bp = 0) {
    v1::SignContractRequest r = Lease(Registered(Shed()).id(), rate_bp > 0 ? 0 : 1000);
    v1::ContractTerms& t = *r.mutable_terms();
    v1::ScheduleStep& step = *t.mutable_schedule(0);
    for (google::type::Date* from : {t.mutable_start_date(), step.mutable_from()}) {
      *from = Date(year, 1, 1);
    }
    for (google::type::Date* to : {t.mutable_end_date(), step.mutable_to()}) {
      *to = Date(year, 12, 31);
    }
    t.mutable_due_days(0)->set_month(month);
    t.mutable_due_days(0)->set_day(day);
    if (rate_bp > 0) {
      step.set_rate_bp(rate_bp);
      step.set_rate_base(v1::RATE_BASE_SALES);
    }
    return r;
  }
  v1::OperatingContract Contract(const std::string& id, const std::string& token = "") {
    v1::GetContractRequest get;
    get.set_id(id);
    auto contract = Call<v1::OperatingContract>("ContractService.GetContract", get, token);
    EXPECT_OK(contract);
    return contract.ok() ? *contract : v1::OperatingContract();
  }
  // What the contract tells the caller of one of its actions.
  type::v1::AllowedAction ActionOf(const std::string& id, const std::string& name,
                                   const std::string& token = "") {
    const v1::OperatingContract contract = Contract(id, token);
    for (const auto& action : contract.allowed_actions()) {
      if (action.action() == name) return action;
    }
    ADD_FAILURE() << "no action " << name;
    return {};
  }
  absl::StatusOr<v1::IncomeDue> StateBase(const std::string& contract, int due_no, int64_t fen,
                                          const std::string& token = "") {
    v1::StateDueBaseRequest r;
    r.set_request_id(RequestId());
    r.set_contract_id(contract);
    r.set_etag(Contract(contract).etag());
    r.set_due_no(due_no);
    r.set_base_fen(fen);
    return Call<v1::IncomeDue>("ContractService.StateDueBase", r, token);
  }
  // "kind slot" of what waits for the caller.
  std::vector<std::string> Slots(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) out.push_back(Cat(item.kind(), " ", item.slot()));
    std::sort(out.begin(), out.end());
    return out;
  }
  absl::Status Recount(absl::Duration later = absl::ZeroDuration()) {
    return inbox::Recount(*session_, {api::AssetSource(), api::ContractSource()}, ids_,
                          server_.clock().Now() + later, {});
  }
  int64_t Int(const std::string& sql) { return server_.database().Int(sql); }
};

TEST_F(AssetInboxTest, R002_AnAssetWaitsForItsTitleAndItsCustodian) {
  const std::string township = Token(ROLE_TOWNSHIP_REVIEWER, "360733101", "reviewer");
  v1::Asset asset = Registered(ShedWithBasis());
  EXPECT_THAT(Kinds(township), ElementsAre("ASSET_HAND_OVER", "ASSET_TITLE"));
  EXPECT_THAT(Kinds(Token(ROLE_TOWNSHIP_REVIEWER, "360733102", "next door")), IsEmpty());
  // From the day on which it was formed.
  EXPECT_EQ(DueOf(township, "ASSET_TITLE"), absl::CivilDay(2020, 11, 30) + 60);
  EXPECT_EQ(DueOf(township, "ASSET_HAND_OVER"), absl::CivilDay(2020, 11, 30) + 90);
  ASSERT_OK_AND_ASSIGN(asset, RegisterTitle(asset));
  EXPECT_THAT(Kinds(township), ElementsAre("ASSET_HAND_OVER"));
  ASSERT_OK_AND_ASSIGN(asset, HandOver(asset));
  EXPECT_THAT(Kinds(township), IsEmpty());
  // What was taken back waits for nobody by itself.
  ASSERT_OK_AND_ASSIGN(asset, ReturnCustody(asset));
  EXPECT_THAT(Kinds(township), IsEmpty());

  // Done by the one who did it, with the outcome; the others see nothing done.
  inbox::v1::ListMyDoneRequest done;
  ASSERT_OK_AND_ASSIGN(const auto mine, server_.Call<inbox::v1::ListMyDoneResponse>(
                                            "bangfu.inbox.v1.InboxService.ListMyDone", done,
                                            Token(ROLE_COUNTY_OPERATOR)));
  ASSERT_EQ(mine.items_size(), 2);
  EXPECT_EQ(mine.items(0).kind(), "ASSET_HAND_OVER");
  EXPECT_EQ(mine.items(0).state(), inbox::v1::WORK_STATE_DONE);
  EXPECT_EQ(mine.items(1).kind(), "ASSET_TITLE");
  ASSERT_OK_AND_ASSIGN(const auto theirs,
                       server_.Call<inbox::v1::ListMyDoneResponse>(
                           "bangfu.inbox.v1.InboxService.ListMyDone", done, township));
  EXPECT_EQ(theirs.items_size(), 0);

  // A dispute is the county approver's, for 30 days from now.
  ASSERT_OK_AND_ASSIGN(asset, DisputeTitle(asset));
  const std::string approver = Token(ROLE_COUNTY_APPROVER);
  EXPECT_THAT(Kinds(approver), ElementsAre("ASSET_TITLE_SETTLE"));
  EXPECT_EQ(DueOf(approver, "ASSET_TITLE_SETTLE"), absl::CivilDay(2026, 11, 24) + 30);
  ASSERT_OK_AND_ASSIGN(asset, SettleTitle(asset, /*with_certificate=*/false));
  EXPECT_THAT(Kinds(approver), IsEmpty());
  EXPECT_THAT(Kinds(township), ElementsAre("ASSET_TITLE"));
}

TEST_F(AssetInboxTest, R002_TermsAreTheRegistrysParameters) {
  const v1::Asset asset = Registered(ShedWithBasis());
  const std::string township = Token(ROLE_TOWNSHIP_REVIEWER, "360733101", "reviewer");
  const std::string approver = Token(ROLE_COUNTY_APPROVER);
  SetParameter("TITLE_REGISTRATION_DAYS", 45);
  SetParameter("HAND_OVER_DAYS", 100);
  SetParameter("TITLE_SETTLE_DAYS", 10);
  // Items that stand follow with the recount, those of a step at once.
  EXPECT_EQ(DueOf(township, "ASSET_TITLE"), absl::CivilDay(2020, 11, 30) + 60);
  ASSERT_OK(Recount());
  EXPECT_EQ(DueOf(township, "ASSET_TITLE"), absl::CivilDay(2020, 11, 30) + 45);
  EXPECT_EQ(DueOf(township, "ASSET_HAND_OVER"), absl::CivilDay(2020, 11, 30) + 100);
  ASSERT_OK(DisputeTitle(asset));
  EXPECT_EQ(DueOf(approver, "ASSET_TITLE_SETTLE"), absl::CivilDay(2026, 11, 24) + 10);
}

TEST_F(AssetInboxTest, R002_IncomeIsShownBeforeItIsDueAndGoesWhenItIsRecorded) {
  const std::string village = Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter");
  const v1::OperatingContract contract = Signed(Lease(Registered(Shed()).id(), 6500000));
  ASSERT_OK(Receive(contract.id(), 1, 6500000, Date(2025, 7, 1)));
  ASSERT_OK(Receive(contract.id(), 2, 6500000, Date(2026, 7, 1)));
  EXPECT_THAT(Kinds(village), IsEmpty());  // the third is due on 2027-06-30
  SetDay(2027, 6, 22);
  EXPECT_THAT(Kinds(Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter")), IsEmpty());
  SetDay(2027, 6, 23);
  const std::string then = Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter");
  EXPECT_THAT(Kinds(then), ElementsAre("INCOME_RECORD"));
  EXPECT_EQ(DueOf(then, "INCOME_RECORD"), absl::CivilDay(2027, 6, 30));
  EXPECT_EQ(Mine(then)[0].slot(), "3");
  SetDay(2027, 7, 5);
  EXPECT_EQ(Mine(then)[0].due_state(), inbox::v1::DUE_STATE_OVERDUE);
  ASSERT_OK(Receive(contract.id(), 3, 6500000, Date(2027, 7, 5)));
  EXPECT_THAT(Kinds(then), IsEmpty());

  // How long before is a parameter, too.
  SetDay(2026, 11, 24);
  SetParameter("INCOME_SHOWN_DAYS", 400);
  Signed(Lease(Registered(Shed()).id(), 100));
  EXPECT_THAT(Kinds(village), ElementsAre("INCOME_RECORD"));
}

TEST_F(AssetInboxTest, R002_DaysAreCountedByTheRegistrysCalendar) {
  SetDay(2027, 9, 29);
  SetParameter("INCOME_SHOWN_DAYS", 30);
  Signed(LeaseDueOn(2027, 9, 30));
  Signed(LeaseDueOn(2027, 10, 9));
  std::string village = Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter");
  const auto soon = [&] {
    inbox::v1::CountMyWorkRequest count;
    auto counts = server_.Call<inbox::v1::CountMyWorkResponse>(
        "bangfu.inbox.v1.InboxService.CountMyWork", count, village);
    EXPECT_OK(counts);
    return counts.ok() ? counts->total().due_soon() : -1;
  };
  // While nobody has told of a notice: Monday to Friday, three days are over on the 4th.
  EXPECT_EQ(soon(), 1);
  std::vector<inbox::v1::WorkItem> items = Mine(village);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[1].due_state(), inbox::v1::DUE_STATE_AHEAD);

  // The week from Friday the 1st is off, and Saturday the 9th makes up for it: three working days
  // on from the 29th are the 30th, the 8th and the 9th.
  std::vector<std::pair<google::type::Date, bool>> notice = {{Date(2027, 10, 9), true}};
  for (int day = 1; day <= 7; ++day) notice.emplace_back(Date(2027, 10, day), false);
  WorkDays(notice);
  LetTheCalendarBeReadAnew();
  EXPECT_EQ(soon(), 2);
  items = Mine(village);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[1].due_state(), inbox::v1::DUE_STATE_SOON);

  // What was due before the holiday is three working days late on Monday the 11th.
  SetDay(2027, 10, 11);
  village = Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter");
  items = Mine(village);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].overdue_working_days(), 3);
  EXPECT_EQ(items[1].overdue_working_days(), 1);
  // A notice that is changed counts as soon as it is told.
  WorkDays({{Date(2027, 10, 9), false}});
  LetTheCalendarBeReadAnew();
  EXPECT_EQ(Mine(village)[0].overdue_working_days(), 2);
}

TEST_F(AssetInboxTest, R002_ABaseIsStatedBeforeIncomeIsRecorded) {
  const std::string village = Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter");
  v1::SignContractRequest sign = Lease(Registered(Shed()).id(), 1000000);
  sign.mutable_terms()->mutable_schedule(0)->set_rate_bp(1000);
  sign.mutable_terms()->mutable_schedule(0)->set_rate_base(v1::RATE_BASE_SALES);
  const std::string id = Signed(sign).id();
  const auto action = [&](const std::string& name) { return ActionOf(id, name, village); };
  ASSERT_THAT(Slots(village), ElementsAre("DUE_BASE 1"));
  const inbox::v1::WorkItem base = Mine(village)[0];
  EXPECT_EQ(base.kind_zh(), "填报计租基数");
  EXPECT_EQ(base.title(), "经营合同 水东村股份经济合作社 第1期计租基数");
  EXPECT_EQ(DueOf(village, "DUE_BASE"), absl::CivilDay(2025, 6, 30));
  EXPECT_TRUE(action(base.action()).allowed());
  EXPECT_EQ(action("record_income").refusal_reason(), "DUE_BASE_UNKNOWN");
  EXPECT_THAT(Receive(id, 1, 100, Date(2026, 8, 1)),
              StatusIs(StatusCode::kFailedPrecondition, "DUE_BASE_UNKNOWN"));

  // Stated: its income waits, and the next base.
  ASSERT_OK(StateBase(id, 1, 5000000, village));
  EXPECT_THAT(Slots(village), ElementsAre("DUE_BASE 2", "INCOME_RECORD 1"));
  EXPECT_TRUE(action("record_income").allowed());
  inbox::v1::ListMyDoneRequest done;
  ASSERT_OK_AND_ASSIGN(const auto mine,
                       server_.Call<inbox::v1::ListMyDoneResponse>(
                           "bangfu.inbox.v1.InboxService.ListMyDone", done, village));
  ASSERT_EQ(mine.items_size(), 1);
  EXPECT_EQ(mine.items(0).kind(), "DUE_BASE");
  ASSERT_OK(StateBase(id, 2, 0, village));
  EXPECT_THAT(Slots(village), ElementsAre("INCOME_RECORD 1"));
  ASSERT_OK(Receive(id, 1, 1500000, Date(2026, 8, 1)));
  EXPECT_THAT(Slots(village), ElementsAre("INCOME_RECORD 2"));
  ASSERT_OK(Receive(id, 2, 1000000, Date(2026, 8, 1)));
  EXPECT_THAT(Slots(village), IsEmpty());
  EXPECT_EQ(action("record_income").refusal_reason(), "DUE_BASE_UNKNOWN");
  // The third is shown before it is due, like the income.
  SetDay(2027, 6, 22);
  EXPECT_THAT(Slots(Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter")), IsEmpty());
  SetDay(2027, 6, 23);
  EXPECT_THAT(Slots(Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter")), ElementsAre("DUE_BASE 3"));
}

TEST_F(AssetInboxTest, R002_ABaseIsAskedForOnceItsTimeHasBegun) {
  // Due on the third day of its year, and shown a week before: but nothing has come out yet.
  const std::string id = Signed(LeaseDueOn(2027, 1, 3, /*rate_bp=*/1000)).id();
  SetDay(2026, 12, 31);
  EXPECT_THAT(Slots(Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter")), IsEmpty());
  EXPECT_THAT(StateBase(id, 1, 100), HasViolation("due_no"));
  SetDay(2027, 1, 1);
  EXPECT_THAT(Slots(Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter")), ElementsAre("DUE_BASE 1"));
  // A loss leaves nothing to record.
  ASSERT_OK(StateBase(id, 1, -100));
  EXPECT_THAT(Slots(Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter")), IsEmpty());
  EXPECT_EQ(ActionOf(id, "record_income").refusal_reason(), "INCOME_EXCEEDS_DUE");
}

TEST_F(AssetInboxTest, AVoidContractTakesNoIncome) {
  const std::string id = Signed(Lease(Registered(Shed()).id(), 1000)).id();
  v1::VoidContractRequest r;
  r.set_request_id(RequestId());
  r.set_id(id);
  r.set_etag(Contract(id).etag());
  r.set_reason("错登");
  ASSERT_OK(
      Call<v1::OperatingContract>("ContractService.VoidContract", r, Token(ROLE_COUNTY_APPROVER)));
  EXPECT_THAT(Slots(Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter")), IsEmpty());
  EXPECT_THAT(Receive(id, 1, 100, Date(2026, 8, 1)),
              StatusIs(StatusCode::kFailedPrecondition, "CONTRACT_NOT_ACTIVE"));
  EXPECT_EQ(ActionOf(id, "record_income").refusal_reason(), "CONTRACT_NOT_ACTIVE");
}

// --- an item names an action of its record

class AssetInboxActions : public AssetInboxTest {
 protected:
  // What the record tells the caller of its actions: by name, why it is refused now.
  std::map<std::string, std::string> Told(const inbox::v1::WorkItem& item,
                                          const std::string& token) {
    std::map<std::string, std::string> out;
    const auto add = [&](const auto& record) {
      EXPECT_OK(record);
      if (!record.ok()) return;
      for (const type::v1::AllowedAction& action : record->allowed_actions()) {
        out[action.action()] = action.refusal_reason();
      }
    };
    if (item.subject_type() == "asset") {
      v1::GetAssetRequest get;
      get.set_id(item.subject_id());
      add(Call<v1::Asset>("AssetService.GetAsset", get, token));
    } else if (item.subject_type() == "contract") {
      v1::GetContractRequest get;
      get.set_id(item.subject_id());
      add(Call<v1::OperatingContract>("ContractService.GetContract", get, token));
    } else if (item.subject_type() == "import") {
      intake::v1::GetImportRequest get;
      get.set_id(item.subject_id());
      add(server_.Call<intake::v1::Import>("bangfu.intake.v1.ImportService.GetImport", get, token));
    } else {
      ADD_FAILURE() << "no record known of " << item.subject_type();
    }
    return out;
  }
  // A table that is uploaded and validated.
  void ValidatedImport() {
    const std::string bytes =
        "资产名称,资产类别,原值（万元）,区划代码,使用状态\r\n冷库,经营性,1,360733101201,在用\r\n";
    const std::string service = "bangfu.intake.v1.ImportService.";
    const std::string token = Token(ROLE_COUNTY_OPERATOR);
    intake::v1::BeginImportRequest begin;
    begin.set_request_id(RequestId());
    begin.set_kind("assets");
    begin.set_batch_id("batch-1");
    begin.set_format(type::v1::FILE_FORMAT_CSV);
    ASSERT_OK_AND_ASSIGN(const auto import,
                         server_.Call<intake::v1::Import>(service + "BeginImport", begin, token));
    intake::v1::UploadChunkRequest upload;
    upload.set_id(import.id());
    upload.set_data(bytes);
    upload.set_last(true);
    upload.set_sha256(Sha256Hex(bytes));
    ASSERT_OK(server_.Call<intake::v1::Import>(service + "UploadChunk", upload, token));
    intake::v1::ValidateImportRequest validate;
    validate.set_request_id(RequestId());
    validate.set_id(import.id());
    ASSERT_OK(server_.Call<operation::v1::Operation>(service + "ValidateImport", validate, token));
    while (true) {
      ASSERT_OK_AND_ASSIGN(const bool ran, runner_.StepOnce(*session_));
      if (!ran) return;
    }
  }
};

TEST_F(AssetInboxActions, R002_AnItemsActionIsOneOfItsRecords) {
  // One record at least for each kind of the service.
  ASSERT_OK(DisputeTitle(Registered(ShedWithBasis())));
  Registered(ShedWithBasis());
  Signed(Lease(Registered(Shed()).id(), 1000));
  Signed(LeaseDueOn(2026, 6, 30, /*rate_bp=*/1000));
  ValidatedImport();

  std::set<std::string> left;
  for (const inbox::Kind& kind : api::AssetKinds()) left.insert(kind.code);
  for (const inbox::Kind& kind : ::bangfu::intake::WorkKinds()) left.insert(kind.code);
  int items = 0;
  for (const auth::Role role : {ROLE_VILLAGE_REPORTER, ROLE_TOWNSHIP_REVIEWER, ROLE_COUNTY_OPERATOR,
                                ROLE_COUNTY_APPROVER}) {
    const std::string region =
        std::string(kVillage).substr(0, role == ROLE_VILLAGE_REPORTER    ? 12
                                        : role == ROLE_TOWNSHIP_REVIEWER ? 9
                                                                         : 6);
    const std::string token = Token(role, region);
    for (const inbox::v1::WorkItem& item : Mine(token)) {
      ++items;
      const std::map<std::string, std::string> told = Told(item, token);
      const auto action = told.find(item.action());
      EXPECT_TRUE(action != told.end())
          << item.kind() << ": its record knows no action " << item.action() << " of role "
          << options::v1::Role_Name(role);
      if (action == told.end()) continue;
      // To complete the record is part of the work.
      EXPECT_THAT(action->second, AnyOf("", "OWNERSHIP_BASIS_MISSING"))
          << item.kind() << " waits, but " << item.action() << " is refused to role "
          << options::v1::Role_Name(role);
      left.erase(item.kind());
    }
  }
  EXPECT_GT(items, 10);
  EXPECT_THAT(left, IsEmpty()) << "kinds of which nothing waited here";
}

// And the tables agree with what is declared as work beside them.
TEST_F(AssetInboxActions, R002_WhatIsDeclaredAsWorkIsInATable) {
  std::set<std::string> declared;
  const auto check = [&](const auto& table, const std::vector<workflow::Work>& works) {
    for (const workflow::Work& work : works) {
      declared.insert(work.kind);
      EXPECT_TRUE(std::any_of(table.transitions().begin(), table.transitions().end(),
                              [&](const auto& row) { return row.action == work.action; }))
          << work.kind << ": " << work.action;
    }
  };
  check(Titles(), TitleWorks());
  check(Custodies(), CustodyWorks());
  check(Contracts(), ContractWorks());
  std::set<std::string> kinds;
  for (const inbox::Kind& kind : api::AssetKinds()) kinds.insert(kind.code);
  EXPECT_EQ(declared, kinds);
}

TEST_F(AssetInboxTest, R002_R119_TheCityUrgesWhatIsOverdue) {
  const v1::Asset asset = Registered(ShedWithBasis());
  const std::string township = Token(ROLE_TOWNSHIP_REVIEWER, "360733101", "reviewer");
  std::string id;
  for (const auto& item : Mine(township)) {
    if (item.kind() == "ASSET_TITLE") id = item.id();
    EXPECT_EQ(item.due_state(), inbox::v1::DUE_STATE_OVERDUE);
  }
  inbox::v1::UrgeWorkRequest urge;
  urge.set_request_id(RequestId());
  urge.set_id(id);
  urge.set_note("请尽快办理确权");
  const std::string rpc = "bangfu.inbox.v1.InboxService.UrgeWork";
  // The step is the township's and the county's: who stands beside them does not urge.
  EXPECT_THAT(server_.Call<inbox::v1::WorkItem>(rpc, urge, township),
              StatusIs(StatusCode::kPermissionDenied, "URGE_NOT_ABOVE"));
  const std::string city = Token(ROLE_CITY_SUPERVISOR, "3607", "city");
  ASSERT_OK_AND_ASSIGN(const auto urged, server_.Call<inbox::v1::WorkItem>(rpc, urge, city));
  EXPECT_EQ(urged.urge_count(), 1);
  ASSERT_OK(RegisterTitle(asset));
  urge.set_request_id(RequestId());
  EXPECT_THAT(server_.Call<inbox::v1::WorkItem>(rpc, urge, city),
              StatusIs(StatusCode::kFailedPrecondition, "WORK_CLOSED"));
}

// --- whatever happens, items are equal to states

class AssetInboxProperty : public AssetInboxTest {
 protected:
  // What waits, out of what the rpcs show.
  std::set<std::string> Expected(const std::vector<std::string>& assets,
                                 const std::vector<std::string>& contracts) {
    std::set<std::string> out;
    for (const std::string& id : assets) {
      const v1::Asset a = Get(id);
      if (a.state() != v1::ASSET_STATE_ACTIVE) continue;
      if (a.title_status() == v1::TITLE_STATUS_UNREGISTERED) out.insert(id + " register_title ");
      if (a.title_status() == v1::TITLE_STATUS_DISPUTED) out.insert(id + " settle_title ");
      if (a.custody_status() == v1::CUSTODY_STATUS_NOT_HANDED_OVER) out.insert(id + " hand_over ");
    }
    for (const std::string& id : contracts) {
      v1::GetContractRequest get;
      get.set_id(id);
      auto contract = Call<v1::OperatingContract>("ContractService.GetContract", get);
      EXPECT_OK(contract);
      if (!contract.ok() || contract->state() == v1::CONTRACT_STATE_VOID) continue;
      v1::ListIncomeDuesRequest list;
      list.set_contract_id(id);
      auto dues = Call<v1::ListIncomeDuesResponse>("ContractService.ListIncomeDues", list);
      EXPECT_OK(dues);
      if (!dues.ok()) continue;
      std::set<std::string> first;  // of each action, the earliest
      for (const v1::IncomeDue& due : dues->dues()) {
        if (due.has_due_fen() && due.received_fen() >= due.due_fen()) continue;
        const std::string action = due.has_due_fen() ? "record_income" : "state_base";
        if (first.insert(action).second) out.insert(Cat(id, " ", action, " ", due.due_no()));
      }
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows =
        session_->Query("SELECT subject_id, action, slot FROM work_item WHERE open_mark = 1");
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2)));
    }
    return out;
  }
};

TEST_F(AssetInboxProperty, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const testing::SeededRandom random(seed);
  std::vector<std::string> assets, contracts, incomes;
  const int steps = testing::Runs(250, 1500);
  int done = 0;
  int based = 0;
  for (int i = 0; i < steps; ++i) {
    if (assets.empty() || (assets.size() < 12 && random.Below(12) == 0)) {
      assets.push_back(Registered(random.Below(4) == 0 ? Shed() : ShedWithBasis()).id());
    }
    const v1::Asset asset = Get(assets[random.Below(assets.size())]);
    const std::string contract = contracts.empty() ? "" : contracts[random.Below(contracts.size())];
    absl::Status status;
    switch (random.Below(14)) {
      case 10:
      case 11: {
        if (contract.empty()) break;
        status = StateBase(contract, static_cast<int>(random.Between(1, 3)),
                           static_cast<int64_t>(random.Below(4)) * 5000 - 5000)
                     .status();
        based += status.ok() ? 1 : 0;
        break;
      }
      case 0:
        status = RegisterTitle(asset).status();
        break;
      case 1:
        status = DisputeTitle(asset).status();
        break;
      case 2:
        status = SettleTitle(asset, random.Below(2) == 0).status();
        break;
      case 3:
        status = HandOver(asset).status();
        break;
      case 4:
        status = ReturnCustody(asset).status();
        break;
      case 5: {
        if (random.Below(3) != 0) break;
        v1::VoidAssetRequest r;
        r.set_reason("重复建档");
        status = Step("VoidAsset", asset, r, Token(ROLE_COUNTY_APPROVER)).status();
        break;
      }
      case 6: {
        if (contracts.size() >= 12) break;
        v1::SignContractRequest lease = Lease(asset.id(), random.Below(3) == 0 ? 0 : 1000);
        if (random.Below(2) == 0 || lease.terms().schedule(0).fixed_fen_per_year() == 0) {
          lease.mutable_terms()->mutable_schedule(0)->set_rate_bp(1000);
          lease.mutable_terms()->mutable_schedule(0)->set_rate_base(v1::RATE_BASE_SALES);
        }
        auto made = Call<v1::OperatingContract>("ContractService.SignContract", lease);
        status = made.status();
        if (made.ok()) contracts.push_back(made->id());
        break;
      }
      case 7:
      case 8: {
        if (contract.empty()) break;
        auto received = Receive(contract, static_cast<int>(random.Between(1, 2)),
                                random.Below(2) == 0 ? 1000 : 400, Date(2026, 7, 1));
        status = received.status();
        if (received.ok()) incomes.push_back(received->id());
        break;
      }
      case 9: {
        if (incomes.empty()) break;
        v1::ReverseIncomeRequest r;
        r.set_request_id(RequestId());
        r.set_id(incomes[random.Below(incomes.size())]);
        r.set_reason("重复登记");
        status = Call<v1::IncomeRecord>("ContractService.ReverseIncome", r).status();
        break;
      }
      default: {
        if (contract.empty() || random.Below(3) != 0) break;
        v1::GetContractRequest get;
        get.set_id(contract);
        ASSERT_OK_AND_ASSIGN(const auto seen,
                             Call<v1::OperatingContract>("ContractService.GetContract", get));
        if (random.Below(2) == 0) {
          v1::TerminateContractRequest r;
          r.set_request_id(RequestId());
          r.set_id(contract);
          r.set_etag(seen.etag());
          *r.mutable_ended_on() = Date(2026, 3, 31);
          r.set_reason("停产");
          status = Call<v1::OperatingContract>("ContractService.TerminateContract", r).status();
        } else {
          v1::VoidContractRequest r;
          r.set_request_id(RequestId());
          r.set_id(contract);
          r.set_etag(seen.etag());
          r.set_reason("错登");
          status = Call<v1::OperatingContract>("ContractService.VoidContract", r,
                                               Token(ROLE_COUNTY_APPROVER))
                       .status();
        }
      }
    }
    ASSERT_NE(status.code(), StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    ASSERT_EQ(Stored(), Expected(assets, contracts)) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << done << " of them taken" << std::endl;
  EXPECT_GT(done, steps / 10);
  EXPECT_GT(contracts.size(), 0u);
  EXPECT_GT(based, 0);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON w.id = d.item_id AND "
                "w.open_mark = 1 WHERE w.id IS NULL"),
            0);
  // The recount agrees, and fills an empty inbox.
  const int64_t version = Int("SELECT SUM(version) FROM work_item");
  const int64_t items = Int("SELECT COUNT(*) FROM work_item");
  ASSERT_OK(Recount());
  EXPECT_EQ(Int("SELECT SUM(version) FROM work_item"), version);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM work_item"), items);
  ASSERT_OK(session_->Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(session_->Execute("DELETE FROM work_item", {}));
  ASSERT_OK(Recount(absl::Hours(48)));
  EXPECT_EQ(Stored(), Expected(assets, contracts));
}

}  // namespace
}  // namespace bangfu::asset
