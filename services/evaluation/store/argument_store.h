// SQL of argument records (论证) and the signatures of their panels.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

struct ArgumentRow {
  Ulid id;
  Ulid subject_id;
  std::string region_path;
  int conclusion = 0;   // number of evaluation.v1.ArgumentConclusion
  int named_class = 0;  // number of type.v1.FourClass
  std::string cause;
  absl::CivilDay argued_on;
  std::string payload;  // evaluation.v1.ArgumentRecord as it was recorded; never changed
  absl::Time recorded_at;
  int state = 0;  // number of evaluation.v1.ArgumentState
  int64_t version = 1;
  // evaluation.v1.ArgumentWithdrawal; nullopt: it was not withdrawn.
  std::optional<std::string> withdrawal;
};
absl::Status InsertArgument(mysql::Tx& tx, const ArgumentRow& row);
// NOT_FOUND when there is none in scope (region prefixes; nullopt: anywhere).
absl::StatusOr<ArgumentRow> GetArgument(mysql::Executor& db, const Ulid& id,
                                        const std::optional<std::vector<std::string>>& scope);
// Those of the ids that exist in scope, by id.
absl::StatusOr<std::vector<ArgumentRow>> GetArguments(
    mysql::Executor& db, const std::vector<Ulid>& ids,
    const std::optional<std::vector<std::string>>& scope);
// Locked until the transaction ends; the subject is locked before.
absl::StatusOr<ArgumentRow> LockArgument(mysql::Tx& tx, const Ulid& id);
// Newest first per subject.
absl::StatusOr<std::vector<ArgumentRow>> LoadArguments(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids,
    const std::optional<std::vector<std::string>>& scope = std::nullopt);
// Writes state and withdrawal of a locked row and counts its version up, in the row as well.
absl::Status UpdateArgument(mysql::Tx& tx, ArgumentRow& row);
// Ids of those whose panel has not signed, upwards after an id.
absl::StatusOr<std::vector<Ulid>> PageUnsignedArguments(mysql::Executor& db, const Ulid& after,
                                                        int limit);

struct ArgumentSignatureRow {
  Ulid argument_id;
  std::string person;
  int opinion = 0;  // number of evaluation.v1.PanelOpinion
  std::string dissent;
  absl::Time signed_at;
};
absl::Status InsertArgumentSignature(mysql::Tx& tx, const ArgumentSignatureRow& row);
// Of these arguments, by argument and person.
absl::StatusOr<std::vector<ArgumentSignatureRow>> LoadArgumentSignatures(
    mysql::Executor& db, const std::vector<Ulid>& argument_ids);

}  // namespace bangfu::evaluation
