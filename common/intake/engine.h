// Runs the two long steps of an import: validation and commit. The rpc handlers and the operations
// that call it are in import_service.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/inbox/inbox.h"
#include "common/intake/job_store.h"
#include "common/intake/kind.h"

namespace bangfu::intake {

// How a step reports and learns that it should stop. Either may be empty.
struct Progress {
  // Steps done of steps known (0: not known), and what is being done. Outside of transactions. An
  // error ends the step: the operation was cancelled, or the process ends.
  std::function<absl::Status(int64_t done, int64_t total, std::string_view zh)> report;
  // In the transaction of a chunk: an error when another process has taken over.
  std::function<absl::Status(mysql::Tx& tx, int64_t done)> fence;
  // In the transaction in which the import becomes VALIDATED or REFUSED.
  std::function<absl::Status(mysql::Tx& tx, const JobRow& job)> validated;
  // Before each batch of a validation and each chunk of a commit, outside of its transaction: the
  // grants that the caller holds now. Empty: those of the moment in which the step was asked for.
  std::function<absl::Status(auth::Caller* caller)> renew;
};

class Kinds {
 public:
  explicit Kinds(std::vector<std::unique_ptr<Kind>> kinds);
  Kind* Find(std::string_view name) const;  // nullptr: unknown
  std::string Names() const;                // "assets, projects"

 private:
  std::map<std::string, std::unique_ptr<Kind>, std::less<>> kinds_;
};

// The caller with those of its grants that an import of the kind is opened by, as far as clauses
// go.
auth::Caller ServedBy(const Kind& kind, auth::Caller caller);

// Imports as subjects of work: one that is validated waits for whoever began it to commit it.
inline constexpr char kImportSubject[] = "import";
std::vector<inbox::Kind> WorkKinds();

// Largest file, in bytes.
inline constexpr int64_t kMaxFileBytes = 256LL << 20;
inline constexpr absl::Duration kKeepStaging = absl::Hours(24 * 30);

// Reads the whole file into staging, anew each time. The job must be VALIDATING. Ends in VALIDATED,
// or REFUSED (ALL_OR_NOTHING with a held or refused row; a table that cannot be read, with its
// error). An error of `progress` or of the database passes through and leaves it VALIDATING, as
// does PERMISSION_DENIED GRANT_REVOKED when `progress.renew` leaves the caller no role of the kind
// in the import's region.
absl::StatusOr<JobRow> Validate(mysql::Session& db, const Kinds& kinds, const Ulid& id,
                                const Progress& progress);

// Commits what is staged after the cursor. The job must be COMMITTING; ends in COMMITTED. Errors
// leave it COMMITTING with everything up to the cursor done: PERMISSION_DENIED GRANT_REVOKED when
// `progress.renew` leaves the caller no role of the kind in the import's region,
// PERMISSION_DENIED IMPORT_NOT_COVERED (metadata `row_no`) at a row that was found good by grants
// which cover it, and which the caller's do not.
absl::StatusOr<JobRow> Commit(mysql::Session& db, const Kinds& kinds, const Ulid& id,
                              const Progress& progress);

// Deletes bytes and staged rows of imports older than kKeepStaging, a bounded amount; true when
// there is more. The import's own row stays.
absl::StatusOr<bool> SweepExpired(mysql::Session& db, absl::Time now);

// The job as a kind sees it.
absl::StatusOr<Job> MakeJob(const JobRow& row, const Kind& kind);

}  // namespace bangfu::intake
