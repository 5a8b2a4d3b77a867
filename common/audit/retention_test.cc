#include "common/audit/retention.h"

#include <thread>

#include "common/audit/audit.h"
#include "common/audit/cut.h"
#include "common/audit/retention_for_test.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/testing/status_matchers.h"

namespace bangfu::audit {
namespace {

using ::bangfu::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(RetentionTest, KeepsTheSameDaySoManyYearsAgo) {
  const auto at = [](int y, int m, int d, int h) {
    return absl::FromCivil(absl::CivilSecond(y, m, d, h, 0, 0), ShanghaiTimeZone());
  };
  EXPECT_EQ(KeptFrom(at(2056, 3, 2, 1), 30), at(2026, 3, 2, 0));
  EXPECT_EQ(KeptFrom(at(2056, 2, 29, 23), 30), at(2026, 3, 1, 0));
  // Whatever the parameter says.
  EXPECT_EQ(KeptFrom(at(2056, 3, 2, 1), 0), at(2046, 3, 2, 0));
  EXPECT_EQ(KeptFrom(at(2056, 3, 2, 1), -7), at(2046, 3, 2, 0));
  EXPECT_EQ(KeptFrom(at(2056, 3, 2, 1), INT64_MAX), at(1056, 3, 2, 0));
}

TEST_F(RetentionTest, CutsOnlyAfterTheYearsAndOnlyWhatIsAnchored) {
  const Ulid id = Chain(3);
  EndDay();
  const Ulid unanchored = Chain(2);
  Years(29);
  EXPECT_EQ(Cut().batches, 0);
  Years(2);
  CutReport report = Cut();
  EXPECT_EQ(report.rows, 3);
  EXPECT_FALSE(report.more);
  EXPECT_EQ(Entries(id), 0);
  EXPECT_EQ(Entries(unanchored), 2);
  ExpectSound();
  // An anchor from now covers nothing that is old: its item would be evidence against the cut.
  EndDay();
  EXPECT_EQ(Cut().rows, 0);
  EXPECT_EQ(Entries(unanchored), 2);
  ExpectSound();
  Years(31);
  EXPECT_EQ(Cut().rows, 2);
  ExpectSound();
}

TEST_F(RetentionTest, AChainThatIsPartlyOldKeepsItsTail) {
  const Ulid id = Chain(3);
  const Ulid other = Chain(2, "360821");
  EndDay();
  Years(31);
  Write(id, 4, 5);
  const Anchor young = EndDay();
  EXPECT_EQ(Cut().rows, 5);
  EXPECT_EQ(Entries(id), 2);
  ExpectSound({young});
  Report report = VerifyIn({.regions = {"36"}});
  EXPECT_EQ(report.cut, 5);
  EXPECT_EQ(report.entries, 2 + 2);  // and those of the batches: the chains', the anchor's
  report = VerifyIn({.regions = {"36"}, .aggregate_type = "project", .aggregate_id = id});
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.cut, 3);
  report = VerifyIn({.regions = {"360821"}});
  EXPECT_EQ(report.chains, 1);
  EXPECT_EQ(report.cut, 2);
  report = VerifyIn({.regions = {"360821"}, .aggregate_type = "project", .aggregate_id = other});
  EXPECT_EQ(report.cut, 2);
  // The history ends where the chain begins now.
  ASSERT_OK_AND_ASSIGN(const std::vector<Record> page, History(db_, "project", id, {"36"}, 0, 10));
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page.back().chain_no, 4);
}

TEST_F(RetentionTest, AChainThatIsWhollyOldGoesOn) {
  const Ulid id = Chain(3, "360733101");
  EndDay();
  Years(31);
  Cut();
  EXPECT_EQ(Entries(id), 0);
  ExpectSound();
  EXPECT_EQ(*RegionOfRecord(db_, "project", id), "360733101");
  EXPECT_THAT(*History(db_, "project", id, {"36"}, 0, 10), IsEmpty());
  EndDay();
  Write(id, 4, 4, "360733101");
  ExpectSound();
  EndDay();
  ExpectSound();
  // And is cut again, further on.
  Years(31);
  EXPECT_GT(Cut().rows, 0);
  EXPECT_EQ(Entries(id), 0);
  ExpectSound();
  EXPECT_EQ(VerifyIn({.regions = {"360733"}}).cut, 4);
}

TEST_F(RetentionTest, TheCutIsInTheTrail) {
  Chain(2);
  Chain(1);
  EndDay();
  Years(31);
  Cut();
  ASSERT_OK_AND_ASSIGN(const std::vector<Record> told,
                       History(db_, kRetention, RetentionId(), {"36"}, 0, 10));
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].entry.actor.subject, "system");
  EXPECT_EQ(told[1].entry.action, "cut_audit");
  EXPECT_THAT(told[1].entry.after_json, HasSubstr(R"("chains":2,"entries":3,"keptFrom":"2027-)"));
  EXPECT_THAT(told[0].entry.after_json, HasSubstr(R"("anchors":1,"anchorItems":2,"accesses":0)"));
  // Nor does it ever go.
  EndDay();
  Years(40);
  Cut();
  EXPECT_EQ(Entries(RetentionId()), 2);
  ExpectSound();
}

TEST_F(RetentionTest, LooksAndItemsGoWithTheirAnchorAndAnchorsStay) {
  Look();
  const Ulid id = Chain(2);
  std::vector<Anchor> kept = {EndDay()};
  for (int day = 0; day < 40; ++day) kept.push_back(EndDay());
  Years(30);
  Look();
  kept.push_back(EndDay());
  Years(1);
  const CutReport report = Cut();
  EXPECT_EQ(report.anchors, 41);
  EXPECT_EQ(report.accesses, 1);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM audit_anchor"), 42);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM audit_anchor_item"), 1);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM access_log"), 1);
  EXPECT_EQ(Entries(id), 0);
  ExpectSound(kept);
  // What is kept still shows what is done to it.
  ASSERT_OK(db_.Execute("UPDATE access_log SET reason = 'x'"));
  EXPECT_THAT(AnchorProblems(), ElementsAre("已锚定的查看记录已被改动"));
  ASSERT_OK(db_.Execute("DELETE FROM access_log"));
  EXPECT_THAT(AnchorProblems(), ElementsAre("已锚定的查看记录应有1条，现有0条"));
}

TEST_F(RetentionTest, AnAnchorStaysWholeWhileAnEntryNeedsIt) {
  const Ulid id = ids_.Next();
  Write(id, 1, 2);
  EndDay();
  Years(31);
  // The record of a chain that was taken out altogether is what shows it.
  ASSERT_OK(db_.Execute("DELETE FROM audit_log WHERE aggregate_id = ?", {id}));
  ASSERT_OK(db_.Execute("DELETE FROM audit_head WHERE aggregate_id = ?", {id}));
  EXPECT_EQ(Cut().anchors, 0);
  EXPECT_THAT(AnchorProblems(), ElementsAre("已锚定的记录缺失", "已锚定的链头缺失或倒退"));
}

TEST_F(RetentionTest, OutsideAnchorsAreStillComparedAfterACut) {
  Chain(2);
  Anchor old = EndDay();
  Years(31);
  const Ulid id = Chain(2);
  Anchor young = EndDay();
  Cut();
  ExpectSound({old, young});
  Anchor other = old;
  other.hash = Sha256("other");
  EXPECT_THAT(AnchorProblems({other, young}), ElementsAre("锚点与外部留存不符"));
  ASSERT_OK(db_.Execute("DELETE FROM audit_log WHERE aggregate_id = ?", {id}));
  EXPECT_THAT(AnchorProblems({old, young}), ElementsAre("已锚定的记录缺失"));
  ASSERT_OK(db_.Execute("DELETE FROM audit_anchor WHERE anchor_no = 1"));
  EXPECT_THAT(AnchorProblems({old, young}), Contains("外部留存的锚点不存在"));
}

TEST_F(RetentionTest, AChangedKeptEntryShows) {
  const Ulid id = Chain(3);
  EndDay();
  Years(31);
  Write(id, 4, 6);
  EndDay();
  Cut();
  ExpectSound();
  ASSERT_OK(db_.Execute("UPDATE audit_log SET reason = 'x' WHERE aggregate_id = ? AND chain_no = 5",
                        {id}));
  EXPECT_THAT(ChainProblems(), ElementsAre("内容与哈希不符，已被改动"));
  ASSERT_OK(db_.Execute(
      "UPDATE audit_log SET reason = '更正' WHERE aggregate_id = ? AND chain_no = 5", {id}));
  ExpectSound();
  // The first that is kept is missing: the cut was before it.
  ASSERT_OK(db_.Execute("DELETE FROM audit_log WHERE aggregate_id = ? AND chain_no = 4", {id}));
  EXPECT_THAT(ChainProblems(), ElementsAre("缺少第 1 至 4 条"));
}

TEST_F(RetentionTest, EntriesPutBackBeforeTheCutShow) {
  const Ulid id = Chain(3);
  EndDay();
  Years(31);
  Write(id, 4, 4);
  EndDay();
  Cut();
  for (int n = 1; n <= 2; ++n) {
    ASSERT_OK(db_.Execute(
        "INSERT INTO audit_log (aggregate_type, aggregate_id, chain_no, hash_algorithm, prev_hash, "
        "hash, actor_subject, actor_name, actor_role, actor_region, action, before_json, "
        "after_json, reason, request_id, source_system, client_ip, occurred_at, region_path) "
        "SELECT aggregate_type, aggregate_id, ?, 1, REPEAT('a', 32), REPEAT('a', 32), 'x', '', '', "
        "'', '', '', '', '', '', '', '', occurred_at, region_path FROM audit_log WHERE "
        "aggregate_id = ? AND chain_no = 4",
        {n, id}));
  }
  EXPECT_THAT(ChainProblems(), Contains("缺少第 3 条"));
}

// What is wrong with it would be gone with the entries.
TEST_F(RetentionTest, AnOldChainThatDoesNotVerifyIsKept) {
  const Ulid changed = Chain(3);
  const Ulid rewritten = Chain(1);
  const Ulid sound = Chain(2);
  EndDay();
  Record all = Entry1(rewritten, 1);
  all.entry.reason = "另一理由";
  ASSERT_OK(db_.Execute("UPDATE audit_log SET reason = ?, hash = ? WHERE aggregate_id = ?",
                        {all.entry.reason, HashOf(all), rewritten}));
  ASSERT_OK(db_.Execute("UPDATE audit_head SET hash = ? WHERE aggregate_id = ?",
                        {HashOf(all), rewritten}));
  ASSERT_OK(db_.Execute("UPDATE audit_log SET reason = 'x' WHERE aggregate_id = ? AND chain_no = 2",
                        {changed}));
  Years(31);
  const CutReport report = Cut();
  EXPECT_EQ(report.damaged, 2);
  EXPECT_EQ(report.anchors, 0);
  EXPECT_EQ(Entries(changed), 3);
  EXPECT_EQ(Entries(rewritten), 1);
  EXPECT_EQ(Entries(sound), 0);
  EXPECT_THAT(ChainProblems(), ElementsAre("内容与哈希不符，已被改动"));
  EXPECT_THAT(AnchorProblems(), ElementsAre("已锚定的记录被替换"));
}

TEST_F(RetentionTest, AFewAtATimeAndFromWhereAKilledJobWas) {
  std::vector<Ulid> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(Chain(5, i % 2 ? "360733" : "360733101"));
  for (int i = 0; i < 3; ++i) Look();
  std::vector<Anchor> kept = {EndDay()};
  Years(31);
  for (const Ulid& id : ids) Write(id, 6, 6);
  kept.push_back(EndDay());
  // Killed ever later, and once more from the begin.
  int64_t rows = 0;
  bool more = true;
  for (int lives = 0; more; ++lives) {
    ASSERT_LT(lives, 100);
    int asked = 0;
    const CutReport report = Cut(
        {.stopped = [&] { return ++asked > 2 + lives / 10; }, .max_rows = 7, .max_bytes = 1 << 20});
    rows += report.rows;
    more = report.more;
    ExpectSound(kept);
  }
  EXPECT_EQ(rows, 60);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM access_log"), 0);
  EXPECT_EQ(VerifyIn({.regions = {"36"}}).cut, 60);
  EXPECT_EQ(Cut().batches, 0);
}

TEST_F(RetentionTest, BatchesAreBounded) {
  const Ulid id = Chain(9);
  EndDay();
  Years(31);
  CutReport report = Cut({.max_batches = 2, .max_rows = 2});
  EXPECT_EQ(report.rows, 4);
  EXPECT_TRUE(report.more);
  // By bytes: an entry at a time.
  report = Cut({.max_batches = 2, .max_bytes = 1});
  EXPECT_EQ(report.rows, 2);
  EXPECT_EQ(Entries(id), 3);
  ExpectSound();
}

TEST_F(RetentionTest, TwoJobsAtOnceCutOnce) {
  for (int i = 0; i < 30; ++i) Chain(4);
  Look();
  const Anchor kept = EndDay();
  Years(31);
  CutReport one, two;
  const auto work = [&](CutReport* report) {
    auto session = database_.Connect();
    absl::StatusOr<CutReport> cut = CutOld(*session, clock_.Now(), {.max_rows = 5});
    EXPECT_OK(cut);
    if (cut.ok()) *report = *cut;
  };
  std::thread other([&] { work(&one); });
  work(&two);
  other.join();
  EXPECT_EQ(one.rows + two.rows, 120);
  EXPECT_EQ(one.anchors + two.anchors, 1);
  EXPECT_EQ(database_.Int("SELECT COUNT(DISTINCT batch_no) FROM audit_cut"),
            one.batches + two.batches);
  ExpectSound({kept});
}

TEST_F(RetentionTest, TheYearsMayChange) {
  Chain(1);
  EndDay();
  Years(5);
  const Ulid later = Chain(1);
  EndDay();
  Years(11);
  EXPECT_EQ(Cut({.keep_years = 30}).rows, 0);
  EXPECT_EQ(Cut({.keep_years = 14}).rows, 1);
  ExpectSound();
  EXPECT_EQ(Cut({.keep_years = 50}).rows, 0);
  EXPECT_EQ(Entries(later), 1);
  EXPECT_EQ(Cut({.keep_years = 10}).rows, 1);
  EXPECT_EQ(Entries(later), 0);
  ExpectSound();
}

TEST_F(RetentionTest, FewerYearsThanTheLeastCutNothing) {
  const Ulid id = Chain(2);
  EndDay();
  Years(40);
  for (const int64_t few : {-1, 0, 1, 9}) {
    EXPECT_THAT(CutOld(db_, clock_.Now(), {.keep_years = few}),
                StatusIs(absl::StatusCode::kFailedPrecondition))
        << few;
  }
  EXPECT_EQ(Entries(id), 2);
  EXPECT_EQ(Cut({.keep_years = 10}).rows, 2);
}

TEST_F(RetentionTest, NothingIsCutWhileTheParameterIsUnknown) {
  const Ulid id = Chain(2);
  EndDay();
  Years(40);
  absl::StatusOr<int64_t> known = 0;
  const auto cut = [&](bool has = true) {
    ParameterLookup parameter;
    if (has) {
      parameter = [&](mysql::Executor&, const std::string& code,
                      int64_t otherwise) -> absl::StatusOr<int64_t> {
        EXPECT_EQ(code, "AUDIT_KEEP_YEARS");
        if (known.ok() && *known == 0) return otherwise;
        return known;
      };
    }
    return CutByParameter(db_, clock_.Now(), parameter, {});
  };
  ASSERT_OK_AND_ASSIGN(CutReport report, cut());
  EXPECT_EQ(report.batches, 0);
  ASSERT_OK_AND_ASSIGN(report, cut(false));
  EXPECT_EQ(report.batches, 0);
  known = absl::UnavailableError("away");
  EXPECT_THAT(cut(), StatusIs(absl::StatusCode::kUnavailable));
  known = 50;
  ASSERT_OK_AND_ASSIGN(report, cut());
  EXPECT_EQ(report.batches, 0);
  EXPECT_EQ(Entries(id), 2);
  clock_.Advance(absl::Hours(6));
  known = 30;
  ASSERT_OK(cut());
  clock_.Advance(kKeepNotice);
  ASSERT_OK_AND_ASSIGN(report, cut());
  EXPECT_EQ(report.rows, 2);
  ExpectSound();
}

TEST_F(RetentionTest, FewerYearsCutNothingUntilTheNoticeIsOver) {
  const Ulid id = Chain(2);
  EndDay();
  Years(40);
  EXPECT_EQ(CutBy(50), 0);
  // The job was away for longer than the notice, and the years were lowered meanwhile: the notice
  // begins when it sees them.
  clock_.Advance(2 * kKeepNotice);
  EXPECT_EQ(CutBy(10), 0);
  // Put back and lowered again: it begins anew.
  clock_.Advance(kKeepNotice - absl::Hours(1));
  EXPECT_EQ(CutBy(50), 0);
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(CutBy(10), 0);
  // A step on the way down waits from its own day on.
  clock_.Advance(kKeepNotice - absl::Hours(1));
  EXPECT_EQ(CutBy(10), 0);
  EXPECT_EQ(Entries(id), 2);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(CutBy(10), 2);
  // What the entry of the cut names, and a verification recomputes, are the years it went by.
  ExpectSound();
}

TEST_F(RetentionTest, WhatWasInForceBeforeTheFirstLookIsTheDefault) {
  const Ulid id = Chain(2);
  EndDay();
  Years(20);
  EXPECT_EQ(CutBy(10), 0);
  // Another process looks, over and over; that prolongs nothing.
  for (int day = 0; day < 29; ++day) {
    clock_.Advance(absl::Hours(24));
    EXPECT_EQ(CutBy(10), 0);
  }
  // More years hold at once.
  EXPECT_EQ(CutBy(60), 0);
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(CutBy(10), 0);
  EXPECT_EQ(Entries(id), 2);
  clock_.Advance(kKeepNotice);
  EXPECT_EQ(CutBy(10), 2);
}

TEST_F(RetentionTest, APageOfWhatStaysDoesNotHideTheRest) {
  // Old entries that no anchor covers, more than a page, before those that one covers.
  std::vector<Entry> entries;
  for (int i = 0; i < 1500; ++i) {
    entries.push_back({.aggregate_type = "asset",
                       .aggregate_id = ids_.Next(),
                       .region_path = "360733",
                       .action = "a",
                       .actor = {.subject = "s"},
                       .after_json = "{}",
                       .occurred_at = clock_.Now() - absl::Hours(24)});
  }
  const Ulid id = Chain(2);
  EndDay();
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return AppendBatch(tx, entries); }));
  Years(31);
  EXPECT_EQ(Cut().rows, 2);
  EXPECT_EQ(Entries(id), 0);
  ExpectSound();
}

TEST_F(RetentionTest, ManyChainsAtOnce) {
  std::vector<Entry> entries;
  for (int i = 0; i < 6000; ++i) {
    entries.push_back({.aggregate_type = i % 3 ? "project" : "asset",
                       .aggregate_id = ids_.Next(),
                       .region_path = "360733",
                       .action = "a",
                       .actor = {.subject = "s"},
                       .after_json = "{}",
                       .occurred_at = clock_.Now()});
  }
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return AppendBatch(tx, entries); }));
  const Anchor kept = EndDay();
  Years(31);
  for (Entry& e : entries) {
    e.before_json = "{}";
    e.occurred_at = clock_.Now();
  }
  entries.resize(5500);  // the others are wholly old
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return AppendBatch(tx, entries); }));
  EXPECT_EQ(Cut().rows, 6000);
  ExpectSound({kept});
  EXPECT_EQ(VerifyIn({.regions = {"36"}}).cut, 6000);
  EXPECT_EQ(VerifyIn({.regions = {"360733"}}).cut, 6000);
}

}  // namespace
}  // namespace bangfu::audit
