#include "services/evaluation/domain/facts.h"

#include <algorithm>
#include <tuple>

#include "common/base/digest.h"
#include "common/status/macros.h"
#include "services/evaluation/domain/canonical_json.h"

namespace bangfu::evaluation {

template <typename Archive>
void Fields(Archive& ar, FactValue& x) {
  ar.Field("as_of", x.as_of);
  ar.Field("category", x.category);
  ar.Field("code", x.code);
  ar.Field("number", x.number);
  ar.Field("source", x.source);
  ar.Field("source_record", x.source_record);
  ar.Field("state", x.state);
  ar.Field("unit", x.unit);
}

template <typename Archive>
void Fields(Archive& ar, FactEvidence& x) {
  ar.Field("as_of", x.as_of);
  ar.Field("name", x.name);
  ar.Field("source", x.source);
  ar.Field("source_record", x.source_record);
}

template <typename Archive>
void Fields(Archive& ar, OpenShortBoard& x) {
  ar.Field("id", x.id);
  ar.Field("kind", x.kind);
  ar.Field("link", x.link);
}

template <typename Archive>
void Fields(Archive& ar, RuleFacts& x) {
  ar.Field("appraisal_id", x.appraisal_id);
  ar.Field("appraisal_valid_until", x.appraisal_valid_until);
  ar.Field("cause", x.cause);
  ar.Field("cultivation_months", x.cultivation_months);
  ar.Field("damaged_irreparable", x.damaged_irreparable);
  ar.Field("evidence", x.evidence);
  ar.Field("has_operating_assets", x.has_operating_assets);
  ar.Field("is_public_welfare_only", x.is_public_welfare_only);
  ar.Field("life_expired_share_bp", x.life_expired_share_bp);
  ar.Field("maintenance_inspection_failed", x.maintenance_inspection_failed);
  ar.Field("missing_links", x.missing_links);
  ar.Field("no_revital_value", x.no_revital_value);
  ar.Field("open_fund_case", x.open_fund_case);
  ar.Field("open_red", x.open_red);
  ar.Field("open_short_boards", x.open_short_boards);
  ar.Field("planting_date", x.planting_date);
  ar.Field("production_start", x.production_start);
  ar.Field("revitalise_feasible", x.revitalise_feasible);
  ar.Field("tech_backward", x.tech_backward);
}

template <typename Archive>
void Fields(Archive& ar, AggregatedDimension& x) {
  ar.Field("code", x.code);
  ar.Field("coverage_bp", x.coverage_bp);
  ar.Field("score_bp", x.score_bp);
  ar.Field("state", x.state);
}

template <typename Archive>
void Fields(Archive& ar, MeasureOption& x) {
  ar.Field("category", x.category);
  ar.Field("code", x.code);
  ar.Field("name_zh", x.name_zh);
  ar.Field("rank", x.rank);
  ar.Field("reason", x.reason);
}

template <typename Archive>
void Fields(Archive& ar, Snapshot& x) {
  ar.Field("aggregated", x.aggregated);
  ar.Field("county_verified", x.county_verified);
  ar.Field("distribution", x.distribution);
  ar.Field("facts", x.facts);
  ar.Field("is_void", x.is_void);
  ar.Field("measures", x.measures);
  ar.Field("period", x.period);
  ar.Field("period_end", x.period_end);
  ar.Field("planned_end", x.planned_end);
  ar.Field("stage", x.stage);
  ar.Field("subject_id", x.subject_id);
  ar.Field("subject_type", x.subject_type);
  ar.Field("values", x.values);
}

namespace {

auto Key(const FactValue& x) {
  return std::tie(x.code, x.state, x.number, x.category, x.unit, x.source, x.source_record,
                  x.as_of);
}
auto Key(const FactEvidence& x) { return std::tie(x.name, x.source, x.source_record, x.as_of); }
auto Key(const OpenShortBoard& x) { return std::tie(x.kind, x.link, x.id); }
auto Key(const AggregatedDimension& x) {
  return std::tie(x.code, x.state, x.score_bp, x.coverage_bp);
}
auto Key(const MeasureOption& x) {
  return std::tie(x.rank, x.reason, x.code, x.name_zh, x.category);
}
auto Key(const ClassCount& x) { return std::tie(x.result, x.projects, x.value_fen); }
const std::string& Key(const std::string& x) { return x; }

template <typename T>
bool Less(const T& a, const T& b) {
  return Key(a) < Key(b);
}

template <typename T>
bool Sorted(const std::vector<T>& list) {
  return std::is_sorted(list.begin(), list.end(), Less<T>);
}

bool IsNormal(const Snapshot& s) {
  const auto& links = s.facts.missing_links;
  return Sorted(s.values) && Sorted(s.facts.evidence) && Sorted(s.facts.open_short_boards) &&
         Sorted(s.measures) && Sorted(s.aggregated) && Sorted(s.distribution) && Sorted(links) &&
         std::adjacent_find(links.begin(), links.end()) == links.end();
}

std::string Write(const Snapshot& snapshot) {
  std::string out;
  out.reserve(6144);
  json::Writer(out).Value(snapshot);
  return out;
}

}  // namespace

void Normalise(Snapshot& s) {
  auto sort = []<typename T>(std::vector<T>& list) {
    std::sort(list.begin(), list.end(), Less<T>);
  };
  sort(s.values);
  sort(s.facts.evidence);
  sort(s.facts.open_short_boards);
  sort(s.measures);
  sort(s.aggregated);
  sort(s.distribution);
  auto& links = s.facts.missing_links;
  sort(links);
  links.erase(std::unique(links.begin(), links.end()), links.end());
}

std::string CanonicalJson(const Snapshot& snapshot) {
  if (IsNormal(snapshot)) return Write(snapshot);
  Snapshot normal = snapshot;
  Normalise(normal);
  return Write(normal);
}

absl::StatusOr<Snapshot> ParseSnapshot(std::string_view json) {
  Snapshot snapshot;
  RETURN_IF_ERROR(json::Parse(json, "SNAPSHOT_MALFORMED", snapshot));
  return snapshot;
}

std::string SnapshotHash(const Snapshot& snapshot) { return Sha256Hex(CanonicalJson(snapshot)); }

std::string_view OperatingStatus(Stage stage, const UseFacts& use) {
  if (!use.ever_produced || stage == Stage::kUnderConstruction || stage == Stage::kPaused ||
      stage == Stage::kCompleted) {
    return "NOT_STARTED";
  }
  if (use.in_use) return "NORMAL";
  if (use.declared_off_season) return "SEASONAL";
  if (use.partly_in_use) return "PARTIAL";
  return use.stopped_months < 6 ? "SUSPENDED" : "IDLE";
}

}  // namespace bangfu::evaluation
