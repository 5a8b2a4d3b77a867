#include "services/asset/api/contract_handlers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/bp.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/external/external_ids.h"
#include "common/inbox/service.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/contract_internal.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/domain/transitions.h"

namespace bangfu::asset::api {
namespace {

constexpr char kContract[] = "contract";

// The contracts with their sums and what the caller could do, in a few queries.
absl::StatusOr<std::vector<v1::OperatingContract>> Shown(
    rpc::CallContext& c, const std::vector<store::ContractRow>& rows) {
  std::vector<Ulid> ids;
  for (const store::ContractRow& row : rows) ids.push_back(row.id);
  ASSIGN_OR_RETURN(const auto sums, store::SumsOf(c.db, ids, ShanghaiDay(c.now)));
  ASSIGN_OR_RETURN(const auto with_income, store::ContractsWithIncome(c.db, ids));
  ASSIGN_OR_RETURN(const auto with_bases, store::ContractsWithBases(c.db, ids, ShanghaiDay(c.now)));
  ASSIGN_OR_RETURN(const auto open, store::OldestOpenDues(c.db, ids));
  ASSIGN_OR_RETURN(auto facets, FacetsOfContracts(c.db, c.caller, ids));
  std::vector<v1::OperatingContract> out;
  for (size_t i = 0; i < rows.size(); ++i) {
    v1::OperatingContract contract = ToContract(rows[i], sums[i]);
    const auto dues = open.find(rows[i].id);
    const ContractSubject subject{rows[i].state, with_income.count(rows[i].id) > 0,
                                  with_bases.count(rows[i].id) > 0,
                                  dues != open.end() && dues->second.income.has_value(),
                                  dues != open.end() && dues->second.base.has_value()};
    workflow::FillAllowedActions(
        Contracts().Allowed(subject,
                            workflow::ActorAt(c.caller, rows[i].region_path, facets[ids[i]])),
        contract.mutable_allowed_actions());
    out.push_back(std::move(contract));
  }
  return out;
}

// Writes assets that the transaction has locked, with audit entries and events.
absl::Status SaveAssets(rpc::Mutation& m, const std::vector<store::AssetRow>& before,
                        std::vector<store::AssetRow> rows, std::string_view reason) {
  const rpc::CallContext& c = m.context();
  for (store::AssetRow& row : rows) {
    row.updated_by = ToActor(c.caller, c.roles, row.region_path).SerializeAsString();
    row.updated_at = c.now;
  }
  RETURN_IF_ERROR(store::UpdateLockedAssets(m.tx(), &rows));
  MutationRecorder recorder(m);
  for (size_t i = 0; i < rows.size(); ++i) {
    const v1::Asset old = ToAsset(before[i]);
    v1::AssetChanged event;
    *event.mutable_asset() = ToAsset(rows[i]);
    RETURN_IF_ERROR(
        recorder.Audit("asset", rows[i].id, rows[i].region_path, &old, event.asset(), reason));
    RETURN_IF_ERROR(recorder.Publish("asset", rows[i].id, rows[i].region_path, event));
  }
  return absl::OkStatus();
}

// The assets of a contract that is over are without operator.
absl::Status ReleaseAssets(rpc::Mutation& m, const Ulid& contract_id, std::string_view reason) {
  ASSIGN_OR_RETURN(const auto parts, store::AssetsOfContract(m.tx(), contract_id));
  std::vector<Ulid> ids;
  for (const store::ContractAsset& part : parts) ids.push_back(part.asset_id);
  ASSIGN_OR_RETURN(const std::vector<store::AssetRow> all,
                   store::FindAssets(m.tx(), ids, {""}, /*for_update=*/true));
  std::vector<store::AssetRow> before;
  std::vector<store::AssetRow> rows;
  for (const store::AssetRow& asset : all) {
    if (asset.contract_id != contract_id) continue;
    before.push_back(asset);
    store::AssetRow row = asset;
    row.contract_id.reset();
    v1::AssetDetails details = DetailsOf(row);
    details.set_operate_mode(v1::OPERATE_MODE_NONE);
    details.clear_operator_uscc();
    details.clear_operator_name();
    std::vector<FieldViolation> ignored;
    ApplyDetails(details, &row, &ignored);
    rows.push_back(std::move(row));
  }
  return SaveAssets(m, before, std::move(rows), reason);
}

std::string CommonPath(const std::vector<store::AssetRow>& assets) {
  std::string path = assets.front().region_path;
  for (const store::AssetRow& asset : assets) {
    while (!RegionContains(path, asset.region_path)) path = RegionParent(path);
  }
  return path;
}

}  // namespace

absl::StatusOr<store::ContractRow> LoadContract(mysql::Executor& db, const std::string& id,
                                                const auth::RegionScope& scope, bool for_update) {
  ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
  ASSIGN_OR_RETURN(std::optional<store::ContractRow> row,
                   store::FindContract(db, ulid, scope, for_update));
  if (!row) return NotFound("contract", id).Build();
  return *std::move(row);
}

absl::StatusOr<v1::OperatingContract> WithSums(mysql::Executor& db, const store::ContractRow& row,
                                               absl::CivilDay today) {
  ASSIGN_OR_RETURN(const auto sums, store::SumsOf(db, {row.id}, today));
  return ToContract(row, sums.front());
}

absl::StatusOr<auth::Facets> ContractFacets(mysql::Executor& db, const auth::Caller& caller,
                                            const store::ContractRow& row) {
  ASSIGN_OR_RETURN(auto facets, FacetsOfContracts(db, caller, {row.id}));
  return std::move(facets[row.id]);
}

absl::Status CheckStep(const rpc::CallContext& c, const store::ContractRow& row,
                       const auth::Facets& facets, std::string_view action,
                       ContractSubject subject) {
  subject.state = row.state;
  return Contracts()
      .Execute(subject, action, workflow::ActorAt(c.caller, row.region_path, facets))
      .status();
}

absl::StatusOr<v1::OperatingContract> Leave(rpc::Mutation& m, const store::ContractRow& row,
                                            const google::protobuf::Message* before,
                                            const std::vector<Ulid>& projects,
                                            std::string_view reason) {
  const rpc::CallContext& c = m.context();
  ASSIGN_OR_RETURN(v1::OperatingContract after, WithSums(m.tx(), row, ShanghaiDay(c.now)));
  MutationRecorder recorder(m);
  RETURN_IF_ERROR(recorder.Audit(kContract, row.id, row.region_path, before, after, reason));
  v1::ContractChanged event;
  *event.mutable_contract() = after;
  // Arrears are of the day of reading; an event carries what stays true.
  event.mutable_contract()->clear_arrears_fen();
  event.mutable_contract()->clear_oldest_arrears_due();
  RETURN_IF_ERROR(recorder.Publish(kContract, row.id, row.region_path, event));
  RETURN_IF_ERROR(RefreshFacts(m.tx(), projects, c.now, recorder));
  RETURN_IF_ERROR(
      SyncContracts(m.tx(), {row}, inbox::ActOf(m, c.method.substr(c.method.rfind('.') + 1), {})));
  return after;
}

absl::StatusOr<store::NewContract> BuildContract(
    const v1::ContractTerms& terms, const std::vector<store::AssetRow>& assets,
    const std::vector<std::pair<Ulid, store::ProjectShare>>& projects, absl::CivilDay today) {
  std::vector<FieldViolation> violations;
  store::NewContract out;
  const auto start = DayFrom(terms.start_date(), "terms.start_date", &violations);
  const auto end = DayFrom(terms.end_date(), "terms.end_date", &violations);
  const std::vector<ScheduleStep> steps = StepsFrom(terms, &violations);
  std::vector<DueDay> due_days;
  for (const v1::DueDay& day : terms.due_days()) due_days.push_back({day.month(), day.day()});
  std::vector<int32_t> payees;
  for (const v1::PayeeShare& payee : terms.payees()) payees.push_back(payee.share_bp());
  CheckShares(payees, false, "terms.payees", &violations);
  if (terms.mode() == v1::OPERATE_MODE_NONE || terms.mode() == v1::OPERATE_MODE_SELF) {
    violations.push_back({"terms.mode", "自营不需要经营合同"});
  }
  RETURN_IF_ERROR(ToStatus(std::move(violations)));

  int64_t value = 0;
  bool exact = true;
  for (const store::AssetRow& asset : assets) {
    value += asset.original_value_fen;
    exact &= asset.value_exact;
    out.assets.push_back({asset.id, std::max<int64_t>(asset.original_value_fen, 1)});
  }
  ASSIGN_OR_RETURN(out.dues, ComputeDues(steps, due_days, *start, *end, exact ? value : 0));

  std::map<Ulid, int64_t> weights;
  for (const auto& [asset, share] : projects) weights[share.project_id] += share.value_fen;
  int64_t total = 0;
  for (const auto& [project, weight] : weights) total += weight;
  for (const auto& [project, weight] : weights) {
    out.projects.push_back({project, total > 0 ? weight : 1});
  }
  store::ContractRow& row = out.row;
  row.region_path = CommonPath(assets);
  row.start_date = *start;
  row.end_date = *end;
  row.operator_uscc = terms.operator_uscc();
  row.state = *end < today ? ContractState::kEnded : ContractState::kActive;
  if (row.state == ContractState::kEnded) row.ended_on = *end;
  if (row.state == ContractState::kActive) {
    for (const store::AssetRow& asset : assets) {
      if (asset.contract_id) {
        return Refusal("ASSET_UNDER_CONTRACT", "资产已有履行中的合同")
            .With("asset_id", asset.id.ToString())
            .With("contract_id", asset.contract_id->ToString())
            .Build();
      }
    }
  }
  row.terms = terms.SerializeAsString();
  return out;
}

void ApplyContract(const store::ContractRow& contract, const v1::ContractTerms& terms,
                   store::AssetRow* asset) {
  if (contract.state != ContractState::kActive) return;
  asset->contract_id = contract.id;
  v1::AssetDetails details = DetailsOf(*asset);
  details.set_operate_mode(terms.mode());
  details.set_operator_uscc(terms.operator_uscc());
  details.set_operator_name(terms.operator_name());
  std::vector<FieldViolation> ignored;
  ApplyDetails(details, asset, &ignored);
}

void ContractHandlers::Register(rpc::Router& router) {
  const auto add = [&]<typename Request, typename Response>(
                       const char* name, absl::StatusOr<Response> (ContractHandlers::*f)(
                                             rpc::CallContext&, const Request&)) {
    router.Unary<Request, Response>(
        Cat("bangfu.asset.v1.ContractService.", name),
        [this, f](rpc::CallContext& c, const Request& r) { return (this->*f)(c, r); });
  };
  add("SignContract", &ContractHandlers::SignContract);
  add("TerminateContract", &ContractHandlers::TerminateContract);
  add("VoidContract", &ContractHandlers::VoidContract);
  add("GetContract", &ContractHandlers::GetContract);
  add("BatchGetContracts", &ContractHandlers::BatchGetContracts);
  add("ListContracts", &ContractHandlers::ListContracts);
  add("ListIncomeDues", &ContractHandlers::ListIncomeDues);
  add("StateDueBase", &ContractHandlers::StateDueBase);
  add("RecordIncome", &ContractHandlers::RecordIncome);
  add("ReverseIncome", &ContractHandlers::ReverseIncome);
  add("GetIncome", &ContractHandlers::GetIncome);
  add("BatchGetIncome", &ContractHandlers::BatchGetIncome);
  add("ListIncome", &ContractHandlers::ListIncome);
  add("DeclareDividend", &ContractHandlers::DeclareDividend);
  add("PayDividend", &ContractHandlers::PayDividend);
  add("VoidDividend", &ContractHandlers::VoidDividend);
  add("GetDividend", &ContractHandlers::GetDividend);
  add("ListDividends", &ContractHandlers::ListDividends);
  add("RecordLinkage", &ContractHandlers::RecordLinkage);
  add("UpdateLinkageCounts", &ContractHandlers::UpdateLinkageCounts);
  add("EndLinkage", &ContractHandlers::EndLinkage);
  add("RecordLinkageIncome", &ContractHandlers::RecordLinkageIncome);
  add("GetLinkage", &ContractHandlers::GetLinkage);
  add("ListLinkages", &ContractHandlers::ListLinkages);
  add("RecordEmployment", &ContractHandlers::RecordEmployment);
  add("ListEmployment", &ContractHandlers::ListEmployment);
}

absl::StatusOr<v1::OperatingContract> ContractHandlers::SignContract(
    rpc::CallContext& c, const v1::SignContractRequest& r) {
  const absl::CivilDay today = ShanghaiDay(c.now);
  std::vector<Ulid> ids;
  std::set<std::string> seen;
  for (const std::string& id : r.terms().asset_ids()) {
    if (!seen.insert(id).second) return InvalidField("terms.asset_ids", "资产重复").Build();
    ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
    ids.push_back(ulid);
  }
  return rpc::Mutate<v1::OperatingContract>(
      c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::OperatingContract> {
        ASSIGN_OR_RETURN(const auto shares, store::ProjectsOf(m.tx(), ids));
        std::vector<Ulid> projects;
        for (const auto& [asset, share] : shares) projects.push_back(share.project_id);
        RETURN_IF_ERROR(LockFacts(m.tx(), projects));
        ASSIGN_OR_RETURN(const std::vector<store::AssetRow> assets,
                         store::FindAssets(m.tx(), ids, c.scope, /*for_update=*/true));
        if (assets.size() != ids.size()) return NotFound("asset", "terms.asset_ids").Build();
        auth::Facets facets;  // of all of them
        for (const store::AssetRow& asset : assets) {
          const AssetSubject subject = SubjectOf(asset, false);
          if (asset.state == AssetState::kLockedForDisposal) {
            return Refusal("ASSET_LOCKED", "资产处置锁定中，不能签订合同").Build();
          }
          const auth::Facets one = FacetsOf(c.caller, asset);
          RETURN_IF_ERROR(States()
                              .Execute(subject, "sign_contract",
                                       workflow::ActorAt(c.caller, asset.region_path, one))
                              .status());
          facets.fund_sources.insert(facets.fund_sources.end(), one.fund_sources.begin(),
                                     one.fund_sources.end());
        }
        const rpc::Covering covering(m, facets);
        ASSIGN_OR_RETURN(store::NewContract contract,
                         BuildContract(r.terms(), assets, shares, today));
        contract.row.id = c.ids.Next();
        contract.row.created_by =
            ToActor(covering.caller(), c.roles, contract.row.region_path).SerializeAsString();
        contract.row.created_at = c.now;
        contract.row.sample = std::all_of(assets.begin(), assets.end(),
                                          [](const store::AssetRow& a) { return a.sample; });
        RETURN_IF_ERROR(blob::UseEvidence(m, r.evidence(),
                                          {"contract", contract.row.id, "SignContract", "evidence",
                                           States().EvidenceKinds("sign_contract")}));
        RETURN_IF_ERROR(store::InsertContracts(m.tx(), {contract}));
        RETURN_IF_ERROR(external::PutExternalIds(m.tx(), kContract, contract.row.id,
                                                 r.terms().external_ids(), "terms.external_ids"));
        if (contract.row.state == ContractState::kActive) {
          std::vector<store::AssetRow> rows = assets;
          for (store::AssetRow& row : rows) ApplyContract(contract.row, r.terms(), &row);
          RETURN_IF_ERROR(SaveAssets(covering.mutation(), assets, std::move(rows), "签订经营合同"));
        }
        return Leave(covering.mutation(), contract.row, nullptr, projects);
      });
}

absl::StatusOr<v1::OperatingContract> ContractHandlers::TerminateContract(
    rpc::CallContext& c, const v1::TerminateContractRequest& r) {
  const absl::CivilDay today = ShanghaiDay(c.now);
  return rpc::Mutate<v1::OperatingContract>(
      c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::OperatingContract> {
        ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.id()));
        ASSIGN_OR_RETURN(const std::vector<Ulid> projects, store::ProjectsOfContract(m.tx(), id));
        RETURN_IF_ERROR(LockFacts(m.tx(), projects));
        ASSIGN_OR_RETURN(store::ContractRow row, LoadContract(m.tx(), r.id(), c.scope, true));
        if (Cat(row.version) != r.etag()) return EtagMismatch().Build();
        ASSIGN_OR_RETURN(const v1::OperatingContract before, WithSums(m.tx(), row, today));
        ASSIGN_OR_RETURN(const auth::Facets facets, ContractFacets(m.tx(), c.caller, row));
        RETURN_IF_ERROR(CheckStep(c, row, facets, "terminate"));
        const rpc::Covering covering(m, facets);
        std::vector<FieldViolation> violations;
        const auto day = DayFrom(r.ended_on(), "ended_on", &violations);
        if (day && (*day < row.start_date || *day > row.end_date || *day > today)) {
          violations.push_back({"ended_on", "须在合同期内且不晚于今天"});
        }
        RETURN_IF_ERROR(ToStatus(std::move(violations)));
        RETURN_IF_ERROR(store::DeleteDuesAfter(m.tx(), row.id, *day));
        ASSIGN_OR_RETURN(const auto dues,
                         store::ListDues(m.tx(), row.id, 0, static_cast<int>(kMaxDues)));
        for (const store::DueRow& due : dues) {
          if (due.due.from > *day) {
            // Paid ahead for days that do not come: no more is due of them.
            RETURN_IF_ERROR(store::ReplaceDue(m.tx(), row.id, AfterEnd(due, *day)));
            continue;
          }
          // The period that runs on the last day bears its days.
          if (due.due.to <= *day) continue;
          Due cut = due.due;
          const int64_t days = *day - cut.from + 1;
          const int64_t whole = cut.to - cut.from + 1;
          cut.fixed_fen = MulDivHalfUp(cut.fixed_fen, days, whole);
          if (NeedsBase(cut)) {
            if (cut.base_fen) cut = WithBase(cut, *cut.base_fen);
          } else {
            cut.due_fen = cut.fixed_fen;
          }
          if (cut.due_fen) cut.due_fen = std::max(*cut.due_fen, due.received_fen);
          cut.to = *day;
          cut.due_date = std::min(cut.due_date, *day);
          RETURN_IF_ERROR(store::ReplaceDue(m.tx(), row.id, cut));
        }
        row.state = ContractState::kTerminated;
        row.ended_on = day;
        row.end_reason = r.reason();
        RETURN_IF_ERROR(store::UpdateContract(m.tx(), &row));
        RETURN_IF_ERROR(ReleaseAssets(covering.mutation(), row.id, "解除经营合同"));
        return Leave(covering.mutation(), row, &before, projects, r.reason());
      });
}

absl::StatusOr<v1::OperatingContract> ContractHandlers::VoidContract(
    rpc::CallContext& c, const v1::VoidContractRequest& r) {
  return rpc::Mutate<v1::OperatingContract>(
      c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::OperatingContract> {
        ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.id()));
        ASSIGN_OR_RETURN(const std::vector<Ulid> projects, store::ProjectsOfContract(m.tx(), id));
        RETURN_IF_ERROR(LockFacts(m.tx(), projects));
        ASSIGN_OR_RETURN(store::ContractRow row, LoadContract(m.tx(), r.id(), c.scope, true));
        if (Cat(row.version) != r.etag()) return EtagMismatch().Build();
        ASSIGN_OR_RETURN(const v1::OperatingContract before,
                         WithSums(m.tx(), row, ShanghaiDay(c.now)));
        ASSIGN_OR_RETURN(const auto with_income, store::ContractsWithIncome(m.tx(), {row.id}));
        ASSIGN_OR_RETURN(const auth::Facets facets, ContractFacets(m.tx(), c.caller, row));
        RETURN_IF_ERROR(CheckStep(c, row, facets, "void", {.has_income = !with_income.empty()}));
        const rpc::Covering covering(m, facets);
        row.state = ContractState::kVoid;
        row.end_reason = r.reason();
        RETURN_IF_ERROR(store::UpdateContract(m.tx(), &row));
        // The contract that is recorded in its place has the same numbers.
        RETURN_IF_ERROR(external::PutExternalIds(m.tx(), kContract, row.id, {}, ""));
        RETURN_IF_ERROR(ReleaseAssets(covering.mutation(), row.id, "经营合同作废"));
        return Leave(covering.mutation(), row, &before, projects, r.reason());
      });
}

absl::StatusOr<v1::OperatingContract> ContractHandlers::GetContract(
    rpc::CallContext& c, const v1::GetContractRequest& r) {
  ASSIGN_OR_RETURN(store::ContractRow row, LoadContract(c.db, r.id(), c.scope));
  ASSIGN_OR_RETURN(std::vector<v1::OperatingContract> one, Shown(c, {std::move(row)}));
  return std::move(one[0]);
}

absl::StatusOr<v1::BatchGetContractsResponse> ContractHandlers::BatchGetContracts(
    rpc::CallContext& c, const v1::BatchGetContractsRequest& r) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(r.ids()));
  ASSIGN_OR_RETURN(const std::vector<store::ContractRow> rows,
                   store::FindContracts(c.db, ids, c.scope));
  ASSIGN_OR_RETURN(const std::vector<v1::OperatingContract> contracts, Shown(c, rows));
  v1::BatchGetContractsResponse out;
  rpc::AnswerInOrder(ids, contracts, out.mutable_contracts(), out.mutable_missing_ids());
  return out;
}

absl::StatusOr<v1::ListContractsResponse> ContractHandlers::ListContracts(
    rpc::CallContext& c, const v1::ListContractsRequest& r) {
  store::ContractFilter filter;
  ASSIGN_OR_RETURN(filter.region_prefix, Prefix(c.db, r.region_code()));
  ASSIGN_OR_RETURN(filter.asset_id, OptionalId(r.asset_id()));
  filter.state = r.state();
  filter.in_arrears = r.in_arrears();
  if (!r.external_system().empty() || !r.external_id().empty()) {
    if (r.external_id().empty()) return InvalidField("external_id", "请填写外部编号").Build();
    if (r.external_system().empty()) {
      return InvalidField("external_system", "请填写外部系统").Build();
    }
    ASSIGN_OR_RETURN(
        const std::optional<Ulid> found,
        external::FindByExternalId(c.db, kContract, r.external_system(), r.external_id()));
    if (!found) return v1::ListContractsResponse();
    filter.id = found;
  }
  filter.today = ShanghaiDay(c.now);
  std::string bytes;
  ASSIGN_OR_RETURN(const store::PageKey key, KeyOf(r, &bytes));
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(r.page_size()));
  ASSIGN_OR_RETURN(auto rows, store::ListContracts(c.db, c.scope, filter, key, size + 1));
  v1::ListContractsResponse out;
  out.set_next_page_token(NextToken(size, bytes, &rows));
  std::vector<Ulid> ids;
  for (const store::ContractRow& row : rows) ids.push_back(row.id);
  ASSIGN_OR_RETURN(const auto sums, store::SumsOf(c.db, ids, filter.today));
  for (size_t i = 0; i < rows.size(); ++i) *out.add_contracts() = ToContract(rows[i], sums[i]);
  return out;
}

}  // namespace bangfu::asset::api
