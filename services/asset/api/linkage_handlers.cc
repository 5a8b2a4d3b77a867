#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
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
#include "services/asset/domain/linkage_actions.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::api {
namespace {

LinkageState StateOf(const store::LinkageRow& row, absl::CivilDay today) {
  return row.end_date && *row.end_date < today ? LinkageState::kEnded : LinkageState::kRunning;
}

// One change of one linkage.
absl::StatusOr<v1::LinkageContract> ChangeLinkage(
    rpc::Mutation& m, std::string_view action, const std::string& id, const std::string& etag,
    std::string_view reason, const std::function<absl::Status(store::LinkageRow*)>& change) {
  const rpc::CallContext& c = m.context();
  ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
  ASSIGN_OR_RETURN(const auto seen, store::FindLinkage(m.tx(), ulid, c.scope));
  if (!seen) return NotFound("linkage", id).Build();
  RETURN_IF_ERROR(LockFacts(m.tx(), {seen->project_id}));
  ASSIGN_OR_RETURN(auto row, store::FindLinkage(m.tx(), ulid, c.scope));
  if (!row) return NotFound("linkage", id).Build();
  if (Cat(row->version) != etag) return EtagMismatch().Build();
  ASSIGN_OR_RETURN(const auth::Facets facets, FacetsOfProject(m.tx(), c.caller, row->project_id));
  RETURN_IF_ERROR(Linkages()
                      .Execute(StateOf(*row, ShanghaiDay(c.now)), action,
                               workflow::ActorAt(c.caller, row->region_path, facets))
                      .status());
  const v1::LinkageContract before = ToLinkage(*row);
  RETURN_IF_ERROR(change(&*row));
  RETURN_IF_ERROR(store::UpdateLinkage(m.tx(), &*row));
  ASSIGN_OR_RETURN(row, store::FindLinkage(m.tx(), ulid, c.scope));
  v1::LinkageContract out = ToLinkage(*row);
  const rpc::Covering covering(m, facets);
  MutationRecorder recorder(covering.mutation());
  RETURN_IF_ERROR(recorder.Audit("linkage", row->id, row->region_path, &before, out, reason));
  RETURN_IF_ERROR(RefreshFacts(m.tx(), {row->project_id}, c.now, recorder));
  return out;
}

}  // namespace

absl::StatusOr<v1::LinkageContract> ContractHandlers::RecordLinkage(
    rpc::CallContext& c, const v1::RecordLinkageRequest& r) {
  return rpc::Mutate<v1::LinkageContract>(
      c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::LinkageContract> {
        ASSIGN_OR_RETURN(const store::ProjectCopy project,
                         LoadProject(m.tx(), r.project_id(), c.scope));
        ASSIGN_OR_RETURN(const auth::Facets facets, FacetsOf(m.tx(), c.caller, project));
        RETURN_IF_ERROR(workflow::CheckScope(c.caller, c.roles, project.region_path, facets,
                                             kProjectMattersZh));
        std::vector<FieldViolation> violations;
        const auto start = DayFrom(r.start_date(), "start_date", &violations);
        const auto end = DayFrom(r.end_date(), "end_date", &violations);
        if (start && end && *end < *start) violations.push_back({"end_date", "止期早于起期"});
        CheckCounts(r.households(), r.poor_households(), r.monitored_households(), "带动户数",
                    "poor_households", "monitored_households", &violations);
        ASSIGN_OR_RETURN(const auto modes, store::CodesOf(m.tx(), "LINKAGE_MODE"));
        if (!modes.contains(r.mode_code())) {
          violations.push_back({"mode_code", "未知的利益联结方式"});
        }
        RETURN_IF_ERROR(ToStatus(std::move(violations)));
        RETURN_IF_ERROR(LockFacts(m.tx(), {project.id}));
        store::LinkageRow row;
        row.id = c.ids.Next();
        row.project_id = project.id;
        row.region_path = project.region_path;
        row.mode_code = r.mode_code();
        row.operator_uscc = r.operator_uscc();
        row.operator_name = r.operator_name();
        row.households = r.households();
        row.poor_households = r.poor_households();
        row.monitored_households = r.monitored_households();
        row.start_date = *start;
        row.end_date = end;
        RETURN_IF_ERROR(store::InsertLinkages(m.tx(), {row}));
        v1::LinkageContract out = ToLinkage(row);
        const rpc::Covering covering(m, facets);
        MutationRecorder recorder(covering.mutation());
        RETURN_IF_ERROR(recorder.Audit("linkage", row.id, row.region_path, nullptr, out, ""));
        RETURN_IF_ERROR(RefreshFacts(m.tx(), {project.id}, c.now, recorder));
        return out;
      });
}

absl::StatusOr<v1::LinkageContract> ContractHandlers::UpdateLinkageCounts(
    rpc::CallContext& c, const v1::UpdateLinkageCountsRequest& r) {
  return rpc::Mutate<v1::LinkageContract>(c, r, [&](rpc::Mutation& m) {
    std::vector<FieldViolation> violations;
    const auto since = DayFrom(r.since(), "since", &violations);
    // The record itself does not show it.
    const std::string reason = since ? Cat("自", absl::FormatCivilTime(*since), "起") : "";
    return ChangeLinkage(
        m, "update_counts", r.id(), r.etag(), reason, [&](store::LinkageRow* row) -> absl::Status {
          const absl::CivilDay today = ShanghaiDay(c.now);
          CheckCounts(r.households(), r.poor_households(), r.monitored_households(), "带动户数",
                      "poor_households", "monitored_households", &violations);
          if (since && (*since < row->start_date || *since > today)) {
            violations.push_back({"since", "须不早于联结起期且不晚于今天"});
          }
          row->households = r.households();
          row->poor_households = r.poor_households();
          row->monitored_households = r.monitored_households();
          RETURN_IF_ERROR(ToStatus(std::move(violations)));
          // A link that is to come begins with it.
          return store::PutLinkageCount(m.tx(), *row,
                                        since.value_or(std::max(today, row->start_date)));
        });
  });
}

absl::StatusOr<v1::LinkageContract> ContractHandlers::EndLinkage(rpc::CallContext& c,
                                                                 const v1::EndLinkageRequest& r) {
  return rpc::Mutate<v1::LinkageContract>(c, r, [&](rpc::Mutation& m) {
    return ChangeLinkage(m, "end", r.id(), r.etag(), r.reason(),
                         [&](store::LinkageRow* row) -> absl::Status {
                           std::vector<FieldViolation> violations;
                           const auto day = DayFrom(r.ended_on(), "ended_on", &violations);
                           if (day && (*day < row->start_date || *day > ShanghaiDay(c.now))) {
                             violations.push_back({"ended_on", "须在起始日期之后且不晚于今天"});
                           }
                           row->end_date = day;
                           row->end_reason = r.reason();
                           return ToStatus(std::move(violations));
                         });
  });
}

absl::StatusOr<v1::LinkageContract> ContractHandlers::RecordLinkageIncome(
    rpc::CallContext& c, const v1::RecordLinkageIncomeRequest& r) {
  return rpc::Mutate<v1::LinkageContract>(c, r, [&](rpc::Mutation& m) {
    return ChangeLinkage(
        m, "record_income", r.id(), r.etag(), r.month(),
        [&](store::LinkageRow* row) -> absl::Status {
          const std::string first = absl::FormatCivilTime(absl::CivilMonth(row->start_date));
          if (r.month() > absl::FormatCivilTime(absl::CivilMonth(ShanghaiDay(c.now))) ||
              r.month() < first) {
            return InvalidField("month", "须在联结期内且不晚于本月").Build();
          }
          return store::PutLinkageIncome(m.tx(), *row, r.month(), r.paid_fen());
        });
  });
}

absl::StatusOr<v1::LinkageContract> ContractHandlers::GetLinkage(rpc::CallContext& c,
                                                                 const v1::GetLinkageRequest& r) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.id()));
  ASSIGN_OR_RETURN(const auto row, store::FindLinkage(c.db, id, c.scope));
  if (!row) return NotFound("linkage", r.id()).Build();
  v1::LinkageContract out = ToLinkage(*row);
  ASSIGN_OR_RETURN(const auth::Facets facets, FacetsOfProject(c.db, c.caller, row->project_id));
  workflow::FillAllowedActions(
      Linkages().Allowed(StateOf(*row, ShanghaiDay(c.now)),
                         workflow::ActorAt(c.caller, row->region_path, facets)),
      out.mutable_allowed_actions());
  return out;
}

absl::StatusOr<v1::ListLinkagesResponse> ContractHandlers::ListLinkages(
    rpc::CallContext& c, const v1::ListLinkagesRequest& r) {
  ASSIGN_OR_RETURN(const std::string prefix, Prefix(c.db, r.region_code()));
  ASSIGN_OR_RETURN(const auto project, OptionalId(r.project_id()));
  std::string bytes;
  ASSIGN_OR_RETURN(const store::PageKey key, KeyOf(r, &bytes));
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(r.page_size()));
  ASSIGN_OR_RETURN(auto rows, store::ListLinkages(c.db, c.scope, prefix, project, key, size + 1));
  v1::ListLinkagesResponse out;
  out.set_next_page_token(NextToken(size, bytes, &rows));
  for (const store::LinkageRow& row : rows) *out.add_linkages() = ToLinkage(row);
  return out;
}

}  // namespace bangfu::asset::api
