#include "services/ctl/upload.h"

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/status/wire.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

constexpr size_t kChunkBytes = 512 * 1024;

}  // namespace

void PauseBriefly(int milliseconds) {
  std::mutex mu;
  std::unique_lock<std::mutex> lock(mu);
  std::condition_variable never;
  never.wait_for(lock, std::chrono::milliseconds(milliseconds));
}

absl::StatusOr<operation::v1::Operation> WaitForOperation(Context& context,
                                                          const std::string& service,
                                                          operation::v1::Operation operation,
                                                          const std::string& title, bool quiet) {
  ProgressLine progress(title);
  int wait = 20;
  while (operation.state() == operation::v1::OPERATION_STATE_PENDING ||
         operation.state() == operation::v1::OPERATION_STATE_RUNNING) {
    PauseBriefly(wait);
    wait = std::min(wait * 2, 500);
    operation::v1::GetOperationRequest request;
    request.set_id(operation.id());
    ASSIGN_OR_RETURN(operation,
                     context.CallOn<operation::v1::Operation>(
                         service, "bangfu.operation.v1.OperationService.GetOperation", request));
    if (!quiet) progress.Update(operation.done(), operation.total(), operation.progress_zh());
  }
  if (operation.state() == operation::v1::OPERATION_STATE_FAILED)
    return FromRpcStatus(operation.error());
  if (operation.state() == operation::v1::OPERATION_STATE_CANCELLED) {
    return Error(absl::StatusCode::kCancelled, "OPERATION_CANCELLED").Zh("任务已取消");
  }
  return operation;
}

absl::StatusOr<intake::v1::Import> UploadFile(Context& context, const UploadOptions& options) {
  std::ifstream in(options.file, std::ios::binary);
  if (!in)
    return Error(absl::StatusCode::kNotFound, "FILE_NOT_FOUND")
        .Zh(Cat("无法读取文件 ", options.file));
  Sha256Stream digest;
  std::string buffer(kChunkBytes, '\0');
  int64_t size = 0;
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    digest.Update(std::string_view(buffer.data(), static_cast<size_t>(in.gcount())));
    size += in.gcount();
  }
  std::string sha256 = HexEncode(digest.Finish());

  // Read otherwise, the same file is another import.
  const std::string as_read =
      options.fill_down.empty()
          ? sha256
          : Sha256Hex(Cat(sha256, "\n", absl::StrJoin(options.fill_down, "\n")));
  intake::v1::BeginImportRequest begin;
  begin.set_kind(options.kind);
  begin.set_batch_id(options.batch_id.empty() ? Cat(options.kind, "-", as_read.substr(0, 32))
                                              : options.batch_id);
  begin.set_request_id(Cat("begin-import-", Sha256Hex(begin.batch_id()).substr(0, 32)));
  size_t slash = options.file.rfind('/');
  begin.set_file_name(slash == std::string::npos ? options.file : options.file.substr(slash + 1));
  begin.set_format(absl::EndsWithIgnoreCase(options.file, ".xlsx") ? type::v1::FILE_FORMAT_XLSX
                                                                   : type::v1::FILE_FORMAT_CSV);
  begin.set_policy(options.all_or_nothing ? intake::v1::IMPORT_POLICY_ALL_OR_NOTHING
                                          : intake::v1::IMPORT_POLICY_VALID_ROWS);
  begin.set_region_code(options.region_code);
  begin.set_campaign_id(options.campaign_id);
  begin.set_default_money_unit(options.default_money_unit);
  for (const std::string& column : options.fill_down) begin.add_fill_down_columns(column);
  begin.set_sample(options.sample);
  const std::string service = "bangfu.intake.v1.ImportService.";
  ASSIGN_OR_RETURN(intake::v1::Import import, context.CallOn<intake::v1::Import>(
                                                  options.service, service + "BeginImport", begin));

  // Begun before, the request gives the answer of that time: what stands now is read.
  intake::v1::GetImportRequest get;
  get.set_id(import.id());
  auto look = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(
        import, context.CallOn<intake::v1::Import>(options.service, service + "GetImport", get));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(look());
  // A step that an interrupted run left behind goes on in the service; it is waited for, and begun
  // anew only when it has failed.
  auto wait_for_step = [&](intake::v1::ImportState state,
                           const std::string& title) -> absl::Status {
    if (import.state() != state || import.operation_id().empty()) return absl::OkStatus();
    operation::v1::Operation operation;
    operation.set_id(import.operation_id());
    operation.set_state(operation::v1::OPERATION_STATE_RUNNING);
    absl::Status ended =
        WaitForOperation(context, options.service, operation, title, options.quiet).status();
    if (absl::IsUnavailable(ended) || absl::IsDeadlineExceeded(ended)) return ended;
    return look();
  };

  if (import.state() == intake::v1::IMPORT_STATE_UPLOADING) {
    ProgressLine progress("上传");
    in.clear();
    int64_t offset = import.size_bytes();  // what an interrupted upload has left
    in.seekg(offset);
    while (offset < size || size == 0) {
      in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      intake::v1::UploadChunkRequest chunk;
      chunk.set_id(import.id());
      chunk.set_offset(offset);
      chunk.set_data(buffer.data(), static_cast<size_t>(in.gcount()));
      offset += in.gcount();
      chunk.set_last(offset >= size);
      if (chunk.last()) chunk.set_sha256(sha256);
      ASSIGN_OR_RETURN(import, context.CallOn<intake::v1::Import>(options.service,
                                                                  service + "UploadChunk", chunk));
      if (!options.quiet) progress.Update(offset, size, "字节");
      if (chunk.last()) break;
    }
  }
  RETURN_IF_ERROR(wait_for_step(intake::v1::IMPORT_STATE_VALIDATING, "校验"));
  if (import.state() == intake::v1::IMPORT_STATE_UPLOADING ||
      import.state() == intake::v1::IMPORT_STATE_VALIDATING) {
    intake::v1::ValidateImportRequest validate;
    validate.set_id(import.id());
    validate.set_request_id(Context::NewRequestId());
    ASSIGN_OR_RETURN(auto operation, context.CallOn<operation::v1::Operation>(
                                         options.service, service + "ValidateImport", validate));
    RETURN_IF_ERROR(
        WaitForOperation(context, options.service, operation, "校验", options.quiet).status());
    RETURN_IF_ERROR(look());
  }
  RETURN_IF_ERROR(wait_for_step(intake::v1::IMPORT_STATE_COMMITTING, "入库"));
  if (options.dry_run || import.state() == intake::v1::IMPORT_STATE_REFUSED ||
      import.state() == intake::v1::IMPORT_STATE_COMMITTED) {
    return import;
  }
  intake::v1::CommitImportRequest commit;
  commit.set_id(import.id());
  commit.set_request_id(Context::NewRequestId());
  ASSIGN_OR_RETURN(auto operation, context.CallOn<operation::v1::Operation>(
                                       options.service, service + "CommitImport", commit));
  RETURN_IF_ERROR(
      WaitForOperation(context, options.service, operation, "入库", options.quiet).status());
  RETURN_IF_ERROR(look());
  return import;
}

}  // namespace bangfu::ctl
