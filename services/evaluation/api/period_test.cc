// T2 and T14 in report periods, over the real server: what is signed does not move.
#include <map>

#include "bangfu/period/v1/period.pb.h"
#include "common/operation/operation.h"
#include "common/period/rows.h"
#include "common/period/store.h"
#include "services/evaluation/api/ledger_file_for_test.h"
#include "services/evaluation/api/ledger_periods.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

constexpr char kPeriodService[] = "bangfu.period.v1.PeriodService.";
constexpr char kCounty[] = "360733";
constexpr char kTownship[] = "360733101";
constexpr char kVillage1[] = "360733101201";
constexpr char kVillage2[] = "360733101202";
constexpr char kPeriod[] = "2026-02";

class EvaluationPeriods : public ::testing::Test {
 protected:
  EvaluationPeriods()
      : session_(w_.database().Connect()), runner_(w_.server().clock(), {.holder = "test"}) {
    period::RegisterFreeze(runner_, PeriodOptions(nullptr));
    first_ = w_.AddSubject({.village = kVillage1, .name = "脐橙冷库"});
    second_ = w_.AddSubject({.village = kVillage2, .name = "茶叶加工"});
    for (const Ulid& subject : {first_, second_}) {
      w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2"));
    }
  }

  template <typename Request>
  absl::StatusOr<period::v1::Period> Step(const std::string& rpc, const std::string& id,
                                          const std::string& token, Request request = Request()) {
    request.set_id(id);
    return w_.Call<period::v1::Period>(Cat(kPeriodService, rpc), request, token);
  }
  period::v1::Period Get(const std::string& id) {
    period::v1::GetPeriodRequest request;
    request.set_id(id);
    auto got =
        w_.Call<period::v1::Period>(Cat(kPeriodService, "GetPeriod"), request, w_.Province());
    EXPECT_OK(got);
    return got.ok() ? *got : period::v1::Period();
  }
  void RunOperations() {
    while (true) {
      absl::StatusOr<bool> worked = runner_.StepOnce(*session_);
      ASSERT_OK(worked);
      if (!*worked) return;
    }
  }
  period::v1::Period Freeze(const std::string& table, const std::string& region,
                            const std::string& token) {
    period::v1::OpenPeriodRequest open;
    open.set_table_no(table);
    open.set_region_code(region);
    open.set_period(kPeriod);
    auto opened = w_.Call<period::v1::Period>(Cat(kPeriodService, "OpenPeriod"), open, token);
    EXPECT_OK(opened);
    if (!opened.ok()) return {};
    EXPECT_OK(Step<period::v1::FreezePeriodRequest>("FreezePeriod", opened->id(), token));
    RunOperations();
    return Get(opened->id());
  }
  absl::StatusOr<period::v1::Period> Sign(const std::string& id, const std::string& unit,
                                          const std::string& person) {
    period::v1::ListPeriodUnitsRequest units;
    units.set_id(id);
    units.set_region_code(unit);
    auto listed = w_.Call<period::v1::ListPeriodUnitsResponse>(
        Cat(kPeriodService, "ListPeriodUnits"), units, w_.Province());
    EXPECT_OK(listed);
    period::v1::SignPeriodRequest request;
    request.set_region_code(unit);
    request.set_rows_sha256(listed->units(0).rows_sha256());
    return Step("SignPeriod", id, w_.Token(period::SignerOf(unit), unit, person), request);
  }
  LedgerFile T2(const std::string& period, type::v1::FourClass klass = type::v1::FOUR_CLASS_UPGRADE,
                int revision = 0, const std::string& region = kCounty) {
    v1::ExportT2Request request;
    request.set_region_code(region);
    request.set_class_(klass);
    request.set_format(type::v1::FILE_FORMAT_CSV);
    request.set_period(period);
    request.set_revision(revision);
    return ExportFile(w_, "ExportT2", request);
  }
  LedgerFile T14File(const std::string& period) {
    v1::ExportT14Request request;
    request.set_region_code(kCounty);
    request.set_format(type::v1::FILE_FORMAT_XLSX);
    request.set_period(period);
    return ExportFile(w_, "ExportT14", request);
  }
  v1::T14 T14(const std::string& region, const std::string& period) {
    v1::GetT14Request request;
    request.set_region_code(region);
    request.set_period(period);
    auto t14 = w_.Call<v1::T14>(Cat(kLedgerService, "GetT14"), request, w_.Province());
    EXPECT_OK(t14);
    return t14.ok() ? *t14 : v1::T14();
  }
  period::v1::DiffPeriodResponse Diff(const std::string& id, const std::string& other = "") {
    period::v1::DiffPeriodRequest request;
    request.set_id(id);
    request.set_other_id(other);
    auto diff = w_.Call<period::v1::DiffPeriodResponse>(Cat(kPeriodService, "DiffPeriod"), request,
                                                        w_.Province());
    EXPECT_OK(diff);
    return diff.ok() ? *diff : period::v1::DiffPeriodResponse();
  }
  void DisposeAt(const std::string& village, int64_t value_fen) {
    asset::v1::Asset asset = sample::LinkAsset(w_.world().NewId(), "AS", village);
    asset.set_state(asset::v1::ASSET_STATE_DISPOSED);
    asset.mutable_details()->set_original_value_fen(value_fen);
    w_.world().Tell(asset);
    w_.world().Sync();
  }
  void ChangeClass() {
    w_.BringInForce(w_.Compute(first_, v1::EVALUATION_RESULT_CONSOLIDATE, "G1"));
  }

  LifecycleWorld w_;
  std::unique_ptr<mysql::Session> session_;
  operation::OperationRunner runner_;
  Ulid first_, second_;
};

TEST_F(EvaluationPeriods, R019_TheFrozenT2IsByteEqualWhenARecordChanges) {
  const period::v1::Period frozen = Freeze("T2", kCounty, w_.Operator());
  EXPECT_EQ(frozen.rows(), 2);
  EXPECT_GE(frozen.watermarks_size(), 1);
  const LedgerFile before = T2(kPeriod);
  EXPECT_EQ(before.meta.row_count(), 2);
  EXPECT_EQ(before.meta.frozen_sha256(), frozen.rows_sha256());
  EXPECT_THAT(before.bytes, HasSubstr("2026-02 第1版"));
  EXPECT_THAT(before.bytes, HasSubstr("未定稿"));
  EXPECT_THAT(before.bytes, HasSubstr("未签/未签/未签"));
  const LedgerFile live = T2("");
  EXPECT_THAT(live.bytes, HasSubstr("实时"));
  EXPECT_GE(live.meta.watermarks_size(), 1);

  ChangeClass();
  const LedgerFile after = T2(kPeriod);
  EXPECT_EQ(after.bytes, before.bytes);
  EXPECT_EQ(T2("").meta.row_count(), 1);
  const period::v1::DiffPeriodResponse diff = Diff(frozen.id());
  EXPECT_EQ(diff.removed() + diff.changed(), 1);
  EXPECT_EQ(diff.added(), 1);
  EXPECT_THAT(diff.differences(0).title(), HasSubstr("脐橙冷库"));
}

TEST_F(EvaluationPeriods, ReturnedAndReissuedTheSecondRevisionDiffersByTheRowThatChanged) {
  const period::v1::Period frozen = Freeze("T2", kCounty, w_.Operator());
  const LedgerFile first = T2(kPeriod, type::v1::FOUR_CLASS_UPGRADE, 1);
  ASSERT_OK(Sign(frozen.id(), kVillage1, "cadre-1"));
  ASSERT_OK(Sign(frozen.id(), kVillage2, "cadre-2"));
  ASSERT_OK(Sign(frozen.id(), kTownship, "township"));
  EXPECT_THAT(Sign(frozen.id(), kCounty, "operator"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  ASSERT_OK(Sign(frozen.id(), kCounty, "approver"));
  EXPECT_THAT(T2(kPeriod).bytes, HasSubstr("已签/已签/已签"));
  EXPECT_THAT(T2(kPeriod).bytes, Not(HasSubstr("未定稿")));
  ASSERT_OK(Step<period::v1::SubmitPeriodRequest>("SubmitPeriod", frozen.id(), w_.Operator()));
  period::v1::BatchReturnPeriodsRequest back;
  back.add_items()->set_id(frozen.id());
  back.add_reasons()->set_text("措施未填");
  ASSERT_OK_AND_ASSIGN(const auto returned,
                       w_.Call<period::v1::BatchReturnPeriodsResponse>(
                           Cat(kPeriodService, "BatchReturnPeriods"), back, w_.City()));
  ASSERT_EQ(returned.results_size(), 1);
  EXPECT_TRUE(returned.results(0).done()) << returned.results(0).refusal().reason();

  v1::PlanMeasuresRequest plan;
  plan.set_id(w_.OpenEntry(first_)->id());
  plan.mutable_plan()->add_measures()->set_code("COLD_STORAGE");
  plan.mutable_plan()->set_responsible_unit("麻州镇人民政府");
  plan.mutable_plan()->set_responsible_person("李明");
  SetDay(absl::CivilDay(2027, 6, 30), plan.mutable_plan()->mutable_due());
  ASSERT_OK(w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), plan, w_.Operator()));
  auto second = Step<period::v1::ReissuePeriodRequest>("ReissuePeriod", frozen.id(), w_.Operator());
  ASSERT_OK(second);
  RunOperations();
  const period::v1::DiffPeriodResponse diff = Diff(frozen.id(), second->id());
  ASSERT_EQ(diff.differences_size(), 1);
  std::map<std::string, std::string> fields;
  for (const type::v1::FieldChange& f : diff.differences(0).fields()) {
    fields[f.label_zh()] = f.after();
  }
  EXPECT_THAT(fields["采取措施"], HasSubstr("COLD_STORAGE"));
  EXPECT_EQ(fields["责任人"], "李明");
  EXPECT_EQ(fields["完成时限"], "2027-06-30");
  // Both are read by their revision; the newest when none is named.
  EXPECT_EQ(T2(kPeriod).meta.revision(), 2);
  EXPECT_EQ(T2(kPeriod, type::v1::FOUR_CLASS_UPGRADE, 1).meta.frozen_sha256(),
            first.meta.frozen_sha256());
}

TEST_F(EvaluationPeriods, AVillagesPartOfTheTable) {
  Freeze("T2", kCounty, w_.Operator());
  const LedgerFile village = T2(kPeriod, type::v1::FOUR_CLASS_UPGRADE, 0, kVillage2);
  EXPECT_EQ(village.meta.row_count(), 1);
  EXPECT_THAT(village.bytes, HasSubstr("茶叶加工"));
  EXPECT_THAT(village.meta.draft_note(), HasSubstr("湘江村"));
  EXPECT_THAT(village.meta.draft_note(), Not(HasSubstr("下营村")));
  v1::ExportT2Request request;
  request.set_region_code(kCounty);
  request.set_class_(type::v1::FOUR_CLASS_UPGRADE);
  request.set_format(type::v1::FILE_FORMAT_CSV);
  request.set_period("2026-01");
  EXPECT_THAT(w_.server().Read<type::v1::FileChunk>(Cat(kLedgerService, "ExportT2"), request,
                                                    w_.Province()),
              StatusIs(StatusCode::kNotFound));
}

TEST_F(EvaluationPeriods, T14_FrozenNamesWhoHasNotSignedAndDoesNotMove) {
  const period::v1::Period frozen = Freeze("T14", kCounty, w_.Operator());
  const v1::T14 before = T14(kCounty, kPeriod);
  EXPECT_EQ(before.sum().projects(), 2);
  EXPECT_THAT(before.meta().draft_note(), HasSubstr("麻州镇"));
  EXPECT_FALSE(before.sum().signed_());
  // No village has rows in it: the level is skipped.
  ASSERT_OK(Sign(frozen.id(), kTownship, "township"));
  EXPECT_THAT(T14(kCounty, kPeriod).meta().draft_note(), HasSubstr("庄口镇"));
  ASSERT_OK(Sign(frozen.id(), "360733102", "township-2"));
  auto state = Sign(frozen.id(), kCounty, "approver");
  ASSERT_OK(state);
  EXPECT_EQ(state->state(), period::v1::PERIOD_STATE_COUNTY_SIGNED);
  EXPECT_EQ(T14(kCounty, kPeriod).meta().draft_note(), "");
  EXPECT_TRUE(T14(kCounty, kPeriod).sum().signed_());

  const std::string rows_before = T14(kCounty, kPeriod).SerializeAsString();
  const LedgerFile file_before = T14File(kPeriod);
  ChangeClass();
  EXPECT_EQ(T14(kCounty, kPeriod).SerializeAsString(), rows_before);
  EXPECT_EQ(T14File(kPeriod).meta.rows_sha256(), file_before.meta.rows_sha256());
  const v1::T14 live = T14(kCounty, "");
  EXPECT_EQ(live.sum().project_classes(0).count(), 1);
  EXPECT_THAT(live.meta().filters(), HasSubstr("实时"));
  const period::v1::DiffPeriodResponse diff = Diff(frozen.id());
  EXPECT_EQ(diff.changed(), 2);  // the township's row and the sum
  EXPECT_THAT(diff.differences(0).fields(0).label_zh(), HasSubstr("项目/巩固类"));
}

TEST_F(EvaluationPeriods, T14_ACityIsTheSumOfTheRevisionsThatItNames) {
  const period::v1::Period county = Freeze("T14", kCounty, w_.Operator());
  const std::string city_token = w_.City();
  const period::v1::Period city = Freeze("T14", "3607", city_token);
  v1::T14 t14 = T14("3607", kPeriod);
  ASSERT_EQ(t14.rows_size(), 2);
  EXPECT_EQ(t14.rows(0).region_name(), "会昌县");
  EXPECT_EQ(t14.rows(0).projects(), 2);
  EXPECT_EQ(t14.rows(1).projects(), 0);
  EXPECT_EQ(t14.sum().projects(), 2);
  EXPECT_EQ(t14.sum().project_classes(1).share_bp(), 10000);
  EXPECT_THAT(t14.meta().draft_note(), HasSubstr("寻乌县"));
  EXPECT_THAT(t14.meta().draft_note(), HasSubstr("会昌县"));
  // The county's reissue marks it.
  period::v1::ReturnPeriodRequest back;
  back.add_reasons()->set_text("数据不符");
  ASSERT_OK(Step("ReturnPeriod", county.id(), w_.Approver(), back));
  ChangeClass();
  ASSERT_OK(Step<period::v1::ReissuePeriodRequest>("ReissuePeriod", county.id(), w_.Operator()));
  RunOperations();
  EXPECT_TRUE(Get(city.id()).needs_update());
  EXPECT_THAT(T14("3607", kPeriod).meta().draft_note(), HasSubstr("需更新"));
  EXPECT_EQ(T14("3607", kPeriod).sum().project_classes(0).count(), 0);
  ASSERT_OK(Step<period::v1::ReissuePeriodRequest>("ReissuePeriod", city.id(), city_token));
  RunOperations();
  EXPECT_EQ(T14("3607", kPeriod).sum().project_classes(0).count(), 1);
  // The province, by city, of the same counties.
  Freeze("T14", "36", w_.Province());
  t14 = T14("36", kPeriod);
  ASSERT_EQ(t14.rows_size(), 1);
  EXPECT_EQ(t14.rows(0).region_code(), "3607");
  EXPECT_EQ(t14.sum().projects(), 2);
}

// Neither a table frozen while no disposal was known nor one of before they were counted has any:
// both lack the figures.
TEST_F(EvaluationPeriods, AT14FrozenBeforeTheFirstDisposalStaysAsItIs) {
  const period::v1::Period frozen = Freeze("T14", kCounty, w_.Operator());
  const LedgerFile before = T14File(kPeriod);
  EXPECT_THAT(T14(kCounty, kPeriod).meta().filters(), HasSubstr("定稿时尚无处置数据"));
  DisposeAt(kVillage1, 250);
  EXPECT_EQ(T14(kCounty, "").sum().disposal_count(), 1);
  const v1::T14 after = T14(kCounty, kPeriod);  // whose rows are those of the hash
  EXPECT_FALSE(after.sum().has_disposal_count() || after.sum().has_disposal_amount_fen());
  EXPECT_THAT(after.meta().filters(), HasSubstr("定稿时尚无处置数据"));
  EXPECT_EQ(after.meta().frozen_sha256(), frozen.rows_sha256());
  EXPECT_EQ(T14File(kPeriod).bytes, before.bytes);
  EXPECT_EQ(Get(frozen.id()).rows_sha256(), frozen.rows_sha256());
  // The disposal is what differs from the signed table.
  std::map<std::string, std::string> fields;
  const auto diff = Diff(frozen.id());
  for (const auto& difference : diff.differences()) {
    if (difference.title() != "合计") continue;
    for (const type::v1::FieldChange& f : difference.fields()) fields[f.label_zh()] = f.after();
  }
  EXPECT_EQ(fields["处置数"], "1");
  EXPECT_EQ(fields["处置额"], "250");
  // The city is of what its counties froze, and of nothing else.
  Freeze("T14", "3607", w_.City());
  const v1::T14 city = T14("3607", kPeriod);
  EXPECT_THAT(city.meta().filters(), HasSubstr("定稿时尚无处置数据"));
  EXPECT_FALSE(city.sum().has_disposal_count());
  for (const v1::T14Row& row : city.rows()) EXPECT_FALSE(row.has_disposal_count());
}

// Once there is a disposal anywhere, none is a number elsewhere: not one that a county which signed
// before has to look at.
TEST_F(EvaluationPeriods, TheFirstDisposalElsewhereIsNoDifferenceOfASignedT14) {
  const period::v1::Period frozen = Freeze("T14", kCounty, w_.Operator());
  DisposeAt("360734101201", 250);
  EXPECT_TRUE(T14(kCounty, "").sum().has_disposal_count());
  EXPECT_EQ(Diff(frozen.id()).changed(), 0);
  ChangeClass();  // what else differs is told alone
  const auto diff = Diff(frozen.id());
  EXPECT_EQ(diff.changed(), 2);
  for (const auto& difference : diff.differences()) {
    for (const type::v1::FieldChange& f : difference.fields()) {
      EXPECT_THAT(f.label_zh(), Not(HasSubstr("处置"))) << difference.title();
    }
  }
}

// What a county that froze nothing disposed of is not known: no zero, and no part of a sum.
TEST_F(EvaluationPeriods, AComposedT14HasNoDisposalsOfACountyThatFrozeNothing) {
  DisposeAt(kVillage1, 250);
  Freeze("T14", kCounty, w_.Operator());
  Freeze("T14", "3607", w_.City());
  Freeze("T14", "36", w_.Province());
  v1::T14 t14 = T14("3607", kPeriod);
  ASSERT_EQ(t14.rows_size(), 2);
  EXPECT_EQ(t14.rows(0).disposal_count(), 1);
  EXPECT_FALSE(t14.rows(1).has_disposal_count() || t14.rows(1).has_disposal_amount_fen());
  EXPECT_FALSE(t14.sum().has_disposal_count() || t14.sum().has_disposal_amount_fen());
  EXPECT_THAT(t14.meta().filters(), HasSubstr("所辖县有未定稿"));
  t14 = T14("36", kPeriod);
  ASSERT_EQ(t14.rows_size(), 1);
  EXPECT_FALSE(t14.rows(0).has_disposal_count() || t14.sum().has_disposal_count());
  EXPECT_EQ(t14.sum().projects(), 2);
}

TEST_F(EvaluationPeriods, AFrozenT14CarriesItsDisposalsUpToTheProvince) {
  DisposeAt(kVillage1, 250);
  DisposeAt(kVillage2, 50);
  Freeze("T14", kCounty, w_.Operator());
  Freeze("T14", "360734", w_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "360734", "other operator"));
  DisposeAt(kVillage2, 7);  // after the freeze
  Freeze("T14", "3607", w_.City());
  Freeze("T14", "36", w_.Province());
  for (const char* region : {kCounty, "3607", "36"}) {
    const v1::T14 t14 = T14(region, kPeriod);
    EXPECT_EQ(t14.sum().disposal_count(), 2) << region;
    EXPECT_EQ(t14.sum().disposal_amount_fen(), 300) << region;
    EXPECT_THAT(t14.meta().filters(), Not(HasSubstr("处置"))) << region;
  }
  EXPECT_EQ(T14("36", "").sum().disposal_amount_fen(), 307);
}

// A revision of before T14 told every project's place says so instead of printing zeros.
TEST_F(EvaluationPeriods, AnOlderFrozenT14HasBlanksForWhatItNeverCounted) {
  const period::v1::Period frozen = Freeze("T14", kCounty, w_.Operator());
  const auto csv = [&](const std::string& region) {
    v1::ExportT14Request request;
    request.set_region_code(region);
    request.set_format(type::v1::FILE_FORMAT_CSV);
    request.set_period(kPeriod);
    return ExportFile(w_, "ExportT14", request).bytes;
  };
  EXPECT_THAT(csv(kCounty), Not(HasSubstr("早期定稿")));
  EXPECT_TRUE(T14(kCounty, kPeriod).sum().counts_every_project());
  // As a release of before left it: figures that are missing and sum up by chance, no parts.
  const auto chunks = w_.db().Query("SELECT body FROM period_rows");
  ASSERT_OK(chunks);
  ASSERT_EQ(chunks->size(), 1u);
  auto stored = period::UnpackRows((*chunks)[0].String(0));
  ASSERT_OK(stored);
  period::RowPacker packer(kCounty, true);
  for (period::Row& one : *stored) {
    v1::T14Row row;
    ASSERT_TRUE(row.ParseFromString(one.payload));
    row.set_revitalize_due(4);
    row.set_revitalized(1);
    row.set_revitalize_value_fen(800);
    row.set_revitalized_value_fen(600);
    row.set_revitalization_rate_bp(5000);
    for (int field : {30, 31, 32, 33, 34, 35}) {
      row.GetReflection()->ClearField(&row, row.GetDescriptor()->FindFieldByNumber(field));
    }
    one.payload = row.SerializeAsString();
    ASSERT_OK(packer.Add(std::move(one)));
  }
  // Frozen so, with the hash of those rows.
  const period::FrozenRows older = packer.Finish();
  ASSERT_OK(mysql::Transact(*session_, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(period::PeriodRow row,
                     period::LockPeriod(tx, *Ulid::Parse(frozen.id()), {kCounty}));
    row.message.set_rows_sha256(older.units.at(kCounty).sha256);
    RETURN_IF_ERROR(period::PutFrozen(tx, row.id, older, {}));
    return period::UpdatePeriod(tx, row);
  }));
  const v1::T14 t14 = T14(kCounty, kPeriod);
  EXPECT_EQ(t14.sum().revitalized_value_share_bp(), 7500);
  EXPECT_EQ(t14.sum().revitalized_count_share_bp(), 2500);
  EXPECT_THAT(t14.meta().filters(), HasSubstr("早期定稿"));
  EXPECT_THAT(csv(kCounty), HasSubstr("早期定稿"));
  // 数据不足, 人工研判, 暂不分类, and three that nobody counted.
  EXPECT_THAT(csv(kCounty), HasSubstr(",0,0,0,,,,"));
  EXPECT_THAT(csv(kCounty), HasSubstr(",50,0.0006,0.0008,75,1,4,25,"));
  EXPECT_FALSE(t14.sum().counts_every_project());
  // Neither does a sum of it say where all stood.
  Freeze("T14", "3607", w_.City());
  const v1::T14 city = T14("3607", kPeriod);
  EXPECT_THAT(city.meta().filters(), HasSubstr("早期定稿"));
  EXPECT_EQ(city.sum().projects(), 2);
  EXPECT_FALSE(city.sum().counts_every_project());
  ASSERT_EQ(city.rows_size(), 2);
  EXPECT_FALSE(city.rows(0).counts_every_project());
  EXPECT_TRUE(city.rows(1).counts_every_project());  // has frozen nothing
}

}  // namespace
}  // namespace bangfu::evaluation
