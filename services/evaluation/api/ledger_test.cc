// The ledger of the four classes: who signs it and when a signature stands, the measures of each
// class and cause, lists and roll-ups, and what leaves it.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/testing/at_once.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/ledger_for_test.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/jobs/nightly.h"
#include "services/evaluation/jobs/void_subjects.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasViolation;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;

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

TEST_F(EvaluationLedger, R019_APrincipalAndTheirDeputyAreOnePerson) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1});
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage2});
  constexpr char kTownship[] = "360733101";
  const Ulid grant = w_.server().ids().Next();
  // In the region's role, which another has lent.
  const auto sign_for = [&](const std::string& region, const std::string& deputy,
                            const std::string& principal) {
    w_.world().held().Lend(deputy, principal, SignerOf(region), region, grant);
    v1::SignLedgerRequest request;
    request.set_region_code(region);
    request.set_rows_sha256(Status(region).rows_sha256());
    return w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request,
                                     testing::PersonToken(w_.server(), deputy));
  };
  const auto refused = StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON");
  const auto village = sign_for(kVillage1, "deputy", "principal");
  ASSERT_OK(village);
  EXPECT_EQ(village->signature().signed_by().subject(), "deputy");
  EXPECT_EQ(village->signature().signed_by().delegated_by(), "principal");
  EXPECT_EQ(village->signature().signed_by().grant_id(), grant.ToString());
  ASSERT_OK(Sign(kVillage2, "cadre-2"));
  // What a deputy signed for a village is the principal's signature, too.
  EXPECT_THAT(Sign(kTownship, "principal"), refused);
  EXPECT_EQ(MaySign(kTownship, "principal"), "SAME_PERSON");
  EXPECT_THAT(Sign(kTownship, "deputy"), refused);
  EXPECT_THAT(sign_for(kTownship, "deputy", "other"), refused);
  EXPECT_THAT(sign_for(kTownship, "another", "principal"), refused);
  // And who signed a village does not sign the township through a deputy.
  EXPECT_THAT(sign_for(kTownship, "another", "cadre-2"), refused);
  EXPECT_EQ(MaySign(kTownship, "township"), "allowed");
  ASSERT_OK(sign_for(kTownship, "another", "township"));
  EXPECT_THAT(Sign("360733", "township"), refused);
  EXPECT_THAT(Sign("360733", "principal"), refused);
  ASSERT_OK(Sign("360733", "county"));
}

// Who signs by a lent role of the unit's, and has another signing role above it in their own right,
// signs on the lender's behalf.
TEST_F(EvaluationLedger, R019_ASignatureIsByTheRoleOfItsUnit) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1});
  auth::Grant own, lent;
  own.role = auth::Role::ROLE_COUNTY_APPROVER;
  own.region_path = "360733";
  own.id = w_.server().ids().Next();
  lent.role = auth::Role::ROLE_VILLAGE_REPORTER;
  lent.region_path = kVillage1;
  lent.id = w_.server().ids().Next();
  lent.delegated_by = "cadre-1";
  w_.world().held().Set("both", {"both", {own, lent}, {}});
  v1::SignLedgerRequest request;
  request.set_region_code(kVillage1);
  request.set_rows_sha256(Status(kVillage1).rows_sha256());
  const auto signed_ = w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request,
                                                 testing::PersonToken(w_.server(), "both"));
  ASSERT_OK(signed_);
  EXPECT_EQ(signed_->signature().signed_by().role(), "ROLE_VILLAGE_REPORTER");
  EXPECT_EQ(signed_->signature().signed_by().delegated_by(), "cadre-1");
  EXPECT_EQ(MaySign("360733101", "cadre-1"), "SAME_PERSON");
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

// --- measures ------------------------------------------------------------------------------------

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

// --- lists and roll-ups --------------------------------------------------------------------------

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
  auto verified =
      w_.Call<v1::VerifyRollupsResponse>(Cat(kLedgerService, "VerifyRollups"), request,
                                         w_.Token(auth::Role::ROLE_PROV_ADMIN, "36", "admin"));
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
  auto verified =
      w_.Call<v1::VerifyRollupsResponse>(Cat(kLedgerService, "VerifyRollups"), request,
                                         w_.Token(auth::Role::ROLE_PROV_ADMIN, "36", "admin"));
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
  // Whoever comes second may find all well already.
  testing::AtOnce(2, [&](int) {
    const auto session = w_.database().Connect();
    return RecountAndRefresh(*session, w_.server().ids(), w_.server().clock().Now());
  });
  w_.ExpectRollupsEqualRecount();
  EXPECT_EQ(w_.database().Int("SELECT CAST(SUM(entries) AS SIGNED) FROM class_rollup"), 1);
}

// --- what leaves, and what the feed holds --------------------------------------------------------

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
  // It comes back as one that is yet to be evaluated.
  ASSERT_OK_AND_ASSIGN(SubjectMap left, LoadSubjects(w_.db(), {subject}, std::nullopt));
  EXPECT_EQ(left.at(subject).latest_result, 0);
  SubjectRow back = left.at(subject);
  back.is_void = false;
  ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) { return PutSubjects(tx, {back}, left); }));
  w_.ExpectRollupsEqualRecount();
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
