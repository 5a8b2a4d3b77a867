// The fields that the reasons of a return name, and their labels.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/strings.h"
#include "common/contract/field_names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace bangfu::workflow {

// Fills the label of each reason's field, which is one of `part` for a reason with a subject and of
// one of `whole` (one at least; the first one's goes before) for one without. INVALID_ARGUMENT that
// proposes fields for one that is not there.
inline absl::Status LabelFields(google::protobuf::RepeatedPtrField<type::v1::ReturnReason>& reasons,
                                const std::vector<const google::protobuf::Descriptor*>& whole,
                                const google::protobuf::Descriptor& part) {
  for (int i = 0; i < reasons.size(); ++i) {
    type::v1::ReturnReason& reason = reasons[i];
    reason.clear_field_label_zh();
    if (reason.field().empty()) continue;
    std::optional<std::string> label;
    const std::vector<const google::protobuf::Descriptor*> messages =
        reason.subject_id().empty() ? whole
                                    : std::vector<const google::protobuf::Descriptor*>{&part};
    for (const auto* message : messages) {
      if (!label) label = contract::LabelOfPath(*message, reason.field());
    }
    if (!label) {
      return contract::NoSuchField(messages, reason.field(), Cat("reasons[", i, "].field"));
    }
    reason.set_field_label_zh(*std::move(label));
  }
  return absl::OkStatus();
}

}  // namespace bangfu::workflow
