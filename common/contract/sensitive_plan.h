// Where a type holds something sensitive, worked out once per type: an answer is masked and a
// record sealed by looking at these fields, not at all of them.
#pragma once

#include <vector>

#include "google/protobuf/descriptor.h"

namespace bangfu::contract {

struct SensitivePlan {
  struct Place {
    const google::protobuf::FieldDescriptor* field;
    bool text;  // a text marked sensitive; else a message that holds one somewhere
  };
  std::vector<Place> places;  // by field number
  bool empty() const { return places.empty(); }
};

// Lives as long as the process. Thread safe.
const SensitivePlan& SensitivePlanOf(const google::protobuf::Descriptor& type);

}  // namespace bangfu::contract
