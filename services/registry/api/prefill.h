// What the registry's forms are filled with before a person sees them (预填, R129).
#pragma once

#include <map>
#include <string>

#include "common/dictionary/service.h"

namespace bangfu::registry {

// By the full name of the form's rpc. RegisterProject starts from a village (region_code),
// SubmitOperationReport from a project and a month, the steps of a village report and a
// department's signature from the report, CreateShortBoard from a county industry or a project.
std::map<std::string, dictionary::Prefiller, std::less<>> Prefills();

}  // namespace bangfu::registry
