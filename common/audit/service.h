// bangfu.audit.v1.AuditService over the tables of this room; every service registers it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/rpc/router.h"
#include "google/protobuf/message.h"

namespace bangfu::audit {

// A kind of record that holds sensitive fields, and how its owner reads one in full.
struct SensitiveRecord {
  struct Read {
    std::string region_path;
    std::unique_ptr<google::protobuf::Message> message;
  };
  std::string aggregate_type;
  // NOT_FOUND outside of the regions.
  std::function<absl::StatusOr<Read>(mysql::Executor&, const Ulid& id,
                                     const std::vector<std::string>& regions)>
      read;
};

void RegisterAuditService(rpc::Router& router, std::vector<SensitiveRecord> sensitive = {});

}  // namespace bangfu::audit
