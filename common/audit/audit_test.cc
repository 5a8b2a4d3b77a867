#include "common/audit/audit.h"

#include <atomic>
#include <thread>

#include "common/audit/access.h"
#include "common/audit/chains_for_test.h"
#include "common/base/digest.h"
#include "common/recode/recode.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/status_matchers.h"

namespace bangfu::audit {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AuditTest : public ChainsTest {
 protected:
  Report VerifyAll() { return VerifyIn({.regions = {"36"}}); }
  // The problems' texts, the same for the wide walk, the walk by heads, and the chain alone.
  std::vector<std::string> Problems(const Ulid& id, bool has_head = true) {
    const Report wide = VerifyAll();
    for (const Problem& p : wide.problems) EXPECT_EQ(p.aggregate_id, id);
    std::vector<VerifyScope> scopes = {
        {.regions = {"36"}, .aggregate_type = "project", .aggregate_id = id}};
    if (has_head) scopes.push_back({.regions = {"360733"}});
    for (const VerifyScope& scope : scopes) EXPECT_EQ(Texts(VerifyIn(scope)), Texts(wide));
    return Texts(wide);
  }
};

TEST_F(AuditTest, EntriesChainAndComeBackNewestFirst) {
  const absl::Time start = clock_.Now();
  clock_.Advance(absl::Nanoseconds(1500));
  const Ulid id = Chain(5);
  Chain(2);
  ASSERT_OK_AND_ASSIGN(std::vector<Record> page, History(db_, "project", id, {"3607"}, 0, 3));
  ASSERT_EQ(page.size(), 3u);
  EXPECT_EQ(page[0].chain_no, 5);
  EXPECT_EQ(page[0].prev_hash, page[1].hash);
  const Entry& e = page[0].entry;
  EXPECT_EQ(e.actor.name, "张三");
  EXPECT_EQ(e.before_json, "{\"n\":4}");
  EXPECT_EQ(e.after_json, "{\"n\":5}");
  EXPECT_EQ(e.reason, "更正");
  EXPECT_EQ(e.occurred_at, start + absl::Microseconds(1));
  ASSERT_OK_AND_ASSIGN(page, History(db_, "project", id, {"3607"}, page[2].chain_no, 3));
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[1].chain_no, 1);
  EXPECT_EQ(page[1].prev_hash, std::string(32, '\0'));
}

TEST_F(AuditTest, HistoryOutsideTheRegionsIsNotThere) {
  const Ulid id = Chain(2, "360733");
  EXPECT_THAT(*History(db_, "project", id, {"360734", "37"}, 0, 10), IsEmpty());
  EXPECT_THAT(*History(db_, "project", id, {}, 0, 10), IsEmpty());
}

TEST_F(AuditTest, AppendRollsBackWithItsTransaction) {
  const Ulid id = ids_.Next();
  EXPECT_THAT(mysql::Transact(db_,
                              [&](mysql::Tx& tx) -> absl::Status {
                                RETURN_IF_ERROR(Append(tx, MakeEntry(id, 1)));
                                return absl::CancelledError("no");
                              }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM audit_log") +
                database_.Int("SELECT COUNT(*) FROM audit_head"),
            0);
}

TEST_F(AuditTest, TwoTransactionsOnOneRecordMakeOneChain) {
  const Ulid id = Chain(1);
  std::atomic<int> failed{0};
  auto work = [&](int from) {
    auto session = database_.Connect();
    for (int i = 0; i < 20; ++i) {
      absl::Status status = mysql::Transact(
          *session, [&](mysql::Tx& tx) { return Append(tx, MakeEntry(id, from + i)); });
      if (!status.ok()) ++failed;
    }
  };
  std::thread one([&] { work(100); });
  work(200);
  one.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(database_.Int("SELECT chain_no FROM audit_head"), 41);
  EXPECT_THAT(VerifyAll().problems, IsEmpty());
}

TEST_F(AuditTest, TwoCreationsOfOneRecordMakeOneChain) {
  const Ulid id = ids_.Next();
  std::atomic<int> ready{0};
  auto work = [&](const std::string& request) {
    auto session = database_.Connect();
    return mysql::Transact(*session, [&](mysql::Tx& tx) -> absl::Status {
      RETURN_IF_ERROR(tx.Query("SELECT 1").status());
      ++ready;
      while (ready < 2) std::this_thread::yield();
      Entry e = MakeEntry(id, 1);
      e.request_id = request;
      return AppendBatch(tx, {e});
    });
  };
  absl::Status other;
  std::thread thread([&] { other = work("b"); });
  EXPECT_OK(work("a"));
  thread.join();
  EXPECT_OK(other);
  EXPECT_THAT(VerifyAll().problems, IsEmpty());
  EXPECT_EQ(database_.Int("SELECT chain_no FROM audit_head"), 2);
}

TEST_F(AuditTest, BatchIsTheSameAsOneByOne) {
  const Ulid old = Chain(2);
  std::vector<Entry> entries;
  std::vector<Ulid> fresh;
  for (int i = 0; i < 500; ++i) fresh.push_back(ids_.Next());
  for (const Ulid& id : fresh) entries.push_back(MakeEntry(id, 1, "360821"));
  entries.push_back(MakeEntry(old, 3));
  entries.push_back(MakeEntry(old, 4));
  entries.push_back(MakeEntry(fresh[7], 2, "360733"));  // moved to another region
  auto questions = [&] {
    absl::StatusOr<mysql::Rows> rows = db_.Query("SHOW SESSION STATUS LIKE 'Questions'");
    return rows.ok() ? rows->front().Int(1) : 0;
  };
  const int64_t start = questions();
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return AppendBatch(tx, entries); }));
  EXPECT_LE(questions() - start, 8);  // with START, COMMIT and the question itself
  Report report = VerifyAll();
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.chains, 501);
  EXPECT_EQ(report.entries, 505);
  EXPECT_EQ(History(db_, "project", fresh[7], {"360733"}, 0, 10)->size(), 2u);
  EXPECT_EQ(History(db_, "project", old, {"360733"}, 0, 10)->front().entry.after_json, "{\"n\":4}");
}

TEST_F(AuditTest, TextsAreCutToTheirColumns) {
  Entry e = MakeEntry(ids_.Next(), 1);
  for (int i = 0; i < 500; ++i) e.reason += "长长的理由";
  e.request_id = std::string(500, 'x');
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return Append(tx, e); }));
  EXPECT_THAT(VerifyAll().problems, IsEmpty());
  e.aggregate_id = Ulid();
  EXPECT_THAT(mysql::Transact(db_, [&](mysql::Tx& tx) { return Append(tx, e); }),
              StatusIs(absl::StatusCode::kInternal, "AUDIT_ENTRY_INVALID"));
}

TEST_F(AuditTest, FindsAChangedEntry) {
  const Ulid id = Chain(3);
  Chain(2);
  database_.Run(
      "UPDATE audit_log SET after_json = '{\"n\":99}' WHERE chain_no = 2 AND reason = '更正' ORDER "
      "BY "
      "aggregate_id LIMIT 1;\n");
  EXPECT_THAT(Problems(id), ElementsAre("内容与哈希不符，已被改动"));
}

TEST_F(AuditTest, FindsEveryChangedColumn) {
  const Ulid id = Chain(1);
  for (const char* change :
       {"actor_subject = 'x'", "actor_name = 'x'", "actor_role = 'x'", "actor_region = '1'",
        "action = 'x'", "before_json = 'x'", "after_json = 'x'", "reason = 'x'", "request_id = 'x'",
        "source_system = 'x'", "client_ip = 'x'",
        "occurred_at = occurred_at + INTERVAL 1 MICROSECOND", "region_path = '361'",
        "hash_algorithm = 2", "prev_hash = REPEAT('a', 32)", "actor_org_code = 'x'",
        "actor_org_name = 'x'"}) {
    auto session = database_.Connect();
    EXPECT_THAT(mysql::Transact(
                    *session,
                    [&](mysql::Tx& tx) -> absl::Status {
                      return tx.ExecuteOnce(absl::StrCat("UPDATE audit_log SET ", change)).status();
                    }),
                IsOk());
    EXPECT_FALSE(VerifyAll().problems.empty()) << change;
    database_.Run("DELETE FROM audit_log;\nDELETE FROM audit_head;\n");
    ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return Append(tx, MakeEntry(id, 1)); }));
  }
}

// Entries from before organisations were recorded have none, and verify as they did.
TEST_F(AuditTest, TheOrganisationIsUnderTheHashWhereThereIsOne) {
  Record without;
  without.entry = MakeEntry(ids_.Next(), 1);
  without.entry.occurred_at = absl::FromUnixSeconds(1780000000);
  without.entry.aggregate_id = *Ulid::Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  without.chain_no = 1;
  without.hash_algorithm = kSha256;
  without.prev_hash = std::string(32, '\0');
  EXPECT_EQ(HexEncode(HashOf(without)),
            "0ff964c11cdcb42b427bcec8473d5fbc03444ac4fcaa529944ceda6d4881d045");
  Record granted = without;
  granted.entry.actor.grant_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  EXPECT_EQ(HexEncode(HashOf(granted)),
            "93ca3507d97322f555e2cf227aeb328c8c7de20436e529a1dd4bf664bcfebd5d");
  Record with = granted;
  with.entry.actor.org_code = "COUNTY_BUREAU_360733";
  with.entry.actor.org_name = "会昌县农业农村局";
  EXPECT_NE(HashOf(with), HashOf(granted));

  const Ulid id = Chain(1);
  Entry entry = MakeEntry(id, 2);
  entry.actor.org_code = "COUNTY_BUREAU_360733";
  entry.actor.org_name = "会昌县农业农村局";
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return Append(tx, entry); }));
  ASSERT_OK_AND_ASSIGN(const std::vector<Record> page, History(db_, "project", id, {"36"}, 0, 2));
  EXPECT_EQ(page[0].entry.actor.org_name, "会昌县农业农村局");
  EXPECT_EQ(page[1].entry.actor.org_code, "");
  EXPECT_THAT(Problems(id), IsEmpty());
  ASSERT_OK(db_.Execute("UPDATE audit_log SET actor_org_code = 'OTHER' WHERE chain_no = 2"));
  EXPECT_THAT(Problems(id), ElementsAre("内容与哈希不符，已被改动"));
  // Nor can one be put into an entry that had none.
  ASSERT_OK(db_.Execute("UPDATE audit_log SET actor_org_code = 'COUNTY_BUREAU_360733'"));
  EXPECT_THAT(Problems(id), ElementsAre("内容与哈希不符，已被改动"));
}

TEST_F(AuditTest, KnowsWhereARecordLiesToday) {
  const Ulid id = Chain(2, "360733101");
  EXPECT_EQ(*RegionOfRecord(db_, "project", id), "360733101");
  EXPECT_EQ(*RegionOfRecord(db_, "asset", id), std::nullopt);
  EXPECT_EQ(*RegionOfRecord(db_, "project", ids_.Next()), std::nullopt);
  // The entries stay under the code of their day.
  clock_.Advance(absl::Hours(1));
  const recode::Move move{ids_.Next(), "360733", "360783", clock_.Now()};
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) {
    return recode::Apply(tx, {RegionPart()}, move, clock_).status();
  }));
  EXPECT_EQ(*RegionOfRecord(db_, "project", id), "360783101");
  // What is written under the old code later is of the region that bears it then.
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(*RegionOfRecord(db_, "project", Chain(1, "360733101")), "360733101");
}

TEST_F(AuditTest, FindsAnEntryThatWasRewrittenWithItsHash) {
  const Ulid id = Chain(3);
  Record forged = *History(db_, "project", id, {"36"}, 3, 1)->begin();
  forged.entry.reason = "别的理由";
  ASSERT_OK(db_.Execute("UPDATE audit_log SET reason = ?, hash = ? WHERE chain_no = 2",
                        {forged.entry.reason, HashOf(forged)}));
  EXPECT_THAT(Problems(id), ElementsAre("与前一条的哈希不衔接"));
}

TEST_F(AuditTest, FindsAMissingEntry) {
  const Ulid id = Chain(5);
  database_.Run("DELETE FROM audit_log WHERE chain_no IN (2, 3);\n");
  EXPECT_THAT(Problems(id), ElementsAre("缺少第 2 至 3 条"));
}

TEST_F(AuditTest, FindsACutTail) {
  const Ulid id = Chain(4);
  database_.Run("DELETE FROM audit_log WHERE chain_no > 2;\n");
  EXPECT_THAT(Problems(id), ElementsAre("链尾被截断：应有 4 条"));
}

TEST_F(AuditTest, FindsAChainWithoutEntries) {
  const Ulid id = Chain(2);
  database_.Run("DELETE FROM audit_log;\n");
  EXPECT_THAT(Problems(id), ElementsAre("链上没有任何记录"));
}

TEST_F(AuditTest, FindsAMissingHead) {
  const Ulid id = Chain(2);
  Chain(1);
  ASSERT_OK(db_.Execute("DELETE FROM audit_head WHERE aggregate_id = ?", {id}));
  EXPECT_THAT(Problems(id, /*has_head=*/false), ElementsAre("缺少链头"));
}

TEST_F(AuditTest, FindsAHeadThatWasSetBack) {
  const Ulid id = Chain(3);
  database_.Run("UPDATE audit_head SET chain_no = 2;\n");
  EXPECT_THAT(Problems(id), ElementsAre("链头之后多出记录"));
  database_.Run("UPDATE audit_head SET chain_no = 3, hash = REPEAT('x', 32);\n");
  EXPECT_THAT(Problems(id), ElementsAre("链头与最后一条不符"));
}

TEST_F(AuditTest, VerifyStaysInTheRegions) {
  Chain(2, "360733");
  Chain(3, "360821");
  database_.Run("UPDATE audit_log SET reason = 'x' WHERE region_path = '360821';\n");
  for (const std::vector<std::string>& regions :
       std::vector<std::vector<std::string>>{{"360733"}, {"3607"}, {"360733", "360734"}}) {
    ASSERT_OK_AND_ASSIGN(Report report, Verify(db_, {.regions = regions}));
    EXPECT_THAT(report.problems, IsEmpty());
    EXPECT_EQ(report.chains, 1);
    EXPECT_EQ(report.entries, 2);
  }
  ASSERT_OK_AND_ASSIGN(Report none, Verify(db_, {}));
  EXPECT_EQ(none.chains, 0);
  ASSERT_OK_AND_ASSIGN(Report other, Verify(db_, {.regions = {"3608"}}));
  EXPECT_EQ(other.problems.size(), 3u);
}

TEST_F(AuditTest, VerifyStopsWhenItIsCancelled) {
  Chain(2);
  EXPECT_THAT(Verify(db_, {.regions = {"36"}, .cancelled = [] { return true; }}),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(AuditTest, VerifyPagesThroughManyChains) {
  std::vector<Entry> entries;
  for (int i = 0; i < 7000; ++i)
    entries.push_back(MakeEntry(ids_.Next(), 1, i % 2 ? "360733" : "360733101"));
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return AppendBatch(tx, entries); }));
  for (const std::string region : {"36", "360733"}) {
    ASSERT_OK_AND_ASSIGN(Report report, Verify(db_, {.regions = {region}}));
    EXPECT_THAT(report.problems, IsEmpty());
    EXPECT_EQ(report.chains, 7000) << region;
  }
}

TEST_F(AuditTest, AnchorsChainOverTheHeadsThatMoved) {
  const Ulid id = Chain(2);
  Chain(1);
  ASSERT_OK_AND_ASSIGN(Anchor first, WriteAnchor(db_, clock_.Now()));
  EXPECT_EQ(first.anchor_no, 1);
  EXPECT_EQ(first.items, 2);
  clock_.Advance(absl::Hours(24));
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return Append(tx, MakeEntry(id, 3)); }));
  ASSERT_OK_AND_ASSIGN(Anchor second, WriteAnchor(db_, clock_.Now()));
  EXPECT_EQ(second.items, 1);
  clock_.Advance(absl::Hours(24));
  ASSERT_OK_AND_ASSIGN(Anchor third, WriteAnchor(db_, clock_.Now()));
  EXPECT_EQ(third.items, 0);
  ASSERT_OK_AND_ASSIGN(Report report, VerifyAnchors(db_, {third}));
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.chains, 3);
  EXPECT_EQ(report.entries, 3);
}

class AnchorTamperTest : public AuditTest {
 protected:
  void SetUp() override {
    id_ = Chain(3);
    Chain(1);
    absl::StatusOr<Anchor> anchor = WriteAnchor(db_, clock_.Now());
    ASSERT_OK(anchor);
    anchor_ = *anchor;
    ASSERT_THAT(VerifyAnchors(db_, {anchor_})->problems, IsEmpty());
  }
  std::vector<std::string> Found(bool outside = false) {
    std::vector<std::string> out;
    absl::StatusOr<Report> report =
        VerifyAnchors(db_, outside ? std::vector<Anchor>{anchor_} : std::vector<Anchor>());
    EXPECT_OK(report);
    for (const Problem& p : report->problems) out.push_back(p.text);
    return out;
  }
  Ulid id_;
  Anchor anchor_;
};

TEST_F(AnchorTamperTest, AChainThatIsGoneWithItsHeadShows) {
  ASSERT_OK(db_.Execute("DELETE FROM audit_log WHERE aggregate_id = ?", {id_}));
  ASSERT_OK(db_.Execute("DELETE FROM audit_head WHERE aggregate_id = ?", {id_}));
  EXPECT_THAT(VerifyAll().problems, IsEmpty());  // the chains alone cannot tell
  EXPECT_THAT(Found(), ElementsAre("已锚定的记录缺失", "已锚定的链头缺失或倒退"));
}

TEST_F(AnchorTamperTest, ATailCutTogetherWithItsHeadShows) {
  Record second = *History(db_, "project", id_, {"36"}, 3, 1)->begin();
  ASSERT_OK(db_.Execute("DELETE FROM audit_log WHERE aggregate_id = ? AND chain_no = 3", {id_}));
  ASSERT_OK(
      db_.Execute("UPDATE audit_head SET chain_no = 2, hash = ?, anchored_chain_no = 0 "
                  "WHERE aggregate_id = ?",
                  {second.hash, id_}));
  EXPECT_THAT(VerifyAll().problems, IsEmpty());
  EXPECT_THAT(Found(), ElementsAre("已锚定的记录缺失", "已锚定的链头缺失或倒退"));
}

TEST_F(AnchorTamperTest, ARewrittenChainShows) {
  std::vector<Record> all = *History(db_, "project", id_, {"36"}, 0, 10);
  std::string prev(32, '\0');
  for (auto it = all.rbegin(); it != all.rend(); ++it) {  // every hash made right again
    it->entry.reason = "另一理由";
    it->prev_hash = prev;
    it->hash = prev = HashOf(*it);
    ASSERT_OK(
        db_.Execute("UPDATE audit_log SET reason = ?, prev_hash = ?, hash = ? "
                    "WHERE aggregate_id = ? AND chain_no = ?",
                    {it->entry.reason, it->prev_hash, it->hash, id_, it->chain_no}));
  }
  ASSERT_OK(db_.Execute("UPDATE audit_head SET hash = ? WHERE aggregate_id = ?", {prev, id_}));
  EXPECT_THAT(VerifyAll().problems, IsEmpty());
  EXPECT_THAT(Found(), ElementsAre("已锚定的记录被替换"));
}

TEST_F(AnchorTamperTest, AnchorsThemselvesAreChained) {
  clock_.Advance(absl::Hours(24));
  ASSERT_OK_AND_ASSIGN(Anchor second, WriteAnchor(db_, clock_.Now()));
  anchor_ = second;
  ASSERT_OK(db_.Execute("DELETE FROM audit_anchor_item WHERE aggregate_id = ?", {id_}));
  EXPECT_THAT(Found(), ElementsAre("锚点内容与哈希不符，已被改动", "链头自称已锚定，锚点中没有"));
  database_.Run(
      "DELETE FROM audit_anchor_item;\nDELETE FROM audit_anchor WHERE anchor_no = 1;\n"
      "UPDATE audit_head SET anchored_chain_no = 0;\n");
  EXPECT_THAT(Found(), ElementsAre("缺少锚点"));
  database_.Run("DELETE FROM audit_anchor;\n");
  EXPECT_THAT(Found(), IsEmpty());  // only what is kept outside can tell
  EXPECT_THAT(Found(/*outside=*/true), ElementsAre("外部留存的锚点不存在"));
}

TEST_F(AnchorTamperTest, AHeadThatClaimsToBeAnchoredShows) {
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return Append(tx, MakeEntry(id_, 4)); }));
  ASSERT_OK(
      db_.Execute("UPDATE audit_head SET anchored_chain_no = 4 WHERE aggregate_id = ?", {id_}));
  EXPECT_THAT(Found(), ElementsAre("链头自称已锚定，锚点中没有"));
}

// Who looked at what is anchored with the day: what was changed, taken out or put in shows.
TEST_F(AuditTest, AccessesAreAnchored) {
  const auto look = [&](const std::string& who) {
    Access a;
    a.id = ids_.Next();
    a.action = "AuditService.RevealSensitive";
    a.actor.subject = who;
    if (who == "li") a.actor.org_code = "COUNTY_BUREAU_360733";
    a.aggregate_type = "operator";
    a.aggregate_id = ids_.Next();
    a.region_path = "360733";
    a.fields = {"phone"};
    a.reason = "核实";
    a.occurred_at = clock_.Now();
    EXPECT_OK(RecordAccess(db_, a));
    return a.id;
  };
  const auto found = [&] {
    std::vector<std::string> out;
    absl::StatusOr<Report> report = VerifyAnchors(db_, {});
    EXPECT_OK(report);
    for (const Problem& p : report->problems) {
      out.push_back(absl::StrCat(p.aggregate_type, " ", p.chain_no, " ", p.text));
    }
    return out;
  };
  const Ulid first = look("wang");
  const Ulid second = look("li");
  ASSERT_OK_AND_ASSIGN(Anchor anchor, WriteAnchor(db_, clock_.Now()));
  EXPECT_EQ(anchor.items, 1);
  clock_.Advance(absl::Hours(24));
  const Ulid third = look("zhao");
  ASSERT_OK_AND_ASSIGN(anchor, WriteAnchor(db_, clock_.Now()));
  EXPECT_EQ(anchor.items, 1);
  look("not anchored yet");
  EXPECT_THAT(found(), IsEmpty());

  ASSERT_OK(db_.Execute("UPDATE access_log SET actor_subject = 'ma' WHERE id = ?", {first}));
  EXPECT_THAT(found(), ElementsAre("access_log 1 已锚定的查看记录已被改动"));
  ASSERT_OK(db_.Execute("UPDATE access_log SET actor_subject = 'wang' WHERE id = ?", {first}));
  EXPECT_THAT(found(), IsEmpty());
  // For whom they looked, too.
  ASSERT_OK(db_.Execute("UPDATE access_log SET actor_org_code = '' WHERE id = ?", {second}));
  EXPECT_THAT(found(), ElementsAre("access_log 1 已锚定的查看记录已被改动"));
  ASSERT_OK(
      db_.Execute("UPDATE access_log SET actor_org_code = 'COUNTY_BUREAU_360733' "
                  "WHERE id = ?",
                  {second}));
  EXPECT_THAT(found(), IsEmpty());
  ASSERT_OK(db_.Execute("DELETE FROM access_log WHERE id = ?", {third}));
  EXPECT_THAT(found(), ElementsAre("access_log 2 已锚定的查看记录应有1条，现有0条"));
  // One that is told to be of no anchor, or of one that had none.
  ASSERT_OK(db_.Execute("UPDATE access_log SET anchor_no = 3 WHERE id = ?", {second}));
  EXPECT_THAT(found(), ElementsAre("access_log 1 已锚定的查看记录应有2条，现有1条",
                                   "access_log 2 已锚定的查看记录应有1条，现有0条",
                                   "access_log 3 已锚定的查看记录应有0条，现有1条"));
  // The item itself cannot go without the anchor showing it.
  ASSERT_OK(db_.Execute("DELETE FROM audit_anchor_item WHERE anchor_no = 2"));
  EXPECT_THAT(found(), ::testing::Contains("audit_anchor 2 锚点内容与哈希不符，已被改动"));
}

TEST_F(AuditTest, AnAnchorThatWasLeftOpenIsTakenUp) {
  std::vector<Entry> entries;
  for (int i = 0; i < 1200; ++i) entries.push_back(MakeEntry(ids_.Next(), 1));
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return AppendBatch(tx, entries); }));
  database_.Run(
      "INSERT INTO audit_anchor VALUES (1, 0, 1, 0, 1, REPEAT('\\0', 32), REPEAT('\\0', 32), "
      "'2026-01-01');\n");
  ASSERT_OK(db_.Execute(
      "INSERT INTO audit_anchor_item SELECT 1, aggregate_type, aggregate_id, chain_no, hash "
      "FROM audit_head WHERE aggregate_id = ?",
      {entries[3].aggregate_id}));
  ASSERT_OK_AND_ASSIGN(Anchor anchor, WriteAnchor(db_, clock_.Now()));
  EXPECT_EQ(anchor.anchor_no, 1);
  EXPECT_EQ(anchor.items, 1200);
  EXPECT_THAT(VerifyAnchors(db_, {anchor})->problems, IsEmpty());
}

TEST_F(AuditTest, TwoAnchorRunsAtOnceDoNotMix) {
  std::vector<Entry> entries;
  for (int i = 0; i < 2000; ++i) entries.push_back(MakeEntry(ids_.Next(), 1));
  ASSERT_OK(mysql::Transact(db_, [&](mysql::Tx& tx) { return AppendBatch(tx, entries); }));
  absl::StatusOr<Anchor> other = absl::UnknownError("");
  std::thread thread([&] {
    auto session = database_.Connect();
    other = WriteAnchor(*session, clock_.Now());
  });
  absl::StatusOr<Anchor> mine = WriteAnchor(db_, clock_.Now());
  thread.join();
  EXPECT_OK(mine);
  EXPECT_OK(other);
  EXPECT_EQ(database_.Int("SELECT SUM(items) FROM audit_anchor"), 2000);
  EXPECT_THAT(VerifyAnchors(db_, {})->problems, IsEmpty());
}

}  // namespace
}  // namespace bangfu::audit
