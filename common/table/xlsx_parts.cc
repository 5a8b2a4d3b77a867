#include "common/table/xlsx_parts.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "common/base/strings.h"

namespace bangfu::table {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxColumn = 16'384;

std::string_view LocalName(const char* name) {
  std::string_view text(name);
  const size_t colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

// The attribute by its local name, whatever prefix the producer chose (r:id).
std::string_view PrefixedAttribute(const char** attributes, std::string_view local) {
  for (; *attributes != nullptr; attributes += 2) {
    if (StrContains(attributes[0], ":") && LocalName(attributes[0]) == local) return attributes[1];
  }
  return {};
}

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

}  // namespace

std::string_view Attribute(const char** attributes, std::string_view name) {
  for (; *attributes != nullptr; attributes += 2) {
    if (name == attributes[0]) return attributes[1];
  }
  return {};
}

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

PartParser::PartParser() : parser_(XML_ParserCreate(nullptr)) {
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

PartParser::~PartParser() { XML_ParserFree(parser_); }

absl::Status PartParser::Feed(std::string_view bytes, bool last) {
  if (XML_Parse(parser_, bytes.data(), static_cast<int>(bytes.size()), last) == XML_STATUS_ERROR &&
      status_.ok() && !done_) {
    status_ = TableError(kMalformed,
                         Cat("工作簿内部 XML 有误：", XML_ErrorString(XML_GetErrorCode(parser_))));
  }
  return status_;
}

void PartParser::Fail(absl::Status status) {
  if (!status_.ok()) return;
  status_ = std::move(status);
  XML_StopParser(parser_, XML_FALSE);
}

void PartParser::Done() {
  done_ = true;
  XML_StopParser(parser_, XML_FALSE);
}

void WorkbookParser::Start(std::string_view name, const char** attributes) {
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

void RelationsParser::Start(std::string_view name, const char** attributes) {
  if (name != "Relationship" || Attribute(attributes, "TargetMode") == "External") return;
  targets.emplace(Attribute(attributes, "Id"), Attribute(attributes, "Target"));
}

void SharedStringsParser::Start(std::string_view name, const char**) {
  if (name == "si") current_.clear();
  if (name == "rPh") ++phonetic_;  // reading aids are no part of the text
  in_text_ = name == "t" && phonetic_ == 0;
}

void SharedStringsParser::End(std::string_view name) {
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

void SharedStringsParser::Text(std::string_view text) {
  if (!in_text_) return;
  current_.append(text);
  if (static_cast<int64_t>(current_.size()) > limits_.max_cell_bytes) {
    Fail(TableError(kCellTooLong, "单元格文字过长"));
  }
}

void StylesParser::Start(std::string_view name, const char** attributes) {
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
    date_style_->push_back(known &&
                           (custom != custom_.end()
                                ? custom->second
                                : (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) ||
                                      id == 36 || (id >= 50 && id <= 54) || id == 57 || id == 58));
  }
}

void StylesParser::End(std::string_view name) {
  if (name == "cellXfs") in_cell_formats_ = false;
}

void MergeParser::Start(std::string_view name, const char** attributes) {
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

void MergeParser::End(std::string_view name) {
  if (name == "mergeCells") Done();
}

}  // namespace bangfu::table
