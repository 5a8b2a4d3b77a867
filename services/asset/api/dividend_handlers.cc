#include <string>
#include <utility>
#include <vector>

#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/inbox/service.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/contract_handlers.h"
#include "services/asset/api/contract_internal.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/domain/transitions.h"

namespace bangfu::asset::api {

namespace {

// A dividend that a step is about to change.
struct HeldDividend {
  store::DividendRow row;
  const v1::Dividend before;
  const store::AssetRow asset;
  const std::vector<Ulid> projects;
  const auth::Facets facets;
};

// Locks it: the facts of its projects, then its asset, then itself, as where it is declared.
absl::StatusOr<HeldDividend> Hold(rpc::Mutation& m, const std::string& text,
                                  const std::string& etag) {
  rpc::CallContext& c = m.context();
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(text));
  ASSIGN_OR_RETURN(const auto seen, store::FindDividend(m.tx(), id, c.scope));
  if (!seen) return NotFound("dividend", text).Build();
  ASSIGN_OR_RETURN(std::vector<Ulid> projects, ProjectIdsOf(m.tx(), seen->asset_id));
  RETURN_IF_ERROR(LockFacts(m.tx(), projects));
  ASSIGN_OR_RETURN(store::AssetRow asset,
                   LoadAsset(m.tx(), seen->asset_id.ToString(), c.scope, true));
  ASSIGN_OR_RETURN(auto row, store::FindDividend(m.tx(), id, c.scope, true));
  if (!row) return NotFound("dividend", text).Build();
  RETURN_IF_ERROR(CheckAssetScope(c, asset));
  if (Cat(row->version) != etag) return EtagMismatch().Build();
  auth::Facets facets = FacetsOf(c.caller, asset);
  v1::Dividend before = ToDividend(*row);
  return HeldDividend{*std::move(row), std::move(before), std::move(asset), std::move(projects),
                      std::move(facets)};
}

absl::Status CheckStep(const rpc::CallContext& c, const HeldDividend& held,
                       std::string_view action) {
  return Dividends()
      .Execute(StateOf(held.row), action,
               workflow::ActorAt(c.caller, held.row.region_path, held.facets))
      .status();
}

// What follows a step: its entry in the audit, the facts of the projects, and the inbox.
absl::StatusOr<v1::Dividend> Record(rpc::Mutation& m, const HeldDividend& held,
                                    const std::string& outcome, const std::string& reason) {
  const store::DividendRow& row = held.row;
  v1::Dividend out = ToDividend(row);
  const rpc::Covering covering(m, held.facets);
  MutationRecorder recorder(covering.mutation());
  RETURN_IF_ERROR(recorder.Audit("dividend", row.id, row.region_path, &held.before, out, reason));
  RETURN_IF_ERROR(RefreshFacts(m.tx(), held.projects, m.context().now, recorder));
  RETURN_IF_ERROR(SyncDividends(m.tx(), {row},
                                inbox::ActOf(covering.mutation(), outcome, store::WorkCalendar)));
  return out;
}

}  // namespace

absl::StatusOr<v1::Dividend> ContractHandlers::DeclareDividend(
    rpc::CallContext& c, const v1::DeclareDividendRequest& r) {
  return rpc::Mutate<v1::Dividend>(c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Dividend> {
    std::vector<FieldViolation> violations;
    const auto on = DayFrom(r.declared_on(), "declared_on", &violations);
    if (on && *on > ShanghaiDay(c.now)) violations.push_back({"declared_on", "不能晚于今天"});
    CheckCounts(r.households(), r.poor_households(), 0, "户数", "poor_households", "", &violations);
    RETURN_IF_ERROR(ToStatus(std::move(violations)));
    ASSIGN_OR_RETURN(const Ulid asset_id, Ulid::Parse(r.asset_id()));
    ASSIGN_OR_RETURN(const std::vector<Ulid> projects, ProjectIdsOf(m.tx(), asset_id));
    RETURN_IF_ERROR(LockFacts(m.tx(), projects));
    ASSIGN_OR_RETURN(const store::AssetRow asset, LoadAsset(m.tx(), r.asset_id(), c.scope, true));
    AssetSubject subject;
    subject.state = asset.state;
    const auth::Facets facets = FacetsOf(c.caller, asset);
    RETURN_IF_ERROR(States()
                        .Execute(subject, "declare_dividend",
                                 workflow::ActorAt(c.caller, asset.region_path, facets))
                        .status());
    const rpc::Covering covering(m, facets);
    ASSIGN_OR_RETURN(const bool covered, store::AddDeclared(m.tx(), asset.id, r.declared_fen()));
    if (!covered) {
      return Refusal("DIVIDEND_EXCEEDS_INCOME", "分配超过累计到账收益")
          .With("available_fen", Cat(asset.received_fen - asset.declared_fen))
          .Build();
    }
    store::DividendRow row;
    row.id = c.ids.Next();
    if (!projects.empty()) row.project_id = projects.front();
    row.asset_id = asset.id;
    row.region_path = asset.region_path;
    row.use = static_cast<DividendUse>(r.use());
    row.period = r.period();
    row.declared_on = *on;
    row.declared_fen = r.declared_fen();
    row.households = r.households();
    row.poor_households = r.poor_households();
    RETURN_IF_ERROR(blob::UseEvidence(m, r.evidence(),
                                      {"dividend", row.id, "DeclareDividend", "evidence",
                                       States().EvidenceKinds("declare_dividend")}));
    RETURN_IF_ERROR(store::InsertDividend(m.tx(), row));
    v1::Dividend out = ToDividend(row);
    MutationRecorder recorder(covering.mutation());
    RETURN_IF_ERROR(recorder.Audit("dividend", row.id, row.region_path, nullptr, out, ""));
    RETURN_IF_ERROR(RefreshFacts(m.tx(), projects, c.now, recorder));
    inbox::Act act = inbox::ActOf(covering.mutation(), "declare", store::WorkCalendar);
    act.fresh = true;
    RETURN_IF_ERROR(SyncDividends(m.tx(), {row}, act));
    return out;
  });
}

absl::StatusOr<v1::Dividend> ContractHandlers::PayDividend(rpc::CallContext& c,
                                                           const v1::PayDividendRequest& r) {
  return rpc::Mutate<v1::Dividend>(c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Dividend> {
    ASSIGN_OR_RETURN(HeldDividend held, Hold(m, r.id(), r.etag()));
    store::DividendRow& row = held.row;
    std::vector<FieldViolation> violations;
    const auto on = DayFrom(r.paid_on(), "paid_on", &violations);
    if (on && (*on > ShanghaiDay(c.now) || *on < row.declared_on)) {
      violations.push_back({"paid_on", "须在宣告日期之后且不晚于今天"});
    }
    RETURN_IF_ERROR(ToStatus(std::move(violations)));
    RETURN_IF_ERROR(CheckStep(c, held, "pay"));
    ASSIGN_OR_RETURN(const bool paid, store::PayDividend(m.tx(), &row, c.ids.Next(), r.paid_fen(),
                                                         *on, r.voucher_no()));
    if (!paid) {
      return Refusal("DIVIDEND_OVERPAID", "兑现超过应分金额")
          .With("open_fen", Cat(row.declared_fen - row.paid_fen))
          .Build();
    }
    return Record(m, held, "pay", r.voucher_no());
  });
}

absl::StatusOr<v1::Dividend> ContractHandlers::VoidDividend(rpc::CallContext& c,
                                                            const v1::VoidDividendRequest& r) {
  return rpc::Mutate<v1::Dividend>(c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Dividend> {
    ASSIGN_OR_RETURN(HeldDividend held, Hold(m, r.id(), r.etag()));
    RETURN_IF_ERROR(CheckStep(c, held, "void"));
    RETURN_IF_ERROR(store::VoidDividend(m.tx(), &held.row, r.reason()));
    // What it took of the income is free again.
    ASSIGN_OR_RETURN(const bool given_back,
                     store::AddDeclared(m.tx(), held.asset.id, -held.row.declared_fen));
    if (!given_back) return absl::InternalError("declared sums are below a dividend's own");
    return Record(m, held, "void", r.reason());
  });
}

absl::StatusOr<v1::Dividend> ContractHandlers::GetDividend(rpc::CallContext& c,
                                                           const v1::GetDividendRequest& r) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.id()));
  ASSIGN_OR_RETURN(const auto row, store::FindDividend(c.db, id, c.scope));
  if (!row) return NotFound("dividend", r.id()).Build();
  ASSIGN_OR_RETURN(const store::AssetRow asset, LoadAsset(c.db, row->asset_id.ToString(), c.scope));
  v1::Dividend out = ToDividend(*row);
  workflow::FillAllowedActions(
      Dividends().Allowed(StateOf(*row),
                          workflow::ActorAt(c.caller, row->region_path, FacetsOf(c.caller, asset))),
      out.mutable_allowed_actions());
  return out;
}

absl::StatusOr<v1::ListDividendsResponse> ContractHandlers::ListDividends(
    rpc::CallContext& c, const v1::ListDividendsRequest& r) {
  ASSIGN_OR_RETURN(const std::string prefix, Prefix(c.db, r.region_code()));
  ASSIGN_OR_RETURN(const auto project, OptionalId(r.project_id()));
  std::string bytes;
  ASSIGN_OR_RETURN(const store::PageKey key, KeyOf(r, &bytes));
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(r.page_size()));
  ASSIGN_OR_RETURN(auto rows,
                   store::ListDividends(c.db, c.scope, prefix, project, r.unpaid(), key, size + 1));
  v1::ListDividendsResponse out;
  out.set_next_page_token(NextToken(size, bytes, &rows));
  for (const store::DividendRow& row : rows) *out.add_dividends() = ToDividend(row);
  return out;
}

}  // namespace bangfu::asset::api
