// What the matrix test leaves out, each with its reason.
#pragma once

#include <map>
#include <string>

namespace bangfu::probe {

// What is not of the county though its request names a record or a region, and why.
const std::map<std::string, std::string>& NotRegional();
// What has nothing to show of the county of the sample, and why.
const std::map<std::string, std::string>& AlikeEverywhere();
// What serves the clauses of another rpc, which its contract can not name, and whose.
const std::map<std::string, std::string>& OfTheClausesOfItsStep();
// Writes about a county's record that no grant is narrowed for by money or industry, and why.
const std::map<std::string, std::string>& NotNarrowed();

// Those that nobody can do in this world as it is, by code and reason, and why.
struct Refusal {
  std::string outcome, why;
};
const std::map<std::string, Refusal>& RefusedToAll();

}  // namespace bangfu::probe
