#include <zlib.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/blob/cursor.h"
#include "common/blob/store.h"
#include "common/status/error.h"

namespace bangfu::blob {

absl::Status UnsafeArchive(std::string_view what_zh) {
  return Error(absl::StatusCode::kFailedPrecondition, "EVIDENCE_ARCHIVE_UNSAFE")
      .Zh(Cat("文件不安全：", what_zh));
}

namespace {

constexpr std::string_view kLocal("PK\x03\x04", 4);
constexpr std::string_view kCentral("PK\x01\x02", 4);
constexpr std::string_view kEnd("PK\x05\x06", 4);
constexpr int64_t kSmall = 1 << 20;

uint32_t Number(std::string_view bytes, size_t at, int width) {
  uint32_t value = 0;
  for (int i = width - 1; i >= 0; --i) {
    value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
  }
  return value;
}

struct Entry {
  std::string name;
  int flags = 0;
  int method = 0;
  uint32_t crc = 0;
  int64_t packed = 0;
  int64_t unpacked = 0;
  int64_t offset = 0;
};

absl::Status CheckName(const std::string& name) {
  if (name.empty() || !IsValidUtf8(name) || name.find('\0') != std::string::npos ||
      name.find('\\') != std::string::npos || name.find(':') != std::string::npos ||
      name[0] == '/' || Cat("/", name, "/").find("/../") != std::string::npos) {
    return UnsafeArchive("压缩包内的文件名越出目录");
  }
  const std::string_view base = std::string_view(name).substr(name.rfind('/') + 1);
  for (std::string_view macro : {"vbaProject.bin", "vbaData.xml"}) {
    if (absl::EqualsIgnoreCase(AbslView(base), AbslView(macro))) {
      return UnsafeArchive("文档含有宏");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Entry>> ReadDirectory(Cursor& file, int64_t begin, int64_t end,
                                                 int64_t count) {
  std::vector<Entry> entries;
  std::set<std::string> names;
  int64_t at = begin;
  for (int64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const std::string_view head, file.Bytes(at, 46));
    if (head.size() < 46 || head.substr(0, 4) != kCentral) return Damaged("a broken directory");
    Entry entry;
    entry.flags = static_cast<int>(Number(head, 8, 2));
    entry.method = static_cast<int>(Number(head, 10, 2));
    entry.crc = Number(head, 16, 4);
    entry.packed = Number(head, 20, 4);
    entry.unpacked = Number(head, 24, 4);
    entry.offset = Number(head, 42, 4);
    const auto name = static_cast<int64_t>(Number(head, 28, 2));
    const auto rest = static_cast<int64_t>(Number(head, 30, 2) + Number(head, 32, 2));
    ASSIGN_OR_RETURN(const std::string_view text, file.Bytes(at + 46, name));
    entry.name = std::string(text);
    RETURN_IF_ERROR(CheckName(entry.name));
    if ((entry.flags & 1) != 0) return UnsafeArchive("文档已加密");
    if (!names.insert(entry.name).second) return UnsafeArchive("压缩包内有同名文件");
    if (entry.packed == 0xffffffff || entry.unpacked == 0xffffffff || entry.offset == 0xffffffff) {
      return UnsafeArchive("解压后过大");
    }
    at += 46 + name + rest;
    entries.push_back(std::move(entry));
  }
  if (at != end) return Polyglot("bytes between the directory's entries and its end");
  return entries;
}

// Unpacks the entry's data and throws it away; what its header states must be true.
absl::Status Unpack(Cursor& file, const Entry& entry, int64_t begin) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return absl::ResourceExhaustedError("zlib");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  std::string out(64 << 10, '\0');
  uLong crc = crc32(0, nullptr, 0);
  int64_t total = 0;
  int64_t at = begin;
  const int64_t end = begin + entry.packed;
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    ASSIGN_OR_RETURN(const std::string_view in,
                     file.Bytes(at, std::min<int64_t>(64 << 10, end - at)));
    if (in.empty()) return Damaged("an entry is cut off");
    at += static_cast<int64_t>(in.size());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      code = inflate(&stream, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        return Damaged("an entry does not unpack");
      }
      const size_t made = out.size() - stream.avail_out;
      crc = crc32(crc, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(made));
      total += static_cast<int64_t>(made);
      if (total > entry.unpacked) return UnsafeArchive("解压后的大小与所报不符");
    } while (code != Z_STREAM_END && stream.avail_out == 0);
  }
  if (at - stream.avail_in != end) return Polyglot("bytes behind an entry's data");
  if (total != entry.unpacked || crc != entry.crc) return Damaged("an entry's checksum is wrong");
  return absl::OkStatus();
}

absl::Status Stored(Cursor& file, const Entry& entry, int64_t begin) {
  if (entry.packed != entry.unpacked) return Damaged("a stored entry with two sizes");
  uLong crc = crc32(0, nullptr, 0);
  for (int64_t at = begin; at < begin + entry.packed;) {
    ASSIGN_OR_RETURN(const std::string_view in,
                     file.Bytes(at, std::min<int64_t>(64 << 10, begin + entry.packed - at)));
    if (in.empty()) return Damaged("an entry is cut off");
    crc = crc32(crc, reinterpret_cast<const Bytef*>(in.data()), static_cast<uInt>(in.size()));
    at += static_cast<int64_t>(in.size());
  }
  return crc == entry.crc ? absl::OkStatus() : Damaged("an entry's checksum is wrong");
}

// The place behind the entry and its data descriptor.
absl::StatusOr<int64_t> CheckEntry(Cursor& file, const Entry& entry) {
  ASSIGN_OR_RETURN(const std::string_view head, file.Bytes(entry.offset, 30));
  if (head.size() < 30 || head.substr(0, 4) != kLocal) return Damaged("an entry without a header");
  const auto name = static_cast<int64_t>(Number(head, 26, 2));
  const int64_t begin = entry.offset + 30 + name + static_cast<int64_t>(Number(head, 28, 2));
  const int method = static_cast<int>(Number(head, 8, 2));
  ASSIGN_OR_RETURN(const std::string_view text, file.Bytes(entry.offset + 30, name));
  if (text != entry.name || method != entry.method) {
    return UnsafeArchive("压缩包目录与内容不一致");
  }
  if (method == Z_DEFLATED) {
    RETURN_IF_ERROR(Unpack(file, entry, begin));
  } else if (method == 0) {
    RETURN_IF_ERROR(Stored(file, entry, begin));
  } else {
    return UnsafeArchive("压缩方法不受支持");
  }
  int64_t end = begin + entry.packed;
  if ((entry.flags & 8) != 0) {
    ASSIGN_OR_RETURN(const std::string_view signature, file.Bytes(end, 4));
    end += signature == std::string_view("PK\x07\x08", 4) ? 16 : 12;
  }
  return end;
}

}  // namespace

absl::Status CheckArchive(Cursor& file, const std::vector<std::string_view>& wanted,
                          const ArchiveLimits& limits) {
  ASSIGN_OR_RETURN(const std::string_view begin, file.Bytes(0, 4));
  if (begin != kLocal) return Mismatch("does not begin as an office file");
  ASSIGN_OR_RETURN(const std::string_view tail, file.Bytes(file.size() - 22, 22));
  if (tail.size() < 22 || tail.substr(0, 4) != kEnd) {
    // Cut off, or something was appended: in both cases the end is not at the end.
    const int64_t from = std::max<int64_t>(0, file.size() - 65557);
    ASSIGN_OR_RETURN(const std::string_view last, file.Bytes(from, file.size() - from));
    return last.find(kEnd) == std::string_view::npos ? Damaged("the archive is cut off")
                                                     : Polyglot("bytes behind the archive");
  }
  const int64_t count = Number(tail, 10, 2);
  const int64_t length = Number(tail, 12, 4);
  const int64_t directory = Number(tail, 16, 4);
  if (Number(tail, 4, 4) != 0 || Number(tail, 20, 2) != 0) return Damaged("a split archive");
  if (count > limits.max_entries) return UnsafeArchive("文件数过多");
  if (directory + length != file.size() - 22) return Polyglot("bytes around the directory");
  ASSIGN_OR_RETURN(std::vector<Entry> entries,
                   ReadDirectory(file, directory, directory + length, count));
  int64_t unpacked = 0;
  for (const Entry& entry : entries) {
    unpacked += entry.unpacked;
    if (unpacked > limits.max_unpacked_bytes ||
        (entry.unpacked > kSmall && entry.unpacked / limits.max_ratio > entry.packed)) {
      return UnsafeArchive("解压后过大");
    }
  }
  for (std::string_view name : wanted) {
    if (std::none_of(entries.begin(), entries.end(),
                     [&](const Entry& entry) { return entry.name == name; })) {
      return Mismatch(Cat("has no ", name));
    }
  }
  // Entries lie one behind the other: none shares bytes with another, nothing hides between them.
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.offset < b.offset; });
  int64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.offset < at) return UnsafeArchive("压缩包内的文件互相重叠");
    if (entry.offset > at) return Polyglot("bytes between the archive's entries");
    ASSIGN_OR_RETURN(at, CheckEntry(file, entry));
  }
  if (at != directory) return Polyglot("bytes between the entries and the directory");
  return absl::OkStatus();
}

}  // namespace bangfu::blob
