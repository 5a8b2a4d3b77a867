#include <set>

#include "common/base/strings.h"
#include "common/period/calendar.h"
#include "common/period/rows.h"
#include "common/period/signing.h"
#include "common/period/workflow.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "common/workflow/triples.h"

namespace bangfu::period {
namespace {

using ::testing::ElementsAre;
using testing::StatusIs;

constexpr char kCounty[] = "360733";
constexpr char kTownship[] = "360733101";
constexpr char kVillage1[] = "360733101201";
constexpr char kVillage2[] = "360733101202";

TEST(PeriodSpans, AreMonthsQuartersAndHalfYears) {
  EXPECT_EQ(ParseSpan("2026-10")->first, absl::CivilDay(2026, 10, 1));
  EXPECT_EQ(ParseSpan("2026-02")->last, absl::CivilDay(2026, 2, 28));
  EXPECT_EQ(ParseSpan("2026-Q4")->first, absl::CivilDay(2026, 10, 1));
  EXPECT_EQ(ParseSpan("2026-Q4")->last, absl::CivilDay(2026, 12, 31));
  EXPECT_EQ(ParseSpan("2026-H1")->last, absl::CivilDay(2026, 6, 30));
  for (const char* bad : {"", "2026", "2026-00", "2026-13", "2026-Q0", "2026-Q5", "2026-H3",
                          "2026/10", "202a-10", "2026-1", "2026-2x"}) {
    EXPECT_FALSE(ParseSpan(bad).has_value()) << bad;
  }
}

TEST(PeriodRows, ComeBackInOrderWithTheHashOfTheirUnits) {
  RowPacker packer(kCounty, true);
  std::vector<Row> rows = {{"a", kCounty, "own"}, {"b", kTownship, "of the township"}};
  for (int i = 0; i < 3000; ++i) {
    rows.push_back(
        {Cat(100000 + i), kVillage1, std::string(1000, static_cast<char>('a' + i % 26))});
  }
  rows.push_back({"a", kVillage2, ""});
  for (const Row& row : rows) ASSERT_OK(packer.Add(row));
  EXPECT_THAT(packer.Add({"a", kVillage2, "again"}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(packer.Add({"z", "360734", "elsewhere"}), StatusIs(absl::StatusCode::kInternal));
  FrozenRows frozen = packer.Finish();
  EXPECT_EQ(frozen.rows, 3003);
  EXPECT_GT(frozen.chunks.size(), 2u);
  std::vector<Row> back;
  for (const Chunk& chunk : frozen.chunks) {
    EXPECT_LT(chunk.body.size(), 2u << 20);
    ASSERT_OK_AND_ASSIGN(std::vector<Row> part, UnpackRows(chunk.body));
    EXPECT_EQ(part.front().region_path, chunk.first_path);
    EXPECT_EQ(part.back().region_path, chunk.last_path);
    back.insert(back.end(), part.begin(), part.end());
  }
  ASSERT_EQ(back.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(back[i].key, rows[i].key);
    EXPECT_EQ(back[i].payload, rows[i].payload);
  }
  std::map<std::string, int64_t> sizes;
  for (const auto& [unit, hash] : frozen.units) sizes[unit] = hash.rows;
  EXPECT_EQ(sizes, (std::map<std::string, int64_t>{
                       {kCounty, 3003}, {kTownship, 3002}, {kVillage1, 3000}, {kVillage2, 1}}));
  EXPECT_EQ(frozen.units[kVillage2].sha256, Sha256Hex(RowHash(rows.back())));
  EXPECT_THAT(UnpackRows("Rxx"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PERIOD_ROWS_DAMAGED"));
}

TEST(PeriodRows, ATableOfNothingHasAHash) {
  const FrozenRows frozen = RowPacker(kCounty, true).Finish();
  EXPECT_EQ(frozen.rows, 0);
  EXPECT_TRUE(frozen.chunks.empty());
  EXPECT_EQ(frozen.units.at(kCounty).sha256, Sha256Hex(""));
}

TEST(PeriodRows, WithoutSignersOnlyTheTableHasAHash) {
  RowPacker packer("3607", false);
  ASSERT_OK(packer.Add({"a", "3607", "x"}));
  ASSERT_OK(packer.Add({"a", kCounty, "x"}));
  EXPECT_EQ(packer.Finish().units.size(), 1u);
}

SignBoard Board(std::map<std::string, std::string> signed_by) {
  std::map<std::string, UnitState> units;
  for (const auto& [unit, person] : signed_by) {
    units[unit] = {1, Cat("hash of ", unit), person.empty() ? "" : Cat("hash of ", unit), person};
  }
  return SignBoard(std::move(units));
}

TEST(PeriodSigning, R019_EachLevelSignsAfterThoseBelowByAnotherPerson) {
  const SignBoard none = Board({{kCounty, ""}, {kTownship, ""}, {kVillage1, ""}, {kVillage2, ""}});
  EXPECT_EQ(none.Judge(kVillage1, Cat("hash of ", kVillage1), "p"), SignRefusal::kNone);
  EXPECT_EQ(none.Judge(kVillage1, "other", "p"), SignRefusal::kChanged);
  EXPECT_EQ(none.Judge("360733102", "other", "p"), SignRefusal::kEmpty);
  EXPECT_EQ(none.Judge(kTownship, Cat("hash of ", kTownship), "p"), SignRefusal::kLowerUnsigned);
  EXPECT_THAT(none.Unsigned(kTownship, false), ElementsAre(kVillage1, kVillage2));
  const SignBoard villages =
      Board({{kCounty, ""}, {kTownship, ""}, {kVillage1, "v1"}, {kVillage2, "v2"}});
  EXPECT_EQ(villages.Judge(kVillage1, Cat("hash of ", kVillage1), "p"), SignRefusal::kAlready);
  EXPECT_EQ(villages.Judge(kTownship, Cat("hash of ", kTownship), "v2"), SignRefusal::kSamePerson);
  EXPECT_EQ(villages.Judge(kTownship, Cat("hash of ", kTownship), "t"), SignRefusal::kNone);
  EXPECT_EQ(StateOf(none), v1::PERIOD_STATE_FROZEN);
  EXPECT_EQ(StateOf(villages), v1::PERIOD_STATE_VILLAGE_SIGNED);
  // A level without rows is skipped, not signed for by others.
  EXPECT_EQ(StateOf(Board({{kCounty, ""}, {kTownship, "t"}})), v1::PERIOD_STATE_TOWNSHIP_SIGNED);
  EXPECT_EQ(StateOf(Board({{kCounty, "c"}})), v1::PERIOD_STATE_COUNTY_SIGNED);
  // A township that signed early does not carry its county.
  EXPECT_EQ(StateOf(Board({{kCounty, ""}, {kTownship, "t"}, {kVillage1, ""}})),
            v1::PERIOD_STATE_FROZEN);
}

// What a caller of that role would find when everything but state and role is in order.
Subject InOrder(v1::PeriodState state, const std::string& action, workflow::RoleId role) {
  Subject s;
  s.state = state;
  s.prepared_by = "preparer";
  s.submitted_by = "submitter";
  using namespace options::v1;
  if (role == ROLE_CITY_SUPERVISOR)
    s.region_digits = action == "accept" || action == "return" ? 6 : 4;
  if (role == ROLE_PROV_OFFICE) s.region_digits = action == "accept" || action == "return" ? 4 : 2;
  if (action == "sign") {
    s.region_digits = 6;
    s.unit_digits = role == ROLE_VILLAGE_REPORTER ? 12 : role == ROLE_TOWNSHIP_APPROVER ? 9 : 6;
    s.after_signature = v1::PERIOD_STATE_TOWNSHIP_SIGNED;
  }
  s.needs_update = action == "reissue";
  return s;
}

TEST(PeriodWorkflow, EveryTripleOfStateActionAndRoleIsAsTheTableSays) {
  std::vector<v1::PeriodState> states;
  for (int i = v1::PERIOD_STATE_OPEN; i <= v1::PERIOD_STATE_REISSUED; ++i) {
    states.push_back(static_cast<v1::PeriodState>(i));
  }
  std::vector<workflow::RoleId> roles = {workflow::kSystem};
  for (int i = 1; i < options::v1::Role_ARRAYSIZE; ++i) roles.push_back(i);
  const auto wrong = workflow::TryTriples<v1::PeriodState, Subject>(
      Transitions(), states, roles,
      [](v1::PeriodState state, const std::string& action, workflow::RoleId role) {
        return Transitions().Execute(InOrder(state, action, role), action,
                                     workflow::Actor{"somebody", {role}});
      });
  EXPECT_THAT(wrong, ::testing::IsEmpty());
}

TEST(PeriodWorkflow, RefusalsNameTheirReason) {
  using namespace options::v1;
  const auto execute = [](const Subject& s, const char* action, workflow::RoleId role,
                          const char* person = "p") {
    return Transitions().Execute(s, action, workflow::Actor{person, {role}}).status();
  };
  Subject s = InOrder(v1::PERIOD_STATE_FREEZING, "freeze", ROLE_COUNTY_OPERATOR);
  s.freeze_running = true;
  EXPECT_THAT(execute(s, "freeze", ROLE_COUNTY_OPERATOR),
              StatusIs(absl::StatusCode::kFailedPrecondition, "FREEZE_RUNNING"));
  s = InOrder(v1::PERIOD_STATE_OPEN, "freeze", ROLE_COUNTY_OPERATOR);
  s.region_digits = 4;
  EXPECT_THAT(execute(s, "freeze", ROLE_COUNTY_OPERATOR),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  s = InOrder(v1::PERIOD_STATE_FROZEN, "sign", ROLE_COUNTY_APPROVER);
  EXPECT_THAT(execute(s, "sign", ROLE_COUNTY_APPROVER, "preparer"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"));
  for (const auto& [refusal, reason] :
       {std::pair{SignRefusal::kEmpty, "UNIT_EMPTY"},
        std::pair{SignRefusal::kAlready, "ALREADY_CURRENT"},
        std::pair{SignRefusal::kLowerUnsigned, "LOWER_LEVEL_UNSIGNED"},
        std::pair{SignRefusal::kSamePerson, "SAME_PERSON"}}) {
    s.refusal = refusal;
    EXPECT_THAT(execute(s, "sign", ROLE_COUNTY_APPROVER),
                StatusIs(absl::StatusCode::kFailedPrecondition, reason));
  }
  s.refusal = SignRefusal::kChanged;
  EXPECT_THAT(execute(s, "sign", ROLE_COUNTY_APPROVER),
              StatusIs(absl::StatusCode::kAborted, "ROWS_CHANGED"));
  s = InOrder(v1::PERIOD_STATE_SUBMITTED, "accept", ROLE_CITY_SUPERVISOR);
  EXPECT_THAT(execute(s, "accept", ROLE_CITY_SUPERVISOR, "submitter"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"));
  s = InOrder(v1::PERIOD_STATE_FROZEN, "submit", ROLE_CITY_SUPERVISOR);
  s.components_unsigned = {"会昌县"};
  const absl::Status unsigned_below = execute(s, "submit", ROLE_CITY_SUPERVISOR);
  EXPECT_THAT(unsigned_below,
              StatusIs(absl::StatusCode::kFailedPrecondition, "COMPONENT_UNSIGNED"));
  EXPECT_THAT(GetErrorDetail(unsigned_below).message_zh, ::testing::HasSubstr("会昌县"));
  s.needs_update = true;
  EXPECT_THAT(execute(s, "submit", ROLE_CITY_SUPERVISOR),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NEEDS_UPDATE"));
}

}  // namespace
}  // namespace bangfu::period
