#include "services/ctl/upload.h"

#include <functional>

#include "gtest/gtest.h"
#include "services/ctl/import_report.h"

namespace bangfu::ctl {
namespace {

constexpr char kDigest[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

UploadOptions Options() {
  UploadOptions options;
  options.service = "registry";
  options.kind = "projects";
  options.file = "tables/T1.csv";
  return options;
}

// What differs is sent under other ids: nothing is taken for what was read otherwise.
TEST(UploadTest, WhatIsReadOtherwiseIsAnotherImport) {
  const auto first = BeginOf(Options(), kDigest, 1);
  EXPECT_EQ(first.batch_id(), BeginOf(Options(), kDigest, 1).batch_id());
  EXPECT_EQ(first.request_id(), BeginOf(Options(), kDigest, 1).request_id());
  const std::vector<std::function<void(UploadOptions&)>> changes = {
      [](UploadOptions& o) { o.kind = "assets"; },
      [](UploadOptions& o) { o.file = "tables/T1.xlsx"; },
      [](UploadOptions& o) { o.default_money_unit = "万元"; },
      [](UploadOptions& o) { o.all_or_nothing = true; },
      [](UploadOptions& o) { o.region_code = "360733"; },
      [](UploadOptions& o) { o.campaign_id = "01JBZ3V7Q8X4M2N6P9R0S1T2V3"; },
      [](UploadOptions& o) { o.fill_down = {"乡镇"}; },
      [](UploadOptions& o) { o.sample = true; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    UploadOptions options = Options();
    changes[i](options);
    const auto other = BeginOf(options, kDigest, 1);
    EXPECT_NE(other.batch_id(), first.batch_id()) << i;
    EXPECT_NE(other.request_id(), first.request_id()) << i;
  }
  EXPECT_NE(BeginOf(Options(), "another", 1).batch_id(), first.batch_id());
  EXPECT_NE(BeginOf(Options(), kDigest, 2).batch_id(), first.batch_id());
}

TEST(UploadTest, ARenamedFileIsTheSameImport) {
  UploadOptions options = Options();
  options.file = "T1 (1).csv";
  const auto first = BeginOf(Options(), kDigest, 1);
  const auto renamed = BeginOf(options, kDigest, 1);
  EXPECT_EQ(renamed.batch_id(), first.batch_id());
  // Another content, which its own id is for.
  EXPECT_EQ(renamed.file_name(), "T1 (1).csv");
  EXPECT_NE(renamed.request_id(), first.request_id());
}

TEST(UploadTest, ABatchThatWasNamedKeepsItsName) {
  UploadOptions options = Options();
  options.batch_id = "2026-10";
  const auto first = BeginOf(options, kDigest, 1);
  EXPECT_EQ(first.batch_id(), "2026-10");
  options.default_money_unit = "万元";
  const auto other = BeginOf(options, kDigest, 1);
  EXPECT_EQ(other.batch_id(), "2026-10");
  EXPECT_NE(other.request_id(), first.request_id());  // the service refuses it, by its reason
}

// A file whose rows have nothing else is not brought again.
TEST(UploadTest, WhatIsOnlyToldWantsNobody) {
  using namespace intake::v1;
  ImportRow row;
  row.set_outcome(ROW_OUTCOME_UPDATED);
  EXPECT_FALSE(WantsAPerson(row));
  for (const char* reason :
       {"MONEY_NOT_UPDATED", "FOLDED", "COLUMN_IGNORED", "COLUMN_REPEATED", "COLUMN_PERSONAL"}) {
    row.add_issues()->set_reason(reason);
  }
  EXPECT_FALSE(WantsAPerson(row));
  row.add_issues()->set_reason("OPERATOR_UNKNOWN");
  EXPECT_TRUE(WantsAPerson(row));
  row.set_outcome(ROW_OUTCOME_UNCHANGED);
  EXPECT_TRUE(WantsAPerson(row));
  row.set_outcome(ROW_OUTCOME_CREATED);
  EXPECT_FALSE(WantsAPerson(row));
  row.set_outcome(ROW_OUTCOME_HELD);
  EXPECT_TRUE(WantsAPerson(row));
}

}  // namespace
}  // namespace bangfu::ctl
