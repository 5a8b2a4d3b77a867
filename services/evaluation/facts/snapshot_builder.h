// From what the services say of a subject to the facts of its evaluation (R024–R028): pure, no
// database, no clock. Each value names the record that it comes from and its day. What is not known
// is missing; nothing missing is ever a zero. Built in facts/project_snapshot.cc and
// facts/industry_snapshot.cc, out of the values of facts/snapshot_values.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bangfu/asset/v1/events.pb.h"
#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/project.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/domain/facts.h"
#include "services/evaluation/domain/industry.h"
#include "services/evaluation/domain/measures.h"
#include "services/evaluation/facts/moment.h"

namespace bangfu::evaluation {

// A county industry (county × industry code) as its projects see it.
struct IndustryContext {
  // The taxonomy knows the industry's code.
  bool known = false;
  bool speciality = false;  // one of the imported specialities (134 项), not a major only
  std::string taxonomy_record;
  std::vector<std::string> applicable_links;
  int32_t cultivation_months = 0;
  // Link -> the record that it stands on.
  std::map<std::string, std::string> present_links;
  // Link -> the records on which it no longer stands, each with the reason.
  std::map<std::string, std::vector<std::string>> lapsed_links;
  // The record by which the county leads with this industry (or with its major); "" = it does not.
  std::string leading_record;
  // Certifications of the industry as a whole.
  std::vector<registry::v1::BrandCertification> brands;
};

// What persons entered here.
struct EnteredFacts {
  std::vector<v1::ExpertScore> scores;
  std::vector<v1::Appraisal> appraisals;
  std::vector<v1::ArgumentRecord> arguments;
};

// How much must be known before it is a fact: parameters of the province (facts/parameters.h).
struct FactLimits {
  int64_t experts = 3;              // of whom the median counts; at least 1
  int64_t report_months_bp = 5000;  // of the expected months, basis points
};

struct ProjectFacts {
  registry::v1::Project project;
  std::optional<asset::v1::ProjectAssetFacts> assets;
  std::vector<registry::v1::OperationReport> reports;
  std::vector<registry::v1::ShortBoard> short_boards;
  std::vector<registry::v1::BrandCertification> brands;
  std::optional<registry::v1::Operator> operator_record;  // of project.operator_id
  EnteredFacts entered;
  const IndustryContext* industry = nullptr;  // nullptr: no industry on record
  const MeasureCatalogue* measures = nullptr;
  FactLimits limits;
};
Snapshot BuildProjectSnapshot(const ProjectFacts& facts, const Moment& moment);

// A project of the industry: what it counts, and its own figures.
struct IndustryProject {
  ProjectContribution contribution;
  std::optional<int64_t> utilisation_bp;   // D1-02
  std::optional<int64_t> output_ratio_bp;  // D1-03
};
struct IndustryFacts {
  registry::v1::Industry industry;
  std::vector<registry::v1::ShortBoard> short_boards;
  EnteredFacts entered;
  IndustryContext context;
  bool has_verified_project = false;
  std::vector<IndustryProject> projects;     // that have been evaluated
  std::vector<v1::DispatchReport> dispatch;  // not too old, newest month first
  const MeasureCatalogue* measures = nullptr;
  FactLimits limits;
};
Snapshot BuildIndustrySnapshot(const CriteriaSet& criteria, const IndustryFacts& facts,
                               const Moment& moment);

// Months of a year in which a figure must have been reported for the year to be estimated from
// them: this share of those expected, and one at least.
int NeededMonths(int expected, int64_t share_bp);

// The domain's stage of a registry state.
Stage StageOf(registry::v1::ProjectState state);

}  // namespace bangfu::evaluation
