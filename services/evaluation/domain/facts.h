// The input of one evaluation: a closed set of facts with their origin. It is stored as one blob,
// so that any evaluation can be computed again to the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

// The raw value of one indicator.
struct FactValue {
  std::string code;  // indicator code
  FactState state = FactState::kMissing;
  int64_t number = 0;    // of a number, in the unit of the indicator
  std::string category;  // of a category
  std::string unit;
  FactSource source = FactSource::kUnspecified;
  std::string source_record;
  std::optional<absl::CivilDay> as_of;
  friend bool operator==(const FactValue&, const FactValue&) = default;
};

// Where a rule fact comes from, by the name of the fact ("damaged_irreparable").
struct FactEvidence {
  std::string name;
  FactSource source = FactSource::kUnspecified;
  std::string source_record;
  std::optional<absl::CivilDay> as_of;
  friend bool operator==(const FactEvidence&, const FactEvidence&) = default;
};

// A short board (短板) already on record and not completed.
struct OpenShortBoard {
  std::string id;
  ShortBoardKind kind = ShortBoardKind::kUnspecified;
  std::string link;  // chain link code, or ""
  friend bool operator==(const OpenShortBoard&, const OpenShortBoard&) = default;
};

// A measure that may be suggested, and for what: kOptionForCause, kOptionForPath with the path, or
// a short board "KIND" or "KIND/LINK".
inline constexpr std::string_view kOptionForCause = "CAUSE";
inline constexpr std::string_view kOptionForPath = "PATH_";
struct MeasureOption {
  std::string reason;
  int64_t rank = 0;  // suggested in this order
  std::string code;
  std::string name_zh;
  RevitalizeCategory category = RevitalizeCategory::kUnspecified;
  friend bool operator==(const MeasureOption&, const MeasureOption&) = default;
};

struct RuleFacts {
  bool damaged_irreparable = false;  // all productive assets
  bool no_revital_value = false;
  std::string appraisal_id;  // of no_revital_value; without one the fact does not count
  std::optional<absl::CivilDay> appraisal_valid_until;
  int64_t life_expired_share_bp = 0;  // by value
  bool tech_backward = false;
  std::string cause;  // code of the CAUSE list; "" = none named
  Feasibility revitalise_feasible = Feasibility::kUnknown;
  bool open_red = false;
  bool open_fund_case = false;
  bool is_public_welfare_only = false;
  bool has_operating_assets = true;
  std::vector<std::string> missing_links;  // applicable chain links that are not there
  std::vector<OpenShortBoard> open_short_boards;
  std::optional<absl::CivilDay> production_start;
  std::optional<absl::CivilDay> planting_date;
  int64_t cultivation_months = 0;              // of the industry; 0 = none
  bool maintenance_inspection_failed = false;  // ends the shelter of the cultivation period
  std::vector<FactEvidence> evidence;
  friend bool operator==(const RuleFacts&, const RuleFacts&) = default;
};

// INDUSTRY only: a dimension as the value-weighted mean of the projects (industry.h).
struct AggregatedDimension {
  std::string code;
  FactState state = FactState::kMissing;
  int64_t score_bp = 0;
  int64_t coverage_bp = 0;
  friend bool operator==(const AggregatedDimension&, const AggregatedDimension&) = default;
};

// INDUSTRY only: the classes of its projects.
struct ClassCount {
  Result result = Result::kUnspecified;
  int64_t projects = 0;
  int64_t value_fen = 0;
  friend bool operator==(const ClassCount&, const ClassCount&) = default;
};

struct Snapshot {
  SubjectType subject_type = SubjectType::kProject;
  std::string subject_id;
  std::string period;  // "2026-Q3"
  absl::CivilDay period_end;
  Stage stage = Stage::kUnspecified;  // PROJECT only
  bool county_verified = false;
  bool is_void = false;
  std::optional<absl::CivilDay> planned_end;  // approved extensions included
  RuleFacts facts;
  std::vector<FactValue> values;
  std::vector<MeasureOption> measures;  // as the code lists were (measures.h)
  std::vector<AggregatedDimension> aggregated;
  std::vector<ClassCount> distribution;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// Puts every list into its canonical order. Order never carries meaning in a snapshot.
void Normalise(Snapshot& snapshot);

// Canonical JSON: independent of the order of the lists.
std::string CanonicalJson(const Snapshot& snapshot);
// INVALID_ARGUMENT SNAPSHOT_MALFORMED on anything that CanonicalJson would not write.
absl::StatusOr<Snapshot> ParseSnapshot(std::string_view json);
// SHA-256 of the canonical JSON, 64 lower-case digits.
std::string SnapshotHash(const Snapshot& snapshot);

// What is known of the use of a subject's operating assets.
struct UseFacts {
  bool ever_produced = false;
  bool in_use = false;         // all operating assets
  bool partly_in_use = false;  // some
  bool declared_off_season = false;
  int64_t stopped_months = 0;
};
// The operating status category of D2-01: NORMAL, SEASONAL, PARTIAL, SUSPENDED, IDLE, NOT_STARTED.
std::string_view OperatingStatus(Stage stage, const UseFacts& use);

}  // namespace bangfu::evaluation
