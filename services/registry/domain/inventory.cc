#include "services/registry/domain/inventory.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_join.h"
#include "common/base/bp.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/domain/roles.h"

namespace bangfu::registry {
namespace {

using State = UnitReportState;
using Subject = UnitReportSubject;
using Guard = workflow::Guard<Subject>;
using workflow::Actor;

static_assert(workflow::signing::kCountyOperator == kCountyOperator);
static_assert(workflow::signing::kCountyApprover == kCountyApprover);
static_assert(workflow::signing::kSectorVerifier == kSectorVerifier);
static_assert(workflow::signing::kFinanceOfficer == kFinanceOfficer);

Guard CampaignOpen() {
  return {"campaign_open", [](const Subject& s, const Actor&) -> absl::Status {
            if (s.campaign_open) return absl::OkStatus();
            return FailedPrecondition("CAMPAIGN_CLOSED", "摸排批次已结束");
          }};
}
Guard NotLocked() {
  return {"not_locked", [](const Subject& s, const Actor&) -> absl::Status {
            if (!s.locked) return absl::OkStatus();
            return FailedPrecondition("REPORT_LOCKED", "已过上报时限，须先取得解锁授权");
          }};
}
Guard ReturnedTo(int level) {
  return {"returned_to_own_level", [level](const Subject& s, const Actor&) -> absl::Status {
            if (s.return_to_level == level) return absl::OkStatus();
            return FailedPrecondition("STATE_NOT_ALLOWED", "报告退回给了其他层级")
                .With("return_to_level", absl::StrCat(s.return_to_level));
          }};
}
Guard NilRule() {
  return {"nil", [](const Subject& s, const Actor&) { return CheckNil(s.is_nil, s.subjects); }};
}
Guard Signed() {
  return {"signatory", [](const Subject& s, const Actor&) -> absl::Status {
            if (!s.signatory.empty()) return absl::OkStatus();
            return FailedPrecondition("SIGNATORY_REQUIRED", "须填写村级签字人")
                .Field("signatory", "须填写村级签字人");
          }};
}
// No level confirms or checks what it was that same person who reported (§2.0).
Guard NotOwnSubmission() {
  return {"not_own_submission", [](const Subject& s, const Actor& actor) -> absl::Status {
            if (!actor.Is(s.submitted_by)) return absl::OkStatus();
            return FailedPrecondition("SELF_APPROVAL", "本人上报的不能由本人审核");
          }};
}
// A report that a higher level stands behind is not taken back by a lower one (R016).
Guard NothingAbove(int own_level) {
  return {"nothing_above", [own_level](const Subject& s, const Actor&) -> absl::Status {
            if (s.approval_level >= own_level) return absl::OkStatus();
            return FailedPrecondition("APPROVED_ABOVE", "上级已通过，不能退回");
          }};
}
// What city or province has checked, or stands behind, the county does not take back (R016).
Guard NotCheckedAbove() {
  return {"not_checked_above", [](const Subject& s, const Actor&) -> absl::Status {
            if (s.approval_level >= 3 && !s.checked_above) return absl::OkStatus();
            return FailedPrecondition("APPROVED_ABOVE", "上级已抽查或确认，不能撤回");
          }};
}
Guard ResultMissing(int level) {
  return {"result_missing", [level](const Subject& s, const Actor&) -> absl::Status {
            const auto sample = s.samples.find(level);
            if (sample == s.samples.end()) {
              return FailedPrecondition("NOT_IN_SAMPLE", "该村不在样本中");
            }
            if (!sample->second) return absl::OkStatus();
            return FailedPrecondition("RESULT_RECORDED", "抽查结果已登记");
          }};
}
Guard AllSigned() {
  return {"all_departments_signed", [](const Subject& s, const Actor&) -> absl::Status {
            if (s.missing_departments.empty()) return absl::OkStatus();
            const std::string names = absl::StrJoin(s.missing_departments, ",");
            return FailedPrecondition("SIGNATURES_MISSING", "会同部门尚未全部签字")
                .With("departments", names);
          }};
}

// A result is taken whatever stands by then; what becomes of the report is sample_ok's and
// sample_issue's.
std::vector<workflow::Transition<State, Subject>> WithResults(
    std::vector<workflow::Transition<State, Subject>> rows) {
  for (const State state : {State::kCountyVerified, State::kCitySampledOk, State::kCitySampledIssue,
                            State::kProvConfirmed}) {
    for (const int level : {2, 1}) {
      rows.push_back({{state},
                      "record_sample_result",
                      "登记抽查结果",
                      SampleRoles(level),
                      {CampaignOpen(), NotOwnSubmission(), ResultMissing(level)},
                      {},
                      state});
    }
  }
  return rows;
}

// What a village shows for its report: what is there, how it was checked and made known, and the
// papers and books that it was counted from.
std::vector<std::string> UnitReportEvidence() {
  return {"PHOTO", "MINUTES", "PUBLICITY", "FUND_DOC", "CONTRACT", "VOUCHER", "BOOKS", "OTHER"};
}

}  // namespace

std::string UnitReportStateLabel(UnitReportState state) {
  switch (state) {
    case State::kUnspecified:
      return "未指定";
    case State::kNotStarted:
      return "未开始";
    case State::kDraft:
      return "填报中";
    case State::kSubmitted:
      return "已上报";
    case State::kTownshipPassed:
      return "乡镇已审";
    case State::kCountyVerified:
      return "县级已核实";
    case State::kCitySampledOk:
      return "市级抽查合格";
    case State::kCitySampledIssue:
      return "市级抽查有问题";
    case State::kProvConfirmed:
      return "省级已确认";
    case State::kReturned:
      return "已退回";
  }
  return "未指定";
}

bool IsTownshipPassed(UnitReportState state) {
  return state == State::kTownshipPassed || IsCountyVerified(state);
}
bool IsCountyVerified(UnitReportState state) {
  return state == State::kCountyVerified || state == State::kCitySampledOk ||
         state == State::kCitySampledIssue || state == State::kProvConfirmed;
}

int ApprovalLevel(UnitReportState state) {
  switch (state) {
    case State::kTownshipPassed:
      return 4;
    case State::kCountyVerified:
      return 3;
    case State::kCitySampledOk:
    case State::kCitySampledIssue:
      return 2;
    case State::kProvConfirmed:
      return 1;
    default:
      return 5;
  }
}

int WaitingLevel(UnitReportState state, int return_to_level) {
  switch (state) {
    case State::kNotStarted:
    case State::kDraft:
      return 5;
    case State::kSubmitted:
      return 4;
    case State::kTownshipPassed:
      return 3;
    case State::kCitySampledIssue:
      return 2;
    case State::kReturned:
      return return_to_level;
    default:
      return 0;
  }
}

int ReturnLevel(UnitReportState state, int return_to_level) {
  switch (state) {
    case State::kSubmitted:
      return 5;
    case State::kTownshipPassed:
      return 4;
    case State::kCountyVerified:
    case State::kCitySampledOk:
    case State::kCitySampledIssue:
    case State::kProvConfirmed:
      return 3;
    case State::kReturned:
      return return_to_level + 1;
    default:
      return 0;
  }
}

const workflow::Table<UnitReportState, UnitReportSubject>& UnitReportTable() {
  static const auto* table = new workflow::Table<State, Subject>(
      [](const Subject& s) { return s.state; }, UnitReportStateLabel,
      WithResults({
          {{State::kNotStarted, State::kDraft},
           "save_draft",
           "保存草稿",
           {kVillageReporter, kTownshipReviewer},
           {CampaignOpen(), NotLocked()},
           {},
           State::kDraft,
           UnitReportEvidence()},
          {{State::kReturned},
           "save_draft",
           "保存草稿",
           {kVillageReporter, kTownshipReviewer},
           {CampaignOpen(), NotLocked(), ReturnedTo(5)},
           {},
           State::kReturned,
           UnitReportEvidence()},
          {{State::kNotStarted, State::kDraft},
           "submit",
           "上报",
           {kVillageReporter},
           {CampaignOpen(), NotLocked(), NilRule(), Signed()},
           {},
           State::kSubmitted,
           UnitReportEvidence()},
          {{State::kReturned},
           "submit",
           "上报",
           {kVillageReporter},
           {CampaignOpen(), NotLocked(), ReturnedTo(5), NilRule(), Signed()},
           {},
           State::kSubmitted,
           UnitReportEvidence()},
          {{State::kSubmitted},
           "pass",
           "审核通过",
           {kTownshipReviewer},
           {CampaignOpen(), NotOwnSubmission()},
           {},
           State::kTownshipPassed},
          {{State::kReturned},
           "pass",
           "审核通过",
           {kTownshipReviewer},
           {CampaignOpen(), ReturnedTo(4), NotOwnSubmission()},
           {},
           State::kTownshipPassed},

          {{State::kSubmitted},
           "return",
           "退回",
           {kTownshipReviewer},
           {CampaignOpen(), NothingAbove(4)},
           {},
           State::kReturned},
          {{State::kTownshipPassed, State::kCountyVerified, State::kCitySampledOk,
            State::kCitySampledIssue, State::kProvConfirmed},
           "return",
           "退回",
           {kTownshipReviewer},
           // What the township has passed is the county's to return.
           {CampaignOpen(), NothingAbove(5)},
           {},
           State::kReturned},
          {{State::kReturned},
           "return",
           "退回",
           {kTownshipReviewer},
           {CampaignOpen(), ReturnedTo(4)},
           {},
           State::kReturned},
          {{State::kTownshipPassed},
           "return",
           "退回",
           {kCountyOperator, kCountyApprover},
           {CampaignOpen(), NothingAbove(3)},
           {},
           State::kReturned},
          {{State::kCountyVerified, State::kCitySampledOk, State::kCitySampledIssue,
            State::kProvConfirmed},
           "return",
           "退回",
           {kCountyOperator, kCountyApprover},
           {CampaignOpen(), NothingAbove(4)},
           {},
           State::kReturned},
          {{State::kReturned},
           "return",
           "退回",
           {kCountyOperator, kCountyApprover},
           {CampaignOpen(), ReturnedTo(3)},
           {},
           State::kReturned},
          {{State::kCountyVerified, State::kCitySampledOk, State::kCitySampledIssue,
            State::kProvConfirmed},
           "return",
           "退回",
           {kCitySupervisor},
           {CampaignOpen(), NothingAbove(2)},
           {},
           State::kReturned},
          {{State::kCountyVerified, State::kCitySampledOk, State::kCitySampledIssue,
            State::kProvConfirmed},
           "return",
           "退回",
           {kProvOffice},
           {CampaignOpen()},
           {},
           State::kReturned},

          {{State::kTownshipPassed},
           "sign",
           "会同核实签字",
           {kCountyOperator, kCountyApprover, kSectorVerifier, kFinanceOfficer},
           {CampaignOpen(), NotOwnSubmission()},
           {},
           State::kTownshipPassed},
          {{State::kReturned},
           "sign",
           "会同核实签字",
           {kCountyOperator, kCountyApprover, kSectorVerifier, kFinanceOfficer},
           {CampaignOpen(), ReturnedTo(3), NotOwnSubmission()},
           {},
           State::kReturned},
          {{State::kTownshipPassed},
           "complete",
           "完成县级核实",
           {kCountyOperator, kCountyApprover},
           {CampaignOpen(), NotOwnSubmission(), AllSigned()},
           {},
           State::kCountyVerified},
          {{State::kReturned},
           "complete",
           "完成县级核实",
           {kCountyOperator, kCountyApprover},
           {CampaignOpen(), ReturnedTo(3), NotOwnSubmission(), AllSigned()},
           {},
           State::kCountyVerified},

          // The county takes its own verification back, for itself.
          {{State::kCountyVerified, State::kCitySampledOk, State::kCitySampledIssue,
            State::kProvConfirmed},
           "recall",
           "撤回核实",
           {kCountyOperator, kCountyApprover},
           {CampaignOpen(), NotCheckedAbove()},
           {},
           State::kReturned},

          {{State::kCountyVerified},
           "sample_ok",
           "抽查合格",
           {kCitySupervisor},
           {CampaignOpen(), NotOwnSubmission()},
           {},
           State::kCitySampledOk},
          {{State::kCountyVerified, State::kCitySampledOk},
           "sample_issue",
           "抽查有问题",
           {kCitySupervisor, kProvOffice},
           {CampaignOpen(), NotOwnSubmission()},
           {},
           State::kCitySampledIssue},
          {{State::kCountyVerified, State::kCitySampledOk},
           "confirm",
           "省级确认",
           {kProvOffice},
           {CampaignOpen(), NotOwnSubmission()},
           {},
           State::kProvConfirmed},
          // A subject registered later opens the report again (§3.2).
          {{State::kSubmitted, State::kTownshipPassed, State::kCountyVerified,
            State::kCitySampledOk, State::kCitySampledIssue, State::kProvConfirmed,
            State::kReturned, State::kNotStarted},
           "reopen",
           "重新填报",
           {workflow::kSystem},
           {},
           {},
           State::kDraft},
      }));
  return *table;
}

const std::vector<workflow::Work>& UnitReportWorks() {
  static const auto* works = new std::vector<workflow::Work>{
      {"submit", "UNIT_REPORT_SUBMIT"},
      {"pass", "UNIT_REPORT_PASS"},
      {"sign", "UNIT_REPORT_SIGN"},
      {"complete", "UNIT_REPORT_COMPLETE"},
  };
  return *works;
}

const std::vector<workflow::Work>& ResultWork() {
  static const auto* works =
      new std::vector<workflow::Work>{{"record_sample_result", "SAMPLE_RESULT"}};
  return *works;
}

const std::vector<workflow::Work>& IssueWork() {
  static const auto* works = new std::vector<workflow::Work>{{"return", "UNIT_REPORT_SEND_BACK"}};
  return *works;
}

const std::vector<workflow::Work>& ReverifyWorks() {
  static const auto* works = new std::vector<workflow::Work>{{"recall", "UNIT_REPORT_REVERIFY"},
                                                             {"return", "UNIT_REPORT_REVERIFY"}};
  return *works;
}

std::vector<workflow::RoleId> SampleRoles(int level) {
  if (level == 2) return {kCitySupervisor};
  return {kProvOffice};
}

absl::Status CheckNil(bool is_nil, int64_t subjects) {
  if (is_nil && subjects > 0) {
    return FailedPrecondition("NIL_WITH_SUBJECTS", "本村已有项目，不能零报告")
        .With("subjects", absl::StrCat(subjects));
  }
  if (!is_nil && subjects == 0) {
    return FailedPrecondition("NO_SUBJECTS", "本村没有项目；确无项目的请选择零报告")
        .Field("is_nil", "本村没有项目；确无项目的请选择零报告");
  }
  return absl::OkStatus();
}

std::vector<RequiredDepartment> ResolveDepartments(const std::vector<FundingRef>& funding,
                                                   const std::vector<DepartmentRule>& rules,
                                                   absl::CivilDay day) {
  std::set<std::string> all_sources;
  std::map<std::string, std::set<std::string>> by_department;
  for (const FundingRef& f : funding) {
    all_sources.insert(f.source_code);
    for (const DepartmentRule& rule : rules) {
      if (rule.source_code != f.source_code) continue;
      if (!rule.task_code.empty() && rule.task_code != f.task_code) continue;
      if (day < rule.valid_from || (rule.valid_to && day > *rule.valid_to)) continue;
      if (rule.department_code == kLeadDepartment) continue;
      by_department[rule.department_code].insert(f.source_code);
    }
  }
  std::vector<RequiredDepartment> out;
  out.push_back({std::string(kLeadDepartment), true, {all_sources.begin(), all_sources.end()}});
  for (const auto& [department, sources] : by_department) {
    out.push_back({department, false, {sources.begin(), sources.end()}});
  }
  return out;
}

int FundStratum(int64_t public_fen, const std::vector<int64_t>& floors_fen) {
  if (public_fen <= 0) return 0;
  return 1 + static_cast<int>(std::count_if(floors_fen.begin(), floors_fen.end(),
                                            [&](int64_t floor) { return floor <= public_fen; }));
}

std::vector<std::string> DrawSample(std::vector<SampleCandidate> population, std::string_view seed,
                                    int32_t rate_bp) {
  std::map<int, std::vector<std::pair<std::string, std::string>>> strata;
  for (SampleCandidate& c : population) {
    strata[c.stratum].emplace_back(Sha256(Cat(seed, "|", c.id)), std::move(c.id));
  }
  std::vector<std::string> drawn;
  for (auto& [stratum, members] : strata) {
    std::sort(members.begin(), members.end());
    const int64_t size = static_cast<int64_t>(members.size());
    const int64_t take = std::min(size, (size * rate_bp + kBpOne - 1) / kBpOne);
    for (int64_t i = 0; i < take; ++i) drawn.push_back(std::move(members[i].second));
  }
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

std::string PopulationDigest(std::vector<SampleCandidate> population) {
  std::sort(population.begin(), population.end(),
            [](const SampleCandidate& a, const SampleCandidate& b) { return a.id < b.id; });
  Sha256Stream digest;
  for (const SampleCandidate& c : population) {
    digest.Update(Cat(c.id, "|", absl::StrCat(c.stratum), "\n"));
  }
  return HexEncode(digest.Finish());
}

bool EnlargementRequired(int64_t issues, int64_t results, int32_t limit_bp) {
  return results > 0 && issues * kBpOne > int64_t{limit_bp} * results;
}

std::optional<absl::CivilDay> DueOn(UnitReportState state, int return_to_level,
                                    std::optional<absl::CivilDay> return_due_on,
                                    const CampaignDeadlines& deadlines) {
  if (state == State::kReturned && return_due_on) return return_due_on;
  switch (WaitingLevel(state, return_to_level)) {
    case 5:
      return deadlines.village;
    case 4:
      return deadlines.township;
    case 3:
    case 2:
      return deadlines.county;
    default:
      return std::nullopt;
  }
}

}  // namespace bangfu::registry
