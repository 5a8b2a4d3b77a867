// How far a printed text was understood, as the contracts tell it.
#pragma once

#include "bangfu/type/v1/common.pb.h"
#include "common/printed/amount.h"

namespace bangfu::intake {

type::v1::AmountParseState ParseStateOf(printed::ParseState state);

}  // namespace bangfu::intake
