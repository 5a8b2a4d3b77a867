// Numbers that records bear in other systems (外部编号): a system's number names one record of a
// kind. The table is made by schema.h.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::external {

using Ids = google::protobuf::RepeatedPtrField<type::v1::ExternalId>;

// Makes `ids` the numbers of the record; none frees those that it had. `field`: what a refusal
// names. INVALID_ARGUMENT for a number that comes twice; ALREADY_EXISTS EXTERNAL_ID_TAKEN.
absl::Status PutExternalIds(mysql::Tx& tx, std::string_view kind, const Ulid& record,
                            const Ids& ids, std::string_view field);

// The record of the kind that has this number in that system.
absl::StatusOr<std::optional<Ulid>> FindByExternalId(mysql::Executor& db, std::string_view kind,
                                                     std::string_view system, std::string_view id);

}  // namespace bangfu::external
