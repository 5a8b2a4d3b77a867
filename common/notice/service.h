// bangfu.notice.v1.SupervisionNoticeService over the tables of this room, for the service that
// hosts notices.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/audit/retention.h"
#include "common/feed/feed.h"
#include "common/inbox/inbox.h"
#include "common/notice/notice.h"
#include "common/notice/work.h"
#include "common/rpc/router.h"

namespace bangfu::notice {

inline constexpr char kService[] = "bangfu.notice.v1.SupervisionNoticeService";

struct ServiceOptions {
  // The path in today's codes of a region code as filed, or why there is none; empty: the code
  // itself, normalised.
  std::function<absl::StatusOr<std::string>(mysql::Executor& db, std::string_view code,
                                            std::string_view field)>
      region_path;
  inbox::CalendarLookup calendar;    // empty: Monday to Friday
  audit::ParameterLookup parameter;  // of the terms below; empty: their defaults hold
  FacetsOf facets;                   // empty: no record narrows anybody
  // Records that a notice may name, as the audit trail names them: those whose facets the host
  // tells, so that no narrowed grant acts on what it leaves out. Empty: any.
  std::vector<std::string> subject_types;
  // Holds the record that a notice is to name, so that it gets no other facets meanwhile; empty:
  // they never change.
  std::function<absl::Status(mysql::Tx&, std::string_view type, const Ulid& id)> lock_subject;
};
// Working days in which an answer is due when the notice names no day, and in which the office that
// asked looks at an answer: parameters, and what holds until the province says otherwise.
inline constexpr char kAnswerDays[] = "NOTICE_ANSWER_DAYS";
inline constexpr int kDefaultAnswerDays = 10;
inline constexpr char kReviewDays[] = "NOTICE_REVIEW_DAYS";
inline constexpr int kDefaultReviewDays = 5;

void RegisterSupervisionNoticeService(rpc::Router& router, ServiceOptions options);

// The notices for the snapshot of the host's feed (aggregate type "supervision_notice").
std::shared_ptr<feed::SnapshotSource> NoticeStates();

}  // namespace bangfu::notice
