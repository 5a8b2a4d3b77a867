// bangfu.audit.v1.RecordFlagService over the table of this room; every service registers it.
#pragma once

#include "common/flag/flag.h"
#include "common/flag/work.h"
#include "common/inbox/inbox.h"
#include "common/rpc/router.h"

namespace bangfu::flag {

// `calendar`: of the terms to answer; empty: Monday to Friday.
void RegisterRecordFlagService(rpc::Router& router, inbox::CalendarLookup calendar);

}  // namespace bangfu::flag
