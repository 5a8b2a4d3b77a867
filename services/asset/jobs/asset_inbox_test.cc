// The inbox of assets and contracts through the rpcs, on a real database: what waits for whom and
// until when.
#include <algorithm>
#include <map>
#include <set>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/inbox/recount.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/domain/transitions.h"
#include "services/asset/jobs/asset_inbox_for_test.h"

namespace bangfu::asset {
namespace {

using absl::StatusCode;
using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_TOWNSHIP_REVIEWER;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
  // What was taken back waits for a custodian anew, from the day on which it was.
  ASSERT_OK_AND_ASSIGN(asset, ReturnCustody(asset));
  EXPECT_THAT(Kinds(township), ElementsAre("ASSET_HAND_OVER"));
  EXPECT_EQ(DueOf(township, "ASSET_HAND_OVER"), absl::CivilDay(2026, 1, 1) + 90);
  ASSERT_OK_AND_ASSIGN(asset, HandOver(asset));
  EXPECT_THAT(Kinds(township), IsEmpty());

  // Done by the one who did it, with the outcome; the others see nothing done.
  inbox::v1::ListMyDoneRequest done;
  ASSERT_OK_AND_ASSIGN(const auto mine, server_.Call<inbox::v1::ListMyDoneResponse>(
                                            "bangfu.inbox.v1.InboxService.ListMyDone", done,
                                            Token(ROLE_COUNTY_OPERATOR)));
  ASSERT_EQ(mine.items_size(), 3);
  EXPECT_EQ(mine.items(0).kind(), "ASSET_HAND_OVER");
  EXPECT_EQ(mine.items(0).state(), inbox::v1::WORK_STATE_DONE);
  EXPECT_EQ(mine.items(1).kind(), "ASSET_HAND_OVER");
  EXPECT_EQ(mine.items(2).kind(), "ASSET_TITLE");
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

TEST_F(AssetInboxTest, R002_WhoRaisedADisputeDoesNotSettleIt) {
  ASSERT_OK_AND_ASSIGN(v1::Asset asset, DisputeTitle(Registered(ShedWithBasis()), "both"));
  EXPECT_EQ(asset.title_disputed_by().subject(), "both");
  const std::string same = Token(ROLE_COUNTY_APPROVER, "360733", "both");
  EXPECT_THAT(Kinds(same), IsEmpty());
  EXPECT_THAT(Kinds(Token(ROLE_COUNTY_APPROVER)), ElementsAre("ASSET_TITLE_SETTLE"));
  for (const bool with_certificate : {true, false}) {
    EXPECT_THAT(SettleTitle(asset, with_certificate, "both"),
                StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  }
  const auto settles = [&](const std::string& token) {
    v1::GetAssetRequest get;
    get.set_id(asset.id());
    const auto got = Call<v1::Asset>("AssetService.GetAsset", get, token);
    EXPECT_OK(got);
    std::string reason = "none";
    if (!got.ok()) return reason;
    for (const type::v1::AllowedAction& action : got->allowed_actions()) {
      if (action.action() == "settle_title") reason = action.refusal_reason();
    }
    return reason;
  };
  EXPECT_EQ(settles(same), "SAME_PERSON");
  EXPECT_EQ(settles(Token(ROLE_COUNTY_APPROVER)), "");
  // Settled, it names nobody; who raised the first dispute may settle another's.
  ASSERT_OK_AND_ASSIGN(asset, SettleTitle(asset, /*with_certificate=*/false));
  EXPECT_FALSE(asset.has_title_disputed_by());
  ASSERT_OK_AND_ASSIGN(asset, DisputeTitle(asset, "another"));
  EXPECT_OK(SettleTitle(asset, /*with_certificate=*/true, "both"));
}

TEST_F(AssetInboxTest, R002_WhatWasTakenBackWaitsWhileItIsActive) {
  const std::string township = Token(ROLE_TOWNSHIP_REVIEWER, "360733101", "reviewer");
  ASSERT_OK_AND_ASSIGN(v1::Asset asset, HandOver(Registered(ShedWithBasis())));
  ASSERT_OK_AND_ASSIGN(asset, ReturnCustody(asset));
  EXPECT_THAT(Kinds(township), ElementsAre("ASSET_HAND_OVER", "ASSET_TITLE"));
  // Taken back before it was asked for such work, it is found by the recount.
  ASSERT_OK(session_->Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(session_->Execute("DELETE FROM work_item", {}));
  ASSERT_OK(Recount());
  EXPECT_THAT(Kinds(township), ElementsAre("ASSET_HAND_OVER", "ASSET_TITLE"));
  EXPECT_EQ(DueOf(township, "ASSET_HAND_OVER"), absl::CivilDay(2026, 1, 1) + 90);
  SetParameter("HAND_OVER_DAYS", 30);
  ASSERT_OK(Recount(absl::Hours(48)));
  EXPECT_EQ(DueOf(township, "ASSET_HAND_OVER"), absl::CivilDay(2026, 1, 1) + 30);
  // Taken back twice it does not wait twice.
  EXPECT_THAT(ReturnCustody(asset), StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  EXPECT_THAT(Kinds(township), ElementsAre("ASSET_HAND_OVER", "ASSET_TITLE"));
  v1::VoidAssetRequest r;
  r.set_reason("重复建档");
  ASSERT_OK(Step("VoidAsset", asset, r, Token(ROLE_COUNTY_APPROVER)));
  EXPECT_THAT(Kinds(township), IsEmpty());
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

TEST_F(AssetInboxTest, R110_ADeclaredDividendWaitsForItsPayment) {
  const std::string village = Token(ROLE_VILLAGE_REPORTER, kVillage, "reporter");
  const std::string asset = Earning(100000);
  ASSERT_OK_AND_ASSIGN(v1::Dividend dividend, Declare(asset, 60000));
  ASSERT_THAT(Kinds(village), ElementsAre("DIVIDEND_PAY"));
  EXPECT_THAT(Kinds(Token(ROLE_VILLAGE_REPORTER, "360733101202", "next door")), IsEmpty());
  EXPECT_THAT(Kinds(Token(ROLE_COUNTY_APPROVER)), IsEmpty());  // records no payments
  const inbox::v1::WorkItem item = Mine(village)[0];
  EXPECT_EQ(item.kind_zh(), "兑现已宣告的分红");
  EXPECT_EQ(item.title(), "水东村冷库 2025年度农户分红");
  EXPECT_EQ(item.subject_id(), dividend.id());
  // Twenty working days from the declaration on Monday the 5th.
  EXPECT_EQ(DueOf(village, "DIVIDEND_PAY"), absl::CivilDay(2026, 2, 2));
  EXPECT_TRUE(item.provisional());
  ASSERT_EQ(Dividend(dividend.id(), village).allowed_actions_size(), 1);
  EXPECT_EQ(Dividend(dividend.id(), village).allowed_actions(0).action(), item.action());
  EXPECT_TRUE(Dividend(dividend.id(), village).allowed_actions(0).allowed());
  EXPECT_EQ(Dividend(dividend.id(), Token(ROLE_CITY_SUPERVISOR, "3607")).allowed_actions_size(), 0);
  v1::GetDividendRequest get;
  get.set_id(dividend.id());
  EXPECT_THAT(Call<v1::Dividend>("ContractService.GetDividend", get,
                                 Token(ROLE_COUNTY_OPERATOR, "360734", "elsewhere")),
              StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));

  // In part: it waits for the rest. More than is open is refused, and changes nothing.
  ASSERT_OK_AND_ASSIGN(dividend, Pay(dividend, 20000, village));
  EXPECT_THAT(Pay(dividend, 40001, village),
              StatusIs(StatusCode::kFailedPrecondition, "DIVIDEND_OVERPAID"));
  EXPECT_THAT(Kinds(village), ElementsAre("DIVIDEND_PAY"));
  ASSERT_OK_AND_ASSIGN(dividend, Pay(dividend, 40000, village));
  EXPECT_THAT(Kinds(village), IsEmpty());
  EXPECT_EQ(Dividend(dividend.id(), village).allowed_actions(0).refusal_reason(),
            "DIVIDEND_OVERPAID");
  inbox::v1::ListMyDoneRequest done;
  ASSERT_OK_AND_ASSIGN(const auto theirs,
                       server_.Call<inbox::v1::ListMyDoneResponse>(
                           "bangfu.inbox.v1.InboxService.ListMyDone", done, village));
  ASSERT_EQ(theirs.items_size(), 1);
  EXPECT_EQ(theirs.items(0).outcome(), "pay");

  // By the calendar that was told, and by the registry's term.
  SetParameter("DIVIDEND_PAY_DAYS", 2);
  WorkDays({{Date(2026, 1, 6), false}, {Date(2026, 1, 1), false}, {Date(2027, 1, 1), false}});
  ASSERT_OK(Declare(asset, 1));
  EXPECT_EQ(DueOf(village, "DIVIDEND_PAY"), absl::CivilDay(2026, 1, 8));
  EXPECT_FALSE(Mine(village)[0].provisional());
}

TEST_F(AssetInboxTest, R002_ACommitThatStoppedWaitsToBeResumed) {
  const std::string starter = Token(ROLE_COUNTY_OPERATOR);
  const std::string import = Uploaded("batch-1");
  ASSERT_OK(Validate(import));
  EXPECT_THAT(Kinds(starter), ElementsAre("IMPORT_COMMIT"));
  intake::v1::CommitImportRequest commit;
  commit.set_request_id(RequestId());
  commit.set_id(import);
  ASSERT_OK_AND_ASSIGN(const auto started,
                       Import<operation::v1::Operation>("CommitImport", commit));
  EXPECT_THAT(Kinds(starter), IsEmpty());
  // As OperationService cancels it.
  ASSERT_OK(mysql::Transact(*session_, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(started.id()));
    RETURN_IF_ERROR(operation::Cancel(tx, id, server_.clock().Now()));
    ASSIGN_OR_RETURN(const operation::v1::Operation stopped, operation::Get(tx, id, {"36"}));
    return runner_.TellStand(tx, stopped, server_.clock().Now());
  }));
  EXPECT_THAT(Kinds(starter), ElementsAre("IMPORT_COMMIT_RESUME"));
  EXPECT_THAT(Kinds(Token(ROLE_PROV_ADMIN, "36", "admin")), ElementsAre("IMPORT_COMMIT_RESUME"));
  EXPECT_THAT(Kinds(Token(ROLE_COUNTY_OPERATOR, "360733", "another")), IsEmpty());
  EXPECT_EQ(Mine(starter)[0].title(), "batch-1，入库中断");
  // Forgotten and found again; the validated import does not wait any more.
  ASSERT_OK(session_->Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(session_->Execute("DELETE FROM work_item", {}));
  ASSERT_OK(Recount());
  EXPECT_THAT(Kinds(starter), ElementsAre("IMPORT_COMMIT_RESUME"));
  // Committed anew, it goes with that step, and stays away.
  commit.set_request_id(RequestId());
  ASSERT_OK(Import<operation::v1::Operation>("CommitImport", commit));
  EXPECT_THAT(Kinds(starter), IsEmpty());
  ASSERT_OK(RunOperations());
  ASSERT_OK(Recount(absl::Hours(48)));
  std::vector<std::string> left = Kinds(starter);
  EXPECT_EQ(std::count(left.begin(), left.end(), "IMPORT_COMMIT_RESUME"), 0);
}

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
    } else if (item.subject_type() == "dividend") {
      v1::GetDividendRequest get;
      get.set_id(item.subject_id());
      add(Call<v1::Dividend>("ContractService.GetDividend", get, token));
    } else if (item.subject_type() == "import") {
      intake::v1::GetImportRequest get;
      get.set_id(item.subject_id());
      add(server_.Call<intake::v1::Import>("bangfu.intake.v1.ImportService.GetImport", get, token));
    } else {
      ADD_FAILURE() << "no record known of " << item.subject_type();
    }
    return out;
  }
};

TEST_F(AssetInboxActions, R002_AnItemsActionIsOneOfItsRecords) {
  // One record at least for each kind of the service.
  ASSERT_OK(DisputeTitle(Registered(ShedWithBasis())));
  Registered(ShedWithBasis());
  Signed(Lease(Registered(Shed()).id(), 1000));
  Signed(LeaseDueOn(2026, 6, 30, /*rate_bp=*/1000));
  ASSERT_OK(Declare(Earning(1000), 1000));
  ASSERT_OK(Validate(Uploaded("batch-1")));

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
  check(Dividends(), DividendWorks());
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

}  // namespace
}  // namespace bangfu::asset
