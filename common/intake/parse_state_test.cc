#include "common/intake/parse_state.h"

#include "common/base/strings.h"
#include "gtest/gtest.h"

namespace bangfu::intake {
namespace {

TEST(ParseState, IsToldByItsOwnName) {
  using printed::ParseState;
  for (const ParseState state :
       {ParseState::kExact, ParseState::kApproximate, ParseState::kRange, ParseState::kMasked,
        ParseState::kAbsent, ParseState::kSplitUnknown}) {
    EXPECT_EQ(type::v1::AmountParseState_Name(ParseStateOf(state)),
              Cat("AMOUNT_PARSE_STATE_", printed::ParseStateName(state)));
  }
}

}  // namespace
}  // namespace bangfu::intake
