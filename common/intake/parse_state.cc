#include "common/intake/parse_state.h"

namespace bangfu::intake {

type::v1::AmountParseState ParseStateOf(printed::ParseState state) {
  using printed::ParseState;
  switch (state) {
    case ParseState::kExact:
      return type::v1::AMOUNT_PARSE_STATE_EXACT;
    case ParseState::kApproximate:
      return type::v1::AMOUNT_PARSE_STATE_APPROXIMATE;
    case ParseState::kRange:
      return type::v1::AMOUNT_PARSE_STATE_RANGE;
    case ParseState::kMasked:
      return type::v1::AMOUNT_PARSE_STATE_MASKED;
    case ParseState::kAbsent:
      return type::v1::AMOUNT_PARSE_STATE_ABSENT;
    case ParseState::kSplitUnknown:
      return type::v1::AMOUNT_PARSE_STATE_SPLIT_UNKNOWN;
  }
  return type::v1::AMOUNT_PARSE_STATE_UNSPECIFIED;
}

}  // namespace bangfu::intake
