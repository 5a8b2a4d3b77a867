#include "services/evaluation/domain/industry.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "common/base/bp.h"

namespace bangfu::evaluation {

namespace {

// Fen up to 2^53 (90 billion yuan) times basis points over thousands of projects: 128 bits inside.
__extension__ using Wide = __int128;

int64_t DivideHalfUp(Wide sum, Wide weight) {
  Wide twice = 2 * sum + weight;
  Wide quotient = twice / (2 * weight);
  if (twice % (2 * weight) < 0) --quotient;
  return static_cast<int64_t>(quotient);
}

struct Weighted {
  const ProjectContribution* project;
  int64_t weight;
};

// Value-weighted mean of those that have the value.
template <typename Get>
std::optional<int64_t> Mean(std::span<const Weighted> projects, Get get) {
  Wide sum = 0;
  Wide weight = 0;
  for (const Weighted& w : projects) {
    if (std::optional<int64_t> value = get(*w.project)) {
      sum += static_cast<Wide>(*value) * w.weight;
      weight += w.weight;
    }
  }
  if (weight == 0) return std::nullopt;
  return DivideHalfUp(sum, weight);
}

void Put(Snapshot& industry, std::string_view code, std::string_view unit,
         std::optional<int64_t> number, std::string_view category = "") {
  std::erase_if(industry.values, [&](const FactValue& v) { return v.code == code; });
  FactValue& v = industry.values.emplace_back();
  v.code = code;
  v.unit = unit;
  v.source = FactSource::kAsset;
  v.source_record = "project-aggregate";
  v.as_of = industry.period_end;
  v.state = number || !category.empty() ? FactState::kPresent : FactState::kMissing;
  v.number = number.value_or(0);
  v.category = category;
}

}  // namespace

ProjectContribution ContributionOf(const Explanation& project, int64_t value_fen) {
  ProjectContribution c;
  c.value_fen = value_fen;
  c.result = project.result;
  c.dimensions = project.dimensions;
  for (const IndicatorTrace& x : project.indicators) {
    if (x.state != FactState::kPresent || x.raw.empty()) continue;
    int64_t number = 0;
    if (x.code == "D2-01") {
      c.status = x.raw;
    } else if (x.code == "D2-02" && absl::SimpleAtoi(x.raw, &number)) {
      c.idle_months = number;
    } else if (x.code == "D2-03" && absl::SimpleAtoi(x.raw, &number)) {
      c.margin_bp = number;
    } else if (x.code == "D3-02" && absl::SimpleAtoi(x.raw, &number)) {
      c.received_bp = number;
    }
  }
  return c;
}

void AggregateIndustry(const CriteriaSet& criteria, std::span<const ProjectContribution> projects,
                       Snapshot& industry) {
  industry.subject_type = SubjectType::kIndustry;
  industry.aggregated.clear();
  industry.distribution.clear();

  std::vector<Weighted> counted;
  bool any_value = false;
  for (const ProjectContribution& p : projects) {
    auto row = std::find_if(industry.distribution.begin(), industry.distribution.end(),
                            [&p](const ClassCount& c) { return c.result == p.result; });
    if (row == industry.distribution.end()) {
      row = industry.distribution.insert(row, ClassCount{p.result, 0, 0});
    }
    ++row->projects;
    row->value_fen += p.value_fen;
    if (p.result == Result::kNotApplicable) continue;
    counted.push_back({&p, std::max<int64_t>(p.value_fen, 0)});
    any_value |= p.value_fen > 0;
  }
  if (!any_value) {
    for (Weighted& w : counted) w.weight = 1;
  }

  for (const DimensionDef& d : criteria.dimensions) {
    if (!d.industry_aggregate) continue;
    Wide applicable = 0;
    Wide scored = 0;
    Wide sum = 0;
    Wide covered = 0;
    for (const Weighted& w : counted) {
      for (const DimensionTrace& t : w.project->dimensions) {
        if (t.code != d.code || t.state == FactState::kNotApplicable) continue;
        applicable += w.weight;
        covered += static_cast<Wide>(w.weight) * t.coverage_bp;
        if (t.score_bp) {
          scored += w.weight;
          sum += static_cast<Wide>(w.weight) * *t.score_bp;
        }
      }
    }
    AggregatedDimension& a = industry.aggregated.emplace_back();
    a.code = d.code;
    if (applicable == 0) {
      // Nothing to judge is not a gap, unless there is no project at all.
      a.state = counted.empty() ? FactState::kMissing : FactState::kNotApplicable;
      continue;
    }
    a.coverage_bp = DivideHalfUp(covered, applicable);
    if (scored == 0 || scored * kBpOne < applicable * criteria.Get(Param::kMinPresent)) continue;
    a.state = FactState::kPresent;
    a.score_bp = DivideHalfUp(sum, scored);
  }

  Wide known = 0;
  Wide normal = 0;
  std::vector<std::pair<int64_t, int64_t>> idle;  // months, weight
  for (const Weighted& w : counted) {
    if (!w.project->status.empty()) {
      known += w.weight;
      bool running = w.project->status == "NORMAL" || w.project->status == "SEASONAL";
      if (running) normal += w.weight;
    }
    if (w.project->idle_months) idle.emplace_back(*w.project->idle_months, w.weight);
  }
  std::string_view status;
  if (known > 0) {
    auto reaches = [&](Wide part, Param param) {
      return part * kBpOne >= known * criteria.Get(param);
    };
    status = reaches(normal, Param::kIndustryNormalShare)    ? "NORMAL"
             : reaches(normal, Param::kIndustryPartialShare) ? "PARTIAL"
                                                             : "SUSPENDED";
  }
  Put(industry, "D2-01", "code", std::nullopt, status);

  // The smallest number of months that at least half of the value does not exceed.
  std::optional<int64_t> median;
  if (!idle.empty()) {
    std::sort(idle.begin(), idle.end());
    Wide total = 0;
    for (const auto& [months, weight] : idle) total += weight;
    Wide below = 0;
    for (const auto& [months, weight] : idle) {
      below += weight;
      median = months;
      if (below * 2 >= total) break;
    }
  }
  Put(industry, "D2-02", "month", median);
  Put(industry, "D2-03", "bp", Mean(counted, [](const auto& p) { return p.margin_bp; }));
  Put(industry, "D3-02", "bp", Mean(counted, [](const auto& p) { return p.received_bp; }));
  Normalise(industry);
}

}  // namespace bangfu::evaluation
