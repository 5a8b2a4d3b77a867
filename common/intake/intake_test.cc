#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "bangfu/intake/v1/import_service.pb.h"
#include "common/audit/schema.h"
#include "common/auth/caller.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/schema.h"
#include "common/intake/import_service.h"
#include "common/intake/schema.h"
#include "common/operation/operation.h"
#include "common/operation/schema.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/table/xlsx_writer.h"
#include "common/testing/held_grants.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::intake {
namespace {

using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using options::v1::ROLE_AUDITOR;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_VILLAGE_REPORTER;

migrate::Migrations TestSchema() {
  return migrate::Concat(idempotency::Schema(), inbox::Schema(), audit::Schema(), feed::Schema(),
                         operation::Schema(), Schema(),
                         migrate::Migrations{{"words", 1, "create", R"sql(
CREATE TABLE word (
  word VARCHAR(64) NOT NULL,
  id BINARY(16) NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (word)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}});
}

// A table of words with a number: word,amount. No number: held. A negative one: refused. The money
// of words with an x in front is X, that of the others W.
class WordKind : public Kind {
 public:
  WordKind(UlidGenerator& ids, std::atomic<int>& fail_after,
           std::function<void(const Job&)> on_chunk = nullptr,
           std::function<void()> on_batch = nullptr)
      : ids_(ids),
        fail_after_(fail_after),
        on_chunk_(std::move(on_chunk)),
        on_batch_(std::move(on_batch)) {}
  std::string_view name() const override { return "words"; }
  std::vector<auth::Role> roles() const override { return {ROLE_COUNTY_OPERATOR}; }
  std::vector<std::string> clauses() const override { return {"十五", "十六"}; }

  class Reader : public RowReader {
   public:
    Reader(UlidGenerator& ids, mysql::Session& db, const std::function<void()>& on_batch)
        : ids_(ids), db_(db), on_batch_(on_batch) {}
    absl::Status AddRows(const std::vector<table::InputRow>& rows,
                         std::vector<StagedRow>* out) override {
      if (on_batch_) on_batch_();
      std::map<std::string, std::pair<Ulid, int64_t>> there;
      mysql::Params params;
      for (const table::InputRow& row : rows) params.push_back(row.cells[0].text);
      ASSIGN_OR_RETURN(const mysql::Rows found,
                       db_.Query(Cat("SELECT word, id, amount FROM word WHERE word IN (",
                                     mysql::Placeholders(params.size()), ")"),
                                 params));
      for (const mysql::Row& r : found) there[r.String(0)] = {r.Id(1), r.Int(2)};
      for (const table::InputRow& row : rows) {
        if (!header_) {
          header_ = row.cells[0].text == "word";  // title rows may stand above
          continue;
        }
        StagedRow staged;
        staged.row_no = row.row_no;
        staged.key = row.cells[0].text;
        int64_t amount = 0;
        if (row.cells.size() < 2 || row.cells[1].text.empty()) {
          staged.outcome = v1::ROW_OUTCOME_HELD;
          staged.issues.push_back(MakeIssue("amount", "AMOUNT_MISSING", "", "", "请补填数量"));
        } else if (!absl::SimpleAtoi(row.cells[1].text, &amount) || amount < 0) {
          staged.outcome = v1::ROW_OUTCOME_REFUSED;
          staged.issues.push_back(
              MakeIssue("amount", "AMOUNT_INVALID", row.cells[1].text, "", "数量须为非负整数"));
        } else if (auto it = there.find(staged.key); it != there.end()) {
          staged.record_id = it->second.first;
          staged.outcome =
              it->second.second == amount ? v1::ROW_OUTCOME_UNCHANGED : v1::ROW_OUTCOME_UPDATED;
          staged.payload = row.cells[1].text;
        } else {
          staged.outcome = v1::ROW_OUTCOME_CREATED;
          staged.record_id = ids_.Next();
          staged.payload = row.cells[1].text;
        }
        out->push_back(std::move(staged));
      }
      return absl::OkStatus();
    }
    absl::Status Finish(std::vector<StagedRow>*) override {
      if (!header_) return InvalidField("header", "没有表头").Build();
      return absl::OkStatus();
    }

   private:
    UlidGenerator& ids_;
    mysql::Session& db_;
    const std::function<void()>& on_batch_;
    bool header_ = false;
  };

  absl::StatusOr<std::unique_ptr<RowReader>> NewReader(const Job& job,
                                                       mysql::Session& db) override {
    EXPECT_EQ(job.scope, (auth::RegionScope{"360733"}));
    return std::make_unique<Reader>(ids_, db, on_batch_);
  }
  absl::StatusOr<std::vector<CommittedRow>> CommitChunk(
      mysql::Tx& tx, const Job& job, const std::vector<StagedRow>& rows) override {
    EXPECT_LE(rows.size(), kChunkRows);
    if (fail_after_ >= 0 && fail_after_-- == 0) return absl::InternalError("killed");
    if (on_chunk_) on_chunk_(job);
    std::vector<mysql::Params> params;
    std::vector<CommittedRow> out;
    for (const StagedRow& row : rows) {
      if (!Covers(job.caller, row.key)) {
        CommittedRow refused;
        refused.outcome = v1::ROW_OUTCOME_REFUSED;
        refused.not_covered = Covers(job.validator, row.key);
        out.push_back(std::move(refused));
        continue;
      }
      int64_t amount = 0;
      (void)absl::SimpleAtoi(row.payload, &amount);
      params.push_back({row.key, row.record_id, amount});
      out.push_back({row.outcome, row.record_id, {}});
    }
    if (params.empty()) return out;
    RETURN_IF_ERROR(mysql::BulkInsert(tx, "word", "(word, id, amount)", params,
                                      "ON DUPLICATE KEY UPDATE amount = VALUES(amount)")
                        .status());
    return out;
  }

 private:
  static bool Covers(const auth::Caller& caller, const std::string& word) {
    auth::Facets money;
    money.fund_sources = {word.front() == 'x' ? "X" : "W"};
    return std::any_of(caller.grants.begin(), caller.grants.end(),
                       [&](const auth::Grant& grant) { return grant.Covers(money); });
  }

  UlidGenerator& ids_;
  std::atomic<int>& fail_after_;
  const std::function<void(const Job&)> on_chunk_;
  const std::function<void()> on_batch_;
};

class IntakeTest : public ::testing::Test {
 protected:
  IntakeTest()
      : ids_(clock_),
        runner_(clock_, {.holder = "r1"}),
        server_({.services = {"bangfu.intake.v1.ImportService"},
                 .migrations = TestSchema(),
                 .server = grants_.ServerOptions()},
                [this](rpc::Router& router) {
                  std::vector<std::unique_ptr<Kind>> kinds;
                  kinds.push_back(std::make_unique<WordKind>(
                      ids_, fail_after_,
                      [this](const Job& job) {
                        writers_.push_back(job.caller.name);
                        if (on_chunk_) on_chunk_();
                      },
                      [this] {
                        if (on_batch_) on_batch_();
                      }));
                  ImportServiceOptions options;
                  options.grants = &grants_;
                  imports_ = std::make_unique<ImportService>(std::move(kinds), std::move(options),
                                                             runner_);
                  imports_->Register(router);
                }),
        session_(server_.database().Connect()),
        token_(server_.Token(ROLE_COUNTY_OPERATOR, "360733")) {}

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const std::string& token = "") {
    return server_.Call<Response>("bangfu.intake.v1.ImportService." + method, request,
                                  token.empty() ? token_ : token);
  }
  std::string RequestId() { return Cat("request-", ++request_); }

  absl::StatusOr<v1::Import> Begin(const std::string& batch,
                                   v1::ImportPolicy policy = v1::IMPORT_POLICY_VALID_ROWS) {
    v1::BeginImportRequest request;
    request.set_request_id(RequestId());
    request.set_kind("words");
    request.set_batch_id(batch);
    request.set_format(type::v1::FILE_FORMAT_CSV);
    request.set_policy(policy);
    return Call<v1::Import>("BeginImport", request);
  }
  absl::StatusOr<v1::Import> Upload(const std::string& id, std::string_view bytes,
                                    size_t chunk = 1000) {
    absl::StatusOr<v1::Import> result = absl::InvalidArgumentError("nothing");
    for (size_t offset = 0; offset < bytes.size(); offset += chunk) {
      v1::UploadChunkRequest request;
      request.set_id(id);
      request.set_offset(static_cast<int64_t>(offset));
      request.set_data(std::string(bytes.substr(offset, chunk)));
      if (offset + chunk >= bytes.size()) {
        request.set_last(true);
        request.set_sha256(Sha256Hex(bytes));
      }
      result = Call<v1::Import>("UploadChunk", request);
      if (!result.ok()) return result;
    }
    return result;
  }
  absl::StatusOr<operation::v1::Operation> Start(const std::string& method, const std::string& id) {
    v1::ValidateImportRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    return Call<operation::v1::Operation>(method, request);
  }
  void RunAll() {
    while (true) {
      const absl::StatusOr<bool> ran = runner_.StepOnce(*session_);
      ASSERT_OK(ran);
      if (!*ran) return;
    }
  }
  v1::Import Get(const std::string& id) {
    v1::GetImportRequest request;
    request.set_id(id);
    auto import = Call<v1::Import>("GetImport", request);
    EXPECT_OK(import);
    return import.ok() ? *import : v1::Import();
  }
  // Begin … validated.
  std::string Validated(const std::string& batch, std::string_view bytes,
                        v1::ImportPolicy policy = v1::IMPORT_POLICY_VALID_ROWS) {
    const auto import = Begin(batch, policy);
    EXPECT_OK(import);
    EXPECT_OK(Upload(import->id(), bytes));
    EXPECT_OK(Start("ValidateImport", import->id()));
    RunAll();
    return import->id();
  }
  static std::string Words(int count) {
    std::string csv = "word,amount\r\n";
    for (int i = 1; i <= count; ++i) csv += Cat("w", i, ",", i, "\r\n");
    return csv;
  }
  int64_t WordCount() { return server_.database().Int("SELECT COUNT(*) FROM word"); }
  // A token that says who it is and nothing else.
  std::string Person(const std::string& subject) {
    return ::bangfu::testing::PersonToken(server_, subject);
  }
  static auth::Grant Operator(const std::string& region = "360733",
                              std::vector<std::string> money = {}) {
    auth::Grant grant;
    grant.role = ROLE_COUNTY_OPERATOR;
    grant.region_path = region;
    grant.fund_sources = std::move(money);
    return grant;
  }
  // How the last step of an import has failed.
  void ExpectStopped(const std::string& id, std::string_view reason) {
    ASSERT_OK_AND_ASSIGN(const Ulid run, Ulid::Parse(Get(id).operation_id()));
    ASSERT_OK_AND_ASSIGN(const operation::v1::Operation ended,
                         operation::Get(*session_, run, {"360733"}));
    EXPECT_EQ(ended.state(), operation::v1::OPERATION_STATE_FAILED);
    EXPECT_EQ(ended.error().code(), static_cast<int>(absl::StatusCode::kPermissionDenied));
    EXPECT_NE(ended.error().SerializeAsString().find(reason), std::string::npos);
  }

  testing::FakeClock clock_;
  UlidGenerator ids_;
  std::atomic<int> fail_after_ = -1;
  ::bangfu::testing::HeldGrants grants_;
  std::function<void()> on_chunk_;    // in the transaction of each chunk
  std::function<void()> on_batch_;    // before each batch of a validation is read
  std::vector<std::string> writers_;  // under whose name each chunk was written
  operation::OperationRunner runner_;
  std::unique_ptr<ImportService> imports_;
  RpcServer server_;
  std::unique_ptr<mysql::Session> session_;
  std::string token_;
  int request_ = 0;
};

TEST_F(IntakeTest, OneReportLinePerRowAndASecondRunChangesNothing) {
  const std::string csv = "word,amount\r\napple,1\r\npear,\r\nplum,-3\r\n,\r\nfig,7\r\n";
  const std::string id = Validated("b1", csv);
  v1::Import import = Get(id);
  EXPECT_EQ(import.state(), v1::IMPORT_STATE_VALIDATED);
  EXPECT_EQ(import.rows_total(), 4);
  EXPECT_EQ(import.rows_created(), 2);
  EXPECT_EQ(import.rows_held(), 1);
  EXPECT_EQ(import.rows_refused(), 1);
  EXPECT_EQ(WordCount(), 0);  // validation changes no record

  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  import = Get(id);
  EXPECT_EQ(import.state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(import.committed_through(), 6);
  EXPECT_EQ(WordCount(), 2);

  v1::ListImportRowsRequest list;
  list.set_id(id);
  list.set_page_size(3);
  ASSERT_OK_AND_ASSIGN(auto page, Call<v1::ListImportRowsResponse>("ListImportRows", list));
  ASSERT_EQ(page.rows_size(), 3);
  EXPECT_EQ(page.rows(0).row_no(), 2);
  EXPECT_FALSE(page.rows(0).record_id().empty());
  EXPECT_EQ(page.rows(1).outcome(), v1::ROW_OUTCOME_HELD);
  EXPECT_EQ(page.rows(1).issues(0).reason(), "AMOUNT_MISSING");
  EXPECT_EQ(page.rows(1).issues(0).proposal_zh(), "请补填数量");
  EXPECT_EQ(page.rows(2).issues(0).raw_text(), "-3");
  list.set_page_token(page.next_page_token());
  ASSERT_OK_AND_ASSIGN(page, Call<v1::ListImportRowsResponse>("ListImportRows", list));
  ASSERT_EQ(page.rows_size(), 1);
  EXPECT_EQ(page.rows(0).key(), "fig");
  EXPECT_TRUE(page.next_page_token().empty());
  list.set_page_token("");
  list.set_outcome(v1::ROW_OUTCOME_REFUSED);
  ASSERT_OK_AND_ASSIGN(page, Call<v1::ListImportRowsResponse>("ListImportRows", list));
  ASSERT_EQ(page.rows_size(), 1);
  EXPECT_EQ(page.rows(0).key(), "plum");

  const std::string again = Validated("b2", csv);
  EXPECT_EQ(Get(again).rows_unchanged(), 2);
  ASSERT_OK(Start("CommitImport", again));
  RunAll();
  EXPECT_EQ(Get(again).rows_unchanged(), 2);
  EXPECT_EQ(Get(again).rows_created(), 0);
  EXPECT_EQ(WordCount(), 2);
}

TEST_F(IntakeTest, TheSameBatchIsTheSameImport) {
  ASSERT_OK_AND_ASSIGN(const auto first, Begin("b1"));
  ASSERT_OK_AND_ASSIGN(const auto second, Begin("b1"));
  EXPECT_EQ(first.id(), second.id());
  v1::BeginImportRequest other;
  other.set_request_id(RequestId());
  other.set_kind("words");
  other.set_batch_id("b1");
  other.set_format(type::v1::FILE_FORMAT_XLSX);
  EXPECT_THAT(Call<v1::Import>("BeginImport", other),
              StatusIs(absl::StatusCode::kInvalidArgument, "BATCH_ID_REUSED"));
  // A kind that does not say which columns may be filled down takes none.
  other.set_batch_id("b2");
  other.set_request_id(RequestId());
  other.add_fill_down_columns("word");
  EXPECT_THAT(Call<v1::Import>("BeginImport", other),
              StatusIs(absl::StatusCode::kInvalidArgument, "FILL_DOWN_UNSUPPORTED"));
  other.clear_fill_down_columns();
  other.set_batch_id("b1");
  other.set_kind("nothing");
  other.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::Import>("BeginImport", other),
              StatusIs(absl::StatusCode::kInvalidArgument, "IMPORT_KIND_UNKNOWN"));
  other.set_kind("words");
  other.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::Import>("BeginImport", other,
                               server_.Token(ROLE_VILLAGE_REPORTER, "360733101201", "person-2")),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  other.set_batch_id("b9");
  other.set_region_code("360111");
  other.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::Import>("BeginImport", other),
              StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
}

TEST_F(IntakeTest, TheSameBatchReadOtherwiseIsRefused) {
  v1::BeginImportRequest first;
  first.set_kind("words");
  first.set_batch_id("b1");
  first.set_format(type::v1::FILE_FORMAT_CSV);
  first.set_file_name("words.csv");
  first.set_default_money_unit("元");
  first.set_campaign_id(ids_.Next().ToString());
  first.set_request_id(RequestId());
  ASSERT_OK_AND_ASSIGN(const auto import, Call<v1::Import>("BeginImport", first));
  const auto again = [&](const std::function<void(v1::BeginImportRequest&)>& change) {
    v1::BeginImportRequest request = first;
    change(request);
    request.set_request_id(RequestId());
    return Call<v1::Import>("BeginImport", request);
  };
  const auto reused = StatusIs(absl::StatusCode::kInvalidArgument, "BATCH_ID_REUSED");
  EXPECT_THAT(again([](auto& r) { r.set_default_money_unit("万元"); }), reused);
  EXPECT_THAT(again([](auto& r) { r.clear_default_money_unit(); }), reused);
  EXPECT_THAT(again([](auto& r) { r.set_policy(v1::IMPORT_POLICY_ALL_OR_NOTHING); }), reused);
  EXPECT_THAT(again([&](auto& r) { r.set_campaign_id(ids_.Next().ToString()); }), reused);
  EXPECT_THAT(again([](auto& r) { r.clear_campaign_id(); }), reused);
  EXPECT_THAT(again([](auto& r) { r.set_sample(true); }), reused);
  // What is said is what holds when nothing is said; the name is no part of what is read.
  ASSERT_OK_AND_ASSIGN(const auto same, again([](auto& r) {
                         r.set_policy(v1::IMPORT_POLICY_VALID_ROWS);
                         r.set_file_name("words (1).csv");
                       }));
  EXPECT_EQ(same.id(), import.id());
}

TEST_F(IntakeTest, AnUploadGoesOnWhereItStopped) {
  ASSERT_OK_AND_ASSIGN(const auto import, Begin("b1"));
  v1::UploadChunkRequest request;
  request.set_id(import.id());
  request.set_data("word,amount\r\n");
  ASSERT_OK(Call<v1::Import>("UploadChunk", request));
  // A retry is checked, not doubled.
  ASSERT_OK_AND_ASSIGN(auto after, Call<v1::Import>("UploadChunk", request));
  EXPECT_EQ(after.size_bytes(), 13);
  request.set_data("other,amount\r");
  EXPECT_THAT(Call<v1::Import>("UploadChunk", request),
              StatusIs(absl::StatusCode::kInvalidArgument, "UPLOAD_MISMATCH"));
  request.set_offset(20);
  const auto gap = Call<v1::Import>("UploadChunk", request);
  EXPECT_THAT(gap, StatusIs(absl::StatusCode::kOutOfRange, "UPLOAD_OFFSET"));
  EXPECT_EQ(GetErrorDetail(gap.status()).metadata["expected"], "13");
  EXPECT_THAT(Start("ValidateImport", import.id()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "UPLOAD_INCOMPLETE"));
  request.set_offset(13);
  request.set_data("apple,1\r\n");
  request.set_last(true);
  ASSERT_OK(Call<v1::Import>("UploadChunk", request));
  request.set_offset(22);
  EXPECT_THAT(Call<v1::Import>("UploadChunk", request),
              StatusIs(absl::StatusCode::kFailedPrecondition, "UPLOAD_COMPLETE"));
  EXPECT_THAT(Start("CommitImport", import.id()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "IMPORT_STATE_WRONG"));
  // Another person's import is not there.
  v1::GetImportRequest get;
  get.set_id(import.id());
  EXPECT_THAT(Call<v1::Import>("GetImport", get, server_.Token(ROLE_AUDITOR, "3611", "person-3")),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_OK(Call<v1::Import>("GetImport", get, server_.Token(ROLE_AUDITOR, "36", "person-4")));
}

TEST_F(IntakeTest, AllOrNothingRefusesTheFileAtValidation) {
  const std::string id =
      Validated("b1", "word,amount\r\napple,1\r\npear,\r\n", v1::IMPORT_POLICY_ALL_OR_NOTHING);
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_REFUSED);
  EXPECT_THAT(Start("CommitImport", id),
              StatusIs(absl::StatusCode::kFailedPrecondition, "IMPORT_STATE_WRONG"));
  EXPECT_EQ(WordCount(), 0);
}

TEST_F(IntakeTest, AFileWithoutHeaderOrWithAnotherDigestIsRefused) {
  EXPECT_EQ(Get(Validated("b1", "no,header\r\n1,2\r\n")).state(), v1::IMPORT_STATE_REFUSED);
  ASSERT_OK_AND_ASSIGN(const auto import, Begin("b2"));
  v1::UploadChunkRequest request;
  request.set_id(import.id());
  request.set_data("word,amount\r\na,1\r\n");
  request.set_last(true);
  request.set_sha256(std::string(64, 'a'));
  ASSERT_OK(Call<v1::Import>("UploadChunk", request));
  ASSERT_OK(Start("ValidateImport", import.id()));
  RunAll();
  EXPECT_EQ(Get(import.id()).state(), v1::IMPORT_STATE_REFUSED);
}

// A commit that dies in its third chunk, and one that is never told that its second is in.
TEST_F(IntakeTest, CommitGoesOnAfterItsCursor) {
  const std::string id = Validated("b1", Words(2300));
  EXPECT_EQ(Get(id).rows_created(), 2300);
  fail_after_ = 2;
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTING);
  EXPECT_EQ(Get(id).committed_through(), 1001);
  EXPECT_EQ(WordCount(), 1000);
  fail_after_ = -1;
  ASSERT_OK(Start("CommitImport", id));  // the failed operation gives way to a new one
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 2300);
  EXPECT_EQ(WordCount(), 2300);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_row"), 2300);
}

// Who loses the right under way writes no further chunk, and somebody else who has it goes on.
TEST_F(IntakeTest, R118_ACommitEndsWithItsImportersRight) {
  grants_.Set("li", {"李四", {Operator()}, {}});
  grants_.Set("wang", {"王五", {Operator()}, {}});
  token_ = Person("li");
  const std::string id = Validated("b1", Words(1200));
  // As long as nothing is under way it is nobody else's.
  token_ = Person("wang");
  EXPECT_THAT(Start("CommitImport", id), StatusIs(absl::StatusCode::kNotFound));
  token_ = Person("li");
  ASSERT_OK(Start("CommitImport", id));
  EXPECT_EQ(Get(id).created_by().name(), "李四");
  token_ = Person("wang");
  EXPECT_THAT(Start("CommitImport", id), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Get(id).allowed_actions_size(), 0);
  on_chunk_ = [this] { grants_.Set("li", {"李四", {}, {Operator()}}); };
  RunAll();
  on_chunk_ = nullptr;
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTING);
  EXPECT_EQ(Get(id).committed_through(), 501);
  EXPECT_EQ(WordCount(), 500);
  ExpectStopped(id, "GRANT_REVOKED");

  token_ = Person("li");
  EXPECT_THAT(Start("CommitImport", id),
              StatusIs(absl::StatusCode::kPermissionDenied, "GRANT_REVOKED"));
  // Nor does it go on by a right elsewhere.
  token_ = Person("wang");
  grants_.Set("wang", {"王五", {Operator("360822")}, {}});
  EXPECT_THAT(Start("CommitImport", id), StatusIs(absl::StatusCode::kNotFound));
  grants_.Set("wang", {"王五", {Operator()}, {}});
  ASSERT_EQ(Get(id).allowed_actions_size(), 1);
  EXPECT_EQ(Get(id).allowed_actions(0).action(), "commit");
  EXPECT_TRUE(Get(id).allowed_actions(0).allowed());
  // Of two who take it on at once one does.
  grants_.Set("zhao", {"赵六", {Operator()}, {}});
  const std::vector<std::string> tokens = {Person("wang"), Person("zhao")};
  std::vector<v1::CommitImportRequest> requests(2);
  for (v1::CommitImportRequest& request : requests) {
    request.set_request_id(RequestId());
    request.set_id(id);
  }
  std::vector<absl::Status> outcomes(2);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      outcomes[i] = Call<operation::v1::Operation>("CommitImport", requests[i], tokens[i]).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(outcomes[0].ok(), outcomes[1].ok());
  EXPECT_THAT(outcomes[0].ok() ? outcomes[1] : outcomes[0], StatusIs(absl::StatusCode::kNotFound));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 1200);
  EXPECT_EQ(WordCount(), 1200);
  // Whose last step it was is another person.
  EXPECT_EQ(Get(id).created_by().subject(), "li");
  EXPECT_EQ(Get(id).created_by().name(), "李四");
  EXPECT_EQ(writers_.front(), "李四");
  EXPECT_EQ(writers_.back(), outcomes[0].ok() ? "王五" : "赵六");
}

// Who holds less than the rows need, be it the importer or who takes the import on, stops before
// them and refuses none.
TEST_F(IntakeTest, R118_ACommitStopsAtRowsThatTheGrantsDoNotCoverAnyMore) {
  grants_.Set("li", {"李四", {Operator()}, {}});
  grants_.Set("wang", {"王五", {Operator("360733", {"W"})}, {}});
  grants_.Set("zhao", {"赵六", {Operator()}, {}});
  token_ = Person("li");
  std::string csv = Words(600);
  for (int i = 1; i <= 400; ++i) csv += Cat("x", i, ",", i, "\r\n");
  const std::string id = Validated("b1", csv);
  EXPECT_EQ(Get(id).rows_created(), 1000);
  ASSERT_OK(Start("CommitImport", id));
  on_chunk_ = [this] { grants_.Set("li", {"李四", {Operator("360733", {"W"})}, {}}); };
  RunAll();
  on_chunk_ = nullptr;
  const auto stopped = [&] {
    const v1::Import import = Get(id);
    EXPECT_EQ(import.state(), v1::IMPORT_STATE_COMMITTING);
    EXPECT_EQ(import.committed_through(), 501);  // of the next 500, a hundred are covered
    EXPECT_EQ(import.rows_refused(), 0);
    EXPECT_EQ(import.rows_created(), 1000);
    EXPECT_EQ(WordCount(), 500);
    ExpectStopped(id, "IMPORT_NOT_COVERED");
  };
  stopped();
  token_ = Person("wang");
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  stopped();
  token_ = Person("zhao");
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 1000);
  EXPECT_EQ(WordCount(), 1000);
}

// The rpcs of imports serve every clause, the kind those of the rpc that makes a single word.
TEST_F(IntakeTest, AnImportOpensToGrantsForTheClausesOfItsKind) {
  const auto of = [](const std::string& clause, const std::string& region = "360733") {
    auth::Grant grant = Operator(region);
    grant.clauses = {clause};
    return grant;
  };
  const auto hold = [&](const std::string& person, std::vector<auth::Grant> grants) {
    grants_.Set(person, {person, std::move(grants), {}});
  };
  hold("li", {of("四")});
  token_ = Person("li");
  EXPECT_THAT(Begin("b1"), StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  hold("li", {of("四", "36"), of("十六")});
  const std::string id = Validated("b1", Words(700));
  ASSERT_OK(Start("CommitImport", id));
  on_chunk_ = [&] { hold("li", {of("四", "36")}); };
  RunAll();
  on_chunk_ = nullptr;
  ExpectStopped(id, "GRANT_REVOKED");
  EXPECT_EQ(WordCount(), 500);
  // Nor is it taken on by who holds the role for other clauses.
  token_ = Person("wang");
  hold("wang", {of("四")});
  EXPECT_EQ(Get(id).allowed_actions_size(), 0);
  EXPECT_THAT(Start("CommitImport", id), StatusIs(absl::StatusCode::kNotFound));
  hold("wang", {of("四"), of("十五")});
  EXPECT_EQ(Get(id).allowed_actions_size(), 1);
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(WordCount(), 700);

  // A right that came with a token is not looked up, and is narrowed all the same.
  auth::Caller caller;
  caller.subject = "machine";
  caller.grants = {of("四", "36"), of("十五")};
  token_ = server_.Token(caller);
  const std::string again = Validated("b2", Words(701));
  EXPECT_EQ(Get(again).rows_created(), 1);
  ASSERT_OK(Start("CommitImport", again));
  RunAll();
  EXPECT_EQ(Get(again).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(WordCount(), 701);
}

// What the grants of the validation do not cover either is the row's matter, not the import's.
TEST_F(IntakeTest, ARowThatWasNotCoveredBeforeIsRefusedByItself) {
  grants_.Set("li", {"李四", {Operator("360733", {"W"})}, {}});
  token_ = Person("li");
  const std::string id = Validated("b1", Cat(Words(10), "x1,1\r\nx2,2\r\n"));
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 10);
  EXPECT_EQ(Get(id).rows_refused(), 2);
  EXPECT_EQ(WordCount(), 10);
}

// Who stands in for many has many grants: an import keeps them twice, as they were at its steps.
TEST_F(IntakeTest, APersonOfManyGrantsImports) {
  std::vector<auth::Grant> held(1000, Operator());
  for (size_t i = 0; i < held.size(); ++i) {
    held[i].id = *Ulid::FromBytes(Sha256(Cat(i)).substr(0, 16));
  }
  grants_.Set("li", {"李四", held, {}});
  token_ = Person("li");
  const std::string id = Validated("b1", Words(3));
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_GT(server_.database().Int("SELECT MAX(LENGTH(caller)) FROM import_job"), 65535);
}

TEST_F(IntakeTest, R118_AValidationEndsWithItsImportersRight) {
  grants_.Set("li", {"李四", {Operator()}, {}});
  grants_.Set("wang", {"王五", {Operator()}, {}});
  token_ = Person("li");
  ASSERT_OK_AND_ASSIGN(const v1::Import begun, Begin("b1"));
  ASSERT_OK(Upload(begun.id(), Words(1200)));
  ASSERT_OK(Start("ValidateImport", begun.id()));
  on_batch_ = [this] { grants_.Set("li", {"李四", {}, {Operator()}}); };
  RunAll();
  on_batch_ = nullptr;
  token_ = Person("wang");
  EXPECT_EQ(Get(begun.id()).state(), v1::IMPORT_STATE_VALIDATING);
  ExpectStopped(begun.id(), "GRANT_REVOKED");
  // One batch, the header in it.
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_row"), 399);
  // With the right it is asked for again, from the first row on.
  grants_.Set("li", {"李四", {Operator()}, {}});
  token_ = Person("li");
  ASSERT_OK(Start("ValidateImport", begun.id()));
  RunAll();
  EXPECT_EQ(Get(begun.id()).state(), v1::IMPORT_STATE_VALIDATED);
  EXPECT_EQ(Get(begun.id()).rows_created(), 1200);
}

TEST_F(IntakeTest, ARightThatTheTokenNamesIsNotLookedUp) {
  const std::string id = Validated("b1", Words(700));
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
}

TEST_F(IntakeTest, TwoRunsAtOnceCommitEachRowOnce) {
  const std::string id = Validated("b1", Words(3000));
  ASSERT_OK(Start("CommitImport", id));
  Kinds kinds([&] {
    std::vector<std::unique_ptr<Kind>> list;
    list.push_back(std::make_unique<WordKind>(ids_, fail_after_));
    return list;
  }());
  const auto ulid = Ulid::Parse(id);
  const auto run = [&] {
    const auto session = server_.database().Connect();
    const auto done = Commit(*session, kinds, *ulid, Progress());
    EXPECT_OK(done);
  };
  std::thread other(run);
  run();
  other.join();
  EXPECT_EQ(WordCount(), 3000);
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 3000);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'IMPORT_COMMIT' "
                                   "AND state = 2 AND outcome = 'commit'"),
            1);
}

TEST_F(IntakeTest, ReadsExcelToo) {
  std::string bytes;
  {
    table::XlsxWriter::Options options;
    table::XlsxWriter writer(options, [&](std::string_view piece) {
      bytes += std::string(piece);
      return absl::OkStatus();
    });
    table::TableSpec spec;
    spec.columns = {{.key = "word", .header_zh = "word"},
                    {.key = "amount", .header_zh = "amount", .kind = table::ColumnKind::kInt}};
    ASSERT_OK(writer.Begin(spec, {}));
    ASSERT_OK(writer.WriteRow({std::string("apple"), int64_t{12}}));
    ASSERT_OK(writer.Finish());
  }
  const std::string id = Validated("b1", bytes, v1::IMPORT_POLICY_VALID_ROWS);
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_VALIDATED);
  EXPECT_EQ(Get(id).rows_created(), 1);
}

TEST_F(IntakeTest, StagingIsGoneAfterThirtyDays) {
  const std::string id = Validated("b1", Words(10));
  const absl::Time now = server_.clock().Now();
  ASSERT_OK_AND_ASSIGN(bool more, SweepExpired(*session_, now + absl::Hours(24 * 29)));
  EXPECT_FALSE(more);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_row"), 10);
  // Until then it waits for whoever began it.
  const char* waiting =
      "SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = 'IMPORT_COMMIT' AND assignee "
      "<> ''";
  EXPECT_EQ(server_.database().Int(waiting), 1);
  do {
    ASSERT_OK_AND_ASSIGN(more, SweepExpired(*session_, now + absl::Hours(24 * 31)));
  } while (more);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_row"), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_chunk"), 0);
  EXPECT_EQ(server_.database().Int(waiting), 0);
  EXPECT_EQ(Get(id).rows_total(), 10);
}

}  // namespace
}  // namespace bangfu::intake
