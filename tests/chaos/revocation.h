// How long a grant that was taken back goes on to work.
#pragma once

#include <map>
#include <string>

namespace bangfu::probe {

struct RevocationOptions {
  std::map<std::string, std::string> endpoints;
  std::string dev_key;
  std::string admin;   // who administers the region, by a grant
  std::string region;  // a county
  int rounds = 10;
  double limit_seconds = 5;
};

// Grants, waits until every service lets the person in, takes it back, and measures from the answer
// of RevokeGrant until each service refuses. Prints the figures; 1 when one is over the limit.
int MeasureRevocation(const RevocationOptions& options);

}  // namespace bangfu::probe
