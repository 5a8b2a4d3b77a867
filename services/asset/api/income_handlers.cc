#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/rpc/batch_get.h"
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
#include "services/asset/domain/facts.h"
#include "services/asset/domain/transitions.h"

namespace bangfu::asset::api {
namespace {

// Parts of a contract's money by asset, in the order of the parts.
std::vector<int64_t> PartsOf(int64_t fen, const std::vector<store::ContractAsset>& parts) {
  int64_t whole = 0;
  for (const store::ContractAsset& part : parts) whole += part.weight_fen;
  std::vector<int64_t> out;
  int64_t before = 0;
  for (const store::ContractAsset& part : parts) {
    out.push_back(PartOf(fen, {before, part.weight_fen, whole}));
    before += part.weight_fen;
  }
  return out;
}

// As the table says it; here of an asset of which more was declared a moment ago.
absl::Status Distributed() {
  return Refusal("DIVIDEND_EXCEEDS_INCOME", "冲销后累计到账将少于已宣告的分配").Build();
}

absl::Status AddToAssets(mysql::Tx& tx, const Ulid& contract_id, int64_t fen) {
  ASSIGN_OR_RETURN(const auto parts, store::AssetsOfContract(tx, contract_id));
  const std::vector<int64_t> shares = PartsOf(fen, parts);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (shares[i] == 0) continue;
    ASSIGN_OR_RETURN(const bool covered, store::AddReceived(tx, parts[i].asset_id, shares[i]));
    if (!covered) return Distributed();
  }
  return absl::OkStatus();
}

// Whether the assets of a contract still have what is declared of them when this is taken back.
bool IsCovered(int64_t taken_back, const std::vector<store::AssetMoney>& assets) {
  std::vector<store::ContractAsset> parts;
  for (const store::AssetMoney& asset : assets) parts.push_back(asset.part);
  const std::vector<int64_t> shares = PartsOf(-taken_back, parts);
  for (size_t i = 0; i < assets.size(); ++i) {
    if (shares[i] == 0) continue;
    if (assets[i].received_fen + shares[i] < assets[i].declared_fen) return false;
  }
  return true;
}

// A receipt, where it is filed by its contract or its asset, and what its steps look at.
struct FiledIncome {
  store::IncomeRow row;
  std::string region_path;
  auth::Facets facets;
  IncomeSubject subject;
};

// Those whose contract or asset the caller sees, in a few queries.
absl::StatusOr<std::vector<FiledIncome>> Filed(mysql::Executor& db, const rpc::CallContext& c,
                                               const std::vector<store::IncomeRow>& rows) {
  std::set<Ulid> of_contracts, of_assets;
  for (const store::IncomeRow& row : rows) {
    if (row.contract_id) of_contracts.insert(*row.contract_id);
    if (row.asset_id) of_assets.insert(*row.asset_id);
  }
  std::map<Ulid, std::string> regions;  // of contracts
  std::vector<Ulid> contracts;
  ASSIGN_OR_RETURN(const auto found,
                   store::FindContracts(db, {of_contracts.begin(), of_contracts.end()}, c.scope));
  for (const store::ContractRow& contract : found) {
    regions.emplace(contract.id, contract.region_path);
    contracts.push_back(contract.id);
  }
  ASSIGN_OR_RETURN(auto money, store::AssetMoneyOfContracts(db, contracts));
  ASSIGN_OR_RETURN(auto facets, FacetsOfContracts(db, c.caller, contracts));
  std::map<Ulid, const store::AssetRow*> assets;
  ASSIGN_OR_RETURN(const auto all,
                   store::FindAssets(db, {of_assets.begin(), of_assets.end()}, c.scope));
  for (const store::AssetRow& asset : all) assets.emplace(asset.id, &asset);

  std::vector<FiledIncome> out;
  for (const store::IncomeRow& row : rows) {
    FiledIncome filed;
    if (row.contract_id) {
      const auto region = regions.find(*row.contract_id);
      if (region == regions.end()) continue;
      filed.region_path = region->second;
      filed.facets = facets[*row.contract_id];
      filed.subject.covered = IsCovered(row.received_fen, money[*row.contract_id]);
    } else {
      const auto asset = assets.find(*row.asset_id);
      if (asset == assets.end()) continue;
      filed.region_path = asset->second->region_path;
      filed.facets = FacetsOf(c.caller, *asset->second);
      filed.subject.covered =
          asset->second->received_fen - row.received_fen >= asset->second->declared_fen;
    }
    filed.subject.state = row.reverses_id   ? IncomeState::kReversal
                          : row.reversed_by ? IncomeState::kReversed
                                            : IncomeState::kStands;
    filed.row = row;
    out.push_back(std::move(filed));
  }
  return out;
}

// With what the caller could do.
absl::StatusOr<std::vector<v1::IncomeRecord>> Shown(rpc::CallContext& c,
                                                    const std::vector<Ulid>& ids) {
  ASSIGN_OR_RETURN(const std::vector<store::IncomeRow> rows, store::FindIncomes(c.db, ids));
  ASSIGN_OR_RETURN(const std::vector<FiledIncome> filed, Filed(c.db, c, rows));
  std::vector<v1::IncomeRecord> out;
  for (const FiledIncome& income : filed) {
    v1::IncomeRecord& record = out.emplace_back(ToIncome(income.row));
    workflow::FillAllowedActions(
        Incomes().Allowed(income.subject,
                          workflow::ActorAt(c.caller, income.region_path, income.facets)),
        record.mutable_allowed_actions());
  }
  return out;
}

}  // namespace

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
    if (row.ended_on && due->due.from > *row.ended_on) {
      return Refusal("DUE_BASE_NOT_NEEDED", "合同已在该期开始前终止，无需填报基数").Build();
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
          if (row.ended_on && due->due.from > *row.ended_on && *on <= *row.ended_on) {
            // Paid ahead, and told after the contract's end, or told right after a mistake.
            store::DueRow ahead = *due;
            ahead.received_fen += r.received_fen();
            RETURN_IF_ERROR(store::ReplaceDue(m.tx(), row.id, AfterEnd(ahead, *row.ended_on)));
          }
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
        ASSIGN_OR_RETURN(const auto seen, store::FindIncome(m.tx(), id));
        if (!seen) return NotFound("income", r.id()).Build();
        std::vector<Ulid> projects;
        std::optional<store::ContractRow> contract;
        if (seen->contract_id) {
          ASSIGN_OR_RETURN(projects, store::ProjectsOfContract(m.tx(), *seen->contract_id));
          RETURN_IF_ERROR(LockFacts(m.tx(), projects));
          ASSIGN_OR_RETURN(contract,
                           store::FindContract(m.tx(), *seen->contract_id, c.scope, true));
          if (!contract) return NotFound("income", r.id()).Build();
        } else {
          ASSIGN_OR_RETURN(projects, ProjectIdsOf(m.tx(), *seen->asset_id));
          RETURN_IF_ERROR(LockFacts(m.tx(), projects));
          RETURN_IF_ERROR(store::FindAsset(m.tx(), *seen->asset_id, c.scope, true).status());
        }
        // As it is after the lock under which incomes are reversed.
        ASSIGN_OR_RETURN(const std::vector<store::IncomeRow> locked,
                         store::FindIncomes(m.tx(), {id}));
        ASSIGN_OR_RETURN(const std::vector<FiledIncome> filed, Filed(m.tx(), c, locked));
        if (filed.empty()) return NotFound("income", r.id()).Build();
        const FiledIncome& wrong = filed.front();
        if (!r.etag().empty() && IncomeEtag(wrong.row) != r.etag()) return EtagMismatch().Build();
        RETURN_IF_ERROR(Incomes()
                            .Execute(wrong.subject, "reverse",
                                     workflow::ActorAt(c.caller, wrong.region_path, wrong.facets))
                            .status());
        const rpc::Covering covering(m, wrong.facets);
        MutationRecorder recorder(covering.mutation());
        store::IncomeRow back = wrong.row;
        back.id = c.ids.Next();
        back.received_fen = -wrong.row.received_fen;
        back.reverses_id = wrong.row.id;
        back.reason = r.reason();
        back.recorded_at = c.now;
        back.recorded_by =
            ToActor(covering.caller(), c.roles, wrong.region_path).SerializeAsString();
        const v1::IncomeRecord out = ToIncome(back);
        const auto insert = [&]() -> absl::Status {
          RETURN_IF_ERROR(store::InsertIncome(m.tx(), {back}));
          return recorder.Audit("income", back.id, wrong.region_path, nullptr, out, r.reason());
        };
        if (contract) {
          ASSIGN_OR_RETURN(const v1::OperatingContract before, WithSums(m.tx(), *contract, today));
          RETURN_IF_ERROR(insert());
          ASSIGN_OR_RETURN(const bool added, store::AddReceived(m.tx(), contract->id, back.due_no,
                                                                back.received_fen));
          if (!added) return reversed;
          if (contract->ended_on) {
            // Of days after the contract's end nothing is due but what was paid.
            ASSIGN_OR_RETURN(const auto due, store::FindDue(m.tx(), contract->id, back.due_no));
            if (due && due->due.from > *contract->ended_on) {
              RETURN_IF_ERROR(
                  store::ReplaceDue(m.tx(), contract->id, AfterEnd(*due, *contract->ended_on)));
            }
          }
          RETURN_IF_ERROR(AddToAssets(m.tx(), contract->id, back.received_fen));
          RETURN_IF_ERROR(
              Leave(covering.mutation(), *contract, &before, projects, r.reason()).status());
          return out;
        }
        RETURN_IF_ERROR(insert());
        ASSIGN_OR_RETURN(const bool covered,
                         store::AddReceived(m.tx(), *back.asset_id, back.received_fen));
        if (!covered) return Distributed();
        RETURN_IF_ERROR(RefreshFacts(m.tx(), projects, c.now, recorder));
        return out;
      });
  if (mysql::IsDuplicateKey(result.status(), "income_record_by_reversed")) return reversed;
  return result;
}

absl::StatusOr<v1::IncomeRecord> ContractHandlers::GetIncome(rpc::CallContext& c,
                                                             const v1::GetIncomeRequest& r) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.id()));
  ASSIGN_OR_RETURN(std::vector<v1::IncomeRecord> one, Shown(c, {id}));
  if (one.empty()) return NotFound("income", r.id()).Build();
  return std::move(one.front());
}

absl::StatusOr<v1::BatchGetIncomeResponse> ContractHandlers::BatchGetIncome(
    rpc::CallContext& c, const v1::BatchGetIncomeRequest& r) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(r.ids()));
  ASSIGN_OR_RETURN(const std::vector<v1::IncomeRecord> records, Shown(c, ids));
  v1::BatchGetIncomeResponse out;
  rpc::AnswerInOrder(ids, records, out.mutable_records(), out.mutable_missing_ids());
  return out;
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

}  // namespace bangfu::asset::api
