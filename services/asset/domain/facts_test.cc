#include "services/asset/domain/facts.h"

#include <map>
#include <optional>
#include <string>

#include "common/testing/status_matchers.h"

namespace bangfu::asset {
namespace {

using absl::CivilDay;

const CivilDay kToday(2026, 11, 24);

FactAsset Asset(int64_t value, UseState use, int32_t share = 0) {
  FactAsset a;
  a.asset_class = AssetClass::kOperating;
  a.value_fen = value;
  a.use = use;
  a.use_since = CivilDay(2026, 1, 1);
  a.in_use_share_bp = use == UseState::kInUse || use == UseState::kOffSeason ? 10000 : share;
  a.ever_used = use != UseState::kNotStarted;
  a.mode = OperateMode::kSelf;
  return a;
}

FactInput Input(std::vector<FactAsset> assets) {
  FactInput input;
  input.assets = std::move(assets);
  return input;
}

TEST(Facts, StatusIsThatOfTheOperatingAssets) {
  EXPECT_EQ(
      ComputeFacts(Input({Asset(1, UseState::kInUse), Asset(1, UseState::kInUse)}), kToday).status,
      OperatingStatus::kNormal);
  EXPECT_EQ(
      ComputeFacts(Input({Asset(1, UseState::kInUse), Asset(1, UseState::kOffSeason)}), kToday)
          .status,
      OperatingStatus::kSeasonal);
  EXPECT_EQ(
      ComputeFacts(Input({Asset(1, UseState::kInUse), Asset(1, UseState::kIdle)}), kToday).status,
      OperatingStatus::kPartial);
  EXPECT_EQ(ComputeFacts(Input({Asset(1, UseState::kNotStarted)}), kToday).status,
            OperatingStatus::kNotStarted);
  FactAsset stopped = Asset(1, UseState::kIdle);
  stopped.idle_since = CivilDay(2026, 5, 24);
  EXPECT_EQ(ComputeFacts(Input({stopped}), kToday).status, OperatingStatus::kIdle);
  stopped.idle_since = CivilDay(2026, 5, 25);
  EXPECT_EQ(ComputeFacts(Input({stopped}), kToday).status, OperatingStatus::kSuspended);
  // A road beside a shed that runs says nothing.
  FactAsset road = Asset(1, UseState::kIdle);
  road.asset_class = AssetClass::kPublicWelfare;
  EXPECT_EQ(ComputeFacts(Input({Asset(1, UseState::kInUse), road}), kToday).status,
            OperatingStatus::kNormal);
  const Facts only_road = ComputeFacts(Input({road}), kToday);
  EXPECT_TRUE(only_road.public_welfare_only);
  EXPECT_FALSE(only_road.has_operating_assets);
  EXPECT_EQ(only_road.status, OperatingStatus::kUnspecified);
}

TEST(Facts, AProjectStandsStillSinceItsLastAssetStopped) {
  FactAsset early = Asset(9, UseState::kIdle);
  early.idle_since = CivilDay(2025, 1, 1);
  FactAsset late = Asset(1, UseState::kSuspended);
  late.idle_since = CivilDay(2026, 10, 1);
  const Facts facts = ComputeFacts(Input({early, late}), kToday);
  EXPECT_EQ(facts.idle_since, CivilDay(2026, 10, 1));
  EXPECT_EQ(facts.status, OperatingStatus::kSuspended);
  // While something runs, half of the idle value decides.
  const Facts partial = ComputeFacts(Input({early, late, Asset(5, UseState::kInUse)}), kToday);
  EXPECT_EQ(partial.status, OperatingStatus::kPartial);
  EXPECT_EQ(partial.idle_since, CivilDay(2025, 1, 1));
}

TEST(Facts, InUseValueCountsParts) {
  // 四处冷库三处已出租.
  const Facts facts = ComputeFacts(
      Input({Asset(400000, UseState::kPartial, 7500), Asset(100000, UseState::kOffSeason)}),
      kToday);
  EXPECT_EQ(facts.in_use_value_fen, 400000);
  EXPECT_EQ(facts.operating_original_value_fen, 500000);
}

TEST(Facts, CultivationSheltersUntilAnInspectionFails) {
  FactAsset camellia = Asset(700, UseState::kCultivating);
  camellia.planted = CivilDay(2022, 3, 15);
  camellia.cultivation_ends = CivilDay(2027, 3, 14);
  Facts facts = ComputeFacts(Input({camellia}), kToday);
  EXPECT_EQ(facts.cultivation_ends, CivilDay(2027, 3, 14));
  EXPECT_EQ(facts.planted, CivilDay(2022, 3, 15));
  EXPECT_EQ(facts.cultivating_value_fen, 700);
  EXPECT_EQ(facts.status, OperatingStatus::kNotStarted);
  EXPECT_FALSE(facts.inspection_failed);
  camellia.last_inspection = Inspection::kFailed;
  EXPECT_TRUE(ComputeFacts(Input({camellia}), kToday).inspection_failed);
}

TEST(Facts, DamageCountsWhenNothingIsLeft) {
  FactAsset flooded = Asset(1, UseState::kDamaged);
  flooded.irreparable = true;
  EXPECT_TRUE(ComputeFacts(Input({flooded}), kToday).damaged_irreparable);
  EXPECT_FALSE(
      ComputeFacts(Input({flooded, Asset(1, UseState::kInUse)}), kToday).damaged_irreparable);
}

TEST(Facts, HouseholdsOfSeveralModesCountOnce) {
  FactInput input = Input({});
  input.linkages = {{"DIVIDEND", 30, 20, 2}, {"EMPLOYMENT", 12, 10, 4}, {"EMPLOYMENT", 13, 9, 1}};
  const Facts facts = ComputeFacts(input, kToday);
  EXPECT_EQ(facts.linked_households, 30);
  EXPECT_EQ(facts.linked_poor_households, 20);
  EXPECT_EQ(facts.linked_monitored_households, 5);
  EXPECT_EQ(facts.linkage_modes.size(), 2u);
}

TEST(Facts, R007_EarlierMonthsKeepTheirHouseholds) {
  using ByMonth = std::map<std::string, std::optional<int64_t>>;
  FactInput input = Input({});
  input.links = {
      {"DIVIDEND",
       CivilDay(2024, 1, 10),
       std::nullopt,
       {{CivilDay(2024, 1, 10), 100}, {CivilDay(2026, 3, 5), 200}, {CivilDay(2026, 6, 5), 90}}},
      {"EMPLOYMENT", CivilDay(2024, 6, 1), CivilDay(2025, 2, 15), {{CivilDay(2024, 6, 1), 130}}}};
  // Fewer households, or the end of a link, show in the month after.
  EXPECT_EQ(ComputeFacts(input, kToday).households_by_month, (ByMonth{{"2024-01", 100},
                                                                      {"2024-06", 130},
                                                                      {"2025-03", 100},
                                                                      {"2026-03", 200},
                                                                      {"2026-07", 90}}));
  // As known on an earlier day.
  EXPECT_EQ(ComputeFacts(input, CivilDay(2026, 3, 4)).households_by_month.rbegin()->first,
            "2025-03");

  // What a link reached before its number was kept is not known, rather than what it reaches now.
  input.links = {{"DIVIDEND", CivilDay(2024, 1, 10), std::nullopt, {{CivilDay(2026, 3, 5), 200}}}};
  EXPECT_EQ(ComputeFacts(input, kToday).households_by_month,
            (ByMonth{{"2024-01", std::nullopt}, {"2026-04", 200}}));
  input.links.clear();
  EXPECT_EQ(ComputeFacts(input, kToday).households_by_month, ByMonth());
}

TEST(Facts, PartsOfASumAddUp) {
  for (int64_t total : {100001, -100001, 7, 0}) {
    int64_t sum = 0;
    for (int64_t before = 0; before < 9; before += 3) sum += PartOf(total, {before, 3, 9});
    EXPECT_EQ(sum, total);
  }
}

TEST(Facts, OldMonthsAreLeftOut) {
  FactInput input = Input({});
  input.months["2023-11"].received_fen = 1;
  input.months["2023-12"].received_fen = 2;
  input.months["2026-11"].received_fen = 3;
  input.months["2026-12"].due_fen = 4;
  const Facts facts = ComputeFacts(input, kToday);
  EXPECT_EQ(facts.months.size(), 2u);
  EXPECT_FALSE(facts.months.contains("2023-11"));
}

}  // namespace
}  // namespace bangfu::asset
