#include "common/idempotency/idempotency.h"

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/seal/seal.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace bangfu::idempotency {
namespace {

constexpr int kSweepBatch = 1000;
// Answers hold what their records hold, names and telephone numbers too.
constexpr char kResponse[] = "idempotency_key.response";

// Lengths before the parts: "a" + "bc" and "ab" + "c" are two keys.
std::string Hash(const Key& key) {
  return Sha256(absl::StrCat(key.caller.size(), ":", key.caller, key.method.size(), ":", key.method,
                             key.request_id));
}

}  // namespace

std::string BodyBytes(const google::protobuf::Message& message) {
  std::string out;
  {
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return out;
}

absl::StatusOr<std::optional<std::string>> Begin(mysql::Tx& tx, const Key& key,
                                                 std::string_view body, absl::Time now) {
  const std::string hash = Hash(key);
  const std::string body_hash = Sha256(body);
  // Insert first: the row's lock makes a second run of the same request wait until this one ends.
  absl::Status inserted =
      tx.Execute(
            "INSERT INTO idempotency_key (key_hash, caller, method, request_id, body_hash, "
            "response, created_at) VALUES (?, ?, ?, ?, ?, NULL, ?)",
            {hash, key.caller, key.method, key.request_id, body_hash, now})
          .status();
  if (inserted.ok()) return std::optional<std::string>();
  if (!mysql::IsDuplicateKey(inserted)) return inserted;
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      tx.Query("SELECT body_hash, response FROM idempotency_key WHERE key_hash = ?", {hash}));
  if (rows.empty()) return mysql::Conflict();  // swept in between: run again
  if (rows[0].String(0) != body_hash) {
    return Error(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED")
        .Zh("请求编号已用于内容不同的请求")
        .Field("request_id", "请求编号已用于内容不同的请求");
  }
  if (rows[0].IsNull(1)) {
    return Error(absl::StatusCode::kInternal, "REQUEST_NOT_COMPLETED")
        .Message("the first run of this request committed without storing its answer")
        .Zh("系统内部错误");
  }
  ASSIGN_OR_RETURN(std::string response, seal::OpenBytes(rows[0].String(1), kResponse));
  return std::optional<std::string>(std::move(response));
}

absl::Status Complete(mysql::Tx& tx, const Key& key, std::string_view response) {
  ASSIGN_OR_RETURN(
      int64_t updated,
      tx.Execute("UPDATE idempotency_key SET response = ? WHERE key_hash = ? AND response IS NULL",
                 {seal::SealBytes(response, kResponse), Hash(key)}));
  if (updated == 1) return absl::OkStatus();
  return Error(absl::StatusCode::kInternal, "REQUEST_NOT_BEGUN")
      .Message("an answer is stored without Begin, or twice")
      .Zh("系统内部错误");
}

absl::StatusOr<int64_t> Sweep(mysql::Session& db, absl::Time now) {
  int64_t total = 0;
  while (true) {
    ASSIGN_OR_RETURN(int64_t deleted, mysql::Transact(db, [&](mysql::Tx& tx) {
                       return tx.Execute(
                           "DELETE FROM idempotency_key WHERE created_at < ? "
                           "ORDER BY created_at, key_hash LIMIT ?",
                           {now - kLifetime, kSweepBatch});
                     }));
    total += deleted;
    if (deleted < kSweepBatch) return total;
  }
}

}  // namespace bangfu::idempotency
