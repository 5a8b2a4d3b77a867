#include "common/status/wire.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"

namespace bangfu {
namespace {

constexpr int kLastCode = static_cast<int>(absl::StatusCode::kUnauthenticated);

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  out.set_code(static_cast<int32_t>(status.code()));
  out.set_message(std::string(status.message()));
  std::map<std::string, std::string> details;  // Abseil visits in an order of its own
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& bytes) {
    if (absl::StartsWith(url, "type.googleapis.com/")) {
      details.emplace(std::string(url), std::string(bytes));
    }
  });
  for (auto& [url, bytes] : details) {
    auto* any = out.add_details();
    any->set_type_url(url);
    any->set_value(std::move(bytes));
  }
  return out;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  const bool canonical = status.code() >= 0 && status.code() <= kLastCode;
  absl::Status out(
      canonical ? static_cast<absl::StatusCode>(status.code()) : absl::StatusCode::kUnknown,
      status.message());
  for (const auto& any : status.details()) out.SetPayload(any.type_url(), absl::Cord(any.value()));
  return out;
}

}  // namespace bangfu
