// No kind of work is without a walk that compares its items with the states.
#include "common/inbox/walks_for_test.h"
#include "services/asset/jobs/work_kinds.h"

namespace bangfu::asset {
namespace {

TEST(WalksTest, R002_EveryKindOfWorkIsWalked) { inbox::ExpectAllWalked(WorkKinds()); }

}  // namespace
}  // namespace bangfu::asset
