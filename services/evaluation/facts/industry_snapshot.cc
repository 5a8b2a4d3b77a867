#include <algorithm>
#include <functional>
#include <utility>

#include "common/base/strings.h"
#include "services/evaluation/facts/snapshot_builder.h"
#include "services/evaluation/facts/snapshot_values.h"

namespace bangfu::evaluation {

namespace {

namespace reg = registry::v1;

// Value-weighted mean of a figure of the projects; projects without any value weigh alike.
std::optional<int64_t> WeightedMean(
    const std::vector<IndustryProject>& projects,
    const std::function<std::optional<int64_t>(const IndustryProject&)>& get) {
  bool any_value = std::any_of(projects.begin(), projects.end(), [&](const IndustryProject& p) {
    return p.contribution.value_fen > 0 && get(p);
  });
  __extension__ using Wide = __int128;
  Wide sum = 0;
  Wide weight = 0;
  for (const IndustryProject& p : projects) {
    std::optional<int64_t> value = get(p);
    if (!value) continue;
    int64_t w = any_value ? std::max<int64_t>(p.contribution.value_fen, 0) : 1;
    sum += static_cast<Wide>(*value) * w;
    weight += w;
  }
  if (weight == 0) return std::nullopt;
  // Figures here are not negative.
  return static_cast<int64_t>((2 * sum + weight) / (2 * weight));
}

}  // namespace

Snapshot BuildIndustrySnapshot(const CriteriaSet& criteria, const IndustryFacts& facts,
                               const Moment& moment) {
  Snapshot s;
  Values values(s);
  s.subject_type = SubjectType::kIndustry;
  s.subject_id = facts.industry.id();
  s.period = moment.period;
  s.period_end = moment.as_of;
  s.county_verified = facts.has_verified_project;
  const std::string record = Cat("industry/", facts.industry.id());
  values.Evidence("county_verified", FactSource::kRegistry, record, moment.as_of);
  PutChain(&facts.context, {}, moment.as_of, s, values);
  constexpr char kProjects[] = "project-aggregate";
  values.Number("D1-02", "bp", FactSource::kRegistry,
                WeightedMean(facts.projects, [](const auto& p) { return p.utilisation_bp; }),
                kProjects, moment.as_of);
  values.Number("D1-03", "bp", FactSource::kRegistry,
                WeightedMean(facts.projects, [](const auto& p) { return p.output_ratio_bp; }),
                kProjects, moment.as_of);
  PutShortBoards(facts.short_boards, record, moment.as_of, moment, s, values);
  std::vector<const reg::BrandCertification*> brands;
  for (const reg::BrandCertification& b : facts.context.brands) brands.push_back(&b);
  PutBrands(brands, record, moment.as_of, moment, values);
  PutEntered(facts.entered, facts.limits, moment, s, values);
  PutLeading(&facts.context, moment.as_of, values);
  std::vector<ProjectContribution> contributions;
  contributions.reserve(facts.projects.size());
  for (const IndustryProject& p : facts.projects) contributions.push_back(p.contribution);
  PutDispatch(facts.dispatch, moment, s, values);
  if (facts.measures != nullptr) s.measures = MeasureOptions(*facts.measures, s.facts);
  AggregateIndustry(criteria, contributions, s);
  return s;
}

}  // namespace bangfu::evaluation
