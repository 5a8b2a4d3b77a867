#include "common/migrate/migrator.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::migrate {
namespace {

struct Applied {
  std::string checksum;
  int64_t statements_done = 0;
  bool complete = false;
};
using AppliedMap = std::map<std::pair<std::string, int>, Applied>;

constexpr char kCreate[] = R"sql(
CREATE TABLE IF NOT EXISTS schema_migration (
  stream VARCHAR(64) NOT NULL,
  version INT NOT NULL,
  name VARCHAR(128) NOT NULL,
  checksum CHAR(64) NOT NULL,
  statements_done INT NOT NULL,
  complete TINYINT NOT NULL,
  applied_at DATETIME(6) NOT NULL,
  PRIMARY KEY (stream, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS schema_migration_lease (
  name VARCHAR(32) NOT NULL,
  owner VARCHAR(128) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql";

absl::StatusOr<AppliedMap> ReadApplied(mysql::Session& db) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT stream, version, checksum, statements_done, complete "
                            "FROM schema_migration"));
  AppliedMap out;
  for (const mysql::Row& row : rows) {
    out[{row.String(0), static_cast<int>(row.Int(1))}] = {row.String(2), row.Int(3), row.Bool(4)};
  }
  return out;
}

std::string Describe(const Migration& step) {
  return absl::StrCat(step.stream, " V", step.version, " ", step.name);
}

Error Refusal(std::string_view reason, std::string_view text, const Migration& step) {
  Error error(absl::StatusCode::kFailedPrecondition, reason);
  error.Message(absl::StrCat(AbslView(text), ": ", Describe(step)))
      .With("stream", step.stream)
      .With("version", absl::StrCat(step.version))
      .Zh("数据库结构版本不符");
  return error;
}

bool Names(const Migration& step, std::string_view word, const Applied& applied) {
  return absl::StrContains(step.sql,
                           absl::StrCat("-- ", AbslView(word), " ", applied.checksum, "\n"));
}

// Begun with another text, whose statements this one can follow from its first on.
bool BeginsAnew(const Migration& step, const Applied& applied) {
  return !applied.complete && applied.checksum != Checksum(step) &&
         Names(step, "restarts", applied);
}

// Whether what was applied is this step. Texts of before are named in it, a line each: "--
// supersedes <checksum>" one that left the same schema behind, "-- restarts <checksum>" one that
// was begun. Without that, what was begun goes on by its own text only.
bool IsTextOf(const Migration& step, const Applied& applied) {
  return applied.checksum == Checksum(step) ||
         (applied.complete && Names(step, "supersedes", applied)) || BeginsAnew(step, applied);
}

// A setting holds for the connection, and is asked for again by whoever goes on.
bool IsSetting(const std::string& statement) { return absl::StartsWith(statement, "SET SESSION "); }

// What a statement says when it was done already: table, column or index exists, or is gone.
bool SaysAlreadyDone(const absl::Status& status) {
  const ErrorDetail detail = GetErrorDetail(status);
  auto it = detail.metadata.find("mysql_code");
  if (it == detail.metadata.end()) return false;
  const std::string& code = it->second;
  return code == "1050" || code == "1060" || code == "1061" || code == "1091" || code == "1051";
}

}  // namespace

std::string Checksum(const Migration& step) {
  std::string text;
  for (absl::string_view line : absl::StrSplit(step.sql, '\n')) {
    line = absl::StripTrailingAsciiWhitespace(line);
    if (!line.empty()) absl::StrAppend(&text, line, "\n");
  }
  return Sha256Hex(text);
}

absl::Status Migrator::Apply(const Migrations& steps) {
  RETURN_IF_ERROR(CreateTables());
  RETURN_IF_ERROR(TakeLease());
  absl::Status status = ApplySteps(steps);
  absl::Status released = ReleaseLease();
  return status.ok() ? released : status;
}

absl::Status Migrator::CreateTables() {
  for (const std::string& statement : mysql::SplitStatements(kCreate)) {
    RETURN_IF_ERROR(db_.ExecuteOnce(statement).status());
  }
  return db_
      .Execute(
          "INSERT IGNORE INTO schema_migration_lease (name, owner, expires_at) VALUES (?, ?, ?)",
          {"migrate", "", absl::UnixEpoch()})
      .status();
}

absl::Status Migrator::TakeLease() {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(
      int64_t taken,
      db_.Execute("UPDATE schema_migration_lease SET owner = ?, expires_at = ? "
                  "WHERE name = ? AND (owner = ? OR expires_at <= ?)",
                  {options_.owner, now + options_.lease, "migrate", options_.owner, now}));
  if (taken == 1) return absl::OkStatus();
  return Error(absl::StatusCode::kAborted, "MIGRATION_RUNNING")
      .Message("another migrator holds the lease")
      .Zh("另一迁移任务正在进行")
      .RetryAfter(absl::Seconds(10));
}

absl::Status Migrator::ReleaseLease() {
  return db_
      .Execute(
          "UPDATE schema_migration_lease SET owner = ?, expires_at = ? WHERE name = ? AND owner = "
          "?",
          {"", absl::UnixEpoch(), "migrate", options_.owner})
      .status();
}

absl::Status Migrator::ApplySteps(const Migrations& steps) {
  ASSIGN_OR_RETURN(AppliedMap applied, ReadApplied(db_));
  std::map<std::string, int> newest;  // applied, by stream
  for (const auto& [key, value] : applied)
    newest[key.first] = std::max(newest[key.first], key.second);
  // Everything is checked before anything is changed.
  std::map<std::string, int> previous;
  for (const Migration& step : steps) {
    if (step.version <= previous[step.stream]) {
      return Refusal("MIGRATION_OUT_OF_ORDER", "versions must increase within a stream", step);
    }
    previous[step.stream] = step.version;
    auto it = applied.find({step.stream, step.version});
    if (it == applied.end()) {
      if (step.version < newest[step.stream]) {
        return Refusal("MIGRATION_OUT_OF_ORDER", "a later step is applied already", step);
      }
    } else if (!IsTextOf(step, it->second)) {
      return Refusal("MIGRATION_CHANGED", "an applied step has another text", step);
    }
  }
  for (const Migration& step : steps) {
    auto it = applied.find({step.stream, step.version});
    if (it == applied.end()) {
      RETURN_IF_ERROR(
          db_.Execute("INSERT INTO schema_migration (stream, version, name, checksum, "
                      "statements_done, complete, applied_at) VALUES (?, ?, ?, ?, 0, 0, ?)",
                      {step.stream, step.version, step.name, Checksum(step), clock_.Now()})
              .status());
      RETURN_IF_ERROR(ApplyStep(step, 0, false));
    } else if (BeginsAnew(step, it->second)) {
      RETURN_IF_ERROR(
          db_.Execute("UPDATE schema_migration SET checksum = ?, statements_done = 0 WHERE stream "
                      "= ? AND version = ? AND complete = 0",
                      {Checksum(step), step.stream, step.version})
              .status());
      RETURN_IF_ERROR(ApplyStep(step, 0, true));
    } else if (!it->second.complete) {
      RETURN_IF_ERROR(ApplyStep(step, static_cast<size_t>(it->second.statements_done), true));
    }
  }
  return absl::OkStatus();
}

absl::Status Migrator::ApplyStep(const Migration& step, size_t done, bool resumed) {
  const std::vector<std::string> statements = mysql::SplitStatements(step.sql);
  for (size_t i = 0; i < done && i < statements.size(); ++i) {
    if (IsSetting(statements[i])) RETURN_IF_ERROR(db_.ExecuteOnce(statements[i]).status());
  }
  for (size_t i = done; i < statements.size(); ++i) {
    RETURN_IF_ERROR(TakeLease());  // fails when it was lost meanwhile
    absl::Status status = db_.ExecuteOnce(statements[i]).status();
    // The run before may have died between the statement and its mark.
    if (!status.ok() && resumed && i == done && SaysAlreadyDone(status)) status = absl::OkStatus();
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat(Describe(step), ", statement ", i + 1, ": ",
                                                      status.message()));
    }
    RETURN_IF_ERROR(db_.Execute("UPDATE schema_migration SET statements_done = ? "
                                "WHERE stream = ? AND version = ?",
                                {static_cast<int64_t>(i + 1), step.stream, step.version})
                        .status());
  }
  return db_
      .Execute(
          "UPDATE schema_migration SET complete = 1, applied_at = ? WHERE stream = ? AND version = "
          "?",
          {clock_.Now(), step.stream, step.version})
      .status();
}

absl::Status VerifyVersion(mysql::Session& db, const Migrations& steps) {
  absl::StatusOr<AppliedMap> applied = ReadApplied(db);
  if (!applied.ok()) {
    const ErrorDetail detail = GetErrorDetail(applied.status());
    auto it = detail.metadata.find("mysql_code");
    if (it == detail.metadata.end() || it->second != "1146") return applied.status();
    applied = AppliedMap();  // no such table: nothing was ever applied
  }
  for (const Migration& step : steps) {
    auto it = applied->find({step.stream, step.version});
    if (it == applied->end() || !it->second.complete) {
      return Refusal("SCHEMA_BEHIND", "step is not applied", step);
    }
    if (!IsTextOf(step, it->second)) {
      return Refusal("MIGRATION_CHANGED", "applied step has another text", step);
    }
  }
  return absl::OkStatus();
}

}  // namespace bangfu::migrate
