#include "services/evaluation/api/ledger_file.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/table/csv.h"
#include "common/table/xlsx_writer.h"
#include "services/evaluation/convert/evaluation_message.h"

namespace bangfu::evaluation {

namespace {

constexpr size_t kChunkBytes = 64 << 10;

type::v1::TableMeta MetaOf(Particulars&& p, std::string_view what) {
  type::v1::TableMeta meta;
  meta.set_table_no(std::string(p.table_no));
  meta.set_reporting_unit(std::move(p.unit_name));
  meta.set_preparer(std::move(p.preparer));
  meta.set_reviewer(std::move(p.reviewer));
  meta.set_filters(p.filters.empty() ? std::string(what) : Cat(p.filters, "；", what));
  return meta;
}

}  // namespace

ChunkedFile::ChunkedFile(type::v1::FileFormat format, bool no_bom) {
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

absl::Status ChunkedFile::Finish(const std::string& name, type::v1::TableMeta meta) {
  ASSIGN_OR_RETURN(table::TableSummary summary, table_->Finish());
  meta.set_row_count(summary.row_count);
  meta.set_rows_sha256(summary.rows_sha256);
  Chunk& last = chunks_.emplace_back();
  *last.mutable_meta() = std::move(meta);
  last.set_file_name(Cat(name, ".", table_->file_extension()));
  finished_ = true;
  return absl::OkStatus();
}

std::optional<ChunkedFile::Chunk> ChunkedFile::Next() {
  if (chunks_.empty()) return std::nullopt;
  std::optional<Chunk> next(std::move(chunks_.front()));
  chunks_.pop_front();
  bytes_ -= next->data().size();
  return next;
}

absl::Status ChunkedFile::Take(std::string_view bytes) {
  bytes_ += bytes.size();
  if (bytes_ > kMaxBytes) {
    return Error(absl::StatusCode::kResourceExhausted, "FILE_TOO_LARGE")
        .Message("the file is too large")
        .Zh("文件过大，请按下级地区分别导出");
  }
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().data().size() >= kChunkBytes) chunks_.emplace_back();
    std::string& data = *chunks_.back().mutable_data();
    const size_t some = std::min(bytes.size(), kChunkBytes - data.size());
    data.append(bytes.substr(0, some));
    bytes.remove_prefix(some);
  }
  return absl::OkStatus();
}

std::unique_ptr<rpc::Source<ChunkedFile::Chunk>> SourceOf(std::unique_ptr<ChunkedFile> file) {
  return rpc::MakeSource<ChunkedFile::Chunk>(
      [file = std::move(file)](rpc::CallContext&) { return file->Next(); });
}

absl::Status CheckFormat(type::v1::FileFormat format) {
  if (format == type::v1::FILE_FORMAT_CSV || format == type::v1::FILE_FORMAT_XLSX) {
    return absl::OkStatus();
  }
  return InvalidField("format", "没有此文件格式");
}

table::ColumnSpec Column(std::string key, std::string header, table::ColumnKind kind,
                         std::string unit, std::vector<std::string> groups) {
  table::ColumnSpec column;
  column.key = std::move(key);
  column.header_zh = std::move(header);
  column.unit = std::move(unit);
  column.kind = kind;
  column.groups = std::move(groups);
  return column;
}

type::v1::TableMeta LiveMeta(const rpc::CallContext& context, Particulars particulars,
                             std::string draft_note,
                             const std::vector<type::v1::Watermark>& watermarks) {
  type::v1::TableMeta meta = MetaOf(std::move(particulars), period::LiveZh(watermarks));
  SetDay(ShanghaiDay(context.now), meta.mutable_reported_on());
  SetTime(context.now, meta.mutable_snapshot_time());
  meta.set_draft_note(std::move(draft_note));
  meta.mutable_watermarks()->Assign(watermarks.begin(), watermarks.end());
  return meta;
}

type::v1::TableMeta FrozenMeta(const period::v1::Period& period, Particulars particulars) {
  if (particulars.preparer.empty()) particulars.preparer = period.prepared_by().name();
  type::v1::TableMeta meta = MetaOf(std::move(particulars), period::RevisionZh(period));
  SetDay(ShanghaiDay(TimeOf(period.frozen_at())), meta.mutable_reported_on());
  *meta.mutable_snapshot_time() = period.frozen_at();
  meta.set_draft_note(period.draft_note());
  *meta.mutable_watermarks() = period.watermarks();
  meta.set_period_id(period.id());
  meta.set_revision(period.revision());
  meta.set_frozen_sha256(period.rows_sha256());
  return meta;
}

table::TableMeta ToTable(const type::v1::TableMeta& meta, std::vector<std::string> signers) {
  table::TableMeta out;
  out.reporting_unit = meta.reporting_unit();
  if (std::optional<absl::CivilDay> day = DayOf(meta.reported_on())) {
    out.reporting_date = absl::FormatCivilTime(*day);
  }
  out.preparer = meta.preparer();
  out.reviewer = meta.reviewer();
  out.filters = meta.filters();
  out.snapshot_time = TimeOf(meta.snapshot_time());
  out.draft_note = meta.draft_note();
  out.signers = std::move(signers);
  return out;
}

}  // namespace bangfu::evaluation
