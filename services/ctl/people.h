// The persons of the walkthrough: each with one role in one region. Their tokens say who they are
// and nothing else; what they may do is granted by the installation's first administrator.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

class People {
 public:
  // The person of --bootstrap-admin in deploy/lib.sh.
  static constexpr char kAdmin[] = "sample-org_admin-36-1";

  struct Person {
    auth::Role role;
    std::string region;
    int number = 1;
  };

  explicit People(const Context& base) : base_(base) {}

  // Grants what those persons lack, in few calls, and waits until every service knows it.
  absl::Status Grant(const std::vector<Person>& persons);
  // The context of the `number`th person with this role in this region; granted when it is not yet.
  absl::StatusOr<Context*> Get(auth::Role role, const std::string& region, int number = 1);

 private:
  absl::Status LoadGranted(Context& admin);
  absl::Status WaitUntilKnown(const std::string& subject, const std::string& name);

  const Context& base_;
  std::map<std::string, Context> contexts_;
  bool loaded_ = false;
  std::set<std::string> granted_;  // subjects
};

}  // namespace bangfu::ctl
