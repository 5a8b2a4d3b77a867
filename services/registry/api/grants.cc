#include "services/registry/api/grants.h"

#include <set>

#include "common/audit/audit.h"
#include "common/base/region.h"
#include "common/feed/outbox.h"
#include "common/grants/copies.h"
#include "services/registry/api/convert.h"
#include "services/registry/store/reference_id.h"

namespace bangfu::registry {
namespace {

constexpr char kProvince[] = "36";

}  // namespace

type::v1::Grant GrantMessage(const GrantRow& row) {
  auto grant = FromBytes<type::v1::Grant>(row.bytes);
  grant.set_id(row.facts.id.ToString());
  grant.set_etag(EtagOf(row.version));
  return grant;
}

absl::Status EnsureFirstAdmin(mysql::Session& session, absl::Time now, const std::string& subject,
                              const std::string& name) {
  return mysql::Transact(session, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const bool any, AnyGrant(tx));
    if (any) return absl::OkStatus();
    GrantRow row;
    row.facts.id = IdOfKey("grant", "first_admin");
    row.facts.person = subject;
    row.facts.role = options::v1::ROLE_ORG_ADMIN;
    row.facts.regions = {kProvince};
    row.facts.validity.from = now;
    row.region_path = kProvince;
    type::v1::Grant grant;
    grant.set_id(row.facts.id.ToString());
    grant.set_person(subject);
    grant.set_person_name(name);
    grant.set_role(options::v1::ROLE_ORG_ADMIN);
    type::v1::GrantRegion& region = *grant.add_regions();
    region.set_code(kProvince);
    region.set_region_path(kProvince);
    SetTime(now, grant.mutable_valid_from());
    grant.set_state(type::v1::GRANT_STATE_ACTIVE);
    grant.mutable_granted_by()->set_subject("system");
    SetTime(now, grant.mutable_granted_at());
    grant.set_etag(EtagOf(1));
    row.bytes = ToBytes(grant);
    RETURN_IF_ERROR(LockPersons(tx, {subject}));
    const absl::Status inserted = InsertGrants(tx, {row});
    if (mysql::IsDuplicateKey(inserted)) return absl::OkStatus();  // another process was quicker
    RETURN_IF_ERROR(inserted);
    audit::Entry entry;
    entry.aggregate_type = grants::kAggregate;
    entry.aggregate_id = row.facts.id;
    entry.region_path = kProvince;
    entry.action = "bootstrap_admin";
    entry.actor.subject = "system";
    entry.after_json = audit::ToJson(grant);
    entry.occurred_at = now;
    RETURN_IF_ERROR(audit::Append(tx, entry));
    RETURN_IF_ERROR(feed::Publish(
        tx, feed::MakeEvent(grants::kAggregate, row.facts.id, kProvince, grant, now)));
    return grants::Write(tx, {grant});
  });
}

absl::Status RecodeGrants(mysql::Tx& tx, const std::string& from, const std::string& to,
                          absl::Time now, const audit::Entry* audited) {
  ASSIGN_OR_RETURN(std::vector<GrantRow> rows, MoveGrants(tx, from, to));
  std::vector<type::v1::Grant> moved;
  std::vector<feed::OutboxEvent> events;
  std::vector<audit::Entry> trail;
  for (GrantRow& row : rows) {
    const type::v1::Grant before = GrantMessage(row);
    ++row.version;
    type::v1::Grant grant = GrantMessage(row);
    const auto had = grant.regions();
    grant.clear_regions();
    std::set<std::string> paths;  // a grant of both regions is one of one now
    for (const type::v1::GrantRegion& region : had) {
      std::string path = region.region_path();
      if (RegionContains(from, path)) path = Cat(to, path.substr(from.size()));
      if (!paths.insert(path).second) continue;
      type::v1::GrantRegion& moved_one = *grant.add_regions();
      moved_one = region;
      moved_one.set_region_path(path);
    }
    row.region_path = CommonRegion(row.facts.regions);
    row.bytes = ToBytes(grant);
    RETURN_IF_ERROR(RewriteGrant(tx, row));
    events.push_back(
        feed::MakeEvent(grants::kAggregate, row.facts.id, row.region_path, grant, now));
    if (audited != nullptr) {
      audit::Entry& entry = trail.emplace_back(*audited);
      entry.aggregate_type = grants::kAggregate;
      entry.aggregate_id = row.facts.id;
      entry.region_path = row.region_path;
      entry.before_json = audit::ToJson(before);
      entry.after_json = audit::ToJson(grant);
      entry.occurred_at = now;
    }
    moved.push_back(std::move(grant));
  }
  if (!trail.empty()) RETURN_IF_ERROR(audit::AppendBatch(tx, trail));
  RETURN_IF_ERROR(feed::PublishBatch(tx, events));
  return grants::Write(tx, moved);
}

}  // namespace bangfu::registry
