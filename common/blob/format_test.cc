#include "common/blob/format.h"

#include <zlib.h>

#include "common/base/strings.h"
#include "common/blob/blob_for_test.h"
#include "common/testing/status_matchers.h"

namespace bangfu::blob {
namespace {

using ::bangfu::testing::SmallPdf;
using ::bangfu::testing::StatusIs;

constexpr char kXlsx[] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
constexpr char kDocx[] = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

absl::Status Check(std::string_view type, std::string_view bytes,
                   const ArchiveLimits& limits = {}) {
  return CheckFormat(
      type, static_cast<int64_t>(bytes.size()),
      [&](int64_t offset, int64_t length) -> absl::StatusOr<std::string> {
        return std::string(bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length)));
      },
      limits);
}

auto Refused(std::string reason) {
  return StatusIs(absl::StatusCode::kFailedPrecondition, std::move(reason));
}

std::string Little(uint64_t value, int width) {
  std::string out;
  for (int i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}
std::string Big(uint64_t value, int width) {
  const std::string little = Little(value, width);
  return {little.rbegin(), little.rend()};
}

std::string Jpeg(std::string_view comment = "") {
  std::string out = "\xff\xd8";
  out += Cat("\xff\xe0", std::string("\0\x07JFIF\0", 7));
  if (!comment.empty()) out += Cat("\xff\xfe", Big(comment.size() + 2, 2), comment);
  out += std::string("\xff\xda\0\x04\x01\x02", 6);              // one scan …
  out += std::string("\x11\x22\xff\0\x33\xff\xd0\x44\x55", 9);  // … stuffing, a restart
  return out + "\xff\xd9";
}

std::string PngChunk(std::string_view type, std::string_view data) {
  return Cat(Big(data.size(), 4), type, data, std::string(4, 'c'));
}
std::string Png(std::string_view text = "") {
  std::string out("\x89PNG\r\n\x1a\n", 8);
  out += PngChunk("IHDR", std::string(13, '\0'));
  if (!text.empty()) out += PngChunk("tEXt", text);
  return out + PngChunk("IDAT", "pixels") + PngChunk("IEND", "");
}

// A ZIP made by hand, so that every lie can be told.
struct Part {
  std::string name;
  std::string data;
  bool deflate = false;
  int64_t claimed = -1;    // unpacked size that the headers state; -1: the true one
  std::string local_name;  // when it differs
};
std::string Deflate(const std::string& data) {
  std::string out(data.size() + 1024, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
std::string Zip(const std::vector<Part>& parts, std::string_view between = "") {
  std::string out, directory;
  for (const Part& part : parts) {
    const std::string packed = part.deflate ? Deflate(part.data) : part.data;
    const uLong crc = crc32(0, reinterpret_cast<const Bytef*>(part.data.data()),
                            static_cast<uInt>(part.data.size()));
    const auto unpacked = part.claimed < 0 ? part.data.size() : static_cast<size_t>(part.claimed);
    const std::string sizes = Cat(Little(crc, 4), Little(packed.size(), 4), Little(unpacked, 4));
    const std::string method = Little(part.deflate ? 8 : 0, 2);
    const std::string& local = part.local_name.empty() ? part.name : part.local_name;
    directory += Cat("PK\x01\x02", Little(20, 2), Little(20, 2), Little(0, 2), method, Little(0, 4),
                     sizes, Little(part.name.size(), 2), Little(0, 2), Little(0, 2), Little(0, 2),
                     Little(0, 2), Little(0, 4), Little(out.size(), 4), part.name);
    out += Cat("PK\x03\x04", Little(20, 2), Little(0, 2), method, Little(0, 4), sizes,
               Little(local.size(), 2), Little(0, 2), local, packed);
  }
  out += between;
  const size_t at = out.size();
  return Cat(out, directory, "PK\x05\x06", Little(0, 4), Little(parts.size(), 2),
             Little(parts.size(), 2), Little(directory.size(), 4), Little(at, 4), Little(0, 2));
}
std::vector<Part> Workbook() {
  return {{"[Content_Types].xml", "<Types/>"}, {"xl/workbook.xml", "<workbook/>", true}};
}
std::string WorkbookWith(Part part) {
  std::vector<Part> parts = Workbook();
  parts.push_back(std::move(part));
  return Zip(parts);
}

TEST(Format, TakesWhatIsWhatItSays) {
  EXPECT_OK(Check("image/jpeg", Jpeg("现场照片")));
  EXPECT_OK(Check("image/jpeg", Jpeg() + Jpeg()));                 // a preview behind the picture
  EXPECT_OK(Check("image/jpeg", Jpeg() + std::string(64, '\0')));  // padding
  EXPECT_OK(Check("image/png", Png("Author\0村委会")));
  EXPECT_OK(Check("application/pdf", SmallPdf("一")));
  EXPECT_OK(Check(kXlsx, Zip(Workbook())));
  EXPECT_OK(
      Check(kDocx, Zip({{"[Content_Types].xml", "<Types/>"}, {"word/document.xml", "<d/>"}})));
  EXPECT_OK(Check("application/ofd", Zip({{"OFD.xml", "<OFD/>"}})));
  EXPECT_OK(Check("text/csv", "村,金额\n下营村,1\n"));
  EXPECT_OK(Check("text/csv", "\xb4\xe5,\xbd\xf0\xb6\xee\n"));  // GB18030
}

TEST(Format, RefusesAnotherTypeThanDeclared) {
  const std::map<std::string, std::string> files = {{"image/jpeg", Jpeg()},
                                                    {"image/png", Png()},
                                                    {"application/pdf", SmallPdf("x")},
                                                    {kXlsx, Zip(Workbook())},
                                                    {"text/plain", "一段文字\n"}};
  for (const auto& [declared, good] : files) {
    for (const auto& [real, bytes] : files) {
      if (declared == real) continue;
      const absl::Status status = Check(declared, bytes);
      EXPECT_FALSE(status.ok()) << real << " as " << declared;
      // A small PDF is text to the eye; what gives it away is its header.
      if (declared != "text/plain") {
        EXPECT_THAT(status, Refused("EVIDENCE_TYPE_MISMATCH")) << real << " as " << declared;
      }
    }
  }
  EXPECT_THAT(Check(kDocx, Zip(Workbook())), Refused("EVIDENCE_TYPE_MISMATCH"));
  EXPECT_THAT(Check("application/x-msdownload", "MZ"), Refused("EVIDENCE_TYPE_MISMATCH"));
  EXPECT_THAT(Check("text/plain", std::string("a\0b", 3)), Refused("EVIDENCE_TYPE_MISMATCH"));
}

TEST(Format, RefusesPolyglots) {
  const std::string zip = Zip(Workbook());
  EXPECT_THAT(Check("image/jpeg", Jpeg() + zip), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("image/jpeg", Jpeg() + SmallPdf("x")), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("image/jpeg", Jpeg(SmallPdf("x"))), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("image/jpeg", Jpeg("<ScRiPt>alert(1)</script>")), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("image/png", Png() + zip), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("image/png", Png("<html><body>")), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("image/png", Png("<?php system($_GET[0]);")), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("application/pdf", SmallPdf("x") + zip), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("application/pdf", SmallPdf("x") + "MZ\x90"), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check(kXlsx, zip + "tail"), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check(kXlsx, Zip(Workbook(), "hidden")), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("text/plain", "<!DOCTYPE html><p>hi"), Refused("EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Check("text/csv", "a,b\n<svg onload=x>\n"), Refused("EVIDENCE_POLYGLOT"));
}

TEST(Format, FindsMarkupAcrossTheBlocksOfALargeFile) {
  const std::string large(600 << 10, 'x');
  for (size_t at : {size_t{512 << 10} - 3, size_t{100}, large.size() - 7}) {
    std::string comment = large;
    comment.replace(at, 7, "<script");
    EXPECT_THAT(Check("text/plain", comment), Refused("EVIDENCE_POLYGLOT")) << at;
  }
  EXPECT_OK(Check("text/plain", "x\n" + large));
}

TEST(Format, RefusesDocumentsThatRunSomething) {
  EXPECT_THAT(Check("application/pdf", SmallPdf("<</S/JavaScript/JS(app.alert(1))>>")),
              Refused("EVIDENCE_ACTIVE_CONTENT"));
  EXPECT_THAT(Check("application/pdf", SmallPdf("<</S/Launch/F(cmd)>>")),
              Refused("EVIDENCE_ACTIVE_CONTENT"));
  EXPECT_THAT(Check(kXlsx, WorkbookWith({"xl/vbaProject.bin", "x"})),
              Refused("EVIDENCE_ARCHIVE_UNSAFE"));
}

TEST(Format, RefusesZipBombs) {
  // 64 MiB of zeros in 64 KiB.
  EXPECT_THAT(Check(kXlsx, WorkbookWith({"xl/a.xml", std::string(64 << 20, '\0'), true})),
              Refused("EVIDENCE_ARCHIVE_UNSAFE"));
  // The same, stating a size that would do.
  EXPECT_THAT(Check(kXlsx, WorkbookWith({"xl/a.xml", std::string(64 << 20, '\0'), true, 1000})),
              Refused("EVIDENCE_ARCHIVE_UNSAFE"));
  // Many that are small by themselves.
  std::vector<Part> parts = Workbook();
  for (int i = 0; i < 300; ++i) parts.push_back({Cat("xl/", i), std::string(1 << 20, 'a'), true});
  EXPECT_THAT(Check(kXlsx, Zip(parts)), Refused("EVIDENCE_ARCHIVE_UNSAFE"));
  EXPECT_THAT(Check(kXlsx, Zip(Workbook()), {.max_entries = 1}),
              Refused("EVIDENCE_ARCHIVE_UNSAFE"));
  // Two entries over the same bytes: the second's header points at the first.
  std::string overlapping = WorkbookWith({"xl/b.xml", "bbbb"});
  const size_t second = overlapping.rfind("PK\x01\x02");
  overlapping.replace(second + 42, 4, Little(0, 4));
  EXPECT_THAT(Check(kXlsx, overlapping), Refused("EVIDENCE_ARCHIVE_UNSAFE"));
}

TEST(Format, RefusesEntriesThatLeaveTheFolder) {
  for (const char* name : {"../x", "xl/../../x", "/etc/passwd", "C:\\x", "xl\\x", ""}) {
    EXPECT_THAT(Check(kXlsx, WorkbookWith({name, "x"})), Refused("EVIDENCE_ARCHIVE_UNSAFE"))
        << name;
  }
  EXPECT_THAT(Check(kXlsx, WorkbookWith({"xl/a.xml", "x", false, -1, "xl/b.xml"})),
              Refused("EVIDENCE_ARCHIVE_UNSAFE"));
  EXPECT_THAT(Check(kXlsx, WorkbookWith({"xl/workbook.xml", "x"})),
              Refused("EVIDENCE_ARCHIVE_UNSAFE"));
}

TEST(Format, RefusesEveryTruncation) {
  const std::map<std::string, std::string> files = {{"image/jpeg", Jpeg("c")},
                                                    {"image/png", Png("t")},
                                                    {"application/pdf", SmallPdf("x")},
                                                    {kXlsx, Zip(Workbook())}};
  for (const auto& [type, bytes] : files) {
    for (size_t length = 1; length + 1 < bytes.size(); ++length) {
      EXPECT_FALSE(Check(type, bytes.substr(0, length)).ok()) << type << " " << length;
    }
  }
}

// Whatever the bytes, the answer is one of the named refusals, and it comes.
TEST(Format, HoldsAgainstDamagedFiles) {
  const std::map<std::string, std::string> files = {{"image/jpeg", Jpeg("comment")},
                                                    {"image/png", Png("text")},
                                                    {"application/pdf", SmallPdf("x")},
                                                    {kXlsx, Zip(Workbook())}};
  uint64_t state = 20261127;
  const auto random = [&] { return state = state * 6364136223846793005u + 1442695040888963407u; };
  for (const auto& [type, good] : files) {
    for (int round = 0; round < 2000; ++round) {
      std::string bytes = good;
      for (int i = 0; i < 3; ++i) {
        bytes[(random() >> 33) % bytes.size()] = static_cast<char>(random() >> 40);
      }
      const absl::Status status = Check(type, bytes);
      if (!status.ok()) {
        ASSERT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
      }
    }
  }
}

}  // namespace
}  // namespace bangfu::blob
