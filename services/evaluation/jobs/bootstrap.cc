#include "services/evaluation/jobs/bootstrap.h"

#include "bangfu/evaluation/v1/events.pb.h"
#include "common/audit/audit.h"
#include "common/base/region.h"
#include "common/feed/outbox.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/criteria_message.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/store/criteria_store.h"

namespace bangfu::evaluation {

namespace {

// Earlier periods are judged by nothing: there was no baseline.
constexpr absl::CivilDay kInForceFrom(2025, 1, 1);

}  // namespace

absl::Status SeedBaseline(mysql::Session& db, UlidGenerator& ids, absl::Time now) {
  const Ulid id = ids.Next();
  return mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
    RETURN_IF_ERROR(ClaimCriteriaScope(tx, kProvinceCode));
    ASSIGN_OR_RETURN(int32_t version, NextCriteriaVersion(tx, kProvinceCode));
    if (version > 1) return absl::OkStatus();
    const CriteriaSet baseline = DefaultCriteria();
    CriteriaRow row;
    row.id = id;
    row.region_code = kProvinceCode;
    row.version_no = version;
    row.state = kCriteriaActive;
    row.effective_from = kInForceFrom;
    row.content = CanonicalJson(baseline);
    row.content_sha256 = ContentHash(baseline);
    row.note_zh = baseline.note;
    row.created_by = "system";
    v1::CriteriaSet message;
    message.mutable_created_by()->set_subject("system");
    message.mutable_created_by()->set_name("系统初始化");
    *message.mutable_activated_by() = message.created_by();
    SetTime(now, message.mutable_created_at());
    StoreActors(message, row);
    RETURN_IF_ERROR(InsertCriteria(tx, row));
    v1::CriteriaSetChanged changed;
    ASSIGN_OR_RETURN(*changed.mutable_criteria_set(), ToMessage(row));
    audit::Entry entry;
    entry.aggregate_type = "criteria_set";
    entry.aggregate_id = id;
    entry.region_path = kProvinceCode;
    entry.action = "seed_baseline";
    entry.actor.subject = "system";
    entry.actor.name = "系统初始化";
    entry.after_json = audit::ToJson(changed.criteria_set());
    entry.occurred_at = now;
    RETURN_IF_ERROR(audit::Append(tx, entry));
    return feed::Publish(tx, feed::MakeEvent("criteria_set", id, kProvinceCode, changed, now));
  });
}

}  // namespace bangfu::evaluation
