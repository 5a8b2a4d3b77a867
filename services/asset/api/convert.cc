#include "services/asset/api/convert.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bangfu/options/v1/access.pb.h"
#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/log/log.h"
#include "common/rpc/actor.h"
#include "common/seal/seal.h"
#include "common/workflow/proto.h"
#include "services/asset/domain/operated.h"

namespace bangfu::asset::api {
namespace {

template <typename To, typename From>
To Same(From value) {
  return static_cast<To>(static_cast<int>(value));
}

type::v1::Actor ParseActor(const std::string& bytes) {
  type::v1::Actor actor;
  (void)actor.ParseFromString(bytes);
  return actor;
}

void SetPeriods(const std::vector<UsePeriod>& periods, v1::UseReport* out) {
  out->clear_operated();
  for (const UsePeriod& period : periods) {
    v1::UsePeriod* to = out->add_operated();
    if (period.from) SetDay(*period.from, to->mutable_from());
    if (period.to) SetDay(*period.to, to->mutable_to());
  }
}

}  // namespace

std::optional<absl::CivilDay> DayFrom(const google::type::Date& date, std::string_view path,
                                      std::vector<FieldViolation>* violations) {
  if (date.year() == 0 && date.month() == 0 && date.day() == 0) return std::nullopt;
  const absl::CivilDay day(date.year(), date.month(), date.day());
  if (day.year() != date.year() || day.month() != date.month() || day.day() != date.day() ||
      date.year() < 1949 || date.year() > 2200) {
    violations->push_back({std::string(path), "日期无效"});
    return std::nullopt;
  }
  return day;
}

type::v1::Actor ToActor(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                        std::string_view region_path) {
  return rpc::ActorMessage(rpc::ActorOf(caller, roles, region_path));
}

Use UseFrom(const v1::UseReportInput& input, std::string_view path,
            std::vector<FieldViolation>* violations) {
  Use use;
  use.state = Same<UseState>(input.use_state());
  if (auto day = DayFrom(input.since(), Cat(path, ".since"), violations)) {
    use.since = *day;
  } else {
    violations->push_back({Cat(path, ".since"), "请填写起始日期"});
  }
  use.idle_since = DayFrom(input.idle_since(), Cat(path, ".idle_since"), violations);
  use.idle_reason = input.idle_reason();
  for (const v1::UsePart& part : input.use_parts()) {
    use.parts.push_back(
        {part.description(), part.value_share_bp(), Same<UseState>(part.use_state())});
  }
  use.irreparable = input.irreparable();
  return use;
}

v1::UseReport ToUseReport(const Use& use) {
  v1::UseReport out;
  out.set_use_state(Same<v1::UseState>(use.state));
  SetDay(use.since, out.mutable_since());
  if (use.idle_since) SetDay(*use.idle_since, out.mutable_idle_since());
  out.set_idle_reason(use.idle_reason);
  for (const UsePart& part : use.parts) {
    v1::UsePart* to = out.add_use_parts();
    to->set_description(part.description);
    to->set_value_share_bp(part.share_bp);
    to->set_use_state(Same<v1::UseState>(part.state));
  }
  out.set_irreparable(use.irreparable);
  out.set_ever_used(use.ever_used);
  SetPeriods(use.operated, &out);
  return out;
}

Use UseFromReport(const std::string& bytes) {
  v1::UseReport report;
  (void)report.ParseFromString(bytes);
  std::vector<FieldViolation> none;
  Use use;
  use.state = Same<UseState>(report.use_state());
  use.since = DayFrom(report.since(), "", &none).value_or(absl::CivilDay());
  use.idle_since = DayFrom(report.idle_since(), "", &none);
  use.idle_reason = report.idle_reason();
  for (const v1::UsePart& part : report.use_parts()) {
    use.parts.push_back(
        {part.description(), part.value_share_bp(), Same<UseState>(part.use_state())});
  }
  use.irreparable = report.irreparable();
  use.ever_used = report.ever_used();
  for (const v1::UsePeriod& period : report.operated()) {
    use.operated.push_back({DayFrom(period.from(), "", &none), DayFrom(period.to(), "", &none)});
  }
  return use;
}

void ApplyUse(const Use& use, store::AssetRow* row) {
  row->use_state = use.state;
  row->use_since = use.since;
  row->idle_since = use.idle_since;
  row->in_use_share_bp = InUseShareBp(use);
  row->irreparable = use.irreparable;
  row->ever_used = use.ever_used;
  row->use_report = ToUseReport(use).SerializeAsString();
}

void ApplyDetails(const v1::AssetDetails& d, store::AssetRow* row,
                  std::vector<FieldViolation>* violations) {
  row->name = d.name();
  row->asset_class = Same<AssetClass>(d.asset_class());
  row->asset_form = Same<AssetForm>(d.asset_form());
  row->region_code = d.region_code();
  row->original_value_fen = d.original_value_fen();
  row->value_exact = d.value_state() == type::v1::AMOUNT_PARSE_STATE_EXACT ||
                     d.value_state() == type::v1::AMOUNT_PARSE_STATE_UNSPECIFIED;
  row->formed_date = DayFrom(d.formed_date(), "details.formed_date", violations);
  row->expire_date.reset();
  if (row->formed_date && d.service_life_months() > 0) {
    row->expire_date = AddMonths(*row->formed_date, d.service_life_months());
  }
  row->planting_date = DayFrom(d.planting_date(), "details.planting_date", violations);
  row->cultivation_ends.reset();
  if (row->planting_date && d.cultivation_months() > 0) {
    row->cultivation_ends = AddMonths(*row->planting_date, d.cultivation_months()) - 1;
  }
  row->operate_mode = Same<OperateMode>(d.operate_mode());
  row->operator_uscc = d.operator_uscc();
  row->om_parts = (d.maintenance().person().empty() ? 0 : 1) |
                  (d.maintenance().rules().empty() ? 0 : 2) |
                  (d.maintenance().fund_source().empty() ? 0 : 4);
  std::vector<std::pair<OwnerLevel, int32_t>> owners;
  for (const v1::AssetOwner& owner : d.owners()) {
    owners.emplace_back(Same<OwnerLevel>(owner.level()), owner.share_bp());
  }
  std::vector<std::pair<OwnerLevel, int32_t>> holders;
  for (const v1::IncomeRightHolder& holder : d.income_right_holders()) {
    holders.emplace_back(Same<OwnerLevel>(holder.level()), holder.share_bp());
  }
  row->owned_village_bp = VillageShareBp(owners);
  row->income_village_bp = VillageShareBp(holders);
  v1::AssetDetails sealed = d;
  seal::SealSensitive(&sealed);
  row->details = sealed.SerializeAsString();
}

v1::AssetDetails DetailsOf(const store::AssetRow& row) {
  v1::AssetDetails details;
  (void)details.ParseFromString(row.details);
  if (absl::Status status = seal::OpenSensitive(&details); !status.ok()) {
    log::Error("a stored asset does not open", {{"error", status}});
  }
  return details;
}

std::vector<store::ProjectShare> ProjectSharesOf(const v1::AssetDetails& details,
                                                 std::vector<FieldViolation>* violations) {
  std::vector<store::ProjectShare> out;
  std::vector<int32_t> shares;
  std::set<std::string> seen;
  for (int i = 0; i < details.source_projects_size(); ++i) {
    const v1::SourceProject& project = details.source_projects(i);
    const absl::StatusOr<Ulid> id = Ulid::Parse(project.project_id());
    if (!id.ok() || !seen.insert(project.project_id()).second) {
      violations->push_back({Cat("details.source_projects[", i, "].project_id"),
                             id.ok() ? "来源项目重复" : "编号无效"});
      continue;
    }
    const int32_t share = details.source_projects_size() == 1 && project.value_share_bp() == 0
                              ? kBpOne
                              : project.value_share_bp();
    shares.push_back(share);
    out.push_back({*id, share, 0});
  }
  CheckShares(shares, false, "details.source_projects", violations);
  if (!out.empty() && violations->empty()) {
    const std::vector<int64_t> weights(shares.begin(), shares.end());
    const std::vector<int64_t> parts = SplitLargestRemainder(details.original_value_fen(), weights);
    for (size_t i = 0; i < out.size() && i < parts.size(); ++i) out[i].value_fen = parts[i];
  }
  return out;
}

v1::Asset ToAsset(const store::AssetRow& row) {
  v1::Asset out;
  out.set_id(row.id.ToString());
  out.set_asset_code(row.asset_code);
  out.set_etag(Cat(row.version));
  *out.mutable_details() = DetailsOf(row);
  out.set_region_path(row.region_path);
  if (row.expire_date) SetDay(*row.expire_date, out.mutable_expire_date());
  if (row.cultivation_ends) SetDay(*row.cultivation_ends, out.mutable_cultivation_ends_on());
  out.set_title_status(Same<v1::TitleStatus>(row.title_status));
  out.set_title_cert_no(row.title_cert_no);
  if (!row.title_disputed_by.empty()) {
    *out.mutable_title_disputed_by() = ParseActor(row.title_disputed_by);
  }
  if (row.title_date) SetDay(*row.title_date, out.mutable_title_date());
  out.set_custody_status(Same<v1::CustodyStatus>(row.custody_status));
  out.set_custodian(row.custodian);
  if (row.transferred_date) SetDay(*row.transferred_date, out.mutable_transferred_date());
  (void)out.mutable_use()->ParseFromString(row.use_report);
  SetPeriods(OperatedSince(OperatedOf(UseFromReport(row.use_report)), row.formed_date),
             out.mutable_use());
  out.set_state(Same<v1::AssetState>(row.state));
  out.set_void_reason(row.void_reason);
  out.set_adjustment_outcome(Same<v1::AdjustmentOutcome>(row.adjustment_outcome));
  out.set_last_inspection(Same<v1::InspectionResult>(row.last_inspection));
  if (row.last_inspection_on) SetDay(*row.last_inspection_on, out.mutable_last_inspection_on());
  if (row.contract_id) out.set_contract_id(row.contract_id->ToString());
  out.set_sample(row.sample);
  if (!row.open_questions.empty()) {
    for (const auto question : absl::StrSplit(row.open_questions, ',')) {
      out.add_open_questions(std::string(question));
    }
  }
  *out.mutable_created_by() = ParseActor(row.created_by);
  SetTime(row.created_at, out.mutable_created_at());
  *out.mutable_updated_by() = ParseActor(row.updated_by);
  SetTime(row.updated_at, out.mutable_updated_at());
  return out;
}

workflow::Person DisputerOf(const store::AssetRow& row) {
  if (row.title_disputed_by.empty()) return {};
  return workflow::PersonOf(ParseActor(row.title_disputed_by));
}

AssetSubject SubjectOf(const store::AssetRow& row, bool referenced) {
  const v1::AssetDetails details = DetailsOf(row);
  AssetSubject subject;
  subject.state = row.state;
  subject.title = row.title_status;
  subject.custody = row.custody_status;
  subject.has_ownership_basis = details.ownership_basis_size() > 0;
  subject.owner_shares_complete = row.owned_village_bp.has_value();
  subject.referenced = referenced;
  subject.disputed_by = DisputerOf(row);
  return subject;
}

v1::OperatingContract ToContract(const store::ContractRow& row, const store::ContractSums& sums) {
  v1::OperatingContract out;
  out.set_id(row.id.ToString());
  out.set_etag(Cat(row.version));
  (void)out.mutable_terms()->ParseFromString(row.terms);
  out.set_region_path(row.region_path);
  out.set_state(Same<v1::ContractState>(row.state));
  if (row.ended_on) SetDay(*row.ended_on, out.mutable_ended_on());
  out.set_end_reason(row.end_reason);
  out.set_due_fen(sums.due_fen);
  out.set_received_fen(sums.received_fen);
  out.set_arrears_fen(sums.arrears_fen);
  if (sums.oldest_arrears) SetDay(*sums.oldest_arrears, out.mutable_oldest_arrears_due());
  out.set_sample(row.sample);
  *out.mutable_created_by() = ParseActor(row.created_by);
  SetTime(row.created_at, out.mutable_created_at());
  return out;
}

v1::IncomeDue ToDue(const Ulid& contract_id, const store::DueRow& row, absl::CivilDay today) {
  v1::IncomeDue out;
  out.set_contract_id(contract_id.ToString());
  out.set_due_no(row.due.no);
  SetDay(row.due.from, out.mutable_period_from());
  SetDay(row.due.to, out.mutable_period_to());
  SetDay(row.due.due_date, out.mutable_due_date());
  out.set_fixed_fen(row.due.fixed_fen);
  out.set_rate_bp(row.due.rate_bp);
  out.set_rate_base(Same<v1::RateBase>(row.due.base));
  if (row.due.base_fen) out.set_base_fen(*row.due.base_fen);
  if (row.due.due_fen) out.set_due_fen(*row.due.due_fen);
  out.set_received_fen(row.received_fen);
  if (row.due.due_fen && *row.due.due_fen > row.received_fen && today > row.due.due_date) {
    out.set_arrears_days(static_cast<int32_t>(today - row.due.due_date));
  }
  return out;
}

v1::IncomeRecord ToIncome(const store::IncomeRow& row) {
  v1::IncomeRecord out;
  out.set_id(row.id.ToString());
  if (row.contract_id) out.set_contract_id(row.contract_id->ToString());
  out.set_due_no(row.due_no);
  if (row.asset_id) out.set_asset_id(row.asset_id->ToString());
  out.set_received_fen(row.received_fen);
  SetDay(row.received_on, out.mutable_received_on());
  out.set_voucher_no(row.voucher_no);
  if (row.reverses_id) out.set_reverses_id(row.reverses_id->ToString());
  out.set_reason(row.reason);
  *out.mutable_recorded_by() = ParseActor(row.recorded_by);
  SetTime(row.recorded_at, out.mutable_recorded_at());
  out.set_etag(IncomeEtag(row));
  if (row.reversed_by) out.set_reversed_by_id(row.reversed_by->ToString());
  return out;
}

std::string IncomeEtag(const store::IncomeRow& row) { return row.reversed_by ? "2" : "1"; }

v1::Dividend ToDividend(const store::DividendRow& row) {
  v1::Dividend out;
  out.set_id(row.id.ToString());
  out.set_etag(Cat(row.version));
  if (row.project_id) out.set_project_id(row.project_id->ToString());
  out.set_asset_id(row.asset_id.ToString());
  out.set_region_path(row.region_path);
  out.set_use(Same<v1::DividendUse>(row.use));
  out.set_period(row.period);
  SetDay(row.declared_on, out.mutable_declared_on());
  out.set_declared_fen(row.declared_fen);
  out.set_paid_fen(row.paid_fen);
  if (row.last_paid_on) SetDay(*row.last_paid_on, out.mutable_last_paid_on());
  out.set_households(static_cast<int32_t>(row.households));
  out.set_poor_households(static_cast<int32_t>(row.poor_households));
  out.set_void_reason(row.void_reason);
  return out;
}

v1::LinkageContract ToLinkage(const store::LinkageRow& row) {
  v1::LinkageContract out;
  out.set_id(row.id.ToString());
  out.set_etag(Cat(row.version));
  out.set_project_id(row.project_id.ToString());
  out.set_region_path(row.region_path);
  out.set_mode_code(row.mode_code);
  out.set_operator_uscc(row.operator_uscc);
  out.set_operator_name(row.operator_name);
  out.set_households(static_cast<int32_t>(row.households));
  out.set_poor_households(static_cast<int32_t>(row.poor_households));
  out.set_monitored_households(static_cast<int32_t>(row.monitored_households));
  SetDay(row.start_date, out.mutable_start_date());
  if (row.end_date) SetDay(*row.end_date, out.mutable_end_date());
  out.set_end_reason(row.end_reason);
  out.set_income_paid_fen(row.income_paid_fen);
  return out;
}

v1::EmploymentRecord ToEmployment(const store::EmploymentRow& row) {
  v1::EmploymentRecord out;
  out.set_id(row.id.ToString());
  out.set_etag(Cat(row.version));
  out.set_project_id(row.project_id.ToString());
  out.set_region_path(row.region_path);
  out.set_month(row.month);
  out.set_kind(Same<v1::EmploymentKind>(row.kind));
  out.set_workers(static_cast<int32_t>(row.workers));
  out.set_poor_workers(static_cast<int32_t>(row.poor_workers));
  out.set_monitored_workers(static_cast<int32_t>(row.monitored_workers));
  out.set_person_days(static_cast<int32_t>(row.person_days));
  out.set_poor_person_days(static_cast<int32_t>(row.poor_person_days));
  out.set_wages_fen(row.wages_fen);
  out.set_poor_wages_fen(row.poor_wages_fen);
  out.set_source(Same<v1::EmploymentSource>(row.source));
  if (row.operation_report_id) out.set_operation_report_id(row.operation_report_id->ToString());
  return out;
}

std::vector<ScheduleStep> StepsFrom(const v1::ContractTerms& terms,
                                    std::vector<FieldViolation>* violations) {
  std::vector<ScheduleStep> steps;
  for (int i = 0; i < terms.schedule_size(); ++i) {
    const v1::ScheduleStep& from = terms.schedule(i);
    const std::string path = Cat("terms.schedule[", i, "]");
    ScheduleStep step;
    step.from = DayFrom(from.from(), Cat(path, ".from"), violations).value_or(absl::CivilDay());
    step.to = DayFrom(from.to(), Cat(path, ".to"), violations).value_or(absl::CivilDay());
    step.fixed_fen_per_year = from.fixed_fen_per_year();
    step.rate_bp = from.rate_bp();
    step.base = Same<RateBase>(from.rate_base());
    step.escalation_bp = from.escalation_bp();
    step.escalation_years = from.escalation_years();
    steps.push_back(step);
  }
  return steps;
}

v1::ProjectAssetFacts ToFacts(const Facts& f) {
  v1::ProjectAssetFacts out;
  out.set_project_id(f.project_id.ToString());
  out.set_region_path(f.region_path);
  out.set_asset_count(static_cast<int32_t>(f.asset_count));
  out.set_has_operating_assets(f.has_operating_assets);
  out.set_public_welfare_only(f.public_welfare_only);
  out.set_operating_asset_count(static_cast<int32_t>(f.operating_asset_count));
  out.set_operating_original_value_fen(f.operating_original_value_fen);
  out.set_in_use_value_fen(f.in_use_value_fen);
  out.set_cultivating_value_fen(f.cultivating_value_fen);
  out.set_operating_value_confirmed(f.operating_value_confirmed);
  out.set_total_original_value_fen(f.total_original_value_fen);
  for (const auto& [day, value] : f.expiring_values) {
    v1::ValueByDate* item = out.add_expiring_values();
    SetDay(day, item->mutable_date());
    item->set_value_fen(value);
  }
  out.set_operating_status(Same<v1::OperatingStatus>(f.status));
  if (f.idle_since) SetDay(*f.idle_since, out.mutable_idle_since());
  out.set_ever_used(f.ever_used);
  out.set_damaged_irreparable(f.damaged_irreparable);
  if (f.cultivation_ends) SetDay(*f.cultivation_ends, out.mutable_cultivation_ends_on());
  if (f.planted) SetDay(*f.planted, out.mutable_planting_date());
  out.set_maintenance_inspection_failed(f.inspection_failed);
  if (f.has_operating_assets) {
    v1::OperatorCompliance* c = out.mutable_compliance();
    c->set_has_contract(f.has_contract);
    if (f.contract_ends) SetDay(*f.contract_ends, c->mutable_contract_ends_on());
    c->set_operator_known(f.operator_known);
    c->set_in_good_standing(f.in_good_standing);
    c->set_qualified(f.qualified);
    if (f.qualification_ends) SetDay(*f.qualification_ends, c->mutable_qualification_ends_on());
    for (const std::string& uscc : f.operator_usccs) c->add_operator_usccs(uscc);
  }
  out.set_maintenance_person(f.om_person);
  out.set_maintenance_rules(f.om_rules);
  out.set_maintenance_money(f.om_money);
  for (const auto& [month, m] : f.months) {
    v1::MonthlyFacts* to = out.add_months();
    to->set_month(month);
    to->set_received_fen(m.received_fen);
    to->set_due_fen(m.due_fen);
    to->set_received_of_due_fen(m.received_of_due_fen);
    to->set_dues_unknown(static_cast<int32_t>(m.dues_unknown));
    to->set_dividend_declared_fen(m.dividend_declared_fen);
    to->set_dividend_paid_fen(m.dividend_paid_fen);
    to->set_household_income_fen(m.household_income_fen);
    to->set_person_days(static_cast<int32_t>(m.person_days));
    to->set_poor_person_days(static_cast<int32_t>(m.poor_person_days));
    to->set_wages_fen(m.wages_fen);
    to->set_public_post_wages_fen(m.public_post_wages_fen);
    to->set_poor_post_days(static_cast<int32_t>(m.poor_post_days));
  }
  out.set_income_reported(f.income_reported);
  out.set_dividend_declared(f.dividend_declared);
  out.set_linked_households(static_cast<int32_t>(f.linked_households));
  out.set_linked_poor_households(static_cast<int32_t>(f.linked_poor_households));
  out.set_linked_monitored_households(static_cast<int32_t>(f.linked_monitored_households));
  for (const auto& [month, households] : f.households_by_month) {
    v1::LinkedHouseholds* to = out.add_households_by_month();
    to->set_month(month);
    if (households) to->set_households(static_cast<int32_t>(*households));
  }
  out.set_linkage_mode_count(static_cast<int32_t>(f.linkage_modes.size()));
  for (const std::string& mode : f.linkage_modes) out.add_linkage_modes(mode);
  out.set_linkage_reported(f.linkage_reported);
  out.set_employment_reported(f.employment_reported);
  out.set_household_income_reported(f.household_income_reported);
  for (const Ulid& id : f.asset_ids) out.add_asset_ids(id.ToString());
  for (const Ulid& id : f.contract_ids) out.add_contract_ids(id.ToString());
  return out;
}

}  // namespace bangfu::asset::api
