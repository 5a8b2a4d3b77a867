#include "services/evaluation/jobs/overrides.h"

#include <map>

#include "bangfu/evaluation/v1/events.pb.h"
#include "common/audit/audit.h"
#include "common/base/bp.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/store/override_store.h"
#include "services/evaluation/store/rollup_store.h"

namespace bangfu::evaluation {

namespace {

constexpr int kChunk = 200;

audit::Entry SystemEntry(std::string_view action, std::string_view reason, absl::Time now) {
  audit::Entry entry;
  entry.action = action;
  entry.actor.subject = "system";
  entry.actor.name = "系统";
  entry.reason = reason;
  entry.occurred_at = now;
  return entry;
}

absl::Status NoticeCounty(mysql::Tx& tx, const std::string& county, const Figures& sums,
                          int64_t limit_bp, const Ulid& new_id, absl::Time now) {
  const int64_t share = RatioBp(sums.overridden, sums.count);
  ASSIGN_OR_RETURN(OverrideNoticeRow row, LockOverrideNotice(tx, county, new_id, now));
  if (row.raised == (share > limit_bp)) return absl::OkStatus();
  v1::OverrideNoticeChanged changed;
  v1::OverrideNotice& notice = *changed.mutable_notice();
  notice.set_id(row.id.ToString());
  notice.set_county_code(county);
  notice.set_city_code(RegionParent(county));
  notice.set_raised(share > limit_bp);
  notice.set_overridden(sums.overridden);
  notice.set_in_force(sums.count);
  notice.set_share_bp(static_cast<int32_t>(share));
  notice.set_limit_bp(static_cast<int32_t>(limit_bp));
  SetTime(now, notice.mutable_changed_at());
  row.raised = notice.raised();
  row.payload = notice.SerializeAsString();
  row.changed_at = now;
  RETURN_IF_ERROR(UpdateOverrideNotice(tx, row));
  audit::Entry entry =
      SystemEntry("job.notice_override_shares",
                  row.raised ? "人工调整率超过上限，提示市级" : "人工调整率已回到上限以内", now);
  entry.aggregate_type = kOverrideNoticeAggregate;
  entry.aggregate_id = row.id;
  entry.region_path = county;
  entry.after_json = audit::ToJson(notice);
  RETURN_IF_ERROR(audit::Append(tx, entry));
  return feed::Publish(tx, feed::MakeEvent(kOverrideNoticeAggregate, row.id, county, changed, now));
}

}  // namespace

absl::Status ExpireOverrides(mysql::Session& db, UlidGenerator& ids, absl::Time now) {
  const absl::CivilDay today = ShanghaiDay(now);
  while (true) {
    ASSIGN_OR_RETURN(std::vector<Ulid> subjects, ListExpiredOverrides(db, today, kChunk));
    if (subjects.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
      EntryChanges entries(tx, {[now](std::string_view) {
                                  return SystemEntry("job.expire_overrides",
                                                     "人工调整到期，应重新评估", now);
                                },
                                ids, now});
      RETURN_IF_ERROR(entries.Lock(subjects));
      for (const Ulid& id : subjects) entries.MarkDue(id, today);
      return entries.Write();
    }));
  }
}

absl::Status NoticeOverrideShares(mysql::Session& db, UlidGenerator& ids, absl::Time now) {
  ASSIGN_OR_RETURN(const int64_t limit_bp, ReadParameter(db, kOverrideShareLimit));
  ASSIGN_OR_RETURN(auto counties, SumFigures(db, kProvinceCode, 6, FigureSet::kClassesAndResults));
  for (const auto& [county, figures] : counties) {
    if (county.size() != 6) continue;  // what lies higher than a county
    Figures sums;
    for (const auto& [key, f] : figures.classes) sums += f;
    const Ulid new_id = ids.Next();
    RETURN_IF_ERROR(mysql::Transact(
        db, [&](mysql::Tx& tx) { return NoticeCounty(tx, county, sums, limit_bp, new_id, now); }));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<feed::OutboxEvent>> PageOverrideNoticeEvents(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  ASSIGN_OR_RETURN(std::vector<OverrideNoticeRow> rows,
                   PageOverrideNotices(db, after, limit, scope));
  std::vector<feed::OutboxEvent> out;
  v1::OverrideNoticeChanged changed;
  for (const OverrideNoticeRow& row : rows) {
    if (!changed.mutable_notice()->ParseFromString(row.payload)) {
      return absl::DataLossError("a stored override notice cannot be read");
    }
    out.push_back(
        feed::MakeEvent(kOverrideNoticeAggregate, row.id, row.county, changed, row.changed_at));
  }
  return out;
}

}  // namespace bangfu::evaluation
