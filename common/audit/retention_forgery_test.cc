// What of a cut cannot be forged: places that were taken out, batches that are none.
#include "common/audit/cut.h"
#include "common/audit/retention_for_test.h"

namespace bangfu::audit {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ForgeryTest : public RetentionTest {
 protected:
  // A lawful cut, and a young chain whose first entries somebody wants to be gone.
  void SetUp() override {
    old_ = Chain(2);
    EndDay();
    Years(31);
    young_ = Chain(4);
    EndDay();
    Cut();
    EndDay();
    ExpectSound();
    cut_ = Entry1(young_, 2);
  }
  void Delete() {
    ASSERT_OK(
        db_.Execute("DELETE FROM audit_log WHERE aggregate_id = ? AND chain_no <= 2", {young_}));
  }
  void InsertCut(int64_t batch_no, absl::Time kept_from, absl::Time cut_at, int64_t chain_no = 2) {
    ASSERT_OK(db_.Execute(
        "INSERT INTO audit_cut (aggregate_type, aggregate_id, chain_no, hash, occurred_at, "
        "batch_no, kept_from, cut_at) VALUES ('project', ?, ?, ?, ?, ?, ?, ?)",
        {young_, chain_no, cut_.hash, cut_.entry.occurred_at, batch_no, kept_from, cut_at}));
  }
  // An entry of a batch as the job would write it.
  void Tell(int64_t batch_no, absl::Time cut_at, int64_t keep_years = kLeastKeepYears) {
    ASSERT_OK_AND_ASSIGN(const CutSum sum, HashCuts(db_, batch_no));
    Entry e;
    e.aggregate_type = kRetention;
    e.aggregate_id = RetentionId();
    e.region_path = "36";
    e.action = "cut_audit";
    e.actor.subject = "system";
    e.after_json = absl::StrCat(R"({"keepYears":)", keep_years, R"(,"places":1,"sha256":")",
                                HexEncode(sum.hash), "\"}");
    e.occurred_at = cut_at;
    ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return Append(tx, e); }));
  }
  Ulid old_, young_;
  Record cut_;
};

TEST_F(ForgeryTest, APlaceWithoutABatchExcusesNothing) {
  Delete();
  EXPECT_THAT(ChainProblems(), ElementsAre("缺少第 1 至 2 条"));
  InsertCut(99, clock_.Now() - absl::Hours(24 * 400), clock_.Now());
  EXPECT_THAT(ChainProblems(), ElementsAre("缺少第 1 至 2 条"));
  EXPECT_THAT(AnchorProblems(), Contains("第 99 批清理在审计中没有记录"));
}

TEST_F(ForgeryTest, APlaceInALawfulBatchSpoilsIt) {
  Delete();
  InsertCut(1, clock_.Now() - absl::Hours(24 * 400), clock_.Now());
  EXPECT_THAT(Texts(VerifyIn({.regions = {"36"}})),
              ElementsAre("缺少第 1 至 2 条", "链上没有任何记录"));
  EXPECT_THAT(AnchorProblems(), Contains("第 1 批清理位置与审计记录不符"));
}

TEST_F(ForgeryTest, ATakenPlaceShows) {
  ASSERT_OK(db_.Execute("DELETE FROM audit_cut WHERE aggregate_id = ?", {old_}));
  EXPECT_THAT(ChainProblems(), ElementsAre("链上没有任何记录"));
  EXPECT_THAT(AnchorProblems(), Contains("第 1 批清理位置与审计记录不符"));
}

TEST_F(ForgeryTest, ABatchThatIsNotOfItsYearsIsNone) {
  Delete();
  const absl::Time now = clock_.Now();
  InsertCut(3, now - absl::Hours(1), now);  // after the entries
  Tell(3, now, 30);
  EXPECT_THAT(ChainProblems(), ElementsAre("缺少第 1 至 2 条"));
  EXPECT_THAT(AnchorProblems(), Contains("第 3 批清理与其保留年数不符"));
}

// Well formed in all: no job cuts by so few years.
TEST_F(ForgeryTest, ABatchOfFewerYearsThanTheLeastIsNone) {
  Years(5);
  Delete();
  const absl::CivilDay today = ShanghaiDay(clock_.Now());
  const absl::Time kept_from =
      StartOfShanghaiDay(absl::CivilDay(today.year() - 4, today.month(), today.day()));
  InsertCut(3, kept_from, clock_.Now());
  Tell(3, clock_.Now(), 4);
  EXPECT_THAT(ChainProblems(), ElementsAre("缺少第 1 至 2 条"));
  EXPECT_THAT(AnchorProblems(), Contains("第 3 批清理了保留期未满的记录"));
}
TEST_F(ForgeryTest, ABatchThatNamesFewerYearsThanItsTimeIsNone) {
  Delete();
  cut_.entry.occurred_at = clock_.Now() - absl::Hours(24 * 366 * 11);
  InsertCut(3, KeptFrom(clock_.Now(), 10), clock_.Now());
  Tell(3, clock_.Now(), 4);
  EXPECT_THAT(ChainProblems(), ElementsAre("缺少第 1 至 2 条"));
  EXPECT_THAT(AnchorProblems(), Contains("第 3 批清理了保留期未满的记录"));
}
TEST_F(ForgeryTest, ABatchOfYoungEntriesIsNone) {
  Years(5);
  Delete();
  InsertCut(3, KeptFrom(clock_.Now(), 10), clock_.Now());
  Tell(3, clock_.Now(), 10);
  EXPECT_THAT(ChainProblems(), ElementsAre("缺少第 1 至 2 条"));
  EXPECT_THAT(AnchorProblems(), Contains("第 3 批清理了保留期未满的记录"));
}

// All of it made right, as only the database's owner can, for entries that are five years old.
class AgedForgeryTest : public ForgeryTest {
 protected:
  void SetUp() override {
    ForgeryTest::SetUp();
    Years(5);
    EndDay();
    ASSERT_OK_AND_ASSIGN(kept_, ListAnchors(db_, 0, 100));
    cut_ = Entry1(young_, 4);
    cut_.entry.occurred_at = clock_.Now() - absl::Hours(24 * 366 * 11);
    ASSERT_OK(db_.Execute("DELETE FROM audit_log WHERE aggregate_id = ?", {young_}));
    InsertCut(3, KeptFrom(clock_.Now(), 10), clock_.Now(), 4);
    Tell(3, clock_.Now());
  }
  std::vector<Anchor> kept_;  // newest first
};

TEST_F(AgedForgeryTest, IsFoundByTheAnchors) {
  EXPECT_THAT(ChainProblems(), IsEmpty());  // the chains alone cannot tell
  EXPECT_THAT(AnchorProblems(), Contains("已锚定的记录缺失"));
}

TEST_F(AgedForgeryTest, IsFoundByAnchorsOutsideWhenThoseInsideWereCutToo) {
  const Anchor& of_young = kept_[2];
  ASSERT_OK(
      db_.Execute("DELETE FROM audit_anchor_item WHERE anchor_no <= ?", {of_young.anchor_no}));
  const auto forge = [&] {
    ASSERT_OK(db_.Execute(
        "INSERT INTO audit_cut (aggregate_type, aggregate_id, chain_no, hash, occurred_at, "
        "batch_no, kept_from, cut_at) VALUES (?, ?, ?, ?, ?, 4, ?, ?)",
        {kAnchors, Ulid(), of_young.anchor_no, of_young.hash,
         clock_.Now() - absl::Hours(24 * 366 * 11), KeptFrom(clock_.Now(), 10), clock_.Now()}));
    Tell(4, clock_.Now());
  };
  forge();
  // Inside, the anchor's own time tells.
  EXPECT_THAT(AnchorProblems(), Contains("锚点保留期未满，其内容已被清理"));
  // Unless it was made older, which its hash does not show once its items are gone.
  ASSERT_OK(db_.Execute("UPDATE audit_anchor SET taken_at = ? WHERE anchor_no = ?",
                        {clock_.Now() - absl::Hours(24 * 366 * 11), of_young.anchor_no}));
  EXPECT_THAT(AnchorProblems(), IsEmpty());
  EXPECT_THAT(AnchorProblems(kept_),
              ElementsAre("锚点与外部留存不符", "锚点保留期未满，其内容已被清理"));
  // One that was kept without its time still bears its hash.
  for (Anchor& anchor : kept_) anchor.taken_at = absl::UnixEpoch();
  EXPECT_THAT(AnchorProblems(kept_), IsEmpty());
}

TEST_F(ForgeryTest, ABatchDatedIntoTheFutureIsNone) {
  Delete();
  const absl::Time later = clock_.Now() + absl::Hours(24 * 366 * 12);
  InsertCut(3, KeptFrom(later, kLeastKeepYears), later);
  Tell(3, later);
  EXPECT_THAT(AnchorProblems(), Contains("第 3 批清理时间晚于其锚点"));
  // Also when that day has come: the anchor of its entry was taken before.
  EndDay();
  Years(13);
  EXPECT_THAT(AnchorProblems(), Contains("第 3 批清理时间晚于其锚点"));
}

TEST_F(ForgeryTest, AHeadTakenFromACutChainShows) {
  ASSERT_OK(db_.Execute("DELETE FROM audit_head WHERE aggregate_id = ?", {old_}));
  EXPECT_THAT(AnchorProblems(), ElementsAre("已清理的链缺少链头"));
}

TEST_F(ForgeryTest, AnEntryOfABatchThatWasRewrittenShows) {
  ASSERT_OK(
      db_.Execute("UPDATE audit_log SET after_json = '{}' WHERE aggregate_type = ?", {kRetention}));
  EXPECT_THAT(Texts(VerifyIn({.regions = {"36"}})), Contains("链上没有任何记录"));
  EXPECT_THAT(AnchorProblems(), Contains("清理记录内容与哈希不符，已被改动"));
}

}  // namespace
}  // namespace bangfu::audit
