// Handlers of bangfu.asset.v1.ContractService. Contracts are in contract_handlers.cc; income,
// dividends, links with households and employment in the files of their names.
#pragma once

#include "bangfu/asset/v1/contract_service.pb.h"
#include "common/rpc/call_context.h"
#include "common/rpc/router.h"
#include "services/asset/api/asset_handlers.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"

namespace bangfu::asset::api {

class ContractHandlers {
 public:
  explicit ContractHandlers(HandlerOptions options) : options_(options) {}
  void Register(rpc::Router& router);

  absl::StatusOr<v1::OperatingContract> SignContract(rpc::CallContext& c,
                                                     const v1::SignContractRequest& r);
  absl::StatusOr<v1::OperatingContract> TerminateContract(rpc::CallContext& c,
                                                          const v1::TerminateContractRequest& r);
  absl::StatusOr<v1::OperatingContract> VoidContract(rpc::CallContext& c,
                                                     const v1::VoidContractRequest& r);
  absl::StatusOr<v1::OperatingContract> GetContract(rpc::CallContext& c,
                                                    const v1::GetContractRequest& r);
  absl::StatusOr<v1::BatchGetContractsResponse> BatchGetContracts(
      rpc::CallContext& c, const v1::BatchGetContractsRequest& r);
  absl::StatusOr<v1::ListContractsResponse> ListContracts(rpc::CallContext& c,
                                                          const v1::ListContractsRequest& r);
  absl::StatusOr<v1::ListIncomeDuesResponse> ListIncomeDues(rpc::CallContext& c,
                                                            const v1::ListIncomeDuesRequest& r);
  absl::StatusOr<v1::IncomeDue> StateDueBase(rpc::CallContext& c, const v1::StateDueBaseRequest& r);
  absl::StatusOr<v1::IncomeRecord> RecordIncome(rpc::CallContext& c,
                                                const v1::RecordIncomeRequest& r);
  absl::StatusOr<v1::IncomeRecord> ReverseIncome(rpc::CallContext& c,
                                                 const v1::ReverseIncomeRequest& r);
  absl::StatusOr<v1::IncomeRecord> GetIncome(rpc::CallContext& c, const v1::GetIncomeRequest& r);
  absl::StatusOr<v1::BatchGetIncomeResponse> BatchGetIncome(rpc::CallContext& c,
                                                            const v1::BatchGetIncomeRequest& r);
  absl::StatusOr<v1::ListIncomeResponse> ListIncome(rpc::CallContext& c,
                                                    const v1::ListIncomeRequest& r);
  absl::StatusOr<v1::Dividend> DeclareDividend(rpc::CallContext& c,
                                               const v1::DeclareDividendRequest& r);
  absl::StatusOr<v1::Dividend> PayDividend(rpc::CallContext& c, const v1::PayDividendRequest& r);
  absl::StatusOr<v1::Dividend> VoidDividend(rpc::CallContext& c, const v1::VoidDividendRequest& r);
  absl::StatusOr<v1::Dividend> GetDividend(rpc::CallContext& c, const v1::GetDividendRequest& r);
  absl::StatusOr<v1::ListDividendsResponse> ListDividends(rpc::CallContext& c,
                                                          const v1::ListDividendsRequest& r);
  absl::StatusOr<v1::LinkageContract> RecordLinkage(rpc::CallContext& c,
                                                    const v1::RecordLinkageRequest& r);
  absl::StatusOr<v1::LinkageContract> UpdateLinkageCounts(rpc::CallContext& c,
                                                          const v1::UpdateLinkageCountsRequest& r);
  absl::StatusOr<v1::LinkageContract> EndLinkage(rpc::CallContext& c,
                                                 const v1::EndLinkageRequest& r);
  absl::StatusOr<v1::LinkageContract> RecordLinkageIncome(rpc::CallContext& c,
                                                          const v1::RecordLinkageIncomeRequest& r);
  absl::StatusOr<v1::LinkageContract> GetLinkage(rpc::CallContext& c,
                                                 const v1::GetLinkageRequest& r);
  absl::StatusOr<v1::ListLinkagesResponse> ListLinkages(rpc::CallContext& c,
                                                        const v1::ListLinkagesRequest& r);
  absl::StatusOr<v1::EmploymentRecord> RecordEmployment(rpc::CallContext& c,
                                                        const v1::RecordEmploymentRequest& r);
  absl::StatusOr<v1::ListEmploymentResponse> ListEmployment(rpc::CallContext& c,
                                                            const v1::ListEmploymentRequest& r);

 private:
  const HandlerOptions options_;
};

// What signing takes besides the terms' own fields; shared with the import of tables.
// INVALID_ARGUMENT with all violations; FAILED_PRECONDITION ASSET_UNDER_CONTRACT.
// `assets` are those of the terms, locked, in any order; `projects` their shares.
absl::StatusOr<store::NewContract> BuildContract(
    const v1::ContractTerms& terms, const std::vector<store::AssetRow>& assets,
    const std::vector<std::pair<Ulid, store::ProjectShare>>& projects, absl::CivilDay today);
// The asset as the running contract makes it (R038); nothing for a contract that is over.
void ApplyContract(const store::ContractRow& contract, const v1::ContractTerms& terms,
                   store::AssetRow* asset);

}  // namespace bangfu::asset::api
