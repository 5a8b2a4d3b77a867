// Samples of city and province from a stored seed, their results, and the province's confirmation
// (R016).
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/events.pb.h"
#include "common/audit/audit.h"
#include "common/base/bp.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/feed/outbox.h"
#include "common/rpc/whole.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/inventory_internal.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/api/verification_corrections.h"
#include "services/registry/domain/campaign.h"
#include "services/registry/domain/roles.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/claim_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/sample_store.h"
#include "services/registry/store/unit_report_store.h"
#include "services/registry/store/verification_store.h"
#include "services/registry/store/village_project_store.h"

namespace bangfu::registry::inventory {

absl::StatusOr<bool> NeedsEnlargement(mysql::Executor& db, const SampleRow& row, int32_t limit_bp) {
  if (!EnlargementRequired(row.issues, row.results_recorded, limit_bp)) return false;
  // There is no higher rate than the full one.
  if (FromBytes<v1::Sample>(row.bytes).rate_bp() >= kBpOne) return false;
  // What was confirmed before, or is with its village, no enlargement draws.
  return CanDrawMore(db, row.id);
}

namespace {

using rpc::CallContext;
using rpc::Mutation;

constexpr int kProvince = 1;
constexpr int kCity = 2;
constexpr int64_t kFenPerWanYuan = 1'000'000;
// Drawn villages that an answer carries; ListSampleUnits has the others.
constexpr int kUnitsInAnswer = 1000;

absl::StatusOr<v1::Sample> SampleMessage(mysql::Executor& db, const SampleRow& row,
                                         int32_t limit_bp) {
  auto out = FromBytes<v1::Sample>(row.bytes);
  out.set_id(row.id.ToString());
  out.set_campaign_id(row.campaign_id.ToString());
  out.set_region_path(row.region_path);
  out.set_level(static_cast<v1::RegionLevel>(row.level));
  out.set_seed(row.seed);
  out.set_drawn(static_cast<int32_t>(row.drawn));
  out.set_results_recorded(static_cast<int32_t>(row.results_recorded));
  out.set_issues(static_cast<int32_t>(row.issues));
  out.set_issue_rate_bp(static_cast<int32_t>(RatioBp(row.issues, row.results_recorded)));
  ASSIGN_OR_RETURN(const bool enlarge, NeedsEnlargement(db, row, limit_bp));
  out.set_enlargement_required(enlarge);
  out.set_etag(absl::StrCat(row.version));
  return out;
}

absl::Status AddUnits(mysql::Executor& db, const std::vector<SampleUnitRow>& rows,
                      google::protobuf::RepeatedPtrField<v1::SampleUnit>* units) {
  std::vector<std::string> paths;
  for (const SampleUnitRow& row : rows) paths.push_back(row.region_path);
  ASSIGN_OR_RETURN(const auto names, RegionNames(db, paths));
  for (const SampleUnitRow& row : rows) {
    v1::SampleUnit* unit = units->Add();
    *unit = FromBytes<v1::SampleUnit>(row.bytes);
    unit->set_unit_report_id(row.unit_report_id.ToString());
    unit->set_region_path(row.region_path);
    if (const auto name = names.find(row.region_path); name != names.end())
      unit->set_region_name(name->second);
    unit->set_stratum(row.stratum);
    unit->set_has_result(row.has_result);
    unit->set_issue(row.issue);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Sample> WithUnits(mysql::Executor& db, v1::Sample sample, const Ulid& id) {
  ASSIGN_OR_RETURN(const std::vector<SampleUnitRow> rows, SampleUnits(db, id, kUnitsInAnswer));
  RETURN_IF_ERROR(AddUnits(db, rows, sample.mutable_units()));
  sample.set_units_total(sample.drawn());
  return sample;
}

int32_t LimitOf(const CampaignRow& campaign) {
  return FromBytes<v1::InventoryCampaign>(campaign.bytes).issue_rate_limit_bp();
}

// The floors that are in force, rising whatever was entered. Never none, which a stored sample has
// from before its floors were kept: where none is in force, all that hold money are one stratum.
absl::StatusOr<std::vector<int64_t>> StrataInForce(mysql::Executor& db) {
  std::vector<int64_t> floors;
  const auto take = [&](const absl::StatusOr<int64_t>& wan_yuan) -> absl::Status {
    RETURN_IF_ERROR(wan_yuan.status());
    int64_t fen = 0;
    if (*wan_yuan > 0 && !__builtin_mul_overflow(*wan_yuan, kFenPerWanYuan, &fen)) {
      floors.push_back(fen);
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(take(ParameterValue(db, "SAMPLE_STRATUM_LOW", 50)));
  RETURN_IF_ERROR(take(ParameterValue(db, "SAMPLE_STRATUM_MIDDLE", 200)));
  RETURN_IF_ERROR(take(ParameterValue(db, "SAMPLE_STRATUM_HIGH", 1000)));
  if (floors.empty()) floors.push_back(1);
  std::sort(floors.begin(), floors.end());
  floors.erase(std::unique(floors.begin(), floors.end()), floors.end());
  return floors;
}

// A level's sample is that level's to draw and to record. `otherwise`: how it refuses another
// one's.
absl::Status CheckLevel(const workflow::Actor& actor, int level, std::string_view label_zh,
                        const absl::Status& otherwise) {
  const std::vector<workflow::RoleId> roles = SampleRoles(level);
  const auto one_of = [&](const std::vector<workflow::RoleId>& held) {
    return std::find_first_of(roles.begin(), roles.end(), held.begin(), held.end()) != roles.end();
  };
  if (one_of(actor.roles)) return absl::OkStatus();
  return one_of(actor.narrowed) ? workflow::ScopeExcludes(label_zh).Build() : otherwise;
}

// A step for a region of the campaign; `open`: the region's counties still are.
absl::Status CheckRegionStep(const CampaignRow& campaign, bool open, std::string_view action,
                             const workflow::Actor& actor, int64_t verified) {
  CampaignSubject subject;
  subject.state = static_cast<CampaignState>(campaign.state);
  if (!open && subject.state == CampaignState::kOpen) subject.state = CampaignState::kClosed;
  subject.verified = verified;
  return CampaignTransitions().Execute(subject, action, actor).status();
}

absl::StatusOr<v1::Sample> Draw(CallContext& c, const v1::DrawSampleRequest& request,
                                const Random& random) {
  return rpc::Mutate<v1::Sample>(c, request, [&](Mutation& m) -> absl::StatusOr<v1::Sample> {
    ASSIGN_OR_RETURN(const Ulid campaign_id, ParseId(request.campaign_id(), "campaign_id"));
    ASSIGN_OR_RETURN(const CampaignRow campaign, GetCampaign(m.tx(), campaign_id, c.scope));
    ASSIGN_OR_RETURN(const std::string path,
                     ResolvePath(m.tx(), request.region_code(), "region_code"));
    RETURN_IF_ERROR(CheckInScope(c, path, request.region_code()));
    const int level = static_cast<int>(LevelOfRegion(path));
    if (level != kProvince && level != kCity) {
      return FailedPrecondition("OUTSIDE_SAMPLE_LEVEL", "只有市级和省级抽查").Build();
    }
    const workflow::Actor actor = WorkflowActor(c.caller, path);
    RETURN_IF_ERROR(CheckLevel(actor, level, "抽样",
                               Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED")
                                   .Zh("您的角色不能在该级别抽样")
                                   .Build()));
    ASSIGN_OR_RETURN(const bool open, TouchOpenCounties(m.tx(), campaign_id, path));
    // Draws around here wait for each other since the counties. The reports come before the sample,
    // as in every step: a report that is taken back at this moment either is not drawn from, or
    // waits, and leaves the population that it is in then.
    ASSIGN_OR_RETURN(std::optional<SampleRow> existing,
                     FindSample(m.tx(), campaign_id, path, level));
    ASSIGN_OR_RETURN(std::vector<StratumRow> reports_around,
                     SamplePopulation(m.tx(), campaign_id, path, existing ? existing->id : Ulid()));
    RETURN_IF_ERROR(LockDrawable(m.tx(), &reports_around));
    std::set<std::string> there;
    if (existing) {
      ASSIGN_OR_RETURN(existing, FindSample(m.tx(), campaign_id, path, level, /*for_update=*/true));
      ASSIGN_OR_RETURN(const std::vector<Ulid> drawn, DrawnReports(m.tx(), existing->id));
      for (const Ulid& id : drawn) there.insert(id.ToString());
    }
    // Whatever became of a drawn village, the sample was drawn from it: the numbers of both are of
    // one population. What the province has confirmed since an earlier draw still counts, too: of
    // each stratum those with the smallest digests are drawn, and without the earlier ones that are
    // not drawn, the earlier ones that are would take the places of the villages verified since.
    int64_t verified = 0, undrawn = 0;
    std::vector<const StratumRow*> population;
    std::vector<Ulid> joining, leaving;
    for (const StratumRow& row : reports_around) {
      const bool drawn = there.count(row.unit_report_id.ToString()) > 0;
      verified += row.can_be_drawn ? 1 : 0;
      undrawn += row.can_be_drawn && !drawn ? 1 : 0;
      if (row.can_be_drawn || row.confirmed || drawn) {
        population.push_back(&row);
        if (!row.in_population) joining.push_back(row.unit_report_id);
      } else {
        leaving.push_back(row.unit_report_id);
      }
    }
    RETURN_IF_ERROR(CheckRegionStep(campaign, open, "draw_sample", actor, verified));
    const auto terms = FromBytes<v1::InventoryCampaign>(campaign.bytes);
    if (existing && !request.enlarge() && joining.empty()) {
      return FailedPrecondition("SAMPLE_EXISTS",
                                "该区域已抽样，此后没有新核实的村；需扩大抽查的请注明")
          .Build();
    }
    if (!existing && request.enlarge())
      return InvalidField("enlarge", "尚未抽样，不能扩大").Build();
    if (existing && request.enlarge() && undrawn == 0) {
      return FailedPrecondition("NOTHING_TO_SAMPLE",
                                "已核实的村均已抽取或已经省级确认，没有可扩大抽查的村")
          .Build();
    }

    // A sample keeps the strata that it was drawn by, so that it can be drawn again and enlarged.
    std::vector<int64_t> floors;
    if (existing) {
      const auto stored = FromBytes<v1::Sample>(existing->bytes);
      floors.assign(stored.stratum_floors_fen().begin(), stored.stratum_floors_fen().end());
      if (floors.empty()) floors = kDefaultStrata;
    } else {
      ASSIGN_OR_RETURN(floors, StrataInForce(m.tx()));
    }
    std::vector<SampleCandidate> candidates;
    std::map<std::string, const StratumRow*> by_id;
    for (const StratumRow* row : population) {
      candidates.push_back({row->unit_report_id.ToString(), FundStratum(row->public_fen, floors)});
      by_id[candidates.back().id] = row;
    }

    SampleRow row;
    v1::Sample message;
    if (existing) {
      row = *existing;
      message = FromBytes<v1::Sample>(row.bytes);
    } else {
      row.id = c.ids.Next();
      row.campaign_id = campaign_id;
      row.region_path = path;
      row.level = level;
      row.seed = request.seed();
      if (row.seed.empty()) {
        std::string bytes;
        for (int i = 0; i < 2; ++i) {
          const uint64_t bits = random();
          for (int k = 0; k < 8; ++k) bytes.push_back(static_cast<char>(bits >> (8 * k)));
        }
        row.seed = HexEncode(bytes);
      }
      message.set_region_code(request.region_code());
      message.set_algorithm(std::string(kSampleAlgorithm));
    }
    int32_t rate = request.rate_bp();
    if (rate == 0 && existing) {
      rate = request.enlarge() ? std::min(kBpOne, message.rate_bp() * 2) : message.rate_bp();
    }
    if (rate == 0) rate = level == kCity ? terms.city_sample_bp() : terms.province_sample_bp();
    if (existing && request.enlarge() && rate <= message.rate_bp()) {
      return InvalidField("rate_bp", "扩大抽查的比例须高于原比例").Build();
    }
    if (existing && !request.enlarge() && rate != message.rate_bp()) {
      return InvalidField("rate_bp", "补充抽样沿用原比例；提高比例的请注明扩大抽查").Build();
    }
    v1::Sample before;
    if (existing) {
      ASSIGN_OR_RETURN(before, SampleMessage(m.tx(), row, terms.issue_rate_limit_bp()));
    }

    std::vector<SampleUnitRow> units;
    std::vector<Ulid> marked;
    const auto draw = [&] {
      for (const std::string& id : DrawSample(candidates, row.seed, rate)) {
        const StratumRow& from = *by_id[id];
        if (there.count(id) > 0 || !from.can_be_drawn) continue;
        SampleUnitRow unit;
        unit.sample_id = row.id;
        unit.unit_report_id = from.unit_report_id;
        unit.region_path = from.region_path;
        unit.stratum = FundStratum(from.public_fen, floors);
        units.push_back(std::move(unit));
        marked.push_back(from.unit_report_id);
      }
    };
    draw();
    if (existing && request.enlarge()) {
      // The rate is the sample's for good: it does not rise for nothing.
      while (units.empty() && request.rate_bp() == 0 && rate < kBpOne) {
        rate = std::min(kBpOne, rate * 2);
        draw();
      }
      if (units.empty()) {
        return InvalidField("rate_bp", "按此比例不会增加抽查的村，须提高比例").Build();
      }
    }
    message.set_rate_bp(rate);
    message.mutable_stratum_floors_fen()->Assign(floors.begin(), floors.end());
    message.set_population(static_cast<int32_t>(population.size()));
    message.set_population_sha256(PopulationDigest(candidates));
    *message.mutable_drawn_by() = ActorMessage(c, path);
    SetTime(c.now, message.mutable_drawn_at());
    row.drawn += static_cast<int64_t>(units.size());
    row.bytes = ToBytes(message);
    if (existing) {
      row.version += 1;
      RETURN_IF_ERROR(UpdateSample(m.tx(), row));
    } else {
      RETURN_IF_ERROR(InsertSample(m.tx(), row));
    }
    RETURN_IF_ERROR(ChangeSamplePopulation(m.tx(), row.id, joining, leaving));
    RETURN_IF_ERROR(InsertSampleUnits(m.tx(), units));
    // The drawn reports say so, in their events too.
    ASSIGN_OR_RETURN(const std::vector<UnitReportRow> reports, LockUnitReports(m.tx(), marked));
    RETURN_IF_ERROR(MarkSampled(m.tx(), marked, level));
    RETURN_IF_ERROR(SyncUnitReports(m.tx(), reports, inbox::ActOf(m, "draw", InboxCalendar())));
    std::vector<feed::OutboxEvent> events;
    for (UnitReportRow report : reports) {
      (level == kProvince ? report.in_province_sample : report.in_city_sample) = true;
      report.version += 1;
      v1::UnitReportChanged event;
      *event.mutable_unit_report() = UnitReportOf(report);
      events.push_back(feed::MakeEvent("unit_report", report.id, report.region_path, event, c.now));
    }
    RETURN_IF_ERROR(feed::PublishBatch(m.tx(), events));
    RETURN_IF_ERROR(
        SyncConfirmations(m.tx(), campaign_id, path, inbox::ActOf(m, "draw", InboxCalendar())));
    ASSIGN_OR_RETURN(message, SampleMessage(m.tx(), row, terms.issue_rate_limit_bp()));
    RETURN_IF_ERROR(m.Audit("sample", row.id, path, existing ? &before : nullptr, message, ""));
    return WithUnits(m.tx(), std::move(message), row.id);
  });
}

constexpr char kRecord[] = "record_sample_result";
constexpr char kRecordZh[] = "登记抽查结果";
constexpr int kPageOfPending = 200;

absl::Status CheckRecorder(const workflow::Actor& actor, int level) {
  return CheckLevel(actor, level, kRecordZh,
                    Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED")
                        .Zh("抽查结果由抽样的一级登记")
                        .Build());
}

// Whether the caller could record the result of a drawn village: of any that waits for it. Refused
// as the first of them is, or since none waits.
absl::StatusOr<workflow::AllowedAction> RecordingOf(const CallContext& c, const SampleRow& sample) {
  const workflow::Actor actor = WorkflowActor(c.caller, sample.region_path);
  if (const absl::Status may = CheckRecorder(actor, sample.level); !may.ok()) {
    return workflow::ActionOf(kRecord, kRecordZh, may);
  }
  absl::Status refusal = FailedPrecondition("RESULT_RECORDED", "抽查结果已登记");
  SampleUnitQuery query;
  query.sample_id = sample.id;
  query.scope = c.scope;
  query.result = std::make_pair(false, false);
  query.limit = kPageOfPending;
  for (bool first = true;; first = false) {
    ASSIGN_OR_RETURN(const std::vector<SampleUnitRow> rows, ListSampleUnits(c.db, query));
    std::vector<Ulid> ids;
    for (const SampleUnitRow& row : rows) ids.push_back(row.unit_report_id);
    ASSIGN_OR_RETURN(const std::vector<UnitWithCampaign> units, GetUnits(c.db, ids, c.scope));
    ASSIGN_OR_RETURN(std::vector<UnitReportSubject> subjects, SubjectsOf(c.db, units, c.now));
    for (size_t i = 0; i < subjects.size(); ++i) {
      subjects[i].samples = {{sample.level, false}};
      const absl::Status step = UnitReportTable().Execute(subjects[i], kRecord, actor).status();
      if (step.ok()) return workflow::ActionOf(kRecord, kRecordZh, step);
      if (first && i == 0) refusal = step;
    }
    if (rows.size() < kPageOfPending) return workflow::ActionOf(kRecord, kRecordZh, refusal);
    query.after_path = rows.back().region_path;
    query.after_id = rows.back().unit_report_id;
  }
}

absl::StatusOr<v1::Sample> Get(CallContext& c, const v1::GetSampleRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const SampleRow row, GetSample(c.db, id, c.scope));
  ASSIGN_OR_RETURN(const CampaignRow campaign, GetCampaign(c.db, row.campaign_id, c.scope));
  ASSIGN_OR_RETURN(v1::Sample sample, SampleMessage(c.db, row, LimitOf(campaign)));
  ASSIGN_OR_RETURN(const workflow::AllowedAction recording, RecordingOf(c, row));
  workflow::FillAllowedActions({recording}, sample.mutable_allowed_actions());
  return WithUnits(c.db, std::move(sample), id);
}

absl::StatusOr<v1::ListSampleUnitsResponse> ListOfSample(
    CallContext& c, const v1::ListSampleUnitsRequest& request) {
  SampleUnitQuery query;
  ASSIGN_OR_RETURN(query.sample_id, ParseId(request.sample_id(), "sample_id"));
  RETURN_IF_ERROR(GetSample(c.db, query.sample_id, c.scope).status());
  ASSIGN_OR_RETURN(query.scope, ScopeAt(c, request.region_code()));
  if (request.result() == v1::SAMPLE_RESULT_PENDING) query.result = std::make_pair(false, false);
  if (request.result() == v1::SAMPLE_RESULT_OK) query.result = std::make_pair(true, false);
  if (request.result() == v1::SAMPLE_RESULT_ISSUE) query.result = std::make_pair(true, true);
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  if (const std::optional<After> after = page.after()) {
    query.after_path = after->region_path;
    query.after_id = after->id;
  }
  query.limit = page.size + 1;
  ASSIGN_OR_RETURN(std::vector<SampleUnitRow> rows, ListSampleUnits(c.db, query));
  v1::ListSampleUnitsResponse response;
  ClosePage(page, &rows, &response, [](const SampleUnitRow& r) {
    return std::vector<std::string>{r.region_path, r.unit_report_id.ToString()};
  });
  RETURN_IF_ERROR(AddUnits(c.db, rows, response.mutable_units()));
  return response;
}

absl::StatusOr<v1::ListSamplesResponse> List(CallContext& c,
                                             const v1::ListSamplesRequest& request) {
  SampleQuery query;
  ASSIGN_OR_RETURN(query.campaign_id, ParseId(request.campaign_id(), "campaign_id"));
  ASSIGN_OR_RETURN(query.scope, ScopeAt(c, request.region_code()));
  ASSIGN_OR_RETURN(const CampaignRow campaign, GetCampaign(c.db, query.campaign_id, c.scope));
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  if (const std::optional<After> after = page.after()) {
    query.after_path = after->region_path;
    query.after_id = after->id;
  }
  query.limit = page.size + 1;
  ASSIGN_OR_RETURN(std::vector<SampleRow> rows, ListSamples(c.db, query));
  v1::ListSamplesResponse response;
  ClosePage(page, &rows, &response, [](const SampleRow& r) {
    return std::vector<std::string>{r.region_path, r.id.ToString()};
  });
  for (const SampleRow& row : rows) {
    ASSIGN_OR_RETURN(*response.add_samples(), SampleMessage(c.db, row, LimitOf(campaign)));
  }
  return response;
}

absl::StatusOr<v1::Sample> RecordSampleResult(CallContext& c,
                                              const v1::RecordSampleResultRequest& request) {
  return rpc::Mutate<v1::Sample>(c, request, [&](Mutation& m) -> absl::StatusOr<v1::Sample> {
    ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
    ASSIGN_OR_RETURN(const Ulid unit_id, ParseId(request.unit_report_id(), "unit_report_id"));
    // The report first, then the sample: the order of every step.
    ASSIGN_OR_RETURN(UnitWithCampaign read, GetUnit(m.tx(), unit_id, c.scope, /*for_update=*/true));
    ASSIGN_OR_RETURN(const bool open, TouchOpenUnits(m.tx(), {read.unit.region_path}));
    ASSIGN_OR_RETURN(SampleRow sample, GetSample(m.tx(), id, c.scope, /*for_update=*/true));
    if (!request.etag().empty() && request.etag() != absl::StrCat(sample.version)) {
      return EtagMismatch().Build();
    }
    ASSIGN_OR_RETURN(const CampaignRow campaign, GetCampaign(m.tx(), sample.campaign_id, c.scope));
    const workflow::Actor actor = WorkflowActor(c.caller, sample.region_path);
    RETURN_IF_ERROR(CheckRecorder(actor, sample.level));
    ASSIGN_OR_RETURN(const std::optional<SampleUnitRow> found, FindSampleUnit(m.tx(), id, unit_id));
    if (!found) return FailedPrecondition("NOT_IN_SAMPLE", "该村不在样本中").Build();
    Loaded l;
    l.unit = read.unit;
    l.from = static_cast<UnitReportState>(read.unit.state);
    l.deadlines = read.deadlines;
    ASSIGN_OR_RETURN(l.subject,
                     SubjectOf(m.tx(), l.unit, open && read.campaign_state == kCampaignOpen,
                               l.deadlines, c.now));
    l.subject.samples = {{sample.level, found->has_result}};
    RETURN_IF_ERROR(UnitReportTable().Execute(l.subject, kRecord, actor).status());
    SampleUnitRow unit = *found;
    v1::SampleUnit note;
    *note.mutable_checked_by() = ActorMessage(c, unit.region_path);
    SetTime(c.now, note.mutable_checked_at());
    note.set_note(request.note());
    unit.issue = request.issue();
    unit.bytes = ToBytes(note);
    ASSIGN_OR_RETURN(const bool recorded, RecordResult(m.tx(), unit));
    if (!recorded) return FailedPrecondition("RESULT_RECORDED", "抽查结果已登记").Build();

    ASSIGN_OR_RETURN(const auto ids, VillageProjectIds(m.tx(), {unit.region_path}));
    const auto projects = ids.find(unit.region_path);
    std::vector<FindingRow> findings;
    ASSIGN_OR_RETURN(const std::vector<std::string> reported,
                     ReportedTexts(m.tx(), request.findings()));
    for (int i = 0; i < request.findings_size(); ++i) {
      v1::VerificationFinding finding = request.findings(i);
      finding.set_reported_text(reported[static_cast<size_t>(i)]);
      ASSIGN_OR_RETURN(const Ulid project,
                       ParseId(finding.project_id(), absl::StrCat("findings[", i, "].project_id")));
      if (projects == ids.end() || std::find(projects->second.begin(), projects->second.end(),
                                             project) == projects->second.end()) {
        return FailedPrecondition("FINDING_PROJECT_UNKNOWN", "核查项目不在本村报告内")
            .With("project_id", finding.project_id())
            .Build();
      }
      *finding.mutable_found_by() = ActorMessage(c, unit.region_path);
      SetTime(c.now, finding.mutable_found_at());
      findings.push_back({c.ids.Next(), unit_id, project, unit.region_path, sample.level,
                          finding.action(), finding.field(), ToBytes(finding)});
    }
    RETURN_IF_ERROR(InsertFindings(m.tx(), findings));

    // The report takes the result where its state can; a later sample never lifts an issue.
    const bool moves = l.from == UnitReportState::kCountyVerified
                           ? request.issue() || sample.level == kCity
                           : l.from == UnitReportState::kCitySampledOk && request.issue();
    if (moves) {
      l.before = UnitReportOf(l.unit);
      l.after = l.before;
      const char* action = request.issue() ? "sample_issue" : "sample_ok";
      ASSIGN_OR_RETURN(const UnitReportState to,
                       UnitReportTable().Execute(l.subject, action, actor));
      RETURN_IF_ERROR(SaveStep(m, l, to, action, request.note()).status());
    } else {
      RETURN_IF_ERROR(SyncUnitReports(m.tx(), {read.unit},
                                      inbox::ActOf(m, "record_sample_result", InboxCalendar())));
    }
    ASSIGN_OR_RETURN(const v1::Sample before, SampleMessage(m.tx(), sample, LimitOf(campaign)));
    sample.results_recorded += 1;
    sample.issues += request.issue() ? 1 : 0;
    sample.version += 1;
    RETURN_IF_ERROR(UpdateSample(m.tx(), sample));
    ASSIGN_OR_RETURN(v1::Sample message, SampleMessage(m.tx(), sample, LimitOf(campaign)));
    RETURN_IF_ERROR(
        m.Audit("sample", sample.id, sample.region_path, &before, message, request.note()));
    // The last result, and each that changes what the samples ask for, is the province's cue.
    RETURN_IF_ERROR(SyncConfirmations(m.tx(), sample.campaign_id, sample.region_path,
                                      inbox::ActOf(m, "record_sample_result", InboxCalendar())));
    return WithUnits(m.tx(), std::move(message), sample.id);
  });
}

absl::StatusOr<v1::ConfirmProvinceResponse> Confirm(CallContext& c,
                                                    const v1::ConfirmProvinceRequest& request) {
  return rpc::Mutate<v1::ConfirmProvinceResponse>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::ConfirmProvinceResponse> {
        ASSIGN_OR_RETURN(const Ulid campaign_id, ParseId(request.campaign_id(), "campaign_id"));
        ASSIGN_OR_RETURN(const CampaignRow campaign, GetCampaign(m.tx(), campaign_id, c.scope));
        ASSIGN_OR_RETURN(const std::string path,
                         ResolvePath(m.tx(), request.region_code(), "region_code"));
        RETURN_IF_ERROR(CheckInScope(c, path, request.region_code()));
        ASSIGN_OR_RETURN(const bool open, TouchOpenCounties(m.tx(), campaign_id, path));
        const workflow::Actor actor = WorkflowActor(c.caller, path);
        RETURN_IF_ERROR(CheckRegionStep(campaign, open, "confirm", actor, 0));
        if (path.size() != 4 && path.size() != 6) {
          return InvalidField("region_code", "按市或县确认").Build();
        }
        UnitQuery query;
        query.scope = {path};
        query.campaign_id = campaign_id;
        query.limit = 0;
        query.for_update = true;
        ASSIGN_OR_RETURN(const std::vector<UnitReportRow> units, ListUnits(m.tx(), query));
        int64_t pending = 0;
        for (const UnitReportRow& unit : units) {
          pending += IsCountyVerified(static_cast<UnitReportState>(unit.state)) ? 0 : 1;
        }
        if (pending > 0 || units.empty()) {
          return FailedPrecondition("UNITS_PENDING", Cat("尚有", pending, "个村未完成县级核实"))
              .With("pending", absl::StrCat(pending))
              .Build();
        }
        // The reports first, then the samples. A result of another county that calls for an
        // enlargement either holds this up, or finds that what is confirmed here is not drawn.
        ASSIGN_OR_RETURN(const SampleStanding standing,
                         SamplesAround(m.tx(), campaign_id, path, /*for_update=*/true));
        if (standing.not_covered > 0) {
          return FailedPrecondition("SAMPLE_INCOMPLETE", Cat("有", standing.not_covered,
                                                             "个村核实后尚未纳入抽查，须补充抽样"))
              .With("not_covered", absl::StrCat(standing.not_covered))
              .Build();
        }
        if (standing.samples.empty() || standing.missing_results > 0) {
          return FailedPrecondition("SAMPLE_INCOMPLETE",
                                    standing.samples.empty() ? "尚未抽查" : "抽查结果尚未登记齐全")
              .With("missing", absl::StrCat(standing.missing_results))
              .Build();
        }
        for (const SampleRow& sample : standing.samples) {
          ASSIGN_OR_RETURN(const bool enlarge, NeedsEnlargement(m.tx(), sample, LimitOf(campaign)));
          if (enlarge) {
            return FailedPrecondition("ENLARGEMENT_REQUIRED", "问题率超限，须扩大抽查或全面复核")
                .With("sample_id", sample.id.ToString())
                .Build();
          }
        }
        ASSIGN_OR_RETURN(const std::vector<Ulid> with_issue,
                         UnitsWithIssue(m.tx(), campaign_id, path));
        const std::set<Ulid> held(with_issue.begin(), with_issue.end());
        std::vector<UnitReportRow> confirmed, after_confirmation;
        std::vector<audit::Entry> audits;
        std::vector<feed::OutboxEvent> events;
        v1::ConfirmProvinceResponse response;
        for (const UnitReportRow& unit : units) {
          const auto state = static_cast<UnitReportState>(unit.state);
          if (state == UnitReportState::kProvConfirmed) continue;
          if (state == UnitReportState::kCitySampledIssue) {
            response.set_held_back(response.held_back() + 1);
            continue;
          }
          // An issue that was returned, repaired and verified anew no longer holds the report back.
          if (held.count(unit.id) > 0 && unit.verification_round <= 1) {
            response.set_held_back(response.held_back() + 1);
            continue;
          }
          UnitReportSubject subject;
          subject.state = state;
          subject.submitted_by = SubmitterOf(unit);
          const absl::Status step = UnitReportTable().Execute(subject, "confirm", actor).status();
          // One's own report waits for somebody else, and the others do not wait for it.
          if (GetErrorDetail(step).reason == "SELF_APPROVAL") {
            response.set_held_back(response.held_back() + 1);
            continue;
          }
          RETURN_IF_ERROR(step);
          UnitReportRow after = unit;
          after.state = static_cast<int>(UnitReportState::kProvConfirmed);
          after.confirmed_at = c.now;
          after.version += 1;
          audit::Entry entry;
          entry.aggregate_type = "unit_report";
          entry.aggregate_id = unit.id;
          entry.region_path = unit.region_path;
          entry.action = "InventoryService.ConfirmProvince";
          entry.actor = m.ActorAt(unit.region_path);
          entry.before_json = audit::ToJson(UnitReportOf(unit));
          const v1::InventoryUnitReport message = UnitReportOf(after);
          entry.after_json = audit::ToJson(message);
          entry.request_id = m.request_id();
          entry.source_system = c.caller.source_system;
          entry.client_ip = c.caller.client_ip;
          entry.occurred_at = c.now;
          audits.push_back(std::move(entry));
          v1::UnitReportChanged event;
          *event.mutable_unit_report() = message;
          events.push_back(feed::MakeEvent("unit_report", unit.id, unit.region_path, event, c.now));
          confirmed.push_back(unit);
          after_confirmation.push_back(std::move(after));
        }
        RETURN_IF_ERROR(ConfirmUnits(m.tx(), confirmed, c.caller.subject, c.now));
        for (size_t begin = 0; begin < audits.size(); begin += 500) {
          const size_t end = std::min(audits.size(), begin + 500);
          RETURN_IF_ERROR(
              audit::AppendBatch(m.tx(), {audits.begin() + begin, audits.begin() + end}));
        }
        RETURN_IF_ERROR(feed::PublishBatch(m.tx(), events));
        RETURN_IF_ERROR(SyncUnitReports(m.tx(), after_confirmation,
                                        inbox::ActOf(m, "confirm", InboxCalendar())));
        if (!confirmed.empty()) {
          RETURN_IF_ERROR(
              SyncCampaigns(m.tx(), {campaign_id}, inbox::ActOf(m, "confirm", InboxCalendar())));
        }
        response.set_confirmed(static_cast<int64_t>(confirmed.size()));
        return response;
      });
}

}  // namespace

void RegisterSampleHandlers(rpc::Router& router, Random random) {
  router.Unary<v1::DrawSampleRequest, v1::Sample>(
      Cat(kService, "DrawSample"),
      rpc::OfWhole([random](CallContext& c, const v1::DrawSampleRequest& request) {
        return Draw(c, request, random);
      }));
  router.Unary<v1::GetSampleRequest, v1::Sample>(Cat(kService, "GetSample"), Get);
  router.Unary<v1::ListSamplesRequest, v1::ListSamplesResponse>(Cat(kService, "ListSamples"), List);
  router.Unary<v1::ListSampleUnitsRequest, v1::ListSampleUnitsResponse>(
      Cat(kService, "ListSampleUnits"), ListOfSample);
  router.Unary<v1::RecordSampleResultRequest, v1::Sample>(Cat(kService, "RecordSampleResult"),
                                                          rpc::OfWhole(RecordSampleResult));
  router.Unary<v1::ConfirmProvinceRequest, v1::ConfirmProvinceResponse>(
      Cat(kService, "ConfirmProvince"), rpc::OfWhole(Confirm));
}

}  // namespace bangfu::registry::inventory
