// The persons of the walkthrough: each with one role in one region and a token of the development
// key.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

class People {
 public:
  explicit People(const Context& base) : base_(base) {}
  // The context of the `number`th person with this role in this region; made once.
  absl::StatusOr<Context*> Get(auth::Role role, const std::string& region, int number = 1);

 private:
  const Context& base_;
  std::map<std::string, Context> contexts_;
};

}  // namespace bangfu::ctl
