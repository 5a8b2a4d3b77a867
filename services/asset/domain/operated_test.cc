#include "services/asset/domain/operated.h"

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace bangfu::asset {
namespace {

using absl::CivilDay;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const CivilDay kToday(2026, 11, 24);
constexpr auto kOpen = std::nullopt;

// Reports one after the other, each checked as the service checks it.
class Reports {
 public:
  Reports& Then(UseState state, CivilDay since, std::optional<CivilDay> idle_since = kOpen) {
    Use use;
    use.state = state;
    use.since = since;
    use.idle_since = idle_since;
    if (IsStopped(state)) use.idle_reason = "停产";
    if (state == UseState::kPartial) {
      use.parts = {{"一处", 5000, UseState::kInUse}, {"一处", 5000, UseState::kIdle}};
    }
    EXPECT_OK(CheckUse({kToday, kOpen, kOpen, last_ ? &*last_ : nullptr}, "use", &use));
    last_ = use;
    return *this;
  }
  std::vector<UsePeriod> Periods() const { return OperatedOf(*last_); }
  // As a release kept it that knew no periods.
  Reports& Forget() {
    last_->operated.clear();
    return *this;
  }

 private:
  std::optional<Use> last_;
};

UsePeriod Days(std::optional<CivilDay> from, std::optional<CivilDay> to) { return {from, to}; }

TEST(Operated, OffSeasonAfterATimeWithoutUseIsNoEarlierSeason) {
  const absl::CivilDay day(2024, 11, 1);
  EXPECT_THAT(Reports()
                  .Then(UseState::kNotStarted, CivilDay(2024, 1, 1))
                  .Then(UseState::kOffSeason, day)
                  .Periods(),
              ElementsAre(Days(day, kOpen)));
}

TEST(Operated, FromTheDayOfUseToTheDayBeforeItStopped) {
  Reports r;
  EXPECT_THAT(r.Then(UseState::kNotStarted, CivilDay(2024, 1, 1)).Periods(), IsEmpty());
  const CivilDay begun(2025, 1, 1);
  EXPECT_THAT(r.Then(UseState::kInUse, begun).Periods(), ElementsAre(Days(begun, kOpen)));
  r.Then(UseState::kSuspended, CivilDay(2026, 8, 20), CivilDay(2026, 8, 10));
  EXPECT_THAT(r.Periods(), ElementsAre(Days(begun, CivilDay(2026, 8, 9))));
  // On its way to the next state it does not stop again.
  r.Then(UseState::kDamaged, CivilDay(2026, 9, 1));
  EXPECT_THAT(r.Periods(), ElementsAre(Days(begun, CivilDay(2026, 8, 9))));
  r.Then(UseState::kInUse, CivilDay(2026, 10, 1));
  EXPECT_THAT(r.Periods(),
              ElementsAre(Days(begun, CivilDay(2026, 8, 9)), Days(CivilDay(2026, 10, 1), kOpen)));
}

TEST(Operated, GoesOnOverTheSeasonsAndWithParts) {
  Reports r;
  const CivilDay begun(2025, 1, 1);
  r.Then(UseState::kInUse, begun);
  for (const UseState state : {UseState::kOffSeason, UseState::kInUse, UseState::kPartial,
                               UseState::kInUse, UseState::kInUse}) {
    EXPECT_THAT(r.Then(state, CivilDay(2026, 3, 1)).Periods(), ElementsAre(Days(begun, kOpen)));
  }
  // Stopped by mistake: the day on which it runs again joins on.
  r.Then(UseState::kIdle, CivilDay(2026, 3, 1)).Then(UseState::kInUse, CivilDay(2026, 3, 1));
  EXPECT_THAT(r.Periods(), ElementsAre(Days(begun, kOpen)));
}

TEST(Operated, AFirstReportTellsWhatWasBefore) {
  const CivilDay day(2026, 3, 1);
  EXPECT_THAT(Reports().Then(UseState::kInUse, day).Periods(), ElementsAre(Days(day, kOpen)));
  EXPECT_THAT(Reports().Then(UseState::kPartial, day).Periods(), ElementsAre(Days(day, kOpen)));
  EXPECT_THAT(Reports().Then(UseState::kOffSeason, day).Periods(), ElementsAre(Days(kOpen, kOpen)));
  EXPECT_THAT(Reports().Then(UseState::kIdle, day).Periods(), ElementsAre(Days(kOpen, day - 1)));
  // Whether what is damaged was ever used is not said.
  EXPECT_THAT(Reports().Then(UseState::kDamaged, day).Periods(), IsEmpty());
  // It began to operate on some day after the one on which it had not.
  const CivilDay then(2025, 1, 1);
  EXPECT_THAT(Reports().Then(UseState::kNotStarted, then).Then(UseState::kIdle, day).Periods(),
              ElementsAre(Days(then, day - 1)));
  EXPECT_THAT(Reports().Then(UseState::kNotStarted, day).Then(UseState::kIdle, day).Periods(),
              IsEmpty());
}

TEST(Operated, ALateReportTakesBackDays) {
  Reports r;
  r.Then(UseState::kInUse, CivilDay(2024, 1, 1))
      .Then(UseState::kIdle, CivilDay(2024, 6, 1))
      .Then(UseState::kInUse, CivilDay(2025, 1, 1));
  ASSERT_THAT(r.Periods(), SizeIs(2));
  // It never ran again, as it turns out, and had stopped before.
  r.Then(UseState::kIdle, CivilDay(2025, 2, 1), CivilDay(2024, 5, 1));
  EXPECT_THAT(r.Periods(), ElementsAre(Days(CivilDay(2024, 1, 1), CivilDay(2024, 4, 30))));
  r.Then(UseState::kIdle, CivilDay(2025, 2, 1), CivilDay(2024, 1, 1));
  EXPECT_THAT(r.Periods(), IsEmpty());
}

TEST(Operated, RecordsWithoutPeriodsTellWhatTheyKnow) {
  const CivilDay day(2026, 3, 1);
  EXPECT_THAT(Reports().Then(UseState::kInUse, day).Forget().Periods(),
              ElementsAre(Days(day, kOpen)));
  EXPECT_THAT(Reports().Then(UseState::kOffSeason, day).Forget().Periods(),
              ElementsAre(Days(kOpen, kOpen)));
  EXPECT_THAT(Reports().Then(UseState::kIdle, day).Forget().Periods(), IsEmpty());
  Reports r;
  r.Then(UseState::kInUse, day).Forget().Then(UseState::kIdle, CivilDay(2026, 4, 1));
  EXPECT_THAT(r.Periods(), ElementsAre(Days(day, CivilDay(2026, 3, 31))));
}

TEST(Operated, KeepsTheLastHundred) {
  Reports r;
  CivilDay day(2025, 1, 1);
  for (int i = 0; i < 101; ++i) {
    r.Then(UseState::kInUse, day).Then(UseState::kIdle, day + 2);
    day += 4;
  }
  ASSERT_THAT(r.Periods(), SizeIs(100));
  EXPECT_EQ(r.Periods().front(), Days(CivilDay(2025, 1, 5), CivilDay(2025, 1, 6)));
}

TEST(Operated, NotBeforeTheAssetWasFormed) {
  const CivilDay formed(2024, 1, 1), day(2026, 3, 1);
  const std::vector<UsePeriod> all = {Days(kOpen, CivilDay(2023, 12, 31)),
                                      Days(CivilDay(2023, 12, 31), CivilDay(2024, 2, 1)),
                                      Days(day, kOpen)};
  EXPECT_EQ(OperatedSince(all, kOpen), all);
  EXPECT_THAT(OperatedSince(all, formed),
              ElementsAre(Days(formed, CivilDay(2024, 2, 1)), Days(day, kOpen)));
  EXPECT_THAT(OperatedSince({Days(kOpen, kOpen)}, formed), ElementsAre(Days(formed, kOpen)));
}

}  // namespace
}  // namespace bangfu::asset
