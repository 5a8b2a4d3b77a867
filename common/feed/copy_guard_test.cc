// The guard that every write asks while a consumer moves what it goes by: without a database, so
// that the thread sanitizer runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/feed/freshness.h"
#include "common/mysql/session.h"
#include "common/testing/clock.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::StatusIs;

// Stands for the schema: knows no consumer.
class NobodyFollows : public mysql::Executor {
 public:
  absl::StatusOr<mysql::Rows> Query(std::string_view, const mysql::Params&) override {
    return mysql::Rows();
  }
  absl::StatusOr<mysql::Rows> QuerySome(std::string_view, const mysql::Params&,
                                        const std::function<bool(const std::string&)>&) override {
    return absl::UnimplementedError("not asked");
  }
  absl::StatusOr<int64_t> Execute(std::string_view, const mysql::Params&) override {
    return absl::UnimplementedError("not asked");
  }
  absl::Status Stream(std::string_view, const mysql::Params&,
                      const std::function<absl::Status(const mysql::Row&)>&) override {
    return absl::UnimplementedError("not asked");
  }
  absl::StatusOr<int64_t> ExecuteOnce(std::string_view, const mysql::Params&) override {
    return absl::UnimplementedError("not asked");
  }
  size_t max_statement_bytes() const override { return 0; }
};

TEST(CopyGuardTest, WritersAskWhileItIsRefreshed) {
  bangfu::testing::FakeClock clock;
  NobodyFollows db;
  std::atomic<bool> limit_known = false;
  // One that copies nothing is always level; one whose consumer nobody has seen never is.
  const auto limit = [&](mysql::Executor&) -> absl::StatusOr<absl::Duration> {
    if (!limit_known) return absl::UnavailableError("no parameters yet");
    return absl::Minutes(15);
  };
  CopyGuard level(clock, "things", {}, limit), behind(clock, "things", {"copy"}, limit);
  const auto stale = StatusIs(absl::StatusCode::kUnavailable, "REFERENCE_STALE");
  EXPECT_FALSE(level.Refresh(db).ok());
  EXPECT_FALSE(level.known());
  EXPECT_THAT(level.Check(), stale);

  constexpr int kWriters = 3;
  std::latch all(kWriters + 2);
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] {
      all.arrive_and_wait();
      // Refused until the first refresh, and never after it.
      while (!level.known()) {
        if (!level.Check().ok()) std::this_thread::yield();
      }
      for (int n = 0; n < 1000; ++n) {
        EXPECT_OK(level.Check());
        EXPECT_THAT(behind.Check(), stale);
      }
    });
  }
  limit_known = true;
  std::thread second([&] {
    all.arrive_and_wait();
    for (int n = 0; n < 1000; ++n) EXPECT_OK(behind.Refresh(db));
  });
  all.arrive_and_wait();
  for (int n = 0; n < 1000; ++n) EXPECT_OK(level.Refresh(db));
  second.join();
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace bangfu::feed
