#include "common/publicity/service_for_test.h"

namespace bangfu::publicity {
namespace {

TEST_F(PublicityServiceTest, FromObjectionToPassed) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, Raise("raise-001"));
  ASSERT_OK_AND_ASSIGN(publicity, Raise("raise-001"));  // sent twice, recorded once
  ASSERT_EQ(publicity.objections_size(), 1);
  ASSERT_OK_AND_ASSIGN(publicity, Get(approver_));
  ASSERT_EQ(publicity.allowed_actions_size(), 2);
  EXPECT_EQ(publicity.allowed_actions(0).action(), "decide_objection");
  EXPECT_TRUE(publicity.allowed_actions(0).allowed());
  EXPECT_FALSE(publicity.allowed_actions(1).allowed());
  EXPECT_EQ(publicity.allowed_actions(1).refusal_reason(), "PUBLICITY_PERIOD_RUNNING");

  v1::DecideObjectionRequest decide;
  decide.set_request_id("decide-001");
  decide.set_id(id_);
  decide.set_etag("1");
  decide.set_objection_id(publicity.objections(0).id());
  decide.set_decision(v1::OBJECTION_STATE_REJECTED);
  decide.set_reply("已复核，面积无误");
  EXPECT_THAT(
      server_.Call<v1::Publicity>(absl::StrCat(kService, ".DecideObjection"), decide, approver_),
      StatusIs(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
  decide.set_etag(publicity.etag());
  EXPECT_THAT(
      server_.Call<v1::Publicity>(absl::StrCat(kService, ".DecideObjection"), decide, operator_),
      StatusIs(absl::StatusCode::kPermissionDenied));
  ASSERT_OK_AND_ASSIGN(
      publicity,
      server_.Call<v1::Publicity>(absl::StrCat(kService, ".DecideObjection"), decide, approver_));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_RUNNING);

  EXPECT_THAT(Conclude("conclude-1"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PUBLICITY_PERIOD_RUNNING"));
  server_.clock().Advance(absl::Hours(24 * 8));
  // The owner's refusal undoes the conclusion.
  const std::string operator_later = server_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "o1");
  v1::ConcludePublicityRequest conclude;
  conclude.set_request_id("conclude-2");
  conclude.set_id(id_);
  owner_refuses_ = true;
  EXPECT_THAT(server_.Call<v1::Publicity>(absl::StrCat(kService, ".ConcludePublicity"), conclude,
                                          operator_later),
              StatusIs(absl::StatusCode::kFailedPrecondition, "OWNER_REFUSES"));
  owner_refuses_ = false;
  ASSERT_OK_AND_ASSIGN(
      publicity, server_.Call<v1::Publicity>(absl::StrCat(kService, ".ConcludePublicity"), conclude,
                                             operator_later));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_PASSED);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM told WHERE what = 'passed'"), 1);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM feed_outbox"), 3);
}

TEST_F(PublicityServiceTest, APrincipalAndTheirDeputyAreOnePerson) {
  const Ulid grant = server_.ids().Next();
  const std::string deputy =
      Lent("deputy", "principal", Role::ROLE_VILLAGE_REPORTER, "360733101", grant);
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, Raise("raise-001", deputy));
  const std::string first = publicity.objections(0).id();
  const auto approver = [&](const std::string& person, const std::string& by) {
    return by.empty() ? server_.Token(Role::ROLE_COUNTY_APPROVER, "360733", person)
                      : Lent(person, by, Role::ROLE_COUNTY_APPROVER, "360733", grant);
  };
  const std::vector<std::pair<std::string, std::string>> persons = {{"principal", ""},
                                                                    {"deputy", ""},
                                                                    {"deputy", "other"},
                                                                    {"another", "principal"},
                                                                    {"another", "deputy"}};
  for (const auto& [person, by] : persons) {
    const std::string token = approver(person, by);
    ASSERT_OK_AND_ASSIGN(publicity, Get(token));
    ASSERT_EQ(publicity.allowed_actions(0).action(), "decide_objection");
    EXPECT_EQ(publicity.allowed_actions(0).refusal_reason(), "SAME_PERSON") << person << " " << by;
    EXPECT_THAT(Reject(first, token),
                StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"))
        << person << " " << by;
  }
  // Nor is it their work.
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = "
                                   "'OBJECTION_ANSWER' AND excluded = '|deputy|principal|'"),
            1);
  ASSERT_OK_AND_ASSIGN(publicity, Reject(first, approver("another", "other")));
  EXPECT_EQ(publicity.objections(0).handled_by().subject(), "another");
  EXPECT_EQ(publicity.objections(0).handled_by().delegated_by(), "other");
  EXPECT_EQ(publicity.objections(0).handled_by().grant_id(), grant.ToString());

  // The other way round: what one recorded, their deputy does not decide.
  ASSERT_OK_AND_ASSIGN(publicity, Raise("raise-002"));
  const std::string second = publicity.objections(1).id();
  EXPECT_THAT(Reject(second, approver("another", "v1")),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_OK(Reject(second, approver_));
}

TEST_F(PublicityServiceTest, ListsInTheCallersRegionAndHidesItElsewhere) {
  v1::ListPublicitiesRequest request;
  request.set_state(v1::PUBLICITY_STATE_RUNNING);
  ASSERT_OK_AND_ASSIGN(auto page,
                       server_.Call<v1::ListPublicitiesResponse>(
                           absl::StrCat(kService, ".ListPublicities"), request, operator_));
  EXPECT_EQ(page.publicities_size(), 1);
  const std::string other = server_.Token(Role::ROLE_COUNTY_OPERATOR, "360781", "o2");
  ASSERT_OK_AND_ASSIGN(page, server_.Call<v1::ListPublicitiesResponse>(
                                 absl::StrCat(kService, ".ListPublicities"), request, other));
  EXPECT_EQ(page.publicities_size(), 0);
  EXPECT_THAT(Get(other), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PublicityServiceTest, ManyAreReadAndConcludedEachJudgedAlone) {
  NewPublicity later;
  later.id = server_.ids().Next();
  later.region_path = "360733102";
  later.subject_type = "evaluation";
  later.subject_id = server_.ids().Next();
  later.kind = "CLASS";
  later.channels = {"村务公开栏"};
  later.content_sha256 = std::string(64, 'b');
  later.days_required = 30;
  ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) {
    return Start(tx, later, NoCalendar, server_.clock().Now()).status();
  }));
  server_.clock().Advance(absl::Hours(24 * 8));
  const std::string token = server_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "o1");
  v1::BatchGetPublicitiesRequest get;
  get.add_ids(id_);
  get.add_ids(later.id.ToString());
  get.add_ids(server_.ids().Next().ToString());
  ASSERT_OK_AND_ASSIGN(const auto seen,
                       server_.Call<v1::BatchGetPublicitiesResponse>(
                           absl::StrCat(kService, ".BatchGetPublicities"), get, token));
  ASSERT_EQ(seen.publicities_size(), 2);
  EXPECT_EQ(seen.missing_ids_size(), 1);

  v1::BatchConcludePublicitiesRequest conclude;
  conclude.set_request_id("conclude-many");
  for (const v1::Publicity& publicity : seen.publicities()) {
    type::v1::BulkItem& item = *conclude.add_items();
    item.set_id(publicity.id());
    item.set_etag(publicity.etag());
  }
  const std::string method = absl::StrCat(kService, ".BatchConcludePublicities");
  // Only looked at: what would become of each, and nobody is told of it.
  conclude.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto looked_at,
                       server_.Call<v1::BatchConcludePublicitiesResponse>(method, conclude, token));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM told"), 0);
  conclude.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const auto first,
                       server_.Call<v1::BatchConcludePublicitiesResponse>(method, conclude, token));
  EXPECT_EQ(first.SerializeAsString(), looked_at.SerializeAsString());
  ASSERT_EQ(first.results_size(), 2);
  for (int i = 0; i < 2; ++i) {
    // As the actions of each had told.
    for (const auto& action : seen.publicities(i).allowed_actions()) {
      if (action.action() != "conclude") continue;
      EXPECT_EQ(action.allowed(), first.results(i).done());
      EXPECT_EQ(action.refusal_reason(), first.results(i).refusal().reason());
    }
  }
  EXPECT_TRUE(first.results(0).done());
  EXPECT_EQ(first.results(0).state(), "PUBLICITY_STATE_PASSED");
  EXPECT_EQ(first.results(1).refusal().reason(), "PUBLICITY_PERIOD_RUNNING");
  // Again, when the other's period is over: what was done stays, what was refused is tried again.
  server_.clock().Advance(absl::Hours(24 * 30));
  ASSERT_OK_AND_ASSIGN(
      const auto second,
      server_.Call<v1::BatchConcludePublicitiesResponse>(
          method, conclude, server_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "o1")));
  EXPECT_EQ(second.results(0).SerializeAsString(), first.results(0).SerializeAsString());
  EXPECT_TRUE(second.results(1).done());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM told"), 2);
}

TEST_F(PublicityServiceTest, AnObjectionOutsideThePeriodIsRefusedAsTold) {
  server_.clock().Advance(absl::Hours(24 * 8));
  ASSERT_OK(server_.Call<v1::Publicity>(
      absl::StrCat(kService, ".ConcludePublicity"),
      [&] {
        v1::ConcludePublicityRequest request;
        request.set_request_id("conclude-1");
        request.set_id(id_);
        return request;
      }(),
      server_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "o1")));
  const std::string village = server_.Token(Role::ROLE_VILLAGE_REPORTER, "360733101", "v1");
  ASSERT_OK_AND_ASSIGN(const v1::Publicity publicity, Get(village));
  v1::RaiseObjectionRequest raise;
  raise.set_request_id("raise-late");
  raise.set_id(id_);
  raise.set_raised_by("王小明");
  raise.set_text("面积不对");
  ASSERT_GT(publicity.allowed_actions_size(), 0);
  ASSERT_EQ(publicity.allowed_actions(0).action(), "raise_objection");
  EXPECT_THAT(
      server_.Call<v1::Publicity>(absl::StrCat(kService, ".RaiseObjection"), raise, village),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               publicity.allowed_actions(0).refusal_reason()));
}

TEST_F(PublicityServiceTest, ItsStatesAreInTheSnapshot) {
  ASSERT_OK_AND_ASSIGN(auto page, PublicityStates()->Page(server_.database().db(), "publicity",
                                                          Ulid(), 10, std::nullopt));
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].aggregate_id.ToString(), id_);
}

}  // namespace
}  // namespace bangfu::publicity
