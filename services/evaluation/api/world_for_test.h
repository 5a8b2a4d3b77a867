// The service as a real server over a real database, with its facts told as the events of registry
// and asset through real consumers.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bangfu/evaluation/v1/criteria.pb.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "bangfu/registry/v1/events.pb.h"
#include "common/audit/schema.h"
#include "common/base/strings.h"
#include "common/blob/schema.h"
#include "common/contract/access.h"
#include "common/feed/consumer.h"
#include "common/feed/schema.h"
#include "common/grants/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/schema.h"
#include "common/operation/operation.h"
#include "common/operation/schema.h"
#include "common/operation/service.h"
#include "common/period/schema.h"
#include "common/publicity/schema.h"
#include "common/recode/schema.h"
#include "common/testing/held_grants.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"
#include "services/evaluation/api/deps.h"
#include "services/evaluation/facts/registry_seed_for_test.h"
#include "services/evaluation/facts/sample_for_test.h"
#include "services/evaluation/jobs/asset_effects.h"
#include "services/evaluation/jobs/batch_evaluation.h"
#include "services/evaluation/jobs/bootstrap.h"
#include "services/evaluation/jobs/evaluator.h"
#include "services/evaluation/jobs/registry_effects.h"
#include "services/evaluation/schema/migrations.h"
#include "services/evaluation/store/region_part.h"

namespace bangfu::evaluation {

// A peer's feed, held in memory.
class FakeSource {
 public:
  explicit FakeSource(std::string name) : name_(std::move(name)) {}

  void Tell(const std::string& type, const std::string& id, const std::string& region,
            const google::protobuf::Message& state) {
    feed::v1::Event& e = events_.emplace_back();
    e.set_sequence(static_cast<int64_t>(events_.size()));
    e.set_epoch("epoch-1");
    e.set_source(name_);
    e.set_aggregate_type(type);
    e.set_aggregate_id(id);
    e.set_region_path(region);
    e.mutable_payload()->PackFrom(state);
  }
  absl::StatusOr<feed::v1::PullResponse> Pull(const feed::v1::PullRequest& request) const {
    feed::v1::PullResponse out;
    out.set_epoch("epoch-1");
    out.set_last_sequence(static_cast<int64_t>(events_.size()));
    int64_t next = request.after();
    for (const feed::v1::Event& e : events_) {
      if (e.sequence() <= request.after()) continue;
      if (out.events_size() == 500) break;
      *out.add_events() = e;
      next = e.sequence();
    }
    out.set_next_after(next);
    return out;
  }

 private:
  std::string name_;
  std::vector<feed::v1::Event> events_;
};

class World {
 public:
  explicit World(std::vector<std::string> more_services = {},
                 std::function<void(rpc::Router&, const Deps&)> more_handlers = {})
      : ids_(clock_),
        evaluator_(ids_),
        server_(Options(std::move(more_services)),
                [&](rpc::Router& router) { Register(router, more_handlers); }),
        registry_session_(server_.database().Connect()),
        asset_session_(server_.database().Connect()),
        registry_consumer_(
            *registry_session_, server_.clock(), Following(kRegistrySource),
            [this](const auto& r) { return registry_.Pull(r); }, registry_effects_),
        asset_consumer_(
            *asset_session_, server_.clock(), Following(kAssetSource),
            [this](const auto& r) { return asset_.Pull(r); }, asset_effects_) {
    EXPECT_OK(SeedBaseline(db(), ids_, server_.clock().Now()));
    registry::v1::IndustryCategoriesChanged taxonomy;
    *taxonomy.add_categories() = sample::Category();
    taxonomy.set_current_taxonomy_version(sample::kTaxonomy);
    registry_.Tell("industry_category_batch", NewId(), "", taxonomy);
    registry::v1::CodesChanged codes;
    for (const registry::v1::Code& code : ShippedSeed().codes) *codes.add_codes() = code;
    Tell(codes);
    Sync();
  }

  testing::RpcServer& server() { return server_; }
  // What those hold whose tokens say nothing but who they are.
  testing::HeldGrants& held() { return held_; }
  mysql::Session& db() { return server_.database().db(); }
  testing::TestDatabase& database() { return server_.database(); }
  Evaluator& evaluator() { return evaluator_; }
  FakeSource& registry() { return registry_; }
  FakeSource& asset() { return asset_; }
  std::string NewId() { return ids_.Next().ToString(); }
  std::string RequestId() { return Cat("request-", ++requests_); }

  // The copies are level with their sources.
  void Sync() {
    for (feed::Consumer* consumer : {&registry_consumer_, &asset_consumer_}) {
      while (true) {
        absl::StatusOr<feed::StepResult> step = consumer->StepOnce();
        ASSERT_OK(step);
        if (*step == feed::StepResult::kIdle) break;
      }
    }
  }

  void Tell(const registry::v1::Project& p) {
    registry::v1::ProjectChanged e;
    *e.mutable_project() = p;
    registry_.Tell("project", p.id(), p.region_path(), e);
  }
  // With the assets that the sample's links rest on.
  void Tell(const registry::v1::Industry& i) {
    for (const registry::v1::PresentLink& link : i.links()) {
      if (link.reference() != sample::Link(link.link_code()).reference()) continue;
      std::string& id = link_assets_[Cat(i.region_path(), link.reference())];
      if (!id.empty()) continue;
      id = NewId();
      Tell(sample::LinkAsset(id, link.reference(), i.region_path()));
    }
    registry::v1::IndustryChanged e;
    *e.mutable_industry() = i;
    registry_.Tell("industry", i.id(), i.region_path(), e);
  }
  void Tell(const registry::v1::OperationReport& r) {
    registry::v1::OperationReportChanged e;
    *e.mutable_report() = r;
    registry_.Tell("operation_report", NewId(), "", e);
  }
  void Tell(const registry::v1::BrandCertification& b) {
    registry::v1::BrandCertificationChanged e;
    *e.mutable_brand() = b;
    registry_.Tell("brand_certification", NewId(), b.region_path(), e);
  }
  void Tell(const registry::v1::ShortBoard& b) {
    registry::v1::ShortBoardChanged e;
    *e.mutable_short_board() = b;
    registry_.Tell("short_board", b.id(), b.region_path(), e);
  }
  void Tell(const registry::v1::LeadingIndustry& l) {
    registry::v1::LeadingIndustryChanged e;
    *e.mutable_leading_industry() = l;
    registry_.Tell("leading_industry", l.id(), l.region_path(), e);
  }
  void Tell(const asset::v1::ProjectAssetFacts& a) {
    asset::v1::ProjectAssetFactsChanged e;
    *e.mutable_facts() = a;
    asset_.Tell("project_asset_facts", a.project_id(), a.region_path(), e);
  }
  void Tell(const asset::v1::Asset& a) {
    asset::v1::AssetChanged e;
    *e.mutable_asset() = a;
    asset_.Tell("asset", a.id(), a.region_path(), e);
  }
  void Tell(const asset::v1::OperatingContract& c) {
    asset::v1::ContractChanged e;
    *e.mutable_contract() = c;
    asset_.Tell("contract", c.id(), c.region_path(), e);
  }
  void Tell(const registry::v1::CodesChanged& codes) {
    registry_.Tell("code_batch", NewId(), "", codes);
  }
  void Parameter(const std::string& code, int64_t value) {
    registry::v1::ParameterChanged e;
    e.mutable_parameter()->set_code(code);
    e.mutable_parameter()->set_value(value);
    registry_.Tell("parameter", NewId(), "", e);
  }

  // A county industry with everything in order; its id.
  std::string AddIndustry(const std::string& county = sample::kCounty) {
    std::string id = NewId();
    Tell(sample::Industry(id, county));
    Tell(sample::Leading(NewId(), id, county));
    return id;
  }
  // A project with everything in order but the experts' scores; its id.
  std::string AddProject(const std::string& industry_id,
                         const std::string& village = sample::kVillage) {
    std::string id = NewId();
    Tell(sample::Project(id, industry_id, village));
    for (const auto& report : sample::Reports(id)) Tell(report);
    for (int i = 0; i < 2; ++i) {
      registry::v1::BrandCertification brand = sample::Brand(NewId(), id);
      brand.set_region_path(village);
      Tell(brand);
    }
    Tell(sample::Assets(id, village));
    return id;
  }
  // Three experts agree, within the sample's period.
  void Score(const std::vector<std::string>& subjects, int outlook, int resource,
             bool tech_backward = false) {
    for (const char* expert : {"expert-zhang", "expert-li", "expert-wang"}) {
      v1::SubmitExpertScoresRequest request;
      request.set_request_id(RequestId());
      for (const std::string& id : subjects) {
        v1::ExpertScore* score = request.add_scores();
        score->set_subject_id(id);
        score->set_market_outlook(outlook);
        score->set_resource_basis(resource);
        score->set_tech_backward(tech_backward);
        SetDay(sample::kScoredOn, score->mutable_scored_on());
      }
      ASSERT_OK(server_.Call<v1::SubmitExpertScoresResponse>(
          "bangfu.evaluation.v1.FactService.SubmitExpertScores", request,
          server_.Token(auth::Role::ROLE_APPRAISER, "36", expert)));
    }
  }

  std::string County(const std::string& county = sample::kCounty,
                     const std::string& person = "operator") {
    return server_.Token(auth::Role::ROLE_COUNTY_OPERATOR, county, person);
  }
  std::string Admin(const std::string& person = "admin") {
    return server_.Token(auth::Role::ROLE_PROV_ADMIN, "36", person);
  }
  std::string Province(const std::string& person = "province") {
    return server_.Token(auth::Role::ROLE_PROV_OFFICE, "36", person);
  }

  absl::StatusOr<v1::EvaluateSubjectsResponse> Evaluate(
      const std::vector<std::string>& ids, const std::string& token,
      const std::string& period = sample::kPeriod) {
    v1::EvaluateSubjectsRequest request;
    request.set_request_id(RequestId());
    for (const std::string& id : ids) request.add_subject_ids(id);
    request.set_period(period);
    return server_.Call<v1::EvaluateSubjectsResponse>(
        "bangfu.evaluation.v1.EvaluationService.EvaluateSubjects", request, token);
  }
  v1::SubjectOutcome EvaluateOne(const std::string& id) {
    absl::StatusOr<v1::EvaluateSubjectsResponse> response = Evaluate({id}, Province());
    EXPECT_OK(response);
    return response.ok() && response->outcomes_size() == 1 ? response->outcomes(0)
                                                           : v1::SubjectOutcome();
  }
  v1::Explanation Explain(const std::string& evaluation_id) {
    v1::ExplainEvaluationRequest request;
    request.set_id(evaluation_id);
    auto response = server_.Call<v1::Explanation>(
        "bangfu.evaluation.v1.EvaluationService.ExplainEvaluation", request, Province());
    EXPECT_OK(response);
    return response.ok() ? *response : v1::Explanation();
  }

 private:
  testing::RpcServer::Options Options(std::vector<std::string> more) {
    testing::RpcServer::Options options;
    options.server = held_.ServerOptions();
    options.services = {"bangfu.evaluation.v1.CriteriaService", "bangfu.evaluation.v1.FactService",
                        "bangfu.evaluation.v1.EvaluationService",
                        "bangfu.operation.v1.OperationService"};
    options.services.insert(options.services.end(), more.begin(), more.end());
    options.migrations =
        migrate::Concat(idempotency::Schema(), inbox::Schema(), audit::Schema(), blob::Schema(),
                        feed::Schema(), operation::Schema(), publicity::Schema(), period::Schema(),
                        recode::Schema(), grants::Schema(), EvaluationMigrations());
    return options;
  }
  feed::ConsumerOptions Following(const std::string& source) {
    feed::ConsumerOptions options;
    options.consumer = kFactsConsumer;
    options.source = source;
    options.holder = "test";
    return options;
  }
  void Register(rpc::Router& router,
                const std::function<void(rpc::Router&, const Deps&)>& more_handlers) {
    Deps deps;
    deps.evaluator = &evaluator_;
    RegisterCriteriaHandlers(router, deps);
    RegisterFactHandlers(router, deps);
    RegisterEvaluationHandlers(router, deps);
    operation::RegisterOperationService(router);
    if (more_handlers) more_handlers(router, deps);
    // Steps that a test does not ask for are served elsewhere.
    const auto* service = contract::FindService("bangfu.evaluation.v1.EvaluationService");
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      const std::string name(method->full_name());
      if (router.handlers().contains(name)) continue;
      rpc::Handler handler;
      auto* factory = google::protobuf::MessageFactory::generated_factory();
      handler.request_prototype = factory->GetPrototype(method->input_type());
      handler.response_prototype = factory->GetPrototype(method->output_type());
      handler.unary = [](rpc::CallContext&, const google::protobuf::Message&,
                         google::protobuf::Message*) {
        return absl::UnimplementedError("not served in this test");
      };
      router.Add(name, std::move(handler));
    }
  }

  testing::FakeClock clock_;
  UlidGenerator ids_;
  Evaluator evaluator_;
  testing::HeldGrants held_;
  testing::RpcServer server_;
  FakeSource registry_{kRegistrySource};
  FakeSource asset_{kAssetSource};
  RegistryEffects registry_effects_{
      ids_,
      {inbox::RegionPart(), blob::RegionPart(), operation::RegionPart(), publicity::RegionPart(),
       period::RegionPart(), RegionPart()},
      server_.clock()};
  AssetEffects asset_effects_{ids_};
  std::unique_ptr<mysql::Session> registry_session_;
  std::unique_ptr<mysql::Session> asset_session_;
  feed::Consumer registry_consumer_;
  feed::Consumer asset_consumer_;
  std::map<std::string, std::string> link_assets_;
  std::atomic<int> requests_ = 0;  // taken from several threads
};

}  // namespace bangfu::evaluation
