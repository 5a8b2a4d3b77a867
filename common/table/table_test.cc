#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <random>

#include "common/base/clock.h"
#include "common/status/error.h"
#include "common/table/csv.h"
#include "common/table/xlsx_reader.h"
#include "common/table/xlsx_writer.h"
#include "common/testing/deep.h"

namespace bangfu::table {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Collected {
  absl::Status status;
  std::vector<InputRow> rows;
  std::vector<std::string> Texts(size_t row) const {
    std::vector<std::string> out;
    for (const InputCell& c : rows.at(row).cells) out.push_back(c.text);
    return out;
  }
};

Collected Csv(std::string_view bytes, size_t piece = 0, ReadLimits limits = {}) {
  Collected out;
  CsvReader::Options options;
  options.limits = limits;
  CsvReader reader(options, [&](const InputRow& row) {
    out.rows.push_back(row);
    return absl::OkStatus();
  });
  if (piece == 0) piece = bytes.size() + 1;
  for (size_t i = 0; i < bytes.size() && out.status.ok(); i += piece)
    out.status = reader.Feed(bytes.substr(i, piece));
  if (out.status.ok()) out.status = reader.Finish();
  return out;
}

// A workbook of the given parts.
std::string Zip(const std::vector<std::pair<std::string, std::string>>& parts) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* buffer = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(buffer);
  zip_t* archive = zip_open_from_source(buffer, ZIP_TRUNCATE, &error);
  for (const auto& [name, content] : parts) {
    zip_file_add(archive, name.c_str(),
                 zip_source_buffer(archive, content.data(), content.size(), 0), ZIP_FL_OVERWRITE);
  }
  EXPECT_EQ(zip_close(archive), 0);
  EXPECT_EQ(zip_source_open(buffer), 0);
  zip_stat_t stat;
  zip_stat_init(&stat);
  zip_source_stat(buffer, &stat);
  std::string out(stat.size, '\0');
  EXPECT_EQ(zip_source_read(buffer, out.data(), out.size()), static_cast<zip_int64_t>(out.size()));
  zip_source_close(buffer);
  zip_source_free(buffer);
  return out;
}

// One part of a workbook, unpacked.
std::string Part(const std::string& workbook, const char* name) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* buffer = zip_source_buffer_create(workbook.data(), workbook.size(), 0, &error);
  zip_t* archive = zip_open_from_source(buffer, ZIP_RDONLY, &error);
  if (archive == nullptr) return "";
  zip_stat_t stat;
  std::string content;
  if (zip_stat(archive, name, 0, &stat) == 0) {
    content.resize(stat.size);
    zip_file_t* file = zip_fopen(archive, name, 0);
    EXPECT_EQ(zip_fread(file, content.data(), content.size()),
              static_cast<zip_int64_t>(content.size()));
    zip_fclose(file);
  }
  zip_discard(archive);
  return content;
}

std::vector<std::pair<std::string, std::string>> Book(const std::string& sheet_data,
                                                      const std::string& after = "",
                                                      const std::string& strings = "") {
  std::vector<std::pair<std::string, std::string>> parts = {
      {"xl/workbook.xml",
       R"(<workbook xmlns="m" xmlns:r="r"><sheets><sheet name="隐藏" sheetId="1" state="hidden" r:id="rId2"/>)"
       R"(<sheet name="摸排" sheetId="2" r:id="rId1"/></sheets></workbook>)"},
      {"xl/_rels/workbook.xml.rels",
       R"(<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>)"
       R"(<Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/>)"
       R"(<Relationship Id="rId9" TargetMode="External" Target="http://example.com/x"/></Relationships>)"},
      {"xl/styles.xml",
       R"(<styleSheet><numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/></numFmts>)"
       R"(<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="176"/></cellXfs></styleSheet>)"},
      {"xl/vbaProject.bin", "macro"},
      {"xl/externalLinks/externalLink1.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"},
      {"xl/worksheets/sheet2.xml", "<worksheet><sheetData/></worksheet>"},
      {"xl/worksheets/sheet1.xml",
       "<worksheet><sheetData>" + sheet_data + "</sheetData>" + after + "</worksheet>"}};
  if (!strings.empty()) parts.emplace_back("xl/sharedStrings.xml", strings);
  return parts;
}

Collected Xlsx(const std::string& bytes, ReadLimits limits = {}, std::string_view sheet = "") {
  Collected out;
  XlsxReader::Options options;
  options.limits = limits;
  auto reader = XlsxReader::OpenBytes(bytes, options);
  if (!reader.ok()) {
    out.status = reader.status();
    return out;
  }
  out.status = (*reader)->ReadSheet(sheet, [&](const InputRow& row) {
    out.rows.push_back(row);
    return absl::OkStatus();
  });
  return out;
}

TEST(Csv, ReadsQuotesLineEndsAndBom) {
  const std::string text =
      "\xEF\xBB\xBF"
      "名称,说明,空\r\n\"a,\"\"b\"\"\",\"两\r\n行\",\n\n,,\nx,\" y \",z\rlast,1,2";
  for (size_t piece : {0, 1, 2, 7}) {
    Collected c = Csv(text, piece);
    ASSERT_TRUE(c.status.ok()) << c.status;
    ASSERT_EQ(c.rows.size(), 4U);
    EXPECT_THAT(c.Texts(0), ElementsAre("名称", "说明", "空"));
    EXPECT_THAT(c.Texts(1), ElementsAre("a,\"b\"", "两\r\n行", ""));
    EXPECT_THAT(c.Texts(2), ElementsAre("x", " y ", "z"));
    EXPECT_EQ(c.rows[2].row_no, 5);
    EXPECT_THAT(c.Texts(3), ElementsAre("last", "1", "2"));
  }
}

TEST(Csv, ReadsGb18030LateInTheFile) {
  // "项目,江西\n" in GB18030, behind more ASCII than the head that is looked at.
  std::string text = "code,note\n";
  for (int i = 0; i < 20'000; ++i) text += "1,abcd\n";
  text += "\xCF\xEE\xC4\xBF,\xBD\xAD\xCE\xF7\n";
  for (size_t piece : {0, 4096}) {
    Collected c = Csv(text, piece);
    ASSERT_TRUE(c.status.ok()) << c.status;
    EXPECT_THAT(c.Texts(c.rows.size() - 1), ElementsAre("项目", "江西"));
  }
  Collected head = Csv("\xCF\xEE\xC4\xBF,\xBD\xAD\xCE\xF7\n");
  EXPECT_THAT(head.Texts(0), ElementsAre("项目", "江西"));
}

TEST(Csv, KeepsDamagedCodesAsText) {
  Collected c = Csv("code\n3.6E+11\n360733101201\n");
  EXPECT_EQ(c.rows[1].cells[0].text, "3.6E+11");
  EXPECT_EQ(c.rows[1].cells[0].kind, InputKind::kText);
  EXPECT_EQ(c.rows[2].cells[0].text, "360733101201");
}

TEST(Csv, RefusesWithReasons) {
  EXPECT_EQ(ReasonOf(Csv("a,\"b\n").status), kMalformed);
  EXPECT_EQ(ReasonOf(Csv("\"a\"b\n").status), kMalformed);
  EXPECT_EQ(ReasonOf(Csv(std::string_view("a\0b\n", 4)).status), kMalformed);
  EXPECT_EQ(ReasonOf(Csv("\xFF\xFE"
                         "a")
                         .status),
            kEncodingInvalid);
  EXPECT_EQ(ReasonOf(Csv("项目\n\xFF\xFF\n").status), kEncodingInvalid);
  ReadLimits limits;
  limits.max_rows = 2;
  EXPECT_EQ(ReasonOf(Csv("a\nb\nc\n", 0, limits).status), kTooManyRows);
  limits = {};
  limits.max_columns = 2;
  EXPECT_EQ(ReasonOf(Csv("a,b,c\n", 0, limits).status), kTooManyColumns);
  limits = {};
  limits.max_cell_bytes = 10;
  EXPECT_EQ(ReasonOf(Csv("\"aaaaaaaaaaaaaaaaaaaaaa", 0, limits).status), kCellTooLong);
  limits = {};
  limits.max_bytes = 3;
  EXPECT_EQ(ReasonOf(Csv("aaaa", 0, limits).status), kTableTooLarge);
  absl::Status second = Csv("项目,b\n\"x\"y,b\n").status;
  EXPECT_EQ(GetErrorDetail(second).metadata.at("row"), "2");
}

TEST(Csv, RandomTablesComeBack) {
  std::mt19937 random(testing::PropertySeed(20240601));
  const std::vector<std::string> atoms = {"a",  "\"", ",", "\r\n", "\n",      "县",
                                          "=1", " ",  "'", "，",   "3.6E+11", ""};
  for (int round = 0; round < testing::Runs(200, 20000); ++round) {
    std::vector<std::vector<std::string>> rows;
    std::string bytes;
    for (int r = 0; r < 5; ++r) {
      std::vector<std::string> row{"k"};
      for (int c = 0; c < 4; ++c) {
        std::string cell;
        for (size_t n = random() % 4; n > 0; --n) cell += atoms[random() % atoms.size()];
        row.push_back(cell);
      }
      for (size_t i = 0; i < row.size(); ++i) bytes += (i ? "," : "") + QuoteCsvField(row[i]);
      bytes += "\r\n";
      rows.push_back(row);
    }
    Collected c = Csv(bytes, 1 + random() % 9);
    ASSERT_TRUE(c.status.ok()) << c.status << bytes;
    ASSERT_EQ(c.rows.size(), rows.size());
    for (size_t r = 0; r < rows.size(); ++r) ASSERT_EQ(c.Texts(r), rows[r]);
  }
}

TEST(Number, ExactText) {
  bool lost = false;
  EXPECT_EQ(ExactNumberText("360733101201", &lost), "360733101201");
  EXPECT_EQ(ExactNumberText("3.60733101201E+11", &lost), "360733101201");
  EXPECT_EQ(ExactNumberText("3.60733101201E11", &lost), "360733101201");
  EXPECT_EQ(ExactNumberText("3.6E+11", &lost), "360000000000");
  EXPECT_FALSE(lost);
  EXPECT_EQ(ExactNumberText("724.71248400000002", &lost), "724.712484");
  EXPECT_EQ(ExactNumberText("0.10000000000000001", &lost), "0.1");
  EXPECT_EQ(ExactNumberText("1.0000000000000001E-2", &lost), "0.01");
  EXPECT_EQ(ExactNumberText("-12.50", &lost), "-12.5");
  EXPECT_EQ(ExactNumberText("-0", &lost), "0");
  EXPECT_EQ(ExactNumberText("007", &lost), "7");
  EXPECT_FALSE(lost);
  EXPECT_EQ(ExactNumberText("110105194912310000", &lost), "110105194912310000");
  EXPECT_TRUE(lost);
  EXPECT_EQ(ExactNumberText("abc", &lost), "abc");
}

TEST(XlsxReader, ReadsStringsNumbersDatesAndSkipsHiddenSheets) {
  const std::string strings =
      "<sst><si><t>县</t></si><si><r><t>江</t></r><r><t xml:space=\"preserve\">西 "
      "</t></r><rPh><t>jx</t></rPh></si></sst>";
  const std::string data =
      R"(<row r="2"><c r="A2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c></row>)"
      R"(<row r="3"><c r="A3" t="inlineStr"><is><t>=1+1</t></is></c><c r="B3"><v>360733101201</v></c>)"
      R"(<c r="C3"><f>SUM(A1)</f><v>3.60733101201E+11</v></c><c r="D3" s="1"><v>45292</v></c>)"
      R"(<c r="E3" s="2"><v>44197.5</v></c><c r="F3" t="b"><v>1</v></c><c r="G3" t="e"><v>#REF!</v></c></row>)";
  Collected c = Xlsx(Zip(Book(data, "", strings)));
  ASSERT_TRUE(c.status.ok()) << c.status;
  ASSERT_EQ(c.rows.size(), 2U);
  EXPECT_EQ(c.rows[0].row_no, 2);
  EXPECT_THAT(c.Texts(0), ElementsAre("县", "", "江西 "));
  EXPECT_THAT(c.Texts(1), ElementsAre("=1+1", "360733101201", "360733101201", "2024-01-01",
                                      "2021-01-01", "TRUE", "#REF!"));
  EXPECT_EQ(c.rows[1].cells[2].raw, "3.60733101201E+11");
  EXPECT_EQ(c.rows[1].cells[3].kind, InputKind::kDate);
  EXPECT_EQ(ReasonOf(Xlsx(Zip(Book(data, "", strings)), {}, "不存在").status), kSheetNotFound);
}

TEST(XlsxReader, FillsDownWithinMergedRangesOnly) {
  const std::string data =
      R"(<row r="1"><c r="A1" t="str"><v>杨家堡镇</v></c><c r="B1" t="str"><v>团山村</v></c></row>)"
      R"(<row r="2"><c r="B2" t="str"><v>苏家堡村</v></c></row>)"
      R"(<row r="3"><c r="B3" t="str"><v>别处村</v></c></row><row r="4"><c r="A4"/></row>)";
  Collected c = Xlsx(Zip(
      Book(data, R"(<mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="C1:D2"/></mergeCells>)")));
  ASSERT_TRUE(c.status.ok()) << c.status;
  ASSERT_EQ(c.rows.size(), 3U);
  EXPECT_EQ(c.rows[1].cells[0].text, "杨家堡镇");
  EXPECT_TRUE(c.rows[1].cells[0].filled_from_merge);
  EXPECT_FALSE(c.rows[0].cells[0].filled_from_merge);
  EXPECT_EQ(c.rows[2].cells[0].text, "");
}

TEST(XlsxReader, RefusesBombsAndEntities) {
  const std::string row = R"(<row r="1"><c r="A1" t="str"><v>x</v></c></row>)";
  auto parts = Book(row);
  parts.emplace_back("xl/media/a.bin", std::string(64 << 20, '\0'));
  EXPECT_EQ(ReasonOf(Xlsx(Zip(parts)).status), kZipBomb);
  ReadLimits limits;
  limits.max_uncompressed_bytes = 200;
  EXPECT_EQ(ReasonOf(Xlsx(Zip(Book(row)), limits).status), kZipBomb);
  limits = {};
  limits.max_entries = 3;
  EXPECT_EQ(ReasonOf(Xlsx(Zip(Book(row)), limits).status), kZipBomb);
  limits = {};
  limits.max_rows = 1;
  EXPECT_EQ(ReasonOf(Xlsx(Zip(Book(row + R"(<row r="2"/>)")), limits).status), kTooManyRows);

  auto entities = Book(row, "",
                       "<!DOCTYPE sst [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b "
                       "\"&a;&a;&a;\">]><sst><si><t>&b;</t></si></sst>");
  EXPECT_EQ(ReasonOf(Xlsx(Zip(entities)).status), kDtdRefused);
  EXPECT_EQ(ReasonOf(Xlsx(Zip(Book(R"(<row r="2"/><row r="1"/>)"))).status), kMalformed);
  EXPECT_EQ(ReasonOf(Xlsx(Zip(Book(R"(<row r="1"><c r="A1" t="s"><v>7</v></c></row>)"))).status),
            kMalformed);
  EXPECT_EQ(ReasonOf(Xlsx(Zip(Book(R"(<row r="1"><c r="ZZZZ1"><v>7</v></c></row>)"))).status),
            kMalformed);
  EXPECT_EQ(ReasonOf(Xlsx(Zip(Book("<row"))).status), kMalformed);
  EXPECT_EQ(ReasonOf(Xlsx("PK\x03\x04 not a zip").status), kMalformed);
  EXPECT_EQ(ReasonOf(Xlsx("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").status), kOldExcel);
  EXPECT_EQ(ReasonOf(Xlsx(Zip({{"word/document.xml", "<x/>"}})).status), kMalformed);
  // Nothing was opened that is not a part of the sheet: the entity in the external link did no
  // harm.
  EXPECT_TRUE(Xlsx(Zip(Book(row))).status.ok());
}

TEST(XlsxReader, SurvivesDamage) {
  const std::string good = Zip(Book(R"(<row r="1"><c r="A1" t="str"><v>x</v></c></row>)"));
  std::mt19937 random(testing::PropertySeed(7));
  for (int i = 0; i < testing::Runs(400, 20000); ++i) {
    std::string bad = good;
    for (int n = 0; n < 4; ++n) bad[random() % bad.size()] = static_cast<char>(random());
    if (i % 3 == 0) bad.resize(random() % bad.size());
    Xlsx(bad);  // any status; no crash
  }
}

TableSpec Spec() {
  TableSpec spec;
  spec.table_no = "T1";
  spec.title_zh = "帮扶产业项目摸排登记表";
  spec.columns = {{"no", "序号", "", ColumnKind::kInt, {}},
                  {"code", "村代码", "", ColumnKind::kCode, {}},
                  {"name", "项目名称", "", ColumnKind::kText, {}},
                  {"central", "中央衔接", "", ColumnKind::kWanYuan, {"资金来源"}},
                  {"self", "自筹", "", ColumnKind::kWanYuan, {"资金来源"}},
                  {"rate", "支付率", "", ColumnKind::kBp, {}},
                  {"day", "建成时间", "", ColumnKind::kDate, {}}};
  return spec;
}

TableMeta Meta() {
  TableMeta meta;
  meta.reporting_unit = "会昌县农业农村局";
  meta.reporting_date = "2026-06-30";
  meta.preparer = "甲";
  meta.reviewer = "乙";
  meta.snapshot_time = StartOfShanghaiDay(absl::CivilDay(2026, 6, 30));
  meta.draft_note = "未定稿";
  meta.signers = {"村级（签章）", "县级（签章）"};
  return meta;
}

std::vector<std::vector<Cell>> Rows() {
  return {{int64_t{1}, std::string("360733101201"), std::string("=HYPERLINK(\"x\")"),
           int64_t{724712484}, int64_t{-5}, int64_t{1234}, absl::CivilDay(2021, 3, 4)},
          {int64_t{2}, std::string("360733101202"), std::string("冷库,\"二期\""),
           int64_t{9007199254740993}, Cell{}, int64_t{0}, Cell{}}};
}

TEST(Writers, CsvIsExactAndGuarded) {
  std::string bytes;
  CsvWriter writer({}, [&](std::string_view b) {
    bytes.append(b);
    return absl::OkStatus();
  });
  ASSERT_TRUE(writer.Begin(Spec(), Meta()).ok());
  for (const auto& row : Rows()) ASSERT_TRUE(writer.WriteRow(row).ok());
  EXPECT_EQ(ReasonOf(writer.WriteRow({})), kRowShape);
  auto summary = writer.Finish();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->row_count, 2);
  EXPECT_EQ(bytes,
            "\xEF\xBB\xBF"
            "序号,村代码,项目名称,资金来源/中央衔接（万元）,资金来源/"
            "自筹（万元）,支付率（%）,建成时间\r\n"
            "1,360733101201,\"'=HYPERLINK(\"\"x\"\")\",724.712484,-0.000005,12.34,2021-03-04\r\n"
            "2,360733101202,\"冷库,\"\"二期\"\"\",9007199254.740993,,0,\r\n");
}

TEST(Writers, CsvPreambleAndMachineForm) {
  std::string bytes;
  CsvWriter::Options options;
  options.bom = false;
  options.key_header = true;
  options.preamble = true;
  CsvWriter writer(options, [&](std::string_view b) {
    bytes.append(b);
    return absl::OkStatus();
  });
  ASSERT_TRUE(writer.Begin(Spec(), Meta()).ok());
  auto summary = writer.Finish();
  ASSERT_TRUE(summary.ok());
  EXPECT_THAT(bytes, HasSubstr("no,code,name,central,self,rate,day\r\n"));
  EXPECT_THAT(bytes, HasSubstr("填报单位,会昌县农业农村局"));
  EXPECT_THAT(bytes, HasSubstr("未定稿"));
  EXPECT_THAT(bytes, HasSubstr("行数,0,SHA-256," + summary->rows_sha256));
}

TEST(Writers, FormulaLeads) {
  for (std::string_view text : {"=1", "+1", "-1", "@x", "\tx", "\rx", "＝1"})
    EXPECT_TRUE(LooksLikeFormula(text));
  EXPECT_FALSE(LooksLikeFormula("1=1"));
  EXPECT_FALSE(LooksLikeFormula(""));
}

TEST(Writers, XlsxComesBackWithMergedHeaders) {
  std::string bytes;
  XlsxWriter writer({}, [&](std::string_view b) {
    bytes.append(b);
    return absl::OkStatus();
  });
  ASSERT_TRUE(writer.Begin(Spec(), Meta()).ok());
  for (const auto& row : Rows()) ASSERT_TRUE(writer.WriteRow(row).ok());
  auto summary = writer.Finish();
  ASSERT_TRUE(summary.ok()) << summary.status();

  auto reader = XlsxReader::OpenBytes(bytes, {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  Collected c;
  c.status = (*reader)->ReadSheet("", [&](const InputRow& row) {
    c.rows.push_back(row);
    return absl::OkStatus();
  });
  ASSERT_TRUE(c.status.ok()) << c.status;
  ASSERT_EQ(c.rows.size(),
            9U);  // title, unit line, snapshot line, two headers, two rows, count, signatures
  EXPECT_THAT(c.rows[0].cells[0].text, HasSubstr("帮扶产业项目摸排登记表（未定稿）"));
  EXPECT_THAT(c.rows[1].cells[0].text, HasSubstr("填报单位：会昌县农业农村局"));
  EXPECT_THAT(c.Texts(3), ElementsAre("序号", "村代码", "项目名称", "资金来源", "资金来源",
                                      "支付率（%）", "建成时间"));
  EXPECT_THAT(c.Texts(4), ElementsAre("序号", "村代码", "项目名称", "中央衔接（万元）",
                                      "自筹（万元）", "支付率（%）", "建成时间"));
  EXPECT_THAT(c.Texts(5), ElementsAre("1", "360733101201", "=HYPERLINK(\"x\")", "724.712484",
                                      "-0.000005", "12.34", "2021-03-04"));
  EXPECT_EQ(c.rows[5].cells[1].kind, InputKind::kText);
  EXPECT_EQ(c.rows[5].cells[3].kind, InputKind::kNumber);
  EXPECT_EQ(c.rows[6].cells[3].text,
            "9007199254.740993");  // too long for a double: text, still exact
  EXPECT_THAT(c.rows[7].cells[0].text, HasSubstr(summary->rows_sha256));
  EXPECT_THAT(c.rows[8].cells[0].text, HasSubstr("县级（签章）"));

  // The same rows have the same hash in CSV.
  CsvWriter csv({}, [](std::string_view) { return absl::OkStatus(); });
  ASSERT_TRUE(csv.Begin(Spec(), Meta()).ok());
  for (const auto& row : Rows()) ASSERT_TRUE(csv.WriteRow(row).ok());
  EXPECT_EQ(csv.Finish()->rows_sha256, summary->rows_sha256);
}

// As it leaves the printer: A4 across, one page wide, the headers on every page, numbered, and a
// line to sign on.
TEST(Writers, XlsxIsLaidOutForPrint) {
  std::string bytes;
  XlsxWriter writer({}, [&](std::string_view b) {
    bytes.append(b);
    return absl::OkStatus();
  });
  ASSERT_TRUE(writer.Begin(Spec(), Meta()).ok());
  for (const auto& row : Rows()) ASSERT_TRUE(writer.WriteRow(row).ok());
  ASSERT_TRUE(writer.Finish().ok());
  const std::string sheet = Part(bytes, "xl/worksheets/sheet1.xml");
  EXPECT_THAT(sheet, HasSubstr(R"(paperSize="9")"));
  EXPECT_THAT(sheet, HasSubstr(R"(orientation="landscape")"));
  EXPECT_THAT(sheet, HasSubstr(R"(fitToHeight="0")"));
  EXPECT_THAT(sheet, HasSubstr(R"(<pageSetUpPr fitToPage="1"/>)"));
  EXPECT_THAT(sheet, HasSubstr("<oddFooter>"));
  const std::string book = Part(bytes, "xl/workbook.xml");
  EXPECT_THAT(book, HasSubstr("_xlnm.Print_Titles"));
  EXPECT_THAT(book, HasSubstr("!$4:$5"));  // the two rows of headers
}

TEST(Table, ReadTableTellsTheKindsApart) {
  int rows = 0;
  auto count = [&](const InputRow&) {
    ++rows;
    return absl::OkStatus();
  };
  EXPECT_TRUE(ReadTable("a,b\n1,2\n", {}, count).ok());
  EXPECT_TRUE(ReadTable(Zip(Book(R"(<row r="1"><c r="A1"><v>1</v></c></row>)")), {}, count).ok());
  EXPECT_EQ(rows, 3);
  EXPECT_EQ(ReasonOf(ReadTable("\xD0\xCF\x11\xE0", {}, count)), kOldExcel);
}

}  // namespace
}  // namespace bangfu::table
