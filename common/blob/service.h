// The BlobService rpcs of a service, and how its own steps take evidence.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/blob/blob.h"
#include "common/blob/format.h"
#include "common/blob/store.h"
#include "common/metrics/metrics.h"
#include "common/mysql/session.h"
#include "common/rpc/call_context.h"
#include "common/rpc/mutation.h"
#include "common/rpc/router.h"

namespace bangfu::blob {

struct ServiceOptions {
  // The path in today's codes of a region code as filed; empty: the code itself, normalised.
  std::function<absl::StatusOr<std::string>(mysql::Executor& db, std::string_view code)>
      region_path;
  ArchiveLimits archive_limits;
};

// bangfu.blob.v1.BlobService: what its rpcs refuse is in the contract.
class BlobService {
 public:
  // `store` outlives the service.
  BlobService(Store& store, ServiceOptions options, metrics::Registry& metrics);

  void Register(rpc::Router& router);

  // Closes what no case took in time and removes the bytes of what is closed, in small steps; gives
  // the number of files that it dealt with. What the store refuses now is removed the next time.
  absl::StatusOr<int64_t> Sweep(mysql::Session& db, absl::Time now);

  // Brings the gauges of what is stored up to date. For a job: a scrape costs no query.
  absl::Status RefreshFigures(mysql::Executor& db);

 private:
  // Gauges of the files whose bytes are there, for some states of theirs.
  struct StoredGauges {
    std::vector<v1::BlobState> states;
    metrics::Gauge files, bytes;
  };
  absl::StatusOr<v1::Blob> Begin(rpc::CallContext& context, const v1::BeginUploadRequest& request);
  absl::StatusOr<v1::Blob> Put(rpc::CallContext& context, const v1::PutChunkRequest& request);
  absl::StatusOr<v1::Blob> Complete(rpc::CallContext& context,
                                    const v1::CompleteUploadRequest& request);
  absl::StatusOr<v1::Blob> Abandon(rpc::CallContext& context,
                                   const v1::AbandonUploadRequest& request);
  absl::StatusOr<std::unique_ptr<rpc::Subscription<v1::ReadBlobResponse>>> Read(
      rpc::CallContext& context, const v1::ReadBlobRequest& request);
  absl::StatusOr<v1::ReadChunkResponse> ReadChunk(rpc::CallContext& context,
                                                  const v1::ReadChunkRequest& request);
  absl::Status Verify(const rpc::CallContext& context, const v1::Blob& blob);
  absl::Status Refuse(rpc::CallContext& context, const v1::Blob& blob, const absl::Status& why);
  absl::Status RemoveBytes(mysql::Executor& db, const Ulid& id);

  Store& store_;
  const ServiceOptions options_;
  metrics::Counter begun_, completed_, refused_, abandoned_, swept_;
  metrics::Counter bytes_received_, bytes_kept_, bytes_read_;
  std::vector<StoredGauges> stored_;
};

// The case that a step gives its evidence to.
struct EvidenceUse {
  std::string case_type;  // "project": the aggregate's name
  Ulid case_id;
  std::string step;   // "ProposeOverride": the rpc
  std::string field;  // path of the list in the request: "project.evidence"
  // Kinds that the step takes, out of the table that tells them (workflow::Table::EvidenceKinds);
  // empty, or with workflow::kAnyEvidence among them: every kind of the list.
  std::vector<std::string> kinds;
};

// Takes each file for the case, in the step's transaction; a file that the case has already taken
// passes. What the upload knows of time and place is written into the evidence. Refusals are those
// of type.v1.Evidence, each with the paths of all items that are wrong.
absl::Status UseEvidence(rpc::Mutation& mutation,
                         google::protobuf::RepeatedPtrField<type::v1::Evidence>* evidence,
                         const EvidenceUse& use);
// The same for a step whose record keeps no list of its own: ListBlobs tells it by the case.
absl::Status UseEvidence(rpc::Mutation& mutation,
                         const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence,
                         const EvidenceUse& use);

}  // namespace bangfu::blob
