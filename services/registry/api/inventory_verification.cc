// Joint verification of a village's report by the departments that its money brings in (R017).
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "bangfu/registry/v1/events.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/rpc/actor.h"
#include "common/rpc/whole.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/departments.h"
#include "common/workflow/proto.h"
#include "services/registry/api/inventory_internal.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/api/verification_corrections.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/roles.h"
#include "services/registry/store/fund_source_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/unit_report_store.h"
#include "services/registry/store/verification_store.h"
#include "services/registry/store/village_project_store.h"

namespace bangfu::registry::inventory {

absl::StatusOr<std::vector<std::vector<RequiredDepartment>>> DepartmentsOf(
    mysql::Executor& db, const std::vector<UnitReportRow>& units, absl::CivilDay day) {
  std::vector<std::string> villages;
  for (const UnitReportRow& unit : units) villages.push_back(unit.region_path);
  ASSIGN_OR_RETURN(const auto funding, FundingOfVillages(db, villages));
  ASSIGN_OR_RETURN(const std::vector<FundSourceDepartmentRow> rows, ListFundSourceDepartments(db));
  std::vector<DepartmentRule> rules;
  for (const FundSourceDepartmentRow& row : rows) rules.push_back(row.rule);
  std::vector<std::vector<RequiredDepartment>> out;
  for (const UnitReportRow& unit : units) {
    const auto found = funding.find(unit.region_path);
    out.push_back(ResolveDepartments(
        found == funding.end() ? std::vector<FundingRef>() : found->second, rules, day));
  }
  return out;
}

namespace {

// A department signs for the money that it answers for: in one of its roles, by a grant that covers
// one of `sources`. What the caller may for other money is not theirs here: own rights to that do
// not make one out of what is lent to them for this.
workflow::Actor SignerFor(std::string_view department, const std::vector<std::string>& sources,
                          const auth::Caller& caller, std::string_view region_path) {
  workflow::Actor actor = workflow::ActorAt(caller, region_path, {sources, {}});
  const std::vector<workflow::RoleId> roles = workflow::SigningRoles(department);
  for (std::vector<workflow::RoleId>* held : {&actor.roles, &actor.narrowed}) {
    std::erase_if(*held, [&](workflow::RoleId role) {
      return std::find(roles.begin(), roles.end(), role) == roles.end();
    });
  }
  return actor;
}

// Under the grant that lets the caller sign for the department: whoever holds several roles, or one
// for other money too, signs by the one that counts here.
audit::Actor Signer(const auth::Caller& caller, const RequiredDepartment& department,
                    std::string_view region_path) {
  std::vector<auth::Role> roles;
  for (const workflow::RoleId role : workflow::SigningRoles(department.department_code)) {
    roles.push_back(static_cast<auth::Role>(role));
  }
  return rpc::ActorOf(caller, roles, region_path, {department.source_codes, {}});
}

absl::Status AlreadySigned() {
  return FailedPrecondition("ALREADY_SIGNED", "该部门已签字").Build();
}

}  // namespace

std::vector<workflow::AllowedAction> AllowedOn(const UnitReportSubject& subject,
                                               const auth::Caller& caller,
                                               std::string_view region_path) {
  std::vector<workflow::AllowedAction> actions =
      UnitReportTable().Allowed(subject, WorkflowActor(caller, region_path));
  if (caller.MindsFacets()) {
    // What a department signs is not the whole of the report.
    for (const workflow::AllowedAction& of_part :
         UnitReportTable().Allowed(subject, workflow::ActorAt(caller, region_path))) {
      if (of_part.action != "sign") continue;
      for (workflow::AllowedAction& action : actions) {
        if (action.action == of_part.action) action = of_part;
      }
    }
  }
  // What becomes of the report by record_sample_result: nobody calls it by these names.
  std::erase_if(actions, [](const workflow::AllowedAction& action) {
    return action.action == "sample_ok" || action.action == "sample_issue";
  });
  for (workflow::AllowedAction& action : actions) {
    if (action.action != "sign") continue;
    const std::vector<std::string>& missing = subject.missing_departments;
    if (missing.empty()) {
      if (!action.allowed) continue;
      action = workflow::ActionOf(action.action, action.label_zh, AlreadySigned());
      continue;
    }
    // The refusal of the department that is nearest: one that the caller could sign for, but for
    // who submitted it, or else one that the caller's role could.
    absl::Status check;
    int nearest = 0;
    for (const std::string& department : missing) {
      const auto sources = subject.sources_of_department.find(department);
      const workflow::Actor actor =
          SignerFor(department,
                    sources == subject.sources_of_department.end() ? std::vector<std::string>()
                                                                   : sources->second,
                    caller, region_path);
      absl::Status one = workflow::CheckSigner(department, actor);
      int near = GetErrorDetail(one).reason == "SCOPE_EXCLUDES" ? 2 : 1;
      if (one.ok()) {
        one = UnitReportTable().Execute(subject, action.action, actor).status();
        near = 3;
      }
      if (one.ok() || near > nearest) check = one;
      nearest = std::max(near, nearest);
      if (one.ok()) break;
    }
    if (action.allowed != check.ok()) {
      action = workflow::ActionOf(action.action, action.label_zh, check);
    }
  }
  return actions;
}

namespace {

using rpc::CallContext;
using rpc::Mutation;

v1::VerificationFinding FindingMessage(const FindingRow& row) {
  auto out = FromBytes<v1::VerificationFinding>(row.bytes);
  out.set_id(row.id.ToString());
  out.set_project_id(row.project_id.ToString());
  out.set_level(static_cast<v1::RegionLevel>(row.level));
  return out;
}

// Tasks of several reports in a handful of queries.
absl::StatusOr<std::vector<v1::VerificationTask>> BuildTasks(
    mysql::Executor& db, const std::vector<UnitReportRow>& units, absl::Time now) {
  std::vector<v1::VerificationTask> out;
  if (units.empty()) return out;
  std::vector<std::string> villages;
  std::vector<Ulid> ids;
  for (const UnitReportRow& unit : units) {
    villages.push_back(unit.region_path);
    ids.push_back(unit.id);
  }
  ASSIGN_OR_RETURN(const auto departments, DepartmentsOf(db, units, ShanghaiDay(now)));
  ASSIGN_OR_RETURN(const auto projects, VillageProjectIds(db, villages));
  ASSIGN_OR_RETURN(const std::vector<SignatureRow> signatures, Signatures(db, units));
  ASSIGN_OR_RETURN(const std::vector<FindingRow> findings, Findings(db, ids));
  ASSIGN_OR_RETURN(const std::vector<CodeRow> names, ListCodes(db, "DEPARTMENT"));
  for (size_t i = 0; i < units.size(); ++i) {
    const UnitReportRow& unit = units[i];
    const auto state = static_cast<UnitReportState>(unit.state);
    v1::VerificationTask task;
    task.set_unit_report_id(unit.id.ToString());
    task.set_campaign_id(unit.campaign_id.ToString());
    task.set_region_path(unit.region_path);
    task.set_etag(EtagOf(unit.version));
    task.set_report_state(static_cast<v1::UnitReportState>(unit.state));
    task.set_complete(IsCountyVerified(state));
    if (unit.verified_at) SetTime(*unit.verified_at, task.mutable_completed_at());
    const bool with_county =
        state == UnitReportState::kTownshipPassed ||
        (state == UnitReportState::kReturned && unit.return_to_level == kCountyLevel);
    if (!task.complete() && !with_county) task.add_missing_zh("乡镇尚未审核通过");
    for (const RequiredDepartment& d : departments[i]) {
      v1::RequiredDepartment* one = task.add_departments();
      one->set_department_code(d.department_code);
      one->set_is_lead(d.is_lead);
      for (const std::string& source : d.source_codes) one->add_source_codes(source);
      const auto name = std::find_if(names.begin(), names.end(),
                                     [&](const CodeRow& c) { return c.code == d.department_code; });
      one->set_name_zh(name == names.end() ? d.department_code : name->name_zh);
      for (const SignatureRow& s : signatures) {
        if (s.unit_report_id != unit.id || s.department_code != d.department_code) continue;
        const auto stored = FromBytes<v1::RequiredDepartment>(s.bytes);
        one->set_signed_(true);
        *one->mutable_signed_by() = stored.signed_by();
        SetTime(s.signed_at, one->mutable_signed_at());
        one->set_opinion(stored.opinion());
      }
      if (!one->signed_() && !task.complete()) task.add_missing_zh(Cat(one->name_zh(), "尚未签字"));
    }
    if (const auto found = projects.find(unit.region_path); found != projects.end()) {
      for (const Ulid& id : found->second) task.add_project_ids(id.ToString());
    }
    for (const FindingRow& f : findings) {
      if (f.unit_report_id == unit.id) *task.add_findings() = FindingMessage(f);
    }
    out.push_back(std::move(task));
  }
  return out;
}

absl::StatusOr<v1::VerificationTask> TaskOf(mysql::Executor& db, const UnitReportRow& unit,
                                            absl::Time now) {
  ASSIGN_OR_RETURN(std::vector<v1::VerificationTask> tasks, BuildTasks(db, {unit}, now));
  return std::move(tasks[0]);
}

absl::StatusOr<v1::VerificationTask> GetTask(CallContext& c,
                                             const v1::GetVerificationTaskRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.unit_report_id(), "unit_report_id"));
  ASSIGN_OR_RETURN(const UnitWithCampaign read, GetUnit(c.db, id, c.scope));
  ASSIGN_OR_RETURN(v1::VerificationTask task, TaskOf(c.db, read.unit, c.now));
  ASSIGN_OR_RETURN(const std::vector<UnitReportSubject> subjects, SubjectsOf(c.db, {read}, c.now));
  std::vector<workflow::AllowedAction> actions =
      AllowedOn(subjects[0], c.caller, read.unit.region_path);
  // Of the report's steps those that this task is about.
  actions.erase(std::remove_if(actions.begin(), actions.end(),
                               [](const workflow::AllowedAction& a) {
                                 return a.action != "sign" && a.action != "complete";
                               }),
                actions.end());
  workflow::FillAllowedActions(actions, task.mutable_allowed_actions());
  return task;
}

absl::StatusOr<v1::ListVerificationTasksResponse> ListTasks(
    CallContext& c, const v1::ListVerificationTasksRequest& request) {
  UnitQuery query;
  ASSIGN_OR_RETURN(query.campaign_id, ParseId(request.campaign_id(), "campaign_id"));
  ASSIGN_OR_RETURN(query.scope, ScopeAt(c, request.region_code()));
  query.verifiable_only = true;
  ASSIGN_OR_RETURN(const Page page, OpenPage(request, 200));
  if (page.key.size() == 1) query.after_path = page.key[0];
  query.limit = page.size + 1;
  ASSIGN_OR_RETURN(std::vector<UnitReportRow> rows, ListUnits(c.db, query));
  v1::ListVerificationTasksResponse response;
  ClosePage(page, &rows, &response,
            [](const UnitReportRow& row) { return std::vector<std::string>{row.region_path}; });
  ASSIGN_OR_RETURN(std::vector<v1::VerificationTask> tasks, BuildTasks(c.db, rows, c.now));
  for (v1::VerificationTask& task : tasks) {
    // A page may hold fewer tasks than asked for: what a department has to sign is resolved, not
    // stored.
    if (!request.pending_department_code().empty() &&
        std::none_of(task.departments().begin(), task.departments().end(), [&](const auto& d) {
          return d.department_code() == request.pending_department_code() && !d.signed_();
        })) {
      continue;
    }
    *response.add_tasks() = std::move(task);
  }
  return response;
}

// Of the round that stands: found since the report came to the county.
bool IsOfRound(const v1::VerificationFinding& finding, const Ulid& unit_report_id,
               const std::map<Ulid, absl::Time>& rounds) {
  const auto since = rounds.find(unit_report_id);
  return since == rounds.end() || TimeOf(finding.found_at()) >= since->second;
}

// Of these projects those that a report of another village disputes in its present round.
absl::StatusOr<std::set<Ulid>> DisputedElsewhere(mysql::Executor& db,
                                                 const std::vector<VillageProject>& projects,
                                                 const UnitReportRow& unit) {
  std::set<Ulid> out, reports;
  ASSIGN_OR_RETURN(const std::vector<FindingRow> found, DisputesElsewhere(db, projects, unit));
  for (const FindingRow& f : found) reports.insert(f.unit_report_id);
  ASSIGN_OR_RETURN(const auto rounds, CountyRounds(db, reports));
  for (const FindingRow& f : found) {
    if (IsOfRound(FindingMessage(f), f.unit_report_id, rounds)) out.insert(f.project_id);
  }
  return out;
}

// What a project said last changed by a county's correction: a report that was verified before that
// has not seen it.
struct LastCorrection {
  absl::Time at = absl::InfinitePast();
  bool report_stands = false;  // that of the correction itself, verified at that moment
};
// Of these projects those that were ever corrected. The report of `taken_back` stands no more.
absl::StatusOr<std::map<Ulid, LastCorrection>> LastCorrections(
    mysql::Executor& db, const std::vector<VillageProject>& projects, const Ulid& taken_back) {
  std::map<Ulid, LastCorrection> out;
  ASSIGN_OR_RETURN(const std::vector<CorrectionRow> rows, CorrectionsOf(db, projects));
  for (const CorrectionRow& row : rows) {
    // Written by the completion of the round in which it was found, if that was ever completed.
    const absl::Time found = TimeOf(FromBytes<v1::VerificationFinding>(row.bytes).found_at());
    if (found > row.completed_at || (row.round_began && found < *row.round_began)) continue;
    LastCorrection& last = out[row.project_id];
    if (row.completed_at < last.at) continue;
    if (row.completed_at > last.at) last = {row.completed_at, false};
    if (row.unit_report_id != taken_back && row.verified_at == row.completed_at) {
      last.report_stands = true;
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<std::set<Ulid>> StandingElsewhere(mysql::Executor& db,
                                                 const std::vector<VillageProject>& projects,
                                                 const UnitReportRow& unit) {
  ASSIGN_OR_RETURN(const std::set<Ulid> disputed, DisputedElsewhere(db, projects, unit));
  ASSIGN_OR_RETURN(const auto verified, VerifiedElsewhere(db, projects, unit.region_path));
  ASSIGN_OR_RETURN(const auto corrections, LastCorrections(db, projects, unit.id));
  std::set<Ulid> out;
  for (const VillageProject& p : projects) {
    // What this report alone disputed is neither disputed any more nor settled.
    bool stands = disputed.count(p.id) > 0;
    if (p.verification_state == v1::VERIFICATION_STATE_COUNTY_VERIFIED) {
      const auto found = verified.find(p.id);
      stands = found != verified.end();
      // Who verified it before it was corrected, whichever report did so and whether or not that
      // one was taken back since, has not seen what it says now.
      if (const auto last = corrections.find(p.id); stands && last != corrections.end()) {
        const LastCorrection& correction = last->second;
        stands = found->second > correction.at ||
                 (found->second == correction.at && correction.report_stands);
      }
    }
    if (stands) out.insert(p.id);
  }
  return out;
}

absl::StatusOr<int64_t> DisputedOnlyElsewhere(mysql::Executor& db,
                                              const std::vector<Ulid>& disputed,
                                              const UnitReportRow& unit) {
  std::vector<VillageProject> projects;
  for (const Ulid& id : disputed) projects.emplace_back().id = id;
  ASSIGN_OR_RETURN(std::set<Ulid> elsewhere, DisputedElsewhere(db, projects, unit));
  if (elsewhere.empty()) return 0;
  ASSIGN_OR_RETURN(const std::vector<FindingRow> own, Findings(db, {unit.id}));
  ASSIGN_OR_RETURN(const auto rounds, CountyRounds(db, {unit.id}));
  for (const FindingRow& f : own) {
    if (f.level != kCountyLevel || f.action != v1::FINDING_ACTION_DISPUTED) continue;
    if (IsOfRound(FindingMessage(f), unit.id, rounds)) elsewhere.erase(f.project_id);
  }
  return static_cast<int64_t>(elsewhere.size());
}

absl::StatusOr<std::string> DepartmentToSign(CallContext& c, const UnitReportRow& unit) {
  ASSIGN_OR_RETURN(const auto departments, DepartmentsOf(c.db, {unit}, ShanghaiDay(c.now)));
  ASSIGN_OR_RETURN(const std::vector<SignatureRow> signatures, Signatures(c.db, {unit}));
  std::string otherwise;
  for (const RequiredDepartment& d : departments[0]) {
    const bool has_signed =
        std::any_of(signatures.begin(), signatures.end(),
                    [&](const SignatureRow& s) { return s.department_code == d.department_code; });
    if (has_signed) continue;
    const workflow::Actor actor =
        SignerFor(d.department_code, d.source_codes, c.caller, unit.region_path);
    if (!workflow::CheckSigner(d.department_code, actor).ok()) continue;
    // What those who lent it submitted is refused: another department may do.
    if (!actor.By(actor.roles).Is(SubmitterOf(unit))) return d.department_code;
    if (otherwise.empty()) otherwise = d.department_code;
  }
  return otherwise;
}

absl::StatusOr<v1::VerificationTask> SignVerification(CallContext& c,
                                                      const v1::SignVerificationRequest& request) {
  return rpc::Mutate<v1::VerificationTask>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::VerificationTask> {
        ASSIGN_OR_RETURN(Loaded l, LoadForStep(m, request.unit_report_id(), request.etag()));
        ASSIGN_OR_RETURN(const auto departments,
                         DepartmentsOf(m.tx(), {l.unit}, ShanghaiDay(c.now)));
        const std::string& department = request.department_code();
        const auto required = std::find_if(
            departments[0].begin(), departments[0].end(),
            [&](const RequiredDepartment& d) { return d.department_code == department; });
        // For which money is a matter of the department; with none, or where the caller does not
        // sign for it, what stands in the way of everybody is told first.
        workflow::Actor actor = workflow::ActorAt(c.caller, l.unit.region_path);
        absl::Status check;
        if (required == departments[0].end()) {
          check = FailedPrecondition("DEPARTMENT_NOT_REQUIRED", "该部门不在会同核实范围").Build();
        } else {
          workflow::Actor signer =
              SignerFor(department, required->source_codes, c.caller, l.unit.region_path);
          check = workflow::CheckSigner(department, signer);
          if (check.ok()) actor = std::move(signer);
        }
        ASSIGN_OR_RETURN(const UnitReportState to,
                         UnitReportTable().Execute(l.subject, "sign", actor));
        RETURN_IF_ERROR(check);
        l.actor = Signer(c.caller, *required, l.unit.region_path);
        const workflow::Person person{l.actor->subject, l.actor->delegated_by};
        ASSIGN_OR_RETURN(const std::vector<SignatureRow> signatures, Signatures(m.tx(), {l.unit}));
        for (const SignatureRow& s : signatures) {
          if (s.department_code == department) {
            return AlreadySigned();
          }
          const auto stands = FromBytes<v1::RequiredDepartment>(s.bytes);
          if (workflow::OnePerson({s.signed_by, stands.signed_by().delegated_by()}, person)) {
            return FailedPrecondition("SAME_SIGNER", "同一人不能代表两个部门签字")
                .With("department", s.department_code)
                .Build();
          }
        }
        const type::v1::Actor signer = rpc::ActorMessage(*l.actor);
        ASSIGN_OR_RETURN(const auto ids, VillageProjectIds(m.tx(), {l.unit.region_path}));
        const auto projects = ids.find(l.unit.region_path);
        ASSIGN_OR_RETURN(
            const std::vector<FindingRow> findings,
            TakeFindings(c, m.tx(), c.caller, l.unit, signer,
                         projects == ids.end() ? std::vector<Ulid>() : projects->second,
                         request.findings()));
        v1::RequiredDepartment stored;
        stored.set_department_code(department);
        *stored.mutable_signed_by() = signer;
        stored.set_opinion(request.opinion());
        RETURN_IF_ERROR(InsertSignature(
            m.tx(), {l.unit.id, l.unit.verification_round, department, l.unit.region_path,
                     c.caller.subject, c.now, ToBytes(stored)}));
        RETURN_IF_ERROR(InsertFindings(m.tx(), findings));
        RETURN_IF_ERROR(
            SaveStep(m, l, to, "sign",
                     Cat(department, request.opinion().empty() ? "" : "：", request.opinion()))
                .status());
        return TaskOf(m.tx(), l.unit, c.now);
      });
}

namespace {

// `c`: of the caller's grants for everything, by which the report is completed. `caller` has those
// for one money or industry too: what is corrected are projects.
absl::StatusOr<v1::VerificationTask> CompleteWhole(CallContext& c, const auth::Caller& caller,
                                                   const v1::CompleteVerificationRequest& request) {
  return rpc::Mutate<v1::VerificationTask>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::VerificationTask> {
        ASSIGN_OR_RETURN(Loaded l, LoadForStep(m, request.unit_report_id(), request.etag()));
        ASSIGN_OR_RETURN(const auto departments,
                         DepartmentsOf(m.tx(), {l.unit}, ShanghaiDay(c.now)));
        ASSIGN_OR_RETURN(const std::vector<SignatureRow> signatures, Signatures(m.tx(), {l.unit}));
        for (const RequiredDepartment& d : departments[0]) {
          if (std::none_of(signatures.begin(), signatures.end(), [&](const SignatureRow& s) {
                return s.department_code == d.department_code;
              })) {
            l.subject.missing_departments.push_back(d.department_code);
          }
        }
        ASSIGN_OR_RETURN(const UnitReportState to,
                         UnitReportTable().Execute(l.subject, "complete",
                                                   WorkflowActor(c.caller, l.unit.region_path)));
        ASSIGN_OR_RETURN(std::vector<VillageProject> projects,
                         LockVillageProjects(m.tx(), l.unit.region_path));
        std::vector<Ulid> ids;
        for (const VillageProject& p : projects) ids.push_back(p.id);
        ASSIGN_OR_RETURN(
            const std::vector<FindingRow> added,
            TakeFindings(c, m.tx(), caller, l.unit, ActorMessage(c, l.unit.region_path), ids,
                         request.findings()));
        RETURN_IF_ERROR(InsertFindings(m.tx(), added));
        ASSIGN_OR_RETURN(const std::vector<FindingRow> all, Findings(m.tx(), {l.unit.id}));
        ASSIGN_OR_RETURN(const auto rounds, CountyRounds(m.tx(), {l.unit.id}));
        std::map<Ulid, std::vector<v1::VerificationFinding>> of_project;
        for (const FindingRow& f : all) {
          // What is void or lies elsewhere since it was looked at is not this report's to verify.
          if (f.level != kCountyLevel ||
              std::find(ids.begin(), ids.end(), f.project_id) == ids.end()) {
            continue;
          }
          v1::VerificationFinding finding = FindingMessage(f);
          if (IsOfRound(finding, f.unit_report_id, rounds)) {
            of_project[f.project_id].push_back(std::move(finding));
          }
        }
        ASSIGN_OR_RETURN(const std::set<Ulid> elsewhere,
                         DisputedElsewhere(m.tx(), projects, l.unit));
        const auto conclude = [&](const Ulid& id, v1::Project* project) {
          // What another village's report disputes is disputed still.
          bool disputed = elsewhere.count(id) > 0;
          if (const auto found = of_project.find(id); found != of_project.end()) {
            for (const v1::VerificationFinding& f : found->second) {
              disputed |= f.action() == v1::FINDING_ACTION_DISPUTED;
            }
          }
          project->set_verification_state(disputed ? v1::VERIFICATION_STATE_DISPUTED
                                                   : v1::VERIFICATION_STATE_COUNTY_VERIFIED);
          if (!disputed) project->set_data_quality(v1::DATA_QUALITY_VERIFIED);
          return !disputed;
        };
        const int32_t count = static_cast<int32_t>(projects.size());
        constexpr char kReason[] = "县级会同核实";
        // Corrected ones are written like updates, with all that is found by their texts. The
        // reports of the other villages that they cover are locked there, after this one and the
        // projects: of two that complete such reports at once one may have to run again.
        ASSIGN_OR_RETURN(const std::vector<ProjectRow> to_correct,
                         CorrectedRows(m.tx(), of_project));
        // Who signed with a correction need not be who completes.
        RETURN_IF_ERROR(CheckLedFrom(c, m.tx(), caller, l.unit, to_correct));
        std::optional<Ulid> at;
        absl::StatusOr<Corrections> corrections =
            ApplyCorrections(c, m.tx(), to_correct, of_project, &at);
        if (!corrections.ok()) return OnFindings(corrections.status(), at, request.findings());
        std::vector<ProjectChange> changes;
        int64_t verified = 0;
        for (Correction& one : corrections->projects) {
          const Ulid id = OptionalId(one.before.id()).value_or(Ulid());
          if (conclude(id, &one.after)) ++verified;
          l.reverified.merge(RegionsOf(one.after));
          std::erase_if(projects, [&](const VillageProject& p) { return p.id == id; });
          changes.push_back({std::move(one.after), std::move(one.before), kCountyLevel, kReason});
        }
        const Author author{caller,         c.roles, "VerificationService.CompleteVerification",
                            m.request_id(), c.now,   c.ids};
        RETURN_IF_ERROR(WriteProjects(m.tx(), author, corrections->references, &changes));
        ASSIGN_OR_RETURN(const int64_t as_they_are, SetProjectVerification(
                                                        m, l.unit.region_path, std::move(projects),
                                                        [&](const Ulid& id, v1::Project* project) {
                                                          conclude(id, project);
                                                          return absl::OkStatus();
                                                        },
                                                        kReason, &l.reverified));
        verified += as_they_are;
        l.unit.verified_at = c.now;
        l.after.set_project_count(count);
        l.after.set_verified_count(static_cast<int32_t>(verified));
        RETURN_IF_ERROR(SaveStep(m, l, to, "complete", "").status());
        return TaskOf(m.tx(), l.unit, c.now);
      });
}

}  // namespace

absl::StatusOr<v1::VerificationTask> CompleteVerification(
    CallContext& c, const v1::CompleteVerificationRequest& request) {
  return rpc::OfWhole([&](CallContext& whole, const v1::CompleteVerificationRequest& of_whole) {
    return CompleteWhole(whole, c.caller, of_whole);
  })(c, request);
}

void RegisterVerificationHandlers(rpc::Router& router) {
  router.Unary<v1::GetVerificationTaskRequest, v1::VerificationTask>(
      Cat(kVerificationService, "GetVerificationTask"), GetTask);
  router.Unary<v1::ListVerificationTasksRequest, v1::ListVerificationTasksResponse>(
      Cat(kVerificationService, "ListVerificationTasks"), ListTasks);
  router.Unary<v1::SignVerificationRequest, v1::VerificationTask>(
      Cat(kVerificationService, "SignVerification"), SignVerification);
  router.Unary<v1::CompleteVerificationRequest, v1::VerificationTask>(
      Cat(kVerificationService, "CompleteVerification"), CompleteVerification);
  RegisterBulkVerificationHandlers(router);
}

}  // namespace bangfu::registry::inventory
