#include "common/blob/format.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/blob/cursor.h"
#include "common/blob/store.h"
#include "common/status/error.h"

namespace bangfu::blob {

absl::Status Mismatch(std::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, "EVIDENCE_TYPE_MISMATCH")
      .Message(what)
      .Zh("文件内容与所填格式不符，请核对文件")
      .Field("content_type", "文件内容不是所填的格式");
}
absl::Status Polyglot(std::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, "EVIDENCE_POLYGLOT")
      .Message(what)
      .Zh("文件中夹带了其他内容，请另存为普通文件后再上传");
}

namespace {

constexpr std::string_view kPng("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kEndOfDirectory("PK\x05\x06", 4);

absl::Status Active(std::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, "EVIDENCE_ACTIVE_CONTENT")
      .Message(what)
      .Zh("文件含有打开时自动执行的内容，不能作为佐证材料");
}

using Tokens = std::vector<std::string_view>;  // in lower case

// Calls `found` for each place of one of the tokens, whatever its case; it says whether to stop.
template <typename Found>
absl::Status Scan(Cursor& file, int64_t from, int64_t to, const Tokens& tokens, Found found) {
  std::array<bool, 256> first{};
  size_t longest = 0;
  for (std::string_view token : tokens) {
    first[static_cast<unsigned char>(token[0])] = true;
    first[static_cast<unsigned char>(absl::ascii_toupper(static_cast<unsigned char>(token[0])))] =
        true;
    longest = std::max(longest, token.size());
  }
  to = std::min(to, file.size());
  // Blocks overlap, so that a token across two of them is seen.
  const int64_t step = Cursor::kWindow - static_cast<int64_t>(longest);
  for (int64_t at = from; at < to; at += step) {
    ASSIGN_OR_RETURN(const std::string_view bytes,
                     file.Bytes(at, std::min(Cursor::kWindow, to - at)));
    const size_t end = std::min(bytes.size(), static_cast<size_t>(step));
    for (size_t i = 0; i < end; ++i) {
      if (!first[static_cast<unsigned char>(bytes[i])]) continue;
      for (std::string_view token : tokens) {
        if (absl::EqualsIgnoreCase(AbslView(bytes.substr(i, token.size())), AbslView(token)) &&
            found(at + static_cast<int64_t>(i), token)) {
          return absl::OkStatus();
        }
      }
    }
  }
  return absl::OkStatus();
}

// The first of the tokens that is there; empty: none.
absl::StatusOr<std::string_view> FirstOf(Cursor& file, int64_t from, int64_t to,
                                         const Tokens& tokens) {
  std::string_view held;
  RETURN_IF_ERROR(Scan(file, from, to, tokens, [&](int64_t, std::string_view token) {
    held = token;
    return true;
  }));
  return held;
}

// What no picture or document has: markup that a browser would run, anywhere in it or at the
// beginning, by which browsers guess.
absl::Status NoMarkup(Cursor& file, bool is_text = false) {
  Tokens tokens = {"<script", "<!doctype html", "<?php ", "<iframe"};
  const Tokens opening = {"<html", "<svg", "<body"};
  if (is_text) tokens.insert(tokens.end(), opening.begin(), opening.end());
  ASSIGN_OR_RETURN(std::string_view held, FirstOf(file, 0, file.size(), tokens));
  if (held.empty()) {
    ASSIGN_OR_RETURN(held, FirstOf(file, 0, 1024, opening));
  }
  return held.empty() ? absl::OkStatus() : Polyglot(Cat("holds ", held));
}

// Unpackers look for a ZIP's end in the last 64 KiB, PDF readers for a header in the first KiB.
absl::Status NoSecondFile(Cursor& file, bool is_pdf) {
  if (!is_pdf) {
    ASSIGN_OR_RETURN(const std::string_view pdf, FirstOf(file, 0, 1029, {"%pdf-"}));
    if (!pdf.empty()) return Polyglot("holds a PDF header");
  }
  std::vector<int64_t> ends;
  RETURN_IF_ERROR(Scan(file, std::max<int64_t>(0, file.size() - 65557), file.size(), {"pk\x05\x06"},
                       [&](int64_t at, std::string_view) {
                         ends.push_back(at);
                         return false;
                       }));
  for (const int64_t end : ends) {
    ASSIGN_OR_RETURN(const std::string_view record, file.Bytes(end, 22));
    // By chance the four bytes occur; that the comment ends with the file does not.
    if (record.size() == 22 && record.substr(0, 4) == kEndOfDirectory &&
        end + 22 + static_cast<uint8_t>(record[20]) + static_cast<uint8_t>(record[21]) * 256 ==
            file.size()) {
      return Polyglot("ends as a ZIP archive");
    }
  }
  return absl::OkStatus();
}

// One picture from `at` to its EOI; gives the place behind it, or -1 when it is cut off.
absl::StatusOr<int64_t> EndOfJpeg(Cursor& file, int64_t at) {
  at += 2;  // SOI
  while (true) {
    ASSIGN_OR_RETURN(int marker, file.At(at));
    if (marker != 0xff) return -1;
    while (marker == 0xff) {
      ASSIGN_OR_RETURN(marker, file.At(++at));
    }
    ++at;
    if (marker == 0xd9) return at;
    if (marker <= 0 || marker == 0xd8) return -1;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
    ASSIGN_OR_RETURN(const int high, file.At(at));
    ASSIGN_OR_RETURN(const int low, file.At(at + 1));
    if (high < 0 || low < 0 || high * 256 + low < 2) return -1;
    at += high * 256 + low;
    if (marker != 0xda) continue;
    // Entropy coded data: up to a marker that is neither stuffing nor a restart.
    while (true) {
      ASSIGN_OR_RETURN(const int byte, file.At(at));
      if (byte < 0) return -1;
      if (byte == 0xff) {
        ASSIGN_OR_RETURN(const int next, file.At(at + 1));
        if (next < 0) return -1;
        if (next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7)) break;
      }
      ++at;
    }
  }
}

absl::Status CheckJpeg(Cursor& file) {
  int64_t at = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::string_view begin, file.Bytes(at, 3));
    if (begin != "\xff\xd8\xff") {
      return at == 0 ? Mismatch("does not begin as a JPEG") : Polyglot("bytes behind the picture");
    }
    ASSIGN_OR_RETURN(at, EndOfJpeg(file, at));
    if (at < 0) return Damaged("the JPEG is cut off");
    // Telephones append previews (multi-picture format) and pad with zeros; nothing else.
    while (true) {
      ASSIGN_OR_RETURN(const int byte, file.At(at));
      if (byte != 0) break;
      ++at;
    }
    if (at >= file.size()) break;
  }
  RETURN_IF_ERROR(NoSecondFile(file, false));
  return NoMarkup(file);
}

absl::Status CheckPng(Cursor& file) {
  ASSIGN_OR_RETURN(const std::string_view begin, file.Bytes(0, 16));
  if (begin.substr(0, 8) != kPng) return Mismatch("does not begin as a PNG");
  if (begin.size() < 16 || begin.substr(12, 4) != "IHDR") return Damaged("the PNG has no header");
  for (int64_t at = 8;;) {
    ASSIGN_OR_RETURN(const std::string_view head, file.Bytes(at, 8));
    if (head.size() < 8) return Damaged("the PNG is cut off");
    int64_t length = 0;
    for (int i = 0; i < 4; ++i) {
      length = length * 256 + static_cast<uint8_t>(head[static_cast<size_t>(i)]);
    }
    const bool last = head.substr(4) == "IEND";
    at += 12 + length;
    if (at > file.size()) return Damaged("the PNG is cut off");
    if (!last) continue;
    if (at < file.size()) return Polyglot("bytes behind the picture");
    break;
  }
  RETURN_IF_ERROR(NoSecondFile(file, false));
  return NoMarkup(file);
}

absl::Status CheckPdf(Cursor& file) {
  ASSIGN_OR_RETURN(const std::string_view begin, file.Bytes(0, 5));
  if (begin != "%PDF-") return Mismatch("does not begin as a PDF");
  int64_t end = -1;
  RETURN_IF_ERROR(Scan(file, std::max<int64_t>(0, file.size() - 2048), file.size(), {"%%eof"},
                       [&](int64_t at, std::string_view) {
                         end = at + 5;
                         return false;
                       }));
  if (end < 0) return Damaged("the PDF is cut off");
  for (; end < file.size(); ++end) {
    ASSIGN_OR_RETURN(const int byte, file.At(end));
    if (byte > 0 && !absl::ascii_isspace(static_cast<unsigned char>(byte))) {
      return Polyglot("bytes behind the document");
    }
  }
  RETURN_IF_ERROR(NoSecondFile(file, true));
  ASSIGN_OR_RETURN(const std::string_view active,
                   FirstOf(file, 0, file.size(), {"/javascript", "/launch"}));
  if (!active.empty()) return Active(Cat("holds ", active));
  return NoMarkup(file);
}

absl::Status CheckText(Cursor& file) {
  bool utf8 = true;
  bool gb18030 = true;
  std::string kept;  // the unfinished last line of the block before
  for (int64_t at = 0; at < file.size(); at += Cursor::kWindow) {
    ASSIGN_OR_RETURN(const std::string_view bytes, file.Bytes(at, Cursor::kWindow));
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f') {
        return Mismatch("not a text");
      }
    }
    // Whole lines, since a character may lie across two blocks.
    std::string block = kept + std::string(bytes);
    const size_t line = at + Cursor::kWindow >= file.size() ? block.size() : block.rfind('\n') + 1;
    kept = block.substr(line);
    if (kept.size() > static_cast<size_t>(Cursor::kWindow)) return Mismatch("a line without end");
    block.resize(line);
    utf8 = utf8 && IsValidUtf8(block);
    if (!utf8) gb18030 = gb18030 && Gb18030ToUtf8(block).ok();
    if (!utf8 && !gb18030) return Mismatch("neither UTF-8 nor GB18030");
  }
  RETURN_IF_ERROR(NoSecondFile(file, false));
  return NoMarkup(file, /*is_text=*/true);
}

}  // namespace

const std::vector<Format>& Formats() {
  static const std::vector<Format> formats = {
      {"jpeg", "image/jpeg"},
      {"png", "image/png"},
      {"pdf", "application/pdf"},
      {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
      {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
      {"ofd", "application/ofd"},
      {"csv", "text/csv"},
      {"text", "text/plain"},
  };
  return formats;
}

const Format* FormatOfMediaType(std::string_view media_type) {
  for (const Format& format : Formats()) {
    if (format.media_type == media_type) return &format;
  }
  return nullptr;
}

absl::Status CheckFormat(std::string_view media_type, int64_t size, const ReadAt& read,
                         const ArchiveLimits& limits) {
  const Format* format = FormatOfMediaType(media_type);
  if (format == nullptr) return Mismatch("a type that is not known");
  Cursor file(read, size);
  if (format->name == "jpeg") return CheckJpeg(file);
  if (format->name == "png") return CheckPng(file);
  if (format->name == "pdf") return CheckPdf(file);
  if (format->name == "docx") {
    return CheckArchive(file, {"[Content_Types].xml", "word/document.xml"}, limits);
  }
  if (format->name == "xlsx") {
    return CheckArchive(file, {"[Content_Types].xml", "xl/workbook.xml"}, limits);
  }
  if (format->name == "ofd") return CheckArchive(file, {"OFD.xml"}, limits);
  return CheckText(file);
}

}  // namespace bangfu::blob
