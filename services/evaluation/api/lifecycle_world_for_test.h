// Evaluations on their way to the ledger, over the real server of world_for_test.h. Subjects and
// computed evaluations are put into the database as the consumers and the evaluator would; every
// step after that goes through its rpc.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "bangfu/publicity/v1/publicity.pb.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/blob/blob_for_test.h"
#include "common/inbox/service.h"
#include "common/publicity/service.h"
#include "services/evaluation/api/lifecycle_api.h"
#include "services/evaluation/api/prefill.h"
#include "services/evaluation/api/work_kinds.h"
#include "services/evaluation/api/world_for_test.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/argument_work.h"
#include "services/evaluation/jobs/batch_evaluation.h"
#include "services/evaluation/jobs/criteria_work.h"
#include "services/evaluation/jobs/dispatch_work.h"
#include "services/evaluation/jobs/evaluation_work.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

inline constexpr char kEvaluationService[] = "bangfu.evaluation.v1.EvaluationService.";
inline constexpr char kLedgerService[] = "bangfu.evaluation.v1.LedgerService.";
inline constexpr char kPublicityService[] = "bangfu.publicity.v1.PublicityService.";

class LifecycleWorld {
 public:
  LifecycleWorld()
      : world_({"bangfu.evaluation.v1.LedgerService", "bangfu.evaluation.v1.DashboardService",
                "bangfu.publicity.v1.PublicityService", "bangfu.period.v1.PeriodService",
                "bangfu.dictionary.v1.DictionaryService", "bangfu.inbox.v1.InboxService"},
               [](rpc::Router& router, const Deps& deps) {
                 Deps mine = deps;
                 mine.allowed_actions = FillAllowedActions;
                 RegisterEvaluationHandlers(router, mine);
                 RegisterLifecycleHandlers(router, mine);
                 RegisterLedgerHandlers(router, mine);
                 RegisterDashboardHandlers(router);
                 dictionary::Options forms;
                 forms.prefills = Prefills(*deps.evaluator);
                 dictionary::RegisterDictionaryService(router, std::move(forms));
                 publicity::RegisterPublicityService(router, ClassPublicityOptions());
                 inbox::RegisterInboxService(router, {WorkKinds(), WorkCalendar});
               }) {
    std::vector<RegionRow> regions;
    for (const auto& [code, name] :
         std::map<std::string, std::string>{{"36", "江西省"},
                                            {"3607", "赣州市"},
                                            {"360733", "会昌县"},
                                            {"360734", "寻乌县"},
                                            {"360733101", "麻州镇"},
                                            {"360733102", "庄口镇"},
                                            {"360733101201", "下营村"},
                                            {"360733101202", "湘江村"},
                                            {"360733102201", "上芦村"},
                                            {"360734101", "长宁镇"},
                                            {"360734101201", "城北村"}}) {
      regions.push_back(
          {code, name, static_cast<int>(LevelOfRegion(code)), RegionParent(code), code});
    }
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return PutRegions(tx, regions); }));
  }

  World& world() { return world_; }
  testing::RpcServer& server() { return world_.server(); }
  mysql::Session& db() { return world_.db(); }
  testing::TestDatabase& database() { return world_.database(); }
  std::string Token(auth::Role role, const std::string& region, const std::string& person) {
    return server().Token(role, region, person);
  }
  std::string Approver(const std::string& county = "360733") {
    return Token(auth::Role::ROLE_COUNTY_APPROVER, county, "approver");
  }
  std::string Operator(const std::string& person = "operator",
                       const std::string& county = "360733") {
    return Token(auth::Role::ROLE_COUNTY_OPERATOR, county, person);
  }
  std::string Verifier(const std::string& person = "verifier") {
    return Token(auth::Role::ROLE_SECTOR_VERIFIER, "360733", person);
  }
  std::string Finance(const std::string& person = "finance") {
    return Token(auth::Role::ROLE_FINANCE_OFFICER, "360733", person);
  }
  // Whose grants, one for each scope, are narrowed to these fund sources and industries.
  std::string Narrowed(auth::Role role, const std::string& person,
                       const std::vector<auth::Facets>& scopes) {
    auth::Caller caller;
    caller.subject = person;
    for (const auth::Facets& scope : scopes) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = role;
      grant.region_path = "360733";
      grant.fund_sources = scope.fund_sources;
      grant.industries = scope.industries;
    }
    return server().Token(caller);
  }
  std::string Appraiser(const std::string& person, const std::string& region = "360733") {
    return Token(auth::Role::ROLE_APPRAISER, region, person);
  }
  std::string City() { return Token(auth::Role::ROLE_CITY_SUPERVISOR, "3607", "city"); }
  std::string Province() { return world_.Province(); }

  struct SubjectOptions {
    int type = kProjectSubject;
    std::string village = "360733101201";
    std::string name = "脐橙冷库";
    std::string industry_code = "";
    int64_t invested_fen = 100'000'000;
    int64_t asset_value_fen = 80'000'000;
    std::optional<Ulid> industry_id = std::nullopt;
    bool verified = true;
  };
  // Below the other one in the taxonomy, as the registry tells it.
  void KnowIndustry(const std::string& code, const std::string& parent) {
    registry::v1::IndustryCategory category;
    category.set_taxonomy_version("JX2025");
    category.set_code(code);
    category.set_parent_code(parent);
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) {
      return PutReferences(tx, {{std::string(kTaxonomyRef), Cat("JX2025/", code), "",
                                 category.SerializeAsString(), 1}});
    }));
  }
  Ulid AddSubject() { return AddSubject(SubjectOptions()); }
  Ulid AddSubject(const SubjectOptions& options) {
    SubjectRow s;
    s.id = *Ulid::Parse(world_.NewId());
    s.type = options.type;
    s.code = Cat(options.type == kProjectSubject ? "PJ" : "CY", options.village.substr(0, 6), "-",
                 ++codes_);
    s.name = options.name;
    s.region_code = s.region_path = options.village;
    s.county = options.village.substr(0, 6);
    s.industry_id = options.industry_id;
    s.industry_code = options.industry_code;
    s.stage = "OPERATING";
    s.verified = options.verified;
    s.invested_fen = options.type == kProjectSubject ? options.invested_fen : 0;
    s.asset_value_fen = options.type == kProjectSubject ? options.asset_value_fen : 0;
    s.updated_at = server().clock().Now();
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return PutSubjects(tx, {s}, {}); }));
    return s.id;
  }

  // A computed evaluation of the subject, as the evaluator leaves it.
  Ulid Compute(const Ulid& subject_id, v1::EvaluationResult result, const std::string& rule = "G1",
               const std::string& computed_by = "computer") {
    absl::StatusOr<Ulid> made = mysql::Transact(db(), [&](mysql::Tx& tx) -> absl::StatusOr<Ulid> {
      auto locked = LockSubjects(tx, {subject_id});
      if (!locked.ok()) return locked.status();
      const SubjectRow& s = locked->at(subject_id);
      EvaluationRow row;
      row.id = *Ulid::Parse(world_.NewId());
      row.subject_type = s.type;
      row.subject_id = s.id;
      row.region_path = s.region_path;
      row.period = "2026-02";
      row.criteria_id = row.id;
      row.snapshot_sha256 = Sha256Hex(row.id.ToString());
      row.computed_at = server().clock().Now();
      row.computed_by = computed_by;
      v1::Evaluation m;
      m.set_id(row.id.ToString());
      m.set_subject_type(static_cast<type::v1::SubjectType>(s.type));
      m.set_subject_id(s.id.ToString());
      m.set_subject_code(s.code);
      m.set_subject_name(s.name);
      m.set_region_code(s.region_code);
      m.set_region_path(s.region_path);
      m.set_period(row.period);
      m.set_criteria_version(1);
      m.set_result(result);
      m.set_rule_id(rule);
      m.set_total_bp(8705);
      m.set_summary_zh("各项良好");
      for (const char* code : {"D1", "D2", "D3", "D4", "D5"}) {
        v1::DimensionScore* d = m.add_dimensions();
        d->set_code(code);
        if (std::string_view(code) != "D3") d->set_score_bp(8000);
      }
      m.set_state(v1::EVALUATION_STATE_COMPUTED);
      m.mutable_computed_by()->set_subject(computed_by);
      m.set_invested_fen(s.invested_fen);
      StoreMessage(m, row);
      absl::Status status = InsertEvaluations(tx, {row});
      if (status.ok()) {
        status =
            InsertEvaluationRecords(tx, {{row.id, "{}", Cat("{\"id\":\"", row.id.ToString(), "\"}"),
                                          Sha256Hex(row.id.ToString())}});
      }
      if (status.ok()) {
        status = SetLatestEvaluations(tx, {{s.id, row.id, row.result}}, *locked, row.computed_at);
      }
      if (status.ok()) {
        EvaluationWork work = WorkOf(row, m, s);
        work.is_latest = true;
        std::vector<Ulid> overtaken;
        if (s.latest_evaluation_id) overtaken.push_back(*s.latest_evaluation_id);
        status = SyncComputed(
            tx, {work}, overtaken,
            {server().ids(), server().clock().Now(), nullptr, "evaluate", WorkCalendar});
      }
      if (!status.ok()) return status;
      return row.id;
    });
    EXPECT_OK(made);
    return made.ok() ? *made : Ulid();
  }

  // The asset service tells of assets of the project, under sample::kContract.
  void HaveAssets(const Ulid& project_id) {
    FactSourceRow row;
    row.subject_id = project_id;
    row.kind = kAssetFacts;
    row.payload = sample::Assets(project_id.ToString()).SerializeAsString();
    row.source = "asset";
    row.updated_at = server().clock().Now();
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return PutFactSources(tx, {row}); }));
  }

  // Declares funding whose departments are 民宗 and 发改 beside the lead.
  void NeedDepartments(const Ulid& project_id, const std::vector<std::string>& departments) {
    registry::v1::Project project;
    project.set_id(project_id.ToString());
    std::vector<ReferenceRow> rows;
    for (const std::string& department : departments) {
      project.add_declared_funding()->set_source_code(Cat("SOURCE_", department));
      registry::v1::FundSourceDepartment d;
      d.set_source_code(Cat("SOURCE_", department));
      d.set_department_code(department);
      rows.push_back(
          {std::string(kDepartmentRef), Cat("D", department), "", d.SerializeAsString(), 1});
    }
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) -> absl::Status {
      absl::Status status = PutReferences(tx, rows);
      if (!status.ok()) return status;
      FactSourceRow fact;
      fact.subject_id = project_id;
      fact.kind = kProjectFacts;
      fact.payload = project.SerializeAsString();
      fact.source = "registry";
      fact.updated_at = server().clock().Now();
      return PutFactSources(tx, {fact});
    }));
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, Request request,
                                const std::string& token) {
    if constexpr (requires { request.set_request_id(std::string()); }) {
      if (request.request_id().empty()) request.set_request_id(world_.RequestId());
    }
    return server().Call<Response>(method, request, token);
  }
  template <typename Request>
  absl::StatusOr<v1::Evaluation> Step(const std::string& rpc, Request request, const Ulid& id,
                                      const std::string& token) {
    request.set_id(id.ToString());
    return Call<v1::Evaluation>(Cat(kEvaluationService, rpc), std::move(request), token);
  }

  v1::Evaluation Get(const Ulid& id) {
    v1::GetEvaluationRequest request;
    request.set_id(id.ToString());
    auto got = Call<v1::Evaluation>(Cat(kEvaluationService, "GetEvaluation"), request, Province());
    EXPECT_OK(got);
    return got.ok() ? *got : v1::Evaluation();
  }
  absl::StatusOr<v1::Evaluation> Accept(const Ulid& id, const std::string& argument = "") {
    v1::AcceptEvaluationRequest request;
    request.set_argument_id(argument);
    return Step("AcceptEvaluation", request, id, Approver());
  }
  absl::StatusOr<v1::Evaluation> Sign(const Ulid& id, const std::string& department,
                                      const std::string& person) {
    v1::SignJointlyRequest request;
    request.set_department(department);
    return Step("SignJointly", request, id, Verifier(person));
  }
  absl::StatusOr<v1::Evaluation> Publicise(const Ulid& id) {
    v1::StartClassPublicityRequest request;
    request.add_channels("村务公开栏");
    return Step("StartClassPublicity", request, id, Operator());
  }
  absl::StatusOr<publicity::v1::Publicity> Conclude(const std::string& publicity_id) {
    publicity::v1::ConcludePublicityRequest request;
    request.set_id(publicity_id);
    return Call<publicity::v1::Publicity>(Cat(kPublicityService, "ConcludePublicity"), request,
                                          Operator());
  }
  absl::StatusOr<v1::Evaluation> MakeEffective(const Ulid& id) {
    return Step("MakeEffective", v1::MakeEffectiveRequest(), id, Approver());
  }
  void PassDays(int days) { server().clock().Advance(absl::Hours(24) * days); }

  // JOINT_CONFIRMED to a passed publicity.
  void PassPublicity(const Ulid& id) {
    auto started = Publicise(id);
    ASSERT_OK(started);
    PassDays(8);
    ASSERT_OK(Conclude(started->publicity_id()));
  }
  // The whole way; for the four classes whose review needs nothing more (ADJUST: with argument).
  void BringInForce(const Ulid& id, const std::string& argument = "") {
    ASSERT_OK(Accept(id, argument));
    PassPublicity(id);
    ASSERT_OK(MakeEffective(id));
  }

  v1::RecordArgumentRequest Argument(const Ulid& subject_id, v1::ArgumentConclusion conclusion,
                                     type::v1::FourClass named = type::v1::FOUR_CLASS_UNSPECIFIED) {
    v1::RecordArgumentRequest request;
    v1::ArgumentRecord* a = request.mutable_argument();
    a->set_subject_id(subject_id.ToString());
    for (const char* person : {"甲", "乙", "丙"}) {
      v1::PanelMember* member = a->add_panel();
      member->set_person(person);
      member->set_name(person);
    }
    SetDay(ShanghaiDay(server().clock().Now()), a->mutable_argued_on());
    a->set_conclusion(conclusion);
    a->set_named_class(named);
    a->set_opinions("专家组现场查看后一致认为如上结论成立");
    *a->add_evidence() = Paper();
    return request;
  }
  absl::StatusOr<v1::ArgumentRecord> Record(const v1::RecordArgumentRequest& request,
                                            const std::string& token) {
    return Call<v1::ArgumentRecord>(Cat(kEvaluationService, "RecordArgument"), request, token);
  }
  // An argument that waits for its panel.
  v1::ArgumentRecord RecordUnsigned(const Ulid& subject_id, v1::ArgumentConclusion conclusion,
                                    type::v1::FourClass named = type::v1::FOUR_CLASS_UNSPECIFIED) {
    auto recorded = Record(Argument(subject_id, conclusion, named), Operator());
    EXPECT_OK(recorded);
    return recorded.ok() ? *recorded : v1::ArgumentRecord();
  }
  absl::StatusOr<v1::ArgumentRecord> SignWith(const std::string& argument_id, bool agrees,
                                              const std::string& token) {
    v1::SignArgumentRequest request;
    request.set_id(argument_id);
    request.set_opinion(agrees ? v1::PANEL_OPINION_AGREES : v1::PANEL_OPINION_DISSENTS);
    if (!agrees) request.set_dissent("市场前景估计过高");
    return Call<v1::ArgumentRecord>(Cat(kEvaluationService, "SignArgument"), request, token);
  }
  // All of the panel agree.
  void SignAll(const v1::ArgumentRecord& argument) {
    for (const v1::PanelMember& member : argument.panel()) {
      EXPECT_OK(SignWith(argument.id(), true, Appraiser(member.person(), "36")));
    }
  }
  // Recorded and signed.
  std::string Argue(const Ulid& subject_id, v1::ArgumentConclusion conclusion,
                    type::v1::FourClass named = type::v1::FOUR_CLASS_UNSPECIFIED) {
    const v1::ArgumentRecord recorded = RecordUnsigned(subject_id, conclusion, named);
    SignAll(recorded);
    return recorded.id();
  }
  v1::ArgumentRecord GetArgument(const std::string& id) {
    v1::GetArgumentRequest request;
    request.set_id(id);
    auto got =
        Call<v1::ArgumentRecord>(Cat(kEvaluationService, "GetArgument"), request, Province());
    EXPECT_OK(got);
    return got.ok() ? *got : v1::ArgumentRecord();
  }
  // A new upload each time: a file serves one case.
  type::v1::Evidence Paper(const std::string& region = "360733") {
    absl::StatusOr<type::v1::Evidence> e = testing::CompleteEvidence(
        db(), server().ids(), server().clock().Now(), "MINUTES", region, "operator");
    EXPECT_OK(e);
    return e.ok() ? *e : type::v1::Evidence();
  }
  v1::ProposeOverrideRequest Proposal(type::v1::FourClass to) {
    v1::ProposeOverrideRequest request;
    request.set_to_class(to);
    request.set_reason_code("DATA_OUTDATED");
    request.set_reason_text("上月投产的新生产线尚未反映在月报之中，实际产能利用率已达到九成");
    *request.add_evidence() = Paper();
    return request;
  }

  absl::StatusOr<v1::LedgerEntry> OpenEntry(const Ulid& subject_id) {
    v1::ListLedgerEntriesRequest request;
    request.set_subject_id(subject_id.ToString());
    auto list = Call<v1::ListLedgerEntriesResponse>(Cat(kLedgerService, "ListLedgerEntries"),
                                                    request, Province());
    if (!list.ok()) return list.status();
    if (list->entries_size() != 1) return absl::NotFoundError("no open entry");
    return list->entries(0);
  }

  // A plan for an entry of 盘活类 that rests on the argument.
  v1::PlanMeasuresRequest PlanToRevitalise(const v1::LedgerEntry& entry,
                                           const std::string& argument_id) {
    v1::PlanMeasuresRequest request;
    request.set_id(entry.id());
    v1::MeasurePlan* plan = request.mutable_plan();
    plan->set_cause("MANAGEMENT_IDLE");
    plan->add_measures()->set_code("ENTRUST");
    plan->set_responsible_unit("麻州镇人民政府");
    plan->set_responsible_person("张三");
    plan->set_argument_id(argument_id);
    SetDay(ShanghaiDay(server().clock().Now()) + 90, plan->mutable_due());
    return request;
  }

  // Every roll-up is equal to its recount.
  void ExpectRollupsEqualRecount() {
    v1::VerifyRollupsRequest request;
    request.set_region_code("36");
    auto verified = Call<v1::VerifyRollupsResponse>(Cat(kLedgerService, "VerifyRollups"), request,
                                                    world_.Admin());
    ASSERT_OK(verified);
    EXPECT_TRUE(verified->equal()) << verified->DebugString();
  }

 private:
  World world_;
  int codes_ = 0;
};

}  // namespace bangfu::evaluation
