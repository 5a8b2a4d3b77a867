// Campaigns, lock exceptions, completeness, overdue list, milestone.
#include <algorithm>
#include <map>

#include "bangfu/registry/v1/events.pb.h"
#include "common/base/bp.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/operation/service.h"
#include "common/rpc/whole.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/campaigns.h"
#include "services/registry/api/inventory_internal.h"
#include "services/registry/api/stopped_work.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/domain/campaign.h"
#include "services/registry/domain/roles.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/claim_store.h"
#include "services/registry/store/completeness_store.h"
#include "services/registry/store/lock_exception_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry::inventory {

v1::InventoryCampaign CampaignMessage(const CampaignRow& row) {
  auto out = FromBytes<v1::InventoryCampaign>(row.bytes);
  out.set_id(row.id.ToString());
  out.set_region_path(row.region_path);
  out.set_state(static_cast<v1::CampaignState>(row.state));
  SetDay(row.deadlines.village, out.mutable_village_deadline());
  SetDay(row.deadlines.township, out.mutable_township_deadline());
  SetDay(row.deadlines.county, out.mutable_county_deadline());
  out.set_unit_count(row.unit_count);
  out.set_etag(EtagOf(row.version));
  return out;
}

void StoreCampaign(const v1::InventoryCampaign& message, CampaignRow* row) {
  v1::InventoryCampaign record = message;
  record.clear_etag();
  row->bytes = ToBytes(record);
}

namespace {

using rpc::CallContext;
using rpc::Mutation;

absl::Status Record(Mutation& m, const CampaignRow& row, const v1::InventoryCampaign* before,
                    const v1::InventoryCampaign& after, std::string_view reason) {
  RETURN_IF_ERROR(m.Audit("campaign", row.id, row.region_path, before, after, reason));
  v1::CampaignChanged event;
  *event.mutable_campaign() = after;
  return m.Publish("campaign", row.id, row.region_path, event);
}

absl::StatusOr<absl::CivilDay> Required(const google::type::Date& date, std::string_view field) {
  const std::optional<absl::CivilDay> day = DayOf(date);
  if (!day) return InvalidField(field, "必填").Build();
  return *day;
}

absl::StatusOr<v1::InventoryCampaign> CreateCampaign(CallContext& c,
                                                     const v1::CreateCampaignRequest& request) {
  return rpc::Mutate<v1::InventoryCampaign>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::InventoryCampaign> {
        v1::InventoryCampaign campaign = request.campaign();
        if (campaign.name().empty()) return InvalidField("campaign.name", "必填").Build();
        if (campaign.region_code().empty())
          return InvalidField("campaign.region_code", "必填").Build();
        ASSIGN_OR_RETURN(const std::string path,
                         ResolvePath(m.tx(), campaign.region_code(), "campaign.region_code"));
        RETURN_IF_ERROR(CheckInScope(c, path, campaign.region_code()));
        RETURN_IF_ERROR(workflow::CheckWhole(c.caller, c.roles, path, "新建摸排批次"));
        if (path.size() > 6) {
          // The inventory goes by county: a part of it is surveyed for what came after.
          ASSIGN_OR_RETURN(const bool had, CountyHadCampaign(m.tx(), path));
          if (!had) {
            return InvalidField("campaign.region_code",
                                "摸排范围须为省、市或县；乡镇、村在本县摸排结束后方可补充摸排")
                .Build();
          }
        }
        CampaignRow row;
        ASSIGN_OR_RETURN(const absl::CivilDay start,
                         Required(campaign.scope_start(), "campaign.scope_start"));
        ASSIGN_OR_RETURN(row.deadlines.village,
                         Required(campaign.village_deadline(), "campaign.village_deadline"));
        ASSIGN_OR_RETURN(row.deadlines.township,
                         Required(campaign.township_deadline(), "campaign.township_deadline"));
        ASSIGN_OR_RETURN(row.deadlines.county,
                         Required(campaign.county_deadline(), "campaign.county_deadline"));
        if (row.deadlines.village < start) {
          return InvalidField("campaign.village_deadline", "不能早于摸排起始").Build();
        }
        if (row.deadlines.township < row.deadlines.village) {
          return InvalidField("campaign.township_deadline", "不能早于村级上报时限").Build();
        }
        if (row.deadlines.county < row.deadlines.township) {
          return InvalidField("campaign.county_deadline", "不能早于乡镇审核时限").Build();
        }
        const auto fill = [&](int32_t given, const char* code,
                              int64_t otherwise) -> absl::StatusOr<int32_t> {
          if (given != 0) return given;
          ASSIGN_OR_RETURN(const int64_t value, ParameterValue(m.tx(), code, otherwise));
          return static_cast<int32_t>(value);
        };
        ASSIGN_OR_RETURN(const int32_t city,
                         fill(campaign.city_sample_bp(), "CITY_SAMPLE_BP", 1000));
        ASSIGN_OR_RETURN(const int32_t province,
                         fill(campaign.province_sample_bp(), "PROVINCE_SAMPLE_BP", 300));
        ASSIGN_OR_RETURN(const int32_t limit,
                         fill(campaign.issue_rate_limit_bp(), "SAMPLE_ISSUE_LIMIT_BP", 500));
        campaign.set_city_sample_bp(city);
        campaign.set_province_sample_bp(province);
        campaign.set_issue_rate_limit_bp(limit);
        campaign.clear_opened_at();
        campaign.clear_closed_at();
        campaign.clear_allowed_actions();
        *campaign.mutable_created_by() = ActorMessage(c, path);
        SetTime(c.now, campaign.mutable_created_at());
        row.id = c.ids.Next();
        row.region_path = path;
        StoreCampaign(campaign, &row);
        RETURN_IF_ERROR(InsertCampaign(m.tx(), row));
        campaign = CampaignMessage(row);
        RETURN_IF_ERROR(Record(m, row, nullptr, campaign, ""));
        RETURN_IF_ERROR(
            SyncCampaigns(m.tx(), {row.id}, inbox::ActOf(m, "create", InboxCalendar())));
        return campaign;
      });
}

// The campaign for a change of its state: locked, in its region the caller holds the rpc's roles.
absl::StatusOr<CampaignRow> LockCampaign(Mutation& m, const std::string& id_text,
                                         const std::string& etag) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(id_text, "id"));
  ASSIGN_OR_RETURN(CampaignRow row,
                   GetCampaign(m.tx(), id, m.context().scope, /*for_update=*/true));
  if (!auth::InScope(m.context().scope, row.region_path))
    return NotFound("campaign", id_text).Build();
  RETURN_IF_ERROR(CheckEtag(etag, row.version));
  return row;
}

// What the steps of a campaign look at, over its villages and over those of the caller.
absl::StatusOr<CampaignSubject> SubjectOf(mysql::Executor& db, const CampaignRow& row,
                                          const RegionScope& scope) {
  CampaignSubject subject;
  subject.state = static_cast<CampaignState>(row.state);
  ASSIGN_OR_RETURN(const std::vector<UnitGroup> groups,
                   GroupUnits(db, row.id, {row.region_path}, 4, std::nullopt));
  for (const UnitGroup& g : groups) {
    if (!IsCountyVerified(g.state)) {
      subject.pending += g.units;
    } else if (g.state != UnitReportState::kProvConfirmed && auth::InScope(scope, g.path)) {
      subject.verified += g.units;
    }
  }
  return subject;
}

// A city that draws samples stands below the region of a province's campaign.
workflow::Actor ActorIn(const auth::Caller& caller, const CampaignRow& row) {
  workflow::Actor actor = WorkflowActor(caller, row.region_path);
  for (const auth::Grant& grant : caller.grants) {
    if (static_cast<workflow::RoleId>(grant.role) != kCitySupervisor ||
        !RegionContains(row.region_path, grant.region_path)) {
      continue;
    }
    std::vector<workflow::RoleId>& roles =
        grant.Covers(auth::Everything()) ? actor.roles : actor.narrowed;
    if (std::find(roles.begin(), roles.end(), kCitySupervisor) == roles.end()) {
      roles.push_back(kCitySupervisor);
    }
  }
  return actor;
}

absl::Status CheckStep(const CallContext& c, const CampaignRow& row, std::string_view action,
                       int64_t pending = 0, bool force = false) {
  CampaignSubject subject;
  subject.state = static_cast<CampaignState>(row.state);
  subject.pending = pending;
  subject.force = force;
  return CampaignTransitions()
      .Execute(subject, action, WorkflowActor(c.caller, row.region_path))
      .status();
}

absl::StatusOr<operation::v1::Operation> OpenCampaign(CallContext& c,
                                                      operation::OperationRunner& operations,
                                                      const v1::OpenCampaignRequest& request) {
  absl::StatusOr<operation::v1::Operation> started = rpc::Mutate<operation::v1::Operation>(
      c, request, [&](Mutation& m) -> absl::StatusOr<operation::v1::Operation> {
        ASSIGN_OR_RETURN(CampaignRow row, LockCampaign(m, request.id(), request.etag()));
        RETURN_IF_ERROR(CheckStep(c, row, "open"));
        ASSIGN_OR_RETURN(const int64_t counties, ClaimCounties(m.tx(), row.id, row.region_path));
        if (counties == 0) {
          return FailedPrecondition("REGION_UNKNOWN", "摸排范围内没有在用的村").Build();
        }
        const v1::InventoryCampaign before = CampaignMessage(row);
        row.state = kCampaignOpening;
        row.version += 1;
        RETURN_IF_ERROR(UpdateCampaign(m.tx(), row));
        RETURN_IF_ERROR(Record(m, row, &before, CampaignMessage(row), ""));
        RETURN_IF_ERROR(SyncCampaigns(m.tx(), {row.id}, inbox::ActOf(m, "open", InboxCalendar())));
        ASSIGN_OR_RETURN(const int64_t villages, CountVillages(m.tx(), row.region_path));
        return operation::StartOperation(m, kOpenCampaignKind, row.region_path, request, villages);
      });
  if (started.ok()) operations.Wake();
  return started;
}

absl::StatusOr<v1::InventoryCampaign> CloseCampaign(CallContext& c,
                                                    operation::OperationRunner& operations,
                                                    const v1::CloseCampaignRequest& request) {
  if (request.force() && request.reason().empty()) {
    return InvalidField("reason", "强制结束须说明原因").Build();
  }
  absl::StatusOr<v1::InventoryCampaign> closed = rpc::Mutate<v1::InventoryCampaign>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::InventoryCampaign> {
        ASSIGN_OR_RETURN(CampaignRow row, LockCampaign(m, request.id(), request.etag()));
        RETURN_IF_ERROR(CheckStep(c, row, "close", 0, request.force()));
        const v1::InventoryCampaign before = CampaignMessage(row);
        // Steps that are under way hold their village's claim: they end first, later ones find
        // none.
        RETURN_IF_ERROR(ReleaseClaims(m.tx(), row.id));
        ASSIGN_OR_RETURN(const CampaignSubject standing, SubjectOf(m.tx(), row, c.scope));
        RETURN_IF_ERROR(CheckStep(c, row, "close", standing.pending, request.force()));
        row.state = kCampaignClosed;
        row.version += 1;
        v1::InventoryCampaign after = before;
        SetTime(c.now, after.mutable_closed_at());
        StoreCampaign(after, &row);
        RETURN_IF_ERROR(UpdateCampaign(m.tx(), row));
        after = CampaignMessage(row);
        RETURN_IF_ERROR(Record(m, row, &before, after, request.reason()));
        RETURN_IF_ERROR(SyncCampaigns(m.tx(), {row.id}, inbox::ActOf(m, "close", InboxCalendar())));
        if (before.state() == v1::CAMPAIGN_STATE_OPENING) {
          // There is nothing left to be opened.
          RETURN_IF_ERROR(inbox::SyncStoppedIn(m.tx(), StoppedOpening(), row.region_path,
                                               inbox::ActOf(m, "close", InboxCalendar())));
        }
        // What its villages have in their inboxes goes in many small transactions.
        ASSIGN_OR_RETURN(const int64_t villages, CountUnits(m.tx(), row.id));
        if (villages > 0) {
          RETURN_IF_ERROR(
              operation::StartOperation(m, kCloseCampaignKind, row.region_path, request, villages)
                  .status());
        }
        return after;
      });
  if (closed.ok()) operations.Wake();
  return closed;
}

absl::StatusOr<v1::InventoryCampaign> GetOne(CallContext& c,
                                             const v1::GetCampaignRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const CampaignRow row, GetCampaign(c.db, id, c.scope));
  // A sample is drawn of a whole region: by grants for some money nobody draws the villages there.
  auth::Caller whole = c.caller;
  const auth::ActingOn acting(whole, auth::Everything());
  ASSIGN_OR_RETURN(const CampaignSubject subject, SubjectOf(c.db, row, whole.Scope(c.roles)));
  v1::InventoryCampaign campaign = CampaignMessage(row);
  workflow::FillAllowedActions(CampaignTransitions().Allowed(subject, ActorIn(c.caller, row)),
                               campaign.mutable_allowed_actions());
  return campaign;
}

absl::StatusOr<v1::ListCampaignsResponse> List(CallContext& c,
                                               const v1::ListCampaignsRequest& request) {
  CampaignQuery query;
  query.scope = c.scope;
  ASSIGN_OR_RETURN(query.includes_path, ResolvePath(c.db, request.region_code(), "region_code"));
  query.state = request.state();
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  if (const std::optional<After> after = page.after()) {
    query.after_path = after->region_path;
    query.after_id = after->id;
  }
  query.limit = page.size + 1;
  ASSIGN_OR_RETURN(std::vector<CampaignRow> rows, ListCampaigns(c.db, query));
  v1::ListCampaignsResponse response;
  ClosePage(page, &rows, &response, [](const CampaignRow& r) {
    return std::vector<std::string>{r.region_path, r.id.ToString()};
  });
  for (const CampaignRow& row : rows) *response.add_campaigns() = CampaignMessage(row);
  return response;
}

// --- Lock exceptions

v1::LockException LockMessage(const LockExceptionRow& row) {
  auto out = FromBytes<v1::LockException>(row.bytes);
  out.set_id(row.id.ToString());
  out.set_campaign_id(row.campaign_id.ToString());
  out.set_region_path(row.region_path);
  SetTime(row.expires_at, out.mutable_expires_at());
  return out;
}

absl::StatusOr<v1::LockException> Grant(CallContext& c,
                                        const v1::GrantLockExceptionRequest& request) {
  return rpc::Mutate<v1::LockException>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::LockException> {
        ASSIGN_OR_RETURN(const Ulid campaign_id, ParseId(request.campaign_id(), "campaign_id"));
        ASSIGN_OR_RETURN(const CampaignRow campaign, GetCampaign(m.tx(), campaign_id, c.scope));
        LockExceptionRow row;
        ASSIGN_OR_RETURN(row.region_path,
                         ResolvePath(m.tx(), request.region_code(), "region_code"));
        RETURN_IF_ERROR(CheckInScope(c, row.region_path, request.region_code()));
        RETURN_IF_ERROR(workflow::CheckWhole(c.caller, c.roles, row.region_path, "解锁"));
        if (campaign.state != kCampaignOpen) {
          return FailedPrecondition("CAMPAIGN_NOT_OPEN", "摸排批次未开放").Build();
        }
        if (row.region_path.size() < 6 || !RegionContains(campaign.region_path, row.region_path)) {
          return InvalidField("region_code", "须为批次内的县、乡镇或村").Build();
        }
        ASSIGN_OR_RETURN(const bool open, TouchOpenCounties(m.tx(), campaign_id, row.region_path));
        if (!open) return FailedPrecondition("CAMPAIGN_NOT_OPEN", "摸排批次未开放").Build();
        row.expires_at = TimeOf(request.expires_at());
        ASSIGN_OR_RETURN(const int64_t days, ParameterValue(m.tx(), "LOCK_EXCEPTION_MAX_DAYS", 30));
        if (row.expires_at <= c.now || row.expires_at > c.now + absl::Hours(24 * days)) {
          return InvalidField("expires_at", Cat("须在今后", days, "天之内")).Build();
        }
        row.id = c.ids.Next();
        row.campaign_id = campaign_id;
        v1::LockException message;
        message.set_region_code(request.region_code());
        message.set_reason(request.reason());
        *message.mutable_granted_by() = ActorMessage(c, row.region_path);
        SetTime(c.now, message.mutable_granted_at());
        row.bytes = ToBytes(message);
        RETURN_IF_ERROR(InsertLockException(m.tx(), row));
        message = LockMessage(row);
        RETURN_IF_ERROR(
            m.Audit("lock_exception", row.id, row.region_path, nullptr, message, request.reason()));
        return message;
      });
}

absl::StatusOr<v1::ListLockExceptionsResponse> ListLocks(
    CallContext& c, const v1::ListLockExceptionsRequest& request) {
  LockQuery query;
  ASSIGN_OR_RETURN(query.campaign_id, ParseId(request.campaign_id(), "campaign_id"));
  ASSIGN_OR_RETURN(query.scope, ScopeAt(c, request.region_code()));
  if (request.active_only()) query.active_at = c.now;
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  if (const std::optional<After> after = page.after()) {
    query.after_path = after->region_path;
    query.after_id = after->id;
  }
  query.limit = page.size + 1;
  ASSIGN_OR_RETURN(std::vector<LockExceptionRow> rows, ListLockExceptions(c.db, query));
  v1::ListLockExceptionsResponse response;
  ClosePage(page, &rows, &response, [](const LockExceptionRow& r) {
    return std::vector<std::string>{r.region_path, r.id.ToString()};
  });
  for (const LockExceptionRow& row : rows) *response.add_lock_exceptions() = LockMessage(row);
  return response;
}

// --- Completeness, overdue list, milestone

// What a count is asked for: the region, the day, and the instant before which steps count.
struct Asked {
  CampaignRow campaign;
  std::string path;
  RegionScope scope;
  absl::CivilDay on;
  std::optional<absl::Time> before;  // of a past day
};

absl::StatusOr<Asked> AskedFor(CallContext& c, const std::string& campaign_id,
                               const std::string& region_code, bool has_on,
                               const google::type::Date& on) {
  Asked a;
  ASSIGN_OR_RETURN(const Ulid id, ParseId(campaign_id, "campaign_id"));
  ASSIGN_OR_RETURN(a.campaign, GetCampaign(c.db, id, c.scope));
  if (region_code.empty()) {
    a.path = a.campaign.region_path;
    // Below the campaign's region a caller with one region of it gets that region.
    const RegionScope inside = Narrow(c.scope, a.path);
    if (inside.size() == 1) a.path = inside[0];
  } else {
    ASSIGN_OR_RETURN(a.path, ResolvePath(c.db, region_code, "region_code"));
    if (a.path.size() < a.campaign.region_path.size()) a.path = a.campaign.region_path;
    if (!RegionContains(a.campaign.region_path, a.path))
      return NotFound("region", region_code).Build();
  }
  a.scope = Narrow(c.scope, a.path);
  if (a.scope.empty()) return NotFound("region", region_code).Build();
  const absl::CivilDay today = ShanghaiDay(c.now);
  a.on = today;
  if (has_on) {
    const std::optional<absl::CivilDay> day = DayOf(on);
    if (!day) return InvalidField("on", "日期不正确").Build();
    a.on = *day;
  }
  if (a.on < today) a.before = StartOfShanghaiDay(a.on + 1);
  return a;
}

void AddGroup(const UnitGroup& g, const Asked& asked, v1::Completeness* out) {
  out->set_units(out->units() + g.units);
  switch (g.state) {
    case UnitReportState::kDraft:
      out->set_draft(out->draft() + g.units);
      break;
    case UnitReportState::kReturned:
      out->set_returned(out->returned() + g.units);
      break;
    case UnitReportState::kSubmitted:
      out->set_submitted(out->submitted() + g.units);
      break;
    case UnitReportState::kTownshipPassed:
      out->set_township_passed(out->township_passed() + g.units);
      break;
    default:
      if (IsCountyVerified(g.state)) {
        out->set_county_verified(out->county_verified() + g.units);
      } else {
        out->set_not_started(out->not_started() + g.units);
      }
  }
  if (g.is_nil) out->set_nil(out->nil() + g.units);
  const std::optional<absl::CivilDay> due =
      DueOn(g.state, g.return_to_level, g.return_due_on, asked.campaign.deadlines);
  if (due && *due < asked.on) out->set_overdue(out->overdue() + g.units);
}

void FinishShares(v1::Completeness* out) {
  const int64_t verified = out->county_verified();
  const int64_t passed = verified + out->township_passed();
  out->set_reported_bp(static_cast<int32_t>(RatioBp(passed + out->submitted(), out->units())));
  out->set_passed_bp(static_cast<int32_t>(RatioBp(passed, out->units())));
  out->set_verified_bp(static_cast<int32_t>(RatioBp(verified, out->units())));
}

int DigitsBelow(const std::string& path) {
  switch (path.size()) {
    case 2:
      return 4;
    case 4:
      return 6;
    case 6:
      return 9;
    case 9:
      return 12;
    default:
      return 0;
  }
}

void NameOf(const std::map<std::string, RegionHit>& names, const std::string& path,
            v1::Completeness* out) {
  out->set_region_code(path);
  if (const auto hit = names.find(path); hit != names.end()) out->set_region_name(hit->second.name);
  out->set_level(static_cast<v1::RegionLevel>(LevelOfRegion(path)));
}

absl::StatusOr<v1::GetCompletenessResponse> Count(CallContext& c, const Asked& asked,
                                                  bool children) {
  const int digits = children ? DigitsBelow(asked.path) : 0;
  ASSIGN_OR_RETURN(const std::vector<UnitGroup> units,
                   GroupUnits(c.db, asked.campaign.id, asked.scope, digits, asked.before));
  ASSIGN_OR_RETURN(const std::vector<ProjectGroup> projects,
                   GroupProjects(c.db, asked.scope, digits, asked.before));
  v1::GetCompletenessResponse response;
  v1::Completeness* total = response.mutable_total();
  std::map<std::string, v1::Completeness> parts;
  for (const UnitGroup& g : units) {
    AddGroup(g, asked, total);
    if (digits > 0) AddGroup(g, asked, &parts[g.path]);
  }
  for (const ProjectGroup& p : projects) {
    total->set_projects(total->projects() + p.projects);
    total->set_projects_verified(total->projects_verified() + p.verified);
    if (const auto part = parts.find(p.path); part != parts.end()) {
      part->second.set_projects(p.projects);
      part->second.set_projects_verified(p.verified);
    }
  }
  std::vector<std::string> paths = {asked.path};
  for (const auto& [path, part] : parts) paths.push_back(path);
  ASSIGN_OR_RETURN(const auto names, LookupRegions(c.db, paths));
  NameOf(names, asked.path, total);
  FinishShares(total);
  for (auto& [path, part] : parts) {
    NameOf(names, path, &part);
    FinishShares(&part);
    *response.add_children() = std::move(part);
  }
  SetDay(asked.on, response.mutable_on());
  response.set_live(true);
  return response;
}

absl::StatusOr<v1::GetCompletenessResponse> GetCompleteness(
    CallContext& c, const v1::GetCompletenessRequest& request) {
  ASSIGN_OR_RETURN(const Asked asked, AskedFor(c, request.campaign_id(), request.region_code(),
                                               request.has_on(), request.on()));
  return Count(c, asked, /*children=*/true);
}

absl::StatusOr<v1::ListOverdueResponse> Overdue(CallContext& c,
                                                const v1::ListOverdueRequest& request) {
  ASSIGN_OR_RETURN(const Asked asked, AskedFor(c, request.campaign_id(), request.region_code(),
                                               request.has_on(), request.on()));
  OverdueQuery query;
  query.scope = asked.scope;
  query.campaign_id = asked.campaign.id;
  query.deadlines = asked.campaign.deadlines;
  query.on = asked.on;
  query.before = asked.before;
  v1::ListOverdueResponse response;
  ASSIGN_OR_RETURN(const int64_t total, CountOverdue(c.db, query));
  response.set_total(total);
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  if (page.key.size() == 1) query.after_path = page.key[0];
  query.limit = page.size + 1;
  ASSIGN_OR_RETURN(std::vector<UnitAt> rows, ListOverdue(c.db, query));
  ClosePage(page, &rows, &response,
            [](const UnitAt& r) { return std::vector<std::string>{r.region_path}; });
  std::vector<std::string> paths;
  for (const UnitAt& row : rows) paths.push_back(row.region_path);
  ASSIGN_OR_RETURN(const auto names, RegionNames(c.db, paths));
  for (const UnitAt& row : rows) {
    v1::OverdueUnit* out = response.add_units();
    out->set_unit_report_id(row.id.ToString());
    out->set_region_code(row.region_code);
    if (const auto name = names.find(row.region_path); name != names.end())
      out->set_region_name(name->second);
    out->set_state(static_cast<v1::UnitReportState>(row.state));
    out->set_waiting_level(
        static_cast<v1::RegionLevel>(WaitingLevel(row.state, row.return_to_level)));
    const std::optional<absl::CivilDay> due =
        DueOn(row.state, row.return_to_level, row.return_due_on, asked.campaign.deadlines);
    if (due) {
      SetDay(*due, out->mutable_due_on());
      out->set_days_overdue(static_cast<int32_t>(asked.on - *due));
    }
  }
  return response;
}

absl::StatusOr<v1::Milestone> GetMilestone(CallContext& c, const v1::GetMilestoneRequest& request) {
  ASSIGN_OR_RETURN(const Asked asked, AskedFor(c, request.campaign_id(), request.region_code(),
                                               request.has_on(), request.on()));
  ASSIGN_OR_RETURN(v1::GetCompletenessResponse counts, Count(c, asked, /*children=*/false));
  ASSIGN_OR_RETURN(const int64_t ymd, ParameterValue(c.db, "INVENTORY_MILESTONE", 20251031));
  const absl::CivilDay target(ymd / 10000, ymd / 100 % 100, ymd % 100);
  v1::Milestone out;
  out.set_name_zh("全面摸清帮扶产业和项目底数");
  SetDay(target, out.mutable_target_date());
  const v1::Completeness& total = counts.total();
  out.set_reached(total.units() > 0 && total.county_verified() == total.units());
  if (!out.reached() && asked.on > target)
    out.set_days_overdue(static_cast<int32_t>(asked.on - target));
  std::string text = Cat(total.region_name(), "应摸排", total.units(), "个村，已完成县级核实",
                         total.county_verified(), "个村");
  if (out.reached()) {
    text += "，底数已摸清";
  } else if (out.days_overdue() > 0) {
    text += Cat("，自", target.year(), "年", target.month(), "月", target.day(), "日起逾期",
                out.days_overdue(), "天");
  } else {
    text += Cat("，距时限还有", target - asked.on, "天");
  }
  out.set_summary_zh(text);
  *out.mutable_completeness() = std::move(*counts.mutable_total());
  return out;
}

}  // namespace

void RegisterCampaignHandlers(rpc::Router& router, operation::OperationRunner& operations) {
  router.Unary<v1::CreateCampaignRequest, v1::InventoryCampaign>(Cat(kService, "CreateCampaign"),
                                                                 rpc::OfWhole(CreateCampaign));
  router.Unary<v1::OpenCampaignRequest, operation::v1::Operation>(
      Cat(kService, "OpenCampaign"),
      rpc::OfWhole([&operations](CallContext& c, const v1::OpenCampaignRequest& request) {
        return OpenCampaign(c, operations, request);
      }));
  router.Unary<v1::CloseCampaignRequest, v1::InventoryCampaign>(
      Cat(kService, "CloseCampaign"),
      rpc::OfWhole([&operations](CallContext& c, const v1::CloseCampaignRequest& request) {
        return CloseCampaign(c, operations, request);
      }));
  router.Unary<v1::GetCampaignRequest, v1::InventoryCampaign>(Cat(kService, "GetCampaign"), GetOne);
  router.Unary<v1::ListCampaignsRequest, v1::ListCampaignsResponse>(Cat(kService, "ListCampaigns"),
                                                                    List);
  router.Unary<v1::GrantLockExceptionRequest, v1::LockException>(
      Cat(kService, "GrantLockException"), rpc::OfWhole(Grant));
  router.Unary<v1::ListLockExceptionsRequest, v1::ListLockExceptionsResponse>(
      Cat(kService, "ListLockExceptions"), ListLocks);
  router.Unary<v1::GetCompletenessRequest, v1::GetCompletenessResponse>(
      Cat(kService, "GetCompleteness"), GetCompleteness);
  router.Unary<v1::ListOverdueRequest, v1::ListOverdueResponse>(Cat(kService, "ListOverdue"),
                                                                Overdue);
  router.Unary<v1::GetMilestoneRequest, v1::Milestone>(Cat(kService, "GetMilestone"), GetMilestone);
}

}  // namespace bangfu::registry::inventory
