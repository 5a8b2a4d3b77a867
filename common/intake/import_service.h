// bangfu.intake.v1.ImportService for any service: handlers, and the operations behind them.
//
//   auto imports = std::make_unique<intake::ImportService>(std::move(kinds), options, runner);
//   imports->Register(router);        // the six rpcs
//   // the runner now knows "validate_import" and "commit_import"
// Migrations: intake::Schema() (schema.h). Janitor: SweepExpired (engine.h), daily.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/caller.h"
#include "common/inbox/recount.h"
#include "common/inbox/stopped.h"
#include "common/intake/engine.h"
#include "common/operation/operation.h"
#include "common/rpc/call_context.h"
#include "common/rpc/router.h"

namespace bangfu::intake {

struct ImportServiceOptions {
  // The path in today's codes of a region code as filed; by default the code itself, normalised.
  // INVALID_ARGUMENT for a code that is not known.
  std::function<absl::StatusOr<std::string>(mysql::Executor& db, std::string_view code)>
      region_path;
  // What people may do now: a validation or a commit under way ends with the right of whoever asked
  // for it.
  // Outlives the service. Null: the rights of the call that asked hold to its end.
  const auth::GrantSource* grants = nullptr;
  // The term to go on with a commit that stopped, in working days by the service's calendar; empty:
  // no term.
  std::function<absl::StatusOr<int64_t>(mysql::Executor& db)> resume_days = {};
  inbox::CalendarLookup calendar = {};
};

// A commit that stopped waits to be resumed, as long as it is the import's own: another commit of
// the import takes its place.
inbox::StoppedKind StoppedCommit(const ImportServiceOptions& options);
// Imports that are validated and wait to be committed, for the recount.
inbox::Source WorkSource(std::vector<std::unique_ptr<Kind>> kinds);

class ImportService {
 public:
  // `runner` outlives this object, and this object outlives the runner's work.
  ImportService(std::vector<std::unique_ptr<Kind>> kinds, ImportServiceOptions options,
                operation::OperationRunner& runner);

  void Register(rpc::Router& router);

  // Reasons: IMPORT_KIND_UNKNOWN, BATCH_ID_REUSED, ROLE_NOT_ALLOWED.
  absl::StatusOr<v1::Import> Begin(rpc::CallContext& context,
                                   const v1::BeginImportRequest& request);
  // UPLOAD_OFFSET (metadata `expected`), UPLOAD_MISMATCH, UPLOAD_COMPLETE, IMPORT_TOO_LARGE.
  absl::StatusOr<v1::Import> Upload(rpc::CallContext& context,
                                    const v1::UploadChunkRequest& request);
  // UPLOAD_INCOMPLETE, IMPORT_STATE_WRONG.
  absl::StatusOr<operation::v1::Operation> StartValidate(rpc::CallContext& context,
                                                         const v1::ValidateImportRequest& request);
  // A commit that has stopped may be taken on by whoever holds a role of the kind in the whole
  // region of the import. It stops again at a row that their grants do not cover.
  absl::StatusOr<operation::v1::Operation> StartCommit(rpc::CallContext& context,
                                                       const v1::CommitImportRequest& request);
  absl::StatusOr<v1::Import> Get(rpc::CallContext& context, const v1::GetImportRequest& request);
  absl::StatusOr<v1::ListImportRowsResponse> ListRows(rpc::CallContext& context,
                                                      const v1::ListImportRowsRequest& request);

 private:
  const Kinds kinds_;
  const ImportServiceOptions options_;
  operation::OperationRunner& runner_;
};

}  // namespace bangfu::intake
