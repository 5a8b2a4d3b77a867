// Income of the households that a project is linked with (带动增收), by month, out of its asset
// facts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bangfu/asset/v1/events.pb.h"

namespace bangfu::evaluation {

// What the facts of a project say of it, and no more: a county's projects are held at once.
struct ProjectIncome {
  std::map<std::string, int64_t> income_fen;  // by month: "2026-10"
  // By the month from which it holds; nullopt: not known. Empty: nothing is known of any month.
  std::map<std::string, std::optional<int64_t>> linked;
  int64_t linked_now = 0;
  int64_t linked_most = 0;  // above 0
};

// nullopt: not reported, which is no series of zeros; or of nobody that is known, which is no
// household's.
std::optional<ProjectIncome> ReadProjectIncome(const asset::v1::ProjectAssetFacts& facts);

// Households linked in a month, or that its income went to. nullopt: not known.
std::optional<int64_t> HouseholdsOf(const ProjectIncome& project, const std::string& month);

}  // namespace bangfu::evaluation
