// Grants narrowed to a source, an industry or a clause: what of the work on evaluations and the
// ledger is in whose inbox, and that it follows its subject.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/inbox/recount.h"
#include "services/evaluation/api/inbox_for_test.h"
#include "services/evaluation/facts/sample_for_test.h"
#include "services/evaluation/jobs/registry_effects.h"

namespace bangfu::evaluation {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::StatusIs;

constexpr auth::Role kApprover = auth::Role::ROLE_COUNTY_APPROVER;
constexpr auth::Role kVerifier = auth::Role::ROLE_SECTOR_VERIFIER;
constexpr auth::Role kCountyOffice = auth::Role::ROLE_COUNTY_OPERATOR;

class NarrowedInbox : public EvaluationInbox {
 protected:
  // The counts have to agree with the pages.
  std::vector<std::string> Of(const std::string& token) {
    const std::vector<std::string> kinds = Kinds(token);
    auto counts = w_.Call<inbox::v1::CountMyWorkResponse>(Cat(kInboxService, "CountMyWork"),
                                                          inbox::v1::CountMyWorkRequest(), token);
    EXPECT_OK(counts);
    if (counts.ok()) {
      EXPECT_EQ(counts->total().open(), static_cast<int64_t>(kinds.size()));
    }
    return kinds;
  }
  std::string Narrowed(auth::Role role, const auth::Facets& scope) {
    return w_.Narrowed(role, "narrowed", {scope});
  }
  template <typename State>
  void Tell(const std::string& type, const std::string& id, const State& state) {
    feed::v1::Event event;
    event.set_sequence(++told_);
    event.set_aggregate_type(type);
    event.set_aggregate_id(id);
    event.mutable_payload()->PackFrom(state);
    feed::Batch batch;
    batch.source = "registry";
    batch.generation = generation_;
    batch.now = w_.server().clock().Now();
    batch.events = {&event};
    ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) { return effects_.Apply(tx, batch); }));
  }
  // A snapshot that holds nothing but the industry.
  void TellAnew(const registry::v1::Industry& industry) {
    ++generation_;
    Tell(industry);
    ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
      return effects_.FinishSnapshot(tx, "registry", generation_);
    }));
  }
  void Tell(const registry::v1::Project& project) {
    registry::v1::ProjectChanged changed;
    *changed.mutable_project() = project;
    Tell("project", project.id(), changed);
  }
  void Tell(const registry::v1::Industry& industry) {
    registry::v1::IndustryChanged changed;
    *changed.mutable_industry() = industry;
    Tell("industry", industry.id(), changed);
  }
  // Nothing is left to mend.
  void ExpectSettled() {
    const auto versions = [&] { return w_.database().Int("SELECT SUM(version) FROM work_item"); };
    const int64_t before = versions();
    ASSERT_OK(inbox::Recount(
        w_.db(), {EvaluationSource(), EntrySource(), DispatchSource(), ClassPublicitySource()},
        w_.server().ids(), w_.server().clock().Now(),
        {.every = absl::ZeroDuration(), .calendar = WorkCalendar}));
    EXPECT_EQ(versions(), before);
  }

  RegistryEffects effects_{w_.server().ids(), {}, w_.server().clock()};
  int64_t told_ = 0;
  int64_t generation_ = 0;
};

TEST_F(NarrowedInbox, R002_AReviewIsForThoseWhoseIndustryItIs) {
  w_.KnowIndustry("NAVEL_ORANGE", "FRUIT");
  const Ulid subject = w_.AddSubject({.industry_code = "NAVEL_ORANGE"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  const std::string tea = Narrowed(kApprover, {{}, {"TEA"}});
  EXPECT_THAT(Of(w_.Approver()), ElementsAre("EVALUATION_ACCEPT"));
  EXPECT_THAT(Of(tea), IsEmpty());
  EXPECT_THAT(Of(Narrowed(kApprover, {{}, {"NAVEL_ORANGE"}})), ElementsAre("EVALUATION_ACCEPT"));
  EXPECT_THAT(Of(w_.Narrowed(kApprover, "narrowed", {{{}, {"TEA"}}, {{}, {"FRUIT"}}})),
              ElementsAre("EVALUATION_ACCEPT"));
  // Those to whom it is not shown are refused.
  EXPECT_THAT(w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), id, tea),
              StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  const std::string fruit = Narrowed(kApprover, {{}, {"FRUIT"}});
  ASSERT_OK(w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), id, fruit));
  const auto done = [&](const std::string& token) {
    auto page = w_.Call<inbox::v1::ListMyDoneResponse>(Cat(kInboxService, "ListMyDone"),
                                                       inbox::v1::ListMyDoneRequest(), token);
    EXPECT_OK(page);
    return page.ok() ? page->items_size() : -1;
  };
  EXPECT_EQ(done(fruit), 1);
  EXPECT_EQ(done(tea), 0);  // of the same person, by today's grants
}

TEST_F(NarrowedInbox, R118_ASignatureIsForTheMoneyOfItsDepartment) {
  const Ulid subject = w_.AddSubject({.industry_code = "NAVEL_ORANGE"});
  w_.NeedDepartments(subject, {"ETHNIC", "DRC"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(id));
  const auto signs = [&](const auth::Facets& scope) { return Of(Narrowed(kVerifier, scope)); };
  EXPECT_THAT(signs({}), ElementsAre("EVALUATION_SIGN DRC", "EVALUATION_SIGN ETHNIC"));
  EXPECT_THAT(signs({{"SOURCE_ETHNIC"}, {}}), ElementsAre("EVALUATION_SIGN ETHNIC"));
  EXPECT_THAT(signs({{"SOURCE_ETHNIC"}, {"TEA"}}), IsEmpty());
  EXPECT_THAT(signs({{"SOURCE_LOTTERY"}, {}}), IsEmpty());
}

TEST_F(NarrowedInbox, R118_ItemsFollowAProjectToOtherMoney) {
  const std::string industry_id = w_.world().NewId();
  registry::v1::Project project = sample::Project(w_.world().NewId(), industry_id);
  project.mutable_declared_funding(0)->clear_task_code();
  Tell(sample::Industry(industry_id));
  Tell(project);
  const Ulid id = w_.Compute(*Ulid::Parse(project.id()), v1::EVALUATION_RESULT_UPGRADE, "G2");
  const Ulid of_industry = w_.Compute(*Ulid::Parse(industry_id), v1::EVALUATION_RESULT_UPGRADE);
  const auto of = [&](const std::string& source) {
    const auth::Facets scope = {{source}, {}};
    std::vector<std::string> out;
    for (const auto& item : Mine(Narrowed(kApprover, scope))) {
      if (item.kind() == "EVALUATION_ACCEPT") out.push_back(item.subject_id());
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  std::vector<std::string> both = {id.ToString(), of_industry.ToString()};
  std::sort(both.begin(), both.end());
  EXPECT_EQ(of("BRIDGE_CENTRAL"), both);
  EXPECT_THAT(of("BRIDGE_PROVINCE"), IsEmpty());
  project.mutable_declared_funding(0)->set_source_code("BRIDGE_PROVINCE");
  Tell(project);
  EXPECT_THAT(of("BRIDGE_CENTRAL"), IsEmpty());
  EXPECT_EQ(of("BRIDGE_PROVINCE"), both);
  ExpectSettled();
  // What no verified project pays for is not narrowed by sources.
  project.set_verification_state(registry::v1::VERIFICATION_STATE_UNVERIFIED);
  Tell(project);
  EXPECT_THAT(of("BRIDGE_CENTRAL"), ElementsAre(of_industry.ToString()));
  ExpectSettled();
  project.set_verification_state(registry::v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  Tell(project);
  EXPECT_EQ(of("BRIDGE_PROVINCE"), both);
  // Another industry.
  const std::string tea = Narrowed(kApprover, {{}, {"TEA"}});
  EXPECT_THAT(Of(tea), Not(Contains("EVALUATION_ACCEPT")));
  project.set_industry_code("TEA");
  Tell(project);
  EXPECT_THAT(Of(tea), Contains("EVALUATION_ACCEPT"));
  ExpectSettled();
}

TEST_F(NarrowedInbox, R118_AnIndustryIsNotNarrowedByAProjectThatASnapshotNoLongerHas) {
  const registry::v1::Industry industry = sample::Industry(w_.world().NewId());
  registry::v1::Project project = sample::Project(w_.world().NewId(), industry.id());
  project.mutable_declared_funding(0)->clear_task_code();
  Tell(industry);
  Tell(project);
  w_.Compute(*Ulid::Parse(project.id()), v1::EVALUATION_RESULT_UPGRADE, "G2");
  w_.Compute(*Ulid::Parse(industry.id()), v1::EVALUATION_RESULT_UPGRADE);
  const std::string other = Narrowed(kApprover, {{"BRIDGE_PROVINCE"}, {}});
  EXPECT_THAT(Of(other), Not(Contains("EVALUATION_ACCEPT")));
  TellAnew(industry);
  EXPECT_THAT(Of(other), ElementsAre("EVALUATION_ACCEPT"));
  ExpectSettled();
}

TEST_F(NarrowedInbox, R118_APublicityAndALedgerEntryAreTheirSubjects) {
  registry::v1::Project project = sample::Project(w_.world().NewId(), w_.world().NewId());
  project.mutable_declared_funding(0)->clear_task_code();
  Tell(project);
  const Ulid subject = *Ulid::Parse(project.id());
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(id));
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation started, w_.Publicise(id));
  w_.PassDays(8);
  const auto of = [&](const std::string& source) {
    return Of(Narrowed(kCountyOffice, {{source}, {}}));
  };
  EXPECT_THAT(of("BRIDGE_CENTRAL"), Contains("PUBLICITY_CONCLUDE"));
  EXPECT_THAT(of("BRIDGE_PROVINCE"), Not(Contains("PUBLICITY_CONCLUDE")));
  project.mutable_declared_funding(0)->set_source_code("BRIDGE_PROVINCE");
  Tell(project);
  EXPECT_THAT(of("BRIDGE_CENTRAL"), Not(Contains("PUBLICITY_CONCLUDE")));
  EXPECT_THAT(of("BRIDGE_PROVINCE"), Contains("PUBLICITY_CONCLUDE"));
  ExpectSettled();
  ASSERT_OK(w_.Conclude(started.publicity_id()));
  ASSERT_OK(w_.MakeEffective(id));
  EXPECT_THAT(of("BRIDGE_CENTRAL"), Not(Contains("MEASURE_PLAN")));
  EXPECT_THAT(of("BRIDGE_PROVINCE"), Contains("MEASURE_PLAN"));
  project.mutable_declared_funding(0)->set_source_code("BRIDGE_CENTRAL");
  Tell(project);
  EXPECT_THAT(of("BRIDGE_CENTRAL"), Contains("MEASURE_PLAN"));
  EXPECT_THAT(of("BRIDGE_PROVINCE"), Not(Contains("MEASURE_PLAN")));
  ExpectSettled();
}

TEST_F(NarrowedInbox, R002_ADispatchReportIsOfItsClauseAndItsIndustry) {
  const std::string industry_id = w_.world().NewId();
  w_.PassDays(32);
  Tell(sample::Industry(industry_id));
  const auto of = [&](const auth::Facets& scope, const std::string& clause) {
    auth::Caller caller;
    caller.subject = "narrowed";
    auth::Grant& grant = caller.grants.emplace_back();
    grant.role = kCountyOffice;
    grant.region_path = "360733";
    grant.industries = scope.industries;
    if (!clause.empty()) grant.clauses = {clause};
    std::vector<std::string> out;
    for (const auto& item : Mine(w_.server().Token(caller))) {
      if (item.kind() == "DISPATCH_REPORT") out.push_back(item.subject_id());
    }
    return out;
  };
  EXPECT_THAT(of({}, ""), ElementsAre(industry_id));
  EXPECT_THAT(of({}, "十五"), ElementsAre(industry_id));
  EXPECT_THAT(of({}, "四"), IsEmpty());
  EXPECT_THAT(of({{}, {sample::kIndustryCode}}, ""), ElementsAre(industry_id));
  EXPECT_THAT(of({{}, {"ANOTHER"}}, ""), IsEmpty());
}

TEST_F(NarrowedInbox, R118_ADeputyFindsWhatTheLenderWould) {
  const Ulid orange = w_.AddSubject({.industry_code = "NAVEL_ORANGE"});
  const Ulid tea = w_.AddSubject({.industry_code = "TEA"});
  w_.Compute(tea, v1::EVALUATION_RESULT_UPGRADE, "G2");
  const Ulid id = w_.Compute(orange, v1::EVALUATION_RESULT_UPGRADE, "G2");
  auth::Grant lent;
  lent.id = w_.server().ids().Next();
  lent.role = kApprover;
  lent.region_path = "360733";
  lent.industries = {"NAVEL_ORANGE"};
  lent.delegated_by = "principal";
  w_.world().held().Set("deputy", {"deputy", {lent}, {}});
  const auto mine = Mine(testing::PersonToken(w_.server(), "deputy"));
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0].subject_id(), id.ToString());
  EXPECT_EQ(Mine(w_.Approver()).size(), 2u);
}

}  // namespace
}  // namespace bangfu::evaluation
