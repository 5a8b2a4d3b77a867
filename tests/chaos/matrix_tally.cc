#include "tests/chaos/matrix_tally.h"

#include <cstdio>

#include "common/base/strings.h"
#include "tests/chaos/matrix_exemptions.h"

namespace bangfu::probe {

namespace {
constexpr char kDone[] = "OK";
}  // namespace

void MatrixTally::Add(const std::string& service, const std::string& rpc, int role,
                      const std::string& outcome, const std::string& detail) {
  Outcomes& outcomes = rpcs_[rpc][service];
  outcomes.details.try_emplace(outcome, detail);
  outcomes.by_role[role].insert(outcome);
}

bool MatrixTally::Done(const std::string& service, const std::string& rpc) const {
  const auto of = rpcs_.find(rpc);
  if (of == rpcs_.end()) return false;
  const auto at = of->second.find(service);
  return at != of->second.end() && at->second.details.contains(kDone);
}

int MatrixTally::Report() const {
  int wrong = 0, done = 0, rpcs = 0, pairs = 0, done_pairs = 0;
  std::map<std::string, int> reasons;
  std::set<std::string> used;
  for (const auto& [rpc, services] : rpcs_) {
    for (const auto& [service, outcomes] : services) {
      ++rpcs;
      for (const auto& [role, came] : outcomes.by_role) {
        ++pairs;
        done_pairs += came.contains(kDone) ? 1 : 0;
      }
      if (outcomes.details.contains(kDone)) {
        ++done;
        continue;
      }
      const auto known = RefusedToAll().find(rpc);
      if (known != RefusedToAll().end() && outcomes.details.contains(known->second.outcome)) {
        used.insert(rpc);
        ++reasons[known->second.outcome];
        continue;
      }
      ++wrong;
      std::printf("%s %s: done for nobody\n", service.c_str(), rpc.c_str());
      for (const auto& [outcome, detail] : outcomes.details) {
        std::printf("    %s %s\n", outcome.c_str(), detail.c_str());
      }
    }
  }
  for (const auto& [rpc, refusal] : RefusedToAll()) {
    if (used.contains(rpc)) continue;
    ++wrong;
    std::printf("%s: accounted for as %s, in vain\n", rpc.c_str(), refusal.outcome.c_str());
  }
  std::printf("%d of %d rpcs are done, for %d of %d rpcs and roles\n", done, rpcs, done_pairs,
              pairs);
  for (const auto& [reason, count] : reasons) {
    std::printf("%4d refused by right: %s\n", count, reason.c_str());
  }
  return wrong;
}

}  // namespace bangfu::probe
