#include "common/grants/copies.h"

#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::grants {
namespace {

// What DATETIME can hold, and no grant outlives.
const absl::Time kForever = absl::FromUnixSeconds(253370764800);  // 9999-01-01

class Copies final : public feed::EffectHandler {
 public:
  absl::Status Apply(mysql::Tx& tx, const feed::Batch& batch) override {
    std::map<std::string, type::v1::Grant> last;  // by id: the newest state of each
    for (const feed::v1::Event* event : batch.events) {
      if (event->aggregate_type() != kAggregate) continue;
      type::v1::Grant grant;
      if (!event->payload().UnpackTo(&grant) || !Ulid::Parse(grant.id()).ok()) {
        return Error(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED")
            .Message("a grant's event holds no grant");
      }
      std::string id = grant.id();
      last.insert_or_assign(std::move(id), std::move(grant));
    }
    std::vector<type::v1::Grant> grants;
    grants.reserve(last.size());
    for (auto& [id, grant] : last) grants.push_back(std::move(grant));
    // A snapshot is what the source has now, even where it went back to an older state.
    return Write(tx, grants, batch.generation, batch.snapshot);
  }

  absl::Status FinishSnapshot(mysql::Tx& tx, const std::string&, int64_t generation) override {
    RETURN_IF_ERROR(tx.Execute("UPDATE access_grant_version SET version = version + 1, "
                               "reloads = reloads + 1 WHERE id = 1")
                        .status());
    return tx.Execute("DELETE FROM access_grant WHERE generation < ?", {generation}).status();
  }
};

}  // namespace

absl::Time Until(const type::v1::Grant& grant) {
  absl::Time until = grant.has_valid_to() ? TimeOf(grant.valid_to()) : kForever;
  if (grant.state() == type::v1::GRANT_STATE_REVOKED) {
    until = std::min(until, TimeOf(grant.revoked_at()));
  }
  return std::min(until, kForever);
}

absl::Status Write(mysql::Tx& tx, const std::vector<type::v1::Grant>& grants, int64_t generation,
                   bool replace) {
  if (grants.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(
      tx.Execute("UPDATE access_grant_version SET version = version + 1 WHERE id = 1").status());
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query("SELECT version FROM access_grant_version WHERE id = 1"));
  if (rows.empty()) return absl::InternalError("access_grant_version has no row");
  const int64_t version = rows[0].Int(0);
  std::vector<mysql::Params> values;
  values.reserve(grants.size());
  for (const type::v1::Grant& grant : grants) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(grant.id()));
    int64_t record_version = 0;
    if (!absl::SimpleAtoi(grant.etag(), &record_version)) record_version = 0;
    values.push_back(
        {id, version, record_version, generation, Until(grant), grant.SerializeAsString()});
  }
  // record_version last: the conditions of the others look at what stood.
  constexpr char kNewer[] =
      "ON DUPLICATE KEY UPDATE book_version = VALUES(book_version), "
      "generation = VALUES(generation), "
      "until_at = IF(VALUES(record_version) >= record_version, VALUES(until_at), until_at), "
      "record = IF(VALUES(record_version) >= record_version, VALUES(record), record), "
      "record_version = GREATEST(VALUES(record_version), record_version)";
  constexpr char kAsGiven[] =
      "ON DUPLICATE KEY UPDATE book_version = VALUES(book_version), "
      "generation = VALUES(generation), until_at = VALUES(until_at), record = VALUES(record), "
      "record_version = VALUES(record_version)";
  return mysql::BulkInsert(tx, "access_grant",
                           "id, book_version, record_version, generation, until_at, record", values,
                           replace ? kAsGiven : kNewer)
      .status();
}

std::shared_ptr<feed::EffectHandler> NewCopies() { return std::make_shared<Copies>(); }

absl::Status NameOrganisation(mysql::Executor& db, audit::Actor* actor) {
  const absl::StatusOr<Ulid> id = Ulid::Parse(actor->grant_id);
  if (!id.ok()) return absl::OkStatus();  // the right came with the token
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT record FROM access_grant WHERE id = ?", {*id}));
  type::v1::Grant grant;
  if (rows.empty() || !grant.ParseFromString(rows[0].String(0))) return absl::OkStatus();
  actor->org_code = grant.org_code();
  actor->org_name = grant.org_name();
  return absl::OkStatus();
}

}  // namespace bangfu::grants
