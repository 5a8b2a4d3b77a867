// Reads what is known of many subjects at once and builds their snapshots: a fixed number of
// statements, however many subjects.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/domain/facts.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/facts/snapshot_builder.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

// A subject with the facts that its evaluation takes.
struct SubjectFacts {
  SubjectRow subject;
  Snapshot snapshot;
};

// Reference data and industries are kept as read for the life of a loader: one per chunk or call.
class FactLoader {
 public:
  explicit FactLoader(Moment moment) : moment_(std::move(moment)) {}

  // Projects; others are an INTERNAL error. In the order of `subjects`.
  absl::StatusOr<std::vector<SubjectFacts>> LoadProjects(mysql::Executor& db,
                                                         const std::vector<SubjectRow>& subjects);
  // County industries; counts what their projects' newest evaluations say.
  absl::StatusOr<std::vector<SubjectFacts>> LoadIndustries(mysql::Executor& db,
                                                           const CriteriaSet& criteria,
                                                           const std::vector<SubjectRow>& subjects);
  // The chain of a county industry as its projects see it; empty when it is not on record.
  absl::StatusOr<IndustryContext> LoadIndustryContext(mysql::Executor& db, const Ulid& id);

 private:
  struct Taxonomy;
  // Taxonomy, measures and limits.
  absl::Status LoadLists(mysql::Executor& db);
  absl::Status LoadLeading(mysql::Executor& db, const std::string& county);
  // The industries' records, and their contexts into contexts_.
  absl::Status LoadContexts(mysql::Executor& db, const std::vector<Ulid>& industry_ids);
  absl::StatusOr<absl::flat_hash_map<Ulid, EnteredFacts>> LoadEntered(mysql::Executor& db,
                                                                      const std::vector<Ulid>& ids);
  IndustryContext ContextOf(const std::string& county, const std::string& code,
                            const std::string& taxonomy_version) const;

  const Moment moment_;
  std::shared_ptr<const Taxonomy> taxonomy_;
  MeasureCatalogue measures_;
  FactLimits limits_;
  int64_t dispatch_months_ = 0;
  // Leading industries by county, read once per county.
  std::map<std::string, std::vector<registry::v1::LeadingIndustry>> leading_;
  // By industry id ("01…"), or "county/version/code" where no industry is on record.
  std::map<std::string, IndustryContext> contexts_;
  std::map<std::string, registry::v1::Industry> industries_;
};

}  // namespace bangfu::evaluation
