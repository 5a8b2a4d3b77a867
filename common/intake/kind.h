// Import of tables (导入): what a service writes so that a table becomes its records. The engine
// (import_service.h) does the rest: upload, staging, the report with a line per row, commit in
// chunks with a resume cursor.
//
// Life of an import: the file's bytes are uploaded in chunks; VALIDATE reads them once, hands the
// rows to the kind's RowReader, and stores what it makes of them: one staged row per row of the
// table. COMMIT hands the staged rows that were not held or refused to CommitChunk, at most 500 in
// one transaction, in row order; the same transaction moves the import's cursor. Both survive a
// kill at any point: validation begins again, commit goes on after the cursor.
//
// What a kind must hold to:
//  - a row's outcome depends on the file, the job and the database alone, never on memory of an
//    earlier run;
//  - the second import of the same file ends in UNCHANGED: rows are found again by their natural
//    key, in CommitChunk once more under the transaction;
//  - no statement per row: look up what a batch of rows needs in one query (AddRows gets up to
//    kBatchRows rows at a time), write a chunk with mysql::BulkInsert, feed::PublishBatch and the
//    audit's batch call;
//  - memory does not grow with the file beyond a few bytes per row (a set of key hashes is fine).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "common/auth/caller.h"
#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/table/table.h"

namespace bangfu::intake {

using Outcome = intake::v1::RowOutcome;
using Issue = intake::v1::RowIssue;

inline constexpr size_t kBatchRows = 400;  // rows that AddRows gets at a time, at most
inline constexpr size_t kChunkRows = 500;  // staged rows in one CommitChunk, at most

// An import as a kind sees it. The caller is the person who asked for this step, with the grants
// held when the batch of a validation or the chunk of a commit begins.
struct Job {
  Ulid id;
  std::string kind;
  std::string batch_id;
  std::string file_name;
  intake::v1::ImportPolicy policy = intake::v1::IMPORT_POLICY_VALID_ROWS;
  std::string region_code;  // as the caller gave it; empty: none
  // Where a row's record must lie: the regions in which the caller holds one of the kind's roles,
  // cut to region_code. A row outside is REFUSED with reason REGION_FOREIGN.
  auth::RegionScope scope;
  std::string default_money_unit;  // 元, 万元, 亿元; empty: ask where the header names none
  std::vector<std::string> fill_down;  // headers of the columns whose empty cells take those above
  Ulid campaign_id;                    // zero: none
  bool sample = false;                 // mark every record as sample data
  auth::Caller caller;
  // By whose grants the staged rows were found good, and where those hold: whoever asked for the
  // validation, with the grants of that moment.
  auth::Caller validator;
  auth::RegionScope validator_scope;
  absl::Time now;  // one instant for the whole step

  // The same under the grants of the validator: what CommitChunk asks about a row that the caller's
  // leave out.
  Job ByValidator() const {
    Job job = *this;
    job.caller = validator;
    job.scope = validator_scope;
    return job;
  }
};

// What a row of the table became in validation.
struct StagedRow {
  int64_t row_no = 0;  // 1-based, as a spreadsheet shows it; each at most once
  std::string key;     // for people: code, or name with village and year; at most 300 characters
  // As foreseen: CREATED, UPDATED, UNCHANGED or WARNED are committed; HELD (a person is asked) and
  // REFUSED are not.
  Outcome outcome = intake::v1::ROW_OUTCOME_UNSPECIFIED;
  std::vector<Issue> issues;
  // The kind's own bytes for CommitChunk; empty for HELD and REFUSED.
  std::string payload;
  // The record that the row is or will be: choose new ids here, so that a commit that does what was
  // foreseen writes nothing back. Zero: none.
  Ulid record_id;
};

// What CommitChunk did with a row.
struct CommittedRow {
  Outcome outcome = intake::v1::ROW_OUTCOME_UNSPECIFIED;
  Ulid record_id;
  std::vector<Issue> more_issues;  // added to those of validation
  // The grants of the caller leave the row out, those of the validator do not: a person's grants
  // were narrowed, or somebody who holds less has taken the commit on. The commit stops before this
  // chunk, for somebody whose grants cover it; what CommitChunk made of the other rows is undone.
  bool not_covered = false;
};

// Reads one table. Made anew for each validation.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // The next rows of the table in order, title and header rows among them; rows without any content
  // are left out. Appends to `out` what is decided; a row may be decided in a later call (folding,
  // sums over a block). A title or header row gives nothing. An error refuses the whole file:
  // INVALID_ARGUMENT with zh-CN text (no known header …).
  virtual absl::Status AddRows(const std::vector<table::InputRow>& rows,
                               std::vector<StagedRow>* out) = 0;
  // No more rows. Appends all that is still open.
  virtual absl::Status Finish(std::vector<StagedRow>* out) = 0;
};

// A kind of table that a service takes: registry "projects", asset "assets". Lives as long as the
// service; its functions run on several threads at once.
class Kind {
 public:
  virtual ~Kind() = default;
  virtual std::string_view name() const = 0;
  // Who may import it; the scope of a job is where the caller holds one of these.
  virtual std::vector<auth::Role> roles() const = 0;
  // The clauses of the policy that the rpc serves which makes a single record of it: grants for
  // others open nothing in its imports, and are in `narrowed` of a job's callers. Empty: it serves
  // them all, as the rpcs of imports do.
  virtual std::vector<std::string> clauses() const { return {}; }
  // Whether tables of this kind may be filled down in the columns of these headers, as far as the
  // headers say; at least one. INVALID_ARGUMENT otherwise.
  virtual absl::Status CheckFillDown(const std::vector<std::string>& headers) const;
  // `db` is valid for the reader's life and outside any transaction; `job` outlives the reader, and
  // its caller and scope may have changed when AddRows is called.
  virtual absl::StatusOr<std::unique_ptr<RowReader>> NewReader(const Job& job,
                                                               mysql::Session& db) = 0;
  // Writes the rows, their audit rows and their events in `tx`; runs again on a deadlock, so it
  // keeps no state outside. One result per row, in order. An error undoes the chunk and fails the
  // operation, which can be resumed; what one row alone does wrong is its outcome instead.
  virtual absl::StatusOr<std::vector<CommittedRow>> CommitChunk(
      mysql::Tx& tx, const Job& job, const std::vector<StagedRow>& rows) = 0;
};

// An issue in one call.
Issue MakeIssue(std::string_view field, std::string_view reason, std::string_view raw_text,
                std::string_view understood, std::string_view proposal_zh);

}  // namespace bangfu::intake
