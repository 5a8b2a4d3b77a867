// What persons entered: scores of experts, arguments, appraisals.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/time.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/snapshot_values.h"

namespace bangfu::evaluation {

namespace {

int64_t Median(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  size_t n = values.size();
  if (n % 2 == 1) return values[n / 2];
  return (values[n / 2 - 1] + values[n / 2] + 1) / 2;
}

struct Said {
  absl::CivilDay day;
  const v1::ExpertScore* score = nullptr;
};
// Of each expert the last score up to the day.
std::map<std::string, Said> LastScores(const std::vector<v1::ExpertScore>& scores,
                                       absl::CivilDay as_of) {
  std::map<std::string, Said> last;
  for (const v1::ExpertScore& score : scores) {
    std::optional<absl::CivilDay> on = DayOf(score.scored_on());
    if (!on) on = DayOf(score.scored_at());
    if (!on || *on > as_of) continue;
    Said& said = last[score.expert().subject()];
    if (said.score == nullptr || said.day < *on) said = {*on, &score};
  }
  return last;
}

}  // namespace

// What was said, argued or appraised after the day of the evaluation is no fact of it. (An argument
// that decides an evaluation is a step of its life, not a fact, and may come later.)
void PutEntered(const EnteredFacts& entered, const FactLimits& limits, const Moment& moment,
                Snapshot& s, Values& values) {
  std::vector<int64_t> outlook;
  std::vector<int64_t> resource;
  std::set<std::string> outlook_by;
  std::set<std::string> resource_by;
  std::set<std::string> all;
  std::optional<absl::CivilDay> newest;
  std::map<std::string, int> causes;
  int backward = 0;
  for (const auto& [who, said] : LastScores(entered.scores, moment.as_of)) {
    const v1::ExpertScore& score = *said.score;
    all.insert(who);
    newest = Later(newest, said.day);
    if (score.has_market_outlook()) {
      outlook.push_back(score.market_outlook());
      outlook_by.insert(who);
    }
    if (score.has_resource_basis()) {
      resource.push_back(score.resource_basis());
      resource_by.insert(who);
    }
    if (score.tech_backward()) ++backward;
    if (!score.cause().empty()) ++causes[score.cause()];
  }
  auto record = [](const std::set<std::string>& who) {
    return Records("expert_score", who, "expert_score");
  };
  auto enough = [&](size_t experts) {
    return static_cast<int64_t>(experts) >= std::max<int64_t>(1, limits.experts);
  };
  auto median = [&](const std::vector<int64_t>& list) {
    return enough(list.size()) ? std::optional<int64_t>(Median(list)) : std::nullopt;
  };
  values.Number("D5-01", "point", FactSource::kExpert, median(outlook), record(outlook_by), newest);
  values.Number("D5-03", "point", FactSource::kExpert, median(resource), record(resource_by),
                newest);

  if (enough(all.size())) {
    s.facts.tech_backward = 2 * backward > static_cast<int>(all.size());
    values.Evidence("tech_backward", FactSource::kExpert, record(all), newest);
    int most = 0;
    for (const auto& [cause, count] : causes) {
      if (count <= most) continue;
      s.facts.cause = cause;
      most = count;
    }
    if (most > 0) values.Evidence("cause", FactSource::kExpert, record(all), newest);
  }

  // The newest argument with a conclusion on feasibility, and the newest that names a cause. One
  // that its panel did not carry says nothing, and leaves nothing standing of those before it: they
  // have to be argued anew.
  const v1::ArgumentRecord* refused = nullptr;
  const v1::ArgumentRecord* feasible = nullptr;
  const v1::ArgumentRecord* cause = nullptr;
  auto newer = [](const v1::ArgumentRecord& a, const v1::ArgumentRecord* b) {
    if (b == nullptr) return true;
    return std::make_pair(DayOf(a.argued_on()), a.id()) >
           std::make_pair(DayOf(b->argued_on()), b->id());
  };
  const auto counts = [&](const v1::ArgumentRecord& a) {
    const std::optional<absl::CivilDay> on = DayOf(a.argued_on());
    return on && *on <= moment.as_of;
  };
  for (const v1::ArgumentRecord& a : entered.arguments) {
    if (a.state() == v1::ARGUMENT_STATE_NOT_CARRIED && counts(a) && newer(a, refused)) refused = &a;
  }
  for (const v1::ArgumentRecord& a : entered.arguments) {
    if (!counts(a) || !newer(a, refused)) continue;
    bool concludes = a.conclusion() == v1::ARGUMENT_CONCLUSION_FEASIBLE ||
                     a.conclusion() == v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE;
    if (concludes && newer(a, feasible)) feasible = &a;
    if (!a.cause().empty() && newer(a, cause)) cause = &a;
  }
  if (feasible != nullptr) {
    s.facts.revitalise_feasible = feasible->conclusion() == v1::ARGUMENT_CONCLUSION_FEASIBLE
                                      ? Feasibility::kYes
                                      : Feasibility::kNo;
    values.Evidence("revitalise_feasible", FactSource::kExpert,
                    Cat("argument_record/", feasible->id()), DayOf(feasible->argued_on()));
  }
  if (cause != nullptr) {
    s.facts.cause = cause->cause();
    std::erase_if(s.facts.evidence, [](const FactEvidence& e) { return e.name == "cause"; });
    values.Evidence("cause", FactSource::kExpert, Cat("argument_record/", cause->id()),
                    DayOf(cause->argued_on()));
  }

  // The newest appraisal speaks: a later one may find value where an earlier one found none.
  const v1::Appraisal* appraisal = nullptr;
  for (const v1::Appraisal& a : entered.appraisals) {
    std::optional<absl::CivilDay> on = DayOf(a.appraised_on());
    if (!on || *on > moment.as_of) continue;
    if (appraisal == nullptr ||
        std::make_pair(*on, a.id()) >
            std::make_pair(*DayOf(appraisal->appraised_on()), appraisal->id())) {
      appraisal = &a;
    }
  }
  if (appraisal != nullptr && appraisal->no_revital_value()) {
    absl::CivilDay on = *DayOf(appraisal->appraised_on());
    s.facts.no_revital_value = true;
    s.facts.appraisal_id = appraisal->id();
    // As it was recorded: the limit of that day counts.
    s.facts.appraisal_valid_until = DayOf(appraisal->valid_to()).value_or(AddMonths(on, 12));
    std::string source = Cat("appraisal/", appraisal->id());
    values.Evidence("no_revital_value", FactSource::kExpert, source, on);
    values.Evidence("appraisal_id", FactSource::kExpert, source, on);
  }
}

}  // namespace bangfu::evaluation
