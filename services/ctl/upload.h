// The way of a file into a service: begin, upload, validate, commit, with progress.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

struct UploadOptions {
  std::string service;  // registry, asset …
  std::string kind;     // projects, assets …
  std::string file;
  // Empty: told by what the file holds and how it is to be read, so that the same file read alike
  // is the same import until that is committed.
  std::string batch_id;
  std::string region_code;
  std::string campaign_id;
  std::string default_money_unit;
  std::vector<std::string> fill_down;  // columns whose empty cells take those above, by header
  bool dry_run = false;
  bool all_or_nothing = false;
  bool sample = false;
  // Import a file once more that went in without a row left to be corrected.
  bool again = false;
  // Let a committed import be, whatever rows it left to be corrected.
  bool once = false;
  bool quiet = false;
};

struct Uploaded {
  intake::v1::Import import;
  bool was_there = false;           // committed by an earlier run: this one did nothing
  bool nothing_to_correct = false;  // its rows were looked through: none wants a person
};

// The request that opens the import of a file with this digest, with both its ids. Attempt 1 is the
// first; one more for each import that is not gone on with. The file's name is no part of what the
// import is.
intake::v1::BeginImportRequest BeginOf(const UploadOptions& options, std::string_view sha256,
                                       int attempt);

// The import as it stands after validation (dry run) or commit. What an earlier run left is gone on
// with, and validated anew as long as nothing is committed: what its rows waited for may be there
// now. A committed import is left for a new one when it has rows to be corrected. Reasons besides
// those of the service: FILE_NOT_FOUND, BATCH_ID_REUSED.
absl::StatusOr<Uploaded> UploadFile(Context& context, const UploadOptions& options);

// Waits until an operation has ended, showing its progress; FAILED becomes its error.
absl::StatusOr<operation::v1::Operation> WaitForOperation(Context& context,
                                                          const std::string& service,
                                                          operation::v1::Operation operation,
                                                          const std::string& title,
                                                          bool quiet = false);

// Between two looks at long work.
void PauseBriefly(int milliseconds);

}  // namespace bangfu::ctl
