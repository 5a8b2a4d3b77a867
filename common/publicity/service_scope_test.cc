// Grants narrowed to fund sources or industries: which publicities' steps they open.
#include "common/publicity/service_for_test.h"

namespace bangfu::publicity {
namespace {

class PublicityScopeTest : public PublicityServiceTest {
 protected:
  PublicityScopeTest() {
    EXPECT_OK(Get(operator_));
    facets_[SubjectOf(id_)] = {{"BRIDGE"}, {"CAMELLIA", "OIL"}};
  }
  std::string SubjectOf(const std::string& id) {
    const auto rows = server_.database().db().Query("SELECT subject_id FROM publicity WHERE id = ?",
                                                    {*Ulid::Parse(id)});
    EXPECT_OK(rows);
    return rows.ok() && rows->size() == 1 ? (*rows)[0].Id(0).ToString() : "";
  }
  template <typename Request>
  absl::StatusOr<v1::Publicity> Step(const std::string& method, Request request,
                                     const std::string& token) {
    request.set_request_id(absl::StrCat("step-", ++added_));
    request.set_id(id_);
    return server_.Call<v1::Publicity>(absl::StrCat(kService, ".", method), request, token);
  }
  // Both only looked at and taken, and as the actions tell, by these; then by those.
  template <typename Request>
  v1::Publicity Takes(const std::string& method, const std::string& action, Request request,
                      const std::vector<std::string>& outside, const std::string& inside) {
    for (const std::string& token : outside) {
      EXPECT_EQ(RefusalOf(action, token), "SCOPE_EXCLUDES") << method;
      for (const bool only : {true, false}) {
        request.set_validate_only(only);
        EXPECT_THAT(Step(method, request, token),
                    StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"))
            << method;
      }
    }
    EXPECT_EQ(RefusalOf(action, inside), "allowed") << method;
    request.set_validate_only(true);
    EXPECT_OK(Step(method, request, inside)) << method;
    request.set_validate_only(false);
    const auto done = Step(method, request, inside);
    EXPECT_OK(done) << method;
    return done.ok() ? *done : v1::Publicity();
  }
  std::string RefusalOf(const std::string& action, const std::string& token) {
    const auto seen = Get(token);
    EXPECT_OK(seen);  // reads are not narrowed
    if (!seen.ok()) return "";
    for (const auto& one : seen->allowed_actions()) {
      if (one.action() == action) return one.allowed() ? "allowed" : one.refusal_reason();
    }
    return "not told";
  }

  // By money, by industry; an industry stands for those under it.
  const std::vector<auth::Facets> others_ = {{{"LOTTERY"}, {}}, {{}, {"TEA"}}};
};

TEST_F(PublicityScopeTest, EachStepIsForThoseWhoseSubjectItIs) {
  const auto outside = [&](Role role, const std::string& region) {
    std::vector<std::string> tokens;
    for (const auth::Facets& other : others_) {
      tokens.push_back(Narrowed(role, region, "outside", {other}));
    }
    return tokens;
  };
  const auto inside = [&](Role role, const std::string& region, const std::string& person) {
    return Narrowed(role, region, person, {{{"LOTTERY"}, {}}, {{"BRIDGE"}, {"OIL"}}});
  };
  const Role village = Role::ROLE_VILLAGE_REPORTER;
  v1::AddPublicityEvidenceRequest add;
  *add.add_evidence() = File("PHOTO", "v1");
  Takes("AddPublicityEvidence", "add_evidence", add, outside(village, "360733101"),
        inside(village, "360733101", "v1"));
  v1::RaiseObjectionRequest raise;
  raise.set_raised_by("王小明");
  raise.set_text("面积不对");
  const v1::Publicity objected =
      Takes("RaiseObjection", "raise_objection", raise, outside(village, "360733101"),
            inside(village, "360733101", "v1"));
  ASSERT_EQ(objected.objections_size(), 1);
  v1::DecideObjectionRequest decide;
  decide.set_objection_id(objected.objections(0).id());
  decide.set_decision(v1::OBJECTION_STATE_REJECTED);
  decide.set_reply("已复核，面积无误");
  const Role approver = Role::ROLE_COUNTY_APPROVER;
  Takes("DecideObjection", "decide_objection", decide, outside(approver, "360733"),
        inside(approver, "360733", "a1"));
  server_.clock().Advance(absl::Hours(24 * 8));
  const Role county = Role::ROLE_COUNTY_OPERATOR;
  const v1::Publicity passed =
      Takes("ConcludePublicity", "conclude", v1::ConcludePublicityRequest(),
            outside(county, "360733"), inside(county, "360733", "o1"));
  EXPECT_EQ(passed.state(), v1::PUBLICITY_STATE_PASSED);
}

TEST_F(PublicityScopeTest, WhatIsNotKnownOfASubjectShutsNobodyOut) {
  facets_asked_ = 0;
  EXPECT_EQ(RefusalOf("raise_objection", village_), "allowed");
  EXPECT_EQ(facets_asked_, 0);  // nor is it read where no grant minds
  facets_.clear();
  EXPECT_EQ(RefusalOf("raise_objection", Narrowed(Role::ROLE_VILLAGE_REPORTER, "360733101", "v2",
                                                  {{{"LOTTERY"}, {"TEA"}}})),
            "allowed");
}

TEST_F(PublicityScopeTest, OfManyEachIsJudgedByItsOwnSubject) {
  NewPublicity other;
  other.id = server_.ids().Next();
  other.region_path = "360733102";
  other.subject_type = "evaluation";
  other.subject_id = server_.ids().Next();
  other.kind = "CLASS";
  other.channels = {"村务公开栏"};
  other.content_sha256 = std::string(64, 'b');
  other.days_required = 7;
  ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) {
    return Start(tx, other, NoCalendar, server_.clock().Now()).status();
  }));
  facets_[other.subject_id.ToString()] = {{"LOTTERY"}, {"TEA"}};
  server_.clock().Advance(absl::Hours(24 * 8));
  const std::string token = Narrowed(Role::ROLE_COUNTY_OPERATOR, "360733", "o1", {{{}, {"TEA"}}});
  v1::BatchGetPublicitiesRequest get;
  v1::BatchConcludePublicitiesRequest conclude;
  conclude.set_request_id("conclude-many");
  for (const std::string& id : {id_, other.id.ToString()}) {
    get.add_ids(id);
    conclude.add_items()->set_id(id);
  }
  ASSERT_OK_AND_ASSIGN(const auto seen,
                       server_.Call<v1::BatchGetPublicitiesResponse>(
                           absl::StrCat(kService, ".BatchGetPublicities"), get, token));
  ASSERT_EQ(seen.publicities_size(), 2);
  for (const bool only : {true, false}) {
    conclude.set_validate_only(only);
    ASSERT_OK_AND_ASSIGN(const auto done,
                         server_.Call<v1::BatchConcludePublicitiesResponse>(
                             absl::StrCat(kService, ".BatchConcludePublicities"), conclude, token));
    ASSERT_EQ(done.results_size(), 2);
    EXPECT_EQ(done.results(0).refusal().reason(), "SCOPE_EXCLUDES");
    EXPECT_TRUE(done.results(1).done());
    for (int i = 0; i < 2; ++i) {
      for (const auto& action : seen.publicities(i).allowed_actions()) {
        if (action.action() != "conclude") continue;
        EXPECT_EQ(action.allowed(), done.results(i).done());
        EXPECT_EQ(action.refusal_reason(), done.results(i).refusal().reason());
      }
    }
  }
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM told"), 1);
}

TEST_F(PublicityScopeTest, ItIsDoneUnderTheGrantThatCoversTheSubject) {
  // The first with the role is for another industry; the second tells itself by its region.
  auth::Caller caller;
  caller.subject = "a1";
  for (const auto& [industry, region] :
       std::vector<std::pair<std::string, std::string>>{{"TEA", "360733"}, {"OIL", "3607"}}) {
    auth::Grant& grant = caller.grants.emplace_back();
    grant.role = Role::ROLE_COUNTY_APPROVER;
    grant.region_path = region;
    grant.industries = {industry};
  }
  ASSERT_OK_AND_ASSIGN(const v1::Publicity objected, Raise("raise-001"));
  ASSERT_OK_AND_ASSIGN(const v1::Publicity decided,
                       Reject(objected.objections(0).id(), server_.Token(caller)));
  EXPECT_EQ(decided.objections(0).handled_by().region_path(), "3607");
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = "
                                   "'publicity' AND actor_region = '3607'"),
            1);
}

}  // namespace
}  // namespace bangfu::publicity
