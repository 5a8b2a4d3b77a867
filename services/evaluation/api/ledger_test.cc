#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/money.h"
#include "common/table/csv.h"
#include "common/table/xlsx_reader.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/jobs/household_income.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/jobs/nightly.h"
#include "services/evaluation/jobs/void_subjects.h"
#include "services/evaluation/store/close_out_store.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasViolation;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;

constexpr char kVillage1[] = "360733101201";
constexpr char kVillage2[] = "360733101202";
constexpr char kOtherTownship[] = "360733102201";
constexpr char kOtherCounty[] = "360734101201";

class EvaluationLedger : public ::testing::Test {
 protected:
  // A project with income of households by month, and the households by the month from which they
  // hold (nullopt: not known); the night has passed.
  void TellIncome(const std::map<std::string, int64_t>& income_fen,
                  const std::map<std::string, std::optional<int>>& linked, int linked_now = 0,
                  const std::string& village = kVillage1) {
    const Ulid subject = w_.AddSubject({.village = village});
    asset::v1::ProjectAssetFacts facts;
    facts.set_project_id(subject.ToString());
    facts.set_household_income_reported(true);
    facts.set_linked_households(linked_now);
    for (const auto& [month, households] : linked) {
      asset::v1::LinkedHouseholds* l = facts.add_households_by_month();
      l->set_month(month);
      if (households) l->set_households(*households);
    }
    for (const auto& [month, fen] : income_fen) {
      asset::v1::MonthlyFacts* m = facts.add_months();
      m->set_month(month);
      m->set_household_income_fen(fen);
    }
    ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
      FactSourceRow fact;
      fact.subject_id = subject;
      fact.kind = kAssetFacts;
      fact.payload = facts.SerializeAsString();
      fact.source = "asset";
      fact.updated_at = w_.server().clock().Now();
      return PutFactSources(tx, {fact});
    }));
    ASSERT_OK(RefreshHouseholdIncome(w_.db(), "36", w_.server().clock().Now()));
  }
  std::vector<std::pair<std::string, int64_t>> IncomeFigures(const std::string& region) {
    v1::GetProgressRequest request;
    request.set_region_code(region);
    auto progress =
        w_.Call<v1::Progress>(Cat(kLedgerService, "GetProgress"), request, w_.Province());
    EXPECT_OK(progress);
    std::vector<std::pair<std::string, int64_t>> series;
    if (!progress.ok()) return series;
    for (const auto& f : progress->figures()) {
      if (f.code() == "INCOME_PER_HOUSEHOLD") series.emplace_back(f.period(), f.value());
    }
    return series;
  }
  // Of two years of income the later one is shown, and that it is compared with none.
  void ExpectOneFigure(const std::map<std::string, std::optional<int>>& linked) {
    TellIncome({{"2024-06", 100'000'000}, {"2025-06", 240'000'000}}, linked, 200);
    for (const std::string region : {"36", "360733", kVillage1}) {
      EXPECT_THAT(IncomeFigures(region),
                  ElementsAre(std::pair<std::string, int64_t>("2025-03/2026-02", 1'200'000)))
          << region;
      EXPECT_THAT(Progress(region)["INCOME_PER_HOUSEHOLD"].basis_zh(), HasSubstr("不与上一期比较"))
          << region;
    }
  }
  // A subject with the class in force.
  Ulid InForce(v1::EvaluationResult result, LifecycleWorld::SubjectOptions options = {}) {
    const Ulid subject = w_.AddSubject(options);
    Classify(subject, result);
    return subject;
  }
  void Classify(const Ulid& subject, v1::EvaluationResult result) {
    std::string argument;
    if (result == v1::EVALUATION_RESULT_ADJUST) {
      argument = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
    }
    const Ulid id = w_.Compute(subject, result, "G4");
    // Steps of any county, by persons of the city's reach.
    v1::AcceptEvaluationRequest accept;
    accept.set_argument_id(argument);
    ASSERT_OK(w_.Step("AcceptEvaluation", accept, id,
                      w_.Token(auth::Role::ROLE_COUNTY_APPROVER, "3607", "approver")));
    v1::StartClassPublicityRequest publicise;
    publicise.add_channels("村务公开栏");
    auto started = w_.Step("StartClassPublicity", publicise, id,
                           w_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "3607", "operator"));
    ASSERT_OK(started);
    w_.PassDays(8);
    publicity::v1::ConcludePublicityRequest conclude;
    conclude.set_id(started->publicity_id());
    ASSERT_OK(w_.Call<publicity::v1::Publicity>(
        Cat(kPublicityService, "ConcludePublicity"), conclude,
        w_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "3607", "operator")));
    ASSERT_OK(w_.Step("MakeEffective", v1::MakeEffectiveRequest(), id,
                      w_.Token(auth::Role::ROLE_COUNTY_APPROVER, "3607", "approver")));
  }

  static auth::Role SignerOf(const std::string& region) {
    return region.size() == 6   ? auth::Role::ROLE_COUNTY_APPROVER
           : region.size() == 9 ? auth::Role::ROLE_TOWNSHIP_APPROVER
                                : auth::Role::ROLE_VILLAGE_REPORTER;
  }
  // What the ledger tells a person who signs for the region: "allowed", or why not.
  std::string MaySign(const std::string& region, const std::string& person) {
    v1::GetLedgerStatusRequest request;
    request.set_region_code(region);
    auto status = w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), request,
                                            w_.Token(SignerOf(region), region, person));
    if (!status.ok() || status->allowed_actions_size() != 1) return "not told";
    const type::v1::AllowedAction& action = status->allowed_actions(0);
    EXPECT_EQ(action.action(), "sign_ledger");
    EXPECT_EQ(action.refusal_zh().empty(), action.allowed());
    return action.allowed() ? "allowed" : action.refusal_reason();
  }
  v1::LedgerStatus Status(const std::string& region) {
    v1::GetLedgerStatusRequest request;
    request.set_region_code(region);
    auto status =
        w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), request, w_.Province());
    EXPECT_OK(status);
    return status.ok() ? *status : v1::LedgerStatus();
  }
  absl::StatusOr<v1::LedgerStatus> SignWith(const std::string& region, const std::string& sha,
                                            const std::string& person) {
    v1::SignLedgerRequest request;
    request.set_region_code(region);
    request.set_rows_sha256(sha);
    return w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request,
                                     w_.Token(SignerOf(region), region, person));
  }
  absl::StatusOr<v1::LedgerStatus> Sign(const std::string& region, const std::string& person) {
    return SignWith(region, Status(region).rows_sha256(), person);
  }

  // The open entry is closed out into a class; 0: by an exit.
  void CloseOut(const Ulid& subject, int left_to) {
    const absl::Time now = w_.server().clock().Now();
    ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) -> absl::Status {
      const auto entry_of_trail = [now](std::string_view) {
        audit::Entry entry;
        entry.action = "test.close_out";
        entry.actor.subject = "system";
        entry.actor.name = "系统";
        entry.reason = "销号";
        entry.occurred_at = now;
        return entry;
      };
      absl::StatusOr<SubjectMap> locked = LockSubjects(tx, {subject});
      if (!locked.ok()) return locked.status();
      EntryChanges entries(tx, {entry_of_trail, w_.server().ids(), now});
      if (absl::Status status = entries.Lock({subject}); !status.ok()) return status;
      entries.Leave(subject, kClosedOut, left_to);
      return entries.Write();
    }));
  }

  v1::MeasurePlan Plan(const std::string& cause, const std::vector<std::string>& codes,
                       const std::string& argument = "") {
    v1::MeasurePlan plan;
    plan.set_cause(cause);
    for (const std::string& code : codes) {
      v1::PlannedMeasure* measure = plan.add_measures();
      measure->set_code(code);
      if (code == "FACILITY_BUILD") measure->add_parts("WATER");
    }
    plan.set_responsible_unit("麻州镇人民政府");
    plan.set_responsible_person("李明");
    SetDay(absl::CivilDay(2027, 6, 30), plan.mutable_due());
    plan.set_argument_id(argument);
    return plan;
  }
  absl::StatusOr<v1::LedgerEntry> PlanIt(const Ulid& subject, const v1::MeasurePlan& plan) {
    auto entry = w_.OpenEntry(subject);
    if (!entry.ok()) return entry.status();
    v1::PlanMeasuresRequest request;
    request.set_id(entry->id());
    *request.mutable_plan() = plan;
    return w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), request, w_.Operator());
  }

  std::map<std::string, v1::ProgressFigure> Progress(const std::string& region) {
    v1::GetProgressRequest request;
    request.set_region_code(region);
    auto progress =
        w_.Call<v1::Progress>(Cat(kLedgerService, "GetProgress"), request, w_.Province());
    EXPECT_OK(progress);
    std::map<std::string, v1::ProgressFigure> out;
    if (progress.ok()) {
      for (const auto& f : progress->figures()) out[f.code()] = f;
    }
    return out;
  }
  v1::T14 T14(const std::string& region) {
    v1::GetT14Request request;
    request.set_region_code(region);
    auto t14 = w_.Call<v1::T14>(Cat(kLedgerService, "GetT14"), request, w_.Province());
    EXPECT_OK(t14);
    return t14.ok() ? *t14 : v1::T14();
  }
  struct File {
    std::string bytes, name;
    type::v1::TableMeta meta;
  };
  template <typename Request>
  File Export(const std::string& rpc, const Request& request) {
    auto chunks =
        w_.server().Read<type::v1::FileChunk>(Cat(kLedgerService, rpc), request, w_.Province());
    EXPECT_OK(chunks);
    File file;
    if (!chunks.ok()) return file;
    for (const auto& chunk : *chunks) {
      file.bytes += chunk.data();
      if (chunk.has_meta()) {
        file.meta = chunk.meta();
        file.name = chunk.file_name();
      }
    }
    return file;
  }
  File ExportT2(type::v1::FourClass four_class, type::v1::FileFormat format, bool no_bom,
                const std::string& region = "360733") {
    v1::ExportT2Request request;
    request.set_region_code(region);
    request.set_class_(four_class);
    request.set_format(format);
    request.set_no_bom(no_bom);
    request.set_preparer("王芳");
    request.set_reviewer("赵强");
    return Export("ExportT2", request);
  }
  LifecycleWorld w_;
};

// --- signatures ----------------------------------------------------------------------------------

TEST_F(EvaluationLedger, R019_VillageTownshipCountySignOneAfterAnother) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1});
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage2});
  const v1::LedgerStatus open = Status("360733");
  EXPECT_EQ(open.rows(), 2);
  EXPECT_EQ(open.unsigned_count(),
            3);  // two villages, one township: the other township has no rows
  EXPECT_THAT(open.unsigned_regions(), ElementsAre("360733101", kVillage1, kVillage2));
  EXPECT_THAT(open.draft_note(), HasSubstr("未定稿"));
  EXPECT_THAT(open.draft_note(), HasSubstr("下营村"));

  EXPECT_THAT(Sign("360733101", "township"),
              StatusIs(StatusCode::kFailedPrecondition, "LOWER_LEVEL_UNSIGNED"));
  // What may be done is told before it is tried, in the same words.
  EXPECT_EQ(MaySign("360733101", "township"), "LOWER_LEVEL_UNSIGNED");
  EXPECT_EQ(MaySign(kVillage1, "cadre-1"), "allowed");
  EXPECT_EQ(MaySign("360733", "county"), "LOWER_LEVEL_UNSIGNED");
  EXPECT_EQ(Status("36").allowed_actions(0).refusal_reason(), "LEVEL_NOT_SIGNED");
  EXPECT_EQ(Status("360733").allowed_actions(0).refusal_reason(), "ROLE_NOT_ALLOWED");
  ASSERT_OK(Sign(kVillage1, "cadre-1"));
  auto missing = Sign("360733101", "township");
  EXPECT_EQ(GetErrorDetail(missing.status()).metadata["regions"], kVillage2);
  ASSERT_OK(Sign(kVillage2, "cadre-2"));
  EXPECT_THAT(Sign(kVillage2, "cadre-2"),
              StatusIs(StatusCode::kFailedPrecondition, "ALREADY_CURRENT"));
  EXPECT_THAT(Sign("360733101", "cadre-1"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_EQ(MaySign(kVillage2, "cadre-2"), "ALREADY_CURRENT");
  EXPECT_EQ(MaySign("360733101", "cadre-1"), "SAME_PERSON");
  ASSERT_OK(Sign("360733101", "township"));
  auto county = Sign("360733", "county");
  ASSERT_OK(county);
  EXPECT_EQ(county->signature().signed_by().subject(), "county");
  EXPECT_EQ(county->unsigned_count(), 0);
  EXPECT_EQ(county->draft_note(), "");
  EXPECT_EQ(Status("3607").draft_note(), "");
  EXPECT_THAT(Sign("3607", "city"), Not(testing::IsOk()));
  EXPECT_THAT(SignWith(kOtherTownship, std::string(64, '0'), "cadre-3"),
              StatusIs(StatusCode::kFailedPrecondition, "LEDGER_EMPTY"));
}

TEST_F(EvaluationLedger, R019_ASignatureStandsOnlyWhileTheRowsDo) {
  const Ulid subject = InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1});
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage2});
  const std::string before = Status(kVillage1).rows_sha256();
  ASSERT_OK(Sign(kVillage1, "cadre-1"));
  ASSERT_OK(Sign(kVillage2, "cadre-2"));
  ASSERT_OK(PlanIt(subject, Plan("", {"COLD_STORAGE"})));
  const v1::LedgerStatus after = Status(kVillage1);
  EXPECT_NE(after.rows_sha256(), before);
  EXPECT_FALSE(after.has_signature());
  EXPECT_EQ(after.outdated_signature().rows_sha256(), before);
  EXPECT_TRUE(Status(kVillage2).has_signature());  // not touched by its neighbour
  EXPECT_THAT(SignWith(kVillage1, before, "cadre-1"),
              StatusIs(StatusCode::kAborted, "LEDGER_CHANGED"));
  ASSERT_OK(Sign(kVillage1, "cadre-1"));
  // Progress is no change of what was signed.
  v1::ReportMeasureProgressRequest progress;
  progress.set_id(w_.OpenEntry(subject)->id());
  progress.set_code("COLD_STORAGE");
  progress.set_progress_bp(5000);
  ASSERT_OK(w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "ReportMeasureProgress"), progress,
                                     w_.Operator()));
  EXPECT_TRUE(Status(kVillage1).has_signature());
}

TEST_F(EvaluationLedger, R019_TheProvinceIsToldWhoHasNotSignedAtEveryLevel) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1});
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kOtherCounty});
  const std::string other(kOtherCounty);
  const v1::LedgerStatus open = Status("36");
  EXPECT_EQ(open.rows(), 2);
  EXPECT_EQ(open.unsigned_count(), 6);
  EXPECT_THAT(open.unsigned_regions(),
              ElementsAre("360733", "360733101", kVillage1, other.substr(0, 6), other.substr(0, 9),
                          kOtherCounty));
  ASSERT_OK(Sign(kVillage1, "cadre-1"));
  const v1::LedgerStatus one = Status("36");
  EXPECT_EQ(one.rows_sha256(), open.rows_sha256());
  EXPECT_EQ(one.unsigned_count(), 5);
  EXPECT_FALSE(T14("36").sum().signed_());
  ASSERT_OK(Sign("360733101", "township"));
  ASSERT_OK(Sign("360733", "county"));
  EXPECT_THAT(Status("36").draft_note(), Not(HasSubstr("会昌县")));
  EXPECT_EQ(Status("36").unsigned_count(), 3);
  w_.ExpectRollupsEqualRecount();
}

TEST_F(EvaluationLedger, R019_OnlyTheLevelItselfSigns) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1});
  v1::SignLedgerRequest request;
  request.set_region_code(kVillage1);
  request.set_rows_sha256(Status(kVillage1).rows_sha256());
  EXPECT_THAT(w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request, w_.Approver()),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  EXPECT_THAT(
      w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request,
                                w_.Token(auth::Role::ROLE_VILLAGE_REPORTER, kVillage2, "x")),
      StatusIs(StatusCode::kNotFound));
}

// --- measures
// -------------------------------------------------------------------------------------

TEST_F(EvaluationLedger, R030_R032_TheMeasuresOfEachClass) {
  v1::ListMeasuresRequest request;
  auto all = w_.Call<v1::ListMeasuresResponse>(Cat(kLedgerService, "ListMeasures"), request,
                                               w_.Province());
  ASSERT_OK(all);
  std::map<int, int> count;
  for (const v1::Measure& m : all->measures()) ++count[m.class_()];
  EXPECT_EQ(count, (std::map<int, int>{{1, 5}, {2, 7}, {3, 16}, {4, 5}}));

  const Ulid good = InForce(v1::EVALUATION_RESULT_CONSOLIDATE);
  EXPECT_THAT(PlanIt(good, Plan("", {"COLD_STORAGE"})),
              StatusIs(StatusCode::kInvalidArgument, "MEASURE_NOT_OF_CLASS"));
  EXPECT_THAT(PlanIt(good, Plan("", {"COLD_STORAGE"})), HasViolation("plan.measures[0].code"));
  auto planned = PlanIt(good, Plan("", {"DEEP_PROCESSING", "REGIONAL_BRAND"}));
  ASSERT_OK(planned);
  EXPECT_EQ(planned->state(), v1::LEDGER_ENTRY_STATE_MEASURE_PLANNED);
  const Ulid upgrade = InForce(v1::EVALUATION_RESULT_UPGRADE);
  EXPECT_THAT(PlanIt(upgrade, Plan("", {"DEEP_PROCESSING"})),
              StatusIs(StatusCode::kInvalidArgument, "MEASURE_NOT_OF_CLASS"));
  ASSERT_OK(PlanIt(upgrade, Plan("", {"COLD_STORAGE", "CHAIN_EXTENSION"})));
  EXPECT_THAT(PlanIt(upgrade, Plan("FACILITY_LACK", {"COLD_STORAGE"})), HasViolation("plan.cause"));
}

TEST_F(EvaluationLedger, R034_NoPlanToRevitalizeWithoutAFeasibleArgument) {
  const Ulid subject = InForce(v1::EVALUATION_RESULT_REVITALIZE);
  EXPECT_THAT(PlanIt(subject, Plan("MANAGEMENT_IDLE", {"ENTRUST"})),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_REQUIRED"));
  const std::string against = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
  EXPECT_THAT(PlanIt(subject, Plan("MANAGEMENT_IDLE", {"ENTRUST"}, against)),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_CONTRADICTS"));
  const std::string other = w_.Argue(w_.AddSubject(), v1::ARGUMENT_CONCLUSION_FEASIBLE);
  EXPECT_THAT(PlanIt(subject, Plan("MANAGEMENT_IDLE", {"ENTRUST"}, other)),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_SUBJECT"));
  const std::string argument = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  ASSERT_OK(PlanIt(subject, Plan("MANAGEMENT_IDLE", {"ENTRUST"}, argument)));
}

TEST_F(EvaluationLedger, R035_R036_R037_R038_EachCauseCallsForItsMeasures) {
  const Ulid subject = InForce(v1::EVALUATION_RESULT_REVITALIZE);
  const std::string argument = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  const std::map<std::string, std::vector<std::string>> map = {
      {"CASHFLOW_MARKET", {"RENT_RELIEF", "CREDIT"}},
      {"TECH_SUPPORT_LACK", {"TECH_SERVICE", "TALENT"}},
      {"FACILITY_LACK", {"FACILITY_BUILD"}},
      {"MANAGEMENT_IDLE", {"ENTRUST", "COOPERATE", "EQUITY_POOL", "PACKAGE_LEASE"}},
  };
  for (const auto& [cause, measures] : map) {
    EXPECT_OK(PlanIt(subject, Plan(cause, measures, argument))) << cause;
    for (const auto& [other, others] : map) {
      if (other == cause) continue;
      EXPECT_THAT(PlanIt(subject, Plan(cause, {others[0]}, argument)),
                  StatusIs(StatusCode::kInvalidArgument, "CAUSE_MEASURE_MISMATCH"))
          << cause << " " << others[0];
    }
  }
  // A new operator's contract carries the measure out (R038).
  w_.HaveAssets(subject);
  v1::ReportMeasureProgressRequest progress;
  progress.set_id(w_.OpenEntry(subject)->id());
  progress.set_code("ENTRUST");
  progress.set_progress_bp(10000);
  progress.set_contract_id(sample::kContract);
  auto reported = w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "ReportMeasureProgress"), progress,
                                           w_.Operator());
  ASSERT_THAT(reported, StatusIs(StatusCode::kFailedPrecondition, "MEASURE_NOT_PLANNED"));
  ASSERT_OK(PlanIt(subject, Plan("MANAGEMENT_IDLE", {"ENTRUST"}, argument)));
  progress.clear_request_id();
  // Nobody's contract carries nothing out, in a plan as in what is reported.
  v1::ReportMeasureProgressRequest invented = progress;
  invented.set_contract_id(w_.world().NewId());
  EXPECT_THAT(w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "ReportMeasureProgress"), invented,
                                       w_.Operator()),
              ::testing::AllOf(StatusIs(StatusCode::kFailedPrecondition, "CONTRACT_NOT_OF_SUBJECT"),
                               HasViolation("contract_id")));
  v1::MeasurePlan with_contract = Plan("MANAGEMENT_IDLE", {"COOPERATE", "ENTRUST"}, argument);
  with_contract.mutable_measures(1)->set_contract_id(invented.contract_id());
  EXPECT_THAT(PlanIt(subject, with_contract),
              ::testing::AllOf(StatusIs(StatusCode::kFailedPrecondition, "CONTRACT_NOT_OF_SUBJECT"),
                               HasViolation("plan.measures[1].contract_id")));
  reported = w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "ReportMeasureProgress"), progress,
                                      w_.Operator());
  ASSERT_OK(reported);
  EXPECT_EQ(reported->state(), v1::LEDGER_ENTRY_STATE_IN_PROGRESS);
  EXPECT_EQ(reported->plan().measures(0).contract_id(), progress.contract_id());
  // Planned anew, what was done of a measure stays.
  auto again = PlanIt(subject, Plan("MANAGEMENT_IDLE", {"ENTRUST", "COOPERATE"}, argument));
  ASSERT_OK(again);
  EXPECT_EQ(again->plan().measures(0).progress_bp(), 10000);
  EXPECT_EQ(again->plan().measures(1).progress_bp(), 0);
}

TEST_F(EvaluationLedger, R037_APlanSaysWhichFacilitiesAreBuilt) {
  const Ulid subject = InForce(v1::EVALUATION_RESULT_REVITALIZE);
  const std::string argument = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  v1::ListMeasuresRequest list;
  list.set_class_(type::v1::FOUR_CLASS_REVITALIZE);
  auto listed =
      w_.Call<v1::ListMeasuresResponse>(Cat(kLedgerService, "ListMeasures"), list, w_.Operator());
  ASSERT_OK(listed);
  std::map<std::string, std::string> offered;
  for (const v1::Measure& m : listed->measures()) {
    if (m.code() != "FACILITY_BUILD") {
      EXPECT_EQ(m.parts_size(), 0) << m.code();
      continue;
    }
    for (const v1::MeasurePart& part : m.parts()) offered[part.code()] = part.name_zh();
  }
  EXPECT_EQ(offered, (std::map<std::string, std::string>{{"WATER", "水"},
                                                         {"POWER", "电"},
                                                         {"ROAD", "路"},
                                                         {"MACHINERY", "机械设备"},
                                                         {"MARKETING", "市场营销"},
                                                         {"OTHER", "其他配套"}}));
  v1::MeasurePlan plan = Plan("FACILITY_LACK", {"FACILITY_BUILD"}, argument);
  plan.mutable_measures(0)->clear_parts();
  EXPECT_THAT(PlanIt(subject, plan), HasViolation("plan.measures[0].parts"));
  plan.mutable_measures(0)->add_parts("WATER");
  plan.mutable_measures(0)->add_parts("PALACE");
  EXPECT_THAT(PlanIt(subject, plan), HasViolation("plan.measures[0].parts[1]"));
  plan.mutable_measures(0)->set_parts(1, "WATER");
  EXPECT_THAT(PlanIt(subject, plan), HasViolation("plan.measures[0].parts[1]"));
  plan.mutable_measures(0)->set_parts(1, "ROAD");
  auto planned = PlanIt(subject, plan);
  ASSERT_OK(planned);
  EXPECT_THAT(planned->plan().measures(0).parts(), ElementsAre("WATER", "ROAD"));
  v1::MeasurePlan other = Plan("MANAGEMENT_IDLE", {"ENTRUST"}, argument);
  other.mutable_measures(0)->add_parts("WATER");
  EXPECT_THAT(PlanIt(subject, other), HasViolation("plan.measures[0].parts"));
}

TEST_F(EvaluationLedger, R043_AnotherWayIsOpenToEveryCauseButMustBeDescribed) {
  const Ulid subject = InForce(v1::EVALUATION_RESULT_REVITALIZE);
  const std::string argument = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  v1::MeasurePlan plan = Plan("POOR_PLANNING", {"OTHER"}, argument);
  EXPECT_THAT(PlanIt(subject, plan), HasViolation("plan.measures[0].description"));
  plan.mutable_measures(0)->set_description("与景区共建采摘体验园");
  EXPECT_OK(PlanIt(subject, plan));
}

// --- lists and roll-ups
// -----------------------------------------------------------------------------

TEST_F(EvaluationLedger, EntriesAreListedInPagesWithinTheScope) {
  for (int i = 0; i < 5; ++i) InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1});
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kOtherCounty});
  v1::ListLedgerEntriesRequest request;
  request.set_page_size(2);
  std::set<std::string> seen;
  int pages = 0;
  do {
    auto page = w_.Call<v1::ListLedgerEntriesResponse>(Cat(kLedgerService, "ListLedgerEntries"),
                                                       request, w_.Operator());
    ASSERT_OK(page);
    for (const auto& e : page->entries()) EXPECT_TRUE(seen.insert(e.id()).second);
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_EQ(pages, 3);
  v1::GetLedgerStatusRequest outside;
  outside.set_region_code("360734");
  EXPECT_THAT(
      w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), outside, w_.Operator()),
      StatusIs(StatusCode::kNotFound));
}

TEST_F(EvaluationLedger, R019_ARegionIsTheSumOfItsChildren) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1, .invested_fen = 7});
  InForce(v1::EVALUATION_RESULT_CONSOLIDATE, {.village = kVillage2, .invested_fen = 11});
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kOtherCounty, .invested_fen = 13});
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.type = kIndustrySubject, .village = "360733"});
  for (const std::string region : {"36", "3607", "360733", "360733101", kVillage1}) {
    v1::GetRollupRequest request;
    request.set_region_code(region);
    auto rollup = w_.Call<v1::Rollup>(Cat(kLedgerService, "GetRollup"), request, w_.Province());
    ASSERT_OK(rollup);
    std::map<std::pair<int, int>, std::pair<int64_t, int64_t>> own, children;
    for (const auto& c : rollup->cells()) {
      own[{c.subject_type(), c.class_()}] = {c.count(), c.invested_fen()};
    }
    for (const auto& child : rollup->children()) {
      for (const auto& c : child.cells()) {
        children[{c.subject_type(), c.class_()}].first += c.count();
        children[{c.subject_type(), c.class_()}].second += c.invested_fen();
      }
    }
    if (region.size() < 12) {
      EXPECT_EQ(own, children) << region;
    }
    if (region == "36") {
      EXPECT_EQ((own[{1, 2}]), (std::pair<int64_t, int64_t>(2, 20)));
      EXPECT_EQ((own[{2, 2}]), (std::pair<int64_t, int64_t>(1, 0)));
    }
  }
}

TEST_F(EvaluationLedger, R018_AnEntryTellsWhyItsSubjectIsNotEvaluatedAnew) {
  const Ulid subject = InForce(v1::EVALUATION_RESULT_UPGRADE);
  ASSERT_OK_AND_ASSIGN(const v1::LedgerEntry entry, w_.OpenEntry(subject));
  const auto told = [&]() -> std::string {
    v1::GetLedgerEntryRequest request;
    request.set_id(entry.id());
    auto got =
        w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "GetLedgerEntry"), request, w_.Operator());
    EXPECT_OK(got);
    if (!got.ok()) return "";
    for (const auto& a : got->allowed_actions()) {
      if (a.action() == "evaluate") return a.allowed() ? "allowed" : a.refusal_reason();
    }
    return "not offered";
  };
  const auto set = [&](const char* column, int to) {
    ASSERT_OK(w_.db().Execute(Cat("UPDATE subject SET ", column, " = ? WHERE subject_id = ?"),
                              {to, subject}));
  };
  EXPECT_EQ(told(), "allowed");
  set("is_verified", 0);
  EXPECT_EQ(told(), "NOT_VERIFIED");
  set("is_verified", 1);
  EXPECT_EQ(told(), "allowed");
  set("is_void", 1);
  EXPECT_EQ(told(), "SUBJECT_VOID");
}

TEST_F(EvaluationLedger, AFalsifiedRollupIsFound) {
  InForce(v1::EVALUATION_RESULT_UPGRADE);
  EXPECT_OK(RecountAndRefresh(w_.db(), w_.server().ids(), w_.server().clock().Now()));
  w_.database().Run("UPDATE class_rollup SET invested_fen = invested_fen + 1;");
  v1::VerifyRollupsRequest request;
  request.set_region_code("360733");
  auto verified = w_.Call<v1::VerifyRollupsResponse>(Cat(kLedgerService, "VerifyRollups"), request,
                                                     w_.Province());
  ASSERT_OK(verified);
  EXPECT_FALSE(verified->equal());
  ASSERT_EQ(verified->differences_zh_size(), 1);
  EXPECT_THAT(verified->differences_zh(0), HasSubstr("升级类"));
  EXPECT_THAT(RecountAndRefresh(w_.db(), w_.server().ids(), w_.server().clock().Now()),
              StatusIs(StatusCode::kDataLoss, "ROLLUP_DIFFERS"));
}

TEST_F(EvaluationLedger, AFalsifiedRollupOfCloseOutsIsFound) {
  InForce(v1::EVALUATION_RESULT_REVITALIZE);
  EXPECT_OK(RecountAndRefresh(w_.db(), w_.server().ids(), w_.server().clock().Now()));
  w_.database().Run("UPDATE close_out_rollup SET revitalized = revitalized + 1;");
  v1::VerifyRollupsRequest request;
  request.set_region_code("360733");
  auto verified = w_.Call<v1::VerifyRollupsResponse>(Cat(kLedgerService, "VerifyRollups"), request,
                                                     w_.Province());
  ASSERT_OK(verified);
  EXPECT_FALSE(verified->equal());
  ASSERT_EQ(verified->differences_zh_size(), 1);
  EXPECT_THAT(verified->differences_zh(0), StartsWith("360733销号：汇总应销号1个"));
  EXPECT_THAT(RecountAndRefresh(w_.db(), w_.server().ids(), w_.server().clock().Now()),
              StatusIs(StatusCode::kDataLoss, "ROLLUP_DIFFERS"));
}

TEST_F(EvaluationLedger, ARollupThatDiffersIsToldAndRepaired) {
  InForce(v1::EVALUATION_RESULT_UPGRADE);
  InForce(v1::EVALUATION_RESULT_REVITALIZE);
  InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = kOtherCounty});
  const auto night = [&] {
    return RecountAndRefresh(w_.db(), w_.server().ids(), w_.server().clock().Now());
  };
  const auto trail = [&](const std::string& which) {
    return w_.database().Int(
        Cat("SELECT COUNT(*) FROM audit_log WHERE action = 'job.recount_rollups'", which));
  };
  ASSERT_OK(night());
  EXPECT_EQ(trail(""), 0);
  int64_t repairs = 0;
  for (const char* falsify :
       {"UPDATE class_rollup SET entries = entries + 2, invested_fen = 0 WHERE county = '360733';",
        "DELETE FROM class_rollup WHERE county = '360733';",
        "UPDATE result_rollup SET subjects = subjects - 1 WHERE county = '360733';",
        "UPDATE close_out_rollup SET revitalized = revitalized + 1, due = 0 WHERE county = "
        "'360733';",
        "DELETE FROM close_out_rollup WHERE county = '360733';",
        "UPDATE ledger_unit SET entry_rows = entry_rows + 1 WHERE unit = '360733101201';",
        "UPDATE ledger_unit SET sha256 = '' WHERE unit = '360733';"}) {
    SCOPED_TRACE(falsify);
    w_.database().Run(falsify);
    EXPECT_THAT(night(), StatusIs(StatusCode::kDataLoss, "ROLLUP_DIFFERS"));
    w_.ExpectRollupsEqualRecount();
    EXPECT_EQ(trail(""), ++repairs);
    EXPECT_OK(night());
  }
  EXPECT_EQ(trail(" AND region_path = '360733' AND before_json <> after_json AND JSON_VALID("
                  "before_json) AND JSON_VALID(after_json)"),
            repairs);
  // A county that was right is left alone, and each that was wrong has its own row.
  w_.database().Run("UPDATE class_rollup SET entries = entries + 1 WHERE slot < 8;");
  EXPECT_THAT(night(), StatusIs(StatusCode::kDataLoss, "ROLLUP_DIFFERS"));
  w_.ExpectRollupsEqualRecount();
  EXPECT_EQ(trail(" AND region_path = '360734'"), 1);
}

TEST_F(EvaluationLedger, TwoThatRepairARollupAtOnceRepairItOnce) {
  InForce(v1::EVALUATION_RESULT_UPGRADE);
  w_.database().Run("UPDATE class_rollup SET entries = entries + 2;");
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      const auto session = w_.database().Connect();
      // Whoever comes second may find all well already.
      (void)RecountAndRefresh(*session, w_.server().ids(), w_.server().clock().Now());
    });
  }
  for (std::thread& thread : threads) thread.join();
  w_.ExpectRollupsEqualRecount();
  EXPECT_EQ(w_.database().Int("SELECT CAST(SUM(entries) AS SIGNED) FROM class_rollup"), 1);
}

// --- progress
// ---------------------------------------------------------------------------------------

TEST_F(EvaluationLedger, R003_ShareOfSubjectsWithAClassAndTheRestApart) {
  InForce(v1::EVALUATION_RESULT_UPGRADE);
  InForce(v1::EVALUATION_RESULT_CONSOLIDATE, {.village = kOtherTownship});
  w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_INSUFFICIENT_DATA, "E1");
  w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_MANUAL_REVIEW, "G5");
  w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_NOT_APPLICABLE, "P1");
  w_.AddSubject();
  for (const std::string region : {"36", "360733"}) {
    auto figures = Progress(region);
    EXPECT_EQ(figures["CLASSIFIED_SHARE"].value(), 3333) << region;
    EXPECT_EQ(figures["INSUFFICIENT_DATA"].value(), 1);
    EXPECT_EQ(figures["MANUAL_REVIEW"].value(), 1);
    EXPECT_EQ(figures["NOT_APPLICABLE"].value(), 1);
    EXPECT_EQ(figures["NOT_EVALUATED"].value(), 1);
    EXPECT_EQ(figures["INDUSTRY_CLASSIFIED_SHARE"].value(), 0);
    const auto& target = figures["CLASSIFIED_SHARE"].target_date();
    EXPECT_EQ(target.year() * 10000 + target.month() * 100 + target.day(), 20251031);
    EXPECT_TRUE(figures["CLASSIFIED_SHARE"].overdue());
  }
  EXPECT_EQ(Progress("360733102")["CLASSIFIED_SHARE"].value(), 10000);
  // The day is data.
  registry::v1::Parameter day;
  day.set_code("CLASSIFIED_TARGET_DATE");
  day.set_value(20991231);
  ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
    return PutReferences(
        tx, {{std::string(kParameterRef), day.code(), "", day.SerializeAsString(), 1}});
  }));
  EXPECT_FALSE(Progress("36")["CLASSIFIED_SHARE"].overdue());
}

TEST_F(EvaluationLedger, R004_R005_RevitalizationAndCloseOut) {
  // Three 盘活类 (10, 20 and 30 yuan), one 调整类; the 20 become 升级类.
  InForce(v1::EVALUATION_RESULT_REVITALIZE, {.asset_value_fen = 1000});
  const Ulid better = InForce(v1::EVALUATION_RESULT_REVITALIZE, {.asset_value_fen = 2000});
  InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = kOtherCounty, .asset_value_fen = 3000});
  InForce(v1::EVALUATION_RESULT_ADJUST);
  InForce(v1::EVALUATION_RESULT_CONSOLIDATE);
  EXPECT_EQ(Progress("36")["REVITALIZATION_RATE"].value(), 0);
  Classify(better, v1::EVALUATION_RESULT_UPGRADE);
  auto figures = Progress("36");
  EXPECT_EQ(figures["REVITALIZED_VALUE_SHARE"].value(), 3333);
  EXPECT_EQ(figures["REVITALIZED_COUNT_SHARE"].value(), 3333);
  EXPECT_EQ(figures["REVITALIZATION_RATE"].value(), 3333);
  // Its class became better; closed out it is not.
  EXPECT_EQ(figures["CLOSE_OUT_RATE"].value(), 0);
  EXPECT_THAT(figures["CLOSE_OUT_RATE"].basis_zh(), HasSubstr("已销号0个"));
  EXPECT_EQ(figures["TWO_YEAR_TARGET"].value(), 2500);
  EXPECT_THAT(figures["TWO_YEAR_TARGET"].basis_zh(), HasSubstr("重新认定为巩固类、升级类1个"));
  EXPECT_EQ(figures["TWO_YEAR_TARGET"].target_date().year(), 2027);
  EXPECT_EQ(figures["TWO_YEAR_TARGET"].target_date().month(), 10);
  EXPECT_FALSE(figures["TWO_YEAR_TARGET"].overdue());
  // [2000/3000 + 1/2] / 2.
  EXPECT_EQ(Progress("360733")["REVITALIZATION_RATE"].value(), 5833);
  const v1::T14 t14 = T14("3607");
  EXPECT_EQ(t14.sum().close_out_due(), 4);
  EXPECT_EQ(t14.sum().reclassified(), 1);
  EXPECT_EQ(t14.sum().closed_out_consolidate() + t14.sum().closed_out_upgrade() +
                t14.sum().closed_out_exit(),
            0);
  // Fallen back: no longer through.
  Classify(better, v1::EVALUATION_RESULT_REVITALIZE);
  EXPECT_EQ(Progress("36")["REVITALIZATION_RATE"].value(), 0);
}

TEST_F(EvaluationLedger, R004_R005_TheLastEntryOfASubjectIsWhatT14AndProgressCount) {
  // Of 盘活类 to begin with: one is closed out into 升级类, one by an exit, one into 巩固类 after
  // it had become 调整类.
  const Ulid upgraded =
      InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = kVillage1, .asset_value_fen = 1000});
  CloseOut(upgraded, 2);
  const Ulid gone =
      InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = kVillage1, .asset_value_fen = 2000});
  CloseOut(gone, 0);
  const Ulid adjusted = InForce(v1::EVALUATION_RESULT_REVITALIZE,
                                {.village = kOtherTownship, .asset_value_fen = 500});
  Classify(adjusted, v1::EVALUATION_RESULT_ADJUST);
  CloseOut(adjusted, 1);
  // One was closed out and is back.
  const Ulid back =
      InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = kVillage2, .asset_value_fen = 3000});
  CloseOut(back, 1);
  Classify(back, v1::EVALUATION_RESULT_REVITALIZE);
  // One became better and fell back; that it fell back was a mistake.
  const Ulid better =
      InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = kOtherCounty, .asset_value_fen = 5000});
  Classify(better, v1::EVALUATION_RESULT_UPGRADE);
  Classify(better, v1::EVALUATION_RESULT_REVITALIZE);
  EXPECT_EQ(T14("36").sum().reclassified(), 0);
  EXPECT_EQ(T14("36").sum().close_out_due(), 5);
  w_.ExpectRollupsEqualRecount();
  ASSERT_OK_AND_ASSIGN(const v1::LedgerEntry fallen, w_.OpenEntry(better));
  v1::VoidEvaluationRequest mistake;
  mistake.set_reason("登记有误");
  ASSERT_OK(w_.Step("VoidEvaluation", mistake, *Ulid::Parse(fallen.evaluation_id()),
                    w_.Approver("360734")));

  struct Expected {
    std::string region;
    int64_t due, consolidate, upgrade, exit, reclassified;
    int64_t revitalize_due, revitalized, value_fen, revitalized_value_fen;
  };
  const std::vector<Expected> all = {{"36", 5, 1, 1, 1, 1, 5, 3, 11'500, 8000},
                                     {"3607", 5, 1, 1, 1, 1, 5, 3, 11'500, 8000},
                                     {"360733", 4, 1, 1, 1, 0, 4, 2, 6500, 3000},
                                     {"360733101", 3, 0, 1, 1, 0, 3, 2, 6000, 3000},
                                     {"360734", 1, 0, 0, 0, 1, 1, 1, 5000, 5000}};
  for (const Expected& e : all) {
    SCOPED_TRACE(e.region);
    const v1::T14Row sum = T14(e.region).sum();
    EXPECT_EQ(sum.close_out_due(), e.due);
    EXPECT_EQ(sum.closed_out_consolidate(), e.consolidate);
    EXPECT_EQ(sum.closed_out_upgrade(), e.upgrade);
    EXPECT_EQ(sum.closed_out_exit(), e.exit);
    EXPECT_EQ(sum.reclassified(), e.reclassified);
    EXPECT_EQ(sum.revitalize_due(), e.revitalize_due);
    EXPECT_EQ(sum.revitalized(), e.revitalized);
    EXPECT_EQ(sum.revitalize_value_fen(), e.value_fen);
    EXPECT_EQ(sum.revitalized_value_fen(), e.revitalized_value_fen);
    auto figures = Progress(e.region);
    const int64_t done = e.consolidate + e.upgrade + e.exit;
    EXPECT_EQ(figures["CLOSE_OUT_RATE"].value(), ShareBp(done, e.due));
    EXPECT_EQ(figures["TWO_YEAR_TARGET"].value(), ShareBp(done + e.reclassified, e.due));
    EXPECT_EQ(figures["REVITALIZED_COUNT_SHARE"].value(), ShareBp(e.revitalized, e.revitalize_due));
    EXPECT_EQ(figures["REVITALIZED_VALUE_SHARE"].value(),
              ShareBp(e.revitalized_value_fen, e.value_fen));
    EXPECT_EQ(figures["REVITALIZATION_RATE"].value(), sum.revitalization_rate_bp());
  }
  w_.ExpectRollupsEqualRecount();
}

TEST_F(EvaluationLedger, R007_IncomeOfAHouseholdByYear) {
  TellIncome({{"2024-06", 100'000}, {"2025-06", 150'000}, {"2026-01", 50'000}}, {{"2024-01", 10}});
  for (const std::string region : {"36", "3607", "360733", kVillage1}) {
    EXPECT_THAT(IncomeFigures(region),
                ElementsAre(std::pair<std::string, int64_t>("2024-03/2025-02", 10'000),
                            std::pair<std::string, int64_t>("2025-03/2026-02", 20'000)))
        << region;
  }
}

// Twice as many households this year: what each had last year is not halved for it.
TEST_F(EvaluationLedger, R007_EachYearIsDividedByItsOwnHouseholds) {
  TellIncome({{"2024-06", 100'000'000}, {"2025-06", 240'000'000}},
             {{"2024-01", 100}, {"2025-03", 200}});
  for (const std::string region : {"36", "3607", "360733", kVillage1}) {
    EXPECT_THAT(IncomeFigures(region),
                ElementsAre(std::pair<std::string, int64_t>("2024-03/2025-02", 1'000'000),
                            std::pair<std::string, int64_t>("2025-03/2026-02", 1'200'000)))
        << region;
  }
  // Of two projects the households add up, in whatever month each of them was paid.
  TellIncome({{"2024-09", 20'000'000}, {"2025-09", 120'000'000}},
             {{"2023-01", 20}, {"2025-03", 100}});
  for (const std::string region : {"36", "360733", kVillage1}) {
    EXPECT_THAT(IncomeFigures(region),
                ElementsAre(std::pair<std::string, int64_t>("2024-03/2025-02", 1'000'000),
                            std::pair<std::string, int64_t>("2025-03/2026-02", 1'200'000)))
        << region;
  }
}

TEST_F(EvaluationLedger, R007_HouseholdsOfCountiesAddUpWhicheverMonthEachIsPaidIn) {
  TellIncome({{"2024-06", 100'000'000}, {"2025-06", 240'000'000}},
             {{"2024-01", 100}, {"2025-03", 200}});
  TellIncome({{"2024-09", 20'000'000}, {"2025-09", 120'000'000}},
             {{"2023-01", 20}, {"2025-03", 100}}, 0, kOtherCounty);
  for (const std::string region : {"36", "3607"}) {
    EXPECT_THAT(IncomeFigures(region),
                ElementsAre(std::pair<std::string, int64_t>("2024-03/2025-02", 1'000'000),
                            std::pair<std::string, int64_t>("2025-03/2026-02", 1'200'000)))
        << region;
  }
}

TEST_F(EvaluationLedger, R007_WhatIsPaidAfterALinkHasEndedWentToItsHouseholds) {
  TellIncome({{"2025-01", 100'000}, {"2025-06", 300'000}},
             {{"2023-01", 10}, {"2024-03", 0}, {"2025-05", 20}});
  EXPECT_THAT(IncomeFigures("360733"),
              ElementsAre(std::pair<std::string, int64_t>("2024-03/2025-02", 10'000),
                          std::pair<std::string, int64_t>("2025-03/2026-02", 15'000)));
}

TEST_F(EvaluationLedger, R007_NoGrowthIsShownByFactsThatKnowTodaysHouseholdsOnly) {
  ExpectOneFigure({});
}
TEST_F(EvaluationLedger, R007_NoGrowthIsShownWhereTheEarlierHouseholdsWereNotKept) {
  ExpectOneFigure({{"2024-01", std::nullopt}, {"2025-03", 200}});
}
TEST_F(EvaluationLedger, R007_NoGrowthIsShownWhereIncomeIsOlderThanTheFirstLink) {
  ExpectOneFigure({{"2025-03", 200}});
}

TEST_F(EvaluationLedger, R007_AProjectThatIsNotKnownInBothYearsHidesNoneOfTheOthers) {
  TellIncome({{"2024-06", 100'000'000}, {"2025-06", 240'000'000}},
             {{"2024-01", 100}, {"2025-03", 200}});
  // Its link was told after its income.
  TellIncome({{"2024-06", 7'000'000}, {"2025-06", 9'000'000}}, {{"2025-03", 50}}, 50);
  for (const std::string region : {"36", "3607", "360733", kVillage1}) {
    EXPECT_THAT(IncomeFigures(region),
                ElementsAre(std::pair<std::string, int64_t>("2024-03/2025-02", 1'000'000),
                            std::pair<std::string, int64_t>("2025-03/2026-02", 1'200'000)))
        << region;
    EXPECT_THAT(Progress(region)["INCOME_PER_HOUSEHOLD"].basis_zh(), HasSubstr("另有1个项目"))
        << region;
  }
  // Another one, in another county: each region tells of its own.
  TellIncome({{"2024-06", 7'000'000}, {"2025-06", 9'000'000}}, {{"2025-03", 50}}, 50, kOtherCounty);
  EXPECT_THAT(IncomeFigures("3607"),
              ElementsAre(std::pair<std::string, int64_t>("2024-03/2025-02", 1'000'000),
                          std::pair<std::string, int64_t>("2025-03/2026-02", 1'200'000)));
  EXPECT_THAT(Progress("3607")["INCOME_PER_HOUSEHOLD"].basis_zh(), HasSubstr("另有2个项目"));
  EXPECT_THAT(Progress("360733")["INCOME_PER_HOUSEHOLD"].basis_zh(), HasSubstr("另有1个项目"));
}

TEST_F(EvaluationLedger, R007_WhereAllThatAreKnownHaveEndedTheOthersAreTold) {
  TellIncome({{"2024-06", 1'000'000}}, {{"2024-01", 10}, {"2025-01", 0}});
  TellIncome({{"2024-06", 7'000'000}, {"2025-06", 9'000'000}}, {{"2025-03", 50}}, 50);
  for (const std::string region : {"36", "360733"}) {
    EXPECT_THAT(IncomeFigures(region),
                ElementsAre(std::pair<std::string, int64_t>("2025-03/2026-02", 180'000)))
        << region;
    EXPECT_THAT(Progress(region)["INCOME_PER_HOUSEHOLD"].basis_zh(),
                HasSubstr("1个项目户数未逐月留存，不与上一期比较"))
        << region;
  }
}

// On the last day of a month its years end with it, which the night before has to have reckoned.
TEST_F(EvaluationLedger, R007_TheYearsTurnBetweenTwoNights) {
  const absl::CivilDay today = ShanghaiDay(w_.server().clock().Now());
  const absl::CivilDay last(absl::CivilDay(absl::CivilMonth(today) + 1) - 1);
  w_.PassDays(static_cast<int>(last - today) - 1);
  TellIncome({{"2024-06", 100'000}, {"2025-06", 240'000}}, {{"2024-01", 10}});
  const auto figures = [](const std::string& before, const std::string& latest) {
    return ElementsAre(std::pair<std::string, int64_t>(before, 10'000),
                       std::pair<std::string, int64_t>(latest, 24'000));
  };
  EXPECT_THAT(IncomeFigures("36"), figures("2024-03/2025-02", "2025-03/2026-02"));
  w_.PassDays(1);
  EXPECT_THAT(IncomeFigures("36"), figures("2024-04/2025-03", "2025-04/2026-03"));
}

// --- tables
// -----------------------------------------------------------------------------------------

TEST_F(EvaluationLedger, T14_CountsProjectsAndIndustriesApartAndVillagesAsReported) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1, .invested_fen = 1'234'567});
  InForce(v1::EVALUATION_RESULT_CONSOLIDATE,
          {.type = kIndustrySubject, .village = "360733", .name = "脐橙产业"});
  w_.Compute(w_.AddSubject({.village = kOtherCounty, .invested_fen = 5}),
             v1::EVALUATION_RESULT_MANUAL_REVIEW, "G5");
  const Ulid campaign = *Ulid::Parse(w_.world().NewId());
  ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
    return PutUnitReports(
        tx, {{campaign, kVillage1, registry::v1::UNIT_REPORT_STATE_COUNTY_VERIFIED, false, 1},
             {campaign, kVillage2, registry::v1::UNIT_REPORT_STATE_SUBMITTED, true, 2},
             {campaign, kOtherTownship, registry::v1::UNIT_REPORT_STATE_RETURNED, false, 3}});
  }));
  const v1::T14 t14 = T14("3607");
  ASSERT_EQ(t14.rows_size(), 2);
  const v1::T14Row& county = t14.rows(0);
  EXPECT_EQ(county.region_name(), "会昌县");
  EXPECT_EQ(county.villages_due(), 3);
  EXPECT_EQ(county.villages_reported(), 2);
  EXPECT_EQ(county.villages_nil(), 1);
  EXPECT_EQ(county.projects(), 1);
  EXPECT_EQ(county.industries(), 1);
  EXPECT_EQ(county.invested_fen(), 1'234'567);
  EXPECT_EQ(county.project_classes(1).share_bp(), 10000);
  EXPECT_EQ(county.industry_classes(0).count(), 1);
  EXPECT_FALSE(county.signed_());
  EXPECT_FALSE(t14.rows(1).signed_());  // no entries there: nothing that could be signed
  EXPECT_EQ(t14.rows(1).manual_review(), 1);
  EXPECT_EQ(t14.sum().projects(), 2);
  EXPECT_EQ(t14.sum().invested_fen(), 1'234'572);
  EXPECT_EQ(t14.sum().villages_due(), 4);
  EXPECT_EQ(t14.meta().draft_note(), "未定稿：会昌县（县级）尚未签字");
  // The province's one line is the city's sum.
  const v1::T14 province = T14("36");
  ASSERT_EQ(province.rows_size(), 1);
  EXPECT_EQ(province.rows(0).projects(), t14.sum().projects());
  EXPECT_EQ(province.rows(0).invested_fen(), t14.sum().invested_fen());
  EXPECT_EQ(province.sum().villages_reported(), 2);
}

TEST_F(EvaluationLedger, T14_TheBytesOfTheCsv) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1, .invested_fen = 1'234'567});
  v1::ExportT14Request request;
  request.set_region_code("360733101");
  request.set_format(type::v1::FILE_FORMAT_CSV);
  request.set_no_bom(true);
  const File file = Export("ExportT14", request);
  EXPECT_EQ(
      file.bytes,
      "区划代码,县,摸排村数,应摸排,零报告村,项目/数,项目/投入额（万元）,项目/资产额（万元）,"
      "项目/巩固类数量,项目/巩固类金额（万元）,项目/巩固类占比（%）,"
      "项目/升级类数量,项目/升级类金额（万元）,项目/升级类占比（%）,"
      "项目/盘活类数量,项目/盘活类金额（万元）,项目/盘活类占比（%）,"
      "项目/调整类数量,项目/调整类金额（万元）,项目/调整类占比（%）,"
      "项目/数据不足,项目/人工研判,项目/暂不分类,项目/待认定,项目/未评估,项目/在册待处理,"
      "产业/数,产业/巩固类数量,产业/巩固类占比（%）,"
      "产业/升级类数量,产业/升级类占比（%）,产业/盘活类数量,产业/盘活类占比（%）,"
      "产业/调整类数量,产业/调整类占比（%）,应销号,已销号,已销号去向/巩固,已销号去向/升级,"
      "已销号去向/退出,盘活率（%）,盘活金额/盘活资产（万元）,盘活金额/需盘活（万元）,"
      "盘活金额/占比（%）,盘活数量/盘活,盘活数量/需盘活,盘活数量/占比（%）,"
      "重新认定转出（未销号）,人工调整率（%）,人工调整率提示,"
      "人工调整到期,签字状态\r\n"
      "360733101201,下营村,0,1,0,1,1.234567,80,0,0,0,1,1.234567,100,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
      "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,0,未签字\r\n"
      "360733101202,湘江村,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
      "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,0,无台账\r\n"
      "360733101,合计,0,2,0,1,1.234567,80,0,0,0,1,1.234567,100,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
      "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,0,未签字\r\n");
  EXPECT_EQ(file.name, "T14四个一批汇总表_麻州镇.csv");
  EXPECT_EQ(file.meta.row_count(), 3);
  const v1::T14 t14 = T14("360733101");
  EXPECT_EQ(file.meta.rows_sha256(), t14.meta().rows_sha256());
}

TEST_F(EvaluationLedger, T2_AFormulaInANameIsText) {
  const Ulid subject =
      InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = kVillage1,
                                                 .name = "=HYPERLINK(\"http://x\",\"领款\")",
                                                 .invested_fen = 123'456'789,
                                                 .asset_value_fen = 50});
  const std::string argument = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  v1::MeasurePlan plan = Plan("MANAGEMENT_IDLE", {"ENTRUST"}, argument);
  ASSERT_OK(PlanIt(subject, plan));
  ASSERT_OK(Sign(kVillage1, "cadre"));
  const File bare = ExportT2(type::v1::FOUR_CLASS_REVITALIZE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_THAT(
      bare.bytes,
      StartsWith("序号,编码,名称,地点,资金来源,投入（万元）,资产原值（万元）,"
                 "五维得分/产业发展水平（分）,五维得分/经营管理状况（分）,"
                 "五维得分/项目资产收益（分）,五维得分/联农带农效果（分）,"
                 "五维得分/产业发展前景（分）,总分（分）,系统建议类别,认定类别,"
                 "认定依据/理由,认定时间,标准版本,主要短板/困难原因,采取措施,责任单位,"
                 "责任人,完成时限,进展,是否销号,销号时间,销号去向,签字状态（村/乡/县）\r\n"));
  const std::string row = bare.bytes.substr(bare.bytes.find("\r\n") + 2);
  EXPECT_EQ(row,
            "1,PJ360733-1,\"'=HYPERLINK(\"\"http://x\"\",\"\"领款\"\")\",会昌县麻州镇下营村,,"
            "123.456789,0.00005,80,80,,80,80,87.05,盘活类,盘活类,G4：各项良好,2026-03-09,1,"
            "市场前景好、带动能力强、停产闲置,ENTRUST "
            "委托经营,麻州镇人民政府,李明,2027-06-30,委托经营 0%,否,,,"
            "已签/未签/未签\r\n");
  EXPECT_EQ(bare.meta.row_count(), 1);
  // For people: byte order mark, the lines around the table, draft note, hash.
  const File full = ExportT2(type::v1::FOUR_CLASS_REVITALIZE, type::v1::FILE_FORMAT_CSV, false);
  EXPECT_THAT(full.bytes, StartsWith("\xEF\xBB\xBFT2 四个一批台账（盘活类）（未定稿："));
  for (const char* part :
       {"填报单位,会昌县", "填报日期,2026-03-09", "填报人,王芳", "审核人,赵强",
        "筛选条件,盘活类；实时", "数据截至,2026-03-09", "行数,1,SHA-256,", "村级（签章）："}) {
    EXPECT_THAT(full.bytes, HasSubstr(part));
  }
  EXPECT_THAT(full.bytes, HasSubstr(full.meta.rows_sha256()));
  EXPECT_EQ(full.meta.rows_sha256(), bare.meta.rows_sha256());
}

TEST_F(EvaluationLedger, T2_TheWorkbookOpensWithCodesAsText) {
  for (int i = 0; i < 3; ++i)
    InForce(v1::EVALUATION_RESULT_UPGRADE, {.name = "+脐橙", .invested_fen = 725});
  const File file = ExportT2(type::v1::FOUR_CLASS_UPGRADE, type::v1::FILE_FORMAT_XLSX, false);
  EXPECT_EQ(file.name, "T2四个一批台账_升级类_会昌县.xlsx");
  std::vector<table::InputRow> rows;
  ASSERT_OK(table::ReadTable(file.bytes, {}, [&](const table::InputRow& row) {
    rows.push_back(row);
    return absl::OkStatus();
  }));
  int found = 0;
  for (const table::InputRow& row : rows) {
    if (row.cells.size() < 6 || !row.cells[1].text.starts_with("PJ360733-")) continue;
    ++found;
    EXPECT_EQ(row.cells[1].kind, table::InputKind::kText);
    EXPECT_EQ(row.cells[2].text, "+脐橙");
    EXPECT_EQ(row.cells[5].text, "0.000725");
  }
  EXPECT_EQ(found, 3);
  v1::ExportT14Request request;
  request.set_region_code("36");
  request.set_format(type::v1::FILE_FORMAT_XLSX);
  const File t14 = Export("ExportT14", request);
  bool opens = false;
  ASSERT_OK(table::ReadTable(t14.bytes, {}, [&](const table::InputRow& row) {
    opens |= row.cells.size() > 1 && row.cells[1].text == "赣州市" &&
             row.cells[0].kind == table::InputKind::kText;
    return absl::OkStatus();
  }));
  EXPECT_TRUE(opens);
}

TEST_F(EvaluationLedger, R028_T2_AFurtherDimensionHasItsColumn) {
  CriteriaSet set = DefaultCriteria();
  set.dimensions.push_back({"D6", "生态效益", 0, false, false});
  IndicatorDef indicator = set.indicators.front();
  indicator.code = "D6-01";
  indicator.dimension = "D6";
  indicator.missing_policy = MissingPolicy::kExclude;
  set.indicators.push_back(indicator);
  v1::CreateCriteriaDraftRequest draft;
  draft.set_region_code("36");
  draft.set_content_json(CanonicalJson(set));
  draft.set_note_zh("待省厅确认");
  const std::string service = "bangfu.evaluation.v1.CriteriaService.";
  auto drafted = w_.Call<v1::CriteriaSet>(Cat(service, "CreateCriteriaDraft"), draft,
                                          w_.world().Province("wang"));
  ASSERT_OK(drafted);
  v1::ActivateCriteriaRequest activate;
  activate.set_id(drafted->id());
  SetDay(ShanghaiDay(w_.server().clock().Now()), activate.mutable_effective_from());
  ASSERT_OK(w_.Call<v1::CriteriaSet>(Cat(service, "ActivateCriteria"), activate,
                                     w_.world().Province("li")));
  const File t2 = ExportT2(type::v1::FOUR_CLASS_UPGRADE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_THAT(t2.bytes,
              HasSubstr("各维度得分/产业发展前景（分）,各维度得分/生态效益（分）,总分（分）"));
}

TEST_F(EvaluationLedger, T2_AClassThatBecameBetterIsNoCloseOut) {
  const Ulid subject = InForce(v1::EVALUATION_RESULT_REVITALIZE);
  Classify(subject, v1::EVALUATION_RESULT_UPGRADE);
  const File left = ExportT2(type::v1::FOUR_CLASS_REVITALIZE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_EQ(left.meta.row_count(), 0);
  const File now = ExportT2(type::v1::FOUR_CLASS_UPGRADE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_EQ(now.meta.row_count(), 1);
  EXPECT_THAT(now.bytes, HasSubstr(",否,,,"));
}

TEST_F(EvaluationLedger, R031_FromTheFactsToTheLineOfTheLedger) {
  World& world = w_.world();
  const std::string industry = world.AddIndustry();
  const std::string project = world.AddProject(industry);
  registry::v1::Industry gap = sample::Industry(industry);
  gap.mutable_links()->DeleteSubrange(1, 1);  // no cold store in the county
  world.Tell(gap);
  world.Sync();
  world.Score({project}, 85, 85);
  const v1::Evaluation computed = world.EvaluateOne(project).evaluation();
  ASSERT_EQ(computed.result(), v1::EVALUATION_RESULT_UPGRADE);
  const v1::Explanation explanation = world.Explain(computed.id());
  ASSERT_GT(explanation.short_boards_size(), 0);
  w_.BringInForce(*Ulid::Parse(computed.id()));
  const File t2 = ExportT2(type::v1::FOUR_CLASS_UPGRADE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_EQ(t2.meta.row_count(), 1);
  EXPECT_THAT(t2.bytes, HasSubstr(explanation.short_boards(0).text_zh()));
  EXPECT_THAT(t2.bytes, HasSubstr(computed.subject_code()));
  w_.ExpectRollupsEqualRecount();
}

TEST_F(EvaluationLedger, AVoidedSubjectLeavesTheLedger) {
  const Ulid subject = InForce(v1::EVALUATION_RESULT_UPGRADE);
  const Ulid other = InForce(v1::EVALUATION_RESULT_UPGRADE);
  ASSERT_OK_AND_ASSIGN(SubjectMap before, LoadSubjects(w_.db(), {subject}, std::nullopt));
  SubjectRow gone = before.at(subject);
  gone.is_void = true;
  ASSERT_OK(
      mysql::Transact(w_.db(), [&](mysql::Tx& tx) { return PutSubjects(tx, {gone}, before); }));
  ASSERT_OK(LeaveVoidSubjects(w_.db(), w_.server().ids(), w_.server().clock().Now()));
  EXPECT_FALSE(w_.OpenEntry(subject).ok());
  EXPECT_OK(w_.OpenEntry(other));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM ledger_entry WHERE leave_reason = 'VOID'"), 1);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM evaluation WHERE state = 8 AND is_void = 1"),
            1);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM subject WHERE effective_class <> 0"), 1);
  w_.ExpectRollupsEqualRecount();
  const int64_t events = w_.database().Int("SELECT COUNT(*) FROM feed_outbox");
  ASSERT_OK(LeaveVoidSubjects(w_.db(), w_.server().ids(), w_.server().clock().Now()));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM feed_outbox"), events);
}

TEST_F(EvaluationLedger, TheSnapshotOfTheFeedHoldsEntriesAndSignatures) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1});
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kOtherCounty});
  ASSERT_OK(Sign(kVillage1, "cadre"));
  ASSERT_OK_AND_ASSIGN(auto all, PageLedgerEntries(w_.db(), Ulid(), 10, std::nullopt));
  EXPECT_EQ(all.size(), 2u);
  ASSERT_OK_AND_ASSIGN(auto some, PageLedgerEntries(w_.db(), Ulid(), 10, {{"360733"}}));
  EXPECT_EQ(some.size(), 1u);
  ASSERT_OK_AND_ASSIGN(auto signatures, PageLedgerSignatures(w_.db(), Ulid(), 10, std::nullopt));
  ASSERT_EQ(signatures.size(), 1u);
  EXPECT_EQ(signatures[0].region_path, kVillage1);
}

}  // namespace
}  // namespace bangfu::evaluation
