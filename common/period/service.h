// The PeriodService rpcs of a service, the operation that freezes, and how the service's own tables
// read what is frozen.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/feed/feed.h"
#include "common/inbox/inbox.h"
#include "common/operation/operation.h"
#include "common/period/store.h"
#include "common/period/table.h"
#include "common/rpc/router.h"

namespace bangfu::period {

inline constexpr char kAggregate[] = "period";
inline constexpr char kFreezeKind[] = "freeze_period";

struct ServiceOptions {
  Tables tables;
  // The path, in today's codes, of a region that the service knows; nullopt: none.
  std::function<absl::StatusOr<std::optional<std::string>>(mysql::Executor&,
                                                           const std::string& code)>
      region_path;
  NamesLookup names;
  // Working days, for terms of the inbox; empty: Monday to Friday.
  inbox::CalendarLookup calendar;
  // Woken after the commit that starts an operation; may be null in tests.
  operation::OperationRunner* operations = nullptr;
};

// Registers bangfu.period.v1.PeriodService.
void RegisterPeriodService(rpc::Router& router, ServiceOptions options);

struct FreezeOptions {
  // For tests: called with the transaction that stores the rows, before it commits.
  std::function<absl::Status(mysql::Tx&)> before_commit;
};
// Registers the operation that freezes (kFreezeKind).
void RegisterFreeze(operation::OperationRunner& runner, ServiceOptions options,
                    FreezeOptions freeze = {});

// A frozen revision as its readers need it: the message with names, note and lateness, and who has
// signed.
struct FrozenTable {
  Ulid id;
  v1::Period period;
  SignBoard board;
};
// The frozen table of a region and report period; revision 0: the newest. INVALID_ARGUMENT for what
// is no period, NOT_FOUND when none is frozen. The caller has checked the region.
absl::StatusOr<FrozenTable> FindFrozen(mysql::Executor& db, const ServiceOptions& options,
                                       const std::string& table_no, const std::string& region_path,
                                       const std::string& period, int revision, absl::Time now);

// "2026-10 第1版"
std::string RevisionZh(const v1::Period& period);
// 实时（registry 120、asset 88）
std::string LiveZh(const std::vector<type::v1::Watermark>& watermarks);

// The periods for the snapshot of a service's feed (aggregate type "period").
std::shared_ptr<feed::SnapshotSource> PeriodStates();

}  // namespace bangfu::period
