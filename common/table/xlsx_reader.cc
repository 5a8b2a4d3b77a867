#include "common/table/xlsx_reader.h"

#include <expat.h>
#include <zip.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/civil_time.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "common/table/csv.h"

namespace bangfu::table {
namespace {

constexpr int kMaxDepth = 64;
constexpr int64_t kMaxRow = 1'048'576;
constexpr int kMaxColumn = 16'384;

std::string_view LocalName(const char* name) {
  std::string_view text(name);
  const size_t colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

std::string_view Attribute(const char** attributes, std::string_view name) {
  for (; *attributes != nullptr; attributes += 2) {
    if (name == attributes[0]) return attributes[1];
  }
  return {};
}

// The attribute by its local name, whatever prefix the producer chose (r:id).
std::string_view PrefixedAttribute(const char** attributes, std::string_view local) {
  for (; *attributes != nullptr; attributes += 2) {
    if (StrContains(attributes[0], ":") && LocalName(attributes[0]) == local) return attributes[1];
  }
  return {};
}

// "BC12" -> column 54 (0-based), row 12.
bool ParseReference(std::string_view text, int64_t* row, int* column) {
  size_t i = 0;
  int64_t c = 0;
  while (i < text.size() && absl::ascii_isalpha(static_cast<unsigned char>(text[i]))) {
    c = c * 26 + (absl::ascii_toupper(static_cast<unsigned char>(text[i])) - 'A' + 1);
    if (c > kMaxColumn) return false;
    ++i;
  }
  int64_t r = 0;
  if (i == 0 || !ParseInt(text.substr(i), &r) || r < 1 || r > kMaxRow) return false;
  *row = r;
  *column = static_cast<int>(c - 1);
  return true;
}

// Parses one part, piece by piece. Subclasses see local names only.
class PartParser {
 public:
  PartParser() : parser_(XML_ParserCreate(nullptr)) {
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(
        parser_,
        [](void* self, const char* name, const char** attributes) {
          auto* p = static_cast<PartParser*>(self);
          if (!p->status_.ok()) return;
          if (++p->depth_ > kMaxDepth) return p->Fail(TableError(kMalformed, "XML 嵌套过深"));
          p->Start(LocalName(name), attributes);
        },
        [](void* self, const char* name) {
          auto* p = static_cast<PartParser*>(self);
          if (!p->status_.ok()) return;
          --p->depth_;
          p->End(LocalName(name));
        });
    XML_SetCharacterDataHandler(parser_, [](void* self, const char* text, int size) {
      auto* p = static_cast<PartParser*>(self);
      if (p->status_.ok()) p->Text(std::string_view(text, static_cast<size_t>(size)));
    });
    XML_SetStartDoctypeDeclHandler(parser_, [](void* self, const char*, const char*, const char*,
                                               int) {
      static_cast<PartParser*>(self)->Fail(TableError(kDtdRefused, "文件含有 DTD 声明，拒绝读取"));
    });
  }
  virtual ~PartParser() { XML_ParserFree(parser_); }
  PartParser(const PartParser&) = delete;
  PartParser& operator=(const PartParser&) = delete;

  absl::Status Feed(std::string_view bytes, bool last) {
    if (XML_Parse(parser_, bytes.data(), static_cast<int>(bytes.size()), last) ==
            XML_STATUS_ERROR &&
        status_.ok() && !done_) {
      status_ = TableError(
          kMalformed, Cat("工作簿内部 XML 有误：", XML_ErrorString(XML_GetErrorCode(parser_))));
    }
    return status_;
  }
  bool done() const { return done_; }

 protected:
  virtual void Start(std::string_view name, const char** attributes) = 0;
  virtual void End(std::string_view name) = 0;
  virtual void Text(std::string_view) {}
  void Fail(absl::Status status) {
    if (!status_.ok()) return;
    status_ = std::move(status);
    XML_StopParser(parser_, XML_FALSE);
  }
  void Done() {
    done_ = true;
    XML_StopParser(parser_, XML_FALSE);
  }

 private:
  XML_Parser parser_;
  absl::Status status_;
  int depth_ = 0;
  bool done_ = false;
};

struct SheetEntry {
  std::string name;
  std::string relation_id;
  bool visible = true;
};

class WorkbookParser : public PartParser {
 public:
  std::vector<SheetEntry> sheets;
  bool date1904 = false;

 protected:
  void Start(std::string_view name, const char** attributes) override {
    if (name == "sheet") {
      const std::string_view state = Attribute(attributes, "state");
      sheets.push_back({std::string(Attribute(attributes, "name")),
                        std::string(PrefixedAttribute(attributes, "id")),
                        state.empty() || state == "visible"});
    } else if (name == "workbookPr") {
      const std::string_view v = Attribute(attributes, "date1904");
      date1904 = v == "1" || v == "true";
    }
  }
  void End(std::string_view) override {}
};

class RelationsParser : public PartParser {
 public:
  std::map<std::string, std::string, std::less<>> targets;  // id -> target, internal ones only

 protected:
  void Start(std::string_view name, const char** attributes) override {
    if (name != "Relationship" || Attribute(attributes, "TargetMode") == "External") return;
    targets.emplace(Attribute(attributes, "Id"), Attribute(attributes, "Target"));
  }
  void End(std::string_view) override {}
};

class SharedStringsParser : public PartParser {
 public:
  SharedStringsParser(std::vector<std::string>* strings, const ReadLimits& limits)
      : strings_(strings), limits_(limits) {}

 protected:
  void Start(std::string_view name, const char**) override {
    if (name == "si") current_.clear();
    if (name == "rPh") ++phonetic_;  // reading aids are no part of the text
    in_text_ = name == "t" && phonetic_ == 0;
  }
  void End(std::string_view name) override {
    in_text_ = false;
    if (name == "rPh") --phonetic_;
    if (name != "si") return;
    bytes_ += static_cast<int64_t>(current_.size()) + 32;
    if (bytes_ > limits_.max_shared_string_bytes) {
      return Fail(TableError(kTableTooLarge, "工作簿的文字总量超过上限"));
    }
    strings_->push_back(std::move(current_));
    current_.clear();
  }
  void Text(std::string_view text) override {
    if (!in_text_) return;
    current_.append(text);
    if (static_cast<int64_t>(current_.size()) > limits_.max_cell_bytes) {
      Fail(TableError(kCellTooLong, "单元格文字过长"));
    }
  }

 private:
  std::vector<std::string>* strings_;
  const ReadLimits& limits_;
  std::string current_;
  int64_t bytes_ = 0;
  int phonetic_ = 0;
  bool in_text_ = false;
};

bool IsDateFormat(std::string_view code) {
  bool quoted = false, bracket = false;
  for (size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\\') {
      ++i;
      continue;
    }
    if (c == '[') bracket = true;
    if (c == ']') bracket = false;
    if (bracket) continue;
    if (c == 'y' || c == 'Y' || c == 'd' || c == 'D') return true;
  }
  return StrContains(code, "年") || StrContains(code, "月");
}

class StylesParser : public PartParser {
 public:
  explicit StylesParser(std::vector<bool>* date_style) : date_style_(date_style) {}

 protected:
  void Start(std::string_view name, const char** attributes) override {
    if (name == "numFmt") {
      int id = 0;
      if (ParseInt(Attribute(attributes, "numFmtId"), &id)) {
        custom_[id] = IsDateFormat(Attribute(attributes, "formatCode"));
      }
    } else if (name == "cellXfs") {
      in_cell_formats_ = true;
    } else if (name == "xf" && in_cell_formats_) {
      int id = 0;
      const bool known = ParseInt(Attribute(attributes, "numFmtId"), &id);
      const auto custom = custom_.find(id);
      date_style_->push_back(known && (custom != custom_.end()
                                           ? custom->second
                                           : (id >= 14 && id <= 17) || id == 22 ||
                                                 (id >= 27 && id <= 31) || id == 36 ||
                                                 (id >= 50 && id <= 54) || id == 57 || id == 58));
    }
  }
  void End(std::string_view name) override {
    if (name == "cellXfs") in_cell_formats_ = false;
  }

 private:
  std::vector<bool>* date_style_;
  std::map<int, bool> custom_;
  bool in_cell_formats_ = false;
};

class MergeParser : public PartParser {
 public:
  MergeParser(std::vector<MergedRange>* merges, int64_t max) : merges_(merges), max_(max) {}

 protected:
  void Start(std::string_view name, const char** attributes) override {
    if (name != "mergeCell") return;
    const std::string_view ref = Attribute(attributes, "ref");
    const size_t colon = ref.find(':');
    MergedRange m{};
    if (colon == std::string_view::npos ||
        !ParseReference(ref.substr(0, colon), &m.first_row, &m.first_column) ||
        !ParseReference(ref.substr(colon + 1), &m.last_row, &m.last_column) ||
        m.last_row < m.first_row || m.last_column < m.first_column) {
      return;
    }
    if (static_cast<int64_t>(merges_->size()) >= max_) {
      return Fail(TableError(kTableTooLarge, "合并单元格过多"));
    }
    merges_->push_back(m);
  }
  void End(std::string_view name) override {
    if (name == "mergeCells") Done();
  }

 private:
  std::vector<MergedRange>* merges_;
  int64_t max_;
};

// A day serial of a spreadsheet; a time of day is kept behind it.
std::optional<std::string> DateText(std::string_view number, bool date1904) {
  double serial = 0;
  if (!ParseDouble(number, &serial) || serial < 1 || serial > 2'958'466) return std::nullopt;
  const auto days = static_cast<int64_t>(serial);
  // Serial 60 is the 29th of February 1900, which never was: days from there count from 1899-12-30.
  const absl::CivilDay base =
      date1904 ? absl::CivilDay(1904, 1, 1)
               : (days < 60 ? absl::CivilDay(1899, 12, 31) : absl::CivilDay(1899, 12, 30));
  return absl::FormatCivilTime(base + days);
}

struct SheetContext {
  const std::vector<std::string>* strings;
  const std::vector<bool>* date_style;
  const std::vector<MergedRange>* merges;  // by first row
  const ReadLimits* limits;
  const RowCallback* on_row;
  bool date1904;
  bool fill_merged;
};

class SheetParser : public PartParser {
 public:
  explicit SheetParser(const SheetContext& context) : context_(context) {}

 protected:
  void Start(std::string_view name, const char** attributes) override {
    in_text_ = false;
    if (name == "row") {
      int64_t r = 0;
      if (!ParseInt(Attribute(attributes, "r"), &r)) r = row_.row_no + 1;
      if (r <= row_.row_no || r > kMaxRow) return Fail(TableError(kMalformed, "行号不按顺序", r));
      if (++rows_ > context_.limits->max_rows)
        return Fail(TableError(kTooManyRows, "行数超过上限", r));
      row_.row_no = r;
      row_.cells.clear();
      next_column_ = 0;
      in_row_ = true;
    } else if (name == "c" && in_row_) {
      int64_t r = 0;
      column_ = next_column_;
      const std::string_view reference = Attribute(attributes, "r");
      if (!reference.empty() && !ParseReference(reference, &r, &column_)) {
        return Fail(TableError(kMalformed, "单元格坐标有误", row_.row_no));
      }
      if (column_ < next_column_)
        return Fail(TableError(kMalformed, "单元格不按顺序", row_.row_no));
      if (column_ >= context_.limits->max_columns) {
        // A format painted to the far right is no value; a value there is refused at its end.
        far_ = true;
      } else {
        far_ = false;
      }
      next_column_ = column_ + 1;
      type_ = Attribute(attributes, "t");
      style_ = -1;
      if (int s = 0; ParseInt(Attribute(attributes, "s"), &s)) style_ = s;
      value_.clear();
      in_cell_ = true;
    } else if (name == "rPh") {
      ++phonetic_;
    } else if (in_cell_ && (name == "v" || (name == "t" && phonetic_ == 0))) {
      in_text_ = true;
    }
  }

  void End(std::string_view name) override {
    in_text_ = false;
    if (name == "rPh") {
      --phonetic_;
    } else if (name == "c" && in_cell_) {
      in_cell_ = false;
      EndCell();
    } else if (name == "row" && in_row_) {
      in_row_ = false;
      EndRow();
    } else if (name == "sheetData") {
      Done();
    }
  }

  void Text(std::string_view text) override {
    if (!in_text_) return;
    value_.append(text);
    if (static_cast<int64_t>(value_.size()) > context_.limits->max_cell_bytes) {
      Fail(TableError(kCellTooLong, "单元格文字过长", row_.row_no));
    }
  }

 private:
  void EndCell() {
    InputCell cell;
    if (type_ == "s") {
      uint64_t index = 0;
      if (!ParseInt(value_, &index) || index >= context_.strings->size()) {
        return Fail(TableError(kMalformed, "共享字符串序号有误", row_.row_no));
      }
      cell.text = (*context_.strings)[index];
      cell.kind = InputKind::kText;
    } else if (type_ == "inlineStr" || type_ == "str") {
      cell.text = std::move(value_);
      cell.kind = InputKind::kText;
    } else if (type_ == "b") {
      cell.text = value_ == "1" ? "TRUE" : "FALSE";
      cell.kind = InputKind::kBool;
    } else if (type_ == "e") {
      cell.text = std::move(value_);
      cell.kind = InputKind::kError;
    } else if (type_ == "d") {
      cell.text = value_.substr(0, 10);
      cell.raw = std::move(value_);
      cell.kind = InputKind::kDate;
    } else if (!value_.empty()) {
      cell.text = ExactNumberText(value_, &cell.precision_lost);
      cell.kind = InputKind::kNumber;
      if (style_ >= 0 && static_cast<size_t>(style_) < context_.date_style->size() &&
          (*context_.date_style)[static_cast<size_t>(style_)]) {
        if (auto day = DateText(cell.text, context_.date1904)) {
          cell.text = *std::move(day);
          cell.kind = InputKind::kDate;
        }
      }
      if (cell.text != value_) cell.raw = std::move(value_);
    }
    if (cell.text.empty()) {
      cell.kind = InputKind::kEmpty;
      return;
    }
    if (far_) return Fail(TableError(kTooManyColumns, "列数超过上限", row_.row_no));
    if (row_.cells.size() <= static_cast<size_t>(column_))
      row_.cells.resize(static_cast<size_t>(column_) + 1);
    row_.cells[static_cast<size_t>(column_)] = std::move(cell);
  }

  void EndRow() {
    if (context_.fill_merged) FillMerged();
    if (row_.cells.empty()) return;
    if (absl::Status status = (*context_.on_row)(row_); !status.ok()) Fail(std::move(status));
  }

  void FillMerged() {
    const std::vector<MergedRange>& merges = *context_.merges;
    while (next_merge_ < merges.size() && merges[next_merge_].first_row <= row_.row_no) {
      const MergedRange& m = merges[next_merge_++];
      if (m.first_column >= context_.limits->max_columns) continue;
      Active active{m, {}};
      if (m.first_row == row_.row_no && row_.cells.size() > static_cast<size_t>(m.first_column)) {
        active.value = row_.cells[static_cast<size_t>(m.first_column)];
      }
      active.value.filled_from_merge = true;
      active_.push_back(std::move(active));
    }
    std::erase_if(active_, [&](const Active& a) { return a.range.last_row < row_.row_no; });
    if (row_.cells.empty()) return;  // a row without a value of its own is no row of data
    for (const Active& a : active_) {
      if (a.value.kind == InputKind::kEmpty) continue;
      const int last =
          std::min<int>(a.range.last_column, static_cast<int>(context_.limits->max_columns) - 1);
      for (int c = a.range.first_column; c <= last; ++c) {
        if (row_.row_no == a.range.first_row && c == a.range.first_column) continue;
        if (row_.cells.size() <= static_cast<size_t>(c))
          row_.cells.resize(static_cast<size_t>(c) + 1);
        row_.cells[static_cast<size_t>(c)] = a.value;
      }
    }
  }

  struct Active {
    MergedRange range;
    InputCell value;
  };

  const SheetContext& context_;
  InputRow row_;
  std::vector<Active> active_;
  size_t next_merge_ = 0;
  int64_t rows_ = 0;
  int next_column_ = 0, column_ = 0, style_ = -1, phonetic_ = 0;
  bool in_row_ = false, in_cell_ = false, in_text_ = false, far_ = false;
  std::string type_, value_;
};

// "/xl/worksheets/sheet1.xml" or "worksheets/sheet1.xml", as seen from xl/workbook.xml.
std::string ResolveTarget(std::string_view base_folder, std::string_view target) {
  if (ConsumePrefix(&target, "/")) return std::string(target);
  std::string folder(base_folder);
  while (ConsumePrefix(&target, "../")) {
    const size_t slash = folder.rfind('/', folder.size() >= 2 ? folder.size() - 2 : 0);
    folder.resize(slash == std::string::npos ? 0 : slash + 1);
  }
  return Cat(folder, target);
}

}  // namespace

struct XlsxReader::Impl {
  Options options;
  zip_t* archive = nullptr;
  std::vector<SheetEntry> sheets;
  std::map<std::string, std::string, std::less<>> targets;
  std::vector<std::string> strings;
  std::vector<bool> date_style;
  bool date1904 = false;
  std::string folder = "xl/";

  ~Impl() {
    if (archive != nullptr) zip_discard(archive);
  }

  bool Has(const std::string& name) const {
    return zip_name_locate(archive, name.c_str(), ZIP_FL_NOCASE) >= 0;
  }

  absl::Status CheckBombs() const {
    const zip_int64_t entries = zip_get_num_entries(archive, 0);
    if (entries > options.limits.max_entries)
      return TableError(kZipBomb, "压缩包内文件过多，拒绝读取");
    uint64_t total = 0;
    for (zip_int64_t i = 0; i < entries; ++i) {
      zip_stat_t s;
      zip_stat_init(&s);
      if (zip_stat_index(archive, static_cast<zip_uint64_t>(i), 0, &s) != 0) {
        return TableError(kMalformed, "压缩包目录有误");
      }
      if ((s.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && s.encryption_method != ZIP_EM_NONE) {
        return TableError(kEncrypted, "工作簿已加密，请去除密码后再导入");
      }
      total += s.size;
      if (total > static_cast<uint64_t>(options.limits.max_uncompressed_bytes)) {
        return TableError(kZipBomb, "解压后的总大小超过上限，拒绝读取");
      }
      if (s.size > (1U << 20) && s.size / std::max<uint64_t>(s.comp_size, 1) >
                                     static_cast<uint64_t>(options.limits.max_ratio)) {
        return TableError(kZipBomb, "压缩比异常，拒绝读取");
      }
    }
    return absl::OkStatus();
  }

  absl::Status Parse(const std::string& name, PartParser& parser) const {
    const zip_int64_t index = zip_name_locate(archive, name.c_str(), ZIP_FL_NOCASE);
    if (index < 0) return TableError(kMalformed, Cat("工作簿缺少 ", name));
    zip_stat_t s;
    zip_stat_init(&s);
    zip_stat_index(archive, static_cast<zip_uint64_t>(index), 0, &s);
    zip_file_t* file = zip_fopen_index(archive, static_cast<zip_uint64_t>(index), 0);
    if (file == nullptr) return TableError(kMalformed, Cat("无法读取 ", name));
    std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> closer(file, zip_fclose);
    std::vector<char> buffer(64 << 10);
    uint64_t total = 0;
    while (true) {
      const zip_int64_t n = zip_fread(file, buffer.data(), buffer.size());
      if (n < 0) return TableError(kMalformed, Cat("压缩数据损坏：", name));
      total += static_cast<uint64_t>(n);
      // The directory may lie about the size; what counts is what comes out.
      if (total > s.size) return TableError(kZipBomb, "压缩包目录与内容不符，拒绝读取");
      RETURN_IF_ERROR(parser.Feed(std::string_view(buffer.data(), static_cast<size_t>(n)), n == 0));
      if (n == 0 || parser.done()) return absl::OkStatus();
    }
  }
};

XlsxReader::XlsxReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
XlsxReader::~XlsxReader() = default;

absl::StatusOr<std::unique_ptr<XlsxReader>> XlsxReader::OpenBytes(std::string_view bytes,
                                                                  Options options) {
  if (static_cast<int64_t>(bytes.size()) > options.limits.max_bytes) {
    return TableError(kTableTooLarge, "文件超过大小上限");
  }
  if (DetectFileKind(bytes) == FileKind::kOldExcel) {
    return TableError(kOldExcel, "旧版 xls 或加密的工作簿，请另存为 xlsx 后再导入");
  }
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) return TableError(kMalformed, "不是 xlsx 文件");
  impl->archive = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (impl->archive == nullptr) {
    zip_source_free(source);
    zip_error_fini(&error);
    return TableError(kMalformed, "不是 xlsx 文件，或文件已损坏");
  }
  std::unique_ptr<XlsxReader> reader(new XlsxReader(std::move(impl)));
  RETURN_IF_ERROR(reader->Load());
  return reader;
}

absl::StatusOr<std::unique_ptr<XlsxReader>> XlsxReader::OpenFile(const std::string& path,
                                                                 Options options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  int error = 0;
  impl->archive = zip_open(path.c_str(), ZIP_RDONLY, &error);
  if (impl->archive == nullptr) return TableError(kMalformed, "不是 xlsx 文件，或文件已损坏");
  std::unique_ptr<XlsxReader> reader(new XlsxReader(std::move(impl)));
  RETURN_IF_ERROR(reader->Load());
  return reader;
}

absl::Status XlsxReader::Load() {
  RETURN_IF_ERROR(impl_->CheckBombs());
  if (!impl_->Has("xl/workbook.xml"))
    return TableError(kMalformed, "压缩包里没有工作簿（xl/workbook.xml）");
  WorkbookParser workbook;
  RETURN_IF_ERROR(impl_->Parse("xl/workbook.xml", workbook));
  RelationsParser relations;
  RETURN_IF_ERROR(impl_->Parse("xl/_rels/workbook.xml.rels", relations));
  impl_->sheets = std::move(workbook.sheets);
  impl_->date1904 = workbook.date1904;
  impl_->targets = std::move(relations.targets);
  if (impl_->Has("xl/sharedStrings.xml")) {
    SharedStringsParser strings(&impl_->strings, impl_->options.limits);
    RETURN_IF_ERROR(impl_->Parse("xl/sharedStrings.xml", strings));
  }
  if (impl_->Has("xl/styles.xml")) {
    StylesParser styles(&impl_->date_style);
    RETURN_IF_ERROR(impl_->Parse("xl/styles.xml", styles));
  }
  return absl::OkStatus();
}

std::vector<std::string> XlsxReader::sheet_names() const {
  std::vector<std::string> names;
  for (const SheetEntry& sheet : impl_->sheets) {
    if (sheet.visible) names.push_back(sheet.name);
  }
  return names;
}

absl::Status XlsxReader::ReadSheet(std::string_view sheet, const RowCallback& on_row) {
  const SheetEntry* found = nullptr;
  for (const SheetEntry& entry : impl_->sheets) {
    if (sheet.empty() ? entry.visible : entry.name == sheet) {
      found = &entry;
      break;
    }
  }
  if (found == nullptr) return TableError(kSheetNotFound, Cat("找不到工作表 ", sheet));
  const auto target = impl_->targets.find(found->relation_id);
  if (target == impl_->targets.end()) return TableError(kMalformed, "工作表没有对应的内容");
  const std::string part = ResolveTarget(impl_->folder, target->second);
  merges_.clear();
  // Merged ranges stand behind the rows that they concern: a first pass looks for them only.
  MergeParser merge_parser(&merges_, impl_->options.limits.max_merged_ranges);
  RETURN_IF_ERROR(impl_->Parse(part, merge_parser));
  std::stable_sort(merges_.begin(), merges_.end(), [](const MergedRange& a, const MergedRange& b) {
    return a.first_row < b.first_row;
  });
  const SheetContext context{
      &impl_->strings, &impl_->date_style,        &merges_, &impl_->options.limits, &on_row,
      impl_->date1904, impl_->options.fill_merged};
  SheetParser parser(context);
  return impl_->Parse(part, parser);
}

std::string ExactNumberText(std::string_view xml, bool* lost) {
  *lost = false;
  std::string_view rest = Trim(xml);
  const bool negative = ConsumePrefix(&rest, "-");
  if (!negative) ConsumePrefix(&rest, "+");
  int exponent = 0;
  std::string_view mantissa = rest;
  if (const size_t e = rest.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = rest.substr(e + 1);
    ConsumePrefix(&power, "+");
    if (!ParseInt(power, &exponent) || exponent > 308 || exponent < -308) return std::string(xml);
    mantissa = rest.substr(0, e);
  }
  std::string digits;
  int point = -1;
  for (char c : mantissa) {
    if (c == '.' && point < 0) {
      point = static_cast<int>(digits.size());
    } else if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      digits.push_back(c);
    } else {
      return std::string(xml);
    }
  }
  if (digits.empty()) return std::string(xml);
  if (point < 0) point = static_cast<int>(digits.size());
  point += exponent;
  const auto plain = [&]() {
    std::string d = digits;
    int p = point;
    if (p <= 0) {
      d.insert(0, static_cast<size_t>(1 - p), '0');
      p = 1;
    }
    if (p > static_cast<int>(d.size())) d.append(static_cast<size_t>(p) - d.size(), '0');
    std::string whole = d.substr(0, static_cast<size_t>(p));
    std::string fraction = d.substr(static_cast<size_t>(p));
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    std::string out = fraction.empty() ? whole : Cat(whole, ".", fraction);
    return negative && out != "0" ? Cat("-", out) : out;
  };
  std::string text = plain();
  int64_t count =
      0;  // significant digits; trailing zeros of an integer are counted: they may be damage
  for (char c : text) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c)) && (count > 0 || c != '0')) ++count;
  }
  if (count <= 15) return text;
  if (!StrContains(text, ".")) {
    *lost = true;
    return text;
  }
  // A fraction with more digits than a double holds: the tail is binary noise. The number that was
  // typed is the shortest one with the same 15 digits.
  double value = 0;
  if (!ParseDouble(text, &value)) return text;
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific, 14);
  bool ignored = false;
  return ExactNumberText(std::string_view(buffer, static_cast<size_t>(end.ptr - buffer)), &ignored);
}

absl::Status ReadTable(std::string_view bytes, const ReadLimits& limits,
                       const RowCallback& on_row) {
  switch (DetectFileKind(bytes)) {
    case FileKind::kOldExcel:
      return TableError(kOldExcel, "旧版 xls 或加密的工作簿，请另存为 xlsx 后再导入");
    case FileKind::kXlsx: {
      XlsxReader::Options options;
      options.limits = limits;
      ASSIGN_OR_RETURN(auto reader, XlsxReader::OpenBytes(bytes, options));
      return reader->ReadSheet("", on_row);
    }
    case FileKind::kCsv:
      break;
  }
  CsvReader::Options options;
  options.limits = limits;
  return ReadCsv(bytes, options, on_row);
}

}  // namespace bangfu::table
