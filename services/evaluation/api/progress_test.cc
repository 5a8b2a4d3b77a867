// The figures of progress: the share with a class (R003), revitalisation and close-out (R004,
// R005), income of a household by year (R007).
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/audit/audit.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/ledger_for_test.h"
#include "services/evaluation/jobs/household_income.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

class EvaluationProgress : public EvaluationLedger {
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
  v1::Progress AllFigures(const std::string& region) {
    v1::GetProgressRequest request;
    request.set_region_code(region);
    auto progress =
        w_.Call<v1::Progress>(Cat(kLedgerService, "GetProgress"), request, w_.Province());
    EXPECT_OK(progress);
    return progress.ok() ? *progress : v1::Progress();
  }
  std::map<std::string, v1::ProgressFigure> Progress(const std::string& region) {
    const v1::Progress all = AllFigures(region);
    std::map<std::string, v1::ProgressFigure> out;
    for (const auto& f : all.figures()) out[f.code()] = f;
    return out;
  }
  std::vector<std::pair<std::string, int64_t>> IncomeFigures(const std::string& region) {
    const v1::Progress all = AllFigures(region);
    std::vector<std::pair<std::string, int64_t>> series;
    for (const auto& f : all.figures()) {
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
};

TEST_F(EvaluationProgress, R003_ShareOfSubjectsWithAClassAndTheRestApart) {
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

TEST_F(EvaluationProgress, R004_R005_RevitalizationAndCloseOut) {
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

TEST_F(EvaluationProgress, R004_R005_TheLastEntryOfASubjectIsWhatT14AndProgressCount) {
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

TEST_F(EvaluationProgress, R003_R004_R005_FiguresOfOtherRegionsAreNotThere) {
  InForce(v1::EVALUATION_RESULT_REVITALIZE);
  v1::GetProgressRequest progress;
  v1::GetT14Request t14;
  v1::ExportT14Request file;
  file.set_format(type::v1::FILE_FORMAT_CSV);
  const auto expect = [&](const std::string& region, const std::string& token,
                          const auto& matcher) {
    SCOPED_TRACE(region);
    progress.set_region_code(region);
    t14.set_region_code(region);
    file.set_region_code(region);
    EXPECT_THAT(w_.Call<v1::Progress>(Cat(kLedgerService, "GetProgress"), progress, token),
                matcher);
    EXPECT_THAT(w_.Call<v1::T14>(Cat(kLedgerService, "GetT14"), t14, token), matcher);
    EXPECT_THAT(
        w_.server().Read<type::v1::FileChunk>(Cat(kLedgerService, "ExportT14"), file, token),
        matcher);
  };
  const auto absent = StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND");
  expect("360733", w_.Operator("neighbour", "360734"), absent);
  expect("3607", w_.Operator(), absent);
  expect("36", w_.City(), absent);
  expect("360102", w_.Province(), absent);  // of no region that is known
  // Who holds nothing sees nothing, though any role would do.
  expect("360733", testing::PersonToken(w_.server(), "nobody"), absent);
  for (const std::string malformed : {"", "36x733", "3607331", "三六"}) {
    expect(malformed, w_.Province(), StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  }
}

TEST_F(EvaluationProgress, R004_R005_OnlyWhoAccountsForThemVerifiesTheSums) {
  v1::VerifyRollupsRequest request;
  request.set_region_code("360733");
  const auto verify = [&](const std::string& token) {
    return w_.Call<v1::VerifyRollupsResponse>(Cat(kLedgerService, "VerifyRollups"), request, token);
  };
  EXPECT_OK(verify(w_.Operator()));
  EXPECT_THAT(verify(w_.Token(auth::Role::ROLE_VILLAGE_REPORTER, kVillage1, "cadre")),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  EXPECT_THAT(verify(w_.Operator("neighbour", "360734")),
              StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
}

TEST_F(EvaluationProgress, R004_R005_T14IsOfAReportPeriodThatIsOneAndIsFrozen) {
  v1::GetT14Request request;
  request.set_region_code("360733");
  const auto get = [&] {
    return w_.Call<v1::T14>(Cat(kLedgerService, "GetT14"), request, w_.Operator()).status();
  };
  for (const std::string malformed : {"2026-13", "2026/02", "2026", "2026-Q5", "2026-02-1"}) {
    request.set_period(malformed);
    const absl::Status refused = get();
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"))
        << malformed;
    const ErrorDetail detail = GetErrorDetail(refused);
    ASSERT_EQ(detail.violations.size(), 1u) << malformed;
    EXPECT_EQ(detail.violations[0].field, "period");
  }
  request.set_period("2026-02");
  EXPECT_THAT(get(), StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  request.set_revision(-1);
  EXPECT_THAT(get(), StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

TEST_F(EvaluationProgress, R007_IncomeOfAHouseholdByYear) {
  TellIncome({{"2024-06", 100'000}, {"2025-06", 150'000}, {"2026-01", 50'000}}, {{"2024-01", 10}});
  for (const std::string region : {"36", "3607", "360733", kVillage1}) {
    EXPECT_THAT(IncomeFigures(region),
                ElementsAre(std::pair<std::string, int64_t>("2024-03/2025-02", 10'000),
                            std::pair<std::string, int64_t>("2025-03/2026-02", 20'000)))
        << region;
  }
}

// Twice as many households this year: what each had last year is not halved for it.
TEST_F(EvaluationProgress, R007_EachYearIsDividedByItsOwnHouseholds) {
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

TEST_F(EvaluationProgress, R007_HouseholdsOfCountiesAddUpWhicheverMonthEachIsPaidIn) {
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

TEST_F(EvaluationProgress, R007_WhatIsPaidAfterALinkHasEndedWentToItsHouseholds) {
  TellIncome({{"2025-01", 100'000}, {"2025-06", 300'000}},
             {{"2023-01", 10}, {"2024-03", 0}, {"2025-05", 20}});
  EXPECT_THAT(IncomeFigures("360733"),
              ElementsAre(std::pair<std::string, int64_t>("2024-03/2025-02", 10'000),
                          std::pair<std::string, int64_t>("2025-03/2026-02", 15'000)));
}

TEST_F(EvaluationProgress, R007_NoGrowthIsShownByFactsThatKnowTodaysHouseholdsOnly) {
  ExpectOneFigure({});
}
TEST_F(EvaluationProgress, R007_NoGrowthIsShownWhereTheEarlierHouseholdsWereNotKept) {
  ExpectOneFigure({{"2024-01", std::nullopt}, {"2025-03", 200}});
}
TEST_F(EvaluationProgress, R007_NoGrowthIsShownWhereIncomeIsOlderThanTheFirstLink) {
  ExpectOneFigure({{"2025-03", 200}});
}

TEST_F(EvaluationProgress, R007_AProjectThatIsNotKnownInBothYearsHidesNoneOfTheOthers) {
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

TEST_F(EvaluationProgress, R007_WhereAllThatAreKnownHaveEndedTheOthersAreTold) {
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
TEST_F(EvaluationProgress, R007_TheYearsTurnBetweenTwoNights) {
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

}  // namespace
}  // namespace bangfu::evaluation
