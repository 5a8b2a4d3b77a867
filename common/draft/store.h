// Drafts in the database. Each function names the owner: there is no other way to a draft.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::draft {

struct Draft {
  Ulid id;
  int64_t version = 1;
  std::string form;   // full name of the rpc
  std::string title;  // sealed in the database, as the content is
  Ulid subject_id;    // zero: about no record
  std::string content;
  int64_t size_bytes = 0;
  absl::Time created_at, updated_at, expires_at;
};

// Makes other saves of the owner wait, and counts what the owner has that has not expired.
absl::StatusOr<int64_t> ClaimAndCount(mysql::Tx& tx, std::string_view owner, absl::Time now);

absl::Status Insert(mysql::Tx& tx, std::string_view owner, const Draft& draft);
// Replaces what stands at `version`; false when it is another one by now, or gone.
absl::StatusOr<bool> Replace(mysql::Tx& tx, std::string_view owner, const Draft& draft,
                             int64_t version);
// False as above; nullopt: whatever version it is.
absl::StatusOr<bool> Remove(mysql::Tx& tx, std::string_view owner, const Ulid& id,
                            std::optional<int64_t> version);

// nullopt: there is none, it is another's, or it has expired.
absl::StatusOr<std::optional<Draft>> Find(mysql::Executor& db, std::string_view owner,
                                          const Ulid& id, absl::Time now);

struct ListQuery {
  std::string form;  // empty: all
  Ulid subject_id;   // zero: all
  Ulid before;       // zero: from the newest on
  int limit = 50;
};
// Without their content, the newest first.
absl::StatusOr<std::vector<Draft>> List(mysql::Executor& db, std::string_view owner,
                                        const ListQuery& query, absl::Time now);

// Removes some of what has expired; gives how many, 0 when nothing is left.
absl::StatusOr<int64_t> Sweep(mysql::Session& db, absl::Time now);

}  // namespace bangfu::draft
