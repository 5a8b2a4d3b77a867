// The way of a file into a service: begin, upload, validate, commit, with progress.
#pragma once

#include <string>
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
  // Empty: the digest of the file (and of what is filled down in it), so that the same file is the
  // same import.
  std::string batch_id;
  std::string region_code;
  std::string campaign_id;
  std::string default_money_unit;
  std::vector<std::string> fill_down;  // columns whose empty cells take those above, by header
  bool dry_run = false;
  bool all_or_nothing = false;
  bool sample = false;
  bool quiet = false;
};

// The import as it stands after validation (dry run) or commit.
absl::StatusOr<intake::v1::Import> UploadFile(Context& context, const UploadOptions& options);

// Waits until an operation has ended, showing its progress; FAILED becomes its error.
absl::StatusOr<operation::v1::Operation> WaitForOperation(Context& context,
                                                          const std::string& service,
                                                          operation::v1::Operation operation,
                                                          const std::string& title,
                                                          bool quiet = false);

// Between two looks at long work.
void PauseBriefly(int milliseconds);

}  // namespace bangfu::ctl
