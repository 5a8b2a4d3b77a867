// What a request's fields may hold, as the contract declares it ((bangfu.options.v1.rules)). The
// rules of a message are compiled to a plan once; a request that breaks several gets them all.
//
// Beyond the declared rules, always: enum values are known, texts are UTF-8, lists without
// max_items hold at most 1000 elements, messages nest at most 32 deep, google.type.Date is a day of
// the calendar, google.protobuf.Timestamp lies in the years 1 to 9999, numbers are finite.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace bangfu::contract {

class Validator {
 public:
  struct Plan;

  // The validator of a message type; compiled at the first call and kept for the life of the
  // process. FAILED_PRECONDITION FIELD_RULE_INVALID when a declared rule cannot be compiled (a bad
  // pattern, a rule on a field of another kind). Thread safe.
  static absl::StatusOr<const Validator*> For(const google::protobuf::Descriptor* type);

  // OK, or INVALID_ARGUMENT FIELD_INVALID with a violation per broken rule: proto path and zh-CN
  // text. What would not fit into the headers of an answer (about 4 kB) is counted in the last one.
  // `message` is of the type given to For. Thread safe.
  absl::Status Validate(const google::protobuf::Message& message) const;

  // Empties the fields that the server sets (`output_only`), wherever they are in the message: a
  // client that sends a record back as it was shown changes nothing by them. Thread safe.
  void ClearOutputOnly(google::protobuf::Message* message) const;

  ~Validator();
  Validator(const Validator&) = delete;
  Validator& operator=(const Validator&) = delete;

 private:
  Validator(const Plan* plan, bool has_output) : plan_(plan), has_output_(has_output) {}
  const Plan* plan_;
  const bool has_output_;  // some field below is output_only
};

}  // namespace bangfu::contract
