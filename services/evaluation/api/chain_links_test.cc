// Links of the chain count while something works: a project in operation, a brand in force.
#include "services/evaluation/api/world_for_test.h"

namespace bangfu::evaluation {
namespace {

namespace reg = registry::v1;

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
  // Assets and contracts are taken as recorded.
  Rest({{"SALES", reg::LINK_EVIDENCE_KIND_SERVICE_CONTRACT, "合同一"},
        {"COLD_STORAGE", reg::LINK_EVIDENCE_KIND_ASSET, "AS360733101201F0001"}});
  EXPECT_EQ(Coverage(industry_), 5000);
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
