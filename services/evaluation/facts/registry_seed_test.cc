// What the registry ships and what the evaluation takes are the same codes and numbers.
#include <map>
#include <string>

#include "common/base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/domain/measures_for_test.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/registry_seed_for_test.h"
#include "services/evaluation/schema/migrations.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {
namespace {

using ::testing::SizeIs;

constexpr absl::CivilDay kToday(2026, 3, 2);

class RegistrySeedTest : public ::testing::Test {
 protected:
  RegistrySeedTest() : database_(EvaluationMigrations()) {
    std::vector<ReferenceRow> rows;
    for (const registry::v1::Code& c : ShippedSeed().codes) Put(c, &rows);
    EXPECT_OK(
        mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return PutReferences(tx, rows); }));
  }
  static void Put(const registry::v1::Code& c, std::vector<ReferenceRow>* rows) {
    rows->push_back(
        {std::string(kCodeRef), Cat(c.list(), "/", c.code()), "", c.SerializeAsString(), 1});
  }
  MeasureCatalogue Load(absl::CivilDay on = kToday) {
    absl::StatusOr<MeasureCatalogue> catalogue = LoadMeasures(database_.db(), on);
    EXPECT_OK(catalogue);
    return catalogue.ok() ? *catalogue : MeasureCatalogue();
  }

  testing::TestDatabase database_;
};

TEST_F(RegistrySeedTest, R030_R032_R035_R043_TheShippedCodesAreThoseOfTheRules) {
  const MeasureCatalogue loaded = Load();
  const MeasureCatalogue wanted = ShippedCatalogue();
  std::map<FourClass, int> of_class;
  ASSERT_THAT(loaded.measures, SizeIs(wanted.measures.size()));
  for (size_t i = 0; i < wanted.measures.size(); ++i) {
    const MeasureDef& a = loaded.measures[i];
    const MeasureDef& b = wanted.measures[i];
    EXPECT_EQ(a.code, b.code);
    EXPECT_EQ(a.four_class, b.four_class) << a.code;
    EXPECT_EQ(a.category, b.category) << a.code;
    EXPECT_EQ(a.name_zh, b.name_zh) << a.code;
    EXPECT_EQ(a.any_cause, b.any_cause) << a.code;
    EXPECT_EQ(a.description_required, b.description_required) << a.code;
    EXPECT_EQ(a.path, b.path) << a.code;
    EXPECT_EQ(a.short_boards, b.short_boards) << a.code;
    ASSERT_THAT(a.parts, SizeIs(b.parts.size())) << a.code;
    for (size_t p = 0; p < a.parts.size(); ++p) {
      EXPECT_EQ(a.parts[p].code, b.parts[p].code);
      EXPECT_EQ(a.parts[p].name_zh, b.parts[p].name_zh);
      EXPECT_TRUE(a.parts[p].in_force);
    }
    EXPECT_TRUE(a.in_force) << a.code;
    ++of_class[a.four_class];
  }
  EXPECT_EQ(of_class[FourClass::kConsolidate], 5);
  EXPECT_EQ(of_class[FourClass::kUpgrade], 7);
  ASSERT_THAT(loaded.causes, SizeIs(wanted.causes.size()));
  for (size_t i = 0; i < wanted.causes.size(); ++i) {
    EXPECT_EQ(loaded.causes[i].code, wanted.causes[i].code);
    EXPECT_EQ(loaded.causes[i].name_zh, wanted.causes[i].name_zh);
    EXPECT_EQ(loaded.causes[i].measures, wanted.causes[i].measures);
    for (const std::string& code : loaded.causes[i].measures) {
      EXPECT_NE(loaded.FindMeasure(FourClass::kRevitalize, code), nullptr) << code;
    }
  }
  ASSERT_THAT(loaded.override_reasons, SizeIs(wanted.override_reasons.size()));
  for (size_t i = 0; i < wanted.override_reasons.size(); ++i) {
    EXPECT_EQ(loaded.override_reasons[i].code, wanted.override_reasons[i].code);
    EXPECT_EQ(loaded.override_reasons[i].name_zh, wanted.override_reasons[i].name_zh);
  }
}

// Copies that have not heard of a parameter take the number that the registry ships.
TEST_F(RegistrySeedTest, TheParametersAreShippedAsTheyAreTakenWithoutACopy) {
  std::map<std::string, int64_t> shipped;
  for (const registry::v1::Parameter& p : ShippedSeed().parameters) shipped[p.code()] = p.value();
  for (const ParameterDef& p :
       {kSourceLagMinutes, kClassPublicityDays, kReviewDays, kStepDays, kMeasurePlanDays,
        kLedgerSignDays, kAppraisalMonths, kOverrideShareLimit, kOverrideMonths,
        kObjectionAnswerDays, kReferenceLagMinutes, kExpertScoresMinimum, kArgumentPanelMinimum,
        kOverrideReasonChars, kReportMonthsNeeded, kDispatchReportMonths}) {
    const std::string code(p.code);
    ASSERT_TRUE(shipped.contains(code)) << code;
    EXPECT_EQ(shipped[code], p.fallback) << code;
  }
}

TEST_F(RegistrySeedTest, ShortBoardsNameKindsAndLinksThatExist) {
  for (const MeasureDef& m : Load().measures) {
    for (const std::string& board : m.short_boards) {
      const std::string kind = board.substr(0, board.find('/'));
      EXPECT_TRUE(ParseEnum<ShortBoardKind>(kind)) << board;
      if (board.find('/') != std::string::npos) {
        EXPECT_NE(ChainLinkZh(board.substr(board.find('/') + 1)), board) << board;
      }
    }
  }
}

TEST_F(RegistrySeedTest, ACodeThatIsAddedCanBeTakenAndOneThatHasEndedCannot) {
  registry::v1::Code added;
  added.set_list("MEASURE");
  added.set_code("LIVE_STREAMING");
  added.set_name_zh("直播带货");
  added.set_sort(340);
  registry::v1::CodeAttribute* of_class = added.add_attributes();
  of_class->set_name("class");
  of_class->set_value("UPGRADE");
  added.mutable_valid_to()->set_year(2026);
  added.mutable_valid_to()->set_month(3);
  added.mutable_valid_to()->set_day(2);
  registry::v1::Code homeless = added;
  homeless.set_code("HOMELESS");
  homeless.clear_attributes();
  std::vector<ReferenceRow> rows;
  Put(added, &rows);
  Put(homeless, &rows);
  ASSERT_OK(
      mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return PutReferences(tx, rows); }));
  const MeasureCatalogue now = Load();
  const MeasureDef* today = now.FindMeasure(FourClass::kUpgrade, "LIVE_STREAMING");
  ASSERT_NE(today, nullptr);
  EXPECT_TRUE(today->in_force);
  const MeasureCatalogue later = Load(kToday + 1);
  ASSERT_NE(later.FindMeasure(FourClass::kUpgrade, "LIVE_STREAMING"), nullptr);
  EXPECT_FALSE(later.FindMeasure(FourClass::kUpgrade, "LIVE_STREAMING")->in_force);
  for (FourClass c :
       {FourClass::kConsolidate, FourClass::kUpgrade, FourClass::kRevitalize, FourClass::kAdjust}) {
    EXPECT_EQ(now.FindMeasure(c, "HOMELESS"), nullptr);
  }
}

}  // namespace
}  // namespace bangfu::evaluation
