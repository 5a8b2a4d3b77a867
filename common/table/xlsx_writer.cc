#include "common/table/xlsx_writer.h"

#include <fcntl.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::table {
namespace {

// A double carries 15 decimal digits exactly; larger numbers are written as text.
constexpr int64_t kExactInDouble = 1'000'000'000'000'000;

absl::Status WriteError(lxw_error error) {
  if (error == LXW_NO_ERROR) return absl::OkStatus();
  if (error == LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED) {
    return TableError(kCellTooLong, "单元格文字超过 32767 字，xlsx 放不下");
  }
  if (error == LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE) {
    return TableError(kTooManyRows, "行数或列数超过 xlsx 的上限，请改用 CSV 或分次导出");
  }
  return Error(absl::StatusCode::kInternal, "TABLE_WRITE_FAILED")
      .Domain("table.bangfu")
      .Zh("写 xlsx 失败")
      .Message(lxw_strerror(error))
      .Build();
}

double DefaultWidth(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kText:
      return 18;
    case ColumnKind::kCode:
      return 20;
    case ColumnKind::kInt:
      return 9;
    case ColumnKind::kWanYuan:
      return 13;
    case ColumnKind::kBp:
      return 9;
    case ColumnKind::kDate:
      return 11;
  }
  return 12;
}

}  // namespace

struct XlsxWriter::Impl {
  Options options;
  ByteSink sink;
  TableSpec spec;
  TableMeta meta;
  std::string path;
  std::string temp_dir;  // libxlsxwriter keeps the pointer
  lxw_workbook* book = nullptr;
  lxw_worksheet* sheet = nullptr;
  lxw_format *title = nullptr, *line = nullptr, *header = nullptr, *text = nullptr, *code = nullptr,
             *integer = nullptr, *money = nullptr, *percent = nullptr;
  lxw_row_t next_row = 0;
  RowsDigest digest;

  ~Impl() {
    // Only a closed workbook frees what it holds.
    if (book != nullptr) workbook_close(book);
    if (!path.empty()) unlink(path.c_str());
  }

  lxw_col_t last_column() const {
    return static_cast<lxw_col_t>(spec.columns.empty() ? 0 : spec.columns.size() - 1);
  }

  // A range over columns of one row, written at once: in constant memory rows cannot be revisited.
  absl::Status Line(const std::string& content, lxw_format* format) {
    if (last_column() == 0) {
      RETURN_IF_ERROR(
          WriteError(worksheet_write_string(sheet, next_row, 0, content.c_str(), format)));
    } else {
      RETURN_IF_ERROR(WriteError(worksheet_merge_range(sheet, next_row, 0, next_row, last_column(),
                                                       content.c_str(), format)));
    }
    ++next_row;
    return absl::OkStatus();
  }

  absl::Status Headers() {
    size_t depth = 1;
    for (const ColumnSpec& c : spec.columns) depth = std::max(depth, c.groups.size() + 1);
    // Label of column c in header row d; a column with fewer groups reaches down to the last row.
    const auto label = [&](size_t c, size_t d) -> std::string {
      const ColumnSpec& column = spec.columns[c];
      if (d < column.groups.size()) return column.groups[d];
      return d == column.groups.size() ? HeaderText(column) : "";
    };
    const auto same_group = [&](size_t a, size_t b, size_t d) {
      const auto &ga = spec.columns[a].groups, &gb = spec.columns[b].groups;
      return ga.size() > d && gb.size() > d &&
             std::equal(ga.begin(), ga.begin() + d + 1, gb.begin());
    };
    struct Range {
      lxw_row_t r1, r2;
      lxw_col_t c1, c2;
    };
    std::vector<Range> ranges;
    const lxw_row_t first = next_row;
    for (size_t d = 0; d < depth; ++d) {
      for (size_t c = 0; c < spec.columns.size(); ++c) {
        const std::string content = label(c, d);
        const bool continued = c > 0 && same_group(c - 1, c, d);
        RETURN_IF_ERROR(WriteError(worksheet_write_string(
            sheet, first + static_cast<lxw_row_t>(d), static_cast<lxw_col_t>(c),
            continued ? "" : content.c_str(), header)));
        if (content.empty() || continued) continue;
        size_t end = c;
        while (end + 1 < spec.columns.size() && same_group(c, end + 1, d)) ++end;
        const size_t bottom = d == spec.columns[c].groups.size() ? depth - 1 : d;
        if (end > c || bottom > d) {
          ranges.push_back({first + static_cast<lxw_row_t>(d),
                            first + static_cast<lxw_row_t>(bottom), static_cast<lxw_col_t>(c),
                            static_cast<lxw_col_t>(end)});
        }
      }
    }
    // worksheet_merge_range writes the cells of the range again, which constant memory refuses for
    // rows that are on disk already. The cells are written; only the range is entered, as the
    // library does.
    for (const Range& r : ranges) {
      auto* range = static_cast<lxw_merged_range*>(std::calloc(1, sizeof(lxw_merged_range)));
      if (range == nullptr) return WriteError(LXW_ERROR_MEMORY_MALLOC_FAILED);
      range->first_row = r.r1;
      range->last_row = r.r2;
      range->first_col = r.c1;
      range->last_col = r.c2;
      STAILQ_INSERT_TAIL(sheet->merged_ranges, range, list_pointers);
      ++sheet->merged_range_count;
    }
    next_row = first + static_cast<lxw_row_t>(depth);
    return absl::OkStatus();
  }
};

XlsxWriter::XlsxWriter(Options options, ByteSink sink) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  impl_->sink = std::move(sink);
}

XlsxWriter::~XlsxWriter() = default;

absl::Status XlsxWriter::Begin(const TableSpec& spec, const TableMeta& meta) {
  Impl& im = *impl_;
  im.spec = spec;
  im.meta = meta;
  std::error_code ec;
  im.temp_dir = im.options.temp_dir.empty() ? std::filesystem::temp_directory_path(ec).string()
                                            : im.options.temp_dir;
  std::string path = Cat(im.temp_dir, "/bangfu-table-XXXXXX");
  const int fd = mkstemp(path.data());
  if (fd < 0) {
    return Error(absl::StatusCode::kUnavailable, "TABLE_TEMP_FILE")
        .Domain("table.bangfu")
        .Zh("无法建立临时文件")
        .Build();
  }
  close(fd);
  im.path = path;
  lxw_workbook_options options = {};
  options.constant_memory = LXW_TRUE;
  options.tmpdir = im.temp_dir.data();
  im.book = workbook_new_opt(path.c_str(), &options);
  if (im.book == nullptr) return WriteError(LXW_ERROR_MEMORY_MALLOC_FAILED);
  lxw_doc_properties properties = {};
  std::string title = Cat(spec.table_no, " ", spec.title_zh);
  properties.title = title.data();
  properties.company = im.meta.reporting_unit.data();
  if (meta.snapshot_time != absl::InfinitePast())
    properties.created = absl::ToTimeT(meta.snapshot_time);
  workbook_set_properties(im.book, &properties);
  im.sheet = workbook_add_worksheet(im.book, Utf8Truncate(im.options.sheet_name, 31).c_str());
  if (im.sheet == nullptr) return TableError(kMalformed, "工作表名称无效");

  const auto format = [&](bool border, bool bold, lxw_format_alignments align, const char* number) {
    lxw_format* f = workbook_add_format(im.book);
    format_set_font_name(f, "宋体");
    format_set_font_size(f, 10);
    format_set_align(f, align);
    format_set_align(f, LXW_ALIGN_VERTICAL_CENTER);
    if (border) format_set_border(f, LXW_BORDER_THIN);
    if (bold) format_set_bold(f);
    if (number != nullptr) format_set_num_format(f, number);
    return f;
  };
  im.title = format(false, true, LXW_ALIGN_CENTER, nullptr);
  format_set_font_size(im.title, 16);
  im.line = format(false, false, LXW_ALIGN_LEFT, nullptr);
  im.header = format(true, true, LXW_ALIGN_CENTER, nullptr);
  format_set_text_wrap(im.header);
  im.text = format(true, false, LXW_ALIGN_LEFT, "@");
  format_set_text_wrap(im.text);
  im.code = format(true, false, LXW_ALIGN_LEFT, "@");
  im.integer = format(true, false, LXW_ALIGN_RIGHT, "0");
  im.money = format(true, false, LXW_ALIGN_RIGHT, "#,##0.00####");
  im.percent = format(true, false, LXW_ALIGN_RIGHT, "0.00");

  for (size_t c = 0; c < spec.columns.size(); ++c) {
    const double width =
        spec.columns[c].width > 0 ? spec.columns[c].width : DefaultWidth(spec.columns[c].kind);
    RETURN_IF_ERROR(WriteError(worksheet_set_column(im.sheet, static_cast<lxw_col_t>(c),
                                                    static_cast<lxw_col_t>(c), width, nullptr)));
  }
  worksheet_set_landscape(im.sheet);
  worksheet_set_paper(im.sheet, 9);  // A4
  worksheet_fit_to_pages(im.sheet, 1, 0);
  worksheet_set_margins(im.sheet, 0.4, 0.4, 0.6, 0.6);
  worksheet_set_footer(im.sheet, "&C第 &P 页 共 &N 页");

  worksheet_set_row(im.sheet, im.next_row, 28, nullptr);
  RETURN_IF_ERROR(im.Line(
      Cat(title, meta.draft_note.empty() ? "" : Cat("（", meta.draft_note, "）")), im.title));
  RETURN_IF_ERROR(
      im.Line(Cat("填报单位：", meta.reporting_unit, "    填报日期：", meta.reporting_date,
                  "    填报人：", meta.preparer, "    审核人：", meta.reviewer),
              im.line));
  if (!meta.filters.empty() || meta.snapshot_time != absl::InfinitePast()) {
    std::string about;
    if (!meta.filters.empty()) absl::StrAppend(&about, "筛选条件：", meta.filters, "    ");
    if (meta.snapshot_time != absl::InfinitePast()) {
      absl::StrAppend(
          &about, "数据截至：",
          absl::FormatTime("%Y-%m-%d %H:%M:%S", meta.snapshot_time, ShanghaiTimeZone()));
    }
    RETURN_IF_ERROR(im.Line(about, im.line));
  }
  const lxw_row_t first_header = im.next_row;
  RETURN_IF_ERROR(im.Headers());
  worksheet_repeat_rows(im.sheet, first_header, im.next_row - 1);
  worksheet_freeze_panes(im.sheet, im.next_row, 0);
  return absl::OkStatus();
}

absl::Status XlsxWriter::WriteRow(const std::vector<Cell>& row) {
  Impl& im = *impl_;
  if (row.size() != im.spec.columns.size()) return TableError(kRowShape, "列数与表头不符");
  std::vector<std::string> printed;
  printed.reserve(row.size());
  for (size_t i = 0; i < row.size(); ++i) {
    const ColumnKind kind = im.spec.columns[i].kind;
    const auto column = static_cast<lxw_col_t>(i);
    printed.push_back(FormatCell(kind, row[i]));
    const auto* number = std::get_if<int64_t>(&row[i]);
    const bool as_number = number != nullptr && kind != ColumnKind::kCode &&
                           *number<kExactInDouble&& * number> - kExactInDouble;
    if (printed.back().empty()) {
      RETURN_IF_ERROR(WriteError(worksheet_write_blank(im.sheet, im.next_row, column, im.text)));
    } else if (as_number) {
      lxw_format* f = kind == ColumnKind::kWanYuan ? im.money
                      : kind == ColumnKind::kBp    ? im.percent
                                                   : im.integer;
      // The decimal text has at most 15 digits, so the double stands for exactly that decimal.
      RETURN_IF_ERROR(WriteError(worksheet_write_number(
          im.sheet, im.next_row, column, std::strtod(printed.back().c_str(), nullptr), f)));
    } else {
      // Strings are stored as strings: a spreadsheet shows "=1+1", it does not run it.
      RETURN_IF_ERROR(
          WriteError(worksheet_write_string(im.sheet, im.next_row, column, printed.back().c_str(),
                                            kind == ColumnKind::kCode ? im.code : im.text)));
    }
  }
  ++im.next_row;
  im.digest.Add(printed);
  return absl::OkStatus();
}

absl::StatusOr<TableSummary> XlsxWriter::Finish() {
  Impl& im = *impl_;
  TableSummary summary = im.digest.Finish();
  RETURN_IF_ERROR(im.Line(
      Cat("共 ", summary.row_count, " 行    校验值 SHA-256：", summary.rows_sha256), im.line));
  if (!im.meta.signers.empty()) {
    worksheet_set_row(im.sheet, im.next_row, 30, nullptr);
    RETURN_IF_ERROR(
        im.Line(absl::StrJoin(im.meta.signers, "：                    ") + "：", im.line));
  }
  const lxw_error closed = workbook_close(std::exchange(im.book, nullptr));
  RETURN_IF_ERROR(WriteError(closed));
  std::ifstream file(im.path, std::ios::binary);
  std::string buffer(256 << 10, '\0');
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (file.gcount() > 0) {
      RETURN_IF_ERROR(im.sink(std::string_view(buffer.data(), static_cast<size_t>(file.gcount()))));
    }
  }
  unlink(im.path.c_str());
  im.path.clear();
  return summary;
}

}  // namespace bangfu::table
