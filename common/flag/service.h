// bangfu.audit.v1.RecordFlagService over the table of this room; every service registers it.
#pragma once

#include "common/audit/retention.h"
#include "common/flag/flag.h"
#include "common/flag/work.h"
#include "common/inbox/inbox.h"
#include "common/rpc/router.h"

namespace bangfu::flag {

struct ServiceOptions {
  inbox::CalendarLookup calendar;    // of the terms; empty: Monday to Friday
  audit::ParameterLookup parameter;  // empty: the default holds
};
// Working days in which what was answered is closed: a parameter, and what holds until the province
// says otherwise.
inline constexpr char kCloseDays[] = "RECORD_FLAG_CLOSE_DAYS";
inline constexpr int kDefaultCloseDays = 10;

void RegisterRecordFlagService(rpc::Router& router, ServiceOptions options);

}  // namespace bangfu::flag
