#include "services/asset/api/prefill.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "bangfu/asset/v1/asset_service.pb.h"
#include "bangfu/asset/v1/contract_service.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"
#include "services/asset/store/income_store.h"
#include "services/asset/store/linkage_store.h"
#include "services/asset/store/reference_store.h"
#include "services/asset/store/report_copy_store.h"

namespace bangfu::asset::api {
namespace {

using dictionary::Prefilled;
using dictionary::v1::PrefillFormRequest;
using rpc::CallContext;

absl::StatusOr<Ulid> SubjectId(const PrefillFormRequest& request, std::string_view what_zh) {
  if (request.subject_id().empty()) {
    return InvalidField("subject_id", Cat("须填写", what_zh)).Build();
  }
  return Ulid::Parse(request.subject_id());
}

absl::StatusOr<store::ProjectCopy> ReadProject(CallContext& context,
                                               const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request, "项目"));
  ASSIGN_OR_RETURN(std::vector<store::ProjectCopy> found, store::FindProjects(context.db, {id}));
  if (found.empty() || found[0].is_void || !auth::InScope(context.scope, found[0].region_path)) {
    return NotFound("project", request.subject_id()).Build();
  }
  return std::move(found[0]);
}

// The project's operator, when it is known here.
absl::StatusOr<std::optional<store::OperatorCopy>> OperatorOf(CallContext& context,
                                                              const store::ProjectCopy& project,
                                                              Prefilled* out) {
  if (!project.operator_id) return std::nullopt;
  ASSIGN_OR_RETURN(auto found, store::FindOperator(context.db, *project.operator_id));
  if (found) out->records["registry.v1.Operator"] = {found->id.ToString(), "运营主体"};
  return found;
}

absl::StatusOr<Prefilled> PrefillAsset(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const store::ProjectCopy project, ReadProject(context, request));
  auto form = std::make_shared<v1::RegisterAssetRequest>();
  Prefilled out{form, {{"registry.v1.Project", {project.id.ToString(), "项目"}}}};
  v1::AssetDetails& details = *form->mutable_details();
  details.add_source_projects()->set_project_id(project.id.ToString());
  for (const auto& [source, fen] : project.funding) {
    v1::AssetFunding& funding = *details.add_fund_sources();
    funding.set_source_code(source);
    funding.set_amount_fen(fen);
  }
  // By name alone: whose it is, and in what shares, is for the title to say.
  if (!project.planned_owner.empty()) details.add_owners()->set_name(project.planned_owner);
  details.set_region_code(project.region_path);
  details.set_latitude_e7(project.latitude_e7);
  details.set_longitude_e7(project.longitude_e7);
  if (project.planting_date) {
    SetDay(*project.planting_date, details.mutable_planting_date());
    ASSIGN_OR_RETURN(const int64_t months,
                     store::CultivationMonths(context.db, project.industry_code));
    details.set_cultivation_months(static_cast<int32_t>(months));
    out.records["registry.v1.IndustryCategory"] = {project.industry_code, "产业目录"};
  }
  ASSIGN_OR_RETURN(const auto who, OperatorOf(context, project, &out));
  if (who) {
    details.set_operator_uscc(who->uscc);
    details.set_operator_name(who->name);
  }
  return out;
}

absl::StatusOr<Prefilled> PrefillLinkage(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const store::ProjectCopy project, ReadProject(context, request));
  auto form = std::make_shared<v1::RecordLinkageRequest>();
  Prefilled out{form, {{"registry.v1.LinkageMechanism", {project.id.ToString(), "项目"}}}};
  form->set_project_id(project.id.ToString());
  // The project's next mode: the first one that no link that runs stands for.
  ASSIGN_OR_RETURN(const std::set<std::string> linked,
                   store::LinkedModes(context.db, project.id, ShanghaiDay(context.now)));
  const auto mode = std::find_if(project.linkage_modes.begin(), project.linkage_modes.end(),
                                 [&](const std::string& code) { return !linked.contains(code); });
  if (mode != project.linkage_modes.end()) form->set_mode_code(*mode);
  const auto count = [](const std::optional<int64_t>& number) {
    return static_cast<int32_t>(number.value_or(0));
  };
  form->set_households(count(project.households));
  form->set_poor_households(count(project.poor_households));
  form->set_monitored_households(count(project.monitored_households));
  ASSIGN_OR_RETURN(const auto who, OperatorOf(context, project, &out));
  if (who) {
    form->set_operator_uscc(who->uscc);
    form->set_operator_name(who->name);
  }
  return out;
}

// Of a share or a loan: what its own agreement says. With whom it was made, unless the asset names
// its operator; until when, where the day on which the money comes back is the first after the last
// full year; at what return on the asset's original value, where that is known.
void OfferEquity(const v1::AssetDetails& details, v1::ContractTerms* terms, Prefilled* out) {
  const v1::EquityTerms& equity = details.equity();
  if (terms->operator_name().empty() && !equity.investee_name().empty()) {
    terms->set_operator_uscc(equity.investee_uscc());
    terms->set_operator_name(equity.investee_name());
    out->held_by["terms.operator_uscc"] = "asset.v1.EquityTerms.investee_uscc";
    out->held_by["terms.operator_name"] = "asset.v1.EquityTerms.investee_name";
  }
  if (equity.has_start_date()) *terms->mutable_start_date() = equity.start_date();
  if (!equity.has_maturity_date()) return;
  const bool full_years = equity.has_start_date() &&
                          equity.maturity_date().year() > equity.start_date().year() &&
                          equity.maturity_date().month() == equity.start_date().month() &&
                          equity.maturity_date().day() == equity.start_date().day();
  SetDay(::bangfu::DayFrom(equity.maturity_date()) - (full_years ? 1 : 0),
         terms->mutable_end_date());
  if (!equity.has_start_date() || equity.agreed_return_bp() == 0 ||
      details.original_value_fen() == 0) {
    return;
  }
  v1::ScheduleStep& step = *terms->add_schedule();
  *step.mutable_from() = equity.start_date();
  *step.mutable_to() = terms->end_date();
  step.set_rate_bp(equity.agreed_return_bp());
  step.set_rate_base(v1::RATE_BASE_ORIGINAL_VALUE);
}

absl::StatusOr<Prefilled> PrefillContract(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request, "资产"));
  ASSIGN_OR_RETURN(const auto row, store::FindAsset(context.db, id, context.scope));
  if (!row) return NotFound("asset", request.subject_id()).Build();
  const v1::AssetDetails details = DetailsOf(*row);
  auto form = std::make_shared<v1::SignContractRequest>();
  v1::ContractTerms& terms = *form->mutable_terms();
  terms.add_asset_ids(request.subject_id());
  if (details.operate_mode() != v1::OPERATE_MODE_NONE) terms.set_mode(details.operate_mode());
  if (details.owners_size() > 0) terms.set_owner_party(details.owners(0).name());
  terms.set_operator_uscc(details.operator_uscc());
  terms.set_operator_name(details.operator_name());
  // Whom the income belongs to today, where it is settled in which parts. Where the right of one
  // has ended or is still to begin, whose that part is is not on record.
  const absl::CivilDay today = ShanghaiDay(context.now);
  const auto& holders = details.income_right_holders();
  if (std::all_of(holders.begin(), holders.end(), [&](const v1::IncomeRightHolder& holder) {
        const auto from = DayOf(holder.valid().from());
        const auto to = DayOf(holder.valid().to());
        return holder.share_bp() > 0 && (!from || *from <= today) && (!to || *to >= today);
      })) {
    for (const v1::IncomeRightHolder& holder : holders) {
      v1::PayeeShare& payee = *terms.add_payees();
      payee.set_name(holder.name());
      payee.set_share_bp(holder.share_bp());
    }
  }
  const Prefilled::Record asset = {request.subject_id(), "资产"};
  Prefilled out{form,
                {{"asset.v1.Asset", asset},
                 {"asset.v1.AssetDetails", asset},
                 {"asset.v1.AssetOwner", asset},
                 {"asset.v1.EquityTerms", asset}}};
  if (details.has_equity()) OfferEquity(details, &terms, &out);
  return out;
}

// The oldest due payment that is not received in full.
absl::StatusOr<Prefilled> PrefillIncome(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request, "合同"));
  ASSIGN_OR_RETURN(const auto row, store::FindContract(context.db, id, context.scope));
  if (!row) return NotFound("contract", request.subject_id()).Build();
  auto form = std::make_shared<v1::RecordIncomeRequest>();
  form->set_contract_id(request.subject_id());
  Prefilled out{form, {}};
  ASSIGN_OR_RETURN(const std::vector<store::DueRow> dues,
                   store::ListDues(context.db, id, 0, static_cast<int>(kMaxDues)));
  for (const store::DueRow& due : dues) {
    if (!due.due.due_fen || *due.due.due_fen <= due.received_fen) continue;
    form->set_due_no(due.due.no);
    form->set_received_fen(*due.due.due_fen - due.received_fen);
    out.records["asset.v1.IncomeDue"] = {request.subject_id(), Cat("第", due.due.no, "期应收")};
    break;
  }
  return out;
}

constexpr int kMaxLinkages = 200;  // of one project: more are not looked through

// The households that share in the project's income: of the link by dividends that runs, else of
// the first that does.
absl::StatusOr<std::optional<store::LinkageRow>> LinkOfIncome(CallContext& context,
                                                              const std::vector<Ulid>& projects) {
  const absl::CivilDay today = ShanghaiDay(context.now);
  std::optional<store::LinkageRow> first;
  for (const Ulid& project : projects) {
    ASSIGN_OR_RETURN(const std::vector<store::LinkageRow> links,
                     store::ListLinkages(context.db, context.scope, "", project, {}, kMaxLinkages));
    for (const store::LinkageRow& link : links) {
      if (link.start_date > today || (link.end_date && *link.end_date < today)) continue;
      if (link.mode_code == "DIVIDEND") return link;
      if (!first) first = link;
    }
  }
  return first;
}

// What of the asset's income is not declared yet, and whom it is for.
absl::StatusOr<Prefilled> PrefillDividend(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request, "资产"));
  ASSIGN_OR_RETURN(const auto row, store::FindAsset(context.db, id, context.scope));
  if (!row) return NotFound("asset", request.subject_id()).Build();
  auto form = std::make_shared<v1::DeclareDividendRequest>();
  form->set_asset_id(request.subject_id());
  Prefilled out{form, {{"asset.v1.IncomeRecord", {request.subject_id(), "到账收益减已分配"}}}};
  form->set_declared_fen(std::max<int64_t>(0, row->received_fen - row->declared_fen));
  ASSIGN_OR_RETURN(const std::vector<Ulid> projects, ProjectIdsOf(context.db, id));
  ASSIGN_OR_RETURN(const auto link, LinkOfIncome(context, projects));
  if (!link) return out;
  form->set_households(static_cast<int32_t>(link->households));
  form->set_poor_households(static_cast<int32_t>(link->poor_households));
  out.records["asset.v1.LinkageContract"] = {link->id.ToString(), "利益联结"};
  return out;
}

// What of the dividend is not paid yet.
absl::StatusOr<Prefilled> PrefillPayment(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request, "分红"));
  ASSIGN_OR_RETURN(const auto row, store::FindDividend(context.db, id, context.scope));
  if (!row) return NotFound("dividend", request.subject_id()).Build();
  auto form = std::make_shared<v1::PayDividendRequest>();
  form->set_id(request.subject_id());
  form->set_etag(Cat(row->version));
  if (row->void_reason.empty()) form->set_paid_fen(row->declared_fen - row->paid_fen);
  return Prefilled{form, {{"asset.v1.Dividend", {request.subject_id(), "应分金额减已兑现"}}}};
}

absl::StatusOr<Prefilled> PrefillCounts(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request, "利益联结"));
  ASSIGN_OR_RETURN(const auto row, store::FindLinkage(context.db, id, context.scope));
  if (!row) return NotFound("linkage", request.subject_id()).Build();
  const v1::LinkageContract linkage = ToLinkage(*row);
  auto form = std::make_shared<v1::UpdateLinkageCountsRequest>();
  form->set_id(linkage.id());
  form->set_etag(linkage.etag());
  form->set_households(linkage.households());
  form->set_poor_households(linkage.poor_households());
  form->set_monitored_households(linkage.monitored_households());
  return Prefilled{form, {{"asset.v1.LinkageContract", {linkage.id(), "利益联结"}}}};
}

// Of work in the project: its monthly report, which is where a month's work is told first.
absl::StatusOr<Prefilled> PrefillEmployment(CallContext& context,
                                            const PrefillFormRequest& request) {
  if (request.period().empty()) return InvalidField("period", "须填写月份").Build();
  ASSIGN_OR_RETURN(const store::ProjectCopy project, ReadProject(context, request));
  auto form = std::make_shared<v1::RecordEmploymentRequest>();
  Prefilled out{form, {}};
  form->set_project_id(project.id.ToString());
  form->set_month(request.period());
  form->set_kind(v1::EMPLOYMENT_KIND_ASSET_WORK);
  ASSIGN_OR_RETURN(const auto report, store::FindReport(context.db, project.id, request.period()));
  if (!report) return out;
  out.records["registry.v1.OperationReport"] = {report->id.ToString(),
                                                Cat(request.period(), "月报")};
  const auto count = [](const std::optional<int64_t>& number) {
    return static_cast<int32_t>(number.value_or(0));
  };
  form->set_workers(count(report->workers));
  form->set_person_days(count(report->person_days));
  form->set_poor_person_days(count(report->poor_person_days));
  form->set_wages_fen(report->wages_fen.value_or(0));
  return out;
}

// The other way round, of the registry's form: where a month's work was recorded here before its
// report was made, which the registry cannot know.
absl::StatusOr<Prefilled> PrefillReport(CallContext& context, const PrefillFormRequest& request) {
  if (request.period().empty()) return InvalidField("period", "须填写月份").Build();
  ASSIGN_OR_RETURN(const store::ProjectCopy project, ReadProject(context, request));
  auto form = std::make_shared<registry::v1::SubmitOperationReportRequest>();
  registry::v1::OperationReport& report = *form->mutable_report();
  Prefilled out{form, {}};
  report.set_project_id(project.id.ToString());
  report.set_period(request.period());
  ASSIGN_OR_RETURN(const auto work, store::FindEmployment(context.db, project.id, request.period(),
                                                          EmploymentKind::kAssetWork));
  if (!work) return out;
  out.records["asset.v1.EmploymentRecord"] = {work->id.ToString(),
                                              Cat(request.period(), "务工记录")};
  const google::protobuf::Descriptor& fields = *report.GetDescriptor();
  for (int i = 0; i < fields.field_count(); ++i) {
    for (const std::string& other : contract::LabelOf(*fields.field(i)).also_held_by()) {
      if (other.rfind("asset.v1.", 0) == 0) {
        out.held_by[Cat("report.", fields.field(i)->name())] = other;
      }
    }
  }
  ASSIGN_OR_RETURN(const auto made, store::FindReport(context.db, project.id, request.period()));
  const store::ReportCopy told = made.value_or(store::ReportCopy{});
  // What the report gives already is its own. A zero here may be a figure that nobody gave, which a
  // report tells from zero: it is asked for.
  const auto is_new = [](const std::optional<int64_t>& reported, int64_t recorded) {
    return !reported && recorded > 0;
  };
  // A part of what the report says otherwise would not fit it.
  const int64_t poor_workers = work->poor_workers + work->monitored_workers;
  if (is_new(told.workers, work->workers)) report.set_workers(static_cast<int32_t>(work->workers));
  if (!told.workers && is_new(told.poor_workers, poor_workers)) {
    report.set_poor_workers(static_cast<int32_t>(poor_workers));
  }
  if (is_new(told.person_days, work->person_days)) {
    report.set_person_days(static_cast<int32_t>(work->person_days));
  }
  if (!told.person_days && is_new(told.poor_person_days, work->poor_person_days)) {
    report.set_poor_person_days(static_cast<int32_t>(work->poor_person_days));
  }
  if (is_new(told.wages_fen, work->wages_fen)) report.set_wages_fen(work->wages_fen);
  return out;
}

}  // namespace

std::map<std::string, dictionary::Prefiller, std::less<>> Prefills() {
  return {
      {"bangfu.asset.v1.AssetService.RegisterAsset", PrefillAsset},
      {"bangfu.asset.v1.ContractService.SignContract", PrefillContract},
      {"bangfu.asset.v1.ContractService.RecordIncome", PrefillIncome},
      {"bangfu.asset.v1.ContractService.DeclareDividend", PrefillDividend},
      {"bangfu.asset.v1.ContractService.PayDividend", PrefillPayment},
      {"bangfu.asset.v1.ContractService.RecordLinkage", PrefillLinkage},
      {"bangfu.asset.v1.ContractService.RecordEmployment", PrefillEmployment},
      {"bangfu.asset.v1.ContractService.UpdateLinkageCounts", PrefillCounts},
      {"bangfu.registry.v1.OperationReportService.SubmitOperationReport", PrefillReport},
  };
}

}  // namespace bangfu::asset::api
