// The PublicityService rpcs of a service, and how its own steps start and end a publicity.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/audit/service.h"
#include "common/auth/caller.h"
#include "common/feed/feed.h"
#include "common/publicity/publicity.h"
#include "common/publicity/work.h"
#include "common/rpc/call_context.h"
#include "common/rpc/mutation.h"
#include "common/rpc/router.h"

namespace bangfu::publicity {

// Called in the transaction in which a publicity PASSED or an objection was UPHELD: the owner moves
// its subject on, or back to the step that asked for the publicity. Its error undoes the whole.
using OwnerCallback = std::function<absl::Status(rpc::Mutation&, const v1::Publicity&)>;

struct ServiceOptions {
  CalendarLookup calendar;
  // The service's copy of the parameter; empty: the default.
  std::function<absl::StatusOr<AnswerPeriod>(mysql::Executor&)> answer_period;
  // How many files have to show that a publicity of this kind was put up; empty: none.
  std::function<absl::StatusOr<int64_t>(mysql::Executor&, std::string_view kind)> evidence_wanted;
  OwnerCallback on_passed;  // may be empty
  OwnerCallback on_upheld;  // may be empty
  TitleOf title;            // empty: work is titled by the subject's type
  // By region alone a publicity is whoever's the region is; its subject says whose money and which
  // industry it is. Empty: its subjects have none.
  FacetsOf facets;
};

// Registers bangfu.publicity.v1.PublicityService.
void RegisterPublicityService(rpc::Router& router, ServiceOptions options);

// Start in a mutation of the owner: in the caller's name, with audit row and event. `publicity.id`
// and `started_by` are filled when empty; its evidence, the request's field `evidence`, is taken
// for it. `title`: what is made public, and `facets`: what of it the scope of a grant is asked
// about, for the inbox.
absl::StatusOr<v1::Publicity> StartPublicity(rpc::Mutation& mutation, NewPublicity publicity,
                                             const CalendarLookup& calendar,
                                             const std::string& title,
                                             const auth::Facets& facets = {});
// Ends a running publicity of the subject, with audit row and event, when it is withdrawn or its
// content changed. OK when none is running.
absl::Status CancelRunning(rpc::Mutation& mutation, const Ulid& subject_id, std::string_view kind,
                           std::string_view reason);

// The names of those who objected, for AuditService.RevealSensitive (record type "publicity").
audit::SensitiveRecord SensitivePublicities();

// The publicities for the snapshot of a service's feed (aggregate type "publicity").
std::shared_ptr<feed::SnapshotSource> PublicityStates();

}  // namespace bangfu::publicity
