// Shared by the handler files of ContractService only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/asset/v1/contract.pb.h"
#include "common/auth/caller.h"
#include "common/base/page_token.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/rpc/call_context.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/message.h"
#include "services/asset/api/asset_internal.h"
#include "services/asset/domain/transitions.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"
#include "services/asset/store/income_store.h"
#include "services/asset/store/linkage_store.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::api {

// contract_handlers.cc: a contract, what may be done with it, what a change of it leaves behind.
absl::StatusOr<store::ContractRow> LoadContract(mysql::Executor& db, const std::string& id,
                                                const auth::RegionScope& scope,
                                                bool for_update = false);
absl::StatusOr<v1::OperatingContract> WithSums(mysql::Executor& db, const store::ContractRow& row,
                                               absl::CivilDay today);
absl::StatusOr<auth::Facets> ContractFacets(mysql::Executor& db, const auth::Caller& caller,
                                            const store::ContractRow& row);
// `subject`: what the guards look at beside the state of the row.
absl::Status CheckStep(const rpc::CallContext& c, const store::ContractRow& row,
                       const auth::Facets& facets, std::string_view action,
                       ContractSubject subject = {});
// The change of a contract: its audit entry, its event, the facts.
absl::StatusOr<v1::OperatingContract> Leave(rpc::Mutation& m, const store::ContractRow& row,
                                            const google::protobuf::Message* before,
                                            const std::vector<Ulid>& projects,
                                            std::string_view reason = "");

// contract_internal.cc: what income, dividends, links and employment are filed on.
// A project of the caller's regions that is not void.
absl::StatusOr<store::ProjectCopy> LoadProject(mysql::Executor& db, const std::string& id,
                                               const auth::RegionScope& scope);
// A due of days after the contract's end: of what was paid ahead for it no more is due.
Due AfterEnd(const store::DueRow& due, absl::CivilDay ended_on);
// A part that is more than `all` is a violation of its field.
void CheckCounts(int64_t all, int64_t poor, int64_t monitored, std::string_view all_field,
                 std::string_view poor_field, std::string_view monitored_field,
                 std::vector<FieldViolation>* violations);
// What a list is asked for: a region by its code, and an id that may be left out.
absl::StatusOr<std::string> Prefix(mysql::Executor& db, const std::string& region_code);
absl::StatusOr<std::optional<Ulid>> OptionalId(const std::string& text);

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

}  // namespace bangfu::asset::api
