#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/contract_handlers.h"
#include "services/asset/api/contract_internal.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/store/report_copy_store.h"

namespace bangfu::asset::api {
namespace {

// Whether the record says of the project's work what the month's report says, as far as that goes.
bool IsFromReport(const store::EmploymentRow& row, const store::ReportCopy& report) {
  bool told = false;
  const auto same = [&](const std::optional<int64_t>& of_report, int64_t of_record) {
    told |= of_report.has_value();
    return !of_report || *of_report == of_record;
  };
  return same(report.workers, row.workers) &&
         same(report.poor_workers, row.poor_workers + row.monitored_workers) &&
         same(report.person_days, row.person_days) &&
         same(report.poor_person_days, row.poor_person_days) &&
         same(report.wages_fen, row.wages_fen) && told;
}

}  // namespace

absl::StatusOr<v1::EmploymentRecord> ContractHandlers::RecordEmployment(
    rpc::CallContext& c, const v1::RecordEmploymentRequest& r) {
  return rpc::Mutate<v1::EmploymentRecord>(
      c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::EmploymentRecord> {
        ASSIGN_OR_RETURN(const store::ProjectCopy project,
                         LoadProject(m.tx(), r.project_id(), c.scope));
        ASSIGN_OR_RETURN(const auth::Facets facets, FacetsOf(m.tx(), c.caller, project));
        RETURN_IF_ERROR(workflow::CheckScope(c.caller, c.roles, project.region_path, facets,
                                             kProjectMattersZh));
        std::vector<FieldViolation> violations;
        if (r.month() > absl::FormatCivilTime(absl::CivilMonth(ShanghaiDay(c.now)))) {
          violations.push_back({"month", "不能晚于本月"});
        }
        CheckCounts(r.workers(), r.poor_workers(), r.monitored_workers(), "务工人数",
                    "poor_workers", "monitored_workers", &violations);
        CheckCounts(r.person_days(), r.poor_person_days(), 0, "工日", "poor_person_days", "",
                    &violations);
        if (r.poor_wages_fen() > r.wages_fen()) {
          violations.push_back({"poor_wages_fen", "不能多于工资总额"});
        }
        RETURN_IF_ERROR(ToStatus(std::move(violations)));
        RETURN_IF_ERROR(LockFacts(m.tx(), {project.id}));
        const auto kind = static_cast<EmploymentKind>(r.kind());
        ASSIGN_OR_RETURN(const auto there,
                         store::FindEmployment(m.tx(), project.id, r.month(), kind));
        if (there && r.etag().empty()) {
          return Error(absl::StatusCode::kAlreadyExists, "EMPLOYMENT_EXISTS")
              .Domain(kErrorDomain)
              .Zh("该月务工已登记，修改须带版本标记")
              .With("etag", Cat(there->version))
              .Build();
        }
        if (!r.etag().empty() && (!there || Cat(there->version) != r.etag())) {
          return EtagMismatch().Build();
        }
        store::EmploymentRow row;
        if (there) row = *there;
        if (!there) row.id = c.ids.Next();
        row.project_id = project.id;
        row.region_path = project.region_path;
        row.month = r.month();
        row.kind = kind;
        row.workers = r.workers();
        row.poor_workers = r.poor_workers();
        row.monitored_workers = r.monitored_workers();
        row.person_days = r.person_days();
        row.poor_person_days = r.poor_person_days();
        row.wages_fen = r.wages_fen();
        row.poor_wages_fen = r.poor_wages_fen();
        row.source = EmploymentSource::kEntered;
        row.operation_report_id.reset();
        // A public post is beside the project's work: no report tells of it.
        if (kind == EmploymentKind::kAssetWork) {
          ASSIGN_OR_RETURN(const auto report, store::FindReport(m.tx(), project.id, r.month()));
          if (report && IsFromReport(row, *report)) {
            row.source = EmploymentSource::kOperationReport;
            row.operation_report_id = report->id;
          }
        }
        const rpc::Covering covering(m, facets);
        MutationRecorder recorder(covering.mutation());
        v1::EmploymentRecord out;
        if (there) {
          const v1::EmploymentRecord before = ToEmployment(*there);
          RETURN_IF_ERROR(store::UpdateEmployment(m.tx(), &row));
          out = ToEmployment(row);
          RETURN_IF_ERROR(recorder.Audit("employment", row.id, row.region_path, &before, out, ""));
        } else {
          RETURN_IF_ERROR(store::InsertEmployment(m.tx(), row));
          out = ToEmployment(row);
          RETURN_IF_ERROR(recorder.Audit("employment", row.id, row.region_path, nullptr, out, ""));
        }
        RETURN_IF_ERROR(RefreshFacts(m.tx(), {project.id}, c.now, recorder));
        return out;
      });
}

absl::StatusOr<v1::ListEmploymentResponse> ContractHandlers::ListEmployment(
    rpc::CallContext& c, const v1::ListEmploymentRequest& r) {
  ASSIGN_OR_RETURN(const std::string prefix, Prefix(c.db, r.region_code()));
  ASSIGN_OR_RETURN(const auto project, OptionalId(r.project_id()));
  std::string bytes;
  ASSIGN_OR_RETURN(const store::PageKey key, KeyOf(r, &bytes));
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(r.page_size()));
  ASSIGN_OR_RETURN(auto rows, store::ListEmployment(c.db, c.scope, prefix, project, key, size + 1));
  v1::ListEmploymentResponse out;
  out.set_next_page_token(NextToken(size, bytes, &rows));
  for (const store::EmploymentRow& row : rows) *out.add_records() = ToEmployment(row);
  return out;
}

}  // namespace bangfu::asset::api
