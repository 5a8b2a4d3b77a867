#include "common/table/xlsx_reader.h"

#include <zip.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "common/table/csv.h"
#include "common/table/xlsx_parts.h"
#include "common/table/xlsx_sheet.h"

namespace bangfu::table {
namespace {

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
  return impl_->Parse(part, *NewSheetParser(context));
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
