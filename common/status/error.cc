#include "common/status/error.h"

#include <utility>

#include "absl/strings/cord.h"
#include "common/base/strings.h"
#include "google/rpc/error_details.pb.h"

namespace bangfu {
namespace {

// The vocabulary that every area shares; an ErrorDetail names it by an empty domain.
constexpr std::string_view kSharedDomain = "bangfu";
constexpr std::string_view kLocale = "zh-CN";
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";
constexpr char kLocalizedMessageUrl[] = "type.googleapis.com/google.rpc.LocalizedMessage";
constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

template <typename Message>
void Put(absl::Status& status, const char* url, const Message& message) {
  status.SetPayload(url, absl::Cord(message.SerializeAsString()));
}

// False when the status has no such payload or it does not parse: an unreadable detail of a peer
// counts as absent, the code and the message still hold.
template <typename Message>
bool Get(const absl::Status& status, const char* url, Message& message) {
  const auto payload = status.GetPayload(url);
  return payload.has_value() && message.ParseFromString(std::string(*payload));
}

}  // namespace

absl::Status Error::Build() const {
  absl::Status status(code_, message_.empty() ? detail_.reason : message_);
  google::rpc::ErrorInfo info;
  info.set_reason(detail_.reason);
  info.set_domain(detail_.domain.empty() ? std::string(kSharedDomain) : detail_.domain);
  for (const auto& [key, value] : detail_.metadata) (*info.mutable_metadata())[key] = value;
  Put(status, kErrorInfoUrl, info);
  if (!detail_.message_zh.empty()) {
    google::rpc::LocalizedMessage localized;
    localized.set_locale(std::string(kLocale));
    localized.set_message(detail_.message_zh);
    Put(status, kLocalizedMessageUrl, localized);
  }
  if (!detail_.violations.empty()) {
    google::rpc::BadRequest bad_request;
    for (const FieldViolation& violation : detail_.violations) {
      auto* out = bad_request.add_field_violations();
      out->set_field(violation.field);
      out->set_description(violation.description);
    }
    Put(status, kBadRequestUrl, bad_request);
  }
  if (detail_.retry_after > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    absl::Duration rest;
    retry.mutable_retry_delay()->set_seconds(
        absl::IDivDuration(detail_.retry_after, absl::Seconds(1), &rest));
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
    Put(status, kRetryInfoUrl, retry);
  }
  return status;
}

Error InvalidField(std::string_view field, std::string_view description_zh) {
  return Error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID")
      .Message(Cat("invalid field: ", field))
      .Zh(Cat("填写有误：", description_zh))
      .Field(field, description_zh);
}

Error NotFound(std::string_view resource, std::string_view id) {
  return Error(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND")
      .Message(Cat(resource, " not found: ", id))
      .Zh("未找到该记录，或不在您的管辖范围内")
      .With("resource", resource)
      .With("id", id);
}

Error FailedPrecondition(std::string_view reason, std::string_view message_zh) {
  return Error(absl::StatusCode::kFailedPrecondition, reason).Zh(message_zh);
}

Error EtagMismatch() {
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH")
      .Message("the record has changed since it was read")
      .Zh("记录已被他人修改，请刷新后再提交");
}

ErrorDetail GetErrorDetail(const absl::Status& status) {
  ErrorDetail detail;
  if (google::rpc::ErrorInfo info; Get(status, kErrorInfoUrl, info)) {
    detail.reason = info.reason();
    if (info.domain() != kSharedDomain) detail.domain = info.domain();
    detail.metadata.insert(info.metadata().begin(), info.metadata().end());
  }
  if (google::rpc::LocalizedMessage localized; Get(status, kLocalizedMessageUrl, localized)) {
    detail.message_zh = localized.message();
  }
  if (google::rpc::BadRequest bad_request; Get(status, kBadRequestUrl, bad_request)) {
    for (const auto& violation : bad_request.field_violations()) {
      detail.violations.push_back({violation.field(), violation.description()});
    }
  }
  if (google::rpc::RetryInfo retry; Get(status, kRetryInfoUrl, retry)) {
    detail.retry_after = absl::Seconds(retry.retry_delay().seconds()) +
                         absl::Nanoseconds(retry.retry_delay().nanos());
  }
  return detail;
}

std::string ReasonOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  return Get(status, kErrorInfoUrl, info) ? info.reason() : "";
}

}  // namespace bangfu
