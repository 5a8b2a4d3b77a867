// What the registry adds to the dictionary: the contracts of every area, the code lists, the
// taxonomy of industries.
#pragma once

#include "common/dictionary/service.h"

namespace bangfu::registry {

// The lists of the current taxonomy beside the code lists: INDUSTRY_CATEGORY (majors and
// specialities) and CHAIN_LINK.
inline constexpr char kIndustryList[] = "INDUSTRY_CATEGORY";
inline constexpr char kChainLinkList[] = "CHAIN_LINK";

dictionary::Options MakeDictionaryOptions();

}  // namespace bangfu::registry
