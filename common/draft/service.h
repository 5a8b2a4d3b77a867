// The DraftService rpcs of a service: drafts of the forms that its router serves.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "common/mysql/session.h"
#include "common/rpc/router.h"

namespace bangfu::draft {

// Limits that the province may change, by their parameters' codes, and what holds until it does.
inline constexpr char kKeepDays[] = "DRAFT_KEEP_DAYS";
inline constexpr char kPerPerson[] = "DRAFTS_PER_PERSON";
inline constexpr char kMaxKib[] = "DRAFT_MAX_KIB";
inline constexpr int64_t kDefaultKeepDays = 30;
inline constexpr int64_t kDefaultPerPerson = 100;
inline constexpr int64_t kDefaultMaxKib = 64;

struct ServiceOptions {
  // The parameter of this code; `fallback` while it is not known. Null: the fallbacks hold.
  std::function<absl::StatusOr<int64_t>(mysql::Executor& db, const std::string& code,
                                        int64_t fallback)>
      parameter;
};

// bangfu.draft.v1.DraftService: what its rpcs refuse is in the contract. The router is asked for
// its forms when a draft is saved, so that the order of registration does not matter; it must
// outlive the server.
void RegisterDraftService(rpc::Router& router, ServiceOptions options);

}  // namespace bangfu::draft
