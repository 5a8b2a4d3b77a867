#include "common/testing/explain.h"

#include <gtest/gtest.h>

#include <charconv>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::testing {
namespace {

int64_t Number(const std::optional<std::string>& text) {
  int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

// Records the plan of `sql` when it reads. A statement that the server cannot explain fails when it
// runs.
absl::Status Record(mysql::Executor& db, std::string_view sql, const mysql::Params& params,
                    Plans& plans) {
  const absl::string_view text = absl::StripLeadingAsciiWhitespace({sql.data(), sql.size()});
  if (!absl::StartsWithIgnoreCase(text, "SELECT") && !absl::StartsWithIgnoreCase(text, "WITH") &&
      !absl::StartsWith(text, "(")) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(Cat("EXPLAIN ", sql), params));
  Plan plan{std::string(sql), {}};
  for (const mysql::Row& row : rows) {
    plan.steps.push_back({row.OptString(2).value_or(""), row.OptString(3).value_or(""),
                          row.OptString(5).value_or(""), Number(row.OptString(6)),
                          row.IsNull(8) ? 0 : row.Int(8), row.OptString(9).value_or("")});
  }
  plans.Add(std::move(plan));
  return absl::OkStatus();
}

template <typename Base>
class Explaining : public Base {
 public:
  Explaining(mysql::Executor& inner, Plans& plans) : inner_(inner), plans_(plans) {}

  absl::StatusOr<mysql::Rows> Query(std::string_view sql, const mysql::Params& params) override {
    RETURN_IF_ERROR(Record(inner_, sql, params, plans_));
    return inner_.Query(sql, params);
  }
  absl::StatusOr<mysql::Rows> QuerySome(
      std::string_view sql, const mysql::Params& params,
      const std::function<bool(const std::string&)>& wanted) override {
    RETURN_IF_ERROR(Record(inner_, sql, params, plans_));
    return inner_.QuerySome(sql, params, wanted);
  }
  absl::StatusOr<int64_t> Execute(std::string_view sql, const mysql::Params& params) override {
    return inner_.Execute(sql, params);
  }
  absl::Status Stream(std::string_view sql, const mysql::Params& params,
                      const std::function<absl::Status(const mysql::Row&)>& row) override {
    RETURN_IF_ERROR(Record(inner_, sql, params, plans_));
    return inner_.Stream(sql, params, row);
  }
  absl::StatusOr<int64_t> ExecuteOnce(std::string_view sql, const mysql::Params& params) override {
    return inner_.ExecuteOnce(sql, params);
  }
  size_t max_statement_bytes() const override { return inner_.max_statement_bytes(); }

 protected:
  mysql::Executor& inner_;
  Plans& plans_;
};

class OwningSession final : public Explaining<mysql::Session> {
 public:
  OwningSession(std::unique_ptr<mysql::Session> session, Plans& plans)
      : Explaining(*session, plans), session_(std::move(session)) {}
  absl::Status Ping() override { return session_->Ping(); }
  void Reset() override { session_->Reset(); }

 protected:
  absl::Status RunTransaction(const std::function<absl::Status(mysql::Tx&)>& body,
                              mysql::Reads reads) override {
    return mysql::TransactRaw(
        *session_,
        [&](mysql::Tx& tx) {
          Explaining<mysql::Tx> explaining(tx, plans_);
          return body(explaining);
        },
        reads);
  }

 private:
  std::unique_ptr<mysql::Session> session_;
};

}  // namespace

std::vector<Plan> Plans::Take() {
  std::lock_guard lock(mu_);
  return std::exchange(plans_, {});
}

void Plans::Add(Plan plan) {
  std::lock_guard lock(mu_);
  plans_.push_back(std::move(plan));
}

std::unique_ptr<mysql::Session> ExplainingSession(std::unique_ptr<mysql::Session> inner,
                                                  Plans& plans) {
  return std::make_unique<OwningSession>(std::move(inner), plans);
}

int64_t RowsRead(mysql::Session& session, const std::function<void()>& work) {
  EXPECT_TRUE(session.Execute("FLUSH STATUS").ok());
  work();
  const absl::StatusOr<mysql::Rows> status =
      session.Query("SHOW SESSION STATUS LIKE 'Handler_read%'");
  EXPECT_TRUE(status.ok()) << status.status();
  int64_t rows = 0;
  for (const mysql::Row& row : status.value_or(mysql::Rows())) rows += Number(row.String(1));
  return rows;
}

}  // namespace bangfu::testing
