// What differs between two states of a record, field by field, in the words of the contract.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace bangfu::contract {

struct Difference {
  std::string field;     // proto path: "plan.measures[0].code"
  std::string label_zh;  // labels on the way, joined by "/"; a field without one is left out
  std::string before;    // empty: not set
  std::string after;
};

// The leaves that differ, in the order of the contract; a list is compared by position, or by the
// element's `id`, `code`, `key` or `class` where its message has such a field. Enum values are
// their labels, days 2026-10-31, instants Asia/Shanghai time. `before` and `after` are of one type.
std::vector<Difference> Compare(const google::protobuf::Message& before,
                                const google::protobuf::Message& after);

}  // namespace bangfu::contract
