#include "common/audit/service.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "bangfu/audit/v1/audit_service.pb.h"
#include "bangfu/publicity/v1/publicity.pb.h"
#include "common/audit/access.h"
#include "common/audit/audit.h"
#include "common/audit/retention.h"
#include "common/audit/schema.h"
#include "common/base/digest.h"
#include "common/recode/recode.h"
#include "common/recode/schema.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/proto_matchers.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::audit {
namespace {

using ::bangfu::testing::EqualsProto;
using ::bangfu::testing::FakeClock;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::SeededRandom;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::TestDatabase;

class AuditServiceTest : public ::testing::Test {
 protected:
  AuditServiceTest() {
    // A record whose contract marks a field sensitive.
    SensitiveRecord objection;
    objection.aggregate_type = "objection";
    objection.read =
        [this](mysql::Executor&, const Ulid& id,
               const std::vector<std::string>& regions) -> absl::StatusOr<SensitiveRecord::Read> {
      if (id != sensitive_id_ || !auth::InScope(regions, "360733101")) {
        return NotFound("objection", id.ToString()).Build();
      }
      auto message = std::make_unique<publicity::v1::Objection>();
      message->set_raised_by("王秀英");
      message->set_text("数量不符");
      return SensitiveRecord::Read{"360733101", std::move(message)};
    };
    RegisterAuditService(router_, {objection});
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const std::vector<std::string>& scope) {
    auth::Caller caller;
    rpc::CallContext context{caller,
                             database_.db(),
                             clock_,
                             ids_,
                             clock_.Now(),
                             absl::InfiniteFuture(),
                             method,
                             "",
                             scope,
                             {},
                             [] { return false; }};
    Response response;
    const rpc::Handler& handler =
        router_.handlers().find("bangfu.audit.v1.AuditService." + method)->second;
    RETURN_IF_ERROR(handler.unary(context, request, &response));
    return response;
  }
  absl::StatusOr<v1::ListHistoryResponse> List(const Ulid& id, const std::string& token,
                                               const std::vector<std::string>& scope = {"36"}) {
    v1::ListHistoryRequest request;
    request.set_aggregate_type("project");
    request.set_aggregate_id(id.ToString());
    request.set_page_size(2);
    request.set_page_token(token);
    return Call<v1::ListHistoryResponse>("ListHistory", request, scope);
  }

  Ulid Chain(int n, size_t bytes = 10, const std::string& region = "360733") {
    Entry e;
    e.aggregate_type = "project";
    e.aggregate_id = ids_.Next();
    e.region_path = region;
    e.action = "ProjectService.CreateProject";
    e.actor = {"zhang.san", "张三", "ROLE_COUNTY_OPERATOR", "360733"};
    e.occurred_at = clock_.Now();
    for (int i = 1; i <= n; ++i) {
      e.before_json = e.after_json;
      e.after_json = std::string(bytes, static_cast<char>('0' + i));
      EXPECT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return Append(tx, e); }));
    }
    return e.aggregate_id;
  }

  // What a server stream gives; `between` is done each time when a chunk was taken.
  template <typename Request>
  absl::StatusOr<std::string> Stream(const std::string& method, const Request& request,
                                     const std::vector<std::string>& scope,
                                     type::v1::TableMeta* meta = nullptr,
                                     const std::function<void()>& between = nullptr) {
    auth::Caller caller;
    caller.subject = "auditor";
    rpc::CallContext context{caller,
                             database_.db(),
                             clock_,
                             ids_,
                             clock_.Now(),
                             absl::InfiniteFuture(),
                             "bangfu.audit.v1.AuditService." + method,
                             "",
                             scope,
                             {},
                             [] { return false; }};
    std::string bytes;
    const rpc::Handler& handler =
        router_.handlers().find("bangfu.audit.v1.AuditService." + method)->second;
    ASSIGN_OR_RETURN(const rpc::SubscriptionStep step, handler.stream(context, request));
    while (true) {
      ASSIGN_OR_RETURN(const rpc::Next next, step(context, [&](const google::protobuf::Message& m) {
                         const auto& chunk = static_cast<const type::v1::FileChunk&>(m);
                         EXPECT_LE(chunk.data().size(), 64u << 10);
                         bytes += chunk.data();
                         if (chunk.has_meta() && meta != nullptr) *meta = chunk.meta();
                         return absl::OkStatus();
                       }));
      if (next.done) return bytes;
      if (between != nullptr) between();
    }
  }
  v1::VerifyAuditResponse Verified(const v1::VerifyAuditRequest& request = {}) {
    auto report = Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"36"});
    EXPECT_OK(report);
    return report.ok() ? *report : v1::VerifyAuditResponse();
  }

  Ulid sensitive_id_ = *Ulid::Parse("01JA0000000000000000000001");
  FakeClock clock_;
  SeededRandom random_;
  UlidGenerator ids_{clock_, random_.AsRandom()};
  TestDatabase database_{migrate::Concat(Schema(), recode::Schema())};
  rpc::Router router_;
};

TEST_F(AuditServiceTest, HistoryPagesNewestFirst) {
  const Ulid id = Chain(5);
  std::string token;
  std::vector<int64_t> seen;
  do {
    ASSERT_OK_AND_ASSIGN(v1::ListHistoryResponse page, List(id, token));
    for (const v1::AuditEntry& e : page.entries()) seen.push_back(e.chain_no());
    token = page.next_page_token();
  } while (!token.empty());
  EXPECT_THAT(seen, ::testing::ElementsAre(5, 4, 3, 2, 1));
  ASSERT_OK_AND_ASSIGN(v1::ListHistoryResponse page, List(id, ""));
  const v1::AuditEntry& newest = page.entries(0);
  EXPECT_EQ(newest.actor().name(), "张三");
  EXPECT_EQ(newest.previous_hash(), page.entries(1).hash());
  EXPECT_EQ(newest.after_json(), "5555555555");
  EXPECT_EQ(newest.occurred_at().seconds(), absl::ToUnixSeconds(clock_.Now()));
  // A token belongs to its query.
  EXPECT_FALSE(List(ids_.Next(), page.next_page_token()).ok());
}

TEST_F(AuditServiceTest, APageDoesNotOutgrowAMessage) {
  const Ulid id = Chain(3, 2 << 20);
  ASSERT_OK_AND_ASSIGN(v1::ListHistoryResponse page, List(id, ""));
  EXPECT_EQ(page.entries_size(), 1);
  ASSERT_OK_AND_ASSIGN(page, List(id, page.next_page_token()));
  EXPECT_EQ(page.entries(0).chain_no(), 2);
}

TEST_F(AuditServiceTest, HistoryOfAnotherRegionIsNotThere) {
  const Ulid id = Chain(2);
  ASSERT_OK_AND_ASSIGN(v1::ListHistoryResponse page, List(id, "", {"360734"}));
  EXPECT_THAT(page, EqualsProto(""));
}

TEST_F(AuditServiceTest, VerifyReportsBrokenChainsAndAnchors) {
  const Ulid id = Chain(3);
  Chain(1);
  v1::VerifyAuditRequest request;
  ASSERT_OK_AND_ASSIGN(v1::VerifyAuditResponse report,
                       Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"360733"}));
  EXPECT_THAT(report, EqualsProto("chains: 2 entries: 4"));

  ASSERT_OK(WriteAnchor(database_.db(), clock_.Now()));
  ASSERT_OK(database_.db().Execute("DELETE FROM audit_log WHERE aggregate_id = ?", {id}));
  ASSERT_OK(database_.db().Execute("DELETE FROM audit_head WHERE aggregate_id = ?", {id}));
  ASSERT_OK_AND_ASSIGN(report, Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"360733"}));
  EXPECT_EQ(report.broken_size(), 0);
  ASSERT_OK_AND_ASSIGN(report, Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"36"}));
  ASSERT_EQ(report.broken_size(), 2);
  EXPECT_EQ(report.broken(0).aggregate_id(), id.ToString());
  EXPECT_EQ(report.broken(0).problem(), "已锚定的记录缺失");

  request.set_aggregate_type("project");
  EXPECT_THAT(Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"36"}),
              HasViolation("aggregate_id"));
}

TEST_F(AuditServiceTest, VerifyFindsEveryWayOfTamperingByName) {
  const Ulid changed = Chain(3);
  const Ulid cut = Chain(3);
  const Ulid missing = Chain(3);
  const Ulid gone = Chain(2);
  Chain(1);
  ASSERT_OK(WriteAnchor(database_.db(), clock_.Now()));
  EXPECT_EQ(Verified().broken_size(), 0);
  EXPECT_EQ(Verified().anchors(), 1);
  mysql::Session& db = database_.db();
  ASSERT_OK(
      db.Execute("UPDATE audit_log SET actor_name = '李四' WHERE aggregate_id = ? AND chain_no = 2",
                 {changed}));
  ASSERT_OK(db.Execute("DELETE FROM audit_log WHERE aggregate_id = ? AND chain_no = 3", {cut}));
  ASSERT_OK(db.Execute("DELETE FROM audit_log WHERE aggregate_id = ? AND chain_no = 2", {missing}));
  ASSERT_OK(db.Execute("DELETE FROM audit_log WHERE aggregate_id = ?", {gone}));
  ASSERT_OK(db.Execute("DELETE FROM audit_head WHERE aggregate_id = ?", {gone}));
  std::map<std::string, std::vector<std::string>> found;
  const v1::VerifyAuditResponse report = Verified();
  for (const v1::BrokenChain& b : report.broken()) found[b.aggregate_id()].push_back(b.problem());
  using ::testing::Contains;
  using ::testing::HasSubstr;
  EXPECT_THAT(found[changed.ToString()], Contains(HasSubstr("已被改动")));
  EXPECT_THAT(found[cut.ToString()], Contains(HasSubstr("已锚定的记录缺失")));
  EXPECT_THAT(found[missing.ToString()], Contains(HasSubstr("缺少第 2 条")));
  EXPECT_THAT(found[gone.ToString()], Contains(HasSubstr("已锚定的记录缺失")));
  EXPECT_EQ(found.size(), 4u);
}

TEST_F(AuditServiceTest, AnchorsKeptOutsideShowATrailThatWasWrittenAnew) {
  Chain(2);
  ASSERT_OK(WriteAnchor(database_.db(), clock_.Now()));
  v1::ListAnchorsRequest list;
  ASSERT_OK_AND_ASSIGN(v1::ListAnchorsResponse anchors,
                       Call<v1::ListAnchorsResponse>("ListAnchors", list, {"36"}));
  ASSERT_EQ(anchors.anchors_size(), 1);
  EXPECT_EQ(anchors.anchors(0).items(), 1);
  // Everything is written anew, consistently.
  for (const char* table : {"audit_log", "audit_head", "audit_anchor", "audit_anchor_item"}) {
    ASSERT_OK(database_.db().Execute(std::string("DELETE FROM ") + table));
  }
  Chain(2);
  ASSERT_OK(WriteAnchor(database_.db(), clock_.Now()));
  EXPECT_EQ(Verified().broken_size(), 0);  // the database alone cannot tell
  v1::VerifyAuditRequest request;
  *request.mutable_kept_anchors() = anchors.anchors();
  const v1::VerifyAuditResponse report = Verified(request);
  ASSERT_EQ(report.broken_size(), 1);
  EXPECT_EQ(report.broken(0).problem(), "锚点与外部留存不符");
  EXPECT_EQ(report.broken(0).chain_no(), 1);
}

TEST_F(AuditServiceTest, SearchTellsWhoChangedWhatFromWhatToWhat) {
  const Ulid id = Chain(3);
  v1::SearchAuditRequest request;
  request.set_subject("zhang.san");
  request.set_page_size(2);
  std::vector<int64_t> seen;
  do {
    ASSERT_OK_AND_ASSIGN(v1::SearchAuditResponse page,
                         Call<v1::SearchAuditResponse>("SearchAudit", request, {"36"}));
    for (const v1::AuditEntry& e : page.entries()) {
      seen.push_back(e.chain_no());
      EXPECT_EQ(e.aggregate_id(), id.ToString());
      EXPECT_EQ(e.after_json(), "");  // only when it is asked for
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(seen, ::testing::ElementsAre(3, 2, 1));
  ASSERT_OK_AND_ASSIGN(v1::SearchAuditResponse none,
                       Call<v1::SearchAuditResponse>("SearchAudit", request, {"3601"}));
  EXPECT_EQ(none.entries_size(), 0);
  request.set_aggregate_id(id.ToString());
  EXPECT_THAT(Call<v1::SearchAuditResponse>("SearchAudit", request, {"36"}),
              HasViolation("aggregate_type"));
}

TEST_F(AuditServiceTest, ExportsStreamAndAreThemselvesRecorded) {
  Chain(3);
  Entry e;
  e.aggregate_type = "publicity";
  e.aggregate_id = ids_.Next();
  e.region_path = "360733";
  e.action = "PublicityService.ConcludePublicity";
  e.actor = {"li.si", "李四", "ROLE_COUNTY_OPERATOR", "360733"};
  e.before_json = "";
  e.after_json = R"json({"url":"=HYPERLINK(1)","state":"PUBLICITY_STATE_PASSED"})json";
  e.occurred_at = clock_.Now();
  ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return Append(tx, e); }));
  v1::ExportAuditRequest request;
  request.set_request_id("export-1");
  request.set_format(type::v1::FILE_FORMAT_CSV);
  request.set_reason("年度审计");
  type::v1::TableMeta meta;
  ASSERT_OK_AND_ASSIGN(std::string csv, Stream("ExportAudit", request, {"36"}, &meta));
  EXPECT_EQ(meta.row_count(), 4);
  EXPECT_THAT(csv, ::testing::StartsWith("\xEF\xBB\xBF时间,"));
  EXPECT_THAT(csv, ::testing::HasSubstr("公示通过"));
  EXPECT_THAT(csv, ::testing::HasSubstr("'=HYPERLINK"));  // runs as no formula
  request.set_format(type::v1::FILE_FORMAT_NDJSON);
  request.set_subject("li.si");
  ASSERT_OK_AND_ASSIGN(std::string ndjson, Stream("ExportAudit", request, {"36"}, &meta));
  EXPECT_EQ(std::count(ndjson.begin(), ndjson.end(), '\n'), 1);
  EXPECT_THAT(ndjson, ::testing::HasSubstr("\"afterJson\""));
  request.set_format(type::v1::FILE_FORMAT_XLSX);
  EXPECT_THAT(Stream("ExportAudit", request, {"36"}), HasViolation("format"));
  v1::ListAccessesRequest list;
  ASSERT_OK_AND_ASSIGN(v1::ListAccessesResponse accesses,
                       Call<v1::ListAccessesResponse>("ListAccesses", list, {"36"}));
  ASSERT_EQ(accesses.accesses_size(), 2);
  EXPECT_EQ(accesses.accesses(0).action(), "AuditService.ExportAudit");
  EXPECT_EQ(accesses.accesses(0).reason(), "年度审计");
  EXPECT_EQ(accesses.accesses(0).actor().subject(), "auditor");
}

TEST_F(AuditServiceTest, AnExportIsReadByPagesAsItIsTaken) {
  const Ulid first = Chain(9, 500);
  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 30; ++i) Chain(9, 500);
  v1::ExportAuditRequest request;
  request.set_request_id("export-1");
  request.set_format(type::v1::FILE_FORMAT_NDJSON);
  request.set_reason("年度审计");
  int chunks = 0;
  type::v1::TableMeta meta;
  // What is written between two chunks is not in it, whichever page comes next.
  const auto between = [&] {
    if (++chunks == 1) clock_.Advance(absl::Seconds(1));
    if (chunks <= 2) Chain(1);
    // The oldest entries are of a page that is not read yet, so nothing of it is kept.
    if (chunks == 1) {
      EXPECT_OK(database_.db().Execute("DELETE FROM audit_log WHERE aggregate_id = ?", {first}));
    }
  };
  ASSERT_OK_AND_ASSIGN(std::string ndjson, Stream("ExportAudit", request, {"36"}, &meta, between));
  EXPECT_GT(chunks, 3);
  EXPECT_EQ(meta.row_count(), 30 * 9);
  EXPECT_EQ(std::count(ndjson.begin(), ndjson.end(), '\n'), 30 * 9);
  std::set<std::string_view> lines;
  for (size_t at = 0; at < ndjson.size();) {
    const size_t end = ndjson.find('\n', at);
    EXPECT_TRUE(lines.insert(std::string_view(ndjson).substr(at, end - at)).second);
    at = end + 1;
  }
  EXPECT_EQ(lines.size(), 30u * 9);
}

TEST_F(AuditServiceTest, ACountyThatTookACodeIsShownNothingOfTheOneThatHadIt) {
  constexpr char kCode[] = "360727", kNext[] = "360783";
  const auto look = [&] {
    Access access;
    access.id = ids_.Next();
    access.action = "AuditService.RevealSensitive";
    access.region_path = "360727101";
    access.occurred_at = clock_.Now();
    EXPECT_OK(RecordAccess(database_.db(), access));
    return access.id.ToString();
  };
  const Ulid of_first = Chain(2, 10, kCode);
  const std::string look_of_first = look();
  clock_.Advance(absl::Hours(1));
  const recode::Move move{ids_.Next(), kCode, kNext, clock_.Now()};
  ASSERT_OK(mysql::Transact(
      database_.db(), [&](mysql::Tx& tx) { return recode::Apply(tx, {}, move, clock_).status(); }));
  clock_.Advance(absl::Hours(1));
  const Ulid of_second = Chain(1, 10, kCode);
  const std::string look_of_second = look();

  struct Seen {
    std::vector<std::string> scope;
    std::string region;
    std::set<std::string> records;
    std::set<std::string> looks;
  };
  const std::string first = of_first.ToString(), second = of_second.ToString();
  for (const Seen& seen :
       {Seen{{kCode}, "", {second}, {look_of_second}}, Seen{{kNext}, "", {first}, {look_of_first}},
        Seen{{"36"}, kCode, {second}, {look_of_second}},
        Seen{{"36"}, kNext, {first}, {look_of_first}}, Seen{{kCode}, kNext, {}, {}},
        Seen{{"36"}, "", {first, second}, {look_of_first, look_of_second}}}) {
    SCOPED_TRACE(seen.scope[0] + "/" + seen.region);
    v1::SearchAuditRequest search;
    search.set_region_code(seen.region);
    ASSERT_OK_AND_ASSIGN(v1::SearchAuditResponse found,
                         Call<v1::SearchAuditResponse>("SearchAudit", search, seen.scope));
    std::set<std::string> records;
    for (const v1::AuditEntry& e : found.entries()) records.insert(e.aggregate_id());
    EXPECT_EQ(records, seen.records);

    v1::ListAccessesRequest list;
    list.set_region_code(seen.region);
    ASSERT_OK_AND_ASSIGN(v1::ListAccessesResponse accesses,
                         Call<v1::ListAccessesResponse>("ListAccesses", list, seen.scope));
    std::set<std::string> looks;
    for (const v1::AccessEntry& a : accesses.accesses()) {
      if (a.action() == "AuditService.RevealSensitive") looks.insert(a.id());
    }
    EXPECT_EQ(looks, seen.looks);

    v1::ExportAuditRequest request;
    request.set_request_id("export-1");
    request.set_format(type::v1::FILE_FORMAT_NDJSON);
    request.set_region_code(seen.region);
    request.set_reason("年度审计");
    const auto exported = Stream("ExportAudit", request, seen.scope);
    if (seen.records.empty()) {
      EXPECT_THAT(exported, StatusIs(absl::StatusCode::kNotFound));
    } else {
      ASSERT_OK(exported);
      for (const std::string& id : {first, second}) {
        EXPECT_EQ(exported->find(id) != std::string::npos, seen.records.contains(id));
      }
    }
  }
  const auto history = [&](const Ulid& id, const std::string& by) {
    auto page = List(id, "", {by});
    EXPECT_OK(page);
    return page.ok() ? page->entries_size() : -1;
  };
  EXPECT_EQ(history(of_first, kCode), 0);
  EXPECT_EQ(history(of_first, kNext), 2);
  EXPECT_EQ(history(of_second, kCode), 1);
  EXPECT_EQ(history(of_second, kNext), 0);
}

TEST_F(AuditServiceTest, WhatIsSensitiveIsShownForAReasonAndTheLookIsRecorded) {
  v1::RevealSensitiveRequest request;
  request.set_request_id("look-0001");
  request.set_aggregate_type("objection");
  request.set_aggregate_id(sensitive_id_.ToString());
  request.set_reason("回访异议人");
  ASSERT_OK_AND_ASSIGN(v1::RevealSensitiveResponse shown,
                       Call<v1::RevealSensitiveResponse>("RevealSensitive", request, {"3607"}));
  ASSERT_EQ(shown.fields_size(), 1);
  EXPECT_EQ(shown.fields(0).field(), "raised_by");
  EXPECT_EQ(shown.fields(0).value(), "王秀英");
  EXPECT_THAT(Call<v1::RevealSensitiveResponse>("RevealSensitive", request, {"3601"}),
              StatusIs(absl::StatusCode::kNotFound));
  request.set_aggregate_type("project");
  EXPECT_THAT(Call<v1::RevealSensitiveResponse>("RevealSensitive", request, {"36"}),
              HasViolation("aggregate_type"));
  v1::ListAccessesRequest list;
  list.set_region_code("360733");
  ASSERT_OK_AND_ASSIGN(v1::ListAccessesResponse accesses,
                       Call<v1::ListAccessesResponse>("ListAccesses", list, {"36"}));
  ASSERT_EQ(accesses.accesses_size(), 1);  // a refused look showed nothing
  EXPECT_THAT(accesses.accesses(0).fields(), ::testing::ElementsAre("raised_by"));
  EXPECT_EQ(accesses.accesses(0).reason(), "回访异议人");
  EXPECT_EQ(accesses.accesses(0).aggregate_id(), sensitive_id_.ToString());
}

TEST_F(AuditServiceTest, TellsWhatIsNoLongerKept) {
  const Ulid id = Chain(3);
  ASSERT_OK_AND_ASSIGN(const Anchor kept, WriteAnchor(database_.db(), clock_.Now()));
  clock_.Advance(absl::Hours(24 * 366) * 31);
  ASSERT_OK(CutOld(database_.db(), clock_.Now(), {}));
  v1::VerifyAuditRequest request;
  v1::Anchor* outside = request.add_kept_anchors();
  outside->set_anchor_no(kept.anchor_no);
  outside->set_items(kept.items);
  outside->set_hash(HexEncode(kept.hash));
  ASSERT_OK_AND_ASSIGN(auto response,
                       Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"36"}));
  EXPECT_EQ(response.entries_cut(), 3);
  EXPECT_EQ(response.anchors(), 1);
  EXPECT_EQ(response.broken_size(), 0);
  EXPECT_EQ(List(id, "")->entries_size(), 0);
  // A place that was put in by hand is named to whoever verifies.
  ASSERT_OK(database_.db().Execute("UPDATE audit_cut SET cut_at = cut_at + INTERVAL 1 SECOND"));
  ASSERT_OK_AND_ASSIGN(response, Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"36"}));
  EXPECT_EQ(response.entries_cut(), 0);
  EXPECT_GT(response.broken_size(), 0);
}

}  // namespace
}  // namespace bangfu::audit
