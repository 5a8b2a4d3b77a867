#include "common/inbox/walks_for_test.h"
#include "gtest/gtest-spi.h"

namespace bangfu::inbox {
namespace {

const Walk kWalk({"WALKED"});

TEST(Walks, AKindThatNoWalkGoesByIsFound) {
  ExpectAllWalked({{"WALKED", "", ""}});
  EXPECT_NONFATAL_FAILURE(ExpectAllWalked({{"WALKED", "", ""}, {"LEFT_OUT", "", ""}}),
                          "no walk compares the items of LEFT_OUT");
  ExpectAllWalked({{"WALKED", "", ""}, {"LEFT_OUT", "", ""}}, {{"LEFT_OUT", "walked at home"}});
}

TEST(Walks, AnExcuseNeedsAReasonAndAKindThatIsNotWalked) {
  EXPECT_NONFATAL_FAILURE(
      ExpectAllWalked({{"WALKED", "", ""}, {"LEFT_OUT", "", ""}}, {{"LEFT_OUT", ""}}),
      "without a reason");
  EXPECT_NONFATAL_FAILURE(ExpectAllWalked({{"WALKED", "", ""}}, {{"WALKED", "elsewhere"}}),
                          "is excused, but walked");
  EXPECT_NONFATAL_FAILURE(ExpectAllWalked({{"WALKED", "", ""}}, {{"GONE", "elsewhere"}}),
                          "no kind of this service");
}

}  // namespace
}  // namespace bangfu::inbox
