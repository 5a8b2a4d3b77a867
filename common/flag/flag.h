// Flags on records (审计标记): an auditor names what is wrong or unclear in a record of this
// service, the office of the record's region answers, an auditor closes the flag with its outcome.
// Nothing of it touches the record: what a flag is put on is known by the audit trail alone, so
// every record that has one can be flagged, and no service has to do anything for it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/audit/v1/record_flag.pb.h"
#include "common/base/region.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/workflow/calendar.h"
#include "common/workflow/workflow.h"

namespace bangfu::flag {

namespace v1 = audit::v1;

// What flags are called in the audit trail and in the inbox.
inline constexpr char kAggregate[] = "record_flag";

// What the transition table looks at.
struct Subject {
  v1::RecordFlagState state = v1::RECORD_FLAG_STATE_UNSPECIFIED;
  // Of the region whose office answers: county, city or province.
  RegionLevel office = RegionLevel::kCounty;
  workflow::Person flagged_by;
  workflow::Person answered_by;
};
Subject SubjectOf(const v1::RecordFlag& flag);
// Actions answer, close, withdraw.
const workflow::Table<v1::RecordFlagState, Subject>& Transitions();

// A flag as it is first put; the state is OPEN.
struct NewFlag {
  Ulid id;
  std::string subject_type;
  Ulid subject_id;
  std::string region_path;
  std::string reason;
  std::optional<workflow::Deadline> answer_due;
  type::v1::Actor flagged_by;
};
absl::StatusOr<v1::RecordFlag> Insert(mysql::Tx& tx, const NewFlag& flag, absl::Time now);

// NOT_FOUND outside of the regions.
absl::StatusOr<v1::RecordFlag> Get(mysql::Executor& db, const Ulid& id,
                                   const std::vector<std::string>& scope);
// Those of the ids that are there, in no order.
absl::StatusOr<std::vector<v1::RecordFlag>> GetMany(mysql::Executor& db,
                                                    const std::vector<Ulid>& ids,
                                                    const std::vector<std::string>& scope);
// Get, locked for a change in this transaction, with the etag checked unless it is empty (ABORTED
// ETAG_MISMATCH).
absl::StatusOr<v1::RecordFlag> GetForUpdate(mysql::Tx& tx, const Ulid& id,
                                            const std::vector<std::string>& scope,
                                            std::string_view etag);

struct ListQuery {
  std::vector<std::string> scope;
  std::string region;  // prefix of region_path; empty: all
  std::optional<Ulid> subject_id;
  v1::RecordFlagState state = v1::RECORD_FLAG_STATE_UNSPECIFIED;  // all
  std::string after_region_path;
  Ulid after_id;  // zero: first page
  int limit = 50;
};
// By (region_path, id).
absl::StatusOr<std::vector<v1::RecordFlag>> List(mysql::Executor& db, const ListQuery& query);

// Each takes a flag from GetForUpdate in the same transaction, checks the table and gives the flag
// as it is afterwards. PERMISSION_DENIED FLAG_OF_ANOTHER_OFFICE, FLAG_OF_ANOTHER_PERSON;
// FAILED_PRECONDITION SAME_PERSON.
//
// `close_due`: by when the answered flag is closed.
absl::StatusOr<v1::RecordFlag> Answer(mysql::Tx& tx, const v1::RecordFlag& flag,
                                      std::string_view answer, const workflow::Deadline& close_due,
                                      const workflow::Actor& actor,
                                      const type::v1::Actor& answered_by, absl::Time now);
// WITHDRAWN of one that waits for its answer is the action withdraw, all else is close.
absl::StatusOr<v1::RecordFlag> Close(mysql::Tx& tx, const v1::RecordFlag& flag,
                                     v1::RecordFlagOutcome outcome, std::string_view note,
                                     const workflow::Actor& actor, const type::v1::Actor& closed_by,
                                     absl::Time now);

}  // namespace bangfu::flag
