#include "services/asset/api/contract_handlers.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "common/base/bp.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/inbox/service.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/domain/transitions.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::api {
namespace {

constexpr char kContract[] = "contract";

absl::StatusOr<store::ContractRow> LoadContract(mysql::Executor& db, const std::string& id,
                                                const auth::RegionScope& scope,
                                                bool for_update = false) {
  ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
  ASSIGN_OR_RETURN(std::optional<store::ContractRow> row,
                   store::FindContract(db, ulid, scope, for_update));
  if (!row) return NotFound("contract", id).Build();
  return *std::move(row);
}

absl::StatusOr<store::AssetRow> LoadAsset(mysql::Executor& db, const std::string& id,
                                          const auth::RegionScope& scope, bool for_update = false) {
  ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
  ASSIGN_OR_RETURN(std::optional<store::AssetRow> row,
                   store::FindAsset(db, ulid, scope, for_update));
  if (!row) return NotFound("asset", id).Build();
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

// `subject`: what the guards look at beside the state of the row.
absl::Status CheckStep(const rpc::CallContext& c, const store::ContractRow& row,
                       const auth::Facets& facets, std::string_view action,
                       ContractSubject subject = {}) {
  subject.state = row.state;
  return Contracts()
      .Execute(subject, action, workflow::ActorAt(c.caller, row.region_path, facets))
      .status();
}

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

// The change of a contract: its audit entry, its event, the facts.
absl::StatusOr<v1::OperatingContract> Leave(rpc::Mutation& m, const store::ContractRow& row,
                                            const google::protobuf::Message* before,
                                            const std::vector<Ulid>& projects,
                                            std::string_view reason = "") {
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

// Parts of a contract's money by asset.
absl::Status AddToAssets(mysql::Tx& tx, const Ulid& contract_id, int64_t fen) {
  ASSIGN_OR_RETURN(const auto parts, store::AssetsOfContract(tx, contract_id));
  int64_t whole = 0;
  for (const store::ContractAsset& part : parts) whole += part.weight_fen;
  int64_t before = 0;
  for (const store::ContractAsset& part : parts) {
    const int64_t share = PartOf(fen, {before, part.weight_fen, whole});
    before += part.weight_fen;
    if (share == 0) continue;
    ASSIGN_OR_RETURN(const bool covered, store::AddReceived(tx, part.asset_id, share));
    if (!covered) {
      return Refusal("DIVIDEND_EXCEEDS_INCOME", "冲销后累计到账将少于已宣告的分配").Build();
    }
  }
  return absl::OkStatus();
}

std::string CommonPath(const std::vector<store::AssetRow>& assets) {
  std::string path = assets.front().region_path;
  for (const store::AssetRow& asset : assets) {
    while (!RegionContains(path, asset.region_path)) path = RegionParent(path);
  }
  return path;
}

// The page that a token names: (region_path, id).
template <typename Request>
absl::StatusOr<store::PageKey> KeyOf(const Request& r, std::string* bytes) {
  Request query = r;
  query.clear_page_size();
  query.clear_page_token();
  *bytes = query.SerializeAsString();
  const auto key = DecodePageToken(r.page_token(), *bytes);
  if (!key.ok()) return InvalidField("page_token", "页码标记无效").Build();
  store::PageKey out;
  if (key->size() == 2) {
    out.region_path = (*key)[0];
    ASSIGN_OR_RETURN(out.id, Ulid::Parse((*key)[1]));
  }
  return out;
}

// Cuts the extra row off and gives the token behind the last one.
template <typename Row>
std::string NextToken(int size, const std::string& bytes, std::vector<Row>* rows) {
  if (rows->size() <= static_cast<size_t>(size)) return "";
  rows->resize(static_cast<size_t>(size));
  return EncodePageToken({rows->back().region_path, rows->back().id.ToString()}, bytes);
}

absl::StatusOr<std::string> Prefix(mysql::Executor& db, const std::string& region_code) {
  if (region_code.empty()) return std::string();
  ASSIGN_OR_RETURN(const std::string code, NormalizeRegionCode(region_code));
  ASSIGN_OR_RETURN(const auto path, store::RegionPath(db, code));
  return path && !path->empty() ? *path : code;
}

absl::StatusOr<std::optional<Ulid>> OptionalId(const std::string& text) {
  if (text.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(text));
  return id;
}

// A project of the caller's regions that is not void.
absl::StatusOr<store::ProjectCopy> LoadProject(mysql::Executor& db, const std::string& id,
                                               const auth::RegionScope& scope) {
  ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
  ASSIGN_OR_RETURN(const auto found, store::FindProjects(db, {ulid}));
  if (found.empty() || !auth::InScope(scope, found.front().region_path)) {
    return NotFound("project", id).Build();
  }
  if (found.front().is_void) {
    return Refusal("PROJECT_VOID", "项目已作废").With("project_id", id).Build();
  }
  return found.front();
}

void CheckCounts(int64_t all, int64_t poor, int64_t monitored, std::string_view all_field,
                 std::string_view poor_field, std::string_view monitored_field,
                 std::vector<FieldViolation>* violations) {
  if (poor > all) violations->push_back({std::string(poor_field), Cat("不能多于", all_field)});
  if (monitored > all)
    violations->push_back({std::string(monitored_field), Cat("不能多于", all_field)});
}

absl::StatusOr<std::vector<Ulid>> ProjectIdsOf(mysql::Executor& db, const Ulid& asset_id) {
  ASSIGN_OR_RETURN(const auto projects, store::ProjectsOf(db, {asset_id}));
  std::vector<Ulid> ids;
  for (const auto& [asset, share] : projects) ids.push_back(share.project_id);
  return ids;
}

}  // namespace

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
  add("ListIncome", &ContractHandlers::ListIncome);
  add("DeclareDividend", &ContractHandlers::DeclareDividend);
  add("PayDividend", &ContractHandlers::PayDividend);
  add("ListDividends", &ContractHandlers::ListDividends);
  add("RecordLinkage", &ContractHandlers::RecordLinkage);
  add("UpdateLinkageCounts", &ContractHandlers::UpdateLinkageCounts);
  add("EndLinkage", &ContractHandlers::EndLinkage);
  add("RecordLinkageIncome", &ContractHandlers::RecordLinkageIncome);
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
          // The period that runs on the last day bears its days.
          if (due.due.from > *day || due.due.to <= *day) continue;
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

absl::StatusOr<v1::ListIncomeDuesResponse> ContractHandlers::ListIncomeDues(
    rpc::CallContext& c, const v1::ListIncomeDuesRequest& r) {
  ASSIGN_OR_RETURN(const store::ContractRow row, LoadContract(c.db, r.contract_id(), c.scope));
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(r.page_size()));
  const auto key = DecodePageToken(r.page_token(), r.contract_id());
  int32_t after = 0;
  if (!key.ok() || (!key->empty() && !absl::SimpleAtoi(key->front(), &after))) {
    return InvalidField("page_token", "页码标记无效").Build();
  }
  ASSIGN_OR_RETURN(auto dues, store::ListDues(c.db, row.id, after, size + 1));
  v1::ListIncomeDuesResponse out;
  if (dues.size() > static_cast<size_t>(size)) {
    dues.resize(static_cast<size_t>(size));
    out.set_next_page_token(EncodePageToken({Cat(dues.back().due.no)}, r.contract_id()));
  }
  for (const store::DueRow& due : dues) *out.add_dues() = ToDue(row.id, due, ShanghaiDay(c.now));
  return out;
}

absl::StatusOr<v1::IncomeDue> ContractHandlers::StateDueBase(rpc::CallContext& c,
                                                             const v1::StateDueBaseRequest& r) {
  return rpc::Mutate<v1::IncomeDue>(c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::IncomeDue> {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.contract_id()));
    ASSIGN_OR_RETURN(const std::vector<Ulid> projects, store::ProjectsOfContract(m.tx(), id));
    RETURN_IF_ERROR(LockFacts(m.tx(), projects));
    ASSIGN_OR_RETURN(store::ContractRow row, LoadContract(m.tx(), r.contract_id(), c.scope, true));
    if (Cat(row.version) != r.etag()) return EtagMismatch().Build();
    const absl::CivilDay today = ShanghaiDay(c.now);
    ASSIGN_OR_RETURN(const v1::OperatingContract before, WithSums(m.tx(), row, today));
    // Without income in view: the table asks for it only where a contract is voided.
    ASSIGN_OR_RETURN(const auth::Facets facets, ContractFacets(m.tx(), c.caller, row));
    RETURN_IF_ERROR(CheckStep(c, row, facets, "state_base"));
    const rpc::Covering covering(m, facets);
    ASSIGN_OR_RETURN(std::optional<store::DueRow> due, store::FindDue(m.tx(), row.id, r.due_no()));
    if (!due) return NotFound("income_due", Cat(r.due_no())).Build();
    if (!NeedsBase(due->due)) {
      return Refusal("DUE_BASE_NOT_NEEDED", "该期应收按固定金额或原值计算，无需填报基数").Build();
    }
    if (due->due.from > today) return InvalidField("due_no", "该期尚未开始").Build();
    due->due = WithBase(due->due, r.base_fen());
    if (*due->due.due_fen < due->received_fen) {
      return Refusal("INCOME_EXCEEDS_DUE", "按该基数计算的应收少于已到账")
          .With("received_fen", Cat(due->received_fen))
          .Build();
    }
    RETURN_IF_ERROR(blob::UseEvidence(
        m, r.evidence(),
        {"contract", row.id, "StateDueBase", "evidence", Contracts().EvidenceKinds("state_base")}));
    RETURN_IF_ERROR(store::SetDueBase(m.tx(), row.id, due->due));
    RETURN_IF_ERROR(store::UpdateContract(m.tx(), &row));
    RETURN_IF_ERROR(Leave(covering.mutation(), row, &before, projects, "填报计租基数").status());
    return ToDue(row.id, *due, today);
  });
}

absl::StatusOr<v1::IncomeRecord> ContractHandlers::RecordIncome(rpc::CallContext& c,
                                                                const v1::RecordIncomeRequest& r) {
  const absl::CivilDay today = ShanghaiDay(c.now);
  std::vector<FieldViolation> violations;
  const auto on = DayFrom(r.received_on(), "received_on", &violations);
  if (r.contract_id().empty() == r.asset_id().empty()) {
    violations.push_back({"contract_id", "请填写合同或资产之一"});
  }
  if (!r.contract_id().empty() && r.due_no() == 0) {
    violations.push_back({"due_no", "请填写应收期次"});
  }
  RETURN_IF_ERROR(ToStatus(std::move(violations)));
  if (*on > today) {
    return Refusal("INCOME_NOT_RECEIVED", "尚未到账的收益不能登记；预期收益请填入绩效目标").Build();
  }
  return rpc::Mutate<v1::IncomeRecord>(
      c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::IncomeRecord> {
        store::IncomeRow income;
        income.id = c.ids.Next();
        income.received_fen = r.received_fen();
        income.received_on = *on;
        income.voucher_no = r.voucher_no();
        income.recorded_at = c.now;
        if (!r.contract_id().empty()) {
          ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.contract_id()));
          ASSIGN_OR_RETURN(const std::vector<Ulid> projects, store::ProjectsOfContract(m.tx(), id));
          RETURN_IF_ERROR(LockFacts(m.tx(), projects));
          ASSIGN_OR_RETURN(const store::ContractRow row,
                           LoadContract(m.tx(), r.contract_id(), c.scope, true));
          ASSIGN_OR_RETURN(const auth::Facets facets, ContractFacets(m.tx(), c.caller, row));
          ASSIGN_OR_RETURN(const auto due, store::FindDue(m.tx(), row.id, r.due_no()));
          ContractSubject subject;
          subject.base_unknown = due && !due->due.due_fen;
          subject.income_wanted = !subject.base_unknown;
          RETURN_IF_ERROR(CheckStep(c, row, facets, "record_income", subject));
          if (!due) return NotFound("income_due", Cat(r.due_no())).Build();
          const rpc::Covering covering(m, facets);
          ASSIGN_OR_RETURN(const v1::OperatingContract before, WithSums(m.tx(), row, today));
          ASSIGN_OR_RETURN(const bool added,
                           store::AddReceived(m.tx(), row.id, r.due_no(), r.received_fen()));
          if (!added) {
            return Refusal("INCOME_EXCEEDS_DUE", "到账超过该期应收")
                .With("open_fen", Cat(*due->due.due_fen - due->received_fen))
                .Build();
          }
          income.contract_id = row.id;
          income.due_no = r.due_no();
          income.recorded_by =
              ToActor(covering.caller(), c.roles, row.region_path).SerializeAsString();
          RETURN_IF_ERROR(store::InsertIncome(m.tx(), {income}));
          RETURN_IF_ERROR(AddToAssets(m.tx(), row.id, r.received_fen()));
          v1::IncomeRecord out = ToIncome(income);
          MutationRecorder recorder(covering.mutation());
          RETURN_IF_ERROR(recorder.Audit("income", income.id, row.region_path, nullptr, out, ""));
          RETURN_IF_ERROR(Leave(covering.mutation(), row, &before, projects, "登记到账").status());
          return out;
        }
        ASSIGN_OR_RETURN(const Ulid asset_id, Ulid::Parse(r.asset_id()));
        ASSIGN_OR_RETURN(const std::vector<Ulid> projects, ProjectIdsOf(m.tx(), asset_id));
        RETURN_IF_ERROR(LockFacts(m.tx(), projects));
        ASSIGN_OR_RETURN(const store::AssetRow asset,
                         LoadAsset(m.tx(), r.asset_id(), c.scope, true));
        RETURN_IF_ERROR(CheckAssetScope(c, asset));
        if (asset.state != AssetState::kActive && asset.state != AssetState::kLockedForDisposal) {
          return Refusal("ASSET_NOT_ACTIVE", "资产不在正常状态").Build();
        }
        if (asset.contract_id) {
          return Refusal("ASSET_UNDER_CONTRACT", "资产有履行中的合同，请按合同应收登记到账")
              .With("contract_id", asset.contract_id->ToString())
              .Build();
        }
        const rpc::Covering covering(m, FacetsOf(c.caller, asset));
        MutationRecorder recorder(covering.mutation());
        income.asset_id = asset.id;
        income.recorded_by =
            ToActor(covering.caller(), c.roles, asset.region_path).SerializeAsString();
        RETURN_IF_ERROR(store::InsertIncome(m.tx(), {income}));
        RETURN_IF_ERROR(store::AddReceived(m.tx(), asset.id, r.received_fen()).status());
        v1::IncomeRecord out = ToIncome(income);
        RETURN_IF_ERROR(recorder.Audit("income", income.id, asset.region_path, nullptr, out, ""));
        RETURN_IF_ERROR(RefreshFacts(m.tx(), projects, c.now, recorder));
        return out;
      });
}

absl::StatusOr<v1::IncomeRecord> ContractHandlers::ReverseIncome(
    rpc::CallContext& c, const v1::ReverseIncomeRequest& r) {
  const absl::CivilDay today = ShanghaiDay(c.now);
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.id()));
  const absl::Status reversed = Refusal("ALREADY_REVERSED", "该笔到账已冲销").Build();
  absl::StatusOr<v1::IncomeRecord> result = rpc::Mutate<v1::IncomeRecord>(
      c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::IncomeRecord> {
        ASSIGN_OR_RETURN(const auto wrong, store::FindIncome(m.tx(), id));
        if (!wrong) return NotFound("income", r.id()).Build();
        store::IncomeRow back = *wrong;
        back.id = c.ids.Next();
        back.received_fen = -wrong->received_fen;
        back.reverses_id = wrong->id;
        back.reason = r.reason();
        back.recorded_at = c.now;
        if (wrong->contract_id) {
          ASSIGN_OR_RETURN(const auto projects,
                           store::ProjectsOfContract(m.tx(), *wrong->contract_id));
          RETURN_IF_ERROR(LockFacts(m.tx(), projects));
          ASSIGN_OR_RETURN(const auto row,
                           store::FindContract(m.tx(), *wrong->contract_id, c.scope, true));
          if (!row) return NotFound("income", r.id()).Build();
          ASSIGN_OR_RETURN(const auth::Facets facets, ContractFacets(m.tx(), c.caller, *row));
          RETURN_IF_ERROR(
              workflow::CheckScope(c.caller, c.roles, row->region_path, facets, kAssetMattersZh));
          if (wrong->reverses_id) return reversed;
          const rpc::Covering covering(m, facets);
          MutationRecorder recorder(covering.mutation());
          ASSIGN_OR_RETURN(const v1::OperatingContract before, WithSums(m.tx(), *row, today));
          back.recorded_by =
              ToActor(covering.caller(), c.roles, row->region_path).SerializeAsString();
          RETURN_IF_ERROR(store::InsertIncome(m.tx(), {back}));
          ASSIGN_OR_RETURN(const bool added,
                           store::AddReceived(m.tx(), row->id, wrong->due_no, back.received_fen));
          if (!added) return reversed;
          RETURN_IF_ERROR(AddToAssets(m.tx(), row->id, back.received_fen));
          v1::IncomeRecord out = ToIncome(back);
          RETURN_IF_ERROR(
              recorder.Audit("income", back.id, row->region_path, nullptr, out, r.reason()));
          RETURN_IF_ERROR(Leave(covering.mutation(), *row, &before, projects, r.reason()).status());
          return out;
        }
        ASSIGN_OR_RETURN(const auto projects, ProjectIdsOf(m.tx(), *wrong->asset_id));
        RETURN_IF_ERROR(LockFacts(m.tx(), projects));
        ASSIGN_OR_RETURN(const auto asset,
                         store::FindAsset(m.tx(), *wrong->asset_id, c.scope, true));
        if (!asset) return NotFound("income", r.id()).Build();
        RETURN_IF_ERROR(CheckAssetScope(c, *asset));
        if (wrong->reverses_id) return reversed;
        const rpc::Covering covering(m, FacetsOf(c.caller, *asset));
        MutationRecorder recorder(covering.mutation());
        back.recorded_by =
            ToActor(covering.caller(), c.roles, asset->region_path).SerializeAsString();
        RETURN_IF_ERROR(store::InsertIncome(m.tx(), {back}));
        ASSIGN_OR_RETURN(const bool covered,
                         store::AddReceived(m.tx(), asset->id, back.received_fen));
        if (!covered) {
          return Refusal("DIVIDEND_EXCEEDS_INCOME", "冲销后累计到账将少于已宣告的分配").Build();
        }
        v1::IncomeRecord out = ToIncome(back);
        RETURN_IF_ERROR(
            recorder.Audit("income", back.id, asset->region_path, nullptr, out, r.reason()));
        RETURN_IF_ERROR(RefreshFacts(m.tx(), projects, c.now, recorder));
        return out;
      });
  if (mysql::IsDuplicateKey(result.status(), "income_record_by_reversed")) return reversed;
  return result;
}

absl::StatusOr<v1::ListIncomeResponse> ContractHandlers::ListIncome(
    rpc::CallContext& c, const v1::ListIncomeRequest& r) {
  if (r.contract_id().empty() == r.asset_id().empty()) {
    return InvalidField("contract_id", "请填写合同或资产之一").Build();
  }
  std::optional<Ulid> contract;
  std::optional<Ulid> asset;
  if (!r.contract_id().empty()) {
    ASSIGN_OR_RETURN(const store::ContractRow row, LoadContract(c.db, r.contract_id(), c.scope));
    contract = row.id;
  } else {
    ASSIGN_OR_RETURN(const store::AssetRow row, LoadAsset(c.db, r.asset_id(), c.scope));
    asset = row.id;
  }
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(r.page_size()));
  const std::string query = Cat(r.contract_id(), "/", r.asset_id());
  const auto key = DecodePageToken(r.page_token(), query);
  if (!key.ok()) return InvalidField("page_token", "页码标记无效").Build();
  std::optional<Ulid> after;
  if (!key->empty()) {
    ASSIGN_OR_RETURN(after, Ulid::Parse(key->front()));
  }
  ASSIGN_OR_RETURN(auto rows, store::ListIncome(c.db, contract, asset, after, size + 1));
  v1::ListIncomeResponse out;
  if (rows.size() > static_cast<size_t>(size)) {
    rows.resize(static_cast<size_t>(size));
    out.set_next_page_token(EncodePageToken({rows.back().id.ToString()}, query));
  }
  for (const store::IncomeRow& row : rows) *out.add_records() = ToIncome(row);
  return out;
}

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
    return out;
  });
}

absl::StatusOr<v1::Dividend> ContractHandlers::PayDividend(rpc::CallContext& c,
                                                           const v1::PayDividendRequest& r) {
  return rpc::Mutate<v1::Dividend>(c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Dividend> {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.id()));
    ASSIGN_OR_RETURN(const auto seen, store::FindDividend(m.tx(), id, c.scope));
    if (!seen) return NotFound("dividend", r.id()).Build();
    ASSIGN_OR_RETURN(const std::vector<Ulid> projects, ProjectIdsOf(m.tx(), seen->asset_id));
    RETURN_IF_ERROR(LockFacts(m.tx(), projects));
    ASSIGN_OR_RETURN(auto row, store::FindDividend(m.tx(), id, c.scope, true));
    if (!row) return NotFound("dividend", r.id()).Build();
    ASSIGN_OR_RETURN(const store::AssetRow asset,
                     LoadAsset(m.tx(), row->asset_id.ToString(), c.scope));
    RETURN_IF_ERROR(CheckAssetScope(c, asset));
    if (Cat(row->version) != r.etag()) return EtagMismatch().Build();
    std::vector<FieldViolation> violations;
    const auto on = DayFrom(r.paid_on(), "paid_on", &violations);
    if (on && (*on > ShanghaiDay(c.now) || *on < row->declared_on)) {
      violations.push_back({"paid_on", "须在宣告日期之后且不晚于今天"});
    }
    RETURN_IF_ERROR(ToStatus(std::move(violations)));
    const v1::Dividend before = ToDividend(*row);
    ASSIGN_OR_RETURN(const bool paid, store::PayDividend(m.tx(), &*row, c.ids.Next(), r.paid_fen(),
                                                         *on, r.voucher_no()));
    if (!paid) {
      return Refusal("DIVIDEND_OVERPAID", "兑现超过应分金额")
          .With("open_fen", Cat(row->declared_fen - row->paid_fen))
          .Build();
    }
    v1::Dividend out = ToDividend(*row);
    const rpc::Covering covering(m, FacetsOf(c.caller, asset));
    MutationRecorder recorder(covering.mutation());
    RETURN_IF_ERROR(
        recorder.Audit("dividend", row->id, row->region_path, &before, out, r.voucher_no()));
    RETURN_IF_ERROR(RefreshFacts(m.tx(), projects, c.now, recorder));
    return out;
  });
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

absl::StatusOr<v1::LinkageContract> ContractHandlers::RecordLinkage(
    rpc::CallContext& c, const v1::RecordLinkageRequest& r) {
  RETURN_IF_ERROR(CheckReferenceFresh(c.db, c.now, options_.max_reference_lag));
  return rpc::Mutate<v1::LinkageContract>(
      c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::LinkageContract> {
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
        ASSIGN_OR_RETURN(const store::ProjectCopy project,
                         LoadProject(m.tx(), r.project_id(), c.scope));
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
        MutationRecorder recorder(m);
        RETURN_IF_ERROR(recorder.Audit("linkage", row.id, row.region_path, nullptr, out, ""));
        RETURN_IF_ERROR(RefreshFacts(m.tx(), {project.id}, c.now, recorder));
        return out;
      });
}

namespace {

// One change of one linkage.
absl::StatusOr<v1::LinkageContract> ChangeLinkage(
    rpc::Mutation& m, const std::string& id, const std::string& etag, std::string_view reason,
    const std::function<absl::Status(store::LinkageRow*)>& change) {
  const rpc::CallContext& c = m.context();
  ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
  ASSIGN_OR_RETURN(const auto seen, store::FindLinkage(m.tx(), ulid, c.scope));
  if (!seen) return NotFound("linkage", id).Build();
  RETURN_IF_ERROR(LockFacts(m.tx(), {seen->project_id}));
  ASSIGN_OR_RETURN(auto row, store::FindLinkage(m.tx(), ulid, c.scope));
  if (!row) return NotFound("linkage", id).Build();
  if (Cat(row->version) != etag) return EtagMismatch().Build();
  const v1::LinkageContract before = ToLinkage(*row);
  RETURN_IF_ERROR(change(&*row));
  RETURN_IF_ERROR(store::UpdateLinkage(m.tx(), &*row));
  ASSIGN_OR_RETURN(row, store::FindLinkage(m.tx(), ulid, c.scope));
  v1::LinkageContract out = ToLinkage(*row);
  MutationRecorder recorder(m);
  RETURN_IF_ERROR(recorder.Audit("linkage", row->id, row->region_path, &before, out, reason));
  RETURN_IF_ERROR(RefreshFacts(m.tx(), {row->project_id}, c.now, recorder));
  return out;
}

absl::Status NotEnded(const store::LinkageRow& row, absl::CivilDay today) {
  if (row.end_date && *row.end_date < today) {
    return Refusal("LINKAGE_ENDED", "利益联结已终止").Build();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::LinkageContract> ContractHandlers::UpdateLinkageCounts(
    rpc::CallContext& c, const v1::UpdateLinkageCountsRequest& r) {
  return rpc::Mutate<v1::LinkageContract>(c, r, [&](rpc::Mutation& m) {
    return ChangeLinkage(m, r.id(), r.etag(), "", [&](store::LinkageRow* row) -> absl::Status {
      RETURN_IF_ERROR(NotEnded(*row, ShanghaiDay(c.now)));
      std::vector<FieldViolation> violations;
      CheckCounts(r.households(), r.poor_households(), r.monitored_households(), "带动户数",
                  "poor_households", "monitored_households", &violations);
      row->households = r.households();
      row->poor_households = r.poor_households();
      row->monitored_households = r.monitored_households();
      RETURN_IF_ERROR(ToStatus(std::move(violations)));
      return store::PutLinkageCount(m.tx(), *row, ShanghaiDay(c.now));
    });
  });
}

absl::StatusOr<v1::LinkageContract> ContractHandlers::EndLinkage(rpc::CallContext& c,
                                                                 const v1::EndLinkageRequest& r) {
  return rpc::Mutate<v1::LinkageContract>(c, r, [&](rpc::Mutation& m) {
    return ChangeLinkage(m, r.id(), r.etag(), r.reason(),
                         [&](store::LinkageRow* row) -> absl::Status {
                           RETURN_IF_ERROR(NotEnded(*row, ShanghaiDay(c.now)));
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
        m, r.id(), r.etag(), r.month(), [&](store::LinkageRow* row) -> absl::Status {
          const std::string first = absl::FormatCivilTime(absl::CivilMonth(row->start_date));
          if (r.month() > absl::FormatCivilTime(absl::CivilMonth(ShanghaiDay(c.now))) ||
              r.month() < first) {
            return InvalidField("month", "须在联结期内且不晚于本月").Build();
          }
          return store::PutLinkageIncome(m.tx(), *row, r.month(), r.paid_fen());
        });
  });
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

absl::StatusOr<v1::EmploymentRecord> ContractHandlers::RecordEmployment(
    rpc::CallContext& c, const v1::RecordEmploymentRequest& r) {
  RETURN_IF_ERROR(CheckReferenceFresh(c.db, c.now, options_.max_reference_lag));
  return rpc::Mutate<v1::EmploymentRecord>(
      c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::EmploymentRecord> {
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
        ASSIGN_OR_RETURN(const store::ProjectCopy project,
                         LoadProject(m.tx(), r.project_id(), c.scope));
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
        MutationRecorder recorder(m);
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
