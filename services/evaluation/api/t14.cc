// T14 四个一批汇总表 (domain.md §7): classes by area, live and frozen.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/base/bp.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/rpc/router.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/api/ledger_file.h"
#include "services/evaluation/api/ledger_periods.h"
#include "services/evaluation/api/ledger_units.h"
#include "services/evaluation/api/progress.h"
#include "services/evaluation/domain/types.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/disposal_store.h"
#include "services/evaluation/store/override_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/rollup_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;
using table::Cell;
using table::ColumnKind;
using Chunk = type::v1::FileChunk;

constexpr char kTableNo[] = "T14";
constexpr char kSumKey[] = "sum";
constexpr char kOlderNote[] = "含早期定稿数据，未统计待认定、未评估、在册待处理的，以空白表示";
constexpr char kNoDisposalsNote[] = "尚无处置数据，处置数、处置额以空白表示";
constexpr char kFrozenNoDisposalsNote[] = "定稿时尚无处置数据的，处置数、处置额以空白表示";
constexpr char kComposedNoDisposalsNote[] =
    "所辖县有未定稿或定稿时尚无处置数据的，处置数、处置额以空白表示";
constexpr FourClass kClasses[] = {FourClass::kConsolidate, FourClass::kUpgrade,
                                  FourClass::kRevitalize, FourClass::kAdjust};

table::TableSpec T14Spec() {
  table::TableSpec spec;
  spec.table_no = "T14";
  spec.title_zh = "四个一批汇总表";
  auto& c = spec.columns;
  c.push_back(Column("region_code", "区划代码", ColumnKind::kCode));
  c.push_back(Column("region_name", "县"));
  c.push_back(Column("villages_reported", "摸排村数", ColumnKind::kInt));
  c.push_back(Column("villages_due", "应摸排", ColumnKind::kInt));
  c.push_back(Column("villages_nil", "零报告村", ColumnKind::kInt));
  const std::vector<std::string> project = {"项目"};
  c.push_back(Column("projects", "数", ColumnKind::kInt, "", project));
  c.push_back(Column("invested_fen", "投入额", ColumnKind::kWanYuan, "", project));
  c.push_back(Column("asset_value_fen", "资产额", ColumnKind::kWanYuan, "", project));
  for (FourClass f : kClasses) {
    const std::string name(EnumZh(f));
    const std::string key = Cat("project_", EnumName(f));
    c.push_back(Column(Cat(key, "_count"), Cat(name, "数量"), ColumnKind::kInt, "", project));
    c.push_back(Column(Cat(key, "_fen"), Cat(name, "金额"), ColumnKind::kWanYuan, "", project));
    c.push_back(Column(Cat(key, "_bp"), Cat(name, "占比"), ColumnKind::kBp, "", project));
  }
  c.push_back(Column("insufficient_data", "数据不足", ColumnKind::kInt, "", project));
  c.push_back(Column("manual_review", "人工研判", ColumnKind::kInt, "", project));
  c.push_back(Column("not_applicable", "暂不分类", ColumnKind::kInt, "", project));
  c.push_back(Column("under_way", "待认定", ColumnKind::kInt, "", project));
  c.push_back(Column("not_evaluated", "未评估", ColumnKind::kInt, "", project));
  c.push_back(Column("pending", "在册待处理", ColumnKind::kInt, "", project));
  const std::vector<std::string> industry = {"产业"};
  c.push_back(Column("industries", "数", ColumnKind::kInt, "", industry));
  for (FourClass f : kClasses) {
    const std::string name(EnumZh(f));
    const std::string key = Cat("industry_", EnumName(f));
    c.push_back(Column(Cat(key, "_count"), Cat(name, "数量"), ColumnKind::kInt, "", industry));
    c.push_back(Column(Cat(key, "_bp"), Cat(name, "占比"), ColumnKind::kBp, "", industry));
  }
  c.push_back(Column("close_out_due", "应销号", ColumnKind::kInt));
  c.push_back(Column("closed_out", "已销号", ColumnKind::kInt));
  const std::vector<std::string> closed = {"已销号去向"};
  c.push_back(Column("closed_out_consolidate", "巩固", ColumnKind::kInt, "", closed));
  c.push_back(Column("closed_out_upgrade", "升级", ColumnKind::kInt, "", closed));
  c.push_back(Column("closed_out_exit", "退出", ColumnKind::kInt, "", closed));
  c.push_back(Column("revitalization_rate_bp", "盘活率", ColumnKind::kBp));
  const std::vector<std::string> by_value = {"盘活金额"};
  c.push_back(Column("revitalized_value_fen", "盘活资产", ColumnKind::kWanYuan, "", by_value));
  c.push_back(Column("revitalize_value_fen", "需盘活", ColumnKind::kWanYuan, "", by_value));
  c.push_back(Column("revitalized_value_share_bp", "占比", ColumnKind::kBp, "", by_value));
  const std::vector<std::string> by_count = {"盘活数量"};
  c.push_back(Column("revitalized", "盘活", ColumnKind::kInt, "", by_count));
  c.push_back(Column("revitalize_due", "需盘活", ColumnKind::kInt, "", by_count));
  c.push_back(Column("revitalized_count_share_bp", "占比", ColumnKind::kBp, "", by_count));
  c.push_back(Column("reclassified", "重新认定转出（未销号）", ColumnKind::kInt));
  c.push_back(Column("disposal_count", "处置数", ColumnKind::kInt));
  c.push_back(Column("disposal_amount_fen", "处置额", ColumnKind::kWanYuan));
  c.push_back(Column("override_rate_bp", "人工调整率", ColumnKind::kBp));
  c.push_back(Column("override_notice", "人工调整率提示"));
  c.push_back(Column("reevaluation_due", "人工调整到期", ColumnKind::kInt));
  c.push_back(Column("signed", "签字状态"));
  return spec;
}

// Whether anything is there to be signed.
bool HasLedger(const v1::T14Row& row) {
  int64_t entries = 0;
  for (const v1::ClassFigure& f : row.project_classes()) entries += f.count();
  for (const v1::ClassFigure& f : row.industry_classes()) entries += f.count();
  return entries > 0;
}

std::vector<Cell> T14Cells(const v1::T14Row& row) {
  std::vector<Cell> cells;
  const auto number = [&cells](int64_t value) { cells.emplace_back(value); };
  cells.emplace_back(row.region_code());
  cells.emplace_back(row.region_name());
  number(row.villages_reported());
  number(row.villages_due());
  number(row.villages_nil());
  number(row.projects());
  number(row.invested_fen());
  number(row.asset_value_fen());
  for (const v1::ClassFigure& f : row.project_classes()) {
    number(f.count());
    number(f.invested_fen());
    number(f.share_bp());
  }
  number(row.insufficient_data());
  number(row.manual_review());
  number(row.not_applicable());
  // What was never counted is no zero.
  for (const int64_t value : {row.under_way(), row.not_evaluated(), row.pending()}) {
    cells.push_back(row.counts_every_project() ? Cell(value) : Cell());
  }
  number(row.industries());
  for (const v1::ClassFigure& f : row.industry_classes()) {
    number(f.count());
    number(f.share_bp());
  }
  number(row.close_out_due());
  number(row.closed_out_consolidate() + row.closed_out_upgrade() + row.closed_out_exit());
  number(row.closed_out_consolidate());
  number(row.closed_out_upgrade());
  number(row.closed_out_exit());
  number(row.revitalization_rate_bp());
  number(row.revitalized_value_fen());
  number(row.revitalize_value_fen());
  number(row.revitalized_value_share_bp());
  number(row.revitalized());
  number(row.revitalize_due());
  number(row.revitalized_count_share_bp());
  number(row.reclassified());
  cells.push_back(row.has_disposal_count() ? Cell(row.disposal_count()) : Cell());
  cells.push_back(row.has_disposal_amount_fen() ? Cell(row.disposal_amount_fen()) : Cell());
  number(row.override_rate_bp());
  cells.emplace_back(std::string(row.override_notice() ? "超过上限" : ""));
  number(row.reevaluation_due());
  cells.emplace_back(std::string(!HasLedger(row) ? "无台账" : row.signed_() ? "已签字" : "未签字"));
  return cells;
}

// The four figures of a subject type, without shares.
void FillClasses(const UnitFigures& figures, int type, bool with_money,
                 google::protobuf::RepeatedPtrField<v1::ClassFigure>* out) {
  for (FourClass four_class : kClasses) {
    auto it = figures.classes.find({type, static_cast<int>(four_class)});
    const Figures f = it == figures.classes.end() ? Figures() : it->second;
    v1::ClassFigure* figure = out->Add();
    figure->set_class_(static_cast<type::v1::FourClass>(four_class));
    figure->set_count(f.count);
    if (with_money) figure->set_invested_fen(f.invested_fen);
  }
}

// nullopt: nothing is known of disposals, which is no zero.
void SetDisposals(const std::optional<Disposals>& disposals, v1::T14Row* row) {
  row->clear_disposal_count();
  row->clear_disposal_amount_fen();
  if (!disposals) return;
  row->set_disposal_count(disposals->count);
  row->set_disposal_amount_fen(disposals->amount_fen);
}

// What adds up but the disposals; FillShares computes the rest.
v1::T14Row RowOf(const UnitFigures& figures, const VillageFigures& villages,
                 const CloseOuts& close_outs, int64_t overrides_ended) {
  v1::T14Row row;
  row.set_counts_every_project(true);
  row.set_villages_due(villages.due);
  row.set_villages_reported(villages.reported);
  row.set_villages_nil(villages.nil);
  const Unclassified rest = UnclassifiedOf(figures, kProjectSubject);
  row.set_insufficient_data(rest.insufficient_data);
  row.set_manual_review(rest.manual_review);
  row.set_not_applicable(rest.not_applicable);
  row.set_under_way(rest.under_way);
  row.set_not_evaluated(rest.not_evaluated);
  row.set_pending(rest.pending);
  for (const auto& [key, f] : figures.results) {
    if (key.first == kIndustrySubject) {
      row.set_industries(row.industries() + f.count);
      continue;
    }
    // Money comes from the projects alone: an industry's would count them twice.
    row.set_projects(row.projects() + f.count);
    row.set_invested_fen(row.invested_fen() + f.invested_fen);
    row.set_asset_value_fen(row.asset_value_fen() + f.asset_value_fen);
  }
  for (const auto& [key, f] : figures.classes) row.set_overridden(row.overridden() + f.overridden);
  FillClasses(figures, kProjectSubject, true, row.mutable_project_classes());
  FillClasses(figures, kIndustrySubject, false, row.mutable_industry_classes());
  row.set_reevaluation_due(overrides_ended);
  row.set_close_out_due(close_outs.due);
  row.set_reclassified(close_outs.reclassified);
  row.set_closed_out_consolidate(close_outs.to_consolidate);
  row.set_closed_out_upgrade(close_outs.to_upgrade);
  row.set_closed_out_exit(close_outs.exited);
  row.set_revitalize_due(close_outs.revitalize_due);
  row.set_revitalized(close_outs.revitalized);
  row.set_revitalize_value_fen(close_outs.revitalize_value_fen);
  row.set_revitalized_value_fen(close_outs.revitalized_value_fen);
  return row;
}

// Adds what adds up of a row: every integer that is no share. A sum lacks what one of its rows
// does.
void Add(const v1::T14Row& from, v1::T14Row* to) {
  const bool disposals = from.has_disposal_count() && to->has_disposal_count();
  const auto* type = v1::T14Row::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_INT64) continue;
    const auto* r = to->GetReflection();
    r->SetInt64(to, field, r->GetInt64(*to, field) + r->GetInt64(from, field));
  }
  const auto classes = [](const google::protobuf::RepeatedPtrField<v1::ClassFigure>& part,
                          google::protobuf::RepeatedPtrField<v1::ClassFigure>* sum) {
    for (int i = 0; i < part.size(); ++i) {
      if (i == sum->size()) sum->Add()->set_class_(part[i].class_());
      v1::ClassFigure& f = (*sum)[i];
      f.set_count(f.count() + part[i].count());
      f.set_invested_fen(f.invested_fen() + part[i].invested_fen());
    }
  };
  classes(from.project_classes(), to->mutable_project_classes());
  classes(from.industry_classes(), to->mutable_industry_classes());
  to->set_counts_every_project(to->counts_every_project() && from.counts_every_project());
  if (!disposals) SetDisposals(std::nullopt, to);
}

// The two parts of 盘活率.
void FillParts(v1::T14Row* row) {
  row->set_revitalized_value_share_bp(
      static_cast<int32_t>(RatioBp(row->revitalized_value_fen(), row->revitalize_value_fen())));
  row->set_revitalized_count_share_bp(
      static_cast<int32_t>(RatioBp(row->revitalized(), row->revitalize_due())));
}

// What is a share is computed from the sums, never summed. Shares of classes are of the subjects
// whose class is in force, so that the four make 100 %.
void FillShares(int64_t override_limit_bp, v1::T14Row* row) {
  int64_t effective = 0;
  for (auto* classes : {row->mutable_project_classes(), row->mutable_industry_classes()}) {
    int64_t total = 0;
    for (const v1::ClassFigure& f : *classes) total += f.count();
    for (v1::ClassFigure& f : *classes) {
      f.set_share_bp(static_cast<int32_t>(RatioBp(f.count(), total)));
    }
    effective += total;
  }
  row->set_override_rate_bp(static_cast<int32_t>(RatioBp(row->overridden(), effective)));
  row->set_override_notice(row->override_rate_bp() > override_limit_bp);
  CloseOuts sums;
  sums.revitalize_due = row->revitalize_due();
  sums.revitalized = row->revitalized();
  sums.revitalize_value_fen = row->revitalize_value_fen();
  sums.revitalized_value_fen = row->revitalized_value_fen();
  row->set_revitalization_rate_bp(static_cast<int32_t>(RevitalizationRateBp(sums)));
  FillParts(row);
}

// Rows and sum without signatures.
struct Body {
  std::vector<v1::T14Row> rows;
  v1::T14Row sum;
};

// What others are added to.
v1::T14Row EmptyRow() {
  v1::T14Row row = RowOf(UnitFigures(), VillageFigures(), CloseOuts(), 0);
  SetDisposals(Disposals(), &row);
  return row;
}

// Shares, names and the sum of rows by unit, none of which may be there.
absl::StatusOr<Body> Finish(mysql::Executor& db, const std::string& path, bool knows_disposals,
                            std::map<std::string, v1::T14Row> units) {
  std::vector<std::string> codes{path};
  for (const auto& [unit, row] : units) codes.push_back(unit);
  RegionNames names;
  RETURN_IF_ERROR(names.Load(db, codes));
  ASSIGN_OR_RETURN(const int64_t override_limit, ReadParameter(db, kOverrideShareLimit));
  Body body;
  body.sum = EmptyRow();
  if (!knows_disposals) SetDisposals(std::nullopt, &body.sum);
  for (auto& [unit, row] : units) {
    row.set_region_code(unit);
    // What lies with the region itself and with none of its children.
    const bool own = unit == path && path.size() < 12;
    row.set_region_name(own ? Cat(names.Of(unit), "（本级）") : names.Of(unit));
    Add(row, &body.sum);
    FillShares(override_limit, &row);
    body.rows.push_back(std::move(row));
  }
  body.sum.set_region_code(path);
  body.sum.set_region_name("合计");
  FillShares(override_limit, &body.sum);
  return body;
}

absl::StatusOr<Body> LiveBody(mysql::Executor& db, const std::string& path) {
  const int digits = ChildDigits(path);
  ASSIGN_OR_RETURN(auto figures, SumFigures(db, path, digits, FigureSet::kClassesAndResults));
  ASSIGN_OR_RETURN(auto villages, SumVillages(db, path, digits));
  ASSIGN_OR_RETURN(auto close_outs, SumCloseOuts(db, path, digits));
  ASSIGN_OR_RETURN(auto overrides_ended, CountDue(db, path, digits));
  ASSIGN_OR_RETURN(auto disposals, SumDisposals(db, path, digits));
  std::map<std::string, v1::T14Row> units;
  // Every child has its line, with or without rows.
  ASSIGN_OR_RETURN(std::vector<RegionRow> children, ListChildRegions(db, path));
  for (const RegionRow& child : children) {
    if (child.region_path.size() == static_cast<size_t>(digits)) units[child.region_path];
  }
  for (const auto& [unit, f] : figures) units[unit];
  for (const auto& [unit, f] : villages) units[unit];
  for (const auto& [unit, f] : close_outs) units[unit];
  for (const auto& [unit, count] : overrides_ended) units[unit];
  if (disposals) {
    for (const auto& [unit, sums] : *disposals) units[unit];
  }
  for (auto& [unit, row] : units) {
    row = RowOf(figures[unit], villages[unit], close_outs[unit], overrides_ended[unit]);
    if (disposals) SetDisposals((*disposals)[unit], &row);
  }
  return Finish(db, path, disposals.has_value(), std::move(units));
}

// Of the sums that the counties froze. A county that froze none has told of no disposals, which is
// no zero: where it lies, and in the sum, they are not known.
absl::StatusOr<Body> ComposedBody(mysql::Executor& db, const std::string& path,
                                  const std::vector<period::Component>& components) {
  std::map<std::string, v1::T14Row> units;
  for (const period::Component& c : components) {
    v1::T14Row& unit =
        units.try_emplace(c.region_path.substr(0, ChildDigits(path)), EmptyRow()).first->second;
    if (c.id.is_zero()) {
      SetDisposals(std::nullopt, &unit);
      continue;
    }
    RETURN_IF_ERROR(
        period::ReadRows(db, c.id, {c.region_path}, [&](period::Row row) -> absl::Status {
          if (row.key != kSumKey) return absl::OkStatus();
          v1::T14Row sum;
          if (!sum.ParseFromString(row.payload)) {
            return absl::DataLossError("a frozen row cannot be read");
          }
          Add(sum, &unit);
          return absl::OkStatus();
        }));
  }
  return Finish(db, path, true, std::move(units));
}

class T14 final : public LedgerTable {
 public:
  std::string table_no() const override { return kTableNo; }
  std::string name_zh() const override { return "四个一批汇总表"; }
  bool ReportedBy(std::string_view region_path) const override { return region_path.size() <= 6; }
  absl::StatusOr<std::vector<std::string>> ComponentRegions(
      mysql::Executor& db, const std::string& region_path) const override {
    std::vector<std::string> counties;
    if (region_path.size() >= 6) return counties;
    ASSIGN_OR_RETURN(std::vector<RegionRow> below, ListChildRegions(db, region_path));
    for (const RegionRow& child : below) {
      if (child.region_path.size() == 6) {
        counties.push_back(child.region_path);
        continue;
      }
      ASSIGN_OR_RETURN(std::vector<RegionRow> of_city, ListChildRegions(db, child.region_path));
      for (const RegionRow& county : of_city) {
        if (county.region_path.size() == 6) counties.push_back(county.region_path);
      }
    }
    return counties;
  }
  absl::Status Rows(mysql::Executor& db, const std::string& region_path,
                    const std::vector<period::Component>& components,
                    const period::RowSink& sink) const override {
    ASSIGN_OR_RETURN(Body body, components.empty() ? LiveBody(db, region_path)
                                                   : ComposedBody(db, region_path, components));
    // The region's own lines come before those of its children.
    std::map<std::pair<std::string, std::string>, const v1::T14Row*> ordered;
    for (const v1::T14Row& row : body.rows) {
      ordered[{row.region_code(), row.region_code()}] = &row;
    }
    ordered[{region_path, kSumKey}] = &body.sum;
    for (const auto& [place, row] : ordered) {
      RETURN_IF_ERROR(sink({place.second, place.first, row->SerializeAsString()}));
    }
    return absl::OkStatus();
  }
  const google::protobuf::Message& row_type() const override {
    return v1::T14Row::default_instance();
  }
  std::string TitleOf(const google::protobuf::Message& row) const override {
    return static_cast<const v1::T14Row&>(row).region_name();
  }
  // The first disposal anywhere makes 处置数 known, and 0, in every county: those that signed
  // before it have nothing new to look at.
  absl::StatusOr<std::string> LiveBeside(const std::string& frozen,
                                         std::string live) const override {
    v1::T14Row before, after;
    if (!before.ParseFromString(frozen) || !after.ParseFromString(live)) {
      return absl::DataLossError("a frozen row cannot be read");
    }
    if (before.has_disposal_count() || after.disposal_count() > 0) return live;
    SetDisposals(std::nullopt, &after);
    return after.SerializeAsString();
  }
};

// The digest of the printed rows, as a file of them has it.
void FillDigest(v1::T14* t14) {
  table::RowsDigest digest;
  const table::TableSpec spec = T14Spec();
  const auto add = [&](const v1::T14Row& row) {
    const std::vector<Cell> cells = T14Cells(row);
    std::vector<std::string> printed;
    for (size_t i = 0; i < cells.size(); ++i) {
      printed.push_back(table::FormatCell(spec.columns[i].kind, cells[i]));
    }
    digest.Add(printed);
  };
  for (const v1::T14Row& row : t14->rows()) add(row);
  add(t14->sum());
  const table::TableSummary summary = digest.Finish();
  t14->mutable_meta()->set_row_count(summary.row_count);
  t14->mutable_meta()->set_rows_sha256(summary.rows_sha256);
}

// Who has nothing to sign has not signed.
template <typename SignedBy>
void FillSigned(v1::T14* t14, const SignedBy& signed_by) {
  for (v1::T14Row& row : *t14->mutable_rows()) {
    row.set_signed_(HasLedger(row) && signed_by(row.region_code()));
  }
  t14->mutable_sum()->set_signed_(HasLedger(t14->sum()) && signed_by(t14->sum().region_code()));
}

absl::StatusOr<v1::T14> LiveT14(CallContext& context, const RegionRow& region,
                                Particulars particulars) {
  const std::string& path = region.region_path;
  ASSIGN_OR_RETURN(Body body, LiveBody(context.db, path));
  LedgerSignatures signatures;
  RETURN_IF_ERROR(signatures.Load(context.db, path));
  if (!body.sum.has_disposal_count()) particulars.filters = kNoDisposalsNote;
  v1::T14 out;
  for (v1::T14Row& row : body.rows) *out.add_rows() = std::move(row);
  *out.mutable_sum() = std::move(body.sum);
  FillSigned(&out, [&](const std::string& unit) { return signatures.board().Complete(unit); });
  // At a city or the province the counties answer for what is below them.
  std::vector<std::string> missing = signatures.board().Unsigned(path, true);
  if (path.size() < 6) {
    std::erase_if(missing, [](const std::string& unit) { return unit.size() > 6; });
  }
  ASSIGN_OR_RETURN(std::string note, DraftNote(context.db, missing));
  ASSIGN_OR_RETURN(auto watermarks, SourceWatermarks(context.db));
  *out.mutable_meta() = LiveMeta(context, std::move(particulars), std::move(note), watermarks);
  return out;
}

absl::StatusOr<v1::T14> FrozenT14(CallContext& context, const RegionRow& region,
                                  const std::string& period, int revision,
                                  Particulars particulars) {
  const std::string& path = region.region_path;
  ASSIGN_OR_RETURN(period::FrozenTable frozen,
                   period::FindFrozen(context.db, PeriodOptions(nullptr), kTableNo, path, period,
                                      revision, context.now));
  v1::T14 out;
  bool older = false, no_disposals = false;
  RETURN_IF_ERROR(
      period::ReadRows(context.db, frozen.id, {path}, [&](period::Row row) -> absl::Status {
        v1::T14Row* to = row.key == kSumKey ? out.mutable_sum() : out.add_rows();
        if (!to->ParseFromString(row.payload)) {
          return absl::DataLossError("a frozen row cannot be read");
        }
        FillParts(to);  // a row of before they were kept has what they are made of
        older = older || !to->counts_every_project();
        no_disposals = no_disposals || !to->has_disposal_count();
        return absl::OkStatus();
      }));
  // The row itself, or one of those that it was composed of.
  if (older) particulars.filters = kOlderNote;
  if (no_disposals) {
    particulars.filters +=
        Cat(older ? "；" : "", path.size() < 6 ? kComposedNoDisposalsNote : kFrozenNoDisposalsNote);
  }
  FillSigned(&out, [&](const std::string& unit) {
    if (path.size() >= 6) return frozen.board.Complete(unit);
    for (const period::v1::PeriodComponent& c : frozen.period.components()) {
      if (RegionContains(unit, c.region_code()) &&
          (c.state() < period::v1::PERIOD_STATE_COUNTY_SIGNED ||
           c.state() > period::v1::PERIOD_STATE_ACCEPTED)) {
        return false;
      }
    }
    return true;
  });
  *out.mutable_meta() = FrozenMeta(frozen.period, std::move(particulars));
  return out;
}

template <typename Request>
absl::StatusOr<v1::T14> BuildT14(CallContext& context, const RegionRow& region,
                                 const Request& request, Particulars particulars) {
  particulars.table_no = kTableNo;
  particulars.unit_name = region.name;
  ASSIGN_OR_RETURN(v1::T14 t14, request.period().empty()
                                    ? LiveT14(context, region, std::move(particulars))
                                    : FrozenT14(context, region, request.period(),
                                                request.revision(), std::move(particulars)));
  FillDigest(&t14);
  return t14;
}

absl::StatusOr<v1::T14> GetT14(CallContext& context, const v1::GetT14Request& request) {
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  return BuildT14(context, region, request, Particulars());
}

absl::StatusOr<std::unique_ptr<rpc::Source<Chunk>>> ExportT14(CallContext& context,
                                                              const v1::ExportT14Request& request) {
  RETURN_IF_ERROR(CheckFormat(request.format()));
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  Particulars particulars;
  particulars.preparer = request.preparer();
  particulars.reviewer = request.reviewer();
  ASSIGN_OR_RETURN(v1::T14 t14, BuildT14(context, region, request, std::move(particulars)));
  auto file = std::make_unique<ChunkedFile>(request.format(), request.no_bom());
  RETURN_IF_ERROR(file->table().Begin(T14Spec(), ToTable(t14.meta(), {"单位（盖章）", "负责人"})));
  for (const v1::T14Row& row : t14.rows()) RETURN_IF_ERROR(file->table().WriteRow(T14Cells(row)));
  RETURN_IF_ERROR(file->table().WriteRow(T14Cells(t14.sum())));
  RETURN_IF_ERROR(file->Finish(Cat("T14四个一批汇总表_", region.name), t14.meta()));
  return SourceOf(std::move(file));
}

}  // namespace

std::shared_ptr<const period::Table> T14Table() { return std::make_shared<T14>(); }

void RegisterT14(rpc::Router& router) {
  const std::string service = "bangfu.evaluation.v1.LedgerService.";
  router.Unary<v1::GetT14Request, v1::T14>(service + "GetT14", GetT14);
  router.ServerStream<v1::ExportT14Request, Chunk>(service + "ExportT14", ExportT14);
}

}  // namespace bangfu::evaluation
