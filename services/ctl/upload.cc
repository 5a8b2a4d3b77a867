#include "services/ctl/upload.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include "absl/strings/match.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/status/wire.h"
#include "services/ctl/import_report.h"
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

namespace {

constexpr char kImportService[] = "bangfu.intake.v1.ImportService.";

// The file's digest and size.
struct FileFacts {
  std::string sha256;
  int64_t size = 0;
};
FileFacts FactsOf(std::istream& in) {
  FileFacts facts;
  Sha256Stream digest;
  std::string buffer(kChunkBytes, '\0');
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    digest.Update(std::string_view(buffer.data(), static_cast<size_t>(in.gcount())));
    facts.size += in.gcount();
  }
  facts.sha256 = HexEncode(digest.Finish());
  return facts;
}

// The bytes of an import are not those of the file, or not there any more.
bool LostItsFile(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "UPLOAD_INCOMPLETE" || reason == "UPLOAD_DIGEST_MISMATCH";
}

// A committed import with rows of which something is to be said still.
absl::StatusOr<bool> HasRowsToCorrect(Context& context, const std::string& service,
                                      const intake::v1::Import& import) {
  using namespace intake::v1;
  if (import.rows_held() + import.rows_refused() + import.rows_warned() > 0) return true;
  int64_t told = 0;
  for (const RowOutcome outcome : {ROW_OUTCOME_UPDATED, ROW_OUTCOME_UNCHANGED}) {
    ListImportRowsRequest request;
    request.set_id(import.id());
    request.set_outcome(outcome);
    request.set_page_size(1000);
    bool found = false;
    const absl::Status listed = context.EachPage<ListImportRowsResponse>(
        service, Cat(kImportService, "ListImportRows"), request,
        [&](const ListImportRowsResponse& page) -> absl::Status {
          told += page.rows_size();
          found = std::any_of(page.rows().begin(), page.rows().end(), WantsAPerson);
          return found ? absl::CancelledError() : absl::OkStatus();
        });
    if (found) return true;
    RETURN_IF_ERROR(listed);
  }
  // Its lines are kept for a while only: what they said is not known any more.
  return told == 0 && import.rows_updated() + import.rows_unchanged() > 0;
}

// One import on its way.
class Upload {
 public:
  Upload(Context& context, const UploadOptions& options, std::istream& in, const FileFacts& facts)
      : context_(context), options_(options), in_(in), facts_(facts) {}

  const intake::v1::Import& import() const { return import_; }
  bool is_new() const { return is_new_; }

  absl::Status Begin(int attempt) {
    const intake::v1::BeginImportRequest begin = BeginOf(options_, facts_.sha256, attempt);
    ASSIGN_OR_RETURN(import_, Call<intake::v1::Import>("BeginImport", begin));
    // Begun before, the request gives the answer of that time: what stands now is read.
    RETURN_IF_ERROR(Look());
    is_new_ = import_.state() == intake::v1::IMPORT_STATE_UPLOADING && import_.size_bytes() == 0;
    if (!import_.sha256().empty() && import_.sha256() != facts_.sha256) {
      return Error(absl::StatusCode::kInvalidArgument, "BATCH_ID_REUSED")
          .Zh("该批次号已用于另一个文件")
          .Field("batch_id", "请换一个批次号");
    }
    return absl::OkStatus();
  }
  // Up to VALIDATED or REFUSED; an import that is being committed is past it.
  absl::Status Validate() {
    using namespace intake::v1;
    if (import_.state() == IMPORT_STATE_COMMITTING) return absl::OkStatus();
    if (import_.state() == IMPORT_STATE_UPLOADING) RETURN_IF_ERROR(SendBytes());
    if (import_.state() == IMPORT_STATE_VALIDATING) {
      RETURN_IF_ERROR(WaitForStep("校验"));
      if (import_.state() != IMPORT_STATE_VALIDATING) return absl::OkStatus();
    }
    return Step<ValidateImportRequest>("ValidateImport", "校验");
  }
  absl::Status Commit() {
    using namespace intake::v1;
    if (import_.state() == IMPORT_STATE_COMMITTING) RETURN_IF_ERROR(WaitForStep("入库"));
    if (import_.state() == IMPORT_STATE_COMMITTED) return absl::OkStatus();
    return Step<CommitImportRequest>("CommitImport", "入库");
  }

 private:
  template <typename Response>
  absl::StatusOr<Response> Call(const char* method, const google::protobuf::Message& request) {
    return context_.CallOn<Response>(options_.service, Cat(kImportService, method), request);
  }
  absl::Status Look() {
    intake::v1::GetImportRequest get;
    get.set_id(import_.id());
    ASSIGN_OR_RETURN(import_, Call<intake::v1::Import>("GetImport", get));
    return absl::OkStatus();
  }
  absl::Status SendBytes() {
    ProgressLine progress("上传");
    std::string buffer(kChunkBytes, '\0');
    in_.clear();
    int64_t offset = import_.size_bytes();  // what an interrupted upload has left
    in_.seekg(offset);
    while (offset < facts_.size || facts_.size == 0) {
      in_.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      intake::v1::UploadChunkRequest chunk;
      chunk.set_id(import_.id());
      chunk.set_offset(offset);
      chunk.set_data(buffer.data(), static_cast<size_t>(in_.gcount()));
      offset += in_.gcount();
      chunk.set_last(offset >= facts_.size);
      if (chunk.last()) chunk.set_sha256(facts_.sha256);
      ASSIGN_OR_RETURN(import_, Call<intake::v1::Import>("UploadChunk", chunk));
      if (!options_.quiet) progress.Update(offset, facts_.size, "字节");
      if (chunk.last()) break;
    }
    return absl::OkStatus();
  }
  // A step that an interrupted run left behind goes on in the service; it is waited for, and begun
  // anew by the caller only when it has failed.
  absl::Status WaitForStep(const std::string& title) {
    if (import_.operation_id().empty()) return absl::OkStatus();
    operation::v1::Operation operation;
    operation.set_id(import_.operation_id());
    operation.set_state(operation::v1::OPERATION_STATE_RUNNING);
    const absl::Status ended =
        WaitForOperation(context_, options_.service, operation, title, options_.quiet).status();
    if (absl::IsUnavailable(ended) || absl::IsDeadlineExceeded(ended)) return ended;
    return Look();
  }
  template <typename Request>
  absl::Status Step(const char* method, const std::string& title) {
    Request request;
    request.set_id(import_.id());
    request.set_request_id(Context::NewRequestId());
    ASSIGN_OR_RETURN(const auto operation, Call<operation::v1::Operation>(method, request));
    RETURN_IF_ERROR(
        WaitForOperation(context_, options_.service, operation, title, options_.quiet).status());
    return Look();
  }

  Context& context_;
  const UploadOptions& options_;
  std::istream& in_;
  const FileFacts& facts_;
  intake::v1::Import import_;
  bool is_new_ = false;
};

}  // namespace

intake::v1::BeginImportRequest BeginOf(const UploadOptions& options, std::string_view sha256,
                                       int attempt) {
  intake::v1::BeginImportRequest begin;
  begin.set_kind(options.kind);
  begin.set_format(absl::EndsWithIgnoreCase(options.file, ".xlsx") ? type::v1::FILE_FORMAT_XLSX
                                                                   : type::v1::FILE_FORMAT_CSV);
  begin.set_policy(options.all_or_nothing ? intake::v1::IMPORT_POLICY_ALL_OR_NOTHING
                                          : intake::v1::IMPORT_POLICY_VALID_ROWS);
  begin.set_region_code(options.region_code);
  begin.set_campaign_id(options.campaign_id);
  begin.set_default_money_unit(options.default_money_unit);
  for (const std::string& column : options.fill_down) begin.add_fill_down_columns(column);
  begin.set_sample(options.sample);
  // Read otherwise, the same file is another import.
  const std::string as_read = Sha256Hex(Cat(sha256, "\n", begin.SerializeAsString()));
  begin.set_batch_id(!options.batch_id.empty() ? options.batch_id
                                               : Cat(options.kind, "-", as_read.substr(0, 32),
                                                     attempt > 1 ? Cat("-", attempt) : ""));
  const size_t slash = options.file.rfind('/');
  begin.set_file_name(slash == std::string::npos ? options.file : options.file.substr(slash + 1));
  // Of all that is said, the name too: under its own id no other content is sent.
  begin.set_request_id(
      Cat("begin-import-", Sha256Hex(Cat(sha256, "\n", begin.SerializeAsString())).substr(0, 32)));
  return begin;
}

absl::StatusOr<Uploaded> UploadFile(Context& context, const UploadOptions& options) {
  std::ifstream in(options.file, std::ios::binary);
  if (!in)
    return Error(absl::StatusCode::kNotFound, "FILE_NOT_FOUND")
        .Zh(Cat("无法读取文件 ", options.file));
  const FileFacts facts = FactsOf(in);
  const bool named = !options.batch_id.empty();
  for (int attempt = 1;; ++attempt) {
    Upload upload(context, options, in, facts);
    const absl::Status begun = upload.Begin(attempt);
    // The file was imported by the same person with another region in hand.
    if (!named && ReasonOf(begun) == "BATCH_ID_REUSED") continue;
    RETURN_IF_ERROR(begun);
    const intake::v1::Import& import = upload.import();
    if (import.state() == intake::v1::IMPORT_STATE_COMMITTED) {
      if (named || options.once) return Uploaded{import, true};
      if (options.again) continue;
      ASSIGN_OR_RETURN(const bool has_more, HasRowsToCorrect(context, options.service, import));
      if (!has_more) return Uploaded{import, true, true};
      continue;
    }
    const absl::Status validated = upload.Validate();
    // Of an import that was left for long the bytes are gone.
    if (!named && !upload.is_new() && LostItsFile(validated)) continue;
    RETURN_IF_ERROR(validated);
    if (options.dry_run || import.state() == intake::v1::IMPORT_STATE_REFUSED) {
      return Uploaded{import, false};
    }
    RETURN_IF_ERROR(upload.Commit());
    return Uploaded{import, false};
  }
}

}  // namespace bangfu::ctl
