// Publicity (公示): one shape for admission, class, close-out, disposal and the rest. What is made
// public stays so for the full period; objections are answered by another person; from the day
// after the last it is ENDED, and it has passed when it is concluded with no objection open.
//
// Each change bumps the publicity's version, so that an objection and a conclusion at the same
// moment cannot both win.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/publicity/v1/publicity.pb.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/publicity/calendar.h"
#include "common/workflow/workflow.h"

namespace bangfu::publicity {

// Working days in which an objection is answered (§3.9).
inline constexpr int kObjectionAnswerDays = 5;
// How long an answer may take, where the service has it as data.
struct AnswerPeriod {
  int days = kObjectionAnswerDays;
  DayKind kind = DayKind::kWorking;
};

// The service's copy of the work calendar for these years, both included.
using CalendarLookup = std::function<absl::StatusOr<Calendar>(
    mysql::Executor&, absl::civil_year_t first, absl::civil_year_t last)>;

using EvidenceList = google::protobuf::RepeatedPtrField<type::v1::Evidence>;
// Evidence that comes with a step.
struct Brought {
  EvidenceList evidence;
  // Makes the files those of the case, once the step is found to be allowed (blob::UseEvidence);
  // empty: they are.
  std::function<absl::Status(EvidenceList*)> take;
};
// Files of the showing that a publicity has at most.
inline constexpr int kMaxEvidence = 50;

struct NewPublicity {
  Ulid id;
  std::string region_path;
  std::string subject_type;
  Ulid subject_id;
  std::string kind;
  std::vector<std::string> channels;  // at least one
  std::string url;
  std::string content_sha256;  // of what is shown
  int days_required = 0;       // > 0; from reference data
  DayKind day_kind = DayKind::kNatural;
  type::v1::Actor started_by;
  EvidenceList evidence;        // of the showing, taken by the publicity
  int64_t evidence_wanted = 0;  // before it passes, for the inbox
};

// Begins today (Asia/Shanghai). ALREADY_EXISTS PUBLICITY_RUNNING while one of the same subject and
// kind is running; INVALID_ARGUMENT for what is missing.
absl::StatusOr<v1::Publicity> Start(mysql::Tx& tx, const NewPublicity& publicity,
                                    const CalendarLookup& calendar, absl::Time now);

// What the transition table looks at.
struct Subject {
  v1::PublicityState state = v1::PUBLICITY_STATE_UNSPECIFIED;
  absl::CivilDay today;
  absl::CivilDay to;
  int open_objections = 0;
  int evidence = 0;             // files of the showing that are there
  int64_t evidence_wanted = 0;  // before it passes
  v1::ObjectionState decision = v1::OBJECTION_STATE_UNSPECIFIED;  // of the call
  // Who recorded the objections that the call could decide.
  std::vector<workflow::Person> recorders;
};
// Actions raise_objection, decide_objection, add_evidence, conclude; of the system alone: end (the
// clock's) and cancel (the owner's own step).
const workflow::Table<v1::PublicityState, Subject>& Transitions();
// The publicity at this moment: ENDED from the day after the last, unless that is provisional. What
// is read from the database is as it was left; every answer and every step goes by this.
v1::Publicity AsOf(v1::Publicity publicity, absl::Time now);

// The publicity with its objections; names of those who objected are masked. NOT_FOUND outside of
// the regions.
absl::StatusOr<v1::Publicity> Get(mysql::Executor& db, const Ulid& id,
                                  const std::vector<std::string>& scope);
// Those of the ids that are there, in no order.
absl::StatusOr<std::vector<v1::Publicity>> GetMany(mysql::Executor& db,
                                                   const std::vector<Ulid>& ids,
                                                   const std::vector<std::string>& scope);
// Get with the names as they were given, for the one rpc that records who looks.
absl::StatusOr<v1::Publicity> GetUnmasked(mysql::Executor& db, const Ulid& id,
                                          const std::vector<std::string>& scope);
// Get, locked for a change in this transaction, with the etag checked unless it is empty (ABORTED
// ETAG_MISMATCH).
absl::StatusOr<v1::Publicity> GetForUpdate(mysql::Tx& tx, const Ulid& id,
                                           const std::vector<std::string>& scope,
                                           std::string_view etag);
// The newest publicity of a subject and kind, whatever its state.
absl::StatusOr<std::optional<v1::Publicity>> Latest(mysql::Executor& db, const Ulid& subject_id,
                                                    std::string_view kind);

struct ListQuery {
  std::vector<std::string> scope;
  std::string region;  // prefix of region_path; empty: all
  std::optional<Ulid> subject_id;
  v1::PublicityState state = v1::PUBLICITY_STATE_UNSPECIFIED;  // all
  absl::CivilDay today;                                        // that the state is asked for
  std::string after_region_path;
  Ulid after_id;  // zero: first page
  int limit = 50;
};
// By (region_path, id). With the objections, masked.
absl::StatusOr<std::vector<v1::Publicity>> List(mysql::Executor& db, const ListQuery& query);

// By id, for snapshots; nullopt: of all regions.
absl::StatusOr<std::vector<v1::Publicity>> ListById(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);

// Each takes a publicity from GetForUpdate in the same transaction, checks the table and gives the
// publicity as it is afterwards.
//
// FAILED_PRECONDITION PUBLICITY_NOT_RUNNING outside of the period. `recorded_by`: the actor, and on
// whose behalf. `brought`: what the objector did.
absl::StatusOr<v1::Publicity> RaiseObjection(mysql::Tx& tx, const v1::Publicity& publicity,
                                             const Ulid& objection_id, std::string_view raised_by,
                                             std::string_view text, const workflow::Actor& actor,
                                             const workflow::Person& recorded_by,
                                             const CalendarLookup& calendar, absl::Time now,
                                             AnswerPeriod answer = {}, Brought brought = {});
// Evidence of the showing. FAILED_PRECONDITION EVIDENCE_ALREADY_LISTED, EVIDENCE_TOO_MANY.
absl::StatusOr<v1::Publicity> AddEvidence(mysql::Tx& tx, const v1::Publicity& publicity,
                                          Brought brought, const workflow::Actor& actor,
                                          absl::Time now);
// NOT_FOUND for another objection; FAILED_PRECONDITION OBJECTION_DECIDED, SAME_PERSON (who recorded
// it does not decide it, nor one of whom either is the deputy). UPHELD ends the publicity.
absl::StatusOr<v1::Publicity> DecideObjection(mysql::Tx& tx, const v1::Publicity& publicity,
                                              const Ulid& objection_id, v1::ObjectionState decision,
                                              std::string_view reply, const workflow::Actor& actor,
                                              const type::v1::Actor& handled_by, absl::Time now);
// PASSED. FAILED_PRECONDITION PUBLICITY_PERIOD_RUNNING until the last day is over (the calendar is
// asked again when the day was provisional), OBJECTION_OPEN, PUBLICITY_EVIDENCE_MISSING with fewer
// files of the showing than `evidence_wanted`.
absl::StatusOr<v1::Publicity> Conclude(mysql::Tx& tx, const v1::Publicity& publicity,
                                       const workflow::Actor& actor, const CalendarLookup& calendar,
                                       absl::Time now, int64_t evidence_wanted = 0);
// The owner's own step: the subject is withdrawn or its content changed.
absl::StatusOr<v1::Publicity> Cancel(mysql::Tx& tx, const v1::Publicity& publicity, absl::Time now);

// What the actor could do with it now, or why not.
std::vector<workflow::AllowedAction> Allowed(const v1::Publicity& publicity,
                                             const workflow::Actor& actor,
                                             const std::vector<workflow::Person>& open_recorders,
                                             absl::Time now, int64_t evidence_wanted = 0);
// Who recorded the objections that are still open, by publicity.
absl::StatusOr<std::map<Ulid, std::vector<workflow::Person>>> OpenRecorders(
    mysql::Executor& db, const std::vector<Ulid>& publicity_ids);

}  // namespace bangfu::publicity
