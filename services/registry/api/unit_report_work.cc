#include "services/registry/api/unit_report_work.h"

#include <algorithm>
#include <optional>
#include <set>

#include "bangfu/registry/v1/inventory.pb.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "common/workflow/departments.h"
#include "services/registry/api/inventory_internal.h"
#include "services/registry/api/unit_reports.h"
#include "services/registry/domain/campaign.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/domain/roles.h"
#include "services/registry/store/calendar_store.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/completeness_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/reference_id.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/sample_store.h"
#include "services/registry/store/unit_report_store.h"
#include "services/registry/store/verification_store.h"
#include "services/registry/store/village_project_store.h"

namespace bangfu::registry {
namespace {

constexpr char kSubjectType[] = "unit_report";
// Working days for the result of a drawn village; 待省厅确认.
constexpr int kSampleResultDays = 10;
// Working days to draw a sample once a county is verified; 待省厅确认.
constexpr int kSampleDrawDays = 10;
// Working days for the province to confirm a county; 待省厅确认.
constexpr int kConfirmDays = 10;
// Working days to have a report verified anew whose projects were amended or disputed.
constexpr int kReverifyDays = 5;
constexpr char kConfirmationSubject[] = "campaign_county";
constexpr size_t kChunk = 500;

// What the state alone does not say, for many reports at once.
struct Around {
  std::map<Ulid, CampaignRef> campaigns;
  // Of reports with the county.
  std::map<Ulid, std::vector<RequiredDepartment>> missing_departments;
  std::map<Ulid, std::vector<std::string>> signers;
  std::map<std::string, std::string> department_names;
  std::map<Ulid, std::set<int>> samples;  // levels that drew the report and have no result
  int sample_days = kSampleResultDays;
  std::set<Ulid> checked_above;       // verified reports that city or province have checked since
  std::map<Ulid, int64_t> to_verify;  // of verified reports: projects that are not, or not any more
  int reverify_days = kReverifyDays;
};

// Projects of verified reports that were amended since, or disputed: nobody verifies them but with
// the report.
absl::Status LoadToVerify(mysql::Tx& tx, const std::vector<const UnitReportRow*>& verified,
                          Around* around) {
  std::vector<std::string> villages;
  for (const UnitReportRow* unit : verified) villages.push_back(unit->region_path);
  ASSIGN_OR_RETURN(const auto counts, CountProjects(tx, villages));
  for (const UnitReportRow* unit : verified) {
    const auto count = counts.find(unit->region_path);
    if (count == counts.end() || count->second.verified >= count->second.projects) continue;
    around->to_verify[unit->id] = count->second.projects - count->second.verified;
  }
  if (around->to_verify.empty()) return absl::OkStatus();
  // What another village's report alone disputes waits there: to take this one back settles
  // nothing.
  ASSIGN_OR_RETURN(const auto shared, SharedDisputes(tx, villages));
  for (const UnitReportRow* unit : verified) {
    const auto disputed = shared.find(unit->region_path);
    if (disputed == shared.end()) continue;
    ASSIGN_OR_RETURN(const int64_t others,
                     inventory::DisputedOnlyElsewhere(tx, disputed->second, *unit));
    if ((around->to_verify[unit->id] -= others) <= 0) around->to_verify.erase(unit->id);
  }
  ASSIGN_OR_RETURN(const int64_t days, ParameterValue(tx, "REPORT_RETURN_DAYS", kReverifyDays));
  around->reverify_days = static_cast<int>(days);
  return absl::OkStatus();
}

absl::StatusOr<Around> LoadAround(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                                  absl::Time now) {
  Around around;
  std::set<Ulid> campaigns;
  std::vector<UnitReportRow> with_county;
  std::vector<Ulid> verified;
  std::vector<const UnitReportRow*> verified_units;
  for (const UnitReportRow& unit : units) {
    campaigns.insert(unit.campaign_id);
    if (WithCounty(unit)) with_county.push_back(unit);
    if (!IsCountyVerified(static_cast<UnitReportState>(unit.state))) continue;
    verified.push_back(unit.id);
    verified_units.push_back(&unit);
  }
  ASSIGN_OR_RETURN(around.campaigns, FindCampaigns(tx, campaigns));
  if (!with_county.empty()) {
    ASSIGN_OR_RETURN(const auto departments,
                     inventory::DepartmentsOf(tx, with_county, ShanghaiDay(now)));
    ASSIGN_OR_RETURN(const std::vector<SignatureRow> signatures, Signatures(tx, with_county));
    ASSIGN_OR_RETURN(const std::vector<CodeRow> names, ListCodes(tx, "DEPARTMENT"));
    for (const CodeRow& name : names) around.department_names[name.code] = name.name_zh;
    std::set<std::pair<Ulid, std::string>> signed_for;
    for (const SignatureRow& s : signatures) {
      signed_for.emplace(s.unit_report_id, s.department_code);
      std::vector<std::string>& signers = around.signers[s.unit_report_id];
      signers.push_back(s.signed_by);
      const auto stands = FromBytes<v1::RequiredDepartment>(s.bytes);
      if (const std::string& by = stands.signed_by().delegated_by(); !by.empty()) {
        signers.push_back(by);
      }
    }
    for (size_t i = 0; i < with_county.size(); ++i) {
      for (const RequiredDepartment& d : departments[i]) {
        if (signed_for.count({with_county[i].id, d.department_code}) > 0) continue;
        around.missing_departments[with_county[i].id].push_back(d);
      }
    }
  }
  if (!verified.empty()) {
    RETURN_IF_ERROR(LoadToVerify(tx, verified_units, &around));
    ASSIGN_OR_RETURN(const std::vector<SampleOfUnit> samples, SamplesOf(tx, verified));
    for (const SampleOfUnit& s : samples) {
      if (!s.has_result) {
        around.samples[s.unit_report_id].insert(s.level);
        continue;
      }
      const auto unit =
          std::find_if(verified_units.begin(), verified_units.end(),
                       [&](const UnitReportRow* u) { return u->id == s.unit_report_id; });
      if (inventory::ChecksVerification(s, **unit)) around.checked_above.insert(s.unit_report_id);
    }
    if (!around.samples.empty()) {
      ASSIGN_OR_RETURN(const int64_t days,
                       ParameterValue(tx, "SAMPLE_RESULT_DAYS", kSampleResultDays));
      around.sample_days = static_cast<int>(days);
    }
  }
  return around;
}

// Steps after which a county may be ready for the province, or not any more.
bool MovesConfirmation(std::string_view outcome) {
  for (const char* one :
       {"complete", "return", "recall", "reopen", "confirm", "sample_ok", "sample_issue"}) {
    if (outcome == one) return true;
  }
  return false;
}

Ulid ConfirmationId(const Ulid& campaign_id, const std::string& county) {
  return IdOfKey("confirmation", Cat(campaign_id.ToString(), "/", county));
}

// What a verified county waits for.
struct SampleNeed {
  bool complete = false;  // nothing: the province can confirm
  bool enlarge = false;   // a sample covers it, and there are too many issues in it
  std::set<int> to_draw;  // levels whose drawing would help; empty: results are missing
};
// `enlarge`: what is known of samples already, as their counties are looked at one after another.
absl::StatusOr<SampleNeed> SampleNeedOf(mysql::Tx& tx, const Ulid& campaign_id,
                                        const std::string& county, std::map<Ulid, bool>* enlarge) {
  ASSIGN_OR_RETURN(const SampleStanding standing, SamplesAround(tx, campaign_id, county));
  SampleNeed need;
  if (standing.samples.empty()) {
    need.to_draw = {1, 2};  // either will do
    return need;
  }
  ASSIGN_OR_RETURN(const CampaignRow campaign, GetCampaign(tx, campaign_id, {county}));
  const int32_t limit = FromBytes<v1::InventoryCampaign>(campaign.bytes).issue_rate_limit_bp();
  need.complete = standing.missing_results == 0 && standing.not_covered == 0;
  for (const SampleRow& sample : standing.samples) {
    auto known = enlarge->find(sample.id);
    if (known == enlarge->end()) {
      ASSIGN_OR_RETURN(const bool needs, inventory::NeedsEnlargement(tx, sample, limit));
      known = enlarge->emplace(sample.id, needs).first;
    }
    if (!known->second) continue;
    need.complete = false;
    // The share of issues is known when every result is there.
    if (sample.results_recorded >= sample.drawn) need.to_draw.insert(sample.level);
  }
  if (standing.not_covered > 0) {
    // What was verified since no sample was drawn from: again either will do, and nobody has to
    // enlarge for it.
    need.to_draw = {1, 2};
    return need;
  }
  need.enlarge = !need.to_draw.empty();
  return need;
}

inbox::Subject WorkOf(const UnitReportRow& unit, const Around& around) {
  inbox::Subject out{kSubjectType, unit.id, {}, {}};
  const auto campaign = around.campaigns.find(unit.campaign_id);
  // While a campaign opens its reports are made in small steps, each with its work.
  if (campaign == around.campaigns.end() ||
      (campaign->second.state != kCampaignOpen && campaign->second.state != kCampaignOpening)) {
    return out;
  }
  const v1::InventoryUnitReport report = UnitReportOf(unit);
  const std::string title = Cat(report.region_name(), "摸排报告");

  UnitReportSubject subject;
  subject.state = static_cast<UnitReportState>(unit.state);
  subject.submitted_by = SubmitterOf(unit);
  subject.return_to_level = unit.return_to_level;
  subject.approval_level = ApprovalLevel(subject.state);
  // A submit waits in whatever form it comes, and a locked village waits all the more.
  subject.is_nil = true;
  subject.signatory = "-";
  std::vector<RequiredDepartment> missing;
  if (const auto found = around.missing_departments.find(unit.id);
      found != around.missing_departments.end()) {
    missing = found->second;
  }
  for (const RequiredDepartment& department : missing) {
    subject.missing_departments.push_back(department.department_code);
  }

  const std::optional<absl::CivilDay> due =
      DueOn(subject.state, unit.return_to_level, unit.return_due_on, campaign->second.deadlines);
  const bool returned = subject.state == UnitReportState::kReturned;
  std::vector<workflow::WaitingStep> steps =
      workflow::WaitingSteps(UnitReportTable(), UnitReportWorks(), subject, {subject.submitted_by});
  if (subject.state == UnitReportState::kCitySampledIssue) {
    for (workflow::WaitingStep& step :
         workflow::WaitingSteps(UnitReportTable(), IssueWork(), subject, {})) {
      steps.push_back(std::move(step));
    }
  }
  for (const workflow::WaitingStep& step : steps) {
    inbox::Wanted w = inbox::WantedOf(step, unit.region_path, title);
    w.facets = auth::Everything();
    w.due_on = due;
    if (returned) {
      w.provisional = report.current_return().due_provisional();
      const bool recalled = report.current_return().from_level() == v1::REGION_LEVEL_COUNTY &&
                            report.current_return().to_level() == v1::REGION_LEVEL_COUNTY;
      w.title = Cat(title, recalled ? "（撤回重核）" : "（被退回）");
      if (step.action == "submit") w.kind = "UNIT_REPORT_CORRECT";
    }
    if (step.action != "sign") {
      out.wanted.push_back(std::move(w));
      continue;
    }
    if (const auto signers = around.signers.find(unit.id); signers != around.signers.end()) {
      for (const std::string& person : signers->second) {
        if (std::find(w.excluded.begin(), w.excluded.end(), person) == w.excluded.end()) {
          w.excluded.push_back(person);
        }
      }
    }
    for (const RequiredDepartment& department : missing) {
      inbox::Wanted one = w;
      const std::string& code = department.department_code;
      const auto name = around.department_names.find(code);
      one.slot = code;
      one.title =
          Cat(w.title, " ", name == around.department_names.end() ? code : name->second, "会签");
      // A department signs for the money that it answers for.
      one.facets = {department.source_codes, {}};
      one.roles = workflow::SigningRoles(code);
      std::erase_if(one.roles, [&](workflow::RoleId role) {
        return std::find(step.roles.begin(), step.roles.end(), role) == step.roles.end();
      });
      out.wanted.push_back(std::move(one));
    }
  }
  // One that is to be sent back anyway waits for that.
  if (const auto count = around.to_verify.find(unit.id);
      count != around.to_verify.end() && subject.state != UnitReportState::kCitySampledIssue) {
    subject.checked_above = around.checked_above.count(unit.id) > 0;
    std::vector<workflow::WaitingStep> again =
        workflow::WaitingSteps(UnitReportTable(), ReverifyWorks(), subject, {});
    // Where the county can take it back itself, nobody above needs to return it.
    if (std::any_of(again.begin(), again.end(),
                    [](const workflow::WaitingStep& step) { return step.action == "recall"; })) {
      std::erase_if(again,
                    [](const workflow::WaitingStep& step) { return step.action != "recall"; });
    }
    for (const workflow::WaitingStep& step : again) {
      inbox::Wanted w =
          inbox::WantedOf(step, unit.region_path, Cat(title, "，", count->second, "个项目待复核"));
      w.facets = auth::Everything();
      w.term_days = around.reverify_days;
      out.wanted.push_back(std::move(w));
    }
  }
  if (const auto samples = around.samples.find(unit.id); samples != around.samples.end()) {
    for (const int level : samples->second) {
      subject.samples = {{level, false}};
      for (const workflow::WaitingStep& step : workflow::WaitingSteps(
               UnitReportTable(), ResultWork(), subject, {subject.submitted_by})) {
        inbox::Wanted w = inbox::WantedOf(step, unit.region_path,
                                          Cat(title, level == 1 ? " 省级抽查" : " 市级抽查"));
        w.facets = auth::Everything();
        w.slot = Cat("LEVEL_", level);
        w.term_days = around.sample_days;
        out.wanted.push_back(std::move(w));
      }
    }
  }
  return out;
}

absl::Status InChunks(const std::vector<UnitReportRow>& units,
                      const std::function<absl::Status(const std::vector<UnitReportRow>&)>& work) {
  for (size_t begin = 0; begin < units.size(); begin += kChunk) {
    const size_t end = std::min(units.size(), begin + kChunk);
    RETURN_IF_ERROR(work({units.begin() + static_cast<std::ptrdiff_t>(begin),
                          units.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  return absl::OkStatus();
}

}  // namespace

bool HasProjectWork(const UnitReportRow& unit) {
  return WithCounty(unit) || IsCountyVerified(static_cast<UnitReportState>(unit.state));
}

bool WithCounty(const UnitReportRow& unit) {
  const auto state = static_cast<UnitReportState>(unit.state);
  return state == UnitReportState::kTownshipPassed ||
         (state == UnitReportState::kReturned && unit.return_to_level == kCountyLevel);
}

std::vector<inbox::Kind> UnitReportKinds() {
  return {{"UNIT_REPORT_SUBMIT", "上报摸排报告", kSubjectType},
          {"UNIT_REPORT_CORRECT", "补正退回的摸排报告", kSubjectType},
          {"UNIT_REPORT_PASS", "审核摸排报告", kSubjectType},
          {"UNIT_REPORT_SIGN", "会同核实签字", kSubjectType},
          {"UNIT_REPORT_COMPLETE", "完成县级核实", kSubjectType},
          {"UNIT_REPORT_SEND_BACK", "退回抽查有问题的报告", kSubjectType},
          {"UNIT_REPORT_REVERIFY", "撤回重核有变动或争议的项目", kSubjectType},
          {"SAMPLE_RESULT", "登记抽查结果", kSubjectType},
          {"SAMPLE_DRAW", "抽取抽查样本", kConfirmationSubject},
          {"INVENTORY_CONFIRM", "确认县级摸排成果", kConfirmationSubject}};
}

inbox::CalendarLookup InboxCalendar() {
  return [](mysql::Executor& db, absl::civil_year_t first,
            absl::civil_year_t last) -> absl::StatusOr<workflow::Calendar> {
    ASSIGN_OR_RETURN(const WorkCalendar stored, LoadCalendarOf(db, first, last));
    workflow::Calendar calendar;
    for (const int64_t year : stored.years) calendar.AddYear(year);
    for (const auto& [day, is_working] : stored.days) calendar.AddDay(day, is_working);
    return calendar;
  };
}

absl::Status SyncUnitReports(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                             const inbox::Act& act) {
  return InChunks(units, [&](const std::vector<UnitReportRow>& chunk) -> absl::Status {
    ASSIGN_OR_RETURN(const Around around, LoadAround(tx, chunk, act.now));
    std::vector<inbox::Subject> subjects;
    std::set<std::pair<Ulid, std::string>> counties;
    for (const UnitReportRow& unit : chunk) {
      subjects.push_back(WorkOf(unit, around));
      if (MovesConfirmation(act.outcome)) {
        counties.emplace(unit.campaign_id, RegionAncestor(unit.region_path, RegionLevel::kCounty));
      }
    }
    RETURN_IF_ERROR(inbox::Sync(tx, subjects, act));
    for (const auto& [campaign, county] : counties) {
      RETURN_IF_ERROR(SyncConfirmations(tx, campaign, county, act));
    }
    return absl::OkStatus();
  });
}

absl::Status SyncConfirmations(mysql::Tx& tx, const Ulid& campaign_id,
                               const std::string& region_path, const inbox::Act& act) {
  ASSIGN_OR_RETURN(std::vector<std::string> counties,
                   CountiesOfCampaign(tx, campaign_id, region_path));
  std::vector<Ulid> claims;
  for (const std::string& county : counties) claims.push_back(ConfirmationId(campaign_id, county));
  // Two villages that are completed at once wait for each other here; what is read after sees both.
  RETURN_IF_ERROR(inbox::Claim(tx, claims));
  ASSIGN_OR_RETURN(const auto campaigns, FindCampaigns(tx, {campaign_id}));
  const auto campaign = campaigns.find(campaign_id);
  const bool open = campaign != campaigns.end() && campaign->second.state == kCampaignOpen;
  std::map<std::string, std::pair<int64_t, int64_t>> standing;  // not verified, to be confirmed
  if (open) {
    ASSIGN_OR_RETURN(const std::vector<UnitGroup> groups,
                     GroupUnits(tx, campaign_id, {region_path}, 6, std::nullopt));
    for (const UnitGroup& group : groups) {
      auto& [unverified, waiting] = standing[group.path];
      if (!IsCountyVerified(group.state)) unverified += group.units;
      if (group.state == UnitReportState::kCountyVerified ||
          group.state == UnitReportState::kCitySampledOk) {
        waiting += group.units;
      }
    }
  }
  CampaignSubject verified;
  verified.state = CampaignState::kOpen;
  verified.verified = 1;
  const auto roles_for = [&](const char* action) {
    return CampaignTransitions().RolesFor(verified, action, workflow::kAnybody);
  };
  std::vector<inbox::Subject> subjects;
  std::map<Ulid, bool> enlarge;
  for (const std::string& county : counties) {
    inbox::Subject subject{kConfirmationSubject, ConfirmationId(campaign_id, county), {}, {}};
    const auto [unverified, waiting] = standing[county];
    if (open && unverified == 0 && waiting > 0) {
      ASSIGN_OR_RETURN(const SampleNeed need, SampleNeedOf(tx, campaign_id, county, &enlarge));
      if (need.complete || !need.to_draw.empty()) {
        ASSIGN_OR_RETURN(const auto names, RegionNames(tx, {county}));
        const auto name = names.find(county);
        const std::string title = Cat(name == names.end() ? county : name->second, "摸排成果");
        inbox::Wanted w;
        w.slot = campaign_id.ToString();
        w.region_path = county;
        w.facets = auth::Everything();
        if (need.complete) {
          ASSIGN_OR_RETURN(const int64_t days,
                           ParameterValue(tx, "PROVINCE_CONFIRM_DAYS", kConfirmDays));
          w.kind = "INVENTORY_CONFIRM";
          w.action = "confirm";
          w.title = title;
          w.roles = roles_for("confirm");
          // All would be held back.
          ASSIGN_OR_RETURN(w.excluded, SubmittersOfAll(tx, campaign_id, county));
          w.term_days = static_cast<int>(days);
        } else {
          ASSIGN_OR_RETURN(const int64_t days,
                           ParameterValue(tx, "SAMPLE_DRAW_DAYS", kSampleDrawDays));
          w.kind = "SAMPLE_DRAW";
          w.action = "draw_sample";
          w.title = Cat(title, need.enlarge ? "，扩大抽查" : "，待抽查");
          for (const workflow::RoleId role : roles_for("draw_sample")) {
            for (const int level : need.to_draw) {
              const std::vector<workflow::RoleId> of_level = SampleRoles(level);
              if (std::find(of_level.begin(), of_level.end(), role) != of_level.end()) {
                w.roles.push_back(role);
              }
            }
          }
          w.term_days = static_cast<int>(days);
        }
        subject.wanted.push_back(std::move(w));
      }
    }
    subjects.push_back(std::move(subject));
  }
  return inbox::Sync(tx, subjects, act);
}

absl::Status SyncMovedConfirmations(mysql::Tx& tx, const std::string& from, const std::string& to,
                                    const inbox::Act& act) {
  const std::string left = RegionAncestor(from, RegionLevel::kCounty);
  const std::string now = RegionAncestor(to, RegionLevel::kCounty);
  if (left == now) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto counties, CountiesOfOpenCampaigns(tx));
  for (const auto& [campaign, county] : counties) {
    if (county != left && county != now) continue;
    if (from == left) {
      RETURN_IF_ERROR(
          inbox::Sync(tx, {{kConfirmationSubject, ConfirmationId(campaign, left), {}, {}}}, act));
    }
    RETURN_IF_ERROR(SyncConfirmations(tx, campaign, county, act));
  }
  return absl::OkStatus();
}

absl::Status SyncLeftSamples(mysql::Tx& tx, const std::vector<Ulid>& samples,
                             const inbox::Act& act) {
  ASSIGN_OR_RETURN(const std::vector<SampleRow> rows, SamplesById(tx, samples));
  for (const SampleRow& sample : rows) {
    ASSIGN_OR_RETURN(const CampaignRow campaign,
                     GetCampaign(tx, sample.campaign_id, {sample.region_path}));
    const int32_t limit = FromBytes<v1::InventoryCampaign>(campaign.bytes).issue_rate_limit_bp();
    if (!EnlargementRequired(sample.issues, sample.results_recorded, limit)) continue;
    ASSIGN_OR_RETURN(const bool still, inventory::NeedsEnlargement(tx, sample, limit));
    if (still) continue;
    RETURN_IF_ERROR(SyncConfirmations(tx, sample.campaign_id, sample.region_path, act));
  }
  return absl::OkStatus();
}

absl::Status SyncReverification(mysql::Tx& tx, const std::set<std::string>& villages,
                                const inbox::Act& act) {
  if (villages.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto open, FindOpenUnits(tx, villages, act.now));
  std::vector<Ulid> ids;
  for (const auto& [village, unit] : open) ids.push_back(unit.unit_report_id);
  ASSIGN_OR_RETURN(std::vector<UnitReportRow> units, LockUnitReports(tx, ids));
  std::erase_if(units, [](const UnitReportRow& unit) {
    return !IsCountyVerified(static_cast<UnitReportState>(unit.state));
  });
  return SyncUnitReports(tx, units, act);
}

absl::Status SyncMovedReports(mysql::Tx& tx, const std::string& to, const inbox::Act& act) {
  const std::string there = RegionAncestor(to, RegionLevel::kCounty);
  ASSIGN_OR_RETURN(const auto counties, CountiesOfOpenCampaigns(tx));
  for (const auto& [campaign, county] : counties) {
    if (county != there) continue;
    UnitQuery query;
    query.scope = {to};
    query.campaign_id = campaign;
    query.limit = 0;
    query.for_update = true;
    ASSIGN_OR_RETURN(std::vector<UnitReportRow> units, ListUnits(tx, query));
    std::erase_if(units, [](const UnitReportRow& unit) { return !HasProjectWork(unit); });
    RETURN_IF_ERROR(SyncUnitReports(tx, units, act));
  }
  return absl::OkStatus();
}

absl::Status SyncClosedCampaign(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                                const inbox::Act& act) {
  return InChunks(units, [&](const std::vector<UnitReportRow>& chunk) -> absl::Status {
    std::vector<inbox::Subject> subjects;
    std::set<Ulid> counties;
    for (const UnitReportRow& unit : chunk) {
      subjects.push_back({kSubjectType, unit.id, {}, {}});
      counties.insert(
          ConfirmationId(unit.campaign_id, RegionAncestor(unit.region_path, RegionLevel::kCounty)));
    }
    for (const Ulid& id : counties) subjects.push_back({kConfirmationSubject, id, {}, {}});
    return inbox::Sync(tx, subjects, act);
  });
}

absl::Status OpenFreshReports(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                              const CampaignRef& campaign, inbox::Act act) {
  act.fresh = true;
  Around around;
  around.campaigns[campaign.id] = campaign;
  std::vector<inbox::Subject> subjects;
  subjects.reserve(units.size());
  for (const UnitReportRow& unit : units) subjects.push_back(WorkOf(unit, around));
  return inbox::Sync(tx, subjects, act);
}

inbox::Source UnitReportSource() {
  return {
      kSubjectType,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<UnitReportRow> page,
                         ListUnitReportsById(db, std::nullopt, after, limit));
        std::vector<Ulid> ids;
        for (const UnitReportRow& unit : page) ids.push_back(unit.id);
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<UnitReportRow> locked, LockUnitReports(tx, ids));
        return SyncUnitReports(tx, locked, act);
      }};
}

inbox::Source ConfirmationSource() {
  return {
      kConfirmationSubject,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const auto counties, CountiesOfOpenCampaigns(db));
        std::vector<Ulid> ids;
        for (const auto& [campaign, county] : counties) {
          const Ulid id = ConfirmationId(campaign, county);
          if (id > after) ids.push_back(id);
        }
        std::sort(ids.begin(), ids.end());
        if (ids.size() > static_cast<size_t>(limit)) ids.resize(static_cast<size_t>(limit));
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const auto counties, CountiesOfOpenCampaigns(tx));
        std::set<Ulid> left(ids.begin(), ids.end());
        for (const auto& [campaign, county] : counties) {
          if (left.erase(ConfirmationId(campaign, county)) == 0) continue;
          RETURN_IF_ERROR(SyncConfirmations(tx, campaign, county, act));
        }
        // Of campaigns that are closed.
        std::vector<inbox::Subject> subjects;
        for (const Ulid& id : left) subjects.push_back({kConfirmationSubject, id, {}, {}});
        return inbox::Sync(tx, subjects, act);
      }};
}

}  // namespace bangfu::registry
