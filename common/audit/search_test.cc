#include "common/audit/search.h"

#include <set>

#include "common/audit/access.h"
#include "common/audit/changes.h"
#include "common/audit/schema.h"
#include "common/base/strings.h"
#include "common/recode/recode.h"
#include "common/recode/schema.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::audit {
namespace {

using ::bangfu::testing::FakeClock;
using ::bangfu::testing::TestDatabase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class AuditSearchTest : public ::testing::Test {
 protected:
  Entry Make(const std::string& region, const std::string& person, const std::string& action) {
    clock_.Advance(absl::Seconds(1));
    Entry e;
    e.aggregate_type = "project";
    e.aggregate_id = ids_.Next();
    e.region_path = region;
    e.action = action;
    e.actor = {person, person, "ROLE_COUNTY_OPERATOR", region.substr(0, 6)};
    e.after_json = "{}";
    e.occurred_at = clock_.Now();
    return e;
  }
  Ulid Add(const std::string& region, const std::string& person = "zhang",
           const std::string& action = "ProjectService.CreateProject") {
    const Entry e = Make(region, person, action);
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return Append(tx, e); }));
    return e.aggregate_id;
  }
  void Recode(const std::string& from, const std::string& to) {
    clock_.Advance(absl::Seconds(1));
    Told({ids_.Next(), from, to, clock_.Now()});
  }
  void Told(const recode::Move& move) {
    ASSERT_OK(mysql::Transact(
        db(), [&](mysql::Tx& tx) { return recode::Apply(tx, {}, move, clock_).status(); }));
  }
  std::vector<Ulid> All(Search search) {
    std::vector<Ulid> out;
    for (int pages = 0; pages < 1000; ++pages) {
      absl::StatusOr<Found> found = SearchLog(db(), search);
      EXPECT_OK(found);
      if (!found.ok()) return out;
      EXPECT_LE(found->records.size(), static_cast<size_t>(search.limit));
      for (const Record& r : found->records) out.push_back(r.entry.aggregate_id);
      if (!found->next) return out;
      search.after = found->next;
    }
    ADD_FAILURE() << "does not end";
    return out;
  }
  mysql::Session& db() { return database_.db(); }

  FakeClock clock_;
  UlidGenerator ids_{clock_};
  TestDatabase database_{migrate::Concat(Schema(), recode::Schema())};
};

TEST_F(AuditSearchTest, NewestFirstByPersonRegionActionAndTime) {
  const Ulid a = Add("360733101201", "zhang");
  const absl::Time between = clock_.Now() + absl::Milliseconds(500);
  const Ulid b = Add("360733102", "li", "ProjectService.UpdateProject");
  const Ulid c = Add("360734101", "zhang");
  EXPECT_THAT(All({.scope = {"36"}}), ElementsAre(c, b, a));
  EXPECT_THAT(All({.scope = {"36"}, .limit = 1}), ElementsAre(c, b, a));
  EXPECT_THAT(All({.scope = {"360733"}}), ElementsAre(b, a));
  EXPECT_THAT(All({.scope = {"36"}, .region = "360733101"}), ElementsAre(a));
  EXPECT_THAT(All({.scope = {"360734"}, .region = "360733"}), IsEmpty());
  EXPECT_THAT(All({.scope = {"36"}, .subject = "zhang"}), ElementsAre(c, a));
  EXPECT_THAT(All({.scope = {"360733"}, .subject = "zhang"}), ElementsAre(a));
  EXPECT_THAT(All({.scope = {"36"}, .action = "ProjectService.UpdateProject"}), ElementsAre(b));
  EXPECT_THAT(All({.scope = {"36"}, .from = between}), ElementsAre(c, b));
  EXPECT_THAT(All({.scope = {"36"}, .to = between}), ElementsAre(a));
  EXPECT_THAT(All({.scope = {"36"}, .aggregate_type = "project", .aggregate_id = b}),
              ElementsAre(b));
  EXPECT_THAT(All({.scope = {"36"}, .aggregate_type = "asset"}), IsEmpty());
  EXPECT_THAT(All({.scope = {}}), IsEmpty());
}

TEST_F(AuditSearchTest, FindsWhatWasDoneOnAPersonsBehalf) {
  Add("360733", "li");  // in li's own right
  Add("360733", "zhang");
  Entry e = Make("360733", "zhang", "ProjectService.UpdateProject");
  e.actor.delegated_by = "li";
  ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return Append(tx, e); }));
  EXPECT_THAT(All({.scope = {"36"}, .delegated_by = "li"}), ElementsAre(e.aggregate_id));
  EXPECT_THAT(All({.scope = {"36"}, .subject = "zhang", .delegated_by = "li"}),
              ElementsAre(e.aggregate_id));
  EXPECT_THAT(All({.scope = {"36"}, .delegated_by = "wang"}), IsEmpty());
}

TEST_F(AuditSearchTest, EntriesUnderTheFormerCodesOfARegionAreFound) {
  const Ulid before = Add("360727101201", "zhang");
  const Ulid elsewhere = Add("360733101201", "zhang");
  const recode::Move move{ids_.Next(), "360727", "360783", clock_.Now()};
  clock_.Advance(absl::Seconds(1));
  Told(move);
  const Ulid after = Add("360783101201", "zhang");
  const Ulid come_back = Add("360727101201", "zhang");  // the code is another county's now
  EXPECT_THAT(All({.scope = {"360783"}}), ElementsAre(after, before));
  EXPECT_THAT(All({.scope = {"360783"}, .limit = 1}), ElementsAre(after, before));
  EXPECT_THAT(All({.scope = {"36"}, .region = "360783101"}), ElementsAre(after, before));
  EXPECT_THAT(All({.scope = {"360783"}, .subject = "zhang"}), ElementsAre(after, before));
  EXPECT_THAT(All({.scope = {"360783102"}}), IsEmpty());
  EXPECT_THAT(All({.scope = {"36"}}), ElementsAre(come_back, after, elsewhere, before));
}

TEST_F(AuditSearchTest, ACodeThatWasTwoCountiesOneAfterTheOtherTellsThemApart) {
  const Ulid of_first = Add("360727101201");
  Recode("360727", "360783");
  const Ulid of_second = Add("360727101201");
  Recode("360727", "360704");
  EXPECT_THAT(All({.scope = {"360704"}}), ElementsAre(of_second));
  EXPECT_THAT(All({.scope = {"360783"}}), ElementsAre(of_first));
  const auto seen = [&](const Ulid& id, const std::string& by) {
    auto history = History(db(), "project", id, {by}, 0, 10);
    EXPECT_OK(history);
    return history.ok() && !history->empty();
  };
  EXPECT_TRUE(seen(of_second, "360704"));
  EXPECT_FALSE(seen(of_first, "360704"));
}

TEST_F(AuditSearchTest, TheNewBearerOfACodeFindsNothingOfTheOneBefore) {
  const Ulid old_a = Add("360727101201");
  const Ulid old_township = Add("360727102201");
  Recode("360727", "360783");
  const Ulid new_a = Add("360783101201");
  const Ulid of_b = Add("360727101201", "li");
  for (const Search& search : {Search{.scope = {"360727"}}, Search{.scope = {"360727101"}},
                               Search{.scope = {"36"}, .region = "360727"},
                               Search{.scope = {"360727"}, .region = "360727101"},
                               Search{.scope = {"3607"}, .region = "360727", .limit = 1}}) {
    EXPECT_THAT(All(search), ElementsAre(of_b));
  }
  EXPECT_THAT(All({.scope = {"360727"}, .subject = "zhang"}), IsEmpty());
  EXPECT_THAT(All({.scope = {"360727"}, .aggregate_type = "project", .aggregate_id = old_a}),
              IsEmpty());
  EXPECT_THAT(All({.scope = {"360783"}}), ElementsAre(new_a, old_township, old_a));
  EXPECT_THAT(All({.scope = {"36"}, .region = "360783"}), ElementsAre(new_a, old_township, old_a));
  EXPECT_THAT(All({.scope = {"360783"}, .region = "360727"}), IsEmpty());
  EXPECT_THAT(All({.scope = {"36"}}), ElementsAre(of_b, new_a, old_township, old_a));
  // An auditor of both sees both.
  EXPECT_THAT(All({.scope = {"360727", "360783"}}), ElementsAre(of_b, new_a, old_township, old_a));

  const auto seen = [&](const Ulid& record, const std::string& by) {
    auto history = History(db(), "project", record, {by}, 0, 10);
    EXPECT_OK(history);
    return history.ok() && !history->empty();
  };
  EXPECT_FALSE(seen(old_a, "360727"));
  EXPECT_TRUE(seen(old_a, "360783"));
  EXPECT_TRUE(seen(old_a, "36"));
  EXPECT_TRUE(seen(of_b, "360727"));
  EXPECT_FALSE(seen(of_b, "360783"));
  const auto chains = [&](const std::string& by) {
    auto report = Verify(db(), {.regions = {by}});
    EXPECT_OK(report);
    return report.ok() ? report->chains : -1;
  };
  EXPECT_EQ(chains("360727"), 1);
  EXPECT_EQ(chains("360783"), 3);
  EXPECT_EQ(chains("3607"), 4);
}

TEST_F(AuditSearchTest, OfAChainThatIsNamedByACodeEachBearerSeesItsOwnEntries) {
  Entry rollups = Make("360727", "job", "Rollups");
  rollups.aggregate_type = "rollups";
  const auto add = [&] {
    clock_.Advance(absl::Seconds(1));
    rollups.occurred_at = clock_.Now();
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return Append(tx, rollups); }));
    rollups.before_json = "{}";
  };
  const auto seen = [&](const std::string& by) {
    std::vector<int64_t> out;
    auto history = History(db(), "rollups", rollups.aggregate_id, {by}, 0, 10);
    EXPECT_OK(history);
    if (!history.ok()) return out;
    for (const Record& r : *history) out.push_back(r.chain_no);
    return out;
  };
  add();
  add();
  Recode("360727", "360783");
  EXPECT_THAT(seen("360783"), ElementsAre(2, 1));
  EXPECT_THAT(seen("360727"), IsEmpty());
  add();
  EXPECT_THAT(seen("360727"), ElementsAre(3));
  EXPECT_THAT(seen("360783"), ElementsAre(2, 1));
  EXPECT_THAT(seen("36"), ElementsAre(3, 2, 1));
  EXPECT_THAT(seen("360733"), IsEmpty());
}

TEST_F(AuditSearchTest, ARecordThatWentToAnotherCountyTakesItsHistoryAlong) {
  Entry record = Make("360733101", "zhang", "create");
  const auto add = [&](const std::string& region) {
    clock_.Advance(absl::Seconds(1));
    record.region_path = region;
    record.occurred_at = clock_.Now();
    EXPECT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return Append(tx, record); }));
    record.before_json = "{}";
  };
  const auto entries = [&](const std::string& by) {
    auto history = History(db(), "project", record.aggregate_id, {by}, 0, 10);
    EXPECT_OK(history);
    return history.ok() ? history->size() : 0;
  };
  add("360733101");
  Recode("360727", "360783");
  add("360727101");
  EXPECT_EQ(entries("360727"), 2u);
  EXPECT_EQ(entries("360733"), 0u);
  EXPECT_EQ(entries("360783"), 0u);
}

TEST_F(AuditSearchTest, UntilAServiceIsToldOfAMoveTheOldCodeIsStillOfTheOneThatLeft) {
  const recode::Move move{ids_.Next(), "360727", "360783", clock_.Now()};
  const Ulid between = Add("360727101201");  // the feed was behind
  clock_.Advance(absl::Seconds(1));
  Told(move);
  const Ulid of_b = Add("360727101201");
  EXPECT_THAT(All({.scope = {"360783"}}), ElementsAre(between));
  EXPECT_THAT(All({.scope = {"360727"}}), ElementsAre(of_b));
}

TEST_F(AuditSearchTest, ACountyThatComesBackToItsCodeHasBothStretchesAndNotTheGuests) {
  const Ulid first = Add("360727101201");
  Recode("360727", "360783");
  const Ulid guest = Add("360727101201");
  Recode("360727", "360704");
  const Ulid away = Add("360783101201");
  Recode("360783", "360727");
  const Ulid home = Add("360727101201");
  EXPECT_THAT(All({.scope = {"360727"}}), ElementsAre(home, away, first));
  EXPECT_THAT(All({.scope = {"360727"}, .limit = 1}), ElementsAre(home, away, first));
  EXPECT_THAT(All({.scope = {"360704"}}), ElementsAre(guest));
  EXPECT_THAT(All({.scope = {"360783"}}), IsEmpty());
}

TEST_F(AuditSearchTest, TheHistoryOfARecordIsFoundUnderTheFormerCodeOfItsHead) {
  const Ulid id = Add("360727101201");
  const Ulid other = Add("360733101201");
  Recode("360727", "360783");
  const Ulid come_back = Add("360727101201");
  const auto entries = [&](const Ulid& record, const std::string& by) {
    auto history = History(db(), "project", record, {by}, 0, 10);
    EXPECT_OK(history);
    return history.ok() ? history->size() : 0;
  };
  EXPECT_EQ(entries(id, "360783"), 1u);
  EXPECT_EQ(entries(id, "360783101"), 1u);
  EXPECT_EQ(entries(id, "360783102"), 0u);
  EXPECT_EQ(entries(id, "3607"), 1u);
  EXPECT_EQ(entries(other, "360783"), 0u);
  EXPECT_EQ(entries(come_back, "360783"), 0u);
}

TEST_F(AuditSearchTest, ARegionsChainsAreVerifiedUnderItsFormerCodes) {
  const Ulid id = Add("360727101201");
  Add("360733101201");
  Recode("360727", "360783");
  Add("360783101201");
  Add("360727101201");  // another county's
  const auto chains = [&](VerifyScope scope) {
    auto report = Verify(db(), scope);
    EXPECT_OK(report);
    if (!report.ok()) return int64_t{-1};
    EXPECT_THAT(report->problems, IsEmpty());
    return report->chains;
  };
  EXPECT_EQ(chains({.regions = {"360783"}}), 2);
  EXPECT_EQ(chains({.regions = {"360783102"}}), 0);
  EXPECT_EQ(chains({.regions = {"360783"}, .aggregate_type = "project", .aggregate_id = id}), 1);
  EXPECT_EQ(chains({.regions = {"3607"}}), 4);
  // A wide region has only those from without.
  Recode("360733", "360899");
  EXPECT_EQ(chains({.regions = {"3608"}}), 1);
  // What was taken out is found missing.
  database_.Run("DELETE FROM audit_log WHERE region_path LIKE '360727%';");
  auto report = Verify(db(), {.regions = {"360783"}});
  ASSERT_OK(report);
  EXPECT_FALSE(report->problems.empty());
}

TEST_F(AuditSearchTest, AccessesUnderTheFormerCodesOfARegionAreFound) {
  const auto look = [&](const std::string& region) {
    clock_.Advance(absl::Seconds(1));
    Access a;
    a.id = ids_.Next();
    a.action = "AuditService.RevealSensitive";
    a.actor = {"zhang", "zhang", "ROLE_AUDITOR", "36"};
    a.region_path = region;
    a.occurred_at = clock_.Now();
    EXPECT_OK(RecordAccess(db(), a));
    return a.id;
  };
  const auto listed = [&](AccessQuery query) {
    std::vector<Ulid> out;
    auto accesses = ListAccesses(db(), query);
    EXPECT_OK(accesses);
    if (!accesses.ok()) return out;
    for (const Access& a : *accesses) out.push_back(a.id);
    return out;
  };
  const Ulid before = look("360727101");
  look("360733101");
  Recode("360727", "360783");
  const Ulid after = look("360783101");
  const Ulid of_another = look("360727101");
  EXPECT_THAT(listed({.scope = {"360727"}}), ElementsAre(of_another));
  EXPECT_THAT(listed({.scope = {"36"}, .region = "360727"}), ElementsAre(of_another));
  EXPECT_THAT(listed({.scope = {"360727"}, .subject = "zhang"}), ElementsAre(of_another));
  EXPECT_THAT(listed({.scope = {"360783"}}), ElementsAre(after, before));
  EXPECT_THAT(listed({.scope = {"360783"}, .limit = 1}), ElementsAre(after));
  EXPECT_THAT(listed({.scope = {"360783"}, .before = after}), ElementsAre(before));
  EXPECT_THAT(listed({.scope = {"36"}, .region = "360783101"}), ElementsAre(after, before));
  EXPECT_THAT(listed({.scope = {"360783"}, .subject = "zhang"}), ElementsAre(after, before));
  EXPECT_THAT(listed({.scope = {"360783102"}}), IsEmpty());
}

TEST_F(AuditSearchTest, EntriesOfOneInstantAreNeitherLostNorTwice) {
  std::vector<Entry> entries;
  for (int i = 0; i < 57; ++i) entries.push_back(Make("360733", "zhang", "job"));
  for (Entry& e : entries) e.occurred_at = clock_.Now();
  ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return AppendBatch(tx, entries); }));
  for (int limit : {1, 7, 56, 57, 100}) {
    const std::vector<Ulid> all = All({.scope = {"36"}, .limit = limit});
    EXPECT_THAT(all, SizeIs(57));
    EXPECT_THAT(std::set<Ulid>(all.begin(), all.end()), SizeIs(57));
  }
}

TEST_F(AuditSearchTest, APageLooksThroughABoundedNumberAndGoesOn) {
  const Ulid rare = Add("360733101201", "li");
  for (int i = 0; i < 40; ++i) Add("360733102");
  const Search search = {.scope = {"36"}, .region = "360733101", .limit = 10, .candidates = 15};
  ASSERT_OK_AND_ASSIGN(Found first, SearchLog(db(), search));
  EXPECT_THAT(first.records, IsEmpty());
  ASSERT_TRUE(first.next.has_value());
  EXPECT_THAT(All(search), ElementsAre(rare));
}

TEST_F(AuditSearchTest, EverySearchIsServedByAnIndexInItsOrder) {
  for (int i = 0; i < 50; ++i) Add(i % 2 == 0 ? "360733" : "360734");
  const Place place{clock_.Now(), "project", ids_.Next(), 1};
  const std::pair<Search, const char*> searches[] = {
      {{.scope = {"36"}, .after = place}, "audit_log_by_time"},
      {{.scope = {"36"}, .region = "360733101", .after = place}, "audit_log_by_county"},
      {{.scope = {"360733101", "360733102"}}, "audit_log_by_county"},
      {{.scope = {"36"}, .subject = "zhang", .after = place}, "audit_log_by_actor"},
  };
  for (const auto& [search, index] : searches) {
    mysql::Params params;
    const std::string sql = CandidateSql(search, &params);
    ASSERT_OK_AND_ASSIGN(mysql::Rows plan, db().Query(Cat("EXPLAIN ", sql), params));
    EXPECT_EQ(plan[0].String(5), index) << sql;
    EXPECT_THAT(plan[0].String(9), Not(HasSubstr("filesort"))) << sql;
    EXPECT_THAT(plan[0].String(9), HasSubstr("Using index")) << sql;
  }
}

TEST_F(AuditSearchTest, AccessesAreListedNewestFirstWithinTheRegions) {
  const auto look = [&](const std::string& region, const std::string& person) {
    clock_.Advance(absl::Seconds(1));
    Access a;
    a.id = ids_.Next();
    a.action = "AuditService.RevealSensitive";
    a.actor = {person, person, "ROLE_AUDITOR", "36"};
    a.aggregate_type = "project";
    a.aggregate_id = ids_.Next();
    a.region_path = region;
    a.fields = {"filler_name", "filler_phone"};
    a.reason = "核查来电";
    a.occurred_at = clock_.Now();
    EXPECT_OK(RecordAccess(db(), a));
    return a.id;
  };
  const Ulid first = look("360733101", "zhang");
  const Ulid second = look("360734", "li");
  const auto listed = [&](AccessQuery query) {
    std::vector<Ulid> out;
    auto accesses = ListAccesses(db(), query);
    EXPECT_OK(accesses);
    for (const Access& a : *accesses) out.push_back(a.id);
    return out;
  };
  EXPECT_THAT(listed({.scope = {"36"}}), ElementsAre(second, first));
  EXPECT_THAT(listed({.scope = {"360733"}}), ElementsAre(first));
  EXPECT_THAT(listed({.scope = {"36"}, .region = "360734"}), ElementsAre(second));
  EXPECT_THAT(listed({.scope = {"36"}, .subject = "zhang"}), ElementsAre(first));
  EXPECT_THAT(listed({.scope = {"36"}, .before = second}), ElementsAre(first));
  EXPECT_EQ(ListAccesses(db(), {.scope = {"36"}})->at(0).fields.size(), 2u);
}

TEST(AuditChanges, NameTheFieldsByTheContract) {
  const auto changes = ChangesOf(
      "publicity",
      R"({"kind":"CLASS","state":"PUBLICITY_STATE_RUNNING","to":{"year":2026,"month":3,"day":1}})",
      R"({"kind":"CLASS","state":"PUBLICITY_STATE_PASSED","to":{"year":2026,"month":3,"day":8}})");
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].field, "to");
  EXPECT_EQ(changes[0].before, "2026-03-01");
  EXPECT_EQ(changes[0].after, "2026-03-08");
  EXPECT_EQ(changes[1].field, "state");
  EXPECT_EQ(changes[1].before, "公示中");
  EXPECT_EQ(changes[1].after, "公示通过");
  const auto labelled = ChangesOf("period", R"({"revision":1})", R"({"revision":2})");
  ASSERT_THAT(labelled, SizeIs(1));
  EXPECT_EQ(labelled[0].label_zh, "版次");
}

TEST(AuditChanges, FallBackToTheJson) {
  const auto changes =
      ChangesOf("no_such_record", R"({"a":{"b":[1,2]},"c":"x"})", R"({"a":{"b":[1,3]}})");
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].field, "a.b.1");
  EXPECT_EQ(changes[0].after, "3");
  EXPECT_EQ(changes[1].field, "c");
  EXPECT_EQ(changes[1].after, "");
  EXPECT_THAT(ChangesOf("project", "not json", "{}"), IsEmpty());
  EXPECT_THAT(ChangesOf("no_such_record", "", ""), IsEmpty());
}

}  // namespace
}  // namespace bangfu::audit
