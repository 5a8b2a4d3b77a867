// What a person has filled in of a form: JSON that is held to the form's request as far as a draft
// can be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/draft/v1/draft_service.pb.h"
#include "google/protobuf/descriptor.h"

namespace bangfu::draft {

// No draft is larger, whatever the province sets.
inline constexpr size_t kLargestBytes = 64 << 10;

struct Content {
  // The request as the contract writes it: fields by their proto names; without `request_id` and
  // `validate_only`, which belong to a submission, and without what the server sets.
  std::string json;
  // What its rules would refuse; but for what the client sets when it submits.
  std::vector<v1::DraftProblem> problems;
};

// INVALID_ARGUMENT DRAFT_CONTENT_INVALID with a violation per field that `form` does not have and
// per value of another type than the field's, by their paths in the form; an empty path: the text
// is no JSON object. Fields may have the contract's names or lowerCamelCase ones; null is not
// filled.
absl::StatusOr<Content> ReadContent(const google::protobuf::Descriptor& form,
                                    std::string_view json);

}  // namespace bangfu::draft
