// Numbers that records bear in other systems (外部编号): a system's number names one record of a
// kind. The table is made by schema.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::external {

using Ids = google::protobuf::RepeatedPtrField<type::v1::ExternalId>;
// A system, and what the record is called there.
using Number = std::pair<std::string, std::string>;
std::vector<Number> NumbersOf(const Ids& ids);

// Makes `ids` the numbers of the record; none frees those that it had. `field`: what a refusal
// names. INVALID_ARGUMENT for a number that comes twice; ALREADY_EXISTS EXTERNAL_ID_TAKEN.
absl::Status PutExternalIds(mysql::Tx& tx, std::string_view kind, const Ulid& record,
                            const Ids& ids, std::string_view field);

// The record of the kind that has this number in that system.
absl::StatusOr<std::optional<Ulid>> FindByExternalId(mysql::Executor& db, std::string_view kind,
                                                     std::string_view system, std::string_view id);

// For services that write many records in a few statements, and for those whose refusals differ.

// Those of the numbers that records of the kind bear, and whose they are; one statement for each
// system.
absl::StatusOr<std::map<Number, Ulid>> FindExternalIds(mysql::Executor& db, std::string_view kind,
                                                       const std::vector<Number>& numbers);
// The numbers of records that have none, or none any more. ALREADY_EXISTS DUPLICATE_KEY for one
// that another record bears, and for one that comes twice.
absl::Status InsertExternalIds(mysql::Tx& tx, std::string_view kind,
                               const std::vector<std::pair<Ulid, Number>>& rows);
// The records bear none any more.
absl::Status DeleteExternalIds(mysql::Tx& tx, std::string_view kind,
                               const std::vector<Ulid>& records);

}  // namespace bangfu::external
