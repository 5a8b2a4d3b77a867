// Which errors of a server are tried again, by their codes and when a server gives them. MariaDB
// alone cannot be brought to give those of Galera, Group Replication and OceanBase: a proxy says
// them in its place.
#include "common/mysql/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/mysql/session.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"
#include "common/testing/tcp_proxy.h"

namespace bangfu::mysql {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::TcpProxy;
using ::bangfu::testing::TestDatabase;

TEST(MapError, EveryCodeHasItsPlace) {
  struct Line {
    int code;
    absl::StatusCode status;
    const char* reason;
    bool conflict;  // the transaction is undone, and run again on the same connection
    bool broken;    // what the connection is in is unknown
  };
  using enum absl::StatusCode;
  const Line lines[] = {
      // Undone by the server, or by us.
      {1020, kAborted, "TRANSACTION_CONFLICT", true, false},
      {1205, kAborted, "TRANSACTION_CONFLICT", true, false},
      {1213, kAborted, "TRANSACTION_CONFLICT", true, false},
      {3101, kAborted, "TRANSACTION_CONFLICT", true, false},
      {3572, kAborted, "TRANSACTION_CONFLICT", true, false},
      {6002, kAborted, "TRANSACTION_CONFLICT", true, false},
      {6235, kAborted, "TRANSACTION_CONFLICT", true, false},
      // Run again on another connection, which may lead to another node.
      {1047, kUnavailable, "DATABASE_UNAVAILABLE", false, true},
      {1053, kUnavailable, "DATABASE_UNAVAILABLE", false, true},
      {1927, kUnavailable, "DATABASE_UNAVAILABLE", false, true},
      {2006, kUnavailable, "DATABASE_UNAVAILABLE", false, true},
      {2013, kUnavailable, "DATABASE_UNAVAILABLE", false, true},
      {3169, kUnavailable, "DATABASE_UNAVAILABLE", false, true},
      {4031, kUnavailable, "DATABASE_UNAVAILABLE", false, true},
      // Not tried again here.
      {1040, kUnavailable, "DATABASE_UNAVAILABLE", false, false},
      {1290, kUnavailable, "DATABASE_UNAVAILABLE", false, false},
      {1317, kUnavailable, "DATABASE_UNAVAILABLE", false, false},
      {1836, kUnavailable, "DATABASE_UNAVAILABLE", false, false},
      {1969, kDeadlineExceeded, "DATABASE_TIMEOUT", false, false},
      {3024, kDeadlineExceeded, "DATABASE_TIMEOUT", false, false},
      {1062, kAlreadyExists, "DUPLICATE_KEY", false, false},
      {1586, kAlreadyExists, "DUPLICATE_KEY", false, false},
      {3819, kFailedPrecondition, "CHECK_VIOLATION", false, false},
      {4025, kFailedPrecondition, "CHECK_VIOLATION", false, false},
      {1064, kInternal, "DATABASE_ERROR", false, false},
      {1146, kInternal, "DATABASE_ERROR", false, false},
      // The driver's own complaint.
      {0, kInternal, "DATABASE_ERROR", false, true},
  };
  for (const Line& line : lines) {
    SCOPED_TRACE(line.code);
    const absl::Status status = MapError(line.code, "HY000", "told by 'the.server'");
    EXPECT_THAT(status, StatusIs(line.status, line.reason));
    EXPECT_FALSE(GetErrorDetail(status).message_zh.empty());
    EXPECT_EQ(IsConflict(status), line.conflict);
    EXPECT_EQ(IsBroken(line.code), line.broken);
  }
}

// The errors that a server is to give: in their order, each to a statement that begins so.
class Faults {
 public:
  void Add(std::string statement, int code) {
    std::lock_guard lock(mu_);
    waiting_.emplace_back(std::move(statement), code);
  }
  // 0: none for this statement.
  int Take(std::string_view statement) {
    std::lock_guard lock(mu_);
    if (waiting_.empty() || !statement.starts_with(waiting_.front().first)) return 0;
    const int code = waiting_.front().second;
    waiting_.pop_front();
    return code;
  }

 private:
  std::mutex mu_;
  std::deque<std::pair<std::string, int>> waiting_;
};

// Has a transaction undone in place of a statement, and tells the error.
class FaultTap : public TcpProxy::Tap {
 public:
  explicit FaultTap(Faults& faults) : faults_(faults) {}

  std::string FromClient(std::string bytes) override {
    constexpr char kQuery = '\x03';
    std::string out;
    client_ += bytes;
    while (Whole(client_)) {
      std::string packet = Cut(client_);
      // A command begins a count of its own.
      const bool query = packet[3] == 0 && packet.size() > 5 && packet[4] == kQuery;
      const int code = query ? faults_.Take(std::string_view(packet).substr(5)) : 0;
      if (code != 0) {
        code_ = code;
        packet = Packet(0, absl::StrCat(std::string(1, kQuery), "ROLLBACK"));
      }
      out += packet;
    }
    return out;
  }
  std::string FromServer(std::string bytes) override {
    if (code_ == 0) return bytes;
    server_ += bytes;
    if (!Whole(server_)) return "";
    server_.clear();  // OK of the ROLLBACK
    const int code = std::exchange(code_, 0);
    return Packet(1, absl::StrCat("\xff", std::string(1, static_cast<char>(code & 0xff)),
                                  std::string(1, static_cast<char>(code >> 8)), "#HY000made up"));
  }

 private:
  static size_t Size(const std::string& bytes) {
    const auto at = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes[i])); };
    return 4 + (at(0) | at(1) << 8 | at(2) << 16);
  }
  static bool Whole(const std::string& bytes) {
    return bytes.size() >= 4 && bytes.size() >= Size(bytes);
  }
  static std::string Cut(std::string& bytes) {
    std::string packet = bytes.substr(0, Size(bytes));
    bytes.erase(0, packet.size());
    return packet;
  }
  static std::string Packet(char number, const std::string& payload) {
    std::string out(4, '\0');
    out[0] = static_cast<char>(payload.size());
    out[3] = number;
    return out + payload;
  }

  Faults& faults_;
  std::string client_, server_;
  int code_ = 0;
};

class FaultTest : public ::testing::Test {
 protected:
  FaultTest() {
    Options options = database_.options();
    server_ =
        options.host.front() == '/' ? options.host : absl::StrCat(options.host, ":", options.port);
    proxy_ =
        std::make_unique<TcpProxy>(server_, [this] { return std::make_unique<FaultTap>(faults_); });
    options.host = "127.0.0.1";
    options.port = proxy_->port();
    options.sleep = [this](absl::Duration) { ++waits_; };
    db_ = Session::Create(options);
  }

  // Counts one up.
  absl::Status CountUp() {
    runs_ = waits_ = 0;
    return Transact(*db_, [&](Tx& tx) -> absl::Status {
      ++runs_;
      return tx.ExecuteOnce("UPDATE counter SET value = value + 1").status();
    });
  }
  int64_t Counted() { return database_.Int("SELECT value FROM counter"); }

  TestDatabase database_{
      migrate::Migrations{{.stream = "test", .version = 1, .name = "counter", .sql = R"sql(
CREATE TABLE counter (
  id INT NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO counter (id, value) VALUES (1, 0);
)sql"}}};
  Faults faults_;
  std::string server_;
  int runs_ = 0, waits_ = 0;
  std::unique_ptr<TcpProxy> proxy_;
  std::unique_ptr<Session> db_;
};

TEST_F(FaultTest, ATransactionRefusedAtCommitRunsAgain) {
  int64_t counted = 0;
  // Deadlock or certification: MariaDB and Galera, Group Replication, OceanBase.
  for (const int code : {1213, 3101, 6002, 6235}) {
    SCOPED_TRACE(code);
    faults_.Add("COMMIT", code);
    faults_.Add("COMMIT", code);
    EXPECT_THAT(CountUp(), IsOk());
    EXPECT_EQ(runs_, 3);
    EXPECT_EQ(waits_, 2);
    EXPECT_EQ(Counted(), ++counted);
  }
  EXPECT_EQ(proxy_->accepted(), 1);  // all of it on one connection
}

TEST_F(FaultTest, ATransactionRefusedAtAStatementRunsAgain) {
  int64_t counted = 0;
  for (const int code : {1205, 1213, 3101, 6002, 6235, 1047}) {
    SCOPED_TRACE(code);
    const int before = proxy_->accepted();
    faults_.Add("UPDATE", code);
    EXPECT_THAT(CountUp(), IsOk());
    EXPECT_EQ(runs_, 2);
    EXPECT_EQ(waits_, 1);
    EXPECT_EQ(Counted(), ++counted);
    // A node that is out of its cluster is left for another.
    if (code == 1047) {
      EXPECT_EQ(proxy_->accepted(), before + 1);
    }
  }
}

TEST_F(FaultTest, ARefusalThatDoesNotEndIsTold) {
  for (int i = 0; i < 8; ++i) faults_.Add("COMMIT", 1213);
  EXPECT_THAT(CountUp(), StatusIs(absl::StatusCode::kAborted, "TRANSACTION_CONFLICT"));
  EXPECT_EQ(runs_, 8);
  EXPECT_EQ(Counted(), 0);
}

// Whether a node that left its cluster at the COMMIT has committed, nobody can say.
TEST_F(FaultTest, ANodeThatLeavesItsClusterAtCommitLeavesTheOutcomeUnknown) {
  faults_.Add("COMMIT", 1047);
  EXPECT_THAT(CountUp(), StatusIs(absl::StatusCode::kUnavailable, "COMMIT_UNKNOWN"));
  EXPECT_EQ(runs_, 1);
  EXPECT_THAT(CountUp(), IsOk());
  EXPECT_EQ(Counted(), 1);
}

}  // namespace
}  // namespace bangfu::mysql
