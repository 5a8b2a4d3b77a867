// A service that imports tables of words, and calls to it.
#pragma once

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
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using options::v1::ROLE_AUDITOR;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_VILLAGE_REPORTER;

inline migrate::Migrations TestSchema() {
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

}  // namespace bangfu::intake
