// Regions of a ledger and who has signed for them; shared by the ledger's handler files only.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/period/signing.h"
#include "common/rpc/call_context.h"
#include "common/rpc/router.h"
#include "services/evaluation/jobs/ledger_signatures.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

// The region that a request names, in today's codes (`region_path` set). NOT_FOUND when it is not
// known or not in scope; INVALID_ARGUMENT when it is no code.
absl::StatusOr<RegionRow> ResolveRegion(const rpc::CallContext& context,
                                        const std::string& region_code);

// Digits of the units right below a region: 2 -> 4 -> 6 -> 9 -> 12; 12 for a village itself.
int ChildDigits(const std::string& region);
using period::LevelZh;

// Names by code, the code itself for one that is not known.
class RegionNames {
 public:
  absl::Status Load(mysql::Executor& db, std::vector<std::string> codes);
  std::string Of(const std::string& code) const;
  // 县/乡/村 of a path, in one text.
  std::string PlaceOf(const std::string& path) const;

 private:
  std::map<std::string, std::string> names_;
};

// Names of regions by code, of the service's copy.
absl::StatusOr<std::map<std::string, std::string>> RegionNamesOf(
    mysql::Executor& db, const std::vector<std::string>& codes);
// 未定稿 with who has not signed; empty when all have.
absl::StatusOr<std::string> DraftNote(mysql::Executor& db, const std::vector<std::string>& missing);
// The same of `count` units, of which the highest are among the named.
absl::StatusOr<std::string> DraftNote(mysql::Executor& db, std::vector<std::string> named,
                                      int64_t count);

// Time series (trend_handlers.cc).
void RegisterTrends(rpc::Router& router);

}  // namespace bangfu::evaluation
