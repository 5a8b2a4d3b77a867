// Evidence of a step: from an upload that waits to a file that serves a case.
#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/str_join.h"
#include "common/auth/caller.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/rpc/actor.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/workflow.h"

namespace bangfu::blob {
namespace {

// Why an item cannot be taken; OK reason: it can.
struct Refusal {
  std::string_view reason;
  std::string_view zh;
  std::string_view field;  // of type.v1.Evidence
};

std::optional<Refusal> Judge(const rpc::CallContext& context, const type::v1::Evidence& evidence,
                             const v1::Blob* blob, const EvidenceUse& use) {
  const bool mine = blob != nullptr && blob->uploaded_by().subject() == context.caller.subject;
  // Who may change the case may leave in it what others have put there.
  const bool ours = blob != nullptr && blob->has_use() &&
                    blob->use().case_type() == use.case_type &&
                    blob->use().case_id() == use.case_id.ToString();
  if (blob == nullptr || (!ours && !auth::InScope(context.scope, blob->region_path())) ||
      (blob->state() != v1::BLOB_STATE_COMPLETE && !mine)) {
    return Refusal{"EVIDENCE_UNKNOWN", "没有此上传文件", "blob_id"};
  }
  if (blob->state() == v1::BLOB_STATE_BEGUN) {
    return Refusal{"EVIDENCE_NOT_COMPLETE", "文件尚未上传完毕", "blob_id"};
  }
  if (blob->state() != v1::BLOB_STATE_COMPLETE) {
    return Refusal{"EVIDENCE_NOT_COMPLETE", "文件已被拒绝或已过期清除，请重新上传", "blob_id"};
  }
  if (blob->kind() != evidence.kind()) {
    return Refusal{"EVIDENCE_KIND_MISMATCH", "与上传时的材料类型不一致", "kind"};
  }
  const auto takes = [&](std::string_view kind) {
    return std::find(use.kinds.begin(), use.kinds.end(), kind) != use.kinds.end();
  };
  if (!ours && !use.kinds.empty() && !takes(evidence.kind()) && !takes(workflow::kAnyEvidence)) {
    return Refusal{"EVIDENCE_KIND_NOT_WANTED", "此环节不要求该类材料", "kind"};
  }
  if (blob->sha256() != evidence.sha256()) {
    return Refusal{"EVIDENCE_DIGEST_MISMATCH", "与上传文件的摘要不一致", "sha256"};
  }
  if (blob->size_bytes() != evidence.size_bytes()) {
    return Refusal{"EVIDENCE_SIZE_MISMATCH", "与上传文件的大小不一致", "size_bytes"};
  }
  if (blob->has_use() && !ours) {
    return Refusal{"EVIDENCE_USED_ELSEWHERE", "该文件已用于其他事项", "blob_id"};
  }
  return std::nullopt;
}

}  // namespace

absl::Status UseEvidence(rpc::Mutation& mutation,
                         google::protobuf::RepeatedPtrField<type::v1::Evidence>* evidence,
                         const EvidenceUse& use) {
  if (evidence->empty()) return absl::OkStatus();
  const rpc::CallContext& context = mutation.context();
  std::vector<Ulid> ids;
  for (int i = 0; i < evidence->size(); ++i) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(evidence->Get(i).blob_id()));
    if (std::find(ids.begin(), ids.end(), id) != ids.end()) {
      return InvalidField(Cat(use.field, "[", i, "].blob_id"), "同一文件列了两次").Build();
    }
    ids.push_back(id);
  }
  std::vector<Ulid> in_order = ids;
  std::sort(in_order.begin(), in_order.end());
  ASSIGN_OR_RETURN(const std::vector<v1::Blob> blobs, LockAll(mutation.tx(), in_order));
  std::map<std::string, const v1::Blob*> by_id;
  for (const v1::Blob& blob : blobs) by_id[blob.id()] = &blob;

  std::optional<Error> error;
  for (int i = 0; i < evidence->size(); ++i) {
    const auto found = by_id.find(ids[static_cast<size_t>(i)].ToString());
    const std::optional<Refusal> refusal =
        Judge(context, evidence->Get(i), found == by_id.end() ? nullptr : found->second, use);
    if (!refusal) continue;
    if (!error) {
      error.emplace(absl::StatusCode::kFailedPrecondition, refusal->reason);
      error->Zh(Cat("佐证材料“", evidence->Get(i).title(), "”：", refusal->zh));
      if (refusal->reason == "EVIDENCE_KIND_NOT_WANTED") {
        error->With("wanted", absl::StrJoin(use.kinds, ","));
      }
    }
    error->Field(Cat(use.field, "[", i, "].", refusal->field), refusal->zh);
  }
  if (error) return error->Build();

  for (int i = 0; i < evidence->size(); ++i) {
    type::v1::Evidence& item = *evidence->Mutable(i);
    const v1::Blob& blob = *by_id.at(ids[static_cast<size_t>(i)].ToString());
    item.set_blob_id(blob.id());
    item.clear_taken_at();
    if (blob.has_taken_at()) *item.mutable_taken_at() = blob.taken_at();
    item.set_latitude_e7(blob.latitude_e7());
    item.set_longitude_e7(blob.longitude_e7());
    if (blob.has_use()) continue;
    v1::BlobUse taken;
    taken.set_case_type(use.case_type);
    taken.set_case_id(use.case_id.ToString());
    taken.set_step(use.step);
    *taken.mutable_used_by() = rpc::ActorMessage(mutation.ActorAt(blob.region_path()));
    ASSIGN_OR_RETURN(const bool won, Take(mutation.tx(), blob, taken, context.now));
    if (!won) return mysql::Conflict();
  }
  return absl::OkStatus();
}

absl::Status UseEvidence(rpc::Mutation& mutation,
                         const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence,
                         const EvidenceUse& use) {
  google::protobuf::RepeatedPtrField<type::v1::Evidence> copy = evidence;
  return UseEvidence(mutation, &copy, use);
}

}  // namespace bangfu::blob
