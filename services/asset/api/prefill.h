// What the asset service's forms are filled with before a person sees them (预填, R129).
#pragma once

#include <map>
#include <string>

#include "common/dictionary/service.h"

namespace bangfu::asset::api {

// By the full name of the form's rpc. RegisterAsset and RecordLinkage start from a project,
// SignContract from an asset, RecordIncome from a contract, PayDividend from a dividend,
// UpdateLinkageCounts from a linkage.
// One form is the registry's: SubmitOperationReport, of a project and a month, is offered the work
// that is recorded here.
std::map<std::string, dictionary::Prefiller, std::less<>> Prefills();

}  // namespace bangfu::asset::api
