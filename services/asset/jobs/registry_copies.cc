#include "services/asset/jobs/registry_copies.h"

#include <map>
#include <utility>

#include "absl/strings/str_join.h"
#include "bangfu/registry/v1/events.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/blob/blob.h"
#include "common/contract/time.h"
#include "common/recode/recode.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/store/facts_store.h"
#include "services/asset/store/reference_store.h"
#include "services/asset/store/report_copy_store.h"

namespace bangfu::asset {
namespace {

namespace reg = registry::v1;

template <typename Message>
absl::StatusOr<Message> Payload(const feed::v1::Event& event) {
  Message message;
  if (!event.payload().UnpackTo(&message)) {
    return Error(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED")
        .Message(Cat(event.aggregate_type(), "/", event.aggregate_id()))
        .Build();
  }
  return message;
}

store::RegionCopy CopyOf(const reg::Region& region) {
  store::RegionCopy copy;
  copy.code = region.code();
  copy.name = region.name();
  copy.short_name = region.short_name();
  copy.region_path = region.region_path();
  copy.parent_code = region.parent_code();
  // Extension nodes have codes of their own length; the contract's levels count from the province.
  copy.level = region.level() != 0 ? static_cast<int>(region.level())
                                   : static_cast<int>(LevelOfRegion(region.code()));
  copy.start_year = region.start_year();
  copy.end_year = region.end_year();
  std::vector<std::string> successors;
  for (const reg::RegionSuccessor& successor : region.successors()) {
    successors.push_back(successor.year() > 0 ? Cat(successor.code(), "[", successor.year(), "]")
                                              : successor.code());
  }
  copy.successors = absl::StrJoin(successors, ";");
  copy.is_extension = region.is_extension();
  return copy;
}

store::OperatorCopy CopyOf(const reg::Operator& op, const Ulid& id) {
  store::OperatorCopy copy;
  copy.uscc = op.uscc();
  copy.id = id;
  copy.name = op.name();
  // A void one is nobody: in no standing, until another with its code is registered.
  copy.in_good_standing = !op.is_void() && !op.dishonest() && !op.abnormal();
  const bool in_business =
      !op.is_void() && (op.registration_state().empty() || op.registration_state() == "ACTIVE");
  // Without qualifications none is asked for; with some, the one that lasts longest decides.
  copy.qualified = in_business;
  bool endless = op.qualifications().empty();
  std::optional<absl::CivilDay> last;
  for (const reg::Qualification& q : op.qualifications()) {
    const auto day = DayOf(q.expires_on());
    if (!day) endless = true;
    if (day && (!last || *day > *last)) last = day;
  }
  if (!endless) copy.qualification_ends = last;
  return copy;
}

}  // namespace

std::vector<std::string> RegistryAggregates() {
  return {"project",    "operator",  "region_batch",
          "code_batch", "parameter", "industry_category_batch"};
}

absl::Status RegistryCopies::Apply(mysql::Tx& tx, const feed::Batch& batch) {
  // Each record in its last state.
  std::map<Ulid, store::ProjectCopy> projects;
  std::map<std::string, store::OperatorCopy> operators;
  std::vector<store::RegionCopy> regions;  // in the order in which they were told
  std::vector<recode::Move> moves;
  std::map<std::pair<std::string, std::string>, store::CodeCopy> codes;
  std::map<std::pair<std::string, std::string>, store::IndustryCopy> industries;
  std::map<std::string, int64_t> parameters;
  const absl::CivilDay today = ShanghaiDay(batch.now);
  for (const feed::v1::Event* event : batch.events) {
    const std::string& type = event->aggregate_type();
    if (type == "project") {
      ASSIGN_OR_RETURN(const auto changed, Payload<reg::ProjectChanged>(*event));
      const reg::Project& p = changed.project();
      ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(p.id()));
      store::ProjectCopy copy;
      copy.id = id;
      copy.project_code = p.project_code();
      copy.name = p.name();
      copy.region_path = p.region_path();
      copy.state = p.state();
      copy.is_void = p.is_void();
      copy.planting_date = DayOf(p.planting_date());
      copy.industry_code = p.industry_code();
      if (!p.operator_id().empty()) {
        ASSIGN_OR_RETURN(copy.operator_id, Ulid::Parse(p.operator_id()));
      }
      copy.latitude_e7 = p.latitude_e7();
      copy.longitude_e7 = p.longitude_e7();
      for (const reg::DeclaredFunding& funding : p.declared_funding()) {
        copy.fund_sources.push_back(funding.source_code());
        if (funding.amount().parse_state() == type::v1::AMOUNT_PARSE_STATE_EXACT) {
          copy.funding.emplace_back(funding.source_code(), funding.amount().fen());
        }
      }
      copy.planned_owner = p.planned_owner();
      const reg::LinkageMechanism& linkage = p.linkage();
      copy.linkage_modes.assign(linkage.modes().begin(), linkage.modes().end());
      if (linkage.has_beneficiary_households()) {
        copy.households = linkage.beneficiary_households();
      }
      if (linkage.has_beneficiary_poor_households()) {
        copy.poor_households = linkage.beneficiary_poor_households();
      }
      if (linkage.has_beneficiary_monitored_households()) {
        copy.monitored_households = linkage.beneficiary_monitored_households();
      }
      for (const type::v1::ExternalId& external : p.external_ids()) {
        copy.external_ids.push_back(external.id());
      }
      projects[id] = std::move(copy);
    } else if (type == "operator") {
      ASSIGN_OR_RETURN(const auto changed, Payload<reg::OperatorChanged>(*event));
      ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(changed.operator_().id()));
      operators[changed.operator_().uscc()] = CopyOf(changed.operator_(), id);
    } else if (type == "region_batch") {
      ASSIGN_OR_RETURN(const auto changed, Payload<reg::RegionsChanged>(*event));
      for (const reg::Region& region : changed.regions()) regions.push_back(CopyOf(region));
      for (const reg::RegionMove& told : changed.moves()) {
        ASSIGN_OR_RETURN(moves.emplace_back(), recode::MoveFrom(told));
      }
    } else if (type == "code_batch") {
      ASSIGN_OR_RETURN(const auto changed, Payload<reg::CodesChanged>(*event));
      for (const reg::Code& code : changed.codes()) {
        store::CodeCopy copy{code.list(), code.code(), code.name_zh(), false, true};
        std::string formats;
        int64_t max_mib = 0;
        for (const reg::CodeAttribute& attribute : code.attributes()) {
          if (attribute.name() == "is_public") {
            copy.is_public = attribute.value() == "1" || attribute.value() == "true";
          }
          if (attribute.name() == "formats") formats = attribute.value();
          if (attribute.name() == "max_mib") ParseInt(attribute.value(), &max_mib);
        }
        const auto until = DayOf(code.valid_to());
        copy.valid = !until || *until >= today;
        if (copy.list == "EVIDENCE_KIND") {
          RETURN_IF_ERROR(blob::PutKind(tx, copy.code, copy.name_zh, formats, max_mib, copy.valid));
        }
        codes[{code.list(), code.code()}] = std::move(copy);
      }
    } else if (type == "parameter") {
      ASSIGN_OR_RETURN(const auto changed, Payload<reg::ParameterChanged>(*event));
      parameters[changed.parameter().code()] = changed.parameter().value();
      RETURN_IF_ERROR(
          blob::PutSetting(tx, changed.parameter().code(), changed.parameter().value()));
    } else if (type == "industry_category_batch") {
      ASSIGN_OR_RETURN(const auto changed, Payload<reg::IndustryCategoriesChanged>(*event));
      for (const reg::IndustryCategory& c : changed.categories()) {
        industries[{c.taxonomy_version(), c.code()}] = {c.taxonomy_version(), c.code(),
                                                        c.cultivation_months(), c.parent_code()};
      }
    }
  }
  const auto values = [](const auto& map) {
    std::vector<typename std::decay_t<decltype(map)>::mapped_type> out;
    for (const auto& [key, value] : map) out.push_back(value);
    return out;
  };
  RETURN_IF_ERROR(store::PutRegions(tx, regions));
  RETURN_IF_ERROR(store::PutParameters(tx, parameters));
  RETURN_IF_ERROR(store::PutCodes(tx, values(codes)));
  RETURN_IF_ERROR(store::PutIndustries(tx, values(industries)));
  RETURN_IF_ERROR(store::PutOperators(tx, values(operators), batch.generation));
  RETURN_IF_ERROR(store::PutProjects(tx, values(projects), batch.generation));
  RETURN_IF_ERROR(recode::ApplyAll(tx, parts_, std::move(moves), clock_));

  // Facts that rest on what has changed.
  std::vector<Ulid> touched;
  std::vector<Ulid> ids;
  for (const auto& [id, project] : projects) ids.push_back(id);
  ASSIGN_OR_RETURN(touched, store::ProjectsWithFacts(tx, ids));
  std::vector<std::string> usccs;
  for (const auto& [uscc, op] : operators) usccs.push_back(uscc);
  ASSIGN_OR_RETURN(const std::vector<Ulid> of_operators, store::ProjectsOfOperators(tx, usccs));
  touched.insert(touched.end(), of_operators.begin(), of_operators.end());
  if (touched.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(api::LockFacts(tx, touched));
  api::BatchRecorder recorder({.subject = "system"}, "registry_copies", batch.now);
  RETURN_IF_ERROR(api::RefreshFacts(tx, touched, batch.now, recorder));
  return recorder.Flush(tx);
}

absl::Status RegistryCopies::FinishSnapshot(mysql::Tx& tx, const std::string&, int64_t generation) {
  return store::VoidOlderProjects(tx, generation);
}

std::vector<std::string> CalendarAggregates() { return {"work_day_batch"}; }

absl::Status CalendarCopies::Apply(mysql::Tx& tx, const feed::Batch& batch) {
  std::map<absl::CivilDay, bool> days;
  for (const feed::v1::Event* event : batch.events) {
    ASSIGN_OR_RETURN(const auto changed, Payload<reg::WorkDaysChanged>(*event));
    for (const reg::WorkDay& day : changed.days()) {
      if (const auto date = DayOf(day.date())) days[*date] = day.is_working();
    }
  }
  return store::PutWorkDays(tx, days);
}

std::vector<std::string> ReportAggregates() { return {"operation_report"}; }

absl::Status ReportCopies::Apply(mysql::Tx& tx, const feed::Batch& batch) {
  std::map<std::pair<Ulid, std::string>, store::ReportCopy> reports;  // each in its last state
  for (const feed::v1::Event* event : batch.events) {
    ASSIGN_OR_RETURN(const auto changed, Payload<reg::OperationReportChanged>(*event));
    const reg::OperationReport& r = changed.report();
    store::ReportCopy copy;
    ASSIGN_OR_RETURN(copy.project_id, Ulid::Parse(r.project_id()));
    ASSIGN_OR_RETURN(copy.id, Ulid::Parse(r.id()));
    copy.month = r.period();
    if (r.has_workers()) copy.workers = r.workers();
    if (r.has_poor_workers()) copy.poor_workers = r.poor_workers();
    if (r.has_person_days()) copy.person_days = r.person_days();
    if (r.has_poor_person_days()) copy.poor_person_days = r.poor_person_days();
    if (r.has_wages_fen()) copy.wages_fen = r.wages_fen();
    reports[{copy.project_id, copy.month}] = copy;
  }
  std::vector<store::ReportCopy> rows;
  for (auto& [key, copy] : reports) rows.push_back(std::move(copy));
  return store::PutReports(tx, rows);
}

}  // namespace bangfu::asset
