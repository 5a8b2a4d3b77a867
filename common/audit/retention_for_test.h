// Chains, anchors and cuts over the years, for the tests of retention.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/audit/access.h"
#include "common/audit/chains_for_test.h"
#include "common/audit/retention.h"
#include "common/base/digest.h"

namespace bangfu::audit {

class RetentionTest : public ChainsTest {
 protected:
  Ulid Look() {
    Access a;
    a.id = ids_.Next();
    a.action = "AuditService.RevealSensitive";
    a.actor.subject = "li.si";
    a.aggregate_type = "operator";
    a.aggregate_id = ids_.Next();
    a.region_path = "360733";
    a.occurred_at = clock_.Now();
    EXPECT_OK(RecordAccess(db_, a));
    return a.id;
  }
  // The anchor of the day; the next day begins.
  Anchor EndDay() {
    absl::StatusOr<Anchor> anchor = WriteAnchor(db_, clock_.Now());
    EXPECT_OK(anchor);
    clock_.Advance(absl::Hours(24));
    return *anchor;
  }
  void Years(int n) { clock_.Advance(absl::Hours(24 * 366) * n); }

  CutReport Cut(const CutOptions& options = {}) {
    absl::StatusOr<CutReport> report = CutOld(db_, clock_.Now(), options);
    EXPECT_OK(report);
    return report.ok() ? *report : CutReport();
  }

  // The rows that the job cuts when the parameter says so many years; -1: it failed.
  int64_t CutBy(int64_t years) {
    const absl::StatusOr<CutReport> report =
        CutByParameter(db_, clock_.Now(),
                       [&](mysql::Executor&, const std::string&, int64_t) { return years; }, {});
    EXPECT_OK(report);
    return report.ok() ? report->rows : -1;
  }

  // The problems of the chains, the same for the wide walk and the walk by heads.
  std::vector<std::string> ChainProblems() {
    std::vector<std::string> out = Texts(VerifyIn({.regions = {"36"}}));
    EXPECT_EQ(Texts(VerifyIn({.regions = {"360733"}})), out);
    return out;
  }
  std::vector<std::string> AnchorProblems(const std::vector<Anchor>& kept = {}) {
    absl::StatusOr<Report> report = VerifyAnchors(db_, kept, clock_.Now());
    EXPECT_OK(report);
    return report.ok() ? Texts(*report) : std::vector<std::string>{"failed"};
  }
  void ExpectSound(const std::vector<Anchor>& kept = {}) {
    EXPECT_THAT(ChainProblems(), ::testing::IsEmpty());
    EXPECT_THAT(AnchorProblems(kept), ::testing::IsEmpty());
  }
  int64_t Entries(const Ulid& id) {
    return database_.Int(absl::StrCat("SELECT COUNT(*) FROM audit_log WHERE HEX(aggregate_id) = '",
                                      absl::AsciiStrToUpper(HexEncode(id.bytes())), "'"));
  }
  Record Entry1(const Ulid& id, int64_t no) {
    return *History(db_, "project", id, {"36"}, no + 1, 1)->begin();
  }
};

}  // namespace bangfu::audit
