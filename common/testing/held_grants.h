// What people and clients hold, as a test says: the grants that a server asks for
// (rpc::PipelineOptions::grants).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "common/auth/caller.h"
#include "common/testing/rpc_fixture.h"

namespace bangfu::testing {

class HeldGrants final : public auth::GrantSource {
 public:
  std::shared_ptr<const auth::SubjectGrants> Of(std::string_view subject,
                                                bool is_client) const override {
    std::lock_guard lock(mu_);
    const auto it = held_.find({std::string(subject), is_client});
    return it == held_.end() ? nullptr : it->second;
  }
  int64_t version() const override { return version_; }
  void Set(const std::string& subject, auth::SubjectGrants grants, bool is_client = false) {
    std::lock_guard lock(mu_);
    held_[{subject, is_client}] = std::make_shared<auth::SubjectGrants>(std::move(grants));
    ++version_;
  }
  // The one grant of a person who acts on another's behalf.
  void Lend(const std::string& deputy, const std::string& principal, auth::Role role,
            const std::string& region, const Ulid& id) {
    auth::Grant grant;
    grant.role = role;
    grant.region_path = region;
    grant.id = id;
    grant.delegated_by = principal;
    Set(deputy, {deputy, {std::move(grant)}, {}});
  }

  // A server that asks here.
  rpc::ServerOptions ServerOptions() const {
    rpc::ServerOptions options = RpcServer::DefaultServerOptions();
    options.pipeline.grants = this;
    return options;
  }

  std::atomic<int64_t> version_{1};

 private:
  mutable std::mutex mu_;
  std::map<std::pair<std::string, bool>, std::shared_ptr<const auth::SubjectGrants>> held_;
};

// A token that says who it is and nothing else.
inline std::string PersonToken(const RpcServer& server, const std::string& subject) {
  auth::Caller caller;
  caller.subject = subject;
  return server.Token(caller);
}

}  // namespace bangfu::testing
