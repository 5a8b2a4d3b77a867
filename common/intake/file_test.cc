// Files as they come: workbooks, and what only looks like one.
#include "common/intake/intake_for_test.h"

namespace bangfu::intake {
namespace {

class FileTest : public IntakeTest {
 protected:
  // A workbook of words, as a spreadsheet saves it.
  static std::string Workbook(const std::vector<std::pair<std::string, int64_t>>& words) {
    std::string bytes;
    table::XlsxWriter writer(table::XlsxWriter::Options{}, [&](std::string_view piece) {
      bytes += std::string(piece);
      return absl::OkStatus();
    });
    table::TableSpec spec;
    spec.columns = {{.key = "word", .header_zh = "word"},
                    {.key = "amount", .header_zh = "amount", .kind = table::ColumnKind::kInt}};
    EXPECT_OK(writer.Begin(spec, {}));
    for (const auto& [word, amount] : words) EXPECT_OK(writer.WriteRow({word, amount}));
    EXPECT_OK(writer.Finish());
    return bytes;
  }
  // Nothing of the file is taken, and whoever imports it is told why.
  void ExpectRefused(const std::string& id, std::string_view reason) {
    const v1::Import import = Get(id);
    EXPECT_EQ(import.state(), v1::IMPORT_STATE_REFUSED);
    EXPECT_THAT(Start("CommitImport", id),
                StatusIs(absl::StatusCode::kFailedPrecondition, "IMPORT_STATE_WRONG"));
    EXPECT_EQ(WordCount(), 0);
    ASSERT_OK_AND_ASSIGN(const Ulid run, Ulid::Parse(import.operation_id()));
    ASSERT_OK_AND_ASSIGN(const operation::v1::Operation ended,
                         operation::Get(*session_, run, {"360733"}));
    EXPECT_EQ(ended.state(), operation::v1::OPERATION_STATE_FAILED);
    EXPECT_EQ(ended.error().code(), static_cast<int>(absl::StatusCode::kInvalidArgument));
    EXPECT_NE(ended.error().SerializeAsString().find(reason), std::string::npos)
        << ended.error().ShortDebugString();
  }
};

TEST_F(FileTest, ReadsExcelToo) {
  const std::string id = Validated("b1", Workbook({{"apple", 12}}));
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_VALIDATED);
  EXPECT_EQ(Get(id).rows_created(), 1);
}

// A few kilobytes that would be hundreds of megabytes.
TEST_F(FileTest, AZipBombIsRefusedByItsName) {
  std::vector<std::pair<std::string, int64_t>> words;
  for (int i = 0; i < 200; ++i) words.emplace_back(std::string(30000, 'a'), 1);
  const std::string bomb = Workbook(words);
  EXPECT_LT(bomb.size(), 40000U);
  ExpectRefused(Validated("b1", bomb), "TABLE_ZIP_BOMB");
}

TEST_F(FileTest, ForeignBytesBeforeAWorkbookAreRefused) {
  ExpectRefused(Validated("b1", Cat("#!/bin/sh\n", Workbook({{"apple", 12}}))), "TABLE_");
}

// The rows of a table that somebody put behind it are not read, neither as its own nor as a CSV.
TEST_F(FileTest, ForeignBytesBehindAWorkbookChangeNothing) {
  const std::string workbook = Workbook({{"apple", 12}});
  const v1::Import alone = Get(Validated("b1", workbook));
  const v1::Import import = Get(Validated("b2", Cat(workbook, "word,amount\r\npear,1\r\n")));
  EXPECT_EQ(import.state(), v1::IMPORT_STATE_VALIDATED);
  EXPECT_EQ(import.rows_created(), 1);
  EXPECT_EQ(import.rows_total(), alone.rows_total());
}

TEST_F(FileTest, AWorkbookThatWasCutIsRefused) {
  const std::string whole = Workbook({{"apple", 12}});
  ExpectRefused(Validated("b1", whole.substr(0, whole.size() / 2)), "TABLE_MALFORMED");
}

}  // namespace
}  // namespace bangfu::intake
