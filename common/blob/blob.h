// Evidence files in the database: what was announced, how far it has come, and the one case that
// each serves. The bytes are in a Store (store.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/blob/v1/blob_service.pb.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::blob {

inline constexpr char kAggregate[] = "blob";
// Settings (reference data), with the names that the registry's parameters have.
inline constexpr char kKeepHours[] = "EVIDENCE_KEEP_HOURS";
inline constexpr char kQuotaMib[] = "EVIDENCE_QUOTA_MIB";

// What a kind of evidence may be (reference data).
struct Kind {
  std::string code;
  std::string name_zh;
  std::string formats;  // "jpeg,png": names of Formats()
  int64_t max_bytes = 0;
  bool valid = true;
};

// nullopt: no such kind, or not any more.
absl::StatusOr<std::optional<Kind>> FindKind(mysql::Executor& db, std::string_view code);
// From the registry's code list, as its attributes `formats` and `max_mib` say; a kind without them
// keeps what it has, or gets those of OTHER.
absl::Status PutKind(mysql::Tx& tx, std::string_view code, std::string_view name_zh,
                     std::string_view formats, int64_t max_mib, bool valid);
// Another value of one of the settings above; other codes are ignored.
absl::Status PutSetting(mysql::Tx& tx, std::string_view code, int64_t value);
absl::StatusOr<int64_t> Setting(mysql::Executor& db, std::string_view code);

// The file, when it is visible: to who began it in every state, to who sees its region from
// COMPLETE on. NOT_FOUND otherwise.
absl::StatusOr<v1::Blob> Get(mysql::Executor& db, const Ulid& id, std::string_view subject,
                             const std::vector<std::string>& scope);
// The caller's own, in any state; NOT_FOUND when it is another's.
absl::StatusOr<v1::Blob> GetOwn(mysql::Executor& db, const Ulid& id, std::string_view subject);

// A new upload, within the person's quota: RESOURCE_EXHAUSTED EVIDENCE_QUOTA.
absl::Status Insert(mysql::Tx& tx, const v1::Blob& blob, absl::Time now, absl::Time expires);

// The bytes up to `end` are in the store; false when others were quicker, or it is closed.
absl::StatusOr<bool> Advance(mysql::Executor& db, const Ulid& id, int64_t from, int64_t end);

// BEGUN → COMPLETE; false when it is not BEGUN any more.
absl::StatusOr<bool> MarkComplete(mysql::Tx& tx, const Ulid& id, absl::Time now);
// BEGUN or COMPLETE, taken by no case → REFUSED or SWEPT; gives the quota back. False when it is
// otherwise by now.
absl::StatusOr<bool> Close(mysql::Tx& tx, const v1::Blob& blob, v1::BlobState to,
                           std::string_view reason);

struct ListQuery {
  std::vector<std::string> scope;
  std::string region;  // a prefix; empty: all of the scope
  std::string case_type;
  Ulid case_id;
  std::string after_region_path;
  Ulid after_id;
  int limit = 50;
};
// COMPLETE ones by (region_path, id).
absl::StatusOr<std::vector<v1::Blob>> List(mysql::Executor& db, const ListQuery& query);

// The files of these ids, in any state and region, locked: those that a step is about to take.
absl::StatusOr<std::vector<v1::Blob>> LockAll(mysql::Tx& tx, const std::vector<Ulid>& ids);
// The file serves this case from now on; false when another case was quicker.
absl::StatusOr<bool> Take(mysql::Tx& tx, const v1::Blob& blob, const v1::BlobUse& use,
                          absl::Time now);

// At most `limit` files whose time is over and that no case has taken.
absl::StatusOr<std::vector<v1::Blob>> Expired(mysql::Executor& db, absl::Time now, int limit);
// Files that are closed and whose bytes may still be there.
absl::StatusOr<std::vector<Ulid>> ToRemove(mysql::Executor& db, int limit);
absl::Status MarkRemoved(mysql::Executor& db, const Ulid& id);

// Files of a state whose bytes may lie in the store, and those bytes: as announced when COMPLETE,
// as received otherwise. Reads one key of what is complete, the rows of the rest, which are few.
struct Stored {
  int64_t files = 0;
  int64_t bytes = 0;
};
absl::StatusOr<Stored> CountStored(mysql::Executor& db, v1::BlobState state);

}  // namespace bangfu::blob
