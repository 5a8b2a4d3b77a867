// The evidence room over a real server and a directory, with a store that can be away.
#pragma once

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "common/audit/schema.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/blob/blob_for_test.h"
#include "common/blob/schema.h"
#include "common/blob/service.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/recode/schema.h"
#include "common/status/error.h"
#include "common/testing/held_grants.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::blob {

using auth::Role;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::SmallPdf;

inline constexpr char kApi[] = "bangfu.blob.v1.BlobService.";

class TempFolder {
 public:
  TempFolder() {
    std::string name = std::filesystem::temp_directory_path() / "bangfu-blob-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  // Names of all files below, in order.
  std::vector<std::string> Files() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      if (entry.is_regular_file()) out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  std::string path_;
};

// A store that can be away.
class Fickle final : public Store {
 public:
  explicit Fickle(std::unique_ptr<Store> store) : store_(std::move(store)) {}
  absl::Status Put(const Ulid& id, int64_t offset, std::string_view data) override {
    return away ? StoreUnavailable("away") : store_->Put(id, offset, data);
  }
  absl::Status Seal(const Ulid& id, int64_t size) override {
    return away ? StoreUnavailable("away") : store_->Seal(id, size);
  }
  absl::StatusOr<std::string> Read(const Ulid& id, int64_t offset, int64_t length) override {
    if (away) return StoreUnavailable("away");
    return store_->Read(id, offset, length);
  }
  absl::Status Remove(const Ulid& id) override {
    return away ? StoreUnavailable("away") : store_->Remove(id);
  }
  std::atomic<bool> away = false;

 private:
  const std::unique_ptr<Store> store_;
};

class BlobServiceTest : public ::testing::Test {
 protected:
  BlobServiceTest()
      : store_(*OpenDirectory(Cat(folder_.path(), "/evidence"))),
        service_(store_, {}, metrics_),
        server_({.services = {"bangfu.blob.v1.BlobService"},
                 .migrations = migrate::Concat(Schema(), feed::Schema(), idempotency::Schema(),
                                               audit::Schema(), recode::Schema()),
                 .server = grants_.ServerOptions()},
                [this](rpc::Router& router) { service_.Register(router); }),
        village_(Token("v1", "360733101201")),
        county_(Token("c1", "360733")),
        neighbour_(Token("n1", "360734")) {}

  std::string Token(const std::string& person, const std::string& region) {
    return server_.Token(Role::ROLE_COUNTY_OPERATOR, region, person);
  }
  std::string NewId() { return Cat("request-", ++requests_); }

  v1::BeginUploadRequest Announce(const std::string& bytes, const std::string& kind = "CONTRACT",
                                  const std::string& type = "application/pdf") {
    v1::BeginUploadRequest request;
    request.set_request_id(NewId());
    request.set_kind(kind);
    request.set_title("租赁合同");
    request.set_content_type(type);
    request.set_size_bytes(static_cast<int64_t>(bytes.size()));
    request.set_sha256(Sha256Hex(bytes));
    request.set_region_code("360733101201");
    return request;
  }
  absl::StatusOr<v1::Blob> Begin(const v1::BeginUploadRequest& request, const std::string& token) {
    return server_.Call<v1::Blob>(Cat(kApi, "BeginUpload"), request, token);
  }
  absl::StatusOr<v1::Blob> Put(const std::string& id, int64_t offset, std::string_view data,
                               const std::string& token) {
    v1::PutChunkRequest request;
    request.set_id(id);
    request.set_offset(offset);
    request.set_data(std::string(data));
    return server_.Call<v1::Blob>(Cat(kApi, "PutChunk"), request, token);
  }
  absl::StatusOr<v1::Blob> Complete(const std::string& id, const std::string& token) {
    v1::CompleteUploadRequest request;
    request.set_request_id(NewId());
    request.set_id(id);
    return server_.Call<v1::Blob>(Cat(kApi, "CompleteUpload"), request, token);
  }
  absl::StatusOr<v1::Blob> Get(const std::string& id, const std::string& token) {
    v1::GetBlobRequest request;
    request.set_id(id);
    return server_.Call<v1::Blob>(Cat(kApi, "GetBlob"), request, token);
  }
  absl::StatusOr<std::string> Read(const std::string& id, const std::string& token,
                                   int64_t offset = 0) {
    v1::ReadBlobRequest request;
    request.set_id(id);
    request.set_offset(offset);
    auto blocks = server_.Read<v1::ReadBlobResponse>(Cat(kApi, "ReadBlob"), request, token);
    if (!blocks.ok()) return blocks.status();
    std::string out;
    for (const v1::ReadBlobResponse& block : *blocks) {
      EXPECT_EQ(block.offset(), offset + static_cast<int64_t>(out.size()));
      out += block.data();
    }
    return out;
  }
  absl::StatusOr<v1::Blob> Upload(const std::string& bytes, const std::string& token,
                                  const std::string& kind = "CONTRACT",
                                  const std::string& type = "application/pdf") {
    auto blob = Begin(Announce(bytes, kind, type), token);
    for (size_t at = 0; blob.ok() && at < bytes.size(); at += 1 << 20) {
      blob = Put(blob->id(), static_cast<int64_t>(at), std::string_view(bytes).substr(at, 1 << 20),
                 token);
    }
    return blob.ok() ? Complete(blob->id(), token) : blob;
  }

  // A step of a service, by this person, with this evidence.
  absl::Status Step(mysql::Session& db, const std::string& person, const std::string& region,
                    const type::v1::Evidence& evidence, const EvidenceUse& use) {
    auth::Caller caller;
    caller.subject = person;
    caller.grants = {{.role = Role::ROLE_COUNTY_OPERATOR, .region_path = region}};
    return Step(db, caller, evidence, use);
  }
  absl::Status Step(mysql::Session& db, const auth::Caller& caller,
                    const type::v1::Evidence& evidence, const EvidenceUse& use) {
    rpc::CallContext context{.caller = caller,
                             .db = db,
                             .clock = server_.clock(),
                             .ids = server_.ids(),
                             .now = server_.clock().Now(),
                             .deadline = absl::InfiniteFuture(),
                             .method = "bangfu.testing.v1.Steps.Step",
                             .trace_id = "",
                             .scope = caller.Scope(),
                             .roles = {},
                             .cancelled = {}};
    return mysql::Transact(db, [&](mysql::Tx& tx) {
      rpc::Mutation m(context, tx, "");
      google::protobuf::RepeatedPtrField<type::v1::Evidence> list;
      *list.Add() = evidence;
      return UseEvidence(m, &list, use);
    });
  }
  absl::Status Step(const type::v1::Evidence& evidence, const EvidenceUse& use) {
    return Step(server_.database().db(), "c1", "360733", evidence, use);
  }
  EvidenceUse Case(std::vector<std::string> kinds = {}) {
    return {"contract", server_.ids().Next(), "SignContract", "evidence", std::move(kinds)};
  }
  static type::v1::Evidence EvidenceOf(const v1::Blob& blob) {
    type::v1::Evidence evidence;
    evidence.set_kind(blob.kind());
    evidence.set_title(blob.title());
    evidence.set_sha256(blob.sha256());
    evidence.set_size_bytes(blob.size_bytes());
    evidence.set_blob_id(blob.id());
    return evidence;
  }
  int64_t Waiting(const std::string& person) {
    return server_.database().Int(Cat(
        "SELECT COALESCE(SUM(waiting_bytes), 0) FROM blob_quota WHERE subject = '", person, "'"));
  }

  TempFolder folder_;
  metrics::Registry metrics_;
  Fickle store_;
  BlobService service_;
  ::bangfu::testing::HeldGrants grants_;
  RpcServer server_;
  const std::string village_, county_, neighbour_;
  int requests_ = 0;
};

}  // namespace bangfu::blob
