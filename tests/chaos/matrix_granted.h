// Persons whose tokens say who they are and nothing else; what they may do stands in the registry.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/auth/caller.h"
#include "common/rpc/client.h"

namespace bangfu::probe {

// The first level (1 province … 5 village) of which the role is granted that is the county's, or
// else any; 0: it is no person's role.
int LevelOf(int role);

class GrantedPersons {
 public:
  // `admin` is the token of who grants; clients by service.
  GrantedPersons(std::string dev_key, std::string admin,
                 const std::map<std::string, std::unique_ptr<rpc::Client>>& clients)
      : dev_key_(std::move(dev_key)), admin_(std::move(admin)), clients_(clients) {}

  // One person for each role and region; until all services know of them.
  absl::Status Grant(const std::vector<std::pair<int, std::string>>& roles);
  // "" for who was not granted anything.
  std::string Token(int role, const std::string& region) const;

 private:
  const std::string dev_key_;
  const std::string admin_;
  const std::map<std::string, std::unique_ptr<rpc::Client>>& clients_;
  std::map<std::pair<int, std::string>, std::string> tokens_;
};

}  // namespace bangfu::probe
