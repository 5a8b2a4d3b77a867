// T2 四个一批台账 and T14 四个一批汇总表 (domain.md §7).
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "bangfu/registry/v1/project.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/rpc/router.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/table/csv.h"
#include "common/table/table.h"
#include "common/table/xlsx_writer.h"
#include "services/evaluation/api/ledger_units.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/explanation.h"
#include "services/evaluation/domain/lifecycle.h"
#include "services/evaluation/domain/measures.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/jobs/evaluator.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/lifecycle_store.h"
#include "services/evaluation/store/override_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;
using table::Cell;
using table::ColumnKind;
using table::ColumnSpec;
using Chunk = type::v1::FileChunk;

constexpr size_t kChunkBytes = 64 << 10;
constexpr int kPageRows = 500;
constexpr FourClass kClasses[] = {FourClass::kConsolidate, FourClass::kUpgrade,
                                  FourClass::kRevitalize, FourClass::kAdjust};

std::string DayText(absl::CivilDay day) { return absl::FormatCivilTime(day); }

ColumnSpec Column(std::string key, std::string header, ColumnKind kind = ColumnKind::kText,
                  std::string unit = "", std::vector<std::string> groups = {}) {
  ColumnSpec column;
  column.key = std::move(key);
  column.header_zh = std::move(header);
  column.unit = std::move(unit);
  column.kind = kind;
  column.groups = std::move(groups);
  return column;
}

// --- a file in chunks
// -----------------------------------------------------------------------------

class FileStream {
 public:
  FileStream(rpc::Writer<Chunk>& writer, type::v1::FileFormat format, bool no_bom)
      : writer_(writer) {
    const table::ByteSink sink = [this](std::string_view bytes) { return Take(bytes); };
    if (format == type::v1::FILE_FORMAT_XLSX) {
      table_ = std::make_unique<table::XlsxWriter>(table::XlsxWriter::Options{}, sink);
    } else {
      // For people with byte order mark and the lines around the table; for machines the bare
      // table, whose particulars are in the last chunk.
      table::CsvWriter::Options options;
      options.bom = !no_bom;
      options.preamble = !no_bom;
      table_ = std::make_unique<table::CsvWriter>(options, sink);
    }
  }
  table::TableWriter& table() { return *table_; }

  absl::Status Finish(const std::string& name, type::v1::TableMeta meta) {
    ASSIGN_OR_RETURN(table::TableSummary summary, table_->Finish());
    RETURN_IF_ERROR(Flush());
    meta.set_row_count(summary.row_count);
    meta.set_rows_sha256(summary.rows_sha256);
    Chunk last;
    *last.mutable_meta() = std::move(meta);
    last.set_file_name(Cat(name, ".", table_->file_extension()));
    return writer_.Write(last);
  }

 private:
  absl::Status Take(std::string_view bytes) {
    buffer_.append(bytes);
    return buffer_.size() >= kChunkBytes ? Flush() : absl::OkStatus();
  }
  absl::Status Flush() {
    for (size_t at = 0; at < buffer_.size(); at += kChunkBytes) {
      Chunk chunk;
      chunk.set_data(buffer_.substr(at, kChunkBytes));
      RETURN_IF_ERROR(writer_.Write(chunk));
    }
    buffer_.clear();
    return absl::OkStatus();
  }

  rpc::Writer<Chunk>& writer_;
  std::unique_ptr<table::TableWriter> table_;
  std::string buffer_;
};

absl::Status CheckFormat(type::v1::FileFormat format) {
  if (format == type::v1::FILE_FORMAT_CSV || format == type::v1::FILE_FORMAT_XLSX) {
    return absl::OkStatus();
  }
  return InvalidField("format", "没有此文件格式");
}

type::v1::TableMeta MetaOf(const CallContext& context, std::string_view table_no,
                           const std::string& unit_name, const std::string& preparer,
                           const std::string& reviewer, std::string draft_note,
                           std::string filters) {
  type::v1::TableMeta meta;
  meta.set_table_no(std::string(table_no));
  meta.set_reporting_unit(unit_name);
  SetDay(ShanghaiDay(context.now), meta.mutable_reported_on());
  meta.set_preparer(preparer);
  meta.set_reviewer(reviewer);
  SetTime(context.now, meta.mutable_snapshot_time());
  meta.set_draft_note(std::move(draft_note));
  meta.set_filters(std::move(filters));
  return meta;
}

table::TableMeta ToTable(const type::v1::TableMeta& meta, std::vector<std::string> signers) {
  table::TableMeta out;
  out.reporting_unit = meta.reporting_unit();
  if (std::optional<absl::CivilDay> day = ToDay(meta.reported_on())) {
    out.reporting_date = DayText(*day);
  }
  out.preparer = meta.preparer();
  out.reviewer = meta.reviewer();
  out.filters = meta.filters();
  out.snapshot_time = ToTime(meta.snapshot_time());
  out.draft_note = meta.draft_note();
  out.signers = std::move(signers);
  return out;
}

// --- T14
// ------------------------------------------------------------------------------------------

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
  c.push_back(Column("reclassified", "重新认定转出（未销号）", ColumnKind::kInt));
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
  number(row.reclassified());
  number(row.override_rate_bp());
  cells.emplace_back(std::string(row.override_notice() ? "超过上限" : ""));
  number(row.reevaluation_due());
  cells.emplace_back(std::string(!HasLedger(row) ? "无台账" : row.signed_() ? "已签字" : "未签字"));
  return cells;
}

// Everything that adds up; what is a share is computed from the sums, never summed.
struct T14Sums {
  UnitFigures figures;
  VillageFigures villages;
  CloseOuts close_outs;
  int64_t due = 0;  // overrides that have ended

  T14Sums& operator+=(const T14Sums& other) {
    for (const auto& [key, f] : other.figures.classes) figures.classes[key] += f;
    for (const auto& [key, f] : other.figures.results) figures.results[key] += f;
    villages += other.villages;
    close_outs += other.close_outs;
    due += other.due;
    return *this;
  }
};

// Shares are of the subjects whose class is in force, so that the four make 100 %.
void FillClasses(const UnitFigures& figures, int type, bool with_money,
                 google::protobuf::RepeatedPtrField<v1::ClassFigure>* out) {
  int64_t total = 0;
  for (const auto& [key, f] : figures.classes) total += key.first == type ? f.count : 0;
  for (FourClass four_class : kClasses) {
    auto it = figures.classes.find({type, static_cast<int>(four_class)});
    const Figures f = it == figures.classes.end() ? Figures() : it->second;
    v1::ClassFigure* figure = out->Add();
    figure->set_class_(static_cast<type::v1::FourClass>(four_class));
    figure->set_count(f.count);
    if (with_money) figure->set_invested_fen(f.invested_fen);
    figure->set_share_bp(static_cast<int32_t>(RatioBp(f.count, total)));
  }
}

v1::T14Row RowOf(const T14Sums& sums, int64_t override_limit_bp) {
  v1::T14Row row;
  row.set_villages_due(sums.villages.due);
  row.set_villages_reported(sums.villages.reported);
  row.set_villages_nil(sums.villages.nil);
  int64_t effective = 0;
  int64_t overridden = 0;
  for (const auto& [key, f] : sums.figures.results) {
    if (key.first == kIndustrySubject) {
      row.set_industries(row.industries() + f.count);
      continue;
    }
    // Money comes from the projects alone: an industry's would count them twice.
    row.set_projects(row.projects() + f.count);
    row.set_invested_fen(row.invested_fen() + f.invested_fen);
    row.set_asset_value_fen(row.asset_value_fen() + f.asset_value_fen);
    switch (static_cast<Result>(key.second)) {
      case Result::kInsufficientData:
        row.set_insufficient_data(f.count);
        break;
      case Result::kManualReview:
        row.set_manual_review(f.count);
        break;
      case Result::kNotApplicable:
        row.set_not_applicable(f.count);
        break;
      default:
        break;
    }
  }
  for (const auto& [key, f] : sums.figures.classes) {
    effective += f.count;
    overridden += f.overridden;
  }
  FillClasses(sums.figures, kProjectSubject, true, row.mutable_project_classes());
  FillClasses(sums.figures, kIndustrySubject, false, row.mutable_industry_classes());
  row.set_overridden(overridden);
  row.set_override_rate_bp(static_cast<int32_t>(RatioBp(overridden, effective)));
  row.set_override_notice(row.override_rate_bp() > override_limit_bp);
  row.set_reevaluation_due(sums.due);
  row.set_close_out_due(sums.close_outs.due);
  row.set_reclassified(sums.close_outs.reclassified);
  row.set_closed_out_consolidate(sums.close_outs.to_consolidate);
  row.set_closed_out_upgrade(sums.close_outs.to_upgrade);
  row.set_closed_out_exit(sums.close_outs.exited);
  row.set_revitalization_rate_bp(static_cast<int32_t>(RevitalizationRateBp(sums.close_outs)));
  return row;
}

absl::StatusOr<v1::T14> BuildT14(CallContext& context, const RegionRow& region,
                                 const std::string& preparer, const std::string& reviewer) {
  const std::string& path = region.region_path;
  const int digits = ChildDigits(path);
  std::map<std::string, T14Sums> units;
  // Every child has its line, with or without rows.
  ASSIGN_OR_RETURN(std::vector<RegionRow> children, ListChildRegions(context.db, path));
  for (const RegionRow& child : children) {
    if (child.region_path.size() == static_cast<size_t>(digits)) units[child.region_path];
  }
  ASSIGN_OR_RETURN(auto figures, SumFigures(context.db, path, digits));
  for (auto& [unit, f] : figures) units[unit].figures = std::move(f);
  ASSIGN_OR_RETURN(auto villages, SumVillages(context.db, path, digits));
  for (const auto& [unit, v] : villages) units[unit].villages = v;
  ASSIGN_OR_RETURN(auto close_outs, SumCloseOuts(context.db, path, digits));
  for (const auto& [unit, c] : close_outs) units[unit].close_outs = c;
  ASSIGN_OR_RETURN(auto due, CountDue(context.db, path, digits));
  for (const auto& [unit, count] : due) units[unit].due = count;
  ASSIGN_OR_RETURN(const int64_t override_limit, ReadParameter(context.db, kOverrideShareLimit));
  LedgerSignatures signatures;
  RETURN_IF_ERROR(signatures.Load(context.db, path));

  RegionNames names;
  std::vector<std::string> codes;
  for (const auto& [unit, sums] : units) codes.push_back(unit);
  RETURN_IF_ERROR(names.Load(context.db, codes));
  v1::T14 out;
  T14Sums total;
  table::RowsDigest digest;
  const table::TableSpec spec = T14Spec();
  const auto add_to_digest = [&](const v1::T14Row& row) {
    const std::vector<Cell> cells = T14Cells(row);
    std::vector<std::string> printed;
    for (size_t i = 0; i < cells.size(); ++i) {
      printed.push_back(table::FormatCell(spec.columns[i].kind, cells[i]));
    }
    digest.Add(printed);
  };
  for (const auto& [unit, sums] : units) {
    v1::T14Row row = RowOf(sums, override_limit);
    row.set_region_code(unit);
    // What lies with the region itself and with none of its children.
    const bool own = unit == path && path.size() < 12;
    row.set_region_name(own ? Cat(region.name, "（本级）") : names.Of(unit));
    // Who has nothing to sign has not signed.
    row.set_signed_(HasLedger(row) && signatures.Complete(unit));
    total += sums;
    add_to_digest(row);
    *out.add_rows() = std::move(row);
  }
  *out.mutable_sum() = RowOf(total, override_limit);
  out.mutable_sum()->set_region_code(path);
  out.mutable_sum()->set_region_name("合计");
  out.mutable_sum()->set_signed_(HasLedger(out.sum()) && signatures.Complete(path));
  add_to_digest(out.sum());
  // At a city or the province the counties answer for what is below them.
  std::vector<std::string> missing = signatures.Unsigned(path, true);
  if (path.size() < 6) {
    std::erase_if(missing, [](const std::string& unit) { return unit.size() > 6; });
  }
  ASSIGN_OR_RETURN(std::string note, DraftNote(context.db, missing));
  *out.mutable_meta() =
      MetaOf(context, "T14", region.name, preparer, reviewer, std::move(note), "实时");
  const table::TableSummary summary = digest.Finish();
  out.mutable_meta()->set_row_count(summary.row_count);
  out.mutable_meta()->set_rows_sha256(summary.rows_sha256);
  return out;
}

absl::StatusOr<v1::T14> GetT14(CallContext& context, const v1::GetT14Request& request) {
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  return BuildT14(context, region, "", "");
}

absl::Status ExportT14(CallContext& context, const v1::ExportT14Request& request,
                       rpc::Writer<Chunk>& writer) {
  RETURN_IF_ERROR(CheckFormat(request.format()));
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  ASSIGN_OR_RETURN(v1::T14 t14, BuildT14(context, region, request.preparer(), request.reviewer()));
  FileStream file(writer, request.format(), request.no_bom());
  RETURN_IF_ERROR(file.table().Begin(T14Spec(), ToTable(t14.meta(), {"单位（盖章）", "负责人"})));
  for (const v1::T14Row& row : t14.rows()) RETURN_IF_ERROR(file.table().WriteRow(T14Cells(row)));
  RETURN_IF_ERROR(file.table().WriteRow(T14Cells(t14.sum())));
  return file.Finish(Cat("T14四个一批汇总表_", region.name), t14.meta());
}

// --- T2
// -------------------------------------------------------------------------------------------

// The dimensions of the criteria in force (R028): code and name.
using Dimensions = std::vector<std::pair<std::string, std::string>>;

table::TableSpec T2Spec(FourClass four_class, const Dimensions& dimensions) {
  table::TableSpec spec;
  spec.table_no = "T2";
  spec.title_zh = Cat("四个一批台账（", EnumZh(four_class), "）");
  auto& c = spec.columns;
  c.push_back(Column("no", "序号", ColumnKind::kInt));
  c.push_back(Column("code", "编码", ColumnKind::kCode));
  c.push_back(Column("name", "名称"));
  c.push_back(Column("place", "地点"));
  c.push_back(Column("fund_sources", "资金来源"));
  c.push_back(Column("invested_fen", "投入", ColumnKind::kWanYuan));
  c.push_back(Column("asset_value_fen", "资产原值", ColumnKind::kWanYuan));
  const std::string group = dimensions.size() == 5 ? "五维得分" : "各维度得分";
  for (const auto& [code, name] : dimensions) {
    c.push_back(Column(code, name, ColumnKind::kBp, "分", {group}));
  }
  c.push_back(Column("total", "总分", ColumnKind::kBp, "分"));
  c.push_back(Column("suggested_class", "系统建议类别"));
  c.push_back(Column("final_class", "认定类别"));
  c.push_back(Column("basis", "认定依据/理由"));
  c.push_back(Column("decided_on", "认定时间", ColumnKind::kDate));
  c.push_back(Column("criteria_version", "标准版本", ColumnKind::kInt));
  c.push_back(Column("short_boards", "主要短板/困难原因"));
  c.push_back(Column("measures", "采取措施"));
  c.push_back(Column("responsible_unit", "责任单位"));
  c.push_back(Column("responsible_person", "责任人"));
  c.push_back(Column("due", "完成时限", ColumnKind::kDate));
  c.push_back(Column("progress", "进展"));
  c.push_back(Column("closed_out", "是否销号"));
  c.push_back(Column("closed_out_on", "销号时间", ColumnKind::kDate));
  c.push_back(Column("closed_out_to", "销号去向"));
  c.push_back(Column("signed", "签字状态（村/乡/县）"));
  return spec;
}

// What a page of entries needs from other tables, read in a handful of statements.
struct T2Page {
  const MeasureCatalogue* catalogue = nullptr;
  Dimensions dimensions;
  absl::flat_hash_map<Ulid, v1::Evaluation> evaluations;
  absl::flat_hash_map<Ulid, std::string> short_boards;
  absl::flat_hash_map<Ulid, std::string> fund_sources;
};

using CodeNames = std::map<std::string, std::string>;

absl::StatusOr<CodeNames> FundSourceNames(mysql::Executor& db) {
  CodeNames names;
  ASSIGN_OR_RETURN(std::vector<ReferenceRow> rows, LoadCodes(db, "FUND_SOURCE"));
  for (const ReferenceRow& row : rows) {
    registry::v1::Code code;
    if (code.ParseFromString(row.payload)) names[code.code()] = code.name_zh();
  }
  return names;
}

absl::StatusOr<T2Page> LoadPage(mysql::Executor& db, const std::vector<LedgerRow>& rows,
                                FourClass four_class, const CodeNames& fund_names,
                                const MeasureCatalogue& catalogue, const Dimensions& dimensions) {
  T2Page page;
  page.catalogue = &catalogue;
  page.dimensions = dimensions;
  std::vector<Ulid> evaluation_ids, project_ids;
  for (const LedgerRow& row : rows) {
    evaluation_ids.push_back(row.evaluation_id);
    if (row.subject_type == kProjectSubject) project_ids.push_back(row.subject_id);
  }
  ASSIGN_OR_RETURN(std::vector<EvaluationRow> evaluations,
                   GetEvaluations(db, evaluation_ids, std::nullopt));
  for (const EvaluationRow& row : evaluations) {
    ASSIGN_OR_RETURN(page.evaluations[row.id], ToMessage(row));
  }
  if (four_class == FourClass::kUpgrade) {
    // The short boards stand in the explanation alone (R031).
    ASSIGN_OR_RETURN(auto explanations, LoadExplanations(db, evaluation_ids));
    for (const auto& [id, json] : explanations) {
      absl::StatusOr<Explanation> explanation = ParseExplanation(json);
      if (!explanation.ok()) continue;
      std::vector<std::string> texts;
      for (const ShortBoard& b : explanation->short_boards) texts.push_back(b.text_zh);
      page.short_boards[id] = absl::StrJoin(texts, "；");
    }
  }
  ASSIGN_OR_RETURN(std::vector<FactSourceRow> sources,
                   LoadFactSources(db, project_ids, {kProjectFacts}));
  for (const FactSourceRow& row : sources) {
    registry::v1::Project project;
    if (!project.ParseFromString(row.payload)) continue;
    std::vector<std::string> names;
    for (const registry::v1::DeclaredFunding& f : project.declared_funding()) {
      auto name = fund_names.find(f.source_code());
      std::string text = name == fund_names.end() ? f.source_code() : name->second;
      if (std::find(names.begin(), names.end(), text) == names.end()) {
        names.push_back(std::move(text));
      }
    }
    page.fund_sources[row.subject_id] = absl::StrJoin(names, "；");
  }
  return page;
}

std::string BasisOf(const v1::Evaluation& e, const MeasureCatalogue& catalogue) {
  if (e.has_override()) {
    const std::string& code = e.override().reason_code();
    const OverrideReasonDef* reason = catalogue.FindOverrideReason(code);
    return Cat("人工调整（", reason == nullptr ? code : reason->name_zh, "）：",
               e.override().reason_text());
  }
  if (e.result() == v1::EVALUATION_RESULT_MANUAL_REVIEW) return "人工研判，论证认定";
  return Cat(e.rule_id(), "：", e.summary_zh());
}

std::vector<Cell> T2Cells(int64_t number, const LedgerRow& row, const v1::LedgerEntry& entry,
                          const T2Page& page, const RegionNames& names,
                          const LedgerSignatures& signatures) {
  const auto found = page.evaluations.find(row.evaluation_id);
  static const v1::Evaluation* const kNone = new v1::Evaluation();
  const v1::Evaluation& e = found == page.evaluations.end() ? *kNone : found->second;
  const FourClass four_class = static_cast<FourClass>(row.four_class);
  const auto text_of = [](const absl::flat_hash_map<Ulid, std::string>& map, const Ulid& id) {
    auto it = map.find(id);
    return it == map.end() ? std::string() : it->second;
  };
  std::vector<Cell> cells;
  cells.emplace_back(number);
  cells.emplace_back(entry.subject_code());
  cells.emplace_back(entry.subject_name());
  cells.emplace_back(names.PlaceOf(row.region_path));
  cells.emplace_back(text_of(page.fund_sources, row.subject_id));
  cells.emplace_back(row.invested_fen);
  cells.emplace_back(row.asset_value_fen);
  for (const auto& [code, dimension] : page.dimensions) {
    Cell cell;
    for (const v1::DimensionScore& score : e.dimensions()) {
      if (score.code() == code && score.has_score_bp()) cell = int64_t{score.score_bp()};
    }
    cells.push_back(std::move(cell));
  }
  cells.push_back(entry.has_total_bp() ? Cell(int64_t{entry.total_bp()}) : Cell());
  cells.emplace_back(std::string(EnumZh(FromMessage(e.result()))));
  cells.emplace_back(std::string(EnumZh(four_class)));
  cells.emplace_back(BasisOf(e, *page.catalogue));
  cells.emplace_back(ShanghaiDay(row.entered_at));
  cells.emplace_back(int64_t{e.criteria_version()});
  std::string difficulty = text_of(page.short_boards, row.evaluation_id);
  if (!entry.plan().cause().empty()) {
    const CauseDef* cause = page.catalogue->FindCause(entry.plan().cause());
    difficulty = cause == nullptr ? entry.plan().cause() : cause->name_zh;
  }
  cells.emplace_back(std::move(difficulty));
  std::vector<std::string> measures, progress;
  for (const v1::PlannedMeasure& m : entry.plan().measures()) {
    const MeasureDef* def = page.catalogue->FindMeasure(four_class, m.code());
    const std::string name = def == nullptr ? m.code() : def->name_zh;
    measures.push_back(
        Cat(m.code(), " ", name, m.description().empty() ? "" : "：", m.description()));
    progress.push_back(Cat(name, " ", table::FormatCell(ColumnKind::kBp, int64_t{m.progress_bp()}),
                           "%", m.progress_note().empty() ? "" : "，", m.progress_note()));
  }
  cells.emplace_back(absl::StrJoin(measures, "；"));
  cells.emplace_back(entry.plan().responsible_unit());
  cells.emplace_back(entry.plan().responsible_person());
  std::optional<absl::CivilDay> due = ToDay(entry.plan().due());
  cells.push_back(due ? Cell(*due) : Cell());
  cells.emplace_back(absl::StrJoin(progress, "；"));
  // Only a close-out counts as one; who changed class by re-evaluation stands in that class's
  // table.
  const bool closed_out = !row.open && row.leave_reason == kClosedOut;
  cells.emplace_back(std::string(closed_out ? "是" : "否"));
  cells.push_back(closed_out && row.left_at ? Cell(ShanghaiDay(*row.left_at)) : Cell());
  cells.emplace_back(!closed_out        ? std::string()
                     : row.left_to != 0 ? std::string(EnumZh(static_cast<FourClass>(row.left_to)))
                                        : std::string("处置退出"));
  std::vector<std::string> marks;
  for (size_t digits : {12, 9, 6}) {
    if (row.region_path.size() < digits) {
      marks.push_back("—");
    } else {
      marks.push_back(signatures.Stands(row.region_path.substr(0, digits)) ? "已签" : "未签");
    }
  }
  cells.emplace_back(absl::StrJoin(marks, "/"));
  return cells;
}

absl::Status ExportT2(CallContext& context, const Deps& deps, const v1::ExportT2Request& request,
                      rpc::Writer<Chunk>& writer) {
  RETURN_IF_ERROR(CheckFormat(request.format()));
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  const std::string& path = region.region_path;
  const FourClass four_class = static_cast<FourClass>(request.class_());
  // A village's table shows whether its township and county have signed, too.
  LedgerSignatures signatures;
  RETURN_IF_ERROR(signatures.Load(context.db, path.substr(0, 6)));
  std::vector<std::string> missing = signatures.Unsigned(path, true);
  ASSIGN_OR_RETURN(std::string note, DraftNote(context.db, missing));
  ASSIGN_OR_RETURN(CodeNames fund_names, FundSourceNames(context.db));
  ASSIGN_OR_RETURN(const MeasureCatalogue catalogue,
                   LoadMeasures(context.db, ShanghaiDay(context.now)));
  ASSIGN_OR_RETURN(const CriteriaPtr criteria,
                   deps.evaluator->CriteriaFor(context.db, path, ShanghaiDay(context.now)));
  Dimensions dimensions;
  for (const DimensionDef& d : criteria->engine.criteria().dimensions) {
    dimensions.emplace_back(d.code, d.name_zh);
  }
  std::string filters = Cat(EnumZh(four_class), "；实时");
  if (request.subject_type() != type::v1::SUBJECT_TYPE_UNSPECIFIED) {
    filters += request.subject_type() == type::v1::SUBJECT_TYPE_PROJECT ? "；项目" : "；产业";
  }
  type::v1::TableMeta meta = MetaOf(context, "T2", region.name, request.preparer(),
                                    request.reviewer(), std::move(note), std::move(filters));
  FileStream file(writer, request.format(), request.no_bom());
  RETURN_IF_ERROR(
      file.table().Begin(T2Spec(four_class, dimensions),
                         ToTable(meta, {"村级（签章）", "乡镇（签章）", "县级（签章）"})));
  EntryQuery query;
  query.region = path;
  query.four_class = request.class_();
  query.subject_type = request.subject_type();
  // The ledgers of the two classes that are closed out keep what has been (是否销号).
  query.include_closed_out =
      four_class == FourClass::kRevitalize || four_class == FourClass::kAdjust;
  query.limit = kPageRows;
  RegionNames names;
  int64_t number = 0;
  while (true) {
    if (context.cancelled && context.cancelled())
      return absl::CancelledError("the client went away");
    ASSIGN_OR_RETURN(std::vector<LedgerRow> rows, ListEntries(context.db, query, context.scope));
    if (rows.empty()) break;
    ASSIGN_OR_RETURN(T2Page page,
                     LoadPage(context.db, rows, four_class, fund_names, catalogue, dimensions));
    std::vector<std::string> codes;
    for (const LedgerRow& row : rows) {
      for (size_t digits : {6, 9, 12}) {
        if (row.region_path.size() >= digits) codes.push_back(row.region_path.substr(0, digits));
      }
    }
    RETURN_IF_ERROR(names.Load(context.db, codes));
    for (const LedgerRow& row : rows) {
      ASSIGN_OR_RETURN(v1::LedgerEntry entry, ToMessage(row));
      RETURN_IF_ERROR(
          file.table().WriteRow(T2Cells(++number, row, entry, page, names, signatures)));
    }
    if (rows.size() < static_cast<size_t>(kPageRows)) break;
    query.after = {rows.back().region_path, rows.back().id};
  }
  return file.Finish(Cat("T2四个一批台账_", EnumZh(four_class), "_", region.name), std::move(meta));
}

}  // namespace

void RegisterLedgerTables(rpc::Router& router, const Deps& deps) {
  const std::string service = "bangfu.evaluation.v1.LedgerService.";
  router.Unary<v1::GetT14Request, v1::T14>(service + "GetT14", GetT14);
  router.ServerStream<v1::ExportT14Request, Chunk>(service + "ExportT14", ExportT14);
  router.ServerStream<v1::ExportT2Request, Chunk>(
      service + "ExportT2",
      [deps](CallContext& context, const v1::ExportT2Request& request, rpc::Writer<Chunk>& writer) {
        return ExportT2(context, deps, request, writer);
      });
}

}  // namespace bangfu::evaluation
