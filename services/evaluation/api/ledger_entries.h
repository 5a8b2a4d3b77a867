// Ledger entries as evaluations come into force and leave it: the rows, their roll-up, their trail and
// their events, in the caller's transaction.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/rpc/mutation.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

inline constexpr char kEntryAggregate[] = "ledger_entry";
inline constexpr char kSignatureAggregate[] = "ledger_signature";

// An audit row in the caller's name, for AppendBatch.
audit::Entry EntryOfTrail(rpc::Mutation& m, std::string_view aggregate_type, const Ulid& id,
                          std::string_view region_path, const google::protobuf::Message* before,
                          const google::protobuf::Message& after, std::string_view reason = "");

// The message as it stands, with etag and state from the columns. DATA_LOSS when it cannot be read.
absl::StatusOr<v1::LedgerEntry> ToMessage(const LedgerRow& row);
// A changed message into its row: columns, details and what a signature covers.
void StoreMessage(const v1::LedgerEntry& message, LedgerRow& row);

// Changes of entries of one mutation. Lock, then PutInForce or Leave for each subject, then Write.
class EntryChanges {
 public:
  explicit EntryChanges(rpc::Mutation& m) : m_(m) {}

  absl::Status Lock(const std::vector<Ulid>& subject_ids);
  // The class of `evaluation` is in force now. Of the same class as before, the entry stays with its
  // plan and takes the new figures; of another, it leaves (RECLASSIFIED) and a new one opens.
  void PutInForce(const v1::Evaluation& evaluation, const Ulid& evaluation_id,
                  const SubjectRow& subject);
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
  rpc::Mutation& m_;
  absl::flat_hash_map<Ulid, LedgerRow> open_;
  std::vector<Changed> changed_;
  ClassRollup rollup_;
};

// Pages of the feed's snapshot (Snapshots::Add).
absl::StatusOr<std::vector<feed::OutboxEvent>> PageLedgerEntries(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);
absl::StatusOr<std::vector<feed::OutboxEvent>> PageLedgerSignatures(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);

}  // namespace bangfu::evaluation
