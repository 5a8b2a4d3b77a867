#include "common/blob/store.h"

#include "common/log/log.h"
#include "common/status/error.h"

namespace bangfu::blob {

absl::Status StoreUnavailable(std::string_view what) {
  // Addresses, buckets and what they answer are for the operator only.
  log::Warning("evidence store not available", {{"error", what}});
  return Error(absl::StatusCode::kUnavailable, "BLOB_STORE_UNAVAILABLE")
      .Message("the evidence store is not available")
      .Zh("文件存储暂时不可用，请稍后继续上传或下载")
      .RetryAfter(absl::Seconds(5));
}

absl::Status Damaged(std::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, "EVIDENCE_DAMAGED")
      .Message(what)
      .Zh("文件不完整或已损坏，请重新上传");
}

namespace {

class Nowhere final : public Store {
 public:
  absl::Status Put(const Ulid&, int64_t, std::string_view) override { return No(); }
  absl::Status Seal(const Ulid&, int64_t) override { return No(); }
  absl::StatusOr<std::string> Read(const Ulid&, int64_t, int64_t) override { return No(); }
  absl::Status Remove(const Ulid&) override { return No(); }

 private:
  static absl::Status No() { return StoreUnavailable("no place for evidence is configured"); }
};

}  // namespace

std::unique_ptr<Store> NoStore() { return std::make_unique<Nowhere>(); }

}  // namespace bangfu::blob
