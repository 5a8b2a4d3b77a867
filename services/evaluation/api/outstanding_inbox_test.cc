// What is outstanding of evaluations in the inbox: verified subjects that nobody has evaluated wait
// for their county, data that an evaluation lacked for those who can supply them.
#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/contract/time.h"
#include "common/inbox/recount.h"
#include "common/inbox/walks_for_test.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/jobs/asset_effects.h"
#include "services/evaluation/jobs/outstanding_work.h"

namespace bangfu::evaluation {
namespace {

namespace av1 = asset::v1;
using auth::Role;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kNextCounty[] = "360734";
constexpr char kNextVillage[] = "360734101201";

class OutstandingInbox : public ::testing::Test {
 protected:
  OutstandingInbox() {
    industry_ = w_.world().AddIndustry();
    project_ = w_.world().AddProject(industry_);
    w_.world().Sync();
  }
  std::vector<inbox::v1::WorkItem> Items(const std::string& token, const std::string& kind) {
    inbox::v1::ListMyWorkRequest request;
    request.add_kinds(kind);
    auto page = w_.Call<inbox::v1::ListMyWorkResponse>("bangfu.inbox.v1.InboxService.ListMyWork",
                                                       request, token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  std::vector<std::string> Titles(const std::string& token, const std::string& kind) {
    std::vector<std::string> out;
    for (const auto& item : Items(token, kind)) out.push_back(item.title());
    return out;
  }
  std::vector<std::string> ToEvaluate(const std::string& county = "360733") {
    return Titles(w_.Operator("operator", county), "EVALUATION_RUN");
  }
  std::vector<std::string> Lacking(const std::string& county = "360733") {
    return Titles(w_.Operator("operator", county), "EVALUATION_DATA");
  }
  std::string Township(const std::string& township) {
    return w_.Token(Role::ROLE_TOWNSHIP_REVIEWER, township, "reviewer");
  }
  registry::v1::Project Project() { return sample::Project(project_, industry_); }
  void Tell(const registry::v1::Project& project) {
    w_.world().Tell(project);
    w_.world().Sync();
  }
  v1::EvaluationResult Evaluate(const std::string& id) {
    return w_.world().EvaluateOne(id).evaluation().result();
  }
  absl::Status Recounted() {
    return inbox::Recount(w_.db(), {ToEvaluateSource(), LackingDataSource()}, w_.server().ids(),
                          w_.server().clock().Now(),
                          {.every = absl::ZeroDuration(), .calendar = WorkCalendar});
  }

  LifecycleWorld w_;
  std::string industry_, project_;
};

TEST_F(OutstandingInbox, R002_WhatNobodyHasEvaluatedWaitsForTheCounty) {
  for (const std::string& token : {w_.Operator(), w_.Approver()}) {
    EXPECT_THAT(Titles(token, "EVALUATION_RUN"), ElementsAre("会昌县2个对象待评价"));
  }
  const inbox::v1::WorkItem item = Items(w_.Operator(), "EVALUATION_RUN")[0];
  EXPECT_EQ(item.kind_zh(), "待评价");
  EXPECT_EQ(item.subject_type(), "evaluation_runs");
  EXPECT_EQ(item.region_path(), "360733");
  EXPECT_EQ(DayOf(item.due_on()), absl::CivilDay(2026, 3, 27));  // 20 working days
  for (const std::string& token :
       {w_.Operator("next door", kNextCounty), Township("360733101"), w_.City(), w_.Province()}) {
    EXPECT_THAT(Titles(token, "EVALUATION_RUN"), IsEmpty());
  }

  // With each evaluation there are less, and who makes the last has done it.
  w_.world().Score({project_, industry_}, 80, 80);
  ASSERT_OK(w_.world().Evaluate({project_}, w_.Operator()));
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县1个对象待评价"));
  ASSERT_OK(w_.world().Evaluate({industry_}, w_.Operator()));
  EXPECT_THAT(ToEvaluate(), IsEmpty());
  EXPECT_THAT(Lacking(), IsEmpty());
  auto done = w_.Call<inbox::v1::ListMyDoneResponse>("bangfu.inbox.v1.InboxService.ListMyDone",
                                                     inbox::v1::ListMyDoneRequest(), w_.Operator());
  ASSERT_OK(done);
  ASSERT_THAT(done->items(), SizeIs(1));
  EXPECT_EQ(done->items(0).id(), item.id());
  EXPECT_EQ(done->items(0).outcome(), "evaluate");
}

TEST_F(OutstandingInbox, R002_AVoidEvaluationWaitsToBeMadeAnew) {
  w_.world().Score({project_, industry_}, 80, 80);
  const v1::SubjectOutcome made = w_.world().EvaluateOne(project_);
  Evaluate(industry_);
  ASSERT_THAT(ToEvaluate(), IsEmpty());
  v1::VoidEvaluationRequest request;
  request.set_reason("测算口径有误");
  ASSERT_OK(
      w_.Step("VoidEvaluation", request, *Ulid::Parse(made.evaluation().id()), w_.Approver()));
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县1个对象待评价"));
  Evaluate(project_);
  EXPECT_THAT(ToEvaluate(), IsEmpty());
}

// What an industry is evaluated by are its projects' evaluations: nobody else can supply them.
TEST_F(OutstandingInbox, R002_AProjectsEvaluationIsDataForItsIndustry) {
  w_.world().Score({project_, industry_}, 80, 80);
  ASSERT_EQ(Evaluate(industry_), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);
  EXPECT_THAT(Lacking(), SizeIs(1));
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县1个对象待评价"));  // the project
  Evaluate(project_);
  EXPECT_THAT(Lacking(), IsEmpty());
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县1个对象待评价"));  // the industry anew
  Evaluate(industry_);
  EXPECT_THAT(ToEvaluate(), IsEmpty());
}

// By what its links rest on an industry is evaluated, too.
TEST_F(OutstandingInbox, R002_WhatALinkRestsOnIsDataForItsIndustry) {
  av1::Asset store = sample::LinkAsset(w_.world().NewId(), "AS360733101201F0001");
  av1::OperatingContract contract;
  contract.set_id(w_.world().NewId());
  contract.set_region_path("3607");  // over assets of two counties
  contract.set_state(av1::CONTRACT_STATE_ACTIVE);
  SetDay(absl::CivilDay(2025, 1, 1), contract.mutable_terms()->mutable_start_date());
  SetDay(absl::CivilDay(2027, 1, 1), contract.mutable_terms()->mutable_end_date());
  registry::v1::Industry industry = sample::Industry(industry_);
  industry.clear_links();
  for (const auto& [code, kind, reference] :
       {std::tuple("COLD_STORAGE", registry::v1::LINK_EVIDENCE_KIND_ASSET, store.asset_code()),
        std::tuple("SALES", registry::v1::LINK_EVIDENCE_KIND_SERVICE_CONTRACT, contract.id())}) {
    registry::v1::PresentLink* link = industry.add_links();
    link->set_link_code(code);
    link->set_kind(kind);
    link->set_reference(reference);
  }
  w_.world().Tell(industry);
  w_.world().Sync();
  w_.world().Score({project_}, 80, 80);
  ASSERT_NE(Evaluate(project_), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);
  ASSERT_EQ(Evaluate(industry_), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);  // nobody scored it
  ASSERT_THAT(ToEvaluate(), IsEmpty());
  ASSERT_THAT(Lacking(), ElementsAre("会昌县1个对象数据不足，待补数据"));
  const auto tell = [&](const auto& message) {
    w_.world().Tell(message);
    w_.world().Sync();
  };
  // Once, and then it lacks data again.
  const auto supplies = [&] {
    EXPECT_THAT(Lacking(), IsEmpty());
    EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县1个对象待评价"));
    Evaluate(industry_);
    return Lacking().size() == 1;
  };
  tell(store);
  EXPECT_TRUE(supplies());
  // What is no other for the link, and what no link of it rests on.
  store.set_title_cert_no("赣(2021)第1234号");
  tell(store);
  tell(sample::LinkAsset(w_.world().NewId(), "AS360733101201F0002"));
  EXPECT_THAT(Lacking(), SizeIs(1));
  // It stops; it is another county's, whose industry has no such link; it comes back.
  store.mutable_use()->clear_operated();
  sample::Operates(&store, absl::CivilDay(2022, 1, 1), absl::CivilDay(2026, 2, 1));
  tell(store);
  EXPECT_TRUE(supplies());
  store.set_region_path(kNextVillage);
  tell(store);
  EXPECT_TRUE(supplies());
  sample::Operates(&store, absl::CivilDay(2026, 2, 10), std::nullopt);
  tell(store);
  EXPECT_THAT(Lacking(), SizeIs(1));
  tell(contract);
  EXPECT_TRUE(supplies());
  contract.set_state(av1::CONTRACT_STATE_VOID);
  tell(contract);
  EXPECT_TRUE(supplies());
  // And what a later snapshot of the asset service does not have.
  UlidGenerator ids(w_.server().clock());
  AssetEffects effects(ids);
  ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
    return effects.FinishSnapshot(tx, std::string(kAssetSource), /*generation=*/100);
  }));
  EXPECT_TRUE(supplies());
}

TEST_F(OutstandingInbox, R002_TheTermOfWhatIsToBeEvaluatedIsTheProvinces) {
  w_.world().Score({project_, industry_}, 80, 80);
  Evaluate(project_);
  Evaluate(industry_);
  ASSERT_THAT(ToEvaluate(), IsEmpty());
  const std::map<int, std::optional<absl::CivilDay>> due_by_days = {{5, absl::CivilDay(2026, 3, 6)},
                                                                    {0, std::nullopt}};
  for (const auto& [days, due] : due_by_days) {
    w_.world().Parameter("EVALUATION_RUN_DAYS", days);
    w_.world().Sync();
    const std::string another = w_.world().AddProject(industry_);
    w_.world().Sync();
    const std::vector<inbox::v1::WorkItem> items = Items(w_.Operator(), "EVALUATION_RUN");
    ASSERT_THAT(items, SizeIs(1));
    EXPECT_EQ(DayOf(items[0].due_on()), due) << days;
    w_.world().Score({another}, 80, 80);
    Evaluate(another);
  }
}

TEST_F(OutstandingInbox, R002_DataThatAreLackingWaitForThoseWhoCanSupplyThem) {
  ASSERT_EQ(Evaluate(project_), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);  // no expert has scored
  ASSERT_EQ(Evaluate(industry_), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);
  EXPECT_THAT(ToEvaluate(), IsEmpty());
  const std::string of_township = "麻州镇1个对象数据不足，待补数据";
  const std::string of_county = "会昌县1个对象数据不足，待补数据";
  EXPECT_THAT(Titles(Township("360733101"), "EVALUATION_DATA"), ElementsAre(of_township));
  for (const std::string& token : {w_.Operator(), w_.Appraiser("zhang")}) {
    EXPECT_THAT(Titles(token, "EVALUATION_DATA"),
                ::testing::UnorderedElementsAre(of_township, of_county));
  }
  for (const std::string& token : {Township("360733102"), w_.Operator("next door", kNextCounty),
                                   w_.Approver(), w_.City(), w_.Province()}) {
    EXPECT_THAT(Titles(token, "EVALUATION_DATA"), IsEmpty());
  }
  EXPECT_EQ(Items(Township("360733101"), "EVALUATION_DATA")[0].kind_zh(), "待补数据");

  // What comes is looked at by an evaluation, whether or not it was what was lacking.
  Tell(Project());
  EXPECT_THAT(Titles(Township("360733101"), "EVALUATION_DATA"), IsEmpty());
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县1个对象待评价"));
  Evaluate(project_);
  EXPECT_THAT(ToEvaluate(), IsEmpty());
  EXPECT_THAT(Titles(Township("360733101"), "EVALUATION_DATA"), ElementsAre(of_township));
  w_.world().Tell(sample::Assets(project_, sample::kVillage));
  w_.world().Sync();
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县1个对象待评价"));
  Evaluate(project_);
  EXPECT_THAT(ToEvaluate(), IsEmpty());

  w_.world().Score({project_, industry_}, 80, 80);
  EXPECT_THAT(Lacking(), IsEmpty());
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县2个对象待评价"));
  EXPECT_NE(Evaluate(project_), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);
  EXPECT_NE(Evaluate(industry_), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);
  EXPECT_THAT(ToEvaluate(), IsEmpty());
  EXPECT_THAT(Lacking(), IsEmpty());
}

TEST_F(OutstandingInbox, R002_FollowsTheSubjectByTheFeed) {
  // Without a verified project nothing is to be evaluated, the industry neither.
  registry::v1::Project project = Project();
  project.set_verification_state(registry::v1::VERIFICATION_STATE_UNVERIFIED);
  Tell(project);
  EXPECT_THAT(ToEvaluate(), IsEmpty());
  Tell(Project());
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县2个对象待评价"));
  project = Project();
  project.set_is_void(true);
  Tell(project);
  EXPECT_THAT(ToEvaluate(), IsEmpty());
  Tell(Project());

  // Another county has it.
  registry::v1::Project moved = sample::Project(project_, "", kNextVillage);
  Tell(moved);
  EXPECT_THAT(ToEvaluate(), IsEmpty());
  EXPECT_THAT(ToEvaluate(kNextCounty), ElementsAre("寻乌县1个对象待评价"));
  Tell(Project());
  EXPECT_THAT(ToEvaluate(kNextCounty), IsEmpty());

  // Data that are lacking wait in the township where the subject is; not while it is not verified.
  Evaluate(project_);
  EXPECT_THAT(Titles(Township("360733101"), "EVALUATION_DATA"), SizeIs(1));
  project = Project();
  project.set_verification_state(registry::v1::VERIFICATION_STATE_DISPUTED);
  Tell(project);
  EXPECT_THAT(Lacking(), IsEmpty());
  EXPECT_THAT(ToEvaluate(), IsEmpty());
  Tell(sample::Project(project_, industry_, "360733102201"));
  Evaluate(project_);
  EXPECT_THAT(Titles(Township("360733101"), "EVALUATION_DATA"), IsEmpty());
  EXPECT_THAT(Titles(Township("360733102"), "EVALUATION_DATA"),
              ElementsAre("庄口镇1个对象数据不足，待补数据"));
}

TEST_F(OutstandingInbox, R002_WhatWasThereBeforeTheInboxIsFilledIn) {
  Evaluate(project_);
  ASSERT_THAT(ToEvaluate(), SizeIs(1));
  ASSERT_THAT(Lacking(), SizeIs(1));
  for (const char* table : {"work_desk", "work_item"}) {
    w_.database().Run(Cat("DELETE FROM ", table, ";"));
  }
  ASSERT_OK(Recounted());
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县1个对象待评价"));
  EXPECT_THAT(Lacking(), ElementsAre("麻州镇1个对象数据不足，待补数据"));
  // And what stayed behind goes.
  w_.database().Run("UPDATE subject SET is_void = 1;");
  ASSERT_OK(Recounted());
  EXPECT_THAT(ToEvaluate(), IsEmpty());
  EXPECT_THAT(Lacking(), IsEmpty());
}

TEST_F(OutstandingInbox, R002_TwoWhoEvaluateAtOnceAreBothCounted) {
  std::vector<std::string> projects = {project_};
  for (int i = 0; i < 5; ++i) projects.push_back(w_.world().AddProject(industry_));
  w_.world().Sync();
  w_.world().Score(projects, 80, 80);
  ASSERT_THAT(ToEvaluate(), ElementsAre("会昌县7个对象待评价"));
  std::vector<std::thread> threads;
  for (const std::string& id : projects) {
    threads.emplace_back([&, id] { EXPECT_OK(w_.world().Evaluate({id}, w_.Province())); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(ToEvaluate(), ElementsAre("会昌县1个对象待评价"));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'EVALUATION_RUN'"), 1);
}

// --- whatever happens, items are equal to states

const inbox::Walk kWalk({"EVALUATION_RUN", "EVALUATION_DATA"});

struct Known {
  std::string id;
  std::string village;  // an industry's county
  bool is_industry = false;
  bool verified = true;
  bool is_void = false;
  int result = 0;
  bool supplied = false;
  std::string evaluation;
};

class OutstandingProperty : public OutstandingInbox {
 protected:
  static std::string CountyOf(const Known& k) { return k.village.substr(0, 6); }
  const std::string& IndustryOf(const std::string& county) {
    return county == "360733" ? industry_ : next_industry_;
  }
  bool IsVerified(const Known& k) {
    if (!k.is_industry) return k.verified && !k.is_void;
    return std::any_of(known_.begin(), known_.end(), [&](const Known& other) {
      return !other.is_industry && other.verified && !other.is_void &&
             CountyOf(other) == CountyOf(k);
    });
  }
  std::set<std::string> Expected() {
    std::map<std::string, int> runs, data;
    for (const Known& k : known_) {
      if (!IsVerified(k)) continue;
      const bool lacking = k.result == v1::EVALUATION_RESULT_INSUFFICIENT_DATA;
      if (k.result == 0 || (lacking && k.supplied)) ++runs[CountyOf(k)];
      if (lacking && !k.supplied) ++data[k.village.substr(0, 9)];
    }
    std::set<std::string> out;
    for (const auto& [region, n] : runs) {
      out.insert(Cat("EVALUATION_RUN ", region, " ", Name(region), n, "个对象待评价"));
    }
    for (const auto& [region, n] : data) {
      out.insert(Cat("EVALUATION_DATA ", region, " ", Name(region), n, "个对象数据不足，待补数据"));
    }
    return out;
  }
  std::string Name(const std::string& region) {
    auto rows = w_.db().Query("SELECT name FROM region_copy WHERE code = ?", {region});
    EXPECT_OK(rows);
    return rows->empty() ? region : rows->at(0).String(0);
  }
  std::set<std::string> Stored() {
    auto rows = w_.db().Query(
        "SELECT kind, region_path, title FROM work_item WHERE open_mark = 1 AND subject_type IN "
        "('evaluation_runs', 'evaluation_data')");
    EXPECT_OK(rows);
    std::set<std::string> out;
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(row.String(0), " ", row.String(1), " ", row.String(2)));
    }
    return out;
  }
  void TellAsKnown(Known* k) {
    if (k->is_industry) {
      w_.world().Tell(sample::Industry(k->id, k->village));
    } else {
      registry::v1::Project project = sample::Project(k->id, IndustryOf(CountyOf(*k)), k->village);
      project.set_is_void(k->is_void);
      if (!k->verified) {
        project.set_verification_state(registry::v1::VERIFICATION_STATE_UNVERIFIED);
      }
      w_.world().Tell(project);
    }
    w_.world().Sync();
    k->supplied = true;
  }

  std::string next_industry_;
  std::vector<Known> known_;
};

TEST_F(OutstandingProperty, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const testing::SeededRandom random(seed);
  next_industry_ = w_.world().AddIndustry(kNextCounty);
  known_ = {{industry_, "360733", true},
            {next_industry_, kNextCounty, true},
            {project_, sample::kVillage}};
  const std::vector<std::string> villages = {"360733101201", "360733101202", "360733102201",
                                             kNextVillage};
  for (const std::string& village : villages) {
    known_.push_back({w_.world().AddProject(IndustryOf(village.substr(0, 6)), village), village});
  }
  w_.world().Sync();
  ASSERT_EQ(Stored(), Expected());
  const int steps = testing::Runs(200, 1500);
  int evaluated = 0, lacked = 0, voided = 0;
  for (int i = 0; i < steps; ++i) {
    Known& k = known_[random.Below(known_.size())];
    switch (random.Below(11)) {
      case 0:
      case 1:
      case 2: {
        const v1::SubjectOutcome outcome = w_.world().EvaluateOne(k.id);
        if (!outcome.has_evaluation()) {
          EXPECT_EQ(outcome.refusal_reason(), k.is_void ? "SUBJECT_VOID" : "NOT_VERIFIED");
          EXPECT_FALSE(IsVerified(k));
          break;
        }
        ++evaluated;
        // What an industry is evaluated by are its projects' evaluations.
        if (!k.is_industry && k.evaluation != outcome.evaluation().id()) {
          for (Known& other : known_) {
            if (other.is_industry && CountyOf(other) == CountyOf(k)) other.supplied = true;
          }
        }
        k.result = outcome.evaluation().result();
        k.evaluation = outcome.evaluation().id();
        k.supplied = false;
        lacked += k.result == v1::EVALUATION_RESULT_INSUFFICIENT_DATA ? 1 : 0;
        break;
      }
      case 3:
      case 8:
      case 9:
        if (k.is_void) break;
        w_.world().Score({k.id}, 80, 80);
        k.supplied = true;
        break;
      case 4:
        if (!k.is_industry) k.verified = random.Below(3) != 0;
        TellAsKnown(&k);
        break;
      case 5:
        if (!k.is_industry) k.is_void = random.Below(3) == 0;
        TellAsKnown(&k);
        break;
      case 6:
        if (!k.is_industry) k.village = villages[random.Below(villages.size())];
        TellAsKnown(&k);
        break;
      case 7: {
        if (k.is_industry) break;
        w_.world().Tell(sample::Assets(k.id, k.village));
        w_.world().Sync();
        k.supplied = true;
        break;
      }
      default: {
        if (k.evaluation.empty()) break;
        v1::VoidEvaluationRequest request;
        request.set_reason("测算口径有误");
        if (!w_.Step("VoidEvaluation", request, *Ulid::Parse(k.evaluation),
                     w_.Approver(CountyOf(k)))
                 .ok()) {
          break;
        }
        ++voided;
        k.result = 0;
        k.evaluation.clear();
      }
    }
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
  }
  std::cout << evaluated << " evaluated, " << lacked << " of them lacked data, " << voided
            << " declared void" << std::endl;
  EXPECT_GT(lacked, 0);
  EXPECT_GT(evaluated, lacked);
  kWalk.ExpectSeen(w_.db());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON w.id = "
                              "d.item_id AND w.open_mark = 1 WHERE w.id IS NULL"),
            0);
  // The recount agrees.
  const int64_t version = w_.database().Int("SELECT COALESCE(SUM(version), 0) FROM work_item");
  ASSERT_OK(Recounted());
  EXPECT_EQ(Stored(), Expected());
  EXPECT_EQ(w_.database().Int("SELECT COALESCE(SUM(version), 0) FROM work_item"), version);
}

}  // namespace
}  // namespace bangfu::evaluation
