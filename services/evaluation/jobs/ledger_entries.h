// Ledger entries as evaluations come into force and leave it: the rows, their roll-ups, their trail
// and their events, in the caller's transaction.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/audit/audit.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/feed/outbox.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/rollup_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

inline constexpr char kEntryAggregate[] = "ledger_entry";
inline constexpr char kSignatureAggregate[] = "ledger_signature";

// The message as it stands, with etag and state from the columns. DATA_LOSS when it cannot be read.
absl::StatusOr<v1::LedgerEntry> ToMessage(const LedgerRow& row);
// A changed message into its row: columns, details and what a signature covers.
void StoreMessage(const v1::LedgerEntry& message, LedgerRow& row);

// Who changes entries, and when: a caller's rpc or a job. The entry of the trail comes with
// everything but record, states and place filled in, for a record at that region path.
struct ChangeAuthor {
  std::function<audit::Entry(std::string_view region_path)> entry_of_trail;
  UlidGenerator& ids;
  absl::Time now;
  const auth::Caller* caller = nullptr;  // null: a job
};

// Changes of entries in one transaction. Lock, once, then PutInForce or Leave for each subject,
// then Write. Whoever puts in force or lets leave has locked the subjects before.
class EntryChanges {
 public:
  EntryChanges(mysql::Tx& tx, ChangeAuthor author) : tx_(tx), author_(std::move(author)) {}

  absl::Status Lock(const std::vector<Ulid>& subject_ids);
  // The class of `evaluation` is in force now. Of the same class as before, the entry stays with
  // its plan and takes the new figures; of another, it leaves (RECLASSIFIED) and a new one opens.
  void PutInForce(const v1::Evaluation& evaluation, const Ulid& evaluation_id,
                  const SubjectRow& subject);
  // The subject's open entry rests on an override that ended before `today`: re-evaluation is due.
  // Nothing changes when it does not, or is marked already.
  void MarkDue(const Ulid& subject_id, absl::CivilDay today);
  // Closes the subject's open entry, if it has one. `left_to` 0: out of the ledger.
  void Leave(const Ulid& subject_id, std::string_view reason, int left_to);
  absl::Status Write();

 private:
  struct Changed {
    LedgerRow row;
    v1::LedgerEntry before;
    v1::LedgerEntry message;
    bool is_new = false;
  };
  mysql::Tx& tx_;
  const ChangeAuthor author_;
  absl::flat_hash_map<Ulid, LedgerRow> open_;
  std::vector<Changed> changed_;
  ClassRollup rollup_;
  CloseOutRollup close_outs_;
};

// Pages of the feed's snapshot (Snapshots::Add).
absl::StatusOr<std::vector<feed::OutboxEvent>> PageLedgerEntries(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);
absl::StatusOr<std::vector<feed::OutboxEvent>> PageLedgerSignatures(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);

}  // namespace bangfu::evaluation
