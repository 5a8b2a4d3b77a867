// Whatever happens to report periods, the items of the inbox are equal to their states, and a page
// of the inbox holds what the table would let its reader do: a deputy's, too.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "bangfu/inbox/v1/inbox.pb.h"
#include "bangfu/period/v1/period.pb.h"
#include "common/inbox/recount.h"
#include "common/inbox/walks_for_test.h"
#include "common/operation/operation.h"
#include "common/period/service.h"
#include "common/period/work.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/evaluation/api/ledger_periods.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {
namespace {

using auth::Role;

const inbox::Walk kWalk({"PERIOD_FREEZE", "PERIOD_SIGN", "PERIOD_SUBMIT", "PERIOD_ACCEPT",
                         "PERIOD_REISSUE"});

constexpr char kPeriodService[] = "bangfu.period.v1.PeriodService.";
constexpr char kCounty[] = "360733";
constexpr char kCity[] = "3607";
constexpr char kVillages[][13] = {"360733101201", "360733101202", "360733102201"};

class PeriodInbox : public ::testing::Test {
 protected:
  PeriodInbox()
      : session_(w_.database().Connect()), runner_(w_.server().clock(), {.holder = "test"}) {
    period::RegisterFreeze(runner_, PeriodOptions(nullptr));
    for (const char* village : kVillages) {
      w_.BringInForce(w_.Compute(w_.AddSubject({.village = village, .name = village}),
                                 v1::EVALUATION_RESULT_UPGRADE, "G2"));
    }
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& rpc, const Request& request,
                                const std::string& token) {
    return w_.Call<Response>(Cat(kPeriodService, rpc), request, token);
  }
  template <typename Request>
  absl::Status Step(const std::string& rpc, const std::string& id, const std::string& token,
                    Request request = Request()) {
    request.set_id(id);
    return Call<period::v1::Period>(rpc, request, token).status();
  }
  period::v1::Period Get(const std::string& id, const std::string& token = "") {
    period::v1::GetPeriodRequest request;
    request.set_id(id);
    auto got =
        Call<period::v1::Period>("GetPeriod", request, token.empty() ? w_.Province() : token);
    EXPECT_OK(got);
    return got.ok() ? *got : period::v1::Period();
  }
  std::vector<period::v1::PeriodUnit> Units(const std::string& id, const std::string& token = "") {
    period::v1::ListPeriodUnitsRequest request;
    request.set_id(id);
    request.set_page_size(500);
    auto listed = Call<period::v1::ListPeriodUnitsResponse>("ListPeriodUnits", request,
                                                            token.empty() ? w_.Province() : token);
    EXPECT_OK(listed);
    if (!listed.ok()) return {};
    return {listed->units().begin(), listed->units().end()};
  }
  void RunOperations() {
    while (true) {
      absl::StatusOr<bool> worked = runner_.StepOnce(*session_);
      ASSERT_OK(worked);
      if (!*worked) return;
    }
  }
  std::vector<std::string> Periods() {
    std::vector<std::string> out;
    auto rows = w_.db().Query("SELECT id FROM report_period ORDER BY id");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) out.push_back(row.Id(0).ToString());
    return out;
  }
  // "id action slot", from what the rpcs show.
  std::set<std::string> Expected() {
    std::set<std::string> out;
    for (const std::string& id : Periods()) {
      const period::v1::Period p = Get(id);
      if (!p.newest()) continue;
      const auto add = [&](std::string_view action, std::string_view slot = "") {
        out.insert(Cat(id, " ", action, " ", slot));
      };
      const bool county = p.region_code() == kCounty;
      switch (p.state()) {
        case period::v1::PERIOD_STATE_OPEN:
          add("freeze");
          break;
        case period::v1::PERIOD_STATE_FROZEN:
        case period::v1::PERIOD_STATE_VILLAGE_SIGNED:
        case period::v1::PERIOD_STATE_TOWNSHIP_SIGNED:
        case period::v1::PERIOD_STATE_COUNTY_SIGNED: {
          if (!county) {
            bool up = true;
            for (const auto& c : p.components()) {
              up &= c.state() == period::v1::PERIOD_STATE_SUBMITTED ||
                    c.state() == period::v1::PERIOD_STATE_ACCEPTED;
            }
            if (up && !p.needs_update()) add("submit");
            break;
          }
          const std::vector<period::v1::PeriodUnit> units = Units(id);
          bool all = true;
          for (const period::v1::PeriodUnit& unit : units) {
            if (unit.has_signature()) continue;
            all = false;
            bool turn = true;
            for (const period::v1::PeriodUnit& other : units) {
              turn &= other.region_code() == unit.region_code() ||
                      !other.region_code().starts_with(unit.region_code()) || other.has_signature();
            }
            if (turn) add("sign", unit.region_code());
          }
          if (all) add("submit");
          break;
        }
        case period::v1::PERIOD_STATE_SUBMITTED:
          add("accept");
          break;
        case period::v1::PERIOD_STATE_RETURNED:
          add("reissue");
          break;
        default:
          break;
      }
      const bool may_reissue = p.state() == period::v1::PERIOD_STATE_FROZEN ||
                               p.state() == period::v1::PERIOD_STATE_SUBMITTED ||
                               p.state() == period::v1::PERIOD_STATE_ACCEPTED;
      if (p.needs_update() && may_reissue) add("reissue");
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = w_.db().Query(
        "SELECT subject_id, action, slot FROM work_item WHERE open_mark = 1 AND subject_type = "
        "'period'");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2)));
    }
    return out;
  }
  // By a grant of one's own, or by one that another has lent, until the person is lent another.
  std::string TokenOf(Role role, const std::string& region, const std::string& person,
                      const std::string& lent_by = "") {
    if (lent_by.empty()) return w_.Token(role, region, person);
    w_.world().held().Lend(person, lent_by, role, region, w_.server().ids().Next());
    return testing::PersonToken(w_.server(), person);
  }
  // What the inbox gives this caller to do is what the tables would let them do.
  void ExpectMineIsAllowed(const std::string& token) {
    inbox::v1::ListMyWorkRequest request;
    request.set_page_size(500);
    request.set_subject_type("period");
    auto page = w_.Call<inbox::v1::ListMyWorkResponse>("bangfu.inbox.v1.InboxService.ListMyWork",
                                                       request, token);
    ASSERT_OK(page);
    for (const inbox::v1::WorkItem& item : page->items()) {
      if (!item.mine()) continue;
      bool allowed = false;
      const auto look = [&](const auto& actions) {
        for (const type::v1::AllowedAction& action : actions) {
          allowed |= action.action() == item.action() && action.allowed();
        }
      };
      if (item.action() == "sign") {
        for (const period::v1::PeriodUnit& unit : Units(item.subject_id(), token)) {
          if (unit.region_code() == item.slot()) look(unit.allowed_actions());
        }
      } else {
        look(Get(item.subject_id(), token).allowed_actions());
      }
      EXPECT_TRUE(allowed) << item.ShortDebugString();
    }
  }

  LifecycleWorld w_;
  std::unique_ptr<mysql::Session> session_;
  operation::OperationRunner runner_;
};

TEST_F(PeriodInbox, R002_AFreezingThatStoppedWaitsAgain) {
  const std::string operator_token = TokenOf(Role::ROLE_COUNTY_OPERATOR, kCounty, "a");
  period::v1::OpenPeriodRequest open;
  open.set_table_no("T2");
  open.set_region_code(kCounty);
  open.set_period("2026-02");
  ASSERT_OK_AND_ASSIGN(const period::v1::Period opened,
                       Call<period::v1::Period>("OpenPeriod", open, operator_token));
  const std::string waits = Cat(opened.id(), " freeze ");
  EXPECT_EQ(Stored(), std::set<std::string>{waits});
  ASSERT_OK(Step<period::v1::FreezePeriodRequest>("FreezePeriod", opened.id(), operator_token));
  EXPECT_EQ(Stored(), std::set<std::string>());
  ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(Get(opened.id()).operation_id()));
    RETURN_IF_ERROR(operation::Cancel(tx, id, w_.server().clock().Now()));
    ASSIGN_OR_RETURN(const operation::v1::Operation stopped, operation::Get(tx, id, {"36"}));
    return runner_.TellStand(tx, stopped, w_.server().clock().Now());
  }));
  EXPECT_EQ(Stored(), std::set<std::string>{waits});
  ASSERT_OK(Step<period::v1::FreezePeriodRequest>("FreezePeriod", opened.id(), operator_token));
  EXPECT_EQ(Stored(), std::set<std::string>());
  RunOperations();
  EXPECT_EQ(Get(opened.id()).state(), period::v1::PERIOD_STATE_FROZEN);
  EXPECT_EQ(Stored(), Expected());
}

TEST_F(PeriodInbox, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const testing::SeededRandom random(seed);
  const std::vector<std::string> persons = {"a", "b", "c", "d", "e"};
  const auto any = [&] { return persons[random.Below(persons.size())]; };
  // Mostly somebody who had no hand in it.
  const auto mostly = [&](const std::string& person) {
    return random.Below(4) == 0 ? any() : person;
  };
  const int steps = testing::Runs(250, 2000);
  int done = 0, signed_units = 0, accepted = 0;
  for (int i = 0; i < steps; ++i) {
    const std::vector<std::string> all = Periods();
    // Mostly the newest.
    std::string id =
        all.empty() ? "" : all[all.size() - 1 - random.Below(std::min<size_t>(all.size(), 3))];
    uint64_t step = random.Below(13);
    std::string turn;  // the unit that is to sign
    // Half of the time what waits, so that tables come to their end.
    if (const std::set<std::string> open = Stored(); !open.empty() && random.Below(2) == 0) {
      const std::vector<std::string> item = absl::StrSplit(
          *std::next(open.begin(), static_cast<int>(random.Below(open.size()))), ' ');
      static const std::map<std::string, uint64_t> kSteps = {
          {"freeze", 1}, {"sign", 3}, {"submit", 8}, {"accept", 10}, {"reissue", 12}};
      id = item[0];
      step = kSteps.at(item[1]);
      turn = item[2];
    }
    const bool of_county = !id.empty() && Get(id).region_code() == kCounty;
    const std::string preparer =
        of_county ? TokenOf(Role::ROLE_COUNTY_OPERATOR, kCounty, mostly("county"))
                  : TokenOf(Role::ROLE_CITY_SUPERVISOR, kCity, mostly("city"));
    const std::string above = of_county ? TokenOf(Role::ROLE_CITY_SUPERVISOR, kCity, mostly("city"))
                                        : TokenOf(Role::ROLE_PROV_OFFICE, "36", mostly("office"));
    absl::Status status;
    if (id.empty() || step == 0) {
      period::v1::OpenPeriodRequest open;
      open.set_table_no("T2");
      const bool county = random.Below(2) == 0;
      open.set_region_code(county ? kCounty : kCity);
      open.set_period(random.Below(2) == 0 ? "2026-01" : "2026-02");
      status = Call<period::v1::Period>("OpenPeriod", open,
                                        county ? TokenOf(Role::ROLE_COUNTY_OPERATOR, kCounty, any())
                                               : TokenOf(Role::ROLE_CITY_SUPERVISOR, kCity, any()))
                   .status();
    } else if (step <= 2) {
      status = Step<period::v1::FreezePeriodRequest>("FreezePeriod", id, preparer);
    } else if (step <= 7) {
      const std::vector<period::v1::PeriodUnit> units = Units(id);
      if (units.empty()) continue;
      size_t at = random.Below(units.size());
      for (size_t k = 0; k < units.size(); ++k) {
        if (units[k].region_code() == turn) at = k;
      }
      const period::v1::PeriodUnit& unit = units[at];
      period::v1::SignPeriodRequest sign;
      sign.set_region_code(unit.region_code());
      sign.set_rows_sha256(unit.rows_sha256());
      // Some of them as somebody's deputy.
      status =
          Step("SignPeriod", id,
               TokenOf(period::SignerOf(unit.region_code()), unit.region_code(),
                       mostly(Cat("of-", unit.region_code())), random.Below(3) == 0 ? any() : ""),
               sign);
      signed_units += status.ok() ? 1 : 0;
    } else if (step <= 9) {
      status = Step<period::v1::SubmitPeriodRequest>("SubmitPeriod", id, preparer);
    } else if (step == 10) {
      status = Step<period::v1::AcceptPeriodRequest>("AcceptPeriod", id, above);
      accepted += status.ok() ? 1 : 0;
    } else if (step == 11) {
      period::v1::ReturnPeriodRequest back;
      back.add_reasons()->set_text("措施未填");
      status = Step("ReturnPeriod", id, above, back);
    } else {
      status = Step<period::v1::ReissuePeriodRequest>("ReissuePeriod", id, preparer);
    }
    RunOperations();
    ASSERT_NE(status.code(), absl::StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
    // Somebody looks at the inbox, by a right of their own or on another's behalf.
    static const std::vector<std::pair<Role, std::string>> kRights = {
        {Role::ROLE_VILLAGE_REPORTER, kVillages[0]}, {Role::ROLE_TOWNSHIP_APPROVER, "360733101"},
        {Role::ROLE_COUNTY_APPROVER, kCounty},       {Role::ROLE_COUNTY_OPERATOR, kCounty},
        {Role::ROLE_CITY_SUPERVISOR, kCity},         {Role::ROLE_PROV_OFFICE, "36"}};
    const auto& [role, region] = kRights[random.Below(kRights.size())];
    ExpectMineIsAllowed(TokenOf(role, region, any(), random.Below(2) == 0 ? any() : ""));
    if (HasFailure()) break;
  }
  std::cout << steps << " steps, " << done << " of them taken, " << signed_units << " signatures, "
            << accepted << " acceptances" << std::endl;
  EXPECT_GT(done, steps / 10);
  EXPECT_GT(signed_units, 0);
  EXPECT_GT(accepted, 0);
  kWalk.ExpectSeen(w_.db());
  // The recount agrees, and fills an empty inbox.
  const std::set<std::string> expected = Expected();
  for (const char* table : {"work_item", "work_desk"}) {
    ASSERT_OK(w_.db().Execute(Cat("DELETE FROM ", table)));
  }
  ASSERT_OK(inbox::Recount(w_.db(), {period::WorkSource(PeriodOptions(nullptr))}, w_.server().ids(),
                           w_.server().clock().Now(), {.calendar = WorkCalendar}));
  EXPECT_EQ(Stored(), expected);
}

}  // namespace
}  // namespace bangfu::evaluation
