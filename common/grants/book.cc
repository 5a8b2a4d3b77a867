#include "common/grants/book.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "common/grants/copies.h"
#include "common/status/macros.h"

namespace bangfu::grants {
namespace {

constexpr absl::Duration kRemembered = absl::Hours(24 * 31);
constexpr int kChanges = 1000;

void DropGrant(const Ulid& id, std::vector<auth::Grant>* grants) {
  grants->erase(std::remove_if(grants->begin(), grants->end(),
                               [&](const auth::Grant& grant) { return grant.id == id; }),
                grants->end());
}

}  // namespace

std::shared_ptr<const auth::SubjectGrants> GrantBook::Of(std::string_view subject,
                                                         bool is_client) const {
  std::shared_lock lock(mu_);
  const Subjects& subjects = is_client ? clients_ : people_;
  const auto found = subjects.find(subject);
  return found == subjects.end() ? nullptr : found->second;
}

absl::Status GrantBook::Put(std::string_view record, Subjects* people, Subjects* clients) {
  type::v1::Grant grant;
  if (!grant.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    return absl::DataLossError("a row of access_grant holds no grant");
  }
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(grant.id()));
  Subjects& subjects = grant.is_client() ? *clients : *people;
  auto& slot = subjects[grant.person()];
  auto held = slot == nullptr ? std::make_shared<auth::SubjectGrants>()
                              : std::make_shared<auth::SubjectGrants>(*slot);
  DropGrant(id, &held->grants);
  DropGrant(id, &held->revoked);
  if (!grant.person_name().empty()) held->name = grant.person_name();
  const bool revoked = grant.state() == type::v1::GRANT_STATE_REVOKED;
  auto& list = revoked ? held->revoked : held->grants;
  list.reserve(list.size() + static_cast<size_t>(grant.regions_size()));
  for (const type::v1::GrantRegion& region : grant.regions()) {
    auth::Grant one;
    one.role = grant.role();
    one.region_path = region.region_path();
    one.clauses.assign(grant.scope().clauses().begin(), grant.scope().clauses().end());
    one.fund_sources.assign(grant.scope().fund_sources().begin(),
                            grant.scope().fund_sources().end());
    one.industries.assign(grant.scope().industries().begin(), grant.scope().industries().end());
    one.id = id;
    one.from = TimeOf(grant.valid_from());
    if (revoked) {
      one.to = Until(grant);
    } else if (grant.has_valid_to()) {
      one.to = TimeOf(grant.valid_to());
    }
    one.delegated_by = grant.delegated_by().person();
    list.push_back(std::move(one));
  }
  slot = std::move(held);
  return absl::OkStatus();
}

absl::Status GrantBook::ReadAll(mysql::Session& session, absl::Time now) {
  Subjects people, clients;
  RETURN_IF_ERROR(
      session.Stream("SELECT record FROM access_grant WHERE until_at > ?", {now - kRemembered},
                     [&](const mysql::Row& row) { return Put(row.String(0), &people, &clients); }));
  std::unique_lock lock(mu_);
  people_.swap(people);
  clients_.swap(clients);
  return absl::OkStatus();
}

absl::Status GrantBook::ReadChanges(mysql::Session& session, int64_t after) {
  Ulid after_id;
  bool whole = true;  // the version `after` was read to its end
  while (true) {
    absl::StatusOr<mysql::Rows> rows =
        whole ? session.Query(
                    "SELECT book_version, id, record FROM access_grant "
                    "WHERE book_version > ? ORDER BY book_version, id LIMIT ?",
                    {after, kChanges})
              : session.Query(
                    "SELECT book_version, id, record FROM access_grant "
                    "WHERE book_version >= ? AND (book_version > ? OR id > ?) "
                    "ORDER BY book_version, id LIMIT ?",
                    {after, after, after_id, kChanges});
    RETURN_IF_ERROR(rows.status());
    {
      std::unique_lock lock(mu_);
      for (const mysql::Row& row : *rows) {
        RETURN_IF_ERROR(Put(row.String(2), &people_, &clients_));
      }
    }
    if (rows->size() < kChanges) return absl::OkStatus();
    after = rows->back().Int(0);
    after_id = rows->back().Id(1);
    whole = false;
  }
}

absl::Status GrantBook::Refresh(mysql::Session& session, absl::Time now) {
  std::lock_guard refreshing(refreshing_);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   session.Query("SELECT version, reloads FROM access_grant_version WHERE id = 1"));
  if (rows.empty()) return absl::InternalError("access_grant_version has no row");
  // Read before the rows: what is committed meanwhile is read again next time.
  const int64_t version = rows[0].Int(0);
  const int64_t reloads = rows[0].Int(1);
  if (version == version_ && reloads == reloads_) return absl::OkStatus();
  // A version that went back: the database was restored under us.
  if (reloads != reloads_ || version < version_) {
    RETURN_IF_ERROR(ReadAll(session, now));
    reloads_ = reloads;
  } else {
    RETURN_IF_ERROR(ReadChanges(session, version_));
  }
  version_.store(version, std::memory_order_release);
  return absl::OkStatus();
}

}  // namespace bangfu::grants
