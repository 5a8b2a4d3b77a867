// What becomes of a human override with time, of a county that overrides much, and of writes while
// the reference data is old (§4.7, §3.8).
#include "services/evaluation/jobs/overrides.h"

#include <map>
#include <string>
#include <vector>

#include "bangfu/evaluation/v1/events.pb.h"
#include "common/contract/time.h"
#include "common/testing/at_once.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StatusIs;

class EvaluationOverrides : public ::testing::Test {
 protected:
  // A project whose class in force rests on an override.
  Ulid Overridden(const std::string& village = "360733101201") {
    const Ulid subject = w_.AddSubject({.village = village});
    const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE, "G1");
    EXPECT_OK(
        w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_UPGRADE), id, w_.Operator()));
    EXPECT_OK(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver()));
    w_.PassPublicity(id);
    EXPECT_OK(w_.MakeEffective(id));
    return subject;
  }
  Ulid Computed() {
    const Ulid subject = w_.AddSubject();
    w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2"));
    return subject;
  }
  absl::Time Now() { return w_.server().clock().Now(); }
  void Night() {
    ASSERT_OK(ExpireOverrides(w_.db(), ids_, Now()));
    ASSERT_OK(NoticeOverrideShares(w_.db(), ids_, Now()));
  }
  int64_t Events(const std::string& type) {
    return w_.database().Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = ?", {type});
  }
  std::vector<v1::LedgerEntry> Due(const std::string& token) {
    v1::ListLedgerEntriesRequest request;
    request.set_reevaluation_due(true);
    auto list = w_.Call<v1::ListLedgerEntriesResponse>(Cat(kLedgerService, "ListLedgerEntries"),
                                                       request, token);
    EXPECT_OK(list);
    if (!list.ok()) return {};
    return {list->entries().begin(), list->entries().end()};
  }
  v1::Progress Progress(const std::string& region, const std::string& token) {
    v1::GetProgressRequest request;
    request.set_region_code(region);
    auto progress = w_.Call<v1::Progress>(Cat(kLedgerService, "GetProgress"), request, token);
    EXPECT_OK(progress);
    return progress.ok() ? *progress : v1::Progress();
  }
  static v1::ProgressFigure Figure(const v1::Progress& progress, const std::string& code) {
    for (const v1::ProgressFigure& f : progress.figures()) {
      if (f.code() == code) return f;
    }
    ADD_FAILURE() << "no figure " << code;
    return {};
  }
  v1::T14 T14(const std::string& region, const std::string& token) {
    v1::GetT14Request request;
    request.set_region_code(region);
    auto t14 = w_.Call<v1::T14>(Cat(kLedgerService, "GetT14"), request, token);
    EXPECT_OK(t14);
    return t14.ok() ? *t14 : v1::T14();
  }

  LifecycleWorld w_;
  testing::FakeClock id_clock_;
  UlidGenerator ids_{id_clock_};
};

TEST_F(EvaluationOverrides, WhenAnOverrideEndsTheEntryIsDueForReevaluation) {
  const Ulid subject = Overridden();
  Computed();
  auto entry = w_.OpenEntry(subject);
  ASSERT_OK(entry);
  EXPECT_TRUE(entry->is_overridden());
  const google::type::Date& ends = entry->override_expires_on();
  EXPECT_GT(ends.year() * 10000 + ends.month() * 100 + ends.day(), 20270000);
  Night();
  EXPECT_THAT(Due(w_.Operator()), IsEmpty());
  EXPECT_EQ(Figure(Progress("360733", w_.Operator()), "REEVALUATION_DUE").value(), 0);

  // On its last day it stands; the day after it does not.
  w_.PassDays(static_cast<int>(*DayOf(ends) - ShanghaiDay(Now())));
  Night();
  EXPECT_THAT(Due(w_.Operator()), IsEmpty());
  w_.PassDays(1);
  const int64_t before = Events("ledger_entry");
  Night();
  ASSERT_THAT(Due(w_.Operator()), SizeIs(1));
  EXPECT_EQ(Due(w_.Operator())[0].subject_id(), subject.ToString());
  EXPECT_TRUE(w_.OpenEntry(subject)->reevaluation_due());
  // The class itself stands until another comes into force.
  EXPECT_EQ(w_.OpenEntry(subject)->class_(), type::v1::FOUR_CLASS_UPGRADE);
  EXPECT_EQ(Events("ledger_entry"), before + 1);
  EXPECT_EQ(Figure(Progress("360733", w_.Operator()), "REEVALUATION_DUE").value(), 1);
  EXPECT_EQ(Figure(Progress("36", w_.Province()), "REEVALUATION_DUE").value(), 1);
  EXPECT_EQ(T14("3607", w_.City()).rows(0).reevaluation_due(), 1);
  EXPECT_EQ(T14("3607", w_.City()).sum().reevaluation_due(), 1);
  // Another county sees none of it.
  EXPECT_THAT(Due(w_.Operator("other", "360734")), IsEmpty());
  // More nights change nothing.
  const std::string etag = w_.OpenEntry(subject)->etag();
  for (int i = 0; i < 3; ++i) Night();
  EXPECT_EQ(Events("ledger_entry"), before + 1);
  EXPECT_EQ(w_.OpenEntry(subject)->etag(), etag);

  // A new evaluation in force is what was due.
  w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE, "G1"));
  EXPECT_THAT(Due(w_.Operator()), IsEmpty());
  EXPECT_FALSE(w_.OpenEntry(subject)->is_overridden());
  EXPECT_FALSE(w_.OpenEntry(subject)->has_override_expires_on());
  EXPECT_EQ(Figure(Progress("360733", w_.Operator()), "REEVALUATION_DUE").value(), 0);
  w_.ExpectRollupsEqualRecount();
}

TEST_F(EvaluationOverrides, TwoNightsAtOnceMarkOnce) {
  Overridden();
  Overridden("360733101202");
  w_.PassDays(400);
  const int64_t before = Events("ledger_entry");
  const absl::Time now = Now();
  const auto nights = testing::AtOnce(2, [&](int) -> absl::Status {
    auto session = w_.database().Connect();
    testing::FakeClock clock;
    UlidGenerator ids(clock);
    RETURN_IF_ERROR(ExpireOverrides(*session, ids, now));
    return NoticeOverrideShares(*session, ids, now);
  });
  for (const absl::Status& night : nights) EXPECT_OK(night);
  EXPECT_EQ(Events("ledger_entry"), before + 2);
  EXPECT_EQ(Events("override_notice"), 1);
}

TEST_F(EvaluationOverrides, HowLongAnOverrideStandsIsData) {
  w_.world().Parameter("OVERRIDE_VALID_MONTHS", 6);
  w_.world().Sync();
  const Ulid subject = Overridden();
  EXPECT_EQ(w_.OpenEntry(subject)->override_expires_on().year(), 2026);
}

TEST_F(EvaluationOverrides, R119_AShareAboveTheLimitIsNoticedToTheCityAndTakenBack) {
  Overridden();
  for (int i = 0; i < 5; ++i) Computed();
  // 1 of 6 is above 15 %.
  Night();
  v1::Progress city = Progress("3607", w_.City());
  ASSERT_THAT(city.override_notices(), SizeIs(1));
  const v1::OverrideNotice& notice = city.override_notices(0);
  EXPECT_EQ(notice.county_code(), "360733");
  EXPECT_EQ(notice.city_code(), "3607");
  EXPECT_EQ(notice.share_bp(), 1667);
  EXPECT_EQ(notice.limit_bp(), 1500);
  EXPECT_EQ(notice.overridden(), 1);
  EXPECT_EQ(notice.in_force(), 6);
  EXPECT_EQ(Figure(city, "OVERRIDE_SHARE").value(), 1667);
  EXPECT_EQ(Figure(city, "OVERRIDE_SHARE").target(), 1500);
  EXPECT_TRUE(T14("3607", w_.City()).rows(0).override_notice());
  EXPECT_FALSE(T14("3607", w_.City()).rows(1).override_notice());
  EXPECT_EQ(Events("override_notice"), 1);
  EXPECT_THAT(Progress("360734", w_.Operator("other", "360734")).override_notices(), IsEmpty());
  // No second notice while it stays above.
  for (int i = 0; i < 3; ++i) Night();
  EXPECT_EQ(Events("override_notice"), 1);
  // A subscriber that comes later is told of it.
  auto states = PageOverrideNoticeEvents(w_.db(), Ulid(), 10, std::nullopt);
  ASSERT_OK(states);
  EXPECT_THAT(*states, SizeIs(1));

  // 1 of 7 is below.
  Computed();
  Night();
  EXPECT_THAT(Progress("3607", w_.City()).override_notices(), IsEmpty());
  EXPECT_FALSE(T14("3607", w_.City()).rows(0).override_notice());
  EXPECT_EQ(Events("override_notice"), 2);
  // The limit is data.
  w_.world().Parameter("OVERRIDE_SHARE_LIMIT_BP", 1000);
  w_.world().Sync();
  Night();
  EXPECT_THAT(Progress("3607", w_.City()).override_notices(), SizeIs(1));
  EXPECT_EQ(Events("override_notice"), 3);
}

// Reasons and measures are the registry's lists: what CreateCodes adds can be taken.
TEST_F(EvaluationOverrides, AReasonThatTheRegistryAddsCanBeNamed) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_CONSOLIDATE, "G1");
  v1::ProposeOverrideRequest proposal = w_.Proposal(type::v1::FOUR_CLASS_UPGRADE);
  proposal.set_reason_code("FLOOD_SEASON");
  EXPECT_THAT(w_.Step("ProposeOverride", proposal, id, w_.Operator()), HasViolation("reason_code"));
  registry::v1::CodesChanged codes;
  codes.add_codes()->set_list("OVERRIDE_REASON");
  codes.mutable_codes(0)->set_code("FLOOD_SEASON");
  codes.mutable_codes(0)->set_name_zh("汛期影响");
  w_.world().Tell(codes);
  w_.world().Sync();
  ASSERT_OK(w_.Step("ProposeOverride", proposal, id, w_.Operator()));
}

TEST_F(EvaluationOverrides, AMeasureAndACauseThatTheRegistryAddsCanBePlanned) {
  const Ulid subject = w_.AddSubject();
  w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_REVITALIZE, "G4"));
  v1::PlanMeasuresRequest plan;
  plan.set_id(w_.OpenEntry(subject)->id());
  plan.mutable_plan()->set_cause("DROUGHT");
  plan.mutable_plan()->add_measures()->set_code("WATER_SAVING");
  plan.mutable_plan()->set_responsible_unit("麻州镇人民政府");
  plan.mutable_plan()->set_responsible_person("李明");
  SetDay(absl::CivilDay(2027, 6, 30), plan.mutable_plan()->mutable_due());
  plan.mutable_plan()->set_argument_id(w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE));
  const auto call = [&] {
    plan.clear_request_id();
    return w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), plan, w_.Operator());
  };
  EXPECT_THAT(call(), HasViolation("plan.cause"));
  registry::v1::CodesChanged codes;
  const auto add = [&](const char* list, const char* code, const char* name,
                       std::vector<std::pair<std::string, std::string>> attributes) {
    registry::v1::Code* c = codes.add_codes();
    c->set_list(list);
    c->set_code(code);
    c->set_name_zh(name);
    for (const auto& [key, value] : attributes) {
      registry::v1::CodeAttribute* a = c->add_attributes();
      a->set_name(key);
      a->set_value(value);
    }
  };
  add("CAUSE", "DROUGHT", "干旱缺水", {{"measures", "WATER_SAVING"}});
  w_.world().Tell(codes);
  w_.world().Sync();
  EXPECT_THAT(call(), StatusIs(StatusCode::kInvalidArgument, "MEASURE_NOT_OF_CLASS"));
  codes.clear_codes();
  add("MEASURE", "WATER_SAVING", "节水改造", {{"class", "REVITALIZE"}, {"category", "SUPPORTING"}});
  w_.world().Tell(codes);
  w_.world().Sync();
  ASSERT_OK(call());
  v1::ListMeasuresRequest list;
  list.set_class_(type::v1::FOUR_CLASS_REVITALIZE);
  auto measures =
      w_.Call<v1::ListMeasuresResponse>(Cat(kLedgerService, "ListMeasures"), list, w_.Operator());
  ASSERT_OK(measures);
  bool listed = false;
  for (const v1::Measure& m : measures->measures()) {
    if (m.code() != "WATER_SAVING") continue;
    listed = true;
    EXPECT_THAT(m.causes(), ::testing::ElementsAre("DROUGHT"));
    EXPECT_EQ(m.category_zh(), "优化补齐配套");
  }
  EXPECT_TRUE(listed);
}

TEST_F(EvaluationOverrides, TheDaysInWhichAnObjectionIsAnsweredAreAParameter) {
  const auto answer_due = [this] {
    const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
    EXPECT_OK(w_.Accept(id));
    auto started = w_.Publicise(id);
    EXPECT_OK(started);
    publicity::v1::RaiseObjectionRequest raise;
    raise.set_id(started->publicity_id());
    raise.set_raised_by("村民张某");
    raise.set_text("设备已停用半年");
    auto raised = w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "RaiseObjection"), raise,
                                                    w_.Operator());
    EXPECT_OK(raised);
    return DayOf(raised->objections(0).answer_due());
  };
  // From 2026-03-01, a Sunday: five working days, then two natural ones.
  EXPECT_EQ(answer_due(), absl::CivilDay(2026, 3, 6));
  registry::v1::ParameterChanged changed;
  changed.mutable_parameter()->set_code("OBJECTION_ANSWER_DAYS");
  changed.mutable_parameter()->set_value(2);
  changed.mutable_parameter()->set_day_kind(registry::v1::DAY_KIND_NATURAL);
  w_.world().registry().Tell("parameter", w_.world().NewId(), "", changed);
  w_.world().Sync();
  EXPECT_EQ(answer_due(), absl::CivilDay(2026, 3, 3));
}

}  // namespace
}  // namespace bangfu::evaluation
