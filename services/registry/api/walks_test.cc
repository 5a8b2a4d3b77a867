// No kind of work is without a walk that compares its items with the states.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/flag/work.h"
#include "common/inbox/walks_for_test.h"
#include "common/runtime/standard_parts.h"
#include "services/registry/jobs/work_kinds.h"

namespace bangfu::registry {
namespace {

// A room of the standard parts walks its own kinds where it is at home, and guards them there.
std::map<std::string, std::string> WalkedAtHome() {
  std::map<std::string, std::string> out;
  for (const inbox::Kind& kind : flag::WorkKinds()) out[kind.code] = "common/flag/service_test.cc";
  return out;
}

TEST(WalksTest, R002_EveryKindOfWorkIsWalked) {
  std::vector<inbox::Kind> kinds = WorkKinds();
  // What every service has beside its own.
  for (inbox::Kind& kind : runtime::StandardWorkKinds()) kinds.push_back(std::move(kind));
  inbox::ExpectAllWalked(kinds, WalkedAtHome());
}

}  // namespace
}  // namespace bangfu::registry
