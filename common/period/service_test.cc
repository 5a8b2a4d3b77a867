#include <set>
#include <thread>

#include "common/period/service_for_test.h"
#include "common/testing/at_once.h"

namespace bangfu::period {
namespace {

using absl::StatusCode;
using ::bangfu::testing::AtOnce;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::Outcomes;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::Tally;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(PeriodServiceTest, R019_FromOpenToAccepted) {
  auto opened = Open(kCounty, operator_);
  ASSERT_OK(opened);
  EXPECT_EQ(opened->state(), v1::PERIOD_STATE_OPEN);
  EXPECT_EQ(opened->revision(), 1);
  EXPECT_EQ(opened->cut_off().month(), 3);
  EXPECT_EQ(opened->cut_off().day(), 5);
  EXPECT_EQ(opened->table_name_zh(), "项目调度表");
  auto freezing = Freeze(opened->id(), operator_);
  ASSERT_OK(freezing);
  EXPECT_EQ(freezing->state(), v1::PERIOD_STATE_FREEZING);
  EXPECT_THAT(Freeze(opened->id(), operator_),
              StatusIs(StatusCode::kFailedPrecondition, "FREEZE_RUNNING"));
  RunOperations();
  const v1::Period frozen = Get(opened->id());
  EXPECT_EQ(frozen.state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_EQ(frozen.rows(), 2);
  EXPECT_EQ(frozen.rows_sha256(), HashOf(frozen.id(), kCounty));
  EXPECT_EQ(frozen.watermarks(0).sequence(), 42);
  EXPECT_EQ(frozen.prepared_by().subject(), "operator");
  EXPECT_THAT(frozen.unsigned_regions(), ElementsAre(kCounty, kTownship, kVillage1, kVillage2));
  EXPECT_THAT(frozen.draft_note(), HasSubstr("未定稿"));

  const std::string id = frozen.id();
  EXPECT_THAT(Sign(id, kTownship, "township"),
              StatusIs(StatusCode::kFailedPrecondition, "LOWER_LEVEL_UNSIGNED"));
  EXPECT_EQ(Sign(id, kVillage1, "cadre-1")->state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_THAT(Sign(id, kVillage1, "cadre-1"),
              StatusIs(StatusCode::kFailedPrecondition, "ALREADY_CURRENT"));
  EXPECT_EQ(Sign(id, kVillage2, "cadre-2")->state(), v1::PERIOD_STATE_VILLAGE_SIGNED);
  EXPECT_THAT(Sign(id, kTownship, "cadre-1"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_EQ(Sign(id, kTownship, "township")->state(), v1::PERIOD_STATE_TOWNSHIP_SIGNED);
  EXPECT_THAT(Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, operator_),
              StatusIs(StatusCode::kFailedPrecondition, "LOWER_LEVEL_UNSIGNED"));
  auto county = Sign(id, kCounty, "approver");
  ASSERT_OK(county);
  EXPECT_EQ(county->state(), v1::PERIOD_STATE_COUNTY_SIGNED);
  EXPECT_EQ(county->draft_note(), "");
  auto submitted = Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, operator_);
  ASSERT_OK(submitted);
  EXPECT_EQ(submitted->state(), v1::PERIOD_STATE_SUBMITTED);
  EXPECT_THAT(Step<v1::AcceptPeriodRequest>("AcceptPeriod", id, approver_),
              StatusIs(StatusCode::kPermissionDenied));
  auto accepted = Step<v1::AcceptPeriodRequest>("AcceptPeriod", id, city_);
  ASSERT_OK(accepted);
  EXPECT_EQ(accepted->state(), v1::PERIOD_STATE_ACCEPTED);
  EXPECT_EQ(accepted->decided_by().subject(), "city");
}

TEST_F(PeriodServiceTest, OpeningIsCheckedAndOnlyOnce) {
  v1::OpenPeriodRequest request;
  request.set_table_no("T99");
  request.set_region_code(kCounty);
  request.set_period(kPeriod);
  EXPECT_THAT(Call("OpenPeriod", request, operator_), HasViolation("table_no"));
  EXPECT_THAT(Open(kCounty, operator_, "2026-13"), HasViolation("period"));
  EXPECT_THAT(Open(kCounty, operator_, "2099-01"),
              StatusIs(StatusCode::kFailedPrecondition, "PERIOD_NOT_BEGUN"));
  EXPECT_THAT(Open("360734", operator_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Open(kTownship, operator_), HasViolation("region_code"));
  EXPECT_THAT(Open(kCounty, city_), StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  request.set_table_no("T8");
  request.set_validate_only(true);
  ASSERT_OK(Call("OpenPeriod", request, operator_));
  ASSERT_OK(Open(kCounty, operator_));
  EXPECT_THAT(Open(kCounty, operator_), StatusIs(StatusCode::kAlreadyExists, "PERIOD_EXISTS"));
}

TEST_F(PeriodServiceTest, ASignatureBindsToTheRowsThatWereShown) {
  const v1::Period frozen = Frozen();
  EXPECT_THAT(SignWith(frozen.id(), kVillage1, std::string(64, 'a'), "cadre-1"),
              StatusIs(StatusCode::kAborted, "ROWS_CHANGED"));
  EXPECT_THAT(Sign(frozen.id(), "360733102", "cadre-1"),
              StatusIs(StatusCode::kFailedPrecondition, "UNIT_EMPTY"));
  EXPECT_THAT(Sign(frozen.id(), kVillage1, "operator"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  // Another level's signer does not sign.
  v1::SignPeriodRequest request;
  request.set_region_code(kVillage1);
  request.set_rows_sha256(HashOf(frozen.id(), kVillage1));
  EXPECT_THAT(Step("SignPeriod", frozen.id(), approver_, request),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  // The hash of revision 1 does not sign revision 2.
  const std::string shown = HashOf(frozen.id(), kVillage1);
  ASSERT_OK(Return(frozen.id(), approver_));
  Put(kVillage1, "橘园", 150);
  auto second = Step<v1::ReissuePeriodRequest>("ReissuePeriod", frozen.id(), operator_);
  ASSERT_OK(second);
  RunOperations();
  EXPECT_THAT(SignWith(second->id(), kVillage1, shown, "cadre-1"),
              StatusIs(StatusCode::kAborted, "ROWS_CHANGED"));
  EXPECT_THAT(SignWith(frozen.id(), kVillage1, shown, "cadre-1"),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
}

TEST_F(PeriodServiceTest, ReturnedIsReissuedAndBothStayReadable) {
  const v1::Period first = Frozen();
  SignAll(first.id());
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", first.id(), operator_));
  EXPECT_THAT(Step<v1::ReturnPeriodRequest>("ReturnPeriod", first.id(), city_),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Step<v1::ReissuePeriodRequest>("ReissuePeriod", first.id(), operator_),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  auto returned = Return(first.id(), city_);
  ASSERT_OK(returned);
  EXPECT_EQ(returned->return_reasons(0).field(), "value_milli");
  EXPECT_EQ(returned->return_reasons(0).field_label_zh(), "数值");
  Put(kVillage1, "橘园", 150);
  Put(kVillage2, "新园", 7);
  auto second = Step<v1::ReissuePeriodRequest>("ReissuePeriod", first.id(), operator_);
  ASSERT_OK(second);
  EXPECT_EQ(second->revision(), 2);
  RunOperations();
  const v1::Period old = Get(first.id());
  EXPECT_EQ(old.state(), v1::PERIOD_STATE_REISSUED);
  EXPECT_FALSE(old.newest());
  EXPECT_EQ(old.rows_sha256(), first.rows_sha256());
  const v1::Period fresh = Get(second->id());
  EXPECT_EQ(fresh.state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_NE(fresh.rows_sha256(), first.rows_sha256());
  EXPECT_EQ(fresh.unsigned_count(), 4);  // signed anew

  const v1::DiffPeriodResponse diff = Diff(first.id(), second->id());
  EXPECT_EQ(diff.from_zh(), "2026-02 第1版");
  EXPECT_EQ(diff.to_zh(), "2026-02 第2版");
  ASSERT_EQ(diff.differences_size(), 2);
  EXPECT_EQ(diff.differences(0).key(), "橘园");
  EXPECT_EQ(diff.differences(0).change(), v1::ROW_CHANGE_CHANGED);
  ASSERT_EQ(diff.differences(0).fields_size(), 1);
  EXPECT_EQ(diff.differences(0).fields(0).field(), "value_milli");
  EXPECT_EQ(diff.differences(0).fields(0).before(), "100");
  EXPECT_EQ(diff.differences(0).fields(0).after(), "150");
  EXPECT_EQ(diff.differences(1).change(), v1::ROW_CHANGE_ADDED);
  EXPECT_EQ(diff.added(), 1);
  EXPECT_EQ(diff.changed(), 1);
  // One a page.
  v1::DiffPeriodRequest request;
  request.set_id(first.id());
  request.set_other_id(second->id());
  request.set_page_size(1);
  auto page = Call<v1::DiffPeriodResponse>("DiffPeriod", request, operator_);
  ASSERT_OK(page);
  request.set_page_token(page->next_page_token());
  page = Call<v1::DiffPeriodResponse>("DiffPeriod", request, operator_);
  ASSERT_OK(page);
  EXPECT_EQ(page->differences(0).key(), "新园");
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(PeriodServiceTest, AChangedRecordShowsAsTheDifferenceToTheSignedTable) {
  const v1::Period frozen = Frozen();
  SignAll(frozen.id());
  EXPECT_EQ(Diff(frozen.id()).differences_size(), 0);
  Put(kVillage1, "橘园", 999);
  const v1::DiffPeriodResponse diff = Diff(frozen.id());
  ASSERT_EQ(diff.differences_size(), 1);
  EXPECT_EQ(diff.differences(0).fields(0).after(), "999");
  EXPECT_THAT(diff.to_zh(), HasSubstr("实时"));
  EXPECT_THAT(diff.to_zh(), HasSubstr("registry 42"));
  EXPECT_EQ(Get(frozen.id()).rows_sha256(), frozen.rows_sha256());
}

TEST_F(PeriodServiceTest, AVillageSeesTheCountysTableAndItsOwnPart) {
  const v1::Period frozen = Frozen();
  const std::string village = server_.Token(Role::ROLE_VILLAGE_REPORTER, kVillage1, "cadre-1");
  const v1::Period seen = Get(frozen.id(), village);
  ASSERT_EQ(seen.allowed_actions_size(), 1);
  EXPECT_EQ(seen.allowed_actions(0).action(), "sign");
  EXPECT_TRUE(seen.allowed_actions(0).allowed());
  v1::ListPeriodUnitsRequest units;
  units.set_id(frozen.id());
  auto mine = Call<v1::ListPeriodUnitsResponse>("ListPeriodUnits", units, village);
  ASSERT_OK(mine);
  ASSERT_EQ(mine->units_size(), 1);
  EXPECT_EQ(mine->units(0).region_code(), kVillage1);
  v1::ListPeriodsRequest list;
  auto periods = Call<v1::ListPeriodsResponse>("ListPeriods", list, village);
  ASSERT_OK(periods);
  EXPECT_EQ(periods->periods_size(), 1);
  const std::string elsewhere = server_.Token(Role::ROLE_VILLAGE_REPORTER, "360734101201", "x");
  v1::GetPeriodRequest get;
  get.set_id(frozen.id());
  EXPECT_THAT(Call("GetPeriod", get, elsewhere), StatusIs(StatusCode::kNotFound));
  v1::BatchGetPeriodsRequest batch;
  batch.add_ids(frozen.id());
  const std::string unknown = server_.ids().Next().ToString();
  batch.add_ids(unknown);
  auto got = Call<v1::BatchGetPeriodsResponse>("BatchGetPeriods", batch, operator_);
  ASSERT_OK(got);
  EXPECT_EQ(got->periods_size(), 1);
  EXPECT_THAT(got->missing_ids(), ::testing::ElementsAre(unknown));
  got = Call<v1::BatchGetPeriodsResponse>("BatchGetPeriods", batch, elsewhere);
  ASSERT_OK(got);
  EXPECT_THAT(got->missing_ids(), ::testing::ElementsAre(frozen.id(), unknown));
}

TEST_F(PeriodServiceTest, WhatPassesTheCutOffUnsignedIsLate) {
  const v1::Period frozen = Frozen();
  v1::ListPeriodsRequest list;
  list.set_late_only(true);
  server_.clock().Advance(absl::Hours(24 * 400));
  MintTokens();
  EXPECT_TRUE(Get(frozen.id()).late());
  auto late = Call<v1::ListPeriodsResponse>("ListPeriods", list, operator_);
  ASSERT_OK(late);
  ASSERT_EQ(late->periods_size(), 1);
  SignAll(frozen.id());
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", frozen.id(), operator_));
  EXPECT_FALSE(Get(frozen.id()).late());
  late = Call<v1::ListPeriodsResponse>("ListPeriods", list, operator_);
  ASSERT_OK(late);
  EXPECT_EQ(late->periods_size(), 0);
}

TEST_F(PeriodServiceTest, ACitysTableIsMadeOfTheCountiesRevisions) {
  auto city = Open("3607", city_);
  ASSERT_OK(city);
  const v1::Period county = Frozen();
  ASSERT_OK(Freeze(city->id(), city_));
  RunOperations();
  v1::Period made = Get(city->id(), city_);
  EXPECT_EQ(made.state(), v1::PERIOD_STATE_FROZEN);
  ASSERT_EQ(made.components_size(), 2);
  EXPECT_EQ(made.components(0).period_id(), county.id());
  EXPECT_EQ(made.components(0).rows_sha256(), county.rows_sha256());
  EXPECT_EQ(made.components(1).period_id(), "");
  EXPECT_THAT(made.draft_note(), HasSubstr("单位360734"));
  EXPECT_FALSE(made.needs_update());
  EXPECT_THAT(Step<v1::SubmitPeriodRequest>("SubmitPeriod", city->id(), city_),
              StatusIs(StatusCode::kFailedPrecondition, "COMPONENT_UNSIGNED"));
  // The other county comes after: the city's table is no longer of what stands.
  const std::string other = server_.Token(Role::ROLE_COUNTY_OPERATOR, "360734", "operator-2");
  auto second = Open("360734", other);
  ASSERT_OK(second);
  ASSERT_OK(Freeze(second->id(), other));
  RunOperations();
  made = Get(city->id(), city_);
  EXPECT_TRUE(made.needs_update());
  EXPECT_THAT(made.draft_note(), HasSubstr("需更新"));
  EXPECT_THAT(Step<v1::SubmitPeriodRequest>("SubmitPeriod", city->id(), city_),
              StatusIs(StatusCode::kFailedPrecondition, "NEEDS_UPDATE"));
  auto again = Step<v1::ReissuePeriodRequest>("ReissuePeriod", city->id(), city_);
  ASSERT_OK(again);
  RunOperations();
  EXPECT_FALSE(Get(again->id(), city_).needs_update());
  // Both counties submit; then one is returned and issued anew.
  SignAll(county.id());
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", county.id(), operator_));
  ASSERT_OK(Sign(second->id(), "360734", "approver-2"));
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", second->id(), other));
  ASSERT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", again->id(), city_));
  EXPECT_EQ(Get(again->id(), city_).draft_note(), "");
  ASSERT_OK(Return(county.id(), city_));
  EXPECT_TRUE(Get(again->id(), city_).needs_update());
}

// --- two at once, and crashes ---

TEST_F(PeriodServiceTest, OfTwoCallersAtEachGuardOneWins) {
  const auto race = [&](auto first, auto second) {
    absl::StatusOr<v1::Period> results[2];
    std::thread other([&] { results[1] = second(); });
    results[0] = first();
    other.join();
    EXPECT_EQ((results[0].ok() ? 1 : 0) + (results[1].ok() ? 1 : 0), 1)
        << results[0].status() << " / " << results[1].status();
    return results[0].ok() ? results[1].status() : results[0].status();
  };
  const std::string operator2 = server_.Token(Role::ROLE_COUNTY_OPERATOR, kCounty, "operator-b");
  EXPECT_THAT(
      race([&] { return Open(kCounty, operator_); }, [&] { return Open(kCounty, operator2); }),
      StatusIs(StatusCode::kAlreadyExists, "PERIOD_EXISTS"));
  v1::ListPeriodsRequest list;
  auto listed = Call<v1::ListPeriodsResponse>("ListPeriods", list, operator_);
  ASSERT_OK(listed);
  ASSERT_EQ(listed->periods_size(), 1);
  const std::string id = listed->periods(0).id();
  EXPECT_THAT(race([&] { return Freeze(id, operator_); }, [&] { return Freeze(id, operator2); }),
              StatusIs(StatusCode::kFailedPrecondition, "FREEZE_RUNNING"));
  RunOperations();
  const std::string hash = HashOf(id, kVillage1);
  EXPECT_THAT(race([&] { return SignWith(id, kVillage1, hash, "cadre-1"); },
                   [&] { return SignWith(id, kVillage1, hash, "cadre-9"); }),
              StatusIs(StatusCode::kFailedPrecondition, "ALREADY_CURRENT"));
  ASSERT_OK(Sign(id, kVillage2, "cadre-2"));
  ASSERT_OK(Sign(id, kTownship, "township"));
  ASSERT_OK(Sign(id, kCounty, "approver"));
  const auto submit = [&](const std::string& token) {
    return Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, token);
  };
  EXPECT_THAT(race([&] { return submit(operator_); }, [&] { return submit(operator2); }),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  ASSERT_OK(Return(id, city_));
  const auto reissue = [&](const std::string& token) {
    return Step<v1::ReissuePeriodRequest>("ReissuePeriod", id, token);
  };
  EXPECT_THAT(race([&] { return reissue(operator_); }, [&] { return reissue(operator2); }),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM report_period"), 2);
}

TEST_F(PeriodServiceTest, OfTwoDecisionsAtOnceOnWhatBothSawOneStands) {
  const std::string city2 = server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "city-b");
  const auto submitted = [&](const std::string& period) -> v1::Period {
    const auto opened = Open(kCounty, operator_, period);
    EXPECT_OK(opened);
    if (!opened.ok()) return {};
    EXPECT_OK(Freeze(opened->id(), operator_));
    RunOperations();
    SignAll(opened->id());
    EXPECT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", opened->id(), operator_));
    return Get(opened->id());
  };
  const auto accept = [&](const v1::Period& seen, const std::string& token) {
    v1::AcceptPeriodRequest request;
    request.set_etag(seen.etag());
    return Step("AcceptPeriod", seen.id(), token, request);
  };
  const auto send_back = [&](const v1::Period& seen, const std::string& token) {
    v1::ReturnPeriodRequest request;
    request.set_etag(seen.etag());
    type::v1::ReturnReason* reason = request.add_reasons();
    reason->set_subject_id("橘园");
    reason->set_field("value_milli");
    reason->set_text("数量与实地不符");
    return Step("ReturnPeriod", seen.id(), token, request);
  };
  const auto steps = [&](const v1::Period& period) {
    return server_.database().Int(
        "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'period' AND aggregate_id = ?",
        {*Ulid::Parse(period.id())});
  };

  // Whatever stands is accepted once.
  v1::Period table = submitted("2026-01");
  int64_t before = steps(table);
  v1::Period any = table;
  any.clear_etag();
  EXPECT_EQ(Outcomes(AtOnce(2, [&](int i) { return accept(any, i == 0 ? city_ : city2); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
  EXPECT_EQ(Get(table.id()).state(), v1::PERIOD_STATE_ACCEPTED);
  EXPECT_EQ(steps(table), before + 1);

  table = submitted("2025-12");
  before = steps(table);
  const auto decided =
      AtOnce(2, [&](int i) { return i == 0 ? accept(table, city_) : send_back(table, city2); });
  EXPECT_EQ(Outcomes(decided), (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
  EXPECT_EQ(Get(table.id()).state(),
            decided[0].ok() ? v1::PERIOD_STATE_ACCEPTED : v1::PERIOD_STATE_RETURNED);
  EXPECT_EQ(steps(table), before + 1);

  // What is accepted may be returned, so that a return of whatever stands is taken in any order.
  table = submitted("2025-11");
  before = steps(table);
  any = table;
  any.clear_etag();
  const auto results =
      AtOnce(2, [&](int i) { return i == 0 ? accept(any, city_) : send_back(any, city2); });
  EXPECT_OK(results[1]);
  if (!results[0].ok()) {
    EXPECT_THAT(results[0], StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  }
  EXPECT_EQ(Get(table.id()).state(), v1::PERIOD_STATE_RETURNED);
  EXPECT_EQ(steps(table), before + (results[0].ok() ? 2 : 1));
}

TEST_F(PeriodServiceTest, ACrashWhileFreezingLeavesNothingHalfDoneAndTheNextGoesOn) {
  auto opened = Open(kCounty, operator_);
  ASSERT_OK(opened);
  ASSERT_OK(Freeze(opened->id(), operator_));
  // The connection dies with everything written and nothing committed; the process is gone.
  auto dying = NewRunner({.before_commit = [&](mysql::Tx& tx) -> absl::Status {
    EXPECT_EQ(tx.Query("SELECT COUNT(*) FROM period_rows")->at(0).Int(0), 1);
    return Error(StatusCode::kUnavailable, "CRASH").Build();
  }});
  auto session = server_.database().Connect();
  (void)dying->StepOnce(*session);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM period_rows"), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM period_unit"), 0);
  EXPECT_EQ(Get(opened->id()).state(), v1::PERIOD_STATE_FREEZING);
  server_.clock().Advance(absl::Minutes(5));  // its lease ends
  RunOperations();
  const v1::Period frozen = Get(opened->id());
  EXPECT_EQ(frozen.state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_EQ(frozen.rows(), 2);
}

TEST_F(PeriodServiceTest, AFailedFreezeIsFrozenAgain) {
  auto opened = Open(kCounty, operator_);
  ASSERT_OK(opened);
  ASSERT_OK(Freeze(opened->id(), operator_));
  auto failing = NewRunner(
      {.before_commit = [](mysql::Tx&) -> absl::Status { return absl::DataLossError("bad"); }});
  auto session = server_.database().Connect();
  ASSERT_OK(failing->StepOnce(*session));
  EXPECT_EQ(Get(opened->id()).state(), v1::PERIOD_STATE_FREEZING);
  ASSERT_OK(Freeze(opened->id(), operator_));
  RunOperations();
  EXPECT_EQ(Get(opened->id()).state(), v1::PERIOD_STATE_FROZEN);
}

TEST_F(PeriodServiceTest, ListsGoByTheRegionsIndex) {
  ASSERT_OK(Open(kCounty, operator_));
  auto explained = server_.database().db().Query(
      "EXPLAIN SELECT id FROM report_period FORCE INDEX (period_by_region) WHERE "
      "((region_path >= '360733' AND region_path < '360734') OR region_path IN ('36', '3607')) AND "
      "newest = 1 ORDER BY region_path, id LIMIT 51");
  ASSERT_OK(explained);
  EXPECT_EQ(explained->at(0).String(5), "period_by_region");
  EXPECT_THAT(explained->at(0).String(9), ::testing::Not(HasSubstr("filesort")));
}

TEST_F(PeriodServiceTest, EveryStepLeavesAnEventAndALineInTheTrail) {
  const v1::Period frozen = Frozen();
  SignAll(frozen.id());
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'period'"), 7);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM feed_outbox"), 7);
}

// The freezing is long work; who started it, on whose behalf and by which grant stands in its
// entries as in those of the calls.
TEST_F(PeriodServiceTest, WhatADeputyStartsIsAuditedOnThePrincipalsBehalf) {
  const Ulid grant = server_.ids().Next();
  grants_.Lend("zhang", "li", Role::ROLE_COUNTY_OPERATOR, kCounty, grant);
  const std::string deputy = ::bangfu::testing::PersonToken(server_, "zhang");
  auto opened = Open(kCounty, deputy);
  ASSERT_OK(opened);
  ASSERT_OK(Freeze(opened->id(), deputy));
  RunOperations();
  const v1::Period frozen = Get(opened->id());
  EXPECT_EQ(frozen.state(), v1::PERIOD_STATE_FROZEN);
  EXPECT_EQ(frozen.prepared_by().delegated_by(), "li");
  EXPECT_EQ(frozen.prepared_by().grant_id(), grant.ToString());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log"), 3);
  EXPECT_EQ(
      server_.database().Int(Cat("SELECT COUNT(*) FROM audit_log WHERE actor_subject = 'zhang' AND "
                                 "actor_delegated_by = 'li' AND actor_grant_id = '",
                                 grant.ToString(), "'")),
      3);
}

TEST_F(PeriodServiceTest, APrincipalAndTheirDeputyAreOnePerson) {
  grants_.Lend("zhang", "li", Role::ROLE_COUNTY_OPERATOR, kCounty, server_.ids().Next());
  grants_.Lend("wang", "cadre-1", Role::ROLE_TOWNSHIP_APPROVER, kTownship, server_.ids().Next());
  const std::string deputy = ::bangfu::testing::PersonToken(server_, "zhang");
  auto opened = Open(kCounty, deputy);
  ASSERT_OK(opened);
  ASSERT_OK(Freeze(opened->id(), deputy));
  RunOperations();
  const std::string id = opened->id();
  // Who had it prepared does not sign it.
  EXPECT_THAT(Sign(id, kVillage1, "li"), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  ASSERT_OK(Sign(id, kVillage1, "cadre-1"));
  ASSERT_OK(Sign(id, kVillage2, "cadre-2"));
  // Who signed a village does not sign its township through another.
  v1::SignPeriodRequest request;
  request.set_region_code(kTownship);
  request.set_rows_sha256(HashOf(id, kTownship));
  EXPECT_THAT(Step("SignPeriod", id, ::bangfu::testing::PersonToken(server_, "wang"), request),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  // Nor the other way round.
  grants_.Lend("wang", "township", Role::ROLE_TOWNSHIP_APPROVER, kTownship, server_.ids().Next());
  ASSERT_OK(Step("SignPeriod", id, ::bangfu::testing::PersonToken(server_, "wang"), request));
  EXPECT_THAT(Sign(id, kCounty, "township"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  ASSERT_OK(Sign(id, kCounty, "approver"));
}

// --- the inbox: every waiting step of a table is an item

TEST_F(PeriodServiceTest, WhatIsSignedKeepsTheCodesOfItsDayAndGoesOnUnderTodays) {
  constexpr char kRecoded[] = "360799", kRecodedVillage2[] = "360799101202";
  const v1::Period frozen = Frozen();
  const std::string id = frozen.id();
  ASSERT_OK(Sign(id, kVillage1, "cadre-1"));
  const auto open = Open(kCounty, operator_, "2026-01");
  ASSERT_OK(open);
  server_.clock().Advance(absl::Seconds(1));
  UlidGenerator ids(server_.clock());
  ASSERT_OK(mysql::Transact(*session_, [&](mysql::Tx& tx) {
    return recode::Apply(tx, {RegionPart(), inbox::RegionPart(), operation::RegionPart()},
                         {ids.Next(), kCounty, kRecoded, server_.clock().Now()}, server_.clock())
        .status();
  }));
  server_.database().Run(
      "UPDATE thing SET region_path = CONCAT('360799', SUBSTRING(region_path, 7));");

  const std::string now = server_.Token(Role::ROLE_COUNTY_OPERATOR, kRecoded, "operator-2");
  const v1::Period seen = Get(id, now);
  EXPECT_EQ(seen.region_code(), kCounty);
  EXPECT_EQ(seen.rows_sha256(), frozen.rows_sha256());
  EXPECT_EQ(Get(open->id(), now).region_code(), kRecoded);
  // Nobody has the old code any more; who gets it anew is another county.
  for (const std::string& one : {id, open->id()}) {
    v1::GetPeriodRequest get;
    get.set_id(one);
    EXPECT_THAT(Call("GetPeriod", get, operator_), StatusIs(StatusCode::kNotFound));
  }
  v1::ListPeriodsRequest list;
  list.set_region_code(kRecoded);
  const auto listed = Call<v1::ListPeriodsResponse>("ListPeriods", list, now);
  ASSERT_OK(listed);
  EXPECT_EQ(listed->periods_size(), 2);
  const auto found =
      FindFrozen(*session_, Options(), "T8", kRecoded, kPeriod, 0, server_.clock().Now());
  ASSERT_OK(found);
  EXPECT_EQ(found->id.ToString(), id);
  int rows = 0;
  ASSERT_OK(ReadRows(*session_, found->id, {kRecoded}, [&](Row row) {
    EXPECT_EQ(row.region_path.substr(0, 6), kCounty);
    ++rows;
    return absl::OkStatus();
  }));
  EXPECT_EQ(rows, 2);

  // What waits lies on today's desks, and its steps are for those who have the region today.
  const std::string cadre = server_.Token(Role::ROLE_VILLAGE_REPORTER, kRecodedVillage2, "cadre-2");
  EXPECT_THAT(Work(cadre), ElementsAre(Cat("PERIOD_SIGN ", kVillage2)));
  const auto sign = [&](const std::string& unit, const std::string& token) {
    v1::SignPeriodRequest request;
    request.set_region_code(unit);
    request.set_rows_sha256(HashOf(id, unit));
    return Step("SignPeriod", id, token, request);
  };
  EXPECT_THAT(sign(kVillage2, Signer(kVillage2, "cadre-2")), StatusIs(StatusCode::kNotFound));
  ASSERT_OK(sign(kVillage2, cadre));
  const std::string township = server_.Token(Role::ROLE_TOWNSHIP_APPROVER, "360799101", "township");
  EXPECT_THAT(Work(township), ElementsAre(Cat("PERIOD_SIGN ", kTownship)));
  ASSERT_OK(sign(kTownship, township));
  ASSERT_OK(sign(kCounty, server_.Token(Role::ROLE_COUNTY_APPROVER, kRecoded, "approver")));
  EXPECT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", id, now));
  EXPECT_EQ(Get(id, now).rows_sha256(), frozen.rows_sha256());
  // A revision after that is of the rows as they are.
  ASSERT_OK(Return(id, city_));
  const auto again = Step<v1::ReissuePeriodRequest>("ReissuePeriod", id, now);
  ASSERT_OK(again);
  RunOperations();
  EXPECT_EQ(Get(again->id(), now).region_code(), kRecoded);
  EXPECT_EQ(Get(again->id(), now).rows(), 2);
}

}  // namespace
}  // namespace bangfu::period
