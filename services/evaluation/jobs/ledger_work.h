// The ledger in the inbox: plans to make, measures to carry through, and who has to sign.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

std::vector<inbox::Kind> LedgerKinds();

// The name under which a unit's signature is work: its region code in a shape that tells it apart.
Ulid LedgerUnitId(const std::string& region_path);
// Units that sign for a record at a path: its village, township and county.
std::vector<std::string> SigningUnits(const std::string& region_path);
// Makes those wait for each other who change or sign the ledger of these units. Before a signature
// looks at the rows.
absl::Status ClaimUnits(mysql::Tx& tx, const std::vector<std::string>& units);

struct EntryWork {
  const LedgerRow* row = nullptr;
  const v1::LedgerEntry* message = nullptr;
};
// Makes the open items of entries (locked) what their states ask for.
absl::Status SyncEntries(mysql::Tx& tx, const std::vector<EntryWork>& entries,
                         const inbox::Act& act);
// The same for the open entries of these subjects: after an argument, or when a subject became
// void, verified or unverified.
absl::Status SyncEntriesOf(mysql::Tx& tx, const std::vector<Ulid>& subject_ids,
                           const inbox::Act& act);
// Brings the units of these paths up to their entries and signatures, and says who has to sign now:
// from the village up, each level once those below it have signed. After the entries or signatures
// were written, and after entries left a path (SyncSigning of both).
absl::Status SyncSigning(mysql::Tx& tx, const std::vector<std::string>& paths,
                         const inbox::Act& act);

inbox::Source EntrySource();
inbox::Source SigningSource();

}  // namespace bangfu::evaluation
