// bangfu.audit.v1.AuditService over the tables of this room; every service registers it.
#pragma once

#include "common/rpc/router.h"

namespace bangfu::audit {

void RegisterAuditService(rpc::Router& router);

}  // namespace bangfu::audit
