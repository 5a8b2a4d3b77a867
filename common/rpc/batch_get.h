// What every BatchGet answers: the records in the order asked for, and the ids that are not there
// or not visible.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/status/macros.h"
#include "google/protobuf/repeated_field.h"

namespace bangfu::rpc {

using Ids = google::protobuf::RepeatedPtrField<std::string>;

inline absl::StatusOr<std::vector<Ulid>> ParseIds(const Ids& texts) {
  std::vector<Ulid> ids;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(text));
    ids.push_back(id);
  }
  return ids;
}

// `found` in any order; a record knows its id().
template <typename Record>
void AnswerInOrder(const std::vector<Ulid>& asked, const std::vector<Record>& found,
                   google::protobuf::RepeatedPtrField<Record>* records, Ids* missing) {
  std::map<std::string, const Record*> by_id;
  for (const Record& record : found) by_id[record.id()] = &record;
  for (const Ulid& id : asked) {
    const auto one = by_id.find(id.ToString());
    if (one == by_id.end()) {
      *missing->Add() = id.ToString();
    } else {
      *records->Add() = *one->second;
    }
  }
}

}  // namespace bangfu::rpc
