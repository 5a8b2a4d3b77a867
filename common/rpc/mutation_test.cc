#include "common/rpc/mutation.h"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "common/audit/schema.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;

migrate::Migrations TestSchema() {
  return migrate::Concat(
      idempotency::Schema(), audit::Schema(), feed::Schema(),
      migrate::Migrations{
          {"sample", 1, "create_sample",
           "CREATE TABLE sample (id BINARY(16) NOT NULL, name VARCHAR(32) NOT NULL, "
           "PRIMARY KEY (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 "
           "COLLATE=utf8mb4_bin;\n"}});
}

class MutationTest : public SampleServerTest {
 protected:
  void SetUp() override {
    handlers_.create = [this](CallContext& context, const sample::CreateSampleRequest& request) {
      return Mutate<sample::Sample>(
          context, request, [&](Mutation& m) -> absl::StatusOr<sample::Sample> {
            ++bodies_;
            const Ulid id = context.ids.Next();
            RETURN_IF_ERROR(m.tx()
                                .Execute("INSERT INTO sample (id, name) VALUES (?, ?)",
                                         {id, request.sample().name()})
                                .status());
            sample::Sample sample = request.sample();
            sample.set_id(id.ToString());
            RETURN_IF_ERROR(m.Audit("sample", id, "360733101", nullptr, sample, "新建"));
            RETURN_IF_ERROR(m.Publish("sample", id, "360733101", sample));
            if (sample.name() == "坏的") return FailedPrecondition("BAD_SAMPLE", "不行");
            return sample;
          });
    };
    StartServer(testing::RpcServer::DefaultServerOptions(), TestSchema());
  }
  absl::StatusOr<sample::Sample> Create(const std::string& request_id, const std::string& name,
                                        bool validate_only = false, const std::string& token = "") {
    sample::CreateSampleRequest request;
    request.set_request_id(request_id);
    request.mutable_sample()->set_name(name);
    request.mutable_sample()->set_kind(testing::v1::SAMPLE_KIND_FARM);
    request.set_validate_only(validate_only);
    return server_->Call<sample::Sample>(kCreate, request, token.empty() ? token_ : token);
  }
  int64_t Count(const std::string& table) {
    return server_->database().Int("SELECT COUNT(*) FROM " + table);
  }
  std::atomic<int> bodies_ = 0;
};

TEST_F(MutationTest, WritesRowsAuditAndFeedTogether) {
  ASSERT_THAT(Create("request-1", "油茶"), IsOk());
  EXPECT_EQ(Count("sample"), 1);
  EXPECT_EQ(Count("feed_outbox"), 1);
  EXPECT_EQ(Count("idempotency_key"), 1);
  auto row = server_->database().db().Query(
      "SELECT actor_subject, actor_role, actor_region, action, region_path, reason, request_id, "
      "client_ip FROM audit_log");
  ASSERT_THAT(row, IsOk());
  ASSERT_EQ(row->size(), 1u);
  const char* expected[] = {"person-1",  "ROLE_COUNTY_OPERATOR",
                            "360733",    "SampleService.CreateSample",
                            "360733101", "新建",
                            "request-1", "127.0.0.1"};
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ((*row)[0].String(i), expected[i]);
}

TEST_F(MutationTest, ARepeatedRequestGivesTheStoredAnswer) {
  auto first = Create("request-1", "油茶");
  ASSERT_THAT(first, IsOk());
  auto again = Create("request-1", "油茶");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->id(), first->id());
  EXPECT_EQ(bodies_, 1);
  EXPECT_EQ(Count("sample"), 1);
  EXPECT_THAT(Create("request-1", "茶叶"),
              StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
  // The id is the caller's own: another person's request is another request.
  auto other = Create("request-1", "油茶", false,
                      server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "360733", "person-2"));
  ASSERT_THAT(other, IsOk());
  EXPECT_NE(other->id(), first->id());
}

TEST_F(MutationTest, AFailureLeavesNothingAndIsNotStored) {
  EXPECT_THAT(Create("request-1", "坏的"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "BAD_SAMPLE"));
  for (const char* table : {"sample", "audit_log", "feed_outbox", "idempotency_key"}) {
    EXPECT_EQ(Count(table), 0) << table;
  }
  EXPECT_THAT(Create("request-1", "坏的"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "BAD_SAMPLE"));
  EXPECT_EQ(bodies_, 2);
}

TEST_F(MutationTest, ValidateOnlyChecksEverythingAndStoresNothing) {
  EXPECT_THAT(Create("request-1", "油茶", true), IsOk());
  EXPECT_THAT(Create("request-1", "坏的", true),
              StatusIs(absl::StatusCode::kFailedPrecondition, "BAD_SAMPLE"));
  for (const char* table : {"sample", "audit_log", "feed_outbox", "idempotency_key"}) {
    EXPECT_EQ(Count(table), 0) << table;
  }
  EXPECT_THAT(Create("request-1", "油茶"), IsOk());  // the id is still free
}

TEST_F(MutationTest, OfManyAtOnceWithOneIdExactlyOneIsDone) {
  std::vector<std::thread> threads;
  std::mutex mu;
  std::set<std::string> ids;
  std::atomic<int> ok = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto result = Create("request-1", "油茶");
      if (!result.ok()) {
        ADD_FAILURE() << result.status();
        return;
      }
      ++ok;
      std::lock_guard lock(mu);
      ids.insert(result->id());
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ok, 8);
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(Count("sample"), 1);
  EXPECT_EQ(Count("audit_log"), 1);
  EXPECT_EQ(Count("feed_outbox"), 1);
}

}  // namespace
}  // namespace bangfu::rpc
