// T2 四个一批台账 (domain.md §7): one class of a village, township or county, live and frozen.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "bangfu/registry/v1/project.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/rpc/router.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/api/ledger_file.h"
#include "services/evaluation/api/ledger_periods.h"
#include "services/evaluation/api/ledger_units.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/explanation.h"
#include "services/evaluation/domain/lifecycle.h"
#include "services/evaluation/domain/measures.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/jobs/evaluator.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/lifecycle_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;
using table::Cell;
using table::ColumnKind;
using Chunk = type::v1::FileChunk;

constexpr char kTableNo[] = "T2";
constexpr int kPageRows = 500;

// The dimensions of a set of criteria (R028): code and name.
using Dimensions = std::vector<std::pair<std::string, std::string>>;

// Those in force in a region on a day.
absl::StatusOr<Dimensions> DimensionsOn(mysql::Executor& db, const Deps& deps,
                                        const std::string& region_path, absl::CivilDay day) {
  ASSIGN_OR_RETURN(const CriteriaPtr criteria, deps.evaluator->CriteriaFor(db, region_path, day));
  Dimensions dimensions;
  for (const DimensionDef& d : criteria->engine.criteria().dimensions) {
    dimensions.emplace_back(d.code, d.name_zh);
  }
  return dimensions;
}

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
                                const CodeNames& fund_names) {
  T2Page page;
  std::vector<Ulid> evaluation_ids, upgrade_ids, project_ids;
  for (const LedgerRow& row : rows) {
    evaluation_ids.push_back(row.evaluation_id);
    if (row.four_class == static_cast<int>(FourClass::kUpgrade)) {
      upgrade_ids.push_back(row.evaluation_id);
    }
    if (row.subject_type == kProjectSubject) project_ids.push_back(row.subject_id);
  }
  ASSIGN_OR_RETURN(std::vector<EvaluationRow> evaluations,
                   GetEvaluations(db, evaluation_ids, std::nullopt));
  for (const EvaluationRow& row : evaluations) {
    ASSIGN_OR_RETURN(page.evaluations[row.id], ToMessage(row));
  }
  if (!upgrade_ids.empty()) {
    // The short boards stand in the explanation alone (R031).
    ASSIGN_OR_RETURN(auto explanations, LoadExplanations(db, upgrade_ids));
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

// （水、路）
std::string PartsOf(const v1::PlannedMeasure& m, const MeasureDef* def) {
  if (m.parts().empty()) return "";
  std::vector<std::string> names;
  for (const std::string& code : m.parts()) {
    std::string& name = names.emplace_back(code);
    if (def == nullptr) continue;
    for (const MeasurePart& part : def->parts) {
      if (part.code == code) name = part.name_zh;
    }
  }
  return Cat("（", absl::StrJoin(names, "、"), "）");
}

v1::T2Row RowOf(const LedgerRow& row, const v1::LedgerEntry& entry, const T2Page& page,
                const MeasureCatalogue& catalogue, const RegionNames& names) {
  const auto found = page.evaluations.find(row.evaluation_id);
  static const v1::Evaluation* const kNone = new v1::Evaluation();
  const v1::Evaluation& e = found == page.evaluations.end() ? *kNone : found->second;
  const FourClass four_class = static_cast<FourClass>(row.four_class);
  const auto text_of = [](const absl::flat_hash_map<Ulid, std::string>& map, const Ulid& id) {
    auto it = map.find(id);
    return it == map.end() ? std::string() : it->second;
  };
  v1::T2Row out;
  out.set_entry_id(row.id.ToString());
  out.set_subject_type(static_cast<type::v1::SubjectType>(row.subject_type));
  out.set_subject_id(row.subject_id.ToString());
  out.set_region_path(row.region_path);
  out.set_code(entry.subject_code());
  out.set_name(entry.subject_name());
  out.set_place(names.PlaceOf(row.region_path));
  out.set_fund_sources(text_of(page.fund_sources, row.subject_id));
  out.set_invested_fen(row.invested_fen);
  out.set_asset_value_fen(row.asset_value_fen);
  for (const v1::DimensionScore& score : e.dimensions()) {
    if (!score.has_score_bp()) continue;
    v1::T2Score* to = out.add_scores();
    to->set_code(score.code());
    to->set_score_bp(score.score_bp());
  }
  if (entry.has_total_bp()) out.set_total_bp(entry.total_bp());
  out.set_suggested_zh(std::string(EnumZh(FromMessage(e.result()))));
  out.set_class_(static_cast<type::v1::FourClass>(row.four_class));
  out.set_basis(BasisOf(e, catalogue));
  SetDay(ShanghaiDay(row.entered_at), out.mutable_decided_on());
  out.set_criteria_version(e.criteria_version());
  std::string difficulty = text_of(page.short_boards, row.evaluation_id);
  if (!entry.plan().cause().empty()) {
    const CauseDef* cause = catalogue.FindCause(entry.plan().cause());
    difficulty = cause == nullptr ? entry.plan().cause() : cause->name_zh;
  }
  out.set_difficulty(std::move(difficulty));
  std::vector<std::string> measures, progress;
  for (const v1::PlannedMeasure& m : entry.plan().measures()) {
    const MeasureDef* def = catalogue.FindMeasure(four_class, m.code());
    const std::string name = def == nullptr ? m.code() : def->name_zh;
    measures.push_back(Cat(m.code(), " ", name, PartsOf(m, def),
                           m.description().empty() ? "" : "：", m.description()));
    progress.push_back(Cat(name, " ", table::FormatCell(ColumnKind::kBp, int64_t{m.progress_bp()}),
                           "%", m.progress_note().empty() ? "" : "，", m.progress_note()));
  }
  out.set_measures(absl::StrJoin(measures, "；"));
  out.set_responsible_unit(entry.plan().responsible_unit());
  out.set_responsible_person(entry.plan().responsible_person());
  if (entry.plan().has_due()) *out.mutable_due() = entry.plan().due();
  out.set_progress(absl::StrJoin(progress, "；"));
  // Only a close-out counts as one; who changed class by re-evaluation stands in that class's
  // table.
  if (!row.open && row.leave_reason == kClosedOut) {
    out.set_closed_out(true);
    if (row.left_at) SetDay(ShanghaiDay(*row.left_at), out.mutable_closed_out_on());
    out.set_closed_out_to(row.left_to != 0
                              ? std::string(EnumZh(static_cast<FourClass>(row.left_to)))
                              : std::string("处置退出"));
  }
  return out;
}

Cell DayCell(const google::type::Date& date) {
  std::optional<absl::CivilDay> day = DayOf(date);
  return day ? Cell(*day) : Cell();
}

std::vector<Cell> CellsOf(int64_t number, const v1::T2Row& row, const Dimensions& dimensions,
                          const period::SignBoard& board) {
  std::vector<Cell> cells;
  cells.emplace_back(number);
  cells.emplace_back(row.code());
  cells.emplace_back(row.name());
  cells.emplace_back(row.place());
  cells.emplace_back(row.fund_sources());
  cells.emplace_back(row.invested_fen());
  cells.emplace_back(row.asset_value_fen());
  for (const auto& [code, dimension] : dimensions) {
    Cell cell;
    for (const v1::T2Score& score : row.scores()) {
      if (score.code() == code) cell = int64_t{score.score_bp()};
    }
    cells.push_back(std::move(cell));
  }
  cells.push_back(row.has_total_bp() ? Cell(int64_t{row.total_bp()}) : Cell());
  cells.emplace_back(row.suggested_zh());
  cells.emplace_back(std::string(EnumZh(static_cast<FourClass>(row.class_()))));
  cells.emplace_back(row.basis());
  cells.push_back(DayCell(row.decided_on()));
  cells.emplace_back(int64_t{row.criteria_version()});
  cells.emplace_back(row.difficulty());
  cells.emplace_back(row.measures());
  cells.emplace_back(row.responsible_unit());
  cells.emplace_back(row.responsible_person());
  cells.push_back(DayCell(row.due()));
  cells.emplace_back(row.progress());
  cells.emplace_back(std::string(row.closed_out() ? "是" : "否"));
  cells.push_back(DayCell(row.closed_out_on()));
  cells.emplace_back(row.closed_out_to());
  std::vector<std::string> marks;
  for (size_t digits : {12, 9, 6}) {
    if (row.region_path().size() < digits) {
      marks.push_back("—");
    } else {
      marks.push_back(board.Stands(row.region_path().substr(0, digits)) ? "已签" : "未签");
    }
  }
  cells.emplace_back(absl::StrJoin(marks, "/"));
  return cells;
}

// The ledgers of the two classes that are closed out keep what has been (是否销号).
bool KeepsClosedOut(int four_class) {
  return four_class == static_cast<int>(FourClass::kRevitalize) ||
         four_class == static_cast<int>(FourClass::kAdjust);
}

// The rows of a query, by region and entry, a page at a time.
class RowPages {
 public:
  static absl::StatusOr<RowPages> Begin(mysql::Executor& db, EntryQuery query, RegionScopes scope) {
    RowPages pages(std::move(query), std::move(scope));
    ASSIGN_OR_RETURN(pages.fund_names_, FundSourceNames(db));
    // For the names alone, which do not depend on the day.
    ASSIGN_OR_RETURN(pages.catalogue_, LoadMeasures(db, absl::CivilDay()));
    return pages;
  }

  bool ended() const { return ended_; }
  // The rows of the next page, of which there may be none.
  absl::StatusOr<std::vector<v1::T2Row>> Next(mysql::Executor& db) {
    std::vector<v1::T2Row> out;
    ASSIGN_OR_RETURN(std::vector<LedgerRow> rows, ListEntries(db, query_, scope_));
    ended_ = rows.size() < static_cast<size_t>(kPageRows);
    if (rows.empty()) return out;
    ASSIGN_OR_RETURN(T2Page page, LoadPage(db, rows, fund_names_));
    std::vector<std::string> codes;
    for (const LedgerRow& row : rows) {
      for (size_t digits : {6, 9, 12}) {
        if (row.region_path.size() >= digits) codes.push_back(row.region_path.substr(0, digits));
      }
    }
    RETURN_IF_ERROR(names_.Load(db, codes));
    for (const LedgerRow& row : rows) {
      if (!row.open && !KeepsClosedOut(row.four_class)) continue;
      ASSIGN_OR_RETURN(v1::LedgerEntry entry, ToMessage(row));
      out.push_back(RowOf(row, entry, page, catalogue_, names_));
    }
    query_.after = {rows.back().region_path, rows.back().id};
    return out;
  }

 private:
  RowPages(EntryQuery query, RegionScopes scope)
      : query_(std::move(query)), scope_(std::move(scope)) {
    query_.limit = kPageRows;
  }

  EntryQuery query_;
  RegionScopes scope_;
  CodeNames fund_names_;
  MeasureCatalogue catalogue_;
  RegionNames names_;
  bool ended_ = false;
};

class T2 final : public LedgerTable {
 public:
  std::string table_no() const override { return kTableNo; }
  std::string name_zh() const override { return "四个一批台账"; }
  // Villages and townships sign their part of the county's table.
  bool ReportedBy(std::string_view region_path) const override { return region_path.size() == 6; }
  absl::Status Rows(mysql::Executor& db, const std::string& region_path,
                    const std::vector<period::Component>&,
                    const period::RowSink& sink) const override {
    EntryQuery query;
    query.region = region_path;
    query.include_closed_out = true;
    ASSIGN_OR_RETURN(RowPages pages, RowPages::Begin(db, std::move(query), std::nullopt));
    while (!pages.ended()) {
      ASSIGN_OR_RETURN(const std::vector<v1::T2Row> rows, pages.Next(db));
      for (const v1::T2Row& row : rows) {
        RETURN_IF_ERROR(sink({row.entry_id(), row.region_path(), row.SerializeAsString()}));
      }
    }
    return absl::OkStatus();
  }
  const google::protobuf::Message& row_type() const override {
    return v1::T2Row::default_instance();
  }
  std::string TitleOf(const google::protobuf::Message& row) const override {
    const auto& t2 = static_cast<const v1::T2Row&>(row);
    return Cat(t2.code(), " ", t2.name());
  }
};

// A table of one class on its way into a file.
struct T2File {
  T2File(type::v1::FileFormat format, bool no_bom)
      : chunks(std::make_unique<ChunkedFile>(format, no_bom)) {}
  absl::Status Begin(FourClass four_class, const type::v1::TableMeta& meta) {
    return chunks->table().Begin(T2Spec(four_class, dimensions),
                                 ToTable(meta, {"村级（签章）", "乡镇（签章）", "县级（签章）"}));
  }
  absl::Status Write(const CallContext& context, const v1::T2Row& row) {
    if (context.cancelled && context.cancelled()) {
      return absl::CancelledError("the client went away");
    }
    return chunks->table().WriteRow(CellsOf(++number, row, dimensions, board));
  }

  std::unique_ptr<ChunkedFile> chunks;
  period::SignBoard board;
  Dimensions dimensions;
  int64_t number = 0;  // of the last row
};

absl::StatusOr<std::unique_ptr<rpc::Source<Chunk>>> ExportT2(CallContext& context, const Deps& deps,
                                                             const v1::ExportT2Request& request) {
  RETURN_IF_ERROR(CheckFormat(request.format()));
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  const std::string& path = region.region_path;
  const std::string county = path.substr(0, 6);
  const FourClass four_class = static_cast<FourClass>(request.class_());
  Particulars particulars;
  particulars.table_no = kTableNo;
  particulars.unit_name = region.name;
  particulars.preparer = request.preparer();
  particulars.reviewer = request.reviewer();
  particulars.filters = std::string(EnumZh(four_class));
  if (request.subject_type() != type::v1::SUBJECT_TYPE_UNSPECIFIED) {
    particulars.filters +=
        request.subject_type() == type::v1::SUBJECT_TYPE_PROJECT ? "；项目" : "；产业";
  }
  const std::string name = Cat("T2四个一批台账_", EnumZh(four_class), "_", region.name);
  T2File file(request.format(), request.no_bom());
  if (!request.period().empty()) {
    ASSIGN_OR_RETURN(period::FrozenTable frozen,
                     period::FindFrozen(context.db, PeriodOptions(nullptr), kTableNo, county,
                                        request.period(), request.revision(), context.now));
    file.board = std::move(frozen.board);
    ASSIGN_OR_RETURN(file.dimensions, DimensionsOn(context.db, deps, path,
                                                   ShanghaiDay(TimeOf(frozen.period.frozen_at()))));
    type::v1::TableMeta meta = FrozenMeta(frozen.period, std::move(particulars));
    // A part of the table lacks who has not signed in it.
    ASSIGN_OR_RETURN(std::string note, DraftNote(context.db, file.board.Unsigned(path, true)));
    meta.set_draft_note(std::move(note));
    RETURN_IF_ERROR(file.Begin(four_class, meta));
    RETURN_IF_ERROR(
        period::ReadRows(context.db, frozen.id, {path}, [&](period::Row row) -> absl::Status {
          v1::T2Row t2;
          if (!t2.ParseFromString(row.payload)) {
            return absl::DataLossError("a frozen row cannot be read");
          }
          if (t2.class_() != request.class_() ||
              (request.subject_type() != type::v1::SUBJECT_TYPE_UNSPECIFIED &&
               t2.subject_type() != request.subject_type())) {
            return absl::OkStatus();
          }
          return file.Write(context, t2);
        }));
    RETURN_IF_ERROR(file.chunks->Finish(name, std::move(meta)));
    return SourceOf(std::move(file.chunks));
  }
  // A village's table shows whether its township and county have signed, too.
  LedgerSignatures signatures;
  RETURN_IF_ERROR(signatures.Load(context.db, county, UnitDepth::kVillages));
  file.board = signatures.board();
  ASSIGN_OR_RETURN(file.dimensions, DimensionsOn(context.db, deps, path, ShanghaiDay(context.now)));
  ASSIGN_OR_RETURN(std::string note, DraftNote(context.db, file.board.Unsigned(path, true)));
  ASSIGN_OR_RETURN(auto watermarks, SourceWatermarks(context.db));
  type::v1::TableMeta meta = LiveMeta(context, std::move(particulars), std::move(note), watermarks);
  RETURN_IF_ERROR(file.Begin(four_class, meta));
  EntryQuery query;
  query.region = path;
  query.four_class = request.class_();
  query.subject_type = request.subject_type();
  query.include_closed_out = KeepsClosedOut(request.class_());
  ASSIGN_OR_RETURN(RowPages pages, RowPages::Begin(context.db, std::move(query), context.scope));
  // Of a province a table has more rows than are to wait for a client: a page is read when those
  // before it are taken.
  return rpc::MakeSource<Chunk>(
      [file = std::move(file), pages = std::move(pages), name,
       meta = std::move(meta)](CallContext& c) mutable -> absl::StatusOr<std::optional<Chunk>> {
        while (!file.chunks->ready()) {
          if (pages.ended()) {
            RETURN_IF_ERROR(file.chunks->Finish(name, std::move(meta)));
            break;
          }
          ASSIGN_OR_RETURN(const std::vector<v1::T2Row> rows, pages.Next(c.db));
          for (const v1::T2Row& row : rows) RETURN_IF_ERROR(file.Write(c, row));
        }
        return file.chunks->Next();
      });
}

}  // namespace

std::shared_ptr<const period::Table> T2Table() { return std::make_shared<T2>(); }

void RegisterT2(rpc::Router& router, const Deps& deps) {
  router.ServerStream<v1::ExportT2Request, Chunk>(
      "bangfu.evaluation.v1.LedgerService.ExportT2",
      [deps](CallContext& context, const v1::ExportT2Request& request) {
        return ExportT2(context, deps, request);
      });
}

}  // namespace bangfu::evaluation
