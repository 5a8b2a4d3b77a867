#include "common/flag/service.h"

#include <iostream>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "bangfu/audit/v1/audit_service.pb.h"
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/audit/audit.h"
#include "common/audit/changes.h"
#include "common/audit/recorded_for_test.h"
#include "common/audit/schema.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/feed/schema.h"
#include "common/flag/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/mine_for_test.h"
#include "common/inbox/move.h"
#include "common/inbox/recount.h"
#include "common/inbox/schema.h"
#include "common/inbox/service.h"
#include "common/inbox/walks_for_test.h"
#include "common/recode/recode.h"
#include "common/recode/schema.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/at_once.h"
#include "common/testing/deep.h"
#include "common/testing/held_grants.h"
#include "common/testing/random.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"
#include "common/workflow/actions_for_test.h"

namespace bangfu::flag {
namespace {

using absl::StatusCode;
using auth::Role;
using ::bangfu::testing::AtOnce;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::Outcomes;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::Tally;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using workflow::ActionsOf;

const inbox::Walk kWalk({"RECORD_FLAG_ANSWER", "RECORD_FLAG_CLOSE"});

constexpr char kService[] = "bangfu.audit.v1.RecordFlagService";
constexpr char kVillage[] = "360733101001";

class FlagServiceTest : public ::testing::Test {
 protected:
  FlagServiceTest()
      : server_({.services = {kService, "bangfu.inbox.v1.InboxService"},
                 .migrations = migrate::Concat(Schema(), feed::Schema(), idempotency::Schema(),
                                               inbox::Schema(), audit::Schema(), recode::Schema()),
                 .server = held_.ServerOptions()},
                [this](rpc::Router& router) {
                  RegisterRecordFlagService(
                      router, {.parameter = [this](mysql::Executor&, const std::string& code,
                                                   int64_t fallback) -> absl::StatusOr<int64_t> {
                        return code == kCloseDays ? close_days_ : fallback;
                      }});
                  inbox::RegisterInboxService(router, {WorkKinds(), {}});
                }),
        auditor_(server_.Token(Role::ROLE_AUDITOR, "3607", "auditor")),
        approver_(server_.Token(Role::ROLE_COUNTY_APPROVER, "360733", "approver")) {
    project_ = Recorded("project", kVillage);
  }

  // A record as the trail knows it.
  Ulid Recorded(const std::string& type, const std::string& region) {
    return audit::Recorded(server_, type, region);
  }
  v1::FlagRecordRequest FlagOf(const Ulid& id, const std::string& type = "project") {
    v1::FlagRecordRequest request;
    request.set_request_id(Cat("flag-request-", ++requests_));
    request.set_subject_type(type);
    request.set_subject_id(id.ToString());
    request.set_reason("拨款凭证与合同金额不符");
    request.set_answer_days(5);
    return request;
  }
  absl::StatusOr<v1::RecordFlag> Flag(const v1::FlagRecordRequest& request,
                                      const std::string& token) {
    return server_.Call<v1::RecordFlag>(Cat(kService, ".FlagRecord"), request, token);
  }
  absl::StatusOr<v1::RecordFlag> Answer(const v1::RecordFlag& flag, const std::string& token,
                                        bool validate_only = false) {
    v1::AnswerRecordFlagRequest request;
    request.set_request_id(Cat("answer-request-", ++requests_));
    request.set_id(flag.id());
    request.set_etag(flag.etag());
    request.set_answer("合同有补充协议，已补传");
    request.set_validate_only(validate_only);
    return server_.Call<v1::RecordFlag>(Cat(kService, ".AnswerRecordFlag"), request, token);
  }
  absl::StatusOr<v1::RecordFlag> Close(
      const v1::RecordFlag& flag, const std::string& token,
      v1::RecordFlagOutcome outcome = v1::RECORD_FLAG_OUTCOME_EXPLAINED) {
    v1::CloseRecordFlagRequest request;
    request.set_request_id(Cat("close-request-", ++requests_));
    request.set_id(flag.id());
    request.set_etag(flag.etag());
    request.set_outcome(outcome);
    request.set_outcome_note("补充协议属实");
    return server_.Call<v1::RecordFlag>(Cat(kService, ".CloseRecordFlag"), request, token);
  }
  absl::StatusOr<v1::RecordFlag> Get(const std::string& id, const std::string& token) {
    v1::GetRecordFlagRequest request;
    request.set_id(id);
    return server_.Call<v1::RecordFlag>(Cat(kService, ".GetRecordFlag"), request, token);
  }
  std::vector<std::string> List(const v1::ListRecordFlagsRequest& request, const std::string& token,
                                std::string* next = nullptr) {
    auto listed = server_.Call<v1::ListRecordFlagsResponse>(Cat(kService, ".ListRecordFlags"),
                                                            request, token);
    EXPECT_OK(listed);
    std::vector<std::string> ids;
    if (!listed.ok()) return ids;
    for (const v1::RecordFlag& flag : listed->record_flags()) ids.push_back(flag.id());
    if (next != nullptr) *next = listed->next_page_token();
    return ids;
  }
  std::vector<inbox::v1::WorkItem> Mine(const std::string& token) {
    return inbox::MyWork(server_, token);
  }
  std::vector<std::string> Work(const std::string& token) { return inbox::MyKinds(server_, token); }

  int requests_ = 1000;
  int close_days_ = kDefaultCloseDays;
  ::bangfu::testing::HeldGrants held_;
  RpcServer server_;
  const std::string auditor_, approver_;
  Ulid project_;
};

TEST_F(FlagServiceTest, FromTheFlagToItsOutcome) {
  const v1::FlagRecordRequest request = FlagOf(project_);
  ASSERT_OK_AND_ASSIGN(v1::RecordFlag flag, Flag(request, auditor_));
  ASSERT_OK_AND_ASSIGN(flag, Flag(request, auditor_));  // sent twice, flagged once
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM record_flag"), 1);
  EXPECT_EQ(flag.state(), v1::RECORD_FLAG_STATE_OPEN);
  EXPECT_EQ(flag.region_path(), kVillage);
  EXPECT_EQ(flag.flagged_by().subject(), "auditor");
  EXPECT_TRUE(flag.has_answer_due());
  EXPECT_TRUE(flag.provisional());
  EXPECT_THAT(ActionsOf(flag), ElementsAre("close: STATE_NOT_ALLOWED", "withdraw"));

  // The office of the county finds it in its inbox, and nobody above it does.
  const std::vector<inbox::v1::WorkItem> waiting = Mine(approver_);
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].kind(), "RECORD_FLAG_ANSWER");
  EXPECT_EQ(waiting[0].title(), "审计标记：拨款凭证与合同金额不符");
  EXPECT_EQ(waiting[0].due_on().day(), flag.answer_due().day());
  EXPECT_THAT(Work(server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "city")), IsEmpty());
  EXPECT_THAT(Work(auditor_), IsEmpty());

  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag seen, Get(flag.id(), approver_));
  EXPECT_THAT(ActionsOf(seen), ElementsAre("answer"));
  // Only looked at: nothing is stored.
  EXPECT_OK(Answer(flag, approver_, true));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag answered, Answer(flag, approver_));
  EXPECT_EQ(answered.state(), v1::RECORD_FLAG_STATE_ANSWERED);
  EXPECT_EQ(answered.answered_by().subject(), "approver");
  EXPECT_THAT(Work(approver_), IsEmpty());
  EXPECT_THAT(Work(auditor_), ElementsAre("RECORD_FLAG_CLOSE"));
  EXPECT_THAT(Answer(answered, approver_),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));

  EXPECT_THAT(Close(flag, auditor_), StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag closed, Close(answered, auditor_));
  EXPECT_EQ(closed.state(), v1::RECORD_FLAG_STATE_CLOSED);
  EXPECT_EQ(closed.outcome(), v1::RECORD_FLAG_OUTCOME_EXPLAINED);
  EXPECT_EQ(closed.closed_by().subject(), "auditor");
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 0);
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'record_flag'"),
      3);
  // The trail tells the steps in words.
  std::map<std::string, std::string> changed;
  for (const contract::Difference& one :
       audit::ChangesOf(kAggregate, audit::ToJson(answered), audit::ToJson(closed))) {
    changed[one.field] = Cat(one.before, " → ", one.after);
  }
  EXPECT_EQ(changed["state"], "已答复 → 已办结");
  EXPECT_EQ(changed["outcome"], " → 说明成立");
  // The record itself is as it was.
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'project'"), 1);
}

TEST_F(FlagServiceTest, ManyAreClosedWithAResultForEach) {
  std::vector<v1::RecordFlag> flags;
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(flags.emplace_back(), Flag(FlagOf(project_), auditor_));
  }
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(flags[i], Answer(flags[i], approver_));
  }
  v1::BatchCloseRecordFlagsRequest request;
  request.set_request_id("close-many-1");
  for (const v1::RecordFlag& flag : flags) {
    type::v1::BulkItem& item = *request.add_items();
    item.set_id(flag.id());
    item.set_etag(flag.etag());
  }
  request.mutable_items(1)->set_etag("0");
  request.set_outcome(v1::RECORD_FLAG_OUTCOME_EXPLAINED);
  const auto close = [&](const std::string& token) {
    return server_.Call<v1::BatchCloseRecordFlagsResponse>(Cat(kService, ".BatchCloseRecordFlags"),
                                                           request, token);
  };
  EXPECT_THAT(close(auditor_).status(), HasViolation("outcome_note"));
  request.set_outcome_note("补充协议属实");
  EXPECT_THAT(close(approver_), StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  request.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto looked, close(auditor_));
  EXPECT_TRUE(looked.results(0).done());
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag still, Get(flags[0].id(), auditor_));
  EXPECT_EQ(still.state(), v1::RECORD_FLAG_STATE_ANSWERED);
  request.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const auto closed, close(auditor_));
  ASSERT_EQ(closed.results_size(), 3);
  EXPECT_TRUE(closed.results(0).done());
  EXPECT_EQ(closed.results(0).state_zh(), "已办结");
  EXPECT_EQ(closed.results(1).refusal().reason(), "ETAG_MISMATCH");
  EXPECT_EQ(closed.results(2).refusal().reason(), "STATE_NOT_ALLOWED");
  // With WITHDRAWN those that nobody answered, too, by who flagged them; elsewhere there is none.
  request.set_request_id("close-many-2");
  request.set_outcome(v1::RECORD_FLAG_OUTCOME_WITHDRAWN);
  request.mutable_items()->DeleteSubrange(0, 2);
  ASSERT_OK_AND_ASSIGN(const auto elsewhere,
                       close(server_.Token(Role::ROLE_AUDITOR, "3608", "other")));
  EXPECT_EQ(elsewhere.results(0).refusal().code(), static_cast<int>(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto withdrawn, close(auditor_));
  EXPECT_TRUE(withdrawn.results(0).done());
  EXPECT_THAT(Work(auditor_), ElementsAre("RECORD_FLAG_CLOSE"));
}

// What was answered is closed within so many working days as the parameter says.
TEST_F(FlagServiceTest, ClosingHasATerm) {
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag flag, Flag(FlagOf(project_), auditor_));
  EXPECT_FALSE(flag.has_close_due());
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag answered, Answer(flag, approver_));
  const absl::CivilDay today = ShanghaiDay(server_.clock().Now());
  ASSERT_OK_AND_ASSIGN(const workflow::Deadline term,
                       inbox::TermFrom(server_.database().db(), today, kDefaultCloseDays, {}));
  EXPECT_EQ(DayFrom(answered.close_due()), term.day);
  EXPECT_TRUE(answered.provisional());
  const std::vector<inbox::v1::WorkItem> waiting = Mine(auditor_);
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(DayFrom(waiting[0].due_on()), term.day);
  close_days_ = 3;
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag next, Flag(FlagOf(project_), auditor_));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag sooner, Answer(next, approver_));
  EXPECT_LT(DayFrom(sooner.close_due()), term.day);
}

TEST_F(FlagServiceTest, OnlyWhatTheServiceHoldsInTheAuditorsRegionIsFlagged) {
  EXPECT_THAT(Flag(FlagOf(server_.ids().Next()), auditor_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Flag(FlagOf(project_, "asset"), auditor_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Flag(FlagOf(project_), server_.Token(Role::ROLE_AUDITOR, "3608", "other")),
              StatusIs(StatusCode::kNotFound));
  for (const Role role : {Role::ROLE_COUNTY_APPROVER, Role::ROLE_ORG_ADMIN}) {
    EXPECT_THAT(Flag(FlagOf(project_), server_.Token(role, "360733", "official")),
                StatusIs(StatusCode::kPermissionDenied));
  }
  v1::FlagRecordRequest no_reason = FlagOf(project_);
  no_reason.clear_reason();
  EXPECT_THAT(Flag(no_reason, auditor_).status(), HasViolation("reason"));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag flag, Flag(FlagOf(project_), auditor_));
  EXPECT_THAT(Flag(FlagOf(*Ulid::Parse(flag.id()), "record_flag"), auditor_),
              StatusIs(StatusCode::kInvalidArgument, "FLAG_OF_A_FLAG"));
  v1::FlagRecordRequest check = FlagOf(project_);
  check.set_validate_only(true);
  EXPECT_OK(Flag(check, auditor_));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM record_flag"), 1);
}

TEST_F(FlagServiceTest, WhoFlaggedItDoesNotAnswerAndWhoAnsweredItDoesNotClose) {
  auth::Caller both;
  both.subject = "both";
  both.grants = {{Role::ROLE_AUDITOR, "3607", {}, {}, {}},
                 {Role::ROLE_COUNTY_APPROVER, "360733", {}, {}, {}}};
  const std::string token = server_.Token(both);
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag mine, Flag(FlagOf(project_), token));
  EXPECT_THAT(Answer(mine, token), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(Work(token), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag theirs, Flag(FlagOf(project_), auditor_));
  EXPECT_THAT(Work(token), ElementsAre("RECORD_FLAG_ANSWER"));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag answered, Answer(theirs, token));
  EXPECT_THAT(Close(answered, token), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(Work(token), IsEmpty());
}

TEST_F(FlagServiceTest, WhatWasFlaggedInErrorIsTakenBackByItsAuthor) {
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag flag, Flag(FlagOf(project_), auditor_));
  EXPECT_THAT(Close(flag, auditor_),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  EXPECT_THAT(Close(flag, server_.Token(Role::ROLE_AUDITOR, "36", "other"),
                    v1::RECORD_FLAG_OUTCOME_WITHDRAWN),
              StatusIs(StatusCode::kPermissionDenied, "FLAG_OF_ANOTHER_PERSON"));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag closed,
                       Close(flag, auditor_, v1::RECORD_FLAG_OUTCOME_WITHDRAWN));
  EXPECT_EQ(closed.state(), v1::RECORD_FLAG_STATE_CLOSED);
  EXPECT_THAT(Work(approver_), IsEmpty());
}

TEST_F(FlagServiceTest, ARecordOfTheCityOrTheProvinceIsAnsweredThere) {
  const std::string province = server_.Token(Role::ROLE_AUDITOR, "36", "province");
  const std::string city = server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "city");
  const std::string office = server_.Token(Role::ROLE_PROV_OFFICE, "36", "office");
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag of_city,
                       Flag(FlagOf(Recorded("period", "3607"), "period"), province));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag of_province,
                       Flag(FlagOf(Recorded("code_list", "36"), "code_list"), province));
  EXPECT_THAT(Work(city), ElementsAre("RECORD_FLAG_ANSWER"));
  EXPECT_THAT(Work(office), ElementsAre("RECORD_FLAG_ANSWER"));
  EXPECT_THAT(Answer(of_city, approver_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Answer(of_city, office),
              StatusIs(StatusCode::kPermissionDenied, "FLAG_OF_ANOTHER_OFFICE"));
  EXPECT_OK(Answer(of_city, city));
  EXPECT_OK(Answer(of_province, office));
  EXPECT_THAT(Work(city), IsEmpty());
  EXPECT_THAT(Work(office), IsEmpty());
}

TEST_F(FlagServiceTest, IsListedByRegionStateAndRecordForThoseConcerned) {
  const Ulid other = Recorded("project", "360734");
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag a, Flag(FlagOf(project_), auditor_));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag b, Flag(FlagOf(project_), auditor_));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag c, Flag(FlagOf(other), auditor_));
  ASSERT_OK(Answer(b, approver_));
  v1::ListRecordFlagsRequest request;
  EXPECT_THAT(List(request, auditor_), ElementsAre(a.id(), b.id(), c.id()));
  EXPECT_THAT(List(request, approver_), ElementsAre(a.id(), b.id()));
  EXPECT_THAT(List(request, server_.Token(Role::ROLE_PROV_OFFICE, "36", "office")),
              ElementsAre(a.id(), b.id(), c.id()));
  EXPECT_THAT(server_.Call<v1::ListRecordFlagsResponse>(
                  Cat(kService, ".ListRecordFlags"), request,
                  server_.Token(Role::ROLE_VILLAGE_REPORTER, kVillage, "cadre")),
              StatusIs(StatusCode::kPermissionDenied));
  request.set_page_size(2);
  std::string next;
  EXPECT_THAT(List(request, auditor_, &next), ElementsAre(a.id(), b.id()));
  request.set_page_token(next);
  EXPECT_THAT(List(request, auditor_), ElementsAre(c.id()));
  request.Clear();
  request.set_region_code("360734");
  EXPECT_THAT(List(request, auditor_), ElementsAre(c.id()));
  request.Clear();
  request.set_state(v1::RECORD_FLAG_STATE_ANSWERED);
  EXPECT_THAT(List(request, auditor_), ElementsAre(b.id()));
  request.Clear();
  request.set_subject_id(other.ToString());
  EXPECT_THAT(List(request, auditor_), ElementsAre(c.id()));
  v1::BatchGetRecordFlagsRequest many;
  many.add_ids(c.id());
  many.add_ids(a.id());
  ASSERT_OK_AND_ASSIGN(const auto got, server_.Call<v1::BatchGetRecordFlagsResponse>(
                                           Cat(kService, ".BatchGetRecordFlags"), many, approver_));
  ASSERT_EQ(got.record_flags_size(), 1);
  EXPECT_THAT(ActionsOf(got.record_flags(0)), ElementsAre("answer"));
  EXPECT_THAT(got.missing_ids(), ElementsAre(c.id()));
}

// The record's entries keep the code of their day, and the flag goes with the region.
TEST_F(FlagServiceTest, FollowsARegionToAnotherCode) {
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag before, Flag(FlagOf(project_), auditor_));
  server_.clock().Advance(absl::Hours(1));
  recode::Move move{server_.ids().Next(), "360733", "360783", server_.clock().Now()};
  ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) -> absl::Status {
    RETURN_IF_ERROR(inbox::MoveRegion(tx, move).status());
    return recode::Apply(tx, {RegionPart(), recode::RegionPart()}, move, server_.clock()).status();
  }));
  const std::string there = server_.Token(Role::ROLE_COUNTY_APPROVER, "360783", "there");
  EXPECT_THAT(Get(before.id(), approver_), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag moved, Get(before.id(), there));
  EXPECT_EQ(moved.region_path(), "360783101001");
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag after, Flag(FlagOf(project_), auditor_));
  EXPECT_EQ(after.region_path(), "360783101001");
  EXPECT_THAT(Work(there), UnorderedElementsAre("RECORD_FLAG_ANSWER", "RECORD_FLAG_ANSWER"));
  EXPECT_OK(Answer(moved, there));
}

// Whatever is done in whatever order, by whom and wherever the records go: an item waits exactly
// for what the flag's state asks.
TEST_F(FlagServiceTest, R118_ItemsAreWhatTheStatesAskFor) {
  const uint64_t seed = ::bangfu::testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const ::bangfu::testing::SeededRandom random(seed);
  const std::string province = server_.Token(Role::ROLE_AUDITOR, "36", "province");
  const std::string office = server_.Token(Role::ROLE_PROV_OFFICE, "36", "office");
  const std::vector<std::pair<Ulid, std::string>> records = {
      {project_, "project"},
      {Recorded("project", "360733101"), "project"},
      {Recorded("period", "3607"), "period"},
      {Recorded("code_list", "36"), "code_list"}};
  std::string county = "360733";
  int moved = 0;
  std::vector<std::string> flags;
  // One person is of both offices, and never on both sides of a flag.
  const auto both = [&] {
    auth::Caller caller;
    caller.subject = "both";
    caller.grants = {{Role::ROLE_AUDITOR, "36", {}, {}, {}},
                     {Role::ROLE_COUNTY_APPROVER, county, {}, {}, {}}};
    return server_.Token(caller);
  };
  const auto get = [&](const std::string& id) {
    auto flag = Get(id, province);
    EXPECT_OK(flag);
    return flag.ok() ? *flag : v1::RecordFlag();
  };
  const int steps = ::bangfu::testing::Runs(160, 2000);
  for (int step = 0; step < steps; ++step) {
    const std::string auditor = random.Below(3) == 0 ? both() : province;
    const std::string any = flags.empty() ? "" : flags[random.Below(flags.size())];
    switch (flags.size() < 3 ? 0 : random.Below(6)) {
      case 0: {
        const auto& [id, type] = records[random.Below(records.size())];
        v1::FlagRecordRequest request = FlagOf(id, type);
        request.set_answer_days(static_cast<int>(random.Between(1, 20)));
        auto flag = Flag(request, auditor);
        ASSERT_OK(flag);
        flags.push_back(flag->id());
        break;
      }
      case 1:
      case 2: {
        const std::vector<std::string> who = {
            server_.Token(Role::ROLE_COUNTY_APPROVER, county, "approver"), both(),
            server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "city"), office};
        (void)Answer(get(any), who[random.Below(who.size())]);
        break;
      }
      case 3:
        (void)Close(get(any), auditor);
        break;
      case 4:
        (void)Close(get(any), auditor, v1::RECORD_FLAG_OUTCOME_WITHDRAWN);
        break;
      default: {
        server_.clock().Advance(absl::Hours(1));
        // Once for certain, whatever the seed.
        if (random.Below(8) != 0 && (moved > 0 || step < 40)) break;
        const std::string to = Cat("3607", 34 + moved++);
        const recode::Move move{server_.ids().Next(), county, to, server_.clock().Now()};
        ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) -> absl::Status {
          RETURN_IF_ERROR(inbox::MoveRegion(tx, move).status());
          return recode::Apply(tx, {RegionPart(), recode::RegionPart()}, move, server_.clock())
              .status();
        }));
        county = to;
      }
    }
    std::set<std::string> wanted, found;
    for (const std::string& id : flags) {
      const v1::RecordFlag flag = get(id);
      const std::string& at = flag.region_path();
      if (at.size() >= 6) {
        EXPECT_EQ(at.substr(0, 6), county);
      }
      if (flag.state() == v1::RECORD_FLAG_STATE_OPEN) {
        const Role role = at.size() >= 6   ? Role::ROLE_COUNTY_APPROVER
                          : at.size() == 4 ? Role::ROLE_CITY_SUPERVISOR
                                           : Role::ROLE_PROV_OFFICE;
        wanted.insert(Cat("RECORD_FLAG_ANSWER ", id, " ", at, " ", static_cast<int>(role), " not ",
                          flag.flagged_by().subject(), " ", flag.answer_due().year(), "-",
                          flag.answer_due().month(), "-", flag.answer_due().day()));
      }
      if (flag.state() == v1::RECORD_FLAG_STATE_ANSWERED) {
        wanted.insert(Cat("RECORD_FLAG_CLOSE ", id, " ", at, " ",
                          static_cast<int>(Role::ROLE_AUDITOR), " not ",
                          flag.answered_by().subject(), " ", flag.close_due().year(), "-",
                          flag.close_due().month(), "-", flag.close_due().day()));
      }
    }
    ASSERT_OK_AND_ASSIGN(
        const mysql::Rows rows,
        server_.database().db().Query("SELECT kind, subject_id, region_path, roles, excluded, "
                                      "due_on FROM work_item WHERE open_mark = 1",
                                      {}));
    for (const mysql::Row& row : rows) {
      std::string excluded = row.String(4);
      std::erase(excluded, '|');
      found.insert(Cat(row.String(0), " ", row.Id(1).ToString(), " ", row.String(2), " ",
                       row.String(3), " not ", excluded, " ", row.Day(5).year(), "-",
                       row.Day(5).month(), "-", row.Day(5).day()));
    }
    ASSERT_EQ(found, wanted) << "step " << step << ", seed " << seed;
    ASSERT_EQ(rows.size(), wanted.size());
  }
  EXPECT_GT(moved, 0);
  kWalk.ExpectSeen(server_.database().db());
}

// One who is of the city in their own right and of the county for another answers for the county,
// and as the other's deputy.
TEST_F(FlagServiceTest, AnAnswerIsOfTheGrantThatAllowedIt) {
  auth::Grant lent{Role::ROLE_COUNTY_APPROVER, "360733", {}, {}, {}};
  lent.delegated_by = "chief";
  auth::Grant own{Role::ROLE_CITY_SUPERVISOR, "3607", {}, {}, {}};
  held_.Set("both", {"both", {own, lent}, {}});
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag flag, Flag(FlagOf(project_), auditor_));
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag answered,
                       Answer(flag, ::bangfu::testing::PersonToken(server_, "both")));
  EXPECT_EQ(answered.answered_by().role(), "ROLE_COUNTY_APPROVER");
  EXPECT_EQ(answered.answered_by().delegated_by(), "chief");
}

TEST(FlagWalks, R002_EveryKindOfWorkIsWalked) { inbox::ExpectAllWalked(WorkKinds()); }

TEST_F(FlagServiceTest, OfTwoAtOnceOneAnswers) {
  const std::string tokens[] = {
      approver_, server_.Token(Role::ROLE_COUNTY_APPROVER, "360733", "other approver")};
  for (int round = 0; round < 5; ++round) {
    ASSERT_OK_AND_ASSIGN(const v1::RecordFlag flag, Flag(FlagOf(project_), auditor_));
    const auto results = AtOnce(2, [&](int i) {
      v1::AnswerRecordFlagRequest request;  // without an etag: whatever stands
      request.set_request_id(Cat("at-once-", round, "-", i));
      request.set_id(flag.id());
      request.set_answer("已补传");
      return server_.Call<v1::RecordFlag>(Cat(kService, ".AnswerRecordFlag"), request, tokens[i]);
    });
    EXPECT_EQ(Outcomes(results), (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
    EXPECT_THAT(Work(approver_), IsEmpty());
  }
}

TEST_F(FlagServiceTest, OfTwoAtOnceOneCloses) {
  const std::string tokens[] = {auditor_,
                                server_.Token(Role::ROLE_AUDITOR, "3607", "other auditor")};
  for (int round = 0; round < 6; ++round) {
    const bool as_seen = round % 2 == 0;  // or whatever stands
    ASSERT_OK_AND_ASSIGN(const v1::RecordFlag flag, Flag(FlagOf(project_), auditor_));
    ASSERT_OK_AND_ASSIGN(const v1::RecordFlag answered, Answer(flag, approver_));
    const auto results = AtOnce(2, [&](int i) {
      v1::CloseRecordFlagRequest request;
      request.set_request_id(Cat("close-at-once-", round, "-", i));
      request.set_id(flag.id());
      if (as_seen) request.set_etag(answered.etag());
      request.set_outcome(i == 0 ? v1::RECORD_FLAG_OUTCOME_EXPLAINED
                                 : v1::RECORD_FLAG_OUTCOME_CORRECTED);
      request.set_outcome_note("补充协议属实");
      return server_.Call<v1::RecordFlag>(Cat(kService, ".CloseRecordFlag"), request, tokens[i]);
    });
    EXPECT_EQ(
        Outcomes(results),
        (Tally{{"OK", 1},
               {as_seen ? "ABORTED/ETAG_MISMATCH" : "FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
    ASSERT_OK_AND_ASSIGN(const v1::RecordFlag closed, Get(flag.id(), auditor_));
    EXPECT_EQ(closed.state(), v1::RECORD_FLAG_STATE_CLOSED);
    EXPECT_EQ(closed.outcome(), results[0].ok() ? v1::RECORD_FLAG_OUTCOME_EXPLAINED
                                                : v1::RECORD_FLAG_OUTCOME_CORRECTED);
    EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = "
                                     "'record_flag' AND aggregate_id = ?",
                                     {*Ulid::Parse(flag.id())}),
              3);
    EXPECT_THAT(Work(auditor_), IsEmpty());
  }
}

// What the recount finds is what the steps themselves have laid there.
TEST_F(FlagServiceTest, TheRecountAgrees) {
  ASSERT_OK_AND_ASSIGN(const v1::RecordFlag a, Flag(FlagOf(project_), auditor_));
  ASSERT_OK(Flag(FlagOf(project_), auditor_));
  ASSERT_OK(Answer(a, approver_));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_item", {}));
  ASSERT_OK(inbox::Recount(server_.database().db(), {WorkSource()}, server_.ids(),
                           server_.clock().Now(), {}));
  EXPECT_THAT(Work(approver_), ElementsAre("RECORD_FLAG_ANSWER"));
  EXPECT_THAT(Work(auditor_), ElementsAre("RECORD_FLAG_CLOSE"));
}

}  // namespace
}  // namespace bangfu::flag
