#include "common/blob/service.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_replace.h"
#include "common/auth/caller.h"
#include "common/base/digest.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/log/log.h"
#include "common/rpc/actor.h"
#include "common/rpc/page.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::blob {
namespace {

using rpc::CallContext;

constexpr char kService[] = "bangfu.blob.v1.BlobService.";
constexpr int64_t kBlock = 512 << 10;
constexpr int64_t kLargestChunk = 1 << 20;  // of an answer that is no stream
constexpr int kSweepStep = 100;

// "jpeg,png" as the media types that a client declares.
std::string MediaTypes(const Kind& kind) {
  std::string out;
  for (const Format& format : Formats()) {
    if (!StrContains(Cat(",", kind.formats, ","), Cat(",", format.name, ","))) continue;
    out += Cat(out.empty() ? "" : ",", format.media_type);
  }
  return out;
}

// What is wrong with an announced file, by its kind's rules.
absl::Status CheckAnnounced(mysql::Executor& db, const v1::BeginUploadRequest& request) {
  const auto invalid = [](std::string_view reason) {
    return Error(absl::StatusCode::kInvalidArgument, reason);
  };
  ASSIGN_OR_RETURN(const std::optional<Kind> kind, FindKind(db, request.kind()));
  if (!kind) {
    return invalid("EVIDENCE_KIND_UNKNOWN").Zh("没有此佐证材料类型").Field("kind", "没有此类型");
  }
  const std::string allowed = MediaTypes(*kind);
  const Format* format = FormatOfMediaType(request.content_type());
  if (format == nullptr ||
      !StrContains(Cat(",", kind->formats, ","), Cat(",", format->name, ","))) {
    return invalid("EVIDENCE_TYPE_NOT_ALLOWED")
        .Zh(Cat("“", kind->name_zh, "”只接受以下格式：",
                absl::StrReplaceAll(kind->formats, {{",", "、"}})))
        .Field("content_type", "该类材料不接受此格式")
        .With("allowed", allowed);
  }
  if (request.size_bytes() == 0) {
    return invalid("EVIDENCE_EMPTY").Zh("文件是空的").Field("size_bytes", "文件是空的");
  }
  if (request.size_bytes() > kind->max_bytes) {
    return invalid("EVIDENCE_TOO_LARGE")
        .Zh(Cat("“", kind->name_zh, "”不能超过", kind->max_bytes >> 20, "MiB"))
        .Field("size_bytes", Cat("不能超过", kind->max_bytes, "字节"))
        .With("max_bytes", Cat(kind->max_bytes));
  }
  return absl::OkStatus();
}

// What the steps of an upload ask of its state; their rpcs and allowed_actions alike.
absl::Status CheckPut(const v1::Blob& blob) {
  if (blob.state() == v1::BLOB_STATE_BEGUN) return absl::OkStatus();
  return FailedPrecondition("UPLOAD_CLOSED", "该上传已结束，不能再传内容").Build();
}
absl::Status CheckComplete(const v1::Blob& blob) {
  if (blob.state() == v1::BLOB_STATE_REFUSED || blob.state() == v1::BLOB_STATE_SWEPT) {
    return FailedPrecondition("UPLOAD_CLOSED", "该上传已结束，请重新上传")
        .With("refusal_reason", blob.refusal_reason())
        .Build();
  }
  if (blob.received_bytes() != blob.size_bytes()) {
    return FailedPrecondition("UPLOAD_INCOMPLETE", "文件尚未上传完毕")
        .With("received", Cat(blob.received_bytes()))
        .Build();
  }
  return absl::OkStatus();
}
absl::Status CheckAbandon(const v1::Blob& blob) {
  if (!blob.has_use()) return absl::OkStatus();
  return FailedPrecondition("EVIDENCE_IN_USE", "该文件已作为佐证材料，不能放弃").Build();
}
absl::Status CheckRead(const v1::Blob& blob) {
  if (blob.state() == v1::BLOB_STATE_COMPLETE) return absl::OkStatus();
  return FailedPrecondition("EVIDENCE_NOT_COMPLETE", "文件没有上传完毕，或已清除").Build();
}

// The file as `subject` is told of it. Steps that would change nothing any more are left out.
void TellActions(std::string_view subject, v1::Blob* blob) {
  std::vector<workflow::AllowedAction> actions;
  if (blob->uploaded_by().subject() == subject) {
    const bool begun = blob->state() == v1::BLOB_STATE_BEGUN;
    if (begun) {
      actions.push_back(workflow::ActionOf("put", "上传内容", CheckPut(*blob)));
      actions.push_back(workflow::ActionOf("complete", "完成上传", CheckComplete(*blob)));
    }
    if (begun || blob->state() == v1::BLOB_STATE_COMPLETE) {
      actions.push_back(workflow::ActionOf("abandon", "放弃上传", CheckAbandon(*blob)));
    }
  }
  actions.push_back(workflow::ActionOf("read", "下载", CheckRead(*blob)));
  workflow::FillAllowedActions(actions, blob->mutable_allowed_actions());
}
absl::StatusOr<v1::Blob> Told(const CallContext& context, absl::StatusOr<v1::Blob> blob) {
  if (blob.ok()) TellActions(context.caller.subject, &*blob);
  return blob;
}

// The file that a caller takes bytes out of, from an offset on. Papers and photos of people: who
// took them out is kept.
absl::StatusOr<v1::Blob> TakenOut(CallContext& context, const std::string& blob_id,
                                  int64_t offset) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(blob_id));
  ASSIGN_OR_RETURN(v1::Blob blob, Get(context.db, id, context.caller.subject, context.scope));
  RETURN_IF_ERROR(CheckRead(blob));
  if (offset > blob.size_bytes()) return InvalidField("offset", "超出文件大小").Build();
  RETURN_IF_ERROR(mysql::Transact(context.db, [&](mysql::Tx& tx) {
    rpc::Mutation m(context, tx, "");
    return m.Audit(kAggregate, id, blob.region_path(), &blob, blob, "下载");
  }));
  return blob;
}

// The bytes to a client, some blocks a step; no worker waits for the client.
class Reading final : public rpc::Subscription<v1::ReadBlobResponse> {
 public:
  Reading(Store& store, const Ulid& id, int64_t offset, int64_t size, metrics::Counter bytes)
      : store_(store), id_(id), offset_(offset), size_(size), bytes_(bytes) {}

  absl::StatusOr<rpc::Next> Step(CallContext&, rpc::Writer<v1::ReadBlobResponse>& writer) override {
    for (int i = 0; i < 4 && offset_ < size_; ++i) {
      ASSIGN_OR_RETURN(std::string data,
                       store_.Read(id_, offset_, std::min(kBlock, size_ - offset_)));
      if (data.empty()) return Damaged("the file ends early");
      v1::ReadBlobResponse response;
      response.set_offset(offset_);
      offset_ += static_cast<int64_t>(data.size());
      bytes_.Increment(static_cast<double>(data.size()));
      *response.mutable_data() = std::move(data);
      RETURN_IF_ERROR(writer.Write(response));
    }
    return offset_ < size_ ? rpc::Next::After(absl::ZeroDuration()) : rpc::Next::Done();
  }

 private:
  Store& store_;
  const Ulid id_;
  int64_t offset_;
  const int64_t size_;
  metrics::Counter bytes_;
};

absl::StatusOr<v1::ListBlobsResponse> ListBlobs(CallContext& context,
                                                const v1::ListBlobsRequest& request) {
  if (request.case_type().empty() != request.case_id().empty()) {
    return InvalidField("case_id", "事项类型与编号须同时填写").Build();
  }
  ListQuery query;
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(request.page_size()));
  query.limit = size + 1;
  query.scope = context.scope;
  query.case_type = request.case_type();
  if (!request.case_id().empty()) {
    ASSIGN_OR_RETURN(query.case_id, Ulid::Parse(request.case_id()));
  }
  if (!request.region_code().empty()) {
    ASSIGN_OR_RETURN(query.region, NormalizeRegionCode(request.region_code()));
  }
  const std::string filter =
      Cat(request.case_type(), "/", request.case_id(), "/", request.region_code());
  ASSIGN_OR_RETURN(const auto start, rpc::PageStartOf(request.page_token(), filter));
  if (start) {
    query.after_region_path = start->region_path;
    query.after_id = start->id;
  }
  ASSIGN_OR_RETURN(std::vector<v1::Blob> page, List(context.db, query));
  v1::ListBlobsResponse response;
  if (page.size() > static_cast<size_t>(size)) {
    page.resize(static_cast<size_t>(size));
    response.set_next_page_token(
        EncodePageToken({page.back().region_path(), page.back().id()}, filter));
  }
  for (v1::Blob& blob : page) {
    TellActions(context.caller.subject, &blob);
    *response.add_blobs() = std::move(blob);
  }
  return response;
}

}  // namespace

BlobService::BlobService(Store& store, ServiceOptions options, metrics::Registry& metrics)
    : store_(store), options_(std::move(options)) {
  const auto uploads = [&](const char* outcome) {
    return metrics.AddCounter("bangfu_blob_uploads_total", "Evidence files by outcome",
                              {{"outcome", outcome}});
  };
  begun_ = uploads("begun");
  completed_ = uploads("completed");
  refused_ = uploads("refused");
  abandoned_ = uploads("abandoned");
  swept_ = uploads("swept");
  const auto bytes = [&](const char* what) {
    return metrics.AddCounter("bangfu_blob_bytes_total", "Bytes of evidence files",
                              {{"what", what}});
  };
  bytes_received_ = bytes("received");
  bytes_kept_ = bytes("completed");
  bytes_read_ = bytes("read");
  const auto stored = [&](const char* state, std::vector<v1::BlobState> states) {
    stored_.push_back(
        {std::move(states),
         metrics.AddGauge("bangfu_blob_stored_files", "Evidence files whose bytes are stored",
                          {{"state", state}}),
         metrics.AddGauge("bangfu_blob_stored_bytes", "Stored bytes of evidence files",
                          {{"state", state}})});
  };
  stored("pending", {v1::BLOB_STATE_BEGUN});
  stored("complete", {v1::BLOB_STATE_COMPLETE});
  // Closed, and not removed yet: this stays near zero while the store can be reached.
  stored("closed", {v1::BLOB_STATE_REFUSED, v1::BLOB_STATE_SWEPT});
}

absl::StatusOr<v1::Blob> BlobService::Begin(CallContext& context,
                                            const v1::BeginUploadRequest& request) {
  RETURN_IF_ERROR(CheckAnnounced(context.db, request));
  std::string region_path;
  if (options_.region_path) {
    ASSIGN_OR_RETURN(region_path, options_.region_path(context.db, request.region_code()));
  } else {
    ASSIGN_OR_RETURN(region_path, NormalizeRegionCode(request.region_code()));
  }
  if (!auth::InScope(context.scope, region_path)) {
    return NotFound("region", request.region_code()).Build();
  }
  absl::StatusOr<v1::Blob> begun =
      rpc::Mutate<v1::Blob>(context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Blob> {
        v1::Blob blob;
        const Ulid id = context.ids.Next();
        blob.set_id(id.ToString());
        blob.set_state(v1::BLOB_STATE_BEGUN);
        blob.set_kind(request.kind());
        blob.set_title(request.title());
        blob.set_content_type(request.content_type());
        blob.set_size_bytes(request.size_bytes());
        blob.set_sha256(request.sha256());
        if (request.has_taken_at()) *blob.mutable_taken_at() = request.taken_at();
        blob.set_latitude_e7(request.latitude_e7());
        blob.set_longitude_e7(request.longitude_e7());
        blob.set_region_path(region_path);
        *blob.mutable_uploaded_by() = rpc::ActorMessage(m.ActorAt(region_path));
        ASSIGN_OR_RETURN(const int64_t hours, Setting(m.tx(), kKeepHours));
        RETURN_IF_ERROR(Insert(m.tx(), blob, context.now, context.now + absl::Hours(hours)));
        ASSIGN_OR_RETURN(blob, GetOwn(m.tx(), id, context.caller.subject));
        RETURN_IF_ERROR(m.Audit(kAggregate, id, region_path, nullptr, blob));
        return blob;
      });
  if (begun.ok()) begun_.Increment();
  return begun;
}

absl::StatusOr<v1::Blob> BlobService::Put(CallContext& context,
                                          const v1::PutChunkRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(v1::Blob blob, GetOwn(context.db, id, context.caller.subject));
  const auto length = static_cast<int64_t>(request.data().size());
  if (request.offset() > blob.size_bytes() - length) {
    return Error(absl::StatusCode::kInvalidArgument, "UPLOAD_TOO_LONG")
        .Zh("上传的内容超过了所报的文件大小")
        .Field("data", Cat("文件只有", blob.size_bytes(), "字节"));
  }
  // A repetition; what it holds is proved at the end, by the digest.
  if (request.offset() + length <= blob.received_bytes()) return blob;
  RETURN_IF_ERROR(CheckPut(blob));
  if (request.offset() != blob.received_bytes()) {
    return Error(absl::StatusCode::kOutOfRange, "UPLOAD_OFFSET")
        .Zh("上传位置不连续，请从已收到的位置继续")
        .With("expected", Cat(blob.received_bytes()));
  }
  RETURN_IF_ERROR(store_.Put(id, request.offset(), request.data()));
  ASSIGN_OR_RETURN(const bool advanced,
                   Advance(context.db, id, request.offset(), request.offset() + length));
  if (!advanced) {
    ASSIGN_OR_RETURN(blob, GetOwn(context.db, id, context.caller.subject));
    // Closed while we wrote: what was removed must not lie there again.
    if (blob.state() == v1::BLOB_STATE_REFUSED || blob.state() == v1::BLOB_STATE_SWEPT) {
      RETURN_IF_ERROR(store_.Remove(id));
      return FailedPrecondition("UPLOAD_CLOSED", "该上传已结束，不能再传内容").Build();
    }
    return blob;
  }
  bytes_received_.Increment(static_cast<double>(length));
  blob.set_received_bytes(request.offset() + length);
  return blob;
}

absl::Status BlobService::Verify(const CallContext& context, const v1::Blob& blob) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(blob.id()));
  RETURN_IF_ERROR(store_.Seal(id, blob.size_bytes()));
  Sha256Stream digest;
  for (int64_t at = 0; at < blob.size_bytes();) {
    if (context.cancelled && context.cancelled()) return absl::CancelledError("the client is gone");
    ASSIGN_OR_RETURN(const std::string bytes,
                     store_.Read(id, at, std::min(kBlock, blob.size_bytes() - at)));
    if (bytes.empty()) return Damaged("the file ends early");
    digest.Update(bytes);
    at += static_cast<int64_t>(bytes.size());
  }
  if (HexEncode(digest.Finish()) != blob.sha256()) {
    return Error(absl::StatusCode::kFailedPrecondition, "EVIDENCE_DIGEST_MISMATCH")
        .Zh("收到的文件与所报的摘要不一致，请重新上传");
  }
  return CheckFormat(
      blob.content_type(), blob.size_bytes(),
      [&](int64_t offset, int64_t length) { return store_.Read(id, offset, length); },
      options_.archive_limits);
}

absl::Status BlobService::RemoveBytes(mysql::Executor& db, const Ulid& id) {
  RETURN_IF_ERROR(store_.Remove(id));
  return MarkRemoved(db, id);
}

absl::Status BlobService::Refuse(CallContext& context, const v1::Blob& blob,
                                 const absl::Status& why) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(blob.id()));
  absl::Status status = mysql::Transact(context.db, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const bool closed, Close(tx, blob, v1::BLOB_STATE_REFUSED, ReasonOf(why)));
    if (!closed) return absl::OkStatus();
    rpc::Mutation m(context, tx, "");
    ASSIGN_OR_RETURN(const v1::Blob after, GetOwn(tx, id, context.caller.subject));
    return m.Audit(kAggregate, id, after.region_path(), &blob, after, ReasonOf(why));
  });
  if (!status.ok()) return status;
  refused_.Increment();
  if (absl::Status removed = RemoveBytes(context.db, id); !removed.ok()) {
    log::Warning("evidence not removed yet", {{"blob", blob.id()}, {"error", removed}});
  }
  return why;
}

absl::StatusOr<v1::Blob> BlobService::Complete(CallContext& context,
                                               const v1::CompleteUploadRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(const v1::Blob blob, GetOwn(context.db, id, context.caller.subject));
  RETURN_IF_ERROR(CheckComplete(blob));
  if (blob.state() == v1::BLOB_STATE_BEGUN) {
    // Reads the whole file, so outside of any transaction.
    if (absl::Status status = Verify(context, blob); !status.ok()) {
      if (status.code() != absl::StatusCode::kFailedPrecondition) return status;
      return Refuse(context, blob, status);
    }
  }
  bool fresh = false;
  absl::StatusOr<v1::Blob> completed =
      rpc::Mutate<v1::Blob>(context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Blob> {
        ASSIGN_OR_RETURN(fresh, MarkComplete(m.tx(), id, context.now));
        ASSIGN_OR_RETURN(const v1::Blob after, GetOwn(m.tx(), id, context.caller.subject));
        if (after.state() != v1::BLOB_STATE_COMPLETE) {
          return FailedPrecondition("UPLOAD_CLOSED", "该上传已结束，请重新上传").Build();
        }
        if (fresh) RETURN_IF_ERROR(m.Audit(kAggregate, id, after.region_path(), &blob, after));
        return after;
      });
  if (completed.ok() && fresh) {
    completed_.Increment();
    bytes_kept_.Increment(static_cast<double>(completed->size_bytes()));
  }
  return completed;
}

absl::StatusOr<v1::Blob> BlobService::Abandon(CallContext& context,
                                              const v1::AbandonUploadRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  absl::StatusOr<v1::Blob> abandoned =
      rpc::Mutate<v1::Blob>(context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Blob> {
        ASSIGN_OR_RETURN(const v1::Blob before, GetOwn(m.tx(), id, context.caller.subject));
        ASSIGN_OR_RETURN(const bool closed,
                         Close(m.tx(), before, v1::BLOB_STATE_SWEPT, "ABANDONED"));
        ASSIGN_OR_RETURN(const v1::Blob after, GetOwn(m.tx(), id, context.caller.subject));
        RETURN_IF_ERROR(CheckAbandon(after));
        if (closed) {
          RETURN_IF_ERROR(m.Audit(kAggregate, id, after.region_path(), &before, after));
        }
        return after;
      });
  if (!abandoned.ok()) return abandoned;
  abandoned_.Increment();
  if (absl::Status removed = RemoveBytes(context.db, id); !removed.ok()) {
    log::Warning("evidence not removed yet", {{"blob", request.id()}, {"error", removed}});
  }
  return abandoned;
}

absl::StatusOr<std::unique_ptr<rpc::Subscription<v1::ReadBlobResponse>>> BlobService::Read(
    CallContext& context, const v1::ReadBlobRequest& request) {
  ASSIGN_OR_RETURN(const v1::Blob blob, TakenOut(context, request.id(), request.offset()));
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(blob.id()));
  std::unique_ptr<rpc::Subscription<v1::ReadBlobResponse>> reading =
      std::make_unique<Reading>(store_, id, request.offset(), blob.size_bytes(), bytes_read_);
  return reading;
}

absl::StatusOr<v1::ReadChunkResponse> BlobService::ReadChunk(CallContext& context,
                                                             const v1::ReadChunkRequest& request) {
  ASSIGN_OR_RETURN(const v1::Blob blob, TakenOut(context, request.id(), request.offset()));
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(blob.id()));
  const int64_t left = blob.size_bytes() - request.offset();
  v1::ReadChunkResponse response;
  response.set_offset(request.offset());
  response.set_size_bytes(blob.size_bytes());
  response.set_sha256(blob.sha256());
  response.set_content_type(blob.content_type());
  if (left == 0) return response;
  ASSIGN_OR_RETURN(std::string data,
                   store_.Read(id, request.offset(), std::min(kLargestChunk, left)));
  if (data.empty()) return Damaged("the file ends early");
  const int64_t end = request.offset() + static_cast<int64_t>(data.size());
  if (end < blob.size_bytes()) response.set_next_offset(end);
  bytes_read_.Increment(static_cast<double>(data.size()));
  *response.mutable_data() = std::move(data);
  return response;
}

absl::StatusOr<int64_t> BlobService::Sweep(mysql::Session& db, absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<v1::Blob> expired, Expired(db, now, kSweepStep));
  for (const v1::Blob& blob : expired) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(blob.id()));
    bool closed = false;
    RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
      ASSIGN_OR_RETURN(closed, Close(tx, blob, v1::BLOB_STATE_SWEPT, "EXPIRED"));
      if (!closed) return absl::OkStatus();
      v1::Blob after = blob;
      after.set_state(v1::BLOB_STATE_SWEPT);
      after.clear_expires_at();
      return audit::Append(tx, {.aggregate_type = kAggregate,
                                .aggregate_id = id,
                                .region_path = blob.region_path(),
                                .action = "sweep_blobs",
                                .actor = {.subject = "system"},
                                .before_json = audit::ToJson(blob),
                                .after_json = audit::ToJson(after),
                                .occurred_at = now});
    }));
    if (closed) swept_.Increment();
  }
  ASSIGN_OR_RETURN(const std::vector<Ulid> gone, ToRemove(db, kSweepStep));
  for (const Ulid& id : gone) RETURN_IF_ERROR(RemoveBytes(db, id));
  return static_cast<int64_t>(expired.size() + gone.size());
}

absl::Status BlobService::RefreshFigures(mysql::Executor& db) {
  for (StoredGauges& gauges : stored_) {
    Stored sum;
    for (const v1::BlobState state : gauges.states) {
      ASSIGN_OR_RETURN(const Stored one, CountStored(db, state));
      sum.files += one.files;
      sum.bytes += one.bytes;
    }
    gauges.files.Set(static_cast<double>(sum.files));
    gauges.bytes.Set(static_cast<double>(sum.bytes));
  }
  return absl::OkStatus();
}

void BlobService::Register(rpc::Router& router) {
  router.Unary<v1::BeginUploadRequest, v1::Blob>(
      Cat(kService, "BeginUpload"),
      [this](CallContext& c, const v1::BeginUploadRequest& r) { return Told(c, Begin(c, r)); });
  router.Unary<v1::PutChunkRequest, v1::Blob>(
      Cat(kService, "PutChunk"),
      [this](CallContext& c, const v1::PutChunkRequest& r) { return Told(c, Put(c, r)); });
  router.Unary<v1::CompleteUploadRequest, v1::Blob>(
      Cat(kService, "CompleteUpload"), [this](CallContext& c, const v1::CompleteUploadRequest& r) {
        return Told(c, Complete(c, r));
      });
  router.Unary<v1::AbandonUploadRequest, v1::Blob>(
      Cat(kService, "AbandonUpload"),
      [this](CallContext& c, const v1::AbandonUploadRequest& r) { return Told(c, Abandon(c, r)); });
  router.Unary<v1::GetBlobRequest, v1::Blob>(
      Cat(kService, "GetBlob"),
      [](CallContext& c, const v1::GetBlobRequest& r) -> absl::StatusOr<v1::Blob> {
        ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.id()));
        return Told(c, Get(c.db, id, c.caller.subject, c.scope));
      });
  router.Unary<v1::ListBlobsRequest, v1::ListBlobsResponse>(Cat(kService, "ListBlobs"), ListBlobs);
  router.Unary<v1::ReadChunkRequest, v1::ReadChunkResponse>(
      Cat(kService, "ReadChunk"),
      [this](CallContext& c, const v1::ReadChunkRequest& r) { return ReadChunk(c, r); });
  router.Subscribe<v1::ReadBlobRequest, v1::ReadBlobResponse>(
      Cat(kService, "ReadBlob"),
      [this](CallContext& c, const v1::ReadBlobRequest& r) { return Read(c, r); });
}

}  // namespace bangfu::blob
