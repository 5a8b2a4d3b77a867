// What goes into the engine and out of it: criteria are checked and hashed once, every snapshot is
// checked and brought into its canonical order before a rule reads it (decision.h).
#include "services/evaluation/domain/engine.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/bp.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/domain/decision.h"

namespace bangfu::evaluation {

namespace {

constexpr int64_t kRawLimit = int64_t{1} << 60;  // differences stay inside 64 bits

absl::Status InvalidSnapshot(std::string_view field, std::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, "SNAPSHOT_INVALID")
      .Zh(Cat("评估数据有误：", why))
      .Field(field, why)
      .Build();
}

}  // namespace

absl::StatusOr<Engine> Engine::Create(CriteriaSet criteria) {
  RETURN_IF_ERROR(Validate(criteria));
  std::string json = CanonicalJson(criteria);
  Engine engine;
  engine.hash_ = Sha256Hex(json);
  // The canonical order, so that equal hashes give equal bytes.
  ASSIGN_OR_RETURN(engine.criteria_, ParseCriteria(json));
  for (const DimensionDef& d : engine.criteria_.dimensions) {
    std::vector<size_t>& members = engine.members_.emplace_back();
    for (size_t i = 0; i < engine.criteria_.indicators.size(); ++i) {
      if (engine.criteria_.indicators[i].dimension == d.code) members.push_back(i);
    }
  }
  return engine;
}

absl::StatusOr<Outcome> Engine::Evaluate(const Snapshot& given) const {
  if (given.subject_id.empty()) return InvalidSnapshot("subject_id", "没有评估对象");
  if (given.subject_type == SubjectType::kUnspecified) {
    return InvalidSnapshot("subject_type", "没有注明对象类型");
  }
  if (given.is_void) return FailedPrecondition("SUBJECT_VOID", "对象已作废，不能评估");
  if (!given.county_verified) {
    return FailedPrecondition("SUBJECT_NOT_VERIFIED", "对象未经县级核实，不能评估");
  }
  Snapshot snapshot = given;
  Normalise(snapshot);
  for (size_t i = 0; i < snapshot.values.size(); ++i) {
    const FactValue& v = snapshot.values[i];
    if (i > 0 && v.code == snapshot.values[i - 1].code) {
      return InvalidSnapshot("values", Cat("指标 ", v.code, " 重复"));
    }
    if (v.number > kRawLimit || v.number < -kRawLimit) {
      return InvalidSnapshot("values", Cat("指标 ", v.code, " 的数值超出范围"));
    }
    if (v.unit.empty()) continue;
    auto def = std::lower_bound(
        criteria_.indicators.begin(), criteria_.indicators.end(), v.code,
        [](const IndicatorDef& d, const std::string& code) { return d.code < code; });
    if (def != criteria_.indicators.end() && def->code == v.code && def->unit != v.unit) {
      return InvalidSnapshot("values", Cat("指标 ", v.code, " 的单位应为 ", def->unit));
    }
  }
  for (size_t i = 0; i < snapshot.aggregated.size(); ++i) {
    const AggregatedDimension& a = snapshot.aggregated[i];
    if (i > 0 && a.code == snapshot.aggregated[i - 1].code) {
      return InvalidSnapshot("aggregated", Cat("维度 ", a.code, " 重复"));
    }
    if (a.score_bp < 0 || a.score_bp > kBpOne || a.coverage_bp < 0 || a.coverage_bp > kBpOne) {
      return InvalidSnapshot("aggregated", Cat("维度 ", a.code, " 的得分超出范围"));
    }
  }
  if (snapshot.facts.life_expired_share_bp < 0 || snapshot.facts.life_expired_share_bp > kBpOne) {
    return InvalidSnapshot("facts.life_expired_share_bp", "占比应在 0 到 10000 之间");
  }
  if (snapshot.facts.cultivation_months < 0 || snapshot.facts.cultivation_months > 1200) {
    return InvalidSnapshot("facts.cultivation_months", "培育期月数超出范围");
  }

  Outcome outcome;
  outcome.snapshot_json = bangfu::evaluation::CanonicalJson(snapshot);
  Explanation& e = outcome.explanation;
  e.criteria_version = criteria_.version_no;
  e.criteria_hash = hash_;
  e.snapshot_hash = Sha256Hex(outcome.snapshot_json);
  e.subject_type = snapshot.subject_type;
  e.subject_id = snapshot.subject_id;
  e.period = snapshot.period;
  Decision(*this, snapshot, e).Run();
  outcome.explanation_json = bangfu::evaluation::CanonicalJson(e);
  return outcome;
}

absl::StatusOr<Outcome> Evaluate(const CriteriaSet& criteria, const Snapshot& snapshot) {
  ASSIGN_OR_RETURN(Engine engine, Engine::Create(criteria));
  return engine.Evaluate(snapshot);
}

}  // namespace bangfu::evaluation
