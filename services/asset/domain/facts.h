// The facts of one project that its assets, contracts and links with households give (domain §4.2,
// §4.4): pure arithmetic over what the store has read.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/base/ulid.h"
#include "services/asset/domain/types.h"

namespace bangfu::asset {

inline constexpr int kFactMonths = 36;  // months shown, the current one included

// One asset in force (ACTIVE or LOCKED_FOR_DISPOSAL) of the project.
struct FactAsset {
  Ulid id;
  AssetClass asset_class = AssetClass::kUnspecified;
  int64_t value_fen = 0;  // the project's part of it
  bool value_exact = true;
  UseState use = UseState::kUnspecified;
  absl::CivilDay use_since;
  std::optional<absl::CivilDay> idle_since;
  int32_t in_use_share_bp = 0;
  bool irreparable = false;
  bool ever_used = false;
  std::optional<absl::CivilDay> expires;
  std::optional<absl::CivilDay> cultivation_ends;
  std::optional<absl::CivilDay> planted;
  Inspection last_inspection = Inspection::kUnspecified;
  bool om_person = false;
  bool om_rules = false;
  bool om_money = false;
  OperateMode mode = OperateMode::kUnspecified;
  std::string operator_uscc;
  bool has_contract = false;  // running on the day of computation
  std::optional<absl::CivilDay> contract_ends;
};

struct FactMonth {
  int64_t received_fen = 0;
  int64_t due_fen = 0;
  int64_t received_of_due_fen = 0;
  int64_t dues_unknown = 0;
  int64_t dividend_declared_fen = 0;
  int64_t dividend_paid_fen = 0;
  int64_t household_income_fen = 0;
  int64_t person_days = 0;
  int64_t poor_person_days = 0;
  int64_t wages_fen = 0;
  int64_t public_post_wages_fen = 0;
  int64_t poor_post_days = 0;  // of poor_person_days, on public posts
  friend bool operator==(const FactMonth&, const FactMonth&) = default;
};

// A running link with households.
struct FactLinkage {
  std::string mode;
  int64_t households = 0;
  int64_t poor_households = 0;
  int64_t monitored_households = 0;
};

// A link that has begun, running or ended, with its households by the day since which they hold.
struct FactLink {
  std::string mode;
  absl::CivilDay start;
  std::optional<absl::CivilDay> end;
  std::map<absl::CivilDay, int64_t> households;
};

struct FactOperator {
  bool in_good_standing = false;
  bool qualified = false;
  std::optional<absl::CivilDay> qualification_ends;
};

struct FactInput {
  Ulid project_id;
  std::string region_path;
  std::vector<FactAsset> assets;
  std::map<std::string, FactMonth> months;  // "2026-10"
  std::vector<FactLinkage> linkages;
  std::vector<FactLink> links;
  std::map<std::string, FactOperator> operators;  // by USCC; missing = the registry knows none
  std::vector<Ulid> contract_ids;
  bool income_reported = false;
  bool employment_reported = false;
  bool household_income_reported = false;
  bool linkage_reported = false;
};

struct Facts {
  Ulid project_id;
  std::string region_path;
  int64_t asset_count = 0;
  bool has_operating_assets = false;
  bool public_welfare_only = false;
  int64_t operating_asset_count = 0;
  int64_t operating_original_value_fen = 0;
  int64_t in_use_value_fen = 0;
  int64_t cultivating_value_fen = 0;
  bool operating_value_confirmed = true;
  int64_t total_original_value_fen = 0;
  std::map<absl::CivilDay, int64_t> expiring_values;
  OperatingStatus status = OperatingStatus::kUnspecified;
  std::optional<absl::CivilDay> idle_since;
  bool ever_used = false;
  bool damaged_irreparable = false;
  std::optional<absl::CivilDay> cultivation_ends;
  std::optional<absl::CivilDay> planted;
  bool inspection_failed = false;
  bool has_contract = false;
  std::optional<absl::CivilDay> contract_ends;
  bool operator_known = false;
  bool in_good_standing = false;
  bool qualified = false;
  std::optional<absl::CivilDay> qualification_ends;
  std::set<std::string> operator_usccs;
  bool om_person = false;
  bool om_rules = false;
  bool om_money = false;
  std::map<std::string, FactMonth> months;
  bool income_reported = false;
  bool dividend_declared = false;
  int64_t linked_households = 0;
  int64_t linked_poor_households = 0;
  int64_t linked_monitored_households = 0;
  // By the month from which it holds, up to the next one: the most households linked on one day of
  // the month; nullopt: not known.
  std::map<std::string, std::optional<int64_t>> households_by_month;
  std::set<std::string> linkage_modes;
  bool linkage_reported = false;
  bool employment_reported = false;
  bool household_income_reported = false;
  std::vector<Ulid> asset_ids;
  std::vector<Ulid> contract_ids;
};

Facts ComputeFacts(const FactInput& input, absl::CivilDay today);

// A part of a sum: `weight` of `whole`, standing behind `before`. Parts in order of `before` add up
// to the sum exactly, for reversals (below zero) too.
struct Part {
  int64_t before = 0;
  int64_t weight = 1;
  int64_t whole = 1;
};
int64_t PartOf(int64_t total, const Part& part);

// The day since which half of the value has been idle: the weighted median of the idle days, the
// earlier one on a tie. nullopt when nothing is idle.
std::optional<absl::CivilDay> IdleMedian(std::vector<std::pair<absl::CivilDay, int64_t>> idle);

}  // namespace bangfu::asset
