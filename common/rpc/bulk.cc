#include "common/rpc/bulk.h"

#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/status/error.h"

namespace bangfu::rpc {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

// A request id holds at most 64 characters; this much of a digest is unique among them.
constexpr size_t kIdDigits = 40;

}  // namespace

std::string ItemRequestId(std::string_view request_id, std::string_view item_id) {
  return Cat("bulk:", Sha256Hex(Cat(request_id, "\n", item_id)).substr(0, kIdDigits));
}

type::v1::Refusal RefusalOf(const absl::Status& status) {
  const ErrorDetail detail = GetErrorDetail(status);
  type::v1::Refusal refusal;
  refusal.set_code(static_cast<int32_t>(status.code()));
  refusal.set_reason(detail.reason);
  refusal.set_message_zh(detail.message_zh);
  for (const FieldViolation& violation : detail.violations) {
    type::v1::RefusedField& field = *refusal.add_fields();
    field.set_field(violation.field);
    field.set_message_zh(violation.description);
  }
  return refusal;
}

type::v1::BulkResult DoneItem(const std::string& id, const Message& record) {
  type::v1::BulkResult result;
  result.set_id(id);
  result.set_done(true);
  const auto& reflection = *record.GetReflection();
  const auto* descriptor = record.GetDescriptor();
  const FieldDescriptor* etag = descriptor->FindFieldByName("etag");
  if (etag != nullptr) result.set_etag(reflection.GetString(record, etag));
  const FieldDescriptor* state = descriptor->FindFieldByName("state");
  if (state != nullptr && state->enum_type() != nullptr) {
    const int number = reflection.GetEnumValue(record, state);
    const auto* value = state->enum_type()->FindValueByNumber(number);
    if (value != nullptr) result.set_state(value->name());
    result.set_state_zh(contract::EnumText(*state->enum_type(), number));
  }
  return result;
}

type::v1::BulkResult RefusedItem(const std::string& id, const absl::Status& status) {
  type::v1::BulkResult result;
  result.set_id(id);
  *result.mutable_refusal() = RefusalOf(status);
  return result;
}

bool EndsBulk(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

}  // namespace bangfu::rpc
