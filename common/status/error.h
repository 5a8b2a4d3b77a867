// Errors are absl::Status with a reason that programs can switch on and a zh-CN text that a form
// can show. The details ride in the status's payloads as google.rpc.ErrorInfo, BadRequest,
// LocalizedMessage and RetryInfo (AIP-193), so that they cross the wire unchanged; this header
// needs no protobuf, so that domain code may use it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace bangfu {

struct FieldViolation {
  std::string field;        // proto path from the request: "project.declared_funding[1].amount_fen"
  std::string description;  // zh-CN, for the form
  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

struct ErrorDetail {
  std::string reason;  // UPPER_SNAKE_CASE: "OUT_OF_SCOPE"; unique in its domain
  std::string domain;  // "registry.bangfu"; "" = the shared vocabulary, "bangfu" on the wire
  std::map<std::string, std::string> metadata;  // what a program needs; crosses the wire
  std::string message_zh;                       // for the person in front of the form
  std::vector<FieldViolation> violations;
  absl::Duration retry_after = absl::ZeroDuration();  // zero: no word about trying again
};

// Builds a status: Error(absl::StatusCode::kFailedPrecondition,
// "OUT_OF_SCOPE").Zh("…").With("k","v").Build()
class Error {
 public:
  Error(absl::StatusCode code, std::string_view reason) : code_(code) { detail_.reason = reason; }
  Error& Zh(std::string_view message) {
    detail_.message_zh = message;
    return *this;
  }
  Error& Message(std::string_view english) {
    message_ = english;
    return *this;
  }  // default: the reason
  Error& Domain(std::string_view domain) {
    detail_.domain = domain;
    return *this;
  }
  Error& With(std::string_view key, std::string_view value) {
    detail_.metadata[std::string(key)] = value;
    return *this;
  }
  Error& Field(std::string_view field, std::string_view description_zh) {
    detail_.violations.push_back({std::string(field), std::string(description_zh)});
    return *this;
  }
  Error& RetryAfter(absl::Duration d) {
    detail_.retry_after = d;
    return *this;
  }
  absl::Status Build() const;
  operator absl::Status() const {
    return Build();
  }  // NOLINT(google-explicit-constructor): reads as a status

 private:
  absl::StatusCode code_;
  std::string message_;
  ErrorDetail detail_;
};

// Shorthands of the shared vocabulary.
Error InvalidField(std::string_view field,
                   std::string_view description_zh);             // INVALID_ARGUMENT FIELD_INVALID
Error NotFound(std::string_view resource, std::string_view id);  // NOT_FOUND RESOURCE_NOT_FOUND
Error FailedPrecondition(std::string_view reason, std::string_view message_zh);
Error EtagMismatch();  // ABORTED ETAG_MISMATCH

// The detail of a status; empty reason when it carries none.
ErrorDetail GetErrorDetail(const absl::Status& status);
// GetErrorDetail(status).reason.
std::string ReasonOf(const absl::Status& status);

}  // namespace bangfu
