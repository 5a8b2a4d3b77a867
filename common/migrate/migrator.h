// Applies migrations, forward only, and lets servers check that the schema is what they need.
//
// DDL commits by itself, so a step of several statements is not atomic: the progress is recorded
// after each statement, and a run that died goes on from there; what it had set for its session
// ("SET SESSION …") is set again.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/migrate/migration.h"
#include "common/mysql/session.h"

namespace bangfu::migrate {

struct Options {
  // Names this process in the lease row; two migrators must differ ("host:pid").
  std::string owner;
  // How long a migrator that died keeps others out. Renewed before each statement, so it must be
  // longer than the longest statement.
  absl::Duration lease = absl::Minutes(10);
};

class Migrator {
 public:
  // `db` holds DDL rights and an io_timeout longer than the longest statement. All must outlive the
  // migrator.
  Migrator(mysql::Session& db, const Clock& clock, Options options)
      : db_(db), clock_(clock), options_(std::move(options)) {}

  // Brings the schema up to the last version of every stream in `steps`; does nothing when it is.
  // Errors: ABORTED MIGRATION_RUNNING (another migrator holds the lease), FAILED_PRECONDITION
  // MIGRATION_CHANGED (an applied step has another text now), MIGRATION_OUT_OF_ORDER (a step is
  // new but not the newest of its stream).
  absl::Status Apply(const Migrations& steps);

 private:
  absl::Status CreateTables();
  absl::Status TakeLease();
  absl::Status ReleaseLease();
  absl::Status ApplySteps(const Migrations& steps);
  absl::Status ApplyStep(const Migration& step, size_t done, bool resumed);

  mysql::Session& db_;
  const Clock& clock_;
  const Options options_;
};

// OK when every step is applied with the same text, or with one that it names as superseded (a line
// "-- supersedes <checksum>": written otherwise, with the same schema in the end).
// FAILED_PRECONDITION SCHEMA_BEHIND names the first that is not. A schema that is ahead is fine:
// releases expand it before they use it.
//
// Where a step with another text was begun and not ended, Apply goes on only if the text now names
// it in a line "-- restarts <checksum>": then it runs from its first statement. For texts of which
// every statement may follow on any part of the other that was done.
absl::Status VerifyVersion(mysql::Session& db, const Migrations& steps);

// SHA-256 of a step's text in hexadecimal; line ends and trailing blanks do not count.
std::string Checksum(const Migration& step);

}  // namespace bangfu::migrate
