#include "common/workflow/workflow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/workflow/triples.h"

namespace bangfu::workflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

enum class State { kDraft = 1, kSubmitted = 2, kPassed = 3 };
constexpr RoleId kVillage = 1;
constexpr RoleId kTownship = 2;
constexpr RoleId kCounty = 4;

struct Report {
  State state = State::kDraft;
  int rows = 1;
  Person submitted_by = "p1";
};

const Table<State, Report>& Reports() {
  static const auto* const table = new Table<State, Report>(
      [](const Report& r) { return r.state; },
      [](State s) -> std::string {
        switch (s) {
          case State::kDraft:
            return "草稿";
          case State::kSubmitted:
            return "已提交";
          case State::kPassed:
            return "已通过";
        }
        return "";
      },
      {
          {.from = {State::kDraft},
           .action = "submit",
           .label_zh = "提交",
           .roles = {kVillage},
           .guards = {{"has_rows",
                       [](const Report& r, const Actor&) -> absl::Status {
                         if (r.rows > 0) return absl::OkStatus();
                         return FailedPrecondition("REPORT_EMPTY", "报告没有内容");
                       }}},
           .evidence = {"PHOTO", "FUND_DOC"},
           .to = State::kSubmitted},
          {.from = {State::kSubmitted},
           .action = "pass",
           .label_zh = "通过",
           .roles = {kTownship},
           .guards = {{"other_person",
                       [](const Report& r, const Actor& a) -> absl::Status {
                         if (!a.Is(r.submitted_by)) return absl::OkStatus();
                         return FailedPrecondition("SAME_PERSON", "提交人不能审核自己的报告");
                       }}},
           .to = State::kPassed},
          {.from = {State::kSubmitted, State::kPassed},
           .action = "return",
           .label_zh = "退回",
           .roles = {kTownship, kSystem},
           .to = State::kDraft},
      });
  return *table;
}

const std::vector<std::string> kAll = {"FUND_DOC", "PHOTO"};

TEST(Workflow, ExecutesATransition) {
  absl::StatusOr<State> to = Reports().Execute({}, "submit", {"p1", {kVillage}}, kAll);
  ASSERT_TRUE(to.ok()) << to.status();
  EXPECT_EQ(*to, State::kSubmitted);
}

TEST(Workflow, NamesTheStateThatDoesNotAllowIt) {
  absl::StatusOr<State> to =
      Reports().Execute({.state = State::kPassed}, "submit", {"p1", {kVillage}}, kAll);
  EXPECT_EQ(to.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(to.status()), "STATE_NOT_ALLOWED");
  EXPECT_THAT(GetErrorDetail(to.status()).message_zh, HasSubstr("已通过"));
}

TEST(Workflow, RefusesARoleThatMayNot) {
  absl::StatusOr<State> to = Reports().Execute({}, "submit", {"p1", {kCounty}}, kAll);
  EXPECT_EQ(to.status().code(), absl::StatusCode::kPermissionDenied);
  to = Reports().Execute({}, "steal", {"p1", {kCounty}}, kAll);
  EXPECT_EQ(to.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Workflow, ComparesPersons) {
  const Report report = {.state = State::kSubmitted};
  EXPECT_EQ(ReasonOf(Reports().Execute(report, "pass", {"p1", {kTownship}}).status()),
            "SAME_PERSON");
  EXPECT_TRUE(Reports().Execute(report, "pass", {"p2", {kTownship}}).ok());
}

TEST(Workflow, WantsEachKindOfEvidence) {
  for (const std::string& missing : kAll) {
    std::vector<std::string> given = kAll;
    std::erase(given, missing);
    absl::StatusOr<State> to = Reports().Execute({}, "submit", {"p1", {kVillage}}, given);
    EXPECT_EQ(ReasonOf(to.status()), "EVIDENCE_MISSING");
    EXPECT_EQ(GetErrorDetail(to.status()).metadata.at("kinds"), missing);
  }
}

TEST(Workflow, TellsWhatIsAllowedAndWhyNot) {
  const Report report = {.state = State::kSubmitted};
  std::vector<AllowedAction> actions = Reports().Allowed(report, {"p1", {kTownship}});
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[0].action, "pass");
  EXPECT_FALSE(actions[0].allowed);
  EXPECT_EQ(actions[0].refusal_reason, "SAME_PERSON");
  EXPECT_EQ(actions[0].refusal_zh, "提交人不能审核自己的报告");
  EXPECT_EQ(actions[1].action, "return");
  EXPECT_TRUE(actions[1].allowed);

  actions = Reports().Allowed({}, {"p1", {kVillage}});
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_TRUE(actions[0].allowed);
  EXPECT_THAT(actions[0].evidence_kinds, ElementsAre("PHOTO", "FUND_DOC"));
  EXPECT_THAT(actions[0].evidence_required, ElementsAre("PHOTO", "FUND_DOC"));
  EXPECT_THAT(Reports().Allowed({}, {"p1", {kCounty}}), IsEmpty());
}

TEST(Workflow, TellsTheKindsThatAStepTakesWithThoseItWants) {
  const Table<State, State> papers(
      [](const State& s) { return s; }, [](State) { return ""; },
      {{{State::kDraft},
        "submit",
        "提交",
        {kVillage},
        {},
        {"PHOTO"},
        State::kSubmitted,
        {"MINUTES", "PHOTO"}},
       {{State::kSubmitted},
        "submit",
        "提交",
        {kVillage},
        {},
        {},
        State::kSubmitted,
        {"OTHER"},
        true},
       {{State::kSubmitted}, "pass", "通过", {kTownship}, {}, {}, State::kPassed}});
  EXPECT_THAT(papers.EvidenceKinds("submit"), ElementsAre("PHOTO", "MINUTES", "OTHER"));
  EXPECT_THAT(papers.EvidenceKinds("pass"), IsEmpty());
  // Only what is wanted has to be there.
  EXPECT_EQ(papers.Execute(State::kDraft, "submit", {"p1", {kVillage}}, {"PHOTO"}).status(),
            absl::OkStatus());
  const std::vector<AllowedAction> told = papers.Allowed(State::kDraft, {"p1", {kVillage}});
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(told[0].evidence_kinds, ElementsAre("PHOTO", "MINUTES"));
  EXPECT_THAT(told[0].evidence_required, ElementsAre("PHOTO"));
  const std::vector<AllowedAction> one = papers.Allowed(State::kSubmitted, {"p1", {kVillage}});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_THAT(one[0].evidence_kinds, ElementsAre("OTHER"));
  EXPECT_THAT(one[0].evidence_required, ElementsAre(kAnyEvidence));
}

TEST(Workflow, EveryTripleAgreesWithTheTable) {
  const auto attempt = [](State state, const std::string& action, RoleId role) {
    return Reports().Execute({.state = state}, action, {"p2", {role}}, kAll);
  };
  const std::vector<State> states = {State::kDraft, State::kSubmitted, State::kPassed};
  EXPECT_THAT(
      TryTriples<State>(Reports(), states, {kVillage, kTownship, kCounty, kSystem}, attempt),
      IsEmpty());
  // And the helper sees what is wrong: a handler that lets everyone do everything.
  const auto lax = [](State, const std::string&, RoleId) -> absl::StatusOr<State> {
    return State::kPassed;
  };
  EXPECT_GT(TryTriples<State>(Reports(), states, {kVillage, kTownship}, lax).size(), 10u);
}

// Of the two one may not check what the other did, nor two deputies of the same person.
TEST(WorkflowTest, APrincipalAndTheirDeputyAreOnePerson) {
  const auto pass = [](const Person& submitter, const Actor& actor) {
    Report report{State::kSubmitted};
    report.submitted_by = submitter;
    return ReasonOf(Reports().Execute(report, "pass", actor).status());
  };
  const Actor li{"li", {kTownship}};
  const Actor deputy{"zhang", {kTownship}, {}, {{kTownship, "li"}}};
  EXPECT_EQ(pass("li", li), "SAME_PERSON");
  EXPECT_EQ(pass("li", deputy), "SAME_PERSON");
  EXPECT_EQ(pass("zhang", deputy), "SAME_PERSON");
  EXPECT_EQ(pass({"zhang", "li"}, li), "SAME_PERSON");
  EXPECT_EQ(pass({"wang", "li"}, deputy), "SAME_PERSON");
  EXPECT_EQ(pass("wang", deputy), "");
  EXPECT_EQ(pass({"wang", "zhao"}, deputy), "");
  // In their own right, and where the role of the step is not the lent one.
  EXPECT_EQ(pass("li", {"zhang", {kTownship}}), "");
  EXPECT_EQ(pass("li", {"zhang", {kTownship, kCounty}, {}, {{kCounty, "li"}}}), "");
  // Of several principals each is asked about.
  EXPECT_EQ(pass("li", {"zhang", {kTownship}, {}, {{kTownship, "zhao"}, {kTownship, "li"}}}),
            "SAME_PERSON");
  // Nobody is one with nobody.
  EXPECT_FALSE(OnePerson({}, {}));
  EXPECT_FALSE(OnePerson("li", "zhang"));
}

}  // namespace
}  // namespace bangfu::workflow
