// Supervision notices (督办/协调通知): an office above asks something of a region below by a day,
// the region's own office answers, and the office that asked returns the answer or closes the
// notice. Nothing of it touches the record that a notice may name, which is known by the audit
// trail alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/notice/v1/notice.pb.h"
#include "common/auth/caller.h"
#include "common/base/region.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/workflow/calendar.h"
#include "common/workflow/workflow.h"

namespace bangfu::notice {

// What notices are called in the audit trail, in the feed and in the inbox.
inline constexpr char kAggregate[] = "supervision_notice";
// Files of all answers to one notice.
inline constexpr int kMaxEvidence = 50;

// What the transition table looks at.
struct Subject {
  v1::NoticeState state = v1::NOTICE_STATE_UNSPECIFIED;
  RegionLevel addressed = RegionLevel::kCounty;  // whose office answers
  RegionLevel issuer = RegionLevel::kCity;       // whose office asked
  workflow::Person issued_by;
  workflow::Person answered_by;  // empty: nobody yet
};
Subject SubjectOf(const v1::SupervisionNotice& notice);
// Actions answer, return, close, withdraw.
const workflow::Table<v1::NoticeState, Subject>& Transitions();

// The role of the office of a region of this level.
struct OfficeRole {
  auth::Role role;
  RegionLevel level;
};
// What may send a notice, and what may answer one.
const std::vector<OfficeRole>& IssuingRoles();
const std::vector<OfficeRole>& AnsweringRoles();
// That of the office whose step of Transitions() it is; empty: no office there takes it.
std::vector<auth::Role> ActingRoles(const v1::SupervisionNotice& notice, std::string_view action);

// `notice` as it is first sent: without state, etag and times. OPEN afterwards.
absl::StatusOr<v1::SupervisionNotice> Insert(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                                             absl::Time now);

// NOT_FOUND outside of the regions.
absl::StatusOr<v1::SupervisionNotice> Get(mysql::Executor& db, const Ulid& id,
                                          const std::vector<std::string>& scope);
// Those of the ids that are there, in no order.
absl::StatusOr<std::vector<v1::SupervisionNotice>> GetMany(mysql::Executor& db,
                                                           const std::vector<Ulid>& ids,
                                                           const std::vector<std::string>& scope);
// Get, locked for a change in this transaction, with the etag checked unless it is empty (ABORTED
// ETAG_MISMATCH).
absl::StatusOr<v1::SupervisionNotice> GetForUpdate(mysql::Tx& tx, const Ulid& id,
                                                   const std::vector<std::string>& scope,
                                                   std::string_view etag);
// Those of the ids that are there, wherever, by id and locked in that order.
absl::StatusOr<std::vector<v1::SupervisionNotice>> Lock(mysql::Tx& tx,
                                                        const std::vector<Ulid>& ids);
// At most `limit` with id > `after`, by id, inside the regions (nullopt: all).
absl::StatusOr<std::vector<v1::SupervisionNotice>> ListById(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);

struct Filter {
  std::vector<std::string> scope;
  std::string region;  // prefix of region_path; empty: all
  v1::NoticeKind kind = v1::NOTICE_KIND_UNSPECIFIED;
  v1::NoticeMatter matter = v1::NOTICE_MATTER_UNSPECIFIED;
  // Sent by, or addressed to, one of these very regions.
  v1::NoticeSide side = v1::NOTICE_SIDE_UNSPECIFIED;
  std::vector<std::string> own_regions{};
};
struct ListQuery {
  Filter filter;
  v1::NoticeState state = v1::NOTICE_STATE_UNSPECIFIED;  // all
  std::optional<absl::CivilDay> due_before;  // the term to review of those ANSWERED, else to answer
  std::optional<Ulid> subject_id, dispatch_id;
  std::string after_region_path;
  Ulid after_id;  // zero: first page
  int limit = 50;
};
// By (region_path, id).
absl::StatusOr<std::vector<v1::SupervisionNotice>> List(mysql::Executor& db,
                                                        const ListQuery& query);
// By state; what waits on `today` past its term, for an answer or for its review.
absl::StatusOr<std::vector<v1::SupervisionNoticeCount>> Count(mysql::Executor& db,
                                                              const Filter& filter,
                                                              absl::CivilDay today);

// Each takes a notice from GetForUpdate in the same transaction, checks the table and gives the
// notice as it is afterwards. PERMISSION_DENIED NOTICE_OF_ANOTHER_OFFICE; FAILED_PRECONDITION
// SAME_PERSON.
//
// `take` makes the files those of the notice, and is called when all else is checked; `review_due`:
// by when the office that asked looks at the answer.
using EvidenceList = google::protobuf::RepeatedPtrField<type::v1::Evidence>;
absl::StatusOr<v1::SupervisionNotice> Answer(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                                             std::string_view answer, EvidenceList evidence,
                                             const std::function<absl::Status(EvidenceList*)>& take,
                                             const workflow::Deadline& review_due,
                                             const workflow::Actor& actor,
                                             const type::v1::Actor& by, absl::Time now);
absl::StatusOr<v1::SupervisionNotice> Return(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                                             std::string_view reason,
                                             const workflow::Deadline& answer_due,
                                             const workflow::Actor& actor,
                                             const type::v1::Actor& by, absl::Time now);
// `action`: close or withdraw.
absl::StatusOr<v1::SupervisionNotice> End(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                                          std::string_view action, std::string_view note,
                                          const workflow::Actor& actor, const type::v1::Actor& by,
                                          absl::Time now);

}  // namespace bangfu::notice
