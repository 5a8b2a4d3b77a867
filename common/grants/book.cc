#include "common/grants/book.h"

#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "common/grants/copies.h"
#include "common/status/macros.h"

namespace bangfu::grants {
namespace {

constexpr absl::Duration kRemembered = absl::Hours(24 * 31);
constexpr int kChanges = 1000;

constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();

}  // namespace

auth::Grant GrantBook::Expand(const Right& right) {
  auth::Grant grant;
  grant.role = static_cast<auth::Role>(right.role);
  grant.region_path.assign(right.region.data(), strnlen(right.region.data(), right.region.size()));
  grant.id = right.id;
  grant.from = absl::FromUnixMicros(right.from_us);
  if (right.to_us != kNoEnd) grant.to = absl::FromUnixMicros(right.to_us);
  if (right.organisation != nullptr) {
    grant.org_code = right.organisation->first;
    grant.org_name = right.organisation->second;
  }
  if (right.extra != nullptr) {
    grant.clauses = right.extra->clauses;
    grant.fund_sources = right.extra->fund_sources;
    grant.industries = right.extra->industries;
    grant.delegated_by = right.extra->delegated_by;
  }
  return grant;
}

std::shared_ptr<const auth::SubjectGrants> GrantBook::Of(std::string_view subject,
                                                         bool is_client) const {
  std::shared_lock lock(mu_);
  const Subjects& subjects = is_client ? clients_ : people_;
  const auto found = subjects.find(subject);
  if (found == subjects.end()) return nullptr;
  auto held = std::make_shared<auth::SubjectGrants>();
  held->name = found->second.name;
  for (const Right& right : found->second.rights) {
    (right.revoked ? held->revoked : held->grants).push_back(Expand(right));
  }
  return held;
}

absl::Status GrantBook::Put(std::string_view record, bool over, Subjects* people,
                            Subjects* clients) {
  type::v1::Grant grant;
  if (!grant.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    return absl::DataLossError("a row of access_grant holds no grant");
  }
  // What a client was ever granted is never forgotten: its token counts where nothing was.
  if (over && !grant.is_client()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(grant.id()));
  Held& held = (grant.is_client() ? *clients : *people)[grant.person()];
  std::erase_if(held.rights, [&](const Right& right) { return right.id == id; });
  if (!grant.person_name().empty()) held.name = grant.person_name();
  const bool revoked = grant.state() == type::v1::GRANT_STATE_REVOKED;
  const type::v1::GrantScope& scope = grant.scope();
  const bool plain = scope.clauses().empty() && scope.fund_sources().empty() &&
                     scope.industries().empty() && !grant.has_delegated_by();
  const Organisation* organisation =
      grant.org_code().empty() ? nullptr
                               : &*organisations_.emplace(grant.org_code(), grant.org_name()).first;
  held.rights.reserve(held.rights.size() + static_cast<size_t>(grant.regions_size()));
  for (const type::v1::GrantRegion& region : grant.regions()) {
    Right right;
    right.id = id;
    right.from_us = absl::ToUnixMicros(TimeOf(grant.valid_from()));
    right.to_us = revoked || grant.has_valid_to() ? absl::ToUnixMicros(Until(grant)) : kNoEnd;
    right.role = static_cast<uint8_t>(grant.role());
    right.revoked = revoked;
    right.organisation = organisation;
    region.region_path().copy(right.region.data(), right.region.size());
    if (!plain) {
      right.extra = std::make_unique<const Extra>(
          Extra{{scope.clauses().begin(), scope.clauses().end()},
                {scope.fund_sources().begin(), scope.fund_sources().end()},
                {scope.industries().begin(), scope.industries().end()},
                grant.delegated_by().person()});
    }
    held.rights.push_back(std::move(right));
  }
  return absl::OkStatus();
}

absl::Status GrantBook::ReadAll(mysql::Session& session, absl::Time now) {
  Subjects people, clients;
  RETURN_IF_ERROR(session.Stream(
      "SELECT record, until_at <= ? FROM access_grant", {now - kRemembered},
      [&](const mysql::Row& row) { return Put(row.String(0), row.Bool(1), &people, &clients); }));
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
        RETURN_IF_ERROR(Put(row.String(2), false, &people_, &clients_));
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
