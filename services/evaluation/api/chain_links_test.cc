// Links of the chain count while something works: a project in operation, a brand in force, an
// asset in use, a contract that runs.
#include "services/evaluation/api/world_for_test.h"

namespace bangfu::evaluation {
namespace {

namespace av1 = asset::v1;
namespace reg = registry::v1;
using ::testing::HasSubstr;

class ChainLinks : public ::testing::Test {
 protected:
  ChainLinks() : industry_(world_.AddIndustry()), project_(world_.AddProject(industry_)) {
    Rest({});
  }
  // The industry's links on record: code, kind, reference.
  struct On {
    std::string code;
    reg::LinkEvidenceKind kind;
    std::string reference;
  };
  void Rest(const std::vector<On>& links) {
    reg::Industry industry = sample::Industry(industry_);
    industry.clear_links();
    for (const On& on : links) {
      reg::PresentLink* link = industry.add_links();
      link->set_link_code(on.code);
      link->set_kind(on.kind);
      link->set_reference(on.reference);
    }
    world_.Tell(industry);
    world_.Sync();
  }
  void Become(reg::ProjectState state, bool is_void = false) {
    reg::Project project = sample::Project(project_, industry_);
    project.set_state(state);
    project.set_is_void(is_void);
    world_.Tell(project);
    world_.Sync();
  }
  // Of four applicable links; the project itself is PLANT_BREED.
  int64_t Coverage(const std::string& subject) {
    v1::ListFactsRequest request;
    request.set_subject_id(subject);
    auto facts = world_.server().Call<v1::ListFactsResponse>(
        "bangfu.evaluation.v1.FactService.ListFacts", request, world_.Province());
    EXPECT_OK(facts);
    if (!facts.ok()) return -1;
    for (const v1::Fact& f : facts->facts()) {
      if (f.code() == "D1-01") return f.value();
    }
    return -1;
  }

  // Where D1-01 comes from.
  std::string Record(const std::string& subject) {
    v1::ListFactsRequest request;
    request.set_subject_id(subject);
    auto facts = world_.server().Call<v1::ListFactsResponse>(
        "bangfu.evaluation.v1.FactService.ListFacts", request, world_.Province());
    EXPECT_OK(facts);
    if (!facts.ok()) return "";
    for (const v1::Fact& f : facts->facts()) {
      if (f.code() == "D1-01") return f.source_record();
    }
    return "";
  }
  // D1-01 as an evaluation explains it.
  v1::IndicatorLine Links(const v1::Evaluation& evaluation) {
    v1::ExplainEvaluationRequest explain;
    explain.set_id(evaluation.id());
    auto explanation = world_.server().Call<v1::Explanation>(
        "bangfu.evaluation.v1.EvaluationService.ExplainEvaluation", explain, world_.Province());
    EXPECT_OK(explanation);
    if (!explanation.ok()) return v1::IndicatorLine();
    for (const v1::IndicatorLine& line : explanation->indicators()) {
      if (line.code() == "D1-01") return line;
    }
    return v1::IndicatorLine();
  }

  World world_;  // it is 1 March 2026
  const std::string industry_, project_;
};

TEST_F(ChainLinks, AProjectsOwnLinksCountWhileItOperates) {
  EXPECT_EQ(Coverage(project_), 2500);
  EXPECT_EQ(Coverage(industry_), 2500);
  for (const reg::ProjectState state :
       {reg::PROJECT_STATE_IDLE, reg::PROJECT_STATE_PAUSED, reg::PROJECT_STATE_UNDER_CONSTRUCTION,
        reg::PROJECT_STATE_DRAFT}) {
    Become(state);
    EXPECT_EQ(Coverage(project_), 0) << reg::ProjectState_Name(state);
    EXPECT_EQ(Coverage(industry_), 0) << reg::ProjectState_Name(state);
  }
  Become(reg::PROJECT_STATE_OPERATING, /*is_void=*/true);
  EXPECT_EQ(Coverage(industry_), 0);
  Become(reg::PROJECT_STATE_OPERATING);
  EXPECT_EQ(Coverage(industry_), 2500);
}

TEST_F(ChainLinks, ALinkThatStandsForAProjectCountsWhileThatOperates) {
  const std::string code = sample::Project(project_, industry_).project_code();
  Rest({{"SALES", reg::LINK_EVIDENCE_KIND_PROJECT, code},
        {"COLD_STORAGE", reg::LINK_EVIDENCE_KIND_PROJECT, project_},
        {"PRIMARY_PROC", reg::LINK_EVIDENCE_KIND_PROJECT, "PJ360733-2021-000000"}});
  EXPECT_EQ(Coverage(industry_), 7500);
  Become(reg::PROJECT_STATE_IDLE);
  EXPECT_EQ(Coverage(industry_), 0);
}

TEST_F(ChainLinks, ALinkThatStandsForAnAssetCountsWhileThatIsInUse) {
  Become(reg::PROJECT_STATE_IDLE);  // its own link is not looked at here
  av1::Asset store = sample::LinkAsset(world_.NewId(), "AS360733101201F0001");
  store.set_region_path("360733101201");
  Rest({{"COLD_STORAGE", reg::LINK_EVIDENCE_KIND_ASSET, "AS360733101201F0001"}});
  // Unknown, until the asset service tells of it; named where the figure comes from.
  EXPECT_EQ(Coverage(industry_), 0);
  EXPECT_THAT(Record(industry_), HasSubstr("#AS360733101201F0001（本县没有此资产，不计）"));
  world_.Tell(store);
  world_.Sync();
  EXPECT_EQ(Coverage(industry_), 2500);
  EXPECT_EQ(Coverage(project_), 2500);
  EXPECT_THAT(Record(industry_), ::testing::EndsWith("#AS360733101201F0001"));
  Rest({{"COLD_STORAGE", reg::LINK_EVIDENCE_KIND_ASSET, store.id()}});
  EXPECT_EQ(Coverage(industry_), 2500);

  // On the days on which it operates, the first and the last included: it is 1 March 2026.
  const absl::CivilDay today(2026, 3, 1);
  const auto operate = [&](std::optional<absl::CivilDay> from, std::optional<absl::CivilDay> to) {
    store.mutable_use()->clear_operated();
    sample::Operates(&store, from, to);
    world_.Tell(store);
    world_.Sync();
  };
  operate(std::nullopt, today - 1);
  EXPECT_EQ(Coverage(industry_), 0);
  EXPECT_THAT(Record(industry_), HasSubstr("（资产未在运营，不计）"));
  operate(std::nullopt, today);
  EXPECT_EQ(Coverage(industry_), 2500);
  operate(today + 1, std::nullopt);
  EXPECT_EQ(Coverage(industry_), 0);
  operate(today, std::nullopt);
  EXPECT_EQ(Coverage(industry_), 2500);
  operate(absl::CivilDay(2022, 1, 1), absl::CivilDay(2025, 12, 31));
  EXPECT_EQ(Coverage(industry_), 0);
  // Again.
  sample::Operates(&store, absl::CivilDay(2026, 2, 1), std::nullopt);
  world_.Tell(store);
  world_.Sync();
  EXPECT_EQ(Coverage(industry_), 2500);
  store.mutable_use()->clear_operated();
  store.mutable_use()->set_use_state(asset::v1::USE_STATE_NOT_STARTED);
  world_.Tell(store);
  world_.Sync();
  EXPECT_EQ(Coverage(industry_), 0);
  // What a release told that knew no days: in use since then.
  store.mutable_use()->set_use_state(asset::v1::USE_STATE_IN_USE);
  world_.Tell(store);
  world_.Sync();
  EXPECT_EQ(Coverage(industry_), 2500);

  // Another county's stands for nothing here; a void or disposed one for nothing at all.
  store.set_region_path("360734100200");
  operate(absl::CivilDay(2026, 2, 1), std::nullopt);
  EXPECT_EQ(Coverage(industry_), 0);
  store.set_region_path("360733101201");
  for (const av1::AssetState state : {av1::ASSET_STATE_VOID, av1::ASSET_STATE_DISPOSED}) {
    store.set_state(state);
    operate(absl::CivilDay(2026, 2, 1), std::nullopt);
    EXPECT_EQ(Coverage(industry_), 0) << av1::AssetState_Name(state);
  }
}

TEST_F(ChainLinks, ALinkThatStandsForAContractCountsWhileThatRuns) {
  Become(reg::PROJECT_STATE_IDLE);
  av1::OperatingContract contract;
  contract.set_id(world_.NewId());
  contract.set_region_path("360733101201");
  contract.set_state(av1::CONTRACT_STATE_ACTIVE);
  SetDay(absl::CivilDay(2025, 1, 1), contract.mutable_terms()->mutable_start_date());
  SetDay(absl::CivilDay(2026, 3, 10), contract.mutable_terms()->mutable_end_date());
  Rest({{"SALES", reg::LINK_EVIDENCE_KIND_SERVICE_CONTRACT, contract.id()},
        {"COLD_STORAGE", reg::LINK_EVIDENCE_KIND_SERVICE_CONTRACT, "样例服务合同"}});
  EXPECT_EQ(Coverage(industry_), 0);
  EXPECT_THAT(Record(industry_), HasSubstr(Cat("#", contract.id(), "（本县没有此合同，不计）")));
  const auto tell = [&] {
    world_.Tell(contract);
    world_.Sync();
  };
  tell();
  EXPECT_EQ(Coverage(industry_), 2500);
  EXPECT_THAT(Record(industry_), HasSubstr("#样例服务合同（本县没有此合同，不计）"));
  // Over assets of two counties it lies in their city, and runs here as well; in another county
  // alone it does not.
  contract.set_region_path("3607");
  tell();
  EXPECT_EQ(Coverage(industry_), 2500);
  contract.set_region_path("360734101201");
  tell();
  EXPECT_EQ(Coverage(industry_), 0);
  contract.set_region_path("360733101201");
  tell();
  // As an asset it is none.
  Rest({{"SALES", reg::LINK_EVIDENCE_KIND_ASSET, contract.id()}});
  EXPECT_EQ(Coverage(industry_), 0);
  Rest({{"SALES", reg::LINK_EVIDENCE_KIND_SERVICE_CONTRACT, contract.id()}});

  // Over by its own day, without anybody's word; and from the day on which it was terminated.
  world_.server().clock().Advance(absl::Hours(24 * 9));
  EXPECT_EQ(Coverage(industry_), 2500);
  world_.server().clock().Advance(absl::Hours(24));
  EXPECT_EQ(Coverage(industry_), 0);
  EXPECT_THAT(Record(industry_), HasSubstr("（合同未在履行，不计）"));
  SetDay(absl::CivilDay(2029, 12, 31), contract.mutable_terms()->mutable_end_date());
  tell();
  EXPECT_EQ(Coverage(industry_), 2500);
  contract.set_state(av1::CONTRACT_STATE_TERMINATED);
  SetDay(absl::CivilDay(2026, 3, 10), contract.mutable_ended_on());
  tell();
  EXPECT_EQ(Coverage(industry_), 0);
  contract.clear_ended_on();
  contract.set_state(av1::CONTRACT_STATE_VOID);
  tell();
  EXPECT_EQ(Coverage(industry_), 0);
}

TEST_F(ChainLinks, WhatLinksRestOnGoesWithItsRegionAndWithItsSource) {
  Become(reg::PROJECT_STATE_IDLE);
  av1::Asset store = sample::LinkAsset(world_.NewId(), "AS360733101201F0001", "360734100200");
  Rest({{"COLD_STORAGE", reg::LINK_EVIDENCE_KIND_ASSET, store.asset_code()}});
  world_.Tell(store);
  world_.Sync();
  EXPECT_EQ(Coverage(industry_), 0);
  // Its village comes to the industry's county.
  reg::RegionsChanged regions;
  reg::RegionMove* move = regions.add_moves();
  move->set_id(world_.NewId());
  move->set_from_path("360734100200");
  move->set_to_path("360733101202");
  move->mutable_moved_at()->set_seconds(1772000000);
  world_.registry().Tell("region_batch", world_.NewId(), "", regions);
  world_.Sync();
  EXPECT_EQ(Coverage(industry_), 2500);
  // A later snapshot of the asset service does not have it.
  UlidGenerator ids(world_.server().clock());
  AssetEffects effects(ids);
  ASSERT_OK(mysql::Transact(world_.db(), [&](mysql::Tx& tx) {
    return effects.FinishSnapshot(tx, std::string(kAssetSource), /*generation=*/100);
  }));
  EXPECT_EQ(Coverage(industry_), 0);
  for (const char* table : {"link_basis", "link_basis_period"}) {
    EXPECT_EQ(world_.database().Int(Cat("SELECT COUNT(*) FROM ", table)), 0) << table;
  }
}

TEST_F(ChainLinks, ALaterEvaluationSeesWhatTheLinksRestOnThen) {
  const av1::Asset store = sample::LinkAsset(world_.NewId(), "AS360733101201F0001");
  Rest({{"COLD_STORAGE", reg::LINK_EVIDENCE_KIND_ASSET, store.asset_code()}});
  world_.Tell(store);
  world_.Sync();
  world_.Score({project_}, 80, 80);
  const v1::SubjectOutcome first = world_.EvaluateOne(project_);
  ASSERT_TRUE(first.has_evaluation());
  // Nothing has changed for it.
  world_.Tell(store);
  world_.Sync();
  EXPECT_EQ(world_.EvaluateOne(project_).evaluation().id(), first.evaluation().id());
  av1::Asset idle = store;
  idle.mutable_use()->clear_operated();
  sample::Operates(&idle, absl::CivilDay(2022, 1, 1), absl::CivilDay(2026, 2, 19));
  world_.Tell(idle);
  world_.Sync();
  const v1::SubjectOutcome second = world_.EvaluateOne(project_);
  EXPECT_NE(second.evaluation().id(), first.evaluation().id());
  EXPECT_EQ(Links(first.evaluation()).raw(), "5000");
  EXPECT_EQ(Links(second.evaluation()).raw(), "2500");
  EXPECT_THAT(Links(second.evaluation()).source_record(),
              HasSubstr("#AS360733101201F0001（资产未在运营，不计）"));
  // The first one is what it was.
  v1::VerifyEvaluationRequest verify;
  verify.set_id(first.evaluation().id());
  auto same = world_.server().Call<v1::VerifyEvaluationResponse>(
      "bangfu.evaluation.v1.EvaluationService.VerifyEvaluation", verify, world_.Province());
  ASSERT_OK(same);
  EXPECT_TRUE(same->identical());
}

// An evaluation of a month looks at the last day of it, whenever it is made.
TEST_F(ChainLinks, AnEvaluationCountsWhatOperatedOnItsDay) {
  const auto links_in = [&](const std::string& period) {
    auto made = world_.Evaluate({project_}, world_.Province(), period);
    EXPECT_OK(made);
    if (!made.ok() || made->outcomes_size() != 1) return std::string();
    return Links(made->outcomes(0).evaluation()).raw();
  };
  av1::Asset store = sample::LinkAsset(world_.NewId(), "AS360733101201F0001");
  Rest({{"COLD_STORAGE", reg::LINK_EVIDENCE_KIND_ASSET, store.asset_code()}});
  world_.Score({project_}, 80, 80);
  // It stood still from 20 January to 10 February, and does since 1 March.
  store.mutable_use()->clear_operated();
  sample::Operates(&store, absl::CivilDay(2022, 1, 1), absl::CivilDay(2026, 1, 19));
  sample::Operates(&store, absl::CivilDay(2026, 2, 11), absl::CivilDay(2026, 2, 28));
  world_.Tell(store);
  world_.Sync();
  EXPECT_EQ(links_in("2025-12"), "5000");
  EXPECT_EQ(links_in("2026-01"), "2500");
  EXPECT_EQ(links_in("2026-02"), "5000");
  EXPECT_EQ(links_in("2026-03"), "2500");
}

TEST_F(ChainLinks, ALinkThatStandsForABrandCountsWhileThatIsInForce) {
  reg::BrandCertification brand = sample::Brand(world_.NewId(), project_);
  brand.set_certificate_no("GF360733");
  SetDay(absl::CivilDay(2026, 3, 10), brand.mutable_expires_on());
  world_.Tell(brand);
  Rest({{"SALES", reg::LINK_EVIDENCE_KIND_BRAND, "GF360733"},
        {"COLD_STORAGE", reg::LINK_EVIDENCE_KIND_BRAND, "GF-UNKNOWN"}});
  EXPECT_EQ(Coverage(industry_), 5000);  // SALES, and the project's own
  world_.server().clock().Advance(absl::Hours(24 * 10));
  EXPECT_EQ(Coverage(industry_), 2500);
}

}  // namespace
}  // namespace bangfu::evaluation
